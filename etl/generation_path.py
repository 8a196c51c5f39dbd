"""Which generation a path means: every command that takes one takes the folder of all of them, too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

CURRENT = "current"
"""The link to the generation that is published, in the folder of all of them."""


def generation_at(path: Path, is_one: Callable[[Path], bool]) -> Path | None:
    """The folder of a generation that a path means: itself, or the current one in it; None when neither ``is_one``."""
    return next(filter(is_one, (path, path / CURRENT)), None)
