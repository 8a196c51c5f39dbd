"""Who owns each legacy address: the redirect map as a function (contract, section 7).

Every claim is a *contender* with a place; of one address the lowest place owns it, in this order:

1. a reviewed decision (`etl.extract.reviewed`), the setting ``gone``;
2. what published documents claim, by rank (own id and page name, of equal ones first what is a stored alias, too;
   own slug, and the page name with a comma put in; stored alias, harvested alias), then by page id;
3. redirect pages, for the document at the end of their chain;
4. what the previous generation answered for a document that is still there, its path included (``moved``);
5. the page that ``home`` names, where its name is spelled otherwise.

What the new site answers itself, a document's path or a reserved one, is in no map. Whoever loses an
address gets a finding that names both.

An address of the previous generation that nobody answers any more is `address.lost`. What a run *took*
from the previous generation (a slug that would be another one, an address that would not be in the map, one
that is lost) is noted in the table ``taken``; the manifest holds its digest. The whole generation would be
the wrong thing to note: to release what is current would change the next run though nothing else changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from etl import addresses
from etl.addresses import Address, name_key
from etl.facts import Facts
from etl.routes import wiki_folder
from etl.settings import Settings, SettingsError

STEP = 4_000_000_000_000
"""More than there can be claims: places of one kind of contender end where those of the next one begin."""
RANK = STEP // 10
"""More than there can be pages; and ranks of claims have one digit."""


def own_addresses(facts: Facts, settings: Settings) -> None:
    """Fill ``redirect`` and ``taken``, with a finding for each claim that came to nothing.

    Needs outcomes, slugs and paths. Raises SettingsError for a value of ``gone`` or ``home`` that can be no address.
    """
    previous = facts.one("SELECT 1 FROM previous_address LIMIT 1") is not None
    if previous or facts.one("SELECT 1 FROM reviewed LIMIT 1"):
        facts.script(
            "CREATE INDEX fact_document ON fact (document) WHERE outcome IN ('document', 'withheld', 'redirect')"
        )
    base, folder = settings.legacy_base, wiki_folder(settings.legacy_base)
    facts.db.create_function(
        "address_path", 2, lambda kind, value: addresses.as_path(Address(kind, value), base), deterministic=True
    )
    _claim_own(facts)
    _claim_gone(facts, settings)
    _claim_reviewed(facts)
    if previous:
        _claim_previous(facts)
    _claim_home(facts, settings)
    _decide(facts, folder)
    _report_conflicts(facts)
    _report_hidden(facts)
    _report_clashes(facts, folder)
    _report_withheld(facts)
    if previous:
        _find_lost(facts)
        _report_lost(facts)
        _note_taken(facts)


def _decide(facts: Facts, folder: str) -> None:
    """Fill ``redirect``: of each address the first contender; what the new site answers itself is ``hidden``."""
    facts.script("CREATE TABLE hidden (kind TEXT, value TEXT, what TEXT, PRIMARY KEY (kind, value)) WITHOUT ROWID")
    facts.db.execute(  # `addresses.as_path` in the words of SQL: it is asked for each claim
        """
        INSERT OR IGNORE INTO hidden
        SELECT c.kind, c.value, l.what
        FROM contender c
        JOIN living l ON l.path = rtrim(CASE c.kind WHEN 'path' THEN c.value ELSE ? || c.value END, '/')
        """,
        (folder,),
    )
    facts.script(
        """
        CREATE TABLE redirect (kind TEXT, value TEXT, ord INTEGER, why TEXT, PRIMARY KEY (kind, value)) WITHOUT ROWID;

        INSERT OR IGNORE INTO redirect
        SELECT kind, value, ord, why
        FROM contender
        WHERE (kind, value) NOT IN (SELECT kind, value FROM hidden)
        ORDER BY kind, value, place;

        CREATE INDEX redirect_ord ON redirect (ord, kind, value);
        """
    )


# --- claims --------------------------------------------------------------------------------


def _claim_own(facts: Facts) -> None:
    """Fill ``contender`` with what documents and redirect pages say of themselves; the others come to that."""
    facts.script(
        f"""
        CREATE TABLE contender (
            kind TEXT, value TEXT, place INTEGER, ord INTEGER, why TEXT, page INTEGER, PRIMARY KEY (kind, value, place)
        ) WITHOUT ROWID;

        INSERT INTO contender
        SELECT c.kind, c.value, {RANK} * c.rank + f.senior, f.ord, c.why, f.ord
        FROM claim c
        JOIN fact f ON f.ord = c.ord
        WHERE f.outcome = 'document'
        ORDER BY c.kind, c.value;

        INSERT INTO contender
        SELECT c.kind, c.value, {STEP} + 10 * f.senior + c.rank, f.goes_to, 'redirect-page', f.ord
        FROM claim c
        JOIN fact f ON f.ord = c.ord
        WHERE f.outcome = 'redirect';
        """
    )


def _claim_gone(facts: Facts, settings: Settings) -> None:
    for place, text in enumerate(settings.gone):
        try:
            address = addresses.named_address(text, settings.hosts)
        except ValueError as error:
            raise SettingsError(f"setting 'gone': {error}") from error
        row = (address.kind, address.value, place - STEP)
        facts.db.execute("INSERT INTO contender VALUES (?, ?, ?, NULL, 'gone', NULL)", row)


def _claim_previous(facts: Facts) -> None:
    """What the previous generation answered for a document, where the document does not claim it again."""
    facts.script(
        f"""
        CREATE TABLE moved AS
        SELECT a.kind, a.value, t.ord, f.ord AS page, f.senior
        FROM previous_address a
        JOIN fact f ON f.document = a.document
        JOIN fact t ON t.ord = ifnull(f.goes_to, f.ord)
        WHERE f.outcome IN ('document', 'redirect')
          AND a.refused IS NULL
          AND NOT EXISTS (
            SELECT 1
            FROM contender c
            WHERE c.kind = a.kind
              AND c.value = a.value
              AND c.ord = t.ord
          )
          AND NOT EXISTS (
            SELECT 1
            FROM living l
            WHERE l.path = rtrim(address_path(a.kind, a.value), '/')
              AND l.what = t.document
          );

        INSERT INTO contender
        SELECT kind, value, 2 * {STEP} + row_number() OVER (ORDER BY senior, kind, value), ord, 'moved', page
        FROM moved;
        """
    )


def _claim_home(facts: Facts, settings: Settings) -> None:
    """The name that the old home page had, for whatever page it means: servers look it up."""
    if settings.home is None:
        return
    name = addresses.canonical_name(settings.home)
    if name is None or addresses.objection(Address("name", name)):
        raise SettingsError(f"setting 'home': {settings.home!r} can be no page name")
    living = facts.one("SELECT what FROM living WHERE path = rtrim(address_path('name', ?), '/')", name)
    owner = facts.one("SELECT ord FROM contender WHERE kind = 'name' AND value = ? ORDER BY place LIMIT 1", name)
    if living is None and owner is not None:
        return  # by whatever claim: it is in the map
    goal = _of_name(facts, name) if living is None else f"the new site itself answers it ({living})"
    if isinstance(goal, str):
        message = f"home {settings.home!r}: {goal}"
        facts.add_finding(None, "home.unknown", message, "the old home page is not answered", field="home", cause=name)
    else:
        row = (name, 3 * STEP, goal, goal)
        facts.db.execute("INSERT INTO contender VALUES ('name', ?, ?, ?, 'title', ?)", row)


# --- reviewed decisions --------------------------------------------------------------------


def _claim_reviewed(facts: Facts) -> None:
    """Decisions that can be applied, each before all claims; the others, and those that change nothing, are told."""
    decisions = facts.db.execute("SELECT rowid, place, kind, value, target FROM reviewed ORDER BY rowid").fetchall()
    for number, place, kind, value, target in decisions:
        said, cause = f"{place}: {kind} {value!r}", f"{kind} {value}"
        goal = None if target is None else _goal(facts, target)
        living = facts.one("SELECT what FROM living WHERE path = rtrim(address_path(?, ?), '/')", kind, value)
        if isinstance(goal, str):
            _tell(facts, "decision.refused", f"{said}: target {target!r}: {goal}", "as if it were not there", cause)
        elif living is not None:
            why = f"the new site itself answers it ({living})"
            _tell(facts, "decision.refused", f"{said}: {why}", "as if it were not there", cause)
        else:
            _report_unused(facts, said, Address(kind, value), goal, cause)
            row = (kind, value, number - 2 * STEP, goal)
            facts.db.execute("INSERT INTO contender VALUES (?, ?, ?, ?, 'reviewed', NULL)", row)


def _report_unused(facts: Facts, said: str, address: Address, goal: int | None, cause: str) -> None:
    """A decision that changes nothing, and one that contradicts the setting ``gone``.

    One for the owner of an address that others claim, or of a name that is their title, settles where links to it lead
    (`etl.resolve.links`).
    """
    owner = facts.db.execute(
        "SELECT ord, why FROM contender WHERE kind = ? AND value = ? ORDER BY place LIMIT 1", address
    ).fetchone()
    if owner is None:
        return
    if owner[0] == goal:
        query = """
            SELECT 1 FROM contender WHERE kind = ?1 AND value = ?2 AND ord <> ?3
            UNION ALL
            SELECT 1
            FROM page_name n
            JOIN fact f ON f.ord = n.ord
            WHERE ?1 = 'name'
              AND n.key = name_key(?2)
              AND f.outcome IN ('document', 'redirect')
              AND ifnull(f.goes_to, f.ord) <> ?3
            """
        if not facts.one(query, *address, goal):
            message = f"{said}: the map says the same without it"
            _tell(facts, "decision.unused", message, "it may be deleted", cause)
    elif owner[1] == "gone":
        document = facts.one("SELECT document FROM fact WHERE ord = ?", goal)
        message = f"{said} is claimed by the setting gone, but belongs to {document} by a reviewed decision"
        _tell(facts, "address.conflict", message, "the setting gone does not count here", cause)


def _tell(facts: Facts, code: str, message: str, action: str, cause: str) -> None:
    facts.add_finding(None, code, message, action, field="redirects", cause=cause)


def _goal(facts: Facts, target: str) -> int | str:
    """Ordinal of the document that the target of a decision means, or why there is none."""
    if target.startswith("/"):
        return _of_path(facts, target)
    id_ = f"tiki-{target}" if target.isdecimal() else target
    found = facts.one(
        "SELECT ord FROM fact WHERE document = ? AND outcome IN ('document', 'withheld', 'redirect')", id_
    )
    return _of_name(facts, target) if found is None else _published(facts, found)


def _of_path(facts: Facts, target: str) -> int | str:
    query = "SELECT ord FROM path WHERE path IN (?, ? || '/')"
    found = facts.one(query, target, target.rstrip("/"))
    return _unknown(facts, target) if found is None else _published(facts, found)


def _of_name(facts: Facts, name: str) -> int | str:
    """By its page name as it was, else however it is spelled, else by its slug."""
    query = "SELECT ord FROM contender WHERE kind = 'name' AND value = ? AND why = 'title' ORDER BY place LIMIT 1"
    own = facts.one(query, addresses.canonical_name(name))
    if own is not None:
        return int(own)
    goals: dict[int | str, str] = {}
    query = """
        SELECT f.ord, f.document
        FROM page_name n
        JOIN fact f ON f.ord = n.ord
        WHERE n.key = ?
        ORDER BY (f.outcome = 'withheld'), f.senior
        """
    for ord_, document in facts.rows(query, name_key(name)):
        goals.setdefault(_published(facts, ord_), document)
    known = {goal: document for goal, document in goals.items() if isinstance(goal, int)}
    if len(known) > 1:
        return f"several pages have this name, such as {' and '.join([*known.values()][:2])}; give the id"
    if goals:
        return next(iter(goals))
    found = facts.one("SELECT ord FROM slug WHERE slug = ?", name)
    return _unknown(facts, name) if found is None else _published(facts, found)


def _published(facts: Facts, ord_: int) -> int | str:
    """The document that stands for a member, or why nobody may be sent there."""
    query = "SELECT outcome, ifnull(goes_to, ord), document, status FROM fact WHERE ord = ?"
    outcome, goal, document, status = next(facts.rows(query, ord_))
    return f"{document} is a {status} and not published" if outcome == "withheld" else int(goal)


def _unknown(facts: Facts, target: str) -> str:
    """Why a target is none; a target that only redirects would make a chain."""
    address = addresses.plain_address(target)
    if address is None:
        return "no document"
    other = facts.one("SELECT place FROM reviewed WHERE kind = ? AND value = ?", *address)
    if other is not None:
        return f"it is an old address itself, decided in {other}: name the page that it goes to"
    query = """
        SELECT f.document
        FROM contender c
        JOIN fact f ON f.ord = c.ord
        WHERE c.kind = ? AND c.value = ?
        ORDER BY c.place
        """
    document = facts.one(query, *address)
    return f"it is an old address itself; {document} is the page" if document else "no page of this export"


# --- what came to nothing ------------------------------------------------------------------


def _report_conflicts(facts: Facts) -> None:
    losers = facts.rows(
        """
        SELECT c.kind, c.value, c.page, f.document, c.why,
               CASE WHEN r.why = 'reviewed' THEN ifnull(w.document || ' by a reviewed decision', 'a reviewed decision')
                    ELSE ifnull(w.document, 'the setting gone') END
        FROM contender c
        JOIN redirect r ON r.kind = c.kind AND r.value = c.value
        JOIN fact f ON f.ord = c.page
        LEFT JOIN fact w ON w.ord = r.ord
        WHERE c.ord IS NOT r.ord
        ORDER BY c.kind, c.value, c.place
        """
    )
    for kind, value, page, loser, why, owner in losers:
        claim = f"went to {loser} before" if why == "moved" else f"is claimed by {loser}"
        message = f"{kind} {value!r} {claim}, but belongs to {owner}"
        _add_conflict(facts, page, message, f"it answers with {owner}", f"{kind} {value}")


def _report_hidden(facts: Facts) -> None:
    """Addresses that the new site answers itself, which no map may have.

    A path that it answers with the very document is well. A name or an id is told all the same: the page script, which
    has them as parameters, does not find it.
    """
    hidden = facts.rows(
        """
        SELECT c.kind, c.value, c.page, ifnull(f.document, 'the setting gone'), h.what
        FROM contender c
        JOIN hidden h ON h.kind = c.kind AND h.value = c.value
        LEFT JOIN fact f ON f.ord = c.page
        LEFT JOIN fact t ON t.ord = c.ord
        WHERE h.what IS NOT t.document
           OR c.kind <> 'path'
        ORDER BY c.kind, c.value, c.place
        """
    )
    for kind, value, page, loser, owner in hidden:
        message = f"{kind} {value!r} of {loser} is a path of the new site ({owner})"
        action = "the new site answers it" + ("" if kind == "path" else "; the page script finds nothing")
        _add_conflict(facts, page, message, action, f"{kind} {value}")


def _report_clashes(facts: Facts, folder: str) -> None:
    """One request with two answers, of two kinds of address: servers look up path, then name, then id."""
    clashes = facts.rows(
        """
        SELECT e.ord, e.kind, e.value, ifnull(f.document, 'nobody'), o.kind, ifnull(w.document, 'nobody')
        FROM (
            SELECT *, 'path' AS winner, ? || value AS spelling FROM redirect WHERE kind <> 'path'
            UNION ALL
            SELECT *, 'name', value FROM redirect WHERE kind = 'id'
        ) e
        JOIN redirect o ON o.kind = e.winner AND o.value = e.spelling
        LEFT JOIN fact f ON f.ord = e.ord
        LEFT JOIN fact w ON w.ord = o.ord
        WHERE o.ord IS NOT e.ord
        ORDER BY e.kind, e.value, o.kind
        """,
        folder,
    )
    for ord_, kind, value, document, winner, owner in clashes:
        message = f"{kind} {value!r} goes to {document}, the {winner} of the same spelling to {owner}"
        action = f"as a path it answers the {winner}; the page script finds the {kind} by its parameter"
        _add_conflict(facts, ord_, message, action, f"{kind} {value} {winner}")


def _add_conflict(facts: Facts, page: int | None, message: str, action: str, cause: str) -> None:
    facts.add_finding(page, "address.conflict", message, action, field="aliases", cause=cause)


def _report_withheld(facts: Facts) -> None:
    """All addresses that go with a withheld document."""
    withheld = facts.rows(
        """
        SELECT f.ord, f.document, f.status, c.value
        FROM fact f
        JOIN claim c ON c.ord = f.ord
        LEFT JOIN redirect r ON r.kind = c.kind AND r.value = c.value
        WHERE f.outcome = 'withheld'
          AND r.kind IS NULL
        ORDER BY f.ord, c.kind, c.value
        """
    )
    for (ord_, document, status), claims in groupby(withheld, itemgetter(0, 1, 2)):
        facts.add_finding(
            ord_,
            "address.withheld",
            f"{document} is a {status}; its addresses are not answered: {_listed(row[3] for row in claims)}",
            "name them in gone, give them a target among the reviewed decisions, or publish the page",
            field="aliases",
            cause=document,
        )


def _find_lost(facts: Facts) -> None:
    """Addresses that the previous generation answered and nobody answers now."""
    facts.script(
        """
        CREATE TABLE lost AS
        SELECT a.document, a.kind, a.value, a.refused
        FROM previous_address a
        LEFT JOIN redirect r ON r.kind = a.kind AND r.value = a.value
        WHERE CASE WHEN r.kind IS NULL  -- CASE: the function is asked for the few that are left
                   THEN rtrim(address_path(a.kind, a.value), '/') NOT IN (SELECT path FROM living) END
        """
    )


def _report_lost(facts: Facts) -> None:
    """Lost addresses, by document; those of 410 have none."""
    lost = facts.rows(
        """
        SELECT f.ord, f.status, f.outcome, l.document, l.value, l.refused
        FROM lost l
        LEFT JOIN fact f ON f.document = l.document AND f.outcome IN ('document', 'withheld', 'redirect')
        ORDER BY l.document, l.kind, l.value
        """
    )
    for (ord_, status, outcome, document), group in groupby(lost, itemgetter(0, 1, 2, 3)):
        rows = list(group)
        if document is None:
            why = "nobody says gone any more"
        elif ord_ is None:
            why = f"{document} is not among the documents of this export"
        elif outcome == "withheld":
            why = f"{document} is a {status} now"
        else:
            why = f"{document} cannot have them any more ({max(row[5] or '' for row in rows)})"
        facts.add_finding(
            ord_,
            "address.lost",
            f"{why}; not answered, but before: {_listed(row[4] for row in rows)}",
            "name them in gone, or give them a target among the reviewed decisions",
            field="aliases" if document else "gone",
            cause=document or "gone",
        )


def _listed(values: Iterable[str]) -> str:
    """Addresses as ``gone`` and decisions name them: with a slash before it, the name of a page would be a path."""
    return ", ".join(map(repr, values))


def _note_taken(facts: Facts) -> None:
    facts.script(
        """
        INSERT INTO taken
        SELECT 'slug ' || p.document || ' ' || s.slug
        FROM previous_document p
        JOIN fact f ON f.document = p.document
        JOIN slug s ON s.ord = f.ord
        JOIN slug_alone a ON a.ord = f.ord
        WHERE f.outcome IN ('document', 'withheld', 'redirect')
          AND a.slug <> s.slug;

        INSERT INTO taken
        SELECT 'moved ' || m.kind || ' ' || m.value || ' ' || f.document
        FROM moved m
        JOIN fact f USING (ord);

        INSERT INTO taken
        SELECT 'lost ' || kind || ' ' || value || ' ' || ifnull(document, 'gone')
        FROM lost;
        """
    )
