"""Plugins, marks and shortcodes of the old wiki: few of them mean something, of the others the text stays."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from etl.transform.body.code import CODE_INDENT, ticks_around
from etl.transform.body.edits import short
from etl.transform.body.hrefs import without_liquid
from etl.transform.body.parameters import parameters
from etl.transform.body.places import blanks_start
from etl.transform.body.surface import blocks, boxes, inline
from etl.transform.body.surface.inline import COLOUR, LONGEST_MARKED
from etl.transform.body.surface.tags import TAG, Tag
from etl.transform.body.surface.walk import Walk

SHORTCODE = re.compile(r"\{\{[<%][^{}]{0,2000}[>%]\}\}\}?(?:[ \t]*\n\s*-{3,}[ \t]*(?=\n|\Z))?")
REFERENCE = re.compile(r"\{\{[<%][ \t]*(?:rel)?ref[ \t]+[\"']?([^\s\"'#{}()]++)[^{}()]*[>%]\}\}")
"""The address of a link to a page, by its file."""
HIGHLIGHT = re.compile(r"\{(?:\{[<%]|%-?)[ \t]*highlight\b[^{}\n]{0,2000}(?:[>%]\}|%)\}")
HIGHLIGHT_END = re.compile(r"\{\{[<%][ \t]*/[ \t]*highlight[ \t]*[>%]\}\}")
LIQUID_END = re.compile(r"\{%-?[ \t]*endhighlight[ \t]*-?%\}")
LIQUID = re.compile(
    r"\{%-?[ \t]*highlight\b[^{}\n]{0,2000}%\}"
    r"|(?<=\]\()(?:\{\{[^{}\n]{0,500}\}\}|\{%[^{}\n]{0,500}%\}){1,9}[^\s(){}]*(?=[\s)])"
)
"""What begins code, and the address of a link, in Jekyll's templates."""
ATTRIBUTES = re.compile(
    r"\{:[ \t]*+(?:(?:[#.][\w-]+|[\w-]+=(?:\"[^\"{}\n]*\"|'[^'{}\n]*')|toc)[ \t]*+)++\}"
    r"|(?P<id>\{(?:[#.][A-Za-z][\w:.-]*+[ \t]*+)++\}(?=[ \t]*#*[ \t]*(?:\n|\Z)))"
)
"""What readers never saw of a paragraph, a link or a heading: its class, its id."""
UNDERLINED = re.compile(r"[ \t]*\n[ \t>]*(?:=+|-{5,})[ \t]*(?:\n|\Z)")
"""A heading, where the line below can be no rule."""
CODE_END = re.compile(r"\{CODE\}")
TABLE_END = re.compile(r"\{FANCYTABLE\}")
TABLE_ROW_END = re.compile(r"[ \t]*\n\s*")
WIDE_CELL_END = "~|~"
"""As it was in the first wikis, and where there are pipes in cells."""
TABLE_CELL_END = re.compile(re.escape(WIDE_CELL_END))
MARKER = re.compile(
    r"\{/?[A-Z][A-Z0-9_]+(?:\((?:[^(){}]|\([^(){}]{0,2000}\)){0,2000}\)?)?\s{0,9}/?\}"
    r"|\{(?:(?:img|redirect|module|include|attach|file|r?content|rss|picture|thumb)\b(?![ \t]*[:=])(?=[^{}=\n]{0,200}=)"
    r"|(?:category|maketoc|toc|footnotearea|l2r|r2l)\b)[^{}\n]{0,2000}\}"
    r"|\{[a-z][a-z0-9]+[ \t]+(?=[a-zA-Z_]+=>?[\"'])[^{}\n]{0,2000}\}"
)
CHARACTERS = {
    "hs": " ",
    "bs": "\\\\",
    "lt": "&lt;",
    "gt": "&gt;",
    "amp": "&amp;",
    "ldq": "\u201c",
    "rdq": "\u201d",
    "lsq": "\u2018",
    "rsq": "\u2019",
    "c": "\u00a9",
    "--": "\u2014",
}
"""What marks stand for."""
NUMBER = r"(?:1[6-9]\d|[2-9]\d\d|[1-9]\d{3,4})"
"""That of a character beyond ASCII, which may be a sign or a blank; a letter stays a number."""
LITERAL = r"/?(?:np|pp|pre|tc|hc|tex)"
MARK = re.compile(rf"~(?:(?i:{'|'.join(CHARACTERS)})|{LITERAL}|{NUMBER}(?=~(?!\d)))~|{COLOUR}|~~")
ESCAPED_MARK = re.compile(rf"\\(~{LITERAL})\\?~")
"""As a converter writes what it does not know."""
ANCHOR_NAME = re.compile(r"[\w:.-]{1,80}(?:[ \t]*\||(?=\{ANAME\}|<))")
TAB_END = re.compile(r"(?<!/)/{5}(?!/)")
CODE_LANGUAGE = re.compile(r"\b(?:colors\s*=>?|highlight)\s*[\"']?([a-zA-Z][\w+#.-]{0,39})")
BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")
QUOTE_MARKS = re.compile(r"[ \t]*(?:>[ \t]?)+")
LINE = re.compile(r"^(?=[^\n])", re.MULTILINE)
LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")
FILES = frozenset(("attid", "fileid", "id", "src", "randomgalleryid"))
"""Parameters that say which image it is."""
PLUGINS = frozenset(
    """ALINK ANAME ATTACH BACKLINKS BOX BUTTON CATEGORY CATORPHANS CENTER CODE COLOR COPYRIGHT CUSTOMSEARCH DIV
    ELSE FADE FANCYLIST FANCYTABLE FILE FILES FLASH FONT FOOTNOTE FOOTNOTEAREA FORMULA GROUP HTML IFRAME IMG
    INCLUDE JQ JS LANG LIST LISTPAGES MAP MODULE MONO MOUSEOVER OUTPUT PANEL PERM QUOTE REDIRECT REMARKSBOX
    RSS SCRIPT SLIDER SORT SPAN SPLIT SQL STRIKE SUB SUP TABS TAG THUMB TOC TR TRACKER TRACKERLIST
    TRANSCLUDE TRANSLATED VERSIONS VIMEO WYSIWYG YOUTUBE""".split()
)
"""Plugins of the old wiki whose end goes though nothing began: what began may be lost in the export."""
BOXES = frozenset(("BOX", "PANEL", "REMARKSBOX"))
"""Plugins of the old wiki that drew a box, with a title."""
SHOWN = {
    **dict.fromkeys(BOXES, "title"),
    "ACCORDION": "title",
    "BUTTON": "_text",
    "CODE": "caption",
    "FADE": "label",
    "FANCYTABLE": "head",
    "FILE": "desc",
    "MOUSEOVER": "label",
    "QUOTE": "replyto",
    "TAB": "name",
    "TABS": "tabs",
}
"""Arguments of plugins of the old wiki that readers saw: their words stay, in bold."""
IN_A_LINE = frozenset(("BUTTON", "FILE", "MOUSEOVER"))
"""Those of them that stood in a line; the others began a block."""
FOR_SOME = frozenset(("GROUP", "PERM"))
"""Plugins of the old wiki that only some readers saw the text of."""
WITHIN_WORDS = frozenset("ALINK ANAME FONT HTML MONO SPAN TAG".split())
"""Plugins of the old wiki whose text may be part of a word; that of others stands apart."""
SENTENCE_SIGNS = frozenset(".,;:!?")
AS_CODE = "removed; its inner text stays, as code"

