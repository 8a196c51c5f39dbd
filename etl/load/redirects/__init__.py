"""The redirect map in the grammar of each web server: one file for a server, one line in `COMPILERS`.

What the servers do with every byte of it was measured (redirects.md); the neutral map says what is
asked for, a compiler says it so that its server answers as `addresses.lookups` does.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from etl.load.redirects import nginx
from etl.load.redirects.neutral import CompileOptions, MapError
from etl.model import Finding

__all__ = ["COMPILERS", "CompileOptions", "MapError", "compile_all"]

Compiler = Callable[[Path, Path, CompileOptions], list[Finding]]
"""Map file, empty folder to fill, options -> what this server cannot express."""

COMPILERS: dict[str, Compiler] = {
    "nginx": nginx.compile_map,
}


def compile_all(
    map_file: Path, out: Path, options: CompileOptions, servers: Iterable[str] = tuple(COMPILERS)
) -> list[Finding]:
    """Writes ``out/<server>/`` for each server, replacing what is there; findings in the order of servers and map.

    The same map and options give the same bytes. Raises MapError for a map that breaks its contract,
    KeyError for a server without a compiler.
    """
    findings: list[Finding] = []
    for server in servers:
        compiler, folder = COMPILERS[server], out / server
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        findings += compiler(map_file, folder, options)
    return findings
