"""`redirects verify`: an honest server passes, and every kind of lie is found and named."""

from __future__ import annotations

import asyncio
import errno
import json
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl import __version__, verify
from etl.addresses import Address, lookups, objection
from etl.load.redirects import CompileOptions, MapError, compile_all
from etl.progress import untold
from etl.routes import routes
from etl.servers import SERVERS, running
from etl.servers.base import free_port, program
from etl.settings import SettingsError
from etl.verify import connections, verdicts
from etl.verify.connections import Connection, NoAnswer, Server, Unreachable, origin
from etl.verify.plan import Plan, forms
from etl.verify.spellings import INJECTED, hostile, of_home, of_route, spellings, unknown
from etl.verify.survey import PICKED, survey
from etl.verify.verdicts import Fault, Tally
from tests import make
from tests.make import Outcome, Phases, Run, self_signed, skipping, spawn

Lie = Callable[["Handler"], bool]
"""Answers a request itself and returns True, or leaves it to the honest server."""

MAP = [
    ("id", "2019", "/pages/by-id/"),
    ("id", "7", "/pages/seven/"),
    ("id", "8", None),
    ("name", "2019", "/pages/by-name/"),
    ("name", "5% of A+B/C – Zoë's", "/pages/five/"),
    ("name", "Gone wells", None),
    ("name", "Seven wells", "/pages/seven/"),
    ("name", "ends in a slash/", "/pages/slash/"),
    ("name", "up/../down//and ... more", "/pages/up/"),
    ("path", "/posts/seven", "/pages/seven/"),
    ("path", "/posts/two words", "/pages/two/"),
]
PREFIXES = ("posts", "pages")


def write_map(folder: Path, rows: Sequence[tuple[str, str, str | None]] = MAP) -> Path:
    return make.write_map(folder / "redirects.jsonl", (((kind, value), target) for kind, value, target in rows))


@pytest.fixture
def map_file(tmp_path: Path) -> Path:
    return write_map(tmp_path)


# --- a server that can lie -----------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """Answers as the map says, by the reference of the project; what the test wants otherwise, it lies about."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Liar
    more: dict[str, str]

    def do_GET(self) -> None:
        target = self.requestline.split(" ")[1]
        self.server.asked.append((self.headers["Host"], target))
        self.more = {}
        if not self.server.lie(self):
            self.honest(target)

    def honest(self, target: str) -> None:
        meant = (address for address in lookups(target.encode("latin-1").decode()) if address in self.server.answers)
        found = next(meant, None)
        if found is not None:
            location = self.server.answers[found]
            self.say(410) if location is None else self.say(301, self.server.site + location)
        else:
            self.say(200 if target in self.server.answers.values() else 404)

    def say(self, status: int, location: str | None = None, body: bytes = b"a page\n") -> None:
        self.send_response(status)
        for name, value in self.more.items():
            self.send_header(name, value)
        if location is not None:
            self.send_header("Location", location)
        if "Transfer-Encoding" not in self.more:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> bool:
        """Closes the connection without a word."""
        self.close_connection = True
        return True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the library
        pass


