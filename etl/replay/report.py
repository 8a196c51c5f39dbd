"""What became of each reject, as lines for people, as JSON, and as a summary."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from etl.facts import Facts
from etl.findings import MOST_LISTED
from etl.made_with import sentence
from etl.plain import cut, one_line
from etl.replay.rejects import STATES, Read, Replay

LONGEST_TEXT = 300
"""Characters of a text of the data in a message."""

# --- what became of each -------------------------------------------------------------------


def results(run: Replay) -> Iterator[tuple[int, str, str, str | None, str]]:
    """Rows of ``replay.result``: what became of each reject, when all stages are done."""
    query = """
        SELECT r.*, f.ord, f.outcome, f.reject, f.document, f.title, f.status, f.member_id, f.page_id
        FROM replay.reject r
        LEFT JOIN member m ON m.kind = 'span' AND m.offset = r.offset
        LEFT JOIN fact f ON f.ord = m.ord
        ORDER BY r.number
        """
    for row in run.facts.rows(query):
        before = Read._make((*row[:10], 0))
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


def _result(run: Replay, before: Read, now: _Now) -> dict[str, Any]:
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
    code, message, line, column = (rejection.get(key) for key in ("code", "message", "line", "column"))
    same = (code, message, line, column) == (before.code, before.message, before.line, before.col)
    return {
        "number": before.number,
        "bundle": before.bundle,
        "member": before.member,
        "was": before.code,
        "state": state,
        "code": code,
        "message": message,
        "line": line,
        "column": column,
        "same": same if rejection else None,
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
    """Whether another one with its id took part, which what is no document, or none yet, does not."""
    query = "SELECT 1 FROM fact WHERE (member_id = ? OR page_id = ?) AND ord <> ? AND document IS NOT NULL LIMIT 1"
    return facts.one(query, now.member_id, now.page_id, now.ord) is not None


def status(run: Replay) -> int:
    """Exit status: 1 when some are rejects still, or cannot be replayed."""
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


def as_text(run: Replay, *, every: bool) -> Iterator[str]:
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
        cut(f"{result['bundle']}/{result['member']}", LONGEST_TEXT),
        *(str(result[key]) for key in ("line", "column") if result[key]),
    ]
    said = f"{':'.join(place)}: {result['state']}"
    if result["state"] == "passes":
        said += f": {_passing(result)}"
    if result["state"] == "rejected":
        return f"{said}: {cut(result['message'], LONGEST_TEXT)} [{result['code']}] ({_before(result)})"
    if result["reason"]:
        said += f": {cut(result['reason'], LONGEST_TEXT)}"
    return f"{said} (was {result['was']})"


def _passing(result: dict[str, Any]) -> str:
    if result["outcome"] == "duplicate":
        return "the same bytes as an earlier member"
    if result["outcome"] == "redirect":
        return f"a redirect page, {cut(repr(result['title']), LONGEST_TEXT)}"
    withheld = ", withheld" if result["outcome"] == "withheld" else ""
    return f"{result['document']} {cut(repr(result['title']), LONGEST_TEXT)}, {result['status']}{withheld}"


def _before(result: dict[str, Any]) -> str:
    if result["same"]:
        return "as before"
    return "otherwise before" if result["code"] == result["was"] else f"was {result['was']}"


def as_json(run: Replay) -> Iterator[str]:
    """Lines of one JSON object, ASCII only: nothing of it is shortened."""
    states = _states(run)
    facts = {
        "file": run.shown,
        "status": status(run),
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
    lines.append(sentence(run.config, same=run.same_settings))
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
