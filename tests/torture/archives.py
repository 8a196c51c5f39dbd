"""Hostile archives: a catalogue of cases with what has to come of each, and small archives damaged at every byte.

    python -m tests.torture.archives                everything, a few minutes
    python -m tests.torture.archives 'tar: pax'     the cases whose names begin so

What comes of an archive is the same in every case: its sound pages are published, what is not safe or cannot be read
is a reject, and where the archive cannot be read to its end the run says so with status 3 and publishes nothing.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import tomllib
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from etl.cli import main
from etl.extract.bundle import scan
from etl.extract.members import Locator, Reader
from etl.extract.record import read_record
from etl.extract.trouble import SourceError
from etl.model import RawRecord, Rejection
from etl.settings import Settings
from tests.make import lines, name, page, pages
from tests.torture.forged import (
    BLOCK,
    FULL32,
    Tarred,
    Zipped,
    base256,
    deflated,
    end_record,
    filled,
    links,
    long_name,
    long_numbers,
    overlapping,
    pax,
    record,
    tar_of,
    unicode_path,
    zip64_of,
    zip_of,
)

MIB = 1 << 20
MEMORY = 384 * MIB
"""What a run may take beyond what this process has; most of it is not touched."""
LONGEST = 60
"""Seconds after which a run counts as one that does not end."""

REFUSED, UNREADABLE, UNKNOWN = "member.refused", "member.unreadable", "kind.unknown"
PAGES = pages(2)
A, B = (Zipped(member.encode(), data) for member, data in PAGES.items())
TA, TB = (Tarred(member.encode(), data) for member, data in PAGES.items())
EVIL = page("Evil", page_id=3)
X = "evil.txt"
BOMB = bytes(8 * MIB)
END = bytes(2 * BLOCK)


@dataclass(frozen=True)
class Case:
    """An archive, and what has to come of it."""

    name: str
    build: Callable[[], bytes]
    kept: Sequence[int] = (1, 2)
    """Page ids of the documents; the hostile entry is page 3."""
    rejects: Mapping[str, str] = field(default_factory=dict)
    """Codes by the names of members."""
    duplicates: int = 0
    trouble: str = ""
    """Words of the sentence that says why the archive cannot be read to its end."""
    stopped: str = ""
    """Words of the sentence that says which limit of the run was passed: then nothing can be published at all."""
    settings: str = ""

    @property
    def status(self) -> int:
        """How the run has to end."""
        if self.trouble or self.stopped:
            return 3
        return self.published_status

    @property
    def published_status(self) -> int:
        """The same when what could be read is enough."""
        if not self.kept:
            return 5
        return 1 if self.rejects or self.trouble else 0


# --- zip -----------------------------------------------------------------------------------


def evil(**changes: Any) -> Zipped:
    return Zipped(**{"name": X.encode(), "data": EVIL, **changes})


def around(entry: Zipped, **lies: Any) -> Callable[[], bytes]:
    """A zip in which a hostile entry stands between two sound ones."""
    return lambda: zip_of(A, entry, B, **lies)


def refused(title: str, entry: Zipped, member: str = X) -> Case:
    return Case(f"zip: {title}", around(entry), rejects={member: REFUSED})


def unreadable(title: str, entry: Zipped) -> Case:
    return Case(f"zip: {title}", around(entry), rejects={X: UNREADABLE})


def sound(title: str, entry: Zipped) -> Case:
    return Case(f"zip: {title}", around(entry), kept=(1, 2, 3))


def damaged(
    title: str,
    build: Callable[[], bytes],
    trouble: str,
    kept: Sequence[int] = (),
    rejects: Mapping[str, str] | None = None,
) -> Case:
    return Case(f"zip: {title}", build, kept=kept, rejects=rejects or {}, trouble=trouble)


PACKED = deflated(EVIL)
NAMES = {
    "dots": b"../evil.txt",
    "dots inside": b"a/../../evil.txt",
    "dots at the end": b"a/..",
    "absolute": b"/etc/evil.txt",
    "two slashes": b"//host/evil.txt",
    "a drive": b"C:/evil.txt",
    "a drive with a backslash": b"c:\\evil.txt",
    "a backslash": b"..\\evil.txt",
    "UNC": b"\\\\host\\share\\evil.txt",
    "NUL": b"evil.txt\0.png",
    "escape": b"evil\x1b]52;c;ZXZpbA==\x07.txt",
    "C1 control": "evil\x9b31m.txt".encode(),
    "a line end": b"evil\n.txt",
    "60 kB": b"e" * 60_000,
    "10,000 folders": b"e/" * 10_000 + b"x",
}


def shown(raw: bytes) -> str:
    """A name as a reject has it."""
    return raw.decode().replace("//", "/").replace("\0", "\ufffd").rstrip("/")


def names_of_zips() -> Iterator[Case]:
    for title, raw in NAMES.items():
        yield refused(f"name: {title}", evil(name=raw, flags=0x800), shown(raw))
    yield refused("name: empty", evil(name=b""), "")
    yield refused("name: dot", evil(name=b"."), "")
    hidden = unicode_path(X.encode(), b"../evil.txt")
    yield refused("name: dots in the unicode path", evil(central={"extra": hidden}), "../evil.txt")
    yield sound("name: not UTF-8, though it says so", evil(name=b"caf\xe9.txt", flags=0x800))
    yield Case(
        "zip: name: another case of a neighbour's",
        lambda: zip_of(A, evil(), B, evil(name=X.upper().encode(), data=page("Four", page_id=4))),
        kept=(1, 2, 3, 4),
    )
    composed, decomposed = (unicodedata.normalize(form, "é.txt").encode() for form in ("NFC", "NFD"))
    both = Zipped(composed, page("Four", page_id=4), flags=0x800), evil(name=decomposed, flags=0x800)
    yield Case("zip: name: composed and decomposed", lambda: zip_of(A, *both, B), kept=(1, 2, 3, 4))
    yield Case("zip: name: twice, the same bytes", around(A), duplicates=1)
    yield Case("zip: name: twice, other bytes", around(evil(name=A.name)), rejects={name(1): "id.conflict"})
    yield Case(
        "zip: name: twice, no member id in it",
        lambda: zip_of(A, evil(), B, evil(data=page("Four", page_id=4))),
        kept=(1, 2, 3, 4),
    )


def headers_of_zips() -> Iterator[Case]:
    for title, mode in {"link": 0o120777, "pipe": 0o010644, "device": 0o060644, "socket": 0o140644}.items():
        yield refused(title, evil(mode=mode))
    yield refused("folder with bytes, by its mode", evil(mode=0o040755))
    yield refused("folder with bytes, by its name", evil(name=b"evil/"), "evil")
    yield Case("zip: folders", lambda: zip_of(Zipped(b"evil/", method=0), A, Zipped(b"x", mode=0o040755, method=0), B))
    yield refused("encrypted", evil(flags=1))
    yield refused("encrypted by AES", evil(flags=1, method=99))
    yield refused("encrypted strongly", evil(flags=0x40))
    yield refused("encrypted with its directory", evil(flags=0x2000))
    for method in (1, 6, 9, 93, 95, 97, 98, 99, 0xFFFF):
        yield unreadable(f"method {method}", evil(method=method))
    yield unreadable("checksum", evil(central={"crc": 7}))
    yield unreadable("size too large", evil(central={"size": len(EVIL) + 1}))
    yield unreadable("size too small", evil(central={"size": len(EVIL) - 1}))
    yield unreadable("size of nothing", evil(central={"size": 0}))
    yield unreadable("size beyond the limit", evil(central={"size": FULL32 - 1}))
    yield unreadable("stored size too small", evil(central={"stored": len(PACKED) - 9}))
    yield unreadable("stored size too small, not compressed", evil(method=0, central={"stored": len(EVIL) - 1}))
    yield unreadable("damaged data", evil(packed=PACKED[:20] + b"\xff" * 9 + PACKED[29:]))
    yield unreadable("another name in its place", evil(local={"name": b"good.txt"}))
    yield unreadable("another length of its name in its place", evil(local={"name_length": 7}))
    yield unreadable("offset of a neighbour", evil(central={"offset": 0}))
    yield unreadable("offset between headers", evil(central={"offset": 1}))
    yield sound("other sizes in its place", evil(local={"size": 1, "stored": FULL32}))
    yield sound("another checksum in its place", evil(local={"crc": 1}))
    yield sound("another method in its place", evil(local={"method": 99}))
    yield sound("another flag in its place", evil(local={"flags": 0x809}))
    yield sound("stored size without what says that the data ends", evil(central={"stored": len(PACKED) - 1}))
    yield sound("more stored than the data takes", evil(packed=PACKED + b"PK\1\2" * 9))
    crc = zlib.crc32(EVIL)
    nowhere = {"crc": 0, "size": 0, "stored": 0}
    for title, behind in {
        "with its mark": struct.pack("<4s3I", b"PK\7\x08", crc, len(PACKED), len(EVIL)),
        "without its mark": struct.pack("<3I", crc, len(PACKED), len(EVIL)),
        "of zip64": struct.pack("<4sI2Q", b"PK\7\x08", crc, len(PACKED), len(EVIL)),
        "that lies": struct.pack("<4s3I", b"PK\7\x08", 7, 7, 7),
    }.items():
        yield sound(f"sizes behind the data {title}", evil(flags=8, local=nowhere, behind=behind))
    yield sound("made on no known system", evil(central={"made_by": 200}))
    yield sound("on another disk", evil(central={"disk": 3}))
    yield sound("extra field longer than it is", evil(central={"extra": b"\xff\xff\xff\xff1"}))
    into_the_next = around(evil(method=0, central={"stored": len(EVIL) + 1}))
    yield Case("zip: stored size too large", into_the_next, rejects={X: UNREADABLE}, trouble="entries overlap")
    outside = {"offset": 1 << 30}, {"stored": 1 << 24, "size": 1 << 24}, {"stored": 1 << 20}
    for title, lies in zip(("offset", "sizes", "stored size"), outside, strict=True):
        yield Case(
            f"zip: {title} outside the archive",
            around(evil(central=lies)),
            rejects={X: UNREADABLE},
            trouble="outside the archive",
        )


def ends_of_zips() -> Iterator[Case]:
    yield Case("zip: sound", lambda: zip_of(A, B))
    yield Case("zip: nothing in it", zip_of, kept=())
    for field_ in ("disk", "first", "here", "count"):
        yield damaged(f"end record: {field_}", around(evil(), **{field_: 2}), "part of a split archive")
    yield damaged("end record: too many", around(evil(), count=4, here=4), "does not hold the entries", (1, 2, 3))
    yield damaged("end record: too few", around(evil(), count=2, here=2), "does not hold the entries", (1, 2, 3))
    for field_ in ("size", "start"):
        for lie in (0, 1, 0x7FFFFFFF, FULL32):
            yield damaged(f"end record: {field_} {lie}", around(evil(), **{field_: lie}), "not where it should be")
    yield damaged("bytes between directory and end record", around(evil(), between=b"PK\5\5\0\0"), "not where it")
    yield damaged("bytes before, not counted", lambda: b"PK\3\4 junk" + zip_of(A, B), "not where it should be")
    yield Case("zip: bytes before, counted", lambda: zip_of(A, B, before=b"PK\3\4 junk"))
    yield Case("zip: more entries than the end record can count", uncounted)
    yield Case("zip: zeros behind, as a pipe is filled up", lambda: zip_of(A, B, comment=b"x") + bytes(10000))
    yield damaged("bytes behind", lambda: zip_of(A, B) + b"junk", "bytes follow its end", (1, 2))
    yield damaged("two archives end to end", lambda: zip_of(A) + zip_of(B), "not where it should be")
    yield Case("zip: comment with an end record in it", lambda: zip_of(A, B, comment=b"x" + end_record(9, 9, 9) + b"y"))
    yield Case("zip: comment that ends in an end record", lambda: zip_of(A, B, comment=b"x" + end_record(0, 7, 9)))
    yield damaged("comment that ends in an archive of its own", two_directories, "two end records")
    yield damaged("comment cut off", lambda: zip_of(A, comment=b"xy")[:-1], "its comment is cut off", (1,))
    cut = {"evil": UNREADABLE}
    yield damaged("directory: length of a name", around(evil(central={"name_length": 4})), "directory", (1,), cut)
    yield damaged(
        "directory: length of an extra field", around(evil(central={"extra_length": 40})), "directory", (1, 3)
    )
    yield damaged("directory encrypted", scrambled, "directory is damaged")
    yield Case("zip: program that unpacks itself", lambda: b"MZ\x90\0" + zip_of(A, B), (), {"wiki.zip": "member.nul"})


def uncounted() -> bytes:
    """An archive as macOS makes it of more entries than two bytes can count; all but two are hidden."""
    return zip_of(A, B, *(Zipped(b".%d" % number, b"", method=0) for number in range(0x10000)), here=2, count=2)


def two_directories() -> bytes:
    """An archive whose comment holds a second directory, that of another entry, and its end record."""
    bare = zip_of(A, evil())
    second = A.central_part(0)
    hidden = second + end_record(1, len(second), len(bare))
    return zip_of(A, evil(), comment=hidden)


def scrambled() -> bytes:
    data = bytearray(zip_of(A, B))
    start = data.index(b"PK\1\2")
    end = data.rindex(b"PK\5\6")
    data[start:end] = bytes(byte ^ 0x5A for byte in data[start:end])
    return bytes(data)


def long(**numbers: int) -> Zipped:
    """An entry with all its numbers in the extra field of zip64."""
    told = {"size": len(EVIL), "stored": len(PACKED), "offset": len(A.local_part())} | numbers
    return evil(central={"size": FULL32, "stored": FULL32, "offset": FULL32, "extra": long_numbers(*told.values())})


def long_entry(title: str, trouble: str = "", **numbers: int) -> Case:
    build = partial(zip64_of, A, long(**numbers), B)
    return Case(f"zip64: {title}", build, rejects={X: UNREADABLE}, trouble=trouble)


def long_end(title: str, trouble: str, **lies: Any) -> Case:
    build = partial(zip64_of, A, B, **lies)
    return Case(f"zip64: end record: {title}", build, (), trouble=trouble)


def zip64s() -> Iterator[Case]:
    yield Case("zip64: all in the long fields", partial(zip64_of, A, long(), B), kept=(1, 2, 3))
    yield Case("zip64: counts in both end records", partial(zip64_of, A, B, short={"here": 2, "count": 2}))
    most = (1 << 64) - 1
    yield long_entry("absurd size", size=1 << 63)
    yield long_entry("absurd stored size", stored=1 << 63)
    yield long_entry("absurd numbers", size=most, stored=most, offset=most)
    yield long_entry("absurd offset", "outside the archive", offset=1 << 63)
    cut = {**long().central, "extra": struct.pack("<2HI", 1, 4, 7)}
    yield Case("zip64: long fields cut off", partial(zip64_of, A, evil(central=cut), B), rejects={X: UNREADABLE})
    for name_ in ("disk", "first", "here"):
        yield long_end(name_, "split archive", **{name_: 7}, short={name_: 7})
    for name_ in ("size", "start"):
        for lie in (1 << 63, most):
            yield long_end(f"{name_} {lie}", "not where it should be", **{name_: lie})
    many = partial(zip64_of, A, B, count=1 << 63, here=1 << 63)
    yield Case("zip64: end record: absurd count", many, trouble="does not hold the entries")
    for lie in (0, 1 << 63, most):
        yield long_end(f"said to be at byte {lie}", "zip64 end record is missing", locator={"at": lie})
    yield long_end("another count than in the old one", "contradict", short={"count": 1})


def bombs() -> Iterator[Case]:
    yield unreadable("bomb", evil(data=BOMB))
    yield unreadable("bomb that understates itself", evil(data=BOMB, central={"size": 1000}))
    yield unreadable("bomb that says it is not compressed", evil(data=BOMB, method=0, packed=deflated(BOMB)))
    inside = {X: "member.nul"}
    yield Case("zip: archive in it", around(evil(data=zip_of(evil()))), rejects=inside)
    yield Case("zip: tar in it", around(evil(data=tar_of(TA))), rejects=inside)
    yield Case("zip: thirty archives within each other", around(evil(data=nested(30))), rejects=inside)
    for title, data in {"archive": zip_of(evil()), "tar.gz": gzip.compress(tar_of(TB))}.items():
        yield Case(f"tar.gz: {title} in it", partial(wrapped, "tar.gz", TA, bad(data=data), TB), rejects=inside)
    twice = gzip.compress(gzip.compress(tar_of(TA)))
    yield Case("tar.gz: compressed twice", partial(bytes, twice), (), {"wiki.zip": "member.nul"})
    shares = {"000.txt": "member.nul", "001.txt": "member.nul"}
    yield damaged("entries that share one kernel", partial(overlapping, 60, EVIL), "entries overlap", (), shares)
    yield Case("zip: entry listed twice", listed_twice, duplicates=1)
    yield from crowds()
    for wrap in WRAPS:
        code = "member.nul" if wrap == "tar" else UNREADABLE
        yield Case(f"{wrap}: bomb", partial(wrapped, wrap, TA, bad(data=BOMB), TB), rejects={X: code})
        yield Case(f"{wrap}: an end of 40 MiB", partial(padded, wrap, 40 * MIB), settings="max_total_bytes = 67108864")
    few = "max_total_bytes = 100_000\nmax_members = 10"
    yield stopped("tar.gz: an end beyond the limit", partial(padded, "tar.gz", 9 * MIB), "unpacks to more bytes", few)


def crowds() -> Iterator[Case]:
    """More entries than a run may have: members, and what is none."""
    few, passed = "max_members = 100", "entries that are no members"
    empty = [Zipped(b"%d" % number, method=0) for number in range(101)]
    yield stopped("zip: more empty members than allowed", partial(zip_of, *empty), "more than 100 members", few)
    hidden = [Zipped(b".%d" % number, method=0) for number in range(1201)]
    yield stopped("zip: hidden entries without end", partial(zip_of, *hidden), passed, few)
    folders = [Tarred(b"%d/" % number, kind=b"5") for number in range(1201)]
    for wrap in WRAPS:
        yield stopped(f"{wrap}: folders without end", partial(wrapped, wrap, *folders), passed, few)


def stopped(title: str, build: Callable[[], bytes], words: str, settings: str) -> Case:
    return Case(title, build, (), stopped=words, settings=settings)


def padded(wrap: str, zeros: int) -> bytes:
    """A tar with so many zeros at its end."""
    return wrapped(wrap, TA, TB, end=bytes(zeros))


def nested(depth: int) -> bytes:
    data = EVIL
    for _ in range(depth):
        data = zip_of(evil(data=data))
    return data


def listed_twice() -> bytes:
    """A zip whose directory names one entry twice; bytes that nobody names make room for it."""
    entries = A, B, Zipped(b"room", bytes(9999), method=0)
    body = b"".join(entry.local_part() for entry in entries)
    directory = A.central_part(0) * 2 + B.central_part(len(A.local_part()))
    return body + directory + end_record(3, len(directory), len(body))


# --- tar -----------------------------------------------------------------------------------


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


WRAPS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
    "tar.zst": zstd,
}


def wrapped(wrap: str, *entries: Tarred | bytes, end: bytes = END) -> bytes:
    return WRAPS[wrap](tar_of(*entries, end=end))


def tarred(
    title: str, *between: Tarred | bytes, wraps: Iterable[str] = ("tar", "tar.gz"), end: bytes = END, **outcome: Any
) -> Iterator[Case]:
    """The same tar plain and compressed; what is hostile stands between two sound entries."""
    for wrap in wraps:
        yield Case(f"{wrap}: {title}", partial(wrapped, wrap, TA, *between, TB, end=end), **outcome)


def bad(**changes: Any) -> Tarred:
    return Tarred(**{"name": X.encode(), "data": EVIL, **changes})


THREE: dict[str, Any] = {"kept": (1, 2, 3)}


def names_of_tars() -> Iterator[Case]:
    for title, raw in NAMES.items():
        if title != "NUL":
            outcome: dict[str, Any] = {"rejects": {shown(raw): REFUSED}}
            yield from tarred(f"name: {title}, pax", pax((b"path", raw)), bad(), **outcome)
            yield from tarred(f"name: {title}, GNU", long_name(raw), bad(), wraps=("tar",), **outcome)
            if len(raw) < 100:
                yield from tarred(f"name: {title}", bad(name=raw), wraps=("tar",), **outcome)
    yield from tarred("name: NUL, pax", pax((b"path", NAMES["NUL"])), bad(), rejects={shown(NAMES["NUL"]): REFUSED})
    yield from tarred("name: NUL, GNU", long_name(NAMES["NUL"]), bad(), **THREE)
    yield from tarred("name: 100 kB", pax((b"path", b"e" * 100_000)), bad(), rejects={"e" * 100_000: REFUSED})
    yield from tarred("name: empty", bad(name=b""), rejects={"": REFUSED})
    yield from tarred("name: empty, pax", pax((b"path", b"")), bad(), **THREE)
    yield from tarred("name: not UTF-8", bad(name=b"caf\xe9.txt"), **THREE)
    binary = pax((b"hdrcharset", b"BINARY"), (b"path", b"caf\xe9.txt"))
    yield from tarred("name: not UTF-8, pax", binary, bad(), **THREE)
    yield from tarred("name: dots in the prefix", bad(prefix=b".."), rejects={"../evil.txt": REFUSED})
    yield from tarred("name: of all entries", pax((b"path", b"evil.txt"), kind=b"g"), bad(), **THREE)
    other = bad(name=X.upper().encode(), data=page("Four", page_id=4))
    yield from tarred("name: another case of a neighbour's", bad(), other, kept=(1, 2, 3, 4))
    yield from tarred("name: twice, the same bytes", TA, duplicates=1)
    yield from tarred("name: twice, other bytes", bad(name=TA.name), rejects={name(1): "id.conflict"})


def types_of_tars() -> Iterator[Case]:
    for kind, title in {b"1": "hard link", b"2": "symbolic link", b"3": "device", b"4": "disk", b"6": "pipe"}.items():
        yield from tarred(title, *links(kind), rejects={"odd-0": REFUSED})
    yield from tarred("long symbolic link", long_name(b"/etc" * 99, b"K"), *links(b"2"), rejects={"odd-0": REFUSED})
    yield from tarred("link in pax", pax((b"linkpath", b"/etc/passwd")), *links(b"1"), rejects={"odd-0": REFUSED})
    yield from tarred("link with bytes", bad(kind=b"2"), kept=(1,), rejects={X: REFUSED}, trouble="damaged header")
    yield from tarred("folder with bytes", bad(kind=b"5"), kept=(1,), trouble="damaged header")
    yield from tarred(
        "folders", Tarred(b"x", kind=b"5"), Tarred(b"y/", kind=b"\0"), Tarred(b"z", b"names\0", kind=b"D")
    )
    yield from tarred("unknown type", bad(kind=b"Z"), rejects={X: REFUSED})
    yield from tarred("rest of a file of another volume", bad(kind=b"M"), rejects={X: REFUSED})
    yield from tarred("label of a volume", Tarred(b"volume", kind=b"V"))
    cut = bad(kind=b"\0", magic=b"ustar  \0", name=b"e" * 99 + b"/")
    yield from tarred("older type, and a name that is cut behind a slash", long_name(b"e" * 99 + b"/f"), cut, **THREE)
    yield from tarred("contiguous file", bad(kind=b"7"), **THREE)
    yield from tarred("older than its magic", bad(kind=b"\0", magic=b""), **THREE)
    star = {508: b"tar\0", 476: b"13712345670 ", 488: b"13712345670 "}
    named = {"e" * 131 + "/evil.txt": UNKNOWN}
    yield from tarred("star", bad(prefix=b"e" * 131, fields=star, data=b"no page"), rejects=named)
    times = {345: b"13712345670\00013712345670\0"}
    yield from tarred("times of GNU where POSIX has a prefix", bad(magic=b"ustar  \0", fields=times), **THREE)
    sparse: dict[str, Any] = {"rejects": {X: UNREADABLE}}
    yield from tarred("sparse, old", bad(kind=b"S", magic=b"ustar  \0"), **sparse)
    more = bad(kind=b"S", magic=b"ustar  \0", fields={482: b"\1"}, data=b"").part()
    mapped = filled(b"\0" * 504 + b"\1") + bytes(BLOCK)
    yield from tarred("sparse, old, with a long map", more + mapped, **sparse)
    yield from tarred(
        "sparse, old, with an endless map",
        more + filled(b"\0" * 504 + b"\1") * 3000,
        kept=(1,),
        trouble="absurdly long header",
    )
    for version, records in {
        "0.0": [(b"GNU.sparse.size", b"9"), (b"GNU.sparse.offset", b"0"), (b"GNU.sparse.numbytes", b"9")],
        "0.1": [(b"GNU.sparse.size", b"9"), (b"GNU.sparse.map", b"0,9"), (b"GNU.sparse.name", b"evil.txt")],
        "1.0": [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"evil.txt")],
        "star": [(b"SCHILY.realsize", b"99999")],
    }.items():
        yield from tarred(f"sparse, {version}", pax(*records), bad(), **sparse)


def numbers_of_tars() -> Iterator[Case]:
    size = len(EVIL)
    for title, written in {
        "spaces around": b" %9o \0" % size,
        "no end": b"%012o" % size,
        "base 256": base256(size),
    }.items():
        yield from tarred(f"size: {title}", bad(size=written), **THREE)
    for title, written in {"-1": base256(-1), "-1024": base256(-1024), "-1 as text": b"-0000000001\0"}.items():
        yield from tarred(f"size: {title}", bad(size=written), kept=(1,), trouble="negative size")
    for title, written in {"8 GiB": b"77777777777\0", "2^63": base256(1 << 63), "2^80": base256(1 << 80)}.items():
        yield from tarred(f"size: {title}", bad(size=written), kept=(1,), trouble="cut off", rejects={}, wraps=("tar",))
        yield from tarred(
            f"size: {title}",
            bad(size=written),
            kept=(1,),
            trouble="cut off",
            rejects={X: UNREADABLE},
            wraps=("tar.gz",),
        )
    yield from tarred("size: no number", bad(size=b"99999999999\0"), kept=(1,), trouble="damaged header")
    yield from tarred(
        "size: smaller than it is",
        bad(size=b"00000000001\0", data=EVIL * 9),
        kept=(1,),
        rejects={X: UNKNOWN},
        trouble="damaged header",
    )
    yield from tarred("pax size", pax((b"size", b"%d" % size)), bad(size=b"00000000000\0"), **THREE)
    yield from tarred("pax size: empty", pax((b"size", b"")), bad(), **THREE)
    yield from tarred("pax size: 10^15", pax((b"size", b"9" * 15)), bad(), kept=(1,), trouble="cut off", wraps=("tar",))
    for lie in (b"-1", b"1e3", b"9" * 5000, b"0x9", " ٩".encode(), b"1_0"):
        yield from tarred(
            f"pax size: {lie[:6]!r}",
            pax((b"size", lie)),
            bad(),
            kept=(1,),
            trouble="damaged pax header",
            wraps=("tar",),
        )
    yield from tarred("checksum", bad(checksum=b"000001\0 "), kept=(1,), trouble="damaged header")
    yield from tarred("checksum with signs", signed(), kept=(1, 2, 3))
    yield from tarred("checksum: no number", bad(checksum=b"notanum\0"), kept=(1,), trouble="damaged header")


def signed() -> Tarred:
    """A header whose checksum was made with signed bytes, as some old programs did."""
    entry = bad(name="é.txt".encode())
    head = entry.part()[:BLOCK]
    total = sum(byte - 256 * (byte > 127) for byte in head[:148] + b" " * 8 + head[156:])
    return bad(name="é.txt".encode(), checksum=b"%06o\0 " % total)


def headers_of_tars() -> Iterator[Case]:
    good = record(b"path", b"evil.txt")
    for title, data in {
        "length too long": b"99 path=evil.txt\n",
        "length too short": b"9" + good[2:],
        "length of nothing": b"0 path=evil.txt\n",
        "absurd length": b"9" * 99 + b" path=evil.txt\n",
        "no length": b"path=evil.txt\n",
        "no end of line": good[:-1] + b"x",
        "no key": b"5 =x\n",
        "no value": b"7 path\n",
        "digits without end": b"1" * 500_000,
        "blanks without end": b" " * 500_000,
    }.items():
        yield from tarred(f"pax: {title}", Tarred(b"pax", data, b"x"), bad(), kept=(1,), trouble="damaged pax header")
    many = b"".join(record(b"comment-%d" % number, b"x" * 90) for number in range(8000))
    yield from tarred("pax: 8,000 records", Tarred(b"pax", many, b"x"), bad(), **THREE)
    yield from tarred("pax: 8,000 records of all entries", Tarred(b"pax", many, b"g"), bad(), **THREE)
    yield from tarred("pax: odd keys", pax((b"__class__", b"x"), (b"charset", b"\xff"), (b"a=b", b"c")), bad(), **THREE)
    yield from tarred("pax: of Solaris", pax((b"path", b"evil.txt"), kind=b"X"), bad(name=b"other"), **THREE)
    too_long: dict[str, Any] = {"kept": (1,), "trouble": "absurdly long header"}
    yield from tarred("pax: 2 MiB", Tarred(b"pax", bytes(2 * MIB), b"x"), bad(), **too_long)
    yield from tarred("GNU: name of 2 MiB", long_name(b"e" * 2 * MIB), bad(), **too_long)
    yield from tarred("pax: headers before headers", *[pax((b"path", b"x"))] * 1100, bad(), **too_long)
    yield from tarred("GNU: names before names", *[long_name(b"x")] * 1100, bad(), **too_long)
    yield from tarred("pax: 100 headers", *[pax((b"comment", b"x"))] * 100, bad(), **THREE)
    for title, header in {"pax": pax((b"path", b"x")), "GNU": long_name(b"x")}.items():
        for wrap in ("tar", "tar.gz"):
            yield Case(
                f"{wrap}: {title}: header without an entry",
                partial(wrapped, wrap, TA, TB, header),
                trouble="header without an entry",
            )
    no_end = "no end mark"
    yield from tarred("no end mark", end=b"", trouble=no_end)
    yield from tarred("half an end mark", end=bytes(BLOCK), trouble=no_end)
    yield from tarred("bytes behind half an end mark", end=bytes(BLOCK) + b"x" * BLOCK, trouble=no_end)
    yield from tarred("bytes behind", end=bytes(1024) + b"x" * BLOCK, trouble="bytes follow its end")
    yield from tarred("no whole block at the end", end=bytes(1023), trouble=no_end)
    yield from tarred("two tars end to end", bytes(1024), kept=(1,), trouble="bytes follow its end")
    yield Case(
        "tar: first header damaged", lambda: tar_of(bad(checksum=b"000001\0 "), TB), (), trouble="damaged header"
    )
    yield Case("tar: nothing in it", lambda: tar_of(end=bytes(10240)), (), {"wiki.zip": "member.nul"})


# --- compressed streams --------------------------------------------------------------------


def gzip_header(flags: int, more: bytes, reserved: int = 0) -> bytes:
    return b"\x1f\x8b\x08" + bytes([flags | reserved]) + bytes(4) + b"\0\xff" + more


def streams() -> Iterator[Case]:
    tar = tar_of(TA, TB)
    packed, trailer = deflated(tar), struct.pack("<2I", zlib.crc32(tar), len(tar))
    extra = struct.pack("<H", 300) + b"e" * 300 + b"../../name\0" + b"comment\x1b[2J\0"
    head = gzip_header(4 | 8 | 16, extra)
    checked = gzip_header(2 | 4 | 8 | 16, extra)
    checked += struct.pack("<H", zlib.crc32(checked) & 0xFFFF)
    for title, data in {
        "gz: all fields": head + packed + trailer,
        "gz: checksum of the header": checked + packed + trailer,
        "gz: several members": gzip.compress(tar[:600]) + gzip.compress(b"") + gzip.compress(tar[600:]),
        "gz: zeros behind": gzip.compress(tar) + bytes(5000),
        "bz2: several streams": bz2.compress(tar[:600]) + bz2.compress(b"") + bz2.compress(tar[600:]),
        "xz: several streams": lzma.compress(tar[:600]) + bytes(8) + lzma.compress(tar[600:]) + bytes(4),
        "xz: no checksum": lzma.compress(tar, check=lzma.CHECK_NONE),
        "zst: several frames": zstd(tar[:600]) + zstd(b"") + zstd(tar[600:]),
        "zst: frames to skip": skippable(b"x") + zstd(tar) + skippable(b"x" * 99),
        "zst: unknown size": zstandard.ZstdCompressor(write_content_size=False).compress(tar),
    }.items():
        yield Case(f"tar.{title}", partial(bytes, data))
    for title, data, words in (
        ("gz: checksum of the header", checked[:-1] + b"!" + packed + trailer, "data is damaged"),
        ("gz: flag that nobody knows", gzip_header(0, b"", 0x80) + packed + trailer, "data is damaged"),
        ("gz: checksum", head + packed + struct.pack("<2I", 7, len(tar)), "data is damaged"),
        ("gz: length", head + packed + struct.pack("<2I", zlib.crc32(tar), 7), "data is damaged"),
        ("xz: absurd memory", xz_with_dictionary(), "data is damaged"),
        ("zst: unknown dictionary", zstd_with_dictionary(tar), "data is damaged"),
        ("zst: huge window", zstd_of(0x00, b"\xf8"), "data is damaged"),
        ("zst: reserved block", zstd_of(0x00, b"\x00" + b"\x07\0\0"), "data is damaged"),
    ):
        yield Case(f"tar.{title} that lies", partial(bytes, data), (), trouble=words)
    for title, data, words in (
        ("gz: bytes behind", gzip.compress(tar) + b"junk", "bytes follow its end"),
        ("gz: another codec behind", gzip.compress(tar) + bz2.compress(tar), "bytes follow its end"),
        ("bz2: bytes behind", bz2.compress(tar) + b"BZ", "bytes follow its end"),
        ("xz: bytes behind", lzma.compress(tar) + b"\xfd7zXZ", "bytes follow its end"),
        ("zst: bytes behind", zstd(tar) + b"\x28\xb5", "bytes follow its end"),
        ("zst: frame to skip, cut off", zstd(tar) + skippable(b"x" * 99)[:20], "cut off"),
    ):
        yield Case(f"tar.{title} wrong", partial(bytes, data), trouble=words)
    alone = lzma.compress(tar, lzma.FORMAT_ALONE)
    yield Case("tar.lzma: no container", partial(bytes, alone), (), {"wiki.zip": "member.nul"})


def skippable(data: bytes) -> bytes:
    return b"\x5e\x2a\x4d\x18" + struct.pack("<I", len(data)) + data


def zstd_of(descriptor: int, rest: bytes) -> bytes:
    return b"\x28\xb5\x2f\xfd" + bytes([descriptor]) + rest + bytes(64)


def zstd_with_dictionary(data: bytes) -> bytes:
    samples: list[Any] = [data[at : at + 64] + str(at).encode() for at in range(0, 1024, 8)] * 4
    trained = zstandard.train_dictionary(1024, samples)
    return zstandard.ZstdCompressor(dict_data=trained).compress(data)


def xz_with_dictionary() -> bytes:
    """An xz file that asks for 1.5 GiB to unpack a few bytes; the checksum of its block header is right."""
    data = bytearray(lzma.compress(tar_of(TA), preset=0))
    at = data.index(b"\x21\x01", 12)
    data[at + 2] = 39
    length = (data[12] + 1) * 4
    data[12 + length - 4 : 12 + length] = struct.pack("<I", zlib.crc32(data[12 : 12 + length - 4]))
    return bytes(data)


GROUPS = (
    ends_of_zips, headers_of_zips, names_of_zips, zip64s, bombs, types_of_tars, names_of_tars, numbers_of_tars,
    headers_of_tars, streams,
)  # fmt: skip
CASES = [case for group in GROUPS for case in group()]
CATALOGUE = {case.name: case for case in CASES}


# --- a case as a run -----------------------------------------------------------------------


def scanned(case: Case, place: Path) -> list[str]:
    """The same as `faults` but of the index pass and the readers alone, in this process: a hundred times faster."""
    archive, work = place / "wiki.zip", place / "work"
    archive.write_bytes(case.build())
    seen = read(archive, work, Settings(**tomllib.loads(case.settings)))
    records = [(member, data if isinstance(data, Rejection) else read_record(data)) for member, data in seen.entries]
    rejects = {member: record.code for member, record in records if isinstance(record, Rejection)}
    kept = {record.fields["tiki_page_id"] for _, record in records if isinstance(record, RawRecord)}
    early = {member: code for member, code in case.rejects.items() if code != "id.conflict"}
    expected = {*case.kept, *([3] if early != dict(case.rejects) else [])}  # a conflict is one of two sound pages
    found = []
    if (case.trouble or case.stopped) not in seen.trouble or bool(seen.trouble) != (case.status == 3):
        found.append(f"trouble {seen.trouble!r} instead of {case.trouble or case.stopped!r}")
    if not case.stopped and (rejects, kept) != (early, expected):
        found.append(f"rejects {_short(rejects)}, pages {kept} instead of {_short(early)}, {expected}")
    return found


class Ended(NamedTuple):
    """How a run ended: its status, or minus the signal that ended it; and what it said."""

    status: int
    said: str


def attempt(place: Path, *arguments: str) -> Ended:
    """A run in a process of its own, with little memory and little time."""
    said = place.with_name(f"{place.name}.said")
    child = os.fork()
    if child == 0:
        status = 99
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(LONGEST)
            with said.open("w", errors="surrogateescape") as file, redirect_stdout(file), redirect_stderr(file):
                with_little_memory()
                status = main(list(arguments))
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    text = said.read_text("utf-8", "surrogateescape")
    said.unlink()
    return Ended(status, text)


def with_little_memory() -> None:
    """From now on this process gets `MEMORY` more and nothing beyond."""
    if sys.platform == "linux":
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY,) * 2)


SETTINGS = 'servers = []\nmax_shrink = "100%"\n'


def faults(case: Case, place: Path) -> list[str]:
    """What came of a case that should not have, in an empty folder."""
    place.mkdir()
    archive = place / "wiki.zip"
    archive.write_bytes(case.build())
    (place / "wiki-etl.toml").write_text(SETTINGS + case.settings)
    arguments = ["migrate", str(archive), "--out", str(place / "out"), "--max-rejects", "100%", "--jobs", "1"]
    found = list(_misbehaved(attempt(place, *arguments), case.status, case.trouble or case.stopped))
    if case.status == 3:
        if (place / "out" / "current").exists():
            found.append("was published, though the archive cannot be read to its end")
        status = 3 if case.stopped else case.published_status
        found += _misbehaved(attempt(place, *arguments, "--allow-partial"), status, "")
    if case.stopped:
        return found
    shown = place / "out" / ("current" if case.kept else "refused")
    if not shown.exists():
        return [*found, f"nothing in {shown.name}"]
    return found + list(_differences(case, shown)) + list(_strays(place))


def _misbehaved(ended: Ended, status: int, words: str) -> Iterator[str]:
    if ended.status != status:
        yield f"status {ended.status} instead of {status}: {ended.said[-300:]!r}"
    if "Traceback" in ended.said:
        yield f"a traceback: {ended.said[-300:]!r}"
    if words not in ended.said:
        yield f"not a word of {words!r}: {ended.said[-300:]!r}"
    if odd := {char for char in ended.said if not char.isprintable() and char != "\n"}:
        yield f"characters that a terminal obeys: {sorted(odd)!r}"


def _differences(case: Case, shown: Path) -> Iterator[str]:
    rejects = {reject["member"]: reject["code"] for reject in lines(shown / "rejects.jsonl")}
    if rejects != dict(case.rejects):
        yield f"rejects {_short(rejects)} instead of {_short(case.rejects)}"
    if not case.kept:
        return
    bodies = {document["id"]: document["body"] for document in lines(shown / "documents.jsonl")}
    if sorted(bodies) != sorted(f"tiki-{page_id}" for page_id in case.kept):
        yield f"documents {sorted(bodies)} instead of pages {list(case.kept)}"
    if any(body != "Water is clear." for body in bodies.values()):
        yield f"other bodies than those of the pages: {_short(bodies)}"
    ledger = json.loads((shown / "manifest.json").read_bytes())["ledger"]
    if ledger["duplicates"] != case.duplicates:
        yield f"{ledger['duplicates']} duplicates instead of {case.duplicates}"


def _short(names: Mapping[str, str]) -> dict[str, str]:
    return {key if len(key) < 60 else f"{key[:20]}… ({len(key)})": value for key, value in names.items()}


def _strays(place: Path) -> Iterator[str]:
    """Files where a run has no business, or that it should have taken away."""
    expected = {"wiki.zip", "wiki-etl.toml", "out"}
    if strays := {path.name for path in place.iterdir()} - expected:
        yield f"files beside the source: {sorted(strays)}"
    expected = {"generations", "current", "refused", ".lock"}
    if strays := {path.name for path in (place / "out").iterdir()} - expected:
        yield f"files in the output folder: {sorted(strays)}"
    if links := [path.name for path in (place / "out").rglob("*") if path.is_symlink() and path.name != "current"]:
        yield f"links in the output folder: {links}"


# --- small archives, damaged everywhere ----------------------------------------------------

SMALL = dict(zip(PAGES, (page("One", page_id=1, indent=None), page("Two", page_id=2, indent=None)), strict=True))


def small(wrap: str) -> bytes:
    if wrap.startswith("zip"):
        entries = [Zipped(member.encode(), data) for member, data in SMALL.items()]
        return zip64_of(*entries) if wrap == "zip64" else zip_of(*entries, comment=b"a comment")
    return WRAPS[wrap](tar_of(*[Tarred(member.encode(), data) for member, data in SMALL.items()]))


FORMATS = "zip", "zip64", *WRAPS


def cuts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every beginning of an archive."""
    for at in range(len(data)):
        yield f"cut at byte {at}", data[:at]


