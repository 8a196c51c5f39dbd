"""The whole run on one screen: index, facts, resolve, transform, join, prove, publish."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from etl.extract.bundle import left_out, scan
from etl.extract.members import Locator
from etl.extract.previous import read_previous
from etl.extract.reviewed import read_reviewed, settings_digest
from etl.extract.trouble import SourceError, check_unchanged
from etl.facts import Facts
from etl.load import lines
from etl.load.generations import Generations
from etl.load.ledger import balance, prove
from etl.load.manifest import describe, write_manifest
from etl.load.redirects import compile_all, compile_options
from etl.model import Finding, Rejection, finding_line
from etl.passes import despite_deaths, facts_state, files_of, gather_facts, transform_members, transform_state
from etl.refusal import difference, evidence, refusal
from etl.resolve import assets, redirects, resolve, terms
from etl.room import room_for_temporary_files, room_in, scarcity
from etl.run import Run
from etl.settings import Settings, SettingsError
from etl.workers import Result, Task, Workers, processes, workers


def migrate(run: Run) -> None:
    """Extract, transform, load, publish; ``run`` holds what came of it.

    Raises SourceError, OutputError, OSError (status 3), SettingsError (2), anything else is our bug (4).
    """
    generations = Generations(run.out)
    run.reviewed = read_reviewed(run.settings)
    held = generations.locked() if run.only_checks else generations.publishing()
    room = room_for_temporary_files() if run.only_checks else room_in(run.out)
    with held as work, room:
        made = work / "made"
        previous = _previous_source(run, generations)
        with Facts(work / "facts", create=True) as facts:
            facts.insert("reviewed", ((entry.place, *entry.address, entry.target) for entry in run.reviewed.entries))
            if previous is not None:
                with run.progress("previous", 0):
                    read_previous(previous, run.settings, facts)
            with run.progress("listing", 0):
                members = index(run, facts, work)
            _warn_of_scarcity(run, facts)
            despite_deaths(facts, partial(make, run, facts, members, made))
            with run.progress("proving", 0):
                finish(run, facts, made)
            run.refused = refusal(run, generations.current)
            if run.refused or run.dry_run:
                with run.progress("comparing", 0):
                    run.difference = difference(facts, made, generations.current)
        if run.refused or run.dry_run:
            generations.refuse(evidence(run, made, work))
        else:
            with run.progress("publishing", 0):
                run.published, run.fresh = generations.publish(made, run.settings.keep_generations)


def _previous_source(run: Run, generations: Generations) -> str | None:
    """What `read_previous` is to read; None for no previous generation.

    Raises SettingsError when the one that was asked for is not there, OutputError when the released one is lost.
    """
    if run.previous == "none":
        return None
    if run.previous not in (None, "released", "current"):
        return run.previous
    path = generations.current if run.previous == "current" else generations.released
    if path is None and run.previous is not None:
        hint = "`wiki-etl release` marks one" if run.previous == "released" else "the first run has none"
        raise SettingsError(f"--previous {run.previous}: {run.out} has no {run.previous} generation; {hint}")
    return None if path is None else str(path)


# --- the passes ----------------------------------------------------------------------------


def index(run: Run, facts: Facts, work: Path) -> int:
    """Every entry of every source gets its ordinal; returns the number of members.

    Raises SourceError when a container cannot be read to its end, unless ``allow_partial``.
    """
    rows: list[tuple[Any, ...]] = []

    def add(number: int, name: str, found: Locator | Rejection) -> None:
        run.entries += 1
        if isinstance(found, Rejection):
            rows.append((number, name, *[None] * len(Locator._fields), found.code, found.message, found.action))
        else:
            rows.append((number, name, *found, None, None, None))
        if len(rows) >= 1000:
            facts.insert("entry", rows)
            rows.clear()

    spool = work / "spool"
    spool.mkdir()
    run.bundles = scan(run.sources, run.settings, spool, add, run.leave_out, sha256=run.sha256)
    facts.insert("entry", rows)
    troubles = [bundle.trouble for bundle in run.bundles if bundle.trouble]
    if troubles and not run.allow_partial:
        hint = "--allow-partial publishes what could be read" if run.entries else "nothing of it could be read"
        raise SourceError(f"{troubles[0]} ({hint})")
    if any(bundle.unsure for bundle in run.bundles):
        run.entries -= facts.pass_over(left_out(run.bundles, run.settings))
    names = ((bundle.number, bundle.name, bundle.prefix, bundle.shown) for bundle in run.bundles)
    return facts.order_members(names, by_source=run.only_checks)


def _warn_of_scarcity(run: Run, facts: Facts) -> None:
    """Say before hours of work that there will be no room for what comes of it.

    A generation alone is twice as large as its members. No reason to refuse: duplicates and rejects leave little, and
    some file systems compress.
    """
    needed = facts.one("SELECT ifnull(sum(size), 0) FROM member WHERE code IS NULL")
    if told := scarcity(run.out, needed):
        run.say(f"WARNING: {told}")


def make(run: Run, facts: Facts, members: int, made: Path) -> None:
    """Both passes, the decisions between them, and the files behind them; what an earlier try has left goes first."""
    jobs = processes(run.jobs, members)
    parts = made.parent / "parts" if jobs > 1 else None
    for folder in filter(None, (made, parts)):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    run.findings.clear()
    run.changes.clear()
    setup: Callable[[], Any] = partial(facts_state, run.settings)
    with _crew_of(run, jobs, setup, made.parent) as crew, run.progress("reading", members) as done:
        gather_facts(facts, crew, done)
    with run.progress("resolving", 0):
        check_unchanged(seen for bundle in run.bundles for seen in (*bundle.folders, bundle.seen))
        facts.order_namesakes()
        resolve(facts, run.settings)
    setup = partial(transform_state, run.settings, run.options, facts.path, parts or made, in_parts=jobs > 1)
    with _crew_of(run, jobs, setup, made.parent) as crew:
        write_documents(run, facts, members, crew, made, parts=parts)
        check_unchanged(bundle.seen for bundle in run.bundles)
        with run.progress("compiling", 0):
            write_decisions(run, facts, made, crew)


@contextmanager
def _crew_of(run: Run, jobs: int, setup: Callable[[], Any], work: Path) -> Iterator[Workers]:
    """`workers` whose deaths are counted."""
    with workers(jobs, setup, work) as crew:
        try:
            yield crew
        finally:
            run.deaths += crew.deaths


def write_documents(run: Run, facts: Facts, members: int, crew: Workers, made: Path, *, parts: Path | None) -> None:
    """The transform pass: clean documents in the order of members; from files in ``parts``, if any, they are joined."""
    wholes = {name: made / file for name, file in files_of(run.options).items()}
    for whole in wholes.values():
        whole.touch()
    with run.progress("cleaning", members) as done:
        for transformed in transform_members(facts, crew):
            if parts:
                for name, file in files_of(run.options, transformed.first).items():
                    lines.append_file(parts / file, wholes[name])
            facts.add_assets(transformed.assets)
            run.findings.update(transformed.findings)
            run.changes.update(transformed.changes)
            done(transformed.members)


# --- the rest of a generation --------------------------------------------------------------


def write_decisions(run: Run, facts: Facts, made: Path, crew: Workers) -> None:
    """What is known only of all documents together: redirects, their compiled forms, assets, terms."""
    lines.write_lines(made / "redirects.jsonl", "redirect", redirects(facts))
    lines.write_lines(made / "assets.jsonl", "asset", assets(facts))
    lines.write_lines(made / "terms.jsonl", "term", terms(facts))
    facts.db.execute("PRAGMA shrink_memory")  # for the maps, and few questions come behind them
    compiled = _compile_redirects(run.settings, made, crew)
    query = "SELECT code, message, action, field, cause FROM finding WHERE ord IS NULL ORDER BY code, message"
    of_the_set = (
        Finding(code, message, action, field=key, cause=cause)
        for code, message, action, key, cause in facts.rows(query)
    )
    with (made / "findings.jsonl").open("ab") as file:
        for finding in chain(of_the_set, compiled):
            run.findings[finding.code] += 1
            line = finding_line(finding, bundle=None, member=None, document=None, key="")
            file.write(lines.dump("finding", line))


def _compile_redirects(settings: Settings, made: Path, crew: Workers) -> list[Finding]:
    """The map of this very run in the grammar of each server, several of them at a time; what they cannot express."""
    map_file, options = made / "redirects.jsonl", compile_options(settings)
    return compile_all(
        map_file,
        made / "redirects",
        options,
        settings.servers,
        trusted=True,
        scratch=made.parent,
        each=lambda function, tasks: crew.map(partial(_without_state, function), tasks),
    )


def _without_state(function: Callable[[Task], Result], _state: object, task: Task) -> Result:
    """What a crew calls where the function needs nothing of its process."""
    return function(task)


def finish(run: Run, facts: Facts, made: Path) -> None:
    """Tables, ledger and manifest, and the proof that they tell the truth."""
    if run.tables:
        from etl.load.tables import write_tables

        write_tables(made)
    files = describe(made)
    count = {file.name: file.lines for file in files}
    run.redirects = count["redirects.jsonl"]
    run.ledger = balance(facts, count)
    digest = settings_digest(run.settings, run.reviewed)
    write_manifest(made, facts, files, run.ledger, settings_sha256=digest, changes=run.changes, findings=run.findings)
    prove(facts, made, run.entries)
