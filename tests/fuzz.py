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
import importlib
import importlib.util
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

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
            return target.mend(atheris.Mutate(data, longest))[:longest]
        return mutator.mutated(data)[:longest]

    flags = [f"-seed={options.seed}", f"-max_len={target.longest}", "-verbosity=0", "-timeout=300", str(corpus)]
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
        self.words = sorted({word for seed in target.seeds for word in target.words.findall(seed)})

    def mutated(self, data: bytes) -> bytes:
        """The input after one to five changes."""
        for _ in range(self.random.randint(1, 5)):
            data = self.random.choice((self._insert, self._insert, self._cut, self._repeat, self._cross, self._flip))(data)
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
    except (Exception, TooSlowError) as error:
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
    from tests.transform.test_rules_and_repairs import LINKER, SETTINGS

    def check(data: bytes) -> Iterator[str]:
        source = data.decode("utf-8", "ignore")
        once = clean_body(source, SETTINGS, LINKER)
        for finding in once.findings:
            if finding.code in ("text.lost", "text.added"):
                yield f"{finding.code}: {finding.message.partition(' turned ')[0]}"
        for name, render in RENDERERS.items():
            if found := faults(render(once.body)):
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
            lines = found.body.count("\n") + found.body_line
            for path in [(key,) for key in found.fields][:20]:
                line, column = found.locate(path)
                if line is not None and not (1 <= line <= lines and column and column >= 1):
                    yield "a field has a place outside of the member"
            found.findings[:] = []
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


TARGETS: dict[str, Callable[[Path, Sequence[Path]], Target]] = {"body": body, "record": record}


if __name__ == "__main__":
    sys.exit(main())
