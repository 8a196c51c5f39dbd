"""The redirect map for Caddy, without modules: its ``map`` over the decoded path.

Caddy goes over a ``map`` from the first line to the last (redirects.md 7). So the keys are sorted and cut into blocks:
expressions over the first letters choose one, and only that one is searched. ``uri path_regexp`` brings the path into
its canonical form while it is still encoded: every ``+`` a blank, the slashes and blanks around it gone. A page
parameter is moved into the path, which Caddy then decodes.

What a client sent raw, Caddy encodes anew, and then cannot tell ``%2B`` from ``+`` any more: such requests are looked
up by expressions over the raw target, for the few names that this concerns. Where the case of ASCII letters does not
matter, a name stands in lower case, and twenty-six replacements bring the request there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from string import ascii_uppercase
from typing import TextIO

from etl.addresses import SCRIPT
from etl.load.redirects.exact import Group, as_groups, lower, pieces, spellings
from etl.load.redirects.files import (
    FOLDER,
    ServerRefused,
    common_values,
    create,
    encoded,
    unsupported,
    write_filled,
)
from etl.load.redirects.neutral import Entry
from etl.load.redirects.options import CompileOptions
from etl.load.redirects.sorting import sorted_lines
from etl.load.redirects.survey import Stretch, Survey
from etl.model import Finding

SERVER = "caddy"
BLOCK = 1000
"""Keys of a block: a line costs some 20 ns, an expression that chooses blocks ten times that."""

LIMIT = 600_000
"""Keys that Caddy is given: about 100,000 pages. Each takes some 3 kB of memory and 30 microseconds of its start."""
_LONGEST_REQUEST = 16_384  # bytes; a key has at most 4,000, each of them encoded
_LONGEST_BORDER = 200  # letters of an expression that chooses blocks; Go's own end is a depth of 1,000

_KINDS = ("paths", "cased", "names", "ids")
"""The tables in the order of look-up; ``cased``: names that have another answer in another case."""
_BLANKS = r"(?:\+|%20)*"


# --- the compiler --------------------------------------------------------------------------


def compile_map(survey: Survey, out: Path, options: CompileOptions) -> list[Finding]:
    """Writes the configuration of Caddy for a map into the folder ``out``.

    Sorts in runs on the disk, a part of them in memory. Returns a finding for each entry that Caddy cannot express.
    Raises ServerRefused above `LIMIT`.
    """
    folder = out / FOLDER
    folder.mkdir()
    with ExitStack() as stack:
        raw = {kind: stack.enter_context(create(folder / f"raw-{kind}.map")) for kind in ("paths", "names")}
        for file in raw.values():
            file.write(_RAW_HEAD)
        work = _Work(options, raw)
        with sorted_lines(work.lines(survey), out) as lines:
            _write_keys(folder, lines)
    write_filled(out, _TEMPLATES, _values(work))
    return work.findings


@dataclass
class _Work:
    """The keys of a map, and what becomes known on the way."""

    options: CompileOptions
    raw: Mapping[str, TextIO]
    """Where expressions over the raw target go, by kind."""
    findings: list[Finding] = field(default_factory=list)
    entries: int = 0
    keys: int = 0
    expressions: int = 0

    def lines(self, survey: Survey) -> Iterator[str]:
        """The keys as lines that sort by kind, then path; canonical and decoded, with the folder of the old wiki."""
        for piece in pieces(survey, SERVER, self.findings):
            if isinstance(piece, Stretch) and "wiki_etl" not in "".join(piece.targets):
                lines = self._of_stretch(piece)
            else:
                lines = [line for group in as_groups(piece) for line in self._of_group(group)]
            self.keys += len(lines)
            if self.keys > LIMIT:
                raise ServerRefused(_TOO_MANY.format(limit=LIMIT))
            yield from lines

    def _of_stretch(self, stretch: Stretch) -> list[str]:
        """The lines of plain entries, of which no expression is needed."""
        self.entries += len(stretch.values)
        at = _KINDS.index(f"{stretch.kind}s")
        text = stretch.text(self.options.base)
        paths = (lower(text) if stretch.kind == "name" else text).split("\n")
        answers = self.options.answers(stretch.targets)
        return [f"{at}\t{path}\t{answer}\n" for path, answer in zip(paths, answers, strict=True)]

    def _of_group(self, group: Group) -> Iterable[str]:
        kept = [entry for entry in group.entries if self._is_kept(entry)]
        self.entries += len(kept)
        return dict.fromkeys(line for entry in kept for line in self._lines(entry, group.folds))

    def _is_kept(self, entry: Entry) -> bool:
        if "wiki_etl" not in (entry.target or ""):
            return True
        why = "its target has the name of a variable of these files in it, and Caddy would not start"
        self.findings.append(unsupported(SERVER, entry, why))
        return False

    def _lines(self, entry: Entry, folds: bool) -> Iterator[str]:
        answer = self.options.answer(entry)
        kind = {"path": "paths", "name": "names" if folds else "cased", "id": "ids"}[entry.address.kind]
        base = "" if kind == "paths" else self.options.base
        for text in spellings(entry):
            path = lower(base + text) if folds else base + text
            yield f"{_KINDS.index(kind)}\t{path}\t{answer}\n"
            if kind != "ids" and (re.search("[+#]", text) or text.endswith("/")):
                self._write_raw("paths" if kind == "paths" else "names", base, text, answer)

    def _write_raw(self, kind: str, base: str, text: str, answer: str) -> None:
        self.expressions += 1
        self.raw[kind].write(_expression(_raw_pattern(base, text), answer) + "\n")


# --- the keys, in blocks -------------------------------------------------------------------


def _write_keys(folder: Path, lines: Iterator[str]) -> None:
    """The files of the keys, and of the borders between their blocks, for every kind."""
    for kind in _KINDS:
        _write_kind(folder, kind, iter(()))
    for at, group in groupby(lines, itemgetter(0)):
        _write_kind(folder, _KINDS[int(at)], group)


def _write_kind(folder: Path, kind: str, lines: Iterator[str]) -> None:
    with create(folder / f"{kind}.map") as file, create(folder / f"{kind}-blocks.map") as borders:
        file.write(_KEYS_HEAD.replace("@kind@", kind))
        last = 0
        for number, (border, block) in enumerate(_blocks(lines)):
            if number:
                borders.write(_expression(_below(border), str(number - 1)) + "\n")
            file.write(_BLOCK_HEAD.replace("@kind@", kind).replace("@number@", str(number)))
            file.write(_written(block))
            file.write("}\n")
            last = number
        borders.write(f"default {last}\n")


def _blocks(lines: Iterator[str]) -> Iterator[tuple[str, list[str]]]:
    """Lines in blocks, each with the border before it."""
    border, block = "", [*islice(lines, BLOCK)]
    for line in lines:
        if len(new := _border(_path(block[-1]), _path(line))) <= _LONGEST_BORDER:
            yield border, block
            border, block = new, [line, *islice(lines, BLOCK - 1)]
        else:
            block.append(line)
    if block:
        yield border, block


def _path(line: str) -> str:
    return line.split("\t", 2)[1]


def _border(last: str, first: str) -> str:
    """The shortest text that is after one key, and not after the next one.

    >>> _border("/Wells", "/Wells and water"), _border("/Clear", "/Wells")
    ('/Wells ', '/W')
    """
    pairs = enumerate(zip(last, first, strict=False))
    return first[: next((at for at, (one, other) in pairs if one != other), len(last)) + 1]


def _below(border: str) -> str:
    r"""The expression for every text before a border, in the order of code points, which is that of bytes.

    >>> pattern = re.compile(_below("/We"))
    >>> [bool(pattern.match(text)) for text in ("", "/", "/Wa", "/V", "!", "/We", "/Well", "/Wf", "/a", "0")]
    [True, True, True, True, True, False, False, False, False, False]
    """
    longer = ""
    for char in reversed(border):
        before = chr(ord(char) - 1) if ord(char) != 0xE000 else "\ud7ff"
        longer = f"(?:$|[\\x00-{_code(before)}]{longer and '|' + _literal(char) + longer})"
    return f"^{longer}"


# --- the grammar ---------------------------------------------------------------------------


def _written(block: list[str]) -> str:
    """The lines of a block as those of a map: all at once where Caddy reads a meaning into none of them."""
    text = "".join(block)
    if _is_special(text):
        return "".join(map(_line, block))
    kind = block[0][0]
    quoted = f"\n{text}".replace("\t", '" "').replace(f'\n{kind}" "', '"\n\t"')
    return quoted[2:-1] + '"\n'


def _line(line: str) -> str:
    """A line of a map. What Caddy reads a meaning into, quoted or not, is written as an expression."""
    _, path, answer = line.rstrip("\n").split("\t")
    if _is_special(path):
        return f"\t{_expression(f'^{_literals(path)}$', answer)}\n"
    return f'\t"{path}" "{answer}"\n'


def _is_special(text: str) -> bool:
    return any(mark in text for mark in ("{", "}", '"', "\\", "wiki_etl"))


def _expression(pattern: str, answer: str) -> str:
    """A line whose key is an expression; a dollar in its answer would stand for a group."""
    return f'`~{pattern}` "{answer.replace("$", "$$")}"'


def _literals(text: str) -> str:
    return "".join(map(_literal, text))


def _literal(char: str) -> str:
    return char if char.isalnum() or char in " -/" else _code(char)


def _code(char: str) -> str:
    return f"\\x{ord(char):02x}" if char < "\u0100" else f"\\x{{{ord(char):x}}}"


def _raw_pattern(base: str, text: str) -> str:
    r"""The expression for every spelling of a decoded address in a raw request target.

    >>> pattern = re.compile(_raw_pattern("/", "A+é/"))
    >>> [bool(pattern.match(raw)) for raw in ("/A%2bé%2F", "//./%41%2B%c3%A9%2f/?x", "/A+é%2F", "/A%2Bé/")]
    [True, True, False, False]
    """
    inner = text.strip("/")
    spelled = "".join(map(_spelled, inner)) + "%2[fF]" * (len(text) - len(text.rstrip("/")))
    return f"^{_ORIGIN}/(?:\\.?/)*{_literals(base.lstrip('/'))}{_BLANKS}{spelled}{_BLANKS}{_TAIL}"


_ORIGIN = r"(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?"
_SCRIPT = re.escape(SCRIPT)
_SLASH = r"(?:/\.)*/"
"""A slash and the segments before it that are a dot."""
_TAIL = r"(?:/\.?)*(?:[?#]|$)"
_ODD = r"[^-A-Za-z0-9_.~$&+,/:;=@!'()*\[\]%?]"  # what Go encodes anew when it stands raw in a path


def _spelled(char: str) -> str:
    if char == " ":
        return r"(?:\+|%20)"
    return _encoded(char) if char in "+#?%" else f"(?:{_literal(char)}|{_encoded(char)})"


def _encoded(char: str) -> str:
    return "".join(map(encoded, char.encode()))


# --- the configuration around the keys -----------------------------------------------------


def _values(work: _Work) -> dict[str, object]:
    """What the templates name."""
    options = work.options
    cache = options.cache_control
    host = "https://old-wiki.example"
    return {
        **common_values(options, "/etc/caddy", entries=work.entries, unsupported_entries=len(work.findings), host=host),
        "origin": _ORIGIN,
        "odd": _ODD,
        "script": "".join(_SLASH if char == "/" else _spelled(char) for char in options.base[1:]) + _SCRIPT,
        "base": options.base,
        "base_blanks": _base_blanks(options.base),
        "fold": "".join(f"uri path_regexp {char} {char.lower()}\n" for char in ascii_uppercase),
        "cache": f"header @wiki_etl_found Cache-Control {cache}\n" if cache else "",
        "block": BLOCK,
        "limit": LIMIT,
        "longest": _LONGEST_REQUEST,
        "keys": work.keys,
        "expressions": work.expressions,
        "routes": "\n".join(_routes(options)),
    }


def _base_blanks(base: str) -> str:
    if base == "/":
        return ""
    return f'uri path_regexp "^{_literals(base)}(?:%20)+" "{base}"\n'


def _routes(options: CompileOptions) -> Iterator[str]:
    """The old home page, and the addresses that are no pages."""
    for path, answer in options.home_answers.items():
        yield _expression(f"^{_literals(path.rstrip('/'))}$", answer)
    for route in options.routes:
        tail = "" if route.kind == "exact" else r"[0-9]+(?:-[^\x00-\x1f\x7f]*)?"
        yield _expression(f"^{_literals(route.path)}{tail}$", options.answer(route))


_TOO_MANY = (
    "The map has more than {limit:,} keys. Caddy would take minutes to start and gigabytes of memory: run nginx or "
    "HAProxy with their map on loopback, and let Caddy send them what it does not know (`reverse_proxy`)."
)

# Caddy does not import an empty file.
_RAW_HEAD = "# Expressions over the raw target.\n"
_ROUTES = "# The old home page, and addresses that are no pages.\n@routes@\n"

_KEYS_HEAD = """\
# Sorted keys in blocks; @kind@-blocks.map says which block a path is in.
map {http.request.uri.path} {wiki_etl_@kind@_block} {
	import @kind@-blocks.map
}
vars wiki_etl_block {wiki_etl_@kind@_block}
"""

_BLOCK_HEAD = """\
@wiki_etl_@kind@_@number@ vars wiki_etl_block @number@
map @wiki_etl_@kind@_@number@ {http.request.uri.path} {wiki_etl_@kind@} {
"""

_REDIRECTS = """\
# Written by wiki-etl. Belongs into a route of what the new site does not answer:
#	import wiki-etl/redirects.caddy
# Sends a redirect or 410; what the map does not know goes on to the directive behind.

# Caddy takes requests of a megabyte, which the look-up would read for seconds; no address is as long as this.
@wiki_etl_short expression `size({http.request.orig_uri}) <= @longest@`
route @wiki_etl_short {
	import look-up.caddy
}
"""

_LOOK_UP = r"""# Written by wiki-etl. Looks an address up.

# How an address is asked for: by a parameter of the page script; by its path; in a form that only expressions over
# the raw target can tell apart; with a fragment, which clients do not send.
map {http.request.orig_uri} {wiki_etl_form} {
	`~^@origin@/(?:\.?/)*@script@(?:/\.?)*\?(?:[^#]*&)?page(?:_id)?(?:[=&#]|$)` parameter
	`~^[-A-Za-z0-9_.~$&+,/:;=@!'()*\[\]%]*(?:\?|$)` path
	`~^[^?]*@odd@[^?]*%2[bB]` raw
	`~^[^?]*%2[bB][^?]*@odd@` raw
	`~^[^?]*@odd@[^?]*%2[fF][/.]*(?:[?#]|$)` raw
	`~^[^?]*%23[^?]*#` raw
	`~^[^?]*#` fragment
	default path
}
vars wiki_etl_form {wiki_etl_form}
@wiki_etl_by_parameter vars wiki_etl_form parameter
@wiki_etl_by_path vars wiki_etl_form path fragment
@wiki_etl_by_raw vars wiki_etl_form raw
route @wiki_etl_by_parameter {
	import by-parameter.caddy
}
route @wiki_etl_by_path {
	import by-path.caddy
}
route @wiki_etl_by_raw {
	import by-raw.caddy
}

# What each kind of address answers.
import paths.map
vars @wiki_etl_by_path wiki_etl_path_to {wiki_etl_paths}
@base_blanks@import ids.map
vars wiki_etl_id_to {wiki_etl_ids}
uri @wiki_etl_by_parameter path_regexp ^.*$ "@base@{wiki_etl_word}"
import cased.map
vars wiki_etl_name_to {wiki_etl_cased}
@wiki_etl_any_case not vars_regexp wiki_etl_name_to ^[/h4]
route @wiki_etl_any_case {
	import fold.caddy
}
import names.map
vars @wiki_etl_any_case wiki_etl_name_to {wiki_etl_names}

# The first that answers, the last one first: path, then name, then id, then what is no page; a parameter: id, then
# name.
vars @wiki_etl_by_path wiki_etl_to {vars.wiki_etl_route_to}
vars @wiki_etl_by_raw wiki_etl_to {vars.wiki_etl_raw_to}
@wiki_etl_has_id vars_regexp wiki_etl_id_to ^[/h4]
vars @wiki_etl_has_id wiki_etl_to {vars.wiki_etl_id_to}
@wiki_etl_has_name vars_regexp wiki_etl_name_to ^[/h4]
vars @wiki_etl_has_name wiki_etl_to {vars.wiki_etl_name_to}
@wiki_etl_has_id_parameter {
	vars wiki_etl_form parameter
	vars_regexp wiki_etl_id_to ^[/h4]
}
vars @wiki_etl_has_id_parameter wiki_etl_to {vars.wiki_etl_id_to}
@wiki_etl_has_path vars_regexp wiki_etl_path_to ^[/h4]
vars @wiki_etl_has_path wiki_etl_to {vars.wiki_etl_path_to}

@wiki_etl_gone vars wiki_etl_to 410
respond @wiki_etl_gone 410
@wiki_etl_found vars_regexp wiki_etl_to ^[/h]
@cache@redir @wiki_etl_found {vars.wiki_etl_to} @status@
"""

_BY_PARAMETER = r"""# Written by wiki-etl. The id becomes the path. Of a parameter given twice the last one counts.
uri replace + %20
uri replace $ %24
map {http.request.uri.query} {wiki_etl_page_id} {
	`~^(?:[^#]*&)?page_id(?:=([^&#]*))?(?:[&#]|$)` "$1"
}
map {http.request.uri.query} {wiki_etl_page} {
	`~^(?:[^#]*&)?page(?:=([^&#]*))?(?:[&#]|$)` "$1"
}
map {wiki_etl_page_id} {wiki_etl_number} {
	`~^(?:%20)*((?:[0-9]|%3[0-9])+)(?:%20)*$` "$1"
}
map {wiki_etl_page} {wiki_etl_word} {
	`~^(?:%20)*((?:[^%]|%[0-9A-Fa-f][0-9A-Fa-f])*?)(?:%20)*$` "$1"
}
uri path_regexp ^.*$ "@base@{wiki_etl_number}"
"""

_BY_PATH = r"""# Written by wiki-etl. The path in its canonical form; and what is no page.
@wiki_etl_fragment vars wiki_etl_form fragment
uri @wiki_etl_fragment path_regexp %23.*$ ""
uri path_regexp (?:/\.)+(/|$) $1
uri path_regexp ^/+ /
uri path_regexp /+$ ""
uri path_regexp \+ %20
uri path_regexp ^/(?:%20)+ /
uri path_regexp (?:%20)+$ ""
map {http.request.uri.path} {wiki_etl_routes} {
	import routes.map
}
vars wiki_etl_route_to {wiki_etl_routes}
"""

_BY_RAW = r"""# Written by wiki-etl. The raw target, for names with "+" or "#", or a slash at their end.
map {http.request.orig_uri} {wiki_etl_raw_names} {
	import raw-names.map
}
map {http.request.orig_uri} {wiki_etl_raw_paths} {
	import raw-paths.map
	default {wiki_etl_raw_names}
}
vars wiki_etl_raw_to {wiki_etl_raw_paths}
# Nothing else is asked.
uri path_regexp ^.*$ ""
"""

_FOLD = """\
# Written by wiki-etl. The path in small letters. What Go does not accept in an encoded path, here a quotation mark at
# the end, makes it encode the path anew, so that all letters stand as they are.
uri path_regexp $ `"`
@fold@uri path_regexp %22$ ""
"""

_EXAMPLE = """\
# A complete configuration that loads as it is, to try the map or to start from. In this folder, with the new site
# in html/:  caddy run --config Caddyfile
{
	admin off
	auto_https off
}

http://:8080 {
	bind 127.0.0.1
	root * html
	@wiki_etl not file {path} {path}/index.html
	route @wiki_etl {
		import wiki-etl/redirects.caddy
		error 404
	}
	file_server
}
"""

_README = """\
# The redirect map for Caddy

