"""Caddy as operations installs it, without its admin endpoint: several may run at once."""

from __future__ import annotations

from pathlib import Path

from etl.servers.base import LOOPBACK, Command, link_map, program

_CONF = """\
{{
	admin off
	auto_https off
}}

http://:{port} {{
	bind {address}
	root * site
	@wiki_etl not file {{path}} {{path}}/index.html
	route @wiki_etl {{
		import wiki-etl/redirects.caddy
		error 404
	}}
	file_server {{
		disable_canonical_uris
	}}
}}
"""


def prepare(compiled: Path, scratch: Path, _site: Path, port: int) -> Command:
    """Links the compiled folder into the scratch folder, with a configuration around it; all that Caddy keeps, too."""
    caddy = program("caddy", "caddy")
    link_map("caddy", "redirects.caddy", compiled, scratch)
    conf = scratch / "Caddyfile"
    conf.write_text(_CONF.format(address=LOOPBACK, port=port), "utf-8")
    home = {name: str(scratch) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    return Command([caddy, "run", "--config", str(conf), "--adapter", "caddyfile"], home)
