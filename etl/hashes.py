"""Many values in eight bytes each, or in bits, where only whether and how often they are there is asked."""

from __future__ import annotations

import hashlib
import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable
from heapq import merge
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)
Answer = TypeVar("Answer")

RUN = 1 << 14
"""Hashes that are sorted at once, for in a list they take five times as much."""
PLACES = 1 << 22
"""Bits of a `Sieve`, half a MiB; a power of two."""
LAST_PLACE = PLACES - 1


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
        if at == len(self._hashes) or self._hashes[at] != wanted:  # as most: they are not looked for twice
            return 0
        return bisect_right(self._hashes, wanted, at) - at

    def __contains__(self, value: Hashable) -> bool:
        return self.count(value) > 0


class Sieve:
    """A filter of one size before a look-up: every value of it passes, few others do, and more the fuller it is.

    >>> known = Sieve([5, 70]).before(str, "nothing")
    >>> known(5), known(4), known(5 + PLACES)
    ('5', 'nothing', '4194309')
    """

    def __init__(self, values: Iterable[Hashable]) -> None:
        self._bits = bits = bytearray(PLACES >> 3)
        for value in values:
            place = hash(value) & LAST_PLACE
            bits[place >> 3] |= 1 << (place & 7)

    def before(self, look_up: Callable[[Value], Answer], nothing: Answer) -> Callable[[Value], Answer]:
        """A function that asks ``look_up`` for a value that passes, and answers ``nothing`` for any other one."""
        bits = self._bits

        def asked(value: Value) -> Answer:
            place = hash(value) & LAST_PLACE
            return look_up(value) if bits[place >> 3] >> (place & 7) & 1 else nothing

        return asked


class Crowd:
    """Which keys may have been seen more than once: a Bloom filter that tells once from twice.

    It never misses such a key, is wrong about some others, and stays small.

    >>> crowd = Crowd(1000)
    >>> for key in (b"/a", b"/b", b"/a"): crowd.add(key)
    >>> crowd.suspects(b"/a"), crowd.suspects(b"/b")
    (True, False)
    """

    def __init__(self, map_bytes: int) -> None:
        """Of a size that fits the map: about twenty places for a line, at most 32 MiB for all."""
        places = 1 << max(12, min(27, (map_bytes // 8).bit_length()))
        self._mask = places - 1
        self._once, self._twice = bytearray(places >> 3), bytearray(places >> 3)

    def add(self, key: bytes) -> None:
        """Note a key."""
        self.add_all(digests([key]))

    def add_all(self, found: bytes) -> None:
        """Note keys, by their `digests`."""
        once, twice, mask = self._once, self._twice, self._mask
        for number in _numbers(found):
            for place in (number & mask, number >> 32 & mask):
                at, bit = place >> 3, 1 << (place & 7)
                if once[at] & bit:
                    twice[at] |= bit
                else:
                    once[at] |= bit

    def suspects(self, key: bytes) -> bool:
        """False for a key that was seen at most once."""
        return bool(self.suspected(digests([key])))

    def suspected(self, found: bytes) -> list[int]:
        """Which of some keys, by their `digests`, may have been seen more than once: their places, in order."""
        twice, mask = self._twice, self._mask
        return [
            at
            for at, number in enumerate(_numbers(found))
            if twice[(number & mask) >> 3] >> (number & 7) & 1
            and twice[(number >> 32 & mask) >> 3] >> (number >> 32 & 7) & 1
        ]


def _numbers(found: bytes) -> tuple[int, ...]:
    """Each half of a number is a place in a crowd: two keys seldom share both."""
    return struct.unpack(f">{len(found) // 8}Q", found)


def digests(keys: Iterable[bytes]) -> bytes:
    """Eight bytes for each key, by which a `Crowd` knows it."""
    return b"".join([hashlib.blake2b(key, digest_size=8).digest() for key in keys])
