"""Servers start from wherever the map lies, and stop when they are told to."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from etl import servers
from etl.load.redirects import CompileOptions, MapError, compile_all
from etl.servers import SERVERS, apache, running, serve, site_paths, write_site
from etl.servers.base import Command, ServerError, free_port, require_free
from tests.make import Outcome, Phases, need, skipping

PROGRAMS = {
    "nginx": ["nginx"],
    "apache": ["apache2", "httxt2dbm"],
    "haproxy": ["haproxy"],
    "caddy": ["caddy"],
    "lighttpd": ["lighttpd"],
}
"""What each server needs."""
PROBE = "import sys; from pathlib import Path; from etl.servers import serve; sys.exit(serve({!r}, {!r}, Path({!r})))"


@pytest.fixture(params=sorted(SERVERS))
def server(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    need(*PROGRAMS[name])
    return name


@pytest.fixture
def generation(tmp_path: Path) -> Iterator[Path]:
    """A generation in a folder with blanks that nobody may write to and only its owner may enter."""
    folder = tmp_path / "a map, with blanks"
    folder.mkdir()
    lines = [
        '{"kind": "id", "value": "7", "target": "/pages/seven/", "status": 301}',
        '{"kind": "name", "value": "Seven wells", "target": "/pages/seven/", "status": 301}',
    ]
    (folder / "redirects.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "documents.jsonl").write_text('{"path": "/pages/seven/"}\n{"path": "/pages/eight/"}\n')
    compile_all(folder / "redirects.jsonl", folder / "redirects", CompileOptions())
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o500 if path.is_dir() else 0o400)
    yield folder
    for path in paths:
        if path.exists():
            path.chmod(0o700)


def status(address: str) -> int:
    try:
        with urlopen(address, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_prints_its_address_when_it_answers_and_a_signal_ends_it_well(
    server: str, generation: Path, number: signal.Signals
) -> None:
    code = PROBE.format(server, 0, str(generation))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            assert status(address) == status(address + "Seven+wells") == status(address + "pages/eight/") == 200
            assert status(address + "nobody") == 404
        finally:
            process.send_signal(number)
        assert process.wait(10) == 0
    with pytest.raises(OSError, match="refused"):
        urlopen(address, timeout=10)


@pytest.mark.parametrize("below", ["", "redirects", "redirects/{}"])
def test_any_folder_of_a_generation_will_do(server: str, generation: Path, below: str) -> None:
    with running(server, generation / below.format(server)) as (address, _):
        assert status(address + "7") == status(address + "pages/eight/") == 200


def test_the_folder_of_all_generations_will_do(server: str, generation: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(generation)
    with running(server, tmp_path) as (address, _):
        assert status(address + "7") == 200


def test_a_compiled_folder_alone_has_the_pages_of_its_targets(server: str, generation: Path, tmp_path: Path) -> None:
    alone = shutil.copytree(generation / "redirects" / server, tmp_path / "x" / "y" / "alone")
    with running(server, alone) as (address, _):
        assert status(address + "Seven+wells") == 200
        assert status(address + "pages/eight/") == 404


def test_the_binary_map_of_a_folder_is_not_touched(generation: Path) -> None:
    folder = generation / "redirects" / "apache" / "wiki-etl"
    folder.chmod(0o700)
    built = [folder / f"redirects.sdbm.{end}" for end in ("dir", "pag")]
    for file in built:
        file.write_bytes(b"of an older map")
    with skipping(), running("apache", generation) as (address, _):
        assert status(address + "Seven+wells") == 200
    assert [file.read_bytes() for file in built] == [b"of an older map"] * 2


def test_a_port_that_is_named_is_the_one(server: str, generation: Path) -> None:
    port = free_port()
    with running(server, generation, port) as (address, _):
        assert address == f"http://127.0.0.1:{port}/"


def test_two_run_at_once(server: str, generation: Path) -> None:
    with running(server, generation) as (one, _), running(server, generation) as (two, _):
        assert one != two
        assert status(one + "tiki-index.php?page=Seven+wells") == status(two + "tiki-index.php?page=Seven+wells") == 200


def test_the_second_port_of_a_server_is_not_its_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is free for one is free for the other, until one of them is bound."""
    bound: list[int] = []

    class Lowest:
        def __enter__(self) -> Self:
            return self

        def bind(self, address: tuple[str, int]) -> None:
            bound.append(address[1] or next(port for port in count(4000) if port not in bound))

        def getsockname(self) -> tuple[str, int]:
            return "127.0.0.1", bound[-1]

        def __exit__(self, *_: object) -> None:
            bound.pop()

    monkeypatch.setattr("socket.socket", Lowest)
    assert free_port(besides=4000) == 4001


