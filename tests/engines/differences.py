"""Where two engines show a clean body differently and no writing helps: everything else is a fault of the writing.

The README's list is made of this table. Each row has an example that really differs, and names what evens the
difference out, so that the comparison forgives this and nothing beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

from tests.engines.outline import Block

LISTS = ("ul", "ol")
BOLD_AT_BRACKET, EMPHASIS_AT_BRACKET = (
    re.compile(rf"(?<=[\[\]]){mark}(?=[^\s*])([^*]+)(?<!\s){mark}|{mark}(?=[^\s*])([^*]+)(?<!\s){mark}(?=[\[\]])")
    for mark in (r"\*\*", r"\*")
)
SHOWN_ADDRESS = re.compile(r"(?<=⟩)[a-z]+://[^⟨⟩]*(?=⟨/a⟩)")


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of the table; ``engine`` as in `ENGINES`, ``example`` a clean body."""

    name: str
    engine: str
    differs: str
    why: str
    helps: str
    """What a user of that engine can do."""
    example: str
    forgive: Callable[[Block], Block]
    """The same block of either engine, without the difference."""


def _map(block: Block, change: Callable[[Block], Block]) -> Block:
    """A change to every block, from the innermost to the outermost."""
    return change(replace(block, children=tuple(_map(child, change) for child in block.children)))


def _without_numbers(page: Block) -> Block:
    return _map(page, lambda block: replace(block, kind="ol") if block.kind.startswith("ol ") else block)


def _with_lists_joined(page: Block) -> Block:
    return _map(page, _join_lists)


def _join_lists(block: Block) -> Block:
    children: list[Block] = []
    for child in block.children:
        above = children[-1] if children else None
        if above is not None and above.kind[:2] in LISTS and child.kind[:2] in LISTS:
            children[-1] = replace(above, children=above.children + child.children)
        else:
            children.append(child)
    return replace(block, children=tuple(children))


def _with_numbers_as_text(page: Block) -> Block:
    return _map(page, lambda block: replace(block, children=tuple(_numbers_as_text(block.children))))


def _numbers_as_text(blocks: Sequence[Block]) -> Iterator[Block]:
    """Blocks with the second one of two numbered lists that touch as the paragraph that its lines would be."""
    above = ""
    for block in blocks:
        if above[:2] == block.kind[:2] == "ol":
            first = int(block.kind.removeprefix("ol from ")) if " " in block.kind else 1
            lines = [f"{number}) {item.children[0].text}" for number, item in enumerate(block.children, first)]
            yield Block("p", " ".join(lines))
        else:
            yield block
        above = block.kind


def _with_fences_as_text(page: Block) -> Block:
    return _map(page, _fences_as_text)


def _with_inner_fences_as_text(page: Block) -> Block:
    return _map(page, lambda block: _fences_as_text(block) if block.kind in ("item", "quote") else block)


def _fences_as_text(block: Block) -> Block:
    """A block with code in it as the paragraphs that fences and code would be: a code span when it is but one."""
    children: list[Block] = []
    for child in block.children:
        if child.kind[:4] != "code":
            children.append(child)
            continue
        parts = [" ".join(part.split()) for part in f"{child.kind[5:]}\n{child.text}".split("\n\n")]
        before, behind = ("⟨code⟩", "⟨/code⟩") if len(parts) == 1 else ("``` ", " ```")
        parts = [before + parts[0], *parts[1:]]
        children += [Block("p", part) for part in [*parts[:-1], parts[-1] + behind]]
    return replace(block, children=tuple(children))


def _without_breaks(page: Block) -> Block:
    return _map(page, lambda block: replace(block, text=block.text.replace("\\ ", "⟨br⟩")))


def _without_escaped_pipes(page: Block) -> Block:
    return _map(page, lambda block: replace(block, text=block.text.replace("\\|", "|")))


def _with_emphasis_beside_brackets(page: Block) -> Block:
    def read(block: Block) -> Block:
        """Stars that stand as text right before or behind a bracket, as the bold or the emphasis that they are."""
        text = BOLD_AT_BRACKET.sub(r"⟨b⟩\1\2⟨/b⟩", block.text)
        return replace(block, text=EMPHASIS_AT_BRACKET.sub(r"⟨i⟩\1\2⟨/i⟩", text))

    return _map(page, read)


def _without_empty_rows(page: Block) -> Block:
    def cut(block: Block) -> Block:
        """A table of two rows whose last one is empty: the header alone."""
        empty = (
            block.kind == "table" and len(block.children) == 2 and not any(c.text for c in block.children[1].children)
        )
        return replace(block, children=block.children[:1]) if empty else block

    return _map(page, cut)


