"""Boxes of any variant become one div, which is closed at the end."""

from __future__ import annotations

from etl.transform.body.boxes import BOX_END, BOX_START, glued_end, glued_lines
from etl.transform.body.surface.elements import BOX
from etl.transform.body.surface.tags import Tag
from etl.transform.body.surface.titles import bold
from etl.transform.body.surface.walk import Walk


def division(walk: Walk, tag: Tag) -> None:
    """`<div>`: a box, or a section without a meaning."""
    walk.open.end_paragraph()
    gap = walk.edge(tag.start)
    if not tag.closing:
        names = tag.attributes().get("class", "").lower().split()
        if gap == "\n\n" and not {"border", "box", "legacy-box"}.isdisjoint(names):
            walk.open.begin(tag, BOX)
            open_box(walk, tag.start, tag.end, "")
            _glue(walk, tag.end)
        else:
            walk.open.begin(tag, len(walk.edits))
            walk.drop(tag, "block", gap)
        return
    opened, index = walk.open.end(tag)
    if opened is None and walk.box_open:
        close_box(walk, tag.start, tag.end)
    elif opened is None:
        walk.find("box.orphan-end", tag.start, "</div> without its beginning", "removed")
        walk.part(tag, "box-end", gap)
    elif index == BOX:
        close_box(walk, tag.start, tag.end)
    else:
        walk.part(tag, "block", gap)


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
    if walk.text[max(start - 2, 0) : end + 2] != words:
        walk.write(start, walk.around.behind_tag(start, end), words, "box")


def close_last_box(walk: Walk) -> None:
    """A box that is open at the end of the text is closed by the structure."""
    if walk.box_open:
        walk.find_once("box.unclosed", walk.box_start, "a box that is open at the end of the page", "closed at the end")


def _glue(walk: Walk, start: int) -> None:
    """The lines of a box, unless it stands in a box whose lines are these."""
    if start >= walk.glued_end:
        walk.glued_end = glued_end(walk.text, start)
        walk.ahead += glued_lines(walk.text, start, walk.glued_end)
