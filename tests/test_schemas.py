"""The published schemas: in step with the models, valid, explained by examples, and one verdict everywhere."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from etl import schemas
from etl.load.lines import SchemaFault, dump
from tests.make import ROOT, lines

NAMES = sorted(schemas.MODELS)
ARRIVING = frozenset({"tiki-page", "abstract"})
OUT = ROOT / "tests" / "cases" / "sample" / "out"
FILES = {
    "document": ["documents.jsonl", "withheld.jsonl"],
    "redirect": ["redirects.jsonl"],
    "finding": ["findings.jsonl"],
    "asset": ["assets.jsonl"],
    "term": ["terms.jsonl"],
    "change": ["changes.jsonl"],
}


def written(name: str) -> list[dict[str, Any]]:
    """Records of ours that fit a schema: what the cases hold."""
    if name == "manifest":
        return [json.loads((OUT / "manifest.json").read_text("utf-8"))]
    if name == "reject":
        return lines(ROOT / "tests" / "cases" / "rejects" / "out" / "rejects.jsonl")
    return [record for file in FILES[name] for record in lines(OUT / file)]


def spots(part: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every subschema with its path."""
    yield path, part
    for key, inner in part.items():
        for place, found in (
            [((key,), inner)] if isinstance(inner, dict) else enumerate(inner if isinstance(inner, list) else [])
        ):
            if isinstance(found, dict):
                yield from spots(found, (*path, key) if place == (key,) else (*path, key, str(place)))


# --- what is published ---------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_schema_is_what_the_model_says(name: str, expect: Callable[[Path, str], None]) -> None:
    expect(ROOT / "schemas" / f"{name}.schema.json", schemas.published(name))


