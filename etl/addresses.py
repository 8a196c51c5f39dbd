"""The one canonical form of a legacy address, and every form in which one arrives.

An address says what was asked for, not how it was spelled: a page *name*, a page *id*, or a *path*
(contract, section 7). The compilers of redirect maps, the links of bodies and the check of running
servers all ask here, so that what is stored is what is found. Pure: text in, values out.

A *blank* is U+0020 alone, as for the old platform; other white space of Unicode is an ordinary
character of a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, get_args
from urllib.parse import quote, unquote, unquote_to_bytes

from etl.routes import FAMILIES, wiki_folder
from etl.scripts import is_letter_sign
from etl.slugs import MONTH

SCRIPT = "tiki-index.php"
"""The page script of the old platform: ``?page=`` names a page, ``?page_id=`` numbers one."""

_ORIGIN = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_NEVER = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, and what UTF-8 cannot hold
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ID = re.compile(r"[1-9][0-9]*")
OF_TERMS = frozenset(("tags", "categories"))
"""Prefixes of lists of pages, to which the old converter sent links whose page it did not find; others are of pages."""
LONGEST = 65_535
"""Characters of an address: no server that we know takes a request of that length."""
_DAY_YEAR = re.compile(rf"\b{MONTH}\.? \d{{1,2}}(?= (?:\d{{4}}|\d{{2}})$)", re.IGNORECASE)

Kind = Literal["name", "id", "path"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Address(NamedTuple):
    """What the old site was asked for, in canonical form."""

    kind: Kind
    value: str


class LegacyLink(NamedTuple):
    """A link of a body that goes to the old site."""

    kind: str
    """``id``, ``name``, ``other`` (not migrated; ``/`` is the old home), or the path prefix: ``posts``, ``tags`` …"""
    value: str
    """The id, the decoded name, the decoded slug without ``.html`` (empty for the bare prefix), or the raw address."""
    anchor: str
    """What stood behind ``#``, as it was."""


# --- decoding ------------------------------------------------------------------------------


def decode(raw: str) -> str | None:
    """The text that an address spells: percent-decoded once, ``+`` a blank, NFC, blanks trimmed.

    None when it can never match: bad encoding or a control character (contract, 7, Canonical form).

    >>> decode("5%25+aware+%E2%80%93+Jan+9%2C+2022")
    '5% aware – Jan 9, 2022'
    >>> decode("a%2Bb"), decode("A%2541"), decode("cafe%CC%81") == "café"
    ('a+b', 'A%41', True)
    >>> decode("100%+sure"), decode("%e9"), decode("a%0Ab"), decode("a%00"), decode("+%20+")
    (None, None, None, None, '')
    """
    text = raw.replace("+", " ")
    if "%" in text:
        if _BAD_PERCENT.search(text):
            return None
        try:
            text = unquote_to_bytes(text).decode()
        except UnicodeError:
            return None
    return _normal(text)


def canonical_name(text: str) -> str | None:
    """The canonical form of a name that is already decoded: NFC, blanks trimmed, nothing else.

    None when it can never match: empty, or with a control character.

    >>> canonical_name(" A + B %41 "), canonical_name("cafe\u0301") == "café"
    ('A + B %41', True)
    >>> canonical_name("a\u00a0"), canonical_name("  "), canonical_name("a\\tb")
    ('a\xa0', None, None)
    """
    return _normal(text) or None


def _normal(text: str) -> str | None:
    if not text.isprintable() and _NEVER.search(text):
        return None
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip(" ")


# --- what the map may hold -----------------------------------------------------------------


