"""The command line: what it says where, with which exit status, and that nothing is published by half."""

from __future__ import annotations

import argparse
import errno
import io
import itertools
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from etl import cli, passes, pipeline
from etl.cli import commands
from etl.facts import Facts
from etl.resolve import redirects
from etl.room import room_in, scarcity
from etl.settings import Settings
from tests.make import (
    ROOT,
    SAMPLE,
    Run,
    codes,
    command,
    files,
    folder,
    lines,
    name,
    need,
    page,
    pages,
    published,
    spawn,
    tarred,
    zipped,
)

REDIRECTS = [["redirects", action] for action in ("build", "serve", "verify", "diff", "coverage")]
COMMANDS = [
    [],
    *([name] for name in "migrate validate explain replay release rollback redirects schema settings".split()),
    *REDIRECTS,
]
STATUSES = {0: "done", 1: "rejects", 2: "usage", 3: "trouble", 4: "bug", 5: "refused", 130: "interrupted"}
REJECT = b'{"title": "cut off"'


# --- help ----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_has_an_example_and_every_exit_status(words: list[str], run: Run) -> None:
    outcome = run(*words, "--help")
    assert outcome.status == 0
    assert re.search(rf"examples?:\n +(?:zcat .* \| )?{' '.join(['wiki-etl', *words])} ", outcome.out)
    said = outcome.out.partition("exit statuses:\n")[2].splitlines()
    assert [int(line.split()[0]) for line in said] == list(STATUSES)
    assert [line for line, word in zip(said, STATUSES.values(), strict=True) if word not in line] == []


def test_version_is_that_of_the_package(run: Run) -> None:
    from etl import __version__

    assert run("--version").out == f"wiki-etl {__version__}\n"


def test_python_m_etl_is_the_same_command(run: Run) -> None:
    assert command("migrate", "--help").out == run("migrate", "--help").out


# --- statuses ------------------------------------------------------------------------------


def test_status_0_publishes(bundle: Path, out: Path, run: Run) -> None:
    outcome = run("migrate", bundle, "--out", out)
    assert outcome.status == 0, outcome.err
    assert len(lines(out / "current" / "documents.jsonl")) == 3


def test_status_1_publishes_and_keeps_the_reject(bundle: Path, out: Path, run: Run) -> None:
    folder(bundle, {name(9): REJECT})
    outcome = run("migrate", bundle, "--out", out)
    assert outcome.status == 1
    assert f"next: read findings.jsonl and rejects.jsonl in {out / 'current'}, mend" in outcome.err
    assert [reject["code"] for reject in lines(out / "current" / "rejects.jsonl")] == ["json.cut-off"]


def test_status_1_for_an_error_that_is_no_reject(bundle: Path, out: Path, run: Run) -> None:
    folder(bundle, {name(9): page("Odd", aliases=["//evil.example/x"], page_id=None)})
    assert run("migrate", bundle, "--out", out).status == 1
    assert "address.refused" in codes(out / "current")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["migrte"],
        ["migrate", "--joobs", "2"],
        ["migrate", "--jobs", "0"],
        ["migrate", "--format", "xml"],
        ["schema", "x"],
    ],
)
def test_status_2_for_wrong_usage(words: list[str], run: Run) -> None:
    outcome = run(*words)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err


