"""The redirect map for nginx, without modules: hash maps that its own decoded ``$uri`` is looked up in.

nginx finds a key of a ``map`` by its bytes but for the case of ASCII letters, has no way to replace
``+`` by a blank but regular expressions, and never decodes a parameter (redirects.md 4). So the keys
here are *folded*: every ``+`` a blank. A chain of expressions folds the request, as long as the longest key
needs it; the page parameter takes a hop over loopback, where it is a path and gets decoded. What
folding, case, or the way nginx resolves slashes and dots would confuse with another entry is kept out of the
hash and found by an expression over the raw request, which is exact, but slow in numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TextIO

from etl.addresses import SCRIPT, as_path
from etl.load.redirects.neutral import CompileOptions, Crowd, Entry, entries, unsupported
from etl.model import Finding

SERVER = "nginx"
FOLDER = "wiki-etl"
"""nginx resolves every include against the folder of its main file: the name there is fixed."""
HOP_PORT = 19417

LONGEST_TOKEN = 4000  # bytes of one word of a configuration; nginx itself ends at 4,095
_ENTRY_OVERHEAD = 18  # bytes that nginx needs beside a key in a bucket
_HEADER_BUFFER = 8192  # nginx's own default for the longest request line

_MANY_BLANKS = 200  # beyond, the maps that fold them are more variables than nginx expects
_PAGE_ID = (  # the last page_id of a query, and no other parameter of that name behind it
    r"\?(?:.*&)?page_id=(?:\+|%20)*(?<wiki_etl_e>[1-9][0-9]*)(?:\+|%20)*(?:&(?!(?:.*&)?page_id(?:=|&|$))|$)"
)

FILES = ("names", "ids", "paths", "paths-mixed", "names-raw", "paths-raw")
"""The maps: names, ids, paths without and with capital letters, and what only the raw request can tell apart."""


class Key(NamedTuple):
    """One spelling under which nginx may find an entry."""

    entry: Entry
    text: str
    """The address as a path, in NFC or NFD."""

    @property
    def folded(self) -> str:
        """The text as nginx sees it after folding, with the case of its letters; an id as it is."""
        return self.text if self.text[0] != "/" else "/" + self.text[1:].replace("+", " ").strip(" ")

    @property
    def hashed(self) -> bytes:
        """What nginx's hash compares."""
        return self.folded.encode().lower()


# --- the compiler --------------------------------------------------------------------------


def compile_map(map_file: Path, out: Path, options: CompileOptions) -> list[Finding]:
    """Writes the configuration of nginx for a map into the folder ``out``; goes over the map twice.

    Returns a finding for each entry that nginx cannot express. Raises MapError.
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    survey = _survey(map_file)
    with ExitStack() as stack:
        files = {name: stack.enter_context(_create(folder / f"{name}.map")) for name in FILES}
        maps = _Maps(files, options)
        _fill(maps, map_file, survey)
    for name, text in _texts(maps, options).items():
        with _create(out / name) as file:
            file.write(text)
    return maps.findings


def _create(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n")


def _keys(entry: Entry) -> Iterator[Key]:
    """The spellings of an address: NFC, and NFD where it differs, for clients that send that."""
    text = entry.address.value if entry.address.kind == "id" else as_path(entry.address)
    yield Key(entry, text)
    if not text.isascii() and (other := unicodedata.normalize("NFD", text)) != text:
        yield Key(entry, other)


def _survey(map_file: Path) -> Crowd:
    """First pass: which keys may meet in nginx's hash."""
    crowd = Crowd(map_file.stat().st_size if map_file.is_file() else 0)
    for entry in entries(map_file):
        for key in _keys(entry):
            crowd.add(key.hashed)
    return crowd


def _fill(maps: _Maps, map_file: Path, crowd: Crowd) -> None:
    """Second pass: writes each entry, those whose keys may meet at the end."""
    waiting: dict[bytes, list[Key]] = {}
    for entry in entries(map_file, again=True):
        for key in _keys(entry):
            if crowd.suspects(key.hashed):
                waiting.setdefault(key.hashed, []).append(key)
            else:
                _put(maps, key)
    for group in waiting.values():
        _put_group(maps, _without_repeats(maps, group))


