"""Lines of boilerplate, which settings name by patterns (``drop_lines``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

ADDRESS_ALONE = re.compile(r"<(https?://[^<>\s]*)>")
ESCAPED_OR_CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
GROUP = re.compile(r"\([^()]*\)")

Finders = Sequence[Callable[[str], object]]
"""What finds boilerplate in a line."""


@lru_cache(maxsize=8)
def finders(patterns: tuple[str, ...]) -> Finders:
    """What finds such lines; a pattern that is bound to the start of a line is tried nowhere else."""
    return [compiled.match if _is_bound(compiled) else compiled.search for compiled in map(re.compile, patterns)]


def _is_bound(pattern: re.Pattern[str]) -> bool:
    r"""Whether a pattern surely matches at the start of a text only.

    >>> _is_bound(re.compile(r"(?i)^(?:a|b)[|]\|c$")), _is_bound(re.compile("^a|b")), _is_bound(re.compile("(?m)^a"))
    (True, False, False)
    """
    outside = ESCAPED_OR_CLASS.sub("", pattern.pattern)
    while GROUP.search(outside):
        outside = GROUP.sub("", outside)
    return outside.startswith("^") and "|" not in outside and not pattern.flags & (re.MULTILINE | re.VERBOSE)


def boilerplate(text: str, start: int, end: int, found_by: Finders) -> Iterator[tuple[int, str]]:
    """The lines of boilerplate in a stretch and where they begin; patterns see them with single blanks."""
    at = start
    for line in text[start:end].splitlines(keepends=True):
        shown = " ".join(line.split())
        if "<http" in shown:
            shown = ADDRESS_ALONE.sub(r"\1", shown)
        if any(finds(shown) for finds in found_by):
            yield at, line
        at += len(line)
