"""HAProxy as operations installs it, in front of a small static back end that is HAProxy too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from etl.servers.base import LOOPBACK, Command, free_port, link_map, program

_CONF = r"""frontend web from wiki_etl
    bind {address}:{port}
    default_backend site

defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s

backend site
    server new {address}:{site}

# The new site: its pages, and nothing else.
frontend new
    bind {address}:{site}
    .if version_atleast(3.1)
    option accept-unsafe-violations-in-http-request
    .else
    option accept-invalid-http-request
    .endif
    http-request set-var(txn.page) 'path,regsub("(/\.)+(/|$)","/",g),regsub("/+","/",g),url_dec,rtrim("/")'
    http-request set-var(txn.page) 'var(txn.page),regsub(" ","%20",g),regsub("^","/")'
    acl page var(txn.page),map_str(site.map) -m found
    http-request return status 200 content-type text/html lf-string "<!doctype html><title>%[path]</title>" if page
    http-request return status 404 content-type text/plain string "Not found"
"""


def prepare(compiled: Path, scratch: Path, site: Path, port: int) -> Command:
    """Links the compiled folder into the scratch folder, with a configuration beside it."""
    haproxy = program("haproxy", "haproxy")
    rules = link_map("haproxy", "rules.cfg", compiled, scratch) / "rules.cfg"
    with (scratch / "site.map").open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        file.writelines(f"{path} 1\n" for path in _pages(site))
    conf = scratch / "haproxy.cfg"
    conf.write_text(_CONF.format(address=LOOPBACK, port=port, site=free_port(besides=port)), "utf-8")
    return Command([haproxy, "-db", "-f", str(rules), "-f", str(conf)])


def _pages(site: Path) -> Iterator[str]:
    """The pages of the new site as keys: decoded, without the slash at the end, blanks encoded."""
    for folder, _, files in os.walk(site):
        for name in files:
            page = f"/{folder.removeprefix(str(site))}/{name}".replace(" ", "%20")
            yield from (page, page.removesuffix("/index.html"))
