"""The files of static hosts, all of them from one stream of rules: what has room is written, the rest is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from etl.load.redirects.neutral import UNSUPPORTED, CompileOptions
from etl.load.redirects.static.hosts import GONE, LIMIT, QUERY, Host, Loss, status
from etl.load.redirects.static.rules import Form, Rule
from etl.model import Finding

NOT_EXPRESSED = "not-expressed.txt"


@dataclass
class Writer:
    """Writes the files of one host into its folder.

    A host without a limit gets its lines as they come. One with a limit gets those that matter most: they wait by
    form, as many as fit, until all are known.
    """

    name: str
    host: Host
    folder: Path
    options: CompileOptions
    lines: int = 0
    losses: Counter[Loss] = field(default_factory=Counter)
    _stack: ExitStack = field(default_factory=ExitStack)
    _waiting: dict[Form, _Shelf] = field(default_factory=dict)

    def __enter__(self) -> Writer:
        self._file = self._open(self.host.file)
        self._lost = self._open(NOT_EXPRESSED)
        self._file.write(self.host.start)
        self._lost.write(f"# Rules that are not in {self.host.file}, each with the reason.\n")
        self._room = self.host.limit
        if self._room is not None and self.host.in_bytes:
            self._room -= len(self.host.start.encode()) + len(self.host.end.encode())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def put(self, rule: Rule) -> None:
        """Writes a rule, keeps it for later, or tells why it is lost."""
        line = self.host.line(rule, self.options)
        if isinstance(line, Loss):
            self._lose(rule, line)
        elif self._room is None:
            self._write(line)
        else:
            shelf = self._waiting.setdefault(rule.form, _Shelf(self._room))
            if not shelf.put(rule, line, self._size(line)):
                self._lose(rule, LIMIT)

    def finish(self) -> list[Finding]:
        """Writes what has waited, and the README; a finding for each kind of loss."""
        for form in Form:
            for rule, line in self._waiting.pop(form, _Shelf(0)):
                if self._room is not None and self._size(line) <= self._room:
                    self._room -= self._size(line)
                    self._write(line)
                else:
                    self._lose(rule, LIMIT)
        self._file.write(self.host.end)
        for name, text in self.host.extra:
            self._open(name).write(text.replace("@type@", "Found" if self.options.status == 302 else "Permanent"))
        self._open("README.md").write(self._readme())
        return [*self._findings()]

    def _open(self, name: str) -> TextIO:
        return self._stack.enter_context((self.folder / name).open("w", encoding="utf-8", newline="\n"))

    def _write(self, line: str) -> None:
        self._file.write(line)
        self.lines += 1

    def _lose(self, rule: Rule, loss: Loss) -> None:
        self.losses[loss] += 1
        if loss != QUERY:  # every name and every id: the count says it
            self._lost.write(f"{loss.name} {rule.source} {rule.answer}\n")

    def _size(self, line: str) -> int:
        return len(line.encode()) if self.host.in_bytes else line.count("\n")

    def _findings(self) -> Iterator[Finding]:
        action = f"they are not in its file, but for parameters they are listed in {NOT_EXPRESSED}"
        for loss, count in sorted(self.losses.items()):
            yield Finding(
                UNSUPPORTED,
                f"{self.name}: {count} rules ({loss.name}): {loss.sentence}",
                action,
                cause=f"{self.name}\0{loss.name}",
            )

    def _readme(self) -> str:
        title, file = self.host.title, self.host.file
        sent = status(self.host, self.options)
        lost = "".join(f"* {count} rules: {loss.sentence}.\n" for loss, count in sorted(self.losses.items()))
        asked = "" if sent == self.options.status else f" (not {self.options.status}, which it does not have)"
        return _README.format(
            title=title,
            file=file,
            lines=self.lines,
            text=self.host.readme,
            status=sent,
            asked=asked,
            lost=lost or "* Nothing of the map.\n",
            unsaid=_unsaid(self.options),
            not_expressed=NOT_EXPRESSED,
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

    def __iter__(self) -> Iterator[tuple[Rule, str]]:
        return iter(self.held)
