"""Elements of HTML within a line: spans, emphasis, sub- and superscript, code."""

from __future__ import annotations

import re
from itertools import islice

from etl.scripts import joins_words
from etl.transform.body.entities import decoded
from etl.transform.body.flanks import is_glued, is_sign
from etl.transform.body.surface.around import MARKDOWN_BLOCK
from etl.transform.body.surface.breaks import BR
from etl.transform.body.surface.characters import DIRECTIONS, INVISIBLE, INVISIBLES, JOINERS, ODD_BLANK, SHOWS_NOTHING
from etl.transform.body.surface.marks import COLOUR
from etl.transform.body.surface.tags import EMPHASIS, IN_A_LINE, INLINE, STRONG, TAGS, Tag, tags_of
from etl.transform.body.surface.walk import Walk

LONGEST_RAISED = 500  # so for sub- and superscript
LONGEST_MARKED = 5000  # emphasis over more than that is no emphasis
GUARDED = re.compile(r"\[([^<>\[\]\n]*)\]</span>")
BLOCK_INSIDE = re.compile(rf"\n[ \t]*\n|{BR}\s*{BR}|<(?!https?://|/?(?:{IN_A_LINE}|br)\b)")
ITEM_INSIDE = tags_of("li")
"""The block that does not stay on the line of what it stands in."""
# What every engine reads as code between back-ticks: a line without tags or pipes, in which `_` alone may be escaped.
CODE = re.compile(r"(?P<code>(?:[^`<|\\\n]|\\(?=\w)){1,500})</(?P<name>\w+)\s*>")
NOT_CODE = re.compile(r"\]\(|\]\[|\*\w[^*]*(?<!\s)\*|[`|]")
"""Links and emphasis of Markdown, and what only an entity brings."""
CELL_CODE = re.compile(r"(?P<code>[^`<|\n]{1,500})</(?P<name>\w+)\s*>")
NOT_CELL_CODE = re.compile(r"[`|]")
"""The same in a cell of HTML, where neither escapes nor links and emphasis are read."""
WORDS = re.compile(r"[a-zA-Z0-9]++(?>(?:[ ,.;:()/+-]++[a-zA-Z0-9]++)*)(</([a-zA-Z]+)>)")
"""What most elements hold, and an end tag: nothing in it has a meaning but its words."""
FOR_LOOKS = rf"(?i:</?(?:{'|'.join(sorted(STRONG | EMPHASIS | INLINE | {'span'}))})(?:\s[^<>]*)?>)"
TAG_FOR_LOOKS = re.compile(FOR_LOOKS)
UNSEEN = rf"(?>(?:[ \t\n{INVISIBLE}]|&(?:shy|#173|#8203);|{FOR_LOOKS})*)"
EDGE = rf"(?:{BR}|{ODD_BLANK}|</?[pP](?:\s[^<>]*)?>)"
FIRST_BREAKS = re.compile(rf"(?:{UNSEEN}{EDGE})+[ \t\n]*")
LAST_BREAKS = re.compile(rf"(?:[ \t\n]*{EDGE}{UNSEEN})+\Z")
LONGEST_BREAK = 100
"""So many characters of them are looked at in one step."""
OUTER_START = re.compile(rf"<(?:b|em|i|strong)(?:\s[^<>]*)?>(?:{FOR_LOOKS})*\Z", re.IGNORECASE)
OUTER_END = re.compile(rf"(?:{FOR_LOOKS})*</(?:b|em|i|strong)\s*>", re.IGNORECASE)
"""Emphasis that begins or ends where other emphasis does: a blank stands outside of both."""
SHAPELESS = frozenset(JOINERS + DIRECTIONS)
"""Signs that stay as they are, and belong to what they touch."""
GOES_FROM_RIGHT = re.compile(rf"(?![{DIRECTIONS}])[{INVISIBLE}]")
"""What does not stay where letters are read from the right; elsewhere marks of direction do not, either."""
NOTHING = re.compile(f"{SHOWS_NOTHING}*")
FARTHEST_NEIGHBOUR = 300
"""Within so many characters, tags and all, what stands beside an element is looked for."""
MARKERS = re.compile(rf"<(?!https?:)[^<>]*>|~hs~|{COLOUR}|~~|\{{[^{{}}]*\}}|[{INVISIBLE}]")


