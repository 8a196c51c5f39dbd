"""Files for static hosts: every address is in them in its usual spellings, or it is told; never both, never neither."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import subprocess
import tempfile
import time
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from urllib.parse import quote, quote_plus
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from etl.addresses import SCRIPT, Address, lookups
from etl.load.redirects import MARKS, CompileOptions
from etl.load.redirects.exact import lower
from etl.load.redirects.files import UNSUPPORTED
from etl.load.redirects.static import STATIC_HOSTS, cloudfront, hosts
from etl.load.redirects.static.hosts import HOSTS
from etl.load.redirects.static.rules import Form, Rule
from etl.load.redirects.static.writer import Writer
from etl.load.redirects.survey import surveyed
from etl.model import Finding
from etl.routes import routes
from etl.servers import apache
from etl.servers.base import free_port
from tests.load.maps import GOLDEN, HOSTILE, Entries, all_files, maps, reference, requests, valid
from tests.load.maps import SETTINGS as PLAIN_SETTINGS
from tests.make import need, write_map

SETTINGS = replace(PLAIN_SETTINGS, home_to="https://new.example/pages/clear/")
Table = dict[str, tuple[str, int]]
"""Source, as a path or a path with a parameter: target (empty: gone) and status."""


def compile_one(host: str, folder: Path, out: Path, options: CompileOptions | None = None) -> list[Finding]:
    """The map of a folder for a host; the findings."""
    chosen = options or CompileOptions()
    with surveyed(folder / "redirects.jsonl", chosen, MARKS) as survey:
        return STATIC_HOSTS[host](survey, out, chosen)


@contextmanager
def compiled(entries: Entries, options: CompileOptions | None = None) -> Iterator[tuple[Path, list[Finding]]]:
    """The folder with a folder for every host of literal paths, and the findings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_map(folder / "redirects.jsonl", entries.items())
        findings: list[Finding] = []
        for host in HOSTS:
            (folder / host).mkdir()
            findings += compile_one(host, folder, folder / host, options)
        yield folder, findings


# --- a reader for each grammar -------------------------------------------------------------


def _rows(file: Path, *, head: bool) -> list[list[str]]:
    with file.open(encoding="ascii", newline="") as lines:
        return [*csv.reader(lines)][int(head) :]


def _blanks(file: Path) -> Table:
    lines = (line.split(" ") for line in file.read_text("ascii").splitlines())
    return {source: (target, int(status)) for source, target, status in lines}


def netlify(folder: Path) -> Table:
    found = _blanks(folder / "_redirects")
    for table in tomllib.loads((folder / "netlify.toml").read_text("utf-8")).get("redirects", ()):
        ((parameter, value),) = table["query"].items()
        found[f"{table['from']}?{parameter}={quote_plus(value)}"] = (table["to"], table["status"])
    return found


def pages(folder: Path) -> Table:
    return _blanks(folder / "_redirects")


def bulk(folder: Path) -> Table:
    rows = _rows(folder / "bulk-redirects.csv", head=False)
    assert {tuple(row[3:]) for row in rows} <= {("FALSE",) * 4}
    return {
        source.removeprefix("old-wiki.example"): (target.removeprefix("https://old-wiki.example"), int(status))
        for source, target, status, *_ in rows
    }


def iis(folder: Path) -> Table:
    tree = ET.parse(folder / "rewritemaps.config")
    pairs = [(item.attrib["key"], item.attrib["value"]) for item in tree.iter("add")]
    assert len({key.lower() for key, _ in pairs}) == len(pairs)
    return {key: ("", 410) if value == "410" else (value, 301) for key, value in pairs}


def htaccess(folder: Path) -> Table:
    text = (folder / "htaccess.txt").read_text("ascii").partition("RewriteRule ^ - [E=WIKI_ETL:-]\n")[2]
    answer = r'RewriteRule \^ (?:- \[(G)\]|"(.*)" \[R=(\d+),L,NE,QSD\])'
    found = re.findall(
        rf'RewriteCond %{{ENV:WIKI_ETL}}%{{THE_REQUEST}} "\^\[A-Z\]\+ (.*)\[[?&]? \]"(?: \[NC\])?\n{answer}\n', text
    )
    assert 2 * len(found) == len(text.splitlines())
    return {
        re.sub(r"\\(.)", r"\1", source): ("", 410) if gone else (re.sub(r"\\(.)", r"\1", target), int(status))
        for source, gone, target, status in found
    }


