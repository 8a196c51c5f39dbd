"""Guards: what a text must hold for a pattern to match, so that most patterns are never tried on most bodies.

They are looked for among the signs of a text first, which are few, and then in its bytes, which are searched several
times as fast as characters. A literal is found faster than a pattern, and a single byte by far the fastest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from string import ascii_letters, digits
from typing import Any, TypeVar

ORDINARY = f"{ascii_letters}{digits},".encode()
COMMON = b"\xe2\x80#:[]().|*/- \n"
"""Signs that most texts have, the most common ones last."""

Search = Callable[[bytes], object]


@dataclass(frozen=True, eq=False, slots=True)
class Guard:
    """What must be in a text; all of it finds too much rather than too little."""

    sign: int
    """A byte among the signs of the text (`_signs_of`)."""
    left: bytes
    """What stands together there."""
    near: Search
    """What finds more in the bytes of the text, which begin with a line."""
    signs: Search | None = None
    """What finds more among its signs."""


Guarded = TypeVar("Guarded", bound=tuple[Any, ...])
"""A tuple that begins with its `Guard`."""


@cache  # so that what two patterns have in common is one guard, which a text is asked for once
def guard(what: str, *, left: str = "", sign: str = "", signs: bytes = b"", behind: bytes = b"") -> Guard:
    """The guard that looks for a literal, and for a pattern behind it.

    ``left`` is what of both is left among the signs, if not that of the literal; ``sign`` is looked for beside it, and
    so is the pattern ``signs``.
    """
    data = what.encode()
    rest = left.encode() or _signs_of(data)
    return Guard(
        min(sign.encode() or rest or b"\n", key=COMMON.find),
        rest,
        _anywhere(data, re.compile(behind)) if behind else lambda text: text.find(data) >= 0,
        re.compile(signs).search if signs else None,
    )


def _anywhere(what: bytes, behind: re.Pattern[bytes]) -> Search:
    """Whether a pattern matches behind a literal: places of that are found faster than by a pattern."""

    def search(data: bytes) -> bool:
        at = data.find(what)
        while at >= 0 and not behind.match(data, at + len(what)):
            at = data.find(what, at + 1)
        return at >= 0

    return search


def present(text: str, guarded: Iterable[Guarded]) -> list[Guarded]:
    """Those whose guards are in a text.

    >>> [name for _, name in present("a ~hs~ b", [(guard("~h"), 1), (guard("~ h"), 2), (guard("(("), 3)])]
    [1]
    """
    asked = in_bytes(text)
    signs = asked.signs
    return [each for each in guarded if each[0].sign in signs and asked.holds(each[0])]


def in_bytes(text: str) -> Bytes:
    """A text as bytes."""
    if _Last.text is not text:
        _Last.text, _Last.asked = text, Bytes(text)
    return _Last.asked


def _signs_of(data: bytes) -> bytes:
    """All but letters, digits and commas."""
    return data.translate(None, ORDINARY)


class Bytes:
    """A text as bytes, and what guards found in it."""

    def __init__(self, text: str) -> None:
        self.data = b"\n" + text.encode()
        self.signs = _signs_of(self.data)
        self._known: dict[Guard, bool] = {}

    def holds(self, guard: Guard) -> bool:
        """Whether all is there that a guard looks for, once its sign is."""
        known = self._known.get(guard)
        if known is None:
            among = self.signs.find(guard.left) >= 0 and (guard.signs is None or guard.signs(self.signs))
            known = self._known[guard] = bool(among and guard.near(self.data))
        return known


class _Last:
    """The text that was asked about last: most are asked about several times in a row."""

    text: str = ""
    asked = Bytes("")


PARENTHESES = guard("(", signs=rb"\(-*+\(", behind=rb"[a-z0-9-]*+\(")
"""Two, with no more than a word between them, which may have hyphens."""
ODD_ADDRESS = guard(
    "](",
    signs=rb"\]\((?![^()\n <]*+\))",
    behind=rb"(?!(?:https?://|/)[^()\n <]*+(?>(?:\([^()\n <]*+\)[^()\n <]*+)*)\))",
)
"""One of a link that no parser takes, or that is no whole one and holds parentheses."""
