"""What parts the blocks of a document: one blank line, or nothing where two of them are one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from etl.transform.body.edits import Edit, TreeRules
from etl.transform.body.lists import NEST
from etl.transform.body.literals import BEGINS_BLOCK
from etl.transform.body.parse import BLOCKS, CONTAINERS, Node
from etl.transform.body.places import is_escaped, line_start, match_end, visible_end, visible_start
from etl.transform.body.quotes import BOX_END, BOX_START, LAST_LINE

USUAL_BLOCKS = BLOCKS - {"CodeBlock"}
UNRELATED = dict.fromkeys(USUAL_BLOCKS, USUAL_BLOCKS) | {
    "List": USUAL_BLOCKS - {"List", "BlockQuote"},
    "Table": USUAL_BLOCKS - {"Paragraph"},
    "BlockQuote": USUAL_BLOCKS - {"BlockQuote"},
    "HtmlBlock": USUAL_BLOCKS - {"HtmlBlock"},
}
"""By the kind of a block: the kinds that never continue it when a blank line stands between the two."""
QUOTE_MARK = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
MARK_BEFORE_WORDS = re.compile(rf"^[ \t]*>(?:[ \t]++(?=[^\s\\])(?!{BEGINS_BLOCK.pattern})|[ \t]?)", re.MULTILINE)
"""With all blanks, of which the four of an item would make code."""
HARD_END = re.compile(r"(?:[ \t]{2,}|\\)\n[ \t]*")
ROWS_ONLY = re.compile(r"(?>(?:[ \t]*\|[ \t]*\n)*)((?=[ \t]*\|[^|\n]*\|)(?:[ \t]*\|[ \t]*[^\s][^\n]*(?:\n|\Z))+)")
"""Lines that begin with a pipe, the first one with another; before them lone pipes, which end a table."""


class Gaps(TreeRules):
    """What stands between the blocks of one document, and what that tells the rules of its lists and tables."""

    def __init__(self, text: str, edits: list[Edit]) -> None:
        super().__init__(text, edits)
        self.closed_quotes: set[int] = set()
        """Quotations behind a list that are no rest of its last item: an empty line ends them."""
        self.waiting: set[int] = set()
        """Lists that will be one with the list before them: their numbers wait."""
        self.rows: set[int] = set()
        """Where paragraphs begin that are rows of the table before them."""
        self.continued: list[tuple[int, int]] = []
        """Where the quotations are that are the rest of an item, in order."""
        self.rows_end = 0
        """Where the last of these paragraphs ends."""

    def between(self, blocks: Sequence[Node]) -> None:
        """One blank line between blocks, none at the edges, and what goes from the blocks themselves."""
        if not blocks:
            self._empty(0, len(self.text), "", "edge")
            return
        self._empty(0, self._block_start(blocks[0]), "", "edge")
        self._within(blocks)
        for index, (block, after) in enumerate(pairwise(blocks)):
            if self._are_apart(block, after):
                continue
            continues = index > 0 and blocks[index - 1].kind == "List" and id(block) not in self.closed_quotes
            self._part(block, after, continues=continues)
            if block.kind == "List" and after.kind == "BlockQuote" and id(after) not in self.closed_quotes:
                self.waiting |= {id(behind) for behind in blocks[index + 2 : index + 3]}
        self._empty(visible_end(self.text, blocks[-1]), len(self.text), "", "edge")

    def in_quotation(self, blocks: Sequence[Node]) -> None:
        """One empty line between those of a quotation that empty lines part, and no blanks before it."""
        for block, after in pairwise(blocks):
            start = self._words_end(block)
            blanks, *lines = self.text[start : after.start].split("\n")
            if (blanks or len(lines) > 2) and lines and not "".join([blanks, *lines]).strip(" \t>"):
                self._edit(start, after.start, "\n".join(["", *lines[:-1][:1], lines[-1]]), "blank-lines")

    def _within(self, blocks: Sequence[Node]) -> None:
        """No rule first, last or twice, no empty line at the end of a quotation, no blanks at the starts of lines."""
        last = len(blocks) - 1
        for index, block in enumerate(blocks):
            if block.kind == "Rule" and (index in (0, last) or blocks[index + 1].kind == "Rule"):
                self._edit(block.start, visible_end(self.text, block), "", "rule")
            elif block.kind == "BlockQuote":
                self._last_line(block, blocks[index - 1] if index else block)
            elif block.kind == "Paragraph":
                self._indented_lines(block)

    def _are_apart(self, block: Node, after: Node) -> bool:
        """Whether a blank line parts two blocks and the second cannot continue the first, as with nearly all."""
        start = after.start
        return (
            after.kind in UNRELATED.get(block.kind, ())
            and self.text.startswith("\n\n", start - 2)
            and self.text[start - 3] not in " \t\n"
            and block.start not in self.rows
        )

    def _part(self, block: Node, after: Node, *, continues: bool) -> None:
        """What parts two blocks, and what they are to each other; ``continues``: whether the first is of a list."""
        end, start = visible_end(self.text, block), self._block_start(after)
        gap = self.text[end:start]
        if block.kind == "Heading" and after.kind == "Paragraph" and self._goes_on(block, after):
            return
        if after.kind == "Paragraph" and (row := self._first_row(block, after)) is not None:
            self._edit(end, row, "\n", "table-row")
            return
        if block.kind == after.kind == "BlockQuote" and gap.isspace():
            if not continues:
                self._edit(self._words_end(block), start, "\n>\n", "quote-gap")
            return
        self._empty(end, start, "\n\n", "blank-lines")
        if block.kind == "HtmlBlock" and self._is_empty_box(block, after):
            self._edit(block.start, visible_end(self.text, after), "", "box")
        elif block.kind == "List" and after.kind == "BlockQuote" and self._is_rest(block.children[-1], after):
            self._continuation(after)

    def _first_row(self, block: Node, after: Node) -> int | None:
        """Where the first row begins of a paragraph of such, that a blank line cut off from the table before it."""
        table = block.kind == "Table" or block.start in self.rows
        rows = ROWS_ONLY.fullmatch(self.text, after.start, visible_end(self.text, after)) if table else None
        if rows is None:
            return None
        self.rows.add(after.start)
        self.rows_end = after.end
        return rows.start(1)

    def _goes_on(self, heading: Node, after: Node) -> bool:
        """A heading that ends in a hard break goes on in the line below it; returns whether this one does."""
        end = visible_end(self.text, heading)
        broken = self.text[end - 1] == "\\" and not is_escaped(self.text, end - 1)
        behind = HARD_END.fullmatch(self.text, end - broken, after.start)
        sentence = self.text[max(end - broken - 1, 0)] in ".?!"
        underlined = self.text.find("\n", heading.start, end) >= 0
        if sentence or behind is None or underlined:
            return False
        self._edit(behind.start(), behind.end(), " ", "heading")
        return True

    def _is_empty_box(self, block: Node, after: Node) -> bool:
        texts = self.text[block.start : block.end].strip(), self.text[after.start : after.end].strip()
        return texts == (BOX_START, BOX_END)

    def _is_rest(self, item: Node, quote: Node) -> bool:
        """Whether a quotation is the rest of the item before it: of one without words, which goes, there is none."""
        words = not CONTAINERS.issuperset(node.kind for node in item.walk())
        return words and bool(quote.children) and id(quote) not in self.closed_quotes

    def _continuation(self, quote: Node) -> None:
        """A quotation right behind a list item was the rest of that item (corpus.md 6.1)."""
        self.continued.append((quote.start, quote.end))
        starts = [line_start(self.text, block.start) for block in quote.children]
        ends = [*starts[1:], visible_end(self.text, quote)]
        starts[0] = line_start(self.text, quote.start)
        for block, start, end in zip(quote.children, starts, ends, strict=True):
            for mark in self._mark_before(block).finditer(self.text, start, end):
                empty = self.text[mark.end() : mark.end() + 1] in ("", "\n")
                self._edit(mark.start(), mark.end(), "" if empty else " " * NEST, "continuation")

    def _mark_before(self, block: Node) -> re.Pattern[str]:
        """The mark of a quotation before the lines of a block in it, with as many blanks as the block begins with."""
        if block.kind == "Paragraph":
            return MARK_BEFORE_WORDS
        mark_end = match_end(QUOTE_MARK, self.text, line_start(self.text, block.start))
        blanks = 0 if block.data == "Indented" else visible_start(self.text, block) - mark_end
        return re.compile(rf"{QUOTE_MARK.pattern} {{0,{blanks}}}", re.MULTILINE)

    def _last_line(self, quote: Node, before: Node) -> None:
        """An empty line ends a quotation exactly where it says that this one is not the rest of an item."""
        start, end = self._words_end(quote), visible_end(self.text, quote)
        if id(before) in self.closed_quotes or (before.kind == "List" and start < end):
            self.closed_quotes.add(id(quote))
            self._edit(start, end, LAST_LINE, "edge")
        elif start < end:
            self.again = True  # code may be the last block of all now
            self._edit(start, end, "", "edge")

    def _words_end(self, quote: Node) -> int:
        """Where a quotation ends but for its last empty lines."""
        end = visible_end(self.text, quote)
        while (line := line_start(self.text, end)) > quote.start and not self.text[line:end].strip(" \t>"):
            end = line - 1
        return end

    def _indented_lines(self, paragraph: Node) -> None:
        """No blanks at the starts of lines: only in lists do they mean something."""
        if self.text.find("\n", paragraph.start, paragraph.end - 1) < 0:
            return
        for before, after in pairwise(paragraph.walk()):
            if before.kind not in ("SoftBreak", "HardBreak") or BEGINS_BLOCK.match(self.text, after.start):
                continue
            if self.text[before.end : after.start].isspace():
                self._edit(before.end, after.start, "", "line-blanks")
                self.again |= self.text.startswith(":", after.start)

    def _empty(self, start: int, end: int, wanted: str, rule: str) -> None:
        """What stands between two blocks or at an edge: blank lines."""
        gap = self.text[start:end]
        if gap.isspace():
            self._edit(start, end, wanted, rule)

    def _block_start(self, node: Node) -> int:
        """Where a block begins: an indented code block with its indentation."""
        if node.data == "Indented":
            return line_start(self.text, node.start)
        return node.start
