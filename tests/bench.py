"""How fast, and in how much memory: whole processes, run in turn with a skeleton that only reads and writes.

    make bench                       10,000 documents, three rounds
    make bench ARGS=--large          also 100,000: does memory stay flat?
    make bench ARGS=--check          status 1 when a bound is not met
    make bench ARGS=--profile        the hottest functions of a run in one process

It needs two scripts that are no part of this project, beside the checkout or named by ``--generator`` and
``--skeleton``: ``gen_bundle.py FOLDER --docs N --workers W`` writes N members to ``FOLDER/docs``, and
``skeleton.py FOLDER/docs FILE`` reads each member, parses its front matter, sanitises its body once and writes
a line: the least that any tool of this kind does. Without them the bench says so and ends with status 0.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ROOT.parent / "shared" / "bench"

SMALL, LARGE, FEW = 10_000, 100_000, 500
LONGEST = 1800  # seconds that one process may take
SAMPLE = 0.1  # seconds between two looks at memory
MIB = 1024 * 1024

LEAST_RATIO = 0.10  # of the skeleton's documents a second, one process each
MOST_CLEANING = 5  # times what the skeleton takes for a whole document, for cleaning one body
MOST_GROWTH = 0.15  # of the peak memory, from the small corpus to the large one
MOST_HELP = 0.3  # seconds
HEAVY = ("pandas", "requests")
HOTTEST = 25


def main() -> int:
    """Measure what is asked for; 1 when ``--check`` finds a bound not met, else 0."""
    options = arguments()
    for script in (options.generator, options.skeleton):
        if not script.is_file():
            print(f"no {script.name} at {script}; --generator and --skeleton name them, --help says what they do")
            return 0
    with corpora(options.folder) as folder:
        if options.profile:
            profile(make_corpus(options, folder, options.docs), folder)
            return 0
        faults = measure(options, folder)
    for fault in faults:
        print(f"BOUND NOT MET: {fault}")
    return 1 if faults and options.check else 0


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", type=Path, default=BESIDE / "gen_bundle.py", metavar="FILE")
    parser.add_argument("--skeleton", type=Path, default=BESIDE / "skeleton.py", metavar="FILE")
    parser.add_argument("--docs", type=int, default=SMALL, metavar="N", help=f"documents (default: {SMALL:,})")
    parser.add_argument("--large", action="store_true", help=f"also {LARGE:,} documents, one round")
    parser.add_argument("--rounds", type=int, default=3, choices=range(1, 10), metavar="N", help="1 to 9 (default: 3)")
    parser.add_argument("--check", action="store_true", help="status 1 when a bound is not met")
    parser.add_argument("--profile", action="store_true", help=f"only print the {HOTTEST} hottest functions")
    parser.add_argument("--folder", type=Path, help="keep the corpora there (default: a temporary folder)")
    return parser.parse_args()


@contextmanager
def corpora(folder: Path | None) -> Iterator[Path]:
    """Where corpora lie: a folder that stays, or one that goes."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="wiki-etl-bench-") as name:
        yield Path(name)


def make_corpus(options: argparse.Namespace, folder: Path, documents: int) -> Path:
    """A folder of members, made once."""
    target = folder / str(documents)
    if not (target / "truth.json").is_file():
        command = [sys.executable, options.generator, target, "--docs", str(documents), "--workers", "2"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=LONGEST)
    return target / "docs"


# --- what is measured ----------------------------------------------------------------------


@dataclass
class Measured:
    """Runs of one command over one corpus."""

    documents: int
    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    """Seconds of processor time, which other work on the machine changes least."""
    peaks: dict[str, int] = field(default_factory=dict)
    """Bytes that each process held at most, by its place in the tree: ``1``, then its children."""
    together: int = 0
    """Most bytes of all processes at one time, shared pages counted once."""

    @property
    def rate(self) -> float:
        """Documents a second, of the median run."""
        return self.documents / statistics.median(self.seconds)

    def run(self, command: Sequence[str | Path]) -> None:
        """Run a command once; raises RuntimeError where it fails."""
        started, busy = time.monotonic(), processor_time()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT)
        watch(process, self)
        self.seconds.append(time.monotonic() - started)
        self.busy.append(processor_time() - busy)
        error = process.stderr.read().decode() if process.stderr else ""
        if process.returncode not in (0, 1):
            raise RuntimeError(f"{command} ended with {process.returncode}: {error}")


