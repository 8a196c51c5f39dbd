"""The bytes of one member: where they are, how they are read, and why they cannot be had."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from etl.extract import handles
from etl.extract.trouble import DamageError, SourceError, changed
from etl.extract.zips import unzipped
from etl.model import Rejection
from etl.plain import printable
from etl.settings import Settings
from etl.trouble import why

_FILES_OPEN = 16


class Locator(NamedTuple):
    """Where a member's bytes are; only text and whole numbers, so that it can be pickled or stored as columns."""

    container: str
    """Path of the file that the bytes are read from: a member file, a zip, a tar, or a spool file."""
    kind: str
    """`file`, `zip`, or `span` (plain bytes at an offset)."""
    offset: int
    """Where the bytes begin; in a zip that is behind the local header."""
    stored: int
    """Bytes in the container."""
    size: int
    """Bytes of the member, as announced."""
    method: int
    """Compression method of the zip format, else 0."""
    crc: int
    """CRC-32 of the member, -1 where the container has none."""


# --- why there are none --------------------------------------------------------------------

_OF_THE_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ESTALE, errno.ETIMEDOUT})
"""Errors that say nothing of a file: no member is to be left out for want of memory or handles."""
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""Errors of a file that was there a moment ago: a member that vanishes is no reject, for the source never lacked it."""


def unopened(path: str, error: OSError, done: str = "opened") -> Rejection:
    """A member whose file fails. Raises SourceError when it is the machine that fails, or when the file is gone."""
    name = PurePosixPath(path).name
    if error.errno in _OF_THE_MACHINE:
        raise SourceError(f"{printable(name)}: cannot be {done}: {why(error)}") from error
    if error.errno in _GONE:
        raise changed(name, f": {why(error)}") from error
    return unreadable(f"the file cannot be {done}: {why(error)}")


def too_large(size: int, limit: int) -> Rejection:
    """A member of more bytes than the settings allow."""
    return unreadable(f"{size} bytes are over the limit of {limit} (max_member_bytes)")


def unreadable(reason: str) -> Rejection:
    """A member that cannot be had, and why."""
    return Rejection("member.unreadable", reason, "the member was left out")


# --- reading -------------------------------------------------------------------------------


class Reader:
    """Reads members by their locators; one for each process, which keeps a few containers open until `close`."""

    def __init__(self, settings: Settings) -> None:
        self._limit = settings.max_member_bytes
        self._open: dict[str, int] = {}

    def read(self, locator: Locator) -> bytes | Rejection:
        """A member's bytes, or why they cannot be had: damaged, over a limit, or a file that cannot be read.

        Raises SourceError for what is no fault of the member: the source is not as it was scanned, or cannot be read.
        """
        if locator.kind == "file":
            return self._file(locator.container)
        data = self._span(locator)
        if locator.kind == "span":
            return data
        try:
            return unzipped(data, locator.method, locator.size, locator.crc)
        except DamageError as damage:
            return unreadable(str(damage))

    def close(self) -> None:
        """Close all containers; the reader can still be used."""
        while self._open:
            os.close(self._open.popitem()[1])

    def _file(self, path: str) -> bytes | Rejection:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError as error:
            return unopened(path, error)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise changed(Path(path).name, ": it is no file any more")
            data = handles.read(handle, self._limit + 1, status.st_size)
        except OSError as error:
            return unopened(path, error, "read")
        finally:
            os.close(handle)
        if len(data) > self._limit:
            return unreadable(f"the file is over the limit of {self._limit} bytes (max_member_bytes)")
        return data

    def _span(self, locator: Locator) -> bytes:
        name = Path(locator.container).name
        try:
            data = handles.read_at(self._handle(locator.container), locator.stored, locator.offset)
        except OSError as error:
            raise SourceError(f"{printable(name)}: cannot be read: {why(error)}") from error
        if len(data) < locator.stored:
            raise changed(name)
        return data

    def _handle(self, path: str) -> int:
        handle = self._open.pop(path, None)
        if handle is None:
            if len(self._open) >= _FILES_OPEN:
                os.close(self._open.pop(next(iter(self._open))))  # the one that was not used for longest
            handle = os.open(path, os.O_RDONLY)
        self._open[path] = handle
        return handle
