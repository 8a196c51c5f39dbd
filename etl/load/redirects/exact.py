"""The map for servers that compare keys byte by byte: every spelling once, and the names that differ by case alone.

A name is found in any case of ASCII letters where that finds one answer (contract, 7: the second
look-up); which names would not is known only at the end of the map. Those that may be meant wait for
it (`Survey.marked`), everything else passes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from etl.addresses import Kind, caseless
from etl.load.redirects.files import forms, unsupported
from etl.load.redirects.neutral import Entry
from etl.load.redirects.survey import Stretch, Survey
from etl.model import Finding

NAME = "exact"
"""The name of the marks (`Survey.marked`) that are made from `keys`."""
LONGEST = 4000
"""Bytes of the longest key: with every byte percent-encoded the request still has room in a server's buffers."""


class Group(NamedTuple):
    """Entries that are one to a server without case; mostly a single one."""

    entries: list[Entry]
    folds: bool
    """Whether any case of ASCII letters has one answer. Never for ids and paths."""
    cased: bool = False
    """Whether one of them is an address of the new site in another case (`survey.Batch.cased`)."""


def groups(survey: Survey, server: str, findings: list[Finding]) -> Iterator[Group]:
    """The entries that a server can express, in the order of the map but for those that had to wait.

    What is left out is added to ``findings``. Needs the marks of `keys`, by the name of this module.
    """
    for piece in pieces(survey, server, findings):
        yield from as_groups(piece)


def pieces(survey: Survey, server: str, findings: list[Finding]) -> Iterator[Stretch | Group]:
    """The same as `groups`, but plain entries, which are a group each, many at a time."""
    waiting: dict[bytes, list[Entry]] = {}
    cased: set[bytes] = set()
    for batch, marked in survey.marked(NAME):
        wait = {*marked}
        for piece in batch.pieces(wait):
            if isinstance(piece, Stretch):
                yield piece
                continue
            entry = batch.entry(piece)
            if not _fits(entry, server, findings):
                continue
            is_cased = piece in batch.cased
            if piece not in wait:
                yield Group([entry], batch.kind == "name" and not is_cased, is_cased)
                continue
            [key] = keys(batch.kind, [entry.address.value])
            waiting.setdefault(key, []).append(entry)
            if is_cased:
                cased.add(key)
    for key, crowded in waiting.items():
        folds = crowded[0].address.kind == "name" and len({entry.target for entry in crowded}) == 1
        yield Group(crowded, folds and key not in cased, key in cased)


def as_groups(piece: Stretch | Group) -> Iterator[Group]:
    """What `pieces` gave as `groups` gives it."""
    if isinstance(piece, Stretch):
        yield from (Group([entry], piece.kind == "name") for entry in piece.entries())
    else:
        yield piece


def _fits(entry: Entry, server: str, findings: list[Finding]) -> bool:
    """Whether a server can hold the entry; a finding where it is too long, be it in NFD alone."""
    text = entry.address.value
    if text.isascii() and len(text) <= LONGEST:
        return True
    sizes = [len(form.encode()) for form in forms(text)]
    if sizes[-1] > LONGEST:
        findings.append(unsupported(server, entry, _too_long(sizes[0])))
    return sizes[0] <= LONGEST


def spellings(entry: Entry) -> list[str]:
    """The value in NFC and, for clients that send that, in NFD where it differs and fits."""
    text = entry.address.value
    return [text] if text.isascii() else [form for form in forms(text) if len(form.encode()) <= LONGEST]


def lower(text: str) -> str:
    """The text in lower case as servers know it: of ASCII letters.

    >>> lower("CAFÉ")
    'cafÉ'
    """
    return text.lower() if text.isascii() else text.encode().lower().decode()


def keys(kind: Kind, values: list[str]) -> list[bytes]:
    """What tells entries apart without case: of the whole alphabet, for that is what the contract folds."""
    text = "\n".join(values)
    if kind == "name":
        text = caseless(text)
    return (f"{kind}:" + text.replace("\n", f"\n{kind}:")).encode().split(b"\n")


def _too_long(size: int) -> str:
    if size > LONGEST:
        return f"{size} bytes where a key has at most {LONGEST}"
    return f"with its accents as characters of their own (NFD) it has more than {LONGEST} bytes; that form is left out"