def _put_group(maps: _Maps, group: list[Key]) -> None:
    """Keys that are one in the hash: apart where they answer differently, else once in each file."""
    differ = len({key.text for key in group}) > 1 and len({key.entry.target for key in group}) > 1
    taken: set[str] = set()
    for key in group:
        name = _hash_of(key)
        if differ or (name in taken and name == "paths-mixed"):
            maps.put_raw(key)
        elif name not in taken:
            taken.add(name)
            _put(maps, key)


def _without_repeats(maps: _Maps, group: list[Key]) -> list[Key]:
    """The first of each address: a map is a function, but a map that was edited by hand may not be one."""
    first: dict[tuple[str, str], Key] = {}
    for key in group:
        kept = first.setdefault((key.entry.address.kind, key.text), key)
        if kept.entry.target != key.entry.target:
            maps.findings.append(unsupported(SERVER, key.entry, "the map has this address twice; the first one counts"))
    return list(first.values())


def _put(maps: _Maps, key: Key) -> None:
    if _is_resolved(key.text):
        maps.put_raw(key)
    elif _hash_of(key) == "paths-mixed":
        maps.put_mixed(key)
    else:
        maps.put(_hash_of(key), key.entry, key.folded)


def _hash_of(key: Key) -> str:
    """The file of a key. Names are found in any case, as on the old site; paths are not."""
    if key.entry.address.kind != "path":
        return f"{key.entry.address.kind}s"
    return "paths-mixed" if re.search("[A-Z]", key.text) else "paths"


def _is_resolved(text: str) -> bool:
    """Whether nginx makes another path of this one: it merges slashes, walks dots, and we drop the last slash.

    >>> [_is_resolved(text) for text in ("/a...", "/a//b", "/a/../b", "/a/", "/a/.b")]
    [False, True, True, True, False]
    """
    return text.endswith("/") or "//" in text or re.search(r"/\.\.?(?:/|\Z)", text) is not None


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
    """Most blanks and pluses of a key."""
    marks: int = 0
    """Most question marks of a key."""
    dollar: bool = False

    def put(self, name: str, entry: Entry, text: str) -> None:
        """Writes one line of a hash: the key and the answer."""
        self._write(name, entry, text, _quoted(text), self.options.answer(entry))

    def put_mixed(self, key: Key) -> None:
        """A path with capital letters: the answer repeats the key, so that its case can be compared."""
        text = key.folded
        self._write("paths-mixed", key.entry, text, _quoted(text), f"{text}>{self.options.answer(key.entry)}")

    def put_raw(self, key: Key) -> None:
        """An expression over the raw request, for what nginx's own view of it confuses."""
        kind = key.entry.address.kind
        base = _base(self.options) if kind == "name" else "/"
        pattern = f"^{raw_pattern(base + key.text[1:])}\\z"
        self._write(f"{kind}s-raw", key.entry, key.text, _quoted("~" + pattern), self.options.answer(key.entry))

    def _write(self, name: str, entry: Entry, text: str, key: str, answer: str) -> None:
        value = _quoted(answer).replace("$", "${wiki_etl_dollar}")
        size = max(len(key.encode()), len(value))
        if size > LONGEST_TOKEN:
            why = f"{size} bytes where a word of the configuration has at most {LONGEST_TOKEN}"
            self.findings.append(unsupported(SERVER, entry, why))
            return
        self.files[name].write(f"{key} {value};\n")
        self.lines[name] += 1
        self.longest = max(self.longest, len(text.encode()))
        self.blanks = max(self.blanks, text.count(" ") + text.count("+"))
        self.marks = max(self.marks, text.count("?"))
        self.dollar |= "$" in answer


def _base(options: CompileOptions) -> str:
    """The folder of the old wiki with a slash at either end."""
    inner = options.legacy_base.strip("/")
    return f"/{inner}/" if inner else "/"


