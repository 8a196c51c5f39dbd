"""What the READMEs of the servers say, done with the real servers: their blocks, their commands, their warnings."""

from __future__ import annotations

import re
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from etl.addresses import Address
from etl.load.redirects import COMPILERS, CompileOptions, compile_all
from etl.routes import routes
from etl.servers import SERVERS, running
from etl.servers.base import Command, free_port
from tests.load.maps import application
from tests.load.test_nginx_deployments import configure, install
from tests.load.test_nginx_deployments import running as nginx_running
from tests.make import need, skipping, write_map
from tests.servers.oracle import Answer
from tests.servers.wire import Client, Request

MAP = {
    Address("name", "Bees"): "/pages/bees/",
    Address("name", "Wells.css"): "/pages/wells/",
    Address("id", "7"): "/pages/bees/",
    Address("path", "/posts/bees.html"): "/pages/bees/",
}
BEES = Answer(301, "/pages/bees/")


def written(folder: Path, server: str, options: CompileOptions | None = None) -> str:
    """Compiles the map; the README of the server."""
    write_map(folder / "redirects.jsonl", MAP.items())
    compile_all(folder / "redirects.jsonl", folder / "redirects", options or CompileOptions(), [server])
    return (folder / "redirects" / server / "README.md").read_text("utf-8")


