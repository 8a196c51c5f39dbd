"""Containers and members: folders, zip and tar archives, single files, standard input, http(s) addresses.

`scan` is the index pass: it streams every entry of every source to a callback and holds none of them. What it hands
over is a `Locator`, small enough for a row of a table, with which a `Reader` in any process gets at the bytes later.
Nothing here judges content, and nothing is ever written under a member's own name (q7x2, Containers).
"""

from __future__ import annotations

import bz2
import fnmatch
import lzma
import os
import re
import stat
import struct
import sys
import tarfile
import tempfile
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Protocol, cast
from urllib.parse import unquote, urlsplit

from etl.extract.remote import downloaded
from etl.extract.trouble import SourceError, printable, why
from etl.model import Rejection
from etl.settings import CONFIG_NAME, MIB, Settings


@dataclass(frozen=True, slots=True)
class Locator:
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


@dataclass(slots=True)
class Bundle:
    """What is known about a bundle after its entries were handed over."""

    number: int
    """Its index in the list that `scan` returns."""
    name: str
    prefix: str
    """The folders that all members share, with a trailing slash, or nothing. It is no part of their names; the name
    of a refused entry need not begin with it."""
    skipped: dict[str, int]
    """How many entries were passed over, by reason; for the printed report only."""
    trouble: str | None
    """A sentence, when the container could not be read to its end; the entries before that were handed over."""
    source: str
    """The source as the operator gave it; of an archive in a folder, its path through that folder."""


Found = Locator | Rejection
Add = Callable[[int, str, Found], None]


def scan(
    sources: Sequence[str], settings: Settings, work: Path, add: Add, leave_out: Sequence[Path] = ()
) -> list[Bundle]:
    """Stream every entry of every source to ``add(bundle number, name, where or why not)``; the bundles, by number.

    A name is as in the container, parted by single slashes, without `.` segments; bytes that are not text became
    U+FFFD. It is not in NFC, and the bundle's prefix is still on it. The order is that of the containers. A bundle
    may have no member at all, such as a folder that holds nothing but archives.

    Compressed tars, standard input and downloads are spooled to files below ``work``, an existing folder that the
    caller deletes after the last `Reader`. Folders in ``leave_out`` are passed over in silence.

    Raises SourceError for a source that cannot be opened and for `max_members` and `max_total_bytes`.
    """
    run = _Scan(settings, work, add, leave_out)
    for source in sources:
        run.source(source)
    return run.bundles


# --- what happens to one entry -------------------------------------------------------------

