"""Containers and members: folders, zip and tar archives, single files, standard input, http(s) addresses.

`scan` is the index pass: it streams every entry of every source to a callback and holds none of them. What it hands
over is a `Locator`, small enough for a row of a table, with which a `Reader` in any process gets at the bytes later
(`members`). Nothing here judges content, and nothing is ever written under a member's own name (q7x2, Containers).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO
from urllib.parse import unquote, urlsplit

from etl.extract import handles
from etl.extract.members import Locator, too_large, unopened, unreadable
from etl.extract.names import SURROGATE, control, globs, noise, special, tidy, unsafe
from etl.extract.remote import downloaded, is_address, without_secrets
from etl.extract.streams import MAGIC, Unpacked
from etl.extract.tars import BLOCK, PlainTape, Tape, TarEntry, is_tar, tar_entries
from etl.extract.trouble import DamageError, Seen, SourceError, check_unchanged, look
from etl.extract.zips import LOCAL_BYTES, METHODS, ZipDirectory, ZipEntry, zip_data, zip_directory, zip_entries
from etl.model import Rejection
from etl.plain import printable
from etl.settings import CONFIG_NAME, MIB, Settings, is_local
from etl.trouble import why


@dataclass(slots=True)
class Bundle:
    """What is known about a bundle after its entries were handed over."""

    number: int
    """Its index in the list that `scan` returns."""
    name: str
    source: str
    """The source as the operator gave it; of an archive in a folder, its path through that folder."""
    given: str
    """The source as the operator gave it, also of an archive in a folder."""
    told: str
    """The source as people may see it: no password, no control character."""
    shown: str
    """What people are told it is: its name; where another bundle has that name, too, its source."""
    prefix: str = ""
    """The folders that all members share, with a trailing slash, or nothing. It is no part of their names; the name
    of a refused entry need not begin with it."""
    skipped: Counter[str] = field(default_factory=Counter)
    """How many entries were passed over, by reason; for the printed report only."""
    trouble: str | None = None
    """A sentence, when the container could not be read to its end; the entries before that were handed over."""
    filled: bool = False
    """Whether any entry was handed over."""
    seen: Seen | None = None
    """The file that members are read from later, as it is now; whoever has read them asks `check_unchanged`."""
    settings_files: list[str] = field(default_factory=list)
    """Names of the first few entries that were passed over as files of settings."""
    unsure: bool = False
    """Whether `left_out` has to be asked about the entries: `ignore` was asked before the prefix was known."""
    folders: list[Seen] = field(default_factory=list)
    """The folders that were listed. Until all members were read once these must not change, or the run would be of
    two moments; after that, each member is held against the bytes that were read."""


Found = Locator | Rejection
Add = Callable[[int, str, Found], None]


def scan(
    sources: Sequence[str],
    settings: Settings,
    work: Path,
    add: Add,
    leave_out: Sequence[Path] = (),
    *,
    sha256: str | None = None,
) -> list[Bundle]:
    """Stream every entry of every source to ``add(bundle number, name, where or why not)``; the bundles, by number.

    A name is as in the container, parted by single slashes, without `.` segments; bytes that are not text became
    U+FFFD, so did a NUL. It is not in NFC, and the bundle's prefix is still on it. The order is that of the containers.
    A bundle may have no member at all, such as a folder that holds nothing but archives. Of a bundle that is ``unsure``
    some entries may be ones to pass over.

    Compressed tars, standard input and downloads are spooled to files below ``work``, an existing folder that the
    caller deletes after the last `Reader`. What is in ``leave_out`` is passed over with all that it holds.

    Raises SourceError for a source that cannot be opened, for an archive that changes, for `max_members` and
    `max_total_bytes`, and for a source that is no folder and has another SHA-256 than ``sha256`` (in lower case).
    """
    run = _Scan(settings, work, add, leave_out, sha256)
    for source in sources:
        run.source(source)
    _tell_apart(run.bundles)
    return run.bundles


def left_out(bundles: Sequence[Bundle], settings: Settings) -> Callable[[int, str], bool]:
    """Whether `ignore` fits an entry that was handed over, now that the prefix of its bundle is known.

    To be asked once for each entry: where it fits, the entry counts as skipped.
    """
    ignored = globs(settings.ignore)

    def is_left_out(number: int, name: str) -> bool:
        bundle = bundles[number]
        fits = bundle.unsure and ignored is not None and unsafe(name) is None and _fits(ignored, name, bundle.prefix)
        if fits:
            bundle.skipped["ignored"] += 1
        return fits

    return is_left_out


def _fits(ignored: re.Pattern[str], name: str, prefix: str) -> bool:
    """Whether a glob fits a name as it is without the folders that all members share."""
    return ignored.match(unicodedata.normalize("NFC", name.removeprefix(prefix))) is not None


def _tell_apart(bundles: Sequence[Bundle]) -> None:
    """Bundles are shown by their names where those are theirs alone."""
    named = [(bundle, unicodedata.normalize("NFC", bundle.name)) for bundle in bundles]
    taken = Counter(shown for bundle, name in named if bundle.filled for shown in {name, bundle.shown})
    for bundle, name in named:
        if taken[name] <= bundle.filled:
            bundle.shown = name


# --- what happens to one entry -------------------------------------------------------------


def _refused(reason: str) -> Rejection:
    return Rejection("member.refused", reason, "the entry was left out and never opened")


class _Entries:
    """Takes the entries of one bundle: passes over, refuses, counts, and learns the folders that members share."""

    def __init__(self, run: _Scan, shown: str, name: str) -> None:
        self.shown = printable(shown)
        told = printable(run.origin) if is_local(run.origin) else self.shown
        self.bundle = Bundle(len(run.bundles), SURROGATE.sub("\ufffd", name), run.origin, run.given, told, told)
        self._run = run
        self._prefix: str | None = None
        run.bundles.append(self.bundle)

    def offer(
        self,
        raw: str,
        flaw: str | None,
        locate: Callable[[], Found | None],
        is_bundle: Callable[[], bool] = lambda: False,
    ) -> None:
        """Hand one entry over; ``locate`` is asked only when nothing speaks against opening it.

        It may answer None: the entry is a bundle of its own; ``is_bundle`` says so of one that is passed over.
        ``flaw`` says what the entry is instead of a file that can be read.

        Globs see a name without the folders that all members share, ignored members among them. These folders can
        only become fewer: what fits without those that are shared up to now is ignored; what fits only with some of
        them is handed over, and decided when the last entry was seen (`left_out`).
        """
        name = tidy(raw)
        outside = unsafe(name)  # before what is passed over: ".." begins with a dot, too
        if outside is None and (reason := self._run.noise(name)):
            self.skip(reason, name)
            return
        refusal = outside or control(name) or (flaw and f"the entry is {flaw}")
        if outside is None and self._run.ignores(name):
            most = self._shared(name)
            if self._run.ignores(name, most):
                if not refusal and most != self._prefix and not is_bundle():
                    self._prefix = most
                self.skip("ignored")
                return
            self.bundle.unsure = True
        found = _refused(refusal) if refusal else locate()
        if found is None:
            return
        if not refusal:
            self._prefix = self._shared(name)
        self.bundle.filled = True
        self._run.count(found, self.shown)
        self._run.add(self.bundle.number, name.replace("\0", "\ufffd"), found)  # the facts file cuts a text at a NUL

    def pass_over(self) -> None:
        """Take note of an entry that is none of the bundle's, such as a folder."""
        self._run.take_note(self.shown)

    def skip(self, reason: str, name: str = "") -> None:
        """Count an entry that is passed over."""
        self.pass_over()
        self.bundle.skipped[reason] += 1
        if reason == "settings" and len(self.bundle.settings_files) < _MOST_SETTINGS_FILES:
            self.bundle.settings_files.append(name)

    def trouble(self, reason: str) -> None:
        """Note why the container cannot be read to its end; the first reason stays."""
        self.bundle.trouble = self.bundle.trouble or f"{self.shown}: {reason}"

    def close(self) -> None:
        """Settle prefix and name, after the last entry."""
        if self._prefix:
            self.bundle.prefix = self._prefix
            self.bundle.name = unicodedata.normalize("NFC", PurePosixPath(self._prefix).name)

    def _shared(self, name: str) -> str:
        """The folders that all members share, a further one of this name among them."""
        prefix = name[: name.rfind("/") + 1] if self._prefix is None else self._prefix
        while not name.startswith(prefix):
            prefix = prefix[: prefix.rfind("/", 0, -1) + 1]
        return prefix


