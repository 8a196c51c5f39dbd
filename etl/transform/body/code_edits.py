"""Code as it is written: so that every engine finds the same, and none reads tags in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import takewhile

from etl.transform.body.code import CODE_INDENT, TAB, dedented, fenced, ticks_around
from etl.transform.body.code_tags import ACTIVE, SWALLOWS, taken_out
from etl.transform.body.edits import Edit, Revision, TreeRules, short
from etl.transform.body.hrefs import LABEL
from etl.transform.body.lists import BLANK, NEST
from etl.transform.body.literals import as_text
from etl.transform.body.parse import BLOCKS, OWN_LINE, ROWS, Node
from etl.transform.body.places import blanks_start, last_at, line_start, visible_end

UNESCAPED = r"(?<!\\)(?>(?:\\\\)*)"
# What would lead somewhere, or show nothing, if it were no code; what would, besides, run or hide what follows.
LEADS = rf"{UNESCAPED}\]\(\s*(?!https?:)[^)\s]{{0,99}}[:&]|^[ \t>]*\[{LABEL}\]:"
RUNS = re.compile(rf"<[A-Za-z/!?]|{LEADS}", re.MULTILINE)
ATTRIBUTES = r"\{[^{\n]*\b(?:on\w+|style|href|src|srcdoc|(?:form)?action)\s*="
ACTIVE_TAGS = rf"<(?:[!?]|(?:{SWALLOWS})\b|[a-z][^<>]*=|(?:[a-z]*script|data):)"
ACTS = re.compile(rf"{ACTIVE_TAGS}|{ATTRIBUTES}|{LEADS}", re.MULTILINE | re.IGNORECASE)
# Back-ticks are escaped, or stand one by one around code of one line, without a pipe that may part cells.
SIMPLE_CODE = re.compile(r"(?:[^`\\]|\\[^\\`]|\\[\\`](?!`)|`[^`\n|]+`(?!`))*", re.DOTALL)
FENCE_LINE = re.compile(r"(`{3,}|~{3,})([^\n]*)")
FENCE_BELOW = re.compile(r"( +)`{3,}[^`\n]*\n(?:.*\n)? *`{3,}", re.DOTALL)
"""A fence too far to the right to be one below a line of words, such as the title of a tab."""
LANGUAGE = re.compile(r"[ \t]*[\w+#.-]{1,40}(?![^\s{,])")
RARE_SIGNS = frozenset("#.")
"""Of a language, behind which markdown2 finds no fence."""
NOT_QUOTE = re.compile(r"[^>\t]")
UNDERLINE = re.compile(r"\n[ \t>]*(?:=+|-+)[ \t]*(?:\n|\Z)")
"""What makes a heading of the line above it to an engine that looks for headings before it looks for code."""
CODE_END = re.compile(r"(?>[^<]+|</?span)*</code>")
"""What hides the code before it from markdown2."""
MARKED = re.compile(r"^[ \t]*(?:>|```)", re.MULTILINE)
"""Lines of code in which markdown2 finds quotations and fences, however far they are indented."""


class CodeRules(TreeRules):
    """The code of one tree, which it is shown in its order."""

    def __init__(self, revision: Revision, blocks: Sequence[Node], edits: list[Edit]) -> None:
        super().__init__(revision.text, edits)
        self._revision = revision
        self._blocks = blocks
        """Those of the document."""
        self._simple: dict[int, bool] = {}
        """What `_is_simple` said of the blocks that begin at a place."""
        self.text_end = len(self.text.rstrip())
        """Where the last visible character of the text ends."""

    def block(self, node: Node, *, may_stay_open: bool, in_box: bool) -> None:
        """Code on lines of its own stays as it is; of what a fence says the language stays, and a fence is closed.

        Only code that would act is written otherwise in an item or a quotation, where some engines read no fences.
        """
        code = "".join([line.data for line in node.children])
        is_inside = self._block_at(node.start) is not node
        fence = _fence(node, self.text)
        is_taken = is_inside and self._is_taken(node, code)
        if is_taken or (is_inside and ACTS.search(code)):
            self._rewrite(node, code, is_taken=is_taken, in_box=in_box)
        elif fence is not None:
            self._first_fence(node, fence, code, is_inside=is_inside)
            if closing := self._closing(node, fence):
                self._same_fences(node, fence, closing, ticks_around(code, 3), is_inside=is_inside)
            elif not may_stay_open:
                self._close(node, fence)
        elif not is_inside and RUNS.search(code):
            self.edits += fenced(self.text, line_start(self.text, node.start), node.end)

    def open_fence(self, node: Node) -> str:
        """The fence of a block that goes on to the end of the text; empty for one that ends, and for any other."""
        fence = _fence(node, self.text)
        return fence[1] if fence and node.end >= self.text_end and not self._closing(node, fence) else ""

    def span(self, node: Node, *, in_box: bool) -> None:
        """Code with HTML becomes text where engines do not agree on it: back-ticks of several kinds, and in a box."""
        runs = RUNS.search(node.data) is not None
        marks = "``" if runs else "```"  # the end of three is words behind a fence to some
        if fence := self._fence_below(node):
            self._part(fence)
        elif self.text.startswith(marks, node.start) and "`" not in node.data:
            self._edit(node.start, node.end, f"`{node.data.strip() or ' '}`", "code")
        elif runs:
            is_line = len(self.text[node.start : node.end].splitlines()) == 1
            if in_box or not is_line or not self._is_simple(node.start):
                self._disputed(node, node.start, as_text(node.data), "written as text")
            elif self.text[node.start + 1] in BLANK:  # behind a blank it is none to some
                self._edit(node.start, node.end, f"`{node.data.strip()}`", "code")

    def _fence_below(self, node: Node) -> re.Match[str] | None:
        """The lines of a span that are meant as a code block of its own."""
        if not self.text.startswith("```", node.start) or self.text[node.end : node.end + 1] not in ("", "\n"):
            return None
        fence = FENCE_BELOW.fullmatch(self.text, line_start(self.text, node.start), node.end)
        return fence if self._block_at(node.start).kind == "Paragraph" else None

    def _part(self, fence: re.Match[str]) -> None:
        """Lines between fences get blank lines around them, and lose the blanks before their fence."""
        lines = re.sub(rf"^ {{1,{len(fence[1])}}}", "", fence[0], flags=re.MULTILINE)
        self._edit(*fence.span(), f"\n{lines}\n", "code")

    def _first_fence(self, node: Node, fence: re.Match[str], code: str, *, is_inside: bool) -> None:
        if not is_inside and self.text[node.start - 1 : node.start] == " ":  # inside, they may be those of an item
            self.edits += dedented(self.text, node)
        language = LANGUAGE.match(self.text, fence.start(2))
        if language and not RARE_SIGNS.isdisjoint(language[0]) and ACTS.search(code):
            language = None
        start = language.end() if language else fence.start(2)
        if words := self.text[start : fence.end()].strip():
            self._revision.find("markup.removed", start, f"words behind a fence {short(words)}", "removed")
            self._edit(start, fence.end(), "", "code")

    def _same_fences(self, node: Node, fence: re.Match[str], closing: str, mark: str, *, is_inside: bool) -> None:
        """Both fences are the back-ticks that the code needs: some engines know no others, and no end that differs."""
        end = visible_end(self.text, node)
        start = end - len(closing)
        if not is_inside:
            self._edit(line_start(self.text, start), start, "", "code")
        for at, stop in (fence.span(1), (start, end)):
            self._edit(at, stop, mark, "code")

    def _close(self, node: Node, fence: re.Match[str]) -> None:
        """A block that goes on to the end of the text, or of the quotation or item that it is in, is closed there."""
        before = self.text[line_start(self.text, node.start) : node.start]
        if node.end >= self.text_end:
            inside = NOT_QUOTE.sub(" ", before)  # a fence at the first column would begin other code
            self._edit(self.text_end, len(self.text), f"\n{inside}{fence[1]}", "code")
        elif not before.strip("> \t"):  # behind the mark of an item, nobody knows what would be in it
            end = visible_end(self.text, node)
            self._edit(end, end, f"\n{before}{fence[1]}", "code")

    def _closing(self, node: Node, fence: re.Match[str]) -> str:
        """The fence that ends a block, if one does."""
        return self.text[max(fence.end(), node.inner_end) : node.end].strip(" \t>\n")

    def _is_taken(self, node: Node, code: str) -> bool:
        """Whether tags at the beginning of lines would act, or make tags between them and others act."""
        if "<" not in code:
            return False
        start = line_start(self.text, node.start)
        is_taken, stays_open = taken_out(code if ">" in self.text[start : node.start] else self.text[start : node.end])
        return (is_taken and ACTIVE.search(code) is not None) or (stays_open and self._any_active)

    @cached_property
    def _any_active(self) -> bool:
        return ACTIVE.search(self.text) is not None

    def _rewrite(self, node: Node, code: str, *, is_taken: bool, in_box: bool) -> None:
        """Code in an item or a quotation is indented; where some engines read none, it becomes a span for each line."""
        start = blanks_start(self.text, node.start)
        before = self.text[line_start(self.text, start) : node.start].expandtabs(TAB)
        depth, is_unread = self._nesting(node)
        if (
            is_unread
            or before.strip("> ")
            or MARKED.search(code)
            or ("<" in code and CODE_END.match(self.text, node.end))
            or (in_box and "</div" in code.lower())  # which ends the box in Python-Markdown
            or (is_taken and not before.strip())  # the mark of a quotation guards a line
        ):
            self._write_lines(node, start, before, code.splitlines())
        else:
            self._indent(node, start, before, code.strip("\n").split("\n"), depth)

    def _indent(self, node: Node, start: int, before: str, lines: Sequence[str], depth: int) -> None:
        """As far as all engines nest, a line below the block above, and one above what looks like an underline."""
        quote = before.rstrip(" ")
        inside = quote and quote + " "
        is_indented = node.data == "Indented"
        indent = len(before) - len(inside) - (CODE_INDENT if is_indented else 0)
        more = max(-indent % CODE_INDENT, NEST * depth - indent)
        above = self.text[line_start(self.text, line_start(self.text, start) - 1) : line_start(self.text, start)]
        gap = f"\n{quote}" if above.strip(" \t>\n") else ""
        below = quote and UNDERLINE.match(self.text, visible_end(self.text, node))
        is_done = is_indented and not gap and not below and "\t" not in self.text[start : node.start]
        if is_done and all(each.startswith(" " * more) for each in lines if each.strip()):
            return
        inside += " " * (indent + more + CODE_INDENT)
        written = "\n".join(inside + each if each.strip() else quote for each in lines)
        self._disputed(node, start, gap + written.removeprefix(quote) + (f"\n{quote}" if below else ""), "indented")

    def _write_lines(self, node: Node, start: int, before: str, lines: Sequence[str]) -> None:
        """Each line becomes a span."""
        inside = NOT_QUOTE.sub(" ", before.removesuffix(" " * CODE_INDENT) if node.data == "Indented" else before)
        words = [line.strip() for line in lines if line.strip()]
        spans = [as_text(each) if "`" in each else f"`{each}`" for each in words]
        written = inside[len(before.rstrip(" ")) :] + f"\\\n{inside}".join(spans)
        self._disputed(node, start, written, "its lines are written one by one")

    def _nesting(self, node: Node) -> tuple[int, bool]:
        """In how many items a block is, of its quotation, and whether it is no code to some.

        That is so below a list or table, and in a quotation that an item begins with, or below code in another one.
        """
        way = [*self._way_to(node)]
        in_quotation = takewhile(lambda step: step[0].kind != "BlockQuote", reversed(way))
        return sum(part.kind == "Item" for part, *_ in in_quotation), any(_hides_code(*step) for step in way)

    def _way_to(self, node: Node) -> Iterator[tuple[Node, Node | None, str]]:
        """What a block is in, outermost first, and itself: each with what stands above it, and its parent's kind."""
        siblings, parent = self._blocks, ""
        while True:
            place = last_at(siblings, node.start)
            part = siblings[place]
            yield part, siblings[place - 1] if place else None, parent
            if part is node:
                return
            siblings, parent = part.children, part.kind

    def _disputed(self, node: Node, start: int, written: str, action: str) -> None:
        """Code that is written otherwise, from a place before it; what becomes text was not looked at as such."""
        self._revision.uncovered = True
        code = node.data if node.kind == "Code" else self.text[node.start : node.end]
        self._revision.find_once("code.disputed", node.start, f"code {short(code)}", action)
        self._edit(start, visible_end(self.text, node), written, "code")

    def _is_simple(self, offset: int) -> bool:
        """Whether every engine finds the same code in the words or the row around a place; asked of them once."""
        unit = self._block_at(offset)
        while (part := unit.children[last_at(unit.children, offset)]).kind in OWN_LINE:
            unit = part
        if unit.start not in self._simple:
            in_row = unit.kind in ROWS
            self._simple[unit.start] = all(
                SIMPLE_CODE.fullmatch(words) and not (in_row and "|" in words) for words in _words(unit, self.text)
            )
        return self._simple[unit.start]

    def _block_at(self, offset: int) -> Node:
        """The block of the document that a place is in."""
        return self._blocks[last_at(self._blocks, offset)]


