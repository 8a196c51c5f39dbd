"""The fields of a record made clean: titles, names, dates, terms, statuses.

Every rule is of the contract, section 5, or of `corpus.md`, sections 1 to 5. What is repaired is a
finding; what cannot be repaired is a rejection.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from string import whitespace
from typing import Any, Literal, NamedTuple
from urllib.parse import quote_plus

from etl import addresses, slugs
from etl.addresses import Address
from etl.model import LARGEST_ID, Finding, RawRecord, Rejection
from etl.plain import cut
from etl.positions import Lines
from etl.settings import Settings
from etl.transform import dates, raw_body

KNOWN = frozenset(
    """title slug aliases tiki_page_id date lastmod categories tags associated_tags sections_included
    sections_excluded censored_sections language draft""".split()
)
SITE_ADDRESSES = ("url", "permalink", "redirect_from")
"""Where Hugo or Jekyll had a page, and what else Jekyll answered for it."""
EXCLUDED = ("sections_excluded", "censored_sections")
SUFFIX = re.compile(
    rf"(?:\s*[–—-]*\s*{slugs.MONTH}\.?\s*(?:\d{{1,2}},?\s+)?(?:\d{{4}}|\d{{2}})|\s*[–—-]+\s*(?:{dates.ISO_DAY}|\d{{4}}))\s*[–—-]?",
    re.IGNORECASE,
)
"""What the old converter cut off a title: a month with a year of four digits or two; or behind a dash a day or year."""
DANGLING = re.compile(
    r"(?:[,:;–—-]|\b(?:and|as of|as|at|by|for|from|in|of|on|or|since|the|through|till|to|until|with))$", re.IGNORECASE
)
PLACEHOLDER = date(2000, 1, 1)
LONGEST_NUMBER = 18
"""Digits from which on a number is none that anybody means; `int` refuses thousands of them."""
MOST_FOLDERS = 8
"""Of those that the relative links of a page are looked up in: each link asks for all."""
TRUTHS = dict.fromkeys(("true", "t", "yes", "y", "on"), True) | dict.fromkeys(("false", "f", "no", "n", "off"), False)
WHOLE_NUMBER = re.compile(r"([0-9]+)(?:\.0+)?")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff]+")  # and what no YAML may hold
PATTERN = re.compile(r"/:|\{[{%]")
"""Of an address that the site generator made from it."""
FROM_ROOT = re.compile(r"[^\s/.:?#]+/\S*")
"""An address without its first slash, as `docs/wells.html`: one word alone may be the name of a pattern, `pretty`."""
ASKS = re.compile(r"\?\w+=")
NOT_ALIAS = re.compile(r"[^\w +–-]")

WHY = Literal["page-id", "title", "slug", "alias", "harvested"]


class Claim(NamedTuple):
    """A legacy address that a record asks for; the lower rank owns it (contract, section 7)."""

    address: Address
    rank: int
    why: WHY


@dataclass(slots=True)
class Fields:
    """All that a record says of itself, repaired."""

    id: str
    title: str
    """For display: with the date suffix where cutting it left a dangling end."""
    page_id: int | None = None
    legacy_slug: str | None = None
    slug_path: str | None = None
    """Where the old site had the page under its slug, if it had."""
    legacy_title: str | None = None
    page_name: str | None = None
    slug: str = ""
    """The slug that it claims."""
    slug_made: bool = True
    status: Literal["draft", "stub", "published"] = "published"
    created: str | None = None
    modified: str | None = None
    created_at: str | None = None
    modified_at: str | None = None
    subject: tuple[str, str, str] | None = None
    """Date, precision and source, before it is held against the latest date of all."""
    language: str | None = None
    categories: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    sections_excluded: bool = False
    claims: list[Claim] = field(default_factory=list)
    folders: Sequence[str] = ()
    """From where its relative links were read: see `addresses.folders`."""
    redirect_to: tuple[str, str] | None = None
    """For a page with nothing visible but a redirect: see `raw_body.redirect_of`."""
    extra: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read_fields(record: RawRecord, member_id: str, settings: Settings) -> Fields | Rejection:
    """The clean fields of a record; a rejection when it has no title."""
    if record.kind == "abstract":
        return _Reading(record, member_id, settings).abstract()
    title = record.fields.get("title")
    if not isinstance(title, str) or not any(char.isprintable() and not char.isspace() for char in title):
        return _untitled(record, title)
    return _Reading(record, member_id, settings).page(title)


def _untitled(record: RawRecord, title: Any) -> Rejection:
    other = next((key for key in record.fields if key != "title" and key.lower() == "title"), None)
    what = "no title" if title is None else f"the title {_short(title)}, which is no text"
    hint = f", but {_short(other)}: fields are written in small letters" if other else ""
    if title is None and not other:
        hint = f"; its fields: {_short([*record.fields])}"
        if "pageName" in record.fields:
            hint = ", but 'pageName', as in Tiki's tables: write that as its title, and 'data' below the front matter"
    line, column = record.locate((other or "title",))
    return Rejection("title.missing", f"the page has {what}{hint}", line=line, column=column)


class _Reading:
    """The reading of one record."""

    def __init__(self, record: RawRecord, member_id: str, settings: Settings) -> None:
        self.record = record
        self.source = record.fields
        self.member_id = member_id
        self.settings = settings
        self.findings: list[Finding] = []
        self._lines = Lines(record.body, record.body_line)

    def abstract(self) -> Fields:
        """The fields of an abstract."""
        source = self.source
        title = clean_title(source["title"])
        fields = Fields(id=f"abstract-{self.member_id}", title=title, language=self.settings.language)
        fields.authors, fields.keywords = list(source["authors"]), list(source["keywords"])
        fields.slug = slugs.make_slug(slugs.undated(title)) or f"document-{self.member_id}"
        fields.subject = self._subject(title, title)
        fields.extra = {key: source[key] for key in ("affiliations", "metadata") if source.get(key)}
        fields.findings = self.findings
        return fields

    def page(self, raw_title: str) -> Fields:
        """The fields of a page."""
        title = clean_title(raw_title)
        if title != unicodedata.normalize("NFC", raw_title).strip():
            self.find("title.repaired", "title", f"title {_short(raw_title)}", "escaped quotes and blanks mended")
        written = list(self._written())
        stored = self._stored(written)
        page_id = self._page_id(stored, title)
        page_name = page_name_of(title, [address.value for address in stored if address.kind == "name"])
        fields = Fields(id=f"tiki-{page_id}" if page_id else f"page-{self.member_id}", title=title)
        fields.page_id, fields.legacy_title, fields.page_name = page_id, raw_title, page_name
        if page_name != title and DANGLING.search(title):
            fields.title = page_name
            self.find(
                "title.restored", "title", f"title {_short(title)} ends in the air", f"mended to {_short(page_name)}"
            )
        self._slug(fields, raw_title, title)
        fields.created, fields.created_at = self._date("date")
        fields.modified, fields.modified_at = self._date("lastmod")
        self._terms(fields)
        self._rest(fields)
        fields.subject = self._subject(title, page_name)
        fields.status = self._status(fields)
        as_written = _unescaped(raw_title.strip(whitespace)) + page_name[len(title) :]  # links have its odd blanks, too
        fields.claims = self._claims(fields, stored, (page_name, as_written))
        fields.folders = self._folders(written)
        fields.findings = self.findings
        return fields

    def find(self, code: str, key: str, message: str, action: str = "", *, cause: str | None = None) -> None:
        line, column = self.record.locate((key,))
        self.findings.append(Finding(code, message, action, line, column, key, cause))

    # --- names and slugs --------------------------------------------------------------------

    def _written(self) -> Iterator[tuple[str, str]]:
        """The old addresses as written, with their field; another site's, a home page and a pattern are none."""
        for alias in filter(str.strip, texts(self.source.get("aliases"))):
            yield "aliases", alias
        for key in SITE_ADDRESSES:
            for url in texts(self.source.get(key)):
                path = f"/{url}" if FROM_ROOT.fullmatch(url) else addresses.on_old_site(url, self.settings.hosts)
                if path and path != "/" and not PATTERN.search(path):
                    yield key, path
                    folder, _, file = path.rpartition("/")
                    if folder and file == "index.html":
                        yield key, f"{folder}/"

    def _stored(self, written: Iterable[tuple[str, str]]) -> list[Address]:
        found: dict[Address, None] = {}  # in their order, each once
        for key, alias in written:
            address = addresses.alias_address(alias, self.settings.path_prefixes, self.settings.legacy_base)
            if address is None:
                message = f"alias {_short(alias)}: it has no canonical form"
                self.find("address.refused", key, message, "not in the redirect map")
                continue
            found[address] = None
            if "?" in alias and ASKS.search(address.value):
                message = f"alias {_short(alias)}: servers look up its path alone, but for legacy_base + tiki-index.php"
                self.find("field.invalid", key, message, f"taken as the {address.kind} {_short(address.value)}")
        return list(found)

    def _folders(self, written: Iterable[tuple[str, str]]) -> Sequence[str]:
        """Those of its own address first, for browsers of a generated site leave its aliases at once."""
        settings, found = self.settings, dict[str, None]()
        for _, alias in sorted(written, key=lambda each: each[0] == "aliases"):
            found.update(dict.fromkeys(addresses.folders(alias, settings.path_prefixes, settings.legacy_base)))
        return list(found)[:MOST_FOLDERS]

    def _page_id(self, stored: Sequence[Address], title: str) -> int | None:
        page_id = _page_number(self.source.get("tiki_page_id"))
        numbers = list(filter(None, (_page_number(address.value) for address in stored if address.kind == "id")))
        if len(numbers) > 1:  # one is the title's own alias, where the title is a number
            of_title = _page_number(legacy_alias(title))
            numbers.sort(key=lambda number: number == of_title)
        from_alias = numbers[0] if numbers else None
        if page_id is None:
            action = "none found in the aliases" if from_alias is None else f"{from_alias} taken from the aliases"
            stored_id = self.source.get("tiki_page_id")
            what = "the page has no tiki_page_id" if stored_id is None else f"{_short(stored_id)} is no page id"
            self.find("page-id.missing", "tiki_page_id", what, action)
            return from_alias
        if from_alias is not None and from_alias != page_id:
            self.find(
                "page-id.mismatch",
                "tiki_page_id",
                f"page id {page_id}, but the alias says {from_alias}",
                "the field stays",
            )
        return page_id

    def _slug(self, fields: Fields, raw_title: str, title: str) -> None:
        slug = self.source.get("slug")
        slug = slug.strip() if isinstance(slug, str) else ""
        state = slugs.damage(slug, raw_title) if slug else "missing"
        if slug:
            fields.legacy_slug, fields.slug_path = slug, self._path_of(slug)
        if state is None:
            fields.slug, fields.slug_made = slug, False
            return
        fallback = f"page-{fields.page_id}" if fields.page_id else f"document-{self.member_id}"
        fields.slug = slugs.make_slug(slugs.undated(title)) or fallback
        if slug or self.settings.legacy_template:  # where slugs were no addresses, none is missing
            message = f"slug {_short(slug)} is {state}" if slug else "the page has no slug"
            self.find(f"slug.{state}", "slug", message, f"made {fields.slug!r}")

    def _path_of(self, legacy_slug: str) -> str | None:
        """The path of a slug on the old site; one that is written as a path says it itself."""
        slug = unicodedata.normalize("NFC", legacy_slug)
        inner = slug.strip("/")
        is_path = slug.startswith("/") and "/" in inner and inner.partition("/")[0] in self.settings.path_prefixes
        path = f"/{inner}" if is_path else self.settings.legacy_path(inner)
        return (path or "").rstrip("/") or None  # of the slug `/` it is the folder

    # --- dates ------------------------------------------------------------------------------

    def _date(self, key: str) -> tuple[str | None, str | None]:
        text = self.source.get(key)
        if not isinstance(text, str) or not text.strip():
            return None, None
        day, instant = dates.parse_date(text.strip())
        if day is None:
            self.find("date.invalid", key, f"{key} {_short(text)} is no date", "left empty", cause=f"{key} {text}")
            return None, None
        if day == PLACEHOLDER:
            self.find(
                "date.placeholder", key, f"{key} {_short(text)} is the placeholder of the converter", "left empty"
            )
            return None, None
        return day.isoformat(), instant

    def _subject(self, title: str, page_name: str) -> tuple[str, str, str] | None:
        """When the subject came out: from the suffix that was cut off, else from a dated title.

        A year of two digits may be a day as well: `Nov 12`.
        """
        suffix = page_name[len(title) :].rstrip("–—- ")
        dated = dates.FULL_YEAR.search(suffix) if suffix else dates.dated(title)
        if dated is None:
            return None
        found, source = dates.subject_of(suffix or dated[0]), "alias" if suffix else "title"
        if found is None:
            key = "aliases" if suffix else "title"
            self.find(
                "subject-date.invalid",
                key,
                f"{_short((suffix or title).strip())} ends in a day that does not exist",
                "left empty",
            )
            return None
        return (*found, source)

    # --- terms ------------------------------------------------------------------------------

    def _terms(self, fields: Fields) -> None:
        fields.categories = self._names("categories")
        fields.tags = unique_terms([*fields.categories, *self._names("tags")])
        fields.categories = unique_terms(fields.categories)

    def _names(self, key: str) -> list[str]:
        return [name for name in map(_renaming(self.settings), texts(self.source.get(key))) if name]

    # --- the rest ---------------------------------------------------------------------------

    def _rest(self, fields: Fields) -> None:
        excluded = {key: found for key in EXCLUDED if key in self.source and (found := entries(self.source[key]))}
        if excluded:
            fields.sections_excluded = True
            sections = [section for found in excluded.values() for section in found]
            message = f"{len(sections)} section(s) were left out of the export: {_short(sections)}"
            self.find("sections.excluded", next(iter(excluded)), message, "complete is false")
        language = self.source.get("language")
        fields.language = language.strip() if isinstance(language, str) and language.strip() else self.settings.language
        fields.extra = {key: _storable(self.source[key]) for key in sorted(self.source.keys() - KNOWN)}
        for key in fields.extra:
            if key not in SITE_ADDRESSES:
                self.find("field.unknown", key, f"field {_short(key)} is not known", "kept under legacy.extra")

    def _status(self, fields: Fields) -> Literal["draft", "stub", "published"]:
        nothing = raw_body.shows_nothing(self.record.body, self.settings)
        fields.redirect_to = raw_body.redirect_of(self.record.body) if nothing else None
        drafts = _vocabulary(self.settings)[2]
        own = (name for key in ("categories", "tags") for name in texts(self.source.get(key)))
        in_drafts = drafts and any(term_key(name) in drafts for name in own)
        if in_drafts or True in self._truths("draft") or False in self._truths("published"):
            return "draft"
        return "stub" if nothing else "published"

    def _truths(self, key: str) -> list[Any]:
        """What a field says, in whatever case it is written: so Hugo reads it, and a draft is not to be public."""
        return [as_truth(value) for name, value in self.source.items() if name.lower() == key]

    def _claims(self, fields: Fields, stored: Sequence[Address], names: Iterable[str]) -> list[Claim]:
        best: dict[Address, Claim] = {}

        def claim(address: Address, rank: int, why: WHY, *, sound: bool = False, at: int | None = None) -> None:
            reason = None if sound else addresses.objection(address)
            if reason is None:
                best.setdefault(address, Claim(address, rank, why))
                return
            key = "slug" if why == "slug" else "title" if at is None else None
            line, column = self.record.locate((key,)) if key else self._lines.place(at or 0)
            message = f"address {_short(address.value)}: {reason}"
            self.findings.append(Finding("address.refused", message, "not in the redirect map", line, column, key))

        if fields.page_id:
            claim(Address("id", str(fields.page_id)), 1, "page-id", sound=True)
            claim(Address("path", f"/{fields.page_id}.html"), 1, "page-id", sound=True)
        for name in dict.fromkeys(filter(None, map(addresses.canonical_name, names))):
            is_stored = Address("name", name) in stored  # else it is a mere title: two folders may have the same
            own, *derived = addresses.name_forms(name, self.settings.blanks)
            claim(Address("name", own), 1 if is_stored else 2, "title")
            for form in derived:  # which may be the very name of another page
                claim(Address("name", form), 3, "title")
        if fields.slug_path:
            sound = not fields.slug_made
            for end in self.settings.legacy_ends():
                claim(Address("path", fields.slug_path + end), 3, "slug", sound=sound)
        for address in stored:
            claim(address, 4, "alias", sound=True)  # it was asked about when it was read
        for name, offset in raw_body.harvested_aliases(self.record.body):
            claim(Address("name", name), 5, "harvested", at=offset)
        return list(best.values())