_SURROGATE = re.compile("[\ud800-\udfff]")
_ABSOLUTE = re.compile(r"/|[A-Za-z]:[/\\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NOT_A_FILE = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _tidy(raw: str) -> str:
    r"""A name as valid text without empty and `.` segments; the slash of an absolute one stays.

    >>> _tidy("./a//./b.txt"), _tidy("/etc/x"), _tidy("a\udcff")
    ('a/b.txt', '/etc/x', 'a�')
    """
    text = _SURROGATE.sub("\ufffd", raw)
    root = "/" if text.startswith("/") else ""
    return root + "/".join(segment for segment in text.split("/") if segment not in ("", "."))


def _unsafe(name: str) -> str | None:
    r"""Why a name leads out of its bundle, or None.

    >>> _unsafe("../x"), _unsafe("a\\b"), _unsafe("C:/x"), _unsafe("a..b/c")
    ("the name has a segment '..'", 'the name has a backslash', 'the name is absolute', None)
    """
    if not name:
        return "the name is empty"
    if _ABSOLUTE.match(name):
        return "the name is absolute"
    if "\\" in name:
        return "the name has a backslash"
    return "the name has a segment '..'" if ".." in name.split("/") else None


def _control(name: str) -> str | None:
    r"""Why a name must not reach a terminal, or None.

    >>> _control("a\x1b[0m"), _control("ä b")
    ("the name has the control character '\\x1b'", None)
    """
    found = _CONTROL.search(name)
    return f"the name has the control character {found.group()!r}" if found else None


def _noise(name: str) -> str | None:
    """Why a name is passed over whatever the settings say, or None.

    >>> _noise("a/.git/x"), _noise("__MACOSX/a"), _noise("a/wiki-etl.toml"), _noise("a.txt")
    ('hidden', '__MACOSX', 'settings', None)
    """
    if name.startswith(".") or "/." in name:
        return "hidden"
    segments = name.split("/")
    if "__MACOSX" in segments:
        return "__MACOSX"
    return "settings" if segments[-1] == CONFIG_NAME else None


def _globs(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """The setting `ignore` as one expression: a glob fits a member or a folder at any depth, in NFC.

    At any depth, because a bundle's shared folders are not known before its last entry.

    >>> fits = _globs(["*.png", "drafts/"])
    >>> [bool(fits.match(name)) for name in ("a/b.png", "a/drafts/x.txt", "drafts.txt")]
    [True, True, False]
    """
    tidy = [unicodedata.normalize("NFC", pattern).removeprefix("**/").strip("/") for pattern in patterns]
    both = [fnmatch.translate(glob) for pattern in tidy for glob in (pattern, pattern + "/*")]
    return re.compile("|".join(f"(?s:.*/)?(?:{glob})" for glob in both)) if both else None


def _refused(reason: str) -> Rejection:
    return Rejection("member.refused", reason, "the entry was left out and never opened")


def _unreadable(reason: str) -> Rejection:
    return Rejection("member.unreadable", reason, "the member was left out")


class _DamageError(Exception):
    """A container cannot be read to its end; the text goes on from the container's name."""


class _Entries:
    """Takes the entries of one bundle: passes over, refuses, counts, and learns the folders that members share."""

    def __init__(self, run: _Scan, shown: str, name: str) -> None:
        self.bundle = Bundle(len(run.bundles), name, "", {}, None, run.origin)
        self.shown = printable(shown)
        self._run = run
        self._prefix: str | None = None
        run.bundles.append(self.bundle)

    def offer(self, raw: str, flaw: str | None, locate: Callable[[], Found | None]) -> None:
        """Hand one entry over; ``locate`` is asked only when nothing speaks against opening it.

        It may answer None: the entry is a bundle of its own. ``flaw`` says what the entry is instead of a file.
        """
        name = _tidy(raw)
        unsafe = _unsafe(name)  # before what is passed over: ".." begins with a dot, too
        if unsafe is None and (reason := self._run.passed_over(name)):
            self.skip(reason)
            return
        refusal = unsafe or _control(name) or flaw
        found = _refused(refusal) if refusal else locate()
        if found is None:
            return
        if not refusal:
            self._share(name)
        self._run.count(found, self.shown)
        self._run.add(self.bundle.number, name, found)

    def skip(self, reason: str) -> None:
        """Count an entry that is passed over."""
        self.bundle.skipped[reason] = self.bundle.skipped.get(reason, 0) + 1

    def trouble(self, reason: str) -> None:
        """Note why the container cannot be read to its end; the first reason stays."""
        self.bundle.trouble = self.bundle.trouble or f"{self.shown}: {reason}"

    def close(self) -> None:
        """Settle prefix and name, after the last entry."""
        if self._prefix:
            self.bundle.prefix = self._prefix
            self.bundle.name = unicodedata.normalize("NFC", PurePosixPath(self._prefix).name)

    def _share(self, name: str) -> None:
        if self._prefix is None:
            self._prefix = name[: name.rfind("/") + 1]
        while not name.startswith(self._prefix):
            self._prefix = self._prefix[: self._prefix.rfind("/", 0, -1) + 1]


# --- the sources ---------------------------------------------------------------------------

_CONTAINER_EXTENSION = re.compile(r"\.(zip|tar|tgz|tbz2?|txz|tzst|(tar\.)?(gz|bz2|xz|zst|zstd))$", re.IGNORECASE)
_NAMELESS = "source"


def _stem(name: str) -> str:
    """The name of a bundle without shared folders: a file's name without the container's extensions.

    >>> _stem("export-2019.tar.gz"), _stem("wiki.v2.ZIP"), _stem(".zip"), _stem("dump.bin")
    ('export-2019', 'wiki.v2', '.zip', 'dump.bin')
    """
    return _CONTAINER_EXTENSION.sub("", name) or name


class _Scan:
    """One index pass over all sources: limits and spool files are those of the whole run."""

    def __init__(self, settings: Settings, work: Path, add: Add, leave_out: Iterable[Path]) -> None:
        self.settings = settings
        self.add = add
        self.bundles: list[Bundle] = []
        self.origin = ""
        self._work = work
        self._leave_out = {path.resolve() for path in leave_out}
        self._ignored = _globs(settings.ignore)
        self._members = 0
        self._bytes = 0

    def source(self, source: str) -> None:
        """Scan one source of the command line."""
        self.origin = source
        if source == "-":
            self._file(self._keep(_standard_input(), "standard input"), "standard input", "stdin")
        elif re.match(r"https?://", source, re.IGNORECASE):
            self._address(source)
        else:
            self._local(Path(source))

    def passed_over(self, name: str) -> str | None:
        """Why an entry is passed over, or None."""
        if self._ignored and self._ignored.match(unicodedata.normalize("NFC", name)):
            return _noise(name) or "ignored"
        return _noise(name)

    def over_limit(self, size: int, stored: int) -> Rejection | None:
        """What speaks against a member of ``size`` bytes that takes ``stored`` in its container."""
        limit, ratio = self.settings.max_member_bytes, self.settings.max_ratio
        if size > limit:
            return _unreadable(f"{size} bytes are over the limit of {limit} (max_member_bytes)")
        if size > MIB and size > ratio * stored:
            return _unreadable(f"{size} bytes out of {stored} are over the compression ratio of {ratio} (max_ratio)")
        return None

    def count(self, found: Found, shown: str) -> None:
        """Count one more entry against the limits of the run."""
        self._members += 1
        self._bytes += found.size if isinstance(found, Locator) else 0
        if self._members > self.settings.max_members:
            raise SourceError(f"{shown}: more than {self.settings.max_members} members (max_members)")
        if self._bytes > self.settings.max_total_bytes:
            raise SourceError(f"{shown}: more than {self.settings.max_total_bytes} bytes in all (max_total_bytes)")

    def _local(self, path: Path) -> None:
        shown = path.name if path.is_absolute() else str(path)
        try:
            mode = path.stat().st_mode
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise SourceError(f"{printable(shown)}: cannot be opened: {why(error)}") from error
        if stat.S_ISDIR(mode):
            self._folder(path, shown)
        elif stat.S_ISREG(mode):
            self._file(path.resolve(), shown, path.name)
        else:
            raise SourceError(f"{printable(shown)}: neither a file nor a folder")

    def _address(self, url: str) -> None:
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise SourceError(f"not an address: {error}") from error
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"  # no password, no token
        name = PurePosixPath(unquote(parts.path)).name or "download"
        self._file(self._keep(downloaded(url, shown), shown), shown, name)

    def _file(self, path: Path, shown: str, name: str) -> None:
        """A file named by the operator: an archive, or a bundle of one member, named without its extension."""
        try:
            codec = _sniffed(path)
        except OSError as error:
            raise SourceError(f"{printable(shown)}: cannot be opened: {why(error)}") from error
        if codec:
            self._archive(path, codec, shown, _stem(name))
            return
        entries = _Entries(self, shown, PurePosixPath(name).stem)
        entries.offer(name, None, partial(self._plain, path, path.stat().st_size))
        entries.close()

    def _folder(self, root: Path, shown: str) -> None:
        """Its loose files are one bundle, each archive in it another; those in the order of their names."""
        entries = _Entries(self, shown, root.resolve().name or _NAMELESS)
        archives: dict[str, str] = {}
        for entry, name in self._walk(root, entries):
            self._loose(entry, name, entries, archives)
        entries.close()
        for name in sorted(archives, key=os.fsencode):
            path = root / name
            self.origin = str(path)
            self._archive(path, archives[name], f"{shown.rstrip('/')}/{name}", _stem(path.name))

    def _walk(self, root: Path, entries: _Entries) -> Iterator[tuple[os.DirEntry[str], str]]:
        """Every entry below a folder but folders, with its name; in no order, and no link is followed."""
        todo = [("", os.fspath(root))]
        while todo:
            prefix, folder = todo.pop()
            try:
                with os.scandir(folder) as found:
                    for entry in found:
                        name = prefix + entry.name
                        if not entry.is_dir(follow_symlinks=False):
                            yield entry, name
                        elif reason := _noise(name):
                            entries.skip(reason)
                        elif not self._leave_out or Path(entry.path).resolve() not in self._leave_out:
                            todo.append((name + "/", entry.path))
            except OSError as error:
                entries.trouble(f"the folder {prefix!r} cannot be listed: {why(error)}")

    def _loose(self, entry: os.DirEntry[str], name: str, entries: _Entries, archives: dict[str, str]) -> None:
        """Offer one entry of a folder; an archive goes to ``archives`` instead."""

        def locate() -> Found | None:
            try:
                codec = _sniffed(entry.path)
            except OSError as error:
                return _unreadable(f"the file cannot be opened: {why(error)}")
            if codec is None:
                return self._plain(entry.path, status.st_size)
            archives[name] = codec
            return None

        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            reason = why(error)
            entries.offer(name, None, lambda: _unreadable(f"the file cannot be opened: {reason}"))
            return
        special = _NOT_A_FILE.get(stat.S_IFMT(status.st_mode))
        entries.offer(name, f"the entry is {special}" if special else None, locate)

    def _plain(self, path: str | Path, size: int) -> Found:
        return self.over_limit(size, size) or Locator(self._storable(path), "file", 0, size, size, 0, -1)

    def _archive(self, path: Path, codec: str, shown: str, name: str) -> None:
        entries = _Entries(self, shown, name)
        try:
            if codec == "zip":
                self._zip(Path(self._storable(path)), entries)
            else:
                self._tar(Path(self._storable(path)) if codec == "tar" else path, codec, entries)
        except _DamageError as damage:
            entries.trouble(str(damage))
        entries.close()

    def _zip(self, path: Path, entries: _Entries) -> None:
        with _opened(path) as file:
            directory = _zip_directory(file)
            taken = 0
            for entry in _zip_entries(file, directory):
                if entry.folder:
                    continue
                taken += _LOCAL_BYTES + len(entry.raw_name) + entry.stored
                if taken > directory.start:  # only entries that share bytes can be longer than all that there is
                    raise _DamageError("its entries overlap")
                entries.offer(entry.name, entry.flaw, partial(self._zip_member, file, path, entry, directory, entries))
        if directory.trailing:
            raise _DamageError("bytes follow its end, or its comment is cut off")

    def _zip_member(
        self, file: BinaryIO, path: Path, entry: _ZipEntry, directory: _ZipDirectory, entries: _Entries
    ) -> Found:
        over = self.over_limit(entry.size, entry.stored)
        if over:
            return over
        if entry.method not in _METHODS:
            return _unreadable(f"the compression method {entry.method} is not supported")
        if entry.stored > self.settings.max_member_bytes + MIB:  # more than any compressor adds
            return _unreadable(f"{entry.stored} compressed bytes are over the limit (max_member_bytes)")
        inside = entry.offset + _LOCAL_BYTES + len(entry.raw_name) + entry.stored <= directory.start
        start = _zip_data(file, entry) if inside else 0
        if start is None:
            return _unreadable(f"the archive has no entry of this name at byte {entry.offset}")
        if not inside or start + entry.stored > directory.start:
            entries.trouble("an entry points outside the archive")
            return _unreadable("the entry points outside the archive")
        return Locator(str(path), "zip", start, entry.stored, entry.size, entry.method, entry.crc)

    def _tar(self, path: Path, codec: str, entries: _Entries) -> None:
        """A plain tar is read where it is; the members of a compressed one go, end to end, to one spool file."""
        with ExitStack() as files:
            file = files.enter_context(_opened(path))
            if codec == "tar":
                plain = _PlainTape(file)
                for member in _tar_members(plain):
                    _offer(member, entries, partial(self._tar_member, plain, path, member))
                return
            unpacked = _Unpacked(file, codec, self._tar_limit(), entries.shown)
            tape = _Tape(unpacked.some)
            spool = files.enter_context(self._spool())
            for member in _tar_members(tape):
                _offer(member, entries, partial(self._spooled, tape, unpacked, spool, member))

    def _tar_limit(self) -> int:
        """How long a tar within the limits may be: a tar spends about 2 KiB on headers and padding for each member."""
        return self.settings.max_total_bytes + 2048 * self.settings.max_members + MIB

    def _tar_member(self, tape: _PlainTape, path: Path, member: tarfile.TarInfo) -> Found:
        if member.offset_data + member.size > tape.length:
            raise _DamageError("it is cut off within a member")
        over = self.over_limit(member.size, member.size)
        return over or Locator(str(path), "span", member.offset_data, member.size, member.size, 0, -1)

    def _spooled(self, tape: _Tape, unpacked: _Unpacked, spool: IO[bytes], member: tarfile.TarInfo) -> Found:
        over = self.over_limit(member.size, member.size)
        if over:
            return over
        start, fed = spool.tell(), unpacked.fed
        for piece in tape.data(member.size):
            spool.write(piece)
        if spool.tell() - start < member.size:
            raise _DamageError("it is cut off within a member")
        over = self.over_limit(member.size, unpacked.fed - fed + unpacked.chunk)
        if over:
            spool.seek(start)
            spool.truncate()
            return over
        return Locator(spool.name, "span", start, member.size, member.size, 0, -1)

    def _spool(self) -> IO[bytes]:
        return tempfile.NamedTemporaryFile(prefix="spool-", dir=self._work, delete=False)

    def _keep(self, pieces: Iterable[bytes], shown: str) -> Path:
        """A file below the work folder with a stream's bytes, no more than a run may have in all."""
        limit, kept = self.settings.max_total_bytes, 0
        with self._spool() as spool:
            for piece in pieces:
                kept += len(piece)
                if kept > limit:
                    raise SourceError(f"{printable(shown)}: more than {limit} bytes in all (max_total_bytes)")
                spool.write(piece)
        return Path(spool.name)

    def _storable(self, path: str | Path) -> str:
        """The path of a file as text; a file whose path is no text is copied, for a locator must be storable."""
        text = os.fspath(path)
        if not _SURROGATE.search(text):
            return text
        with Path(path).open("rb") as file:
            return str(self._keep(iter(partial(file.read, MIB), b""), Path(path).name))


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=1 << 18)
    except OSError as error:
        raise _DamageError(f"cannot be opened: {why(error)}") from error


def _standard_input() -> Iterator[bytes]:
    if sys.stdin is None:
        raise SourceError("standard input: it is closed")
    return iter(partial(sys.stdin.buffer.read, MIB), b"")


# --- what a file is ------------------------------------------------------------------------

_BLOCK = 512
_MAGIC = re.compile(
    rb"(?P<zip>PK(\x03\x04|\x05\x06|\x07\x08))|(?P<gzip>\x1f\x8b\x08)|(?P<xz>\xfd7zXZ\x00)"
    rb"|(?P<bzip2>BZh[1-9](1AY&SY|\x17rE8P\x90))|(?P<zstd>\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)"
)


def _sniffed(path: str | Path) -> str | None:
    """`zip`, `tar`, or how a tar is compressed, by magic bytes; None for everything else, which is a member.

    Raises OSError for a file that cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        head = os.read(handle, _BLOCK)
    finally:
        os.close(handle)
    magic = _MAGIC.match(head)
    if magic is None:
        return "tar" if _is_tar(head) else None
    codec = magic.lastgroup or "zip"
    return codec if codec == "zip" or _holds_tar(Path(path), codec) else None


def _is_tar(block: bytes) -> bool:
    """Whether a tar begins with these bytes: by its magic, or, older than that, by a header's checksum."""
    if block[257:263] in (b"ustar\0", b"ustar "):
        return True
    if b"\0" not in block:
        return False
    with suppress(tarfile.TarError, ValueError):
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        return True
    return False


def _holds_tar(path: Path, codec: str) -> bool:
    """Whether a compressed file holds a tar; also when its first bytes cannot be read, which is for people to hear."""
    with path.open("rb") as file:
        try:
            return _is_tar(_Tape(_Unpacked(file, codec, sys.maxsize, path.name).some).read(_BLOCK))
        except _DamageError:
            return True


# --- zip -----------------------------------------------------------------------------------

_LOCAL_BYTES = 30
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_END64_LOCATOR = struct.Struct("<4sIQI")
_ZIP64_EXTRA, _UNICODE_PATH_EXTRA = 0x0001, 0x7075
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1
_DOS_FOLDER = 0x10
_UNIX_SYSTEMS = 3, 19
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _ZipDirectory:
    start: int
    size: int
    count: int
    count_bits: int
    trailing: bool
    """Whether more, or less, than its comment follows the end record."""


@dataclass(frozen=True, slots=True)
class _ZipEntry:
    raw_name: bytes
    name: str
    flaw: str | None
    folder: bool
    method: int
    crc: int
    stored: int
    size: int
    offset: int


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    """Bytes of a file, fewer at its end."""
    try:
        return os.pread(file.fileno(), size, offset)
    except (OSError, OverflowError) as error:
        raise _DamageError(f"it cannot be read: {why(error)}") from error


def _exactly(file: BinaryIO, size: int) -> bytes:
    try:
        data = file.read(size)
    except OSError as error:
        raise _DamageError(f"it cannot be read: {why(error)}") from error
    if len(data) < size:
        raise _DamageError("its central directory is cut off")
    return data


def _zip_directory(file: BinaryIO) -> _ZipDirectory:
    """Where the central directory is, from the end record (and that of zip64)."""
    length = os.fstat(file.fileno()).st_size
    base = max(0, length - _END.size - _FULL16)
    tail = _at(file, base, length - base)
    at, trailing = _zip_end(tail)
    end, bits, record = _zip64_end(file, base + at) or (base + at, 16, _END.unpack_from(tail, at)[1:7])
    disk, first_disk, here, count, size, start = record
    if disk or first_disk or here != count:
        raise _DamageError("it is one part of a split archive")
    if start + size != end:
        raise _DamageError("its central directory is not where it should be; it is cut off or damaged")
    return _ZipDirectory(start, size, count, bits, trailing)


def _zip_end(tail: bytes) -> tuple[int, bool]:
    """Offset of the end record in the last bytes of a zip, and whether something other than its comment follows."""
    at = last = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - _END.size + 4))
    while at >= 0:
        if at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail):
            return at, False
        at = tail.rfind(b"PK\5\6", 0, at + 3)
    if last < 0:
        raise _DamageError("it has no end record: it is cut off")
    return last, True