def alias_address(alias: str, path_prefixes: Sequence[str], legacy_base: str = "/") -> Address | None:
    """The address that a stored alias means; it is decoded once, ``+`` is a blank, a lone ``%`` means itself.

    None when it must never be in the map: see `objection`; or when it does not decode to UTF-8.

    >>> prefixes = ("posts", "tags")
    >>> alias_address("/Clear+water+%E2%80%93+June+2019", prefixes)
    Address(kind='name', value='Clear water – June 2019')
    >>> alias_address("/10983", prefixes), alias_address("/tiki-index.php?page_id=15142", prefixes)
    (Address(kind='id', value='10983'), Address(kind='id', value='15142'))
    >>> alias_address("https://old.example/tiki-index.php?sort=a&page=Clear%20water", prefixes)
    Address(kind='name', value='Clear water')
    >>> alias_address("/posts/clear-water/", prefixes), alias_address("/wiki/Posts", prefixes, "/wiki/")
    (Address(kind='path', value='/posts/clear-water'), Address(kind='name', value='Posts'))
    >>> alias_address("/tiki-index.php?page_id=11", prefixes, "/wiki")
    Address(kind='id', value='11')
    >>> [alias_address(alias, prefixes) for alias in ("/", "", "//evil.example/x", "/posts/../x", "/a%0Ab", "/a%e9")]
    [None, None, None, None, None, None]
    >>> alias_address("/Wells+(70%)", prefixes)
    Address(kind='name', value='Wells (70%)')
    >>> alias_address("/Wells//..//and ... more", prefixes)
    Address(kind='name', value='Wells//..//and ... more')
    """
    target = _ORIGIN.sub("", alias) if "://" in alias else alias
    if target.startswith("//"):
        return None
    inside = _inside("/" + target.lstrip("/"), legacy_base)
    path = (target if inside is None else inside).lstrip("/")  # an export may give aliases without the folder
    path = _BAD_PERCENT.sub("%25", path) if "%" in path else path
    if "?" in path and path.partition("?")[0] == SCRIPT:
        return next(iter(_asked(path.partition("?")[2]) or ()), None)
    text = decode(path.strip("/"))
    return None if text is None else _kept(_classified(text, _prefixes_of(inside, path_prefixes, legacy_base)))


def plain_address(text: str) -> Address | None:
    """The address that a person wrote, already decoded: digits an id, leading ``/`` a path, else a name.

    None when it must never be in the map. Settings ``gone`` and reviewed decisions (contract, 7).

    >>> plain_address("10983"), plain_address("100% of A+B")
    (Address(kind='id', value='10983'), Address(kind='name', value='100% of A+B'))
    >>> plain_address("/posts/x/"), plain_address("/"), plain_address("//x"), plain_address("")
    (Address(kind='path', value='/posts/x'), None, None, None)
    >>> plain_address("/ 9 ")  # requests are trimmed, too
    Address(kind='path', value='/9')
    """
    value = canonical_name(text)
    if value is None:
        return None
    if value.startswith("/"):
        return _kept(Address("path", "/" + value[1:].rstrip("/").strip(" ")))
    return _kept(_classified(value, ()))


def named_address(text: str, hosts: Sequence[str]) -> Address:
    """The address that a setting or a decision names, as `plain_address`; raises ValueError where there is none.

    >>> named_address("https://www.old.example/7", ["old.example"])
    Traceback (most recent call last):
    ValueError: 'https://www.old.example/7' is a whole address: write its id, its /path or its page name, as it reads
    >>> named_address("/tiki-index.php?page_id=7", [])  # as a path, no link ever asked for it
    Traceback (most recent call last):
    ValueError: '/tiki-index.php?page_id=7' is a whole address: write its id, its /path or its page name, as it reads
    """
    script = text.strip().lstrip("/").startswith(f"{SCRIPT}?page")
    if script or ("://" in text and on_old_site(text.strip(), hosts) is not None):
        raise ValueError(f"{text!r} is a whole address: write its id, its /path or its page name, as it reads")
    address = plain_address(text)
    if address is None:
        raise ValueError(f"{text!r} is no legacy address that a map may hold")
    return address


