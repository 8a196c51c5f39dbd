"""The reader of rendered pages: what it evens out, and what it tells apart."""

from __future__ import annotations

import pytest

from tests.engines.outline import outline

SAME = {
    "tight and loose items": ("<ul><li>a</li><li>b</li></ul>", "<ul>\n<li>\n<p>a</p>\n</li>\n<li><p>b</p></li></ul>"),
    "entities": ("<p>a &amp; b – &quot;</p>", '<p>a &#38; b &ndash; "</p>'),
    "blanks": ("<p>a  b\nc<br />\nd</p>", "<p>\n a b c <br>d</p>"),
    "body of a table": (
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
        "<table><tr><td>a</td></tr>\n<tr><td align='left'>b</td></tr></table>",
    ),
    "names of tags": ("<p><b>a</b> <i>b</i></p>", "<p><strong>a</strong> <em>b</em></p>"),
    "order of bold and italic": ("<p><b><i>a</i></b></p>", "<p><i><b>a</b></i></p>"),
    "spelling of an address": ('<a href="/ä%20b">a</a>', '<a href="/%C3%A4 b">a</a>'),
    "ampersand in an address": ('<a href="?a=1&copy=2">a</a>', '<a href="?a=1&amp;copy=2">a</a>'),
    "unclosed paragraph": ("<p>a<ul><li>b</ul>", "<p>a</p><ul><li>b</li></ul>"),
    "indentation of code": ("<pre><code>  a\n   b\n</code></pre>", "<pre><code>a\n b</code></pre>"),
    "mark of a box": ('<div class="box" markdown="1">\n<p>a</p></div>', '<div class="box"><p>a</p></div>'),
}

OTHER = {
    "level": ("<h2>a</h2>", "<h3>a</h3>"),
    "number": ("<ol><li>a</li></ol>", '<ol start="2"><li>a</li></ol>'),
    "marks": ("<ol><li>a</li></ol>", "<ul><li>a</li></ul>"),
    "nesting": ("<ul><li>a<ul><li>b</li></ul></li></ul>", "<ul><li>a</li><li>b</li></ul>"),
    "two lists": ("<ul><li>a</li></ul><ul><li>b</li></ul>", "<ul><li>a</li><li>b</li></ul>"),
    "paragraphs": ("<p>a</p><p>b</p>", "<p>a b</p>"),
    "paragraphs of an item": ("<ul><li><p>a</p><p>b</p></li></ul>", "<ul><li>a b</li></ul>"),
    "break": ("<p>a<br>b</p>", "<p>a b</p>"),
    "cells": ("<table><tr><td>a</td><td></td></tr></table>", "<table><tr><td>a</td></tr></table>"),
    "bold": ("<p><b>a</b></p>", "<p>**a**</p>"),
    "place of bold": ("<p><b>a</b> b</p>", "<p>a <b>b</b></p>"),
    "address": ('<a href="/a">a</a>', '<a href="/b">a</a>'),
    "text of a link": ('<a href="/a">a</a>', '<a href="/a">b</a>'),
    "image": ('<img src="a" alt="b">', '<img src="a" alt="">'),
    "box": ('<div class="box"><p>a</p></div>', "<p>a</p>"),
    "raw box": ('<div class="box"><p><b>a</b></p></div>', '<div class="box">\n**a**\n</div>'),
    "quotation": ("<blockquote><p>a</p></blockquote>", "<p>a</p>"),
    "two quotations": (
        "<blockquote><p>a</p></blockquote><blockquote><p>b</p></blockquote>",
        "<blockquote><p>a</p><p>b</p></blockquote>",
    ),
    "rule": ("<p>a</p><hr><p>b</p>", "<p>a</p><p>b</p>"),
    "code": ("<p><code>a</code></p>", "<p>a</p>"),
    "superscript": ("<p>a<sup>2</sup></p>", "<p>a2</p>"),
    "unknown tag": ("<p><u>a</u></p>", "<p>a</p>"),
}


@pytest.mark.parametrize("name", SAME)
def test_presentation_makes_no_difference(name: str) -> None:
    one, other = SAME[name]
    assert outline(one).lines() == outline(other).lines()


@pytest.mark.parametrize("name", OTHER)
def test_what_a_reader_sees_makes_a_difference(name: str) -> None:
    one, other = OTHER[name]
    assert outline(one).lines() != outline(other).lines()
