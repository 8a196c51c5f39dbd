"""Lists in one form: tight items, one kind of bullet, numbers that count; `list_layout` has nested them before.

An item is *tight* when it is one paragraph, then at most one list of tight items that no blank line parts from it.
Such a line stands before a mark exactly when the item before it is not tight, and before a nested list exactly when
more than the item's first paragraph stands before it, its items are not tight, or its number would be words without
one: so every engine reads the same nesting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from etl.transform.body.edits import Edit
from etl.transform.body.parse import BLOCKS, Node
from etl.transform.body.places import line_start, visible_end, visible_start, words_start

NEST = 4
FEWEST_REFERENCES = 3
BLANK = (" ", "\t")
NO_WORDS = BLOCKS - {"Paragraph"}
HIGHEST_NUMBER = 999  # a "list" of one that begins above is a sentence that begins with a year

BELOW = frozenset(("Paragraph", "List", "CodeBlock"))
"""Blocks of an item that its first words do not hold."""
ITEM_MARK = r"(?:[*+-]|\d{1,9}[.)])"
MARK_ENDS = frozenset("*+-.)")
"""What such a mark ends with."""
BLOCK_MARKS = rf"(?>(?:[ \t>]|{ITEM_MARK}[ \t])*)"
"""What may stand before the first word of a line: marks of quotations and items."""
BEFORE_WORDS = re.compile(BLOCK_MARKS)
MARK = re.compile(rf"({ITEM_MARK})([ \t]*)")
REFERENCE = re.compile(r"([*+-][ \t]+)(\d{1,3})[.)](?=[ \t])")
NEXT_NUMBER = re.compile(r" (\d{1,2})\. (?=\S)")


def usual_edits(text: str, node: Node) -> list[Edit] | None:
    """What `list_edits` says of a list as nearly all are, in a fraction of the time; None for any other one.

    Its marks stand at the starts of lines, one blank behind them, and count; its items are but a paragraph.
    """
    edits: list[Edit] = []
    number = node.data
    if number is not None and number > HIGHEST_NUMBER:
        return None
    mark = "* "
    before: Node | None = None
    for item in node.children:
        start, children = item.start, item.children
        if number is not None:
            mark = f"{number}. "
            number += 1
        behind = start + len(mark)
        if (
            text[start:behind] != mark
            or text[behind : behind + 1] in " \t\n"
            or (start and text[start - 1] != "\n")
            or not children
            or not (
                (len(children) == 1 and children[0].kind == "Paragraph")
                or BLOCKS.isdisjoint([child.kind for child in children])
            )
        ):
            return None
        if before is not None and text[start - 2] in " \t\n":
            if text[start - 2] == "\n" and text[start - 3] not in " \t\n" and before.end >= start - 2:
                edits.append((start - 2, start, "\n", "tight-list"))
            else:
                edits += _gap(text, before, start, blank=False)
        before = item
    return edits


def not_tight(items: Sequence[Node]) -> set[int]:
    """The ``id`` of every item that is not tight; items in source order."""
    loose: set[int] = set()
    for item in reversed(items):
        blocks = [child for child in item.children if child.kind in BLOCKS]
        lead = bool(blocks) and blocks[0].kind == "Paragraph"
        rest = blocks[1:] if lead else blocks
        nested = rest[0] if len(rest) == 1 and rest[0].kind == "List" else None
        if rest and (nested is None or _is_apart(nested, item, loose)):
            loose.add(id(item))
    return loose


def _is_apart(nested: Node, item: Node, loose: set[int]) -> bool:
    """Whether a blank line stands before a list that is the first block below the words of its item."""
    would_be_words = nested.data not in (None, 1) and nested is not item.children[0]
    return would_be_words or any(id(each) in loose for each in nested.children)


def list_edits(text: str, node: Node, loose: set[int], *, numbered: bool, touching: bool) -> Iterator[Edit]:
    """Marks of a list, what stands between its items, and what is in them.

    ``numbered``: whether equal numbers may count now. ``touching``: whether another list stands right beside it, so
    that only the kind of its marks tells the two apart.
    """
    found = [MARK.match(text, visible_start(text, item)) for item in node.children]
    for item, mark in zip(node.children, found, strict=True):
        yield from _item_edits(text, item, mark, loose)
    marks = [mark for mark in found if mark]
    if len(marks) < len(found):
        return
    counting = numbered and node.data is not None and _restarts([int(mark[1][:-1]) for mark in marks])
    references = dict(_references(text, node))
    for index, (item, mark) in enumerate(zip(node.children, marks, strict=True)):
        if index in references:
            yield references[index]
        elif _is_double(text, item, mark):
            yield mark.start(), visible_start(text, item.children[0]), "", "nested-list"
            continue
        elif mark[1] in "+-":
            yield *mark.span(1), "*", "bullet"
        elif mark[1] != "*":
            number = _number(node, index, mark, counting=counting, stop=mark[1][-1] if touching else ".")
            yield number
            if len(number[2]) > len(mark[1]):
                yield from _code_behind(text, item, len(number[2]) - len(mark[1]))
        yield from _narrowed(item, mark)
        if index:
            yield from _gap(text, node.children[index - 1], mark.start(), blank=id(node.children[index - 1]) in loose)


def _restarts(numbers: list[int]) -> bool:
    """Whether numbers begin anew inside a list, as `1.` throughout does: then they did not count."""
    first = numbers[0]
    follow = all(after in (first, before + 1) for before, after in pairwise(numbers))
    return follow and first in numbers[1:]


def _number(node: Node, index: int, mark: re.Match[str], *, counting: bool, stop: str) -> Edit:
    """A number with a full stop, for not all engines know other ones."""
    if len(node.children) == 1 and int(mark[1][:-1]) > HIGHEST_NUMBER:
        return mark.end(1) - 1, mark.end(1), "\\" + mark[1][-1], "number"
    return *mark.span(1), f"{node.data + index if counting else mark[1][:-1]}{stop}", "number"


def _code_behind(text: str, item: Node, wider: int) -> Iterator[Edit]:
    """Code as far from the text of its item as it was, where its number gets wider."""
    for block in item.children:
        if block.kind != "CodeBlock":
            continue
        at = line_start(text, block.start)
        while at < block.end:
            if at > item.start and text[at] in BLANK:
                yield at, at, " " * wider, "nested-list"
            at = text.find("\n", at) + 1 or len(text)


def _references(text: str, node: Node) -> Iterator[tuple[int, Edit]]:
    """`* 6. Spade AB` in one list, where the numbers count; else the number is text of its item (36)."""
    found = [REFERENCE.match(text, visible_start(text, item)) if _holds_one(item) else None for item in node.children]
    numbers = [int(match[2]) for match in found if match]
    # A list of references may end in an item that is none.
    alike = found.index(None) if None in found else len(found)
    counting = alike >= min(FEWEST_REFERENCES, len(found)) and numbers[:alike] == list(
        range(numbers[0], numbers[0] + alike)
    )
    start = visible_start(text, node)
    outermost = line_start(text, start) == start
    for index, match in enumerate(found):
        if match and counting and outermost and index < alike:
            yield index, (*match.span(1), "", "reference")
        elif match:
            yield index, (match.end(2), match.end(2), "\\", "reference")


def _holds_one(item: Node) -> bool:
    """Whether an item is a list of one item, as `* 6. text` is read."""
    return bool(item.children) and item.children[0].kind == "List" and len(item.children[0].children) == 1


def _is_double(text: str, item: Node, mark: re.Match[str]) -> bool:
    """Whether an item is but a list of one item of the same kind: some engines show the second mark.

    Not where blocks stand below the words of a mark on a line of its own: they would be code behind the first one.
    """
    if not _holds_one(item) or len(item.children) > 1:
        return False
    [single] = item.children[0].children
    if "\n" in text[item.start : single.start] and any(block.kind in BELOW for block in single.children[1:]):
        return False
    inner = MARK.match(text, visible_start(text, item.children[0]))
    return inner is not None and (inner[1] in "*+-") == (mark[1] in "*+-")


def _narrowed(item: Node, mark: re.Match[str]) -> Iterator[Edit]:
    """One blank behind a mark, in a list of which no line is indented: in any other one, they moved (`list_layout`)."""
    children = item.children
    if mark[2] in ("", " ") or not children or children[0].start != mark.end() or children[0].kind == "CodeBlock":
        return
    if ">" in mark.string[line_start(mark.string, mark.start()) : mark.start()]:
        return  # what stands behind a list in a quotation stays where it is
    yield *mark.span(2), " ", "bullet"


def _gap(text: str, before: Node, start: int, *, blank: bool, rule: str = "tight-list") -> Sequence[Edit]:
    """A blank line before a mark or a block, or none; its indentation stays."""
    end = visible_end(text, before)
    gap = text[end:start]
    if not (gap.isspace() and "\n" in gap):
        return ()
    wanted = ("\n\n" if blank else "\n") + gap.rpartition("\n")[2]
    return () if gap == wanted else ((end, start, wanted, rule),)


def _item_edits(text: str, item: Node, mark: re.Match[str] | None, loose: set[int]) -> Iterator[Edit]:
    """Blocks of an item: words on the line of its mark, lists right behind them, any other one behind a blank line."""
    if not item.children:
        yield line_start(text, visible_start(text, item)), visible_end(text, item), "", "empty-item"
        return
    if mark is None:
        return
    children = item.children
    start = words_start(text, children[0])
    lead = text[mark.end() : start]
    if "\n" in lead and not lead.strip(" \t>\n") and children[0].kind not in NO_WORDS:
        yield mark.end(1), start, " ", "bullet"
    first = next((index for index, child in enumerate(children) if child.kind in BLOCKS), 0)
    for index, (before, child) in enumerate(pairwise(children), 1):
        if BLOCKS.isdisjoint((before.kind, child.kind)):
            continue
        if child.kind == "List":
            behind_text = index == first or (index == 1 and before.kind == "Paragraph")
            blank = not behind_text or _is_apart(child, item, loose)
            yield from _gap(text, before, visible_start(text, child), blank=blank)
        elif child.kind == before.kind == "BlockQuote":
            yield from _quote_gap(text, before, child)
        else:
            yield from _gap(text, before, visible_start(text, child), blank=True, rule="blank-lines")


def _quote_gap(text: str, before: Node, quote: Node) -> Iterator[Edit]:
    """Quotations that touch are one, as some engines have it anyway."""
    end, start = visible_end(text, before), visible_start(text, quote)
    lead = text[end:start].rpartition("\n")[2]
    if text[end:start].isspace():
        yield end, start, f"\n{lead}>\n{lead}", "quote-gap"


def glued_items(text: str, start: int, end: int, first: int = 1) -> Iterator[Edit]:
    """Text with ` 1. … 2. …` at its end was text and a list (repair 20); ``first``: the first number to part."""
    begin = re.search(rf"(?<=\S) {first}\. (?=\S)", text[start:end])
    numbers = list(NEXT_NUMBER.finditer(text, start + begin.start(), end)) if begin else []
    counted = list(range(first, len(numbers) + first))
    if len(numbers) + first > 2 and [int(number[1]) for number in numbers] == counted:
        for number in numbers:
            yield number.start(), number.start(1), "\n", "heading"
