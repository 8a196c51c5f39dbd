"""Where the lines of a list stand: its items nested by four columns, what they hold below their text.

What a line of a list belongs to depends on the columns of everything around it. So the lines of a whole list move
together (`laid_out`), before anything else in it changes. Those in a quotation do by its text without the marks, where
what stands apart elsewhere gets its blank lines, too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from etl.transform.body.code import CODE_INDENT, TAB, Code, dedented, fenced, indent_behind
from etl.transform.body.edits import Edit, Revision
from etl.transform.body.lists import BLANK, BLOCK_MARKS, ITEM_MARK, MARK, MARK_ENDS, NEST, list_edits, not_tight
from etl.transform.body.parse import BLOCKS, Node, Tree, parse
from etl.transform.body.places import line_start, visible_end, visible_start
from etl.transform.body.quotes import DEEPEST_QUOTE

TAKES_UP = frozenset(("List", "BlockQuote"))
"""What some engines have go on in code behind it that is but indented."""
BELOW = re.compile(rf"\n(?<=[ \t]\n)(?:[ \t]{{0,99}}\n){{0,9}}([ \t]{{1,99}})(?=\S)({ITEM_MARK}[ \t]|`{{3}}|~{{3}})?")
"""What is indented below a blank at the end of a line, and whether it is a list or a fence, which hold a column.

It begins with what is searched fast."""
MARK_ALONE = re.compile(rf"([ \t]*{ITEM_MARK})[ \t]*")
WORDS = re.compile(r"[ \t]*\S")
LAID_OUT = frozenset(("List", "BlockQuote", "CodeBlock"))
"""Blocks that need a blank line before or behind them."""
PARTED = frozenset(("tight-list", "quote-gap", "blank-lines"))
"""Rules for what stands between the items of a list and between their blocks."""
LINE_MARKS = re.compile(f"^{BLOCK_MARKS}", re.MULTILINE)
QUOTE_MARK = re.compile(" {0,3}> ?")
NARROWEST = 2  # columns of the narrowest mark, and what is before them is in no item


class Region(NamedTuple):
    """Lines that move alike: those from ``start`` to ``end`` that are indented by ``floor`` or more.

    What stands at the column ``source``, or before it, comes to the column ``target``.
    """

    start: int
    end: int
    floor: int
    source: int
    target: int


def laid_out(text: str, tree: Tree) -> Iterator[Edit]:
    """The lists of a text, and those in its quotations, once no tab is among the marks of these."""
    is_quoted = ">" in text
    if is_quoted and "\t" in text and (edits := [*_without_tabs(text, tree.nodes)]):
        yield from edits
        return
    yield from _lists(text, tree.root.children)
    if is_quoted:
        yield from _quoted_lists(text, tree.root.children)


def _lists(text: str, blocks: Iterable[Node]) -> Iterator[Edit]:
    """The lists among some blocks at the first column, what their items hold nested by four, and what is behind them.

    A line moves but once, and all edits together leave the structure as it is.
    """
    before = None
    for block in blocks:
        if before in TAKES_UP and (text[block.start - 1] in BLANK or text[block.start].isspace()):
            yield from _to_first_column(text, block)
        before = block.kind
        if before == "List":
            line, end = line_start(text, block.start), visible_end(text, block)
            if text.startswith(BLANK, line) or text.find("\n ", line, end) >= 0 or text.find("\n\t", line, end) >= 0:
                layout = Layout(text, block)
                yield from layout.narrowed
                yield from _moved(text, line, end, sorted(layout.regions))


def _to_first_column(text: str, block: Node) -> Iterator[Edit]:
    """A block at the first column, where nothing takes it up; code that its blanks make needs a fence there."""
    start = visible_start(text, block)
    line, indent = _place(text, start)
    if indent < NARROWEST or block.kind == "List":
        return
    if block.data == "Indented":
        yield from fenced(text, line, block.end)
    else:
        yield line, start, "", "line-blanks"
        yield from dedented(text, block)


class Layout:
    """What moves where in a list, and one blank behind its marks, as the new columns suppose it."""

    def __init__(self, text: str, top: Node) -> None:
        self.text = text
        self.regions: list[Region] = []
        self.narrowed: list[Edit] = []
        self.lists = [(top, 0, 0, 0)]
        """Lists to come: columns of the first item, of the first mark on that item's line, and of all other items."""
        while self.lists:
            node, target, base, others = self.lists.pop()
            for index, item in enumerate(node.children):
                number = 0 if node.data is None else len(f"{node.data + index}. ")  # which it may have soon
                self._item(item, target, base, target + number)
                target = base = others

    def _item(self, item: Node, target: int, base: int, least: int) -> None:
        """An item at the column ``target``; what follows in it stands by four behind ``base``, or at ``least``."""
        mark = MARK.match(self.text, visible_start(self.text, item))
        if mark is None:
            return
        line, source = _place(self.text, mark.start())
        if not self.text[line : mark.start()].strip(" \t"):
            self.regions.append(Region(line, item.end, source, source, target))
        lead = item.children[0] if item.children else None
        if lead is not None and "\n" in self.text[mark.end() : lead.start]:
            lead = None  # nothing stands behind the mark
        content, inner = source + len(mark[1]) + 1, target + len(mark[1]) + 1
        if lead is not None and lead.data != "Indented":
            content = _place(self.text, mark.end())[1]
            if lead.kind == "CodeBlock":
                inner = target + content - source
            else:
                self.narrowed.append((*mark.span(2), " ", "bullet"))
        column = max(base + NEST, inner, least)
        for child in _blocks(item):
            if child.kind == "List" and child is lead:
                column = self._list_behind_mark(child, inner, base, column)
            elif child.kind == "List":
                self.lists.append((child, column, column, column))
            elif not (child is lead and child.kind == "Paragraph"):
                self.regions += _regions(self.text, child, content, inner, column, leads=child is lead)

    def _list_behind_mark(self, node: Node, inner: int, base: int, column: int) -> int:
        """A list that begins behind the mark of an item; returns where what follows it is still in that item."""
        first, last = (_width(self.text, item) for item in (node.children[0], node.children[-1]))
        others = base + NEST if inner <= base + NEST <= inner + first else inner
        self.lists.append((node, inner, base, others))
        return min(max(column, base + last + 1), (others if len(node.children) > 1 else inner) + last)


