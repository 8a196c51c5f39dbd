"""What is asked of logs and a map, and what comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from etl.addresses import Address
from etl.progress import Progress, untold
from etl.routes import Route, routes
from etl.settings import Settings

CLASSES = {
    "path": "answered: a path",
    "name": "answered: a page name",
    "case": "answered where the server can: a page name in another case",
    "id": "answered: a page id",
    "gone": "answered: gone, 410",
    "route": "answered: the setting routes",
    "live": "a page of the new site",
    "home": "the home page",
    "unanswered": "not answered",
    "no page": "files, scripts and the like: no page of the old wiki",
    "malformed": "no address at all",
    "other": "other methods than GET and HEAD, or no request",
}
"""What a request can be, in the order in which it is said."""
UNANSWERED = frozenset(("unanswered", "no page", "malformed", "other"))
"""Those that nothing answers."""


@dataclass(frozen=True)
class Plan:
    """What is read, and against what."""

    logs: Sequence[str]
    """Files, plain or gzip; ``-`` is standard input."""
    map_file: Path
    legacy_base: str = "/"
    path_prefixes: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    reserved: tuple[str, ...] = ()
    """Paths that the new site answers itself."""
    limit: int = 500
    """How many addresses get suggestions."""
    progress: Progress = untold


def plan_of(settings: Settings, map_file: Path, logs: Sequence[str] = (), **more: Any) -> Plan:
    """A map with what the settings say of it, and the logs that are held against it."""
    return Plan(
        logs=logs,
        map_file=map_file,
        legacy_base=settings.legacy_base,
        path_prefixes=settings.path_prefixes,
        routes=routes(settings.routes, settings.legacy_base),
        reserved=settings.reserved,
        **more,
    )


class Suggestion(NamedTuple):
    """A page whose name is close to what was asked for."""

    likeness: int
    """Percent."""
    name: str
    target: str


class Missing(NamedTuple):
    """An address that is not answered."""

    address: Address
    hits: int
    found: int
    """Hits that the logged server answered with a page or a redirect."""
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def value(self) -> str:
        """As a reviewed decision names it: digits an id, leading ``/`` a path, else a name."""
        return self.address.value


@dataclass
class Coverage:
    """What came out."""

    logs: Sequence[str]
    hits: Counter[str] = field(default_factory=Counter)
    """By class, see `CLASSES`."""
    bad: int = 0
    """Lines that are not in the combined format."""
    first_bad: str | None = None
    missing: list[Missing] = field(default_factory=list)
    """The most asked ones."""
    distinct: int = 0
    """Addresses without an answer; about that many when some of them could not be kept."""
    kept: int = 0
    forgotten: int = 0
    """Hits of addresses that could not be kept."""