def plain(folder: Path) -> Table:
    return {row[0]: (row[1], int(row[2])) for row in _rows(folder / "redirects.csv", head=True)}


READERS: dict[str, Callable[[Path], Table]] = {
    "netlify": netlify,
    "cloudflare-pages": pages,
    "cloudflare-bulk": bulk,
    "vercel": plain,
    "htaccess": htaccess,
    "iis": iis,
    "csv": plain,
}


def told(folder: Path) -> dict[str, str]:
    """Source and reason of what is listed as not expressed."""
    lines = [line.split(" ") for line in (folder / "not-expressed.txt").read_text("ascii").splitlines()[1:]]
    assert len({line[1] for line in lines}) == len(lines)
    return {source: why for why, source, _ in lines}


def wanted(entries: Entries) -> Table:
    """Every address of a map in its usual spellings, and the answer that the reference gives."""
    sources: list[str] = []
    for kind, value in entries:
        if kind == "path":
            sources += [quote_plus(value, safe="/"), quote(value, safe="/")]
        else:
            parameter = {"id": "page_id", "name": "page"}[kind]
            sources += [f"/{quote_plus(value)}", f"/{quote(value, safe='')}"]
            sources += [f"/tiki-index.php?{parameter}={quote_plus(value)}"]
    found: Table = {}
    for source in sources:
        target = next(entries[address] for address in lookups(source) if address in entries)
        found[source] = ("", 410) if target is None else (target, 301)
    return found


# --- what is in the files ------------------------------------------------------------------


def test_every_host_has_a_reader_here() -> None:
    assert set(READERS) == set(HOSTS) == set(STATIC_HOSTS) - {"cloudfront"}


@given(maps)
def test_every_address_is_in_the_file_or_it_is_told(entries: Entries) -> None:
    entries = valid(entries)
    right = wanted(entries)
    with compiled(entries) as (folder, findings):
        for host, reader in READERS.items():
            table, lost = reader(folder / host), told(folder / host)
            assert set(table) | set(lost) == set(right), host
            assert not set(table) & set(lost), host
            assert {source: right[source] for source in table} == table, host
            counts = {finding.cause: finding.message for finding in findings}
            for why in set(lost.values()):
                assert f"{why}, {list(lost.values()).count(why)}:" in counts[f"{host}\0{why}"], host
            assert set(lost.values()) <= {"gone", "case", "query", "path", "value", "any"}, host
            assert {"?" in source for source, why in lost.items() if why == "query"} <= {True}, host


def test_a_host_alone_gets_the_same_bytes_as_with_the_others(tmp_path: Path) -> None:
    with compiled(HOSTILE, SETTINGS) as (folder, _):
        for host in HOSTS:
            (tmp_path / host).mkdir()
            compile_one(host, folder, tmp_path / host, SETTINGS)
            assert all_files(tmp_path / host) == all_files(folder / host)


@pytest.mark.parametrize("host", sorted(STATIC_HOSTS))
@pytest.mark.parametrize("case", ["plain", "settings"])
def test_the_files_are_as_they_were(host: str, case: str, tmp_path: Path, expect: Callable[[Path, str], None]) -> None:
    write_map(tmp_path / "redirects.jsonl", HOSTILE.items())
    (tmp_path / host).mkdir()
    options = {"plain": CompileOptions(), "settings": SETTINGS}[case]
    findings = compile_one(host, tmp_path, tmp_path / host, options)
    messages = "".join(f"{finding.message}; {finding.action}\n" for finding in findings)
    expect(GOLDEN / f"{host}-{case}.txt", f"=== findings\n{messages}{all_files(tmp_path / host)}")


def wait_for(port: int) -> None:
    """Until somebody listens."""
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)


APACHE = """\
ServerRoot "{site}"
ServerName localhost
Listen 127.0.0.1:{port}
PidFile "{site}/httpd.pid"
ErrorLog /dev/stderr
{user}
{modules}
DocumentRoot "{site}"
<Directory "{site}">
    AllowOverride FileInfo
    Options FollowSymLinks
    Require all granted
</Directory>
"""


