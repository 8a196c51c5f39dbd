"""Files of ours against their schemas, their manifest and each other.

Every line is checked by itself; what the questions about all of them need is kept in a database on disk.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson

from etl import schemas
from etl.addresses import KINDS, Address, as_path, lookups, objection
from etl.load.manifest import describe
from etl.long_lines import numbered
from etl.model import MANIFEST, Finding, finding_line
from etl.plain import cut
from etl.positions import position
from etl.settings import MEMBERS_IN_A_LINE, Settings
from etl.transform.document import digest

ALWAYS = schemas.LINES.keys() - {"changes.jsonl"}
"""Those that every generation has, whatever its manifest says."""


class At(NamedTuple):
    """A place in a file."""

    line: int | None = None
    column: int | None = None
    field: str | None = None


NOWHERE = At()

LONGEST_TEXT = 120
"""Characters of a value in a message."""


SCHEMA = """
CREATE TABLE document (id TEXT, slug TEXT, path TEXT, published INTEGER, file TEXT, line INTEGER);
CREATE TABLE alias (document TEXT, alias TEXT, file TEXT, line INTEGER);
CREATE TABLE link (target TEXT, document TEXT, file TEXT, line INTEGER);
CREATE TABLE redirect (kind TEXT, value TEXT, target TEXT, document TEXT, file TEXT, line INTEGER);
CREATE TABLE living (kind TEXT, value TEXT, path TEXT, PRIMARY KEY (kind, value)) WITHOUT ROWID;
CREATE TABLE fault (place INTEGER, line INTEGER, col INTEGER, code TEXT, fault BLOB);
"""

REPEATS = """
SELECT file, line, {owner}, {said}, first_file, first_line FROM (
    SELECT *, row_number() OVER same AS n,
           first_value(file) OVER same AS first_file, first_value(line) OVER same AS first_line
    FROM {table} WHERE {field} IS NOT NULL WINDOW same AS (PARTITION BY {key} ORDER BY rowid))
