"""What the new site answers itself: the paths of its documents, and the reserved ones.

No entry of a map is one of them (contract, 7). In another case a name may be one: `/Beta` and the page `/beta/`. It
stands in the map, and nobody may find it in any case but its own, or a page of the new site leads to itself for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from etl.addresses import as_path, lookups
from etl.load.redirects.neutral import MapError, entries
from etl.load.redirects.options import CompileOptions

BUFFER = 1 << 18
"""Bytes that are read at once: lines are longer than Python reads by itself, and it would put them together."""

_DOCUMENT = re.compile(rb'\{"id":"[^"\\]*","kind":"[^"\\]*","status":"[^"\\]*","slug":"[^"\\]*","path":"([^"\\]*)",')
"""The beginning of a document as it is written: bodies are long, and nothing of them is asked here."""
_PLAIN = re.compile(r"(?>(?:/[A-Za-z0-9_~-]++)+)/?")


def living(map_file: Path, reserved: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each path, and what it is in words; of documents the targets of the map, where no documents lie beside it."""
    yield from ((path, "a reserved path") for path in reserved)
    documents = documents_beside(map_file)
    if documents is not None:
        yield from ((path, "the path of a document") for path in paths_in(documents))
    else:
        targets = (entry.target for entry in entries(map_file, again=True))
        yield from ((target, "a target of the map") for target in targets if target is not None)


def documents_beside(map_file: Path) -> Path | None:
    """The ``documents.jsonl`` of the generation that a map is in; None for a map without."""
    documents = map_file.with_name("documents.jsonl")
    return documents if documents.is_file() else None


def paths_in(file: Path) -> Iterator[str]:
    """The path that each line of a file has: of documents, or of terms. Raises MapError for a line without one."""
    try:
        with file.open("rb", buffering=BUFFER) as lines:
            for number, line in enumerate(lines, 1):
                match = _DOCUMENT.match(line)
                try:
                    path = match[1].decode() if match else orjson.loads(line)["path"]
                except (ValueError, KeyError, TypeError):
                    path = None
                if not isinstance(path, str):
                    why = "no line with a path: the file is damaged; take one that `wiki-etl migrate` wrote"
                    raise MapError(f"{file}:{number}: {why}")
                yield path
    except OSError as error:
        raise MapError(f"{file}: cannot be read: {error.strerror}") from error


def requests(path: str, options: CompileOptions) -> set[str]:
    """The decoded paths under which a path of the new site would be looked up in the map.

    >>> requests("/pages/b/", CompileOptions()), requests("/Wells%20now/?a=b", CompileOptions())
    ({'/pages/b'}, {'/Wells now'})
    """
    if _PLAIN.fullmatch(path):
        return {path.rstrip("/")}
    return {as_path(address, options.legacy_base) for address in lookups(path, options.legacy_base)}


def living_requests(map_file: Path, options: CompileOptions) -> Iterator[str]:
    """The decoded paths of all that the new site answers itself."""
    return (request for path, _ in living(map_file, options.reserved) for request in requests(path, options))
