"""What becomes of the rejects of a generation now that the tool or the settings are other ones.

The bytes that a reject holds go through the very stages of a migration, under the bundle and the name that they had;
they lie in one spool file of a temporary folder, never under a name of their own. The documents of the generation
take part by what they say of themselves, so that an id that is taken stays taken. Nothing is published, and slugs and
addresses are not told: `migrate` decides them, for it alone knows every member. Nothing of the size of the file is in
memory.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

from etl import schemas
from etl.extract.names import globs, unsafe
from etl.extract.reviewed import read_reviewed, settings_digest
from etl.extract.trouble import SourceError
from etl.facts import Facts
from etl.findings import SEVERITY
from etl.load.faults import MOST_LISTED, one_line
from etl.load.generations import CURRENT
from etl.load.lines import measure
from etl.passes import PARTS, Chunk, Options, Rows, facts_state, gather, transform, transform_state
from etl.pipeline import CHUNK, FEWEST_FOR_POOL, MOST_JOBS, Progress, condemn
from etl.resolve import resolve
from etl.settings import MIB, Settings
from etl.workers import WorkerDied, available_cores, workers

REJECTS, MANIFEST = "rejects.jsonl", "manifest.json"
BESIDE = ("documents.jsonl", "withheld.jsonl")
STATES = ("passes", "ignored", "rejected", "not replayable")
"""What can become of a reject; with the last two the work is not done."""

_BATCH = 1000
_LONGEST_TEXT = 300
_MEMBERS_IN_A_LINE = 8
_LARGEST_NUMBER = 2**63 - 1
"""That a column can hold."""
_LIMIT = re.compile(r"\((max_\w+)\)")

# Beside the facts, in a file of its own: what is there stays when the passes begin again (`Facts.doom`).
_TABLES = """
CREATE TABLE replay.reject (
    number INTEGER PRIMARY KEY, bundle TEXT, member TEXT, code TEXT, message TEXT, line INTEGER, col INTEGER,
    offset INTEGER, state TEXT, reason TEXT
);
CREATE TABLE replay.known (
    number INTEGER PRIMARY KEY, ord INTEGER, bundle TEXT, name TEXT, sha256 TEXT, kind TEXT, member_id TEXT,
    document TEXT, page_id INTEGER, title TEXT, page_name TEXT, slug TEXT, legacy_slug TEXT, status TEXT, latest TEXT
);
CREATE TABLE replay.result (number INTEGER PRIMARY KEY, state TEXT, was TEXT, code TEXT, data TEXT);
"""

_PLACES = """
CREATE INDEX member_offset ON member (kind, offset);

UPDATE replay.known
SET ord = (SELECT m.ord FROM member m WHERE m.kind = 'document' AND m.offset = known.number);

CREATE INDEX replay.known_ord ON known (ord);

