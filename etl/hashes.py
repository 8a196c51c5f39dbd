"""Many values in eight bytes each, where only whether and how often they are there is asked."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable
from heapq import merge

RUN = 1 << 14
"""Hashes that are sorted at once, for in a list they take five times as much."""


class Hashes:
    """A bag of values, kept by their hashes: two different ones are mixed up once in a universe.

    Good within one process, for the hash of a text is another one in the next.

    >>> bag = Hashes(["/a/", "/b/", "/a/"])
    >>> "/a/" in bag, "/c/" in bag, bag.count("/a/")
    (True, False, 2)
    """

    def __init__(self, values: Iterable[Hashable]) -> None:
        hashes = array("q", map(hash, values))
        runs = [array("q", sorted(hashes[at : at + RUN])) for at in range(0, len(hashes), RUN)]
        self._hashes = array("q", merge(*runs))

    def count(self, value: Hashable) -> int:
        """How often a value is in the bag."""
        wanted = hash(value)
        at = bisect_left(self._hashes, wanted)
        if at == len(self._hashes) or self._hashes[at] != wanted:
            return 0
        return bisect_right(self._hashes, wanted, at) - at

    def __contains__(self, value: Hashable) -> bool:
        return self.count(value) > 0
