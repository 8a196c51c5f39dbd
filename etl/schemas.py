"""JSON Schema, draft 2020-12: published from the models, checked on every record.

`jsonschema-rs` says whether a record passes, at a hundredth of the cost; `jsonschema` is imported
only when one fails, and explains it. A test holds that the two agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import orjson
from pydantic import BaseModel

from etl import model
from etl.plain import cut
from etl.trouble import Trouble

VERSION = 1
LONGEST_FAULT = 300
"""Characters of a sentence about a record."""
MODELS: dict[str, type[BaseModel]] = {
    "tiki-page": model.TikiPage,
    "abstract": model.Abstract,
    "document": model.Document,
    "redirect": model.Redirect,
    "finding": model.FindingLine,
    "reject": model.Reject,
    "asset": model.Asset,
    "term": model.Term,
    "change": model.Change,
    "manifest": model.Manifest,
}
LINES = {
    "documents.jsonl": "document",
    "withheld.jsonl": "document",
    "redirects.jsonl": "redirect",
    "findings.jsonl": "finding",
    "rejects.jsonl": "reject",
    "assets.jsonl": "asset",
    "terms.jsonl": "term",
    "changes.jsonl": "change",
}
"""Files of lines, and the schema of their lines."""


@cache
def schema(name: str) -> dict[str, Any]:
    """The published schema of a name in ``MODELS``."""
    body = MODELS[name].model_json_schema()
    identity = f"urn:wiki-etl:schema:{name}:v{VERSION}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": identity, **body}


def published(name: str) -> str:
    """The text of ``schemas/<name>.schema.json``."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema(name))


def is_valid(name: str, record: object) -> bool:
    """Whether a record passes a schema."""
    return _validator(name).is_valid(record)


def fault(name: str, record: object) -> str | None:
    """The first thing that is wrong with a record, as a sentence in bounds; None for one that passes.

    >>> fault("term", [1]), fault("term", {"name": "Bees", "slug": "bees", "path": "/bees/", "kind": "tag"})
    ("[1] is not of type 'object'", "'documents' is a required property")
    """
    if is_valid(name, record):
        return None
    return cut(str(next(explain(name, record))), LONGEST_FAULT)


def records(file: Path) -> Iterator[dict[str, Any]]:
    """The records of one of `LINES`, a line at a time. Raises Trouble at the first line that holds none."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            yield record(file, number, line)


def record(file: Path, number: int, line: bytes) -> dict[str, Any]:
    """What a line of one of `LINES` holds, as its schema says. Raises Trouble where it does not."""
    try:
        found: dict[str, Any] = orjson.loads(line)
    except ValueError as error:
        raise _damaged(file, number, f"not JSON: {error}") from error
    name = LINES[file.name]
    if said := fault(name, found):
        raise _damaged(file, number, f"not a {name}: {said}")
    return found


def _damaged(file: Path, number: int, said: str) -> Trouble:
    return Trouble(f"{file}:{number}: {said}; `wiki-etl validate` says what else is damaged")


class Fault(NamedTuple):
    """What is wrong with a record; as text both, where it is and what."""

    path: model.FieldPath
    """Empty for the record as a whole."""
    sentence: str

    @property
    def where(self) -> str:
        """The path as text."""
        return ".".join(map(str, self.path))

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}" if self.where else self.sentence


def explain(name: str, record: object) -> Iterator[Fault]:
    """Everything that is wrong with a record, in the order of paths."""
    from jsonschema import Draft202012Validator

    found = [
        Fault(tuple(error.absolute_path), _sentence(error))
        for outer in Draft202012Validator(schema(name)).iter_errors(record)
        for error in _chosen(outer)
    ]
    if not found and not is_valid(name, record):  # Python's $ and \d are wider than the schema language's own
        found.append(Fault((), f"does not fit the schema {name!r}"))
    yield from sorted(dict.fromkeys(found), key=lambda fault: [str(part) for part in fault.path])


def _chosen(error: Any) -> list[Any]:
    """The errors inside the alternative that has the type of the value; where none has it, the error itself."""
    here = error.absolute_path
    return [inner for inner in error.context if inner.validator != "type" or inner.absolute_path != here] or [error]


def _sentence(error: Any) -> str:
    """The sentence of `jsonschema`, with the value cut short and the types of an alternative named."""
    value = repr(error.instance)
    short = cut(value, 60, "...")
    if error.validator in ("anyOf", "oneOf"):
        wanted = [str(option.get("type", option.get("$ref", "?"))) for option in error.validator_value]
        return f"{short} is not of type {' or '.join(repr(kind) for kind in wanted)}"
    return str(error.message).replace(value, short)
