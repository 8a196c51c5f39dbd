"""The judge itself: what it must call lost, it calls lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.make import Outcome, files, folder, page
from tests.torture.judge import Expected, digest, faults, judged, leftovers, misleading

FILES = {"documents.jsonl": b'{"id": 1}\n{"id": 2}\n', "withheld.jsonl": b"", "rejects.jsonl": b'{"code": "x"}\n'}


def generation(path: Path, more: dict[str, bytes] | None = None, **manifest: Any) -> Path:
    """A generation that is complete, but for what is said of it."""
    made = {**FILES, **(more or {})}
    named = [
        {"name": key, "bytes": len(data), "lines": data.count(b"\n"), "sha256": hashlib.sha256(data).hexdigest()}
        for key, data in sorted(made.items())
    ]
    ledger = {"members": 4, "documents": 2, "withheld": 0, "redirect_only": 1, "duplicates": 0, "rejects": 1}
    written = {"files": named, "ledger": ledger, "inputs": [{"members": 4}], **manifest}
    return folder(path, {**made, "manifest.json": json.dumps(written).encode()})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two generations, and a link to the older one."""
    out = tmp_path / "out"
    generation(out / "generations" / "1")
    generation(out / "generations" / "2", {"redirects/nginx/names.map": b"a b\n"})
    (out / "current").symlink_to("generations/1")
    return out


@pytest.fixture
def expected(out: Path) -> Expected:
    """As they are before anything happens to them."""
    return Expected(digest(files(out / "generations" / "1")), digest(files(out / "generations" / "2")))


def point(out: Path, target: str) -> None:
    (out / "current").unlink()
    (out / "current").symlink_to(target)


# --- one generation -------------------------------------------------------------------------


def test_a_generation_of_the_tool_is_complete(run: Callable[..., Outcome], tmp_path: Path) -> None:
    source = folder(tmp_path / "wiki", {"1.txt": page(), "2.txt": b'{"title": '})
    assert run("migrate", source, "--out", tmp_path / "out", "--tables", "--max-rejects", 1).status == 1
    assert faults(tmp_path / "out" / "current") == []


def test_a_generation_whose_manifest_is_true_is_complete(tmp_path: Path) -> None:
    assert faults(generation(tmp_path / "1", {"redirects/nginx/names.map": b"a b\n"})) == []


@pytest.mark.parametrize("file", ["documents.jsonl", "redirects/nginx/names.map"])
def test_one_byte_that_changed_is_seen(file: str, tmp_path: Path) -> None:
    made = generation(tmp_path / "1", {"redirects/nginx/names.map": b"a b\n"})
    data = (made / file).read_bytes()
    for at in range(len(data)):
        (made / file).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert any(fault.startswith(f"{file}: sha256") for fault in faults(made))


def test_a_file_that_is_missing_and_one_too_many_are_seen(tmp_path: Path) -> None:
    made = generation(tmp_path / "1")
    (made / "documents.jsonl").rename(made / "documents")
    found = faults(made)
    assert {"documents.jsonl is missing", "documents is not in the manifest"} <= set(found)


def test_a_file_that_was_cut_off_is_seen(tmp_path: Path) -> None:
    made = generation(tmp_path / "1")
    (made / "documents.jsonl").write_bytes(b'{"id": 1}\n')
    assert "documents.jsonl: bytes 20, not 10" in faults(made)
    assert "documents.jsonl: lines 2, not 1" in faults(made)


LIES: list[dict[str, Any]] = [
    {"files": []},
    {"files": [{"name": "documents.jsonl", "bytes": 20, "lines": 2, "sha256": "0" * 64}]},
    {"inputs": [{"members": 5}]},
    {"ledger": {"members": 5, "documents": 2, "withheld": 0, "redirect_only": 1, "duplicates": 0, "rejects": 1}},
    {"ledger": {"members": 4, "documents": 1, "withheld": 0, "redirect_only": 2, "duplicates": 0, "rejects": 1}},
    {"ledger": {"members": 4, "documents": 2, "withheld": 1, "redirect_only": 0, "duplicates": 0, "rejects": 1}},
    {"ledger": {}},
    {"files": None},
]


