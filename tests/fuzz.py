"""Inputs that nobody thought of: mutated seeds through the cleaner and the readers, until the time is over.

    python tests/fuzz.py body --seconds 60
    python tests/fuzz.py bundle --seconds 600 --seed 7 --keep /tmp/faults
    python tests/fuzz.py record --seeds FOLDER     members of an export as seeds, too

With atheris (``pip install atheris``) the search follows what each input reaches in the code; without it, or with
``--plain``, seeds are mutated blindly, and the same seed tries the same inputs. Prints how many inputs were tried,
and of each fault the smallest input that shows it. Status 1 when there is one.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import importlib
import importlib.util
import io
import lzma
import os
import random
import re
import shutil
import signal
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote, quote_plus

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from etl.addresses import Address
    from etl.extract.members import Locator
    from etl.settings import Settings

LONGEST = 5  # seconds of processor time for one input, before it counts as endless
MOST_CHECKS = 3_000  # tries to make the input of one fault smaller
MOST_SECONDS = 20
SHOWN = 300

Check = Callable[[bytes], Iterable[str]]
"""From an input to its faults, each one a cause: equal for inputs that fail for the same reason."""


@dataclass(frozen=True)
class Target:
    """A part of the tool: what it is fed with, and what must hold."""

    check: Check
    seeds: Sequence[bytes]
    longest: int
    """Bytes of an input."""
    words: re.Pattern[bytes]
    """Pieces of seeds that are worth putting elsewhere."""
    mend: Callable[[bytes], bytes] = bytes
    """Makes an input right again that would only be refused for a checksum."""


@dataclass
class Tally:
    """What was tried, and what came of it."""

    check: Check
    keep: Path | None
    tried: int = 0
    faults: dict[str, bytes] = field(default_factory=dict)
    """The smallest input so far, by cause."""
    counts: dict[str, int] = field(default_factory=dict)

    def take(self, data: bytes) -> None:
        """Try one input."""
        self.tried += 1
        for cause in causes(self.check, data):
            self.counts[cause] = self.counts.get(cause, 0) + 1
            if cause not in self.faults or len(data) < len(self.faults[cause]):
                self.faults[cause] = data
                self.write(cause)

    def write(self, cause: str) -> None:
        """Keep the input of a fault as a file, so that a process that dies has not found it in vain."""
        if self.keep:
            name = re.sub(r"[^\w]+", "-", cause)[:100].strip("-")
            (self.keep / f"{name}.input").write_bytes(self.faults[cause])

    def report(self, seconds: float) -> int:
        """Print the outcome; the exit status."""
        rate = self.tried / max(seconds, 0.001)
        print(f"{self.tried:,} inputs, {rate:,.0f} a second; {len(self.faults)} faults", flush=True)
        for cause in sorted(self.faults, key=lambda cause: -self.counts[cause]):
            self.faults[cause] = smallest(self.check, self.faults[cause], cause)
            self.write(cause)
            shown = ascii(self.faults[cause])[1:]
            more = f" … ({len(self.faults[cause])} bytes)" if len(shown) > SHOWN else ""
            print(f"{self.counts[cause]:6} times: {ascii(cause)[1:-1]}\n        {shown[:SHOWN]}{more}", flush=True)
        return 1 if self.faults else 0


def main() -> int:
    """Fuzz one target for a time."""
    options = arguments()
    guided = not options.plain and importlib.util.find_spec("atheris") is not None
    with tempfile.TemporaryDirectory(prefix="wiki-etl-fuzz-") as name:
        work = Path(name)
        with instrumented() if guided else nullcontext():
            target = TARGETS[options.target](work, options.seeds)
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
        tally = Tally(target.check, options.keep)
        how = "guided by atheris" if guided else "without guidance"
        print(f"{options.target}: {len(target.seeds):,} seeds, {options.seconds} s, {how}", flush=True)
        search = guided_search if guided else plain_search
        return search(target, tally, options, work)


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another one, other inputs (default: 1)")
    parser.add_argument("--seeds", type=Path, action="append", default=[], metavar="FOLDER", help="members as seeds")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the input of each fault to a file there")
    parser.add_argument("--plain", action="store_true", help="without atheris, even where it is installed")
    return parser.parse_args()


# --- the search ----------------------------------------------------------------------------


def instrumented() -> Any:
    """A block in which imported modules of the tool learn to say what they reach."""
    atheris: Any = importlib.import_module("atheris")
    return atheris.instrument_imports(include=["etl"])


def guided_search(target: Target, tally: Tally, options: argparse.Namespace, work: Path) -> NoReturn:
    """Inputs that libFuzzer breeds from the seeds; its loop never returns, so the process ends here."""
    atheris: Any = importlib.import_module("atheris")
    corpus = work / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / f"{number:06}").write_bytes(seed)
    mutator = Mutator(target, random.Random(options.seed))
    started = time.monotonic()

    def one(data: bytes) -> None:
        if time.monotonic() - started > options.seconds:
            status = tally.report(time.monotonic() - started)
            shutil.rmtree(work, ignore_errors=True)
            os._exit(status)
        tally.take(data)

    def mutated(data: bytes, longest: int, _seed: int) -> bytes:
        if mutator.random.random() < 0.5:
            bred: bytes = atheris.Mutate(data, longest)
            return target.mend(bred)[:longest]
        return mutator.mutated(data)[:longest]

    flags = [f"-seed={options.seed}", f"-max_len={target.longest}", f"-artifact_prefix={work}/", "-verbosity=0"]
    flags += ["-timeout=300", str(corpus)]
    atheris.Setup([sys.argv[0], *flags], one, custom_mutator=mutated)
    atheris.Fuzz()
    raise AssertionError("the loop of atheris does not return")


def plain_search(target: Target, tally: Tally, options: argparse.Namespace, _work: Path) -> int:
    """Each seed as it is, then mutations of seeds picked blindly."""
    mutator = Mutator(target, random.Random(options.seed))
    started = time.monotonic()
    inputs: Iterator[bytes] = iter(target.seeds)
    while time.monotonic() - started < options.seconds:
        data = next(inputs, None)
        tally.take(mutator.mutated(mutator.random.choice(target.seeds)) if data is None else data)
    return tally.report(time.monotonic() - started)


class Mutator:
    """Changes inputs by pieces of other inputs."""

    def __init__(self, target: Target, random: random.Random) -> None:
        self.target = target
        self.random = random
        self.words: list[bytes] = sorted({word for seed in target.seeds for word in target.words.findall(seed)})

    def mutated(self, data: bytes) -> bytes:
        """The input after one to five changes."""
        for _ in range(self.random.randint(1, 5)):
            data = self.random.choice((self._insert, self._insert, self._cut, self._repeat, self._cross, self._flip))(
                data
            )
        return self.target.mend(data[: self.target.longest])

    def _range(self, data: bytes) -> tuple[int, int]:
        start = self.random.randint(0, len(data))
        return start, min(len(data), start + int(self.random.expovariate(0.1)) + 1)

    def _insert(self, data: bytes) -> bytes:
        start, end = self._range(data)
        return data[:start] + self.random.choice(self.words) + data[self.random.choice((start, end)) :]

    def _cut(self, data: bytes) -> bytes:
        start, end = self._range(data)
        return data[:start] + data[end:]

    def _repeat(self, data: bytes) -> bytes:
        start, end = self._range(data)
        return data[:start] + data[start:end] * self.random.choice((2, 2, 3, 40)) + data[end:]

    def _cross(self, data: bytes) -> bytes:
        other = self.random.choice(self.target.seeds)
        return data[: self.random.randint(0, len(data))] + other[self.random.randint(0, len(other)) :]

    def _flip(self, data: bytes) -> bytes:
        if not data:
            return data
        place = self.random.randrange(len(data))
        return data[:place] + bytes([self.random.choice((0, 32, 48, 127, 255, data[place] ^ 1))]) + data[place + 1 :]


# --- faults --------------------------------------------------------------------------------


class TooSlowError(BaseException):
    """An input takes longer than `LONGEST`; no Exception, so that nobody on the way takes it for theirs."""


def causes(check: Check, data: bytes) -> list[str]:
    """The faults of an input; an exception is one, under the innermost line of the tool that it came through."""
    try:
        with limited():
            return list(dict.fromkeys(check(data)))
    except (Exception, TooSlowError) as error:  # noqa: BLE001  # whatever it is, it is what is looked for
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if f"{ROOT}/etl/" in frame.filename] or frames
        place = f"{Path(ours[-1].filename).relative_to(ROOT)}: {ours[-1].name}"
        return [f"endless in {place}" if isinstance(error, TooSlowError) else f"{type(error).__name__} in {place}"]


@contextmanager
def limited() -> Iterator[None]:
    """A block that may take `LONGEST` seconds of processor time."""

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise TooSlowError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def smallest(check: Check, data: bytes, cause: str) -> bytes:
    """The input without every piece that the fault does without, from halves to single bytes."""
    checks, started, size = 0, time.monotonic(), max(len(data) // 2, 1)
    while size and checks < MOST_CHECKS and time.monotonic() - started < MOST_SECONDS:
        before, place = len(data), 0
        while place < len(data) and checks < MOST_CHECKS:
            without = data[:place] + data[place + size :]
            checks += 1
            if cause in causes(check, without):
                data = without
            else:
                place += size
        if size > 1 or len(data) == before:
            size //= 2
    return data


# --- bodies --------------------------------------------------------------------------------

TEXT = re.compile(rb"</?[\w:-]*|&#?\w+;|[{(\[]+\w*|\w+|[ \t]+|\n+|[^\w\s]+")


def body(_work: Path, folders: Sequence[Path]) -> Target:
    """The cleaner: no word without its rule, nothing left to clean, and only what is allowed on the page."""
    from etl.extract.record import read_record
    from etl.model import Rejection
    from etl.transform.body import clean_body
    from tests.safety.bodies import BODIES
    from tests.safety.pages import RENDERERS, faults
    from tests.transform.test_links import SETTINGS
    from tests.transform.test_rules_and_repairs import LINKER

    def check(data: bytes) -> Iterator[str]:
        source = data.decode("utf-8", "ignore").replace("\0", "")  # a member with a NUL is a reject
        once = clean_body(source, SETTINGS, LINKER)
        for finding in once.findings:
            if finding.code in ("text.lost", "text.added"):
                yield f"{finding.code}: {finding.message.partition(' turned ')[0]}"
        for name, render in RENDERERS.items():
            # The sanitiser of --html leaves an image without its address where it does not trust that.
            if found := faults(render(once.body).replace('<img alt="">', "")):
                yield f"on the page of {name}: {found[0][:10].partition(' ')[0]}"
        again = clean_body(once.body, SETTINGS, LINKER)
        if again.body != once.body:
            yield f"cleaned again, changes: {', '.join(sorted(again.counts))}"

    bodies = [path.read_bytes() for path in sorted((ROOT / "tests" / "transform").rglob("*.md"))]
    records = [read_record(data) for data in members(folders)]
    bodies += [record.body.encode() for record in records if not isinstance(record, Rejection)]
    bodies += [text.encode() for text in BODIES.values()]
    seeds = [part for data in bodies for part in parts(data, 600)]
    return Target(check, seeds, 2000, TEXT)


def parts(data: bytes, longest: int) -> Iterator[bytes]:
    """Paragraphs that follow each other, as many as fit: small seeds are tried more often."""
    part = b""
    for paragraph in re.split(rb"(?<=\n\n)", data):
        if part and len(part) + len(paragraph) > longest:
            yield part
            part = b""
        part += paragraph
    yield part[: 4 * longest]


# --- records -------------------------------------------------------------------------------


def record(_work: Path, folders: Sequence[Path]) -> Target:
    """The readers of members, and of their fields: a record or a rejection, with places that exist."""
    from etl.extract.record import read_record
    from etl.findings import CATALOGUE
    from etl.model import Rejection
    from etl.settings import Settings
    from etl.transform.fields import read_fields

    settings = Settings()

    def check(data: bytes) -> Iterator[str]:
        found = read_record(data)
        if not isinstance(found, Rejection):
            lines = data.count(b"\n") + data.count(b"\r") + 1
            for path in [(key,) for key in found.fields][:20]:
                line, column = found.locate(path)
                if line is not None and not (1 <= line <= lines and column and column >= 1):
                    yield "a field has a place outside of the member"
            fields = read_fields(found, "0" * 16, settings)
            if not isinstance(fields, Rejection):
                return
            found = fields
        if found.code not in CATALOGUE:
            yield f"the code {found.code} is not in the catalogue"
        if found.line is not None and not (found.line >= 1 and found.column and found.column >= 1):
            yield f"{found.code} has no place"

    return Target(check, [data for data in members(folders) if len(data) <= 20_000], 4000, TEXT)


def members(folders: Sequence[Path]) -> list[bytes]:
    """The bytes of all members of the cases, of the hostile ones, and of other folders."""
    from tests.test_bad_input import HOSTILE

    cases = [path for case in (ROOT / "tests" / "cases").iterdir() for path in (case / "raw").rglob("*")]
    others = [path for folder in folders for path in folder.rglob("*")]
    found = [path.read_bytes() for path in sorted(cases) + sorted(others) if path.is_file()]
    return [*found, *(data for data in HOSTILE.values() if len(data) < 4000)]


# --- bundles -------------------------------------------------------------------------------

NUMBERS = re.compile(rb"PK..|ustar..|[\w./-]{3,}|(?=(.{4}))", re.DOTALL)
BLOCK = 512


def bundle(work: Path, _folders: Sequence[Path]) -> Target:
    """The reader of bundles: a first byte that chooses the wrapping, then a zip or a tar."""
    from etl.extract.trouble import SourceError
    from etl.settings import Settings

    settings = Settings(max_member_bytes=1 << 16, max_members=50, max_total_bytes=1 << 20)
    room = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else work

    def check(data: bytes) -> Iterator[str]:
        with tempfile.TemporaryDirectory(prefix="wiki-etl-fuzz-", dir=room) as name:
            archive = Path(name, "bundle")
            archive.write_bytes(WRAPPINGS[data[0] % len(WRAPPINGS)](data[1:]) if data else b"")
            try:
                yield from _scanned(archive, settings)
            except SourceError as error:
                if not str(error).isprintable():
                    yield "an error that is not printable"

    return Target(check, list(_archives()), 8000, NUMBERS, _checksums)


def _scanned(archive: Path, settings: Settings) -> Iterator[str]:
    """Faults of the entries of an archive, each of them read."""
    from etl.extract.bundle import scan
    from etl.extract.members import Locator, Reader

    found: list[tuple[str, Any]] = []
    spool = archive.with_name("spool")
    spool.mkdir()
    bundles = scan([str(archive)], settings, spool, lambda _, name, where: found.append((name, where)))
    if any(bundle.trouble and not bundle.trouble.isprintable() for bundle in bundles):
        yield "trouble that is not printable"
    with closing(Reader(settings)) as reader:
        for name, where in found:
            if isinstance(where, Locator):
                yield from _faults_of(name, where, reader.read(where), settings.max_member_bytes)


def _faults_of(name: str, where: Locator, data: object, limit: int) -> Iterator[str]:
    if not name or name.startswith("/") or "\\" in name or ".." in name.split("/") or not _fits(name):
        yield "a member with a name that is not safe"
    if isinstance(data, bytes) and len(data) != where.size:
        yield "a member of another size than announced"
    if where.size > limit:
        yield "a member over the limit"


def _fits(name: str) -> bool:
    return not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", name)


def _zstd(data: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=1).compress(data)


WRAPPINGS: tuple[Callable[[bytes], bytes], ...] = (
    bytes,
    lambda data: gzip.compress(data, 1),
    lambda data: bz2.compress(data, 1),
    lambda data: lzma.compress(data, preset=0),
    _zstd,
)
SMALL = {
    "a/1.txt": b'{"title": "Ponds"}\n\nA pond.\n',
    "a/b/2.md": b"---\ntitle: x\n---\n" * 4,
    "empty": b"",
    "ü": b"x",
}


def _archives() -> Iterator[bytes]:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        for zip64 in (False, True):
            yield b"\0" + _zip(method, zip64=zip64)
    tars = [_tar(form) for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)]
    for tar in tars:
        for wrapping in range(len(WRAPPINGS)):
            yield bytes([wrapping]) + tar
    for wrap in WRAPPINGS[1:]:
        yield b"\0" + wrap(tars[0])
        yield b"\0" + wrap(tars[0][:1000]) + wrap(tars[0][1000:])


def _zip(method: int, *, zip64: bool) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in SMALL.items():
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=zip64) as member:
                member.write(data)
        archive.comment = b"a comment"
    return file.getvalue()


def _tar(form: int) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, data in {**SMALL, "long/" * 30 + "name": b"y" * 600}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for kind in (tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE):
            entry = tarfile.TarInfo(f"kind{kind!r}")
            entry.type, entry.linkname = kind, "a/1.txt"
            archive.addfile(entry)
    return file.getvalue().rstrip(b"\0") + bytes(1024)


def _checksums(data: bytes) -> bytes:
    """The headers of a tar with checksums that are right: a wrong one ends the reading at once."""
    if b"ustar" not in data:
        return data
    blocks = [data[place : place + BLOCK] for place in range(1, len(data), BLOCK)]
    return data[:1] + b"".join(_checksum(block) if block[257:262] == b"ustar" else block for block in blocks)


def _checksum(block: bytes) -> bytes:
    total = sum(block[:148]) + 8 * 32 + sum(block[156:])
    return block[:148] + b"%06o\0 " % total + block[156:]


# --- addresses -----------------------------------------------------------------------------

LINE = re.compile(rb"%..|[/?&=#;.+]|\w+|\W")
ODD = """/Clear+water+%E2%80%93+June+2019 /10983 /tiki-index.php?page_id=15142 /posts/x/ /a%0Ab //evil.example/x
https://www.garden-wiki.example/tiki-index.php?sort=a&page=Clear%20water /posts/../x /Wells+(70%) /100%25+of+A%2BB
/tiki-index.php?page=Old%252BName#top tiki-index.php/page_id/12 /wiki/tiki-index.php?page_id==12&page=x /caf%C3%A9 /.
http://garden-wiki.example.:443/10983.html#a mailto:a@b.example /tags/x.html /%e9 /Wells//..//and...more /./x""".split()