DELETE FROM member
WHERE kind = 'document'
"""

_KNOWN = "sha256, kind, member_id, document, page_id, title, page_name, slug, legacy_slug, status, latest"


@dataclass(slots=True)
class Replay:
    """What is replayed and with what, and what is known of it by now."""

    file: Path
    shown: str
    settings: Settings
    facts: Facts
    work: Path
    origin: str
    """Where the settings come from."""
    progress: Progress
    bundles: dict[str, int] = field(default_factory=dict)
    documents: int | None = None
    """How many documents of the generation take part; None when they do not lie beside the file."""
    same_settings: bool | None = None
    """Whether the settings are those of the generation; None without its manifest."""
    errors: Counter[str] = field(default_factory=Counter)
    """Findings of severity error, by code, those of rejects among them."""

    @property
    def has_documents(self) -> bool:
        """Whether the documents of the generation lie beside the file."""
        return all((self.file.parent / name).is_file() for name in BESIDE)

    def beside(self, name: str) -> str:
        """How a file beside the rejects is shown."""
        return str(Path(self.shown).with_name(name))


class Replayed(NamedTuple):
    """How a replay ended."""

    status: int
    """0 when nothing is left to do, 1 when some are rejects still or cannot be replayed."""
    summary: str
    """Some lines for a person."""


def replay(
    given: Path | None,
    settings: Settings,
    *,
    out: Path,
    origin: str,
    form: str = "text",
    every: bool = False,
    jobs: int | None = None,
    progress: Progress = lambda _name, _total: nullcontext(lambda _done: None),
) -> Replayed:
    """Write what becomes of every reject to standard output, as lines for people or as one JSON object.

    ``given``: a file of rejects, a generation, or None for the current one of ``out``. ``every``: the lines for people
    are not shortened. ``origin``: where the settings come from. Raises SourceError for a file that is missing or
    damaged, with the line; OSError; SettingsError.
    """
    file, shown = rejects_file(given, out)
    with tempfile.TemporaryDirectory(prefix="wiki-etl-") as folder, Facts(Path(folder) / "facts", create=True) as facts:
        run = Replay(file, shown, settings, facts, Path(folder), origin, progress)
        facts.db.execute("ATTACH ? AS replay", (f"{facts.path}.replay",))
        facts.db.executescript(f"PRAGMA replay.journal_mode = OFF; PRAGMA replay.synchronous = OFF; {_TABLES}")
        read_rejects(run)
        read_generation(run)
        members = facts.order_members((number, bundle, "") for bundle, number in run.bundles.items())
        facts.script(_PLACES)
        while not go_through(run, members - (run.documents or 0), jobs):
            pass
        _insert(facts, "result", _results(run))
        if isinstance(sys.stdout, TextIOWrapper):  # a terminal of another encoding is no reason to fail
            sys.stdout.reconfigure(errors="backslashreplace")
        sys.stdout.writelines(f"{line}\n" for line in (_json(run) if form == "json" else _text(run, every=every)))
        return Replayed(_status(run), summary(run))


def rejects_file(given: Path | None, out: Path) -> tuple[Path, str]:
    """The file of rejects that a path means, of one generation whatever is published meanwhile; how it is shown.

    Raises SourceError when there is none.
    """
    path = out / CURRENT / REJECTS if given is None else given
    if path.is_dir():
        path = next((folder / REJECTS for folder in (path, path / CURRENT) if (folder / REJECTS).is_file()), path)
    if not path.is_file():
        hint = f"`wiki-etl migrate` writes {REJECTS}, a refused or dry run into the folder refused of its output"
        raise SourceError(f"{path}: there is no file of rejects; {hint}")
    return path.resolve(), str(path)


# --- what the file says --------------------------------------------------------------------


class _Read(NamedTuple):
    """A line of the file; all but ``size`` are the columns of ``replay.reject``."""

    number: int
    bundle: str
    member: str
    code: str
    message: str
    line: int | None
    col: int | None
    offset: int | None
    """Where its bytes begin in the spool file; None when they are not gone through."""
    state: str | None
    reason: str | None
    size: int


def read_rejects(run: Replay) -> None:
    """Every reject to the table, its bytes to the spool file. Raises SourceError with the line that is damaged."""
    path, limit = run.work / "spool", run.settings.max_member_bytes
    with run.file.open("rb") as lines, path.open("wb") as spool:
        read = _rejects(run, lines, spool)
        while batch := list(islice(read, _BATCH)):
            _insert(run.facts, "reject", (row[:-1] for row in batch))
            run.facts.add_entries(
                (
                    run.bundles.setdefault(row.bundle, len(run.bundles)),
                    *(row.member, str(path), "span", row.offset, row.size, row.size, 0, -1),
                    *((None, None, None) if row.size <= limit else _over(row.size, limit)),
                )
                for row in batch
                if row.offset is not None
            )


def _rejects(run: Replay, lines: BinaryIO, spool: BinaryIO) -> Iterator[_Read]:
    ignored = globs(run.settings.ignore)
    for number, (place, line) in enumerate(_numbered(run, lines, run.shown), 1):
        reject = _checked(line, place)
        raw = base64.b64decode(reject["raw"] or "")
        state, reason, offset = None, _hopeless(reject, len(raw), has_documents=run.has_documents), None
        if ignored and ignored.match(reject["member"]) and not unsafe(reject["member"]):
            state, reason = "ignored", "the setting ignore names it, so migrate passes it over"
        elif reason is not None:
            state = "not replayable"
        else:
            offset = spool.tell()
            spool.write(raw + b"\n")  # so that an empty one has an offset of its own, too
        said = (reject[key] for key in ("bundle", "member", "code", "message", "line", "column"))
        yield _Read._make((number, *said, offset, state, reason, len(raw)))


def _numbered(run: Replay, lines: BinaryIO, shown: str) -> Iterator[tuple[str, bytes]]:
    """Lines with their places, numbered from 1. Raises SourceError for one of absurd length."""
    limit = _MEMBERS_IN_A_LINE * max(run.settings.max_member_bytes, 32 * MIB)
    for number, line in enumerate(iter(lambda: lines.readline(limit), b""), 1):
        if len(line) == limit and not line.endswith(b"\n"):
            raise SourceError(f"{shown}:{number}: the line is too long to be one of ours: the file is damaged")
        yield f"{shown}:{number}", line


def _checked(line: bytes, place: str) -> dict[str, Any]:
    """The reject of a line, true to itself. Raises SourceError."""
    try:
        reject = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{place}: not JSON: {error.msg} (column {error.colno}): the file is damaged") from error
    if not schemas.is_valid("reject", reject):
        where, sentence = next(schemas.explain("reject", reject))
        said = f"{'.'.join(map(str, where))}: {sentence}" if where else sentence
        raise SourceError(f"{place}: not a reject: {_cut(said)}")
    fault = _fault(reject)
    if fault is not None:
        raise SourceError(f"{place}: {fault}: the file is damaged")
    found: dict[str, Any] = reject
    return found


def _fault(reject: dict[str, Any]) -> str | None:
    """What a reject says of its bytes that is not so, or None."""
    size, sha256, encoded, whole = (reject[key] for key in ("size", "sha256", "raw", "raw_complete"))
    if any(abs(reject[key] or 0) > _LARGEST_NUMBER for key in ("line", "column", "size")):
        return "a number that is too large"
    if size is None or sha256 is None or encoded is None:
        partly = whole or not size is sha256 is encoded is None
        return (
            "size, sha256 and raw are there together or not at all, and raw_complete goes with them" if partly else None
        )
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        return f"raw is not base64: {error}"
    if whole != (len(raw) == size) or len(raw) > size:
        return f"raw holds {len(raw)} bytes of {size}, and raw_complete is {str(whole).lower()}"
    if whole and (digest := hashlib.sha256(raw).hexdigest()) != sha256:
        return f"the digest of raw is {digest}, and sha256 is {sha256}"
    return None


def _hopeless(reject: dict[str, Any], kept: int, *, has_documents: bool) -> str | None:
    """Why a reject cannot be gone through again, and what to do; None when it can."""
    if reject["sha256"] is None:
        limit = _LIMIT.search(reject["message"])
        todo = f"raise {limit[1]}" if limit else "mend the source"
        return f"its bytes were not read ({reject['message']}): {todo} and migrate again"
    if not reject["raw_complete"]:
        return (
            f"it holds {kept} of {reject['size']} bytes: set max_raw_bytes to {reject['size']} or more, migrate again "
            "(--dry-run is enough) and replay the file that this writes"
        )
    if reject["code"] == "id.conflict" and not has_documents:
        return f"the other member with its id is in {' or '.join(BESIDE)}, which are not beside the file"
    return None


def _over(size: int, limit: int) -> tuple[str, str, str]:
    """Code, message and action for a member that is larger than settings allow now."""
    message = f"{size} bytes are over the limit of {limit} (max_member_bytes)"
    return "member.unreadable", message, "the member was left out"


def _insert(facts: Facts, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows to a table of the replay, as one transaction."""
    columns = len(facts.db.execute(f"SELECT * FROM replay.{table} LIMIT 0").description)
    facts.db.execute("BEGIN")
    facts.db.executemany(f"INSERT INTO replay.{table} VALUES ({','.join('?' * columns)})", rows)
    facts.db.execute("COMMIT")


