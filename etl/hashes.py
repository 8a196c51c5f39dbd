"""Many values in eight bytes each, or in bits, where only whether and how often they are there is asked."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable
from heapq import merge

RUN = 1 << 14
"""Hashes that are sorted at once, for in a list they take five times as much."""
PLACES = 1 << 22
"""Bits of a `Sieve`, half a MiB."""


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


class Sieve:
    """Values in memory of one size: each of them passes, and of all others the more, the more values there are.

    >>> sieve = Sieve([5, 70])
    >>> 5 in sieve, 6 in sieve, 5 + PLACES in sieve
    (True, False, True)
    """

    def __init__(self, values: Iterable[Hashable]) -> None:
        self._bits = bits = bytearray(PLACES >> 3)
        for value in values:
            place = hash(value)
            bits[place % PLACES >> 3] |= 1 << (place & 7)

    def __contains__(self, value: Hashable) -> bool:
        place = hash(value)
        return self._bits[place % PLACES >> 3] >> (place & 7) & 1 == 1
