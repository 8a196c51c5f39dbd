"""What the redirect map is compiled for, by name: help and settings know the names without the modules behind them.

The functions of each name are in the registries `etl.load.redirects.COMPILERS` and `STATIC_HOSTS`, and those that run
a web server in `etl.servers.SERVERS`; a test compares.
"""

from __future__ import annotations

from typing import Literal, get_args

WebServer = Literal["nginx", "apache", "haproxy", "caddy", "lighttpd"]
StaticHost = Literal["netlify", "cloudflare-pages", "cloudflare-bulk", "vercel", "cloudfront", "htaccess", "iis", "csv"]
ServerName = Literal[WebServer, StaticHost]

WEB_SERVERS: tuple[WebServer, ...] = get_args(WebServer)
SERVER_NAMES: tuple[ServerName, ...] = get_args(ServerName)
