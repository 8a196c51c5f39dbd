"""Generations under ``out/``: written aside, synced, and published by one rename of a link.

Whoever resolves ``out/current`` once sees one complete generation, old or new, whatever kills the
run (contract, section 4). ``out/released`` is the one that the new site uses: it stays until another
is released, and the next ones keep its addresses. The lock is of the kernel, so a dead owner cannot
keep it.
"""

from __future__ import annotations

import fcntl
import filecmp
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.generation_path import CURRENT
from etl.load.folders import below, file_names
from etl.settings import SettingsError
from etl.trouble import Trouble, why

RELEASED = "released"
REFUSED = "refused"
"""The folder of what a run leaves that publishes nothing."""
DIFFERENCE = "difference.jsonl"
"""What such a run would have changed, in there."""
WORK = ".work"
_NUMBER = re.compile("[1-9][0-9]*")
"""The name of a generation; `007` is what somebody put there."""
STALE = ".stale-"
"""Before the number of a generation that is being removed: a run that dies meanwhile leaves no half of one."""


class OutputError(Trouble):
    """Trouble with ``out/``: not writable, full, or locked by another run; status 3."""


class Generations:
    """The generations of one output folder."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / "generations"
        self.written = [self.folder, *(out / name for name in (CURRENT, RELEASED, REFUSED))]
        """All that is written and not hidden: where ``out/`` lies in a source, none of it is a member."""

    @contextmanager
    def locked(self) -> Iterator[Path]:
        """Hold the output folder alone; yields an empty folder for work, which goes at the end.

        Raises OutputError when another run holds it, naming its process id, or when it cannot be made.
        """
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.out}: no folder can be made there: {why(error)}; name another --out") from error
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
            for left in (*self.out.glob(f"{WORK}*"), *self.folder.glob(f"{STALE}*")):  # by a run that died
                shutil.rmtree(left, ignore_errors=True)
            # Of another name each time: no process that outlived a run can write into the next one's.
            work = Path(tempfile.mkdtemp(prefix=f"{WORK}-", dir=self.out))
            try:
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)

    @contextmanager
    def publishing(self) -> Iterator[Path]:
        """`locked` for a run; an error leaves with a note that says whether a generation was published before it."""
        before = self.current
        try:
            with self.locked() as work:
                yield work
        except BaseException as error:
            now = self.current
            error.add_note(published_before(now if now != before else None))
            raise

    @property
    def current(self) -> Path | None:
        """The generation that is published, resolved once; None when there is none.

        Raises OutputError for a ``current`` that is no link, or whose generation is gone while others are there: no
        run is compared with nothing unless it is the first.
        """
        if self._own_link(CURRENT) and not self._numbers():
            return None
        return self._shown(CURRENT, "`wiki-etl rollback` leads to another one; without the link nothing is compared")

    @property
    def released(self) -> Path | None:
        """The generation in use, resolved once; None when none was released.

        Raises OutputError when it is not there any more: its addresses would be lost without a word; also for a
        ``released`` that is no link.
        """
        return self._shown(RELEASED, "release another generation")

    def _shown(self, name: str, then: str) -> Path | None:
        link = self._own_link(name)
        if link is None:
            return None
        if not link.exists():
            raise OutputError(f"{link} names {link.readlink()}, which is not there; {then}")
        return link.resolve(strict=True)

    def publish(self, made: Path, keep: int) -> tuple[Path, bool]:
        """Publish a complete folder; returns the current generation and whether it is a new one.

        Equal bytes are no new generation. Of the old ones ``keep`` in all stay: those that a roll back
        leads to, then the newest; the released one stays besides.
        """
        current = self.current
        if current is not None and _same(made, current):
            return current, False
        _sync(made)
        self.folder.mkdir(exist_ok=True)
        numbers = self._numbers()
        target = self.folder / str((numbers[-1] if numbers else 0) + 1)
        made.rename(target)
        followed = None if current is None else self._number_of(current)
        self._remember(target, None if followed in numbers[-1:] else followed)
        _sync_one(self.folder)
        self._link(CURRENT, target)
        self._prune(target, keep)
        return target, True

    def release(self, number: int | None = None) -> tuple[Path, bool]:
        """Mark a generation as the one in use, the current one by default; returns it, and whether that is new.

        Takes the lock. Raises OutputError without a current generation, SettingsError for an unknown number.
        """
        self._require()
        with self.locked():
            before = self._own_link(RELEASED)
            old = before.readlink().name if before else None
            target = self.current if number is None else self._generation(number)
            if target is None:
                raise OutputError(f"there is no current generation in {self.out} to release; run `wiki-etl migrate`")
            self._link(RELEASED, target)  # also where it names the same number: it may have led elsewhere
            return target, old != target.name

    def roll_back(self, number: int | None = None) -> tuple[Path, Path]:
        """Point ``current`` at the generation that it showed before, or at a given one; returns old and new.

        The old one may be gone. Nothing is removed: ``number`` may also lead forward again. Takes the lock. Raises
        OutputError when there is no generation to go back to, SettingsError for an unknown number.
        """
        self._require()
        with self.locked():
            link = self._own_link(CURRENT)
            if link is None:
                raise OutputError(f"there is no current generation in {self.out} to roll back; run `wiki-etl migrate`")
            current = Path(os.path.realpath(link))
            target = self._generation(self._previous(link, current) if number is None else number)
            self._link(CURRENT, target)
            return current, target

    def _previous(self, link: Path, current: Path) -> int:
        """What a roll back without a number leads to. Raises OutputError when there is nothing to go back to."""
        number = self._number_of(current)
        if number is None:
            how = "`wiki-etl rollback NUMBER` leads to one"
            raise OutputError(f"{link} names {link.readlink()}, which is no generation: {how}")
        before = self._before(number)
        if before is None:
            raise OutputError(f"generation {number} has no previous one in {self.folder}: nothing to go to")
        return before

    def refuse(self, made: Path) -> Path:
        """Keep the evidence of a run that published nothing in `REFUSED`, replaced each time."""
        refused = self.out / REFUSED
        if refused.exists():
            shutil.rmtree(refused)
        made.rename(refused)
        return refused

    def _own_link(self, name: str) -> Path | None:
        """A link of ours, wherever it leads; None when there is none.

        Raises OutputError for anything else under its name, which no rename of a link could replace.
        """
        link = self.out / name
        if link.is_symlink():
            return link
        if link.exists():
            raise OutputError(
                f"{link} is no link, as in a copy of {self.out} that followed it; remove it and put the link back: "
                f"ln -s {self.folder.name}/<number> {link}"
            )
        return None

    def _require(self) -> None:
        """Raises OutputError for a folder without generations: a mistyped one is not made."""
        if not self.folder.is_dir():
            raise OutputError(f"{self.out} holds no generation; is it the folder that --out of migrate named?")

    def _number_of(self, path: Path) -> int | None:
        """The number of a generation; None of anything else, to which somebody may have led ``current``."""
        is_ours = path.parent == self.folder.resolve() and _NUMBER.fullmatch(path.name)
        return int(path.name) if is_ours else None

    def _numbers(self) -> list[int]:
        if not self.folder.is_dir():
            return []
        return sorted(int(path.name) for path in self.folder.iterdir() if _NUMBER.fullmatch(path.name))

    def _generation(self, number: int) -> Path:
        """A generation by its number. Raises SettingsError when it is not there."""
        numbers = self._numbers()
        if number not in numbers:
            there = ", ".join(map(str, numbers)) or "none"
            raise SettingsError(f"there is no generation {number} in {self.folder}; there: {there}")
        return self.folder / str(number)

    def _remember(self, target: Path, followed: int | None) -> None:
        """Remember what a generation followed, where that is not the one before it: after a roll back, or a crash."""
        note = self._note_of(int(target.name))
        note.unlink(missing_ok=True)  # of one with this number that somebody removed
        if followed is not None:
            note.symlink_to(str(followed))

    def _note_of(self, number: int) -> Path:
        return self.folder / f"{number}.follows"

    def _before(self, number: int) -> int | None:
        """What ``current`` showed before a generation; when that is gone, the one before it."""
        note = self._note_of(number)
        followed = note.readlink().name if note.is_symlink() else ""
        highest = min(int(followed), number - 1) if _NUMBER.fullmatch(followed) else number - 1
        return max((other for other in self._numbers() if other <= highest), default=None)

    def _prune(self, target: Path, keep: int) -> None:
        """Remove all but ``keep`` generations: those that a roll back leads to are kept first, then the newest."""
        line, number = [], int(target.name)
        while number:
            line.append(number)
            number = self._before(number) or 0
        order = line + [number for number in reversed(self._numbers()) if number not in line]
        released = (self.out / RELEASED).readlink().name if (self.out / RELEASED).is_symlink() else None
        for number in order[keep:]:
            if str(number) != released:
                (self.folder / str(number)).rename(self.folder / f"{STALE}{number}")
                self._note_of(number).unlink(missing_ok=True)
        for path in self.folder.glob(f"{STALE}*"):
            shutil.rmtree(path, ignore_errors=True)

    def _link(self, name: str, target: Path) -> None:
        """Replace a link by one rename; it is relative, so that ``out/`` may be moved."""
        fresh = self.out / f".{name}.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path(self.folder.name) / target.name)
        fresh.replace(self.out / name)
        _sync_one(self.out)


def published_before(generation: Path | None) -> str:
    """What an error says of the new generation of its run; None: there is none."""
    return f"generation {generation.name} was published before that" if generation else "nothing was published"


def _same(made: Path, current: Path) -> bool:
    """Whether two folders hold the same files with the same bytes."""
    names = file_names(made)
    if names != file_names(current):
        return False
    match, _, _ = filecmp.cmpfiles(made, current, names, shallow=False)
    return len(match) == len(names)


def _sync(folder: Path) -> None:
    """Everything is on the disk, each folder after what is in it."""
    for path in reversed([folder, *below(folder)]):
        _sync_one(path)


def _sync_one(path: Path) -> None:
    """A file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
