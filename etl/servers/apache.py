"""Apache httpd as operations installs it, with the binary map where it can be built."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from etl.servers.base import LOOPBACK, Command, ServerError, link_map, program

_MODULES = (
    "/usr/lib/apache2/modules",
    "/usr/lib64/httpd/modules",
    "/usr/lib/httpd/modules",
    "/usr/libexec/apache2",
    "/opt/homebrew/lib/httpd/modules",
    "/usr/local/lib/httpd/modules",
)
_NEEDED = ("unixd", "authz_core", "dir", "alias", "rewrite", "headers")
_MPMS = ("mpm_event", "mpm_worker", "mpm_prefork")
_NOBODY = ("www-data", "apache", "_www", "nobody")

_CONF = """\
ServerRoot "{root}"
ServerName {address}:{port}
Listen {address}:{port}
PidFile httpd.pid
DefaultRuntimeDir .
{user}{modules}
ErrorLog /dev/stderr
LogLevel warn
EnableSendfile Off
DocumentRoot "{root}/site"
DirectoryIndex index.html
AccessFileName .wiki-etl-none
<Directory />
    AllowOverride None
    Options FollowSymLinks
    Require all granted
</Directory>
<VirtualHost {address}:{port}>
    ServerName {address}:{port}
    Include wiki-etl/redirects.conf
    RewriteCond %{{REQUEST_URI}} "[^/]{{256}}"
    RewriteRule ^ - [R=404,L]
</VirtualHost>
"""


def prepare(compiled: Path, scratch: Path, site: Path, port: int) -> Command:
    """Links the compiled folder into the scratch folder, builds the binary map there, and a configuration around it."""
    apache, builder = _apache(), program("httxt2dbm", "apache2-utils")
    folder = link_map("apache", "redirects.map", compiled, scratch)
    for name in ("redirects.sdbm.dir", "redirects.sdbm.pag"):
        (folder / name).unlink(missing_ok=True)
    _build(builder, folder)
    user = _user(scratch, site, folder)
    conf = scratch / "httpd.conf"
    lines = "\n".join(_modules(apache))
    conf.write_text(_CONF.format(root=_quoted(scratch), address=LOOPBACK, port=port, user=user, modules=lines), "utf-8")
    return Command([apache, "-d", str(scratch), "-f", str(conf), "-D", "FOREGROUND"])


def _apache() -> str:
    """The server's program: its name differs by distribution."""
    try:
        return program("apache2", "apache2")
    except ServerError:
        return program("httpd", "apache2")


def _build(builder: str, folder: Path) -> None:
    """As ``build-map.sh`` does, which says why twice."""
    command = [builder, "-f", "SDBM", "-i", "redirects.map", "-o", "redirects.sdbm"]
    for _ in range(2):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode != 0:
            raise ServerError(f"httxt2dbm did not build the map: {done.stderr.strip() or done.stdout.strip()}")


def _quoted(path: Path) -> str:
    """A path inside the quotes of a configuration."""
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


# --- modules -------------------------------------------------------------------------------


def _modules(apache: str) -> Iterator[str]:
    """The lines that load what this build of Apache has not built in."""
    listed = subprocess.run([apache, "-l"], capture_output=True, text=True, check=False).stdout
    known = set(chain.from_iterable(re.findall(r"mod_(\w+)\.c|^\s*(event|worker|prefork)\.c", listed, re.MULTILINE)))
    folder = next((place for place in map(Path, _MODULES) if (place / "mod_rewrite.so").is_file()), None)
    if folder is None:
        if "rewrite" in known:
            return
        raise ServerError(f"Apache's modules are in none of {', '.join(_MODULES)}; mod_rewrite is needed")
    if not known & {"mpm_event", "mpm_worker", "mpm_prefork", "event", "worker", "prefork"}:
        yield _load(folder, next(name for name in _MPMS if (folder / f"mod_{name}.so").is_file()))
    for name in _NEEDED:
        if name not in known and (folder / f"mod_{name}.so").is_file():
            yield _load(folder, name)


def _load(folder: Path, name: str) -> str:
    return f'LoadModule {name}_module "{_quoted(folder)}/mod_{name}.so"'


# --- started by root -----------------------------------------------------------------------


def _user(scratch: Path, site: Path, folder: Path) -> str:
    """Whom Apache serves as: it never does as root, so what it reads must be open to somebody else."""
    if os.geteuid() != 0:
        return ""
    somebody = next(user for user in pwd.getpwall() if user.pw_name in _NOBODY)
    for path in chain((scratch, site, folder), site.rglob("*"), folder.iterdir()):
        if not path.is_symlink() and path.stat().st_mode & 0o005 != 0o005:
            path.chmod(0o755)
    return f"User #{somebody.pw_uid}\nGroup #{somebody.pw_gid}\n"
