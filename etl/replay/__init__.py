"""What becomes of the rejects of a generation now that the tool or the settings are other ones.

The bytes that a reject holds go through the very stages of a migration, under the bundle and the name that they had;
they lie in one spool file of a temporary folder, never under a name of their own. The documents of the generation
take part by what they say of themselves, so that an id that is taken stays taken. Nothing is published, and slugs and
addresses are not told: `migrate` decides them, for it alone knows every member. Nothing of the size of the file is in
memory.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from etl.extract.trouble import SourceError
from etl.facts import Facts
from etl.findings import SEVERITY
from etl.generation_path import CURRENT, generation_at
from etl.passes import (
    Options,
    despite_deaths,
    facts_state,
    files_of,
    gather_facts,
    transform_members,
    transform_state,
)
from etl.progress import Progress
from etl.replay.rejects import KNOWN, PLACES, REJECTS, TABLES, Replay, read_generation, read_rejects
from etl.replay.report import as_json, as_text, results, status, summary
from etl.resolve import resolve
from etl.room import temporary_folder
from etl.settings import Settings
from etl.workers import processes, workers


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
    config: str | None,
    form: str,
    every: bool,
    jobs: int | None,
    progress: Progress,
) -> Replayed:
    """Write what becomes of every reject to standard output, as lines for people or as one JSON object.

    ``given``: a file of rejects, a generation, or None for the current one of ``out``. ``every``: the lines for people
    are not shortened. ``config``: the file of the settings, if any. Raises SourceError for a file that is missing or
    damaged, with the line; OSError; SettingsError.
    """
    file, shown = _rejects_file(given, out)
    with temporary_folder() as folder, Facts(folder / "facts", create=True) as facts:
        run = Replay(file, shown, settings, facts, folder, config, progress)
        facts.db.execute("ATTACH ? AS replay", (f"{facts.path}.replay",))
        facts.db.executescript(f"PRAGMA replay.journal_mode = OFF; PRAGMA replay.synchronous = OFF; {TABLES}")
        with progress("listing", 0):
            read_rejects(run)
            read_generation(run)
            members = facts.order_members((number, bundle, "", bundle) for bundle, number in run.bundles.items())
            facts.script(PLACES)
        despite_deaths(facts, partial(_go_through, run, members - (run.documents or 0), jobs))
        facts.insert("replay.result", results(run))
        sys.stdout.writelines(f"{line}\n" for line in (as_json(run) if form == "json" else as_text(run, every=every)))
        return Replayed(status(run), summary(run))


def _rejects_file(given: Path | None, out: Path) -> tuple[Path, str]:
    """The file of rejects that a path means, of one generation whatever is published meanwhile; how it is shown.

    Raises SourceError when there is none.
    """
    path = out / CURRENT / REJECTS if given is None else given
    if folder := generation_at(path, lambda folder: (folder / REJECTS).is_file()):
        path = folder / REJECTS
    if not path.is_file():
        hint = f"`wiki-etl migrate` writes {REJECTS}, a refused or dry run into the folder refused of its output"
        raise SourceError(f"{path}: there is no file of rejects; {hint}")
    return path.resolve(), str(path)


# --- the stages ----------------------------------------------------------------------------


def _go_through(run: Replay, members: int, jobs: int | None) -> None:
    """Both passes and what is decided between them."""
    facts, parts = run.facts, run.work / "parts"
    parts.mkdir(exist_ok=True)
    run.errors.clear()
    jobs = _jobs(run, members, jobs)
    setup: Callable[[], Any] = partial(facts_state, run.settings)
    with workers(jobs, setup, run.work) as crew, run.progress("reading", members) as done:
        gather_facts(facts, crew, done)
    with run.progress("resolving", 0):
        _decide(run)
    setup = partial(transform_state, run.settings, Options(), facts.path, parts, in_parts=True)
    with workers(jobs, setup, run.work) as crew, run.progress("cleaning", members) as done:
        for transformed in transform_members(facts, crew):
            run.errors.update({code: n for code, n in transformed.findings.items() if SEVERITY[code] == "error"})
            for file in files_of(Options(), transformed.first).values():
                (parts / file).unlink()
            done(transformed.members)


def _jobs(run: Replay, members: int, jobs: int | None) -> int:
    """Processes: as for a migration, but never one alone where a member ended its process before.

    A single one would be that of the command.
    """
    deadly = run.facts.one("SELECT 1 FROM replay.reject WHERE code = 'member.deadly' LIMIT 1")
    wanted = processes(jobs, members)
    return max(wanted, 2) if deadly else wanted


def _decide(run: Replay) -> None:
    """Resolve rejects and documents together; after that the documents, whose bytes nobody has, are members no more."""
    facts = run.facts
    facts.script(
        f"""
        INSERT INTO member (ord, bundle, name)
        SELECT ord, bundle, name
        FROM replay.known;

        INSERT INTO fact (ord, slug_made, {KNOWN})
        SELECT ord, 0, {KNOWN}
        FROM replay.known
        """
    )
    facts.order_namesakes("replay.known")
    resolve(facts, run.settings, one_export=False)
    facts.script(
        """
        DELETE FROM member
        WHERE ord IN (SELECT ord FROM replay.known);

        CREATE INDEX fact_any_member_id ON fact (member_id);

        CREATE INDEX fact_any_page_id ON fact (page_id)
        """
    )
