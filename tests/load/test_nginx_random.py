"""Whatever a valid map holds, the files for nginx load, and nginx answers every key of it as the reference says."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from etl.addresses import Address, as_path, lookups, refusal
from etl.load.redirects import CompileOptions, compile_all
from etl.model import Finding
from etl.routes import FAMILIES, routes
from etl.servers import running
from etl.servers.base import program
from tests.load.asked import ask, need
from tests.make import write_map

Entries = dict[Address, str | None]

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
maps = st.dictionaries(addresses().filter(lambda address: refusal(address) is None), targets, max_size=12)
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


@contextmanager
def compiled(entries: Entries, chosen: CompileOptions) -> Iterator[Path]:
    """A folder with the map and its files for nginx; but for paths that nginx walks away every line is in there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_map(folder / "redirects.jsonl", entries.items())
        found = compile_all(folder / "redirects.jsonl", folder / "redirects", chosen, ["nginx"])
        assert all("nginx" in why and "path" in why for why in unsupported(found))
        yield folder


def unsupported(found: list[Finding]) -> list[str]:
    return [finding.message.rpartition(": ")[2] for finding in found if finding.code == "redirect.unsupported"]


@pytest.fixture(autouse=True)
def _nginx() -> None:
    need("nginx")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(maps, options)
@example(
    {Address("name", word): "/x/" for word in (*WORDS, *NASTY) if not refusal(Address("name", word))}, CompileOptions()
)
@example({Address("name", "Home $x"): "/pages/$home/"}, CompileOptions(home="Home $x", legacy_base="/wiki"))
def test_any_valid_map_loads(entries: Entries, chosen: CompileOptions) -> None:
    with compiled(valid(entries, chosen.legacy_base), chosen) as folder:
        for conf in ("nginx.conf", "nginx-app.conf"):
            place = folder / "redirects" / "nginx"
            command = [program("nginx", "nginx"), "-t", "-p", f"{place}/", "-c", str(place / conf)]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            assert "test is successful" in result.stderr
            assert "[warn]" not in result.stderr


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # to find a smaller one takes hundreds of servers
)
@given(st.dictionaries(addresses().filter(lambda address: refusal(address) is None), targets, min_size=20, max_size=60))
def test_any_valid_map_is_answered_as_the_reference_says(entries: Entries) -> None:
    entries = valid(entries)
    with compiled(entries, CompileOptions()) as folder, running("nginx", folder) as (base, _):
        shutil.rmtree(folder / "site", ignore_errors=True)
        wrong = {}
        for address in entries:
            for target in requests(address):
                answer, wanted = ask(base, target), reference(entries, target)
                if (answer.status, answer.location) != wanted and not is_walked(
                    target, answer.status, as_path(address)[1:]
                ):
                    wrong[target] = (address, answer, wanted)
        assert wrong == {}


def is_walked(target: str, status: int, key: str) -> bool:
    """nginx walks dots before anybody looks anything up: to a page of the new site, out of it, to another address."""
    path = target.replace("%2F", "/").replace("page=", "/")
    return "/./" in target or ("/.." in path and (status in {200, 400} or quote_plus(key) != target[1:]))


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