def block(readme: str, beginning: str) -> str:
    """The block of code of a README with some words in it."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    (found,) = [one for one in blocks if beginning in one]
    return str(found)


def get(client: Client, target: str, host: str = "old-wiki.example") -> Answer:
    return client.ask(Request("", target.encode(), host=host))


# --- all of them ---------------------------------------------------------------------------


@pytest.mark.parametrize("server", sorted(COMPILERS))
def test_the_way_back_leads_to_the_map_that_worked_from_every_update_on(tmp_path: Path, server: str) -> None:
    readme = written(tmp_path, server)
    place, keep, back = tmp_path / "etc" / "wiki-etl", block(readme, "rm -rf /etc"), block(readme, ".before/. ")
    place.mkdir(parents=True)

    def run(command: str) -> None:
        subprocess.run(["sh", "-ec", re.sub(r"/etc/\w+/wiki-etl", str(place), command)], check=True)

    for number in range(3):
        (place / "redirects.map").write_text(f"working {number}")
        run(keep)
        (place / "redirects.map").write_text(f"broken {number}")
        for _ in range(2):
            run(back)
            assert (place / "redirects.map").read_text() == f"working {number}"
        assert [path.name for path in place.iterdir()] == ["redirects.map"]


@pytest.mark.parametrize("server", sorted(COMPILERS))
def test_the_way_back_to_a_map_that_was_not_kept_leaves_the_one_in_use(tmp_path: Path, server: str) -> None:
    back, place = block(written(tmp_path, server), ".before/. "), tmp_path / "etc" / "wiki-etl"
    place.mkdir(parents=True)
    (place / "redirects.map").write_text("in use")
    command = ["sh", "-ec", re.sub(r"/etc/\w+/wiki-etl", str(place), back)]
    assert subprocess.run(command, capture_output=True, check=False).returncode
    assert (place / "redirects.map").read_text() == "in use"


@pytest.mark.parametrize("server", sorted(COMPILERS))
def test_the_check_asks_for_an_entry_of_the_map_and_says_its_answer(tmp_path: Path, server: str) -> None:
    found = re.search(r"^curl -sI 'https?://[a-z.-]+(/\S+)' +# 301 to (\S+)$", written(tmp_path, server), re.MULTILINE)
    assert found is not None
    with skipping(), running(server, tmp_path) as (address, _), Client(address) as client:
        assert get(client, found[1]) == Answer(301, found[2]) == BEES


# --- nginx ---------------------------------------------------------------------------------


class Php(socketserver.StreamRequestHandler):
    """As php-fpm in front of a front controller: a file that is not there is 404, and so is what index.php lacks."""

    def handle(self) -> None:
        parameters = b""
        while True:
            _, kind, _, _, size, size_low, padding, _ = self.rfile.read(8)
            data = self.rfile.read(size << 8 | size_low)
            self.rfile.read(padding)
            if kind == 4:
                parameters += data
            elif kind == 5 and not data:
                break
        script = re.search(rb"SCRIPT_FILENAME(.*?)(?:[\x00-\x1f]|$)", parameters)
        uri = re.search(rb"REQUEST_URI([^\x00-\x1f]*)", parameters)
        assert script is not None
        assert uri is not None
        known = script[1].endswith(b"/index.php") and uri[1].startswith((b"/living", b"/index.php"))
        body = b"Status: %d\r\nContent-Type: text/plain\r\n\r\nof the application" % (200 if known else 404)
        self.wfile.write(b"\x01\x06\x00\x01%c%c\x00\x00" % divmod(len(body), 256) + body)
        self.wfile.write(b"\x01\x06\x00\x01\x00\x00\x00\x00\x01\x03\x00\x01\x00\x08\x00\x00" + bytes(8))


@contextmanager
def php() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Php) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_nginx_in_front_of_php_with_a_front_controller(tmp_path: Path) -> None:
    need("nginx")
    options = CompileOptions(routes=routes({"files": "/files/"}))
    readme, port = written(tmp_path, "nginx", options), free_port()
    install(tmp_path, options, MAP)
    (tmp_path / "html" / "style.css").write_text("own")
    with php() as backend:
        text = block(readme, "SCRIPT_FILENAME").replace("unix:/run/php/php-fpm.sock", f"127.0.0.1:{backend}")
        text = text.replace("server {", f"server {{ listen 127.0.0.1:{port}; root {tmp_path}/html;", 1)
        own = r"location ~* \.(css|js|png|pdf|html)$ { expires 1d; try_files $uri @wiki_etl_app; }"
        text = text.replace("    location @wiki_etl_app", f"    {own}\n    location @wiki_etl_app", 1)
        fastcgi = "fastcgi_param REQUEST_URI $request_uri;\nfastcgi_param QUERY_STRING $query_string;\n"
        (tmp_path / "fastcgi_params").write_text(fastcgi)
        configure(tmp_path, f"include wiki-etl/http.conf;\n{text}")
        with (
            nginx_running(tmp_path, f"include wiki-etl/http.conf;\n{text}", port),
            Client(f"http://127.0.0.1:{port}/") as client,
        ):
            assert get(client, "/living") == get(client, "/index.php?x") == get(client, "/style.css") == Answer(200)
            for target in ("/Bees", "/7", "/posts/bees.html", "/tiki-index.php?page=Bees", "/tiki-index.php?page_id=7"):
                assert get(client, target) == BEES, target
            assert get(client, "/Wells.css") == Answer(301, "/pages/wells/")
            assert get(client, "/tiki-download_file.php?fileId=9") == Answer(301, "/files/")
            for target in ("/unknown", "/other.php", "/other.css", "/tiki-index.php?page=Nobody"):
                assert get(client, target) == Answer(404), target


def test_nginx_with_a_location_for_some_files(tmp_path: Path) -> None:
    need("nginx")
    assert "needs the line `try_files $uri @wiki_etl;`" in written(tmp_path, "nginx")
    install(tmp_path, CompileOptions(), MAP)
    (tmp_path / "html" / "style.css").write_text("own")
    port = free_port()
    text = f"""include wiki-etl/http.conf;
        server {{ listen 127.0.0.1:{port}; root html;
            location / {{ try_files $uri $uri/index.html @wiki_etl; }}
            location ~* \\.(css|js|png|pdf|html)$ {{ try_files $uri @wiki_etl; }}
            include wiki-etl/server.conf;
        }}"""
    with nginx_running(tmp_path, text, port), Client(f"http://127.0.0.1:{port}/") as client:
        assert get(client, "/style.css") == Answer(200)
        assert get(client, "/Wells.css") == Answer(301, "/pages/wells/")
        assert get(client, "/posts/bees.html") == BEES
        assert get(client, "/unknown.css") == Answer(404)


# --- the others ----------------------------------------------------------------------------


def test_haproxy_answers_for_the_old_hosts_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("haproxy")
    readme, prepare = written(tmp_path, "haproxy"), SERVERS["haproxy"]

    def of_readme(compiled: Path, scratch: Path, site: Path, port: int) -> Command:
        command = prepare(compiled, scratch, site, port)
        conf = scratch / "haproxy.cfg"
        text = conf.read_text()
        new = re.search(r"server new (\S+)", text)
        assert new is not None
        mine = block(readme, "use_backend old_wiki").replace("127.0.0.1:8081", new[1])
        mine = mine.replace("frontend web\n", f"frontend web\n    bind 127.0.0.1:{port}\n")
        defaults, _, backends = text[text.index("defaults\n") :].partition("\n\n")
        conf.write_text(f"{defaults}\n\n{mine}\n{backends}")
        return command

    monkeypatch.setitem(SERVERS, "haproxy", of_readme)
    with running("haproxy", tmp_path) as (address, _), Client(address) as client:
        for host in ("old-wiki.example", "OLD-wiki.example:8080", "www.old-wiki.example"):
            assert get(client, "/Bees", host) == get(client, "/BEES/", host) == BEES
            assert get(client, "/tiki-index.php?page=Bees", host) == BEES
            assert get(client, "/pages/bees/", host) == Answer(200)
            assert get(client, "/unknown", host) == Answer(404)
        for host in ("new.example", "old-wiki.example.evil"):
            assert get(client, "/Bees", host) == get(client, "/BEES", host) == Answer(404)
            assert get(client, "/pages/bees/", host) == Answer(200)


def test_caddy_with_blocks_of_handle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("caddy")
    readme, prepare = written(tmp_path, "caddy"), SERVERS["caddy"]
    with application() as backend:

        def of_readme(compiled: Path, scratch: Path, site: Path, port: int) -> Command:
            command = prepare(compiled, scratch, site, port)
            text = block(readme, "handle {").replace("localhost:3000", f"127.0.0.1:{backend}")
            text = text.replace("/srv/new-site", str(site))
            text = text.replace("old-wiki.example, new.example {", f"http://:{port} {{\n\tbind 127.0.0.1")
            (scratch / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{text}")
            return command

        monkeypatch.setitem(SERVERS, "caddy", of_readme)
        with running("caddy", tmp_path) as (address, _), Client(address) as client:
            for target in ("/Bees", "/bEES/", "/7", "/posts/bees.html", "/tiki-index.php?page=Bees"):
                assert get(client, target) == BEES, target
            assert get(client, "/pages/bees/") == Answer(200)
            assert get(client, "/api/denied") == Answer(403)
            assert get(client, "/unknown") == Answer(404)


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ('server.error-handler = "/404.html"', 404),
        ('server.errorfile-prefix = "{site}/"', 404),
    ],
)
def test_lighttpd_with_a_page_of_its_own_for_what_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, unknown: int
) -> None:
    need("lighttpd")
    written(tmp_path, "lighttpd")
    prepare = SERVERS["lighttpd"]

    def with_line(compiled: Path, scratch: Path, site: Path, port: int) -> Command:
        command = prepare(compiled, scratch, site, port)
        (site / "404.html").write_text("nothing here")
        with (scratch / "lighttpd.conf").open("a") as conf:
            conf.write(line.format(site=site) + "\n")
        return command

    monkeypatch.setitem(SERVERS, "lighttpd", with_line)
    with running("lighttpd", tmp_path) as (address, _), Client(address) as client:
        assert get(client, "/Bees") == get(client, "/tiki-index.php?page=Bees") == BEES
        assert get(client, "/unknown") == Answer(unknown)
        assert get(client, "/pages/bees/") == Answer(200)