def test_status_2_on_a_system_that_is_not_posix(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as there:
        there.delattr(signal, "SIGHUP")
        outcome = run("--version")
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert "WSL" in outcome.err


@pytest.mark.parametrize(
    "words",
    [
        ["migrate", ""],
        ["migrate", "raw", ""],
        ["migrate", "raw", "--out", ""],
        ["migrate", "raw", "--previous", ""],
        ["release", "--out="],
        ["settings", "raw", ""],
        ["validate", ""],
        ["validate", "raw", "--baseline", ""],
        ["redirects", "build", "--out", ""],
        ["redirects", "coverage", ""],
        ["redirects", "diff", "", "out/current"],
    ],
)
def test_status_2_for_a_name_that_is_empty(words: list[str], run: Run) -> None:
    outcome = run(*words)
    assert (outcome.status, outcome.out) == (2, "")
    assert "nothing is named: is a variable of a script empty?" in outcome.err


def test_status_2_for_two_exports_of_one_wiki_names_both(tmp_path: Path, out: Path, run: Run) -> None:
    old, new = folder(tmp_path / "old", pages(60)), folder(tmp_path / "new", pages(60, date="2020-02-02"))
    outcome = run("migrate", old, new, "--out", out)
    assert (outcome.status, published(out)) == (2, False)
    assert "old/" in outcome.err
    assert "new/" in outcome.err


@pytest.mark.parametrize("source", ["nowhere", "nowhere.zip"])
def test_status_3_for_a_source_that_is_not_there(source: str, tmp_path: Path, out: Path, run: Run) -> None:
    outcome = run("migrate", tmp_path / source, "--out", out)
    assert (outcome.status, published(out)) == (3, False)
    assert source in outcome.err


def test_status_4_for_a_bug_says_so_and_publishes_nothing(
    bundle: Path, out: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "resolve", lambda *_: 1 / 0)
    outcome = run("migrate", bundle, "--out", out)
    assert (outcome.status, published(out)) == (4, False)
    assert "ZeroDivisionError" in outcome.err
    assert "bug" in outcome.err


def test_status_4_when_a_member_is_lost_on_the_way(
    bundle: Path, out: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from etl.passes import transform_pass

    folder(bundle, {name(9): REJECT})
    monkeypatch.setattr(transform_pass._Transform, "_write_reject", lambda _self: None)
    outcome = run("migrate", bundle, "--out", out, "--jobs", 1)
    assert (outcome.status, published(out)) == (4, False)
    assert "4 members came in, but 3 are accounted for" in outcome.err


def test_status_5_for_a_bundle_without_members_leaves_its_evidence(tmp_path: Path, out: Path, run: Run) -> None:
    outcome = run("migrate", folder(tmp_path / "empty", {}), "--out", out)
    assert (outcome.status, published(out)) == (5, False)
    refused = f"nothing was published, findings and rejects are in {out / 'refused'}"
    assert f"\nREFUSED: there is no document among 0 members; {refused}\n" in outcome.err
    assert {"findings.jsonl", "rejects.jsonl", "summary.json"} <= files(out / "refused").keys()


def test_status_5_for_documents_that_are_all_withheld(tmp_path: Path, out: Path, run: Run) -> None:
    source = folder(tmp_path / "stubs", {name(1): page("Stub", body="")})
    assert run("migrate", source, "--out", out, "--max-rejects", "100%").status == 5


def test_status_5_for_more_rejects_than_allowed(bundle: Path, out: Path, run: Run) -> None:
    folder(bundle, {name(8): REJECT, name(9): REJECT + b" "})
    outcome = run("migrate", bundle, "--out", out)
    assert (outcome.status, published(out)) == (5, False)
    assert len(lines(out / "refused" / "rejects.jsonl")) == 2
    assert run("migrate", bundle, "--out", out, "--max-rejects", 2).status == 1
    assert run("migrate", bundle, "--out", out, "--max-rejects", "39%").status == 5


def test_one_percent_of_rejects_is_published_and_one_more_is_not(tmp_path: Path, out: Path, run: Run) -> None:
    source = folder(tmp_path / "wiki", pages(198) | {name(801): REJECT, name(802): REJECT + b" "})
    assert run("migrate", source, "--out", out).status == 1
    folder(source, {name(803): REJECT + b"  "})
    assert run("migrate", source, "--out", out).status == 5


def test_status_5_when_an_export_shrinks_and_the_old_generation_stays(tmp_path: Path, out: Path, run: Run) -> None:
    assert run("migrate", folder(tmp_path / "old", pages(20)), "--out", out).status == 0
    before = files(out / "current")
    refused = run("migrate", folder(tmp_path / "less", pages(18)), "--out", out)
    said = "\nREFUSED: 18 documents, 2 fewer than the current generation has: more than --max-shrink 5% allows; "
    assert (refused.status, said in refused.err) == (5, True)
    assert files(out / "current") == before
    assert run("migrate", folder(tmp_path / "almost", pages(19)), "--out", out).status == 0
    assert run("migrate", tmp_path / "less", "--out", out, "--max-shrink", "10%").status == 0


def test_a_refused_run_replaces_the_evidence_of_the_one_before(
    bundle: Path, out: Path, run: Run, tmp_path: Path
) -> None:
    run("migrate", folder(tmp_path / "empty", {}), "--out", out)
    folder(bundle, {name(8): REJECT, name(9): REJECT + b" "})
    run("migrate", bundle, "--out", out)
    assert json.loads((out / "refused" / "summary.json").read_text())["ledger"]["members"] == 5


# --- interrupted, killed, locked -----------------------------------------------------------


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose cleaning takes seconds, and the way to it hardly any."""
    return folder(tmp_path_factory.mktemp("big") / "wiki", pages(400, body="Water is **clear**. " * 1000))


def started(source: Path, out: Path, jobs: int) -> subprocess.Popen[str]:
    """A run that has come to its second pass."""
    process = spawn("migrate", source, "--out", out, "--jobs", jobs)
    deadline = time.monotonic() + 30
    while not any(out.glob(".work-*/made/documents.jsonl")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    return process


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_status_130_for_an_interrupted_run_that_leaves_nothing(
    number: signal.Signals, jobs: int, big: Path, out: Path
) -> None:
    process = started(big, out, jobs)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "interrupted; nothing was published\n")
    assert [path.name for path in out.iterdir()] == [".lock"]


def test_status_130_for_an_interruption_that_a_library_swallows(
    bundle: Path, out: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the call-back of a library that is not written in Python."""

    def swallowing(facts: Facts) -> Any:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        return redirects(facts)

    monkeypatch.setattr(pipeline, "redirects", swallowing)
    outcome = run("migrate", bundle, "--out", out)
    assert (outcome.status, outcome.err) == (130, "interrupted; nothing was published\n")


@pytest.mark.parametrize("module", ["json", "uuid"])
def test_status_130_for_an_interruption_while_orjson_is_imported(module: str) -> None:
    """It imports these from C, and does not expect that to fail."""
    script = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        f"        name == {module!r} and os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from etl.cli import main\n"
        f"raise SystemExit(main(['validate', {str(SAMPLE)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_an_interruption_of_before_is_none_of_a_command(bundle: Path, out: Path, run: Run) -> None:
    commands.interrupted.append(signal.SIGINT)
    assert run("migrate", bundle, "--out", out).status == 0


def test_a_signal_that_is_ignored_stays_ignored(bundle: Path, out: Path) -> None:
    """As under nohup, and in the background of a shell."""
    script = (
        "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from etl import pipeline\nfrom etl.cli import main\nplain = pipeline.index\n"
        "pipeline.index = lambda *arguments: (os.kill(os.getpid(), signal.SIGHUP), plain(*arguments))[1]\n"
        f"raise SystemExit(main(['migrate', {str(bundle)!r}, '--out', {str(out)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_written_to_standard_output_is_trouble(bundle: Path, out: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full to write to")
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "etl", "migrate", str(bundle), "--out", str(out), "--format", "json"]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert (done.returncode, "No space left on device" in done.stderr) == (3, True), done.stderr
        assert "Traceback" not in done.stderr
        status = subprocess.call(command[:-2], cwd=ROOT, stdout=full, stderr=full)
        assert status == 0  # nothing new was to publish, and nobody can be told


@pytest.mark.parametrize("step", ["index", "gather", "transform", "write_decisions", "refusal"])
def test_status_130_whatever_step_is_interrupted(
    step: str, bundle: Path, out: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = passes if step in {"gather", "transform"} else pipeline
    monkeypatch.setattr(place, step, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    outcome = run("migrate", bundle, "--out", out)
    assert (outcome.status, outcome.err) == (130, "interrupted; nothing was published\n")
    assert [path.name for path in out.iterdir()] == [".lock"]


def test_status_130_for_an_interruption_inside_a_query(
    bundle: Path, out: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "path", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    assert run("migrate", bundle, "--out", out).status == 130


def test_a_killed_run_keeps_the_old_generation_and_blocks_nobody(big: Path, bundle: Path, out: Path, run: Run) -> None:
    run("migrate", bundle, "--out", out)
    before = files(out / "current")
    process = started(big, out, 1)
    process.kill()
    process.communicate()
    assert files(out / "current") == before
    outcome = run("migrate", bundle, "--out", out)
    assert outcome.status == 0
    assert "nothing new" in outcome.err
    assert not any(out.glob(".work*"))


HOLDER = """
import sys, time
from pathlib import Path
from etl.load.generations import Generations
with Generations(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(60)
"""


def test_status_3_while_another_process_holds_the_lock_and_its_death_frees_it(
    bundle: Path, out: Path, run: Run
) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, out], cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        outcome = run("migrate", bundle, "--out", out)
        holder.kill()
    assert (outcome.status, published(out)) == (3, False)
    assert f"process {holder.pid}" in outcome.err
    assert run("migrate", bundle, "--out", out).status == 0


# --- trouble with input and output ---------------------------------------------------------


@pytest.mark.parametrize("command", ["migrate", "validate"])
def test_status_2_where_nothing_is_named_and_there_is_no_raw(
    command: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(command)
    assert outcome.status == 2
    assert outcome.err.endswith("there is no folder raw here; name a folder, an archive or an address\n")


def test_status_3_for_an_output_folder_that_cannot_be(bundle: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "a file").touch()
    outcome = run("migrate", bundle, "--out", tmp_path / "a file" / "out")
    assert outcome.status == 3
    assert "a file" in outcome.err
    outcome = run("migrate", bundle, "--out", tmp_path / "a file")
    assert outcome.err.startswith(f"error: {tmp_path / 'a file'}: no folder can be made there: File exists; name anoth")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_status_3_for_an_output_folder_without_rights(bundle: Path, tmp_path: Path, run: Run) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert run("migrate", bundle, "--out", locked / "out").status == 3


@pytest.mark.parametrize("limit", [4, 64, 600], ids="{} KiB".format)
def test_status_3_for_a_full_disk_and_the_old_generation_stays(
    limit: int, bundle: Path, big: Path, out: Path, run: Run
) -> None:
    run("migrate", bundle, "--out", out)
    before = files(out / "current")
    process = subprocess.run(
        [sys.executable, "-m", "etl", "migrate", big, "--out", out, "--jobs", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit * 1024, limit * 1024)),
    )
    assert process.returncode == 3, process.stderr
    assert "nothing was published" in process.stderr
    assert files(out / "current") == before


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and os.geteuid() == 0
    if (
        not mounted
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_status_3_for_a_disk_that_runs_full(tiny_disk: Path, bundle: Path, big: Path) -> None:
    assert command("migrate", bundle, "--out", tiny_disk / "out").status == 0
    before = files(tiny_disk / "out" / "current")
    outcome = command("migrate", big, "--out", tiny_disk / "out")
    assert outcome.status == 3, outcome.err
    assert "Traceback" not in outcome.err
    assert files(tiny_disk / "out" / "current") == before


@pytest.mark.parametrize(
    "full", [OSError(errno.ENOSPC, "No space left on device"), sqlite3.OperationalError("database or disk is full")]
)
def test_a_full_disk_is_named_with_its_room_and_what_helps(
    full: Exception, bundle: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def fail(*_arguments: object, **_named: object) -> None:
        raise type(full)(*full.args)

    run("migrate", bundle, "--out", out)
    monkeypatch.setattr("tempfile.tempdir", str(folder(tmp_path / "temporary", {})))
    monkeypatch.setattr(pipeline, "finish", fail)
    outcome = run("migrate", bundle, "--out", out)
    assert outcome.status == 3
    assert re.search(rf"{out} has [0-9.]+ [KMG]iB free; .*nothing was published", outcome.err)
    outcome = run("validate", bundle)
    assert outcome.status == 3
    assert re.search(rf"{tmp_path}/temporary has [0-9.]+ [KMG]iB free \(.* set TMPDIR to another folder\)", outcome.err)
    assert "published" not in outcome.err
    monkeypatch.setattr("etl.load.redirects.survey._read", fail)
    outcome = run("redirects", "build", "--map", out / "current" / "redirects.jsonl", "--out", tmp_path / "new")
    assert outcome.status == 3
    assert "set TMPDIR to another folder" in outcome.err
    assert "of this run" not in outcome.err


def test_the_room_of_a_folder_is_told_once_as_it_was_nearest_to_the_trouble(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="No space") as caught,
        room_in(tmp_path, " (outside)"),
        room_in(tmp_path, " (in)"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    (note,) = caught.value.__notes__
    assert re.fullmatch(rf"{tmp_path} has [0-9.]+ [KMG]iB free \(in\)", note)
    for other in (PermissionError(errno.EACCES, "Permission denied"), sqlite3.OperationalError("locked")):
        with suppress(type(other)), room_in(tmp_path):
            raise other
        assert not hasattr(other, "__notes__")
    assert scarcity(tmp_path / "not" / "there", 1) is None


@pytest.mark.parametrize("on_another_disk", [False, True])
def test_a_database_that_is_full_may_be_so_where_it_sorts(
    on_another_disk: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder(tmp_path / "sorted", {})
    if on_another_disk:
        here = tmp_path.stat().st_dev
        others = [each for each in (Path("/dev/shm"), ROOT) if each.is_dir() and each.stat().st_dev != here]
        if not others:
            pytest.skip("there is no other disk here")
        place = others[0]
    monkeypatch.setenv("SQLITE_TMPDIR", str(place))
    with pytest.raises(sqlite3.OperationalError) as caught, room_in(tmp_path):
        raise sqlite3.OperationalError("database or disk is full")
    told = [note.partition(" has ")[0] for note in caught.value.__notes__]
    assert told == [str(tmp_path), *([str(place)] if on_another_disk else [])]


def test_a_disk_that_will_run_full_is_told_before_the_work(
    bundle: Path, out: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large export, hours before."""

    def work(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert "WARNING" not in run("migrate", bundle, "--out", out).err
    monkeypatch.setattr("etl.room.shutil.disk_usage", lambda _folder: argparse.Namespace(free=3))
    monkeypatch.setattr(pipeline, "make", work)
    for arguments in (("migrate", bundle, "--out", out), ("validate", bundle)):
        told, error = run(*arguments).err.splitlines()
        assert re.search("WARNING: .* has 3 bytes free, and what will be written there is more than [0-9]+ bytes", told)
        assert "No space left" in error
    assert "WARNING" not in run("migrate", bundle, "--out", out, "--quiet").err


@pytest.mark.parametrize("module", ["_bz2", "_lzma", "_sqlite3", "orjson"])
def test_a_python_that_lacks_a_module_is_trouble_and_no_bug(module: str, bundle: Path) -> None:
    """As one that was built without the headers of a library, or an installation that was cut off."""
    script = f"import sys; sys.modules[{module!r}] = None; from etl.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", script, "validate", str(bundle)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert re.search(rf"\b{module}\b.*install wiki-etl again, with a Python that has all", done.stderr)


@pytest.mark.parametrize(
    "words", ["redirects diff old/redirects.jsonl new/redirects.jsonl", "redirects coverage log --map new"]
)
def test_a_terminal_of_another_encoding_is_no_reason_to_fail(words: str, tmp_path: Path) -> None:
    gone = json.dumps({"kind": "name", "value": "Zoë", "target": None, "status": 410, "why": "gone", "document": None})
    asked = '::1 - - [21/Nov/2025:10:00:00 +0000] "GET /Zo%C3%AB HTTP/1.1" 404 9 "-" "-"\n'
    texts = {"old/redirects.jsonl": f"{gone}\n", "new/redirects.jsonl": "", "log": asked}
    folder(tmp_path, {place: text.encode() for place, text in texts.items()})
    outcome = command(*words.split(), cwd=tmp_path, environment={"PYTHONIOENCODING": "ascii"})
    assert outcome.status == 0, outcome.err
    assert r"Zo\xeb" in outcome.out


@pytest.mark.parametrize("redirection", [">/dev/full", "| true", ">&-"])
@pytest.mark.parametrize("quiet", ["", "-q"])
def test_a_report_that_cannot_be_written_says_that_it_was_published(
    redirection: str, quiet: str, bundle: Path, out: Path
) -> None:
    line = f'"{sys.executable}" -m etl migrate "{bundle}" --out "{out}" --format json {quiet} {redirection}'
    need("bash")
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3
    assert re.fullmatch("error: standard output: .*; generation 1 was published before that\n", done.stderr)
    assert published(out)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_that_nobody_needs_is_no_trouble(closed: str, bundle: Path, out: Path) -> None:
    line = f'"{sys.executable}" -m etl migrate "{bundle}" --out "{out}" {closed}'
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "pack"), [("wiki.zip", zipped), ("wiki.tar", tarred)])
def test_status_3_for_a_cut_off_archive_unless_a_part_is_allowed(
    name: str, pack: Callable[..., Path], tmp_path: Path, out: Path, run: Run
) -> None:
    archive = pack(tmp_path / name, pages(20, body="Water is clear. " * 50))
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) * 2 // 3])
    outcome = run("migrate", archive, "--out", out)
    assert (outcome.status, published(out)) == (3, False)
    assert name in outcome.err
    assert ("--allow-partial publishes" in outcome.err) is (pack is not zipped)
    partial = run("migrate", archive, "--out", out, "--allow-partial")
    assert "TROUBLE" in partial.err
    if pack is zipped:  # its directory was at the end: nothing could be read
        assert (partial.status, published(out)) == (5, False)
    else:
        assert partial.status == 1
        assert 5 < len(lines(out / "current" / "documents.jsonl")) < 20


@pytest.mark.parametrize(
    "later", [REJECT, page("Well number 1", page_id=1, body="Other words.")], ids=["broken", "other"]
)
def test_status_3_for_a_member_that_changes_while_it_is_read(
    later: bytes, bundle: Path, out: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from etl.resolve import resolve

    def change(*arguments: Any) -> None:
        (bundle / name(1)).write_bytes(later)
        resolve(*arguments)

    monkeypatch.setattr(pipeline, "resolve", change)
    outcome = run("migrate", bundle, "--out", out)
    assert (outcome.status, published(out)) == (3, False)
    assert name(1) in outcome.err


# --- what is said --------------------------------------------------------------------------


def test_json_goes_to_standard_output_and_text_to_standard_error(bundle: Path, out: Path, run: Run) -> None:
    outcome = run("migrate", bundle, "--out", out, "--format", "json")
    summary = json.loads(outcome.out)
    assert (summary["status"], summary["published"], summary["generation"]) == (0, True, "1")
    assert summary["ledger"] == {
        "members": 3,
        "documents": 3,
        "withheld": 0,
        "redirect_only": 0,
        "duplicates": 0,
        "rejects": 0,
    }
    assert "3 members came in" in outcome.err


def test_text_leaves_standard_output_empty(bundle: Path, out: Path, run: Run) -> None:
    assert run("migrate", bundle, "--out", out).out == ""


def test_quiet_says_nothing_and_a_failure_still_does(bundle: Path, out: Path, run: Run) -> None:
    assert run("migrate", bundle, "--out", out, "--quiet").err == ""
    assert run("migrate", out / "nowhere", "--out", out, "--quiet").err != ""


def test_quiet_says_of_a_refused_run_that_it_is_one(bundle: Path, out: Path, run: Run) -> None:
    folder(bundle, {name(9): REJECT})
    for words in ([], ["--dry-run"]):
        said = run("migrate", bundle, "--out", out, "--quiet", "--max-rejects", "0", *words)
        assert (said.status, said.out) == (5, "")
        assert said.err == (
            "REFUSED: 1 of 4 members are rejects, more than --max-rejects 0 allows; "
            f"nothing was published, findings and rejects are in {out / 'refused'}\n"
        )
    assert run("migrate", bundle, "--out", out, "--quiet").err == ""


def test_quiet_says_of_a_part_that_it_is_one(tmp_path: Path, out: Path, run: Run) -> None:
    part = tarred(tmp_path / "wiki.tar", pages(9))
    part.write_bytes(part.read_bytes()[:6000])
    said = run("migrate", part, "--out", out, "--quiet", "--allow-partial")
    assert said.status == 1
    assert re.fullmatch(r"TROUBLE: .*wiki\.tar: .* cut off.*\n", said.err), said.err


def test_the_summary_says_what_came_out_and_what_is_next(bundle: Path, out: Path, run: Run) -> None:
    folder(bundle, {name(9): page("Stub", page_id=9, body=""), ".hidden": b"", "a/.hidden": b""})
    read, nothing = (
        f"next: read {out}/current/findings.jsonl;",
        [f"would be {what}: 0" for what in ("removed", "changed")],
    )
    wired = f"install the redirects as {out}/current/redirects/<server>/README.md says"
    tried = [
        f"dry run: nothing was published, findings and rejects are in {out}/refused",
        f"next: read {out}/refused/findings.jsonl; run again without --dry-run to publish",
    ]
    added = ["would be added: 3 (tiki-1, tiki-2, tiki-3)", *nothing, f"all are in {out}/refused/difference.jsonl"]
    for words, end in (
        (["--dry-run"], [*added, *tried]),
        ([], [f"published generation 1: {out}/current", f"{read} {wired}, then `wiki-etl release --out {out}`"]),
        (["--dry-run"], ["would be added: 0", *nothing, *tried]),
    ):
        assert run("migrate", bundle, "--out", out, *words).err.splitlines() == [
            "4 members came in (wiki); skipped: 2 hidden",
            "  = 3 documents + 1 withheld + 0 redirect pages + 0 duplicates + 0 rejects",
            "15 legacy addresses in the redirect map, 0 changes to bodies",
            "2 findings:",
            "  info          1  address.withheld       addresses of a withheld document; they are not answered",
            "  info          1  document.stub          a page with nothing visible",
            *end,
        ]


def test_the_summary_of_what_nothing_was_found_in_says_so(bundle: Path, out: Path, run: Run) -> None:
    outcome = run("migrate", bundle, "--out", out, "--format", "json")
    summary, said = json.loads(outcome.out), outcome.err.splitlines()
    assert said[3:5] == ["no findings", f"published generation 1: {out}/current"]
    assert said[5].startswith(f"next: install the redirects as {out}/current/redirects/")
    assert (summary["refused"], summary["dry_run"], summary["published"]) == (None, False, True)
    refused = json.loads(run("migrate", bundle, "--out", out, "--format", "json", "--dry-run").out)
    assert (refused["dry_run"], refused["published"], refused["generation"]) == (True, False, None)


def test_the_summary_of_rejects_says_how_to_mend_them(bundle: Path, out: Path, run: Run) -> None:
    folder(bundle, {name(9): REJECT})
    mend = f"mend the export or the settings (`wiki-etl replay {out}/current` says what passes with them)"
    for outcome in ("published generation 1: ", "nothing new: the same bytes as generation 1, "):
        assert run("migrate", bundle, "--out", out, "--max-rejects", "1").err.splitlines()[3:] == [
            "1 findings:",
            "  error         1  json.cut-off           JSON front matter that ends too early",
            "status 1: see what is marked error above",
            f"{outcome}{out}/current",
            f"next: read findings.jsonl and rejects.jsonl in {out}/current, {mend}, run again",
        ]


def test_the_ledger_on_standard_error_names_every_kind(out: Path, run: Run) -> None:
    said = run("migrate", SAMPLE, "--out", out).err
    for word in ("members", "documents", "withheld", "redirect pages", "duplicates", "rejects", "findings"):
        assert word in said


class Terminal(io.StringIO):
    """Takes what a person would see."""

    def __init__(self) -> None:
        super().__init__()
        self.writers = set[threading.Thread]()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.writers.add(threading.current_thread())
        return super().write(text)


def test_every_stage_of_a_run_is_named_on_a_terminal(bundle: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert cli.main(["migrate", str(bundle), "--out", str(out)]) == 0
    assert cli.main(["migrate", str(bundle), "--out", str(out), "--dry-run"]) == 0
    bars = re.findall(r"\r([a-z]+)(?=:| \[)", terminal.getvalue())
    stages = "listing reading resolving cleaning compiling proving".split()
    assert [name for name, _ in itertools.groupby(bars)] == [*stages, "publishing", *stages, "comparing"]


@pytest.mark.parametrize("flag", ["--quiet", "--no-progress"])
def test_no_bar_is_drawn_for_who_wants_none(
    flag: str, bundle: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert cli.main(["migrate", str(bundle), "--out", str(out), flag]) == 0
    assert "\r" not in terminal.getvalue()


def test_a_bar_goes_on_telling_the_time_where_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(commands, "TICK", 0.01)
    with commands.progress(argparse.Namespace(no_progress=False, quiet=False))("resolving", 0):
        before = time.monotonic()
        while "[00:01]" not in terminal.getvalue() and time.monotonic() < before + 60:
            time.sleep(0.05)
    assert "resolving [00:01]" in terminal.getvalue()


def test_no_interrupt_comes_while_a_bar_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would leave the lock of what draws it held, and the command would wait for ever."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(commands, "TICK", 0.01)
    with commands.progress(argparse.Namespace(no_progress=False, quiet=False))("cleaning", 9) as done:
        before = time.monotonic()
        time.sleep(0.2)  # what counts drew itself, unless it had just been drawn
        done(5)
        while "5/9" not in terminal.getvalue() and time.monotonic() < before + 60:
            time.sleep(0.05)
    assert "5/9" in terminal.getvalue()
    assert threading.main_thread() not in terminal.writers


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("control", ["\x1b[31m", "\x9b31m", "\u202e", "\r", "\x07"], ids=ascii)
def test_no_control_character_of_the_data_reaches_a_terminal(
    control: str, form: str, tmp_path: Path, out: Path, run: Run
) -> None:
    odd = f"ev{control}il"
    unknown: dict[str, Any] = {odd: 1}
    members = {f"{odd}/{key}": data for key, data in pages(2).items()} | {
        name(7): page(odd, page_id=7, aliases=[f"/{odd}"], categories=[odd], **unknown),
        name(8): json.dumps({odd: odd}).encode(),
        name(9): f"<{odd}".encode(),
    }
    said = []
    for source in (zipped(tmp_path / f"{odd}.zip", members), tmp_path / f"no-{odd}"):
        for flags in (["--max-rejects", "100%"], ["--dry-run"]):
            outcome = run("migrate", source, "--out", out, "--format", form, *flags)
            assert outcome.status in (1, 3, 5)
            said.append(outcome.out + outcome.err)
    assert [char for char in "".join(said) if not char.isprintable() and char != "\n"] == []


# --- dry runs and generations --------------------------------------------------------------


def test_a_dry_run_publishes_nothing_and_names_what_would_change(bundle: Path, out: Path, run: Run) -> None:
    run("migrate", bundle, "--out", out)
    before = files(out / "current")
    (bundle / name(1)).unlink()
    folder(
        bundle,
        {
            name(2): page("Well number 2", page_id=2, body="Deeper."),
            name(4): page("New", page_id=4),
            name(5): page("Newer", page_id=5),
        },
    )
    outcome = run("migrate", bundle, "--out", out, "--dry-run", "--format", "json", "--max-shrink", "50%")
    assert outcome.status == 0
    assert json.loads(outcome.out)["difference"] == {
        "added": {"count": 2, "ids": ["tiki-4", "tiki-5"]},
        "removed": {"count": 1, "ids": ["tiki-1"]},
        "changed": {"count": 1, "ids": ["tiki-2"]},
    }
    assert "would be added: 2 (tiki-4, tiki-5)" in outcome.err
    assert f"all are in {out / 'refused' / 'difference.jsonl'}" in outcome.err
    assert files(out / "current") == before
    assert [path.name for path in (out / "generations").iterdir()] == ["1"]
    assert {"findings.jsonl", "rejects.jsonl", "summary.json"} <= files(out / "refused").keys()


def test_a_run_that_publishes_nothing_leaves_the_tables_and_the_changes_that_were_asked_for(
    bundle: Path, out: Path, run: Run
) -> None:
    folder(bundle, {name(8): REJECT, name(9): REJECT + b" "})
    for ask, status in ((["--dry-run", "--max-rejects", "9"], 1), ([], 5)):
        assert run("migrate", bundle, "--out", out, "--tables", "--changes", *ask).status == status
        left = files(out / "refused").keys()
        assert {"changes.jsonl", "tables/documents.csv", "tables/missing_text.csv"} <= left
        assert run("migrate", bundle, "--out", out, *ask).status == status
        assert files(out / "refused").keys() == {path for path in left if path[:6] not in ("change", "tables")}


def test_what_decides_whether_a_run_publishes_makes_no_generation(bundle: Path, out: Path, run: Run) -> None:
    assert run("migrate", bundle, "--out", out).status == 0
    said = run("migrate", bundle, "--out", out, "--max-rejects", "9", "--max-shrink", "9").err
    assert "nothing new: the same bytes as generation 1" in said


def test_every_kind_of_finding_is_listed_when_asked(out: Path, run: Run) -> None:
    said, more = (run("migrate", SAMPLE, "--out", out, *ask).err for ask in ([], ["--verbose"]))
    kinds = json.loads((out / "current" / "manifest.json").read_bytes())["findings"]
    assert f"findings, the first 10 of {len(kinds)} kinds (--verbose lists all):" in said
    rows = [re.match(r"  (error|warning|info) +([0-9,]+)  (\S+)", line) for line in more.splitlines()]
    ranks = [(("error", "warning", "info").index(row[1]), -int(row[2]), row[3]) for row in rows if row]
    assert (ranks, len(ranks)) == (sorted(ranks), len(kinds))
    assert [code for code in kinds if f" {code} " not in more] == []


def test_a_dry_run_of_a_first_export_adds_everything(bundle: Path, out: Path, run: Run) -> None:
    outcome = run("migrate", bundle, "--out", out, "--dry-run")
    assert outcome.status == 0
    assert "would be added: 3" in outcome.err
    assert not published(out)


def test_a_dry_run_cuts_long_lists_but_no_count(tmp_path: Path, out: Path, run: Run) -> None:
    outcome = run("migrate", folder(tmp_path / "wiki", pages(30)), "--out", out, "--dry-run", "--format", "json")
    added = json.loads(outcome.out)["difference"]["added"]
    assert (added["count"], len(added["ids"])) == (30, 20)
    assert "and 10 more" in outcome.err
    assert [(line["id"], line["what"]) for line in lines(out / "refused" / "difference.jsonl")] == sorted(
        (f"tiki-{number}", "added") for number in range(1, 31)
    )


def test_a_run_that_is_refused_for_shrinking_names_every_document(tmp_path: Path, out: Path, run: Run) -> None:
    old = pages(30)
    run("migrate", folder(tmp_path / "old", old), "--out", out)
    digests = {line["id"]: line["digest"] for line in lines(out / "current" / "documents.jsonl")}
    some = {name(number): old[name(number)] for number in (1, 2)} | {name(3): page("Well number 3", page_id=3)}
    outcome = run("migrate", folder(tmp_path / "new", some), "--out", out, "--format", "json")
    assert outcome.status == 5
    assert json.loads(outcome.out)["difference"]["removed"]["count"] == 27
    assert "would be removed: 27" in outcome.err
    found = {line["id"]: line for line in lines(out / "refused" / "difference.jsonl")}
    assert sorted(found) == sorted(digests.keys() - {"tiki-1", "tiki-2", "tiki-3"})
    assert found["tiki-30"] == {"id": "tiki-30", "what": "removed", "before": digests["tiki-30"], "now": None}
    changed = folder(tmp_path / "old", {name(3): page("Well number 3", page_id=3, body="Deeper.")})
    run("migrate", changed, "--out", out, "--dry-run")
    (line,) = lines(out / "refused" / "difference.jsonl")
    assert (line["id"], line["what"], line["before"]) == ("tiki-3", "changed", digests["tiki-3"])
    assert line["now"] not in (None, line["before"])


def test_the_same_bytes_are_no_new_generation(bundle: Path, out: Path, run: Run) -> None:
    run("migrate", bundle, "--out", out)
    again = run("migrate", bundle, "--out", out, "--format", "json")
    assert again.status == 0
    assert "nothing new: the same bytes as generation 1" in again.err
    assert json.loads(again.out)["published"] is False
    assert [path.name for path in (out / "generations").iterdir()] == ["1"]


def test_as_many_generations_stay_as_the_setting_says(bundle: Path, out: Path, run: Run) -> None:
    (bundle / "wiki-etl.toml").write_text("keep_generations = 2")
    for number in range(4):
        folder(bundle, {name(1): page("Well number 1", page_id=1, body=f"Version {number}.")})
        assert run("migrate", bundle, "--out", out).status == 0
    assert sorted(path.name for path in (out / "generations").iterdir()) == ["3", "4"]
    assert (out / "current").readlink() == Path("generations/4")


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"ledger": {}}', '{"ledger": {"documents": "three"}}'])
def test_status_3_when_the_manifest_of_the_current_generation_is_damaged(
    damage: str, bundle: Path, out: Path, run: Run
) -> None:
    run("migrate", bundle, "--out", out)
    (out / "current" / "manifest.json").write_text(damage)
    for words in ([], ["--dry-run"]):
        outcome = run("migrate", bundle, "--out", out, *words)
        assert (outcome.status, outcome.err.count("\n")) == (3, 1), outcome
        assert "manifest.json: the current generation is damaged" in outcome.err
        assert outcome.err.endswith("nothing was published\n")
    said = run("validate", bundle, "--out", out, "--format", "github")
    assert (said.status, said.out.startswith("::error")) == (3, True)
    (out / "current").unlink()
    assert run("migrate", bundle, "--out", out).status == 0


def test_status_3_when_the_current_generation_has_lost_its_manifest(bundle: Path, out: Path, run: Run) -> None:
    run("migrate", bundle, "--out", out)
    (out / "current" / "manifest.json").unlink()
    outcome = run("migrate", folder(out.with_name("shrunk"), pages(1)), "--out", out)
    assert (outcome.status, outcome.err.endswith("nothing was published\n")) == (3, True)


def test_a_dry_run_is_not_compared_with_a_generation_that_has_lost_its_documents(
    bundle: Path, out: Path, run: Run
) -> None:
    run("migrate", bundle, "--out", out)
    (out / "current" / "documents.jsonl").unlink()
    outcome = run("migrate", bundle, "--out", out, "--dry-run")
    assert (outcome.status, outcome.err.count("documents.jsonl: No such file")) == (3, 1)


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"id": "tiki-9"}'])
def test_a_dry_run_tells_damaged_documents_of_the_current_generation_from_a_bug(
    damage: str, bundle: Path, out: Path, run: Run
) -> None:
    run("migrate", bundle, "--out", out)
    with (out / "current" / "documents.jsonl").open("a") as file:
        file.write(f"{damage}\n")
    outcome = run("migrate", bundle, "--out", out, "--dry-run")
    assert outcome.status == 3
    assert "documents.jsonl: the current generation is damaged" in outcome.err


def test_status_3_when_current_is_no_link_and_no_generation_is_left_behind(
    bundle: Path, out: Path, tmp_path: Path, run: Run
) -> None:
    run("migrate", bundle, "--out", out)
    copy = Path(shutil.copytree(out, tmp_path / "copy"))
    for word in ("migrate", "release", "rollback"):
        outcome = run(word, *([bundle] if word == "migrate" else []), "--out", copy)
        assert outcome.status == 3
        assert f"{copy / 'current'} is no link" in outcome.err
    assert [path.name for path in (copy / "generations").iterdir()] == ["1"]
    shutil.rmtree(copy / "generations")
    assert "is no link" in run("migrate", bundle, "--out", copy).err


def test_changes_and_html_come_with_their_flags_only(bundle: Path, out: Path, run: Run) -> None:
    run("migrate", bundle, "--out", out)
    assert not (out / "current" / "changes.jsonl").exists()
    assert lines(out / "current" / "documents.jsonl")[0]["html"] is None
    run("migrate", bundle, "--out", out, "--changes", "--html")
    assert (out / "current" / "changes.jsonl").exists()
    assert lines(out / "current" / "documents.jsonl")[0]["html"] == "<p>Water is clear.</p>\n"


# --- schemas, addresses, arguments ---------------------------------------------------------


def test_an_address_of_another_kind_is_told_what_is_read(out: Path, run: Run) -> None:
    outcome = run("migrate", "ftp://wells.example/x.zip", "--out", out)
    assert outcome.status == 3
    assert "addresses are read by http and https alone" in outcome.err


def test_schema_prints_a_schema_or_all_names(run: Run) -> None:
    from etl import schemas

    assert run("schema").out.split() == list(schemas.MODELS)
    assert run("schema", "document").out == schemas.published("document")
    unknown = run("schema", "dokument")
    assert (unknown.status, unknown.out) == (2, "")


def test_main_takes_its_arguments_from_the_process_when_none_are_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["wiki-etl", "--version"])
    assert cli.main() == 0
    assert capsys.readouterr().out.startswith("wiki-etl ")
