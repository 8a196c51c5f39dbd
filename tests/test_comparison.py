"""`redirects diff`: no address is lost without being named, with the cause."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import comparison
from etl.comparison import CAUSES, LOST, Difference, Record, compare, differences
from etl.load.redirects import MapError
from etl.load.redirects.neutral import Entry, entries
from tests.make import Outcome, Run

Row = tuple[str, str, str | None, str | None]
"""Kind, value, target, document."""


def write_map(file: Path, rows: Iterable[Row], *, in_order: bool = False) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {"kind": kind, "value": value, "target": target, "status": 301 if target else 410, "document": document}
        for kind, value, target, document in (rows if in_order else sorted(rows, key=lambda row: row[:2]))
    ]
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    return file


def generation(folder: Path, rows: Iterable[Row], documents: Mapping[str, str], withheld: Iterable[str] = ()) -> Path:
    """A map with its documents (id to path), and those that are withheld."""
    write_map(folder / "redirects.jsonl", rows)
    for name, records in (("documents", documents.items()), ("withheld", ((one, "/x/") for one in withheld))):
        lines = [json.dumps({"id": one, "path": path}) + "\n" for one, path in records]
        (folder / f"{name}.jsonl").write_text("".join(lines))
    return folder


OLD: list[Row] = [
    ("id", "1", "/pages/one/", "tiki-1"),
    ("id", "2", "/pages/two/", "tiki-2"),
    ("id", "9", None, None),
    ("name", "Draft", "/pages/draft/", "tiki-4"),
    ("name", "One", "/pages/one/", "tiki-1"),
    ("name", "Second", "/pages/two/", "tiki-2"),
    ("name", "Was gone", None, None),
    ("path", "/posts/one", "/pages/one/", "tiki-1"),
    ("path", "/posts/three", "/pages/three/", "tiki-3"),
]
NEW: list[Row] = [
    ("id", "1", "/pages/uno/", "tiki-1"),
    ("id", "5", "/pages/five/", "tiki-5"),
    ("name", "One", None, None),
    ("name", "Second", "/pages/uno/", "tiki-1"),
    ("name", "Was gone", "/pages/five/", "tiki-5"),
    ("path", "/pages/three", "/pages/tres/", "tiki-3"),
    ("path", "/posts/three", "/pages/tres/", "tiki-3"),
]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    pages = {"tiki-1": "/pages/one/", "tiki-2": "/pages/two/", "tiki-3": "/pages/three/", "tiki-4": "/pages/draft/"}
    return generation(tmp_path / "old", OLD, pages)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    pages = {"tiki-1": "/pages/uno/", "tiki-3": "/pages/tres/", "tiki-5": "/pages/five/"}
    return generation(tmp_path / "new", NEW, pages, ["tiki-4"])


def said(found: Iterable[Difference]) -> set[tuple[str, str, str]]:
    return {(one.cause, one.kind, one.value) for one in found}


def test_every_address_that_is_not_answered_as_before_is_named_with_its_cause(old: Path, new: Path) -> None:
    assert said(differences(old, new)) == {
        ("path changed", "id", "1"),
        ("document withdrawn", "id", "2"),
        ("no longer gone", "id", "9"),
        ("document withheld", "name", "Draft"),
        ("gone", "name", "One"),
        ("owner changed", "name", "Second"),
        ("restored", "name", "Was gone"),
        ("address dropped", "path", "/posts/one"),
        ("path changed", "path", "/posts/three"),
        ("page lost", "page", "/pages/one/"),
        ("page lost", "page", "/pages/two/"),
        ("page lost", "page", "/pages/draft/"),
    }
    found = compare(old, new)
    assert (found.before, found.same, found.added, found.lost) == (9 + 4, 1, 2, 7), "page three leads on"


def test_maps_alone_can_be_compared(old: Path, new: Path) -> None:
    found = compare(old / "redirects.jsonl", new / "redirects.jsonl")
    assert found.counts["document withheld"] == 1, "its documents lie beside it"
    alone = [write_map(old.parent / f"{number}" / "map.jsonl", rows) for number, rows in enumerate((OLD, NEW))]
    found = compare(*alone)
    assert found.counts["document withheld"] == 0
    assert found.counts["document withdrawn"] == 2
    assert found.counts["page lost"] == 3, "the targets of the old map were its pages"


def test_a_path_that_is_a_page_now_is_answered(tmp_path: Path, run: Run) -> None:
    """As when a template goes back to what it was; another document's page is another owner."""
    rows: list[Row] = [("path", f"/pages/{name}", f"/wiki/{name}", f"tiki-{name}") for name in ("1", "2", "3")]
    rows += [("path", "/pages/gone", None, None), ("name", "One", "/wiki/1", "tiki-1")]
    old = generation(tmp_path / "old", rows, {f"tiki-{name}": f"/wiki/{name}" for name in ("1", "2", "3")})
    pages = {"tiki-1": "/pages/1/", "tiki-2": "/pages/3/", "tiki-3": "/pages/2/", "tiki-4": "/pages/gone/"}
    moved: list[Row] = [("path", f"/wiki/{name}", pages[f"tiki-{name}"], f"tiki-{name}") for name in ("1", "2", "3")]
    new = generation(tmp_path / "new", [*moved, ("name", "One", "/pages/1/", "tiki-1")], pages)
    assert [(one.cause, one.value, one.now) for one in differences(old, new)] == [
        ("path changed", "One", "/pages/1/"),
        ("owner changed", "/pages/2", "/pages/2"),
        ("owner changed", "/pages/3", "/pages/3"),
        ("restored", "/pages/gone", "/pages/gone"),
    ]
    assert compare(old, new).before == 5 + 3
    assert run("redirects", "diff", str(old), str(new), "--fail-on-lost").status == 0


