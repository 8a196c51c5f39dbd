"""The redirect map for static hosts: their own file, and a report of what that host cannot express.

One line in `hosts.HOSTS` for each that compares literal paths. CloudFront runs a function of ours, and has a file of
its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from etl.load.redirects.files import create, write_texts
from etl.load.redirects.options import CompileOptions
from etl.load.redirects.static import cloudfront
from etl.load.redirects.static.hosts import HOSTS
from etl.load.redirects.static.rules import rules
from etl.load.redirects.static.writer import NOT_EXPRESSED, Writer
from etl.load.redirects.survey import Survey
from etl.model import Finding


def _compile_host(name: str, survey: Survey, out: Path, options: CompileOptions) -> list[Finding]:
    """Fills the folder of a host of literal paths; a finding for each kind of loss, with the count."""
    host, findings = HOSTS[name], list[Finding]()
    with ExitStack() as files:
        file, lost = (files.enter_context(create(out / each)) for each in (host.file, NOT_EXPRESSED))
        queries = files.enter_context(create(out / host.queries)) if host.queries else file
        writer = Writer(host, options, file, queries, lost)
        for rule in rules(survey, options, findings):
            writer.put(rule)
        writer.finish()
    write_texts(out, writer.texts())
    return [*findings, *writer.findings(name)]


STATIC_HOSTS: dict[str, Callable[[Survey, Path, CompileOptions], list[Finding]]] = {
    **{name: partial(_compile_host, name) for name in HOSTS},
    cloudfront.SERVER: cloudfront.compile_map,
}
"""Map, empty folder to fill, options -> what this host cannot express; as `etl.load.redirects.COMPILERS`."""