def _zip64_end(file: BinaryIO, end: int) -> tuple[int, int, tuple[int, ...]] | None:
    """Where the zip64 end record is, its bits for a count, and what it says as the old one does; None without one."""
    locator = _at(file, max(0, end - _END64_LOCATOR.size), _END64_LOCATOR.size)
    if len(locator) < _END64_LOCATOR.size or locator[:4] != b"PK\6\7":
        return None
    at = min(_END64_LOCATOR.unpack(locator)[2], end)
    record = _at(file, at, _END64.size)
    if len(record) < _END64.size or record[:4] != b"PK\6\6":
        raise _DamageError("its zip64 end record is missing")
    return at, 64, _END64.unpack(record)[4:]


def _zip_entries(file: BinaryIO, directory: _ZipDirectory) -> Iterator[_ZipEntry]:
    """The entries of the central directory, streamed; _DamageError when it does not end where it should."""
    file.seek(directory.start)
    left, count = directory.size, 0
    while left > 0:
        fields = _CENTRAL.unpack(_exactly(file, _CENTRAL.size))
        if fields[0] != b"PK\1\2":
            raise _DamageError("its central directory is damaged")
        name, extra, _ = (_exactly(file, length) for length in fields[10:13])
        left -= _CENTRAL.size + sum(fields[10:13])
        count += 1
        if left < 0:
            break
        yield _zip_entry(fields, name, extra)
    if left or count % (1 << directory.count_bits) != directory.count:
        raise _DamageError("its central directory does not hold the entries that it announces")


