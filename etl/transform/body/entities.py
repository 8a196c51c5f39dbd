"""Entities: what HTML and Markdown write for a character."""

from __future__ import annotations

import html
import re
from html.entities import html5

ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{0,31}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
"""What is one, if there is such a name."""
LAST_ENTITY = re.compile(rf"{ENTITY.pattern}\Z")
LONGEST_ENTITY = 34


def decoded(text: str) -> str:
    """A text with its entities as characters, a carriage return as a line end; without semicolon, `&copy=3` is none.

    >>> decoded("a?x=1&amp;copy=3&copy=4"), decoded("&lt;&#60;&ltx;")
    ('a?x=1&copy=3&copy=4', '<<&ltx;')
    """
    return ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    return html.unescape(entity[0]).replace("\r", "\n") if _is_known(entity[0]) else entity[0]


def _is_known(entity: str) -> bool:
    """Whether an entity is one: `&ltx;` is none, though it begins like one."""
    return entity[1] == "#" or entity[1:] in html5


def without_entities(href: str) -> str:
    """An address whose ampersands begin no entity.

    >>> without_entities("http://a.example/?a&copy;&b;")
    'http://a.example/?a&amp;copy;&b;'
    """
    return ENTITY.sub(_with_ampersand, href) if "&" in href else href


def _with_ampersand(entity: re.Match[str]) -> str:
    return f"&amp;{entity[0][1:]}" if _is_known(entity[0]) else entity[0]
