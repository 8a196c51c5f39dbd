"""Bodies: every cleaning rule by example, and what must hold for any body, however broken.

A rule has a folder below ``tests/transform/body``: `input.md` becomes `expected.md`, and
`untouched.md`, which only looks as if the rule were about it, stays. The line end at the end of a
file is not part of the body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.addresses import Address, name_key
from etl.extract.record import read_record
from etl.model import Rejection, Target
from etl.settings import Settings, load_settings
from etl.transform.body import Cleaned, clean_body, structure
from etl.transform.body.edits import Revision
from etl.transform.body.links import Linker
from etl.transform.body.lists import list_edits, not_tight, usual_edits
from etl.transform.body.parse import Node, Tree, parse
from etl.transform.body.residue import residue
from etl.transform.body.rules import RULES
from etl.transform.body.surface.inline import LONGEST_MARKED, LONGEST_RAISED
from etl.transform.body.tables import MOST_COLUMNS
from etl.transform.body.text import excerpt, visible_text
from etl.transform.body.verify import unexplained
from tests.make import ROOT, SAMPLE, difference
from tests.transform.test_links import LINKER, SETTINGS, rendered
from tests.transform.test_rules_and_repairs import ACCOUNT, read

CASES = ROOT / "tests" / "transform" / "body"
FOLDERS = sorted(path.name for path in CASES.iterdir() if path.is_dir())


def clean(body: str, chosen: Settings = SETTINGS) -> Cleaned:
    return clean_body(body, chosen, LINKER, keep_changes=True)


def options(path: Path) -> Settings:
    """What the case of a file is cleaned with: the rule of quoted boxes alone asks for other settings."""
    return SETTINGS.model_copy(update={"boxes": "quote"}) if path.parent.name == "quote" else SETTINGS


def codes(cleaned: Cleaned) -> set[str]:
    return {finding.code for finding in cleaned.findings}


# --- every rule by example -----------------------------------------------------------------


def test_every_rule_has_a_folder_and_every_folder_is_of_a_rule() -> None:
    assert sorted(RULES) == FOLDERS


@pytest.mark.parametrize("rule", FOLDERS)
def test_a_body_comes_out_as_expected_and_every_word_of_it_is_accounted_for(
    rule: str, expect: Callable[[Path, str], None]
) -> None:
    path = CASES / rule / "input.md"
    source = read(path)
    cleaned = clean(source, options(path))
    expect(path.with_name("expected.md"), cleaned.body + "\n")
    assert cleaned.counts[rule]
    assert not codes(cleaned) & ACCOUNT
    assert list(unexplained(source, cleaned.body, cleaned.changes or ())) == []
    assert clean(cleaned.body, options(path)).body == cleaned.body


@pytest.mark.parametrize("path", sorted(CASES.glob("*/untouched.md")), ids=lambda path: path.parent.name)
def test_what_only_looks_similar_stays_as_it_is(path: Path) -> None:
    body = read(path)
    assert clean(body, options(path)).body == body


@pytest.mark.parametrize("body", ["&#124; a", "a\n&#124; b", "_\\\nb", "a\\*\\\nb"])
def test_a_clean_body_is_read_once(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(text: str, plain: Callable[..., bool]) -> Tree:
        read.append(text)
        return parse(text, plain)

    monkeypatch.setattr(structure, "parse", counted)
    assert clean(body).body == body
    assert read == [body]


@pytest.mark.parametrize("beside", ["a~~ b", "a<!-- b -->c", "a~hs~ b", "<script>a</script>b"])
def test_a_box_beside_what_asks_for_another_walk_is_written_once(beside: str) -> None:
    assert clean(f'<div class="border">{beside}</div>').counts["box"] == 2


def test_a_hard_blank_takes_no_walk_from_an_escaped_one() -> None:
    assert clean("a~hs~[b](Deep wells in clay)\\~hs~c").body == "a [b](/pages/deep-wells/) c"


@pytest.mark.parametrize("box", ["<div class='box'>", "{BOX()}", "{BOX(title=b)}"])
@pytest.mark.parametrize("inside", ["c", "~hs~c", "<!-- c -->d"])
def test_a_box_that_is_not_closed_is_told_once_and_where_it_begins(box: str, inside: str) -> None:
    findings = [finding for finding in clean(f"a\n\n{box}\n{inside}").findings if finding.code == "box.unclosed"]
    assert [(finding.line, finding.column) for finding in findings] == [(3, 1)]


def test_a_box_that_stands_as_it_should_is_no_change() -> None:
    assert not clean('a\n\n<div class="box" markdown="1">\n\nb\n\n</div>\n\nc').counts


# --- the shapes of corpus.md, section 11, as they stand there ------------------------------

BOX = '<div class="box" markdown="1">'
DUMP = (
    '<pre style="background-color: #e0e0e0; white-space: pre-wrap;">\n<code class="language-text">\n'
    "Markdown:\n--------\nPeas.\nAST Structure:\nx\nOriginal Tiki:\n!Peas\n</code>\n</pre>"
)
ICON = '<i class="fas fa-file-pdf" style="margin-right: 0.3em;"></i>'
RED = 'style="color: red; text-decoration: underline;" title="This post/category does not exist yet: '
SHAPES = {
    "9": ("<!-- ~tc~ (alias(Old Wells – RCT 2008)) ~/tc~ -->", ""),
    "13": (f"Peas.\n\n{DUMP}", "Peas."),
    "14": ("{{< toc >}} \n\n---\n\n#### H", "#### H"),
    "15": ('<div class="border" style="padding:15px;width:800px">\n\nPeas.', f"{BOX}\n\nPeas.\n\n</div>"),
    "16": ("* a\n\n* b\n\n</div>\n\ntext", "* a\n* b\n\ntext"),
    "17": ('<div class="border" style="padding:15px;width:>85%">\n\nPeas.\n\n</div>', f"{BOX}\n\nPeas.\n\n</div>"),
    "18, wrappers": ("<div class=border>\n<strong>\nPeas.\n</strong>\n</div>", f"{BOX}\n\nPeas.\n\n</div>"),
    "18, a row": ('<div class="border">\n| a | b |\n</div>', f"{BOX}\n\n| a | b |\n| --- | --- |\n\n</div>"),
    "18, a mark": ('<div class="border">\n1. # <span>t</span>\n</div>', f"{BOX}\n\nt\n\n</div>"),
    "19": (" **Wells stay clear ...** ", "**Wells stay clear ...**"),
    "20": (' **<span style="color:#00F;">AND</span>**  young', "**AND** young"),
    "21": ('<span style="color:#F00;"><10% of wells</span>', "&lt;10% of wells"),
    "21, bare": ("(P<0.05) <5 <au 2018>", "(P&lt;0.05) &lt;5 &lt;au 2018>"),
    "22": ("<span>[25(OH)D]</span>", "\\[25(OH)D\\]"),
    "23": ("<span>[Tiki-index. PHP? page_id=931]</span>", "[Tiki-index. PHP? page\\_id=931](/pages/deep-wells/)"),
    "23, unknown": ("<span>[Tiki-index. PHP? page_id=404]</span>", "\\[Tiki-index. PHP? page\\_id=404\\]"),
    "24": (
        f'**{ICON}<a href="https://files.garden-wiki.example/a.pdf">Download the PDF from GardenWiki </a>** ',
        "**[Download the PDF from GardenWiki](https://files.garden-wiki.example/a.pdf)**",
    ),
    "25, known": (
        f'<a href="/posts/deep-wells" {RED}Deep wells">Deep wells</a>',
        "[Deep wells](/pages/deep-wells/)",
    ),
    "25, unknown": (f'<a href="/posts/x" {RED}X">X</a>', "X"),
    "26": ("[Clear water - many wells](/posts/clear-water)", "[Clear water - many wells](/pages/clear-water/)"),
    "27": ("[Soil and water](/tags/soil.html)", "[Soil and water](/tags/soil/)"),
    "28": ('[ **<span style="color:#30F;">Over</span>** ](/tags/span-stylecolor30foverspan.html)', "**Over**"),
    "29": ("[ng/mL](ng/mL), [RR = 1.59, 95%CI](RR%20=%201.59,%2095%CI)", "\\[ng/mL\\], \\[RR = 1.59, 95%CI\\]"),
    "30": (
        "[doi: 10.5555/EJE-13-0068.](https://doi.org/10.5555/EJE-13-0068.)",
        "[doi: 10.5555/EJE-13-0068](https://doi.org/10.5555/EJE-13-0068).",
    ),
    "31": ("[a](http://www.conference.example/%20)", "[a](http://www.conference.example/)"),
    "32": (
        "[a](https://www.Garden-Wiki.example/tiki-index.php?page=Deep%20wells%20in%20clay%20%E2%80%93%20June%202019)",
        "[a](/pages/deep-wells/)",
    ),
    "33": ('<img src="/attachments/d3.mock.jpg" alt="image" width="600">', ""),
    "34": ('{IMG(attId="4376, 4377,4378" max="500")}{IMG}', ""),
    "35": ("1. a\n\n1. b\n\n   * c\n\n1. d", "1. a\n2. b\n    * c\n3. d"),
    "36": ("* 6. Spade KA, Rake MT.\n\n* 7. Hoe AB.", "6. Spade KA, Rake MT.\n7. Hoe AB."),
    "37": ("| | |\n| --- | --- |\n| Litres | weight |", "| Litres | weight |\n| --- | --- |"),
    "38": ("&nbsp; &nbsp;text\u00a0a\u2009b\u200bc", "text a bc"),
    "39": ("pain.â€\x9d CÃ\xadrculo ... São Paulo", "pain.” Círculo ... São Paulo"),
    "40": (
        " **PDF is attached at the bottom of this page** \n\nPeas.\n\n **Short URL =**  http://is.gd/x",
        "Peas.",
    ),
    "rules": ("a\n\n- - - -\n\nb\n\n– – –\n\nc\n\n--\n\nd", "a\n\n---\n\nb\n\n---\n\nc\n\n---\n\nd"),
    "x": ("ur<x>l", "url"),
    "remnants": ("~~#F00:red~~ ((Deep wells in clay|deep)) __bold__", "red [deep](/pages/deep-wells/) **bold**"),
    "frames": ('<iframe src="http://www.garden.example/" frameborder="0"></iframe>', "<http://www.garden.example/>"),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_of_the_catalogue_becomes_what_it_says(shape: str) -> None:
    source, body = SHAPES[shape]
    cleaned = clean(source)
    assert cleaned.body == body
    assert not codes(cleaned) & ACCOUNT


# What came out wrong once, with what should come out.
FAULTS = {
    "a control character as entity": ("a&#1;b", "ab"),
    "a tag in spaced bold": ('** <span style="color:#00F;">Peas</span> **', "**Peas**"),
    "a carriage return as an entity in code": ("<pre>peas&#13;beans</pre>", "```\npeas\nbeans\n```"),
    "a carriage return as an entity in the title of a box": (
        '{BOX(title="peas&#13;beans")}a{BOX}',
        '<div class="box" markdown="1">\n\n**peas beans**\n\na\n\n</div>',
    ),
    "code in an item that begins with a list": (
        "* * peas\n\n  ```\n  leek\n  ```\n\nbeans",
        "* * peas\n\n   ```\n   leek\n   ```\n\nbeans",
    ),
    "a comment in spaced bold": ("** a <!-- b --> c **", "**a c**"),
    "an entity in spaced bold": ("** a &deg; **", "**a °**"),
    "a plugin mark in spaced bold": ("** ~~#F00:x~~ **", "**x**"),
    "a backslash at the end of a wiki link": ("((Deep wells in clay|C:\\)) b", "[C:\\\\](/pages/deep-wells/) b"),
    "a backslash at the end of spaced bold": ("**C:\\ ** b __C:\\ __ d", "C:\\ b C:\\ d"),
    "a backslash at the end of a link": ("[C:\\ ](/931) b", "[C:\\\\](/pages/deep-wells/) b"),
    "an entity in a wiki link": ("((Deep wells in clay|5 &deg;))", "[5 °](/pages/deep-wells/)"),
    "an exclamation before an HTML link": ('Wow!<a href="/931">x</a>', "Wow\\![x](/pages/deep-wells/)"),
    "an exclamation before a tag": ("Wow!</b>[x](/931)", "Wow\\![x](/pages/deep-wells/)"),
    "an exclamation before two tags": ('Wow!<span><a href="/931">x</a></span>', "Wow\\![x](/pages/deep-wells/)"),
    "brackets before two tags": ("Peas[5]<span><b></b>(see)</span>", "Peas\\[5\\](see)"),
    "words in brackets before a path with blanks": (r"Peas \[5\](/beds and more)", r"Peas \[5\](/beds and more)"),
    "an address before an underscore that is escaped": (r"http://beds.example/a\_ b", r"<http://beds.example/a>\_ b"),
    "paragraphs of HTML in cells": (
        "| <p>1. peas</p> | <p>= beans</p> |\n| --- | --- |",
        "| 1. peas | = beans |\n| --- | --- |",
    ),
    "an exclamation before a lone mark of bold": ("Sow!**[x](/931)", "Sow\\![x](/pages/deep-wells/)"),
    "an exclamation before bold that a heading loses": ("# Sow!**[x](/931)**", "# Sow\\![x](/pages/deep-wells/)"),
    "an exclamation before two lone marks of bold": ("Sow!****[x](/931) **a**", "Sow\\![x](/pages/deep-wells/) **a**"),
    "an exclamation before a lone mark and a link that goes": ("Sow!**[x](/404)", "Sow!x"),
    "an exclamation before a page as an address": (
        "Sow!<http://garden-wiki.example/Soil>",
        "Sow\\![http://garden-wiki.example/Soil](/tags/soil/)",
    ),
    "an exclamation before the rest of a marker": ("Sow!FONT}[x](/931)", "Sow\\![x](/pages/deep-wells/)"),
    "an exclamation as an entity": ("Sow&#33;[x](/931) &excl;", "Sow\\![x](/pages/deep-wells/) !"),
    "a link of the old wiki in a link of HTML": (
        '<a href="https://beds.example/a">The ((Deep wells in clay|wells)) of May</a>',
        "[The](https://beds.example/a) [wells](/pages/deep-wells/) of May",
    ),
    "two links in a link, and words behind them": (
        "[The \\[5\\] [wells](/931) and [peas](https://beds.example/p) of May](https://beds.example/a)",
        "[The \\[5\\]](https://beds.example/a) [wells](/pages/deep-wells/) and [peas](https://beds.example/p) of May",
    ),
    "a link in a link without words of its own": ("[[wells](/931)](/931)", "[wells](/pages/deep-wells/)"),
    "a link of Markdown in a link of HTML": (
        '<a href="https://beds.example/a">The [wells](/931) of May</a>',
        "The [wells](/pages/deep-wells/) of May",
    ),
    "an image in a link": (
        "[![](/x.png)](/931) [![](/x.png) wells](/931)",
        "[![](/x.png)](/pages/deep-wells/) [![](/x.png) wells](/pages/deep-wells/)",
    ),
    "brackets of the old wiki that are escaped": (
        "\\((Deep wells in clay|wells))",
        "\\((Deep wells in clay&#124;wells))",
    ),
    "a lone mark in what is no entity": ("&quo**t; &am<u>p</u>; &lt~~F00:~~;", "&amp;quot; &amp;amp; &amp;lt;"),
    "an address with what is no entity": ("http://beds.example/a&b;c", "<http://beds.example/a&b;c>"),
    "an address with an entity that is none": (
        "http://beds.example/?a&amp;copy;c",
        "<http://beds.example/?a&amp;copy;c>",
    ),
    "a garbled address of HTML": (
        '<a href="http://beds.example/\u00c3\u00a9">x</a>',
        "[x](http://beds.example/\u00e9)",
    ),
    "an address in emphasis before a letter": ("<i>http://beds.example/a</i>s", r"\*<http://beds.example/a>\*s"),
    "a star before emphasis in emphasis": ("***peas*5*", r"\***peas*5*"),
    "empty lines at the start of a quotation": ("> \n>\n> Peas\n\n* > \n  > beans", "> Peas\n\n* > beans"),
    "an item of a quotation that begins below its mark": ("> 1. \n>    peas\n> 2. beans", "> 1. peas\n> 2. beans"),
    "a definition with its title on a line of its own": (
        "[a]: /931\n'Beds'\n\n* [b]: /931\n  (Beds)\n* see [a], [b]",
        "* see [a](/pages/deep-wells/), [b](/pages/deep-wells/)",
    ),
    "a blank behind a link": ("[x](/931)(&nbsp;2013)", "[x](/pages/deep-wells/)( 2013)"),
    "a number behind a link": ("[x](/931)(<5)", "[x](/pages/deep-wells/)(&lt;5)"),
    "a marker between brackets": ("Peas[5]{SPLIT}(see)", "Peas\\[5\\](see)"),
    "words between markers": ("Kale{GROUP(groups=Friends)}peas{ELSE}beans.{GROUP}Leek", "Kale peas beans. Leek"),
    "blanks at the edges of highlighted words": (
        "See{{< highlight >}} peas {{< /highlight >}}and {CODE()}\tkale {CODE} leek",
        "See `peas` and `kale` leek",
    ),
    "the caption of code in an item, a cell and a heading": (
        (
            "* {CODE(caption=Beds)}a b{CODE}\n\n||See{CODE(caption='In May')} c {CODE}|d||\n\n"
            "# {CODE(caption=Kale)}e{CODE}\n\nf"
        ),
        "* **Beds** `a b`\n\n| See **In May** `c` | d |\n| --- | --- |\n\n# Kale `e`\n\nf",
    ),
    "the caption of code in a quotation": (
        "> Sow\n>\n> {CODE(caption=In May, colors=ini)}\n> a b\n> {CODE}\n> Thin {CODE(caption=Beds)}c{CODE}",
        "> Sow\n>\n> **In May**\n>\n> ```\n> a b\n> ```\n>\n> Thin **Beds** `c`",
    ),
    "references of Hugo": (
        "[a]({{< ref \"deep-wells.md#top\" >}}), [b]({{% relref '/posts/deep-wells/' %}}), [c]({{< ref lost-beds >}})",
        "[a](/pages/deep-wells/), [b](/pages/deep-wells/), [c](/pages/lost-beds/)",
    ),
    "code on both sides of a tag": ("`a`<u>`c`</u>", "`a` `c`"),
    "back-ticks on both sides of a tag": ("``<u></u>`\n\nb", "\\`\\` \\`\n\nb"),
    "titles of plugins": (
        '{FADE(label="More beds",icon="y")}Peas.{FADE}\n\nSee {FADE(label=\'<b>5 < 6\')}kale{FADE}',
        "**More beds**\n\nPeas.\n\nSee\n\n**5 &lt; 6**\n\nkale",
    ),
    "names of tabs": (
        '{TABSET()}\n{TAB(name="Peas")}\nIn May.\n{TAB}\n{TAB(name=Beans)}In June.{TAB}\n{TABSET}',
        "**Peas**\n\nIn May.\n\n**Beans**\n\nIn June.",
    ),
    "names of tabs without plugins of their own": (
        '{TABS(name="t" tabs="Peas|Beans|Kale")}\nIn May.\n/////\nIn June./////In July.\n{TABS}/////',
        "**Peas**\n\nIn May.\n\n**Beans**\n\nIn June.\n\n**Kale**\n\nIn July.\n/////",
    ),
    "what parts tabs, shown as code": (
        '{TABS(tabs="Peas|Beans")}\nWrite `/////`:\n\n```\n/////\n```\n\n/////\nIn June.\n{TABS}',
        "**Peas**\n\nWrite `/////`:\n\n```\n/////\n```\n\n**Beans**\n\nIn June.",
    ),
    "who is quoted": ('{QUOTE(replyto="A gardener")}Peas.{QUOTE}', "**A gardener**\n\nPeas."),
    "the head of a table of the old wiki": (
        '{FANCYTABLE(head="Bed | Soil")}\nPeas | clay\n{FANCYTABLE}',
        "| Bed | Soil |\n| --- | --- |\n| Peas | clay |",
    ),
    "words of plugins in a line": (
        'See {BUTTON(href="x.php",_text="the [beds]")}{BUTTON}, {button _text="kale"}, {MOUSEOVER(label="peas")}green.',
        "See **the \\[beds\\]**, **kale**, **peas** green.",
    ),
    "titles of plugins in an item and a cell": (
        '* {FADE(label="Peas")}In May.{FADE}\n\n| a |\n| --- |\n| {FADE(label="Kale")}In July.{FADE} |',
        "* **Peas** In May.\n\n| a |\n| --- |\n| **Kale** In July. |",
    ),
    "a word with a marker in it": ('W{FONT(size="4")}e{FONT}lls', "Wells"),
    "a spoken id that is a link": (
        "[Tiki-index. PHP? page_id=931](/931)",
        "[Tiki-index. PHP? page\\_id=931](/pages/deep-wells/)",
    ),
    "a head and a body of a table": (
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
        "| a |\n| --- |\n| b |",
    ),
    "the caption of a table": (
        (
            "<table>\n  <caption>Beds<br>of <b>May</b>\n  and June</caption>\n<colgroup></colgroup>\n"
            "  <thead>\n  <tr><th>a</th><th>b</th></tr></thead>\n<tr><td>c</td><td>d</td></tr></table>"
        ),
        "Beds\\\nof **May** and June\n\n| a | b |\n| --- | --- |\n| c | d |",
    ),
    "words before and between the rows of a table": (
        "<table>Beds\nof May<tr><td>a</td></tr>and\nJune<tr><td>b</td></tr></table>",
        "Beds of May\n\n| a | |\n| --- | --- |\n| and June | b |",
    ),
    "a tab behind a bullet": ("*\tpeas", "* peas"),
    "an index that is empty": ("<sup>\u200b</sup>peas", "peas"),
    "an index around a table": ("<sup>a\n| b |\n|---|\n| c |\n</sup>", "a\n\n| b |\n| --- |\n| c |"),
    "bold around a break": ("<b>a<br>b</b> c", "**a\\\nb** c"),
    "a break at the edge of bold": ("x<b><br>Beds:<br /></b>y", "x\\\n**Beds:**\\\ny"),
    "a break in a span": ("<p>a <span>b<br>c</span></p>", "a b\\\nc"),
    "a break in emphasis": ("<p><i>12 Road<br>Town</i></p>", "*12 Road\\\nTown*"),
    "a break in an item of HTML": (
        "<ul><li>One<ul><li>in<br>two<br></li></ul></li></ul>",
        "* One\n    * in\\\n        two",
    ),
    "breaks at the edges of a paragraph": ("<p><br>a<br></p>b", "a\n\nb"),
    "two breaks in a paragraph": ("<p>a<br><br>- b</p>", "a\n\n\\- b"),
    "a mark behind a break of HTML": ("<p>a<br># b<br>1. c<br>- d</p>", "a\\\n\\# b\\\n1\\. c\\\n\\- d"),
    "a sign behind a break": ("a<br># b<br>> 5", "a\\\n\\# b\\\n\\> 5"),
    "a blank around a break": ("**a \\\n  b**", "**a\\\nb**"),
    "a typographic hyphen in an address of HTML": (
        '<a href="https://beds.example/a\u2010b">c</a>',
        "[c](https://beds.example/a%E2%80%90b)",
    ),
    "odd characters in the words of an image": (
        '<img src="https://beds.example/a.png" alt="\ufb01ve beds, it\u00e2\u20ac\u2122s">',
        "![five beds, it\u2019s](https://beds.example/a.png)",
    ),
    "odd characters in the title of a box": (
        '{BOX(title="\ufb01ve &nbsp; beds")}a{BOX}',
        f"{BOX}\n\n**five beds**\n\na\n\n</div>",
    ),
    "signs that begin items of HTML": (
        "<ol><li># of beds</li><li>>= 5 bees</li><li>\n  > many\n</li><li>~~~sow</li><li>```dig</li></ol>",
        "1. \\# of beds\n2. \\>= 5 bees\n3. \\> many\n4. &#126;&#126;&#126;sow\n5. \\`\\`\\`dig",
    ),
    "code in an item of HTML": ("<ul><li>a<pre>b *b*</pre>c</li></ul>", "* a `b *b*` c"),
    "code in a cell": ("<table><tr><td>a<pre>b\nc</pre>d</td></tr></table>", "| a `b`<br>`c` d |\n| --- |"),
    "back-ticks in paragraphs of a cell": (
        "<table><tr><td><p>5` long</p><p>dug</p><p>6` wide</p></td></tr></table>",
        "| 5` long  dug  6` wide |\n| --- |",
    ),
    "markup in code in a cell": (
        "<table><tr><td><pre>a|&lt;b\nc</pre></td></tr></table>",
        "| a\\|&lt;b<br>c |\n| --- |",
    ),
    "lines of code in an item of HTML": (
        "<ul><li><p>a</p><pre><code>b\n  * c\n\n1. d\n</code></pre>\n</li><li>e<pre>f\ng</li></ul>",
        "* a\n\n    `b`\\\n    `* c`\\\n    `1. d`\n\n* e\n\n    f g",
    ),
    "a list of HTML with its numbers": (
        '<ol start="5"><li>a</li><li>b</li></ol><p>c</p><ol><li value="7">d</li></ol>',
        "5. a\n6. b\n\nc\n\n7. d",
    ),
    "words behind a frame": (
        'a\n\n<frame src="https://e.example/"> b\n\n<iframe src="https://f.example/"></iframe>',
        "a\n\n<https://e.example/> b\n\n<https://f.example/>",
    ),
    "a blank in an address": (
        "[a](https://e.example/b c.pdf) ![](/x  y (2012) z.png) [d](/931 'title')",
        "[a](https://e.example/b%20c.pdf) ![](/x%20y%20%282012%29%20z.png) [d](/pages/deep-wells/)",
    ),
    "a blank in an autolink": ("<http://e.example/a&nbsp;b>", "<http://e.example/a%20b>"),
    "an address that is shortened": ("see http://e.example/a_b#c...", "see http://e.example/a\\_b#c..."),
    "an address with an escaped sign": ("see http://e.example/a\\_b.", "see <http://e.example/a_b>."),
    "an address in wide punctuation": (
        "http://e.example/a，（http://e.example/b）",
        "<http://e.example/a>，（<http://e.example/b>）",
    ),
    "an empty reference": ("[x][]\n\n[x]: /931", "[x](/pages/deep-wells/)"),
    "spaced bold before a link": (
        '**See: **[a](/b) **or **`c`, **d **(e **f **), **g **"h".',
        '**See:** [a](/pages/b/) **or** `c`, **d** (e **f**), **g** "h".',
    ),
    "spaced bold behind a link": ("`a`** b**, (** c**)", "`a` **b**, (**c**)"),
    "bold before a link that goes": ("**Note:**[see](tiki-x.php)", "**Note:** see"),
    "a number behind a link that goes": ("[Beds](tiki-x.php)2019", "Beds 2019"),
    "a blank in a link that goes": ("see [M ](tiki-x.php) next", "see M next"),
    "an address whose link goes": ("[https://e.example/](tiki-x.php)", "<https://e.example/>"),
    "rows that were cut off": (
        "| a | b |\n|---|---|\n| c | d |\n\n| e | f |  \n| g | h |",
        "| a | b |\n| --- | --- |\n| c | d |\n| e | f |\n| g | h |",
    ),
    "rows that were cut off, the last one without a pipe at its end": (
        "| a | b |\n|---|---|\n| c | d |\n\n | e | f |\n| g\n\n| h",
        "| a | b |\n| --- | --- |\n| c | d |\n| e | f |\n| g | |\n\n&#124; h",
    ),
    "a pipe that ends a table": (
        "| a | b |\n|---|---|\n| c | d |\n|\n| e | f |",
        "| a | b |\n| --- | --- |\n| c | d |\n| e | f |",
    ),
    "an index alone on its line": ("<sub>\nSee [x](/931)\n</sub>", "<sub>See [x](/pages/deep-wells/)</sub>"),
    "an index alone on its line below a heading": ("# a\n<sub>\nb</sub>", "# a\n\n<sub>b</sub>"),
    "an index around a paragraph": ("<sub>\n\na\n\n</sub>", "a"),
    "a star that is a word in emphasis": ("_*p<5_", "*\\*p&lt;5*"),
    "HTML that is shown": ("<pre>&lt;b&gt;x&lt;/b&gt; [a](b)</pre>", "```\n<b>x</b> [a](b)\n```"),
    "a list glued to a heading, and a number sign": (
        f"## {'Beds ' * 25}1. in rows 2. in hills#",
        f"## {'Beds ' * 25}".rstrip() + "\n\n1. in rows\n2. in hills#",
    ),
    "items that a tab nests": (
        "* a\n\t* b\n\t* <!-- c -->\n\n\t\t1. d\n* e",
        "* a\n    * b\n    * 1\\. d\n* e",
    ),
    "a line of an item that becomes an item where it comes to": ("   * a\n    * b", "* a\n* b"),
    "items in lists of tabs": ("1. a\n\t1. b\n\n\t\t* c\n2. d", "1. a\n    1. b\n        * c\n2. d"),
    "the text `image`": ("![image](/x.png)", "![](/x.png)"),
    "a title in single marks": ("[a](/931 'title')", "[a](/pages/deep-wells/)"),
    "an address in angle brackets": ("[a](<https://e.example/b c>)", "[a](https://e.example/b%20c)"),
    "an image by reference": ("![x][a] ![a]\n\n[a]: /x.png", "![x](/x.png) ![a](/x.png)"),
    "a bold star": ("3  *****  peas", r"3 **\*** peas"),
    "a lone mark of bold and an address": (
        "Peas ** late <http://e.example/a**b>",
        "Peas late <http://e.example/a**b>",
    ),
    "a lone mark of bold and code": ("Peas ** late\n\n```\n2 ** 3\n```", "Peas late\n\n```\n2 ** 3\n```"),
    "a rule of stars": ("3\n\n *****\n\npeas", "3\n\n---\n\npeas"),
    "a fence with blanks before it": ("Peas\n\n  ```\n  a\n   b\n c\n ```", "Peas\n\n```\na\n b\nc\n```"),
    "a language that markdown2 knows no fence of, and code that would act": (
        "```c#\n<b onclick=a()>\n```\n\n```c#\n<b>\n```",
        "```\n<b onclick=a()>\n```\n\n```c#\n<b>\n```",
    ),
    "blanks in an empty line of a quotation": ("> a\n>      \n>     b\n>\t\n> c", "> a\n>\n>     b\n>\n> c"),
    "code and words of a quotation": (
        "> a\n> ```\n> b\n>\n> c\n> ```\n> `<d>`",
        "> a\n>\n> ```\n> b\n>\n> c\n> ```\n>\n> `<d>`",
    ),
    "the sign of a definition with a blank behind it ends words of a quotation": (
        "> a\n>\t: \n>\n>     <b c=d>",
        "> a\n> &#58;\n>\n>     <b c=d>",
    ),
    "the end of a box in code of a quotation in it": (
        '<div class="border">\n\n> a\n>\n>     </div><b c=d>\n\n</div>',
        '<div class="box" markdown="1">\n\n> a\n>\n> &lt;/div>&lt;b c=d>\n\n</div>',
    ),
    "blanks at the ends of blocks in an item": (
        "* a \n\n    b  \n\n    ```\n    c \n    ```",
        "* a\n\n    b\n\n    ```\n    c \n    ```",
    ),
    "a list that moves to the first column, and a fence behind it": (
        "  * a\n\n   ```\n   b\n     c\n```\n\n# d\n\ne",
        "* a\n\n```\nb\n  c\n```\n\n# d\n\ne",
    ),
    "a list that moves to the first column, and words behind it": ("   1. a\n\n   b\n   c", "1. a\n\nb\nc"),
    "a list whose marks get narrow, and code behind it": (
        "*    a\n\n    b `c`\n\n\td\n\ne",
        "* a\n\n```\nb `c`\n\nd\n```\n\ne",
    ),
    "a list whose marks are wide in a quotation": (">  *  a\n>\n>      b", "> * a\n>\n>     b"),
    "a fence that nothing closes in an item": ("* a\n\n    ```\n    b", "* a\n\n    ```\n    b\n    ```"),
    "a fence that nothing closes in a quotation": ("> ```\n> b", "> ```\n> b\n> ```"),
    "a fence that nothing closes in the rest of an item": (
        "* a\n\n> > - b\n> > ```\n> > c",
        "* a\n\n    > * b\n    >\n    > ```\n    > c\n    > ```",
    ),
    "a mark far behind that of a quotation": ("> a\n>     * b", "> a\n>     * b"),
    "a fence with nothing behind it": ("Peas\n\n```", "Peas\n\n```\n```"),
    "a fence with nothing behind it in a box": (
        '<div class="box">\n\n```\n',
        '<div class="box" markdown="1">\n\n```\n```\n\n</div>',
    ),
    "a fence that stands among code": ("```\n> ```", "````\n> ```\n````"),
    "a number that gets wider above code": (
        "\n".join(["1. a"] * 9) + "\n1. b\n\n       c",
        "\n".join(f"{number}. a" for number in range(1, 10)) + "\n10. b\n\n        c",
    ),
    "lists that touch": ("1. a\n\n1) b", "1. a\n\n1) b"),
    "an empty quotation of HTML in another one": ("<blockquote><blockquote></blockquote>a</blockquote>", "> a"),
    "a heading that ends in a backslash": ("# a\\\\\nb", "# a\\\\\n\nb"),
    "lists that touch in an item": ("* a\n  1. b\n  1) c", "* a\n    1. b\n\n    1) c"),
    "a link by reference": ("[x][a]\n\n[a]: /931", "[x](/pages/deep-wells/)"),
    "a definition before all else": ("[a]: /931\n\nsee [a]", "see [a](/pages/deep-wells/)"),
    "a definition and nothing else": ("[a]: /931", ""),
    "an item of a definition alone, below words": (
        "1. x\n   * [a]: /931\n2. see [a]",
        "1. x\n2. see [a](/pages/deep-wells/)",
    ),
    "a definition between an item and code": ("* x\n\n[a]: /931\n\n    peas", "* x\n\n```\npeas\n```"),
    "words below a definition in a quotation, without its mark": (
        "> x\n>\n> [a]:\n/931\nsee [a]",
        "> x\n>\n> see [a](/pages/deep-wells/)",
    ),
    "a definition between a list and words": ("* x\n\n[a]: /931\nsee [a]", "* x\n\nsee [a](/pages/deep-wells/)"),
    "a note in HTML that looks like a definition": (
        "<p>[1]: https://beds.example/peas</p>\n\nBeds",
        "\\[1\\]: <https://beds.example/peas>\n\nBeds",
    ),
    "a note behind a mark that looks like a definition": ("===[Note]: sow===\n\nBeds", "\\[Note\\]: sow\n\nBeds"),
    "an item that looks like a definition": ("\u2022[a]: peas\nBeds", "* \\[a\\]: peas\nBeds"),
    "code that looks like a definition": ("{CODE()}\n[a]: 1\n{CODE}", "```\n[a]: 1\n```"),
    "an image by reference with words on two lines": ("![red\npeas][x]\n\n[x]: /x.png", "![red\npeas](/x.png)"),
    "an address in angle brackets and a title": (
        "[a](</931> 'title') [b](<https://e.example/b c> \"t\")",
        "[a](/pages/deep-wells/) [b](https://e.example/b%20c)",
    ),
    "an address in angle brackets behind blanks": ("[a]( </931>)", "[a](/pages/deep-wells/)"),
    "a paragraph behind a list that is indented": (" 1. a\n\n   b", "1. a\n\nb"),
    "code behind a list that is indented": (
        " * a\n  ```\n  b\n    c\n  ```",
        "* a\n\n```\nb\n  c\n```",
    ),
    "a heading and text in an item": ("* # a\n  b\n  **c**\n* d", "* # a\n\n    b\n    **c**\n\n* d"),
    "code and text in an item": ("* ```\n  a\n  ```\n  b\n* c", "* ```\n  a\n  ```\n\n    b\n\n* c"),
    "a list that begins when a mark moves": ("1.   a\n\t* b", "1. a\n    * b"),
    "blanks behind tags of blocks": (
        "<ul><li>    a</li></ul>    b<p>c</p>    d<tr>    e</tr>    f<h2>g</h2>    h<hr>    i",
        "* a\n\nb\n\nc\n\nd\n\ne\n\nf\n\n## g\n\nh\n\n---\n\ni",
    ),
    "a hard break that is first in an item": ("* \\\n  a\n* <br>b\n* <br> <br># c", "* a\n* b\n* \\# c"),
    "a hard break behind a bullet of text": ("\u2022<br>a", "* a"),
    "a hard break behind a lone mark in an item": ("1. **<br>a", "1. a"),
    "a hard break behind a mark of emphasis": ("_<br>a_", "*\\\na*"),
    "a tilde as an entity": ("a &#126; b", "a &#126; b"),
    "a sign of a box as an entity": ("&#94;a^", "&#94;a^"),
    "a number in code that becomes text": ("`` 1. `<b>` ``", r"1\. \`&lt;b>\`"),
    "code that leads to a script": ("`` `[a](vbscript:b)` ``", r"\`\[a\](vbscript:b)\`"),
    "code that leads to data": ("`` `[a](data:b)` ``", r"\`\[a\](data:b)\`"),
    "an odd blank in code that becomes text": ("`` `<b>`\u00a0a ``", r"\`&lt;b>\` a"),
    "a number behind a sign of the return key": ("\u21b51. a", r"1\. a"),
    "words that look like an item, too deep for one": ("a\n    3. b", "a\n3\\. b"),
    "a number with a point behind a break": ("1. \\\n3.5", "1. 3.5"),
    "a line of equals signs behind a break": ("a<br>=", "a\\\n&#61;"),
    "underlined words behind a tag": ("<p>===peas===</p>", "peas"),
    "an odd blank before what is no mark": ("a\\\n\u00a0# b\n&nbsp;* c\n\u00a02. d", "a\\\n\\# b\n\\* c\n2\\. d"),
    "words of a link that begin as a block does": (
        "[1. Beds](#a)\n\n[# Peas](#a)\n\n> [+ Dig](#a)\n\n<a href='#a'>- Rake</a>\n\n* [2. Wells](#a)",
        "1\\. Beds\n\n\\# Peas\n\n> \\+ Dig\n\n\\- Rake\n\n2. Wells",
    ),
    "an escape below the mark of an item": ("* a\n*\n  \\# b\n*\n  \\[c\\]", "* a\n* \\# b\n* \\[c\\]"),
    "code in a quotation that ends without its fence": ("> ```\n> a\n\nb", "> ```\n> a\n> ```\n\nb"),
    "code without its end in a quotation above another one": ("> ```\n> a\n\n> b", "> ```\n> a\n> ```\n>\n> b"),
    "code without its end in an item above a quotation": (
        "* a\n\n  ```\n  b\n\n> c",
        "* a\n\n    ```\n    b\n    ```\n\n    c",
    ),
    "tabs and blanks before blocks of a quotation that becomes the rest of an item": (
        "* a\n\n>\t## b\n>\n>   c\n>\n>   ```\n>     d\n>   ```\n> * e",
        "* a\n\n    ## b\n\n    c\n\n    ```\n      d\n    ```\n\n    * e",
    ),
    "blanks behind the line under a heading": ("a\n====  \nb", "# a\n\nb"),
    "words of a link in an item that begin as a block does": (
        "* [+ Dig](#a)\n* [# Peas](#a)\n* [> Beds](#a)\n\nRake\n\n> 1. [- Wells](#a)",
        "* \\+ Dig\n* \\# Peas\n* \\> Beds\n\nRake\n\n> 1. \\- Wells",
    ),
    "code that comes together when a link goes": (
        "<a href='#a'><code>dig</code></a>`()` <code>a</code><i></i><code>b</code>",
        "`dig` `()` `a` `b`",
    ),
    "two breaks in a quotation": ("> peas<br><br>beans\n> kale", "> peas\n>\n> beans\n> kale"),
    "paragraphs and a list of HTML in a quotation": (
        "> <p>peas<br>beans</p>\n> <ul>\n> <li>kale</li>\n> </ul>\n> dig\n\nrake",
        "> peas\\\n> beans\n>\n> * kale\n>\n> dig\n\nrake",
    ),
    "empty lines and blanks between paragraphs of a quotation": ("> a  \n>\n> \n>\n> b", "> a\n>\n> b"),
    "a break that begins a paragraph of an item": ("* a\n\n    <br>b\n\n* c", "* a\n\n    b\n\n* c"),
    "images of Markdown in a link of HTML": (
        '<a href="https://a.example/k">![a&nbsp;b](https://a.example/c_(d).png "[e]") ![f] [1]</a>',
        "[![a b](https://a.example/c_%28d%29.png) !\\[f\\] \\[1\\]](https://a.example/k)",
    ),
    "short markers of players without quotation marks": (
        "{vimeo url=https://a.example/1} {youtube movie=https://a.example/2 width=3}",
        "<https://a.example/1> <https://a.example/2>",
    ),
    "an empty paragraph and a table first in an item of HTML": (
        "<ul><li><p>&nbsp;</p><p>peas</p></li><li>\n<table>\n<tr>\n<td>dig</td>\n</tr>\n</table></li></ul>",
        "* peas\n* dig",
    ),
    "an address of the old wiki with three parts in a cell of HTML": (
        "<table><tr><td>[https://a.example/x|peas|nocache]</td></tr></table>",
        "| [peas](https://a.example/x) |\n| --- |",
    ),
    "bold emphasis in an item below an item": ("* a\n** b ***c***\n* d", "* a\n    * b ***c***\n* d"),
    "the end of a box behind a paragraph of HTML without an end": (
        f"{BOX}\n\n<p>peas\n\n</div>\n\nbeans",
        f"{BOX}\n\npeas\n\n</div>\n\nbeans",
    ),
    "emphasis of HTML that does not end in its item": (
        "<ul><li>dig <i>peas</li><li><i>and</i> rake <b>kale</li><li><i>beans<ol><li>cress</ol></i></li></ul>",
        "* dig peas\n* *and* rake kale\n* beans\n    1. cress",
    ),
    "bold emphasis of Markdown that begins a paragraph of HTML": (
        "<p>***peas***</p><div>___beans___</div><p>***</p>",
        "***peas***\n\n***beans***\n\n\\***",
    ),
    "blocks of HTML on the line of an item": (
        "1. peas <ul><li>a</li></ul> beans <p>c</p>\n   * d\n2. kale <pre>e\nf</pre>\n3. dig",
        "1. peas\n    * a\n\n    beans\n\n    c\n\n    * d\n\n2. kale\n\n    ```\n    e\n    f\n    ```\n\n3. dig",
    ),
    "a table of HTML in a quotation": (
        "> <table>\n> <tr>\n> <td>peas</td>\n> <td>in\n> March</td>\n> </tr>\n>\n> </table>\n>\n> dig",
        "> | peas | in March |\n> | --- | --- |\n>\n> dig",
    ),
    "a break in a table in an item below an item": (
        "* a\n\n    * b <table><tr><td>peas<br>kale</td></tr></table>",
        "* a\n\n    * b\n\n        | peas<br>kale |\n        | --- |",
    ),
    "a break in a table of Markdown in an item below an item": (
        "* a\n\n    * b\n\n        | peas<br>kale | dig |\n        | --- | --- |",
        "* a\n\n    * b\n\n        | peas<br>kale | dig |\n        | --- | --- |",
    ),
    "a quotation of HTML that ends on the line of an item": (
        "<blockquote>\n\n* peas\n* kale</blockquote>\n\nrake\n\n<blockquote>\n1. beans <p>cress</p></blockquote>\ndig",
        "> * peas\n> * kale\n\nrake\n\n> 1. beans\n>\n> cress\n\ndig",
    ),
    "a quotation of HTML that ends in one of Markdown": (
        "<blockquote>\n\npeas\n\n> kale <b>x</b></blockquote>\n\ndig",
        "> peas\n>\n> > kale **x**\n\ndig",
    ),
    "words right below HTML in a quotation": (
        "> <p>peas</p>\nkale\n\n> <ul><li>beans</li></ul>\ncress",
        "> peas\n\nkale\n\n> * beans\n\ncress",
    ),
    "outer cells that are blank": (
        "&nbsp; | Beds | \u00a0\n-- | -- | --\n&nbsp; | peas | dig&nbsp;",
        "| | Beds | |\n| --- | --- | --- |\n| | peas | dig |",
    ),
    "a line of a grid table": ("+=====+===+", "+=====+===+"),
    "an escape behind a link": ("[a](/b 'c') don\\'t\n[a](b c don\\'t", "[a](/pages/b/) don't\n\\[a\\](b c don\\'t"),
    "an item that begins below its mark": ("* # a\n*\n  b\n  c", "* # a\n\n* b\n  c"),
    "a plugin mark around a tag": ("a {SPL<b>IT} b", "a b"),
    "a mark of the old wiki around a lone mark": ("a ~n**p~ b", "a ~np&#126; b"),
    "blanks between a bracket and bold": ("(  <b>a</b>)", "(**a**)"),
    "an index that begins with a break": ("a<sup><br>2</sup>", "a<sup>2</sup>"),
    "an item that only defines a link": ("1. [a]:\n/931\n2. b", "2. b"),
    "a star that is a word behind emphasis": ("_a_ *b\n\n_c_.* d", "*a* \\*b\n\n*c*.\\* d"),
    "a star below emphasis": ("_a_\n*", "*a*\n\\*"),
    "a backslash before blanks at the end of a line": ("a \\ \nb", "a \\\\\nb"),
    "an index that holds a blank": ("a<sup>&nbsp;</sup>", "a"),
    "a blank at the end of emphasis, before a word": ("<i>Peas </i>beans, <b>12 </b>kale", "*Peas* beans, **12** kale"),
    "emphasis that ends in a sign, before a word": ("<i>(peas)</i>beans", "*(peas)* beans"),
    "links of Markdown in what stays on one line": (
        "<p>[a](/931)</p><ul><li>[b](/931)</li></ul><table><tr><td>[c](/931)</td></tr></table>",
        "[a](/pages/deep-wells/)\n\n* [b](/pages/deep-wells/)\n\n| [c](/pages/deep-wells/) |\n| --- |",
    ),
    "blanks between an item of HTML and its words on the next line": ("<ul><li>      \npeas</li></ul>", "* peas"),
    "code of three back-ticks in an item of HTML": ("<ul><li>```peas``` beans</li></ul>", "* `peas` beans"),
    "an item in a paragraph of HTML": ("<p>peas\n+ beans</p>", "peas\n\n* beans"),
    "the name of an anchor of the old wiki": ("{ANAME()}beds |{ANAME}Peas", "Peas"),
    "the name of an anchor before a tag": ("{ANAME()}beds<br>Peas", "Peas"),
    "a row of a table over two lines, with blanks around the break": (
        "| a  \n  b | c |\n| --- | --- |\n| d | e |",
        "| a<br>b | c |\n| --- | --- |\n| d | e |",
    ),
    "an address that is shorter now": (
        "See http://beds.example/a?utm_source=x&b=1, peas",
        "See <http://beds.example/a?b=1>, peas",
    ),
    "the end of a box of the old wiki that began nowhere": ("Peas {BOX} beans\n\n{PANEL}", "Peas\n\nbeans"),
    "bold of the old wiki among words": ("Peas __ beans __ kale", "Peas **beans** kale"),
    "marks of a comment in a guarded text": ("~pp~ peas ~tc~ beans ~/tc~ ~/pp~", "```\n peas ~tc~ beans ~/tc~\n```"),
    "a definition below a heading that is underlined": ("Beds\n===\n[a]: <b c>\n\nPeas", "# Beds\n\nPeas"),
    "a definition in an item right below a paragraph": ("Peas\n* [a]: <b c>\n* kale", "Peas\n\n* kale"),
    "a heading and a table of HTML in capitals": (
        "<H2>Beds</H2><TABLE><TR><TD>a</TD><TD>b</TD></TR></TABLE>",
        "## Beds\n\n| a | b |\n| --- | --- |",
    ),
    "a list in a cell of HTML": (
        "<table><tr><td><ul><li>a</li><li>b</li></ul></td></tr></table>",
        "| a<br>b |\n| --- |",
    ),
    "a sign as an entity before a link": ("5&deg;[x](/931)", "5°[x](/pages/deep-wells/)"),
    "a colon at the start of a second line": ("Peas\n: beans", "Peas\n&#58; beans"),
    "a number too long for an item": ("12345678901. Peas", "12345678901\\. Peas"),
    "an address as the words of its link": (
        '<a href="https://beds.example/a">https://beds.example/a</a>',
        "[https://beds.example/a](https://beds.example/a)",
    ),
    "a list of HTML in capitals": ("<UL><LI>Peas<BR>beans</LI><LI>kale</LI></UL>", "* Peas\\\n    beans\n* kale"),
    "a box in a box, whose end is not that of the outer one": (
        '<div class="border">a<div class="border">b</div>c</div>d',
        f"{BOX}\n\na\n\nb\n\nc\n\n</div>\n\nd",
    ),
    "a number sign at the start of a second line": ("Peas\n#5 beans", "Peas\n\\#5 beans"),
    "what may begin an entity at the end of the text": ("Peas &quo~~F00:~~", "Peas &quo"),
    "a row of a table in a heading of HTML": ("<h2>Beds\n| a | b |</h2>", "Beds\n&#124; a &#124; b &#124;"),
    "an unknown id behind the name of a page": ("[Deep wells in clay](/404)", "Deep wells in clay"),
    "a link to a name without letters": ("[Peas](tiki-index.php?page=???)", "Peas"),
    "signs in an alternative text": (
        '<img src="/a.png" alt="a[b]c<d>e&f|g\\h`i*j_k~l">',
        "![a b c d e f g h i j k l](/a.png)",
    ),
    "bracketed prose in parentheses": ("(see [g/bed](g/bed))", "(see \\[g/bed\\])"),
    "bracketed prose of which the address lost a parenthesis": ("[5 g) a](5 g a) bed", "\\[5 g) a\\] bed"),
    "braces behind emphasis at the end of a heading": ("# *a*{b}", "# *a*\\{b}"),
    "braces behind a pipe at the end of a heading": ("# a {b=c|{}", "# a \\{b=c&#124;\\{}"),
    "a closing brace of words in braces at the end of a heading": ("# a {b=c}[d} e}", "# a \\{b=c}\\[d} e}"),
    "an escaped brace in braces at the end of a heading": ("# a {b=c\\}d}", "# a \\{b=c\\}d}"),
    "braces with a brace in them on a line of words": ("a\n{b=c {}", "a\n\\{b=c {}"),
    "words with blanks before them below a list in a quotation, and code below these": (
        "> * a\n>\n>  b\n>\n>     <script>c",
        "> * a\n>\n> b\n>\n>     <script>c",
    ),
    "braces behind a tab at the end of a cell": ("| a\t{b=c} |\n| --- |\n| d |", "| a \\{b=c} |\n| --- |\n| d |"),
    "braces behind a pipe of words in a cell": (
        "| \\| {b=c} |\n| --- |\n| d {e=f\\|{} |",
        "| \\| \\{b=c} |\n| --- |\n| d \\{e=f\\|{} |",
    ),
    "a cell of braces": ("| {b=c} |\n| --- |\n| {d} |", "| {b=c} |\n| --- |\n| {d} |"),
    "a brace before emphasis in words above a rule": ("a {b} *c*\n---", "a {b} *c*"),
    "an underlined heading that begins with a number sign": (
        "#1 beds\n===\n\n#2 beds\n---",
        "# \\#1 beds\n\n\\#2 beds",
    ),
    "a line of underscores that blanks keep from being a rule": ("a\n    ___\nb", "a\n    ___\nb"),
    "a colon behind blanks on a line of words": ("a\n : b", "a\n&#58; b"),
    "the divider of a table behind a blank on a line of words": ("a\n |-|", "a\n&#124;-&#124;"),
    "images on adjacent lines behind a blank": (" ![](/a.png)\n![](/b.png)", "![](/a.png)\n\n![](/b.png)"),
    "a tab between bold and a bracket": ("(**a**\t)", "(**a**)"),
    "an index that begins with a tag and a blank": ("a<sup><u> 2</u></sup>", "a<sup>2</sup>"),
    "a link to nowhere whose words begin with a number sign": ("* [#5 peas]()", "* \\#5 peas"),
    "a link to nowhere whose words are a sign of a list": ("[1. peas]()", "1\\. peas"),
    "a link to nowhere that ends a heading with a brace": ("# Beds [{NAME}]()", "# Beds \\{NAME}"),
    "a sign like the mark of a block, which a link within a line loses": ("peas [> beans](/404)", "peas > beans"),
    "a link with a title, right before a number": ('[Wells](/931 "wells")5 m', "[Wells](/pages/deep-wells/)5 m"),
    "what defines nothing, on the second line of a quotation": ("> Peas\n> [a]: <b c>", "> Peas\n> \\[a\\]:"),
    "a sign like the mark of a quotation, behind a break in a cell of HTML": (
        "<table><tr><td>a<br>\n> b</td></tr></table>",
        "| a<br> > b |\n| --- |",
    ),
    "back-ticks in a cell too many": ("| a |\n| --- |\n| b |`` ", "| a | |\n| --- | --- |\n| b | \\`\\` |"),
    "the name of an entity before a tilde that is escaped": ("&amp~;", "&amp&#126;;"),
    "a paragraph in an item, indented by a blank too many": ("* a\n\n     b\n\nc", "* a\n\n    b\n\nc"),
    "numbers below a number behind a bullet": ("•6. peas\n  3. beans", "* 6. peas\n    3. beans"),
    "code with HTML in an item, whose fence is open": (
        "* a\n\n    ```html\n    <b c=d>\n\n      e\n ",
        "* a\n\n        <b c=d>\n\n          e",
    ),
    "a colon and a hyphen as numbers within a line": ("peas&#58; beans&#45;kale", "peas: beans-kale"),
    "a mark behind the odd blank that a body begins with": ("&nbsp;# Peas", "\\# Peas"),
    "a bracket at the start of a span": ("<span>[peas</span> kale]", "\\[peas kale\\]"),
    "a bracket at the end of a span": ("[<span>peas]</span> kale", "\\[peas\\] kale"),
    "a hash laid bare on the second line of a long text": (
        "Peas\n<b></b>#5 beans" + "\nand kale" * 15,
        "Peas\n\\#5 beans" + "\nand kale" * 15,
    ),
    "the full stop of a DOI, right before a word": (
        "[10.1000/x.](https://doi.org/10.1000/x.)and",
        "[10.1000/x](https://doi.org/10.1000/x). and",
    ),
    "an index that a box cuts": (
        "a<sup>b {BOX()}c{BOX} d</sup>",
        f"ab\n\n{BOX}\n\nc\n\n</div>\n\nd",
    ),
    "a wiki's table of links on a page where the walk looks twice again": (
        '<img src="https://a.example/b.png" alt="Mul\u00adch">\n\n||((Deep wells in clay|x))|y||',
        "![Mulch](https://a.example/b.png)\n\n| [x](/pages/deep-wells/) | y |\n| --- | --- |",
    ),
}


# What hardly any body has.
RARE = {
    "a list in a heading of HTML in an item, with a quotation": ("1. <h2>\n> * x\n* * y\n  </h2>", "> * x\n\n* y"),
    "a list that begins behind a mark, with more items below that mark": (
        "* * dig\n  * rake\n      * deep\n  * hoe\n* water",
        "* * dig\n  * rake\n      * deep\n  * hoe\n* water",
    ),
    "underscores around words, the first one in emphasis, that end within a word": (
        "No __*beds* in row__s.",
        "No __*beds* in row__s.",
    ),
    "code behind a list that begins as a quotation does": (
        "* sow beans\n\n```\n> in the first days of March\n```",
        "* sow beans\n\n```\n> in the first days of March\n```",
    ),
    "an address with something like an entity behind it": (
        "See http://beds.example/5&T;",
        "See <http://beds.example/5>&T;",
    ),
    "an address that is none": ("See <http://]>", "See <http://]>"),
    "a link to an address that stays text": (
        'See <a href="http://garden-wiki.example/404"><http://garden-wiki.example/404></a>',
        "See http://garden-wiki.example/404",
    ),
    "a bracket in a link": ('<a href="/931">a ] b</a>', "[a \\] b](/pages/deep-wells/)"),
    "a link of the web in a span of brackets": (
        "<span>[Peas <span>[www.beds.example]</span>",
        "\\[Peas [www.beds.example](http://www.beds.example)",
    ),
    "a hard break in a paragraph of HTML": ("<p>Peas\\\nbeans</p>", "Peas beans"),
    "a paragraph of HTML that another end ends": ("<p>Peas</table>beans", "Peas\n\nbeans"),
    "a box that the end of a section ends": ("{BOX()}Peas</div>", f"{BOX}\n\nPeas\n\n</div>"),
    "code in a box that is the end of a box, and the start of another one": (
        '<div class="border">```</div>```{BOX()}',
        f"{BOX}\n\n```\n\n</div>\n\n```\n\n</div>",
    ),
    "a break that is the last of a paragraph's larger words": ("<p>a <big>b<br></big></p><p>c</p>", "a b\n\nc"),
    "words like marks, laid bare behind several marks": (
        "* * <font># a</font>\n\nb\n\n* 1. &nbsp;1. c",
        "* \\# a\n\nb\n\n1. 1\\. c",
    ),
    "a definition by a name with a bracket, of an address in angle brackets": (
        "a [b\\]c] d\n\n[b\\]c]: <https://beds.example/x>",
        "a [b\\]c](https://beds.example/x) d",
    ),
    "a definition in an item, of what would be a page": (
        "[[Deep wells]]\n\n* [Deep wells]: https://beds.example/x",
        "\\[[Deep wells](https://beds.example/x)\\]",
    ),
    "a mark of direction beside the first letters of Hebrew, as numbers": (
        "&#1488;&#x5d1; C++&lrm; a&#x200F; b",
        "\u05d0\u05d1 C++\u200e a\u200f b",
    ),
    "marks of direction in addresses between angle brackets": (
        "\u05d0 [a](<https://b.example/c d\u200e>) <https://b.example/\u200fe> [f]\n\n[f]: <https://b.example/\u061cf>",
        "\u05d0 [a](https://b.example/c%20d) <https://b.example/e> [f](https://b.example/f)",
    ),
    "words behind a colon, which define no link": (
        "* [Deep wells]: what they are\n* [Hand pumps]: see [[Deep wells]]",
        "* \\[Deep wells\\]: what they are\n* \\[Hand pumps\\]: see [Deep wells](/pages/deep-wells/)",
    ),
    "a table that ends nowhere": ("<table><tr><td>a</td><td>b</table", "| a | b&lt;/table |\n| --- | --- |"),
    "a table whose last cell ends in a backslash": (
        "a | b |\n--- | ---\nc | d\\",
        "| a | b |\n| --- | --- |\n| c | d\\ |",
    ),
    "a break in what only looks like a row": ("| Peas<br>beans |", "&#124; Peas beans &#124;"),
    "a tag of an index alone on its line when all is clean": ("<sub>&#1;\nPeas</sub>", "<sub>Peas</sub>"),
    "the same in code behind a quotation that ends an item": ("1. `\n>\n    <sub>", "1. \\`\n\n```\n<sub>\n```"),
    "items in a quotation whose marks stand behind a tab": (">\t1. Peas\n>\t2. beans", "> 1. Peas\n> 2. beans"),
    "tabs behind marks of quotations, which are no part of code between fences": (
        "> a\n>\n>\t\tb\n>\t\t\tc\n> 1.\td\n>\n> ```\n> \te\n>\tf\n> ```\n\n```\n>\tg\n```",
        "> a\n>\n>       b\n>           c\n>\n> 1.    d\n>\n> ```\n> \te\n>   f\n> ```\n\n```\n>\tg\n```",
    ),
    "code of a plugin with nothing in it": ("Peas\n\n{CODE()}\n\n{CODE}", "Peas"),
    "the same among words": ("Peas {CODE()}{CODE} beans", "Peas beans"),
    "the same in a quotation": ("> Peas\n>\n> {CODE()}\n> {CODE}", "> Peas"),
    "the same in a quotation that begins with it": ("> {CODE()}\n> {CODE} Peas", "> Peas"),
    "code of a plugin in an item of a quotation": (
        "> 1. Peas {CODE()}\n>    beans\n>    {CODE}",
        "> 1. Peas\n>    beans",
    ),
    "code of a plugin that goes on behind a quotation": ("> Peas {CODE()}\nbeans\n{CODE}", "> Peas\nbeans"),
}


@pytest.mark.parametrize("body", [*FAULTS, *RARE])
def test_a_body_comes_out_as_it_should(body: str) -> None:
    source, clean_one = {**FAULTS, **RARE}[body]
    cleaned = clean(source)
    again = clean(clean_one)
    assert cleaned.body == clean_one
    assert (again.body, again.text) == (cleaned.body, cleaned.text)
    assert not codes(cleaned) & ACCOUNT


@pytest.mark.parametrize("sign", "“”„«»、。〈】（），：；？！")
def test_an_address_ends_before_a_sign_that_is_in_none(sign: str) -> None:
    assert clean(f"http://beds.example/a{sign}b").body == f"<http://beds.example/a>{sign}b"


@pytest.mark.parametrize(("element", "longest"), [("b", LONGEST_MARKED), ("sup", LONGEST_RAISED)])
def test_a_mark_over_more_than_can_be_meant_is_none(element: str, longest: int) -> None:
    words = " ".join(["peas"] * (longest // 5 + 2))
    assert clean(f"<{element}>{words}</{element}>").body == words


def test_a_table_wider_than_can_be_meant_is_not_filled_up() -> None:
    cells = MOST_COLUMNS + 1
    table = f"{'|a' * cells}|\n{'|-' * cells}|\n|b|"
    cleaned = clean(table)
    assert cleaned.body.replace("&#124;", "|") == table
    assert "markup.removed" in codes(cleaned)


@pytest.mark.parametrize(
    ("width", "body"),
    [(MOST_COLUMNS - 1, "| peas | beans | kale |\n| --- | --- | --- |"), (MOST_COLUMNS, "peas\n\nbeans\n\nkale")],
)
def test_a_table_of_html_is_as_wide_as_its_cells_begin(width: int, body: str) -> None:
    cells = f'<td colspan="{width}">peas</td><td>beans</td><td colspan="9">kale</td>'
    assert clean(f"<table><tr>{cells}</tr></table>").body == body


@pytest.mark.parametrize("body", ["* # Beds\n  Peas", "> * # Beds\n>   Peas", "* > Beds\n  ---\n  Peas"])
def test_text_behind_a_block_in_an_item_is_a_line_of_its_own(body: str) -> None:
    assert clean(body).text == "Beds\nPeas"


@pytest.mark.parametrize("source", ['* <a href="/931"><h3>x</h3></a>', "<h2>\n* x\n* y\n</h2>"])
def test_a_heading_that_is_none_any_more_is_a_finding(source: str) -> None:
    assert "html.unwrapped" in codes(clean(source))


@given(
    lead=st.integers(0, 3),
    mark=st.sampled_from(("*", "-", "1.", "10.")),
    blanks=st.integers(1, 4),
    block=st.sampled_from((["b"], ["# b"], ["```", "  b", "```"], ["| b |", "| --- |"])),
    indent=st.integers(0, 9),
)
def test_no_list_takes_up_what_is_behind_it_and_none_loses_what_is_in_it(
    lead: int, mark: str, blanks: int, block: list[str], indent: int
) -> None:
    behind = "\n".join(" " * indent + line for line in block)
    source = f"{' ' * lead}{mark}{' ' * blanks}a\n\n{behind}\n\nc"
    assert rendered(clean(source).body) == rendered(source)


def test_a_link_that_cannot_be_one_is_a_finding() -> None:
    cleaned = clean('<a href="/931">\n* x\n* y\n</a>\n\n<a name="z">Peas')
    assert cleaned.body == "* x\n* y\n\nPeas"
    assert [finding.message for finding in cleaned.findings] == ["tag '<a href=\"/931\">'"]


@pytest.mark.parametrize("start", ['<a href="https://beds.example/>', "<a href=\"https://beds.example/'>"])
def test_a_link_whose_quotes_are_broken_is_a_finding(start: str) -> None:
    cleaned = clean(f"Dig {start}deep wells</a> in clay")
    assert cleaned.body == "Dig deep wells in clay"
    assert [(found.code, found.message) for found in cleaned.findings] == [("html.unwrapped", f"tag {start!r}")]


def test_a_link_of_html_in_one_of_markdown_is_a_finding() -> None:
    cleaned = clean('[Deep <a href="https://a.example/">wells</a> in clay](https://b.example/)')
    assert cleaned.body == "[Deep wells in clay](https://b.example/)"
    (found,) = cleaned.findings
    assert (found.code, found.message) == ("link.removed", "link 'https://a.example/'")


@pytest.mark.parametrize("tag", ['<a href="https://a.example/">', '<img src="/beds.png" alt="beds">'])
def test_a_link_or_an_image_in_preformatted_text_is_a_finding(tag: str) -> None:
    cleaned = clean(f'<pre>Dig\n{tag}wells</a> <b class="x">in clay</b></pre>')
    assert cleaned.body == "```\nDig\nwells in clay\n```"
    assert [(found.code, found.message, found.line) for found in cleaned.findings] == [
        ("html.unwrapped", f"tag {tag!r}", 2)
    ]


def test_a_year_that_begins_a_paragraph_is_in_its_text() -> None:
    assert clean("2019. A good year.").text == "2019. A good year."


def test_the_numbers_of_lists_that_become_one_are_written_once() -> None:
    assert clean("1. a\n\n> b\n\n1. c\n1. d").counts["number"] == 2


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ('<div align="center">\n    <a href="/b">\n        Beds\n    </a>\n</div>', "[Beds](/pages/b/)"),
        ("<details>\n\t<summary>\n\t\tBeds\n\t</summary>\n</details>\n\twells", "Beds\n\nwells"),
        ('<div class="border">\n    Beds\n</div>\n    wells', f"{BOX}\n\nBeds\n\n</div>\n\nwells"),
        ("<div>\n    <br>\n    <a href='/b'>Beds</a>\n</div>", "[Beds](/pages/b/)"),
        ("!!! Wells\n    of oak", "### Wells\n\nof oak"),
        ("<div>\n\n    dig()\n\n</div>", "```\ndig()\n```"),
        ("1. Beds\n\n   <div>\n   wells\n   </div>", "1. Beds\n\n    wells"),
        ("<details><p>\n\n```\n{\n  dig\n}\n```\n\n</p></details>", "```\n{\n  dig\n}\n```"),
    ],
)
def test_blanks_before_a_line_of_html_make_no_code_and_those_of_code_stay(source: str, body: str) -> None:
    assert clean(source).body == body


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("* <p>beds</p>\n* <div>wells</div>", "* beds\n* wells"),
        ("1. <p>beds</p>\n\n   peas\n2. <center>wells</center>", "1. beds\n\n    peas\n\n2. wells"),
        ("* <h3>Beds</h3>\n* wells", "* ### Beds\n\n* wells"),
        (
            "- <div>\n\n  ## Beds\n\n  - <div>\n\n    <section>\n\n    peas\n\n    </section>\n\n    dig\n\n    </div>",
            "* ## Beds\n\n    * peas\n\n        dig",
        ),
        ('* <span id="a">\n\n  beds\n\n  </span>\n* wells', "* beds\n* wells"),
        ('1.  <span id="a"></span> <a\n    id="b"></a>\n\n    - beds\n\n    wells', "1. * beds\n\n    wells"),
        ("* <div>\n\n      dig()\n\n  </div>", "```\n  dig()\n```"),
        ("* {TOC}<p>beds</p>\n* &nbsp;<div>wells</div>", "* beds\n* wells"),
        ("*   <b></b>\n       beds", "* beds"),
        (
            "10. beds\n\n    <div>\n\n    ```\n    dig()\n    ```\n\n    </div>",
            "10. beds\n\n    ```\n    dig()\n    ```",
        ),
        ("10. beds\n\n    <!-- -->\n\n        dig()", "10. beds\n\n        dig()"),
    ],
)
def test_the_words_of_an_item_stay_in_it_when_a_tag_behind_its_mark_goes(source: str, body: str) -> None:
    assert clean(source).body == body


@pytest.mark.parametrize(
    ("html", "body"),
    [
        ("<p>peas\n    and kale</p>", "    peas and kale"),
        ("<h4>Peas</h4>", "    #### Peas"),
        ("<hr />", "    ---"),
        ("<pre>\n    dig()\n      deep()\n    </pre>", "    ```\n    dig()\n      deep()\n    ```"),
        ("<pre>\ndig()\n    deep()\n    </pre>", "    ```\n    dig()\n        deep()\n    ```"),
        ("{CODE()}\n    dig()\n      deep()\n    {CODE}", "    ```\n    dig()\n      deep()\n    ```"),
        ("{CODE()}\ndig()\n    deep()\n{CODE}", "    ```\n    dig()\n        deep()\n    ```"),
        ("{{< highlight >}}\n    dig()\n    {{< /highlight >}}", "    ```\n    dig()\n    ```"),
        ('{FANCYTABLE(head="b|c")}\n    d|e\n    {FANCYTABLE}', "    | b | c |\n    | --- | --- |\n    | d | e |"),
        (
            "<table>\n    <tr><td>a\n\n    </td><td>b</td></tr>\n    <tr><td>c</td><td>d</td></tr>\n    </table>",
            "    | a | b |\n    | --- | --- |\n    | c | d |",
        ),
    ],
)
def test_a_block_of_html_below_the_words_of_an_item_stays_in_it(html: str, body: str) -> None:
    source = f"1.  Beds\n\n    {html}\n\n    See [a](https://beds.example/).\n\n2.  Wells"
    assert clean(source).body == f"1. Beds\n\n{body}\n\n    See [a](https://beds.example/).\n\n2. Wells"


@pytest.mark.parametrize(
    ("source", "body"),
    [
        (
            f"* a\n\n    {BOX}\n    <p>b</p>\n    <table><tr><td>c</td></tr></table>\n    </div>\n\n    <p>d</p>",
            f"* a\n\n{BOX}\n\nb\n\n| c |\n| --- |\n\n</div>\n\nd",
        ),
        (
            f"* a {BOX}b</div>\n\n    <p>c</p>\n\n* d\n\n    <p>e</p>",
            f"* a\n\n{BOX}\n\nb\n\n</div>\n\nc\n\n* d\n\n    e",
        ),
    ],
)
def test_html_in_an_item_is_not_indented_behind_what_ends_the_list(source: str, body: str) -> None:
    assert clean(source).body == body


@pytest.mark.parametrize(
    "above", ["<p>b</p>\n\n    ", "<img src='https://beds.example/b.png'><br>\n    ", "<div>\n    "]
)
def test_a_quotation_of_html_below_html_in_an_item_is_a_paragraph_of_it(above: str) -> None:
    cleaned = clean(f"* a\n\n    {above}<blockquote><p>c</p></blockquote>\n\n    d")
    assert cleaned.body.endswith("\n\n    c\n\n    d")
    assert "quote>" not in cleaned.body
    assert "html.unwrapped" in codes(cleaned)


def test_a_break_of_html_in_an_item_stays_in_it() -> None:
    assert clean("* a\n\n    b<br>c\n\n    <p>d<br><br>e</p>").body == "* a\n\n    b\\\n    c\n\n    d\n\n    e"


def test_preformatted_text_in_an_item_that_tabs_indent_has_none_of_them() -> None:
    source = "1.\tBeds\n\n\t<pre>\n\tdig()\n      deep()\n\t</pre>\n\n\tmore"
    assert clean(source).body == "1. Beds\n\n    ```\n    dig()\n      deep()\n    ```\n\n    more"


@pytest.mark.parametrize("first", ["{img fileId=3}", "![a](/d3.mock.jpg)", "<!-- a -->", "&nbsp;", "{TOC}", "<b></b>"])
@pytest.mark.parametrize(
    ("block", "body"),
    [
        ("b", "b"),
        ("<p>b</p>", "b"),
        ("<pre>b\n      c</pre>", " ```\n    b\n      c\n    ```"),
        ("* b\n    * c", "* b\n    * c"),
        ("<table><tr><td>b</td></tr></table>", "| b |\n    | --- |"),
    ],
)
def test_the_words_of_an_item_whose_first_ones_go_stay_in_it(first: str, block: str, body: str) -> None:
    source = f"1. Wells\n2. {first}\n\n    {block}\n\n    d"
    assert clean(source).body == f"1. Wells\n2. {body}\n\n    d"


@pytest.mark.parametrize("first", ["![a](/d3.mock.jpg)", "<!-- a -->", "&nbsp;", "<b></b>"])
@pytest.mark.parametrize("below", ["\n", "\n\n"])
def test_a_list_below_the_first_words_of_an_item_that_go_keeps_its_columns(first: str, below: str) -> None:
    assert clean(f"* {first}{below}    * b\n    * c\n* d").body == "* * b\n  * c\n* d"
    assert clean(f"* a\n\t* {first}{below}\t\t1. b\n\t\t2. c").body == "* a\n    * 1. b\n        2. c"


def test_below_the_mark_of_an_item_that_was_empty_there_is_code() -> None:
    assert clean("* a\n\n<!-- b -->\n\n* \n\n      c").body == "* a\n\n```\n  c\n```"
    assert not codes(clean("<li>\n\n    &gt;")) & ACCOUNT


def test_blocks_of_html_in_nested_items_stay_where_they_are() -> None:
    source = "* a\n    * b\n\n        <p>c</p>\n\n        d\n\n    <ul>\n    <li>e</li></ul>\n\n    f\n\n<p>g</p>"
    assert clean(source).body == "* a\n\n    * b\n\n        c\n\n        d\n\n    * e\n\n    f\n\ng"


@pytest.mark.parametrize(
    ("above", "html", "left"),
    [
        ("* beds", "<!-- -->", "* beds"),
        ("* beds", "</div>", "* beds"),
        ("    rake()", "<!-- -->", "    rake()"),
        ("    rake()", "</section>\n<section>", "    rake()"),
    ],
)
def test_indented_code_below_html_that_goes_is_no_part_of_what_stands_above(above: str, html: str, left: str) -> None:
    source = f"{above}\n\n{html}\n\n    # peas\n    \n      dig()\n\nwells"
    assert clean(source).body == f"{left}\n\n```\n# peas\n\n  dig()\n```\n\nwells"


@pytest.mark.parametrize("empty", ["<li></li>", "<li>&nbsp;</li>", "<li>\n<p><br></p>\n</li>", "<li>"])
def test_an_empty_item_of_html_leaves_the_nested_list_around_it_one(empty: str) -> None:
    lists = f"<ul><li>a<ol>{empty}<li>b</li></ol></li><li>c<ul>{empty}</ul></li></ul>"
    assert clean(lists).body == "* a\n    1. b\n* c"
    assert clean(f"* a <ul>{empty}</ul> b").body == "* a b"


def test_a_nested_list_of_html_may_begin_with_any_number() -> None:
    source = '<ul><li>a<ol start="3"><li>b</li><li>c</li></ol></li><li>d</li></ul>'
    assert clean(source).body == "* a\n\n    3. b\n    4. c\n\n* d"


@pytest.mark.parametrize("sign", ["# ", "### ", "> ", "~~~", "```"])
@pytest.mark.parametrize("tag", ["p", "div", "span", "u"])
def test_a_sign_behind_tags_that_begin_an_item_of_html_is_text(sign: str, tag: str) -> None:
    cleaned = clean(f"<ul>\n<li>\n<{tag}>{sign}a</{tag}>\n</li>\n<li>b</li></ul>")
    assert cleaned.text.split("\n") == [f"{sign}a", "b"]
    assert [node.kind for node in parse(cleaned.body).nodes].count("Item") == 2


@pytest.mark.parametrize(
    ("html", "body"),
    [
        ("<blockquote>\n\t<p>a</p>\n\n\t<p>b</p>\n</blockquote>", "> a\n>\n> b"),
        ("<figure>\n    <p>a</p>\n\n    <figcaption><i>b</i></figcaption>\n</figure>", "a\n\n*b*"),
        ("<blockquote>\n\nWrite:\n\n    <p>b</p>\n\n</blockquote>", "> Write:\n>\n> ```\n> <p>b</p>\n> ```"),
    ],
)
def test_indented_tags_below_a_tag_of_a_quotation_or_a_figure_are_no_code(html: str, body: str) -> None:
    assert clean(html).body == body


BLOCK_TAGS = ("p", "div", "center", "h3", "blockquote")


@pytest.mark.parametrize("tag", BLOCK_TAGS)
@pytest.mark.parametrize("gap", ["", "\n", "\n\t\t", "\n\n"])
def test_blocks_in_an_item_of_html_are_its_paragraphs(tag: str, gap: str) -> None:
    first, second = f"<{tag}>{gap}a{gap}</{tag}>", f"<{tag}>{gap}- b{gap}</{tag}>"
    html = f"<ul><li>{gap}{first}{gap}{second}{gap}</li><li>{gap}<{tag}>c</{tag}>{gap}</li></ul>"
    assert clean(html).body == "* a\n\n    \\- b\n\n* c"


@pytest.mark.parametrize("tag", BLOCK_TAGS)
@pytest.mark.parametrize("cell", ["td", "th"])
@pytest.mark.parametrize("gap", ["", "\n", "\n\t\t", "\n\n"])
def test_blocks_in_a_cell_of_html_begin_lines_there(tag: str, cell: str, gap: str) -> None:
    blocks = gap.join(f"<{tag}>{gap}{words}{gap}</{tag}>" for words in ("a", "&nbsp;", "# b", ""))
    html = f"<table><tr><{cell}>{gap}{blocks}{gap}</{cell}><td><{tag}>c</{tag}></td></tr></table>"
    assert clean(html).body == "| a<br># b | c |\n| --- | --- |"


@pytest.mark.parametrize(
    ("html", "body"),
    [
        ("<ul><li>a<p>b</p>c</li></ul>", "* a\n\n    b\n\n    c"),
        ("<ul><li><p>&nbsp;</p><p>a</p><ul><li><p>b</p></li></ul></li></ul>", "* a\n    * b"),
        ("<ol><li>a<ul><li><p>b</p><p>c</p></li></ul><p>d</p></li></ol>", "1. a\n\n    * b\n\n        c\n\n    d"),
        ("<ul><li>a<br><p>b</p></li></ul>", "* a\n\n    b"),
        ("<ul><li><p>a</p><!-- b --><p>1. c</p></li></ul>", "* a\n\n    1\\. c"),
        ("<ul><li><i>a<div>b</div></i>c</li></ul>", "* a\n\n    b\n\n    c"),
        ("<ul><li>a<h3>b<p>c</p></h3></li></ul>", "* a\n\n    b\n\n    c"),
        ("* a\n  <ul>\n    <li><p>b</p>\n    <p>c</p></li>\n  </ul>", "* a\n\n    * b\n\n        c"),
        ("<ul><li>a\n    * b<p>c</p></li></ul>", "* a * b\n\n    c"),
        ("> <ul><li><p>a</p>\n> <p>b</p><br>\n> c</li></ul>", "> * a\n>\n>     b\n>\n>     c"),
        ("> <ul><li>a<br>\n> b</li></ul>", "> * a\\\n>     b"),
        ("<table><tr><td><ul><li><p>a</p></li><li>b</li></ul>c</td></tr></table>", "| a<br>b<br>c |\n| --- |"),
        ("<table><tr><td>a<br><p>b</p><br><p>c</p></td></tr></table>", "| a<br>b<br>c |\n| --- |"),
        ("<table><tr><td><b><p>a</p><p>b</p></b></td></tr></table>", "| **a<br>b** |\n| --- |"),
        ("| a |\n| --- |\n| <p>b</p><p>c</p> |\n| <p>d</p> |", "| a |\n| --- |\n| b<br>c |\n| d |"),
        (
            "| a | Sow:<ul><li>peas</li><li>kale</li></ul> |\n| --- | --- |",
            "| a | Sow:<br>peas<br>kale |\n| --- | --- |",
        ),
        ("<p><img src='/img/a.png'><br>b</p>", "![](/img/a.png)\\\nb"),
    ],
)
def test_what_parts_blocks_in_an_item_or_a_cell_stands_between_words_alone(html: str, body: str) -> None:
    assert clean(html).body == body


def test_a_break_in_a_row_that_begins_with_no_pipe_leaves_the_table_one() -> None:
    source = "bed | crop\n--- | ---\n1 | peas<br/><br/>beans\n2 | <ul><li>kale</li><li>leek</li></ul>\n\na | b<br>c"
    rows = "| bed | crop |\n| --- | --- |\n| 1 | peas<br><br>beans |\n| 2 | kale<br>leek |"
    assert clean(source).body == f"{rows}\n\na &#124; b\\\nc"


def test_a_tag_behind_a_backslash_is_words_unless_it_ends_an_element() -> None:
    assert clean("A break (\\<br>) of\\<b> oak").body == "A break (&lt;br>) of&lt;b> oak"
    assert clean("<p><i>\\</i></p>").body == "\\\\"


def test_a_section_in_a_heading_leaves_it_a_heading() -> None:
    assert clean('# <div align="center">Wells</div>\n\ntext').body == "# Wells\n\ntext"


@pytest.mark.parametrize("items", ["* [0]\n* b", "* a\n    1. [0]", "* [0]\n\n    b"])
def test_however_many_links_are_defined_behind_a_list_all_definitions_go(items: str) -> None:
    definitions = "".join(f"[{number}]: https://beds.example/{number}\n" for number in range(2 * structure.MOST_ROUNDS))
    assert clean(f"{items}\n\n{definitions}").body == items.replace("[0]", "[0](https://beds.example/0)")


def in_item(blocks: list[str]) -> str:
    return "* " + "\n\n".join(blocks).replace("\n", "\n  ")


def in_quotation(blocks: list[str]) -> str:
    return "> " + "\n\n".join(blocks).replace("\n", "\n> ")


DEFINING = st.recursive(
    st.sampled_from(
        ("[x]: /931", "[x]:\n/931\n'Wells,\nold'", "[y]: <a b>", "peas", "see [x]", "# Beds", "```\nleek\n```")
    ),
    lambda blocks: (
        st.lists(blocks, min_size=1, max_size=3).map(in_item)
        | st.lists(blocks, min_size=1, max_size=3).map(in_quotation)
    ),
    max_leaves=8,
)


@given(st.lists(DEFINING, max_size=3))
def test_no_definition_stays_wherever_it_is_and_no_words_go_with_it(blocks: list[str]) -> None:
    body = "\n\n".join([*blocks, "[x]: /931"])
    cleaned = clean(body)
    assert "]:" not in cleaned.body
    assert cleaned.text.split() == re.sub(r"<[^>]*>", " ", rendered(body)).split()
    assert not codes(cleaned) & ACCOUNT
    assert clean(cleaned.body).body == cleaned.body


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ('"see &quot;beds&quot;"', ""),
        ("'peas&#39; bed'", ""),
        ("(beds &lpar;old&#41;)", ""),
        ('"beds"', ' and "wells"'),
    ],
)
def test_a_title_with_an_entity_of_what_would_end_it_is_still_one(title: str, words: str) -> None:
    entities = words.replace('"', "&quot;")
    assert clean(f"[a](https://beds.example/ {title}){entities}").body == f"[a](https://beds.example/){words}"


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("a](b\n> 'c &#39; d')", "a\\](b\n\n> 'c ' d')"),
        ("a\n[Note]: don&#39;t", "a\n\\[Note\\]: don't"),
        ("a\n[Note]: \\'b", "a\n\\[Note\\]: 'b"),
    ],
)
def test_where_there_is_no_link_after_all_nothing_of_one_stays(source: str, body: str) -> None:
    assert clean(source).body == body
    assert clean(body).body == body


def test_a_definition_goes_that_has_an_escaped_bracket_in_its_name() -> None:
    cleaned = clean("[a][b \\[c\\]]\n\n[b \\[c\\]]: https://beds.example/")
    assert cleaned.body == "[a](https://beds.example/)"
    assert not codes(cleaned)


@pytest.mark.parametrize("above", ["", "# Beds\n  "])
@pytest.mark.parametrize("words", [r"\# of oak", r"\- of oak", r"\*of oak\*", r"\[of oak\]"])
def test_the_words_behind_a_definition_in_an_item_stay_escaped(above: str, words: str) -> None:
    cleaned = clean(f"* {above}[x]: /931\n  {words}")
    assert cleaned.body == (f"* {above.strip()}\n    {words}" if above else f"* {words}")
    assert not codes(cleaned) & ACCOUNT


def test_a_bracket_that_is_not_closed_makes_no_definition_with_what_looks_like_one_below_it() -> None:
    assert clean("[see\n[7]: Beds").body == "\\[see\n\\[7\\]: Beds"


def test_a_note_that_is_none_here_defines_nothing_when_the_tags_around_it_go() -> None:
    assert clean("<p>\n1. 2. [^7]: Beds.\n</p>").body == "2. \\[^7\\]: Beds."


def test_the_name_of_a_definition_may_go_over_two_lines() -> None:
    source = "See [the wells][deep\nwells].\n\n[deep wells]: https://beds.example/wells"
    cleaned = clean(source)
    assert cleaned.body == "See [the wells](https://beds.example/wells)."
    assert not codes(cleaned)


@pytest.mark.parametrize("blanks", ["  ", "\t", "\xa0", " \u2009"])
def test_a_line_to_drop_is_found_with_any_blanks(blanks: str) -> None:
    chosen = SETTINGS.model_copy(update={"drop_lines": ("^Advertisement here$",)})
    assert clean(f"a\n\nAdvertisement{blanks}here\n\nb", chosen).body == "a\n\nb"


TWO_BOXES = '<div class="box">\n\na\n\n</div>\n\n<div class="box">\n\nb\n\n---\n\n</div>'


@pytest.mark.parametrize(
    ("boxes", "body"),
    [
        ("div", 'Peas.\n\n[a]: http://e.example/\n\n<div class="border">\n\nx'),
        ("quote", '* a\n\n<div class="border">\n\nb\n\n</div>'),
        ("unwrap", '1. a\n\n<div class="border">\n\n1. b\n\n</div>'),
        ("unwrap", '* a\n\n<div class="border">\n\n> b\nc\n\nd\n\n* e\n\n</div>\n\n> f'),
        ("unwrap", TWO_BOXES),
        ("quote", TWO_BOXES),
    ],
)
def test_a_body_whose_boxes_become_something_else_is_clean_after_one_cleaning(boxes: str, body: str) -> None:
    chosen = SETTINGS.model_copy(update={"boxes": boxes})
    once = clean(body, chosen).body
    assert clean(once, chosen).body == once


@pytest.mark.parametrize(
    "source",
    [
        "<center>[Deep wells](https://e.example/wells)</center>",
        "<center>![Deep\nwells](/wells.png) ![the [old] well](/well.png)</center>",
        r"<center>![an \[old well](/well.png) ![dry](/well(2).png)</center>",
        "<center>\n```python\npeas = 2\n```\n</center>",
        "\u2028~~~c++\npeas += 2",
    ],
)
def test_an_address_or_a_language_that_was_shown_is_no_word(source: str) -> None:
    cleaned = clean(source)
    assert list(unexplained(source, cleaned.body, cleaned.changes or ())) == []


@pytest.mark.parametrize(
    "source",
    [
        "{FOOTNOTE}(peas)",
        "<li>1. peas<t=1>",
        "~np~```\npeas\n```np",
        "\u20226. peas\n  3. beans",
        "peas~np~s-5](peas)",
    ],
)
def test_a_word_that_went_and_another_that_came_are_not_one_that_moved(source: str) -> None:
    cleaned = clean(source)
    assert list(unexplained(source, cleaned.body, cleaned.changes or ())) == []


@pytest.mark.parametrize("source", ['<i\n[1]:s=">peas</i>', "|| |\n[s]:||"])
def test_what_only_looks_like_a_definition_is_in_the_account(source: str) -> None:
    assert not codes(clean(source)) & ACCOUNT


@pytest.mark.parametrize(
    ("source", "found"),
    [("```python numbered\nx\n```", True), ("```python\nx\n```", False), ("```  \nx\n```", False)],
)
def test_words_that_go_from_behind_a_fence_are_a_finding(source: str, found: bool) -> None:
    assert ("markup.removed" in codes(clean(source))) is found


@pytest.mark.parametrize(
    ("before", "after", "rule", "found"),
    [
        ("peas", "", "blanks", ["text.lost"]),
        ("", "peas", "blanks", ["text.added"]),
        ("peas", "beans", "blanks", ["text.lost", "text.added"]),
        ("peas", "", "comment", []),
        ("peas", "beans", "comment", ["text.added"]),
        ("peas", "beans", "address", ["text.lost"]),
        ("peas", "beans", "image", []),
        ("__peas__ ", "**peas**", "bold", []),
        ("](/peas)", "](/beans)", "page-link", []),
        ("](/peas)", "](/beans) kale", "page-link", ["text.added"]),
        ("](/peas) kale", "](/beans)", "page-link", ["text.lost"]),
    ],
)
def test_the_account_is_told_of_words_that_a_rule_may_not_touch(
    before: str, after: str, rule: str, found: list[str]
) -> None:
    revision = Revision(before)
    revision.apply([(0, len(before), after, rule)])
    assert [finding.code for finding in revision.findings] == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("{FONT(size=3)}a{FONT} {/LIST} {{< toc >}} {{% b", ["{FONT(size=3)}", "{FONT}", "{/LIST}", "{{<", "{{%"]),
        ("FONT} HTML} SPAN} BOX} DIV} IMG} SUB} SUP} WELL}", ["}"] * 8),
        ("~hs~ ~/tc~ ~np~ ~~a0b1c2:a~~ ~a~", ["~hs~", "~/tc~", "~np~", "~~a0b1c2:", "~~"]),
        ("((Wells)) ((Wells|deep)) (a) ((b)", ["((Wells))", "((Wells|deep))"]),
        (r"tiki-index.php tiki\-x.php tiki-new\_page.php", ["tiki-index.php", r"tiki-new\_page.php"]),
        ("a&nbsp;b &amp;", ["&nbsp;"]),
        ("#F00:a #00ff00: /x#abc: &#123: #1234:", ["#F00:", "#00ff00:"]),
        ("__a__ a__b http://a.example/__b", ["__", "__"]),
        ("a ** b **c** 2**3", ["**"]),
        ("&#124;&#124;a&#124;b&#124;&#124; a &#124;&#124; b", ["||"]),
        ("a &#124;&#124; b&#124;c&#124;&#124;, a &#124;&#124; [b&#124;c]", ["||"]),
        ("! Beds\n!#Peas\n!-[Wells](/w/) !Kale\n!= a\n!!! of them\n![a](b.png)", ["! Beds", "!#Peas"]),
        ("!Kung people sow no peas.", []),
        ("a &#124;&#124; b &#124; c", []),
        ("\\*peas\n\\*beans\n\\*kale\n\nAs \\*a\n\\#1\n\\#2", [r"\*peas", r"\#1"]),
        ("\\*a note\n\\*\\*another one", []),
        (r'\[caption id="a"\]b\[/caption\] \[vc\_row a\_b="c"\] \[1\]="d"', [r'\[caption id="', r'\[vc\_row a\_b="']),
        ('&lt;ac:image ac:width="2"> &lt;/ac:image> &lt;act:a> ac:b', ["&lt;ac:image"]),
        ('%INCLUDE{"Wells"}% %META:FORM{name="a"}% 5 %{a}% %BR%', ['%INCLUDE{"Wells"}%', '%META:FORM{name="a"}%']),
    ],
)
def test_what_the_old_wiki_left_is_found_and_what_looks_like_it_is_not(body: str, found: list[str]) -> None:
    assert [what for _, what in residue(body)] == found


@pytest.mark.parametrize("left", ["||bed|crop\nroof|kale", "! Beds"])
def test_markup_of_the_old_wiki_that_stays_is_a_finding(left: str) -> None:
    cleaned = clean(f"Peas.\n\n{left}\n\nKale.")
    assert [(finding.code, finding.line) for finding in cleaned.findings] == [("residue.found", 3)]


def test_the_text_has_no_blank_that_the_body_has_not() -> None:
    assert clean("[peas ](/931), beans").text == "peas, beans"


@pytest.mark.parametrize("before", ["", "Beds.\n\n"])
def test_code_behind_the_moved_mark_of_a_quotation_does_not_run(before: str) -> None:
    cleaned = clean(f"{before}  > \t<script>peas</script>")
    assert cleaned.body == before + ">     <script>peas</script>"
    assert clean(cleaned.body).body == cleaned.body


@pytest.mark.parametrize(
    ("source", "body"),
    [
        (
            "* a\n\n    ```html\n    <b c=d>\n\n      e\n    ```\n    f",
            "* a\n\n        <b c=d>\n\n          e\n\n    f",
        ),
        ("1. a\n    * b\n\n        ```\n        <!-- c\n        ```", "1. a\n\n    * b\n\n            <!-- c"),
        ("* a\n\n      <b c=d>\n        e", "* a\n\n        <b c=d>\n          e"),
        ("* a\n\n    > ~~~\n    > <b c=d>\n    >\n    >  e", "* a\n\n    >     <b c=d>\n    >\n    >      e"),
        ("Peas.\n\n> ```\n> <script>\n> ```\n>\n> beans", "Peas.\n\n>     <script>\n>\n> beans"),
        ("* a\n\n    ```\n    [b](&#106;avascript:c)\n    ```", "* a\n\n        [b](&#106;avascript:c)"),
        ("* a\n\n    ```\n    * {:onclick=alert(1)}\n    ```", "* a\n\n        * {:onclick=alert(1)}"),
        ("> a\n>\n> ```\n> {onclick=alert(1)}\n> ```", "> a\n>\n>     {onclick=alert(1)}"),
        ("* * a\n    ```\n    <b c=d>\n    ```\n\n  b", "* * a\n\n            <b c=d>\n\n   b"),
        ("* a\n\n        <ol>\n        <b onclick=c>", "* a\n\n    `<ol>`\\\n    `<b onclick=c>`"),
        ("* a\n\n    ```\n    <ol class=b>\n    </ol>\n    ```", "* a\n\n        <ol class=b>\n        </ol>"),
        ("> * a\n\n>     <b c=d>", "> * a\n>\n> `<b c=d>`"),
        ("* > a\n  >\n  >     <b c=d>", "* > a\n    >\n    > `<b c=d>`"),
        ("> a\n>\n>     <b c=d>\n>\n> `</code>`", "> a\n>\n> `<b c=d>`\n>\n> `</code>`"),
        (">\t1) ```\n>\t   <b onclick=c()>", "> 1. `<b onclick=c()>`"),
        (">\t>\n>```\n>\n>```\n>```\n><b onclick=c()>", ">   >\n>\n> ```\n>\n>```\n>\n>     <b onclick=c()>"),
        ("* a\n  >>\n  >```\n  ><script>", "* a\n\n    >>\n    >`<script>`"),
        ("* > \t<javascript:a>", "* > `<javascript:a>`"),
        ("* ~~~\n  <b c=d>\n    e`f", "* `<b c=d>`\\\n  e\\`f"),
        ("*     <b c=d>\n\n        e", "* `<b c=d>`\\\n  `e`"),
    ],
)
def test_code_that_would_act_in_an_item_or_a_quotation_is_indented(source: str, body: str) -> None:
    cleaned = clean(source)
    assert cleaned.body == body
    assert codes(cleaned) == {"code.disputed"}
    assert clean(body).body == body


def test_code_that_is_written_as_text_is_not_written_again_when_it_is_code_still() -> None:
    assert clean("* >>\n    \t>  ](:").body == "```\n    >  ](:\n```"


@pytest.mark.parametrize(
    "code",
    [
        "<b>",
        "list<text, number> a[0]: {b}",
        "#include <stdio.h>",
        "[a](https://a.example/b)",
        "if (a < b) { c = 1 }",
        "x <- y = z",
    ],
)
@pytest.mark.parametrize("inside", ["* a\n\n    ```c\n    {}\n    ```", "> ```c\n> {}\n> ```"])
def test_code_that_would_not_act_keeps_its_fence(code: str, inside: str) -> None:
    assert clean(inside.format(code)).body == inside.format(code)


@pytest.mark.parametrize(
    "source",
    ["```\n<b>\n````", " ```\n <b>", "```\n<b>\n  ```", "~~~\n<b>\n~~~~", "````\n<b>\n````", "    <b>", " \t<b>"],
)
def test_code_with_html_has_two_fences_that_are_the_same(source: str) -> None:
    assert clean(source).body == "```\n<b>\n```"


def test_definitions_that_are_shown_as_code_are_code() -> None:
    code = "[beds]: https://beds.example/\n" * 50 + "sow"
    assert clean(f"{{{{< highlight >}}}}\n{code}\n{{{{< /highlight >}}}}").body == f"```\n{code}\n```"


def test_the_fence_of_indented_code_ends_above_the_words_right_below_it() -> None:
    assert clean("    a\n    <b> \nPeas.").body == "```\na\n<b>\n```\n\nPeas."
    assert clean("    <b>\t\n \n\n* Peas.").body == "```\n<b>\n```\n\n* Peas."


def test_a_fence_below_the_title_of_a_tab_is_one() -> None:
    body = '=== "Spade"\n    ```sh\n    dig `x`\n      # deep\n    ```\n=== "Fork"\n    ```\n    lift\n    ```'
    assert clean(body).body == '=== "Spade"\n\n```sh\ndig `x`\n  # deep\n```\n\n=== "Fork"\n\n```\nlift\n```'


def test_a_fence_is_longer_than_those_in_its_code() -> None:
    assert clean("~~~\n    ```\n<b>\n~~~").body == "````\n    ```\n<b>\n````"


def test_code_with_html_has_no_blank_behind_its_mark() -> None:
    assert clean("Sow ` <b>` and ` </b> ` peas").body == "Sow `<b>` and `</b>` peas"


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("<tel:+4912/onclick=alert(1)>", "[tel:+4912/onclick=alert(1)](tel:+4912/onclick=alert%281%29)"),
        ("<http:/onclick=alert(1)>", "[http:/onclick=alert(1)](http:/onclick=alert%281%29)"),
        ("<mailto:a@b.example>", "[mailto:a@b.example](mailto:a@b.example)"),
        ("<FTP://a.example/b>", "<FTP://a.example/b>"),
        ("See http://a.example/b's_c.", r"See [http://a.example/b's\_c](http://a.example/b's_c)."),
        ("<http://a'b/onclick=alert(1)>", "[http://a'b/onclick=alert(1)](http://a'b/onclick=alert%281%29)"),
        ('<http://a"b/onclick=alert(1)>', '[http://a"b/onclick=alert(1)](http://a%22b/onclick=alert%281%29)'),
    ],
)
def test_an_address_that_some_engines_take_for_a_tag_has_no_angle_brackets(source: str, body: str) -> None:
    assert clean(source).body == body
    assert clean(body).body == body


def test_the_stars_of_a_power_are_no_marks_of_bold() -> None:
    assert clean("A well holds 2**20 drops, ** or more.").body == "A well holds 2**20 drops, or more."


@pytest.mark.parametrize("code", ["a*b*c", "*beds, **wells", r"\\\\beds\\*.txt", "<<a*b*c>>", "[a](/b)", "__bed__"])
def test_code_in_a_cell_of_html_is_as_it_is_written(code: str) -> None:
    cell = f"<code\nclass='b'>{escape(code)}</code>"
    assert clean(f"<table><tr><td>{cell}</td><td>b</td></tr></table>").body == f"| `{code}` | b |\n| --- | --- |"


def test_signs_in_code_of_html_that_are_no_markup_are_words() -> None:
    assert clean("Say <code>*beds, **wells</code>, <code>a *b* c</code>.").body == "Say `*beds, **wells`, a *b* c."
    assert clean(r"Say <tt>C:\beds\_a\_b.txt</tt>.").body == r"Say `C:\beds_a_b.txt`."


def test_preformatted_text_in_capital_letters_loses_no_words() -> None:
    cleaned = clean("<PRE CLASS=b>[a](b) *c*</PRE>")
    assert (cleaned.body, codes(cleaned) & ACCOUNT) == ("```\n[a](b) *c*\n```", set())


def test_code_with_html_below_a_table_of_an_item_becomes_spans() -> None:
    table = "* a\n\n    | b |\n    | --- |\n\n    "
    cleaned = clean(f"{table}```\n    <img src=x onerror=alert(1)>\n    c\n    ```")
    assert cleaned.body == f"{table}`<img src=x onerror=alert(1)>`\\\n    `c`"
    assert codes(cleaned) == {"code.disputed"}


def test_harmless_html_in_code_of_an_item_stays() -> None:
    code = ['<ol class="b" style="color: red">', '<li><a href="https://a.example/?b&amp;c">d', "</ol>"]
    body = "\n        ".join(["* a\n", *code])
    assert clean(body).body == body


def test_elements_that_stay_open_in_code_of_an_item_are_spans_only_beside_html_that_acts() -> None:
    body = "* a\n\n        <p>b\n\n`{}`"
    assert clean(body.format("<b>")).body == body.format("<b>")
    assert clean(body.format("<b onclick=c>")).body == "* a\n\n    `<p>b`\n\n`<b onclick=c>`"


def test_the_fence_of_code_before_a_tab_ends_it() -> None:
    assert clean(">\n\t=\t\nPeas").body == "```\n=\n```\n\nPeas"


def test_words_behind_a_tab_below_code_of_a_quotation_are_none_of_it() -> None:
    body = ">>\n>\n> `<style`\n>\n> e"
    assert clean(">>\n>     <style\n> \te\t<p>").body == body
    assert clean(body).body == body


@pytest.mark.parametrize("end", ["\f", "\x85", "\u2028"])
def test_code_with_html_behind_an_odd_line_end_is_text(end: str) -> None:
    assert " ".join(clean(f"a `b {end}<ol onclick=c>`").body.split()) == "a b &lt;ol onclick=c>"


def test_code_with_html_in_a_box_is_text() -> None:
    cleaned = clean('<div class="border">\n\n`</div>` and `<b>` or `c`\n\n</div>')
    assert cleaned.body == '<div class="box" markdown="1">\n\n&lt;/div> and &lt;b> or `c`\n\n</div>'
    assert clean(cleaned.body).body == cleaned.body


def test_an_open_fence_with_nothing_but_tabs_behind_it_is_cleaned() -> None:
    assert clean(">   ```\n >\t\t").body == ">   ```\n>   ```"


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("| a | `` <c> `` |\n| --- | --- |\n| `d\\|d` | e |", "| a | `<c>` |\n| --- | --- |\n| `d\\|d` | e |"),
        ("* ` <a> ` | b\n    * c\\`d", "* `<a>` &#124; b\n    * c\\`d"),
        ("* `<a>`\n* b\n\n    c \\` `<d>`", "* `<a>`\n* b\n\n    c \\` `<d>`"),
    ],
)
def test_code_with_html_stays_code_where_its_words_or_its_row_are_plain(source: str, body: str) -> None:
    cleaned = clean(source)
    assert cleaned.body == body
    assert codes(cleaned) == set()


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("| a | b |\n| --- | --- |\n| `c\\|d` | `<e>` |", "| a | b |\n| --- | --- |\n| `c\\|d` | &lt;e> |"),
        ("Sow \\\\`<a>`", "Sow \\\\&lt;a>"),
        ("* a `b|c` `<d>`\n    * e", "* a `b|c` &lt;d>\n    * e"),
    ],
)
def test_code_with_html_is_text_where_some_engine_finds_other_code(source: str, body: str) -> None:
    cleaned = clean(source)
    assert cleaned.body == body
    assert codes(cleaned) == {"code.disputed"}


def test_code_between_three_back_ticks_is_no_fence() -> None:
    assert clean("```peas```\n\n```\n<b>\n```").body == "`peas`\n\n```\n<b>\n```"


def test_a_definition_goes_whose_address_stands_below_it() -> None:
    assert clean("[a][b]\n\n[b]:\n  /931").body == "[a](/pages/deep-wells/)"
    assert clean("[c\nd]: /931\n ~~~\n<b>").body == "```\n<b>\n```"
    assert not codes(clean("[c\nd]:\n  /931 'e'")) & ACCOUNT


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("{.a}<pre>peas</pre>", "```\npeas\n```"),
        ("<br> {#a}\n\n```\npeas\n```", "```\npeas\n```"),
        ("> {.a} <pre>peas</pre>", "> ```\n> peas\n> ```"),
    ],
)
def test_attributes_alone_on_a_line_without_a_tag_beside_them_go_with_it(source: str, body: str) -> None:
    assert clean(source).body == body


def test_attributes_behind_code_in_a_quotation_are_words() -> None:
    assert clean("> ```\n> a\n> ```\n> {onclick=alert(1)}").body == "> ```\n> a\n> ```\n>\n> {onclick=alert(1)}"


def test_a_number_of_a_character_that_is_none_is_text() -> None:
    body = clean("Beds&#; or &#x, `&#` [a](http://b.example/?c&#d) &#65;").body
    assert body == "Beds&amp;#; or &amp;#x, `&#` [a](http://b.example/?c&#d) A"
    assert clean(body).body == body


def test_what_is_no_tag_of_commonmark_is_none_at_all() -> None:
    assert clean("](<b;/onclick=alert(1)>)").body == "\\](&lt;b;/onclick=alert(1)>)"


@pytest.mark.parametrize("body", ["[](/931)", '<a href="https://e.example/">{IMG(attId="7")}{IMG}</a>'])
def test_a_link_without_text_is_no_link(body: str) -> None:
    cleaned = clean(body)
    assert not cleaned.links
    assert ("link.removed", "nothing shows it") in [(found.code, found.action) for found in cleaned.findings]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('| a |\n|---|\n| b <a href="/931"><br></a> |', "| a |\n| --- |\n| b |"),
        ('<a href="/931"></a>| a |\n|---|\n| b |', "| a |\n| --- |\n| b |"),
        ('<a href="/931"><iframe src="https://v.example/"></iframe></a>', "<https://v.example/>"),
        ('Peas!<a href="/931"></a>', "Peas!"),
    ],
)
def test_an_anchor_of_html_that_shows_nothing_leaves_what_is_around_and_in_it(body: str, left: str) -> None:
    cleaned = clean(body)
    assert cleaned.body == left
    assert ("link '/931'", "nothing shows it") in [(found.message, found.action) for found in cleaned.findings]


def test_an_anchor_of_html_whose_words_are_signs_of_emphasis_is_a_link() -> None:
    cleaned = clean('Peas <a href="/931">*</a> <a href="/931">_</a>')
    assert cleaned.body == "Peas [\\*](/pages/deep-wells/) [_](/pages/deep-wells/)"
    assert not cleaned.findings


def test_an_anchor_of_html_in_a_link_is_told() -> None:
    cleaned = clean('[Peas <a href="https://e.example/">and beans</a>](/931)')
    assert cleaned.body == "[Peas and beans](/pages/deep-wells/)"
    (found,) = cleaned.findings
    assert (found.message, found.action) == ("link 'https://e.example/'", "its text is in another link")


def test_what_goes_with_all_that_is_in_it_is_found_once_also_when_that_holds_code() -> None:
    found = clean("Peas <script>`a` <b>x</b> <div class='border'> </script> and beans.").findings
    assert [finding.code for finding in found] == ["html.removed"]


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("<script>", "```html\n<b></script>\n```"),
        ("<title>", "> ```\n> </title>\n> ```"),
        ("<iframe>", "Close it: `</iframe>`."),
        ("<!--", "It ends: `-->`."),
    ],
)
def test_nothing_goes_up_to_an_end_tag_that_is_shown_in_code(tag: str, code: str) -> None:
    cleaned = clean(f"Begin with a {tag} tag.\n\n{code}\n\nThen reload.")
    assert " tag." in cleaned.text
    assert code in cleaned.body
    assert cleaned.text.endswith("\nThen reload.")


def test_an_indented_end_tag_ends_a_script() -> None:
    assert clean("Peas <script>\n\n    sow();\n    </script> and beans.").body == "Peas and beans."


def test_a_finding_says_that_only_some_readers_saw_a_text() -> None:
    found = clean('{GROUP(groups="Friends")}Peas{ELSE}beans{GROUP}{PERM(perms="x")}{WHAT()}kale{WHAT}').findings
    assert ["some readers" in finding.action for finding in found] == [True, False, False, True, False, False]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("![run](javascript:x)", ["link.removed"]),
        ("![peas ![run](javascript:x)](/attachments/d3.mock.jpg)", ["image.missing"]),
        ("<https://beds.example/a&nbsp;b>", []),
        ("<http://garden-wiki.example/Soil>", []),
        ("[peas](#top)", []),
        ("{FOOTNOTE()}Peas{FOOTNOTE}", ["markup.removed", "markup.removed"]),
        ('<u>1</u>" rel="external nofollow"&gt; Wells', ["html.unwrapped", "markup.removed"]),
        ("•<br>a", []),
        ('<a href="https://e.example/"><i class="icon"></i></a>', ["link.removed"]),
        ('<a name="peas"></a>Peas', []),
        ("<!DOCTYPE html><?xml version='1.0'?><![if !mso]>Peas<![endif]>", []),
        ("<![CDATA[beans]]>Peas", ["comment.removed"]),
        ("<!beans>Peas<?php sow() ?>", ["comment.removed", "comment.removed"]),
        ("if a <b and c> d", ["html.removed"]),
        ("> if a <p and\n> q> b", ["html.removed"]),
        ("<table><tr><td nowrap>a <br clear /> b</td></tr></table>", []),
    ],
)
def test_what_a_reader_misses_is_a_finding_and_nothing_else_is(body: str, found: list[str]) -> None:
    assert [finding.code for finding in clean(body).findings] == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("[[wells](/931)](/404)", "link around a link '/404'"),
        ("[5 g) a](5 g a) bed", "address '(5 g a)'"),
        ("<https://beds.example/?fbclid=1>", "address 'https://beds.example/?fbclid=1'"),
    ],
)
def test_a_finding_tells_the_address_that_went(body: str, found: str) -> None:
    assert [(finding.code, finding.message) for finding in clean(body).findings] == [("address.shortened", found)]


def test_a_finding_says_what_a_frame_became() -> None:
    cleaned = clean('<iframe src="https://beds.example/"></iframe> and <iframe src="javascript:x"></iframe>')
    assert [finding.action for finding in cleaned.findings] == ["replaced by a link", "removed"]
    assert (cleaned.counts["image"], cleaned.counts["script"]) == (1, 1)


@pytest.mark.parametrize(
    ("body", "hrefs"),
    [
        ("<ftp://beds.example/a>", ["ftp://beds.example/a"]),
        ("<https://garden-wiki.example/a.pdf>", ["https://garden-wiki.example/a.pdf"]),
        ("See [a] and [b][a].\n\n[a]: /404", ["/404", "/404"]),
    ],
)
def test_links_in_angle_brackets_and_those_that_only_were_links_by_reference_are_listed(
    body: str, hrefs: list[str]
) -> None:
    assert [link["href"] for link in clean(body).links] == hrefs


def test_the_width_of_an_image_is_the_one_behind_its_address() -> None:
    images = clean("![](/a.png =30x20) ![](/b.png =x20) ![](/a.png =50%x) ![](/a.png =7)").images
    assert [(image["src"], image["width"]) for image in images] == [
        ("/a.png", 30),
        ("/b.png", None),
        ("/a.png", None),
        ("/a.png", 7),
    ]


@pytest.mark.parametrize(
    ("label", "alt"),
    [
        ("a rose\nin *May*", "a rose in May"),
        ("a\\\nrose", "a rose"),
        ("a `rose` *b*", "a rose b"),
        ("a ![rose](/b.png) b", "a rose b"),
    ],
)
def test_all_words_of_an_alternative_text_are_in_it_and_nowhere_else(label: str, alt: str) -> None:
    cleaned = clean(f"Peas ![{label}](/a.png) and beans")
    assert next(image["alt"] for image in cleaned.images if image["src"] == "/a.png") == alt
    assert cleaned.text == "Peas and beans"


def test_images_are_listed_but_for_those_in_the_words_of_another_one() -> None:
    images = clean("![peas ![beans](/b.png)](/a.png) ![image](/c.png)![image](/c.png)").images
    assert [(image["src"], image["alt"]) for image in images] == [
        ("/a.png", "peas beans"),
        ("/c.png", ""),
        ("/c.png", ""),
    ]


def test_lost_images_are_listed_one_by_one() -> None:
    cleaned = clean(
        'a {IMG(attId="4376, 4377,4378" max="500")}{IMG} b ![](/x.png) <img src="/attachments/d3.mock.jpg" alt="Image">'
    )
    assert {image["alt"] for image in cleaned.images} == {""}
    assert [(image["src"], image["state"]) for image in cleaned.images] == [
        ("4376", "missing"),
        ("4377", "missing"),
        ("4378", "missing"),
        ("/x.png", "ok"),
        ("/attachments/d3.mock.jpg", "missing"),
    ]


@pytest.mark.parametrize(
    ("tag", "body"),
    [
        ('<img src="data:image/gif;base64,R0lGOD" data-src="/wells.png" alt="Wells">', "![Wells](/wells.png)"),
        ('<img src="/blank.gif" data-lazy-src="/wells.png">', "![](/wells.png)"),
        ('<img data-original="/wells.png">', "![](/wells.png)"),
        ('<img data-src="" src="/wells.png">', "![](/wells.png)"),
        ('<img data-src="{{ x }}" src="/wells.png">', "![](/wells.png)"),
        ('<img data-src="{{ site.url }}/wells.png" src="/blank.gif">', "![](/wells.png)"),
        ('<img data-src="true" src="/wells.png">', "![](/wells.png)"),
        ('<img src="data:," srcset="/wells.png, /well.png 2x">', "![](/wells.png)"),
        (
            '<img src="/blank.gif" data-src="/wells.png">\n<noscript><img src="/wells.png"></noscript>',
            "![](/wells.png)",
        ),
        ('<noscript><img src="/wells.png"></noscript>\n<img data-src="/wells.png">', "![](/wells.png)"),
        ('<p><img data-src="/wells.png"></p>\n<noscript><img src="/wells.png"></noscript>', "![](/wells.png)"),
    ],
)
def test_an_image_that_a_script_shows_has_its_own_address(tag: str, body: str) -> None:
    cleaned = clean(tag)
    assert cleaned.body == body
    assert [image["src"] for image in cleaned.images] == ["/wells.png"]


def test_an_image_for_readers_without_scripts_takes_the_place_of_no_words() -> None:
    body = clean('<img data-src="/wells.png" alt="Wells"><noscript><img src="/wells.png"></noscript>').body
    assert body == "![Wells](/wells.png)\n\n![](/wells.png)"


@pytest.mark.parametrize(
    ("item", "left"),
    [
        ("<p>1.</p><p>Peas</p>", "1. Peas"),
        ("- <p>Peas</p>", "* Peas"),
        ("**<p>Peas</p>", "* Peas"),
        ("***<p>Peas</p>", "* *** Peas"),
        ("<b>2)</b> <div>Peas</div>and beans", "* **2)** Peas\n\n    and beans"),
        ("1.<br>Peas", "1. Peas"),
        ("1. <br/>\nPeas<br>and beans", "1. Peas\\\n    and beans"),
    ],
)
def test_marks_that_an_item_of_html_begins_with_stay_before_its_words(item: str, left: str) -> None:
    assert clean(f"<ul><li>{item}</li></ul>").body == left


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("1.<br>Peas", "1. Peas"),
        ("* 2.<br>Peas", "2. Peas"),
        ("> 1.<br>\n> Peas", "> 1. Peas"),
        ("-<br># Peas", "* \\# Peas"),
    ],
)
def test_the_mark_of_an_item_before_a_break_stays_before_its_words(body: str, left: str) -> None:
    assert clean(body).body == left


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("<b><p>Peas</p></b>", "**Peas**"),
        ("<b><p># Peas</p></b>", "\\# Peas"),
        ("<b><br>1. Peas</b>", "**1. Peas**"),
        ("<table><tr><td>in<b><p>May</p><p>June</p></b> sow<td>c</table>", "| in<br>**May<br>June**<br>sow | c |"),
        ("<table><tr><td><i><p>Peas</p></i><b>climb</b><td>c</table>", "| *Peas*<br>**climb** | c |"),
    ],
)
def test_emphasis_around_paragraphs_touches_their_words(body: str, left: str) -> None:
    assert clean(body).body.removesuffix("\n| --- | --- |") == left


@pytest.mark.parametrize(
    ("body", "left", "told"),
    [
        ('<form action="/search">Peas</form>', "Peas", """tag '<form action="/search">'"""),
        ('<blockquote cite="/a">Peas</blockquote>', "> Peas", """tag '<blockquote cite="/a">'"""),
        ('<map><area href="/a"><p>Peas</p></map>', "Peas", """tag '<area href="/a">'"""),
        ("Peas <math><mi>x</mi><mo>=</mo><mn>2</mn></math>", "Peas", "<math> with 43 characters, among them 'x = 2'"),
        ("Peas <svg><text>climb</text></svg>", "Peas", "<svg> with 29 characters, among them 'climb'"),
        (
            '<object><param name="movie" value="https://films.example/peas"></object>',
            "<https://films.example/peas>",
            "frame of 'https://films.example/peas'",
        ),
    ],
)
def test_an_address_or_words_that_go_with_a_tag_are_told(body: str, left: str, told: str) -> None:
    cleaned = clean(body)
    assert cleaned.body == left
    assert told in [finding.message for finding in cleaned.findings]


def test_the_text_for_readers_without_frames_has_no_tags() -> None:
    assert clean("<noframes>Peas</noframes><noembed>beans</noembed>").body == "Peas\n\nbeans"


@pytest.mark.parametrize(
    ("item", "left"),
    [
        ("<p>Peas</p><p>Beans</p>", "* \n    * Peas\n\n        Beans"),
        ("Peas<ul><li>Beans</li></ul>", "* \n    * Peas\n        * Beans"),
        ("Peas", "* Peas"),
    ],
)
def test_blocks_of_an_item_that_is_all_another_one_holds_stay_in_it(item: str, left: str) -> None:
    assert clean(f"<ul><li><ul><li>{item}</li></ul></li></ul>").body == left


def test_a_block_of_an_item_at_the_other_side_of_the_edge_of_a_quotation_is_no_paragraph_of_it() -> None:
    assert clean("> <ul><li><p>Peas</p>\n<p>and beans</p></li></ul>").body == "> * Peas and beans"


def test_an_image_without_an_address_is_told_by_its_words() -> None:
    (found,) = clean('<img alt="Wells">').findings
    assert (found.code, found.message, found.action) == ("image.missing", "image 'Wells' has no address", "removed")


@pytest.mark.parametrize(
    ("frame", "body"),
    [
        ('<video src="/files/a_well.mp4"></video>', "[a well.mp4](/files/a_well.mp4)"),
        ('<object data="/files/plan%20%281%29.pdf">a plan</object>', "[plan (1).pdf](/files/plan%20%281%29.pdf)"),
        ('{mediaplayer src="/files/a.mp3"}', "[a.mp3](/files/a.mp3)"),
        ('<iframe src="/931"></iframe>', ""),
        ('<audio src="a.mp3"></audio>', ""),
        ('<video src="/files/a%00%E2%80%AEb.mp4"></video>', "[a b.mp4](/files/a%00%E2%80%AEb.mp4)"),
        ('<object data="/attachments/d3.mock.jpg"></object>', ""),
    ],
)
def test_a_player_of_a_file_of_the_old_site_becomes_a_link_to_it(frame: str, body: str) -> None:
    cleaned = clean(f"Water.\n\n{frame}")
    assert cleaned.body == f"Water.\n\n{body}".strip()
    assert [link["kind"] for link in cleaned.links] == ["file"] * bool(body)
    assert clean(cleaned.body).body == cleaned.body


A_PUMP = 'src="https://beds.example/a.png"'


@pytest.mark.parametrize(
    ("marker", "body"),
    [
        (f'{{img {A_PUMP} alt="A pump" desc="Of oak"}}', "![A pump, Of oak](https://beds.example/a.png)"),
        (f'{{img {A_PUMP} alt="A pump" desc="A pump"}}', "![A pump](https://beds.example/a.png)"),
        (f"{{img {A_PUMP} desc=name}}", "![](https://beds.example/a.png)"),
        (f'{{img {A_PUMP} link="/931"}}', "[![](https://beds.example/a.png)](/pages/deep-wells/)"),
        (
            f'[{{img {A_PUMP} link="/931"}}](https://e.example/)',
            "[![](https://beds.example/a.png)](https://e.example/)",
        ),
    ],
)
def test_an_image_of_a_marker_keeps_its_words_and_its_link(marker: str, body: str) -> None:
    assert clean(marker).body == body


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ('{img fileId=3 link="https://e.example/"}', "nothing shows it"),
        ('{img fileId=3 link="https://e.example/" desc="A pump"}', "its text stays"),
        (f'[{{img {A_PUMP} link="https://e.example/"}}](https://f.example/)', "its image is in another link"),
        (
            f'<a href="https://f.example/">{{img {A_PUMP} link="https://e.example/"}}</a>',
            "its image is in another link",
        ),
    ],
)
def test_a_link_of_an_image_that_goes_is_told(body: str, action: str) -> None:
    found = [finding for finding in clean(body).findings if finding.code == "link.removed"]
    assert [(finding.message, finding.action) for finding in found] == [("link 'https://e.example/'", action)]


def test_a_lost_image_of_a_marker_keeps_its_words() -> None:
    assert [image["alt"] for image in clean('{img fileId=3 alt="A pump"}').images] == ["A pump"]


def test_an_image_in_the_words_of_a_lost_one_is_lost_with_it() -> None:
    cleaned = clean("![peas ![beans](/attachments/d2.mock.jpg)](/attachments/d3.mock.jpg)")
    assert [(image["src"], image["alt"]) for image in cleaned.images] == [("/attachments/d3.mock.jpg", "peas beans")]
    assert [finding.code for finding in cleaned.findings] == ["image.missing"]


@pytest.mark.parametrize(
    ("body", "complete"), [("{}\n\nPeas.", False), ("{}\n\nPeas.\n\n</div>", True), ("Peas.", True)]
)
def test_a_body_is_incomplete_when_a_box_is_open_at_its_end(body: str, complete: bool) -> None:
    assert clean(body.format('<div class="border">')).complete is complete


def test_a_box_that_is_open_at_the_end_is_found_once() -> None:
    source = '<div class="box">\n---\n&nbsp; **peas**\u200b\n'
    assert [finding.code for finding in clean(source).findings] == ["box.unclosed"]


@pytest.mark.parametrize(("boxes", "body"), [("quote", "> Peas.\n>\n> * a\n\nb"), ("unwrap", "Peas.\n\n* a\n\nb")])
def test_boxes_are_written_as_the_settings_ask(boxes: str, body: str) -> None:
    chosen = SETTINGS.model_copy(update={"boxes": boxes})
    assert clean('<div class="border">\n\nPeas.\n\n* a\n\n</div>\n\nb', chosen).body == body


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("* Peas.\n\n{}\n\n> Sow.\nThin.\n\nWater.\n\n</div>", "* Peas.\n\n> Sow.\nThin.\n>\n\nWater."),
        ("{}\n\n* Peas.\n\n</div>\n\n> Sow.", "* Peas.\n\n> Sow.\n>"),
        ("{}\n\n> Sow.\n\n</div>\n\n* Peas.", "> Sow.\n\n* Peas."),
    ],
)
def test_a_quotation_that_a_box_parted_from_a_list_is_none_of_its_items(body: str, plain: str) -> None:
    chosen = SETTINGS.model_copy(update={"boxes": "unwrap"})
    assert clean(body.format('<div class="border">'), chosen).body == plain


@pytest.mark.parametrize(
    ("marker", "lost"),
    [
        ("{IMG(fileId=12 width=100)}", ["12"]),
        ("{IMG(fileId=>12, width=>100)}", ["12"]),
        ('{IMG(fileId="12, 13" width="5")}', ["12", "13"]),
        ("{img src=img/wiki_up/a.png}", ["img/wiki_up/a.png"]),
    ],
)
def test_a_lost_image_has_the_number_or_the_address_of_its_marker_and_none_of_its_other_words(
    marker: str, lost: list[str]
) -> None:
    assert [image["src"] for image in clean(marker).images] == lost


def test_findings_point_at_the_line_and_column_of_the_member() -> None:
    found = clean_body("Peas.\n\n  <b>x</b> <!-- y -->\n", SETTINGS, LINKER, first_line=10).findings
    assert [(finding.code, finding.line, finding.column) for finding in found] == [("comment.removed", 12, 12)]


@pytest.mark.parametrize(
    ("body", "address", "goes_to"),
    [
        ("[a](/posts/frames)", "/posts/frames", "/pages/frames/"),
        ("**[two  words](/posts/frames 'title')**", "/posts/frames", "/pages/frames/"),
        ('<a href="/posts/frames">a <b>frame</b></a>', "/posts/frames", "/pages/frames/"),
        ("word[a ](/Old+frames)word", "/Old+frames", "/pages/old-frames/"),
        ("((Old frames|a frame))", "Old frames", "/pages/old-frames/"),
        ("<span>[tiki-index.php?page=Old+frames]</span>", "tiki-index.php?page=Old+frames", "/pages/old-frames/"),
        ("[a](/pages/frames/)", "/pages/frames/", None),
    ],
)
def test_a_dangling_link_is_found_once_with_the_address_that_is_in_the_file(
    body: str, address: str, goes_to: str | None
) -> None:
    found = [finding for finding in clean(f"Hives.\n\n{body} and more.").findings if finding.code == "link.dangling"]
    assert [(finding.line, finding.message) for finding in found] == [
        (3, f"link {address!r} goes to a page that is not in the export")
    ]
    assert found[0].action == (f"goes to {goes_to}" if goes_to else "kept")
    assert found[0].cause == f"link {goes_to or address!r} goes to a page that is not in the export"  # as it ever was


def test_each_of_two_links_to_one_lost_page_is_told_by_its_own_address() -> None:
    found = clean("[a](/posts/frames) [b](/pages/frames/) [c](/posts/frames)").findings
    assert [finding.message.split("'")[1] for finding in found] == ["/posts/frames", "/pages/frames/", "/posts/frames"]


@given(st.data())
def test_what_no_edit_touched_is_where_it_was_and_the_rest_where_its_replacement_began(data: st.DataObject) -> None:
    source = data.draw(st.text("abcdefgh", min_size=1, max_size=20))
    revision = Revision(source)
    came: list[int] = list(range(len(source)))
    for _ in range(3):
        ends = sorted(data.draw(st.sets(st.integers(0, len(revision.text)), max_size=6)))
        edits = [
            (start, end, data.draw(st.text("xyz", max_size=4)), "blanks")
            for start, end in zip(ends[::2], ends[1::2], strict=False)
        ]
        now, at = [], 0
        for start, end, new, _rule in edits:
            if revision.text[start:end] != new:
                now += came[at:start] + [came[start]] * len(new)
                at = end
        came = now + came[at:]
        revision.apply(edits)
    assert [revision.origin(at) for at in range(len(revision.text))] == came


# --- what must hold for any body -----------------------------------------------------------

SCARY = """<div class="border">|</div>|**|*|<b>|</b>|<i>|</i>|<a href="/posts/deep-wells">|<a href="http://e.example">
</a>|[|]|](|](/posts/x)|](/931)|(|)|&nbsp;|&lt;|&amp;|<table>|</table>|<tr>|<td>|</td>|</tr>|<ul>|<li>|</ul>
<ol>|`|<sup>|</sup>|<sub>|{BOX(title="t")}|{BOX}|<!--|-->|{{< toc >}}|\\|<script>|</script>|<img src="/a.png">
![x](/a.png)|<br>|<p>|</p>|<h2>|</h2>|<span>|<span style="x">|</span>|~hs~|__|---|===|word|two words|5 < 6|<x>
<pre>|</pre>|((Deep wells in clay|go))|&#42;|!|.|<javascript:x>|<http://a.example/c>|<a@b.example>|{SUP()}
{SUP}|{IMG(attId="7")}{IMG}|<a onclick="x" href='|javascript:x|<iframe src="|">|<svg onload=x>|<style>|{SPLIT}
1. |12) |* |- |+ |# |## |> |~~#F00:|~~|–|<blockquote>|</blockquote>"""
TOKENS = [
    *SCARY.replace("\n", "|").split("|"),
    *("\n", "\n\n", "\n\n", "  \n", "    ", "\t", "|", "```\n", "~~~\n", "\n| a | b |\n|---|---|\n| c | d |\n"),
    *("~tc~", "~/tc~", "~np~", "~/np~", "{ELSE}", "{BR()}", "{HR()}", "{CODE()}", "{CODE}", "\n** ", "\n*** ", "__ "),
    *("\u00a0", "\u200b", "\u2028", "\ufeff", "\x0c", "\x85", "é", "水", "e\u0301", "\ue000", "\ufffd", "👍🏽"),
]
MILD = [
    *("W", "W W", "5 < 6", "é", "水", ".", ",", "!", "(", ")", "–", "1.5", " ", " ", "\n", "\n\n", "\n\n", "  \n"),
    *("**", "*", "__", "[W]", "[W](/posts/deep-wells)", "[W](/404)", "[W](https://e.example/W)", "![W](/a.png)"),
    *("\n\n* W\n\n* W W\n\n", "\n\n1. W\n\n1. é\n\n", "\n\n> W\n\n", "\n\n# W\n\n", "\n\n---\n\n", "`W`"),
    # A tag never begins a line: there it would begin a block of HTML, whose Markdown CommonMark does not render.
    *("W<b>W</b>", "W<i>", "W</i>", 'W<span style="x">', "W</span>", "W<sup>2</sup>", "W<br>"),
    *("&nbsp;", "&amp;", "&eacute;"),
    *("\u00a0", "\u200b", "~hs~", "~~#F00:W~~", "{SPLIT}", "{ELSE}", "W<x>", "((Deep wells in clay|W))"),
    "\n\n| W | é |\n|---|---|\n| W W | 1 |\n\n",
]  # fmt: skip
BODIES = st.lists(st.sampled_from(TOKENS), max_size=9).map("".join)
# Every W another word, so that one that moved is seen.
MILD_BODIES = st.lists(st.sampled_from(MILD), max_size=9).map(
    lambda tokens: "".join(token.replace("W", f"w{place}") for place, token in enumerate(tokens))
)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)

