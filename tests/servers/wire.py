"""Raw HTTP over one connection that is kept alive: request targets go out byte by byte as they are."""

from __future__ import annotations

import re
import socket
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from tests.servers.oracle import Answer

_HEX = re.compile("%[0-9a-f]{2}")  # in either case they are one address: RFC 3986, 6.2.2.1
FORBIDDEN = ("set-cookie", "x-injected")
"""Headers that only a request could have put into an answer."""


class Request(NamedTuple):
    """One request of the matrix."""

    label: str
    target: bytes
    method: str = "GET"
    version: str = "1.1"
    host: str | None = "old.example"

    @property
    def data(self) -> bytes:
        """What goes over the wire."""
        host = b"" if self.host is None else f"Host: {self.host}\r\n".encode()
        body = b"Content-Length: 0\r\n" if self.method == "POST" else b""
        return self.method.encode() + b" " + self.target + f" HTTP/{self.version}\r\n".encode() + host + body + b"\r\n"


class Client:
    """Asks one server, over the same connection for as long as that keeps it."""

    def __init__(self, base: str) -> None:
        where = urlsplit(base)
        self._place = (where.hostname or "", where.port or 0)
        self._connection: socket.socket | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def ask(self, request: Request) -> Answer:
        """The answer. A connection that the server has closed meanwhile is opened once more."""
        fresh = self._connection is None
        try:
            return self._ask(request)
        except (ConnectionError, BrokenPipeError):
            self._close()
            if fresh:
                raise
            return self._ask(request)

    def headers(self, request: Request) -> dict[str, str]:
        """Asks and gives the headers of the answer."""
        self.ask(request)
        return self._headers

    def _ask(self, request: Request) -> Answer:
        if self._connection is None:
            self._connection = socket.create_connection(self._place, timeout=20)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._rest = b""
        self._connection.sendall(request.data)
        status, self._headers = self._head()
        self._body(request, status)
        location = self._headers.get("location")
        return Answer(status, location and _HEX.sub(lambda match: match[0].upper(), location))

    def _head(self) -> tuple[int, dict[str, str]]:
        while b"\r\n\r\n" not in self._rest:
            self._receive()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            assert name.lower() not in FORBIDDEN, f"the request wrote a header: {line!r}"
            assert name.lower() != "location" or "location" not in headers, "two headers Location"
            headers[name.lower()] = value.strip()
        return int(first.split()[1]), headers

    def _body(self, request: Request, status: int) -> None:
        headers = self._headers
        closes = headers.get("connection", "").lower() == "close" or (
            request.version == "1.0" and headers.get("connection", "").lower() != "keep-alive"
        )
        if closes:
            self._close()
        elif request.method == "HEAD" or status in {204, 304}:
            return
        elif headers.get("transfer-encoding", "").lower() == "chunked":
            while b"0\r\n\r\n" not in self._rest:
                self._receive()
            self._rest = self._rest.partition(b"0\r\n\r\n")[2]
        else:
            length = int(headers.get("content-length", 0))
            while len(self._rest) < length:
                self._receive()
            self._rest = self._rest[length:]

    def _receive(self) -> None:
        assert self._connection is not None
        data = self._connection.recv(65536)
        if not data:
            raise ConnectionResetError("closed without an answer")
        self._rest += data

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
