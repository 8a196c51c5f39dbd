"""What every server's runner needs: its program, a port, links to the compiled files, the words of its errors."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from etl.load.redirects.files import FOLDER
from etl.trouble import Trouble

LOOPBACK = "127.0.0.1"

_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/homebrew/bin")  # often not on the PATH of a user


class ServerError(Trouble):
    """A server that is not installed, does not start, or has no map: the sentence says what to do. Status 3."""


class Command(NamedTuple):
    """How to run a prepared server."""

    arguments: list[str]
    environment: Mapping[str, str] = {}


Prepare = Callable[[Path, Path, Path, int], Command]
"""Folder of the compiled files, scratch folder, folder of the new site's pages, port -> what to run."""


def program(name: str, package: str) -> str:
    """The path of a server's program. Raises ServerError with what to install."""
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SBIN])
    found = shutil.which(name, path=places)
    if found is None:
        raise ServerError(f"{name} is not installed; install the package {package!r} and try again")
    return found


def free_port(besides: int = 0) -> int:
    """A port of loopback that nobody listens on right now, another one than ``besides``, which is to be listened on."""
    with socket.socket() as other, socket.socket() as probe:
        with suppress(OSError):  # somebody listens on it
            other.bind((LOOPBACK, besides))
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def require_free(port: int) -> None:
    """Raises ServerError for a port of loopback that cannot be had: whoever has it would answer in a server's place."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: what just ended is no obstacle
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise ServerError(f"port {port} {why}; name another --port, or none for a free one") from error


def link_map(server: str, file: str, compiled: Path, scratch: Path) -> Path:
    """The folder in ``scratch`` with links to the compiled files of a server, which may lie where only we may read.

    Raises ServerError where ``file`` is not among them: the folder was not compiled for this server.
    """
    source, folder = compiled / FOLDER, scratch / FOLDER
    if not (source / file).is_file():
        raise ServerError(f"{compiled}: no map for {server} in this folder; `wiki-etl redirects build` writes one")
    folder.mkdir()
    for path in source.iterdir():
        (folder / path.name).symlink_to(path)
    return folder