ALLOWED = re.compile(r'<div class="box" markdown="1">|</div>|</?su[bp]>|<br>|<(?:https?|ftp|tel):[^\s<>]*>')
ELEMENTS = frozenset(
    """p h1 h2 h3 h4 h5 h6 ul ol li a em strong code pre table thead tbody tr td th br hr blockquote img div sup
    sub""".split()
)
ATTRIBUTES = frozenset(("href", "src", "alt", "title", "start", "class", "markdown", "style"))
UNSAFE = re.compile(r"(?:javascript|vbscript|data|file|blob):", re.IGNORECASE)


class Page(HTMLParser):
    """What a browser would be given: the elements of a page, their attributes, and where they lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.addresses += [re.sub(r"[\x00-\x20]", "", value or "") for name, value in attrs if name in ("href", "src")]


def kept(cleaned: Cleaned) -> list[str]:
    """The addresses of the listed links that are still links."""
    return [link["href"] for link in cleaned.links if link["state"] != "unmapped" and link["kind"] != "legacy"]


def addresses(cleaned: Cleaned, kind: str) -> list[str]:
    """The addresses of the links or images that the body has."""
    return [node.data["dest_url"] for node in parse(cleaned.body).nodes if node.kind == kind]


def html_of(nodes: Sequence[Node]) -> Iterator[str]:
    return (ALLOWED.sub("", node.data) for node in nodes if node.kind in ("Html", "InlineHtml"))


@given(BODIES | ANY_TEXT)
def test_cleaning_a_clean_body_changes_nothing(body: str) -> None:
    once = clean(body).body
    assert clean(once).body == once


@given(BODIES | ANY_TEXT)
def test_no_word_is_lost_or_added_without_a_rule(body: str) -> None:
    assert not codes(clean(body)) & ACCOUNT


@given(BODIES)
def test_a_clean_body_has_no_html_but_boxes_indices_and_breaks_in_tables(body: str) -> None:
    assert [data for data in html_of(parse(clean(body).body).nodes) if "<" in data] == []


@given(BODIES | ANY_TEXT)
def test_the_page_of_a_clean_body_holds_nothing_that_runs(body: str) -> None:
    page = Page(rendered(clean(body).body))
    assert page.elements <= ELEMENTS
    assert page.attributes <= ATTRIBUTES
    assert [address for address in page.addresses if UNSAFE.match(address)] == []


@given(BODIES | ANY_TEXT)
def test_the_text_is_what_is_visible_of_the_body(body: str) -> None:
    cleaned = clean(body)
    assert cleaned.text == visible_text(parse(cleaned.body).nodes)
    assert " ".join(cleaned.text.split()).startswith(cleaned.excerpt)


TABLE_ROWS = st.lists(st.lists(st.sampled_from(("", "peas", "12 kg", "**late**", "<5")), min_size=1, max_size=5))


@given(st.lists(st.sampled_from(("", "Bed")), min_size=1, max_size=3), TABLE_ROWS, st.booleans())
def test_a_table_is_one_table_with_all_its_cells(head: list[str], rows: list[list[str]], closed: bool) -> None:
    lines = [[*cells, ""] if closed or not cells[-1] else cells for cells in rows]
    lines = [[*head, ""], ["---"] * len(head) + [""], *lines]
    body = clean("\n".join("| " + " | ".join(cells) for cells in lines)).body
    wanted = " ".join(cell.strip("*").replace("<", "&lt;") for cells in (head, *rows) for cell in cells).split()
    assert [block.kind for block in parse(body).root.children] == ["Table"]
    assert re.sub(r"[|*\n]|---", " ", body).split() == wanted


STARRED = st.tuples(st.integers(1, 6), st.sampled_from(("peas", "**late** kale", "`a` b", "5 *x*")))


@given(st.lists(STARRED))
def test_items_of_stars_are_items_all_of_them(lines: list[tuple[int, str]]) -> None:
    cleaned = clean("\n".join([f"{'*' * stars} {text}" for stars, text in [(1, "beds"), *lines]]))
    assert sum(node.kind == "Item" for node in parse(cleaned.body).nodes) == len(lines) + 1
    assert "*" not in cleaned.text


@given(st.lists(st.sampled_from(("__", "peas", "late kale", " ", ". ", ")", "\n")), max_size=9).map("".join))
def test_marks_of_bold_at_most_lose_themselves(body: str) -> None:
    cleaned = clean(body)
    assert re.sub(r"\s|__", "", cleaned.text) == re.sub(r"\s|__", "", body)
    assert clean(cleaned.body).body == cleaned.body


@given(MILD_BODIES)
def test_the_links_that_stay_are_those_of_the_body_in_order(body: str) -> None:
    cleaned = clean(body)
    assert kept(cleaned) == addresses(cleaned, "Link")


@given(BODIES)
def test_every_link_of_the_body_is_listed_in_order(body: str) -> None:
    cleaned = clean(body)
    listed = iter(kept(cleaned))
    assert [address for address in addresses(cleaned, "Link") if address not in listed] == []


@given(BODIES)
def test_the_images_that_stay_are_those_of_the_body_in_order(body: str) -> None:
    cleaned = clean(body)
    listed = [image["src"] for image in cleaned.images if image["state"] != "missing"]
    shown = addresses(cleaned, "Image")
    assert [address for address in shown if LINKER.state_of_image(address) != "missing"] == listed


INSIDE = st.lists(
    st.sampled_from([token for token in TOKENS if not re.search(r"[`\n]|~~~", token)]), min_size=1, max_size=5
)
FENCES = INSIDE.map(lambda tokens: f"```\n{''.join(tokens)}\n```")
# A pipe may begin a table to some engines, in which there is no code.
SPANS = INSIDE.map(lambda tokens: f"`x{''.join(tokens)}x`".replace("|", ""))
PROSE = st.sampled_from(
    ["peas", "**beans**", "* kale", "> leek", "# chard", "<b>pea</b>", "5 < 6", "[a](/931)", "{SPLIT}"]
)


@given(st.lists(FENCES | SPANS | PROSE, min_size=1, max_size=5))
def test_code_keeps_its_bytes(blocks: list[str]) -> None:
    body = clean("\n\n".join(blocks)).body
    code = [block for block in blocks if block.startswith("`")]
    assert [block for block in code if block not in body] == []


LISTINGS = st.lists(st.sampled_from([*TOKENS, "    x", "\ny"]), max_size=6).map(
    lambda tokens: f"x{''.join(tokens)}".replace("{CODE}", "").rstrip()
)


def fenced(body: str, block: Node) -> str:
    """The lines of a fenced block without the first and the last."""
    return body[block.start : block.end].partition("\n")[2].rstrip().rpartition("\n")[0]


@given(LISTINGS, st.sampled_from(("", " `c` peas")))
def test_the_code_of_a_plugin_keeps_its_bytes(code: str, behind: str) -> None:
    body = clean(f'Peas.\n\n{{CODE(colors="php" ln="1")}}\n{code}\n{{CODE}}{behind}').body
    blocks = [node for node in parse(body).nodes if node.kind == "CodeBlock"]
    assert [fenced(body, block) for block in blocks] == [code]


@given(LISTINGS)
def test_the_code_of_a_plugin_in_a_quotation_keeps_its_bytes(code: str) -> None:
    body = clean("\n".join(f"> {line}" for line in ["{CODE()}", *code.split("\n"), "{CODE}"])).body
    (block,) = (node for node in parse(body).nodes if node.kind == "CodeBlock")
    assert "".join(line.data for line in block.children).strip("\n") == code.strip("\n")


@given(LISTINGS, st.sampled_from(("| {} |\n| --- |", "<table><tr><td>{}</td></tr></table>")))
def test_the_lines_of_code_in_a_cell_stay_in_it(code: str, table: str) -> None:
    cleaned = clean(table.format(f"{{CODE()}}\n{code}\n{{CODE}}"))
    if not re.search(r"[|`<&\\]", code):
        spans = [f"`{line.strip()}`" for line in code.split("\n") if line.strip()]
        assert cleaned.body == f"| {'<br>'.join(spans)} |\n| --- |"
    assert clean(cleaned.body).body == cleaned.body


LIST_TOKENS = st.sampled_from(
    "a|b c|* |- |1. |2. |10. |\n|\n\n|\n* |\n1. |\n2. |\n\n* |    |> |**|\t|[x]: y".split("|")
)


@given(st.lists(LIST_TOKENS, max_size=16).map("".join))
def test_a_usual_list_gets_the_edits_of_any_list(text: str) -> None:
    nodes = parse(text).nodes
    loose = not_tight([node for node in nodes if node.kind == "Item"])
    for node in nodes:
        edits = usual_edits(text, node) if node.kind == "List" else None
        if edits is not None:
            any_list = list_edits(text, node, loose, numbered=True, touching=False)
            assert edits == [edit for edit in any_list if text[edit[0] : edit[1]] != edit[2]]


@given(MILD_BODIES)
def test_the_account_explains_every_word(body: str) -> None:
    cleaned = clean(body)
    assert list(unexplained(body, cleaned.body, cleaned.changes or ())) == []


# --- real bodies, where they lie beside the checkout ---------------------------------------


class Export:
    """The pages of an export as a look-up."""

    def __init__(self, members: Sequence[Path]) -> None:
        self.bodies: dict[str, str] = {}
        self.ids: dict[str, Target] = {}
        self.names: dict[str, list[Target]] = {}
        self.slugs: dict[str, Target] = {}
        for path in members:
            record = read_record(path.read_bytes())
            if isinstance(record, Rejection):
                continue
            self.bodies[path.name] = record.body
            if slug := record.fields.get("slug"):
                page = Target(path.stem, f"/pages/{slug}/")
                self.slugs[slug] = page
                self.ids[str(record.fields.get("tiki_page_id"))] = page
                self.names.setdefault(name_key(record.fields["title"]), []).append(page)

    def by_id(self, page_id: str) -> Target | None:
        return self.ids.get(page_id)

    def by_name(self, key: str) -> Sequence[Target]:
        return self.names.get(key, ())

    def nameless(self, key: str) -> Sequence[Target]:
        return self.by_name(key)

    def by_slug(self, slug: str) -> Target | None:
        return self.slugs.get(slug)

    def tag(self, slug: str) -> str | None:
        return None

    def by_address(self, address: Address) -> Target | None:
        return None


REAL = ROOT.parent / "shared"


@pytest.fixture(scope="module")
def real() -> tuple[Export, Settings, dict[str, Cleaned]]:
    members = sorted([*REAL.glob("corpus/*.txt"), *REAL.glob("seeds/*.txt")])
    if not members:
        pytest.skip("no real bodies beside the checkout: ../shared/corpus and ../shared/seeds")
    export = Export(members)
    options, _ = load_settings(SAMPLE / "wiki-etl.toml", [], {})
    linker = Linker(options, export)
    return (
        export,
        options,
        {name: clean_body(body, options, linker, keep_changes=True) for name, body in export.bodies.items()},
    )


Real = tuple[Export, Settings, dict[str, Cleaned]]


def test_cleaning_a_real_body_again_changes_nothing(real: Real) -> None:
    export, options, cleaned = real
    linker = Linker(options, export)
    changed = {
        name: difference(before.body, after)
        for name, before in cleaned.items()
        if (after := clean_body(before.body, options, linker).body) != before.body
    }
    assert changed == {}


def test_no_word_of_a_real_body_is_lost_or_added(real: Real) -> None:
    _, _, cleaned = real
    assert {name: codes(found) & ACCOUNT for name, found in cleaned.items() if codes(found) & ACCOUNT} == {}


def test_the_account_explains_every_word_of_a_real_body(real: Real) -> None:
    export, _, cleaned = real
    left = {
        name: list(unexplained(body, cleaned[name].body, cleaned[name].changes or ()))
        for name, body in export.bodies.items()
    }
    assert {name: words for name, words in left.items() if words} == {}


def test_the_page_of_a_real_body_holds_nothing_that_runs(real: Real) -> None:
    _, _, cleaned = real
    for found in cleaned.values():
        page = Page(rendered(found.body))
        assert page.elements <= ELEMENTS
        assert page.attributes <= ATTRIBUTES
        assert [address for address in page.addresses if UNSAFE.match(address)] == []


def test_real_text_and_links_are_those_of_the_body(real: Real) -> None:
    _, _, cleaned = real
    for found in cleaned.values():
        assert found.text == visible_text(parse(found.body).nodes)
        assert kept(found) == addresses(found, "Link")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("第一章 " + "维生素和健康" * 50, 200),  # words without blanks
        ("ที่นี่" * 50, 198),  # 200 would part a letter and its mark
        ("家族 " + "👨\u200d👩\u200d👧" * 50, 198),  # nor are the parts of a sign parted
        ("water https://wells.example/" + "a" * 300, 5),
        ("water " * 29 + "Donaudampfschifffahrtsgesellschaftskapitänsmütze", 173),
        ("a" * 300, 200),
    ],
)
def test_an_excerpt_is_cut_at_a_word_or_at_a_letter_where_no_blanks_part_words(text: str, length: int) -> None:
    assert excerpt(text) == text[:length]