@contextmanager
def apache_reads(htaccess: str) -> Iterator[HTTPConnection]:
    """A connection to an Apache that knows nothing but its `.htaccess`, and has a file `HIV`."""
    with tempfile.TemporaryDirectory() as name:
        site, port, server = Path(name), free_port(), apache._apache()
        site.chmod(0o755)
        (site / ".htaccess").write_text(htaccess)
        (site / "HIV").write_text("living")
        user = "User #65534\nGroup #65534" if os.geteuid() == 0 else ""
        modules = "\n".join(apache._modules(server))
        (site / "conf").write_text(APACHE.format(site=site, port=port, user=user, modules=modules))
        with subprocess.Popen([server, "-f", site / "conf", "-D", "FOREGROUND"]) as process:
            try:
                wait_for(port)
                with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
                    yield connection
            finally:
                process.terminate()


def test_apache_answers_as_a_htaccess_says(tmp_path: Path) -> None:
    need("apache2")
    too_long: Entries = {Address("name", "水" * 910): "/pages/a/", Address("path", "/posts/x"): f"/{'a' * 9000}"}
    entries = HOSTILE | too_long | {Address("name", SCRIPT): "/pages/", Address("name", "水" * 900): "/pages/b/"}
    entries |= {Address("name", "水" * 85): "/pages/c/", Address("name", "水" * 86): "/pages/d/"}
    write_map(tmp_path / "redirects.jsonl", entries.items())
    compile_one("htaccess", tmp_path, tmp_path)
    right, answers = htaccess(tmp_path), {}
    assert len(right) > 20
    paths = {source: source.partition("?")[0] for source in wanted(entries)}
    unread = [source for source, path in paths.items() if "%2F" in path or "%B4" * 86 in path.replace("%E6%B0", "")]
    assert dict.fromkeys(wanted(too_long), "long") | dict.fromkeys(unread, "path") == told(tmp_path)
    unknown = ("/nothing", "/pages/zoe/", f"/{SCRIPT}?page=nothing")
    with apache_reads((tmp_path / "htaccess.txt").read_text()) as connection:
        for source in (*right, *unknown):
            connection.request("GET", source + ("&x=1" if "?" in source else ""))
            answer = connection.getresponse()
            answer.read()
            target = (answer.getheader("Location") or "").removeprefix(f"http://127.0.0.1:{connection.port}")
            answers[source] = (target, answer.status)
    assert answers == right | dict.fromkeys(unknown, ("", 404)) | {"/HIV": ("", 200)}


def test_a_parameter_for_netlify_is_decoded() -> None:
    """As the matcher compares it that Netlify publishes; a colon in front would match every value."""
    names = ["Zoë,5%", '#"1\\', "a:b*", "Clear water", "a=b", "a\u00a0b", "a\ufeffb", ":any"]
    with compiled({Address("name", name): "/x/" for name in names}) as (folder, _):
        tables = tomllib.loads((folder / "netlify" / "netlify.toml").read_text("utf-8"))["redirects"]
        assert {table["query"]["page"] for table in tables} == {*names[:-1]}
        assert {table["from"] for table in tables} == {f"/{SCRIPT}"}
        assert " page=" not in (folder / "netlify" / "_redirects").read_text()
        assert told(folder / "netlify") == {f"/{SCRIPT}?page=%3Aany": "value"}


def test_the_page_script_alone_hides_no_page_where_a_line_is_for_every_parameter() -> None:
    entries: Entries = {Address("name", SCRIPT): "/home/", Address("name", "Bees"): "/bees/"}
    with compiled(entries) as (folder, _):
        hosts = {host for host in READERS if told(folder / host).get(f"/{SCRIPT}") == "any"}
        assert hosts == {"netlify", "cloudflare-pages", "cloudflare-bulk", "vercel"}
        assert {host for host, reader in READERS.items() if f"/{SCRIPT}" in reader(folder / host)} == {*READERS} - hosts


def test_rules_below_those_of_the_map_are_for_files_too(tmp_path: Path) -> None:
    need("apache2")
    entries: Entries = {Address("name", "HIV"): "/pages/hiv/", Address("name", "Lost"): None}
    write_map(tmp_path / "redirects.jsonl", entries.items())
    compile_one("htaccess", tmp_path, tmp_path)
    others = "ErrorDocument 410 /HIV\nRewriteRule ^conf$ - [F]\nRewriteRule ^$ https://safe.example/ [R,L]\n"
    asked = {"/conf": 403, "/": 302, "/HIV": 200, "/hiv": 301, "/Lost": 410}
    with apache_reads((tmp_path / "htaccess.txt").read_text() + others) as connection:
        for path, status in asked.items():
            connection.request("GET", path)
            answer = connection.getresponse()
            assert (answer.status, answer.read() == b"living") == (status, path in ("/HIV", "/Lost")), path


