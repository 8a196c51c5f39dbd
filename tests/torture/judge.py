"""What became of an output folder: judged from the files alone, with no code of the tool.

A generation is complete when its manifest tells the truth: every file that it names is there with its bytes, lines
and digest, no other file is, and the ledger balances and agrees with the lines.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

LEFTOVERS = (".work*", ".current.new", ".released.new", "generations/.stale*")
"""What only a dead run leaves, and the next run removes."""
NOTHING_PUBLISHED = "nothing was published"
BUG = "this is a bug"
TRACE = "Traceback"
"""A loss, but where the interpreter's own helpers for many processes say it, or one that was killed as it started."""


@dataclass(frozen=True)
class Expected:
    """Digests of the generation that was current before, and of the one that an undisturbed run publishes."""

    old: str
    new: str


def contents(generation: Path) -> dict[str, bytes]:
    """Every file of a generation, by its path inside."""
    return {
        path.relative_to(generation).as_posix(): path.read_bytes()
        for path in sorted(generation.rglob("*"))
        if path.is_file() or path.is_symlink()
    }


def digest(files: dict[str, bytes]) -> str:
    """One digest of all names and bytes."""
    whole = hashlib.sha256()
    for name, data in sorted(files.items()):
        whole.update(f"{name}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()


def shown(out: Path) -> str:
    """The digest of what ``current`` shows."""
    return digest(contents((out / "current").resolve()))


def faults(generation: Path) -> list[str]:
    """Every way in which a generation is not what its manifest says; none for one that is complete."""
    try:
        return _faults(contents(generation))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return [f"cannot be judged: {type(error).__name__}: {error}"]


def _faults(files: dict[str, bytes]) -> list[str]:
    if "manifest.json" not in files:
        return ["manifest.json is missing"]
    manifest = json.loads(files.pop("manifest.json"))
    named = {entry["name"]: entry for entry in manifest["files"]}
    found = [f"{name} is missing" for name in sorted(named.keys() - files.keys())]
    found += [f"{name} is not in the manifest" for name in sorted(files.keys() - named.keys())]
    for name in sorted(named.keys() & files.keys()):
        data, entry = files[name], named[name]
        measured = {"bytes": len(data), "lines": data.count(b"\n"), "sha256": hashlib.sha256(data).hexdigest()}
        found += [f"{name}: {key} {entry[key]}, not {value}" for key, value in measured.items() if entry[key] != value]
    ledger = dict(manifest["ledger"])
    members = ledger.pop("members")
    if members != sum(ledger.values()) or members != sum(entry["members"] for entry in manifest["inputs"]):
        found.append(f"the ledger does not balance: {manifest['ledger']}")
    for name in ("documents", "withheld", "rejects"):
        lines = files.get(f"{name}.jsonl", b"").count(b"\n")
        if lines != ledger[name]:
            found.append(f"{name}.jsonl has {lines} lines, the ledger says {ledger[name]}")
    return found


def judged(out: Path, expected: Expected) -> tuple[str, list[str]]:
    """What ``current`` shows, ``old`` or ``new`` or neither, and every loss; whatever has a number must be complete."""
    link = out / "current"
    if not link.is_symlink() or not link.exists():
        return "neither", ["current is not a link to a generation"]
    found = [
        f"generation {path.name}: {fault}"
        for path in sorted((out / "generations").iterdir())
        if path.name.isdecimal()
        for fault in faults(path)
    ]
    try:
        state = {expected.old: "old", expected.new: "new"}.get(shown(out), "neither")
    except OSError as error:
        return "neither", [f"current cannot be read: {error}"]
    if state == "neither":
        found.append("current is neither the old generation nor the new one")
    if expected.old not in {digest(contents(path)) for path in (out / "generations").glob("[0-9]*") if path.is_dir()}:
        found.append("the generation that was current is gone")
    return state, found


def leftovers(out: Path) -> list[str]:
    """What a dead run has left and nobody removed."""
    return [f"{path.relative_to(out)} is left behind" for pattern in LEFTOVERS for path in sorted(out.glob(pattern))]


def misleading(state: str, status: int | None, said: str) -> list[str]:
    """Where the words or the exit status of a run say other than what happened."""
    found = []
    if state == "new" and NOTHING_PUBLISHED in said:
        found.append(f"said {NOTHING_PUBLISHED!r}, but the new generation is current")
    if status in (0, 1) and state != "new":
        found.append(f"status {status}, but the new generation is not current")
    if BUG in said or (status is not None and status >= 0 and TRACE in said and "multiprocessing" not in said):
        found.append(f"status {status} and a trace back: {said.strip()}")
    return found
