"""Where a character stands in its member."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from etl.positions import Lines, position


@given(st.text("bé\n"), st.text("bé\n"))
def test_one_place_and_many_are_found_alike(before: str, behind: str) -> None:
    assert Lines(before + behind).place(len(before)) == position(before + behind, len(before))


@given(st.text("bé\n"), st.text("bé\n"))
def test_a_text_behind_others_lines_knows_their_number(above: str, text: str) -> None:
    above += "\n"
    for offset in range(len(text)):
        assert Lines(text, above.count("\n") + 1).place(offset) == position(above + text, len(above) + offset)
