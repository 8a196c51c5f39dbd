"""The zip format: the central directory, where the bytes of an entry are, and how they are unpacked."""

from __future__ import annotations

import bz2
import lzma
import os
import re
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from etl.extract import handles
from etl.extract.names import special
from etl.extract.trouble import DamageError
from etl.settings import MIB
from etl.trouble import why

LOCAL_BYTES = 30
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_MARK = re.compile(rb"PK\x05\x06")
_END64 = struct.Struct("<4sQ2H2I4Q")
_END64_LOCATOR = struct.Struct("<4sIQI")
_ZIP64_EXTRA, _UNICODE_PATH_EXTRA = 0x0001, 0x7075
_UTF8_FLAG, _ENCRYPTED_FLAGS = 0x800, 0x2041  # the entry, strongly, the directory as well
_DOS_FOLDER = 0x10
_UNIX_SYSTEMS = 3, 19
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_MASKS = _FULL16, _FULL16, _FULL16, _FULL16, _FULL32, _FULL32
"""Of the numbers in an end record: disk, first disk, entries here, entries, size and start of the directory."""


@dataclass(frozen=True, slots=True)
class ZipDirectory:
    """Where the central directory is, and how many entries it announces."""

    start: int
    size: int
    count: int
    count_bits: int
    trailing: bool
    """Whether more, or less, than its comment follows the end record."""


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """An entry as the central directory has it."""

    raw_name: bytes
    name: str
    flaw: str | None
    """What it is instead of a file that can be read; None for one."""
    folder: bool
    method: int
    crc: int
    stored: int
    size: int
    offset: int


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    """Bytes of a file, fewer at its end."""
    try:
        return handles.read_at(file.fileno(), size, offset)
    except OSError as error:
        raise DamageError(f"it cannot be read: {why(error)}") from error


def _exactly(file: BinaryIO, size: int) -> bytes:
    try:
        data = file.read(size)
    except OSError as error:
        raise DamageError(f"it cannot be read: {why(error)}") from error
    if len(data) < size:
        raise DamageError("its central directory is cut off")
    return data


def zip_directory(file: BinaryIO) -> ZipDirectory:
    """Where the central directory is, from the end record (and that of zip64)."""
    length = os.fstat(file.fileno()).st_size
    base = max(0, length - _END.size - _FULL16)
    tail = _at(file, base, length - base)
    ends, trailing = _zip_ends(tail)
    directories, damage = [], None
    for at in ends:
        try:
            directories.append(_zip_directory(file, base + at, _END.unpack_from(tail, at)[1:7], trailing=trailing))
        except DamageError as error:
            damage = error
    if len(directories) > 1:  # one hides in the comment of the other, and each reader would take another one
        raise DamageError("it has two end records, and nothing tells which of its directories counts")
    if not directories:
        raise damage or DamageError("it has no end record: it is cut off")
    return directories[0]


def _zip_ends(tail: bytes) -> tuple[list[int], bool]:
    """Offsets of possible end records in the last bytes of a zip, and whether more, or less, than a comment follows.

    Zeros behind the comment are padding.
    """
    ends = [mark.start() for mark in _END_MARK.finditer(tail, 0, len(tail) - _END.size + 4)]
    filled = len(tail.rstrip(b"\0"))
    fitting = [at for at in ends if filled <= at + _END.size + _END.unpack_from(tail, at)[-1] <= len(tail)]
    return (fitting, False) if fitting else (ends[-1:], True)


def _zip_directory(file: BinaryIO, end: int, record: tuple[int, ...], *, trailing: bool) -> ZipDirectory:
    """The directory of one end record."""
    bits, full = 16, record
    if found := _zip64_end(file, end):
        end, full = found
        bits = 64
        if any(short not in (value & mask, mask) for short, value, mask in zip(record, full, _MASKS, strict=True)):
            raise DamageError("its two end records contradict each other")
    disk, first_disk, here, count, size, start = full
    if disk or first_disk or here != count:
        raise DamageError("it is one part of a split archive")
    if start + size != end:
        raise DamageError("its central directory is not where it should be; it is cut off or damaged")
    return ZipDirectory(start, size, count, bits, trailing)


def _zip64_end(file: BinaryIO, end: int) -> tuple[int, tuple[int, ...]] | None:
    """Where the zip64 end record is, and what it says as the old one does; None without one."""
    locator = _at(file, max(0, end - _END64_LOCATOR.size), _END64_LOCATOR.size)
    if locator[:4] != b"PK\6\7":
        return None
    at = min(_END64_LOCATOR.unpack(locator)[2], end)
    record = _at(file, at, _END64.size)
    if len(record) < _END64.size or record[:4] != b"PK\6\6":
        raise DamageError("its zip64 end record is missing")
    return at, _END64.unpack(record)[4:]


