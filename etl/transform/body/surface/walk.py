"""The state of one walk over a text, and what all that it meets may ask for."""

from __future__ import annotations

import re
from functools import cached_property

from etl.scripts import FROM_RIGHT
from etl.transform.body.code import Code, fenced, nonblank_count, ticks_around
from etl.transform.body.edits import Edit, Revision, short
from etl.transform.body.entities import decoded
from etl.transform.body.lists import ITEM_MARK, NEST
from etl.transform.body.parse import Node
from etl.transform.body.places import line_start, match_end
from etl.transform.body.surface.around import Around
from etl.transform.body.surface.elements import OpenElements
from etl.transform.body.surface.links import Links
from etl.transform.body.surface.pipe_table import PipeTable
from etl.transform.body.surface.tags import BLOCK_EDGE, Tag

RIGHT_TO_LEFT = re.compile(f"[{FROM_RIGHT}]")
UNSEEN = re.compile(r"<(?!https?:)[^<>]*+>|\{[^{}]*+\}|\](?:\([^()\s]*+\)|:[ \t]*+\S++)")
"""Tags, markers and addresses of links: what may be gone when the body is clean."""

BEHIND = re.compile(r"\s*\n[ \t]+|[ \t]*")
"""What parts words from those before them, on one line or in one item."""
FIRST_SIGN = re.compile(r"[ \t]*+\n?[ \t]*+(?=[#>~]|`{3,}+(?![^<`]*`))")
"""Up to the sign that the words of an item begin with, which would begin a block."""
MARK_ALONE = re.compile(rf"(?>(?:<[^<>]*>|\s)*){ITEM_MARK}[ *+-]*+(?>(?:<[^<>]*>|\s)*)")
"""Marks of items, or of bold, in an item of HTML, without the words that they stand before: those of items are read as
such in Markdown, and behind a bullet two stars are a rule."""
LINE_BLANKS = re.compile(r"\s*")
BACK_TICKS = re.compile("`+")
QUOTE_MARKS = re.compile(r"(?:>[ \t]*)+")

DEEPEST_LIST = 12
FAR_MARK = 200  # so far before a tag the mark of an item is looked for
LONGEST_SPAN = 5000  # code over more than that is no span


def indent_in_item(depth: int) -> str:
    """What the lines of an item of HTML at a depth are indented by."""
    return " " * NEST * min(max(depth, 1), DEEPEST_LIST)