def address(_work: Path, folders: Sequence[Path]) -> Target:
    """Legacy addresses: what a map holds is found again in every spelling, and no spelling is a bug."""
    from etl import addresses
    from etl.settings import Settings

    prefixes, hosts = Settings().path_prefixes, ("www.garden-wiki.example", "mirror.example")

    def check(data: bytes) -> Iterator[str]:
        text = data.decode("utf-8", "surrogateescape" if data[:1] == b"!" else "ignore")
        yield from _stored(addresses.plain_address(text), "/")
        yield from _named(text)
        for base in ("/", "/wiki/"):
            yield from _stored(addresses.alias_address(text, prefixes, base), base)
            if any(addresses.canonical_name(found.value) != found.value for found in addresses.lookups(text, base)):
                yield "a look-up that is not in canonical form"
            link = addresses.legacy_target(text, hosts, prefixes, base)
            if link and link.kind == "id" and not re.fullmatch("[1-9][0-9]*", link.value):
                yield "a link to an id that is none"

    links = [link for data in members(folders) for link in re.findall(rb"(?:\]\(|href=\"|\"/)([^\s()\"]+)", data)]
    return Target(check, sorted({*links, *(text.encode() for text in ODD)})[:5000], 300, LINE)


def _stored(found: Address | None, base: str) -> Iterator[str]:
    """Faults of an address of a map: a request for it, spelled plainly or with a plus, finds it."""
    from etl import addresses

    if found is None:
        return
    if reason := addresses.objection(found):
        yield f"stored, but {reason}"
    path = addresses.as_path(found, base)
    # A request loses what servers drop: segments of one dot, slashes at either end.
    if "/./" in f"{path}/" or path.endswith("/") or "//" in path[: len(base) + 1]:
        return
    spelled = [quote(path), quote_plus(path, safe="/"), "http://old.example/" + quote(path)]
    if found.kind == "name":
        spelled.append(f"{base}tiki-index.php?page={quote(found.value)}")
    if any(found not in addresses.lookups(target, base) for target in spelled):
        yield f"a stored {found.kind} that no request finds"


