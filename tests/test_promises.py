"""What always holds, for whatever lies in a bundle: pages, broken pages and noise in any mixture."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, reject, settings
from hypothesis import strategies as st

from etl import schemas
from etl.addresses import Address, as_path, lookups, objection
from etl.extract.record import read_record
from etl.extract.trouble import SourceError
from etl.load.manifest import measure
from etl.model import Rejection
from etl.pipeline import migrate
from etl.run import Run
from etl.settings import Settings
from etl.transform.fields import read_fields
from tests.make import abstract, files, page

WORDS = st.sampled_from(
    [
        "Wells",
        "wells",
        "Deep wells",
        "5",
        "水",
        "Wells – June 2019",
        "Wells, deep",
        "a/b",
        "..",
        "%",
        "C++",
        "x" * 130,
        "\u200bé",
    ]
)
BODIES = st.sampled_from(
    [
        "Water is clear.",
        "",
        "<!-- hidden -->",
        '{redirect page="Wells"}',
        '{redirect page="Deep wells"}',
        "[Wells](/Wells) and [x](/posts/wells) and [y](/3)",
        "<!-- (alias(Wells)) (alias(Other)) --> Text.",
        '<div class="border">\n\nopen box',
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "# Heading\n\n* a\n\n* b\n\n![image](/x.png)",
    ]
)  # fmt: skip
SLUGS = st.sampled_from(["wells", "wells-3", "Wells", "a--b", "", "x" * 121, "page-3", "5"])
ALIASES = st.lists(
    st.sampled_from(
        [
            "/Wells",
            "/3",
            "/Deep+wells",
            "/posts/wells",
            "/pages/wells/",
            "//x",
            "/%zz",
            "/a/../b",
            "/水",
            "/tiki-index.php?page_id=4",
        ]
    ),
    max_size=4,
)
ODD = st.none() | st.integers(-3, 3) | st.text(max_size=5) | st.lists(st.none() | st.text(max_size=3), max_size=2)
FRONT = st.fixed_dictionaries(
    {"title": WORDS},
    optional={
        "slug": SLUGS,
        "aliases": ALIASES | ODD,
        "tiki_page_id": st.integers(1, 6) | ODD,
        "date": st.sampled_from(["2019-07-13", "2000-01-01", "2019-02-30", "2019-07-13T10:00:00+02:00"]) | ODD,
        "categories": st.lists(st.sampled_from(["Soil", "SOIL", "Admin Only", "C & G", "C and G"]), max_size=3) | ODD,
        "tags": st.lists(WORDS, max_size=3) | ODD,
        "sections_excluded": ODD,
        "other": ODD,
    },
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with a piece cut out, doubled or replaced."""
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 30)))
    piece = draw(st.sampled_from([b"", data[start:end] * 2, b"\x00", b"\xff", b"{", b'"', b"\n---\n"]))
    return data[:start] + piece + data[end:]


PAGES = st.builds(
    lambda front, body, indent: f"{json.dumps(front, indent=indent)}\n\n{body}".encode(),
    FRONT,
    BODIES,
    st.sampled_from([None, 2, 4]),
)
YAML = st.builds(
    lambda title, body: f"---\ntitle: {json.dumps(title)}\ntiki_page_id: 6\n---\n\n{body}".encode(), WORDS, BODIES
)
SOUND = PAGES | YAML | st.just(abstract())
MEMBERS = st.one_of(SOUND, SOUND, SOUND, SOUND.flatmap(mutated), st.binary(max_size=60))
NAMES = st.builds(
    lambda number, place: f"{place}{number:03}_{number % 7:016x}.txt",
    st.integers(0, 12),
    st.sampled_from(["", "a/", "b/"]),
) | st.sampled_from(["x.txt", "ü.txt"])
BUNDLES = st.dictionaries(NAMES, MEMBERS, max_size=7)
GENEROUS = Settings(
    max_rejects="100%",
    draft_categories=("Admin Only",),
    gone=("Gone", "5"),
    reserved=("/search/",),
    hosts=("www.garden-wiki.example",),
)
MAP_ALONE = GENEROUS.model_copy(update={"servers": ()})
"""For questions that the map answers, whatever is compiled from it."""