def _quoted(text: str) -> str:
    r"""A word of the configuration: inside quotes nginx knows two escapes.

    >>> print(_quoted('/a "b" \\t'))
    "/a \"b\" \\t"
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def raw_pattern(path: str) -> str:
    r"""The expression for every spelling of a decoded path in a raw request target.

    >>> pattern = raw_pattern("/A+b c/")
    >>> [bool(re.fullmatch(pattern, raw)) for raw in ("/A%2bb+c%2F", "//%41%2Bb%20c%2f/", "/A+b+c%2F", "/a%2Bb+c%2F")]
    [True, True, False, False]
    """
    inner = path.lstrip("/")
    spelled = [_spelled(char) for char in inner]
    if inner.endswith("/"):
        spelled[-1] = "%2[fF]"  # a slash that is written as one is no part of the name
    return r"/+(?:\./+)*(?:\+|%20)*" + "".join(spelled) + r"(?:\+|%20)*(?:/+\.?)*"


def _spelled(char: str) -> str:
    if char == " ":
        return r"(?:\+|%20)"
    if char == "+":
        return "%2[bB]"
    return "".join(f"(?:{_literal(byte)}|%{_hex(byte >> 4)}{_hex(byte & 15)})" for byte in char.encode())


def _literal(byte: int) -> str:
    char = chr(byte)
    return char if char.isascii() and char.isalnum() else f"\\x{byte:02x}"


def _hex(digit: int) -> str:
    lower, upper = f"{digit:x}", f"{digit:X}"
    return lower if lower == upper else f"[{lower}{upper}]"


# --- the configuration around the maps -----------------------------------------------------


def _texts(maps: _Maps, options: CompileOptions) -> dict[str, str]:
    """Every file but the maps."""
    base = _base(options)
    script = re.escape(base + SCRIPT)
    values = {
        "base": base,
        "script": base + SCRIPT,
        "base_pattern": _word(re.escape(base)),
        "script_pattern": _word(script),
        "page_id_pattern": _word(f"~^{script}{_PAGE_ID}"),
        "port": HOP_PORT,
        "bucket": max(512, -(-(maps.longest + _ENTRY_OVERHEAD) // 64) * 64 * 4),
        "hash": max(2048, 2 * max(maps.lines.values())),
        "variables": "variables_hash_max_size 4096;\n" if maps.blanks > _MANY_BLANKS else "",
        "buffers": _buffers(maps.longest),
        "dollar": 'geo $wiki_etl_dollar { default "$"; }  # no other way to write one\n' if maps.dollar else "",
        "fold": _fold(maps.blanks),
        "hop": _hop(maps.marks),
        "entries": sum(maps.lines.values()),
        "raw": maps.lines["names-raw"] + maps.lines["paths-raw"],
        "unsupported": len(maps.findings),
    }
    templates = {
        "README.md": _README,
        "nginx.conf": _EXAMPLE,
        f"{FOLDER}/sizes.conf": _SIZES,
        f"{FOLDER}/http.conf": _HTTP,
        f"{FOLDER}/hop.conf": _HOP,
        f"{FOLDER}/server.conf": _SERVER,
    }
    return {name: _filled(template, values) for name, template in templates.items()}


def _filled(template: str, values: dict[str, object]) -> str:
    """A template with its ``@names@`` filled in; braces and dollars belong to nginx."""
    return re.sub(r"@([a-z_]+)@", lambda match: str(values[match[1]]), template)


def _word(pattern: str) -> str:
    return _quoted(pattern)[1:-1]


def _buffers(longest: int) -> str:
    """Room for the longest key with every byte encoded, where nginx's default has none."""
    need = 3 * longest + 512
    return "" if need <= _HEADER_BUFFER else f"large_client_header_buffers 4 {-(-need // 1024)}k;\n"


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


def _hop(marks: int) -> str:
    """Maps that encode what would end the path of the hop: each ``?``, and a slash at the end."""
    lines = [_step("page", number, r"~^([^?]*)\\?(.*)$", "$1%3F$2") for number in range(marks)]
    last = f"$wiki_etl_page_{marks}"
    return "".join(lines) + f'map {last} $wiki_etl_hop {{ "~^(.*)/$" "$1%2F"; default {last}; }}\n'


