"""Faults as their readers want them: lines for people, one object for programs, annotations for GitHub, JUnit.

The faults lie in a file of finding lines, however many there are, and are streamed. A listing for
people may be shortened and says so; totals never are (contract, section 8).
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import orjson

from etl.findings import CATALOGUE, MOST_LISTED, RANK, SEVERITY, counted
from etl.plain import cut, one_line

MOST_ANNOTATIONS = 10
"""Annotations of one severity that GitHub keeps of one step; it drops the rest in silence."""
SUMMARY_BYTES = 1 << 20
"""What GitHub takes as the job summary of a step; it drops a larger one whole."""

_MOST_EXAMPLES = 3
_LONGEST_MESSAGE = 1000
_COMMAND = {"error": "error", "warning": "warning", "info": "notice"}

Fault = dict[str, Any]
"""A line of findings.jsonl, decoded."""


class Place(NamedTuple):
    """Where a fault is, for each kind of reader."""

    shown: str
    """What a person reads: the file's path, or the bundle and the member of an archive."""
    file: str | None
    """Path of the file on disk; None where there is none, such as for standard input."""
    exact: bool
    """Whether line and column are those of `file`; they are not for a member of an archive."""


@dataclass(slots=True)
class Verdict:
    """What validation found, ready to be shown."""

    faults: Path
    """Lines of findings.jsonl, in the order in which they are shown."""
    locate: Callable[[Fault], Place]
    totals: Counter[str] = field(default_factory=Counter)
    """By code, all of them."""
    ledger: Counter[str] = field(default_factory=Counter)
    """Sum of the ledgers of everything that has one."""
    checked: list[str] = field(default_factory=list)
    """What was looked at, a phrase each."""
    trouble: list[str] = field(default_factory=list)
    """Sentences: containers that could not be read to their end."""
    warnings: list[str] = field(default_factory=list)
    """Sentences: settings files that were not used, a generation that is not there."""
    refused: str | None = None
    """Why a migration would publish nothing."""
    strict: bool = False
    known: int | None = None
    """How many were left out because an earlier run knows them; None when there was none to ask."""

    @property
    def status(self) -> int:
        """Exit status: 3 trouble, 5 refused, 1 faults, 0 none (contract, section 3)."""
        if self.trouble:
            return 3
        if self.refused:
            return 5
        return 1 if any(self.is_fault(code) for code, count in self.totals.items() if count) else 0

    def is_fault(self, code: str) -> bool:
        """Whether a finding of this code is a fault that the exit status tells."""
        return SEVERITY[code] == "error" or (self.strict and SEVERITY[code] == "warning")

    def severity(self, name: str) -> int:
        """How many findings have a severity."""
        return sum(count for code, count in self.totals.items() if SEVERITY[code] == name)

    def leave_out(self, known: Container[str]) -> None:
        """Leave out every fault whose fingerprint is known; they are counted, by number alone."""
        self.known, new = 0, self.faults.with_suffix(".new")
        with self.faults.open("rb") as found, new.open("wb") as kept:
            for line in found:
                fault = orjson.loads(line)
                if fault["fingerprint"] in known:
                    self.known += 1
                    self.totals[fault["code"]] -= 1
                else:
                    kept.write(line)
        self.totals = +self.totals
        new.replace(self.faults)

    def read(self, *, verbose: bool) -> Iterator[Fault]:
        """The faults in order; those of severity info only when ``verbose``."""
        with self.faults.open("rb") as file:
            for line in file:
                fault = orjson.loads(line)
                if verbose or fault["severity"] != "info":
                    yield fault


class View(NamedTuple):
    """How faults are shown."""

    form: str
    """``text``, ``json``, ``github`` or ``junit``."""
    quiet: bool
    """As text only what makes the exit status, and no totals."""
    verbose: bool
    """Those of severity info as well."""


def show(verdict: Verdict, view: View, out: TextIO) -> None:
    """Write what was found as its reader wants it."""
    if view.form == "json":
        _show_json(verdict, out, verbose=view.verbose)
    elif view.form == "github":
        _show_github(verdict, out, verbose=view.verbose)
    elif view.form == "junit":
        _show_junit(verdict, out, verbose=view.verbose)
    else:
        _show_text(verdict, out, quiet=view.quiet, verbose=view.verbose)


# --- text ----------------------------------------------------------------------------------


