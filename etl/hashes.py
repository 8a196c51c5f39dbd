"""Many values in little memory, where only whether and how often they are there is asked.

Good within one process, for the hash of a text is another one in the next.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable


class Hashes:
    """A bag of values, kept by their hashes in eight bytes each: two different ones are mixed up once in a universe.

    >>> bag = Hashes(["/a/", "/b/", "/a/"])
    >>> "/a/" in bag, "/c/" in bag, bag.count("/a/"), len(bag)
    (True, False, 2, 3)
    """

    def __init__(self, values: Iterable[Hashable] = ()) -> None:
        self._hashes = array("q", sorted(array("q", map(hash, values))))

    def count(self, value: Hashable) -> int:
        """How often a value is in the bag."""
        wanted = hash(value)
        at = bisect_left(self._hashes, wanted)
        if at == len(self._hashes) or self._hashes[at] != wanted:
            return 0
        return bisect_right(self._hashes, wanted, at) - at

    def __contains__(self, value: Hashable) -> bool:
        return self.count(value) > 0

    def __len__(self) -> int:
        return len(self._hashes)


class Sieve:
    """What may be among any number of values, in the same memory for each number: what it lets not pass is not there.

    The more values, the more passes that is not there either.

    >>> sieve = Sieve(["/a/", "/b/"])
    >>> "/a/" in sieve, "/b/" in sieve, "/c/" in Sieve()
    (True, True, False)
    """

    PLACES = 1 << 22

    def __init__(self, values: Iterable[Hashable] = ()) -> None:
        self._marks = marks = bytearray(self.PLACES)
        last = self.PLACES - 1
        for value in values:
            marks[hash(value) & last] = 1

    def __contains__(self, value: Hashable) -> bool:
        return self._marks[hash(value) & (self.PLACES - 1)] == 1
