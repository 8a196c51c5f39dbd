"""Whether a running server answers every legacy address as the redirect map says.

Expected answers come from the neutral map and `addresses.lookups` alone, never from compiled files. The map is
never held: `survey` reads it twice, to know what there is to ask, and the asking once more.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from etl.load.redirects.neutral import Entry
from etl.verify.connections import Answer, Connection, NoAnswer, Origin, Unreachable, origin
from etl.verify.plan import Plan, Question
from etl.verify.spellings import INJECTED, hostile, spellings
from etl.verify.survey import Survey, survey
from etl.verify.verdicts import NOTED, Fault, Tally

CHUNK = 2000
"""Entries between two places to go on from."""
DEAD_AFTER = 100
"""Requests without any answer, one after the other, before the server counts as unreachable."""
HOPS = 4
"""Redirects that are followed to tell a chain from a wrong target."""
_MOST_ENDS = 10_000
_SENDABLE = re.compile("[!-~]+")
"""An address that can be asked for as it is."""
_SPELLINGS = 8
"""What an address has on average, to say how long it will take."""


def verify(plan: Plan) -> Tally:
    """Asks everything that the plan says; what came out.

    Raises SettingsError, MapError, Unreachable (with what was asked up to then), OSError for the file of `resume`.
    """
    rate = plan.pace
    with plan.progress("map", 0):
        known = survey(plan)
    tally = Tally.begun(plan.resume, plan.identity(known.digest), plan.examples)
    if rate:
        spelled = _SPELLINGS if plan.forms is None else min(len(plan.forms), _SPELLINGS)
        minutes = known.chosen * spelled * max(1, len(plan.hosts)) / rate / 60
        plan.say(
            f"{known.chosen:,} addresses at {rate:g} requests a second take about {minutes:,.0f} minutes; "
            "--rate and --sample change that"
        )
    run = _Run(plan, known, tally)
    try:
        asyncio.run(run.all())
    except Unreachable as error:
        hint = "; the same command goes on from there" if plan.resume else ""
        raise Unreachable(f"{plan.base_url}: {error}; {tally.requests:,} requests were made before{hint}") from error
    tally.finish()
    return tally


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

    def __init__(self, plan: Plan, survey: Survey, tally: Tally) -> None:
        self._plan, self._survey, self._tally = plan, survey, tally
        self._server, self._pace = plan.server, _Pace(plan.pace)
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
        connections = [Connection(self._server, host) for _ in range(self._plan.connections)]
        try:
            chosen = self._survey.sample()
            for entry in islice(chosen, self._tally.entries):
                self._seen.add(hash(entry.target))
                done(1)
            while chunk := list(islice(chosen, CHUNK)):
                await self._ask(connections, host, self._questions(chunk, host))
                self._tally.entries += len(chunk)
                self._tally.save()
                done(len(chunk))
            await self._ask(connections, host, iter(self._survey.settings))
            await self._ask(connections, host, self._negatives())
        finally:
            for connection in connections:
                connection.close()

    def _questions(self, chunk: Iterable[Entry], host: str | None) -> Iterator[Question]:
        for entry in chunk:
            for form, target, meanings in spellings(entry.address, self._plan.legacy_base, self._plan.forms):
                yield Question(entry.address.kind, form, target, self._survey.owner(entry, meanings).target)
            if entry.target is not None and self._is_new(entry.target, host):
                yield Question("target", "page", entry.target, None)

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

    async def _ask(self, connections: Iterable[Connection], host: str | None, questions: Iterator[Question]) -> None:
        tasks = [asyncio.create_task(self._work(connection, host, questions)) for connection in connections]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _work(self, connection: Connection, host: str | None, questions: Iterator[Question]) -> None:
        """One connection's share: it takes the next question whenever it has an answer."""
        here = self._here(host)
        for question in questions:
            group, form, target, _ = question
            cause, got = await self._cause(connection, here, question)
            fault = None
            if cause is not None:
                fault = Fault(cause, group, form, host or "", target, _right(question, self._plan), got)
            self._tally.count(group, form, fault, noted=cause == NOTED and not self._plan.strict_targets)

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
            if location is None:
                return False
            address = _joined(address, location)
            if _same(address, wanted):
                return True
            location = await self._location(connection, here, address)
        return False

    async def _location(self, connection: Connection, here: Origin, address: str) -> str | None:
        """Where an address of this server redirects to; asked once for each address, as long as there are few."""
        if address in self._ends:
            return self._ends[address]
        try:
            if origin(address) != here or not _SENDABLE.fullmatch(address):
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
    return _same(_joined(_url(here, question.target), location), _wanted(question, here, plan))


def _joined(address: str, location: str) -> str:
    """A Location, resolved against its request; as it is when it is no address."""
    try:
        return urljoin(address, location)
    except ValueError:
        return location


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