# --- what has no room ----------------------------------------------------------------------


def test_a_host_with_little_room_gets_the_addresses_first_then_other_spellings(monkeypatch: pytest.MonkeyPatch) -> None:
    entries: Entries = {Address("name", f"A page {at}"): f"/pages/{at}/" for at in range(4)}
    entries |= {Address("id", "7"): "/pages/0/", Address("path", "/posts/x"): "/pages/0/"}
    monkeypatch.setitem(HOSTS, "netlify", replace(HOSTS["netlify"], limit=7))
    with compiled(entries) as (folder, findings):
        table, lost = netlify(folder / "netlify"), told(folder / "netlify")
        assert "7 rules" in (folder / "netlify" / "README.md").read_text()
    assert set(table) == {f"/A+page+{at}" for at in range(4)} | {"/posts/x", "/7", "/A%20page%200"}
    assert set(lost.values()) == {"limit"}
    assert set(table) | set(lost) == set(wanted(entries))
    messages = [finding.message for finding in findings if finding.cause == "netlify\0limit"]
    assert messages == [f"netlify: limit, {len(lost)}: there are more lines than the host takes"]


def test_no_more_lines_wait_than_may_fit() -> None:
    writer = Writer(replace(HOSTS["netlify"], limit=3), CompileOptions(), StringIO(), StringIO(), StringIO())
    for form in (Form.BLANK, Form.ADDRESS):
        for number in range(9):
            writer.put(Rule(form, f"/{number}", "/x/"))
    assert [len(shelf.held) for shelf in writer._waiting.values()] == [3, 3]


def test_a_file_for_iis_stays_below_its_size() -> None:
    entries: Entries = {Address("name", f"{'w' * 1000} {at}"): f"/pages/{at}/" for at in range(300)}
    with compiled(entries) as (folder, _):
        size = (folder / "iis" / "rewritemaps.config").stat().st_size
        assert 245 * 1024 < size <= 250 * 1024
        assert set(iis(folder / "iis")) | set(told(folder / "iis")) == set(wanted(entries))


def test_a_file_for_iis_may_be_as_large_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    entries: Entries = {Address("path", f"/posts/{at}"): "/pages/x/?a=1&b=2" for at in range(9)}
    with compiled(entries) as (folder, _):
        size = (folder / "iis" / "rewritemaps.config").stat().st_size
    for less in (0, 1):
        monkeypatch.setitem(HOSTS, "iis", replace(HOSTS["iis"], limit=size - less))
        with compiled(entries) as (folder, _):
            assert (len(iis(folder / "iis")), list(told(folder / "iis").values())) == (9 - less, ["limit"] * less)
            assert set(iis(folder / "iis").values()) == {("/pages/x/?a=1&b=2", 301)}


def test_a_line_that_is_too_long_is_told() -> None:
    entries: Entries = {Address("name", "水" * 150): "/pages/a/", Address("name", "水" * 300): "/pages/b/"}
    with compiled(entries) as (folder, _):
        assert set(told(folder / "cloudflare-pages").values()) == {"long", "query"}
        assert list(told(folder / "vercel").values()).count("long") == 1
        assert told(folder / "netlify") == {}


def test_a_line_for_vercel_may_be_as_long_as_it_takes() -> None:
    for source, target in ((2048, 2048), (2049, 9), (9, 2049)):
        with compiled({Address("path", f"/{'x' * (source - 1)}"): f"/{'y' * (target - 1)}"}) as (folder, _):
            assert list(told(folder / "vercel").values()) == ([] if source == target else ["long"])


def test_every_host_sends_what_is_not_permanent_as_that() -> None:
    with compiled({Address("path", "/posts/x"): "/x/"}, CompileOptions(status=302)) as (folder, findings):
        for host, reader in READERS.items():
            assert host == "iis" or reader(folder / host)["/posts/x"] == ("/x/", 302), host
            assert "sent with status 302" in (folder / host / "README.md").read_text()
        assert 'redirectType="Found"' in (folder / "iis" / "web.config").read_text()
        assert {finding.cause for finding in findings} <= {"cloudflare-bulk\0site"}


