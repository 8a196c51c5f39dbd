"""Leftovers of the old platform in a clean body: found and reported, never removed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.transform.body.guards import PARENTHESES, guard, in_bytes, present

PIPE = "&#124;"
"""How a pipe is written in a clean body, outside of code and tables."""
# Guards and patterns.
# A pattern begins with a literal, for that is what makes it cheap; what must stand before is looked at behind it.
RESIDUE = [
    (
        guard("{"),
        re.compile(r"\{/?[A-Z]{2,}[^{}\n]{0,80}\}|\{\{[<%]|\{%-?[ \t]*\w[^{}\n]{0,200}%\}|\{\{-?[ \t]*(?:site|page)\."),
    ),
    (
        guard("}"),
        re.compile(
            r"\}(?<=(?:FONT|HTML|SPAN)\})(?<!\{(?:FONT|HTML|SPAN)\})"
            r"|\}(?<=(?:BOX|DIV|IMG|SUB|SUP)\})(?<!\{(?:BOX|DIV|IMG|SUB|SUP)\})"
        ),
    ),
    (guard("~"), re.compile(r"~(?:/?(?:hs|tc|np)~|~(?:#?[A-Fa-f0-9]{3,6}:)?)")),
    (PARENTHESES, re.compile(r"\(\([^()\n|]{2,80}(?:\|[^()\n]*)?\)\)")),
    (guard(r"\[\["), re.compile(r"\\\[\\\[(?=[\w!#])(?!\d+\\)[^\[\]\n]{2,160}\\\]\\\]")),
    # Shortcodes with a value, such as WordPress's, elements of Confluence, and macros of TWiki and Foswiki
    (guard('="', sign="["), re.compile(r'\\\[[a-z][\w\\-]{1,40} [\w\\-]{1,40}="')),
    (guard("&lt;ac:"), re.compile(r"&lt;ac:[\w-]+")),
    (guard("}%"), re.compile(r"%[A-Z]{3,20}(?::[A-Z]{3,20})?\{[^{}\n]{0,200}\}%")),
    (guard("tiki-", behind=rb"[\w\\\x80-\xff]"), re.compile(r"tiki-[\w\\]+\.php")),
    (guard("&nbsp;"), re.compile(r"&nbsp;")),
    (
        guard("#", left="#:", behind=rb"[A-Fa-f0-9]{3}"),
        re.compile(r"#(?<![\w/&]#)[A-Fa-f0-9]{3}(?:[A-Fa-f0-9]{3})?:"),
    ),
    (guard("__"), re.compile(r"__(?:(?<![\w/]__)(?=\w)|(?<=\w__)(?![\w/]))")),
    (guard("**"), re.compile(r"\*\*(?<=\s\*\*)(?=\s)")),
    # `||a|b||`, but neither `a || b || c` nor `a || b | c`
    (
        guard(PIPE * 2),
        re.compile(rf"{PIPE * 2}(?:(?<![^\n]{PIPE * 2})(?=\s*[\w\[*!])|(?=[^\n&\[]+{PIPE}(?!{PIPE}| )))"),
    ),
    # `! Beds`, but no sentence
    (
        guard("\n!", behind=rb"!{0,5}[+-]?#?[ \t]*[A-Z\x80-\xff]"),
        re.compile(r"!(?<![^\n]!)!{0,5}[+-]?#?[ \t]*[^\W\d_a-z](?![^\n]*[.,;?](?:\n|\Z))[^\n]{0,80}"),
    ),
    # `*peas` above `*beans`; alone it may be a note
    (
        guard("\n\\", behind=rb"[*#][\w\x80-\xff]"),
        re.compile(r"\\(?<![^\n]\\)([*#])\w[^\n]{0,200}(?:\n\\\1\w[^\n]{0,200})+"),
    ),
]
PRIVATE = re.compile(r"[\ue000-\uf8ff\U000f0000-\U0010fffd]")
PRIVATE_BYTES = b"\xee\xef\xf3\xf4"
"""What such a character begins with in UTF-8."""


def residue(body: str) -> Iterator[tuple[int, str]]:
    r"""Offset and text of every leftover.

    >>> [what for _, what in residue("a ~hs~ {FONT(size=3)}b{FONT} ((Page))")]
    ['{FONT(size=3)}', '{FONT}', '~hs~', '((Page))']
    >>> [what for _, what in residue(r"\[\[Page|text\]\], \[\[77\]\], \[\[1, 2\], \[3\]\] and \[\[ -f \]\]")]
    ['\\[\\[Page|text\\]\\]']
    """
    for _, pattern in present(body, RESIDUE):
        for match in pattern.finditer(body):
            yield match.start(), match[0].partition("\n")[0].replace(PIPE, "|")


def private(body: str) -> list[str]:
    """All private-use characters of a body.

    >>> private("a\\ue001b\\ufb01") == ["\\ue001"]
    True
    """
    signs = in_bytes(body).signs
    return PRIVATE.findall(body) if any(first in signs for first in PRIVATE_BYTES) else []