# --- what lies beside the file -------------------------------------------------------------


def read_generation(run: Replay) -> None:
    """Manifest and documents of the generation, where the file lies in one.

    Raises SourceError for a file that is not the one of the manifest, and for a line that is no document.
    """
    _prove(run)
    if not run.has_documents:
        return
    run.documents = 0
    documents = chain.from_iterable(_documents(run, name) for name in BESIDE)
    while batch := list(islice(documents, _BATCH)):
        rows = [(run.documents + place, None, *row) for place, row in enumerate(batch)]
        _insert(run.facts, "known", rows)
        run.facts.add_entries(
            (run.bundles.setdefault(row[2], len(run.bundles)), row[3], None, "document", row[0], *(None,) * 7)
            for row in rows
        )
        run.documents += len(rows)


def _prove(run: Replay) -> None:
    """Hold the files against the manifest that lies beside them, if there is one."""
    path = run.file.parent / MANIFEST
    if not path.is_file():
        return
    shown = run.beside(MANIFEST)
    try:
        manifest = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{shown}: not JSON: {error.msg}: the manifest is damaged") from error
    if not schemas.is_valid("manifest", manifest):
        raise SourceError(f"{shown}: not the manifest of a generation: it is damaged, or of something else")
    digests = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    for name in (REJECTS, *BESIDE):
        file = path.with_name(name)
        if name in digests and file.is_file() and measure(file)[2] != digests[name]:
            said = f"sha256 is not {digests[name]}, as {MANIFEST} says"
            raise SourceError(f"{run.beside(name)}: {said}: the file was changed or is cut off")
    made_with = settings_digest(run.settings, read_reviewed(run.settings))
    run.same_settings = manifest["settings_sha256"] == made_with