# --- the sources ---------------------------------------------------------------------------

_CONTAINER_EXTENSION = re.compile(r"\.(zip|tar|tgz|tbz2?|txz|tzst|(tar\.)?(gz|bz2|xz|zst|zstd))$", re.IGNORECASE)
_NAMELESS = "source"
_MOST_SETTINGS_FILES = 10
_MOST_OVERLAP = 2
"""How often each byte of a zip may be in an entry before the rest of them is not even looked at: it is a bomb."""
_MOST_PASSED, _PASSED_FOR_A_MEMBER = 1000, 2
"""Entries that a run passes over at most, folders among them: some, and more where it may have more members."""


def _stem(name: str) -> str:
    """The name of a bundle without shared folders: a file's name without the container's extensions.

    >>> _stem("export-2019.tar.gz"), _stem("wiki.v2.ZIP"), _stem(".zip"), _stem("dump.bin")
    ('export-2019', 'wiki.v2', '.zip', 'dump.bin')
    """
    return _CONTAINER_EXTENSION.sub("", name) or name


class _Scan:
    """One index pass over all sources: limits and spool files are those of the whole run."""

    def __init__(self, settings: Settings, work: Path, add: Add, leave_out: Iterable[Path], sha256: str | None) -> None:
        self.settings = settings
        self.add = add
        self.bundles: list[Bundle] = []
        self.given = self.origin = ""
        self._work = work
        self._sha256 = sha256
        self._leave_out = [path.parent.resolve() / path.name for path in leave_out]
        self._ignored = globs(settings.ignore)
        of_settings = CONFIG_NAME, PurePosixPath(settings.redirects or CONFIG_NAME).name
        self.noise = partial(noise, of_settings=[unicodedata.normalize("NFC", name) for name in of_settings])
        """Why an entry is passed over whatever `ignore` says, or None."""
        self._members = 0
        self._passed = 0
        self._bytes = 0

    def source(self, source: str) -> None:
        """Scan one source of the command line."""
        self.given = self.origin = source
        if source == "-":
            self._file(self._keep(_standard_input(), "standard input"), "standard input", "stdin")
        elif is_address(source):
            self._address(source)
        elif re.match(r"[a-z][a-z0-9+.-]*://", source, re.IGNORECASE) and not os.path.lexists(source):
            scheme = source.partition(":")[0]
            raise SourceError(f"{printable(scheme)}: addresses are read by http and https alone; fetch the file first")
        else:
            self._local(Path(source))

    def ignores(self, name: str, prefix: str = "") -> bool:
        """Whether `ignore` fits a name without so many folders."""
        return self._ignored is not None and _fits(self._ignored, name, prefix)

    def over_limit(self, size: int, stored: int) -> Rejection | None:
        """What speaks against a member of ``size`` bytes that takes ``stored`` in its container."""
        limit, ratio = self.settings.max_member_bytes, self.settings.max_ratio
        if size > limit:
            return too_large(size, limit)
        if size > MIB and size > ratio * stored:
            return unreadable(f"{size} bytes out of {stored} are over the compression ratio of {ratio} (max_ratio)")
        return None

    def count(self, found: Found, shown: str) -> None:
        """Count one more entry against the limits of the run."""
        self._members += 1
        self._bytes += found.size if isinstance(found, Locator) else 0
        if self._members > self.settings.max_members:
            raise SourceError(f"{shown}: more than {self.settings.max_members} members (max_members)")
        if self._bytes > self.settings.max_total_bytes:
            raise SourceError(f"{shown}: more than {self.settings.max_total_bytes} bytes in all (max_total_bytes)")

    def take_note(self, shown: str) -> None:
        """Count one more entry that is no member: somebody could pack headers of such without end."""
        self._passed += 1
        most = _MOST_PASSED + _PASSED_FOR_A_MEMBER * self.settings.max_members
        if self._passed > most:
            raise SourceError(f"{shown}: more than {most} entries that are no members (from max_members)")

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
        shown = without_secrets(parts)
        name = PurePosixPath(unquote(parts.path)).name or "download"
        self._file(self._keep(downloaded(url, shown, self.settings.max_total_bytes), shown), shown, name)

    def _file(self, path: Path, shown: str, name: str) -> None:
        """A file named by the operator: an archive, or a bundle of one member, named without its extension."""
        seen = look(path, shown)
        try:
            codec = _sniffed(path)
            found = _digest(path) if self._sha256 else None
        except OSError as error:
            raise SourceError(f"{printable(shown)}: cannot be opened: {why(error)}") from error
        if found != self._sha256:
            raise SourceError(f"{printable(shown)}: its SHA-256 is {found}, not {self._sha256} (--sha256)")
        if codec:
            self._archive(seen, codec, _stem(name))
            return
        entries = _Entries(self, shown, PurePosixPath(name).stem)
        entries.offer(name, None, partial(self._plain, path, seen.size))
        entries.bundle.seen = seen
        entries.close()

    def _folder(self, root: Path, shown: str) -> None:
        """Its loose files are one bundle, each archive in it another; those in the order of their names."""
        entries = _Entries(self, shown, root.resolve().name or _NAMELESS)
        archives: dict[str, str] = {}
        for entry, name in self._walk(root, shown, entries):
            self._loose(entry, name, entries, archives)
        entries.close()
        for name in sorted(archives, key=os.fsencode):
            if self.ignores(name, entries.bundle.prefix):
                entries.skip("ignored")
                continue
            path = root / name
            self.origin = str(path)
            self._archive(look(path, f"{shown.rstrip('/')}/{name}"), archives[name], _stem(path.name))

    def _walk(self, root: Path, shown: str, entries: _Entries) -> Iterator[tuple[os.DirEntry[str], str]]:
        """Every entry below a folder but folders, with its name; in no order, and no link is followed."""
        todo = [("", os.fspath(root))]
        while todo:
            prefix, folder = todo.pop()
            entries.bundle.folders.append(look(Path(folder), f"{shown.rstrip('/')}/{prefix}"))
            here = Path(folder).resolve()
            left_out = {path.name for path in self._leave_out if path.parent == here}
            try:
                with os.scandir(folder) as found:
                    for entry in found:
                        name = prefix + entry.name
                        if entry.name in left_out:
                            entries.skip("left out")
                        elif not entry.is_dir(follow_symlinks=False):
                            yield entry, name
                        elif reason := noise(name):
                            entries.skip(reason)
                        else:
                            todo.append((name + "/", entry.path))
            except OSError as error:
                entries.trouble(f"the folder {prefix!r} cannot be listed: {why(error)}")

    def _loose(self, entry: os.DirEntry[str], name: str, entries: _Entries, archives: dict[str, str]) -> None:
        """Offer one entry of a folder; an archive goes to ``archives`` instead."""

        def locate() -> Found | None:
            try:
                codec = _sniffed(entry.path)
            except OSError as error:
                return unopened(entry.path, error)
            if codec is None:
                return self._plain(entry.path, status.st_size)
            archives[name] = codec
            return None

        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            entries.offer(name, None, partial(unopened, entry.path, error))
            return
        entries.offer(name, special(status.st_mode), locate, partial(_is_archive, entry.path))

    def _plain(self, path: str | Path, size: int) -> Found:
        return self.over_limit(size, size) or Locator(self._storable(path), "file", 0, size, size, 0, -1)

    def _archive(self, seen: Seen, codec: str, name: str) -> None:
        path, entries = seen.path, _Entries(self, seen.shown, name)
        try:
            if codec == "zip":
                self._zip(Path(self._storable(path)), entries)
            else:
                self._tar(Path(self._storable(path)) if codec == "tar" else path, codec, entries)
        except DamageError as damage:
            entries.trouble(str(damage))
        check_unchanged([seen])
        if codec in ("zip", "tar"):  # the members of others are in a spool file by now
            entries.bundle.seen = seen
        entries.close()

    def _zip(self, path: Path, entries: _Entries) -> None:
        with _opened(path) as file:
            directory = zip_directory(file)
            taken = 0
            for entry in zip_entries(file, directory):
                if entry.folder:
                    entries.pass_over()
                    continue
                length = LOCAL_BYTES + len(entry.raw_name) + entry.stored
                taken += length if length <= directory.start else 0  # such an entry points outside, it is told there
                if taken > _MOST_OVERLAP * directory.start:
                    break
                entries.offer(entry.name, entry.flaw, partial(self._zip_member, file, path, entry, directory, entries))
        if taken > directory.start:  # only entries that share bytes can be longer than all that there is
            raise DamageError("its entries overlap")
        if directory.trailing:
            raise DamageError("bytes follow its end, or its comment is cut off")

    def _zip_member(
        self, file: BinaryIO, path: Path, entry: ZipEntry, directory: ZipDirectory, entries: _Entries
    ) -> Found:
        over = self.over_limit(entry.size, entry.stored)
        if over:
            return over
        if entry.method not in METHODS:
            return unreadable(f"the compression method {entry.method} is not supported")
        if entry.stored > self.settings.max_member_bytes + MIB:  # more than any compressor adds
            return unreadable(f"{entry.stored} compressed bytes are over the limit (max_member_bytes)")
        inside = entry.offset + LOCAL_BYTES + len(entry.raw_name) + entry.stored <= directory.start
        start = zip_data(file, entry) if inside else 0
        if start is None:
            return unreadable(f"the archive has no entry of this name at byte {entry.offset}")
        if not inside or start + entry.stored > directory.start:
            entries.trouble("an entry points outside the archive")
            return unreadable("the entry points outside the archive")
        return Locator(str(path), "zip", start, entry.stored, entry.size, entry.method, entry.crc)

    def _tar(self, path: Path, codec: str, entries: _Entries) -> None:
        """A plain tar is read where it is; the members of a compressed one go, end to end, to one spool file."""
        with ExitStack() as files:
            file = files.enter_context(_opened(path))
            if codec == "tar":
                plain = PlainTape(file)
                for entry in tar_entries(plain):
                    _offer(entry, entries, partial(self._tar_member, plain, path, entry))
                return
            unpacked = Unpacked(file, codec, self._tar_limit(), entries.shown)
            tape = Tape(unpacked.some)
            spool = files.enter_context(self._spool())
            for entry in tar_entries(tape):
                _offer(entry, entries, partial(self._spooled, tape, unpacked, spool, entry))

    def _tar_limit(self) -> int:
        """How long a tar within the limits may be: a tar spends about 2 KiB on headers and padding for each member."""
        return self.settings.max_total_bytes + 2048 * self.settings.max_members + MIB

    def _tar_member(self, tape: PlainTape, path: Path, entry: TarEntry) -> Found:
        if entry.offset + entry.size > tape.length:
            raise DamageError("it is cut off within a member")
        over = self.over_limit(entry.size, entry.size)
        return over or Locator(str(path), "span", entry.offset, entry.size, entry.size, 0, -1)

    def _spooled(self, tape: Tape, unpacked: Unpacked, spool: IO[bytes], entry: TarEntry) -> Found:
        over = self.over_limit(entry.size, entry.size)
        if over:
            return over
        start, fed = spool.tell(), unpacked.fed
        for piece in tape.data(entry.size):
            spool.write(piece)
        if spool.tell() - start < entry.size:
            raise DamageError("it is cut off within a member")
        over = self.over_limit(entry.size, unpacked.fed - fed + unpacked.chunk)
        if over:
            spool.seek(start)
            spool.truncate()
            return over
        return Locator(spool.name, "span", start, entry.size, entry.size, 0, -1)

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
        if not SURROGATE.search(text):
            return text
        with Path(path).open("rb") as file:
            return str(self._keep(iter(partial(file.read, MIB), b""), Path(path).name))


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=1 << 18)
    except OSError as error:
        raise DamageError(f"cannot be opened: {why(error)}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _standard_input() -> Iterator[bytes]:
    if sys.stdin is None:
        raise SourceError("standard input: it is closed")
    return iter(partial(sys.stdin.buffer.read, MIB), b"")


# --- what a file is ------------------------------------------------------------------------


def _sniffed(path: str | Path) -> str | None:
    """`zip`, `tar`, or how a tar is compressed, by magic bytes; None for everything else, which is a member.

    Raises OSError for a file that cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        head = handles.read(handle, BLOCK)
    finally:
        os.close(handle)
    magic = MAGIC.match(head)
    if magic is None:
        return "tar" if is_tar(head) else None
    codec = magic.lastgroup or "zip"
    return codec if codec == "zip" or _holds_tar(Path(path), codec) else None


def _is_archive(path: str) -> bool:
    """Whether a file that nobody asked for is an archive; not when it cannot be read, or is gone by now."""
    try:
        return _sniffed(path) is not None
    except OSError:
        return False


def _holds_tar(path: Path, codec: str) -> bool:
    """Whether a compressed file holds a tar; also when its first bytes cannot be read, which is for people to hear."""
    with path.open("rb") as file:
        try:
            return is_tar(Tape(Unpacked(file, codec, sys.maxsize, path.name).some).read(BLOCK))
        except DamageError:
            return True


def _offer(entry: TarEntry, entries: _Entries, locate: Callable[[], Found]) -> None:
    if entry.passed_over:
        entries.pass_over()
    elif entry.sparse:
        entries.offer(entry.name, entry.flaw, lambda: unreadable("the entry is a sparse file"))
    else:
        entries.offer(entry.name, entry.flaw, locate)
