"""Addresses are for ever: slugs that stay, paths that redirect, and a word about all that is not answered any more."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from etl.addresses import Address, lookups
from etl.extract import previous
from etl.extract.trouble import SourceError
from etl.pipeline import migrate
from etl.run import Run
from etl.settings import Settings
from tests.make import SAMPLE, Outcome, Phases, files, folder, lines, name, page, pages
from tests.test_promises import BUNDLES, MAP_ALONE

Command = Callable[..., Outcome]


class Wiki:
    """A wiki that changes between runs of the tool."""

    def __init__(self, run: Command, path: Path) -> None:
        self.run, self.path, self.out = run, path, path / "out"
        self.settings = ""

    def migrate(self, members: Mapping[str, bytes], *flags: object) -> Outcome:
        config = self.path / "settings.toml"
        config.write_text(self.settings)
        for old in (self.path / "wiki").glob("*"):
            old.unlink()
        source = folder(self.path / "wiki", members)
        return self.run("migrate", source, "--out", self.out, "--config", config, *flags)

    def first(self, members: Mapping[str, bytes], *flags: object) -> None:
        """A generation that is released."""
        assert self.migrate(members, *flags).status == 0
        assert self.run("release", "--out", self.out).status == 0

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        return {line["id"]: line for line in lines(self.out / "current" / "documents.jsonl")}

    @property
    def paths(self) -> dict[str, str]:
        return {id_: document["path"] for id_, document in self.documents.items()}

    @property
    def redirects(self) -> dict[str, dict[str, Any]]:
        return {line["value"]: line for line in lines(self.out / "current" / "redirects.jsonl")}

    def answer(self, request: str) -> str | None:
        """Where the map sends a request, as every server is to answer; None for nowhere."""
        redirects = {(line["kind"], line["value"]): line for line in lines(self.out / "current" / "redirects.jsonl")}
        found = (redirects.get((address.kind, address.value)) for address in lookups(request))
        return next((line["target"] for line in found if line), None)

    def findings(self, *codes: str) -> list[str]:
        found = lines(self.out / "current" / "findings.jsonl")
        return [f"{line['code']}: {line['message']}" for line in found if line["code"] in codes]

    @property
    def told(self) -> list[str]:
        return self.findings("slug.kept", "slug.taken", "address.lost", "address.conflict")


@pytest.fixture
def wiki(tmp_path: Path, run: Command) -> Wiki:
    return Wiki(run, tmp_path)


def two(**fields: Any) -> dict[str, bytes]:
    """A page that changes beside one that does not."""
    return {name(1): page("Clear water", page_id=1, **fields), name(2): page("Deep wells", page_id=2)}


# --- slugs ---------------------------------------------------------------------------------


def test_a_page_keeps_its_slug_when_its_title_changes(wiki: Wiki) -> None:
    before = {name(1): page("Clear water", tiki_page_id=1, aliases=["/1"])}
    wiki.first(before)
    wiki.migrate({name(1): page("Muddy water", tiki_page_id=1, aliases=["/1"])})
    assert wiki.paths == {"tiki-1": "/pages/clear-water/"}
    assert wiki.told == ["slug.kept: its own slug is 'muddy-water'"]
    assert wiki.answer("/Clear+water") == wiki.answer("/Muddy+water") == "/pages/clear-water/"
    assert wiki.redirects["Clear water"]["why"] == "moved"


def test_a_slug_of_the_old_site_that_is_new_does_not_take_the_place_of_a_made_one(wiki: Wiki) -> None:
    wiki.first({name(1): page("Clear water", tiki_page_id=1, aliases=["/1"])})
    wiki.migrate({name(1): page("Clear water", tiki_page_id=1, aliases=["/1"], slug="another-slug")})
    assert wiki.paths == {"tiki-1": "/pages/clear-water/"}
    assert wiki.answer("/posts/another-slug") == "/pages/clear-water/"


def test_nobody_takes_a_slug_from_the_page_that_has_it_not_even_an_older_one(wiki: Wiki) -> None:
    later = {name(9): page("Wells", page_id=9, slug="wells")}
    wiki.first(later)
    wiki.migrate(later | {name(3): page("Wells", page_id=3, slug="wells")})
    assert wiki.paths == {"tiki-9": "/pages/wells/", "tiki-3": "/pages/wells-3/"}
    assert wiki.findings("slug.taken", "slug.kept") == ["slug.taken: slug 'wells' belongs to tiki-9"]


def test_a_slug_with_an_id_behind_it_stays_when_its_reason_goes(wiki: Wiki) -> None:
    both = {name(number): page("Wells", page_id=number, slug="wells") for number in (3, 9)}
    wiki.first(both)
    outcome = wiki.migrate({name(9): both[name(9)]}, "--max-shrink", "100%")
    assert outcome.status == 1
    assert wiki.paths == {"tiki-9": "/pages/wells-9/"}
    assert wiki.findings("slug.kept") == ["slug.kept: its own slug is 'wells'"]


def test_a_slug_that_nobody_has_any_more_is_not_told_as_reserved(wiki: Wiki) -> None:
    claims = {number: {name(number): page("Wells", page_id=number, slug="wells")} for number in (2, 3, 9)}
    wiki.first(claims[2] | {name(3): page("Ponds", page_id=3, slug="ponds")} | claims[9])
    wiki.migrate(claims[3] | claims[9], "--max-shrink", "100%")
    assert wiki.paths == {"tiki-3": "/pages/ponds/", "tiki-9": "/pages/wells-9/"}
    assert wiki.findings("slug.taken", "slug.kept") == ["slug.kept: its own slug is 'wells'"] * 2


def test_a_withheld_page_has_its_slug_when_it_is_published(wiki: Wiki) -> None:
    stub = {name(1): page("Clear water", body="", tiki_page_id=1, aliases=["/1"])}
    wiki.first(stub | {name(2): page("Deep wells", page_id=2)})
    wiki.migrate(
        {name(1): page("Muddy water", tiki_page_id=1, aliases=["/1"]), **two()}
        | {name(1): page("Muddy water", tiki_page_id=1, aliases=["/1"])}
    )
    assert wiki.paths["tiki-1"] == "/pages/clear-water/"
    assert wiki.answer("/pages/clear-water") is None, "it was never an address"


# --- paths ---------------------------------------------------------------------------------


def test_a_new_template_moves_every_page_and_every_old_path_redirects(wiki: Wiki) -> None:
    wiki.first(pages(5))
    before = wiki.paths
    wiki.settings = 'path_template = "/wells/{slug}.html"\n'
    assert wiki.migrate(pages(5)).status == 0
    for id_, path in before.items():
        for request in (path, path.rstrip("/"), f"{path}?utm_source=x"):
            assert wiki.answer(request) == wiki.paths[id_] == f"/wells/{wiki.documents[id_]['slug']}.html"
        assert wiki.redirects[path.rstrip("/")]["why"] == "moved"
        assert path.rstrip("/") in wiki.documents[id_]["aliases"]
    assert wiki.told == []
    assert wiki.run("validate", wiki.out / "current").status == 0


def test_paths_of_all_generations_are_answered_in_one_hop(wiki: Wiki) -> None:
    templates = ["/a/{slug}/", "/b/{slug}/", "/c/{slug}/"]
    for template in templates:
        wiki.settings = f'path_template = "{template}"\n'
        wiki.first(pages(2))
    assert [wiki.answer(f"/{letter}/page-1-slug/") for letter in "abc"] == ["/c/page-1-slug/"] * 2 + [None]
    wiki.settings = f'path_template = "{templates[0]}"\n'
    wiki.first(pages(2))
    assert [wiki.answer(f"/{letter}/page-1-slug/") for letter in "abc"] == [None] + ["/a/page-1-slug/"] * 2


def test_a_reserved_path_is_given_up_and_says_who_had_it(wiki: Wiki) -> None:
    wiki.first(two(slug="search"))
    wiki.settings = 'reserved = ["/pages/search"]\n'
    assert wiki.migrate(two(slug="search")).status == 0
    assert wiki.paths["tiki-1"] == "/pages/search-1/"
    assert wiki.answer("/posts/search") == "/pages/search-1/"
    assert wiki.told == [
        "slug.taken: the path of slug 'search' is reserved",
        "address.conflict: path '/pages/search' of tiki-1 is a path of the new site (reserved)",
    ]


def test_an_old_path_that_is_another_page_now_is_told(wiki: Wiki) -> None:
    members = {
        name(1): page("Clear water", page_id=1, slug="old-wells"),
        name(2): page("Wells", page_id=2, slug="wells"),
    }
    wiki.settings = 'path_template = "/{slug}/"\n'
    wiki.first(members)
    wiki.settings = 'path_template = "/old-{slug}/"\n'
    assert wiki.migrate(members).status == 0
    assert wiki.paths == {"tiki-1": "/old-old-wells/", "tiki-2": "/old-wells/"}
    assert wiki.answer("/wells/") == "/old-wells/"
    assert wiki.told == ["address.conflict: path '/old-wells' of tiki-1 is a path of the new site (tiki-2)"]


# --- addresses -----------------------------------------------------------------------------


def test_an_address_that_the_export_forgets_is_still_answered(wiki: Wiki) -> None:
    wiki.first(two(aliases=["/1", "/Old+name", "/posts/old-name"]))
    assert wiki.migrate(two()).status == 0
    assert wiki.answer("/Old%20name") == wiki.answer("/posts/old-name/") == "/pages/page-1-slug/"
    assert {wiki.redirects[value]["why"] for value in ("Old name", "/posts/old-name")} == {"moved"}
    assert "/Old name" in wiki.documents["tiki-1"]["aliases"]
    assert wiki.told == []


def test_an_address_that_another_page_claims_now_goes_there_and_both_are_named(wiki: Wiki) -> None:
    wiki.first(two(aliases=["/1", "/Old+name"]))
    wiki.migrate(two() | {name(3): page("Old name", page_id=3)})
    assert wiki.answer("/Old+name") == "/pages/page-3-slug/"
    assert wiki.told == ["address.conflict: name 'Old name' went to tiki-1 before, but belongs to tiki-3"]


def test_a_page_that_only_redirects_now_leads_its_addresses_and_its_path_on(wiki: Wiki) -> None:
    wiki.first(two(aliases=["/1", "/Old+name"]))
    wiki.migrate(
        {**two(), name(1): page("Clear water", page_id=1, body='{redirect page="Deep wells"}')}, "--max-shrink", "9"
    )
    assert wiki.paths == {"tiki-2": "/pages/page-2-slug/"}
    for request in ("/1", "/Clear+water", "/Old+name", "/pages/page-1-slug/", "/posts/page-1-slug"):
        assert wiki.answer(request) == "/pages/page-2-slug/", request
    assert wiki.told == []


@pytest.mark.parametrize("how", ["deleted", "draft", "stub"])
def test_a_page_that_is_not_published_any_more_is_an_error_until_somebody_decides(how: str, wiki: Wiki) -> None:
    wiki.settings = 'draft_categories = ["Admin"]\n'
    wiki.first(two())
    after = {
        "deleted": {name(2): two()[name(2)]},
        "draft": two(categories=["Admin"]),
        "stub": two(body=""),
    }[how]
    outcome = wiki.migrate(after, "--max-shrink", "100%")
    assert outcome.status == 1
    why = "is not among the documents of this export" if how == "deleted" else f"is a {how} now"
    gone = ["1", "Clear water", "/1.html", "/pages/page-1-slug", "/posts/page-1-slug", "/posts/page-1-slug.html"]
    said = f"address.lost: tiki-1 {why}; not answered, but before: {str(gone)[1:-1]}"
    assert wiki.findings("address.lost") == [said]
    wiki.settings += f"gone = {json.dumps(gone)}\n"
    assert wiki.migrate(after, "--max-shrink", "100%").status == 0
    assert wiki.redirects["/pages/page-1-slug"]["status"] == 410


def test_what_was_gone_is_no_claim_later_and_who_says_so_no_more_is_told(wiki: Wiki) -> None:
    (wiki.path / "decisions.csv").write_text("value,target,reason\n/posts/mud,gone,old\n")
    wiki.settings = 'gone = ["Clear water", "SandBox"]\nredirects = "decisions.csv"\n'
    wiki.first(two())
    wiki.settings = ""
    assert wiki.migrate(two()).status == 1
    assert wiki.answer("/SandBox") is None
    said = "not answered, but before: 'SandBox', '/posts/mud'"
    assert wiki.told == [f"address.lost: nobody says gone any more; {said}"]
    assert wiki.answer("/Clear+water") == wiki.paths["tiki-1"]
    assert wiki.run("redirects", "diff", wiki.out / "released", wiki.out / "current", "--fail-on-lost").status == 1
    assert wiki.run("release", "--out", wiki.out).status == 0
    assert wiki.migrate(two()).status == 0


def test_an_address_that_no_map_may_hold_any_more_is_told(wiki: Wiki, tmp_path: Path) -> None:
    entry = {"kind": "path", "value": "//mud", "target": "/pages/page-1-slug/", "status": 301, "document": "tiki-1"}
    (tmp_path / "redirects.jsonl").write_text(f"{json.dumps(entry)}\n")
    assert wiki.migrate(two(), "--previous", tmp_path / "redirects.jsonl").status == 1
    [said] = wiki.findings("address.lost")
    assert said.startswith("address.lost: tiki-1 cannot have them any more (")
    assert said.endswith("; not answered, but before: '//mud'")


# --- what is an input ----------------------------------------------------------------------


def manifest(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "current" / "manifest.json").read_bytes())
    return found


def test_to_release_what_is_current_changes_nothing(wiki: Wiki) -> None:
    sample = {path.name: path.read_bytes() for path in SAMPLE.iterdir() if path.name != "wiki-etl.toml"}
    wiki.settings = (SAMPLE / "wiki-etl.toml").read_text()
    wiki.first(sample)
    for flags in ([], ["--previous", "released"], ["--previous", "current"], ["--previous", wiki.out]):
        assert "nothing new" in wiki.migrate(sample, *flags).err
    assert [entry["bundle"] for entry in manifest(wiki.out)["inputs"]] == ["wiki"]


def test_what_was_taken_is_an_input_with_its_digest(wiki: Wiki) -> None:
    wiki.first(two(aliases=["/1", "/Old+name", "/An+older+name"]))
    wiki.migrate(two())
    taken = b"moved name An older name tiki-1\nmoved name Old name tiki-1\n"
    assert manifest(wiki.out)["inputs"][1] == {
        "bundle": "previous generation",
        "members": 0,
        "bytes": len(taken),
        "sha256": hashlib.sha256(taken).hexdigest(),
    }
    assert "nothing new" in wiki.migrate(two()).err
    assert wiki.run("release", "--out", wiki.out).status == 0
    assert "nothing new" in wiki.migrate(two()).err
    assert wiki.run("validate", wiki.out / "current").status == 0


def test_to_release_what_only_redirects_now_changes_nothing(wiki: Wiki) -> None:
    wiki.first(two())
    wiki.settings = 'max_shrink = "100%"\n'
    after = two() | {name(1): page("Clear water", page_id=1, body='{redirect page="Deep wells"}')}
    wiki.first(after)
    assert "nothing new" in wiki.migrate(after).err


def test_without_a_release_and_with_none_nothing_is_taken(wiki: Wiki) -> None:
    before, after = two(aliases=["/1", "/Old+name"]), two()
    wiki.migrate(before)
    wiki.migrate(after)
    assert wiki.answer("/Old+name") is None
    wiki.first(before)
    wiki.migrate(after, "--previous", "none")
    assert wiki.answer("/Old+name") is None
    wiki.migrate(after, "--previous", "released")
    assert wiki.answer("/Old+name") == "/pages/page-1-slug/"


# --- where it may lie ----------------------------------------------------------------------


@contextmanager
def served(path: Path) -> Iterator[str]:
    """The files below a folder at an address of loopback."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_args: Any) -> None:
            pass

    handler = functools.partial(Handler, directory=str(path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def elsewhere(tmp_path: Path, run: Command) -> Path:
    """The out folder of another machine: a page with an alias that the export has forgotten since, and a stub."""
    other = Wiki(run, tmp_path / "elsewhere")
    other.path.mkdir()
    stub = {name(3): page("Ponds", body="", tiki_page_id=3, aliases=["/3"])}
    other.migrate(two(aliases=["/1", "/Old+name"]) | stub)
    return other.out


def test_a_folder_and_its_address_give_the_same_bytes(wiki: Wiki, elsewhere: Path) -> None:
    found: list[dict[str, bytes]] = []
    with served(elsewhere) as address:
        for previous in (elsewhere, elsewhere / "current", f"{address}/current", f"{address}/generations/1/"):
            wiki.out = wiki.path / f"out-{len(found)}"
            assert wiki.migrate(two(), "--previous", previous).status == 0
            found.append(files(wiki.out / "current"))
    assert wiki.answer("/Old+name") == "/pages/page-1-slug/"
    assert all(other == found[0] for other in found)


def test_of_a_generation_every_address_is_told_once(wiki: Wiki, monkeypatch: pytest.MonkeyPatch) -> None:
    wiki.first(two())
    told = Counter[Address]()
    monkeypatch.setattr(previous, "_add_address", lambda _facts, address, _document: told.update([address]))
    wiki.migrate(two())
    assert len(told) > len(wiki.documents)
    assert set(told.values()) == {1}  # the path of a page is not told again by each of its redirects


@pytest.mark.parametrize("file", ["documents.jsonl", "redirects.jsonl"])
def test_one_file_gives_what_it_knows(file: str, wiki: Wiki, elsewhere: Path) -> None:
    changed = two(slug="new-slug")
    with served(elsewhere / "current") as address:
        for previous in (elsewhere / "current" / file, f"{address}/{file}"):
            assert wiki.migrate(changed, "--previous", previous).status == 0
            assert wiki.paths["tiki-1"] == "/pages/page-1-slug/"
            assert (wiki.answer("/Old+name") is not None) == (file == "redirects.jsonl")
    wiki.settings = 'path_template = "/wells/{slug}/"\n'
    wiki.migrate(changed, "--previous", elsewhere / "current" / file)
    slug = "page-1-slug" if file == "documents.jsonl" else "new-slug"
    assert wiki.answer("/pages/page-1-slug/") == f"/wells/{slug}/"


@pytest.mark.parametrize("previous", ["released", "current", "missing", "wiki", "settings.toml"])
def test_a_generation_that_is_not_there_is_a_mistake(
    previous: str, wiki: Wiki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(wiki.path)
    outcome = wiki.migrate(two(), "--previous", previous)
    assert outcome.status == 2
    assert f"--previous {previous}" in outcome.err.replace("'", "")
    assert not (wiki.out / "current").exists()


DAMAGES: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "another byte": ("documents.jsonl", lambda data: data.replace(b"Water", b"Waste"), "not what its manifest says"),
    "cut off": ("redirects.jsonl", lambda data: data[:-9], "no line end: the file is cut off"),
    "a line less": ("redirects.jsonl", lambda data: data[: data[:-1].rindex(b"\n") + 1], "not what its manifest"),
    "no JSON": ("documents.jsonl", lambda data: data + b"{]\n", "documents.jsonl:3: not a line of a documents.jsonl"),
    "no object": ("withheld.jsonl", lambda data: b"7\n" + data, "withheld.jsonl:1: not a line of a withheld.jsonl"),
    "another slug": ("documents.jsonl", lambda data: data.replace(b'"page-2-slug"', b'"a b"'), ":2: not a slug: 'a b'"),
    "another path": ("documents.jsonl", lambda data: data.replace(b'"/pages/page-2', b'"//x\\u0001'), ":2: not a path"),
    "another id": (
        "documents.jsonl",
        lambda data: data.replace(b'"tiki-2"', b'"../2"'),
        ":2: not the id of a document",
    ),
    "another kind": ("redirects.jsonl", lambda data: data.replace(b'"name"', b'"file"', 1), "not an address: 'file'"),
    "a value that is no text": (
        "redirects.jsonl",
        lambda data: data.replace(b'"value":"Old name"', b'"value":["Old name"]'),
        "not an address: 'name' ['Old name']",
    ),
    "a manifest of another program": (
        "manifest.json",
        lambda _: b'{"name": "wiki"}',
        "not the manifest of a generation",
    ),
    "a manifest of no JSON": ("manifest.json", lambda data: data[:-9], "not the manifest of a generation"),
    "no manifest": ("manifest.json", lambda _: b"[]", "not the manifest of a generation"),
    "a poor manifest": ("manifest.json", lambda _: b'{"files": []}', "names no documents.jsonl"),
    "a manifest without one file": (
        "manifest.json",
        lambda data: data.replace(b"withheld.jsonl", b"others.jsonl"),
        "names no withheld.jsonl",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_half_a_generation_is_trouble_and_never_fewer_addresses(damage: str, wiki: Wiki, elsewhere: Path) -> None:
    file, change, said = DAMAGES[damage]
    path = elsewhere / "current" / file
    path.write_bytes(change(path.read_bytes()))
    with served(elsewhere) as address:
        for previous in (elsewhere, f"{address}/current"):
            outcome = wiki.migrate(two(), "--previous", previous)
            assert outcome.status == 3
            assert said in outcome.err
            assert "; the run follows that generation: mend it, or follow another one" in outcome.err
            assert str(wiki.path) not in outcome.err
    assert not (wiki.out / "current").exists()


@pytest.mark.parametrize("missing", ["manifest.json", "documents.jsonl", "withheld.jsonl"])
def test_a_file_that_the_server_does_not_have_is_trouble(missing: str, wiki: Wiki, elsewhere: Path) -> None:
    (elsewhere / "current" / missing).unlink()
    with served(elsewhere) as address:
        outcome = wiki.migrate(two(), "--previous", f"{address}/current/")
    assert outcome.status == 3
    assert f"current/{missing}: the server answered 404" in outcome.err


def test_limits_of_bundles_hold_for_a_previous_generation(wiki: Wiki, elsewhere: Path) -> None:
    wiki.settings = "max_member_bytes = 400\n"
    long = elsewhere / "current" / "documents.jsonl"
    long.write_bytes(b'{"id": "' + b"x" * 4000 + b'"}\n')
    assert "a line of more than 3200 bytes" in wiki.migrate(two(), "--previous", long).err
    wiki.settings = "max_total_bytes = 4000\n"
    assert "(max_total_bytes)" in wiki.migrate(two(), "--previous", long).err


def test_a_previous_generation_that_cannot_be_read_is_trouble(wiki: Wiki, elsewhere: Path) -> None:
    for missing in ("documents.jsonl", "manifest.json"):
        (elsewhere / "current" / missing).unlink()
        outcome = wiki.migrate(two(), "--previous", elsewhere)
        assert outcome.status == 3
        assert f"{missing} of the previous generation: cannot be read: No such file" in outcome.err
    outcome = wiki.migrate(two(), "--previous", "http://[bad/out")
    assert outcome.status == 2
    assert "--previous: not an address" in outcome.err


def test_a_manifest_beyond_all_bounds_is_none(wiki: Wiki, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previous, "_MANIFEST_BYTES", 99)
    outcome = wiki.migrate(two(), "--previous", elsewhere)
    assert outcome.status == 3
    assert "manifest.json: more than 99 bytes: no manifest" in outcome.err


def test_lines_that_come_in_pieces_are_the_same_lines(
    wiki: Wiki, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previous, "MIB", 7)
    assert wiki.migrate(two(), "--previous", elsewhere).status == 0
    assert wiki.answer("/Old+name") == "/pages/page-1-slug/"


def test_a_release_that_is_lost_stops_the_run(wiki: Wiki) -> None:
    wiki.first(two())
    (wiki.out / "released").unlink()
    (wiki.out / "released").symlink_to("generations/7")
    outcome = wiki.migrate(two())
    assert outcome.status == 3
    assert "not there; release another" in outcome.err
    assert wiki.migrate(two(), "--previous", "none").status == 0


# --- the commands --------------------------------------------------------------------------


def test_release_and_rollback_say_which_generation(wiki: Wiki) -> None:
    wiki.migrate(two())
    wiki.migrate(pages(3))
    assert wiki.run("release", "--out", wiki.out, 1).err.startswith("generation 1 is released: ")
    assert wiki.run("release", "--out", wiki.out, 1).err.startswith("generation 1 was released before: ")
    assert f"{wiki.out / 'current'} is generation 1 now, no longer 2" in wiki.run("rollback", "--out", wiki.out).err
    assert wiki.run("rollback", "--out", wiki.out, "--quiet", 2).err == ""
    assert f"{wiki.out / 'current'} is generation 2 already" in wiki.run("rollback", "--out", wiki.out, 2).err
    for arguments, status in ((["rollback", 9], 2), (["release", 9], 2), (["rollback", "x"], 2)):
        assert wiki.run(*arguments, "--out", wiki.out).status == status
    wiki.run("rollback", "--out", wiki.out)
    outcome = wiki.run("rollback", "--out", wiki.out)
    assert (outcome.status, "generation 1 has no previous one" in outcome.err) == (3, True)


def test_no_part_of_a_run_is_silent(tmp_path: Path) -> None:
    """To read a large generation takes minutes."""
    source, out, phases = folder(tmp_path / "wiki", pages(1)), tmp_path / "out", Phases()
    migrate(Run([str(source)], Settings(), out, jobs=1))
    migrate(Run([str(source)], Settings(), out, jobs=1, previous="current", progress=phases.told))
    stages = ["listing", "reading", "resolving", "cleaning", "compiling", "proving", "publishing"]
    assert phases == ["previous", *stages]


# --- for every wiki ------------------------------------------------------------------------


def migrated(scratch: Path, members: Mapping[str, bytes], chosen: Settings, out: str, previous: str) -> Path | None:
    """The generation of a bundle; None for a refused one."""
    source = folder(scratch / out / "wiki", members)
    run = Run([str(source)], chosen, scratch / out / "made", jobs=1, previous=previous)
    try:
        migrate(run)
    except SourceError:  # noise that begins like an archive
        reject()
    return run.published


def records(generation: Path, file: str) -> list[dict[str, Any]]:
    return lines(generation / f"{file}.jsonl")


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    BUNDLES, BUNDLES, st.sampled_from(["/pages/{slug}/", "/p/{slug}.html"]), st.sampled_from(["/x/", "/pages/wells"])
)
def test_every_address_of_before_is_answered_or_a_finding_says_why(
    first: dict[str, bytes], second: dict[str, bytes], template: str, reserved: str
) -> None:
    """Members of one name are one page with another content, or the same."""
    chosen = MAP_ALONE.model_copy(update={"path_template": template, "reserved": (reserved,)})
    with tempfile.TemporaryDirectory() as folder_:
        scratch = Path(folder_)
        old = migrated(scratch, first, MAP_ALONE, "old", "none")
        new = old and migrated(scratch, first | second, chosen, "new", str(old))
        if not old or not new:
            return
        again = migrated(scratch, first | second, chosen, "again", str(new))
        assert again is not None
        before, documents = ({line["id"]: line for line in records(made, "documents")} for made in (old, new))
        redirects = {(line["kind"], line["value"]): line for line in records(new, "redirects")}
        findings = records(new, "findings")
        told = [line["message"] for line in findings if line["code"] in ("address.lost", "address.conflict")]

        # a document keeps its slug, but for a reserved one
        for id_ in before.keys() & documents.keys():
            kept = documents[id_]["slug"] == before[id_]["slug"]
            assert kept or chosen.path(before[id_]["slug"]).rstrip("/") == reserved.rstrip("/")

        # every address and every path is answered, by the map or the new site, or told
        living = {line["path"].rstrip("/") for line in documents.values()}
        asked = [("path", line["path"].rstrip("/"), id_) for id_, line in before.items()]
        asked += [(line["kind"], line["value"], line["document"]) for line in records(old, "redirects")]
        for kind, value, id_ in asked:
            answer = redirects.get((kind, value))
            if answer is not None or value in living:
                owner = (
                    answer["document"]
                    if answer
                    else next(i for i, d in documents.items() if d["path"].rstrip("/") == value)
                )
                assert owner == id_ or any(f"{id_}" in message for message in told) or id_ not in documents
            else:
                assert any(message.startswith(f"{id_} ") or f" of {id_} " in message for message in told), (kind, value)

        # the next run has nothing to add
        assert [line["digest"] for line in records(again, "documents")] == [
            line["digest"] for line in records(new, "documents")
        ]
        assert (again / "redirects.jsonl").read_bytes() == (new / "redirects.jsonl").read_bytes()
