"""The shapes that data takes on its way; ``schemas/`` is published from the pydantic models here.

The dataclasses and tuples are the shapes between rooms (never written), the models are what arrives, and
the lines of the files in ``out/``: their fields, in this order, are the keys of the contract.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from etl.findings import SEVERITY, Severity
from etl.site_path import SCHEMA

# --- between rooms -------------------------------------------------------------------------


class Finding(NamedTuple):
    """Something that a person should know, as a step sees it; the run adds where it happened."""

    code: str
    """A key of `etl.findings.CATALOGUE`."""
    message: str
    """What is wrong, with the value quoted."""
    action: str = ""
    """What was done about it."""
    line: int | None = None
    """Line of the original member, from 1."""
    column: int | None = None
    """Column in characters, from 1; a byte order mark is not counted."""
    field: str | None = None
    cause: str | None = None
    """What makes this finding the same one in the next export; the message when None."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a member cannot become a document: a value, not an exception; the run goes on."""

    code: str
    message: str
    action: str = "the member was left out; its bytes are in rejects.jsonl"
    line: int | None = None
    column: int | None = None


FieldPath = tuple[str | int, ...]
"""A field, or a value in one, such as ``("aliases", 0)``."""
Locate = Callable[[FieldPath], tuple[int | None, int | None]]
"""Line and column in the member of the value at a path, as far as they are known."""


def nowhere(_path: FieldPath) -> tuple[int | None, int | None]:
    """A locator for fields without a position."""
    return None, None


@dataclass(slots=True)
class RawRecord:
    """A member read: its fields as they arrived and its body as text with LF line ends."""

    kind: Literal["page", "abstract"]
    flavour: Literal["json", "yaml", "text"]
    fields: dict[str, Any]
    """Front matter of a page as decoded; title, authors, keywords, metadata of an abstract."""
    body: str
    body_line: int
    """Line of the member where ``body`` begins, from 1."""
    bounds: Sequence[int] = ()
    """Where in the member's text the pieces of ``body`` are: begin and end by turns, end to end."""
    locate: Locate = nowhere
    findings: list[Finding] = field(default_factory=list)


class Target(NamedTuple):
    """A document that links can go to: what resolve answers when the transform asks."""

    document: str
    """Its id."""
    path: str
    """Its path on the new site."""
    decided: bool = False
    """Whether a person decided that the address means this one: then no other page fits."""


# --- what arrives --------------------------------------------------------------------------


LARGEST_ID = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly."""


class TikiPage(BaseModel):
    """Front matter of a page as it arrives (q7x2, "Tiki page"); null means absent, other keys are kept."""

    model_config = ConfigDict(extra="allow", strict=True)

    title: str = Field(min_length=1, description="Without the date suffix.", examples=["Clear water, why?"])
    slug: str | None = Field(None, examples=["clear-water-why"])
    aliases: list[str] | None = Field(None, examples=[["/Clear+water+why+–+June+2019", "/10983"]])
    tiki_page_id: int | None = Field(None, ge=1, le=LARGEST_ID, examples=[10983])
    date: str | None = Field(
        None, description="Creation of the page: a day, or a day with time and zone.", examples=["2019-07-13"]
    )
    lastmod: str | None = Field(None, examples=["2020-01-31T10:00:00Z"])
    categories: list[str] | None = Field(None, examples=[["Wells"]])
    tags: list[str] | None = Field(None, examples=[["Wells", "water"]])
    associated_tags: list[str] | None = Field(None, description="Machine-made; dropped.", examples=[["pump"]])
    sections_included: list[int] | None = Field(None, examples=[[1, 2]])
    sections_excluded: list[int] | None = Field(
        None, description="Any entry: text is missing upstream.", examples=[[3]]
    )
    censored_sections: list[int] | None = Field(None, examples=[[3]])
    language: str | None = Field(None, examples=["en"])
    draft: bool | None = Field(
        None, description="True keeps the page back, as a category in draft_categories does.", examples=[False]
    )


class Abstract(BaseModel):
    """A plain-text abstract as it was read by its grammar (q7x2, "Abstract")."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field(min_length=1, examples=["Rain gardens and clear wells"])
    authors: list[str] = Field(examples=[["Garden Society Research Group"]])
    keywords: list[str] = Field(examples=[["rain", "wells"]])
    affiliations: list[str] = Field(description="Lines between authors and text.", examples=[["1 Institute of Wells"]])
    metadata: list[str] = Field(description="Lines such as Received: and DOI.", examples=[["Received: 20 March 2019"]])