def span(walk: Walk, tag: Tag) -> int | None:
    """Spans go; one that only guards brackets hands them over as literal ones."""
    if tag.closing:
        _ends_span(walk, tag)
        return None
    guard = GUARDED.match(walk.text, tag.end) if tag.raw == "<span>" else None
    if guard is not None and _guarded(walk, tag, guard):
        return None
    walk.drop(tag, "span")
    if words := _words(walk, tag):
        walk.edit(*words.span(1), "", "span")
        return words.end()
    walk.open.begin(tag, len(walk.edits) - 1)
    return None


def _ends_span(walk: Walk, tag: Tag) -> None:
    opened, index = walk.open.end(tag)
    if opened is None:
        walk.edit(tag.start, tag.end, "", "unwrap")
    elif _guards_brackets(walk, opened, tag):
        walk.edits[index] = (opened.start, opened.end + 1, "\\[", "guard")
        walk.edit(tag.start - 1, tag.end, "\\]", "guard")
    else:
        walk.drop(tag, "span")


def _guards_brackets(walk: Walk, opened: Tag, tag: Tag) -> bool:
    """Whether a span without attributes holds brackets, which are words: in no link, and not taken for one."""
    in_brackets = walk.text[opened.end] == "[" and walk.text[tag.start - 1] == "]"
    return opened.raw == "<span>" and in_brackets and not walk.open.holds("a") and not walk.edited(tag.start - 1)


def _guarded(walk: Walk, tag: Tag, guard: re.Match[str]) -> bool:
    """`<span>[page 12]</span>`: a page of the old wiki becomes a link again."""
    href = walk.links.guarded(tag, guard[1].strip())
    if href is not None:
        walk.edit(tag.start, guard.start() + 1, "[", "guard")
        walk.edit(guard.end() - len("]</span>"), guard.end(), f"]({href})", "guard")
    return href is not None


def strong(walk: Walk, tag: Tag) -> int | None:
    """`<b>` and `<strong>`."""
    return _marked(walk, tag, "**")


def emphasis(walk: Walk, tag: Tag) -> int | None:
    """`<i>` and `<em>`; an icon is an `<i>` with a class and nothing in it."""
    return _marked(walk, tag, "*")


def _marked(walk: Walk, tag: Tag, mark: str) -> int | None:
    if tag.closing:
        _ends_marked(walk, tag, mark)
        return None
    words = _words(walk, tag)
    if words and "*" not in walk.text[tag.start - 1 : tag.start] + walk.text[words.end() : words.end() + 1]:
        walk.edits += (tag.start, tag.end, mark, "emphasis"), (*words.span(1), mark, "emphasis")
        return words.end()
    walk.begin(tag, mark, "emphasis")
    return None


def _words(walk: Walk, tag: Tag) -> re.Match[str] | None:
    """What an element holds, and its end tag as group 1, when it holds nothing but a few words."""
    words = WORDS.match(walk.text, tag.end, min(tag.end + LONGEST_RAISED, walk.end))
    return words if words and words[2].lower() == tag.name else None