# --- values --------------------------------------------------------------------------------


def clean_title(text: str) -> str:
    r"""NFC, single blanks, and `\"` becomes `"`; no other backslash is touched (corpus.md 1.3).

    >>> clean_title('\\"Free  Range\\" a\\b')
    '"Free Range" a\\b'
    """
    return _unescaped(_line(text))


def _unescaped(title: str) -> str:
    return title.replace('\\"', '"')


def _line(text: str) -> str:
    """NFC, single blanks, no control character."""
    if not text.isprintable():  # as all are that hold one
        text = CONTROL.sub(" ", text)
    return " ".join(unicodedata.normalize("NFC", text).split())


def legacy_alias(title: str) -> str:
    """What the old converter left of a title in its alias, blanks for `+` (corpus.md 3.1).

    >>> legacy_alias("10,000 IU (daily) is safe – “Wells”")
    '10000 IU daily is safe – Wells'
    """
    return " ".join(NOT_ALIAS.sub("", unicodedata.normalize("NFKD", title)).replace("+", " ").split())


def page_name_of(title: str, alias_names: Iterable[str]) -> str:
    """The Tiki page name: the title, and the date suffix that only the alias still has.

    >>> page_name_of("Wells, deep", ["Wells deep – June 2019"])
    'Wells, deep – June 2019'
    >>> page_name_of("Wells", ["Other name"]), page_name_of("Wells", ["Wells deep – June 2019"])
    ('Wells', 'Wells')
    >>> page_name_of("Wells, deep (old)", ["Wells deep old – Nov 12"])
    'Wells, deep (old) – Nov 12'
    >>> page_name_of("Größe, geschätzt", ["Größe, geschätzt – 2014"])
    'Größe, geschätzt – 2014'
    """
    converted = legacy_alias(title)
    for alias in alias_names:
        for start, text in ((title, alias), (converted, unicodedata.normalize("NFKD", alias))):
            name = " ".join(text.split())
            suffix = name[len(start) :]
            if start and name.startswith(start) and SUFFIX.fullmatch(suffix):
                return title + unicodedata.normalize("NFC", suffix)
    return title


