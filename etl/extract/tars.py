"""The tar format: entries from a file or a stream, forwards only, and how a tar has to end.

The library reads a header block; what stands between the blocks is read here. Its own loop keeps every header, takes
a damaged one for the end, follows headers before headers by recursion, and does so differently from one Python to
the next.
"""

from __future__ import annotations

import os
import re
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from etl.extract.streams import PIECE
from etl.extract.trouble import DamageError
from etl.settings import MIB
from etl.trouble import why

BLOCK = 512
_LONGEST_HEADER = MIB
_LONG_NAME, _LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
_PAX = tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE
_PAX_KEYS = b"path", b"size", b"GNU.sparse.name"
_SPARSE_KEYS = b"GNU.sparse.", b"SCHILY.realsize"
_DIGITS = re.compile(rb"[0-9]{1,20}")
_FILES = *tarfile.REGULAR_TYPES, tarfile.GNUTYPE_SPARSE
_FOLDERS = tarfile.DIRTYPE, b"D"
_LABEL = b"V"
_NOT_A_FILE = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    b"M": "the rest of a file of another volume",
}
_WITHOUT_DATA = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE


@dataclass(frozen=True, slots=True)
class TarEntry:
    """An entry as its headers have it."""

    name: str
    offset: int
    """Where its bytes begin."""
    size: int
    flaw: str | None
    """What it is instead of a file that can be read; None for one."""
    sparse: bool
    passed_over: bool
    """Whether it is a folder, or the label of the volume."""


def is_tar(block: bytes) -> bool:
    """Whether a tar begins with these bytes: by its magic, or, older than that, by a header's checksum."""
    if block[257:263] in (b"ustar\0", b"ustar "):
        return True
    if b"\0" not in block:  # a text, which is told so at once
        return False
    with suppress(tarfile.TarError, ValueError):
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        return True
    return False


class Tape:
    """The bytes of a tar, forwards only, and never a header of absurd length."""

    def __init__(self, some: Callable[[int], bytes]) -> None:
        self.position = 0
        self._some = some
        self._header = 0

    def next_header(self) -> None:
        """Let the next header begin; all blocks of one may take so much and no more."""
        self._header = 0

    def read(self, size: int) -> bytes:
        """So many bytes of a header, fewer at the end."""
        self._header += size
        if self._header > _LONGEST_HEADER:
            raise DamageError(f"it has an absurdly long header near byte {self.position}")
        return b"".join(self.data(size))

    def seek(self, target: int) -> None:
        """Pass over bytes."""
        for _ in self.data(target - self.position):
            pass

    def data(self, size: int) -> Iterator[bytes]:
        """So many bytes in pieces, fewer at the end."""
        while size > 0 and (piece := self._some(size)):
            size -= len(piece)
            self.position += len(piece)
            yield piece


