"""Validate: every fault is found and said where it is, in each form; and what is in order has none."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.findings import CATALOGUE, MOST_LISTED
from etl.load.manifest import describe
from etl.transform.document import digest
from etl.validate import faults, kind_of
from etl.validate.faults import MOST_ANNOTATIONS, SUMMARY_BYTES
from tests.make import (
    ROOT,
    SAMPLE,
    Outcome,
    Run,
    command,
    folder,
    lines,
    name,
    need,
    page,
    pages,
    tarred,
    wiki_etl,
    zipped,
)

WORKFLOW = ROOT / "tests" / "data" / "validate-workflow.yml"
COMMAND = re.compile(r"^::(error|warning|notice) ?(.*?)::(.*)$", re.MULTILINE)
REJECT = b'{"title": "cut off"'
OURS = list(CATALOGUE)[list(CATALOGUE).index("bundle.empty") :]
"""The codes that validate alone says."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generation of the sample with everything that a migration can write."""
    out = tmp_path_factory.mktemp("made") / "out"
    assert wiki_etl("migrate", SAMPLE, "--out", out, "--changes").status == 0
    return (out / "current").resolve()


@pytest.fixture
def generation(made: Path, tmp_path: Path) -> Path:
    """A copy of that generation, to be damaged."""
    return Path(shutil.copytree(made, tmp_path / "generation"))


