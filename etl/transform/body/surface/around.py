"""What stands around a place of a text: questions that the text alone answers, and that change nothing."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from etl.transform.body.code import TAB, Code
from etl.transform.body.hrefs import LABEL, NEXT_LINE, TITLE
from etl.transform.body.lists import BLOCK_MARKS, ITEM_MARK
from etl.transform.body.literals import NO_ESCAPE, escaped
from etl.transform.body.parse import Node, parse
from etl.transform.body.places import is_inside, line_start, match_end
from etl.transform.body.quotes import DEEPEST_QUOTE

HEADING = re.compile(rf" *#|{BLOCK_MARKS}#{{1,6}}[ \t]")
LINE_START = re.compile(rf"{BLOCK_MARKS}(?:#{{1,6}}[ \t]+)?")
ITEM_START = re.compile(rf"[ \t>]*{ITEM_MARK}[ \t]+")
ROW_START = re.compile(r"[ |>]*")
LONGEST_START = 80  # so far into a line marks are looked for, lest a line of them takes time by the square
BLANKS = re.compile(r"[ \t]*")
QUOTE_MARKS = re.compile(r"(?: {0,3}>[ \t]?)*")
# What a line of text must not begin with, once the tag before it is gone, and those between the mark and its blank.
BLOCK_MARK = re.compile(
    r"[ \t]*(?:(?:(?P<number>\d{1,9})[.)]|[#]{1,6}|[-+*])(?=(?>(?:</?[a-zA-Z][^<>\n]*>)*)\s)"
    r"|[>]|---|[-*_]{3,}+(?=[\s<]|\Z)|`{3}|~{3}|=+[ \t]*(?=[<\n]|\Z))"
)
LINE_BELOW = re.compile(r"[ \t]*\n[ \t]+(?=[^\s|])")
MARKDOWN_BLOCK = re.compile(r"\n[ \t]*(?:[*+-][ \t]|#{1,6}[ \t]|\||>|\d{1,9}[.)][ \t]|`{3}|~{3})")
ANGLED_ADDRESS = r"<(?>(?:\\[<>]|[^<>\n])*)>"
SIGNS = r"(?>(?:[^\s()\\]++|\\[\\()]?+)*)"
ADDRESS_AND_TITLE = rf"(?:{ANGLED_ADDRESS}|(?!<){SIGNS}(?>(?:\({SIGNS}\){SIGNS})*))(?:{NEXT_LINE}{TITLE})?"
"""Those of a link."""
BEFORE_ADDRESS = re.compile(r"\](?:\(|:(?<!\\]:))")
WHOLE_ADDRESS = re.compile(
    rf"\](?:\({NEXT_LINE}{ADDRESS_AND_TITLE}{NEXT_LINE}\)|:{NEXT_LINE}{ADDRESS_AND_TITLE}[ \t]*(?:\n|\Z))"
)
"""That of a link, or of its definition, and its title, to their end."""
FAR_ABOVE = 300  # so far before a line the last words above it are looked for
FAR_ADDRESS = 2000  # so far behind its bracket a place in the address of a link is looked for
FAR_BRACKET = 9  # so many characters, most of them blanks, may part the address of a link from its text
ANGLED = re.compile(rf"{ANGLED_ADDRESS}(?=(?:{NEXT_LINE}{TITLE})?{NEXT_LINE}\))")
# The definition of a link up to its address, behind marks of blocks; an address that ends one; and one as a whole.
LABELLED = rf"\[{LABEL}\]:[ \t]*"
DEFINITION = re.compile(rf"({BLOCK_MARKS}){LABELLED}")
LAST_TITLE = rf"(?:[ \t]+{TITLE})?[ \t]*"
FAR_LABEL = 1100  # so far into a line one may end
DEFINED = re.compile(rf"<[^<>\n]+>(?={LAST_TITLE}(?:\n|\Z))")
NO_PARAGRAPH = re.compile(
    rf"[ \t>]*(?:{LABELLED}(?:<[^<>\n]+>|[^\s<]\S*){LAST_TITLE}|#{{1,6}}(?:[ \t].*)?|[-=*_]{{3,}}[ \t]*)?"
)
"""A line that leaves none open: a definition, a heading, a rule, or an empty one."""
OPEN_DIVIDER = re.compile(r"^[ \t>]*+:?-++:?[ \t]*+(?>(?:\|[ \t]*+:?-++:?[ \t]*+)+)\|?[ \t]*$", re.MULTILINE)
PIPE_BEHIND = re.compile(r"[ \t]*\|")
LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")
EMPTY_LINE = re.compile(r"\n[ \t>]*(?:\n|\Z)")
ITEM_LINE = re.compile(rf"^[ \t]*{ITEM_MARK}[ \t]", re.MULTILINE)
INDENT = re.compile(r"[ \t]+")
HTML = frozenset(("HtmlBlock", "Paragraph"))
"""What holds HTML: a paragraph does behind an empty line in an element."""
SHOWN = re.compile(r"(?>(?:<(?![iI][mM][gG]\b|https?:)[^<>]*>|\s|&nbsp;)*)(<?[^<|]++|[<|]|\Z)")
"""Tags and blanks, and what is none, such as an image, up to the next pipe."""


class BlockOfItem(NamedTuple):
    """A block below the first words of a list item."""

    start: int
    """Where its first line begins."""
    end: int
    indent: str
    """As it is written."""


class Around:
    """Questions about places of a text, asked from left to right: what is found out once is not looked for again."""

    def __init__(self, text: str, code: Code | None = None) -> None:
        self.text = text
        self._code = code or Code(text)
        self._matches: dict[re.Pattern[str], tuple[int, re.Match[str] | None]] = {}
        """Patterns that were searched for: from where on, and what was found."""
        self._last_line = 0, 0
        """Up to where lines were looked for, and where the last of them begins."""
        self._last_link = 0, -1, -1
        """The place that was asked for last, and where the address before it begins and ends."""
        self._last_shown = 0, -1
        """Up to where tags and blanks were told from other text, and where the last of that begins."""

    def shows(self, start: int, end: int) -> bool:
        """Whether anything but tags and blanks stands between two places, a tag, a pipe or the text's edge at either.

        >>> around = Around("a<p> <i>b<br>")
        >>> around.shows(4, 8), around.shows(8, 9), around.shows(4, 9), Around("<img>&nbsp;<br>").shows(5, 11)
        (False, True, True, False)
        >>> around = Around("| a | <p>b</p>")
        >>> around.shows(1, 4), around.shows(5, 6)
        (True, False)
        """
        known, last = self._last_shown
        for text in SHOWN.finditer(self.text, known, end):
            last = text.start(1) if text[1] else last
        self._last_shown = max(known, end), last
        return last >= start

    # --- the line of a place ----------------------------------------------------------------

    def line_start(self, offset: int) -> int:
        r"""Where the line of a place begins; only what is new since the last place is searched.

        >>> around = Around("a\nbc\nd")
        >>> [around.line_start(offset) for offset in (0, 3, 5, 2)]
        [0, 2, 5, 2]
        """
        known, start = self._last_line
        if offset < start:
            known, start = 0, 0
        start = max(self.text.rfind("\n", known, offset) + 1, start)
        self._last_line = max(known, offset), start
        return start

    def at_line_start(self, offset: int) -> bool:
        r"""Whether only marks of blocks stand before a place on its line.

        >>> [Around("> 1. a b").at_line_start(offset) for offset in (0, 2, 5, 7)]
        [True, True, True, False]
        """
        before = self.text[offset - 1 : offset]
        if before in ("", "\n"):
            return True
        if before not in " \t>":
            return False
        line = self.line_start(offset)
        return offset - line < LONGEST_START and LINE_START.fullmatch(self.text, line, offset) is not None

    def is_first(self, offset: int) -> bool:
        """Whether a place is at the start of a line, or of a row of a table.

        >>> [Around("| a | b").is_first(offset) for offset in (2, 6)]
        [True, False]
        """
        line = self.line_start(offset)
        row = match_end(ROW_START, self.text, line, line + LONGEST_START)
        return offset <= row or self.at_line_start(offset)

    def in_pipe_row(self, offset: int) -> bool:
        r"""Whether a place is in a row of a table of Markdown.

        >>> [Around(text).in_pipe_row(4) for text in ("* | a", "a | b", "a | b\n--|--\nc")]
        [True, False, True]
        """
        if self.text[offset - 1 : offset] in ("\n", ""):
            return False
        start = self.line_start(offset)
        begins = self.text[start : min(start + LONGEST_START, offset)].lstrip(" \t>*").startswith("|")
        return begins or is_inside(offset, self._open_tables)

    def is_outer_cell(self, start: int, end: int) -> bool:
        r"""Whether what stands between two places is the first or the last cell of a row, without a pipe outside of it.

        >>> around = Around("a | b | c\n--|---|--\nd | e | f")
        >>> around.is_outer_cell(20, 21), around.is_outer_cell(24, 25), around.is_outer_cell(28, 29)
        (True, False, True)
        """
        first = self.text[start - 1 : start] in ("\n", "") and PIPE_BEHIND.match(self.text, end)
        last = LINE_END.match(self.text, end) and self.text[max(start - FAR_BRACKET, 0) : start].rstrip().endswith("|")
        return bool(first or last) and is_inside(start, self._open_tables)

    @cached_property
    def _open_tables(self) -> list[tuple[int, int]]:
        """Where the tables are whose rows need not begin with a pipe, in order."""
        tables: list[tuple[int, int]] = []
        for divider in OPEN_DIVIDER.finditer(self.text) if "|" in self.text else ():
            if not is_inside(divider.start(), tables):
                end = EMPTY_LINE.search(self.text, divider.end())
                header = self.text.rfind("\n", 0, max(divider.start() - 1, 0)) + 1
                tables.append((header, end.start() if end else len(self.text)))
        return tables

    def in_heading(self, offset: int) -> bool:
        """Whether a place is in a heading of Markdown.

        >>> [Around(text).in_heading(5) for text in ("## a b", "> # a", "> #a b", "a # b")]
        [True, True, False, False]
        """
        start = self.line_start(offset)
        return HEADING.match(self.text, start, min(start + LONGEST_START, offset)) is not None

    def in_quotation(self, offset: int) -> bool:
        """Whether the line of a place begins with the mark of a quotation.

        >>> Around(" > a").in_quotation(4), Around("a > b").in_quotation(5)
        (True, False)
        """
        start = self.line_start(offset)
        return self.text[start : start + 4].lstrip(" ").startswith(">")

    def quote_marks(self, offset: int) -> str:
        """The marks of quotations that the line of a place begins with, `DEEPEST_QUOTE` at most; nothing at its start.

        >>> Around(">> a").quote_marks(3), Around("a > b").quote_marks(5)
        ('> > ', '')
        """
        start = self.line_start(offset)
        depth = self.text.count(">", start, match_end(QUOTE_MARKS, self.text, start, offset))
        return "> " * min(depth, DEEPEST_QUOTE)  # for each block of a line: more would grow by the square

    def in_block(self, offset: int) -> bool:
        r"""Whether the line of a place is one of an item, a heading or a quotation, or of HTML in such.

        >>> [Around(text).in_block(len(text)) for text in ("a", "> a", "<div>\n  ", "* a\n\n  ")]
        [False, True, False, True]
        """
        start = self.line_start(offset)
        if start == offset:
            return False
        if self.text[start] not in " \t":
            return BLOCK_MARK.match(self.text, start) is not None
        above = self.text[max(start - FAR_ABOVE, 0) : start].rstrip().rpartition("\n")[2]
        return not above.lstrip().startswith("<")

    def in_item(self, offset: int) -> bool:
        """Whether only the mark of a list item stands before a place on its line.

        >>> [Around("1. a b").in_item(offset) for offset in (3, 5)]
        [True, False]
        """
        if self.text[offset - 1 : offset] not in (" ", "\t"):
            return False
        item = self._item(offset)
        return item is not None and item.end() == offset

    def in_item_line(self, offset: int) -> bool:
        """Whether a place is on the first line of a list item, or in the cell of a table.

        >>> Around("1. a b").in_item_line(5), Around("| a").in_item_line(2), Around("a").in_item_line(1)
        (True, True, False)
        """
        return self._item(offset) is not None or self.in_pipe_row(offset)

    def item_indent(self, offset: int) -> str:
        """What stands before each line of the list item that begins on the line of a place; nothing when none does.

        >>> Around("1. a b").item_indent(5), Around("a b").item_indent(2)
        ('   ', '')
        """
        item = self._item(offset)
        return " " * len(item[0].expandtabs(TAB)) if item else ""

    def _item(self, offset: int) -> re.Match[str] | None:
        """The mark of a list item before a place on its line, and the blanks behind it."""
        line = self.line_start(offset)
        return ITEM_START.match(self.text, line, min(line + LONGEST_START, offset))

    def block_of_item(self, offset: int) -> BlockOfItem | None:
        r"""The block below the first words of an item that a place is in, when that may be HTML.

        >>> around = Around("* a\n\n  <p>b</p>\n\nc")
        >>> around.block_of_item(2), around.block_of_item(7), around.block_of_item(16)
        (None, BlockOfItem(start=5, end=16, indent='  '), None)
        """
        place = bisect_right(self._blocks_of_items, offset, key=attrgetter("start")) - 1
        block = self._blocks_of_items[place] if place >= 0 else None
        return block if block and offset < block.end else None

    def item_start(self, offset: int) -> int:
        r"""Where the last outermost item begins that does not begin behind a place; the place itself, when none does.

        >>> [Around("a\n\n* b\n  * c").item_start(offset) for offset in (0, 9)]
        [0, 3]
        """
        item = self._outermost_item(offset)
        return item.start if item else offset

    def item_end(self, offset: int) -> int:
        r"""Where the outermost item ends that a place is in; the place itself, when it is in none.

        >>> [Around("* a\n  * b\n\nc d").item_end(offset) for offset in (8, 12)]
        [11, 12]
        """
        item = self._outermost_item(offset)
        return max(item.end, offset) if item else offset

    def _outermost_item(self, offset: int) -> Node | None:
        """The last outermost item that does not begin behind a place; it may end before it."""
        place = bisect_right(self._outermost_items, offset, key=attrgetter("start")) - 1
        return self._outermost_items[place] if place >= 0 else None

    def in_list(self, offset: int) -> bool:
        r"""Whether a place is in an item, on the line of its mark or on an indented one.

        >>> [Around(text).in_list(len(text) - 1) for text in ("* a b", "* a\n\n  b", "  a", "* a\n\nb")]
        [True, True, False, False]
        """
        start = self.line_start(offset)
        return bool(self.item_indent(offset)) or (self.text[start] in " \t" and self.item_end(offset) > offset)

    @cached_property
    def _blocks_of_items(self) -> list[BlockOfItem]:
        """In order."""
        blocks = list[BlockOfItem]()
        for outermost in self._outermost_items:
            for item in (node for node in outermost.walk() if node.kind == "Item"):
                for block in item.children[1:]:
                    start = line_start(self.text, block.start)
                    if block.kind in HTML and (indent := INDENT.match(self.text, start)):
                        blocks.append(BlockOfItem(start, block.end, indent[0]))
        return sorted(blocks)

    @cached_property
    def _outermost_items(self) -> list[Node]:
        """In order; a parser finds them."""
        items, end = list[Node](), 0
        for node in parse(self.text).nodes if ITEM_LINE.search(self.text) else ():
            if node.kind == "Item" and node.start >= end:
                items.append(node)
                end = node.end
        return items

    # --- links of Markdown ------------------------------------------------------------------

    def in_link(self, offset: int) -> bool:
        r"""Whether the address or title of a link, or of its definition, may be open at a place; asked in their order.

        >>> [Around("[a](b 'c' d").in_link(offset) for offset in (2, 4, 10)], Around("[a](b 'c') d").in_link(11)
        ([False, True, True], False)
        >>> Around("[a](b\n'c')").in_link(7), Around("[a]: b 'c'").in_link(8), Around("[a]: b 'c' d").in_link(8)
        (True, True, False)
        >>> Around("[a](b '[c]: [d](e) f')").in_link(19)
        True
        """
        known, last, end = self._last_link
        for bracket in BEFORE_ADDRESS.finditer(self.text, max(known - 1, end, 0), offset):
            if bracket.start() >= end:  # in an address or a title no other one begins
                last, end = bracket.start(), self._link_end(bracket.start())
        self._last_link = offset, last, end
        return offset < end if last < end else last >= self.line_start(offset)

    def _link_end(self, bracket: int) -> int:
        """Where a link or its definition ends whose words a bracket ends, which itself is returned for an open link."""
        if self.text.startswith("](", bracket):
            return match_end(WHOLE_ADDRESS, self.text, bracket)
        line = self.line_start(bracket)
        defines = bracket - line < FAR_LABEL and DEFINITION.fullmatch(self.text, line, bracket + 2)
        return max(match_end(WHOLE_ADDRESS, self.text, bracket) if defines else 0, bracket + 1)

    def in_destination(self, offset: int) -> bool:
        """Whether a place is inside the address of a Markdown link.

        >>> [Around("[a](b(c)d 'e')").in_destination(offset) for offset in (1, 4, 8, 11)]
        [False, True, True, False]
        """
        first = max(offset - FAR_ADDRESS, 0)
        # Behind the last blank, for an address holds none.
        start = self.text.rfind("](", max(self.text.rfind(" ", first, offset), first), offset)
        if start < 0:
            return False
        depth = 1
        for char in self.text[start + 2 : offset]:
            depth += (char == "(") - (char == ")")
            if depth == 0 or char in "\t\n":
                return False
        return True

    def angled_end(self, start: int) -> int | None:
        """Where the angle brackets end that begin at a place, when they hold the address of a Markdown link.

        >>> [Around(text).angled_end(5) for text in ("[a]( <b c>)", "a (b <c>)")]
        [10, None]
        """
        before = self.text[max(start - FAR_BRACKET, 0) : start]
        if "](" not in before or not before.rstrip(" \t\n>").endswith("]("):
            return None
        angled = ANGLED.match(self.text, start)
        return angled.end() if angled else None

    def defined_end(self, start: int) -> int | None:
        """Where the angle brackets end that begin at a place, when they hold the address of a link's definition.

        >>> Around("[a]: <b c>").defined_end(5), Around("peas [a]: <b c>").defined_end(10)
        (10, None)
        """
        if "]:" not in self.text[max(start - FAR_BRACKET, 0) : start] or not self._defines(start):
            return None
        defined = DEFINED.match(self.text, start)
        return defined.end() if defined else None

    def _defines(self, start: int) -> bool:
        """Whether the definition of a link stands before a place on its line: none may within a paragraph."""
        line = self.line_start(start)
        definition = DEFINITION.fullmatch(self.text, line, start)
        if definition is None or definition[1].strip(" \t>"):
            return definition is not None
        above = self.text[self.text.rfind("\n", 0, max(line - 1, 0)) + 1 : max(line - 1, 0)]
        return NO_PARAGRAPH.fullmatch(above) is not None or (">" in definition[1]) > above.lstrip().startswith(">")

    # --- what comes behind a place ----------------------------------------------------------

    def next_of(self, what: str, start: int) -> int | None:
        """Where a text comes next.

        >>> Around("a~/np~").next_of("~/np~", 1), Around("a").next_of("~/np~", 1)
        (1, None)
        """
        found = self.next_match(re.compile(re.escape(what)), start)
        return found.start() if found else None

    def next_match(self, pattern: re.Pattern[str], start: int, *, uncoded: bool = False) -> re.Match[str] | None:
        """What a pattern finds next; ``uncoded``: not within back-ticks or fences.

        >>> around = Around("a1b2")
        >>> [found and found[0] for found in (around.next_match(re.compile(r"\\d"), start) for start in (0, 1, 2, 4))]
        ['1', '1', '2', None]
        """
        asked, found = self._matches.get(pattern, (len(self.text) + 1, None))
        if start < asked or (found and found.start() < start):
            matches = pattern.finditer(self.text, start)
            found = next((match for match in matches if not (uncoded and self._code.is_marked(match.start()))), None)
            self._matches[pattern] = start, found
        return found

    def end_tag(self, name: str, start: int) -> re.Match[str] | None:
        """The next end tag of an element; one that is shown as code is none.

        >>> Around("a</PRE >b").end_tag("pre", 0), Around("a `</pre>`").end_tag("pre", 0)
        (<re.Match object; span=(1, 8), match='</PRE >'>, None)
        """
        return self.next_match(re.compile(rf"</{name}\s*>", re.IGNORECASE), start, uncoded=True)

    def is_closed(self, start: int, ends: re.Pattern[str], blocks: re.Pattern[str] = MARKDOWN_BLOCK) -> bool:
        r"""Whether an element that must stay on one line ends where it should, with no Markdown block in it.

        >>> ends = re.compile("</?p")
        >>> [Around(text).is_closed(0, ends) for text in ("a</p>", "a<p>", "a\n* b</p>", "a")]
        [True, False, False, False]
        """
        end = ends.search(self.text, start)
        return end is not None and end[0].startswith("</") and not blocks.search(self.text, start, end.start())

    def behind_tag(self, start: int, end: int) -> int:
        r"""Where the text goes on behind a tag that leaves it: in HTML, blanks before the line below make no code.

        >>> [Around(text).behind_tag(0, 3) for text in ("<p>  a", "<p>\n    a", "<p>\n    * a", "<p>\n\n    a")]
        [5, 8, 3, 3]
        >>> Around("* a\n\n  <p>\n      b").behind_tag(7, 10)
        17
        """
        if self.text[end : end + 1] not in " \t\n":
            return end
        below = LINE_BELOW.match(self.text, end)
        if below is None or BLOCK_MARK.match(self.text, below.end()):
            return match_end(BLANKS, self.text, end)
        if self.in_block(start) and not self.block_of_item(start):
            return match_end(BLANKS, self.text, end)
        return below.end()

    def unmarked(self, end: int) -> tuple[int, str]:
        r"""Where a text goes on behind the blanks at a place, and what keeps it from being a mark of Markdown there.

        >>> [Around(text).unmarked(0) for text in (" a", "  * a", "1. a", "===")]
        [(1, ''), (2, '\\'), (1, '1\\'), (1, '&#61;')]
        >>> Around("# 1. a").unmarked(2)
        (2, '')
        """
        mark = BLOCK_MARK.match(self.text, end)
        end = match_end(BLANKS, self.text, end)
        if mark and mark["number"]:
            if self.in_heading(end):
                return end, ""
            return mark.end("number"), mark["number"] + "\\"
        if mark and self.text[end] in NO_ESCAPE:
            return end + 1, escaped(self.text[end])
        return end, "\\" if mark else ""
