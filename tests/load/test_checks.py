"""A map is checked as a whole before anything is written from it; what only one server cannot take is that one's."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.load import redirects
from etl.load.redirects import CompileOptions, MapError, compile_all, compile_options
from etl.load.redirects.checks import Checked, check
from etl.load.redirects.exact import groups
from etl.load.redirects.files import ServerRefused
from etl.load.redirects.neutral import LONGEST_LINE
from etl.load.redirects.survey import Survey, surveyed
from etl.model import Finding
from etl.room import temporary_folder
from etl.routes import routes
from etl.settings import Settings, SettingsError, load_settings
from etl.validate.files import Files

OPTIONS = CompileOptions()
Line = tuple[str, str, str | None]
GOOD: list[Line] = [("id", "7", "/pages/a/"), ("name", "Wells", "/pages/a/"), ("path", "/posts/b", None)]


def written(folder: Path, lines: Iterable[Line], documents: Iterable[str] | None = None) -> Path:
    """A map with these lines as they are, and the documents beside it."""
    objects = [{"kind": k, "value": v, "target": t, "status": 301 if t else 410} for k, v, t in lines]
    folder.mkdir(exist_ok=True)
    file = folder / "redirects.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in objects), "utf-8")
    if documents is not None:
        head = '"id":"tiki-1","kind":"page","status":"published","slug":"a"'
        text = "".join(f'{{{head},"path":"{path}","title":"x"}}\n' for path in documents)
        (folder / "documents.jsonl").write_text(text, "utf-8")
    return file


@contextmanager
def refused(file: Path, line: int, *words: str, name: str = "redirects.jsonl") -> Iterator[None]:
    """The file is refused at this line with these words, and nothing is written."""
    with pytest.raises(MapError) as caught:
        yield
    said = str(caught.value)
    assert said.startswith(f"{file.parent / name}:{line}: ")
    assert [word for word in words if word not in said] == []
    assert said.isprintable()


def checked(file: Path, options: CompileOptions, *, trusted: bool = False) -> Checked:
    """What the check of a map says."""
    with surveyed(file, options, {}) as survey:
        return check(survey, options, trusted=trusted)


def built(file: Path, options: CompileOptions = OPTIONS, **more: Any) -> list[Finding]:
    """Compiles for nginx; what was there before is left alone when the map is refused."""
    out = file.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    (out / "nginx").mkdir(parents=True)
    (out / "nginx" / "old").touch()
    try:
        return compile_all(file, out, options, ["nginx"], **more)
    except MapError:
        assert [path.relative_to(out).as_posix() for path in sorted(out.rglob("*"))] == ["nginx", "nginx/old"]
        raise


def test_a_map_in_order_passes(tmp_path: Path) -> None:
    assert built(written(tmp_path, GOOD)) == []
    assert built(written(tmp_path, GOOD, ["/pages/a/", "/pages/b/"])) == []
    assert built(written(tmp_path, [])) == []


# --- what one line can tell ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("name", "a\nb", "control character"),
        ("name", "a\r\nb", "control character"),
        ("name", "\x00", "control character"),
        ("name", "a\x1b[31mb", "control character"),
        ("name", "a\x85b", "control character"),
        ("path", "/a\tb", "control character"),
        ("name", "", "it is empty"),
        ("path", "/", "home page"),
        ("name", " a", "canonical form"),
        ("name", "a ", "canonical form"),
        ("path", "/ a", "canonical form"),
        ("name", "cafe\u0301", "canonical form"),
        ("name", "..", "segment '..'"),
        ("path", "/a/./b", "segment '.'"),
        ("path", "/a/../b", "segment '..'"),
        ("path", "//a", "two slashes"),
        ("path", "/a/", "ends in a slash"),
        ("path", "a", "starts with a slash"),
        ("id", "007", "leading zero"),
        ("id", "٧", "digits only"),
        ("page", "a", "not an address"),
    ],
)
def test_an_address_that_no_server_can_answer_is_refused(tmp_path: Path, kind: str, value: str, words: str) -> None:
    file = written(tmp_path, [*GOOD, (kind, value, "/pages/a/")])
    with refused(file, 4, words, "correct or remove the line"):
        built(file)


@pytest.mark.parametrize(
    "target",
    [
        "pages/a/",
        "",
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "/a b",
        "/a\r\nSet-Cookie: x",
        "/a\x00",
        "/é",
        '/a"b',
        "/{b}",
        "/a|b",
        "/a%zz",
        "/100%",
        "/a#b",
        "/<a>",
    ],
)
def test_a_target_that_could_leave_the_site_or_the_line_is_refused(tmp_path: Path, target: str) -> None:
    objects = [{"kind": "name", "value": "Wells", "target": target, "status": 301}]
    file = tmp_path / "redirects.jsonl"
    file.write_text(json.dumps(objects[0]) + "\n")
    with refused(file, 1, "Wells", "no path of the new site"):
        built(file)


def test_two_statuses_that_were_taken_for_each_other_are_refused(tmp_path: Path) -> None:
    wrong = {"Ponds": (None, 301), "Wells": ("/pages/a/", 410)}
    lines = [{"kind": "name", "value": name, "target": to, "status": status} for name, (to, status) in wrong.items()]
    file = tmp_path / "redirects.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with refused(file, 1, "Ponds", "status 301 does not go with target None"):
        built(file)


@pytest.mark.parametrize("target", ["/", "/pages/a/", "/a.b_c~d-e", "/%C3%A9/", "/a?b=c&d=%20", "/a:b@c!$&'()*+,;="])
def test_a_target_as_it_is_sent_passes(tmp_path: Path, target: str) -> None:
    assert built(written(tmp_path, [("name", "Wells", target)])) == []


def test_a_line_without_an_end_is_not_held_in_memory(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    with file.open("ab") as lines:
        lines.write(b'{"kind": "name", "value": "' + b"a" * LONGEST_LINE)
    with refused(file, 4, f"longer than {LONGEST_LINE} bytes"):
        built(file)


# --- what all lines together tell ------------------------------------------------------------


@pytest.mark.parametrize("target", ["/pages/a/", "/pages/b/", None])
@pytest.mark.parametrize("at", [1, 2])
def test_an_address_that_is_there_twice_is_refused_in_any_order(tmp_path: Path, at: int, target: str | None) -> None:
    lines = [("name", "Bees", "/pages/a/"), ("name", "Wells", "/pages/a/")]
    lines.insert(at, ("name", "Bees", target))  # type: ignore[arg-type]  # also what is no target
    file = written(tmp_path, lines)
    with refused(file, at + 1, "name 'Bees' is there before, in line 1"):
        built(file)


def test_one_value_of_two_kinds_and_lines_out_of_order_are_no_repetition(tmp_path: Path) -> None:
    assert built(written(tmp_path, [("path", "/b", None), ("name", "7", "/x/"), ("id", "7", "/x/")])) == []


@pytest.mark.parametrize(
    ("kind", "value", "target"),
    [
        ("path", "/pages/a", "/pages/a"),
        ("path", "/pages/a", "/pages/a/"),
        ("name", "pages/a", "/pages/a/"),
        ("id", "7", "/7"),
        ("name", "Wells now", "/Wells+now"),
        ("name", "Wells now", "/Wells%20now/?utm=x"),
        ("name", "Wells now", "/tiki-index.php?page=Wells+now"),
        ("id", "7", "/tiki-index.php?page_id=7"),
    ],
)
def test_an_address_that_goes_to_itself_is_refused(tmp_path: Path, kind: str, value: str, target: str) -> None:
    file = written(tmp_path, [(kind, value, target)])
    with refused(file, 1, f"{kind} {value!r} goes to itself"):
        built(file)


@pytest.mark.parametrize(
    ("kind", "value"), [("name", "pages/a"), ("path", "/pages/a"), ("name", "old well"), ("id", "9")]
)
def test_an_address_that_another_one_goes_to_is_a_chain_or_a_loop(tmp_path: Path, kind: str, value: str) -> None:
    goal = {"old well": "/old%20well", "9": "/9/"}.get(value, "/pages/a/")
    file = written(tmp_path, [("name", "A", goal), (kind, value, "/pages/b/")])
    with refused(file, 2, f"{kind} {value!r} is {goal!r}, a target of the map"):
        built(file)


@st.composite
def maps(draw: st.DrawFn) -> dict[tuple[str, str], str | None]:
    """A few addresses and targets that get in each other's way."""
    kinds = {
        "id": st.sampled_from(["7", "12"]),
        "name": st.sampled_from(["Bee", "bee", "7", "beds/a", "w/Bee", "Zoë"]),
        "path": st.sampled_from(["/Bee", "/7", "/beds/a", "/w/Bee", "/w/7", "/Zoë"]),
    }
    addresses = st.sampled_from(sorted(kinds)).flatmap(lambda kind: st.tuples(st.just(kind), kinds[kind]))
    targets = st.sampled_from(["/beds/a/", "/beds/a", "/Bee?x=1", "/7/", "/w/Bee", "/w/7", "/Zo%C3%AB/", "/", None])
    return draw(st.dictionaries(addresses, targets, min_size=1, max_size=4))


