"""What a verification is asked to do: of which server, in which spellings, how fast."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from etl.progress import Progress, untold
from etl.routes import Route
from etl.settings import SettingsError, host
from etl.verify.connections import Origin, Server, origin
from etl.verify.spellings import FORMS

POLITE_RATE = 50.0
"""Requests a second to a server on another machine, unless ``--rate`` says otherwise."""


@dataclass(frozen=True)
class Plan:
    """What is asked, of whom, and what would be right."""

    base_url: str
    map_file: Path
    hosts: tuple[str, ...] = ()
    """Host headers to ask with, one after the other; none: the one of the base address."""
    site: str | None = None
    """Base address of the new site where targets are absolute, as compiled into the map."""
    legacy_base: str = "/"
    path_prefixes: tuple[str, ...] = ()
    home: str | None = None
    """Page name of the old home page."""
    routes: tuple[Route, ...] = ()
    status: int = 301
    sample: str | None = None
    """A number of entries, or a share such as ``5%``; the same entries each time."""
    forms: frozenset[str] | None = None
    """Keys of `spellings.FORMS`; None: all."""
    hostile: bool = False
    strict_targets: bool = False
    """Whether a target that does not answer 200 is a wrong answer; else it is only said."""
    rate: float | None = None
    """Requests a second; 0: no bound; None: no bound on loopback, `POLITE_RATE` elsewhere."""
    connections: int = 8
    timeout: float = 30.0
    resolve: Mapping[tuple[str, int], str] = field(default_factory=dict)
    resume: Path | None = None
    examples: int = 10
    progress: Progress = untold
    say: Callable[[str], None] = lambda _text: None

    @property
    def server(self) -> Server:
        """Whom to ask. Raises SettingsError for a base address that is none."""
        try:
            asked = origin(self.base_url)
        except ValueError as error:
            raise SettingsError(f"--base-url: {error}") from error
        if self.base_url.count("/") > 2 + self.base_url.endswith("/"):
            said = "the folder of the old wiki is the setting legacy_base"
            raise SettingsError(f"--base-url: {self.base_url!r} has a path; {said}")
        return Server(asked, self.resolve, self.timeout)

    @property
    def pace(self) -> float:
        """Requests a second; 0 when there is no bound. Raises SettingsError as `server` does."""
        polite = 0.0 if self.server.is_loopback else POLITE_RATE
        return polite if self.rate is None else self.rate

    def identity(self, map_digest: str) -> dict[str, Any]:
        """What must be the same when a verification goes on where another one stopped."""
        return {
            "base_url": self.base_url,
            "map_digest": map_digest,
            "hosts": list(self.hosts),
            "site": self.site,
            "legacy_base": self.legacy_base,
            "home": self.home,
            "routes": [list(route) for route in self.routes],
            "status": self.status,
            "sample": self.sample,
            "forms": None if self.forms is None else sorted(self.forms),
            "strict_targets": self.strict_targets,
        }


class Question(NamedTuple):
    """One request, and the answer that is right."""

    group: str
    """``name``, ``id``, ``path``; ``home``, ``route``: settings; ``unknown``, ``hostile``; ``target``: a new page."""
    form: str
    target: str
    right: str | None
    """Where to go, as the map says it, or a setting; None: gone. Only of the first five groups."""


# --- flags of the command line -------------------------------------------------------------


def hosts(given: Sequence[str] | None, legacy: Sequence[str]) -> tuple[str, ...]:
    """The values of ``--from``: none, those that were given, or, for the bare flag, those of the settings.

    Raises SettingsError.
    """
    if given is not None and not given and not legacy:
        raise SettingsError("--from: no host given, and the setting hosts is empty")
    chosen = () if given is None else tuple(given or legacy)
    return tuple(dict.fromkeys(map(_host, chosen)))


def _host(text: str) -> str:
    """A host as a Host header holds it."""
    try:
        _origin_of(text)
    except ValueError as error:
        raise SettingsError(f"--from: {error}") from error
    return text if text.isascii() else text.encode("idna").decode()


def _origin_of(text: str) -> Origin:
    """Who is asked under a host, perhaps with its port. Raises ValueError for one that is none."""
    address = f"http://{host(text)}"
    try:
        return origin(address)
    except ValueError as error:  # a port or a part of the host is too large
        raise ValueError(f"{text!r} is no host name") from error


def forms(given: Sequence[str] | None) -> frozenset[str] | None:
    """The values of ``--spelling``. Raises SettingsError."""
    known = list(dict.fromkeys(form for of_kind in FORMS.values() for form in of_kind))
    for form in given or ():
        if form not in known:
            raise SettingsError(f"--spelling: unknown spelling {form!r}; one of {', '.join(known)}")
    return frozenset(given) if given else None


def resolved(given: Sequence[str]) -> dict[tuple[str, int], str]:
    """The values of ``--resolve``. Raises SettingsError.

    >>> resolved(["Old.example:443:127.0.0.1", "Zoë.example:80:[::1]"])
    {('old.example', 443): '127.0.0.1', ('xn--zo-ija.example', 80): '::1'}
    """
    found = {}
    for text in given:
        match = re.fullmatch(r"(.+:[0-9]{1,5}):(\[[0-9a-fA-F:]+\]|[^:\s]+)", text)
        try:
            origins = [*map(_origin_of, match.groups())] if match else []
        except ValueError:
            origins = []
        if not origins:
            raise SettingsError(f"--resolve: {text!r} is not of the form host:port:address")
        asked, address = origins
        found[asked.host, asked.port] = address.host
    return found
