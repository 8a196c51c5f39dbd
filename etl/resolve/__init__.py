"""Facts to decisions: what needs all documents, by key, in an order that depends on keys alone.

Each step asks by a key (a digest, an id, a slug, an address, a name) and orders by rank and page id,
or by the names of members, never by which worker was first. It runs in the facts file: nothing of
the size of the corpus is in memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from etl.addresses import OF_TERMS, Address, LegacyLink, legacy_target, link_lookups, name_key, without_html
from etl.facts import Facts
from etl.model import ASSET_STATES
from etl.resolve.links import KEPT, index_links
from etl.resolve.owners import own_addresses
from etl.resolve.paths import own_paths
from etl.routes import wiki_folder
from etl.settings import Settings, SettingsError
from etl.slugs import make_slug, undated, well_formed

PageRow = tuple[Any, ...]
"""Ordinal, outcome and redirect of a page."""
FirstPage = Callable[..., PageRow | None]
"""`_first_page`, whose last answers are kept: many redirect pages may name what many pages claim."""

LONGEST_CHAIN = 64
MOST_CONFLICTS = 0.10
FEWEST_MEMBERS = 100


def resolve(facts: Facts, settings: Settings, *, one_export: bool = True) -> None:
    """Fill in the outcome of every member, its slug, its addresses, and the index for links.

    Raises SettingsError when the members cannot be of one export (contract, "One page twice"), if they are to be.
    """
    facts.db.create_function("name_key", 1, name_key, deterministic=True)
    facts.db.execute("BEGIN")
    _find_duplicates(facts)
    _report_duplicates(facts)
    _conflicts(facts, settings, one_export=one_export)
    _outcomes(facts, settings)
    _name_pages(facts)
    _redirect_pages(facts, settings)
    own_paths(facts, settings)
    own_addresses(facts, settings)
    index_links(facts)
    _terms(facts, settings)
    _report_shared_slugs(facts)
    _report_shared_paths(facts, wiki_folder(settings.legacy_base))
    facts.script("CREATE INDEX finding_ord ON finding (ord)")
    facts.db.execute("COMMIT")


# --- who is a document ---------------------------------------------------------------------


def _find_duplicates(facts: Facts) -> None:
    """Equal bytes are one member; a reject stays a reject, for each faulty file is named."""
    facts.script(
        """
        UPDATE fact
        SET outcome = 'reject'
        WHERE reject IS NOT NULL;

        CREATE INDEX fact_sha ON fact (sha256, ord);

        UPDATE fact
        SET outcome = 'duplicate'
        WHERE reject IS NULL
          AND EXISTS (
            SELECT 1
            FROM fact f
            WHERE f.sha256 = fact.sha256
              AND f.ord < fact.ord
              AND f.reject IS NULL
          );
        """
    )


def _report_duplicates(facts: Facts) -> None:
    """Say of each which member it is a copy of."""
    facts.script(
        """
        INSERT INTO finding
        SELECT d.ord, 'member.duplicate', 'the same bytes as ' || m.bundle || '/' || m.name,
               'counted as a duplicate', NULL, 'bytes'
        FROM fact d
        JOIN member m ON m.ord = (
            SELECT f.ord
            FROM fact f
            WHERE f.sha256 = d.sha256
              AND f.reject IS NULL
            ORDER BY f.ord
            LIMIT 1
        )
        WHERE d.outcome = 'duplicate';
        """
    )


def _conflicts(facts: Facts, settings: Settings, *, one_export: bool) -> None:
    """Different bytes with one member id or one page id: one stays, the others are rejects.

    With ``duplicates = "last"`` the place of some bytes is that of their last copy.
    """
    pick = "min(ord)"
    if settings.duplicates == "last":
        pick = "max((SELECT max(d.ord) FROM fact d WHERE d.sha256 = fact.sha256))"
    facts.script("CREATE TABLE conflict (ord INTEGER PRIMARY KEY, what TEXT, id, stays INTEGER)")
    for key, what in (("member_id", "member id"), ("page_id", "page id")):
        facts.script(
            f"""
            INSERT INTO conflict
            SELECT f.ord, '{what}', f.{key}, s.ord
            FROM fact f
            JOIN (
                SELECT {key}, {pick} AS place
                FROM fact
                WHERE outcome IS NULL
                GROUP BY {key}
                HAVING count(*) > 1
            ) k ON k.{key} = f.{key}
            JOIN fact p ON p.ord = k.place
            JOIN fact s ON s.sha256 = p.sha256 AND s.outcome IS NULL
            WHERE f.outcome IS NULL
              AND f.ord <> s.ord;

            UPDATE fact
            SET outcome = 'reject'
            WHERE ord IN (SELECT ord FROM conflict);
            """
        )
    if one_export and settings.duplicates == "reject":
        _refuse_two_sources(facts)
    _reject_conflicts(facts)


def _reject_conflicts(facts: Facts) -> None:
    """Say of each loser which member goes before it."""
    query = """
        SELECT c.ord, c.what, c.id, m.bundle, m.name, w.bundle, w.name, s.sha256, s.outcome
        FROM conflict c
        JOIN member m ON m.ord = c.ord
        JOIN member w ON w.ord = c.stays
        JOIN fact s ON s.ord = c.stays
        ORDER BY c.ord
        """
    for ord_, what, value, bundle, name, other_bundle, other, sha256, outcome in facts.rows(query):
        stays, place = other, f"{other_bundle}/{other}"
        if (bundle, name) == (other_bundle, other):  # no source is told: it depends on the machine
            stays, place = (f"{text} of SHA-256 {sha256}" for text in (stays, place))
        then = f"{stays} goes before it, but is a reject, too" if outcome == "reject" else f"{stays} stays"
        reject = {
            "code": "id.conflict",
            "message": f"{what} {value} is also that of {place}, with other bytes",
            "action": f"{then}; this one is in rejects.jsonl",
        }
        facts.db.execute("UPDATE fact SET reject = ? WHERE ord = ?", (json.dumps(reject), ord_))


def _refuse_two_sources(facts: Facts) -> None:
    members, lost = facts.one("SELECT count(*) FROM member"), facts.one("SELECT count(*) FROM conflict")
    if members < FEWEST_MEMBERS or lost <= MOST_CONFLICTS * members:
        return
    query = """
        SELECT b.shown, m.name, o.shown, w.name
        FROM conflict c
        JOIN member m ON m.ord = c.ord
        JOIN member w ON w.ord = c.stays
        JOIN bundle b ON b.number = m.number
        JOIN bundle o ON o.number = w.number
        ORDER BY c.ord
        LIMIT 1
        """
    bundle, name, other_bundle, other = next(facts.rows(query))
    raise SettingsError(
        f"{lost} of {members} members have the id of another one with other bytes, such as {bundle}/{name} and "
        f'{other_bundle}/{other}: give one of the two sources, or set duplicates = "last", and max_rejects to allow '
        "for those that others replace"
    )


def _outcomes(facts: Facts, settings: Settings) -> None:
    published = ",".join(f"'{status}'" for status in settings.publish)
    facts.script(
        f"""
        UPDATE fact
        SET outcome = CASE WHEN status IN ({published}) THEN 'document' ELSE 'withheld' END
        WHERE outcome IS NULL;

        CREATE TABLE senior AS
        SELECT ord,
               row_number() OVER (ORDER BY (kind = 'abstract'), page_id IS NULL, page_id, member_id) AS place
        FROM fact
        WHERE outcome IN ('document', 'withheld');

        CREATE INDEX senior_ord ON senior (ord, place);

        UPDATE fact
        SET senior = (SELECT place FROM senior s WHERE s.ord = fact.ord);
        """
    )


def _name_pages(facts: Facts) -> None:
    """Fill ``page_name``: the `name_key` of every title and page name, with the page that has it."""
    facts.script("CREATE TABLE page_name (key TEXT, ord INTEGER)")
    facts.db.executemany("INSERT INTO page_name VALUES (?, ?)", _page_names(facts))
    facts.script("CREATE INDEX page_name_key ON page_name (key, ord)")


def _page_names(facts: Facts) -> Iterator[tuple[str, int]]:
    for ord_, title, page_name in facts.rows("SELECT ord, title, page_name FROM fact WHERE senior IS NOT NULL"):
        keys = {name_key(name) for name in {title, page_name} if name}
        yield from ((key, ord_) for key in sorted(keys) if key)


def _redirect_pages(facts: Facts, settings: Settings) -> None:
    """A page with nothing visible but a redirect that resolves, through others like it, to a document."""
    if facts.one("SELECT 1 FROM fact WHERE redirect_to IS NOT NULL LIMIT 1") is None:
        return
    facts.script(
        """
        CREATE INDEX claim_address ON claim (value, kind, ord, rank);
        CREATE INDEX claim_key ON claim (name_key(value), ord) WHERE kind = 'name';
        CREATE INDEX fact_page_id ON fact (page_id) WHERE senior IS NOT NULL;
        CREATE INDEX fact_legacy_slug ON fact (legacy_slug) WHERE senior IS NOT NULL;
        CREATE INDEX fact_slug ON fact (slug) WHERE senior IS NOT NULL;
        CREATE TABLE chain (ord INTEGER PRIMARY KEY, goes_to INTEGER);
        """
    )
    _follow_redirects(facts, settings)
    facts.script(
        """
        DROP INDEX claim_address;
        DROP INDEX claim_key;

        UPDATE fact
        SET outcome = 'redirect',
            goes_to = (SELECT goes_to FROM chain c WHERE c.ord = fact.ord)
        WHERE ord IN (SELECT ord FROM chain);
        """
    )


def _follow_redirects(facts: Facts, settings: Settings) -> None:
    """Fill ``chain`` with the document that each redirect page leads to; one that leads to none stays a stub."""
    pages = facts.rows(
        """
        SELECT ord, redirect_what, redirect_to
        FROM fact
        WHERE redirect_to IS NOT NULL
          AND senior IS NOT NULL
          AND status <> 'draft'
        ORDER BY ord
        """
    )
    first_page = lru_cache(KEPT)(partial(_first_page, facts))
    for ord_, what, name in pages:
        target = _end_of_chain(first_page, settings, ord_, what, name)
        named = f"redirect to {what} {name!r}" if what else f"redirect {name!r}"
        if isinstance(target, int):
            facts.db.execute("INSERT INTO chain VALUES (?, ?)", (ord_, target))
            document = facts.one("SELECT document FROM fact WHERE ord = ?", target)
            code, message, action = "member.redirect", named, f"no document; its addresses go to {document}"
        else:
            code, message, action = "redirect.unresolved", f"{named}: {target}", "the page is a stub"
        facts.add_finding(ord_, code, message, action, cause=f"{what} {name}")


def _end_of_chain(first_page: FirstPage, settings: Settings, start: int, what: str, name: str) -> int | str:
    """Ordinal of the document at the end of a chain of redirect pages, or why there is none."""
    ord_, seen = start, {start}
    for _ in range(LONGEST_CHAIN):
        row = _page_of(first_page, settings, ord_, what, name)
        if isinstance(row, str):
            return row
        ord_, outcome, what_next, name_next = row
        if ord_ in seen:
            return "a loop"
        if name_next is None:
            return int(ord_) if outcome == "document" else "a page that is not published"
        seen.add(ord_)
        what, name = what_next, name_next
    return f"a chain of more than {LONGEST_CHAIN} redirects"


def _page_of(first_page: FirstPage, settings: Settings, page: int, what: str, target: str) -> PageRow | str:
    """The page that the redirect of a page names: its ordinal, outcome and own redirect; or why it names none.

    It names itself only where it can name nothing else.
    """
    if what == "page":
        link: LegacyLink | None = LegacyLink("name", target, "")
    elif what == "url":
        link = legacy_target(target, settings.hosts, settings.path_prefixes, settings.legacy_base)
    else:
        return "its target cannot be read"
    if link and link[:2] == ("other", "/") and settings.home:
        return _page_of(first_page, settings, page, "page", settings.home)
    asked = link_lookups(link, target if what == "url" else "", settings.hosts, settings.legacy_base)
    spare = None  # itself, or a page that is not published
    for condition, values in _searches(link, asked):
        found = first_page(condition, *values)
        if found and found[0] != page and (found[1] == "document" or found[3] is not None):
            return found
        spare = spare or found
    if spare:
        return spare
    if link is None:
        return "an address outside of the wiki"
    return "no page of the old wiki" if link.kind == "other" else "no such page in the export"


def _searches(link: LegacyLink | None, asked: Sequence[Address]) -> Iterator[tuple[str, Sequence[str]]]:
    """Conditions of the page that a link means, each with its values, in the order of links in bodies (README)."""
    yield from ((_CLAIMANT, address) for address in asked)
    kind, value, _ = link or LegacyLink("file", "", "")
    names, slugs = list[str](), list[str]()
    if kind == "id":
        yield "f.page_id = ?", [value]
    elif kind == "name":
        names = [value, without_html(value)]
        slugs = [*names, make_slug(undated(names[-1]))]
    elif kind == "other":
        names = [value.strip("/")]
    elif kind == "file":  # perhaps a page is named like one
        names = [address.value for address in asked if address.kind == "name"]
    else:
        slugs = [value] if kind in OF_TERMS else [value, well_formed(value)]
    for key in filter(None, map(name_key, names)):
        yield _OWN_NAME, [key, key]
        yield "f.ord IN (SELECT ord FROM page_name WHERE key = ?)", [key]
        yield "f.ord IN (SELECT ord FROM claim WHERE kind = 'name' AND name_key(value) = ?)", [key]
    for slug in slugs:
        yield "f.slug = ?", [slug]
        yield "f.legacy_slug = ?", [slug]


_OWNERS = """
    SELECT first_value(c.ord) OVER (PARTITION BY c.value ORDER BY (o.redirect_to IS NOT NULL), c.rank, o.senior)
    FROM claim c
    JOIN fact o ON o.ord = c.ord
    WHERE c.kind = {kind}
      AND {value} = ?
      AND (o.outcome = 'document' OR o.redirect_to IS NOT NULL)
      AND o.senior IS NOT NULL
