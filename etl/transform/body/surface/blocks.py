"""Elements of HTML that stand by themselves: paragraphs, headings, lists, rules, sections, preformatted text."""

from __future__ import annotations

import re

from etl.transform.body.edits import short, shown_code
from etl.transform.body.entities import ENTITY
from etl.transform.body.lists import NEST
from etl.transform.body.places import match_end
from etl.transform.body.quotes import DEEPEST_QUOTE, QUOTE_END, QUOTE_START
from etl.transform.body.surface.around import BLANKS
from etl.transform.body.surface.inner_text import quoted_block
from etl.transform.body.surface.tags import HEADINGS, TAG, TAGS, Tag, tags_of
from etl.transform.body.surface.walk import DEEPEST_LIST, LONGEST_SPAN, Walk, indent_in_item

FAR_DEBUG = 300  # so far behind its tag the first words of a debug dump are looked for
NUMBER = re.compile("[0-9]{1,8}")
HEADING_BLOCK = re.compile(r"\n[ \t]*(?:[*+-][ \t]|#{1,6}[ \t]|\||>)|[^<>]{1000}")  # a number is part of a heading
HEADING_END = tags_of("h[1-6]")
PARAGRAPH_END = tags_of("p|div|table|ul|ol|h[1-6]|blockquote|pre|body")
ITEM_END = tags_of("li|ul|ol")
EMPTY_LIST = re.compile(r"(?>(?:\s|&nbsp;|</?(?:li|br|p)\b[^<>]*>)*)</[ou]l\b[^<>]*>", re.IGNORECASE)
"""What stands behind the tag that begins a list without words."""
EMPTY_ITEM = re.compile(r"(?>(?:\s|&nbsp;|</?(?:br|p)\b[^<>]*>)*)(?:</li\s*>|(?=<li\b))", re.IGNORECASE)
"""What stands behind the tag that begins an item without words."""
ITEM_WORDS = re.compile(r"\s*+(?!<(?:[!/]|(?:li|ul|ol|br|t[drh]|table)\b))\S", re.IGNORECASE)
"""What follows the list in an item, and belongs to the item."""
ADDRESS = re.compile(r"\s(?:action|background|cite)\s*=\s*[\"']?[^\s\"'<>]", re.IGNORECASE)
"""One that no reader of the page sees any more."""
NO_SPAN = tags_of("a|img|pre")
"""What would be lost in a span of code."""


def block(walk: Walk, tag: Tag) -> int | None:
    """Sections: their edges become blank lines."""
    _report_address(walk, tag)
    walk.open.end_paragraph()
    return walk.drop(tag, "block", walk.edge(tag.start))


def _report_address(walk: Walk, tag: Tag) -> None:
    """Say which form or quotation loses its address."""
    if "=" in tag.raw and ADDRESS.search(tag.raw):
        walk.find("html.unwrapped", tag.start, f"tag {short(tag.raw)}", "removed; its text stays")


def paragraph(walk: Walk, tag: Tag) -> int | None:
    """`<p>`: its text is one paragraph, however many lines the old wiki made of it."""
    if tag.closing:
        walk.open.end(tag)
        return walk.part(tag, "block", walk.gap(tag.start))
    walk.open.end_paragraph()
    gap = walk.edge(tag.start)
    words = walk.drop(tag, "block", gap)
    if gap == "\n\n" and walk.around.is_closed(tag.end, PARAGRAPH_END):
        walk.open.begin(tag, len(walk.edits) - 1)
    return words


def quotation(walk: Walk, tag: Tag) -> int | None:
    """`<blockquote>`: a quotation (`quotes`), where it stands among blocks and holds whole ones; else paragraphs."""
    walk.open.end_paragraph()
    gap, quotes = walk.edge(tag.start), walk.quotes
    among_blocks = gap == "\n\n" and not walk.lists
    if not tag.closing:
        _report_address(walk, tag)
        fits = among_blocks and len(quotes.open) < DEEPEST_QUOTE
        fits = fits and not (walk.around.in_block(tag.start) or walk.around.block_of_item(tag.start))
        quotes.open.append((tag, len(walk.edits) if fits else -1))
    words = walk.drop(tag, "block", gap)
    if tag.closing and quotes.open:
        opening, number = quotes.open.pop()
        if among_blocks and number >= quotes.first:
            _keep(walk, number, QUOTE_START)
            _keep(walk, len(walk.edits) - 1, QUOTE_END)
        else:
            _no_quotation(walk, opening)
    return words


