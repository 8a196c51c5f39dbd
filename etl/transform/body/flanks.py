"""What touches a mark of emphasis, outside and inside, to whichever engine reads it most strictly (CommonMark, 6.2)."""

from __future__ import annotations

import unicodedata


def is_like_letter(char: str) -> bool:
    """Whether some engine takes it for a letter where marks of emphasis touch it: no blank, no punctuation.

    Beyond ASCII, signs of currency, arrows and pictures are punctuation to other engines alone.

    >>> [is_like_letter(char) for char in ("a", "\u0e35", "→", "+", "。", " ", "\u200e", "")]
    [True, True, True, False, False, False, False, False]
    """
    return char.isalnum() or (char > "\x7f" and unicodedata.category(char)[0] not in "PZC")


def is_sign(char: str) -> bool:
    """Whether some engine takes it for punctuation.

    >>> [is_sign(char) for char in ("(", "→", "a", "\u0e35", "")]
    [True, True, False, False, False]
    """
    return unicodedata.category(char or " ")[0] in "PS"


def is_glued(outside: str, inside: str) -> bool:
    """Whether a mark of emphasis has no meaning to some engine: a letter touches it on the outside, a sign inside."""
    return is_like_letter(outside) and is_sign(inside)
