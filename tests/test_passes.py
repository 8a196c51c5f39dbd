"""The two passes: batches, so that large members are never in memory together, and what the one keeps for the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from etl.facts import Member
from etl.passes.batches import BATCH, in_batches
from etl.passes.facts_pass import Rows
from etl.passes.transform_pass import Chunk
from tests.make import Outcome, folder, lines, name, page


def member(size: int | None) -> Member:
    """A row of ``member``, in which a refused entry has no size."""
    return Member(0, "garden", "1.txt", None, "file", 0, 0, size, 8, 0, None, "", "", 0)  # type: ignore[arg-type]


def test_a_batch_holds_no_more_bytes_than_are_allowed_but_at_least_one_member() -> None:
    sizes = [2 * BATCH, 1, None, 2, BATCH, BATCH - 1, 1, 1, 3 * BATCH, 0, 0]
    batches = in_batches(map(member, sizes), lambda each: each)
    assert [[each.size for each in batch] for batch in batches] == [
        [2 * BATCH],
        [1, None, 2],
        [BATCH],
        [BATCH - 1, 1],
        [1],
        [3 * BATCH],
        [0, 0],
    ]
    assert list(in_batches([], lambda each: each)) == []


def test_what_ended_a_worker_is_cut_into_halves_down_to_one_member() -> None:
    rows = [member(1)._replace(ord=number) for number in range(4, 9)]
    assert Chunk(4, 9).halves() == [Chunk(4, 7), Chunk(7, 9)]
    assert Rows(rows).halves() == [Rows(rows[:3]), Rows(rows[3:])]
    assert Chunk(7, 9).halves() == [Chunk(7, 8), Chunk(8, 9)]
    assert Rows(rows[3:]).halves() == [Rows(rows[3:4]), Rows(rows[4:])]
    assert Chunk(8, 9).halves() == [Chunk(8, 9)]
    assert Rows(rows[4:]).halves() == [Rows(rows[4:])]


@pytest.mark.parametrize("slug", ["Deep_Wells", "/posts/Deep_Wells", "/Deep_Wells"])
def test_links_find_a_page_by_its_old_slug_below_any_prefix(
    slug: str, tmp_path: Path, out: Path, run: Callable[..., Outcome]
) -> None:
    members = {name(1): page(slug=slug), name(2): page("Autumn", body="See [there](/pages/Deep_Wells/).")}
    assert run("migrate", folder(tmp_path / "wiki", members), "--out", out).status == 0
    links = [link for record in lines(out / "current" / "documents.jsonl") for link in record["links"]]
    assert [(link["href"], link["state"]) for link in links] == [("/pages/clear-water/", "ok")]
