"""Sources: one, several and none; files of settings in and beside them, whose settings count; which member is which."""

from __future__ import annotations

import json
import os
import re
import shlex
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from etl import pipeline
from tests.make import Run, abstract, files, folder, lines, name, page, pages, published, tarred, zipped

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


# --- the file of reviewed redirects in a source --------------------------------------------


@pytest.mark.parametrize("decisions", [DECISIONS, LONG + DECISIONS, LONG], ids=["short", "long", "comments"])
def test_the_file_of_reviewed_redirects_is_no_member(decisions: str, here: Path, run: Run) -> None:
    source = folder(here / "raw", pages(2))
    (source / "wiki-etl.toml").write_text('redirects = "redirects-review.toml"\n')
    (source / "redirects-review.toml").write_text(decisions)
    outcome = run("migrate", "raw", "--format", "json")
    summary = json.loads(outcome.out)
    assert outcome.status == 0, outcome.err
    assert (summary["ledger"]["members"], summary["ledger"]["documents"]) == (2, 2)
    assert summary["inputs"][0]["skipped"] == {"settings": 2}
    assert summary["warnings"] == []
    assert "skipped: 2 settings" in outcome.err
    assert "WARNING" not in outcome.err
    report = found(run, "raw", status=0)
    assert (report["faults"], report["ledger"]["members"]) == ([], 2)
    assert "raw: skipped 2 settings" in run("validate", "raw").out


def test_the_file_of_decisions_is_no_member_of_any_source_that_names_it(here: Path, run: Run) -> None:
    for source, numbers in (("a", [1, 2]), ("b", [3])):
        folder(here / source, {name(number): page(f"Well {number}", page_id=number) for number in numbers})
        (here / source / "wiki-etl.toml").write_text('redirects = "redirects-review.toml"\n')
        (here / source / "redirects-review.toml").write_text(DECISIONS)
    outcome = run("migrate", "a", "b", "--format", "json")
    assert outcome.status == 0, outcome.err
    summary = json.loads(outcome.out)
    assert [entry["skipped"] for entry in summary["inputs"]] == [{"settings": 2}, {"settings": 2}]
    assert (summary["ledger"]["members"], summary["warnings"]) == (3, [])
    assert found(run, "a", "b", status=0)["ledger"]["members"] == 3


def test_with_the_file_in_it_a_folder_and_its_archive_are_the_same_bundle(here: Path, run: Run) -> None:
    members = {**pages(2), "wiki-etl.toml": b'redirects = "redirects.toml"\n', "redirects.toml": DECISIONS.encode()}
    folder(here / "wiki", members)
    zipped(here / "wiki.zip", members, "wiki/")
    for source in ("wiki", "wiki.zip"):
        assert run("migrate", source, "--out", f"out of {source}", "--config", "wiki/wiki-etl.toml").status == 0
    assert files(here / "out of wiki" / "current") == files(here / "out of wiki.zip" / "current")


def test_another_file_of_its_name_is_told(here: Path, run: Run) -> None:
    folder(here / "raw", pages(2) | {"old/redirects.toml": b"x"})
    (here / "raw" / "wiki-etl.toml").write_text('redirects = "redirects.toml"\n')
    (here / "raw" / "redirects.toml").write_text(DECISIONS)
    [said] = json.loads(run("migrate", "raw", "--format", "json").out)["warnings"]
    assert said.startswith("raw/old/redirects.toml was skipped")
    assert json.loads(run("migrate", "raw", "--format", "json", "--config", "raw/wiki-etl.toml").out)["warnings"] == [
        said
    ]


# --- settings files that are not used ------------------------------------------------------


def test_a_settings_file_that_lies_deeper_is_told_with_its_path_and_its_use(here: Path, run: Run) -> None:
    folder(here / "raw" / "exp", pages(2, categories=["Draft"]))
    (here / "raw" / "exp" / "wiki-etl.toml").write_text('draft_categories = ["Draft"]\n')
    said = "the settings file raw/exp/wiki-etl.toml was not used; to use it: --config raw/exp/wiki-etl.toml"
    outcome = run("migrate", "--format", "json")
    assert outcome.status == 0
    assert json.loads(outcome.out)["warnings"] == [said]
    assert f"WARNING: {said}\n" in outcome.err
    assert f"WARNING: {said}\n" in run("validate", "raw").out
    assert found(run, "raw", status=0)["warnings"] == [said]
    github = run("validate", "raw", "--format", "github").out
    assert f"::warning title=settings::{said}\n" in github
    assert run("validate", "raw", "--strict").status == 0
    followed = run("migrate", "--config", "raw/exp/wiki-etl.toml", "--format", "json")
    assert json.loads(followed.out)["warnings"] == []
    assert json.loads(followed.out)["ledger"]["withheld"] == 2
    (here / "mine.toml").touch()
    assert json.loads(run("migrate", "--config", "mine.toml", "--format", "json").out)["warnings"] == []


