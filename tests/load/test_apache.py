"""The map for Apache: its keys, its limits, its files without their binary map and with it, and a new map."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import subprocess
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import servers
from etl.load.redirects import CompileOptions, compile_all
from etl.load.redirects.apache import LONGEST_KEY, LONGEST_LINE, escape, key
from etl.routes import routes
from etl.servers.base import Command, free_port
from tests.make import need, write_map
from tests.servers.oracle import Answer
from tests.servers.stage import Entries, serving
from tests.servers.wire import Client, Request

NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=400)
MAP: dict[tuple[str, str], str | None] = {
    ("name", "Some Page – June 2019"): "/pages/some/",
    ("name", "水" * 158): "/pages/water/",
    ("name", "HIV"): "/pages/hiv/",
    ("name", "Hiv"): "/pages/hives/",
    ("name", "Gone"): None,
    ("id", "7"): "/pages/some/",
    ("path", "/posts/x"): "/pages/some/",
}


def compiled(folder: Path, entries: Entries = MAP, options: CompileOptions | None = None) -> list[str]:
    """Compiles a map; the messages of what is not in the files."""
    write_map(folder / "redirects.jsonl", entries.items())
    findings = compile_all(folder / "redirects.jsonl", folder / "redirects", options or CompileOptions(), ["apache"])
    return [finding.message for finding in findings if finding.code == "redirect.unsupported"]


def lines(folder: Path) -> list[str]:
    return (folder / "redirects" / "apache" / "wiki-etl" / "redirects.map").read_text("ascii").splitlines()


# --- keys ----------------------------------------------------------------------------------


@given(NAMES, NAMES)
def test_a_key_stands_for_one_text_and_is_one_word(one: str, other: str) -> None:
    assert re.fullmatch("[!-~]+", key("e", one))
    assert len(key("e", one)) <= LONGEST_KEY + 2
    assert (key("e", one) == key("e", other)) == (one == other)
    assert unquote(escape(one)) == one


def test_keys_are_in_the_map_once_whatever_differs_by_case(tmp_path: Path) -> None:
    assert compiled(tmp_path) == []
    found = [line.split() for line in lines(tmp_path)]
    assert len({word for word, _ in found}) == len(found)
    assert ["n:hiv", "="] in found
    assert ["e:HIV", "/pages/hiv/"] in found
    assert ["e:Hiv", "/pages/hives/"] in found
    assert ["n:some%20page%20%e2%80%93%20june%202019", "/pages/some/"] in found
    assert ["n:gone", "410"] in found
    assert ["i:7", "/pages/some/"] in found
    assert ["p:posts/x", "/pages/some/"] in found


def test_a_long_key_is_its_hash(tmp_path: Path) -> None:
    compiled(tmp_path)
    digest = hashlib.sha1(b"%e6%b0%b4" * 158).hexdigest()
    assert f"N:{digest} /pages/water/" in lines(tmp_path)


def test_no_line_is_longer_than_the_servers_read(tmp_path: Path) -> None:
    entries: Entries = {("name", "x" * size): f"/pages/{'y' * 200}/" for size in (1, 198, 199, 200, 4000)}
    assert compiled(tmp_path, entries) == []
    assert max(map(len, lines(tmp_path))) < LONGEST_LINE
    messages = compiled(tmp_path, {("name", "short"): f"/pages/{'y' * 1000}/", ("name", "other"): "/pages/x/"})
    assert len(messages) == 1
    assert "more than 500 bytes" in messages[0]
    assert lines(tmp_path) == ["n:other /pages/x/"]


def test_what_apache_cannot_express_is_counted_in_its_readme(tmp_path: Path) -> None:
    compiled(tmp_path, MAP)
    keys = len(lines(tmp_path))
    messages = compiled(tmp_path, {**MAP, ("name", "x" * 4001): "/pages/a/", ("name", "é" * 1999): "/pages/b/"})
    assert len(messages) == 2
    assert "4001 bytes where a key has at most 4000" in messages[0]
    assert "(NFD)" in messages[1]
    assert len(lines(tmp_path)) == keys + 1, "the second one in NFC"
    readme = (tmp_path / "redirects" / "apache" / "README.md").read_text()
    assert "* 2 entries of the map could not be expressed" in readme
    assert not re.search("@[a-z_]+@", readme)


@pytest.mark.parametrize("name", ["é" * 200, "ö" * 30 + " z"])
def test_accents_have_a_second_key(tmp_path: Path, name: str) -> None:
    compiled(tmp_path, {("name", name): "/pages/a/"})
    expected = {key("n", form.lower()) for form in (name, unicodedata.normalize("NFD", name))}
    assert {line.split()[0] for line in lines(tmp_path)} == expected


def test_the_home_page_of_the_old_host_is_not_that_of_the_application_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one virtual host: the application has no file for `/`, and answers it after the map was asked."""
    need("apache2")
    hosts = ("www.Old.example:80", "alt.example.", "вики.example", "xn--b1amah.test")
    options = CompileOptions(
        site="https://new.example", hosts=hosts, other_host=True, home="Home", home_to="https://new.example/home/"
    )
    compiled(tmp_path, {("name", "Home"): "/home/"}, options)
    monkeypatch.setattr(servers, "write_site", lambda site, _paths: site.mkdir())
    with servers.running("apache", tmp_path) as (address, _), Client(address) as client:

        def ask(host: str, target: str = "/") -> int:
            return client.ask(Request("", target.encode(), host=host)).status

        old = ["old.example", "WWW.old.example", "old.example.:8080", "alt.example", "www.alt.example"]
        old += ["xn--b1amah.example", "www.xn--b1amah.test"]
        new = ["new.example", "www.new.example", "127.0.0.1", "old.example.evil", "oldXexample", "x.old.example"]
        assert [ask(host) for host in old] == [301] * len(old)
        assert 301 not in [ask(host) for host in new]
        assert ask("new.example", "/tiki-index.php") == ask("new.example", "/Home") == 301


