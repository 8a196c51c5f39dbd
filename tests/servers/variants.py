"""The forms in which one page is asked for, as browsers, scripts, crawlers and people write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from tests.servers.wire import Request

SCRIPT = "/tiki-index.php"
_MARKS = "!$'()*,-.:;=@_~"
_SLOPPY = "!\"$'()*,-./:;<=>@[\\]^_`{|}~"  # printable, but for what ends a path or starts an escape; & too in a path
TOO_LONG = 7000
"""Bytes of a request target that servers take as they come; longer ones need `long`."""


def _every(text: str, digits: str) -> str:
    return "".join(f"%{byte:{digits}}" for byte in text.encode())


def _raw(text: str, safe: str = "") -> str:
    """Letters beyond ASCII as they are."""
    return "".join(char if ord(char) > 127 else quote_plus(char, safe=safe) for char in text)


def spelled(text: str) -> dict[str, str]:
    """One decoded text in every encoding that reads the same in a path and in a parameter."""
    some = iter("+%" * len(text))
    return {
        "+": quote_plus(text),
        "%20": quote(text, safe=""),
        "mixed + and %20": "".join("%20" if char == " " and next(some) == "%" else quote_plus(char) for char in text),
        "lower-case hex": _lower_hex(text),
        "every byte %XX": _every(text, "02X"),
        "every byte %xx": _every(text, "02x"),
        "raw UTF-8": _raw(text),
        "as browsers do": quote(text, safe=_MARKS),
        "as browsers do, +": quote_plus(text, safe=_MARKS),
        "sloppy punctuation": _raw(text, _SLOPPY),
        "NFD": quote_plus(unicodedata.normalize("NFD", text)),
        "blanks around": f"+{quote_plus(text)}%20",
    }


def _lower_hex(text: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else quote_plus(char).lower() for char in text)


def of_name(name: str) -> Iterator[Request]:
    """Every form of a page name."""
    forms = spelled(name)
    plus = forms["+"]
    for label, form in forms.items():
        yield _get(f"/ {label}", f"/{form}")
        yield _get(f"?page= {label}", f"{SCRIPT}?page={form}")
    yield _get("/ raw slashes, &", f"/{quote_plus(name, safe='/&')}")
    yield _get("?page= raw ? and /", f"{SCRIPT}?page={quote_plus(name, safe='/?:')}")
    yield _get("raw UTF-8 on either side of ?", f"/{forms['raw UTF-8']}?x=%2Bé%2B%2F")
    yield from _decorated(f"/{plus}")
    yield from _script(f"page={plus}")
    yield from _near(name, plus)


def _decorated(path: str) -> Iterator[Request]:
    yield _get("trailing slash", f"{path}/")
    yield _get("two trailing slashes", f"{path}//")
    yield _get("trailing dot segment", f"{path}/./")
    yield _get("a dot segment at the end", f"{path}/.")
    yield _get("?", f"{path}?")
    yield _get("?utm", f"{path}?utm_source=a&b=c%20d+e")
    yield _get("?%zz", f"{path}?x=%zz&y=%")
    yield _get("?page= of no script", f"{path}?page=about&page_id=10983")
    yield _get("//", f"/{path}")
    yield _get("///.//", f"///.{path}")
    yield _get("/././", f"/./.{path}")
    yield _get("absolute form", f"http://old.example{path}")
    yield _get("absolute form with port", f"HTTP://old.example:8080{path}?x=1")
    yield Request("HEAD", path.encode(), "HEAD")
    yield Request("POST", path.encode(), "POST")
    yield Request("HTTP/1.0", path.encode(), version="1.0")
    yield Request("HTTP/1.0 without Host", path.encode(), version="1.0", host=None)
    yield Request("another host", path.encode(), host="evil.example:99")


def _script(query: str) -> Iterator[Request]:
    yield _get("?a=b&page=", f"{SCRIPT}?a=b&{query}")
    yield _get("?page=&a=b", f"{SCRIPT}?{query}&a=b&c")
    yield _get("?page=&x=%zz", f"{SCRIPT}?x=%&{query}&y=%zz")
    yield _get("?a;b&page=", f"{SCRIPT}?sort=a;b&{query}")
    yield _get("?xpage=&page=", f"{SCRIPT}?xpage=about&{query}&pages=about")
    yield _get("?page=other&page=", f"{SCRIPT}?page=Nobody&{query}")
    yield _get("?page=&page_id=", f"{SCRIPT}?{query}&page_id=")
    yield _get("?page_id=unknown&page=", f"{SCRIPT}?page_id=999999999&{query}")
    yield _get("?page=&", f"{SCRIPT}?&{query}&")
    yield _get("//script", f"//{SCRIPT}/?{query}")
    yield _get("/./script", f"/.{SCRIPT}?{query}")
    yield _get("absolute form, script", f"https://old.example{SCRIPT}?{query}")
    yield Request("HEAD script", f"{SCRIPT}?{query}".encode(), "HEAD")
    yield Request("POST script", f"{SCRIPT}?{query}".encode(), "POST")
    yield Request("HTTP/1.0 script without Host", f"{SCRIPT}?{query}".encode(), version="1.0", host=None)


def _near(name: str, plus: str) -> Iterator[Request]:
    """What is almost this name."""
    yield _get("one character more", f"/{plus}x")
    yield _get("one character before", f"/x{plus}")
    yield _get("a segment more", f"/{plus}/more")
    yield _get("encoded twice", f"/{quote_plus(plus)}")
    yield _get("?page= encoded twice", f"{SCRIPT}?page={quote_plus(plus)}")
    yield _get("a line end", f"/{plus}%0a")
    yield _get("?page= a line end", f"{SCRIPT}?page={plus}%0D%0A")
    case = "other case, odd slashes" if re.search(r"//|/\.|/$", name) else "other case"
    yield _get(case, f"/{quote_plus(name.swapcase())}")
    yield _get(case, f"{SCRIPT}?page={quote_plus(name.lower())}")
    yield _get("another script", f"/tiki-print.php5?page={plus}")


def of_id(number: str) -> Iterator[Request]:
    """Every form of a page id."""
    encoded = _every(number, "02x")
    for path in (f"/{number}", f"/{encoded}", f"/+{number}+"):
        yield _get("id", path)
    yield from _decorated(f"/{number}")
    yield _get("?page_id= encoded", f"{SCRIPT}?page_id={encoded}")
    for value in (number, f"+{number}%20", f"%20{number}+", f"7&page_id={number}", f"{number}&page_ids=7"):
        yield _get("?page_id=", f"{SCRIPT}?page_id={value}")
    yield _get("?page_id=&page=", f"{SCRIPT}?page_id={number}&page=about")
    yield from _script(f"page_id={number}")
    for near in (
        *(f"{before}{number}" for before in ("0", "x", "-", "%2B")),
        *(f"{number}{behind}" for behind in ("0", "x", ".0", "/edit", "%2B")),
    ):
        yield _get("almost the id", f"/{near}")
        yield _get("?page_id= almost", f"{SCRIPT}?page_id={near}")


def of_path(path: str) -> Iterator[Request]:
    """Every form of a path."""
    inner = path[1:]
    for label, form in spelled(inner).items():
        yield _get(f"path, {label}", f"/{form}")
    slashes = quote_plus(inner, safe="/")
    yield from _decorated(f"/{slashes}")
    for near in (inner.swapcase(), f"{inner}x", f"x/{inner}", f"{inner}/more"):
        yield _get("almost the path", f"/{quote_plus(near, safe='/')}")
    yield _get("?page= of a path", f"{SCRIPT}?page={slashes}")


def _get(label: str, target: str) -> Request:
    return Request(label, target.encode())
