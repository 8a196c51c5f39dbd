"""What a verification has found so far: counted by cause, kept between two runs, said in three forms."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from etl.plain import cut, plain
from etl.settings import SettingsError

CAUSES = {
    "no redirect": "an address of the map that is not redirected",
    "wrong target": "a redirect to another place than the map says",
    "chain": "more than one redirect on the way to a page of the new site",
    "wrong status": "the right place, but another status",
    "not gone": "an address that is gone and is not answered 410",
    "server error": "a status from 500 on",
    "known after all": "an address that the map does not have, and that is answered",
    "unsafe answer": "hostile input that is answered with a page, a redirect or a header of its own",
    "target missing": "a target that does not answer 200 (it counts with --strict-targets)",
    "connection failed": "a request that is answered by closing the connection",
    "timed out": "a request that is not answered in time",
    "no HTTP": "an answer that is not HTTP",
}
"""The closed table of what can be wrong, in the order in which it is said."""

NOTED = "target missing"
_FORMAT = "redirects verify 1"


class Fault(NamedTuple):
    """A wrong answer."""

    cause: str
    group: str
    form: str
    host: str
    target: str
    """The raw request target."""
    right: str
    got: str


class Tally:
    """Counts, and the first examples of each cause; a place to go on from."""

    def __init__(self, identity: dict[str, Any], most: int, file: Path | None = None) -> None:
        self.identity = identity
        self.host = 0
        """Host headers that are done."""
        self.entries = 0
        """Entries that are done with the next one."""
        self.asked: Counter[tuple[str, str]] = Counter()
        self.wrong: Counter[tuple[str, str]] = Counter()
        self.causes: Counter[str] = Counter()
        self.noted = 0
        """Targets that do not answer 200, where that is no fault."""
        self.elsewhere = False
        """Whether targets are of another server and were not asked."""
        self.faults: dict[str, list[Fault]] = {}
        self._most = most
        self._file = file

    @classmethod
    def begun(cls, file: Path | None, identity: dict[str, Any], most: int) -> Tally:
        """The tally of a run that was stopped, where there is one; else an empty one.

        Raises SettingsError for the file of another run.
        """
        tally = cls(identity, most, file)
        if file is None or not file.exists():
            return tally
        try:
            kept = json.loads(file.read_text("utf-8"))[_FORMAT]
            differs = [key for key in identity if kept["identity"].get(key) != identity[key]]
            tally._restore(kept)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"--resume: {file} is no file of this command; remove it, or name another") from error
        if differs:
            raise SettingsError(
                f"--resume: {file} is of another verification ({', '.join(differs)} differ); "
                "remove it to begin again, or name another"
            )
        return tally

    def _restore(self, kept: dict[str, Any]) -> None:
        self.host, self.entries, self.noted = kept["host"], kept["entries"], kept["noted"]
        self.elsewhere = kept["elsewhere"]
        self.asked = Counter({(group, form): count for group, form, count, _ in kept["forms"]})
        self.wrong = Counter({(group, form): count for group, form, _, count in kept["forms"]})
        self.causes = Counter(kept["causes"])
        for values in kept["faults"]:
            fault = Fault(*values)
            self.faults.setdefault(fault.cause, []).append(fault)

    def save(self) -> None:
        """Writes the place to go on from, in one step: whoever is killed leaves the old one or the new one."""
        if self._file is None:
            return
        kept = {
            "identity": self.identity,
            "host": self.host,
            "entries": self.entries,
            "noted": self.noted,
            "elsewhere": self.elsewhere,
            "forms": [[*key, self.asked[key], self.wrong[key]] for key in self.asked],
            "causes": self.causes,
            "faults": [list(fault) for faults in self.faults.values() for fault in faults],
        }
        fresh = self._file.with_name(self._file.name + ".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({_FORMAT: kept}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)

    def finish(self) -> None:
        """Removes the place to go on from: there is nothing left to do."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def count(self, group: str, form: str, fault: Fault | None, *, noted: bool = False) -> None:
        """Counts an answer; ``noted``: its fault is worth a word, but the answer is not wrong."""
        self.asked[group, form] += 1
        if fault is None:
            return
        if noted:
            self.noted += 1
        else:
            self.wrong[group, form] += 1
            self.causes[fault.cause] += 1
        kept = self.faults.setdefault(fault.cause, [])
        if len(kept) < self._most:
            kept.append(fault)

    @property
    def requests(self) -> int:
        """All that were asked, but for those that looked where a wrong redirect ends."""
        return self.asked.total()

    @property
    def failed(self) -> int:
        """All wrong answers."""
        return self.causes.total()

    @property
    def status(self) -> int:
        """The exit status."""
        return 1 if self.failed else 0