# --- the files -----------------------------------------------------------------------------


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[tuple[Path, list[str], int]]:
    """A folder that Apache is about to run in, what runs it, and its port."""
    need("apache2")
    need("httxt2dbm")
    compiled(tmp_path)
    with tempfile.TemporaryDirectory(dir=servers._scratch_place()) as name:
        scratch, port = Path(name), free_port()
        servers.write_site(scratch / "site", ["/pages/some/"])
        command = servers.SERVERS["apache"](tmp_path / "redirects" / "apache", scratch, scratch / "site", port)
        for path in (scratch / "wiki-etl").iterdir():  # as it was published, and open to whom Apache serves as
            text = path.read_bytes()
            path.unlink()
            path.write_bytes(text)
        yield scratch, command.arguments, port


@contextmanager
def started(prepared: tuple[Path, list[str], int]) -> Iterator[Client]:
    scratch, arguments, port = prepared
    with (
        servers._process("apache", Command(arguments), scratch, port),
        Client(f"http://127.0.0.1:{port}/") as client,
    ):
        yield client


def build(scratch: Path) -> None:
    """What the README says, from another folder."""
    subprocess.run(["sh", str(scratch / "wiki-etl" / "build-map.sh")], check=True, cwd="/")


def without_binary(scratch: Path) -> None:
    for path in (scratch / "wiki-etl").glob("*.sdbm.*"):
        path.unlink()


def ask(client: Client, target: str) -> Answer:
    return client.ask(Request("", target.encode(), host="evil.example"))


def test_the_files_load_without_the_binary_map_and_with_it(prepared: tuple[Path, list[str], int]) -> None:
    scratch, arguments, _ = prepared
    without_binary(scratch)
    for _ in range(2):
        done = subprocess.run([*arguments, "-t"], capture_output=True, text=True, check=False)
        assert done.stderr.strip() == "Syntax OK"
        build(scratch)
    names = {path.name for path in (scratch / "wiki-etl").iterdir()}
    assert names == {"build-map.sh", "redirects.conf", "redirects.map", "redirects.sdbm.dir", "redirects.sdbm.pag"}


def test_the_user_of_the_server_may_read_the_map_however_it_was_copied(prepared: tuple[Path, list[str], int]) -> None:
    place = prepared[0] / "wiki-etl"
    for path in (place, *place.iterdir()):
        path.chmod(0o700)
    build(prepared[0])
    assert place.stat().st_mode & 0o777 == 0o755
    maps = [place / "redirects.map", *place.glob("redirects.sdbm.*")]
    assert [path.stat().st_mode & 0o044 for path in maps] == [0o044] * 3


