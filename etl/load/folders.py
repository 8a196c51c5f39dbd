"""Folders gone through without passing anything over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def below(folder: Path) -> Iterator[Path]:
    """Every file and folder in a folder, a folder before what is in it; links are not followed.

    Raises OSError where a folder cannot be listed, which `Path.rglob` passes over without a word since Python 3.13.
    """
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from below(Path(entry.path))


def file_names(folder: Path) -> list[str]:
    """Every file in a folder and the folders in it, by its name from there, with slashes; sorted by bytes."""
    return sorted(path.relative_to(folder).as_posix() for path in below(folder) if path.is_file())
