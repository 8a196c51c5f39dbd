"""What an access log asked for, and what the redirect map would answer: which addresses are still missing.

Logs are read a line at a time, the map is kept in eight bytes for each address, and of the addresses that are
not answered the most asked are kept. What comes out is a review file: suggestions, which only a person makes
decisions of (the setting ``redirects``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from etl.addresses import Address
from etl.coverage.known import LONGEST_VALUE, Known
from etl.coverage.logs import LogError, lines_of, opened, request_of
from etl.coverage.model import Coverage, Missing
from etl.coverage.suggestions import suggested
from etl.progress import Progress, untold
from etl.settings import Settings

MOST_KEPT = 100_000
"""Addresses without an answer that are kept at a time."""
MOST_TEXT = 32 * 1024 * 1024
"""Characters of them."""
_BITS = 1 << 23


def cover(
    logs: Sequence[str], map_file: Path, settings: Settings, *, limit: int = 500, progress: Progress = untold
) -> Coverage:
    """Reads the logs, and looks for suggestions, for so many addresses at most. Raises LogError, MapError.

    ``logs``: files, plain or gzip; ``-`` is standard input.
    """
    with progress("map", 0):
        known = Known(map_file, settings)
    found, unanswered = Coverage(logs), _Unanswered()
    size = sum(Path(log).stat().st_size for log in logs if Path(log).is_file())
    with progress("logs", size) as done:
        for log in logs:
            _count(log, known, found, unanswered, done)
    found.distinct, found.kept, found.forgotten = unanswered.distinct, len(unanswered.hits), unanswered.forgotten
    most = islice(unanswered.ranked(), limit)
    with progress("suggesting", 0):
        found.missing = suggested(list(most), map_file, settings)
    return found


def _count(log: str, known: Known, found: Coverage, unanswered: _Unanswered, done: Callable[[int], Any]) -> None:
    lines = good = 0
    with opened(log) as (stream, position):
        at = 0
        for lines, line in enumerate(lines_of(stream), 1):
            request = request_of(line)
            if request is None:
                found.bad += 1
                found.first_bad = found.first_bad or f"{log}:{lines}"
                continue
            good += 1
            kind, address = known.meaning(request.target)
            found.hits[kind] += 1
            if address is not None:
                unanswered.add(address, was_found=request.status < 400)
            if lines % 5000 == 0:
                done(position() - at)
                at = position()
        done(position() - at)
    if lines and not good:
        raise LogError(f"{log}: not one of its {lines:,} lines is in the combined format of access logs")


class _Unanswered:
    """How often each address was asked for, of the most asked; the rest is counted together."""

    def __init__(self) -> None:
        self.hits: dict[Address, list[int]] = {}
        self.forgotten = 0
        self._text = 0
        self._bits = bytearray(_BITS >> 3)

    def add(self, address: Address, *, was_found: bool) -> None:
        """Counts a hit."""
        counts = self.hits.get(address)
        if counts is None:
            place = hash(address) % _BITS
            self._bits[place >> 3] |= 1 << (place & 7)
            if len(address.value) > LONGEST_VALUE:
                self.forgotten += 1
                return
            counts = self.hits[address] = [0, 0]
            self._text += len(address.value)
        counts[0] += 1
        counts[1] += was_found
        if len(self.hits) > MOST_KEPT or self._text > MOST_TEXT:
            self._prune()

    def _prune(self) -> None:
        """Keeps the more asked half: what is asked for often enough comes back, or never goes."""
        ranked = list(self.ranked())
        for missing in ranked[len(ranked) // 2 :]:
            self.forgotten += missing.hits
            self._text -= len(missing.value)
            del self.hits[missing.address]

    def ranked(self) -> Iterator[Missing]:
        """By hits, then by address."""
        order = sorted(self.hits.items(), key=lambda item: (-item[1][0], item[0]))
        return (Missing(address, hits, found) for address, (hits, found) in order)

    @property
    def distinct(self) -> int:
        """How many addresses there were: counted, or, when some were not kept, estimated from a table of bits."""
        if not self.forgotten:
            return len(self.hits)
        empty = _BITS - int.from_bytes(self._bits).bit_count()
        return max(len(self.hits), round(-_BITS * math.log(max(empty, 1) / _BITS)))
