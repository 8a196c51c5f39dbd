"""Every server with a large map: does it start, how long does that take, what does it cost, and is each answer right?

    .venv/bin/python tests/servers_at_scale.py                             100,000 pages, every server that is installed
    .venv/bin/python tests/servers_at_scale.py --pages 10000 --server nginx --server haproxy

Pages are made up: each has a name, an id, and the paths that an old site had. A sample of the entries is replayed in
four spellings over one connection; the answer must be the one that was put into the map. Requests a second are
wrk's (32 connections, some seconds each), on loopback and with everything else that the machine does, so read them
against the same server without a map, which is in brackets. Status 1 when an answer is wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, quote_plus

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from etl import servers
from etl.load.redirects import CompileOptions, compile_all
from etl.servers.base import ServerError, free_port
from tests.make import write_map
from tests.servers.oracle import Answer
from tests.servers.wire import Client, Request

MIB = 1024 * 1024
CONNECTIONS, THREADS = 32, 2
MOST_SECONDS = 30
SCRIPT = "/tiki-index.php"

_WORDS = """water well wells clear kennel garden sample meeting report survey annual letter notes river lake summer
winter study field bridge school market health village road harvest seed soil rain cloud storm coast island valley
Zoë café résumé naïve Ålesund Größe müde 水 井戸 ビタミン вода колодец""".split()
_MONTHS = "January February March April May June July August September October November December".split()

_LUA = """\
local paths = {}
function init(arguments)
  for line in io.lines(arguments[1]) do paths[#paths + 1] = wrk.format("GET", line) end
end
local at = math.random(1000)
function request()
  at = at % #paths + 1
  return paths[at]
end
"""


class Row(NamedTuple):
    """What was measured of one server."""

    server: str
    compiled: float
    """Seconds."""
    files: float
    """MiB."""
    start: dict[str, float]
    """Seconds from the start of the process to its first answer; with and without a map."""
    memory: dict[str, float]
    """MiB, shared pages counted once, after the requests."""
    rates: dict[str, dict[str, float]]
    """Requests a second: with and without a map, by kind."""
    wrong: int
    asked: int


def main() -> int:
    """Measures what is asked for and prints a table; 1 when an answer was wrong."""
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="wiki-etl-scale-", dir=servers._scratch_place()) as name:
        folder = Path(name)
        folder.chmod(0o755)
        entries = made_up(options.pages)
        print(f"{options.pages:,} pages, {len(entries):,} entries", flush=True)
        for place, content in (("with", entries), ("without", {})):
            (folder / place).mkdir()
            write_map(folder / place / "redirects.jsonl", content.items())
        servers.write_site(folder / "site", (target for target in entries.values() if target))
        rows = [
            row for server in options.server or servers.SERVERS if (row := measured(server, folder, entries, options))
        ]
    print(table(rows))
    return 1 if any(row.wrong for row in rows) else 0


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=100_000, metavar="N", help="default: 100,000")
    parser.add_argument("--sample", type=int, default=20_000, metavar="N", help="entries replayed (default: 20,000)")
    parser.add_argument(
        "--seconds", type=int, default=4, choices=range(1, 11), metavar="S", help="of each load, 1 to 10"
    )
    parser.add_argument("--server", action="append", choices=sorted(servers.SERVERS), help="default: all")
    return parser.parse_args()


def made_up(pages: int) -> dict[tuple[str, str], str | None]:
    """The entries of a map: of each page its name, its id, and three paths; one page in fifty is gone."""
    chance = random.Random(4)
    entries: dict[tuple[str, str], str | None] = {}
    for number in range(1000, 1000 + pages):
        words = " ".join(chance.choices(_WORDS, k=chance.randint(2, 7)))
        name = f"{words}{chance.choice([' – ', ', ', ' & ', ' 5% of '])}{chance.choice(_MONTHS)} {number}"
        target = None if number % 50 == 0 else f"/pages/{number % 100}/page-{number}/"
        paths = (f"/posts/page-{number}", f"/posts/page-{number}.html", f"/{number}.html")
        entries |= {("name", name): target, ("id", str(number)): target} | {("path", path): target for path in paths}
    return entries


# --- one server ----------------------------------------------------------------------------


def measured(
    server: str, folder: Path, entries: dict[tuple[str, str], str | None], options: argparse.Namespace
) -> Row | None:
    """The row of a server; None, and a line that says why, when there is none."""
    compiled = {place: compile_timed(server, folder / place) for place in ("with", "without")}
    row = Row(server, compiled["with"], size(folder / "with" / server), {}, {}, {}, 0, 0)
    try:
        for place in ("with", "without"):
            row = load(row, place, folder, entries, options)
    except ServerError as error:
        print(f"{server}: {error}", flush=True)
        return None
    print(f"{server}: done", flush=True)
    return row


def compile_timed(server: str, folder: Path) -> float:
    """Seconds; says what the server refused."""
    began = time.monotonic()
    findings = compile_all(folder / "redirects.jsonl", folder, CompileOptions(), [server])
    took = time.monotonic() - began
    refused = [finding.message for finding in findings if finding.code == "redirect.unsupported"]
    if refused:
        print(f"{server}: {len(refused)} refused: {refused[0]}", flush=True)
    return took


def load(
    row: Row, place: str, folder: Path, entries: dict[tuple[str, str], str | None], options: argparse.Namespace
) -> Row:
    """Starts the server with or without the map and puts it under load."""
    chance = random.Random(5)
    with started(row.server, folder / place / row.server, folder) as (address, pid, seconds):
        if place == "with":
            sample = chance.sample(sorted(entries), min(options.sample, len(entries)))
            wrong, asked = replayed(address, {key: entries[key] for key in sample})
            row = row._replace(wrong=wrong, asked=asked)
        rates = {
            kind: rate(address, folder, targets, options.seconds) for kind, targets in loads(entries, chance).items()
        }
        row.start[place], row.rates[place], row.memory[place] = seconds, rates, memory(pid)
    return row


@contextmanager
def started(server: str, compiled: Path, folder: Path) -> Iterator[tuple[str, int, float]]:
    """A server with the one site that all of them have: address, process id, seconds until it answered."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        (scratch / "site").symlink_to(folder / "site")
        port = free_port()
        command = servers.SERVERS[server](compiled, scratch, scratch / "site", port)
        began = time.monotonic()
        with servers._process(server, command, scratch, port) as process:
            yield f"http://127.0.0.1:{port}/", process.pid, time.monotonic() - began


def replayed(address: str, entries: dict[tuple[str, str], str | None]) -> tuple[int, int]:
    """Asks for each entry in four spellings; how many answers were wrong, of how many."""
    wrong = asked = 0
    with Client(address) as client:
        for (kind, value), target in entries.items():
            right = Answer(410) if target is None else Answer(301, target)
            for spelling in spellings(kind, value):
                asked += 1
                got = client.ask(Request(kind, spelling.encode()))
                if got != right:
                    wrong += 1
                    if wrong <= 5:
                        print(f"wrong: {spelling}: {got}, not {right}", flush=True)
    return wrong, asked


def spellings(kind: str, value: str) -> list[str]:
    """Four request targets for an address."""
    if kind == "id":
        return [
            f"/{value}",
            f"/{value}/?utm_source=x",
            f"{SCRIPT}?page_id={value}",
            f"{SCRIPT}?a=b&page_id={value}&page=x",
        ]
    if kind == "path":
        return [value, f"{value}/", f"/{value}?x=1", "/" + "".join(f"%{byte:02x}" for byte in value[1:].encode())]
    plus = quote_plus(value)
    return [f"/{plus}", f"/{quote(value, safe='')}/", f"{SCRIPT}?page={plus}", f"{SCRIPT}?a=b&page={quote(value)}&x=1"]


# --- load ----------------------------------------------------------------------------------


def loads(entries: dict[tuple[str, str], str | None], chance: random.Random) -> dict[str, list[str]]:
    """Request targets by kind."""
    names = [value for kind, value in chance.sample(sorted(entries), min(len(entries), 50_000)) if kind == "name"]
    pages = sorted({target for target in entries.values() if target})[:5000]
    return {
        "name": [f"/{quote_plus(name)}" for name in names],
        "?page=": [f"{SCRIPT}?page={quote_plus(name)}" for name in names],
        "unknown": [f"/{quote_plus(name)}+and+more" for name in names],
        "new page": pages,
    }


def rate(address: str, folder: Path, targets: list[str], seconds: int) -> float:
    """Requests a second, as wrk counts them; 0 where it is not installed."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return 0.0
    (folder / "load.lua").write_text(_LUA)
    (folder / "targets").write_text("\n".join(targets) + "\n")
    command = [wrk, f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(folder / "load.lua"), address]
    done = subprocess.run(
        [*command, "--", str(folder / "targets")], capture_output=True, text=True, timeout=MOST_SECONDS, check=True
    )
    found = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    return float(found[1]) if found else 0.0


def memory(pid: int) -> float:
    """MiB of a process and its children; a page that several share counts once. 0 where the system does not say."""
    total = 0
    for process in family(pid):
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text("ascii")
        except OSError:
            continue
        total += sum(int(size) for size in re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE))
    return total * 1024 / MIB


def family(pid: int) -> list[int]:
    """A process and all below it."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listed.splitlines())}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MIB


def table(rows: list[Row]) -> str:
    """Markdown; in brackets the same server without a map."""
    kinds = ["name", "?page=", "unknown", "new page"]
    lines = [
        f"| server | compile | files | start | memory | {' | '.join(f'{kind}/s' for kind in kinds)} | wrong |",
        "| --- |" + " ---: |" * (len(kinds) + 5),
    ]
    for row in rows:
        with_, without = row.rates["with"], row.rates["without"]
        rates = [f"{with_[kind]:,.0f} ({without[kind]:,.0f})" for kind in kinds]
        cells = [
            row.server,
            f"{row.compiled:.1f} s",
            f"{row.files:.0f} MiB",
            f"{row.start['with']:.2f} s ({row.start['without']:.2f})",
            f"{row.memory['with']:.0f} MiB ({row.memory['without']:.0f})",
            *rates,
            f"{row.wrong} of {row.asked:,}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
