"""Every spelling in which a legacy address arrives, as raw request targets; and targets that are no address.

What each of them asks for is said by `addresses.lookups` alone: a form that would mean something else for
one address (a name that ends in a slash, say) is left out for it. Pure: values in, text out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import NamedTuple
from urllib.parse import quote

from etl.addresses import SCRIPT, Address, lookups
from etl.routes import Route, wiki_folder

TRACKING = "?utm_source=wiki-etl&utm_medium=redirects+verify"
INJECTED = "x-wiki-etl-injected"
"""The header that a server sends when it lets a request write into its answer."""

_BROWSER = "/-._~!$'()*,;:@"  # what a browser leaves as it is in a path, but for & and =
_NUMBER = "999999999999"
_UNKNOWN = "wiki-etl-redirects-verify-unknown"


class Spelling(NamedTuple):
    """One raw request target."""

    form: str
    """A key of `FORMS`."""
    target: str
    meanings: list[Address]
    """What a server looks up for it, first hit wins."""


Form = Callable[[str, str], str]
"""Value, the old wiki's folder with a slash at either end -> raw request target."""


def _plus(text: str) -> str:
    """As the old platform wrote its links: blanks as ``+``, all else encoded."""
    return quote(text, safe="").replace("%20", "+")


def _percent(text: str) -> str:
    return quote(text, safe=_BROWSER)


def _mixed(text: str) -> str:
    """Blanks as ``+`` and ``%20`` by turns."""
    blanks = cycle(("+", "%20"))
    first, *rest = text.split(" ")
    return quote(first, safe="") + "".join(next(blanks) + quote(word, safe="") for word in rest)


