"""Plugins of the old wiki that are read up to their ends: code, tables, and what no reader saw."""

from __future__ import annotations

import re
from collections.abc import Callable

from etl.transform.body.code import CODE_INDENT
from etl.transform.body.places import blanks_start
from etl.transform.body.surface.around import LINE_END
from etl.transform.body.surface.tags import Tag
from etl.transform.body.surface.titles import bold, plain, title_of
from etl.transform.body.surface.walk import LONGEST_SPAN, Walk

CODE_END = re.compile(r"\{CODE\}")
TABLE_END = "{FANCYTABLE}"
TABLE_ROW_END = re.compile(r"[ \t]*\n\s*")
WIDE_CELL_END = "~|~"
"""As it was in the first wikis, and where there are pipes in cells."""
TABLE_CELL_END = re.compile(re.escape(WIDE_CELL_END))
CODE_LANGUAGE = re.compile(r"\b(?:colors\s*=>?|highlight)\s*[\"']?([a-zA-Z][\w+#.-]{0,39})")
BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")
QUOTE_MARKS = re.compile(r"[ \t]*(?:>[ \t]?)+")
LINE = re.compile(r"^(?=[^\n])", re.MULTILINE)
AS_CODE = "removed; its inner text stays, as code"
Replacement = tuple[int, int, str]
"""An edit without its rule."""


def read_code(walk: Walk, marker: Tag, ending: re.Pattern[str], rule: str) -> int | None:
    """`{CODE(colors="php")}` and what is code up to its ending, if there is a place for code; returns where it ends."""
    text, start, inner = walk.text, marker.start, marker.end
    closing = walk.around.next_match(ending, inner)
    if closing is None or start < walk.passed.literal_end:
        return None
    (stop, end), line = closing.span(), walk.around.line_start(start)
    on_line = text[line : min(start, line + CODE_INDENT)]
    alone = start - line < CODE_INDENT and not on_line.strip() and LINE_END.match(text, end)
    is_block = alone or text.find("\n", inner, min(stop, inner + LONGEST_SPAN)) >= 0
    if not is_block or (walk.table.in_cell if walk.table else walk.around.in_pipe_row(start)):
        edits = _code_span(walk, marker, stop, end)
    elif walk.open.one_line:
        edits = None
    elif on_line.lstrip().startswith(">"):
        edits = quoted_block(walk, marker, text[inner:stop], end)
    else:
        edits = _code_block(walk, marker, stop, end)
    if edits is None:
        return None
    walk.edits += [(*edit, rule) for edit in edits]
    walk.start = end
    return end


def _caption(marker: Tag) -> tuple[str, int]:
    """The caption of code in bold, if it has one, and where in the text that ends."""
    words, end = title_of(marker)
    return bold(words) if words else "", marker.start + end


def _code_block(walk: Walk, marker: Tag, stop: int, end: int) -> list[Replacement] | None:
    """What makes a fenced block of the code between two markers, below its caption and inside its item."""
    code = BLANK_LINES.sub("", walk.text[marker.end : stop].rstrip(), 1)
    if not code:
        return None
    start, inner = marker.start, marker.end
    indent = walk.around.item_indent(start)
    gap = f"\n\n{indent}"
    above = "" if walk.around.in_item(start) else gap
    title, title_end = _caption(marker)
    language = CODE_LANGUAGE.search(walk.text, title_end, inner)
    opening, closing = walk.fences(code, language[1] if language else "")
    behind = "" if LINE_END.match(walk.text, end) else indent
    return [
        (start, title_end, above + title),
        (title_end, inner, (gap if title else "") + opening),
        (inner, end, f"\n{LINE.sub(indent, code)}\n{indent}{closing}\n\n{behind}"),
    ]


def quoted_block(walk: Walk, marker: Tag, shown: str, end: int) -> list[Replacement] | None:
    """What makes a fenced block of the code between two markers in a quotation, whose marks stand before each line."""
    text, start, inner = walk.text, marker.start, marker.end
    marks = QUOTE_MARKS.match(text, walk.around.line_start(start))
    if marks is None or walk.around.item_indent(start):
        return None
    mark = marks[0].rstrip()
    unmarked = walk.around.next_match(re.compile(rf"\n(?!{re.escape(mark)})"), inner)
    if unmarked and unmarked.start() < end:
        return None
    first, *lines = shown.split("\n")
    code = [first.strip()] * bool(first.strip()) + [line.removeprefix(mark).removeprefix(" ") for line in lines]
    while code and not code[-1].strip():
        code.pop()
    if not code:
        return None
    opening, closing = walk.fences("\n".join(code))
    gap, first_blank = f"\n{mark}\n{mark} ", blanks_start(text, start)
    above = gap if first_blank > marks.end() else ""
    start = start if walk.edited(first_blank) else max(first_blank, marks.end())
    title, title_end = _caption(marker)
    behind = "" if LINE_END.match(text, end) else gap.removesuffix(text[end])
    shown = "".join(f"\n{mark} {line}" if line else f"\n{mark}" for line in code)
    return [
        (start, title_end, above + title),
        (title_end, inner, (gap if title else "") + opening),
        (inner, end, f"{shown}\n{mark} {closing}{behind}"),
    ]