def test_whole_addresses_have_lines_for_each_host_as_it_is_called_and_targets_that_are_said() -> None:
    entries: Entries = {Address("name", "Bees"): "/pages/bees/", Address("id", "7"): "/pages/bees/"}
    options = CompileOptions(hosts=("Old.example.", "b.example", "old.example"))
    for site in (None, "https://new.example"):
        with compiled(entries, replace(options, site=site)) as (folder, findings):
            rows = _rows(folder / "cloudflare-bulk" / "bulk-redirects.csv", head=False)
            target = f"{site or 'https://old.example'}/pages/bees/"
            sources = [f"{host}/{path}" for path in ("7", "Bees") for host in ("old.example", "b.example")]
            assert [(row[0], row[1]) for row in sorted(rows, key=lambda row: row[0].partition("/")[2])] == [
                (source, target) for source in sources
            ]
            readme = (folder / "cloudflare-bulk" / "README.md").read_text()
            assert "`bulk-redirects.csv`: 2 rules in 4 lines, sent" in readme
            said = [finding.message for finding in findings if finding.cause == "cloudflare-bulk\0site"]
            assert said == ([] if site else ["cloudflare-bulk: site, 1: " + hosts.SITE.sentence])
            assert (hosts.SITE.sentence in readme) == (site is None)


def test_no_source_of_cloudflare_has_a_port() -> None:
    options = CompileOptions(hosts=("old.example:8080", "old.example", "b.example:8080"))
    with compiled({Address("name", "Bees"): "/bees/"}, options) as (folder, _):
        rows = _rows(folder / "cloudflare-bulk" / "bulk-redirects.csv", head=False)
    assert [row[:2] for row in rows] == [
        [f"{host}/Bees", "https://old.example:8080/bees/"] for host in ("old.example", "b.example")
    ]


def test_what_no_list_of_paths_can_say_is_counted_and_listed() -> None:
    with compiled(HOSTILE, SETTINGS) as (folder, findings):
        lines = [line for line in (folder / "csv" / "not-expressed.txt").read_text().splitlines() if "settings" in line]
        assert lines == [
            "settings /old.wiki/cat<number> https://new.example/tags/",
            "settings /old.wiki/tiki-index.php https://new.example/pages/clear/",
        ]
        causes = {finding.cause: finding.message for finding in findings}
    assert "netlify: settings, 2: addresses of the settings `routes` and `home`" in causes["netlify\0settings"]
    assert "max_age, 1: it sends redirects without" in causes["vercel\0max_age"]
    assert "cannot send the status" in causes["iis\0status"]
    assert "cloudflare-bulk\0status" not in causes


def test_a_list_of_what_is_left_out_is_promised_where_there_is_one() -> None:
    with compiled({Address("path", "/posts/x"): "/x/"}, CompileOptions(max_age=60)) as (folder, _):
        readme = (folder / "csv" / "README.md").read_text()
        assert "1 (max_age): it sends redirects without `Cache-Control`" in readme
        assert "not-expressed.txt" not in readme
        assert told(folder / "csv") == {}


def test_the_root_of_the_old_host_is_not_in_a_list_of_paths_but_told() -> None:
    options = CompileOptions(home_to="/pages/hiv/", other_host=True)
    with compiled(HOSTILE, options) as (folder, _):
        for host, reader in READERS.items():
            assert "/" not in reader(folder / host), host
            assert told(folder / host)["/"] == "settings", host


# --- CloudFront ----------------------------------------------------------------------------


def store(folder: Path) -> dict[str, str]:
    """The keys and values that CloudFront would import."""
    data = json.loads((folder / "key-values.json").read_text("utf-8"))["data"]
    found = {item["key"]: item["value"] for item in data}
    assert len(found) == len(data)
    return found


def test_what_the_new_site_answers_in_another_case_is_found_in_its_own() -> None:
    """IIS, which cannot tell cases apart, does without."""
    entries: Entries = {Address("name", "Beta"): "/beta/", Address("name", "Bees"): "/pages/bees/"}
    entries |= {Address("path", "/Wells/Old"): "/pages/bees/", Address("id", "7"): "/pages/bees/"}
    entries |= {Address("name", "Wells/Old"): "/pages/ponds/", Address("name", "Ponds"): "/pages/ponds/"}
    entries |= {Address("path", "/Ponds"): "/pages/ponds/"}
    with compiled(entries, CompileOptions(reserved=("/wells/old/",))) as (folder, _):
        rows = {row[0]: row[3] for row in _rows(folder / "vercel" / "redirects.csv", head=True)}
        assert rows == {
            "/Beta": "true",
            "/Bees": "false",
            "/Wells/Old": "true",
            "/Ponds": "true",
            "/7": "true",
        }
        keys = re.findall('key="(/[A-Z][^"]*)"', (folder / "iis" / "rewritemaps.config").read_text())
        assert keys == ["/Bees", "/Ponds"]
        compile_one("cloudfront", folder, folder)
        assert {"N:Beta", "n:bees", "p:/Wells/Old", "n:wells/old", "n:ponds", "p:/Ponds", "i:7"} == {*store(folder)}


