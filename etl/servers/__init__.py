"""Real web servers on loopback, with the compiled redirect map and a stand-in for the new site.

A server is one module with the function that prepares it in a scratch folder, and one line in `SERVERS`. The
map may lie anywhere, read-only or where nobody else may look: its files are linked into the scratch folder,
which holds everything the server writes.
"""

from __future__ import annotations

import errno
import html
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from etl.generation_path import CURRENT
from etl.load.redirects.living import paths_in
from etl.load.redirects.neutral import entries
from etl.progress import Progress, untold
from etl.room import temporary_folder
from etl.servers import apache, caddy, haproxy, lighttpd, nginx
from etl.servers.base import LOOPBACK, Command, Prepare, ServerError, free_port, require_free

START_SECONDS = 300.0
"""A map of six million lines takes nginx 15 seconds to read; this is for the machine that is busy."""
STOP_SECONDS = 10.0
_ENDING = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
_NO_PLACE = frozenset({errno.EEXIST, errno.ENOTDIR, errno.ENAMETOOLONG})
"""Why a path has no page: one is where its folder would be, or no file can have its name."""

_TARGET = re.compile(rb"[ \">](?:https?://[^/\s\"]+)?(/[!-~]*?)\"?;?\s*\Z")


SERVERS: dict[str, Prepare] = {
    "nginx": nginx.prepare,
    "apache": apache.prepare,
    "haproxy": haproxy.prepare,
    "caddy": caddy.prepare,
    "lighttpd": lighttpd.prepare,
}


def serve(server: str, port: int | None, folder: Path, progress: Progress = untold) -> int:
    """Runs a real server on loopback until SIGTERM or SIGINT; 0 then. Until it answers they end it as any command.

    Prints its address on standard output when it answers; without a port it takes a free one. ``folder``: a
    generation, its ``redirects/``, or the server's own folder in there. Raises ServerError.
    """
    stopped = threading.Event()
    before: dict[signal.Signals, Any] = {}
    try:
        with running(server, folder, port, progress) as (address, process):
            for number in (signal.SIGTERM, signal.SIGINT):
                before[number] = signal.signal(number, lambda *_: stopped.set())
            print(address, flush=True)
            while not stopped.wait(0.1):
                if process.poll() is not None:
                    raise _EndedError
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


class _EndedError(Exception):
    """A server that answered has ended by itself."""


@contextmanager
def running(
    server: str, folder: Path, port: int | None = None, progress: Progress = untold
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A running server with the map of ``folder``: its address (``http://127.0.0.1:<port>/``) and its process."""
    if server not in SERVERS:
        raise ServerError(f"no way to run {server!r}; there is {', '.join(SERVERS)}")
    compiled = _compiled(folder, server)
    with temporary_folder(_scratch_place()) as scratch, ExitStack() as stack:
        site = scratch / "site"
        stack.callback(_clear, site, progress)
        with progress("pages", 0):
            write_site(site, site_paths(compiled))
        if port:
            require_free(port)
        port = port or free_port()
        with progress(server, 0):
            command = SERVERS[server](compiled, scratch, site, port)
            process = stack.enter_context(_process(server, command, scratch, port))
        yield f"http://{LOOPBACK}:{port}/", process


def _scratch_place() -> str | None:
    """Where scratch folders go: for root, where a server that has given root's rights away can still enter."""
    places = [Path(place) for place in (tempfile.gettempdir(), "/tmp", "/var/tmp")]  # noqa: S108 - checked right here
    if os.geteuid() != 0:
        return None
    return next((str(place) for place in places if all(part.stat().st_mode & 1 for part in _way(place))), None)


def _way(place: Path) -> list[Path]:
    real = place.resolve()
    return [real, *real.parents]


def _compiled(folder: Path, server: str) -> Path:
    """The folder of a server's compiled files, from any folder above it; of several generations, the current one."""
    real = folder.resolve()
    if not real.is_dir():
        raise ServerError(f"{folder}: no such folder; `wiki-etl migrate` or `wiki-etl redirects build` writes one")
    folders = (real / CURRENT / "redirects", real / "redirects", real)
    return next((path / server for path in folders if (path / server).is_dir()), real)


# --- the new site --------------------------------------------------------------------------


def site_paths(compiled: Path) -> Iterator[str]:
    """The paths of the new site: of the documents where the generation is there, else the targets of the map.

    Raises MapError for a line that is none.
    """
    for folder in (compiled.parent.parent, compiled.parent, compiled):
        documents, map_file = folder / "documents.jsonl", folder / "redirects.jsonl"
        if documents.is_file():
            return paths_in(documents)
        if map_file.is_file():
            return (entry.target for entry in entries(map_file) if entry.target is not None)
    return _targets(sorted(compiled.rglob("*.map")))


def _targets(maps: Iterable[Path]) -> Iterator[str]:
    """The last word of each line of a map, without the host."""
    for file in maps:
        with file.open("rb") as lines:
            for line in lines:
                match = _TARGET.search(line)
                if match is not None:
                    yield match[1].decode("ascii")


def write_site(site: Path, paths: Iterable[str]) -> None:
    """A home page and a page for each path: a file, the ``index.html`` in a folder where the path ends in a slash."""
    for path in ("/", *paths):
        *folders, name = map(unquote, path.removeprefix("/").split("/"))
        segments = [*filter(None, folders), name or "index.html"]
        if any(segment in {".", ".."} or "/" in segment or "\0" in segment for segment in segments):
            continue
        page = site.joinpath(*segments)
        try:
            if not page.exists():
                page.parent.mkdir(parents=True, exist_ok=True)
                page.write_text(f"<!doctype html>\n<title>{html.escape(path)}</title>\n", "utf-8")
        except OSError as error:
            if error.errno not in _NO_PLACE:
                raise


def _clear(site: Path, progress: Progress) -> None:
    """Removes the pages, which takes minutes where there are many: whoever stops a server sees why it does not end."""
    with progress("clearing", 0):
        shutil.rmtree(site, ignore_errors=True)


# --- processes -----------------------------------------------------------------------------


@contextmanager
def _process(server: str, command: Command, scratch: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers; in a session of its own, so that a key press ends us first, then it."""
    log = scratch / "log"
    with ExitStack() as stack:
        with _undisturbed(), log.open("wb") as output:
            process = subprocess.Popen(
                command.arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=scratch,
                env={**os.environ, **command.environment},
                start_new_session=True,
            )
            stack.callback(_stop, process)
        try:
            _until_it_answers(server, process, port, log)
            yield process
        except _EndedError as error:
            status = process.returncode
            raise ServerError(f"{server} ended by itself with status {status}: {_last_words(log)}") from error


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that end a command wait until this is done: no process is left that nobody knows of."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for late in came:
        signal.raise_signal(late)


def _until_it_answers(server: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        answers = _answers(port)
        if process.poll() is not None:
            raise ServerError(f"{server} did not start: {_last_words(log)}")
        if answers:
            return
        time.sleep(0.05)
    raise ServerError(f"{server} did not answer on port {port} within {START_SECONDS:.0f} seconds: {_last_words(log)}")


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return " / ".join(lines[-3:]) or "it said nothing"


@_undisturbed()
def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a server and all that it started, also where it ended by itself and others of its session did not."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
