"""The last gate: nothing but boxes, sub- and superscript, and breaks in tables is HTML in a clean body."""

from __future__ import annotations

import re
from collections.abc import Iterable

from etl.transform.body.edits import Edit, TreeRules
from etl.transform.body.parse import BLOCKS, Node
from etl.transform.body.places import line_start, visible_end
from etl.transform.body.quotes import BOX_END, BOX_START, QUOTE_END, QUOTE_START

RAISED_TAGS = frozenset(("<sub>", "</sub>", "<sup>", "</sup>"))
"""Those of sub- and superscript."""
BOX_TAGS = frozenset((BOX_START, BOX_END))
QUOTE_TAGS = frozenset((QUOTE_START, QUOTE_END))
ALLOWED_HTML = re.compile(r"</?su[bp]>|<br>")
FIRST_WORD = re.compile(r"</?su[bp]>([ \t]*\n[ \t]*)(?=[^\s<])")  # on the line below a tag
FIRST_BLANKS = re.compile(r"(?>(?:[ \t]|\\?\n)+)(?!>)")  # a line of a quotation begins with its mark
BLOCKS_AND_PARTS = BLOCKS | {"Item", "TableCell"}


class Gate(TreeRules):
    """The HTML of one tree, which it is shown in its order."""

    def __init__(self, text: str, edits: list[Edit]) -> None:
        super().__init__(text, edits)
        self.box_open = False
        """Whether a box is open behind what was shown."""
        self._any_raised = False
        """Whether there are tags of sub- or superscript within a text."""

    def block(self, node: Node) -> None:
        """HTML on lines of its own: boxes stay, and so do quotations till they get their marks."""
        tag = self.text[node.start : node.end].strip()
        if tag in BOX_TAGS:
            self._box(node, opens=tag == BOX_START)
        elif tag in RAISED_TAGS:
            self._alone_tag(node)
        elif tag not in QUOTE_TAGS:
            self._escape(node, in_table=False)

    def inline(self, node: Node, *, in_table: bool) -> None:
        """HTML within a text: sub- and superscript stays, and breaks in tables do."""
        if node.data in RAISED_TAGS:
            self._any_raised = True
            if node.data.startswith("</"):
                self._join(node)
        else:
            self._escape(node, in_table=in_table)

    def _join(self, node: Node) -> None:
        """The end of an index does not begin a line: markdown2 takes for HTML what is between it and another tag."""
        start = line_start(self.text, node.start)
        if start and not self.text[start : node.start].strip(" \t"):
            blank = " " if self.text[node.end : node.end + 1].strip() else ""
            self._edit(start - 1, node.start, blank, "unwrap")

    def _escape(self, node: Node, *, in_table: bool) -> None:
        at = node.start
        while (at := self.text.find("<", at, node.end)) >= 0:
            allowed = ALLOWED_HTML.match(self.text, at)
            if allowed is None:
                self._edit(at, at + 1, "&lt;", "less-than")
            elif allowed[0] == "<br>" and not in_table:
                self._edit(at, allowed.end(), " ", "break")
            at += 1

    def _alone_tag(self, node: Node) -> None:
        """A tag of an index that is alone on its line makes a block of HTML, in which Markdown is not read."""
        below = FIRST_WORD.match(self.text, node.start)
        if below:
            self._edit(*below.span(1), "", "unwrap")
        else:
            self._edit(node.start, visible_end(self.text, node), "", "unwrap")

    def _box(self, node: Node, *, opens: bool) -> None:
        """Boxes do not nest, and none ends that was not open."""
        if opens == self.box_open:
            self._edit(node.start, visible_end(self.text, node), "", "box" if opens else "box-end")
        self.box_open = opens

    def pair_raised(self, nodes: Iterable[Node]) -> None:
        """Sub- and superscript begins and ends in one block, holds something, and begins with no blank."""
        if not self._any_raised:
            return
        waiting: list[Node] = []
        for node in nodes:
            if node.kind == "InlineHtml" and node.data in RAISED_TAGS:
                if not node.data.startswith("</"):
                    waiting.append(node)
                    if blanks := FIRST_BLANKS.match(self.text, node.end):
                        self._edit(*blanks.span(), "", "unwrap")
                elif waiting and waiting[-1].data[1:] == node.data[2:]:
                    opening = waiting.pop()
                    if not self.text[opening.end : node.start].strip():
                        self._unwrap([opening, node])
                else:
                    self._unwrap([node])
            elif waiting and node.kind in BLOCKS_AND_PARTS:
                self._unwrap(waiting)
                waiting = []
        self._unwrap(waiting)

    def _unwrap(self, tags: Iterable[Node]) -> None:
        for tag in tags:
            self._edit(tag.start, tag.end, "", "unwrap")
