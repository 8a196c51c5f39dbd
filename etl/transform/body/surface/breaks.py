"""Line breaks: `<br>`, and the line ends of what must stay on one line."""

from __future__ import annotations

import re

from etl.transform.body.lists import ITEM_MARK
from etl.transform.body.places import match_end
from etl.transform.body.surface.around import LONGEST_START
from etl.transform.body.surface.blocks import break_in_item
from etl.transform.body.surface.tags import BLOCK_EDGE, Tag, tags_of
from etl.transform.body.surface.walk import Walk

BR = r"<[bB][rR](?:\s[^<>]*+|/?)>"
BREAKS = re.compile(rf"(?:\s*{BR})*\s*")
LINE_BREAKS = re.compile(rf"(?:[ \t]*{BR})*")
FURTHER_BREAK = re.compile(rf"[ \t]*+\n?[ \t]*+(?={BR})")
NO_ITEM = re.compile(r"[ \t]*[#>=~`]")
MARKS = re.compile(rf"[ \t>]*(?>(?:{ITEM_MARK}[ \t]+)*){ITEM_MARK}")
BELOW_MARK = re.compile(rf"(?:[ \t]*{BR})*[ \t]*\n?[ \t]*(?=[^\s])")
PRE_END = re.compile(r"(?:</code\s*>\s*)?</pre\b", re.IGNORECASE)
LINES = re.compile(r"[ \t]*\n\s*")
OF_TABLE = tags_of("t(?:able|body|head|foot|[rdh])|col|colgroup|caption")
"""What a table may hold between its rows; all else there is text, which browsers show above it."""


def line_break(walk: Walk, tag: Tag, rule: str = "break") -> int | None:
    """`<br>` stays in table rows; elsewhere it is a hard break, or a blank where no line may end."""
    if (walk.table and walk.table.is_begun) or walk.around.in_pipe_row(tag.start):
        walk.edit(tag.start, tag.end, "" if BLOCK_EDGE.match(walk.text, tag.end) else "<br>", rule)
    elif (block := walk.open.breakable()) is not None:
        return _hard_break(walk, tag, rule, *block)
    elif walk.open.one_line or walk.around.in_heading(tag.start):
        walk.edit(tag.start, tag.end, " ", rule)
    elif _is_mark(walk, tag.start) and (words := BELOW_MARK.match(walk.text, tag.end)):
        end, guard = walk.around.unmarked(walk.unquoted(tag.start, words.end()))
        walk.edit(tag.start, end, f" {guard}", rule)
        return end
    elif walk.around.in_item(tag.start):
        end, guard = walk.around.unmarked(match_end(LINE_BREAKS, walk.text, tag.end))
        walk.edit(tag.start, end, guard, rule)
        return end
    elif (further := FURTHER_BREAK.match(walk.text, tag.end)) and walk.around.in_list(tag.start):
        walk.edit(tag.start, further.end(), "", rule)  # an empty line would end the list
        return further.end()
    elif walk.text.startswith("\n", tag.end):
        end = walk.around.behind_tag(tag.start, tag.end)
        walk.edit(tag.start, end, "  \n" if end > tag.end else "  ", rule)
    else:
        end, guard = walk.around.unmarked(tag.end) if NO_ITEM.match(walk.text, tag.end) else (tag.end, "")
        walk.edit(tag.start, end, f"  \n{guard}", rule)
    return None


def _is_mark(walk: Walk, offset: int) -> bool:
    """Whether a line up to a place would be the mark of an item without words, if it ended there."""
    line = walk.around.line_start(offset)
    return offset - line < LONGEST_START and MARKS.fullmatch(walk.text, line, offset) is not None


def line_end(walk: Walk, token: re.Match[str]) -> int | None:
    """A line end inside what must stay on one line; that of `<pre>` breaks it, but for the last one."""
    may_break = walk.open.breakable() or (walk.table and walk.table.in_cell)
    if token.end() < walk.pre_end and may_break and not PRE_END.match(walk.text, token.end()):
        return line_break(walk, Tag("br", *token.span(), False, token[0]), "preformatted")
    return _joined(walk, token)


def _hard_break(walk: Walk, tag: Tag, rule: str, block: Tag, level: int) -> int:
    """The breaks at a place in a paragraph or an item of HTML: two part paragraphs, and none is at an edge."""
    end = match_end(BREAKS, walk.text, tag.end)
    between = walk.text[tag.end : end]
    if BLOCK_EDGE.match(walk.text, end) or not walk.around.shows(block.end, tag.start):
        walk.edit(tag.start, end, "", rule)
        return end
    if block.name == "li" and walk.is_mark(block.end, tag.start):
        walk.edit(tag.start, end, " ", rule)
        return end
    hard_break = break_in_item(level) if block.name == "li" else "  \n"
    parts = walk.open.ends_with("p") and ("<" in between or between.count("\n") > 1)
    end, guard = walk.around.unmarked(walk.unquoted(tag.start, end))
    walk.edit(tag.start, end, ("\n\n" if parts else hard_break) + guard, rule)
    return end


def _joined(walk: Walk, token: re.Match[str]) -> int:
    """A blank for line ends inside what must stay on one line, and for the marks of the quotation that it stands in."""
    start = token.start()
    end = walk.unquoted(start, token.end())
    if walk.table and not walk.table.in_cell:
        walk.edit(start, end, "" if end == len(walk.text) or OF_TABLE.match(walk.text, end) else " ", "table")
    else:
        walk.edit(start, end, " ", "block")
    return end
