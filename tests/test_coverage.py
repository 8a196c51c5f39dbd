"""`redirects coverage`: what logs asked for is told apart, counted and suggested, and nothing decides by itself."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import sys
import tomllib
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import coverage
from etl.addresses import Address, plain_address
from etl.coverage import cover, known, logs, report, suggestions
from etl.coverage.known import Known
from etl.coverage.logs import LogError
from etl.coverage.model import CLASSES, Coverage, Missing, Suggestion
from etl.coverage.report import review
from etl.extract.reviewed import read_reviewed
from etl.settings import Settings
from tests.make import ROOT, Phases, Run, lines, write_map

MAP = [
    ("id", "7", "/pages/seven-wells/"),
    ("id", "8", None),
    ("name", "Clear water in autumn", "/pages/clear-water/"),
    ("name", "Gone wells", None),
    ("name", "Seven wells", "/pages/seven-wells/"),
    ("name", "TWINS", "/pages/clear-water/"),
    ("name", "twins", "/pages/seven-wells/"),
    ("path", "/posts/clear-water-in-autumn", "/pages/clear-water/"),
]
GZIP = b"\x1f\x8b"


@pytest.fixture
def map_file(tmp_path: Path) -> Path:
    file = tmp_path / "generation" / "redirects.jsonl"
    file.parent.mkdir()
    write_map(file, (((kind, value), target) for kind, value, target in MAP))
    pages = "not-redirected", "seven-wells", "clear-water"
    (file.parent / "documents.jsonl").write_text("".join(f'{{"path": "/pages/{page}/"}}\n' for page in pages))
    (file.parent / "terms.jsonl").write_text('{"path": "/tags/wells/"}\n')
    return file


def line(target: str, status: int = 200, method: str = "GET") -> str:
    """A line of a log, as a server writes it: quotation marks and control characters escaped."""
    said = re.sub(r'["\\\x00-\x1f]', lambda match: f"\\x{ord(match[0]):02X}", target)
    return f'192.0.2.1 - - [21/Nov/2025:10:00:00 +0000] "{method} {said} HTTP/1.1" {status} 9 "-" "Mozilla/5.0"'


def log(folder: Path, targets: Iterable[str], name: str = "access.log") -> Path:
    file = folder / name
    file.write_text("".join(line(target) + "\n" for target in targets), "utf-8")
    return file


def covered(map_file: Path, targets: Iterable[str], limit: int = 500, **settings: Any) -> Coverage:
    return cover([str(log(map_file.parent, targets))], map_file, Settings(**settings), limit=limit)


def asked(found: Coverage) -> list[tuple[str, str, int]]:
    return [(missing.address.kind, missing.value, missing.hits) for missing in found.missing]


def test_a_reserved_path_is_answered_and_nobody_is_asked_to_decide_on_it(map_file: Path) -> None:
    found = covered(
        map_file, ["/search/?q=x", "/Our+garden", "/search", "/searching"], reserved=("/search/", "/Our%20garden")
    )
    assert (found.hits["live"], asked(found)) == (3, [("name", "searching", 1)])


@pytest.mark.parametrize("end", ["", "/", "/index.html"])
def test_a_page_of_the_new_site_and_its_folder_are_one(end: str, tmp_path: Path) -> None:
    file = write_map(tmp_path / "redirects.jsonl", [(("name", "Ponds"), f"/garden/ponds{end}")])
    found = covered(file, ["/garden/ponds", "/garden/ponds/", "/garden/ponds/index.html"])
    assert (found.hits["live"], asked(found)) == (3, [])


def test_a_name_in_the_case_of_no_server_is_not_answered(map_file: Path) -> None:
    """It is a path of the new site in another case: no server looks further than its own."""
    targets = ["/SEVEN+wells", "/Seven+wells", "/seven+wells/"]
    assert asked(covered(map_file, targets)) == []
    found = covered(map_file, targets, reserved=("/seven%20wells/",))
    assert (found.hits["live"], found.hits["name"], asked(found)) == (1, 1, [("name", "SEVEN wells", 1)])


def test_names_in_several_cases_that_go_to_one_page_are_one_name(tmp_path: Path) -> None:
    rows = [("Bed Rock", "/pages/bed/"), ("Bed rock", "/pages/bed/"), ("Mud", None), ("MUD", "/pages/mud/")]
    file = write_map(tmp_path / "redirects.jsonl", ((("name", name), target) for name, target in rows))
    found = covered(file, ["/BED+ROCK", "/Bed+rock", "/mud"])
    assert (found.hits["case"], found.hits["name"], asked(found)) == (1, 1, [("name", "mud", 1)])


def test_names_in_several_cases_take_no_more_memory_than_others(tmp_path: Path) -> None:
    names = [(spelled % number, f"/pages/{number}/") for number in range(3000) for spelled in ("Well %d", "WELL %d")]
    file = write_map(tmp_path / "redirects.jsonl", ((("name", name), target) for name, target in sorted(names)))
    tracemalloc.start()
    try:
        loaded = Known(file, Settings())
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert loaded.meaning("/wELL+7") == ("case", None)
    assert held < 50 * len(names)


def test_a_capital_that_is_no_single_letter_is_the_case_of_one(tmp_path: Path) -> None:
    file = write_map(tmp_path / "redirects.jsonl", [(("name", "Καφεΐνη"), "/pages/kapheine/")])
    found = covered(file, ["/ΚΑΦΕΪ\u0301ΝΗ"])
    assert (found.hits["case"], asked(found)) == (1, [])


# --- what is told apart --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "kind"),
    [
        (["/posts/clear-water-in-autumn", "/posts/clear-water-in-autumn/?utm_source=x"], "path"),
        (["/Seven+wells", "//Seven%20wells/", "/tiki-index.php?page=Seven%20wells&bl=y", "/TWINS", "/twins"], "name"),
        (["/seven+WELLS", "/tiki-index.php?page=seven%20wells"], "case"),
        (["/7", "/7/", "/tiki-index.php?bl=y&page_id=7", "http://old.example/7"], "id"),
        (["/Gone+wells", "/8"], "gone"),
        (["/pages/not-redirected/", "/pages/seven-wells", "/tags/wells/?page=2"], "live"),
        (["/pages/seven-wells/index.html", "/tags/wells/index.html?page=2"], "live"),
        (
            ["/", "/?utm_source=x", "/index.html", "/tiki-index.php", "/tiki-index.php?bl=y", "//tiki-index.php/"],
            "home",
        ),
        (
            ["/Eight+wells", "/Twins", "/9", "//9", "/posts/other", "/tags/other", "/tiki-index.php?page=x&page_id=0"],
            "unanswered",
        ),
        (["/Seven+wells/index.html", "/posts/clear-water-in-autumn/index.html", "/7/index.html"], "unanswered"),
        (
            [
                "/styles/a.css",
                "/img/x.png",
                "/Search+Results",
                "/tiki-pagehistory.php/",
                "/tiki-download_file.php?fileId=3",
                "/dl12",
                "/wp-login.php",
                "/.env",
            ],
            "no page",
        ),
        (["/posts/seven-wells/lid.jpg", "/posts/feed.xml", "/%2Fwells", "/tiki-index.php-old"], "no page"),
        ([f"/{name}" for name in ("a.PHP", "a.php5", "a.phtml", "a.cgi", "a.sql", "a.asp", "a.aspx")], "no page"),
        ([f"/a.{end}" for end in ("jsp", "ini", "yml", "yaml", "xml", "bak", "zip", "gz")], "no page"),
        (["/Notes.xml+of+1999", "/Of.", "/On+phtml"], "unanswered"),
        (["/a%0d%0ab", "/%ff", "/%zz", "*", "/a%00"], "malformed"),
    ],
)
def test_a_request_is_of_the_kind_that_the_map_says(targets: list[str], kind: str, map_file: Path) -> None:
    assert covered(map_file, targets).hits == {kind: len(targets)}


def test_other_methods_and_broken_requests_are_counted_apart(map_file: Path) -> None:
    file = map_file.with_name("access.log")
    parts = [line("/Seven+wells", method="POST"), line("/Seven+wells", method="HEAD"), line("/Seven wells")]
    parts.append('192.0.2.1 - - [21/Nov/2025:10:00:00 +0000] "\\x16\\x03\\x01" 400 0 "-" "-"')
    parts.append('192.0.2.1 - - [21/Nov/2025:10:00:00 +0000] "-" 408 0 "-" "-"')
    file.write_text("\n".join(parts))
    assert cover([str(file)], map_file, Settings()).hits == {"other": 4, "name": 1}


def test_the_settings_say_what_is_answered_besides(map_file: Path, run: Run, tmp_path: Path) -> None:
    config = tmp_path / "wiki-etl.toml"
    config.write_text('legacy_base = "/wiki/"\nroutes = {files = "gone"}\n')
    file = log(tmp_path, ["/wiki/Seven+wells", "/wiki/dl12", "/wiki/dl12/", "/Seven+wells", "/wiki/", "/wiki"])
    words = ["--map", map_file, "--config", config, "--review", tmp_path / "review.toml", "--format", "json"]
    facts = json.loads(run("redirects", "coverage", file, *words).out)
    assert {key: hits for key, hits in facts["classes"].items() if hits} == {
        "name": 1,
        "route": 2,
        "no page": 1,
        "home": 2,
    }


def test_the_unanswered_come_by_hits(map_file: Path) -> None:
    found = covered(map_file, ["/One", "/Two", "/Two", "/Three", "/Three", "/Three", "/posts/x/", "/posts/x"])
    assert asked(found) == [("name", "Three", 3), ("name", "Two", 2), ("path", "/posts/x", 2), ("name", "One", 1)]
    assert found.distinct == 4


def test_hits_that_the_old_site_answered_are_counted(map_file: Path) -> None:
    file = map_file.with_name("access.log")
    file.write_text("\n".join([line("/One", 200), line("/One", 400), line("/One", 404), line("/One", 302)]))
    (missing,) = cover([str(file)], map_file, Settings()).missing
    assert (missing.hits, missing.found) == (4, 2)


# --- suggestions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/Seven+wels", "Seven wells"),
        ("/wells_seven", "Seven wells"),
        ("/Clear+water+in+autum", "Clear water in autumn"),
        ("/posts/clear-water-in-autum", "Clear water in autumn"),
        ("/Entirely+different+subject", None),
        ("/9", None),
    ],
)
def test_close_names_are_suggested(target: str, name: str | None, map_file: Path) -> None:
    (missing,) = covered(map_file, [target]).missing
    assert (missing.suggestions[0].name if missing.suggestions else None) == name
    assert len({one.target for one in missing.suggestions}) == len(missing.suggestions)


def test_a_number_is_close_to_no_name(tmp_path: Path) -> None:
    write_map(tmp_path / "redirects.jsonl", [(("id", "10984"), "/pages/b/"), (("name", "10983a"), "/pages/a/")])
    found = covered(tmp_path / "redirects.jsonl", ["/10983", "/10983b"])
    assert {missing.value: len(missing.suggestions) for missing in found.missing} == {"10983": 0, "10983b": 1}


def test_three_pages_are_suggested_and_the_names_of_one_leave_room_for_the_others(tmp_path: Path) -> None:
    rows = [(f"Sowing peas {letter}", "/pages/peas/") for letter in "abcdefgh"]
    rows += [(f"Sowing {name}", f"/pages/{name}/") for name in ("pears", "beans", "leeks")]
    file = write_map(tmp_path / "redirects.jsonl", ((("name", name), target) for name, target in rows))
    (missing,) = covered(file, ["/Sowing+peas"]).missing
    assert [one.target for one in missing.suggestions] == ["/pages/pears/", "/pages/peas/", "/pages/beans/"]


def test_suggestions_do_not_depend_on_how_the_names_are_read(map_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = ["/Seven+wels", "/Clear+water+in+autum"]
    whole = covered(map_file, targets).missing
    monkeypatch.setattr(suggestions, "_CHUNK", 1)
    monkeypatch.setattr(suggestions, "_QUERIES", 1)
    assert covered(map_file, targets).missing == whole


def test_no_part_of_the_work_is_silent(map_file: Path, tmp_path: Path) -> None:
    """Where the map is large, to read it and to look for close names takes minutes."""
    phases = Phases()
    cover([str(log(tmp_path, ["/Seven+wels"]))], map_file, Settings(), progress=phases.told)
    assert phases == ["map", "logs", "suggesting"]


def test_the_bar_of_the_logs_ends_at_their_size(map_file: Path, tmp_path: Path) -> None:
    left: Counter[str] = Counter()

    @contextmanager
    def progress(name: str, total: int) -> Iterator[Callable[[int], Any]]:
        left[name] += total
        yield lambda done: left.subtract({name: done})

    plain, packed = log(tmp_path, ["/Seven+wells"] * 10_001), tmp_path / "access.log.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    cover([str(plain), str(packed)], map_file, Settings(), progress=progress)
    assert left["logs"] == 0


def test_the_review_file_decides_nothing(map_file: Path) -> None:
    text = review(covered(map_file, ["/Seven+wels", '/A+"quoted"+\\+name', "/9", "/posts/x"]))
    assert tomllib.loads(text) == {}
    assert all(part.startswith("#") or not part for part in text.split("\n"))


def test_an_entry_without_its_marks_is_what_the_setting_reads(map_file: Path, tmp_path: Path) -> None:
    targets = ["/Seven+wels", '/A+"quoted"+\\+name%E2%80%AE', "/9", "/posts/x"]
    found = covered(map_file, targets)
    entries = review(found).split("\n\n")[1:]
    for missing, entry in zip(found.missing, entries, strict=True):
        lines = [part.removeprefix("# ") for part in entry.splitlines()]
        first = next((part for part in lines if part.startswith("target")), "gone = true")
        kept = [part for part in lines if not part.startswith(("target", "gone"))]
        file = tmp_path / "decisions.toml"
        file.write_text("\n".join([*kept, first]), "utf-8")
        (decision,) = read_reviewed(Settings(redirects=str(file))).entries
        assert decision.address == missing.address
        assert decision.target == (missing.suggestions[0].target if missing.suggestions else None)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30), st.text(max_size=10))
def test_any_address_and_any_name_make_a_sound_review_file(value: str, name: str) -> None:
    address = plain_address(value)
    if address is None:
        return
    missing = Missing(address, 3, 1, (Suggestion(90, name, "/pages/x/"),))
    text = review(Coverage(["log"], missing=[missing], distinct=1))
    assert tomllib.loads(text) == {}
    assert not [char for char in text if not char.isprintable() and char != "\n"]
    entry = "\n".join(part.removeprefix("# ") for part in text.split("\n\n")[1].splitlines() if "gone =" not in part)
    (decision,) = tomllib.loads(entry)["redirects"]
    assert plain_address(decision["value"]) == address
    assert decision["target"] == "/pages/x/"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (Address("name", "2019"), 'No entry can be about the name "2019", which is the id "2019" there'),
        (Address("name", "/etc/x"), 'No entry can be about the name "/etc/x", which is the path "/etc/x" there'),
        (Address("path", "/beds/"), 'No entry can be about the path "/beds/", which is the path "/beds" there'),
        (Address("name", "//"), 'No entry can be about the name "//", which is no address there'),
    ],
)
def test_an_address_that_no_decision_can_write_makes_no_entry(address: Address, said: str) -> None:
    missing = Missing(address, 3, 1, (Suggestion(90, "Year 2019", "/pages/x/"),))
    text = review(Coverage(["log"], missing=[missing], distinct=1)).partition("\n\n")[2]
    assert text == f"# {said}: asked for 3 times, answered 1 times\n"


# --- logs as they are ----------------------------------------------------------------------


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_a_log_may_come_through_a_pipe(
    packed: Callable[[bytes], bytes], map_file: Path, tmp_path: Path, run: Run
) -> None:
    """As `<(zcat …)` of a shell: nobody can say how far it was read."""
    reader, writer = os.pipe()
    os.write(writer, packed(log(tmp_path, ["/Seven+wells", "/One"]).read_bytes()))
    os.close(writer)
    words = ["--map", map_file, "--review", tmp_path / "review.toml", "--format", "json"]
    outcome = run("redirects", "coverage", f"/dev/fd/{reader}", *words)
    os.close(reader)
    assert json.loads(outcome.out)["requests"] == 2


def test_plain_gzip_and_standard_input_are_read_alike(map_file: Path, tmp_path: Path) -> None:
    plain = log(tmp_path, ["/Seven+wells", "/One"])
    packed = tmp_path / "access.log.2.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes(), mtime=0) * 2)
    words = [sys.executable, "-m", "etl", "redirects", "coverage", str(plain), str(packed), "-", "--format", "json"]
    for data, times in ((plain.read_bytes(), 1), (packed.read_bytes(), 2)):
        done = subprocess.run(
            [*words, "--map", str(map_file), "--review", str(tmp_path / f"{len(data)}.toml")],
            input=data,
            capture_output=True,
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            check=True,
            timeout=60,
        )
        classes = json.loads(done.stdout)["classes"]
        assert classes["name"] == classes["unanswered"] == 1 + 2 + times


@pytest.mark.parametrize(
    ("rest", "request_"),
    [
        (r'GET /A\x22b HTTP/1.1" 404 9 "-" "-"', ('/A"b', 404)),
        (r'GET /A\"\\b HTTP/1.1" 404 9 "-" "-"', ('/A"\\b', 404)),
        (r'GET /Caf\xC3\xa9 HTTP/1.1" 404 9 "-" "-"', ("/Café", 404)),
        ('GET /A HTTP/1.1" 404 9 "-" "Mozilla" 200 0.005', ("/A", 404)),
        ('GET /A HTTP/1.1" 404', ("/A", 404)),
        ('GET /A HTTP/1.1" 4040 9', None),
    ],
    ids=["nginx", "Apache", "bytes", "fields behind the combined ones", "none of the size", "no status"],
)
def test_a_line_says_what_was_asked_for_as_servers_write_it(rest: str, request_: tuple[str, int] | None) -> None:
    assert logs.request_of(f'192.0.2.1 - - [21/Nov/2025:10:00:00 +0000] "{rest}'.encode()) == request_


def test_bad_lines_are_counted_and_said(map_file: Path, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "access.log"
    long = line("/" + "x" * 200_000)
    file.write_text("\n".join([line("/Seven+wells"), "", "junk", long, '[x] "GET / HTTP/1.1"', line("/One")]) + "\n")
    outcome = run("redirects", "coverage", file, "--map", map_file, "--review", tmp_path / "review.toml")
    assert outcome.status == 0
    assert f"3  lines could not be read, the first one is {file}:2" in outcome.out
    assert "1  answered: a page name" in outcome.out


@pytest.mark.parametrize("target", ["/One\x1b[31m", "/One%E2%80%AE", "/\u202eOne", "/One%1b[31m"])
def test_no_control_character_of_a_log_reaches_the_terminal(
    target: str, map_file: Path, tmp_path: Path, run: Run
) -> None:
    file = log(tmp_path, [target, "/Two"])
    for form in ("text", "json"):
        place = tmp_path / f"{form}.toml"
        words = ["--map", map_file, "--review", place, "--format", form]
        outcome = run("redirects", "coverage", file, *words)
        everything = outcome.out + outcome.err + place.read_text("utf-8")
        assert not {"\x1b", "\u202e"} & set(everything)
        assert "Two" in everything


@given(st.lists(st.binary(max_size=80).filter(lambda part: not part.startswith(GZIP)), max_size=8))
def test_any_bytes_are_a_log_or_none(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("log")
    (folder / "redirects.jsonl").write_text("")
    file = folder / "access.log"
    whole = [b'- - - [x] "GET /' + part + b' HTTP/1.1" 200 1' for part in lines]
    file.write_bytes(b"\n".join([*lines, *whole, line("/One").encode()]))
    found = cover([str(file)], folder / "redirects.jsonl", Settings())
    assert found.hits["unanswered"] >= 1
    assert found.hits.total() + found.bad >= len([part for part in whole if b"\n" not in part])


# --- in words ------------------------------------------------------------------------------


def test_what_people_and_programs_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "SHOWN", 2)
    close = (Suggestion(90, "Eight wells", "/pages/wells/"), Suggestion(70, "Eighty wells", "/pages/more/"))
    missing = [Missing(Address("name", "Eight wels"), 1100, 9, close), Missing(Address("id", "7"), 50, 0)]
    missing.append(Missing(Address("path", "/x"), 1, 1))
    hits = Counter({"name": 5, "unanswered": 1200})
    found = Coverage(["a.log", "b\nc.log"], hits, 2, "a.log:3", missing, distinct=4, kept=3, forgotten=49)
    assert report.text(found).split("\n") == [
        "1,205 requests in a.log, b\\nc.log",
        "            5  answered: a page name",
        "        1,200  not answered",
        "            2  lines could not be read, the first one is a.log:3",
        "not answered: about 4 addresses, the 2 most asked:",
        "        1,100  name 'Eight wels'   close: 'Eight wells' (90%)",
        "           50  id '7'",
        "note: 3 of them were kept; 49 hits are of addresses that were not",
    ]
    assert "            1  path '/x'" in report.text(found, every=True).split("\n")
    assert review(found).startswith(
        "# Legacy addresses that were asked for and are not answered: 3 of about 4, the most asked first.\n"
    )
    assert report.text(Coverage(["a.log"], Counter({"id": 1}))).split("\n") == [
        "1 requests in a.log",
        "            1  answered: a page id",
    ]
    assert json.loads(report.as_json(found)) == {
        "logs": ["a.log", "b\nc.log"],
        "requests": 1205,
        "classes": dict.fromkeys(CLASSES, 0) | hits,
        "bad_lines": 2,
        "first_bad_line": "a.log:3",
        "unanswered": {
            "addresses": 4,
            "exact": False,
            "kept": 3,
            "hits_not_kept": 49,
            "listed": [
                {
                    "kind": "name",
                    "value": "Eight wels",
                    "hits": 1100,
                    "answered": 9,
                    "suggestions": [
                        {"likeness": 90, "name": "Eight wells", "target": "/pages/wells/"},
                        {"likeness": 70, "name": "Eighty wells", "target": "/pages/more/"},
                    ],
                },
                {"kind": "id", "value": "7", "hits": 50, "answered": 0, "suggestions": []},
                {"kind": "path", "value": "/x", "hits": 1, "answered": 1, "suggestions": []},
            ],
        },
    }
    assert review(found).split("\n\n")[1].splitlines() == [
        "# [[redirects]]",
        '# value = "Eight wels"',
        '# target = "/pages/wells/"  # 90%: Eight wells',
        '# target = "/pages/more/"  # 70%: Eighty wells',
        "# gone = true",
        '# reason = "asked for 1100 times, answered 9 times"',
    ]


# --- bounds --------------------------------------------------------------------------------


def test_what_is_asked_often_is_kept_whatever_else_is_asked(map_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "MOST_KEPT", 50)
    targets = [f"/Junk+{number}" for number in range(1000)]
    for place in range(0, 1000, 10):
        targets.insert(place, "/Asked+often")
    found = covered(map_file, targets, limit=3)
    assert asked(found)[0] == ("name", "Asked often", 100)
    assert found.kept <= 50
    assert found.forgotten + sum(missing.hits for missing in found.missing) <= 1100
    assert abs(found.distinct - 1001) < 20, "an estimate"
    said = report.text(found)
    assert f"not answered: about {found.distinct:,} addresses, the 3 most asked" in said
    assert f"{found.forgotten:,} hits are of addresses that were not" in said


def test_very_long_addresses_are_not_kept(map_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "MOST_TEXT", 1000)
    long = ["/" + "x" * 3000] + [f"/{'y' * 100}{number}" for number in range(20)]
    found = covered(map_file, [*long, "/One"])
    assert sum(len(missing.value) for missing in found.missing) <= 1000
    assert found.kept >= 5, "half of them go, not all"
    assert found.forgotten + sum(missing.hits for missing in found.missing) == 22


def test_an_address_that_is_too_long_to_keep_is_one_of_those_that_are_not_answered(map_file: Path) -> None:
    longest = "/" + "x" * known.LONGEST_VALUE
    found = covered(map_file, [longest, longest + "x", longest + "y", "/Eight+wells"])
    assert [missing.value for missing in found.missing] == ["Eight wells", "x" * known.LONGEST_VALUE]
    assert (found.forgotten, found.distinct) == (2, 4)


def test_the_list_is_cut_and_says_so(map_file: Path, tmp_path: Path, run: Run) -> None:
    file, place = log(tmp_path, [f"/Lost+{number}" for number in range(30)]), tmp_path / "review.toml"
    outcome = run("redirects", "coverage", file, "--map", map_file, "--review", place, "--limit", 5)
    assert "not answered: 30 addresses, the 5 most asked" in outcome.out
    assert "suggestions for 5 of 30 addresses" in outcome.err
    assert "5 of 30, the most asked first" in place.read_text()


# --- the command ---------------------------------------------------------------------------


def test_a_review_file_is_never_overwritten(map_file: Path, tmp_path: Path, run: Run) -> None:
    place = tmp_path / "review.toml"
    place.write_text("# decisions\n")
    outcome = run("redirects", "coverage", log(tmp_path, ["/One"]), "--map", map_file, "--review", place)
    assert outcome.status == 2
    assert "may hold decisions" in outcome.err
    outcome = run("redirects", "coverage", "no.log", "--map", map_file, "--review", tmp_path / "none" / "review.toml")
    assert outcome.status == 2
    assert "there is no folder" in outcome.err  # before a log is opened
    assert place.read_text() == "# decisions\n"


def test_no_review_file_where_everything_is_answered(map_file: Path, tmp_path: Path, run: Run) -> None:
    place = tmp_path / "review.toml"
    outcome = run("redirects", "coverage", log(tmp_path, ["/7"]), "--map", map_file.parent, "--review", place)
    assert (outcome.status, outcome.err) == (0, "")
    assert not place.exists()


@pytest.mark.parametrize("name", ["documents.jsonl", "terms.jsonl"])
def test_a_damaged_file_beside_the_map_is_status_3(name: str, map_file: Path, tmp_path: Path, run: Run) -> None:
    damaged = map_file.with_name(name)
    with damaged.open("a") as file:
        file.write('{"path": 5}\n')
    outcome = run("redirects", "coverage", "--map", map_file, log(tmp_path, ["/A"]), "--review", tmp_path / "review")
    assert outcome.status == 3
    assert f"{damaged}:{len(lines(damaged))}: no line with a path" in outcome.err


@pytest.mark.parametrize(
    "data",
    [
        b"junk\nmore junk\n",
        gzip.compress(b"x" * 9999, mtime=0)[:-9],
        GZIP + b"junk",
        GZIP + b"junk that is no header",
        gzip.compress(b"", mtime=0)[:10] + b"\xff",
    ],
    ids=["no log", "cut off", "half a header", "no header", "bad data"],
)
def test_what_is_no_log_is_status_3(data: bytes, map_file: Path, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "access.log"
    file.write_bytes(data)
    outcome = run("redirects", "coverage", file, "--map", map_file, "--review", tmp_path / "review.toml")
    assert outcome.status == 3
    assert outcome.err.startswith(f"error: {file}: ")


def test_trouble_with_a_file_is_status_3(map_file: Path, tmp_path: Path, run: Run) -> None:
    place = tmp_path / "review.toml"
    assert run("redirects", "coverage", tmp_path / "no.log", "--map", map_file, "--review", place).status == 3
    assert run("redirects", "coverage", log(tmp_path, ["/7"]), "--map", tmp_path / "no", "--review", place).status == 3
    assert run("redirects", "coverage").status == 2


def test_an_empty_log_is_no_trouble(map_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "empty.log"
    file.write_bytes(b"")
    assert cover([str(file)], map_file, Settings()).hits.total() == 0
    file.write_bytes(b"junk")
    with pytest.raises(LogError, match="not one of its 1 lines"):
        cover([str(file)], map_file, Settings())


def test_lines_have_a_bound() -> None:
    with gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b"x" * 300_000 + b"\nshort\n", mtime=0))) as stream:
        assert [len(part) for part in logs.lines_of(stream)] == [logs.LONGEST_LINE, 5]
