"""A disk that gets full: files that may not grow, and a small file system in memory."""

from __future__ import annotations

import ctypes
import os
import pickle
import resource
import shutil
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.torture.judge import misleading
from tests.torture.scene import Ended, Outcome, Scene, Trial, migrate, run, wait

PAGE = 4096
ROOM = 64 << 20
LARGEST_FILE = 256 << 10
"""More than any file of a run on the small export."""
MOST_FREE, MOST_NAMES = 520 << 10, 130
"""More than a run needs: bytes, and names."""
NEW_MOUNTS, NEW_USERS, PRIVATE = 0x20000, 0x10000000, 1 << 18 | 1 << 14


def trials() -> Iterator[Trial]:
    """Sizes from nothing to more than enough."""
    for size in sorted({*range(0, PAGE, 512), *range(PAGE, LARGEST_FILE, PAGE)}):
        yield Trial(f"largest file/{size}", "largest file (RLIMIT_FSIZE)", limited, (size,))
    for free in range(0, MOST_FREE, PAGE):
        yield Trial(f"full disk/{free}", "full disk (tmpfs)", full, ("full disk", free, None))
    for names in range(MOST_NAMES):
        yield Trial(f"no more names/{names}", "no more names (tmpfs)", full, ("no more names", None, names))


def limited(scene: Scene, size: int) -> Outcome:
    """A run whose files may have so many bytes."""
    outcome = Outcome(f"largest file/{size}", "largest file (RLIMIT_FSIZE)")
    with scene.place() as place:
        ended = run(place, migrate(place), partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size)))
        _judge(scene, place, ended, outcome)
    return outcome


def full(scene: Scene, what: str, free: int | None, names: int | None) -> Outcome:
    """A run in a file system of its own, with so many bytes or names left; in a process that alone sees it."""
    outcome = Outcome(f"{what}/{free if names is None else names}", f"{what} (tmpfs)")
    with scene.place() as place:
        answer = place / "answer"
        pid = os.fork()
        if pid == 0:
            try:
                _in_room(scene, place, outcome, free, names)
            except Exception:  # noqa: BLE001  # told by the process that made the trial
                outcome.losses.append(f"the trial itself failed: {traceback.format_exc()}")
            finally:
                answer.write_bytes(pickle.dumps(outcome))
                os._exit(0)
        wait(pid)
        found: Outcome = pickle.loads(answer.read_bytes())
        return found


def _in_room(scene: Scene, place: Path, outcome: Outcome, free: int | None, names: int | None) -> None:
    room = place / "room"
    room.mkdir()
    try:
        _mount(room)
    except OSError as error:
        outcome.skipped = f"no file system can be mounted: {error.strerror}"
        return
    inside = Path(shutil.copytree(scene.template, room / "place", symlinks=True))
    (inside / "said").write_bytes(b" " * PAGE)  # a terminal does not get full
    fill = room / "fill"
    fill.mkdir()
    if free is not None:
        left = os.statvfs(room).f_bavail * PAGE
        with (fill / "bytes").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, left - free)
    else:
        left = os.statvfs(room).f_favail
        for number in range(left - (names or 0)):
            (fill / str(number)).touch()
    ended = run(inside, migrate(inside))
    shutil.rmtree(fill)
    _judge(scene, inside, ended, outcome)


def _mount(room: Path) -> None:
    """A small file system at a folder, for this process and its children alone."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(function: str, *arguments: object) -> None:
        if getattr(libc, function)(*arguments) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    call("unshare", NEW_MOUNTS if os.geteuid() == 0 else NEW_MOUNTS | NEW_USERS)
    call("mount", b"none", b"/", None, ctypes.c_ulong(PRIVATE), None)
    call("mount", b"tmpfs", os.fsencode(room), b"tmpfs", ctypes.c_ulong(0), f"size={ROOM},nr_inodes=2000".encode())


def _judge(scene: Scene, place: Path, ended: Ended, outcome: Outcome) -> None:
    outcome.ended = str(ended)
    scene.judge(place, outcome)
    outcome.losses += misleading(outcome.state, ended.status, ended.said)
    if ended.status not in (1, 3):
        outcome.losses.append(f"ended with status {ended}: {ended.said.strip()}")