@pytest.fixture(autouse=True)
def _nowhere_near_github(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("GITHUB_WORKSPACE", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(key, raising=False)


def found(run: Run, *paths: object, status: int = 1) -> dict[str, Any]:
    """The JSON form of a validation that ends with this status."""
    outcome = run("validate", "--format", "json", *paths)
    assert outcome.status == status, outcome
    report: dict[str, Any] = json.loads(outcome.out)
    assert report["status"] == status
    return report


def codes(report: dict[str, Any]) -> set[str]:
    return {fault["code"] for fault in report["faults"]}


def edit(path: Path, number: int, change: Callable[[dict[str, Any]], object], *, sealed: bool = True) -> None:
    """Change one line of a file of ours; ``sealed``: a document's digest is made anew."""
    records = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    change(records[number])
    if sealed and "digest" in records[number]:
        records[number]["digest"] = digest(records[number])
    path.write_bytes(b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records))


def reseal(generation: Path, change: Callable[[dict[str, Any]], object] = lambda manifest: None) -> None:
    """Give a generation the manifest of what it holds now, so that only its content can be faulty."""
    path = generation / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["files"] = [file.model_dump() for file in describe(generation) if file.name != "manifest.json"]
    change(manifest)
    path.write_bytes(orjson.dumps(manifest))


# --- bundles -------------------------------------------------------------------------------

FAULTS: dict[str, tuple[bytes, int | None]] = {
    "json.cut-off": (REJECT, 1),
    "json.invalid": (b'{"title": nonsense}\n', 1),
    "json.duplicate-key": (b'{\n"title": "a",\n"title": "b"}\n\nText', 3),
    "yaml.cut-off": (b"---\ntitle: a\n", 2),
    "title.missing": (page(None, page_id=9), None),
    "kind.unknown": (b"<html><p>hello", 1),
    "member.empty": (b" \n", None),
    "member.nul": (b"a\x00b", 1),
}


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize("wrap", [folder, zipped, tarred])
def test_each_kind_of_fault_is_found_with_its_member_in_every_wrapping(
    run: Run, tmp_path: Path, code: str, wrap: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    data, line = FAULTS[code]
    path = wrap(tmp_path / "wiki.zip", pages(3) | {name(9): data})
    report = found(run, path)
    fault = next(fault for fault in report["faults"] if fault["code"] == code)
    assert fault["member"] == name(9)
    assert fault["severity"] == "error"
    assert line is None or fault["line"] == line
    assert report["totals"][code] == 1
    assert report["ledger"]["rejects"] == 1


def test_a_sound_bundle_has_no_fault(run: Run, tmp_path: Path) -> None:
    report = found(run, folder(tmp_path / "wiki", pages(3)), status=0)
    assert report["faults"] == []
    assert report["ledger"]["documents"] == 3


def test_the_sample_has_warnings_which_are_faults_only_when_strict(run: Run) -> None:
    assert run("validate", SAMPLE).status == 0
    assert run("validate", "--strict", SAMPLE).status == 1


def test_what_is_only_said_is_no_fault_even_when_strict(run: Run, tmp_path: Path) -> None:
    bundle = folder(tmp_path / "wiki", pages(1, colour="green"))
    assert "info: field 'colour' is not known" in run("validate", "--verbose", bundle).out
    assert run("validate", "--strict", bundle).status == 0


def test_faults_of_the_whole_set_are_found(run: Run, tmp_path: Path) -> None:
    members = pages(3) | {name(9): page("Another well", page_id=2)}
    assert found(run, folder(tmp_path / "wiki", members))["totals"]["id.conflict"] == 1


def test_two_bundles_are_one_set_as_they_are_for_migrate(run: Run, tmp_path: Path) -> None:
    one = folder(tmp_path / "one", pages(2))
    two = folder(tmp_path / "two", {name(9): page("Another well", page_id=2)})
    report = found(run, one, two)
    assert "id.conflict" in codes(report)
    assert report["ledger"]["members"] == 3


def test_faults_come_in_the_order_of_findings_jsonl(run: Run, tmp_path: Path) -> None:
    run("migrate", SAMPLE, "--out", tmp_path / "out")
    report = json.loads(run("validate", "--format", "json", "--verbose", SAMPLE).out)
    written = lines(tmp_path / "out" / "current" / "findings.jsonl")
    assert [fault | {"action": ""} for fault in report["faults"]] == [line | {"action": ""} for line in written]


def test_no_action_speaks_of_a_file_that_validate_does_not_write(run: Run, tmp_path: Path) -> None:
    members = pages(3) | {name(8): REJECT, name(9): page("Again", page_id=2, body='{img src="p.png"}')}
    said = run("validate", folder(tmp_path / "wiki", members), "--max-rejects", "9", "--format", "json").out
    assert ".jsonl" not in said
    actions = {fault["code"]: fault["action"] for fault in json.loads(said)["faults"]}
    assert actions["json.cut-off"] == "the member was left out"
    assert actions["id.conflict"] == f"{name(2)} stays"


def test_who_did_not_get_a_slug_or_an_address_is_told_where_it_asks_for_it(run: Run, tmp_path: Path) -> None:
    members = {
        name(1): page("Deep wells", slug="wells", aliases=["/Old+well"], tiki_page_id=1),
        name(2): page("Other wells", slug="wells", aliases=["/Old+well"], tiki_page_id=2),
        name(3): page("Again", body="(redirect(Deep wells))", slug="third", aliases=["/Old+well"], tiki_page_id=3),
    }
    report = found(run, folder(tmp_path / "wiki", members), status=0)
    places = {(fault["code"], fault["member"], fault["line"], fault["column"]) for fault in report["faults"]}
    assert {("slug.taken", name(2), 3, 13), ("address.conflict", name(2), 4, 16)} <= places
    assert all(line for _code, _member, line, _column in places)


def test_more_rejects_than_a_migration_allows_end_with_5_and_every_fault(run: Run, tmp_path: Path) -> None:
    path = folder(tmp_path / "wiki", pages(3) | {name(8): REJECT, name(9): REJECT + b" "})
    report = found(run, path, status=5)
    assert report["totals"]["json.cut-off"] == 2
    assert "2 of 5 members" in report["refused"]
    assert run("validate", "--max-rejects", "2", path).status == 1


def test_a_loss_of_documents_is_refused_when_the_current_generation_is_named(run: Run, tmp_path: Path) -> None:
    run("migrate", folder(tmp_path / "old", pages(9)), "--out", tmp_path / "out")
    new = folder(tmp_path / "new", pages(5))
    assert run("validate", new).status == 0
    assert run("validate", new, "--out", tmp_path / "out").status == 5


def test_what_the_released_generation_answered_is_known_where_it_is_named(run: Run, tmp_path: Path) -> None:
    """As in the migration to come: an address is lost, and a link to the name that a page had is no dangling one."""
    link = page("Home", body="[wells](/Old+wells)", page_id=3)
    old = {name(1): page("Old wells", page_id=1), name(2): page("Mud", page_id=2), name(3): link}
    run("migrate", folder(tmp_path / "old", old), "--out", tmp_path / "out")
    run("release", "--out", tmp_path / "out")
    new = folder(tmp_path / "new", {name(1): page("Deep wells", page_id=1), name(3): link})
    assert found(run, new, status=0)["totals"] == {"link.dangling": 1}
    known = found(run, new, "--out", tmp_path / "out", "--max-shrink", "50%", status=1)
    assert known["totals"] == {"address.lost": 1}


def test_a_folder_without_a_generation_to_compare_with_is_told(tmp_path: Path, run: Run) -> None:
    source = folder(tmp_path / "wiki", pages(2))
    said = f"{tmp_path / 'owt'} has no current generation: max_shrink is held against nothing"
    assert f"WARNING: {said}" in run("validate", source, "--out", tmp_path / "owt").out
    assert found(run, source, "--out", tmp_path / "owt", status=0)["warnings"] == [said]
    assert found(run, source, status=0)["warnings"] == []


def test_what_a_refused_run_left_is_no_generation(tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out"
    run("migrate", folder(tmp_path / "wiki", pages(2)), "--out", out, "--dry-run")
    outcome = run("validate", out / "refused")
    assert (outcome.status, outcome.out) == (2, "")
    assert f"no generation; read {out / 'refused' / 'findings.jsonl'}" in outcome.err
    assert run("validate", out / "refused" / "findings.jsonl").status == 0


def test_no_member_at_all_is_a_fault_also_beside_a_sound_bundle(run: Run, tmp_path: Path) -> None:
    empty = folder(tmp_path / "empty", {})
    assert codes(found(run, empty, status=5)) == {"bundle.empty"}
    sound = folder(tmp_path / "sound", pages(2))
    assert codes(found(run, empty, sound)) == {"bundle.empty"}


def test_a_folder_that_holds_nothing_but_an_archive_is_not_empty(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = folder(tmp_path / "outer", {})
    zipped(outer / "wiki.zip", pages(2))
    monkeypatch.chdir(outer)
    for source in (outer, ".", f"../{outer.name}/"):
        assert found(run, source, status=0)["faults"] == []


def test_a_working_directory_without_a_member_is_empty_beside_a_sound_bundle(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder(tmp_path / "empty", {}))
    folder(tmp_path / "sound", pages(2))
    assert codes(found(run, ".", "../sound")) == {"bundle.empty"}


def test_a_source_that_is_missing_is_trouble(run: Run, tmp_path: Path) -> None:
    for form in ("text", "json", "github"):
        assert run("validate", "--format", form, tmp_path / "nothing").status == 3
        outcome = run("validate", "--format", form, "--baseline", tmp_path / "nothing", folder(tmp_path / form, {}))
        assert outcome.status == 3
        assert outcome.out.startswith("::error title=wiki-etl validate::") == (form == "github")


def test_a_source_that_is_cut_off_is_trouble_and_its_faults_are_still_said(run: Run, tmp_path: Path) -> None:
    whole = tarred(tmp_path / "wiki.tar", {name(1): REJECT, **{name(n): page(f"Well {n}") for n in range(2, 9)}})
    whole.write_bytes(whole.read_bytes()[:9000])
    report = found(run, whole, status=3)
    assert "json.cut-off" in codes(report)
    assert report["trouble"]


def test_nothing_is_written_beside_the_source_or_into_the_working_directory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "wiki", pages(2))
    before = sorted(tmp_path.rglob("*"))
    run("validate", "wiki")
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unknown_setting_is_status_2(run: Run, tmp_path: Path) -> None:
    path = folder(tmp_path / "wiki", pages(2))
    (path / "wiki-etl.toml").write_text('colour = "blue"\n')
    assert run("validate", path).status == 2


@pytest.mark.parametrize("form", ["findings.jsonl", "json"])
def test_what_a_baseline_knows_is_counted_and_no_fault(form: str, run: Run, tmp_path: Path) -> None:
    path = folder(tmp_path / "wiki", pages(3) | {name(8): REJECT})
    baseline = tmp_path / "baseline"
    if form == "json":
        baseline.write_text(run("validate", "--format", "json", path).out)
    else:
        run("migrate", path, "--out", tmp_path / "out")
        shutil.copy(tmp_path / "out" / "current" / "findings.jsonl", baseline)
    report = found(run, "--baseline", baseline, path, status=0)
    assert (report["faults"], report["totals"], report["known"]) == ([], {}, 1)
    folder(path, {f"900_{8:016x}.txt": REJECT, name(9): b"<html>"})
    (path / name(8)).unlink()  # the same member under another name
    report = found(run, "--baseline", baseline, "--max-rejects", "2", path)
    assert (codes(report), report["totals"]["kind.unknown"], report["known"]) == ({"kind.unknown"}, 1, 1)
    assert "1 finding of before" in run("validate", "--baseline", baseline, "--max-rejects", "2", path).out


def test_a_baseline_without_findings_knows_nothing_and_another_file_is_none(run: Run, tmp_path: Path) -> None:
    path = folder(tmp_path / "wiki", pages(3) | {name(8): REJECT})
    (tmp_path / "empty").touch()
    (tmp_path / "sound").write_text(run("validate", "--format", "json", folder(tmp_path / "sane", pages(2))).out)
    for baseline in ("empty", "sound"):
        assert found(run, "--baseline", tmp_path / baseline, path)["known"] == 0
    os.mkfifo(tmp_path / "pipe")  # as a shell gives what another command writes
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[b"a"], daemon=True)
    writer.start()
    for other in (path / name(1), tmp_path / "pipe"):
        outcome = run("validate", "--baseline", other, path)
        assert (outcome.status, outcome.out) == (2, "")
        assert "neither a findings.jsonl" in outcome.err
    writer.join()
    assert run("validate", "--baseline", tmp_path / "nothing", path).status == 3


# --- kinds of paths ------------------------------------------------------------------------


def test_what_a_path_is_shows_from_what_is_there(made: Path, tmp_path: Path) -> None:
    other = shutil.copy(made / "documents.jsonl", tmp_path / "other.data")
    a_map = shutil.copy(made / "redirects.jsonl", tmp_path / "map")
    bundle = folder(
        tmp_path / "wiki",
        pages(1) | {"manifest.json": b'{"title": "no manifest of ours"}', "about.txt": b"wiki-etl 1.0"},
    )
    kinds = {
        "-": "bundle",
        "https://wiki.example/export.zip": "bundle",
        str(bundle): "bundle",
        str(bundle / name(1)): "bundle",
        str(bundle / "manifest.json"): "bundle",
        str(bundle / "about.txt"): "bundle",
        str(made): "generation",
        str(made.parent.parent): "generation",
        str(made.parent.parent / "current"): "generation",
        str(made / "documents.jsonl"): "document",
        str(made / "withheld.jsonl"): "document",
        str(made / "redirects.jsonl"): "redirect",
        str(other): "document",
        str(a_map): "redirect",
    }
    assert {path: kind_of(path) for path in kinds} == kinds


def test_a_generation_and_each_of_its_files_of_lines_is_in_order(run: Run, made: Path) -> None:
    paths = [made, made.parent.parent / "current", *made.glob("*.jsonl")]
    for path in paths:
        assert found(run, path, status=0)["faults"] == [], path


def test_the_path_of_a_withheld_document_may_be_gone(run: Run, tmp_path: Path) -> None:
    source = folder(tmp_path / "wiki", pages(2) | {name(3): page("A stub", page_id=3, body="")})
    (source / "wiki-etl.toml").write_text('gone = ["/pages/page-3-slug"]\n')
    assert run("migrate", source, "--out", tmp_path / "out").status == 0
    gone = [line["value"] for line in lines(tmp_path / "out" / "current" / "redirects.jsonl") if line["why"] == "gone"]
    assert gone == ["/pages/page-3-slug"]
    assert found(run, tmp_path / "out" / "current", status=0)["faults"] == []


def test_a_legacy_base_is_understood_without_its_settings(run: Run, tmp_path: Path) -> None:
    path = folder(tmp_path / "wiki", pages(3))
    (path / "wiki-etl.toml").write_text('legacy_base = "/old/wiki"\n')
    run("migrate", path, "--out", tmp_path / "out")
    documents = lines(tmp_path / "out" / "current" / "documents.jsonl")
    assert any(alias.startswith("/old/wiki/") for alias in documents[0]["aliases"])
    assert found(run, tmp_path / "out" / "current", status=0)["faults"] == []


def damages(path: Path, data: bytes) -> Iterator[bytes]:
    """One byte flipped at each of some places; nothing seals the manifest, so where its files contradict it.

    Of what is compiled for a server nothing but its digest is looked at: one place is as good as any.
    """
    places = {0, len(data) // 3, len(data) // 2, len(data) - 2, len(data) - 1} & set(range(len(data)))
    if "redirects" in path.parts:
        places &= {len(data) // 2}
    if path.name == "manifest.json":
        places = {0, data.index(b'"members"') + 11, data.rindex(b'"sha256"') + 14, len(data) - 2}
    for at in sorted(places):
        yield data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]


def test_one_flipped_byte_of_any_file_of_a_generation_is_found(run: Run, generation: Path) -> None:
    for path in sorted(path for path in generation.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        for data in damages(path, whole):
            path.write_bytes(data)
            said = found(run, generation)["faults"]
            shown = str(path)
            assert any(fault["member"] == shown or path.name == "manifest.json" for fault in said), (path, said)
        path.write_bytes(whole)
    assert found(run, generation, status=0)["faults"] == []


def test_a_byte_that_is_no_text_is_where_it_is(run: Run, generation: Path) -> None:
    path = generation / "redirects.jsonl"
    parts = path.read_bytes().splitlines(keepends=True)
    parts[2] = parts[2][:40] + b"\xff" + parts[2][41:]
    path.write_bytes(b"".join(parts))
    column = len(parts[2][:40].decode()) + 1
    for shown in (generation, path):
        faults = [fault for fault in found(run, shown)["faults"] if fault["code"] == "line.invalid"]
        assert [(fault["line"], fault["column"], fault["message"]) for fault in faults] == [
            (3, column, "not UTF-8: byte 0xFF")
        ]


def test_a_manifest_alone_is_held_against_its_schema_and_its_sums(run: Run, generation: Path) -> None:
    path = generation / "manifest.json"
    assert kind_of(str(path)) == "manifest"
    assert found(run, path, status=0)["ledger"]["members"] > 0
    whole = path.read_bytes()
    for damage, code in (
        (whole.replace(b'"members": ', b'"members": 1', 1), "ledger.mismatch"),
        (whole.replace(b'"ledger"', b'"ledgers"'), "schema.mismatch"),
        (whole.replace(b'"assets.jsonl"', b'"terms.jsonl"'), "value.repeated"),
        (whole[:-9], "schema.mismatch"),
    ):
        path.write_bytes(damage)
        assert codes(found(run, path)) == {code}


def test_a_file_that_is_missing_and_one_that_is_too_many_are_found(run: Run, generation: Path) -> None:
    for file in ("terms.jsonl", "changes.jsonl", "redirects/nginx/README.md"):
        (generation / file).unlink()
    (generation / "redirects" / "extra.conf").write_text("")
    said = found(run, generation)
    assert sorted((fault["code"], Path(fault["member"]).name) for fault in said["faults"]) == [
        ("file.missing", "README.md"),
        ("file.missing", "changes.jsonl"),
        ("file.missing", "terms.jsonl"),
        ("file.unlisted", "extra.conf"),
    ]


def test_a_generation_without_its_manifest_or_its_documents_is_still_one(run: Run, generation: Path) -> None:
    (generation / "documents.jsonl").unlink()
    assert "file.missing" in codes(found(run, generation))
    shutil.copy(generation / "withheld.jsonl", generation / "documents.jsonl")
    (generation / "manifest.json").unlink()
    assert "file.missing" in codes(found(run, generation))


def first(field: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.update({field: value})


def same_as_first(path: Path, field: str) -> Callable[[dict[str, Any]], None]:
    return first(field, orjson.loads(path.read_bytes().splitlines()[0])[field])


def repeat(path: Path) -> None:
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[0])


def swap(path: Path) -> None:
    parts = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([parts[1], parts[0], *parts[2:]]))


def unlink_target(record: dict[str, Any]) -> None:
    record["links"].append({"href": "/x", "kind": "page", "state": "ok", "target": "tiki-999999"})


CONTENT: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a line that is no JSON": (
        "documents.jsonl",
        lambda p: p.write_bytes(p.read_bytes() + b'{"id": \n'),
        "line.invalid",
    ),
    "a line that is no object": ("terms.jsonl", lambda p: p.write_bytes(p.read_bytes() + b"[]\n"), "line.invalid"),
    "a blank line": ("redirects.jsonl", lambda p: p.write_bytes(b"\n" + p.read_bytes()), "line.invalid"),
    "a line without its end": ("redirects.jsonl", lambda p: p.write_bytes(p.read_bytes()[:-1]), "line.invalid"),
    "a key that is there twice": (
        "redirects.jsonl",
        lambda p: p.write_bytes(p.read_bytes().replace(b'"status":301', b'"status":410,"status":301', 1)),
        "line.invalid",
    ),
    "a key too many": ("documents.jsonl", lambda p: edit(p, 0, first("colour", 1)), "schema.mismatch"),
    "a slug of another form": ("documents.jsonl", lambda p: edit(p, 0, first("slug", "A B")), "schema.mismatch"),
    "keys in another order": (
        "documents.jsonl",
        lambda p: edit(p, 0, lambda record: record.update(id=record.pop("id"))),
        "schema.mismatch",
    ),
    "a finding of no severity": ("findings.jsonl", lambda p: edit(p, 0, first("severity", "grave")), "schema.mismatch"),
    "a changed title": ("documents.jsonl", lambda p: edit(p, 0, first("title", "x"), sealed=False), "digest.mismatch"),
    "a document that is nested deeper than any can be": (
        "documents.jsonl",
        lambda p: p.write_bytes(
            p.read_bytes().replace(b'"extra":{}', b'"extra":{"x":%s}' % (b"[" * 300 + b"]" * 300), 1)
        ),
        "digest.mismatch",
    ),
    "a document twice": ("documents.jsonl", repeat, "value.repeated"),
    "an id twice": ("documents.jsonl", lambda p: edit(p, 1, same_as_first(p, "id")), "value.repeated"),
    "a slug twice": ("documents.jsonl", lambda p: edit(p, 1, same_as_first(p, "slug")), "value.repeated"),
    "a path twice": ("documents.jsonl", lambda p: edit(p, 1, same_as_first(p, "path")), "value.repeated"),
    "an address twice": ("redirects.jsonl", repeat, "value.repeated"),
    "a map out of order": ("redirects.jsonl", swap, "map.unsorted"),
    "an address that is the home page": (
        "redirects.jsonl",
        lambda p: edit(p, -1, first("value", "/")),
        "address.refused",
    ),
    "a target that is no document": (
        "redirects.jsonl",
        lambda p: edit(p, 0, first("target", "/no/")),
        "target.missing",
    ),
    "a status without its target": ("redirects.jsonl", lambda p: edit(p, 0, first("target", None)), "target.missing"),
    "a link to no document": ("documents.jsonl", lambda p: edit(p, 0, unlink_target), "target.missing"),
    "an address that is a document's path": (
        "redirects.jsonl",
        lambda p: edit(p, -1, lambda record: record.update(kind="path", value=record["target"].rstrip("/"))),
        "target.chained",
    ),
    "an alias that is not in the map": (
        "documents.jsonl",
        lambda p: edit(p, 0, first("aliases", ["/x"])),
        "aliases.mismatch",
    ),
    "an address that is no alias": ("documents.jsonl", lambda p: edit(p, 0, first("aliases", [])), "aliases.mismatch"),
    "no document": ("documents.jsonl", lambda p: p.write_bytes(b""), "bundle.empty"),
}


@pytest.mark.parametrize("what", CONTENT)
def test_faulty_content_is_found_where_the_manifest_agrees_with_it(run: Run, generation: Path, what: str) -> None:
    file, damage, code = CONTENT[what]
    damage(generation / file)
    reseal(generation)
    said = [fault for fault in found(run, generation)["faults"] if fault["code"] == code]
    assert any(fault["member"] == str(generation / file) for fault in said) or code == "aliases.mismatch"
    assert code == "bundle.empty" or all(fault["line"] for fault in said), said


ALONE = [
    "line.invalid",
    "schema.mismatch",
    "digest.mismatch",
    "value.repeated",
    "map.unsorted",
    "address.refused",
    "bundle.empty",
]


@pytest.mark.parametrize("what", [what for what, (_, _, code) in CONTENT.items() if code in ALONE])
def test_faulty_content_of_one_file_is_found_without_its_generation(run: Run, generation: Path, what: str) -> None:
    file, damage, code = CONTENT[what]
    damage(generation / file)
    assert code in codes(found(run, generation / file))


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("documents.jsonl", {"links": ["x", None], "aliases": [{}, 5]}),
        ("redirects.jsonl", {"value": 5}),
        ("redirects.jsonl", {"kind": "folder"}),
    ],
)
def test_values_of_another_type_break_their_schema_and_no_check(
    file: str, values: dict[str, Any], run: Run, generation: Path
) -> None:
    edit(generation / file, 1, lambda record: record.update(values))
    assert codes(found(run, generation / file)) == {"schema.mismatch"}


