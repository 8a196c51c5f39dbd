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


Guarded = TypeVar("Guarded", bound=tuple[Any, ...])
"""A tuple that begins with its `Guard`."""


def guard(what: str) -> Guard:
    """The guard that looks for a text."""
    return Guard(_marks(what.encode()), re.compile(re.escape(what.encode())).search)


def present(text: str, guarded: Iterable[Guarded]) -> list[Guarded]:
    """Those whose guards are in a text.

    >>> [name for _, name in present("a ~hs~ b", [(guard("~h"), 1), (guard("~ h"), 2), (guard("(("), 3)])]
    [1]
    """
    data = text.encode()
    marks = _marks(data)
    return [each for each in guarded if each[0][0] in marks and each[0][1](data)]


def _marks(data: bytes) -> bytes:
    """All but letters, digits and blanks: so little is left that it is searched in no time."""
    return data.translate(None, ORDINARY)
