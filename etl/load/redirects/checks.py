"""The map as a whole, before anything is written from it: one answer for each address, and an end to each way.

What one line can tell is checked where lines are read (`survey.surveyed`). What needs all of them is asked of
SQLite in a temporary file, so memory does not grow. A map that fails here is wrong for every server; what only one
server confuses is its compiler's concern.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, NamedTuple

from etl.addresses import Address, as_path, canonical_name, caseless
from etl.load.redirects.living import documents_beside, living, paths_in, requests
from etl.load.redirects.neutral import Entry, MapError, short
from etl.load.redirects.options import CompileOptions
from etl.load.redirects.survey import Batch, Survey
from etl.model import Finding
from etl.room import temporary_folder

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16000;
CREATE TABLE entry (line INTEGER PRIMARY KEY, kind TEXT, value TEXT, request TEXT, target TEXT);
CREATE TABLE document (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE living (request TEXT PRIMARY KEY, path TEXT, what TEXT) WITHOUT ROWID;
BEGIN;
"""

_REPEATED = """
SELECT line, kind, value, first FROM (
    SELECT line, kind, value, min(line) OVER (PARTITION BY kind, value) AS first FROM entry)
WHERE line > first ORDER BY line
"""

_CHAINED = """
SELECT e.line, e.kind, e.value, e.target, l.path, l.what FROM entry e JOIN living l USING (request) ORDER BY e.line
"""

_MISSING = """
SELECT line, kind, value, target FROM entry
WHERE target IS NOT NULL AND target NOT IN (SELECT path FROM document) ORDER BY line
"""

_CLASHING = """
SELECT e.kind, e.value, e.target, o.kind, o.target FROM entry e JOIN entry o USING (request)
WHERE o.target IS NOT e.target AND (e.kind, o.kind) IN (VALUES ('id', 'name'), ('id', 'path'), ('name', 'path'))
ORDER BY e.line, o.line
"""


class Checked(NamedTuple):
    """What is known of a map that may be compiled."""

    home_to: str | None
    """What the old home page answers, as `CompileOptions.answer` gives it."""
    findings: list[Finding]


def check(survey: Survey, options: CompileOptions, *, trusted: bool = False) -> Checked:
    """Goes over a map and says what a person should know of it.

    The documents are those of the ``documents.jsonl`` beside the map, where there is one. ``trusted``: the map was
    made by `resolve` a moment ago, which guarantees the same of its tables; then only the settings, and names in
    another case, are held against it.

    Raises MapError, with file and line, for an address that is there twice, that the new site or another entry's
    target answers (a chain, a loop), or that goes to no document.
    """
    if trusted:
        # `resolve` has said already whether the name of home is unknown.
        asked = options.home is not None or options.routes
        checked = _settings(survey.batches() if asked else (), options, report_home=False)
        return Checked(checked.home_to, [*checked.findings, *_cased(survey, options)])
    with (
        temporary_folder() as folder,
        closing(sqlite3.connect(folder / "map", isolation_level=None)) as db,
    ):
        db.executescript(_SCHEMA)
        return _Whole(survey, options, db, documents_beside(survey.file)).check()


# --- the map and the settings --------------------------------------------------------------


def _settings(read: Iterable[Batch], options: CompileOptions, *, report_home: bool = True) -> Checked:
    """What the settings ``home`` and ``routes`` mean for a map: where home is, and routes that end in another entry."""
    home, home_to, findings = canonical_name(options.home or ""), None, []
    goals = {
        request: route.target
        for route in options.routes
        if route.target is not None
        for request in requests(route.target, options)
    }
    for batch in read:
        if batch.kind == "name" and home in batch.values:
            home_to = options.answer(batch.entry(batch.values.index(home)))
        for address, _ in batch.entries() if goals else ():
            if (target := goals.get(as_path(address, options.legacy_base))) is not None:
                findings.append(_detour(target, address))
    if options.home is not None and home_to is None and report_home:
        message = f"setting 'home': {short(options.home)} is no name of the map"
        findings.append(Finding("redirect.unresolved", message, "the old home page is not answered", cause="home"))
    return Checked(home_to, findings)


def _detour(target: str, address: Address) -> Finding:
    message = f"setting 'routes' sends to {short(target)}: {address.kind} {short(address.value)} of the map answers it"
    action = "it was written as it is; the new site has to answer that path itself"
    return Finding("redirect.unresolved", message, action)