Replacement = tuple[int, int, str]
"""An edit without its rule."""


def are_in(text: str) -> bool:
    """Whether a text holds what the walk makes something of: it may come together when what stood in it goes."""
    return ("{" in text and MARKER.search(text) is not None) or ("~" in text and MARK.search(text) is not None)


def shortcode(walk: Walk, token: re.Match[str]) -> int | None:
    """`{{< toc >}}`, and the rule right behind it; code stays code."""
    highlight = HIGHLIGHT.match(walk.text, token.start())
    if highlight and (code_end := _code(walk, highlight, HIGHLIGHT_END, "shortcode")):
        walk.find("shortcode.removed", token.start(), f"shortcode {short(highlight[0])}", AS_CODE)
        return code_end
    reference = REFERENCE.fullmatch(token[0])
    if reference and walk.text.endswith("](", 0, token.start()) and walk.text.startswith(")", token.end()):
        page = reference[1].rstrip("/").rpartition("/")[2].removesuffix(".md")
        walk.edit(*token.span(), f"../{page}", "shortcode")
        return None
    walk.find("shortcode.removed", token.start(), f"shortcode {short(token[0].split('}}')[0] + '}}')}", "removed")
    alone = walk.around.at_line_start(token.start()) and walk.text[token.end() : token.end() + 1] in ("", "\n", " ")
    walk.edit(*token.span(), walk.gap(token.start()) if alone else "", "shortcode")
    return None