def objection(address: Address) -> str | None:
    """Why an address must never be in the map, in words; None when it may (contract, 7, It is a function).

    >>> [objection(Address(*each)) for each in (("path", "/posts/x"), ("name", "a/../b//c ..."), ("id", "7"))]
    [None, None, None]
    >>> objection(Address("path", "/"))
    'it is the home page'
    >>> objection(Address("path", "//evil.example")), objection(Address("name", "/x"))
    ('it starts with two slashes', 'it starts with two slashes')
    >>> objection(Address("name", "a" * 100_000))
    'it is longer than any request: more than 65535 characters'
    >>> objection(Address("path", "/a/../b")), objection(Address("id", "007"))
    ("it has a segment '..'", 'an id has digits only and no leading zero')
    >>> objection(Address("path", "posts/x")), objection(Address("path", "/posts/")), objection(Address("path", "/ 9"))
    ('a path starts with a slash', 'it ends in a slash', 'it is not in canonical form')
    >>> objection(Address("name", "a\\x07"))
    'it has a control character'
    """
    kind, value = address
    if not value or value == "/":
        return "it is the home page" if value else "it is empty"
    if len(value) > LONGEST:
        return f"it is longer than any request: more than {LONGEST} characters"
    normal = _normal(value)
    if normal is None:
        return "it has a control character"
    if value != normal or (kind == "path" and value.startswith("/ ")):  # a request is trimmed behind its slash
        return "it is not in canonical form"
    if kind == "id":
        return None if _ID.fullmatch(value) else "an id has digits only and no leading zero"
    if value.startswith("//" if kind == "path" else "/"):
        return "it starts with two slashes"
    return _path_objection(value) if kind == "path" else _dots_objection([value])


def _path_objection(value: str) -> str | None:
    if not value.startswith("/"):
        return "a path starts with a slash"
    if value.endswith("/"):
        return "it ends in a slash"
    return _dots_objection(value.split("/")) if "/." in value else None


def _dots_objection(segments: Sequence[str]) -> str | None:
    dots = next((segment for segment in segments if segment in {".", ".."}), None)
    return f"it has a segment {dots!r}" if dots else None


def _kept(address: Address) -> Address | None:
    return None if objection(address) else address


def _classified(text: str, path_prefixes: Sequence[str]) -> Address:
    """Digits are an id (with a leading zero they are none: a name), a known first segment makes a path, else a name."""
    if _ID.fullmatch(text):
        return Address("id", text)
    if "/" in text and text.partition("/")[0] in path_prefixes:
        return Address("path", "/" + text)
    return Address("name", text)


def as_path(address: Address, legacy_base: str = "/") -> str:
    """How a document lists an address among its aliases.

    >>> as_path(Address("name", "Clear water – June 2019")), as_path(Address("path", "/posts/old-slug"))
    ('/Clear water – June 2019', '/posts/old-slug')
    >>> as_path(Address("id", "10983"), "/wiki")
    '/wiki/10983'
    """
    return address.value if address.kind == "path" else wiki_folder(legacy_base) + address.value


def folders(alias: str, path_prefixes: Sequence[str], legacy_base: str = "/") -> Sequence[str]:
    """From where browsers read the relative links of a page with this address; nothing where it lies in no folder.

    A folder is an address up to its last slash (RFC 3986, 5.2). Sites answer an address with a slash at its end and
    without one, and only one of them is stored: the folder of that comes first.

    >>> folders("/docs/beds/wells", ()), folders("https://old.example/docs/beds/wells/", ())
    (['/docs/beds/', '/docs/beds/wells/'], ['/docs/beds/wells/', '/docs/beds/'])
    >>> folders("/docs/beds/wells.html", ()), folders("/beds/index.html", ()), folders("/Deep+beds/50%", (), "/wiki")
    (['/docs/beds/', '/docs/beds/wells/'], ['/beds/'], ['/wiki/Deep%20beds/', '/wiki/Deep%20beds/50%25/'])
    >>> folders("/docs/", ()), [folders(alias, ()) for alias in ("/docs", "/index.html", "/tiki-index.php?page=a/b")]
    (['/docs/'], [[], [], []])
    >>> folders("//evil.example/docs/beds", ())
    []
    """
    if "?" in alias or ("/" not in alias.lstrip("/") and wiki_folder(legacy_base) == "/"):
        return []  # as nearly all are
    address = alias_address(alias, path_prefixes, legacy_base)
    if address is None:
        return []
    path = quote(as_path(address, legacy_base))
    above, below = path[: path.rindex("/") + 1], f"{without_ending(path)}/"
    is_folder = alias.endswith("/")
    if above == "/":
        return [below] if is_folder else []
    return list(dict.fromkeys([below, above] if is_folder else [above, below]))


