"""Every case: a little bundle in ``raw/``, its settings, and everything that comes out of it.

A case is a folder below ``tests/cases``. `out/` holds the files of the generation that are not
empty, and the exit status. The case ``sample`` is `raw/sample` with every file of its generation.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.make import ROOT, SAMPLE, Outcome, difference, files, lines

CASES = ROOT / "tests" / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


def result(case: str, out: Path, run: Callable[..., Outcome]) -> dict[str, bytes]:
    """The files that a case is about, by name."""
    if case == "sample":
        outcome = run("migrate", SAMPLE, "--out", out, "--changes", "--verify-text", "--quiet")
        found = files(out / "current")
    else:
        settings = CASES / case / "wiki-etl.toml"
        flags = ["--config", settings] if settings.is_file() else []
        outcome = run("migrate", CASES / case / "raw", "--out", out, "--quiet", *flags)
        folder = out / ("current" if (out / "current").exists() else "refused")
        found = {name: data for name, data in files(folder).items() if name.endswith(".jsonl") and data}
    return {**found, "status": f"{outcome.status}\n{outcome.err}".encode()}


@pytest.mark.parametrize("case", NAMES)
def test_a_case_comes_out_as_expected(case: str, tmp_path: Path, run: Callable[..., Outcome], accept: bool) -> None:
    found = result(case, tmp_path / "out", run)
    expected = CASES / case / "out"
    if accept:
        shutil.rmtree(expected, ignore_errors=True)
        for name, data in found.items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_bytes(data)
        return
    wanted = files(expected)
    for name in sorted(found.keys() | wanted.keys()):
        if wanted.get(name) != found.get(name):
            before, after = (data.get(name, b"").decode() for data in (wanted, found))
            pytest.fail(f"{case}/out/{name} (pytest --accept renews it):\n{difference(before, after)}", pytrace=False)


def test_the_sample_ends_with_status_0_and_no_error() -> None:
    out = CASES / "sample" / "out"
    assert (out / "status").read_text() == "0\n"
    assert [line for line in lines(out / "findings.jsonl") if line["severity"] == "error"] == []
