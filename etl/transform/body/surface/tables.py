"""Tables of HTML become tables of pipes, or only their text."""

from __future__ import annotations

import re
from itertools import pairwise

from etl.transform.body.surface.characters import ODD
from etl.transform.body.surface.pipe_table import PipeTable
from etl.transform.body.surface.tags import Tag
from etl.transform.body.surface.walk import Walk
from etl.transform.body.tables import MOST_COLUMNS

TABLE_TAG = re.compile(r"</?table\b", re.IGNORECASE)
ROW_OR_CELL = re.compile(r"<t([rdh])\b", re.IGNORECASE)
ROW = re.compile(r"<tr\b", re.IGNORECASE)
CELL = re.compile(r"<t[dh]\b([^<>]*)", re.IGNORECASE)
SPAN = re.compile(r"\b(col|row)span\s*=\s*[\"']?(\d{1,4})", re.IGNORECASE)
NEXT_CELL = re.compile(r"\s*(</tr\s*>\s*<tr(?:\s[^<>]*)?>\s*)?<t[dh](?:\s[^<>]*)?>", re.IGNORECASE)
# What most cells hold, and the tags behind it: nothing in it is to be changed.
PLAIN_CELL = re.compile(
    rf"[^{ODD}|\]\[\n]*(</[tT][dhDH]\s*>\s*(</[tT][rR]\s*>\s*<[tT][rR](?:\s[^<>]*)?>\s*)?<[tT][dhDH](?:\s[^<>]*)?>)"
)


def table(walk: Walk, tag: Tag) -> int | None:
    """`<table>`: a pipe table, or only its text when it holds another table."""
    walk.open.end_paragraph()
    if tag.closing:
        end = _end_row(walk)
        walk.table = None
        return walk.part(tag, "table", end + walk.gap(tag.start))
    gap = walk.gap(tag.start)
    end_tag = TABLE_TAG.search(walk.text, tag.end)
    if end_tag is not None and end_tag[0].startswith("</") and gap == "\n\n":
        walk.table = _pipes(walk.text, tag.end, end_tag.start())
    return walk.part(tag, "table", gap)


def row(walk: Walk, tag: Tag) -> int | None:
    """`<tr>`."""
    return walk.part(tag, "table", _end_row(walk) if walk.table else walk.gap(tag.start))


def cell(walk: Walk, tag: Tag) -> int | None:
    """`<td>` and `<th>`; all tags between two cells are taken together."""
    pipes = walk.table
    if pipes is None:
        return walk.part(tag, "table", " " if tag.closing else walk.gap(tag.start))
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
    walk.words_start = stop
    return stop


def pipe(walk: Walk, token: re.Match[str]) -> None:
    """A pipe inside the cell of an HTML table."""
    if walk.table and walk.table.in_cell:
        walk.edit(*token.span(), "\\|", "table")


def close_table(walk: Walk) -> None:
    """The end of the text ends a table."""
    if walk.table:
        walk.edit(len(walk.text), len(walk.text), _end_row(walk), "table")


def _pipes(text: str, start: int, end: int) -> PipeTable | None:
    """The pipe table for an HTML table, if it is not too wide."""
    if text.find("=", start, end) >= 0 and SPAN.search(text, start, end):
        columns, skipped = _spread(text[start:end])
    else:
        columns, skipped = _columns(text, start, end), []
    return PipeTable(columns, skipped) if 0 < columns <= MOST_COLUMNS else None


def _columns(text: str, start: int, end: int) -> int:
    """The most cells in a row of an HTML table.

    >>> _columns("<tr><th>a<td>b<tr><td>c", 0, 23)
    2
    """
    return max(map(len, "".join(ROW_OR_CELL.findall(text, start, end)).lower().split("r")))


def _spread(table: str) -> tuple[int, list[list[int]]]:
    """How many columns an HTML table has, and how many of them each cell skips, row by row.

    A column is where a cell begins: what is wide only to fill the page makes none.

    >>> _spread("<tr><td rowspan=2>a<td colspan=2>b<td>c<tr><td>d<td>e<td>f<tr><td colspan=9>g")
    (4, [[0, 0, 1], [1, 0, 0], [0]])
    """
    taken: dict[int, int] = {}  # the row up to which a higher cell takes a column
    begins: list[list[int]] = []
    for number, row in enumerate(ROW.split(table)):
        begins.append([])
        column = 0
        for attributes in CELL.findall(row):
            while taken.get(column, 0) > number:
                column += 1
            if column > MOST_COLUMNS:
                return column, []
            begins[-1].append(column)
            spans = {name.lower(): int(size) for name, size in SPAN.findall(attributes)}
            stop = column + max(min(spans.get("col", 1), MOST_COLUMNS), 1)
            if (height := spans.get("row", 1)) > 1:
                taken |= dict.fromkeys(range(column, stop), number + height)
            column = stop
    place = {column: place for place, column in enumerate(sorted(set().union(*begins)))}
    rows = [[place[column] for column in row] for row in begins if row]
    return len(place), [[right - left - 1 for left, right in pairwise([-1, *row])] for row in rows]


def _end_row(walk: Walk) -> str:
    """What ends the open row of a pipe table; nothing where there is none."""
    if walk.table is None:
        return ""
    walk.open.one_line -= walk.table.in_cell
    return walk.table.end_row()