def _ends_marked(walk: Walk, tag: Tag, mark: str) -> None:
    opened, index = walk.open.end(tag)
    if opened is None:
        walk.edit(tag.start, tag.end, "", "unwrap")
        return
    if tag.start - opened.end > LONGEST_MARKED:
        _unmarked(walk, opened, index, tag, "emphasis")
        return
    first, last = _between_breaks(walk.text, opened.end, tag.start)
    content = walk.text[first:last]
    shown = TAGS.sub("", content)
    start, end = max(opened.start - FARTHEST_NEIGHBOUR, 0), tag.end + FARTHEST_NEIGHBOUR
    before = _shown_before(walk, walk.text[start : opened.start]) if first == opened.end else "\n"
    after = _shown_behind(walk, walk.text[tag.end : end]) if last == tag.start else "\n"
    opening = before, _shown_behind(walk, content.strip()[:FARTHEST_NEIGHBOUR])
    closing = after, _shown_before(walk, content.strip()[-FARTHEST_NEIGHBOUR:])
    block = ITEM_INSIDE if walk.open.one_line else BLOCK_INSIDE
    parted = walk.words_start > opened.start or (first > opened.end and _is_guarded(walk, index, first))
    parted = parted and not walk.in_row(opened.start)
    if parted or not _fits(content, shown, opening, closing) or block.search(content):
        _unmarked(walk, opened, index, tag, "icon" if mark == "*" and not shown.strip() else "emphasis")
        return
    lead, trail = len(content) - len(content.lstrip(" \t")), len(content) - len(content.rstrip(" \t"))
    if first > opened.end:
        walk.edits[index] = (opened.start, opened.end, "", "emphasis")
        walk.edit(first, first + lead, mark, "emphasis")
    elif lead or (is_glued(*opening) and not OUTER_START.search(walk.text, start, opened.start)):
        walk.edits[index] = (opened.start, opened.end + lead, (" " if before.strip() else "") + mark, "emphasis")
    glued = is_glued(*closing) and not OUTER_END.match(walk.text, tag.end, end)
    apart = " " if glued or (trail and after.strip()) else ""
    if last < tag.start:
        walk.edit(last, last, mark, "emphasis")
        walk.edit(tag.start, tag.end, "", "emphasis")
    else:
        walk.edit(tag.start - trail, tag.end, mark + apart, "emphasis")


def _is_guarded(walk: Walk, index: int, words: int) -> bool:
    """Whether an edit behind one of a number keeps the first sign of some words from being a mark of Markdown."""
    for start, end, written, _ in islice(walk.edits, index + 1, None):
        if start >= words:
            break
        if end >= words and written.strip():
            return True
    return False


def _unmarked(walk: Walk, opened: Tag, index: int, tag: Tag, rule: str) -> None:
    """Both tags of an element go."""
    walk.edits[index] = walk.dropped(opened, rule)
    if walk.begins_item(opened.start):
        walk.words_start = walk.edits[index][1]
    walk.edit(tag.start, tag.end, "", rule)


def _fits(content: str, shown: str, opening: tuple[str, str], closing: tuple[str, str]) -> bool:
    """Whether a mark of Markdown has a meaning around a text, of which ``shown`` is no tag: it touches words.

    ``opening`` and ``closing`` are what either mark touches, outside and inside.

    >>> [_fits(text, text, ("a", text.strip()[:1]), ("", text[-1])) for text in ("b", " b ", "(b)", " ", "b\\\\")]
    [True, True, False, False, False]
    >>> _fits("「水」", "「水」", ("は", "「"), ("で", "」"))
    True
    """
    words = shown.strip()
    if not words or not (shown == words or words == content.strip() == content.strip(" \t")):
        return False
    if not opening[1].strip(JOINERS + DIRECTIONS) and NOTHING.fullmatch(decoded(words)):
        return False
    if {opening[0], closing[0]} & SHAPELESS and (is_sign(opening[1]) or is_sign(closing[1])):
        return False  # a blank would part it from its word
    # A star between a letter and a sign opens nothing but behind a blank, and a backslash ends nothing.
    opens = content.startswith((" ", "\t")) or not (joins_words(opening[0]) and is_glued(*opening))
    return opens and not words.endswith("\\") and "*" not in (opening[0], closing[0], words[0], words[-1])


def _shown_before(walk: Walk, text: str) -> str:
    """The character that a text ends with; what shows nothing by itself is none, and an entity is one."""
    last = text[-1:]
    return last if last.isascii() and last not in (">", ";") else _shown(walk, text)[-1:]


def _shown_behind(walk: Walk, text: str) -> str:
    """The character that a text begins with, likewise."""
    first = text[:1]
    return first if first.isascii() and first not in ("<", "&") else _shown(walk, text)[:1]