WHERE n > 1
"""

PATHS = """
SELECT target FROM redirect WHERE target IS NOT NULL
UNION SELECT path FROM document WHERE published AND path IS NOT NULL
"""

CHAINED = """
SELECT r.kind, r.value, r.document, r.file, r.line, l.path
FROM redirect r JOIN living l ON l.kind = r.kind AND l.value = r.value
"""

ASTRAY = """
SELECT kind, value, target, document, file, line FROM redirect r WHERE target IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM document d WHERE d.path = r.target AND d.published AND d.id = ifnull(r.document, d.id))
"""

BROKEN = """
SELECT target, document, file, line FROM link l
WHERE NOT EXISTS (SELECT 1 FROM document d WHERE d.id = l.target AND d.published)
"""

LEGACY_BASE = """
SELECT substr(a.alias, 1, length(a.alias) - length(r.value)) AS base FROM redirect r JOIN alias a USING (document)
WHERE r.kind <> 'path' AND substr(a.alias, -length(r.value) - 1) = '/' || r.value
GROUP BY base ORDER BY count(*) DESC, base LIMIT 1
"""

ENTRIES = """
CREATE TABLE entry AS SELECT document, as_alias(kind, value) AS alias, file, line
FROM redirect WHERE document IS NOT NULL
"""

NOT_IN = """
SELECT document, alias, file, line FROM {one} o
WHERE NOT EXISTS (SELECT 1 FROM {other} t WHERE t.document = o.document AND t.alias = o.alias)
"""


@dataclass(slots=True)
class Files:
    """Checks files of lines against their schemas and each other; keeps the faults in a database."""

    db: sqlite3.Connection
    settings: Settings
    totals: Counter[str] = field(default_factory=Counter)
    ledger: Counter[str] = field(default_factory=Counter)
    lines: dict[str, int] = field(default_factory=dict)
    """Lines of each file that was read, by its path as shown."""
    codes: Counter[str] = field(default_factory=Counter)
    """Findings of findings.jsonl, by code."""
    rules: Counter[str] = field(default_factory=Counter)
    """Edits of changes.jsonl, by rule."""
    before: tuple[str, str] | None = None
    """The last entry of the redirect map, for its order."""

    def __post_init__(self) -> None:
        # The file is scratch: it need not survive a crash.
        self.db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000;")
        self.db.executescript(f"BEGIN; {SCHEMA}")

    def seen(self) -> str:
        """What was read, as a phrase."""
        counts = [f"{count:,} lines of {Path(shown).name}" for shown, count in self.lines.items() if count]
        return ", ".join(counts) or "no line"

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Rows, streamed."""
        return iter(self.db.execute(query))

    def faults(self) -> Iterator[bytes]:
        """All faults as lines, by file, line, column and code."""
        query = "SELECT fault FROM fault ORDER BY place, ifnull(line, 0), ifnull(col, 0), code, rowid"
        return (row[0] for row in self.rows(query))

    def fault(self, shown: str, code: str, message: str, at: At = NOWHERE, document: str | None = None) -> None:
        """Note a fault of a file; nothing is ever done about one."""
        self.totals[code] += 1
        place = list(self.lines).index(shown) + 1 if shown in self.lines else 0
        finding = Finding(code, message, line=at.line, column=at.column, field=at.field)
        columns = (place, at.line, at.column, code, fault_line(finding, member=shown, document=document))
        self.db.execute("INSERT INTO fault VALUES (?, ?, ?, ?, ?)", columns)

    # --- what is asked of one line ----------------------------------------------------------

    def check_file(self, path: Path, shown: str, name: str) -> None:
        """One file of lines by itself."""
        self.read(path, shown, name)
        if not self.lines[shown] and name == "document" and path.name != "withheld.jsonl":
            self.fault(shown, "bundle.empty", "the file holds no line")
        self.check_repeats()
        self.check_chains(self.settings.legacy_base)

    def read(self, path: Path, shown: str, name: str) -> None:
        """Check every line by itself, and keep what the questions about all of them need."""
        self.lines[shown] = 0
        keepers = {
            "document": self._keep_document,
            "redirect": self._keep_redirect,
            "finding": self._keep_finding,
            "change": self._keep_change,
        }
        keep = keepers.get(name)
        with path.open("rb") as file:
            for number, raw in numbered(file.readline, MEMBERS_IN_A_LINE * self.settings.max_member_bytes):
                self.lines[shown] = number
                record = self._record(raw, shown, number)
                if record is None:
                    continue
                self._check_schema(record, shown, name, number)
                if keep is not None:
                    keep(record, shown, number)

    def _record(self, raw: bytes | None, shown: str, number: int) -> dict[str, Any] | None:
        """The object of a line; None after a fault that leaves none."""
        if raw is None:
            self.fault(shown, "line.invalid", "the line is too long to be read", At(number))
            return None
        if not raw.endswith(b"\n"):
            self.fault(shown, "line.invalid", "the last line has no line end: the file may be cut off", At(number))
        try:
            record = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            message, _, column = _not_json(raw, error)
            self.fault(shown, "line.invalid", message, At(number, column))
            return None
        if not isinstance(record, dict):
            self.fault(shown, "line.invalid", f"not an object: {_short(record)}", At(number, 1))
            return None
        if (key := _repeated_key(raw, record)) is not None:
            self.fault(shown, "line.invalid", f"key {_short(key)} is there twice", At(number))
        return record

    def _check_schema(self, record: dict[str, Any], shown: str, name: str, number: int) -> None:
        document = _text(record, "id" if name == "document" else "document")
        for where, message in _schema_faults(name, record):
            self.fault(shown, "schema.mismatch", message, At(number, field=where), document)

    def _keep_document(self, record: dict[str, Any], shown: str, number: int) -> None:
        id_, published = _text(record, "id"), Path(shown).name != "withheld.jsonl"
        columns = (id_, _text(record, "slug"), _text(record, "path"), published, shown, number)
        self.db.execute("INSERT INTO document VALUES (?, ?, ?, ?, ?, ?)", columns)
        aliases = {alias for alias in _items(record, "aliases") if isinstance(alias, str)}
        targets = {_text(link, "target") for link in _items(record, "links") if isinstance(link, dict)} - {None}
        self.db.executemany("INSERT INTO alias VALUES (?, ?, ?, ?)", ((id_, alias, shown, number) for alias in aliases))
        self.db.executemany(
            "INSERT INTO link VALUES (?, ?, ?, ?)", ((target, id_, shown, number) for target in targets)
        )
        said = _text(record, "digest")
        if said is not None and said != (true := _digest(record)):
            message = f"the digest of the content is {true}, not {_short(said)}"
            self.fault(shown, "digest.mismatch", message, At(number, field="digest"), id_)

    def _keep_redirect(self, record: dict[str, Any], shown: str, number: int) -> None:
        kind, value, target, document = (_text(record, key) for key in ("kind", "value", "target", "document"))
        if kind not in KINDS or value is None:
            return
        said, at = f"{kind} {_short(value)}", At(number, field="value")
        why = objection(Address(kind, value))
        if why is not None:
            self.fault(shown, "address.refused", f"{said}: {why}", at, document)
        if record.get("status") != (410 if target is None else 301):
            message = f"{said}: status {_short(record.get('status'))} does not go with target {_short(target)}"
            self.fault(shown, "target.missing", message, At(number, field="target"), document)
        if self.before is not None and (kind, value) < self.before:
            message = f"{said} comes after {self.before[0]} {_short(self.before[1])}"
            self.fault(shown, "map.unsorted", message, at, document)
        self.before = (kind, value)
        columns = (kind, value, target, document, shown, number)
        self.db.execute("INSERT INTO redirect VALUES (?, ?, ?, ?, ?, ?)", columns)

    def _keep_finding(self, record: dict[str, Any], _shown: str, _number: int) -> None:
        self.codes[str(record.get("code"))] += 1

    def _keep_change(self, record: dict[str, Any], _shown: str, _number: int) -> None:
        self.rules[str(record.get("rule"))] += 1

    # --- what is asked of all lines ---------------------------------------------------------

    def check_repeats(self) -> None:
        """Ids, slugs, paths and addresses are there once."""
        for key in ("id", "slug", "path"):
            self._check_repeats("document", key, key, f"'{key} ' || quote({key})", "id")
        self._check_repeats("redirect", "kind, value", "value", "kind || ' ' || quote(value)", "document")

    def _check_repeats(self, table: str, key: str, name: str, said: str, owner: str) -> None:
        query = REPEATS.format(table=table, key=key, field=name, said=said, owner=owner)
        for file, line, document, value, first_file, first_line in self.rows(query):
            message = f"{cut(value, LONGEST_TEXT)} is there before, in line {first_line} of {Path(first_file).name}"
            self.fault(file, "value.repeated", message, At(line, field=name), document)

    def check_chains(self, legacy_base: str) -> None:
        """No address of the map is a target, a document's path or a reserved path: the new site answers those."""
        paths = chain(((path,) for path in self.settings.reserved), self.rows(PATHS))
        living = ((kind, value, path) for (path,) in paths for kind, value in lookups(path, legacy_base))
        self.db.executemany("INSERT OR IGNORE INTO living VALUES (?, ?, ?)", living)
        for kind, value, document, file, line, path in self.rows(CHAINED):
            message = f"{kind} {_short(value)} is {_short(path)} of the new site, which answers itself"
            self.fault(file, "target.chained", message, At(line, field="value"), document)

    # --- generations ------------------------------------------------------------------------

    def check_generation(self, folder: Path, shown: str) -> None:
        """Files against schemas and manifest, and against each other (contract, section 4)."""
        for name, schema in schemas.LINES.items():
            if (folder / name).is_file():
                self.read(folder / name, f"{shown}/{name}", schema)
            elif name in ALWAYS:
                self.fault(f"{shown}/{name}", "file.missing", "the file is not there")
        if self.lines.get(f"{shown}/documents.jsonl") == 0:
            self.fault(f"{shown}/documents.jsonl", "bundle.empty", "there is no document")
        manifest = self._manifest(folder / MANIFEST, f"{shown}/{MANIFEST}")
        if manifest is not None:
            self._check_files(manifest, folder, shown)
            self._check_ledger(manifest, shown)
        self.check_repeats()
        self._check_targets()
        legacy_base = self._legacy_base()
        self.check_chains(legacy_base)
        self._check_aliases(legacy_base)

    def _manifest(self, path: Path, shown: str) -> dict[str, Any] | None:
        """The manifest; None after a fault that leaves nothing to compare with."""
        if not path.is_file():
            self.fault(shown, "file.missing", "the file is not there")
            return None
        data = path.read_bytes()
        try:
            manifest = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            message, line, column = _not_json(data, error)
            self.fault(shown, "schema.mismatch", message, At(line, column))
            return None
        faults = list(_schema_faults("manifest", manifest))
        for where, message in faults:
            self.fault(shown, "schema.mismatch", message, At(field=where))
        return None if faults else cast("dict[str, Any]", manifest)

    def check_manifest(self, path: Path, shown: str) -> None:
        """A manifest by itself: its schema, its sums, and the order of its files."""
        manifest = self._manifest(path, shown)
        if manifest is not None:
            self.lines[shown] = len(path.read_bytes().splitlines())
            self._check_order(manifest, shown)
            self._check_counts(_sums(manifest), shown)
            self.ledger.update(manifest["ledger"])

    def _check_files(self, manifest: dict[str, Any], folder: Path, shown: str) -> None:
        """Every file is as the manifest says, none is missing, none is too many."""
        listed = {entry["name"]: entry for entry in manifest["files"]}
        there = {file.name: file.model_dump() for file in describe(folder) if file.name != MANIFEST}
        for name in sorted(listed.keys() - there.keys() - ALWAYS):
            self.fault(f"{shown}/{name}", "file.missing", "the file is not there")
        for name in sorted(there.keys() - listed.keys()):
            self.fault(f"{shown}/{name}", "file.unlisted", "the manifest does not name this file")
        for name in sorted(there.keys() & listed.keys()):
            other = [key for key, value in there[name].items() if listed[name][key] != value]
            if other:
                said = ", ".join(f"{key} {there[name][key]}, not {listed[name][key]}" for key in other)
                self.fault(f"{shown}/{name}", "file.mismatch", f"the file has {said}")
        self._check_order(manifest, f"{shown}/{MANIFEST}")

    def _check_order(self, manifest: dict[str, Any], shown: str) -> None:
        """Every file is named once, in order."""
        names = [entry["name"] for entry in manifest["files"]]
        if names != sorted(set(names), key=str.encode):
            self.fault(shown, "value.repeated", "a file is named twice, or out of order", At(field="files"))

    def _check_ledger(self, manifest: dict[str, Any], shown: str) -> None:
        """The counts of the manifest against the lines of the files."""
        ledger = manifest["ledger"]
        self.ledger.update(ledger)
        lines = {name: self.lines.get(f"{shown}/{name}.jsonl", 0) for name in ("documents", "withheld", "rejects")}
        counted = {"findings": self.codes}
        if f"{shown}/changes.jsonl" in self.lines:
            counted["changes"] = self.rules
        counts = [
            *_sums(manifest),
            *((f"ledger.{name}", ledger[name], count) for name, count in lines.items()),
            *(
                (f"{what}.{key}", manifest[what].get(key, 0), found[key])
                for what, found in counted.items()
                for key in sorted(manifest[what].keys() | found.keys())
            ),
        ]
        self._check_counts(counts, f"{shown}/{MANIFEST}")

    def _check_counts(self, counts: Sequence[tuple[str, int, int]], shown: str) -> None:
        """What a manifest says, and what is true."""
        for what, said, true in counts:
            if said != true:
                self.fault(shown, "ledger.mismatch", f"{what}: {said}, but there are {true}", At(field=what))

    def _check_targets(self) -> None:
        """Redirects go to the path of the document that they name, links to documents that are published."""
        self.db.execute("CREATE INDEX document_id ON document (id, published, path)")
        self.db.execute("CREATE INDEX document_path ON document (path, published, id)")
        for kind, value, target, document, file, line in self.rows(ASTRAY):
            message = f"{kind} {_short(value)} goes to {_short(target)}, which is no path of {document or 'a document'}"
            self.fault(file, "target.missing", message, At(line, field="target"), document)
        for target, document, file, line in self.rows(BROKEN):
            message = f"a link goes to {_short(target)}, which is no document"
            self.fault(file, "target.missing", message, At(line, field="links"), document)

    def _legacy_base(self) -> str:
        """The folder of the old wiki: what stands before names and ids in most aliases, else the setting."""
        self.db.execute("CREATE INDEX alias_document ON alias (document, alias)")
        self.db.execute("CREATE INDEX redirect_document ON redirect (document, kind, value)")
        return next((base for (base,) in self.rows(LEGACY_BASE)), self.settings.legacy_base)

    def _check_aliases(self, legacy_base: str) -> None:
        """The aliases of a document are the entries of the map that lead to it, no more and no less."""
        self.db.create_function("as_alias", 2, lambda kind, value: as_path(Address(kind, value), legacy_base))
        self.db.execute(ENTRIES)
        self.db.execute("CREATE INDEX entry_document ON entry (document, alias)")
        for document, alias, file, line in self.rows(NOT_IN.format(one="alias", other="entry")):
            message = f"alias {_short(alias)} of {document} is not in the map"
            self.fault(file, "aliases.mismatch", message, At(line, field="aliases"), document)
        for document, alias, file, line in self.rows(NOT_IN.format(one="entry", other="alias")):
            message = f"{_short(alias)} is not among the aliases of {document}"
            self.fault(file, "aliases.mismatch", message, At(line, field="value"), document)