def test_a_target_that_is_an_address_is_found_in_a_map_alone(run: Run, tmp_path: Path) -> None:
    entry = {"kind": "path", "value": "/a", "target": "/pages/b/", "status": 301, "why": "slug", "document": "tiki-1"}
    chained = entry | {"value": "/pages/b", "target": "/pages/c/"}
    path = tmp_path / "redirects.jsonl"
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in (entry, chained)))
    fault = found(run, path)["faults"][0]
    assert (fault["code"], fault["line"], fault["field"]) == ("target.chained", 2, "value")


LEDGER: dict[str, Callable[[dict[str, Any]], object]] = {
    "ledger.members": lambda manifest: manifest["ledger"].update(members=99),
    "ledger.documents": lambda manifest: manifest["ledger"].update(documents=13, withheld=3),
    "ledger.rejects": lambda manifest: manifest["ledger"].update(rejects=1, duplicates=0),
    "inputs": lambda manifest: manifest["inputs"][0].update(members=17),
    "findings.slug.taken": lambda manifest: manifest["findings"].update({"slug.taken": 5}),
    "findings.text.lost": lambda manifest: manifest["findings"].update({"text.lost": 1}),
    "changes.box": lambda manifest: manifest["changes"].update(box=99),
    "changes.anchor": lambda manifest: manifest["changes"].pop("anchor"),
}