def _every_byte(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _lower(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def _raw(text: str) -> str:
    """What an old client sends: letters of any script as they are."""
    if text.isascii():
        return _plus(text)
    return "".join(char if ord(char) > 0x9F else quote(char, safe="") for char in text)


def _path(encode: Callable[[str], str], end: str = "") -> Form:
    return lambda value, base: base + encode(value) + end


def _query(encode: Callable[[str], str], before: str = "", after: str = "") -> Form:
    return lambda value, base: f"{base}{SCRIPT}?{before}page={encode(value)}{after}"


def _number(before: str = "", after: str = "") -> Form:
    return lambda value, base: f"{base}{SCRIPT}?{before}page_id={value}{after}"


def _whole(encode: Callable[[str], str], end: str = "") -> Form:
    return lambda value, _base: "/" + encode(value[1:]) + end


def _decomposed(text: str) -> str:
    return _plus(unicodedata.normalize("NFD", text))


def _segments(encode: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "/".join(map(encode, text.split("/")))


FORMS: dict[str, dict[str, Form]] = {
    "name": {
        "plus": _path(_plus),
        "percent-20": _path(_percent),
        "mixed": _path(_mixed),
        "every-byte": _path(_every_byte),
        "lower-hex": _path(_lower),
        "trailing-slash": _path(_plus, "/"),
        "tracking": _path(_plus, TRACKING),
        "decomposed": _path(_decomposed),
        "raw": _path(_raw),
        "page": _query(_plus),
        "page-percent-20": _query(lambda text: quote(text, safe=""), "bl=y&", "&sort_mode=created_desc"),
    },
    "id": {
        "plain": _path(str),
        "every-byte": _path(_every_byte),
        "trailing-slash": _path(str, "/"),
        "tracking": _path(str, TRACKING),
        "page-id": _number(),
        "page-id-among": _number("bl=y&", "&sort_mode=created_desc"),
    },
    "path": {
        "plain": _whole(_percent),
        "plus": _whole(_segments(_plus)),
        "mixed": _whole(_segments(_mixed)),
        "every-byte": _whole(_every_byte),
        "lower-hex": _whole(_segments(_lower)),
        "trailing-slash": _whole(_percent, "/"),
        "tracking": _whole(_percent, TRACKING),
        "empty-query": _whole(_percent, "?"),
        "decomposed": _whole(_segments(_decomposed)),
        "raw": _whole(_segments(_raw)),
    },
}
"""How each kind of address is spelled. A name has all that it can have: one without blanks has no mixed form."""


def spellings(address: Address, legacy_base: str = "/", forms: frozenset[str] | None = None) -> Iterator[Spelling]:
    """The different request targets that ask for an address; of ``forms`` only, where they are given.

    >>> for form, target, _ in spellings(Address("name", "A+B c")): print(f"{form:16} {target}")
    plus             /A%2BB+c
    percent-20       /A%2BB%20c
    every-byte       /%41%2B%42%20%63
    lower-hex        /%41%2b%42%20%63
    trailing-slash   /A%2BB+c/
    tracking         /A%2BB+c?utm_source=wiki-etl&utm_medium=redirects+verify
    page             /tiki-index.php?page=A%2BB+c
    page-percent-20  /tiki-index.php?bl=y&page=A%2BB%20c&sort_mode=created_desc
    >>> [spelling.target for spelling in spellings(Address("id", "7"), "/wiki", frozenset({"plain", "page-id"}))]
    ['/wiki/7', '/wiki/tiki-index.php?page_id=7']
    """
    base = wiki_folder(legacy_base)
    seen = set()
    for form, spell in FORMS[address.kind].items():
        if forms is not None and form not in forms:
            continue
        target = spell(address.value, base)
        if target in seen:
            continue
        seen.add(target)
        meanings = lookups(target, legacy_base)
        if address in meanings:
            yield Spelling(form, target, meanings)


# --- what is no page -----------------------------------------------------------------------


def of_home(legacy_base: str = "/") -> Iterator[Spelling]:
    """Targets that ask for the old home page: the script without its parameters, and the folder of the old wiki.

    >>> [spelling.target.partition("?")[0] for spelling in of_home("/wiki")]
    ['/wiki/tiki-index.php', '/wiki/tiki-index.php', '/wiki', '/wiki/', '/wiki/']
    >>> [spelling.target for spelling in of_home()]
    ['/tiki-index.php', '/tiki-index.php?utm_source=wiki-etl&utm_medium=redirects+verify']
    """
    base = wiki_folder(legacy_base)
    targets = [("script", base + SCRIPT), ("script", base + SCRIPT + TRACKING)]
    if base != "/":  # the root of a host is the new site's, if that has a page there
        targets += [("folder", base.rstrip("/")), ("folder", base), ("folder", base + TRACKING)]
    for form, target in targets:
        yield Spelling(form, target, lookups(target, legacy_base))


def of_route(route: Route, legacy_base: str = "/") -> Iterator[Spelling]:
    """Targets that ask for an address that is no page.

    >>> [spelling.target for spelling in of_route(Route("exact", "/Search Results", None))]
    ['/Search+Results', '/Search+Results?utm_source=wiki-etl&utm_medium=redirects+verify']
    >>> [spelling.target for spelling in of_route(Route("numbered", "/cat", "/tags/"))]
    ['/cat999999999999', '/cat999999999999-wiki-etl-redirects-verify-unknown']
    """
    path = _segments(_plus)(route.path)
    ends = ("", TRACKING) if route.kind == "exact" else (_NUMBER, f"{_NUMBER}-{_UNKNOWN}")
    for end in ends:
        yield Spelling(route.kind, path + end, lookups(path + end, legacy_base))


# --- what is no address --------------------------------------------------------------------


def unknown(known: Sequence[Address], path_prefixes: Sequence[str] = (), legacy_base: str = "/") -> Iterator[Spelling]:
    """Targets that ask for nothing that the wiki had, some of them close to addresses that are known.

    Whoever asks must leave out those whose meanings are in the map after all.
    """
    base = wiki_folder(legacy_base)
    plain = [base + _UNKNOWN, f"{base}{_UNKNOWN}+page/", f"{base}{SCRIPT}?page={_UNKNOWN}"]
    plain += [f"{base}{_NUMBER}", f"{base}{SCRIPT}?page_id={_NUMBER}"]
    plain += [f"/{prefix}/{_UNKNOWN}" for prefix in path_prefixes]
    for target in plain:
        yield Spelling("invented", target, lookups(target, legacy_base))
    for address in known:
        for form, target in _close(address, base):
            yield Spelling(form, target, lookups(target, legacy_base))


def _close(address: Address, base: str) -> Iterator[tuple[str, str]]:
    whole = "/" if address.kind == "path" else base
    text = address.value.removeprefix("/")
    yield "longer", f"{whole}{_percent(text)}-{_UNKNOWN}"
    yield "below", f"{whole}{_percent(text)}/{_UNKNOWN}"
    if quote(text, safe="") != text:
        yield "encoded-twice", whole + quote(quote(text, safe=""), safe="")
    if address.kind == "name":
        yield "page-longer", f"{base}{SCRIPT}?page={_plus(text)}+{_UNKNOWN}"


def hostile(known: Sequence[Address], legacy_base: str = "/") -> Iterator[Spelling]:
    """Targets of attacks: none of them may be answered with a page, a redirect or a header of its own."""
    base = wiki_folder(legacy_base)
    for form, targets in _HOSTILE.items():
        for target in targets:
            filled = target.replace("@base@", base).replace("@script@", base + SCRIPT)
            yield Spelling(form, filled, lookups(filled, legacy_base))
    for address in known:
        if address.kind == "id":  # an encoded question mark begins no parameters
            path = f"{base}{SCRIPT}%3Fpage_id={address.value}&"
            yield Spelling("parameter", path, lookups(path, legacy_base))
        if address.kind != "name":
            continue
        for form, end in _HOSTILE_ENDS:
            for start in (base + _plus(address.value), f"{base}{SCRIPT}?page={_plus(address.value)}"):
                yield Spelling(form, start + end, lookups(start + end, legacy_base))


_ELSEWHERE = "wiki-etl-verify.invalid"
_HOSTILE: dict[str, tuple[str, ...]] = {
    "open-redirect": (
        f"//{_ELSEWHERE}/",
        f"///{_ELSEWHERE}/x",
        f"/%2F%2F{_ELSEWHERE}/",
        f"/%5C{_ELSEWHERE}/",
        f"/\\{_ELSEWHERE}/",
        f"/https://{_ELSEWHERE}/",
        f"/%68ttps:%2F%2F{_ELSEWHERE}",
        f"@script@?page=//{_ELSEWHERE}/",
        f"@script@?page=https://{_ELSEWHERE}/",
        f"@script@?page=%2F%2F{_ELSEWHERE}",
        # What joins texts in a server's own look-up must not be taken from a request.
        f"@base@x>/x>https:/{_ELSEWHERE}",
        f"@base@x>@base@x>https:/{_ELSEWHERE}",
        f"@script@?page=x>/x>https:/{_ELSEWHERE}",
    ),
    "line-break": (
        f"@base@%0d%0a{INJECTED}:%20yes",
        f"@base@%0D%0A{INJECTED}:+yes%0d%0a%0d%0abody",
        f"@base@%0a{INJECTED}:yes",
        f"@base@%E5%98%8A%E5%98%8D{INJECTED}:yes",
        f"@script@?page=%0d%0a{INJECTED}:%20yes",
        f"@script@?page_id=7%0d%0a{INJECTED}:%20yes",
    ),
    "traversal": (
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/..%5c..%5cetc%5cpasswd",
        "/%252e%252e%252fetc%252fpasswd",
        "@script@?page=../../../etc/passwd",
        "@script@?page=%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    ),
    "bad-encoding": ("@base@%zz", "@base@%", f"@base@{_UNKNOWN}%c0%af", f"@base@{_UNKNOWN}%e9", "@script@?page=%ff"),
    "variables": (
        "@base@$uri${host}%7B%24PATH%7D",
        "@base@%7Bhttp.request.host%7D",
        "@script@?page=%25%7BHTTP_HOST%7D",
    ),
    "long": ("@base@" + "a" * 7000, "@base@" + "+a" * 3000, "@base@" + "a%20" * 1500, "@base@" + "b" * 30_000),
}
_HOSTILE_ENDS = (
    ("line-break", f"%0d%0a{INJECTED}:%20yes"),
    ("line-break", "%0a"),
    ("nul", "%00"),
    ("nul", "%00.html"),
    ("bad-encoding", "%"),
    ("bad-encoding", "%zz"),
    ("bad-encoding", "%c0%af"),
    ("bad-encoding", "%ed%a0%80"),
)
