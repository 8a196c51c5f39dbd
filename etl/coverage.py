"""What an access log asked for, and what the redirect map would answer: which addresses are still missing.

Logs are read a line at a time, the map is kept in eight bytes for each address, and of the addresses that are
not answered the most asked are kept. What comes out is a review file: suggestions, which only a person makes
decisions of (the setting ``redirects``).
"""

from __future__ import annotations

import gzip
import io
import json
import math
import re
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from etl.addresses import SCRIPT, Address, legacy_target, lookups, name_key, refusal
from etl.hashes import Hashes
from etl.load.redirects.living import paths_in
from etl.load.redirects.neutral import entries
from etl.long_lines import bounded
from etl.plain import plain
from etl.progress import Progress, untold
from etl.routes import FAMILIES, GONE, Route, matching, routes, wiki_folder
from etl.settings import Settings
from etl.trouble import Trouble

MOST_KEPT = 100_000
"""Addresses without an answer that are kept at a time."""
MOST_TEXT = 32 * 1024 * 1024
"""Characters of them."""
LONGEST_LINE = 64 * 1024
LONGEST_VALUE = 2000
"""Characters of an address that is worth a suggestion; the old platform's names ended far below."""
SHOWN = 20
CHOICES = 3
CUTOFF = 60
"""Likeness in percent from which a page name is suggested."""

_CHUNK = 20_000
_BITS = 1 << 23
_AFTER_DATE = b'] "'
_REQUEST = re.compile(rb'((?:[^"\\]|\\.)*)" ([0-9]{3})(?: |$)')
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))")
_NO_PAGE = re.compile(r"(?:^|/)\.|\.(?:php[0-9]?|phtml|cgi|sql|aspx?|jsp|ini|ya?ml|xml|bak|zip|gz)$", re.IGNORECASE)

CLASSES = {
    "path": "answered: a path",
    "name": "answered: a page name",
    "case": "answered where the server can: a page name in another case",
    "id": "answered: a page id",
    "gone": "answered: gone, 410",
    "route": "answered: the setting routes",
    "live": "a page of the new site",
    "home": "the home page",
    "unanswered": "not answered",
    "no page": "files, scripts and the like: no page of the old wiki",
    "malformed": "no address at all",
    "other": "other methods than GET and HEAD, or no request",
}
"""What a request can be, in the order in which it is said."""
UNANSWERED = frozenset(("unanswered", "no page", "malformed", "other"))
"""Those that nothing answers."""

_Stream = io.BufferedReader | gzip.GzipFile


class LogError(Trouble):
    """A log that cannot be read, or is none; names it: status 3."""


@dataclass(frozen=True)
class Plan:
    """What is read, and against what."""

    logs: Sequence[str]
    """Files, plain or gzip; ``-`` is standard input."""
    map_file: Path
    legacy_base: str = "/"
    path_prefixes: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    reserved: tuple[str, ...] = ()
    """Paths that the new site answers itself."""
    limit: int = 500
    """How many addresses get suggestions."""
    progress: Progress = untold


def plan_of(settings: Settings, map_file: Path, logs: Sequence[str] = (), **more: Any) -> Plan:
    """A map with what the settings say of it, and the logs that are held against it."""
    return Plan(
        logs=logs,
        map_file=map_file,
        legacy_base=settings.legacy_base,
        path_prefixes=settings.path_prefixes,
        routes=tuple(routes(settings.routes, settings.legacy_base)),
        reserved=settings.reserved,
        **more,
    )


class Suggestion(NamedTuple):
    """A page whose name is close to what was asked for."""

    likeness: int
    """Percent."""
    name: str
    target: str


class Missing(NamedTuple):
    """An address that is not answered."""

    address: Address
    hits: int
    found: int
    """Hits that the logged server answered with a page or a redirect."""
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def value(self) -> str:
        """As a reviewed decision names it: digits an id, leading ``/`` a path, else a name."""
        return self.address.value


