"""The ledger is proven by code that shares no counter with it: each is broken here on purpose, and the run fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl import pipeline
from etl.facts import Facts
from etl.load import ledger, lines, manifest
from etl.model import Ledger, OutFile
from etl.run import Run as Running
from tests.make import Outcome, Run, folder, name, page, pages

Fails = Callable[..., None]
Patch = pytest.MonkeyPatch


MEMBERS = pages(4) | {
    name(5): page("A draft", page_id=5, body=""),
    name(6): page("Old name", page_id=6, body="{REDIRECT(page=>Well number 1)}{REDIRECT}"),
    name(7): pages(1)[name(1)],
    name(8): b"{broken",
}
"""Documents, a draft, a redirect page, a duplicate and a reject."""


@pytest.fixture
def migrate(tmp_path: Path, run: Run) -> Callable[..., Outcome]:
    """A run over the members; arguments are those that it has besides."""
    source = folder(tmp_path / "wiki", MEMBERS)
    return lambda *more: run("migrate", source, "--out", tmp_path / "out", "--changes", "--max-rejects", "50%", *more)


@pytest.fixture
def fails(migrate: Callable[..., Outcome], tmp_path: Path) -> Callable[..., None]:
    """``fails(reason, *arguments)``: the run ends with status 4 and says why; nothing is published, nothing is left."""

    def check(reason: str, *more: str) -> None:
        outcome = migrate(*more)
        assert outcome.status == 4, outcome.err
        assert "LedgerFault" in outcome.err
        assert reason in outcome.err
        assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]

    return check


def test_the_undisturbed_run_balances(migrate: Callable[[], Outcome]) -> None:
    outcome = migrate()
    assert outcome.status == 1
    assert "= 4 documents + 1 withheld + 1 redirect pages + 1 duplicates + 1 rejects" in outcome.err


def test_files_of_many_blocks_balance(migrate: Callable[..., Outcome], monkeypatch: Patch) -> None:
    for module in (ledger, lines):
        monkeypatch.setattr(module, "BLOCK", 64)
    assert migrate("--jobs", "2").status == 1


def test_more_members_than_are_noted_at_once_are_all_there(tmp_path: Path, run: Run) -> None:
    source = folder(tmp_path / "wiki", {**pages(1), **{f"{number}.txt": b"x" for number in range(1001)}})
    outcome = run("migrate", source, "--out", tmp_path / "out", "--max-rejects", "100%", "--jobs", "1")
    assert "1,002 members came in" in outcome.err
    assert "1 documents + 0 withheld + 0 redirect pages + 0 duplicates + 1,001 rejects" in outcome.err


def test_unknown_front_matter_is_not_taken_for_the_source_of_a_document(tmp_path: Path, run: Run) -> None:
    extra: dict[str, Any] = {
        "source": {"bundle": "other", "member": "other"},
        "x": '"source":{"bundle":"other","member":"other"}',
    }
    source = folder(tmp_path / "wiki", {name(1): page("A page", page_id=1, **extra)})
    assert run("migrate", source, "--out", tmp_path / "out").status == 0


# --- what is counted -----------------------------------------------------------------------


@pytest.mark.parametrize("by", [-1, 1])
@pytest.mark.parametrize("counter", Ledger.model_fields)
def test_a_wrong_counter_of_the_ledger_fails_the_run(counter: str, by: int, fails: Fails, monkeypatch: Patch) -> None:
    def miscounted(*arguments: Any) -> Ledger:
        true = ledger.balance(*arguments)
        return true.model_copy(update={counter: getattr(true, counter) + by})

    monkeypatch.setattr(pipeline, "balance", miscounted)
    fails("ledger of the manifest")


@pytest.mark.parametrize(("counter", "key"), [("findings", "member.duplicate"), ("changes", "blanks")])
def test_a_wrong_count_of_findings_or_changes_fails_the_run(
    counter: str, key: str, fails: Fails, monkeypatch: Patch
) -> None:
    plain = pipeline.finish

    def miscounted(running: Running, *arguments: Any) -> None:
        getattr(running, counter)[key] += 1
        plain(running, *arguments)

    monkeypatch.setattr(pipeline, "finish", miscounted)
    fails(f"{counter} of the manifest")


@pytest.mark.parametrize("column", ["bytes", "lines", "sha256"])
@pytest.mark.parametrize("file", ["documents.jsonl", "withheld.jsonl", "rejects.jsonl", "findings.jsonl"])
def test_what_the_manifest_says_wrong_of_a_file_fails_the_run(
    file: str, column: str, fails: Fails, monkeypatch: Patch
) -> None:
    wrong: dict[str, object] = {"bytes": 7, "lines": 7, "sha256": "7" * 64}
    plain = manifest.describe

    def misdescribed(path: Path) -> list[OutFile]:
        return [one.model_copy(update={column: wrong[column]}) if one.name == file else one for one in plain(path)]

    monkeypatch.setattr(pipeline, "describe", misdescribed)
    fails("members came in" if column == "lines" and file != "findings.jsonl" else file)


def test_a_file_that_the_manifest_does_not_name_fails_the_run(fails: Fails, monkeypatch: Patch) -> None:
    plain = manifest.describe
    monkeypatch.setattr(pipeline, "describe", lambda path: plain(path)[1:])
    fails("files of the manifest")


# --- what is there -------------------------------------------------------------------------


def test_an_entry_that_gets_lost_behind_the_index_fails_the_run(fails: Fails, monkeypatch: Patch) -> None:
    plain = Facts.order_members

    def forgetful(facts: Facts, *arguments: Any, **named: Any) -> int:
        facts.db.execute("DELETE FROM entry WHERE rowid = 2")
        return plain(facts, *arguments, **named)

    monkeypatch.setattr(Facts, "order_members", forgetful)
    fails("ledger of the manifest")


def join_carelessly(monkeypatch: Patch, file: str, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """When parts are joined, the lines of a file are changed."""
    plain = lines.append_file

    def careless(part: Path, whole: Path) -> None:
        if whole.stem == file:
            part.write_bytes(b"".join(change(part.read_bytes().splitlines(keepends=True))))
        plain(part, whole)

    monkeypatch.setattr(lines, "append_file", careless)


@pytest.mark.parametrize("file", ["documents", "withheld", "rejects"])
@pytest.mark.parametrize("times", [0, 2])
def test_a_line_that_is_lost_or_doubled_when_parts_are_joined_fails_the_run(
    times: int, file: str, fails: Fails, monkeypatch: Patch
) -> None:
    join_carelessly(monkeypatch, file, lambda part: [part[0] * times, *part[1:]])
    fails("members came in", "--jobs", "2")


def test_one_member_twice_in_place_of_another_fails_the_run_though_every_count_is_right(
    fails: Fails, monkeypatch: Patch
) -> None:
    join_carelessly(monkeypatch, "documents", lambda part: [part[0], part[0], *part[2:]])
    fails(f"{name(1)} is in 2 places, wiki/{name(2)} is in 0 places", "--jobs", "2")


@pytest.mark.parametrize("outcome", ["redirect", "duplicate"])
def test_a_member_that_is_called_what_it_is_not_fails_the_run(outcome: str, fails: Fails, monkeypatch: Patch) -> None:
    """Its line is in a file, and the facts file counts it elsewhere."""
    plain = pipeline.finish

    def wrong(running: Running, facts: Facts, made: Path) -> None:
        facts.db.execute("UPDATE fact SET outcome = ? WHERE ord = 0", (outcome,))
        plain(running, facts, made)

    monkeypatch.setattr(pipeline, "finish", wrong)
    fails("members came in")


@pytest.mark.parametrize("number", [6, 7])
def test_a_finding_that_names_another_member_than_the_one_without_a_line_fails_the_run(
    number: int, fails: Fails, monkeypatch: Patch
) -> None:
    taken, other = name(number).encode(), name(1).encode()
    changed = [b"member.duplicate", b"member.redirect"]

    def change(part: list[bytes]) -> list[bytes]:
        return [line.replace(taken, other) if any(code in line for code in changed) else line for line in part]

    join_carelessly(monkeypatch, "findings", change)
    fails(f"{name(1)} is in 2 places, wiki/{name(number)} is in 0 places", "--jobs", "2")


def test_a_finding_that_is_not_written_fails_the_run(fails: Fails, monkeypatch: Patch) -> None:
    join_carelessly(monkeypatch, "findings", lambda part: part[1:])
    fails("of the manifest", "--jobs", "2")
