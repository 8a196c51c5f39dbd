"""The map gone over once for all compilers: its lines checked, its entries in columns, the plain ones known.

A compiler writes *plain* entries, which no server's grammar or folding does anything special with, many at a time,
and the others one by one (`Batch.pieces`). Which keys may be one and the same for a server is known only at the end
of the map: those that may are marked (`Survey.marked`), so that no compiler asks for the digest of a key again.
Columns and marks wait in files, so memory does not grow with the map.
"""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import orjson

from etl.addresses import Address, Kind, caseless, objection
from etl.hashes import Crowd, Hashes, digests
from etl.load.redirects.living import living_requests
from etl.load.redirects.neutral import LONGEST_LINE, Entry, checked, reading
from etl.load.redirects.options import CompileOptions
from etl.room import temporary_folder
from etl.site_path import SITE_PATH

BATCH = 1 << 16
"""Bytes of the map that are in memory at once, besides one line."""

CASED = "cased"
"""The file of `Batch.cased`."""
_NONE = b"[]\n"

Keys = Callable[[Kind, list[str]], list[bytes]]
"""The keys under which a server finds the values of one kind: one for each value, and behind them any further ones."""

_CHARACTER = r'[^\x00-\x1f"#$+/?\\{}\x7f-\x9f\ud800-\udfff]'
_SEGMENT = rf"(?![. ]){_CHARACTER}++"
_PLAIN = {
    "id": re.compile(r"[1-9][0-9]{0,200}+"),
    "name": re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*(?<! )"),
    "path": re.compile(rf"(?:/{_SEGMENT})+(?<! )"),
}
"""Canonical values without what any server decodes, folds, trims, walks or escapes in a way of its own."""
LONGEST_PLAIN = 500
"""Characters of a plain value, and of its target: every server has room for them, in UTF-8 and with a host."""
_TARGETS = re.compile(rf"(?>(?:{SITE_PATH}\n)*)")


def _below(base: str, kind: Kind, values: list[str]) -> str:
    """Values, one on each line: paths as they are, names and ids below a folder, which ends in a slash."""
    folder = "" if kind == "path" else base
    return folder + f"\n{folder}".join(values)


class Stretch(NamedTuple):
    """Plain entries that follow each other in the map, none of them gone."""

    kind: Kind
    values: list[str]
    targets: list[str]

    def text(self, base: str) -> str:
        """The values as paths, one on each line; ``base``: the folder of names and ids, which ends in a slash."""
        return _below(base, self.kind, self.values)

    def entries(self) -> Iterator[Entry]:
        """One by one."""
        return (
            Entry(Address(self.kind, value), target) for value, target in zip(self.values, self.targets, strict=True)
        )


class Batch(NamedTuple):
    """Entries of one kind that follow each other in the map, as columns."""

    kind: Kind
    values: list[str]
    targets: list[str | None]
    odd: list[int]
    """Places of those that are not plain, in order."""
    cased: Sequence[int] = ()
    """Places of names and paths that are, in another case, a path of the new site: found in their own case alone."""

    def entries(self) -> Iterator[Entry]:
        """One by one."""
        return map(self.entry, range(len(self.values)))

    def entry(self, at: int) -> Entry:
        """The entry of one place."""
        return Entry(Address(self.kind, self.values[at]), self.targets[at])

    def pieces(self, marked: Collection[int] = ()) -> Iterator[Stretch | int]:
        """The entries in order: stretches of plain ones, and the places of those that are odd, cased or marked."""
        start = 0
        for at in sorted({*self.odd, *self.cased, *marked}) if marked or self.cased else self.odd:
            if start < at:
                yield self._stretch(start, at)
            yield at
            start = at + 1
        if start < len(self.values):
            yield self._stretch(start, len(self.values))

    def _stretch(self, start: int, end: int) -> Stretch:
        return Stretch(self.kind, self.values[start:end], cast(list[str], self.targets[start:end]))


class Survey(NamedTuple):
    """A map that was gone over."""

    file: Path
    """The map itself."""
    folder: Path
    """Where columns and marks are, as long as `surveyed` is open."""

    def batches(self, *, only_cased: bool = False) -> Iterator[Batch]:
        """All entries, in the order of the map; or the batches alone with a name or a path that is `Batch.cased`."""
        with (self.folder / "batches").open("rb") as lines, (self.folder / CASED).open("rb") as cased:
            for line, places in zip(lines, cased, strict=True):
                if not only_cased or places != _NONE:
                    yield Batch(*orjson.loads(line))._replace(cased=orjson.loads(places))

    def marked(self, name: str) -> Iterator[tuple[Batch, list[int]]]:
        """All entries, each batch with the places of keys, as `Keys` gave them, that may be there more than once."""
        with (self.folder / f"{name}.marks").open("rb") as lines:
            yield from zip(self.batches(), map(orjson.loads, lines), strict=True)


@contextmanager
def surveyed(
    map_file: Path, options: CompileOptions, keys: Mapping[str, Keys], scratch: Path | None = None
) -> Iterator[Survey]:
    """Goes over a map; ``keys`` are those of which `Survey.marked` is asked, by name.

    Raises MapError at the first line that is none, or that no map may hold.
    """
    own = temporary_folder() if scratch is None else tempfile.TemporaryDirectory(prefix="wiki-etl-", dir=scratch)
    with own as folder:
        survey = Survey(map_file, Path(folder))
        with ExitStack() as stack:
            batches = stack.enter_context((survey.folder / "batches").open("wb"))
            marks = [stack.enter_context(_marking(survey, name, of_name)) for name, of_name in keys.items()]
            marks.append(stack.enter_context(_casing(survey, options)))
            for batch in _read(map_file):
                batches.write(orjson.dumps([*batch[:-1]], option=orjson.OPT_APPEND_NEWLINE))
                for see in marks:
                    see(batch)
        yield survey