class Liar(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # with the default of 5 some of our connections would wait for a second

    def __init__(self, lie: Lie) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lie = lie
        self.answers = {Address(kind, value): target for kind, value, target in MAP}  # type: ignore[arg-type]  # kinds, as texts
        self.asked: list[tuple[str, str]] = []
        self.site = ""
        self.released = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


def honest(_: Handler) -> bool:
    return False


@contextmanager
def serving(lie: Lie = honest) -> Iterator[Liar]:
    with Liar(lie) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


def plan(server: Liar, map_file: Path, **more: Any) -> Plan:
    return Plan(server.address, map_file, path_prefixes=PREFIXES, **more)


def causes(lie: Lie, map_file: Path, **more: Any) -> dict[str, int]:
    with serving(lie) as server:
        tally = verify.verify(plan(server, map_file, **more))
    assert tally.status == (1 if tally.causes else 0)
    return dict(tally.causes)


# --- what is asked -------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
names = texts.map(lambda text: Address("name", text)).filter(lambda address: objection(address) is None)
paths = texts.map(lambda text: Address("path", "/" + text)).filter(lambda address: objection(address) is None)
ids = st.integers(min_value=1, max_value=10**9).map(lambda number: Address("id", str(number)))


@given(st.one_of(names, ids), st.sampled_from(["/", "/wiki", "/old/wiki/"]))
@example(Address("name", "&"), "/")  # written in one way only, wherever a blank or a letter could be in two
def test_names_and_ids_have_five_spellings_or_more_that_ask_for_them(address: Address, legacy_base: str) -> None:
    found = list(spellings(address, legacy_base))
    assert len({spelling.target for spelling in found}) == len(found) >= 5
    for spelling in found:
        assert address in lookups(spelling.target, legacy_base) == spelling.meanings
        assert not set(" \r\n\0") & set(spelling.target)


@given(paths)
@example(Address("path", "/`"))  # each of its bytes must be encoded, and its code has no letter
def test_paths_have_four_spellings_or_more_that_ask_for_them(address: Address) -> None:
    found = list(spellings(address))
    assert len({spelling.target for spelling in found}) == len(found) >= 4
    assert all(address in lookups(spelling.target) for spelling in found)


def test_a_name_is_asked_for_in_these_spellings() -> None:
    found = {spelling.form: spelling.target for spelling in spellings(Address("name", "Zoë's A+B C/D – E"))}
    assert found == {
        "plus": "/Zo%C3%AB%27s+A%2BB+C%2FD+%E2%80%93+E",
        "percent-20": "/Zo%C3%AB's%20A%2BB%20C/D%20%E2%80%93%20E",
        "mixed": "/Zo%C3%AB%27s+A%2BB%20C%2FD+%E2%80%93%20E",
        "every-byte": "/%5A%6F%C3%AB%27%73%20%41%2B%42%20%43%2F%44%20%E2%80%93%20%45",
        "lower-hex": "/%5a%6f%c3%ab%27%73%20%41%2b%42%20%43%2f%44%20%e2%80%93%20%45",
        "trailing-slash": "/Zo%C3%AB%27s+A%2BB+C%2FD+%E2%80%93+E/",
        "tracking": "/Zo%C3%AB%27s+A%2BB+C%2FD+%E2%80%93+E?utm_source=wiki-etl&utm_medium=redirects+verify",
        "decomposed": "/Zoe%CC%88%27s+A%2BB+C%2FD+%E2%80%93+E",
        "raw": "/Zoë%27s%20A%2BB%20C%2FD%20–%20E",
        "page": "/tiki-index.php?page=Zo%C3%AB%27s+A%2BB+C%2FD+%E2%80%93+E",
        "page-percent-20": (
            "/tiki-index.php?bl=y&page=Zo%C3%AB%27s%20A%2BB%20C%2FD%20%E2%80%93%20E&sort_mode=created_desc"
        ),
    }


def test_what_has_one_spelling_is_asked_for_once() -> None:
    ascii_ = {spelling.form for spelling in spellings(Address("name", "Zoe's wells"))}
    assert "raw" not in ascii_, "it would be one more way to write a name that has no letter to be left as it is"
    lower = {spelling.form: spelling.target for spelling in spellings(Address("path", "/posts//seven"))}["lower-hex"]
    assert lower == "/%70%6f%73%74%73//%73%65%76%65%6e"


@given(st.lists(st.one_of(names, ids, paths), max_size=3))
def test_no_negative_asks_for_what_it_was_made_from(known: list[Address]) -> None:
    for spelling in [*unknown(known, PREFIXES), *hostile(known)]:
        assert not set(" \r\n\0") & set(spelling.target)
        assert not set(known) & set(spelling.meanings)


def test_what_is_invented_asks_for_each_kind_of_address_and_comes_close_to_what_is_known() -> None:
    known = [Address("name", "A & B/C"), Address("id", "7"), Address("path", "/posts/a")]
    asked = [(spelling.form, spelling.target) for spelling in unknown(known, ["posts"], "/wiki")]
    nobody, number, name = "wiki-etl-redirects-verify-unknown", "999999999999", "A%20%26%20B"
    assert asked == [
        ("invented", f"/wiki/{nobody}"),
        ("invented", f"/wiki/{nobody}+page/"),
        ("invented", f"/wiki/tiki-index.php?page={nobody}"),
        ("invented", f"/wiki/{number}"),
        ("invented", f"/wiki/tiki-index.php?page_id={number}"),
        ("invented", f"/posts/{nobody}"),
        ("longer", f"/wiki/{name}/C-{nobody}"),
        ("below", f"/wiki/{name}/C/{nobody}"),
        ("encoded-twice", "/wiki/A%2520%2526%2520B%252FC"),
        ("page-longer", f"/wiki/tiki-index.php?page=A+%26+B%2FC+{nobody}"),
        ("longer", f"/wiki/7-{nobody}"),
        ("below", f"/wiki/7/{nobody}"),
        ("longer", f"/posts/a-{nobody}"),
        ("below", f"/posts/a/{nobody}"),
        ("encoded-twice", "/posts%252Fa"),
    ]


def test_attacks_of_every_kind_go_to_the_folder_of_the_old_wiki_and_to_its_names() -> None:
    attacks = [*hostile([Address("id", "7"), Address("name", "A & B")], "/wiki")]
    kinds = "open-redirect line-break traversal bad-encoding variables long nul parameter"
    assert {spelling.form for spelling in attacks} == set(kinds.split())
    asked = {spelling.target for spelling in attacks}
    assert {"/wiki/%zz", "/wiki/tiki-index.php?page=%ff"} < asked
    assert {"/wiki/A+%26+B%00", "/wiki/tiki-index.php?page=A+%26+B%00"} < asked
    assert {"/wiki/tiki-index.php%3Fpage_id=7&", "/wiki/x>/x>https:/wiki-etl-verify.invalid"} < asked
    assert not {"/wiki/7%00", "/wiki/tiki-index.php?page=7%00"} & asked
    assert not any("@" in target for target in asked)


def test_what_is_no_page_says_what_a_server_looks_up_for_it() -> None:
    known, settings = [Address("name", "A & B")], routes({"search": "/find/", "calendar": "gone"}, "/wiki")
    of_settings = [*of_home("/wiki"), *(spelling for route in settings for spelling in of_route(route, "/wiki"))]
    for spelling in [*unknown(known, PREFIXES, "/wiki"), *hostile(known, "/wiki"), *of_settings]:
        assert spelling.meanings == lookups(spelling.target, "/wiki")


def test_no_part_of_the_work_is_silent(map_file: Path) -> None:
    """To read a large map takes longer than people look at nothing."""
    phases = Phases()
    with serving() as server:
        verify.verify(plan(server, map_file, progress=phases.told))
    assert phases == ["map", "redirects"]


def test_a_request_target_goes_out_as_it_is(map_file: Path) -> None:
    with serving() as server:
        verify.verify(plan(server, map_file, hostile=True))
        asked = {target.encode("latin-1").decode() for _, target in server.asked}
    assert "/%35%25%20%6F%66%20%41%2B%42%2F%43%20%E2%80%93%20%5A%6F%C3%AB%27%73" in asked
    assert "/5%25%20of%20A%2BB%2FC%20–%20Zoë%27s" in asked
    assert {"/../../../../etc/passwd", "//wiki-etl-verify.invalid/", "/%zz"} <= asked


# --- who passes ----------------------------------------------------------------------------


def test_an_honest_server_passes(map_file: Path) -> None:
    with serving() as server:
        tally = verify.verify(plan(server, map_file, hostile=True))
        asked = [target for _, target in server.asked]
    assert tally.status == 0
    assert tally.requests == len(asked)
    assert {group for group, _ in tally.asked} == {"name", "id", "path", "target", "unknown", "hostile"}
    assert tally.asked["target", "page"] == 7
    assert asked.count("/2019") == 2, "once as a name, once as an id: the name answers both"


@pytest.mark.parametrize(
    "lie",
    [
        lambda handler: setattr(handler, "protocol_version", "HTTP/1.0"),
        lambda handler: setattr(handler, "close_connection", True),
        lambda handler: handler.more.update(Connection="close"),
        lambda handler: handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    ],
    ids=["HTTP/1.0", "closes after each answer", "says close", "early hints"],
)
def test_a_connection_that_ends_is_opened_again(lie: Callable[[Handler], Any], map_file: Path) -> None:
    assert causes(lambda handler: bool(lie(handler)) and False, map_file) == {}


def test_bodies_of_every_kind_are_skipped(map_file: Path) -> None:
    chunks = b"5;x=y\r\nHTTP/\r\n" * 3 + b"0\r\nTrailer: x\r\n\r\n"

    def lie(handler: Handler) -> bool:
        if "unknown" in handler.path:
            handler.more["Transfer-Encoding"] = "chunked"
            handler.say(404, body=chunks)
        elif "pages/seven" in handler.path:
            handler.say(200, body=b"HTTP/1.1 404 no\r\n\r\n" * 50_000)
        else:
            return False
        return True

    assert causes(lie, map_file) == {}


def test_the_map_may_be_a_sample_the_same_each_time(tmp_path: Path) -> None:
    rows = [("name", f"Well number {number}", f"/pages/well-{number}/") for number in range(200)]
    map_file = write_map(tmp_path, rows)
    asked = []
    for sample in ("20", "20", "50", "10%"):
        with serving() as server:
            server.answers = {Address("name", value): target for _, value, target in rows}
            tally = verify.verify(plan(server, map_file, sample=sample, forms=frozenset({"plus"})))
            asked.append({target for _, target in server.asked if target.startswith("/Well+number+")})
            asked[-1] -= {target for target in asked[-1] if "unknown" in target}
            assert tally.status == 0
    assert asked[0] == asked[1] < asked[2]
    assert [len(names) for names in asked[:3]] == [20, 20, 50]
    assert 5 < len(asked[3]) < 40


# --- who does not --------------------------------------------------------------------------


def for_(words: str, *answer: Any) -> Lie:
    """Answers requests whose target holds the words."""

    def lie(handler: Handler) -> bool:
        if words not in handler.path or "unknown" in handler.path:
            return False
        handler.say(*answer)
        return True

    return lie


def test_a_wrong_target_is_found(map_file: Path) -> None:
    with serving(for_("/Seven+wells", 301, "/pages/eight/")) as server:
        tally = verify.verify(plan(server, map_file))
    assert tally.causes == {"wrong target": 3}
    assert tally.wrong.total() == tally.failed == 3
    found = [fault[1:] for fault in tally.faults["wrong target"]]  # in the order in which the answers came
    assert ("name", "plus", "", "/Seven+wells", "301 /pages/seven/", "301 /pages/eight/") in found


@pytest.mark.parametrize("location", ["//evil.invalid/pages/seven/", "/pages/seven", "/pages/Seven/", "seven/", ""])
def test_a_location_is_compared_whole(location: str, map_file: Path) -> None:
    assert causes(for_("/Seven+wells", 301, location), map_file) == {"wrong target": 3}


@pytest.mark.parametrize("location", ["http://[::1/pages/", "http://new.example:x/", "http://10.0.0.1:99999/"])
def test_a_location_that_is_no_address_is_a_wrong_target(location: str, map_file: Path) -> None:
    assert causes(for_("/Seven+wells", 301, location), map_file) == {"wrong target": 3}


def test_a_redirect_to_itself_is_found(map_file: Path) -> None:
    assert causes(for_("/posts/seven", 301, "/posts/seven"), map_file) == {"wrong target": 4}


def test_a_chain_is_told_from_a_wrong_target(map_file: Path) -> None:
    def lie(handler: Handler) -> bool:
        return for_("/Seven+wells", 301, "/hop")(handler) or for_("/hop", 301, "/posts/seven")(handler)

    with serving(lie) as server:
        assert verify.verify(plan(server, map_file, connections=1)).causes == {"chain": 3}
    assert [target for _, target in server.asked].count("/hop") == 1, "where it leads is known then"


@pytest.mark.parametrize("location", ["http://other.example/hop", "/hop on", "/hop\xe9", "/hop\x7f"])
def test_a_chain_is_followed_on_this_server_alone_and_as_far_as_a_request_can_be_sent(
    location: str, map_file: Path
) -> None:
    with serving(for_("/Seven+wells", 301, location)) as server:
        assert verify.verify(plan(server, map_file)).causes == {"wrong target": 3}
    assert [target for _, target in server.asked if "hop" in target] == []


def test_a_chain_that_breaks_off_is_a_wrong_target(map_file: Path) -> None:
    def lie(handler: Handler) -> bool:
        return for_("/Seven+wells", 301, "/hop")(handler) or (handler.path == "/hop" and handler.hang_up())

    assert causes(lie, map_file) == {"wrong target": 3}


def test_a_target_that_redirects_is_a_chain(map_file: Path) -> None:
    assert causes(for_("/pages/seven/", 301, "/pages/seven/index.html"), map_file) == {"chain": 1}


def test_a_target_that_is_not_there_is_a_note_or_a_fault(map_file: Path, run: Run) -> None:
    with serving(for_("/pages/seven/", 404)) as server:
        noted = run("redirects", "verify", "--base-url", server.address, "--map", map_file)
        counted = run("redirects", "verify", "--base-url", server.address, "--map", map_file, "--strict-targets")
        words = ["--base-url", server.address, "--map", map_file, "--format", "json"]
        facts = [json.loads(run("redirects", "verify", *words, *more).out) for more in ([], ["--strict-targets"])]
    assert [(each["targets_missing"], each["targets_asked"], each["wrong"]) for each in facts] == [
        (1, True, 0),
        (1, True, 1),
    ]
    assert (noted.status, counted.status) == (0, 1)
    assert "note: 1 targets do not answer 200\n    target, page: GET /pages/seven/ -> 404" in noted.out
    assert "target missing: 1" in counted.out


@pytest.mark.parametrize(
    ("words", "answer", "found"),
    [
        ("/Seven+wells", (404,), {"no redirect": 3}),
        ("/Seven+wells", (200,), {"no redirect": 3}),
        ("/Seven+wells", (301,), {"no redirect": 3}),
        ("/Seven+wells", (201, "/pages/seven/"), {"no redirect": 3}),
        ("/Seven%20wells", (404,), {"no redirect": 1}),
        ("/%53%65%76%65%6E", (404,), {"no redirect": 1}),
        ("page=Seven+wells", (404,), {"no redirect": 1}),
        ("page_id=7", (404,), {"no redirect": 2}),
        ("/Seven+wells", (302, "/pages/seven/"), {"wrong status": 3}),
        ("/Seven+wells", (503,), {"server error": 3}),
        ("/Gone+wells", (301, "/"), {"not gone": 3}),
        ("/8", (404,), {"not gone": 3}),
    ],
)
def test_a_wrong_status_is_found(words: str, answer: tuple[Any, ...], found: dict[str, int], map_file: Path) -> None:
    with serving(for_(words, *answer)) as server:
        tally = verify.verify(plan(server, map_file))
    assert tally.causes == found
    (faults,) = tally.faults.values()
    assert {fault.got for fault in faults} == {" ".join(map(str, answer))}
    assert {fault.right for fault in faults} == {"410" if "not gone" in found else "301 /pages/seven/"}


def test_a_server_that_answers_everything_with_a_page_is_found(map_file: Path) -> None:
    def lie(handler: Handler) -> bool:
        handler.say(200)
        return True

    found = causes(lie, map_file)
    assert found.keys() == {"no redirect", "not gone", "known after all"}


def test_an_unknown_address_that_goes_home_is_found(map_file: Path) -> None:
    def lie(handler: Handler) -> bool:
        if "unknown" in handler.path:
            handler.say(503) if "seven" in handler.path else handler.say(302, "/")
        return "unknown" in handler.path

    assert causes(lie, map_file).keys() == {"known after all", "server error"}


def test_a_name_in_another_case_is_not_taken_for_unknown(tmp_path: Path) -> None:
    known = "Wiki-Etl-Redirects-Verify-UNKNOWN"
    map_file = write_map(tmp_path, [("name", known, "/pages/x/")])
    with serving() as server:
        server.answers = {Address("name", known): "/pages/x/"}
        verify.verify(plan(server, map_file))
        assert known.lower() not in {target.strip("/") for _, target in server.asked}


def test_a_dropped_connection_is_found(map_file: Path) -> None:
    def lie(handler: Handler) -> bool:
        if "/posts/seven" in handler.path and "unknown" not in handler.path:
            return handler.hang_up()
        return False

    assert causes(lie, map_file) == {"connection failed": 4}


def test_a_server_that_answers_no_more_is_given_up_and_one_that_drops_some_is_not(
    map_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "DEAD_AFTER", 2)

    def lie(handler: Handler) -> bool:
        return "utm_source" in handler.path and handler.hang_up()

    assert causes(lie, map_file, connections=1) == {"connection failed": len(MAP)}
    with serving(Handler.hang_up) as server, pytest.raises(Unreachable, match="the last 2 requests were not answered"):
        verify.verify(plan(server, map_file, connections=1))


def test_an_answer_that_never_comes_is_found(map_file: Path) -> None:
    def lie(handler: Handler) -> bool:
        if "page_id=7" in handler.path:
            handler.server.released.wait(10)
            return handler.hang_up()
        return False

    assert causes(lie, map_file, timeout=2) == {"timed out": 2}


def test_an_answer_that_is_no_http_is_found(map_file: Path) -> None:
    def lie(handler: Handler) -> bool:
        if handler.path == "/7":
            handler.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
            return handler.hang_up()
        if handler.path == "/8":
            handler.more["X-Endless"] = "x" * (1 << 17)
        return False

    assert causes(lie, map_file) == {"no HTTP": 2}


def test_hostile_input_that_is_let_in_is_found(map_file: Path) -> None:
    def lie(handler: Handler) -> bool:
        if "%0d%0a" in handler.path:
            handler.more[INJECTED] = "yes"
            handler.say(404)
        elif handler.path.startswith(("//wiki-etl", "/%2F%2F")):
            handler.say(301, "//wiki-etl-verify.invalid/")
        elif "etc" in handler.path:
            handler.say(200)
        else:
            return False
        return True

    assert causes(lie, map_file) == {}
    with serving(lie) as server:
        tally = verify.verify(plan(server, map_file, hostile=True))
    assert tally.causes.keys() == {"unsafe answer"}
    assert {fault.right for fault in tally.faults["unsafe answer"]} == {"a status from 400 to 499, or none"}
    assert {form for group, form in tally.wrong if group == "hostile"} == {"open-redirect", "line-break", "traversal"}


def test_hostile_input_may_be_answered_by_hanging_up(map_file: Path) -> None:
    def lie(handler: Handler) -> bool:
        if "%00" in handler.path or len(handler.path) > 6000:
            return handler.hang_up()
        return False

    assert causes(lie, map_file, hostile=True) == {}


# --- deployments as they are ---------------------------------------------------------------


def test_absolute_targets_are_compared_with_the_site(map_file: Path) -> None:
    with serving() as server:
        server.site = "https://new.example"
        right = verify.verify(plan(server, map_file, site="https://New.example:443/"))
        wrong = verify.verify(plan(server, map_file, site="https://other.example"))
        without = verify.verify(plan(server, map_file))
        server.site = server.address
        own = verify.verify(plan(server, map_file))
        named = verify.verify(plan(server, map_file, site=server.address))
        server.site = ""
        relative = verify.verify(plan(server, map_file, site="https://new.example"))
    assert (right.status, right.elsewhere) == (0, True)
    assert json.loads(verdicts.as_json(right))["targets_asked"] is False
    assert all(fault.right.startswith("301 https://other.example/pages/") for fault in wrong.faults["wrong target"])
    assert wrong.causes.keys() == without.causes.keys() == relative.causes.keys() == {"wrong target"}
    assert (own.status, named.status, named.elsewhere) == (0, 0, False)


def test_another_status_may_be_right(map_file: Path) -> None:
    def lie(handler: Handler) -> bool:
        handler.say = lambda status, *rest: Handler.say(  # type: ignore[method-assign]
            handler, 308 if status == 301 else status, *rest
        )
        return False

    assert causes(lie, map_file, status=308) == {}
    assert causes(lie, map_file).keys() == {"wrong status"}


def test_every_host_is_asked_for_everything(map_file: Path) -> None:
    with serving() as server:
        tally = verify.verify(plan(server, map_file, hosts=("www.old.example", "old.example:8080")))
        asked: dict[str, set[str]] = {}
        for host, target in server.asked:
            asked.setdefault(host, set()).add(target)
        own = verify.verify(plan(server, map_file, hosts=("old.example",), site="http://old.example"))
    assert tally.status == 0
    assert asked.keys() == {"www.old.example", "old.example:8080"}
    assert not own.elsewhere, "the site is the host that is asked for, wherever that is"
    assert asked["www.old.example"] == asked["old.example:8080"]


def test_a_host_that_goes_elsewhere_is_found(map_file: Path) -> None:
    def lie(handler: Handler) -> bool:
        if handler.headers["Host"] == "b.example" and handler.path == "/7":
            handler.say(301, "/pages/eight/")
            return True
        return False

    with serving(lie) as server:
        tally = verify.verify(plan(server, map_file, hosts=("a.example", "b.example")))
    assert [fault.host for fault in tally.faults["wrong target"]] == ["b.example"]
    assert "GET /7 (Host b.example) -> 301 /pages/eight/" in verdicts.text(tally)


def test_the_old_wiki_may_have_lived_in_a_folder(tmp_path: Path) -> None:
    map_file = write_map(tmp_path, [("id", "7", "/pages/seven/"), ("path", "/posts/x", "/pages/x/")])

    def lie(handler: Handler) -> bool:
        meant = lookups(handler.path, "/wiki")
        answers = {Address("id", "7"): "/pages/seven/", Address("path", "/posts/x"): "/pages/x/"}
        found = next((answers[address] for address in meant if address in answers), None)
        handler.say(301, found) if found else handler.say(200 if handler.path in answers.values() else 404)
        return True

    assert causes(lie, map_file, legacy_base="/wiki/") == {}
    assert causes(lie, map_file).keys() == {"no redirect"}


@pytest.mark.parametrize(("named", "asked"), [("Old.example", "old.example"), ("Zoë.example", "xn--zo-ija.example")])
def test_a_name_may_be_resolved_by_hand(named: str, asked: str, map_file: Path, run: Run) -> None:
    with serving() as server:
        port = server.server_address[1]
        place = f"--base-url http://{named}:{port} --resolve {named}:{port}:127.0.0.1".split()
        assert run("redirects", "verify", *place, "--map", map_file).status == 0
        assert {host for host, _ in server.asked} == {f"{asked}:{port}"}


def test_https_is_verified(map_file: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file, context = self_signed(tmp_path, "DNS:old.example")
    with serving() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        port = server.server_address[1]
        words = ["redirects", "verify", "--map", map_file, "--sample", "3", "--connections", "1"]
        named = [*words, "--base-url", f"https://old.example:{port}", "--resolve", f"old.example:{port}:127.0.0.1"]
        connections._context.cache_clear()
        refused = run(*named)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        connections._context.cache_clear()
        trusted = run(*named)
        other = run(*words, "--base-url", f"https://localhost:{port}")
        told = run(*words, "--base-url", f"https://localhost:{port}", "--from", "old.example:8443")
        connections._context.cache_clear()
    assert refused.status == other.status == 3
    assert "certificate is not trusted: self" in refused.err
    assert "certificate is not trusted: Hostname mismatch" in other.err
    assert (trusted.status, told.status) == (0, 0)


# --- going on, giving up -------------------------------------------------------------------


def test_a_verification_goes_on_where_it_stopped(
    map_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "CHUNK", 3)
    monkeypatch.setattr(verify, "DEAD_AFTER", 5)
    resume = tmp_path / "progress.json"
    first = for_("/Seven+wells", 301, "/pages/eight/")

    def dies(handler: Handler) -> bool:
        if "/posts/" in handler.path:
            handler.server.lie = Handler.hang_up
        return handler.server.lie(handler) if handler.server.lie is not dies else first(handler)

    with serving(dies) as server:
        plan_ = plan(server, map_file, resume=resume, connections=1)
        whole = replace(plan_, resume=None)
        with pytest.raises(Unreachable, match=r"were not answered \(connection failed\).*goes on from there"):
            verify.verify(plan_)
        assert resume.is_file()
        server.asked.clear()
        server.lie = first
        went_on = verify.verify(plan_)
        second = len(server.asked)
        assert not resume.exists()
        at_once = verify.verify(whole)
        assert (went_on.causes, went_on.asked) == (at_once.causes, at_once.asked)
        assert second < at_once.requests
        assert went_on.faults == at_once.faults
        for form, said in verdicts.REPORTS.items():
            assert said(went_on) == said(at_once), form


def test_several_hosts_go_on_where_they_stopped(
    map_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "CHUNK", 3)
    monkeypatch.setattr(verify, "DEAD_AFTER", 5)
    whole: dict[str, Any] = {"hosts": ("a.example", "b.example"), "connections": 1}

    def dies(handler: Handler) -> bool:
        if handler.headers["Host"] == "b.example" and "page_id=8" in handler.path:
            handler.server.lie = Handler.hang_up
            return handler.hang_up()
        return False

    with serving(dies) as server:
        stopped = plan(server, map_file, resume=tmp_path / "progress.json", **whole)
        with pytest.raises(Unreachable):
            verify.verify(stopped)
        server.lie = honest
        server.asked.clear()
        went_on = verify.verify(stopped)
        assert {host for host, _ in server.asked} == {"b.example"}
        assert went_on.asked == verify.verify(plan(server, map_file, **whole)).asked


def test_an_interrupt_is_status_130_and_keeps_the_progress(tmp_path: Path) -> None:
    rows = [("id", str(number), f"/pages/{number}/") for number in range(1, verify.CHUNK + 100)]
    map_file, resume, reached = write_map(tmp_path, rows), tmp_path / "progress.json", threading.Event()

    def stalls(handler: Handler) -> bool:
        if not resume.exists():
            return False
        reached.set()
        handler.server.released.wait(30)
        return handler.hang_up()

    with serving(stalls) as server:
        server.answers = {Address("id", value): target for _, value, target in rows}
        place = ["--base-url", server.address, "--map", map_file, "--spelling", "plain", "--resume", resume]
        with spawn("redirects", "verify", *place) as process:
            assert reached.wait(60)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.startswith("interrupted")
    kept = json.loads(resume.read_text())
    assert next(iter(kept.values()))["entries"] == verify.CHUNK


def test_what_is_kept_is_all_that_was_found(tmp_path: Path) -> None:
    tally = Tally({"base_url": "http://old.example"}, 10, tmp_path / "place")
    tally.host, tally.entries, tally.elsewhere = 1, 2, True
    wrong = Fault("chain", "name", "plus", "", "/A", "301 /a/", "301 /b/")
    for fault in (None, wrong, wrong):
        tally.count("name", "plus", fault)
    tally.count("target", "page", wrong._replace(cause=verdicts.NOTED), noted=True)
    tally.save()
    assert vars(Tally.begun(tmp_path / "place", tally.identity, 10)) == vars(tally)


def test_what_was_kept_stays_when_it_cannot_be_kept_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally({}, 10, place := tmp_path / "place")
    tally.save()
    before, tally.entries = place.read_bytes(), 2000
    monkeypatch.setattr("os.fsync", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tally.save()
    assert place.read_bytes() == before


def test_what_is_kept_of_another_verification_is_refused(map_file: Path, tmp_path: Path, run: Run) -> None:
    place = tmp_path / "place"
    Tally({"base_url": "http://other.example", "map_digest": "0"}, 10, place).save()
    junk = ["", "[]", "{}", '{"redirects verify 1": {}}', '{"redirects verify 1": {"identity": []}}']
    for text, words in (
        (place.read_text(), "another verification (base_url, map_digest"),
        *((text, "no file of this command") for text in junk),
    ):
        place.write_text(text)
        outcome = run("redirects", "verify", "--base-url", "http://127.0.0.1:9", "--map", map_file, "--resume", place)
        assert outcome.status == 2
        assert words in outcome.err


@pytest.mark.parametrize(("sample", "chosen"), [(None, 200), ("20", 20), ("1000", 200), ("10%", None), ("100%", 200)])
def test_a_survey_counts_what_there_is_to_ask(sample: str | None, chosen: int | None, tmp_path: Path) -> None:
    rows = [("name", f"Well {number}", f"/pages/{number}/") for number in range(197)]
    rows += [("id", "7", "/pages/7/"), ("id", "8", "/pages/8/"), ("path", "/posts/seven", "/pages/7/")]
    found = survey(Plan("http://127.0.0.1:9", write_map(tmp_path, rows), sample=sample))
    assert found.entries == 200
    assert found.chosen == sum(1 for _ in found.sample()) == (chosen or found.chosen)
    assert Counter(address.kind for address in found.picked) == {"name": PICKED, "id": 2, "path": 1}
    assert {address for address in found.picked if address.kind != "name"} == {
        ("id", "7"),
        ("id", "8"),
        ("path", "/posts/seven"),
    }


def test_the_flags_of_verify_say_what_is_asked(
    map_file: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[Plan] = []

    def asked(plan: Plan) -> Tally:
        plans.append(plan)
        return Tally(plan.identity(""), plan.examples)

    monkeypatch.setattr("etl.verify.verify", asked)
    config, place = tmp_path / "wiki-etl.toml", tmp_path / "place"
    config.write_text(
        'legacy_base = "/wiki"\npath_prefixes = ["posts"]\nhome = "Front page"\nstatus = 302\n'
        'hosts = ["old.example"]\nsite = "https://one.example"\nroutes = {search = "/find/"}\n'
    )
    words = ["redirects", "verify", "--base-url", "http://127.0.0.1:9", "--map", map_file, "--config", config]
    assert run(*words).status == 0
    flags = "--status 308 --sample 5% --spelling plus --hostile --strict-targets --rate 0 --connections 3 --timeout 0"
    more = f"--site https://two.example --resolve old.example:80:127.0.0.1 --resume {place} --examples 4 --from"
    assert run(*words, *flags.split(), *more.split()).status == 0
    bare, full = (replace(plan, progress=untold, say=print) for plan in plans)
    assert bare == Plan(
        base_url="http://127.0.0.1:9",
        map_file=map_file,
        site="https://one.example",
        legacy_base="/wiki",
        path_prefixes=("posts",),
        home="Front page",
        routes=routes({"search": "/find/"}, "/wiki"),
        status=302,
        progress=untold,
        say=print,
    )
    assert full == replace(
        bare,
        hosts=("old.example",),
        site="https://two.example",
        status=308,
        sample="5%",
        forms=frozenset({"plus"}),
        hostile=True,
        strict_targets=True,
        rate=0.0,
        connections=3,
        timeout=0.0,
        resolve={("old.example", 80): "127.0.0.1"},
        resume=place,
        examples=4,
    )


def test_a_map_with_another_target_is_another_map(tmp_path: Path) -> None:
    """Or what was asked of the old one would count for the new one."""
    digests = set[str]()
    for target in ("/pages/seven/", "/pages/eight/", None):
        digests.add(survey(Plan("http://127.0.0.1:9", write_map(tmp_path, [("id", "7", target)]))).digest)
    assert len(digests) == 3


def test_a_server_that_is_not_there_is_status_3(map_file: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECT_DELAYS", (0.0, None))
    outcome = run("redirects", "verify", "--base-url", f"http://127.0.0.1:{free_port()}", "--map", map_file)
    assert outcome.status == 3
    assert outcome.err.startswith("error: http://127.0.0.1:")
    assert "Connection refused" in outcome.err


def test_a_request_is_sent_again_only_when_its_connection_was_idle() -> None:
    def lie(handler: Handler) -> bool:
        if len(handler.server.asked) % 3 == 0:
            return handler.hang_up()
        return False

    async def three(server: Liar) -> list[int]:
        connection = Connection(Server(origin(server.address)))
        try:
            return [(await connection.ask("/7")).status for _ in range(4)]
        finally:
            connection.close()

    with serving(lie) as server:
        assert asyncio.run(three(server)) == [301] * 4
    with serving(Handler.hang_up) as server, pytest.raises(NoAnswer):
        asyncio.run(three(server))
    assert len(server.asked) == connections.NEW_CONNECTIONS


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour", True),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfives", False),
        ("HTTP/1.1 200 OK\r\n\r\nfour", False),
        ("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 4\r\n\r\nfour", False),
        ("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nfour", False),
        ("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 4\r\n\r\nfour", True),
        ("HTTP/1.1 204 No Content\r\n\r\n", True),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", True),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0003;x=y\r\nfou\r\n1\r\nr\r\n0\r\nTrailer: x\r\n\r\n",
            True,
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n3\r\nves\r\n0\r\n\r\n", False),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: " + "x" * (1 << 17) + "\r\n\r\n", False),
    ],
    ids=lambda value: value[:80] if isinstance(value, str) else None,
)
def test_a_connection_is_kept_when_the_end_of_an_answer_is_known_and_near(
    answer: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LARGEST_BODY", 4)
    seen = []

    def lie(handler: Handler) -> bool:
        seen.append((handler.client_address, handler.headers["User-Agent"]))
        handler.wfile.write(answer.encode())
        return True

    async def twice(server: Liar) -> list[int]:
        connection = Connection(Server(origin(server.address), timeout=5))
        try:
            return [(await connection.ask("/7")).status for _ in range(2)]
        finally:
            connection.close()

    with serving(lie) as server:
        assert asyncio.run(twice(server)) == [int(answer[9:12])] * 2
    assert len({address for address, _ in seen}) == (1 if kept else 2)
    assert {agent for _, agent in seen} == {f"wiki-etl/{__version__}"}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError(), "no connection in time"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 9)"), "Connection refused"),
        (OSError("Multiple exceptions: refused, refused"), "Multiple exceptions: refused, refused"),
    ],
)
def test_why_there_is_no_connection_is_told_in_words(error: OSError, said: str) -> None:
    assert connections._reason(error) == said