def test_a_route_that_is_an_address_in_another_case_is_not_in_a_map_without_case() -> None:
    entries: Entries = {Address("name", "TIKI-searchindex.php"): "/pages/bees/"}
    with compiled(entries, CompileOptions(routes=routes({"search": "/search/"}))) as (folder, _):
        keys = re.findall('key="(/[^"?]*)"', (folder / "iis" / "rewritemaps.config").read_text())
    assert "/TIKI-searchindex.php" in keys
    assert len({key.lower() for key in keys}) == len(keys)


@pytest.mark.parametrize("path", ["/wiki", "/Wiki"])
def test_the_folder_that_was_the_home_page_is_in_a_file_once_where_the_map_has_it_too(path: str) -> None:
    entries: Entries = {Address("name", "Home"): "/pages/home/", Address("path", path): "/pages/bees/"}
    with compiled(entries, CompileOptions(legacy_base="/wiki", home_to="/pages/home/")) as (folder, _):
        keys = re.findall('key="(/[^"?]*)"', (folder / "iis" / "rewritemaps.config").read_text())
        rows = {row[0]: row[1] for row in _rows(folder / "vercel" / "redirects.csv", head=True)}
    assert len({key.lower() for key in keys}) == len(keys)
    assert rows["/wiki"] == ("/pages/bees/" if path == "/wiki" else "/pages/home/")


@given(maps)
def test_every_entry_is_in_the_store_of_cloudfront(entries: Entries) -> None:
    entries = valid(entries)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_map(folder / "redirects.jsonl", entries.items())
        assert compile_one("cloudfront", folder, folder) == []
        found = store(folder)
    for (kind, value), target in entries.items():
        keys = [f"n:{lower(value)}", f"N:{value}"] if kind == "name" else [f"{kind[0]}:{value}"]
        assert {found[key] for key in map(cloudfront.hashed, keys) if key in found} == {target or "410"}
    assert all(len(key) <= 512 for key in found)


def test_a_target_that_is_too_long_for_the_store_is_told(tmp_path: Path) -> None:
    longest = f"/{'x' * (cloudfront.LONGEST_VALUE - 2)}/"
    write_map(tmp_path / "redirects.jsonl", {Address("id", "1"): longest, Address("id", "2"): f"{longest}x"}.items())
    findings = compile_one("cloudfront", tmp_path, tmp_path)
    assert [finding.message.partition(":")[0] for finding in findings] == ["cloudfront"]
    assert store(tmp_path) == {"i:1": longest}


