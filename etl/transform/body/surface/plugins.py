"""Plugins of the old wiki: few of them mean something, of the others the text stays."""

from __future__ import annotations

import html
import re

from etl.transform.body.edits import short
from etl.transform.body.parameters import parameters
from etl.transform.body.surface import blocks, boxes, inline
from etl.transform.body.surface.arguments import BOXES, shown_by
from etl.transform.body.surface.inner_text import READ
from etl.transform.body.surface.marks import MARK
from etl.transform.body.surface.tags import Tag
from etl.transform.body.surface.walk import Walk

MARKER = re.compile(
    r"\{/?[A-Z][A-Z0-9_]+(?:\((?:[^(){}]|\([^(){}]{0,2000}\)){0,2000}\)?)?\s{0,9}/?\}"
    r"|\{(?:(?:img|redirect|module|include|attach|file|r?content|rss|picture|thumb)\b(?![ \t]*[:=])(?=[^{}=\n]{0,200}=)"
    r"|(?:category|maketoc|toc|footnotearea|l2r|r2l)\b)[^{}\n]{0,2000}\}"
    r"|\{[a-z][a-z0-9]+[ \t]+(?=[a-zA-Z_]+=>?[\"'])[^{}\n]{0,2000}\}"
)
ANCHOR_NAME = re.compile(r"[\w:.-]{1,80}(?:[ \t]*\||(?=\{ANAME\}|<))")
TAB_END = re.compile(r"(?<!/)/{5}(?!/)")
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
IN_A_LINE = frozenset(("BUTTON", "FILE", "MOUSEOVER"))
"""Plugins whose arguments were shown in a line; those of others began a block."""
FOR_SOME = frozenset(("GROUP", "PERM"))
"""Plugins of the old wiki that only some readers saw the text of."""
WITHIN_WORDS = frozenset("ALINK ANAME FONT HTML MONO SPAN TAG".split())
"""Plugins of the old wiki whose text may be part of a word; that of others stands apart."""
SENTENCE_SIGNS = frozenset(".,;:!?")


def are_in(text: str) -> bool:
    """Whether a text holds what the walk makes something of: it may come together when what stood in it goes."""
    return ("{" in text and MARKER.search(text) is not None) or ("~" in text and MARK.search(text) is not None)


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
    if opening and (shown := shown_by(name, token)[0]):
        _title(walk, name, start, end, shown)
    else:
        walk.edit(start, end, _parted(walk, name, start, end), "tiki-marker")
    return end


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


def _box(walk: Walk, token: re.Match[str], name: str, *, opening: bool) -> None:
    if not opening:
        boxes.close_box(walk, *token.span())
        return
    boxes.open_box(walk, *token.span(), shown_by(name, token)[0])


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
