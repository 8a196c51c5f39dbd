"""A wiki through time: pages and settings change, generations are made, released, rolled back and lost.

The model knows the contract alone: who has a slug, what answers an address, what was answered before. After each run
all that the commands say is held against it, against the files, and against what the other commands say.
"""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.make import Outcome, files, folder, lines, name, tarred, wiki_etl, zipped
from tests.make import page as written

TITLES = ["Wells", "wells", "Deep wells", "Wells, deep?", "Ponds & beds", "Café", "C++"]
SLUGS = ["wells", "deep-wells", "ponds", "caf", None, "No Slug"]
MADE = dict(zip(TITLES, "wells wells deep-wells wells-deep ponds-and-beds cafe c".split(), strict=True))
"""Slugs that are made of the titles."""
TEMPLATES = ["/pages/{slug}/", "/{slug}/", "/p/{slug}.html", "/posts/{slug}"]
EVIDENCE = ("findings.jsonl", "rejects.jsonl", "manifest.json")
MAP_FILES = ("documents", "withheld", "redirects")
FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "member.empty": lambda _: b" \n",
    "member.nul": lambda data: data + b"\0",
    "json.cut-off": lambda data: data[:20],
    "kind.unknown": lambda _: b"<html>",
}


class Address(NamedTuple):
    kind: str
    value: str

    @property
    def path(self) -> str:
        return self.value if self.kind == "path" else f"/{self.value}"


ADDRESSES = [
    *(Address("name", title) for title in [*TITLES, "Old wells"]),
    *(Address("id", str(number)) for number in range(1, 6)),
    *(Address("path", path) for path in ("/posts/wells", "/posts/old", "/pages/wells")),
]


@dataclass
class Page:
    number: int
    title: str
    slug: str | None
    aliases: list[Address] = field(default_factory=list)
    body: str = "Water."
    fault: str | None = None

    @property
    def id(self) -> str:
        return f"tiki-{self.number}"

    @property
    def data(self) -> bytes:
        fields: dict[str, Any] = {"slug": self.slug} if self.slug else {}
        aliases = [quote(alias.path) for alias in self.aliases]
        data = written(self.title, body=self.body, tiki_page_id=self.number, aliases=aliases, **fields)
        return FAULTS[self.fault](data) if self.fault else data

    @property
    def claims(self) -> Iterator[tuple[int, Address, str]]:
        """Rank, address and why (contract, section 7)."""
        yield 0, Address("id", str(self.number)), "page-id"
        yield 0, Address("path", f"/{self.number}.html"), "page-id"
        own = Address("name", self.title)
        yield 0 if own in self.aliases else 1, own, "title"
        if self.slug:
            yield 2, Address("path", f"/posts/{self.slug}"), "slug"
            yield 2, Address("path", f"/posts/{self.slug}.html"), "slug"
        yield from ((3, alias, "alias") for alias in self.aliases)


@dataclass
class Before:
    """What the released generation says of slugs and addresses."""

    slugs: dict[str, str] = field(default_factory=dict)
    answers: dict[Address, str | None] = field(default_factory=dict)
    """The document that each address led to, its path among them; None: gone."""

    @classmethod
    def of(cls, generation: Path) -> Before:
        documents, withheld, redirects = (lines(generation / f"{n}.jsonl") for n in MAP_FILES)
        answers = {Address(line["kind"], line["value"]): line["document"] for line in redirects}
        answers |= {Address("path", line["path"].rstrip("/")): line["id"] for line in documents}
        return cls({line["id"]: line["slug"] for line in documents + withheld}, answers)


