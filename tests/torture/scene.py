"""The stage of every trial: a small export, an output folder with two generations, and runs of the tool over them."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.make import abstract, folder, name, page, pages, tarred, zipped
from tests.torture.judge import Expected, faults, judged, leftovers, shown
from tests.torture.plan import Bench

LONGEST = 60.0
"""Seconds after which a run counts as one that does not end."""
SETTINGS = """
site = "https://new.example"
servers = ["nginx"]
keep_generations = 2
max_rejects = "100%"
max_shrink = "100%"
"""
REJECT = b'{"title": \n'


@dataclass
class Outcome:
    """What came of a trial."""

    name: str
    row: str
    """Its row of the table."""
    state: str = "neither"
    """What ``current`` showed after the disturbed run."""
    ended: str = ""
    """How that run ended."""
    losses: list[str] = field(default_factory=list)
    skipped: str = ""
    """Why it could not be tried."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: an exit status, minus the signal that killed it, or None when it had to be killed."""

    status: int | None
    said: str
    seconds: float

    def __str__(self) -> str:
        return "never" if self.status is None else str(self.status)


@dataclass(frozen=True)
class Trial:
    """One disturbed run: its name, which ``--only`` takes, its row of the table, and who makes it."""

    name: str
    row: str
    function: Callable[..., Outcome]
    """Called with a scene and the arguments."""
    arguments: tuple[Any, ...]
    large: bool = False
    """Whether it wants the scene with many members."""


def members(state: int, more: int = 0) -> dict[str, bytes]:
    """The export in one of its states: two kinds, a page that redirects, a duplicate, a reject; and so many more."""
    changing = {
        name(number): page(f"Well {number}", page_id=number, body=f"Water of state {state}, see [one](/Well+1).")
        for number in range(1, 4)
    }
    return {
        **changing,
        name(4): page("Old well", page_id=4, body='{redirect page="Well 1"}'),
        name(5): abstract(),
        name(6): changing[name(2)],
        name(7): REJECT,
        **{f"1{key}": data for key, data in pages(more, tiki_page_id=0).items()},
    }


def sources(path: Path, export: dict[str, bytes]) -> None:
    """An export as a folder and as archives."""
    folder(path / "wiki", export)
    zipped(path / "wiki.zip", export, "wiki/")
    tarred(path / "wiki.tar.zst", export, "wiki/")


class Scene:
    """A folder from which every trial gets a copy of its own: settings, sources, two generations in ``out``."""

    bench: Bench
    """Set in each process that makes trials with calls that fail."""

    def __init__(self, path: Path, more: int = 0) -> None:
        self.template = path / "template"
        self.path, self.more = path, more
        self.template.mkdir(parents=True)
        (self.template / "settings.toml").write_text(SETTINGS)
        digests = []
        for state in (1, 2, 3):
            shutil.rmtree(self.template / "wiki", ignore_errors=True)
            sources(self.template, members(state, more))
            place = self.template if state < 3 else self.copy("reference")
            ended = run(place, migrate(place))
            found = faults(place / "out" / "current")
            if ended.status != 1 or found:
                raise RuntimeError(f"a run that nobody disturbs fails: {ended}: {found}")
            digests.append(shown(place / "out"))
        self.expected = Expected(digests[1], digests[2])
        proved = run(place, ["validate", str(place / "out" / "current")])
        if proved.status != 0:
            raise RuntimeError(f"validate ends with status {proved} where nobody disturbed anything: {proved.said}")

    def copy(self, name: str) -> Path:
        """A fresh copy of everything."""
        return Path(shutil.copytree(self.template, self.path / name, symlinks=True))

    @contextmanager
    def place(self) -> Iterator[Path]:
        """A copy for the time of a block."""
        with tempfile.TemporaryDirectory(dir=self.path, prefix="trial-") as path:
            yield Path(shutil.copytree(self.template, Path(path) / "place", symlinks=True))

    def judge(self, place: Path, outcome: Outcome, other: str | None = None) -> None:
        """What the disturbed run left, what the next one makes of it, and what stays then.

        The new generation has the very bytes of one that `validate` has proven, so it is not asked again.
        ``other``: the digest of another generation that the disturbed run may have published.
        """
        expected = self.expected
        if other is not None and shown(place / "out") == other:
            expected = Expected(expected.old, other)
        outcome.state, losses = judged(place / "out", expected)
        ended = run(place, migrate(place))
        before = expected.new if expected != self.expected else expected.old
        state, more = judged(place / "out", Expected(before, self.expected.new))
        if ended.status != 1 or state != "new":
            more.append(f"the next run ends with status {ended} and the {state} generation: {ended.said.strip()}")
        outcome.losses += losses + [f"after the next run: {loss}" for loss in more + leftovers(place / "out")]


def migrate(place: Path, source: str = "wiki", jobs: int = 1) -> list[str]:
    """The command that is disturbed."""
    flags = ["--config", str(place / "settings.toml"), "--out", str(place / "out"), "--jobs", str(jobs), "--tables"]
    return ["migrate", str(place / source), *flags]


# --- runs in a copy of this process, which has imported everything -------------------------


def run(place: Path, arguments: Sequence[str], before: Callable[[], object] = lambda: None) -> Ended:
    """A command in a fork of this process, to its end; ``before`` is called in it first."""
    started = time.monotonic()
    pid = fork(place, arguments, before)
    status = wait(pid)
    if status is None:
        end_group(pid)
    return Ended(status, said(place), time.monotonic() - started)


def said(place: Path) -> str:
    """What the last run wrote to its terminal."""
    return (place / "said").read_text("utf-8", "replace")


def fork(place: Path, arguments: Sequence[str], before: Callable[[], object] = lambda: None) -> int:
    """The process id of a fork that runs a command as the leader of a session of its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 99
    try:
        os.setsid()
        terminal = os.open(place / "said", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(terminal, 1)
        os.dup2(terminal, 2)
        os.closerange(3, 256)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
        status = _command(arguments, before)
    finally:
        os._exit(status)


def _command(arguments: Sequence[str], before: Callable[[], object]) -> int:
    from etl.cli import main

    sys.modules["__main__"] = ModuleType("__main__")  # workers would load that of the harness
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    try:
        before()
        status = main(list(arguments))
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001  # whatever gets out of the command is what this is looking for
        traceback.print_exc()
        return 99
    return status


def wait(pid: int, seconds: float = LONGEST, *, stopped: bool = False) -> int | None:
    """The exit status of a child, or minus its signal; None when it has not ended by then (or has ``stopped``)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG | (os.WUNTRACED if stopped else 0))
        if done:
            return None if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return None


def end_group(leader: int) -> None:
    """Kill a session of ours that did not end by itself, and reap its leader."""
    os.killpg(leader, signal.SIGKILL)
    os.waitpid(leader, 0)