def processor_time() -> float:
    """Seconds that all processes below this one have had so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def watch(process: subprocess.Popen[bytes], into: Measured) -> None:
    """Look at the memory of a process and its children until it ends."""
    deadline = time.monotonic() + LONGEST
    order: dict[int, str] = {}
    while process.poll() is None:
        together = 0
        for pid in tree(process.pid):
            name = order.setdefault(pid, str(len(order) + 1))
            into.peaks[name] = max(into.peaks.get(name, 0), memory(pid, "status", "VmHWM"))
            together += memory(pid, "smaps_rollup", "Pss")
        into.together = max(into.together, together)
        if time.monotonic() > deadline:
            process.kill()
        try:
            process.wait(SAMPLE)
        except subprocess.TimeoutExpired:
            continue


def tree(pid: int) -> list[int]:
    """A process and all below it, as far as they still live."""
    try:
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _words(task / "children")]
    except OSError:
        children = []
    return [pid, *(below for child in children for below in tree(child))]


def _words(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").split()
    except OSError:
        return []


def memory(pid: int, name: str, key: str) -> int:
    """Bytes that a file of ``/proc`` says under a key; 0 for a process that has ended."""
    words = _words(Path(f"/proc/{pid}/{name}"))
    return int(words[words.index(f"{key}:") + 1]) * 1024 if f"{key}:" in words else 0


# --- the bench -----------------------------------------------------------------------------


def measure(options: argparse.Namespace, folder: Path) -> list[str]:
    """Print every figure; returns the bounds that were passed."""
    print(f"{machine()}; load {os.getloadavg()[0]:.2f} at the start")
    sizes = [(options.docs, options.rounds)] + ([(LARGE, 1)] if options.large else [])
    ours, skeletons = {}, {}
    faults = []
    print(f"documents  {'command':27} {'seconds':>8} {'busy':>8} {'docs/s':>8} {'ratio':>6}  peak MiB (together)")
    for documents, rounds in sizes:
        skeleton, tool = compare(options, make_corpus(options, folder, documents), folder, documents, rounds)
        row("skeleton", skeleton, skeleton)
        row("wiki-etl migrate --jobs 1", tool, skeleton)
        ours[documents], skeletons[documents] = tool, skeleton
        ratio = tool.rate / skeleton.rate
        if ratio < LEAST_RATIO:
            faults.append(f"{documents:,} documents: {ratio:.3f} of the skeleton's speed, not {LEAST_RATIO}")
    pool = Measured(options.docs)
    pool.run(migrate(make_corpus(options, folder, options.docs), folder, jobs=2))
    row("wiki-etl migrate --jobs 2", pool, None)
    faults += cleaning(make_corpus(options, folder, options.docs), skeletons[options.docs])
    return faults + flatness(ours) + start() + imports(make_corpus(options, folder, FEW), folder)


def compare(
    options: argparse.Namespace, corpus: Path, folder: Path, documents: int, rounds: int
) -> tuple[Measured, Measured]:
    """The skeleton and the tool in turn, so that what else the machine does meets both."""
    skeleton, tool = Measured(documents), Measured(documents)
    for _ in range(rounds):
        skeleton.run([sys.executable, options.skeleton, corpus, folder / "skeleton.jsonl"])
        (folder / "skeleton.jsonl").unlink()
        tool.run(migrate(corpus, folder))
    return skeleton, tool


def migrate(corpus: Path, folder: Path, jobs: int = 1) -> list[str | Path]:
    """The command of a run into an empty folder; the generator plants more rejects than a run allows."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    flags = ["--jobs", str(jobs), "--max-rejects", "100%", "--quiet"]
    return [sys.executable, "-m", "etl", "migrate", corpus, "--out", folder / "out", *flags]


def row(name: str, measured: Measured, skeleton: Measured | None) -> None:
    """Print the line of one command."""
    ratio = f"{measured.rate / skeleton.rate:.3f}" if skeleton else ""
    peaks = " ".join(f"{peak / MIB:.0f}" for peak in measured.peaks.values())
    seconds = statistics.median(measured.seconds)
    # A pool belongs to a server of its own, whose time nobody adds up here.
    busy = f"{statistics.median(measured.busy):.2f}" if skeleton else ""
    print(
        f"{measured.documents:9,}  {name:27} {seconds:8.2f} {busy:>8} {measured.rate:8,.0f} {ratio:>6}  "
        f"{peaks} ({measured.together / MIB:.0f})"
    )


