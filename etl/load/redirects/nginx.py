"""The redirect map for nginx, without modules: hash maps that its own decoded ``$uri`` is looked up in.

nginx finds a key of a ``map`` by its bytes but for the case of ASCII letters, has no way to replace
``+`` by a blank but regular expressions, and never decodes a parameter (redirects.md 4). So the keys
here are *folded*: every ``+`` a blank, and in front of all as many ``+`` as there were, which the request has as
``%2B``. A chain of expressions folds the request, as long as the longest key needs it; the page parameter takes a
hop over loopback, where it is a path and gets decoded. What folding, case, or the way nginx resolves slashes and
dots would confuse with another entry is kept out of the hash and found by an expression over the raw request, which
is exact, but slow in numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import NamedTuple, TextIO

from etl.addresses import Kind, as_path
from etl.load.redirects.files import (
    FOLDER,
    common_values,
    create,
    encoded,
    forms,
    longest,
    most_blanks,
    unsupported,
    write_filled,
)
from etl.load.redirects.neutral import Entry
from etl.load.redirects.options import CompileOptions
from etl.load.redirects.survey import Stretch, Survey
from etl.model import Finding

SERVER = "nginx"
HOP_PORT = 19417

LONGEST_TOKEN = 4000  # bytes of one word of a configuration; nginx itself ends at 4,095
_ENTRY_OVERHEAD = 18  # bytes that nginx needs beside a key in a bucket
_HEADER_BUFFER = 8192  # nginx's own default for the longest request line

_MOST_PLUSES = 8  # of a key in a hash; one with more is found by the raw request

ROUTES = "routes"
FILES = ("names", "names-mixed", "ids", "paths", "paths-mixed", "names-raw", "paths-raw")
"""The maps: names, and those that go by their own case; ids; paths without and with capital letters; what only the raw
request can tell apart."""


class Key(NamedTuple):
    """One spelling under which nginx may find an entry."""

    entry: Entry
    text: str
    """The address as a path, in NFC or NFD."""
    cased: bool = False
    """Whether it is an address of the new site in another case (`survey.Batch.cased`)."""

    @property
    def folded(self) -> str:
        """The text as nginx sees it after folding, with the case of its letters; an id as it is.

        >>> from etl.addresses import Address
        >>> Key(Entry(Address("name", "A+B c"), None), "/A+B c").folded
        '+/A B c'
        """
        return _folded(self.text)

    @property
    def hashed(self) -> bytes:
        """What nginx's hash compares."""
        return self.folded.encode().lower()


def _folded(text: str) -> str:
    if "+" not in text:
        return text
    return "+" * text.count("+") + text.replace("+", " ")


# --- the compiler --------------------------------------------------------------------------


def compile_map(survey: Survey, out: Path, options: CompileOptions) -> list[Finding]:
    """Writes the configuration of nginx for a map into the folder ``out``.

    Returns a finding for each entry that nginx cannot express.
    """
    folder = out / FOLDER
    folder.mkdir()
    with ExitStack() as stack:
        files = {name: stack.enter_context(create(folder / f"{name}.map")) for name in FILES}
        maps = _Maps(files, options)
        _fill(maps, survey)
    with create(folder / f"{ROUTES}.map") as file:
        file.writelines(_routes(maps, options))
    write_filled(out, _TEMPLATES, _values(maps, options))
    return maps.findings


def _keys(entry: Entry, *, cased: bool = False) -> Iterator[Key]:
    """The spellings of an address: NFC, and NFD where it differs, for clients that send that."""
    text = entry.address.value if entry.address.kind == "id" else as_path(entry.address)
    return (Key(entry, form, cased) for form in forms(text))


def keys(kind: Kind, values: list[str]) -> list[bytes]:
    """What nginx's hash compares (`Key.hashed`): for each value, then for the other forms of those that have one."""
    texts = [f"/{value}" for value in values] if kind == "name" else values
    text = "\n".join(texts)
    if not text.isascii():
        texts = [*texts, *(other for text in texts for other in forms(text)[1:])]
        text = "\n".join(texts)
    if "+" in text:
        text = "\n".join(map(_folded, texts))
    return text.encode().lower().split(b"\n")


