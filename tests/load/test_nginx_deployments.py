"""nginx as it is deployed: beside a site's own configuration, in front of an application, killed, and twice."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest

from etl.addresses import Address, lookups
from etl.load.redirects import CompileOptions, compile_all
from etl.load.redirects.nginx import HOP_PORT
from etl.routes import FAMILIES, matching, routes
from etl.servers.base import free_port, program
from etl.servers.nginx import root_group
from tests.make import need, write_map

MAP: dict[Address, str | None] = {
    Address("name", "Clear water – June 2019"): "/pages/clear-water/",
    Address("name", "Gone for good"): None,
    Address("name", "Home"): "/pages/home/",
    Address("name", "cat5"): "/pages/a-cat/",
    Address("name", "live"): "/pages/another/",
    Address("name", "broken"): "/pages/broken/",
    Address("id", "10983"): "/pages/clear-water/",
    Address("path", "/posts/old-slug"): "/pages/clear-water/",
}
CLEAR = "/Clear+water+%E2%80%93+June+2019"
SCRIPT = "/tiki-index.php"
KNOWN = [CLEAR, "/10983", "/posts/old-slug", SCRIPT + "?page=" + CLEAR[1:], SCRIPT + "?page_id=10983"]
OPTIONS = CompileOptions()
STATIC = "location / {{ try_files $uri $uri/index.html @wiki_etl; }}\n include wiki-etl/server.conf;"


class Reply(NamedTuple):
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def location(self) -> str | None:
        return self.headers.get("location")


def ask(port: int, target: str, method: str = "GET", body: bytes | None = None, cookie: str = "") -> Reply:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, target, body, {"Host": "old.example", "Cookie": cookie})
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    need("nginx")
    return tmp_path


def install(folder: Path, options: CompileOptions = OPTIONS, entries: Mapping[Address, str | None] = MAP) -> None:
    """Compiles the map and copies its folder where nginx looks for it; the hop takes a port that is free."""
    write_map(folder / "redirects.jsonl", entries.items())
    compile_all(folder / "redirects.jsonl", folder / "redirects", options, ["nginx"])
    shutil.rmtree(folder / "wiki-etl", ignore_errors=True)
    shutil.copytree(folder / "redirects" / "nginx" / "wiki-etl", folder / "wiki-etl")
    (folder / "html").mkdir(exist_ok=True)
    take_port(folder, free_port())


def take_port(folder: Path, port: int) -> None:
    """What the README says for a second nginx: ``sed -i s/19417/<port>/ wiki-etl/hop.conf``."""
    hop = folder / "wiki-etl" / "hop.conf"
    hop.write_text(hop.read_text().replace(str(HOP_PORT), str(port)))


def configure(folder: Path, http: str) -> Path:
    """A main configuration with this inside of ``http``; it writes below the folder only."""
    user = f"user root {root_group()};" if root_group() else ""
    temporary = " ".join(f"{name}_temp_path tmp;" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    text = f"{user} daemon off; worker_processes 1; pid nginx.pid; error_log stderr;\nevents {{ }}\n"
    file = folder / "nginx.conf"
    file.write_text(f"{text}http {{\naccess_log off; default_type text/html; {temporary}\n{http}\n}}\n")
    return file


def site(port: int, inside: str = STATIC) -> str:
    return f"server {{ listen 127.0.0.1:{port}; root html;\n {inside.format()} }}"


def said_by_a_check(folder: Path, conf: str = "nginx.conf") -> str:
    """What ``nginx -t`` says."""
    command = [program("nginx", "nginx"), "-t", "-p", f"{folder}/", "-c", str(folder / conf)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Starts nginx in a process group of its own and waits until it answers."""
    command = [program("nginx", "nginx"), "-p", f"{folder}/", "-c", str(folder / "nginx.conf")]
    log = folder / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(command, stderr=output, stdout=output, start_new_session=True)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if answers(port):
            return process
        time.sleep(0.02)
    stop(process)
    raise AssertionError(f"nginx did not start: {log.read_text()}")


