"""Lines sorted by their code points, which is the order of their bytes, more of them than memory holds: in runs."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import TextIO

RUN = 20_000
"""Lines that are sorted at once: about 4 MiB of a redirect map. Of a million pages there are 250 such runs."""

FILES = 200
"""Runs that wait at a time: systems allow a process 256 open files, some 1,024."""


@contextmanager
def sorted_lines(lines: Iterable[str], folder: Path) -> Iterator[Iterator[str]]:
    """Lines, each with its line end, in order; all runs but the last one wait in nameless files of ``folder``."""
    left = iter(lines)
    run = sorted(islice(left, RUN))
    with ExitStack() as stack:

        def written(lines: Iterable[str]) -> TextIO:
            file = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n", dir=folder))
            file.writelines(lines)
            file.seek(0)
            return file

        waiting: list[TextIO] = []
        while (line := next(left, None)) is not None:
            if len(waiting) == FILES:
                merged = written(heapq.merge(*waiting))
                for file in waiting:
                    file.close()
                waiting = [merged]
            waiting.append(written(run))
            run = [line]  # so that the one before is in memory no more
            run += islice(left, RUN - 1)
            run.sort()
        yield heapq.merge(*waiting, run) if waiting else iter(run)
