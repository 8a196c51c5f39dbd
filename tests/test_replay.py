"""`replay`: what becomes of every reject is told before a migration is run, and the migration does just that."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from etl import replay
from etl.extract.record import read_body, read_record
from etl.load.generations import Generations
from etl.passes import facts_pass, transform_pass
from etl.replay import rejects, report
from etl.settings import Settings
from tests.make import ROOT, Outcome, Phases, Run, abstract, command, folder, lines, name, page, pages, zipped
from tests.test_deaths import ENDS_WORKERS

ALL = ("--max-rejects", "100%")
BROKEN = b"<?broken "
"""What our reader stumbles over before it is mended."""
EXPECTED = ROOT / "tests" / "data" / "replay.json"


def broken(member: bytes) -> bytes:
    return BROKEN + member


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no folder raw, and so no settings but the defaults."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects, "_BATCH", 2)


@pytest.fixture
def mend(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """``mend()``: another version of the tool, which reads what this one stumbles over."""

    def mended() -> None:
        for one in (facts_pass, transform_pass):
            monkeypatch.setattr(one, "read_record", lambda data: read_record(data.removeprefix(BROKEN)))
        monkeypatch.setattr(
            transform_pass, "read_body", lambda data, bounds: read_body(data.removeprefix(BROKEN), bounds)
        )

    return mended


def no_change() -> None:
    """The tool as it is."""


def settings(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "changed.toml"
    path.write_text(text)
    return path


def replayed(run: Run, *arguments: object, status: int) -> dict[str, Any]:
    """The report as JSON."""
    outcome = run("replay", *arguments, "--format", "json")
    assert outcome.status == status, outcome.err
    report: dict[str, Any] = json.loads(outcome.out)
    assert report["status"] == status
    assert report["rejects"] == len(report["results"]) == sum(report["states"].values())
    assert report["rejects"] == sum(row["count"] for row in report["totals"])
    return report


def states(report: Mapping[str, Any]) -> dict[str, str]:
    return {result["member"]: result["state"] for result in report["results"]}


def write_rejects(path: Path, *rejects: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(reject) + "\n" for reject in rejects))
    return path


def reject(member: str, data: bytes, **fields: Any) -> dict[str, Any]:
    """A line of rejects.jsonl that holds its bytes."""
    return {
        "code": "kind.unknown",
        "bundle": "wiki",
        "member": member,
        "line": None,
        "column": None,
        "message": "not a page",
        "action": "left out",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "raw": base64.b64encode(data).decode(),
        "raw_complete": True,
    } | fields


# --- what is told comes true ---------------------------------------------------------------

REDIRECT = page("Old name", page_id=50, body='{redirect page="Well number 1"}')
EXPORT = pages(4) | {
    name(5): broken(page("Fifth well", page_id=5)),
    name(6): broken(page("Also well 2, later", page_id=2)),
    f"000_{106:016x}.txt": broken(page("Also well 3, earlier", page_id=3)),
    name(10): page("Well 4 again", page_id=4),
    f"900_{1:016x}.txt": page("Another member with this id", page_id=30),
    name(11): broken(page("Twins", page_id=11)),
    name(12): broken(page("Twins", page_id=11)),
    name(13): broken(page("A draft", page_id=13, categories=["Internal"])),
    name(14): broken(page("A stub", page_id=14, body="")),
    name(15): broken(page("Another name", page_id=15, body='{redirect page="Well number 2"}')),
    name(22): broken(page("An address", page_id=22, body='{REDIRECT(url="/tiki-index.php?page_id=1")}{REDIRECT}')),
    name(16): broken(abstract()),
    name(17): broken(b'{"title": "cut off'),
    name(18): b"",
    name(19): b"\n\n" + b'{"title": "x",\n  "title": "y"}\n\n' + b"long " * 100,
    name(20, "csv"): b'[{"type": "header"}]',
    name(21): broken(page("Hostile \x1b[2J\u202e title\n", page_id=21)),
}
CHANGES = {
    "nothing": "",
    "the last stays": 'duplicates = "last"',
    "some are ignored": "ignore = ['*.csv', '01[78]_*']",
    "members may be smaller": "max_member_bytes = 150",
    "drafts and stubs": 'draft_categories = ["Internal"]\npublish = ["published", "stub"]',
}


def test_no_part_of_the_work_is_silent(tmp_path: Path, run: Run) -> None:
    """To read what a large generation published takes minutes."""
    out, phases = tmp_path / "out", Phases()
    run("migrate", zipped(tmp_path / "wiki.zip", EXPORT), "--out", out, *ALL)
    replay.replay(None, Settings(), out=out, config=None, form="text", every=False, jobs=1, progress=phases.told)
    assert phases == ["listing", "reading", "resolving", "cleaning"]


@pytest.mark.parametrize("reader", ["as it is", "mended"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_migration_does_what_the_replay_told(
    change: str, reader: str, tmp_path: Path, run: Run, mend: Callable[[], None]
) -> None:
    source, out, again = zipped(tmp_path / "wiki.zip", EXPORT), tmp_path / "out", tmp_path / "again"
    assert run("migrate", source, "--out", out, *ALL).status == 1
    config = settings(tmp_path, CHANGES[change])
    (mend if reader == "mended" else no_change)()
    report = replayed(run, out, "--config", config, status=1)
    assert run("migrate", source, "--out", again, "--config", config, *ALL).status == 1
    came_true(report, again / "current", out / "current")
    assert (report["states"]["passes"] > 1) == (reader == "mended" or change == "the last stays")
    assert (report["states"]["ignored"] > 0) == (change == "some are ignored")


def came_true(report: Mapping[str, Any], now: Path, before: Path) -> None:
    """Each result is what the migration made of its member."""
    rejects = {line["member"]: line for line in lines(now / "rejects.jsonl")}
    withheld = {line["source"]["member"]: line for line in lines(now / "withheld.jsonl")}
    documents = {line["source"]["member"]: line for line in lines(now / "documents.jsonl")}
    old = {line["member"]: line for line in lines(before / "rejects.jsonl")}
    assert [result["member"] for result in report["results"]] == list(old)
    for result in report["results"]:
        member, state = result["member"], result["state"]
        found = (member in documents, member in withheld, member in rejects)
        made = documents.get(member) or withheld.get(member) or {"id": None, "title": result["title"], "status": None}
        assert found == (result["outcome"] == "document", result["outcome"] == "withheld", state == "rejected"), member
        assert [result[key] for key in ("document", "title", "status")] == [
            made[key] for key in ("id", "title", "status")
        ]
        if state == "rejected":
            assert result["outcome"] is result["title"] is None
            keys = ("code", "message", "line", "column")
            assert [result[key] for key in keys] == [rejects[member][key] for key in keys]
            assert result["same"] == all(rejects[member][key] == old[member][key] for key in keys)
    assert report["displaced"] == len({line["source"]["member"] for line in documents_of(before)} & rejects.keys())


def documents_of(generation: Path) -> list[dict[str, Any]]:
    return lines(generation / "documents.jsonl") + lines(generation / "withheld.jsonl")


def test_every_outcome_is_told_by_its_name(tmp_path: Path, run: Run, out: Path, mend: Callable[[], None]) -> None:
    run("migrate", zipped(tmp_path / "wiki.zip", EXPORT), "--out", out, *ALL)
    mend()
    outcome = run("replay", out, "--config", settings(tmp_path, 'draft_categories = ["Internal"]'))
    for said in (
        "wiki/005_0000000000000005.txt: passes: tiki-5 'Fifth well', published (was kind.unknown)",
        "rejected: page id 2 is also that of wiki/002_0000000000000002.txt",
        ", with other bytes [id.conflict] (was kind.unknown)",
        "it takes the place of tiki-3 (wiki/003_0000000000000003.txt), which would be a reject",
        "wiki/012_000000000000000c.txt: passes: the same bytes as an earlier member",
        "tiki-13 'A draft', draft, withheld",
        "tiki-14 'A stub', stub, withheld",
        "wiki/015_000000000000000f.txt: passes: a redirect page, 'Another name'",
        "abstract-0000000000000010 'Clear wells",
        ':1:19: rejected: the front matter ends before its closing brace, after \'{"title": "cut off\' [json.cut-off]',
        "rejected: nothing but white space in 0 bytes [member.empty] (as before)",
        "      1  rejected        id.conflict, was kind.unknown",
        "     10  passes          was kind.unknown",
    ):
        assert said in outcome.out, said
    assert "documents of the generation that would become rejects: 1" in outcome.err
    assert "next: run `wiki-etl migrate` on the whole export; it decides slugs and addresses" in outcome.err


def test_the_report_as_json_is_as_it_was(
    tmp_path: Path, run: Run, mend: Callable[[], None], expect: Callable[[Path, str], None]
) -> None:
    members = {key: EXPORT[key] for key in EXPORT if key[:3] in ("002", "005", "006", "010", "018", "020")}
    folder(tmp_path / "wiki", pages(4) | members | {"odd\x7f.txt": b"x", name(22): b'{"title": "' + b"long" * 9})
    (tmp_path / "wiki" / "wiki-etl.toml").write_text("max_raw_bytes = 150")
    assert run("migrate", "wiki", *ALL).status == 1
    mend()
    settings(tmp_path, 'duplicates = "last"\nignore = ["*.csv"]')
    outcome = run("replay", "--config", "changed.toml", "--format", "json")
    assert outcome.status == 1
    expect(EXPECTED, outcome.out)


def test_all_pass_is_status_0(tmp_path: Path, run: Run, out: Path, mend: Callable[[], None]) -> None:
    source = folder(tmp_path / "wiki", pages(2) | {name(3): broken(page("Third", page_id=3))})
    run("migrate", source, "--out", out)
    assert run("replay", out).status == 1
    mend()
    outcome = run("replay", out)
    assert outcome.status == 0
    assert "passes: tiki-3 'Third', published (was kind.unknown)" in outcome.out
    assert "settings: defaults, those that the generation was made with" in outcome.err


def test_all_ignored_is_status_0(tmp_path: Path, run: Run, out: Path) -> None:
    source = zipped(tmp_path / "wiki.zip", pages(2) | {"a.csv": b"[{}]", "b\x07.csv": b""})
    run("migrate", source, "--out", out, *ALL)
    report = replayed(run, out, "--config", settings(tmp_path, 'ignore = ["*.csv"]'), status=0)
    assert report["states"] == {"passes": 0, "ignored": 2, "rejected": 0, "not replayable": 0}


def test_a_name_that_leads_out_of_the_bundle_is_never_ignored(tmp_path: Path, run: Run, out: Path) -> None:
    run("migrate", zipped(tmp_path / "wiki.zip", pages(2) | {"../a.csv": b"[{}]"}), "--out", out)
    config = settings(tmp_path, 'ignore = ["*.csv"]')
    assert states(replayed(run, out, "--config", config, status=1)) == {"../a.csv": "not replayable"}
    run("migrate", tmp_path / "wiki.zip", "--out", out, "--config", config)
    assert [line["member"] for line in lines(out / "current" / "rejects.jsonl")] == ["../a.csv"]


def test_the_bytes_of_a_document_are_a_duplicate_of_it(tmp_path: Path, run: Run, out: Path) -> None:
    run("migrate", folder(tmp_path / "wiki", pages(2)), "--out", out)
    current = (out / "current").resolve()
    (current / "manifest.json").unlink()
    write_rejects(current / "rejects.jsonl", reject("again.txt", pages(1)[name(1)]))
    (result,) = replayed(run, out, status=0)["results"]
    assert (result["outcome"], result["document"], result["reason"]) == ("duplicate", None, None)


def test_words_that_are_lost_in_what_passes_are_told(
    tmp_path: Path, run: Run, out: Path, mend: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from etl.transform.body import edits

    member = broken(page("Fifth", page_id=5, body="Peas. <!-- words that go --> <script>gone</script>"))
    run("migrate", folder(tmp_path / "wiki", pages(2) | {name(5): member, name(6): b""}), "--out", out, *ALL)
    mend()
    monkeypatch.setattr(edits, "MAY_LOSE", frozenset())
    report = replayed(run, out, status=1)
    assert report["errors"].keys() == {"text.lost"}
    assert f"\nin what passes: {report['errors']['text.lost']} text.lost\n" in run("replay", out).err


@pytest.mark.parametrize("turned", [False, True])
def test_members_of_one_name_come_by_their_digests_as_in_a_migration(
    turned: bool, tmp_path: Path, run: Run, out: Path
) -> None:
    twins = [(name(7), page(title, page_id=7)) for title in ("Well", "Another well")]
    with tarfile.open(tmp_path / "wiki.tar", "w") as archive:
        for member, data in [*pages(3).items(), *(twins[::-1] if turned else twins)]:
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    run("migrate", tmp_path / "wiki.tar", "--out", out, *ALL)
    (result,) = replayed(run, out, status=1)["results"]
    assert (result["was"], result["state"], result["same"]) == ("id.conflict", "rejected", True)


# --- which file, which settings ------------------------------------------------------------


def test_a_file_a_generation_and_the_output_folder_are_the_same(tmp_path: Path, run: Run) -> None:
    run("migrate", folder(tmp_path / "wiki", pages(2) | {name(9): b""}))
    said = run("replay")
    assert said.status == 1
    assert "[member.empty]" in said.out
    assert "out/current/rejects.jsonl: rejected: 1" in said.err
    for words in (["--out", "out"], ["out"], ["out/current"], ["out/generations/1"], ["out/current/rejects.jsonl"]):
        assert run("replay", *words).out == said.out


def test_one_generation_is_read_whatever_is_published_meanwhile(
    tmp_path: Path, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count in (2, 5):
        run("migrate", folder(tmp_path / "wiki", pages(count) | {name(9): b""}), "--out", out)
    whole = rejects.read_generation

    def meanwhile(now: rejects.Replay) -> None:
        Generations(out).roll_back()
        whole(now)

    monkeypatch.setattr(replay, "read_generation", meanwhile)
    assert replayed(run, out, status=1)["documents"] == 5
    assert len(lines(out / "current" / "documents.jsonl")) == 2


def test_documents_without_those_that_are_withheld_take_no_part(tmp_path: Path, run: Run, out: Path) -> None:
    run("migrate", folder(tmp_path / "wiki", pages(2) | {name(9): b""}), "--out", out)
    (out / "current" / "withheld.jsonl").unlink()
    assert replayed(run, out, status=1)["documents"] is None


def test_the_rejects_of_a_refused_run_can_be_replayed(
    tmp_path: Path, run: Run, out: Path, mend: Callable[[], None]
) -> None:
    members = {name(n): broken(page(f"Well {n}", page_id=n)) for n in range(10, 15)} | {name(2): page("Two", page_id=2)}
    members |= {name(3): page("Two again", page_id=2)}
    assert run("migrate", folder(tmp_path / "wiki", members), "--out", out).status == 5
    mend()
    outcome = run("replay", out / "refused")
    assert outcome.status == 1
    assert outcome.out.count(": passes: ") == 5
    assert "not replayable: the other member with its id is in documents.jsonl or withheld.jsonl" in outcome.out
    assert "no documents lie beside the file" in outcome.err


def test_settings_are_those_of_a_migration_of_raw(tmp_path: Path, run: Run) -> None:
    folder(tmp_path / "raw", pages(2) | {"table.csv": b"[{}]"})
    assert run("migrate").status == 1
    assert replayed(run, status=1)["same_settings"] is True
    (tmp_path / "raw" / "wiki-etl.toml").write_text('ignore = ["*.csv"]')
    assert replayed(run, status=0)["same_settings"] is False
    assert "settings: raw/wiki-etl.toml, not those that the generation was made with" in run("replay").err


@pytest.mark.parametrize("there", [True, False])
def test_a_missing_file_is_status_3(there: bool, tmp_path: Path, run: Run, out: Path) -> None:
    if there:
        out.mkdir()
    for words in ([out], ["--out", out], [out / "rejects.jsonl"]):
        outcome = run("replay", *words)
        assert outcome.status == 3
        assert outcome.out == ""
        assert "there is no file of rejects; `wiki-etl migrate` writes rejects.jsonl" in outcome.err


@pytest.mark.parametrize("words", [["--format", "github"], ["--jobs", "0"], ["a", "b"], ["--config", "nowhere.toml"]])
def test_wrong_usage_is_status_2(words: list[str], run: Run) -> None:
    outcome = run("replay", *words)
    assert (outcome.status, outcome.out) == (2, "")


def test_a_migration_with_rejects_names_the_command(tmp_path: Path, run: Run, out: Path) -> None:
    source = folder(tmp_path / "wiki", pages(2) | {name(9): b""})
    outcome = run("migrate", source, "--out", out)
    assert f"or the settings (`wiki-etl replay {out / 'current'}` says what passes with them), run again" in outcome.err
    refused = run("migrate", source, "--out", out, "--max-rejects", "0")
    assert f"`wiki-etl replay {out / 'refused'}`" in refused.err


# --- what cannot be replayed ---------------------------------------------------------------


def test_each_that_cannot_be_replayed_says_why_and_what_to_do(tmp_path: Path, run: Run, out: Path) -> None:
    members = pages(2) | {"../up.txt": page(), name(8): b'{"title": ' + b"x" * 400, name(9): b'{"title": ' + b"y" * 900}
    source = zipped(tmp_path / "wiki.zip", members)
    config = settings(tmp_path, "max_member_bytes = 800\nmax_raw_bytes = 300\nmax_rejects = '100%'")
    assert run("migrate", source, "--out", out, "--config", config).status == 1
    told = {result["member"]: result for result in replayed(run, out, status=1)["results"]}
    assert {result["state"] for result in told.values()} == {"not replayable"}
    reasons = {member: result["reason"] for member, result in told.items()}
    assert "a segment '..'): mend the source and migrate again" in reasons["../up.txt"]
    assert "holds 300 of 410 bytes: set max_raw_bytes to 410 or more, migrate again" in reasons[name(8)]
    assert "(max_member_bytes)): raise max_member_bytes and migrate again" in reasons[name(9)]
    for reason in reasons.values():
        assert reason in run("replay", out).out


def test_who_conflicts_with_a_redirect_page_cannot_be_told(tmp_path: Path, run: Run, out: Path) -> None:
    """No file of a generation says which ids its redirect pages have."""
    source = folder(tmp_path / "wiki", pages(2) | {name(50): REDIRECT, name(51): page("Again", page_id=50)})
    run("migrate", source, "--out", out, *ALL)
    (result,) = replayed(run, out, status=1)["results"]
    assert result["state"] == "not replayable"
    assert "page id 50 is also that of wiki/050_0000000000000032.txt" in result["reason"]
    assert "only migrate can tell" in result["reason"]


def test_a_reject_of_the_same_member_id_is_no_rival(tmp_path: Path, run: Run, out: Path) -> None:
    again = {f"060_{50:016x}.txt": page("Again"), f"070_{50:016x}.txt": b'{"title": "cut off"'}
    run("migrate", folder(tmp_path / "wiki", pages(2) | {name(50): REDIRECT} | again), "--out", out, *ALL)
    states = {result["was"]: result["state"] for result in replayed(run, out, status=1)["results"]}
    assert states == {"id.conflict": "not replayable", "json.cut-off": "rejected"}


def test_the_share_of_conflicts_that_means_two_exports_is_no_threshold_here(
    tmp_path: Path, run: Run, mend: Callable[[], None]
) -> None:
    members = {name(n): broken(page(f"Well {n}", page_id=n % 70 + 1)) for n in range(1, 121)}
    file = write_rejects(tmp_path / "rejects.jsonl", *(reject(*member) for member in members.items()))
    mend()
    assert replayed(run, file, status=1)["states"] == {"passes": 70, "ignored": 0, "rejected": 50, "not replayable": 0}


# --- files that are damaged ----------------------------------------------------------------

SOUND = reject(name(1), broken(page()))
NEVER_READ = {"size": None, "sha256": None, "raw": None, "raw_complete": False}
DAMAGE: dict[str, tuple[bytes, str]] = {
    "cut off": (json.dumps(SOUND).encode()[:-9], "not JSON: "),
    "a blank line": (b"\n" + json.dumps(SOUND).encode(), "not JSON: "),
    "not UTF-8": (json.dumps(SOUND).encode().replace(b"not a page", b"\xff"), "not JSON: "),
    "a list": (b"[]", "not a reject: "),
    "another schema": (b'{"code": "x"}', "not a reject: 'bundle' is a required property"),
    "no base64": (json.dumps(SOUND | {"raw": "????"}).encode(), "raw is not base64"),
    "one bit": (json.dumps(SOUND | {"raw": base64.b64encode(b"?" + broken(page())[1:]).decode()}).encode(), "digest"),
    "another digest": (json.dumps(SOUND | {"sha256": "0" * 64}).encode(), f"sha256 is {'0' * 64}"),
    "fewer bytes": (json.dumps(SOUND | {"raw": "AAAA"}).encode(), "raw holds 3 bytes of "),
    "more bytes": (json.dumps(SOUND | {"size": 2, "raw_complete": False}).encode(), "bytes of 2"),
    "all bytes, it says not": (json.dumps(SOUND | {"raw_complete": False}).encode(), "raw_complete is false"),
    "a part of three": (json.dumps(SOUND | NEVER_READ | {"size": 3}).encode(), "together or not at all"),
    "complete, it says": (json.dumps(SOUND | NEVER_READ | {"raw_complete": True}).encode(), "together or not at all"),
    "a huge number": (json.dumps(SOUND | {"line": 2**63}).encode(), "a number that is too large"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_line_is_trouble_that_names_it(kind: str, tmp_path: Path, run: Run) -> None:
    data, said = DAMAGE[kind]
    file = write_rejects(tmp_path / "rejects.jsonl", SOUND, SOUND)
    file.write_bytes(file.read_bytes() + data + b"\n")
    outcome = run("replay", file)
    assert outcome.status == 3
    assert outcome.out == ""
    assert outcome.err.startswith(f"error: {file}:3: {said}" if said.startswith(("not", "raw is")) else "error: ")
    assert f"{file}:3: " in outcome.err
    assert said in outcome.err


def test_a_line_without_an_end_is_trouble(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects, "MEMBERS_IN_A_LINE", 1)
    monkeypatch.setattr(rejects, "MIB", 40)
    file = write_rejects(tmp_path / "rejects.jsonl", SOUND, SOUND | {"message": "x" * 2000})
    outcome = run("replay", file, "--config", settings(tmp_path, "max_member_bytes = 100"))
    assert outcome.status == 3
    assert f"{file}:2: the line is too long" in outcome.err


def test_other_files_of_a_generation_are_no_rejects(tmp_path: Path, run: Run, out: Path) -> None:
    run("migrate", folder(tmp_path / "wiki", pages(2) | {"odd.txt": page("No id")}), "--out", out)
    for file in ("documents.jsonl", "findings.jsonl", "manifest.json"):
        outcome = run("replay", out / "current" / file)
        assert outcome.status == 3
        assert f"{file}:1: not " in outcome.err


@pytest.mark.parametrize("file", ["rejects.jsonl", "documents.jsonl", "withheld.jsonl"])
def test_a_file_that_the_manifest_contradicts_is_trouble(file: str, tmp_path: Path, run: Run, out: Path) -> None:
    source = folder(tmp_path / "wiki", pages(2) | {name(8): b"", name(9): page("Stub", body="", page_id=9)})
    run("migrate", source, "--out", out)
    path = out / "current" / file
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    outcome = run("replay", out)
    assert outcome.status == 3
    assert f"current/{file}: sha256 is not " in outcome.err
    assert "the file was changed or is cut off" in outcome.err


@pytest.mark.parametrize("manifest", ["{", "[]", '{"name": "an app"}'])
def test_a_manifest_of_something_else_is_trouble(manifest: str, tmp_path: Path, run: Run) -> None:
    file = write_rejects(tmp_path / "rejects.jsonl", SOUND)
    file.with_name("manifest.json").write_text(manifest)
    outcome = run("replay", file)
    assert outcome.status == 3
    assert "manifest.json: not " in outcome.err


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "tiki-1"}', "cut", "a page id of 64 bits"])
def test_documents_that_are_damaged_are_trouble(line: str, tmp_path: Path, run: Run, out: Path) -> None:
    run("migrate", folder(tmp_path / "wiki", pages(2) | {name(8): b""}), "--out", out)
    current = (out / "current").resolve()
    (current / "manifest.json").unlink()
    text = (current / "documents.jsonl").read_text()
    damaged = {"cut": text[:-50], "a page id of 64 bits": text.replace('"page_id":2', f'"page_id":{2**63}')}
    (current / "documents.jsonl").write_text(damaged.get(line, f"{text}{line}\n"))
    outcome = run("replay", current)
    assert outcome.status == 3
    assert re.search(rf"documents\.jsonl:{2 if line in damaged else 3}: not (JSON|a document)", outcome.err)


def test_an_empty_file_holds_no_rejects(tmp_path: Path, run: Run, out: Path) -> None:
    run("migrate", folder(tmp_path / "wiki", pages(2)), "--out", out)
    outcome = run("replay", out)
    assert outcome == Outcome(0, "", f"{out}/current/rejects.jsonl: there are no rejects\n")
    assert replayed(run, out, "--quiet", status=0)["results"] == []


# --- hostile names, long lists, many processes ---------------------------------------------

HOSTILE = ["../../up.txt", "/etc/motd", "a\x1b[2J\u202e.txt", "new\nline.txt", "nul\x00.txt", "\x7f", "", "x" * 9000]


def test_names_are_never_paths_and_never_reach_the_terminal(
    tmp_path: Path, run: Run, mend: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a file that somebody else has made: no run of ours keeps the bytes under such a name."""
    rejects = [reject(one, broken(page(f"Title \x1b]0;{n}\x07", page_id=n + 1))) for n, one in enumerate(HOSTILE)]
    rejects += [reject(name(99), b"", bundle="b\x1b[0m", message="m\x9b", code="c\x07", **NEVER_READ)]
    scratch = tmp_path / "a" / "b" / "c"
    scratch.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    file = write_rejects(tmp_path / "rejects.jsonl", *(one | {} for one in rejects))
    before = set(tmp_path.rglob("*"))
    mend()
    for form in ("text", "json"):
        outcome = run("replay", file, "--format", form)
        assert outcome.status == 1
        assert not {char for char in outcome.out + outcome.err if not char.isprintable()} - {"\n"}
    assert set(tmp_path.rglob("*")) == before
    report = replayed(run, file, status=1)
    assert [result["member"] for result in report["results"]] == [*HOSTILE, name(99)]
    assert report["states"]["passes"] == len(HOSTILE)


