"""One record and the decisions about it become one document, with everything found on the way."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import orjson
import pyromark

from etl import schemas
from etl.model import Finding, Member, RawRecord
from etl.settings import Settings
from etl.transform import fields as rules
from etl.transform.body import Cleaned, clean_body
from etl.transform.body.edits import Change
from etl.transform.body.links import Linker
from etl.transform.fields import Fields

UNDIGESTED = ("digest", "source", "findings")


@dataclass(frozen=True, slots=True)
class Decision:
    """What resolve decided about a document."""

    slug: str
    path: str
    status: str
    aliases: tuple[str, ...]
    latest: str | None
    """The latest date of any member, for the validity of subject dates."""


@dataclass(slots=True)
class Made:
    """A document as it is written, and what was found and done on the way."""

    document: dict[str, Any]
    """`model.Document`; its schema is checked where it is written."""
    findings: list[Finding]
    counts: Counter[str]
    changes: list[Change] | None
    assets: list[tuple[str, str, str]]
    """Address, role and state of every file that it points at."""


def make_document(
    member: Member,
    record: RawRecord,
    fields: Fields,
    decision: Decision,
    *,
    linker: Linker,
    settings: Settings,
    member_id: str,
    sha256: str,
    keep_changes: bool = False,
    with_html: bool = False,
    verify: bool = False,
    found: tuple[Finding, ...] = (),
) -> Made:
    """The document of a record; ``found`` is what resolve found about it."""
    cleaned = clean_body(
        record.body, settings, linker, first_line=record.body_line, keep_changes=keep_changes, verify=verify
    )
    findings = [*record.findings, *input_findings(record), *fields.findings, *found, *cleaned.findings]
    subject = _subject(fields, decision, record, findings)
    dois, pmids = rules.identifiers(
        [cleaned.text, *(link["href"] for link in cleaned.links), *fields.extra.get("metadata", ())]
    )
    document: dict[str, Any] = {
        "id": fields.id,
        "kind": record.kind,
        "status": decision.status,
        "slug": decision.slug,
        "path": decision.path,
        "title": fields.title,
        "authors": fields.authors,
        "keywords": fields.keywords,
        "created": fields.created,
        "modified": fields.modified,
        "created_at": fields.created_at,
        "modified_at": fields.modified_at,
        "subject_date": subject,
        "language": fields.language,
        "categories": fields.categories,
        "tags": fields.tags,
        "aliases": list(decision.aliases),
        "body": cleaned.body,
        "html": _html(cleaned.body) if with_html else None,
        "text": cleaned.text,
        "excerpt": cleaned.excerpt,
        "links": cleaned.links,
        "images": cleaned.images,
        "identifiers": {"doi": dois, "pmid": pmids},
        "complete": cleaned.complete and not fields.sections_excluded,
        "findings": sorted({finding.code for finding in findings}),
        "digest": "",
        "source": {
            "bundle": member.bundle,
            "member": member.name,
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
            "url": rules.legacy_url(fields.page_name, settings) if fields.page_name else None,
            "extra": fields.extra,
        },
    }
    document["digest"] = digest(document)
    return Made(document, findings, cleaned.counts, cleaned.changes, _assets(cleaned, settings))


def digest(document: dict[str, Any]) -> str:
    """SHA-256 over the JSON of a document without digest, source and findings (contract, section 5)."""
    return hashlib.sha256(
        orjson.dumps({key: value for key, value in document.items() if key not in UNDIGESTED})
    ).hexdigest()


def input_findings(record: RawRecord) -> list[Finding]:
    """Everything that the schema of the arriving fields says against them; `fields` repairs it."""
    name = "tiki-page" if record.kind == "page" else "abstract"
    arrived = record.fields if record.flavour != "yaml" else _typed(record.fields)
    if any(isinstance(value, list) and None in value for value in arrived.values()):  # null means absent
        arrived = {
            key: [item for item in value if item is not None] if isinstance(value, list) else value
            for key, value in arrived.items()
        }
    if schemas.is_valid(name, arrived):
        return []
    found = []
    for path, sentence in schemas.explain(name, arrived):
        key = ".".join(map(str, path))
        repair = _repair(record.fields.get(str(path[0])) if path else None)
        found.append(Finding("field.invalid", f"{key}: {sentence}", repair, *record.locate(path), key))
    return found


def _typed(source: dict[str, Any]) -> dict[str, Any]:
    """YAML front matter with its numbers as numbers, for YAML itself leaves them as text."""
    typed = {**source}
    if "tiki_page_id" in source:
        typed["tiki_page_id"] = rules.as_number(source["tiki_page_id"])
    for key in ("sections_included", "sections_excluded", "censored_sections"):
        if isinstance(source.get(key), list):
            typed[key] = [rules.as_number(item) for item in source[key]]
    return typed


def _repair(value: Any) -> str:
    if isinstance(value, str):
        return "taken as a list of one, or as a number where it is one"
    return "what is of another type was left out" if isinstance(value, list) else "taken as absent"


def _subject(fields: Fields, decision: Decision, record: RawRecord, findings: list[Finding]) -> dict[str, str] | None:
    if fields.subject is None:
        return None
    subject = rules.valid_subject(fields.subject, decision.latest)
    if subject is None:
        key = "aliases" if fields.subject[2] == "alias" else "title"
        message = f"{fields.subject[0]} cannot be when the subject came out"
        findings.append(Finding("subject-date.invalid", message, "left empty", *record.locate((key,)), key))
    return subject


def _assets(cleaned: Cleaned, settings: Settings) -> list[tuple[str, str, str]]:
    """Images and linked files, each with its state."""
    assets = {(image["src"], "image", image["state"]) for image in cleaned.images if image["src"]}
    for link in cleaned.links:
        if link["kind"] == "file":
            assets.add((link["href"], "attachment", "missing" if settings.is_lost(link["href"]) else "ok"))
    return sorted(assets)


def _html(body: str) -> str:
    """The body as HTML; it is clean already, and the sanitiser is a second pair of eyes."""
    import nh3  # only with --html

    page = pyromark.html(body, options=pyromark.Options.ENABLE_TABLES)
    return nh3.clean(page, attributes={**nh3.ALLOWED_ATTRIBUTES, "div": {"class"}}, link_rel=None)