@pytest.mark.parametrize("field", LEDGER)
def test_a_count_of_the_manifest_that_its_files_contradict_is_found(run: Run, generation: Path, field: str) -> None:
    reseal(generation, LEDGER[field])
    said = found(run, generation)["faults"]
    assert {fault["code"] for fault in said} == {"ledger.mismatch"}
    assert field in {fault["field"] for fault in said}


def test_every_code_that_validate_alone_says_happens_here() -> None:
    tested = {code for _, _, code in CONTENT.values()}
    assert set(OURS) <= tested | {"ledger.mismatch", "file.missing", "file.unlisted", "file.mismatch"}


def test_a_file_of_documents_without_a_line_is_a_fault_and_a_map_of_abstracts_has_none(
    run: Run, tmp_path: Path
) -> None:
    for file, status in (("documents.jsonl", 1), ("redirects.jsonl", 0), ("withheld.jsonl", 0), ("findings.jsonl", 0)):
        (tmp_path / file).write_bytes(b"")
        assert run("validate", tmp_path / file).status == status, file


def test_a_line_beyond_all_bounds_is_passed_over_and_the_next_one_read(run: Run, made: Path, tmp_path: Path) -> None:
    (tmp_path / "wiki-etl.toml").write_text("max_member_bytes = 1024\n")
    sound = (made / "redirects.jsonl").read_bytes()
    (tmp_path / "redirects.jsonl").write_bytes(b" " * 8192 * 3 + b"\n" + sound)
    said = found(run, tmp_path / "redirects.jsonl")["faults"]
    assert [(fault["code"], fault["line"]) for fault in said] == [("line.invalid", 1)]


