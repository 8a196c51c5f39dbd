"""One walk from left to right over everything that is not prose: comments, tags, shortcodes, plugin markers, entities.

HTML is read tag by tag, never by a parser of whole documents, because the text between the tags is Markdown and must
keep its bytes. Code stays untouched.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator

from etl.transform.body.boxes import BOX_START, glued_end, glued_lines
from etl.transform.body.code import ticks_around
from etl.transform.body.edits import TAG_OF_CODE, Edit, Revision, short
from etl.transform.body.links import decoded, is_entity
from etl.transform.body.lists import NEST
from etl.transform.body.parse import Node
from etl.transform.body.surface.around import BLOCK_MARK, MARKDOWN_BLOCK, Around
from etl.transform.body.surface.links import Links
from etl.transform.body.surface.tags import (
    BEHIND_LESS,
    BLOCKS,
    EMPHASIS,
    FAR,
    HEADINGS,
    HIDDEN,
    INLINE,
    KEPT,
    STRONG,
    TAG,
    VOID,
    Tag,
    number_of,
)
from etl.transform.body.tables import MOST_COLUMNS

DEEPEST_LIST = 12
LONGEST_RAISED = 500  # so for sub- and superscript
LONGEST_MARKED = 5000  # emphasis over more than that is no emphasis
ODD_BLANKS = "".join(map(chr, (0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
BLANK = rf"(?:[{ODD_BLANKS}]|&(?:nbsp|ensp|emsp|thinsp|hairsp|#160|#x[aA]0);)"
INVISIBLE = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb"
)
# Text in UTF-8 that was read as Windows-1252: what the bytes behind a leading byte look like then.
GARBLED = r"\u00c2-\u00c5\u00ce-\u00d1\u00e2\u00e3\u00ef\u00f0"
TRAILING = (
    r"\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201e\u2020-\u2022"
    r"\u2026\u2030\u2039\u203a\u20ac\u2122"
)
MOJIBAKE = re.compile(f"(?:[{GARBLED}][{TRAILING}]{{1,3}})+")
SPELLED = "\u2010\u2011\ufb00-\ufb06\u00b5\u21b5"
ODD = rf"<{{~&{GARBLED}{SPELLED}\\{INVISIBLE}\u2028\u2029{ODD_BLANKS}"

# Where something may begin that is not prose: outside of HTML, and where everything must stay on one line. A tag is
# matched as a whole, for most of what begins is one; a pattern that begins with a set of characters is searched fast.
OUTSIDE = re.compile(rf"[{ODD}](?:(?<=<){BEHIND_LESS}|)")
ONE_LINE = re.compile(rf"[{ODD}|\]\[\n](?:(?<=<){BEHIND_LESS}|)")
AUTOLINK = re.compile(r"<(?:[a-zA-Z][a-zA-Z0-9+.-]+:[^\s<>\x00-\x1f\x7f-\x9f]*|[^\s<>@]+@[^\s<>@.]+(?:\.[^\s<>@.]+)+)>")
DECLARATION = re.compile(rf"<!\[?[a-zA-Z][^<>]{{0,{FAR}}}>|<\?[^<>]{{0,{FAR}}}\?>")
SHORTCODE = re.compile(r"\{\{[<%][^{}]{0,2000}[>%]\}\}\}?(?:[ \t]*\n\s*-{3,}[ \t]*(?=\n|\Z))?")
MARKER = re.compile(
    r"\{/?[A-Z][A-Z0-9_]+(?:\((?:[^(){}]|\([^(){}]{0,2000}\)){0,2000}\)?)?\s{0,9}/?\}"
    r"|\{(?:img|redirect|module|include|category|maketoc|toc|attach|file)\b[^{}\n]{0,2000}\}"
)
MARK = re.compile(r"~/?(?:hs|np|pp|tc|hc|tex)~|~~#?[A-Fa-f0-9]{3,6}:|~~")
BLANKS = re.compile(rf"{BLANK}(?:[ \t]|{BLANK})*")
ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
LINES = re.compile(r"[ \t]*\n\s*")
INVISIBLES = re.compile(f"[{INVISIBLE}]+")
TYPES = re.compile(f"[{SPELLED}]")
SEPARATORS = re.compile("[\u2028\u2029]+")
ANY = re.compile(".", re.DOTALL)
ESCAPE = re.compile(r"\\.", re.DOTALL)

NO_ITEM = re.compile(r"[ \t]*[#>=~`]")
GUARDED = re.compile(r"\[([^<>\[\]\n]*)\]</span>")
HEADING_BLOCK = re.compile(r"\n[ \t]*(?:[*+-][ \t]|#{1,6}[ \t]|\||>)|[^<>]{1000}")  # a number is part of a heading
ANCHOR_NAME = re.compile(r"[\w:.-]{1,80}(?:[ \t]*\||(?=\{ANAME\}|<))")
LIST_MACRO = re.compile(r"\{(?:LIST|CATEGORY|LISTPAGES)\b", re.IGNORECASE)
HEADING_BEFORE = re.compile(r"#{1,6}[ \t][^\n]*+\s*+")
BOX_TITLE = re.compile(r"title\s*=>?\s*(?:\"([^\"]*)\"|'([^']*)'|([^,)]*))")
CODE_LANGUAGE = re.compile(r"\bcolors\s*=>?\s*[\"']?([a-zA-Z][\w+#.-]{0,39})")
BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")
LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")
FILE_ID = re.compile(r"(?:attId|fileId|id|src)\s*=>?\s*[\"']?([^\"')}]+)", re.IGNORECASE)
BR = r"<[bB][rR](?:\s[^<>]*)?/?>"
BLOCK_INSIDE = re.compile(
    rf"\n[ \t]*\n|{BR}\s*{BR}|<(?!https?://|/?(?:a|b|big|br|em|font|i|small|span|strong|sub|sup|u)\b)"
)
BREAKS = re.compile(rf"(?:\s*{BR})*\s*")
FIRST_BREAKS = re.compile(rf"(?:\s*{BR})+\s*")
LAST_BREAKS = re.compile(rf"(?<!\s)(?:\s*+{BR})+\s*+\Z")
# What a break must not stand before: the end of the block that it is in.
BLOCK_END = re.compile(
    r"(?:</(?:a|b|em|font|i|small|span|strong|u)\s*>\s*)*(?:</?(?:p|li|ul|ol|div|table|h[1-6])\b|\Z)", re.IGNORECASE
)
TAGS = re.compile(r"<[^<>]*>")
ONLY_TAGS = re.compile(r"(?:\s|<[^<>]*>)*+")
WORDS = re.compile(r"[a-zA-Z0-9]++(?:[ ,.;:()/+-]++[a-zA-Z0-9]++)*+(</([a-zA-Z]+)>)")
"""What most elements hold, and an end tag: nothing in it has a meaning but its words."""
MARKERS = re.compile(rf"<(?!https?:)[^<>]*>|~hs~|~~(?:#?[A-Fa-f0-9]{{3,6}}:)?|\{{[^{{}}]*\}}|[{INVISIBLE}]")
SPECIAL = frozenset("*_[]`#|~\\")
NEEDLESS = frozenset("\"'~=:,;/%@^?$")  # some engines show the backslash before them

FOR_SOME = frozenset(("GROUP", "PERM"))
"""Plugins of the old wiki that only some readers saw the text of."""
WITHIN_WORDS = frozenset("ALINK ANAME FONT HTML MONO SPAN TAG".split())
"""Plugins of the old wiki whose text may be part of a word; that of others stands apart."""
SENTENCE_SIGNS = frozenset(".,;:!?")
TABLE_TAG = re.compile(r"</?table\b", re.IGNORECASE)
ROW_OR_CELL = re.compile(r"<t([rdh])\b", re.IGNORECASE)
NEXT_CELL = re.compile(r"\s*(</tr\s*>\s*<tr(?:\s[^<>]*)?>\s*)?<t[dh](?:\s[^<>]*)?>", re.IGNORECASE)
# What most cells hold, and the tags behind it: nothing in it is to be changed.
PLAIN_CELL = re.compile(
    rf"[^{ODD}|\]\[\n]*(</[tT][dhDH]\s*>\s*(</[tT][rR]\s*>\s*<[tT][rR](?:\s[^<>]*)?>\s*)?<[tT][dhDH](?:\s[^<>]*)?>)"
)
ANCHOR_END = re.compile(r"</?a(?=[\s>])", re.IGNORECASE)
HEADING_END = re.compile(r"</?h[1-6](?=[\s>])", re.IGNORECASE)
PARAGRAPH_END = re.compile(r"</?(?:p|div|table|ul|ol|h[1-6]|blockquote|pre|body)(?=[\s>])", re.IGNORECASE)
OUTER_START = re.compile(r"(?<![!\\])\[(?:[^\[\]\n]|\n(?!\s*\n)){0,500}\Z")
OUTER_END = re.compile(r"[^\[\]\n]{0,200}\]\(\S")
ITEM_END = re.compile(r"</?(?:li|ul|ol)(?=[\s>])", re.IGNORECASE)
BARRIERS = frozenset(("div", "table"))
ON_ONE_LINE = frozenset(("a", "li", "p", *HEADINGS))
NOTHING = None, 0
"""What a tag closes that closes nothing."""


class Walk:
    """One walk over a text, with all that is known on the way; it leaves edits."""

    def __init__(self, text: str, revision: Revision, links: Links) -> None:
        self.text = text
        self.around = Around(text)
        self.revision = revision
        self.links = links
        self.find = revision.find
        self.edits: list[Edit] = []
        self.open: list[tuple[Tag, int]] = []
        """Open elements, each with the number of its edit in ``edits``; -1 for a box, the depth for a list item."""
        self.opened: defaultdict[str, int] = defaultdict(int)
        """How many elements of a name are open."""
        self.inline = self.anchors = self.colours = 0
        """How many open elements hold one line (headings, links, paragraphs, items, cells), are links, are colours."""
        self.tables: list[_Table] = []
        self.lists: list[int | None] = []
        """Open lists, each with the number of its next item."""
        self.passed = _Passed()
        self.walked_start = self.walked_end = 0
        """Where the stretch begins that is walked, behind code, and where it ends: where code begins."""
        self.box_open = False
        self.complete = True
        """Whether no box was open at the end."""
        self.glued: list[Edit] = []
        """What the lines of boxes ask for that were glued together."""
        self.glued_end = 0
        self.code_size = 0
        """How much the code blocks hold that edits make (`code_size`)."""

    def run(self, code: list[Node]) -> list[Edit]:
        """Walk the whole text but for its code; returns all edits."""
        at = 0
        for node in code:
            at = max(self._walk(at, node.start), node.end)
        self._walk(at, len(self.text))
        self._close_all()
        return [*self.edits, *self._guards(), *self.glued]

    def _walk(self, at: int, end: int) -> int:
        """Walk a stretch; returns where it ends, which is behind ``end`` when what was taken last reaches over it."""
        text, self.walked_start, self.walked_end = self.text, at, end
        while odd := (ONE_LINE if self.inline or self.tables else OUTSIDE).search(text, at, end):
            if odd[2]:
                at = self.tag(odd) or odd.end()
            else:
                start = self._blanks_before(odd.start(), at) if odd[0] == "\n" else odd.start()
                at = self._handle(odd[0], start, end) or odd.end()
        return at

    def _handle(self, char: str, at: int, end: int) -> int | None:
        """What begins at a place and is no tag; returns where to go on, None when it is prose after all."""
        for pattern, handler in HANDLERS.get(char, OTHERS):
            token = pattern.match(self.text, at, end)
            if token is not None:
                return handler(self, token) or token.end()
        return None

    def _blanks_before(self, offset: int, first: int) -> int:
        """Where the blanks before the end of a line begin, when none of them is taken already."""
        start = first + len(self.text[first:offset].rstrip(" \t"))
        taken = start == first and self.text[first - 1 : first] in (" ", "\t")
        return offset if taken else start

    def edit(self, start: int, end: int, replacement: str, rule: str) -> None:
        """Ask for a change."""
        self.edits.append((start, end, replacement, rule))

    def _guards(self) -> Iterator[Edit]:
        """What an edit moves together must not become a link: a backslash keeps it apart."""
        text = self.text
        touched = [edit for edit in self.edits if text[edit[0] - 1 : edit[0]] in "!]"]
        for start, end, replacement, rule in touched:
            before = text[start - 1 : start]
            if (before == "!" and (replacement or text[end : end + 1]).startswith("[")) or (
                before == "]" and not replacement and text.startswith("(", end)
            ):
                yield start - 1, start - 1, "\\", rule

    # --- remnants ---------------------------------------------------------------------------

    def comment(self, token: re.Match[str]) -> int | None:
        """`<!-- ... -->`: goes; with a dynamic list in it, the heading before it goes too."""
        start = token.start()
        end = self.around.next_of("-->", start + 4)
        if end is None:
            return self.less(token)
        inner = self.text[start + 4 : end]
        self.find("comment.removed", start, f"comment {short(' '.join(inner.split()))}", "removed")
        line = self.text.rfind("\n#", max(start - 2000, 0), start) + 1
        if LIST_MACRO.search(inner) and HEADING_BEFORE.fullmatch(self.text, line, start) and not self._edited(line):
            self.find(
                "list.removed",
                line,
                f"heading {short(self.text[line:start].strip())} of a dynamic list",
                "removed with it",
            )
            self.edit(line, end + 3, "", "dynamic-list")
        else:
            self.edit(start, end + 3, "", "comment")
        return end + 3

    def _edited(self, start: int) -> bool:
        """Whether an edit already reaches behind a place."""
        return bool(self.edits) and self.edits[-1][1] > start

    def declaration(self, token: re.Match[str]) -> None:
        """`<!DOCTYPE …>`, `<?xml …?>`, `<![endif]>`."""
        self.edit(*token.span(), "", "declaration")

    def shortcode(self, token: re.Match[str]) -> None:
        """`{{< toc >}}`, and the rule right behind it."""
        self.find("shortcode.removed", token.start(), f"shortcode {short(token[0].split('}}')[0] + '}}')}", "removed")
        alone = self.around.at_line_start(token.start()) and self.text[token.end() : token.end() + 1] in ("", "\n", " ")
        self.edit(*token.span(), self._gap(token.start()) if alone else "", "shortcode")

    def marker(self, token: re.Match[str]) -> int | None:
        """`{NAME(arguments)}` and `{NAME}`: boxes, images and sub- or superscript have a meaning."""
        start, end = token.span()
        name = re.match(r"\w+", token[0].lstrip("{/"))[0].upper()  # type: ignore[index]  # MARKER says so
        opening = "(" in token[0] or token[0][1:2].islower()
        if name == "BOX":
            self._tiki_box(token, opening=opening)
        elif name == "IMG":
            self._tiki_image(token, opening=opening)
        elif name == "FOOTNOTE":
            self.find("markup.removed", start, f"plugin marker {short(token[0])}", "its inner text stays, in brackets")
            self.edit(start, end, " \\[" if opening else "\\]", "footnote")
        elif name in ("SUB", "SUP"):
            return self.kept(Tag(name.lower(), start, end, not opening, token[0]), "tiki-marker") or end
        elif name in ("BR", "HR") and opening:
            end += len(name) + 2 if self.text.startswith(f"{{{name}}}", end) else 0
            tag = Tag(name.lower(), start, end, False, token[0])
            if name == "BR":
                return self.line_break(tag, "tiki-marker") or end
            self.horizontal(tag, "tiki-marker")
        elif name == "CODE" and opening and (code_end := self._tiki_code(token)):
            return code_end
        else:
            anchor = ANCHOR_NAME.match(self.text, end) if name == "ANAME" and opening else None
            end = anchor.end() if anchor else end
            seen = ", which only some readers saw" if name in FOR_SOME and opening else ""
            self.find(
                "markup.removed",
                start,
                f"plugin marker {short(self.text[start:end])}",
                f"removed; its inner text stays{seen}",
            )
            self.edit(start, end, self._parted(name, start, end), "tiki-marker")
        return end

    def _parted(self, name: str, start: int, end: int) -> str:
        """The blank that keeps words apart which a marker, or several of them, stood between."""
        first, last, apart = self.passed.markers
        first, apart = (first, apart) if start == last else (start, False)
        self.passed.markers = first, end, apart or name not in WITHIN_WORDS
        before, behind = self.text[first - 1 : first], self.text[end : end + 1]
        if name == "ELSE":
            return " " if before.strip() and behind.strip() not in ("", "{") else ""
        touches = behind.isalnum() and (before.isalnum() or before in SENTENCE_SIGNS)
        return " " if touches and self.passed.markers[2] else ""

    def _tiki_code(self, token: re.Match[str]) -> int | None:
        """`{CODE(colors="php")}` and what is code up to `{CODE}`, if there is a place for code; returns its end."""
        (start, inner), text = token.span(), self.text
        if self.passed.next_code < inner:
            self.passed.next_code = self.around.next_of("{CODE}", inner) or 0
        stop = self.passed.next_code
        if stop < inner or start < self.passed.literal_end:
            return None
        end, line = stop + len("{CODE}"), self.around.line_start(start)
        on_line = text[line : min(start, line + NEST)]
        alone = start - line < NEST and not on_line.strip() and LINE_END.match(text, end)
        if alone or text.find("\n", inner, min(stop, inner + LONGEST_MARKED)) >= 0:
            fits = not (
                self.inline or self.tables or self.around.in_pipe_row(start) or on_line.lstrip().startswith(">")
            )
            edits = self._code_block(token, stop, end) if fits else None
        else:
            edits = self._code_span(token, stop, end) if stop - inner <= LONGEST_MARKED else None
        if edits is None:
            return None
        self.find("markup.removed", start, f"plugin marker {short(token[0])}", "removed; its inner text stays, as code")
        self.edits += edits
        self.walked_start = end
        return end

    def _code_block(self, token: re.Match[str], stop: int, end: int) -> tuple[Edit, Edit] | None:
        """What makes a fenced block of the code between two markers."""
        code = BLANK_LINES.sub("", self.text[token.end() : stop].rstrip(), 1)
        if not code:
            return None
        fence = ticks_around(code, 3)
        language = CODE_LANGUAGE.search(token[0])
        opening = fence + (language[1] if language else "")
        self.code_size += len("".join(code.split())) + len(opening) + len(fence)
        return (
            (*token.span(), f"\n\n{opening}", "tiki-marker"),
            (token.end(), end, f"\n{code}\n{fence}\n\n", "tiki-marker"),
        )

    def _code_span(self, token: re.Match[str], stop: int, end: int) -> tuple[Edit, Edit] | None:
        """What makes a code span of the code between two markers, unless signs around it have another meaning then."""
        (start, inner), text = token.span(), self.text
        code = text[inner:stop].strip()
        tick = text.rfind("`", max(self.walked_start, start - LONGEST_MARKED), start)
        open_tick = tick >= 0 and text.find("\n\n", tick, start) < 0
        if not code or open_tick or text[start - 1 : start] in ("`", "\\") or text.startswith("`", end):
            return None
        if "|" in code and (self.tables or self.around.in_pipe_row(start)):
            return None
        ticks, gap = ticks_around(code, 1), " " if "`" in (code[0], code[-1]) else ""
        apart = " " if self.edits and self.edits[-1][1] == start and self.edits[-1][2].endswith("`") else ""
        return (start, inner, apart + ticks + gap, "tiki-marker"), (inner, end, code + gap + ticks, "tiki-marker")

    def _tiki_box(self, token: re.Match[str], *, opening: bool) -> None:
        if not opening:
            self._close_box(*token.span())
            return
        title = BOX_TITLE.search(token[0])
        self._open_box(*token.span(), next(filter(None, title.groups()), "") if title else "")

    def _tiki_image(self, token: re.Match[str], *, opening: bool) -> None:
        self.edit(*token.span(), "", "lost-image")
        if opening:
            for number in (FILE_ID.search(token[0]) or ["", token[0]])[1].split(","):
                self.revision.lose_image(token.start(), number.strip())

    def mark(self, token: re.Match[str]) -> int | None:
        """`~hs~` is a hard blank, `~~#F00:text~~` a colour, `~tc~` a comment; the others only guarded their text."""
        mark = token[0]
        if mark in ("~tc~", "~hc~") and (end := self._comment_end(token)):
            return end
        if mark in ("~np~", "~pp~") and token.end() > self.passed.literal_end:
            self.passed.literal_end = self.around.next_of(f"~/{mark[1:]}", token.end()) or 0
        if not mark.startswith("~~"):
            self.edit(*token.span(), " " if mark == "~hs~" else "", "tiki-mark")
        elif mark != "~~":
            self.colours += 1
            self.find("markup.removed", token.start(), f"colour {mark!r}", "removed; its inner text stays")
            self.edit(*token.span(), "", "tiki-colour")
        elif self.colours:
            self.colours -= 1
            self.edit(*token.span(), "", "tiki-colour")
        return None

    def _comment_end(self, token: re.Match[str]) -> int | None:
        """Where the comment ends that a mark begins, which goes; a guarded mark begins none."""
        closing = f"~/{token[0][1:]}"
        end = self.around.next_of(closing, token.end()) if token.start() >= self.passed.literal_end else None
        if end is None:
            return None
        inner = " ".join(self.text[token.end() : end].split())
        self.find("comment.removed", token.start(), f"comment {short(inner)}", "removed")
        self.edit(token.start(), end + len(closing), "", "comment")
        return end + len(closing)

    # --- characters -------------------------------------------------------------------------

    def less(self, token: re.Match[str]) -> int | None:
        """A `<` that opens nothing, or the address of a Markdown link."""
        start = token.start()
        if end := self.around.angled_end(start):
            return end
        if self.around.in_destination(start):
            self.edit(start, start + 1, "%3C", "address")
        else:
            self.edit(start, start + 1, "&lt;", "less-than")
        return start + 1

    def escape(self, token: re.Match[str]) -> int:
        r"""A backslash and what it escapes: `\<` has one spelling, and what no engine needs escaped goes without."""
        start, end = token.span()
        if token[0] == "\\<" and TAG.match(self.text, start + 1):
            self.edit(start, end - 1, "\\\\", "escape")
            return end - 1
        if token[0] == "\\<":
            self.edit(start, end, "&lt;", "less-than")
        elif token[0] == "\\\n" and self.inline:
            self.edit(start, end, " ", "break")
        elif token[0] == "\\&":
            self.edit(start, end, "&amp;" if ENTITY.match(self.text, start + 1) else "&", "escape")
        elif token[0][1] in NEEDLESS and not self.around.is_first(start) and not self.around.in_link(start):
            self.edit(start, start + 1, "", "escape")
        return end

    def entity(self, token: re.Match[str]) -> None:
        """An entity becomes its character, but for `&lt;`, `&gt;` and `&amp;`."""
        if not is_entity(token[0]):
            return
        char = html.unescape(token[0])
        if char.isspace():
            self.blank(token)
            return
        if char == ":" and self.around.is_first(token.start()):
            replacement = "&#58;"
        elif char and char in "<>&":
            replacement = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}[char]
        elif not char.isprintable() or not char:
            replacement = ""
        else:
            marks = char in SPECIAL or (char in "-+=" and self.around.at_line_start(token.start()))
            replacement = "\\" + char if marks else char
        self.edit(*token.span(), replacement, "entity")

    def blank(self, token: re.Match[str]) -> None:
        """No-break and typographic blanks; nothing at the start of a line, where blanks would make code."""
        start, end = token.span()
        if self.around.at_line_start(start):
            self.edit(start, end, "", "odd-blank")
        elif self.around.in_destination(start) and self.text[end : end + 1] not in " \t\n":
            self.edit(start, end, "%20", "address")
        else:
            hard_break = token[0].endswith("  ") and self.text.startswith("\n", end)
            self.edit(start, end, "  " if hard_break else " ", "odd-blank")

    def invisible(self, token: re.Match[str]) -> None:
        """Characters without a shape."""
        self.edit(*token.span(), "", "invisible")

    def mojibake(self, token: re.Match[str]) -> None:
        """UTF-8 that was read as Windows-1252, run by run, and only where the bytes are UTF-8 (39)."""
        quoted = (
            len(token[0]) == 2
            and token[0][1] in "\u2019\u201d"
            and not self.text[token.end() : token.end() + 1].isalpha()
        )
        if quoted and self.text[token.start() - 1 : token.start()] in ("\u2018", "\u201c"):
            return
        data = b"".join(char.encode("cp1252", "ignore") or char.encode("latin-1", "ignore") for char in token[0])
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return
        text = "".join(" " if char.isspace() else char for char in text if char.isspace() or char.isprintable())
        self.find("character.repaired", token.start(), f"garbled {short(token[0])}", f"repaired to {short(text)}")
        self.edit(*token.span(), text, "mojibake")

    def typography(self, token: re.Match[str]) -> None:
        """Ligatures, typographic hyphens and the micro sign as the letters and marks that one types (38)."""
        start, end = token.span()
        if token[0] == "\u21b5":  # the sign of a return key, where a line ended
            mark = self.around.at_line_start(start) and BLOCK_MARK.match(self.text, end)
            inside = self.text[start - 1 : start].isalnum() and self.text[end : end + 1].isalnum()
            self.edit(
                start, end, "\\" if mark or self.text.startswith("*", end) else " " if inside else "", "typography"
            )
        else:
            char = "-" if token[0] in "\u2010\u2011" else unicodedata.normalize("NFKC", token[0])
            self.edit(start, end, char, "typography")

    def separator(self, token: re.Match[str]) -> None:
        """U+2028 and U+2029."""
        one_line = self.inline or self.around.in_pipe_row(token.start())
        self.edit(*token.span(), " " if one_line else "\n", "line-separator")

    def lines(self, token: re.Match[str]) -> None:
        """Line ends inside what must stay on one line."""
        if self.tables and not self.tables[-1].in_cell:
            self.edit(*token.span(), "", "table")
        elif self.inline:
            self.edit(*token.span(), " ", "block")

    def pipe(self, token: re.Match[str]) -> None:
        """A pipe inside the cell of an HTML table."""
        if self.tables and self.tables[-1].in_cell:
            self.edit(*token.span(), "\\|", "table")

    def bracket(self, token: re.Match[str]) -> None:
        """A bracket inside the text of an HTML link."""
        if self.anchors:
            self.edit(*token.span(), "\\" + token[0], "bracket")

    def auto(self, token: re.Match[str]) -> int | None:
        """`<https://…>` stays a link, `<javascript:…>` becomes text, mail addresses stay text."""
        if end := self.around.angled_end(token.start()):
            return end
        address = token[0][1:-1]
        if ":" not in address.partition("@")[0]:
            self.edit(*token.span(), address, "autolink")
            return None
        if not self.links.stays(token.start(), address):
            self.edit(*token.span(), address, "autolink")
        return None

    # --- HTML -------------------------------------------------------------------------------

    def tag(self, token: re.Match[str]) -> int | None:
        """Any tag, by its element."""
        start, end = token.span()
        if angled := self.around.angled_end(start):
            return angled
        name = token[2].lower()
        tag = Tag(name, start, end, token[1] == "/", token[0])
        if (handler := ELEMENTS.get(name)) is not None:
            return handler(self, tag)
        if name == "x" and not tag.closing:
            self.edit(tag.start, tag.end, "", "stray-tag")
            return None
        if name in HIDDEN:
            return self._hidden(tag)
        if name == "pre" and not tag.closing:
            return self._preformatted(tag)
        if name in ("iframe", "frame"):
            return self._frame(tag)
        if name in VOID or name in INLINE or ":" in name:
            self._unwrapped(tag, " " if name == "pre" and (self.inline or self.tables) else "")
            return None
        return self.less(token)

    def _unwrapped(self, tag: Tag, before: str = "") -> None:
        if not tag.closing:
            self.find("html.unwrapped", tag.start, f"tag {short(tag.raw)}", "removed; its text stays")
        self._drop(tag, "unwrap", before)

    def _drop(self, tag: Tag, rule: str, before: str = "") -> None:
        """Remove a tag."""
        self.edits.append(self._dropped(tag, rule, before))

    def _dropped(self, tag: Tag, rule: str, before: str = "") -> Edit:
        """The removal of a tag; what it lays bare at the start of a line must not become a mark of Markdown."""
        end, guard = tag.end, ""
        if not self.inline and (before or self.around.at_line_start(tag.start)):
            end, guard = self.around.unmarked(end)
        return tag.start, end, before + guard, rule

    def _hidden(self, tag: Tag) -> int:
        """Scripts, styles and the like go with all that is in them."""
        end = self.around.end_tag(tag.name, tag.end) if not tag.closing and not tag.raw.endswith("/>") else None
        stop = end.end() if end else tag.end
        self.find("html.removed", tag.start, f"<{tag.name}> with {stop - tag.start} characters", "removed")
        self.edit(tag.start, stop, "", "script")
        return stop

    def _frame(self, tag: Tag) -> int:
        """A frame becomes a link to what it showed."""
        source = tag.attributes().get("src", "")
        is_void = tag.closing or tag.name == "frame" or tag.raw.endswith("/>")
        end = None if is_void else self.around.end_tag(tag.name, tag.end)
        stop = end.end() if end else tag.end
        link = self.links.frame(source) if not tag.closing else ""
        if not tag.closing:
            self.find(
                "html.removed", tag.start, f"frame of {short(source)}", "replaced by a link" if link else "removed"
            )
        self.edit(tag.start, stop, link, "script" if not link else "image")
        return stop

    def _preformatted(self, tag: Tag) -> int | None:
        """`<pre>` becomes a fenced code block; a debug dump at the end of the page goes."""
        if self._is_debug(tag):
            self.find(
                "debug.removed",
                tag.start,
                f"debug dump of {len(self.text) - tag.start} characters",
                "removed to the end of the page",
            )
            self.edit(tag.start, len(self.text), "", "debug")
            return len(self.text)
        end = self.around.end_tag("pre", tag.end)
        if end is None or self.inline or self.tables:
            self._unwrapped(tag, self._gap(tag.start))
            return None
        code = decoded(TAG_OF_CODE.sub("", self.text[tag.end : end.start()])).strip("\n").rstrip()
        fence = ticks_around(code, 3)
        self.code_size += len("".join(code.split())) + 2 * len(fence) if code.strip() else 0
        self.edit(tag.start, end.end(), f"\n\n{fence}\n{code}\n{fence}\n\n" if code.strip() else "\n\n", "preformatted")
        return end.end()

    def _is_debug(self, tag: Tag) -> bool:
        head = TAGS.sub("", self.text[tag.end : tag.end + 300]).lstrip()
        return head.startswith("Markdown:\n") and self.around.next_of("Original Tiki:", tag.end) is not None

    def span(self, tag: Tag) -> int | None:
        """Spans go; one that only guards brackets hands them over as literal ones."""
        if tag.closing:
            self._ends_span(tag)
            return None
        guard = GUARDED.match(self.text, tag.end) if tag.raw == "<span>" else None
        if guard is not None and self._guarded(tag, guard):
            return None
        self._drop(tag, "span")
        if words := self._words(tag):
            self.edit(*words.span(1), "", "span")
            return words.end()
        self._opens(tag, len(self.edits) - 1)
        return None

    def _ends_span(self, tag: Tag) -> None:
        opened, index = self._pop(tag)
        if opened is None:
            self.edit(tag.start, tag.end, "", "unwrap")
        elif (
            opened.raw == "<span>"
            and self.text[opened.end] == "["
            and self.text[tag.start - 1] == "]"
            and not self.anchors
        ):
            if not self._edited(tag.start - 1):
                self.edits[index] = (opened.start, opened.end + 1, "\\[", "guard")
                self.edit(tag.start - 1, tag.end, "\\]", "guard")
            else:
                self.edit(tag.start, tag.end, "", "span")
        else:
            self.edit(tag.start, tag.end, "", "span")

    def _guarded(self, tag: Tag, guard: re.Match[str]) -> bool:
        """`<span>[page 12]</span>`: a page of the old wiki becomes a link again."""
        href = self.links.guarded(tag, guard[1].strip())
        if href is not None:
            self.edit(tag.start, guard.start() + 1, "[", "guard")
            self.edit(guard.end() - len("]</span>"), guard.end(), f"]({href})", "guard")
        return href is not None

    def strong(self, tag: Tag) -> int | None:
        """`<b>` and `<strong>`."""
        return self._marked(tag, "**")

    def emphasis(self, tag: Tag) -> int | None:
        """`<i>` and `<em>`; an icon is an `<i>` with a class and nothing in it."""
        return self._marked(tag, "*")

    def _marked(self, tag: Tag, mark: str) -> int | None:
        if tag.closing:
            self._ends_marked(tag, mark)
            return None
        words = self._words(tag)
        if words and "*" not in self.text[tag.start - 1 : tag.start] + self.text[words.end() : words.end() + 1]:
            self.edits += (tag.start, tag.end, mark, "emphasis"), (*words.span(1), mark, "emphasis")
            return words.end()
        self._push(tag, mark, "emphasis")
        return None

    def _words(self, tag: Tag) -> re.Match[str] | None:
        """What an element holds, and its end tag as group 1, when it holds nothing but a few words."""
        words = WORDS.match(self.text, tag.end, min(tag.end + LONGEST_RAISED, self.walked_end))
        return words if words and words[2].lower() == tag.name else None

    def _ends_marked(self, tag: Tag, mark: str) -> None:
        opened, index = self._pop(tag)
        if opened is None:
            self.edit(tag.start, tag.end, "", "unwrap")
            return
        if tag.start - opened.end > LONGEST_MARKED:
            self.edits[index] = self._dropped(opened, "emphasis")
            self.edit(tag.start, tag.end, "", "emphasis")
            return
        first, last = self._between_breaks(opened.end, tag.start)
        content = self.text[first:last]
        before = self.text[max(opened.start - 1, 0) : opened.start] if first == opened.end else "\n"
        after = self.text[tag.end : tag.end + 1] if last == tag.start else "\n"
        shown = TAGS.sub("", content)
        empty = not shown.strip()
        lead, trail = len(content) - len(content.lstrip(" \t")), len(content) - len(content.rstrip(" \t"))
        inside = shown == shown.strip() or shown.strip() == content.strip() == content.strip(" \t")
        # A star that a letter touches on one side and a sign on the other opens nothing, and a backslash ends nothing.
        opens = lead or not before.isalnum() or shown.strip()[:1].isalnum()
        inside = inside and bool(opens) and not shown.rstrip().endswith("\\")
        fits = inside and "*" not in before + after and "*" not in (shown.strip()[:1], shown.strip()[-1:])
        if empty or not fits or (BLOCK_INSIDE.search(content) and not self.inline):
            rule = "icon" if empty and mark == "*" else "emphasis"
            self.edits[index] = self._dropped(opened, rule)
            self.edit(tag.start, tag.end, "", rule)
            return
        if first > opened.end:
            self.edits[index] = (opened.start, opened.end, "", "emphasis")
            self.edit(first, first + lead, mark, "emphasis")
        elif lead:
            self.edits[index] = (opened.start, opened.end + lead, (" " if before.strip() else "") + mark, "emphasis")
        glued = after.isalnum() and not shown.rstrip()[-1:].isalnum()
        apart = " " if glued or (trail and after.strip()) else ""
        if last < tag.start:
            self.edit(last, last, mark, "emphasis")
            self.edit(tag.start, tag.end, "", "emphasis")
        else:
            self.edit(tag.start - trail, tag.end, mark + apart, "emphasis")

    def _between_breaks(self, start: int, end: int) -> tuple[int, int]:
        """A range without the breaks at its edges: a mark of Markdown touches words."""
        if first := FIRST_BREAKS.match(self.text, start, end):
            start = first.end()
        if self.text[start:end].rstrip().endswith(">") and (last := LAST_BREAKS.search(self.text, start, end)):
            end = last.start()
        return start, end

    def kept(self, tag: Tag, rule: str = "unwrap") -> int | None:
        """`<sup>` and `<sub>` stay, without attributes, when they hold text of one line."""
        if not tag.closing and (words := self._words(tag)):
            self.edits += (tag.start, tag.end, f"<{tag.name}>", rule), (*words.span(1), f"</{tag.name}>", "unwrap")
            return words.end()
        if not tag.closing:
            self._opens(tag, len(self.edits))
            self._drop(tag, rule)
            return None
        opened, index = self._pop(tag)
        content = self.text[opened.end : tag.start] if opened and tag.start - opened.end <= LONGEST_RAISED else ""
        shown = html.unescape(MARKERS.sub("", content)).strip(" *_\n")
        if opened and shown and not BLOCK_INSIDE.search(content) and not MARKDOWN_BLOCK.search(content):
            inner = opened.end + len(content) - len(content.lstrip())  # a tag alone on its line is a block of HTML
            self.edits[index] = (opened.start, inner, f"<{tag.name}>", self.edits[index][3])
            self.edit(tag.start, tag.end, f"</{tag.name}>", rule)
        else:
            self.edit(tag.start, tag.end, "", rule)
        return None

    def line_break(self, tag: Tag, rule: str = "break") -> int | None:
        """`<br>` stays in table rows; elsewhere it is a hard break, or a blank where no line may end."""
        if self.tables or self.around.in_pipe_row(tag.start):
            self.edit(tag.start, tag.end, "<br>", rule)
        elif self.inline and self.inline == self.opened["p"] + self.opened["li"]:
            return self._hard_break(tag, rule)
        elif self.inline or self.around.in_heading(tag.start):
            self.edit(tag.start, tag.end, " ", rule)
        elif self.text.startswith("\n", tag.end):
            self.edit(tag.start, tag.end, "  ", rule)
        else:
            end, guard = self.around.unmarked(tag.end) if NO_ITEM.match(self.text, tag.end) else (tag.end, "")
            self.edit(tag.start, end, f"  \n{guard}", rule)
        return None

    def _hard_break(self, tag: Tag, rule: str) -> int:
        """The breaks at a place in a paragraph or an item of HTML: two part paragraphs, and none is at an edge."""
        block, level = next(element for element in reversed(self.open) if element[0].name in ("p", "li"))
        end = BREAKS.match(self.text, tag.end).end()  # type: ignore[union-attr]  # it matches nothing, too
        between = self.text[tag.end : end]
        if BLOCK_END.match(self.text, end) or ONLY_TAGS.fullmatch(self.text, block.end, tag.start):
            self.edit(tag.start, end, "", rule)
            return end
        indent = " " * 4 * min(max(level, 1), DEEPEST_LIST) if block.name == "li" else ""
        parts = self.open[-1][0].name == "p" and ("<" in between or between.count("\n") > 1)
        end, guard = self.around.unmarked(end)
        self.edit(tag.start, end, ("\n\n" if parts else f"\\\n{indent}") + guard, rule)
        return end

    def horizontal(self, tag: Tag, rule: str = "block") -> None:
        """`<hr>`."""
        gap = self._gap(tag.start)
        self.edit(tag.start, tag.end, f"{gap}---{gap}" if gap == "\n\n" else gap, rule)

    def image(self, tag: Tag) -> None:
        """`<img>`; one that stands for a lost file goes and is reported."""
        end = tag.end + self.text.startswith("}", tag.end)
        if self.links.loses_image(tag):
            self.edit(tag.start, end, "", "lost-image")
        elif image := self.links.image(tag):
            self.edit(tag.start, end, image, "image")
        else:
            self.edit(tag.start, tag.end, "", "image")

    def anchor(self, tag: Tag) -> None:
        """`<a href>` becomes a Markdown link, `<a name>` goes."""
        if not tag.closing:
            if self.around.is_closed(tag.end, ANCHOR_END):
                self._push(tag, "", "anchor")
                self.inline += 1
                self.anchors += 1
            else:
                self._drop(tag, "unwrap")
            return
        opened, index = self._pop(tag)
        if opened is None:
            self.edit(tag.start, tag.end, "", "unwrap")
            return
        inner = self.text[opened.end : tag.start]
        label = html.unescape(TAGS.sub("", inner) if "<" in inner else inner)
        before, after, rule = self.links.anchor(opened, label)
        if not label.strip(" *_\n") and "<img" not in inner.lower():
            before = after = ""
        if before == "[" and OUTER_END.match(self.text, tag.end) and OUTER_START.search(self.text, 0, opened.start):
            before = after = ""  # of two links around one text the outer one wins
        self.edits[index] = (opened.start, opened.end, before, rule)
        self.edit(tag.start, tag.end, after, rule)

    # --- blocks of HTML ---------------------------------------------------------------------

    def block(self, tag: Tag) -> None:
        """Sections: their edges become blank lines."""
        self._end_paragraph()
        self._drop(tag, "block", self._gap(tag.start))

    def paragraph(self, tag: Tag) -> None:
        """`<p>`: its text is one paragraph, however many lines the old wiki made of it."""
        if tag.closing:
            self._pop(tag)
            self.edit(tag.start, tag.end, self._gap(tag.start), "block")
            return
        self._end_paragraph()
        gap = self._gap(tag.start)
        self._drop(tag, "block", gap)
        if gap == "\n\n" and self.around.is_closed(tag.end, PARAGRAPH_END):
            self._opens(tag, len(self.edits) - 1)
            self.inline += 1

    def _gap(self, offset: int) -> str:
        """What parts blocks: a blank line, or a blank where all must stay on one line."""
        if self.tables and not self.tables[-1].in_cell:
            return ""
        return " " if self.inline or self.around.in_pipe_row(offset) else "\n\n"

    def division(self, tag: Tag) -> None:
        """`<div>`: a box, or a section without a meaning."""
        self._end_paragraph()
        gap = self._gap(tag.start)
        if not tag.closing:
            names = tag.attributes().get("class", "").lower().split()
            if gap == "\n\n" and not {"border", "box", "legacy-box"}.isdisjoint(names):
                self._opens(tag, -1)
                self._open_box(tag.start, tag.end, "")
                self._glue(tag.end)
            else:
                self._opens(tag, len(self.edits))
                self._drop(tag, "block", gap)
            return
        opened, index = self._pop(tag)
        if opened is None and self.box_open:
            self._close_box(tag.start, tag.end)
        elif opened is None:
            self.find("box.orphan-end", tag.start, "</div> without its beginning", "removed")
            self.edit(tag.start, tag.end, gap, "box-end")
        elif index == -1:
            self._close_box(tag.start, tag.end)
        else:
            self.edit(tag.start, tag.end, gap, "block")

    def _glue(self, start: int) -> None:
        """The lines of a box, unless it stands in a box whose lines are these."""
        if start >= self.glued_end:
            self.glued_end = glued_end(self.text, start)
            self.glued += glued_lines(self.text, start, self.glued_end)

    def _open_box(self, start: int, end: int, title: str) -> None:
        gap = " " if self.around.in_item(start) else self._gap(start)
        if title:
            title = re.sub(r"([\\`*_\[\]])", r"\\\1", html.unescape(title).strip())
            title = title.replace("&", "&amp;").replace("<", "&lt;")
        if self.box_open or gap == " ":  # boxes do not nest in clean Markdown: the inner one goes on in the outer
            self.edit(start, end, gap + (f"**{title}**{gap}" if title else ""), "box")
            return
        self.box_open = True
        heading = f"**{title}**\n\n" if title else ""
        self.edit(start, end, f"\n\n{BOX_START}\n\n{heading}", "box")

    def _close_box(self, start: int, end: int) -> None:
        if not self.box_open and self.around.in_item_line(start):
            self.edit(start, end, "", "box")
        elif not self.box_open:
            self.find("box.orphan-end", start, "the end of a box that is not open", "removed")
            self.edit(start, end, self._gap(start), "box-end")
        if not self.box_open:
            return
        self.box_open = any(index == -1 for _, index in self.open)
        self.edit(start, end, "\n\n" if self.box_open else "\n\n</div>\n\n", "box")

    def heading(self, tag: Tag) -> None:
        """`<h2>` becomes `## ` with its text on one line."""
        self._end_paragraph()
        gap = self._gap(tag.start)
        if tag.closing:
            if self._pop(tag)[0]:
                gap = self._gap(tag.start)
            self.edit(tag.start, tag.end, gap, "block")
        elif gap == "\n\n" and self.around.is_closed(tag.end, HEADING_END, HEADING_BLOCK):
            self._push(tag, f"\n\n{'#' * HEADINGS[tag.name]} ", "block")
            self.inline += 1
        else:
            self.find("html.unwrapped", tag.start, f"heading {short(tag.raw)}", "removed; its text stays")
            self._drop(tag, "block", gap)

    def list(self, tag: Tag) -> None:
        """`<ul>` and `<ol>`."""
        self._end_paragraph()
        outermost = len(self.lists) <= (1 if tag.closing else 0)
        if not tag.closing:
            self.lists.append(number_of(tag, "start", 1) if tag.name == "ol" else None)
        elif self.lists:
            self._end_item()
            self.lists.pop()
        self.edit(tag.start, tag.end, self._gap(tag.start) if outermost else "", "block")

    def item(self, tag: Tag) -> None:
        """`<li>`: a line of its own, nested by four columns."""
        self._end_paragraph()
        self._end_item()
        if tag.closing or self.tables or self.around.in_pipe_row(tag.start):
            self.edit(tag.start, tag.end, "<br>" if not tag.closing else "", "block")
            return
        depth = min(max(len(self.lists) - 1, 0), DEEPEST_LIST)
        number = self.lists[-1] if self.lists else None
        if number is not None:
            number = number_of(tag, "value", number)
            self.lists[-1] = number + 1
        bullet = "*" if number is None else f"{number}."
        self.edit(tag.start, tag.end, f"\n{' ' * 4 * depth}{bullet} ", "block")
        if ITEM_END.search(self.text, tag.end):
            self._opens(tag, len(self.lists))
            self.inline += 1

    def _end_item(self) -> None:
        """Close the open item of the innermost list, and what is open in it."""
        place = self._open_item(len(self.lists))
        if place is None:
            return
        for tag, _ in self.open[place:]:
            self._left(tag.name)
        del self.open[place:]

    def _open_item(self, depth: int) -> int | None:
        """The place of the open item of a list at a depth; items of outer lists stand before it."""
        for place in range(len(self.open) - 1, -1, -1):
            tag, level = self.open[place]
            if tag.name == "li" and level <= depth:
                return place if level == depth else None
        return None

    def _end_paragraph(self) -> None:
        """A block ends the paragraph that is open."""
        if self.open and self.open[-1][0].name == "p":
            self.open.pop()
            self._left("p")

    def table(self, tag: Tag) -> None:
        """`<table>`: a pipe table, or only its text when it holds another table."""
        self._end_paragraph()
        if tag.closing:
            end = self._row_end() if self.tables else ""
            if self.tables:
                self.tables.pop()
            self.edit(tag.start, tag.end, end + self._gap(tag.start), "table")
            return
        gap = self._gap(tag.start)
        end_tag = TABLE_TAG.search(self.text, tag.end)
        simple = end_tag is not None and end_tag[0].startswith("</") and gap == "\n\n" and not self.tables
        columns = self._columns(tag.end, end_tag.start()) if simple and end_tag else 0
        if 0 < columns <= MOST_COLUMNS:
            self.tables.append(_Table(columns))
        self.edit(tag.start, tag.end, gap, "table")

    def _columns(self, start: int, end: int) -> int:
        """The most cells in a row of an HTML table."""
        return max(map(len, "".join(ROW_OR_CELL.findall(self.text, start, end)).lower().split("r")))

    def row(self, tag: Tag) -> None:
        """`<tr>`."""
        self.edit(tag.start, tag.end, self._row_end() if self.tables else self._gap(tag.start), "table")

    def cell(self, tag: Tag) -> int | None:
        """`<td>` and `<th>`; all tags between two cells are taken together."""
        if not self.tables:
            self.edit(tag.start, tag.end, " " if tag.closing else self._gap(tag.start), "table")
            return None
        table = self.tables[-1]
        between = NEXT_CELL.match(self.text, tag.end) if tag.closing and table.in_cell else None
        if between is None and tag.closing:
            self.edit(tag.start, tag.end, self._cell_end(), "table")
            return None
        stop = between.end() if between else tag.end
        self._next_cell(table, tag.start, stop, new_row=between is not None and between[1] is not None)
        while plain := PLAIN_CELL.match(self.text, stop, self.walked_end):
            start, stop = plain.span(1)
            self._next_cell(table, start, stop, new_row=plain[2] is not None)
        return stop

    def _next_cell(self, table: _Table, start: int, stop: int, *, new_row: bool) -> None:
        """The tags before a cell: the end of the cell or of the row before it, and its own."""
        if table.in_cell and not new_row:
            self.edits.append((start, stop, " | ", "table"))
        else:
            end = self._row_end() if new_row else ""
            self.edits.append((start, stop, end + (" " if table.cells else "| "), "table"))
            table.in_cell = True
            self.inline += 1
        table.cells += 1

    def _cell_end(self) -> str:
        """What ends the open cell of the table, if there is one."""
        table = self.tables[-1]
        if not table.in_cell:
            return ""
        table.in_cell = False
        self.inline -= 1
        return " |"

    def _row_end(self) -> str:
        """What ends the open row: its missing cells, and below the first row the divider."""
        table, end = self.tables[-1], self._cell_end()
        if not table.cells:
            return end
        padding = " |" * (table.columns - table.cells)
        divider = "" if table.rows else "\n|" + " --- |" * table.columns
        table.rows += 1
        table.cells = 0
        return f"{end}{padding}{divider}\n"

    # --- open elements ----------------------------------------------------------------------

    def _push(self, tag: Tag, replacement: str, rule: str) -> None:
        self._opens(tag, len(self.edits))
        self.edit(tag.start, tag.end, replacement, rule)

    def _opens(self, tag: Tag, index: int) -> None:
        self.open.append((tag, index))
        self.opened[tag.name] += 1

    def _pop(self, closing: Tag) -> tuple[Tag, int] | tuple[None, int]:
        """The element that a tag closes, if it is open inside the innermost section, and the number of its edit."""
        name = closing.name
        if not self.opened[name]:
            return NOTHING
        for place in range(len(self.open) - 1, -1, -1):
            element = self.open[place]
            if element[0].name == name:
                del self.open[place]
                self._left(name)
                return element
            if element[0].name in BARRIERS and name not in BARRIERS:
                return NOTHING
        return NOTHING

    def _left(self, name: str) -> None:
        self.opened[name] -= 1
        if name in ON_ONE_LINE:
            self.inline -= 1
        if name == "a":
            self.anchors -= 1

    def _close_all(self) -> None:
        """The end of the body: what is still open is closed, or its mark goes."""
        while self.tables:
            self.edit(len(self.text), len(self.text), self._row_end(), "table")
            self.tables.pop()
        for tag, index in self.open:
            if tag.name in STRONG or tag.name in EMPHASIS:
                self.edits[index] = self._dropped(tag, "emphasis")
        if self.box_open:
            opened = next((tag.start for tag, index in self.open if index == -1), 0)
            self.find("box.unclosed", opened, "a box that is open at the end of the page", "closed at the end")
            self.complete = False


class _Passed:
    """What the walk must know of marks and plugins of the old wiki that it came by."""

    def __init__(self) -> None:
        self.literal_end = 0
        """Where the text ends that marks guard."""
        self.next_code = 0
        """Where the end of a code plugin comes next."""
        self.markers = 0, 0, False
        """Where the last run of removed markers begins and ends, and whether it parts words."""


class _Table:
    """An HTML table on its way to pipes."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.rows = 0
        self.cells = 0
        self.in_cell = False


