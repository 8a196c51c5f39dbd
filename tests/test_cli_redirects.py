"""`wiki-etl redirects …`: what its help says, and that its lists are those of the code."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from etl.load.redirects import COMPILERS, STATIC_HOSTS
from etl.server_names import SERVER_NAMES, WEB_SERVERS
from etl.servers import SERVERS
from etl.settings import Settings
from tests.make import SAMPLE, Outcome, Run, files, folder, pages


def test_every_name_has_its_functions() -> None:
    assert COMPILERS.keys() | STATIC_HOSTS.keys() == set(SERVER_NAMES)
    assert COMPILERS.keys() == SERVERS.keys() == set(WEB_SERVERS)


def test_the_setting_takes_every_name_and_no_other() -> None:
    assert Settings.model_validate({"servers": SERVER_NAMES}).servers == SERVER_NAMES
    with pytest.raises(ValidationError):
        Settings.model_validate({"servers": [*SERVER_NAMES, "unknown"]})


def test_build_and_verify_say_when_their_settings_are_not_those_of_the_generation(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings file lies in the source folder, which neither of them knows."""
    source = folder(tmp_path / "raw", pages(2))
    (source / "wiki-etl.toml").write_text('legacy_base = "/wiki"\nredirects = "reviewed.toml"\n')
    (source / "reviewed.toml").write_text("")
    (tmp_path / "old.toml").write_text('legacy_base = "/wiki"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("etl.verify.connections.CONNECT_DELAYS", (None,))  # nobody is there
    assert run("migrate", "raw", "-q").status < 2
    made_with = "those that the generation was made with"
    build, verify = ["build", "--map", "out/current/redirects.jsonl"], ["verify", "--base-url", "http://127.0.0.1:9"]
    for command in (build, verify):
        said = run("redirects", *command).err.splitlines()[0]
        assert said == f"settings: defaults, not {made_with}; --config names others"
        said = run("redirects", *command, "--config", "raw/wiki-etl.toml", "--site", "https://new.example").err
        assert said.splitlines()[0] == f"settings: raw/wiki-etl.toml, {made_with}"
        assert f"settings: old.toml, not {made_with}" in run("redirects", *command, "--config", "old.toml").err
    assert run("redirects", "build", "--map", "out/current").err.startswith(f"settings: defaults, not {made_with}")
    (tmp_path / "access.log").touch()
    coverage = ["coverage", "access.log", "--config"]
    assert run("redirects", *coverage[:2]).err.startswith(f"settings: defaults, not {made_with}")
    assert run("redirects", *coverage, "raw/wiki-etl.toml").err == f"settings: raw/wiki-etl.toml, {made_with}\n"
    assert "settings" not in run("redirects", *build, "-q").err
    (tmp_path / "alone.jsonl").write_bytes((tmp_path / "out/current/redirects.jsonl").read_bytes())
    (source / "reviewed.toml").unlink()  # nobody needs it for that
    assert "settings" not in run("redirects", "build", "--map", "alone.jsonl", "--config", "raw/wiki-etl.toml").err


def test_every_action_is_listed(run: Run) -> None:
    listed = run("redirects", "--help").out
    for action in ("build", "serve", "verify", "diff", "coverage"):
        assert re.search(rf"^    {action} ", listed, re.MULTILINE)


def test_build_takes_a_generation_or_its_map(tmp_path: Path, run: Run) -> None:
    run("migrate", SAMPLE, "--out", tmp_path / "out")
    current = tmp_path / "out" / "current"
    made = []
    for number, path in enumerate((current, current / "redirects.jsonl")):
        assert run("redirects", "build", "--map", path, "--out", tmp_path / str(number)).status == 0
        made.append(files(tmp_path / str(number)))
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "words",
    [
        ["build", "--map"],
        ["verify", "--base-url", "http://127.0.0.1:9", "--map"],
        ["coverage", "log", "--map"],
        ["diff", "log"],
    ],
    ids=lambda words: words[0],
)
def test_a_map_that_comes_through_a_pipe_is_refused(
    words: list[str], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is empty the second time: every server would do for it."""
    monkeypatch.chdir(tmp_path)
    Path("log").touch()
    reader, writer = os.pipe()
    os.close(writer)
    outcome = run("redirects", *words, f"/dev/fd/{reader}")
    os.close(reader)
    assert outcome.status == 3
    assert f"error: /dev/fd/{reader}: a redirect map is read more than once, which a pipe cannot be" in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_build_compiles_for_the_servers_that_are_named_and_says_so(tmp_path: Path, run: Run) -> None:
    run("migrate", SAMPLE, "--out", tmp_path / "out", "-q")
    words = ["redirects", "build", "--map", tmp_path / "out/current", "--out", tmp_path / "new"]
    done = run(*words, "--server", "caddy", "--server", "nginx")
    assert f"compiled for caddy, nginx in {tmp_path / 'new'}\n" in done.err
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"caddy", "nginx"}
    assert run(*words, "-q") == Outcome(0, "", "")
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(Settings().servers)


def test_serve_starts_the_server_that_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[object, ...]] = []

    def serve(*given: object) -> int:
        started.append(given[:3])
        return 0

    monkeypatch.setattr("etl.servers.serve", serve)
    assert run("redirects", "serve", "nginx").status == 0
    assert run("redirects", "serve", "caddy", "--port", "8080", "--map", "old").status == 0
    assert started == [("nginx", None, Path("out/current")), ("caddy", 8080, Path("old"))]
    for wrong in (["--port", "65536"], ["--port", "-1"], ["--port", "http"]):
        assert run("redirects", "serve", "nginx", *wrong).status == 2
    assert run("redirects").status == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('{"id": "tiki-1"}\n', "it has no 'kind'"),
        ("name,target\n", "not JSON"),
        ("[]\n", "it is no JSON object"),
    ],
)
def test_a_file_that_is_no_map_is_told_in_words(wrong: str, said: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "map").write_text(wrong)
    outcome = run("redirects", "build", "--map", tmp_path / "map", "--out", tmp_path / "new")
    assert (outcome.status, (tmp_path / "new").exists()) == (3, False)
    assert f"{tmp_path / 'map'}:1: not a redirect: {said}" in outcome.err
    assert "Error" not in outcome.err