def test_a_port_that_is_taken_is_said_before_an_address_is(
    server: str, generation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"port {port} is in use; name another --port"):
            serve(server, port, generation)
    assert capsys.readouterr().out == ""


def test_a_port_whose_server_has_just_ended_is_free() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as ended, socket.create_connection(("127.0.0.1", port)) as client:
        ended.accept()[0].close()  # who closes first keeps the connection for a minute
        client.recv(1)
    require_free(port)


def test_an_interrupt_ends_it_also_while_the_pages_of_a_large_site_are_written(
    server: str, generation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("etl.servers.write_site", lambda *_: signal.raise_signal(signal.SIGINT))
    before = {*tmp_path.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        serve(server, None, generation)
    assert {*tmp_path.iterdir()} == before


def test_an_interrupt_while_the_process_is_made_leaves_none(
    server: str, generation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[subprocess.Popen[bytes]] = []
    make = subprocess.Popen.__init__

    def interrupted(process: subprocess.Popen[bytes], *words: Any, **named: Any) -> None:
        make(process, *words, **named)
        if named.get("start_new_session"):
            made.append(process)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess.Popen, "__init__", interrupted)
    with pytest.raises(KeyboardInterrupt), running(server, generation):
        pass
    assert [process.returncode is None for process in made] == [False]


def test_an_interrupt_while_a_server_is_stopped_comes_when_it_has(
    server: str, generation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminate = subprocess.Popen.terminate

    def interrupted(process: subprocess.Popen[bytes]) -> None:
        signal.raise_signal(signal.SIGINT)
        terminate(process)

    monkeypatch.setattr(subprocess.Popen, "terminate", interrupted)
    with pytest.raises(KeyboardInterrupt), running(server, generation) as (_, process):
        pass
    assert process.returncode is not None


def test_a_server_that_ends_says_what_it_said_last_and_leaves_no_process(
    server: str, generation: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    until_it_answers = servers._until_it_answers

    def kill(server: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        until_it_answers(server, process, port, log)
        process.kill()
        process.wait()
        log.write_text("the well is dry\n")

    monkeypatch.setattr("etl.servers._until_it_answers", kill)
    with pytest.raises(ServerError, match=f"{server} ended by itself with status -9: the well is dry"):
        serve(server, 0, generation)
    address = capsys.readouterr().out
    assert address.startswith("http://127.0.0.1:")
    deadline = time.monotonic() + 20
    port = int(address.rstrip("/\n").rpartition(":")[2])
    while servers._answers(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not servers._answers(port)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "echo; echo a map; echo that it does not know >&2; exit 3",
            "nginx did not start: a map / that it does not know",
        ),
        ("exit 3", "nginx did not start: it said nothing"),
        ("echo reading; sleep 60", "nginx did not answer on port [0-9]+ within 1 seconds: reading"),
    ],
)
def test_a_server_that_does_not_start_says_why(
    script: str, said: str, generation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "START_SECONDS", 1.0)
    monkeypatch.setitem(SERVERS, "nginx", lambda *_: Command(["/bin/sh", "-c", script]))
    with pytest.raises(ServerError, match=f"^{said}$"):
        serve("nginx", 0, generation)


def test_a_binary_map_that_cannot_be_built_is_trouble_with_the_words_of_the_builder(tmp_path: Path) -> None:
    builder = tmp_path / "builder"
    builder.write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
    builder.chmod(0o700)
    with pytest.raises(ServerError, match=r"^httxt2dbm did not build the map: no room$"):
        apache._build(str(builder), tmp_path)


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_what_is_no_port_is_wrong_usage(port: str, generation: Path, run: Callable[..., Outcome]) -> None:
    outcome = run("redirects", "serve", "nginx", f"--port={port}", "--map", generation)
    assert (outcome.status, outcome.out) == (2, "")
    assert "is not a port" in outcome.err


def test_a_server_leaves_nothing_behind_and_changes_nothing(
    server: str, generation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch with blanks"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))

    def there() -> dict[Path, tuple[int, bytes]]:
        return {
            path: (path.stat().st_mode, b"" if path.is_dir() else path.read_bytes()) for path in generation.rglob("*")
        }

    before = there()
    with running(server, generation) as (address, process):
        assert status(address) == 200
    assert process.poll() is not None
    assert list(scratch.iterdir()) == []
    assert there() == before, "also for root, whom no mode keeps from writing"


def test_no_part_of_the_work_is_silent(server: str, generation: Path) -> None:
    """The pages of a large site are not written in a moment, nor removed."""
    phases = Phases()
    with running(server, generation, progress=phases.told):
        assert phases == ["pages", server]
    assert phases == ["pages", server, "clearing"]


def test_a_server_that_does_not_stop_goes_with_all_that_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "STOP_SECONDS", 0.2)
    command = ["/bin/sh", "-c", "trap '' TERM; (sleep 30; echo slept) & echo started; wait; sleep 30"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        servers._stop(process)
        assert process.stdout.read() == b"", "open as long as one of them is there"


def test_a_server_that_is_not_installed_is_a_sentence_that_says_what_to_install(
    server: str, generation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(generation))
    monkeypatch.setattr("etl.servers.base._SBIN", ())
    with pytest.raises(ServerError, match="not installed; install the package"):
        serve(server, 0, generation)


def test_a_folder_without_a_map_is_said(server: str, tmp_path: Path) -> None:
    for folder, words in ((tmp_path, "no map for"), (tmp_path / "nowhere", "no such folder")):
        with pytest.raises(ServerError, match=words):
            serve(server, 0, folder)
    with pytest.raises(ServerError, match="no way to run 'gopher'"):
        serve("gopher", 0, tmp_path)


def test_every_server_can_be_tested() -> None:
    assert set(PROGRAMS) >= set(SERVERS)


def test_pages_are_taken_from_the_map_where_there_are_no_documents(generation: Path) -> None:
    (generation / "documents.jsonl").chmod(0o600)
    assert list(site_paths(generation / "redirects" / "nginx")) == ["/pages/seven/", "/pages/eight/"]
    generation.chmod(0o700)
    (generation / "documents.jsonl").rename(generation / "else.jsonl")
    assert list(site_paths(generation / "redirects" / "nginx")) == ["/pages/seven/"] * 2


@pytest.mark.parametrize("name", ["documents.jsonl", "redirects.jsonl"])
def test_a_damaged_file_of_the_generation_is_trouble_with_the_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{\n")
    with pytest.raises(MapError, match=f"{name}:1: "):
        list(site_paths(tmp_path / "redirects" / "nginx"))


def test_no_page_is_written_outside_of_the_site(tmp_path: Path) -> None:
    write_site(tmp_path / "site", ["/../evil/", "/%2e%2e/evil/", "/a%2F..%2Fb/", "/pages/good%20one/", "/plain"])
    pages = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert pages == {"site/index.html", "site/pages/good one/index.html", "site/plain"}


def test_a_name_that_no_file_can_have_is_no_page_and_no_obstacle(tmp_path: Path) -> None:
    write_site(tmp_path / "site", [f"/{'a' * 256}/", f"/{'a' * 256}", "/a" * 5000, "/plain"])
    files = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(files) == ["site/index.html", "site/plain"]


def test_a_page_is_a_file_or_a_folder_whichever_path_comes_first(tmp_path: Path) -> None:
    for number, paths in enumerate([["/wells", "/wells/", "/wells/deep"], ["/wells/deep", "/wells/", "/wells"]]):
        write_site(tmp_path / str(number), paths)
    assert (tmp_path / "0" / "wells").is_file()
    assert {path.name for path in (tmp_path / "1" / "wells").iterdir()} == {"deep", "index.html"}
