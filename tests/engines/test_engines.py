"""Every engine shows the same page: clean bodies look alike wherever people render them.

The outline that `pyromark` gives is what the others are held against. What no writing helps against is in
`DIFFERENCES`; everything else that differs is a fault of the writing.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import markdown
import markdown2  # type: ignore[import-untyped]  # it has no types
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from etl.transform.body import clean_body
from tests.engines.constructs import CONSTRUCTS, TO_REPAIR
from tests.engines.differences import DIFFERENCES, Difference, without_differences
from tests.engines.engines import ENGINES
from tests.engines.outline import Block, outline
from tests.make import ROOT, wiki_etl
from tests.transform.test_links import LINKER, SETTINGS

REFERENCE = "pyromark"
OTHERS = [name for name in ENGINES if name != REFERENCE]
CASES = ROOT / "tests" / "cases"
RULES = ROOT / "tests" / "transform" / "body"
CORPUS = ROOT.parent / "shared" / "corpus"
SENTENCE = re.compile(r"(?<=[.,;|] )(?=\S)")


def clean(source: str) -> str:
    return clean_body(source, SETTINGS, LINKER).body


def seen(body: str, engine: str = REFERENCE) -> Block:
    return outline(ENGINES[engine](body))


def difference(body: str, engine: str) -> str:
    """What an engine shows otherwise than the reference does, as a diff of outlines; empty when nothing."""
    wanted, found = (without_differences(seen(body, name), engine) for name in (REFERENCE, engine))
    if wanted == found:
        return ""
    diff = difflib.unified_diff(short_lines(wanted), short_lines(found), REFERENCE, engine, lineterm="", n=2)
    return "\n".join(diff)


def short_lines(page: Block) -> list[str]:
    """The outline with long text in parts, so that a diff shows the place."""
    return [part for line in page.lines() for part in SENTENCE.sub("\n", line).split("\n")]


def assert_alike(bodies: Mapping[str, str], engine: str) -> None:
    """No body differs; a failure shows each that does."""
    assert bodies
    different = {name: diff for name, body in bodies.items() if (diff := difference(body, engine))}
    if different:
        parts = [f"=== {name}\n{diff}" for name, diff in different.items()]
        pytest.fail(f"{len(different)} of {len(bodies)} bodies differ\n" + "\n".join(parts), pytrace=False)


def stored(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """The bodies in files of documents, under their members' names."""
    for path in paths:
        for line in path.read_text().splitlines():
            document = json.loads(line)
            if document["body"]:
                yield f"{path.parent.parent.name} {document['source']['member']}", document["body"]


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_construct_looks_the_same_in_every_engine(name: str) -> None:
    source = CONSTRUCTS[name].removeprefix("\n")
    body = clean(source)
    if name not in TO_REPAIR:
        assert seen(source) == seen(body)
    for engine in ENGINES:
        assert difference(body, engine) == ""


@pytest.mark.parametrize("engine", OTHERS)
def test_the_examples_of_the_rules_look_the_same(engine: str) -> None:
    paths = sorted(path for path in RULES.glob("*/*.md") if path.name != "input.md")
    assert_alike({f"{path.parent.name}/{path.name}": path.read_text().removesuffix("\n") for path in paths}, engine)


@pytest.mark.parametrize("engine", OTHERS)
def test_the_cases_and_the_sample_look_the_same(engine: str) -> None:
    paths = [path for name in ("documents", "withheld") for path in sorted(CASES.glob(f"*/out/{name}.jsonl"))]
    assert_alike(dict(stored(paths)), engine)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The clean bodies of the export beside the checkout."""
    if not CORPUS.is_dir():
        pytest.skip(f"no export to try: {CORPUS.relative_to(ROOT.parent)} is not beside the checkout")
    out = tmp_path_factory.mktemp("corpus") / "out"
    config = ROOT / "raw" / "sample" / "wiki-etl.toml"
    assert wiki_etl("migrate", CORPUS, "--config", config, "--out", out).status == 0
    current = out / "current"
    return dict(stored([current / "documents.jsonl", current / "withheld.jsonl"]))


@pytest.mark.parametrize("engine", OTHERS)
def test_a_whole_export_looks_the_same(engine: str, corpus: dict[str, str]) -> None:
    assert_alike(corpus, engine)


# --- lists of any shape ---------------------------------------------------------------------

WORDS = st.sampled_from(("sow", "**thin** out", "[weed](https://e.org/)", "12 litres", "water:", "(wait) *long*"))


def written(marks: str, items: list[list[str]]) -> str:
    """A list of items that are lines already, below four columns behind the first."""
    lines = []
    for number, item in enumerate(items, 1):
        mark = "*" if marks == "*" else f"{number}."
        lines += [f"{mark} {item[0]}", *(f"    {line}" if line else "" for line in item[1:])]
    return "\n".join(lines)


def items(deeper: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Lists whose items hold text, then paragraphs, quotations and lists, each behind a blank line."""
    more = st.one_of(WORDS, WORDS.map("> {}".format), deeper)
    blocks = st.tuples(WORDS, st.lists(more, max_size=3)).map(lambda item: "\n\n".join([item[0], *item[1]]).split("\n"))
    return st.builds(written, st.sampled_from("*1"), st.lists(blocks, min_size=1, max_size=3))


LISTS = st.recursive(items(WORDS), items, max_leaves=6)


@given(LISTS)
def test_a_list_of_any_shape_looks_the_same_in_every_engine(source: str) -> None:
    body = clean(f"Tasks:\n\n{source}\n\nDone.")
    for engine in ENGINES:
        assert difference(body, engine) == ""


