"""Values in few bytes each: what is there is found, and seldom anything else; memory stays small."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import hashes
from etl.hashes import Crowd, Hashes, digests


@given(st.lists(st.sampled_from("abcdefgh"), max_size=30))
def test_a_bag_counts_what_is_in_it_however_many_runs_it_was_sorted_in(values: list[str]) -> None:
    counts = Counter(values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashes, "RUN", 3)
        bag = Hashes(values)
    assert {value: bag.count(value) for value in "abcdefghi"} == {value: counts[value] for value in "abcdefghi"}
    assert {value for value in "abcdefghi" if value in bag} == set(values)


def test_a_crowd_misses_none_that_came_twice_and_suspects_few_others() -> None:
    keys = [b"%d" % number for number in range(10_000)]
    crowd = Crowd(160 * len(keys))
    crowd.add_all(digests([*keys, *keys[::100]]))
    suspected = crowd.suspected(digests(keys))
    assert {*range(0, 10_000, 100)} <= {*suspected}
    assert len(suspected) < 200
    assert [at for at, key in enumerate(keys) if crowd.suspects(key)] == suspected


@pytest.mark.parametrize(("map_bytes", "places"), [(0, 1 << 12), (160_000, 1 << 15), (1 << 40, 1 << 27)])
def test_a_crowd_has_as_many_places_as_its_map_needs_and_no_more_than_there_are(map_bytes: int, places: int) -> None:
    crowd = Crowd(map_bytes)
    assert len(crowd._once) == len(crowd._twice) == places // 8
