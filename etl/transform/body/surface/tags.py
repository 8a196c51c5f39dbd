"""Tags of HTML as they stand in a text, and the elements that they are of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from etl.transform.body.entities import decoded

FAR = 20_000  # what is not closed within this many characters is not closed
NAME = r"[a-zA-Z_:@][\w:.-]*"
VALUE = rf"\"[^\"]{{0,{FAR}}}\"|'[^']{{0,{FAR}}}'|[^\s\"'=<>`]+"
# A tag as HTML has it, or one of quoted attributes that some editor broke.
BROKEN_ATTRIBUTES = rf"\s(?=[^<>]{{0,{FAR}}}>)[^<>]{{0,{FAR}}}?\w=[\"'][^<>]{{0,{FAR}}}(?:>[\w%.; ]*[\"'])?>"
BEHIND_LESS = (
    rf"(/?)((?:(?:[ovwmx]|st\d):)?[a-zA-Z][a-zA-Z0-9]*)"
    rf"(?:>|(?:\s+{NAME}(?:\s*=\s*(?:{VALUE}))?)*\s*/?>|{BROKEN_ATTRIBUTES})"
)
TAG = re.compile(f"<{BEHIND_LESS}")
TAGS = re.compile(r"<[^<>]*>")
ATTRIBUTE = re.compile(rf"(?<![\w:@.-])({NAME})\s*=\s*({VALUE})")

IN_A_LINE = "a|b|big|em|font|i|small|span|strong|su[bp]|u"
"""Elements that words of a line stand in, as a pattern has them."""
STRONG = frozenset(("b", "strong"))
EMPHASIS = frozenset(("i", "em"))
CODE = frozenset(("code", "kbd", "samp", "tt"))
KEPT = frozenset(("sup", "sub"))
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = frozenset(
    """address article aside body caption center dd details dl dt fieldset figcaption figure footer form
    header hgroup html legend main nav noembed noframes noscript option section select summary tbody tfoot
    thead""".split()
)
HIDDEN = frozenset("script style head title svg math applet template xml canvas".split())
FRAMES = frozenset("audio embed frame iframe object oembed video".split())
VOID = frozenset(
    "area base basefont bgsound col colgroup frameset input keygen link meta param source track wbr".split()
)
INLINE = frozenset(
    """abbr acronym bdi bdo big blink button cite data del dfn font ins label map mark marquee meter nobr output picture
    progress q rp rt ruby s small strike textarea time u var""".split()
)


def tags_of(names: str) -> re.Pattern[str]:
    """Where tags of some elements begin, by a pattern of their names."""
    return re.compile(rf"</?(?:{names})(?=[\s>])", re.IGNORECASE)


BLOCK_EDGE = re.compile(
    rf"(?>(?:</(?:{IN_A_LINE})\s*>|<!--[^<>]*-->|\n(?:[ \t]*>)*|\s|&nbsp;)*)"
    rf"(?:</?(?:p|div|h[1-6]|blockquote|[uo]l|li|t(?:able|[rdh])|{'|'.join(sorted(BLOCKS))})\b|\Z)",
    re.IGNORECASE,
)
"""What stands behind the last words of a block: its end tag, or the tag of the next one."""


class Tag(NamedTuple):
    """A tag as it stands in the source."""

    name: str
    start: int
    end: int
    closing: bool
    raw: str

    def attributes(self) -> Mapping[str, str]:
        """Attribute values, decoded; the first of two of a name wins, as in browsers.

        >>> Tag("a", 0, 0, False, "<a HREF='/b?c&amp;d' href=/e>").attributes()
        {'href': '/b?c&d'}
        """
        return _attributes(self.raw)


@lru_cache(256)  # a page repeats its tags
def _attributes(tag: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in ATTRIBUTE.findall(tag):
        found.setdefault(name.lower(), decoded(value[1:-1] if value[:1] in "\"'" else value))
    return found
