"""Boxes whose lines were glued into one block of HTML: the old platform drew each line by its first mark (corpus.md 9).

Only the lines from the box's tag to the next blank line are glued; further paragraphs are Markdown as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.transform.body.edits import Edit
from etl.transform.body.lists import ITEM_MARK

BOX_START = '<div class="box" markdown="1">'
BOX_END = "</div>"
BLANKS = r"(?:[ \t\u00a0]|&nbsp;)*"
END = re.compile(r"\n[ \t]*(?:\n|</div)|\Z", re.IGNORECASE)
TAGS_ALONE = re.compile(r"\s*(?:</?[a-zA-Z][^<>\n]*>\s*)*")
BLOCK_TAG = re.compile(r"\s*</?(?:h[1-6]|p|ul|ol|li|table|tr|td|th|div|pre|hr|blockquote|img)\b", re.IGNORECASE)
NUMBER_SIGN = re.compile(rf"{BLANKS}((?:1\. )?#[ \t]+)(?=\S)")
ITEM = re.compile(rf"[ \t]*{ITEM_MARK}[ \t]+(?!#[ \t])")
ROW = re.compile(r"[ \t]*\|")
DIVIDER = re.compile(r"[ \t]*+\|?[ \t]*+:?-++:?[ \t]*+(?>(?:\|[ \t]*+:?-++:?[ \t]*+)*)\|?[ \t]*+")
EMPTY_ROW = re.compile(r"[ \t|]*")
STARRED_CELL = re.compile(r"(?<=\|)[ \t]*\*[ \t]+")


def glued_end(text: str, start: int) -> int:
    """Where the glued lines end of a box whose tag ends at ``start``; there, when its lines are apart already."""
    if not text.startswith("\n", start) or text[start + 1 : start + 2] in ("\n", ""):
        return start
    return END.search(text, start).start()  # type: ignore[union-attr]  # the end of the text is one


def glued_lines(text: str, start: int, end: int) -> Iterator[Edit]:
    """Edits for the lines of a box from the end of its tag on: paragraphs, items and rows stand apart."""
    at, before = start + 1, ""
    while at < end:
        stop = _line_end(text, at, end)
        line = text[at:stop]
        kind = _kind(line)
        if kind == "row" and EMPTY_ROW.fullmatch(line):
            yield at, min(stop + 1, end), "", "box"
        elif kind:
            if before and (kind != before or kind == "line"):
                yield at, at, "\n", "box"
            yield from _line(text, at, stop, kind)
            if (
                kind == "row"
                and before != "row"
                and not DIVIDER.fullmatch(text, stop + 1, _line_end(text, stop + 1, end))
            ):
                yield stop, stop, "\n|" + " --- |" * (line.strip().strip("|").count("|") + 1), "box"
            before = kind
        at = stop + 1


def _kind(line: str) -> str:
    """What a line is drawn as; empty for tags alone on their line, and what is a block by itself."""
    if TAGS_ALONE.fullmatch(line) or BLOCK_TAG.match(line):
        return ""
    if ROW.match(line):
        return "row"
    return "item" if ITEM.match(line) else "line"


def _line(text: str, start: int, stop: int, kind: str) -> Iterator[Edit]:
    """Marks that mean nothing inside a box."""
    if kind == "row":
        for cell in STARRED_CELL.finditer(text, start, stop):
            yield *cell.span(), " ", "box"
    elif kind == "line" and (sign := NUMBER_SIGN.match(text, start, stop)):
        yield *sign.span(1), "", "box"


def _line_end(text: str, start: int, end: int) -> int:
    stop = text.find("\n", start, end)
    return end if stop < 0 else stop
