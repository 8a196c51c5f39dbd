"""Guards: marks without which a pattern cannot match, so that most patterns are never tried on most bodies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from string import ascii_letters, digits
from typing import Any, NamedTuple, TypeVar

ORDINARY = f"{ascii_letters}{digits} ,.".encode()


class Guard(NamedTuple):
    """What must be in a text: bytes, for they are searched several times as fast."""

    marks: bytes
    """Its marks alone: where they do not follow each other, it is not."""
    search: Callable[[bytes], object]
    """A search that begins with a rare character is the cheapest there is, cheaper than ``in``."""


Guarded = TypeVar("Guarded", bound=tuple[Any, ...])
"""A tuple that begins with its `Guard`."""


def guard(what: str, near: bytes = b"") -> Guard:
    """The guard that looks for a text, or for what comes nearer to its pattern."""
    data = what.encode()
    return Guard(marks(data), re.compile(near or re.escape(data)).search)


def present(text: str, guarded: Iterable[Guarded]) -> list[Guarded]:
    """Those whose guards are in a text.

    >>> [name for _, name in present("a ~hs~ b", [(guard("~h"), 1), (guard("~ h"), 2), (guard("(("), 3)])]
    [1]
    """
    data, signs = encoded(text)
    return [each for each in guarded if each[0][0] in signs and each[0][1](data)]


def encoded(text: str) -> tuple[bytes, bytes]:
    """A text as bytes, and its `marks`."""
    if _Last.text is not text:
        data = text.encode()
        _Last.text, _Last.forms = text, (data, marks(data))
    return _Last.forms


def marks(data: bytes) -> bytes:
    """All but letters, digits and blanks: so little is left that it is searched in no time."""
    return data.translate(None, ORDINARY)


class _Last:
    """The text that was asked about last: most are asked about several times in a row."""

    text: str = ""
    forms: tuple[bytes, bytes] = b"", b""
