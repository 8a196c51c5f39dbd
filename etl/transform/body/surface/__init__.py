"""The surface of a body: remnants, characters and inline HTML become plain Markdown.

One walk from left to right over everything that is not prose: comments, tags, shortcodes, plugin markers, entities, odd
characters. HTML is read tag by tag, never by a parser of whole documents, because the text between the tags is Markdown
and must keep its bytes. Code stays untouched. After the walk, patterns of whole lines find what no walk can see.

A token is what begins with an odd character (`SIGNS`), or a tag (`ELEMENTS`); a function gets it together with the
walk (`walk.Walk`), asks the walk for edits, and says where to go on if that is not right behind the token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from etl.transform.body.code import Code, code_size
from etl.transform.body.edits import Edit, Revision, short
from etl.transform.body.entities import ENTITY
from etl.transform.body.joins import kept_apart
from etl.transform.body.links import Linker
from etl.transform.body.list_layout import refilled
from etl.transform.body.parse import Node
from etl.transform.body.places import line_start
from etl.transform.body.remnants import finding, remnants, remnants_among_tags
from etl.transform.body.surface import (
    anchors,
    blocks,
    boxes,
    breaks,
    characters,
    hidden,
    inline,
    marks,
    plugins,
    shortcodes,
    tables,
)
from etl.transform.body.surface.in_items import in_items
from etl.transform.body.surface.links import Links
from etl.transform.body.surface.tags import (
    BEHIND_LESS,
    BLOCKS,
    CODE,
    EMPHASIS,
    FRAMES,
    HEADINGS,
    HIDDEN,
    INLINE,
    KEPT,
    STRONG,
    VOID,
    Tag,
)
from etl.transform.body.surface.walk import Walk

__all__ = ["Surface"]

UNCOVERS = frozenset("escape stray-tag tiki-marker comment script invisible declaration".split())
"""Rules of the walk behind which something may stand that it would read otherwise now."""
COVERED = frozenset("bold bullet rule tiki-mark heading repetition address".split())
"""Rules of lines that write nothing that the walk would read."""

MOST_PASSES = 3
"""An edit may open or close code by accident; then what was code comes to the surface, and is walked again."""
PROSE_WORDS = 3
"""The fewest in a tag without any value that may be prose, though no reader saw it: `a <b and c> d`."""
INDENTED = re.compile(" {4}| {0,3}\t")
QUOTED_VALUE = re.compile(r"=\s*[\"']")
# Outside of HTML, and where everything must stay on one line. A tag is matched as a whole, for most of what begins is
# one; a pattern that begins with a set of characters is searched fast.
OUTSIDE = re.compile(rf"[{characters.ODD}](?:(?<=<){BEHIND_LESS}|)")
ONE_LINE = re.compile(rf"[{characters.ODD}|\]\[\n](?:(?<=<){BEHIND_LESS}|)")


class Surface:
    """The surface of a body, over all walks; what it keeps is what the document needs to know of it."""

    def __init__(self, revision: Revision, linker: Linker) -> None:
        self.links = Links(revision, linker)
        self.complete = True
        """Whether no box was open at the end."""
        self._revision = revision
        self._seen = -1
        """The version of the text in which patterns of whole lines were looked for."""

    def run(self) -> bool:
        """A walk over what came to light, and patterns of whole lines, until neither finds what the other uncovered.

        Returns whether the text changed. A marker of a plugin may come together when what stood in it goes.
        """
        revision = self._revision
        version = revision.version
        revision.uncovered = revision.uncovered or plugins.are_in(revision.text)
        for _ in range(MOST_PASSES):
            self._walks()
            if not self._lines() or not revision.uncovered:
                break
        return revision.version > version

    def _walks(self) -> None:
        """Walk, as long as there is anything that the walk before uncovered."""
        for _ in range(MOST_PASSES):
            if not self._revision.uncovered or not self._walk_once():
                break

    def _walk_once(self) -> bool:
        """Collect and apply all edits of a walk; returns whether the text changed."""
        revision, text = self._revision, self._revision.text
        code = Code(text)
        walk = Walk(code, revision, self.links)
        _walk(walk, code.nodes)
        revision.code_size = code_size(text, code.nodes) + walk.code_size
        self.complete &= not walk.box_open
        among_tags = self._reported(text, remnants_among_tags(text, code.holds))
        edits = in_items(walk.around, walk.edits)
        applied = revision.apply([*edits, *kept_apart(text, edits), *walk.ahead, *among_tags])
        revision.uncovered = walk.uncovered or revision.postponed or not UNCOVERS.isdisjoint(applied)
        if applied:
            revision.apply(refilled(revision))
        return bool(applied)

    def _lines(self) -> bool:
        """Collect and apply what patterns of whole lines ask for; returns whether the text changed.

        After the walk, for what it removes may have stood between a remnant and the start of its line.
        """
        revision, text = self._revision, self._revision.text
        if revision.version == self._seen:
            return False
        self._seen = revision.version
        code = Code(text)
        linked = list(self.links.unparsed(text, code.holds))
        starts = {start for start, *_ in linked}
        found = remnants(text, lambda offset: offset in starts or code.holds(offset))
        edits = [*linked, *self._reported(text, found)]
        applied = revision.apply([*edits, *kept_apart(text, edits)])
        revision.uncovered |= not applied <= COVERED
        return bool(applied)

    def _reported(self, text: str, edits: Iterable[Edit]) -> Iterator[Edit]:
        """What a remnant takes from the visible text is a finding."""
        for edit in edits:
            if found := finding(text, edit):
                code, message, action = found
                self._revision.find(code, edit[0], message, action)
            yield edit


def _walk(walk: Walk, code: list[Node]) -> None:
    """Walk over a text but for its code; what is open at its end is closed."""
    at = 0
    for node in code:
        stop = _stretch(walk, at, node.start)
        if _stands_below_html(walk, node, at):
            walk.fence(node)
        at = max(stop, node.end)
    _stretch(walk, at, len(walk.text))
    tables.close_table(walk)
    inline.close_emphasis(walk)
    blocks.end_quotations(walk)
    boxes.close_last_box(walk)


def _stretch(walk: Walk, at: int, end: int) -> int:
    """Walk a stretch; returns where it ends, which is behind ``end`` when what was taken last reaches over it."""
    text, elements, walk.start, walk.end = walk.text, walk.open, at, end
    while odd := (ONE_LINE if elements.one_line or walk.table else OUTSIDE).search(text, at, end):
        if odd[2]:
            at = _tag(walk, odd) or odd.end()
        else:
            start = _blanks_before(walk, odd.start(), at) if odd[0] == "\n" else odd.start()
            at = _sign(walk, odd[0], start, end) or odd.end()
    return at


def _stands_below_html(walk: Walk, code: Node, at: int) -> bool:
    """Whether HTML that goes, behind a place, keeps indented code from being a part of the item or code above."""
    if not walk.edits or walk.quotes.open or (code.kind, code.data) != ("CodeBlock", "Indented"):
        return False
    line = line_start(walk.text, code.start)
    start, end, left, _ = walk.edits[-1]
    parts = at <= end <= line and not left.strip() and not walk.text[end:line].strip()
    if not parts or not boxes.TAGS_ALONE.fullmatch(walk.text, line_start(walk.text, start), start):
        return False
    return INDENTED.fullmatch(walk.text, line, code.start) is not None


def _blanks_before(walk: Walk, offset: int, first: int) -> int:
    """Where the blanks before the end of a line begin, those that are taken already left out."""
    start = first + len(walk.text[first:offset].rstrip(" \t"))
    taken = walk.edited(start) or (start == first and walk.text[first - 1 : first] in (" ", "\t"))
    return offset if taken else start


def _sign(walk: Walk, char: str, at: int, end: int) -> int | None:
    """What begins at a place and is no tag; returns where to go on, None when it is prose after all."""
    for pattern, handler in SIGNS.get(char, OTHERS):
        token = pattern.match(walk.text, at, end)
        if token is not None:
            return handler(walk, token) or token.end()
    return None


def _tag(walk: Walk, token: re.Match[str]) -> int | None:
    """Any tag, by its element; returns where to go on, None for behind it."""
    start, end = token.span()
    if address_end := characters.address_end(walk, start):
        return address_end
    raw, name = token[0], token[2].lower()
    tag = Tag(name, start, end, token[1] == "/", raw)
    if (handler := ELEMENTS.get(name)) is not None:
        if " " in raw and "=" not in raw and len(raw.rstrip("/>").split()) >= PROSE_WORDS:
            walk.find_once("html.removed", start, f"words in a tag {short(raw)}", "removed")
        return handler(walk, tag)
    if name == "x" and not tag.closing:
        walk.edit(tag.start, tag.end, "", "stray-tag")
        return None
    if _is_unknown(walk, tag):
        walk.unwrap(tag)
        return None
    return characters.less(walk, token)


def _is_unknown(walk: Walk, tag: Tag) -> bool:
    """Whether a tag is of an element that only its site knew: `<name>` is a word, one with values in quotes is none."""
    known = walk.passed.elements
    if not tag.closing and QUOTED_VALUE.search(tag.raw):
        known.add(tag.name)
        return True
    return ":" in tag.name or (tag.closing and tag.name in known)


Sign = tuple[re.Pattern[str], Callable[[Walk, re.Match[str]], int | None]]
ANY = re.compile(".", re.DOTALL)
SIGNS: dict[str, tuple[Sign, ...]] = {
    "<": (
        (anchors.AUTOLINK, anchors.autolink),
        (re.compile("<!--"), hidden.comment),
        (hidden.DECLARATION, hidden.declaration),
        (ANY, characters.less),
    ),
    "&": (
        (characters.ODD_BLANK_RUN, characters.blank),
        (ENTITY, characters.entity),
        (characters.NUMBER, characters.number),
    ),
    "{": (
        (shortcodes.SHORTCODE, shortcodes.shortcode),
        (shortcodes.LIQUID, shortcodes.liquid),
        (shortcodes.ATTRIBUTES, shortcodes.attributes),
        (plugins.MARKER, plugins.marker),
    ),
    **dict.fromkeys(characters.ODD_BLANKS, ((characters.ODD_BLANK_RUN, characters.blank),)),
    "~": ((marks.MARK, marks.mark),),
    "\\": ((marks.ESCAPED_MARK, marks.unescaped), (characters.ESCAPE, characters.escape)),
    "\n": ((breaks.LINES, breaks.line_end),),
    "|": ((ANY, tables.pipe),),
    "[": ((ANY, anchors.bracket),),
    "]": ((ANY, anchors.bracket),),
}
"""By the character that it begins with: the first pattern that fits, and what is made of it."""
OTHERS: tuple[Sign, ...] = (
    (characters.MOJIBAKE, characters.mojibake),
    (characters.INVISIBLES, characters.invisible),
    (characters.SEPARATORS, characters.separator),
    (characters.TYPES, characters.typography),
)
ELEMENTS: dict[str, Callable[[Walk, Tag], int | None]] = {
    "span": inline.span,
    "a": anchors.anchor,
    "img": anchors.image,
    "br": breaks.line_break,
    "hr": blocks.horizontal,
    "p": blocks.paragraph,
    "blockquote": blocks.quotation,
    "div": boxes.division,
    **dict.fromkeys(("ul", "ol", "dir", "menu"), blocks.item_list),
    "li": blocks.item,
    "table": tables.table,
    "tr": tables.row,
    **dict.fromkeys(("td", "th"), tables.cell),
    "pre": blocks.preformatted,
    **dict.fromkeys(HIDDEN, hidden.hidden),
    **dict.fromkeys(FRAMES, hidden.frame),
    **dict.fromkeys(STRONG, inline.strong),
    **dict.fromkeys(EMPHASIS, inline.emphasis),
    **dict.fromkeys(CODE, inline.code),
    **dict.fromkeys(KEPT, inline.kept),
    **dict.fromkeys(HEADINGS, blocks.heading),
    **dict.fromkeys(BLOCKS, blocks.block),
    **dict.fromkeys(VOID | INLINE, Walk.unwrap),
}
"""What is made of a tag of an element."""
