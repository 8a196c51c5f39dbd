"""Files of JSON lines: parts that workers write, joined in order, and the manifest that proves them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from etl import schemas
from etl.load.folders import file_names
from etl.model import OutFile

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


def describe(folder: Path) -> list[OutFile]:
    """Every file below a folder, by name: bytes, lines, SHA-256."""
    files = []
    for name in file_names(folder):
        size, lines, digest = measure(folder / name)
        files.append(OutFile(name=name, bytes=size, lines=lines, sha256=digest))
    return files


def measure(path: Path) -> tuple[int, int, str]:
    """Bytes, lines and SHA-256 of a file."""
    digest, size, lines = hashlib.sha256(), 0, 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
            lines += len(block) - len(block.replace(b"\n", b""))  # `count` looks at each byte by itself
    return size, lines, digest.hexdigest()
