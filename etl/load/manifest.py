"""The manifest: what a generation was made from, where every member went, what was found, and its files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import orjson

from etl import __version__
from etl.facts import Facts
from etl.load.folders import file_names
from etl.model import MANIFEST, Input, Ledger, Manifest, OutFile
from etl.settings import MIB

PREVIOUS = "previous generation"
"""Its name among the inputs."""


def write_manifest(
    made: Path,
    facts: Facts,
    files: Sequence[OutFile],
    ledger: Ledger,
    *,
    settings_sha256: str,
    changes: Mapping[str, int],
    findings: Mapping[str, int],
) -> None:
    """The last file of a generation; ``changes`` and ``findings``: how many, by rule and by code."""
    manifest = Manifest(
        format=1,
        tool=f"wiki-etl {__version__}",
        settings_sha256=settings_sha256,
        inputs=[*_inputs(facts), *_taken(facts)],
        ledger=ledger,
        changes=dict(sorted(changes.items())),
        findings=dict(sorted(findings.items())),
        files=list(files),
    )
    (made / MANIFEST).write_bytes(orjson.dumps(manifest.model_dump(), option=orjson.OPT_INDENT_2) + b"\n")


def _inputs(facts: Facts) -> Iterator[Input]:
    """What was read, by bundle: the digest is that of the sorted lines `<member sha256>  <member>`."""
    query = """
        SELECT m.bundle, f.sha256, m.name, ifnull(f.size, 0)
        FROM member m
        JOIN fact f USING (ord)
        ORDER BY m.bundle, f.sha256, m.name
        """
    for bundle, members in groupby(facts.rows(query), itemgetter(0)):
        whole, count, total = hashlib.sha256(), 0, 0
        for _, sha256, name, size in members:
            whole.update(f"{sha256 or '-'}  {name}\n".encode())
            count, total = count + 1, total + size
        yield Input(bundle=bundle, members=count, bytes=total, sha256=whole.hexdigest())


def _taken(facts: Facts) -> Iterator[Input]:
    """What came of the previous generation, as an input without members; nothing when no byte depends on it.

    The digest is that of the sorted lines of the table ``taken`` (see `etl.resolve.owners`), not of the generation: to
    release what is current changes no input, so the next run still finds nothing new.
    """
    whole, size = hashlib.sha256(), 0
    for (line,) in facts.rows("SELECT line FROM taken ORDER BY line"):
        whole.update(data := f"{line}\n".encode())
        size += len(data)
    if size:
        yield Input(bundle=PREVIOUS, members=0, bytes=size, sha256=whole.hexdigest())


# --- its files ------------------------------------------------------------------------------


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
        while block := file.read(MIB):
            digest.update(block)
            size += len(block)
            lines += len(block) - len(block.replace(b"\n", b""))  # `count` looks at each byte by itself
    return size, lines, digest.hexdigest()