# --- the lines of out/ ---------------------------------------------------------------------

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=120)]
SitePath = Annotated[str, Field(pattern=SCHEMA, examples=["/pages/clear-water/"], max_length=2000)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2019-07-13"])]
Instant = Annotated[
    str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$", examples=["2019-07-13T10:00:00Z"])
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
DocumentId = Annotated[
    str, Field(pattern=r"^(tiki-\d+|abstract-[0-9a-f]{16}|page-[0-9a-f]{16})$", examples=["tiki-10983"])
]


class Shape(BaseModel):
    """Base of all published shapes: no other keys, no coercion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SubjectDate(Shape):
    """When what the page is about came out, as far as it is known."""

    date: str = Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$", description="Cut to its precision.", examples=["2019-06"])
    precision: Literal["year", "month", "day"]
    source: Literal["alias", "title"]


LinkKind = Literal["page", "tag", "file", "external", "mail", "anchor", "legacy"]
LinkState = Literal["ok", "dangling", "unmapped", "external"]
AssetState = Literal["ok", "missing", "external"]


class Link(Shape):
    """A link of the body, in order."""

    href: str
    kind: LinkKind
    state: LinkState
    target: str | None = Field(description="Id of the document that the link goes to.")


class LinkFields(TypedDict):
    """A `Link` on its way."""

    href: str
    kind: LinkKind
    state: LinkState
    target: str | None


class Image(Shape):
    """An image of the body, in order."""

    src: str
    alt: str
    width: int | None
    state: AssetState


class ImageFields(TypedDict):
    """An `Image` on its way."""

    src: str
    alt: str
    width: int | None
    state: AssetState


class Identifiers(Shape):
    """Identifiers of the literature, normalised."""

    doi: list[str] = Field(examples=[["10.1000/182"]])
    pmid: list[str] = Field(examples=[["12345678"]])


class Source(Shape):
    """Where a document came from."""

    bundle: str
    member: str
    member_id: str = Field(pattern=r"^[0-9a-f]{16}$")
    line: int = Field(ge=1, description="Line of the member where the body begins.")
    sha256: Sha256
    flavour: Literal["json", "yaml", "text"]


class Legacy(Shape):
    """What the old platform called it, untouched but for `page_name` and `url`."""

    page_id: int | None
    slug: str | None
    title: str | None
    page_name: str | None = Field(description="The old page name: title and the date suffix that was cut from it.")
    url: str | None = Field(description="Address of the page on the first of `hosts`.")
    extra: dict[str, Any] = Field(description="Front matter of unknown keys.")


class Document(Shape):
    """A page or an abstract made clean: one line of documents.jsonl or withheld.jsonl."""

    id: DocumentId
    kind: Literal["page", "abstract"]
    status: Literal["draft", "stub", "published"]
    slug: Slug
    path: SitePath
    title: str = Field(min_length=1)
    authors: list[str]
    keywords: list[str]
    created: Day | None
    modified: Day | None
    created_at: Instant | None
    modified_at: Instant | None
    subject_date: SubjectDate | None
    language: str | None
    categories: list[str]
    tags: list[str] = Field(description="Categories, then tags, one entry for equal names.")
    aliases: list[str] = Field(description="Every legacy address that redirects.jsonl gives this document, as a path.")
    body: str = Field(description="Clean Markdown.")
    html: str | None = Field(description="The body rendered, with --html.")
    text: str = Field(description="Visible text: a line for each paragraph, heading, list item, table row, code line.")
    excerpt: str = Field(max_length=200)
    links: list[Link]
    images: list[Image]
    identifiers: Identifiers
    complete: bool = Field(description="False when a box was open at the end or sections were excluded upstream.")
    findings: list[str] = Field(description="Sorted codes.")
    digest: Sha256 = Field(description="SHA-256 over this object without digest, source and findings.")
    source: Source
    legacy: Legacy


class Redirect(Shape):
    """One entry of the neutral redirect map: what was asked for, and where it is now."""

    kind: Literal["name", "id", "path"]
    value: str = Field(min_length=1, examples=["Some Page – June 2019", "10983", "/posts/old-slug"])
    target: SitePath | None
    status: Literal[301, 410]
    why: Literal["page-id", "title", "slug", "alias", "harvested", "redirect-page", "moved", "gone", "reviewed"]
    document: str | None


class FindingLine(Shape):
    """Something a person should know or do."""

    code: str = Field(pattern=r"^[a-z-]+\.[a-z0-9-]+$", examples=["box.unclosed"])
    severity: Severity
    bundle: str | None
    member: str | None
    line: int | None = Field(ge=1)
    column: int | None = Field(ge=1)
    document: str | None
    field: str | None
    message: str
    action: str
    fingerprint: str = Field(
        pattern=r"^[0-9a-f]{16}$", description="Survives a new export while document, code and cause are the same."
    )


class Reject(Shape):
    """A member that did not become a document, and why."""

    code: str
    bundle: str
    member: str
    line: int | None
    column: int | None
    message: str
    action: str
    size: int | None = Field(description="Bytes; null for an entry that was never opened.")
    sha256: Sha256 | None
    raw: str | None = Field(description="Base64 of the bytes, from the start.")
    raw_complete: bool


ASSET_STATES = "ok", "external", "missing"
"""The worst is the last one."""


class Asset(Shape):
    """A file that documents point at."""

    address: str
    role: Literal["image", "attachment"]
    state: AssetState
    documents: list[str]


class Term(Shape):
    """A category or tag of published documents."""

    name: str
    slug: str
    path: SitePath
    kind: Literal["category", "tag"]
    documents: int = Field(ge=1)


class Change(Shape):
    """One edit of a body."""

    document: str
    line: int
    column: int
    rule: str
    before: str
    after: str


class Input(Shape):
    """A bundle as it was read; without members: what was taken from the previous generation."""

    bundle: str
    members: int
    bytes: int
    sha256: Sha256 = Field(
        description="Of the sorted lines `<member sha256>  <member>`; of a previous generation, of the sorted slugs "
        "and addresses that come from it."
    )


class Ledger(Shape):
    """Where every member went: members is the sum of the rest."""

    members: int
    documents: int
    withheld: int
    redirect_only: int
    duplicates: int
    rejects: int


class OutFile(Shape):
    """A file of the generation."""

    name: str
    bytes: int
    lines: int
    sha256: Sha256


MANIFEST = "manifest.json"


class Manifest(Shape):
    """What a generation holds, provable from its files."""

    format: Literal[1]
    tool: str
    settings_sha256: Sha256
    inputs: list[Input]
    ledger: Ledger
    changes: dict[str, int]
    findings: dict[str, int]
    files: list[OutFile]


def finding_line(
    finding: Finding, *, bundle: str | None, member: str | None, document: str | None, key: str
) -> dict[str, Any]:
    """A line of findings.jsonl (`FindingLine`); ``key`` names the document or member in the next export too."""
    cause = finding.message if finding.cause is None else finding.cause
    fingerprint = hashlib.sha256("\0".join((key, finding.code, cause)).encode("utf-8", "replace")).hexdigest()[:16]
    return {
        "code": finding.code,
        "severity": SEVERITY[finding.code],
        "bundle": bundle,
        "member": member,
        "line": finding.line,
        "column": finding.column,
        "document": document,
        "field": finding.field,
        "message": finding.message,
        "action": finding.action,
        "fingerprint": fingerprint,
    }
