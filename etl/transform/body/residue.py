"""Leftovers of the old platform in a clean body: found and reported, never removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

# What must be in a body for the pattern to be worth a look, and the pattern.
# A pattern begins with a literal, for that is what makes it cheap; what must stand before is looked at behind it.
RESIDUE = [
    (b"{", re.compile(r"\{/?[A-Z]{2,}[^{}\n]{0,80}\}|\{\{[<%]")),
    (
        b"}",
        re.compile(
            r"\}(?<=(?:FONT|HTML|SPAN)\})(?<!\{(?:FONT|HTML|SPAN)\})|\}(?<=(?:BOX|DIV|IMG|SUB|SUP)\})(?<!\{(?:BOX|DIV|IMG|SUB|SUP)\})"
        ),
    ),
    (b"~", re.compile(r"~(?:/?(?:hs|tc|np)~|~(?:#?[A-Fa-f0-9]{3,6}:)?)")),
    (b"((", re.compile(r"\(\([^()\n|]{2,80}(?:\|[^()\n]*)?\)\)")),
    (b"tiki-", re.compile(r"tiki-[\w\\]+\.php")),
    (b"&nbsp;", re.compile(r"&nbsp;")),
    (b"#", re.compile(r"#(?<![\w/&]#)[A-Fa-f0-9]{3}(?:[A-Fa-f0-9]{3})?:")),
    (b"__", re.compile(r"__(?:(?<![\w/]__)(?=\w)|(?<=\w__)(?![\w/]))")),
    (b"**", re.compile(r"\*\*(?<=\s\*\*)(?=\s)")),
    (b"||", re.compile(r"\|\|(?=\s*\w)")),
]
PRIVATE = re.compile(r"[\ue000-\uf8ff\U000f0000-\U0010fffd]")
PRIVATE_BYTES = (b"\xee", b"\xef", b"\xf3", b"\xf4")
"""What such a character begins with in UTF-8."""


@cache
def finder(guard: bytes) -> re.Pattern[bytes]:
    """A pattern for some bytes: where they are not, it says so in half the time that the operator `in` takes."""
    return re.compile(re.escape(guard))


def residue(body: str) -> Iterator[tuple[int, str]]:
    """Offset and text of every leftover.

    >>> [what for _, what in residue("a ~hs~ {FONT(size=3)}b{FONT} ((Page))")]
    ['{FONT(size=3)}', '{FONT}', '~hs~', '((Page))']
    """
    data = body.encode()  # bytes are searched several times as fast
    for guard, pattern in RESIDUE:
        if finder(guard).search(data):
            for match in pattern.finditer(body):
                yield match.start(), match[0]


def private(body: str) -> list[str]:
    """All private-use characters of a body.

    >>> private("a\\ue001b\\ufb01") == ["\\ue001"]
    True
    """
    data = body.encode()
    return PRIVATE.findall(body) if any(first in data for first in PRIVATE_BYTES) else []
