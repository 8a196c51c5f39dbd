"""A map in its file, and what a server is asked and answers."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from etl.addresses import Address
from etl.servers import ServerError, program


class Answer(NamedTuple):
    """What matters of a response."""

    status: int
    location: str | None


def write_map(file: Path, entries: Iterable[tuple[Address, str | None]]) -> None:
    """A redirects.jsonl in its order."""
    lines = [
        {"kind": kind, "value": value, "target": target, "status": 301 if target else 410}
        for (kind, value), target in sorted(entries)
    ]
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")


def need(name: str) -> None:
    """Skips where a server is missing; fails in continuous integration."""
    try:
        program(name, name)
    except ServerError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


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