def test_the_text_map_answers_as_the_binary_one_does(prepared: tuple[Path, list[str], int]) -> None:
    without_binary(prepared[0])
    with started(prepared) as client:
        for (kind, value), target in MAP.items():
            assert ask(client, value if kind == "path" else f"/{quote(value)}") == Answer(
                301 if target else 410, target
            )
        assert ask(client, "/hIV") == Answer(404)


def test_a_map_that_is_built_again_is_taken_without_a_reload(prepared: tuple[Path, list[str], int]) -> None:
    file = prepared[0] / "wiki-etl" / "redirects.map"
    with started(prepared) as client:
        assert ask(client, "/Gone") == Answer(410)
        os.utime(file.with_name("redirects.sdbm.dir"), (1, 1))  # a clock of seconds would take both for one
        os.utime(file.with_name("redirects.sdbm.pag"), (1, 1))
        assert ask(client, "/Gone") == Answer(410)
        file.write_text(file.read_text().replace("n:gone 410", "n:gone /pages/back/"))
        build(prepared[0])
        assert ask(client, "/Gone") == Answer(301, "/pages/back/")


def sdbm_hash(text: bytes) -> int:
    found = 0
    for byte in text:
        found = (byte + 65599 * found) & 0xFFFFFFFF
    return found


def deep_names(bits: int, count: int) -> list[str]:
    """Names whose keys have the same lowest bits in SDBM's hash: they make its directory grow in leaps."""
    found: list[str] = []
    for number in itertools.count():
        name = f"{number}-" + "x" * 150
        if sdbm_hash(key("n", name).encode()) & ((1 << bits) - 1) == 5:
            found.append(name)
        if len(found) == count:
            return found
    raise AssertionError


def test_nothing_is_lost_when_the_binary_map_grows_in_leaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("apache2")
    names = [name for bits in (8, 15, 17) for name in deep_names(bits, 8)]
    entries = {("name", name): f"/pages/{at}/" for at, name in enumerate(names)}
    with serving("apache", tmp_path, entries) as stage:
        for (_, name), target in entries.items():
            assert ask(stage.client, f"/{name}") == Answer(301, target)


def test_the_host_of_a_request_is_in_no_answer(prepared: tuple[Path, list[str], int]) -> None:
    with started(prepared) as client:
        assert ask(client, "/Some+Page+%E2%80%93+June+2019") == Answer(301, "/pages/some/")


def test_a_target_that_only_an_absolute_address_can_say_has_the_servers_own_name(tmp_path: Path) -> None:
    need("apache2")
    targets = {"a": "/x?y=%2F", "b": "/%2f/", "c": "/%C3%A9/", "d": None}
    with serving("apache", tmp_path, {("name", name): target for name, target in targets.items()}) as stage:
        assert ask(stage.client, "/a") == Answer(301, f"{stage.address}x?y=%2F")
        assert ask(stage.client, "/b") == Answer(301, f"{stage.address}%2F/")
        assert ask(stage.client, "/c") == Answer(301, "/%C3%A9/")
    said = "in any version for 2 keys and routes of this map whose targets it cannot send as they are"
    assert said in (tmp_path / "redirects" / "apache" / "README.md").read_text()


@pytest.mark.parametrize("site", [None, "https://new.example"])
@pytest.mark.parametrize("max_age", [None, 60])
@pytest.mark.parametrize("odd", [False, True])
def test_what_the_map_and_the_settings_need_and_no_more_is_in_the_files(
    site: str | None, max_age: int | None, odd: bool, tmp_path: Path
) -> None:
    options = CompileOptions(site=site, max_age=max_age, home="HIV" if site else None)
    compiled(tmp_path, MAP | {("id", "8"): "/x?y=1" if odd else "/x/"}, options)
    folder = tmp_path / "redirects" / "apache"
    readme, conf = (folder / "README.md").read_text(), (folder / "wiki-etl" / "redirects.conf").read_text()
    assert f"{len(lines(tmp_path))} keys. Modules: `a2enmod rewrite{' headers' if max_age else ''}`;" in readme
    assert ("Header always set Cache-Control" in conf) == (max_age is not None)
    assert ("Without the setting `site`, targets are paths" in readme) == (site is None)
    assert re.findall("in any version for (.*?) keys", readme) == ["1"] * (site is None and odd)
    assert ("\nUseCanonicalName On\n" in conf) == (site is None and odd)
    assert ("# The old home page.\n" in conf) == (site is not None)
    assert (folder / "wiki-etl" / "build-map.sh").stat().st_mode & 0o111 == 0o111


