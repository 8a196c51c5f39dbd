"""What became of one page, member or address: all that the files of a generation say of it.

They are read a line at a time, and only the lines that hold what is looked for are decoded.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import orjson

from etl import schemas
from etl.addresses import Address, canonical_name, caseless, lookups
from etl.coverage.known import Known, decoded_path
from etl.coverage.model import CLASSES, UNANSWERED, Missing, Suggestion
from etl.coverage.suggestions import suggested
from etl.load.redirects.neutral import reading
from etl.plain import one_line
from etl.routes import matching, routes, wiki_folder
from etl.settings import Settings

BLOCK = 1 << 20
"""Bytes of a file that are read at once."""
RELATIVE = re.compile(r"tiki-\w+\.php\?")
"""An address as the old wiki wrote it in its links; anything else without a slash is a name."""
MOST_SHOWN = 20
"""Findings of one thing that people are shown."""

Line = dict[str, Any]
"""A line of a file of the generation."""


@dataclass
class Told:
    """What a generation says of one thing that was asked for."""

    asked: str
    meaning: str | None = None
    """What it is as a request, a key of `coverage.model.CLASSES`; None: a document or a member is called so."""
    answer: Line | None = None
    """The line of the redirect map that answers it, or such a line of the setting `routes`."""
    close: Sequence[Suggestion] = ()
    """The closest pages, where nothing answers it and nothing is called so."""
    documents: list[Line] = field(default_factory=list)
    """Documents, published or withheld, that it names or leads to; without their texts."""
    redirects: list[Line] = field(default_factory=list)
    """All addresses that lead to these."""
    rejects: list[Line] = field(default_factory=list)
    """Without their bytes."""
    findings: list[Line] = field(default_factory=list)
    """Of these documents and members; where there are none, those that mention it."""
    changes: list[Line] = field(default_factory=list)
    """Every edit of their bodies, when the run kept them (``--changes``)."""

    @property
    def is_known(self) -> bool:
        """Whether it is answered, or is a document or a member of the export."""
        named = any(self.asked in {line["document"], *_of_member(line)} for line in self.findings)
        answered = self.meaning is not None and self.meaning not in UNANSWERED
        return answered or named or bool(self.documents or self.rejects)


def explain(asked: Sequence[str], map_file: Path, settings: Settings) -> Iterator[Told]:
    """What the generation of a map says of each: an address, an id, a slug, a path, a title or a member.

    Raises Trouble for a file of it that is damaged.
    """
    # It reads all of the map, and most that is asked for is found without it.
    known = cache(lambda: Known(map_file, settings))
    texts = (text.encode(errors="surrogateescape").decode(errors="replace") for text in asked)
    return (_told(text, map_file, settings, known) for text in texts)


def _told(asked: str, map_file: Path, settings: Settings, known: Callable[[], Known]) -> Told:
    targets = _targets(asked, settings.legacy_base)
    target = targets[-1]
    addresses = [address for each in targets for address in lookups(each, settings.legacy_base)]
    told = Told(asked, answer=_answer(map_file, addresses))
    if told.answer is not None:
        told.meaning = told.answer["kind"] if told.answer["target"] else "gone"
    _find(told, map_file.parent, decoded_path(targets[0]))
    if told.is_known:
        return told
    told.meaning, unanswered = known().meaning(target)
    if told.meaning == "case":
        told.answer = _in_another_case(map_file, addresses)
        _find(told, map_file.parent, "")
    elif told.meaning == "home" and (name := canonical_name(settings.home or "")):
        told.answer = _answer(map_file, [Address("name", name)])
        _find(told, map_file.parent, "")
    elif told.meaning == "route":
        told.answer = _of_routes(settings, decoded_path(target))
        told.meaning = "route" if told.answer["target"] else "gone"
    elif told.meaning in UNANSWERED:
        told.findings = list(_mentions(map_file.with_name("findings.jsonl"), asked, addresses))
        told.close = suggested([Missing(unanswered, 0, 0)], map_file, settings)[0].suggestions if unanswered else ()
    return told


def _targets(asked: str, legacy_base: str) -> list[str]:
    """The requests that it stands for: without a slash before it a path of the root, or what the old wiki had."""
    if asked.startswith("/") or "://" in asked:
        return [asked]
    spelled = asked if RELATIVE.match(asked) else quote(asked)
    return list(dict.fromkeys(["/" + spelled, wiki_folder(legacy_base) + spelled]))


def _find(told: Told, folder: Path, path: str) -> None:
    """All lines about what was asked for: documents that are called so, have the path or own the address; members."""
    asked = told.asked
    wanted = {asked, *filter(None, [told.answer and told.answer["document"]])}
    for name in ("documents", "withheld"):
        lines = _lines(folder / f"{name}.jsonl", {*wanted, path, f"{path}/", _member(asked)})
        told.documents += [_short(line) for line in lines if wanted & _names(line) or _path(line) == path]
    ids = {asked, *(document["id"] for document in told.documents)}
    told.redirects = [line for line in _lines(folder / "redirects.jsonl", ids) if line["document"] in ids]
    told.changes = [line for line in _lines(folder / "changes.jsonl", ids) if line["document"] in ids]
    rejects = _lines(folder / "rejects.jsonl", {asked, _member(asked)})
    told.rejects = [_without(line, "raw") for line in rejects if asked in _of_member(line)]
    findings = _lines(folder / "findings.jsonl", {*ids, _member(asked)})
    told.findings = [line for line in findings if line["document"] in ids or asked in _of_member(line)]


def _answer(map_file: Path, asked: Sequence[Address]) -> Line | None:
    """The line of the map that servers find first."""
    lines = _lines(map_file, {address.value for address in asked})
    found = {Address(line["kind"], line["value"]): line for line in lines}
    return next((found[address] for address in asked if address in found), None)


def _in_another_case(map_file: Path, asked: Sequence[Address]) -> Line:
    """The line of a name that is there, in another case."""
    folded = {caseless(address.value) for address in asked}
    with reading(map_file) as lines:
        names: Iterator[Line] = (line for line in map(orjson.loads, lines) if line["kind"] == "name")
        return next(line for line in names if caseless(line["value"]) in folded)


def _of_routes(settings: Settings, path: str) -> Line:
    """What the setting answers, as a line of the map; of a row of numbers the path without one."""
    route = matching(routes(settings.routes, settings.legacy_base), path)
    assert route is not None  # `Known` found it
    return {
        "kind": "path",
        "value": route.path,
        "target": route.target,
        "status": 301 if route.target else 410,
        "why": "routes",
        "document": None,
    }


def _lines(file: Path, values: Iterable[str | None]) -> Iterator[Line]:
    """The lines of a file that hold one of these texts as a value."""
    return _holding(file, [orjson.dumps(value) for value in values if value])


def _holding(file: Path, needles: Sequence[bytes]) -> Iterator[Line]:
    """The lines of a file, where there is one, that hold one of these bytes."""
    if not file.is_file():
        return
    first = 1
    with file.open("rb", buffering=BLOCK) as whole:
        while lines := whole.readlines(BLOCK):
            block = b"".join(lines)  # which few hold anything of: their lines are not looked at one by one
            if any(needle in block for needle in needles):
                held = ((at, line) for at, line in enumerate(lines, first) if any(needle in line for needle in needles))
                yield from (schemas.record(file, number, line) for number, line in held)
            first += len(lines)


def _mentions(file: Path, asked: str, addresses: Sequence[Address]) -> Iterator[Line]:
    """The findings that quote a text, or an address that it spells."""
    texts = [repr(text) for text in (asked, *(address.value for address in addresses))]
    needles = [orjson.dumps(text)[1:-1] for text in texts]
    return (line for line in _holding(file, needles) if any(text in line["message"] for text in texts))


def _names(document: Line) -> set[str | None]:
    """All that a document may be called."""
    source = document["source"]
    names = {document["id"], document["slug"], document["title"], document["legacy"]["page_name"], source["member_id"]}
    return names | _of_member(source)


def _path(document: Line) -> str:
    return unquote(document["path"]).rstrip("/")


def _of_member(line: Line) -> set[str | None]:
    """What the member that a line is about may be called: by its name, and with its bundle."""
    return {line["member"], f"{line['bundle']}/{line['member']}"}


def _member(asked: str) -> str:
    """The name of a member that is written with its bundle."""
    return asked.partition("/")[2]


def _short(document: Line) -> Line:
    return _without(document, "body", "html", "text", "links", "images", "aliases", "findings")


def _without(line: Line, *keys: str) -> Line:
    return {key: value for key, value in line.items() if key not in keys}


# --- what is written -----------------------------------------------------------------------


def text(told: Told, *, every: bool = False) -> str:
    """For people; ``every``: the list of findings is not shortened."""
    lines = [told.asked]
    if told.meaning is not None:
        lines.append(f"  {CLASSES[told.meaning]}{_answered(told.answer)}")
    lines += [f"    close: {one.name!r} ({one.likeness}%), at {one.target}" for one in told.close]
    for document in told.documents:
        lines += _document(told, document)
    shown = told.findings if every else told.findings[:MOST_SHOWN]
    lines += map(_finding, shown)  # that of a reject says all that its line does
    if len(shown) < len(told.findings):
        lines.append(f"  {len(told.findings):,} findings, {len(shown)} are shown; --verbose and --format json list all")
    return "\n".join(map(one_line, lines))


def _answered(line: Line | None) -> str:
    if line is None:
        return ""
    where = f", {line['status']} to {line['target']}" if line["target"] else ""
    return f"{where} ({line['kind']} {line['value']!r}, {line['why']})"


def _document(told: Told, document: Line) -> Iterator[str]:
    source, id_ = document["source"], document["id"]
    yield f"  {id_}, {document['kind']}, {document['status']}: {document['title']!r}"
    yield f"    path     {document['path']}"
    yield f"    member   {source['bundle']}/{source['member']}, body from line {source['line']}"
    addresses = [line for line in told.redirects if line["document"] == id_]
    yield from (f"    address  {line['kind']} {line['value']!r} ({line['why']})" for line in addresses)
    if rules := Counter(line["rule"] for line in told.changes if line["document"] == id_):
        yield "    changes  " + ", ".join(f"{rule} {count:,}" for rule, count in rules.most_common())


def _finding(line: Line) -> str:
    place = f"{line['bundle']}/{line['member']}" if line["member"] else "the whole export"
    place += f", line {line['line']}, column {line['column']}" if line["line"] else ""
    return f"  {line['severity']}, {place}: {line['code']}: {line['message']}; {line['action']}"


def as_json(told: Told, *, every: bool = True) -> str:  # noqa: ARG001  # nothing is shortened
    """For programs; ASCII only, one line."""
    facts = asdict(told) | {"known": told.is_known, "close": [one._asdict() for one in told.close]}
    return json.dumps(facts)


REPORTS: dict[str, Callable[..., str]] = {"text": text, "json": as_json}
