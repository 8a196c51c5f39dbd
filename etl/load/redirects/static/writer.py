"""The file of a static host from a stream of rules: what has room is written, the rest is told."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TextIO

from etl.load.redirects.files import UNSUPPORTED
from etl.load.redirects.options import CompileOptions
from etl.load.redirects.static.hosts import CACHE, LIMIT, SITE, STATUS, UNSAID, Host, Loss, status
from etl.load.redirects.static.rules import Form, Rule, unsaid
from etl.model import Finding

NOT_EXPRESSED = "not-expressed.txt"
_SMALL = 1_000_000 - 1  # rules or bytes that may wait in memory


class Writer:
    """Writes the rules of one host to its file, and to another one what it cannot have, with the reason.

    A host with much room gets its lines as they come. One with little room gets the lines that matter most: lines wait
    by form, as many as may fit, until all are known.
    """

    def __init__(self, host: Host, options: CompileOptions, file: TextIO, queries: TextIO, lost: TextIO) -> None:
        self._host, self._options, self._file, self._queries, self._lost = host, options, file, queries, lost
        self._rules = self._lines = self._left_out = 0
        self._losses: Counter[Loss] = Counter()
        self._waiting: dict[Form, _Shelf] = {}
        self._room = host.limit or sys.maxsize
        self._is_small = self._room <= _SMALL
        if host.in_bytes:
            self._room -= len(host.start) + len(host.end)
        file.write(host.start)
        lost.write(f"# Rules that are not in {host.file}, each with the reason.\n")

    def put(self, rule: Rule) -> None:
        """Writes a rule, keeps it for later, or tells why it is lost."""
        line = self._host.line(rule, self._options)
        if isinstance(line, Loss):
            self._lose(rule, line)
        elif not self._is_small:
            self._take(rule, line)
        elif not self._waiting.setdefault(rule.form, _Shelf(self._room)).put(rule, line, self._size(line)):
            self._lose(rule, LIMIT)

    def finish(self) -> None:
        """Writes what has waited, and all that comes behind it."""
        for form in sorted(self._waiting):
            for rule, line in self._waiting[form].held:
                self._take(rule, line)
        self._file.write(self._host.end)
        self._lose_settings()

    def texts(self) -> dict[str, str]:
        """The files beside that of the rules, when it is finished."""
        how = "Found" if self._options.status == 302 else "Permanent"
        extra = {name: text.replace("@type@", how) for name, text in self._host.extra}
        return extra | {"README.md": self._readme()}

    def findings(self, name: str) -> Iterator[Finding]:
        """One for each kind of loss, when all is written; ``name``: that of the host."""
        for loss, count in sorted(self._losses.items()):
            yield Finding(
                UNSUPPORTED,
                f"{name}: {loss.name}, {count}: {loss.sentence}",
                f"{name}/README.md says more",
                cause=f"{name}\0{loss.name}",
            )

    def _take(self, rule: Rule, line: str) -> None:
        """Writes a line where there is room for it."""
        size = self._size(line)
        if size > self._room:
            self._lose(rule, LIMIT)
            return
        self._room -= size
        (self._queries if rule.form is Form.QUERY else self._file).write(line)
        self._rules += 1
        self._lines += line.count("\n")

    def _lose(self, rule: Rule, loss: Loss) -> None:
        self._losses[loss] += 1
        self._left_out += 1
        self._lost.write(f"{loss.name} {rule.source} {rule.answer}\n")

    def _lose_settings(self) -> None:
        options = self._options
        for rule in unsaid(options):
            self._lose(rule, UNSAID)
        lost = {
            SITE: self._host.absolute and options.site is None,
            CACHE: options.max_age is not None,
            STATUS: status(self._host, options) != options.status,
        }
        self._losses.update(loss for loss, is_lost in lost.items() if is_lost)

    def _size(self, line: str) -> int:
        return len(line.encode()) if self._host.in_bytes else 1

    def _readme(self) -> str:
        lost = "".join(f"* {count} ({loss.name}): {loss.sentence}.\n" for loss, count in sorted(self._losses.items()))
        return _README.format(
            title=self._host.title,
            files=" and ".join(f"`{name}`" for name in (self._host.file, self._host.queries) if name),
            rules=f"{self._rules} rules" + (f" in {self._lines} lines" if self._lines != self._rules else ""),
            text=self._host.readme,
            status=status(self._host, self._options),
            lost=lost or "* Everything in the map is expressed.\n",
            trial=self._host.trial,
            listed=f"`{NOT_EXPRESSED}` lists the addresses.\n" if self._left_out else "",
        )


@dataclass
class _Shelf:
    """Lines of one form that wait, no more than may fit."""

    room: int
    held: list[tuple[Rule, str]] = field(default_factory=list)

    def put(self, rule: Rule, line: str, size: int) -> bool:
        if size > self.room:
            return False
        self.room -= size
        self.held.append((rule, line))
        return True


_README = """\
# The redirect map for {title}

{files}: {rules}, sent with status {status}.

{text}
## Spellings

The host compares what a client sends character by character. Every address is there in two spellings: a blank is `+`,
as the old platform wrote it, or `%20`; all else is encoded with capital letters (`%C3`). Other spellings are not found:
`+` and `%20` in one address, small letters (`%c3`), a comma or a letter beyond ASCII without encoding, a slash at the
end unless the host removes it.

## What is not expressed

{lost}
{listed}
{trial}
"""
