"""The map for Caddy: keys in blocks, each found by the expressions that choose them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.addresses import Address
from etl.load.redirects import CompileOptions, caddy
from etl.load.redirects.exact import lower
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
from tests.make import need

_LINE = re.compile(r'\t(?:"(?P<key>[^"\\{}]*)"|`~(?P<pattern>[^`]*)`) "(?P<answer>[^"]*)"')


def python(pattern: str) -> re.Pattern[str]:
    """An expression of Go's as one of Python's."""
    code = re.compile(r"\\x\{([0-9a-f]+)\}")
    return re.compile(code.sub(lambda match: f"\\U{int(match[1], 16):08x}", pattern).replace("$", r"\Z"))


class Table:
    """The keys of one kind, read as Caddy reads them."""

    def __init__(self, folder: Path, kind: str) -> None:
        borders = (folder / "wiki-etl" / f"{kind}-blocks.map").read_text("utf-8").splitlines()
        self._borders = [python(line.split("`")[1][1:]) for line in borders[:-1]]
        self.blocks: list[list[re.Match[str]]] = []
        for line in (folder / "wiki-etl" / f"{kind}.map").read_text("utf-8").removesuffix("\n").split("\n"):
            if line.startswith("map @"):
                self.blocks.append([])
            match = _LINE.fullmatch(line)
            if match is not None and self.blocks:
                self.blocks[-1].append(match)
        assert borders[-1] == f"default {max(len(self.blocks) - 1, 0)}"

    def answers(self, path: str) -> list[str]:
        """What the chosen block answers for a path."""
        at = next((at for at, border in enumerate(self._borders) if border.match(path)), len(self._borders))
        lines = self.blocks[at] if self.blocks else []
        return [_answer(line) for line in lines if _is(line, path)]


def _is(line: re.Match[str], path: str) -> bool:
    return line["key"] == path if line["pattern"] is None else python(line["pattern"]).match(path) is not None


def _answer(line: re.Match[str]) -> str:
    return line["answer"] if line["pattern"] is None else line["answer"].replace("$$", "$")


def answers(tables: dict[str, Table], address: Address) -> list[str]:
    """What the tables say of an address in its canonical form."""
    kind, value = address
    if kind != "name":
        return tables[f"{kind}s"].answers(value if kind == "path" else f"/{value}")
    return tables["cased"].answers(f"/{value}") or tables["names"].answers(f"/{lower(value)}")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caddy, "BLOCK", 2)


@pytest.mark.parametrize("case", ["plain", "settings"])
@pytest.mark.usefixtures("small_blocks")
def test_the_files_are_as_they_were(case: str, expect: Callable[[Path, str], None]) -> None:
    options = {"plain": CompileOptions(), "settings": SETTINGS}[case]
    with compiled("caddy", HOSTILE, options) as (folder, lost):
        assert lost == []
        expect(GOLDEN / f"caddy-{case}.txt", all_files(folder))


@given(maps)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("small_blocks")
def test_every_entry_is_in_the_block_that_is_searched_for_it(entries: Entries) -> None:
    entries = valid(entries)
    with compiled("caddy", entries, CompileOptions()) as (folder, lost):
        tables = {kind: Table(folder, kind) for kind in ("paths", "cased", "names", "ids")}
    assert lost == []
    for address, target in entries.items():
        assert answers(tables, address) == [target or "410"], address


@given(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12))
def test_a_border_is_after_one_key_and_not_after_the_next(one: str, other: str) -> None:
    last, first = sorted((one, other))
    if last == first:
        return
    border = caddy._border(last, first)
    assert last < border <= first
    assert python(caddy._below(border)).match(last)
    assert not python(caddy._below(border)).match(first)


@given(maps)
@settings(
    max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None
)
@pytest.mark.usefixtures("small_blocks")
def test_the_server_answers_every_entry_of_any_map(entries: Entries) -> None:
    need("caddy")
    answers_every_entry("caddy", valid(entries))


def test_two_keys_with_a_long_beginning_in_common_stay_in_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    need("caddy")
    monkeypatch.setattr(caddy, "BLOCK", 1)
    entries: Entries = {Address("name", "w" * 1500 + end): f"/pages/{end}/" for end in ("", "a", "b")}
    entries[Address("name", "x")] = "/pages/x/"
    with compiled("caddy", entries, CompileOptions()) as (folder, _):
        assert [len(block) for block in Table(folder, "names").blocks] == [3, 1]
    answers_every_entry("caddy", entries)


def test_a_map_that_caddy_is_too_slow_for_is_declined_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caddy, "LIMIT", 10)
    with compiled("caddy", HOSTILE, CompileOptions()) as (folder, lost):
        assert len(lost) == 1
        assert "the whole map: The map has more than 10 keys" in lost[0]
        assert [path.name for path in folder.iterdir()] == ["README.md"]
        assert "run nginx or HAProxy" in (folder / "README.md").read_text("utf-8")


def test_a_target_that_would_stop_caddy_is_a_finding() -> None:
    need("caddy")
    entries = {**HOSTILE, Address("name", "odd"): "/pages/wiki_etl_names/"}
    with compiled("caddy", entries, CompileOptions()) as (folder, lost):
        assert len(lost) == 1
        assert "name of a variable" in lost[0]
        assert "* 1 entries of the map could not be expressed" in (folder / "README.md").read_text("utf-8")
        with running("caddy", folder) as (address, _):
            assert ask(address, "/odd") == (404, None)
            assert ask(address, "/Clear+water") == (301, "/pages/clear/")


def test_an_application_keeps_its_own_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    need("caddy")
    prepare = SERVERS["caddy"]
    with application() as backend, compiled("caddy", HOSTILE, CompileOptions()) as (folder, _):

        def proxied(compiled: Path, scratch: Path, site: Path, port: int) -> Command:
            command = prepare(compiled, scratch, site, port)
            readme = (compiled / "README.md").read_text("utf-8")
            block = re.search(r"reverse_proxy localhost:3000 \{.*?\n\}", readme, re.DOTALL)
            assert block is not None
            text = block[0].replace("localhost:3000", f"127.0.0.1:{backend}")
            start = f"{{\n\tadmin off\n\tauto_https off\n}}\nhttp://:{port} {{\n\tbind 127.0.0.1\n"
            (scratch / "Caddyfile").write_text(f"{start}{text}\n}}\n")
            return command

        monkeypatch.setitem(SERVERS, "caddy", proxied)
        with running("caddy", folder) as (address, _):
            assert ask(address, "/living") == (200, None)
            assert ask(address, "/unknown") == ask(address, "/api/nobody") == (404, None)
            assert ask(address, "/api/denied") == (403, None)
            assert ask(address, "/10983") == ask(address, "/tiki-index.php?page_id=10983") == (301, "/pages/zoe/")
            assert ask(address, "/default") == (410, None)


def test_a_request_of_a_megabyte_is_not_looked_up() -> None:
    """Caddy takes it, and the expressions went over it for two seconds."""
    need("caddy")

    def seconds(size: int) -> float:
        start = time.perf_counter()
        assert ask(address, "/" + "%C3%A9" * (size // 6)) == ask(address, "/" + "é" * (size // 2)) == (404, None)
        return time.perf_counter() - start

    longest = "x" * 4000
    entries: Entries = {Address("name", longest): "/x/"}
    with compiled("caddy", entries, CompileOptions()) as (folder, _), running("caddy", folder) as (address, _):
        assert ask(address, f"/tiki-index.php?page={'%78' * 4000}&x=y") == (301, "/x/")
        assert seconds(900_000) < 25 * max(seconds(9_000), 0.04)