# --- what a request asks for ---------------------------------------------------------------


def lookups(target: str, legacy_base: str = "/") -> list[Address]:
    """What a server looks up for a raw request target, first hit wins: path, then name, then id.

    For the page script the id comes first, as it did on the old site; of a parameter that is given
    twice the last one counts. Empty when the request can never match. This is the reference that
    compiled maps and running servers are held against.

    >>> lookups("/10983/?utm_source=x")
    [Address(kind='path', value='/10983'), Address(kind='name', value='10983'), Address(kind='id', value='10983')]
    >>> lookups("http://old.example//./Clear%20water+%e2%80%93+June+2019")
    [Address(kind='path', value='/Clear water – June 2019'), Address(kind='name', value='Clear water – June 2019')]
    >>> lookups("/tiki-index.php?page=A%2BB+C&page_id=7")
    [Address(kind='id', value='7'), Address(kind='name', value='A+B C')]
    >>> lookups("//Wells//water/")[-1], lookups("http://old.example")
    (Address(kind='name', value='Wells//water'), [])
    >>> lookups("/tiki-index.php")[0], lookups("/"), lookups("/a%0d%0ab"), lookups("/%zz"), lookups("*")
    (Address(kind='path', value='/tiki-index.php'), [], [], [], [])
    """
    path, _, query = without_origin(target).partition("#")[0].partition("?")
    if not path.startswith("/"):
        return []
    path = "/" + "/".join(segment for segment in path.split("/") if segment != ".").strip("/")
    inside = _inside(path, legacy_base)
    asked = _asked(query) if inside == SCRIPT else None
    return _of_path(path, inside) if asked is None else asked


def without_origin(target: str) -> str:
    """A request target, which may be absolute, from its path on.

    >>> without_origin("https://old.example:8080/Wells?x=/a"), without_origin("/Wells?u=http://old.example/x")
    ('/Wells?x=/a', '/Wells?u=http://old.example/x')
    """
    return _ORIGIN.sub("", target)


def _of_path(path: str, inside: str | None) -> list[Address]:
    whole, text = decode(path[1:]), decode(inside or "")
    found = [Address("path", "/" + whole)] if whole else []
    if text:
        found.append(Address("name", text))
        found += [Address("id", text)] if _ID.fullmatch(text) else []
    return found


def _asked(query: str) -> list[Address] | None:
    """What the page script was asked for; None without any of its parameters."""
    asked = {key: value for key, _, value in (part.partition("=") for part in query.split("&"))}
    if not {"page", "page_id"} & asked.keys():
        return None
    number, name = decode(asked.get("page_id", "")), decode(asked.get("page", ""))
    found = [Address("id", number or ""), Address("name", name or "")]
    return [address for address in found if not objection(address)]


def _inside(path: str, legacy_base: str) -> str | None:
    """What follows the old wiki's folder; None outside of it."""
    base = wiki_folder(legacy_base)
    return path[len(base) :] if path.startswith(base) else None


def _prefixes_of(inside: str | None, path_prefixes: Sequence[str], legacy_base: str) -> Sequence[str]:
    """First segments that make a path: none in the old wiki's folder, where servers look up names."""
    return path_prefixes if inside is None or wiki_folder(legacy_base) == "/" else ()


# --- names ---------------------------------------------------------------------------------


def name_forms(page_name: str, blanks: Sequence[str] = ()) -> list[str]:
    """The name itself and, for a suffix with a day, the form with a comma before the year; then with other ``blanks``.

    The stored aliases lost their commas, the real addresses did not (corpus.md 3.1). Tiki itself may write other signs
    for blanks (``wiki_url_scheme``, tiki.md 2).

    >>> name_forms("Meeting on wells by Aug 15 2011")
    ['Meeting on wells by Aug 15 2011', 'Meeting on wells by Aug 15, 2011']
    >>> name_forms("Clear water – June 2019"), name_forms("Clear water Sept 21 12")
    (['Clear water – June 2019'], ['Clear water Sept 21 12', 'Clear water Sept 21, 12'])
    >>> name_forms("Clear  water", ["_", "-"]), name_forms("Wells", ["_"])
    (['Clear  water', 'Clear_water', 'Clear-water'], ['Wells'])
    """
    forms = [page_name]
    if page_name[-1:].isdigit() and (match := _DAY_YEAR.search(page_name)):
        forms.append(f"{page_name[: match.end()]},{page_name[match.end() :]}")
    return list(dict.fromkeys([*forms, *(blank.join(form.split()) for blank in blanks for form in forms)]))


