"""Where links lead: what resolve notes of each document to be found by, and the look-ups of the transform pass."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeVar

from etl.addresses import Address, name_key
from etl.facts import Facts
from etl.hashes import Sieve
from etl.model import Target

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

KEPT = 1024
"""Answers of a look-up: with four times as many, workers grow by a fifth up to 100,000 documents, and are no faster."""


def index_links(facts: Facts) -> None:
    """Ids, names and slugs of published documents, and of redirect pages that go to them: one look-up each."""
    facts.script(
        """
        CREATE TABLE goal (
            ord INTEGER PRIMARY KEY, page_id INTEGER, legacy_slug TEXT, indirect INTEGER, senior INTEGER,
            document TEXT, path TEXT
        );

        INSERT INTO goal
        SELECT f.ord, f.page_id, f.legacy_slug, (f.outcome = 'redirect') AS indirect, f.senior, t.document, p.path
        FROM fact f
        JOIN fact t ON t.ord = ifnull(f.goes_to, f.ord)
        JOIN path p ON p.ord = t.ord
        WHERE f.outcome IN ('document', 'redirect');

        CREATE TABLE link_id (key TEXT PRIMARY KEY, document TEXT, path TEXT) WITHOUT ROWID;

        INSERT INTO link_id
        SELECT CAST(page_id AS TEXT), document, path
        FROM goal
        WHERE page_id IS NOT NULL;
        """
    )
    _index_map_names(facts)
    _index_names(facts)
    _drop_decided_names(facts)
    _index_slugs(facts)


def _index_map_names(facts: Facts) -> None:
    """Names of the redirect map: they are found in any case, as servers find them."""
    facts.script(
        """
        CREATE TABLE map_name (
            key TEXT, document TEXT, senior INTEGER, path TEXT, PRIMARY KEY (key, document)
        ) WITHOUT ROWID;

        INSERT OR IGNORE INTO map_name
        SELECT r.key, g.document, g.senior, g.path
        FROM (SELECT ord, name_key(value) AS key FROM redirect WHERE kind = 'name') r
        JOIN goal g ON g.ord = r.ord
        WHERE r.key <> '';
        """
    )


def _index_names(facts: Facts) -> None:
    """Names, by rank.

    0 is a title or page name that the redirect map has for its page, 1 another one, 2 what else is in the map, 3 the
    name of a redirect page.
    """
    facts.script(
        """
        CREATE TABLE link_name (
            key TEXT, rank INTEGER, senior INTEGER, document TEXT, path TEXT, PRIMARY KEY (key, rank, senior, document)
        ) WITHOUT ROWID;

        INSERT INTO link_name
        SELECT n.key, CASE WHEN g.indirect THEN 3 ELSE m.key IS NULL END, g.senior, g.document, g.path
        FROM page_name n
        JOIN goal g ON g.ord = n.ord
        LEFT JOIN map_name m ON m.key = n.key AND m.document = g.document
        ORDER BY n.key;

        INSERT INTO link_name
        SELECT key, 2, senior, document, path
        FROM map_name m
        WHERE NOT EXISTS (
            SELECT 1
            FROM link_name n
            WHERE n.key = m.key
              AND n.rank = 0
              AND n.senior = m.senior
              AND n.document = m.document
        );
        """
    )


def _drop_decided_names(facts: Facts) -> None:
    """What a person decided about a name of pages is no choice any more.

    Others have it only if the map has it for them in another spelling.
    """
    facts.script(
        """
        DELETE FROM link_name
        WHERE key IN (
            SELECT name_key(r.value)
            FROM redirect r
            JOIN contender c ON c.kind = r.kind AND c.value = r.value
            WHERE r.kind = 'name' AND r.why = 'reviewed' AND r.ord IS NOT NULL AND c.why <> 'reviewed'
        ) AND NOT EXISTS (SELECT 1 FROM map_name m WHERE m.key = link_name.key AND m.document = link_name.document);
        """
    )


def _index_slugs(facts: Facts) -> None:
    """Slugs of the new site, then those of the old one."""
    facts.script(
        """
        CREATE TABLE link_slug (key TEXT PRIMARY KEY, document TEXT, path TEXT) WITHOUT ROWID;

        INSERT INTO link_slug
        SELECT s.slug, g.document, g.path
        FROM slug s
        JOIN goal g ON g.ord = s.ord;

        INSERT OR IGNORE INTO link_slug
        SELECT legacy_slug, document, path
        FROM goal
        WHERE legacy_slug IS NOT NULL
        ORDER BY indirect, senior;
        """
    )


class Index:
    """Look-ups of links over the facts file (`Lookup` of the transform), with the last `KEPT` answers of each kept."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        keys = """
            SELECT key FROM link_id
            UNION ALL
            SELECT key FROM link_name
            UNION ALL
            SELECT key FROM link_slug
            UNION ALL
            SELECT key FROM term_name
            UNION ALL
            SELECT slug FROM term_line
            """
        addresses = facts.rows("SELECT kind, value FROM redirect")
        self._known = Sieve(chain(addresses, (key for (key,) in facts.rows(keys))))
        self.by_address = self._sieved(self._by_address, None)
        self.by_id = self._sieved(self._by_id, None)
        self.by_name: Callable[[str], Sequence[Target]] = self._sieved(self._by_name, ())
        self.nameless: Callable[[str], Sequence[Target]] = lru_cache(KEPT)(self._nameless)
        self.by_slug = self._sieved(self._by_slug, None)
        self._tag_of_slug = self._known.before(self._by_tag_slug, None)
        self._tag_of_name = self._known.before(self._by_tag_name, None)
        self.tag = lru_cache(KEPT)(self._tag)

    def _sieved(self, look_up: Callable[[Key], Answer], nothing: Answer) -> Callable[[Key], Answer]:
        """A look-up that does not ask the file for what is nowhere, as most is that a link asks before it is found."""
        return self._known.before(lru_cache(KEPT)(look_up), nothing)

    def _by_address(self, address: Address) -> Target | None:
        query = """
            SELECT document, path, why = 'reviewed'
            FROM redirect
            JOIN goal USING (ord)
            WHERE kind = ? AND value = ?
            """
        return self._one(query, *address)

    def _by_id(self, page_id: str) -> Target | None:
        return self._one("SELECT document, path FROM link_id WHERE key = ?", page_id)

    def _by_name(self, key: str) -> Sequence[Target]:
        return self._some("SELECT document, path FROM link_name WHERE key = ? ORDER BY rank, senior LIMIT 8", key)

    def _nameless(self, key: str) -> Sequence[Target]:
        query = """
            SELECT document, path
            FROM link_name n
            WHERE key = ?
              AND NOT EXISTS (SELECT 1 FROM map_name m WHERE m.key = n.key AND m.document = n.document)
            ORDER BY rank, senior
            LIMIT 8
            """
        return self._some(query, key)

    def _by_slug(self, slug: str) -> Target | None:
        return self._one("SELECT document, path FROM link_slug WHERE key = ?", slug)

    def _tag(self, slug: str) -> str | None:
        return self._tag_of_slug(slug) or self._tag_of_name(name_key(slug))  # the old site spelled names in its own way

    def _by_tag_slug(self, slug: str) -> str | None:
        path: str | None = self._facts.one("SELECT path FROM term_line WHERE slug = ? LIMIT 1", slug)
        return path

    def _by_tag_name(self, key: str) -> str | None:
        path: str | None = self._facts.one("SELECT path FROM term_name WHERE key = ? ORDER BY slug LIMIT 1", key)
        return path

    def _one(self, query: str, *key: str) -> Target | None:
        row = self._facts.db.execute(query, key).fetchone()
        return None if row is None else Target(*row)

    def _some(self, query: str, key: str) -> Sequence[Target]:
        """Each once, in the order of the rows."""
        return list(dict.fromkeys(Target(*row) for row in self._facts.db.execute(query, (key,))))
