"""What shows nothing, or runs something, goes: comments, declarations, scripts, frames."""

from __future__ import annotations

import re

from etl.transform.body.edits import short
from etl.transform.body.surface import characters
from etl.transform.body.surface.tags import FAR, TAGS, Tag
from etl.transform.body.surface.walk import Walk

DECLARATION = re.compile(rf"<!\[?[a-zA-Z][^<>]{{0,{FAR}}}>|<\?(?:[^<>]{{0,{FAR}}}\?|xml:[^<>]{{0,{FAR}}})>")
BOILERPLATE = re.compile(r"<(?:!doctype|\?xml|!\[(?:end)?if)\b", re.IGNORECASE)
"""Of whole pages and their editors; a declaration of any other kind is a comment to browsers."""
COMMENT_END = re.compile("-->")
SOURCE = re.compile(rf"<(?:source|embed|iframe)\s[^<>]{{0,{FAR}}}>", re.IGNORECASE)
PARAMETER = re.compile(r"<param\s[^<>]{0,200}?\bname=[\"']?(?:movie|src|url|filename)\b[^<>]{0,2000}>", re.IGNORECASE)
"""Where a player finds the address of a film."""
DRAWN = frozenset(("applet", "math", "svg"))
"""Elements whose words a reader may have seen."""
LIST_MACRO = re.compile(r"\{(?:LIST|CATEGORY|LISTPAGES)\b", re.IGNORECASE)
FAR_HEADING = 2000  # so far before a comment the heading of a dynamic list is looked for
HEADING_BEFORE = re.compile(r"#{1,6}[ \t][^\n]*+\s*+")


def comment(walk: Walk, token: re.Match[str]) -> int | None:
    """`<!-- ... -->`: goes; with a dynamic list in it, the heading before it goes too."""
    start = token.start()
    end = walk.around.next_match(COMMENT_END, start + 4, uncoded=True)
    if end is None:
        return characters.less(walk, token)
    inner = walk.text[start + 4 : end.start()]
    walk.find("comment.removed", start, f"comment {short(' '.join(inner.split()))}", "removed")
    line = walk.text.rfind("\n#", max(start - FAR_HEADING, 0), start) + 1
    if LIST_MACRO.search(inner) and HEADING_BEFORE.fullmatch(walk.text, line, start) and not walk.edited(line):
        walk.find(
            "list.removed",
            line,
            f"heading {short(walk.text[line:start].strip())} of a dynamic list",
            "removed with it",
        )
        walk.edit(line, end.end(), "", "dynamic-list")
    else:
        walk.edit(start, end.end(), "", "comment")
    return end.end()


def declaration(walk: Walk, token: re.Match[str]) -> None:
    """`<!DOCTYPE …>`, `<?xml …?>`, `<![endif]>`; one that may hold words, such as `<![CDATA[…]]>`, is reported."""
    if not BOILERPLATE.match(token[0]):
        walk.find_once("comment.removed", token.start(), f"declaration {short(token[0])}", "removed")
    walk.edit(*token.span(), "", "declaration")


def hidden(walk: Walk, tag: Tag) -> int:
    """Scripts, styles and the like go with all that is in them."""
    stop = _element_end(walk, tag)
    words = " ".join(TAGS.sub(" ", walk.text[tag.end : stop]).split()) if tag.name in DRAWN else ""
    shown = f", among them {short(words)}" if words else ""
    walk.find("html.removed", tag.start, f"<{tag.name}> with {stop - tag.start} characters{shown}", "removed")
    walk.edit(tag.start, stop, "", "script")
    return stop


def frame(walk: Walk, tag: Tag) -> int:
    """A frame or a player becomes a link to what it showed."""
    stop, link = _element_end(walk, tag), ""
    if not tag.closing:
        source = _source(walk, tag, stop)
        link = walk.links.frame(source)
        walk.find("html.removed", tag.start, f"frame of {short(source)}", "replaced by a link" if link else "removed")
    walk.write(tag.start, stop, link, "image" if link else "script")
    return stop


def _source(walk: Walk, tag: Tag, stop: int) -> str:
    """The address of what a frame or a player showed: its own, or the first one in it."""
    attributes = tag.attributes()
    if address := attributes.get("src") or attributes.get("data") or attributes.get("url"):
        return address
    inner = SOURCE.search(walk.text, tag.end, stop) or PARAMETER.search(walk.text, tag.end, stop)
    attributes = Tag("source", *inner.span(), False, inner[0]).attributes() if inner else {}
    return attributes.get("src") or attributes.get("value", "")


def _element_end(walk: Walk, tag: Tag) -> int:
    """Where an element ends with all that is in it; one that holds nothing, or has no end, ends with its tag."""
    holds_nothing = tag.closing or tag.name in ("embed", "frame") or tag.raw.endswith("/>")
    end = None if holds_nothing else walk.around.end_tag(tag.name, tag.end)
    return end.end() if end else tag.end
