"""`report`: the page about a generation says what its files say, needs nothing else, and does nothing."""

from __future__ import annotations

import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from etl.findings import CATALOGUE
from etl.report import Group, found
from etl.transform.body.rules import RULES
from tests.make import SAMPLE, Run, folder, lacking, lines, name, page, pages
from tests.safety.browser import find_browser, show

LINES = frozenset(("h1", "h2", "h3", "p", "li", "tr", "summary"))
"""What begins a line of its own."""
CELLS = frozenset(("td", "th"))
HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(1)>"'{{ 7 * 7 }}{% raw %}\u202e&lt;"""
PARTS = frozenset(
    """html head meta title style body header div h1 h2 h3 p strong b code ul li table thead tbody tfoot tr th td
    details summary span""".split()
)


class Reader(HTMLParser):
    """The lines of a page as they are read, `##` before its headings, cells parted by a blank; and its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lines = [""]
        self.parts = set[str]()
        self.hidden = False
        self.feed(text)
        self.lines = [" ".join(line.split()) for line in self.lines if line.strip()]

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.hidden = tag == "style"
        self.parts.add(tag)
        self.lines += ["## " if tag == "h2" else ""] if tag in LINES else []

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False
        self.lines[-1] += " " if tag in CELLS else ""

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.lines[-1] += data


def section(read: list[str], title: str) -> list[str]:
    """The lines below a heading."""
    start = read.index(f"## {title}") + 1
    rest = itertools.takewhile(lambda line: not line.startswith("## "), read[start:])
    return list(rest)


@pytest.fixture
def sample(out: Path, run: Run) -> Path:
    """The generation of the sample, with its changes."""
    assert run("migrate", SAMPLE, "--out", out, "--changes").status == 0
    return out / "current"


def test_it_says_where_every_member_went_and_every_kind_of_finding(sample: Path, run: Run) -> None:
    told = run("report", sample)
    manifest = json.loads((sample / "manifest.json").read_bytes())
    read = Reader(told.out).lines
    assert (told.status, told.err) == (0, "")
    assert read[2] == (
        f"{manifest['ledger']['members']} members came in. Each of them is accounted for. "
        "No visible word came or went without a named rule."
    )
    assert [int(line.split()[0]) for line in section(read, "Where every member went")] == [
        *list(manifest["ledger"].values())[1:],
        manifest["ledger"]["members"],
    ]
    for code, count in manifest["findings"].items():
        assert f"{count:,} {code} {CATALOGUE[code][1]}" in read
    for rule, count in manifest["changes"].items():
        assert f"{count:,} {rule} {RULES[rule]}" in section(read, "Changes to texts")
    for file in manifest["files"]:
        assert f"{file['name']} {file['lines']:,} {file['bytes']:,} {file['sha256']}" in section(read, "Proof")


def test_it_counts_addresses_links_images_and_missing_files(sample: Path, run: Run) -> None:
    read = Reader(run("report", sample).out).lines
    redirects = lines(sample / "redirects.jsonl")
    addresses = section(read, "Old addresses")[1:-1]
    assert sum(int(count) for line in addresses for count in line.split()[-3:]) == len(redirects)
    assert f"{len(redirects)} old addresses that are answered" in read
    documents = lines(sample / "documents.jsonl") + lines(sample / "withheld.jsonl")
    states = ("ok", "external", "dangling", "unmapped", "missing")
    for of in ("links", "images"):
        every = [each["state"] for document in documents for each in document[of]]
        assert f"{of} {' '.join(str(every.count(state)) for state in states)}" in section(read, "Links and images")
    missing = [asset for asset in lines(sample / "assets.jsonl") if asset["state"] == "missing"]
    assert missing
    for asset in missing:
        assert f"{asset['address']} {len(asset['documents'])}" in section(read, "Links and images")


def test_it_is_the_same_for_the_folder_of_all_generations(sample: Path, out: Path, run: Run) -> None:
    assert run("report", out).out == run("report", sample).out == run("report", sample.resolve()).out


def test_a_sample_of_each_rule_shows_before_and_after(out: Path, tmp_path: Path, run: Run) -> None:
    source = folder(tmp_path / "wiki", pages(5, body="Wells  <span>and</span>\tponds"))
    run("migrate", source, "--out", out)
    assert (
        "wiki-etl migrate --changes keeps each of them; then samples are shown here."
        in Reader(run("report", out).out).lines
    )
    run("migrate", source, "--out", out, "--changes")
    changes = section(Reader(run("report", out).out).lines, "Changes to texts")
    (at,) = (number for number, line in enumerate(changes) if line.split()[1:2] == ["span"])
    assert changes[at : at + 5] == [
        f"10 span {RULES['span']}",
        "page line before after",
        *(f"tiki-{number} 10 <span>" for number in (1, 2, 3)),
    ]


def test_what_is_shortened_says_how_many_there_are(out: Path, tmp_path: Path, run: Run) -> None:
    body = "Wells. [Gone](/posts/nowhere) [Too](/posts/else)"
    source = folder(
        tmp_path / "wiki", {**pages(60, body=body, sections_excluded=[2]), name(99): page(body="[a](/posts/b)")}
    )
    run("migrate", source, "--out", out)
    read = Reader(run("report", out).out).lines
    assert "10 of 121, from 61 members; findings.jsonl has all of them." in section(read, "Warnings")
    assert "The first 50 of 60; tables/missing_text.csv has all of them." in section(read, "Pages with text missing")


def test_a_finding_is_shown_once_of_each_member() -> None:
    findings = [
        {"code": "link.dangling", "severity": "warning", "member": member, "line": number}
        for number, member in enumerate("aabbc", 1)
    ]
    error = {"code": "address.refused", "severity": "error", "member": None, "line": None}
    assert found([*findings, error, error]) == [
        Group("address.refused", "error", 2, 1, [error]),
        Group("link.dangling", "warning", 5, 3, [findings[0], findings[2], findings[4]], "c"),
    ]


def test_words_without_a_rule_and_a_ledger_that_does_not_balance_are_said_first(
    out: Path, tmp_path: Path, run: Run
) -> None:
    run("migrate", folder(tmp_path / "wiki", pages(2)), "--out", out)
    made = out / "current"
    manifest = json.loads((made / "manifest.json").read_bytes())
    manifest["ledger"]["members"] = 3
    (made / "manifest.json").write_text(json.dumps(manifest))
    finding = dict.fromkeys(("bundle", "line", "column", "document", "field"))
    finding |= {"code": "text.lost", "severity": "error", "member": "1.txt", "fingerprint": "0" * 16}
    (made / "findings.jsonl").write_text(json.dumps(finding | {"message": "wells", "action": "reported"}) + "\n")
    assert (
        "3 members came in. Not all of them are accounted for: run wiki-etl validate. "
        "Visible words came or went without a rule."
    ) in Reader(run("report", out).out).lines


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--dry-run"], "This was a dry run."),
        (
            ["--max-rejects", "0"],
            "A threshold was passed: 1 of 3 members are rejects, more than --max-rejects 0 allows",
        ),
    ],
)
def test_of_a_run_that_published_nothing_it_says_so_and_what_would_change(
    flags: list[str], said: str, out: Path, tmp_path: Path, run: Run
) -> None:
    run("migrate", folder(tmp_path / "wiki", pages(3)), "--out", out)
    mended = {**pages(1), name(4): page(page_id=4), name(5): b"{broken"}
    run("migrate", folder(tmp_path / "later" / "wiki", mended), "--out", out, "--max-shrink", "100%", *flags)
    read = Reader(run("report", out / "refused").out).lines
    assert f"Nothing was published. {said}" in read
    assert section(read, "What would change") == ["1 added", "tiki-4", "2 removed", "tiki-2, tiki-3", "0 changed"]
    assert f"{name(5)}:1:1" in " ".join(section(read, "Errors"))
    assert "## Old addresses" not in read
    assert "## Links and images" not in read


def test_nothing_in_it_comes_from_elsewhere(sample: Path, run: Run) -> None:
    told = run("report", sample).out
    assert not re.findall(
        r"<(?:a|base|form|iframe|img|link|object|script)\b|\b(?:src|href|url)\s*[=(]", told.partition("</style>")[0]
    )
    assert not re.findall(r"<(?:a|base|form|iframe|img|link|object|script)\b", told)


def test_what_the_export_says_does_nothing(out: Path, tmp_path: Path, run: Run) -> None:
    program = find_browser()
    if program is None:
        lacking("chromium is not installed")
    body = f"<marquee>{HOSTILE}</marquee> [{HOSTILE}](/posts/{HOSTILE}) ![x](/attachments/d3.mock.{HOSTILE})"
    source = folder(
        tmp_path / "<script>alert(1)</script>",
        {
            name(1): page(HOSTILE, page_id=1, aliases=["/1", f"/{HOSTILE}"], sections_excluded=[HOSTILE], body=body),
            f"below/<img src=x onerror=alert(2)>/{name(2)}": page(f"Wells {HOSTILE}", body=""),
            name(3): f'{{"title": 1, "{HOSTILE}'.encode(),
        },
    )
    run("migrate", source, "--out", out, "--changes", "--max-rejects", "50%")
    told = run("report", out).out
    assert told.count("&lt;script&gt;") > 5
    assert "\u202e" not in told
    profile = tmp_path / "profile"
    profile.mkdir()
    (deeds,) = show(program, profile, [told], 0.5).values()
    deeds.requests = [one for one in deeds.requests if not one[1].endswith("/favicon.ico")]  # the browser's own wish
    assert not deeds
    assert Reader(told).parts <= PARTS


def test_what_is_no_generation_or_damaged_is_trouble(out: Path, tmp_path: Path, run: Run) -> None:
    nothing = run("report", tmp_path)
    assert nothing.status == 3
    assert (
        nothing.err == f"error: {tmp_path}: there is no generation; name its folder, as `wiki-etl migrate` leaves it\n"
    )
    run("migrate", folder(tmp_path / "wiki", pages(2)), "--out", out)
    made = (out / "current").resolve()
    documents = (made / "documents.jsonl").read_bytes()
    (made / "documents.jsonl").write_bytes(documents[:-9])
    damaged = run("report", out)
    assert damaged.status == 3
    assert f"{made}/documents.jsonl:2: not JSON: " in damaged.err
    (made / "manifest.json").write_text("{}")
    assert run("report", out).err.startswith(f"error: {made}/manifest.json: 'format' is a required property")