def _show_text(verdict: Verdict, out: TextIO, *, quiet: bool, verbose: bool) -> None:
    """One line for each fault as compilers write it, at most `MOST_LISTED` of a code, then the totals."""
    faults = verdict.read(verbose=verbose)
    wanted = (fault for fault in faults if verdict.is_fault(fault["code"])) if quiet else faults
    out.writelines(f"{line}\n" for line in _listing(verdict, wanted))
    out.writelines(f"{line}\n" for line in (_of_the_whole(verdict) if quiet else _totals(verdict)))


def _listing(verdict: Verdict, faults: Iterable[Fault]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for fault in faults:
        seen[fault["code"]] += 1
        if seen[fault["code"]] <= MOST_LISTED:
            yield _line(fault, verdict.locate(fault))
    for code in _ranked(seen):
        if seen[code] > MOST_LISTED:
            yield f"… and {seen[code] - MOST_LISTED:,} more [{code}]"


def _line(fault: Fault, place: Place) -> str:
    return f"{_position(fault, place)}: {fault['severity']}: {_message(fault)} [{fault['code']}]"


def _position(fault: Fault, place: Place) -> str:
    parts = [place.shown, *(str(number) for number in (fault["line"], fault["column"]) if number is not None)]
    return one_line(":".join(parts))


def _message(fault: Fault) -> str:
    return cut(one_line("; ".join(part for part in (fault["message"], fault["action"]) if part)), _LONGEST_MESSAGE)


def _totals(verdict: Verdict) -> Iterator[str]:
    """A row for each code, what was looked at, and the verdict."""
    for code in _ranked(verdict.totals):
        yield counted(code, verdict.totals[code])
    yield from map(one_line, verdict.checked)
    if verdict.ledger:
        yield _ledger(verdict)
    yield from (f"WARNING: {one_line(text)}" for text in verdict.warnings)
    yield from _of_the_whole(verdict)
    if verdict.known is not None:
        yield f"{_number_of(verdict.known, 'finding')} of before, not shown and no fault"
    yield _sum(verdict)


def _of_the_whole(verdict: Verdict) -> Iterator[str]:
    """What makes the exit status and is no fault of one member."""
    yield from (f"TROUBLE: {one_line(text)}" for text in verdict.trouble)
    if verdict.refused:
        yield f"REFUSED: {one_line(verdict.refused)}"


def _ranked(codes: Iterable[str]) -> list[str]:
    """Codes with the gravest first."""
    return sorted(codes, key=lambda code: (RANK[SEVERITY[code]], code))


def _ledger(verdict: Verdict) -> str:
    """Where every member went.

    >>> _ledger(Verdict(Path(), Place, ledger=Counter(members=3, documents=2, redirect_only=1)))
    '3 members = 2 documents + 1 redirect only'
    """
    parts = [
        f"{count:,} {name.replace('_', ' ')}" for name, count in verdict.ledger.items() if name != "members" and count
    ]
    return f"{_number_of(verdict.ledger['members'], 'member')} = {' + '.join(parts) or '0'}"


def _sum(verdict: Verdict) -> str:
    words = [_number_of(verdict.severity(name), name) for name in RANK if name != "info" or verdict.severity("info")]
    return f"{', '.join(words)}: {'faults' if verdict.status else 'no fault'}"


def _number_of(count: int, noun: str) -> str:
    """A number and its noun.

    >>> _number_of(1, "error"), _number_of(0, "error"), _number_of(1234, "info")
    ('1 error', '0 errors', '1,234 infos')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


# --- json ----------------------------------------------------------------------------------


def _show_json(verdict: Verdict, out: TextIO, *, verbose: bool) -> None:
    """One object, streamed: status, refused, trouble, ledger, totals, and every fault as in findings.jsonl."""
    head = {
        "status": verdict.status,
        "refused": verdict.refused,
        "trouble": verdict.trouble,
        "warnings": verdict.warnings,
        "ledger": dict(verdict.ledger) or None,
        "totals": dict(sorted(verdict.totals.items())),
        **({} if verdict.known is None else {"known": verdict.known}),
    }
    out.write(_escaped(orjson.dumps(head).decode())[:-1] + ',"faults":[')
    faults = (_escaped(orjson.dumps(fault).decode()) for fault in verdict.read(verbose=verbose))
    out.writelines(f"{',' if number else ''}\n{fault}" for number, fault in enumerate(faults))
    out.write("\n]}\n")


def _escaped(text: str) -> str:
    r"""JSON whose every character is printable.

    >>> print(_escaped('"a\x7f\u202e\U000e0001"'))
    "a\u007f\u202e\udb40\udc01"
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _utf16(char) for char in text)