def test_requests_to_another_machine_are_paced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Server(origin("https://old.example")).is_loopback
    assert Server(origin("http://127.0.0.1:8080")).is_loopback
    assert Server(origin("http://localhost")).is_loopback
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def turns() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 100.0)
        monkeypatch.setattr(asyncio, "sleep", sleep)
        for pace in (verify._Pace(10.0), verify._Pace(0.0)):
            for _ in range(3):
                await pace.turn()

    asyncio.run(turns())
    assert slept == pytest.approx([0.0, 0.1, 0.2])


def test_every_request_waits_for_its_turn(map_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = []

    async def turn(_: verify._Pace) -> None:
        turns.append(1)

    monkeypatch.setattr(verify._Pace, "turn", turn)
    with serving() as server:
        assert verify.verify(plan(server, map_file)).requests == len(turns)


def test_how_long_a_slow_verification_takes_is_said_before(map_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECT_DELAYS", (None,))  # nobody is there
    said: list[str] = []
    slow = Plan(f"http://127.0.0.1:{free_port()}", map_file, rate=0.1, say=said.append)
    some = replace(slow, forms=frozenset({"plus"}), hosts=("a.example", "b.example", "c.example"))
    for plan_ in (slow, some, replace(slow, rate=0.0)):
        with pytest.raises(Unreachable):
            verify.verify(plan_)
    asked = f"{len(MAP)} addresses at 0.1 requests a second take about"
    assert [line.partition(" minutes; ")[0] for line in said] == [f"{asked} 15", f"{asked} 6"]


# --- the command ---------------------------------------------------------------------------


def test_text_json_and_junit_say_the_same(map_file: Path, run: Run) -> None:
    with serving(for_("/Seven+wells", 301, "/\x1b[31mred")) as server:
        words = ["redirects", "verify", "--base-url", server.address, "--map", map_file, "--examples", 2]
        outcomes = {form: run(*words, "--format", form) for form in ("text", "json", "junit")}
    assert {outcome.status for outcome in outcomes.values()} == {1}
    assert not any("\x1b" in outcome.out + outcome.err for outcome in outcomes.values())
    assert "wrong target: 3" in outcomes["text"].out
    assert "… and 1 more" in outcomes["text"].out
    facts = json.loads(outcomes["json"].out)
    assert (facts["wrong"], facts["causes"], len(facts["examples"])) == (3, {"wrong target": 3}, 2)
    suite = ET.fromstring(outcomes["junit"].out)
    failed = {case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None}
    assert failed == {form["form"] for form in facts["forms"] if form["wrong"]}
    told = "\n".join(failure.text or "" for failure in suite.iter("failure"))
    assert told.count("wrong target: ") == len(facts["examples"]), "what the others give as examples"
    assert int(suite.get("failures", 0)) == len(failed)
    assert int(suite.get("tests", 0)) == len(facts["forms"]) == len(list(suite.iter("testcase")))


def test_people_read_what_was_asked_and_what_is_wrong() -> None:
    tally = Tally({"base_url": "http://old.example"}, 1)
    tally.count("name", "plus", None)
    tally.count("name", "page", None)
    tally.count("id", "plain", None)
    right = [
        "http://old.example: 3 requests",
        "  name               2  (plus 1, page 1)",
        "  id                 1  (plain 1)",
    ]
    assert verdicts.text(tally).split("\n") == [*right, "every answer is right"]
    fault = Fault("not gone", "id", "plain", "www.old.example", "/" + "7" * 300, "410", "404")
    for cause in ("wrong target", "not gone", "not gone"):
        tally.count("id", "plain", fault._replace(cause=cause))
    tally.count("target", "plain", Fault("target missing", "target", "plain", "", "/x/", "200", "404"), noted=True)
    tally.elsewhere = True
    said = f"    id, plain: GET /{'7' * 298}… (Host www.old.example) -> 404; right is 410"
    assert verdicts.text(tally).split("\n") == [
        "http://old.example: 7 requests",
        "  name               2  (plus 1, page 1)",
        "  id                 4  (plain 4)",
        "  target             1  (plain 1)",
        "WRONG: 3 answers",
        "  wrong target: 1  (a redirect to another place than the map says)",
        said,
        "  not gone: 2  (an address that is gone and is not answered 410)",
        said,
        "    … and 1 more",
        "note: 1 targets do not answer 200",
        "    target, plain: GET /x/ -> 404; right is 200",
        "note: the targets are of another server; whether they are there was not asked",
    ]


def test_quiet_says_nothing_when_all_is_right(map_file: Path, run: Run) -> None:
    with serving() as server:
        outcome = run("redirects", "verify", "--quiet", "--base-url", server.address, "--map", map_file.parent)
    assert outcome == Outcome(0, "", "")


@pytest.mark.parametrize(
    "words",
    [
        ["--base-url", "ftp://old.example"],
        ["--base-url", "http://old.example/wiki"],
        ["--base-url", "http://me:secret@old.example"],
        ["--base-url", "http://old.example:99999"],
        ["--base-url", "http://old..example"],
        ["--base-url", f"http://{'a' * 64}.example"],
        ["--base-url", "http:///wiki"],
        ["--base-url", "http://127.0.0.1:9", "--sample", "0"],
        ["--base-url", "http://127.0.0.1:9", "--sample", "200%"],
        ["--base-url", "http://127.0.0.1:9", "--spelling", "plush"],
        ["--base-url", "http://127.0.0.1:9", "--from", "old example"],
        ["--base-url", "http://127.0.0.1:9", "--from", "old.example:99999"],
        ["--base-url", "http://127.0.0.1:9", "--from", "[1]"],
        ["--base-url", "http://127.0.0.1:9", "--from", "zoë..example"],
        ["--base-url", "http://127.0.0.1:9", "--from"],
        ["--base-url", "http://127.0.0.1:9", "--resolve", "old.example:127.0.0.1"],
        ["--base-url", "http://127.0.0.1:9", "--resolve", "old.example:80:new..example"],
        ["--base-url", "http://127.0.0.1:9", "--rate", "-1"],
        ["--base-url", "http://127.0.0.1:9", "--status", "307"],
        ["--base-url", "http://127.0.0.1:9", "--site", "new.example"],
        [],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2(words: list[str], map_file: Path, run: Run) -> None:
    assert run("redirects", "verify", "--map", map_file, *words).status == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "https://old.example/"], "--from: 'https://old.example/' is no host name: write 'old.example'\n"),
        (["--from", "zoë..example"], "--from: 'zoë..example' is no host name\n"),
        (["--from", "old.example:99999"], "--from: 'old.example:99999' is no host name\n"),
        (["--from", "[::1"], "--from: '[::1' is no host name\n"),
        (["--resolve", "https://old.example:443:::1"], "--resolve: 'https://old.example:443:::1' is not of the form"),
        (["--site", "new.example"], "--site: should be: `https://` and the host of the new site"),
    ],
    ids=" ".join,
)
def test_a_mistake_in_a_flag_is_told_by_its_name(words: list[str], said: str, map_file: Path, run: Run) -> None:
    outcome = run("redirects", "verify", "--map", map_file, "--base-url", "http://127.0.0.1:9", *words, "--quiet")
    assert outcome.err.startswith(f"error: {said}")


