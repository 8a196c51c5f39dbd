"""Structure of a Markdown text: a tree of nodes with source ranges, from a CommonMark parser.

pyromark gives byte offsets; nodes hold character offsets, so that rules slice the text itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyromark

OPTIONS = pyromark.Options.ENABLE_TABLES


class Node:
    """One construct: ``kind`` is pyromark's name, ``data`` its details, children in source order."""

    __slots__ = ("children", "data", "end", "kind", "start")

    def __init__(self, kind: str, data: Any, start: int, end: int, children: Sequence[Node]) -> None:
        self.kind = kind
        self.data = data
        self.start = start
        self.end = end
        self.children = children

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

    def __init__(self, nodes: list[Node]) -> None:
        self.root = nodes[0]
        self.nodes = nodes


def parse(text: str) -> Tree:
    """The tree of a text (without lone surrogates); never raises.

    >>> parse("**ä** b").nodes
    [Document[0:7], Paragraph[0:7], Strong[0:5], Text[2:3], Text[5:7]]
    """
    children: list[Node] = []
    nodes = [Node("Document", None, 0, len(text), children)]
    open_children: list[list[Node]] = []
    for event, span in pyromark.events_with_range(text, options=OPTIONS, merge_text=True):
        kind: Any = event  # its name, or a dict of one item
        data: Any = None
        if kind.__class__ is not str:
            for name in kind:
                data = kind[name]
            kind = name
            if kind == "End":
                children = open_children.pop()
                continue
            if kind == "Start":
                kind, data = (data, None) if data.__class__ is str else next(iter(data.items()))
                inside: list[Node] = []
                node = Node(kind, data, span["start"], span["end"], inside)
                nodes.append(node)
                children.append(node)
                open_children.append(children)
                children = inside
                continue
        node = Node(kind, data, span["start"], span["end"], ())
        nodes.append(node)
        children.append(node)
    if not text.isascii():
        _to_characters(text, nodes)
    return Tree(nodes)


def _to_characters(text: str, nodes: list[Node]) -> None:
    """Turn the parser's byte offsets into character offsets."""
    data = text.encode()
    chars: dict[int, int] = {}
    char = last = 0
    inner = nodes[1:]  # the document has character offsets already
    for byte in sorted({node.start for node in inner} | {node.end for node in inner}):
        char += len(data[last:byte].decode())
        chars[byte] = char
        last = byte
    for node in inner:
        node.start, node.end = chars[node.start], chars[node.end]