# --- forms ---------------------------------------------------------------------------------


def test_text_says_path_line_column_severity_message_and_code(run: Run, tmp_path: Path) -> None:
    path = folder(tmp_path / "wiki", {f"deep/{key}": data for key, data in (pages(3) | {name(9): REJECT}).items()})
    said = run("validate", path).out.splitlines()
    assert re.fullmatch(rf"{re.escape(str(path))}/deep/{name(9)}:1:\d+: error: .+ \[json\.cut-off\]", said[0])
    assert said[-1] == "1 error, 0 warnings: faults"
    assert "4 members = 3 documents + 1 rejects" in said


def test_text_names_bundle_and_member_of_an_archive(run: Run, tmp_path: Path) -> None:
    path = zipped(tmp_path / "wiki.zip", pages(3) | {name(9): REJECT})
    assert run("validate", path).out.startswith(f"wiki/{name(9)}:1:")


def test_a_member_that_is_a_source_by_itself_is_named_as_it_was_given(run: Run, tmp_path: Path) -> None:
    member = tmp_path / name(1)
    member.write_bytes(REJECT)
    assert run("validate", member).out.startswith(f"{member}:1:20: error: ")


def test_text_lists_infos_only_when_asked_and_counts_them_always(run: Run) -> None:
    few, all_ = run("validate", SAMPLE).out, run("validate", "-v", SAMPLE).out
    assert ": info: " not in few
    assert ": info: " in all_
    assert re.search(r"^info +\d+ +slug\.elided", few, re.MULTILINE)