def test_no_other_schema_is_committed() -> None:
    committed = {path.name for path in (ROOT / "schemas").iterdir() if not path.name.startswith(".")}
    assert committed == {f"{name}.schema.json" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_versioned(name: str) -> None:
    schema = json.loads(schemas.published(name))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:wiki-etl:schema:{name}:v{schemas.VERSION}"
    assert schema["description"]


@pytest.mark.parametrize("name", NAMES)
def test_every_example_validates_where_it_stands(name: str) -> None:
    schema = schemas.schema(name)
    for path, part in spots(schema):
        for example in part.get("examples", []):
            faults = list(Draft202012Validator({**part, "$defs": schema.get("$defs", {})}).iter_errors(example))
            assert faults == [], f"{'.'.join(path)}: {example!r}"


@pytest.mark.parametrize("name", sorted(ARRIVING))
def test_a_schema_of_what_arrives_has_an_example(name: str) -> None:
    assert any("examples" in part for _, part in spots(schemas.schema(name)))


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_names_the_fields_of_the_model_in_their_order(name: str) -> None:
    assert list(schemas.schema(name)["properties"]) == list(schemas.MODELS[name].model_fields)


@pytest.mark.parametrize("name", sorted(set(NAMES) - ARRIVING))
def test_every_key_of_ours_is_always_there_and_no_other(name: str) -> None:
    schema = schemas.schema(name)
    for part in [schema, *schema.get("$defs", {}).values()]:
        if part.get("type") == "object":
            assert part["required"] == list(part["properties"])
            assert part["additionalProperties"] is False


def test_the_keys_of_a_document_are_those_of_the_contract() -> None:
    assert " ".join(schemas.schema("document")["properties"]) == (
        "id kind status slug path title authors keywords created modified created_at modified_at subject_date language "
        "categories tags aliases body html text excerpt links images identifiers complete findings digest source legacy"
    )


# --- the verdict ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(NAMES) - ARRIVING))
def test_what_the_cases_hold_fits_its_schema(name: str) -> None:
    records = written(name)
    assert records
    for record in records:
        assert schemas.is_valid(name, record), list(schemas.explain(name, record))


ARRIVED: dict[str, dict[str, Any]] = {
    "tiki-page": {
        "title": "Wells",
        "slug": "wells",
        "aliases": ["/Wells", "/7"],
        "tiki_page_id": 7,
        "tags": [],
        "date": "2019-07-13",
    },
    "abstract": {"title": "Wells", "authors": ["A. Miller"], "keywords": [], "affiliations": [], "metadata": []},
}
RECORDS = {name: ([ARRIVED[name]] if name in ARRIVED else written(name)[:12]) for name in NAMES}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.sampled_from(
        [
            1.0,
            -0.0,
            "",
            "x",
            "é\u0301",
            "2019-02-30",
            "/a b",
            "//x",
            "a-",
            "\n",
            "2019-07-13\n",
            "A" * 64,
            "0" * 64,
            "clear\n",
        ]
    ),
    st.text(),
    st.lists(st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def places(record: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = record.items() if isinstance(record, dict) else enumerate(record) if isinstance(record, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A record of ours with up to three places changed, removed or added."""
    name = draw(st.sampled_from(NAMES))
    record = copy.deepcopy(draw(st.sampled_from(RECORDS[name])))
    for _ in range(draw(st.integers(0, 3))):
        spot = list(places(record))
        *front, last = draw(st.sampled_from(spot)) if spot else ("title",)
        holder: Any = record
        for key in front:
            holder = holder[key]
        match draw(st.sampled_from(["change", "remove", "add"])):
            case "change":
                holder[last] = draw(ODD)
            case "remove":
                del holder[last]
            case _ if isinstance(holder, dict):
                holder[draw(st.text(max_size=4))] = draw(ODD)
    return name, record


@given(mutated())
def test_both_validators_have_one_verdict(case: tuple[str, dict[str, Any]]) -> None:
    name, record = case
    faults = list(schemas.explain(name, record))
    assert schemas.is_valid(name, record) == (not faults), faults


@given(mutated())
def test_what_the_model_accepts_the_schema_accepts_and_dump_writes(case: tuple[str, dict[str, Any]]) -> None:
    name, record = case
    if schemas.is_valid(name, record):
        if name not in ARRIVING:
            assert json.loads(dump(name, record)) == record
        return
    with pytest.raises(SchemaFault, match=f"a {name} does not fit"):
        dump(name, record)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("created", "2019-07-13\n"),
        ("created", "٢٠١٩-٠٧-١٣"),
        ("slug", "a\n"),
        ("id", "tiki-٥"),
        ("path", "/a/\n"),
        ("digest", "0" * 64 + "\n"),
    ],
)
def test_a_line_end_or_another_digit_that_only_one_validator_refuses_is_said_of_the_whole(key: str, value: str) -> None:
    """Python's `$` and `\\d` are wider than those of the schema's own language: what explains finds no place."""
    record = {**RECORDS["document"][0], key: value}
    assert not schemas.is_valid("document", record)
    assert Draft202012Validator(schemas.schema("document")).is_valid(record)
    assert list(schemas.explain("document", record)) == [((), "does not fit the schema 'document'")]


def test_a_fault_names_its_path_and_quotes_its_value_shortly() -> None:
    record = {"title": "Wells", "tags": ["a", 5], "date": ["x" * 200]}
    faults = dict(schemas.explain("tiki-page", record))
    assert "5 is not of type" in faults["tags", 1]
    assert len(faults["date",]) < 120


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("tiki-page", {"tiki_page_id": 0}, "0 is less than the minimum of 1"),
        ("tiki-page", {"tiki_page_id": "7"}, "'7' is not of type 'integer' or 'null'"),
        ("document", {"created": "soon"}, "'soon' does not match"),
        ("document", {"subject_date": {"date": "2019"}}, "'precision' is a required property"),
        ("redirect", {"target": "/pages/ü/"}, "'/pages/ü/' does not match"),
    ],
)
def test_a_value_of_the_right_type_is_not_said_to_be_of_another(name: str, changed: dict[str, Any], said: str) -> None:
    _, sentence = next(schemas.explain(name, {**RECORDS[name][0], **changed}))
    assert sentence.startswith(said)


def test_every_fault_of_a_list_is_named() -> None:
    record = {"title": "Wells", "tags": ["a", 5, None, "b", 6]}
    assert [path for path, _ in schemas.explain("tiki-page", record)] == [("tags", 1), ("tags", 2), ("tags", 4)]
