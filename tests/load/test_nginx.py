"""nginx answers what the map says: asked of the real server, over raw sockets."""

from __future__ import annotations

import shutil
import subprocess
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from etl.addresses import Address, lookups
from etl.load.redirects import CompileOptions, compile_all
from etl.servers import running
from etl.servers.base import program
from tests.load.asked import ask
from tests.make import need, write_map
from tests.servers.oracle import Answer

LONG = "Wells and their water " * 90 + "to the end"
CASE_PAIR = {"HIV": "/pages/hiv/", "Hiv": "/pages/hives/"}

NAMES = [
    "Some Page – June 2019",
    "10,000 buckets (a day), safe?",
    "5% are aware",
    "100% sure: 50%25 of it",
    "A+B",
    "C++ and more",
    'A "quoted" name',
    "It's 'so'",
    "What? Why? #1 & more; less = fine",
    r"back\slash \t \\ {x} $host ${uri} $5 ~tilde",
    "~regex.*",
    "default",
    "include",
    "include /etc/passwd",
    "hostnames",
    "volatile",
    "Zoë à la café – ÅÄÖ",
    "5分でビタミンD",
    "水" * 158,
    "Fair 🎉 day 👩‍🔬",
    "a/b c",
    "A//b",
    "%41//b",
    "Up ../and/../down",
    "dots ... and more ..",
    "[brackets] {braces} <tags> |^`",
    "-leading dash",
    "#leading hash",
    "2019",
    "007",
    "trailing dot.",
    "a\u00a0b",
    LONG,
    "*",
    "A B",
    "posts",
    "x" * 2000,
]
ENTRIES: dict[Address, str | None] = {
    **{Address("name", unicodedata.normalize("NFC", name)): f"/pages/n{at}/" for at, name in enumerate(NAMES)},
    **{Address("name", name): target for name, target in CASE_PAIR.items()},
    Address("name", "Gone for good"): None,
    Address("name", "about"): "/pages/about/",
    Address("id", "10983"): "/pages/n0/",
    Address("id", "2019"): "/pages/year/",
    Address("id", "410"): None,
    Address("path", "/posts/old-slug"): "/pages/n0/",
    Address("path", "/posts/old-slug.html"): "/pages/n0/",
    Address("path", "/10983.html"): "/pages/n0/",
    Address("path", "/tags/Capital Letters+plus"): "/pages/n1/",
    Address("path", "/tags/Case"): "/pages/n1/",
    Address("path", "/tags/CASE"): "/pages/n2/",
    Address("path", "/About"): "/pages/n3/",
    Address("path", "/tiki-print.php"): None,
    Address("path", "/posts/gone"): None,
    Address("path", "/odd/target"): "/pages/$host/$(x)/%5Ca'b%7Bc%7D;d=$1&e,!*+@:~?f=//g",
    Address("name", "Clear water"): "/pages/n0/",
    Address("name", "CLEAR water"): "/pages/n0/",
}
EN_DASH = "%E2%80%93"


def expected(target: str, base: str = "/") -> Answer:
    """What the reference says about a request target."""
    for address in lookups(target, base):
        if address in ENTRIES:
            return Answer(301 if ENTRIES[address] else 410, ENTRIES[address])
    return Answer(404, None)


def spellings(name: str) -> list[str]:
    """One name as paths and parameters, as browsers, scripts and people write it; a slash at its end left out."""
    sloppy = quote(name, safe="!$&'()*+,:;=@~ ").replace("+", "%2B").replace(" ", "+")
    mixed = quote(name, safe="").replace("%20", "+", 1)
    every = "".join(f"%{byte:02x}" for byte in name.encode())
    forms = [quote_plus(name), quote(name, safe=""), mixed, every]
    nfd = quote_plus(unicodedata.normalize("NFD", name))
    raw = "".join(char if ord(char) > 127 else quote_plus(char) for char in name)
    paths = [f"/{form}" for form in (*forms, sloppy, nfd, raw)]
    first = paths[0]
    paths += [f"{first}/", f"{first}?", f"{first}?utm_source=a&b=c", f"{first}//", f"{first}#%2B"]
    paths += [f"/{first}", f"/.{first}", f"/+{first[1:]}+", f"http://old.example:8080{first}"]
    queries = [f"page={form}" for form in (*forms, nfd, raw, quote_plus(name, safe="?/:,()'"))]
    queries += [
        f"a=b&{queries[0]}",
        f"{queries[0]}&page_id=",
        f"page=Other&{queries[0]}&x=%zz",
        f"xpage=1&{queries[0]}",
    ]
    return [*paths, *(f"/tiki-index.php?{query}" for query in queries), f"//tiki-index.php/?{queries[0]}"]


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    need("nginx")
    folder = tmp_path_factory.mktemp("generation")
    assert compiled(folder, ENTRIES) == []
    with running("nginx", folder) as (address, _):
        yield address


