"""Addresses: whatever a real server does, what comes is one version of its file, whole, or trouble with the source."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from etl.extract import remote
from etl.extract.trouble import SourceError
from tests.extract.test_bundle import PAGES, Scanned, tar_bytes, zip_bytes
from tests.make import Outcome, name, page, self_signed

Handler = http.server.BaseHTTPRequestHandler
Turn = Callable[[Handler], None]
"""How a server answers one request."""

TAG = '"v1"'
PIECE = 1 << 16
LETTERS = bytes(range(256)) * 1200
"""More than four pieces."""


# --- servers -------------------------------------------------------------------------------


class Server:
    """A server on loopback: the turns for a path one after the other, the last one for ever; what it was asked."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.turns: dict[str, list[Turn]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()

    def ranges(self) -> list[str | None]:
        return [headers.get("Range") for _, headers in self.asked]


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            running.asked.append((path, dict(self.headers.items())))
            turns = running.turns[path]
            (turns.pop(0) if len(turns) > 1 else turns[0])(self)
            self.close_connection = True

        def log_message(self, *_args: Any) -> None:
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: Any) -> None:
            """Clients leave in the middle: that is what these tests are for."""

    with Quiet(("127.0.0.1", 0), Answering) as listening:
        if context:
            listening.socket = context.wrap_socket(listening.socket, server_side=True)
        running = Server(f"http{'s' if context else ''}://127.0.0.1:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield running
        finally:
            running.closing.set()
            listening.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def answer(status: int = 200, body: bytes = b"", sent: int | None = None, **headers: str) -> Turn:
    """An answer with a length, of which as many bytes are sent as are said; ``_`` in a header's name stands for -."""

    def turn(handler: Handler) -> None:
        handler.send_response(status)
        given = {key.replace("_", "-"): value for key, value in headers.items()}
        for key, value in ({"Content-Length": str(len(body))} | given).items():
            handler.send_header(key, value)
        handler.end_headers()
        handler.wfile.write(body[:sent])

    return turn


def raw(data: bytes) -> Turn:
    """These bytes, whatever they are."""

    def turn(handler: Handler) -> None:
        handler.wfile.write(data)

    return turn


def part(body: bytes, sent: int | None = None, tag: str = TAG, **headers: str) -> Turn:
    """A file as a server sends it that knows ranges; the connection breaks off after so many bytes."""

    def turn(handler: Handler) -> None:
        asked, condition = handler.headers.get("Range"), handler.headers.get("If-Range")
        if asked is None or condition != tag:
            answer(200, body, sent, ETag=tag)(handler)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        content = f"bytes {start}-{len(body) - 1}/{len(body)}"
        answer(206, body[start:], sent, **{"ETag": tag, "Content_Range": content} | headers)(handler)

    return turn


def hanging(server: Server, turn: Turn) -> Turn:
    """A turn after which nothing comes and the connection stays."""

    def hang(handler: Handler) -> None:
        turn(handler)
        handler.wfile.flush()
        server.closing.wait(10)

    return hang


def dripping(server: Server, first: bytes, drop: bytes) -> Turn:
    """So many bytes, then a drop every now and then, far more often than any time-out."""

    def drip(handler: Handler) -> None:
        handler.wfile.write(first)
        while not server.closing.wait(0.02):
            handler.wfile.write(drop)

    return drip


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that would have been made."""
    made: list[float] = []
    monkeypatch.setattr(remote, "sleep", made.append)
    return made


def workers(before: set[threading.Thread]) -> list[threading.Thread]:
    """The threads of downloads that began since, and did not end."""
    return [thread for thread in set(threading.enumerate()) - before if "_work" in thread.name]


def fetched(server: Server, path: str = "/x", most: int = 1 << 30) -> bytes:
    return b"".join(remote.downloaded(f"{server.address}{path}", f"host{path}", most))


def trouble(server: Server, path: str = "/x", most: int = 1 << 30) -> str:
    with pytest.raises(SourceError) as caught:
        fetched(server, path, most)
    return str(caught.value)


# --- a source ------------------------------------------------------------------------------


def test_an_address_is_a_source_also_when_the_server_is_busy_at_first(server: Server, tmp_path: Path) -> None:
    data = gzip.compress(tar_bytes(PAGES))
    server.turns["/a%20b.tar.gz"] = [answer(503, b"busy"), answer(503, b"busy"), answer(200, data)]
    seen = Scanned(tmp_path / "work", f"{server.address}/a%20b.tar.gz?token=1")
    assert (seen.members, seen.trouble) == ({"a b": PAGES}, None)
    assert [bundle.told for bundle in seen.bundles] == [f"{server.address}/a%20b.tar.gz"]


def test_an_address_without_a_path_is_a_source_with_a_name(server: Server, tmp_path: Path) -> None:
    server.turns["/"] = [answer(200, zip_bytes(PAGES))]
    assert Scanned(tmp_path / "work", server.address).members == {"download": PAGES}


def test_a_source_that_does_not_come_whole_is_status_3_and_nothing_is_published(
    server: Server, tmp_path: Path, run: Callable[..., Outcome]
) -> None:
    data = zip_bytes({name(1): page(page_id=1)})
    server.turns["/x.zip"] = [answer(200, data, 100)]
    done = run("migrate", f"{server.address}/x.zip", "--out", tmp_path / "out")
    assert (done.status, done.out) == (3, "")
    assert (
        f"{server.address}/x.zip: the connection broke off after 100 bytes; tried 6 times; try again later" in done.err
    )
    assert not (tmp_path / "out" / "current").exists()
    server.turns["/x.zip"] = [part(data, 100), part(data)]
    assert run("migrate", f"{server.address}/x.zip", "--out", tmp_path / "out").status == 0


@pytest.mark.parametrize(("status", "said"), [(404, "404 Not Found"), (499, "499")])
def test_what_the_server_does_not_have_is_trouble_at_once(status: int, said: str, server: Server) -> None:
    server.turns["/x"] = [answer(status)]
    assert trouble(server) == f"host/x: the server answered {said}"
    assert len(server.asked) == 1


def test_an_address_steers_no_terminal(server: Server) -> None:
    server.turns["/x%1B"] = [answer(404)]
    assert trouble(server, "/x\x1b") == "host/x\ufffd: the server answered 404 Not Found"


def test_a_server_that_is_not_there_is_named_with_the_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    said = trouble(Server(f"http://127.0.0.1:{port}"))
    assert said.startswith("host/x: the connection broke off after 0 bytes: Connection refused; tried 6 times")


# --- busy ----------------------------------------------------------------------------------


def test_pauses_double_and_six_failures_in_a_row_are_the_end(server: Server, pauses: list[float]) -> None:
    server.turns["/x"] = [answer(503, b"busy")]
    assert trouble(server) == (
        "host/x: the server answered 503 Service Unavailable; tried 6 times; "
        "try again later, or fetch the file by other means and name it instead"
    )
    assert (len(server.asked), pauses) == (6, [0.5, 1, 2, 4, 8])


@pytest.mark.parametrize("status", [408, 425, 429, 500, 599])
def test_a_server_that_may_answer_otherwise_later_is_asked_again(status: int, server: Server) -> None:
    server.turns["/x"] = [answer(status), answer(200, b"text")]
    assert fetched(server) == b"text"


@pytest.mark.parametrize(
    ("said", "pause"), [("7", 7), ("100000", 30), ("0", 0.5), ("soon", 0.5), ("9" * 30, 30), ("-5", 0.5)]
)
def test_a_pause_that_the_server_asks_for_is_made_within_bounds(
    said: str, pause: float, server: Server, pauses: list[float]
) -> None:
    server.turns["/x"] = [answer(429, Retry_After=said), answer(200, b"text")]
    assert (fetched(server), pauses) == (b"text", [pause])


@pytest.mark.parametrize(
    "said", ["soon", "9" * 5000, "Mon, 01 Jun 99999 10:00:00 GMT", f"Mon, 01 Jun {'9' * 30} 10:00:00 GMT"]
)
def test_a_pause_that_nobody_understands_is_none(said: str, server: Server, pauses: list[float]) -> None:
    server.turns["/x"] = [answer(503, Retry_After=said)]
    assert trouble(server).startswith("host/x: the server answered 503 Service Unavailable; tried 6 times")
    assert pauses == [0.5, 1, 2, 4, 8]


def test_a_pause_may_be_asked_for_by_a_date(server: Server, pauses: list[float]) -> None:
    server.turns["/x"] = [answer(503, Retry_After=formatdate(time.time() + 3600, usegmt=True)), answer(200, b"text")]
    assert (fetched(server), pauses) == (b"text", [30])


# --- broken off ----------------------------------------------------------------------------


def test_only_what_is_missing_is_fetched_again_where_the_server_sends_ranges(server: Server) -> None:
    server.turns["/x"] = [part(LETTERS, 150_000), part(LETTERS, 70_000), part(LETTERS)]
    assert fetched(server) == LETTERS
    assert server.ranges() == [None, "bytes=150000-", "bytes=220000-"]
    assert [headers.get("If-Range") for _, headers in server.asked] == [None, TAG, TAG]


def test_tries_that_bring_a_piece_do_not_count(
    server: Server, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_PIECE", 1024)
    server.turns["/x"] = [*(part(LETTERS, 1024) for _ in range(10)), part(LETTERS)]
    assert fetched(server) == LETTERS
    assert (len(server.asked), pauses) == (11, [0.5] * 10)


@pytest.mark.parametrize("headers", [{"ETag": TAG}, {"ETag": f"W/{TAG}"}, {}])
def test_where_the_server_sends_no_ranges_what_is_there_is_compared(headers: dict[str, Any], server: Server) -> None:
    server.turns["/x"] = [answer(200, LETTERS, 150_000, **headers), answer(200, LETTERS, **headers)]
    assert fetched(server) == LETTERS
    assert server.ranges() == [None, "bytes=150000-" if headers.get("ETag") == TAG else None]


def test_a_date_tells_the_version_only_when_no_later_change_can_have_it(server: Server) -> None:
    now, before = formatdate(time.time() + 5, usegmt=True), formatdate(0, usegmt=True)
    absurd = [before.replace("1970", year) for year in ("99999", "9" * 30)]
    for modified, asked in ((now, None), (absurd[0], None), (absurd[1], None), (before, "bytes=150000-")):
        server.asked.clear()
        server.turns["/x"] = [answer(200, LETTERS, sent, Last_Modified=modified) for sent in (150_000, None)]
        assert fetched(server) == LETTERS
        assert server.ranges() == [None, asked]


@pytest.mark.parametrize("again", [part(LETTERS[::-1], tag='"v2"'), answer(200, LETTERS[::-1]), answer(200, b"short")])
def test_a_file_that_changes_between_two_connections_is_never_glued_together(again: Turn, server: Server) -> None:
    server.turns["/x"] = [part(LETTERS, 150_000), again]
    assert trouble(server) == "host/x: it was changed while it was fetched; try again when nobody writes to it"
    assert len(server.asked) == 2


def test_what_was_handed_over_is_of_no_version_that_came_later(server: Server) -> None:
    other = LETTERS[::-1]
    server.turns["/x"] = [part(LETTERS, 150_000), part(other, 100_000, tag='"v2"'), part(other, tag='"v2"')]
    assert trouble(server) == "host/x: it was changed while it was fetched; try again when nobody writes to it"
    assert server.ranges() == [None, "bytes=150000-", None]


def test_a_part_need_not_say_of_which_version_it_is(server: Server) -> None:
    server.turns["/x"] = [part(LETTERS, 150_000), part(LETTERS, ETag="")]
    assert fetched(server) == LETTERS
    assert server.ranges() == [None, "bytes=150000-"]


def test_a_file_that_changes_before_the_first_piece_came_is_fetched_anew(server: Server) -> None:
    server.turns["/x"] = [part(LETTERS, 0), part(LETTERS[::-1], tag='"v2"')]
    assert fetched(server) == LETTERS[::-1]
    assert server.ranges() == [None, None]


def test_a_file_that_only_grew_is_fetched_as_it_is_now(server: Server) -> None:
    server.turns["/x"] = [part(LETTERS, 150_000), part(LETTERS + b"more", tag='"v2"')]
    assert fetched(server) == LETTERS + b"more"


def test_a_part_other_than_the_one_that_was_asked_for_is_never_taken(server: Server) -> None:
    end, size = len(LETTERS) - 1, len(LETTERS)
    wrong: list[dict[str, Any]] = [
        {"Content_Range": f"bytes 140000-{end}/{size}"},
        {"Content_Range": f"bytes 150000-{end}/{size + 1}"},
        {"Content_Range": "bytes"},
        {"ETag": '"v2"'},
    ]
    for headers in wrong:
        server.asked.clear()
        server.turns["/x"] = [part(LETTERS, 150_000), part(LETTERS[::-1], **headers), part(LETTERS)]
        assert fetched(server) == LETTERS
        assert server.ranges() == [None, "bytes=150000-", None]


def test_a_server_may_send_less_of_the_rest_than_all(server: Server) -> None:
    def fragment(handler: Handler) -> None:
        content = f"bytes 150000-199999/{len(LETTERS)}"
        answer(206, LETTERS[150_000:200_000], ETag=TAG, Content_Range=content)(handler)

    server.turns["/x"] = [part(LETTERS, 150_000), fragment, part(LETTERS)]
    assert fetched(server) == LETTERS
    assert server.ranges() == [None, "bytes=150000-", "bytes=200000-"]


@pytest.mark.parametrize("size", [len(LETTERS), "*"])
def test_less_of_the_rest_than_all_is_not_the_end_of_a_file_whose_length_nobody_announced(
    size: int | str, server: Server
) -> None:
    cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: %s\r\n\r\n" % TAG.encode()
    fragment = answer(206, LETTERS[PIECE : 2 * PIECE], ETag=TAG, Content_Range=f"bytes {PIECE}-{2 * PIECE - 1}/{size}")
    server.turns["/x"] = [raw(cut + b"%x\r\n%s\r\n" % (PIECE, LETTERS[:PIECE])), fragment, part(LETTERS)]
    assert fetched(server) == LETTERS


def test_what_comes_with_a_refusal_is_none_of_the_rest(server: Server) -> None:
    content = f"bytes 150000-{len(LETTERS) - 1}/{len(LETTERS)}"
    refusal = answer(416, LETTERS[150_000:][::-1], ETag=TAG, Content_Range=content)
    server.turns["/x"] = [part(LETTERS, 150_000), refusal, part(LETTERS)]
    assert fetched(server) == LETTERS


def test_a_part_that_the_server_says_does_not_exist_is_no_end(server: Server) -> None:
    server.turns["/x"] = [part(LETTERS, 150_000), answer(416, Content_Range="bytes */5"), part(LETTERS)]
    assert fetched(server) == LETTERS


def test_a_part_that_nobody_asked_for_is_trouble(server: Server) -> None:
    server.turns["/x"] = [answer(206, b"text", Content_Range="bytes 0-3/4")]
    assert trouble(server) == "host/x: the server answered 206 Partial Content"


# --- lengths -------------------------------------------------------------------------------


def test_an_archive_that_is_longer_than_the_server_says_is_cut_off(server: Server, tmp_path: Path) -> None:
    data = zip_bytes(PAGES)
    server.turns["/x.zip"] = [answer(200, data, Content_Length=str(len(data) - 1))]
    assert "x.zip" in str(Scanned(tmp_path / "work", f"{server.address}/x.zip").trouble)


def test_a_file_that_is_shorter_than_the_server_says_is_never_whole(server: Server) -> None:
    server.turns["/x"] = [answer(200, LETTERS, Content_Length=str(len(LETTERS) + 1), ETag=TAG)]
    assert f"the connection broke off after {len(LETTERS)} bytes; tried 6 times" in trouble(server)


def test_a_part_with_more_bytes_than_the_file_has_is_trouble(server: Server) -> None:
    def more(handler: Handler) -> None:
        content = f"bytes 150000-{len(LETTERS) - 1}/{len(LETTERS)}"
        answer(206, LETTERS, ETag=TAG, Content_Range=content)(handler)

    server.turns["/x"] = [part(LETTERS, 150_000), more]
    assert f"{150_000 + len(LETTERS)} bytes came where {len(LETTERS)} were announced" in trouble(server)


def test_more_than_a_run_may_have_is_refused_before_it_comes(server: Server, tmp_path: Path) -> None:
    server.turns["/x"] = [answer(200, b"", Content_Length=str(10**15))]
    assert trouble(server) == (
        "host/x: more than 1073741824 bytes in all (max_total_bytes): 1000000000000000 are announced"
    )
    server.turns["/x"] = [answer(200, b"text")]
    assert fetched(server, most=4) == b"text"
    server.turns["/x"] = [answer(200, bytes(1001))]
    with pytest.raises(SourceError, match=r"/x: more than 1000 bytes in all \(max_total_bytes\)"):
        Scanned(tmp_path / "work", f"{server.address}/x", max_total_bytes=1000)


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", bytes(PIECE)),
        (b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n" % (PIECE, bytes(PIECE))),
        (b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", bytes(PIECE)),  # to read so many bytes is to read all
    ],
)
def test_a_body_without_an_end_ends_at_the_limit(head: bytes, piece: bytes, server: Server, tmp_path: Path) -> None:
    def endless(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        for sent in range(1000):
            handler.wfile.write(piece)
            taken[:] = [sent]

    taken: list[int] = []
    server.turns["/x"] = [endless]
    with pytest.raises(SourceError, match=r"/x: more than 1000000 bytes in all \(max_total_bytes\)"):
        Scanned(tmp_path / "work", f"{server.address}/x", max_total_bytes=1_000_000)
    assert taken < [500]


def test_a_file_in_chunks_is_whole_at_the_last_one(server: Server) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: " + TAG.encode() + b"\r\n\r\n"
    whole = head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(LETTERS), LETTERS)
    cut = head + b"%x\r\n%s\r\n" % (len(LETTERS), LETTERS)
    server.turns["/x"] = [raw(cut), part(LETTERS)]
    assert fetched(server) == LETTERS
    assert len(server.asked) == 2
    server.turns["/x"] = [raw(whole)]
    assert fetched(server) == LETTERS
    assert len(server.asked) == 3
    server.turns["/x"] = [raw(whole.replace(b"\r\n", b"\r\nContent-Length: 5\r\n", 1))]  # chunks go before it
    assert fetched(server) == LETTERS


# --- slow ----------------------------------------------------------------------------------


def test_a_server_that_stalls_is_left_and_asked_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_PATIENCE", 1)
    server.turns["/x"] = [hanging(server, part(LETTERS, 150_000)), hanging(server, lambda _: None), part(LETTERS)]
    before = set(threading.enumerate())
    assert fetched(server) == LETTERS
    # The time of the socket and that of the call end at once: the first of them tells whether the last bytes count.
    assert server.ranges() in ([None, *[f"bytes={had}-"] * 2] for had in (2 * PIECE, 150_000))
    for thread in workers(before):
        assert thread.daemon  # no run waits for it
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
def test_a_server_that_drips_is_not_waited_for_for_ever(
    first: bytes, drop: bytes, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_PATIENCE", 0.3)
    monkeypatch.setattr(remote, "_PAUSES", (0,))
    server.turns["/x"] = [dripping(server, first, drop)]
    said = "host/x: the server stalled after 0 bytes: too little came in 0.3 seconds; tried 2 times"
    assert trouble(server).startswith(said)


def test_the_body_of_a_redirect_is_not_waited_for(server: Server) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 100000\r\n\r\n"
    server.turns |= {"/x": [dripping(server, head, b"x")], "/y": [answer(200, b"text")]}
    assert fetched(server) == b"text"


# --- redirects -----------------------------------------------------------------------------


def test_a_redirect_to_another_address_is_followed(server: Server, tmp_path: Path) -> None:
    server.turns |= {"/here": [answer(302, Location="/box.zip")], "/box.zip": [answer(200, zip_bytes(PAGES))]}
    assert Scanned(tmp_path / "work", f"{server.address}/here").members == {"here": PAGES}


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/plain,x", "FILE:/etc/passwd", "x" * 30 + ":y"]
)
def test_a_redirect_to_another_scheme_is_not_followed(target: str, server: Server) -> None:
    server.turns["/x"] = [answer(302, Location=target)]
    scheme = target.partition(":")[0].lower()[:20]
    assert trouble(server) == (f"host/x: the server redirects to another scheme, {scheme!r}; only http(s) is followed")
    assert len(server.asked) == 1


def test_redirects_in_a_circle_end(server: Server) -> None:
    server.turns |= {"/x": [answer(302, Location="/y")], "/y": [answer(307, Location="/x")]}
    assert trouble(server) == "host/x: the server redirects more than 10 times"
    assert len(server.asked) == 11


@pytest.mark.parametrize("target", ["http://[bad/", "//:0:0/", "http://a..b/"])
def test_a_redirect_to_no_address_is_trouble(target: str, server: Server, pauses: list[float]) -> None:
    server.turns["/x"] = [answer(302, Location=target)]
    assert trouble(server).startswith("host/x: ")
    assert "is no address that can be fetched" in trouble(server)
    assert pauses == []


# --- packed on the way ---------------------------------------------------------------------


def test_a_server_is_asked_for_the_bytes_as_they_are_and_others_are_not_taken(server: Server) -> None:
    server.turns["/x.zip"] = [answer(200, gzip.compress(zip_bytes(PAGES)), Content_Encoding="gzip")]
    assert trouble(server, "/x.zip").startswith(
        "host/x.zip: the server packed it on its way (Content-Encoding: gzip); "
    )
    assert server.asked[0][1]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("path", ["/x.tar.gz", "/X.TGZ"])
@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP ", "identity", ""])
def test_a_name_that_says_so_is_packed_as_it_lies_there(coding: str, path: str, server: Server) -> None:
    data = gzip.compress(tar_bytes(PAGES))
    server.turns[path] = [answer(200, data, Content_Encoding=coding)]
    assert fetched(server, path) == data


@pytest.mark.parametrize(("coding", "said"), [("br", "br"), ("br\x07" + "x" * 30, "br\ufffd" + "x" * 17)])
def test_a_name_says_so_of_its_own_packing_alone(coding: str, said: str, server: Server) -> None:
    server.turns["/x.tar.gz"] = [answer(200, b"packed twice", Content_Encoding=coding)]
    assert f"the server packed it on its way (Content-Encoding: {said})" in trouble(server, "/x.tar.gz")


# --- certificates --------------------------------------------------------------------------


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, context = self_signed(tmp_path, "IP:127.0.0.1")
    with serving(context) as server:
        server.turns["/x"] = [answer(200, b"text")]
        said = trouble(server)
        assert said.startswith("host/x: the server's certificate is not trusted: self")
        assert "REQUESTS_CA_BUNDLE names a file of authorities that are trusted" in said
        assert server.asked == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
        assert fetched(server) == b"text"


def test_a_certificate_of_another_host_is_refused_also_behind_a_redirect(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, context = self_signed(tmp_path, "DNS:other.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with serving(context) as other:
        server.turns["/x"] = [answer(302, Location=f"{other.address}/x")]
        assert trouble(server).startswith("host/x: the server's certificate is not trusted: IP address mismatch")
        assert other.asked == []


# --- secrets -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "turn",
    [
        answer(404),
        answer(503),
        answer(200, b"12345", 3),
        answer(302, Location="ftp://me:secret@host/secret?secret"),
        answer(302, Location="http://127.0.0.1:1/secret?secret"),
        answer(302, Location="http://[secret/"),
        answer(302, Location="/x?secret"),
    ],
)
def test_passwords_and_tokens_of_an_address_stay_out_of_messages(turn: Turn, server: Server, tmp_path: Path) -> None:
    server.turns["/x"] = [turn]
    with pytest.raises(SourceError) as caught:
        Scanned(tmp_path / "work", server.address.replace("//", "//me:secret@") + "/x?token=secret")
    assert f"{server.address}/x: " in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_password_of_an_address_goes_to_its_own_host_alone(server: Server) -> None:
    with serving() as other:
        server.turns["/x"] = [answer(302, Location=f"{other.address.replace('127.0.0.1', 'localhost')}/x")]
        other.turns["/x"] = [answer(200, b"text")]
        address = server.address.replace("//", "//me:secret@")
        assert b"".join(remote.downloaded(f"{address}/x", "host/x", 100)) == b"text"
    assert [headers.get("Authorization", "")[:5] for _, headers in server.asked + other.asked] == ["Basic", ""]


# --- all of it at random -------------------------------------------------------------------

VERSIONS = st.sampled_from([b"abcdefgh" * 9, b"abcdefgh" * 8 + b"12345678", b"xbcdefgh" * 9, b"abcdefgh" * 10, b""])
CONNECTIONS = st.tuples(VERSIONS, st.integers(0, 80), st.booleans(), st.booleans())


@profile(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(connections=st.lists(CONNECTIONS, min_size=1, max_size=12))
def test_what_comes_is_always_one_version_of_the_file(
    connections: list[tuple[bytes, int, bool, bool]], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_PIECE", 8)
    server.turns["/x"] = []
    for body, sent, tagged, ranged in connections:
        tag = f'"{hashlib.md5(body).hexdigest()}"'
        headers = {"ETag": tag} if tagged else {}
        server.turns["/x"].append(part(body, sent, tag) if ranged else answer(200, body, sent, **headers))
    try:
        data = fetched(server)
    except SourceError:
        return
    assert data in {body for body, *_ in connections}


def test_a_reader_that_leaves_in_the_middle_leaves_no_thread_behind(server: Server) -> None:
    before = set(threading.enumerate())
    server.turns["/x"] = [part(LETTERS)]
    pieces = remote.downloaded(f"{server.address}/x", "host/x", 1 << 30)
    assert b"".join(itertools.islice(pieces, 2)) == LETTERS[: 2 * PIECE]
    (thread,) = workers(before)
    del pieces
    thread.join(10)
    assert not thread.is_alive()