def test_the_bare_flag_from_asks_for_the_hosts_of_the_settings(map_file: Path, tmp_path: Path, run: Run) -> None:
    config = tmp_path / "wiki-etl.toml"
    config.write_text('hosts = ["old.example", "www.old.example"]\n')
    with serving() as server:
        words = ["redirects", "verify", "--base-url", server.address, "--map", map_file, "--config", config]
        assert run(*words, "--from").status == 0
        assert {host for host, _ in server.asked} == {"old.example", "www.old.example"}


def test_a_map_that_breaks_its_contract_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    map_file = write_map(tmp_path, [("name", "..", "/x/")])
    with serving() as server:
        with pytest.raises(MapError, match="must not be in a map"):
            verify.verify(plan(server, map_file))
        assert server.asked == []


def test_an_unknown_form_is_named() -> None:
    with pytest.raises(SettingsError, match="'plush'; one of plus, percent-20"):
        forms(["plush"])


# --- a real server -------------------------------------------------------------------------


@pytest.fixture
def nginx() -> str:
    with skipping():
        program("nginx", "nginx")
    return "nginx"


def test_nginx_answers_every_spelling_and_no_attack(nginx: str, tmp_path: Path, run: Run) -> None:
    write_map(tmp_path)
    compile_all(tmp_path / "redirects.jsonl", tmp_path / "redirects", CompileOptions(), [nginx])
    with running(nginx, tmp_path) as (address, _):
        outcome = run("redirects", "verify", "--base-url", address, "--map", tmp_path, "--hostile")
    assert outcome.status == 0, outcome.out


