"""What a server is asked, once."""

from __future__ import annotations

from tests.servers.oracle import Answer
from tests.servers.wire import Client, Request


def ask(base: str, target: str | bytes, method: str = "GET", version: str = "1.1", host: str = "new.example") -> Answer:
    """One request with exactly this target, over a connection of its own."""
    raw = target if isinstance(target, bytes) else target.encode()
    with Client(base) as client:
        return client.ask(Request("", raw, method, version, host))
