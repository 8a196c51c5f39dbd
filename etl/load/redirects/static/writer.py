"""The files of static hosts, all of them from one stream of rules: what has room is written, the rest is told."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TextIO

from etl.load.redirects.files import UNSUPPORTED, create
from etl.load.redirects.neutral import CompileOptions
from etl.load.redirects.static.hosts import CACHE, LIMIT, SITE, STATUS, UNSAID, Host, Loss, status
from etl.load.redirects.static.rules import Form, Rule, unsaid
from etl.model import Finding

NOT_EXPRESSED = "not-expressed.txt"
_SMALL = 1_000_000 - 1  # lines or bytes that may wait in memory


@dataclass
class Writer:
    """Writes the files of one host into its folder.

    A host with much room gets its lines as they come. One with little room gets the lines that matter most: lines wait
    by form, as many as may fit, until all are known.
    """

    name: str
    host: Host
    folder: Path
    options: CompileOptions
    rules: int = 0
    lines: int = 0
    losses: Counter[Loss] = field(default_factory=Counter)
    _stack: ExitStack = field(default_factory=ExitStack)
    _waiting: dict[Form, _Shelf] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._file = self._open(self.host.file)
        self._lost = self._open(NOT_EXPRESSED)
        self._file.write(self.host.start)
        self._lost.write(f"# Rules that are not in {self.host.file}, each with the reason.\n")
        self._room = self.host.limit or sys.maxsize
        self._is_small = self._room <= _SMALL
        if self.host.in_bytes:
            self._room -= len(self.host.start) + len(self.host.end)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def put(self, rule: Rule) -> None:
        """Writes a rule, keeps it for later, or tells why it is lost."""
        line = self.host.line(rule, self.options)
        if isinstance(line, Loss):
            self._lose(rule, line)
        elif not self._is_small:
            self._take(rule, line)
        elif not self._waiting.setdefault(rule.form, _Shelf(self._room)).put(rule, line, self._size(line)):
            self._lose(rule, LIMIT)

    def finish(self) -> list[Finding]:
        """Writes what has waited, and the README; a finding for each kind of loss."""
        for form in sorted(self._waiting):
            for rule, line in self._waiting[form].held:
                self._take(rule, line)
        self._file.write(self.host.end)
        self._lose_settings()
        for name, text in self.host.extra:
            self._open(name).write(text.replace("@type@", "Found" if self.options.status == 302 else "Permanent"))
        self._open("README.md").write(self._readme())
        return [*self._findings()]

    def _take(self, rule: Rule, line: str) -> None:
        """Writes a line where there is room for it."""
        size = self._size(line)
        if size > self._room:
            self._lose(rule, LIMIT)
            return
        self._room -= size
        self._file.write(line)
        self.rules += 1
        self.lines += line.count("\n")

    def _open(self, name: str) -> TextIO:
        return self._stack.enter_context(create(self.folder / name))

    def _lose(self, rule: Rule, loss: Loss) -> None:
        self.losses[loss] += 1
        self._lost.write(f"{loss.name} {rule.source} {rule.answer}\n")

    def _lose_settings(self) -> None:
        options = self.options
        for rule in unsaid(options):
            self._lose(rule, UNSAID)
        lost = {
            SITE: self.host.absolute and options.site is None,
            CACHE: options.max_age is not None,
            STATUS: status(self.host, options) != options.status,
        }
        self.losses.update(loss for loss, is_lost in lost.items() if is_lost)

    def _size(self, line: str) -> int:
        return len(line.encode()) if self.host.in_bytes else line.count("\n")

    def _findings(self) -> Iterator[Finding]:
        for loss, count in sorted(self.losses.items()):
            yield Finding(
                UNSUPPORTED,
                f"{self.name}: {loss.name}, {count}: {loss.sentence}",
                f"redirects/{self.name}/README.md says more",
                cause=f"{self.name}\0{loss.name}",
            )

    def _readme(self) -> str:
        lost = "".join(f"* {count} ({loss.name}): {loss.sentence}.\n" for loss, count in sorted(self.losses.items()))
        return _README.format(
            title=self.host.title,
            file=self.host.file,
            rules=f"{self.rules} rules" + (f" in {self.lines} lines" if self.lines != self.rules else ""),
            text=self.host.readme,
            status=status(self.host, self.options),
            lost=lost or "* Everything in the map is expressed.\n",
            listed=f"`{NOT_EXPRESSED}` lists the addresses.\n" if self.losses else "",
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

`{file}`: {rules}, sent with status {status}.

{text}
## Spellings

The host compares what a client sends character by character. Every address is there in two spellings: a blank is `+`,
as the old platform wrote it, or `%20`; all else is encoded with capital letters (`%C3`). Other spellings are not found:
`+` and `%20` in one address, small letters (`%c3`), a comma or a letter beyond ASCII without encoding, a slash at the
end unless the host removes it.

## What is not expressed

{lost}
{listed}
The file follows the documentation of the host; it was not tried there.
"""