def _zip_entry(fields: tuple[Any, ...], raw_name: bytes, extra: bytes) -> _ZipEntry:
    _, made_by, _, flags, method, _, _, crc, stored, size, _, _, _, _, _, external, offset = fields
    blocks = dict(_extra_blocks(extra))
    size, stored, offset = _zip64_sizes((size, stored, offset), blocks.get(_ZIP64_EXTRA, b""))
    mode = external >> 16
    special = _NOT_A_FILE.get(stat.S_IFMT(mode))
    if flags & _ENCRYPTED_FLAG:
        special = "encrypted"
    dos_folder = bool(external & _DOS_FOLDER) and size == 0
    return _ZipEntry(
        raw_name=raw_name,
        name=_zip_name(raw_name, flags, made_by >> 8, blocks.get(_UNICODE_PATH_EXTRA, b"")),
        flaw=f"the entry is {special}" if special else None,
        folder=raw_name.endswith(b"/") or stat.S_ISDIR(mode) or dos_folder,
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


def _zip_data(file: BinaryIO, entry: _ZipEntry) -> int | None:
    """Where an entry's data begins; None when there is no local header of the same name."""
    head = _at(file, entry.offset, _LOCAL_BYTES + len(entry.raw_name))
    if head[:4] != b"PK\3\4" or head[_LOCAL_BYTES:] != entry.raw_name:
        return None
    name, extra = struct.unpack_from("<HH", head, 26)
    return entry.offset + len(head) + int(extra) if name == len(entry.raw_name) else None


# --- tar -----------------------------------------------------------------------------------

_LONGEST_HEADER = MIB
_PIECE = 1 << 16
_VOLUME_LABEL = b"V"
_TAR_TYPES = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
}
_HOSTILE = (tarfile.TarError, struct.error, ValueError, ArithmeticError, LookupError, RecursionError)
"""What tarfile raises on headers that somebody has broken."""


