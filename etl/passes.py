"""What a worker does with a chunk of members, in each of the two passes over them.

The facts pass reads identity, names and dates, and keeps a draft of each document; the transform
pass reads the body of each member again and writes the clean documents, to part files where there
are many workers. What comes of it depends on the members and the decisions alone, never on chunks,
workers or time.
"""

from __future__ import annotations

import base64
import gc
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache, partial
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, TypeVar

from etl.addresses import Address, as_path
from etl.extract.members import Locator, Reader
from etl.extract.record import member_identity, read_body, read_record
from etl.extract.trouble import SourceError
from etl.facts import Facts, Member, Row
from etl.load.lines import check, dump
from etl.model import Finding, RawRecord, Rejection, finding_line
from etl.resolve import Index
from etl.settings import Settings
from etl.slugs import make_slug
from etl.transform.body import Cleaned, clean_body
from etl.transform.body.links import Linker
from etl.transform.document import Decision, Draft, Made, draft_document, kept_draft, make_document
from etl.transform.fields import Fields, read_fields, term_key

PARTS = {
    "documents": "document",
    "withheld": "document",
    "findings": "finding",
    "rejects": "reject",
    "changes": "change",
}
"""Files that the transform pass writes, in parts where there are many workers, and the schema of their lines."""


BUFFER = 1 << 16
"""Bytes of each such file in memory; the system gives and takes larger pieces one by one, which is slower."""


BATCH = 1 << 18
"""Bytes of the members that go through all steps together."""


class Options(NamedTuple):
    """What the command line asks of the transform pass."""

    changes: bool = False
    html: bool = False
    verify_text: bool = False


Taken = TypeVar("Taken")


def in_batches(rows: Iterable[Taken], member_of: Callable[[Taken], Member]) -> Iterator[list[Taken]]:
    """So many rows at a time as their members' announced sizes and `BATCH` allow, at least one.

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


# --- the facts pass ------------------------------------------------------------------------


@dataclass(slots=True)
class FactsState:
    """What a process needs for the facts pass."""

    settings: Settings
    reader: Reader

    def close(self) -> None:
        """Close what it has opened."""
        self.reader.close()


def facts_state(settings: Settings) -> FactsState:
    """Made once in each process."""
    _spare_the_collector()
    return FactsState(settings, Reader(settings))


def _spare_the_collector() -> None:
    """Let the garbage collector look rarely, and never at what is loaded by now: members leave next to no cycles."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)


class Gathered(NamedTuple):
    """Rows of a chunk for the facts file."""

    rows: list[Row]
    claims: list[tuple[int, str, str, int, str]]
    terms: list[tuple[int, str, str, str, int]]
    drafts: list[tuple[int, bytes]]


class Rows(NamedTuple):
    """Rows of ``member`` from one ordinal on; they are sent, for nobody reads the facts file while it is written."""

    first: int
    rows: Sequence[Member]

    def halves(self) -> list[Rows]:
        """What they are cut into; one member cannot be cut."""
        middle = (len(self.rows) + 1) // 2
        ends = self.rows[:middle], self.rows[middle:]
        return [self] if middle == len(self.rows) else [Rows(rows[0].ord, rows) for rows in ends]


def gather(state: FactsState, members: Rows) -> Gathered:
    """The facts of some rows of ``member``."""
    gathered = Gathered([], [], [], [])
    for batch in in_batches(members.rows, lambda row: row):
        facts = [_Facts(state, row) for row in batch]
        for step in (_Facts.read_bytes, _Facts.read_record, _Facts.read_fields, _Facts.draft):
            for member in facts:
                if member.rejection is None:
                    step(member)
        for member in facts:
            member.tell(gathered)
    return gathered


