"""The facts pass: identity, names and dates of each member, and a draft of its document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from etl.extract.members import Reader
from etl.extract.record import member_identity, read_record
from etl.facts import Member, Row
from etl.model import Finding, RawRecord, Rejection
from etl.passes.batches import bytes_of, in_batches, rejection_of, spare_the_collector
from etl.settings import Settings
from etl.slugs import make_slug
from etl.transform.document import draft_document
from etl.transform.fields import Fields, read_fields, term_key


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
    spare_the_collector()
    return FactsState(settings, Reader(settings))


class Gathered(NamedTuple):
    """Rows of a chunk for the facts file."""

    rows: list[Row]
    claims: list[tuple[int, str, str, int, str]]
    terms: list[tuple[int, str, str, str, int]]
    drafts: list[tuple[int, bytes]]


class Rows(NamedTuple):
    """Rows of ``member``, which are sent to a worker: nobody reads the facts file while it is written."""

    rows: Sequence[Member]

    @property
    def first(self) -> int:
        """The ordinal of the first one."""
        return self.rows[0].ord

    def halves(self) -> list[Rows]:
        """Two halves, where a worker died over them; themselves where there is one row, which cannot be cut."""
        middle = (len(self.rows) + 1) // 2
        return [self] if middle == len(self.rows) else [Rows(self.rows[:middle]), Rows(self.rows[middle:])]


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
    member_id: str
    is_usual: bool
    record: RawRecord
    fields: Fields
    kept: bytes

    def __init__(self, state: FactsState, row: Member) -> None:
        self.state, self.row = state, row
        self.ordinal, self.bundle, self.name = row.ord, row.bundle, row.name
        self.sha256: str | None = None
        self.size: int | None = None
        self.rejection: Rejection | None = None

    def read_bytes(self) -> None:
        data = bytes_of(self.state.reader, self.row)
        if isinstance(data, Rejection):
            self.rejection = data
            return
        self.data, self.size, self.sha256 = data, len(data), hashlib.sha256(data).hexdigest()
        self.member_id, self.is_usual = member_identity(self.name, self.sha256)
        if self.row.code:  # it ended a worker: nobody shall work on it again, but it is known what it was
            self.rejection = rejection_of(self.row)

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
            self.record.findings.append(Finding("name.unusual", message, action, cause="name"))
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
        gathered.claims.extend((ordinal, kind, value, rank, why) for (kind, value), rank, why in fields.claims)
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
            legacy_slug=_linked_slug(fields),
            slug_made=int(fields.slug_made),
            status=fields.status,
            redirect_what=what,
            redirect_to=target,
            latest=max(filter(None, (fields.created, fields.modified)), default=None),
        )


def _named_id(name: str) -> str | None:
    """The member id in a usual name; None for any other, whose id would be another one once its bytes are mended."""
    member_id, is_usual = member_identity(name, "")
    return member_id if is_usual else None


def _linked_slug(fields: Fields) -> str | None:
    """The slug as links have it: its path without the prefix."""
    if fields.slug_path is None:
        return fields.legacy_slug
    first, _, rest = fields.slug_path[1:].partition("/")
    return rest or first


@lru_cache(4096)
def _term_slug(name: str) -> str:
    """The slug of a category or tag; of one without a letter that a slug can hold, a digest."""
    return make_slug(name) or hashlib.sha256(term_key(name).encode()).hexdigest()[:12]


def _reject(rejection: Rejection) -> str:
    keys = ("code", "message", "action", "line", "column")
    return json.dumps({key: getattr(rejection, key) for key in keys})