def caseless(text: str) -> str:
    """A text without case; of the whole alphabet, for that is what the contract folds.

    >>> caseless("/Café") == caseless("/CAFE\u0301")
    True
    """
    return text.lower() if text.isascii() else unicodedata.normalize("NFD", text).casefold()


def name_key(name: str) -> str:
    """The key under which a page is found by title or name, however it was spelled (corpus.md 3.2).

    Letters and digits of any script without diacritics and case, single blanks.

    >>> name_key("Clear_Water – 5% of “Wells”"), name_key("clear%20water+5+of+wells")
    ('clear water 5 of wells', 'clear water 5 of wells')
    >>> name_key("Zoë's CAFÉ – Straße"), name_key("5分間の水D")
    ('zoe s cafe strasse', '5分間の水d')
    >>> name_key("जो") == name_key("जा"), name_key("ハハ") == name_key("パパ")
    (False, False)
    """
    if "%" in name and _PERCENT.search(name):  # many a name speaks of percent
        name = unquote(unquote(name))
    if name.replace("–", "-").isascii() or not _BEYOND.search(name):  # that dash stands before the date of most titles
        return b" ".join(name.encode("ascii", "replace").translate(_ASCII_WORDS).split()).decode()
    return _folded_words(name)


_BEYOND = re.compile(r"[^\x00-\x7f\u2000-\u206f]")
"""What is neither ASCII nor general punctuation, which is never part of a word."""
_ASCII_WORDS = bytes(char if chr(char).isalnum() and char < 128 else 32 for char in bytes(range(256)).lower())
"""By the code of a character of ASCII its letter in lower case or its digit; a blank for any other one."""
_NO_LETTER = re.compile(r"[^\w ]|_")


@lru_cache(maxsize=4096)
def _folded_words(name: str) -> str:
    letters = _NO_LETTER.sub(_sign, unicodedata.normalize("NFKD", name))
    return " ".join(letters.split()).casefold().replace("ı", "i")  # a capital has one form


def _sign(char: re.Match[str]) -> str:
    """What is left of no letter: a sign that makes another letter, nothing of another mark, else a blank."""
    if unicodedata.category(char[0])[0] != "M":
        return " "
    return char[0] if is_letter_sign(char[0]) else ""


# --- links of bodies -----------------------------------------------------------------------

_HOST = re.compile(r"(?:https?:)?//([^/?#]*)", re.IGNORECASE)
_RELATIVE = re.compile(
    r"(?:\.\.?/)+(?=[^./?#])|(?=tiki-[a-z_-]+\.php(?:[/?#]|$)|[\w+%-]+\.html?(?:[?#]|$))", re.IGNORECASE
)
"""What a relative address of a page begins with, where nobody can take it for prose."""
_LONGEST_LABEL = 63  # characters between two dots of a host
_HTML = re.compile(r"(?:(?:^|/)index)?\.html?$", re.IGNORECASE)
_SOURCE = re.compile(r"(?:/(?:_?index|README))?\.(?:md|mdwn|markdown)$")
_INDEX = re.compile(r"(?:.*/)?tiki-index\.php(?=[/?]|$)", re.IGNORECASE)
_INDEX_ID = re.compile(r".*(?:[?&;]page_id=+|/page_id/)0*([1-9][0-9]*)")
_INDEX_PAGE = re.compile(r".*[?&;]page=([^&]*)")
_INDEX_PLACE = re.compile(r"[?&;]page_ref_id=")
_OTHER_FEATURES = frozenset("directory dirlink faq int newsletter nl poll quiz sheet survey".split())
"""Those that the setting ``routes`` cannot name; they, too, stand before a number."""
_NUMBERED = "|".join(sorted(_OTHER_FEATURES.union(*(family.numbered for family in FAMILIES.values()))))
_FEATURE = re.compile(rf"(?:{_NUMBERED})[0-9]+(?:-.*)?|(?:tiki-[a-z_-]+|show_image)\.php.*", re.IGNORECASE)
_SCRIPT = re.compile(r".*\.(?:php[3-8]?|cgi|pl|aspx?|jsp|cfm)", re.IGNORECASE)
"""What shows pages, topics or records by its parameters: without them its name says nothing of any."""
_SEARCH = re.compile(r"(?:^|[&;])(?:q|words|find|search)=")
_FILE = re.compile(
    r"attachments/.*|.*\.(?:css|js|gif|jpe?g|png|svg|webp|ico|avif|bmp|tiff?|pdf|docx?|xlsx?|pptx?|od[gpst]|rtf|epub"
    r"|csv|txt|json|xml|zip|7z|rar|tar|t?gz|bz2|xz|mp[34]|m4[av]|og[agv]|wav|webm|mov|avi|mpe?g)",
    re.IGNORECASE,
)


