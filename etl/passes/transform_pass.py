"""The transform pass: the body of each member read again, and the clean documents written."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

from etl.addresses import Address, as_path
from etl.extract.members import Reader
from etl.extract.record import read_body, read_record
from etl.extract.trouble import changed
from etl.facts import Facts, Member
from etl.load.lines import check, dump
from etl.model import Finding, RawRecord, Rejection, finding_line
from etl.passes.batches import bytes_of, in_batches, spare_the_collector
from etl.resolve.links import Index
from etl.settings import Settings
from etl.transform.body import Cleaned, clean_body
from etl.transform.body.links import Linker
from etl.transform.document import Decision, Draft, Made, kept_draft, make_document

FILES = "documents", "withheld", "findings", "rejects", "changes"
"""Files of lines that the transform pass writes, in parts where there are many workers."""
BUFFER = 1 << 16
"""Bytes of each such file in memory; the system gives and takes larger pieces one by one, which is slower."""


class Options(NamedTuple):
    """What the command line asks of the transform pass."""

    changes: bool = False
    html: bool = False
    verify_text: bool = False


@dataclass(slots=True)
class TransformState:
    """What a process needs for the transform pass."""

    settings: Settings
    options: Options
    facts: Facts
    reader: Reader
    linker: Linker
    latest: str | None
    folder: Path
    in_parts: bool

    def close(self) -> None:
        """Close what it has opened."""
        self.reader.close()
        self.facts.close()


def transform_state(
    settings: Settings, options: Options, facts_path: Path, folder: Path, *, in_parts: bool
) -> TransformState:
    """Made once in each process; opens the facts file for reading.

    ``in_parts``: lines go to part files in ``folder``; where there is one process, to the end of the files themselves.
    """
    spare_the_collector()
    facts = Facts(facts_path)
    latest = facts.one("SELECT max(latest) FROM fact WHERE outcome IN ('document', 'withheld', 'redirect')")
    return TransformState(
        settings, options, facts, Reader(settings), Linker(settings, Index(facts)), latest, folder, in_parts
    )


@dataclass(slots=True)
class Transformed:
    """What came of a chunk, but for its lines."""

    first: int
    members: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    assets: list[tuple[str, str, int, str, str]] = field(default_factory=list)
    """Rows of ``later.asset``."""


class Chunk(NamedTuple):
    """Members from one ordinal up to another, which is not included."""

    first: int
    last: int

    def halves(self) -> list[Chunk]:
        """Two halves, where a worker died over it; itself where it is one member, which cannot be cut."""
        middle = (self.first + self.last + 1) // 2
        return [self] if middle >= self.last else [Chunk(self.first, middle), Chunk(middle, self.last)]


def files_of(options: Options, first: int | None = None) -> dict[str, str]:
    """Names of the `FILES` that are written, or of their parts that begin with the member ``first``."""
    asked = [name for name in FILES if name != "changes" or options.changes]
    return {name: f"{name}.jsonl" if first is None else f"{first}.{name}" for name in asked}


def transform(state: TransformState, chunk: Chunk) -> Transformed:
    """Write the lines of a chunk."""
    transformed = Transformed(chunk.first)
    with ExitStack() as stack:
        names = files_of(state.options, chunk.first if state.in_parts else None)
        # A part may be there from a process that was ended over it.
        mode: Literal["wb", "ab"] = "wb" if state.in_parts else "ab"
        paths = {name: state.folder / file for name, file in names.items()}
        files = {name: stack.enter_context(path.open(mode, buffering=BUFFER)) for name, path in paths.items()}
        decided = _decided(state, chunk)
        query = """
            SELECT m.*, f.outcome, f.reject, f.sha256, f.size, f.member_id, s.slug, p.path, d.data
            FROM member m
            JOIN fact f USING (ord)
            LEFT JOIN draft d USING (ord)
            LEFT JOIN slug s USING (ord)
            LEFT JOIN path p USING (ord)
            WHERE ord >= ?
              AND ord < ?
            ORDER BY ord
            """
        rows = map(_parted, state.facts.db.execute(query, (chunk.first, chunk.last)))
        for batch in in_batches(rows, itemgetter(0)):
            transformed.members += len(batch)
            members = [_Transform(state, transformed, files, row, decided) for row in batch]
            for step in (_Transform.read, _Transform.clean, _Transform.make, _Transform.write):
                for member in members:
                    step(member)
    return transformed


def _parted(row: tuple[Any, ...]) -> tuple[Member, tuple[Any, ...]]:
    """A row that begins with those of ``member``: these, and the others."""
    width = len(Member._fields)
    return Member._make(row[:width]), row[width:]


class _Decided(NamedTuple):
    """What resolve says of the members of a chunk, by ordinal."""

    findings: dict[int, list[Finding]]
    aliases: dict[int, dict[str, None]]
    """In the order of the map, each once: a name and an id may be one path."""


def _decided(state: TransformState, chunk: Chunk) -> _Decided:
    decided = _Decided(defaultdict(list), defaultdict(dict))
    query = "SELECT * FROM finding WHERE ord >= ? AND ord < ?"
    for ord_, code, message, action, key, cause in state.facts.rows(query, chunk.first, chunk.last):
        finding = Finding(code, message, action, field=key, cause=cause)
        decided.findings[ord_].append(finding)
    query = "SELECT ord, kind, value FROM redirect WHERE ord >= ? AND ord < ? ORDER BY ord, kind, value"
    for ord_, kind, value in state.facts.rows(query, chunk.first, chunk.last):
        alias = as_path(Address(kind, value), state.settings.legacy_base)
        decided.aliases[ord_][alias] = None
    return decided


class _Transform:
    """One member on its way into lines."""

    draft: Draft
    data: bytes
    cleaned: Cleaned
    made: Made

    def __init__(
        self,
        state: TransformState,
        transformed: Transformed,
        files: Mapping[str, BinaryIO],
        row: tuple[Member, tuple[Any, ...]],
        decided: _Decided,
    ) -> None:
        self.state, self.transformed, self.files = state, transformed, files
        self.row, facts = row
        self.ordinal, self.bundle, self.name = self.row.ord, self.row.bundle, self.row.name
        self.found = decided.findings.get(self.ordinal, [])
        self.aliases = list(decided.aliases.get(self.ordinal, ()))
        self.outcome, self.reject, self.sha256, self.size, self.member_id, self.slug, self.path, self.kept = facts
        self.is_made = self.outcome in ("document", "withheld")

    def read(self) -> None:
        """Its draft, and its bytes again where they are made into a document."""
        if self.kept is not None:
            self.draft = kept_draft(self.kept)
        if self.is_made:
            self.data = self._read_again()

    def clean(self) -> None:
        """Its body."""
        if self.is_made:
            state, draft = self.state, self.draft
            self.cleaned = clean_body(
                read_body(self.data, draft.bounds),
                state.settings,
                state.linker.below(draft.folders),
                first_line=draft.document["source"]["line"],
                keep_changes=state.options.changes,
                verify=state.options.verify_text,
            )

    def make(self) -> None:
        """Its document."""
        if self.is_made:
            self.made = self._made()
            check("document", self.made.document)

    def write(self) -> None:
        """What comes of it, to the files."""
        if self.is_made:
            self._write_document()
        elif self.outcome == "redirect":
            findings = map(_of_no_document, self.draft.findings)
            self._write_findings([*findings, *self._placed()], self.draft.document["id"])
        elif self.outcome == "duplicate":
            self._write_findings(self.found, None)
        else:
            self._write_reject()

    def _write_reject(self) -> None:
        reject = json.loads(self.reject)
        kept = self._read_again()[: self.state.settings.max_raw_bytes] if self.sha256 else b""
        line = {
            "code": reject["code"],
            "bundle": self.bundle,
            "member": self.name,
            "line": reject.get("line"),
            "column": reject.get("column"),
            "message": reject["message"],
            "action": reject["action"],
            "size": self.size,
            "sha256": self.sha256,
            "raw": base64.b64encode(kept).decode() if self.sha256 else None,
            "raw_complete": len(kept) == self.size,
        }
        self.files["rejects"].write(dump("reject", line))
        finding = Finding(
            line["code"], line["message"], line["action"], line["line"], line["column"], cause=line["code"]
        )
        self._write_findings([finding], None)

    def _write_document(self) -> None:
        made = self.made
        self.files["documents" if self.outcome == "document" else "withheld"].write(made.line)
        self._write_findings(made.findings, made.document["id"])
        self.transformed.changes.update(made.counts)
        if self.outcome == "document":
            self.transformed.assets.extend(
                (address, role, self.ordinal, made.document["id"], state) for address, role, state in made.assets
            )
        for change in made.changes or ():
            self.files["changes"].write(dump("change", {"document": made.document["id"], **change._asdict()}))

    def _read_again(self) -> bytes:
        """The bytes that the facts pass has read. Raises SourceError when they are others by now."""
        data = bytes_of(self.state.reader, self.row)
        if isinstance(data, Rejection) or hashlib.sha256(data).hexdigest() != self.sha256:
            raise changed(f"{self.bundle}/{self.name}")
        return data

    def _made(self) -> Made:
        draft, state = self.draft, self.state
        if draft.document["status"] == "stub":
            line = draft.document["source"]["line"]
            draft.findings.append(Finding("document.stub", "the page shows nothing", "status stub", line, 1))
        return make_document(
            draft,
            self.cleaned,
            Decision(self.slug, self.path, self.aliases, state.latest),
            locate=lambda path: _record(self.data).locate(path),  # few are ever asked for
            settings=state.settings,
            with_html=state.options.html,
            found=self._placed(),
        )

    def _placed(self) -> list[Finding]:
        """What resolve found, each where the field is that it speaks of; few members have any."""
        if not any(finding.field for finding in self.found):
            return self.found
        locate = _record(self.data if self.is_made else self._read_again()).locate
        places = (locate((finding.field,)) if finding.field else (None, None) for finding in self.found)
        return [
            finding._replace(line=line, column=column)
            for finding, (line, column) in zip(self.found, places, strict=True)
        ]

    def _write_findings(self, findings: Sequence[Finding], document: str | None) -> None:
        for finding in sorted(findings, key=_place):
            line = finding_line(
                finding,
                bundle=self.bundle,
                member=self.name,
                document=document,
                key=document or self.member_id or self.name,
            )
            self.transformed.findings[finding.code] += 1
            self.files["findings"].write(dump("finding", line))


def _record(data: bytes) -> RawRecord:
    """The record that the facts pass has read from the same bytes."""
    record = read_record(data)
    assert isinstance(record, RawRecord)
    return record


def _of_no_document(finding: Finding) -> Finding:
    """What is true of it where its page is a redirect: there is no document to keep an unknown field."""
    return finding._replace(action="left out with the page") if finding.code == "field.unknown" else finding


def _place(finding: Finding) -> tuple[int, int, str, str]:
    """Findings of a member come by line, column and code; those without a place first."""
    return finding.line or 0, finding.column or 0, finding.code, finding.message
