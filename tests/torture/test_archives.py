"""Hostile archives: every case of the catalogue, some of them as whole runs, and damage at many bytes."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from tests.torture.archives import (
    CASES,
    CATALOGUE,
    FORMATS,
    Case,
    cuts,
    deceived,
    faults,
    flips,
    scanned,
    small,
    wrecks,
)

RUNS = (
    "zip: name: dots", "zip: name: NUL", "zip: name: escape", "zip: name: 60 kB", "zip: name: twice, other bytes",
    "zip: name: composed and decomposed", "zip: encrypted", "zip: link", "zip: bomb", "zip: checksum",
    "zip: entry listed twice", "zip: offset outside the archive", "zip: comment that ends in an archive of its own",
    "zip64: absurd offset", "zip: more empty members than allowed", "tar.gz: bomb", "tar: sparse, 1.0",
    "tar: name: dots, pax", "tar: size: -1", "tar: pax: digits without end", "tar: no end mark",
    "tar.lzma: no container",
)  # fmt: skip
"""Cases that a run may end in another way than the index pass alone: one of each kind of outcome."""


def test_no_two_cases_have_one_name() -> None:
    assert len(CATALOGUE) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_has_to_come_of_a_hostile_archive_does(case: Case, tmp_path: Path) -> None:
    assert scanned(case, tmp_path) == []


@pytest.mark.parametrize("case", RUNS)
def test_what_has_to_come_of_a_hostile_archive_does_in_a_run_with_little_memory(case: str, tmp_path: Path) -> None:
    assert faults(CATALOGUE[case], tmp_path / "place") == []


@pytest.mark.parametrize("wrap", FORMATS)
def test_an_archive_that_is_cut_off_or_changed_anywhere_deceives_nobody(wrap: str, tmp_path: Path) -> None:
    data = small(wrap)
    step = 1 + len(data) // 100
    for damages, thin in ((cuts(data), step), (flips(data), 4 * step + 1)):
        tried, found = deceived(wrap, islice(damages, 0, None, thin), tmp_path)
        assert tried > 30
        assert found == []


@pytest.mark.parametrize("wrap", FORMATS)
def test_no_wreck_of_an_archive_deceives_anybody(wrap: str, tmp_path: Path) -> None:
    _, found = deceived(wrap, wrecks(small(wrap), seed=7, number=60), tmp_path, provable=wrap != "tar")
    assert found == []
