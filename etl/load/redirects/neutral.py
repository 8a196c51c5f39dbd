"""The neutral redirect map as it is read, a line at a time, checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson

from etl.addresses import KINDS, Address, objection
from etl.generation_path import generation_at
from etl.long_lines import bounded
from etl.site_path import is_site_path
from etl.trouble import Trouble

_MAP = "redirects.jsonl"
LONGEST_LINE = 1 << 20
"""Bytes: a line of a map is held in memory, and no server has a request line of that length."""
_SHORT = 60


class MapError(Trouble):
    """A redirect map that cannot be read, or breaks its contract; names file and line: status 3."""


class Entry(NamedTuple):
    """One line of the map."""

    address: Address
    target: str | None
    """Path on the new site; None: gone, status 410."""


def entries(map_file: Path, *, again: bool = False) -> Iterator[Entry]:
    """The entries of a ``redirects.jsonl``, in its order.

    Raises MapError at the first line that is none, or that no map may hold (`addresses.objection`). ``again``: the file
    was gone over before, and its lines are not checked any more.
    """
    with reading(map_file) as lines:
        yield from map(_known, lines) if again else checked(map_file, bounded(lines.readline, LONGEST_LINE + 1))


def map_at(path: Path) -> Path:
    """The file of the map that a path names: itself, or that of a generation, by its folder or that of all of them.

    Raises MapError where there is none.
    """
    file = path
    if path.is_dir():
        file = (generation_at(path, lambda folder: (folder / _MAP).exists()) or path) / _MAP
    if not file.exists():
        how = "name the folder of a generation, as `wiki-etl migrate` publishes it; a dry run publishes none"
        raise MapError(f"{path}: there is no redirect map; {how}")
    return file


@contextmanager
def reading(map_file: Path) -> Iterator[BinaryIO]:
    """A map that is open; trouble with the file becomes MapError."""
    try:
        with map_file.open("rb") as file:
            if not file.seekable():  # or everything would be right for the empty map of the second reading
                raise MapError(
                    f"{map_file}: a redirect map is read more than once, which a pipe cannot be; name a file"
                )
            yield file
    except OSError as error:
        raise MapError(f"{map_file}: cannot read the redirect map: {error.strerror}") from error


def checked(map_file: Path, lines: Iterable[bytes], first: int = 1) -> Iterator[Entry]:
    """The entries of lines, the first of which has a number; raises MapError at one that is none."""
    for number, line in enumerate(lines, first):
        entry = _entry(line)
        if isinstance(entry, str):
            raise MapError(f"{map_file}:{number}: {entry}; correct or remove the line")
        yield entry


def _entry(line: bytes) -> Entry | str:
    """The entry of a line, or what is wrong with it."""
    if len(line) > LONGEST_LINE:
        return f"not a redirect: the line is longer than {LONGEST_LINE} bytes"
    try:
        data = orjson.loads(line)
        address, target, status = Address(data["kind"], data["value"]), data["target"], data["status"]
    except ValueError as error:
        return f"not a redirect: not JSON: {error}"
    except KeyError as error:
        return f"not a redirect: it has no {error}"
    except TypeError:
        return "not a redirect: it is no JSON object"
    if address.kind not in KINDS or not isinstance(address.value, str):
        return f"not an address: {short(address.kind)} {short(address.value)}"
    why = objection(address)
    if why is not None:
        return f"{short(address.value)} must not be in a map: {why}"
    if status != (410 if target is None else 301):
        return f"{short(address.value)}: status {short(status)} does not go with target {short(target)}"
    if target is None or is_site_path(target):
        return Entry(address, target)
    return f"{short(address.value)}: target {short(target)} is no path of the new site as it is sent, percent-encoded"


def _known(line: bytes) -> Entry:
    """The entry of a line that `_entry` has accepted."""
    data = orjson.loads(line)
    return Entry(Address(data["kind"], data["value"]), data["target"])


def short(value: object) -> str:
    """A value quoted for a message, in bounds.

    >>> short("well"), short("w" * 100)
    ("'well'", "'wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww…'")
    """
    text = repr(value)
    return text if len(text) <= _SHORT else text[: _SHORT - 2] + "…" + text[-1]