def _blocks(item: Node) -> Iterator[Node]:
    """The blocks of an item; words behind one of them, which are no node of a tight item, as a paragraph."""
    for are_blocks, group in groupby(item.children, lambda child: child.kind in BLOCKS):
        nodes = list(group)
        if are_blocks:
            yield from nodes
        elif nodes[0] is not item.children[0]:
            words = Node()
            words.kind, words.data, words.children = "Paragraph", None, nodes
            words.start, words.end = nodes[0].start, nodes[-1].end
            yield words


def _width(text: str, item: Node) -> int:
    """How wide the mark of an item is."""
    mark = MARK.match(text, visible_start(text, item))
    return len(mark[1]) if mark else 1


def _regions(text: str, block: Node, content: int, inner: int, column: int, *, leads: bool) -> Iterator[Region]:
    """A block of an item to ``column``; the item's text begins at ``content``, and at ``inner`` from now on.

    What its indentation makes code, or keeps from being a block, stays as far from the text as it is.
    """
    line, place = _place(text, block.start)
    start, end, last = block.start if leads else line, block.end, content + CODE_INDENT - 1
    if block.kind == "CodeBlock" and (leads or block.data == "Indented"):
        yield Region(start, end, content, content, inner)
    elif block.kind == "CodeBlock":
        yield Region(start, end, content, place, column)
        closing = text.rfind("\n", start, visible_end(text, block)) + 1
        fence = text[closing:end].strip()
        if closing and not fence.strip(text[block.start]) and _place(text, text.find(fence, closing))[1] <= last:
            yield Region(closing, end, content, last, column)
    else:
        yield Region(start, end, content, last, column)
        yield Region(start, end, last + 1, content, inner)


def _moved(text: str, at: int, end: int, regions: Sequence[Region]) -> Iterator[Edit]:
    """The lines of a list by their regions: each by the innermost one that it is indented enough for."""
    inside: list[Region] = []
    waiting = list(reversed(regions))
    while at < end:
        while inside and inside[-1].end <= at:
            inside.pop()
        while waiting and waiting[-1].start <= at:
            region = waiting.pop()
            if region.end > at:
                inside.append(region)
        stop = at
        while text[stop] in BLANK:
            stop += 1
        indent = text[at:stop]
        blanks = len(indent.expandtabs(TAB))
        place = bisect_right(inside, blanks, key=attrgetter("floor")) - 1
        if place >= 0 and text[stop] != "\n":
            wanted = " " * inside[place].target + indent_behind(indent, min(inside[place].source, blanks))
            if wanted != indent:
                yield at, stop, wanted, "nested-list"
        at = text.find("\n", stop) + 1 or len(text)


def _place(text: str, offset: int) -> tuple[int, int]:
    """Where the line of a character begins, and the character's column in it."""
    line = line_start(text, offset)
    return line, len(text[line:offset].expandtabs(TAB))