def test_a_request_line_has_room_for_the_longest_key_encoded(tmp_path: Path) -> None:
    for size, room in ((2559, ""), (2560, "LimitRequestLine 8192\n")):
        compiled(tmp_path, {("name", "x" * (size - 1)): "/x/"})
        text = (tmp_path / "redirects" / "apache" / "wiki-etl" / "redirects.conf").read_text()
        assert "".join(re.findall("LimitRequestLine.*\n", text)) == room


def test_a_name_of_many_words_is_found_whatever_follows_it_in_the_map(tmp_path: Path) -> None:
    need("apache2")
    name = "well" + " well" * 40
    with serving("apache", tmp_path, {("name", name): "/x/", ("path", "/z"): "/x/"}) as stage:
        assert ask(stage.client, f"/{quote_plus(name)}") == Answer(301, "/x/")


def test_not_even_a_route_with_parameters_repeats_the_host_of_a_request(tmp_path: Path) -> None:
    need("apache2")
    table = routes({"search": "/find/?q=", "files": "/files/"})
    with serving("apache", tmp_path, MAP, CompileOptions(routes=table)) as stage:
        assert ask(stage.client, "/tiki-searchindex.php?words=x") == Answer(301, f"{stage.address}find/?q=")
        assert ask(stage.client, "/dl7") == Answer(301, "/files/")


def test_an_unknown_name_too_long_for_a_file_is_unknown(tmp_path: Path) -> None:
    need("apache2")
    with serving("apache", tmp_path, MAP) as stage:
        assert ask(stage.client, "/" + "x" * 300) == Answer(404)


@pytest.mark.parametrize("rule", ["RewriteRule ^/pages/some/ - [G]", "RewriteRule ^/unknown - [G]"])
def test_rules_that_stand_after_the_include_are_reached(prepared: tuple[Path, list[str], int], rule: str) -> None:
    conf = prepared[0] / "httpd.conf"
    conf.write_text(
        conf.read_text().replace("Include wiki-etl/redirects.conf", f"Include wiki-etl/redirects.conf\n{rule}")
    )
    with started(prepared) as client:
        answers = [ask(client, target).status for target in ("/pages/some/", "/unknown", "/Gone", "/Hiv")]
    assert answers == ([410, 404, 410, 301] if "pages" in rule else [200, 410, 410, 301])


@pytest.mark.parametrize("options", [CompileOptions(), CompileOptions(site="https://new.example", home="HIV")])
def test_a_living_page_skips_the_rules_of_the_map_and_no_more(tmp_path: Path, options: CompileOptions) -> None:
    compiled(tmp_path, MAP, options)
    text = (tmp_path / "redirects" / "apache" / "wiki-etl" / "redirects.conf").read_text()
    skip = re.search(r"index.html -f\nRewriteRule \^ - \[S=(\d+)\]\n(.*)", text, re.DOTALL)
    assert skip is not None
    rules = re.sub("(?s)<IfDirective !.*?</IfDirective>", "", skip[2])
    assert len(re.findall(r"^\s*RewriteRule", rules, re.MULTILINE)) == int(skip[1])


def test_the_example_is_a_virtual_host(prepared: tuple[Path, list[str], int], tmp_path: Path) -> None:
    scratch, arguments, _ = prepared
    conf = scratch / "httpd.conf"
    example = (
        (tmp_path / "redirects" / "apache" / "apache.conf").read_text().replace("/var/www/html", str(scratch / "site"))
    )
    conf.write_text(conf.read_text().partition("<VirtualHost")[0] + example)
    done = subprocess.run([*arguments, "-t"], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "Syntax OK"
