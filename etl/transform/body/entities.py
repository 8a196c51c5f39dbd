"""Entities: what HTML and Markdown write for a character."""

from __future__ import annotations

import html
import re
from html.entities import html5

ENTITY = re.compile(r"&#?\w{1,31};")
"""What may be one (`is_entity`)."""
LAST_ENTITY = re.compile(rf"{ENTITY.pattern}\Z")
LONGEST_ENTITY = 34


def decoded(text: str) -> str:
    """A text with its entities as characters, a carriage return as a line end; without semicolon, `&copy=3` is none.

    >>> decoded("a?x=1&amp;copy=3&copy=4")
    'a?x=1&copy=3&copy=4'
    """
    return ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    return html.unescape(entity[0]).replace("\r", "\n") if is_entity(entity[0]) else entity[0]


def is_entity(text: str) -> bool:
    """Whether a text from `&` to `;` is an entity: `&ltx;` is none, though it begins like one.

    >>> is_entity("&lt;"), is_entity("&#60;"), is_entity("&ltx;")
    (True, True, False)
    """
    return text[1] == "#" or text[1:] in html5


def without_entities(href: str) -> str:
    """An address whose ampersands begin no entity.

    >>> without_entities("http://a.example/?a&copy;&b;")
    'http://a.example/?a&amp;copy;&b;'
    """
    return ENTITY.sub(_with_ampersand, href) if "&" in href else href


def _with_ampersand(entity: re.Match[str]) -> str:
    return f"&amp;{entity[0][1:]}" if is_entity(entity[0]) else entity[0]
