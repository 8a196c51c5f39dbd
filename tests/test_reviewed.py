"""Reviewed decisions: what the file may say, where they lead, and what is said of those that lead nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl.addresses import Address
from etl.extract.reviewed import Entry, read_reviewed
from etl.settings import Settings, SettingsError
from tests.make import Outcome, folder, lines, name, page

Command = Callable[..., Outcome]


def decided(path: Path, text: str, suffix: str = "toml") -> list[Entry]:
    file = path / f"decisions.{suffix}"
    file.write_text(text, "utf-8")
    return list(read_reviewed(Settings(redirects=str(file), hosts=("old.example",))).entries)


# --- the file ------------------------------------------------------------------------------


def test_a_table_is_a_decision_with_the_line_of_its_head(tmp_path: Path) -> None:
    text = """# merged in spring
[[redirects]]
value = "Old wells"
target = "Clear water"
reason = "the same text"

  [[ redirects ]]
value = 10983
target = 77

[[redirects]]
value = "/posts/old/"
gone = true

[[redirects]]
value = "SandBox"
target = "gone"
"""
    assert decided(tmp_path, text) == [
        Entry("decisions.toml:2", Address("name", "Old wells"), "Clear water"),
        Entry("decisions.toml:7", Address("id", "10983"), "77"),
        Entry("decisions.toml:11", Address("path", "/posts/old"), None),
        Entry("decisions.toml:15", Address("name", "SandBox"), None),
    ]


def test_a_row_is_a_decision_with_its_line(tmp_path: Path) -> None:
    text = '\ufeffreason,Value,target\r\n"two\r\nlines",Old wells,Clear water\r\n\r\n'
    text += ',"Wells, deep",gone\r\n,10983,/pages/x/\r\n'
    assert decided(tmp_path, text, "csv") == [
        Entry("decisions.csv:2", Address("name", "Old wells"), "Clear water"),
        Entry("decisions.csv:5", Address("name", "Wells, deep"), None),
        Entry("decisions.csv:6", Address("id", "10983"), "/pages/x/"),
    ]
    text = "value,gone\nOld wells,yes\n"
    assert decided(tmp_path, text, "CSV") == [Entry("decisions.CSV:2", Address("name", "Old wells"), None)]


def test_a_row_may_have_blanks_around_its_words_and_end_early(tmp_path: Path) -> None:
    text = "value, target ,gone,reason\na, Clear water ,0\n , \nb,, TRUE \nc,d\n"
    assert [entry.target for entry in decided(tmp_path, text, "csv")] == ["Clear water", None, "d"]


@pytest.mark.parametrize(("text", "suffix"), [("", "toml"), ("", "csv"), ("value,target\n", "csv")])
def test_a_file_may_hold_no_decision_yet(text: str, suffix: str, tmp_path: Path) -> None:
    assert decided(tmp_path, text, suffix) == []


def test_an_inline_list_has_numbers_for_lines(tmp_path: Path) -> None:
    text = 'redirects = [{value = "A", target = "B"}, {value = "C", gone = true}]'
    assert [entry.place for entry in decided(tmp_path, text)] == ["decisions.toml: entry 1", "decisions.toml: entry 2"]


HEAD = "[[redirects]]\n"
MISTAKES = {
    "not TOML": ("toml", "[[redirects]\n", "decisions.toml: not TOML: .* line 1"),
    "too deep": ("toml", f"x = {'[' * 3000}{']' * 3000}\n", "decisions.toml: not TOML: a value is nested too deep"),
    "a number too long": ("toml", f"{HEAD}value = {'9' * 5000}\n", "decisions.toml: not TOML: Exceeds the limit"),
    "another table": ("toml", "[[redirect]]\nvalue = 'a'\n", r"something else than tables \[\[redirects\]\]"),
    "no table": ("toml", "redirects = 'a'\n", "something else than tables"),
    "a number for a table": ("toml", "redirects = 7\n", "something else than tables"),
    "a list of numbers": ("toml", "redirects = [7]\n", "something else than tables"),
    "an unknown key": ("toml", HEAD + "value = 'a'\nto = 'b'\n", "decisions.toml:1: unknown key 'to'; one of value"),
    "no value": ("toml", HEAD + "target = 'b'\n", "decisions.toml:1: value None"),
    "an empty value": ("toml", HEAD + "value = ' '\ntarget = 'b'\n", "decisions.toml:1: value ' '"),
    "a value of no kind": ("toml", HEAD + "value = true\ntarget = 'b'\n", "decisions.toml:1: value True"),
    "no address": ("toml", HEAD + "value = '//x'\ntarget = 'b'\n", "'//x' is no legacy address that a map may hold"),
    "the home page": ("toml", HEAD + "value = '/'\ntarget = 'b'\n", "'/' is no legacy address"),
    "a whole address": (
        "csv",
        "value,target\nhttps://WWW.old.example/Old+wells,b\n",
        "decisions.csv:2: 'https://WWW.old.example/Old\\+wells' is a whole address: write its id, its /path or",
    ),
    "a control character": ("toml", HEAD + "value = \"a\\u0001\"\ntarget = 'b'\n", "is no legacy address"),
    "no target": ("toml", HEAD + "value = 'a'\n", "decisions.toml:1: no target"),
    "an empty target": ("csv", "value,target\na,\n", "decisions.csv:2: no target"),
    "target and gone": ("toml", HEAD + "value = 'a'\ntarget = 'b'\ngone = true\n", "target 'b' and gone"),
    "a target of no kind": ("toml", HEAD + "value = 'a'\ntarget = ['b']\n", r"target \['b'\] is no text"),
    "a target that is a truth value": ("toml", HEAD + "value = 'a'\ntarget = true\n", "target True is no text"),
    "gone of no kind": ("csv", "value,gone\na,perhaps\n", "decisions.csv:2: gone 'perhaps' is neither"),
    "another host": (
        "csv",
        "value,target\na,https://new.example/b\n",
        "decisions.csv:2: target .* not on the new site",
    ),
    "any host": ("csv", "value,target\na,//new.example/b\n", "is not on the new site"),
    "twice": ("csv", "value,target\na,b\n c ,d\nc,d\n", "decisions.csv:4: name 'c' is decided before, in 3"),
    "twice in other words": ("toml", HEAD + "value=7\ntarget='b'\n" + HEAD + "value='7'\ngone=true\n", ":4: id '7'"),
    "an unknown column": ("csv", "value,target,why\na,b,c\n", "decisions.csv:1: unknown key 'why'"),
    "a column twice": ("csv", "value,target,Target\nWells,a,b\n", "decisions.csv:1: a column is there twice"),
    "too many cells": ("csv", "value,target\nWells, deep,b\n", "decisions.csv:2: 3 cells for 2 columns"),
    "an open quote": ("csv", 'value,target\n"a,b\n', "decisions.csv:[23]: not CSV"),
    "another form": ("json", "{}", "'decisions.json' is neither a .toml nor a .csv file"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_and_line(mistake: str, tmp_path: Path) -> None:
    suffix, text, said = MISTAKES[mistake]
    with pytest.raises(SettingsError, match=said) as error:
        decided(tmp_path, text, suffix)
    assert str(tmp_path) not in str(error.value)


def test_a_file_of_decisions_has_a_longest_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "value,target\na,b\n"
    monkeypatch.setattr("etl.extract.reviewed.MOST_BYTES", len(text))
    assert len(decided(tmp_path, text, "csv")) == 1
    with pytest.raises(SettingsError, match=rf"decisions\.csv: more than {len(text)} bytes"):
        decided(tmp_path, text + "\n", "csv")


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing.toml: cannot be read: No such file"):
        read_reviewed(Settings(redirects=str(tmp_path / "missing.toml")))
    (tmp_path / "latin.csv").write_bytes(b"value,target\nz\xe9,b\n")
    with pytest.raises(SettingsError, match=r"latin.csv: cannot be read: not UTF-8"):
        read_reviewed(Settings(redirects=str(tmp_path / "latin.csv")))


# --- the run -------------------------------------------------------------------------------

EXPORT = {
    name(1): page("Clear water", page_id=1),
    name(2): page("Wells", page_id=2, slug="wells"),
    name(3): page("Wells", page_id=3),
    name(4): page("Deep  wells – why?", page_id=4, aliases=["/4", "/Old+pump"]),
    name(5): page("Secret plan", page_id=5, body=""),
    name(6): page("Old way", page_id=6, body='{redirect page="Clear water"}'),
    name(7): page("Ponds!", page_id=7),
    name(8): page("PONDS", page_id=8),
    name(9): page("2019", page_id=9),
}


class Wiki:
    """An export with a file of decisions beside its settings."""

    def __init__(self, run: Command, path: Path) -> None:
        self.run, self.path, self.out = run, path, path / "out"
        folder(path / "wiki", EXPORT)

    def settle(self, *decisions: tuple[str, str | None], settings: str = "") -> Outcome:
        (self.path / "wiki" / "wiki-etl.toml").write_text(f'redirects = "../decisions.toml"\n{settings}')
        tables = [
            f"{HEAD}value = {json.dumps(value)}\n"
            + ("gone = true\n" if target is None else f"target = {json.dumps(target)}\n")
            for value, target in decisions
        ]
        (self.path / "decisions.toml").write_text("".join(tables))
        return self.run("migrate", self.path / "wiki", "--out", self.out)

    def redirect(self, kind: str, value: str) -> dict[str, Any] | None:
        found = lines(self.out / "current" / "redirects.jsonl")
        return next((line for line in found if (line["kind"], line["value"]) == (kind, value)), None)

    def told(self, *codes: str) -> list[str]:
        found = lines(self.out / "current" / "findings.jsonl")
        return [line["message"] for line in found if line["code"] in (codes or ("decision.refused", "decision.unused"))]


@pytest.fixture
def wiki(run: Command, tmp_path: Path) -> Wiki:
    return Wiki(run, tmp_path)


TARGETS = {
    "tiki-1": "tiki-1",
    "1": "tiki-1",
    "Clear water": "tiki-1",
    "clear_WATER": "tiki-1",
    "page-1-slug": "tiki-1",
    "/pages/page-1-slug/": "tiki-1",
    "/pages/page-1-slug": "tiki-1",
    "tiki-6": "tiki-1",
    "Old way": "tiki-1",
    "Wells": "tiki-2",
    "deep wells why": "tiki-4",
    "2019": "tiki-9",
    "PONDS": "tiki-8",
}


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_a_document_by_id_path_name_or_slug(target: str, wiki: Wiki) -> None:
    assert wiki.settle(("Lost page", target)).status == 0
    line = wiki.redirect("name", "Lost page")
    assert line is not None
    assert (line["document"], line["why"], line["status"]) == (TARGETS[target], "reviewed", 301)
    document = next(d for d in lines(wiki.out / "current" / "documents.jsonl") if d["id"] == line["document"])
    assert line["target"] == document["path"]
    assert "/Lost page" in document["aliases"]
    assert wiki.told() == []


@pytest.mark.parametrize(("target", "document"), [("tiki-1", "tiki-1"), ("SECRET PLAN", "tiki-10")])
def test_a_target_is_the_page_that_is_published_of_several_with_its_id_or_name(
    target: str, document: str, wiki: Wiki
) -> None:
    again = {name(0): page("Older", page_id=1), name(10): page("Secret plan!", page_id=10)}
    folder(wiki.path / "wiki", again)
    assert wiki.settle(("Lost page", target), settings='duplicates = "last"\n').status == 1
    assert (wiki.redirect("name", "Lost page") or {})["document"] == document
    assert wiki.told() == []


NO_TARGETS = {
    "Nowhere": "no page of this export",
    "a\nb": "no document",
    "tiki-77": "no page of this export",
    "77": "no page of this export",
    "/pages/nowhere/": "no page of this export",
    "Secret plan": "tiki-5 is a stub and not published",
    "5": "tiki-5 is a stub and not published",
    "/pages/page-5-slug/": "tiki-5 is a stub and not published",
    "ponds": "several pages have this name, such as tiki-7 and tiki-8; give the id",
    "Old pump": "it is an old address itself; tiki-4 is the page",
    "/posts/wells": "it is an old address itself; tiki-2 is the page",
    "Another one": "it is an old address itself, decided in decisions.toml:4: name the page that it goes to",
}


@pytest.mark.parametrize("target", NO_TARGETS)
def test_a_target_that_is_none_is_refused_with_file_line_and_reason(target: str, wiki: Wiki) -> None:
    assert wiki.settle(("Lost page", target), ("Another one", "tiki-1")).status == 1
    assert wiki.redirect("name", "Lost page") is None
    assert wiki.told() == [f"decisions.toml:1: name 'Lost page': target {target!r}: {NO_TARGETS[target]}"]


def test_a_refused_decision_leaves_the_address_to_those_who_claim_it(wiki: Wiki) -> None:
    assert wiki.settle(("Old pump", "Nowhere")).status == 1
    assert (wiki.redirect("name", "Old pump") or {})["document"] == "tiki-4"


def test_what_the_new_site_answers_itself_cannot_be_decided(wiki: Wiki) -> None:
    decisions = [("/pages/wells", "tiki-1"), ("/search/", "tiki-1")]
    assert wiki.settle(*decisions, settings='reserved = ["/search"]\n').status == 1
    assert wiki.told() == [
        "decisions.toml:1: path '/pages/wells': the new site itself answers it (tiki-2)",
        "decisions.toml:4: path '/search': the new site itself answers it (reserved)",
    ]
    assert wiki.run("validate", wiki.out / "current").status == 0


def test_a_decision_that_changes_nothing_is_told(wiki: Wiki) -> None:
    decisions = [("Old pump", "tiki-4"), ("1", "Clear water"), ("SandBox", None), ("Old way", "1"), ("Lost", "1")]
    assert wiki.settle(*decisions, settings='gone = ["SandBox"]\n').status == 0
    places = ("1: name 'Old pump'", "4: id '1'", "7: name 'SandBox'", "10: name 'Old way'")
    assert set(wiki.told()) == {f"decisions.toml:{place}: the map says the same without it" for place in places}


def test_a_decision_about_a_name_of_several_pages_settles_their_links_in_any_spelling(wiki: Wiki) -> None:
    links = "((Bees)) ((bees|x)) [y](/BEES) [z](/Bees)"
    pages = {name(number): page("Bees", page_id=number) for number in (21, 22)}
    folder(wiki.path / "wiki", {**pages, name(23): page("Links", body=links, page_id=23)})
    for goal in ("21", "22"):  # 21 has the name in the map without a decision, too
        assert wiki.settle(("Bees", goal)).status == 0
        document = next(d for d in lines(wiki.out / "current" / "documents.jsonl") if d["id"] == "tiki-23")
        assert {link["target"] for link in document["links"]} == {f"tiki-{goal}"}
        assert wiki.told("link.ambiguous", "decision.unused") == []


def test_a_decision_about_a_name_settles_links_that_fit_the_title_of_another_page_too(wiki: Wiki) -> None:
    pages = {name(21): page("Bees", page_id=21), name(22): page("Bees", page_id=22, aliases=["/Bees+–+June+2019"])}
    folder(wiki.path / "wiki", {**pages, name(23): page("Links", body="((Bees)) ((bees|x))", page_id=23)})
    assert wiki.settle(("Old pump", "4")).status == 0
    assert len(wiki.told("link.ambiguous")) == 2
    assert wiki.settle(("Bees", "21")).status == 0
    assert wiki.told("link.ambiguous", "decision.unused") == []


def test_a_decision_about_a_spelling_that_no_page_has_settles_that_one(wiki: Wiki) -> None:
    pages = {name(number): page("C", page_id=number) for number in (21, 22)}
    folder(wiki.path / "wiki", {**pages, name(23): page("Links", body="((C)) ((c))", page_id=23)})
    for decided, goals in (("C++", ["tiki-21", "tiki-21"]), ("c", ["tiki-21", "tiki-9"])):
        assert wiki.settle((decided, "9")).status == 0
        document = next(d for d in lines(wiki.out / "current" / "documents.jsonl") if d["id"] == "tiki-23")
        assert [link["target"] for link in document["links"]] == goals
        assert len(wiki.told("link.ambiguous")) == goals.count("tiki-21")


def test_a_decision_goes_before_the_setting_gone_and_says_so(wiki: Wiki) -> None:
    assert wiki.settle(("SandBox", "tiki-1"), settings='gone = ["SandBox"]\n').status == 0
    assert (wiki.redirect("name", "SandBox") or {})["document"] == "tiki-1"
    assert [said for said in wiki.told("address.conflict") if "SandBox" in said] == [
        "decisions.toml:1: name 'SandBox' is claimed by the setting gone, but belongs to tiki-1 by a reviewed decision"
    ]


def test_what_the_new_site_answers_is_not_gone_and_that_is_told(wiki: Wiki) -> None:
    assert wiki.settle(settings='gone = ["/pages/wells/"]\n').status == 0
    assert wiki.redirect("path", "/pages/wells") is None
    assert [said for said in wiki.told("address.conflict") if "gone" in said] == [
        "path '/pages/wells' of the setting gone is a path of the new site (tiki-2)"
    ]


def test_what_is_decided_to_be_gone_is_gone_with_its_reason(wiki: Wiki) -> None:
    assert wiki.settle(("Old pump", None)).status == 0
    line = wiki.redirect("name", "Old pump")
    assert line is not None
    assert (line["status"], line["target"], line["document"], line["why"]) == (410, None, None, "reviewed")
    assert any("tiki-4" in said and "a reviewed decision" in said for said in wiki.told("address.conflict"))
    assert wiki.run("validate", wiki.out / "current").status == 0


def test_a_malformed_file_stops_the_run_before_it_begins(wiki: Wiki) -> None:
    outcome = wiki.settle(("Lost", "1"), ("Lost", "2"))
    assert outcome.status == 2
    assert "decisions.toml:4: name 'Lost' is decided before, in 1" in outcome.err
    assert not wiki.out.exists()
    assert wiki.run("validate", wiki.path / "wiki").status == 2


def test_validate_says_what_migrate_says(wiki: Wiki) -> None:
    wiki.settle(("Lost page", "Nowhere"))
    outcome = wiki.run("validate", wiki.path / "wiki")
    assert outcome.status == 1
    assert "decisions.toml:1: name 'Lost page': target 'Nowhere': no page of this export" in outcome.out


def test_the_digest_of_settings_is_that_of_what_was_decided_not_of_where(wiki: Wiki, tmp_path: Path) -> None:
    def digest() -> str:
        return str(json.loads((wiki.out / "current" / "manifest.json").read_bytes())["settings_sha256"])

    wiki.settle(("Lost", "1"))
    first = digest()
    wiki.settle(("Lost", "2"))
    assert digest() != first
    wiki.settle(("Lost", "1"))
    (tmp_path / "decisions.toml").rename(tmp_path / "moved.toml")
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text('redirects = "moved.toml"\n')
    wiki.run("migrate", tmp_path / "wiki", "--out", wiki.out, "--config", elsewhere)
    assert digest() == first


# --- the old home page ---------------------------------------------------------------------


@pytest.mark.parametrize("home", ["Clear water", "clear_water", "Old way"])
def test_the_name_of_the_old_home_page_is_in_the_map(home: str, wiki: Wiki) -> None:
    assert wiki.settle(settings=f'home = "{home}"\n').status == 0
    assert (wiki.redirect("name", home) or {})["document"] == "tiki-1"
    assert wiki.told("home.unknown") == []


def test_a_home_that_the_new_site_answers_is_a_warning(wiki: Wiki) -> None:
    wiki.settle(settings='home = "wells"\npath_template = "/{slug}/"\n')
    assert wiki.told("home.unknown") == ["home 'wells': the new site itself answers it (tiki-2)"]


@pytest.mark.parametrize(
    ("home", "document"), [("Old pump", "tiki-4"), ("Lost page", "tiki-2"), ("clear_water", "tiki-2")]
)
def test_an_address_that_the_map_has_anyway_may_be_home(home: str, document: str, wiki: Wiki) -> None:
    decisions = [(value, "Wells") for value in ("Lost page", "clear_water")]
    assert wiki.settle(*decisions, settings=f'home = "{home}"\n').status == 0
    assert (wiki.redirect("name", home) or {})["document"] == document
    assert wiki.told("home.unknown") == []


def test_a_home_that_is_gone_is_a_warning(wiki: Wiki) -> None:
    assert wiki.settle(("Old front", None), settings='home = "Old front"\n').status == 0
    assert len(wiki.told("home.unknown")) == 1


@pytest.mark.parametrize(
    ("home", "why"),
    [("HomePage", "no page of this export"), ("Secret plan", "tiki-5 is a stub and not published")],
)
def test_a_home_that_names_no_page_is_a_warning(home: str, why: str, wiki: Wiki) -> None:
    assert wiki.settle(settings=f'home = "{home}"\n').status == 0
    assert wiki.told("home.unknown") == [f"home {home!r}: {why}"]
    assert wiki.told("redirect.unresolved") == [], "said once"
    assert wiki.redirect("name", home) is None


def test_a_home_that_can_be_no_name_is_a_mistake(wiki: Wiki) -> None:
    outcome = wiki.settle(settings='home = "/"\n')
    assert outcome.status == 2
    assert "setting 'home': '/' can be no page name" in outcome.err