@pytest.mark.parametrize("lie", LIES)
def test_a_manifest_that_lies_is_seen(lie: dict[str, Any], tmp_path: Path) -> None:
    assert faults(generation(tmp_path / "1", **lie))


@pytest.mark.parametrize("manifest", [b"", b"{}", b"[]", b'{"files": [', b"\xff"])
def test_a_manifest_that_is_none_is_seen(manifest: bytes, tmp_path: Path) -> None:
    made = generation(tmp_path / "1")
    (made / "manifest.json").write_bytes(manifest)
    assert faults(made)


def test_a_generation_without_a_manifest_is_not_complete(tmp_path: Path) -> None:
    made = generation(tmp_path / "1")
    (made / "manifest.json").unlink()
    assert faults(made) == ["manifest.json is missing"]
    assert faults(tmp_path / "no such folder") == ["manifest.json is missing"]


# --- a folder of them -----------------------------------------------------------------------


def test_the_old_generation_and_the_new_one_are_told_apart(out: Path, expected: Expected) -> None:
    assert judged(out, expected) == ("old", [])
    point(out, "generations/2")
    assert judged(out, expected) == ("new", [])


@pytest.mark.parametrize("target", ["generations/9", "generations", ".", "current"])
def test_a_link_that_leads_to_no_generation_is_a_loss(target: str, out: Path, expected: Expected) -> None:
    point(out, target)
    state, found = judged(out, expected)
    assert state == "neither"
    assert found


def test_a_link_that_is_missing_or_none_is_a_loss(out: Path, expected: Expected) -> None:
    (out / "current").unlink()
    assert judged(out, expected) == ("neither", ["current is not a link to a generation"])
    (out / "generations" / "1").rename(out / "current")
    assert judged(out, expected) == ("neither", ["current is not a link to a generation"])


def test_a_complete_generation_that_nobody_expects_is_a_loss(out: Path, expected: Expected) -> None:
    generation(out / "generations" / "3", {"more.jsonl": b""})
    point(out, "generations/3")
    assert judged(out, expected) == ("neither", ["current is neither the old generation nor the new one"])


def test_half_a_generation_is_a_loss_wherever_the_link_leads(out: Path, expected: Expected) -> None:
    (out / "generations" / "2" / "rejects.jsonl").unlink()
    state, found = judged(out, expected)
    assert (state, found[0]) == ("old", "generation 2: rejects.jsonl is missing")


def test_the_generation_that_was_current_must_still_be_there(out: Path, expected: Expected) -> None:
    point(out, "generations/2")
    (out / "generations" / "1").rename(out / "generations" / ".stale-1")
    assert judged(out, expected) == ("new", ["the generation that was current is gone"])
    assert leftovers(out) == ["generations/.stale-1 is left behind"]


@pytest.mark.parametrize("left", [".work", ".work-a1b2", ".current.new", "generations/.stale-7"])
def test_what_a_dead_run_left_is_seen(left: str, out: Path) -> None:
    assert leftovers(out) == []
    (out / left).mkdir()
    assert leftovers(out) == [f"{left} is left behind"]


# --- what a run says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [
        ("new", 3, "error: disk full; nothing was published"),
        ("new", 130, "interrupted; nothing was published"),
        ("old", 0, "5 documents"),
        ("old", 1, "5 documents"),
        ("old", 3, "Traceback (most recent call last):\nOSError"),
        ("old", 4, "this is a bug in wiki-etl"),
    ],
)
def test_words_and_statuses_that_mislead_are_seen(state: str, status: int, said: str) -> None:
    assert misleading(state, status, said)


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [
        ("old", 3, "error: disk full; nothing was published"),
        ("new", 3, "error: disk full; generation 3 was published before that"),
        ("new", 1, "5 documents"),
        ("old", -2, "Traceback (most recent call last):\nKeyboardInterrupt"),
    ],
)
def test_words_and_statuses_that_tell_the_truth_are_not_said_to_mislead(state: str, status: int, said: str) -> None:
    assert misleading(state, status, said) == []
