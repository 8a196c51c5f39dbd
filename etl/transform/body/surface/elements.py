"""The elements of HTML that are open at a place of the walk."""

from __future__ import annotations

from collections import defaultdict

from etl.transform.body.surface.tags import HEADINGS, Tag

BARRIERS = frozenset(("div", "table"))
ON_ONE_LINE = frozenset(("a", "li", "p", *HEADINGS))
BREAKABLE = frozenset(("li", "p"))
NOTHING = None, 0
"""What a tag closes that closes nothing."""


class OpenElements:
    """From the outermost one to the innermost one, each with a number that the walk knows it by."""

    def __init__(self) -> None:
        self.all: list[tuple[Tag, int]] = []
        self.breakable: list[tuple[Tag, int]] = []
        """Those of them that a line may end in: paragraphs and items."""
        self.count: defaultdict[str, int] = defaultdict(int)
        """How many of a name are open."""
        self.one_line = 0
        """How many hold their text on one line: headings, links, paragraphs, items; and cells, which a table counts."""

    def begin(self, tag: Tag, number: int) -> None:
        """An element is open from here on."""
        self.all.append((tag, number))
        self.count[tag.name] += 1
        if tag.name in ON_ONE_LINE:
            self.one_line += 1
        if tag.name in BREAKABLE:
            self.breakable.append(self.all[-1])

    def end(self, closing: Tag) -> tuple[Tag, int] | tuple[None, int]:
        """The element that a tag closes, if it is open inside the innermost section, and its number.

        >>> i, a, div = (Tag(name, 0, 0, False, "") for name in ("i", "a", "div"))
        >>> elements = OpenElements()
        >>> for number, tag in enumerate((i, a, div, a)):
        ...     elements.begin(tag, number)
        >>> [elements.end(tag)[1] for tag in (a, a, i, div, i)]
        [3, 0, 0, 2, 0]
        """
        name = closing.name
        if not self.count[name]:
            return NOTHING
        for place in range(len(self.all) - 1, -1, -1):
            element = self.all[place]
            if element[0].name == name:
                del self.all[place]
                self._left(name)
                return element
            if element[0].name in BARRIERS and name not in BARRIERS:
                return NOTHING
        return NOTHING

    def end_paragraph(self) -> None:
        """A block ends the paragraph that is open."""
        if self.all and self.all[-1][0].name == "p":
            self.all.pop()
            self._left("p")

    def end_item(self, depth: int) -> None:
        """Close the open item of a list at a depth, which is its number, and what is open in it."""
        place = self._item(depth)
        if place is None:
            return
        for tag, _ in self.all[place:]:
            self._left(tag.name)
        del self.all[place:]

    def _item(self, depth: int) -> int | None:
        """The place of the open item of a list at a depth; items of outer lists stand before it."""
        for place in range(len(self.all) - 1, -1, -1):
            tag, level = self.all[place]
            if tag.name == "li" and level <= depth:
                return place if level == depth else None
        return None

    def _left(self, name: str) -> None:
        self.count[name] -= 1
        if name in ON_ONE_LINE:
            self.one_line -= 1
        if name in BREAKABLE:
            places = reversed(range(len(self.breakable)))
            del self.breakable[next(place for place in places if self.breakable[place][0].name == name)]
