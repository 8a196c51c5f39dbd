"""What a reader sees of a clean body: visible text, excerpt, links and images, from its tree."""

from __future__ import annotations

from collections.abc import Iterator

from etl.transform.body.parse import Node

BREAKS = frozenset(("SoftBreak", "HardBreak"))
EXCERPT = 200


def visible_text(root: Node) -> str:
    """A line for each paragraph, heading, list item, table row and code line (contract, section 6).

    >>> from etl.transform.body.parse import parse
    >>> visible_text(parse("# A **b**\\n\\n* [c](/d)\\n* e\\\\\\nf\\n\\n| g | h |\\n| --- | --- |\\n| 1<br>2 | 3 |").root)
    'A b\\nc\\ne f\\ng h\\n1 2 3'
    """
    return "\n".join(line for line in (" ".join(raw.split()) for raw in _lines(root)) if line)


def _lines(node: Node) -> Iterator[str]:
    if node.kind in ("Paragraph", "Heading"):
        yield _inline(node)
    elif node.kind in ("TableHead", "TableRow"):
        yield " ".join(_inline(cell) for cell in node.children)
    elif node.kind == "CodeBlock":
        yield from "".join(child.data for child in node.children).split("\n")
    elif node.kind == "Item":
        yield from _item(node)
    elif node.kind != "HtmlBlock":
        for child in node.children:
            yield from _lines(child)


def _item(node: Node) -> Iterator[str]:
    """A tight item has its text as children of its own, before any block."""
    own: list[Node] = []
    for child in node.children:
        if child.kind in ("Paragraph", "List", "BlockQuote", "CodeBlock", "Heading", "Table", "HtmlBlock", "Rule"):
            if own:
                yield _joined(own)
                own = []
            yield from _lines(child)
        else:
            own.append(child)
    if own:
        yield _joined(own)


def _inline(node: Node) -> str:
    return _joined(node.children)


def _joined(nodes: list[Node]) -> str:
    parts: list[str] = []
    for node in nodes:
        if node.kind in ("Text", "Code"):
            parts.append(node.data)
        elif node.kind in BREAKS or (node.kind == "InlineHtml" and node.data.startswith("<br")):
            parts.append(" ")
        elif node.kind not in ("Image", "InlineHtml"):
            parts.append(_joined(node.children))
    return "".join(parts)


def excerpt(text: str) -> str:
    """The first 200 characters in one line, cut at a word.

    >>> excerpt("clear\\nwater"), len(excerpt("water " * 60))
    ('clear water', 197)
    """
    line = " ".join(text[: EXCERPT * 4].split())
    if len(line) <= EXCERPT:
        return line
    cut = line[: EXCERPT + 1].rpartition(" ")[0]
    return cut or line[:EXCERPT]
