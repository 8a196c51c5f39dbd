"""Definitions of links by reference: all of them go, for each link has its address itself, and no words become one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from etl.transform.body.code import CODE_INDENT, TAB, fenced
from etl.transform.body.edits import Edit
from etl.transform.body.hrefs import LABEL
from etl.transform.body.lists import BLOCK_MARKS, ITEM_MARK, NO_WORDS
from etl.transform.body.parse import CONTAINERS, Node
from etl.transform.body.places import line_start, visible_end, visible_start, words_start

SIGN = "]:"
DEFINES = re.compile(rf"^{BLOCK_MARKS}(\[)(?={LABEL}(\]):)", re.MULTILINE | re.DOTALL)
"""Of a link by reference; what only looks so is escaped or stands among words."""
LINES = re.compile(rf"(?>(?:{ITEM_MARK}[ \t>]++)*)\[.+(?:\n(?![ \t>]*$).+)*", re.MULTILINE)
"""Of definitions, behind the marks of items that hold nothing else; none of them goes on behind an empty line."""
EMPTY_LINE = re.compile(r"\n([ \t>]*)$", re.MULTILINE)
NOT_OF_WORDS = NO_WORDS | CONTAINERS
HAS_COLUMNS = frozenset(("List", "CodeBlock"))


def escape_edits(text: str, is_word: Callable[[int], bool]) -> Iterator[Edit]:
    """The brackets at the starts of lines that are words and would define a link, which no reader sees."""
    for bracket in DEFINES.finditer(text):
        if is_word(bracket.start(1)):
            yield *bracket.span(1), "\\[", "bracket"
            yield *bracket.span(2), "\\]", "bracket"  # else it would end what a bracket further up began


def definition_edits(text: str, nodes: Sequence[Node]) -> Iterator[Edit]:
    """The definitions of a text: brackets and a colon that are in none of its words."""
    full = _not_empty(nodes)
    last, at = nodes[0], 0
    for node in nodes[1:]:
        if node.start < at or (node.kind in CONTAINERS and id(node) not in full):
            continue  # in words, or holds none
        if text.find(SIGN, at, node.start) >= 0:
            yield from (_before_first if last.kind in CONTAINERS else _between)(text, last, node)
            if node.data == "Indented" and _column(text, node) == CODE_INDENT:
                yield from fenced(text, line_start(text, node.start), node.end)  # an item above would take it up
        last, at = node, node.start if node.kind in CONTAINERS else node.end
    if text.find(SIGN, at) >= 0:
        yield visible_end(text, last) if last.kind not in CONTAINERS else 0, len(text), "", "definition"


def _column(text: str, block: Node) -> int:
    """The column at which a block begins that only blanks stand before; 0 for any other one."""
    indent = text[line_start(text, block.start) : block.start]
    return len(indent.expandtabs(TAB)) if indent.isspace() else 0


def _not_empty(nodes: Sequence[Node]) -> set[int]:
    """The ``id`` of every list, item and quotation that holds words."""
    full: set[int] = set()
    for node in reversed(nodes):
        if any(child.kind not in CONTAINERS or id(child) in full for child in node.children):
            full.add(id(node))
    return full


def _before_first(text: str, outer: Node, block: Node) -> Iterator[Edit]:
    """What is first in a list, an item or a quotation takes the place of definitions, in the columns where it was."""
    start = min(text.index("[", outer.start), visible_start(text, outer.children[0]))
    end = words_start(text, block)
    moves = start - line_start(text, start) != end - line_start(text, end)
    yield start, text.rindex("\n", 0, end) if moves and block.kind in HAS_COLUMNS else end, "", "definition"


def _between(text: str, block: Node, after: Node) -> Iterator[Edit]:
    """The definitions between two blocks, with the empty lines before them if there is one of no new quotation behind.

    Words right below them may be in their quotation without its mark: they take their place.
    """
    at, end = visible_end(text, block), words_start(text, after)
    for lines in LINES.finditer(text, at, end):
        start, stop = lines.span()
        if after.kind not in NOT_OF_WORDS and text.count("\n", stop, end) == 1:
            yield start, end, "", "definition"
        elif (empty := EMPTY_LINE.match(text, stop)) and empty[1].strip() in text[line_start(text, at) : at]:
            yield at, stop, "", "definition"
        else:
            yield start, stop, "", "definition"
        at = stop
