"""Every server answers every form of every name in the map right, over one connection, with the files as published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from etl.servers import SERVERS
from tests.servers import hostile, names, variants
from tests.servers.oracle import NOT_FOUND, Answer, Oracle
from tests.servers.stage import Stage, serving
from tests.servers.wire import Request

MAP = names.the_map()
ORACLE = Oracle(MAP)
NAMES = [value for kind, value in MAP if kind == "name"]
IDS = [value for kind, value in MAP if kind == "id"]
PATHS = [value for kind, value in MAP if kind == "path"]
REFUSED = {Answer(status) for status in (400, 404, 414, 431)}
"""What a request for an address may get that the server's own finding says is not in its files."""
GAPS = {
    "nginx": {
        "?page_id= encoded": "nginx never decodes a parameter, and nobody encodes digits",
        "other case, odd slashes": "what the raw request alone can tell apart is found in its own case",
    }
}
"""Forms that a server may leave unanswered, never answer wrong, and why."""
TOO_LONG = {Answer(414), Answer(431), Answer(400)}


@pytest.fixture(scope="module", params=sorted(SERVERS))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with serving(str(request.param), tmp_path_factory.mktemp("generation"), MAP) as stage:
        yield stage


def check(server: Stage, requests: Iterable[Request], wanted: Callable[[Request], set[Answer]]) -> int:
    """Asks everything; a table of what was wrong, if anything was. The number of requests."""
    wrong, count = [], 0
    for request in requests:
        count += 1
        got, right = server.client.ask(request), wanted(request)
        if got not in right:
            wrong.append((request, got, right))
    if wrong:
        pytest.fail(f"{server.name}: {len(wrong)} of {count} answers are wrong\n{table(wrong)}", pytrace=False)
    return count


def table(wrong: list[tuple[Request, Answer, set[Answer]]]) -> str:
    """One line for each wrong answer; the first forty, and of what may be right the first three."""
    lines = [
        f"{request.label[:28]:28} {request.method:4} {ascii(request.target)[2:-1][:100]:60} "
        f"got {_words(got)}, not {' or '.join(map(_words, sorted(right, key=str)[:3]))}"
        for request, got, right in wrong[:40]
    ]
    return "\n".join(lines + ["…"] * (len(wrong) > 40))


def _words(answer: Answer) -> str:
    return f"{answer.status}" + (f" {answer.location}" if answer.location else "")


def wanted(server: Stage, kind: str, value: str) -> Callable[[Request], set[Answer]]:
    """What may be answered to the forms of an address."""
    refused, case = (kind, value) in server.refused, not server.folds

    def answers(request: Request) -> set[Answer]:
        right = ORACLE.answers(request.target)
        if right == {NOT_FOUND}:
            right = {NOT_FOUND, Answer(400)}
        if len(request.target) > variants.TOO_LONG:
            right = right | TOO_LONG
        if request.label in GAPS.get(server.name, {}) or (case and request.label.startswith("other case")):
            right = right | {NOT_FOUND}
        return right | REFUSED if refused else right

    return answers


def label(value: str) -> str:
    return ascii(value)[1:31]


@pytest.mark.parametrize("name", NAMES, ids=label)
def test_every_form_of_a_name(server: Stage, name: str) -> None:
    assert check(server, variants.of_name(name), wanted(server, "name", name)) >= 32


@pytest.mark.parametrize("number", IDS[:3] + IDS[-2:])
def test_every_form_of_an_id(server: Stage, number: str) -> None:
    assert check(server, variants.of_id(number), wanted(server, "id", number)) >= 32


@pytest.mark.parametrize("path", PATHS, ids=label)
def test_every_form_of_a_path(server: Stage, path: str) -> None:
    assert check(server, variants.of_path(path), wanted(server, "path", path)) >= 32


def test_every_id_is_answered(server: Stage) -> None:
    requests = [Request("id", f"/{number}".encode()) for number in IDS]
    requests += [Request("page_id", f"/tiki-index.php?page_id={number}".encode()) for number in IDS]
    check(server, requests, lambda request: ORACLE.answers(request.target))


GLOBALS = list(hostile.requests())


@pytest.mark.parametrize("kind", sorted({case.request.label for case in GLOBALS}))
def test_what_is_no_page_of_the_map(server: Stage, kind: str) -> None:
    cases = {case.request: case for case in GLOBALS if case.request.label == kind}

    def right(request: Request) -> set[Answer]:
        case = cases[request]
        mapped = ORACLE.answers(request.target)
        if case.oracle:
            return mapped
        anywhere = {Answer(301, location) for location in MAP.values()} if 301 in case.statuses else set()
        anywhere |= {Answer(308, "/")} if 308 in case.statuses else set()
        return {Answer(status) for status in case.statuses} | anywhere | (mapped - {NOT_FOUND})

    check(server, cases, right)


def test_the_matrix_is_as_large_as_it_says() -> None:
    assert len(NAMES) >= 45
    assert min(len({request.label for request in variants.of_name(name)}) for name in NAMES) >= 32
    assert len(GLOBALS) >= 64
    assert len(set(GLOBALS)) == len(GLOBALS)


def test_what_a_server_refuses_it_says_why(server: Stage) -> None:
    for (_, value), message in server.refused.items():
        assert len(value.encode()) > 1000, message
        assert "bytes" in message or "at most" in message
