"""Structure of a Markdown text: a tree of nodes with source ranges, from a CommonMark parser.

pyromark gives byte offsets; nodes hold character offsets, so that rules slice the text itself.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyromark

OPTIONS = pyromark.Options.ENABLE_TABLES
BLOCKS = frozenset(("Paragraph", "Heading", "List", "BlockQuote", "CodeBlock", "Table", "Rule", "HtmlBlock"))
"""The kinds of blocks; items of lists, rows and cells are parts of such."""
ROWS = frozenset(("TableHead", "TableRow"))
CONTAINERS = frozenset(("Document", "List", "Item", "BlockQuote"))
"""What holds blocks, and no words but those of a tight item."""
OWN_LINE = BLOCKS | ROWS | {"Item"}
"""What begins on a line of its own."""


class Node:
    """One construct: ``kind`` is pyromark's name, ``data`` its details, children in source order.

    A parse fills hundreds of them in place, for to call a constructor takes twice as long.
    """

    __slots__ = ("children", "data", "end", "kind", "start")

    kind: str
    data: Any
    start: int
    end: int
    children: Sequence[Node]

    def __repr__(self) -> str:
        return f"{self.kind}[{self.start}:{self.end}]"

    def walk(self) -> Iterator[Node]:
        """Itself and everything below, in source order."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    @property
    def inner_end(self) -> int:
        """Where the content ends, before the closing mark."""
        return self.children[-1].end if self.children else self.start


class Tree:
    """All nodes of a text, in source order; the first one is the document."""

    __slots__ = ("nodes", "root")

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.root = nodes[0]
        self.nodes = nodes


def parse(text: str, is_plain_table: Callable[[str], bool] = lambda _table: False) -> Tree:
    """The tree of a text (without lone surrogates); never raises.

    A table whose source ``is_plain_table`` says yes to is one node without children, its ``data`` that source.

    >>> parse("**ä** ?").nodes
    [Document[0:7], Paragraph[0:7], Strong[0:5], Text[2:3], Text[5:7]]
    """
    root, children = Node(), list[Node]()
    root.kind, root.data, root.start, root.end, root.children = "Document", None, 0, len(text), children
    nodes = [root]
    open_children: list[list[Node]] = []
    stretches, surplus = _stretches(text)
    first = limit = over = 0
    kind: str
    data: Any
    events = iter(_events(text))
    for event, span in events:
        kind, data = (event, None) if event.__class__ is str else event.popitem()
        if kind == "End":
            children = open_children.pop()
            continue
        start, end = span["start"], span["end"]
        if not first <= start < limit:  # most nodes begin in the stretch that the one before began in
            place = bisect_right(stretches, start)
            first, limit, over = stretches[place - 1], stretches[place], surplus[place - 1]
        node = Node()
        nodes.append(node)
        children.append(node)
        node.start = start - over
        node.end = end - (over if end < limit else surplus[bisect_right(stretches, end) - 1])
        node.children = ()
        if kind == "Start":
            kind, data = (data, None) if data.__class__ is str else data.popitem()
            if kind == "Table" and is_plain_table(table := text[node.start : node.end]):
                data = table
                _skip(events, kind)
            else:
                open_children.append(children)
                node.children = children = []
        node.kind = kind
        node.data = data
    return Tree(nodes)


def _skip(events: Iterator[tuple[Any, Any]], kind: str) -> None:
    """Everything up to the end of a construct that holds no other one of its kind."""
    end = {"End": kind}
    for event, _ in events:
        if event == end:
            return


def code_nodes(text: str) -> list[Node]:
    """The code spans and code blocks of a text, in order and without a tree: cheaper than `parse`.

    >>> code_nodes("ä `b`\\n\\n    c")
    [Code[2:5], CodeBlock[11:12]]
    """
    found: list[Node] = []
    for event, span in _events(text):
        if event.__class__ is str:
            continue
        kind, data = event.popitem()
        if kind == "Code" or (kind == "Start" and "CodeBlock" in data):
            node = Node()
            node.kind, node.data = (kind, data) if kind == "Code" else data.popitem()
            node.start, node.end = span["start"], span["end"]
            found.append(node)
    if found:
        stretches, surplus = _stretches(text)
        for node in found:
            node.start -= surplus[bisect_right(stretches, node.start) - 1]
            node.end -= surplus[bisect_right(stretches, node.end) - 1]
    return found


def _events(text: str) -> Iterable[tuple[Any, Any]]:
    """What a text is made of and where, in bytes; an event is its name, or a dict of its name and its details."""
    return pyromark.events_with_range(text, options=OPTIONS, merge_text=True)


def _stretches(text: str) -> tuple[list[int], list[int]]:
    """Where stretches of characters of one byte begin, in bytes, and how many more bytes than characters stand before.

    A last beginning that no text reaches closes the list.
    """
    starts, surplus, over = [0], [0], 0
    wide = text.replace("?", ".").encode("ascii", "replace")  # now `?` stands for each of them, and a search is fast
    at = wide.find(b"?")
    while at >= 0:
        over += len(text[at].encode()) - 1
        at += 1
        starts.append(at + over)
        surplus.append(over)
        at = wide.find(b"?", at)
    starts.append(sys.maxsize)
    return starts, surplus
