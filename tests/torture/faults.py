"""Fails the n-th call of a kind, for every n: writes, syncs, renames, reads, allocations; and deaths around each.

The calls are those of libc, replaced by a small library that is preloaded (``faults.c``): they are real calls of the
interpreter, of SQLite, of every extension. A run in a fork of this process begins to count when it is told.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from tests.torture.judge import misleading, shown
from tests.torture.plan import ACTIONS, ALWAYS, KINDS
from tests.torture.scene import Ended, Outcome, Scene, Trial, migrate, run

MOST_OF_THIN, MOST_OF_ARCHIVE = 12, 80
"""Trials of a row with two jobs, and of one that reads an archive."""


@dataclass(frozen=True)
class Fault:
    """One trial: which calls of a kind are struck, and how."""

    kind: str
    action: str
    first: int
    error: str = ""
    onward: bool = False
    source: str = "wiki"
    jobs: int = 1

    @property
    def row(self) -> str:
        what = f"{self.kind} {self.error or self.action}{' onward' * self.onward}"
        return f"{what}{f', {self.jobs} jobs' if self.jobs > 1 else ''}"

    @property
    def name(self) -> str:
        """What ``--only`` takes to repeat it."""
        return f"{self.row}/{self.source}/{self.first}".replace(", ", "/").replace(" ", "-")

    def trial(self) -> Trial:
        return Trial(self.name, self.row, tried, (self,))

    def plan(self) -> dict[str, int]:
        return {
            "kind": KINDS.index(self.kind),
            "action": ACTIONS[self.action],
            "error": getattr(errno, self.error) if self.error else 0,
            "first": self.first,
            "last": ALWAYS if self.onward else self.first,
        }


def count(scene: Scene, source: str, jobs: int) -> dict[str, int]:
    """The calls of a run that nobody disturbs, by kind."""
    with scene.place() as place:
        run(place, migrate(place, source, jobs), lambda: scene.bench.arm(kind=-1))
        return dict(zip(KINDS, scene.bench.rest().seen, strict=True))


def tried(scene: Scene, fault: Fault) -> Outcome:
    """A run with a fault, judged."""
    outcome = Outcome(fault.name, fault.row)
    with scene.place() as place:
        ended = run(place, migrate(place, fault.source, fault.jobs), lambda: scene.bench.arm(**fault.plan()))
        outcome.ended = str(ended) if scene.bench.rest().struck else NOT_STRUCK
        scene.judge(place, outcome, _with_a_reject(place / "out", fault))
    if (fault.kind, NO_MODULE in ended.said) == ("stat", True):
        return outcome  # the interpreter does not find its own files
    outcome.losses += misleading(outcome.state, ended.status, ended.said)
    outcome.losses += _unexpected(fault, ended, struck=outcome.ended != NOT_STRUCK)
    return outcome


def _with_a_reject(out: Path, fault: Fault) -> str | None:
    """The digest of what is current, where it says that a member could not be read: a file may be damaged."""
    if fault.error == "EIO" and b'"member.unreadable"' in (out / "current" / "rejects.jsonl").read_bytes():
        return shown(out)
    return None


def _unexpected(fault: Fault, ended: Ended, *, struck: bool) -> list[str]:
    right: tuple[int, ...] = (0, 1, 3)
    if not struck or fault.action == "short" or fault.error == "EINTR":
        right = (1,)
    elif fault.action.startswith("die"):
        right = (-9,) if fault.jobs == 1 else (-9, 1)
    elif fault.kind == "allocate":
        right = (1, 3, -6, -11)  # libraries end the process where the interpreter would raise an exception
    elif "settings.toml: " in ended.said:  # an error of theirs; the summary names them, too
        right = (2,)
    return [] if ended.status in right else [f"ended with status {ended}, not {' or '.join(map(str, right))}"]


NOT_STRUCK, NO_MODULE = "not struck", "ModuleNotFoundError"
FAILURES = {
    "write": "EIO ENOSPC EINTR",
    "truncate": "EIO",
    "say": "EIO ENOSPC",
    "sync": "EIO EDQUOT EINTR",
    "rename": "EIO ENOSPC EDQUOT EACCES",
    "symlink": "EIO ENOSPC EDQUOT",
    "unlink": "EIO EACCES",
    "mkdir": "EIO ENOSPC EDQUOT",
    "rmdir": "EIO EACCES",
    "open": "EIO EMFILE EINTR",
    "read": "EIO EINTR",
    "close": "EIO",
    "stat": "EIO",
    "list": "EIO",
    "allocate": "ENOMEM",
}
ONWARD = {"write": "ENOSPC EIO", "say": "EIO", "sync": "EIO", "open": "EMFILE", "read": "EIO"}
"""Failures that do not pass: a full disk stays full."""
DEATHS = ("die before", "die after")
ACTIONS_OF = {
    "write": ("short", *DEATHS),
    "read": ("short",),
    "open": ("die before",),
    **dict.fromkeys(("sync", "rename", "symlink", "unlink", "mkdir", "rmdir"), DEATHS),
}
SAMPLED = {"stat": 150, "list": 150}
"""Kinds of which so many calls are tried, and not every one: a run makes hundreds to look at the same files."""
THIN = ("write EIO", "write ENOSPC onward", "write die before", "sync EIO", "rename EIO", "rename die after")
"""Rows that are tried with two jobs, too: a sample, for starting workers takes time."""


def trials(scene: Scene, seed: int) -> Iterator[Trial]:
    """Every call of a run on a folder, but for `SAMPLED`; samples for archives and for two jobs; a clock that jumps."""
    choice = random.Random(seed)

    def some(every: Iterable[Fault], most: int) -> Iterator[Trial]:
        faults = list(every)
        yield from (fault.trial() for fault in choice.sample(faults, min(most, len(faults))))

    for fault, faults in groupby(_serial(count(scene, "wiki", 1)), key=lambda fault: replace(fault, first=0)):
        yield from some(faults, SAMPLED.get(fault.kind, ALWAYS))
    for source in ("wiki.zip", "wiki.tar.zst"):
        every = range(1, count(scene, source, 1)["read"] + 1)
        yield from some((Fault("read", "fail", n, "EIO", source=source) for n in every), MOST_OF_ARCHIVE)
        yield from some((Fault("read", "short", n, source=source) for n in every), MOST_OF_ARCHIVE)
    for fault, faults in groupby(_serial(count(scene, "wiki", 2)), key=lambda fault: replace(fault, first=0)):
        if fault.row in THIN:
            yield from some((replace(fault, jobs=2) for fault in faults), MOST_OF_THIN)
    yield from (Trial(f"clock/{days}", "clock jumps", jumped, (days,)) for days in (1, 7, 60, 366, 3660, 9999))


def _serial(counts: dict[str, int]) -> Iterator[Fault]:
    """Every fault of a run with one job, row by row."""
    for kind, errors in FAILURES.items():
        every = range(1, counts[kind] + 1)
        for error in errors.split():
            yield from (Fault(kind, "fail", n, error) for n in every)
        for error in ONWARD.get(kind, "").split():
            yield from (Fault(kind, "fail", n, error, onward=True) for n in every)
        for action in ACTIONS_OF.get(kind, ()):
            yield from (Fault(kind, action, n) for n in every)


def jumped(scene: Scene, days: int) -> Outcome:
    """A run under a clock that is wrong by up to so many days, at every look by others."""
    outcome = Outcome(f"clock/{days}", "clock jumps")
    with scene.place() as place:
        ended = run(place, migrate(place), lambda: scene.bench.arm(kind=-1, days=days))
        scene.bench.rest()
        outcome.ended = str(ended)
        scene.judge(place, outcome)
    if (ended.status, outcome.state) != (1, "new"):
        outcome.losses.append(f"status {ended} and the {outcome.state} generation: {ended.said}")
    return outcome