"""
"""Who will own an address among the pages that lead somewhere: as `owners.own_addresses` decides it."""
_CLAIMANT = f"f.ord IN ({_OWNERS.format(kind='?', value='c.value')})"
_OWN_NAME = f"""
    f.ord IN (SELECT ord FROM page_name WHERE key = ?)
    AND f.ord IN ({_OWNERS.format(kind="'name'", value="name_key(c.value)")})
"""
"""Whose name it is, in another spelling."""


def _first_page(facts: Facts, condition: str, *values: str) -> PageRow | None:
    row: PageRow | None = facts.db.execute(
        f"""
        SELECT f.ord, f.outcome, f.redirect_what, f.redirect_to
        FROM fact f
        WHERE {condition}
          AND f.senior IS NOT NULL
        ORDER BY (f.outcome <> 'document' OR f.redirect_to IS NOT NULL), f.senior
        LIMIT 1
        """,
        values,
    ).fetchone()
    return row


# --- categories and tags -------------------------------------------------------------------


def _terms(facts: Facts, settings: Settings) -> None:
    """Categories and tags of published documents: the spelling of a category, then the most frequent one."""
    facts.db.create_function("tag_path", 1, settings.tag_path, deterministic=True)
    facts.script(
        """
        CREATE TABLE spelling AS
        SELECT t.key, t.name, t.slug, max(t.category) AS category, count(*) AS documents
        FROM term t
        JOIN fact f ON f.ord = t.ord
        WHERE f.outcome = 'document'
        GROUP BY t.key, t.name;

        CREATE TABLE term_line AS
        SELECT name, slug, tag_path(slug) AS path, category, documents
        FROM (
            SELECT name, slug, category,
                   sum(documents) OVER (PARTITION BY key) AS documents,
                   row_number() OVER (PARTITION BY key ORDER BY category DESC, documents DESC, name) AS place
            FROM spelling
        )
        WHERE place = 1;

        CREATE INDEX term_slug ON term_line (slug);
        CREATE INDEX term_request ON term_line (lower(rtrim(path, '/')));

        CREATE TABLE term_name AS
        SELECT name_key(name) AS key, slug, path
        FROM term_line
        WHERE key <> '';
        CREATE INDEX term_key ON term_name (key, slug);
        """
    )


def _report_shared_slugs(facts: Facts) -> None:
    shared = facts.rows(
        """
        SELECT slug, group_concat(name, ' | ')
        FROM (SELECT slug, name FROM term_line ORDER BY slug, name)
        GROUP BY slug
        HAVING count(*) > 1
        """
    )
    for slug, names in shared:
        facts.add_finding(
            None, "term.shared-slug", f"{names!r} have the slug {slug!r}", "they share one path", cause=slug
        )


def _report_shared_paths(facts: Facts, folder: str) -> None:
    """Terms whose path is that of a document, or of an entry of the redirect map."""
    hidden = facts.rows(
        """
        SELECT t.name, t.path, l.what
        FROM term_line t
        JOIN living l ON l.path = rtrim(t.path, '/')
        WHERE l.what <> 'reserved'  -- for the tag itself, perhaps
        ORDER BY t.slug, t.name
        """
    )
    for name, path, document in hidden:
        message = f"{name!r} has the path {path!r}, as {document} does"
        facts.add_finding(None, "term.shared-path", message, "one of them hides the other", cause=path)
    mapped = facts.rows(  # names in any case, as servers find them
        """
        SELECT t.name, t.path, r.kind, r.value, ifnull('goes to ' || g.document, 'is gone')
        FROM (SELECT kind, value, ord, CASE kind WHEN 'path' THEN value ELSE ? || value END AS request FROM redirect) r
        JOIN term_line t ON lower(rtrim(t.path, '/')) = lower(r.request)
        LEFT JOIN goal g ON g.ord = r.ord
        WHERE (r.kind = 'name' OR rtrim(t.path, '/') = r.request)
          AND rtrim(t.path, '/') NOT IN (SELECT path FROM living)
        ORDER BY t.slug, t.name, r.kind, r.value
        """,
        folder,
    )
    for name, path, kind, value, answer in mapped:
        message = f"{name!r} has the path {path!r}, and {kind} {value!r} {answer}"
        action = "servers that ask the map first never show the tag, unless its path is reserved"
        facts.add_finding(None, "term.shared-path", message, action, cause=f"{path} {kind} {value}")


# --- lines ---------------------------------------------------------------------------------


def redirects(facts: Facts) -> Iterator[dict[str, Any]]:
    """The neutral redirect map, sorted by kind and value."""
    owned = facts.rows(
        """
        SELECT r.kind, r.value, g.path, CASE WHEN g.path IS NULL THEN 410 ELSE 301 END, r.why, g.document
        FROM redirect r
        LEFT JOIN goal g ON g.ord = r.ord
        ORDER BY r.kind, r.value
        """
    )
    return (
        {"kind": kind, "value": value, "target": target, "status": status, "why": why, "document": document}
        for kind, value, target, status, why, document in owned
    )


def terms(facts: Facts) -> Iterator[dict[str, Any]]:
    """Categories and tags, by slug and name."""
    rows = facts.rows("SELECT * FROM term_line ORDER BY slug, name")
    return (
        {"name": name, "slug": slug, "path": path, "kind": "category" if category else "tag", "documents": documents}
        for name, slug, path, category, documents in rows
    )


def assets(facts: Facts) -> Iterator[dict[str, Any]]:
    """Files by address, each with the documents that point at it; the worst state counts."""
    rows = facts.rows("SELECT address, role, document, state FROM asset ORDER BY address, role, ord")
    for (address, role), group in groupby(rows, key=itemgetter(0, 1)):
        found = [row[2:] for row in group]
        state = max((state for _, state in found), key=ASSET_STATES.index)
        yield {"address": address, "role": role, "state": state, "documents": [document for document, _ in found]}