@given(maps(), st.booleans(), st.sampled_from(["/", "/w"]), st.sampled_from([(), ("/Bee",), ("/w/7/",)]))
def test_what_is_refused_here_is_a_fault_for_validate_and_nothing_else(
    entries: dict[tuple[str, str], str | None], twice: bool, legacy_base: str, reserved: tuple[str, ...]
) -> None:
    """One stops at the first of them, the other one tells them all: each asks in its own way."""
    settings = Settings(legacy_base=legacy_base, reserved=reserved)
    found = sorted(entries.items())
    with temporary_folder() as folder, closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        file = written(folder, [(*address, target) for address, target in found + found[:1] * twice])
        files = Files(db, settings)
        files.check_file(file, file.name, "redirect")
        told = {fault["code"] for fault in map(json.loads, files.faults())}
        try:
            checked(file, compile_options(settings))
        except MapError:
            assert told & {"value.repeated", "target.chained"}
        else:
            assert not told & {"value.repeated", "target.chained"}


def test_what_is_gone_hides_a_target_too(tmp_path: Path) -> None:
    file = written(tmp_path, [("name", "A", "/pages/a/"), ("path", "/pages/a", None)])
    with refused(file, 2, "a target of the map"):
        built(file)


def test_under_a_folder_names_are_other_addresses_than_the_targets(tmp_path: Path) -> None:
    file = written(tmp_path, [("name", "A", "/pages/a/"), ("name", "pages/a", "/pages/b/")])
    assert built(file, CompileOptions(legacy_base="/wiki/")) == []
    file = written(tmp_path, [("name", "A", "/wiki/b/"), ("name", "b", "/pages/b/")])
    with refused(file, 2, "a target of the map"):
        built(file, CompileOptions(legacy_base="/wiki/"))