@pytest.mark.parametrize("server", sorted(SERVERS))
@pytest.mark.parametrize("base", ["/", "/wiki"])
def test_what_the_settings_answer_is_asked_of_every_server(server: str, base: str, tmp_path: Path, run: Run) -> None:
    """As many requests as there are; the map comes before the settings; other settings are wrong answers."""
    rows = [("name", "Home", "/pages/home/"), ("name", "cat5", "/pages/cat/"), ("name", "Search Results", "/pages/s/")]
    write_map(tmp_path, rows)
    (tmp_path / "conf.toml").write_text(
        f'legacy_base = "{base}"\nhome = "Home"\n'
        '[routes]\ncategories = "/tags/"\nfiles = "gone"\nsearch = "/search/"\nprint = "/print/?q="\n'
    )
    config = ["--config", str(tmp_path / "conf.toml")]
    built = ["--map", str(tmp_path / "redirects.jsonl"), "--out", str(tmp_path / "redirects"), "--server", server]
    assert run("redirects", "build", *built, *config).status == 0
    asked = ["redirects", "verify", "--map", str(tmp_path / "redirects.jsonl"), "--format", "json", *config]
    with skipping(), running(server, tmp_path) as (address, _):
        honest = run(*asked, "--base-url", address.rstrip("/"))
        (tmp_path / "conf.toml").write_text(
            f'legacy_base = "{base}"\nhome = "cat5"\nroutes = {{categories = "/tags/", files = "/files/"}}\n'
        )
        other = run(*asked, "--base-url", address.rstrip("/"))
    assert honest.status == 0, honest.out
    forms = {(one["group"], one["form"]): one["requests"] for one in json.loads(honest.out)["forms"]}
    assert forms["home", "script"] == 2
    assert forms.get(("home", "folder"), 0) == (0 if base == "/" else 3)
    rows_of = routes(dict.fromkeys(("categories", "files", "search", "print"), "gone"), base)
    exact = [route for route in rows_of if route.kind == "exact" and not route.path.endswith("Search Results")]
    assert forms["route", "exact"] == 2 * len(exact)
    assert forms["route", "numbered"] == 2 * (len(rows_of) - len(exact) - 1)
    assert {one["group"] for one in json.loads(other.out)["forms"] if one["wrong"]} == {"home", "route"}


