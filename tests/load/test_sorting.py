"""Lines sorted in runs: the order of bytes, and no more in memory than two runs."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from weakref import WeakSet

import pytest

from etl.load.redirects import sorting

RUN, FILES, LINES = 10, 3, 1_000

TEMPORARY_FILE = tempfile.TemporaryFile


class Line(str):
    """A text of which one can tell whether it is forgotten."""

    __slots__ = ("__weakref__",)


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "RUN", RUN)
    monkeypatch.setattr(sorting, "FILES", FILES)


@pytest.mark.parametrize("count", [0, 1, RUN, RUN + 1, LINES])
def test_lines_come_in_the_order_of_their_bytes(count: int, tmp_path: Path) -> None:
    lines = [f"{char}{number}\n" for number in range(count) for char in "aé\U0001f331|"][:count]
    random.Random(7).shuffle(lines)
    with sorting.sorted_lines(lines, tmp_path) as found:
        assert [*found] == sorted(lines, key=str.encode)
    assert [*tmp_path.iterdir()] == []


def test_runs_that_wait_are_not_in_memory(tmp_path: Path) -> None:
    alive: WeakSet[Line] = WeakSet()

    def lines() -> Iterator[Line]:
        for number in range(LINES):
            line = Line(f"{number * 7 % LINES}\n")
            alive.add(line)
            yield line

    with sorting.sorted_lines(lines(), tmp_path) as found:
        assert len(alive) <= 2 * RUN
        assert sum(1 for _ in found) == LINES


def test_few_files_are_open_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[IO[str]] = []

    def opening(*words: Any, **more: Any) -> IO[str]:
        opened.append(TEMPORARY_FILE(*words, **more))
        assert sum(not file.closed for file in opened) <= FILES + 1
        return opened[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", opening)
    lines = [f"{number:04}\n" for number in range(LINES)]
    with sorting.sorted_lines(reversed(lines), tmp_path) as found:
        assert [*found] == lines
    assert len(opened) > LINES // RUN
    assert all(file.closed for file in opened)
