"""The rejects that are replayed, and what lies beside them: read, checked, and put where the stages find them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

from etl import schemas
from etl.extract.members import too_large
from etl.extract.names import globs, unsafe
from etl.extract.trouble import SourceError
from etl.facts import Facts
from etl.load.manifest import measure
from etl.long_lines import numbered
from etl.made_with import is_made_with
from etl.model import MANIFEST
from etl.progress import Progress
from etl.settings import MEMBERS_IN_A_LINE, MIB, Settings

REJECTS = "rejects.jsonl"
BESIDE = ("documents.jsonl", "withheld.jsonl")
STATES = ("passes", "ignored", "rejected", "not replayable")
"""What can become of a reject; with the last two the work is not done."""

_BATCH = 1000
_LARGEST_NUMBER = 2**63 - 1
"""That a column can hold."""
_LIMIT = re.compile(r"\((max_\w+)\)")

# Beside the facts, in a file of its own: what is there stays when the passes begin again (`Facts.doom`).
TABLES = """
CREATE TABLE replay.reject (
    number INTEGER PRIMARY KEY, bundle TEXT, member TEXT, code TEXT, message TEXT, line INTEGER, col INTEGER,
    offset INTEGER, state TEXT, reason TEXT
);
CREATE TABLE replay.known (
    number INTEGER PRIMARY KEY, ord INTEGER, bundle TEXT, name TEXT, sha256 TEXT, kind TEXT, member_id TEXT,
    document TEXT, page_id INTEGER, title TEXT, page_name TEXT, slug TEXT, legacy_slug TEXT, status TEXT, latest TEXT
);
CREATE TABLE replay.result (number INTEGER PRIMARY KEY, state TEXT, was TEXT, code TEXT, data TEXT);
"""

PLACES = """
CREATE INDEX member_offset ON member (kind, offset);

UPDATE replay.known
SET ord = (SELECT m.ord FROM member m WHERE m.kind = 'document' AND m.offset = known.number);

CREATE INDEX replay.known_ord ON known (ord);

