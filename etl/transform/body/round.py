"""All rules over one tree: `BY_KIND` says which one a node is for.

A rule is a small function of a node that asks for edits. What some of them ask for is a module of its own: lists,
tables, bold, code (`code_edits`), links (`link_edits`), HTML (`gate`), what stands between blocks (`gaps`), signs that
are words (`literals`), boilerplate.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from etl.settings import Finders
from etl.transform.body.boilerplate import boilerplate
from etl.transform.body.bold import (
    begins_with_star,
    emphasis_edits,
    inverted_edits,
    is_inverted,
    lone_mark_edits,
    lone_marks,
    strong_edits,
    underscore_edits,
    unmarked,
)
from etl.transform.body.code_edits import CodeRules
from etl.transform.body.edits import Revision, TreeRules
from etl.transform.body.gaps import Gaps
from etl.transform.body.gate import Gate
from etl.transform.body.link_edits import MARKS_OF_EMPHASIS, LinkRules
from etl.transform.body.links import Linker
from etl.transform.body.lists import ITEM_MARK, MARK_ENDS, glued_items, list_edits, not_tight, usual_edits
from etl.transform.body.literals import (
    LINE_MARK,
    LINE_MARK_BEGINS,
    brace_edits,
    escaped,
    line_edits,
    literal_edits,
    pipe_edits,
)
from etl.transform.body.parse import Node, Tree
from etl.transform.body.places import blanks_start, ends_in_break, is_escaped, is_inside, line_start, visible_end
from etl.transform.body.quotes import BOX_END
from etl.transform.body.tables import table_edits

SIGNS = ("  ", "\t", "[", "]", "://", "*", "{", "}", "_", "`", "#", "|", "~", "<")
"""Words without any of them stay as they are."""
BLANK_RUNS = re.compile(r"[ \t]{2,}|\t")
DOUBLE_BLANKS = re.compile("  [ ]*")  # begins with two characters that are searched for as such

BESIDE = (0, "**"), (1, "**"), (2, "_")
"""Once a star is none, those beside it, and what ends before it, may be other emphasis: so far before it, and what."""

WIDE_DASHES = "\u2012\u2013\u2014\u2015"
DASHES = f"-{WIDE_DASHES}"
LINE_SIGNS = frozenset(f"{DASHES}0123456789: \t\n")
"""A line of a paragraph that begins with none of them is words."""
EDGE_BLANKS = frozenset(("", " ", "  ", "   "))
"""Before a block that is in no item."""
RULE_SIGNS = "--", "- -", *WIDE_DASHES
"""What a line is searched for before it is asked whether it is `RULE_LINE`."""
DEFINITION_SIGNS = "\n:", " :", "\t:", ">:"
"""What a paragraph is searched for before it is asked for the signs of definitions."""
RULE_LINE = re.compile(rf"^[ \t]*+[{DASHES}](?>(?:[ \t]*+[{DASHES}])+)[ \t]*+\\?[ \t]*+$", re.MULTILINE)
NOT_BLANK = re.compile(r"\S")
# Before no mark of a block.
QUOTE_BLANKS = re.compile(r"^((?:[ \t]*>)+)[ \t]{2,}(?=[^\s>|#`~=+*\\\d-]|\*+[^\s*])", re.MULTILINE)
EMPTY_LINE_BLANKS = re.compile(r"^[ \t]*>[ \t>]*(?<=>)([ \t]+)$", re.MULTILINE)  # below which code is words to some
MORE_THAN = re.compile(r">[ \t]*\d")  # `* > 125 g` is a comparison
MARK_ONLY = re.compile(r"[ \t]*(?:[*+-]|#{1,6})[ \t]+")
"""Of a bullet or a heading, with nothing else before the words of its line."""

RULE_OF_WIKIS = "----"
LINE_END = re.compile(r"(?<![ \t])[ \t]*+(\n[ \t>]*)")
LONG_HEADING = 120
WIDE_HEADING_MARK = re.compile(r"(#{1,6})(?:\t| [ \t])[ \t]*")
TRAILING_MARKS = re.compile(r"[ \t]+(?:\\?\*|-{2,}|_+)\Z")
HEADING_ATTRIBUTES = re.compile(r"(?<![ \t\\)*>`])\{(?!:)[^{}\n]*\}\Z")  # beside those that are escaped anyway

ITEM_MARKS = re.compile(rf"[ \t>]*(?>(?:{ITEM_MARK}[ \t]*+)+)")
FIRST_BREAK = re.compile(r"[ \t]+\\?\n[ \t>]*(?![ \t>|#`~=*+-]|\d{1,9}[.)](?!\S))")
"""One that words follow which begin no block."""


class Round(TreeRules):
    """What all rules ask for, and what one of them learns for the next."""

    def __init__(self, revision: Revision, linker: Linker, tree: Tree, drop: Finders) -> None:
        super().__init__(revision.text, [])
        self.revision = revision
        self.version = revision.version
        """Which text the tree is of: the number of changes that the revision had seen."""
        self.tree = tree
        self.drop = drop
        """What finds the boilerplate that `drop_lines` names."""
        self.links = LinkRules(revision, linker, self.edits)
        self.gaps = Gaps(self.text, self.edits)
        self.gate = Gate(self.text, self.edits)
        self.code = CodeRules(revision, tree.root.children, self.edits)
        self.loose: set[int] | None = None
        """Items that are not tight (`lists.not_tight`), once a list asked for them."""
        self.touching: set[int] = set()
        """Numbered lists right behind one another: only the kind of their marks tells them apart."""
        self.table_end = self.quote_end = self.strong_end = self.heading_end = 0
        """Where the table, the quotation, the bold and the heading end that rules are in."""
        self.literal_end = 0
        """Where the code, or the address in angle brackets, ends that rules are in: what it holds is no words."""

    def run(self) -> None:
        """Collect what all rules ask for."""
        tree = self.tree
        words = "\n".join([node.data for node in tree.nodes if node.kind == "Text"])
        signs = [sign for sign in SIGNS if sign in words]
        starred, rules = False, BY_KIND
        for node in tree.nodes:
            kind = node.kind
            if kind == "Text":
                data = node.data
                for sign in signs:
                    if sign in data:
                        starred = self._words(node) or starred
                        break
            elif kind in rules:
                rules[kind](self, node)
        if starred:
            self._lone_marks()
        if "__" in words:
            self.edits += underscore_edits(self.text, tree.nodes)
        self.gate.pair_raised(tree.nodes)
        if self.gate.box_open:
            self._end_box()
        self.again |= self.links.again or self.gaps.again

    # --- code -------------------------------------------------------------------------------

    def code_block(self, node: Node) -> None:
        """Code stays as it is, between fences that all engines read alike."""
        self.literal_end = node.end
        # The end of a box closes what is open in it; a quotation that moves would leave a fence at the end behind.
        may_stay_open = self.gate.box_open or is_inside(node.start, self.gaps.continued)
        self.code.block(node, may_stay_open=may_stay_open, in_box=self.gate.box_open)

    def code_span(self, node: Node) -> None:
        """Code within a text stays, where all engines find it."""
        self.code.span(node, in_box=self.gate.box_open)

    # --- blocks -----------------------------------------------------------------------------

    def document(self, node: Node) -> None:
        """Gaps between blocks, of which lists that touch are told first."""
        self._touching(node)
        self.gaps.between(node.children)

    def rule(self, node: Node) -> None:
        """Rules are `---`."""
        self._edit(node.start, visible_end(self.text, node), "---", "rule")

    def heading(self, node: Node) -> None:
        """A heading has text and no bold, one blank behind its mark, and no marks at its end."""
        end = visible_end(self.text, node)
        if self.text.find("\n", node.start, end) >= 0:
            self._setext(node, end)
            return
        self.heading_end = node.end
        if not node.children:
            self.revision.find("heading.empty", node.start, "a heading without text", "removed")
            self._edit(node.start, end, "", "empty-heading")
            return
        self.again |= "\t" in self.text[node.start : end]  # behind a blank, marks at the end are none
        if mark := WIDE_HEADING_MARK.match(self.text, node.start):
            self._edit(*mark.span(), f"{mark[1]} ", "heading")
        if end > node.inner_end and not self.text[node.inner_end : end].strip(" \t#"):
            self._edit(node.inner_end, end, "", "heading")
        self._behind_words(node, end)
        for child in node.children:
            if child.kind == "Strong":
                self.edits += unmarked(child, "heading")

    def _behind_words(self, node: Node, end: int) -> None:
        """What stands behind the words of a heading: marks, a number sign, or a list that was glued to it."""
        last = self.text[end - 1]
        attributes = HEADING_ATTRIBUTES.search(self.text, node.start, end) if last == "}" else None
        if attributes:
            self._edit(attributes.start(), attributes.start(), "\\", "literal")
        marks = TRAILING_MARKS.search(self.text, node.start, end) if last in "*-_" else None
        if marks:
            self._edit(*marks.span(), "", "heading")
            return
        glued = [*glued_items(self.text, node.start, end)] if end - node.start >= LONG_HEADING else []
        self.edits += glued
        if last == "#" and end == node.inner_end and not glued:  # behind a backslash, it is a mark to many engines
            self._edit(end - 1 - is_escaped(self.text, end - 1), end, "&#35;", "literal")

    def _setext(self, node: Node, end: int) -> None:
        """Underlined words are a heading: by `=`, a line as long as they, or one line by more than a rule of wikis."""
        under = self.text.rindex("\n", node.start, end)
        words, line = self.text[node.start : under].strip(), self.text[under:end].strip(" \t>\n")
        is_as_long = len(LINE_END.sub(" ", words)) == len(line) >= len(RULE_OF_WIKIS)
        is_clear = line[0] == "=" or ("\n" not in words and len(line) > len(RULE_OF_WIKIS))
        if is_clear or is_as_long:
            self.heading_end = node.end
            for line_end in LINE_END.finditer(self.text, node.start, under):
                self._edit(*line_end.span(1), " ", "setext")
            self._edit(under, end, "", "setext")
            self._edit(node.start, node.start, "# " if line[0] == "=" else "## ", "setext")
        else:
            self._edit(under, under, "\n", "setext")

    # --- lists ------------------------------------------------------------------------------

    def list(self, node: Node) -> None:
        """Tight items, one kind of bullet, numbers that count; what items hold, nested by four columns."""
        edits = usual_edits(self.text, node)
        if edits is not None:
            self.edits += edits
            return
        for item in node.children:
            self._touching(item)
        if self.loose is None:
            self.loose = not_tight([each for each in self.tree.nodes if each.kind == "Item"])
        numbered, touching = id(node) not in self.gaps.waiting, id(node) in self.touching
        edits = [*list_edits(self.text, node, self.loose, numbered=numbered, touching=touching)]
        # A number may be text now, and text behind a block a paragraph.
        self.again |= any(rule == "blank-lines" or (rule == "number" and new[0] == "\\") for *_, new, rule in edits)
        self.edits += edits

    def _touching(self, node: Node) -> None:
        """Note which lists touch among the blocks of the document, an item or a quotation."""
        for block, after in pairwise(node.children):
            if block.kind == after.kind == "List" and None not in (block.data, after.data):
                self.touching |= {id(block), id(after)}

    # --- HTML -------------------------------------------------------------------------------

    def html(self, node: Node) -> None:
        """Boxes stay."""
        self.gate.block(node)

    def inline_html(self, node: Node) -> None:
        """Sub- and superscript stays, and breaks in tables do."""
        self.gate.inline(node, in_table=node.end <= self.table_end)

    def _end_box(self) -> None:
        """A box that is open at the end is closed there, behind a code block that is open itself."""
        fence = self.code.open_fence(self.tree.root.children[-1])
        self._edit(self.code.text_end, len(self.text), f"{fence and chr(10) + fence}\n\n{BOX_END}", "box")

    # --- quotations and tables --------------------------------------------------------------

    def quote(self, node: Node) -> None:
        """A quotation without anything in it goes; one blank behind its marks."""
        self._touching(node)
        self.gaps.in_quotation(node.children)
        if node.start < self.quote_end:
            return
        self.quote_end = node.end
        line = line_start(self.text, node.start)
        if MORE_THAN.match(self.text, node.start) and MARK_ONLY.fullmatch(self.text, line, node.start):
            self.again = True
            self._edit(node.start, node.start, "\\", "literal")
            return
        if all(child.kind == "BlockQuote" for child in node.walk()):
            self._edit(node.start, visible_end(self.text, node), "", "empty-quote")
            return
        self._first_lines(node)
        for blanks in EMPTY_LINE_BLANKS.finditer(self.text, line, node.end):
            self._edit(*blanks.span(1), "", "line-blanks")
        for paragraph in (child for child in node.children if child.kind == "Paragraph"):
            for match in QUOTE_BLANKS.finditer(self.text, line_start(self.text, paragraph.start), paragraph.end):
                self._edit(match.end(1), match.end(), " ", "blanks")

    def _first_lines(self, quote: Node) -> None:
        """No empty lines at the start of a quotation."""
        line = line_start(self.text, quote.children[0].start)
        if line > quote.start and not self.text[quote.start : line].strip(" \t>\n"):
            self.again = True
            self._edit(quote.start, self.text.index(">", line), "", "edge")

    def table(self, node: Node) -> None:
        """A table is even."""
        self.table_end = node.end
        if not node.children:
            return  # `is_plain`
        self.edits += table_edits(self.text, node)

    # --- paragraphs -------------------------------------------------------------------------

    def paragraph(self, node: Node) -> None:
        """A paragraph may be a rule in disguise, or hold boilerplate lines."""
        text, start, children = self.text, node.start, node.children
        first = text[start]
        if first in LINE_SIGNS or text.find("\n", start, node.end - 1) >= 0:
            self._line_starts(node)
        if first == "{" and self._follows(start):
            self._line_mark(start)
        if self.drop:
            self._drop_lines(start, visible_end(text, node))
        if children and children[0].kind == "Image":
            self._adjacent_images(node)

    def _line_starts(self, paragraph: Node) -> None:
        """A line of dashes is a rule; signs at the start of a line that are words here, and more to some engines."""
        text = self.text[paragraph.start : paragraph.end]
        first = line_start(self.text, paragraph.start)
        if any(dashes in text for dashes in RULE_SIGNS):
            indent = NOT_BLANK.sub(" ", self.text[first : paragraph.start])  # in an item
            for line in RULE_LINE.finditer(self.text, first, paragraph.end):
                gap = "" if line.start() == first else "\n"
                self._edit(*line.span(), f"{gap}{indent}---", "rule")
                if ends_in_break(self.text, line.start()):
                    self._edit(line.start() - 2, line.start() - 1, "", "rule")
        if text[0] in ":0123456789" or any(sign in text for sign in DEFINITION_SIGNS):
            self.edits += line_edits(self.text, paragraph)

    def _follows(self, offset: int) -> bool:
        """Whether the line before that of a place is not empty: it may be of the same paragraph to some engines."""
        line = line_start(self.text, offset)
        return bool(line and self.text[line_start(self.text, line - 1) : line].strip(" \t>\n"))

    def _drop_lines(self, start: int, end: int) -> None:
        for at, line in boilerplate(self.text, start, end, self.drop):
            self.revision.find("line.dropped", at, f"line {line.strip()!r}", "removed")
            self._edit(self._whole_item(at, start), at + len(line), "", "drop-line")

    def _whole_item(self, at: int, start: int) -> int:
        """A dropped line takes its bullet or heading mark with it."""
        line = line_start(self.text, at)
        return line if at == start and MARK_ONLY.fullmatch(self.text, line, at) else at

    def _adjacent_images(self, node: Node) -> None:
        """Images on adjacent lines are paragraphs of their own."""
        if self.text[line_start(self.text, node.start) : node.start] not in EDGE_BLANKS:
            return
        for before, line_end, after in zip(node.children, node.children[1:], node.children[2:], strict=False):
            if before.kind == after.kind == "Image" and line_end.kind == "SoftBreak":
                self._edit(before.end, after.start, "\n\n", "paragraphs")

    # --- words ------------------------------------------------------------------------------

    def _words(self, node: Node) -> bool:
        """What is neither markup nor code and has `SIGNS` in it; returns whether there are marks of bold in it."""
        data = node.data
        if node.start < self.literal_end:
            return False
        if "  " in data or "\t" in data:
            self._blanks(node)
        if "<" in data:
            self._less_thans(node)
        addresses = self.links.bare_addresses(node) if "://" in data and node.start >= self.links.end else ()
        edits = literal_edits(self.text, node, addresses)
        if node.start < max(self.heading_end, self.table_end):  # braces may be the attributes of either
            edits = [*edits, *brace_edits(self.text, node, in_cell=node.start < self.table_end)]
        self.edits += edits
        if "*" in data:
            self.again |= any(self.text.startswith(signs, at - before) for at, *_ in edits for before, signs in BESIDE)
        if "|" in data and node.start >= max(self.table_end, self.gaps.rows_end):
            self.edits += pipe_edits(self.text, node)
            self.again |= self.text.startswith("|", node.start)  # then the blanks before it may go
        return "**" in data

    def _blanks(self, node: Node) -> None:
        """Single blanks."""
        pattern = BLANK_RUNS if "\t" in self.text[node.start : node.end] else DOUBLE_BLANKS
        for match in pattern.finditer(self.text, node.start, node.end):
            self.edits.append((*match.span(), " ", "blanks"))

    def _less_thans(self, node: Node) -> None:
        """What is no tag of CommonMark is one to some engines."""
        at = self.text.find("<", node.start, node.end)
        while at >= 0:
            self._edit(at - is_escaped(self.text, at), at + 1, "&lt;", "less-than")
            at = self.text.find("<", at + 1, node.end)

    def soft_break(self, node: Node) -> None:
        """No blanks at the ends of lines; a backslash that only a blank kept from the line end has one of its own."""
        start = blanks_start(self.text, node.start)
        if start < node.start:
            last = self.text.startswith("\\", start - 1) and not is_escaped(self.text, start - 1)
            self._edit(start, node.start, "\\" if last else "", "line-blanks")
        if self.text.startswith(LINE_MARK_BEGINS, node.end):
            self._line_mark(node.end)

    def hard_break(self, node: Node) -> None:
        """A hard break is a backslash, right behind the words; none is first in an item, or within a heading."""
        start, line_end = blanks_start(self.text, node.start), self.text.index("\n", node.start, node.end)
        if node.start < self.heading_end:
            self._edit(start, line_end, "", "hard-break")
            return
        if self.text[start - 1 : start] in MARK_ENDS and (first := FIRST_BREAK.match(self.text, start)):
            line = line_start(self.text, start)
            if ITEM_MARKS.fullmatch(self.text, line, start):
                self.again = True
                self._edit(*first.span(), " ", "hard-break")
                return
        # Before a backslash a mark may begin what it could not before a blank.
        self.again |= self.text[start - 1 : start] in MARKS_OF_EMPHASIS and self.text[start] != "\\"
        self._edit(start, line_end, "" if node.start < self.gaps.rows_end else "\\", "hard-break")
        self._line_mark(node.end)

    def _line_mark(self, line: int) -> None:
        """A mark on a line of words: to some engines it is none only where it is escaped."""
        mark = LINE_MARK.match(self.text, line)
        if mark and (mark[1] == "{" or line >= self.quote_end):
            self.again = True
            self._edit(*mark.span(1), escaped(mark[1]), "literal")

    # --- bold -------------------------------------------------------------------------------

    def strong(self, node: Node) -> None:
        """Bold is `**`, not twice; no blank between it and the punctuation around it."""
        inside = node.start < self.strong_end
        if not inside:
            self.strong_end = node.end
        self.edits += strong_edits(self.text, node, inside=inside)

    def emphasis(self, node: Node) -> None:
        """Emphasis is `*`, where no other star stands beside it."""
        self.edits += emphasis_edits(self.text, node)
        self.again |= begins_with_star(self.text, node)

    def _lone_marks(self) -> None:
        """Marks that are text: they get their touch again or go, with all bold of a page that is inside out."""
        marked = lone_marks(self.text, self.tree.nodes)
        if not is_inverted(self.text, self.tree.nodes, marked):
            self.edits += lone_mark_edits(self.text, marked)
            return
        first = marked[0].marks[0].start()
        self.revision.find("bold.inverted", first, "bold marks with blanks on both sides", "all bold removed")
        self.edits += inverted_edits(self.text, self.tree.nodes, marked)

    # --- links ------------------------------------------------------------------------------

    def link(self, node: Node) -> None:
        """A link goes to its new place, or becomes its text; an address that is its own text is no prose."""
        if self.text[node.start] == "<":
            self.literal_end = max(self.literal_end, node.end)
        self.links.link(node)

    def image(self, node: Node) -> None:
        """The address of an image is encoded, and one of a lost file goes."""
        self.links.image(node)


BY_KIND: dict[str, Callable[[Round, Node], None]] = {
    "Document": Round.document,
    "Rule": Round.rule,
    "Heading": Round.heading,
    "List": Round.list,
    "BlockQuote": Round.quote,
    "Table": Round.table,
    "Paragraph": Round.paragraph,
    "Strong": Round.strong,
    "Emphasis": Round.emphasis,
    "Link": Round.link,
    "Code": Round.code_span,
    "CodeBlock": Round.code_block,
    "SoftBreak": Round.soft_break,
    "HardBreak": Round.hard_break,
    "Image": Round.image,
    "Html": Round.html,
    "InlineHtml": Round.inline_html,
}