def test_a_terminal_of_another_encoding_is_no_reason_to_fail(tmp_path: Path) -> None:
    file = write_rejects(tmp_path / "rejects.jsonl", reject(name(1), page("Wéll – 日", page_id=1)))
    outcome = command("replay", file, environment={"PYTHONIOENCODING": "ascii"})
    assert outcome.status == 0, outcome.err
    assert r"tiki-1 'W\xe9ll \u2013 \u65e5', published" in outcome.out


def test_lists_are_capped_and_totals_are_not(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST_LISTED", 3)
    members = [reject(name(n), b"", code="member.empty") for n in range(1, 8)]
    members += [reject(f"last{n}.txt", page(f"Last {n}")) for n in range(3)]
    file = write_rejects(tmp_path / "rejects.jsonl", *members)
    short, long = run("replay", file).out, run("replay", file, "--verbose").out
    assert (short.count("[member.empty]"), long.count("[member.empty]")) == (3, 7)
    assert re.findall("… and .*", short) == ["… and 4 more: rejected (--verbose and --format json list all)"]
    assert "more:" not in long
    told = [long.index(name(number)) for number in range(1, 8)]
    assert told == sorted(told)
    for said in (short, long):
        assert "last2.txt: passes: " in said
        assert "      7  rejected        member.empty, as before\n" in said
    assert len(replayed(run, file, status=1)["results"]) == 10


def test_any_number_of_processes_says_the_same(tmp_path: Path, run: Run) -> None:
    members = [reject(name(n), page(f"Well {n}", page_id=n % 90 + 1)) for n in range(1, 150)]
    file = write_rejects(tmp_path / "rejects.jsonl", *members)
    one, two = (run("replay", file, "--jobs", jobs, "--format", "json") for jobs in (1, 2))
    assert one == two
    assert one.status == 1


@pytest.mark.parametrize("deaths", [0, 1000])
def test_what_ended_a_process_before_gets_one_of_its_own(deaths: int, tmp_path: Path) -> None:
    message = "the process that worked on it was ended by the system, also when it did nothing else"
    member = reject(name(2), page("Deep", page_id=2, body="This is deadly."), code="member.deadly", message=message)
    file = write_rejects(tmp_path / "rejects.jsonl", reject(name(1), b"", code="member.empty"), member)
    script = ENDS_WORKERS.format(deaths=str(tmp_path / "deaths"), most=deaths, reader="transform_pass.read_body")
    (tmp_path / "sitecustomize.py").write_text(script)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    outcome = command("replay", file, "--format", "json", environment={"PYTHONPATH": path})
    report = json.loads(outcome.out)
    assert outcome.status == 1, outcome.err
    assert states(report) == {name(1): "rejected", name(2): "rejected" if deaths else "passes"}
    assert report["errors"] == {}, "what was found before a death is not counted twice"
    assert report["results"][1]["same"] is (True if deaths else None)
