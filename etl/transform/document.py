"""One member and the decisions about it become one document, with everything found on the way."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import Any, NamedTuple

import orjson
import pyromark

from etl import schemas
from etl.model import ASSET_STATES, Document, Finding, Locate, RawRecord
from etl.settings import Settings
from etl.transform.body import Cleaned
from etl.transform.body.edits import Change
from etl.transform.dates import valid_subject
from etl.transform.fields import EXCLUDED, Fields, as_number, as_truth, entries, legacy_url, texts
from etl.transform.identifiers import identifiers

SECTIONS = ("sections_included", *EXCLUDED)
LISTS = frozenset(("aliases", "categories", "tags", "associated_tags"))
UNDIGESTED = ("findings", "digest", "source")


class Draft(NamedTuple):
    """What a member says of its document before anything is known of the others; `kept` until then."""

    document: dict[str, Any]
    """`model.Document`, whose keys are all there: None is what the decisions or the body will say."""
    subject: tuple[str, str, str] | None
    """`Fields.subject`"""
    bounds: Sequence[int]
    """`RawRecord.bounds`: the body itself is read again."""
    folders: Sequence[str]
    """`Fields.folders`"""
    findings: list[Finding]
    """What was found in reading the member and its fields."""

    def kept(self) -> bytes:
        """As bytes, for `kept_draft`."""
        return orjson.dumps(self, default=tuple)


def kept_draft(data: bytes) -> Draft:
    """The draft that was kept."""
    document, subject, bounds, folders, findings = orjson.loads(data)
    return Draft(document, subject, bounds, folders, [Finding(*finding) for finding in findings])


@dataclass(frozen=True, slots=True)
class Decision:
    """What resolve decided about a document."""

    slug: str
    path: str
    aliases: Sequence[str]
    latest: str | None
    """The latest date of any member, for the validity of subject dates."""


@dataclass(slots=True)
class Made:
    """A document as it is written, and what was found and done on the way."""

    document: dict[str, Any]
    """`model.Document`; its schema is checked where it is written."""
    line: bytes
    """It in JSON."""
    findings: list[Finding]
    counts: Counter[str]
    changes: list[Change] | None
    assets: list[tuple[str, str, str]]
    """Address, role and state of every file that it points at."""


def draft_document(
    record: RawRecord, fields: Fields, settings: Settings, *, bundle: str, member: str, member_id: str, sha256: str
) -> Draft:
    """All that is known of a document by its record alone."""
    document: dict[str, Any] = dict.fromkeys(Document.model_fields) | {
        "id": fields.id,
        "kind": record.kind,
        "status": fields.status,
        "title": fields.title,
        "authors": fields.authors,
        "keywords": fields.keywords,
        "created": fields.created,
        "modified": fields.modified,
        "created_at": fields.created_at,
        "modified_at": fields.modified_at,
        "language": fields.language,
        "categories": fields.categories,
        "tags": fields.tags,
        "complete": not fields.sections_excluded,
        "source": {
            "bundle": bundle,
            "member": member,
            "member_id": member_id,
            "line": record.body_line,
            "sha256": sha256,
            "flavour": record.flavour,
        },
        "legacy": {
            "page_id": fields.page_id,
            "slug": fields.legacy_slug,
            "title": fields.legacy_title,
            "page_name": fields.page_name,
            "url": legacy_url(fields.page_name, settings) if fields.page_name else None,
            "extra": fields.extra,
        },
    }
    findings = [*record.findings, *input_findings(record), *fields.findings]
    return Draft(document, fields.subject, record.bounds, fields.folders, findings)


def make_document(
    draft: Draft,
    cleaned: Cleaned,
    decision: Decision,
    *,
    locate: Locate,
    settings: Settings,
    with_html: bool = False,
    found: Sequence[Finding] = (),
) -> Made:
    """The document of a draft, which is used up, and its clean body.

    ``found`` is what resolve found about it, ``locate`` that of its record.
    """
    document = draft.document
    findings = [*draft.findings, *found, *cleaned.findings]
    subject = _subject(draft, decision, locate, findings)
    hrefs = '"'.join([link["href"] for link in cleaned.links])  # no identifier reaches over a quotation mark
    dois, pmids = identifiers([cleaned.text, hrefs, *texts(document["legacy"]["extra"].get("metadata"))])
    document["slug"] = decision.slug
    document["path"] = decision.path
    document["subject_date"] = subject
    document["aliases"] = decision.aliases
    document["body"] = cleaned.body
    document["html"] = _html(cleaned.body) if with_html else None
    document["text"] = cleaned.text
    document["excerpt"] = cleaned.excerpt
    document["links"] = cleaned.links
    document["images"] = cleaned.images
    document["identifiers"] = {"doi": dois, "pmid": pmids}
    document["complete"] = cleaned.complete and document["complete"]
    document["findings"] = sorted({finding.code for finding in findings})
    line = sealed(document)
    return Made(document, line, findings, cleaned.counts, cleaned.changes, _assets(cleaned, settings))


def sealed(document: dict[str, Any]) -> bytes:
    """The line of a document, which gets its digest."""
    document["digest"] = digest(document)
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def digest(document: dict[str, Any]) -> str:
    """SHA-256 over the JSON of a document without digest, source and findings (contract, section 5)."""
    content = {key: value for key, value in document.items() if key not in UNDIGESTED}
    return hashlib.sha256(orjson.dumps(content)).hexdigest()


def input_findings(record: RawRecord) -> list[Finding]:
    """Everything that the schema of the arriving fields says against them; `fields` repairs it."""
    schema = "tiki-page" if record.kind == "page" else "abstract"
    arrived: Any = record.fields if record.flavour != "yaml" else _typed(record.fields)
    if schemas.is_valid(schema, arrived):
        return []
    found = []
    for fault in schemas.explain(schema, arrived):
        if reduce(getitem, fault.path, arrived) is None:
            continue  # null means absent
        name = str(fault.path[0]) if fault.path else ""
        repair = _repair(name, record.fields.get(name))
        found.append(Finding("field.invalid", str(fault), repair, *record.locate(fault.path), fault.where))
    return found


def _typed(source: dict[str, Any]) -> dict[str, Any]:
    """YAML front matter with its numbers and truth values as such, for they are read as text."""
    typed = {**source}
    if "tiki_page_id" in source:
        typed["tiki_page_id"] = as_number(source["tiki_page_id"])
    if "draft" in source:
        typed["draft"] = as_truth(source["draft"])
    for key in SECTIONS:
        if isinstance(source.get(key), list):
            typed[key] = [as_number(item) for item in source[key]]
    return typed


def _repair(key: str, value: Any) -> str:
    """What becomes of the value of a field that its schema refuses."""
    if key in SECTIONS:
        if isinstance(value, list):
            return "numbers and texts count, all else was left out"
        return "taken as a list of one" if entries(value) else "taken as absent"
    if key == "draft":
        return "taken as what it says" if isinstance(as_truth(value), bool) else "taken as absent"
    if isinstance(value, str):
        return "taken as a number where it is one" if key == "tiki_page_id" else "taken as a list of one"
    return "what is of another type was left out" if key in LISTS and isinstance(value, list) else "taken as absent"


def _subject(draft: Draft, decision: Decision, locate: Locate, findings: list[Finding]) -> dict[str, str] | None:
    if draft.subject is None:
        return None
    subject = valid_subject(draft.subject, decision.latest)
    if subject is None:
        key = "aliases" if draft.subject[2] == "alias" else "title"
        message = f"{draft.subject[0]} cannot be when the subject came out"
        findings.append(Finding("subject-date.invalid", message, "left empty", *locate((key,)), key))
    return subject


def _assets(cleaned: Cleaned, settings: Settings) -> list[tuple[str, str, str]]:
    """Images and linked files, each in the worst state that this document sees it in."""
    found = [((image["src"], "image"), image["state"]) for image in cleaned.images if image["src"]]
    files = [link["href"] for link in cleaned.links if link["kind"] == "file"]
    found += [((href, "attachment"), "missing" if settings.is_lost(href) else "ok") for href in files]
    if len(found) > 1:
        found.sort(key=lambda asset: ASSET_STATES.index(asset[1]))  # the last one of an address stays
    return sorted((*asset, state) for asset, state in dict(found).items())


def _html(body: str) -> str:
    """The body as HTML; it is clean already, and the sanitiser is a second pair of eyes."""
    import nh3  # only with --html

    page = pyromark.html(body, options=pyromark.Options.ENABLE_TABLES)
    return nh3.clean(page, attributes={**nh3.ALLOWED_ATTRIBUTES, "div": {"class"}}, link_rel=None)
