"""What both passes do alike: members a batch at a time, their bytes, and a garbage collector that looks rarely."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from etl.extract.members import Locator, Reader
from etl.facts import Member
from etl.model import Rejection

BATCH = 1 << 18
"""Bytes of the members that go through all steps together."""

Taken = TypeVar("Taken")


def in_batches(rows: Iterable[Taken], member_of: Callable[[Taken], Member]) -> Iterator[list[Taken]]:
    """Rows in lists: as many as their members announce no more than `BATCH` bytes together, and at least one.

    Each step of a pass takes a batch before the next step does: code and data of a step are in the caches of the
    processor then, and from one member to the next the others do not drive them out.
    """
    batch: list[Taken] = []
    size = 0
    for row in rows:
        announced = member_of(row).size or 0
        if batch and size + announced > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += announced
    if batch:
        yield batch


def bytes_of(reader: Reader, row: Member) -> bytes | Rejection:
    """The bytes of a row of ``member``; a refused entry is never opened."""
    if row.container is None:
        return rejection_of(row)
    return reader.read(Locator(row.container, row.kind, row.offset, row.stored, row.size, row.method, row.crc))


def rejection_of(row: Member) -> Rejection:
    """Why a row of ``member`` that has a code is a reject."""
    return Rejection(str(row.code), row.message, row.action)


def spare_the_collector() -> None:
    """Let the garbage collector look rarely, and never at what is loaded by now: members leave next to no cycles."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
