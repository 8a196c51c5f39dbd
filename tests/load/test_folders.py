"""Folders gone through: everything in them, or an error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.load.folders import below, file_names


def test_everything_is_found_and_a_folder_before_what_is_in_it(tmp_path: Path) -> None:
    for name in ("b/c/d", "b/e", "a", ".f"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "g").symlink_to("b")
    found = [str(path.relative_to(tmp_path)) for path in below(tmp_path)]
    assert found == [".f", "a", "b", "b/c", "b/c/d", "b/e", "g"]
    assert file_names(tmp_path) == [".f", "a", "b/c/d", "b/e"]


def test_a_folder_that_cannot_be_listed_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").mkdir()
    listed = os.scandir

    def broken(folder: Path) -> Iterator[os.DirEntry[str]]:
        if Path(folder).name == "b":
            raise OSError(5, "Input/output error", str(folder))
        return listed(folder)

    monkeypatch.setattr(os, "scandir", broken)
    with pytest.raises(OSError, match="Input/output error"):
        list(below(tmp_path))
