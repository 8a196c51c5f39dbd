"""Trouble with a source, and how it is told to people."""

from __future__ import annotations

from etl.trouble import Trouble


class SourceError(Trouble):
    """Trouble with the input: a container that is missing, unreadable or over a limit of the whole run; status 3.

    Its text is a sentence for people that names the container.
    """


class DamageError(Exception):
    """A container cannot be read to its end; the text goes on from the container's name."""


def printable(text: str) -> str:
    r"""A name as it may be shown on a terminal.

    >>> printable("a\x1b[1m.zip")
    'a�[1m.zip'
    """
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
