"""Signs in prose that are words here and markup to some engine: a backslash says so to all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from etl.transform.body.edits import Edit
from etl.transform.body.lists import BEFORE_WORDS
from etl.transform.body.parse import Node
from etl.transform.body.places import is_escaped, is_inside, line_start

MARKUP_SIGN = re.compile(r"[\\`*_\[\]|]")
BEGINS_BLOCK = re.compile(r"[>|#`~=+*-]|_[ \t]*_|\d{1,9}[.)]")
"""What a line of words must not begin with."""
MARK = re.compile(r"(?<![*\\\s])\*(?!\*)|(?<![*\\])\*(?![*\s])|(?<=[^\W_])_(?=[^\W_])|`")
STRIKE_END = re.compile(r"(?<=[^\s(*~])~+")
"""What may end words struck out in engines that have them; `~50` alone begins some, and stays."""
ATTRIBUTES = re.compile(r"(?<=[)*>`])\{|\{(?=:)")
"""Of what stands before them: some engines take `{.name}` for no words."""
TITLE_BRACE = re.compile(r"(?<=[ \t])\{(?!:)")
"""In a heading or a cell: some engines take `{a=b}` for its attributes, whatever is in or behind it."""
MOST_MARKS = 100
"""Characters of it that are looked at."""
LONG_NUMBER = re.compile(r"\d{10,}(?=\.[ \t])")  # too long to be the mark of an item
DEFINITION_SIGN = re.compile(r"^[ \t>]*:(?=[ \t])", re.MULTILINE)
LINE_MARK = re.compile(r"(?:[ \t>]*+(?=\{(?!:|\{[^}=\n]*\}\})[^}\n]+\})|[ \t]+(?:\d+(?=\.\s)|(?=[*+-]\s|>|~~~)))(.)")
"""At the start of a line of words: attributes (`ATTRIBUTES`), and what looks like the mark of a block in an item."""
LINE_MARK_BEGINS = " ", "\t", ">", "{"
NO_ESCAPE = frozenset("\"'~=:,;/%@^?$")
"""Signs before which some engines show the backslash, beside the pipe, which only in a table has one."""


def literal_edits(text: str, words: Node, addresses: Sequence[tuple[int, int]]) -> Sequence[Edit]:
    """The signs among words, but for those in an address."""
    data, start, end = words.data, words.start, words.end
    edits: list[Edit] = []
    if "[" in data:
        edits += _brackets(text, start, end, "[")
    if "]" in data:
        edits += _brackets(text, start, end, "]")
    if "{" in data:
        braces = {brace.start() for brace in ATTRIBUTES.finditer(text, start, end)}
        if text.startswith("_{", start - 1):  # emphasis ends there, whose marks are no stars beside one
            braces.add(start)
        edits += [(at, at, "\\", "literal") for at in braces if not is_escaped(text, at)]
    if text.startswith("#", start) and is_first(text, start):
        edits.append((start, start, "\\", "literal"))
    if "~" in data:
        edits += _strike_ends(text, start, end, addresses)
    if "*" in data or "_" in data or "`" in data:
        for mark in MARK.finditer(text, start, end):
            at = mark.start()
            if not is_escaped(text, at) and not is_inside(at, addresses):
                edits.append((at, at, "\\", "literal"))
    return edits


def brace_edits(text: str, words: Node, *, in_cell: bool) -> Iterator[Edit]:
    """The braces that may begin attributes, among the words of a heading or a cell; no cell begins with them."""
    for brace in TITLE_BRACE.finditer(text, words.start + in_cell, words.end):
        yield brace.start(), brace.start(), "\\", "literal"


def _strike_ends(text: str, start: int, end: int, addresses: Sequence[tuple[int, int]]) -> Iterator[Edit]:
    for tildes in STRIKE_END.finditer(text, start, end):
        if not is_escaped(text, tildes.start()) and not is_inside(tildes.start(), addresses):
            yield *tildes.span(), escaped("~") * len(tildes[0]), "literal"


def pipe_edits(text: str, words: Node) -> Iterator[Edit]:
    """The pipes of words that are in no table: engines make one of them, or show the backslash of one."""
    at = text.find("|", words.start, words.end)
    while at >= 0:
        yield at - is_escaped(text, at), at + 1, escaped("|"), "literal"
        at = text.find("|", at + 1, words.end)


def is_first(text: str, offset: int) -> bool:
    """Whether a word is the first one of its line: nothing but marks of items and quotations stands before it."""
    furthest = max(offset - MOST_MARKS, 0)  # so that many words on a long line are no growth by the square
    line = max(text.rfind("\n", furthest, offset) + 1, furthest)
    return BEFORE_WORDS.fullmatch(text, line, offset) is not None


def _brackets(text: str, start: int, end: int, bracket: str) -> Iterator[Edit]:
    at, written = text.find(bracket, start, end), escaped(bracket)
    while at >= 0:
        if not is_escaped(text, at):
            yield at, at + 1, written, "bracket"
        at = text.find(bracket, at + 1, end)


def line_edits(text: str, paragraph: Node) -> Iterator[Edit]:
    """The signs of definitions at the starts of its lines, and the number of an item."""
    first = line_start(text, paragraph.start)
    if number := LONG_NUMBER.match(text, paragraph.start):
        yield number.end(), number.end(), "\\", "literal"
    for sign in DEFINITION_SIGN.finditer(text, first, paragraph.end + 1):  # with the blank behind the last one
        if sign.end() > paragraph.start:
            yield sign.end() - 1, sign.end(), escaped(":"), "literal"


def as_text(code: str) -> str:
    r"""The text of a code span as it is written outside of code.

    >>> as_text("- <a_b>"), as_text("1. `"), as_text("~ b")
    ('\\- &lt;a\\_b>', '1\\. \\`', '&#126; b')
    """
    written = MARKUP_SIGN.sub(r"\\\g<0>", code).replace("&", "&amp;").replace("<", "&lt;")
    if mark := BEGINS_BLOCK.match(written):
        sign = mark.end() - 1
        return written[:sign] + escaped(written[sign]) + written[sign + 1 :]
    return written


def escaped(sign: str) -> str:
    r"""A sign that is a word here, as every engine reads it.

    >>> escaped("*"), escaped("~"), escaped("|")
    ('\\*', '&#126;', '&#124;')
    """
    return f"&#{ord(sign)};" if sign in NO_ESCAPE or sign == "|" else "\\" + sign