# --- three forms ---------------------------------------------------------------------------


def text(tally: Tally) -> str:
    """For people."""
    lines = [f"{tally.identity['base_url']}: {tally.requests:,} requests"]
    for group in dict.fromkeys(group for group, _ in tally.asked):
        forms = {form: count for (of, form), count in tally.asked.items() if of == group}
        said = ", ".join(f"{form} {count:,}" for form, count in forms.items())
        lines.append(f"  {group:8} {sum(forms.values()):11,}  ({said})")
    lines.append(f"WRONG: {tally.failed:,} answers" if tally.failed else "every answer is right")
    for cause, sentence in CAUSES.items():
        count = tally.causes[cause]
        if count:
            lines += [f"  {cause}: {count:,}  ({sentence})", *_examples(tally, cause, count)]
    if tally.noted:
        lines += [f"note: {tally.noted:,} targets do not answer 200", *_examples(tally, NOTED, tally.noted)]
    if tally.elsewhere:
        lines.append("note: the targets are of another server; whether they are there was not asked")
    return plain("\n".join(lines))


def _examples(tally: Tally, cause: str, count: int) -> list[str]:
    kept = tally.faults.get(cause, [])
    lines = [f"    {_sentence(fault)}" for fault in kept]
    return lines + ([f"    … and {count - len(kept):,} more"] if count > len(kept) else [])


def _sentence(fault: Fault) -> str:
    host = f" (Host {fault.host})" if fault.host else ""
    return f"{fault.group}, {fault.form}: GET {cut(fault.target, 300)}{host} -> {fault.got}; right is {fault.right}"


def as_json(tally: Tally) -> str:
    """For programs; ASCII only."""
    facts = {
        "status": tally.status,
        **tally.identity,
        "requests": tally.requests,
        "wrong": tally.failed,
        "causes": {cause: tally.causes[cause] for cause in CAUSES if tally.causes[cause]},
        "forms": [
            {"group": group, "form": form, "requests": count, "wrong": tally.wrong[group, form]}
            for (group, form), count in tally.asked.items()
        ],
        "targets_missing": tally.noted + tally.causes[NOTED],
        "targets_asked": not tally.elsewhere,
        "examples": [fault._asdict() for cause in CAUSES for fault in tally.faults.get(cause, [])],
    }
    return json.dumps(facts, indent=2)


def junit(tally: Tally) -> str:
    """For continuous integration: one case for each form of each kind of address."""
    numbers = {"tests": str(len(tally.asked)), "failures": str(sum(1 for count in tally.wrong.values() if count))}
    suites = ET.Element("testsuites", numbers)
    suite = ET.SubElement(suites, "testsuite", {"name": "wiki-etl redirects verify", **numbers, "errors": "0"})
    for (group, form), count in tally.asked.items():
        case = ET.SubElement(suite, "testcase", {"classname": f"redirects.{group}", "name": form})
        wrong = tally.wrong[group, form]
        if wrong:
            failure = ET.SubElement(case, "failure", {"message": f"{wrong:,} of {count:,} answers are wrong"})
            faults = (fault for kept in tally.faults.values() for fault in kept)
            said = [f"{fault.cause}: {_sentence(fault)}" for fault in faults if fault[1:3] == (group, form)]
            failure.text = plain("\n".join(said))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode")


REPORTS: dict[str, Callable[[Tally], str]] = {"text": text, "json": as_json, "junit": junit}
