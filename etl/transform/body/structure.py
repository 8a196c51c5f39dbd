"""The structure of a body: canonical Markdown, found by a CommonMark parser and not by line patterns.

Each rule is a small function from a node to edits. All rules look at one tree, their edits are
applied together, and the text is parsed again until no rule asks for a change: so the result is a
fixed point, and cleaning it again changes nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import unquote

from etl.settings import Settings
from etl.transform.body.edits import Edit, Revision
from etl.transform.body.links import Destination, Linker, encoded
from etl.transform.body.parse import Node, parse

BOX_START = '<div class="box" markdown="1">'
BOX_END = "</div>"
MOST_ROUNDS = 12

BLANKS = re.compile(r"[ \t]{2,}|\t")
LINE_END_BLANKS = re.compile(r"[ \t]+(?=\n)")
MARKS = re.compile(r"(?<![\\*])\*{2}(?!\*)|(?<![\\*])\*{4}(?!\*)")
BRACKET = re.compile(r"[\[\]]")
DASHES = re.compile(r"[-\u2010-\u2015\s]*[-\u2010-\u2015]{2}[-\u2010-\u2015\s]*|(?:[-\u2013\u2014]\s+){2,}[-\u2013\u2014]\s*")
BULLET = re.compile(r"([*+-]|\d{1,9}[.)])([ \t]*)")
BEFORE_PUNCTUATION = re.compile(r" +(?=[,.;:)\]](?:\s|$))")
DOI_TAIL = re.compile(r"[.,;:]+$")
EMPTY_CELLS = re.compile(r"[|\s]*")
REFERENCE = re.compile(r"[*+-][ \t]+(?=\d{1,3}[.)][ \t])")


class Structure:
    """The rules over one body; the lists it leaves are what the document needs to know of it."""

    def __init__(self, revision: Revision, settings: Settings, linker: Linker) -> None:
        self.revision = revision
        self.settings = settings
        self.linker = linker
        self.drop = [re.compile(pattern) for pattern in settings.drop_lines]
        self.unlinked: list[tuple[int, str, Destination]] = []
        self.text = revision.text
        self.root = Node("Document", None, 0, 0)

    def run(self) -> Node:
        """Apply the rules until none asks for a change; returns the tree of the result."""
        for _ in range(MOST_ROUNDS):
            self.text = self.revision.text
            self.root = parse(self.text)
            if not self.revision.apply(self.edits()):
                break
        return self.root

    def edits(self) -> Iterator[Edit]:
        """What all rules ask for on the present tree."""
        for node in self.root.walk():
            for rule in RULES.get(node.kind, ()):
                yield from rule(self, node)

    # --- blocks -----------------------------------------------------------------------------

    def gaps(self, document: Node) -> Iterator[Edit]:
        """One blank line between blocks, none at the edges."""
        blocks = document.children
        if not blocks:
            if self.text and self.text.isspace():
                yield Edit(0, len(self.text), "", "edge")
            return
        first, last = self._block_start(blocks[0]), self._block_end(blocks[-1])
        if self.text[:first].isspace():
            yield Edit(0, first, "", "edge")
        if self.text[last:].isspace():
            yield Edit(last, len(self.text), "", "edge")
        for before, after in zip(blocks, blocks[1:], strict=False):
            start, end = self._block_end(before), self._block_start(after)
            gap = self.text[start:end]
            if gap != "\n\n" and gap.isspace():
                yield Edit(start, end, "\n\n", "blank-lines")

    def _block_start(self, node: Node) -> int:
        """Where a block begins: an indented code block with its indentation."""
        if node.kind == "CodeBlock" and node.data == "Indented":
            return self.text.rfind("\n", 0, node.start) + 1
        return node.start

    def _block_end(self, node: Node) -> int:
        """Where the last visible character of a block ends."""
        end = node.end
        while end > node.start and self.text[end - 1] in " \t\n":
            end -= 1
        return end

    def rules_at_edges(self, document: Node) -> Iterator[Edit]:
        """No rule first, last or twice."""
        blocks = document.children
        for index, node in enumerate(blocks):
            if node.kind != "Rule":
                continue
            beside = index + 1 < len(blocks) and blocks[index + 1].kind == "Rule"
            if index == 0 or index + 1 == len(blocks) or beside:
                yield Edit(node.start, self._block_end(node), "", "rule")

    def rule(self, node: Node) -> Iterator[Edit]:
        """Rules are `---`."""
        end = self._block_end(node)
        if self.text[node.start : end] != "---":
            yield Edit(node.start, end, "---", "rule")

    def heading(self, node: Node) -> Iterator[Edit]:
        """A heading has text, no bold around all of it, no marks at its end."""
        end = self._block_end(node)
        if not self.text.startswith("#", node.start):
            yield from self._setext(node)
            return
        if not node.children:
            self.revision.find("heading.empty", node.start, "a heading without text", "removed")
            yield Edit(node.start, end, "", "empty-heading")
            return
        level = int(node.data["level"][1])
        if self.text[node.start : node.inner_start] != "#" * level + " " and self.text[node.inner_start - 1] in " \t":
            yield Edit(node.start, node.inner_start, "#" * level + " ", "heading")
        if end > node.inner_end and self.text[node.inner_end : end].strip(" \t#") == "":
            yield Edit(node.inner_end, end, "", "heading")
        for child in node.children:
            if child.kind == "Strong":
                yield from self._unmarked(child, "heading")

    def _setext(self, node: Node) -> Iterator[Edit]:
        """Text right above `---` is a paragraph and a rule; above `===` it is a heading."""
        under = self.text.rfind("\n", node.start, self._block_end(node))
        if under < 0 or not node.children:
            return
        if node.data["level"] == "H2":
            yield Edit(under, under, "\n", "setext")
        elif "\n" not in self.text[node.start : under].strip():
            yield Edit(under, self._block_end(node), "", "setext")
            yield Edit(node.start, node.start, "# ", "setext")

    def _unmarked(self, node: Node, rule: str) -> Iterator[Edit]:
        """Strong text without its marks."""
        yield Edit(node.start, node.start + 2, "", rule)
        yield Edit(node.end - 2, node.end, "", rule)

    def list(self, node: Node) -> Iterator[Edit]:
        """Tight items, one kind of bullet, numbers that count."""
        column = self._column(node.start)
        counting = node.data is not None and len({self.text[i.start : i.start + 2] for i in node.children}) == 1
        for index, item in enumerate(node.children):
            mark = BULLET.match(self.text, item.start)
            if mark is None:
                continue
            if node.data is None and mark[1] in "+-":
                yield Edit(item.start, item.start + 1, "*", "bullet")
            elif counting and len(node.children) > 1 and mark[1] != f"{node.data + index}{mark[1][-1]}":
                yield Edit(item.start, mark.end(1), f"{node.data + index}{mark[1][-1]}", "number")
            if len(mark[2]) != 1 and item.children and item.children[0].start == mark.end():
                yield Edit(mark.start(2), mark.end(2), " ", "bullet")
            if index:
                start = self._block_end(node.children[index - 1])
                indent = self.text[item.start - column : item.start] if column else ""
                if self.text[start : item.start] != "\n" + indent and self.text[start : item.start].isspace() and indent.isspace() == bool(indent):
                    yield Edit(start, item.start, "\n" + indent, "tight-list")

    def item(self, node: Node) -> Iterator[Edit]:
        """`* 12. text` is a reference with its number, not a list in a list; blocks follow without gaps."""
        if not node.children:
            yield Edit(self.text.rfind("\n", 0, node.start) + 1, self._block_end(node), "", "empty-item")
            return
        reference = REFERENCE.match(self.text, node.start)
        nested = node.children[0]
        if reference and nested.kind == "List" and len(nested.children) == 1 and self._column(node.start) == 0:
            yield Edit(reference.start(), reference.end(), "", "reference")
            return
        for before, after in zip(node.children, node.children[1:], strict=False):
            if after.kind == "List":
                start = self._block_end(before)
                gap = self.text[start : after.start]
                tight = "\n" + gap.rpartition("\n")[2]
                if gap.isspace() and "\n" in gap and gap != tight:
                    yield Edit(start, after.start, tight, "tight-list")

    def quote(self, node: Node) -> Iterator[Edit]:
        """A quotation without anything in it goes."""
        if not node.children:
            yield Edit(node.start, self._block_end(node), "", "empty-quote")

    def table(self, node: Node) -> Iterator[Edit]:
        """A table with an empty header has its first row as header."""
        head, *rows = node.children
        if not rows or not EMPTY_CELLS.fullmatch(self.text[head.start : head.end]):
            return
        lines = self.text[head.start : rows[0].end].rstrip("\n").split("\n")
        if len(lines) == 3 and not EMPTY_CELLS.fullmatch(lines[2]) and "\n" not in lines[2]:
            end = head.start + sum(map(len, lines)) + 2
            yield Edit(head.start, end, f"{lines[2]}\n{lines[1]}", "table-header")

    def cell(self, node: Node) -> Iterator[Edit]:
        """One blank on either side of what a cell between pipes holds."""
        if self.text[node.start - 1 : node.start] != "|" or self.text[node.end : node.end + 1] != "|":
            return
        edges = [(node.start, node.inner_start), (node.inner_end, node.end)] if node.children else [(node.start, node.end)]
        for start, end in edges:
            if not self.text[start:end].strip(" \t"):
                yield Edit(start, end, " ", "blanks")

    def _column(self, offset: int) -> int:
        return offset - self.text.rfind("\n", 0, offset) - 1

    # --- paragraphs -------------------------------------------------------------------------

    def paragraph(self, node: Node) -> Iterator[Edit]:
        """A paragraph may be a rule in disguise, or hold boilerplate lines."""
        end = self._block_end(node)
        text = self.text[node.start : end]
        if DASHES.fullmatch(text):
            yield Edit(node.start, end, "---", "rule")
            return
        if self.drop:
            yield from self._dropped(node.start, end)
        if node.children and node.children[-1].kind == "HardBreak":
            yield Edit(node.inner_end - 1, node.inner_end, "", "hard-break")

    def _dropped(self, start: int, end: int) -> Iterator[Edit]:
        at = start
        for line in self.text[start:end].splitlines(keepends=True):
            if any(pattern.search(line.strip()) for pattern in self.drop):
                line_start = self._whole_item(at, start)
                self.revision.find("line.dropped", at, f"line {line.strip()!r}", "removed")
                yield Edit(line_start, at + len(line), "", "drop-line")
            at += len(line)

    def _whole_item(self, at: int, start: int) -> int:
        """A dropped line takes its bullet or heading mark with it."""
        line_start = self.text.rfind("\n", 0, at) + 1
        only_mark = at == start and re.fullmatch(r"[ \t]*(?:[*+-]|#{1,6})[ \t]+", self.text[line_start:at])
        return line_start if only_mark else at

    def inline(self, node: Node) -> Iterator[Edit]:
        """Blanks, bold marks and brackets in the text of one block."""
        text, marked = self.text, False
        for run in _text_runs(node.children):
            start, end = run[0].start, run[-1].end
            if text.find("  ", start, end) >= 0 or text.find("\t", start, end) >= 0:
                for match in BLANKS.finditer(text, start, end):
                    yield Edit(match.start(), match.end(), " ", "blanks")
            yield from self._brackets(run)
            marked = marked or text.find("**", start, end) >= 0
        if marked:
            yield from self._lone_marks(node)

    def _brackets(self, run: Sequence[Node]) -> Iterator[Edit]:
        for node in run:
            if node.data is None or ("[" not in node.data and "]" not in node.data):
                continue
            for match in BRACKET.finditer(self.text, node.start, node.end):
                if match.start() == 0 or self.text[match.start() - 1] != "\\":
                    yield Edit(match.start(), match.end(), "\\" + match[0], "bracket")

    def _lone_marks(self, node: Node) -> Iterator[Edit]:
        """`** text **` is bold that lost its touch; a mark without a partner goes."""
        marks = [m for run in _text_runs(node.children) for m in MARKS.finditer(self.text, run[0].start, run[-1].end)]
        waiting: re.Match[str] | None = None
        for mark in marks:
            if len(mark[0]) == 4:
                yield Edit(mark.start(), mark.end(), "", "bold")
            elif waiting is None:
                waiting = mark
            else:
                yield from self._paired(node, waiting, mark)
                waiting = None
        if waiting is not None:
            yield Edit(waiting.start(), waiting.end(), "", "bold")

    def _paired(self, node: Node, opening: re.Match[str], closing: re.Match[str]) -> Iterator[Edit]:
        inner = self.text[opening.end() : closing.start()]
        between = [child for child in node.children if opening.end() <= child.start < closing.start()]
        if not inner.strip() or any(child.kind == "Strong" for child in between):
            yield Edit(opening.start(), opening.end(), "", "bold")
            yield Edit(closing.start(), closing.end(), "", "bold")
            return
        lead, trail = len(inner) - len(inner.lstrip()), len(inner) - len(inner.rstrip())
        before, after = self.text[opening.start() - 1 : opening.start()], self.text[closing.end() : closing.end() + 1]
        glued_before = " " if before.isalnum() or before == "*" else ""
        glued_after = " " if after.isalnum() or after == "*" else ""
        if not lead + trail and not glued_before + glued_after:  # nothing that we could mend keeps it from being bold
            yield Edit(opening.start(), opening.end(), "", "bold")
            yield Edit(closing.start(), closing.end(), "", "bold")
            return
        yield Edit(opening.start(), opening.end() + lead, f"{glued_before}**", "bold")
        yield Edit(closing.start() - trail, closing.end(), f"**{glued_after}", "bold")

    def strong(self, node: Node) -> Iterator[Edit]:
        """Bold in bold is bold; no blank between it and the punctuation around it."""
        for child in node.walk():
            if child is not node and child.kind == "Strong":
                yield from self._unmarked(child, "bold")
        blank = BEFORE_PUNCTUATION.match(self.text, node.end)
        if blank:
            yield Edit(node.end, blank.end(), "", "bold-blank")
        if self.text[max(node.start - 2, 0) : node.start] == "( ":
            yield Edit(node.start - 1, node.start, "", "bold-blank")

    def soft_break(self, node: Node) -> Iterator[Edit]:
        """No blanks at the ends of lines."""
        start = node.start
        while start and self.text[start - 1] in " \t":
            start -= 1
        if start < node.start:
            yield Edit(start, node.start, "", "line-blanks")

    def hard_break(self, node: Node) -> Iterator[Edit]:
        """A hard break is a backslash."""
        mark = self.text[node.start : node.end]
        line_end = mark.find("\n")
        if line_end >= 0 and mark[:line_end] != "\\":
            yield Edit(node.start, node.start + line_end, "\\", "hard-break")

    def adjacent_images(self, node: Node) -> Iterator[Edit]:
        """Images on adjacent lines are paragraphs of their own."""
        for before, line_end, after in zip(node.children, node.children[1:], node.children[2:], strict=False):
            if before.kind == after.kind == "Image" and line_end.kind == "SoftBreak" and self._column(node.start) == 0:
                yield Edit(before.end, after.start, "\n\n", "paragraphs")

    # --- links ------------------------------------------------------------------------------

    def link(self, node: Node) -> Iterator[Edit]:
        """A link goes to its new place, or becomes its text."""
        if node.data["link_type"] in ("Autolink", "Email"):
            return
        start, end = node.inner_start, node.inner_end
        label = self.text[start:end]
        href = node.data["dest_url"]
        if _is_prose(label, href):
            yield Edit(node.start, start, "\\[", "bracket-link")
            yield Edit(end, node.end, "\\]", "bracket-link")
            return
        destination = self.linker.resolve(href, _plain(node))
        if destination.finding and self._is_news(destination, href):
            self.revision.find(destination.finding, node.start, f"link {href!r}", _done(destination))
        if destination.href is None or not label.strip():
            self.unlinked.append((self.revision.origin(node.start), href, destination))
            yield Edit(node.start, start, "", "unlink")
            yield Edit(end, node.end, "", "unlink")
            return
        yield from self._rewritten(node, label, destination)

    def _is_news(self, destination: Destination, href: str) -> bool:
        """Dangling links that stay are reported once, at the end; all else when it happens."""
        return destination.href != href and destination.state != "dangling" or destination.href is None

    def _rewritten(self, node: Node, label: str, destination: Destination) -> Iterator[Edit]:
        start, end = node.inner_start, node.inner_end
        href, behind = destination.href or "", ""
        rule = "page-link" if destination.kind in ("page", "tag") else "link"
        lead, trail = len(label) - len(label.lstrip()), len(label) - len(label.rstrip())
        if "doi.org/" in href and (tail := DOI_TAIL.search(href)):
            href, behind = href[: tail.start()], tail[0]
            if label.rstrip().endswith(behind):
                trail += len(behind)
            else:
                behind = ""
        before = " " if lead and self.text[node.start - 1 : node.start].isalnum() else ""
        after = " " if trail > len(behind) and self.text[node.end : node.end + 1].isalnum() else ""
        yield Edit(node.start, start + lead, f"{before}[", "link")
        yield Edit(end - trail, node.end, f"]({href}){behind}{after}", rule)

    def image(self, node: Node) -> Iterator[Edit]:
        """The alternative text `image` says nothing; the address is encoded."""
        label = self.text[node.inner_start : node.inner_end] if node.children else ""
        href = encoded(node.data["dest_url"])
        if label == "image":
            label = ""
        if "\n" not in label:
            yield Edit(node.start, node.end, f"![{label}]({href})", "image-alt")


Rule = Callable[[Structure, Node], Iterator[Edit]]

RULES: dict[str, tuple[Rule, ...]] = {
    "Document": (Structure.rules_at_edges, Structure.gaps),
    "Rule": (Structure.rule,),
    "Heading": (Structure.heading, Structure.inline),
    "List": (Structure.list,),
    "Item": (Structure.item, Structure.inline),
    "BlockQuote": (Structure.quote,),
    "Table": (Structure.table,),
    "TableCell": (Structure.cell, Structure.inline),
    "Paragraph": (Structure.paragraph, Structure.inline, Structure.adjacent_images),
    "Strong": (Structure.strong, Structure.inline),
    "Emphasis": (Structure.inline,),
    "Link": (Structure.link, Structure.inline),
    "SoftBreak": (Structure.soft_break,),
    "HardBreak": (Structure.hard_break,),
    "Image": (Structure.image,),
}


def _text_runs(children: Sequence[Node]) -> Iterator[list[Node]]:
    """Runs of text nodes that touch each other."""
    run: list[Node] = []
    for node in children:
        if node.kind == "Text" and run and run[-1].end == node.start:
            run.append(node)
            continue
        if run:
            yield run
        run = [node] if node.kind == "Text" else []
    if run:
        yield run


def _plain(node: Node) -> str:
    """The text of a node without marks."""
    return "".join(child.data if child.kind in ("Text", "Code") else " " for child in node.walk() if child.kind != node.kind)


def _is_prose(label: str, href: str) -> bool:
    """Whether brackets in prose were taken for a link: address and text are the same (29).

    >>> _is_prose("ng/mL", "ng/mL"), _is_prose("RR = 1.59, 95%CI", "RR%20=%201.59,%2095%CI"), _is_prose("a", "/a")
    (True, True, False)
    """
    if "://" in href or href.startswith(("/", "#", "mailto:", "tiki-")):
        return False
    return "".join(unquote(href).split()) == "".join(html.unescape(label.replace("\\", "")).split())


def _done(destination: Destination) -> str:
    return "its text stays" if destination.href is None else f"goes to {destination.href}"