class _Tape:
    """The bytes of a tar, forwards only, as a file for tarfile; it never reads a header of absurd length."""

    def __init__(self, some: Callable[[int], bytes]) -> None:
        self.position = 0
        self.block = b""
        """What was read last: the only way to tell the end that tarfile found from one that it stumbled over."""
        self._some = some
        self._header = 0

    def next_header(self) -> None:
        """Let the next header begin; all blocks of one may take so much and no more."""
        self._header = 0

    def tell(self) -> int:
        """Offset of the next byte."""
        return self.position

    def read(self, size: int) -> bytes:
        """So many bytes, fewer at the end."""
        self._header += size
        if size < 0 or self._header > _LONGEST_HEADER:
            raise _DamageError(f"it has an absurdly long header near byte {self.position}")
        self.block = b"".join(self.data(size))
        return self.block

    def seek(self, target: int) -> None:
        """Pass over bytes."""
        self._forward(target)
        for _ in self.data(target - self.position):
            pass

    def data(self, size: int) -> Iterator[bytes]:
        """So many bytes in pieces, fewer at the end."""
        while size > 0 and (piece := self._some(size)):
            size -= len(piece)
            self.position += len(piece)
            yield piece

    def _forward(self, target: int) -> None:
        if target < self.position:
            raise _DamageError("it has a header that points backwards")