@dataclass
class Coverage:
    """What came out."""

    logs: Sequence[str]
    hits: Counter[str] = field(default_factory=Counter)
    """By class, see `CLASSES`."""
    bad: int = 0
    """Lines that are not in the combined format."""
    first_bad: str | None = None
    missing: list[Missing] = field(default_factory=list)
    """The most asked ones."""
    distinct: int = 0
    """Addresses without an answer; about that many when some of them could not be kept."""
    kept: int = 0
    forgotten: int = 0
    """Hits of addresses that could not be kept."""


def cover(plan: Plan) -> Coverage:
    """Reads the logs, and looks for suggestions. Raises LogError, MapError."""
    known = Known(plan)
    found, unanswered = Coverage(plan.logs), _Unanswered()
    size = sum(Path(log).stat().st_size for log in plan.logs if log != "-" and Path(log).is_file())
    with plan.progress("logs", size) as done:
        for log in plan.logs:
            _count(log, known, found, unanswered, done)
    found.distinct, found.kept, found.forgotten = unanswered.distinct, len(unanswered.hits), unanswered.forgotten
    most = islice(unanswered.ranked(), plan.limit)
    found.missing = suggested(list(most), plan)
    return found


# --- logs ----------------------------------------------------------------------------------


def _count(log: str, known: Known, found: Coverage, unanswered: _Unanswered, done: Callable[[int], Any]) -> None:
    lines = good = 0
    with _opened(log) as (stream, position):
        at = 0
        for lines, line in enumerate(_lines(stream), 1):
            request = _request(line)
            if request is None:
                found.bad += 1
                found.first_bad = found.first_bad or f"{log}:{lines}"
                continue
            good += 1
            kind, address = known.meaning(request.target)
            found.hits[kind] += 1
            if address is not None:
                unanswered.add(address, was_found=request.status < 400)
            if lines % 5000 == 0:
                done(position() - at)
                at = position()
        done(position() - at)
    if lines and not good:
        raise LogError(f"{log}: not one of its {lines:,} lines is in the combined format of access logs")


@contextmanager
def _opened(log: str) -> Iterator[tuple[_Stream, Callable[[], int]]]:
    """The lines of a log, unpacked where it is gzip; and how many bytes of the file were read."""
    try:
        with nullcontext(sys.stdin.buffer) if log == "-" else Path(log).open("rb") as raw:
            assert isinstance(raw, io.BufferedReader)
            position = (lambda: 0) if log == "-" else raw.tell
            if raw.peek(2)[:2] != b"\x1f\x8b":
                yield raw, position
                return
            with gzip.open(raw) as stream:
                yield stream, position
    except (OSError, EOFError, zlib.error) as error:
        raise LogError(f"{log}: cannot be read to its end: {getattr(error, 'strerror', None) or error}") from error


def _lines(stream: _Stream) -> Iterator[bytes]:
    """Lines without their ends; of one that is too long, the beginning."""
    for line in bounded(stream.readline, LONGEST_LINE):
        if line.strip():
            yield line.rstrip(b"\r\n")


class _Request(NamedTuple):
    target: str | None
    """None: no GET or HEAD."""
    status: int


def _request(line: bytes) -> _Request | None:
    r"""The request of a line; None for a line in another format.

    >>> _request(b'::1 - - [21/Nov/2025:10:00:00 +0000] "GET /A\\x22+B HTTP/1.1" 404 9 "-" "Mozilla"')
    _Request(target='/A"+B', status=404)
    >>> _request(b'old.example:80 ::1 - - [21/Nov/2025:10:00:00 +0000] "-" 408 0 "-" "-"'), _request(b"GET /A")
    (_Request(target=None, status=408), None)
    """
    start = line.find(_AFTER_DATE)
    match = _REQUEST.match(line, start + len(_AFTER_DATE)) if start >= 0 else None
    if match is None:
        return None
    words = match[1].split(b" ")
    if len(words) != 3 or words[0] not in {b"GET", b"HEAD"}:
        return _Request(None, int(match[2]))
    target = words[1]
    if b"\\" in target:
        target = _ESCAPE.sub(lambda part: bytes.fromhex(part[1].decode()) if part[1] else part[2], target)
    return _Request(target.decode("utf-8", "surrogateescape"), int(match[2]))


# --- what is answered ----------------------------------------------------------------------


