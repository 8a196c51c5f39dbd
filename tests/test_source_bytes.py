"""The bytes of a source: they have the digest that was asked for, and whatever changes in the middle is noticed."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from etl import passes, pipeline
from etl.extract import bundle
from tests.extract.test_bundle import WRAPPINGS, wrapped
from tests.extract.test_remote import answer, serving
from tests.make import Outcome, folder, lines, name, page

Command = Callable[..., Outcome]

FILES = {name(number): page(f"Page {number}", page_id=number) for number in (1, 2, 3)}
OTHERS = {name(number): page(f"Leaf {number}", page_id=number) for number in (1, 2, 3)}
"""The same names and lengths, other bytes."""
ARCHIVES = [wrapping for wrapping in WRAPPINGS if wrapping != "folder"]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- the digest of the whole source --------------------------------------------------------


def sources(wrapping: str, folder: Path) -> Path:
    if wrapping != "member":
        return wrapped(wrapping, FILES, folder)
    path = folder / name(1)
    path.write_bytes(FILES[name(1)])
    return path


@pytest.mark.parametrize("wrapping", [*ARCHIVES, "member"])
@pytest.mark.parametrize("command", ["migrate", "validate"])
def test_a_file_must_have_the_digest_that_was_asked_for(
    command: str, wrapping: str, tmp_path: Path, run: Command
) -> None:
    path = sources(wrapping, tmp_path)
    sha256, out = digest(path.read_bytes()), tmp_path / "out"
    assert run(command, path, "--out", out, "--sha256", sha256.upper()).status == 0
    shutil.rmtree(out, ignore_errors=True)
    done = run(command, path, "--out", out, "--sha256", digest(b"other"))
    assert done.status == 3
    assert f"{path.name}: its SHA-256 is {sha256}, not {digest(b'other')} (--sha256)" in done.err
    assert not (out / "current").exists()


@pytest.mark.parametrize("wrapping", ["zip", "tar.zst", "member"])
def test_standard_input_and_addresses_must_have_it_too(
    wrapping: str, tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sources(wrapping, tmp_path)
    data = path.read_bytes()
    with serving() as server:
        server.turns[f"/{path.name}"] = [answer(200, data)]
        for asked, status in ((digest(data), 0), (digest(b"other"), 3)):
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
            said = [
                run("migrate", source, "--out", tmp_path / f"out-{status}", "--sha256", asked)
                for source in ("-", f"{server.address}/{path.name}")
            ]
            assert [done.status for done in said] == [status, status]
            assert [digest(data) in done.err for done in said] == [status == 3] * 2
            assert (tmp_path / f"out-{status}" / "current").exists() is (status == 0)


def test_a_digest_is_of_one_file(tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path, folder = wrapped("zip", FILES, tmp_path), tmp_path / "raw"
    folder.mkdir()
    (folder / name(1)).write_bytes(FILES[name(1)])
    for command in ("migrate", "validate"):
        for named in ([path, path], [folder], []):
            done = run(command, *named, "--sha256", digest(path.read_bytes()))
            assert (done.status, done.out) == (2, "")
            assert "--sha256 is for one SOURCE that is a file, an address or -, not for folders" in done.err
        for wrong in ("", "0" * 63, "0" * 65, "g" * 64, f"{'0' * 64}\n"):
            done = run(command, path, "--sha256", wrong)
            assert done.status == 2
            assert f"{wrong!r} is not a SHA-256, which has 64 hex digits" in done.err
    run("migrate", path, "--out", tmp_path / "out")
    done = run("validate", tmp_path / "out" / "current" / "documents.jsonl", "--sha256", "0" * 64)
    assert done.status == 2
    assert "is what comes out of one" in done.err


# --- changes in the middle -----------------------------------------------------------------


def replace(path: Path, data: bytes) -> None:
    """Another file under the same name, of the same age."""
    other = path.with_name("other")
    other.write_bytes(data)
    times = path.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)


def rewrite(path: Path, data: bytes) -> None:
    """Other bytes in the same file; the clock of the file system may be a coarse one."""
    path.write_bytes(data)
    times = path.stat()
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1))


def after(monkeypatch: pytest.MonkeyPatch, module: Any, function: str, change: Callable[[], object]) -> None:
    """Let the change come right after the first call of a function."""
    real, changes = getattr(module, function), [change]

    def call(*arguments: Any, **options: Any) -> Any:
        result = real(*arguments, **options)
        if changes:
            changes.pop()()
        return result

    monkeypatch.setattr(module, function, call)


@pytest.mark.parametrize("moment", ["scan", "gather", "resolve", "transform"])
@pytest.mark.parametrize("wrapping", ["zip", "tar"])
def test_an_archive_that_changes_in_the_middle_is_trouble_and_never_a_set_of_rejects(
    wrapping: str, moment: str, tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out, others = wrapped(wrapping, FILES, tmp_path), tmp_path / "out", tmp_path / "others"
    others.mkdir()
    old, new = path.read_bytes(), wrapped(wrapping, OTHERS, others).read_bytes()
    place = passes if moment in {"gather", "transform"} else pipeline
    for change in (replace, rewrite):
        path.write_bytes(old)
        after(monkeypatch, place, moment, partial(change, path, new))
        done = run("migrate", path, "--out", out, "--jobs", "1", "--max-rejects", "100%")
        assert done.status == 3
        assert ": was changed while it was read; run again when nobody writes to it" in done.err
        assert list(out.glob("generations/*")) == []
        assert not (out / "refused").exists()
    assert run("migrate", path, "--out", out).status == 0
    titles = [document["title"] for document in lines(out / "current" / "documents.jsonl")]
    assert titles == ["Leaf 1", "Leaf 2", "Leaf 3"]


def test_that_an_archive_changed_is_told_before_anything_that_its_members_would_mean(
    tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = {name(number): page(f"Page {number}", page_id=number) for number in range(100, 250)}
    one = {name(number): page(f"Page {number}", page_id=100) for number in range(100, 250)}
    (tmp_path / "new").mkdir()
    path, new = wrapped("tar", many, tmp_path), wrapped("tar", one, tmp_path / "new").read_bytes()
    after(monkeypatch, pipeline, "scan", partial(replace, path, new))
    done = run("migrate", path, "--out", tmp_path / "out")
    assert (done.status, "box.tar: was changed while it was read" in done.err) == (3, True)
    assert run("migrate", path, "--out", tmp_path / "out").status == 2


@pytest.mark.parametrize("wrapping", ARCHIVES)
def test_an_archive_that_changes_while_it_is_scanned_is_trouble(
    wrapping: str, tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = tmp_path / "raw", tmp_path / "out"
    folder.mkdir()
    path = wrapped(wrapping, FILES, folder)
    after(monkeypatch, bundle, "_opened", lambda: rewrite(path, path.read_bytes()[:-100]))
    done = run("migrate", folder, "--out", out, "--allow-partial")
    assert done.status == 3
    assert f"{path.name}: was changed while it was read" in done.err
    assert not (out / "current").exists()


@pytest.mark.parametrize("wrapping", ARCHIVES)
def test_what_was_copied_may_change_afterwards(
    wrapping: str, tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = wrapped(wrapping, FILES, tmp_path), tmp_path / "out"
    after(monkeypatch, pipeline, "scan", lambda: rewrite(path, b""))
    assert run("migrate", path, "--out", out).status == (3 if wrapping in ("zip", "tar") else 0)


def test_a_single_member_is_the_one_whose_digest_was_compared(
    tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = tmp_path / name(1), tmp_path / "out"
    path.write_bytes(FILES[name(1)])
    after(monkeypatch, pipeline, "scan", lambda: rewrite(path, OTHERS[name(1)]))
    done = run("migrate", path, "--out", out, "--sha256", digest(FILES[name(1)]))
    assert done.status == 3
    assert ": was changed while it was read; run again when nobody writes to it" in done.err
    assert not (out / "current").exists()


def test_a_loose_file_counts_as_the_first_pass_found_it(
    tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = folder(tmp_path / "raw", FILES), tmp_path / "out"

    after(monkeypatch, pipeline, "scan", lambda: rewrite(source / name(1), OTHERS[name(1)]))
    assert run("migrate", source, "--out", out).status == 0
    documents = lines(out / "current" / "documents.jsonl")
    assert [document["title"] for document in documents] == ["Leaf 1", "Page 2", "Page 3"]


@pytest.mark.parametrize("inside", ["", "deep"])
def test_a_loose_file_that_comes_before_all_were_read_is_no_mixture(
    inside: str, tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list would be of one moment, and what the others hold of another."""
    source, out = folder(tmp_path / "raw", FILES | {f"deep/{name(8)}": OTHERS[name(1)]}), tmp_path / "out"
    os.utime(source / inside, (0, 0))  # or the clock that folders are dated by might show the same before and after
    after(monkeypatch, pipeline, "scan", lambda: (source / inside / name(9)).write_bytes(b"new"))
    done = run("migrate", source, "--out", out)
    assert (done.status, "was changed while it was read" in done.err) == (3, True), done.err
    assert not (out / "current").exists()


def test_a_loose_file_that_comes_later_is_for_the_next_run(
    tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = folder(tmp_path / "raw", FILES), tmp_path / "out"
    after(monkeypatch, pipeline, "resolve", lambda: (source / name(9)).write_bytes(OTHERS[name(1)]))
    assert run("migrate", source, "--out", out).status == 0
    assert len(lines(out / "current" / "documents.jsonl")) == len(FILES)


def test_a_loose_file_that_is_gone_by_then_is_no_reject(
    tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = folder(tmp_path / "raw", FILES), tmp_path / "out"
    after(monkeypatch, pipeline, "scan", (source / name(2)).unlink)
    done = run("migrate", source, "--out", out)
    assert done.status == 3
    assert f"{name(2)}: was changed while it was read" in done.err
    assert not (out / "current").exists()
