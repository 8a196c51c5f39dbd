"""Structure of a Markdown text: a tree of nodes with source ranges, from a CommonMark parser.

pyromark gives byte offsets; nodes hold character offsets, so that rules slice the text itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyromark

OPTIONS = pyromark.Options.ENABLE_TABLES

BLOCKS = frozenset(
    ("Paragraph", "Heading", "List", "Item", "BlockQuote", "Table", "TableHead", "TableRow", "CodeBlock", "HtmlBlock", "Rule")
)


class Node:
    """One construct: ``kind`` is pyromark's name, ``data`` its details, children in source order."""

    __slots__ = ("children", "data", "end", "kind", "start")

    def __init__(self, kind: str, data: Any, start: int, end: int) -> None:
        self.kind = kind
        self.data = data
        self.start = start
        self.end = end
        self.children: list[Node] = []

    def __repr__(self) -> str:
        return f"{self.kind}[{self.start}:{self.end}]"

    def walk(self) -> Iterator[Node]:
        """Itself and everything below, in source order."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    @property
    def inner_start(self) -> int:
        """Where the content begins, behind the opening mark."""
        return self.children[0].start if self.children else self.start

    @property
    def inner_end(self) -> int:
        """Where the content ends, before the closing mark."""
        return self.children[-1].end if self.children else self.start


def parse(text: str) -> Node:
    """The document node of a text (without lone surrogates); never raises.

    >>> [str(node) for node in parse("**ä** b").walk()]
    ['Document[0:7]', 'Paragraph[0:7]', 'Strong[0:5]', 'Text[2:3]', 'Text[5:7]']
    """
    events = list(pyromark.events_with_range(text, options=OPTIONS))
    at = _char_offsets(text, events)
    root = Node("Document", None, 0, len(text))
    open_nodes = [root]
    for event, span in events:
        if isinstance(event, str):
            what, data = event, None
        else:
            ((what, data),) = event.items()
            if what == "End":
                open_nodes.pop()
                continue
        kind = what
        if what == "Start":
            kind, data = (data, None) if isinstance(data, str) else next(iter(data.items()))
        node = Node(kind, data, at[span["start"]], at[span["end"]])
        open_nodes[-1].children.append(node)
        if what == "Start":
            open_nodes.append(node)
    return root


def _char_offsets(text: str, events: list[Any]) -> Sequence[int] | dict[int, int]:
    """Character offset of every byte offset that the events name."""
    if text.isascii():
        return range(len(text) + 1)
    data = text.encode()
    chars: dict[int, int] = {}
    char = last = 0
    for byte in sorted({offset for _, span in events for offset in (span["start"], span["end"])}):
        char += len(data[last:byte].decode())
        chars[byte] = char
        last = byte
    return chars