def test_quiet_text_says_only_what_makes_the_status(run: Run, tmp_path: Path) -> None:
    assert run("validate", "-q", SAMPLE).out == ""
    path = folder(tmp_path / "wiki", pages(3) | {name(9): REJECT})
    assert len(run("validate", "-q", path).out.splitlines()) == 1
    refused = run("validate", "-q", path, "--max-rejects", "0")
    last = refused.out.splitlines()[1:]
    assert (refused.status, last) == (5, ["REFUSED: 1 of 4 members are rejects, more than --max-rejects 0 allows"])
    part = tarred(tmp_path / "part.tar", pages(9))
    part.write_bytes(part.read_bytes()[:6000])
    cut = run("validate", "-q", part)
    assert (cut.status, cut.out.count("\n"), cut.out.startswith("TROUBLE: ")) == (3, 1, True)
    assert run("validate", "--format", "github", part).out.startswith("::error title=trouble::")


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """A bundle with more faults of one code than a listing shows."""
    members = pages(3) | {name(n): REJECT + b" " * n for n in range(10, 10 + MOST_LISTED + 20)}
    return folder(tmp_path / "wiki", members | {name(5): b" ", name(6): b"\n"})


def test_a_long_listing_is_cut_and_its_totals_are_not(run: Run, crowded: Path) -> None:
    said = run("validate", crowded).out
    assert said.count("[json.cut-off]") == MOST_LISTED + 1
    assert "… and 20 more [json.cut-off]" in said
    assert re.search(rf"^error +{MOST_LISTED + 20} +json\.cut-off", said, re.MULTILINE)


def test_a_listing_that_just_fits_says_of_no_more(run: Run, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "MOST_LISTED", 2)
    folder(bundle, {name(5): b" ", name(6): b"\n"})
    said = run("validate", bundle).out
    assert said.count(" [member.empty]") == 2
    assert "more [" not in said


def test_json_holds_every_fault_of_a_long_listing(run: Run, crowded: Path) -> None:
    report = found(run, crowded, status=5)
    assert len(report["faults"]) == sum(report["totals"].values()) == MOST_LISTED + 22


def test_github_gets_no_more_annotations_than_it_keeps_and_some_of_each_code(run: Run, crowded: Path) -> None:
    outcome = run("validate", "--format", "github", crowded)
    said = COMMAND.findall(outcome.out)
    assert [kind for kind, _, _ in said].count("error") == MOST_ANNOTATIONS
    assert sum("title=member.empty" in properties for _, properties, _ in said) == 2
    assert said[0][1] == "title=refused"
    assert re.search(rf"::group::totals\n(.*\n)*error +{MOST_LISTED + 20} +json\.cut-off", outcome.out)
    assert re.findall(r"^::(?:end)?group::", outcome.out, re.MULTILINE) == ["::group::", "::endgroup::"] * 2
    assert outcome.status == 5


