r"""Ten times the body costs about ten times the work: no body makes the cleaner hang.

No test here measures speed: each compares the processor time of a body with that of one ten times
as long, and is content with anything that does not look like a square.
"""

from __future__ import annotations

import gc
import resource
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from etl.extract.record import read_record
from etl.slugs import undated
from etl.transform.body.edits import visible
from etl.transform.body.guards import present
from etl.transform.body.remnants import REMNANTS
from etl.transform.body.residue import RESIDUE
from etl.transform.body.surface.links import UNPARSED
from etl.transform.raw_body import harvested_aliases, redirect_of, shows_nothing
from tests.transform.test_guards import PIECES
from tests.transform.test_links import SETTINGS, clean
from tests.transform.test_rules_and_repairs import ACCOUNT

LIMIT = 25
"""How much more than for a tenth a body may take; a square makes it a hundred."""
FLOOR = 0.05
"""Seconds below which processor time says nothing."""
HANG = 90
"""Seconds after which a body counts as endless."""
MEMORY = 4 << 30
"""Bytes that a body may not need, whatever it is."""

UNITS = (
    *("[[[[", "****", "((", "(((", "&", "|", "`", "<", "{", "~", "![", "<!--", "&#", "> > > ", "* * * ", "<div>"),
    *("a", "a ", " ", "\n"),
)
MORE = (
    *("](", "]", "\\", "_a ", "*a ", "**a", "| a | b |\n", "```\n", "> a\n", "* a\n", "1. a\n\n", "# a\n", "é", "水"),
    *("[a](/931) ", "<b>x</b>", "&nbsp;", "~hs~", "{SPLIT}", "((a|b)) ", "{{< x >}}\n", "<a b='", "<http:", "<sup>"),
    *("~tc~", "~np~", "{CODE()}", "{CODE()}`a{CODE} ", "| {CODE()}", "a{ELSE}{GROUP()}", "* a\n** b\n", "** a\n"),
    *("a__ b", "__a: __b ", "* a\n\n  <p>b</p>\n", "<ul><li><pre>a\n</pre></li></ul>", '[a](b "&quot;") ', " \n\n"),
    *("<ul><li>", "{{<", "<a ", '<a "', "1. ", "[a](", "<b>", "<span>", "<table><tr><td>", "<p>a", "~~#F00:", "{BOX("),
    *("<svg>", "<pre>", "</a>", "--\n", "<a href='x'>", "_a", "# ", '<div class="border">', "``` a\n", "<h2>a"),
    *("<blockquote>a\n", "<blockquote>a</blockquote>", "| a |\n|---|\n", "<ul><li>a<ul><li>c</li></ul>b"),
    *("> <a title='>'\n> b", "* <b></b>\n\n    c\n\n", "* a\n\n    {BOX()}<p>b</p>{BOX}\n", "http://a.example/b'c "),
)

Maker = Callable[[int], str]
Reader = Callable[[str], object]

DEFINITION = "[beds]: https://beds.example/\n"