def legacy_target(
    href: str, hosts: Sequence[str], path_prefixes: Sequence[str], legacy_base: str = "/"
) -> LegacyLink | None:
    """What a link of a body means on the old site; None when it goes elsewhere, or to a file.

    Absolute on any of ``hosts`` in every spelling, or relative where the form cannot be mistaken.
    Encoding is undone up to twice, and a lone ``%`` means itself (corpus.md 3.2).

    >>> def target(href, prefixes=("posts", "pages", "tags", "categories")):
    ...     link = legacy_target(href, ("www.Old-Wiki.example",), prefixes)
    ...     return link and tuple(link)
    >>> [target(href) for href in ("/posts/x", "/posts/x.html", "/posts/x/#a", "/pages/x/")]
    [('posts', 'x', ''), ('posts', 'x', ''), ('posts', 'x', 'a'), ('pages', 'x', '')]
    >>> [target(href) for href in ("/tags/x.html", "/tags/x/index.html", "/categories/x", "/posts/")]
    [('tags', 'x', ''), ('tags', 'x', ''), ('categories', 'x', ''), ('posts', '', '')]
    >>> script = "/tiki-index.php"
    >>> target("tiki-index.php?page_id=12"), target(script + "?a=b&page_id==12"), target(script + "/page_id/12")
    (('id', '12', ''), ('id', '12', ''), ('id', '12', ''))
    >>> [target(href) for href in ("/10983", "/10983.html", "https://old-wiki.example./10983#top")]
    [('id', '10983', ''), ('id', '10983', ''), ('id', '10983', 'top')]
    >>> target("HTTP://OLD-wiki.example/tiki-index.php?sort=a&page=Clear%20water+now")
    ('name', 'Clear water now', '')
    >>> target("//www.old-wiki.example/tiki-index.php/lib/x/tiki-index.php?page=Home?page=Wells")
    ('name', 'Wells', '')
    >>> target("/Clear+water"), target("/Clear%2520water"), target("/5%+of+wells?utm_source=x")
    (('name', 'Clear water', ''), ('name', 'Clear water', ''), ('name', '5% of wells', ''))
    >>> [target(href) for href in (" /10983/ ", "/posts", "/a%2Bb%2520c", script + "?page=")]
    [('id', '10983', ''), ('name', 'posts', ''), ('name', 'a+b c', ''), ('other', '/tiki-index.php?page=', '')]
    >>> target("/tiki-download_file.php?fileId=9"), target("tiki-print.php?page=X")
    (('other', '/tiki-download_file.php?fileId=9', ''), ('other', '/tiki-print.php?page=X', ''))
    >>> target(script + "?page_ref_id=5"), target(script + "?page_ref_id=5&page=Wells"), target("/poll1")
    (('other', '/tiki-index.php?page_ref_id=5', ''), ('name', 'Wells', ''), ('other', '/poll1', ''))
    >>> target("/doku.php?id=wells"), target("/forum/viewtopic.php?t=7"), target("/index.php/Wells")
    (('other', '/doku.php?id=wells', ''), ('other', '/forum/viewtopic.php?t=7', ''), ('name', 'index.php/Wells', ''))
    >>> target("/Search+Results?q=wells"), target("/dl1697"), target("https://old-wiki.example"), target(script)
    (('other', '/Search+Results?q=wells', ''), ('other', '/dl1697', ''), ('other', '/', ''), ('other', '/', ''))
    >>> target("https://other.example/10983"), target("https://old-wiki.example@evil.example/1"), target("mailto:a@b.c")
    (None, None, None)
    >>> [target(href) for href in ("#top", "", "ng/mL", "/attachments/pdf/a.pdf", "http://old-wiki.example/img/a.png")]
    [None, None, None, None, None]
    >>> target("/posts/x/roof.jpg"), target("/posts/roof.jpg.html"), target("/tags/node.js")
    (None, ('posts', 'roof.jpg', ''), ('tags', 'node.js', ''))
    >>> legacy_target("/wiki/shop", (), (), "/wiki"), legacy_target("/shop", (), (), "/wiki")
    (LegacyLink(kind='name', value='shop', anchor=''), None)
    """
    rest = on_old_site(href.strip(), hosts, legacy_base)
    if rest is None:
        return None
    address, _, anchor = rest.partition("#")
    path, _, query = address.partition("?")
    inside = _inside(path, legacy_base)
    found = _of_prefix(path, _prefixes_of(inside, path_prefixes, legacy_base))
    if found is None and inside is None:
        return None  # the wiki had a folder of its own, and this is not in it
    inside = inside if found is None else None
    below = inside if found is None else path.lstrip("/").partition("/")[2]
    if below and _FILE.fullmatch(below) and not (found and found[0] in OF_TERMS):
        return None
    if inside is not None:
        found = _of_page(inside, query, address[len(path) - len(inside) :])
    kind, value = found or ("other", address)
    return LegacyLink(kind, value, anchor)


