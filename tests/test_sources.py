"""Several sources, and files of settings in and beside them: whose settings count, and which member is which."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl.settings import Settings, SettingsError, load_settings
from tests.make import Outcome, folder, name, page, pages, zipped

Run = Callable[..., Outcome]
LONG = (
    "# Decisions of spring.\n\n" + "# " + "Wells that were closed in spring point at the well beside them. " * 12 + "\n"
)
DECISIONS = '[[redirects]]\nvalue = "Old well"\ntarget = "tiki-1"\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: sources are named as people name them."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(run: Run, *paths: object, status: int = 1) -> dict[str, Any]:
    """The JSON form of a validation that ends with this status."""
    outcome = run("validate", "--format", "json", *paths)
    assert outcome.status == status, outcome
    report: dict[str, Any] = json.loads(outcome.out)
    return report


# --- settings of several sources -----------------------------------------------------------


@pytest.fixture
def two(here: Path) -> Path:
    """Two sources with a settings file each, which differ."""
    for number, source in enumerate("ab", 1):
        folder(here / source, {name(number): page(f"Well {number}", page_id=number)})
        (here / source / "wiki-etl.toml").write_text(f'language = "{source}{source}"\nkeep_generations = 5\n')
    return here


@pytest.mark.parametrize("command", ["migrate", "validate", "settings"])
def test_settings_of_two_sources_that_differ_are_wrong_usage(command: str, two: Path, run: Run) -> None:
    outcome = run(command, "a", "b")
    assert outcome.status == 2
    assert "a/wiki-etl.toml and b/wiki-etl.toml differ in language; " in outcome.err
    assert "--config" in outcome.err
    assert run(command, "a", "b", "--config", "b/wiki-etl.toml").status == 0


def test_settings_of_two_sources_may_say_the_same_in_other_words(two: Path, run: Run) -> None:
    (two / "b" / "wiki-etl.toml").write_text('# ours\nkeep_generations = 5\nlanguage = "aa"\nhome = "x"\n')
    assert "differ in home;" in run("migrate", "a", "b").err
    (two / "b" / "wiki-etl.toml").write_text('# ours\nkeep_generations = 5\nlanguage = "aa"\n')
    assert run("migrate", "a", "b").status == 0
    assert run("migrate", "b", "a").err.count("nothing new") == 1


def test_a_mistake_in_the_second_file_is_named(two: Path, run: Run) -> None:
    (two / "b" / "wiki-etl.toml").write_text('colour = "blue"\n')
    outcome = run("migrate", "a", "b")
    assert (outcome.status, "b/wiki-etl.toml: unknown setting 'colour'" in outcome.err) == (2, True)


def test_archives_beside_one_settings_file_have_one(two: Path, run: Run) -> None:
    for number in (1, 2):
        zipped(two / "a" / f"{number}.zip", {name(number): page(f"Well {number}", page_id=number)})
    assert run("migrate", "a/1.zip", "a/2.zip").status == 0


# --- what a settings file may say ----------------------------------------------------------


def read(path: Path, text: str, encoding: str = "utf-8") -> Settings:
    path.write_text(text, encoding)
    return load_settings(path, [], {})[0]


def test_a_byte_order_mark_is_no_part_of_settings(tmp_path: Path) -> None:
    assert read(tmp_path / "wiki-etl.toml", 'language = "de"\n', "utf-8-sig").language == "de"


@pytest.mark.parametrize(("value", "taken"), [("5", "5"), ("0", "0"), ("2.5", "2.5"), ('"5"', "5"), ('"2.5%"', "2.5%")])
@pytest.mark.parametrize("key", ["max_rejects", "max_shrink"])
def test_a_threshold_may_be_a_number(key: str, value: str, taken: str, tmp_path: Path) -> None:
    assert getattr(read(tmp_path / "wiki-etl.toml", f"{key} = {value}\n"), key) == taken


@pytest.mark.parametrize("value", ["-1", "true", "inf", "nan", '"a"', "[5]"])
def test_a_threshold_is_nothing_else(value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"wiki-etl\.toml: setting 'max_rejects'"):
        read(tmp_path / "wiki-etl.toml", f"max_rejects = {value}\n")


@pytest.mark.parametrize(
    ("host", "write"),
    [
        ("https://old.example/", "old.example"),
        ("HTTP://www.Old.example:8080", "www.Old.example:8080"),
        ("//old.example", "old.example"),
        ("old.example/wiki", "old.example"),
        ("https://me:secret@old.example/?a#b", "old.example"),
        ("old.example ", None),
        ("", None),
        ("https://", None),
        ("[::1", None),
    ],
)
@pytest.mark.parametrize("key", ["hosts", "image_hosts"])
def test_an_address_is_no_host_and_the_host_in_it_is_told(
    key: str, host: str, write: str | None, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=f"setting '{key}'") as error:
        read(tmp_path / "wiki-etl.toml", f'{key} = ["fine.example", "{host}"]\n')
    assert (f": write '{write}'" in str(error.value)) == (write is not None)


@pytest.mark.parametrize(
    "host", ["old.example", "Old.example.", "old.example:8080", "bücher.example", "[::1]:80", "wiki"]
)
def test_hosts_are_names_with_or_without_a_port(host: str, tmp_path: Path) -> None:
    assert read(tmp_path / "wiki-etl.toml", f'hosts = ["{host}"]\n').hosts == (host,)


# --- what is to be done next ---------------------------------------------------------------


def test_what_was_not_published_has_no_redirects_to_be_wired(here: Path, run: Run) -> None:
    source = folder(here / "wiki", pages(9))
    dry = run("migrate", source, "--dry-run").err
    assert dry.splitlines()[-1].endswith("run again without --dry-run to publish")
    assert (
        run("migrate", source)
        .err.splitlines()[-1]
        .endswith("wire the redirects as out/current/redirects/<server>/README.md says")
    )
    for member in [*pages(9)][3:]:
        (source / member).unlink()
    refused = run("migrate", source)
    assert refused.status == 5
    assert refused.err.splitlines()[-1].endswith("mend the export or the settings, run again")
    assert "wire" not in dry + refused.err