def liquid(walk: Walk, token: re.Match[str]) -> int | None:
    """`{% highlight ruby %}`, and code up to its end, or `{% post_url 2019-06-01-wells %}` as an address."""
    if not HIGHLIGHT.match(token[0]):
        walk.edit(*token.span(), without_liquid(token[0]), "shortcode")
    elif code_end := _code(walk, token, LIQUID_END, "shortcode"):
        walk.find("shortcode.removed", token.start(), f"shortcode {short(token[0])}", AS_CODE)
        return code_end
    return None


def attributes(walk: Walk, token: re.Match[str]) -> None:
    """`{: .wide}`, and `{#wells}` at the end of a heading."""
    line = walk.text[walk.around.line_start(token.start()) : token.start()]
    if token["id"] and not line.lstrip(" \t>").startswith("#") and not UNDERLINED.match(walk.text, token.end()):
        return
    walk.find("shortcode.removed", token.start(), f"attributes {short(token[0])}", "removed")
    walk.edit(*token.span(), "", "shortcode")


def marker(walk: Walk, token: re.Match[str]) -> int | None:
    """`{NAME(arguments)}` and `{NAME}`: boxes, images and sub- or superscript have a meaning."""
    start, end = token.span()
    name = re.match(r"\w+", token[0].lstrip("{/"))[0].upper()  # type: ignore[index]  # MARKER says so
    opening = "(" in token[0] or token[0][1:2].islower()
    if opening:
        walk.passed.plugins.add(name)
    elif name not in PLUGINS and name not in walk.passed.plugins:
        return end  # it ends nothing: `/beds/{ID}`
    if name in BOXES:
        _box(walk, token, name, opening=opening)
    elif name == "IMG":
        _image(walk, token, opening=opening)
    elif name == "FOOTNOTE" and token[0][1:2] != "f":
        walk.find("markup.removed", start, f"plugin marker {short(token[0])}", "its inner text stays, in brackets")
        walk.edit(start, end, " \\[" if opening else "\\]", "footnote")
    elif name in ("SUB", "SUP"):
        return inline.kept(walk, Tag(name.lower(), start, end, not opening, token[0]), "tiki-marker") or end
    elif name in ("BR", "HR") and opening:
        end += len(name) + 2 if walk.text.startswith(f"{{{name}}}", end) else 0
        tag = Tag(name.lower(), start, end, False, token[0])
        if name == "BR":
            return inline.line_break(walk, tag, "tiki-marker") or end
        blocks.horizontal(walk, tag, "tiki-marker")
    elif opening and name in READ and (read := READ[name][0](walk, token)):
        walk.find("markup.removed", start, f"plugin marker {short(token[0])}", READ[name][1])
        return read
    else:
        return _removed(walk, token, name, opening=opening)
    return end


def _table(walk: Walk, token: re.Match[str]) -> int | None:
    """`{FANCYTABLE(head="a|b")}` and rows, each on a line, if there is a place for them; returns where they begin."""
    (start, inner), text = token.span(), walk.text
    closing = walk.around.next_match(TABLE_END, inner)
    rows = text[inner : closing.start()].strip() if closing and start >= walk.passed.rows_end else ""
    if closing is None or "|" not in rows or "\\|" in rows or _is_narrow(walk, start):
        return None  # the lines of the rows are lost, or would be
    first, head = text.find(rows, inner), _shown("FANCYTABLE", token)[0]
    end, rows_sign, head_sign = first + len(rows), _cell_end(rows), _cell_end(head)
    heads = [line.split(head_sign) for line in head.split(">>")]
    columns = max(map(len, heads)) if head else rows.split("\n", 1)[0].count(rows_sign) + 1
    lines = [
        "".join(f"| {boxes.plain(cell)} " for cell in cells + [""] * (columns - len(cells))) + "|" for cells in heads
    ]
    lines.insert(1, "| --- " * columns + "|")
    walk.write(start, first, "\n\n" + "\n".join([*lines, "| "]), "tiki-marker")
    for parts, written in ((TABLE_ROW_END, " |\n| "), (TABLE_CELL_END, "|")):
        walk.ahead += ((*part.span(), written, "table") for part in parts.finditer(text, first, end))
    walk.ahead.append((end, closing.start(), " |\n\n", "table"))
    walk.passed.rows_end = end
    return first