def migrated(members: dict[str, bytes], chosen: Settings = GENEROUS) -> dict[str, bytes]:
    """The generation of a bundle, or the evidence of a refused run, by file."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "wiki"
        source.mkdir()
        for name, data in members.items():
            (source / name).parent.mkdir(exist_ok=True)
            (source / name).write_bytes(data)
        out = Path(scratch) / "out"
        run = Run([str(source)], chosen, out, jobs=1)
        try:
            migrate(run)
        except SourceError:  # noise that begins like an archive
            reject()
        assert (run.published is None) == (run.refused is not None)
        folder = out / ("refused" if run.refused else "current")
        for file in json.loads((folder / "manifest.json").read_bytes())["files"] if run.published else ():
            assert measure(folder / file["name"]) == (file["bytes"], file["lines"], file["sha256"])
        return files(folder)


def records(found: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in found.get(f"{name}.jsonl", b"").splitlines()]


def repeated(values: Iterator[Any] | list[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(BUNDLES)
def test_every_bundle_keeps_every_promise(members: dict[str, bytes]) -> None:
    found = migrated(members)
    manifest = json.loads(found["manifest.json"])
    ledger = manifest["ledger"]
    documents, withheld, rejects = (records(found, name) for name in ("documents", "withheld", "rejects"))

    # every member is accounted for
    assert ledger["members"] == len(members)
    assert ledger["members"] == sum(count for kind, count in ledger.items() if kind != "members")
    assert ledger["rejects"] == len(rejects)
    if "documents.jsonl" not in found:
        assert ledger["documents"] == 0
        return
    assert (ledger["documents"], ledger["withheld"]) == (len(documents), len(withheld))
    told = [line["source"]["member"] for line in [*documents, *withheld]] + [line["member"] for line in rejects]
    assert repeated(told) == []
    assert all(any(member.endswith(name) for member in members) for name in told)

    # every line fits its schema
    for file, name in {
        "documents": "document",
        "withheld": "document",
        "redirects": "redirect",
        "findings": "finding",
        "rejects": "reject",
        "assets": "asset",
        "terms": "term",
    }.items():
        for record in records(found, file):
            assert schemas.is_valid(name, record), (name, record)
    assert schemas.is_valid("manifest", manifest)

    # nothing has two owners
    both = [*documents, *withheld]
    for key in ("id", "slug", "path"):
        assert repeated([line[key] for line in both]) == [], key
    assert [line["source"]["member"] for line in documents] == sorted(
        (line["source"]["member"] for line in documents), key=str.encode
    )

    # the map is a function whose targets exist, and hides no page
    redirects = records(found, "redirects")
    keys = [(line["kind"], line["value"]) for line in redirects]
    paths = {line["path"]: line["id"] for line in documents}
    assert repeated(keys) == []
    assert keys == sorted(keys)
    living = {path.rstrip("/") for path in [*paths, *GENEROUS.reserved]}
    for line in redirects:
        address = Address(line["kind"], line["value"])
        assert objection(address) is None
        assert as_path(address).rstrip("/") not in living
        if line["status"] == 410:
            assert (line["target"], line["document"], line["why"]) == (None, None, "gone")
        else:
            assert paths[line["target"]] == line["document"]

    # the aliases of documents are the map
    aliases = {
        (as_path(Address(line["kind"], line["value"])), line["document"]) for line in redirects if line["document"]
    }
    assert {(alias, line["id"]) for line in documents for alias in line["aliases"]} == aliases
    assert all(line["aliases"] == [] for line in withheld)

    # findings are in the order of members, then by place and code; they are counted, and a reject is one
    order = [
        (line["member"].encode(), line["line"] or 0, line["column"] or 0, line["code"])
        for line in records(found, "findings")
        if line["member"]
    ]
    assert order == sorted(order)
    counted = Counter(line["code"] for line in records(found, "findings"))
    assert manifest["findings"] == dict(counted)
    for line in rejects:
        assert counted[line["code"]]


ASKED = [
    "/Wells",
    "/tiki-index.php?page=Wells%2C+deep",
    "/Deep+wells",
    "/tiki-index.php?page=Other",
    "/posts/wells",
    "/3",
    "/5",
    "/tiki-index.php?page_id=4",
    "/OTHER",
    "/tiki-index.php?page=deep+WELLS",
]
"""Links of a body."""


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(PAGES, max_size=6, unique=True))
@example(
    [
        page("Wells", page_id=1),
        page("Wells", page_id=2, aliases=["/Deep+wells"]),
        page("Deep wells", page_id=3, body='{redirect page="Wells"}'),
    ]
)
def test_a_link_leads_where_the_map_leads_its_address(datas: list[bytes]) -> None:
    links = page("All links", body="\n\n".join(f"[link]({href})" for href in ASKED), page_id=900)
    found = migrated({f"{number:03}_{number:016x}.txt": data for number, data in enumerate([links, *datas])}, MAP_ALONE)
    owners = {Address(line["kind"], line["value"]): line["document"] for line in records(found, "redirects")}
    [listed] = [line["links"] for line in records(found, "documents") if line["id"] == "tiki-900"]
    for link, href in zip(listed, ASKED, strict=True):
        assert answer(href, owners) in {None, link["target"]}, href


def answer(href: str, owners: dict[Address, str | None]) -> str | None:
    """The document that servers lead an address to: as it is, else by the only name that it is in another case."""
    asked = lookups(href)
    for address in asked:
        if address in owners:
            return owners[address]
    names = {address.value.casefold() for address in asked if address.kind == "name"}
    alike = [owner for (kind, value), owner in owners.items() if kind == "name" and value.casefold() in names]
    return alike[0] if len(alike) == 1 else None


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(BUNDLES, st.randoms(use_true_random=False))
def test_the_order_of_members_on_disk_does_not_matter(members: dict[str, bytes], random: Any) -> None:
    items = list(members.items())
    random.shuffle(items)
    assert migrated(members, MAP_ALONE) == migrated(dict(items), MAP_ALONE)


def id_of(data: bytes, number: int) -> str:
    """The id that a page would have: of two with the same one, the order decides which stays."""
    record = read_record(data)
    fields = record if isinstance(record, Rejection) else read_fields(record, f"{number:016x}", GENEROUS)
    return f"reject-{number}" if isinstance(fields, Rejection) else fields.id


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(PAGES, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_the_ordinals_in_names_decide_nothing_but_the_order(datas: list[bytes], random: Any) -> None:
    """Slugs, paths, addresses and bodies are those of the keys, whatever number stands before the member id."""
    unique = list({id_of(data, number): data for number, data in enumerate(datas)}.values())
    places = list(range(len(unique)))
    random.shuffle(places)
    one, other = (
        migrated(
            {
                f"{place:03}_{number:016x}.txt": data
                for number, (place, data) in enumerate(zip(order, unique, strict=True))
            },
            MAP_ALONE,
        )
        for order in (range(len(unique)), places)
    )
    assert one.get("redirects.jsonl") == other.get("redirects.jsonl")
    assert {line["digest"] for line in records(one, "documents")} == {
        line["digest"] for line in records(other, "documents")
    }
