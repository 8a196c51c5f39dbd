"""What became of every address that one redirect map answers in another: addresses are for ever.

Both maps are sorted, so they are read side by side, once, and nothing of them is held but hashes of eight bytes for
each page and path of the new site. The pages of the old generation are addresses, too: where a path changed, the old
one has to lead on; that it does is no difference.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import orjson

from etl.hashes import Hashes
from etl.load.redirects.living import documents_beside
from etl.load.redirects.neutral import MapError, entries, map_at, short
from etl.plain import one_line

MOST_SHOWN = 10

LOST = {
    "document withdrawn": "the document that it led to is not in the new generation",
    "document withheld": "the document that it led to is a draft or a stub now",
    "address dropped": "its document is still there, but has this address no more",
    "page lost": "a page of the old generation that is neither there now nor redirected",
    "no longer gone": "it was answered 410, and is not known any more",
}
"""Causes why an address is not answered any more."""
CHANGED = {
    "gone": "it led to a page, and is answered 410 now",
    "restored": "it was answered 410, and leads to a page now",
    "path changed": "the same document, at another path",
    "owner changed": "it leads to another document",
    "target changed": "it leads to another path; the maps do not say whose",
}
"""Causes why the answer is another one."""
CAUSES = {**LOST, **CHANGED}


class Record(NamedTuple):
    """A line of a map, as far as it is compared, or a page (kind ``page``) that has its own path for a target."""

    kind: str
    value: str
    target: str | None
    document: str | None

    @property
    def path(self) -> str:
        """As a request for it is looked up: of a page its path decoded. No name or id is one: paths alone begin so."""
        return _asked(self.value) if self.kind == "page" else self.value

    @property
    def key(self) -> tuple[str, str]:
        """What a map is sorted by."""
        return self.kind, self.value


class Difference(NamedTuple):
    """An address that is not answered as before."""

    cause: str
    kind: str
    """``name``, ``id``, ``path``; ``page``: a page of the old generation itself."""
    value: str
    before: str | None
    """Where it led to; None: gone."""
    now: str | None
    """Where it leads to; None: gone, or not answered. Of what is a page's path now, itself."""
    document: str | None
    """The id of the document that it led to."""


@dataclass
class Comparison:
    """All that is different between two maps."""

    old: Path
    new: Path
    before: int = 0
    """Addresses of the old map, and pages of the old generation."""
    same: int = 0
    added: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """By cause."""
    shown: dict[str, list[Difference]] = field(default_factory=dict)
    """The first few of each cause."""

    @property
    def lost(self) -> int:
        """Addresses that are not answered any more."""
        return sum(self.counts[cause] for cause in LOST)


def compare(old: Path, new: Path) -> Comparison:
    """Compares two maps, each a ``redirects.jsonl`` or the folder of a generation.

    Raises MapError when one of them is not there, or breaks its contract.
    """
    files = map_at(old), map_at(new)
    found = Comparison(old, new)
    for before, difference in _all(*files):
        found.before += before is not None
        found.added += before is None
        found.same += before is not None and difference is None
        if difference is not None:
            found.counts[difference.cause] += 1
            shown = found.shown.setdefault(difference.cause, [])
            if len(shown) < MOST_SHOWN:
                shown.append(difference)
    return found


def differences(old: Path, new: Path) -> Iterator[Difference]:
    """What is different between two maps, one after the other. Raises as `compare` does."""
    return (difference for _, difference in _all(map_at(old), map_at(new)) if difference is not None)


# --- the comparison ------------------------------------------------------------------------


class _New(NamedTuple):
    """What has to be known of the new generation besides the entry of the same address."""

    pages: Hashes
    """Paths of the documents, as a request for them is looked up: by themselves, and with the id of their document."""
    answered: Hashes
    """Paths that redirect or are gone: by themselves, and those that redirect with the id of their document."""
    documents: Hashes
    withheld: Hashes


