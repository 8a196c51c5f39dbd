"""Lines sorted by their code points, which is the order of their bytes, more of them than memory holds: in runs."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

RUN = 100_000
"""Lines that are sorted at once: about 15 MiB of a redirect map."""


@contextmanager
def sorted_lines(lines: Iterable[str], folder: Path) -> Iterator[Iterator[str]]:
    """Lines, each with its line end, in order; all runs but the last one wait in nameless files of ``folder``."""
    left = iter(lines)
    run = sorted(islice(left, RUN))
    with ExitStack() as stack:
        waiting = []
        while following := [*islice(left, RUN)]:
            waiting.append(stack.enter_context(_waiting(run, folder)))
            run = sorted(following)
        yield heapq.merge(*waiting, run) if waiting else iter(run)


@contextmanager
def _waiting(run: list[str], folder: Path) -> Iterator[Iterable[str]]:
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n", dir=folder) as file:
        file.writelines(run)
        file.seek(0)
        yield file
