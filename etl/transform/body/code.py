"""Where the code of a text is, how much it is, and the fence that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from etl.transform.body.edits import Edit
from etl.transform.body.parse import Node, code_nodes
from etl.transform.body.places import last_at, line_start

# A line that a fence of tildes or an indented block may begin on: by four columns, behind marks of items and quotes.
CODE_LINE = re.compile(r"\n(?>(?:[>*+\-0-9.)]+| {1,3}(?! ))*)(?: {4,}+[^ \n]|\t|~~~)")
CODE_SIGNS = "\t", "~", "    "
"""What is in such a line."""

TAB = 4  # columns of one
CODE_INDENT = 4  # columns that make a line code
INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


class Code:
    """Where the code of a text is: found out when it is asked, for that may take a parser."""

    def __init__(self, text: str) -> None:
        self.text = text

    def holds(self, offset: int) -> bool:
        """Whether a place is in code."""
        return self._node(offset) is not None

    def is_fenced(self, offset: int) -> bool:
        r"""Whether a place is in code between fences.

        >>> [Code(text).is_fenced(9) for text in ("```\na\n\tb\n```", "    a\n\n\tb", "    ~~~\n\tb")]
        [True, False, False]
        """
        node = self._node(offset)
        return node is not None and node.data != "Indented" and self.text.startswith(("```", "~~~"), node.start)

    def is_marked(self, offset: int) -> bool:
        """Whether a place is in code that has marks at its edges: in back-ticks, or between fences."""
        node = self._node(offset)
        return node is not None and self.text.startswith(("`", "~~~"), node.start)

    def _node(self, offset: int) -> Node | None:
        """The code that a place is in."""
        if self.begins is None or offset < self.begins:
            return None
        place = last_at(self.nodes, offset)
        return self.nodes[place] if place >= 0 and self.nodes[place].end > offset else None

    @cached_property
    def begins(self) -> int | None:
        r"""Where a parser may find code at the earliest, found without one; None: nowhere.

        >>> [Code(text).begins for text in ("a `b`", ">     a", "a    b\n    \n", "1. a\n   ~~~")]
        [2, 0, None, 5]
        """
        if "\r" in self.text:
            return 0
        may_be_line = any(sign in self.text for sign in CODE_SIGNS)
        span, line = self.text.find("`"), CODE_LINE.search("\n" + self.text) if may_be_line else None
        if line is None or 0 <= span < line.start():
            return span if span >= 0 else None
        return line.start()

    @cached_property
    def nodes(self) -> list[Node]:
        """Code spans and code blocks, in order."""
        return [] if self.begins is None else code_nodes(self.text)


def code_size(text: str, nodes: Sequence[Node]) -> int:
    """The characters of all code blocks, blanks not counted."""
    return sum(nonblank_count(text[node.start : node.end]) for node in nodes if node.kind == "CodeBlock")


def nonblank_count(text: str) -> int:
    """The characters of a text, blanks not counted."""
    return len("".join(text.split()))


def ticks_around(code: str, fewest: int) -> str:
    """Back-ticks that code cannot end: more than stand anywhere in it.

    >>> ticks_around("a `b`", 1), ticks_around("a `b`", 3)
    ('``', '```')
    """
    return "`" * max([fewest, *(len(run) + 1 for run in re.findall(r"`+", code))])


def dedented(text: str, block: Node) -> Iterator[Edit]:
    """The lines of a fenced block without the blanks before its fence, which go: they are none of the code."""
    line = line_start(text, block.start)
    blanks = block.start - line
    if block.kind == "CodeBlock" and blanks:
        for lead in re.compile(rf"(?<=\n) {{1,{blanks}}}").finditer(text, block.start, block.end):
            yield *lead.span(), "", "code"


def fenced(text: str, start: int, end: int) -> Iterator[Edit]:
    """A fence around the lines of an indented block, which need no blanks then."""
    end = start + len(text[start:end].rstrip())  # the blanks behind it may go with what parts blocks
    fence = ticks_around(text[start:end], 3)
    opening = f"{fence}\n"
    for lead in INDENT.finditer(text, start, end):
        yield *lead.span(), opening + indent_behind(lead[0], CODE_INDENT), "code"
        opening = ""
    gap = "\n" if text.startswith("\t", end) else ""  # with a tab behind it a fence ends nothing
    yield end, end, f"\n{fence}{gap}", "code"


def indent_behind(indent: str, column: int) -> str:
    """What of an indentation stands behind a column; a part of a tab is blanks."""
    at = 0
    for index, char in enumerate(indent):
        if at >= column:
            return " " * (at - column) + indent[index:]
        at += TAB - at % TAB if char == "\t" else 1
    return " " * (at - column)
