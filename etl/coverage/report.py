"""What came out: the review file, text for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable

from etl.addresses import Address, plain_address
from etl.coverage.model import CLASSES, Coverage, Missing
from etl.plain import one_line

SHOWN = 20


def review(found: Coverage) -> str:
    """The review file: TOML in which every entry is commented out.

    The text of an entry, without its marks, is what the setting ``redirects`` reads.
    """
    parts = [_HEAD.format(count=len(found.missing), distinct=_total(found))]
    parts += [_entry(missing) for missing in found.missing]
    return "\n".join(parts)


_HEAD = """\
# Legacy addresses that were asked for and are not answered: {count:,} of {distinct}, the most asked first.
# Written by `wiki-etl redirects coverage`. Nothing here counts as it stands: take the "# " away from an entry,
# keep one of its lines target and gone, and name this file in the setting `redirects`.
"""


def _entry(missing: Missing) -> str:
    asked = f"asked for {missing.hits} times, answered {missing.found} times"
    read = plain_address(missing.value)
    if read != missing.address:
        other = f"the {_named(read)}" if read else "no address"
        return f"# No entry can be about the {_named(missing.address)}, which is {other} there: {asked}\n"
    lines = ["[[redirects]]", f"value = {_quoted(missing.value)}"]
    lines += [f"target = {_quoted(one.target)}  # {one.likeness}%: {one_line(one.name)}" for one in missing.suggestions]
    lines += ["gone = true", f'reason = "{asked}"']
    return "".join(f"# {line}\n" for line in lines)


def _named(address: Address) -> str:
    return f"{address.kind} {_quoted(address.value)}"


def _quoted(text: str) -> str:
    r"""A basic string of TOML, in which nothing is invisible.

    >>> print(_quoted('a "b" \\ \u202e é'))
    "a \"b\" \\ \u202E é"
    """
    return '"' + "".join(_character(char) for char in text) + '"'


def _character(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    return f"\\u{ord(char):04X}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08X}"


def text(found: Coverage, *, every: bool = False) -> str:
    """For people; ``every``: the list of addresses is not shortened."""
    total = found.hits.total()
    lines = [f"{total:,} requests in {', '.join(found.logs)}"]
    lines += [f"  {found.hits[key]:11,}  {sentence}" for key, sentence in CLASSES.items() if found.hits[key]]
    if found.bad:
        lines.append(f"  {found.bad:11,}  lines could not be read, the first one is {found.first_bad}")
    shown = found.missing if every else found.missing[:SHOWN]
    if shown:
        lines.append(f"not answered: {_total(found)} addresses, the {len(shown)} most asked:")
    for missing in shown:
        close = missing.suggestions[0] if missing.suggestions else None
        hint = "" if close is None else f"   close: {close.name!r} ({close.likeness}%)"
        lines.append(f"  {missing.hits:11,}  {missing.address.kind} {missing.value!r}{hint}")
    if found.forgotten:
        kept = f"{found.kept:,} of them were kept"
        lines.append(f"note: {kept}; {found.forgotten:,} hits are of addresses that were not")
    return "\n".join(map(one_line, lines))


def _total(found: Coverage) -> str:
    return f"about {found.distinct:,}" if found.forgotten else f"{found.distinct:,}"


def as_json(found: Coverage, *, every: bool = True) -> str:  # noqa: ARG001  # nothing is shortened
    """For programs; ASCII only."""
    facts = {
        "logs": list(found.logs),
        "requests": found.hits.total(),
        "classes": {key: found.hits[key] for key in CLASSES},
        "bad_lines": found.bad,
        "first_bad_line": found.first_bad,
        "unanswered": {
            "addresses": found.distinct,
            "exact": not found.forgotten,
            "kept": found.kept,
            "hits_not_kept": found.forgotten,
            "listed": [
                {
                    "kind": missing.address.kind,
                    "value": missing.value,
                    "hits": missing.hits,
                    "answered": missing.found,
                    "suggestions": [one._asdict() for one in missing.suggestions],
                }
                for missing in found.missing
            ],
        },
    }
    return json.dumps(facts, indent=2)


REPORTS: dict[str, Callable[..., str]] = {"text": text, "json": as_json}
