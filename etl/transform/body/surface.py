"""The surface of a body: remnants, characters and inline HTML become plain Markdown.

One walk from left to right over everything that is not prose: comments, tags, shortcodes, plugin
markers, entities, odd characters. HTML is read tag by tag, never by a parser of whole documents,
because the text between the tags is Markdown and must keep its bytes. Code stays untouched.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from etl.settings import Settings
from etl.transform.body.edits import Edit, Revision
from etl.transform.body.links import SPOKEN_ID, WWW, NAME_WORDS, Destination, Linker, encoded, is_prose
from etl.transform.body.parse import parse

ATTRIBUTES = r"(?:[^<>\"']|\"[^\"]*\"|'[^']*')*"
BLANK = r"(?:[\u00a0\u2000-\u200a\u202f\u205f\u3000]|&(?:nbsp|ensp|emsp|thinsp|hairsp|#160|#x[aA]0);)"
INVISIBLE = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb"
)
ODD = rf"<{{~&\\\\{INVISIBLE}\u00a0\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Where something may begin that is not prose: outside of HTML, and where everything must stay on one line.
OUTSIDE = re.compile(f"[{ODD}]")
ONE_LINE = re.compile(rf"[ \t]*\n|[{ODD}|]")

TAG = re.compile(rf"</?([a-zA-Z][a-zA-Z0-9:]*)(?:[\s/]{ATTRIBUTES}|[\s/][^<>]*)?>")
AUTOLINK = re.compile(r"<(?:[a-zA-Z][a-zA-Z0-9+.-]+:[^\s<>]*|[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+)>")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
DECLARATION = re.compile(r"<!\[?[a-zA-Z][^<>]*>|<\?.*?\?>", re.DOTALL)
SHORTCODE = re.compile(r"\{\{[<%].*?[>%]\}\}(?:[ \t]*\n\s*-{3,}[ \t]*(?=\n|\Z))?", re.DOTALL)
MARKER = re.compile(
    r"\{/?[A-Z][A-Z0-9_]+(?:\((?:[^(){}]|\([^(){}]*\))*\)?)?\s*/?\}"
    r"|\{(?:img|redirect|module|include|category|maketoc|toc|attach|file)\b[^{}\n]*\}"
)
MARK = re.compile(r"~/?(?:hs|np|pp|tc|hc|tex)~|~~#?[A-Fa-f0-9]{3,6}:|~~")
BLANKS = re.compile(rf"{BLANK}(?:[ \t]|{BLANK})*")
ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
LINES = re.compile(r"[ \t]*\n\s*")
INVISIBLES = re.compile(f"[{INVISIBLE}]+")
SEPARATORS = re.compile("[\u2028\u2029]+")

LINE_START = re.compile(r"[ \t>]*(?:(?:[*+-]|\d{1,9}[.)]|#{1,6})[ \t]+)?")
RULE_LINE = re.compile(r"^[ \t]*[-\u2013\u2014](?:[ \t]*[-\u2013\u2014])+[ \t]*\\?[ \t]*$", re.MULTILINE)
ANGLED = re.compile(r"<[^<>\n]*>(?=\s*\))")
WIKI_LINK = re.compile(r"\(\(([^()<>\n|]{1,160}?)\s*(?:\|([^()<>\n]*))?\)\)")
MARKDOWN_BLOCK = re.compile(r"\n[ \t]*(?:[*+-][ \t]|#{1,6}[ \t]|\||>|\d{1,9}[.)][ \t])")
ANCHOR_NAME = re.compile(r"[\w:.-]{1,80}(?:\||(?=\{ANAME\}))")
ATTRIBUTE = re.compile(r"([a-zA-Z_:][\w:.-]*)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
MAYBE_CODE = re.compile(r"`|~~~|(?m:^(?: {4}| {0,3}\t))")
DEBUG = re.compile(r"\s*(?:<code[^>]*>)?\s*Markdown:\s*\n.*Original Tiki:", re.DOTALL)
PIXELS = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*")
STYLE_WIDTH = re.compile(r"(?:max-)?width\s*:\s*(\d{1,5})\s*px")
SPECIAL = frozenset("*_[]`#|~\\")
LIST_MACRO = re.compile(r"\{(?:LIST|CATEGORY|LISTPAGES)\b", re.IGNORECASE)
HEADING_BEFORE = re.compile(r"^#{1,6}[ \t][^\n]*\s*\Z", re.MULTILINE)
BOX_TITLE = re.compile(r"title\s*=>?\s*[\"']?([^\"',)]*)")
FILE_ID = re.compile(r"(?:attId|fileId|id|src)\s*=>?\s*[\"']?([^\"')}]+)", re.IGNORECASE)

STRONG = frozenset(("b", "strong"))
EMPHASIS = frozenset(("i", "em"))
KEPT = frozenset(("sup", "sub"))
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = frozenset(
    """address article aside blockquote body caption center dd details dl dt fieldset figcaption figure footer form
    header hgroup html legend main nav noscript option section select summary tbody tfoot thead""".split()
)
HIDDEN = frozenset("script style head title svg math object embed applet template xml audio video canvas map".split())
VOID = frozenset("area base basefont bgsound col frame frameset input keygen link meta param source track wbr colgroup".split())
INLINE = frozenset(
    """abbr acronym bdi bdo big blink button cite code data del dfn font ins kbd label mark marquee meter nobr output
    progress q rp rt ruby s samp small span strike textarea time tt u var""".split()
)


class Tag(NamedTuple):
    """A tag as it stands in the source."""

    name: str
    start: int
    end: int
    closing: bool
    raw: str

    def attributes(self) -> dict[str, str]:
        """Attribute values, decoded; the first of two of a name wins, as in browsers."""
        found: dict[str, str] = {}
        for match in ATTRIBUTE.finditer(self.raw):
            found.setdefault(match[1].lower(), html.unescape(match[2] or match[3] or match[4] or ""))
        return found


class Surface:
    """One walk over a body; the lists it leaves are what the document needs to know of it."""

    def __init__(self, revision: Revision, settings: Settings, linker: Linker) -> None:
        self.revision = revision
        self.settings = settings
        self.linker = linker
        self.text = revision.text
        self.edits: list[Edit] = []
        self.open: list[tuple[Tag, int]] = []
        """Open elements, each with the number of its edit in ``edits``."""
        self.inline = 0
        """How many open elements hold one line: headings, links, list items, cells."""
        self.tables: list[_Table] = []
        self.lists: list[int | None] = []
        self.colours = 0
        """How many colours of the old wiki are open."""
        self.box_open = False
        self.complete = True
        self.unlinked: list[tuple[int, str, Destination]] = []
        """Links that became text: source offset, address as it was, and why."""
        self.widths: dict[str, list[int | None]] = {}
        """Widths of images by address, in order."""
        self.lost_images: list[tuple[int, str]] = []
        """Images that stand for a lost file: source offset and address."""

    # --- the walk ---------------------------------------------------------------------------

    def run(self) -> None:
        """Collect and apply all edits of the surface."""
        code = _code_ranges(self.text)
        if OUTSIDE.search(self.text):
            at = 0
            for start, end in [*code, (len(self.text), len(self.text))]:
                self._walk(at, start)
                at = max(at, end)
            self._close_all()
        self.revision.apply([*self.edits, *self._lines(code)])

    def _walk(self, at: int, end: int) -> None:
        text = self.text
        while at < end:
            odd = (ONE_LINE if self.inline or self.tables else OUTSIDE).search(text, at, end)
            if odd is None:
                return
            at = odd.start()
            at = self._handle(odd[0][-1], at, end) or at + 1

    def _handle(self, char: str, at: int, end: int) -> int | None:
        """What begins at a place; returns where to go on, None when it is prose after all."""
        for pattern, handler in HANDLERS.get(char, OTHERS):
            token = pattern.match(self.text, at, end)
            if token is not None:
                return handler(self, token) or token.end()
        return None

    def _lines(self, code: Sequence[tuple[int, int]]) -> Iterator[Edit]:
        """Rules made of any dashes, and links of the old wiki that nobody parsed."""
        found = [(match, "---", "rule") for match in RULE_LINE.finditer(self.text) if match[0] != "---"] if "-" in self.text or "\u2013" in self.text else []
        if "((" in self.text:
            found += [(match, link, "wiki-link") for match in WIKI_LINK.finditer(self.text) if (link := self._wiki_link(match))]
        for match, replacement, rule in found:
            if not any(start <= match.start() < end for start, end in code):
                yield Edit(match.start(), match.end(), replacement, rule)

    def _wiki_link(self, match: re.Match[str]) -> str | None:
        """`((Page|text))` becomes a link when it is a page, or text when it can be nothing else."""
        name, label = match[1].strip(), (match[2] or match[1]).strip()
        destination = self.linker.page(name)
        if destination is not None:
            return f"[{label}]({destination.href})"
        if match[2] is None:
            return None
        self._unlink(match.start(), name, Destination(None, "legacy", "dangling", None, "link.dangling"))
        return label

    def edit(self, start: int, end: int, replacement: str, rule: str) -> None:
        """Ask for a change."""
        self.edits.append(Edit(start, end, replacement, rule))

    def find(self, code: str, offset: int, message: str, action: str = "") -> None:
        """Report something about the source."""
        self.revision.find(code, offset, message, action)

    # --- remnants ---------------------------------------------------------------------------

    def comment(self, token: re.Match[str]) -> None:
        """`<!-- ... -->`: goes; with a dynamic list in it, the heading before it goes too."""
        start, end = token.span()
        inner = token[0][4:-3]
        words = " ".join(inner.replace("~tc~", " ").replace("~/tc~", " ").split())
        self.find("comment.removed", start, f"comment {_short(words)}", "removed")
        self.edit(start, end, "", "comment")
        if LIST_MACRO.search(inner):
            heading = HEADING_BEFORE.search(self.text, self.text.rfind("\n#", 0, start) + 1, start)
            if heading and not any(edit.start >= heading.start() for edit in self.edits[:-1]):
                self.find("list.removed", heading.start(), f"heading {_short(heading[0].strip())} of a dynamic list", "removed with the list")
                self.edit(heading.start(), start, "", "dynamic-list")

    def declaration(self, token: re.Match[str]) -> None:
        """`<!DOCTYPE …>`, `<?xml …?>`, `<![endif]>`."""
        self.edit(*token.span(), "", "declaration")

    def shortcode(self, token: re.Match[str]) -> None:
        """`{{< toc >}}`, and the rule right behind it."""
        self.find("shortcode.removed", token.start(), f"shortcode {_short(token[0].split('}}')[0] + '}}')}", "removed")
        self.edit(*token.span(), "\n\n", "shortcode")

    def marker(self, token: re.Match[str]) -> int | None:
        """`{NAME(arguments)}` and `{NAME}`: boxes, images and sub- or superscript have a meaning."""
        name = re.sub(r"[^A-Za-z_0-9].*", "", token[0].lstrip("{/"), flags=re.DOTALL).upper()
        opening = "(" in token[0] or token[0][1:2].islower()
        if name == "BOX":
            self._tiki_box(token, opening=opening)
        elif name == "IMG":
            self._tiki_image(token, opening=opening)
        elif name in ("SUB", "SUP"):
            self.edit(*token.span(), f"<{'' if opening else '/'}{name.lower()}>", "tiki-marker")
        else:
            anchor = ANCHOR_NAME.match(self.text, token.end()) if name == "ANAME" and opening else None
            end = anchor.end() if anchor else token.end()
            self.find("markup.removed", token.start(), f"plugin marker {_short(self.text[token.start():end])}", "removed; its inner text stays")
            self.edit(token.start(), end, "", "tiki-marker")
            return end
        return None

    def _tiki_box(self, token: re.Match[str], *, opening: bool) -> None:
        if not opening:
            self._close_box(token.start(), token.end())
            return
        title = BOX_TITLE.search(token[0])
        self._open_box(token.start(), token.end(), title[1].strip() if title else "")

    def _tiki_image(self, token: re.Match[str], *, opening: bool) -> None:
        self.edit(*token.span(), "", "lost-image")
        if opening:
            for number in (FILE_ID.search(token[0]) or ["", token[0]])[1].split(","):
                self._lost_image(token.start(), number.strip())

    def mark(self, token: re.Match[str]) -> None:
        """`~hs~` is a hard blank, `~~#F00:text~~` a colour; the others only guarded what is between them."""
        mark = token[0]
        if not mark.startswith("~~"):
            self.edit(*token.span(), " " if mark == "~hs~" else "", "tiki-mark")
        elif mark != "~~":
            self.colours += 1
            self.find("markup.removed", token.start(), f"colour {mark!r}", "removed; its inner text stays")
            self.edit(*token.span(), "", "tiki-colour")
        elif self.colours:
            self.colours -= 1
            self.edit(*token.span(), "", "tiki-colour")

    # --- characters -------------------------------------------------------------------------

    def less(self, token: re.Match[str]) -> int | None:
        """A `<` that opens nothing, or the address of a Markdown link."""
        angled = ANGLED.match(self.text, token.start())
        if angled and self.text[token.start() - 2 : token.start()] == "](":
            return angled.end()
        if self._in_destination(token.start()):
            self.edit(*token.span(), "%3C", "address")
        else:
            self.edit(*token.span(), "&lt;", "less-than")
        return None

    def escape(self, token: re.Match[str]) -> None:
        """A backslash and what it escapes: `\\<` has one spelling, all else stays."""
        if token[0] == "\\<":
            self.edit(*token.span(), "&lt;", "less-than")
        elif token[0] == "\\\n" and self.inline:
            self.edit(*token.span(), " ", "break")

    def entity(self, token: re.Match[str]) -> None:
        """An entity becomes its character, but for `&lt;`, `&gt;` and `&amp;`."""
        char = html.unescape(token[0])
        if char == token[0]:
            return
        if char in "<>&":
            replacement = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}[char]
        elif char.isspace():
            replacement = " "
        elif not char.isprintable():
            replacement = ""
        else:
            replacement = "\\" + char if char in SPECIAL else char
        self.edit(*token.span(), replacement, "entity")

    def blank(self, token: re.Match[str]) -> None:
        """No-break and typographic blanks; nothing at the start of a line, where blanks would make code."""
        start, end = token.span()
        if LINE_START.fullmatch(self.text, self.text.rfind("\n", 0, start) + 1, start):
            self.edit(start, end, "", "odd-blank")
        elif self._in_destination(start) and self.text[end : end + 1] not in " \t\n":
            self.edit(start, end, "%20", "address")
        else:
            hard_break = token[0].endswith("  ") and self.text.startswith("\n", end)
            self.edit(start, end, "  " if hard_break else " ", "odd-blank")

    def _in_destination(self, offset: int) -> bool:
        """Whether a place is inside the address of a Markdown link."""
        start = self.text.rfind("](", self.text.rfind("\n", 0, offset) + 1, offset)
        address = self.text[start + 2 : offset] if start >= 0 else " "
        return not any(char in " \t" for char in address) and address.count("(") >= address.count(")")

    def invisible(self, token: re.Match[str]) -> None:
        """Characters without a shape."""
        self.edit(*token.span(), "", "invisible")

    def separator(self, token: re.Match[str]) -> None:
        """U+2028 and U+2029."""
        self.edit(*token.span(), " " if self.inline else "\n", "line-separator")

    def lines(self, token: re.Match[str]) -> None:
        """Line ends inside what must stay on one line."""
        if self.tables and self.tables[-1].between_cells:
            self.edit(*token.span(), "", "table")
        elif self.inline:
            self.edit(*token.span(), " ", "block")

    def pipe(self, token: re.Match[str]) -> None:
        """A pipe inside the cell of an HTML table."""
        if self.tables and not self.tables[-1].between_cells:
            self.edit(*token.span(), "\\|", "table")

    def auto(self, token: re.Match[str]) -> None:
        """`<https://…>` stays a link, `<javascript:…>` becomes text, mail addresses stay text."""
        address = token[0][1:-1]
        if ":" not in address.partition("@")[0]:
            self.edit(*token.span(), address, "unlink")
            return
        destination = self.linker.resolve(address)
        if destination.href is None:
            self._unlink(token.start(), address, destination)
            self.edit(*token.span(), address, "unlink")

    # --- HTML -------------------------------------------------------------------------------

    def tag(self, token: re.Match[str]) -> int | None:
        """Any tag, by its element."""
        if self.text[token.start() - 2 : token.start()] == "](":
            return self.less(token)
        raw, name = token[0], token[1].lower()
        tag = Tag(name, token.start(), token.end(), raw[1] == "/", raw)
        if (handler := ELEMENTS.get(name)) is not None:
            handler(self, tag)
            return None
        if name == "x" and not tag.closing:
            self.edit(tag.start, tag.end, "", "stray-tag")
            return None
        if name in HIDDEN:
            return self._hidden(tag)
        if name == "pre" and not tag.closing:
            return self._preformatted(tag)
        if name in ("iframe", "frame"):
            return self._frame(tag)
        if name in VOID or name in INLINE or ":" in name or name == "pre":
            self._unwrapped(tag)
            return None
        self.edit(tag.start, tag.start + 1, "&lt;", "less-than")
        return tag.start + 1

    def _unwrapped(self, tag: Tag) -> None:
        if not tag.closing:
            self.find("html.unwrapped", tag.start, f"tag {_short(tag.raw)}", "removed; its text stays")
        self.edit(tag.start, tag.end, "", "unwrap")

    def _hidden(self, tag: Tag) -> int | None:
        """Scripts, styles and the like go with all that is in them."""
        end = re.compile(rf"</{tag.name}\s*>", re.IGNORECASE).search(self.text, tag.end) if not tag.closing else None
        stop = end.end() if end and not tag.raw.endswith("/>") else tag.end
        self.find("html.removed", tag.start, f"<{tag.name}> with {stop - tag.start} characters", "removed")
        self.edit(tag.start, stop, "", "script")
        return stop

    def _frame(self, tag: Tag) -> int | None:
        """A frame becomes a link to what it showed."""
        source = tag.attributes().get("src", "")
        end = re.compile(r"</iframe\s*>", re.IGNORECASE).search(self.text, tag.end) if not tag.closing else None
        stop = end.end() if end else tag.end
        destination = self.linker.resolve(source) if source and not tag.closing else None
        link = f"<{destination.href}>" if destination and destination.href and "://" in destination.href else ""
        if not tag.closing:
            self.find("html.removed", tag.start, f"frame of {_short(source)}", "replaced by a link" if link else "removed")
        self.edit(tag.start, stop, link, "script" if not link else "image")
        return stop

    def _preformatted(self, tag: Tag) -> int | None:
        """`<pre>` becomes a fenced code block; a debug dump at the end of the page goes."""
        if DEBUG.match(self.text, tag.end):
            self.find("debug.removed", tag.start, f"debug dump of {len(self.text) - tag.start} characters", "removed to the end of the page")
            self.edit(tag.start, len(self.text), "", "debug")
            return len(self.text)
        end = re.compile(r"</pre\s*>", re.IGNORECASE).search(self.text, tag.end)
        if end is None or self.inline:
            self._unwrapped(tag)
            return None
        inner = self.text[tag.end : end.start()]
        code = html.unescape(re.sub(r"</?[a-zA-Z][^<>]*>", "", inner)).strip("\n").rstrip()
        fence = "`" * max([2, *map(len, re.findall(r"`+", code))]) + "`"
        self.edit(tag.start, end.end(), f"\n\n{fence}\n{code}\n{fence}\n\n" if code.strip() else "\n\n", "preformatted")
        return end.end()

    def span(self, tag: Tag) -> None:
        """Spans go; one that only guards a bracket hands it over as a literal one."""
        if not tag.closing:
            guard = re.compile(r"\[([^<>\[\]]*)\]</span>").match(self.text, tag.end)
            if tag.raw == "<span>" and guard and self._guarded(tag, guard):
                return
            bracket = tag.raw == "<span>" and self.text.startswith("[", tag.end)
            self._push(tag, "\\[" if bracket else "", "guard" if bracket else "span", width=int(bracket))
            return
        opened = self._pop(tag)
        start = tag.start
        if opened and opened.raw == "<span>" and self.text.startswith("[", opened.end) and self.text[start - 1] == "]":
            covered = self.edits and self.edits[-1].end > start - 1
            if not covered:
                self.edit(start - 1, tag.end, "\\]", "guard")
                return
        self.edit(start, tag.end, "", "span" if opened else "unwrap")

    def _guarded(self, tag: Tag, guard: re.Match[str]) -> bool:
        """`<span>[page 12]</span>`: a page of the old wiki becomes a link again."""
        inner = guard[1].strip()
        destination: Destination | None = None
        if spoken := SPOKEN_ID.search(inner):
            destination = self.linker.resolve(f"tiki-index.php?page_id={int(spoken[1])}", inner)
        elif WWW.fullmatch(inner):
            destination = self.linker.resolve(f"http://{inner}")
        elif inner.count(" ") >= NAME_WORDS - 1:
            destination = self.linker.page(inner)
        if destination is None:
            return False
        if destination.href is None:
            self._unlink(tag.start, inner, destination)
            return False
        self.edit(tag.start, guard.start() + 1, "[", "guard")
        self.edit(guard.end() - len("]</span>"), guard.end(), f"]({destination.href})", "guard")
        return True

    def strong(self, tag: Tag) -> None:
        """`<b>` and `<strong>`."""
        self._marked(tag, "**")

    def emphasis(self, tag: Tag) -> None:
        """`<i>` and `<em>`; an icon is an `<i>` with a class and nothing in it."""
        self._marked(tag, "*")

    def _marked(self, tag: Tag, mark: str) -> None:
        if not tag.closing:
            self._push(tag, mark, "emphasis")
            return
        index = self._open_index(tag.name)
        opened = self._pop(tag)
        if opened is None:
            self.edit(tag.start, tag.end, "", "unwrap")
            return
        content = self.text[opened.end : tag.start]
        before, after = self.text[opened.start - 1 : opened.start], self.text[tag.end : tag.end + 1]
        empty = not re.sub(r"<[^<>]*>|\s", "", content)
        if empty or (re.search(r"\n\s*\n", content) and not self.inline) or content != content.strip() or "*" in before + after:
            rule = "icon" if empty and mark == "*" else "emphasis"
            self.edits[index] = self.edits[index]._replace(replacement="", rule=rule)
            self.edit(tag.start, tag.end, "", rule)
            return
        glued = after.isalnum() and not content[-1:].isalnum()
        self.edit(tag.start, tag.end, mark + (" " if glued else ""), "emphasis")

    def kept(self, tag: Tag) -> None:
        """`<sup>` and `<sub>` stay, without attributes, when they are closed on their line."""
        if not tag.closing:
            self._push(tag, "", "unwrap")
            return
        index = self._open_index(tag.name)
        opened = self._pop(tag)
        fits = opened and "\n\n" not in self.text[opened.end : tag.start] and self.text[opened.end : tag.start].strip()
        if opened and fits:
            self.edits[index] = self.edits[index]._replace(replacement=f"<{tag.name}>")
        self.edit(tag.start, tag.end, f"</{tag.name}>" if fits else "", "unwrap")

    def line_break(self, tag: Tag) -> None:
        """`<br>` stays in table rows only."""
        if self.tables or self._in_pipe_row(tag.start):
            self.edit(tag.start, tag.end, "<br>", "break")
        else:
            self.edit(tag.start, tag.end, " " if self.inline else "  \n", "break")

    def _in_pipe_row(self, offset: int) -> bool:
        start = self.text.rfind("\n", 0, offset) + 1
        return self.text[start : start + 8].lstrip(" \t>*").startswith("|")

    def horizontal(self, tag: Tag) -> None:
        """`<hr>`."""
        self.edit(tag.start, tag.end, " " if self.inline else "\n\n---\n\n", "block")

    def image(self, tag: Tag) -> None:
        """`<img>`; one that stands for a lost file goes and is reported."""
        attributes = tag.attributes()
        source = attributes.get("src", "").strip()
        if not source or self.is_lost(source):
            self.edit(tag.start, tag.end, "", "lost-image")
            self._lost_image(tag.start, source)
            return
        destination = self.linker.resolve(source)
        if destination.finding == "link.removed" or attributes.get("width", "").strip() in ("0", "1"):
            self.find("html.removed", tag.start, f"image {_short(source)}", "removed")
            self.edit(tag.start, tag.end, "", "image")
            return
        href = encoded(source)
        width = PIXELS.fullmatch(attributes.get("width", "")) or STYLE_WIDTH.search(attributes.get("style", ""))
        self.widths.setdefault(href, []).append(int(width[1]) if width else None)
        alt = re.sub(r"[\[\]<>\s\\`*_]+", " ", attributes.get("alt", "")).strip()
        alt = "" if alt.lower() == "image" else alt.replace("|", " ")
        brace = re.compile(r"\}").match(self.text, tag.end)
        self.edit(tag.start, brace.end() if brace else tag.end, f"![{alt}]({href})", "image")

    def is_lost(self, source: str) -> bool:
        """Whether an image address stands for a file that the export lost."""
        return any(re.search(pattern, source) for pattern in self.settings.missing_images)

    def _lost_image(self, offset: int, source: str) -> None:
        self.lost_images.append((offset, source))
        self.find("image.missing", offset, f"image {_short(source)} is not in the export", "removed; listed in assets.jsonl")

    def anchor(self, tag: Tag) -> None:
        """`<a href>` becomes a Markdown link, `<a name>` goes."""
        if not tag.closing:
            if self._is_closed(tag, ANCHOR_END):
                self._push(tag, "", "anchor")
                self.inline += 1
            else:
                self.edit(tag.start, tag.end, "", "unwrap")
            return
        index = self._open_index("a")
        opened = self._pop(tag)
        if opened is None:
            self.edit(tag.start, tag.end, "", "unwrap")
            return
        attributes = opened.attributes()
        href = attributes.get("href", "").strip()
        label = re.sub(r"<[^<>]*>", "", self.text[opened.end : tag.start])
        if is_prose(label, href):
            self.edits[index] = self.edits[index]._replace(replacement="\\[", rule="bracket-link")
            self.edit(tag.start, tag.end, "\\]", "bracket-link")
            return
        destination = self._anchor_destination(opened, href, attributes, html.unescape(label))
        if destination is None or destination.href is None or not label.strip(" *_\n"):
            self.edit(tag.start, tag.end, "", "anchor")
            return
        self.edits[index] = self.edits[index]._replace(replacement="[")
        self.edit(tag.start, tag.end, f"]({destination.href})", "anchor")

    def _anchor_destination(self, opened: Tag, href: str, attributes: dict[str, str], label: str) -> Destination | None:
        if not href:
            return None
        title = attributes.get("title", "")
        broken = "does not exist" in title or "unknown page_id" in title
        destination = self.linker.resolve(href, label, title, broken=broken)
        if destination.href is None:
            self._unlink(opened.start, href, destination)
        elif destination.finding:
            self.find(destination.finding, opened.start, f"link {_short(href)}", f"goes to {destination.href}")
        return destination

    def _unlink(self, offset: int, href: str, destination: Destination) -> None:
        self.unlinked.append((offset, href, destination))
        if destination.finding:
            self.find(destination.finding, offset, f"link {_short(href)}", "its text stays")

    # --- blocks of HTML ---------------------------------------------------------------------

    def block(self, tag: Tag) -> None:
        """Sections: their edges become blank lines."""
        self._end_paragraph()
        self.edit(tag.start, tag.end, self._gap(), "block")

    def paragraph(self, tag: Tag) -> None:
        """`<p>`: its text is one paragraph, however many lines the old wiki made of it."""
        if tag.closing:
            self._pop(tag)
        self.edit(tag.start, tag.end, self._gap(), "block")
        if not tag.closing and not self.inline and self._is_closed(tag, PARAGRAPH_END):
            self.open.append((tag, len(self.edits) - 1))
            self.inline += 1

    def _is_closed(self, tag: Tag, ends: re.Pattern[str]) -> bool:
        """Whether an element that must stay on one line ends where it should, with no Markdown block in it."""
        end = ends.search(self.text, tag.end)
        return end is not None and end[0].startswith("</") and not MARKDOWN_BLOCK.search(self.text, tag.end, end.start())

    def _gap(self) -> str:
        return " " if self.inline else "\n\n"

    def division(self, tag: Tag) -> None:
        """`<div>`: a box, or a section without a meaning."""
        self._end_paragraph()
        if not tag.closing:
            names = tag.attributes().get("class", "").lower().split()
            if {"border", "box", "legacy-box"} & set(names) and not self.inline:
                self.open.append((tag, -1))
                self._open_box(tag.start, tag.end, "")
            else:
                self._push(tag, self._gap(), "block")
            return
        index = self._open_index("div")
        opened = self._pop(tag)
        if opened is None:
            self.find("box.orphan-end", tag.start, "</div> without its beginning", "removed")
            self.edit(tag.start, tag.end, self._gap(), "box-end")
        elif index == -1:
            self._close_box(tag.start, tag.end)
        else:
            self.edit(tag.start, tag.end, self._gap(), "block")

    def _open_box(self, start: int, end: int, title: str) -> None:
        if self.box_open:  # boxes do not nest in clean Markdown: the inner one goes on in the outer
            self.edit(start, end, "\n\n", "box")
            return
        self.box_open = True
        heading = f"**{title}**\n\n" if title else ""
        self.edit(start, end, f'\n\n<div class="box" markdown="1">\n\n{heading}', "box")

    def _close_box(self, start: int, end: int) -> None:
        if not self.box_open:
            self.find("box.orphan-end", start, "the end of a box that is not open", "removed")
            self.edit(start, end, self._gap(), "box-end")
            return
        self.box_open = any(index == -1 for _, index in self.open)
        self.edit(start, end, "\n\n" if self.box_open else "\n\n</div>\n\n", "box")

    def heading(self, tag: Tag) -> None:
        """`<h2>` becomes `## ` with its text on one line."""
        if tag.closing:
            self._pop(tag)
            self.edit(tag.start, tag.end, self._gap(), "block")
        elif self._is_closed(tag, HEADING_END):
            self._push(tag, " " if self.inline else f"\n\n{'#' * HEADINGS[tag.name]} ", "block")
            self.inline += 1
        else:
            self.edit(tag.start, tag.end, self._gap(), "block")

    def list(self, tag: Tag) -> None:
        """`<ul>` and `<ol>`."""
        self._end_paragraph()
        outermost = len(self.lists) <= (1 if tag.closing else 0)
        if not tag.closing:
            self.lists.append(1 if tag.name == "ol" else None)
        elif self.lists:
            self._end_item()
            self.lists.pop()
        self.edit(tag.start, tag.end, self._gap() if outermost else "", "block")

    def _end_item(self) -> None:
        """Close the open item of the innermost list, and what is open in it."""
        depth = len(self.lists)
        place = next((i for i, (tag, level) in enumerate(self.open) if tag.name == "li" and level == depth), None)
        if place is None:
            return
        for tag, _ in self.open[place:]:
            self._left_inline(tag.name)
        del self.open[place:]

    def _end_paragraph(self) -> None:
        """A block ends the paragraph that is open."""
        if self.open and self.open[-1][0].name == "p":
            self.open.pop()
            self._left_inline("p")

    def item(self, tag: Tag) -> None:
        """`<li>`: a line of its own, nested by four columns."""
        self._end_paragraph()
        self._end_item()
        if tag.closing or self.tables:
            self.edit(tag.start, tag.end, "<br>" if self.tables and not tag.closing else "", "block")
            return
        depth = max(len(self.lists) - 1, 0)
        number = self.lists[-1] if self.lists else None
        if number is not None:
            self.lists[-1] = number + 1
        bullet = "*" if number is None else f"{number}."
        self.edit(tag.start, tag.end, f"\n{' ' * 4 * depth}{bullet} ", "block")
        if ITEM_END.search(self.text, tag.end):
            self.open.append((tag, len(self.lists)))
            self.inline += 1

    def table(self, tag: Tag) -> None:
        """`<table>`: a pipe table, or only its text when it holds another table."""
        self._end_paragraph()
        if tag.closing:
            end = self._row_end() if self.tables else ""
            if self.tables:
                self.tables.pop()
            self.edit(tag.start, tag.end, end + self._gap(), "table")
            return
        end = re.compile(r"</?table\b", re.IGNORECASE).search(self.text, tag.end)
        simple = end is not None and end[0].startswith("</") and not self.inline
        columns = _columns(self.text[tag.end : end.start()]) if simple and end else 0
        if columns:
            self.tables.append(_Table(columns))
        self.edit(tag.start, tag.end, self._gap(), "table")

    def row(self, tag: Tag) -> None:
        """`<tr>`."""
        if not self.tables:
            self.edit(tag.start, tag.end, self._gap(), "table")
            return
        self.edit(tag.start, tag.end, self._row_end(), "table")

    def cell(self, tag: Tag) -> None:
        """`<td>` and `<th>`."""
        if not self.tables:
            self.edit(tag.start, tag.end, " " if tag.closing else self._gap(), "table")
            return
        table, end = self.tables[-1], self._cell_end()
        if tag.closing:
            self.edit(tag.start, tag.end, end, "table")
            return
        self.edit(tag.start, tag.end, end + (" " if table.cells else "| "), "table")
        table.cells += 1
        table.in_cell = True
        self.inline += 1

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
        padding = "  |" * (table.columns - table.cells)
        divider = "" if table.rows else "\n|" + " --- |" * table.columns
        table.rows += 1
        table.cells = 0
        return f"{end}{padding}{divider}\n"

    # --- open elements ----------------------------------------------------------------------

    def _push(self, tag: Tag, replacement: str, rule: str, *, width: int = 0) -> None:
        self.open.append((tag, len(self.edits)))
        self.edit(tag.start, tag.end + width, replacement, rule)

    def _open_index(self, name: str) -> int:
        """Number of the edit of the innermost open element of a name; -1 for a box."""
        return next((index for tag, index in reversed(self.open) if tag.name == name), 0)

    def _pop(self, closing: Tag) -> Tag | None:
        """The element that a tag closes; what was left open inside it is closed with it."""
        if all(tag.name != closing.name for tag, _ in self.open):
            return None
        for place in range(len(self.open) - 1, -1, -1):
            tag, _ = self.open[place]
            if tag.name == closing.name:
                del self.open[place]
                self._left_inline(tag.name)
                return tag
            if tag.name not in BARRIERS:
                continue
        return None

    def _left_inline(self, name: str) -> None:
        if name in ("a", "li", "p") or name in HEADINGS:
            self.inline -= 1

    def _close_all(self) -> None:
        """The end of the body: what is still open is closed, or its mark goes."""
        while self.tables:
            self.edit(len(self.text), len(self.text), self._row_end(), "table")
            self.tables.pop()
        for tag, index in self.open:
            if tag.name in STRONG or tag.name in EMPHASIS:
                self.edits[index] = self.edits[index]._replace(replacement="")
        if self.box_open:
            opened = next((tag.start for tag, index in self.open if index == -1), 0)
            self.find("box.unclosed", opened, "a box that is open at the end of the page", "closed at the end")
            self.edit(len(self.text), len(self.text), "\n\n</div>", "box")
            self.complete = False


class _Table:
    """An HTML table on its way to pipes."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.rows = 0
        self.cells = 0
        self.in_cell = False

    @property
    def between_cells(self) -> bool:
        return not self.in_cell


