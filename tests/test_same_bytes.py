"""The same members give the same bytes, whatever carries them and whoever works on them."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from tests.make import SAMPLE, Outcome, command, difference, files, folder, page, pages, tarred, wiki_etl, zipped

Wrap = Callable[[Path, dict[str, bytes]], Path]
PACKED = "wiki"

WRAPPINGS: dict[str, Wrap] = {
    "folder": lambda path, members: folder(path / PACKED, members),
    "folder in a folder": lambda path, members: folder(path / "outer" / PACKED, members).parent,
    "zip": lambda path, members: zipped(path / f"{PACKED}.zip", members),
    "zip with a folder inside": lambda path, members: zipped(path / "another name.zip", members, f"{PACKED}/"),
    "zip with two folders inside": lambda path, members: zipped(path / "another name.zip", members, f"outer/{PACKED}/"),
    "tar.zst of .": lambda path, members: tarred(path / f"{PACKED}.tar.zst", members, "./"),
    "tar of a folder": lambda path, members: tarred(path / "another name.tar", members, f"{PACKED}/"),
    "tar.zst of a folder in .": lambda path, members: tarred(path / "another name.tar.zst", members, f"./{PACKED}/"),
    "zip in another order": lambda path, members: zipped(path / f"{PACKED}.zip", shuffled(members)),
}
ENVIRONMENTS = [
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"},
    {"LC_ALL": "C", "LANG": "C"},
    {"LC_ALL": "tr_TR.UTF-8", "TZ": "America/St_Johns"},
    {"PYTHONUTF8": "0", "LC_ALL": "POSIX"},
    {"PYTHONOPTIMIZE": "1"},
]


def shuffled(members: dict[str, bytes]) -> dict[str, bytes]:
    items = list(members.items())
    random.Random(7).shuffle(items)
    return dict(items)


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    """The sample, and enough pages for several chunks: links between them, one name for many, a few rejects."""
    many = {
        f"9{key}": page(
            f"Clear water {number % 7}",
            body=f"[Clear water {number % 5}](/Clear+water+{number % 5}) and [another](/{number + 900})\n\n* a\n* b",
            aliases=[f"/{number + 1000}", f"/Old+name+{number % 3}"],
            tiki_page_id=number + 1000,
            categories=[f"Term {number % 4}", f"TERM {number % 6}"],
            date=f"20{number % 20:02}-03-0{number % 9 + 1}",
        )
        for number, key in enumerate(pages(200))
    }
    sample = {path.name: path.read_bytes() for path in SAMPLE.iterdir() if path.name != "wiki-etl.toml"}
    return sample | many | {"999_reject.json": b'{"title": '}


@pytest.fixture(scope="module")
def generation(members: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, bytes]]:
    """The files that come out of a source: ``generation(source, 2)``, of two jobs."""
    settings = tmp_path_factory.mktemp("settings") / "settings.toml"
    settings.write_bytes((SAMPLE / "wiki-etl.toml").read_bytes())

    def run(source: Path, jobs: int, migrate: Callable[..., Outcome] = wiki_etl) -> dict[str, bytes]:
        out = tmp_path_factory.mktemp("out")
        flags = ("--out", out, "--config", settings, "--jobs", jobs, "--changes", "--html")
        outcome = migrate("migrate", source, *flags)
        assert outcome.status == 1, outcome.err
        return files(out / "current")

    return run


@pytest.fixture(scope="module")
def expected(
    members: dict[str, bytes], generation: Callable[..., dict[str, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    return generation(folder(tmp_path_factory.mktemp("first") / PACKED, members), 1)


def assert_same(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    assert found.keys() == expected.keys()
    for name, data in found.items():
        if data != expected[name]:
            pytest.fail(f"{name}:\n{difference(expected[name].decode(), data.decode(), 20)}", pytrace=False)


def test_a_generation_of_several_chunks_is_compared(expected: dict[str, bytes]) -> None:
    assert expected["documents.jsonl"].count(b"\n") > 3 * 64
    assert len(expected) > 15


def test_any_number_of_processes_gives_the_same_bytes(
    members: dict[str, bytes],
    expected: dict[str, bytes],
    generation: Callable[..., dict[str, bytes]],
    tmp_path: Path,
) -> None:
    assert_same(generation(folder(tmp_path / PACKED, members), 4), expected)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_every_wrapping_gives_the_same_bytes(
    wrapping: str,
    members: dict[str, bytes],
    expected: dict[str, bytes],
    generation: Callable[..., dict[str, bytes]],
    tmp_path: Path,
) -> None:
    source = WRAPPINGS[wrapping](tmp_path, members)
    assert_same(generation(source, 1), expected)


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
def test_no_environment_changes_a_byte(
    environment: dict[str, str],
    members: dict[str, bytes],
    expected: dict[str, bytes],
    generation: Callable[..., dict[str, bytes]],
    tmp_path: Path,
) -> None:
    source = folder(tmp_path / PACKED, members)
    assert_same(generation(source, 2, partial(command, environment=environment)), expected)


def test_no_path_of_the_machine_and_no_clock_is_in_a_generation(expected: dict[str, bytes]) -> None:
    everything = b"".join(expected.values())
    today = datetime.now(UTC).date().isoformat()
    for told in (str(Path.cwd()), f"{tempfile.gettempdir()}/", "first0", str(Path.home()) + "/", today):
        assert told.encode() not in everything, told