def _fill(maps: _Maps, survey: Survey) -> None:
    """Writes each entry, those whose keys may meet at the end."""
    waiting: dict[bytes, list[Key]] = {}
    for batch, marked in survey.marked(SERVER):
        hashed = keys(batch.kind, batch.values)
        may_meet = {hashed[at] for at in marked}
        for piece in batch.pieces([at for at in marked if at < len(batch.values)]):
            if isinstance(piece, Stretch):
                maps.put_stretch(piece)
                continue
            for key in _keys(batch.entry(piece), cased=piece in batch.cased):
                if key.hashed in may_meet:
                    waiting.setdefault(key.hashed, []).append(key)
                else:
                    _put(maps, key)
    for group in waiting.values():
        _put_group(maps, group)


def _put_group(maps: _Maps, group: list[Key]) -> None:
    """Keys that are one in the hash: apart where they answer differently, else once in each file."""
    differ = len({key.text for key in group}) > 1 and len({key.entry.target for key in group}) > 1
    taken: set[str] = set()
    for key in group:
        name = _hash_of(key)
        if differ or (name in taken and name.endswith("-mixed")):
            maps.put_raw(key)
        elif name not in taken:
            taken.add(name)
            _put(maps, key)


def _put(maps: _Maps, key: Key) -> None:
    if _is_resolved(key.text):
        maps.put_resolved(key)
    elif _is_trimmed(key.text):
        maps.put_raw(key)
    else:
        maps.put(_hash_of(key), key)


def _hash_of(key: Key) -> str:
    """The file of a key. Names are found in any case, as on the old site, if not cased; paths are not."""
    if key.entry.address.kind == "name" and key.cased:
        return "names-mixed"
    if key.entry.address.kind != "path":
        return f"{key.entry.address.kind}s"
    return "paths-mixed" if _CAPITAL.search(key.text) else "paths"


_CAPITAL = re.compile("[A-Z]")
_DOTS = re.compile(r"/\.\.?(?:/|\Z)")


def _is_resolved(text: str) -> bool:
    """Whether nginx makes another path of this one: it merges slashes, walks dots, and we drop the last slash.

    >>> [_is_resolved(text) for text in ("/a...", "/a//b", "/a/../b", "/a/", "/a/.b")]
    [False, True, True, True, False]
    """
    return text.endswith("/") or "//" in text or ("/." in text and _DOTS.search(text) is not None)


def _resolved(path: str) -> str | None:
    """A path after nginx has walked its dots, without double slashes; None where they leave the root.

    >>> _resolved("/a/.././b//c/"), _resolved("/a/../"), _resolved("/a/../../a")
    ('/b/c', '/', None)
    """
    found: list[str] = []
    for segment in path.split("/"):
        if segment == ".." and not found:
            return None
        if segment == "..":
            found.pop()
        elif segment not in {"", "."}:
            found.append(segment)
    return "/" + "/".join(found)


def _is_trimmed(text: str) -> bool:
    """Whether folding loses a part of a path: its ``+`` at either end become blanks, which are trimmed; or are many.

    >>> [_is_trimmed(text) for text in ("/A+B", "/C++", "/+", "/+1")]
    [False, True, True, True]
    """
    return text.startswith("/+") or text.endswith("+") or text.count("+") > _MOST_PLUSES