class _PlainTape(_Tape):
    """A tar that is not compressed: what nobody wants is not even read."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(self._read)
        self.length = os.fstat(file.fileno()).st_size
        self._file = file

    def seek(self, target: int) -> None:
        """Pass over bytes."""
        self._forward(target)
        self.position = min(target, self.length)
        self._file.seek(self.position)

    def _read(self, limit: int) -> bytes:
        try:
            return self._file.read(min(limit, _PIECE))
        except OSError as error:
            raise _DamageError(f"it cannot be read: {why(error)}") from error


def _tar_members(tape: _Tape) -> Iterator[tarfile.TarInfo]:
    """The headers of a tar, none of them kept; _DamageError unless it ends as a tar must, and nothing follows."""
    try:
        archive: Any = tarfile.TarFile(fileobj=cast(Any, tape), encoding="utf-8", errors="surrogateescape")
        while (member := archive.next()) is not None:
            archive.members.clear()  # tarfile would keep them all
            if member.size < 0:
                raise _DamageError(f"it has a header with a negative size near byte {tape.position}")
            yield member
            tape.next_header()
    except _HOSTILE as error:
        raise _DamageError(f"it is cut off or damaged near byte {tape.position}: {error}") from error
    empty = bytes(_BLOCK)
    if len(tape.block) == _BLOCK and tape.block != empty:
        raise _DamageError(f"it has a damaged header near byte {tape.position}")
    if tape.block != empty or tape.read(_BLOCK) != empty:
        raise _DamageError("it is cut off: it has no end mark")
    if any(piece.strip(b"\0") for piece in tape.data(sys.maxsize)):
        raise _DamageError("bytes follow its end")


def _offer(member: tarfile.TarInfo, entries: _Entries, locate: Callable[[], Found]) -> None:
    if member.isdir() or member.type == _VOLUME_LABEL:
        return
    if member.issparse():
        entries.offer(member.name, None, lambda: _unreadable("the entry is a sparse file"))
        return
    entries.offer(member.name, _tar_flaw(member), locate)


def _tar_flaw(member: tarfile.TarInfo) -> str | None:
    return None if member.isreg() else f"the entry is {_TAR_TYPES.get(member.type, 'of an unknown type')}"


# --- compressed streams --------------------------------------------------------------------


class _Decoder(Protocol):
    """What bz2 and lzma offer: one stream, a bounded piece at a time, that knows whether it has ended."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Up to so many bytes."""