@pytest.mark.parametrize(
    "name", [value for kind, value in ENTRIES if kind == "name"], ids=lambda name: ascii(name)[:30]
)
def test_nginx_answers_every_spelling_of_a_name_as_the_reference_does(nginx: str, name: str) -> None:
    wrong = {target[:200]: (ask(nginx, target), expected(target)) for target in spellings(name) if len(target) < 7000}
    assert {target: pair for target, pair in wrong.items() if pair[0] != pair[1]} == {}
    assert any(pair[1].status in {301, 410} for pair in wrong.values())


@pytest.mark.parametrize(
    "target",
    [
        "/10983",
        "/10983/",
        "//10983",
        "/%31%30983",
        "/10983?page=x",
        "/tiki-index.php?page_id=10983",
        "/410",
        "/2019",
        "/tiki-index.php?page_id=2019",
        "/tiki-index.php?page_id=410",
        "/tiki-index.php?a=b&page_id=10983&page=Nobody",
        "/tiki-index.php?page_id=7&page_id=10983",
        "/tiki-index.php?page_id=10983&page_id=7",
        "/tiki-index.php?page_id=010983",
        "/tiki-index.php?page_id=7&page=about",
        "/tiki-index.php?page_id=10983x",
        "/tiki-index.php?page_id=",
        "/010983",
        "/tiki-index.php?page_id=10983&page_id=",
        "/tiki-index.php?page_id=+10983%20",
        "/109830",
        "/x10983",
        "/10983.html",
        "/tiki-index.php",
        "/tiki-index.php?x=1",
        "/tiki-index.php?page=",
        "/tiki-index.php?page[]=about",
    ],
)
def test_nginx_answers_ids_as_the_reference_does(nginx: str, target: str) -> None:
    assert ask(nginx, target) == expected(target)


@pytest.mark.parametrize(
    "target",
    [
        "/posts/old-slug",
        "/posts/old-slug/",
        "/posts/old-slug.html",
        "/posts/old-slug?x=1",
        "/posts/old%2Dslug",
        "/posts/gone",
        "/posts/Old-slug",
        "/posts/old-slug/more",
        "/posts",
        "/tags/Capital+Letters%2Bplus",
        "/tags/capital+letters%2Bplus",
        "/tags/Case",
        "/tags/CASE",
        "/tags/case",
        "/About",
        "/about",
        "/tiki-print.php?page=about",
        "/odd/target",
    ],
)
def test_nginx_answers_paths_in_their_own_case(nginx: str, target: str) -> None:
    assert ask(nginx, target) == expected(target)


def test_nginx_finds_a_name_in_another_case_where_it_is_the_only_one(nginx: str) -> None:
    assert ask(nginx, f"/some+page+{EN_DASH}+JUNE+2019") == Answer(301, "/pages/n0/")
    assert ask(nginx, "/HIV") == Answer(301, "/pages/hiv/")
    assert ask(nginx, "/Hiv") == Answer(301, "/pages/hives/")
    assert ask(nginx, "/clear+WATER") == Answer(301, "/pages/n0/")
    assert ask(nginx, "/hiv") == Answer(404, None)
    assert ask(nginx, "/tiki-index.php?page=hIV") == Answer(404, None)


@pytest.mark.parametrize("method", ["HEAD", "POST", "GET"])
def test_nginx_redirects_any_method(nginx: str, method: str) -> None:
    assert ask(nginx, f"/Some+Page+{EN_DASH}+June+2019", method) == Answer(301, "/pages/n0/")
    assert ask(nginx, f"/tiki-index.php?page=Some+Page+{EN_DASH}+June+2019", method, "1.0") == Answer(301, "/pages/n0/")


def test_nginx_serves_the_new_site_first(nginx: str) -> None:
    assert ask(nginx, "/") == ask(nginx, "/pages/n0/") == ask(nginx, "/pages/n0/?x=1") == Answer(200, None)