def test_the_use_of_a_settings_file_can_be_pasted_into_a_shell(here: Path, run: Run) -> None:
    folder(here / "my wiki" / "exp", pages(2) | {"wiki-etl.toml": b""})
    assert "; to use it: --config 'my wiki/exp/wiki-etl.toml'\n" in run("migrate", "my wiki").err


def test_a_settings_file_in_an_archive_is_told_as_well(here: Path, run: Run) -> None:
    zipped(here / "exp.zip", pages(2) | {"wiki-etl.toml": b""}, "exp/")
    said = "the settings file exp.zip/exp/wiki-etl.toml was not used; to use it, unpack it for --config"
    assert f"WARNING: {said}\n" in run("migrate", "exp.zip").err


def test_a_crowd_of_unused_settings_files_is_told_in_short(here: Path, run: Run) -> None:
    folder(here / "raw", {})
    for number in range(13):
        zipped(here / "raw" / f"{number}.zip", {name(number): page(f"Well {number}"), "wiki-etl.toml": b""})
        if number in (9, 12):
            outcome = run("migrate", "raw", "--format", "json")
            said = json.loads(outcome.out)["warnings"]
            assert said[10:] == ["3 more files of settings were not used"] * (number == 12)
            assert len(said) == min(number + 1, 11)
            assert f"; skipped: {number + 1} settings\n" in outcome.err


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


def test_of_reviewed_redirects_the_content_counts(two: Path, run: Run) -> None:
    for source in "ab":
        (two / source / "wiki-etl.toml").write_text('redirects = "redirects.toml"\n')
        (two / source / "redirects.toml").write_text(DECISIONS)
    assert run("migrate", "a", "b").status == 0
    (two / "b" / "redirects.toml").write_text(DECISIONS.replace("Old", "Older"))
    assert "differ in redirects;" in run("migrate", "a", "b").err


# --- what is ignored -----------------------------------------------------------------------


@pytest.mark.parametrize("glob", ["e*.txt", "exp*", "[!0-9]*", "exp/drafts", "drafts"])
def test_globs_leave_the_same_members_of_a_folder_and_of_its_archives(glob: str, here: Path, run: Run) -> None:
    members = {f"drafts/{name(9)}": page("Draft", page_id=9), **pages(3), "e4.txt": page("Without an id")}
    for top in ("exp", "raw/exp"):
        folder(here / top, members)
    zipped(here / "exp.zip", members, "exp/")
    tarred(here / "back.tar.zst", dict(reversed(members.items())), "raw/exp/")
    (here / "own.toml").write_text(f'ignore = ["{glob}"]\n')
    made, skipped = [], []
    for number, source in enumerate(("exp", "raw", "exp.zip", "back.tar.zst")):
        outcome = run("migrate", source, "--config", "own.toml", "--out", f"out{number}", "--format", "json")
        assert outcome.status == 0, outcome.err
        made.append(files(here / f"out{number}" / "current"))
        skipped.append([entry["skipped"] for entry in json.loads(outcome.out)["inputs"]])
    assert all(each == made[0] for each in made)
    assert all(each == skipped[0] for each in skipped)
    left = {line["source"]["member"] for line in lines(here / "out0" / "current" / "documents.jsonl")}
    gone = {"e*.txt": {"e4.txt"}, "[!0-9]*": {"e4.txt", f"drafts/{name(9)}"}, "drafts": {f"drafts/{name(9)}"}}
    assert left == members.keys() - gone.get(glob, set())


# --- bundles with one name -----------------------------------------------------------------

