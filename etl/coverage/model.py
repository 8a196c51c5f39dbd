"""What comes out: classes of requests, the addresses that nothing answers, and the pages close to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from etl.addresses import Address

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
        """As a reviewed decision names it: digits an id, leading ``/`` a path, else a name; no name of digits."""
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
