"""The neutral redirect map as the compilers read it: a line at a time, checked, as often as they like.

A compiler never holds the map: it goes over the file twice, and keeps only the few entries whose
keys may be one and the same for its server (`Crowd`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import orjson

from etl.addresses import Address, refusal
from etl.model import Finding

UNSUPPORTED = "redirect.unsupported"
_SHORT = 60

_TARGET = re.compile(r"/(?:[\x21-\x2e\x30-\x7e][\x21-\x7e]*)?")


class MapError(Exception):
    """A redirect map that cannot be read, or breaks its contract; names file and line: status 3."""


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """What a compiler has to know besides the map; the settings of the same names."""

    site: str | None = None
    """Base address of the new site: makes targets absolute."""
    legacy_base: str = "/"
    path_prefixes: tuple[str, ...] = ()

    def answer(self, entry: Entry) -> str:
        """What a server sends for an entry: where to go, or ``410``."""
        return "410" if entry.target is None else (self.site or "").rstrip("/") + entry.target


class Entry(NamedTuple):
    """One line of the map."""

    address: Address
    target: str | None
    """Path on the new site; None: gone, status 410."""


def entries(map_file: Path, *, again: bool = False) -> Iterator[Entry]:
    """The entries of a ``redirects.jsonl``, in its order.

    Raises MapError at the first line that is none, or that no map may hold (`addresses.refusal`); ``again``: of a
    file that was gone over before, lines are not checked any more.
    """
    try:
        with map_file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                entry = _known(line) if again else _entry(line)
                if isinstance(entry, str):
                    raise MapError(f"{map_file}:{number}: {entry}")
                yield entry
    except OSError as error:
        raise MapError(f"{map_file}: cannot read the redirect map: {error.strerror}") from error


def _entry(line: bytes) -> Entry | str:
    """The entry of a line, or what is wrong with it."""
    try:
        data = orjson.loads(line)
        address, target, status = Address(data["kind"], data["value"]), data["target"], data["status"]
    except (ValueError, KeyError, TypeError) as error:
        return f"not a redirect: {type(error).__name__} {error}"
    if address.kind not in {"name", "id", "path"} or not isinstance(address.value, str):
        return f"not an address: {short(address.kind)} {short(address.value)}"
    why = refusal(address)
    if why is not None:
        return f"{short(address.value)} must not be in a map: {why}"
    if status == (410 if target is None else 301) and (target is None or _is_target(target)):
        return Entry(address, target)
    return f"{short(address.value)}: status {short(status)} does not go with target {short(target)}"


def _known(line: bytes) -> Entry:
    """The entry of a line that `_entry` has accepted."""
    data = orjson.loads(line)
    return Entry(Address(data["kind"], data["value"]), data["target"])


def _is_target(target: object) -> bool:
    return isinstance(target, str) and _TARGET.fullmatch(target) is not None


def short(value: object) -> str:
    """A value quoted for a message, in bounds.

    >>> short("well"), short("w" * 100)
    ("'well'", "'wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww…'")
    """
    text = repr(value)
    return text if len(text) <= _SHORT else text[: _SHORT - 2] + "…" + text[-1]


def unsupported(server: str, entry: Entry, why: str) -> Finding:
    """An entry that a server's files cannot express."""
    return Finding(
        UNSUPPORTED,
        f"{server}: {entry.address.kind} {short(entry.address.value)}: {why}",
        "it is not in the files of this server; the neutral map has it",
        cause=f"{server}\0{entry.address.kind}\0{entry.address.value}",
    )


class Crowd:
    """Which keys may have been seen more than once: never misses one, is sometimes wrong, stays small.

    >>> crowd = Crowd(1000)
    >>> for key in (b"/a", b"/b", b"/a"): crowd.add(key)
    >>> crowd.suspects(b"/a"), crowd.suspects(b"/b")
    (True, False)
    """

    def __init__(self, map_bytes: int) -> None:
        """Sized by the map: about twenty places for a line, at most 32 MiB for all."""
        places = 1 << max(12, min(27, (map_bytes // 8).bit_length()))
        self._mask = places - 1
        self._once, self._twice = bytearray(places >> 3), bytearray(places >> 3)

    def add(self, key: bytes) -> None:
        """Sees a key."""
        for at, bit in self._places(key):
            self._twice[at] |= self._once[at] & bit
            self._once[at] |= bit

    def suspects(self, key: bytes) -> bool:
        """False for a key that was seen at most once."""
        return all(self._twice[at] & bit for at, bit in self._places(key))

    def _places(self, key: bytes) -> tuple[tuple[int, int], tuple[int, int]]:
        """Byte and bit of both places of a key: two keys seldom share both."""
        digest = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest())
        first, second = digest & self._mask, digest >> 32 & self._mask
        return (first >> 3, 1 << (first & 7)), (second >> 3, 1 << (second & 7))
