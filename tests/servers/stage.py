"""A map, compiled for one server and served by it: what the tests of all servers begin with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from etl.load.redirects import CompileOptions, compile_all
from etl.servers import running
from tests.make import skipping, write_map
from tests.servers.wire import Client

Entries = Mapping[tuple[str, str], str | None]
"""Kind and value of each entry, and its target; None: gone."""


class Stage(NamedTuple):
    """A server that has a map."""

    name: str
    client: Client
    address: str
    refused: dict[tuple[str, str], str]
    """Kind and value of what is not in its files, and why."""


@contextmanager
def serving(server: str, folder: Path, entries: Entries, options: CompileOptions | None = None) -> Iterator[Stage]:
    """Compiles the map in a folder and serves it. Skips where the server is not installed; fails in CI."""
    write_map(folder / "redirects.jsonl", entries.items())
    findings = compile_all(folder / "redirects.jsonl", folder / "redirects", options or CompileOptions(), [server])
    refused = {}
    for finding in findings:
        if finding.code == "redirect.unsupported":
            _, kind, value = (finding.cause or "").split("\0")
            refused[kind, value] = finding.message
    with skipping(), running(server, folder) as (address, _), Client(address) as client:
        yield Stage(server, client, address, refused)
