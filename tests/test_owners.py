"""Who owns an address: every pair of claims, and crowds of them, against an order that is written down here once more.

The order is that of the contract, section 7: reviewed decision, setting gone, own id or page name, own slug, stored
alias, harvested alias, redirect page, what the previous generation answered; then the lower page id. Of equal titles,
the page whose stored alias says the same is the one of that page name; the name with a comma that is only derived from
one without comes behind them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.extract.previous import read_previous
from etl.extract.reviewed import read_reviewed
from etl.facts import Facts
from etl.model import Redirect
from etl.passes import facts_state, gather_facts
from etl.pipeline import index
from etl.resolve import redirects, resolve
from etl.run import Run
from etl.settings import Settings
from etl.workers import workers
from tests.make import folder, name, page

ORDER = tuple("reviewed,reviewed gone,gone,stored own,own,derived,slug,alias,harvested,redirect page,moved".split(","))
VALUES = {"name": "Old pump of June 7, 2019", "id": "77", "path": "/posts/old-pump"}
KINDS = {
    "name": tuple(kind for kind in ORDER if kind != "slug"),
    "id": ("reviewed", "reviewed gone", "gone", "own", "alias", "redirect page", "moved"),
    "path": ("reviewed", "reviewed gone", "gone", "slug", "alias", "redirect page", "moved"),
}
ONCE = {"reviewed", "reviewed gone", "gone", "moved"}
"""A decision is there once; a map of before was a function, too."""

MAKERS = {"gone": "setting_gone"}


class Claim(NamedTuple):
    """One claim: for the document of a page, or for nobody (gone)."""

    kind: str
    number: int

    @property
    def document(self) -> str | None:
        return None if self.kind.endswith("gone") else f"tiki-{self.number}"

    @property
    def claimant(self) -> str:
        """Whom a finding names: the page itself, or the setting."""
        if self.kind == "gone":
            return "the setting gone"
        if self.kind == "reviewed gone":
            return "a reviewed decision"
        return f"tiki-{self.number + 500}" if self.kind == "redirect page" else f"tiki-{self.number}"

    @property
    def place(self) -> tuple[int, int]:
        return ORDER.index(self.kind), self.number


class Outcome(NamedTuple):
    redirects: dict[tuple[str, str], Redirect]
    conflicts: list[str]


@dataclass
class Export:
    """An export, decisions and a previous map in which claims to one address are made."""

    address: str
    members: dict[str, bytes] = field(default_factory=dict)
    decisions: str = ""
    gone: list[str] = field(default_factory=list)
    before: list[dict[str, Any]] = field(default_factory=list)

    @property
    def value(self) -> str:
        return VALUES[self.address]

    def page(self, number: int, title: str | None = None, body: str = "Water.", **fields: Any) -> None:
        own: dict[str, Any] = {"slug": f"page-{number}", "aliases": [f"/{number}"], "tiki_page_id": number}
        self.members[name(number)] = page(title or f"Page {number}", body=body, **(own | fields))

    def reviewed(self, number: int) -> None:
        self.decisions += f"[[redirects]]\nvalue = '{self.value}'\ntarget = 'tiki-{number}'\n"
        self.page(number)

    def reviewed_gone(self, _number: int) -> None:
        self.decisions += f"[[redirects]]\nvalue = '{self.value}'\ngone = true\n"

    def setting_gone(self, _number: int) -> None:
        self.gone.append(self.value)

    def own(self, number: int) -> None:
        if self.address == "name":
            self.page(number, self.value)
        else:
            self.page(number, tiki_page_id=int(self.value), aliases=[f"/{self.value}"])

    def stored_own(self, number: int) -> None:
        self.page(number, self.value, aliases=[f"/{number}", f"/{self.value}"])

    def derived(self, number: int) -> None:
        name_without = self.value.replace(",", "")
        self.page(number, name_without, aliases=[f"/{number}", f"/{name_without}"])

    def slug(self, number: int) -> None:
        self.page(number, slug="old-pump")

    def alias(self, number: int) -> None:
        alias = self.value if self.address == "path" else "/" + self.value.replace(" ", "+")
        self.page(number, aliases=[f"/{number}", alias])

    def harvested(self, number: int) -> None:
        self.page(number, body=f"<!-- ~tc~ (alias({self.value})) ~/tc~ -->\n\nWater.")

    def redirect_page(self, number: int) -> None:
        self.page(number)
        fields: dict[str, Any] = {"slug": "old-pump"} if self.address == "path" else {}
        if self.address == "id":
            fields = {"tiki_page_id": int(self.value), "aliases": [f"/{self.value}"]}
        title = self.value if self.address == "name" else f"Way {number}"
        self.page(number + 500, title, f'{{redirect page="Page {number}"}}', **fields)

    def moved(self, number: int) -> None:
        line = {"kind": self.address, "value": self.value, "target": f"/pages/page-{number}/", "status": 301}
        self.before.append(line | {"why": "alias", "document": f"tiki-{number}"})
        self.page(number)

    def write(self, work: Path) -> tuple[Path, Settings]:
        """The folder of members, and the settings."""
        self.page(999)
        (work / "redirects.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in self.before))
        decisions = work / "redirects.toml"
        decisions.write_text(self.decisions)
        return folder(work / "wiki", self.members), Settings(gone=tuple(self.gone), redirects=str(decisions))


def outcome(address: str, claims: Sequence[Claim]) -> Outcome:
    """What is decided: a whole run up to the decisions."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        export = Export(address)
        for kind, number in claims:
            getattr(export, MAKERS.get(kind, kind.replace(" ", "_")))(number)
        source, chosen = export.write(work)
        run = Run([str(source)], chosen, work / "out", jobs=1)
        with Facts(work / "facts", create=True) as facts:
            facts.insert(
                "reviewed", ((entry.place, *entry.address, entry.target) for entry in read_reviewed(chosen).entries)
            )
            read_previous(str(work / "redirects.jsonl"), chosen, facts)
            index(run, facts, work)
            with workers(1, partial(facts_state, chosen), work) as crew:
                gather_facts(facts, crew, lambda _done: None)
            resolve(facts, chosen)
            return Outcome(
                {(line["kind"], line["value"]): Redirect(**line) for line in redirects(facts)},
                [row[0] for row in facts.rows("SELECT message FROM finding WHERE code = 'address.conflict'")],
            )


