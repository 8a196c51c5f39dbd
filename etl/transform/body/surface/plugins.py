"""Plugins of the old wiki: few of them mean something, of the others the text stays."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from etl.transform.body.edits import short
from etl.transform.body.parameters import parameters
from etl.transform.body.places import match_end
from etl.transform.body.surface import anchors, blocks, boxes, breaks, inline
from etl.transform.body.surface.inner_text import READ
from etl.transform.body.surface.marks import MARK
from etl.transform.body.surface.tags import Tag
from etl.transform.body.surface.titles import BOXES, bold, title_of
from etl.transform.body.surface.walk import Walk

MARKER = re.compile(
    r"""\{(?=/?(?P<name>\w+))(?:
    /?[A-Z][A-Z0-9_]+(?:\((?:[^(){}]|\([^(){}]{0,2000}\)){0,2000}\)?)?\s{0,9}/?\}  # `{BOX(title=Wells)}`
    |(?:(?:img|redirect|module|include|attach|file|r?content|rss|picture|thumb|youtube|vimeo|iframe|flash)\b
        (?![ \t]*[:=])(?=[^{}=\n]{0,200}=)  # `{img src=wells.png}`
      |(?:category|maketoc|toc|footnotearea|l2r|r2l)\b)[^{}\n]{0,2000}\}  # `{toc}`
    |[a-z][a-z0-9]+[ \t]+(?=[a-zA-Z_]+=>?["'])[^{}\n]{0,2000}\})  # `{wells depth="9"}`""",
    re.VERBOSE,
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
FRAMED = frozenset(("movie", "src", "url"))
"""Parameters that say what a frame or a player showed."""
FILM = re.compile(r"[\w-]{11}")
"""The number of one at YouTube, which alone was its address."""
HOLDS_NOTHING = re.compile(r"/\s*+\)?\s*+\}\Z")
PANES = frozenset(("SLIDER", "TABS"))
"""Plugins with several titles, parted by pipes, and as many texts, parted by `/////`."""
WORDS_IN_LINE = frozenset(("BUTTON", "FILE", "IMG", "MOUSEOVER"))
"""Plugins whose words were shown in a line; those of others began a block."""
FOR_SOME = frozenset(("GROUP", "PERM"))
"""Plugins of the old wiki that only some readers saw the text of."""
WITHIN_WORDS = frozenset("ALINK ANAME FONT HTML MONO SPAN TAG".split())
"""Plugins of the old wiki whose text may be part of a word; that of others stands apart."""
SENTENCE_SIGNS = frozenset(".,;:!?")


def are_in(text: str) -> bool:
    """Whether a text holds what the walk makes something of: it may come together when what stood in it goes."""
    return ("{" in text and MARKER.search(text) is not None) or ("~" in text and MARK.search(text) is not None)


def marker(walk: Walk, token: re.Match[str]) -> int | None:
    """`{NAME(parameters)}` and `{NAME}`: a tag of a plugin."""
    raw, name = token[0], token["name"].upper()
    closing = "(" not in raw and not raw[1].islower()
    if not closing:
        walk.passed.plugins.add(name)
    elif name not in PLUGINS and name not in walk.passed.plugins:
        return None  # it ends nothing: `/beds/{ID}`
    return MEANINGS.get(name, _removed)(walk, Tag(name, *token.span(), closing, raw))


def _removed(walk: Walk, marker: Tag) -> int:
    """A marker without a meaning here goes; what readers saw of it stays. Returns where it ends."""
    name, start, end, closing, _ = marker
    if name == "ANAME" and not closing:
        end = match_end(ANCHOR_NAME, walk.text, end)
    seen = ", which only some readers saw" if name in FOR_SOME and not closing else ""
    what, done = f"plugin marker {short(walk.text[start:end])}", f"removed; its inner text stays{seen}"
    walk.find("markup.removed", start, what, done)
    if shown := title_of(marker)[0]:
        _title(walk, marker, shown)
    else:
        walk.edit(start, end, _parted(walk, name, start, end), "tiki-marker")
    return end


def _title(walk: Walk, marker: Tag, shown: str) -> None:
    """A marker becomes its words in bold, before its text; of tabs the first words, and each `/////` the next ones."""
    name, start, end, _, _ = marker
    gap = " " if name in WORDS_IN_LINE or walk.around.in_item(start) else walk.gap(start)
    first, *more = shown.split("|") if name in PANES else [shown]
    lead = "" if gap == " " and walk.around.at_line_start(start) else gap
    walk.write(start, end, f"{lead}{bold(first)}{gap}", "tiki-marker")
    if more and start >= walk.passed.tabs_end:
        walk.passed.tabs_end = walk.around.next_of(f"{{{name}}}", end) or len(walk.text)
        for words in [*more, ""]:  # the last tab may have an end, too
            place = walk.around.next_match(TAB_END, end, uncoded=True)
            if place is None or place.end() > walk.passed.tabs_end:
                break
            title = f"{gap}{bold(words)}{gap}" if words else gap
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


def _read(walk: Walk, marker: Tag) -> int:
    """A marker and what it holds, up to its end, if it can be read."""
    read, done = READ[marker.name]
    end = None if marker.closing else read(walk, marker)
    if end is None:
        return _removed(walk, marker)
    walk.find("markup.removed", marker.start, f"plugin marker {short(marker.raw)}", done)
    return end


def _box(walk: Walk, marker: Tag) -> None:
    if marker.closing:
        boxes.close_box(walk, marker.start, marker.end)
    else:
        boxes.open_box(walk, marker.start, marker.end, title_of(marker)[0])


def _footnote(walk: Walk, marker: Tag) -> int | None:
    """`{FOOTNOTE()}` and its end are brackets; `{FOOTNOTE(sameas="1")}{FOOTNOTE}` holds nothing."""
    if not marker.closing and walk.text.startswith(ending := "{FOOTNOTE}", marker.end):
        return _removed(walk, marker._replace(end=marker.end + len(ending)))
    if marker.raw[1].islower() or HOLDS_NOTHING.search(marker.raw):
        return _removed(walk, marker)
    walk.find("markup.removed", marker.start, f"plugin marker {short(marker.raw)}", "its inner text stays, in brackets")
    walk.edit(marker.start, marker.end, "\\]" if marker.closing else " \\[", "footnote")
    return None


def _raised(walk: Walk, marker: Tag) -> int | None:
    """`{SUB()}` and `{SUP()}` are as the elements of that name."""
    return inline.kept(walk, marker._replace(name=marker.name.lower()), "tiki-marker")


def _line(walk: Walk, marker: Tag) -> int | None:
    """`{BR()}` and `{HR()}`, with their end if it stands right behind, are as the elements of that name."""
    if marker.closing:
        return _removed(walk, marker)
    ending = f"{{{marker.name}}}"
    end = marker.end + (len(ending) if walk.text.startswith(ending, marker.end) else 0)
    tag = Tag(marker.name.lower(), marker.start, end, False, marker.raw)
    if tag.name == "br":
        return breaks.line_break(walk, tag, "tiki-marker") or end
    blocks.horizontal(walk, tag, "tiki-marker")
    return end


def _image(walk: Walk, marker: Tag) -> None:
    """`{img src=… alt=…}`; one of a file in the galleries of the old wiki is lost, but for its caption."""
    given = {key: value for key, value, _ in reversed([*parameters(marker.raw)])}
    source, link = given.get("src", ""), given.get("link", "")
    if source.startswith(("http://", "https://")) and not walk.around.in_destination(marker.start):
        words = ", ".join(dict.fromkeys(filter(None, (given.get("alt"), title_of(marker)[0]))))
        image = f'<img src="{html.escape(source)}" alt="{html.escape(words)}">'
        anchor = marker._replace(name="a", raw=f'<a href="{html.escape(link)}">') if link else None
        anchors.image(walk, marker._replace(name="img", raw=image), anchor)
        return
    caption = "" if walk.around.in_destination(marker.start) else title_of(marker)[0]
    if caption:
        _title(walk, marker, caption)
    else:
        walk.edit(marker.start, marker.end, "", "lost-image")
    if link:
        done = "its text stays" if caption else "nothing shows it"
        walk.find("link.removed", marker.start, f"link {short(link)}", done)
    if not marker.closing:
        ids = next((value for key, value in reversed(given.items()) if key in FILES), marker.raw)
        for number in ids.split(","):
            walk.lose_image(marker.start, number.strip(), given.get("alt", ""))


def _frame(walk: Walk, marker: Tag) -> int:
    """`{youtube movie=…}` becomes a link to what it showed, as frames do."""
    given = [] if walk.around.in_destination(marker.start) else parameters(marker.raw)
    source = next((value for key, value, _ in given if key in FRAMED), "")
    if marker.name == "YOUTUBE" and FILM.fullmatch(source):
        source = f"https://www.youtube.com/watch?v={source}"
    link = walk.links.frame(source)
    if not link:
        return _removed(walk, marker)
    walk.find("markup.removed", marker.start, f"plugin marker {short(marker.raw)}", "replaced by a link")
    walk.write(marker.start, marker.end, link, "tiki-marker")
    return marker.end


MEANINGS: dict[str, Callable[[Walk, Tag], int | None]] = {
    **dict.fromkeys(BOXES, _box),
    "IMG": _image,
    **dict.fromkeys(("FLASH", "IFRAME", "MEDIAPLAYER", "VIMEO", "YOUTUBE"), _frame),
    "FOOTNOTE": _footnote,
    **dict.fromkeys(("SUB", "SUP"), _raised),
    **dict.fromkeys(("BR", "HR"), _line),
    **dict.fromkeys(READ, _read),
}
"""What is made of the marker of a plugin; of any other one, its text stays."""