@pytest.mark.parametrize(("kind", "value"), [("name", "search"), ("path", "/search"), ("path", "/robots.txt")])
def test_a_reserved_path_is_not_hidden(tmp_path: Path, kind: str, value: str) -> None:
    file = written(tmp_path, [*GOOD[:2], (kind, value, "/pages/a/")])
    assert built(file) == []
    with refused(file, 3, f"{kind} {value!r}", "a reserved path"):
        built(file, replace(OPTIONS, reserved=("/robots.txt", "/search/")))


@pytest.mark.parametrize(("kind", "value"), [("name", "pages/b"), ("path", "/pages/b")])
def test_a_living_page_is_not_hidden(tmp_path: Path, kind: str, value: str) -> None:
    file = written(tmp_path, [*GOOD[:2], (kind, value, "/pages/a/")])
    assert built(file) == []
    file = written(tmp_path, [*GOOD[:2], (kind, value, "/pages/a/")], ["/pages/a/", "/pages/b/"])
    with refused(file, 3, f"{kind} {value!r} is '/pages/b/', the path of a document"):
        built(file)


@pytest.mark.parametrize("target", ["/pages/c/", "/pages/a", "/pages/A/", "/pages/a/?x=y"])
def test_a_target_that_is_no_document_is_refused_where_the_documents_are_known(tmp_path: Path, target: str) -> None:
    lines: list[Line] = [*GOOD, ("path", "/posts/c", target)]
    assert built(written(tmp_path / "alone", lines)) == []
    file = written(tmp_path / "both", lines, ["/pages/a/", "/pages/b/"])
    with refused(file, 4, f"path '/posts/c' goes to {target!r}, which is no path of a document in"):
        built(file)


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "tiki-1"}', '{"path": 5}', '{"path": null}', ""])
def test_documents_that_cannot_be_read_are_said(tmp_path: Path, line: str) -> None:
    file = written(tmp_path, GOOD, ["/pages/a/"])
    with (tmp_path / "documents.jsonl").open("a") as documents:
        documents.write(line + "\n")
    with refused(file, 2, "no line with a path", name="documents.jsonl"):
        built(file)


