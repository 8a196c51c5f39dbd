"""An earlier generation as an input: what its documents were called, and every address that it answered.

`read_previous` streams it into the facts file, where `etl.resolve` asks it. Of a *generation* (its folder,
an ``out/`` folder with ``current`` in it, or its http(s) address) all files that matter are read and held
against its manifest: half a generation is trouble, never fewer addresses. One file may be given instead:
``documents.jsonl`` knows slugs and paths; ``redirects.jsonl`` knows addresses and paths, from which resolve
tells the slugs as long as ``path_template`` is the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from etl.addresses import KINDS, Address, objection
from etl.extract.remote import downloaded, is_address, without_secrets
from etl.extract.trouble import SourceError
from etl.facts import Facts
from etl.generation_path import generation_at
from etl.model import MANIFEST
from etl.plain import cut
from etl.settings import MEMBERS_IN_A_LINE, MIB, Settings, SettingsError
from etl.site_path import is_site_path
from etl.slugs import LONGEST, WELL_FORMED
from etl.trouble import why

_MANIFEST_BYTES = 64 * MIB
_DOCUMENT_ID = re.compile(r"[a-z]+-[0-9a-f]+")

_INSTEAD = "the run follows that generation: mend it, or follow another one (`wiki-etl release`, or --previous)"

Pieces = Iterator[bytes]


class _File(NamedTuple):
    """One file of the generation."""

    name: str
    shown: str
    """How messages name it: no password, no path of the machine above it."""
    pieces: Callable[[], Pieces]
    sha256: str | None
    """What the manifest says; None where there is no manifest."""


def read_previous(source: str, settings: Settings, facts: Facts) -> None:
    """Fill the tables ``previous_document`` and ``previous_address``; nothing of it is held in memory.

    Raises SettingsError (status 2) when there is no generation at a path, SourceError (3) when one cannot be read
    whole or is damaged, with file and line.
    """
    files = _remote(source, settings.max_total_bytes) if is_address(source) else _local(Path(source))
    facts.db.execute("BEGIN")
    try:
        for file in files:
            _read(file, settings, facts)
    except SourceError as error:
        error.add_note(_INSTEAD)
        raise
    facts.db.execute("COMMIT")


def _read(file: _File, settings: Settings, facts: Facts) -> None:
    read = (ALONE if file.sha256 is None else READERS)[file.name]
    for number, line in enumerate(_lines(file, settings), 1):
        try:
            read(orjson.loads(line), facts)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            fault = str(error) if isinstance(error, _LineError) else f"not a line of a {file.name}"
            raise SourceError(f"{file.shown}:{number}: {fault}") from error


# --- where its files are -------------------------------------------------------------------


def _local(path: Path) -> Iterator[_File]:
    shown = path.name if path.is_absolute() else str(path)
    if path.is_file() and path.name in ALONE:
        yield _File(path.name, shown, partial(_blocks, path), None)
        return
    folder = generation_at(path, lambda folder: any((folder / name).is_file() for name in ALONE))
    if folder is None:
        raise SettingsError(f"--previous {shown!r}: no generation there, and neither {' nor '.join(ALONE)}")
    for name, sha256 in _promised(_blocks(folder / MANIFEST), f"{shown}/{MANIFEST}").items():
        yield _File(name, f"{shown}/{name}", partial(_blocks, folder / name), sha256)


def _remote(url: str, most: int) -> Iterator[_File]:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise SettingsError(f"--previous: not an address: {error}") from error
    base = parts.path.rstrip("/")
    shown = without_secrets(parts._replace(path=base))
    name = base.rpartition("/")[2]
    if name in ALONE:
        yield _File(name, shown, partial(downloaded, url, shown, most), None)
        return

    def fetched(name: str) -> Pieces:
        return downloaded(parts._replace(path=f"{base}/{name}", fragment="").geturl(), f"{shown}/{name}", most)

    for name, sha256 in _promised(fetched(MANIFEST), f"{shown}/{MANIFEST}").items():
        yield _File(name, f"{shown}/{name}", partial(fetched, name), sha256)


def _blocks(path: Path) -> Pieces:
    try:
        with path.open("rb") as file:
            yield from iter(partial(file.read, MIB), b"")
    except OSError as error:
        raise SourceError(f"{path.name} of the previous generation: cannot be read: {why(error)}") from error


def _promised(pieces: Pieces, shown: str) -> dict[str, str]:
    """SHA-256 of the files of `READERS`, in their order, as a manifest has them."""
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > _MANIFEST_BYTES:
            raise SourceError(f"{shown}: more than {_MANIFEST_BYTES} bytes: no manifest")
    try:
        listed = {entry["name"]: str(entry["sha256"]) for entry in orjson.loads(bytes(data))["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{shown}: not the manifest of a generation") from error
    missing = [name for name in READERS if name not in listed]
    if missing:
        raise SourceError(f"{shown}: names no {missing[0]}")
    return {name: listed[name] for name in READERS}


# --- its lines -----------------------------------------------------------------------------


def _lines(file: _File, settings: Settings) -> Iterator[bytes]:
    """The lines of a file, whole to the last one and as the manifest says."""
    longest, most = MEMBERS_IN_A_LINE * settings.max_member_bytes, settings.max_total_bytes
    digest, size, rest = hashlib.sha256(), 0, bytearray()
    for piece in file.pieces():
        digest.update(piece)
        size += len(piece)
        rest += piece
        if size > most:
            raise SourceError(f"{file.shown}: more than {most} bytes in all (max_total_bytes)")
        if b"\n" in piece:
            *lines, last = bytes(rest).split(b"\n")
            rest = bytearray(last)
        else:
            lines = []
        if max(map(len, [*lines, rest])) > longest:
            raise SourceError(f"{file.shown}: a line of more than {longest} bytes")
        yield from lines
    if rest:
        raise SourceError(f"{file.shown}: the last line has no line end: the file is cut off")
    if file.sha256 not in (None, digest.hexdigest()):
        raise SourceError(f"{file.shown}: it is not what its manifest says: sha256 {digest.hexdigest()}")


class _LineError(ValueError):
    """What is wrong with one line, in words."""


def _read_document(record: dict[str, Any], facts: Facts) -> None:
    document, path, slug = _id(record["id"]), _path(record["path"]), _slug(record["slug"])
    facts.db.execute("INSERT OR IGNORE INTO previous_document VALUES (?, ?, ?)", (document, slug, path))
    _add_address(facts, Address("path", path.rstrip("/")), document)


def _read_withheld(record: dict[str, Any], facts: Facts) -> None:
    """Nobody was ever sent to a withheld document: it keeps its slug, and its path was no address."""
    row = (_id(record["id"]), _slug(record["slug"]))
    facts.db.execute("INSERT OR IGNORE INTO previous_document VALUES (?, ?, NULL)", row)


def _read_redirect(record: dict[str, Any], facts: Facts) -> tuple[str, str] | None:
    """Returns the document that answers the address, and its path; None for what is gone for good, an answer, too."""
    address = Address(record["kind"], record["value"])
    if address.kind not in KINDS or not isinstance(address.value, str):
        raise _LineError(f"not an address: {_short(address.kind)} {_short(address.value)}")
    if record["target"] is None or record["document"] is None:
        _add_address(facts, address, None)
        return None
    document, path = _id(record["document"]), _path(record["target"])
    _add_address(facts, address, document)
    return document, path


def _read_lone_redirect(record: dict[str, Any], facts: Facts) -> None:
    """Without the documents, their redirects say which there are; with them it would be told again by every one."""
    if page := _read_redirect(record, facts):
        document, path = page
        facts.db.execute("INSERT OR IGNORE INTO previous_document VALUES (?, NULL, ?)", (document, path))
        _add_address(facts, Address("path", path.rstrip("/")), document)


Reader = Callable[[dict[str, Any], Facts], object]
READERS: dict[str, Reader] = {
    "documents.jsonl": _read_document,
    "withheld.jsonl": _read_withheld,
    "redirects.jsonl": _read_redirect,
}
"""Of a generation, in the order in which they are read."""
ALONE: dict[str, Reader] = {"documents.jsonl": _read_document, "redirects.jsonl": _read_lone_redirect}
"""Of a file that is given instead."""


def _add_address(facts: Facts, address: Address, document: str | None) -> None:
    """What no map may hold any more stays in the table, so that somebody is told."""
    row = (*address, document, objection(address))
    facts.db.execute("INSERT OR IGNORE INTO previous_address VALUES (?, ?, ?, ?)", row)


def _short(value: object) -> str:
    return cut(repr(value), 60)


def _id(value: object) -> str:
    if not isinstance(value, str) or not _DOCUMENT_ID.fullmatch(value):
        raise _LineError(f"not the id of a document: {_short(value)}")
    return value


def _path(value: object) -> str:
    if not is_site_path(value):
        raise _LineError(f"not a path of the new site: {_short(value)}")
    return value


def _slug(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST or not WELL_FORMED.fullmatch(value):
        raise _LineError(f"not a slug: {_short(value)}")
    return value
