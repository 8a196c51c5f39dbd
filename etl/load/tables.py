"""``tables/*.csv``: what people sort and filter in a spreadsheet, made from the files of lines, a chunk at a time.

How a cell is written, so that a program can read it back:

* Text is always in quotes, numbers never; what is null or empty is ``""``. Lines end with LF, UTF-8 without a mark.
* A list is one cell, its entries parted by `` | ``: names hold commas. Inside an entry ``|`` is ``\\|`` and ``\\`` is
  ``\\\\`` (`joined`).
* No cell runs as a formula: text that a spreadsheet would take for one gets an apostrophe before it (`neutral`,
  taken back by `original`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from etl.model import FindingLine, Redirect

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 1000

Record = dict[str, Any]

# The six that start a formula or hide one, in every width; spreadsheets skip blanks and invisible signs before them.
_FORMULA = r"(?:[\t\r\n]|[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠﹦﹢﹣﹫−])"
_RUNS = re.compile(f"'*{_FORMULA}")
_NEUTRAL = re.compile(f"'+{_FORMULA}")

MISSING = ("sections.excluded", "box.unclosed", "document.stub")
"""Findings that say why text is missing: left out of the export, cut off inside a box, nothing there at all."""


class Table(NamedTuple):
    """One CSV file: what it is made from, and how."""

    sources: tuple[str, ...]
    columns: tuple[str, ...]
    numbers: frozenset[str]
    """Columns of whole numbers; any other holds text, even where it looks like a number."""
    row: Callable[[Record], Record | None] = dict
    """A line of the sources as values by column; None leaves it out."""


def write_tables(made: Path) -> None:
    """Write ``tables/documents.csv``, ``findings.csv``, ``redirects.csv`` and ``missing_text.csv`` of a generation.

    Rows come in the order of the lines they are made from. The same lines give the same bytes; memory holds
    `CHUNK` rows, however many there are. ``missing_text.csv`` lists the documents, published or withheld, that
    are not complete or show no text, with the reasons: what to ask the old site for again.
    """
    folder = made / "tables"
    folder.mkdir(exist_ok=True)
    for name, table in TABLES.items():
        _write(folder / f"{name}.csv", table, _rows(made, table))


def _rows(made: Path, table: Table) -> Iterator[Record]:
    for source in table.sources:
        with (made / source).open("rb") as file:
            for line in file:
                row = table.row(orjson.loads(line))
                if row is not None:
                    yield {column: row[column] for column in table.columns}  # a chunk holds no bodies


def _write(path: Path, table: Table, rows: Iterator[Record]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(table.columns)
        while chunk := list(islice(rows, CHUNK)):
            frame = _frame(chunk, table)
            frame.to_csv(file, header=False, index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")


def _frame(rows: list[Record], table: Table) -> pd.DataFrame:
    """Typed by column, not by what a chunk happens to hold: an id never becomes a fraction."""
    import pandas as pd

    numbers = {column: pd.array([row[column] for row in rows], dtype="Int64") for column in table.numbers}
    texts = {column: [_text(row[column]) for row in rows] for column in table.columns if column not in numbers}
    return pd.DataFrame(numbers | texts, columns=list(table.columns))


def _text(value: Any) -> str:
    """A value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return neutral(joined(value) if isinstance(value, list) else str(value))


# --- how a cell is written -----------------------------------------------------------------


def neutral(text: str) -> str:
    """Text that no spreadsheet runs: an apostrophe before what starts a formula, and before one that stood there.

    >>> neutral("=1+1"), neutral("'=1+1"), neutral("'tis"), neutral("1-1")
    ("'=1+1", "''=1+1", "'tis", '1-1')
    """
    return "'" + text if _RUNS.match(text) else text


def original(cell: str) -> str:
    """The text that `neutral` was given.

    >>> original("'=1+1"), original("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if _NEUTRAL.match(cell) else cell


def joined(entries: Iterable[str]) -> str:
    r"""A list as one cell.

    >>> print(joined(["Wells, deep", "a|b"]))
    Wells, deep | a\|b
    """
    return " | ".join(re.sub(r"[\\|]", r"\\\g<0>", entry) for entry in entries)


def parted(cell: str) -> list[str]:
    r"""The list that `joined` was given; no cell tells an empty list from a list of one empty text.

    >>> parted(r"Wells, deep | a\|b")
    ['Wells, deep', 'a|b']
    """
    entries = cell.split(" | ") if cell else []  # inside an entry a backslash stands before every bar
    return [re.sub(r"\\([\\|])", r"\1", entry) for entry in entries]


# --- the tables ----------------------------------------------------------------------------


def _document(record: Record) -> Record:
    states = [link["state"] for link in record["links"]]
    date = record["subject_date"]
    return record | {
        "subject_date": date and date["date"],
        "doi": record["identifiers"]["doi"],
        "pmid": record["identifiers"]["pmid"],
        "words": len(record["text"].split()),
        "links": len(states),
        "dangling": states.count("dangling"),
        "images": len(record["images"]),
        "lost_images": sum(image["state"] == "missing" for image in record["images"]),
        "page_id": record["legacy"]["page_id"],
        "url": record["legacy"]["url"],
        "bundle": record["source"]["bundle"],
        "member": record["source"]["member"],
    }


def missing_text(record: Record) -> Record | None:
    """A document that is not complete or shows no text, with the reasons; None for any other."""
    reasons = [code for code in MISSING if code in record["findings"]]
    empty = not record["text"].strip()
    if record["complete"] and not empty:
        return None
    return _document(record) | {"reasons": reasons or ["no text" if empty else "not complete"]}


DOCUMENT = (
    *("id", "kind", "status", "title", "path", "slug", "created", "modified", "subject_date", "language"),
    *("authors", "keywords", "categories", "tags", "doi", "pmid", "aliases", "words", "links", "dangling"),
    *("images", "lost_images", "complete", "findings", "page_id", "url", "bundle", "member", "digest"),
)
MISSING_TEXT = ("id", "status", "reasons", "title", "words", "path", "page_id", "url", "bundle", "member")

COUNTS = frozenset(("words", "links", "dangling", "images", "lost_images", "page_id"))

TABLES: dict[str, Table] = {
    "documents": Table(("documents.jsonl",), DOCUMENT, COUNTS, _document),
    "findings": Table(("findings.jsonl",), tuple(FindingLine.model_fields), frozenset(("line", "column"))),
    "redirects": Table(("redirects.jsonl",), tuple(Redirect.model_fields), frozenset(("status",))),
    "missing_text": Table(
        ("documents.jsonl", "withheld.jsonl"), MISSING_TEXT, frozenset(("words", "page_id")), missing_text
    ),
}
