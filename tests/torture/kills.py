"""Runs that get a signal at a random moment: the process alone, its whole group, or one worker."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.make import ROOT
from tests.torture.judge import misleading
from tests.torture.plan import LIBRARY, PLAN
from tests.torture.scene import LONGEST, Ended, Outcome, Scene, Trial, migrate

SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGSEGV", "SIGABRT")
POLITE = ("SIGTERM", "SIGINT", "SIGHUP")
"""Which end a run with a word."""
TARGETS = ("parent", "group", "worker")
MARKER = "TORTURE_RUN"
INTERRUPTED = 130
UNBORN = "Fatal Python error: init_"
PATIENCE = 2.0
"""Seconds in which an interrupted run has ended."""
LINGER = 5.0
"""Seconds after which no process of a dead run is left."""


@dataclass(frozen=True)
class Kill:
    """One trial."""

    number: int
    signal: str
    target: str
    jobs: int
    moment: float
    """Seconds after the start."""

    @property
    def row(self) -> str:
        return f"{self.signal} to the {self.target}, {self.jobs} job{'s'[: self.jobs > 1]}"

    def trial(self) -> Trial:
        return Trial(f"kill/{self.number}", self.row, killed, (self,), large=True)


def trials(scene: Scene, number: int, seed: int, at_a_time: int) -> Iterator[Trial]:
    """So many kills: every signal to every target in turn, at moments spread over the time of a run."""
    choice = random.Random(seed)
    seconds = {jobs: duration(scene, jobs, at_a_time) for jobs in (1, 2)}
    ways = [(name, target, 2) for target in TARGETS for name in SIGNALS]
    ways += [(name, "parent", 1) for name in SIGNALS]
    choice.shuffle(ways)  # a few kills are of all kinds, too
    for index in range(number):
        name, target, jobs = ways[index % len(ways)]
        yield Kill(index, name, target, jobs, choice.random() * seconds[jobs]).trial()


def killed(scene: Scene, kill: Kill) -> Outcome:
    """A run that gets a signal, judged; every other one while its workers may still live."""
    outcome = Outcome(f"kill/{kill.number}", kill.row)
    with scene.place() as place:
        marker = str(place)
        process = started(place, kill.jobs, marker)
        try:
            time.sleep(kill.moment)
            hit = _strike(process, kill, marker)
            at = time.monotonic()
            ended = _end(process, place, marker, at)
            if kill.number % 2:
                outcome.losses += _survivors(marker)
            scene.judge(place, outcome)
            outcome.losses += _survivors(marker)
        finally:
            for pid in alive(marker):
                os.kill(pid, signal.SIGKILL)
    outcome.ended = str(ended) if hit else "not struck"
    if UNBORN in ended.said:
        return outcome  # what the interpreter says that is interrupted while it starts is not the command's
    outcome.losses += misleading(outcome.state, ended.status, ended.said)
    outcome.losses += _unexpected(kill, ended, hit=hit)
    return outcome


def started(place: Path, jobs: int, marker: str) -> subprocess.Popen[bytes]:
    """A run in a process and a session of its own; its environment and that of its workers holds the marker."""
    environment = {name: value for name, value in os.environ.items() if name not in (LIBRARY, PLAN)}
    with (place / "said").open("wb") as terminal:
        return subprocess.Popen(
            [sys.executable, "-m", "etl", *migrate(place, jobs=jobs)],
            env={**environment, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1", MARKER: marker},
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )


def duration(scene: Scene, jobs: int, at_a_time: int) -> float:
    """Seconds that a run takes here while others run."""
    with ExitStack() as stack:
        places = [stack.enter_context(scene.place()) for _ in range(at_a_time)]
        begun = time.monotonic()
        for process in [started(place, jobs, "") for place in places]:
            process.wait(LONGEST)
        return time.monotonic() - begun


def alive(marker: str) -> dict[int, str]:
    """The processes of a run that have not ended: process id and command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARKER}={marker}\0".encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it ended meanwhile, or it is not ours
    return found


def workers(marker: str) -> list[int]:
    """The workers of a run: what its fork server has forked."""
    servers = {pid for pid, line in alive(marker).items() if "forkserver" in line}
    return sorted(pid for pid in servers if _parent(pid) in servers)


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _strike(process: subprocess.Popen[bytes], kill: Kill, marker: str) -> bool:
    """Send the signal; False when the run has ended before. A worker is waited for."""
    number = signal.Signals[kill.signal]
    while process.poll() is None:
        if kill.target == "parent":
            process.send_signal(number)
            return True
        if kill.target == "group":
            os.killpg(process.pid, number)
            return True
        if found := workers(marker):
            os.kill(found[kill.number % len(found)], number)
            return True
    return False


def _end(process: subprocess.Popen[bytes], place: Path, marker: str, at: float) -> Ended:
    try:
        status: int | None = process.wait(LONGEST)
    except subprocess.TimeoutExpired:
        status = None
        for pid in (process.pid, *workers(marker)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGABRT)  # each says where it is (PYTHONFAULTHANDLER)
        process.wait()
    return Ended(status, (place / "said").read_text("utf-8", "replace"), time.monotonic() - at)


def _survivors(marker: str) -> list[str]:
    deadline = time.monotonic() + LINGER
    while (left := alive(marker)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return [f"process {pid} is alive {LINGER:.0f} seconds after the run: {line}" for pid, line in left.items()]


def _unexpected(kill: Kill, ended: Ended, *, hit: bool) -> list[str]:
    number = int(signal.Signals[kill.signal])
    right: tuple[int, ...] = (1, -number)
    if not hit:
        right = (1,)
    elif kill.target == "worker":
        right = (1, 4, INTERRUPTED) if kill.signal in POLITE else (1, 4)
    elif kill.signal in POLITE:
        right = (1, INTERRUPTED, -number, -signal.SIGINT)  # minus a signal: before the command had begun
    found = [] if ended.status in right else [f"ended with status {ended}: {ended.said.strip()}"]
    if hit and kill.signal in POLITE and kill.target != "worker" and ended.seconds > PATIENCE:
        found.append(f"ended {ended.seconds:.1f} seconds after {kill.signal}")
    return found