def _sums(manifest: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Counts that a manifest says twice: where, what it says there, and what follows from the rest."""
    ledger = manifest["ledger"]
    return [
        ("ledger.members", ledger["members"], sum(ledger.values()) - ledger["members"]),
        ("inputs", sum(entry["members"] for entry in manifest["inputs"]), ledger["members"]),
    ]


def _not_json(data: bytes, error: orjson.JSONDecodeError) -> tuple[str, int, int]:
    """Why data is no JSON, with line and column: bytes that are no text come before all that JSON says.

    >>> _not_json(b'{"a": "\\xc3\\xa9\\xff"}', orjson.JSONDecodeError("", "", 0))
    ('not UTF-8: byte 0xFF', 1, 9)
    """
    try:
        data.decode()
    except UnicodeDecodeError as broken:
        before = data[: broken.start].decode()
        return f"not UTF-8: byte 0x{data[broken.start]:02X}", *position(before, len(before))
    return f"not JSON: {error.msg}", error.lineno, error.colno


def _repeated_key(raw: bytes, record: dict[str, Any]) -> str | None:
    """A key that an object of a line has twice: each reader would take another one of the two.

    >>> [_repeated_key(raw, {}) for raw in (b'{"a": [{"b": 1, "c": 2, "b": 3}]}', b'{"a": {"a": 1}}')]
    ['b', None]
    """
    with suppress(TypeError):  # nested deeper than orjson writes
        if orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) == raw:
            return None
    found: list[str] = []

    def notice(pairs: list[tuple[str, Any]]) -> None:
        found.extend(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)

    with suppress(RecursionError):
        json.loads(raw, object_pairs_hook=notice, parse_int=str, parse_float=str)
    return found[0] if found else None


def _schema_faults(name: str, record: object) -> Iterator[tuple[str | None, str]]:
    """Fields that break their schema, None for the whole record, and how; the order of keys, which no schema tells."""
    if not schemas.is_valid(name, record):
        yield from ((fault.where or None, str(fault)) for fault in schemas.explain(name, record))
        return
    keys = zip(cast("dict[str, Any]", record), schemas.MODELS[name].model_fields, strict=True)
    first = next((key for key, wanted in keys if key != wanted), None)
    if first is not None:
        yield first, f"{first}: the key is out of order"


def _text(record: dict[str, Any], key: str) -> str | None:
    value = record.get(key)
    return value if isinstance(value, str) else None


def _items(record: dict[str, Any], key: str) -> list[Any]:
    value = record.get(key)
    return value if isinstance(value, list) else []


def _digest(record: dict[str, Any]) -> str:
    """The digest that a document should have; nothing that ours could be for what cannot be written."""
    try:
        return digest(record)
    except TypeError:  # nested deeper than orjson writes
        return "of no document"


def _short(value: object) -> str:
    return cut(repr(value), LONGEST_TEXT)


def fault_line(finding: Finding, *, member: str, document: str | None) -> bytes:
    """A fault of a file of ours, as a line of findings; ``member`` is its path as shown."""
    shown = os.fsencode(member).decode("utf-8", "replace")
    line = finding_line(finding, bundle=None, member=shown, document=document, key=document or Path(shown).name)
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
