"""What a body says before it is cleaned: whether it shows anything, where it redirects, which names it had."""

from __future__ import annotations

import html
import re

from etl import addresses
from etl.plain import cut
from etl.settings import Settings
from etl.transform.body.entities import ENTITY
from etl.transform.body.parameters import parameters
from etl.transform.body.remnants import ALIAS
from etl.transform.body.surface.characters import SHOWS_NOTHING
from etl.transform.body.surface.links import image_source
from etl.transform.body.surface.tags import Tag
from etl.transform.body.surface.titles import title_of

COMMENT = re.compile(r"<!--.*?-->|~tc\\?~(?:(?!~tc\\?~).)*?~/tc\\?~|~hc\\?~(?:(?!~hc\\?~).)*?~/hc\\?~", re.DOTALL)
HARVESTED, SHOWN = re.compile(rf"\b{ALIAS}"), re.compile(rf"(?<!\w)\({ALIAS}\)")
REDIRECT = re.compile(r"\{redirect\b[^{}]*\}", re.IGNORECASE)
SHORTCODE = r"\{\{[<%].*?[>%]\}\}"
BLANK = re.compile(f"{SHOWS_NOTHING}+")
NOTHING = re.compile(
    rf"(?:{BLANK.pattern}|(?P<entity>{ENTITY.pattern})|{SHORTCODE}|\{{redirect\b[^{{}}]*\}}|(?P<marker>\{{img\b[^{{}}]*\}})"
    rf"|<!--.*?-->|(?-i:\\?~tc\\?~.*?~/tc\\?~|\\?~hc\\?~.*?~/hc\\?~|{SHOWN.pattern})"
    r"|[\u2013\u2014*_-]+|^(?:#{1,6}|>[> ]*)"
    r"|(?P<image><img\b[^<>]*>)|!\[[^\[\]]*\]\(\s*+<?(?P<source>[^\s<>()]*+)[^()]*+\)"
    r"|</?(?:[abipu]|br|center|div|em|font|h[1-6r]|li|ol|small|span|strong|su[bp]|ul)(?=[\s/>])[^<>]*>)",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
"""What shows nothing; an entity does when it is a blank, an image when it is lost."""


def harvested_aliases(body: str) -> list[tuple[str, int]]:
    """Page names that a body keeps as aliases, mostly in comments (corpus.md 6.5), and where each stands.

    >>> harvested_aliases("<!-- ~tc~ (alias(Deep wells (old) – 2008)) ~/tc~ --> alias(no)")
    [('Deep wells (old) – 2008', 17)]
    >>> harvested_aliases("<!-- ~tc~ (alias( Deep wells)) (alias( )) ~/tc~")
    [('Deep wells', 17)]
    >>> harvested_aliases("\\\\~tc\\\\~ (alias(Wells of old)) \\\\~/tc\\\\~")
    [('Wells of old', 14)]
    >>> harvested_aliases("(alias(Wells\\n(1))) <!-- alias(Wells of old) --> call(alias(x))")
    [('Wells (1)', 7), ('Wells of old', 30)]
    """
    if "alias(" not in body:
        return []
    found = {match.start(1): match[1] for match in SHOWN.finditer(body)}
    for comment in COMMENT.finditer(_ended(body)):
        found |= {comment.start() + match.start(1): match[1] for match in HARVESTED.finditer(comment[0])}
    names = ((written.replace("\n", " ").strip(" "), offset) for offset, written in found.items())
    return [(addresses.canonical_name(name) or name, offset) for name, offset in names if name]


def _ended(body: str) -> str:
    """A body without the starts of comments behind the last end: each would be looked at for one, by the square."""
    ended = body.rfind("-->") + len("-->")
    return body[:ended] + body[ended:].replace("<!--", "    ")


def shows_nothing(body: str, settings: Settings) -> bool:
    """Whether nothing is left but comments, shortcodes, rules, blanks and placeholder images.

    >>> shows_nothing("{{< toc >}}\\n\\n---\\n<!-- x -->", Settings()), shows_nothing("--\\nwell", Settings())
    (True, False)
    >>> shows_nothing("~tc~ ask the neighbour ~/tc~ ~hc~ or her son ~/hc~", Settings())
    True
    >>> [shows_nothing(body, Settings()) for body in ("\\\\~tc\\\\~ x \\\\~/tc\\\\~ (alias(Wells (1)))", "f(alias(x))")]
    [True, False]
    >>> [shows_nothing(f"{mark} well {mark}", Settings()) for mark in ("{{< toc >}}", "<!-- x -->", "~tc~ x ~/tc~")]
    [False, False, False]
    >>> shows_nothing("&zwnj; <p>&#8205;</p> \\u200c", Settings()), shows_nothing("a&zwnj;b", Settings())
    (True, False)
    >>> shows_nothing("<b></b><br><img src=''>", Settings()), shows_nothing("<iframe src=/map></iframe>", Settings())
    (True, False)
    >>> [shows_nothing(f"<img src='' {late}>", Settings()) for late in ("data-src='/a.png'", "srcset='/a.png 2x'")]
    [False, False]
    >>> late = "<img src='/blank.gif' data-src='/a.png'>"
    >>> [shows_nothing(late, Settings(missing_images=(lost,))) for lost in ("blank", "/a")]
    [False, True]
    >>> marks = ("{img fileId=5}", '{img src="https://a.example/b.png"}', "{IMG(attId=7 desc=Wells)}{IMG}")
    >>> [shows_nothing(mark, Settings()) for mark in marks]
    [True, False, False]
    """
    at = 0
    while at < len(body):
        match = NOTHING.match(body, at)
        if match is None or (match.lastgroup and not _says_nothing(match, settings)):
            return False
        at = match.end()
    return True


def _says_nothing(match: re.Match[str], settings: Settings) -> bool:
    """Whether an entity is a blank, or an image lost; a tag without an address is that of none."""
    if match["entity"]:
        return BLANK.fullmatch(html.unescape(match["entity"])) is not None
    if match["marker"]:
        return _says_no_image(match["marker"], settings)
    if match["image"] is None:
        return settings.is_lost(match["source"])
    source = image_source(Tag("img", *match.span("image"), False, match["image"]).attributes())
    return not source or settings.is_lost(source)


def _says_no_image(marker: str, settings: Settings) -> bool:
    """Whether an image of the old wiki is one of its own files, which are lost, and has no caption."""
    source = next((value for key, value, _ in parameters(marker) if key == "src"), "")
    if source.startswith(("http://", "https://")):
        return settings.is_lost(source)
    return not title_of(Tag("IMG", 0, len(marker), False, marker))[0]


def redirect_of(body: str) -> tuple[str, str] | None:
    """``page`` or ``url``, and where to; nothing and the marker when it names no target; None without a redirect.

    >>> redirect_of('{redirect page="Wells (old)" perspective="1"}'), redirect_of("{REDIRECT(url=>/7)/}")
    (('page', 'Wells (old)'), ('url', '/7'))
    >>> redirect_of("{redirect}"), redirect_of("<!-- {redirect page=Wells} -->")
    (('', '{redirect}'), None)
    """
    unread = None
    for marker in REDIRECT.finditer(COMMENT.sub("", _ended(body))):
        for key, target, _ in parameters(marker[0]):
            if target and key in ("page", "url"):
                return key, target
        unread = unread or ("", cut(marker[0], 80, "..."))
    return unread
