"""Which scripts write words without blanks between them, and which marks are a part of a letter."""

from __future__ import annotations

import re
import unicodedata

WITHOUT_BLANKS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\ua980-\uaadf"
"""For a class of an expression: Thai, Lao, Burmese, Khmer, Tai, Javanese and Cham, in which no blank parts words."""
CHINESE_JAPANESE = "\u3005-\u3007\u3041-\u30ff\u3400-\u9fff"
"""For a class of an expression: Chinese and Japanese, in which no blank parts words either."""
FROM_RIGHT = r"\u05d0-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
"""Letters of Hebrew, Arabic and others that are read from right to left; the mark of direction among them is none."""
_KOREAN = "\uac00-\ud7a3"
_OF_GLYPHS = "\ufe00-\ufe0f"
_STANDS_ALONE = re.compile(f"[{WITHOUT_BLANKS}{CHINESE_JAPANESE}{_KOREAN}{_OF_GLYPHS}]")


def joins_words(char: str) -> bool:
    """Whether a sign beside it may be part of its word, so that a blank between them would make two of one.

    >>> joins_words("s"), joins_words("は"), joins_words("은"), joins_words("、")
    (True, False, False, False)
    >>> joins_words("\u0940"), joins_words("\u0e35"), joins_words("\ufe0f"), joins_words("")
    (True, False, False, False)
    """
    return (char.isalnum() or unicodedata.category(char or " ")[0] == "M") and not _STANDS_ALONE.match(char)


def is_letter_sign(mark: str) -> bool:
    """Whether a mark makes another letter of the one before it: a vowel sign, or one that voices a kana.

    Accents and points do not, nor do selectors of a glyph. Of the classes in which Unicode has marks, 10 to 36 are
    points of Hebrew, Arabic and Syriac, and from 200 those that stand above, below and around a letter.

    >>> [is_letter_sign(sign) for sign in "\u093e\u0e48\u0f72\ua9b6\u07a6\u3099"]
    [True, True, True, True, True, True]
    >>> [is_letter_sign(mark) for mark in "\u0301\u0338\u05b8\u064f\ufe0f\u20e3"]
    [False, False, False, False, False, False]
    """
    place = unicodedata.combining(mark)
    if unicodedata.category(mark) not in ("Mn", "Mc") or "VARIATION SELECTOR" in unicodedata.name(mark, ""):
        return False
    return place != 1 and (place < 10 or 36 < place < 200)