@dataclass
class Wiki:
    """The pages, the settings, and what the contract makes of them."""

    pages: dict[int, Page] = field(default_factory=dict)
    deleted: list[Page] = field(default_factory=list)
    template: str = TEMPLATES[0]
    gone: list[Address] = field(default_factory=list)
    reserved: list[str] = field(default_factory=list)

    @property
    def config(self) -> str:
        gone = [address.value for address in self.gone]
        values = {"path_template": self.template, "gone": gone, "reserved": self.reserved, "servers": []}
        values |= {"max_rejects": "100%", "max_shrink": "50%"}
        return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())

    @property
    def members(self) -> dict[str, bytes]:
        return {name(number): page.data for number, page in self.pages.items()}

    def slugs(self, pages: list[Page], before: Before) -> dict[str, str]:
        """Whose it was, then who kept it from the old site, then the lower page id; others get their id."""
        wishes = {page.id: before.slugs.get(page.id) or kept(page) or MADE[page.title] for page in pages}
        order = sorted(pages, key=lambda page: (page.id not in before.slugs, not kept(page), page.number))
        owners: dict[str, str | None] = {slug: None for slug in SLUGS if slug and self.path(slug) in self.reserved}
        for page in order:
            owners.setdefault(wishes[page.id], page.id)
        for page in order:
            slug = wishes[page.id]
            if owners[slug] != page.id:
                while slug in owners:
                    slug += f"-{page.number}"
                owners[slug] = page.id
        return {id_: slug for slug, id_ in owners.items() if id_}

    def path(self, slug: str) -> str:
        return self.template.replace("{slug}", slug)

    def expected(self, before: Before, leads: dict[str, str]) -> Expected:
        """``leads``: the document that each redirect page leads to; tests of its own say which."""
        sound = [page for page in self.pages.values() if not page.fault]
        documents = {page.id for page in sound if page.body and "{redirect" not in page.body}
        withheld = {page.id for page in sound} - documents - leads.keys()
        slugs = self.slugs([page for page in sound if page.id in documents | withheld], before)
        paths = {id_: self.path(slugs[id_]) for id_ in documents}
        living = {path.rstrip("/"): id_ for id_, path in paths.items()}
        living |= {path.rstrip("/"): "reserved" for path in self.reserved if path.rstrip("/") not in living}
        claims: dict[Address, list[Claim]] = defaultdict(list)
        for address in self.gone:
            claims[address].append(Claim((0,), None, "gone", None))
        for page in sound:
            for rank, address, why in page.claims:
                if page.id in documents:
                    claims[address].append(Claim((1, rank, page.number), page.id, why, page.id))
                elif page.id in leads:
                    claims[address].append(Claim((2, page.number, rank), leads[page.id], "redirect-page", page.id))
        for address, document in before.answers.items():
            goal = document if document in documents else leads.get(document or "")
            known = {claim.goal for claim in claims[address]} | {living.get(address.path.rstrip("/"))}
            if goal and goal not in known:
                claims[address].append(Claim((3,), goal, "moved", document))
        found = Expected(documents, withheld, slugs, paths)
        for address, all_ in claims.items():
            if all_ and address.path.rstrip("/") not in living:
                owner, *others = sorted(all_)
                found.answers[address] = owner
                found.losers |= {(address, claim.page) for claim in others if claim.page and claim.goal != owner.goal}
        found.lost = {
            (address, document)
            for address, document in before.answers.items()
            if address not in found.answers and address.path.rstrip("/") not in living
        }
        return found


class Claim(NamedTuple):
    place: tuple[int, ...]
    goal: str | None
    why: str
    page: str | None


@dataclass
class Expected:
    documents: set[str]
    withheld: set[str]
    slugs: dict[str, str]
    paths: dict[str, str]
    answers: dict[Address, Claim] = field(default_factory=dict)
    losers: set[tuple[Address, str]] = field(default_factory=set)
    lost: set[tuple[Address, str | None]] = field(default_factory=set)


def kept(page: Page) -> str | None:
    """Its legacy slug, if that is well formed."""
    return page.slug if page.slug and " " not in page.slug else None


