"""Requests that are no page of the map: living pages, near misses, attacks, and what is too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.servers.wire import Request

SCRIPT = "/tiki-index.php"
PAGE = "Some+Page+%E2%80%93+June+2019"
HOSTILE_HOST = "evil.example"


class Global(NamedTuple):
    """A request, and the statuses that are right: 301 to a page of the map, 308 to the home page.

    With ``oracle`` its answer is the only one.
    """

    request: Request
    statuses: frozenset[int]
    oracle: bool = False


def requests() -> Iterator[Global]:
    """All of them."""
    yield from _living()
    yield from _unknown()
    yield from _scripts()
    yield from _parameters_of_a_path()
    yield from _encoded_twice()
    yield from _fragments()
    yield from _off_site()
    yield from _line_ends()
    yield from _bad_bytes()
    yield from _up()
    yield from _long()


def _all(label: str, targets: Sequence[str | bytes], *statuses: int, oracle: bool = False) -> Iterator[Global]:
    for target in targets:
        data = target if isinstance(target, bytes) else target.encode()
        yield Global(Request(label, data, host=HOSTILE_HOST), frozenset(statuses), oracle)


def _living() -> Iterator[Global]:
    yield from _all(
        "living page", ["/", "/?x=1", "//", "/./", "/pages/n0/", "/pages/n0/?page=about", "/pages/%6e0/"], 200
    )
    yield from _all("living page", [f"http://{HOSTILE_HOST}/", f"http://{HOSTILE_HOST}/pages/n0/", "//pages//n0/"], 200)
    for method, version, host in (("HEAD", "1.1", "x"), ("GET", "1.0", None), ("HEAD", "1.0", None)):
        yield Global(Request("living page", b"/pages/n0/", method, version, host), frozenset({200}))


def _unknown() -> Iterator[Global]:
    unknown = [
        "/unknown",
        "/Unknown+Page/",
        "/pages/nope/",
        "/favicon.ico",
        "/robots.txt",
        "/.env",
        "/admin/",
        "/_",
        "/%20",
    ]
    yield from _all("unknown", [*unknown, "/default2", "/includes", "/HIVE"], 404)
    near = [
        "/Some+Page",
        f"/{PAGE}+and+more",
        f"/{PAGE[1:]}",
        f"/x/{PAGE}",
        f"/{PAGE}/more",
        "/10",
        "/109830",
        "/010983",
    ]
    yield from _all(
        "near miss", [*near, "/10983x", "/x10983", "/10983/1", "/posts", "/posts/", "/tags/Cas"], 404, oracle=True
    )


def _scripts() -> Iterator[Global]:
    queries = [
        "",
        "page=",
        "page",
        "page_id=",
        "page_id",
        "xpage=about",
        "page[]=about",
        "page%5b%5d=about",
        "pages=about",
    ]
    queries += [
        "page.=about",
        "x=page=about",
        "page=unknown",
        "page_id=1",
        "page_id=-10983",
        "page_id=1e4",
        "page=about&page",
        "page_id=10983&page_id",
        "page_id=10983&page_id&x=1",
        "page_id=10983&x=1&page_id=7",
        "PAGE=about&Page_Id=10983",
        "/page=about&page_id=7",
        "page_id=1999",
        "page=1999",
        "page_id[]=10983",
    ]
    yield from _all("script", [f"{SCRIPT}?{query}" for query in queries], 404, oracle=True)
    others = [
        "/tiki-print.php",
        "/tiki-index.phpx",
        "/tiki-index.php5",
        "/tiki-editpage.php",
        "/x/tiki-index.php",
        "/index.php",
    ]
    yield from _all("other script", [f"{other}?page=about" for other in others[1:]], 404)
    yield from _all("other script", [f"{others[0]}?page=about"], 410)


def _parameters_of_a_path() -> Iterator[Global]:
    """What stands behind an encoded question mark is part of a name."""
    for query in (
        "page_id=10983",
        "page_id=10983&",
        "page_id=10983%26",
        "x&page_id=10983&",
        "page=about",
        "page=about&",
    ):
        targets = [f"{SCRIPT}%3F{query}", f"{SCRIPT}%3f{query}?", f"{SCRIPT}%3F?{query}", f"{SCRIPT}%0a?{query}"]
        yield from _all("parameter of a path", targets, 404, 400)
    yield from _all("parameter of a path", [f"{SCRIPT}%3Fx=1?&page_id=10983", f"/x%3F{SCRIPT}?page_id=10983&"], 404)


def _encoded_twice() -> Iterator[Global]:
    twice = PAGE.replace("%", "%25").replace("+", "%2520")
    yield from _all(
        "encoded twice", [f"/{twice}", f"{SCRIPT}?page={twice}", "/%2561bout", f"{SCRIPT}?page=%2561bout"], 404
    )
    yield from _all("encoded twice", ["/A%252541BC", "/%2531%2530983", f"{SCRIPT}?page_id=%25310983"], 404)


def _fragments() -> Iterator[Global]:
    """No client should send a fragment; some do. Apache refuses it."""
    known = ["/about#x", "/about/#x", "/about+#?page=ABC", "/about?x#y", "/10983#x", "/one+%23+of+them#x"]
    known += [
        "/5分でビタミンD?x=%23#y",
        f"{SCRIPT}?page=about#x",
        f"{SCRIPT}?page_id=10983#x",
        f"{SCRIPT}?page=one+%23+of+them#&page=ABC",
    ]
    yield from _all("fragment", known, 400)
    unknown = ["/unknown#/about", f"{SCRIPT}#?page=about"]
    unknown += [f"{SCRIPT}?{query}" for query in ("x#&page=about", "/10983#&page_id=1", "/10983#&page")]
    yield from _all("fragment", unknown, 404, 400)


def _off_site() -> Iterator[Global]:
    evil = ["/evil.example/%2e%2e", "%2F%2Fevil.example", "\\evil.example", "%5Cevil.example", "https://evil.example/x"]
    evil += [
        "https:evil.example",
        "@evil.example",
        ".evil.example",
        "%09/evil.example",
        "$host",
        "${uri}",
        "%{HTTP_HOST}x",
        "x>/x>https:/evil.example",
    ]
    evil += ["evil.example/", "/evil.example//", "http:/evil.example", "javascript:alert(1)"]
    yield from _all("off site", [f"/{place}" for place in evil[1:]], 404, 400)
    yield from _all("off site", [f"/{evil[0]}"], 404, 400, 200, 308)
    for before in (f"{SCRIPT}?page=", f"{SCRIPT}?page_id="):
        yield from _all("off site", [f"{before}{place}" for place in evil], 404, 400)
    for before in (f"{SCRIPT}/", "/posts/"):
        yield from _all("off site", [f"{before}{place}" for place in evil[1:]], 404, 400)
    # Some servers walk dots before anybody looks anything up: then this is the page script, a page called "posts".
    yield from _all("dots walked", [f"{SCRIPT}/{evil[0]}", f"/posts/{evil[0]}"], 404, 400, 301)
    yield from _all("off site", ["http://evil.example/about", "//about", "///about/"], 301, oracle=True)


def _line_ends() -> Iterator[Global]:
    ends = [
        "%0d%0aSet-Cookie:x=1",
        "%0d%0a%0d%0a<b>",
        "%0aX-Injected:1",
        "%0dX-Injected:1",
        "%E5%98%8A%E5%98%8DSet-Cookie:x",
    ]
    for place in ("/about", "/", f"/{PAGE}", "/10983", "/posts/old-slug"):
        yield from _all("line end", [f"{place}{end}" for end in ends], 404, 400)
    yield from _all("line end", ["/x%0a/about", "/x%0D%0A/posts/old-slug"], 404, 400)
    yield from _all("line end", [f"{SCRIPT}?page=about{end}" for end in ends], 404, 400)
    yield from _all("line end", [f"{SCRIPT}?page_id=10983{end}" for end in ends], 404, 400)
    yield from _all(
        "line end elsewhere", [f"/about?x=1{ends[0]}", f"{SCRIPT}?page=about&x=%0d%0aSet-Cookie:x"], 301, 400
    )


def _bad_bytes() -> Iterator[Global]:
    control = [
        "about%00",
        "about%00.html",
        "%00about",
        "about%01",
        "about%7f",
        "about%09",
        "about%1B",
        "%C2%85",
        "about%C2%80",
    ]
    percent = ["%", "%zz", "about%", "about%2", "about%zz", "%%", "%u0061bout", "%-1"]
    letters = [
        "%c0%ae%c0%ae/",
        "%c0%afabout",
        "%c1%a1bout",
        "%ed%a0%80",
        "%f8%88%80%80%80",
        "caf%e9",
        "%E2%80",
        "Zo%eb",
        "%ff",
    ]
    for label, bad in (("control", control), ("bad percent", percent), ("no UTF-8", letters)):
        yield from _all(label, [f"/{text}" for text in bad], 404, 400)
        yield from _all(label, [f"{SCRIPT}?page={text}" for text in bad], 404, 400)
    yield from _all("control", [f"{SCRIPT}?page_id=10983%00", f"{SCRIPT}?page_id=%0010983", "/10983%00"], 404, 400)
    raw: list[str | bytes] = [
        b"/caf\xe9",
        b"/tiki-index.php?page=caf\xe9",
        b"/a\x01b",
        b"/about\x7f",
        b"/about\x0b",
        b"/a b c",
    ]
    yield from _all("no escape", ["/100%", "/100%+sure", f"{SCRIPT}?page=100%", f"{SCRIPT}?page=100%+sure"], 404, 400)
    yield from _all("raw bytes", [*raw, b"/\xff\xfe", b"/\xc3", b"about", b"", b"?page=about"], 404, 400, 200)


def _up() -> Iterator[Global]:
    dots = [
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/pages/../../etc/passwd",
        "/..\\..\\etc",
    ]
    dots += [
        f"{SCRIPT}?page=../../etc/passwd",
        f"{SCRIPT}?page=..%2f..%2fetc%2fpasswd",
        "/..;/etc/passwd",
        "/..",
        "/.",
        "/...",
    ]
    yield from _all("traversal", dots, 404, 400, 403, 200, 308)


def _long() -> Iterator[Global]:
    statuses = (404, 400, 403, 414, 431)
    units = ["+", "a%20", "./", "A", "%2B", "%25", "/", "%2F", "a/", "..", "水".encode().hex("%").join(["%", ""])]
    yield from _all("7 KB", ["/" + (unit * 7000)[:7000] + "x" for unit in units], *statuses)
    yield from _all("30 KB", ["/" + (unit * 30000)[:30000] + "x" for unit in units], *statuses)
    yield from _all("long query", [f"{SCRIPT}?" + "page=x&" * 1000, f"{SCRIPT}?page=" + "+" * 7000 + "x"], *statuses)
    # Longer than any key; cut where the room for a key ends, behind a whole escape, each would be one.
    padded = [f"{'+' * count}about{'%20' * 4010}x" for count in range(3)]
    yield from _all("12 KB", [f"{place}{text}" for place in ("/", f"{SCRIPT}?page=") for text in padded], *statuses)
    yield from _all(
        "long query",
        [f"{SCRIPT}?page=" + "%20x" * 1700, f"{SCRIPT}?" + "&" * 7000, f"/?{'a=b&' * 1700}"],
        *statuses,
        200,
    )