def answers(port: int) -> bool:
    """Whether somebody answers; a port that is bound alone does not count."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(20)


@contextmanager
def running(folder: Path, http: str, port: int) -> Iterator[None]:
    configure(folder, http)
    process = start(folder, port)
    try:
        yield
    finally:
        stop(process)


@contextmanager
def static(folder: Path, options: CompileOptions = OPTIONS) -> Iterator[int]:
    """A site of files with the map behind it; its port."""
    install(folder, options)
    port = free_port()
    with running(folder, "include wiki-etl/http.conf;\n" + site(port), port):
        yield port


# --- beside a configuration of one's own -----------------------------------------------------

DEBIAN = """
sendfile on;
types_hash_max_size 2048;
ssl_protocols TLSv1.2 TLSv1.3;
gzip on;
include {folder}/conf.d/*.conf;
include {folder}/sites-enabled/*;
"""


@pytest.fixture
def debian(folder: Path) -> Path:
    """The layout of Debian, with the one line of ours in conf.d and maps of the site's own behind it."""
    install(
        folder, entries={**MAP, Address("name", "a key that does not fit into a bucket of 64 bytes"): "/pages/long/"}
    )
    (folder / "sites-enabled").mkdir()
    shutil.copytree(folder / "redirects" / "nginx" / "conf.d", folder / "conf.d")
    (folder / "conf.d" / "maps.conf").write_text('map $uri $redirect { "/mine" "/yours"; default ""; }\n')
    return folder


def test_the_map_fits_into_the_layout_of_debian(debian: Path) -> None:
    port = free_port()
    (debian / "sites-enabled" / "default").write_text(site(port))
    with running(debian, DEBIAN.format(folder=debian), port):
        assert "[warn]" not in said_by_a_check(debian)
        assert [ask(port, target).location for target in KNOWN] == ["/pages/clear-water/"] * len(KNOWN)


@pytest.mark.parametrize("own", ["map_hash_bucket_size 4096;", "map_hash_max_size 65536;"])
def test_sizes_of_the_site_itself_are_no_duplicate_where_ours_stay_out(debian: Path, own: str) -> None:
    (debian / "conf.d" / "00-sizes.conf").write_text("map_hash_bucket_size 4096;\nmap_hash_max_size 65536;\n")
    configure(debian, DEBIAN.format(folder=debian))
    assert "directive is duplicate" in said_by_a_check(debian)
    ours = debian / "conf.d" / "00-wiki-etl.conf"
    ours.write_text(ours.read_text().replace("\ninclude wiki-etl/http.conf;", "\ninclude wiki-etl/maps.conf;"))
    assert "test is successful" in said_by_a_check(debian)
    (debian / "conf.d" / "00-sizes.conf").write_text(own)
    assert ("test is successful" in said_by_a_check(debian)) == ("bucket" in own)


def test_nothing_but_the_file_of_sizes_sets_what_may_be_set_once(folder: Path) -> None:
    install(folder, entries={**MAP, Address("name", "水" + " 水" * 800): "/pages/water/"})
    once = re.compile(
        r"^\s*(map_hash_\w+|variables_hash_\w+|large_client_header_buffers|server_names_hash\w+)", re.MULTILINE
    )
    found = {path.name: once.findall(path.read_text()) for path in (folder / "wiki-etl").iterdir()}
    assert {name for name, directives in found.items() if directives} == {"sizes.conf"}
    assert len(found["sizes.conf"]) == len(set(found["sizes.conf"])) == 4


def test_every_name_of_ours_has_our_prefix_and_those_of_a_site_live_beside_them(folder: Path) -> None:
    install(folder, replace(OPTIONS, home="Home", routes=routes(dict.fromkeys(FAMILIES, "/x/"))))
    text = "".join(path.read_text() for path in (folder / "wiki-etl").glob("*.conf"))
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    defined = re.findall(r'^\s*map (?:"[^"]*"|\S+) \$(\w+)', text, re.MULTILINE)
    defined += re.findall(r"^\s*(?:geo|set) \$(\w+)", text, re.MULTILINE)
    defined += re.findall(r"\(\?<(\w+)>", text) + re.findall(r"^\s*upstream (\w+)", text, re.MULTILINE)
    defined += re.findall(r"^\s*location @(\w+)", text, re.MULTILINE)
    assert len(defined) > 30
    assert [name for name in defined if not name.startswith("wiki_etl")] == []
    port = free_port()
    own = """
        map $uri $to { "~^/(?<name>mine)$" "/yours/$name"; default ""; }
        map $request_uri $redirect { default ""; }
        map $args $legacy { default ""; }
        upstream hop { server 127.0.0.1:9; }
    """
    inside = "location @legacy {{ return 404; }}\n if ($to) {{ return 302 $to; }}\n" + STATIC
    with running(folder, "include wiki-etl/http.conf;" + own + site(port, inside), port):
        assert ask(port, "/mine").location == "http://old.example/yours/mine".replace("example", f"example:{port}")
        assert ask(port, KNOWN[3]).location == "/pages/clear-water/"


def test_the_error_page_of_the_site_is_shown_for_an_unknown_page_of_the_script(folder: Path) -> None:
    install(folder)
    (folder / "html" / "404.html").write_text("our own page")
    port = free_port()
    with running(folder, "include wiki-etl/http.conf;" + site(port, "error_page 404 /404.html;\n" + STATIC), port):
        for target in ("/nobody", SCRIPT + "?page=nobody", SCRIPT + "?page=404.html", SCRIPT + "?page_id=7", SCRIPT):
            assert (ask(port, target).status, ask(port, target).body) == (404, b"our own page")
        assert ask(port, KNOWN[3]).location == "/pages/clear-water/"


def test_what_a_site_sets_for_its_proxies_and_its_visitors_is_not_for_the_hop(folder: Path) -> None:
    install(folder)
    port = free_port()
    http = "include wiki-etl/http.conf; proxy_redirect / /mine/; proxy_bind 192.0.2.1;"
    inside = "client_max_body_size 8m; large_client_header_buffers 4 32k;\n" + STATIC
    with running(folder, http + site(port, inside), port):
        answer = ask(port, KNOWN[3], "POST", b"x" * 2_000_000, "c=" + "x" * 20_000)
        assert (answer.status, answer.location) == (301, "/pages/clear-water/")


# --- in front of an application --------------------------------------------------------------


class App(BaseHTTPRequestHandler):
    """An application with pages, an API, and error pages of its own; it remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, str]]] = []

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.command, self.path))
        path = self.path.partition("?")[0]
        status = {"/live": 200, "/broken": 500, "/teapot": 418, "/busy": 503}.get(path, 404)
        body = b'{"error": "none"}' if path.startswith("/api/") else f"the application says {status}".encode()
        self.send_response(status)
        self.send_header("X-App", "yes")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 -- the names of http.server

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def app() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), App) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.fixture
def proxied(folder: Path, app: int) -> Iterator[int]:
    """The application behind nginx with the map, as the README says, and error pages of the server's own."""
    install(folder, replace(OPTIONS, max_age=60))
    port = free_port()
    (folder / "html" / "oops.html").write_text("the server's own page")
    inside = f"""
        error_page 404 410 500 503 /oops.html;
        location / {{{{ include wiki-etl/app-location.conf; proxy_pass http://127.0.0.1:{app}; }}}}
        location @wiki_etl_app {{{{ include wiki-etl/app-fallback.conf; proxy_pass http://127.0.0.1:{app}; }}}}
        location = /oops.html {{{{ internal; }}}}
        include wiki-etl/app-server.conf;
    """
    with running(folder, "include wiki-etl/http.conf;" + site(port, inside), port):
        App.seen.clear()  # of the question whether it has started
        yield port


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", KNOWN)
def test_the_map_answers_where_the_application_says_404(proxied: int, target: str, method: str) -> None:
    answer = ask(proxied, target, method)
    assert (answer.status, answer.location) == (301, "/pages/clear-water/")
    assert answer.headers["cache-control"] == "max-age=60"
    assert "x-app" not in answer.headers
    assert App.seen == ([] if SCRIPT in target else [(method, target)])


def test_what_is_gone_is_gone_behind_an_application_too(proxied: int) -> None:
    assert ask(proxied, "/Gone+for+good").status == ask(proxied, SCRIPT + "?page=Gone+for+good").status == 410


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/nobody", 404),
        ("HEAD", "/nobody", 404),
        ("GET", "/api/things/7", 404),
        ("POST", "/api/things", 404),
        ("DELETE", "/10983", 404),
        ("POST", CLEAR, 404),
        ("PUT", "/posts/old-slug", 404),
        ("GET", "/live", 200),
        ("HEAD", "/live", 200),
        ("GET", "/broken", 500),
        ("GET", "/busy", 503),
        ("GET", "/teapot", 418),
        ("GET", "/a%2Fb+c//d%20e?x=1&y=%zz", 404),
        ("GET", SCRIPT + "?page=nobody", 404),
        ("GET", SCRIPT + "?page_id=7", 404),
        ("HEAD", SCRIPT, 404),
        ("POST", SCRIPT + "?page=" + CLEAR[1:], 404),
    ],
)
def test_everything_else_is_the_answer_of_the_application(proxied: int, method: str, target: str, status: int) -> None:
    body = b"a=b" if method in {"POST", "PUT"} else None
    answer = ask(proxied, target, method, body)
    said = b'{"error": "none"}' if "/api/" in target else f"the application says {status}".encode()
    assert (answer.status, answer.headers.get("x-app")) == (status, "yes")
    assert answer.body == (b"" if method == "HEAD" else said)
    assert App.seen == [(method, target)]


def test_both_examples_load_where_they_lie(folder: Path) -> None:
    install(folder)
    for conf in ("nginx.conf", "nginx-app.conf"):
        said = said_by_a_check(folder / "redirects" / "nginx", conf)
        assert "test is successful" in said
        assert "[warn]" not in said


def test_the_example_answers_what_the_map_says(folder: Path) -> None:
    install(folder)
    port = free_port()
    example = (folder / "redirects" / "nginx" / "nginx.conf").read_text()
    (folder / "nginx.conf").write_text("daemon off;" + example.replace("127.0.0.1:8080", f"127.0.0.1:{port}"))
    process = start(folder, port)
    try:
        assert [ask(port, target).location for target in KNOWN] == ["/pages/clear-water/"] * len(KNOWN)
    finally:
        stop(process)


# --- killed, and twice -----------------------------------------------------------------------


def test_a_killed_nginx_leaves_nothing_that_keeps_the_next_one_from_starting(folder: Path) -> None:
    install(folder)
    port = free_port()
    configure(folder, "include wiki-etl/http.conf;" + site(port))
    for _ in range(2):
        process = start(folder, port)
        assert ask(port, KNOWN[3]).location == "/pages/clear-water/"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)
    with running(folder, "include wiki-etl/http.conf;" + site(port), port):
        assert ask(port, KNOWN[3]).location == "/pages/clear-water/"


def test_two_run_on_one_machine_each_with_its_own_map_and_a_taken_port_is_said(folder: Path) -> None:
    one, two = folder / "one", folder / "two"
    for place, target in ((one, "/pages/one/"), (two, "/pages/two/")):
        place.mkdir()
        install(place, entries={Address("name", "Well"): target})
    hop = re.findall(r"listen 127\.0\.0\.1:(\d+)", (one / "wiki-etl" / "hop.conf").read_text())[0]
    port = free_port()
    ports = [port, free_port(besides=port)]
    with running(one, "include wiki-etl/http.conf;" + site(ports[0]), ports[0]):
        theirs = (two / "wiki-etl" / "hop.conf").read_text()
        (two / "wiki-etl" / "hop.conf").write_text(re.sub(r"(?<=127\.0\.0\.1:)\d+", hop, theirs))
        configure(two, "include wiki-etl/http.conf;" + site(ports[1]))
        with pytest.raises(AssertionError, match=rf"bind\(\) to 127\.0\.0\.1:{hop} failed"):
            stop(start(two, ports[1]))
        (two / "wiki-etl" / "hop.conf").write_text(theirs)
        with running(two, "include wiki-etl/http.conf;" + site(ports[1]), ports[1]):
            found = [ask(port, target).location for port in ports for target in ("/Well", SCRIPT + "?page=Well")]
    assert found == ["/pages/one/"] * 2 + ["/pages/two/"] * 2


def test_a_new_map_is_taken_by_a_reload_and_a_bad_one_keeps_the_old(folder: Path) -> None:
    install(folder)
    port = free_port()
    with running(folder, "include wiki-etl/http.conf;" + site(port), port):
        names, pid = folder / "wiki-etl" / "names.map", int((folder / "nginx.pid").read_text())
        old = names.read_text()
        names.write_text(old + '"/twice" "/a";\n"/twice" "/a";\n')
        os.kill(pid, signal.SIGHUP)
        until(lambda: "conflicting parameter" in (folder / "log").read_text())
        assert ask(port, "/live").location == "/pages/another/"
        names.write_text(old.replace("/pages/another/", "/pages/elsewhere/"))
        os.kill(pid, signal.SIGHUP)
        until(lambda: ask(port, "/live").location == "/pages/elsewhere/")


def until(holds: Any) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# --- what the settings say ---------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 308])
@pytest.mark.parametrize("max_age", [None, 0, 3600])
def test_redirects_are_sent_with_the_status_and_the_age_of_the_settings(
    folder: Path, status: Any, max_age: int | None
) -> None:
    options = replace(OPTIONS, status=status, max_age=max_age, routes=routes({"files": "/f/", "tags": "gone"}))
    with static(folder, options) as port:
        for target in [*KNOWN, "/dl5"]:
            answer = ask(port, target)
            assert answer.status == status, target
            assert answer.headers.get("cache-control") == options.cache_control
        for target in ("/Gone+for+good", SCRIPT + "?page=Gone+for+good", "/tiki-browse_freetags.php", "/x", SCRIPT):
            answer = ask(port, target)
            assert answer.status == (404 if target in {"/x", SCRIPT} else 410), target
            assert "cache-control" not in answer.headers


@pytest.mark.parametrize("base", ["/", "/wiki/"])
@pytest.mark.parametrize("other_host", [False, True])
@pytest.mark.parametrize(("home", "goes"), [("Home", "/pages/home/"), ("Gone for good", None)])
def test_the_bare_script_goes_home_and_the_folder_where_it_is_not_the_new_site(
    folder: Path, base: str, other_host: bool, home: str, goes: str | None
) -> None:
    with static(folder, CompileOptions(legacy_base=base, home=home, other_host=other_host)) as port:
        inside, (root, wiki) = base.rstrip("/"), {"/": (other_host, False), "/wiki/": (False, True)}[base]
        for target in (SCRIPT, SCRIPT + "?no_bl=y", SCRIPT + "/", SCRIPT + "?xpage=a&pages=b", SCRIPT + "?"):
            answer = ask(port, inside + target)
            assert (answer.status, answer.location) == (301 if goes else 410, goes), target
        for target in (SCRIPT + "?page=", SCRIPT + "?page=nobody", SCRIPT + "?page_id=", "/index.php", "/%0a", "/+"):
            assert ask(port, inside + target).status == 404, target
        for target in ("/", "//", "/?a=b", "/./"):
            assert (ask(port, target).location == goes and ask(port, target).status in {301, 410}) == root, target
        for target in ("/wiki", "/wiki/", "/wiki?x=y"):
            assert (ask(port, target).status in {301, 410}) == wiki, target
        assert ask(port, "/Wiki").status == 404


def test_the_new_site_keeps_its_own_home_page(folder: Path) -> None:
    with static(folder, CompileOptions(home="Home", other_host=True)) as port:
        (folder / "html" / "index.html").write_text("new")
        assert (ask(port, "/").status, ask(port, "/").body) == (200, b"new")


def test_the_map_comes_before_home(folder: Path) -> None:
    entries = {**MAP, Address("path", "/wiki"): "/pages/a/", Address("name", "tiki-index.php"): "/pages/b/"}
    install(folder, CompileOptions(home="Home", legacy_base="/wiki"), entries)
    port = free_port()
    with running(folder, "include wiki-etl/http.conf;" + site(port), port):
        assert ask(port, "/wiki/").location == "/pages/a/"
        assert ask(port, "/wiki" + SCRIPT).location == "/pages/b/"


def spellings(route_path: str, kind: str) -> list[str]:
    """Requests that a route answers, and their near misses."""
    path = route_path.replace(" ", "+")
    if kind == "exact":
        forms = [path, path + "/", path + "?q=a&page=Home", path.replace("+", "%20"), "/" + path]
        return [
            *forms,
            path + "x",
            path.upper(),
            path + "/x",
            path.replace(".", "X"),
            path + "%2B",
            path.replace("+", "%2B"),
            "/sub" + path,
        ]
    forms = [path + "5", path + "5/", path + "0007?display&x=300", path + "5-Some+name", path + "5-", path + "%35"]
    return [
        *forms,
        path,
        path + "-5",
        path + "5x",
        path + "5+6",
        path + "5%2B",
        path.upper() + "5",
        path + "٥",
        "/sub" + path + "5",
    ]


@pytest.mark.parametrize("base", ["/", "/old.wiki/"])
def test_what_is_no_page_goes_where_its_family_goes(folder: Path, base: str) -> None:
    table = {key: "gone" if place % 3 == 0 else f"/{key}/" for place, key in enumerate(FAMILIES)}
    rows = routes(table, base)
    with static(folder, CompileOptions(legacy_base=base, routes=rows, site="https://new.example")) as port:
        wrong = {}
        for route in rows:
            for target in spellings(route.path, route.kind):
                encoded = target.replace("٥", "%D9%A5")
                answer, wanted = ask(port, encoded), reference(encoded, rows, base)
                if (answer.status, answer.location) != wanted:
                    wrong[target] = (answer.status, answer.location, wanted)
        assert wrong == {}


def reference(target: str, rows: Any, base: str) -> tuple[int, str | None]:
    """The map, its names in any case, then the routes over the decoded path."""
    asked = lookups(target, base)
    goes: Any = next((MAP[address] for address in asked if address in MAP), "none")
    folded = {value.lower(): target for (kind, value), target in MAP.items() if kind == "name"}
    goes = folded.get(next((value.lower() for kind, value in asked if kind == "name"), ""), goes)
    if goes == "none":
        route = matching(rows, asked[0].value) if asked else None
        goes = route.target if route else "none"
    if goes == "none":
        return 404, None
    return (410, None) if goes is None else (301, "https://new.example" + goes)


def test_without_a_word_what_is_no_page_is_not_answered(folder: Path) -> None:
    with static(folder) as port:
        for route in routes(dict.fromkeys(FAMILIES, "/x/")):
            assert ask(port, route.path.replace(" ", "+") + "7" * (route.kind == "numbered")).status == 404
        assert ask(port, "/cat5").location == "/pages/a-cat/"


def test_a_wiki_under_a_path_on_a_host_of_its_own_needs_no_files(folder: Path) -> None:
    options = CompileOptions(site="https://new.example", legacy_base="/wiki", home="Home", other_host=True)
    install(folder, options)
    port = free_port()
    inside = "location / {{ try_files /.none @wiki_etl; }}\n include wiki-etl/server.conf;"
    with running(folder, "include wiki-etl/http.conf;" + site(port, inside), port):
        for target in ("/wiki/CLEAR+WATER+%E2%80%93+june+2019", "/wiki/10983/", "/posts/old-slug"):
            assert ask(port, target).location == "https://new.example/pages/clear-water/", target
        assert ask(port, "/wiki/").location == "https://new.example/pages/home/"
        assert ask(port, CLEAR).status == ask(port, "/10983").status == ask(port, "/").status == 404