def _named(text: str) -> Iterator[str]:
    from etl import addresses

    name = addresses.canonical_name(text)
    if name and "%" not in name and addresses.name_key(quote_plus(name)) != addresses.name_key(name):
        yield "the key of a name depends on its spelling"
    if name and name not in addresses.name_forms(name):
        yield "a name is not among its forms"


# --- slugs ---------------------------------------------------------------------------------


def slug(_work: Path, folders: Sequence[Path]) -> Target:
    """Slugs: well-formed or empty, whatever the title."""
    from etl import slugs

    def check(data: bytes) -> Iterator[str]:
        title = data.decode("utf-8", "ignore")
        if made := slugs.make_slug(title):
            yield from _malformed(made, title)
        old = slugs.legacy_slug(title)
        # A few signs, such as a double-struck D, are capital letters only after the rule made all letters small.
        if len(old) > slugs.LEGACY_LONGEST or not re.fullmatch("[A-Za-z0-9-]*", old):
            yield "the legacy slug is malformed"
        if slugs.damage(old, title) not in (None, "malformed", "elided", "fragment"):
            yield "another damage"
        if title.strip() and not slugs.undated(title):
            yield "nothing is left of a title without its date"

    titles = [title for data in members(folders) for title in re.findall(rb"title\"?: *\"?([^\"\n]+)|^([^\n{]+)", data)]
    seeds = sorted({part for pair in titles for part in pair if part and len(part) < 400})
    return Target(check, seeds, 600, LINE)


def _malformed(made: str, title: str) -> Iterator[str]:
    """What is wrong with our own slug of a title."""
    from etl import slugs

    if not slugs.WELL_FORMED.fullmatch(made) or len(made) > slugs.LONGEST:
        yield "our slug is malformed"
    if slugs.make_slug(made) != made:
        yield "our slug of a slug is another one"
    if slugs.damage(made, title) == "malformed":
        yield "our slug counts as malformed"
    if not slugs.WELL_FORMED.fullmatch(slugs.with_suffix(made, "77")):
        yield "a slug with a suffix is malformed"


TARGETS: dict[str, Callable[[Path, Sequence[Path]], Target]] = {
    "body": body,
    "record": record,
    "bundle": bundle,
    "address": address,
    "slug": slug,
}


if __name__ == "__main__":
    sys.exit(main())
