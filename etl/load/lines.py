"""Files of JSON lines: each line checked against its schema, and parts that workers write joined in order."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from etl import schemas

BLOCK = 1 << 20


class SchemaFault(Exception):
    """A record of ours that its schema refuses: a bug of this tool, status 4."""


def check(name: str, record: dict[str, Any]) -> None:
    """Raises SchemaFault, with all that is wrong, for a record of ours that does not fit its schema."""
    if not schemas.is_valid(name, record):
        raise SchemaFault(f"a {name} does not fit its schema: {'; '.join(map(str, schemas.explain(name, record)))}")


def dump(name: str, record: dict[str, Any]) -> bytes:
    """A record as one line, checked against its schema."""
    check(name, record)
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def write_lines(path: Path, name: str, records: Iterable[dict[str, Any]]) -> None:
    """A file of records, each checked."""
    with path.open("wb", buffering=BLOCK) as file:
        file.writelines(dump(name, record) for record in records)


def append_file(part: Path, whole: Path) -> None:
    """Add a part to the end of a file, block by block, and remove it."""
    with part.open("rb") as source, whole.open("ab") as target:
        shutil.copyfileobj(source, target, BLOCK)
    part.unlink()
