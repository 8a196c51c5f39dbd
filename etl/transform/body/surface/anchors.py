"""Links and images of HTML, and addresses in angle brackets: their tags; `links` says what they become."""

from __future__ import annotations

import re

from etl.transform.body.edits import short
from etl.transform.body.entities import decoded
from etl.transform.body.surface.around import MARKDOWN_BLOCK, WHOLE_ADDRESS
from etl.transform.body.surface.characters import INVISIBLES
from etl.transform.body.surface.links import image_source
from etl.transform.body.surface.tags import TAGS, Tag, tags_of
from etl.transform.body.surface.walk import Walk

AUTOLINK = re.compile(r"<(?:[a-zA-Z][a-zA-Z0-9+.-]+:[^\s<>\x00-\x1f\x7f-\x9f]*|[^\s<>@]+@[^\s<>@.]+(?:\.[^\s<>@.]+)+)>")
NOT_IN_LINK = re.compile(rf"{MARKDOWN_BLOCK.pattern}|(?<![!\\])\[[^\[\]\n]*\]\((?:https?://|/|tiki-)")
"""A block or a link of Markdown."""
ANCHOR_END = tags_of("a")
# A heading that is all that a link holds, as a tag or with marks.
LINKED_HEADING = re.compile(
    r"\s*(?:<h([1-6])(?:\s[^<>]*)?>\s*|(?<=\n)(#{1,6})[ \t]+)"
    r"(?=(?:[^<\n]|<(?!/?(?:a|br|div|h[1-6]|li|ol|p|table|ul)\b)){1,2000}(?(1)</h\1\s*>)\s*</a\s*>)",
    re.IGNORECASE,
)
IMAGE = re.compile(rf"(?<=!)(?<!\\!)\[[^<>\[\]\n]{{0,500}}(?=\]\(){WHOLE_ADDRESS.pattern}")
LONGEST_START = 501
"""Characters of what begins a link of Markdown around another one."""
OUTER_START = re.compile(r"(?<![!\\])\[(?:[^\[\]\n]|\n(?!\s*\n)){0,500}\Z")
OUTER_END = re.compile(r"[^\[\]\n]{0,200}\]\(\S")
WITHOUT_SCRIPT = re.compile(
    r"(?:\s|</(?!noscript)\w+\s*>)*"
    r"(?:<noscript\b[^<>]*>\s*(?P<without><img\b[^<>]*>)\s*</noscript\s*>|</noscript\s*>\s*(?P<with><img\b[^<>]*>))",
    re.IGNORECASE,
)
"""What stands between an image and the one that a reader without, or with, scripts sees instead."""


def anchor(walk: Walk, tag: Tag) -> int | None:
    """`<a href>` becomes a Markdown link, inside the heading that it holds; `<a name>` goes."""
    if tag.closing:
        _ends_anchor(walk, tag)
        return None
    attributes = tag.attributes()
    if "href" not in attributes and "href" in tag.raw.lower():  # whose quotes some editor broke
        walk.unwrap(tag)
        return None
    heading = LINKED_HEADING.match(walk.text, tag.end)
    if heading and walk.gap(tag.start) == "\n\n" and not walk.around.in_item_line(tag.start):
        walk.open.begin(tag, len(walk.edits))
        walk.edit(tag.start, heading.end(), f"\n\n{'#' * int(heading[1] or len(heading[2]))} ", "anchor")
        return heading.end()
    if walk.around.is_closed(tag.end, ANCHOR_END, NOT_IN_LINK):
        walk.begin(tag, "", "anchor")
    elif attributes.get("href"):
        walk.unwrap(tag)
    else:
        walk.drop(tag, "unwrap")
    return None


