"""The map for HAProxy: its keys, its files as they were published, and how it stands in front of a site."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.load.redirects import CompileOptions, compile_all
from etl.load.redirects.haproxy import FILES, key
from etl.routes import routes
from etl.servers.base import program
from tests.make import need, write_map
from tests.servers.oracle import Answer
from tests.servers.stage import Entries, serving
from tests.servers.wire import Request

NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=400)
MAP: dict[tuple[str, str], str | None] = {
    ("name", "Some Page – June 2019"): "/pages/some/",
    ("name", "5% of A+B"): "/pages/five/",
    ("name", "HIV"): "/pages/hiv/",
    ("name", "Hiv"): "/pages/hives/",
    ("name", "Zoë"): "/pages/zoe/",
    ("name", "Gone"): None,
    ("id", "7"): "/pages/some/",
    ("path", "/posts/x"): "/pages/some/",
}


def compiled(folder: Path, entries: Entries = MAP, options: CompileOptions | None = None) -> list[str]:
    """Compiles a map; the messages of what is not in the files."""
    write_map(folder / "redirects.jsonl", entries.items())
    findings = compile_all(folder / "redirects.jsonl", folder / "redirects", options or CompileOptions(), ["haproxy"])
    return [finding.message for finding in findings if finding.code == "redirect.unsupported"]


def lines(folder: Path, name: str) -> set[str]:
    found = (folder / "redirects" / "haproxy" / "wiki-etl" / f"{name}.map").read_text("utf-8").splitlines()
    assert len(set(found)) == len(found)
    return set(found)


@given(NAMES, NAMES)
def test_a_key_stands_for_one_text_and_is_one_word(one: str, other: str) -> None:
    assert " " not in key(one)
    assert key(one)[0] == "/"
    assert (key(one) == key(other)) == (one.removeprefix("/") == other.removeprefix("/"))


def test_every_spelling_is_in_its_map(tmp_path: Path) -> None:
    assert compiled(tmp_path) == []
    zoe = unicodedata.normalize("NFD", "Zoë")
    assert lines(tmp_path, "paths") == {"/posts/x /pages/some/"}
    assert lines(tmp_path, "ids") == {"/7 /pages/some/"}
    assert lines(tmp_path, "names") == {
        "/Some+Page+–+June+2019 /pages/some/",
        "/5%25+of+A%2BB /pages/five/",
        "/HIV /pages/hiv/",
        "/Hiv /pages/hives/",
        "/Zoë /pages/zoe/",
        f"/{zoe} /pages/zoe/",
        "/Gone 410",
    }
    assert lines(tmp_path, "names-folded") == {
        "/some+page+–+june+2019 /pages/some/",
        "/5%25+of+a%2bb /pages/five/",
        "/zoë /pages/zoe/",
        f"/{zoe.lower()} /pages/zoe/",
        "/gone 410",
    }


def test_what_the_settings_say_has_maps_of_its_own(tmp_path: Path) -> None:
    table = routes({"categories": "/tags/", "search": "gone"}, "/wiki")
    compiled(tmp_path, MAP, CompileOptions(home="Zoë", legacy_base="/wiki", routes=table))
    assert lines(tmp_path, "routes-numbered") == {"/wiki/cat /tags/"}
    assert lines(tmp_path, "routes") >= {
        "/wiki /pages/zoe/",
        "/wiki/tiki-index.php /pages/zoe/",
        "/wiki/tiki-browse_categories.php /tags/",
        "/wiki/Search+Results 410",
    }


@pytest.mark.parametrize(
    "options",
    [
        CompileOptions(),
        CompileOptions(legacy_base='/o\'ld "wiki" #\\$x/', status=308, max_age=60),
        CompileOptions(home="Zoë", other_host=True, routes=routes({"categories": "/tags/", "files": "gone"})),
    ],
)
def test_the_files_load_where_they_lie(tmp_path: Path, options: CompileOptions) -> None:
    need("haproxy")
    compiled(tmp_path, MAP, options)
    place = tmp_path / "a place with blanks"
    shutil.copytree(tmp_path / "redirects" / "haproxy", place)
    mine = tmp_path / "mine.cfg"
    rules, _, example = (place / "haproxy.cfg").read_text().partition("# --- an example")
    mine.write_text(f"# {example}")
    assert (
        rules.replace("map_str(wiki-etl/", "map_str(").strip() == (place / "wiki-etl" / "rules.cfg").read_text().strip()
    )
    for files in (["-f", f"{place}/haproxy.cfg"], ["-f", f"{place}/wiki-etl/rules.cfg", "-f", str(mine)]):
        command = [program("haproxy", "haproxy"), "-c", *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        assert (done.returncode, done.stderr.count("WARNING")) == (0, 0), done.stderr


def test_what_haproxy_cannot_express_is_counted_in_its_readme(tmp_path: Path) -> None:
    messages = compiled(tmp_path, {**MAP, ("name", "x" * 4001): "/pages/a/"})
    assert len(messages) == 1
    assert "4001 bytes where a key has at most 4000" in messages[0]
    readme = (tmp_path / "redirects" / "haproxy" / "README.md").read_text()
    assert "* 1 entries of the map could not be expressed" in readme
    assert not re.search("@[a-z_]+@", readme)


def test_entries_answer_before_the_new_site_and_other_cases_after_it(tmp_path: Path) -> None:
    need("haproxy")
    entries: Entries = {("name", "PAGES/Some"): "/pages/other/", ("name", "Known"): "/pages/some/"}
    with serving("haproxy", tmp_path, entries) as stage:
        assert stage.client.ask(Request("", b"/pages/some/")) == Answer(200)
        assert stage.client.ask(Request("", b"/Known")) == Answer(301, "/pages/some/")
        assert stage.client.ask(Request("", b"/kNOWN")) == Answer(301, "/pages/some/")


def test_there_is_a_file_for_each_map_even_if_it_is_empty(tmp_path: Path) -> None:
    compiled(tmp_path, {})
    assert all(lines(tmp_path, name) == set() for name in FILES)