def test_a_document_without_any_address_is_not_withdrawn(tmp_path: Path) -> None:
    rows: list[Row] = [("name", "A", "/a/", "tiki-1"), ("name", "Of nobody", "/a/", None)]
    old = generation(tmp_path / "old", rows, {"tiki-1": "/a/"})
    new = generation(tmp_path / "new", [], {"tiki-1": "/a/"})
    assert said(differences(old, new)) == {("address dropped", "name", "A"), ("address dropped", "name", "Of nobody")}


def test_a_path_of_nobody_that_is_a_page_now_has_no_other_owner(tmp_path: Path) -> None:
    old = write_map(tmp_path / "old.jsonl", [("path", "/a", "/b/", None)])
    new = generation(tmp_path / "new", [], {"tiki-1": "/a/", "tiki-2": "/b/"})
    assert list(differences(old, new)) == []


def test_a_page_that_leads_on_to_its_document_is_as_before(tmp_path: Path) -> None:
    pages = {f"tiki-{number}": f"/pages/w%C3%A9ll%20{number}/" for number in range(2)}
    old = generation(tmp_path / "old", [], pages)
    rows: list[Row] = [("path", "/pages/wéll 0", "/pages/x/", "tiki-0")]
    new = generation(tmp_path / "new", rows, {"tiki-1": pages["tiki-1"], "tiki-0": "/pages/x/"})
    assert list(differences(old, new)) == []
    assert (compare(old, new).before, compare(old, new).same) == (2, 2)


def test_a_page_of_another_document_has_another_owner_wherever_its_own_one_is_now(tmp_path: Path) -> None:
    pages = {"tiki-1": "/a/", "page-9": "/x/"}
    old = generation(tmp_path / "old", [("path", "/b", "/x/", "page-9"), ("name", "B", "/x/", "page-9")], pages)
    new = generation(tmp_path / "new", [], {"tiki-1": "/b/", "tiki-2": "/a/"})
    assert said(differences(old, new)) == {
        ("owner changed", "path", "/b"),
        ("document withdrawn", "name", "B"),
        ("owner changed", "page", "/a/"),
        ("page lost", "page", "/x/"),
    }


def test_a_page_whose_id_changed_with_its_bytes_is_as_before_at_the_same_path(tmp_path: Path) -> None:
    """A member without an id of its own is another document after each edit."""
    old = generation(tmp_path / "old", [("name", "A", "/a/", "page-1")], {"page-1": "/a/", "page-2": "/b/"})
    new = generation(tmp_path / "new", [("name", "A", "/a/", "page-3")], {"page-3": "/a/", "page-4": "/b/"})
    assert list(differences(old, new)) == []


