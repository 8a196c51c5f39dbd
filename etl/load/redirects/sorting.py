"""Lines sorted by their code points, which is the order of their bytes, more of them than memory holds: in runs."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

RUN = 20_000
"""Lines that are sorted at once: about 4 MiB of a redirect map. Of a million pages there are 250 such runs."""


@contextmanager
def sorted_lines(lines: Iterable[str], folder: Path) -> Iterator[Iterator[str]]:
    """Lines, each with its line end, in order; all runs but the last one wait in nameless files of ``folder``."""
    left = iter(lines)
    run = sorted(islice(left, RUN))
    with ExitStack() as stack:
        waiting: list[Iterable[str]] = []
        while (line := next(left, None)) is not None:
            file = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n", dir=folder))
            file.writelines(run)
            file.seek(0)
            waiting.append(file)
            run = [line]  # so that the one before is in memory no more
            run += islice(left, RUN - 1)
            run.sort()
        yield heapq.merge(*waiting, run) if waiting else iter(run)
