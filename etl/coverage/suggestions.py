"""The pages whose names are close to an address that nothing answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from etl.addresses import Address, name_key
from etl.coverage.model import Missing, Suggestion
from etl.load.redirects.neutral import entries
from etl.settings import Settings

CHOICES = 3
CUTOFF = 60
"""Likeness in percent from which a page name is suggested."""
_CHUNK = 20_000
"""Names that are compared at once, with so many `_QUERIES`."""
_QUERIES = 500


def suggested(missing: list[Missing], map_file: Path, settings: Settings) -> list[Missing]:
    """With the closest names and paths of the map. Numbers are close to nothing."""
    wanted = [number for number, one in enumerate(missing) if one.address.kind != "id"]
    if not wanted:
        return missing
    best: dict[int, list[Suggestion]] = {number: [] for number in wanted}
    queries = [_words(missing[number].address, settings.path_prefixes) for number in wanted]
    pages = _pages(map_file)
    while chunk := list(islice(pages, _CHUNK)):
        words = [_words(address, settings.path_prefixes) for address, _ in chunk]
        for number, scores in zip(wanted, _likeness(queries, words), strict=True):
            close = ((score, *chunk[at]) for at, score in scores)
            found = [Suggestion(score, address.value, target) for score, address, target in close]
            best[number] = _closest(best[number] + found)
    return [one._replace(suggestions=tuple(best.get(number, ()))) for number, one in enumerate(missing)]


def _pages(map_file: Path) -> Iterator[tuple[Address, str]]:
    """Names and paths of the map that lead to a page, each with its target."""
    for address, target in entries(map_file, again=True):
        if target is not None and address.kind != "id":
            yield address, target


def _closest(found: list[Suggestion]) -> list[Suggestion]:
    """The best few, each page once.

    >>> two = Suggestion(70, "Eight", "/8/"), Suggestion(90, "/wells", "/w/")
    >>> [one.name for one in _closest([*two, Suggestion(90, "Wells", "/w/")])]
    ['Wells', 'Eight']
    """
    pages: dict[str, Suggestion] = {}
    for one in sorted(found, key=lambda one: (-one.likeness, one.name.startswith("/"), one.name)):
        pages.setdefault(one.target, one)
    return list(pages.values())[:CHOICES]


def _words(address: Address, path_prefixes: Sequence[str]) -> str:
    """What an address says about the page, in the form in which names are compared: whatever the order of its words.

    >>> [_words(Address("path", f"/{folder}/Clear-water.html"), ["posts"]) for folder in ("posts", "news")]
    ['clear water', 'clear html news water']
    >>> _words(Address("name", "posts/Clear water"), ["posts"])
    'clear posts water'
    """
    text = address.value
    if address.kind == "path":
        first, _, rest = text.lstrip("/").partition("/")
        text = rest.removesuffix(".html") if first in path_prefixes else text
    return " ".join(sorted(name_key(text).split()))


def _likeness(queries: Sequence[str], names: Sequence[str]) -> Iterator[list[tuple[int, int]]]:
    """For each query the places of the closest names, with their likeness."""
    import numpy as np
    from rapidfuzz import fuzz, process

    for first in range(0, len(queries), _QUERIES):
        some = queries[first : first + _QUERIES]
        scores = process.cdist(some, names, scorer=fuzz.ratio, score_cutoff=CUTOFF, dtype=np.uint8)
        for row in scores:
            places = np.argsort(-row.astype(np.int16), kind="stable")[: 4 * CHOICES]  # a page has several names
            yield [(int(at), int(row[at])) for at in places if row[at] >= CUTOFF]
