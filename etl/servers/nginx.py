"""nginx as operations installs it, but for the port of its hop: several may run at once."""

from __future__ import annotations

import grp
import os
import re
from pathlib import Path

from etl.servers.base import LOOPBACK, Command, free_port, link_map, program

_CONF = """\
{user}daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
    include wiki-etl/http.conf;
    access_log off;
    default_type text/html;
    client_body_temp_path tmp;
    proxy_temp_path tmp;
    fastcgi_temp_path tmp;
    uwsgi_temp_path tmp;
    scgi_temp_path tmp;
    server {{
        listen {address}:{port};
        root site;
        location / {{ try_files $uri $uri/index.html @wiki_etl; }}
        include wiki-etl/server.conf;
    }}
}}
"""


def prepare(compiled: Path, scratch: Path, _site: Path, port: int) -> Command:
    """Links the compiled folder into the scratch folder, with a configuration around it."""
    nginx = program("nginx", "nginx")
    hop = link_map("nginx", "http.conf", compiled, scratch) / "hop.conf"
    text = re.sub(r"127\.0\.0\.1:\d+", f"{LOOPBACK}:{free_port(besides=port)}", hop.read_text("utf-8"))
    hop.unlink()
    hop.write_text(text, "utf-8")
    conf, group = scratch / "nginx.conf", root_group()
    user = f"user root {group};\n" if group else ""
    conf.write_text(_CONF.format(user=user, address=LOOPBACK, port=port), "utf-8")
    return Command([nginx, "-p", f"{scratch}/", "-c", str(conf)])


def root_group() -> str | None:
    """The name of root's group where we are root, else None.

    Started by root, a server would serve as somebody who may not look into our scratch folder.
    """
    return grp.getgrgid(0).gr_name if os.geteuid() == 0 else None
