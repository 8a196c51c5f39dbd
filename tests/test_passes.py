"""Batches of the two passes: a few members at a time, so that large ones are never in memory together."""

from __future__ import annotations

from etl.facts import Member
from etl.passes.batches import BATCH, in_batches


def member(size: int) -> Member:
    return Member(0, "garden", "1.txt", None, "file", 0, 0, size, 8, 0, None, "", "", 0)


def test_a_batch_holds_no_more_bytes_than_are_allowed_but_at_least_one_member() -> None:
    sizes = [1, 2, BATCH, BATCH - 1, 1, 1, 3 * BATCH, 0, 0]
    batches = in_batches(map(member, sizes), lambda each: each)
    assert [[each.size for each in batch] for batch in batches] == [
        [1, 2],
        [BATCH],
        [BATCH - 1, 1],
        [1],
        [3 * BATCH],
        [0, 0],
    ]
