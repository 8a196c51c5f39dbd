"""What people can mend, and not we: errors that end a command with a sentence and a status of their own."""

from __future__ import annotations

DISK_FULL = "database or disk is full"
"""How SQLite begins its message about want of room."""


class Trouble(Exception):
    """Trouble with input or output. Its text is a sentence for people: what is wrong, what was done, what to do."""

    status = 3
    """Exit status of the command (contract, section 3)."""


def why(error: Exception) -> str:
    """What an error says, without path and number."""
    return getattr(error, "strerror", None) or str(error)
