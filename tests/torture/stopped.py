"""What happens while a run is stopped at its n-th call: a second run, a kill, a source that changes."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.make import folder, name, page, tarred, zipped
from tests.torture.faults import count
from tests.torture.judge import misleading, shown
from tests.torture.plan import ACTIONS, KINDS
from tests.torture.scene import (
    Ended,
    Outcome,
    Scene,
    Trial,
    end_group,
    fork,
    members,
    migrate,
    run,
    said,
    sources,
    wait,
)

OLD, NEW = 3, 4
"""States of the export before and after it changes; every member that differs does so in each of them."""
MOST_OF_A_WAY = 60
"""Moments at which one way of changing a source is tried."""


# --- a second run ---------------------------------------------------------------------------


def second(scene: Scene, nth: int) -> Outcome:
    """A run while another lives is refused with its process id; once that is dead it is not."""
    outcome = Outcome(f"second run/{nth}", "second run while one lives")
    with scene.place() as place:
        pid = stopped(scene, place, "wiki", "write", nth)
        try:
            ended = run(place, migrate(place))
            if ended.status != 3 or f"process {pid}" not in ended.said:
                outcome.losses.append(f"status {ended}, process {pid} is not named: {ended.said}")
        finally:
            end_group(pid)
        outcome.ended = str(ended)
        scene.judge(place, outcome)
    return outcome


# --- a source that changes ------------------------------------------------------------------


def rewritten(place: Path) -> None:
    folder(place / "wiki", members(NEW))


def replaced(place: Path) -> None:
    for member, data in members(NEW).items():
        (place / "fresh").write_bytes(data)
        (place / "fresh").replace(place / "wiki" / member)


def removed(place: Path) -> None:
    for number in (1, 3):
        (place / "wiki" / name(number)).unlink()


def added(place: Path) -> None:
    folder(place / "wiki", {**members(NEW), name(0): page("Well 0", page_id=90), name(9): page("Well 9", page_id=9)})


def reject_mended(place: Path) -> None:
    (place / "wiki" / name(7)).write_bytes(page("Well 7", page_id=7))


def reject_changed(place: Path) -> None:
    (place / "wiki" / name(7)).write_bytes(b'{"titel": \n')


def page_broken(place: Path) -> None:
    (place / "wiki" / name(1)).write_bytes(b'{"title": \n')


def duplicate_changed(place: Path) -> None:
    (place / "wiki" / name(6)).write_bytes(page("Well 6", page_id=6))


def folder_replaced(place: Path) -> None:
    (place / "wiki").rename(place / "before")
    folder(place / "wiki", members(NEW))


def zip_replaced(place: Path) -> None:
    zipped(place / "fresh.zip", members(NEW), "wiki/").replace(place / "wiki.zip")


def zip_rewritten(place: Path) -> None:
    zipped(place / "wiki.zip", members(NEW), "wiki/")


def zip_cut(place: Path) -> None:
    os.truncate(place / "wiki.zip", (place / "wiki.zip").stat().st_size // 2)


def tar_replaced(place: Path) -> None:
    tarred(place / "fresh.tar.zst", members(NEW), "wiki/").replace(place / "wiki.tar.zst")


def tar_rewritten(place: Path) -> None:
    tarred(place / "wiki.tar.zst", members(NEW), "wiki/")


CHANGES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "members rewritten": ("wiki", rewritten),
    "members replaced": ("wiki", replaced),
    "members removed": ("wiki", removed),
    "members added": ("wiki", added),
    "reject mended": ("wiki", reject_mended),
    "reject changed": ("wiki", reject_changed),
    "page broken": ("wiki", page_broken),
    "duplicate changed": ("wiki", duplicate_changed),
    "folder replaced": ("wiki", folder_replaced),
    "zip replaced": ("wiki.zip", zip_replaced),
    "zip rewritten": ("wiki.zip", zip_rewritten),
    "zip cut": ("wiki.zip", zip_cut),
    "tar.zst replaced": ("wiki.tar.zst", tar_replaced),
    "tar.zst rewritten": ("wiki.tar.zst", tar_rewritten),
}


def changed(scene: Scene, way: str, kind: str, nth: int) -> Outcome:
    """A source that changes at the n-th call: the old state, the new state, or status 3, and never some of each."""
    outcome = Outcome(f"source/{way}/{kind}/{nth}", f"source: {way}")
    source, change = CHANGES[way]
    if way not in _AFTERWARDS:
        _AFTERWARDS[way] = _afterwards(scene, source, change)
    with scene.place() as place:
        pid = stopped(scene, place, source, kind, nth)
        change(place)
        os.kill(pid, signal.SIGCONT)
        status = wait(pid)
        if status is None:
            end_group(pid)
        ended = Ended(status, said(place), 0)
        _put_back(place)
        outcome.ended = str(ended)
        now = shown(place / "out")
        scene.judge(place, outcome, _AFTERWARDS[way])
    outcome.losses += misleading(outcome.state, ended.status, ended.said)
    if ended.status not in (0, 1, 3):
        outcome.losses.append(f"ended with status {ended}: {ended.said.strip()}")
    if ended.status == 3 and now != scene.expected.old:
        outcome.losses.append("status 3, but something was published")
    return outcome


_AFTERWARDS: dict[str, str | None] = {}
"""By the way in which a source changes."""


def _afterwards(scene: Scene, source: str, change: Callable[[Path], None]) -> str | None:
    """What a run publishes that begins after the change; None when it cannot."""
    with scene.place() as place:
        change(place)
        return shown(place / "out") if run(place, migrate(place, source)).status in (0, 1) else None


def _put_back(place: Path) -> None:
    shutil.rmtree(place / "wiki")
    sources(place, members(OLD))


def stopped(scene: Scene, place: Path, source: str, kind: str, nth: int) -> int:
    """The process id of a run that has stopped before its n-th call of a kind."""
    plan = {"kind": KINDS.index(kind), "action": ACTIONS["stop"], "first": nth, "last": nth}
    pid = fork(place, migrate(place, source), lambda: scene.bench.arm(**plan))
    status = wait(pid, stopped=True)
    scene.bench.rest()
    if status is not None:
        raise RuntimeError(f"the run ended with status {status} and did not stop: {said(place)}")
    return pid


def trials(scene: Scene, seed: int) -> Iterator[Trial]:
    """A second run at ten moments, the first when there is a process id; each change before a sample of the reads."""
    choice = random.Random(seed)
    counts = {source: count(scene, source, 1) for source in ("wiki", "wiki.zip", "wiki.tar.zst")}
    for nth in range(3, counts["wiki"]["write"], counts["wiki"]["write"] // 10):
        yield Trial(f"second run/{nth}", "second run while one lives", second, (nth,))
    for way, (source, _) in CHANGES.items():
        moments = [(kind, nth) for kind in ("open", "read") for nth in range(1, counts[source][kind] + 1)]
        for kind, nth in sorted(choice.sample(moments, min(MOST_OF_A_WAY, len(moments)))):
            yield Trial(f"source/{way}/{kind}/{nth}", f"source: {way}", changed, (way, kind, nth))
