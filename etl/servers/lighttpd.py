"""lighttpd as operations installs it, with its Lua module."""

from __future__ import annotations

from pathlib import Path

from etl.servers.base import LOOPBACK, Command, ServerError, link_map, program

_CONF = """\
server.bind = "{address}"
server.port = {port}
server.document-root = var.CWD + "/site"
server.upload-dirs = ( var.CWD )
server.modules = ( "mod_indexfile" )
index-file.names = ( "index.html" )
mimetype.assign = ( "" => "text/html" )
var.wiki_etl = var.CWD + "/wiki-etl"
include "wiki-etl/redirects.conf"
"""
_MODULES = ("/usr/lib/lighttpd", "/usr/lib64/lighttpd", "/usr/local/lib/lighttpd", "/opt/homebrew/lib/lighttpd")


def prepare(compiled: Path, scratch: Path, _site: Path, port: int) -> Command:
    """Links the compiled folder into the scratch folder, with a configuration around it."""
    lighttpd = program("lighttpd", "lighttpd")
    link_map("lighttpd", "redirects.lua", compiled, scratch)
    folders = [folder for folder in map(Path, _MODULES) if (folder / "mod_indexfile.so").is_file()]
    if folders and not any((folder / "mod_magnet.so").is_file() for folder in folders):
        raise ServerError("lighttpd has no Lua module; install the package 'lighttpd-mod-magnet' and try again")
    conf = scratch / "lighttpd.conf"
    conf.write_text(_CONF.format(address=LOOPBACK, port=port), "utf-8")
    return Command([lighttpd, "-D", "-f", str(conf)])
