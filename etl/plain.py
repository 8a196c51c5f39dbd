"""Text of the data as people may see it: without control characters, on one line, no longer than can be read."""

from __future__ import annotations


def plain(text: str) -> str:
    """Text with its control characters, but for line ends, as escapes: what of the data may reach a terminal.

    >>> plain("a\\x1b[31mb\\u202ec")
    'a\\\\x1b[31mb\\\\u202ec'
    """
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode() for char in text
    )


def printable(text: str) -> str:
    r"""A name without control characters and line ends, each of which is one U+FFFD.

    >>> printable("a\x1b[1m.zip")
    'a�[1m.zip'
    """
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def one_line(text: str) -> str:
    r"""Text on one line: line ends and control characters as escapes.

    >>> print(one_line("a\nb\x1b[2J\u2028"))
    a\nb\x1b[2J\u2028
    """
    return text if text.isprintable() else plain(text).replace("\n", "\\n")


def cut(text: str, longest: int, mark: str = "…") -> str:
    """Text of so many characters at most; a mark says where it was longer.

    >>> cut("well", 4), cut("wells", 4), cut("wells", 4, "...")
    ('well', 'wel…', 'w...')
    """
    return text if len(text) <= longest else text[: longest - len(mark)] + mark
