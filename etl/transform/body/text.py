"""What a reader sees of a clean body: visible text and excerpt, from its tree."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable

from etl.transform.body.parse import OWN_LINE, Node

INLINE = frozenset(("Code", "SoftBreak", "HardBreak", "TableCell"))
EXCERPT = 200
LONGEST_WORD = 40
"""Characters that a word may have; what is longer is an address, or words without blanks."""
JOINER = "\u200d"


def visible_text(nodes: Iterable[Node]) -> str:
    r"""A line for each paragraph, heading, list item, table row and code line (contract, section 6).

    >>> from etl.transform.body.parse import parse
    >>> visible_text(parse("# A **b**\n\n* [c](/d)\n* e\\\nf\n\n| g | h |\n| --- | --- |\n| 1<br>2 | 3 |").nodes)
    'A b\nc\ne f\ng h\n1 2 3'
    """
    lines: list[str] = []
    line: list[str] = []
    code_end = image_end = 0
    heading_end = sys.maxsize
    for node in nodes:
        kind = node.kind
        if node.start >= heading_end:  # in an item that is tight, text may stand right behind it
            lines.append("".join(line))
            line, heading_end = [], sys.maxsize
        if kind == "Text":
            if node.start < code_end:
                lines.extend(node.data.split("\n"))
            elif node.start >= image_end:
                line.append(node.data)
        elif kind in OWN_LINE:
            if line:
                lines.append("".join(line))
                line = []
            code_end = node.end if kind == "CodeBlock" else 0
            heading_end = node.end if kind == "Heading" else sys.maxsize
            lines += _plain_rows(node) if kind == "Table" else ()
        elif kind == "Image":
            image_end = max(image_end, node.end)  # one in the words of another ends first
        elif node.start >= image_end and (kind in INLINE or (kind == "InlineHtml" and node.data.startswith("<br"))):
            line.append(node.data if kind == "Code" else " ")
    lines.append("".join(line))
    return "\n".join(filter(None, map(_with_single_blanks, lines)))


def _plain_rows(table: Node) -> list[str]:
    """The rows of a table that has no nodes for them, without the divider."""
    if table.children:
        return []
    head, _, *rows = table.data.replace("|", " ").split("\n")
    return [head, *rows]


def _with_single_blanks(line: str) -> str:
    """A line with single blanks: most are so already, and what can be printed has no other blanks."""
    return line.strip(" ") if "  " not in line and line.isprintable() else " ".join(line.split())


def excerpt(text: str) -> str:
    r"""The first 200 characters of a `visible_text` in one line, cut at a word; at a letter where blanks part none.

    >>> excerpt("clear\nwater"), len(excerpt("water " * 60)), len(excerpt("一 " + "水" * 300))
    ('clear water', 197, 200)
    """
    line = " ".join(text[: EXCERPT + 1].split())
    if len(line) <= EXCERPT:
        return line
    words, _, last = line.rpartition(" ")
    if words and (last.isascii() or len(last) <= LONGEST_WORD):
        return words
    end = EXCERPT
    while end > len(words) and _is_inside_sign(line, end):
        end -= 1
    return line[:end]


def _is_inside_sign(line: str, at: int) -> bool:
    """Whether a character is a mark of the one before it, or joined to it."""
    return unicodedata.category(line[at])[0] == "M" or JOINER in line[at - 1 : at + 1]
