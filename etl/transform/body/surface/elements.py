"""The elements of HTML that are open at a place of the walk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from etl.transform.body.surface.tags import HEADINGS, Tag

BARRIER = "div"
ON_ONE_LINE = frozenset(("a", "li", "p", *HEADINGS))
BOX = -1
"""The number of an element that is a box."""
NOTHING = None, 0
"""What a tag closes that closes nothing."""

Element = tuple[Tag, int]


class OpenElements:
    """From the outermost one to the innermost one, each with a number that the walk knows it by.

    There may be as many as a body has tags, so none is ever looked for among the others.
    """

    def __init__(self) -> None:
        self._all: list[Element | None] = []
        """None for one that ended before another one in it."""
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        """Where those of a name are."""
        self.one_line = 0
        """How many hold their text on one line: headings, links, paragraphs, items; and cells, which a table counts."""
        self.boxes = 0
        """How many are boxes."""
        self.unended: list[Element] = []
        """Those that an item ended, without an end of their own."""

    def __iter__(self) -> Iterator[Element]:
        """From the outermost one to the innermost one."""
        return filter(None, self._all)

    def holds(self, name: str) -> bool:
        """Whether one of a name is open."""
        return bool(self._places[name])

    def ends_with(self, name: str) -> bool:
        """Whether the innermost one is of a name."""
        return self._places[name][-1:] == [len(self._all) - 1]

    def breakable(self) -> Element | None:
        """The innermost paragraph or item, when all that holds its text on one line is such: a line may end in it."""
        paragraphs, items = self._places["p"], self._places["li"]
        if not 0 < self.one_line == len(paragraphs) + len(items):
            return None
        return self._all[max(paragraphs[-1:] + items[-1:])]

    def begin(self, tag: Tag, number: int) -> None:
        """An element is open from here on."""
        self._places[tag.name].append(len(self._all))
        self._all.append((tag, number))
        self.one_line += tag.name in ON_ONE_LINE
        self.boxes += number == BOX

    def end(self, closing: Tag) -> Element | tuple[None, int]:
        """The element that a tag closes, if it is open inside the innermost section, and its number.

        >>> i, a, div = (Tag(name, 0, 0, False, "") for name in ("i", "a", "div"))
        >>> elements = OpenElements()
        >>> for number, tag in enumerate((i, a, div, a)):
        ...     elements.begin(tag, number)
        >>> [elements.end(tag)[1] for tag in (a, a, i, div, i)]
        [3, 0, 0, 2, 0]
        """
        places, barriers = self._places[closing.name], self._places[BARRIER]
        if not places or (barriers and places[-1] < barriers[-1]):
            return NOTHING
        return self._ended(places[-1]) or NOTHING

    def end_paragraph(self) -> None:
        """A block ends the paragraph that is open."""
        if self.ends_with("p"):
            self._ended(len(self._all) - 1)

    def end_item(self, depth: int) -> None:
        """Close the open item of a list at a depth, which is its number, and what is open in it."""
        items = self._places["li"]
        item = self._all[items[-1]] if items else None
        if item is None or item[1] != depth:
            return  # the items of inner lists are closed, and an outer one goes on
        first = items[-1]
        self.unended += filter(None, self._all[first + 1 :])
        while len(self._all) > first:
            self._ended(len(self._all) - 1)

    def _ended(self, place: int) -> Element | None:
        """The element at a place, which is the innermost one of its name, is open no longer."""
        element, self._all[place] = self._all[place], None
        while self._all and self._all[-1] is None:
            self._all.pop()
        if element is not None:
            name = element[0].name
            self._places[name].pop()
            self.one_line -= name in ON_ONE_LINE
            self.boxes -= element[1] == BOX
        return element
