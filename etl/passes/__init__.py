"""The two passes over all members, by a crew of workers that take a chunk of them at a time.

The facts pass reads identity, names and dates, and keeps a draft of each document; the transform
pass reads the body of each member again and writes the clean documents, to part files where there
are many workers. What comes of it depends on the members and the decisions alone, never on chunks,
workers or time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from etl.facts import Facts
from etl.passes.facts_pass import Rows, facts_state, gather
from etl.passes.transform_pass import Chunk, Options, Transformed, files_of, transform, transform_state
from etl.workers import WorkerDied, Workers

__all__ = [
    "Options",
    "despite_deaths",
    "facts_state",
    "files_of",
    "gather_facts",
    "transform_members",
    "transform_state",
]

CHUNK = 128
"""Members of a task."""


def gather_facts(facts: Facts, crew: Workers, done: Callable[[int], Any]) -> None:
    """The facts pass, to the facts file; ``done`` is told how many members are through. States: `facts_state`."""
    for gathered in crew.map(gather, map(Rows, facts.members(CHUNK)), Rows.halves):
        facts.add_facts(*gathered)
        done(len(gathered.rows))


def transform_members(facts: Facts, crew: Workers) -> Iterator[Transformed]:
    """The transform pass: what comes of each chunk, in the order of members. States: `transform_state`."""
    chunks = (Chunk(rows[0].ord, rows[-1].ord + 1) for rows in facts.members(CHUNK))
    return crew.map(transform, chunks, Chunk.halves)


def despite_deaths(facts: Facts, stages: Callable[[], None]) -> None:
    """Go through the stages, and again from the first one whenever a member ended a worker that it had for itself.

    That member is a reject then, and what it had claimed goes to others. Any other task that does so raises WorkerDied.
    """
    while True:
        try:
            return stages()
        except WorkerDied as death:
            if not isinstance(death.task, Rows | Chunk):
                raise
            message = "the process that worked on it was ended by the system, also when it did nothing else"
            facts.doom(death.task.first, message)
