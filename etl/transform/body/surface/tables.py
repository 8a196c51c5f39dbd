"""Tables of HTML become tables of pipes, or only their text."""

from __future__ import annotations

import re

from etl.transform.body.surface.characters import ODD
from etl.transform.body.surface.pipe_table import PipeTable
from etl.transform.body.surface.tags import Tag
from etl.transform.body.surface.walk import Walk
from etl.transform.body.tables import MOST_COLUMNS

TABLE_TAG = re.compile(r"</?table\b", re.IGNORECASE)
ROW_OR_CELL = re.compile(r"<t([rdh])\b", re.IGNORECASE)
NEXT_CELL = re.compile(r"\s*(</tr\s*>\s*<tr(?:\s[^<>]*)?>\s*)?<t[dh](?:\s[^<>]*)?>", re.IGNORECASE)
# What most cells hold, and the tags behind it: nothing in it is to be changed.
PLAIN_CELL = re.compile(
    rf"[^{ODD}|\]\[\n]*(</[tT][dhDH]\s*>\s*(</[tT][rR]\s*>\s*<[tT][rR](?:\s[^<>]*)?>\s*)?<[tT][dhDH](?:\s[^<>]*)?>)"
)


def table(walk: Walk, tag: Tag) -> None:
    """`<table>`: a pipe table, or only its text when it holds another table."""
    walk.open.end_paragraph()
    if tag.closing:
        end = _end_row(walk, walk.table) if walk.table else ""
        walk.table = None
        walk.part(tag, "table", end + walk.gap(tag.start))
        return
    gap = walk.gap(tag.start)
    end_tag = TABLE_TAG.search(walk.text, tag.end)
    simple = end_tag is not None and end_tag[0].startswith("</") and gap == "\n\n" and not walk.table
    columns = _columns(walk.text, tag.end, end_tag.start()) if simple and end_tag else 0
    if 0 < columns <= MOST_COLUMNS:
        walk.table = PipeTable(columns)
    walk.part(tag, "table", gap)


def row(walk: Walk, tag: Tag) -> None:
    """`<tr>`."""
    end = _end_row(walk, walk.table) if walk.table else walk.gap(tag.start)
    walk.part(tag, "table", end)


def cell(walk: Walk, tag: Tag) -> int | None:
    """`<td>` and `<th>`; all tags between two cells are taken together."""
    pipes = walk.table
    if pipes is None:
        walk.part(tag, "table", " " if tag.closing else walk.gap(tag.start))
        return None
    between = NEXT_CELL.match(walk.text, tag.end) if tag.closing and pipes.in_cell else None
    if between is None and tag.closing:
        walk.open.one_line -= pipes.in_cell
        walk.edit(tag.start, tag.end, pipes.end_cell(), "table")
        return None
    walk.open.one_line += not pipes.in_cell
    stop = between.end() if between else tag.end
    new_row = between is not None and between[1] is not None
    walk.edits.append((tag.start, stop, pipes.cell(new_row=new_row), "table"))
    while plain := PLAIN_CELL.match(walk.text, stop, walk.end):
        start, stop = plain.span(1)
        walk.edits.append((start, stop, pipes.cell(new_row=plain[2] is not None), "table"))
    return stop


def close_table(walk: Walk) -> None:
    """The end of the text ends a table."""
    if walk.table:
        walk.edit(len(walk.text), len(walk.text), _end_row(walk, walk.table), "table")


def _columns(text: str, start: int, end: int) -> int:
    """The most cells in a row of an HTML table.

    >>> _columns("<tr><th>a<td>b<tr><td>c", 0, 23)
    2
    """
    return max(map(len, "".join(ROW_OR_CELL.findall(text, start, end)).lower().split("r")))


def _end_row(walk: Walk, pipes: PipeTable) -> str:
    walk.open.one_line -= pipes.in_cell
    return pipes.end_row()