def _code_span(walk: Walk, marker: Tag, stop: int, end: int) -> list[Replacement] | None:
    """What makes code spans of the code between two markers, below its caption."""
    text, start, inner = walk.text, marker.start, marker.end
    if stop - inner > LONGEST_SPAN:
        return None
    whole = text[inner:stop]
    spans = walk.code_spans(start, whole, end)
    if spans is None:
        return None
    lead, trail = " " * whole[:1].isspace(), " " * whole[-1:].isspace()
    apart = " " if walk.edits and walk.edits[-1][1] == start and walk.edits[-1][2].endswith("`") else ""
    title, title_end = _caption(marker)
    lead = " " if title and start and text[start - 1].isalnum() else lead
    return [
        (start, title_end, lead + apart + title),
        (title_end, inner, " " * bool(title) + spans[0]),
        (inner, end, spans[1] + trail),
    ]


def _table(walk: Walk, marker: Tag) -> int | None:
    """`{FANCYTABLE(head="a|b")}` and rows, each on a line, if there is a place for them; returns where they begin."""
    text, start, inner = walk.text, marker.start, marker.end
    stop = walk.around.next_of(TABLE_END, inner)
    rows = text[inner:stop].strip() if start >= walk.passed.rows_end else ""
    if stop is None or "|" not in rows or "\\|" in rows or _is_narrow(walk, start):
        return None  # the lines of the rows are lost, or would be
    first, head = text.find(rows, inner), title_of(marker)[0]
    end, rows_sign, head_sign = first + len(rows), _cell_end(rows), _cell_end(head)
    heads = [line.split(head_sign) for line in head.split(">>")]
    columns = max(map(len, heads)) if head else rows.split("\n", 1)[0].count(rows_sign) + 1
    lines = ["".join(f"| {plain(cell)} " for cell in cells + [""] * (columns - len(cells))) + "|" for cells in heads]
    lines.insert(1, "| --- " * columns + "|")
    walk.write(start, first, "\n\n" + "\n".join([*lines, "| "]), "tiki-marker")
    for parts, written in ((TABLE_ROW_END, " |\n| "), (TABLE_CELL_END, "|")):
        walk.ahead += ((*part.span(), written, "table") for part in parts.finditer(text, first, end))
    walk.ahead.append((end, stop, " |\n\n", "table"))
    walk.passed.rows_end = end
    return first


def _is_narrow(walk: Walk, offset: int) -> bool:
    """Whether no block has a place: in an item, a quotation, a cell or a heading."""
    around = walk.around
    return around.in_item_line(offset) or around.in_quotation(offset) or walk.gap(offset) == " "


def _cell_end(text: str) -> str:
    """What parts the cells of a table of the old wiki."""
    return WIDE_CELL_END if WIDE_CELL_END in text else "|"


def _unseen(walk: Walk, marker: Tag) -> int | None:
    """`{JQ()}` and code up to its end, which no reader saw; returns where it ends."""
    name, with_text, _ = marker.raw.partition("(")
    ending = f"{name}}}"
    stop = walk.around.next_of(ending, marker.end) if with_text and not marker.raw.endswith("/}") else None
    if stop is None or marker.start < walk.passed.literal_end:
        return None
    walk.edit(marker.start, stop + len(ending), "", "script")
    return stop + len(ending)


READ: dict[str, tuple[Callable[[Walk, Tag], int | None], str]] = {
    "CODE": (lambda walk, marker: read_code(walk, marker, CODE_END, "tiki-marker"), AS_CODE),
    "FANCYTABLE": (_table, "removed; its inner text stays, as a table"),
    **dict.fromkeys(("JQ", "JS", "SQL"), (_unseen, "removed with its code, which no reader saw")),
}
"""Plugins of the old wiki whose inner text is read up to their end, if it can be: how, and what is said of it."""