Handler = Callable[[Walk, re.Match[str]], int | None]

# By the character that it begins with: the first pattern that fits.
HANDLERS: dict[str, tuple[tuple[re.Pattern[str], Handler], ...]] = {
    "<": (
        (re.compile(r"<(?=[ \t])"), Walk.less),
        (AUTOLINK, Walk.auto),
        (re.compile("<!--"), Walk.comment),
        (DECLARATION, Walk.declaration),
        (ANY, Walk.less),
    ),
    "&": ((BLANKS, Walk.blank), (ENTITY, Walk.entity)),
    "{": ((SHORTCODE, Walk.shortcode), (MARKER, Walk.marker)),
    **dict.fromkeys(ODD_BLANKS, ((BLANKS, Walk.blank),)),
    "~": ((MARK, Walk.mark),),
    "\\": ((ESCAPE, Walk.escape),),
    "\n": ((LINES, Walk.lines),),
    "|": ((ANY, Walk.pipe),),
    "[": ((ANY, Walk.bracket),),
    "]": ((ANY, Walk.bracket),),
}
OTHERS: tuple[tuple[re.Pattern[str], Handler], ...] = (
    (MOJIBAKE, Walk.mojibake),
    (INVISIBLES, Walk.invisible),
    (SEPARATORS, Walk.separator),
    (TYPES, Walk.typography),
)

ELEMENTS: dict[str, Callable[[Walk, Tag], int | None]] = {
    "span": Walk.span,
    "a": Walk.anchor,
    "img": Walk.image,
    "br": Walk.line_break,
    "hr": Walk.horizontal,
    "p": Walk.paragraph,
    "div": Walk.division,
    **dict.fromkeys(("ul", "ol", "dir", "menu"), Walk.list),
    "li": Walk.item,
    "table": Walk.table,
    "tr": Walk.row,
    "td": Walk.cell,
    "th": Walk.cell,
    **dict.fromkeys(STRONG, Walk.strong),
    **dict.fromkeys(EMPHASIS, Walk.emphasis),
    **dict.fromkeys(KEPT, Walk.kept),
    **dict.fromkeys(HEADINGS, Walk.heading),
    **dict.fromkeys(BLOCKS, Walk.block),
}