def _is_narrow(walk: Walk, offset: int) -> bool:
    """Whether no block has a place: in an item, a quotation, a cell or a heading."""
    around = walk.around
    return around.in_item_line(offset) or around.in_quotation(offset) or walk.gap(offset) == " "


def _cell_end(text: str) -> str:
    """What parts the cells of a table of the old wiki."""
    return WIDE_CELL_END if WIDE_CELL_END in text else "|"


def _removed(walk: Walk, token: re.Match[str], name: str, *, opening: bool) -> int:
    """A marker without a meaning here goes; what readers saw of it stays. Returns where it ends."""
    start, end = token.span()
    anchor = ANCHOR_NAME.match(walk.text, end) if name == "ANAME" and opening else None
    end = anchor.end() if anchor else end
    seen = ", which only some readers saw" if name in FOR_SOME and opening else ""
    walk.find(
        "markup.removed",
        start,
        f"plugin marker {short(walk.text[start:end])}",
        f"removed; its inner text stays{seen}",
    )
    if opening and (shown := _shown(name, token)[0]):
        _title(walk, name, start, end, shown)
    else:
        walk.edit(start, end, _parted(walk, name, start, end), "tiki-marker")
    return end


def _shown(name: str, token: re.Match[str]) -> tuple[str, int]:
    """The words of a marker that readers saw, without tags, and where in it they end."""
    shown = SHOWN.get(name)
    found = (each for each in parameters(token[0]) if each.key == shown) if shown else ()
    return next(((TAG.sub("", value).strip(), end) for _, value, end in found), ("", 0))


def _title(walk: Walk, name: str, start: int, end: int, shown: str) -> None:
    """A marker becomes its words in bold, before its text; of tabs the first words, and each `/////` the next ones."""
    gap = " " if name in IN_A_LINE or walk.around.in_item(start) else walk.gap(start)
    first, *more = shown.split("|") if name == "TABS" else [shown]
    walk.write(start, end, f"{gap}{boxes.bold(first)}{gap}", "tiki-marker")
    if more and start >= walk.passed.tabs_end:
        walk.passed.tabs_end = walk.around.next_of("{TABS}", end) or len(walk.text)
        for words in [*more, ""]:  # the last tab may have an end, too
            place = walk.around.next_match(TAB_END, end, uncoded=True)
            if place is None or place.end() > walk.passed.tabs_end:
                break
            title = f"{gap}{boxes.bold(words)}{gap}" if words else gap
            walk.ahead.append((*place.span(), title, "tiki-marker"))
            end = place.end()


def _parted(walk: Walk, name: str, start: int, end: int) -> str:
    """The blank that keeps words apart which a marker, or several of them, stood between."""
    first, last, apart = walk.passed.markers
    first, apart = (first, apart) if start == last else (start, False)
    walk.passed.markers = first, end, apart or name not in WITHIN_WORDS
    before, behind = walk.text[first - 1 : first], walk.text[end : end + 1]
    if name == "ELSE":
        return " " if before.strip() and behind.strip() not in ("", "{") else ""
    touches = behind.isalnum() and (before.isalnum() or before in SENTENCE_SIGNS)
    return " " if touches and walk.passed.markers[2] else ""


def _code(walk: Walk, token: re.Match[str], ending: re.Pattern[str], rule: str) -> int | None:
    """`{CODE(colors="php")}` and what is code up to its ending, if there is a place for code; returns where it ends."""
    (start, inner), text = token.span(), walk.text
    closing = walk.around.next_match(ending, inner)
    if closing is None or start < walk.passed.literal_end:
        return None
    (stop, end), line = closing.span(), walk.around.line_start(start)
    on_line = text[line : min(start, line + CODE_INDENT)]
    alone = start - line < CODE_INDENT and not on_line.strip() and LINE_END.match(text, end)
    is_block = alone or text.find("\n", inner, min(stop, inner + LONGEST_MARKED)) >= 0
    if not is_block or (walk.table.in_cell if walk.table else walk.around.in_pipe_row(start)):
        edits = _code_span(walk, token, stop, end)
    elif walk.open.one_line:
        edits = None
    elif on_line.lstrip().startswith(">"):
        edits = _quoted_block(walk, token, stop, end)
    else:
        edits = _code_block(walk, token, stop, end)
    if edits is None:
        return None
    walk.edits += [(*edit, rule) for edit in edits]
    walk.start = end
    return end