class _Gzip:
    """A member of a gzip file, in the manner of bz2 and lzma."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(31)  # 31: with the header, and its checksum and length are tested

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


class _Zstd:
    """A frame of a zstd file. A stream_reader would end at a cut as if all were well; this knows its frame's end."""

    needs_input = True

    def __init__(self) -> None:
        import zstandard

        self._frame = zstandard.ZstdDecompressor(max_window_size=128 * MIB).decompressobj()
        self._error = zstandard.ZstdError

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, _max_length: int = -1) -> bytes:
        try:
            return self._frame.decompress(data) if data else b""
        except self._error as error:
            raise ValueError(str(error)) from error


_DECODERS: dict[str, tuple[Callable[[], _Decoder], int]] = {
    "gzip": (_Gzip, 4096),
    "bzip2": (bz2.BZ2Decompressor, 4096),
    "xz": (partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, memlimit=256 * MIB), 4096),
    "zstd": (_Zstd, 1024),  # 4 bytes can stand for 128 KiB, and a frame gives all that its input stands for
}
"""For each codec its decoder and how many bytes it is fed at a time."""


class _Unpacked:
    """The bytes in a compressed file of one or more streams; _DamageError unless the last one ends with the file."""

    def __init__(self, file: BinaryIO, codec: str, limit: int, shown: str) -> None:
        self._file = file
        self._codec = codec
        self._new, self.chunk = _DECODERS[codec]
        self._decoder = self._new()
        self._pending = b""
        self._ready = b""
        self._at = 0
        self._left = limit
        self._shown = shown
        self.fed = 0
        """Compressed bytes taken so far."""

    def some(self, limit: int) -> bytes:
        """One to ``limit`` bytes, none at the end."""
        if self._at == len(self._ready):
            self._ready, self._at = self._piece(), 0
            self._left -= len(self._ready)
            if self._left < 0:
                raise SourceError(f"{self._shown}: unpacks to more bytes than a run may have (max_total_bytes)")
        piece = self._ready[self._at : self._at + limit]
        self._at += len(piece)
        return piece

    def _piece(self) -> bytes:
        try:
            while not self._decoder.eof or self._next_stream():
                data = self._take() if self._decoder.needs_input else b""
                if piece := self._decoder.decompress(data, _PIECE):
                    return piece
        except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
            raise _DamageError(f"its {self._codec} data is damaged: {why(error)}") from error
        return b""

    def _take(self) -> bytes:
        """The next compressed bytes of a stream that has not ended."""
        data, self._pending = self._pending or self._file.read(self.chunk), b""
        if not data:
            raise _DamageError(f"its {self._codec} data is cut off")
        self.fed += len(data)
        return data

    def _next_stream(self) -> bool:
        """Whether another stream follows; zeros at the end are padding."""
        rest = self._decoder.unused_data
        while not rest.strip(b"\0"):
            rest = self._file.read(self.chunk)
            if not rest:
                return False
        rest = rest.lstrip(b"\0")
        rest += self._file.read(self.chunk - len(rest)) if len(rest) < self.chunk else b""
        magic = _MAGIC.match(rest)
        if magic is None or magic.lastgroup != self._codec:
            raise _DamageError("bytes follow its end")
        self._decoder, self._pending = self._new(), rest
        return True