def document_of(claim: Claim, address: str) -> str | None:
    """The page whose own id is claimed is that page."""
    return "tiki-77" if claim.kind == "own" and address == "id" else claim.document


def claimant_of(claim: Claim, address: str) -> str:
    if address == "id" and claim.kind in ("own", "redirect page"):
        return "tiki-77"
    return claim.claimant


def check(address: str, claims: Sequence[Claim]) -> None:
    found = outcome(address, claims)
    owner, *losers = sorted(claims, key=lambda claim: claim.place)
    line = found.redirects[address, VALUES[address]]
    assert line.document == document_of(owner, address)
    assert line.status == (410 if owner.document is None else 301)
    assert line.why == why_of(owner, address)
    quoted = repr(VALUES[address])
    about = [message for message in found.conflicts if f"{address} {quoted}" in message]
    for loser in losers:
        if loser.document is None and owner.document is None:
            continue  # two who say the same
        said = [message for message in about if named(message) == claimant_of(loser, address)]
        assert len(said) == 1, (loser, about)
        assert belongs_to(said[0], document_of(owner, address) or claimant_of(owner, address))


def why_of(claim: Claim, address: str) -> str:
    own = "page-id" if address == "id" else "title"
    words = dict.fromkeys(("own", "stored own", "derived"), own)
    words |= {"redirect page": "redirect-page", "reviewed gone": "reviewed"}
    return words.get(claim.kind, claim.kind)


def named(message: str) -> str:
    """The loser that a finding names."""
    before = message.partition(", but belongs to ")[0]
    return before.partition(" went to ")[2].removesuffix(" before") or before.partition(" is claimed by ")[2]


def belongs_to(message: str, owner: str) -> bool:
    return message.partition(", but belongs to ")[2].removesuffix(" by a reviewed decision") == owner


def possible(address: str, kinds: Sequence[str]) -> bool:
    if any(kinds.count(kind) > 1 for kind in ONCE) or {"reviewed", "reviewed gone"} <= set(kinds):
        return False
    return address != "id" or sum(kind in ("own", "redirect page") for kind in kinds) < 2  # one id is one page


PAIRS = [
    (address, pair)
    for address, kinds in KINDS.items()
    for pair in combinations_with_replacement(kinds, 2)
    if possible(address, pair)
]


def test_every_kind_of_claim_meets_every_other() -> None:
    assert len(PAIRS) == 50 + 20 + 23
    assert {kind for _, pair in PAIRS for kind in pair} == set(ORDER)


@pytest.mark.parametrize("numbers", [(11, 12), (12, 11)], ids=["lower first", "lower last"])
@pytest.mark.parametrize(
    ("address", "pair"), PAIRS, ids=lambda value: value if isinstance(value, str) else "+".join(value)
)
def test_of_two_claims_the_contract_says_which_owns(
    address: str, pair: tuple[str, str], numbers: tuple[int, int]
) -> None:
    check(address, [Claim(kind, number) for kind, number in zip(pair, numbers, strict=True)])


@st.composite
def crowds(draw: st.DrawFn) -> tuple[str, list[Claim]]:
    address = draw(st.sampled_from(sorted(KINDS)))
    kinds = draw(
        st.lists(st.sampled_from(KINDS[address]), min_size=3, max_size=6).filter(lambda drawn: possible(address, drawn))
    )
    numbers = draw(st.permutations(range(11, 11 + len(kinds))))
    return address, [Claim(kind, number) for kind, number in zip(kinds, numbers, strict=True)]


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(crowds())
def test_of_a_crowd_the_contract_says_which_owns(crowd: tuple[str, list[Claim]]) -> None:
    check(*crowd)