def machine() -> str:
    """What it was measured on."""
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0))
    return f"{models[0] if models else platform.machine()}, {cores} cores, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8", "replace").splitlines() if Path(path).is_file() else []


def flatness(ours: dict[int, Measured]) -> list[str]:
    """Whether memory stays the same for ten times the documents."""
    if len(ours) < 2:
        return []
    (few, small), (many, large) = sorted((documents, max(run.peaks.values())) for documents, run in ours.items())
    growth = large / small - 1
    print(f"peak memory, {few:,} to {many:,} documents: {growth:+.1%}")
    return [f"memory grows by {growth:.1%}, more than {MOST_GROWTH:.0%}"] if growth > MOST_GROWTH else []


CLEANER = """
import sys, time
from pathlib import Path
from etl.extract.record import read_record
from etl.settings import Settings
from etl.transform.body import clean_body
from etl.transform.body.links import Linker

class Empty:
    by_address = by_id = by_slug = tag = staticmethod(lambda _key: None)
    by_name = nameless = staticmethod(lambda _key: ())

settings = Settings()
linker, spent, bodies = Linker(settings, Empty()), 0.0, 0
for path in sorted(Path(sys.argv[1]).iterdir()):
    record = read_record(path.read_bytes())
    if hasattr(record, "body"):
        started = time.process_time()
        clean_body(record.body, settings, linker, first_line=record.body_line)
        spent += time.process_time() - started
        bodies += 1
print(spent / bodies)
"""


def cleaning(corpus: Path, skeleton: Measured) -> list[str]:
    """How long the cleaning of a body takes, parse and account included, against a whole document of the skeleton."""
    command = [sys.executable, "-c", CLEANER, str(corpus)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=LONGEST)
    seconds = float(done.stdout)
    times = seconds / (statistics.median(skeleton.busy) / skeleton.documents)
    print(f"cleaning a body: {seconds * 1000:.2f} ms, {times:.1f} times a document of the skeleton")
    return (
        [f"cleaning takes {times:.1f} times the skeleton, more than {MOST_CLEANING}"] if times > MOST_CLEANING else []
    )


def start() -> list[str]:
    """How long ``wiki-etl --help`` takes."""
    command = [sys.executable, "-m", "etl", "--help"]
    once = partial(subprocess.run, command, capture_output=True, check=True, cwd=ROOT)
    seconds = statistics.median(timed(once) for _ in range(9))
    print(f"wiki-etl --help: {seconds:.3f} s")
    return [f"--help takes {seconds:.3f} s, more than {MOST_HELP}"] if seconds > MOST_HELP else []


def timed(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


CLEAN = json.dumps({"title": "Ponds", "slug": "ponds", "tiki_page_id": 7}) + "\n\nA pond.\n"


def imports(few: Path, folder: Path) -> list[str]:
    """Whether a process that reads and cleans loads what it does not need."""
    clean = folder / "clean"
    clean.mkdir(exist_ok=True)
    (clean / "000_0123456789abcdef.txt").write_text(CLEAN, "utf-8")
    faults = [f"a worker loads {name}" for name in loaded(few, folder) if name in HEAVY]
    return faults + [f"a clean record loads {name}" for name in loaded(clean, folder)]


def loaded(source: Path, folder: Path) -> list[str]:
    """Heavy modules in a process that has migrated a source all by itself."""
    code = "import sys; from etl.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    command = [sys.executable, "-c", code, *migrate(source, folder)[3:]]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=LONGEST)
    names = sorted({*HEAVY, "jsonschema"} & set(done.stdout.split()))
    kind = "a clean record" if source.name == "clean" else f"{FEW} documents"
    print(f"heavy modules in a process that read and cleaned {kind}: {', '.join(names) or 'none'}")
    return names


def profile(corpus: Path, folder: Path) -> None:
    """Print where a run in one process spends its time; the profiler itself makes it about twice as long."""
    import cProfile
    import pstats

    from etl.cli import main as run

    profiler = cProfile.Profile()
    profiler.runcall(run, [str(word) for word in migrate(corpus, folder)[3:]])
    pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(HOTTEST)


if __name__ == "__main__":
    sys.exit(main())
