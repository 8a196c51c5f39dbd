"""The facts file: a small row and a draft for each member, on disk, so that nothing grows with the corpus.

SQLite, written by the parent only: the index pass fills ``bundle`` and ``member``, the facts pass
``fact`` to ``term``, `resolve` the decisions, ``finding`` and ``taken``; ``previous_*`` is what an
earlier generation said, ``reviewed`` what people decided. Workers read it. Order is that of
`member.ord` everywhere.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER NOT NULL, name TEXT NOT NULL, container TEXT, kind TEXT, offset INTEGER, stored INTEGER,
    size INTEGER, method INTEGER, crc INTEGER, code TEXT, message TEXT, action TEXT
);
CREATE TABLE IF NOT EXISTS bundle (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, prefix TEXT NOT NULL, shown TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS member (
    ord INTEGER PRIMARY KEY, bundle TEXT NOT NULL, name TEXT NOT NULL, container TEXT, kind TEXT, offset INTEGER,
    stored INTEGER, size INTEGER, method INTEGER, crc INTEGER, code TEXT, message TEXT, action TEXT, number INTEGER
);
CREATE TABLE IF NOT EXISTS fact (
    ord INTEGER PRIMARY KEY, sha256 TEXT, size INTEGER, reject TEXT, kind TEXT, member_id TEXT, document TEXT,
    page_id INTEGER, title TEXT, page_name TEXT, slug TEXT, legacy_slug TEXT, slug_made INTEGER, status TEXT,
    redirect_what TEXT, redirect_to TEXT, latest TEXT,
    outcome TEXT, goes_to INTEGER, senior INTEGER
);
CREATE TABLE IF NOT EXISTS draft (ord INTEGER PRIMARY KEY, data BLOB);
CREATE TABLE IF NOT EXISTS claim (ord INTEGER, kind TEXT, value TEXT, rank INTEGER, why TEXT);
CREATE TABLE IF NOT EXISTS term (ord INTEGER, key TEXT, name TEXT, slug TEXT, category INTEGER);
CREATE TABLE IF NOT EXISTS finding (ord INTEGER, code TEXT, message TEXT, action TEXT, field TEXT, cause TEXT);
CREATE TABLE IF NOT EXISTS previous_document (document TEXT PRIMARY KEY, slug TEXT, path TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS previous_address (
    kind TEXT, value TEXT, document TEXT, refused TEXT, PRIMARY KEY (kind, value)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taken (line TEXT);
CREATE TABLE IF NOT EXISTS reviewed (place TEXT, kind TEXT, value TEXT, target TEXT, PRIMARY KEY (kind, value));
"""

BEFORE_FACTS = frozenset({"bundle", "member", "previous_document", "previous_address", "reviewed"})
"""Tables that are filled before the facts pass."""
OF_ORDINALS = ("member", "fact", "draft", "claim", "term")
"""Tables that know members by their ordinals when the facts pass is done."""
INSTRUCTIONS = 1_000_000
WRITER_CACHE, READER_CACHE = 8_000, 2_000
"""KiB of pages in memory, and as much again for a sort: `resolve` joins whole tables, those who read look up rows."""


class Member(NamedTuple):
    """Where a member is, or why it is a reject before anybody reads it; the names are those of the table ``member``."""

    ord: int
    bundle: str
    name: str
    container: str | None
    """None where there is nothing to read: the entry was refused."""
    kind: str
    offset: int
    stored: int
    size: int
    """As its container announces it."""
    method: int
    crc: int
    code: str | None
    """With a message and an action, or all three None."""
    message: str
    action: str
    number: int | None
    """That of its bundle."""


class Row(NamedTuple):
    """What the facts pass says of one member; the names are those of the table ``fact``."""

    ord: int
    sha256: str | None = None
    size: int | None = None
    reject: str | None = None
    """JSON of code, message, action, line, column."""
    kind: str | None = None
    member_id: str | None = None
    document: str | None = None
    page_id: int | None = None
    title: str | None = None
    page_name: str | None = None
    slug: str | None = None
    legacy_slug: str | None = None
    """As addresses have it: the path of the slug without its prefix."""
    slug_made: int | None = None
    status: str | None = None
    redirect_what: str | None = None
    redirect_to: str | None = None
    latest: str | None = None