@pytest.mark.parametrize("less", [1, 400])
def test_what_the_store_has_no_room_for_is_told(less: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_map(tmp_path / "redirects.jsonl", HOSTILE.items())
    assert compile_one("cloudfront", tmp_path, tmp_path) == []
    limit = (tmp_path / "key-values.json").stat().st_size - less
    monkeypatch.setattr(cloudfront, "LIMIT", limit)
    findings = compile_one("cloudfront", tmp_path, tmp_path)
    lost = (tmp_path / "not-expressed.txt").read_text("utf-8").splitlines()[1:]
    assert (tmp_path / "key-values.json").stat().st_size <= limit
    assert len(lost) + len(store(tmp_path)) == len(HOSTILE) - 1 + 2  # two names are one in any case, and two have NFD
    said = f"cloudfront: limit, {len(lost)}: the store takes 0 MB"
    assert findings == [Finding(UNSUPPORTED, said, "they are in not-expressed.txt", cause="cloudfront\0limit")]
    assert {line.rpartition(" ")[2] for line in lost} <= {target or "410" for target in HOSTILE.values()}
    assert not {cloudfront.hashed(line.rpartition(" ")[0]) for line in lost} & store(tmp_path).keys()


_STUB = """
import { readFileSync } from 'fs';
const data = JSON.parse(readFileSync('key-values.json', 'utf8')).data;
const table = new Map(data.map(item => [item.key, item.value]));
const cf = { kvs: () => ({ get: async key => {
    if (!table.has(key)) throw new Error('KeyNotFound');
    return table.get(key);
} }) };
"""
_ASK = """
function event(target) {
    const at = target.indexOf('?');
    const query = {};
    for (const part of at < 0 ? [] : target.slice(at + 1).split('&')) {
        const [key] = part.split('=', 1), value = part.slice(key.length + 1);
        const before = query[key];
        if (!before) query[key] = { value };
        else before.multiValue = [...(before.multiValue || [{ value: before.value }]), { value }];
    }
    return { request: { uri: at < 0 ? target : target.slice(0, at), querystring: query } };
}
const answers = [];
for (const target of JSON.parse(readFileSync('targets.json', 'utf8'))) {
    const found = await handler(event(target));
    answers.push([found.statusCode || 404, found.headers ? found.headers.location.value : null]);
}
console.log(JSON.stringify(answers));
"""


def asked_of_cloudfront(entries: Entries, targets: list[str]) -> dict[str, list[int | str | None]]:
    """What the function answers to each target."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_map(folder / "redirects.jsonl", entries.items())
        compile_one("cloudfront", folder, folder)
        script = (folder / "function.js").read_text("utf-8").replace("import cf from 'cloudfront';", _STUB)
        (folder / "ask.mjs").write_text(script + _ASK, "utf-8")
        (folder / "targets.json").write_text(json.dumps(targets))
        done = subprocess.run(["node", "ask.mjs"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(targets, json.loads(done.stdout), strict=True))


ACCENTED = ["Zoë", "ÉTÉ", "été", "É" * 60]


@given(maps)
@settings(max_examples=10)
def test_the_function_of_cloudfront_answers_as_the_reference_does(entries: Entries) -> None:
    need("node")
    entries = valid(entries)
    targets = [target for address in entries for target in requests(address) if len(target) < 8000]
    targets += ["/unknown", "/tiki-index.php?page=x&page=unknown", "/%zz", "/%ff", "/%0a", "/"]
    assert {target: tuple(answer) for target, answer in asked_of_cloudfront(entries, targets).items()} == {
        target: reference(entries, target) for target in targets
    }


def test_the_function_of_cloudfront_finds_what_comes_in_nfd() -> None:
    need("node")
    wanted = {f"/{quote_plus(unicodedata.normalize('NFD', name))}": f"/{at}/" for at, name in enumerate(ACCENTED)}
    entries: Entries = {Address("name", name): f"/{at}/" for at, name in enumerate(ACCENTED)}
    assert asked_of_cloudfront(entries, [*wanted]) == {source: [301, to] for source, to in wanted.items()}


def test_signs_that_are_trimmed_cost_no_more_than_others_inside_of_an_address() -> None:
    need("node")

    def seconds(sign: str) -> float:
        start = time.perf_counter()
        asked_of_cloudfront({Address("name", "about"): "/a/"}, [f"/{at}{sign * 8000}x" for at in range(50)])
        return time.perf_counter() - start

    assert max(seconds("/"), seconds("+")) < 5 * max(seconds("-"), 0.2)


def test_the_function_of_cloudfront_has_no_words_that_its_runtime_refuses() -> None:
    """Runtime 2.0 is ECMAScript 5.1 with `const`, `let`, `async`, `await`, arrows, and little else."""
    code = re.sub(r"//.*|'[^'\n]*'", "", cloudfront._FUNCTION)
    assert "async function" in code
    lacking = r"\.normalize|\b(?:of|class|yield) |=> *\{|async [^f]|\?\?|\?\.|\.{3}|(?:const|let) [\[{]|`"
    assert re.findall(lacking, code) == []


def test_routes_of_cloudfront_are_what_the_settings_say(tmp_path: Path) -> None:
    write_map(tmp_path / "redirects.jsonl", HOSTILE.items())
    compile_one("cloudfront", tmp_path, tmp_path, SETTINGS)
    text = (tmp_path / "function.js").read_text("utf-8")
    rows = re.search(r"const ROUTES = (.*);", text)
    assert rows is not None
    assert ["/old.wiki/cat", True, "https://new.example/tags/"] in json.loads(rows[1])
    assert ["/old.wiki/Search Results", False, "410"] in json.loads(rows[1])
