"""A map, compiled for one server and served by it: what the tests of all servers begin with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from etl.load.redirects import CompileOptions, compile_all
from etl.servers import ServerError, running
from tests.servers.wire import Client

Entries = Mapping[tuple[str, str], str | None]
"""Kind and value of each entry, and its target; None: gone."""


EXACT = {"caddy": "it has no way to lower the case of a text but an expression for each name"}
"""Servers that find a name in its own case only, and why."""


class Stage(NamedTuple):
    """A server that has a map."""

    name: str
    client: Client
    address: str
    refused: dict[tuple[str, str], str]
    """Kind and value of what is not in its files, and why."""

    @property
    def folds(self) -> bool:
        """Whether the server finds names without case."""
        return self.name not in EXACT


def write(file: Path, entries: Entries) -> None:
    """A neutral map."""
    lines = [
        {"kind": kind, "value": value, "target": target, "status": 301 if target else 410}
        for (kind, value), target in sorted(entries.items())
    ]
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")


@contextmanager
def serving(server: str, folder: Path, entries: Entries, options: CompileOptions | None = None) -> Iterator[Stage]:
    """Compiles the map in a folder and serves it. Skips where the server is not installed; fails in CI."""
    write(folder / "redirects.jsonl", entries)
    findings = compile_all(folder / "redirects.jsonl", folder / "redirects", options or CompileOptions(), [server])
    refused = {}
    for finding in findings:
        if finding.code == "redirect.unsupported":
            _, kind, value = (finding.cause or "").split("\0")
            refused[kind, value] = finding.message
    try:
        with running(server, folder) as (address, _), Client(address) as client:
            yield Stage(server, client, address, refused)
    except ServerError as error:
        if os.environ.get("CI") == "true" or "not installed" not in str(error):
            raise
        pytest.skip(str(error))