def _ends_anchor(walk: Walk, tag: Tag) -> None:
    opened, index = walk.open.end(tag)
    if opened is None:
        walk.edit(tag.start, tag.end, "", "unwrap")
        return
    start, end, heading_mark, _ = walk.edits[index]
    inner = walk.text[end : tag.start]
    label = decoded(TAGS.sub("", inner))
    before, after, rule = walk.links.anchor(opened, label)
    is_shown = label.strip() != "" or "<img" in inner.lower()
    if before == "[" and (not is_shown or _in_link(walk, opened.start, tag.end)):
        before = after = ""  # of two links around one text the outer one wins
        _lose_link(walk, opened, "its text is in another link" if is_shown else "nothing shows it")
    opening = heading_mark + before
    walk.edits[index] = (start, end, opening, rule) if opening else walk.dropped(opened, rule)
    if closing := after + heading_mark[:2]:  # a blank line behind a heading, too
        walk.write(tag.start, tag.end, closing, rule)
    else:
        walk.drop(tag, rule)


def _in_link(walk: Walk, start: int, end: int) -> bool:
    """Whether the words of a link of Markdown reach over a range."""
    if OUTER_END.match(walk.text, end) is None:
        return False
    return OUTER_START.search(walk.text, max(start - LONGEST_START, 0), start) is not None


def image(walk: Walk, tag: Tag, link: Tag | None = None) -> None:
    """`<img>`, in a link if it has one; one that stands for a lost file goes and is reported."""
    end = tag.end + walk.text.startswith("}", tag.end)
    if _is_again_below(walk, tag):
        walk.edit(tag.start, tag.end, "", "image")
    elif walk.links.loses_image(tag):
        walk.edit(tag.start, end, "", "lost-image")
    elif image := walk.links.image(tag):
        before, after = _around_image(walk, link) if link else ("", "")
        walk.write(tag.start, end, f"{before}{image}{after}", "image")
    else:
        walk.edit(tag.start, tag.end, "", "image")


def _is_again_below(walk: Walk, tag: Tag) -> bool:
    """Whether the same image follows, where one of the two is for readers without the script that shows the other."""
    found = WITHOUT_SCRIPT.match(walk.text, tag.end)
    if found is None:
        return False
    other = found["without"] or found["with"]
    return _shown_by(Tag("img", found.end() - len(other), found.end(), False, other)) == _shown_by(tag)


def _shown_by(image: Tag) -> tuple[str, str]:
    """The address of an image, and what stands for it."""
    attributes = image.attributes()
    return image_source(attributes), attributes.get("alt", "").strip()


def _around_image(walk: Walk, link: Tag) -> tuple[str, str]:
    """What makes a link of an image that a marker linked; of two links around it the outer one wins."""
    if walk.open.holds("a") or _in_link(walk, link.start, link.end):
        _lose_link(walk, link, "its image is in another link")
        return "", ""
    before, after, _ = walk.links.anchor(link, "")
    return before, after


def _lose_link(walk: Walk, link: Tag, done: str) -> None:
    walk.find("link.removed", link.start, f"link {short(link.attributes()['href'])}", done)


def autolink(walk: Walk, token: re.Match[str]) -> None:
    """`<https://…>` stays a link, of which all is seen; `<javascript:…>` becomes text, mail addresses stay text."""
    start, end = token.span()
    address = token[0][1:-1]
    in_link = walk.around.angled_end(start) is not None
    if in_link or (":" in address.partition("@")[0] and walk.links.stays(start, address)):
        if not address.isascii():
            for sign in INVISIBLES.finditer(walk.text, start, end):
                walk.edit(*sign.span(), "", "invisible")
    else:
        walk.edit(start, end, INVISIBLES.sub("", address), "autolink")


def bracket(walk: Walk, token: re.Match[str]) -> None:
    """A bracket inside the text of an HTML link is a word, but in an image of Markdown."""
    if not walk.open.holds("a"):
        return
    if image := IMAGE.match(walk.text, token.start()):
        walk.passed.image_end = image.end()
    if token.start() >= walk.passed.image_end:
        walk.edit(*token.span(), "\\" + token[0], "bracket")
