from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl.load import tables
from etl.load.tables import TABLES, joined, neutral, original, parted, write_tables

HOSTILE = (
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"),
    *("＝1+1", "＋1", "－1", "＠x", " =1+1", "\u200b=1", "\ufeff-1"),
)
TEXTS = st.text(st.one_of(st.sampled_from("=+-@\t\r\n'＝ |\\,\";"), st.characters(codec="utf-8")), max_size=20)


def document(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"tiki-{number}",
        "kind": "page",
        "status": "published",
        "slug": f"pond-{number}",
        "path": f"/pages/pond-{number}/",
        "title": f"Pond {number}",
        "authors": [],
        "keywords": [],
        "created": "2019-07-13",
        "modified": None,
        "created_at": None,
        "modified_at": None,
        "subject_date": {"date": "2019-06", "precision": "month", "source": "alias"},
        "language": None,
        "categories": ["Wells, deep", "a|b"],
        "tags": [],
        "aliases": [f"/{number}"],
        "body": "long " * 10,
        "html": None,
        "text": "two words",
        "excerpt": "two words",
        "links": [{"href": "/x", "kind": "page", "state": "dangling", "target": None}],
        "images": [{"src": "/a", "alt": "", "width": None, "state": "missing"}],
        "identifiers": {"doi": ["10.1000/182"], "pmid": []},
        "complete": True,
        "findings": [],
        "digest": "0" * 64,
        "source": {"bundle": "b", "member": f"{number}.txt"},
        "legacy": {"page_id": number, "url": None},
    } | changes


def finding(**changes: Any) -> dict[str, Any]:
    keys = ("code", "severity", "bundle", "member", "document", "field", "message", "action", "fingerprint")
    return dict.fromkeys(keys, "x") | {"line": 3, "column": None} | changes


def redirect(**changes: Any) -> dict[str, Any]:
    entry = {"kind": "name", "value": "Pond", "target": "/pages/pond/", "status": 301, "why": "title"}
    return entry | {"document": "tiki-1"} | changes


@pytest.fixture
def made(tmp_path: Path) -> Path:
    fill(tmp_path)
    return tmp_path


def fill(folder: Path, **lines: list[dict[str, Any]]) -> None:
    content = {"documents": [document()], "withheld": [], "findings": [finding()], "redirects": [redirect()]} | lines
    for name, records in content.items():
        text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        (folder / f"{name}.jsonl").write_text(text, "utf-8", newline="\n")


