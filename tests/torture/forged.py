"""Zip and tar archives made by hand, so that every field of them can lie."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
END64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR64 = struct.Struct("<4sIQI")
FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF
UNIX, REGULAR = 3, 0o100644
BLOCK = 512

Lies = dict[str, Any]


# --- zip -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Zipped:
    """An entry of a zip; ``local`` and ``central`` are fields that each of its headers has wrong."""

    name: bytes
    data: bytes = b""
    method: int = 8
    flags: int = 0
    mode: int = REGULAR
    extra: bytes = b""
    local: Lies = field(default_factory=dict)
    central: Lies = field(default_factory=dict)
    packed: bytes | None = None
    """Its bytes in the archive, when not those that the method makes."""
    behind: bytes = b""
    """What follows them."""

    @property
    def stored(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflated(self.data) if self.method == 8 else self.data

    def header(self, lies: Lies) -> Lies:
        """What both headers say of it."""
        told: Lies = {
            "flags": self.flags, "method": self.method, "crc": zlib.crc32(self.data), "stored": len(self.stored),
            "size": len(self.data), "name": self.name, "extra": self.extra,
        }  # fmt: skip
        return told | lies

    def local_part(self) -> bytes:
        told = self.header(self.local)
        name: bytes = told["name"]
        extra: bytes = told["extra"]
        numbers = [20, told["flags"], told["method"], 0, 0x21, told["crc"], told["stored"], told["size"]]
        head = LOCAL.pack(b"PK\3\4", *numbers, told.get("name_length", len(name)), len(extra))
        return head + name + extra + self.stored + self.behind

    def central_part(self, offset: int) -> bytes:
        told: Lies = {"offset": offset, "made_by": UNIX, "external": self.mode << 16, "disk": 0}
        told |= self.header(self.central)
        name: bytes = told["name"]
        extra: bytes = told["extra"]
        lengths = told.get("name_length", len(name)), told.get("extra_length", len(extra)), 0
        made_by = told["made_by"] << 8 | 20
        numbers = [made_by, 20, told["flags"], told["method"], 0, 0x21, told["crc"], told["stored"], told["size"]]
        head = CENTRAL.pack(b"PK\1\2", *numbers, *lengths, told["disk"], 0, told["external"], told["offset"])
        return head + name + extra


def zip_of(*entries: Zipped, before: bytes = b"", comment: bytes = b"", between: bytes = b"", **lies: Any) -> bytes:
    """An archive; ``lies`` are fields that its end record has wrong, ``between`` comes before that."""
    body, directory = bytearray(before), bytearray()  # bytes that grow by themselves would be copied each time
    for entry in entries:
        directory += entry.central_part(len(body))
        body += entry.local_part()
    return bytes(body + directory) + between + end_record(len(entries), len(directory), len(body), comment, lies)


def end_record(count: int, size: int, start: int, comment: bytes = b"", lies: Lies | None = None) -> bytes:
    told: Lies = {"disk": 0, "first": 0, "here": count, "count": count, "size": size, "start": start}
    told |= lies or {}
    return END.pack(b"PK\5\6", *told.values(), len(comment)) + comment


def zip64_of(*entries: Zipped, short: Lies | None = None, locator: Lies | None = None, **lies: Any) -> bytes:
    """An archive with the end records of zip64; ``lies`` are in the long one, ``short`` in the old one."""
    body, directory = b"", b""
    for entry in entries:
        directory += entry.central_part(len(body))
        body += entry.local_part()
    told: Lies = {"disk": 0, "first": 0, "here": len(entries), "count": len(entries)}
    told |= {"size": len(directory), "start": len(body)} | lies
    long = END64.pack(b"PK\6\6", 44, 45, 45, *told.values())
    where = {"disk": 0, "at": len(body) + len(directory), "disks": 1} | (locator or {})
    full = {"here": FULL16, "count": FULL16, "size": FULL32, "start": FULL32} | (short or {})
    return body + directory + long + LOCATOR64.pack(b"PK\6\7", *where.values()) + end_record(0, 0, 0, b"", full)


def long_numbers(*numbers: int) -> bytes:
    """The extra field of zip64."""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def unicode_path(name: bytes, path: bytes) -> bytes:
    """The extra field with a name in UTF-8."""
    return struct.pack("<2HBL", 0x7075, 5 + len(path), 1, zlib.crc32(name)) + path


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def overlapping(count: int, kernel: bytes) -> bytes:
    """An archive whose entries all hold one kernel: each quotes the header of the next one in its own data."""
    entries: list[tuple[Zipped, bytes]] = []
    packed, data = deflated(kernel), kernel
    for number in reversed(range(count)):
        entry = Zipped(b"%03d.txt" % number, data, packed=packed)
        head = entry.local_part()[: LOCAL.size + len(entry.name)]
        entries.append((entry, head))
        quoted = struct.pack("<BHH", 0, len(head), len(head) ^ FULL16)  # a block that is not compressed, not the last
        packed, data = quoted + head + packed, head + data
    entries.reverse()
    body, directory = b"", b""
    for number, (entry, head) in enumerate(entries):
        body += (struct.pack("<BHH", 0, len(head), len(head) ^ FULL16) if number else b"") + head
        directory += entry.central_part(len(body) - len(head))
    body += deflated(kernel)
    return body + directory + end_record(count, len(directory), len(body))


# --- tar -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tarred:
    """An entry of a tar; ``fields`` replaces bytes of its header by offset."""

    name: bytes
    data: bytes = b""
    kind: bytes = b"0"
    magic: bytes = b"ustar\00000"
    prefix: bytes = b""
    size: bytes | None = None
    """The field, when not what the data says."""
    fields: Mapping[int, bytes] = field(default_factory=dict)
    checksum: bytes | None = None

    def part(self) -> bytes:
        size = b"%011o\0" % len(self.data) if self.size is None else self.size
        head = bytearray(BLOCK)
        told = {0: self.name, 100: b"0000644\0", 108: b"0000000\0", 116: b"0000000\0", 124: size}
        told |= {136: b"00000000000\0", 156: self.kind, 257: self.magic, 345: self.prefix} | dict(self.fields)
        for at, data in told.items():
            head[at : at + len(data)] = data
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head) if self.checksum is None else self.checksum
        return bytes(head) + filled(self.data)


def filled(data: bytes) -> bytes:
    """Up to whole blocks."""
    return data + bytes(-len(data) % BLOCK)


def tar_of(*entries: Tarred | bytes, end: bytes = bytes(2 * BLOCK)) -> bytes:
    """An archive; bytes among the entries are there as they are."""
    return b"".join(entry if isinstance(entry, bytes) else entry.part() for entry in entries) + end


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> Tarred:
    """The header before an entry that holds records."""
    return Tarred(b"pax", b"".join(record(key, value) for key, value in records), kind)


def record(key: bytes, value: bytes) -> bytes:
    """`<length> <key>=<value>`, where the length counts itself."""
    rest = len(key) + len(value) + 3
    length = next(rest + digits for digits in range(1, 20) if len(str(rest + digits)) == digits)
    return b"%d %s=%s\n" % (length, key, value)


def long_name(name: bytes, kind: bytes = b"L") -> Tarred:
    """The header in which GNU puts a long name, or what a link points at (``K``)."""
    return Tarred(b"././@LongLink", name + b"\0", kind, magic=b"ustar  \0")


def base256(number: int) -> bytes:
    """A number as GNU writes it where octal digits do not do."""
    if number < 0:
        return number.to_bytes(12, "big", signed=True)
    return b"\x80" + number.to_bytes(11, "big")


def links(*kinds: bytes) -> Iterator[Tarred]:
    """Entries that are no files."""
    for number, kind in enumerate(kinds):
        yield Tarred(b"odd-%d" % number, kind=kind, fields={157: b"/etc/passwd"})
