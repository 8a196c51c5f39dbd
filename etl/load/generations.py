"""Generations under ``out/``: written aside, synced, and published by one rename of a link.

Whoever resolves ``out/current`` once sees one complete generation, old or new, whatever kills the
run (contract, section 4). The lock is of the kernel, so a dead owner cannot keep it.
"""

from __future__ import annotations

import fcntl
import filecmp
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CURRENT = "current"
WORK = ".work"


class OutputError(Exception):
    """Trouble with ``out/``: not writable, full, or locked by another run; status 3."""


class Generations:
    """The generations of one output folder."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / "generations"

    @contextmanager
    def locked(self) -> Iterator[Path]:
        """Hold the output folder alone; yields an empty folder for work, which goes at the end.

        Raises OutputError when another run holds it, naming its process id.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / ".lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.seek(0)
                owner = lock.read().strip() or "unknown"
                raise OutputError(
                    f"{self.out} is in use by another run (process {owner}); wait for it to end"
                ) from error
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            work = self.out / WORK
            shutil.rmtree(work, ignore_errors=True)  # what a run that died has left
            work.mkdir()
            try:
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)

    @property
    def current(self) -> Path | None:
        """The generation that is published, resolved once; None when there is none."""
        link = self.out / CURRENT
        return link.resolve() if link.is_symlink() and link.exists() else None

    def publish(self, made: Path, keep: int) -> tuple[Path, bool]:
        """Publish a complete folder; returns the current generation and whether it is a new one.

        Equal bytes are no new generation. Of the old ones, the newest stay, ``keep`` in all.
        """
        current = self.current
        if current is not None and _same(made, current):
            return current, False
        _sync(made)
        self.folder.mkdir(exist_ok=True)
        numbers = self._numbers()
        target = self.folder / str((numbers[-1] if numbers else 0) + 1)
        made.rename(target)
        _sync_folder(self.folder)
        self._point(target)
        for number in [*numbers, int(target.name)][:-keep]:
            shutil.rmtree(self.folder / str(number), ignore_errors=True)
        return target, True

    def refuse(self, made: Path) -> Path:
        """Keep the evidence of a run that published nothing in ``out/refused``, replaced each time."""
        refused = self.out / "refused"
        if refused.exists():
            shutil.rmtree(refused)
        made.rename(refused)
        return refused

    def _numbers(self) -> list[int]:
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdigit())

    def _point(self, target: Path) -> None:
        """Replace the link by one rename; it is relative, so that ``out/`` may be moved."""
        fresh = self.out / ".current.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path(self.folder.name) / target.name)
        fresh.replace(self.out / CURRENT)
        _sync_folder(self.out)


def _same(made: Path, current: Path) -> bool:
    """Whether two folders hold the same files with the same bytes."""
    names = _files(made)
    if names != _files(current):
        return False
    match, _, _ = filecmp.cmpfiles(made, current, names, shallow=False)
    return len(match) == len(names)


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _sync(folder: Path) -> None:
    """Every file, then every folder, is on the disk."""
    folders = [folder]
    for path in folder.rglob("*"):
        if path.is_dir():
            folders.append(path)
            continue
        with path.open("rb") as file:
            os.fsync(file.fileno())
    for path in reversed(folders):
        _sync_folder(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