def link_address(link: LegacyLink) -> Address | None:
    """The address that a link of a body asks the redirect map for; None where no map answers.

    >>> link_address(LegacyLink("name", " Clear water", "")), link_address(LegacyLink("posts", "clear-water", "top"))
    (Address(kind='name', value='Clear water'), Address(kind='path', value='/posts/clear-water'))
    >>> link_address(LegacyLink("id", "10983", "")), link_address(LegacyLink("other", "/dl12", ""))
    (Address(kind='id', value='10983'), None)
    """
    kind, value, _ = link
    if kind == "other":
        return None
    if kind == "id":
        return Address("id", value)
    if kind != "name":
        return Address("path", f"/{kind}/{value}")
    name = canonical_name(value)
    return Address("name", name) if name else None


def link_lookups(link: LegacyLink | None, href: str, hosts: Sequence[str], legacy_base: str = "/") -> Sequence[Address]:
    """What a link asks the redirect map for, in the order of servers; ``link``: its `legacy_target`.

    >>> link_lookups(None, "/wiki/Node.js", [], "/wiki")[1], link_lookups(None, "http://other.example/Wells", [])
    (Address(kind='name', value='Node.js'), [])
    """
    usual = link_address(link) if link else None
    if legacy_base == "/" and usual and usual.value == href.rstrip("/"):  # as nearly all are: so would `lookups` say
        return usual, Address("name", usual.value[1:])
    asked = lookups(on_old_site(href, hosts, legacy_base) or "", legacy_base)
    return [*asked, usual] if usual else asked  # as no request can spell it: twice encoded, or with a lone percent