SQUARES: dict[str, tuple[str, int, Maker]] = {
    "spans and ends of bold": (
        "every end looks through all open elements",
        3_000,
        lambda size: "<span>" * (size // 10) + "</b>" * (size // 10),
    ),
    "bold in bold": (
        "every end looks through all that is between it and its start",
        3_000,
        lambda size: "<b>" * (size // 7) + "</b>" * (size // 7),
    ),
    "indices in indices": (
        "every end looks through all that is between it and its start",
        3_000,
        lambda size: "<sup>" * (size // 11) + "</sup>" * (size // 11),
    ),
    "breaks among tags": (
        "every break looks through all tags from the start of its paragraph",
        3_000,
        lambda size: f"<p>{'<i></i><br>' * (size // 11)}a</p>",
    ),
    "breaks in spans": (
        "every break looks through all open elements for its paragraph",
        3_000,
        lambda size: f"<p>{'<span><br>' * (size // 10)}a</p>",
    ),
    "breaks in items that end": (
        "every break looks through all tags from the start of its item",
        3_000,
        lambda size: "<ul><li>" * (size // 22) + "<br></li></ul>" * (size // 22),
    ),
    "blanks in a paragraph of HTML": (
        "every blank is taken for the first one of a line end",
        3_000,
        lambda size: f"<p>{' ' * size}a</p>",
    ),
    "blanks in a link of HTML": (
        "every blank is taken for the first one of a line end",
        3_000,
        lambda size: f"<a href='/931'>a{' ' * size}b</a>",
    ),
    "a long name in a tag": (
        "every letter is taken for the first one of an attribute",
        1_000,
        lambda size: f"<img {'a' * size}>",
    ),
    "quotes in a tag that nothing ends": (
        "every quote is taken for the one that broke the tag",
        1_000,
        lambda size: "<a " + 'x="' * (size // 3),
    ),
    "an address of dots": (
        "every dot is taken for the last one of a mail address",
        2_000,
        lambda size: "<a@" + "b." * (size // 2),
    ),
    "starts of comments in a script": (
        "what was removed is searched for the end of each comment in it",
        3_000,
        lambda size: f"<script>{'<!--' * (size // 4)}</script>",
    ),
    "blanks of a link in a script": (
        "what was removed is searched for a link, and blanks fit in three places",
        1_000,
        lambda size: f"<script>]({' ' * size}</script>",
    ),
    "comments on one line": (
        "every comment looks back to the start of the body for its heading",
        30_000,
        lambda size: "a <!-- b --> " * (size // 13),
    ),
    "blanks in the heading of a list": (
        "blanks of a heading fit in two places",
        3_000,
        lambda size: f"# a{' ' * size}\nx <!-- {{LIST()}} -->",
    ),
    "blanks in a link of the old wiki": (
        "blanks of its words fit in three places",
        300,
        lambda size: f"[https://a.example|{' ' * size}a",
    ),
    "blanks in the name of a link": (
        "blanks before the date at its end fit in three places",
        300,
        lambda size: f"[a](/Clear{'+' * size}x1)",
    ),
    "blanks in a link of Jekyll": (
        "blanks behind its filter fit in two places",
        2_000,
        lambda size: f"[a](<{{{{ 'x' | relative_url{' ' * size}>)",
    ),
    "blanks between marks of bold": (
        "blanks before its words are taken for words",
        2_000,
        lambda size: f"a __ {' ' * size}__ b",
    ),
    "tables of contents in attributes": (
        "every name is taken for the first part of the key of a value",
        10_000,
        lambda size: "# a {: " + "toc" * (size // 3) + " x",
    ),
    "quotation marks in a marker": (
        "every mark looks for its end",
        10_000,
        lambda size: "{img " + 'a="b ' * (size // 5) + "}",
    ),
    "breaks before the end of emphasis": (
        "the slash of every break was read in two ways",
        3,
        lambda size: f"<i>a{'<br />' * size}x></i> " * 20,
    ),
    "blanks before a sign that may be a break": (
        "every blank is taken for the first one before a break",
        3_000,
        lambda size: f"a{' ' * size}b%%%c",
    ),
    "blanks in a marker": (
        "blanks at the end of its parameters fit in four places",
        100,
        lambda size: f"{{BOX(title=a{' ' * size}b)}}",
    ),
    "blanks behind the class of a heading": (
        "blanks around the marks at its end fit in two places",
        1_000,
        lambda size: f"# a {{.b}}{' ' * size}c",
    ),
    "strong in strong": (
        "every strong looks for strong in it",
        1_000,
        lambda size: "**a " * (size // 8) + "a**" * (size // 8),
    ),
    "images in images": (
        "every image collects the text of all in it",
        2_000,
        lambda size: "![" * (size // 6) + "](a)" * (size // 6),
    ),
    "encoded blanks in an address": (
        "every encoded blank is taken for the first one of the end",
        3_000,
        lambda size: f"[a](http://e.example/{'%20' * (size // 3)}x)",
    ),
    "dots in the address of a DOI": (
        "every dot is taken for the first one of the end",
        1_500,
        lambda size: f"[a](http://doi.org/{'.' * size}x)",
    ),
    "blanks behind the mark of bold": (
        "blanks of spaced bold fit in three places",
        1_000,
        lambda size: "** " + " " * size,
    ),
    "a wide table of short rows": (
        "the parser fills every row up",
        500,
        lambda size: "|a" * (size // 12) + "|\n" + "|-" * (size // 12) + "|\n" + "|b\n" * (size // 6),
    ),
    "empty cells of a row that nothing ends": (
        "a blank between two pipes was a cell in two ways",
        3_000,
        lambda size: "| a |\n| --- |\n|" + " |" * (size // 2) + "b\n",
    ),
    "lines below a row that a hard break ends": (
        "any character of a line was taken for the first one that shows",
        3_000,
        lambda size: "| a  \n" + "abcdefghi\n" * (size // 10),
    ),
    "boxes in boxes": (
        "every box looked at the lines of all boxes in it",
        3_000,
        lambda size: '<div class="border">\na\n' * (size // 23),
    ),
    "addresses in a paragraph": (
        "every underscore looked through all addresses",
        3_000,
        lambda size: "http://a.example/b_c " * (size // 21),
    ),
    "code of a plugin that has no place": (
        "every marker looked for the end of its code, and for a line end before it",
        3_000,
        lambda size: "| " + "{CODE()}" * (size // 8) + "\n{CODE}",
    ),
    "code with tags in a paragraph": (
        "every piece of code looked at its whole block",
        3_000,
        lambda size: "`<b>` " * (size // 6),
    ),
    "lost images in lost images": (
        "every image that goes gathers the words of all that is in it",
        3_000,
        lambda size: "![a " * (size // 20) + "](/d3.mock.jpg)" * (size // 20),
    ),
    "ends of bold in emphasis": (
        "every end looked through all that is open in it",
        3_000,
        lambda size: "<b>" * (size // 10) + "<i>" * (size // 10) + "</b>" * (size // 10),
    ),
    "ends of spans that stand before a section": (
        "every end looked through all that is open in the section",
        1_500,
        lambda size: "<span><div>" + "<b>" * (size // 10) + "</span>" * (size // 10),
    ),
    "ends of items that are not open": (
        "every end looked for its item among all that is open",
        3_000,
        lambda size: "<b></li>" * (size // 8),
    ),
    "boxes among open spans": (
        "every end of a box looked for another one among all that is open",
        6_000,
        lambda size: "<span>" * (size // 12) + "{BOX()}{BOX}" * (size // 24),
    ),
    "ends of boxes in a deep quotation": (
        "every end looked at all the marks before it",
        3_000,
        lambda size: "> " * (size // 4) + "{BOX}" * (size // 10),
    ),
    "starts of links in a row": (
        "the parenthesis of every address was looked for up to the end",
        10_000,
        lambda size: "](//" * (size // 4),
    ),
    "blanks behind dashes": (
        "blanks at the end of a rule fit in two places",
        3_000,
        lambda size: "\u2013" * (size // 2) + " " * (size // 2) + "))",
    ),
    "blanks behind dashes of a rule with words": (
        "blanks before the words fit in two places",
        3_000,
        lambda size: "\n\u2013 \u2013 \u2013" + " " * size + "-" * size,
    ),
    "escapes behind pipes": (
        "every escape looked at its line up to there",
        30_000,
        lambda size: "| " * (size // 4) + "\\'" * (size // 4),
    ),
    "starts of comments behind an end": (
        "every start was looked at for an end",
        10_000,
        lambda size: "alias( -->" + "<!-- " * (size // 5),
    ),
    "starts of comments among other starts": (
        "every start was looked at for an end",
        10_000,
        lambda size: "alias( ~/tc~" + "~tc~ <!-- " * (size // 10),
    ),
    "redirects that never end in a comment": (
        "every start was looked at for an end",
        10_000,
        lambda size: f"<!--{'{redirect page=' * (size // 15)}-->",
    ),
    "starts of comments above a redirect": (
        "every start was looked at for an end",
        10_000,
        lambda size: f"{{{{< {'<!--' * (size // 4)} >}}}}{{redirect page=Wells}}",
    ),
    "a wide HTML table of short rows": (
        "every row is filled up",
        2_000,
        lambda size: f"<table><tr>{'<td>a</td>' * (size // 20)}</tr>{'<tr><td>b</td></tr>' * (size // 40)}</table>",
    ),
    "starts of code of a plugin in a quotation with one end for all": (
        "every start looked for its end",
        30_000,
        lambda size: "> {CODE()}\n" * (size // 11) + "x\n{CODE}",
    ),
    "blanks below a row in a box": (
        "every blank is taken for the first one of a line",
        10_000,
        lambda size: f'<div class="box">\n| a | b |\n{" " * size}c\n</div>',
    ),
    "breaks within a cell": (
        "every break looks through its row",
        20_000,
        lambda size: f"| a | b |\n|---|---|\n| x{' <br>' * (size // 5)}y | z |",
    ),
    "blanks behind a break": (
        "every blank is taken for the first one of a line",
        3_000,
        lambda size: f"a<br>{' ' * size}b",
    ),
    "marks of headings and of a centre on one line": (
        "every mark of a centre looks back over those of headings",
        30_000,
        lambda size: "# ::a" * (size // 5),
    ),
    "definitions that are shown as code": (
        "every round defines one of them",
        300,
        lambda size: f"{{{{< highlight >}}}}\n{DEFINITION * (size // len(DEFINITION))}sow\n{{{{< /highlight >}}}}",
    ),
    "code behind much on its line": (
        "every piece of code looks back for the start of its line",
        20_000,
        lambda size: "a" * 5 * size + "`a`**" * (size // 5),
    ),
}
"""Bodies whose work would be a square if someone forgot why: from which length on, and how they are made."""


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """A guard against what never ends and what eats the memory, no measure of either."""

    def stop(*_: object) -> None:
        pytest.fail(f"still at work after {HANG} seconds", pytrace=False)

    memory = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, memory[1]))
    signal.alarm(HANG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, memory)


def all_readers(body: str) -> None:
    harvested_aliases(body)
    if shows_nothing(body, SETTINGS):
        redirect_of(body)
    assert not ACCOUNT & {finding.code for finding in clean(body).findings}


def work(body: str, read: Reader) -> float:
    """Seconds of processor time that readers of a body take, without the collection of others' garbage."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        read(body)
        return time.process_time() - start
    finally:
        gc.enable()


def growth(made: Maker, size: int, floor: float, read: Reader = all_readers) -> float:
    """How much more work ten times the size is; a second look at others of the kind when that seems a bit too much."""
    times = work(made(10 * size), read) / max(work(made(size), read), floor)
    if LIMIT < times < 2 * LIMIT:
        times = min(times, work(made(10 * size + 100), read) / max(work(made(size + 10), read), floor))
    return times


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_work_grows_with_the_body(unit: str) -> None:
    assert growth(lambda size: unit * (size // len(unit)), 10_000, FLOOR) <= LIMIT
    assert growth(lambda size: unit * (size // len(unit)), 100_000, FLOOR) <= LIMIT


@pytest.mark.parametrize("unit", MORE, ids=repr)
def test_work_grows_with_a_body_of_100_kb(unit: str) -> None:
    assert growth(lambda size: unit * (size // len(unit)), 10_000, FLOOR) <= LIMIT


@pytest.mark.parametrize("name", SQUARES)
def test_work_on_a_body_of_two_parts_grows_with_it(name: str) -> None:
    _, size, made = SQUARES[name]
    assert growth(made, size, FLOOR / 10) <= LIMIT


LINES: dict[str, tuple[int, Maker]] = {
    "a DOI": (1_000, lambda size: f"doi{' ' * size}x"),
    "a number of PubMed": (1_000, lambda size: f"pmid{' ' * size}x"),
    "authors": (1_000, lambda size: f"author{' ' * size}x"),
    "a heading": (3_000, lambda size: f"methods{' ' * size}x"),
}
"""Lines of an abstract whose blanks fitted in two places."""


@pytest.mark.parametrize("name", LINES)
def test_work_on_a_line_of_an_abstract_grows_with_it(name: str) -> None:
    size, made = LINES[name]

    def read(line: str) -> None:
        read_record(f"Wells in clay\n\n{line}\n\n{'the water is deep ' * 20}\n".encode())

    assert growth(made, size, FLOOR / 10, read) <= LIMIT


@pytest.mark.parametrize("sign", [" ", "-", "- ", " -"])
def test_work_on_the_date_of_a_title_grows_with_what_stands_before_it(sign: str) -> None:
    assert growth(lambda size: f"a{sign * size}2012", 1_000, FLOOR / 10, undated) <= LIMIT


def test_work_on_the_address_of_a_lost_image_grows_with_it() -> None:
    def asked(address: str) -> None:
        shows_nothing(f"![a]({address}", SETTINGS)

    assert growth(lambda size: "a" * size, 3_000, FLOOR / 10, asked) <= LIMIT


@pytest.mark.parametrize("unit", ["](a\\)", "](a\\)b(c)", "](\\((", "](a 'b", "](a\n> "], ids=repr)
def test_work_of_an_account_grows_with_what_was_replaced(unit: str) -> None:
    assert growth(lambda size: unit * (size // len(unit)), 5_000, FLOOR / 10, visible) <= LIMIT


@pytest.mark.parametrize("first", ["", "[", "](", "](a", "\n*", "\n**", "doi.org/10."])
def test_work_of_guards_grows_with_a_text(first: str) -> None:
    def guards(text: str) -> None:
        for piece in PIECES:
            present(first + piece * (len(text) // len(piece)), [*REMNANTS, *RESIDUE, *UNPARSED])

    assert growth(lambda size: "a" * size, 5_000, FLOOR, guards) <= LIMIT