@pytest.mark.parametrize(
    "target",
    [
        "/unknown",
        "/default2",
        "/Some+Page",
        f"/Some+Page+{EN_DASH}+June+2019+and+more",
        "/ome+Page",
        "/A%252BB",
        "/pages/nope/",
        "/tiki-index.php?page=unknown",
        "/tiki-index.php?xpage=about",
        "/tiki-print_blog.php?page=about",
        "/10983%0a",
        "/about%0a",
        "/%E2%80",
        "/%c0%ae",
        "/caf%e9",
        "/tiki-index.php?page=caf%e9",
        "/" + "+" * 3000,
        "/" + "a%20" * 1500,
    ],
)
def test_nginx_does_not_know_what_the_map_does_not_hold(nginx: str, target: str) -> None:
    assert expected(target) == Answer(404, None)
    assert ask(nginx, target) == Answer(404, None)


@pytest.mark.parametrize(
    "place", ["/{}", "/tiki-index.php?page={}", "/tiki-index.php?page_id={}", "/tiki-index.php/{}", "/posts/{}"]
)
@pytest.mark.parametrize(
    "attack",
    [
        "/evil.example",
        "//evil.example/%2e%2e",
        "%2F%2Fevil.example",
        "\\evil.example",
        "%5Cevil.example",
        "https://evil.example",
        "..%2f..%2fetc/passwd",
        "../../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "%0d%0aSet-Cookie:x=1",
        "about%0d%0aLocation:%20x",
        "about%00",
        "%",
        "%zz",
        "@evil.example",
        "$host",
        "${uri}",
        "about%0D",
        "about%09",
        ".evil.example",
    ],
)
def test_nginx_never_sends_anyone_off_site_or_repeats_what_was_asked(nginx: str, place: str, attack: str) -> None:
    answer = ask(nginx, place.format(attack), host="evil.example")
    assert answer.location in {None, *ENTRIES.values()}
    if ".." not in attack and "%2e" not in attack:  # nginx walks dots before anybody looks anything up
        assert answer.status in {404, 400}


def test_nginx_gives_no_host_of_the_request_back(nginx: str) -> None:
    assert ask(nginx, "/about", host="evil.example") == Answer(301, "/pages/about/")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    need("nginx")
    return tmp_path


def compiled(folder: Path, entries: dict[Address, str | None], options: CompileOptions | None = None) -> list[str]:
    """Compiles a map for nginx; the messages of what nginx cannot express."""
    write_map(folder / "redirects.jsonl", entries.items())
    findings = compile_all(folder / "redirects.jsonl", folder / "redirects", options or CompileOptions(), ["nginx"])
    return [finding.message for finding in findings if finding.code == "redirect.unsupported"]


def test_the_site_makes_targets_absolute(folder: Path) -> None:
    compiled(folder, ENTRIES, CompileOptions(site="https://new.example/"))
    with running("nginx", folder) as (address, _):
        assert ask(address, "/about") == Answer(301, "https://new.example/pages/about/")
        assert ask(address, "/tiki-index.php?page=about") == Answer(301, "https://new.example/pages/about/")
        assert ask(address, "/tags/Capital+Letters%2Bplus") == Answer(301, "https://new.example/pages/n1/")
        assert ask(address, "/410") == Answer(410, None)


def test_the_old_wiki_may_have_lived_in_a_folder(folder: Path) -> None:
    compiled(folder, ENTRIES, CompileOptions(legacy_base="/old.wiki/"))
    targets = [
        "/about",
        "/oldXwiki/about",
        "/old.wiki",
        "/old.wiki/",
        "/old.wiki/A%2F%2Fb",
        "/old.wiki/about",
        "/old.wiki/10983/",
        "/10983",
        "/posts/old-slug",
        "/old.wiki/Hiv",
        "/old.wiki/tiki-index.php?page=Some+Page+%E2%80%93+June+2019",
        "/old.wiki/tiki-index.php?page_id=10983",
        "/old.wiki/tiki-index.php?page=HIV",
        "/tiki-index.php?page=about",
    ]
    with running("nginx", folder) as (address, _):
        for target in targets:
            assert ask(address, target) == expected(target, "/old.wiki/"), target


def test_what_nginx_cannot_express_is_a_finding_and_the_rest_still_loads(folder: Path) -> None:
    too_long = {Address("name", "水" * 1500): "/pages/a/", Address("name", "x/../" * 150 + "y"): "/pages/b/"}
    messages = compiled(folder, {**ENTRIES, **too_long})
    assert len(messages) == 2
    assert all("4000" in message for message in messages)
    with running("nginx", folder) as (address, _):
        assert ask(address, "/about") == Answer(301, "/pages/about/")