def _caption(token: re.Match[str]) -> tuple[str, int]:
    """The caption of code in bold, if it has one, and where in the text that ends."""
    words, end = _shown("CODE", token)
    return boxes.bold(words) if words else "", token.start() + end


def _code_block(walk: Walk, token: re.Match[str], stop: int, end: int) -> list[Replacement] | None:
    """What makes a fenced block of the code between two markers, below its caption and inside its item."""
    code = BLANK_LINES.sub("", walk.text[token.end() : stop].rstrip(), 1)
    if not code:
        return None
    start, inner = token.span()
    indent = walk.around.item_indent(start)
    gap = f"\n\n{indent}"
    above = "" if walk.around.in_item(start) else gap
    title, title_end = _caption(token)
    language = CODE_LANGUAGE.search(walk.text, title_end, inner)
    opening, closing = walk.fences(code, language[1] if language else "")
    behind = "" if LINE_END.match(walk.text, end) else indent
    return [
        (start, title_end, above + title),
        (title_end, inner, (gap if title else "") + opening),
        (inner, end, f"\n{LINE.sub(indent, code)}\n{indent}{closing}\n\n{behind}"),
    ]


def _quoted_block(walk: Walk, token: re.Match[str], stop: int, end: int) -> list[Replacement] | None:
    """What makes a fenced block of code in a quotation, whose marks stand before each line."""
    (start, inner), text = token.span(), walk.text
    marks = QUOTE_MARKS.match(text, walk.around.line_start(start))
    if marks is None or walk.around.item_indent(start):
        return None
    mark = marks[0].rstrip()
    unmarked = walk.around.next_match(re.compile(rf"\n(?!{re.escape(mark)})"), inner)
    if unmarked and unmarked.start() < stop:
        return None
    first, *lines = text[inner:stop].split("\n")
    code = [first.strip()] * bool(first.strip()) + [line.removeprefix(mark).removeprefix(" ") for line in lines]
    while code and not code[-1].strip():
        code.pop()
    if not code:
        return None
    opening, closing = walk.fences("\n".join(code))
    gap, first_blank = f"\n{mark}\n{mark} ", blanks_start(text, start)
    above = gap if first_blank > marks.end() else ""
    start = start if walk.edited(first_blank) else max(first_blank, marks.end())
    title, title_end = _caption(token)
    behind = "" if LINE_END.match(text, end) else gap
    shown = "".join(f"\n{mark} {line}" if line else f"\n{mark}" for line in code)
    return [
        (start, title_end, above + title),
        (title_end, inner, (gap if title else "") + opening),
        (inner, end, f"{shown}\n{mark} {closing}{behind}"),
    ]


def _code_span(walk: Walk, token: re.Match[str], stop: int, end: int) -> list[Replacement] | None:
    """What makes a code span of each line between two markers, unless signs around it have another meaning then."""
    (start, inner), text = token.span(), walk.text
    if stop - inner > LONGEST_MARKED:
        return None
    whole = text[inner:stop]
    code, lead, trail = whole.strip(), " " * whole[:1].isspace(), " " * whole[-1:].isspace()
    tick = text.rfind("`", max(walk.start, start - LONGEST_MARKED), start)
    open_tick = tick >= 0 and text.find("\n\n", tick, start) < 0
    if not code or open_tick or text[start - 1 : start] in ("`", "\\") or text.startswith("`", end):
        return None
    if "|" in code and (walk.table or walk.around.in_pipe_row(start)):
        return None
    lines = [line.strip() for line in code.split("\n") if line.strip()]
    ticks, gap = ticks_around(code, 1), " " if any("`" in (line[0], line[-1]) for line in lines) else ""
    apart = " " if walk.edits and walk.edits[-1][1] == start and walk.edits[-1][2].endswith("`") else ""
    title, title_end = _caption(token)
    lead = " " if title and start and text[start - 1].isalnum() else lead
    return [
        (start, title_end, lead + apart + title),
        (title_end, inner, " " * bool(title) + ticks + gap),
        (inner, end, f"{gap}{ticks}<br>{ticks}{gap}".join(lines) + gap + ticks + trail),
    ]