def told(finding: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(finding[key] for key in ("code", "member", "line", "column", "document", "message", "fingerprint"))


# --- the wiki changes ----------------------------------------------------------------------

Draw = Callable[[st.SearchStrategy[Any]], Any]
titles, slugs, addresses = st.sampled_from(TITLES), st.sampled_from(SLUGS), st.sampled_from(ADDRESSES)
bodies = st.sampled_from(["Water.", "Clear water.", ""])


def a_page(wiki: Wiki, draw: Draw) -> Page:
    return wiki.pages[draw(st.sampled_from(sorted(wiki.pages)))]


def create(wiki: Wiki, draw: Draw) -> None:
    number = len(wiki.pages) + len(wiki.deleted) + 1
    wiki.pages[number] = Page(number, draw(titles), draw(slugs))


def rename(wiki: Wiki, draw: Draw) -> None:
    page = a_page(wiki, draw)
    page.title, page.slug = draw(titles), draw(slugs | st.just(page.slug))


def swap_titles(wiki: Wiki, draw: Draw) -> None:
    one, other = a_page(wiki, draw), a_page(wiki, draw)
    one.title, other.title = other.title, one.title


def give_or_take_an_alias(wiki: Wiki, draw: Draw) -> None:
    aliases, address = a_page(wiki, draw).aliases, draw(addresses)
    aliases.remove(address) if address in aliases else aliases.append(address)


def write(wiki: Wiki, draw: Draw) -> None:
    a_page(wiki, draw).body = draw(bodies)


def merge(wiki: Wiki, draw: Draw) -> None:
    a_page(wiki, draw).body = f'{{redirect page="{a_page(wiki, draw).title}"}}'


def break_or_mend(wiki: Wiki, draw: Draw) -> None:
    page = a_page(wiki, draw)
    page.fault = None if page.fault else draw(st.sampled_from(sorted(FAULTS)))


def delete(wiki: Wiki, draw: Draw) -> None:
    if len(wiki.pages) > 1:
        page = a_page(wiki, draw)
        wiki.deleted.append(wiki.pages.pop(page.number))


def restore(wiki: Wiki, _draw: Draw) -> None:
    if wiki.deleted:
        page = wiki.deleted.pop()
        wiki.pages[page.number] = page


def settle(wiki: Wiki, draw: Draw) -> None:
    wiki.template = draw(st.sampled_from(TEMPLATES))
    wiki.gone = draw(st.lists(addresses, max_size=2, unique=True))
    wiki.reserved = draw(st.sampled_from([[], ["/pages/wells/"], ["/ponds/", "/search"]]))


Change = Callable[[Wiki, Draw], None]
CHANGES = st.lists(
    st.sampled_from(
        [create, rename, swap_titles, give_or_take_an_alias, write, merge, break_or_mend, delete, restore, settle]
    ),
    min_size=1,
    max_size=6,
)


# --- the histories -------------------------------------------------------------------------


class History(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.work = Path(tempfile.mkdtemp())
        self.out, self.config = self.work / "out", self.work / "settings.toml"
        self.wiki = Wiki()

    def teardown(self) -> None:
        shutil.rmtree(self.work)

    @initialize(data=st.data(), count=st.integers(2, 4))
    def begin(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            create(self.wiki, data.draw)

    @precondition(lambda self: (self.out / "current").exists())
    @rule()
    def roll_back(self) -> None:
        generations = files(self.out / "generations")
        assert wiki_etl("rollback", "--out", self.out).status in (0, 3)
        assert files(self.out / "generations") == generations

    @precondition(lambda self: (self.out / "current").exists())
    @rule(what=st.sampled_from(["out", "out/current", "out/released", "out/refused"]))
    def lose(self, what: str) -> None:
        path = self.work / what
        path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)

    @precondition(lambda self: (self.out / "current").exists())
    @rule(cut=st.booleans(), file=st.sampled_from(["documents.jsonl", "redirects.jsonl", "manifest.json"]))
    def damage(self, cut: bool, file: str) -> None:
        """What is damaged is no generation to go on from: the run says so, and changes nothing."""
        path = self.out / "current" / file
        data = path.read_bytes()
        path.write_bytes(data[:-5] if cut and data else b"\x01" + data)
        assert wiki_etl("validate", path.parent).status == 1
        before = files(self.out / "generations")
        source = folder(self.work / "damaged", self.wiki.members)
        self.config.write_text(self.wiki.config)
        again = self.run("migrate", source, "--previous", "current")
        assert again.status == 3
        assert "nothing was published" in again.err
        assert files(self.out / "generations") == before
        path.write_bytes(data)

    @rule(changes=CHANGES, data=st.data(), pack=st.sampled_from(["folder", "zip", "tar"]))
    def change_and_migrate(self, changes: list[Change], data: st.DataObject, pack: str) -> None:
        for change in changes:
            change(self.wiki, data.draw)
        self.migrate(pack)

    @rule(changes=CHANGES, data=st.data())
    def change_and_release(self, changes: list[Change], data: st.DataObject) -> None:
        self.change_and_migrate(changes, data, "folder")
        assert wiki_etl("release", "--out", self.out).status == (0 if (self.out / "current").exists() else 3)

    def migrate(self, pack: str) -> None:
        self.config.write_text(self.wiki.config)
        sources = self.sources()
        generations = files(self.out / "generations")
        before = Before.of(self.out / "released") if (self.out / "released").exists() else Before()
        current = self.out / "current" / "documents.jsonl"
        documents = len(lines(current)) if current.exists() else 0

        summary, findings, rejects = self.said_by_three_commands(sources[pack])
        leads = {
            finding["document"]: finding["action"].rpartition(" ")[2]
            for finding in findings
            if finding["code"] == "member.redirect"
        }
        expected = self.wiki.expected(before, leads)
        self.check_members(summary["ledger"], expected, leads, rejects)
        lost = documents - len(expected.documents)
        assert bool(summary["refused"]) == (not expected.documents or lost > documents / 2)
        if summary["refused"]:
            assert files(self.out / "generations") == generations
            return
        self.check_map(expected, findings)
        self.check_files()
        self.check_other_commands(expected, before, findings, rejects)
        generations = files(self.out / "generations")
        other = {"folder": "zip", "zip": "tar", "tar": "folder"}[pack]
        assert self.run("migrate", sources[other]).status == summary["status"]
        assert files(self.out / "generations") == generations

    def sources(self) -> dict[str, Path]:
        """The same bundle in three wrappings."""
        shutil.rmtree(self.work / "wiki", ignore_errors=True)
        return {
            "folder": folder(self.work / "wiki", self.wiki.members),
            "zip": zipped(self.work / "wiki.zip", self.wiki.members, "wiki/"),
            "tar": tarred(self.work / "export.tar.zst", self.wiki.members, "wiki/"),
        }

    def run(self, command: str, source: Path, *flags: str) -> Outcome:
        return wiki_etl(command, source, "--out", self.out, "--config", self.config, *flags)

    def said_by_three_commands(self, source: Path) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, str]]:
        """Summary, findings and rejects of a migration: those of a validation and a dry run before it are the same."""
        generations = files(self.out / "generations")
        validation = json.loads(self.run("validate", source, "--format", "json").out)
        dry = self.run("migrate", source, "--dry-run")
        assert files(self.out / "generations") == generations
        evidence = files(self.out / "refused")
        summary: dict[str, Any] = json.loads(self.run("migrate", source, "--format", "json").out)
        made = self.out / ("refused" if summary["refused"] else "current")
        assert all((made / file).read_bytes() == evidence[file] for file in EVIDENCE)
        findings = lines(made / "findings.jsonl")
        errors = any(finding["severity"] == "error" for finding in findings)
        assert summary["status"] == dry.status == validation["status"] == (5 if summary["refused"] else int(errors))
        assert (validation["refused"], validation["totals"]) == (summary["refused"], summary["findings"])
        faults = [told(finding) for finding in findings if finding["severity"] != "info"]
        assert sorted(map(told, validation["faults"]), key=str) == sorted(faults, key=str)
        return summary, findings, {line["member"]: line["code"] for line in lines(made / "rejects.jsonl")}

    def check_members(
        self, ledger: dict[str, int], expected: Expected, leads: dict[str, str], rejects: dict[str, str]
    ) -> None:
        pages = self.wiki.pages
        assert rejects == {name(number): page.fault for number, page in pages.items() if page.fault}
        assert ledger == {
            "members": len(pages),
            "documents": len(expected.documents),
            "withheld": len(expected.withheld),
            "redirect_only": len(leads),
            "duplicates": 0,
            "rejects": len(rejects),
        }

    def check_map(self, expected: Expected, findings: list[dict[str, Any]]) -> None:
        documents, withheld, redirects = (lines(self.out / "current" / f"{n}.jsonl") for n in MAP_FILES)
        assert {line["id"]: line["path"] for line in documents} == expected.paths
        assert {line["id"]: line["slug"] for line in documents + withheld} == expected.slugs
        assert {
            Address(line["kind"], line["value"]): (line["target"], line["status"], line["why"], line["document"])
            for line in redirects
        } == {
            address: (expected.paths.get(claim.goal or ""), 301 if claim.goal else 410, claim.why, claim.goal)
            for address, claim in expected.answers.items()
        }
        lost = Counter[str]()
        for finding in findings:
            if finding["code"] == "address.lost":
                lost.update(ast.literal_eval(f"[{finding['message'].partition('but before: ')[2]}]"))
        assert lost == Counter(address.value for address, _ in expected.lost)
        conflicts = [finding["message"] for finding in findings if finding["code"] == "address.conflict"]
        for address, loser in expected.losers:
            owner = expected.answers[address].goal or "the setting gone"
            start = f"{address.kind} {address.value!r} "
            assert any(said.startswith(start) and loser in said and said.endswith(owner) for said in conflicts)

    def check_files(self) -> None:
        current = self.out / "current"
        assert wiki_etl("validate", current, "--config", self.config).status == 0
        listed = json.loads((current / "manifest.json").read_bytes())["files"]
        digests = {file: hashlib.sha256(data).hexdigest() for file, data in files(current).items()}
        assert {entry["name"]: entry["sha256"] for entry in listed} == {
            file: digest for file, digest in digests.items() if file != "manifest.json"
        }

    def check_other_commands(
        self, expected: Expected, before: Before, findings: list[dict[str, Any]], rejects: dict[str, str]
    ) -> None:
        current, config = self.out / "current", ("--config", self.config)
        asked = sorted(expected.answers)[::5]
        explained = wiki_etl(
            "explain", *(quote(address.path) for address in asked), "--generation", current, *config, "--format", "json"
        )
        for address, line in zip(asked, explained.out.splitlines(), strict=True):
            by_path = (Address("path", address.path), Address("name", address.path[1:]), address)
            claim = next(expected.answers[one] for one in by_path if one in expected.answers)
            assert json.loads(line)["answer"]["document"] == claim.goal
        for address, _ in sorted(expected.lost, key=str)[:2]:
            said = wiki_etl("explain", f"https://old.example{quote(address.path)}", "--generation", current, *config)
            assert said.status == 0 or "address.lost" in said.out
        replayed = json.loads(wiki_etl("replay", "--out", self.out, *config, "--format", "json").out)
        assert {each["member"]: each["code"] for each in replayed["results"]} == rejects
        if before.answers:
            differ = wiki_etl("redirects", "diff", self.out / "released", current, "--all", "--format", "json")
            lost = {each["value"].rstrip("/") for each in json.loads(differ.out)["differences"] if not each["now"]}
            lost -= {address.value for address in expected.answers} | {path.rstrip("/") for path in self.wiki.reserved}
            said_of = [finding["message"] for finding in findings if finding["code"].startswith("address.")]
            assert lost >= {address.value for address, _ in expected.lost}
            assert all(any(repr(value) in message for message in said_of) for value in lost)


TestHistory = History.TestCase
TestHistory.settings = settings(
    max_examples=20, stateful_step_count=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