BARRIERS = frozenset(("div", "table"))

ANCHOR_END = re.compile(r"</?a(?=[\s>])", re.IGNORECASE)
HEADING_END = re.compile(r"</?h[1-6](?=[\s>])", re.IGNORECASE)
PARAGRAPH_END = re.compile(r"</?(?:p|div|table|ul|ol|h[1-6]|blockquote|pre|body)(?=[\s>])", re.IGNORECASE)
ITEM_END = re.compile(r"</?(?:li|ul|ol)(?=[\s>])", re.IGNORECASE)

Handler = Callable[[Surface, re.Match[str]], int | None]

# By the character that it begins with: the first pattern that fits.
HANDLERS: dict[str, tuple[tuple[re.Pattern[str], Handler], ...]] = {
    "<": (
        (AUTOLINK, Surface.auto),
        (TAG, Surface.tag),
        (COMMENT, Surface.comment),
        (DECLARATION, Surface.declaration),
        (re.compile("<"), Surface.less),
    ),
    "&": ((BLANKS, Surface.blank), (ENTITY, Surface.entity)),
    "{": ((SHORTCODE, Surface.shortcode), (MARKER, Surface.marker)),
    "~": ((MARK, Surface.mark),),
    "\\": ((re.compile(r"\\.", re.DOTALL), Surface.escape),),
    "\n": ((LINES, Surface.lines),),
    "|": ((re.compile(r"\|"), Surface.pipe),),
}
OTHERS: tuple[tuple[re.Pattern[str], Handler], ...] = (
    (BLANKS, Surface.blank),
    (INVISIBLES, Surface.invisible),
    (SEPARATORS, Surface.separator),
)