def rows(made: Path, name: str) -> list[dict[str, str]]:
    with (made / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_table_is_there_with_its_columns_even_without_rows(made: Path) -> None:
    fill(made, documents=[], findings=[], redirects=[])
    write_tables(made)
    assert {path.stem: path.read_text("utf-8") for path in (made / "tables").iterdir()} == {
        name: ",".join(f'"{column}"' for column in table.columns) + "\n" for name, table in TABLES.items()
    }


def test_a_document_is_one_row_with_its_lists_counts_and_nulls(made: Path) -> None:
    write_tables(made)
    (row,) = rows(made, "documents")
    wanted = {
        "id": "tiki-1",
        "subject_date": "2019-06",
        "modified": "",
        "words": "2",
        "dangling": "1",
        "lost_images": "1",
    }
    assert wanted.items() <= row.items()
    assert parted(row["categories"]) == ["Wells, deep", "a|b"]
    assert row["complete"] == "true"


def test_a_document_of_no_date_has_an_empty_cell(made: Path) -> None:
    fill(made, documents=[document(subject_date=None)])
    write_tables(made)
    assert [row["subject_date"] for row in rows(made, "documents")] == [""]


def test_numbers_stay_whole_where_some_are_null(made: Path) -> None:
    fill(made, findings=[finding(line=None), finding(line=12)])
    write_tables(made)
    assert [row["line"] for row in rows(made, "findings")] == ["", "12"]
    assert ",12," in (made / "tables" / "findings.csv").read_text(), "no number is in quotes"


def test_text_that_looks_like_a_number_or_a_date_stays_as_it_is(made: Path) -> None:
    fill(made, redirects=[redirect(kind="id", value="0012"), redirect(value="1e5"), redirect(value="NA")])
    write_tables(made)
    assert [row["value"] for row in rows(made, "redirects")] == ["0012", "1e5", "NA"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_begins_with_what_a_spreadsheet_runs(made: Path, text: str) -> None:
    hostile = document(title=text, tags=[text, "b"])
    fill(made, documents=[hostile], findings=[finding(message=text)], redirects=[redirect(value=text)])
    write_tables(made)
    (row,) = rows(made, "documents")
    assert [row["title"], rows(made, "findings")[0]["message"], rows(made, "redirects")[0]["value"]] == [f"'{text}"] * 3
    assert row["tags"] == f"'{text} | b"


def test_plain_text_is_left_alone() -> None:
    for text in ("", "Pond", "'tis", "a=b", "1-1", "/pages/x/", "– dash"):
        assert neutral(text) == text


@given(TEXTS)
def test_the_text_of_a_cell_can_be_taken_back(text: str) -> None:
    assert original(neutral(text)) == text
    assert not neutral(text).lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@example([r"\\\\a", "|"])
@given(st.lists(TEXTS, max_size=4).filter(lambda entries: entries != [""]))
def test_a_list_can_be_taken_back_whatever_its_entries_hold(entries: list[str]) -> None:
    assert parted(original(neutral(joined(entries)))) == entries


@given(st.lists(TEXTS.filter(lambda text: "\0" not in text), min_size=1, max_size=5))
def test_a_csv_reader_finds_the_texts_again(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    made = tmp_path_factory.mktemp("made")
    fill(made, redirects=[redirect(value=text) for text in texts])
    write_tables(made)
    assert [original(row["value"]) for row in rows(made, "redirects")] == texts
    read = pd.read_csv(made / "tables" / "redirects.csv", dtype=str, keep_default_na=False)
    assert len(read) == len(texts)


def test_text_is_missing_where_a_document_is_cut_left_out_or_empty(made: Path) -> None:
    published = [
        document(1),
        document(2, complete=False, findings=["box.unclosed", "link.dangling"]),
        document(3, complete=False, findings=["box.unclosed", "sections.excluded"]),
        document(4, text=" \n"),
        document(7, complete=False),
    ]
    stub = document(5, status="stub", text="", findings=["document.stub"])
    fill(made, documents=published, withheld=[stub, document(6, status="draft")])
    write_tables(made)
    assert {row["id"]: parted(row["reasons"]) for row in rows(made, "missing_text")} == {
        "tiki-2": ["box.unclosed"],
        "tiki-3": ["sections.excluded", "box.unclosed"],
        "tiki-4": ["no text"],
        "tiki-5": ["document.stub"],
        "tiki-7": ["not complete"],
    }


def test_the_bytes_do_not_depend_on_the_chunk(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [redirect(value=f"Pond {number}", document=None if number % 3 else "tiki-1") for number in range(7)]
    fill(made, documents=[document(number) for number in range(1, 8)], redirects=lines)
    found = []
    for chunk in (1, 3, 1000):
        monkeypatch.setattr(tables, "CHUNK", chunk)
        write_tables(made)
        found.append({path.name: path.read_bytes() for path in (made / "tables").iterdir()})
    assert found[0] == found[1] == found[2]


def test_lines_end_with_lf_and_the_file_has_no_mark(made: Path) -> None:
    fill(made, documents=[document(title="Grüne Teiche")])
    write_tables(made)
    data = (made / "tables" / "documents.csv").read_bytes()
    assert "Grüne Teiche".encode() in data
    assert not data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data
    assert data.endswith(b"\n")


def test_a_chunk_is_never_larger_than_its_bound(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    frame = tables._frame

    def counted(rows: list[dict[str, Any]], table: tables.Table) -> pd.DataFrame:
        sizes.append(len(rows))
        assert all("body" not in row for row in rows)
        return frame(rows, table)

    monkeypatch.setattr(tables, "CHUNK", 10)
    monkeypatch.setattr(tables, "_frame", counted)
    fill(made, documents=[document(number) for number in range(1, 36)])
    write_tables(made)
    assert max(sizes) == 10
    assert len(rows(made, "documents")) == 35


def test_pandas_is_loaded_only_to_write() -> None:
    code = "import sys, etl.load.tables; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
