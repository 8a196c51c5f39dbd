"""`explain`: what became of anything that is named, of an export, the old site or the new one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.make import Outcome, Run, folder, lines, name, page

MEMBERS = {
    name(1): page("Clear water", page_id=1, tags=["bees"], body="Water. [Gone](/posts/nowhere)\n\n<span>Wells</span>"),
    name(2): page("A draft", page_id=2, body="", aliases=["/2", "/Plan+of+beds"]),
    name(3): page("Old water", page_id=3, body="{REDIRECT(page=>Clear water)}{REDIRECT}"),
    name(4): page("Clear water", page_id=1, tags=["bees"], body="Water. [Gone](/posts/nowhere)\n\n<span>Wells</span>"),
    name(5): b"{broken",
    "below/a folder/6.txt": page("100% clear – Καφεΐνη", page_id=6),
}
"""A document, a draft, a redirect page, a duplicate, a reject, and a page whose name is unusual."""
SETTINGS = """
gone = ["/articles/thrown-away"]
routes = {forums = "gone", search = "/search/"}
home = "Clear water"
"""
WATER = "  tiki-1, page, published: 'Clear water'\n    path     /pages/page-1-slug/"
DUPLICATE = f"member.duplicate: the same bytes as wiki/{name(1)}; counted as a duplicate"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explain") / "out"


@pytest.fixture
def explain(out: Path, run: Run) -> Callable[..., Outcome]:
    """``explain(*arguments)``: the command over one generation of the members."""
    if not out.exists():
        source = folder(out.with_name("wiki"), MEMBERS)
        (source / "wiki-etl.toml").write_text(SETTINGS)
        made = run("migrate", source, "--out", out, "--changes", "--max-rejects", "50%")
        assert made.status == 1, made.err
    settings = out.with_name("wiki") / "wiki-etl.toml"
    return lambda *more: run("explain", *more, "--generation", out / "current", "--config", settings)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("/Clear+water", "  answered: a page name, 301 to /pages/page-1-slug/ (name 'Clear water', title)\n" + WATER),
        ("/clear+WATER", "  answered where the server can: a page name in another case, 301 to /pages/page-1-slug/ ("),
        ("https://old.example/tiki-index.php?page_id=3", "  answered: a page id, 301 to /pages/page-1-slug/ (id '3', "),
        ("tiki-index.php?page_id=3&no_bl=y", "  answered: a page id, 301 to /pages/page-1-slug/ (id '3', "),
        ("3", "  answered: a page id, 301 to /pages/page-1-slug/ (id '3', redirect-page)\n" + WATER),
        ("/articles/thrown-away/", "  answered: gone, 410 (path '/articles/thrown-away', gone)\n"),
        ("/tiki-view_forum.php?forumId=1", "  answered: gone, 410 (path '/tiki-view_forum.php', routes)\n"),
        (
            "/Search+Results?q=bees",
            "  answered: the setting routes, 301 to /search/ (path '/Search Results', routes)\n",
        ),
        ("/", "  the home page, 301 to /pages/page-1-slug/ (name 'Clear water', title)\n" + WATER),
        ("/tiki-index.php", "  the home page, 301 to /pages/page-1-slug/ (name 'Clear water', title)\n" + WATER),
        ("/tags/bees/", "  a page of the new site\n"),
        ("/pages/page-1-slug/", WATER),
        ("https://new.example/pages/page-1-slug", WATER),
        ("tiki-1", WATER),
        ("page-1-slug", WATER),
        ("Clear water", "  answered: a page name, 301 to /pages/page-1-slug/ (name 'Clear water', title)\n" + WATER),
        (
            "100% clear – Καφεΐνη",
            "  answered: a page name, 301 to /pages/page-6-slug/ (name '100% clear – Καφεΐνη', title)\n",
        ),
        (
            "/100%25+clear+–+ΚΑΦΕΪ\u0301ΝΗ",
            "  answered where the server can: a page name in another case, 301 to /pages/pa",
        ),
        (name(1), WATER),
        (f"wiki/{name(1)}", WATER),
        ("tiki-2", "  tiki-2, page, stub: 'A draft'\n"),
        (name(2), "  tiki-2, page, stub: 'A draft'\n"),
        (
            name(3),
            f"  info, wiki/{name(3)}: member.redirect: redirect to page 'Clear water'; no document; its addresses",
        ),
        (
            "tiki-3",
            f"  info, wiki/{name(3)}: member.redirect: redirect to page 'Clear water'; no document; its addresses",
        ),
        (name(4), f"  info, wiki/{name(4)}: {DUPLICATE}\n"),
        (name(5), f"  error, wiki/{name(5)}, line 1, column 1: kind.unknown: "),
        ("below/a folder/6.txt", "  tiki-6, page, published: '100% clear – Καφεΐνη'\n"),
        ("wiki/below/a folder/6.txt", "  tiki-6, page, published: '100% clear – Καφεΐνη'\n"),
    ],
)
def test_what_is_known_of_an_address_or_a_page_is_said(asked: str, said: str, explain: Callable[..., Outcome]) -> None:
    outcome = explain(asked)
    assert outcome.out.startswith(f"{asked}\n{said}")
    assert outcome.status == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            "/posts/now%68ere",
            f"  not answered\n  warning, wiki/{name(1)}, line 13, column 8: link.dangling: link '/posts/no",
        ),
        ("/Clear+waters", "  not answered\n    close: 'Clear water' (96%), at /pages/page-1-slug/\n"),
        (
            "http://old.example/Clear%20waters",
            "  not answered\n    close: 'Clear water' (96%), at /pages/page-1-slug/\n",
        ),
        ("/xyz", "  not answered\n"),
        ("/a%zz", "  no address at all\n"),
        ("/\udce9", "  not answered\n"),
        ("/wp-login.php", "  files, scripts and the like: no page of the old wiki\n"),
        ("tiki-77", "  not answered\n"),
        (
            "/posts/nowhere",
            f"  not answered\n  warning, wiki/{name(1)}, line 13, column 8: link.dangling: link '/posts/no",
        ),
    ],
)
def test_what_is_not_known_is_said_to_be_so_with_status_1(
    asked: str, said: str, explain: Callable[..., Outcome]
) -> None:
    outcome = explain(asked)
    assert outcome.out.startswith(f"{asked}\n{said}".replace("\udce9", "\ufffd"))
    assert outcome.status == 1


@pytest.mark.parametrize(
    "asked", ["/Plan%20of+beds", "/2", "/posts/page-2-slug/", "/A+draft", "https://old.example/2.html"]
)
def test_every_address_of_a_withheld_page_is_known_as_its_own(asked: str, explain: Callable[..., Outcome]) -> None:
    outcome = explain(asked)
    assert outcome.out.startswith(f"{asked}\n  not answered\n")
    assert f"wiki/{name(2)}, line 4, column 16: address.withheld: tiki-2 is a stub; its addresses" in outcome.out


def test_all_that_is_known_of_a_page_is_said(explain: Callable[..., Outcome]) -> None:
    assert explain("tiki-1").out == (
        "tiki-1\n"
        f"{WATER}\n"
        f"    member   wiki/{name(1)}, body from line 13\n"
        "    address  id '1' (page-id)\n"
        "    address  id '3' (redirect-page)\n"
        "    address  name 'Clear water' (title)\n"
        "    address  name 'Old water' (redirect-page)\n"
        "    address  path '/1.html' (page-id)\n"
        "    address  path '/3.html' (redirect-page)\n"
        "    address  path '/posts/page-1-slug' (slug)\n"
        "    address  path '/posts/page-1-slug.html' (slug)\n"
        "    address  path '/posts/page-3-slug' (redirect-page)\n"
        "    address  path '/posts/page-3-slug.html' (redirect-page)\n"
        "    changes  span 2, page-link 1\n"
        f"  warning, wiki/{name(1)}, line 13, column 8: link.dangling: "
        "link '/posts/nowhere' goes to a page that is not in the export; goes to /pages/nowhere/\n"
    )


def test_each_of_several_is_a_line_of_json(explain: Callable[..., Outcome], out: Path) -> None:
    outcome = explain("/1", "/nowhere", name(5), "--format", "json")
    known, unknown, reject = map(json.loads, outcome.out.splitlines())
    assert outcome.status == 1
    assert [one["known"] for one in (known, unknown, reject)] == [True, False, True]
    current = out / "current"
    assert known["redirects"] == [line for line in lines(current / "redirects.jsonl") if line["document"] == "tiki-1"]
    assert known["answer"] in known["redirects"]
    assert known["changes"] == [line for line in lines(current / "changes.jsonl") if line["document"] == "tiki-1"]
    assert known["findings"] == [line for line in lines(current / "findings.jsonl") if line["document"] == "tiki-1"]
    assert {*known["documents"][0]}.isdisjoint({"body", "text", "html"})
    assert [line["member"] for line in reject["rejects"]] == [name(5)]
    assert "raw" not in reject["rejects"][0]


def test_a_name_in_another_case_tells_of_its_document(explain: Callable[..., Outcome]) -> None:
    assert WATER in explain("/clear+WATER").out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("7", "answered: a page id, 301 to /pages/page-7-slug/ (id '7', page-id)\n"),
        ("Old wells", "answered: a page name, 301 to /pages/page-7-slug/ (name 'Old wells', alias)\n"),
        ("old WELLS", "answered where the server can: a page name in another case, 301 to /pages/page-7-slug/ ("),
        ("tiki-index.php?page=Old+wells", "answered: a page name, 301 to /pages/page-7-slug/ (name 'Old wells', "),
        ("posts/older", "answered: a path, 301 to /pages/page-7-slug/ (path '/posts/older', alias)\n"),
        ("pages/page-7-slug", "tiki-7, page, published: 'Wells'\n"),
        ("Old well", "not answered\n    close: 'Old wells' ("),
    ],
)
def test_a_name_or_an_id_is_looked_for_in_the_folder_of_the_wiki(
    asked: str, said: str, tmp_path: Path, run: Run
) -> None:
    members = {name(1): page("Wells", page_id=7, aliases=["/wiki/Old+wells", "/posts/older"])}
    source = folder(tmp_path / "export", members)
    (source / "wiki-etl.toml").write_text('legacy_base = "/wiki/"\n')
    run("migrate", source, "--out", tmp_path / "out")
    settings = source / "wiki-etl.toml"
    told = run("explain", asked, "--generation", tmp_path / "out" / "current", "--config", settings).out
    assert told.startswith(f"{asked}\n  {said}")


@pytest.mark.parametrize("asked", ["page", "name", "title", "published", "warning", "wiki", "link.dangling", "span"])
def test_a_word_that_lines_hold_for_another_reason_is_not_known(asked: str, explain: Callable[..., Outcome]) -> None:
    told = json.loads(explain(asked, "--format", "json").out)
    assert not told["known"]
    assert {told[key] == [] for key in ("documents", "redirects", "rejects", "findings", "changes")} == {True}


def test_each_of_two_documents_of_one_name_has_its_own_addresses_and_changes(tmp_path: Path, run: Run) -> None:
    members = {name(1): page("Wells", page_id=1, body="<span>x</span>"), name(2): page("page-1-slug", page_id=2)}
    run("migrate", folder(tmp_path / "wiki", members), "--out", tmp_path / "out", "--changes")
    told = run("explain", "page-1-slug", "--generation", tmp_path / "out" / "current").out
    wells, other = told.split("tiki-2, page")
    assert ("name 'Wells'" in wells, "  changes " in wells) == (True, True)
    assert ("name 'Wells'" in other, "  changes " in other, "name 'page-1-slug'" in other) == (False, False, True)


def test_every_member_is_known(explain: Callable[..., Outcome]) -> None:
    assert explain(*MEMBERS).status == 0


def test_of_many_findings_the_first_are_shown(tmp_path: Path, run: Run) -> None:
    body = "\n\n".join(f"[x](/posts/nowhere-{number})" for number in range(25))
    run("migrate", folder(tmp_path / "wiki", {name(1): page(page_id=1, body=body)}), "--out", tmp_path / "out")
    outcome = run("explain", "tiki-1", "--generation", tmp_path / "out" / "current")
    assert outcome.out.count("link.dangling") == 20
    assert outcome.out.endswith("  25 findings, 20 are shown; --verbose and --format json list all\n")
    whole = run("explain", "tiki-1", "--generation", tmp_path / "out" / "current", "--verbose")
    assert (whole.out.count("link.dangling"), "are shown" in whole.out) == (25, False)


def test_no_control_character_reaches_the_terminal(explain: Callable[..., Outcome]) -> None:
    assert explain("/a\x1b[2Jb").out.startswith("/a\\x1b[2Jb\n")


def test_a_folder_without_a_map_is_trouble(tmp_path: Path, run: Run) -> None:
    outcome = run("explain", "/1", "--generation", tmp_path)
    assert outcome.status == 3
    assert f"{tmp_path}: there is no redirect map; name the folder of a generation, as" in outcome.err


@pytest.fixture(params=[20, 1 << 20])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read in many pieces, or in one."""
    monkeypatch.setattr("etl.explain.BLOCK", request.param)


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("redirects", '{"value": "7", "ta', "not JSON: "),
        ("redirects", '["7"]', "not a redirect: ['7'] is not of type 'object'"),
        ("redirects", '{"value": "7", "target": "/pages/a/"}', "not a redirect: 'kind' is a required property"),
        ("documents", '"7"', "not a document: '7' is not of type 'object'"),
        ("withheld", '{"id": "7"}', "not a document: "),
        ("rejects", '["7"]', "not a reject: "),
        ("findings", '["7"]', "not a finding: "),
        ("changes", '["7"]', "not a change: "),
    ],
)
def test_a_damaged_line_is_trouble_that_names_it(file: str, line: str, said: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "redirects.jsonl").touch()
    (tmp_path / f"{file}.jsonl").write_text('{"kind": "id"}\n' * 3 + f"{line}\n")
    outcome = run("explain", "7", "--generation", tmp_path)
    assert outcome.status == 3
    assert f"{tmp_path}/{file}.jsonl:4: {said}" in outcome.err