def test_junit_has_a_case_for_each_code_and_one_for_the_run(run: Run, crowded: Path) -> None:
    outcome = run("validate", "--format", "junit", crowded)
    suite = ET.fromstring(outcome.out).find("testsuite")
    assert suite is not None
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert list(cases) == ["run", *CATALOGUE]
    failed = {code: failure for code, case in cases.items() if (failure := case.find("failure")) is not None}
    totals = orjson.loads(run("validate", "--format", "json", crowded).out)["totals"]
    assert set(failed) == {"run", *(code for code in totals if CATALOGUE[code][0] == "error")}
    assert (suite.get("tests"), suite.get("failures")) == (str(len(cases)), str(len(failed)))
    text = run("validate", crowded).out.splitlines()
    cut_off, whole = failed["json.cut-off"], failed["run"]
    listed = [line for line in text if line.endswith(" [json.cut-off]")][:MOST_LISTED]
    assert (cut_off.text or "").splitlines() == [*listed, "… and 20 more"]
    assert cut_off.get("message") == f"{MOST_LISTED + 20}: {CATALOGUE['json.cut-off'][1]}"
    assert whole.get("message") == whole.text
    assert whole.text in text
    assert outcome.status == 5


@pytest.mark.parametrize(("flags", "failures"), [([], "0"), (["--strict"], "2")])
def test_a_case_of_junit_fails_for_warnings_only_when_they_are_faults(
    flags: list[str], failures: str, run: Run, tmp_path: Path
) -> None:
    path = folder(tmp_path / "wiki", {name(1): page(body="[Gone](/posts/nowhere)")})
    suite = ET.fromstring(run("validate", "--format", "junit", path, *flags).out).find("testsuite")
    assert suite is not None
    assert suite.get("failures") == failures
    (said,) = suite.findall("testcase[@name='link.dangling']/*")
    assert said.tag == ("failure" if flags else "system-out")
    assert (said.text or "").endswith("[link.dangling]")


def test_github_annotations_land_on_files_of_the_repository(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(
        tmp_path / "repo/exports/wiki",
        {f"deep/{key}": data for key, data in pages(3).items()} | {"deep/a,b:c%.txt": REJECT},
    )
    zipped(
        tmp_path / "repo/exports/more.zip",
        {name(8): REJECT + b" ", **{f"x{key}": data for key, data in pages(2).items()}},
    )
    (tmp_path / "repo/sub").mkdir()
    monkeypatch.chdir(tmp_path / "repo/sub")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "repo"))
    said = COMMAND.findall(run("validate", "--format", "github", "../exports/wiki", "../exports/more.zip").out)
    properties = [properties for _, properties, _ in said if "json.cut-off" in properties]
    assert properties[1] == "file=exports/more.zip,title=json.cut-off"
    assert re.fullmatch(r"file=exports/wiki/deep/a%2Cb%3Ac%25\.txt,line=1,col=\d+,title=json\.cut-off", properties[0])
    assert any(message.startswith(f"more/{name(8)}:1:") for _, _, message in said)


def test_an_archive_in_a_folder_is_the_file_of_its_members(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "exports" / "old", pages(2))
    zipped(tmp_path / "exports" / "old" / "more.zip", {name(8): REJECT, name(9): page("Odd")})
    said = run("validate", "--format", "github", "exports").out
    assert f"::error file=exports/old/more.zip,title=json.cut-off::more/{name(8)}:1:" in said


def test_what_comes_through_standard_input_is_in_no_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(REJECT)))
    assert "\n::error title=json.cut-off::stdin/stdin:1:" in run("validate", "--format", "github", "-").out


def test_github_hears_of_trouble_as_an_annotation_too(run: Run, tmp_path: Path) -> None:
    outcome = run("validate", "--format", "github", tmp_path / "nothing")
    assert outcome.out.startswith("::error title=wiki-etl validate::")
    assert outcome.status == 3


def test_github_annotations_of_a_generation_name_its_lines(run: Run, generation: Path) -> None:
    edit(generation / "documents.jsonl", 2, first("title", "x"), sealed=False)
    said = run("validate", "--format", "github", generation).out
    assert re.search(
        rf"^::error file={generation}/documents\.jsonl,line=3,title=digest\.mismatch::", said, re.MULTILINE
    )


