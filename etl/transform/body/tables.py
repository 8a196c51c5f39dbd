"""Pipe tables in one form: a pipe at both ends of each row, as many cells in each, a header with something in it.

A parser drops the cells that a row has too many and a reader never sees them; a wider header shows them again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from etl.transform.body.edits import Edit
from etl.transform.body.parse import Node
from etl.transform.body.places import match_end

MOST_COLUMNS = 200
CELL = re.compile(r"((?>(?:[^|\\\n]++|\\.)*))(\||\Z)", re.DOTALL)
PREFIX = re.compile(r"[ \t>]*")
DIVIDER_CELL = re.compile(r"\s*(:?)-+(:?)\s*")
LONG_DASHES = re.compile(r"\s*-{3,}\s*")
USUAL = re.compile(r"(?>(?:\|(?>(?: (?:(?!\s)[^|\\\t\n<]++(?<=\S ))?\|)+)(?:\n|\Z))+)")
"""Rows in the form that is wanted."""
WORDS = r"[A-Za-z0-9 .,;()%'/=+?\u00b0-\u02af\u0370-\u052f\u2013\u2014\u2018-\u201d-]*+"
PLAIN_ROWS = re.compile(rf"(?>(?:\|(?>(?: {WORDS}(?<= )\|)+)(?:\n|\Z))+)")
"""Rows with nothing but words in their cells, and blanks around them."""
EDGE = re.compile(r"[ \t]*(?:<br>[ \t]*)*")


class Row(NamedTuple):
    """A line of a table: where it stands, and its cells without the pipes around them."""

    start: int
    end: int
    cells: list[tuple[int, int]]
    opens: bool
    """Whether a pipe stands before the first cell."""
    closes: bool
    """Whether a pipe stands behind the last one."""


def is_plain(table: str) -> bool:
    r"""Whether a table is even and of nothing but words: no rule asks anything of it, and what it holds needs no nodes.

    >>> is_plain("| a | b c |\n| --- | --- |\n| 1 | |\n"), is_plain("| a |\n| --- |\n| *1* |\n")
    (True, False)
    """
    return "  " not in table and PLAIN_ROWS.fullmatch(table) is not None and _columns_match(table.rstrip())


def table_edits(text: str, table: Node) -> Iterator[Edit]:
    """What makes a table even."""
    if _is_even(text[table.start : table.end].rstrip()):
        return
    head, divider, *rows = lines = list(_rows(text, table))
    shown = [row for row in rows if not _is_empty(text, row)]
    columns = max(len(row.cells) for row in lines)
    if columns > MOST_COLUMNS:
        return
    if _is_empty(text, head) and shown:
        first = shown[0]
        below = text[head.end : divider.start] + _divider(text, divider, columns)
        yield head.start, first.start, "", "table-header"
        yield first.end, first.end, _missing(first, columns) + below, "table-header"
        return
    for row in (head, *rows):
        if row is not head and all(LONG_DASHES.fullmatch(text, *cell) for cell in row.cells):
            yield text.rfind("\n", 0, row.start), row.end, "", "table-row"  # a divider too many
            continue
        if not USUAL.fullmatch(text[row.start : row.end]):
            yield from _even(text, row)
        if missing := _missing(row, columns):
            yield row.end, row.end, missing, "table-row"
    wanted = _divider(text, divider, columns)
    if text[divider.start : divider.end] != wanted:
        yield divider.start, divider.end, wanted, "table-row"


def _is_even(table: str) -> bool:
    """Whether a table is in the form that is wanted already, as most are."""
    return _columns_match(table) and USUAL.fullmatch(table) is not None


def _columns_match(table: str) -> bool:
    """Whether a table has a header with something in it, the usual divider, and as many pipes in every row."""
    head, divider, *rows = table.split("\n")
    pipes = head.count("|")
    return (
        divider == "|" + " --- |" * (pipes - 1)
        and head.strip(" |") != ""
        and "\\" not in head
        and all(row.count("|") == pipes for row in rows)
    )


def _rows(text: str, table: Node) -> Iterator[Row]:
    """Header, divider, rows: a line each, without the marks of lists and quotations before it."""
    head, *rows = table.children
    under = match_end(PREFIX, text, text.index("\n", head.start) + 1)
    for start in (head.start, under, *(row.start for row in rows)):
        end = text.find("\n", start, table.end)
        end = table.end if end < 0 else end
        yield _row(text, start, start + len(text[start:end].rstrip(" \t\n")))


def _row(text: str, start: int, end: int) -> Row:
    opens = text.startswith("|", start)
    cells, at, closes = [], start + opens, False
    while at < end:
        match = CELL.match(text, at, end)
        if match is None:  # a backslash is the last character
            cells.append((at, end))
            closes = False
            break
        cells.append(match.span(1))
        closes = bool(match[2])
        at = match.end()
    return Row(start, end, cells, opens, closes)


def _is_empty(text: str, row: Row) -> bool:
    return not any(text[start:end].strip() for start, end in row.cells)


def _even(text: str, row: Row) -> Iterator[Edit]:
    """One blank on either side of what a cell holds."""
    if not row.opens:
        yield row.start, row.start, "| ", "table-row"
    for number, (start, end) in enumerate(row.cells):
        last = number == len(row.cells) - 1 and not row.closes
        if not text[start:end].strip():
            yield start, end, " ", "blanks"
            continue
        inner = match_end(EDGE, text, start, end)
        behind = _last_breaks(text, inner, end)
        yield start, inner, " " if row.opens or number else "", _rule(text[start:inner])
        yield behind, end, "" if last else " ", _rule(text[behind:end])


def _last_breaks(text: str, start: int, end: int) -> int:
    """Where the blanks and breaks at the end of a stretch begin."""
    while end > start:
        if text[end - 1] in " \t":
            end -= 1
        elif text.endswith("<br>", start, end):
            end -= len("<br>")
        else:
            break
    return end


def _missing(row: Row, columns: int) -> str:
    """What a row lacks at its end: its last pipe, and a header that has fewer cells than its divider is no table."""
    return " |" * (columns - len(row.cells) + (not row.closes))


def _rule(edge: str) -> str:
    return "table-row" if edge.strip() else "blanks"


def _divider(text: str, row: Row, columns: int) -> str:
    cells = [DIVIDER_CELL.fullmatch(text, start, end) for start, end in row.cells]
    dashes = [f"{cell[1]}---{cell[2]}" if cell else "---" for cell in cells]
    return "| " + " | ".join(dashes + ["---"] * (columns - len(dashes))) + " |"
