"""Builders: members, bundles in every wrapping, and runs of the tool over them."""

from __future__ import annotations

import difflib
import io
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
import zstandard

from etl.cli import main
from etl.progress import untold
from etl.servers.base import ServerError, program

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "raw" / "sample"
Members = Mapping[str, bytes]
ENOUGH = 1 << 30
"""Bytes of memory that may be taken for files."""

PARAGRAPH = (
    "Wells that were cleaned in spring held clear water until the first frost of the year, while wells that nobody had "
    "touched went green in June and were closed by the end of the following month in every garden that we saw."
)


# --- members -------------------------------------------------------------------------------


def page(
    title: str | None = "Clear water", /, *, body: str = "Water is clear.", indent: int | None = 4, **fields: Any
) -> bytes:
    """A page with JSON front matter; ``page_id=7`` is short for the id and the alias that the converter wrote."""
    front: dict[str, Any] = {} if title is None else {"title": title}
    page_id = fields.pop("page_id", None)
    if page_id is not None:
        front |= {"slug": f"page-{page_id}-slug", "aliases": [f"/{page_id}"], "tiki_page_id": page_id}
    front |= fields
    return f"{json.dumps(front, indent=indent)}\n\n{body}\n".encode()


def abstract(
    title: str = "Clear wells and how they stay so", /, *, text: str = PARAGRAPH, keywords: str = "wells, water"
) -> bytes:
    """An abstract of one paragraph."""
    return f"{title}\n\n{text}\n\nKeywords: {keywords}\n".encode()


def name(number: int, extension: str = "txt") -> str:
    """A member name of the usual shape, different for each number."""
    return f"{number:03}_{number:016x}.{extension}"


def pages(count: int, **fields: Any) -> dict[str, bytes]:
    """So many different pages under their names."""
    return {name(number): page(f"Well number {number}", page_id=number, **fields) for number in range(1, count + 1)}


# --- bundles -------------------------------------------------------------------------------


def folder(path: Path, members: Members) -> Path:
    """The members as files below a folder."""
    path.mkdir(parents=True, exist_ok=True)
    for member, data in members.items():
        file = path / member
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return path


def zipped(path: Path, members: Members, inside: str = "") -> Path:
    """The members in a zip, below the folders ``inside``."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(f"{inside}{member}", data)
    return path


def tarred(path: Path, members: Members, inside: str = "") -> Path:
    """The members in a tar; compressed when the name ends in ``.zst``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        if inside:
            archive.addfile(_folder_entry(inside))
        for member, data in members.items():
            entry = tarfile.TarInfo(f"{inside}{member}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    data = buffer.getvalue()
    path.write_bytes(zstandard.ZstdCompressor().compress(data) if path.suffix == ".zst" else data)
    return path


def _folder_entry(inside: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(inside.rstrip("/"))
    entry.type = tarfile.DIRTYPE
    return entry


def write_map(file: Path, entries: Iterable[tuple[tuple[str, str], str | None]]) -> Path:
    """A redirect map in its order: kind and value of each entry, and its target; None: gone."""
    lines = [
        {"kind": kind, "value": value, "target": target, "status": 301 if target else 410}
        for (kind, value), target in sorted(entries)
    ]
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    return file


# --- runs ----------------------------------------------------------------------------------


@dataclass
class Outcome:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


Run = Callable[..., Outcome]
"""The fixture ``run``."""


class Phases(list[str]):
    """The names of the parts of its work that a command tells to its progress, which is ``told``."""

    def told(self, name: str, total: int) -> AbstractContextManager[Callable[[int], Any]]:
        """Tells none of them any further."""
        self.append(name)
        return untold(name, total)


def invoke(capture: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """A command in this process."""
    capture.readouterr()
    status = main([str(argument) for argument in arguments])
    said = capture.readouterr()
    return Outcome(status, said.out, said.err)


def wiki_etl(*arguments: object) -> Outcome:
    """A command in this process, for fixtures of a module and for properties, where nothing captures what it says."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        status = main([str(argument) for argument in arguments])
    return Outcome(status, out.getvalue(), err.getvalue())


def hear_signals() -> None:
    """What this process ignores, as under nohup, would be ignored by all that it starts; a handler is not handed on."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def spawn(
    *arguments: object, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """A command in a process of its own, just started."""
    return subprocess.Popen(
        [sys.executable, "-m", "etl", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="backslashreplace",
    )


def command(*arguments: object, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> Outcome:
    """A command in a process of its own, to its end."""
    process = spawn(*arguments, cwd=cwd, environment=environment)
    out, err = process.communicate(timeout=120)
    return Outcome(process.returncode, out, err)


def published(out: Path) -> bool:
    """Whether an output folder has a current generation."""
    return (out / "current").exists()


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path inside."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a file of JSON lines."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def codes(folder: Path) -> list[str]:
    """The codes of all findings of a generation or of the evidence of a refused run."""
    return [finding["code"] for finding in lines(folder / "findings.jsonl")]


def in_memory() -> str | None:
    """A folder where a sync costs nothing, if it has room and may hold programs: nobody here pulls the plug."""
    room = Path("/dev/shm")
    if sys.platform != "linux" or not os.access(room, os.W_OK) or os.statvfs(room).f_flag & os.ST_NOEXEC:
        return None
    return str(room) if shutil.disk_usage(room).free >= ENOUGH else None


# --- what is not installed -----------------------------------------------------------------


def lacking(what: str) -> NoReturn:
    """Skips a test for what this machine lacks; fails in continuous integration, where nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def skipping() -> Iterator[None]:
    """Skips where a web server is not installed; fails in continuous integration, and for whatever else is wrong."""
    try:
        yield
    except ServerError as error:
        if "not installed" not in str(error):
            raise
        lacking(str(error))


def need(*programs: str) -> None:
    """Skips where one of the programs is not installed; fails in continuous integration."""
    for each in programs:
        with skipping():
            program(each, each)


def self_signed(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate for a name (``DNS:…``, ``IP:…``) that nobody vouches for: its file, and a server's context."""
    need("openssl")
    file, key = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test".split()
    command += ["-addext", f"subjectAltName={name}", "-keyout", str(key), "-out", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return file, context


# --- differences for people ----------------------------------------------------------------


def difference(expected: str, actual: str, most: int = 80) -> str:
    """A unified diff for people: JSON lines are spread out, so that the key that differs stands alone."""
    before, after = _spread(expected), _spread(actual)
    lines = list(difflib.unified_diff(before, after, "expected", "came out", lineterm="", n=2))
    more = [f"… and {len(lines) - most} more lines"] if len(lines) > most else []
    return "\n".join(lines[:most] + more) or "only line ends or blanks differ"


def _spread(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in _spread_line(line)]


def _spread_line(line: str) -> Iterator[str]:
    try:
        record = json.loads(line)
    except ValueError:
        yield line
        return
    yield from json.dumps(record, indent=1, ensure_ascii=False).splitlines()
