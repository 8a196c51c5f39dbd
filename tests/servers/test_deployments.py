"""What the settings say of a deployment, every server does: site, status, max_age, legacy_base, home, routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

import etl.servers
from etl.load.redirects import CompileOptions
from etl.routes import FAMILIES, routes
from etl.servers import SERVERS
from tests.servers.oracle import NOT_FOUND, Answer, Oracle
from tests.servers.stage import Entries, Stage, serving
from tests.servers.wire import Request

MAP: dict[tuple[str, str], str | None] = {
    ("name", "Clear water – June 2019"): "/pages/clear/",
    ("name", "Home"): "/pages/home/",
    ("name", "A+B"): "/pages/plus/",
    ("name", "5%41"): "/pages/percent/",
    ("name", "A//b"): "/pages/slashes/",
    ("name", "Gone"): None,
    ("name", "cat5"): "/pages/cat/",
    ("name", "Search"): "/pages/searching/",
    ("id", "10983"): "/pages/clear/",
    ("path", "/posts/old"): "/pages/clear/",
}
CLEAR = "Clear+water+%E2%80%93+June+2019"
SCRIPT = "tiki-index.php"
PAGES = [CLEAR, f"{SCRIPT}?page={CLEAR}", "10983/", f"{SCRIPT}?page_id=10983", "A%2BB", f"{SCRIPT}?page=A%2bB"]
PAGES += ["5%2541", "A%2F%2Fb"]

Start = Callable[..., AbstractContextManager[Stage]]


@pytest.fixture(params=sorted(SERVERS))
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Start:
    def served(entries: Entries = MAP, **options: object) -> AbstractContextManager[Stage]:
        return serving(str(request.param), tmp_path, entries, replace(CompileOptions(), **options))  # type: ignore[arg-type]

    return served


def get(stage: Stage, target: str, method: str = "GET") -> Answer:
    return stage.client.ask(Request("", target.encode(), method))


def test_the_site_makes_targets_absolute(start: Start) -> None:
    with start(site="https://new.example/") as stage:
        for page in (f"/{page}" for page in PAGES):
            location = Oracle(MAP).answers(page.encode()).pop().location
            assert get(stage, page) == Answer(301, f"https://new.example{location}"), page
        assert get(stage, "/posts/old?x=1") == Answer(301, "https://new.example/pages/clear/")
        assert get(stage, "/clear+WATER+%E2%80%93+june+2019") == Answer(301, "https://new.example/pages/clear/")
        assert get(stage, "/Gone") == Answer(410)


@pytest.mark.parametrize("status", [301, 302, 308])
def test_redirects_have_the_status_of_the_settings_and_what_is_gone_stays_gone(start: Start, status: int) -> None:
    oracle = Oracle(MAP, status=status)
    with start(status=status, home="Home") as stage:
        for page in [*PAGES, "Gone", "posts/old", "unknown", "gone", "SEARCH"]:
            assert get(stage, f"/{page}") in oracle.answers(f"/{page}".encode()), page
        assert get(stage, f"/{SCRIPT}") == Answer(status, "/pages/home/")


@pytest.mark.parametrize("max_age", [0, 3600])
def test_redirects_may_be_kept_as_long_as_the_settings_say(start: Start, max_age: int) -> None:
    with start(max_age=max_age) as stage:
        for target in ("/Home", f"/{SCRIPT}?page=Home", "/posts/old", "/HOME"):
            headers = stage.client.headers(Request("", target.encode()))
            assert headers["cache-control"] == f"max-age={max_age}", target
            assert headers["location"] == ("/pages/clear/" if target == "/posts/old" else "/pages/home/")
        for target in ("/Gone", "/unknown", "/pages/home/", "/"):
            assert "max-age=3600" not in stage.client.headers(Request("", target.encode())).get("cache-control", "")


def test_without_the_setting_nothing_is_said_of_keeping(start: Start) -> None:
    with start() as stage:
        assert "cache-control" not in stage.client.headers(Request("", b"/Home"))


@pytest.mark.parametrize("folder", ["/old.wiki/", "/a/b/"])
def test_the_old_wiki_may_have_lived_in_a_folder(start: Start, folder: str) -> None:
    oracle = Oracle(MAP, folder)
    with start(legacy_base=folder) as stage:
        targets = [
            f"{place}{page}" for page in [*PAGES, "Gone", "cat5", "posts/old", "unknown"] for place in (folder, "/")
        ]
        targets += [
            folder,
            folder[:-1],
            f"/x{folder}Home",
            f"{folder[:-1]}x/Home",
            f"/{'x' * (len(folder) - 2)}/Home",
            f"{folder.replace('.', 'x')}Gone",
            f"{folder}Home/more",
            f"{folder}{SCRIPT}?page={folder[1:]}Home",
            folder + SCRIPT,
        ]
        for target in targets:
            assert get(stage, target) in oracle.answers(target.encode()), target
        for spelled in ("Home%00", "Home%00x", f"{SCRIPT}?page=Home%00"):
            assert get(stage, f"{folder}{spelled}").status in {400, 404}, spelled
        for place in (f"{folder}./", folder.replace("/", "/./")):
            assert get(stage, f"{place}{SCRIPT}?page={CLEAR}") == Answer(301, "/pages/clear/")


def test_the_old_home_page_goes_where_its_name_goes(start: Start) -> None:
    with start(home="Home", other_host=True, site="https://new.example") as stage:
        to = Answer(301, "https://new.example/pages/home/")
        assert get(stage, f"/{SCRIPT}") == get(stage, f"/{SCRIPT}?x=1") == get(stage, f"//{SCRIPT}/") == to
        assert get(stage, f"/{SCRIPT}?page=") == get(stage, f"/{SCRIPT}?page_id=1") == NOT_FOUND
        assert get(stage, f"/{SCRIPT}?page=Nobody&x") == get(stage, f"/{SCRIPT}?page&x") == NOT_FOUND
        assert get(stage, f"/{SCRIPT}?PAGE=Nobody&Page_Id=1") == to
        assert get(stage, "/") in {Answer(200), to}
        for spelled in ("/%zz", "/Home%", "/%"):
            assert get(stage, spelled).status in {400, 404}, "what spells no text is not the home page"


def test_the_root_of_the_old_host_is_the_old_home_page_where_the_new_site_has_no_page(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etl.servers, "write_site", lambda site, _paths: site.mkdir())
    with start(home="Home", other_host=True, site="https://new.example", hosts=("old.example",)) as stage:
        assert get(stage, "/") == get(stage, "//?x=1") == Answer(301, "https://new.example/pages/home/")
    with start(home="Home", site="https://new.example") as stage:
        assert get(stage, "/").status in {403, 404}


def test_the_old_home_page_of_a_wiki_in_a_folder(start: Start) -> None:
    with start(home="Home", legacy_base="/wiki") as stage:
        to = Answer(301, "/pages/home/")
        assert get(stage, "/wiki") == get(stage, "/wiki/") == get(stage, f"/wiki/{SCRIPT}") == to
        assert get(stage, f"/{SCRIPT}") == get(stage, "/wikis") == NOT_FOUND
        assert get(stage, "/") == Answer(200)


def test_a_home_that_is_gone_or_not_in_the_map(start: Start) -> None:
    with start(home="Gone") as stage:
        assert get(stage, f"/{SCRIPT}") == Answer(410)
    with start(home="Nobody") as stage:
        assert get(stage, f"/{SCRIPT}") == NOT_FOUND


def every_route() -> Iterator[tuple[str, str]]:
    """An address of each kind of each family."""
    for key, family in FAMILIES.items():
        for path in (*family.scripts, *family.names):
            yield key, path.replace(" ", "+")
        for path in family.numbered:
            yield from ((key, f"{path}12"), (key, f"{path}7-Wells+and%20more-3"))


@pytest.mark.parametrize("base", ["/", "/wiki/", "/wiki-3-en/w.x/"])
def test_addresses_that_are_no_pages_go_where_the_settings_say(start: Start, base: str) -> None:
    table = {key: "gone" if key in {"calendar", "files"} else f"/new/{key}/?q=1" for key in FAMILIES}
    with start(routes=routes(table, base), legacy_base=base, site="https://new.example") as stage:
        for key, path in every_route():
            to = Answer(410) if table[key] == "gone" else Answer(301, f"https://new.example{table[key]}")
            for target in (path, f"{path}/", f"{path}?x=1&page=Home"):
                assert get(stage, f"{base}{target}") == to, target
        for near in ("cat", "catx", "cat5x", "xcat6", "cat-5", "Cat6", "tiki-browse_categories.phpx", "new/", "dl/5"):
            assert get(stage, f"{base}{near}") == NOT_FOUND, near
        for bad in ("cat5-%0d%0aX", "cat5-%01", "cat5-x%7F", "dl7-%00", "cat5-%zz"):
            assert get(stage, f"{base}{bad}") in {NOT_FOUND, Answer(400)}, bad


def test_a_long_path_is_no_name(start: Start) -> None:
    path = f"/posts/{'well-' * 60}"
    with start({("path", path): "/pages/clear/"}) as stage:
        assert get(stage, path) == Answer(301, "/pages/clear/")
        assert get(stage, f"/{SCRIPT}?page={path[1:]}") == NOT_FOUND


def test_long_names_that_differ_by_case_alone_are_found_in_their_own(start: Start) -> None:
    name = "Wells " * 50 + "end"
    with start({("name", name): "/pages/clear/", ("name", name.upper()): "/pages/home/"}) as stage:
        for spelled, to in ((name, "/pages/clear/"), (name.upper(), "/pages/home/")):
            assert get(stage, f"/{spelled.replace(' ', '+')}") == Answer(301, to)
        assert get(stage, f"/{name.lower().replace(' ', '+')}") == NOT_FOUND


def test_a_number_that_is_asked_for_as_a_name_is_no_id(start: Start) -> None:
    with start() as stage:
        assert get(stage, f"/{SCRIPT}?page=10983") == NOT_FOUND


def test_a_page_comes_before_a_route(start: Start) -> None:
    with start(routes=routes({"categories": "/tags/", "search": "/search/"})) as stage:
        assert get(stage, "/cat5") == Answer(301, "/pages/cat/")
        assert get(stage, "/cat6") == get(stage, "/cat%36-x?page=Home") == Answer(301, "/tags/")
        assert get(stage, "/Search+Results") == Answer(301, "/search/")
        assert get(stage, f"/{SCRIPT}?page=cat6") == NOT_FOUND
    with start({("name", "SEARCH results"): "/pages/found/"}, routes=routes({"search": "/search/"})) as stage:
        assert get(stage, "/Search+Results") == Answer(301, "/pages/found/")


def test_no_setting_leaves_addresses_that_are_no_pages_alone(start: Start) -> None:
    with start() as stage:
        for target in ("/cat6", "/tiki-browse_categories.php", f"/{SCRIPT}", "/Search+Results"):
            assert get(stage, target) == NOT_FOUND


def test_a_name_in_another_case_never_hides_the_new_site(start: Start) -> None:
    entries: dict[tuple[str, str], str | None] = {
        ("name", "PAGES/Home"): "/pages/other/",
        ("name", "x"): "/pages/home/",
    }
    with start(entries) as stage:
        assert get(stage, "/pages/home/") == Answer(200)
        assert get(stage, "/PAGES/Home") == Answer(301, "/pages/other/")
        assert get(stage, "/Pages/hOME") == NOT_FOUND


def test_a_file_that_the_map_does_not_know_of_wins_over_a_name_in_another_case(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_site = etl.servers.write_site
    monkeypatch.setattr(etl.servers, "write_site", lambda site, paths: write_site(site, [*paths, "/robots.txt"]))
    with start({("name", "Robots.txt"): "/pages/home/"}) as stage:
        assert get(stage, "/robots.txt") == Answer(200)
        assert get(stage, "/Robots.txt") == get(stage, "/ROBOTS.txt") == Answer(301, "/pages/home/")


def test_a_path_of_the_new_site_that_is_not_there_yet_is_no_name_in_another_case(start: Start) -> None:
    """With accents and without, alone and beside another such name: `/beta/` would lead to a page that it is not."""
    entries: dict[tuple[str, str], str | None] = {
        ("name", "Beta"): "/pages/beta/",
        ("name", "BETA"): "/pages/beta/",
        ("name", "Search"): "/pages/search/",
        ("name", "Café"): "/pages/cafe/",
        ("name", "Wells"): "/pages/wells/",
        ("name", "A+B"): "/pages/plus/",
    }
    with start(entries, reserved=("/beta/", "/search/", "/caf%C3%A9/", "/a%2Bb/")) as stage:
        there = ["/Beta", "/BETA/", f"/{SCRIPT}?page=Beta", "/Search", "/Caf%C3%A9", "/Cafe%CC%81", "/Wells", "/A%2BB"]
        assert [target for target in there if get(stage, target).status != 301] == []
        for absent in (
            "/beta/",
            "/beta",
            "/bETA",
            "/search/",
            "/SEARCH",
            "/caf%C3%A9/",
            "/CAF%C3%A9",
            "/a%2Bb",
            "/A+B",
        ):
            assert get(stage, absent) == NOT_FOUND, absent
        assert get(stage, "/WELLS").status == 301


def test_an_empty_map_loads(start: Start) -> None:
    with start({}) as stage:
        assert get(stage, "/") == Answer(200)
        assert get(stage, "/about") == get(stage, f"/{SCRIPT}?page=about") == NOT_FOUND


def test_targets_are_sent_as_they_are(start: Start) -> None:
    odd = [
        "/a/%C3%A9/%20x",
        "/b/$host/$1",
        "/c/%25{HTTP_HOST}/%1",
        "/d/a'b;c",
        "/e/?q=1&x=%2F",
        "/~g(h)*!,@=",
        "/-_.:+",
        "/%2F/",
    ]
    odd = [target.replace("{", "%7B").replace("}", "%7D").replace("%1", "%31") for target in odd]
    entries: dict[tuple[str, str], str | None] = {("name", f"to {at}"): target for at, target in enumerate(odd)}
    with start(entries, site="https://new.example") as stage:
        for at, target in enumerate(odd):
            if ("name", f"to {at}") not in stage.refused:
                assert get(stage, f"/to+{at}?x=%3F") == Answer(301, f"https://new.example{target}")
                assert get(stage, f"/{SCRIPT}?page=to+{at}") == Answer(301, f"https://new.example{target}")