def test_a_page_whose_path_leads_elsewhere_or_is_gone_is_named(tmp_path: Path, run: Run) -> None:
    old = generation(tmp_path / "old", [], {f"tiki-{number}": f"/pages/w%C3%A9ll-{number}/" for number in range(4)})
    rows: list[Row] = [
        ("path", "/pages/wéll-0", "/pages/x/", "tiki-9"),
        ("path", "/pages/wéll-1", None, None),
        ("path", "/pages/wéll-2", "/pages/x/", None),
    ]
    new = generation(tmp_path / "new", rows, {"tiki-9": "/pages/x/", "tiki-8": "/pages/w%C3%A9ll-3/"}, ["tiki-3"])
    assert [(one.cause, one.kind, one.value, one.now, one.document) for one in differences(old, new)] == [
        ("owner changed", "page", "/pages/w%C3%A9ll-3/", "/pages/w%C3%A9ll-3/", "tiki-3"),
        ("owner changed", "page", "/pages/w%C3%A9ll-0/", "/pages/x/", "tiki-0"),
        ("gone", "page", "/pages/w%C3%A9ll-1/", None, "tiki-1"),
        ("target changed", "page", "/pages/w%C3%A9ll-2/", "/pages/x/", "tiki-2"),
    ]
    found = compare(old, new)
    assert (found.before, found.same, found.added, found.lost) == (4, 0, 3, 0)
    outcome = run("redirects", "diff", old, new, "--fail-on-lost")
    assert (outcome.status, "\n    /pages/w%C3%A9ll-0/ (tiki-0), is /pages/x/\n" in outcome.out) == (0, True)


def test_a_map_without_owners_can_be_compared(tmp_path: Path) -> None:
    old = write_map(tmp_path / "old.jsonl", [("name", "A", "/a/", None), ("name", "B", "/b/", None)])
    new = write_map(tmp_path / "new.jsonl", [("name", "A", "/b/", None)])
    assert said(differences(old, new)) == {
        ("target changed", "name", "A"),
        ("address dropped", "name", "B"),
        ("page lost", "page", "/a/"),
    }


def test_an_owner_that_is_no_text_is_none(tmp_path: Path) -> None:
    maps = [tmp_path / "old.jsonl", tmp_path / "new.jsonl"]
    for file, target in zip(maps, "ab", strict=True):
        line = {"kind": "name", "value": "A", "target": f"/{target}/", "status": 301, "document": ["tiki-1"]}
        file.write_text(json.dumps(line) + "\n")
    assert said(differences(*maps)) == {("target changed", "name", "A"), ("page lost", "page", "/a/")}


def test_a_map_without_owners_does_not_say_whose_a_target_is(tmp_path: Path) -> None:
    maps = [
        write_map(tmp_path / str(number), [("name", "A", target, owner)])
        for number, (target, owner) in enumerate([("/a/", None), ("/b/", "tiki-1")])
    ]
    for old, new in (maps, maps[::-1]):
        assert [found.cause for found in differences(old, new)][:1] == ["target changed"]


addresses = st.one_of(
    st.tuples(st.just("id"), st.integers(1, 20).map(str)),
    st.tuples(st.just("name"), st.sampled_from("ABCÄÖ日😀")),
    st.tuples(st.just("path"), st.sampled_from(["/posts/a", "/posts/b", "/p/0", "/p/1"])),
)
answers = st.one_of(st.none(), st.integers(0, 3))
maps = st.dictionaries(addresses, answers, max_size=12).map(
    lambda entries: [
        (kind, value, None if to is None else f"/p/{to}/", None if to is None else f"tiki-{to}")
        for (kind, value), to in entries.items()
    ]
)


@given(before=maps, now=maps)
def test_what_is_said_is_what_two_dictionaries_say(
    tmp_path_factory: pytest.TempPathFactory, before: list[Row], now: list[Row]
) -> None:
    folder = tmp_path_factory.mktemp("maps")
    old, new = write_map(folder / "old.jsonl", before), write_map(folder / "new.jsonl", now)
    then, after = ({row[:2]: row[2] for row in rows} for rows in (before, now))
    found = [one for one in differences(old, new) if one.kind != "page"]
    pages = {("path", target.rstrip("/")) for target in after.values() if target} - after.keys()
    assert {(one.kind, one.value) for one in found} - pages == {
        key for key, target in then.items() if key not in after or after[key] != target
    } - pages
    assert {(one.kind, one.value) for one in found if one.cause in LOST} == then.keys() - after.keys() - pages
    counts = compare(old, new)
    assert counts.before == len(then) + len({target for target in then.values() if target})
    assert counts.added == len(after.keys() - then.keys())
    assert counts.same + counts.counts.total() == counts.before
    assert counts.counts.total() == len(list(differences(old, new)))
    lost = {one.value for one in differences(old, new) if one.cause == "page lost"}
    live = {target for target in after.values() if target} | {f"{value}/" for kind, value in after if kind == "path"}
    assert lost == {target for target in then.values() if target} - live


