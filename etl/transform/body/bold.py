"""Bold and emphasis in one form: stars that touch their text, and no mark without a partner."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from etl.scripts import joins_words
from etl.transform.body.edits import Edit
from etl.transform.body.flanks import is_glued, is_like_letter
from etl.transform.body.link_edits import BARE_ADDRESS
from etl.transform.body.lists import glued_items
from etl.transform.body.parse import Node
from etl.transform.body.places import blanks_start, is_inside

FEWEST_INVERTED = 4  # marks with blanks on both sides

MARKS = re.compile(r"\*\*(?<![\\*]\*\*)(?!(?<=\d\*\*)\d)(?:\*\*)?(?!\*)")  # not that of a power: 2**20
UNDERSCORES = re.compile(r"(?<![_\\])__(?!_)")
LONE_UNDERSCORES = re.compile(r"(?<![\w\\])__(?=[^\W_])|(?<=[^\W_])__(?!\w)|(?<= )__ ")
STARS = "*", "\\*"
"""A star, and how it is written where it is no markup."""
OPENS = frozenset(("", " ", "\t", "\n", "(", "["))
CLOSES = frozenset(("", " ", "\t", "\n", *",.;:!?)]"))
"""Beside them no blank is missing; a quote may open as well as close."""
BEFORE_PUNCTUATION = re.compile(r"[ \t]+(?=\\?[,.;:)\]](?:\s|$))")


class Marked(NamedTuple):
    """A node, and the marks of bold that are text of it."""

    node: Node
    marks: Sequence[re.Match[str]]


def strong_edits(text: str, node: Node, *, inside: bool) -> Sequence[Edit]:
    """Bold is `**`, not twice; no blank between it and the punctuation around it.

    ``inside``: whether it is in other bold.
    """
    start, end = node.start, node.end
    edits: list[Edit] = []
    if text[start] == "_":
        edits += (start, start + 2, "**", "bold"), (end - 2, end, "**", "bold")
    if inside:
        edits += unmarked(node, "bold")
        return edits
    if text[end : end + 1] in (" ", "\t") and text[end + 1 : end + 2] in " \t\\,.;:)]":
        blank = BEFORE_PUNCTUATION.match(text, end)
        if blank:
            edits.append((end, blank.end(), "", "bold-blank"))
    if start > 1 and text[start - 1] == " " and text[start - 2] in "([ ":
        blanks = blanks_start(text, start)
        if text[max(blanks - 1, 0) : blanks] in ("(", "["):
            edits.append((blanks, start, "", "bold-blank"))
    return edits


def unmarked(node: Node, rule: str) -> Sequence[Edit]:
    """Bold without its marks."""
    return (node.start, node.start + 2, "", rule), (node.end - 2, node.end, "", rule)


def emphasis_edits(text: str, node: Node) -> Sequence[Edit]:
    """Emphasis is `*`, where no other star stands beside it."""
    start, end = node.start, node.end
    if text[start] != "_":
        return ()
    around = text[max(start - 1, 0) : start], text[start + 1], text[end - 2], text[end : end + 2].partition("\n")[0]
    return () if "*" in "".join(around) else ((start, start + 1, "*", "emphasis"), (end - 1, end, "*", "emphasis"))


def begins_with_star(text: str, node: Node) -> bool:
    """Whether emphasis begins with a star that is a word: once that has a backslash, `emphasis_edits` goes on."""
    return text.startswith("_*", node.start) and node.children[0].kind == "Text"


def lone_marks(text: str, nodes: Iterable[Node]) -> Sequence[Marked]:
    """Marks of bold that are text, but for those of code and addresses, by the node that they are in."""
    parents = [node for node in nodes if node.children and not _is_literal(text, node)]
    return [Marked(node, marks) for node in parents if (marks := _marks(text, node))]


def _is_literal(text: str, node: Node) -> bool:
    """Whether what a node holds is no words: code, or an address in angle brackets."""
    return node.kind == "CodeBlock" or (node.kind == "Link" and text[node.start] == "<")


def _marks(text: str, node: Node) -> Sequence[re.Match[str]]:
    texts = [child for child in node.children if child.kind == "Text" and "**" in child.data]
    return [mark for child in texts for mark in MARKS.finditer(text, child.start, child.end)]


def lone_mark_edits(text: str, marked: Iterable[Marked]) -> Iterator[Edit]:
    """`** text **` is bold that lost its touch; a mark without a partner goes."""
    for node, marks in marked:
        bold = _bold(node)
        waiting: re.Match[str] | None = None
        for mark in marks:
            if len(mark[0]) == 4:
                yield *mark.span(), "", "bold"
            elif waiting is None:
                waiting = mark
            else:
                yield from _paired(text, waiting, mark, bold)
                waiting = None
        if waiting is not None:
            yield *waiting.span(), "", "bold"


def _bold(node: Node) -> Sequence[int]:
    """Where the bold of a node begins."""
    return [child.start for child in node.children if child.kind == "Strong"]


def _is_any_between(bold: Sequence[int], opening: re.Match[str], closing: re.Match[str]) -> bool:
    """Whether bold begins between two marks."""
    return bisect_left(bold, opening.end()) < bisect_left(bold, closing.start())


def _paired(text: str, opening: re.Match[str], closing: re.Match[str], bold: Sequence[int]) -> Iterator[Edit]:
    """Two marks that are not bold: without the blanks inside they may be."""
    inner = text[opening.end() : closing.start()]
    lead, trail = len(inner) - len(inner.lstrip()), len(inner) - len(inner.rstrip())
    before, behind = _beside(text, opening, closing)
    glued = [
        " " if (blanks and side not in beside) or is_like_letter(side) or side == "*" else ""
        for side, blanks, beside in ((before, lead, OPENS), (behind, trail, CLOSES))
    ]
    words = inner.strip()
    if not words or words[-1] == "\\" or not (lead or trail or any(glued)) or _is_any_between(bold, opening, closing):
        yield *opening.span(), "", "bold"
        yield *closing.span(), "", "bold"
        return
    yield opening.start(), opening.end() + lead, f"{glued[0]}**", "bold"
    yield closing.start() - trail, closing.end(), f"**{glued[1]}", "bold"


def _beside(text: str, opening: re.Match[str], closing: re.Match[str]) -> tuple[str, str]:
    """The characters before the first and behind the second of two marks."""
    return text[opening.start() - 1 : opening.start()], text[closing.end() : closing.end() + 1]


def is_inverted(text: str, nodes: Iterable[Node], marked: Iterable[Marked]) -> bool:
    """Whether most marks of bold have blanks on both sides: an unmatched one turned the page inside out."""
    sides = [_beside(text, mark, mark) for _, marks in marked for mark in marks]
    loose = sum(before.isspace() and not behind.strip() for before, behind in sides)
    if loose < FEWEST_INVERTED:
        return False
    return loose * 2 > len(sides) + 2 * sum(node.kind == "Strong" for node in nodes)


def inverted_edits(text: str, nodes: Iterable[Node], marked: Iterable[Marked]) -> Iterator[Edit]:
    """All bold of an inverted page goes; items that were glued by it stand apart again."""
    for _, marks in marked:
        for mark in marks:
            yield *mark.span(), "", "inverted-bold"
    for node in nodes:
        if node.kind == "Strong":
            yield from unmarked(node, "inverted-bold")
            if text.startswith("**1. ", node.start):
                yield from glued_items(text, node.start, node.end, first=2)


def underscore_edits(text: str, nodes: Iterable[Node]) -> Iterator[Edit]:
    """`__text__` on one line is bold, but not within a word; a mark without a partner goes."""
    for node in nodes:
        texts = [child for child in node.children if child.kind == "Text" and "__" in child.data]
        if not texts or _is_literal(text, node):
            continue
        bold = _bold(node)
        waiting: re.Match[str] | None = None
        for mark in (mark for child in texts for mark in _underscores(text, child)):
            pair = _underscored(text, waiting, mark, bold) if waiting else None
            if pair is None:
                yield from _lone_underscores(waiting)
                waiting = mark
            else:
                yield from pair
                waiting = None
        yield from _lone_underscores(waiting)


def _underscores(text: str, node: Node) -> Iterator[re.Match[str]]:
    """The marks in a text that are in none of its addresses."""
    addresses = [match.span() for match in BARE_ADDRESS.finditer(text, node.start, node.end)]
    for mark in UNDERSCORES.finditer(text, node.start, node.end):
        if not is_inside(mark.start(), addresses):
            yield mark


def _lone_underscores(mark: re.Match[str] | None) -> Iterator[Edit]:
    lone = LONE_UNDERSCORES.match(mark.string, mark.start()) if mark else None
    if lone:
        yield *lone.span(), "", "bold"


def _underscored(
    text: str, opening: re.Match[str], closing: re.Match[str], bold: Sequence[int]
) -> Sequence[Edit] | None:
    """What makes bold of two marks, nothing when both are within words; None when they are no pair.

    A pair is on one line, with no other marks beside or between them.
    """
    if _is_in_word(text, opening) and _is_in_word(text, closing):
        return ()
    inner = text[opening.end() : closing.start()]
    words, (before, behind) = inner.strip(), _beside(text, opening, closing)
    if (
        not words
        or "\n" in inner
        or before == "*"
        or words[-1] in "*\\"
        or words.startswith(STARS)
        or text.startswith(STARS, closing.end())
        or (joins_words(before) and joins_words(behind))
        or _is_any_between(bold, opening, closing)
    ):
        return None
    if joins_words(before) and is_glued(before, inner[0]):
        return ((*opening.span(), "", "bold"), (*closing.span(), "", "bold")) if inner == words else None
    # Blanks go outside, and a blank parts a word from the sign before it: that would end no bold.
    lead, trail = inner.find(words), len(inner) - len(inner.rstrip())
    opens, closes = lead or is_glued(before, words[0]), trail or is_glued(behind, words[-1])
    before, behind = " " if opens and before.strip() else "", " " if closes and behind.strip() else ""
    return (
        (opening.start(), opening.end() + lead, f"{before}**", "bold"),
        (closing.start() - trail, closing.start(), "", "bold"),
        (*closing.span(), f"**{behind}", "bold"),
    )


def _is_in_word(text: str, mark: re.Match[str]) -> bool:
    return all(map(joins_words, _beside(text, mark, mark)))
