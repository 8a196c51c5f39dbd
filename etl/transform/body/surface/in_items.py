"""Blocks of HTML below the words of a list item stay in it: what they become is indented as they were.

At the start of a line they would end the list, and what follows in the item would be code.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from etl.transform.body.code import TAB
from etl.transform.body.edits import Edit
from etl.transform.body.lists import ITEM_MARK
from etl.transform.body.parse import parse
from etl.transform.body.places import line_start

OF_BLOCKS = frozenset(("block", "table", "preformatted"))
"""Rules that part blocks by ends of lines."""
HTML = frozenset(("HtmlBlock", "Paragraph"))
"""What holds HTML: a paragraph does behind an empty line in an element."""
ITEM = re.compile(rf"^[ \t]*{ITEM_MARK}[ \t]", re.MULTILINE)
INDENT = re.compile(r"[ \t]+")

Block = tuple[int, int, str]
"""Where the first line of a block begins, where the block ends, and its indentation as it is written."""


def in_items(text: str, edits: Sequence[Edit]) -> Sequence[Edit]:
    r"""The edits of a text; what they write in items is indented.

    >>> in_items("* a\n\n  <p>b</p>", [(7, 10, "\n\n", "block")])
    [(7, 10, '\n\n  ', 'block')]
    """
    if not any(_may_be_inside(text, edit) for edit in edits) or not ITEM.search(text):
        return edits
    blocks = sorted(_blocks(text))
    starts = [start for start, _, _ in blocks]
    return [_indented(edit, blocks[bisect_right(starts, edit[0]) - 1]) for edit in edits] if blocks else edits


def _may_be_inside(text: str, edit: Edit) -> bool:
    """Whether an edit parts blocks where a blank stands before its place."""
    start, _, written, rule = edit
    return rule in OF_BLOCKS and "\n" in written and text[start - 1 : start] in (" ", "\t")


def _blocks(text: str) -> Iterator[Block]:
    """What may be HTML below the first words of items."""
    for item in parse(text).nodes:
        for block in item.children[1:] if item.kind == "Item" else ():
            start = line_start(text, block.start)
            if block.kind in HTML and (indent := INDENT.match(text, start)):
                yield start, block.end, indent[0]


def _indented(edit: Edit, block: Block) -> Edit:
    (start, end, written, rule), (first, last, indent) = edit, block
    if rule not in OF_BLOCKS or not first <= start < last:
        return edit
    inside = indent.expandtabs(TAB)
    # Preformatted text holds lines of the source, which are indented as the block is.
    line = rf"\n(?!\n)(?:{indent}|{inside})?" if rule == "preformatted" else r"\n(?!\n)"
    return start, end, re.sub(line, "\n" + inside, written), rule