class Known:
    """The map and the new site, in eight bytes for each address."""

    def __init__(self, plan: Plan) -> None:
        self._base, self._prefixes, self._routes = plan.legacy_base, plan.path_prefixes, plan.routes
        self._script = wiki_folder(plan.legacy_base) + SCRIPT
        self._no_pages = tuple(routes(dict.fromkeys(FAMILIES, GONE), plan.legacy_base))
        self._answered = Hashes(entry.address for entry in entries(plan.map_file) if entry.target is not None)
        again = entries(plan.map_file, again=True)
        self._gone = Hashes(entry.address for entry in again if entry.target is None)
        self._folded = Hashes(name for name, _ in _folded(plan.map_file))
        shared = {pair for pair in _folded(plan.map_file) if self._folded.count(pair[0]) > 1}
        self._answers = Counter(name for name, _ in shared)
        self._live = Hashes(key for path in _live(plan) for key in (path, _in_any_case(path)))
        self._cached = lru_cache(maxsize=8192)(self._meaning)

    def meaning(self, target: str | None) -> tuple[str, Address | None]:
        """The class of a request; and its address when that is not answered."""
        if target is None:
            return "other", None
        return self._cached(target) if len(target) <= LONGEST_VALUE else self._meaning(target)

    def _meaning(self, target: str) -> tuple[str, Address | None]:
        meanings = lookups(target, self._base)
        for address in meanings:
            if address in self._answered:
                return address.kind, None
            if address in self._gone:
                return "gone", None
        path = decoded_path(target)
        folder = path.rstrip("/").removesuffix("/index.html")  # the new site has both; of the old one see the map
        if not folder or self._is_home(path, meanings):
            return "home", None
        if path.rstrip("/") in self._live or folder in self._live:
            return "live", None
        if _in_any_case(path.rstrip("/")) not in self._live and self._is_in_another_case(meanings):
            return "case", None
        if matching(self._routes, path.rstrip("/")) is not None:
            return "route", None
        return self._unanswered(target, path, meanings)

    def _is_in_another_case(self, meanings: Sequence[Address]) -> bool:
        names = (address.value.casefold() for address in meanings if address.kind == "name")
        return any(name in self._folded and self._answers.get(name, 1) == 1 for name in names)

    def _is_home(self, path: str, meanings: Sequence[Address]) -> bool:
        if path.strip("/") == self._base.strip("/"):
            return True
        return path.rstrip("/") == self._script and meanings[:1] == [Address("path", self._script)]

    def _unanswered(self, target: str, path: str, meanings: Sequence[Address]) -> tuple[str, Address | None]:
        address = self._address(meanings)
        if address is None or refusal(address):
            return ("no page" if meanings else "malformed"), None
        if address.kind != "id" and not self._is_page(target, path):
            return "no page", None
        return "unanswered", address

    def _is_page(self, target: str, path: str) -> bool:
        """Whether an address that says no id may have been a page."""
        if path == self._script:
            return True
        path = path.rstrip("/")
        if _NO_PAGE.search(path) or matching(self._no_pages, path):
            return False
        link = legacy_target(target, (), self._prefixes, self._base)
        return link is not None and link.kind != "other"

    def _address(self, meanings: Sequence[Address]) -> Address | None:
        """What a reviewed decision would name; None outside of the old wiki."""
        by_kind = {address.kind: address for address in reversed(meanings)}
        path = by_kind.get("path")
        if path is not None and path.value.split("/")[1] in self._prefixes:
            return path
        return by_kind.get("id") or by_kind.get("name")


def _folded(map_file: Path) -> Iterator[tuple[str, str | None]]:
    """The names of a map without case, each with its target: equal ones with one target are as good as one name."""
    again = entries(map_file, again=True)
    return ((entry.address.value.casefold(), entry.target) for entry in again if entry.address.kind == "name")


