"""From the bytes of one member to a record: its text, its kind, its parts; or why there is none.

The content alone decides, never the name (q7x2: "Bytes to text", "Kinds", "Tiki page").
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import Literal

from etl.extract.abstract import read_abstract
from etl.extract.frontmatter import FrontMatter, read_json, read_yaml, rejection, shown
from etl.model import Finding, RawRecord, Rejection
from etl.positions import position

# The mark of UTF-32-LE begins with that of UTF-16-LE, so it comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ANY_MARK = tuple(mark for mark, _ in _MARKS)
_USUAL_NAME = re.compile(r"[0-9]+_([0-9a-f]{16})\..+", re.DOTALL)
_JSON_PAGE = re.compile(r'\{\s*["}]')
_NEXT_LINE = re.compile(r'[ \t]*\n[ \t]*(?=\{\s*")')
_TABLES = re.compile(r"\[\s*[{\]]")
_YAML_PAGE = re.compile(r"---(?:\n|\Z)")
_TABLE_TYPES = ("header", "database", "table")

# What is neither page nor abstract, whatever follows: markup, that of Tiki, too, as in its own exports, fences of other
# front matter, programs, office and print formats, SQL.
_FOREIGN = re.compile(
    r"""</?[a-z!?] | [-+=*~;#]{3,}\s*$ | !{1,6}[-+]?\#?\s*\w | \{[a-z]+[\s(}] | \|\|
    | \#! | %PDF- | %! | \{\\rtf | \\documentclass | /\* | --\s
    | (?:INSERT\s+INTO|CREATE\s+(?:TABLE|DATABASE|SCHEMA|INDEX|VIEW)|DROP\s+(?:TABLE|DATABASE)|ALTER\s+TABLE
        |LOCK\s+TABLES)\s.*[`"(;]
    | (?:SELECT\s.*\sFROM|DELETE\s+FROM|UPDATE\s.*\sSET|SET|USE|BEGIN|START\s+TRANSACTION|PRAGMA)\b.*;\s*$""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_BINARY = bytes((*range(0x09), *range(0x0E, 0x20), 0x7F))
_BINARY_SHARE = 0.05
_OPENING = 400
_SAMPLE = 4000


def read_record(data: bytes) -> RawRecord | Rejection:
    """The record that a member's bytes hold, or the reason why they hold none; never an exception.

    The body of a page begins at its first line that is not blank, on the very line of the closing
    brace if text follows there; white space at its end is gone.
    """
    text, findings = _decoded(data)
    if b"\0" in data and (nul := text.find("\0")) >= 0:  # the bytes are searched far faster than the text
        return rejection("member.nul", text, nul, f"a NUL character after {shown(text[max(nul - 20, 0) : nul])}")
    start = len(text) - len(text.lstrip())
    if start == len(text):
        return Rejection("member.empty", f"nothing but white space in {len(data)} bytes")
    read = _read(text, start)
    if isinstance(read, RawRecord):
        read.findings[:0] = findings
    return read


def read_body(data: bytes, bounds: Sequence[int]) -> str:
    """The body of a record that was read from the same bytes before (`RawRecord.bounds`)."""
    text, _ = _decoded(data)
    return "".join([text[begin:end] for begin, end in zip(bounds[::2], bounds[1::2], strict=True)])


def member_identity(name: str, sha256: str) -> tuple[str, bool]:
    """Member id, and whether the name has the usual shape (q7x2, "Their shape").

    >>> member_identity("a/001_e3004bb419b4237c.txt", "ab" * 32)
    ('e3004bb419b4237c', True)
    >>> member_identity("notes.txt", "ab" * 32)
    ('abababababababab', False)
    """
    usual = _USUAL_NAME.fullmatch(name.rpartition("/")[2])
    return (usual[1], True) if usual else (sha256[:16], False)


def _decoded(data: bytes) -> tuple[str, list[Finding]]:
    """The text with LF line ends, without byte order mark (q7x2, "Bytes to text")."""
    mark, encoding = b"", "utf-8"
    if data.startswith(_ANY_MARK):
        mark, encoding = next(pair for pair in _MARKS if data.startswith(pair[0]))
        data = data[len(mark) :]
    try:
        return _with_lf(data.decode(encoding)), []
    except UnicodeDecodeError as error:
        if encoding == "utf-8":
            return _windows_1252(data, error.start)
        return _broken(data, encoding, error.start)


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _windows_1252(data: bytes, first: int) -> tuple[str, list[Finding]]:
    text = data.decode("cp1252", "replace")
    count = len(data.translate(None, bytes(range(0x80))))
    before = _with_lf(text[:first])
    around = shown(_with_lf(text[max(first - 15, 0) : first + 15]))
    message = f"byte 0x{data[first]:02X} in {around} is not UTF-8; {count} bytes outside ASCII in all"
    line, column = position(before, len(before))
    finding = Finding("encoding.windows-1252", message, "read as Windows-1252", line, column, cause="not UTF-8")
    return _with_lf(text), [finding]


def _broken(data: bytes, encoding: str, first: int) -> tuple[str, list[Finding]]:
    """UTF-16 or UTF-32 as its mark says, with U+FFFD for what is not."""
    before = _with_lf(data[:first].decode(encoding))
    line, column = position(before, len(before))
    message = f"bytes {data[first : first + 4].hex(' ')} are not {encoding.upper()}, as the byte order mark says"
    finding = Finding("encoding.invalid", message, "replaced by U+FFFD", line, column, cause=f"not {encoding}")
    return _with_lf(data.decode(encoding, "replace")), [finding]


def _read(text: str, start: int) -> RawRecord | Rejection:
    """By kind; the table of q7x2, "Kinds"."""
    if _JSON_PAGE.match(text, start):
        return _json_page(text, start)
    if _TABLES.match(text, start):
        return _unsupported(text, start)
    if _YAML_PAGE.match(text, start) and text[start - 1 : start] in ("", "\n"):
        front = read_yaml(text, start)
        return front if isinstance(front, Rejection) else _page(text, front, "yaml")
    if not _is_foreign(text, start) and (record := read_abstract(text)):
        return record
    here = shown(text[start : start + 40])
    return rejection("kind.unknown", text, start, f"neither a page nor an abstract begins with {here}")


def _is_foreign(text: str, start: int) -> bool:
    if _FOREIGN.match(text[start : start + _OPENING]):
        return True
    sample = text[start : start + _SAMPLE]
    data = sample.encode()
    binary = len(data) - len(data.translate(None, _BINARY)) + sample.count("\ufffd")
    return binary > _BINARY_SHARE * len(sample)


def _json_page(text: str, start: int) -> RawRecord | Rejection:
    front = read_json(text, start)
    if isinstance(front, Rejection):
        return front
    if front.fields.get("type") in _TABLE_TYPES:
        return _unsupported(text, start)
    return _second_page(text, front.end) or _page(text, front, "json")


def _second_page(text: str, end: int) -> Rejection | None:
    """JSON Lines hold an export in one member: right below the first page is the next one, which is no body."""
    line = _NEXT_LINE.match(text, end)
    second = read_json(text, line.end()) if line else None
    if line is None or not isinstance(second, FrontMatter) or "title" not in second.fields:
        return None
    here = shown(text[line.end() : line.end() + 40])
    return rejection("kind.unsupported", text, line.end(), f"a second page: write a member for each: {here}")


def _unsupported(text: str, start: int) -> Rejection:
    here = shown(text[start : start + 40])
    return rejection("kind.unsupported", text, start, f"a table export: write a member for each of its pages: {here}")


def _page(text: str, front: FrontMatter, flavour: Literal["json", "yaml"]) -> RawRecord:
    first = len(text) - len(text[front.end :].lstrip())
    begin = max(front.end, text.rfind("\n", front.end, first) + 1)
    body = text[begin:].rstrip()
    line = text.count("\n", 0, begin) + 1 if body else text.count("\n") + (not text.endswith("\n"))
    bounds = begin, begin + len(body)
    return RawRecord("page", flavour, front.fields, body, line, bounds, front.locate, front.findings)
