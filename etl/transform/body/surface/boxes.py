"""Boxes of any variant become one div, which is closed at the end.

The lines of some were glued into one block of HTML: the old platform drew each line by its first mark (corpus.md 9).
Only those from the box's tag to the next blank line are glued; further paragraphs are Markdown as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.transform.body.edits import Edit
from etl.transform.body.lists import ITEM_MARK
from etl.transform.body.quotes import BOX_END, BOX_START
from etl.transform.body.surface.elements import BOX
from etl.transform.body.surface.tags import Tag
from etl.transform.body.surface.titles import bold
from etl.transform.body.surface.walk import Walk

END = re.compile(r"\n[ \t]*(?:\n|</div)|\Z", re.IGNORECASE)
TAGS_ALONE = re.compile(r"\s*(?:</?[a-zA-Z][^<>\n]*>\s*)*")
BLOCK_TAG = re.compile(r"\s*</?(?:h[1-6]|p|ul|ol|li|table|tr|td|th|div|pre|hr|blockquote|img)\b", re.IGNORECASE)
NUMBER_SIGN = re.compile(r"(?:[ \t\u00a0]|&nbsp;)*((?:1\. )?#[ \t]+)(?=\S)")
ITEM = re.compile(rf"[ \t]*{ITEM_MARK}[ \t]+(?!#[ \t])")
ROW = re.compile(r"[ \t]*\|")
DIVIDER = re.compile(r"[ \t]*+\|?[ \t]*+:?-++:?[ \t]*+(?>(?:\|[ \t]*+:?-++:?[ \t]*+)*)\|?[ \t]*+")
EMPTY_ROW = re.compile(r"[ \t|]*")
STARRED_CELL = re.compile(r"(?<=\|)[ \t]*\*[ \t]+")


def division(walk: Walk, tag: Tag) -> int | None:
    """`<div>`: a box, or a section without a meaning."""
    walk.open.end_paragraph()
    gap = walk.edge(tag.start)
    if not tag.closing:
        names = tag.attributes().get("class", "").lower().split()
        if gap == "\n\n" and not {"border", "box", "legacy-box"}.isdisjoint(names):
            walk.open.begin(tag, BOX)
            open_box(walk, tag.start, tag.end, "")
            _glue(walk, tag.end)
            return None
        walk.open.begin(tag, len(walk.edits))
        return walk.drop(tag, "block", gap)
    opened, index = walk.open.end(tag)
    if opened is None and walk.box_open:
        close_box(walk, tag.start, tag.end)
    elif opened is None:
        walk.find("box.orphan-end", tag.start, "</div> without its beginning", "removed")
        return walk.part(tag, "box-end", gap)
    elif index == BOX:
        close_box(walk, tag.start, tag.end)
    else:
        return walk.part(tag, "block", gap)
    return None


def open_box(walk: Walk, start: int, end: int, title: str) -> None:
    """A box begins at a tag or a marker, with its title in bold."""
    gap = " " if walk.around.in_item(start) else walk.gap(start)
    if walk.box_open or gap == " ":  # boxes do not nest in clean Markdown: the inner one goes on in the outer
        walk.write(start, end, gap + (f"{bold(title)}{gap}" if title else ""), "box")
        return
    walk.box_open, walk.box_start = True, start
    walk.quotes.first = len(walk.edits)
    heading = f"{bold(title)}\n\n" if title else ""
    _part(walk, start, end, f"\n\n{BOX_START}\n\n{heading}")


def close_box(walk: Walk, start: int, end: int) -> None:
    """A box ends at a tag or a marker, unless it goes on in an outer one."""
    if not walk.box_open and walk.around.in_item_line(start):
        walk.edit(start, end, "", "box")
    elif not walk.box_open:
        walk.find("box.orphan-end", start, "the end of a box that is not open", "removed")
        walk.edit(start, end, walk.gap(start), "box-end")
    if not walk.box_open:
        return
    walk.box_open = walk.open.boxes > 0
    walk.quotes.first = len(walk.edits)
    _part(walk, start, end, "\n\n" if walk.box_open else f"\n\n{BOX_END}\n\n")


def _part(walk: Walk, start: int, end: int, words: str) -> None:
    """Write an edge of a box between empty lines, unless it stands there so already, as behind an earlier walk."""
    if walk.edited(start - 2) or walk.text[max(start - 2, 0) : end + 2] != words:
        walk.write(start, walk.around.behind_tag(start, end), words, "box")


def close_last_box(walk: Walk) -> None:
    """A box that is open at the end of the text is closed by the structure."""
    if walk.box_open:
        walk.find_once("box.unclosed", walk.box_start, "a box that is open at the end of the page", "closed at the end")


def _glue(walk: Walk, start: int) -> None:
    """The lines of a box, unless it stands in a box whose lines are these."""
    if start >= walk.glued_end:
        walk.glued_end = _glued_end(walk.text, start)
        walk.ahead += _glued_lines(walk.text, start, walk.glued_end)


def _glued_end(text: str, start: int) -> int:
    """Where the glued lines end of a box whose tag ends at ``start``; there, when its lines are apart already."""
    if not text.startswith("\n", start) or text[start + 1 : start + 2] in ("\n", ""):
        return start
    return END.search(text, start).start()  # type: ignore[union-attr]  # the end of the text is one


def _glued_lines(text: str, start: int, end: int) -> Iterator[Edit]:
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
    elif sign := NUMBER_SIGN.match(text, start, stop):
        yield *sign.span(1), "", "box"


def _line_end(text: str, start: int, end: int) -> int:
    stop = text.find("\n", start, end)
    return end if stop < 0 else stop
