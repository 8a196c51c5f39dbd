"""The matrix: every form of every entry of the map, all that is no entry, and what is a right answer to each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from tests.servers import hostile, names, variants
from tests.servers.oracle import NOT_FOUND, Answer, Oracle
from tests.servers.stage import Stage
from tests.servers.wire import Request

MAP = names.the_map()
ORACLE = Oracle(MAP)
NAMES, IDS, PATHS = ([value for kind, value in MAP if kind == wanted] for wanted in ("name", "id", "path"))
GLOBALS = list(hostile.requests())

GAPS = {
    "nginx": {
        "?page_id= encoded": "nginx never decodes a parameter, and nobody encodes digits",
        "other case, odd slashes": "what the raw request alone can tell apart is found in its own case",
    }
}
"""Forms that a server may leave unanswered, never answer wrong, and why."""

_REFUSED = {Answer(status) for status in (400, 404, 414, 431)}
_TOO_LONG = {Answer(414), Answer(431), Answer(400)}


class Wrong(NamedTuple):
    """An answer that is not right."""

    request: Request
    got: Answer
    right: set[Answer]


def asked(
    server: Stage, requests: Iterable[Request], right: Callable[[Request], set[Answer]]
) -> tuple[int, list[Wrong]]:
    """Asks everything over one connection: how many requests, and every wrong answer."""
    found = [Wrong(request, server.client.ask(request), right(request)) for request in requests]
    return len(found), [one for one in found if one.got not in one.right]


def parts(server: Stage) -> Iterator[tuple[str, str, Iterable[Request], Callable[[Request], set[Answer]]]]:
    """The whole matrix: kind, value, requests, and what is right."""
    forms = {"name": variants.of_name, "id": variants.of_id, "path": variants.of_path}
    for kind, value in MAP:
        yield kind, value, forms[kind](value), entry_answers(server, kind, value)
    for kind in sorted({case.request.label for case in GLOBALS}):
        yield "global", kind, [case.request for case in GLOBALS if case.request.label == kind], global_answers(kind)


def entry_answers(server: Stage, kind: str, value: str) -> Callable[[Request], set[Answer]]:
    """What may be answered to the forms of an entry."""
    refused = server.refused.get((kind, value))

    def answers(request: Request) -> set[Answer]:
        right = ORACLE.answers(request.target)
        if right == {NOT_FOUND}:
            right = {NOT_FOUND, Answer(400)}
        if len(request.target) > variants.TOO_LONG:
            right = right | _TOO_LONG
        if request.label in GAPS.get(server.name, {}):
            right = right | {NOT_FOUND}
        if refused is not None and ("NFD" not in refused or "NFD" in request.label):
            right = right | _REFUSED
        return right

    return answers


def global_answers(kind: str) -> Callable[[Request], set[Answer]]:
    """What may be answered to requests that are no entry."""
    cases = {case.request: case for case in GLOBALS if case.request.label == kind}

    def answers(request: Request) -> set[Answer]:
        case, mapped = cases[request], ORACLE.answers(request.target)
        if case.oracle:
            return mapped
        anywhere = {Answer(301, location) for location in MAP.values()} if 301 in case.statuses else set()
        anywhere |= {Answer(308, "/")} if 308 in case.statuses else set()
        return {Answer(status) for status in case.statuses} | anywhere | (mapped - {NOT_FOUND})

    return answers


def table(wrong: list[Wrong]) -> str:
    """One line for each wrong answer; the first forty, and of what may be right the first three."""
    lines = [
        f"{request.label[:28]:28} {request.method:4} {ascii(request.target)[2:-1][:100]:60} "
        f"got {_words(got)}, not {' or '.join(map(_words, sorted(right, key=str)[:3]))}"
        for request, got, right in wrong[:40]
    ]
    return "\n".join(lines + ["…"] * (len(wrong) > 40))


def _words(answer: Answer) -> str:
    return f"{answer.status}" + (f" {answer.location}" if answer.location else "")
