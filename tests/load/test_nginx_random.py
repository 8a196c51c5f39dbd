"""Whatever a valid map holds, the files for nginx load, and nginx answers every key of it as the reference says."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from etl.addresses import Address, as_path, objection
from etl.load.redirects import CompileOptions, compile_all
from etl.model import Finding
from etl.servers import running
from etl.servers.base import program
from tests.load.asked import ask
from tests.load.maps import (
    NASTY,
    WORDS,
    Entries,
    addresses,
    maps,
    options,
    reference,
    requests,
    targets,
    valid,
)
from tests.make import need, write_map


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
    {Address("name", word): "/x/" for word in (*WORDS, *NASTY) if not objection(Address("name", word))},
    CompileOptions(),
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
@given(
    st.dictionaries(addresses().filter(lambda address: objection(address) is None), targets, min_size=20, max_size=60)
)
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
