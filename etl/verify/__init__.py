"""Whether a running server answers every legacy address as the redirect map says.

Expected answers come from the neutral map and `addresses.lookups` alone, never from compiled files. The map is
read three times and never held: to count it and draw the sample, to find the addresses that share a spelling
(a name that is also an id), and to ask.
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

from etl.addresses import KINDS, Address, as_path
from etl.load.redirects.neutral import Crowd, Entry, entries
from etl.progress import Progress, untold
from etl.routes import Route, matching
from etl.settings import SettingsError
from etl.verify.connections import Answer, Connection, NoAnswer, Origin, Server, Unreachable, origin
from etl.verify.spellings import FORMS, INJECTED, Spelling, hostile, of_home, of_route, spellings, unknown
from etl.verify.verdicts import NOTED, Fault, Tally

CHUNK = 2000
"""Entries between two places to go on from."""
PICKED = 12
"""Addresses of the map that the unknown ones are made from."""
DEAD_AFTER = 100
"""Requests without any answer, one after the other, before the server counts as unreachable."""
POLITE_RATE = 50.0
"""Requests a second to a server on another machine, unless ``--rate`` says otherwise."""
HOPS = 4
"""Redirects that are followed to tell a chain from a wrong target."""
_MOST_ENDS = 10_000
_SPELLINGS = 8
"""What an address has on average, to say how long it will take."""


@dataclass(frozen=True)
class Plan:
    """What is asked, of whom, and what would be right."""

    base_url: str
    map_file: Path
    hosts: tuple[str, ...] = ()
    """Host headers to ask with, one after the other; none: the one of the base address."""
    site: str | None = None
    """Base address of the new site where targets are absolute, as compiled into the map."""
    legacy_base: str = "/"
    path_prefixes: tuple[str, ...] = ()
    home: str | None = None
    """Page name of the old home page."""
    routes: tuple[Route, ...] = ()
    status: int = 301
    sample: str | None = None
    """A number of entries, or a share such as ``5%``; the same entries each time."""
    forms: frozenset[str] | None = None
    """Keys of `spellings.FORMS`; None: all."""
    hostile: bool = False
    strict_targets: bool = False
    """Whether a target that does not answer 200 is a wrong answer; else it is only said."""
    rate: float | None = None
    """Requests a second; 0: no bound; None: no bound on loopback, `POLITE_RATE` elsewhere."""
    connections: int = 8
    timeout: float = 30.0
    resolve: Mapping[tuple[str, int], str] = field(default_factory=dict)
    resume: Path | None = None
    examples: int = 10
    progress: Progress = untold
    say: Callable[[str], None] = lambda _text: None

    @property
    def server(self) -> Server:
        """Whom to ask. Raises SettingsError for a base address that is none."""
        try:
            asked = origin(self.base_url)
        except ValueError as error:
            raise SettingsError(f"--base-url: {error}") from error
        if self.base_url.count("/") > 2 + self.base_url.endswith("/"):
            said = "the folder of the old wiki is the setting legacy_base"
            raise SettingsError(f"--base-url: {self.base_url!r} has a path; {said}")
        return Server(asked, self.resolve, self.timeout)

    def identity(self, map_digest: str) -> dict[str, Any]:
        """What must be the same when a verification goes on where another one stopped."""
        return {
            "base_url": self.base_url,
            "map_digest": map_digest,
            "hosts": list(self.hosts),
            "site": self.site,
            "legacy_base": self.legacy_base,
            "home": self.home,
            "routes": [list(route) for route in self.routes],
            "status": self.status,
            "sample": self.sample,
            "forms": None if self.forms is None else sorted(self.forms),
            "strict_targets": self.strict_targets,
        }


def hosts(given: Sequence[str] | None, legacy: Sequence[str]) -> tuple[str, ...]:
    """The values of ``--from``: none, those that were given, or, for the bare flag, those of the settings.

    Raises SettingsError.
    """
    if given is not None and not given and not legacy:
        raise SettingsError("--from: no host given, and the setting hosts is empty")
    chosen = () if given is None else tuple(given or legacy)
    for host in chosen:
        if not re.fullmatch(r"[\w.-]+(:[0-9]+)?|\[[0-9a-fA-F:]+\](:[0-9]+)?", host):
            raise SettingsError(f"--from: {host!r} is not a host name")
    return tuple(dict.fromkeys(host if host.isascii() else host.encode("idna").decode() for host in chosen))


def forms(given: Sequence[str] | None) -> frozenset[str] | None:
    """The values of ``--spelling``. Raises SettingsError."""
    known = list(dict.fromkeys(form for of_kind in FORMS.values() for form in of_kind))
    for form in given or ():
        if form not in known:
            raise SettingsError(f"--spelling: unknown spelling {form!r}; one of {', '.join(known)}")
    return frozenset(given) if given else None


def resolved(given: Sequence[str]) -> dict[tuple[str, int], str]:
    """The values of ``--resolve``. Raises SettingsError.

    >>> resolved(["Old.example:443:127.0.0.1", "new.example:80:[::1]"])
    {('old.example', 443): '127.0.0.1', ('new.example', 80): '::1'}
    """
    found = {}
    for text in given:
        match = re.fullmatch(r"([^:\s]+):([0-9]{1,5}):(\[[0-9a-fA-F:]+\]|[^:\s]+)", text)
        if match is None:
            raise SettingsError(f"--resolve: {text!r} is not of the form host:port:address")
        found[match[1].lower(), int(match[2])] = match[3].strip("[]")
    return found


class Question(NamedTuple):
    """One request, and the answer that is right."""

    group: str
    """``name``, ``id``, ``path``; ``home``, ``route``: settings; ``unknown``, ``hostile``; ``target``: a new page."""
    form: str
    target: str
    right: str | None
    """Where to go, as the map says it, or a setting; None: gone. Only of the first five groups."""


def verify(plan: Plan) -> Tally:
    """Asks everything that the plan says; what came out.

    Raises SettingsError, MapError, Unreachable (with what was asked up to then), OSError for the file of `resume`.
    """
    server = plan.server
    survey = _survey(plan)
    tally = Tally.begun(plan.resume, plan.identity(survey.digest), plan.examples)
    rate = plan.rate
    if rate is None:
        rate = 0.0 if server.is_loopback else POLITE_RATE
    if rate:
        spelled = _SPELLINGS if plan.forms is None else min(len(plan.forms), _SPELLINGS)
        minutes = survey.chosen * spelled * max(1, len(plan.hosts)) / rate / 60
        plan.say(
            f"{survey.chosen:,} addresses at {rate:g} requests a second take about {minutes:,.0f} minutes; "
            "--rate and --sample change that"
        )
    run = _Run(plan, survey, tally, _Pace(rate))
    try:
        asyncio.run(run.all())
    except Unreachable as error:
        hint = "; the same command goes on from there" if plan.resume else ""
        raise Unreachable(f"{plan.base_url}: {error}; {tally.requests:,} requests were made before{hint}") from error
    tally.finish()
    return tally


# --- what the map says ---------------------------------------------------------------------


@dataclass
class _Survey:
    """What has to be known of a whole map before its first entry is asked for."""

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
    settings: list[Question]
    """What the settings ``home`` and ``routes`` answer, and no entry does."""
    picked: list[Address]


def _survey(plan: Plan) -> _Survey:
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
    return _Survey(count, chosen, highest, digest.hexdigest(), shared, nobodys, settings, known)


def _of_settings(plan: Plan, home: Entry | None) -> Iterator[tuple[Spelling, Question]]:
    """What the settings say of addresses that are no pages; each target once, with the answer that comes first."""
    if home is not None:
        for spelling in of_home(plan.legacy_base):
            yield spelling, Question("home", spelling.form, spelling.target, home.target)
    seen = set()
    for route in sorted(plan.routes, key=lambda route: route.kind):  # exact before numbered, as servers have them
        for spelling in of_route(route, plan.legacy_base):
            if spelling.target not in seen:
                seen.add(spelling.target)
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
    return address.kind, address.value.casefold()


def _mark(address: Address) -> int:
    """A number that an address always has, and that says nothing about it: what samples are drawn by."""
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


# --- asking --------------------------------------------------------------------------------


class _Pace:
    """Waits so long before each request that there are never more than so many a second."""

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._next = 0.0

    async def turn(self) -> None:
        if not self._gap:
            return
        now = asyncio.get_running_loop().time()
        self._next = max(now, self._next + self._gap)
        await asyncio.sleep(self._next - now)


class _Run:
    """One verification: every host, every entry, every spelling; then what is no address."""

    def __init__(self, plan: Plan, survey: _Survey, tally: Tally, pace: _Pace) -> None:
        self._plan, self._survey, self._tally, self._pace = plan, survey, tally, pace
        self._server = plan.server
        self._seen: set[int] = set()
        self._ends: dict[str, str | None] = {}
        self._dead = 0

    async def all(self) -> None:
        """Asks everything that is not done yet."""
        hosts: tuple[str | None, ...] = self._plan.hosts or (None,)
        with self._plan.progress("redirects", self._survey.chosen * len(hosts)) as done:
            done(self._tally.host * self._survey.chosen)
            for host in hosts[self._tally.host :]:
                self._seen.clear()
                await self._all_of(host, done)
                self._tally.host, self._tally.entries = self._tally.host + 1, 0
                self._tally.save()

    async def _all_of(self, host: str | None, done: Callable[[int], Any]) -> None:
        asker = [Connection(self._server, host) for _ in range(self._plan.connections)]
        try:
            chosen = self._chosen()
            for entry in islice(chosen, self._tally.entries):
                self._seen.add(hash(entry.target))
                done(1)
            while chunk := list(islice(chosen, CHUNK)):
                await self._ask(asker, host, self._questions(chunk, host))
                self._tally.entries += len(chunk)
                self._tally.save()
                done(len(chunk))
            await self._ask(asker, host, iter(self._survey.settings))
            await self._ask(asker, host, self._negatives())
        finally:
            for connection in asker:
                connection.close()

    def _chosen(self) -> Iterator[Entry]:
        again = entries(self._plan.map_file, again=True)
        if self._survey.chosen == self._survey.entries:
            return again
        return (entry for entry in again if _mark(entry.address) <= self._survey.highest)

    def _questions(self, chunk: Iterable[Entry], host: str | None) -> Iterator[Question]:
        for entry in chunk:
            for form, target, meanings in spellings(entry.address, self._plan.legacy_base, self._plan.forms):
                yield Question(entry.address.kind, form, target, self._owner(entry, meanings).target)
            if entry.target is not None and self._is_new(entry.target, host):
                yield Question("target", "page", entry.target, None)

    def _owner(self, entry: Entry, meanings: Sequence[Address]) -> Entry:
        """The entry that answers a spelling: the first of its meanings that the map has."""
        for address in meanings:
            if address == entry.address:
                return entry
            if address in self._survey.shared:
                return self._survey.shared[address]
        raise AssertionError("a spelling means its own address")

    def _is_new(self, target: str, host: str | None) -> bool:
        """Whether a target was not asked yet, and is a page of the server that is asked."""
        if self._plan.site is not None and origin(self._plan.site) != self._here(host):
            self._tally.elsewhere = True
            return False
        before = len(self._seen)
        self._seen.add(hash(target))  # eight bytes of each are enough
        return len(self._seen) > before

    def _here(self, host: str | None) -> Origin:
        """What relative targets are relative to."""
        base = self._server.origin
        return base if host is None else origin(f"{base.scheme}://{host}")

    def _negatives(self) -> Iterator[Question]:
        for form, target, _ in self._survey.unknown:
            yield Question("unknown", form, target, None)
        if self._plan.hostile:
            for form, target, _ in hostile(self._survey.picked, self._plan.legacy_base):
                yield Question("hostile", form, target, None)

    async def _ask(self, asker: Iterable[Connection], host: str | None, questions: Iterator[Question]) -> None:
        tasks = [asyncio.create_task(self._work(connection, host, questions)) for connection in asker]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _work(self, connection: Connection, host: str | None, questions: Iterator[Question]) -> None:
        """One connection's share: it takes the next question whenever it has an answer."""
        here = self._here(host)
        for question in questions:
            cause, got = await self._cause(connection, here, question)
            if cause is None:
                self._tally.count(question.group, question.form, None)
                continue
            right = _right(question, self._plan)
            fault = Fault(cause, question.group, question.form, host or "", question.target, right, got)
            if cause == NOTED and not self._plan.strict_targets:
                self._tally.note(question.group, question.form, fault)
            else:
                self._tally.count(question.group, question.form, fault)

    async def _cause(self, connection: Connection, here: Origin, question: Question) -> tuple[str | None, str]:
        """What is wrong with an answer, if anything; and the answer in words."""
        await self._pace.turn()
        try:
            answer = await connection.ask(question.target)
        except NoAnswer as failure:
            return self._no_answer(question, failure.cause), failure.cause
        self._dead = 0
        location = answer.headers.get("location")
        got = str(answer.status) if location is None else f"{answer.status} {location}"
        cause = _judged(question, answer, here, self._plan)
        if cause == "wrong target" and await self._arrives(connection, here, question, answer):
            cause = "chain"
        return cause, got

    def _no_answer(self, question: Question, cause: str) -> str | None:
        """Hostile input may be answered by closing the connection."""
        if question.group == "hostile":
            return None
        self._dead += 1
        if self._dead >= DEAD_AFTER:
            raise Unreachable(f"the last {self._dead} requests were not answered ({cause})")
        return cause

    async def _arrives(self, connection: Connection, here: Origin, question: Question, answer: Answer) -> bool:
        """Whether a redirect to the wrong place goes on to the right one."""
        wanted = _wanted(question, here, self._plan)
        address, location = _url(here, question.target), answer.headers.get("location")
        for _ in range(HOPS):
            if location is None or location.startswith("#"):
                return False
            address = urljoin(address, location)
            if _same(address, wanted):
                return True
            location = await self._location(connection, here, address)
        return False

    async def _location(self, connection: Connection, here: Origin, address: str) -> str | None:
        """Where an address of this server redirects to; asked once for each address, as long as there are few."""
        if address in self._ends:
            return self._ends[address]
        try:
            if origin(address) != here or not address.isascii() or not address.isprintable() or " " in address:
                return None
            await self._pace.turn()
            target = address.split("/", 3)[3:]
            answer = await connection.ask("/" + "".join(target).partition("#")[0])
        except (NoAnswer, ValueError):
            return None
        location = answer.headers.get("location") if 300 <= answer.status < 400 else None
        if len(self._ends) < _MOST_ENDS:
            self._ends[address] = location
        return location


