"""The catalogue is closed and alive: each code happens in a case or in a test that is named here, and no other does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.findings import CATALOGUE, SEVERITY
from tests.make import ROOT, SAMPLE, Outcome, codes, folder, lines, name, page

CASES = ROOT / "tests" / "cases"
ELSEWHERE = {
    # entries of archives and folders that no repository can hold
    "member.refused": "test_bad_input.py",
    "member.unreadable": "test_bad_input.py",
    "member.deadly": "test_deaths.py",
    # our own faults, and a name longer than the files of a server can hold: below
    "text.lost": "test_catalogue.py",
    "text.added": "test_catalogue.py",
    "redirect.unsupported": "test_catalogue.py",
    # what a generation before says
    "slug.kept": "test_previous.py",
    "address.lost": "test_previous.py",
    # two settings that do not go together
    "term.shared-path": "test_resolve.py",
    # faults of other people's files: what `validate` finds in them
    "bundle.empty": "test_validate.py",
    "line.invalid": "test_validate.py",
    "schema.mismatch": "test_validate.py",
    "digest.mismatch": "test_validate.py",
    "value.repeated": "test_validate.py",
    "map.unsorted": "test_validate.py",
    "target.missing": "test_validate.py",
    "target.chained": "test_validate.py",
    "aliases.mismatch": "test_validate.py",
    "file.mismatch": "test_validate.py",
    "file.missing": "test_validate.py",
    "file.unlisted": "test_validate.py",
    "ledger.mismatch": "test_validate.py",
}
IN_CASES = {finding["code"]: path for path in sorted(CASES.glob("*/out/findings.jsonl")) for finding in lines(path)}


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_happens_in_a_case_or_is_tested_elsewhere(code: str) -> None:
    if code in ELSEWHERE:
        assert f'"{code}"' in (ROOT / "tests" / ELSEWHERE[code]).read_text("utf-8")
        return
    assert code in IN_CASES


def test_no_code_is_named_that_the_catalogue_does_not_have() -> None:
    assert (ELSEWHERE.keys() | IN_CASES.keys()) <= CATALOGUE.keys()
    assert not ELSEWHERE.keys() & IN_CASES.keys()


def test_a_code_is_a_thing_and_its_state_with_a_severity_and_a_sentence() -> None:
    for code, (level, sentence) in CATALOGUE.items():
        assert re.fullmatch(r"[a-z-]+\.[a-z0-9-]+", code)
        assert level in ("info", "warning", "error")
        assert sentence
        assert not sentence.endswith(".")


def test_findings_of_the_cases_have_the_severity_of_their_code() -> None:
    for path in CASES.glob("*/out/findings.jsonl"):
        for finding in lines(path):
            assert finding["severity"] == SEVERITY[finding["code"]]


def test_every_reject_of_the_cases_is_an_error() -> None:
    kinds = {reject["code"] for path in CASES.glob("*/out/rejects.jsonl") for reject in lines(path)}
    assert kinds
    assert {SEVERITY[code] for code in kinds} == {"error"}


def test_words_that_leave_or_come_without_a_rule_are_errors(
    tmp_path: Path, run: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if no rule were allowed to take words away, or to bring some."""
    from etl.transform.body import edits

    for allowed in ("MAY_LOSE", "MAY_ADD", "UNBOUND"):
        monkeypatch.setattr(edits, allowed, frozenset())
    assert run("migrate", SAMPLE, "--out", tmp_path / "out", "--jobs", 1).status == 1
    assert {"text.lost", "text.added"} <= set(codes(tmp_path / "out" / "current"))
    assert {SEVERITY["text.lost"], SEVERITY["text.added"]} == {"error"}


def test_a_name_that_a_server_cannot_hold_is_named(tmp_path: Path, run: Callable[..., Outcome]) -> None:
    source = folder(tmp_path / "wiki", {name(1): page("Long " * 1000, page_id=1)})
    assert run("migrate", source, "--out", tmp_path / "out").status == 0
    assert "redirect.unsupported" in codes(tmp_path / "out" / "current")