def test_documents_in_any_form_of_json_are_read(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD, [])
    (tmp_path / "documents.jsonl").write_text('{"body": "\\"path\\":\\"/x/\\"", "path": "\\u002fpages/a/", "id": 1}\n')
    assert built(file) == []


def test_a_map_of_this_very_run_is_not_held_against_documents_again(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD, ["/pages/other/"])
    assert built(file, trusted=True) == []
    file = written(tmp_path, [*GOOD, ("name", "..", "/pages/a/")])
    with refused(file, 4, "segment '..'"):
        built(file, trusted=True)


@pytest.mark.parametrize(
    ("lines", "loser", "winner"),
    [
        ([("id", "2019", "/pages/a/"), ("name", "2019", "/pages/year/")], "id", "name"),
        ([("id", "2019", "/pages/a/"), ("path", "/2019", "/pages/year/")], "id", "path"),
        ([("name", "posts/b", None), ("path", "/posts/b", "/pages/year/")], "name", "path"),
    ],
)
def test_one_spelling_with_two_answers_is_a_finding_that_says_which_one_wins(
    tmp_path: Path, lines: list[Line], loser: str, winner: str
) -> None:
    (finding,) = built(written(tmp_path, lines))
    assert finding.code == "address.conflict"
    assert finding.message.startswith(f"{loser} ")
    assert f"the {winner} of the same spelling to '/pages/year/'" in finding.message
    same = [(kind, value, "/pages/a/") for kind, value, _ in lines]
    assert built(written(tmp_path, same)) == []


@pytest.mark.parametrize(
    ("name", "target", "path"),
    [("Pages/A", "/pages/b/", "/pages/a/"), ("ÉTÉ", "/pages/b/", "/%C3%A9t%C3%A9/"), ("SEARCH", None, "/search/")],
)
def test_a_name_that_is_a_living_path_in_another_case_is_a_finding(
    tmp_path: Path, name: str, target: str | None, path: str
) -> None:
    file = written(tmp_path, [("name", "A", "/pages/a/"), ("name", name, target)], ["/pages/a/", "/pages/b/"])
    (finding,) = built(file, replace(OPTIONS, reserved=("/search/", "/%C3%A9t%C3%A9/")))
    assert (finding.code, finding.message.startswith(f"name {name!r} is {path!r} in")) == ("address.conflict", True)


@pytest.mark.parametrize("trusted", [False, True])
def test_a_name_that_is_its_own_page_in_another_case_is_found_in_its_own_and_nothing_is_said(
    tmp_path: Path, *, trusted: bool
) -> None:
    file = written(tmp_path, [("name", "A", "/a/"), ("name", "B", "/b/"), ("name", "Bees", "/b/")], ["/a/", "/b/"])
    assert built(file, trusted=trusted) == []
    folder = file.parent / "out" / "nginx" / "wiki-etl"
    assert (folder / "names-mixed.map").read_text() == '"/A" "/a/>/A";\n"/B" "/b/>/B";\n'
    assert (folder / "names.map").read_text() == '"/Bees" "/b/";\n'