def flips(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The archive with one byte changed: one bit, the highest bit, nothing, everything."""
    for at, byte in enumerate(data):
        for other in sorted({byte ^ 1, byte ^ 0x80, 0, 0xFF} - {byte}):
            yield f"byte {at} is {other:#04x}", data[:at] + bytes([other]) + data[at + 1 :]


def wrecks(data: bytes, seed: int, number: int = 2000) -> Iterator[tuple[str, bytes]]:
    """The archive with pieces of it changed, doubled, cut out."""
    choice = random.Random(seed)
    for trial in range(number):
        wreck = bytearray(data)
        for _ in range(choice.randint(1, 4)):
            at, end = sorted(choice.randrange(len(wreck) + 1) for _ in range(2))
            end = min(end, at + choice.choice((1, 4, 30, 600)))
            piece = bytes(wreck[at:end])
            other = choice.choice(
                (b"", piece * 2, choice.randbytes(len(piece)), bytes(len(piece)), b"\xff" * len(piece))
            )
            wreck[at:end] = other
        yield f"wreck {trial} of seed {seed}", bytes(wreck)


class Read(NamedTuple):
    """What a scan and a reader make of a file."""

    entries: list[tuple[str, bytes | Rejection]]
    passed: int
    trouble: str

    @property
    def members(self) -> list[tuple[str, bytes]]:
        return [(member, data) for member, data in self.entries if isinstance(data, bytes)]


def read(path: Path, work: Path, options: Settings | None = None) -> Read:
    """Scan a file and read all that is found."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    found: list[tuple[str, Locator | Rejection]] = []
    options = options or Settings()
    try:
        bundles = scan([str(path)], options, work, lambda _, member, where: found.append((member, where)))
        with closing(Reader(options)) as reader:
            data = [(member, where if isinstance(where, Rejection) else reader.read(where)) for member, where in found]
    except SourceError as error:
        return Read([], 0, str(error))
    trouble = " ".join(bundle.trouble or "" for bundle in bundles).strip()
    return Read(data, sum(sum(bundle.skipped.values()) for bundle in bundles), trouble)


def harm(wrap: str, path: Path, seen: Read, *, provable: bool) -> str | None:
    """What a damaged archive did that it must not do; None when nobody was deceived.

    ``provable``: whether the damage leaves a trace. A plain tar has checksums of its headers alone: who takes out an
    entry whole leaves a sound tar.
    """
    if not (seen.trouble or path.name).isprintable():
        return f"trouble that is not printable: {seen.trouble!r}"
    if seen.trouble:
        return None
    if [member for member, _ in seen.members] == [path.name]:  # no archive any more
        refused = isinstance(read_record(seen.members[0][1]), Rejection)
        return None if refused else "the archive became a document"
    unknown = [member for member, data in seen.members if SMALL.get(member) != data]
    if unknown and wrap != "tar":
        return f"members that were never in it: {unknown}"
    if provable and len(seen.entries) + seen.passed < len(SMALL):
        return f"lost without a word: {set(SMALL) - {member for member, _ in seen.members}}"
    return None


Damages = Iterable[tuple[str, bytes]]


def deceived(wrap: str, damages: Damages, place: Path, *, provable: bool = True) -> tuple[int, list[str]]:
    """How many damages were tried, and which were not noticed as they must be."""
    path, work = place / f"small.{wrap}", place / "work"
    tried, found = 0, []
    for title, data in damages:
        tried += 1
        path.write_bytes(data)
        try:
            fault = harm(wrap, path, read(path, work), provable=provable)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what is looked for
            fault = f"{type(error).__name__}: {error}"
        if fault:
            found.append(f"{wrap}, {title}: {fault}")
    return tried, found


# --- the campaign --------------------------------------------------------------------------


class Row(NamedTuple):
    """A line of the table."""

    name: str
    tried: int
    as_expected: int
    unexpected: list[str]


def campaign(progress: Callable[[int], Any], seed: int, only: str = "") -> list[Row]:
    """Every case of the catalogue as a run, then every damage; ``progress`` is told how many more are done."""
    rows: dict[str, Row] = {}
    with tempfile.TemporaryDirectory(prefix="archives-") as scratch:
        for number, case in enumerate(case for title, case in CATALOGUE.items() if title.startswith(only)):
            found = faults(case, Path(scratch) / str(number))
            shutil.rmtree(Path(scratch) / str(number))
            _count(rows, f"catalogue, {case.name.partition(':')[0]}", 1, [f"{case.name}: {fault}" for fault in found])
            progress(1)
        for wrap in FORMATS if not only else ():
            data = small(wrap)
            for title, damages in (("cut", cuts(data)), ("changed", flips(data)), ("wrecked", wrecks(data, seed))):
                provable = (wrap, title) != ("tar", "wrecked")
                tried, unexpected = in_a_child(wrap, damages, Path(scratch), provable=provable)
                _count(rows, f"{wrap} {title}", tried, unexpected)
                progress(tried)
    return list(rows.values())


def in_a_child(wrap: str, damages: Damages, scratch: Path, *, provable: bool) -> tuple[int, list[str]]:
    """`deceived` in a process of its own, with little memory and time."""
    answer = scratch / "answer"
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(10 * LONGEST)
            with_little_memory()
            answer.write_text(json.dumps(deceived(wrap, damages, scratch, provable=provable)))
        finally:
            os._exit(0)
    ended = os.waitpid(child, 0)[1]
    if ended or not answer.exists():
        return 1, [f"{wrap}: the process died, {ended}"]
    tried, found = json.loads(answer.read_text())
    answer.unlink()
    return tried, found


def _count(rows: dict[str, Row], title: str, tried: int, unexpected: Sequence[str]) -> None:
    row = rows.get(title, Row(title, 0, 0, []))
    wrong = len(unexpected) if tried > 1 else bool(unexpected)
    rows[title] = Row(title, row.tried + tried, row.as_expected + tried - wrong, [*row.unexpected, *unexpected])


def total() -> int:
    """How many trials a campaign has, for a progress bar."""
    return len(CATALOGUE) + sum(len(small(wrap)) * 5 + 2000 for wrap in FORMATS)


if __name__ == "__main__":
    table = campaign(lambda _: None, 1, sys.argv[1] if len(sys.argv) > 1 else "")
    for row in table:
        print(f"{row.name:24} {row.tried:7,} tried {row.as_expected:7,} as expected")
    for line in (fault for row in table for fault in row.unexpected):
        print(ascii(line)[1:-1])
    sys.exit(any(row.unexpected for row in table))