def on_old_site(href: str, hosts: Sequence[str], legacy_base: str = "/") -> str | None:
    """What a link asks the old site for, from its slash on; None for what is not of the old site.

    >>> on_old_site("//Old.example/Wells#lid", ["old.example"]), on_old_site("tiki-index.php?page_id=7", [], "/wiki")
    ('/Wells#lid', '/wiki/tiki-index.php?page_id=7')
    >>> [on_old_site(href, [], "/wiki") for href in ("../Wells", "../../wiki/Wells", "wells.html", "kg/m", "../")]
    ['/wiki/Wells', '/wiki/Wells', '/wiki/wells.html', None, None]
    """
    host = _HOST.match(href) if "//" in href else None
    if host is not None:
        name = host_name(host[1].rpartition("@")[2])
        rest = href[host.end() :] if name in _host_names(tuple(hosts)) else None
        return rest if rest is None or rest.startswith("/") else "/" + rest
    if href.startswith("/"):
        return href
    relative = _RELATIVE.match(href)
    if relative is None:
        return None
    folder, path = wiki_folder(legacy_base), "/" + href[relative.end() :]
    return path if path.startswith(folder) else folder + path[1:]


def without_html(address: str) -> str:
    """An address without what a static site puts behind that of a page.

    >>> without_html("Wells.html"), without_html("Wells/index.html"), without_html("index.htm"), without_html("Wells")
    ('Wells', 'Wells', '', 'Wells')
    """
    return _HTML.sub("", address) if "." in address[-6:] else address  # nearly none ends so, and the pattern is slow


def without_ending(path: str) -> str:
    """A path without what it has only as that of a file: links between sources name the file, not its page.

    >>> [without_ending(path) for path in ("/beds/wells.md", "/beds/README.md", "/beds/index.mdwn", "/beds/index.html")]
    ['/beds/wells', '/beds', '/beds', '/beds']
    """
    return without_source(without_html(path))


def without_source(path: str) -> str:
    """A path without the ending that only the source of its page has.

    >>> without_source("/beds/wells.md"), without_source("/README.md"), without_source("/beds/wells.html")
    ('/beds/wells', '', '/beds/wells.html')
    """
    return _SOURCE.sub("", path)


def host_name(host: str) -> str:
    """A host as hosts are compared, and as servers are asked for it: without port, trailing dot, case and `www.`.

    >>> host_name("WWW.Wiki.example.:8080"), host_name("Вики.XN--P1AI")
    ('wiki.example', 'xn--b1amah.xn--p1ai')
    """
    name = host.partition(":")[0].rstrip(".").lower().removeprefix("www.")
    return name if name.isascii() else ".".join(map(_in_punycode, name.split(".")))


def _in_punycode(label: str) -> str:
    """A part of a host; one that is longer than any may be stays as it is."""
    if label.isascii() or len(label) > _LONGEST_LABEL:
        return label
    return f"xn--{label.encode('punycode').decode()}"


@lru_cache(maxsize=8)
def _host_names(hosts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(host_name, hosts))


def _of_prefix(path: str, path_prefixes: Sequence[str]) -> tuple[str, str] | None:
    prefix, slash, rest = path.lstrip("/").partition("/")
    if not slash or prefix not in path_prefixes:
        return None
    slug = _decoded_twice(without_html(rest.strip("/")))
    return None if slug is None else (prefix, slug)


def _of_page(inside: str, query: str, address: str) -> tuple[str, str] | None:
    """The page that an address inside the old wiki names; None for what is no page."""
    if _INDEX.match(inside):
        return _of_index(address)
    whole = inside.strip("/")
    path = without_html(whole)
    if _ID.fullmatch(path):
        return "id", path
    if _FEATURE.fullmatch(path) or (query and (_SEARCH.search(query) or _SCRIPT.fullmatch(whole))):
        return None
    if not path:
        return "other", "/"
    name = _decoded_twice(whole)
    return ("name", name) if name else None


def _of_index(address: str) -> tuple[str, str] | None:
    """The id wins over the name, and the last name over junk that crawlers put before it.

    A place in a structure is a page, too, but the export does not say which.
    """
    number = _INDEX_ID.match(address)
    if number is not None:
        return "id", number[1]
    page = _INDEX_PAGE.match(address)
    if page is None:
        return None if _INDEX_PLACE.search(address) else ("other", "/")
    name = _decoded_twice(page[1])
    return ("name", name) if name else None


def _decoded_twice(raw: str) -> str | None:
    text = decode(_BAD_PERCENT.sub("%25", raw) if "%" in raw else raw)
    if text is None or not _PERCENT.search(text):
        return text
    again = decode(text.replace("+", "%2B"))
    return text if again is None else again
