"""Lines of boilerplate, which settings name by patterns (``drop_lines``)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.settings import Finders

ADDRESS_ALONE = re.compile(r"<(https?://[^<>\s]*)>")


def boilerplate(text: str, start: int, end: int, found_by: Finders) -> Iterator[tuple[int, str]]:
    """The lines of boilerplate in a stretch and where they begin; patterns see them with single blanks."""
    at = start
    for line in text[start:end].splitlines(keepends=True):
        shown = line.strip()
        if "  " in shown or not shown.isprintable():  # as no other blank is
            shown = " ".join(shown.split())
        if "<http" in shown:
            shown = ADDRESS_ALONE.sub(r"\1", shown)
        if any(finds(shown) for finds in found_by):
            yield at, line
        at += len(line)