class _Facts:
    """One member on its way into the facts file."""

    data: bytes
    record: RawRecord
    fields: Fields
    kept: bytes

    def __init__(self, state: FactsState, row: Member) -> None:
        self.state, self.row = state, row
        self.ordinal, self.bundle, self.name = row.ord, row.bundle, row.name
        self.sha256: str | None = None
        self.size: int | None = None
        self.member_id = ""
        self.rejection: Rejection | None = None

    def read_bytes(self) -> None:
        data = _bytes(self.state.reader, self.row)
        if isinstance(data, Rejection):
            self.rejection = data
            return
        self.data, self.size, self.sha256 = data, len(data), hashlib.sha256(data).hexdigest()
        self.member_id, self.is_usual = member_identity(self.name, self.sha256)
        self.rejection = _refusal(self.row) if self.row.code else None

    def read_record(self) -> None:
        record = read_record(self.data)
        if isinstance(record, Rejection):
            self.rejection = record
        else:
            self.record = record

    def read_fields(self) -> None:
        fields = read_fields(self.record, self.member_id, self.state.settings)
        if isinstance(fields, Rejection):
            self.rejection = fields
        else:
            self.fields = fields

    def draft(self) -> None:
        if not self.is_usual:
            message, action = f"member name {self.name!r}", "its id is taken from its bytes; an edit changes it"
            self.record.findings.insert(0, Finding("name.unusual", message, action, cause="name"))
        source: dict[str, Any] = {
            "bundle": self.bundle,
            "member": self.name,
            "member_id": self.member_id,
            "sha256": self.sha256,
        }
        self.kept = draft_document(self.record, self.fields, self.state.settings, **source).kept()

    def tell(self, gathered: Gathered) -> None:
        """Add its rows."""
        if self.rejection is not None:
            reject = _reject(self.rejection)
            gathered.rows.append(Row(self.ordinal, self.sha256, self.size, reject, member_id=_named_id(self.name)))
            return
        ordinal, fields = self.ordinal, self.fields
        gathered.drafts.append((ordinal, self.kept))
        gathered.rows.append(self._row())
        gathered.claims.extend(
            (ordinal, claim.address.kind, claim.address.value, claim.rank, claim.why) for claim in fields.claims
        )
        categories = {term_key(category) for category in fields.categories}
        for tag in fields.tags:
            key = term_key(tag)
            gathered.terms.append((ordinal, key, tag, _term_slug(tag), int(key in categories)))

    def _row(self) -> Row:
        record, fields = self.record, self.fields
        what, target = fields.redirect_to or (None, None)
        return Row(
            ord=self.ordinal,
            sha256=self.sha256,
            size=self.size,
            kind=record.kind,
            member_id=self.member_id,
            document=fields.id,
            page_id=fields.page_id,
            title=fields.title,
            page_name=fields.page_name,
            slug=fields.slug,
            legacy_slug="/".join((fields.slug_path or "").split("/")[2:]) or None,
            made=int(fields.slug_made),
            status=fields.status,
            redirect_what=what,
            redirect_to=target,
            latest=max(filter(None, (fields.created, fields.modified)), default=None),
        )


def _named_id(name: str) -> str | None:
    """The member id that a name says; that of another one would go with the first byte that somebody mends."""
    member_id, is_usual = member_identity(name, "")
    return member_id if is_usual else None


@lru_cache(4096)
def _term_slug(name: str) -> str:
    """The slug of a category or tag; of one without a letter that a slug can hold, a digest."""
    return make_slug(name) or hashlib.sha256(term_key(name).encode()).hexdigest()[:12]


def _bytes(reader: Reader, row: Member) -> bytes | Rejection:
    """The bytes of a row of ``member``; a refused entry is never opened."""
    if row.container is None:
        return _refusal(row)
    return reader.read(Locator(row.container, row.kind, row.offset, row.stored, row.size, row.method, row.crc))


def _refusal(row: Member) -> Rejection:
    """Why a row of ``member`` that has a code is a reject."""
    return Rejection(str(row.code), row.message, row.action)


def _reject(rejection: Rejection) -> str:
    keys = ("code", "message", "action", "line", "column")
    return json.dumps({key: getattr(rejection, key) for key in keys})


# --- the transform pass --------------------------------------------------------------------


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
    settings: Settings, options: Options, facts_path: Path, folder: Path, *, in_parts: bool = True
) -> TransformState:
    """Made once in each process; opens the facts file for reading.

    ``in_parts``: lines go to part files in ``folder``; where there is one process, to the end of the files themselves.
    """
    _spare_the_collector()
    facts = Facts(facts_path)
    latest = facts.one("SELECT max(latest) FROM fact WHERE outcome IN ('document', 'withheld', 'redirect')")
    return TransformState(
        settings, options, facts, Reader(settings), Linker(settings, Index(facts)), latest, folder, in_parts
    )


@dataclass(slots=True)
class Part:
    """What came of a chunk, but for its lines."""

    first: int
    members: int
    findings: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    assets: list[tuple[str, str, int, str, str]] = field(default_factory=list)
    """Rows of ``later.asset``."""


