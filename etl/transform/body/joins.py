"""What comes together once what stood between goes: it must not become markup that nobody wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from etl.transform.body.edits import Edit
from etl.transform.body.places import is_escaped

JOINING = frozenset("!]`")
"""What makes an image of a link behind it, a link of parentheses, and other code of back-ticks."""
MAY_JOIN = frozenset(("", "[", "(", "`"))
"""What begins a replacement that one of them may join: what is behind an empty one may."""
CUT_ENTITY = re.compile(r"&#?[a-zA-Z0-9]*+(?=[<{*_~\\&]|[^\n -~])")
"""What may be an entity once the mark, or the odd character, behind it is gone."""


def kept_apart(text: str, edits: Sequence[Edit]) -> Iterator[Edit]:
    r"""What edits move together must not become an image, a link, an entity or other code.

    A backslash keeps it apart, a blank does so with code.

    >>> list(kept_apart("a!**[b](c)", [(2, 4, "", "bold")])), list(kept_apart("[a]**(b)", [(3, 5, "", "bold")]))
    ([(1, 1, '\\', 'bold')], [(2, 2, '\\', 'bold')])
    >>> list(kept_apart("&quo**t;", [(4, 6, "", "bold")])), list(kept_apart("`a`**`b`", [(3, 5, "", "bold")]))
    ([(0, 1, '&amp;', 'bold')], [(3, 3, ' ', 'bold')])
    >>> list(kept_apart("&&#8203;lt;", [(1, 8, "", "entity")]))
    [(0, 1, '&amp;', 'entity')]
    """
    places = [edit[0] for edit in edits if edit[0] and text[edit[0] - 1] in JOINING and edit[2][:1] in MAY_JOIN]
    spans = [edit for edit in edits if edit[2] and edit[2][-1] == "`"]
    cut = [at for at in _ampersands(text) if CUT_ENTITY.match(text, at)] if edits else ()
    first = {edit[0]: edit for edit in sorted(edits, reverse=True)} if places or spans or cut else {}
    for start in cut:
        if rule := _makes_entity(text, start, first):
            yield start, start + 1, "&amp;", rule
    for start in dict.fromkeys(places):
        # What stands before it may have its backslash, or go itself.
        if start - 1 not in first and _joins(text, start, first):
            at, apart = (start, " ") if text[start - 1] == "`" else (start - 1, "\\")
            yield at, at, apart, first[start][3]
    for _, end, _, rule in spans:
        if _left(text, end, first).startswith("`"):
            yield end, end, " ", rule


def _ampersands(text: str) -> Iterator[int]:
    """Where they stand: a search for one character is many times as fast as one for a pattern."""
    at = text.find("&")
    while at >= 0:
        yield at
        at = text.find("&", at + 1)


def _joins(text: str, start: int, first: Mapping[int, Edit]) -> bool:
    """Whether what edits leave at a place makes an image, a link or other code with the sign before it."""
    left = _left(text, start, first)
    if text[start - 1] == "!":
        return left.startswith("[") and not is_escaped(text, start - 1)
    return left.startswith("`") if text[start - 1] == "`" else left == "("


def _left(text: str, at: int, first: Mapping[int, Edit]) -> str:
    """What edits leave at a place: what one writes there, or the next sign."""
    while (edit := first.get(at)) and not edit[2] and edit[1] > at:
        at = edit[1]
    return edit[2] if edit else text[at : at + 1]


def _makes_entity(text: str, start: int, first: Mapping[int, Edit]) -> str:
    """The rule of the last edit that takes out what keeps an ampersand from being the start of an entity, if one is."""
    at, rule = start + 1, ""
    while at < len(text):
        edit = first.get(at)
        if edit and edit[1] > at and not edit[2]:
            at, rule = edit[1], edit[3]
        elif edit is None and (text[at].isalnum() or text[at] == "#"):
            at += 1
        else:
            break
    return rule if text.startswith(";", at) else ""
