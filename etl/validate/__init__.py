"""Every fault of a bundle, of a file of lines, or of a generation: nothing is published, nothing is mended.

A bundle goes through the very stages of a migration, in a temporary folder. Our own files are held
against their schemas, their manifest and each other, a line at a time; what needs all lines, such
as that an id is there once, is asked of SQLite in a temporary file, so memory does not grow.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import orjson

from etl import schemas
from etl.extract.bundle import Bundle
from etl.generation_path import generation_at
from etl.hashes import Hashes
from etl.load.generations import DIFFERENCE, REFUSED, Generations
from etl.model import MANIFEST, Finding
from etl.pipeline import migrate
from etl.plain import one_line
from etl.progress import Progress
from etl.refusal import refusal
from etl.room import temporary_folder
from etl.run import Run
from etl.settings import Settings, SettingsError, is_local
from etl.summary import warnings
from etl.trouble import Trouble
from etl.validate.faults import Fault, Place, Verdict, View, command, show
from etl.validate.files import Files, fault_line

_OPENING = {
    "document": re.compile(rb'\s*\{\s*"id"\s*:\s*"[^"]*"\s*,\s*"kind"\s*:'),
    "redirect": re.compile(rb'\s*\{\s*"kind"\s*:\s*"[^"]*"\s*,\s*"value"\s*:'),
}
_HEAD = 4096
_FINGERPRINT = re.compile(rb'"fingerprint"\s*:\s*"([0-9a-f]{16})"')
_IN_A_FILE = re.compile(r"; [^;]* in \w+\.jsonl\Z")

LoadSettings = Callable[[Sequence[str]], Settings]
RunOf = Callable[[Sequence[str], Path], Run]
"""Sources and an output folder -> what a migration of them was asked to do."""


def validate(
    paths: Sequence[str],
    load_settings: LoadSettings,
    run_of: RunOf,
    *,
    view: View,
    strict: bool,
    out: Path | None,
    sha256: str | None,
    baseline: Path | None,
    progress: Progress,
) -> int:
    """Write every fault of all paths to standard output; returns the exit status (contract, section 3).

    The paths that are bundles are one set, as for `migrate`. ``strict``: warnings count as faults.
    ``out``: the folder whose current generation `max_shrink` compares with, and whose released one is known.
    ``sha256``: what the only bundle must have.
    ``baseline``: a findings.jsonl, or the JSON form of an earlier validation, whose faults are known and no faults.
    Raises SourceError, OutputError, OSError (status 3) and SettingsError (2).
    """
    try:
        with temporary_folder() as folder:
            work = Work(folder, strict=strict)
            bundles = _bundles(paths, sha256)
            known = Hashes(_fingerprints(baseline) if baseline else ())
            if bundles:
                _check_bundles(work, run_of(bundles, folder / "out"), out)
            for path in (path for path in paths if path not in bundles):
                with progress("checking", 0):
                    _check_files(work, path, load_settings([path]))
            if baseline is not None:
                work.verdict.leave_out(known)
            show(work.verdict, view, sys.stdout)
            return work.verdict.status
    except (Trouble, OSError) as error:
        if view.form == "github" and not isinstance(error, BrokenPipeError):
            print(command("error", one_line(str(error)), title="wiki-etl validate"))
        raise


def _bundles(paths: Sequence[str], sha256: str | None) -> list[str]:
    bundles = [path for path in paths if kind_of(path) == "bundle"]
    if sha256 and not bundles:
        raise SettingsError(f"--sha256 is for the source of a migration; {paths[0]!r} is what comes out of one")
    return bundles


def _fingerprints(baseline: Path) -> Iterator[str]:
    """Those of a findings.jsonl or of the JSON form of a validation. Raises SettingsError for another file."""
    line, is_ours = b"", False
    with baseline.open("rb") as lines:
        for line in lines:
            is_ours = is_ours or b'"faults":[' in line
            for found in _FINGERPRINT.finditer(line):
                is_ours = True
                yield found[1].decode()
    if line and not is_ours:  # an empty one is a findings.jsonl
        raise SettingsError(f"--baseline {baseline}: neither a findings.jsonl nor what --format json has written")


def kind_of(path: str) -> str:
    """``bundle``, ``generation``, or the name of the schema of a file of ours; from what is there."""
    if not is_local(path):
        return "bundle"
    local = Path(path)
    if local.is_dir():
        return "generation" if _generation(local) else "bundle"
    if local.name in schemas.LINES:
        return schemas.LINES[local.name]
    if local.name == MANIFEST and _is_ours(local):
        return "manifest"
    if not local.is_file():
        return "bundle"
    with local.open("rb") as file:
        head = file.read(_HEAD)
    return next((name for name, opening in _OPENING.items() if opening.match(head)), "bundle")


def _generation(path: Path) -> Path | None:
    """The generation that a folder is, or that ``current`` in it points to.

    Raises SettingsError for what a run left that published nothing: it is no generation that lost its files.
    """
    found = generation_at(path, lambda folder: _has_documents(folder) or _is_ours(folder / MANIFEST))
    if found and not _has_documents(found) and (found / DIFFERENCE).is_file():
        faults = found / "findings.jsonl"
        raise SettingsError(f"{path}: evidence of a run that published nothing, and no generation; read {faults}")
    return found


def _has_documents(folder: Path) -> bool:
    return (folder / "documents.jsonl").is_file()


def _is_ours(manifest: Path) -> bool:
    """Whether a manifest is of a generation, however damaged: exports may hold a file of that name, too."""
    if not manifest.is_file():
        return False
    with manifest.open("rb") as file:
        return b"wiki-etl " in file.read(_HEAD)


class Work:
    """The temporary folder of a validation, and the verdict that grows in it."""

    def __init__(self, folder: Path, *, strict: bool) -> None:
        self.folder = folder
        self.places: dict[str | None, list[Bundle]] = {}
        self.verdict = Verdict(folder / "faults.jsonl", self.locate, strict=strict)
        self.verdict.faults.touch()

    def add(self, finding: Finding, path: str) -> None:
        """Note a fault of a whole path."""
        self.verdict.totals[finding.code] += 1
        with self.verdict.faults.open("ab") as file:
            file.write(fault_line(finding, member=path, document=None))

    def locate(self, fault: Fault) -> Place:
        """Where a fault is: of our own files the path, of a bundle what its source makes of the member."""
        bundle, member = fault["bundle"], fault["member"]
        if bundle is None:
            return Place(member, member, exact=True) if member else Place("all members", None, exact=False)
        places = [_place(candidate, member) for candidate in self.places.get(bundle, ())]
        there = (place for place in places if place.file and os.path.lexists(place.file))
        return next(there, places[0] if places else Place(f"{bundle}/{member}", None, exact=False))


# --- bundles -------------------------------------------------------------------------------


def _check_bundles(work: Work, run: Run, out: Path | None) -> None:
    """The stages of a migration, up to publishing; a container that is cut off is checked as far as it goes."""
    run.dry_run = run.only_checks = run.allow_partial = True
    released = Generations(out).released if out else None
    run.previous = str(released) if released else None
    migrate(run)
    assert run.ledger is not None
    for bundle in run.bundles:
        work.places.setdefault(bundle.shown, []).append(bundle)
    verdict, refused = work.verdict, run.out / REFUSED
    verdict.totals.update(run.findings)
    verdict.ledger.update(run.ledger.model_dump())
    verdict.checked += [f"{bundle.shown}: {_skipped(bundle)}" for bundle in run.bundles if bundle.skipped]
    verdict.warnings += warnings(run)
    verdict.trouble += [bundle.trouble for bundle in run.bundles if bundle.trouble]
    verdict.refused = run.refused
    if out is not None:
        current = Generations(out).current
        verdict.refused = run.refused or refusal(run, current)
        if current is None:
            verdict.warnings.append(f"{out} has no current generation: max_shrink is held against nothing")
    with (refused / "findings.jsonl").open("rb") as found, verdict.faults.open("ab") as faults:
        faults.writelines(map(_without_files, found))
    filled = {entry["bundle"] for entry in orjson.loads((refused / MANIFEST).read_bytes())["inputs"]}
    for source in run.sources:
        if not any(bundle.shown in filled for bundle in run.bundles if bundle.given == source):
            work.add(Finding("bundle.empty", "no member at all", "there is nothing to migrate"), source)


def _without_files(line: bytes) -> bytes:
    """A line of findings.jsonl that speaks of no file of a generation: there is none."""
    if b'.jsonl","fingerprint"' not in line:
        return line
    finding = orjson.loads(line)
    finding["action"] = _IN_A_FILE.sub("", finding["action"])
    return orjson.dumps(finding, option=orjson.OPT_APPEND_NEWLINE)


def _skipped(bundle: Bundle) -> str:
    return "skipped " + ", ".join(f"{count} {reason}" for reason, count in sorted(bundle.skipped.items()))


def _place(bundle: Bundle, member: str) -> Place:
    """Where a member is on disk: below its folder, with the folders that all members share, or in its archive."""
    source = Path(bundle.source)
    if source.is_dir():
        named = [source / bundle.prefix / member, source / member]
        path = str(next((path for path in named if os.path.lexists(path)), named[0]))
        return Place(path, path, exact=True)
    if not is_local(bundle.source):
        return Place(f"{bundle.shown}/{member}", None, exact=False)
    if source.name == member:
        return Place(bundle.source, bundle.source, exact=True)
    return Place(f"{bundle.shown}/{member}", bundle.source, exact=False)


# --- our own files -------------------------------------------------------------------------


def _check_files(work: Work, path: str, settings: Settings) -> None:
    """A generation, or one file of ours."""
    name = kind_of(path)
    found = _generation(Path(path)) if name == "generation" else None
    scratch = work.folder / "scratch"
    with closing(sqlite3.connect(scratch, isolation_level=None)) as db:
        files = Files(db, settings)
        if found is not None:
            files.check_generation(found.resolve(), str(found))
        elif name == "manifest":
            files.check_manifest(Path(path), path)
        else:
            files.check_file(Path(path), path, name)
        work.verdict.totals.update(files.totals)
        work.verdict.ledger.update(files.ledger)
        work.verdict.checked.append(f"{path}: {files.seen()}")
        with work.verdict.faults.open("ab") as file:
            file.writelines(files.faults())
    scratch.unlink()