def _shown(walk: Walk, text: str) -> str:
    """A text without tags for looks, and without signs that have no shape and will go."""
    text = decoded(TAG_FOR_LOOKS.sub("", text))
    if not INVISIBLES.search(text):
        return text
    return (GOES_FROM_RIGHT if walk.from_right else INVISIBLES).sub("", text)


def close_emphasis(walk: Walk) -> None:
    """What is open at the end of the text, or of its item, loses its mark."""
    for tag, index in (*walk.open.unended, *walk.open):
        if tag.name in STRONG or tag.name in EMPHASIS:
            walk.edits[index] = walk.dropped(tag, "emphasis")


def _between_breaks(text: str, start: int, end: int) -> tuple[int, int]:
    """A range without the breaks and odd blanks at its edges: a mark of Markdown touches words.

    >>> _between_breaks("<br>a <br/>", 0, 11), _between_breaks("&nbsp; a<br>&#160; ", 0, 19)
    ((4, 5), (7, 8))
    """
    if first := FIRST_BREAKS.match(text, start, end):
        start = first.end()
    while _may_be_unseen(text[end - 1]) and (last := LAST_BREAKS.search(text, max(end - LONGEST_BREAK, start), end)):
        end = last.start()
    return start, end


def _may_be_unseen(char: str) -> bool:
    """Whether a break, a blank, a tag, an entity or a sign without a shape may end with a character."""
    return char in " >;" or not char.isprintable()


def kept(walk: Walk, tag: Tag, rule: str = "unwrap") -> int | None:
    """`<sup>` and `<sub>` stay, without attributes, when they hold text of one line."""
    if not tag.closing and (words := _words(walk, tag)):
        walk.edits += (tag.start, tag.end, f"<{tag.name}>", rule), (*words.span(1), f"</{tag.name}>", "unwrap")
        return words.end()
    if not tag.closing:
        walk.open.begin(tag, len(walk.edits))
        walk.drop(tag, rule)
        return None
    opened, index = walk.open.end(tag)
    content = walk.text[opened.end : tag.start] if opened and tag.start - opened.end <= LONGEST_RAISED else ""
    shown = decoded(MARKERS.sub("", content)).strip(" *_\n")
    if opened and shown and not BLOCK_INSIDE.search(content) and not MARKDOWN_BLOCK.search(content):
        inner = opened.end + len(content) - len(content.lstrip())  # a tag alone on its line is a block of HTML
        walk.edits[index] = (opened.start, inner, f"<{tag.name}>", walk.edits[index][3])
        walk.edit(tag.start, tag.end, f"</{tag.name}>", rule)
    else:
        walk.edit(tag.start, tag.end, "", rule)
    return None


def code(walk: Walk, tag: Tag) -> int | None:
    """`<code>` and the like become code, where that is all that they hold; else their text stays."""
    in_cell = walk.table is not None and walk.table.in_cell
    pattern, other = (CELL_CODE, NOT_CELL_CODE) if in_cell else (CODE, NOT_CODE)
    found = None if tag.closing else pattern.match(walk.text, tag.end, walk.end)
    source = found["code"] if found and found["name"].lower() == tag.name else ""
    written = decoded(source if in_cell else source.replace(r"\_", "_"))
    words = " ".join(written.split())
    if not found or not words or not words.isprintable() or other.search(words) or _is_beside_code(walk, tag, found):
        walk.unwrap(tag)
        return None
    before, after = (" " * edge.isspace() for edge in (written[0], written[-1]))
    walk.edit(tag.start, found.end(), f"{before}`{words}`{after}", "code")
    return found.end()


def _is_beside_code(walk: Walk, tag: Tag, element: re.Match[str]) -> bool:
    """Whether a back-tick touches an element, or will: two are others than one."""
    written = walk.edits[-1][2] if walk.edits and walk.edits[-1][1] == tag.start else ""
    before = written or walk.text[tag.start - 1 : tag.start]
    return before.endswith("`") or walk.text.startswith("`", element.end())
