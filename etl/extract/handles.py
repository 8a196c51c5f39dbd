"""Bytes of open files, as many as were asked for: one call of the system may give fewer."""

from __future__ import annotations

import os
from collections.abc import Callable

from etl.settings import MIB


def read(handle: int, limit: int, size: int = MIB) -> bytes:
    """The next bytes of a file, at most ``limit``; fewer at its end only, whatever its ``size`` was or is."""
    return _pieces(lambda size, _had: os.read(handle, size), limit, size + 1)


def read_at(handle: int, limit: int, offset: int) -> bytes:
    """Bytes of a file from an offset on, at most ``limit``; fewer at its end only."""
    return _pieces(lambda size, had: os.pread(handle, size, offset + had), limit)


def _pieces(some: Callable[[int, int], bytes], limit: int, first: int = MIB) -> bytes:
    data = some(min(limit, first, MIB), 0)
    pieces, had = [data], len(data)
    while data and had < limit:
        data = some(min(limit - had, MIB), had)
        pieces.append(data)
        had += len(data)
    return b"".join(pieces)