def _step(name: str, number: int, pattern: str, value: str) -> str:
    source, result = f"$wiki_etl_{name}_{number}", f"$wiki_etl_{name}_{number + 1}"
    return f'map {source} {result} {{ "{pattern}" "{value}"; default {source}; }}\n'


_SIZES = """\
# Computed from the keys. nginx wants both before the first map of the whole configuration: where yours
# sets them already, keep the larger value in one place and delete the line here.
map_hash_bucket_size @bucket@;
map_hash_max_size @hash@;
@variables@"""

_HTTP = r"""# Written by wiki-etl. Belongs into http {}, before any other map:  include wiki-etl/http.conf;
include wiki-etl/sizes.conf;
@dollar@
# The path as nginx decoded it: one slash before it, none behind it, and no line end in it.
map $uri $wiki_etl_fold_0 { "~^/*(?<wiki_etl_a>/[^\\n]*[^/\\n])/*\\z" $wiki_etl_a; default ""; }
# Every + is a blank.
@fold@
# What is looked up: the whole path; the part of it inside the old wiki; that part when it is an id, or the page_id.
map $wiki_etl_folded $wiki_etl_path { "~^/ *(?<wiki_etl_b>[^ ](?:.*[^ ])?) *$" "/$wiki_etl_b"; default ""; }
map $wiki_etl_folded $wiki_etl_name {
    "~^@base_pattern@ *(?<wiki_etl_c>[^ ](?:.*[^ ])?) *$" "/$wiki_etl_c";
    default "";
}
map $wiki_etl_name $wiki_etl_number { "~^/(?<wiki_etl_d>[1-9][0-9]*)$" $wiki_etl_d; default ""; }
map "$uri?$args" $wiki_etl_id {
    "@page_id_pattern@" $wiki_etl_e;
    "~^@script_pattern@\\?" "";
    default $wiki_etl_number;
}
map $request_uri $wiki_etl_raw { "~^(?<wiki_etl_f>[^?#]*)" $wiki_etl_f; default ""; }

# Paths, in their own case: what the raw request alone can tell apart; without capital letters; with some, where the
# answer repeats the key.
map $wiki_etl_raw $wiki_etl_path_a { include wiki-etl/paths-raw.map; }
map $wiki_etl_path $wiki_etl_lower { "~[A-Z]" ""; default $wiki_etl_path; }
map $wiki_etl_lower $wiki_etl_path_b { include wiki-etl/paths.map; }
map $wiki_etl_path $wiki_etl_mixed { include wiki-etl/paths-mixed.map; }
map "$wiki_etl_path>$wiki_etl_mixed" $wiki_etl_path_c { "~^(.*)>\\1>(.*)$" $2; default ""; }
# Names: what the raw request alone can tell apart; the rest, in any case of ASCII letters. Ids.
map $wiki_etl_raw $wiki_etl_name_a { include wiki-etl/names-raw.map; }
map $wiki_etl_name $wiki_etl_name_b { include wiki-etl/names.map; }
map $wiki_etl_id $wiki_etl_id_to { include wiki-etl/ids.map; }

# The first that answers: path, then name, then id.
map $wiki_etl_name_a $wiki_etl_name_to { "" $wiki_etl_name_b; default $wiki_etl_name_a; }
map $wiki_etl_name_to $wiki_etl_page_to { "" $wiki_etl_id_to; default $wiki_etl_name_to; }
map $wiki_etl_path_c $wiki_etl_to_c { "" $wiki_etl_page_to; default $wiki_etl_path_c; }
map $wiki_etl_path_b $wiki_etl_to_b { "" $wiki_etl_to_c; default $wiki_etl_path_b; }
map $wiki_etl_path_a $wiki_etl_to { "" $wiki_etl_to_b; default $wiki_etl_path_a; }

# The page script: by id; else the name makes a hop (hop.conf), for nginx never decodes a parameter; without either
# it is a path. Of a parameter that is given twice the last one counts.
map $args $wiki_etl_script_to { "~(?:^|&)page(?:_id)?(?:[=&]|$)" $wiki_etl_id_to; default $wiki_etl_to; }
map $args $wiki_etl_page_0 { "~^(?:.*&)?page=(?<wiki_etl_g>[^&]*)" $wiki_etl_g; default ""; }
@hop@include wiki-etl/hop.conf;
"""

