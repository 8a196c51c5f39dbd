"""What compilers have to know besides the map, most of it from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from etl.addresses import SCRIPT, host_name
from etl.load.redirects.neutral import Entry
from etl.routes import Route, routes, wiki_folder

if TYPE_CHECKING:
    from etl.settings import Settings


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
