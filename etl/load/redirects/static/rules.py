"""The redirect map as rules for hosts that know nothing but literal paths: one rule for each usual spelling.

A host that does not decode what it compares needs a rule for every spelling of an address. Of those that there are
(addresses.lookups) two are usual in a path: a blank is ``+``, as the old platform wrote it, or ``%20``, as
browsers do; everything else is encoded with capital letters. What a host has room for goes to the address itself
first, then to its other spelling, last to the parameters of the page script.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple
from urllib.parse import quote

from etl.addresses import as_path
from etl.hashes import Crowd, digests
from etl.load.redirects.exact import Group, groups
from etl.load.redirects.neutral import Entry
from etl.load.redirects.options import CompileOptions
from etl.load.redirects.survey import Survey
from etl.model import Finding

SERVER = "static hosts"
_ORDER = ("path", "name", "id")  # in which a path is looked up


class Form(IntEnum):
    """How a rule spells an address; in the order in which hosts with little room take them."""

    ADDRESS = 0
    """A path, with ``+`` for a blank."""
    ID = 1
    ROUTE = 2
    """The script of a feature, or the folder that was the home page: no page."""
    BLANK = 3
    """A path, with ``%20`` for a blank."""
    QUERY = 4
    """The page script with ``page`` or ``page_id``."""


class Rule(NamedTuple):
    """One address in one spelling, and where it goes."""

    form: Form
    source: str
    """Path as a request has it, ASCII; for a query ``<script>?<parameter>=<value>``."""
    answer: str
    """Where to go, or ``410``."""
    folds: bool = False
    """A name that has the same answer in any case of ASCII letters."""
    alone: bool = True
    """Whether no other address, of the new site either, differs from it by case alone."""


def rules(survey: Survey, options: CompileOptions, findings: list[Finding]) -> Iterator[Rule]:
    """Every rule for a map; no source twice. What no host can have is added to ``findings``.

    Goes over the map twice. Entries whose paths may be one, or one without case, wait for the end.
    """
    crowd = _crowd(survey, options)
    waiting: dict[bytes, list[tuple[Entry, Group]]] = {}
    for group in groups(survey, SERVER, findings):
        for entry in group.entries:
            key = _caseless(_path(entry, options))
            if crowd.suspects(key):
                waiting.setdefault(key, []).append((entry, group))
            else:
                for rule in (*_queries(entry, options), *_paths(entry, options)):
                    yield rule._replace(folds=group.folds, alone=not group.cased)
    for candidates in waiting.values():
        yield from _of_candidates(candidates, options)
    yield from _of_settings(options, waiting)


def _of_candidates(candidates: list[tuple[Entry, Group]], options: CompileOptions) -> Iterator[Rule]:
    """The rules of entries whose paths are one without case; of those that are one the first in look-up has it."""
    by_path: dict[str, list[tuple[Entry, Group]]] = {}
    for entry, group in candidates:
        by_path.setdefault(_path(entry, options), []).append((entry, group))
    alone = len(by_path) == 1 and not any(group.cased for _, group in candidates)
    for same in by_path.values():
        first = min((entry for entry, _ in same), key=lambda entry: _ORDER.index(entry.address.kind))
        for entry, group in same:
            paths = _paths(entry, options) if entry is first else ()
            for rule in (*_queries(entry, options), *paths):
                yield rule._replace(folds=group.folds and alone, alone=alone)


def _of_settings(options: CompileOptions, waiting: dict[bytes, list[tuple[Entry, Group]]]) -> Iterator[Rule]:
    """The rules that come from no entry, where no entry has their path."""
    for path, answer in _of_no_entry(options).items():
        others = [_path(entry, options) for entry, _ in waiting.get(_caseless(path), ())]
        if path not in others:
            yield Rule(Form.ROUTE, _encoded(path), answer, alone=not others)


def _of_no_entry(options: CompileOptions) -> dict[str, str]:
    """What the settings say of decoded paths: exact routes, and the folder that was the home page."""
    rows = {route.path: options.answer(route) for route in options.routes if route.kind == "exact"}
    return rows | {path: to for path, to in options.home_answers.items() if path not in {options.script, "/"}}


def unsaid(options: CompileOptions) -> Iterator[Rule]:
    """What of the settings no list of paths can say: numbered addresses, the script without parameters, and ``/``."""
    for route in options.routes:
        if route.kind == "numbered":
            yield Rule(Form.ROUTE, f"{_encoded(route.path)}<number>", options.answer(route))
    for path, answer in options.home_answers.items():
        if path in {options.script, "/"}:
            yield Rule(Form.ROUTE, path, answer)


def _crowd(survey: Survey, options: CompileOptions) -> Crowd:
    """Which paths may be those of several entries, or of the settings too, without case."""
    crowd = Crowd(survey.file.stat().st_size)
    for batch in survey.batches():
        crowd.add_all(digests(_caseless(_path(entry, options)) for entry in batch.entries()))
    for path in _of_no_entry(options):
        crowd.add(_caseless(path))
    return crowd


def _caseless(path: str) -> bytes:
    """A path as it is compared without the case of ASCII letters."""
    return path.encode().lower()


def _path(entry: Entry, options: CompileOptions) -> str:
    """The canonical path of an address, decoded."""
    return as_path(entry.address, options.legacy_base)


def _paths(entry: Entry, options: CompileOptions) -> Iterator[Rule]:
    kind, value = entry.address
    answer = options.answer(entry)
    if kind == "id":
        yield Rule(Form.ID, options.base + value, answer)
        return
    blank = quote(value, safe="/") if kind == "path" else options.base + quote(value, safe="")
    yield Rule(Form.ADDRESS, blank.replace("%20", "+"), answer)
    if "%20" in blank:
        yield Rule(Form.BLANK, blank, answer)


def _queries(entry: Entry, options: CompileOptions) -> Iterator[Rule]:
    kind, value = entry.address
    if kind == "path":
        return
    source = options.script + {"id": "?page_id=", "name": "?page="}[kind] + quote(value, safe="")
    yield Rule(Form.QUERY, source.replace("%20", "+"), options.answer(entry))


def _encoded(path: str) -> str:
    return quote(path, safe="/").replace("%20", "+")
