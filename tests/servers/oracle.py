"""What a request must be answered, from the contract alone: shares no code with the tool.

Contract, section 7: the path of an absolute form, leading slashes merged, segments that are a dot and
trailing slashes dropped, decoded once with ``+`` as a blank, NFC, blanks trimmed; looked up as path, then name,
then id. The page script: id, then name, of a repeated parameter the last. Then the name without case, where one
name of the map is equal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

SCRIPT = "tiki-index.php"


class Answer(NamedTuple):
    """What matters of a response."""

    status: int
    location: str | None = None


NOT_FOUND = Answer(404)


class Oracle:
    """The answers of one map."""

    def __init__(self, entries: Mapping[tuple[str, str], str | None], base: str = "/", status: int = 301) -> None:
        self._answers = {
            address: Answer(410) if target is None else Answer(status, target) for address, target in entries.items()
        }
        self._base = base
        self._folded: dict[str, set[Answer]] = {}
        self._equals: dict[str, int] = {}
        self._lower = {_ascii_lower(value) for kind, value in entries if kind == "name"}
        for (kind, value), answer in self._answers.items():
            if kind == "name":
                self._folded.setdefault(_fold(value), set()).add(answer)
                self._equals[_fold(value)] = self._equals.get(_fold(value), 0) + 1

    def answers(self, target: bytes) -> set[Answer]:
        """What may be answered to a raw request target that no page of the new site has."""
        text = target.decode("utf-8", "surrogateescape")
        right = self._first(self._asked(text))
        return right | (self._first(self._asked(text, dots=True)) - {NOT_FOUND}) if "/./" in text else right

    def _first(self, asked: list[tuple[str, str]]) -> set[Answer]:
        for address in asked:
            if address in self._answers:
                return {self._answers[address]}
        names = [value for kind, value in asked if kind == "name"]
        return self._second(names[0]) if names else {NOT_FOUND}

    def _second(self, name: str) -> set[Answer]:
        """Without case: the answer of the only name that is equal. Servers may know the case of ASCII alone."""
        found = self._folded.get(_fold(name), set())
        if len(found) != 1:
            return {NOT_FOUND}
        if self._equals[_fold(name)] == 1 and _ascii_lower(name) in self._lower:
            return found
        return found | {NOT_FOUND}

    def _asked(self, target: str, *, dots: bool = False) -> list[tuple[str, str]]:
        """What is looked up; with ``dots``, a segment that is a dot is part of a name that has one."""
        target = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*", "", target).split("#")[0]
        path, _, query = target.partition("?")
        path = "/" + "/".join(part for part in path.split("/") if dots or part != ".").strip("/")
        inside = path[len(self._base) :] if path.startswith(self._base) else None
        if inside == SCRIPT and re.search("(?:^|&)page(?:_id)?(?:[=&]|$)", query):
            return _by_script(query)
        whole, name = decoded(path[1:]), decoded(inside) if inside else None
        asked = [("path", f"/{whole}")] if whole else []
        return asked + ([("name", name), ("id", name)] if name else [])


def _by_script(query: str) -> list[tuple[str, str]]:
    asked = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        asked[name] = decoded(value)
    return [(kind, text) for kind, key in (("id", "page_id"), ("name", "page")) if (text := asked.get(key))]


@lru_cache(maxsize=4096)
def decoded(raw: str) -> str | None:
    """Once, ``+`` a blank; None for bad encoding and control characters."""
    data = raw.replace("+", " ").encode("utf-8", "surrogateescape")
    if re.search(rb"%(?![0-9A-Fa-f]{2})", data):
        return None
    try:
        text = re.sub(rb"%(..)", lambda match: bytes.fromhex(match[1].decode()), data).decode()
    except UnicodeDecodeError:
        return None
    if not text.isprintable() and any(unicodedata.category(char) == "Cc" for char in text):
        return None
    return unicodedata.normalize("NFC", text).strip(" ")


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _ascii_lower(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape").lower()