# --- what is right -------------------------------------------------------------------------


def _judged(question: Question, answer: Answer, here: Origin, plan: Plan) -> str | None:
    """The cause why an answer is wrong; None when it is right."""
    if question.group in _JUDGES:
        return _JUDGES[question.group](answer)
    if question.right is None:
        return None if answer.status == 410 else "not gone"
    location = answer.headers.get("location")
    if not 300 <= answer.status < 400 or location is None:
        return "server error" if answer.status >= 500 else "no redirect"
    if not _leads(question, location, here, plan):
        return "wrong target"
    return None if answer.status == plan.status else "wrong status"


def _leads(question: Question, location: str, here: Origin, plan: Plan) -> bool:
    """Whether a Location, resolved against its request, is the one that the map says."""
    if location == question.right and plan.site is None:
        return True
    return _same(urljoin(_url(here, question.target), location), _wanted(question, here, plan))


def _same(one: str, other: str) -> bool:
    """Whether two absolute addresses are one: hosts have no case, and a scheme has its port.

    >>> _same("HTTP://New.example:80/x", "http://new.example/x"), _same("http://a.example/x", "http://a.example/X")
    (True, False)
    """
    if one == other:
        return True
    try:
        return origin(one) == origin(other) and one.split("/", 3)[3:] == other.split("/", 3)[3:]
    except ValueError:
        return False


