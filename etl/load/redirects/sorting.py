"""Lines sorted by their bytes, more of them than memory holds: runs of them wait on the disk."""

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
def sorted_lines(lines: Iterable[bytes], folder: Path) -> Iterator[Iterator[bytes]]:
    """Lines, each with its line end, in the order of their bytes; runs wait in nameless files of ``folder``."""
    left = iter(lines)
    with ExitStack() as stack:
        runs = []
        while run := sorted(islice(left, RUN)):
            runs.append(stack.enter_context(_waiting(run, folder)))
        yield heapq.merge(*runs)


@contextmanager
def _waiting(run: list[bytes], folder: Path) -> Iterator[Iterable[bytes]]:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.writelines(run)
        file.seek(0)
        yield file