DELETE FROM member
WHERE kind = 'document'
"""

KNOWN = "sha256, kind, member_id, document, page_id, title, page_name, slug, legacy_slug, status, latest"


@dataclass(slots=True)
class Replay:
    """What is replayed and with what, and what is known of it by now."""

    file: Path
    shown: str
    settings: Settings
    facts: Facts
    work: Path
    config: str | None
    """The file of the settings; None where all are defaults."""
    progress: Progress
    bundles: dict[str, int] = field(default_factory=dict)
    documents: int | None = None
    """How many documents of the generation take part; None when they do not lie beside the file."""
    same_settings: bool | None = None
    """Whether the settings are those of the generation; None without its manifest."""
    errors: Counter[str] = field(default_factory=Counter)
    """Findings of severity error, by code, those of rejects among them."""

    @property
    def has_documents(self) -> bool:
        """Whether the documents of the generation lie beside the file."""
        return all((self.file.parent / name).is_file() for name in BESIDE)

    def beside(self, name: str) -> str:
        """How a file beside the rejects is shown."""
        return str(Path(self.shown).with_name(name))


# --- what the file says --------------------------------------------------------------------


class Read(NamedTuple):
    """A line of the file; all but ``size`` are the columns of ``replay.reject``."""

    number: int
    bundle: str
    member: str
    code: str
    message: str
    line: int | None
    col: int | None
    offset: int | None
    """Where its bytes begin in the spool file; None when they are not gone through."""
    state: str | None
    reason: str | None
    size: int


def read_rejects(run: Replay) -> None:
    """Every reject to the table, its bytes to the spool file. Raises SourceError with the line that is damaged."""
    path, limit = run.work / "spool", run.settings.max_member_bytes
    with run.file.open("rb") as lines, path.open("wb") as spool:
        read = _rejects(run, lines, spool)
        while batch := list(islice(read, _BATCH)):
            run.facts.insert("replay.reject", (row[:-1] for row in batch))
            entries = (
                (
                    run.bundles.setdefault(row.bundle, len(run.bundles)),
                    *(row.member, str(path), "span", row.offset, row.size, row.size, 0, -1),
                    *_over_limit(row.size, limit),
                )
                for row in batch
                if row.offset is not None
            )
            run.facts.insert("entry", entries)


def _over_limit(size: int, limit: int) -> tuple[str | None, str | None, str | None]:
    """Code, message and action for a member that is larger than the settings allow now."""
    if size <= limit:
        return None, None, None
    rejection = too_large(size, limit)
    return rejection.code, rejection.message, rejection.action


def _rejects(run: Replay, lines: BinaryIO, spool: BinaryIO) -> Iterator[Read]:
    ignored = globs(run.settings.ignore)
    for number, (place, line) in enumerate(_numbered(run, lines, run.shown), 1):
        reject = _checked(line, place)
        raw = base64.b64decode(reject["raw"] or "")
        state, reason, offset = None, _hopeless(reject, len(raw), has_documents=run.has_documents), None
        if ignored and ignored.match(reject["member"]) and not unsafe(reject["member"]):
            state, reason = "ignored", "the setting ignore names it, so migrate passes it over"
        elif reason is not None:
            state = "not replayable"
        else:
            offset = spool.tell()
            spool.write(raw + b"\n")  # so that an empty one has an offset of its own, too
        said = (reject[key] for key in ("bundle", "member", "code", "message", "line", "column"))
        yield Read._make((number, *said, offset, state, reason, len(raw)))


def _numbered(run: Replay, lines: BinaryIO, shown: str) -> Iterator[tuple[str, bytes]]:
    """Lines with their places, numbered from 1. Raises SourceError for one of absurd length."""
    limit = MEMBERS_IN_A_LINE * max(run.settings.max_member_bytes, 32 * MIB)
    for number, line in numbered(lines.readline, limit):
        if line is None:
            raise SourceError(f"{shown}:{number}: the line is too long to be one of ours: the file is damaged")
        yield f"{shown}:{number}", line


def _checked(line: bytes, place: str) -> dict[str, Any]:
    """The reject of a line, true to itself. Raises SourceError."""
    try:
        reject = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{place}: not JSON: {error.msg} (column {error.colno}): the file is damaged") from error
    if fault := schemas.fault("reject", reject):
        raise SourceError(f"{place}: not a reject: {fault}")
    if fault := _fault(reject):
        raise SourceError(f"{place}: {fault}: the file is damaged")
    found: dict[str, Any] = reject
    return found


def _fault(reject: dict[str, Any]) -> str | None:
    """What a reject says of its bytes that is not so, or None."""
    size, sha256, encoded, whole = (reject[key] for key in ("size", "sha256", "raw", "raw_complete"))
    if any(abs(reject[key] or 0) > _LARGEST_NUMBER for key in ("line", "column", "size")):
        return "a number that is too large"
    if (size, sha256, encoded, whole) == (None, None, None, False):
        return None
    if None in (size, sha256, encoded):
        return "size, sha256 and raw are there together or not at all, and raw_complete goes with them"
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        return f"raw is not base64: {error}"
    if whole != (len(raw) == size) or len(raw) > size:
        return f"raw holds {len(raw)} bytes of {size}, and raw_complete is {str(whole).lower()}"
    if whole and (digest := hashlib.sha256(raw).hexdigest()) != sha256:
        return f"the digest of raw is {digest}, and sha256 is {sha256}"
    return None


def _hopeless(reject: dict[str, Any], kept: int, *, has_documents: bool) -> str | None:
    """Why a reject cannot be gone through again, and what to do; None when it can."""
    if reject["sha256"] is None:
        limit = _LIMIT.search(reject["message"])
        todo = f"raise {limit[1]}" if limit else "mend the source"
        return f"its bytes were not read ({reject['message']}): {todo} and migrate again"
    if not reject["raw_complete"]:
        return (
            f"it holds {kept} of {reject['size']} bytes: set max_raw_bytes to {reject['size']} or more, migrate again "
            "(--dry-run is enough) and replay the file that this writes"
        )
    if reject["code"] == "id.conflict" and not has_documents:
        return f"the other member with its id is in {' or '.join(BESIDE)}, which are not beside the file"
    return None


# --- what lies beside the file -------------------------------------------------------------


def read_generation(run: Replay) -> None:
    """Manifest and documents of the generation, where the file lies in one.

    Raises SourceError for a file that is not the one of the manifest, and for a line that is no document.
    """
    _prove(run)
    if not run.has_documents:
        return
    run.documents = 0
    documents = chain.from_iterable(_documents(run, name) for name in BESIDE)
    while batch := list(islice(documents, _BATCH)):
        rows = [(run.documents + place, None, *row) for place, row in enumerate(batch)]
        run.facts.insert("replay.known", rows)
        entries = (
            (run.bundles.setdefault(row[2], len(run.bundles)), row[3], None, "document", row[0], *(None,) * 7)
            for row in rows
        )
        run.facts.insert("entry", entries)
        run.documents += len(rows)


def _prove(run: Replay) -> None:
    """Hold the files against the manifest that lies beside them, if there is one."""
    path = run.file.parent / MANIFEST
    if not path.is_file():
        return
    shown = run.beside(MANIFEST)
    try:
        manifest = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{shown}: not JSON: {error.msg}: the manifest is damaged") from error
    if not schemas.is_valid("manifest", manifest):
        raise SourceError(f"{shown}: not the manifest of a generation: it is damaged, or of something else")
    digests = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    for name in (REJECTS, *BESIDE):
        file = path.with_name(name)
        if name in digests and file.is_file() and measure(file)[2] != digests[name]:
            said = f"sha256 is not {digests[name]}, as {MANIFEST} says"
            raise SourceError(f"{run.beside(name)}: {said}: the file was changed or is cut off")
    run.same_settings = is_made_with(manifest, run.settings)


def _documents(run: Replay, name: str) -> Iterator[tuple[Any, ...]]:
    """What the documents of a file say of themselves: columns of ``replay.known`` from ``bundle`` on."""
    with (run.file.parent / name).open("rb") as file:
        for place, line in _numbered(run, file, run.beside(name)):
            try:
                document = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise SourceError(f"{place}: not JSON: {error.msg}: the file is damaged") from error
            if not schemas.is_valid("document", document) or (document["legacy"]["page_id"] or 0) > _LARGEST_NUMBER:
                raise SourceError(f"{place}: not a document: the file is damaged")
            source, legacy = document["source"], document["legacy"]
            yield (
                *(source[key] for key in ("bundle", "member", "sha256")),
                document["kind"],
                source["member_id"],
                document["id"],
                legacy["page_id"],
                document["title"],
                legacy["page_name"],
                document["slug"],
                legacy["slug"],
                document["status"],
                max(filter(None, (document["created"], document["modified"])), default=None),
            )
