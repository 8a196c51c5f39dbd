"""A map of names that nobody would think of: every server answers every spelling of each as the contract says."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from etl.servers import SERVERS
from tests.servers.oracle import Answer, Oracle, decoded
from tests.servers.stage import serving
from tests.servers.wire import Request

ALPHABET = [
    *"aA bB cC 019 .-_~!$&'()*+,;=:@/?#[]%\"<>\\^`{|} \t",
    *"éÉßıİçΣς漢水ﷺ🎉\u0301\u00a0\u2028\u200d",
    *("%41", "%2F", "%20", "%25", "..", "//", "/./", "${x}", "{$x}", "%{X}", "\\t", "\\\\", "&page=", "page_id", " – "),
]
COUNT, SEEDS = 150, (1, 2)


def names(seed: int) -> Iterator[str]:
    """Names in canonical form that a map may hold; many of them close to one another."""
    chance = random.Random(seed)
    found: list[str] = []
    while len(found) < COUNT:
        if found and chance.random() < 0.3:
            name = mutated(chance.choice(found), chance)
        else:
            name = "".join(chance.choices(ALPHABET, k=chance.choice([1, 2, 3, 8, 20])))
        name = unicodedata.normalize("NFC", name.replace("\t", " ")).strip(" ")
        if name and not name.startswith("/") and name not in {".", ".."} and not name.isdigit():
            found.append(name)
            yield name


def mutated(name: str, chance: random.Random) -> str:
    """A name that a server might take for this one."""
    changes = [name.upper(), name.lower(), name.swapcase(), name.replace(" ", "+"), name.replace("+", " "), f"{name}/x"]
    changes += [name.replace("/", "//"), quote(name), f"{name}.", f"{name}%20", f"{name}\\", f"+{name}"]
    return chance.choice(changes)


def requests(name: str) -> Iterator[Request]:
    """Four spellings of a name, none of which a server or a client would walk dots in."""
    for target in (
        quote_plus(name),
        "".join(f"%{byte:02x}" for byte in name.encode()),
        f"tiki-index.php?page={quote(name, safe='')}",
        f"tiki-index.php?x=%zz&page={quote_plus(name, safe='/:@!$()*,')}&y",
    ):
        yield Request("", f"/{target}".encode())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("server", sorted(SERVERS))
def test_any_name_is_answered(server: str, seed: int, tmp_path: Path) -> None:
    entries: dict[tuple[str, str], str | None] = {
        ("name", name): f"/pages/{at}/" if at % 9 else None for at, name in enumerate(names(seed))
    }
    oracle, wrong = Oracle(entries), []
    with serving(server, tmp_path, entries) as stage:
        for _, name in entries:
            for request in requests(name):
                got, right = stage.client.ask(request), oracle.answers(request.target)
                if got not in right and not (stage.refused and got == Answer(404)):
                    wrong.append((name, request.target, got, right))
    assert wrong == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_names_are_what_a_map_holds(seed: int) -> None:
    found = list(names(seed))
    assert all(decoded(quote(name)) == name for name in found)
    assert len(set(found)) > COUNT / 2
