"""Where every member went: the ledger of a run, and the proof of it.

`balance` counts lines of files and rows of the facts file. `prove` shares nothing with that, nor with what the
passes counted on their way: it reads what was written, holds every count of the manifest against its own, and every
member of the index, by its name, against the one place where it must be.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from etl.facts import Facts
from etl.load.folders import file_names
from etl.model import MANIFEST, Ledger

BLOCK = 1 << 20
MOST_NAMED = 3
OUTCOMES = {"documents": "documents.jsonl", "withheld": "withheld.jsonl", "rejects": "rejects.jsonl"}
"""Counts of the ledger that are lines of a file."""
NO_DOCUMENT = {"member.duplicate": "duplicates", "member.redirect": "redirect_only"}
"""The findings that say of a member that it became no line of these, each with its count of the ledger."""

_RULE = re.compile(rb'"rule":"([^"\\]*)"')
"""The rule of a change, a plain name. Nothing in a text looks like it: there, quotation marks are escaped."""


class LedgerFault(Exception):
    """The ledger does not balance: a bug of this tool, status 4."""


def balance(facts: Facts, lines_of: Mapping[str, int]) -> Ledger:
    """Where every member went: what has a file is counted by its lines, all else by rows of the facts file.

    Raises LedgerFault when a member is missing or counted twice.
    """
    ledger = Ledger(
        members=facts.one("SELECT count(*) FROM member"),
        documents=lines_of["documents.jsonl"],
        withheld=lines_of["withheld.jsonl"],
        redirect_only=facts.one("SELECT count(*) FROM fact WHERE outcome = 'redirect'"),
        duplicates=facts.one("SELECT count(*) FROM fact WHERE outcome = 'duplicate'"),
        rejects=lines_of["rejects.jsonl"],
    )
    accounted = ledger.documents + ledger.withheld + ledger.redirect_only + ledger.duplicates + ledger.rejects
    if accounted != ledger.members:
        raise LedgerFault(f"{ledger.members} members came in, but {accounted} are accounted for: {ledger.model_dump()}")
    return ledger


def prove(facts: Facts, made: Path, entries: int) -> None:
    """Hold the manifest of a generation against its files, and its files against the ``entries`` of the index pass.

    Raises LedgerFault with the first thing that does not agree.
    """
    manifest = orjson.loads((made / MANIFEST).read_bytes())
    files = {file["name"]: file for file in manifest["files"]}
    _agree("files", {*file_names(made)} - {MANIFEST}, set(files))
    facts.db.execute("CREATE TABLE later.seen (bundle TEXT, name TEXT)")
    ledger = {name: _see(facts, map(_source, _lines(made, files[file]))) for name, file in OUTCOMES.items()}
    findings: Counter[str] = Counter()
    _see(facts, _no_documents(_lines(made, files["findings.jsonl"]), findings))
    ledger |= {name: findings[code] for code, name in NO_DOCUMENT.items()}
    _agree("ledger", ledger | {"members": entries}, manifest["ledger"])
    _agree("findings", dict(findings), manifest["findings"])
    if "changes.jsonl" in files:
        blocks = _blocks(made, files["changes.jsonl"])
        rules = Counter(chain.from_iterable(_RULE.findall(b"".join(lines)) for lines in blocks))
        _agree("changes", {rule.decode(): count for rule, count in rules.items()}, manifest["changes"])
    _agree_on_names(facts)


def _agree(what: str, counted: object, said: object) -> None:
    if counted != said:
        raise LedgerFault(f"{what} of the manifest are {said}, but what was written holds {counted}")


def _lines(made: Path, said: Mapping[str, Any]) -> Iterator[bytes]:
    return chain.from_iterable(_blocks(made, said))


def _blocks(made: Path, said: Mapping[str, Any]) -> Iterator[list[bytes]]:
    """The lines of a file, many at once; its bytes, lines and digest are held against what the manifest says of it."""
    size, count, digest = 0, 0, hashlib.sha256()
    with (made / said["name"]).open("rb", buffering=BLOCK) as file:
        while lines := file.readlines(BLOCK):
            block = b"".join(lines)
            digest.update(block)
            size, count = size + len(block), count + len(lines)
            yield lines
    _agree(said["name"], {"name": said["name"], "bytes": size, "lines": count, "sha256": digest.hexdigest()}, said)


def _see(facts: Facts, places: Iterable[Mapping[str, Any]]) -> int:
    """Note the members that records come from; returns how many."""
    return facts.insert("later.seen", ((place["bundle"], place["member"]) for place in places))


def _source(line: bytes) -> Mapping[str, Any]:
    """Where a record says that it comes from. Of a document the end alone is decoded: bodies are long."""
    end = line[line.rfind(b'"source":{') :]  # unescaped quotes: no part of a text
    try:
        return orjson.loads(b"{" + end)["source"]  # type: ignore[no-any-return]  # a line of ours
    except orjson.JSONDecodeError:  # a reject, or something of that name further inside
        record = orjson.loads(line)
        return record.get("source", record)  # type: ignore[no-any-return]  # likewise


def _no_documents(lines: Iterable[bytes], findings: Counter[str]) -> Iterator[dict[str, Any]]:
    """The findings of `NO_DOCUMENT`; all findings are counted by code."""
    for record in map(orjson.loads, lines):
        findings[record["code"]] += 1
        if record["code"] in NO_DOCUMENT:
            yield record


def _agree_on_names(facts: Facts) -> None:
    """Every member of the index is in one place: in one of the files, or in a finding that says why it is in none."""
    off = facts.db.execute(
        """
        SELECT bundle, name, sum(places)
        FROM (SELECT bundle, name, 0 AS places, 1 AS members FROM member
              UNION ALL
              SELECT bundle, name, 1, 0 FROM later.seen)
        GROUP BY bundle, name
        HAVING sum(places) <> sum(members)
        ORDER BY bundle, name
        """
    ).fetchmany(MOST_NAMED)
    if off:
        named = ", ".join(f"{bundle}/{name} is in {places} places" for bundle, name, places in off)
        raise LedgerFault(f"not every member is in one place: {named}")