@pytest.mark.parametrize("server", sorted(SERVERS))
@pytest.mark.parametrize("end", ["", ".html", "/index.html"])
def test_a_page_of_the_new_site_may_be_no_folder(server: str, end: str, tmp_path: Path, run: Run) -> None:
    write_map(tmp_path, [("id", "7", f"/garden/wells{end}"), ("name", "Ponds", f"/ponds{end}")])
    compile_all(tmp_path / "redirects.jsonl", tmp_path / "redirects", CompileOptions(), [server])
    with skipping(), running(server, tmp_path) as (address, _):
        outcome = run("redirects", "verify", "--base-url", address, "--map", tmp_path, "--strict-targets")
    assert outcome.status == 0, outcome.out


def test_nginx_with_a_mistake_in_its_map_does_not_pass(nginx: str, tmp_path: Path, run: Run) -> None:
    write_map(tmp_path)
    compile_all(tmp_path / "redirects.jsonl", tmp_path / "redirects", CompileOptions(), [nginx])
    write_map(tmp_path, [*MAP, ("name", "Eighth well", "/pages/eight/")])
    with running(nginx, tmp_path) as (address, _):
        outcome = run("redirects", "verify", "--base-url", address, "--map", tmp_path, "--format", "json")
    assert outcome.status == 1
    assert json.loads(outcome.out)["causes"].keys() == {"no redirect"}
