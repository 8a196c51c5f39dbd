"""The map on its way to any server: the same bytes each time, and a fault in it is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.hashes import Crowd
from etl.load.redirects import COMPILERS, STATIC_HOSTS, CompileOptions, MapError, compile_all
from etl.load.redirects.files import filled
from etl.load.redirects.neutral import map_at
from tests.load.maps import HOSTILE, SETTINGS, all_files, compiled
from tests.make import write_map
from tests.servers.matrix import MAP


def test_a_misspelt_place_of_a_template_is_no_text() -> None:
    with pytest.raises(KeyError, match="stauts"):
        filled("return @stauts@;", {"status": 301})


@pytest.mark.parametrize("server", sorted(COMPILERS))
def test_the_same_map_gives_the_same_bytes_and_no_path_of_this_machine(tmp_path: Path, server: str) -> None:
    seen = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        write_map(folder / "redirects.jsonl", MAP.items())
        compile_all(folder / "redirects.jsonl", folder / "redirects", CompileOptions(), [server])
        compile_all(folder / "redirects.jsonl", folder / "redirects", CompileOptions(), [server])
        files = sorted(path for path in (folder / "redirects" / server).rglob("*") if path.is_file())
        seen.append({path.relative_to(folder): path.read_bytes() for path in files})
    assert seen[0] == seen[1]
    assert not any(str(tmp_path).encode() in data for data in seen[0].values())


@pytest.mark.parametrize("server", sorted(COMPILERS | STATIC_HOSTS))
def test_a_key_that_is_taken_for_a_crowd_by_mistake_is_written_as_any_other(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The filter of keys is wrong about some (`Crowd`); here about all."""

    def written() -> list[str]:
        with compiled(server, HOSTILE, SETTINGS) as (folder, lost):
            return sorted(line.rstrip(",") for line in all_files(folder).splitlines()) + lost

    right = written()
    monkeypatch.setattr(Crowd, "suspected", lambda _crowd, found: [*range(len(found) // 8)])
    assert written() == right


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "not a redirect"),
        ("{", "not a redirect"),
        ("[]", "not a redirect"),
        ('{"kind": "name", "value": "a"}', "not a redirect"),
        ('{"kind": "page", "value": "a", "target": "/a", "status": 301}', "not an address"),
        ('{"kind": ["name"], "value": "a", "target": "/a", "status": 301}', "not an address"),
        ('{"kind": "name", "value": 5, "target": "/a", "status": 301}', "not an address"),
        ('{"kind": "name", "value": "a\\nb", "target": "/a", "status": 301}', "control character"),
        ('{"kind": "path", "value": "//a", "target": "/a", "status": 301}', "two slashes"),
        ('{"kind": "name", "value": "a", "target": "//evil.example", "status": 301}', "no path of the new"),
        ('{"kind": "name", "value": "a", "target": "/a b", "status": 301}', "no path of the new"),
        ('{"kind": "name", "value": "a", "target": "/a\\n", "status": 301}', "no path of the new"),
        ('{"kind": "name", "value": "a", "target": "/a\\n/b", "status": 301}', "no path of the new"),
        ('{"kind": "name", "value": "a", "target": null, "status": 301}', "does not go with"),
        ('{"kind": "name", "value": "a", "target": "/a", "status": 302}', "does not go with"),
    ],
)
def test_a_map_that_breaks_its_contract_is_refused_with_its_line(tmp_path: Path, line: str, words: str) -> None:
    good = '{"kind": "id", "value": "7", "target": "/a", "status": 301, "why": "page-id", "document": null}'
    (tmp_path / "redirects.jsonl").write_text(f"{good}\n{line}\n")
    with pytest.raises(MapError, match=words) as caught:
        compile_all(tmp_path / "redirects.jsonl", tmp_path / "out", CompileOptions())
    assert "redirects.jsonl:2: " in str(caught.value)


def test_a_map_that_is_not_there_is_trouble_with_the_input(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="cannot read the redirect map"):
        compile_all(tmp_path / "redirects.jsonl", tmp_path / "out", CompileOptions())
    for path in (tmp_path, tmp_path / "redirects.jsonl"):
        with pytest.raises(MapError, match=f"^{path}: there is no redirect map; name the folder"):
            map_at(path)


def test_a_map_is_found_by_the_folder_of_all_generations(tmp_path: Path) -> None:
    (tmp_path / "generations" / "1").mkdir(parents=True)
    (tmp_path / "current").symlink_to("generations/1")
    (tmp_path / "current" / "redirects.jsonl").touch()
    assert map_at(tmp_path) == tmp_path / "current" / "redirects.jsonl"