def test_github_gets_a_job_summary_that_adds_to_what_is_there(
    run: Run, crowded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    run("validate", "--format", "github", crowded)
    said = summary.read_text("utf-8")
    assert said.startswith("# before\n## wiki-etl validate: ")
    head = "| severity | code | count | what it is |\n| --- | --- | ---: | --- |\n"
    assert f"\n\n{head}| error | `json.cut-off` | {MOST_LISTED + 20} |" in said
    assert "125 members = 3 documents + 122 rejects" in said
    assert said.count("* `json.cut-off`") == 3


def test_a_job_summary_of_a_sound_file_says_so_and_no_more(
    run: Run, generation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.chdir(generation)
    assert run("validate", "--format", "github", "terms.jsonl").status == 0
    head, checked, *more = filter(None, (tmp_path / "summary.md").read_text().split("\n"))
    assert head == "## wiki-etl validate: 0 errors, 0 warnings: no fault"
    assert (checked.startswith("* terms"), more) == (True, [])


def test_a_job_summary_stays_below_what_github_takes(
    run: Run, crowded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for room, holds in ((1500, "json.cut-off"), (10, "")):
        summary.write_bytes(b"x" * (SUMMARY_BYTES - room))
        run("validate", "--format", "github", crowded)
        assert summary.stat().st_size < SUMMARY_BYTES
        assert holds in summary.read_text()[-room:]


NASTY = "a\x1b[2J\x07\u202e\u2028\x9b31m::error::b ##[error]c%0A"


def test_no_control_character_of_the_data_reaches_any_form(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    path = folder(
        tmp_path / "wiki",
        pages(3) | {f"x{NASTY[8:]}.txt".replace("/", "").replace("\x9b", ""): page("Odd", slug=NASTY)},
    )
    damaged = tmp_path / "redirects.jsonl"
    damaged.write_bytes(orjson.dumps({NASTY: NASTY}) + b"\n")
    for form in ("text", "json", "github", "junit"):
        for source in (path, damaged):
            said = run("validate", "-v", "--format", form, source).out
            assert said
            assert [char for char in said if not char.isprintable() and char != "\n"] == []
            assert form != "github" or "##[" not in said.partition("::group::")[2]
    assert [char for char in (tmp_path / "summary.md").read_text() if not char.isprintable() and char != "\n"] == []


def test_a_member_name_cannot_give_the_runner_a_command(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder(tmp_path / "wiki", pages(3) | {"::stop-commands::x": REJECT}))
    said = run("validate", "--format", "github", ".").out
    assert not [line for line in said.splitlines() if line.lstrip().startswith("::stop-commands")]
    assert "| ::stop-commands::x:1:" in said


def test_the_examples_of_a_summary_show_markup_as_text() -> None:
    said = faults._markdown("[a](b) <img> @x #1 | `c` *d* _e_ www.x.example")
    assert not set("[]()<>@|`*_.") & set(re.sub(r"&#\d+;", "", said))


def test_a_terminal_of_another_encoding_is_no_reason_to_fail(tmp_path: Path) -> None:
    path = folder(tmp_path / "wiki", pages(3) | {name(9): page("Größe – über", slug="Größe")})
    outcome = command("validate", path, environment={"PYTHONIOENCODING": "ascii"})
    assert outcome.status == 0, outcome
    assert r"Gr\xf6\xdfe" in outcome.out


# --- whatever is given ---------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def near_records(draw: st.DrawFn, records: list[dict[str, Any]]) -> bytes:
    """A record of ours with a key changed to anything."""
    record = dict(draw(st.sampled_from(records)))
    record[draw(st.sampled_from(sorted(record)))] = draw(json_values)
    return json.dumps(record, allow_nan=draw(st.just(True))).encode("utf-8", "replace")


def validated(*arguments: object) -> Outcome:
    outcome = wiki_etl("validate", *arguments)
    assert "Traceback" not in outcome.err, outcome.err
    return outcome


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_files_of_any_bytes_never_end_in_a_trace_back(made: Path, tmp_path: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(["documents.jsonl", "redirects.jsonl", "findings.jsonl", "terms.jsonl"]))
    one = (
        st.binary(max_size=60)
        | json_values.map(lambda value: json.dumps(value).encode())
        | near_records(lines(made / file))
    )
    path = tmp_path / file
    path.write_bytes(b"\n".join(data.draw(st.lists(one, max_size=5))))
    form = data.draw(st.sampled_from(["text", "json", "github", "junit"]))
    outcome = validated("--format", form, path)
    assert outcome.status in (0, 1)
    assert form != "json" or json.loads(outcome.out)["status"] == outcome.status


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([name(n) for n in range(4)]), st.binary(max_size=80), max_size=3))
def test_bundles_of_any_bytes_never_end_in_a_trace_back(tmp_path: Path, members: dict[str, bytes]) -> None:
    shutil.rmtree(tmp_path / "wiki", ignore_errors=True)
    status = validated(folder(tmp_path / "wiki", members)).status
    assert status in (0, 1, 3, 5)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_manifests_of_any_bytes_never_end_in_a_trace_back(generation: Path, data: bytes) -> None:
    (generation / "manifest.json").write_bytes(data)
    assert validated(generation).status == 1


# --- the workflow --------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the sample as its export, and commands that take the place of installed ones."""
    repository = tmp_path / "repository"
    shutil.copytree(SAMPLE, repository / "exports")
    programs = {"pip": 'echo "$@" >> "$PIP_CALLS"', "wiki-etl": f'exec "{sys.executable}" -m etl "$@"'}
    for program, script in programs.items():
        path = folder(tmp_path / "bin", {program: f"#!/bin/sh\n{script}\n".encode()}) / program
        path.chmod(0o755)
    return repository


def steps(checkout: Path) -> dict[str, subprocess.CompletedProcess[str]]:
    """Every step of the workflow that runs a script, as the runner runs it."""
    need("bash")
    workflow = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    env = {
        **os.environ,
        "PATH": f"{checkout.parent / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PIP_CALLS": str(checkout.parent / "pip-calls"),
        "GITHUB_WORKSPACE": str(checkout),
        "GITHUB_STEP_SUMMARY": str(checkout.parent / "summary.md"),
    }
    done, failed = {}, False
    for step in workflow["jobs"]["validate"]["steps"]:
        if "run" in step and failed is (step.get("if") == "failure()"):
            words = ["bash", "-e", "-c", step["run"]]
            result = subprocess.run(words, cwd=checkout, env=env, capture_output=True, text=True, check=False)
            done[step["name"]] = result
            failed = failed or result.returncode != 0
    return done


def test_the_workflow_passes_on_the_sample(checkout: Path) -> None:
    done = steps(checkout)
    assert {name: result.returncode for name, result in done.items()} == {"Install wiki-etl": 0, "Validate": 0}
    assert (checkout.parent / "pip-calls").read_text() == "install .\n"
    assert "18 members" in (checkout.parent / "summary.md").read_text()


def test_the_workflow_fails_on_a_faulty_member_and_points_at_its_line(checkout: Path) -> None:
    member = "exports/100_00000000000000aa.txt"
    (checkout / member).write_bytes(b'{\n"title": "a",\n"title": "b"}\n\nText')
    done = steps(checkout)
    assert done["Validate"].returncode == 1
    error = COMMAND.search(done["Validate"].stdout)
    assert error is not None
    assert error[2].startswith(f"file={member},line=3,")
    assert (checkout / member).is_file()
    assert done["Write down every fault"].returncode == 0
    report = json.loads((checkout / "faults.json").read_text("utf-8"))
    assert report["totals"]["json.duplicate-key"] == 1