def test_names_that_differ_by_case_and_from_a_living_path_by_case_too_are_found_in_their_own(tmp_path: Path) -> None:
    file = written(tmp_path, [("name", value, "/c/") for value in ("AB", "Ab", "BC", "Bc")])
    with surveyed(file, CompileOptions(reserved=("/ab",)), redirects.MARKS) as survey:
        found = {group.entries[0].address.value: (group.folds, group.cased) for group in groups(survey, "caddy", [])}
    assert found == {"AB": (False, True), "BC": (True, False)}


def test_a_migration_says_as_much_of_names_in_another_case_as_a_build(tmp_path: Path) -> None:
    file = written(tmp_path, [("name", "A", "/b/"), ("name", "Search", "/b/"), ("path", "/x/C", "/b/")], ["/a/", "/b/"])
    options = replace(OPTIONS, reserved=("/search/", "/X/c"))
    said = [finding.message for finding in built(file, options)]
    assert said == [
        "name 'A' is '/a/' in another case, the path of a document",
        "name 'Search' is '/search/' in another case, a reserved path",
    ]
    assert [finding.message for finding in built(file, options, trusted=True)] == said


def test_memory_does_not_grow_with_the_map(tmp_path: Path) -> None:
    def peak(size: int) -> int:
        numbers = range(10**6, 10**6 + size)
        file = written(tmp_path / str(size), (("id", str(n), f"/pages/{n}-{'x' * 80}/") for n in numbers))
        tracemalloc.start()
        try:
            checked(file, OPTIONS)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)
    assert peak(20_000) < peak(2_000) + 500_000


# --- the settings ----------------------------------------------------------------------------


def test_home_is_what_the_map_says_of_it(tmp_path: Path) -> None:
    file = written(tmp_path, [("id", "7", "/x/"), ("name", "Home", "/pages/home/"), ("name", "Old", None)])
    site = replace(OPTIONS, site="https://new.example/")
    assert checked(file, OPTIONS).home_to is None
    assert checked(file, replace(site, home="Home")).home_to == "https://new.example/pages/home/"
    assert checked(file, replace(site, home=" Home "), trusted=True).home_to == "https://new.example/pages/home/"
    assert checked(file, replace(site, home="Old")).home_to == "410"
    assert checked(file, replace(site, home="Home")).findings == []


@pytest.mark.parametrize("home", ["home", "7", "Nobody", ""])
def test_a_home_page_that_is_no_name_of_the_map_is_said(tmp_path: Path, home: str) -> None:
    file, options = written(tmp_path, GOOD), replace(OPTIONS, home=home)
    (finding,) = built(file, options)
    assert (finding.code, repr(home) in finding.message) == ("redirect.unresolved", True)
    assert built(file, options, trusted=True) == [], "resolve has said it"


@pytest.mark.parametrize("trusted", [True, False])
def test_a_route_that_ends_in_another_entry_is_said(trusted: bool, tmp_path: Path) -> None:
    file = written(tmp_path, [("name", "Wells", "/pages/a/"), ("path", "/found", None)])
    for target, message in (("/Wells/", "name 'Wells'"), ("/found?q=", "path '/found'")):
        (finding,) = built(file, replace(OPTIONS, routes=routes({"search": target})), trusted=trusted)
        assert finding.code == "redirect.unresolved"
        assert message in finding.message
    assert built(file, replace(OPTIONS, routes=routes({"search": "/elsewhere/", "tags": "gone"}))) == []


# --- what only one server cannot take --------------------------------------------------------


def test_a_server_that_cannot_take_the_map_gets_a_reason_and_the_others_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(_survey: Survey, folder: Path, _options: CompileOptions) -> list[Finding]:
        (folder / "half").mkdir()
        (folder / "half" / "written.map").write_text("a b\n")
        raise ServerRefused("4 entries where it takes 3 at most; split the map")

    monkeypatch.setitem(redirects.COMPILERS, "small", small)
    file, out = written(tmp_path, GOOD), tmp_path / "out"
    (out / "small").mkdir(parents=True)
    (out / "small" / "old.map").touch()
    (finding,) = compile_all(file, out, OPTIONS, ["small", "nginx"])
    assert finding.code == "redirect.unsupported"
    assert finding.message == "small: the whole map: 4 entries where it takes 3 at most; split the map"
    assert [path.name for path in (out / "small").rglob("*")] == ["README.md"]
    assert "takes 3 at most; split the map" in (out / "small" / "README.md").read_text()
    assert (out / "nginx" / "wiki-etl" / "http.conf").is_file()
    assert sorted(path.name for path in out.iterdir()) == ["nginx", "small"]


