"""What tests share: the option that renews expected files, and a run of the tool in this process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.make import Run, difference, folder, hear_signals, in_memory, invoke, pages

# The same examples everywhere, so that a green run is green on every machine; HYPOTHESIS_SEARCH=1 looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile("search" if os.environ.get("HYPOTHESIS_SEARCH") else "same")

hear_signals()

# Tests that publish waited for the syncs of a disk most of their time.
if "TMPDIR" not in os.environ and (room := in_memory()):
    os.environ["TMPDIR"] = tempfile.tempdir = room


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept", action="store_true", help="renew every expected file from what comes out now; then read the diff"
    )


@pytest.fixture(scope="session")
def accept(request: pytest.FixtureRequest) -> bool:
    """Whether expected files are renewed instead of compared."""
    return bool(request.config.getoption("--accept"))


@pytest.fixture
def expect(accept: bool) -> Callable[[Path, str], None]:
    """``expect(path, text)``: the file holds the text; with ``--accept`` it does from now on."""

    def check(path: Path, text: str) -> None:
        if accept:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        expected = path.read_bytes().decode() if path.is_file() else ""
        if expected != text:
            pytest.fail(
                f"{path} is not what came out (pytest --accept renews it):\n{difference(expected, text)}", pytrace=False
            )

    return check


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """``run("migrate", source, "--out", out)``: the command in this process."""
    return lambda *arguments: invoke(capfd, *arguments)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Three pages that end with status 0."""
    return folder(tmp_path / "wiki", pages(3))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where a run writes; nothing is there yet."""
    return tmp_path / "out"
