"""Lines and columns, both from 1 and in characters: where in its member a character of a text stands."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, count
from operator import add


def position(text: str, offset: int) -> tuple[int, int]:
    r"""Line and column of an offset into a text with LF line ends; for one place, or a few.

    >>> position("ab\ncd", 4)
    (2, 2)
    """
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


class Lines:
    """The lines of a text whose first one is the line ``first`` of a member; gone over once a place is asked for."""

    def __init__(self, text: str, first: int = 1) -> None:
        self._text = text
        self._first = first
        self._starts: list[int] = []

    def place(self, offset: int) -> tuple[int, int]:
        r"""Line and column, in the member, of a character.

        >>> Lines("a\nbc", 7).place(3)
        (8, 2)
        """
        if not self._starts:
            lengths = map(len, self._text.split("\n"))
            self._starts = list(map(add, accumulate(lengths, initial=0), count()))  # and a line end each
        row = bisect_right(self._starts, offset)
        return self._first + row - 1, offset - self._starts[row - 1] + 1
