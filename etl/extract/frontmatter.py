"""Front matter of pages, JSON or YAML, decoded with the position of every value at hand.

A well-kept decoder does the reading. What it cannot tell (where the second of two equal keys is,
where a value begins) comes from a slow walk over the same text, which only runs when somebody
asks (q7x2, Kinds).
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple, NoReturn

from etl.extract.names import SURROGATE
from etl.model import FieldPath, Finding, Rejection
from etl.positions import Lines, position

MAX_DEPTH = 64
MAX_NODES = 100_000
"""The most values of a front matter, in YAML with every alias written out: more is an attack, not a page."""

Offsets = dict[FieldPath, int]

_SYMBOL = re.compile(r'[{}\[\],:]|"(?>(?:[^"\\]++|\\.)*)"|[^\s{}\[\],:"]++', re.DOTALL)
_GAP = re.compile(r"[\s,:]*")
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u....|.)", re.DOTALL)
_SUSPECT = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_LONE = re.compile(r"\\u[dD][89a-fA-F]..")
# What may stand at the decoder's error when nothing but the end of the text is wrong.
_CUT = re.compile(r"\s*(?:tr?u?|fa?l?s?|nu?l?|-(?:I\w*)?|I\w*|Na?|\.|[eE][+-]?|\\?u?[0-9a-fA-F]{0,4})?\Z")
_YAML_END = re.compile(r"\n---(?=\n|\Z)")
_YAML_NULLS = ("", "~", "null", "Null", "NULL")
_SHOWN = 40  # characters of a quotation


class Places:
    """Where values begin, by their paths; those in one list or mapping are looked up when somebody asks for one."""

    def __init__(self, head: str, start: int, look_up: Callable[[FieldPath, int], Offsets]) -> None:
        self._look_up = look_up
        self._offsets: Offsets = {(): start}
        self._looked_up: set[FieldPath] = set()
        self._lines = Lines(head)

    def __call__(self, path: FieldPath) -> tuple[int, int]:
        """Line and column of the value at a path, or of its nearest ancestor: the whole front matter at last."""
        for depth in range(len(path)):
            if path[:depth] in self._offsets and path[:depth] not in self._looked_up:
                self._looked_up.add(path[:depth])
                self._offsets |= self._look_up(path[:depth], self._offsets[path[:depth]])
        while path not in self._offsets:
            path = path[:-1]
        return self._lines.place(self._offsets[path])


@dataclass(slots=True)
class FrontMatter:
    """Decoded front matter, and where in the text it ends."""

    fields: dict[str, Any]
    end: int
    """Offset of the first character after it."""
    locate: Places
    """Line and column of the value at a path; of its nearest ancestor where there is none."""
    findings: list[Finding] = field(default_factory=list)


def shown(text: str) -> str:
    r"""A short quotation of data for a message: one line, no raw control character.

    >>> shown("a\tb"), shown("x" * 50)
    ("'a\\tb'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'")
    """
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def rejection(code: str, text: str, offset: int, message: str) -> Rejection:
    """A rejection at an offset."""
    line, column = position(text, offset)
    return Rejection(code, message, line=line, column=column)


# --- JSON ----------------------------------------------------------------------------------


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError(len(pairs))
    return fields


def _exact(number: str) -> float | str:
    """A number with a fraction or an exponent; as text where a float would have another value."""
    value = float(number)
    try:
        is_exact = Decimal(repr(value)) == Decimal(number)
    except InvalidOperation:  # an exponent of twenty digits
        is_exact = False
    return value if is_exact else number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_decode = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_exact, parse_constant=_no_constant).raw_decode


def read_json(text: str, start: int) -> FrontMatter | Rejection:
    """The JSON object that begins at ``start``; braces behind its end mean nothing.

    A key twice, a depth over 64, values without end, NaN, Infinity, whole numbers too long to read,
    control characters in strings and an early end are rejections with line and column (q7x2, Kinds).
    A fraction that a float would round is text.
    """
    try:
        fields, end = _decode(text, start)
    except json.JSONDecodeError as error:
        return _syntax_fault(text, error)
    except (ValueError, RecursionError):
        if fault := _first_fault(text, start):
            return fault
        raise
    deep = text.count("{", start, end) + text.count("[", start, end) > MAX_DEPTH
    if (deep or text.count(",", start, end) >= MAX_NODES - MAX_DEPTH) and (fault := _first_fault(text, start)):
        return fault
    head = text[:end]
    if _SUSPECT.search(head, start):
        return _mended(head, start)
    return FrontMatter(fields, end, Places(head, start, partial(_offsets, head)))


def _syntax_fault(text: str, error: json.JSONDecodeError) -> Rejection:
    if error.msg.startswith("Unterminated") or _CUT.match(text, error.pos):
        end = len(text.rstrip())
        before = shown(text[max(end - 20, 0) : end])
        return rejection("json.cut-off", text, end, f"the front matter ends before its closing brace, after {before}")
    here = shown(text[error.pos : error.pos + 20])
    return rejection("json.invalid", text, error.pos, f"the front matter is not JSON: {error.msg}, found {here}")


class _Entry(NamedTuple):
    """A key or a value that the walk comes by."""

    path: FieldPath
    offset: int
    symbol: str
    is_key: bool


def _walk(text: str, start: int) -> Iterator[_Entry]:
    """Every key and value of the JSON at ``start``, in the order of the text.

    The last item of ``path`` is where we are in the innermost container: an index, a key, or
    None while a key is due.
    """
    path: list[Any] = []
    for match in _SYMBOL.finditer(text, start):
        symbol = match[0]
        if symbol == ",":
            path[-1] = path[-1] + 1 if isinstance(path[-1], int) else None
        elif symbol in "}]":
            path.pop()
        elif symbol != ":" and path and path[-1] is None:
            path[-1] = json.loads(symbol)
            yield _Entry(tuple(path), match.start(), symbol, is_key=True)
        elif symbol != ":":
            yield _Entry(tuple(path), match.start(), symbol, is_key=False)
            if symbol in "{[":
                path.append(None if symbol == "{" else 0)
        if not path:
            return


def _first_fault(text: str, start: int) -> Rejection | None:
    """What the decoder or its hooks refused without saying where; None if nothing is found."""
    keys, values = set(), 0
    for path, offset, symbol, is_key in _walk(text, start):
        values += not is_key
        if values > MAX_NODES:
            return rejection("json.invalid", text, offset, f"the front matter has more than {MAX_NODES} values")
        if is_key and path in keys:
            return rejection("json.duplicate-key", text, offset, f"the key {shown(str(path[-1]))} is there twice")
        if is_key:
            keys.add(path)
        elif symbol in "{[" and len(path) >= MAX_DEPTH:
            return _too_deep(text, offset)
        elif symbol[0] not in '{["' and not _is_readable(symbol):
            return rejection("json.invalid", text, offset, f"{shown(symbol)} is not a number that can be kept")
    return None


def _too_deep(text: str, offset: int) -> Rejection:
    here = shown(text[offset : offset + 20])
    return rejection("json.too-deep", text, offset, f"the front matter is nested deeper than {MAX_DEPTH} at {here}")


def _is_readable(symbol: str) -> bool:
    try:
        _decode(symbol)
    except ValueError:
        return False
    return True


def _mended(head: str, start: int) -> FrontMatter | Rejection:
    """The object again, with U+FFFD for every lone surrogate escape; a NUL escape is a rejection.

    The escape of U+FFFD is as long as what it replaces, so all positions stay.
    """
    lone = []
    for escape in _ESCAPE.finditer(head, start):
        if escape[0] == "\\u0000":
            return rejection("member.nul", head, escape.start(), "a NUL character, written as '\\u0000'")
        if _LONE.fullmatch(escape[0]):
            lone.append(escape)
    mended = _ESCAPE.sub(lambda escape: "\\ufffd" if _LONE.fullmatch(escape[0]) else escape[0], head)
    try:
        fields, end = _decode(mended, start)
    except ValueError:  # two keys that differed in nothing but what was broken in them
        if fault := _first_fault(mended, start):
            return fault
        raise
    places = Places(mended, start, partial(_offsets, mended))
    return FrontMatter(fields, end, places, _surrogates(mended, start, lone))


def _surrogates(mended: str, start: int, lone: list[re.Match[str]]) -> list[Finding]:
    """One finding for each key or value with lone surrogates, at the first of them."""
    entries = list(_walk(mended, start))
    offsets = [entry.offset for entry in entries]
    lines = Lines(mended)
    found = groupby(lone, lambda escape: entries[bisect_right(offsets, escape.start()) - 1])
    return [_surrogate(lines, entry, list(escapes)) for entry, escapes in found]


def _surrogate(lines: Lines, entry: _Entry, escapes: list[re.Match[str]]) -> Finding:
    name = str(entry.path[0])
    where = "a key" if entry.is_key else f"the field {shown(name)}"
    message = f"{where} holds half a surrogate pair ({len(escapes)} in all), the first {shown(escapes[0][0])}"
    return Finding("encoding.surrogate", message, "replaced by U+FFFD", *lines.place(escapes[0].start()), name)


def _offsets(head: str, path: FieldPath, offset: int) -> Offsets:
    """Where the values of the list or mapping at ``offset`` begin, if that is one."""
    found: Offsets = {}
    at = _behind_gap(head, offset + 1)
    while head[offset] in "{[" and head[at] not in "}]":
        key: str | int = len(found)
        if head[offset] == "{":
            key, behind = _decode(head, at)
            at = _behind_gap(head, behind)
        found[*path, key] = at
        at = _behind_gap(head, _decode(head, at)[1])
    return found


def _behind_gap(head: str, at: int) -> int:
    gap = _GAP.match(head, at)
    assert gap is not None, "it matches nothing, too"
    return gap.end()


# --- YAML ----------------------------------------------------------------------------------


def read_yaml(text: str, start: int) -> FrontMatter | Rejection:
    """The YAML mapping between the ``---`` line at ``start`` and the next one.

    Every scalar stays text, except a plain ``null`` (``Null``, ``NULL``), ``~`` or nothing, which is None.
    Tags build nothing. A key twice, a depth over 64, aliases that multiply without end, anything but one
    mapping and a missing closing line are rejections (q7x2, Kinds).
    """
    closing = _YAML_END.search(text, start)
    if closing is None:
        end = len(text.rstrip())
        return rejection("yaml.cut-off", text, end, "the front matter has no closing line '---'")
    head = text[: closing.start() + 1]
    tree = _Tree(head, start + len("---\n"))
    if fault := tree.grow():
        return fault
    return FrontMatter(tree.root, closing.end(), Places(head, start, partial(_yaml_offsets, head, start)))


def _yaml_offsets(head: str, start: int, path: FieldPath, _offset: int) -> Offsets:
    if path:
        return {}  # all were found at once
    tree = _Tree(head, start + len("---\n"))
    tree.grow()
    return {**tree.offsets, (): start}


@dataclass(slots=True)
class _Branch:
    """A mapping or a list that is still open."""

    value: Any
    path: FieldPath
    anchor: str | None
    first_node: int
    key: str | None = None
    """The key of a mapping whose value comes next."""


class _Tree:
    """Plain values grown from YAML events, one by one: nothing recurses, nothing is built from tags."""

    def __init__(self, head: str, start: int) -> None:
        self.head = head
        self.start = start
        self.root: Any = None
        self.offsets: Offsets = {}
        self.branches: list[_Branch] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        """Each anchored value, and how many nodes it has with all aliases written out."""
        self.nodes = 0

    def grow(self) -> Rejection | None:
        """Read all events; a rejection at the first one that cannot be accepted."""
        import yaml

        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        try:
            for event in yaml.parse(self.head[self.start :], Loader=loader):
                if fault := self._take(event):
                    return fault
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            index = mark.index if mark else 0
            here = shown(self.head[self.start + index : self.start + index + 20])
            return self._invalid(index, f"the front matter is not YAML: {error.problem}, found {here}")
        except (yaml.YAMLError, ValueError, OverflowError):
            bad = yaml.reader.Reader.NON_PRINTABLE.search(self.head, self.start)
            index = bad.start() - self.start if bad else 0
            return self._invalid(index, "the front matter is not YAML: a character that it forbids")
        if not isinstance(self.root, dict):
            return self._invalid(0, "the front matter is no mapping of names to values")
        return None

    def _take(self, event: Any) -> Rejection | None:
        from yaml import events

        if isinstance(event, events.CollectionEndEvent):
            self._close(self.branches.pop())
            return None
        index = event.start_mark.index
        if isinstance(event, events.DocumentStartEvent) and self.nodes:
            return self._invalid(index, "the front matter holds a second document")
        if not isinstance(event, events.NodeEvent):
            return None
        branch = self.branches[-1] if self.branches else None
        if branch and branch.key is None and isinstance(branch.value, dict):
            return self._take_key(branch, event)
        return self._take_value(branch, event)

    def _take_key(self, branch: _Branch, event: Any) -> Rejection | None:
        key = getattr(event, "value", None)
        index = event.start_mark.index
        if not isinstance(key, str):
            return self._invalid(index, "a key of the front matter is no text")
        if key in branch.value:
            return self._fault("json.duplicate-key", index, f"the key {shown(key)} is there twice")
        branch.key = key
        return self._check(key, index)

    def _take_value(self, branch: _Branch | None, event: Any) -> Rejection | None:
        from yaml import events

        index = event.start_mark.index
        path = self._path(branch)
        self.offsets[path] = self.start + index
        if isinstance(event, events.AliasEvent) and event.anchor not in self.anchors:
            return self._invalid(index, f"the alias {shown(str(event.anchor))} refers to nothing that is complete")
        if isinstance(event, events.CollectionStartEvent) and len(self.branches) >= MAX_DEPTH:
            return _too_deep(self.head, self.start + index)
        value = self._value(event, path)
        self._attach(branch, value)
        if self.nodes > MAX_NODES:
            return self._invalid(index, f"the front matter has more than {MAX_NODES} values with aliases written out")
        return self._check(value, index) if isinstance(value, str) else None

    @staticmethod
    def _path(branch: _Branch | None) -> FieldPath:
        if branch is None:
            return ()
        return (*branch.path, len(branch.value) if branch.key is None else branch.key)

    def _value(self, event: Any, path: FieldPath) -> Any:
        """The plain value of a node; a mapping or list is empty still and becomes the open branch."""
        from yaml import events

        if isinstance(event, events.AliasEvent):
            value, size = self.anchors[str(event.anchor)]
            self.nodes += size
            return value
        self.nodes += 1
        if isinstance(event, events.ScalarEvent):
            is_null = event.tag is None and not event.style and event.value in _YAML_NULLS
            value = None if is_null else event.value
            if event.anchor:
                self.anchors[event.anchor] = value, 1
            return value
        value = {} if isinstance(event, events.MappingStartEvent) else []
        self.branches.append(_Branch(value, path, event.anchor, self.nodes))
        return value

    def _attach(self, branch: _Branch | None, value: Any) -> None:
        if branch is None:
            self.root = value
        elif branch.key is None:
            branch.value.append(value)
        else:
            branch.value[branch.key] = value
            branch.key = None

    def _close(self, branch: _Branch) -> None:
        if branch.anchor:
            self.anchors[branch.anchor] = branch.value, self.nodes - branch.first_node + 1

    def _check(self, value: str, index: int) -> Rejection | None:
        if "\0" in value:
            return self._fault("member.nul", index, f"a NUL character in {shown(value)}")
        if SURROGATE.search(value):
            return self._invalid(index, f"an escape that is no character in {shown(value)}")
        return None

    def _invalid(self, index: int, message: str) -> Rejection:
        return self._fault("yaml.invalid", index, message)

    def _fault(self, code: str, index: int, message: str) -> Rejection:
        return rejection(code, self.head, self.start + index, message)
