"""What came of a migration, for the people who own the wiki: one page of HTML that needs no other file.

All of it comes from the files of a generation, or of what a run left that published none. They are read a line at a
time, and once; a list that is shortened says how many entries there are, and which file has all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from etl import schemas
from etl.findings import CATALOGUE, RANK, Severity
from etl.generation_path import generation_at
from etl.load.generations import DIFFERENCE
from etl.load.tables import missing_text
from etl.model import MANIFEST, Ledger
from etl.plain import cut, one_line
from etl.transform.body.rules import RULES
from etl.trouble import Trouble

if TYPE_CHECKING:
    from jinja2 import Template

MOST_LISTED = 50
"""Pages, files or rejects that a list shows."""
MOST_EXAMPLES = 10
"""Findings of a code that are shown, each of another member."""
MOST_SAMPLES = 3
"""Changes by a rule that are shown, each of another document."""
LONGEST_TEXT = 300
LONGEST_SAMPLE = 120

WHY = {
    "page-id": "its number in the old wiki",
    "title": "its title, as the old wiki wrote it in addresses",
    "slug": "its path on the old site",
    "alias": "a former name or address that the export has",
    "harvested": "a former name that stood in its text",
    "redirect-page": "a page that led to it",
    "moved": "its path in the generation before",
    "reviewed": "a decision of yours",
    "gone": "answered as gone (410)",
}
"""What makes an address lead to a page, by `Redirect.why`."""

Line = dict[str, Any]
"""A line of a file of the generation."""


@dataclass
class Listing:
    """The first entries of a list, and how many there are."""

    shown: list[Line]
    total: int


@dataclass
class Group:
    """The findings of one code."""

    code: str
    severity: Severity
    total: int = 0
    members: int = 0
    """How many members have any."""
    shown: list[Line] = field(default_factory=list)
    """The first one of each of the first members."""
    last: str | None = None
    """The member of the last one: they come in member order."""

    def add(self, finding: Line) -> None:
        """Count one more, and keep it where it is an example."""
        self.total += 1
        if not self.members or finding["member"] != self.last:
            self.members += 1
            self.last = finding["member"]
            if len(self.shown) < MOST_EXAMPLES:
                self.shown.append(finding)


def report(path: Path) -> Iterator[str]:
    """The page about a generation, or about what a run left that published none (``out/refused``), in pieces.

    The same files give the same text. Raises Trouble when the path is neither, or a file of it is damaged.
    """
    folder = generation_at(path, lambda one: (one / MANIFEST).is_file())
    if folder is None:
        raise Trouble(f"{path}: there is no generation; name its folder, as `wiki-etl migrate` leaves it")
    return _template().generate(facts(folder.resolve()))  # one generation, whatever is published meanwhile


def facts(folder: Path) -> dict[str, Any]:
    """Everything that the page says, by section; empty, or None, where its file is not there."""
    groups = found(_records(folder, "findings"))
    wanted = {finding["document"] for group in groups for finding in group.shown}
    manifest = _manifest(folder / MANIFEST)
    came, *went = (manifest["ledger"][kind] for kind in Ledger.model_fields)
    return {
        "manifest": manifest,
        "balanced": came == sum(went),
        "outcome": _json(folder / "summary.json"),
        "difference": _difference(folder / DIFFERENCE),
        "groups": groups,
        "documents": _documents(folder, wanted),
        "addresses": _addresses(_records(folder, "redirects")),
        "missing_files": _missing_files(folder),
        "samples": _samples(_records(folder, "changes")),
        "rules": RULES,
        "why": WHY,
    }


def _records(folder: Path, name: str) -> Iterator[Line]:
    """The lines of a file of the generation; none where it is not there."""
    file = folder / f"{name}.jsonl"
    return schemas.records(file) if file.is_file() else iter(())


def _manifest(file: Path) -> Line:
    manifest = _json(file)
    if said := schemas.fault("manifest", manifest):
        raise Trouble(f"{file}: {said}; `wiki-etl validate` says what else is damaged")
    assert manifest is not None
    return manifest


def _json(file: Path) -> Line | None:
    """The object that a file holds; None where it is not there."""
    try:
        held: Line = orjson.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Trouble(f"{file}: not JSON: {error}; `wiki-etl validate` says what else is damaged") from error
    return held


def listing(lines: Iterable[Line]) -> Listing:
    """The first `MOST_LISTED` lines, and how many there are.

    >>> few = listing({"id": number} for number in range(60))
    >>> few.shown[-1], few.total
    ({'id': 49}, 60)
    """
    rest = iter(lines)
    shown = list(islice(rest, MOST_LISTED))
    return Listing(shown, len(shown) + sum(1 for _ in rest))


def found(findings: Iterable[Line]) -> list[Group]:
    """Findings by code, the gravest and the most first."""
    groups: dict[str, Group] = {}
    for finding in findings:
        group = groups.setdefault(finding["code"], Group(finding["code"], finding["severity"]))
        group.add(finding)
    return sorted(groups.values(), key=lambda group: (RANK[group.severity], -group.total, group.code))


@dataclass
class Documents:
    """What is counted of all documents, published and withheld."""

    statuses: Counter[str] = field(default_factory=Counter)
    links: Counter[str] = field(default_factory=Counter)
    """By state."""
    images: Counter[str] = field(default_factory=Counter)
    """By state."""
    titles: dict[str, str] = field(default_factory=dict)
    """Of those that are named elsewhere on the page, by id."""
    missing_text: Listing = field(default_factory=lambda: Listing([], 0))


def _documents(folder: Path, wanted: Iterable[str | None]) -> Documents:
    told, named = Documents(), frozenset(wanted)

    def counted() -> Iterator[Line]:
        for name in ("documents", "withheld"):
            for document in _records(folder, name):
                told.statuses[document["status"]] += 1
                told.links.update(link["state"] for link in document["links"])
                told.images.update(image["state"] for image in document["images"])
                if document["id"] in named:
                    told.titles[document["id"]] = document["title"]
                yield document

    told.missing_text = listing(filter(None, map(missing_text, counted())))
    return told


def _addresses(redirects: Iterable[Line]) -> dict[str, Counter[str]]:
    """How many addresses there are of each kind, by what makes them lead where they do."""
    told: dict[str, Counter[str]] = {why: Counter() for why in WHY}
    for redirect in redirects:
        told[redirect["why"]][redirect["kind"]] += 1
    return {why: kinds for why, kinds in told.items() if kinds}


def _missing_files(folder: Path) -> Listing:
    """The files that are missing, those that most documents point at first."""
    count = 0

    def missing() -> Iterator[Line]:
        nonlocal count
        for asset in _records(folder, "assets"):
            if asset["state"] == "missing":
                count += 1
                yield asset

    return Listing(nlargest(MOST_LISTED, missing(), key=lambda asset: len(asset["documents"])), count)


def _samples(changes: Iterable[Line]) -> dict[str, list[Line]]:
    """The first changes by each rule, each of another document."""
    samples: dict[str, list[Line]] = {}
    for change in changes:
        of_rule = samples.setdefault(change["rule"], [])
        if len(of_rule) < MOST_SAMPLES and all(change["document"] != one["document"] for one in of_rule):
            of_rule.append(change)
    return samples


def _difference(file: Path) -> dict[str, Listing] | None:
    """Documents that a run would have added, removed or changed; None for a generation."""
    if not file.is_file():
        return None
    told = {what: Listing([], 0) for what in ("added", "removed", "changed")}
    with file.open("rb") as lines:
        for line in map(orjson.loads, lines):
            of_kind = told[line["what"]]
            of_kind.total += 1
            if of_kind.total <= MOST_LISTED:
                of_kind.shown.append(line)
    return told


def _template() -> Template:
    """The page, in which all text is escaped, and shown on one line without control characters."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["total"] = Counter.total
    environment.filters["meaning"] = lambda code: CATALOGUE[code][1] if code in CATALOGUE else code
    environment.filters["told"] = lambda text: cut(one_line(text), LONGEST_TEXT)
    environment.filters["sample"] = lambda text: cut(one_line(text), LONGEST_SAMPLE)
    environment.filters["number"] = "{:,}".format
    return environment.from_string(Path(__file__).with_name("page.html").read_text("utf-8"))