class Chunk(NamedTuple):
    """Members from one ordinal up to another, which is not included."""

    first: int
    last: int

    def halves(self) -> list[Chunk]:
        """What a chunk is cut into; one member cannot be cut."""
        middle = (self.first + self.last + 1) // 2
        return [self] if middle >= self.last else [Chunk(self.first, middle), Chunk(middle, self.last)]


def files_of(options: Options, first: int | None = None) -> dict[str, str]:
    """Names of the files of ``PARTS`` that are written, or of their parts that begin with the member ``first``."""
    asked = [name for name in PARTS if name != "changes" or options.changes]
    return {name: f"{name}.jsonl" if first is None else f"{first}.{name}" for name in asked}


def transform(state: TransformState, chunk: Chunk) -> Part:
    """Write the lines of a chunk."""
    part = Part(chunk.first, chunk.last - chunk.first)
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
            members = [_Transform(state, part, files, row, decided) for row in batch]
            for step in (_Transform.read, _Transform.clean, _Transform.make, _Transform.write):
                for member in members:
                    step(member)
    return part


def _parted(row: tuple[Any, ...]) -> tuple[Member, tuple[Any, ...]]:
    """A row that begins with those of ``member``: these, and the others."""
    width = len(Member._fields)
    return Member._make(row[:width]), row[width:]


class _Decided(NamedTuple):
    """What resolve says of the members of a chunk, by ordinal."""

    findings: dict[int, list[Finding]]
    aliases: dict[int, list[str]]


def _decided(state: TransformState, chunk: Chunk) -> _Decided:
    decided = _Decided(defaultdict(list), defaultdict(list))
    query = "SELECT * FROM finding WHERE ord >= ? AND ord < ? ORDER BY ord, code, message"
    for ord_, code, message, action, key, cause in state.facts.rows(query, chunk.first, chunk.last):
        finding = Finding(code, message, action, field=key, cause=cause)
        decided.findings[ord_].append(finding)
    query = "SELECT ord, kind, value FROM redirect WHERE ord >= ? AND ord < ? ORDER BY ord, kind, value"
    for ord_, kind, value in state.facts.rows(query, chunk.first, chunk.last):
        alias = as_path(Address(kind, value), state.settings.legacy_base)
        decided.aliases[ord_].append(alias)
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
        part: Part,
        files: Mapping[str, BinaryIO],
        row: tuple[Member, tuple[Any, ...]],
        decided: _Decided,
    ) -> None:
        self.state, self.part, self.files = state, part, files
        self.row, facts = row
        self.ordinal, self.bundle, self.name = self.row.ord, self.row.bundle, self.row.name
        self.found = decided.findings.get(self.ordinal, [])
        self.aliases = decided.aliases.get(self.ordinal, [])
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
                state.linker,
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
            self._write_findings([*self.draft.findings, *self._placed()], self.draft.document["id"])
        elif self.outcome == "duplicate":
            message = "the same bytes as an earlier member"
            self._write_findings([Finding("member.duplicate", message, "counted as a duplicate")], None)
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
            "raw_complete": self.sha256 is not None and len(kept) == self.size,
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
        self.part.changes.update(made.counts)
        if self.outcome == "document":
            self.part.assets.extend(
                (address, role, self.ordinal, made.document["id"], state) for address, role, state in made.assets
            )
        for change in made.changes or ():
            self.files["changes"].write(dump("change", {"document": made.document["id"], **change._asdict()}))

    def _read_again(self) -> bytes:
        """The bytes that the facts pass has read. Raises SourceError when they are others by now."""
        data = _bytes(self.state.reader, self.row)
        if isinstance(data, Rejection) or hashlib.sha256(data).hexdigest() != self.sha256:
            raise SourceError(f"{self.bundle}/{self.name} changed while it was read")
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
            locate=partial(_locate, self.data),
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
            self.part.findings[finding.code] += 1
            self.files["findings"].write(dump("finding", line))


def _locate(data: bytes, path: tuple[str | int, ...]) -> tuple[int | None, int | None]:
    """Where a field of a member is; few are ever asked for."""
    return _record(data).locate(path)


def _record(data: bytes) -> RawRecord:
    """The record that the facts pass has read from the same bytes."""
    record = read_record(data)
    assert isinstance(record, RawRecord)
    return record


def _place(finding: Finding) -> tuple[int, int, str, str]:
    """Findings of a member come by line, column and code; those without a place first."""
    return finding.line or 0, finding.column or 0, finding.code, finding.message


def chunks(members: int, size: int) -> Iterator[Chunk]:
    """All members in chunks."""
    for first in range(0, members, size):
        yield Chunk(first, min(first + size, members))