@pytest.mark.parametrize(
    "rows", [[("name", "B", "/b/", None), ("name", "A", "/a/", None)], [("name", "A", "/a/", None)] * 2]
)
def test_a_map_that_is_not_sorted_is_refused(rows: list[Row], tmp_path: Path) -> None:
    sound = write_map(tmp_path / "sound.jsonl", [])
    broken = write_map(tmp_path / "broken.jsonl", rows, in_order=True)
    for pair in ((sound, broken), (broken, sound)):
        with pytest.raises(MapError, match=r"broken\.jsonl:2: not sorted .*; correct it, or take the map as it was"):
            compare(*pair)


def test_each_map_is_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = list[Path]()

    def noted(file: Path) -> Iterator[Entry]:
        checked.append(file)
        return entries(file)

    monkeypatch.setattr(comparison, "entries", noted)
    old = generation(tmp_path / "old", [("name", "A", "/a/", "tiki-1")], {"tiki-1": "/a/"})
    new = generation(tmp_path / "new", [("path", "/a", "/b/", "tiki-2")], {"tiki-2": "/b/"})
    compare(old, new)
    assert sorted(checked) == [new / "redirects.jsonl", old / "redirects.jsonl"]


def test_the_order_is_that_of_the_bytes() -> None:
    keys = [Record("name", value, None, None).key for value in ("Z", "a", "ä", "\uffee", "😀")]
    assert keys == sorted(keys, key=lambda key: key[1].encode())


# --- the command ---------------------------------------------------------------------------


def test_lists_are_capped_and_counts_are_not(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "MOST_SHOWN", 2)
    rows: list[Row] = [("name", f"Well {number}", "/a/", "tiki-1") for number in range(7)]
    old = write_map(tmp_path / "old.jsonl", [*rows, ("name", "Zinc", "/a/", "tiki-1")])
    new = write_map(tmp_path / "new.jsonl", [("name", "Other", "/a/", "tiki-1"), ("name", "Zinc", None, None)])
    capped, whole = run("redirects", "diff", old, new), run("redirects", "diff", old, new, "--all")
    assert run("redirects", "diff", old, new, "--verbose").out == whole.out
    assert capped.status == whole.status == 0
    assert capped.out.startswith(f"{old} -> {new}: 9 addresses and pages before, 1 as before\nlost: 7\n")
    assert "address dropped: 7" in capped.out
    assert capped.out.count("name 'Well") == 2
    assert "… and 5 more (--all lists them)" in capped.out
    assert whole.out.count("name 'Well") == 7
    assert "… and" not in whole.out
    few, all_ = (
        json.loads(run("redirects", "diff", old, new, "--format", "json", *flags).out) for flags in ([], ["--all"])
    )
    assert (few["lost"], len(few["differences"]), few["complete"]) == (7, 3, False)
    assert (all_["lost"], len(all_["differences"]), all_["complete"]) == (7, 8, True)