@dataclass
class _Maps:
    """The map files while they are written, and what the configuration must know of them."""

    files: dict[str, TextIO]
    options: CompileOptions
    findings: list[Finding] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FILES, 0))
    longest: int = 0
    """Bytes of the longest key."""
    blanks: int = 0
    """Most blanks of a key: each of them is a plus of the request, if it is no ``%20``."""
    pluses: int = 0
    """Most pluses of a key."""
    question_marks: int = 0
    """Most of a key."""
    dollar: bool = False

    def put(self, name: str, key: Key) -> None:
        """Writes one line of a hash: the key and the answer, behind which what goes by its own case is repeated."""
        text, answer = key.folded, self.options.answer(key.entry)
        self.pluses = max(self.pluses, text.count("+"))
        self._write(name, key.entry, text, _quoted(text), _mixed(text, answer) if name.endswith("-mixed") else answer)

    def put_stretch(self, stretch: Stretch) -> None:
        """Writes plain entries, as `_put` would one by one."""
        text = stretch.text("" if stretch.kind == "id" else "/")
        keys, answers = text.split("\n"), self.options.answers(stretch.targets)
        if stretch.kind == "path" and _CAPITAL.search(text):
            mixed = [_CAPITAL.search(key) is not None for key in keys]
            self._put_column("paths-mixed", [*compress(keys, mixed)], [*compress(map(_mixed, keys, answers), mixed)])
            plain = [not one for one in mixed]
            keys, answers = [*compress(keys, plain)], [*compress(answers, plain)]
        if keys:
            self._put_column(f"{stretch.kind}s", keys, answers)

    def _put_column(self, name: str, keys: list[str], answers: list[str]) -> None:
        """Writes lines of plain keys, in which nothing is folded or quoted."""
        values = self._escaped("\n".join(answers)).split("\n")
        self.files[name].writelines([f'"{key}" "{value}";\n' for key, value in zip(keys, values, strict=True)])
        self.lines[name] += len(keys)
        self.longest = max(self.longest, longest(keys))
        self.blanks = max(self.blanks, most_blanks(keys))

    def put_resolved(self, key: Key) -> None:
        """What nginx makes another path of; some it never lets anybody look up."""
        path = _resolved(self._base(key) + key.text[1:])
        if path is None:
            self._refuse(key.entry, "nginx answers 400 to a path whose dots leave the root")
            return
        if path == "/":
            self._refuse(key.entry, "as a path, nginx takes it for the home page; the page parameter finds it")
        self.put_raw(key)

    def put_raw(self, key: Key) -> None:
        """An expression over the raw request, for what nginx's own view of it confuses."""
        kind = key.entry.address.kind
        pattern = f"^{_raw_pattern(self._base(key) + key.text[1:])}\\z"
        self._write(f"{kind}s-raw", key.entry, key.text, _quoted("~" + pattern), self.options.answer(key.entry))

    def _base(self, key: Key) -> str:
        return self.options.base if key.entry.address.kind == "name" else "/"

    def _refuse(self, entry: Entry, why: str) -> None:
        """A finding; once for an entry in two normal forms."""
        finding = unsupported(SERVER, entry, why)
        if finding not in self.findings[-1:]:
            self.findings.append(finding)

    def _write(self, name: str, entry: Entry, text: str, key: str, answer: str) -> None:
        value = self.value(answer)
        size = max(len(key.encode()), len(value.encode()))
        if size > LONGEST_TOKEN:
            why = f"{size} bytes where a word of the configuration has at most {LONGEST_TOKEN}"
            self._refuse(entry, why)
            return
        self.files[name].write(f"{key} {value};\n")
        self.lines[name] += 1
        self.longest = max(self.longest, len(text.encode()))
        self.blanks = max(self.blanks, text.count(" "))
        self.question_marks = max(self.question_marks, text.count("?"))

    def value(self, answer: str) -> str:
        """An answer as a word of the configuration, where a dollar begins a variable."""
        return f'"{self._escaped(answer)}"'

    def _escaped(self, answer: str) -> str:
        self.dollar |= "$" in answer
        return _word(answer).replace("$", "${wiki_etl_dollar}")


def _mixed(text: str, answer: str) -> str:
    """The value of what goes by its own case: behind the answer, which has no ``>``, the key, to be compared with."""
    return f"{answer}>{text}"


def _quoted(text: str) -> str:
    r"""A word of the configuration: inside quotes nginx knows two escapes.

    >>> print(_quoted('/a "b" \\t'))
    "/a \"b\" \\t"
    """
    return f'"{_word(text)}"'