_HOP = """\
# Where a page parameter becomes a path and is decoded. Loopback only; take another port where this one is taken.
upstream wiki_etl_hop { server 127.0.0.1:@port@; }
server {
    listen 127.0.0.1:@port@;
    access_log off;
    absolute_redirect off;
    @buffers@
    location / {
        if ($wiki_etl_name_to = 410) { return 410; }
        if ($wiki_etl_name_to) { return 301 $wiki_etl_name_to; }
        return 404;
    }
}
"""

_SERVER = """\
# Written by wiki-etl. Belongs into server {}:  include wiki-etl/server.conf;
# The location of the new site falls back on it:  try_files $uri $uri/index.html @wiki_etl;
@buffers@
location @wiki_etl {
    absolute_redirect off;
    if ($wiki_etl_to = 410) { return 410; }
    if ($wiki_etl_to) { return 301 $wiki_etl_to; }
    return 404;
}
location = "@script@" {
    absolute_redirect off;
    if ($wiki_etl_script_to = 410) { return 410; }
    if ($wiki_etl_script_to) { return 301 $wiki_etl_script_to; }
    if ($wiki_etl_page_0 = "") { return 404; }
    proxy_pass "http://wiki_etl_hop@base@$wiki_etl_hop";
    proxy_redirect off;
    proxy_pass_request_headers off;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
}
location = "@script@/" { rewrite ^ "@script@" last; }
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

_README = """\
# The redirect map for nginx

@entries@ keys. Nothing but nginx itself is needed: no module, no script.

## Install

1. Copy the folder `wiki-etl/` beside the main `nginx.conf`, usually to `/etc/nginx/wiki-etl/`: nginx looks for
   included files there, whatever file includes them.
2. Add three lines:

```nginx
http {
    include wiki-etl/http.conf;          # before any other map
    server {
        location / { try_files $uri $uri/index.html @wiki_etl; }
        include wiki-etl/server.conf;
    }
}
```

Where the new site is an application behind `proxy_pass`, its location takes `proxy_intercept_errors on;` and
`error_page 404 = @wiki_etl;` instead of `try_files`. What the new site answers always wins over the map.

`nginx.conf` is a complete example.

## Check, reload, roll back

```sh
nginx -t                    # before every reload: a bad map keeps the old one running
nginx -s reload             # takes the new map without dropping a request
curl -sI 'http://localhost/tiki-index.php?page=Some+Page'
```

To roll back, put the former folder `wiki-etl/` in its place and reload. Before it goes, keep it:
`cp -a /etc/nginx/wiki-etl /etc/nginx/wiki-etl.before`.

## What to know

* `map_hash_bucket_size @bucket@` and `map_hash_max_size @hash@` (`wiki-etl/sizes.conf`) are computed from the
  keys. nginx takes each of them once, before the first map.
* `tiki-index.php?page=` makes a hop over 127.0.0.1:@port@ (`wiki-etl/hop.conf`), because nginx does not decode
  parameters. Another port: change it twice there. SELinux: `setsebool -P httpd_can_network_connect on`.
* Names are found in any case of ASCII letters. @raw@ keys that this, `+` for a blank, or slashes and dots would mix up
  with others are regular expressions (`*-raw.map`): exact, but each costs a little on every request that the new
  site does not answer.
* @unsupported@ entries of the map could not be expressed; `wiki-etl` lists them as `redirect.unsupported`.
* Where `wiki-etl/server.conf` sets `large_client_header_buffers`, it must be in the first server of its address.
* Requests are answered 301 or 410 and nothing of a request is ever repeated in `Location`.
"""
