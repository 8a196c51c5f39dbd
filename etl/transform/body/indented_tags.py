"""Lines of HTML as editors indent them, below an empty line: they go on with a list, a table, a quotation or a figure.

CommonMark ends HTML at an empty line, and would show the tags of the next paragraph of a cell or an item as code. In
any other element Markdown may stand, with code of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.transform.body.code import INDENT, Code
from etl.transform.body.edits import Edit
from etl.transform.body.parse import Node
from etl.transform.body.places import is_inside, line_start, match_end

INDENTED_TAG = re.compile(r"\n(?: {4}| {0,3}\t)[ \t]*+<")
EDGE = re.compile(r"<(/?)(?:blockquote|dl|figure|ol|table|ul)\b", re.IGNORECASE)
TAG = re.compile(r"<(?:/?[a-zA-Z]|!--)")
PREFORMATTED = re.compile(r"<pre\b.*?(?:</pre\b|\Z)", re.IGNORECASE | re.DOTALL)


def outdented(text: str) -> Iterator[Edit]:
    r"""What takes the indentation from such lines; the first begins with a tag, and stands below one.

    >>> list(outdented("<ul>\n\t<li>\n\t<p>a</p>\n\n\t<p>b</p>\n\t</li>\n</ul>"))
    [(22, 23, '', 'code'), (32, 33, '', 'code')]
    >>> list(outdented("<div>\n\n    <p>a</p>\n</div>")), list(outdented("<ul>\n\nWrite:\n\n    <p>a</p>"))
    ([], [])
    """
    if INDENTED_TAG.search(text) is None:
        return
    depth = at = 0
    for code in Code(text).nodes:
        depth = _depth(text, at, code.start, depth)
        at = code.end
        if depth and _is_html(text, code):
            yield from _outdented(text, code)
            depth = _depth(text, code.start, at, depth)


def _depth(text: str, start: int, end: int, depth: int) -> int:
    """How many of those elements are open at the end of a stretch."""
    for edge in EDGE.finditer(text, start, end):
        depth = max(depth - 1, 0) if edge[1] else depth + 1
    return depth


def _is_html(text: str, code: Node) -> bool:
    """Whether indented code begins with a tag, and what stands above it ends with one."""
    line = line_start(text, code.start)
    is_indented = (code.kind, code.data) == ("CodeBlock", "Indented")
    if not is_indented or not TAG.match(text, match_end(INDENT, text, line)):
        return False
    above = line
    while above and text[above - 1] in " \t\n":
        above -= 1
    return text.startswith(">", above - 1)


def _outdented(text: str, code: Node) -> Iterator[Edit]:
    preformatted = [lines.span() for lines in PREFORMATTED.finditer(text, code.start, code.end)]
    for lead in INDENT.finditer(text, line_start(text, code.start), code.end):
        if not is_inside(lead.start(), preformatted):
            yield *lead.span(), "", "code"
