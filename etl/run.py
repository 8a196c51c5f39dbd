"""A run of the pipeline: what was asked for, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etl.extract.bundle import Bundle
from etl.extract.reviewed import Reviewed
from etl.model import Ledger
from etl.passes import Options
from etl.progress import Progress, untold
from etl.settings import Settings


@dataclass(slots=True)
class Run:
    """What a run is asked to do, and what came of it."""

    sources: Sequence[str]
    settings: Settings
    out: Path
    jobs: int | None = None
    options: Options = field(default_factory=Options)
    tables: bool = False
    dry_run: bool = False
    only_checks: bool = False
    """For `validate`: ``out`` is a temporary folder, and that nothing was published is not worth a word. Members of
    bundles with one name are told apart in every line by their source, which no published generation may name."""
    allow_partial: bool = False
    previous: str | None = None
    """The generation whose slugs and addresses stay: ``released``, ``current``, ``none``, or a folder or http(s)
    address as `read_previous` takes it. None: the released one, if there is one."""
    leave_out: Sequence[Path] = ()
    sha256: str | None = None
    """What the only source must have, which is no folder; in lower case."""
    config: str | None = None
    """The settings file that counts. None: there is none."""
    in_use: Container[Path] = frozenset()
    """Resolved paths of settings files that are in use: no warning says of these that they lie in a source unused."""
    by_config: bool = False
    """Whether the settings file was named with ``--config``: then no warning says that others are not used."""
    progress: Progress = untold
    say: Callable[[str], Any] = lambda _text: None
    """Tells a person at once what must not wait for the report."""

    bundles: list[Bundle] = field(default_factory=list)
    ledger: Ledger | None = None
    findings: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    entries: int = 0
    """What the index pass handed over."""
    deaths: int = 0
    """How often the system ended a worker; what it had under way was done again."""
    redirects: int = 0
    refused: str | None = None
    """Why nothing was published, when a threshold was passed."""
    published: Path | None = None
    fresh: bool = False
    """Whether a new generation was published; False when its bytes equal the current one."""
    reviewed: Reviewed = field(default_factory=Reviewed)
    difference: dict[str, Any] | None = None
    """Documents that would be added, changed and removed, when the run is a dry one or refused."""
