"""Where a command writes what may be large, and what is said when there is no room left."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from etl.trouble import DISK_FULL

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def room_in(folder: Path, advice: str = "") -> Iterator[None]:
    """An error for want of room leaves with a note that names the folder, and what room it has at that moment."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            _note(error, folder, advice)
        elif str(error).startswith(DISK_FULL):
            _note(error, folder, advice)
            _note(error, _sorting_folder(), " (for sorting: set SQLITE_TMPDIR to another folder)", but_of=folder)
        raise


def room_for_temporary_files(place: str | None = None) -> AbstractContextManager[None]:
    """`room_in` the folder of temporary files, or in a ``place`` like that."""
    return room_in(Path(place or tempfile.gettempdir()), " (temporary files: set TMPDIR to another folder)")


def scarcity(folder: Path, needed: int) -> str | None:
    """A sentence for a folder that has less room than is needed at the least; None where it has enough."""
    free = shutil.disk_usage(_there(folder)).free
    if free >= needed:
        return None
    return f"{folder} has {_amount(free)} free, and what will be written there is more than {_amount(needed)}"


@contextmanager
def temporary_folder(place: str | None = None) -> Iterator[Path]:
    """A folder that goes at the end, where temporary files are or in a ``place`` like that."""
    with tempfile.TemporaryDirectory(prefix="wiki-etl-", dir=place) as name, room_for_temporary_files(place):
        yield Path(name)


def _note(error: Exception, folder: Path, advice: str, *, but_of: Path | None = None) -> None:
    """A note about the room in a folder; the first one stays, for it was taken nearest to the trouble.

    ``but_of``: no note where the folder is on the same disk as this one.
    """
    begin = f"{folder} has "
    if any(note.startswith(begin) for note in getattr(error, "__notes__", ())):
        return
    with suppress(OSError):
        there = _there(folder)
        if but_of is None or there.stat().st_dev != _there(but_of).stat().st_dev:
            error.add_note(f"{begin}{_amount(shutil.disk_usage(there).free)} free{advice}")


def _there(folder: Path) -> Path:
    """A folder, or the nearest one above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())


def _amount(size: float) -> str:
    """A number of bytes as people read it.

    >>> _amount(0), _amount(1023), _amount(1024), _amount(5_600_000), _amount(1 << 30), _amount(3 << 40)
    ('0 bytes', '1023 bytes', '1.0 KiB', '5.3 MiB', '1.0 GiB', '3072.0 GiB')
    """
    if size < 1024:
        return f"{size} bytes"
    units = ["KiB", "MiB", "GiB"]
    while (size := size / 1024) >= 1024 and len(units) > 1:
        units.pop(0)
    return f"{size:.1f} {units[0]}"


def _sorting_folder() -> Path:
    """Where SQLite puts what it sorts: its own list of folders, not that of `tempfile`."""
    own = ("/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108  # they are only looked at
    named = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), *own)
    return next((Path(name) for name in named if name and os.access(name, os.W_OK | os.X_OK)), Path())
