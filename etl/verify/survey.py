"""What has to be known of a whole map before its first entry is asked for.

The map is read twice and never held: to count it and draw the sample, and to find the addresses that share a spelling
(a name that is also an id).
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.addresses import KINDS, Address, as_path, caseless
from etl.hashes import Crowd
from etl.load.redirects.neutral import Entry, entries
from etl.routes import Route, matching
from etl.settings import SettingsError
from etl.verify.plan import Plan, Question
from etl.verify.spellings import Spelling, of_home, of_route, unknown

PICKED = 12
"""Addresses of the map that the unknown ones are made from."""


@dataclass(frozen=True)
class Survey:
    """What there is to ask about a map; its entries are read again each time."""

    map_file: Path
    entries: int
    chosen: int
    """Entries in the sample."""
    highest: int
    """The largest `_mark` of an entry in the sample."""
    digest: str
    """Of all entries: whether it is the same map."""
    shared: dict[Address, Entry]
    """The entries whose spellings may mean another entry as well."""
    unknown: list[Spelling]
    """Addresses that nobody had."""
    settings: list[Question]
    """What the settings ``home`` and ``routes`` answer, and no entry does."""
    picked: list[Address]
    """A few addresses of the map, of each kind."""

    def sample(self) -> Iterator[Entry]:
        """The entries to ask for, in the order of the map."""
        again = entries(self.map_file, again=True)
        if self.chosen == self.entries:
            return again
        return (entry for entry in again if _mark(entry.address) <= self.highest)

    def owner(self, entry: Entry, meanings: Sequence[Address]) -> Entry:
        """The entry that answers a spelling of an entry: the first of its meanings that the map has."""
        for address in meanings:
            if address == entry.address:
                return entry
            if address in self.shared:
                return self.shared[address]
        raise AssertionError("a spelling means its own address")


def survey(plan: Plan) -> Survey:
    """Reads the map of a plan. Raises MapError, and SettingsError for a sample that is none."""
    size, share = _sample(plan.sample)
    crowd = Crowd(plan.map_file.stat().st_size if plan.map_file.is_file() else 0)
    digest, marks, count, within = hashlib.sha256(), _Smallest(size or 0), 0, 0
    picked = {kind: _Smallest(PICKED) for kind in KINDS}
    home: Entry | None = None
    for entry in entries(plan.map_file):
        mark, key = _mark(entry.address), as_path(entry.address, plan.legacy_base)
        count += 1
        digest.update(f"{mark:x} {entry.target}\n".encode())
        marks.add(mark, None)
        within += mark <= share
        picked[entry.address.kind].add(mark, entry.address)
        crowd.add(key.encode())
        if entry.address == ("name", plan.home):
            home = entry
    highest = share if size is None else marks.highest
    chosen = within if size is None else min(size, count)
    known = [address for smallest in picked.values() for address in smallest.values()]
    candidates = list(unknown(known, plan.path_prefixes, plan.legacy_base))
    questions = list(_of_settings(plan, home))
    shared, answered = _shared(plan, crowd, [*candidates, *(spelling for spelling, _ in questions)])
    nobodys = [
        spelling for spelling in candidates if spelling.target not in answered and not _is_route(spelling, plan.routes)
    ]
    settings = [question for _, question in questions if question.target not in answered]
    return Survey(plan.map_file, count, chosen, highest, digest.hexdigest(), shared, nobodys, settings, known)


def _of_settings(plan: Plan, home: Entry | None) -> Iterator[tuple[Spelling, Question]]:
    """What the settings say of addresses that are no pages."""
    if home is not None:
        for spelling in of_home(plan.legacy_base):
            yield spelling, Question("home", spelling.form, spelling.target, home.target)
    for route in plan.routes:
        for spelling in of_route(route, plan.legacy_base):
            yield spelling, Question("route", spelling.form, spelling.target, route.target)


def _is_route(spelling: Spelling, routes: tuple[Route, ...]) -> bool:
    """Whether the setting answers what was to be unknown: a page "cat5", and behind it the category "cat5-…"."""
    return any(kind == "path" and matching(routes, value) is not None for kind, value in spelling.meanings)


def _shared(plan: Plan, crowd: Crowd, candidates: list[Spelling]) -> tuple[dict[Address, Entry], set[str]]:
    """Second pass: the entries that may share a spelling; and the targets of those candidates that are known."""
    asked: dict[tuple[str, str], list[Spelling]] = {}
    for spelling in candidates:
        for address in spelling.meanings:
            asked.setdefault(_folded(address), []).append(spelling)
    shared: dict[Address, Entry] = {}
    known: set[str] = set()
    for entry in entries(plan.map_file, again=True):
        if crowd.suspects(as_path(entry.address, plan.legacy_base).encode()):
            shared[entry.address] = entry
        known.update(spelling.target for spelling in asked.pop(_folded(entry.address), ()))
    return shared, known


def _folded(address: Address) -> tuple[str, str]:
    """Servers may find a name in another case (contract, 7)."""
    return address.kind, caseless(address.value)


def _mark(address: Address) -> int:
    """A number that is always the same for an address, and as good as random: what samples are drawn by."""
    return int.from_bytes(hashlib.blake2b(f"{address.kind}\0{address.value}".encode(), digest_size=8).digest())


_ALL = (1 << 64) - 1


def _sample(text: str | None) -> tuple[int | None, int]:
    """How many entries, or None and the largest mark of a share. Raises SettingsError.

    >>> _sample("20"), _sample("50%") == (None, 1 << 63), _sample(None) == (None, _ALL)
    ((20, 18446744073709551615), True, True)
    """
    if text is None:
        return None, _ALL
    try:
        number = float(text.removesuffix("%")) if text.endswith("%") else int(text)
    except ValueError:
        number = 0
    if not number > 0 or (text.endswith("%") and number > 100):
        raise SettingsError(f"--sample: {text!r} is neither a number from 1 nor a share such as 5%")
    return (None, min(_ALL, int(number / 100 * (1 << 64)))) if text.endswith("%") else (int(number), _ALL)


class _Smallest:
    """The few values with the smallest marks."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, Any]] = []

    def add(self, mark: int, value: Any) -> None:
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, (-mark, value))
        elif self._heap and mark < -self._heap[0][0]:
            heapq.heapreplace(self._heap, (-mark, value))

    @property
    def highest(self) -> int:
        return -self._heap[0][0] if self._heap else -1

    def values(self) -> list[Any]:
        return [value for _, value in sorted(self._heap, key=lambda pair: -pair[0])]