def _keep(walk: Walk, number: int, tag: str) -> None:
    """A tag after all, where an edit drops one."""
    start, end, new, _ = walk.edits[number]
    walk.edits[number] = start, end, f"\n\n{tag}{new}", "quote"


def end_quotations(walk: Walk) -> None:
    """What is open at the end of the text is no quotation."""
    for opening, _ in walk.quotes.open:
        _no_quotation(walk, opening)


def _no_quotation(walk: Walk, opening: Tag) -> None:
    walk.find("html.unwrapped", opening.start, f"quotation {short(opening.raw)}", "removed; its text stays")


def heading(walk: Walk, tag: Tag) -> int | None:
    """`<h2>` becomes `## ` with its text on one line."""
    walk.open.end_paragraph()
    gap = walk.gap(tag.start)
    if tag.closing:
        if walk.open.end(tag)[0]:
            gap = walk.gap(tag.start)
        return walk.part(tag, "block", gap)
    if gap == "\n\n" and walk.around.is_closed(tag.end, HEADING_END, HEADING_BLOCK):
        walk.begin(tag, f"{walk.edge(tag.start)}{'#' * HEADINGS[tag.name]} ", "block")
        return None
    walk.find("html.unwrapped", tag.start, f"heading {short(tag.raw)}", "removed; its text stays")
    return walk.drop(tag, "block", gap)


def horizontal(walk: Walk, tag: Tag, rule: str = "block") -> int | None:
    """`<hr>`."""
    gap = walk.gap(tag.start)
    return walk.part(tag, rule, f"{gap}---{gap}" if gap == "\n\n" else gap)


def item_list(walk: Walk, tag: Tag) -> int | None:
    """`<ul>` and `<ol>`."""
    walk.open.end_paragraph()
    outermost = len(walk.lists) <= (1 if tag.closing else 0)
    parting = ""
    if not tag.closing:
        empty = EMPTY_LIST.match(walk.text, tag.end, walk.end)
        if empty and (not outermost or walk.around.in_list(tag.start)):
            walk.edit(tag.start, empty.end(), " ", "block")  # words behind it would be code in an item without others
            return empty.end()
        number = _number(tag, "start", 1) if tag.name == "ol" else None
        walk.lists.append(number)
        if number not in (None, 1) and not walk.in_row(tag.start):
            parting = walk.edge(tag.start) and "\n"  # right below words only a list from 1 on is one
    elif walk.lists:
        walk.open.end_item(len(walk.lists))
        walk.lists.pop()
        if ITEM_WORDS.match(walk.text, tag.end):
            parting = " "
    return walk.part(tag, "block", walk.gap(tag.start) if outermost else parting)


def item(walk: Walk, tag: Tag) -> int | None:
    """`<li>`: a line of its own, nested by four columns."""
    walk.open.end_paragraph()
    walk.open.end_item(len(walk.lists))
    if tag.closing or walk.in_row(tag.start):
        return walk.part(tag, "block", "" if tag.closing else " ")
    depth = min(max(len(walk.lists) - 1, 0), DEEPEST_LIST)
    if depth and (empty := EMPTY_ITEM.match(walk.text, tag.end, walk.end)):
        walk.edit(tag.start, empty.end(), "", "block")  # the first of a list would be words of the item around it
        return empty.end()
    number = walk.lists[-1] if walk.lists else None
    if number is not None:
        number = _number(tag, "value", number)
        walk.lists[-1] = number + 1
    bullet = "*" if number is None else f"{number}."
    begin = match_end(BLANKS, walk.text, tag.end)
    walk.edit(tag.start, begin, f"\n{' ' * NEST * depth}{bullet} ", "block")
    walk.words_start = begin
    if ITEM_END.search(walk.text, tag.end):
        walk.open.begin(tag, len(walk.lists))
    end, guard = walk.first_sign(begin)
    if guard or end > begin:
        walk.edit(begin, end, guard, "block")
    return end


