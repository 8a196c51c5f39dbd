"""Which slug a document gets, and so its path on the new site: no two have the same (contract, section 5, Slugs).

A slug is whose it was in the previous generation, then of a document that kept it from the old site, then of one for
which it was made; of several the senior one has it, and the others get their id behind it. A slug whose path is
reserved is nobody's.
"""

from __future__ import annotations

from etl import slugs
from etl.facts import Facts
from etl.settings import Settings


def own_paths(facts: Facts, settings: Settings) -> None:
    """Fill ``slug``, ``path`` and ``living`` (what the new site answers), with a finding for each slug that is another.

    Needs outcomes.
    """
    _slugs(facts, settings)
    _paths(facts, settings)


def _slugs(facts: Facts, settings: Settings) -> None:
    """Decide each slug, and say why one is not what its document claims.

    With a previous generation it is decided once more, as if there were none: what comes out otherwise was
    *taken* from it (see `owners.own_addresses`).
    """
    facts.db.create_function("slug_of", 1, lambda path: _slug_of(path, settings), deterministic=True)
    facts.script("UPDATE previous_document SET slug = slug_of(path) WHERE slug IS NULL")
    if facts.one("SELECT 1 FROM previous_document LIMIT 1"):
        _assign(facts, settings, "slug_alone", "f.slug", "f.slug_made")
        _assign(facts, settings, "slug", "ifnull(p.slug, f.slug)", "p.slug IS NULL, f.slug_made")
        facts.script("CREATE UNIQUE INDEX slug_alone_ord ON slug_alone (ord)")
    else:
        _assign(facts, settings, "slug", "f.slug", "f.slug_made")
        facts.script("CREATE TABLE slug_alone (slug TEXT, ord INTEGER)")
    facts.script("CREATE UNIQUE INDEX slug_ord ON slug (ord)")
    _report_slugs(facts)


def _assign(facts: Facts, settings: Settings, table: str, wanted: str, order: str) -> None:
    """Fill a table of slugs and their owners; a slug whose path is reserved is nobody's."""
    reserved = {slug for path in settings.reserved if (slug := _slug_of(path, settings))}
    facts.script(f"CREATE TABLE {table} (slug TEXT PRIMARY KEY, ord INTEGER) WITHOUT ROWID")
    facts.db.executemany(f"INSERT INTO {table} VALUES (?, NULL)", [(slug,) for slug in sorted(reserved)])
    facts.script(
        f"""
        INSERT OR IGNORE INTO {table}
        SELECT {wanted}, f.ord
        FROM fact f
        LEFT JOIN previous_document p ON p.document = f.document
        WHERE f.outcome IN ('document', 'withheld')
        ORDER BY {order}, f.senior;

        DROP TABLE IF EXISTS homeless;

        CREATE TABLE homeless AS
        SELECT f.ord, {wanted} AS slug, ifnull(f.page_id, f.member_id) AS suffix,
               row_number() OVER (ORDER BY {order}, f.senior) AS place
        FROM fact f
        LEFT JOIN previous_document p ON p.document = f.document
        JOIN {table} s ON s.slug = {wanted}
        WHERE f.outcome IN ('document', 'withheld')
          AND s.ord IS NOT f.ord
        """
    )
    for ord_, wish, suffix in facts.rows("SELECT ord, slug, suffix FROM homeless ORDER BY place"):
        slug = slugs.with_suffix(wish, str(suffix))
        while facts.one(f"SELECT 1 FROM {table} WHERE slug = ?", slug):
            slug = slugs.with_suffix(slug, str(suffix))
        facts.db.execute(f"INSERT INTO {table} VALUES (?, ?)", (slug, ord_))


def _slug_of(path: str, settings: Settings) -> str | None:
    """The slug whose document would have a path, with or without a slash at its end; None when none has."""
    template = settings.path_template
    match = slugs.paths_of(template).fullmatch(path.rstrip("/") + "/" * template.endswith("/"))
    return match[1] if match else None


def _report_slugs(facts: Facts) -> None:
    """Why a slug is not the one that a document claims: it had another one before, or somebody else has it."""
    renamed = facts.rows(
        """
        SELECT r.ord, r.wish, r.slug, h.slug IS NOT NULL, w.document, r.before, ifnull(a.slug, r.slug)
        FROM (
            SELECT s.ord, s.slug, p.slug AS before, CASE WHEN p.slug <> s.slug THEN p.slug ELSE f.slug END AS wish
            FROM slug s
            JOIN fact f ON f.ord = s.ord
            LEFT JOIN previous_document p ON p.document = f.document
        ) r
        LEFT JOIN slug h ON h.slug = r.wish
        LEFT JOIN fact w ON w.ord = h.ord
        LEFT JOIN slug_alone a ON a.ord = r.ord
        WHERE r.slug <> r.wish
        ORDER BY r.ord
        """
    )
    for ord_, wish, slug, taken, owner, before, alone in renamed:
        if slug == before and not (taken and slug == alone):
            code, message, action = "slug.kept", f"its own slug is {wish!r}", f"{slug!r}, which it had before, stays"
        else:
            message = f"slug {wish!r} belongs to {owner}" if owner else f"the path of slug {wish!r} is reserved"
            code, action = "slug.taken", f"this one is {slug!r}"
        facts.add_finding(ord_, code, message, action, field="slug", cause=wish)


def _paths(facts: Facts, settings: Settings) -> None:
    facts.db.create_function("site_path", 1, settings.path, deterministic=True)
    facts.script(
        """
        CREATE TABLE path (path TEXT PRIMARY KEY, ord INTEGER) WITHOUT ROWID;

        INSERT INTO path
        SELECT site_path(slug), ord
        FROM slug
        WHERE ord IS NOT NULL;

        CREATE UNIQUE INDEX path_ord ON path (ord);

        CREATE TABLE living (path TEXT PRIMARY KEY, what TEXT) WITHOUT ROWID;

        INSERT INTO living
        SELECT rtrim(p.path, '/'), f.document
        FROM path p
        JOIN fact f ON f.ord = p.ord
        WHERE f.outcome = 'document';
        """
    )
    facts.db.executemany(
        "INSERT OR IGNORE INTO living VALUES (?, 'reserved')", [(path.rstrip("/"),) for path in settings.reserved]
    )
