"""Quotations that HTML and boxes become, and the tags by which surface and structure know both.

What stands between two tags gets its marks when all else is done. Till then it is cleaned as any other text, and the
tags stand alone on their lines, as those of boxes do.
A quotation right behind a list is the rest of an item, unless an empty line ends it (`gaps`): so one ends them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.transform.body.code import TAB, Code
from etl.transform.body.edits import Edit
from etl.transform.body.lists import BEFORE_WORDS
from etl.transform.body.places import is_inside, line_start, match_end

QUOTE_START = "<blockquote>"
QUOTE_END = "</blockquote>"
BOX_START = '<div class="box" markdown="1">'
BOX_END = "</div>"
QUOTE_TAG = re.compile(rf"^(?:{QUOTE_START}|{QUOTE_END})$", re.MULTILINE)
BOX_TAG = re.compile(rf"^(?:{re.escape(BOX_START)}|{BOX_END})$", re.MULTILINE)
LAST_LINE = "\n>"
INDENT = re.compile(r"^[ \t]*", re.MULTILINE)
LINE_ENDS = re.compile("\n*")
QUOTATION = re.compile(r"\n*>.*(?:\n.+)*")
QUOTED_BREAK = re.compile(r"\n[ \t]*+>[ \t>]*+")
IN_TAG = r"[^<>\n\"']*+(?>(?:(?:\"[^\"<\n]*+\"|'[^'<\n]*+'|[\"'])[^<>\n\"']*+)*)"  # a value may hold a `>`
QUOTED_TAG = re.compile(rf"<[a-zA-Z]{IN_TAG}(?>(?:{QUOTED_BREAK.pattern}(?=[a-zA-Z_:@/]){IN_TAG})+)>")
OLD_CODE = re.compile(r"(?s)\{CODE\(.*?(?:\{CODE\}|\Z)|~pp~.*?(?:~/pp~|\Z)")
"""Code of the old wiki: its lines may begin with the mark of a quotation."""
DEEPEST_QUOTE = 12


def quoted_tags(text: str) -> Iterator[Edit]:
    r"""What puts tags that run over lines of a quotation on one line: converters that wrap lines write such.

    None runs over the edge of a quotation, or stands in code of the old wiki.

    >>> list(quoted_tags("> <a\n>  href='/b'\n> id=c>d</a>")), list(quoted_tags("a <b\n> c> <d\n>> e>"))
    ([(4, 8, ' ', 'quoted-tag'), (17, 20, ' ', 'quoted-tag')], [])
    >>> list(quoted_tags("{CODE()}\n> <a\n> href='/b'>\n{CODE}"))
    []
    """
    if "\n>" not in text and " > " not in text:
        return  # no quotation of two lines
    tags = list(QUOTED_TAG.finditer(text))
    old_code = [code.span() for code in OLD_CODE.finditer(text)] if tags else []
    code = Code(text)
    for tag in tags:
        line = line_start(text, tag.start())
        depth = text.count(">", line, match_end(BEFORE_WORDS, text, line, tag.start()))
        breaks = list(QUOTED_BREAK.finditer(text, *tag.span()))
        is_quoted = all(line_end[0].count(">") == depth for line_end in breaks)
        if is_quoted and not code.holds(tag.start()) and not is_inside(tag.start(), old_code):
            yield from ((*line_end.span(), " ", "quoted-tag") for line_end in breaks)


def quote_edits(text: str, tags_of: re.Pattern[str] = QUOTE_TAG, *, marked: bool = True) -> Iterator[Edit]:
    """What makes quotations of the lines between two tags, or (not ``marked``) only takes the tags away.

    A tag without a partner goes; a quotation behind one is no rest of an item before it, as no tag parts them then.
    """
    code = Code(text)
    tags = [tag for tag in tags_of.finditer(text) if not code.holds(tag.start())]
    pairs = _pairs(tags) if marked else set()
    depth = at = 0
    for tag in tags:
        if not marked and (quotation := QUOTATION.match(text, tag.end())):
            yield quotation.end(), quotation.end(), LAST_LINE, "quote"
        if not tag[0].startswith("</"):
            yield from _marked(text, code, at, tag.start() - 1, depth)
            at = match_end(LINE_ENDS, text, tag.end())
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
        if not tag[0].startswith("</"):
            waiting.append(tag)
        elif waiting:
            pairs |= {waiting.pop(), tag}
    return pairs


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