PAIRS = {
    "folders": lambda path, members: folder(path / "export", members),
    "zips": lambda path, members: zipped(path.with_suffix(".zip"), members, "export/"),
    "tars": lambda path, members: tarred(path.with_suffix(".tar.zst"), members, "export/"),
}
CUT_OFF = b'{"title": "cut off"'


def pair(kind: str, first: dict[str, bytes], second: dict[str, bytes]) -> list[str]:
    """Two sources whose bundles are both called ``export``, as they are named."""
    made = []
    for year, members in ((2023, first), (2024, second)):
        Path(str(year)).mkdir(exist_ok=True)
        made.append(str(PAIRS[kind](Path(str(year)), members)))
    return made


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("kind", PAIRS)
def test_a_fault_is_that_of_the_source_that_has_it(kind: str, turned: bool, here: Path, run: Run) -> None:
    good, bad = pages(5), {**pages(5), name(2): CUT_OFF}
    sources = pair(kind, good, bad)
    outcome = run("validate", *(sources[::-1] if turned else sources))
    assert outcome.status == 1
    [fault] = [line for line in outcome.out.splitlines() if "[json.cut-off]" in line]
    assert fault.startswith(f"{sources[1]}/{name(2)}:1:")
    [line] = [each for each in found(run, *sources)["faults"] if each["code"] == "json.cut-off"]
    assert (line["bundle"], line["member"]) == (sources[1], name(2))
    annotation = next(
        line for line in run("validate", "--format", "github", *sources).out.splitlines() if "cut" in line
    )
    assert f"file={sources[1]}" in annotation


def test_an_empty_source_is_told_though_another_one_has_its_name(here: Path, run: Run) -> None:
    sources = pair("folders", pages(3), {})
    [fault] = found(run, *sources)["faults"]
    assert (fault["code"], fault["member"]) == ("bundle.empty", sources[1])


@pytest.mark.parametrize("kind", PAIRS)
def test_a_conflict_names_both_members(kind: str, here: Path, run: Run) -> None:
    sources = pair(kind, pages(3), {name(2): page("Another well", page_id=2)})
    [fault] = [each for each in found(run, *sources)["faults"] if each["code"] == "id.conflict"]
    assert {fault["bundle"], fault["message"].split()[-4].removesuffix(f"/{name(2)},")} == set(sources)
    assert run("migrate", *sources).status == 1
    [reject] = lines(here / "out" / "current" / "rejects.jsonl")
    [other] = [line for line in lines(here / "out" / "current" / "documents.jsonl") if line["id"] == "tiki-2"]
    assert other["source"]["sha256"] != reject["sha256"]
    assert f"is also that of export/{name(2)} of SHA-256 {other['source']['sha256']}, with" in reject["message"]
    assert f"of SHA-256 {other['source']['sha256']} stays" in reject["action"]


@pytest.mark.parametrize("kind", PAIRS)
def test_two_exports_are_refused_with_the_names_of_both(kind: str, here: Path, run: Run) -> None:
    sources = pair(kind, pages(60), pages(60, body="Newer."))
    outcome = run("migrate", *sources)
    assert outcome.status == 2
    assert all(f"{source}/{name(1)}" in outcome.err for source in sources)


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("jobs", [1, 2])
def test_the_order_of_sources_changes_no_byte(kind: str, jobs: int, here: Path, run: Run) -> None:
    first = {**pages(9), name(20): abstract("Wells of the north"), name(21): CUT_OFF, name(22): abstract("Same")}
    second = {
        **{key: page(f"Newer well {number}", page_id=number) for number, key in enumerate(pages(7), 1)},
        name(20): abstract("Wells of the south"),
        name(21): b"",
        name(22): abstract("Same"),
        name(30): page("Only in the second", page_id=30),
    }
    one, other = pair(kind, first, second)
    for out, sources in (("there", (one, other)), ("back", (other, one))):
        assert run("migrate", *sources, "--out", out, "--max-rejects", 20, "--jobs", jobs, "--changes").status == 1
    there, back = files(here / "there" / "current"), files(here / "back" / "current")
    assert there == back
    documents = lines(here / "there" / "current" / "documents.jsonl")
    members = [document["source"]["member"] for document in documents]
    assert members == sorted(members)
    assert str(here).encode() not in b"".join(there.values())
    assert b"2023" not in b"".join(there.values())