@lru_cache(4096)
def term_key(name: str) -> str:
    """Under which two names of a category or tag are one (contract, section 5).

    >>> term_key("Omega-3 "), term_key("ＯＭＥＧＡ 3"), term_key(" ++ ")
    ('omega 3', 'omega 3', '++')
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    spelled = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in folded)
    return " ".join(word for word in spelled.split() if any(map(str.isalnum, word))) or name.strip()


@lru_cache(4)
def _vocabulary(settings: Settings) -> tuple[dict[str, str], frozenset[str], frozenset[str]]:
    """The settings about categories and tags by `term_key`: renames, junk, drafts by their old and new names."""
    renames = {term_key(old): _line(new) for old, new in settings.category_renames.items()}
    drafts = set(map(term_key, settings.draft_categories))
    drafts |= {old for old, new in renames.items() if term_key(new) in drafts}
    return renames, frozenset(map(term_key, settings.category_junk)), frozenset(drafts)


@lru_cache(4)
def _renaming(settings: Settings) -> Callable[[str], str | None]:
    """What a category or tag is called from now on; None for junk."""
    renames, junk, _ = _vocabulary(settings)

    @lru_cache(4096)
    def renamed(name: str) -> str | None:
        old = _line(name)
        new = renames.get(term_key(old), old)
        return None if {term_key(old), term_key(new)} & junk else new

    return renamed


def unique_terms(names: Iterable[str]) -> list[str]:
    """One entry for equal names; the first spelling wins.

    >>> unique_terms(["Autoimmune", "autoimmune", "AU, NZ"])
    ['Autoimmune', 'AU, NZ']
    """
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(term_key(name), name)
    return list(first.values())


def legacy_url(page_name: str, settings: Settings) -> str | None:
    """The address of a page on the first of `hosts`."""
    if not settings.hosts:
        return None
    name = settings.blanks[0].join(page_name.split()) if settings.blanks else page_name
    return f"https://{settings.hosts[0].rstrip('.')}{settings.legacy_base.rstrip('/')}/{quote_plus(name)}"


def texts(value: Any) -> list[str]:
    """A list of text; a text is a list of one, never split (contract, section 5)."""
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def entries(value: Any) -> list[Any]:
    """The sections that a list names by number or text; a number or a text is a list of one.

    >>> entries([3, "4", None]), entries(3), entries(False), entries([None, True, {}, " "])
    ([3, '4'], [3], [], [])
    """
    items = value if isinstance(value, list) else [value]
    return [item for item in items if _names_section(item)]


def _names_section(item: Any) -> bool:
    if isinstance(item, str):
        return item.strip().lower() not in ("", "false")  # as YAML leaves it
    return isinstance(item, int | float) and not isinstance(item, bool)


def as_number(value: Any) -> Any:
    """Digits as a number; what is no number that anybody means stays text.

    >>> as_number("7"), as_number("7.0"), as_number("²"), as_number("9" * 5000) == "9" * 5000
    (7, 7, '²', True)
    """
    whole = WHOLE_NUMBER.fullmatch(value) if isinstance(value, str) and len(value) < LONGEST_NUMBER else None
    return int(whole[1]) if whole else value


def as_truth(value: Any) -> Any:
    """What is true or false, also as YAML leaves it, as text, in the words of its older versions, too; all else stays.

    A number is true unless it is nought, as for Hugo: a draft that somebody called 1 is not to be public.

    >>> as_truth(True), as_truth("False"), as_truth("yes"), as_truth(1), as_truth("0"), as_truth("soon")
    (True, False, True, True, False, 'soon')
    """
    said = as_number(value.strip().lower()) if isinstance(value, str) else value
    if isinstance(said, int | float):
        return bool(said)
    return TRUTHS.get(said, value) if isinstance(said, str) else value


def _page_number(value: Any) -> int | None:
    """A page id; a table that had a gap among its numbers wrote all of them as fractions: 10983.0."""
    number = as_number(value.strip()) if isinstance(value, str) else value
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= LARGEST_ID else None


def _storable(value: Any) -> Any:
    """A value of unknown front matter; whole numbers beyond 64 bits become text."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {key: _storable(item) for key, item in value.items()}
    return value


def _short(value: Any) -> str:
    return cut(repr(value), 80, "...")
