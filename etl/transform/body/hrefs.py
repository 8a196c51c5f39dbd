"""The address of a link as it is written: mended, encoded, without what only tracks. Where it leads, `links` says."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, unquote, urljoin

from etl.transform.body.entities import decoded, without_entities

PLAIN = "A-Za-z0-9/._?=#&:,+~@!$*'-"
"""Characters that are themselves in an address, wherever it is written."""
TITLE = r"(?:\"(?>(?:[^\"\\]|\\.)*)\"|'(?>(?:[^'\\]|\\.)*)'|\((?>(?:[^()\\]|\\.)*)\))"
"""That of a link, which stands behind its address."""
NEXT_LINE = r"[ \t]*+(?:\n[ \t>]*+)?"
"""What may part the parts of a link: blanks, and the end of a line, which may be one of a quotation."""
LABEL = r"(?>(?:[^\[\]\\]|\\.){1,999})"
"""That by which a link refers to its definition, between brackets: as long as CommonMark lets it be."""
ORDINARY = re.compile(rf"[{PLAIN}]*")
"""An address in which nothing is to be encoded and nothing is invisible."""
UNSAFE = re.compile(
    r"[\x00-\x20\x7f-\xa0\xb5\u2000-\u2011\ufb00-\ufb06\u2028-\u202f\u205f\u2060\u21b5\u3000\ufeff\\<>()\"`{}|^\[\]*_~]"
)
"""What ends an address or changes it in Markdown, what nobody sees, and what is read as another sign in words."""
FOLLOWED = frozenset(("http", "https", "ftp", "mailto", "tel"))
SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
WWW = re.compile(r"www\.[\w.-]+\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE)
NO_LETTERS = re.compile(r"[\s\\)\[*_]+")

# Addresses as they were mistyped, pasted and cut (corpus.md 7); a group `tls` is what is left of the s of https.
BROKEN_SCHEME = re.compile(r"h{0,2}t{1,2}p(?P<tls>s?)(?::|(?=//))//?\s*(?=[\w-]+\.[\w-])", re.IGNORECASE)
WHOLE_SCHEME = re.compile(r"https?://\S", re.IGNORECASE)
DOI = re.compile(r"(?:https?://|doi:\s*|)(?=10\.\d{4,9}/\S)", re.IGNORECASE)
# `{{ site.baseurl }}`, `{{ "/wells" | relative_url }}`, and `{% post_url wet/2019-06-01-wells %}`.
LIQUID = re.compile(
    r"""\{\{-?\s*
        (?:site\.(?:base)?url|["'](?P<path>[^"'{}]*)["']\s*\|\s*(?:relative_url|absolute_url|prepend:)[^{}]*+)
    \s*-?\}\}
    |\{%-?\s*(?:post_url|link)\s+
        (?:[^\s{}]*/)?(?:\d{4}-\d\d?-\d\d?-)?(?P<page>[^\s{}/]+?)(?:\.(?:md|markdown|html))?
    \s*-?%\}""",
    re.VERBOSE,
)
TRACKING = re.compile(
    r"(?:utm_\w+|gclid|gclsrc|dclid|fbclid|msclkid|yclid|igshid|mc_[ce]id|_hsenc|_hsmi|mkt_tok|vero_id|oly_(?:anon|enc)_id"
    r"|hsctatracking|triedredirect|et_[cr]id|e_cid)(?:=[^&#]*)?",
    re.IGNORECASE,
)
"""Parameters that say who sent a reader, never what is shown: the closed list of what goes."""


def encoded(href: str) -> str:
    """An address as clean Markdown holds it: nothing in it ends or changes the link.

    >>> encoded("https://a.example/x (y)%20%20"), encoded("http://a.example/ä&copy;")
    ('https://a.example/x%20%28y%29', 'http://a.example/ä&amp;copy;')
    """
    if ORDINARY.fullmatch(href):
        return href
    href = without_blanks(href)
    href = UNSAFE.sub(lambda match: _quoted(match[0]), href)
    return without_entities(href)


@lru_cache(1024)
def _quoted(char: str) -> str:
    return char if char in "~*_" else quote(char, safe="")


def without_blanks(href: str) -> str:
    """An address without the blanks at its end, encoded or not (31)."""
    href = href.rstrip()
    while href.endswith("%20"):
        href = href[:-3].rstrip()
    return href


def mended(href: str) -> str:
    """An address with the scheme that it lost or that was mistyped; a DOI at its resolver.

    >>> mended("ttps://a.example/s"), mended("http// a.example"), mended("www.a.example/b"), mended("/posts/x")
    ('https://a.example/s', 'http://a.example', 'http://www.a.example/b', '/posts/x')
    >>> mended("doi:10.5555/x"), mended("https://10.5555/x"), mended("10.5555/x"), mended("doi.org/10.5555/x")
    ('https://doi.org/10.5555/x', 'https://doi.org/10.5555/x', 'https://doi.org/10.5555/x', 'https://doi.org/10.5555/x')
    """
    if href.startswith(("/", "#")):
        return href
    if href.startswith("{"):
        return without_liquid(href)
    scheme = None if WHOLE_SCHEME.match(href) else BROKEN_SCHEME.match(href)
    if scheme:
        href = f"http{scheme['tls'].lower()}://{href[scheme.end() :]}"
    doi = DOI.match(href) if "10." in href and "doi.org/10." not in href[:24] else None
    if doi or href.startswith(("doi.org/10.", "dx.doi.org/10.")):
        return f"https://doi.org/{href[doi.end() :]}" if doi else f"https://{href}"
    return f"http://{href}" if WWW.fullmatch(href) else href


def without_liquid(href: str) -> str:
    """An address without what Jekyll put its own site, the name of a post or a path for.

    >>> without_liquid("{{ site.baseurl }}/a"), without_liquid("{{ '/a' | relative_url }}#b"), without_liquid("{{ x }}")
    ('/a', '/a#b', '{{ x }}')
    >>> without_liquid("{{ 'a/b' | relative_url }}")
    '/a/b'
    >>> without_liquid("{{ site.url }}{% post_url /wet/2019-06-01-wells %}"), without_liquid("{% link beds/wells.md %}")
    ('../wells', '../wells')
    >>> without_liquid("{{ site.url }}")
    '/'
    """
    return LIQUID.sub(_of_liquid, href) or "/"


def _of_liquid(match: re.Match[str]) -> str:
    if match["page"]:
        return f"../{match['page']}"
    return "" if match["path"] is None else urljoin("/", match["path"])


def untracked(href: str) -> str:
    """An address without the parameters that only say who sent the reader (`TRACKING`).

    >>> untracked("https://a.example/?utm_source=x&id=5&gclid=1#part"), untracked("https://a.example/?gclid=1")
    ('https://a.example/?id=5#part', 'https://a.example/')
    >>> untracked("https://a.example/?#gclid=1")
    'https://a.example/?#gclid=1'
    """
    address, _, rest = href.partition("?")
    asked, mark, fragment = rest.partition("#")
    if not asked:
        return href
    kept = "&".join([part for part in asked.split("&") if not TRACKING.fullmatch(part.removeprefix("amp;"))])
    return address + ("?" if kept else "") + kept + mark + fragment


def is_prose(label: str, href: str) -> bool:
    """Whether brackets in prose were taken for a link: address and text are the same (29).

    >>> is_prose("ng/mL", "ng/mL"), is_prose("RR = 1.59, 95%CI", "RR%20=%201.59,%2095%CI"), is_prose("a", "/a")
    (True, True, False)
    >>> is_prose("10.5555/x", "10.5555/x"), is_prose("**14.2** (9-18)kg/ha", "__14.2__%20(9-18)kg/ha")
    (False, True)

    Of prose with brackets in brackets only the inner ones look like a link; the address has all of it.

    >>> is_prose("5 m", "wells%20of%20[5%20m"), is_prose("5 m", "wells%20of%205%20m")
    (True, False)
    """
    if not href or "://" in href or href.startswith(("/", "#", "tiki-")) or mended(href) != href:
        return False
    if (scheme := SCHEME.match(href)) and scheme[1].lower() in FOLLOWED:
        return False
    address = unquote(href)
    return _letters(label) in (_letters(address), _letters(address.rpartition("[")[2]))


def loses_parenthesis(label: str, href: str, text: str, end: int) -> bool:
    """Whether prose that was taken for a link ends in a parenthesis that stands behind its address, in the text."""
    return text.startswith(")", end) and label.count(")") > href.count(")")


def _letters(text: str) -> str:
    return NO_LETTERS.sub("", decoded(text))
