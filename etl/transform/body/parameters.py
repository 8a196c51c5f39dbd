"""The parameters in a marker of the old wiki (tiki.md 3, Plugin grammar)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from etl.transform.body.entities import decoded

NEXT = r"\\?\w{1,40}\s{0,4}="
PARAMETER = re.compile(
    rf"""\b(?P<key>\w++)\s{{0,4}}=(?:\\?>|&gt;)?\s{{0,4}}
    (?:(?P<mark>\\?["']|&quot;)(?P<quoted>(?>(?:(?!(?P=mark)[\s,]{{0,9}}(?:{NEXT}|\Z)).){{0,2000}}))(?P=mark)
      |(?P<bare>(?>(?:[^\s,]|[\s,](?![\s,]{{0,9}}{NEXT}))*))
    )""",
    re.DOTALL | re.VERBOSE,
)
"""Up to its own quotation mark, else to the next parameter.

A mark that neither ends all nor has a parameter behind it is part of the words: an apostrophe.
"""
BEGINNING = re.compile(r"\{/?\w+(?:\s|%20)*\(?")
ENDING = re.compile(r"(?<!\s)\s*+/?\s*+\)?\s*+/?\s*+\}?\Z")
ESCAPED = re.compile(r"\\([^\w\s]|_)")
"""As Markdown has signs, and the old wiki its quotation marks."""


class Parameter(NamedTuple):
    """A parameter of a plugin, and where it ends in the marker."""

    key: str
    value: str
    end: int


def parameters(marker: str) -> Iterator[Parameter]:
    r"""The parameters of a marker, keys in lower case, values without marks.

    >>> [(key, value) for key, value, _ in parameters('{BOX(title=>Anna\'s "beds", width=9)}')]
    [('title', 'Anna\'s "beds"'), ('width', '9')]
    >>> [(key, value) for key, value, _ in parameters(r'{TABS(tabs=\"One\|Two\" x=&gt;3)}')]
    [('tabs', 'One|Two'), ('x', '3')]
    """
    beginning, ending = BEGINNING.match(marker), ENDING.search(marker)
    start = beginning.end() if beginning else 0
    for found in PARAMETER.finditer(marker[start : ending.start() if ending else None]):
        value = found["quoted"] if found["mark"] else found["bare"]
        yield Parameter(found["key"].lower(), decoded(ESCAPED.sub(r"\1", value)).strip(), start + found.end())