def _all(old: Path, new: Path) -> Iterator[tuple[Record | None, Difference | None]]:
    """Every address of either map, None where it is new, then the pages of the old generation."""
    known = _new(new)
    for before, now in _side_by_side(_records(old), _known_records(new)):
        yield before, None if before is None else _difference(before, now, known)
    elsewhere: dict[str, Record] = {}  # the few pages in whose place the new map has another document, or none
    for document, path in _pages(old):
        page, asked = Record("page", path, path, document), _asked(path)
        if asked in known.pages or asked not in known.answered:
            yield page, _difference(page, None, known)
        elif (asked, document) in known.answered:
            yield page, None
        else:
            elsewhere[asked] = page
    for now in _known_records(new) if elsewhere else ():
        if now.value in elsewhere:
            yield elsewhere[now.value], _difference(elsewhere[now.value], now, known)


def _new(file: Path) -> _New:
    known = ((_asked(path), document) for document, path in _pages(file))
    pages = Hashes(key for page in known for key in (page[0], page))
    answered = Hashes(_answered(file))
    documents, withheld = documents_beside(file), file.with_name("withheld.jsonl")
    owners = (record.document for record in _known_records(file))
    ids = owners if documents is None else (id_ for id_, _ in _documents(documents))
    withheld_ids = (id_ for id_, _ in _documents(withheld)) if withheld.is_file() else ()
    return _New(pages, answered, Hashes(ids), Hashes(withheld_ids))


def _answered(file: Path) -> Iterator[str | tuple[str, str | None]]:
    for record in _records(file):
        if record.kind == "path":
            yield record.value
            if record.target is not None:
                yield record.value, record.document


def _asked(path: str) -> str:
    """The path of a page as a request for it is looked up: decoded, without slash at its end."""
    return unquote(path).rstrip("/")


def _pages(file: Path) -> Iterator[tuple[str | None, str]]:
    """Id and path of every page of the new site: of the documents where they lie beside the map, else its targets."""
    documents = documents_beside(file)
    if documents is not None:
        yield from _documents(documents)
        return
    seen = set()
    for record in _records(file):
        if record.target is not None and hash(record.target) not in seen:
            seen.add(hash(record.target))
            yield record.document, record.target


