"""What a server is asked, and what it answers."""

from __future__ import annotations

import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from etl.servers.base import program
from tests.make import skipping


class Answer(NamedTuple):
    """What matters of a response."""

    status: int
    location: str | None


def need(name: str) -> None:
    """Skips where a server is missing; fails in continuous integration."""
    with skipping():
        program(name, name)


def ask(base: str, target: str | bytes, method: str = "GET", version: str = "1.1", host: str = "new.example") -> Answer:
    """One request with exactly this target."""
    raw = target if isinstance(target, bytes) else target.encode()
    where = urlsplit(base)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as connection:
        head = f"{method} ".encode() + raw + f" HTTP/{version}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        connection.sendall(head)
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
    lines = data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    assert "set-cookie" not in headers
    return Answer(int(lines[0].split()[1]), headers.get("location"))