def _utf16(char: str) -> str:
    data = char.encode("utf-16-be")
    return "".join(f"\\u{data[at]:02x}{data[at + 1]:02x}" for at in range(0, len(data), 2))


# --- JUnit ---------------------------------------------------------------------------------


def _show_junit(verdict: Verdict, out: TextIO, *, verbose: bool) -> None:
    """A case for each code, which fails where it has faults, and one for the run as a whole; findings are its output.

    At most `MOST_LISTED` of a code; the totals are those of the suite.
    """
    lines: dict[str, list[str]] = {code: [] for code in CATALOGUE}
    for fault in verdict.read(verbose=verbose):
        if len(of_code := lines[fault["code"]]) < MOST_LISTED:
            of_code.append(_line(fault, verdict.locate(fault)))
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", {"name": "wiki-etl validate"})
    whole = [*_of_the_whole(verdict)]
    _case(suite, "run", whole, failed=whole[0] if whole else None)
    for code, of_code in lines.items():
        total = verdict.totals[code]
        more = [f"… and {total - len(of_code):,} more"] if of_code and total > len(of_code) else []
        failed = f"{total:,}: {CATALOGUE[code][1]}" if total and verdict.is_fault(code) else None
        _case(suite, code, of_code + more, failed=failed)
    ET.SubElement(suite, "system-out").text = "\n".join(_totals(verdict))
    failures = len(suite.findall("testcase/failure"))
    for element in (suites, suite):
        element.attrib.update(tests=str(len(lines) + 1), failures=str(failures), errors="0")
    ET.indent(suites)
    out.write('<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n")


def _case(suite: ET.Element, name: str, lines: list[str], *, failed: str | None) -> None:
    case = ET.SubElement(suite, "testcase", {"classname": "validate", "name": name})
    if failed is not None:
        ET.SubElement(case, "failure", {"message": failed}).text = "\n".join(lines)
    elif lines:
        ET.SubElement(case, "system-out").text = "\n".join(lines)


# --- GitHub --------------------------------------------------------------------------------


def _show_github(verdict: Verdict, out: TextIO, *, verbose: bool) -> None:
    """Annotations as many as GitHub keeps, spread over the codes, then listing and totals as log lines.

    Appends a job summary to the file that ``GITHUB_STEP_SUMMARY`` names.
    """
    examples = _examples(verdict, verbose=verbose)
    out.writelines(f"{line}\n" for line in _annotations(verdict, examples))
    _group(out, "faults", _listing(verdict, verdict.read(verbose=verbose)))
    _group(out, "totals", _totals(verdict))
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        _append_summary(Path(path), verdict, examples)


def _examples(verdict: Verdict, *, verbose: bool) -> dict[str, list[Fault]]:
    """The first faults of each code, as many as could become annotations."""
    found: dict[str, list[Fault]] = {}
    for fault in verdict.read(verbose=verbose):
        of_code = found.setdefault(fault["code"], [])
        if len(of_code) < MOST_ANNOTATIONS:
            of_code.append(fault)
    return found


def _annotations(verdict: Verdict, examples: dict[str, list[Fault]]) -> Iterator[str]:
    """Workflow commands: what concerns the whole run, errors, warnings, notices."""
    of_the_run = {"error": [*_of_the_run(verdict)], "warning": [("settings", text) for text in verdict.warnings]}
    for severity, name in _COMMAND.items():
        said = of_the_run.get(severity, [])[:MOST_ANNOTATIONS]
        yield from (command(name, text, title=title) for title, text in said)
        left = MOST_ANNOTATIONS - len(said)
        codes = [examples[code] for code in _ranked(examples) if SEVERITY[code] == severity]
        for fault in spread(codes, left):
            yield _annotation(name, fault, verdict.locate(fault))


def _of_the_run(verdict: Verdict) -> Iterator[tuple[str, str]]:
    if verdict.refused:
        yield "refused", verdict.refused
    for text in verdict.trouble:
        yield "trouble", text


def spread(codes: list[list[Fault]], most: int) -> list[Fault]:
    """At most so many faults, taken in turns from each code, then by code again.

    >>> spread([["a1", "a2", "a3"], ["b1"]], 3)
    ['a1', 'a2', 'b1']
    """
    shares = [0] * len(codes)
    for turn in range(max(map(len, codes), default=0)):
        for at, faults in enumerate(codes):
            if turn < len(faults) and sum(shares) < most:
                shares[at] += 1
    return [fault for faults, share in zip(codes, shares, strict=True) for fault in faults[:share]]


def _annotation(name: str, fault: Fault, place: Place) -> str:
    message = _message(fault)
    if not place.exact:
        message = f"{_position(fault, place)}: {message}"
    position = {"line": fault["line"], "col": fault["column"]} if place.exact else {}
    return command(
        name, message, file=place.file and one_line(_in_repository(place.file)), **position, title=fault["code"]
    )


def command(name: str, message: str, **properties: object) -> str:
    """A workflow command; properties that are None are left out.

    >>> command("error", "50% of\\r\\nit: a, b", file="a,b:c%.txt", line=3, col=None, title="json.invalid")
    '::error file=a%2Cb%3Ac%25.txt,line=3,title=json.invalid::50%25 of%0D%0Ait: a, b'
    """
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value is not None)
    return f"::{name}{' ' if given else ''}{given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _in_repository(path: str) -> str:
    """A path as annotations want it: relative to the checkout, which may lie above the working directory.

    Outside of ``GITHUB_WORKSPACE`` the path stays as it was given.
    """
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    for base, whole in ((root, Path(os.path.normpath(Path(path).absolute()))), (root.resolve(), Path(path).resolve())):
        if whole.is_relative_to(base):
            return str(whole.relative_to(base))
    return path