def _documents(run: Replay, name: str) -> Iterator[tuple[Any, ...]]:
    """What the documents of a file say of themselves: columns of ``replay.known`` from ``bundle`` on."""
    with (run.file.parent / name).open("rb") as file:
        for place, line in _numbered(run, file, run.beside(name)):
            try:
                document = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise SourceError(f"{place}: not JSON: {error.msg}: the file is damaged") from error
            if not schemas.is_valid("document", document) or (document["legacy"]["page_id"] or 0) > _LARGEST_NUMBER:
                raise SourceError(f"{place}: not a document: the file is damaged")
            source, legacy = document["source"], document["legacy"]
            yield (
                *(source[key] for key in ("bundle", "member", "sha256")),
                document["kind"],
                source["member_id"],
                document["id"],
                legacy["page_id"],
                document["title"],
                legacy["page_name"],
                document["slug"],
                legacy["slug"],
                document["status"],
                max(filter(None, (document["created"], document["modified"])), default=None),
            )


# --- the stages ----------------------------------------------------------------------------


def go_through(run: Replay, members: int, jobs: int | None) -> bool:
    """Both passes and what is decided between them; False when a member ended its process (see `etl.pipeline.make`)."""
    facts, parts = run.facts, run.work / "parts"
    parts.mkdir(exist_ok=True)
    run.errors.clear()
    jobs = _jobs(run, members, jobs)
    try:
        setup: Callable[[], Any] = partial(facts_state, run.settings)
        with workers(jobs, setup, run.work) as crew, run.progress("reading", members) as done:
            for gathered in crew.map(gather, _rows(facts), Rows.halves):
                facts.add_facts(*gathered)
                done(len(gathered.rows))
        _decide(run)
        setup = partial(transform_state, run.settings, Options(), facts.path, parts)
        with workers(jobs, setup, run.work) as crew, run.progress("cleaning", members) as done:
            for part in crew.map(transform, _chunks(facts), Chunk.halves):
                run.errors.update({code: n for code, n in part.findings.items() if SEVERITY[code] == "error"})
                for name in PARTS:
                    (parts / f"{part.first}.{name}").unlink()
                done(min(CHUNK, part.members))
    except WorkerDied as death:
        condemn(facts, death)
        return False
    return True


def _jobs(run: Replay, members: int, jobs: int | None) -> int:
    """Processes: as for a migration, but what ended one before never gets the one of the command."""
    deadly = run.facts.one("SELECT 1 FROM replay.reject WHERE code = 'member.deadly' AND offset IS NOT NULL LIMIT 1")
    wanted = jobs or (1 if members < FEWEST_FOR_POOL else min(available_cores(), MOST_JOBS))
    return max(wanted, 2) if deadly else wanted


def _rows(facts: Facts) -> Iterator[Rows]:
    """All members, some at a time: their ordinals have gaps where the documents are."""
    after = -1
    while rows := facts.db.execute(
        "SELECT * FROM member WHERE ord > ? ORDER BY ord LIMIT ?", (after, CHUNK)
    ).fetchall():
        yield Rows(rows[0][0], rows)
        after = rows[-1][0]


def _chunks(facts: Facts) -> Iterator[Chunk]:
    """The same for the second pass."""
    return (Chunk(rows.first, rows.rows[-1][0] + 1) for rows in _rows(facts))


def _decide(run: Replay) -> None:
    """Resolve rejects and documents together; after that the documents, whose bytes nobody has, are members no more."""
    facts = run.facts
    facts.script(
        f"""
        INSERT INTO member (ord, bundle, name)
        SELECT ord, bundle, name
        FROM replay.known;

        INSERT INTO fact (ord, made, {_KNOWN})
        SELECT ord, 0, {_KNOWN}
        FROM replay.known
        """
    )
    resolve(facts, run.settings, one_export=False)
    facts.script(
        """
        DELETE FROM member
        WHERE ord IN (SELECT ord FROM replay.known);

        CREATE INDEX fact_member_id ON fact (member_id);

        CREATE INDEX fact_page_id ON fact (page_id)
        """
    )