class Walk:
    """One walk from left to right; it leaves edits."""

    def __init__(self, code: Code, revision: Revision, links: Links) -> None:
        self.text = code.text
        self.around = Around(code.text, code)
        self.links = links
        self.find, self.find_once = revision.find, revision.find_once
        self.lose_image = revision.lose_image
        self.edits: list[Edit] = []
        self.start = self.end = 0
        """Where the stretch begins that is walked, behind code, and where it ends: where code begins."""
        self.open = OpenElements()
        """Each with the number of its edit in ``edits``; `BOX` for a box, its depth for an item of a list."""
        self.table: PipeTable | None = None
        self.lists: list[int | None] = []
        """Open lists, each with the number of its next item."""
        self.quotes = Quotes()
        self.passed = Passed()
        self.words_start = -1
        """Where the words begin of a cell or an item, or of a block in it, without first ones that go.

        Those below the mark of an item come up to it (`refilled`)."""
        self.box_open = False
        self.box_start = 0
        """Where the last box begins that is in no other one."""
        self.pre_end = 0
        """Where the last `<pre>` ends that can be no code block, for it is in an item or a cell."""
        self.ahead: list[Edit] = []
        """What is asked for of places where the walk was not yet: of the glued lines of boxes, and of tabs."""
        self.glued_end = 0
        self.code_size = 0
        """How much the code blocks hold that edits make (`code_size`)."""
        self.uncovered = False
        """Whether it has to look again at odd signs: in words that came out of a tag or a marker (`write`), or those
        that stay as they are written, for they would end a link, which may be none (`in_link`)."""

    @cached_property
    def from_right(self) -> bool:
        """Whether any of it is read from right to left: then marks say on which side of a word a sign stands."""
        return RIGHT_TO_LEFT.search(decoded(UNSEEN.sub("", self.text))) is not None

    def edit(self, start: int, end: int, replacement: str, rule: str) -> None:
        """Ask for a change; when the first words of an item go by it, the next ones are the first.

        They take the place of what goes: behind more blanks they would be further right than a list in the item.
        """
        if not replacement.strip() and self.begins_item(start):
            self.words_start = match_end(BEHIND, self.text, end)
            if "\n" not in replacement + self.text[end : self.words_start]:
                replacement, end = "", self.words_start
        self.edits.append((start, end, replacement, rule))

    def write(self, start: int, end: int, words: str, rule: str) -> None:
        """Ask for a change that writes what stood in a tag or a marker, at which the walk has not looked yet."""
        self.uncovered |= not words.isascii()
        self.edit(start, end, words, rule)

    def in_link(self, offset: int) -> bool:
        """Whether the address or title of a link may be open at a place, where a sign stays that would end it."""
        found = self.around.in_link(offset)
        self.uncovered |= found
        return found

    def edited(self, start: int) -> bool:
        """Whether an edit already reaches behind a place."""
        return bool(self.edits) and self.edits[-1][1] > start

    def gap(self, offset: int) -> str:
        """What parts blocks: a blank line, or a blank where all must stay on one line."""
        if self.table and self.table.is_begun and not self.table.in_cell:
            return ""
        one_line = self.open.one_line or self.around.in_pipe_row(offset) or self.around.in_heading(offset)
        return " " if one_line else "\n\n"

    def in_row(self, offset: int) -> bool:
        """Whether a place is in a table, of HTML or of Markdown, where all of a row is on one line."""
        return self.table is not None or self.around.in_pipe_row(offset)

    def edge(self, offset: int) -> str:
        """What parts a block from what stands before it: nothing behind the mark of an item, which would be empty."""
        return "" if self.begins_item(offset) else self.gap(offset)

    def begins_item(self, offset: int) -> bool:
        """Whether nothing that stays stands between the mark of an item and a place."""
        return offset == self.words_start or self.around.in_item(offset)

    def fences(self, code: str, language: str = "") -> tuple[str, str]:
        """What stands above and below code that becomes a block; it is counted as such."""
        fence = ticks_around(code, 3)
        self.code_size += nonblank_count(language + code) + 2 * len(fence)
        return fence + language, fence

    def code_spans(self, start: int, code: str, end: int, parting: str = "<br>") -> tuple[str, str] | None:
        """A span for each line of code, at most `LONGEST_SPAN` of it, between two places: what begins it, and the rest.

        None where signs in or around it have another meaning then.
        """
        text = self.text
        tick = text.rfind("`", max(self.start, start - LONGEST_SPAN), start)
        open_tick = tick >= 0 and text.find("\n\n", tick, start) < 0
        if open_tick or text[start - 1 : start] in ("`", "\\") or text.startswith("`", end):
            return None
        if "|" in code and self.in_row(start):
            return None
        lines = [line.strip() for line in code.split("\n") if line.strip()]
        ticks, gap = ticks_around(code, 1), " " * any("`" in (line[0], line[-1]) for line in lines)
        opening, closing = ticks + gap, gap + ticks
        if "\n" in parting and ticks.startswith("```"):
            return None  # at the start of a line they may open a block
        return (opening, f"{closing}{parting}{opening}".join(lines) + closing) if lines else None

    def fence(self, code: Node) -> None:
        """Indented code gets fences, which are counted as such."""
        edits = list(fenced(self.text, line_start(self.text, code.start), code.end))
        self.code_size += nonblank_count("".join(written for _, _, written, _ in edits))
        self.edits += edits

    def begin(self, tag: Tag, replacement: str, rule: str) -> None:
        """An element is open from here on, and its tag becomes something else."""
        self.open.begin(tag, len(self.edits))
        self.edit(tag.start, tag.end, replacement, rule)

    def part(self, tag: Tag, rule: str, parting: str) -> int | None:
        """A tag becomes what parts blocks; returns where to go on, None for behind it.

        The blanks behind it, which are none in HTML, would make code there.
        """
        if parting == " " and (words := self._part_inside(tag)):
            return words
        end = self.around.behind_tag(tag.start, tag.end) if parting.endswith("\n\n") else tag.end
        self.edit(tag.start, end, parting, rule)
        return None

    def drop(self, tag: Tag, rule: str, before: str = "") -> int | None:
        """Remove a tag; returns where to go on, None for behind it."""
        if before == " " and (words := self._part_inside(tag)):
            return words
        self.edit(*self.dropped(tag, rule, before))
        return None

    def _drop_blanks(self, offset: int) -> None:
        """Edits right before a place write no blanks."""
        for number in reversed(range(len(self.edits))):
            start, end, written, rule = self.edits[number]
            if end != offset or written.strip():
                break
            self.edits[number], offset = (start, end, "", rule), start

    def unquoted(self, start: int, end: int) -> int:
        """Where a text goes on that is joined with a place: behind the marks of the quotation that both are in."""
        marked = self.text.startswith(">", end) and self.around.in_quotation(start)
        return match_end(QUOTE_MARKS, self.text, end) if marked else end

    def _part_inside(self, tag: Tag) -> int | None:
        """Part blocks in a cell or an item of HTML at the last tag between their words; returns where to go on then."""
        if BLOCK_EDGE.match(self.text, tag.end):
            return None
        start, first, block = tag.start, self.words_start, self.open.breakable()
        of_markdown = self.table is None and self.around.in_pipe_row(start)
        if of_markdown:
            first = max(first, self.text.rfind("|", max(first, 0), start) + 1)
        in_row = of_markdown or self.table is not None
        if not self.around.shows(first, start) or (in_row and self._begins_code(first, start)):
            return None
        words = tag.end if of_markdown else self.unquoted(start, match_end(LINE_BLANKS, self.text, tag.end, self.end))
        if in_row:
            end, parting = words, "<br>"
        elif block and block[0].name == "li" and not self.is_mark(first, start) and self._in_same(block[0], start):
            end, guard = self.around.unmarked(words)
            parting = f"\n\n{indent_in_item(block[1])}{guard}"
        else:
            return None
        self._drop_blanks(start)
        self.edit(start, end, parting, "block")
        self.words_start = words
        return end

    def _begins_code(self, start: int, end: int) -> bool:
        """Whether code may begin between two places that goes on behind them: a `<br>` in it would be shown."""
        return len(BACK_TICKS.findall(self.text, max(start, end - LONGEST_SPAN, 0), end)) % 2 == 1

    def is_mark(self, start: int, end: int) -> bool:
        """Whether nothing but the mark of an item stands between two places: alone it is an empty item."""
        return end - start < FAR_MARK and MARK_ALONE.fullmatch(self.text, start, end) is not None

    def _in_same(self, opened: Tag, offset: int) -> bool:
        """Whether an element and a place in it are both in a quotation of Markdown, or neither is."""
        return self.around.in_quotation(opened.start) == self.around.in_quotation(offset)

    def dropped(self, tag: Tag, rule: str, before: str = "") -> Edit:
        """The removal of a tag; what it lays bare at the start of a line must not become a mark of Markdown."""
        end, guard = tag.end, ""
        if not self.open.one_line and ("\n" in before or self.around.at_line_start(tag.start)):
            end, guard = self.around.unmarked(self.around.behind_tag(tag.start, end))
        elif self.begins_item(tag.start) and not self.in_row(tag.start):
            end, guard = self.first_sign(end)
        return tag.start, end, before + guard, rule

    def first_sign(self, start: int) -> tuple[int, str]:
        """Where an item of HTML goes on that begins at a place, and what keeps its first sign from being a mark."""
        sign = FIRST_SIGN.match(self.text, start)
        return self.around.unmarked(sign.end()) if sign else (start, "")

    def unwrap(self, tag: Tag, before: str = "") -> int | None:
        """Remove a tag that has no place in clean Markdown, and report it."""
        if not tag.closing:
            self.find("html.unwrapped", tag.start, f"tag {short(tag.raw)}", "removed; its text stays")
        return self.drop(tag, "unwrap", before)


class Quotes:
    """The quotations of a walk."""

    def __init__(self) -> None:
        self.open: list[tuple[Tag, int]] = []
        """Those that are open, each with the number of its edit; -1 for one that can be none."""
        self.first = 0
        """The number of the first edit behind the last edge of a box: no quotation has one in it."""


class Passed:
    """What the walk must know of marks, plugins and elements of the old wiki that it came by."""

    def __init__(self) -> None:
        self.colours = 0
        """How many colours are open."""
        self.literal_end = 0
        """Where the text ends that marks guard."""
        self.image_end = 0
        """Where the last image of Markdown ends in a link of HTML."""
        self.tabs_end = 0
        """Where the last tabs end."""
        self.rows_end = 0
        """Where the rows of the last table of a plugin end."""
        self.plugins: set[str] = set()
        """Names of the plugins that began."""
        self.elements: set[str] = set()
        """Names of elements that HTML does not have."""
        self.markers = 0, 0, False
        """Where the last run of removed markers begins and ends, and whether it parts words."""