def zip_entries(file: BinaryIO, directory: ZipDirectory) -> Iterator[ZipEntry]:
    """The entries of the central directory, streamed; DamageError when it does not end where it should."""
    file.seek(directory.start)
    left, count = directory.size, 0
    while left > 0:
        fields = _CENTRAL.unpack(_exactly(file, _CENTRAL.size))
        if fields[0] != b"PK\1\2":
            raise DamageError("its central directory is damaged")
        name, extra, _ = (_exactly(file, length) for length in fields[10:13])
        left -= _CENTRAL.size + sum(fields[10:13])
        count += 1
        if left < 0:
            break
        yield _zip_entry(fields, name, extra)
    if left or count % (1 << directory.count_bits) != directory.count:
        raise DamageError("its central directory does not hold the entries that it announces")


def _zip_entry(fields: tuple[Any, ...], raw_name: bytes, extra: bytes) -> ZipEntry:
    _, made_by, _, flags, method, _, _, crc, stored, size, _, _, _, _, _, external, offset = fields
    blocks = dict(_extra_blocks(extra))
    size, stored, offset = _zip64_sizes((size, stored, offset), blocks.get(_ZIP64_EXTRA, b""))
    mode = external >> 16
    flaw = "encrypted" if flags & _ENCRYPTED_FLAGS else special(mode)
    folder = raw_name.endswith(b"/") or stat.S_ISDIR(mode) or bool(external & _DOS_FOLDER and size == 0)
    if folder and size:
        flaw = "a folder that has bytes"
    return ZipEntry(
        raw_name=raw_name,
        name=_zip_name(raw_name, flags, made_by >> 8, blocks.get(_UNICODE_PATH_EXTRA, b"")),
        flaw=flaw,
        folder=folder and not size,
        method=method,
        crc=crc,
        stored=stored,
        size=size,
        offset=offset,
    )


def _extra_blocks(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size


def _zip64_sizes(short: tuple[int, int, int], block: bytes) -> Iterator[int]:
    """Size, stored size and offset; those that did not fit into four bytes are in the block, in this order."""
    for value in short:
        if value == _FULL32 and len(block) >= 8:
            yield int.from_bytes(block[:8], "little")
            block = block[8:]
        else:
            yield value


def _zip_name(raw: bytes, flags: int, system: int, unicode_path: bytes) -> str:
    """A name by the zip format: UTF-8 by flag or by the unicode path block, else code page 437.

    But Unix and macOS write the bytes that the folder has, often without the flag: there UTF-8 is UTF-8, for a folder
    and its archive are the same bundle.
    """
    if flags & _UTF8_FLAG:
        return raw.decode("utf-8", "surrogateescape")
    if unicode_path[:1] == b"\1" and unicode_path[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
        return unicode_path[5:].decode("utf-8", "surrogateescape")
    with suppress(UnicodeDecodeError):
        return raw.decode("utf-8" if system in _UNIX_SYSTEMS else "ascii")
    return raw.decode("cp437")


def zip_data(file: BinaryIO, entry: ZipEntry) -> int | None:
    """Where an entry's data begins; None when there is no local header of the same name."""
    head = _at(file, entry.offset, LOCAL_BYTES + len(entry.raw_name))
    if head[:4] != b"PK\3\4" or head[LOCAL_BYTES:] != entry.raw_name:
        return None
    name, extra = struct.unpack_from("<HH", head, 26)
    return entry.offset + len(head) + int(extra) if name == len(entry.raw_name) else None


def _inflated(data: bytes, limit: int) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, limit)


def _bunzipped(data: bytes, limit: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, limit)


def _unlzma(data: bytes, limit: int) -> bytes:
    """Zip puts two version bytes and a length before the properties of an lzma file, and leaves the size out."""
    decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=256 * MIB)
    return decoder.decompress(data[4:9] + b"\xff" * 8 + data[9:], limit)


METHODS: dict[int, Callable[[bytes, int], bytes]] = {
    0: lambda data, _limit: data,
    8: _inflated,
    12: _bunzipped,
    14: _unlzma,
}
"""How the compression methods of a zip are undone, to at most so many bytes."""


def unzipped(data: bytes, method: int, size: int, crc: int) -> bytes:
    """The bytes that an entry's data stands for; DamageError unless length and checksum are as announced."""
    try:
        plain = METHODS[method](data, size + 1)
    except (zlib.error, lzma.LZMAError, OSError) as error:
        raise DamageError(f"the compressed data is damaged: {why(error)}") from error
    if len(plain) != size:
        more = "more" if len(plain) > size else "less"
        raise DamageError(f"the data is {more} than the {size} bytes that the archive announces")
    if zlib.crc32(plain) != crc:
        raise DamageError(f"the checksum is {zlib.crc32(plain):08x}, the archive says {crc:08x}")
    return plain