# --- what became of each -------------------------------------------------------------------


def _results(run: Replay) -> Iterator[tuple[int, str, str, str | None, str]]:
    query = """
        SELECT r.*, f.ord, f.outcome, f.reject, f.document, f.title, f.status, f.member_id, f.page_id
        FROM replay.reject r
        LEFT JOIN member m ON m.kind = 'span' AND m.offset = r.offset
        LEFT JOIN fact f ON f.ord = m.ord
        ORDER BY r.number
        """
    for row in run.facts.rows(query):
        before = _Read._make((*row[:10], 0))
        found = _result(run, before, _Now(*row[10:]))
        yield before.number, found["state"], before.code, found["code"], json.dumps(found)


class _Now(NamedTuple):
    """What the facts file says of a reject by now; nothing of one that was not gone through."""

    ord: int | None
    outcome: str | None
    reject: str | None
    document: str | None
    title: str | None
    status: str | None
    member_id: str | None
    page_id: int | None


def _result(run: Replay, before: _Read, now: _Now) -> dict[str, Any]:
    """What is told of one reject: always these keys, null where there is nothing."""
    state, reason = before.state, before.reason
    rejection: dict[str, Any] = json.loads(now.reject) if now.outcome == "reject" and now.reject else {}
    if state is None:
        state = "rejected" if rejection else "passes"
    if state == "passes":
        reason = _displaced(run.facts, now)
        if before.code == "id.conflict" and not _has_rival(run.facts, now):
            state, reason = "not replayable", f"{before.message}; that one became no document, so only migrate can tell"
    passes, made = state == "passes", state == "passes" and now.outcome in ("document", "withheld")
    place = rejection.get("line"), rejection.get("column")
    same = (rejection["code"], rejection["message"], *place) == before[3:7] if rejection else None
    return {
        "number": before.number,
        "bundle": before.bundle,
        "member": before.member,
        "was": before.code,
        "state": state,
        "code": rejection.get("code"),
        "message": rejection.get("message"),
        "line": place[0],
        "column": place[1],
        "same": same,
        "outcome": now.outcome if passes else None,
        "document": now.document if made else None,
        "title": now.title if passes else None,
        "status": now.status if made else None,
        "reason": reason,
    }


def _displaced(facts: Facts, now: _Now) -> str | None:
    """The documents that become rejects, for this one stays in their place."""
    query = """
        SELECT k.document, k.bundle, k.name
        FROM fact f
        JOIN replay.known k ON k.ord = f.ord
        WHERE (f.member_id = ? OR f.page_id = ?)
          AND f.outcome = 'reject'
        ORDER BY k.ord
        """
    places = [
        f"{document} ({bundle}/{name})" for document, bundle, name in facts.rows(query, now.member_id, now.page_id)
    ]
    return f"it takes the place of {', '.join(places)}, which would be a reject" if places else None


def _has_rival(facts: Facts, now: _Now) -> bool:
    """Whether another one with its id took part."""
    query = "SELECT 1 FROM fact WHERE (member_id = ? OR page_id = ?) AND ord <> ? LIMIT 1"
    return facts.one(query, now.member_id, now.page_id, now.ord) is not None


def _status(run: Replay) -> int:
    return int(run.facts.one("SELECT EXISTS (SELECT 1 FROM replay.result WHERE state IN (?, ?))", *STATES[2:]))


def _states(run: Replay) -> dict[str, int]:
    """How many rejects are in each state."""
    counts = dict(run.facts.rows("SELECT state, count(*) FROM replay.result GROUP BY state"))
    return {state: counts.get(state, 0) for state in STATES}


def _totals(run: Replay) -> Iterator[tuple[str, str, str | None, int]]:
    """State, code before, code now, and how many."""
    for state in STATES:
        query = "SELECT was, code, count(*) FROM replay.result WHERE state = ? GROUP BY was, code ORDER BY was, code"
        yield from ((state, *row) for row in run.facts.rows(query, state))


def _lost(run: Replay) -> int:
    """How many documents of the generation give their place to a reject."""
    query = "SELECT count(*) FROM replay.known k JOIN fact f USING (ord) WHERE f.outcome = 'reject'"
    return int(run.facts.one(query))