def _word(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _raw_pattern(path: str) -> str:
    r"""The expression for every spelling of a decoded path in a raw request target, behind one slash.

    >>> pattern = _raw_pattern("/A+b c/")
    >>> [bool(re.fullmatch(pattern, raw)) for raw in ("/A%2bb+c%2F", "/%41%2Bb%20c%2f/", "/A+b+c%2F", "/a%2Bb+c%2F")]
    [True, True, False, False]
    """
    inner = path.lstrip("/")
    spelled = [_spelled(char) for char in inner]
    if inner.endswith("/"):
        spelled[-1] = "%2[fF]"  # a slash that is written as one is no part of the name
    return "/" + "".join(spelled) + r"(?:\+|%20)*+(?:/\.?)*+"


def _spelled(char: str) -> str:
    if char == " ":
        return r"(?:\+|%20)"
    if char in "+%":  # as it is, the one means a blank, and the other begins what is encoded
        return encoded(ord(char))
    return "".join(f"(?:{_literal(byte)}|{encoded(byte)})" for byte in char.encode())


def _literal(byte: int) -> str:
    char = chr(byte)
    return char if char.isascii() and char.isalnum() else f"\\x{byte:02x}"


# --- the configuration around the maps -----------------------------------------------------


def _values(maps: _Maps, options: CompileOptions) -> dict[str, object]:
    """What the templates name."""
    base = options.base
    return {
        **common_values(
            options, "/etc/nginx", entries=sum(maps.lines.values()), unsupported_entries=len(maps.findings)
        ),
        "base": base,
        "script": options.script,
        "base_pattern": _word(re.escape(base)),
        "script_pattern": _word(rf"~^{re.escape(options.script)}\z"),
        "port": HOP_PORT,
        "bucket": max(512, -(-(maps.longest + _ENTRY_OVERHEAD) // 64) * 64 * 4),
        "hash": max(2048, 2 * max(maps.lines.values())),
        "buffers": _buffers(maps.longest),
        "home": maps.value(options.home_to or ""),
        "root": maps.value((options.home_to or "") if options.home_path == "/" else ""),
        "expires": "" if options.max_age is None else f"expires {options.max_age}s;",
        "dollar": 'geo $wiki_etl_dollar { default "$"; }  # no other way to write one\n' if maps.dollar else "",
        "pluses": _pluses(maps.pluses),
        "fold": _fold(maps.blanks).rstrip(),
        "hop": _hop(maps.question_marks).rstrip(),
        "raw": maps.lines["names-raw"] + maps.lines["paths-raw"],
    }


def _routes(maps: _Maps, options: CompileOptions) -> Iterator[str]:
    """Expressions for where addresses go that are no pages, few for each place; and the folder that was home."""
    patterns: dict[str, list[str]] = {}
    for route in options.routes:
        path = re.escape(route.path)
        found = [path] if route.kind == "exact" else [f"{path}[0-9]+", rf"\+*{path}[0-9]+-[^\x00-\x1f\x7f]*"]
        patterns.setdefault(options.answer(route), []).extend(found)
    for answer, paths in patterns.items():
        for alternatives in _in_words(paths):
            yield f"{_quoted(f'~^(?:{alternatives})$')} {maps.value(answer)};\n"
    if options.home_to is not None and options.home_path and options.home_path != "/":
        yield f"{_quoted(f'~^{re.escape(options.home_path)}$')} {maps.value(options.home_to)};\n"


def _in_words(patterns: list[str]) -> Iterator[str]:
    """Patterns as alternatives, as many of them together as a word of the configuration has room for."""
    together = patterns[0]
    for pattern in patterns[1:]:
        if len(_word(f"{together}|{pattern}")) > LONGEST_TOKEN:
            yield together
            together = pattern
        else:
            together += f"|{pattern}"
    yield together


def _buffers(longest: int) -> str:
    """Room for the longest key with every byte encoded, where nginx's default has none."""
    need = 3 * longest + 512
    return "" if need <= _HEADER_BUFFER else f"large_client_header_buffers 4 {-(-need // 1024)}k;"


def _fold(blanks: int) -> str:
    """Maps that turn every ``+`` of a path into a blank: eight in a step, then four, two, one.

    More than the longest key has need not be folded: such a request is no key.
    """
    steps = [8] * (blanks // 8) + [4, 2, 1]
    lines = []
    for number, size in enumerate(steps):
        pattern = r"([^+]*)\\+" * size + "(.*)"
        value = " ".join(f"${group}" for group in range(1, size + 2))
        lines.append(_step("fold", number, f"~^{pattern}$", value))
    lines.append(f"map $wiki_etl_fold_{len(steps)} $wiki_etl_folded {{ default $wiki_etl_fold_{len(steps)}; }}\n")
    return "".join(lines)


def _pluses(most: int) -> str:
    """Lines of a map that counts the pluses of a raw request, up to one more than any key has."""
    lines = (f'"~*^(?:(?:(?!%2b).)*+%2b){{{number}}}" "{"+" * number}";' for number in range(most + 1, 0, -1))
    return "\n    ".join(lines)


def _hop(question_marks: int) -> str:
    """Maps that encode what would end the path of the hop: each ``?``, and a slash at the end."""
    lines = [_step("page", number, r"~^([^?]*)\\?(.*)$", "$1%3F$2") for number in range(question_marks)]
    last = f"$wiki_etl_page_{question_marks}"
    return "".join(lines) + f'map {last} $wiki_etl_hop {{ "~^(.*)/$" "$1%2F"; default {last}; }}\n'


def _step(name: str, number: int, pattern: str, value: str) -> str:
    source, result = f"$wiki_etl_{name}_{number}", f"$wiki_etl_{name}_{number + 1}"
    return f'map {source} {result} {{ "{pattern}" "{value}"; default {source}; }}\n'


_CONF_D = """\
# For /etc/nginx/conf.d/ of Debian and others, where files are taken in the order of their names: this one comes first.
# Where your configuration sets one of the sizes in wiki-etl/sizes.conf itself: include wiki-etl/maps.conf instead.
include wiki-etl/http.conf;
"""

_HTTP = """\
# Written by wiki-etl. Belongs into http {}, before any other map:  include wiki-etl/http.conf;
# Where yours sets one of the sizes itself, include wiki-etl/maps.conf instead of this file.
include wiki-etl/sizes.conf;
include wiki-etl/maps.conf;
"""

_SIZES = """\
# What the keys and maps need. nginx wants each of these once, and before the first map of the whole configuration:
# where yours has them already, give it at least these values and leave this file out.
map_hash_bucket_size @bucket@;
map_hash_max_size @hash@;
variables_hash_max_size 4096;
@buffers@
"""

_MAPS = r"""# Written by wiki-etl. Belongs into http {}, behind the sizes. Every name in it begins with wiki_etl.
@dollar@
# The path as nginx decoded it: one slash before it, none behind it, and no line end in it.
map $uri $wiki_etl_fold_0 { "~^/*(?<wiki_etl_a>/[^\\n]*[^/\\n])/*\\z" $wiki_etl_a; }
# Every + is a blank.
@fold@
# What is looked up: the whole path; the part of it inside the old wiki; that part when it is an id, or the page_id.
map $wiki_etl_folded $wiki_etl_path { "~^/ *+(?<wiki_etl_b>.*[^ ])" "/$wiki_etl_b"; }
map $wiki_etl_folded $wiki_etl_name { "~^@base_pattern@ *+(?<wiki_etl_c>.*[^ ])" "/$wiki_etl_c"; }
map "$wiki_etl_plus$wiki_etl_name" $wiki_etl_number { "~^/(?<wiki_etl_d>[0-9]+)$" $wiki_etl_d; }
map $args $wiki_etl_page_id { "~^(?:.*&)?page_id(?:=(?<wiki_etl_e>[^&]*))?(?:&|$)" $wiki_etl_e; }
map $wiki_etl_page_id $wiki_etl_asked_id { "~^(?:\\+|%20)*+(?<wiki_etl_h>[0-9]+)(?:\\+|%20)*+$" $wiki_etl_h; }
map $uri $wiki_etl_id { "@script_pattern@" $wiki_etl_asked_id; default $wiki_etl_number; }
# The raw request without what means nothing before an address; each expression over it would go through that again.
map $request_uri $wiki_etl_raw { "~^/(?:\\.?/)*+(?:\\+|%20)*+(?<wiki_etl_f>[^?#]*)" "/$wiki_etl_f"; }
# As many + as the request really has.
map $wiki_etl_raw $wiki_etl_plus {
    @pluses@
}

# Paths, in their own case: what the raw request alone can tell apart; without capital letters; with some, where the
# key is repeated behind the answer.
map $wiki_etl_raw $wiki_etl_path_a { include wiki-etl/paths-raw.map; }
map $wiki_etl_path $wiki_etl_lower { "~[A-Z]" ""; default $wiki_etl_path; }
map "$wiki_etl_plus$wiki_etl_lower" $wiki_etl_path_b { include wiki-etl/paths.map; }
map "$wiki_etl_plus$wiki_etl_path" $wiki_etl_mixed { include wiki-etl/paths-mixed.map; }
map "$wiki_etl_mixed>$wiki_etl_plus$wiki_etl_path" $wiki_etl_path_c { "~^([^>]+)>(.*)>\\2$" $1; }
# Names: what the raw request alone can tell apart; those that are a path of the new site in another case, which go by
# their own; the rest, in any case of ASCII letters. Ids.
map $wiki_etl_raw $wiki_etl_name_a { include wiki-etl/names-raw.map; }
map "$wiki_etl_plus$wiki_etl_name" $wiki_etl_cased { include wiki-etl/names-mixed.map; }
map "$wiki_etl_cased>$wiki_etl_plus$wiki_etl_name" $wiki_etl_name_b { "~^([^>]+)>(.*)>\\2$" $1; }
map "$wiki_etl_plus$wiki_etl_name" $wiki_etl_name_c { include wiki-etl/names.map; }
map $wiki_etl_id $wiki_etl_id_to { include wiki-etl/ids.map; }

# What is no page (routes.map), and the old home page where it is.
map $uri $wiki_etl_root_to { "/" @root@; }
map "$wiki_etl_plus$wiki_etl_path" $wiki_etl_route_to { include wiki-etl/routes.map; default $wiki_etl_root_to; }

# The first that answers: path, then name, then id, then the rest.
map $wiki_etl_name_b $wiki_etl_to_d { "" $wiki_etl_name_c; default $wiki_etl_name_b; }
map $wiki_etl_name_a $wiki_etl_name_to { "" $wiki_etl_to_d; default $wiki_etl_name_a; }
map $wiki_etl_id_to $wiki_etl_rest_to { "" $wiki_etl_route_to; default $wiki_etl_id_to; }
map $wiki_etl_name_to $wiki_etl_page_to { "" $wiki_etl_rest_to; default $wiki_etl_name_to; }
map $wiki_etl_path_c $wiki_etl_to_c { "" $wiki_etl_page_to; default $wiki_etl_path_c; }
map $wiki_etl_path_b $wiki_etl_to_b { "" $wiki_etl_to_c; default $wiki_etl_path_b; }
map $wiki_etl_path_a $wiki_etl_to { "" $wiki_etl_to_b; default $wiki_etl_path_a; }

# In front of an application only what is read is answered: its forms and its API have methods of their own.
map $request_method $wiki_etl_reads { GET 1; HEAD 1; }
map $request_method $wiki_etl_asked { GET $wiki_etl_to; HEAD $wiki_etl_to; }

# The page script: by id; else the name makes a hop (hop.conf), for nginx never decodes a parameter; without either
# it is a path, or the old home page. Of a parameter that is given twice the last one counts.
map $wiki_etl_to $wiki_etl_bare_to { "" @home@; default $wiki_etl_to; }
map $args $wiki_etl_script_to { "~(?:^|&)page(?:_id)?(?:[=&]|$)" $wiki_etl_id_to; default $wiki_etl_bare_to; }
map $args $wiki_etl_page_0 { "~^(?:.*&)?page(?:=(?<wiki_etl_g>[^&]*))?(?:&|$)" $wiki_etl_g; }
@hop@
include wiki-etl/hop.conf;
"""

_HOP = """\
# Where a page parameter becomes a path and is decoded. Loopback only, and a port, for a socket in the file system
# outlives a killed nginx and keeps the next one from starting. Another nginx on this machine takes another port.
upstream wiki_etl_hop { server 127.0.0.1:@port@; }
server {
    listen 127.0.0.1:@port@;
    access_log off;
    absolute_redirect off;
    location / {
        if ($wiki_etl_name_to = 410) { return 410; }
        if ($wiki_etl_name_to) { return @status@ $wiki_etl_name_to; }
        return 404;
    }
}
"""

_ANSWER = """\
location @wiki_etl {
    absolute_redirect off;
    @expires@
    if ($wiki_etl_to = 410) { return 410; }
    if ($wiki_etl_to) { return @status@ $wiki_etl_to; }
    return 404;
}
"""

_SERVER = (
    """\
# Written by wiki-etl. Belongs into server {} of a site of files:  include wiki-etl/server.conf;
# The location of the new site falls back on it:  try_files $uri $uri/index.html @wiki_etl;
"""
    + _ANSWER
)

_APP_SERVER = (
    """\
# Written by wiki-etl. Belongs into server {} of a proxied application:  include wiki-etl/app-server.conf;
# Needs location @wiki_etl_app, which leads to the application and includes wiki-etl/app-fallback.conf.
"""
    + _ANSWER
)

_SCRIPT = """\
location = "@script@" {
    absolute_redirect off;
@app@    @expires@
    if ($wiki_etl_script_to = 410) { return 410; }
    if ($wiki_etl_script_to) { return @status@ $wiki_etl_script_to; }
    if ($wiki_etl_page_0 = "") { return 404; }
    proxy_pass "http://wiki_etl_hop@base@$wiki_etl_hop";
    proxy_redirect off;
    proxy_cache off;
    proxy_bind off;
    proxy_intercept_errors on;
    proxy_pass_request_headers off;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
}
location = "@script@/" { rewrite ^ "@script@" last; }
"""

_SCRIPT_APP = """\
    error_page 404 = @wiki_etl_app;
    if ($wiki_etl_reads = "") { return 404; }
"""

_APP_LOCATION = """\
# Written by wiki-etl. Belongs into the location that leads to the application:  include wiki-etl/app-location.conf;
# What the map knows takes the way over @wiki_etl_app, where the application's 404 asks the map. All else stays here.
recursive_error_pages on;
if ($wiki_etl_asked) {
    error_page 418 = @wiki_etl_app;
    return 418;
}
"""

_APP_FALLBACK = """\
# Written by wiki-etl. Belongs into location @wiki_etl_app {}, with the lines that lead to the application:
#   include wiki-etl/app-fallback.conf;
# Of what the application answers only a 404 is replaced, and only where the map knows better.
proxy_intercept_errors on;
fastcgi_intercept_errors on;
uwsgi_intercept_errors on;
scgi_intercept_errors on;
error_page 599 = @wiki_etl;  # keeps the error pages of the server from replacing those of the application
if ($wiki_etl_asked) { error_page 404 = @wiki_etl; }
"""

_EXAMPLE = """\
# A complete configuration that loads as it is, to try the map or to start from. In this folder, with the new site
# in html/:  nginx -p "$PWD" -c "$PWD/nginx.conf"
pid nginx.pid;
events {}
http {
    include wiki-etl/http.conf;
    access_log off;
    default_type text/html;
    server {
        listen 127.0.0.1:8080;
        root html;
        location / { try_files $uri $uri/index.html @wiki_etl; }
        include wiki-etl/server.conf;
    }
}
"""

_EXAMPLE_APP = """\
# The same in front of an application that listens on 127.0.0.1:8081:  nginx -p "$PWD" -c "$PWD/nginx-app.conf"
pid nginx.pid;
events {}
http {
    include wiki-etl/http.conf;
    access_log off;
    server {
        listen 127.0.0.1:8080;
        location / {
            include wiki-etl/app-location.conf;
            proxy_pass http://127.0.0.1:8081;
        }
        location @wiki_etl_app {
            include wiki-etl/app-fallback.conf;
            proxy_pass http://127.0.0.1:8081;
        }
        include wiki-etl/app-server.conf;
    }
}
"""

_README = """\
# The redirect map for nginx

@entries@ keys. nginx 1.18 or later, without modules and scripts: 1.14 starts as well, but leaves addresses that end in
`/.` unanswered, and drops a `%` at the end of one.

## Install

1. Copy the folder `wiki-etl/` beside the main `nginx.conf`, usually to `/etc/nginx/wiki-etl/`: nginx looks there for
   included files.
2. Add three lines. The first one goes before any other `map`: on Debian, copy `conf.d/00-wiki-etl.conf` to
   `/etc/nginx/conf.d/` instead. The second one is your own `try_files` with `@wiki_etl` as its last word, in place of
   `=404`.

```nginx
http {
    include wiki-etl/http.conf;
    server {
        location / { try_files $uri $uri/index.html @wiki_etl; }
        include wiki-etl/server.conf;
    }
}
```

`nginx.conf` is a complete example. What the new site answers always wins over the map.

A location of your own for file types, such as `location ~* \\.(css|js|png|pdf|html)$`, answers old addresses that
end so by its own 404. It needs the line `try_files $uri @wiki_etl;`, too.

### In front of an application

The map answers where the application says 404 and the map knows the address. Other 404s, errors, and all requests
but GET and HEAD stay the application's own. The lines that lead to the application (`proxy_pass`) are needed twice:

```nginx
server {
    location / {
        include wiki-etl/app-location.conf;
        proxy_pass http://app;
    }
    location @wiki_etl_app {
        include wiki-etl/app-fallback.conf;
        proxy_pass http://app;
    }
    include wiki-etl/app-server.conf;
}
```

`nginx-app.conf` is a complete example. `uwsgi_pass` and `scgi_pass` work the same way.

With PHP and a front controller, the application behind `@wiki_etl_app` is `index.php`:

```nginx
server {
    location / {
        include wiki-etl/app-location.conf;
        try_files $uri $uri/ /index.php?$args;
    }
    location ~ \\.php$ {
        include wiki-etl/app-location.conf;
        include fastcgi_params;
        fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
        fastcgi_pass unix:/run/php/php-fpm.sock;
    }
    location @wiki_etl_app {
        include wiki-etl/app-fallback.conf;
        include fastcgi_params;
        fastcgi_param SCRIPT_FILENAME $document_root/index.php;
        fastcgi_pass unix:/run/php/php-fpm.sock;
    }
    include wiki-etl/app-server.conf;
}
```

Locations of your own for file types then need `try_files $uri @wiki_etl_app;`.

### An old host with its own `server`

If targets are absolute (setting `site`), the old host needs no files:
`location / { try_files /.none @wiki_etl; }`

## Check, reload, roll back

```sh
nginx -t                    # before every reload: a bad map keeps the old one running
nginx -s reload             # takes the new map without dropping a request
@check@
```

@roll_back@

## What to know

* `wiki-etl/sizes.conf` sets what the keys and maps need: `map_hash_bucket_size @bucket@`, `map_hash_max_size @hash@`
  and `variables_hash_max_size 4096`. nginx takes each only once, and before the first `map`. If nginx says
  `directive is duplicate`, a `map` of yours comes first, or your configuration sets one, too: then set at least
  these values there, before any `map`, and include `wiki-etl/maps.conf` instead of `wiki-etl/http.conf`.
* nginx reads the whole map at every start, check and reload. Measured: 1,000,000 keys take 2 seconds and 250 MB,
  6,000,000 take 15 seconds and 1 GB; after a reload the old workers hold theirs until their last request ends.
* `@script@?page=` takes a hop over 127.0.0.1:@port@ (`wiki-etl/hop.conf`): nginx does not decode
  parameters. A second nginx on the same machine needs another port, again after every
  update: `sed -i s/@port@/<port>/ wiki-etl/hop.conf`. SELinux: `setsebool -P httpd_can_network_connect on`.
* Names are found in upper and lower case of ASCII letters. @raw@ keys that differ from others only by case, `+` for a
  blank, or slashes and dots are regular expressions (`*-raw.map`): exact, but each costs a little on every request
  that the new site does not answer.
* @unsupported@ entries of the map could not be expressed: the findings `redirect.unsupported`.
* Variables, locations and upstreams are named `wiki_etl…`, so that they cannot clash with yours.
* Answers are @status@ or 410; nothing from a request is copied into `Location`.
"""

_TEMPLATES = {
    "README.md": _README,
    "nginx.conf": _EXAMPLE,
    "nginx-app.conf": _EXAMPLE_APP,
    "conf.d/00-wiki-etl.conf": _CONF_D,
    f"{FOLDER}/http.conf": _HTTP,
    f"{FOLDER}/sizes.conf": _SIZES,
    f"{FOLDER}/maps.conf": _MAPS,
    f"{FOLDER}/hop.conf": _HOP,
    f"{FOLDER}/server.conf": _SERVER + _SCRIPT.replace("@app@", ""),
    f"{FOLDER}/app-server.conf": _APP_SERVER + _SCRIPT.replace("@app@", _SCRIPT_APP),
    f"{FOLDER}/app-location.conf": _APP_LOCATION,
    f"{FOLDER}/app-fallback.conf": _APP_FALLBACK,
}
"""Every file but the maps."""
