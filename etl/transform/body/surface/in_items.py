"""Blocks of HTML in a list item or a quotation stay there, with its indentation or marks.

At the start of a line they would end the list, and what follows in the item would be code. What has no other place, as
a box, does end it; then what follows comes to the start of its line, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from sys import maxsize

from etl.transform.body.code import TAB, indent_behind
from etl.transform.body.edits import Edit
from etl.transform.body.places import match_end
from etl.transform.body.surface.around import BLANKS, Around, BlockOfItem

OF_CODE = frozenset(("preformatted", "tiki-marker", "shortcode"))
OF_BLOCKS = frozenset(("block", "table", "break")) | OF_CODE
"""Rules that part blocks, or lines in them, by ends of lines."""
MAY_PART = OF_BLOCKS | {"box", "quote"}
"""Those, and the ones whose blocks have no place in an item."""
TABLE = re.compile("<table", re.IGNORECASE)
LINE_BEGINS = re.compile(r"\n\n(?=\S)")
INDENT = re.compile(r"^[ \t]+(?=\S)", re.MULTILINE)
NUMBER = re.compile(r"[ \t]*\d{1,9}[.)][ \t]")
UNQUOTED = re.compile(r"[ \t]*\n[ \t]*[^\s>]")
"""What ends a quotation behind HTML: its lines below have marks."""
NOTHING = re.compile(r"[ \t]*(?:[<\n]|\Z)")
"""What stands behind an edit that writes nothing at the start of a line."""


def in_items(around: Around, edits: Sequence[Edit]) -> Sequence[Edit]:
    r"""The edits of a text; what they write in items is indented, and what is no more in one is not.

    What they write in quotations has marks of those, but for code, which does not ask here (`quoted_block`).

    >>> in_items(Around("* a\n\n  <p>b</p>"), [(7, 10, "\n\n", "block")])
    [(7, 10, '\n\n  ', 'block')]
    >>> in_items(Around("> a<br>b"), [(3, 7, "  \n", "break")])
    [(3, 7, '  \n> ', 'break')]
    >>> in_items(Around("* a <div>b\n\n  c"), [(4, 9, "\n\n", "box")])
    [(4, 9, '\n\n', 'box'), (12, 14, '', 'box')]
    """
    may_be_inside = any(_parts_item(around, edit) for edit in edits)
    return list(_indented(around, edits)) if may_be_inside else edits


def _parts_item(around: Around, edit: Edit) -> bool:
    """Whether an edit parts blocks where a blank stands before its place or its line, or on the line of an item."""
    start, _, written, rule = edit
    if rule not in MAY_PART or "\n" not in written or start == (line := around.line_start(start)):
        return False
    if around.text[line] in " \t>":
        return True
    return "\n\n" in written and (around.text[start - 1] in " \t" or around.item_indent(start) != "")


def _indented(around: Around, edits: Sequence[Edit]) -> Iterator[Edit]:
    """Up to what stays at the start of a line, as a box: that ends a list."""
    list_end, ends, marks = -1, list[Edit](), ""
    for edit in edits:
        start, end, written, rule = edit
        parts = rule in OF_BLOCKS and "\n" in written
        block = around.block_of_item(start) if parts else None
        if parts and (rule != "table" or TABLE.match(around.text, start)):  # its rows are where it began
            marks = around.quote_marks(start)
        if parts and marks and rule not in OF_CODE:
            written = written if UNQUOTED.match(around.text, end) else written.replace("\n", f"\n{marks}")
        elif parts and around.item_start(start) > list_end and (indent := _indent(around, edit, block)):
            lines = around.text[start:end].rpartition("\n")[0] if block else ""
            written = _behind(indent, written, lines if rule in OF_CODE else None)
        elif "\n\n" in written and (written.strip() or not NOTHING.match(around.text, end)):
            list_end = start
            if LINE_BEGINS.search(written + around.text[end : end + 1]):
                ends.append(edit)
        yield start, end, written, rule
    for edit, (below, *_) in pairwise([*ends, (len(around.text), 0, "", "")]):
        yield from _rest_of_item(around, edit, below)


def _indent(around: Around, edit: Edit, block: BlockOfItem | None) -> str:
    """That of a block below the words of an item, or of what follows them on the line of its mark.

    The mark of an item in an item of HTML is none: its paragraphs would be code.
    """
    start, _, written, _ = edit
    if block or (written.startswith("\n\n ") and around.item_end(start) == start):
        return block.indent if block else ""
    return around.item_indent(start)


def _rest_of_item(around: Around, edit: Edit, below: int) -> Iterator[Edit]:
    """The lines of an item behind what ends its list, without the blanks that made them a part of it.

    They reach to what ends a list below, whose own line tells how many blanks that are. An item below them stands
    apart: below words, only the first of a list may have a number.
    """
    start, end, _, rule = edit
    item_end = around.item_end(start)
    indents = [*INDENT.finditer(around.text, end, min(item_end, below))]
    column = _column(around, start) if indents else 0
    for indent in indents:
        width = len(indent[0].expandtabs(TAB))
        gap = "\n" if width < column and NUMBER.match(around.text, indent.end()) else ""
        column = min(column, width)
        yield *indent.span(), gap + indent_behind(indent[0], column), rule
    if end < item_end <= below and NUMBER.match(around.text, item_end):
        yield item_end, item_end, "\n", rule


def _column(around: Around, offset: int) -> int:
    """Where the words of an item begin on the line of a place; anywhere, when they stand at its start."""
    line = around.line_start(offset)
    indent = around.item_indent(offset) or around.text[line : match_end(BLANKS, around.text, line)]
    return len(indent.expandtabs(TAB)) or maxsize


def _behind(indent: str, written: str, code: str | None) -> str:
    """What an edit writes, its lines behind the indentation of a block; those of code keep their columns."""
    inside = indent.expandtabs(TAB)
    has_indent = code is not None and not re.search(rf"\n(?!\n|{indent}|{inside})", code)
    line = rf"\n(?!\n)(?:{indent}|{inside})?" if has_indent else r"\n(?!\n)"
    return re.sub(line, "\n" + inside, written)
