"""Maps that the tests of every server go over: some by hand, any that there may be, and what is right for them."""

from __future__ import annotations

import tempfile
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, quote_plus

from hypothesis import strategies as st

from etl.addresses import Address, as_path, lookups, objection
from etl.load.redirects import CompileOptions, compile_all
from etl.routes import FAMILIES, routes
from etl.servers import running
from tests.load.asked import ask
from tests.make import write_map

Entries = dict[Address, str | None]

GOLDEN = Path(__file__).parent / "golden"
HOSTILE: Entries = {
    Address("name", "Every !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"): "/pages/every/",
    Address("name", "Zoë – 5% of 水 🎉"): "/pages/zoe/",
    Address("name", "HIV"): "/pages/hiv/",
    Address("name", "Hiv"): "/pages/hives/",
    Address("name", "Clear water"): "/pages/clear/",
    Address("name", "CLEAR water"): "/pages/clear/",
    Address("name", "{$PATH} {path} wiki_etl"): "/pages/$host/(1),@2",
    Address("name", "default"): None,
    Address("name", "ends/"): "/pages/ends/",
    Address("id", "10983"): "/pages/zoe/",
    Address("id", "410"): None,
    Address("path", "/tags/Été+x"): "/pages/summer/",
    Address("path", "/posts/old.html"): "/pages/zoe/",
}
SETTINGS = CompileOptions(
    site="https://new.example/",
    legacy_base="/old.wiki/",
    status=308,
    max_age=3600,
    home="Clear water",
    routes=routes({"categories": "/tags/", "search": "gone"}, "/old.wiki/"),
)


# --- any map -------------------------------------------------------------------------------

NASTY = "\"'\\{}$;#~^|<>%&?+*/[]() .,:=@!`-_éÉß水\u0301\u00a0\u200b🎉İı"
WORDS = ["default", "include", "hostnames", "volatile", "~", "~*", "\\t", "$host", "${uri}", "{$PATH}", "%{HTTP_HOST}"]
WORDS += ["//", "/../", "++", "  ", "%41", "A", "a", "HIV", "Hiv", "10", "07", "-", "#", "tiki-index.php", "posts/"]

texts = st.lists(
    st.one_of(st.sampled_from(WORDS), st.text(st.sampled_from(NASTY) | st.characters(codec="utf-8"), max_size=8)),
    min_size=1,
    max_size=6,
).map("".join)


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    """One address that a map may hold: its text in canonical form."""
    kind = draw(st.sampled_from(["name", "name", "path", "id"]))
    if kind == "id":
        return Address("id", str(draw(st.integers(1, 10**9))))
    text = unicodedata.normalize("NFC", draw(texts)).strip(" ").strip("/")
    return Address(kind, text if kind == "name" else "/" + text)  # type: ignore[arg-type]


targets = st.none() | st.text("abcXYZ019._~!$&'()*+,;=:@-", max_size=20).map(lambda text: f"/pages/{text}/")
maps = st.dictionaries(addresses().filter(lambda address: objection(address) is None), targets, max_size=12)
options = st.builds(
    lambda base, table, home, **more: CompileOptions(legacy_base=base, routes=routes(table, base), home=home, **more),
    base=st.sampled_from(["/", "/wiki/", "/old.wiki/~x"]),
    table=st.dictionaries(st.sampled_from(sorted(FAMILIES)), st.sampled_from(["gone", "/there/$x", "/$host;"])),
    home=st.none() | st.just("Home $x"),
    site=st.sampled_from([None, "https://new.example"]),
    status=st.sampled_from([301, 302, 308]),
    max_age=st.none() | st.integers(0, 2**31 - 1),
    other_host=st.booleans(),
)


def valid(entries: Entries, base: str = "/") -> Entries:
    """The map without the entries that one of its targets leads to."""
    living = {address for target in entries.values() if target for address in lookups(target, base)}
    return {address: target for address, target in entries.items() if address not in living}


# --- what is right -------------------------------------------------------------------------


def requests(address: Address) -> list[str]:
    """The ways in which one address is asked for, and near misses: a blank for a plus, a plus for a blank, one more."""
    path = as_path(address)[1:] if address.kind == "path" else address.value
    plain = quote_plus(path)
    found = [
        f"/{plain}",
        f"/{quote(path, safe='')}",
        f"/{quote(path)}/?a=b",
        f"/{plain}%2B",
        f"/%2b{plain}",
        f"/x{plain}",
    ]
    if not {" ", "+"} <= set(path):
        found += [f"/{plain.replace('+', '%2B')}", f"/{plain.replace('%2B', '+')}"]
    if address.kind == "path":
        return found
    key = "page" if address.kind == "name" else "page_id"
    return [
        *found,
        f"/tiki-index.php?x=y&{key}={plain}",
        f"/tiki-index.php?{key}={plain}%2b",
        f"/tiki-index.php?{key}={quote(path)}",
    ]


def reference(entries: Entries, target: str) -> tuple[int, str | None]:
    """The first of the look-ups that the map has, else the one name that is equal in another case."""
    asked = lookups(target)
    found = [address for address in asked if address in entries]
    folded = {value.encode().lower() for kind, value in asked if kind == "name"}
    folded -= {value.encode().lower() for goal in entries.values() if goal for _, value in lookups(goal)}
    found += [address for address in entries if address.kind == "name" and address.value.encode().lower() in folded][:1]
    if not found:
        return 404, None
    return (410, None) if entries[found[0]] is None else (301, entries[found[0]])


# --- compiled, and served ------------------------------------------------------------------


@contextmanager
def compiled(server: str, entries: Entries, options: CompileOptions) -> Iterator[tuple[Path, list[str]]]:
    """The folder of a server's files, and what is not in them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_map(folder / "redirects.jsonl", entries.items())
        found = compile_all(folder / "redirects.jsonl", folder / "redirects", options, [server])
        yield (
            folder / "redirects" / server,
            [finding.message for finding in found if finding.code == "redirect.unsupported"],
        )


def all_files(folder: Path) -> str:
    """Every file of a folder, one behind the other."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(f"=== {path.relative_to(folder)}\n{path.read_text('utf-8')}" for path in files)


def answers_every_entry(server: str, entries: Entries) -> None:
    """Asks a real server for every entry, as a path and as a parameter."""
    with compiled(server, entries, CompileOptions()) as (folder, lost), running(server, folder) as (address, _):
        assert lost == []
        for kind, value in entries:
            targets = [f"/{quote_plus(value.lstrip('/'))}"]
            targets += (
                []
                if kind == "path"
                else [f"/tiki-index.php?{'page_id' if kind == 'id' else 'page'}={quote_plus(value)}"]
            )
            for target in targets:
                if "/.." in value and "?" not in target:
                    continue  # servers walk dots before anybody looks anything up: to a page of the new site
                wanted = next(entries[found] for found in lookups(target) if found in entries)
                assert ask(address, target) == (301 if wanted else 410, wanted), target


class _Application(BaseHTTPRequestHandler):
    """Knows ``/living`` and ``/api/…``, and has a page of its own for what it does not know."""

    def do_GET(self) -> None:
        status = {"/living": 200, "/api/denied": 403}.get(self.path.partition("?")[0], 404)
        body = f"the application says {status}".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Application", "yes")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def application() -> Iterator[int]:
    """The port of a running application."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Application) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