class Facts:
    """One connection to a facts file."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        # Nobody writes while workers read (see ``later``): no look-up has to lock the file or ask whether it changed.
        uri = f"file:{_quoted(path)}" + ("" if create else "?mode=ro&immutable=1")
        self.db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        self.db.execute(f"PRAGMA cache_size = -{WRITER_CACHE if create else READER_CACHE}")
        self.db.create_function("nfc", 1, lambda text: unicodedata.normalize("NFC", text), deterministic=True)
        self.db.set_progress_handler(lambda: 0, INSTRUCTIONS)  # signals are seen in the middle of long queries, too
        if create:
            # The file is scratch: after a crash it is made anew, so it need not survive one.
            self.db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = NORMAL;")
            self.db.executescript(SCHEMA)
            # Files that documents point at come in while workers read the facts: in a file of their own.
            self.db.execute("ATTACH ? AS later", (f"{path}.assets",))
            self.db.executescript("PRAGMA later.journal_mode = OFF; PRAGMA later.synchronous = OFF;")
            self.db.execute(
                "CREATE TABLE later.asset (address TEXT, role TEXT, ord INTEGER, document TEXT, state TEXT,"
                " PRIMARY KEY (address, role, ord)) WITHOUT ROWID"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    # --- the index pass ---------------------------------------------------------------------

    def pass_over(self, left_out: Callable[[int, str], bool]) -> int:
        """Drop entries that are no members after all, asked by number of bundle and name; returns how many."""
        self.db.create_function("left_out", 2, left_out)
        return self.db.execute("DELETE FROM entry WHERE left_out(number, name)").rowcount

    def order_members(self, bundles: Iterable[tuple[int, str, str, str]], *, by_source: bool = False) -> int:
        """Give every entry its ordinal: by bundle name, then by the UTF-8 bytes of its name, both in NFC.

        Members that share both names come as they were found, until `order_namesakes`. ``bundles``: number, name,
        prefix, and what people are shown; ``by_source``: that is what their members call them. Returns the number of
        members.
        """
        self.db.executemany("INSERT INTO bundle VALUES (?, nfc(?), ?, ?)", bundles)
        told = "shown" if by_source else "of_bundle"
        self.db.execute(
            f"""
            INSERT INTO member
            SELECT row_number() OVER (ORDER BY of_bundle, tidy, number, name, place) - 1, {told}, tidy,
                   container, kind, offset, stored, size, method, crc, code, message, action, number
            FROM (
                SELECT e.*, e.rowid AS place, b.name AS of_bundle, b.shown,
                       nfc(CASE
                           WHEN e.code IS NULL OR substr(e.name, 1, length(b.prefix)) = b.prefix
                           THEN substr(e.name, length(b.prefix) + 1)
                           ELSE e.name
                       END) AS tidy
                FROM entry e
                JOIN bundle b USING (number)
            )
            """
        )
        self.db.execute("DROP TABLE entry")
        return int(self.one("SELECT count(*) FROM member"))

    def members(self, many: int) -> Iterator[list[Member]]:
        """The rows of ``member`` in order, so many at a time; between two of them others may be written."""
        after = -1
        query = "SELECT * FROM member WHERE ord > ? ORDER BY ord LIMIT ?"
        while rows := list(map(Member._make, self.db.execute(query, (after, many)))):
            yield rows
            after = rows[-1].ord

    def doom(self, ord_: int, message: str) -> None:
        """Make a reject of a member that ended its process, and forget what was said of all: both passes begin again.

        Its bytes are still read, for its reject; but never where it was a reject already: then to read them was deadly.
        """
        self.db.execute(
            """
            UPDATE member
            SET container = CASE WHEN code IS NULL THEN container END, code = 'member.deadly', message = ?,
                action = 'left out'
            WHERE ord = ?
            """,
            (message, ord_),
        )
        tables = self.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if table not in BEFORE_FACTS:
                self.db.execute(f"DROP TABLE {table}")
        self.db.executescript(SCHEMA)
        self.db.execute("DELETE FROM later.asset")

    # --- the facts pass ---------------------------------------------------------------------

    def add_facts(
        self,
        rows: Iterable[Row],
        claims: Iterable[Sequence[Any]],
        terms: Iterable[Sequence[Any]],
        drafts: Iterable[tuple[int, bytes]],
    ) -> None:
        """What a chunk of members says."""
        columns = ",".join(Row._fields)
        self.db.execute("BEGIN")
        self.db.executemany(f"INSERT INTO fact ({columns}) VALUES ({','.join('?' * len(Row._fields))})", rows)
        self.db.executemany("INSERT INTO draft VALUES (?, ?)", drafts)
        self.db.executemany("INSERT INTO claim VALUES (?, ?, ?, ?, ?)", claims)
        self.db.executemany("INSERT INTO term VALUES (?, ?, ?, ?, ?)", terms)
        self.db.execute("COMMIT")

    def add_assets(self, rows: Iterable[Sequence[Any]]) -> None:
        """Files that documents point at."""
        self.db.execute("BEGIN")
        self.db.executemany("INSERT OR IGNORE INTO later.asset VALUES (?, ?, ?, ?, ?)", rows)
        self.db.execute("COMMIT")

    def order_namesakes(self, *more: str) -> None:
        """Members that share the names of bundle and member come by their digests, wherever they were found.

        To be asked between the facts pass and resolve; ``more``: further tables with ordinals.
        """
        self.script(
            """
            CREATE TABLE namesake AS
            SELECT b.ord
            FROM member a
            JOIN member b ON b.ord = a.ord + 1
            WHERE b.name = a.name
              AND ifnull((SELECT name FROM bundle WHERE number = b.number), b.bundle)
                = ifnull((SELECT name FROM bundle WHERE number = a.number), a.bundle);

            CREATE TABLE shift AS
            SELECT f.ord AS old,
                   g.first - 1 + row_number() OVER (PARTITION BY g.first ORDER BY f.sha256, f.reject, f.ord) AS new
            FROM (
                SELECT min(ord) - 1 AS first, max(ord) AS last
                FROM (SELECT ord, ord - row_number() OVER (ORDER BY ord) AS crowd FROM namesake)
                GROUP BY crowd
            ) g
            JOIN fact f ON f.ord BETWEEN g.first AND g.last;

            DELETE FROM shift
            WHERE old = new;

            CREATE UNIQUE INDEX shift_old ON shift (old, new)
            """
        )
        if self.one("SELECT 1 FROM shift LIMIT 1"):
            for table in (*OF_ORDINALS, *more):
                self.script(
                    f"""
                    UPDATE {table}
                    SET ord = -1 - (SELECT new FROM shift WHERE old = ord)
                    WHERE ord IN (SELECT old FROM shift);

                    UPDATE {table}
                    SET ord = -1 - ord
                    WHERE ord < 0
                    """
                )
        self.script("DROP TABLE namesake; DROP TABLE shift")

    # --- anywhere ---------------------------------------------------------------------------

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> int:
        """Whole rows to a table, as one transaction; returns how many."""
        columns = len(self.db.execute(f"SELECT * FROM {table} LIMIT 0").description)
        self.db.execute("BEGIN")
        count = self.db.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * columns)})", rows).rowcount
        self.db.execute("COMMIT")
        return max(count, 0)  # SQLite says -1 of no row at all

    def one(self, query: str, *values: Any) -> Any:
        """The first value of the first row; None when there is no row."""
        row = self.db.execute(query, values).fetchone()
        return None if row is None else row[0]

    def rows(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Rows, streamed."""
        return iter(self.db.execute(query, values))

    def script(self, statements: str) -> None:
        """Statements without results, inside the transaction that is open."""
        statement = ""
        for part in statements.strip().split(";"):
            statement += f"{part};"
            if sqlite3.complete_statement(statement):  # a text or a comment may hold a semicolon
                self.db.execute(statement)
                statement = ""

    def add_finding(
        self,
        ord_: int | None,
        code: str,
        message: str,
        action: str,
        *,
        cause: str,
        field: str | None = None,
    ) -> None:
        """A finding of resolve about a member, or about the set when ``ord_`` is None."""
        self.db.execute("INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?)", (ord_, code, message, action, field, cause))


def _quoted(path: Path) -> str:
    """A path inside a file: address."""
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