ELEMENTS: dict[str, Callable[[Surface, Tag], None]] = {
    "span": Surface.span,
    "a": Surface.anchor,
    "img": Surface.image,
    "br": Surface.line_break,
    "hr": Surface.horizontal,
    "div": Surface.division,
    "ul": Surface.list,
    "ol": Surface.list,
    "dir": Surface.list,
    "menu": Surface.list,
    "li": Surface.item,
    "table": Surface.table,
    "tr": Surface.row,
    "td": Surface.cell,
    "th": Surface.cell,
    "p": Surface.paragraph,
    **dict.fromkeys(STRONG, Surface.strong),
    **dict.fromkeys(EMPHASIS, Surface.emphasis),
    **dict.fromkeys(KEPT, Surface.kept),
    **dict.fromkeys(HEADINGS, Surface.heading),
    **dict.fromkeys(BLOCKS, Surface.block),
}


def _code_ranges(text: str) -> list[tuple[int, int]]:
    """Code spans and code blocks, in order."""
    if not MAYBE_CODE.search(text):
        return []
    return [(node.start, node.end) for node in parse(text).nodes if node.kind in ("Code", "CodeBlock")]


def _columns(inside: str) -> int:
    """The most cells in a row of an HTML table."""
    rows = re.split(r"<tr\b", inside, flags=re.IGNORECASE)
    return max((len(re.findall(r"<t[dh]\b", row, re.IGNORECASE)) for row in rows), default=0)


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