def decoded_path(target: str) -> str:
    """The decoded path of a request target, which may be absolute."""
    path = re.sub(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*", "", target).partition("?")[0]
    return unquote(path.replace("+", " "))


def _in_any_case(path: str) -> tuple[str, str]:
    """What stands for a path without case, beside paths as they are."""
    return "", path.casefold()


def _live(plan: Plan) -> Iterator[str]:
    """Paths of the new site: reserved ones, of documents and terms where they lie beside the map, and the targets."""
    yield from (unquote(path).rstrip("/") for path in plan.reserved)
    map_file = plan.map_file
    for name in ("documents.jsonl", "terms.jsonl"):
        file = map_file.with_name(name)
        if file.is_file():
            yield from (unquote(path).rstrip("/") for path in paths_in(file))
    targets = (entry.target for entry in entries(map_file, again=True))
    yield from (unquote(target).rstrip("/") for target in targets if target is not None)


class _Unanswered:
    """How often each address was asked for, of the most asked; the rest is counted together."""

    def __init__(self) -> None:
        self.hits: dict[Address, list[int]] = {}
        self.forgotten = 0
        self._text = 0
        self._bits = bytearray(_BITS >> 3)
        self._pruned = False

    def add(self, address: Address, *, was_found: bool) -> None:
        """Counts a hit."""
        counts = self.hits.get(address)
        if counts is None:
            place = hash(address) % _BITS
            self._bits[place >> 3] |= 1 << (place & 7)
            if len(address.value) > LONGEST_VALUE:
                self.forgotten += 1
                return
            counts = self.hits[address] = [0, 0]
            self._text += len(address.value)
        counts[0] += 1
        counts[1] += was_found
        if len(self.hits) > MOST_KEPT or self._text > MOST_TEXT:
            self._prune()

    def _prune(self) -> None:
        """Keeps the more asked half: what is asked for often enough comes back, or never goes."""
        self._pruned = True
        ranked = list(self.ranked())
        for missing in ranked[len(ranked) // 2 :]:
            self.forgotten += missing.hits
            self._text -= len(missing.value)
            del self.hits[missing.address]

    def ranked(self) -> Iterator[Missing]:
        """By hits, then by address."""
        order = sorted(self.hits.items(), key=lambda item: (-item[1][0], item[0]))
        return (Missing(address, hits, found) for address, (hits, found) in order)

    @property
    def distinct(self) -> int:
        """How many addresses there were: counted, or, when some were not kept, estimated from a table of bits."""
        if not self._pruned and not self.forgotten:
            return len(self.hits)
        empty = _BITS - int.from_bytes(self._bits).bit_count()
        return max(len(self.hits), round(-_BITS * math.log(max(empty, 1) / _BITS)))


# --- suggestions ---------------------------------------------------------------------------


def suggested(missing: list[Missing], plan: Plan) -> list[Missing]:
    """With the closest names and paths of the map. Numbers are close to nothing."""
    wanted = [number for number, one in enumerate(missing) if one.address.kind != "id"]
    if not wanted:
        return missing
    best: dict[int, list[Suggestion]] = {number: [] for number in wanted}
    queries = [_words(missing[number].address, plan.path_prefixes) for number in wanted]
    pages = _pages(plan.map_file)
    while chunk := list(islice(pages, _CHUNK)):
        words = [_words(page.address, plan.path_prefixes) for page in chunk]
        for number, scores in zip(wanted, _likeness(queries, words), strict=True):
            found = [Suggestion(score, chunk[at].address.value, chunk[at].target) for at, score in scores]
            best[number] = _closest(best[number] + found)
    return [one._replace(suggestions=tuple(best.get(number, ()))) for number, one in enumerate(missing)]


class _Page(NamedTuple):
    """An entry that leads to a page."""

    address: Address
    target: str


def _pages(map_file: Path) -> Iterator[_Page]:
    for address, target in entries(map_file, again=True):
        if target is not None and address.kind != "id":
            yield _Page(address, target)


def _closest(found: list[Suggestion]) -> list[Suggestion]:
    """The best few, each page once."""
    pages: dict[str, Suggestion] = {}
    for one in sorted(found, key=lambda one: (-one.likeness, one.name.startswith("/"), one.name)):
        pages.setdefault(one.target, one)
    return list(pages.values())[:CHOICES]


def _words(address: Address, path_prefixes: Sequence[str]) -> str:
    """What an address says about the page, in the form in which names are compared."""
    text = address.value
    if address.kind == "path":
        first, _, rest = text.lstrip("/").partition("/")
        text = rest.removesuffix(".html") if first in path_prefixes else text
    return name_key(text)


def _likeness(queries: Sequence[str], names: Sequence[str]) -> Iterator[list[tuple[int, int]]]:
    """For each query the places of the closest names, with their likeness."""
    import numpy as np
    from rapidfuzz import fuzz, process

    scores = process.cdist(queries, names, scorer=fuzz.token_sort_ratio, score_cutoff=CUTOFF, dtype=np.uint8)
    for row in scores:
        places = np.argsort(-row.astype(np.int16), kind="stable")[: 4 * CHOICES]  # a page has several names
        yield [(int(at), int(row[at])) for at in places if row[at] >= CUTOFF]


# --- what is written -----------------------------------------------------------------------


def review(found: Coverage) -> str:
    """The review file: TOML in which every entry is commented out.

    The text of an entry, without its marks, is what the setting ``redirects`` reads.
    """
    parts = [_HEAD.format(count=len(found.missing), distinct=found.distinct)]
    parts += [_entry(missing) for missing in found.missing]
    return "\n".join(parts)


_HEAD = """\
# Legacy addresses that were asked for and are not answered: {count:,} of {distinct:,}, the most asked first.
# Written by `wiki-etl redirects coverage`. Nothing here counts as it stands: take the "# " away from an entry,
# keep one of its lines target and gone, and name this file in the setting `redirects`.
"""


def _entry(missing: Missing) -> str:
    lines = ["[[redirects]]", f"value = {_quoted(missing.value)}"]
    lines += [f"target = {_quoted(one.target)}  # {one.likeness}%: {plain(one.name)}" for one in missing.suggestions]
    lines += ["gone = true", f'reason = "asked for {missing.hits} times, answered {missing.found} times"']
    return "".join(f"# {line}\n" for line in lines)


def _quoted(text: str) -> str:
    r"""A basic string of TOML, in which nothing is invisible.

    >>> print(_quoted('a "b" \\ \u202e é'))
    "a \"b\" \\ \u202E é"
    """
    return '"' + "".join(_character(char) for char in text) + '"'


def _character(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    return f"\\u{ord(char):04X}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08X}"


def text(found: Coverage) -> str:
    """For people."""
    total = found.hits.total()
    lines = [f"{total:,} requests in {', '.join(found.logs)}"]
    lines += [f"  {found.hits[key]:11,}  {sentence}" for key, sentence in CLASSES.items() if found.hits[key]]
    if found.bad:
        lines.append(f"  {found.bad:11,}  lines could not be read, the first one is {found.first_bad}")
    shown = found.missing[:SHOWN]
    if shown:
        lines.append(f"not answered: {_total(found)} addresses, the {len(shown)} most asked:")
    for missing in shown:
        close = missing.suggestions[0] if missing.suggestions else None
        hint = "" if close is None else f"   close: {close.name!r} ({close.likeness}%)"
        lines.append(f"  {missing.hits:11,}  {missing.address.kind} {missing.value!r}{hint}")
    if found.forgotten:
        kept = f"{found.kept:,} of them were kept"
        lines.append(f"note: {kept}; {found.forgotten:,} hits are of addresses that were not")
    return "\n".join(plain(line.replace("\n", " ")) for line in lines)


def _total(found: Coverage) -> str:
    return f"about {found.distinct:,}" if found.forgotten else f"{found.distinct:,}"


def as_json(found: Coverage) -> str:
    """For programs; ASCII only."""
    facts = {
        "logs": list(found.logs),
        "requests": found.hits.total(),
        "classes": {key: found.hits[key] for key in CLASSES},
        "bad_lines": found.bad,
        "first_bad_line": found.first_bad,
        "unanswered": {
            "addresses": found.distinct,
            "exact": not found.forgotten,
            "kept": found.kept,
            "hits_not_kept": found.forgotten,
            "listed": [
                {
                    "kind": missing.address.kind,
                    "value": missing.value,
                    "hits": missing.hits,
                    "answered": missing.found,
                    "suggestions": [one._asdict() for one in missing.suggestions],
                }
                for missing in found.missing
            ],
        },
    }
    return json.dumps(facts, indent=2)


REPORTS: dict[str, Callable[[Coverage], str]] = {"text": text, "json": as_json}