class PlainTape(Tape):
    """A tar that is not compressed: what nobody wants is not even read."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(self._read)
        self.length = os.fstat(file.fileno()).st_size
        self._file = file

    def seek(self, target: int) -> None:
        """Pass over bytes."""
        self.position = min(target, self.length)
        self._file.seek(self.position)

    def _read(self, limit: int) -> bytes:
        try:
            return self._file.read(min(limit, PIECE))
        except OSError as error:
            raise DamageError(f"it cannot be read: {why(error)}") from error


def tar_entries(tape: Tape) -> Iterator[TarEntry]:
    """The entries of a tar; DamageError unless it ends as a tar must, and nothing follows.

    Between two entries the bytes of the first may be taken from the tape; what is left of them is passed over.
    """
    of_all: dict[bytes, bytes] = {}
    while block := _header(tape):
        extensions = _Extensions(dict(of_all))
        while extensions.take(tape, block, of_all):
            if (following := _header(tape)) is None:
                raise DamageError(f"it has a header without an entry near byte {tape.position}")
            block = following
        entry, end = _entry(tape, block, extensions)
        yield entry
        tape.seek(end)
        tape.next_header()
    if tape.read(BLOCK) != bytes(BLOCK):
        raise DamageError("it is cut off: it has no end mark")
    if any(piece.strip(b"\0") for piece in tape.data(sys.maxsize)):
        raise DamageError("bytes follow its end")


class _Header(tarfile.TarInfo):
    """A header block, with what the library does not tell of it."""

    block = b""

    @property
    def kind(self) -> bytes:
        """Its type as it is there: the library takes a file for a folder when its name is cut behind a slash."""
        return self.block[156:157]

    @property
    def length(self) -> int:
        """Bytes behind it, filled up to whole blocks."""
        return -(-self.size // BLOCK) * BLOCK

    @property
    def own_name(self) -> str:
        """The name in the block; before POSIX there was no prefix, and GNU keeps times there."""
        prefix = b""
        if self.block[257:263] == b"ustar\0":
            prefix = self.block[345 : 476 if self.block[508:] == b"tar\0" else 500]  # that of star is shorter
        return "/".join(_text(part) for part in (prefix, self.block[:100]) if part.strip(b"\0"))


def _header(tape: Tape) -> _Header | None:
    """The next header block; None for the first block of the end mark."""
    block = tape.read(BLOCK)
    if len(block) < BLOCK:
        raise DamageError("it is cut off: it has no end mark")
    if not block.strip(b"\0"):
        return None
    try:
        header = _Header.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError) as error:
        raise DamageError(f"it has a damaged header near byte {tape.position}: {error}") from error
    header.block = block
    if header.size < 0:
        raise DamageError(f"it has a header with a negative size near byte {tape.position}")
    return header


@dataclass(slots=True)
class _Extensions:
    """What the headers before an entry's own say of it."""

    records: dict[bytes, bytes]
    """Of pax headers, those of all entries to begin with."""
    long_name: str | None = None
    sparse: bool = False

    def take(self, tape: Tape, header: _Header, of_all: dict[bytes, bytes]) -> bool:
        """Whether a header is none of an entry, but says something of those that follow."""
        if header.kind == _LONG_NAME:
            self.long_name = _text(_content(tape, header))
        elif header.kind == tarfile.XGLTYPE:
            for key, value in self._records(tape, header):
                of_all[key] = self.records[key] = value
        elif header.kind in _PAX:
            self.records.update(self._records(tape, header))
        elif header.kind == _LONG_LINK:
            _content(tape, header)
        else:
            return False
        return True

    def _records(self, tape: Tape, header: _Header) -> Iterator[tuple[bytes, bytes]]:
        """Those that matter here; any other key may hold what it likes."""
        for key, value in _pax_records(_content(tape, header), tape):
            self.sparse = self.sparse or key.startswith(_SPARSE_KEYS)
            if key in _PAX_KEYS:
                yield key, value

    def size(self, tape: Tape, header: _Header) -> int:
        """How long the entry is."""
        size = self.records.get(b"size")
        if not size:  # an empty value takes a record back
            return header.size
        if not _DIGITS.fullmatch(size):
            raise DamageError(f"it has a damaged pax header near byte {tape.position}: the size {size[:40]!r}")
        return int(size)

    def name(self, header: _Header) -> str:
        """The name that counts."""
        name = self.records.get(b"GNU.sparse.name") or self.records.get(b"path")
        return name.decode("utf-8", "surrogateescape") if name else self.long_name or header.own_name


def _content(tape: Tape, header: _Header) -> bytes:
    """The bytes of a header that is longer than its block."""
    data = tape.read(header.length)
    if len(data) < header.length:
        raise DamageError("it is cut off within a header")
    return data[: header.size]


def _pax_records(data: bytes, tape: Tape) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values: `<length of the record> <key>=<value>`, and an end of line."""
    at = 0
    while data[at : at + 1] not in (b"", b"\0"):
        digits = _DIGITS.match(data, at)
        end = at + int(digits.group()) if digits else at
        key, equals, value = data[digits.end() + 1 : end - 1].partition(b"=") if digits else (b"", b"", b"")
        if not key or not equals or data[end - 1 : end] != b"\n":
            raise DamageError(f"it has a damaged pax header near byte {tape.position}")
        yield key, value
        at = end


def _entry(tape: Tape, header: _Header, extensions: _Extensions) -> tuple[TarEntry, int]:
    """An entry, and where the next header begins."""
    sparse = extensions.sparse or header.kind == tarfile.GNUTYPE_SPARSE
    if header.kind == tarfile.GNUTYPE_SPARSE:
        _pass_map(tape, header)
    name, size = extensions.name(header), extensions.size(tape, header)
    folder = header.kind in _FOLDERS or (header.kind == tarfile.AREGTYPE and name.endswith("/") and not size)
    flaw = None if header.kind in _FILES else _NOT_A_FILE.get(header.kind, "of an unknown type")
    entry = TarEntry(name, tape.position, size, flaw, sparse, folder or header.kind == _LABEL)
    behind = 0 if header.kind in _WITHOUT_DATA else -(-size // BLOCK) * BLOCK
    return entry, tape.position + behind


def _pass_map(tape: Tape, header: _Header) -> None:
    """Pass over the blocks in which an old GNU header goes on with the map of a sparse file."""
    more = header.block[482]
    while more:
        block = tape.read(BLOCK)
        if len(block) < BLOCK:
            raise DamageError("it is cut off within a header")
        more = block[504]


def _text(raw: bytes) -> str:
    """Bytes of a field up to its NUL.

    >>> _text(b"a.txt" + bytes(9))
    'a.txt'
    """
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
