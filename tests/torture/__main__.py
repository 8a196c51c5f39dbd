"""The campaign: every way to disturb a run that we know, and what became of the output folder.

    python -m tests.torture                                  everything, about ten minutes on four cores
    python -m tests.torture --short                          a sample of each row, under a minute
    python -m tests.torture --only write-EIO/wiki/17         one trial, or all that fit a pattern with *

Prints one table: what was tried, how often ``current`` showed the old generation intact and the new one complete
after it, and whether anything was lost; then every loss with the command that repeats it. Status 1 if anything was.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import random
import resource
import shlex
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path

from tqdm import tqdm

from etl.workers import available_cores
from tests.make import hear_signals, in_memory
from tests.torture import archives, disk, faults, kills, stopped
from tests.torture.plan import LIBRARY, Bench, compiled, unavailable
from tests.torture.scene import Outcome, Scene, Trial

LOADED = """
etl.comparison etl.coverage etl.load.redirects etl.summary etl.load.tables etl.pipeline etl.validate
etl.verify.connections pandas
""".split()
"""Imported before a run is forked, so that it need not."""
SCRATCH = "TORTURE_SCRATCH"
MANY = 600
"""Members of the larger export."""
SHOWN = 200
OF_A_ROW = 2
KILLS, KILLS_IN_SHORT = 300, 8
"""Trials of each row in the short form."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the campaign."""
    options = parser().parse_args(arguments)
    hear_signals()
    if SCRATCH in os.environ:
        return campaign(options, Path(os.environ[SCRATCH]))
    with tempfile.TemporaryDirectory(prefix="torture-", dir=in_memory()) as folder:
        environment = {**os.environ, SCRATCH: folder}
        if unavailable() is None:
            environment[LIBRARY] = str(compiled(Path(folder)))
        given = sys.argv[1:] if arguments is None else arguments
        return subprocess.call([sys.executable, "-m", "tests.torture", *given], env=environment)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m tests.torture", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--seed", type=int, default=1, help="of everything that is random (default: 1)")
    top.add_argument("--kills", type=int, metavar="N", help=f"runs that are killed (default: {KILLS})")
    top.add_argument("--only", action="append", default=[], metavar="PATTERN", help="rows or trials, with * for all")
    top.add_argument("--jobs", type=int, default=available_cores(), metavar="N", help="trials at a time")
    top.add_argument("--short", action="store_true", help=f"{OF_A_ROW} trials of each row, {KILLS_IN_SHORT} kills")
    return top