def test_a_compiler_that_breaks_off_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_survey: Survey, folder: Path, _options: CompileOptions) -> list[Finding]:
        (folder / "half.map").touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(redirects.COMPILERS, "nginx", full)
    file, out = written(tmp_path, GOOD), tmp_path / "out"
    (out / "nginx").mkdir(parents=True)
    (out / "nginx" / "old.map").touch()
    with pytest.raises(OSError, match="No space left"):
        compile_all(file, out, OPTIONS, ["nginx"])
    assert [path.relative_to(out).as_posix() for path in sorted(out.rglob("*"))] == ["nginx", "nginx/old.map"]


def test_a_server_without_a_compiler_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="gopher"):
        compile_all(written(tmp_path, GOOD), tmp_path / "out", OPTIONS, ["nginx", "gopher"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("status", 303, "301, 302 or 308"),
        ("max_age", -1, "greater than or equal to 0"),
        ("max_age", 2**31, "less than or equal to"),
        ("site", "https://new.example/folder", "folders belong in `path_template`"),
        ("site", "https://new.example\"'/", "the host of the new site"),
        ("legacy_base", "/wi ki", "such as `/wiki/`"),
        ("legacy_base", "/../wiki", "such as `/wiki/`"),
        ("routes", {"fils": "/x/"}, "unknown route 'fils'; did you mean 'files'?"),
        ("routes", {"files": "https://evil.example/"}, "is neither a path of the new site nor 'gone'"),
        ("routes", {"files": "//evil.example/"}, "is neither a path of the new site nor 'gone'"),
        ("routes", {"files": "/x y"}, "is neither a path of the new site nor 'gone'"),
        ("routes", {"files": "/a{b}<c>"}, "is neither a path of the new site nor 'gone'"),
        ("routes", {"files": "/100%"}, "is neither a path of the new site nor 'gone'"),
        ("routes", {"files": "/dl7/"}, "'/dl7/' is a legacy address of routes itself"),
        ("routes", {"print": "/tiki-print.php?x=y"}, "is a legacy address of routes itself"),
    ],
)
def test_a_setting_that_would_break_a_map_is_said_with_its_value(key: str, value: object, words: str) -> None:
    with pytest.raises(SettingsError, match=f"^--{key.replace('_', '-')}: ") as caught:
        load_settings(None, [], {key: value})
    assert words in str(caught.value)
    assert repr(value)[1:-1] in str(caught.value)


@pytest.mark.parametrize(
    ("site", "hosts", "other"),
    [
        ("https://new.example", ("old.example",), True),
        ("https://new.example:8443/", ("old.example:80", "www.old.example"), True),
        ("https://NEW.example", ("old.example", "www.new.example."), False),
        ("https://new.example", (), False),
        (None, ("old.example",), False),
    ],
)
def test_the_options_are_those_of_the_settings(site: str | None, hosts: tuple[str, ...], other: bool) -> None:
    table = {"categories": "/tags/", "print": "gone"}
    flags = {"site": site, "hosts": hosts, "status": 308, "max_age": 5, "home": "Home", "legacy_base": "/wiki"}
    settings, _ = load_settings(None, [], {**flags, "routes": table, "reserved": ("/search/",)})
    options = compile_options(settings)
    assert (options.site, options.other_host, options.home_to) == (site, other, None)
    assert (options.status, options.cache_control, options.home) == (308, "max-age=5", "Home")
    assert (options.script, options.home_path) == ("/wiki/tiki-index.php", "/wiki")
    assert options.reserved == ("/search/",)
    assert options.routes == routes(table, "/wiki/")
    assert [route.path for route in options.routes if route.target][:2] == [
        "/wiki/tiki-browse_categories.php",
        "/wiki/cat",
    ]
