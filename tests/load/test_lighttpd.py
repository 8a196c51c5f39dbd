"""The map for lighttpd: a sorted file in which every entry is found, and the script that looks into it."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings

from etl.addresses import Address
from etl.load.redirects import CompileOptions, compile_all, lighttpd, sorting
from etl.load.redirects.lighttpd import LONGEST
from etl.load.redirects.survey import LONGEST_PLAIN
from etl.servers import SERVERS, running
from etl.servers.base import Command
from tests.load.asked import ask
from tests.load.maps import (
    GOLDEN,
    HOSTILE,
    SETTINGS,
    Entries,
    all_files,
    answers_every_entry,
    application,
    compiled,
    maps,
    valid,
)
from tests.make import need, write_map


def read(folder: Path) -> list[tuple[str, str, str]]:
    """Key, name and answer of every line of the map."""
    lines = (folder / "wiki-etl" / "redirects.map").read_text("utf-8").removesuffix("\n").split("\n")
    return [(*line.rpartition(" ")[0].split("\t"), line.rpartition(" ")[2]) for line in lines if line]  # type: ignore[misc]


def answers(lines: list[tuple[str, str, str]], address: Address) -> set[str]:
    """What the lines say of an address, as the script reads them."""
    kind, value = address
    key = kind[0] + (value.casefold() if kind == "name" else value)
    return {answer for at, name, answer in lines if at == key and name in {"", value}}


@pytest.mark.parametrize("case", ["plain", "settings"])
def test_the_files_are_as_they_were(case: str, expect: Callable[[Path, str], None]) -> None:
    options = {"plain": CompileOptions(), "settings": SETTINGS}[case]
    with compiled("lighttpd", HOSTILE, options) as (folder, lost):
        assert lost == []
        expect(GOLDEN / f"lighttpd-{case}.txt", all_files(folder))


@given(maps)
def test_every_entry_is_in_the_map_once_and_the_map_is_sorted(entries: Entries) -> None:
    entries = valid(entries)
    with compiled("lighttpd", entries, CompileOptions()) as (folder, lost):
        lines = read(folder)
    assert lost == []
    for address, target in entries.items():
        assert answers(lines, address) == {target or "410"}
    assert all(one[0].encode() <= other[0].encode() for one, other in pairwise(lines))
    assert {answer for _, _, answer in lines} == {target or "410" for target in entries.values()}


@given(maps)
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
def test_the_server_answers_every_entry_of_any_map(entries: Entries) -> None:
    need("lighttpd")
    answers_every_entry("lighttpd", valid(entries))


def test_runs_on_the_disk_change_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    with compiled("lighttpd", HOSTILE, CompileOptions()) as (folder, _):
        whole = all_files(folder)
    monkeypatch.setattr(sorting, "RUN", 2)
    with compiled("lighttpd", HOSTILE, CompileOptions()) as (folder, _):
        assert all_files(folder) == whole


def test_any_script_is_found_in_any_case_where_that_has_one_answer() -> None:
    need("lighttpd")
    entries = {**HOSTILE, Address("name", "Größe ΣΊΣΥΦΟΣ Ёж ＡＢ 𐐀"): "/pages/size/"}
    with compiled("lighttpd", entries, CompileOptions()) as (folder, _), running("lighttpd", folder) as (address, _):
        nfd = unicodedata.normalize("NFD", "größe Σίσυφος Ёж ＡＢ 𐐨")
        for name in ("GRÖSSE σίσυφος ёЖ ａＢ 𐐨", "größe σίσυφοΣ ЁЖ Ａｂ 𐐀", nfd):
            assert ask(address, f"/{quote_plus(name)}") == (301, "/pages/size/"), name
        assert ask(address, "/hIV") == ask(address, "/tiki-index.php?page=hiv") == (404, None)
        assert ask(address, "/cLEAR+WATER") == (301, "/pages/clear/")
        assert ask(address, "/TAGS/%C3%89t%C3%A9%2Bx") == (404, None)


def test_names_that_fold_into_one_are_written_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lighttpd, "BLOCK", 1)
    entries: Entries = {Address("name", value): f"/pages/{value}/" for value in ("HIV", "HIv", "Hiv", "Wells")}
    with compiled("lighttpd", entries, CompileOptions()) as (folder, _):
        lines = read(folder)
    assert [answers(lines, address) for address in entries] == [{target} for target in entries.values()]


def test_a_name_that_no_request_has_room_for_is_a_finding_and_the_longest_that_has_is_answered() -> None:
    need("lighttpd")
    longest = "w" * LONGEST
    entries: Entries = {Address("name", f"x{longest}"): "/pages/x/", Address("name", longest): "/pages/w/"}
    with compiled("lighttpd", entries, CompileOptions()) as (folder, lost):
        assert (len(lost), len(read(folder))) == (1, 1)
        assert f"{LONGEST + 1} bytes where a request has room for {LONGEST}" in lost[0]
        assert "1 entries of the map could not be expressed" in (folder / "README.md").read_text("utf-8")
        with running("lighttpd", folder) as (address, _):
            assert ask(address, "/" + "%77" * LONGEST) == (301, "/pages/w/")


@pytest.mark.parametrize("name", ["w" * 2048, "é" * 682 + "ww"], ids=["letters", "accents"])
def test_a_request_has_room_for_the_longest_name_encoded(name: str) -> None:
    for value, room in ((name, []), (name + "w", ["9216"])):
        entries: Entries = {Address("name", value): "/x/", Address("name", "zoë"): "/x/", Address("path", "/z"): "/x/"}
        with compiled("lighttpd", entries, CompileOptions()) as (folder, _):
            conf = (folder / "wiki-etl" / "redirects.conf").read_text("utf-8")
            assert re.findall("max-request-field-size := (.*?)  #", conf) == room
            assert re.findall("max-request-field-size` to (.*) for", (folder / "README.md").read_text("utf-8")) == room


def test_the_longest_plain_name_is_answered_without_more_room() -> None:
    need("lighttpd")
    name = "𐐀" * LONGEST_PLAIN
    with compiled("lighttpd", {Address("name", name): "/x/"}, CompileOptions()) as (folder, _):
        assert "max-request-field-size" not in (folder / "wiki-etl" / "redirects.conf").read_text("utf-8")
        with running("lighttpd", folder) as (address, _):
            assert ask(address, f"/{quote_plus(name)}") == (301, "/x/")


def test_every_character_beyond_ascii_that_has_a_case_is_known() -> None:
    beyond = map(chr, range(0x80, sys.maxunicode + 1))
    assert lighttpd._folding() == [(char, char.casefold()) for char in beyond if char.casefold() != char]


def test_a_replaced_map_is_read_by_the_next_request(tmp_path: Path) -> None:
    need("lighttpd")
    write_map(tmp_path / "redirects.jsonl", [(Address("name", "A"), "/pages/a/")])
    compile_all(tmp_path / "redirects.jsonl", tmp_path / "redirects", CompileOptions(), ["lighttpd"])
    file = tmp_path / "redirects" / "lighttpd" / "wiki-etl" / "redirects.map"
    with running("lighttpd", tmp_path) as (address, _):
        assert ask(address, "/A") == (301, "/pages/a/")
        (tmp_path / "new").write_text("na\t /pages/new/\n")
        (tmp_path / "new").replace(file)
        assert ask(address, "/A") == (301, "/pages/new/")


# --- in front of an application ------------------------------------------------------------


def test_an_application_keeps_its_own_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    need("lighttpd")
    prepare = SERVERS["lighttpd"]
    with application() as backend, compiled("lighttpd", HOSTILE, CompileOptions()) as (folder, _):

        def proxied(compiled: Path, scratch: Path, site: Path, port: int) -> Command:
            command = prepare(compiled, scratch, site, port)
            with (scratch / "lighttpd.conf").open("a") as conf:
                conf.write('server.modules += ( "mod_proxy" )\n')
                conf.write(f'proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => {backend} )) )\n')
            return command

        monkeypatch.setitem(SERVERS, "lighttpd", proxied)
        with running("lighttpd", folder) as (address, _):
            assert ask(address, "/living") == (200, None)
            assert ask(address, "/unknown") == ask(address, "/api/nobody") == (404, None)
            assert ask(address, "/api/denied") == (403, None)
            assert ask(address, "/10983") == ask(address, "/tiki-index.php?page_id=10983") == (301, "/pages/zoe/")
            assert ask(address, "/default") == (410, None)