# --- lines to columns ----------------------------------------------------------------------


def _read(map_file: Path) -> Iterator[Batch]:
    """The batches of a map, each line checked."""
    with reading(map_file) as file:
        number = 1
        for lines in _blocks(file):
            batches = _sound(lines)
            if batches is None:  # there is a fault, most likely
                entries = [*checked(map_file, lines, number)]
                rows = [(*entry.address, entry.target) for entry in entries]
                batches = [*_batches(*zip(*rows, strict=True))]
            yield from batches
            number += len(lines)


def _blocks(file: BinaryIO) -> Iterator[list[bytes]]:
    """Whole lines, many at once; of one that is longer than any may be no more than shows that it is."""
    while block := file.read(BATCH):
        yield BytesIO(block + file.readline(LONGEST_LINE + 1)).readlines()


def _sound(lines: list[bytes]) -> list[Batch] | None:
    """The batches of lines; None when one of them may be no line of a map: asked of all at once where that can be."""
    try:
        rows = [*map(orjson.loads, lines)]
        kinds, values, targets = ([row[key] for row in rows] for key in ("kind", "value", "target"))
        statuses = [row["status"] for row in rows]
        batches = [*_batches(kinds, values, targets)]
        sent = "".join([f"{target}\n" for target in targets if target is not None])
    except (ValueError, KeyError, TypeError):
        return None
    sound = (
        max(map(len, lines)) <= LONGEST_LINE
        and statuses == [410 if target is None else 301 for target in targets]
        and _TARGETS.fullmatch(sent)
        and sent.count("\n") == statuses.count(301)  # a target with a line end in it is not two targets
        and not any(objection(batch.entry(at).address) for batch in batches for at in batch.odd)
    )
    return batches if sound else None


def _batches(kinds: Sequence[Kind], values: Sequence[str], targets: Sequence[str | None]) -> Iterator[Batch]:
    """Columns, parted by kind."""
    start = 0
    for kind, group in groupby(kinds):
        end = start + len([*group])
        columns = [*values[start:end]], [*targets[start:end]]
        yield Batch(kind, *columns, _odd(kind, *columns))
        start = end


def _odd(kind: Kind, values: Sequence[str], targets: Sequence[str | None]) -> list[int]:
    """The places of what is not plain, or gone."""
    match = _PLAIN[kind].fullmatch
    odd = [at for at, value in enumerate(values) if not match(value)]
    if not "".join(values).isascii():
        odd += [at for at, value in enumerate(values) if not value.isascii() and not _has_one_form(value)]
    if max(map(len, values)) > LONGEST_PLAIN:
        odd += [at for at, value in enumerate(values) if len(value) > LONGEST_PLAIN]
    odd += [at for at, target in enumerate(targets) if target is None or "$" in target or len(target) > LONGEST_PLAIN]
    return sorted({*odd})


def _has_one_form(text: str) -> bool:
    """Whether the normal forms of Unicode, composed and decomposed, are the text itself."""
    return unicodedata.is_normalized("NFC", text) and unicodedata.is_normalized("NFD", text)


# --- keys of the new site, in another case ---------------------------------------------------


@contextmanager
def _casing(survey: Survey, options: CompileOptions) -> Iterator[Callable[[Batch], None]]:
    """A function that is called with each batch; at the end the places of `Batch.cased` are written, a line for each.

    Eight bytes of each path of the new site are in memory.
    """
    sizes = []
    with tempfile.TemporaryFile(dir=survey.folder) as file:

        def see(batch: Batch) -> None:
            sizes.append(0 if batch.kind == "id" else file.write(_requests(batch, options.base)))

        yield see
        known = Hashes(caseless(path).encode() for path in living_requests(survey.file, options))
        file.seek(0)
        with (survey.folder / CASED).open("wb") as cased:
            for found in map(file.read, sizes):
                places = [at for at, path in enumerate(found.split(b"\n")) if path in known]
                cased.write(orjson.dumps(places, option=orjson.OPT_APPEND_NEWLINE))


def _requests(batch: Batch, base: str) -> bytes:
    """The paths of a batch without case, one on each line."""
    return caseless(_below(base, batch.kind, batch.values)).encode()


# --- keys that may be there more than once -------------------------------------------------


@contextmanager
def _marking(survey: Survey, name: str, keys: Keys) -> Iterator[Callable[[Batch], None]]:
    """A function that is called with each batch; at the end the marks of a survey are written, a line for each.

    Digests wait in a file until then, so that no two crowds are in memory at one time.
    """
    sizes = []
    with tempfile.TemporaryFile(dir=survey.folder) as file:

        def see(batch: Batch) -> None:
            sizes.append(file.write(digests(keys(batch.kind, batch.values))))

        def seen() -> Iterator[bytes]:
            file.seek(0)
            return map(file.read, sizes)

        yield see
        crowd = Crowd(survey.file.stat().st_size)
        for found in seen():
            crowd.add_all(found)
        with (survey.folder / f"{name}.marks").open("wb") as marks:
            marks.writelines(orjson.dumps(crowd.suspected(found), option=orjson.OPT_APPEND_NEWLINE) for found in seen())