def _unknown(answer: Answer) -> str | None:
    if answer.status == 404:
        return None
    return "server error" if answer.status >= 500 else "known after all"


def _hostile(answer: Answer) -> str | None:
    return None if 400 <= answer.status < 500 and answer.headers.get(INJECTED) is None else "unsafe answer"


def _page(answer: Answer) -> str | None:
    if 300 <= answer.status < 400:
        return "chain"
    return None if answer.status == 200 else NOTED


_JUDGES: dict[str, Callable[[Answer], str | None]] = {"unknown": _unknown, "hostile": _hostile, "target": _page}
_RIGHT = {"unknown": "404", "hostile": "a status from 400 to 499, or none", "target": "200"}


def _right(question: Question, plan: Plan) -> str:
    """The right answer, in words."""
    if question.group in _RIGHT:
        return _RIGHT[question.group]
    return "410" if question.right is None else f"{plan.status} {(plan.site or '').rstrip('/')}{question.right}"


def _url(here: Origin, target: str) -> str:
    return f"{here.scheme}://{here.authority}{target}"


def _wanted(question: Question, here: Origin, plan: Plan) -> str:
    """The address that a redirect has to lead to."""
    assert question.right is not None
    return plan.site.rstrip("/") + question.right if plan.site else _url(here, question.right)
