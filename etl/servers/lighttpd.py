"""lighttpd as operations installs it, with its Lua module."""

from __future__ import annotations

from pathlib import Path

from etl.servers.base import LOOPBACK, Command, ServerError, link_all, no_map, program

_CONF = """\
server.bind = "{address}"
server.port = {port}
server.document-root = var.CWD + "/site"
server.upload-dirs = ( var.CWD )
server.modules = ( "mod_indexfile" )
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html", "" => "application/octet-stream" )
var.wiki_etl = var.CWD + "/wiki-etl"
include "wiki-etl/redirects.conf"
"""
_MODULES = ("/usr/lib/lighttpd", "/usr/lib64/lighttpd", "/usr/local/lib/lighttpd", "/opt/homebrew/lib/lighttpd")


def prepare(compiled: Path, scratch: Path, _site: Path, port: int) -> Command:
    """Links the compiled folder into the scratch folder, with a configuration around it."""
    lighttpd, source = program("lighttpd", "lighttpd"), compiled / "wiki-etl"
    if not (source / "redirects.lua").is_file():
        raise no_map(compiled, "lighttpd")
    folders = [folder for folder in map(Path, _MODULES) if (folder / "mod_indexfile.so").is_file()]
    if folders and not any((folder / "mod_magnet.so").is_file() for folder in folders):
        raise ServerError("lighttpd has no Lua module; install the package 'lighttpd-mod-magnet' and try again")
    link_all(source, scratch / "wiki-etl")
    conf = scratch / "lighttpd.conf"
    conf.write_text(_CONF.format(address=LOOPBACK, port=port), "utf-8")
    return Command([lighttpd, "-D", "-f", str(conf)])