def refilled(revision: Revision) -> Iterator[Edit]:
    """What puts words behind the mark of their item whose first ones are gone: below an empty mark they are code.

    A list or a fence keeps its column, for its other lines do.
    """
    text = revision.text
    for below in BELOW.finditer(text):
        line_end = below.start()
        if mark := MARK_ALONE.fullmatch(text, line_start(text, line_end), line_end):
            origin = revision.origin(mark.end(1))
            was_item = revision.source[origin - 1 : origin] in MARK_ENDS and WORDS.match(revision.source, origin)
            column, content, indent = (len(part.expandtabs(TAB)) for part in (mark[1], mark[0], below[1]))
            if was_item and column < indent < content + CODE_INDENT:
                blanks = min(indent - column, CODE_INDENT) if below[2] else 1
                yield mark.end(1), below.end(1), " " * blanks, "empty-item"


def _without_tabs(text: str, nodes: Sequence[Node]) -> Iterator[Edit]:
    r"""Blanks for tabs among the marks of quotations and behind them: engines do not agree on how wide such are.

    In code between fences, only one that is a part of a mark goes.

    >>> text = ">\t1. a\n> ```\n> \tb\n>\t\tc\n\n\t>\td"
    >>> list(_without_tabs(text, parse(text).nodes))
    [(0, 5, '>   1. ', 'blanks'), (18, 20, '>   ', 'blanks')]
    """
    code, end = Code(text), 0
    for quote in nodes:
        if quote.kind == "BlockQuote" and quote.start >= end:
            end = quote.end
            for marks in LINE_MARKS.finditer(text, line_start(text, quote.start), end):
                start, marked = marks.start(), marks[0]
                if "\t" in marked and code.is_fenced(start):
                    marked = marked[: marked.rfind(">") + 2]
                if "\t" in marked:
                    yield start, start + len(marked), marked.expandtabs(TAB), "blanks"


def _quoted_lists(text: str, blocks: Sequence[Node], depth: int = 0) -> Iterator[Edit]:
    """The lists in the quotations among some blocks, laid out as all others are, and what parts code from words."""
    for block in blocks:
        if block.kind == "BlockQuote" and any(child.kind in LAID_OUT for child in block.children):
            yield from _inside(text, line_start(text, block.start), block.end, depth)


def _inside(text: str, start: int, end: int, depth: int) -> Iterator[Edit]:
    """The lists in a quotation, by its text without the marks; none where a line has no mark."""
    lines = text[start:end].rstrip("\n").split("\n")
    marks = [mark[0] for mark in map(QUOTE_MARK.match, lines) if mark]
    if len(marks) < len(lines) or depth == DEEPEST_QUOTE:
        return
    words = [line[len(mark) :] for line, mark in zip(lines, marks, strict=True)]
    inner, starts = "\n".join(words), [0, *accumulate(len(line) + 1 for line in words)]
    marked = list(accumulate(map(len, marks), initial=start))[1:]
    mark = f"{marks[0].rstrip()} "
    for *places, new, rule in _inner_edits(inner, depth + 1):
        first, last = (at + marked[bisect_right(starts, at) - 1] for at in places)
        yield first, last, new.replace("\n", f"\n{mark}").replace(f"{mark}\n", f"{mark[:-1]}\n"), rule


def _inner_edits(text: str, depth: int) -> Iterator[Edit]:
    """First the lines of lists move, then blank lines part what they part elsewhere."""
    tree = parse(text)
    blocks = tree.root.children
    moved = [edit for edit in _lists(text, blocks) if text[edit[0] : edit[1]] != edit[2]]
    yield from moved or [*_parted(text, blocks), *_tight(text, tree.nodes)]
    yield from _quoted_lists(text, blocks, depth)


def _parted(text: str, blocks: Sequence[Node]) -> Iterator[Edit]:
    """A blank line between blocks, without which some engines find no list, or no end of code."""
    for block, after in pairwise(blocks):
        end = visible_end(text, block)
        if "HtmlBlock" not in (block.kind, after.kind) and text[end : after.start].strip(" ") == "\n":
            yield end, text.index("\n", end) + 1, "\n\n", "blank-lines"


def _tight(text: str, nodes: Sequence[Node]) -> Iterator[Edit]:
    """Blank lines between items where they belong and nowhere else, and no gap between quotations in an item."""
    loose = not_tight([node for node in nodes if node.kind == "Item"])
    for node in nodes:
        if node.kind == "List":
            edits = list_edits(text, node, loose, numbered=False, touching=False)
            yield from (edit for edit in edits if edit[3] in PARTED)