def test_what_nginx_walks_away_is_a_finding(folder: Path) -> None:
    walked: dict[Address, str | None] = {Address("name", "../é"): "/pages/a/", Address("name", "away/.."): "/pages/b/"}
    messages = compiled(folder, {**ENTRIES, **walked})
    assert len(messages) == 2
    assert "leave the root" in messages[0]
    assert "home page" in messages[1]
    with running("nginx", folder) as (address, _):
        assert ask(address, "/..%2F%C3%A9").status == ask(address, "/tiki-index.php?page=../é").status == 400
        assert ask(address, "/away%2F..").status == 200
        assert ask(address, "/tiki-index.php?page=away/..") == Answer(301, "/pages/b/")
    assert compiled(folder, walked, CompileOptions(legacy_base="/wiki")) == []
    with running("nginx", folder) as (address, _):
        assert ask(address, "/wiki/..%2F%C3%A9") == Answer(301, "/pages/a/")
        assert ask(address, "/wiki/away/%2E.") == Answer(301, "/pages/b/")


def test_a_plus_of_a_name_is_none_of_a_request_and_the_other_way_round(folder: Path) -> None:
    names = ["A+B", "C++", "+", "Omega + three", "one two", "+".join("abcdefghi"), "+".join("abcdefghij")]
    entries: dict[Address, str | None] = {Address("name", name): f"/pages/{at}/" for at, name in enumerate(names)}
    compiled(folder, entries)
    counted = (folder / "redirects" / "nginx" / "wiki-etl" / "maps.conf").read_text().count("+%2b)")
    assert counted == 9, "one more than a key in a hash has, however many the name in an expression has"
    with running("nginx", folder) as (address, _):
        for at, name in enumerate(names):
            for target in (quote_plus(name), quote(name, safe=""), quote_plus(name).replace("%2B", "%2b")):
                assert ask(address, f"/{target}") == Answer(301, f"/pages/{at}/")
                assert ask(address, f"/tiki-index.php?page={target}") == Answer(301, f"/pages/{at}/")
        for target in (
            "A+B",
            "A%20B",
            "C",
            "C++",
            "C%2B",
            "%2B%2B",
            "one%2Btwo",
            "one+two%2B",
            "%2Bone+two",
            "7%2B",
            "A%2BB%2B",
        ):
            assert ask(address, f"/{target}") == Answer(404, None), target
            assert ask(address, f"/tiki-index.php?page={target}") == Answer(404, None), target


def test_the_longest_name_that_fits_is_answered(folder: Path) -> None:
    name = "水" * 1330
    assert compiled(folder, {Address("name", name): "/pages/water/"}) == []
    with running("nginx", folder) as (address, _):
        assert ask(address, f"/{quote(name)}") == Answer(301, "/pages/water/")
        assert ask(address, f"/tiki-index.php?page={quote(name)}") == Answer(301, "/pages/water/")


def test_the_example_configuration_loads_where_it_lies(folder: Path) -> None:
    compiled(folder, ENTRIES)
    place = folder / "a place with blanks"
    shutil.copytree(folder / "redirects" / "nginx", place)
    command = [program("nginx", "nginx"), "-t", "-p", f"{place}/", "-c", f"{place}/nginx.conf"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "syntax is ok" in result.stderr
    assert "[warn]" not in result.stderr


def test_slashes_behind_a_name_cost_no_more_than_other_signs(nginx: str) -> None:
    """Each of some expressions over the raw request went through all ways to part them: 33 bytes took 0.2 seconds."""

    def seconds(sign: str) -> float:
        start = time.perf_counter()
        for _ in range(20):
            assert ask(nginx, f"/A//b{sign * 200}x") == Answer(404)
        return time.perf_counter() - start

    assert seconds("/") < 25 * max(seconds("-"), 0.05)


def test_what_stands_before_an_address_is_read_once_however_many_expressions_there_are(folder: Path) -> None:
    """Each of 2,000 expressions over the raw request went through 7,000 pluses or slashes: it took half a second."""
    compiled(folder, {Address("name", f"Bed//{at}"): f"/pages/{at}/" for at in range(2000)})
    with running("nginx", folder) as (address, _):
        for sign, name in (("+", ""), ("//.", "/"), ("+", "Bed//7x")):
            start = time.perf_counter()
            assert ask(address, "/" + sign * (7000 // len(sign)) + name).status in {200, 404}
            assert time.perf_counter() - start < 0.2
        assert ask(address, f"/{'./' * 300}{'+' * 300}Bed%2F%2F7") == Answer(301, "/pages/7/")