def _documents(file: Path) -> Iterator[tuple[str, str]]:
    """Id and path of every document of a file. Raises MapError for a line that is none."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                data = orjson.loads(line)
                yield str(data["id"]), str(data["path"])
            except (ValueError, KeyError, TypeError) as error:
                why = "not a document with id and path: the file is damaged; take one that `wiki-etl migrate` wrote"
                raise MapError(f"{file}:{number}: {why}") from error


def _records(file: Path) -> Iterator[Record]:
    """The lines of a map. Raises MapError, also for one that is not sorted."""
    last: tuple[str, str] | None = None
    for number, (_, record) in enumerate(zip(entries(file), _known_records(file), strict=True), 1):
        if last is not None and record.key <= last:
            after = f"{record.kind} {short(record.value)} after {last[0]} {short(last[1])}"
            why = f"not sorted by kind and value, or twice: {after}; correct it, or take the map as it was written"
            raise MapError(f"{file}:{number}: {why}")
        last = record.key
        yield record


def _known_records(file: Path) -> Iterator[Record]:
    """The lines of a map that `_records` went over before: they are not checked any more."""
    with file.open("rb") as lines:
        for data in map(orjson.loads, lines):
            document = data.get("document")
            yield Record(data["kind"], data["value"], data["target"], document if isinstance(document, str) else None)


def _side_by_side(old: Iterator[Record], new: Iterator[Record]) -> Iterator[tuple[Record | None, Record | None]]:
    """The records of both maps by address, None where one of them does not have it."""
    before, now = next(old, None), next(new, None)
    while before is not None or now is not None:
        if now is None or (before is not None and before.key < now.key):
            yield before, None
            before = next(old, None)
        elif before is None or now.key < before.key:
            yield None, now
            now = next(new, None)
        else:
            yield before, now
            before, now = next(old, None), next(new, None)


def _difference(before: Record, now: Record | None, new: _New) -> Difference | None:
    leads = None if now is None else now.target
    cause: str | None
    if now is not None:
        cause = _changed(before, now)
    elif before.path in new.pages:
        cause, leads = _living(before, new), before.value
    else:
        cause = _lost(before, new)
    return None if cause is None else Difference(cause, *before[:3], leads, before.document)


def _living(before: Record, new: _New) -> str | None:
    """What became of an address that is the path of a page now: of its own document, nothing.

    Nor of a page whose document is not there at all: one without a page id is another document after each edit, and
    what was withdrawn is told by its other addresses.
    """
    if before.target is None:
        return "restored"
    is_own = before.document is None or (before.path, before.document) in new.pages
    is_edited = before.kind == "page" and before.document not in new.documents and before.document not in new.withheld
    return None if is_own or is_edited else "owner changed"


def _lost(before: Record, new: _New) -> str:
    if before.kind == "page":
        return "page lost"
    if before.target is None:
        return "no longer gone"
    if before.document in new.withheld:
        return "document withheld"
    if before.document is None or before.document in new.documents:
        return "address dropped"
    return "document withdrawn"


def _changed(before: Record, now: Record) -> str | None:
    if before.target == now.target:
        return None
    if now.target is None:
        return "gone"
    if before.target is None:
        return "restored"
    if before.document is None or now.document is None:
        return "target changed"
    return "path changed" if before.document == now.document else "owner changed"


# --- two forms -----------------------------------------------------------------------------


def text(found: Comparison, *, every: bool) -> Iterator[str]:
    """Lines for people; ``every``: no list is shortened."""
    yield one_line(f"{found.old} -> {found.new}: {found.before:,} addresses and pages before, {found.same:,} as before")
    for head, causes in (("lost", LOST), ("changed", CHANGED)):
        total = sum(found.counts[cause] for cause in causes)
        yield f"{head}: {total:,}"
        for cause, sentence in causes.items():
            if found.counts[cause]:
                yield f"  {cause}: {found.counts[cause]:,}  ({sentence})"
                yield from (one_line(f"    {_sentence(one)}") for one in _listed(found, cause, every=every))
                left = 0 if every else found.counts[cause] - len(found.shown[cause])
                if left:
                    yield f"    … and {left:,} more (--all lists them)"
    yield f"added: {found.added:,}"


def _sentence(difference: Difference) -> str:
    whose = "" if difference.document is None else f" ({difference.document})"
    now = "" if difference.cause in LOST else f", is {difference.now or 'gone'}"
    if difference.kind == "page":
        return f"{difference.value}{whose}{now}"
    before = "gone" if difference.before is None else difference.before
    return f"{difference.kind} {difference.value!r}: was {before}{whose}{now}"


def as_json(found: Comparison, *, every: bool) -> Iterator[str]:
    """Lines of one JSON object, ASCII only; ``every``: the list is not shortened."""
    facts = {
        "old": str(found.old),
        "new": str(found.new),
        "before": found.before,
        "same": found.same,
        "added": found.added,
        "lost": found.lost,
        "causes": {cause: found.counts[cause] for cause in CAUSES if found.counts[cause]},
        "complete": every or all(found.counts[cause] == len(shown) for cause, shown in found.shown.items()),
    }
    yield json.dumps(facts, indent=2).removesuffix("\n}") + ',\n  "differences": ['
    comma = ""
    for cause in CAUSES:
        for difference in _listed(found, cause, every=every):
            yield f"    {comma}{json.dumps(difference._asdict())}"
            comma = ", "
    yield "  ]\n}"


def _listed(found: Comparison, cause: str, *, every: bool) -> Iterator[Difference]:
    """The differences of a cause that were kept; for ``every`` one, the maps are read again: there may be many."""
    shown = found.shown.get(cause, [])
    if not every or found.counts[cause] <= len(shown):
        return iter(shown)
    same = (difference for difference in differences(found.old, found.new) if difference.cause == cause)
    return islice(same, found.counts[cause])


REPORTS: dict[str, Callable[..., Iterator[str]]] = {"text": text, "json": as_json}
