"""The redirect map for static hosts: their own file, and a report of what that host cannot express.

One line in `hosts.HOSTS` for each that compares literal paths; they are written together, from one stream of rules.
CloudFront runs a function of ours, and has a file of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from etl.load.redirects.neutral import CompileOptions
from etl.load.redirects.static import cloudfront
from etl.load.redirects.static.hosts import HOSTS
from etl.load.redirects.static.rules import rules
from etl.load.redirects.static.writer import Writer
from etl.model import Finding

__all__ = ["STATIC_HOSTS", "compile_hosts"]


def compile_hosts(
    map_file: Path, out: Path, options: CompileOptions, names: Iterable[str] = tuple(HOSTS)
) -> list[Finding]:
    """Writes ``out/<host>/`` for each host of literal paths, in one go: four passes over the map for all of them.

    Returns a finding for each kind of loss of each host, with the count. Raises MapError.
    """
    return _compile({name: out / name for name in names}, map_file, options)


def _compile(folders: dict[str, Path], map_file: Path, options: CompileOptions) -> list[Finding]:
    findings: list[Finding] = []
    with ExitStack() as stack:
        writers = []
        for name, folder in folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            writers.append(stack.enter_context(Writer(name, HOSTS[name], folder, options)))
        for rule in rules(map_file, options, findings):
            for writer in writers:
                writer.put(rule)
        for writer in writers:
            findings += writer.finish()
    return findings


def _compile_one(name: str, map_file: Path, out: Path, options: CompileOptions) -> list[Finding]:
    """A host alone, in the shape of every compiler."""
    return _compile({name: out}, map_file, options)


STATIC_HOSTS: dict[str, Callable[[Path, Path, CompileOptions], list[Finding]]] = {
    **{name: partial(_compile_one, name) for name in HOSTS},
    cloudfront.SERVER: cloudfront.compile_map,
}
"""Map file, empty folder to fill, options -> what this host cannot express; as `etl.load.redirects.COMPILERS`."""
