"""Places of a text: where their lines begin, what stands at them, and whether a stretch of it holds them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from sys import maxsize

from etl.transform.body.parse import Node


def line_start(text: str, offset: int) -> int:
    r"""Where the line of a place begins.

    >>> [line_start("a\nb", offset) for offset in (0, 1, 2, 3)]
    [0, 0, 2, 2]
    """
    return text.rfind("\n", 0, offset) + 1


def blanks_start(text: str, offset: int) -> int:
    """Where the blanks before a place begin.

    >>> blanks_start("a \\t b", 3), blanks_start("a", 1)
    (1, 1)
    """
    while offset and text[offset - 1] in " \t":
        offset -= 1
    return offset


def is_escaped(text: str, offset: int) -> bool:
    """Whether an odd number of backslashes stands before a character."""
    start = offset
    while start and text[start - 1] == "\\":
        start -= 1
    return (offset - start) % 2 == 1


def ends_in_break(text: str, start: int) -> bool:
    r"""Whether the line before a line ends in a backslash that is a hard break.

    >>> ends_in_break("a\\\nb", 3), ends_in_break("a\\\\\nb", 4), ends_in_break("a", 0)
    (True, False, False)
    """
    return text.endswith("\\\n", 0, start) and not is_escaped(text, start - 2)


def match_end(pattern: re.Pattern[str], text: str, offset: int, end: int = maxsize) -> int:
    """Where what a pattern finds at a place ends: the place itself, when it finds nothing."""
    found = pattern.match(text, offset, end)
    return found.end() if found else offset


def visible_start(text: str, node: Node) -> int:
    """Where the mark of a list or an item stands, or a block begins: a tab before it is part of the line before."""
    start = node.start
    while text[start : start + 1] in (" ", "\t", "\n"):
        start += 1
    return start


def words_start(text: str, node: Node) -> int:
    """Where words or a block begin; the escape that the words of a tight item begin with is no part of these."""
    start = visible_start(text, node)
    return start - (text[start - 1 : start] == "\\")


def visible_end(text: str, node: Node) -> int:
    """Where the last visible character of a block ends."""
    end = node.end
    while end > node.start and text[end - 1] in " \t\n":
        end -= 1
    return end


def is_inside(offset: int, ranges: Sequence[tuple[int, int]]) -> bool:
    """Whether a place is in one of some ranges, which come in order.

    >>> [offset for offset in range(8) if is_inside(offset, [(1, 3), (5, 6)])]
    [1, 2, 5]
    """
    place = bisect_right(ranges, offset, key=lambda each: each[0]) - 1
    return place >= 0 and offset < ranges[place][1]


def last_at(nodes: Sequence[Node], offset: int) -> int:
    """Which of some nodes, in order, is the last one that does not begin behind a place; -1: all do."""
    return bisect_right(nodes, offset, key=lambda node: node.start) - 1