@pytest.mark.parametrize("titles", [("Well", "Bucket"), ("Bucket", "Well")])
def test_members_of_one_name_come_by_the_names_of_their_bundles(titles: tuple[str, str], here: Path, run: Run) -> None:
    sources = [folder(here / bundle, {name(1): page(title)}) for bundle, title in zip("ab", titles, strict=True)]
    run("migrate", *sources, "--out", "out", "--max-rejects", 20)
    records = lines(here / "out" / "current" / "documents.jsonl") + lines(here / "out" / "current" / "rejects.jsonl")
    assert [record.get("title") for record in records] == [titles[0], None]


def test_nor_does_the_order_of_entries_with_one_name(here: Path, run: Run) -> None:
    entries = [(name(1), page("Well", page_id=1)), (name(1), page("Deep well", page_id=1)), (name(2), page("Bucket"))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile says that a name is there twice
        for folder_name, order in (("there", entries), ("back", entries[::-1])):
            (here / folder_name).mkdir()
            with zipfile.ZipFile(here / folder_name / "wiki.zip", "w") as archive:
                for member, data in order:
                    archive.writestr(member, data)
    for source in ("there", "back"):
        assert run("migrate", f"{source}/wiki.zip", "--out", f"out {source}").status == 1
    assert files(here / "out there" / "current") == files(here / "out back" / "current")


@pytest.mark.parametrize("kind", PAIRS)
def test_a_replay_knows_the_one_that_stayed_by_its_digest(kind: str, here: Path, run: Run) -> None:
    members = {name(number): page(f"Other well {number}", page_id=number) for number in range(1, 6)}
    assert run("migrate", *pair(kind, pages(5), members), "--max-rejects", 5).status == 1
    replayed = json.loads(run("replay", "--format", "json").out)
    assert replayed["states"] == {"passes": 0, "ignored": 0, "rejected": 5, "not replayable": 0}
    assert all(result["same"] for result in replayed["results"])
    assert replayed["displaced"] == 0


def test_a_folder_whose_name_is_no_text_is_a_bundle_all_the_same(here: Path, run: Run) -> None:
    source = os.fsdecode(b"wells \xff")
    folder(Path(source), pages(2) | {name(3): CUT_OFF})
    assert run("validate", source).status == 1
    assert run("migrate", source, "--dry-run").status == 1
    assert {line["bundle"] for line in lines(here / "out" / "refused" / "rejects.jsonl")} == {"wells \ufffd"}


# --- what is to be done next ---------------------------------------------------------------


def test_what_was_not_published_has_no_redirects_to_be_wired(here: Path, run: Run) -> None:
    source = folder(here / "wiki", pages(9))
    dry = run("migrate", source, "--dry-run").err
    assert dry.splitlines()[-1].endswith("run again without --dry-run to publish")
    assert (
        run("migrate", source)
        .err.splitlines()[-1]
        .endswith(
            "install the redirects as out/current/redirects/<server>/README.md says, then `wiki-etl release --out out`"
        )
    )
    for member in [*pages(9)][3:]:
        (source / member).unlink()
    refused = run("migrate", source)
    assert refused.status == 5
    assert refused.err.splitlines()[-1].endswith("mend the export or the settings, run again")
    assert "wire" not in dry + refused.err


def test_the_command_that_comes_next_names_folder_and_settings_of_the_run(here: Path, run: Run) -> None:
    source = folder(here / "my wiki", pages(2) | {name(3): CUT_OFF, "wiki-etl.toml": b'language = "en"'})
    for flag in ((), ("--dry-run",)):
        (command,) = re.findall("`wiki-etl (.*?)`", run("migrate", source, "--out", "new out", *flag).err)
        replayed = run(*shlex.split(command))
        assert "my wiki/wiki-etl.toml, those that the generation was made with" in replayed.err
        assert replayed.status == 1


def test_a_status_that_is_not_0_is_told_with_its_reason(here: Path, run: Run) -> None:
    source = folder(here / "wiki", pages(2))
    assert "status" not in run("migrate", source).err
    folder(source, {name(3): CUT_OFF})
    assert "\nstatus 1: see what is marked error above\npublished" in run("migrate", source).err
    cut = tarred(here / "cut.tar", pages(2))
    cut.write_bytes(cut.read_bytes()[:1700])
    said = run("migrate", cut, "--out", "part", "--allow-partial").err
    assert "\nstatus 1: see what is marked TROUBLE above\npublished" in said


# --- the source by default -----------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder whose `raw/` holds the sample only."""
    folder(tmp_path / "raw" / "sample", pages(2))
    (tmp_path / "raw" / ".gitkeep").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_sample_is_read_while_it_is_alone(project: Path, run: Run) -> None:
    assert run("migrate").status == 0
    assert {line["source"]["bundle"] for line in lines(project / "out" / "current" / "documents.jsonl")} == {"sample"}


def test_the_sample_is_left_out_as_soon_as_there_is_anything_else(project: Path, run: Run) -> None:
    folder(project / "raw" / "export", {name(9): page("Own", page_id=9)})
    outcome = run("migrate")
    assert outcome.status == 0
    assert "raw/sample is left out" in outcome.err
    assert [line["id"] for line in lines(project / "out" / "current" / "documents.jsonl")] == ["tiki-9"]


def test_the_sample_is_read_beside_others_when_it_is_named(project: Path, run: Run) -> None:
    folder(project / "raw" / "export", {name(9): page("Own", page_id=9)})
    assert run("migrate", "raw/export", "raw/sample").status == 0
    assert len(lines(project / "out" / "current" / "documents.jsonl")) == 3


@pytest.mark.parametrize("out", ["out", "."])
def test_what_earlier_runs_wrote_into_the_source_is_no_member(
    out: str, bundle: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(bundle)
    words = ("migrate", ".", "--out", out)
    assert run(*words, "--tables").status == 0
    assert run("release", "--out", out).status == 0
    assert run(*words, "--dry-run").status == 0
    again = run(*words, "--tables")
    assert (again.status, "nothing new: the same bytes as generation 1" in again.err) == (0, True), again.err
    assert "3 members came in (wiki); skipped: " in again.err
    checked = run("validate", ".", *(["--out", out] if out == "." else []), "--format", "json")
    assert json.loads(checked.out)["ledger"]["members"] == 3


def test_a_folder_of_the_export_is_read_though_it_is_named_like_one_of_ours(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    folder(bundle, {f"out/{name(7)}": page("Seventh", page_id=7), f"b/refused/{name(8)}": page("Eighth", page_id=8)})
    monkeypatch.chdir(bundle)
    for _ in range(2):
        assert "5 members came in" in run("migrate", ".").err


@pytest.mark.parametrize(
    ("stage", "kind"), [("gather_facts", "folder"), ("gather_facts", "zip"), ("write_documents", "zip")]
)
def test_a_source_that_changes_between_the_passes_or_behind_them_is_trouble(
    stage: str, kind: str, *, tmp_path: Path, out: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = folder(tmp_path / "wiki", pages(3)) if kind == "folder" else zipped(tmp_path / "wiki.zip", pages(3))
    plain = getattr(pipeline, stage)

    def while_somebody_writes(*arguments: Any, **named: Any) -> None:
        plain(*arguments, **named)
        with (source / name(4) if kind == "folder" else source).open("ab") as file:
            file.write(page(page_id=4))

    monkeypatch.setattr(pipeline, stage, while_somebody_writes)
    outcome = run("migrate", source, "--out", out, "--jobs", "1")
    assert (outcome.status, published(out)) == (3, False)
    assert ": was changed while it was read; run again" in outcome.err


def test_no_folder_raw_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("migrate").status == 2


@pytest.mark.parametrize("command", ["migrate", "validate", "settings"])
def test_standard_input_twice_is_wrong_usage(command: str, project: Path, run: Run) -> None:
    outcome = run(command, "-", "raw", "-")
    assert (outcome.status, outcome.out, outcome.err.startswith("error: ")) == (2, "", True)
    assert not (project / "out").exists()


def test_several_sources_are_one_export(tmp_path: Path, out: Path, run: Run) -> None:
    both = pages(2)
    first = folder(tmp_path / "b", {name(1): both[name(1)]})
    second = zipped(tmp_path / "a.zip", {name(2): both[name(2)]})
    assert run("migrate", first, second, "--out", out).status == 0
    documents = lines(out / "current" / "documents.jsonl")
    assert [(line["source"]["bundle"], line["id"]) for line in documents] == [("a", "tiki-2"), ("b", "tiki-1")]