def _cased(survey: Survey, options: CompileOptions) -> Iterator[Finding]:
    """Names that are, in another case, a path of the new site; not those that lead to that very path."""
    names: dict[str, list[Entry]] = {}
    for batch in survey.batches(only_cased=True):
        for entry in map(batch.entry, batch.cased if batch.kind == "name" else ()):
            request = caseless(as_path(entry.address, options.legacy_base))
            if request not in map(caseless, requests(entry.target or "", options)):
                names.setdefault(request, []).append(entry)
    found = {
        (entry.address.value, path): what
        for path, what in (living(survey.file, options.reserved) if names else ())
        for request in requests(path, options)
        for entry in names.get(caseless(request), ())
    }
    for (value, path), what in sorted(found.items()):
        message = f"name {short(value)} is {short(path)} in another case, {what}"
        yield Finding("address.conflict", message, "it is found in its own case alone", cause=f"name\0{value}\0{path}")


# --- the whole map -------------------------------------------------------------------------


@dataclass
class _Whole:
    """A map in a database, while it is checked."""

    survey: Survey
    options: CompileOptions
    db: sqlite3.Connection
    documents: Path | None
    ordered: bool = True
    """Whether each entry came after the one before: then none is there twice."""

    def check(self) -> Checked:
        checked = _settings(self._load(), self.options)
        self._check_repeats()
        self._load_living()
        self._check_chains()
        self._check_targets()
        return Checked(checked.home_to, [*checked.findings, *_cased(self.survey, self.options), *self._clashes()])

    def _load(self) -> Iterator[Batch]:
        """Every batch, on its way into the database."""
        before, numbers = ("", ""), count(1)
        for batch in self.survey.batches():
            rows: list[tuple[Any, ...]] = []
            for address, target in batch.entries():
                self.ordered = self.ordered and before < address
                before = address
                rows.append((next(numbers), *address, as_path(address, self.options.legacy_base), target))
            self.db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", rows)
            yield batch

    def _load_living(self) -> None:
        """What the new site answers: reserved paths, documents, and every target."""
        if self.documents is not None:
            self.db.executemany("INSERT OR IGNORE INTO document VALUES (?)", zip(paths_in(self.documents)))
        known = chain(
            ((path, "a reserved path") for path in self.options.reserved),
            ((path, "the path of a document") for (path,) in self.db.execute("SELECT path FROM document")),
            ((path, "a target of the map") for (path,) in self.db.execute("SELECT DISTINCT target FROM entry")),
        )
        rows = ((request, path, what) for path, what in known if path for request in requests(path, self.options))
        self.db.executemany("INSERT OR IGNORE INTO living VALUES (?, ?, ?)", rows)

    def _check_repeats(self) -> None:
        if not self.ordered:
            for line, kind, value, first in self.db.execute(_REPEATED):
                self._refuse(line, f"{kind} {short(value)} is there before, in line {first}; keep one of them")

    def _check_chains(self) -> None:
        for line, kind, value, target, path, what in self.db.execute(_CHAINED):
            said = "goes to itself" if target == path else f"is {short(path)}, {what}"
            self._refuse(line, f"{kind} {short(value)} {said}: nobody would see what is there; remove the line")

    def _check_targets(self) -> None:
        if self.documents is not None:
            for line, kind, value, target in self.db.execute(_MISSING):
                said = f"{kind} {short(value)} goes to {short(target)}, which is no path of a document"
                self._refuse(
                    line, f"{said} in {self.documents}; correct the target, or take the map of these documents"
                )

    def _refuse(self, line: int, why: str) -> None:
        raise MapError(f"{self.survey.file}:{line}: {why}")

    def _clashes(self) -> Iterator[Finding]:
        """One request with two answers, of two kinds of address."""
        self.db.execute("CREATE INDEX entry_request ON entry (request)")
        for kind, value, target, winner, to in self.db.execute(_CLASHING):
            message = f"{kind} {short(value)} goes to {short(target)}, the {winner} of the same spelling to {short(to)}"
            action = f"as a path it answers the {winner}; the page script finds the {kind} by its parameter"
            yield Finding("address.conflict", message, action, cause=f"{kind}\0{value}\0{winner}")