def _hides_code(part: Node, above: Node | None, parent: str) -> bool:
    """Whether some engines find no code in a part of an item or a quotation, for what it begins or stands below."""
    is_quoted = parent != "" and part.kind == "BlockQuote"
    if above is None:
        return is_quoted and parent == "Item"
    inside = (parent or part.kind) in ("Item", "BlockQuote")
    return (inside and _ends_with_list(above, parent)) or (is_quoted and above.kind == "CodeBlock")


def _ends_with_list(block: Node, parent: str) -> bool:
    """Whether what a block ends with goes on below it to some: a list, a table, or an empty quotation."""
    while block.kind == "BlockQuote" and block.children:
        block, parent = block.children[-1], block.kind
    return parent != "" and block.kind in ("List", "Table", "BlockQuote")


def _words(unit: Node, text: str) -> Iterator[str]:
    """The words of a block, or of each cell of a row, without the blocks in it."""
    for part in unit.children if unit.kind in ROWS else [unit]:
        end = next((inner.start for inner in part.children if inner.kind in BLOCKS), part.end)
        yield text[part.start : end]


def _fence(node: Node, text: str) -> re.Match[str] | None:
    """The line that begins a fenced block; None for any other block."""
    is_fenced = node.kind == "CodeBlock" and node.data != "Indented"
    return FENCE_LINE.match(text, node.start) if is_fenced else None
