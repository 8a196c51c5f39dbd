"""The redirect map in the grammar of each web server: one file for a server, one line in `COMPILERS`.

Static hosts, which know no more than lists of paths, are in `static`.

What the servers do with every byte of it was measured (redirects.md); the neutral map says what is
asked for, a compiler says it so that its server answers as `addresses.lookups` does.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from etl.load.redirects import apache, caddy, exact, haproxy, lighttpd, nginx
from etl.load.redirects.checks import check
from etl.load.redirects.files import ServerRefused, unsupported_map
from etl.load.redirects.neutral import MapError
from etl.load.redirects.options import CompileOptions, compile_options
from etl.load.redirects.static import STATIC_HOSTS
from etl.load.redirects.survey import Survey, surveyed
from etl.model import Finding

__all__ = ["COMPILERS", "STATIC_HOSTS", "CompileOptions", "MapError", "compile_all", "compile_options"]

Compiler = Callable[[Survey, Path, CompileOptions], list[Finding]]
"""Map; empty folder to fill; options -> what this server cannot express."""
Compile = Callable[[tuple[str, Compiler]], list[Finding]]
"""Writes the folder of one server, by its name and with its compiler; what the server cannot express."""

COMPILERS: dict[str, Compiler] = {
    "nginx": nginx.compile_map,
    "apache": apache.compile_map,
    "haproxy": haproxy.compile_map,
    "caddy": caddy.compile_map,
    "lighttpd": lighttpd.compile_map,
}
MARKS = {exact.NAME: exact.keys, nginx.SERVER: nginx.keys}
"""The keys that compilers ask marks of."""


def compile_all(
    map_file: Path,
    out: Path,
    options: CompileOptions,
    servers: Iterable[str] = tuple(COMPILERS),
    *,
    trusted: bool = False,
    scratch: Path | None = None,
    each: Callable[[Compile, Iterable[tuple[str, Compiler]]], Iterable[list[Finding]]] = map,
) -> list[Finding]:
    """Writes ``out/<server>/`` for each server, replacing what is there; findings in the order of servers and map.

    The map is checked first (`checks.check`, which says what ``trusted`` means), and its answer for the old home
    page is put into the options. The same map and options give the same bytes. ``scratch``: a folder with room for
    a copy of the map, by default that of the system. ``each`` is what calls a function for every server and gives the
    results in order: `map`, or that of a pool of processes.

    Raises MapError for a map that breaks its contract, with nothing written, and KeyError for a server without a
    compiler. A server that cannot take the map gets a README that says so, and a finding.
    """
    compilers = {server: (COMPILERS | STATIC_HOSTS)[server] for server in servers}
    with surveyed(map_file, options, MARKS, scratch) as survey:
        home_to, findings = check(survey, options, trusted=trusted)
        sample = next((batch.entry(0) for batch in survey.batches()), None)
        compile_one = partial(_compile_server, survey, out, replace(options, home_to=home_to, sample=sample))
        return [*findings, *chain.from_iterable(each(compile_one, compilers.items()))]


def _compile_server(
    survey: Survey, out: Path, options: CompileOptions, of_server: tuple[str, Compiler]
) -> list[Finding]:
    """Writes the folder of one server, with its files or with the reason why there are none.

    When it is whole, it takes the place of the one that is there.
    """
    server, compiler = of_server
    new = out / f".{server}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        findings = compiler(survey, new, options)
    except ServerRefused as refused:
        shutil.rmtree(new)
        new.mkdir()
        (new / "README.md").write_text(_REFUSED.format(server=server, why=refused), "utf-8")
        findings = [unsupported_map(server, str(refused))]
    except BaseException:
        shutil.rmtree(new)
        raise
    shutil.rmtree(out / server, ignore_errors=True)
    new.rename(out / server)
    return findings


_REFUSED = """\
# No redirect map for {server}

{why}

`redirects.jsonl` and the folders of the other servers are complete.
"""
