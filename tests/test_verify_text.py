"""``--verify-text`` compares the words of source and result as rendered, beside the account over the edits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.transform.body import clean_body
from etl.transform.body.edits import Change
from etl.transform.body.verify import unexplained
from tests.make import codes, folder, wiki_etl
from tests.transform.test_links import LINKER, SETTINGS

PAGE = b"""{"title": "Wells", "slug": "wells", "aliases": ["/Wells", "/7"], "tiki_page_id": 7, "date": "2019-07-13"}

Deep **wells** give clear water.
"""


def migrated(tmp_path: Path, *flags: str) -> tuple[int, list[str]]:
    source, out = folder(tmp_path / "export", {"1_00000000000000aa.txt": PAGE}), tmp_path / "out"
    status = wiki_etl("migrate", source, "--out", out, *flags).status
    return status, codes(out / "current")


def test_a_page_whose_words_are_all_there_has_no_finding(tmp_path: Path) -> None:
    assert migrated(tmp_path, "--verify-text") == (0, [])


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("Deep wells give **clear** water.", []),
        ("Deep wells give water.", ["lost"]),
        ("Deep wells give clear water now.", ["added"]),
        ("Deep wells give water clear.", ["moved"]),
        ("Deep wells give clean water.", ["lost", "added"]),
    ],
)
def test_words_are_lost_added_or_moved(body: str, kinds: list[str]) -> None:
    assert [kind for kind, _ in unexplained("Deep wells give clear water.", body, [])] == kinds


def test_words_that_are_too_many_for_a_finding_are_marked_as_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.transform.body.unexplained", lambda *_: [("lost", "wells " * 50)])
    (found,) = clean_body("Wells.", SETTINGS, LINKER, verify=True).findings
    assert found.message.endswith("...'")


@pytest.mark.parametrize(
    ("source", "body", "kinds"),
    [
        ("Sow](peas) early, water late.", r"Sow\](peas) early, water late.", []),
        ("Sow](peas) early, water late.", r"Sow\](peas) late, water early.", ["moved"]),
        ("Sow](peas) early, water late.", r"Sow\](peas) early, late.", ["lost"]),
        (r"<p>![an \[old well](/a(b).png) in clay</p>", r"![an \[old well](/a%28b%29.png) in clay", []),
        (r"<p>![an \[old well](/a(b).png) in clay</p>", r"![an \[old well](/a%28b%29.png) in", ["lost"]),
        ('A [lid]({{ "/a.pdf" | relative_url }}) and a well', "A [lid](/a.pdf) and a well", []),
        ("A [lid]({{ site.baseurl }}/a.pdf) and a well", "A [lid](/a.pdf) and a", ["lost"]),
        ("> __6. Sow", "> * > 6. Sow", []),
        ("> __6. Sow in 7", "> * > 6. Sow in", ["lost"]),
        ("__6. Sow", "1. 6. Sow", []),
        ("__6. Sow in 7", "1. 6. Sow in", ["lost"]),
        (r"CO<sub>\</sub>", r"CO<sub>\\</sub>", []),
        (r"CO<sub>\</sub> and a well", r"CO<sub>\\</sub> and a", ["lost"]),
        ("CO<sub>2</sub> and a sub", "CO<sub>2</sub> and a", ["lost"]),
    ],
)
def test_addresses_marks_and_tags_that_are_shown_hide_no_word_beside_them(
    source: str, body: str, kinds: list[str]
) -> None:
    assert [kind for kind, _ in unexplained(source, body, [])] == kinds


def test_a_change_explains_words_that_went_and_came_but_not_those_that_moved() -> None:
    changes = [Change(1, 1, "comment", "clear", "clean")]
    assert list(unexplained("Deep clear wells.", "Deep clean wells.", changes)) == []
    assert [kind for kind, _ in unexplained("Deep clear wells.", "wells. Deep clean", changes)] == ["moved"]


@pytest.mark.parametrize(
    ("changes", "source", "body", "kinds"),
    [
        # What an edit keeps is no excuse for the same word elsewhere.
        (
            [("bold", "clear **wells** ", "clear **wells**")],
            "clear **wells** in clear wells",
            "clear **wells**",
            ["lost"],
        ),
        # Letters of a word that went excuse no other word.
        ([("comment", "beds", "")], "beds in beds", "in", ["lost"]),
        ([("comment", "beds", "")], "beds in debs", "in", ["lost"]),
        # Nobody saw the words of a comment, a tag or an address.
        ([("comment", "<!-- peas -->", "")], "Sow peas <!-- peas -->", "Sow", ["lost"]),
        ([("unwrap", '<i class="peas">', "")], 'Sow <i class="peas">peas</i>', "Sow", ["lost"]),
        ([("page-link", "](/peas)", "](/pages/peas/)")], "[Sow peas](/peas)", "[Sow](/pages/peas/)", ["lost"]),
        ([("page-link", "](/peas)", "](/pages/peas/)")], "[Sow peas](/peas)", "[Sow peas](/pages/peas/)", []),
        # What the source hides explains words that came, not the letters of others.
        ([], "| Bed |\n| --- |\n| 1 | caf&eacute; |", "| Bed | |\n| --- | --- |\n| 1 | café |", []),
        ([], "Sow [peas](/beds-7)", "Sow [peas](/beds-7) sad", ["added"]),
        # What a source shows may go into an address.
        ([("wiki-link", "((Peas|beds))", "[beds](/peas/)")], "((Peas|beds))", "[beds](/peas/)", []),
        ([("tiki-marker", "{CODE(colors=php)}", "```php")], "{CODE(colors=php)}\na", "```php\na\n```", []),
    ],
)
def test_a_change_explains_only_what_a_reader_saw_go_or_come(
    changes: list[tuple[str, str, str]], source: str, body: str, kinds: list[str]
) -> None:
    found = unexplained(source, body, [Change(1, 1, *change) for change in changes])
    assert [kind for kind, _ in found] == kinds


def test_an_entity_in_lines_of_html_that_the_source_renders_as_code_is_its_character() -> None:
    source = "<div>\n\n    Beds &amp; caf&eacute;s\n\n</div>"
    assert list(unexplained(source, "Beds &amp; cafés", [])) == []
    assert [kind for kind, _ in unexplained(source, "Beds &amp;", [])] == ["lost"]


def test_a_word_that_is_shown_in_one_address_and_hidden_in_another_has_not_moved() -> None:
    source = '[https://wells.example/|deep]\n\n<iframe src="https://beds.example/"></iframe>'
    findings = clean_body(source, SETTINGS, LINKER, verify=True).findings
    assert [found.code for found in findings] == ["html.removed"]


@pytest.mark.parametrize("sign", "\u00ad\u061c\u200b\u202a\u2060\ufeff\ufff9\u0001\u0081")
def test_signs_without_a_shape_part_no_word(sign: str) -> None:
    source = f"((peas|beds)) and pe{sign}as"
    changes = [Change(1, 1, "wiki-link", "((peas|beds))", "[beds](/peas/)"), Change(1, 1, "invisible", sign, "")]
    assert list(unexplained(source, "[beds](/peas/) and peas", changes)) == []


def test_words_that_come_more_than_once_are_seen_to_move() -> None:
    found = unexplained("Sow peas, water peas and beds.", "Sow peas, water beds and peas.", [])
    assert [kind for kind, _ in found] == ["moved"]


def test_words_that_no_edit_explains_are_an_error_with_the_flag_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> Iterator[tuple[str, str]]:
        yield "lost", "clear water"

    monkeypatch.setattr("etl.transform.body.unexplained", lost)
    assert migrated(tmp_path) == (0, [])
    assert migrated(tmp_path, "--verify-text") == (1, ["text.lost"])
