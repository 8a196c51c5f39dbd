"""HTTP/1.1 over sockets of our own: a request target goes out byte for byte, and nothing is followed.

Libraries made for people mend what they are given: they encode, fold and follow. Whether a server
answers every spelling of an address can only be asked without their help.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

from etl import __version__
from etl.trouble import Trouble, why

NEW_CONNECTIONS = 2
"""How many new connections may be dropped without an answer before that is the answer."""
CONNECT_DELAYS = (0.2, 1.0, None)
"""Seconds before a server that takes no connection is tried again; then it is unreachable."""
LARGEST_BODY = 256 * 1024
"""Bytes of a body that are read to keep a connection; a longer one costs the connection."""

_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?\r\n")
_HEADER = re.compile(r"\r\n([^:\s]+):([^\r\n]*)")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Unreachable(Trouble):
    """A server that takes no connection, or whose certificate is not trusted: status 3."""


class NoAnswer(Exception):
    """A request that was sent and not answered; `cause` is ``connection failed``, ``timed out`` or ``no HTTP``."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Answer(NamedTuple):
    """What a server said, but for the body."""

    status: int
    headers: Mapping[str, str]
    """By their names in lower case; of one that is there twice, the first."""


class Origin(NamedTuple):
    """Scheme, host and port: what two addresses share when they are of one site."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The host, with the port where it is not the scheme's own: what a Host header holds.

        >>> origin("http://Old.example:80/x").authority, origin("https://[::1]:8443").authority
        ('old.example', '[::1]:8443')
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def origin(address: str) -> Origin:
    """The origin of an absolute http(s) address.

    Raises ValueError with what is wrong with it.

    >>> origin("HTTPS://Old.example/x"), origin("http://127.0.0.1:8080")
    (Origin(scheme='https', host='old.example', port=443), Origin(scheme='http', host='127.0.0.1', port=8080))
    >>> origin("http://Zoë.example").host
    'xn--zo-ija.example'
    """
    parts = urlsplit(address)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"{address!r} is not an http(s) address")
    if parts.username is not None:
        raise ValueError(f"{address!r} holds a user name; that is not supported")
    try:
        host = parts.hostname.encode("idna").decode()
    except UnicodeError as error:  # as whoever connects would say it
        raise ValueError(f"{address!r} has a host of which a part is empty or too long") from error
    return Origin(parts.scheme, host, _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port)


@dataclass(frozen=True)
class Server:
    """Where connections go, whatever host they ask for."""

    origin: Origin
    resolve: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """Addresses to connect to instead of asking for the name, as curl's ``--resolve`` says it."""
    timeout: float = 30.0
    """Seconds for an answer, and for a connection; 0: no bound."""

    @property
    def address(self) -> str:
        """The host name or address that is connected to."""
        return self.resolve.get((self.origin.host, self.origin.port), self.origin.host)

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine, as far as its address tells."""
        return self.address in {"localhost", "::1"} or re.fullmatch(r"127\.[0-9.]+", self.address) is not None


class Connection:
    """One connection that is kept alive, and opened again when it has to be. One request at a time."""

    def __init__(self, server: Server, host: str | None = None) -> None:
        """``host``: for the Host header and the certificate; without it, those of the server."""
        self._server = server
        host = server.origin.authority if host is None else host
        self._tls_name = origin(f"https://{host}").host
        agent = f"wiki-etl/{__version__}"
        self._rest = f" HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n\r\n".encode()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, target: str) -> Answer:
        """The answer to a GET of a raw request target, which holds neither blank nor control character.

        Raises NoAnswer; Unreachable when no connection can be made.
        """
        request = b"GET " + target.encode() + self._rest
        failures = 0
        while True:
            reused = self._writer is not None
            if not reused:
                await self._open()
            try:
                async with asyncio.timeout(self._server.timeout or None):
                    return await self._exchange(request)
            except TimeoutError:
                self.close()
                raise NoAnswer("timed out") from None
            except (OSError, EOFError) as error:
                self.close()
                failures += not reused  # one that was idle may be closed by its server while we write
                if failures == NEW_CONNECTIONS:
                    raise NoAnswer("connection failed") from error
            except (ValueError, asyncio.LimitOverrunError) as error:
                self.close()
                raise NoAnswer("no HTTP") from error

    def close(self) -> None:
        """Lets the connection go; the next request opens another."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def _open(self) -> None:
        server = self._server
        secure = server.origin.scheme == "https"
        for delay in CONNECT_DELAYS:
            try:
                async with asyncio.timeout(server.timeout or None):
                    self._reader, self._writer = await asyncio.open_connection(
                        server.address,
                        server.origin.port,
                        ssl=_context() if secure else None,
                        server_hostname=self._tls_name if secure else None,
                    )
            except (OSError, TimeoutError) as error:
                if delay is None or isinstance(error, ssl.SSLError):
                    raise Unreachable(f"{server.address} port {server.origin.port}: {_reason(error)}") from error
                await asyncio.sleep(delay)
            else:
                return

    async def _exchange(self, request: bytes) -> Answer:
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(request)
        while True:
            head = await self._reader.readuntil(b"\r\n\r\n")
            answer, version = _head(head)
            if answer.status >= 200:  # 1xx comes before the answer
                break
        if not await _skip_body(self._reader, answer) or not _stays_open(answer, version):
            self.close()
        return answer


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no connection in time"
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return why(error)


def _head(data: bytes) -> tuple[Answer, int]:
    """Status line and headers; and the minor version. Raises ValueError for what is no HTTP."""
    text = data.decode("latin-1")
    match = _STATUS_LINE.match(text)
    if match is None:
        raise ValueError("not a status line")
    headers = {name.lower(): value.strip() for name, value in reversed(_HEADER.findall(text))}
    return Answer(int(match[2]), headers), int(match[1])


def _stays_open(answer: Answer, version: int) -> bool:
    said = answer.headers.get("connection", "").lower()
    return "close" not in said and (version == 1 or "keep-alive" in said)


async def _skip_body(reader: asyncio.StreamReader, answer: Answer) -> bool:
    """Reads the body; False when its end cannot be found, or is too far away."""
    if answer.status in {204, 304}:
        return True
    if "chunked" in answer.headers.get("transfer-encoding", "").lower():
        return await _skip_chunks(reader)
    length = int(answer.headers.get("content-length", LARGEST_BODY + 1))
    if length > LARGEST_BODY:
        return False
    await reader.readexactly(length)
    return True


async def _skip_chunks(reader: asyncio.StreamReader) -> bool:
    total = 0
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        total += size
        if total > LARGEST_BODY:
            return False
        await reader.readexactly(size + 2)
    with contextlib.suppress(asyncio.LimitOverrunError):
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return True
    return False