def _errors(run: Replay) -> dict[str, int]:
    """What was found in what passes, of severity error: a reject is a finding of its own code, too."""
    rejects = dict(run.facts.rows("SELECT code, count(*) FROM replay.result WHERE state = 'rejected' GROUP BY code"))
    return dict(sorted((run.errors - Counter(rejects)).items()))


# --- two forms, and a summary --------------------------------------------------------------


def _text(run: Replay, *, every: bool) -> Iterator[str]:
    """A line for each reject, at most `MOST_LISTED` of a state unless ``every``; then the totals."""
    query = """
        SELECT data
        FROM (SELECT *, row_number() OVER (PARTITION BY state ORDER BY number) AS place FROM replay.result)
        WHERE place <= ?
        ORDER BY number
        """
    for (data,) in run.facts.rows(query, sys.maxsize if every else MOST_LISTED):
        yield one_line(_sentence(json.loads(data)))
    for state, count in _states(run).items():
        if count > MOST_LISTED and not every:
            yield f"… and {count - MOST_LISTED:,} more: {state} (--verbose and --format json list all)"
    for state, was, code, count in _totals(run):
        now = f"was {was}" if code is None else f"{code}, as before" if code == was else f"{code}, was {was}"
        yield one_line(f"{count:7,}  {state:15} {now}")


def _sentence(result: dict[str, Any]) -> str:
    place = [
        _cut(f"{result['bundle']}/{result['member']}"),
        *(str(result[key]) for key in ("line", "column") if result[key]),
    ]
    said = f"{':'.join(place)}: {result['state']}"
    if result["state"] == "passes":
        said += f": {_passing(result)}"
    if result["state"] == "rejected":
        return f"{said}: {_cut(result['message'])} [{result['code']}] ({_before(result)})"
    if result["reason"]:
        said += f": {_cut(result['reason'])}"
    return f"{said} (was {result['was']})"


def _passing(result: dict[str, Any]) -> str:
    if result["outcome"] == "duplicate":
        return "the same bytes as an earlier member"
    if result["outcome"] == "redirect":
        return f"a redirect page, {_cut(repr(result['title']))}"
    withheld = ", withheld" if result["outcome"] == "withheld" else ""
    return f"{result['document']} {_cut(repr(result['title']))}, {result['status']}{withheld}"


def _before(result: dict[str, Any]) -> str:
    if result["same"]:
        return "as before"
    return "otherwise before" if result["code"] == result["was"] else f"was {result['was']}"


def _json(run: Replay) -> Iterator[str]:
    """Lines of one JSON object, ASCII only: nothing of it is shortened."""
    states = _states(run)
    facts = {
        "file": run.shown,
        "status": _status(run),
        "rejects": sum(states.values()),
        "states": states,
        "totals": [dict(zip(("state", "was", "code", "count"), row, strict=True)) for row in _totals(run)],
        "documents": run.documents,
        "displaced": _lost(run),
        "errors": _errors(run),
        "same_settings": run.same_settings,
    }
    yield json.dumps(facts, indent=2).removesuffix("\n}") + ',\n  "results": ['
    rows = run.facts.rows("SELECT data FROM replay.result ORDER BY number")
    yield from (f"    {', ' if place else ''}{data}" for place, (data,) in enumerate(rows))
    yield "  ]\n}"


def summary(run: Replay) -> str:
    """What a person should know and do next."""
    states = _states(run)
    lines = [f"{run.shown}: " + ", ".join(f"{state}: {states[state]:,}" for state in STATES if states[state])]
    if not any(states.values()):
        return f"{run.shown}: there are no rejects"
    lines.append(f"settings: {run.origin}" + _comparison(run.same_settings))
    if run.documents is None:
        lines.append(
            "no documents lie beside the file: whether another member has the id of what passes was not looked for"
        )
    if lost := _lost(run):
        lines.append(f"documents of the generation that would become rejects: {lost:,}")
    if errors := _errors(run):
        lines.append("in what passes: " + ", ".join(f"{count:,} {code}" for code, count in errors.items()))
    if states["passes"]:
        lines.append(
            "next: run `wiki-etl migrate` on the whole export; it decides slugs and addresses, which are not told here"
        )
    return "\n".join(lines)


def _comparison(same: bool | None) -> str:
    if same is None:
        return ""
    made_with = "those that the generation was made with"
    return f", {made_with}" if same else f", not {made_with} (flags count, too); --config names others"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
