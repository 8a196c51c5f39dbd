"""The short form of the campaign: some trials of every row, nothing lost."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.load.generations import Generations
from tests.make import ROOT, lacking
from tests.torture import disk
from tests.torture.__main__ import table
from tests.torture.plan import unavailable
from tests.torture.scene import Scene


@pytest.fixture
def gcc() -> None:
    """Skips where no call can be replaced; continuous integration must be able to."""
    if reason := unavailable():
        lacking(reason)


def campaign(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.torture", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.usefixtures("gcc")
def test_a_sample_of_everything_that_can_happen_to_a_run_loses_nothing() -> None:
    ended = campaign("--short")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = ended.stdout.splitlines()
    for row in (
        "write EIO ",
        "write die after ",
        "sync EIO ",
        "read short ",
        "allocate ENOMEM ",
        "SIGTERM to the parent",
    ):
        assert any(line.startswith(row) for line in rows), ended.stdout


# --- the campaign itself can fail -----------------------------------------------------------


_publish = Generations.publish


def too_early(self: Generations, made: Path, keep: int) -> tuple[Path, bool]:
    """Makes room first, and then the disk is full."""
    assert self.current is not None
    shutil.rmtree(self.current)
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def too_little(self: Generations, made: Path, keep: int) -> tuple[Path, bool]:
    (made / "terms.jsonl").unlink()
    return _publish(self, made, keep)


def too_late(self: Generations, made: Path, keep: int) -> tuple[Path, bool]:
    """Writes to what is current already."""
    path, fresh = _publish(self, made, keep)
    with (path / "documents.jsonl").open("ab") as file:
        file.write(b"{}\n")
    return path, fresh


@pytest.mark.parametrize("careless", [too_early, too_little, too_late])
def test_a_careless_tool_is_found_out(
    careless: Callable[..., tuple[Path, bool]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path / "scene")
    monkeypatch.setattr(Generations, "publish", careless)
    outcome = disk.limited(scene, 1 << 20)
    assert (outcome.state, bool(outcome.losses)) == ("neither", True)
    assert table([outcome]).splitlines()[1].split()[-6:-2] == ["1", "0", "0", "1"]


def test_a_careful_tool_loses_nothing(tmp_path: Path) -> None:
    outcome = disk.limited(Scene(tmp_path / "scene"), 1 << 20)
    assert (outcome.state, outcome.losses) == ("new", [])
    assert table([outcome]).splitlines()[1].split()[-6:-2] == ["1", "0", "1", "0"]
