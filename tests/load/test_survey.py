"""However a map is cut into batches and stretches, the files of every server are the same, byte by byte."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.addresses import Address
from etl.load.redirects import COMPILERS, MARKS, STATIC_HOSTS, CompileOptions, compile_all, survey
from etl.load.redirects.survey import Stretch, surveyed
from tests.load.maps import HOSTILE, Entries, all_files, maps, options, valid
from tests.make import write_map

PLAIN: Entries = {
    Address("name", f"Well {at} – {'x' * at}, 5% of it"): f"/pages/{'y' * at}/" for at in range(1, 150, 7)
}
PLAIN |= {Address("path", f"/posts/Well {at}~"): "/pages/%C3%A9/" for at in range(9)}
PLAIN |= {Address("path", f"/posts/well-{at}"): "/pages/%41/" for at in range(9)}
PLAIN |= {Address("id", str(at)): f"/pages/{at}/" for at in range(1, 30)}


def compiled(entries: Entries, chosen: CompileOptions) -> str:
    """What there is to compare: the files of all servers, and the findings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_map(folder / "redirects.jsonl", entries.items())
        findings = compile_all(folder / "redirects.jsonl", folder / "out", chosen, [*COMPILERS, *STATIC_HOSTS])
        return f"{findings}\n{all_files(folder / 'out')}"


@settings(max_examples=40)
@given(maps, options, st.sampled_from([1, 200, 1 << 16]))
@example(PLAIN, CompileOptions(), 500)
@example(PLAIN, CompileOptions(site="https://new.example", legacy_base="/old wiki/"), 1)
@example(HOSTILE | PLAIN, CompileOptions(site=f"https://{'long.' * 50}com"), 1 << 16)
@example({Address("name", "水" * 500): f"/{'x' * 498}/"}, CompileOptions(site=f"https://{'long.' * 50}com"), 1 << 16)
@example(
    {Address("path", "/" + "水" * 498 + "A"): f"/{'x' * 498}/"}, CompileOptions(site=f"https://{'long.' * 50}com"), 1
)
def test_plain_entries_are_written_as_they_are_one_by_one(entries: Entries, chosen: CompileOptions, size: int) -> None:
    entries = valid(entries, chosen.legacy_base)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey, "BATCH", size)
        many = compiled(entries, chosen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey, "LONGEST_PLAIN", 0)  # so that nothing is plain
        assert compiled(entries, chosen) == many


def test_plain_entries_come_as_stretches_and_the_others_one_by_one(tmp_path: Path) -> None:
    odd: Entries = {Address("name", text): "/pages/a/" for text in ("A+B", "Zoë", "a//b", ".a", "a/", "{a}", "x" * 501)}
    odd |= {
        Address("name", "gone"): None,
        Address("name", "dear"): "/pages/$/",
        Address("name", "far"): f"/{'x' * 501}",
    }
    write_map(tmp_path / "redirects.jsonl", (odd | PLAIN).items())
    with surveyed(tmp_path / "redirects.jsonl", CompileOptions(), MARKS) as found:
        batches = [*found.batches()]
        pieces = [(batch, piece) for batch in batches for piece in batch.pieces()]
    plain = [entry for _, piece in pieces if isinstance(piece, Stretch) for entry in piece.entries()]
    others = [batch.entry(piece) for batch, piece in pieces if not isinstance(piece, Stretch)]
    assert dict(plain) == PLAIN
    assert dict(others) == odd
    assert [entry for batch in batches for entry in batch.entries()] == sorted((odd | PLAIN).items())


def test_keys_that_are_there_twice_are_marked_wherever_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "BATCH", 300)
    values = [f"Page {at}" for at in range(40)]
    values[3], values[17], values[30] = "Wells and water", "WELLS and water", "wells AND water"
    line = {"kind": "name", "target": "/pages/a/", "status": 301}
    (tmp_path / "redirects.jsonl").write_text("".join(json.dumps({**line, "value": value}) + "\n" for value in values))
    with surveyed(tmp_path / "redirects.jsonl", CompileOptions(), MARKS) as found:
        for name in MARKS:
            marked = [batch.values[at] for batch, places in found.marked(name) for at in places]
            assert set(marked) >= {values[3], values[17], values[30]}, name
            assert len(marked) < 10, name
