"""Reviewed decisions: what people say about single legacy addresses (the setting ``redirects``).

A file beside the settings, TOML or CSV, is merged into the redirect map with priority over all claims of
pages (contract, section 7). An entry has

* ``value``: the legacy address, already decoded, as in ``gone``: digits are an id, a leading ``/`` makes a
  path, all else is the name of a page;
* ``target``: where it goes, in one hop, to a document of the generation that is being made: its id
  (``tiki-10983``) or page id (``10983``), its path (``/pages/wells/``), its page name or its slug; of a redirect
  page, the document that it goes to. The word ``gone``, or ``gone = true`` instead of a target: status 410;
* ``reason``: for the next reader; optional.

::

    [[redirects]]
    value = "Old wells"
    target = "Clear water"
    reason = "merged in 2019"

In CSV the first line names the columns: ``value,target,reason``, in any order, ``gone`` instead of a target.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from etl.addresses import Address, named_address
from etl.routes import GONE
from etl.settings import MIB, Settings, SettingsError, toml
from etl.trouble import why

KEYS = ("value", "target", "gone", "reason")
MOST_BYTES = 256 * MIB

_TABLE = re.compile(r"\s*\[\[\s*redirects\s*\]\]")
_ELSEWHERE = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//|mailto:", re.IGNORECASE)
_YES, _NO = frozenset({"true", "yes", "1"}), frozenset({"", "false", "no", "0"})


class Entry(NamedTuple):
    """One decision."""

    place: str
    """``redirects.toml:12``: what messages about it begin with."""
    address: Address
    target: str | None
    """As it was written; None: gone."""


class Reviewed(NamedTuple):
    """All decisions of a file, in its order."""

    entries: tuple[Entry, ...] = ()
    sha256: str | None = None
    """Of the file; None without one."""


def read_reviewed(settings: Settings) -> Reviewed:
    """The decisions of the file that the settings name; none without one.

    Raises SettingsError (status 2) with file and line for whatever can be told without the documents: a file that
    cannot be read, an unknown key, no value or target, a value that is no address, an address that is decided
    twice, a target on another host.
    """
    if settings.redirects is None:
        return Reviewed()
    path = Path(settings.redirects)
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise SettingsError(f"setting 'redirects': {path.name!r} is neither a .toml nor a .csv file")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = why(error) if isinstance(error, OSError) else f"not UTF-8 ({error})"
        raise SettingsError(f"setting 'redirects': {path.name}: cannot be read: {reason}") from error
    if len(data) > MOST_BYTES:
        raise SettingsError(f"setting 'redirects': {path.name}: more than {MOST_BYTES} bytes")
    return Reviewed(tuple(_entries(path.name, read(path.name, text), settings.hosts)), hashlib.sha256(data).hexdigest())


def settings_digest(settings: Settings, reviewed: Reviewed) -> str:
    """As `Settings.digest`; of a file of decisions its content counts, not where it lies."""
    return settings.model_copy(update={"redirects": reviewed.sha256}).digest()


def _entries(name: str, records: Iterator[tuple[str, Mapping[str, Any]]], hosts: Sequence[str]) -> Iterator[Entry]:
    seen: dict[Address, str] = {}
    for place, record in records:
        try:
            entry = Entry(place, _address(record, hosts), _target(record))
        except ValueError as error:
            raise SettingsError(f"{place}: {error}") from error
        before = seen.setdefault(entry.address, place)
        if before is not place:
            said = f"{entry.address.kind} {entry.address.value!r} is decided before"
            raise SettingsError(f"{place}: {said}, in {before.removeprefix(name + ':')}; keep one of the two")
        yield entry


def _address(record: Mapping[str, Any], hosts: Sequence[str]) -> Address:
    value = _unquoted(record.get("value"))
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"value {value!r}: an id, a /path or a page name belongs there")
    return named_address(value, hosts)


def _target(record: Mapping[str, Any]) -> str | None:
    target, gone = _unquoted(record.get("target")), _flag(record.get("gone"))
    if target is not None and not isinstance(target, str):
        raise ValueError(f"target {target!r} is no text")
    target = (target or "").strip(" ")
    if gone and target not in ("", GONE):
        raise ValueError(f"target {target!r} and gone: one of the two")
    if gone or target == GONE:
        return None
    if not target:
        raise ValueError(f"no target; write the page that it goes to, or {GONE!r}")
    if _ELSEWHERE.match(target):
        raise ValueError(f"target {target!r} is not on the new site; only documents of this export can be targets")
    return target


def _unquoted(value: object) -> object:
    """A page id needs no quotes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _flag(value: object) -> bool:
    text = str(value or "").strip().lower()
    if text not in _YES | _NO:
        raise ValueError(f"gone {value!r} is neither true nor false")
    return text in _YES


def _known(place: str, keys: Iterator[str]) -> None:
    for key in keys:
        if key not in KEYS:
            raise SettingsError(f"{place}: unknown key {key!r}; one of {', '.join(KEYS)}")


# --- the two grammars ----------------------------------------------------------------------


def _toml(name: str, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        data = toml(text)
    except ValueError as error:
        raise SettingsError(f"{name}: not TOML: {error}") from error
    tables = data.pop("redirects", [])
    if data or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"{name}: it holds something else than tables [[redirects]] of value, target and reason")
    heads = [number for number, line in enumerate(text.splitlines(), 1) if _TABLE.match(line)]
    for number, table in enumerate(tables):
        # Without a head for each table (an inline list, a head inside a text) the number of the entry has to do.
        place = f"{name}:{heads[number]}" if len(heads) == len(tables) else f"{name}: entry {number + 1}"
        _known(place, iter(table))
        yield place, table


def _csv(name: str, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    line, columns = 1, list[str]()
    try:
        for row in rows:
            place, line = f"{name}:{line}", rows.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if not columns:
                columns = [cell.strip().lower() for cell in row]
                _known(place, iter(columns))
                if len(set(columns)) < len(columns):
                    raise SettingsError(f"{place}: a column is there twice: {', '.join(columns)}")
                continue
            if len(row) > len(columns):
                raise SettingsError(f"{place}: {len(row)} cells for {len(columns)} columns; a comma needs quotes")
            yield place, dict(zip(columns, row, strict=False))
    except csv.Error as error:
        raise SettingsError(f"{name}:{rows.line_num}: not CSV: {error}") from error


READERS: dict[str, Callable[[str, str], Iterator[tuple[str, Mapping[str, Any]]]]] = {".toml": _toml, ".csv": _csv}