DIFFERENCES = (
    Difference(
        name="first number of a list",
        engine="Python-Markdown",
        differs="a numbered list that continues another one begins at 1 again",
        why="`extra` ignores the first number; without the list the number would be text",
        helps="the extension `sane_lists`",
        example="6. Sow.\n7. Water.",
        forgive=_without_numbers,
    ),
    *(
        Difference(
            name="numbered lists that touch",
            engine=engine,
            differs="the second list is text",
            why="it knows only one delimiter after a number, and with the same one the two would be one list",
            helps="",
            example="1. Sow.\n2. Water.\n\n1) Thin.\n2) Weed.",
            forgive=_with_numbers_as_text,
        )
        for engine in ("Python-Markdown", "markdown2")
    ),
    Difference(
        name="lists of two kinds that touch",
        engine="Python-Markdown",
        differs="bullets right after numbers, or numbers right after bullets, continue with the first list's marks",
        why="only another block between the two lists would separate them",
        helps="the extension `sane_lists`",
        example="* Sow.\n\n1. Water.",
        forgive=_with_lists_joined,
    ),
    Difference(
        name="table of a header alone",
        engine="Python-Markdown",
        differs="an empty row stands below the header",
        why="it has no table without a second row",
        helps="",
        example="| Bed | Sort |\n| --- | --- |",
        forgive=_without_empty_rows,
    ),
    Difference(
        name="pipe in code in a table",
        engine="Python-Markdown",
        differs="the backslash before the pipe is shown",
        why="it splits cells before it reads escapes, and reads none in code",
        helps="",
        example="| Bed | Code |\n| --- | --- |\n| 1 | `a \\| b` |",
        forgive=_without_escaped_pipes,
    ),
    Difference(
        name="code in an item or a quotation",
        engine="Python-Markdown",
        differs="it is a code span, or its fence and lines are read as text",
        why="indented code in an item would begin with blanks in other engines, and have no language",
        helps="",
        example="* Sift:\n\n    ```\n    rake --fine\n    ```",
        forgive=_with_inner_fences_as_text,
    ),
    Difference(
        name="code",
        engine="markdown2",
        differs="it is a code span, or its fence and lines are read as text, and HTML in it as HTML; in an item "
        "harmless block elements over lines are HTML, with that extra too",
        why="indented code after a list would be part of it, and have no language",
        helps='the extra `"fenced-code-blocks"`',
        example="Sift:\n\n```\nrake --fine\n```",
        forgive=_with_fences_as_text,
    ),
    Difference(
        name="hard break",
        engine="Python-Markdown",
        differs="there is a backslash in place of the break",
        why="it breaks only at blanks at the end of a line, which editors strip",
        helps="",
        example="Sow in March.\\\nThin in May.",
        forgive=_without_breaks,
    ),
    Difference(
        name="hard break",
        engine="markdown2",
        differs="there is a backslash in place of the break",
        why="it breaks only at blanks at the end of a line, which editors strip",
        helps='the extra `"breaks": {"on_backslash": True}`',
        example="Sow in March.\\\nThin in May.",
        forgive=_without_breaks,
    ),
    Difference(
        name="emphasis beside a bracket",
        engine="markdown2",
        differs="bold or emphasis with punctuation at its edge, right beside a literal bracket, shows its stars",
        why="it hides a bracket behind its backslash as if it were a letter",
        helps="",
        example="**Note:**\\[1\\] *5%*\\[2\\]",
        forgive=_with_emphasis_beside_brackets,
    ),
    Difference(
        name="escapes in an address that is shown",
        engine="markdown-it-py",
        differs="an address that stands for itself is shown with the characters that its escapes stand for",
        why="only a link with the address as its text would help, and that says the address twice",
        helps="",
        example="See <https://garden.example/a%20well>.",
        forgive=lambda page: _map(page, _readable_addresses),
    ),
    Difference(
        name="block at the beginning of an item",
        engine="markdown2",
        differs="a heading, a quotation or a rule at the beginning of an item shows its mark as text",
        why="only a blank line before the item would help, and a single item has none",
        helps="",
        example="* # Sow",
        forgive=lambda page: _map(page, _first_as_text),
    ),
)


def _readable_addresses(block: Block) -> Block:
    """Links whose text is an address, with the characters that its escapes stand for."""
    return replace(block, text=SHOWN_ADDRESS.sub(lambda shown: unquote(shown[0]), block.text))


def _first_as_text(block: Block) -> Block:
    """An item with its first block as the text that the block's mark would be."""
    if block.kind != "item" or not block.children:
        return block
    first, *rest = block.children
    if first.kind == "quote" and len(first.children) == 1:
        first = Block("p", f"> {first.children[0].text}")
    elif first.kind[:1] == "h" and first.kind[1:].isdigit():
        first = Block("p", f"{'#' * int(first.kind[1:])} {first.text}")
    elif first.kind == "rule":
        first = Block("p", "---")
    return replace(block, children=(first, *rest))


def without_differences(page: Block, engine: str) -> Block:
    """The page without what no writing helps against, for an engine."""
    for difference in DIFFERENCES:
        if difference.engine == engine:
            page = difference.forgive(page)
    return page
