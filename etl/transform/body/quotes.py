"""Quotations that are made of HTML, or of boxes: what stands between two tags gets its marks when all else is done.

Till then it is cleaned as any other text, and the tags stand alone on their lines, as those of boxes do.
A quotation right behind a list is the rest of an item, unless an empty line ends it (`gaps`): so one ends them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.transform.body.boxes import BOX_END, BOX_START
from etl.transform.body.code import TAB, Code
from etl.transform.body.edits import Edit

QUOTE_START = "<blockquote>"
QUOTE_END = "</blockquote>"
QUOTE_TAG = re.compile(r"^</?blockquote>$", re.MULTILINE)
LAST_LINE = "\n>"

BOX = re.compile(rf"^{re.escape(BOX_START)}\n\n(.*?)\n\n{BOX_END}$", re.DOTALL | re.MULTILINE)
INDENT = re.compile(r"^[ \t]*", re.MULTILINE)
LINE_ENDS = re.compile("\n*")


def quote_edits(text: str, code: Code) -> Iterator[Edit]:
    """What makes quotations of the lines between two tags; a tag without a partner goes."""
    tags = [tag for tag in QUOTE_TAG.finditer(text) if not code.holds(tag.start())]
    pairs = _pairs(tags)
    depth = at = 0
    for tag in tags:
        if tag[0] == QUOTE_START:
            yield from _marked(text, code, at, tag.start() - 1, depth)
            at = LINE_ENDS.match(text, tag.end()).end()  # type: ignore[union-attr]  # it matches nothing, too
            yield tag.start(), at, "", "quote"
            depth += tag in pairs
        else:
            end = at + len(text[at : tag.start()].rstrip("\n"))
            yield from _marked(text, code, at, end, depth if end > at else 0)
            yield end, tag.end(), LAST_LINE if depth == 1 and tag in pairs else "", "quote"
            at = tag.end()
            depth -= tag in pairs


def _pairs(tags: list[re.Match[str]]) -> set[re.Match[str]]:
    """The tags that have a partner."""
    waiting: list[re.Match[str]] = []
    pairs: set[re.Match[str]] = set()
    for tag in tags:
        if tag[0] == QUOTE_START:
            waiting.append(tag)
        elif waiting:
            pairs |= {waiting.pop(), tag}
    return pairs


def box_edits(text: str, code: Code, boxes: str) -> Iterator[Edit]:
    """What makes quotations of boxes, or only takes their tags away."""
    for box in BOX.finditer(text):
        yield box.start(), box.start(1), "", "quote"
        if boxes == "quote":
            yield from _marked(text, code, *box.span(1), 1)
        yield box.end(1), box.end(), LAST_LINE if boxes == "quote" else "", "quote"


def _marked(text: str, code: Code, start: int, end: int, depth: int) -> Iterator[Edit]:
    """The marks of quotations in quotations, before each line; behind them, a tab would be narrower."""
    if depth:
        for indent in INDENT.finditer(text, start, end):
            line, marks = indent.start(), "> " * depth
            if text.startswith("\n", line):
                yield line, line, marks[:-1], "quote"
            elif "\t" in indent[0] and not code.is_fenced(line):
                yield line, indent.end(), marks + indent[0].expandtabs(TAB), "quote"
            else:
                yield line, line, marks, "quote"
