"""The neutral redirect map as it is read, a line at a time, checked; and what compilers have to know besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple
from urllib.parse import urlsplit

import orjson

from etl.addresses import KINDS, SCRIPT, Address, host_name, refusal
from etl.generation_path import generation_at
from etl.long_lines import bounded
from etl.routes import Route, routes, wiki_folder
from etl.site_path import is_site_path
from etl.trouble import Trouble

if TYPE_CHECKING:
    from etl.settings import Settings

_MAP = "redirects.jsonl"
LONGEST_LINE = 1 << 20
"""Bytes: a line of a map is held in memory, and no server has a request line of that length."""
_SHORT = 60


class MapError(Trouble):
    """A redirect map that cannot be read, or breaks its contract; names file and line: status 3."""


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """What a compiler has to know besides the map; the settings of the same names, see `compile_options`."""

    site: str | None = None
    """Base address of the new site: makes targets absolute."""
    legacy_base: str = "/"
    """Folder of the old wiki, of characters that no request encodes; names, ids and routes are below it, entries of
    kind ``path`` are not."""
    status: Literal[301, 302, 308] = 301
    """What every redirect is sent with; what is gone stays 410."""
    max_age: int | None = None
    """Seconds: each redirect is sent with ``Cache-Control: max-age=<n>``. None: without that header. Never on a 410."""
    home: str | None = None
    """Page name of the old home page. Compilers read `home_to` instead."""
    home_to: str | None = None
    """What the map answers for the name ``home``, as `answer` gives it; `compile_all` fills it in. None: nothing.
    Goes for `script` when the request has neither ``page`` nor ``page_id``, and for `home_path`; the map itself (a
    path or a name that is spelled so) comes first."""
    sample: Entry | None = None
    """An entry of the map, for READMEs that say how to check a server; `compile_all` fills it in. None: it has none."""
    other_host: bool = False
    """Whether ``site`` is another host than the old one: only then ``/`` is a legacy address."""
    hosts: tuple[str, ...] = ()
    """Host names of the old site, for files that name them."""
    routes: tuple[Route, ...] = ()
    """Legacy addresses that are no pages, looked up last: after path, name, id and home. See `etl.routes.Route`."""
    reserved: tuple[str, ...] = ()
    """Paths that the new site answers itself, besides those of its documents."""

    @property
    def base(self) -> str:
        """The folder of the old wiki with a slash at either end."""
        return wiki_folder(self.legacy_base)

    @property
    def script(self) -> str:
        """The path of the page script."""
        return self.base + SCRIPT

    @property
    def home_path(self) -> str | None:
        """The folder that was the old home page, without trailing slash: ``/wiki``, or ``/``; None: it is not ours.

        >>> [CompileOptions(legacy_base=base).home_path for base in ("/", "/wiki/")]
        [None, '/wiki']
        >>> CompileOptions(other_host=True).home_path
        '/'
        """
        if self.base == "/":
            return "/" if self.other_host else None
        return self.base.rstrip("/")

    @property
    def home_answers(self) -> dict[str, str]:
        """What is sent for each path of the old home page: `script` and `home_path`; empty without `home_to`."""
        if self.home_to is None:
            return {}
        return {path: self.home_to for path in (self.script, self.home_path) if path is not None}

    @property
    def cache_control(self) -> str | None:
        """The value of the header ``Cache-Control`` of redirects; None: no header."""
        return None if self.max_age is None else f"max-age={self.max_age}"

    def answer(self, entry: Entry | Route) -> str:
        """What a server sends for an entry or a route: where to go, or ``410``."""
        return "410" if entry.target is None else self._host + entry.target

    def answers(self, targets: list[str]) -> list[str]:
        """What a server sends for targets."""
        host = self._host
        return [host + target for target in targets] if host else targets

    @property
    def _host(self) -> str:
        return (self.site or "").rstrip("/")


def compile_options(settings: Settings) -> CompileOptions:
    """The options that the settings say."""
    return CompileOptions(
        site=settings.site,
        legacy_base=settings.legacy_base,
        status=settings.status,
        max_age=settings.max_age,
        home=settings.home,
        other_host=_is_other_host(settings.site, settings.hosts),
        hosts=settings.hosts,
        routes=routes(settings.routes, settings.legacy_base),
        reserved=settings.reserved,
    )


def _is_other_host(site: str | None, hosts: Sequence[str]) -> bool:
    """Whether the new site has none of the old names, which have to be known; ``www.`` makes no other host.

    >>> [_is_other_host("https://New.example/", hosts) for hosts in (["old.example"], ["www.new.example."], [])]
    [True, False, False]
    """
    if site is None or not hosts:
        return False
    return host_name(urlsplit(site).hostname or "") not in set(map(host_name, hosts))


class Entry(NamedTuple):
    """One line of the map."""

    address: Address
    target: str | None
    """Path on the new site; None: gone, status 410."""


def entries(map_file: Path, *, again: bool = False) -> Iterator[Entry]:
    """The entries of a ``redirects.jsonl``, in its order.

    Raises MapError at the first line that is none, or that no map may hold (`addresses.refusal`). ``again``: the file
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
    why = refusal(address)
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
