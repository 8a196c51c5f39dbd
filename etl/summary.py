"""The summary of a run: for people on standard error, for programs as JSON."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

from etl.extract.bundle import Bundle
from etl.findings import RANK, SEVERITY, counted
from etl.generation_path import CURRENT
from etl.load.generations import DIFFERENCE, REFUSED
from etl.run import Run
from etl.settings import CONFIG_NAME

MOST_SHOWN = 10


def data(run: Run) -> dict[str, Any]:
    """What came in, what went out, and what a person should look at."""
    ledger = run.ledger
    assert ledger is not None
    return {
        "status": exit_status(run),
        "refused": run.refused,
        "dry_run": run.dry_run,
        "published": run.fresh,
        "generation": run.published.name if run.published else None,
        "inputs": [
            {"bundle": bundle.shown, "skipped": bundle.skipped, "trouble": bundle.trouble} for bundle in run.bundles
        ],
        "warnings": warnings(run),
        "deaths": run.deaths,
        "ledger": ledger.model_dump(),
        "redirects": run.redirects,
        "findings": dict(sorted(run.findings.items())),
        "changes": dict(sorted(run.changes.items())),
        "difference": run.difference,
    }


def warnings(run: Run) -> list[str]:
    """Sentences about files in the source that are named like files of settings, but are not those of this run."""
    unused = [
        (bundle, name) for bundle in run.bundles for name in bundle.settings_files if not _is_known(run, bundle, name)
    ]
    more = [f"{len(unused) - MOST_SHOWN} more files of settings were not used"] if len(unused) > MOST_SHOWN else []
    return [_unused(bundle, name) for bundle, name in unused[:MOST_SHOWN]] + more


def _is_known(run: Run, bundle: Bundle, name: str) -> bool:
    if run.by_config and _holds_settings(name):
        return True
    return (Path(bundle.source) / name).resolve() in run.in_use


def _unused(bundle: Bundle, name: str) -> str:
    place = f"{bundle.told.rstrip('/')}/{name}"
    if not _holds_settings(name):
        return f"{place} was skipped: it has the name of the file of reviewed redirects, but is another one"
    how = f": --config {shlex.quote(place)}" if Path(bundle.source).is_dir() else ", unpack it for --config"
    return f"the settings file {place} was not used; to use it{how}"


def _holds_settings(name: str) -> bool:
    return PurePosixPath(name).name == CONFIG_NAME


def exit_status(run: Run) -> int:
    """0 done, 1 done with errors, as all rejects are, or a part of the source only, 5 refused (contract, section 3)."""
    if run.refused:
        return 5
    errors = sum(count for code, count in run.findings.items() if SEVERITY[code] == "error")
    partial = any(bundle.trouble for bundle in run.bundles)
    return 1 if errors or partial else 0


def text(run: Run, *, quiet: bool = False, verbose: bool = False) -> str:
    """The summary as a person reads it; ``quiet``: only what went wrong with the run as a whole, if anything did.

    ``verbose``: every kind of finding.
    """
    facts = data(run)
    if quiet:
        return "\n".join([*_trouble(facts), *([_outcome(run, facts)] if run.refused else [])])
    parts = [
        _ledger(facts),
        _findings(facts, verbose=verbose),
        _difference(run, facts),
        _why(facts),
        _outcome(run, facts),
        _next(run, facts),
    ]
    return "\n".join(part for part in parts if part)


def _ledger(facts: dict[str, Any]) -> str:
    ledger = facts["ledger"]
    counts = sum((entry["skipped"] for entry in facts["inputs"]), Counter[str]())
    skipped = [f"{count:,} {reason}" for reason, count in sorted(counts.items())]
    bundles = ", ".join(sorted({entry["bundle"] for entry in facts["inputs"]}))
    lines = [
        f"{ledger['members']:,} members came in ({bundles})" + (f"; skipped: {', '.join(skipped)}" if skipped else ""),
        (
            f"  = {ledger['documents']:,} documents + {ledger['withheld']:,} withheld + {ledger['redirect_only']:,} "
            f"redirect pages + {ledger['duplicates']:,} duplicates + {ledger['rejects']:,} rejects"
        ),
        (
            f"{facts['redirects']:,} legacy addresses in the redirect map, "
            f"{sum(facts['changes'].values()):,} changes to bodies"
        ),
    ]
    lines += [f"WARNING: {sentence}" for sentence in facts["warnings"]]
    lines += _trouble(facts)
    if facts["deaths"]:
        lines.append(
            f"TROUBLE: the system ended {facts['deaths']} worker processes, perhaps out of memory "
            "(fewer --jobs need less); their work was done again"
        )
    return "\n".join(lines)


def _trouble(facts: dict[str, Any]) -> list[str]:
    """Sources that were read in part."""
    return [f"TROUBLE: {entry['trouble']}" for entry in facts["inputs"] if entry["trouble"]]


def _findings(facts: dict[str, Any], *, verbose: bool) -> str:
    found = facts["findings"]
    if not found:
        return "no findings"
    ranked = sorted(found.items(), key=lambda item: (RANK[SEVERITY[item[0]]], -item[1], item[0]))
    shown = ranked if verbose else ranked[:MOST_SHOWN]
    cut = f", the first {MOST_SHOWN} of {len(found)} kinds (--verbose lists all)" if len(shown) < len(found) else ""
    lines = [f"{sum(found.values()):,} findings{cut}:", *(f"  {counted(code, count)}" for code, count in shown)]
    return "\n".join(lines)


def _difference(run: Run, facts: dict[str, Any]) -> str:
    difference = facts["difference"]
    if difference is None:
        return ""
    lines = []
    for name, found in difference.items():
        more = f" and {found['count'] - len(found['ids'])} more" if found["count"] > len(found["ids"]) else ""
        lines.append(
            f"would be {name}: {found['count']}" + (f" ({', '.join(found['ids'])}{more})" if found["ids"] else "")
        )
    if any(found["count"] for found in difference.values()):
        lines.append(f"all are in {run.out / REFUSED / DIFFERENCE}")
    return "\n".join(lines)


def _why(facts: dict[str, Any]) -> str:
    """Why the command ends with status 1 although it did what was asked."""
    marked = "TROUBLE" if _trouble(facts) else "error"
    return f"status 1: see what is marked {marked} above" if facts["status"] == 1 else ""


def _outcome(run: Run, facts: dict[str, Any]) -> str:
    if run.refused:
        return f"REFUSED: {run.refused}; nothing was published, findings and rejects are in {run.out / REFUSED}"
    if run.dry_run:
        return f"dry run: nothing was published, findings and rejects are in {run.out / REFUSED}"
    if run.fresh:
        return f"published generation {facts['generation']}: {run.out / CURRENT}"
    return f"nothing new: the same bytes as generation {facts['generation']}, {run.out / CURRENT}"


def _next(run: Run, facts: dict[str, Any]) -> str:
    folder = run.out / (REFUSED if run.refused or run.dry_run else CURRENT)
    if facts["ledger"]["rejects"]:
        command = ["wiki-etl", "replay", str(folder), *(["--config", run.config] if run.config else [])]
        settings = f"the settings (`{shlex.join(command)}` says what passes with them)"
        files = f"findings.jsonl and rejects.jsonl in {folder}"
        return f"next: read {files}, mend the export or {settings}, run again"
    if run.refused:
        then = "mend the export or the settings, run again"
    elif run.dry_run:  # there is nothing yet to be wired
        then = "run again without --dry-run to publish"
    else:
        release = shlex.join(["wiki-etl", "release", "--out", str(run.out)])
        then = f"install the redirects as {folder / 'redirects'}/<server>/README.md says, then `{release}`"
    return f"next: read {folder / 'findings.jsonl'}; {then}" if facts["findings"] else f"next: {then}"