def _box(walk: Walk, token: re.Match[str], name: str, *, opening: bool) -> None:
    if not opening:
        boxes.close_box(walk, *token.span())
        return
    boxes.open_box(walk, *token.span(), _shown(name, token)[0])


def _image(walk: Walk, token: re.Match[str], *, opening: bool) -> None:
    given = {key: value for key, value, _ in reversed([*parameters(token[0])])} if opening else {}
    source = given.get("src", "")
    if source.startswith(("http://", "https://")) and not walk.around.in_destination(token.start()):
        words = given.get("alt") or given.get("desc", "")
        image = f'<img src="{html.escape(source)}" alt="{html.escape(words)}">'
        inline.image(walk, Tag("img", *token.span(), False, image))
        return
    walk.edit(*token.span(), "", "lost-image")
    if opening:
        ids = next((value for key, value in reversed(given.items()) if key in FILES), token[0])
        for number in ids.split(","):
            walk.lose_image(token.start(), number.strip())


def mark(walk: Walk, token: re.Match[str]) -> int | None:
    """`~hs~` is a character, `~~#F00:text~~` a colour, `~tc~` a comment; the others only guarded their text."""
    mark = token[0]
    if mark in ("~tc~", "~hc~") and (end := _comment_end(walk, token)):
        return end
    if mark in ("~np~", "~pp~") and token.end() > walk.passed.literal_end:
        walk.passed.literal_end = walk.around.next_of(f"~/{mark[1:]}", token.end()) or 0
    if not mark.startswith("~~"):
        char = _character(mark.strip("~").lower())
        walk.edit(*token.span(), mark if char.isalnum() else char, "tiki-mark")
    elif mark != "~~":
        walk.passed.colours += 1
        walk.find("markup.removed", token.start(), f"colour {mark!r}", "removed; its inner text stays")
        walk.edit(*token.span(), "", "tiki-colour")
    elif walk.passed.colours:
        walk.passed.colours -= 1
        walk.edit(*token.span(), "", "tiki-colour")
    return None


def _character(name: str) -> str:
    """What a mark stands for, by its name or its number; nothing, if it stands for none."""
    return chr(int(name)) if name.isdecimal() else CHARACTERS.get(name, "")


def unescaped(walk: Walk, token: re.Match[str]) -> None:
    r"""`\~tc\~` is a mark, also at the start of a line, where the tilde would stay escaped."""
    walk.edit(*token.span(), f"{token[1]}~", "escape")


def _comment_end(walk: Walk, token: re.Match[str]) -> int | None:
    """Where the comment ends that a mark begins, which goes; a guarded mark begins none."""
    closing = f"~/{token[0][1:]}"
    end = walk.around.next_of(closing, token.end()) if token.start() >= walk.passed.literal_end else None
    if end is None:
        return None
    inner = " ".join(walk.text[token.end() : end].split())
    walk.find("comment.removed", token.start(), f"comment {short(inner)}", "removed")
    walk.edit(token.start(), end + len(closing), "", "comment")
    return end + len(closing)


def _unseen(walk: Walk, token: re.Match[str]) -> int | None:
    """`{JQ()}` and code up to its end, which no reader saw; returns where it ends."""
    name, with_text, _ = token[0].partition("(")
    ending = f"{name}}}"
    stop = walk.around.next_of(ending, token.end()) if with_text and not token[0].endswith("/}") else None
    if stop is None or token.start() < walk.passed.literal_end:
        return None
    walk.edit(token.start(), stop + len(ending), "", "script")
    return stop + len(ending)


READ: dict[str, tuple[Callable[[Walk, re.Match[str]], int | None], str]] = {
    "CODE": (lambda walk, token: _code(walk, token, CODE_END, "tiki-marker"), AS_CODE),
    "FANCYTABLE": (_table, "removed; its inner text stays, as a table"),
    **dict.fromkeys(("JQ", "JS", "SQL"), (_unseen, "removed with its code, which no reader saw")),
}
"""Plugins of the old wiki whose inner text is read up to their end, if it can be: how, and what is said of it."""