def break_in_item(depth: int) -> str:
    """A hard break in an item of HTML at a depth."""
    return f"  \n{indent_in_item(depth)}"


def preformatted(walk: Walk, tag: Tag) -> int | None:
    """`<pre>` becomes a fenced code block; a debug dump at the end of the page goes."""
    if tag.closing:
        return walk.unwrap(tag, " " if walk.open.one_line or walk.table else "")
    if _is_debug(walk, tag):
        walk.find(
            "debug.removed",
            tag.start,
            f"debug dump of {len(walk.text) - tag.start} characters",
            "removed to the end of the page",
        )
        walk.edit(tag.start, len(walk.text), "", "debug")
        return len(walk.text)
    end = walk.around.end_tag("pre", tag.end)
    if end and (_code_spans(walk, tag, *end.span()) or _code_block(walk, tag, *end.span())):
        _report_addresses(walk, tag.end, end.start())
        return end.end()
    walk.pre_end = end.start() if end else 0
    return walk.unwrap(tag, walk.gap(tag.start))


def _code_spans(walk: Walk, tag: Tag, stop: int, end: int) -> bool:
    """Whether preformatted text becomes spans, as it does where its lines are parted by breaks."""
    parting = _line_parting(walk, tag)
    if parting is None or stop - tag.end > LONGEST_SPAN or NO_SPAN.search(walk.text, tag.end, stop):
        return False
    code = shown_code(walk.text[tag.end : stop])
    is_html = "<" in code or ENTITY.search(code)  # of which engines, and the account, do not see that it is code
    spans = None if is_html else walk.code_spans(tag.start, code, end, parting)
    if spans is not None:
        walk.edit(tag.start, tag.end, f" {spans[0]}", "preformatted")
        walk.edit(tag.end, end, f"{spans[1]} ", "preformatted")
    return spans is not None


def _line_parting(walk: Walk, tag: Tag) -> str | None:
    """What parts lines in the cell of a table or in an item of HTML; None elsewhere."""
    if walk.table.in_cell if walk.table else walk.around.in_pipe_row(tag.start):
        return "<br>"
    block, depth = walk.open.breakable() or (None, 0)
    return break_in_item(depth) if block and block.name == "li" else None


def _code_block(walk: Walk, tag: Tag, stop: int, end: int) -> bool:
    """Whether preformatted text becomes a block, as it does where there is a place for one."""
    if walk.open.one_line or walk.table:
        return False
    line_end = walk.around.next_of("\n", tag.end)
    if walk.around.in_pipe_row(tag.start) and (line_end is None or line_end > stop):
        return False
    shown = shown_code(walk.text[tag.end : stop])
    if walk.around.in_quotation(tag.start) and (quoted := quoted_block(walk, tag, shown, end)):
        walk.edit(quoted[0][0], end, "".join(written for *_, written in quoted), "preformatted")
        return True
    code = shown.strip("\n").rstrip()
    opening, closing = walk.fences(code) if code else ("", "")
    walk.edit(tag.start, end, f"\n\n{opening}\n{code}\n{closing}\n\n" if code else "\n\n", "preformatted")
    return True


def _report_addresses(walk: Walk, start: int, end: int) -> None:
    """Say which links and images code loses, of which it keeps the words alone."""
    for found in TAG.finditer(walk.text, start, end):
        attributes = Tag(found[2], *found.span(), bool(found[1]), found[0]).attributes()
        if attributes.get("href") or attributes.get("src"):
            walk.find_once("html.unwrapped", found.start(), f"tag {short(found[0])}", "removed; its text is code")


def _is_debug(walk: Walk, tag: Tag) -> bool:
    head = TAGS.sub("", walk.text[tag.end : tag.end + FAR_DEBUG]).lstrip()
    return head.startswith("Markdown:\n") and walk.around.next_of("Original Tiki:", tag.end) is not None


def _number(tag: Tag, attribute: str, usual: int) -> int:
    """The number that an attribute of a list or an item gives, when Markdown can write it.

    >>> [_number(Tag("ol", 0, 0, False, raw), "start", 1) for raw in ("<ol start=7>", "<ol start='a'>", "<ol>")]
    [7, 1, 1]
    """
    value = tag.attributes().get(attribute, "").strip()
    return int(value) if NUMBER.fullmatch(value) else usual
