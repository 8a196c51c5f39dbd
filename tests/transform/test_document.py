"""Documents as they are kept between the passes, and as they are written."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from etl.model import Finding, RawRecord, Rejection, nowhere
from etl.settings import Settings
from etl.transform.body import clean_body
from etl.transform.document import Decision, Draft, digest, draft_document, kept_draft, make_document, sealed
from etl.transform.fields import read_fields
from tests.transform.test_links import LINKER, SETTINGS

MEMBER = "0123456789abcdef"


def draft(**front: Any) -> Draft:
    record = RawRecord("page", "json", {"title": "Clear water", **front}, "Text.", 3, [40, 45])
    fields = read_fields(record, MEMBER, Settings())
    assert not isinstance(fields, Rejection)
    return draft_document(record, fields, Settings(), bundle="a", member="b", member_id=MEMBER, sha256="c" * 64)


@pytest.mark.parametrize(
    "front",
    [
        {},
        {"tiki_page_id": 2**53, "date": "2019-07-13", "aliases": ["/Clear+water+–+June+2019"], "tags": "A"},
        {"more": {"legacy": [0.1, -0.0, 1e300, 2**63 - 1, -(2**63), 2**64, None, True, '"\\\u2028\ufffd']}, "slug": 5},
    ],
)
def test_a_draft_is_the_same_after_it_was_kept(front: dict[str, Any]) -> None:
    made = draft(**front)
    kept = kept_draft(made.kept())
    assert orjson.dumps(kept.document) == orjson.dumps(made.document)
    assert kept.findings == made.findings
    assert all(isinstance(finding, Finding) for finding in kept.findings)
    assert (kept.subject and tuple(kept.subject), list(kept.bounds)) == (made.subject, made.bounds)


@pytest.mark.parametrize(
    "body",
    [
        '![a](/files/p.png) and {img src="/files/p.png"}',
        '{img src="/files/p.png"} and ![a](/files/p.png)',
    ],
)
def test_a_file_has_the_worst_state_that_the_document_sees_it_in(body: str) -> None:
    cleaned = clean_body(body, SETTINGS, LINKER)
    assert {image["state"] for image in cleaned.images} == {"ok", "missing"}
    decision = Decision("clear-water", "/pages/clear-water/", [], None)
    made = make_document(draft(), cleaned, decision, locate=nowhere, settings=SETTINGS)
    assert made.assets == [("/files/p.png", "image", "missing")]


def test_a_file_that_a_link_leads_to_may_be_lost_and_files_come_by_address() -> None:
    cleaned = clean_body("[plan](/files/unknown.txt), [list](/files/list.pdf), ![no address]()", SETTINGS, LINKER)
    decision = Decision("clear-water", "/pages/clear-water/", [], None)
    made = make_document(draft(), cleaned, decision, locate=nowhere, settings=SETTINGS)
    assert made.assets == [("/files/list.pdf", "attachment", "ok"), ("/files/unknown.txt", "attachment", "missing")]


@pytest.mark.parametrize(
    ("front", "field"),
    [({"title": "Wells – June 1700"}, "title"), ({"title": "Wells", "aliases": ["/Wells+–+June+1700"]}, "aliases")],
)
def test_a_date_that_cannot_be_is_told_of_the_field_that_has_it(front: dict[str, Any], field: str) -> None:
    decision = Decision("wells", "/pages/wells/", [], None)
    cleaned = clean_body("Text.", SETTINGS, LINKER)
    made = make_document(draft(**front), cleaned, decision, locate=nowhere, settings=SETTINGS)
    assert made.document["subject_date"] is None
    assert [told.field for told in made.findings if told.code == "subject-date.invalid"] == [field]


def test_a_box_is_one_in_the_html_too() -> None:
    cleaned = clean_body('<div class="border">\n\nWater is *clear*.\n\n</div>', SETTINGS, LINKER)
    decision = Decision("clear-water", "/pages/clear-water/", [], None)
    made = make_document(draft(), cleaned, decision, locate=nowhere, settings=SETTINGS, with_html=True)
    assert made.document["html"] == '<div class="box">\n<p>Water is <em>clear</em>.</p>\n</div>'


@pytest.mark.parametrize("extra", [{}, {"legacy": {"legacy": '"legacy":{}'}}])
def test_the_line_of_a_document_is_its_json_with_its_digest(extra: dict[str, Any]) -> None:
    document = draft(**extra).document | {"body": 'findings "legacy": {', "findings": ["a.b"]}
    line = sealed(document)
    assert line == orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
    assert document["digest"] == digest(orjson.loads(line))