# --- reading -------------------------------------------------------------------------------

_FILES_OPEN = 16


def _inflated(data: bytes, limit: int) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, limit)


def _bunzipped(data: bytes, limit: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, limit)


def _unlzma(data: bytes, limit: int) -> bytes:
    """Zip puts two version bytes and a length before the properties of an lzma file, and leaves the size out."""
    decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=256 * MIB)
    return decoder.decompress(data[4:9] + b"\xff" * 8 + data[9:], limit)


_METHODS: dict[int, Callable[[bytes, int], bytes]] = {
    0: lambda data, _limit: data,
    8: _inflated,
    12: _bunzipped,
    14: _unlzma,
}
"""How the compression methods of a zip are undone, to at most so many bytes."""


class Reader:
    """Reads members by their locators; one for each process, which keeps a few containers open until `close`."""

    def __init__(self, settings: Settings) -> None:
        self._limit = settings.max_member_bytes
        self._open: dict[str, int] = {}

    def read(self, locator: Locator) -> bytes | Rejection:
        """A member's bytes, or why they cannot be had: damaged, over a limit, or a file that is gone.

        Raises SourceError when an archive is gone or was changed since it was scanned.
        """
        if locator.kind == "file":
            return self._file(locator.container)
        data = self._span(locator)
        return data if locator.kind == "span" else _unzipped(data, locator)

    def close(self) -> None:
        """Close all containers; the reader can still be used."""
        while self._open:
            os.close(self._open.popitem()[1])

    def _file(self, path: str) -> bytes | Rejection:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            return _unreadable(f"the file cannot be opened: {why(error)}")
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return _unreadable("the file is a file no more")
            data = _all_of(handle, self._limit + 1)
        except OSError as error:
            return _unreadable(f"the file cannot be read: {why(error)}")
        finally:
            os.close(handle)
        if len(data) > self._limit:
            return _unreadable(f"the file is over the limit of {self._limit} bytes (max_member_bytes)")
        return data

    def _span(self, locator: Locator) -> bytes:
        name = printable(Path(locator.container).name)
        try:
            data = os.pread(self._handle(locator.container), locator.stored, locator.offset)
        except OSError as error:
            raise SourceError(f"{name}: cannot be read: {why(error)}") from error
        if len(data) < locator.stored:
            raise SourceError(f"{name}: was changed while it was read")
        return data

    def _handle(self, path: str) -> int:
        handle = self._open.pop(path, None)
        if handle is None:
            if len(self._open) >= _FILES_OPEN:
                os.close(self._open.pop(next(iter(self._open))))  # the one that was not used for longest
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._open[path] = handle
        return handle


def _all_of(handle: int, limit: int) -> bytes:
    """A file from its start, at most ``limit`` bytes, whatever its size was or is."""
    pieces, size = [], 0
    while size < limit and (piece := os.read(handle, min(MIB, limit - size))):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _unzipped(data: bytes, locator: Locator) -> bytes | Rejection:
    try:
        plain = _METHODS[locator.method](data, locator.size + 1)
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
        return _unreadable(f"the compressed data is damaged: {why(error)}")
    if len(plain) != locator.size:
        more = "more" if len(plain) > locator.size else "less"
        return _unreadable(f"the data is {more} than the {locator.size} bytes that the archive announces")
    if zlib.crc32(plain) != locator.crc:
        return _unreadable(f"the checksum is {zlib.crc32(plain):08x}, the archive says {locator.crc:08x}")
    return plain