@entries@ addresses. Caddy 2.6 or later, without modules.

## Install

1. Copy the folder `wiki-etl/` beside the `Caddyfile`, usually to `/etc/caddy/wiki-etl/`. The server's user must be
   able to read it: `chmod -R a+rX /etc/caddy/wiki-etl`.
2. Add to the site:

```
old-wiki.example, new.example {
	root * /srv/new-site
	@wiki_etl not file {path} {path}/index.html
	route @wiki_etl {
		import wiki-etl/redirects.caddy
		error 404
	}
	file_server
}
```

What the new site answers always wins over the map. If the site has `handle` blocks, put all lines into the last one:
beside the blocks they would never run.

```
old-wiki.example, new.example {
	handle /api/* {
		reverse_proxy localhost:3000
	}
	handle {
		root * /srv/new-site
		@wiki_etl not file {path} {path}/index.html
		route @wiki_etl {
			import wiki-etl/redirects.caddy
			error 404
		}
		file_server
	}
}
```

If the new site is an application, the map is asked when it answers 404:

```
reverse_proxy localhost:3000 {
	@wiki_etl status 404
	handle_response @wiki_etl {
		route {
			import wiki-etl/redirects.caddy
			copy_response
		}
	}
}
```

`Caddyfile` is a complete example.

