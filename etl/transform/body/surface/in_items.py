"""Blocks of HTML below the words of a list item stay in it: what they become is indented as they were.

At the start of a line they would end the list, and what follows in the item would be code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from etl.transform.body.code import TAB
from etl.transform.body.edits import Edit
from etl.transform.body.surface.around import Around

OF_CODE = frozenset(("preformatted", "tiki-marker", "shortcode"))
OF_BLOCKS = frozenset(("block", "table", "break")) | OF_CODE
"""Rules that part blocks, or lines in them, by ends of lines."""
NOTHING = re.compile(r"[ \t]*(?:[<\n]|\Z)")
"""What stands behind an edit that writes nothing at the start of a line."""


def in_items(around: Around, edits: Sequence[Edit]) -> Sequence[Edit]:
    r"""The edits of a text, in the order of their places; what they write in items is indented.

    >>> in_items(Around("* a\n\n  <p>b</p>"), [(7, 10, "\n\n", "block")])
    [(7, 10, '\n\n  ', 'block')]
    """
    may_be_inside = any(_parts_indented(around.text, edit) for edit in edits)
    return list(_indented(around, edits)) if may_be_inside else edits


def _parts_indented(text: str, edit: Edit) -> bool:
    """Whether an edit parts blocks where a blank stands before its place."""
    start, _, written, rule = edit
    return rule in OF_BLOCKS and "\n\n" in written and text[start - 1 : start] in (" ", "\t")


def _indented(around: Around, edits: Sequence[Edit]) -> Iterator[Edit]:
    """Up to what stays at the start of a line, as a box or a block on the line of a mark: that ends a list."""
    list_end = -1
    for edit in edits:
        start, end, written, rule = edit
        block = around.block_of_item(start) if rule in OF_BLOCKS and "\n" in written else None
        if block and block.outermost > list_end:
            lines = around.text[start:end].rpartition("\n")[0] if rule in OF_CODE else None
            written = _behind(block.indent, written, lines)
        elif "\n\n" in written and (written.strip() or not NOTHING.match(around.text, end)):
            list_end = start
        yield start, end, written, rule


def _behind(indent: str, written: str, code: str | None) -> str:
    """What an edit writes, its lines behind the indentation of a block; those of code keep their columns."""
    inside = indent.expandtabs(TAB)
    has_indent = code is not None and not re.search(rf"\n(?!\n|{indent}|{inside})", code)
    line = rf"\n(?!\n)(?:{indent}|{inside})?" if has_indent else r"\n(?!\n)"
    return re.sub(line, "\n" + inside, written)