def test_the_report_says_what_each_address_was_and_is(
    old: Path, new: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MOST_SHOWN", 2)
    assert run("redirects", "diff", old, new, "--all").out.splitlines() == [
        f"{old} -> {new}: 13 addresses and pages before, 1 as before",
        "lost: 7",
        "  document withdrawn: 1  (the document that it led to is not in the new generation)",
        "    id '2': was /pages/two/ (tiki-2)",
        "  document withheld: 1  (the document that it led to is a draft or a stub now)",
        "    name 'Draft': was /pages/draft/ (tiki-4)",
        "  address dropped: 1  (its document is still there, but has this address no more)",
        "    path '/posts/one': was /pages/one/ (tiki-1)",
        "  page lost: 3  (a page of the old generation that is neither there now nor redirected)",
        "    /pages/one/ (tiki-1)",
        "    /pages/two/ (tiki-2)",
        "    /pages/draft/ (tiki-4)",
        "  no longer gone: 1  (it was answered 410, and is not known any more)",
        "    id '9': was gone",
        "changed: 5",
        "  gone: 1  (it led to a page, and is answered 410 now)",
        "    name 'One': was /pages/one/ (tiki-1), is gone",
        "  restored: 1  (it was answered 410, and leads to a page now)",
        "    name 'Was gone': was gone, is /pages/five/",
        "  path changed: 2  (the same document, at another path)",
        "    id '1': was /pages/one/ (tiki-1), is /pages/uno/",
        "    path '/posts/three': was /pages/three/ (tiki-3), is /pages/tres/",
        "  owner changed: 1  (it leads to another document)",
        "    name 'Second': was /pages/two/ (tiki-2), is /pages/uno/",
        "added: 2",
    ]
    maps = [write_map(tmp_path / f"{name}.jsonl", [("name", name, f"/{name}/", None)]) for name in "AB"]
    assert "\n    /A/\n" in run("redirects", "diff", *maps).out, "nobody says whose page it was"
    maps = [write_map(tmp_path / f"{name}.jsonl", [("name", "A", f"/{name}/", None)]) for name in "AB"]
    said = "  target changed: 1  (it leads to another path; the maps do not say whose)\n    name 'A': was /A/, is /B/\n"
    assert said in run("redirects", "diff", *maps).out


def test_json_names_everything(old: Path, new: Path, run: Run) -> None:
    facts = json.loads(run("redirects", "diff", old, new, "--format", "json").out)
    assert [facts[key] for key in ("old", "new", "before", "same", "added", "lost", "complete")] == [
        *(str(old), str(new), 13, 1, 2, 7, True)
    ]
    assert facts["causes"].keys() == CAUSES.keys() - {"target changed"}
    assert facts["causes"] == {
        cause: sum(one["cause"] == cause for one in facts["differences"]) for cause in facts["causes"]
    }


def test_fail_on_lost_is_about_what_is_not_answered(tmp_path: Path, run: Run) -> None:
    def diff(now: list[Row], *flags: str) -> int:
        new = write_map(tmp_path / "new.jsonl", now)
        return run("redirects", "diff", old, new, *flags).status

    old = write_map(tmp_path / "old.jsonl", [("name", "A", "/a/", "tiki-1"), ("path", "/b", "/a/", "tiki-1")])
    here: Row = ("path", "/b", "/a/", "tiki-1")
    assert diff([("name", "A", "/a/", "tiki-1"), here], "--fail-on-lost") == 0
    assert diff([("name", "A", None, None), here], "--fail-on-lost") == 0
    assert diff([here], "--fail-on-lost") == 1
    assert diff([here]) == 0


def test_a_map_that_is_missing_is_status_3(old: Path, tmp_path: Path, run: Run) -> None:
    for pair in ((tmp_path / "no", old), (old, tmp_path / "no"), (tmp_path, old)):
        outcome = run("redirects", "diff", *pair)
        assert outcome.status == 3
        assert "there is no redirect map" in outcome.err


def test_a_map_that_is_none_is_status_3(old: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "junk.jsonl").write_text("junk\n")
    assert run("redirects", "diff", tmp_path / "junk.jsonl", old).status == 3
    for line in ("[]", "bees", '{"id": "tiki-1"}'):
        (old / "documents.jsonl").write_text(f"{line}\n")
        outcome = run("redirects", "diff", old, old)
        assert outcome.status == 3
        assert "documents.jsonl:1: not a document with id and path: the file is damaged; take one" in outcome.err


def test_no_control_character_reaches_the_terminal(tmp_path: Path, run: Run) -> None:
    rows: list[Row] = [("name", "a\u202eb", "/a/", "tiki-1\x1b[31m\nlost: 0")]
    old, new = write_map(tmp_path / "old.jsonl", rows), write_map(tmp_path / "new.jsonl", [])
    for form in ("text", "json"):
        outcome = run("redirects", "diff", old, new, "--format", form)
        assert not {"\x1b", "\u202e"} & set(outcome.out)
        assert "\nlost: 0" not in outcome.out


def test_quiet_says_nothing_where_nothing_changed(old: Path, run: Run) -> None:
    assert run("redirects", "diff", old, old, "--quiet") == Outcome(0, "", "")


def test_nothing_else_is_in_a_difference(old: Path, new: Path) -> None:
    fields: dict[str, Any] = next(iter(differences(old, new)))._asdict()
    assert fields == {
        "cause": "path changed",
        "kind": "id",
        "value": "1",
        "before": "/pages/one/",
        "now": "/pages/uno/",
        "document": "tiki-1",
    }
