"""What a redirect map and the new site answer, in eight bytes for each address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

from etl.addresses import SCRIPT, Address, caseless, legacy_target, lookups, objection, without_origin
from etl.hashes import Hashes
from etl.load.redirects.living import living, paths_in
from etl.load.redirects.neutral import entries
from etl.routes import FAMILIES, GONE, matching, routes, wiki_folder
from etl.settings import Settings

LONGEST_VALUE = 2000
"""Characters of an address that is worth a suggestion; the old platform's names ended far below."""
_NO_PAGE = re.compile(r"/\.|\.(?:php[0-9]?|phtml|cgi|sql|aspx?|jsp|ini|ya?ml|xml|bak|zip|gz)$", re.IGNORECASE)


class Known:
    """The map and the new site, in eight bytes for each address."""

    def __init__(self, map_file: Path, settings: Settings) -> None:
        self._base, self._prefixes = settings.legacy_base, settings.path_prefixes
        self._routes = routes(settings.routes, self._base)
        self._script = wiki_folder(self._base) + SCRIPT
        self._no_pages = routes(dict.fromkeys(FAMILIES, GONE), self._base)
        self._mapped = Hashes((entry.address, entry.target is None) for entry in entries(map_file))
        self._folded = Hashes(name for name, _ in _folded(map_file))
        answers = Hashes(pair for pair in _folded(map_file) if self._folded.count(pair[0]) > 1)
        self._ambiguous = Hashes(
            pair[0] for pair in _folded(map_file) if 0 < answers.count(pair) < self._folded.count(pair[0])
        )
        self._live = Hashes(key for path in _live(map_file, settings.reserved) for key in (path, _in_any_case(path)))
        self._cached = lru_cache(maxsize=8192)(self._meaning)

    def meaning(self, target: str | None) -> tuple[str, Address | None]:
        """The class of a request; and its address when that is not answered."""
        if target is None:
            return "other", None
        return self._cached(target) if len(target) <= LONGEST_VALUE else self._meaning(target)

    def _meaning(self, target: str) -> tuple[str, Address | None]:
        meanings = lookups(target, self._base)
        for address in meanings:
            if (address, False) in self._mapped:
                return address.kind, None
            if (address, True) in self._mapped:
                return "gone", None
        path = decoded_path(target)
        folder = _folder(path)
        if not folder or self._is_home(path, meanings):
            return "home", None
        if folder in self._live:
            return "live", None
        if _in_any_case(folder) not in self._live and self._is_in_another_case(meanings):
            return "case", None
        if matching(self._routes, path) is not None:
            return "route", None
        return self._unanswered(target, path, meanings)

    def _is_in_another_case(self, meanings: Sequence[Address]) -> bool:
        names = (caseless(address.value) for address in meanings if address.kind == "name")
        return any(name in self._folded and name not in self._ambiguous for name in names)

    def _is_home(self, path: str, meanings: Sequence[Address]) -> bool:
        return path.strip("/") == self._base.strip("/") or meanings[:1] == [Address("path", self._script)]

    def _unanswered(self, target: str, path: str, meanings: Sequence[Address]) -> tuple[str, Address | None]:
        address = self._address(meanings)
        if address is None or objection(address):
            return ("no page" if meanings else "malformed"), None
        if address.kind != "id" and not self._is_page(target, path):
            return "no page", None
        return "unanswered", address

    def _is_page(self, target: str, path: str) -> bool:
        """Whether an address that says no id may have been a page."""
        if path == self._script:
            return True
        if _NO_PAGE.search(path) or matching(self._no_pages, path):
            return False
        link = legacy_target(without_origin(target), (), self._prefixes, self._base)
        return link is not None and link.kind != "other"

    def _address(self, meanings: Sequence[Address]) -> Address | None:
        """What a reviewed decision would name; None outside of the old wiki."""
        by_kind = {address.kind: address for address in reversed(meanings)}
        path = by_kind.get("path")
        if path is not None and path.value.split("/")[1] in self._prefixes:
            return path
        return by_kind.get("id") or by_kind.get("name")


def _folded(map_file: Path) -> Iterator[tuple[str, str | None]]:
    """The names of a map without case, each with its target: equal ones with one target are as good as one name."""
    again = entries(map_file, again=True)
    return ((caseless(entry.address.value), entry.target) for entry in again if entry.address.kind == "name")


def decoded_path(target: str) -> str:
    """The decoded path of a request target, which may be absolute; without slashes at its end."""
    return unquote(without_origin(target).partition("?")[0].replace("+", " ")).rstrip("/")


def _folder(path: str) -> str:
    """A decoded path of the new site, which has both ``/a/`` and ``/a/index.html``; of the old one see the map."""
    return path.rstrip("/").removesuffix("/index.html")


def _in_any_case(path: str) -> tuple[str, str]:
    """What stands for a path without case, beside paths as they are."""
    return "", caseless(path)


def _live(map_file: Path, reserved: Sequence[str]) -> Iterator[str]:
    """What the new site answers itself, and the paths of categories and tags where these lie beside the map."""
    terms = map_file.with_name("terms.jsonl")
    paths = chain((path for path, _ in living(map_file, reserved)), paths_in(terms) if terms.is_file() else ())
    return map(_folder, map(unquote, paths))
