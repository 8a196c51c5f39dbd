"""Whether a generation may be published, and what a run leaves that publishes none: evidence, and a difference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from etl import summary
from etl.facts import Facts
from etl.load.generations import DIFFERENCE, REFUSED, OutputError
from etl.model import MANIFEST
from etl.run import Run
from etl.settings import share

MOST_NAMED = 20
"""Documents of each kind that the printed report of a difference names."""


def refusal(run: Run, current: Path | None) -> str | None:
    """The threshold that was passed, as a sentence; None when the generation may be published."""
    ledger = run.ledger
    assert ledger is not None
    if ledger.documents == 0:
        return f"there is no document among {ledger.members} members"
    allowed = share(run.settings.max_rejects, ledger.members)
    if run.settings.max_rejects.endswith("%"):
        allowed = max(allowed, 1)
    if ledger.rejects > allowed:
        rejects = f"{ledger.rejects} of {ledger.members} members are rejects"
        return f"{rejects}, more than --max-rejects {run.settings.max_rejects} allows"
    before = _documents_before(current)
    lost = before - ledger.documents
    if lost > share(run.settings.max_shrink, before):
        shrunk = f"{ledger.documents} documents, {lost} fewer than the current generation has"
        return f"{shrunk}: more than --max-shrink {run.settings.max_shrink} allows"
    return None


def _documents_before(current: Path | None) -> int:
    """How many documents the current generation has. Raises OutputError when it is damaged."""
    if current is None:
        return 0
    path = current / MANIFEST
    with _reading(path):
        return int(orjson.loads(path.read_bytes())["ledger"]["documents"])


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """While a file of the current generation is read: damage to it is trouble with ``out/``, not a bug of ours."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        how = "`wiki-etl rollback` leads to another one; without the link to it nothing is compared"
        raise OutputError(f"{path}: the current generation is damaged; {how}") from error


def evidence(run: Run, made: Path, work: Path) -> Path:
    """Fill and name the folder that a refused or dry run leaves: findings, rejects, manifest, difference, summary.

    The tables and the changes, too, where they were asked for.
    """
    folder = work / REFUSED
    folder.mkdir()
    asked_for = [name for name in ("tables", "changes.jsonl") if (made / name).exists()]
    for name in ("findings.jsonl", "rejects.jsonl", MANIFEST, DIFFERENCE, *asked_for):
        (made / name).rename(folder / name)
    (folder / "summary.json").write_bytes(orjson.dumps(summary.data(run), option=orjson.OPT_INDENT_2) + b"\n")
    return folder


def difference(facts: Facts, made: Path, current: Path | None) -> dict[str, Any]:
    """Documents that would be added, changed and removed, by id and digest: counts and the first of them.

    All of them, however many, go to a file.
    """
    facts.db.execute("CREATE TABLE later.version (side TEXT, id TEXT, digest TEXT)")
    for side, folder in (("old", current), ("new", made)):
        if folder is not None:
            facts.insert("later.version", _versions(side, folder / "documents.jsonl"))
    facts.db.execute("CREATE INDEX later.version_id ON version (id, side, digest)")
    found: dict[str, Any] = {what: {"count": 0, "ids": []} for what in ("added", "removed", "changed")}
    sides = facts.rows(
        """
        SELECT id,
               max(CASE side WHEN 'old' THEN digest END) AS before,
               max(CASE side WHEN 'new' THEN digest END) AS now
        FROM version
        GROUP BY id
        HAVING before IS NOT now
        ORDER BY id
        """
    )
    with (made / DIFFERENCE).open("wb") as file:
        for id_, before, now in sides:
            what = "added" if before is None else "removed" if now is None else "changed"
            line = {"id": id_, "what": what, "before": before, "now": now}
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            found[what]["count"] += 1
            if len(found[what]["ids"]) < MOST_NAMED:
                found[what]["ids"].append(id_)
    return found


def _versions(side: str, path: Path) -> Iterator[tuple[str, str, str]]:
    with path.open("rb") as file, _reading(path):
        for document in map(orjson.loads, file):
            yield side, str(document["id"]), str(document["digest"])