## Check, reload, roll back

```sh
caddy validate --config /etc/caddy/Caddyfile
systemctl reload caddy          # drops no request; a bad map leaves the old one running
@check@
```

@roll_back@

## What to know

* Names are found in upper and lower case of ASCII letters where that has one answer.
* Caddy searches a map line by line. The keys are therefore in blocks of about @block@, and expressions choose the
  block. Measured: 100,000 keys take 3 seconds and 300 MB to load, 500,000 take 15 seconds and 1.4 GB; this map has
  @keys@. If that is too much, put nginx or HAProxy with their map on loopback behind `reverse_proxy`; above
  @limit@ keys nothing is written for Caddy.
* A request with an address of more than @longest@ characters is not looked up.
* A site address with a host name (`new.example { }`) answers every other host with an empty 200: name all the old
  hosts there.
* @expressions@ names hold `+` or `#` or end in `/`: where a client sends such a name half encoded, expressions over
  the raw request find it (`raw-names.map`).
* @unsupported@ entries of the map could not be expressed: the findings `redirect.unsupported`.
* Answers are @status@ or 410; nothing from a request is copied into `Location`.
"""

_TEMPLATES = {
    "README.md": _README,
    "Caddyfile": _EXAMPLE,
    f"{FOLDER}/redirects.caddy": _REDIRECTS,
    f"{FOLDER}/look-up.caddy": _LOOK_UP,
    f"{FOLDER}/by-parameter.caddy": _BY_PARAMETER,
    f"{FOLDER}/by-path.caddy": _BY_PATH,
    f"{FOLDER}/by-raw.caddy": _BY_RAW,
    f"{FOLDER}/fold.caddy": _FOLD,
    f"{FOLDER}/routes.map": _ROUTES,
}
"""Every file but the keys."""
