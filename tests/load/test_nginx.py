"""What nginx alone has to be careful about; that it answers what the map says is asked of all servers alike."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from etl.addresses import Address
from etl.load.redirects import CompileOptions, compile_all
from etl.routes import FAMILIES, routes
from etl.servers import running
from etl.servers.base import program
from tests.load.asked import ask
from tests.make import need, write_map
from tests.servers.oracle import Answer

MAP: dict[Address, str | None] = {
    Address("name", "about"): "/pages/about/",
    Address("name", "A//b"): "/pages/slashes/",
    Address("name", "水" * 158): "/pages/water/",
    Address("id", "10983"): "/pages/about/",
    Address("path", "/posts/old-slug"): "/pages/about/",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    need("nginx")
    return tmp_path


def compiled(folder: Path, entries: dict[Address, str | None], options: CompileOptions | None = None) -> list[str]:
    """Compiles a map for nginx; the messages of what nginx cannot express."""
    write_map(folder / "redirects.jsonl", entries.items())
    findings = compile_all(folder / "redirects.jsonl", folder / "redirects", options or CompileOptions(), ["nginx"])
    return [finding.message for finding in findings if finding.code == "redirect.unsupported"]


def test_what_nginx_cannot_express_is_a_finding_and_the_rest_still_loads(folder: Path) -> None:
    too_long = {Address("name", "水" * 1500): "/pages/a/", Address("name", "x/../" * 150 + "y"): "/pages/b/"}
    messages = compiled(folder, {**MAP, **too_long})
    assert len(messages) == 2
    assert all("4000" in message for message in messages)
    with running("nginx", folder) as (address, _):
        assert ask(address, "/about") == Answer(301, "/pages/about/")


def test_a_path_with_capital_letters_has_room_for_its_answer_as_well(folder: Path) -> None:
    path = "/posts/A" + "水" * 1320
    messages = compiled(folder, {**MAP, Address("path", path): "/pages/" + "a" * 120 + "/"})
    assert len(messages) == 1
    assert f"{len(path.encode()) + 131} bytes" in messages[0]
    with running("nginx", folder) as (address, _):
        assert ask(address, "/about") == Answer(301, "/pages/about/")


def test_routes_in_a_long_folder_fit_into_words_of_the_configuration(folder: Path) -> None:
    base = "/departments/library/knowledge/of/the/house/wiki"
    rows = routes(dict.fromkeys(FAMILIES, "/archive/"), base)
    assert compiled(folder, MAP, CompileOptions(legacy_base=base, routes=rows)) == []
    with running("nginx", folder) as (address, _):
        asked = (quote(row.path) + "7" * (row.kind == "numbered") for row in rows)
        assert {ask(address, path) for path in asked} == {Answer(301, "/archive/")}


def test_what_nginx_walks_away_is_a_finding(folder: Path) -> None:
    walked: dict[Address, str | None] = {Address("name", "../é"): "/pages/a/", Address("name", "away/.."): "/pages/b/"}
    messages = compiled(folder, {**MAP, **walked})
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
    compiled(folder, MAP)
    place = folder / "a place with blanks"
    shutil.copytree(folder / "redirects" / "nginx", place)
    command = [program("nginx", "nginx"), "-t", "-p", f"{place}/", "-c", f"{place}/nginx.conf"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "syntax is ok" in result.stderr
    assert "[warn]" not in result.stderr


def test_slashes_behind_a_name_cost_no_more_than_other_signs(folder: Path) -> None:
    """Each of some expressions over the raw request went through all ways to part them: 33 bytes took 0.2 seconds."""

    def seconds(address: str, sign: str) -> float:
        start = time.perf_counter()
        for _ in range(20):
            assert ask(address, f"/A//b{sign * 200}x") == Answer(404)
        return time.perf_counter() - start

    compiled(folder, MAP)
    with running("nginx", folder) as (address, _):
        assert seconds(address, "/") < 25 * max(seconds(address, "-"), 0.05)


def test_what_stands_before_an_address_is_read_once_however_many_expressions_there_are(folder: Path) -> None:
    """Each of 2,000 expressions over the raw request went through 7,000 pluses or slashes: it took half a second."""
    compiled(folder, {Address("name", f"Bed//{at}"): f"/pages/{at}/" for at in range(2000)})
    with running("nginx", folder) as (address, _):
        for sign, name in (("+", ""), ("//.", "/"), ("+", "Bed//7x")):
            start = time.perf_counter()
            assert ask(address, "/" + sign * (7000 // len(sign)) + name).status in {200, 404}
            assert time.perf_counter() - start < 0.2
        assert ask(address, f"/{'./' * 300}{'+' * 300}Bed%2F%2F7") == Answer(301, "/pages/7/")
