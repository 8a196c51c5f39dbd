"""Tags in code: those that would act, and those for which markdown2 takes code out as HTML.

It takes block elements out before it looks for items and their code.
"""

from __future__ import annotations

import re

NAMES = (
    "blockquote|body|dd|del|div|dl|dt|fieldset|form|h[1-6]|head|hr|html|iframe|ins|li|math|noscript|ol|p|pre|script"
    "|style|table|tfoot|ul|address|article|aside|canvas|figcaption|figure|footer|header|main|nav|section|video"
)
"""Elements that markdown2 takes out."""
SWALLOWS = "iframe|noembed|noframes|noscript|plaintext|script|style|template|textarea|title|xmp"
"""Elements that hide what follows them, or run it."""
LOADS = "applet|base|embed|frame|frameset|link|math|meta|object|portal|svg"
"""Elements that load something, or lead all links of a page elsewhere."""
# A path, an address of the web, or no address; what else has a colon or an entity may be one that runs.
VALUE = r"(?:(?:https?:|[/?#.])[^\"'<>]*|[^\"'<>&:]*)"
STYLE = r"""style\s*=\s*(?:"[\w\s:;#.,%-]*"|'[\w\s:;#.,%-]*')"""
ATTRIBUTE = rf"""(?!on|srcdoc|formaction)[a-z][\w-]*(?:\s*=\s*(?:"{VALUE}"|'{VALUE}'|[\w/#?.%-]+))?"""
TAG = rf"/?(?!(?:{SWALLOWS}|{LOADS})\b)[a-z][\w-]*(?>\s+(?>{STYLE}|{ATTRIBUTE}))*\s*/?>"
HARMLESS = rf"!doctype\s[\w\s]*>|!--[^<>]*-->|{TAG}"
ACTIVE = re.compile(rf"<(?=[a-z/!?])(?!{HARMLESS})", re.IGNORECASE)
"""Begins a tag that is not known to be harmless."""


def taken_out(code: str) -> tuple[bool, bool]:
    """Whether lines of code begin with tags of elements that are taken out, and whether one of these stays open.

    An element goes from a line that begins with its tag to one that begins with its end; its depth may be negative.
    """
    is_taken, depth, names = False, 0, NAMES
    for line in code.splitlines():
        words = line.lstrip()
        tag = re.match(rf"(?:</code>(?=</pre>))?</?({names})\b", words)
        if tag is None or _is_closed(words, tag[1]):
            continue
        is_taken = True
        if words.startswith("</"):
            depth -= 1
        else:
            depth, names = depth + 1, tag[1]
        if not depth:
            names = NAMES
    return is_taken, depth != 0


def _is_closed(line: str, name: str) -> bool:
    """Whether a line that begins with a tag has as many ends of that name."""
    if line.startswith("</"):
        return False
    openings = re.findall(rf"<{name}[^>]*>", line[: line.rfind(">") + 1])
    return len(openings) == line.count(f"</{name}>")