def campaign(options: argparse.Namespace, scratch: Path) -> int:
    """Make the trials, print the table and the losses; 1 when anything was lost."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for module in LOADED:
        importlib.import_module(module)
    begun = time.monotonic()
    scenes = Scene(scratch / "small"), Scene(scratch / "large", MANY)
    _begin(scenes, scratch)
    chosen = selected(trials(options, *scenes), options)
    outcomes, of_archives = made(chosen, scenes, options)
    print(table(outcomes, of_archives))
    lost = [outcome for outcome in outcomes if outcome.losses]
    for outcome in lost[:SHOWN]:
        print(f"\n{outcome.name}: status {outcome.ended}, {outcome.state} generation")
        print(*(f"    {loss}" for loss in outcome.losses), sep="\n")
        print(f"    repeat: python -m tests.torture --seed {options.seed} --only {shlex.quote(outcome.name)}")
    unexpected = [fault for row in of_archives for fault in row.unexpected]
    for fault in unexpected[:SHOWN]:
        print(f"\n{ascii(fault)[1:-1]}\n    repeat: python -m tests.torture --seed {options.seed} --only archives")
    tried, losses = len(outcomes) + sum(row.tried for row in of_archives), len(lost) + len(unexpected)
    print(f"\n{tried:,} trials in {time.monotonic() - begun:.0f} seconds, {losses:,} lost something")
    return 1 if losses else 0


def trials(options: argparse.Namespace, small: Scene, large: Scene) -> Iterator[Trial]:
    """All of them."""
    number = options.kills or (KILLS_IN_SHORT if options.short else KILLS)
    if library():
        yield from faults.trials(small, options.seed)
        yield from stopped.trials(small, options.seed)
    yield from disk.trials()
    yield from kills.trials(large, number, options.seed, options.jobs)


def selected(every: Iterable[Trial], options: argparse.Namespace) -> list[Trial]:
    """What ``--only`` and ``--short`` leave."""
    chosen = [
        trial
        for trial in every
        if not options.only or any(fnmatchcase(part, only) for only in options.only for part in (trial.name, trial.row))
    ]
    if options.short:
        rows: dict[str, list[Trial]] = {}
        for trial in chosen:
            rows.setdefault(trial.row, []).append(trial)
        choice = random.Random(options.seed)
        chosen = [trial for row in rows.values() for trial in choice.sample(row, min(OF_A_ROW, len(row)))]
    return chosen


_SCENES: list[Scene] = []


def _begin(scenes: Sequence[Scene], scratch: Path) -> None:
    """In each process of the pool: a plan of its own."""
    _SCENES[:] = scenes
    if library():
        _SCENES[0].bench = Bench(scratch / f"plan-{os.getpid()}")


def _make(trial: Trial) -> Outcome:
    try:
        return trial.function(_SCENES[trial.large], *trial.arguments)
    except Exception:  # noqa: BLE001  # a trial that cannot be made says so in the table
        return Outcome(trial.name, trial.row, losses=[f"the trial itself failed: {traceback.format_exc()}"])


def made(
    chosen: Sequence[Trial], scenes: Sequence[Scene], options: argparse.Namespace
) -> tuple[list[Outcome], list[archives.Row]]:
    """What came of the trials, several at a time; the archives have one of the processes until they are done."""
    context = multiprocessing.get_context("fork")
    start = scenes, scenes[0].path.parent
    with ProcessPoolExecutor(options.jobs, mp_context=context, initializer=_begin, initargs=start) as pool:
        wanted = not options.short and any(fnmatchcase("archives", only) for only in options.only or ["*"])
        rows = pool.submit(_archives, options.seed) if wanted else None
        outcomes = pool.map(_make, chosen, chunksize=4)
        bar = tqdm(outcomes, total=len(chosen), unit=" trials", disable=not sys.stderr.isatty())
        return list(bar), rows.result() if rows else []


def _archives(seed: int) -> list[archives.Row]:
    return archives.campaign(lambda _done: None, seed)


def table(outcomes: Iterable[Outcome], of_archives: Iterable[archives.Row] = ()) -> str:
    """One line for each row: tried, old, new, lost, and how the disturbed runs ended."""
    rows: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        rows.setdefault(outcome.row, []).append(outcome)
    lines = [["what", "tried", "old intact", "new complete", "lost", "ended with status"]]
    for row, of_row in rows.items():
        tried = [outcome for outcome in of_row if not outcome.skipped]
        states = Counter(outcome.state for outcome in tried)
        lost = sum(bool(outcome.losses) for outcome in tried)
        ended = ", ".join(f"{how}: {number}" for how, number in Counter(each.ended for each in tried).most_common())
        skipped = sorted({outcome.skipped for outcome in of_row if outcome.skipped})
        numbers = map(str, (len(tried), states["old"], states["new"], lost))
        lines.append([row, *numbers, "; ".join(filter(None, [ended, *skipped]))])
    for of_archive in of_archives:
        lost, right = len(of_archive.unexpected), f"as expected: {of_archive.as_expected}"
        lines.append([f"archives: {of_archive.name}", str(of_archive.tried), "", "", str(lost), right])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:-1], widths[1:-1]), line[-1]]) for line in lines
    )


def library() -> bool:
    """Whether the library is loaded here."""
    return LIBRARY in os.environ


if __name__ == "__main__":
    sys.exit(main())
