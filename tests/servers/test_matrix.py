"""Every server answers every form of every name in the map right, over one connection, with the files as published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from etl.servers import SERVERS
from tests.servers import variants
from tests.servers.matrix import (
    GAPS,
    GLOBALS,
    IDS,
    MAP,
    NAMES,
    ORACLE,
    PATHS,
    asked,
    entry_answers,
    global_answers,
    parts,
    table,
)
from tests.servers.oracle import Answer
from tests.servers.stage import Stage, serving
from tests.servers.wire import Request


@pytest.fixture(scope="module", params=sorted(SERVERS))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with serving(str(request.param), tmp_path_factory.mktemp("generation"), MAP) as stage:
        yield stage


def check(server: Stage, requests: Iterable[Request], right: Callable[[Request], set[Answer]]) -> int:
    """Asks everything; fails with a table of what was wrong. The number of requests."""
    count, wrong = asked(server, requests, right)
    if wrong:
        pytest.fail(f"{server.name}: {len(wrong)} of {count} answers are wrong\n{table(wrong)}", pytrace=False)
    return count


def label(value: str) -> str:
    return ascii(value)[1:31]


@pytest.mark.parametrize("name", NAMES, ids=label)
def test_every_form_of_a_name_is_answered_right(server: Stage, name: str) -> None:
    assert check(server, variants.of_name(name), entry_answers(server, "name", name)) >= 32


@pytest.mark.parametrize("number", IDS[:2] + IDS[-2:])
def test_every_form_of_an_id_is_answered_right(server: Stage, number: str) -> None:
    assert check(server, variants.of_id(number), entry_answers(server, "id", number)) >= 32


@pytest.mark.parametrize("path", PATHS, ids=label)
def test_every_form_of_a_path_is_answered_right(server: Stage, path: str) -> None:
    assert check(server, variants.of_path(path), entry_answers(server, "path", path)) >= 32


def test_every_id_is_answered(server: Stage) -> None:
    requests = [Request("id", f"/{number}".encode()) for number in IDS]
    requests += [Request("page_id", f"/tiki-index.php?page_id={number}".encode()) for number in IDS]
    check(server, requests, lambda request: ORACLE.answers(request.target))


@pytest.mark.parametrize("kind", sorted({case.request.label for case in GLOBALS}))
def test_what_is_no_page_of_the_map_is_answered_as_none(server: Stage, kind: str) -> None:
    check(server, [case.request for case in GLOBALS if case.request.label == kind], global_answers(kind))


def test_what_a_server_refuses_it_says_why(server: Stage) -> None:
    for (_, value), message in server.refused.items():
        assert len(value.encode()) > 1000, message
        assert "bytes" in message or "at most" in message


def test_the_matrix_is_as_large_as_it_says(server: Stage) -> None:
    assert len(NAMES) >= 45
    assert min(len({request.label for request in variants.of_name(name)}) for name in NAMES) >= 32
    assert len(GLOBALS) >= 64
    assert len(set(GLOBALS)) == len(GLOBALS)
    assert sum(1 for _ in parts(server)) == len(MAP) + len({case.request.label for case in GLOBALS})


def test_what_servers_may_miss_is_about_servers_that_there_are() -> None:
    assert GAPS.keys() <= {"nginx", "apache", "haproxy", "caddy", "lighttpd"}