def _group(out: TextIO, title: str, lines: Iterable[str]) -> None:
    """A folded group of the log."""
    out.write(f"::group::{title}\n")
    out.writelines(f"{_tame(line)}\n" for line in lines)
    out.write("::endgroup::\n")


def _tame(line: str) -> str:
    """A log line in which the runner finds no command: it looks for two colons first, and for ``##[`` anywhere.

    >>> _tame("::stop-commands::x"), _tame("a ##[error]b"), _tame("  ::debug::x")
    ('| ::stop-commands::x', 'a ## [error]b', '|   ::debug::x')
    """
    line = line.replace("##[", "## [")
    return f"| {line}" if line.lstrip().startswith("::") else line


# --- the job summary -----------------------------------------------------------------------


def _append_summary(path: Path, verdict: Verdict, examples: dict[str, list[Fault]]) -> None:
    """Append to what other commands of the step wrote; the whole stays below what GitHub takes."""
    room = SUMMARY_BYTES - (path.stat().st_size if path.exists() else 0)
    for most in (_MOST_EXAMPLES, 1, 0):
        data = "".join(f"{line}\n" for line in _summary(verdict, examples, most)).encode()
        if len(data) < room:
            with path.open("ab") as file:
                file.write(data)
            return


def _summary(verdict: Verdict, examples: dict[str, list[Fault]], most: int) -> Iterator[str]:
    yield from (f"## wiki-etl validate: {_sum(verdict)}", "")
    for title, text in _of_the_run(verdict):
        yield from (f"**{title}**: {_markdown(text)}", "")
    yield from (f"* {_markdown(text)}" for text in (*verdict.checked, *verdict.warnings))
    if verdict.ledger:
        yield f"* {_ledger(verdict)}"
    yield ""
    if verdict.totals:
        yield from ("| severity | code | count | what it is |", "| --- | --- | ---: | --- |")
    for code in _ranked(verdict.totals):
        yield f"| {SEVERITY[code]} | `{code}` | {verdict.totals[code]:,} | {_markdown(CATALOGUE[code][1])} |"
    yield ""
    if examples and most:
        yield from (f"### The first {most} of each", "")
        yield from _summary_examples(verdict, examples, most)
        yield ""


def _summary_examples(verdict: Verdict, examples: dict[str, list[Fault]], most: int) -> Iterator[str]:
    for code in _ranked(examples):
        for fault in examples[code][:most]:
            yield f"* `{code}` {_markdown(_position(fault, verdict.locate(fault)))}: {_markdown(_message(fault))}"


def _markdown(text: str) -> str:
    """Text that shows as it is: no markup, no HTML, no mention, no link.

    >>> _markdown("a|b <i> @me #1 `x`")
    'a&#124;b &#60;i&#62; &#64;me &#35;1 &#96;x&#96;'
    """
    return re.sub(r"[^\w /;-]|_", lambda match: f"&#{ord(match[0])};", one_line(text))
