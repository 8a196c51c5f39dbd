"""Trouble with a source, such as a file that is not the one that was scanned: members are read long after that."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from etl.plain import printable
from etl.trouble import Trouble, why


class SourceError(Trouble):
    """Trouble with the input: a container that is missing, unreadable or over a limit of the whole run; status 3.

    Its text is a sentence for people that names the container.
    """


class DamageError(Exception):
    """A container cannot be read to its end; the text goes on from the container's name."""


class Seen(NamedTuple):
    """A file when it was seen first; another file in its place, or other bytes in it, would be another value."""

    path: Path
    shown: str
    device: int
    inode: int
    size: int
    mtime_ns: int


def look(path: Path, shown: str) -> Seen:
    """The file as it is now; SourceError when there is none."""
    try:
        status = path.stat()
    except OSError as error:
        raise SourceError(f"{printable(shown)}: cannot be opened: {why(error)}") from error
    return Seen(path, shown, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def changed(shown: str, how: str = "") -> SourceError:
    """What is said of a file that is not the one that was scanned."""
    return SourceError(f"{printable(shown)}: was changed while it was read{how}; run again when nobody writes to it")


def check_unchanged(files: Iterable[Seen | None]) -> None:
    """SourceError for the first file that was changed, or replaced, since it was seen."""
    for file in files:
        if file is not None and look(file.path, file.shown) != file:
            raise changed(file.shown)
