"""From bytes to a record: encodings, kinds, bodies, places; and that nothing makes it raise."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.extract.record import member_identity, read_body, read_record
from etl.findings import CATALOGUE
from etl.model import RawRecord, Rejection

PROSE = "the water was clear and every stone in it could be seen from the shore by all who came there to see " * 3
PAGE = (
    '{\n    "title": "Clear water \\u2013 a lake",\n    "slug": "clear-water",\n    "aliases": [\n'
    '        "/Clear+water+\\u2013+May+2019",\n        "/77"\n    ],\n    "tiki_page_id": 77\n}\n\n\n'
    " **Bold** start\n\n{{< toc >}} and } and {\n"
)
YAML_PAGE = "---\ntitle: Clear water\naliases:\n- /Clear+water\ndate: 2019-07-13\n---\n\nThe body\n"
ABSTRACT = f"Clear water in lakes\n\nAnna Berg, Carl Dahl\n\n{PROSE}\n\nKeywords: water, lakes\n"
SIGNS = ['"', "{", "}", "[", "\\", "\\ud83d", "\n---\n", "\n\n", ":", ",", "é", "\r", "- ", "&a ", "*a", "Keywords: "]
MEMBERS = [PAGE, YAML_PAGE, ABSTRACT]
FOREIGN = r"""
<!DOCTYPE html>
<html>
<?xml version="1.0"?>
<?php echo 1;
<p>Title</p>
</p>
-- a dump
/*!40101 SET x */;
INSERT INTO `pages` VALUES (1, 'x');
CREATE TABLE pages (
Create  Database `wiki`;
CREATE SCHEMA wiki;
CREATE INDEX "pages_by_name" ON pages
CREATE VIEW "pages"
DROP TABLE IF EXISTS `pages`;
DROP  DATABASE wiki;
ALTER  TABLE pages ADD (
LOCK  TABLES `pages` WRITE
select * from pages;
DELETE  FROM pages;
UPDATE pages SET name = 1;
SET NAMES utf8;
USE wiki;
BEGIN;
START  TRANSACTION;
PRAGMA foreign_keys=OFF;
+++
===
***
~~~
;;;
###
! Beds
!!-#Beds
{maketoc}
{FADE(label="Beds")}
||bed|crop
#!/bin/sh
%PDF-1.4
%!PS
{\rtf1
\documentclass{article}
""".strip().splitlines()
"""First lines of what is neither page nor abstract."""


def record(data: str | bytes) -> RawRecord:
    read = read_record(data.encode() if isinstance(data, str) else data)
    assert isinstance(read, RawRecord), read
    return read


def refusal(data: str | bytes) -> Rejection:
    read = read_record(data.encode() if isinstance(data, str) else data)
    assert isinstance(read, Rejection), read
    return read


def parts(read: RawRecord) -> tuple[Any, ...]:
    return read.kind, read.flavour, read.fields, read.body, read.body_line


# --- bytes to text


@pytest.mark.parametrize("text", MEMBERS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-be", "utf-32-be"])
def test_a_byte_order_mark_decides_and_is_not_counted(text: str, encoding: str) -> None:
    mark = "\ufeff" if encoding.endswith("-be") else ""
    read = record((mark + text).encode(encoding))
    assert parts(read) == parts(record(text))
    assert read.locate(("title",)) == record(text).locate(("title",))
    assert read.findings == record(text).findings


def test_utf_16_without_its_mark_is_refused_for_its_nul_characters() -> None:
    assert refusal(ABSTRACT.encode("utf-16-le")).code == "member.nul"


@pytest.mark.parametrize("text", MEMBERS)
@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_become_lf(text: str, end: str) -> None:
    assert parts(record(text.replace("\n", end))) == parts(record(text))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_windows_1252_is_read_with_one_finding_at_the_first_bad_byte(end: str) -> None:
    text = '{"title": "Clear"}\n\nfirst\ncaf\u00e9 \u2013 '.replace("\n", end)
    read = record(text.encode("cp1252") + b"\x81 end")
    assert read.body == "first\ncafé – \ufffd end"
    (finding,) = read.findings
    assert (finding.code, finding.line, finding.column) == ("encoding.windows-1252", 4, 4)
    assert finding.cause == "not UTF-8", "the same in the next export, wherever the first one is then"
    assert finding.message.startswith("byte 0xE9 in '")
    assert finding.message.endswith("\\n\\nfirst\\ncafé – \ufffd end' is not UTF-8; 3 bytes outside ASCII in all")


def test_what_is_said_of_a_bad_byte_near_the_beginning_quotes_what_is_before_and_behind_it() -> None:
    (finding,) = record(b'{"title": "\xe9"}\r\n\r\nand so on').findings
    assert '0xE9 in \'{"title": "é"}\\n\\nand so o\'' in finding.message


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-32-le"])
def test_cut_utf_16_and_utf_32_keep_their_text_with_a_finding(encoding: str, end: str) -> None:
    read = record(f"\ufeff{PAGE.rstrip()}".replace("\n", end).encode(encoding)[:-1])
    assert read.body == record(PAGE).body[:-1] + "\ufffd"
    (finding,) = read.findings
    assert (finding.code, finding.line, finding.column) == ("encoding.invalid", 14, 23)
    assert finding.cause == f"not {encoding}"


def test_a_nul_is_refused_with_its_place() -> None:
    nul = refusal("Title\r\n\r\nab\0c")
    assert (nul.code, nul.line, nul.column) == ("member.nul", 3, 3)
    assert nul.message == "a NUL character after 'Title\\n\\nab'"
    assert refusal(f"\0{ABSTRACT}").message == "a NUL character after ''"
    assert refusal(f"{ABSTRACT}\0").message == "a NUL character after 'words: water, lakes\\n'"


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", b"\xff\xfe", "\u00a0\u2003\n".encode()])
def test_nothing_but_white_space_is_empty(data: bytes) -> None:
    assert refusal(data).code == "member.empty"


# --- kinds


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"type":"header","version":"5"}', "kind.unsupported"),
        ('{"type": "database"}\n', "kind.unsupported"),
        ('\n{ "type": "table", "data": []}', "kind.unsupported"),
        ('[{"a": 1}]', "kind.unsupported"),
        ("[ \n]", "kind.unsupported"),
        ('{"title": "a"}\n{"title": "b"}\n', "kind.unsupported"),
        ('{"title": "a"} \n {\n "id": 2, "title": "b"}\n{', "kind.unsupported"),
        ("{", "kind.unknown"),
        ("{title: 1}", "kind.unknown"),
        ("{'title': 1}\n\n" + "word " * 20, "kind.unknown"),
        ('["a", "b"]', "kind.unknown"),
        *((f"{line}\n\n{PROSE}", "kind.unknown") for line in FOREIGN),
        ("--- \n\n" + PROSE, "kind.unknown"),
        (" ---\ntitle: x\n---\n\n" + PROSE, "kind.unknown"),
        ("Title\n\n" + "\x01\x02\x03" * 20 + PROSE, "kind.unknown"),
        ("Title\n\n" + "\ufffd" * 60 + PROSE, "kind.unknown"),
        ("A note\n\nof a few words", "kind.unknown"),
        ("Title\nb\nc\nd\n\n" + PROSE, "kind.unknown"),
        ("T" * 401 + "\n\n" + PROSE, "kind.unknown"),
        (PROSE, "kind.unknown"),
    ],
)
def test_what_is_neither_page_nor_abstract_is_refused(text: str, code: str) -> None:
    assert refusal(text).code == code


@pytest.mark.parametrize("body", ['{"a": 1}', '\n{"title": "b"}', '{"title": ', '{"title": "b"', "{{< toc >}}", "{}"])
def test_a_body_may_look_like_json(body: str) -> None:
    assert record(f'{{"title": "a"}}\n{body}').body == body.strip()


@pytest.mark.parametrize(
    "title",
    [
        "<5% of lakes are clear",
        "{ a set } of lakes",
        "[Water] in lakes",
        "Set of rules; a review",
        "Settings of pumps;",
        "Create table salt from lakes",
        "=== Clear water",
        "*** Clear water",
        "--water in lakes",
        "/r/water and lakes",
        "- a lake",
        "Clear \x01 water",
    ],
)
def test_an_abstract_may_begin_with_a_sign_of_another_kind(title: str) -> None:
    assert record(f"{title}\n\n{PROSE}").fields["title"] == title


def test_a_short_text_with_keywords_is_an_abstract_and_without_them_is_not() -> None:
    assert record("Title\n\nFew words.\n\nKeywords: a, b").kind == "abstract"
    assert refusal("Title\n\nFew words.\n\nWords: a, b").code == "kind.unknown"


def test_a_refusal_points_at_the_first_character_and_quotes_it() -> None:
    unknown = refusal(f"\n  <html>{PROSE}")
    assert (unknown.line, unknown.column) == (2, 3)
    assert unknown.message.endswith(" begins with '<html>the water was clear and every ston'")
    table = refusal(f"\n  [ ] {PROSE}")
    assert (table.line, table.column) == (2, 3)
    assert table.message.endswith(": '[ ] the water was clear and every stone '")


# --- pages


def test_a_json_page_has_its_fields_its_body_and_its_places() -> None:
    page = record(PAGE)
    assert (page.kind, page.flavour, page.body_line) == ("page", "json", 12)
    assert page.fields["aliases"] == ["/Clear+water+–+May+2019", "/77"]
    assert page.body == " **Bold** start\n\n{{< toc >}} and } and {"
    assert page.locate(("aliases", 1)) == (6, 9)
    assert page.locate(("tiki_page_id",)) == (8, 21)
    assert page.locate(("date",)) == (1, 1)
    assert record("{ }\n\nThe body").fields == {}


def test_a_yaml_page_has_its_fields_its_body_and_its_places() -> None:
    page = record(YAML_PAGE)
    assert (page.kind, page.flavour, page.body, page.body_line) == ("page", "yaml", "The body", 8)
    assert page.fields == {"title": "Clear water", "aliases": ["/Clear+water"], "date": "2019-07-13"}
    assert page.locate(("aliases", 0)) == (4, 3)
    below = record(f"\n\n{YAML_PAGE}")
    assert (below.body_line, below.locate(("aliases", 0))) == (10, (6, 3))


@pytest.mark.parametrize(
    ("rest", "body", "line"),
    [
        ("", "", 1),
        ("\n", "", 1),
        ("\n\n \n", "", 3),
        (" same line\n", " same line", 1),
        ("\n \n\t\n  x\n y \n\n", "  x\n y", 4),
        ('\n{"b": 1}', '{"b": 1}', 2),
        ("}", "}", 1),
    ],
)
def test_a_body_begins_at_its_first_line_that_is_not_blank(rest: str, body: str, line: int) -> None:
    page = record('{"title": "x"}' + rest)
    assert (page.body, page.body_line) == (body, line)


def test_the_findings_of_bytes_and_of_front_matter_are_both_there() -> None:
    read = record(b'{"title": "x\\ud800"}\n\ncaf\xe9')
    assert [finding.code for finding in read.findings] == ["encoding.windows-1252", "encoding.surrogate"]


def test_a_table_type_that_is_no_text_is_a_field_like_others() -> None:
    assert record('{"type": ["table"], "title": "x"}').kind == "page"


# --- names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("001_e3004bb419b4237c.txt", ("e3004bb419b4237c", True)),
        ("a/b_c/0000000_e3004bb419b4237c.md.bak", ("e3004bb419b4237c", True)),
        ("001_E3004BB419B4237C.txt", ("0123456789abcdef", False)),
        ("001_e3004bb419b4237c", ("0123456789abcdef", False)),
        ("001_e3004bb419b4237.txt", ("0123456789abcdef", False)),
        ("001_e3004bb419b4237c_txt", ("0123456789abcdef", False)),
        ("x001_e3004bb419b4237c.txt", ("0123456789abcdef", False)),
        ("_e3004bb419b4237c.txt", ("0123456789abcdef", False)),
        ("٠٠١_e3004bb419b4237c.txt", ("0123456789abcdef", False)),
        ("001_e3004bb419b4237c.txt/notes.txt", ("0123456789abcdef", False)),
    ],
)
def test_a_member_id_comes_from_a_usual_name_else_from_the_digest(name: str, expected: tuple[str, bool]) -> None:
    assert member_identity(name, "0123456789abcdef" * 4) == expected


# --- whatever comes


def assert_sound(data: bytes) -> None:
    """A record whose every place lies in the text, or a rejection with a known code."""
    read = read_record(data)
    if isinstance(read, Rejection):
        assert CATALOGUE[read.code][0] == "error"
        assert read.message
        return
    json.dumps([read.fields, read.body], ensure_ascii=False, allow_nan=False).encode()
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
    for path in [(), ("title",), ("aliases", 0), ("authors", 1), ("no", "such", "path")]:
        line, column = read.locate(path)
        assert line is not None
        assert column is not None
        assert 1 <= line <= lines
        assert column >= 1
    assert 1 <= read.body_line <= lines
    assert {finding.code for finding in read.findings} <= CATALOGUE.keys()
    assert "\r" not in read.body
    assert read.body == read.body.rstrip()
    assert read.body == read_body(data, read.bounds)


@settings(deadline=None)
@given(st.binary(max_size=300))
@example(b"\xff\xfe\x00")
@example(b"\xff\xfe\x00\x00\x41")
@example(b"\xef\xbb\xbf\xff")
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    assert isinstance(read_record(data), RawRecord | Rejection)


@settings(deadline=None)
@given(
    st.sampled_from(MEMBERS),
    st.lists(
        st.tuples(
            st.integers(0, 400),
            st.integers(0, 12),
            st.sampled_from(SIGNS) | st.text(max_size=6),
        ),
        max_size=4,
    ),
    st.sampled_from(["utf-8", "cp1252", "latin-1"]),
)
def test_a_member_with_arbitrary_edits_is_read_or_refused_soundly(
    text: str, edits: list[tuple[int, int, str]], encoding: str
) -> None:
    for start, length, new in edits:
        text = text[:start] + new + text[start + length :]
    assert_sound(text.encode(encoding, "replace"))


@settings(deadline=None)
@given(st.text('{}[]"---\n :ab,\\u', max_size=80))
def test_text_of_signs_is_read_or_refused_soundly(text: str) -> None:
    assert_sound(text.encode())


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.text()), st.text(), st.integers(0, 4))
def test_the_body_is_what_follows_the_object_and_its_line_is_where_it_begins(
    fields: dict[str, str], rest: str, blanks: int
) -> None:
    text = json.dumps(fields) + "\n" * (blanks + 1) + rest.replace("\r", "")
    read = read_record(text.encode("utf-8", "replace"))
    if isinstance(read, RawRecord):
        clean = text.encode("utf-8", "replace").decode()
        assert read.body.strip() == clean[len(json.dumps(fields)) :].strip()
        if read.body:
            assert clean.split("\n")[read.body_line - 1].rstrip() == read.body.split("\n")[0].rstrip()