def any_list(draw: st.DrawFn, depth: int, margin: int, *, interrupts: bool) -> str:
    """A list as people write it: any marks, each line up to three columns further in than it must be.

    ``interrupts``: it stands right below a paragraph, which only a list that begins at 1 can do.
    """

    def one_of(*values: int) -> int:
        return draw(st.sampled_from(values))

    def block(kind: str, at: int, most: int) -> str:
        """The lines of a block that is no list, the first one at a column, none more than ``most`` behind it."""
        words = [draw(WORDS), draw(WORDS)]
        lines = {
            "text": words[:1],
            "quote": [f"> {word}" for word in words],
            "table": [f"| {words[0]} |", "| --- |", f"| {words[1]} |"],
            "code": ["```", *words, "", "```"],
        }[kind]
        return "\n".join(" " * (at + one_of(*range(most + 1))) + line if line else "" for line in lines)

    kind = draw(st.sampled_from("*-+.)"))
    first = 1 if interrupts else one_of(1, 1, 6, 9, 99)
    step = one_of(0, 1)
    offset = one_of(0, 0, 1, 3)
    lines: list[str] = []
    for number in range(one_of(1, 2, 3)):
        mark = f"{first + number * step}{kind}" if kind in ".)" else kind
        mark += " " * one_of(1, 1, 1, 2, 4)
        content = margin + offset + len(mark)
        lines += [""] * one_of(0, 1) if lines else []
        lines.append(" " * (margin + offset) + mark + draw(WORDS))
        before = "text"
        for _ in range(one_of(0, 1, 2)):
            after = draw(st.sampled_from(("list", "list", "text", "quote", "table", "code")))
            if after == "list" and not depth:
                continue
            parted = before == "table" or after in ("text", "table") or before == after == "quote" or one_of(0, 1) == 1
            lines += [""] * parted
            if after == "list":
                lines.append(any_list(draw, depth - 1, content, interrupts=not parted))
            else:  # three columns behind the text, it would be in the list before it
                furthest = 0 if before == "list" else 3
                at = content + one_of(0, furthest)
                lines.append(block(after, at, content + furthest - at))
            before = after
    return "\n".join(lines)


ANY_LISTS = st.composite(lambda draw: any_list(draw, draw(st.integers(0, 4)), 0, interrupts=False))()


@given(ANY_LISTS)
def test_a_list_keeps_what_it_holds_and_where(source: str) -> None:
    body = clean(source)
    assert _with_neighbours_joined(seen(source)) == _with_neighbours_joined(seen(body))
    assert clean(body) == body


def quoted(source: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in source.split("\n"))


@given(ANY_LISTS)
def test_a_list_in_a_quotation_keeps_what_it_holds_and_where(source: str) -> None:
    body = clean(quoted(source))
    assert _with_neighbours_joined(seen(quoted(source))) == _with_neighbours_joined(seen(body))
    assert clean(body) == body


@given(LISTS, st.integers(1, 3))
def test_a_list_in_a_quotation_looks_the_same_in_every_engine(source: str, depth: int) -> None:
    for _ in range(depth):
        source = quoted(source)
    body = clean(f"Tasks:\n\n{source}\n\nDone.")
    for engine in ENGINES:
        assert difference(body, engine) == ""


@given(st.recursive(LISTS | WORDS, lambda inner: inner.map("<blockquote>{}</blockquote>".format) | inner, max_leaves=3))
def test_a_quotation_of_html_holds_what_would_stand_without_it(source: str) -> None:
    body = clean(f"* a\n\n<blockquote>\n\n{source}\n\nb</blockquote>\n\n* c")
    assume("</blockquote>" not in body)  # code that holds it is another one in a quotation
    above, quote, below = seen(body).children
    assert quote == Block("quote", children=seen(clean(f"{source}\n\nb")).children)
    assert (above, below) == (*seen("* a").children, *seen("* c").children)
    assert clean(body) == body
    for engine in ENGINES:
        assert difference(body, engine) == ""


def _with_neighbours_joined(page: Block) -> Block:
    """Lists of one kind that touch, and quotations that do, as one: some engines know no other way."""
    children: list[Block] = []
    for child in page.children:
        above = children[-1] if children else None
        if above is not None and above.kind[:2] == child.kind[:2] and child.kind[:2] in ("ul", "ol", "qu"):
            children[-1] = replace(above, children=above.children + child.children)
        else:
            children.append(child)
    return replace(page, children=tuple(map(_with_neighbours_joined, children)))


# --- the table of differences ---------------------------------------------------------------


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: f"{row.engine}: {row.name}")
def test_a_difference_is_real_and_all_that_differs_in_its_example(row: Difference) -> None:
    assert clean(row.example) == row.example
    assert seen(row.example) != seen(row.example, row.engine)
    assert row.forgive(seen(row.example)) == row.forgive(seen(row.example, row.engine))


@pytest.mark.parametrize("name", [row.name for row in DIFFERENCES if row.helps == "the extension `sane_lists`"])
def test_sane_lists_helps(name: str) -> None:
    (row,) = (row for row in DIFFERENCES if row.name == name)
    assert outline(markdown.markdown(row.example, extensions=["extra", "sane_lists"])) == seen(row.example)


def test_breaks_on_a_backslash_help() -> None:
    (row,) = (row for row in DIFFERENCES if "on_backslash" in row.helps)
    extras = {"tables": None, "markdown-in-html": None, "breaks": {"on_backslash": True}}
    assert outline(markdown2.markdown(row.example, extras=extras)) == seen(row.example)


def test_fenced_code_blocks_help() -> None:
    (row,) = (row for row in DIFFERENCES if "fenced-code-blocks" in row.helps)
    assert outline(markdown2.markdown(row.example, extras=["fenced-code-blocks"])) == seen(row.example)


def test_the_lists_of_constructs_name_constructs() -> None:
    assert CONSTRUCTS.keys() >= TO_REPAIR
