"""The redirect map for Apache httpd 2.4: one text map, or the SDBM file that is built from it.

mod_rewrite reads the request line as it came, decodes it by itself, and escapes it again in Apache's own way: a
key is ASCII without blanks, and stands for one text only. What differs by ``+``, slashes, dots or bytes stays apart,
so there is no second file for special cases. A long key is replaced by its SHA-1. A line of a text map ends at 1,024
bytes and a pair of SDBM at 1,008 (redirects.md 5), but lines here are at most half of that: SDBM parts two pairs that
do not fit into one page by ten bits of their hashes at most, and gives up when those are equal.

A line is ``<kind>:<key> <answer>``; kinds are ``p`` path, ``n`` name in lower case, ``i`` id, and ``e``, the exact
name, where names that differ by case alone go different ways: their ``n`` line answers ``=``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import ascii_letters, digits
from typing import NamedTuple

from etl.addresses import host_name
from etl.load.redirects.exact import Group, as_groups, pieces, spellings
from etl.load.redirects.files import (
    FOLDER,
    common_values,
    create,
    filled,
    longest,
    most_blanks,
    unsupported,
    write_filled,
)
from etl.load.redirects.neutral import Entry
from etl.load.redirects.options import CompileOptions
from etl.load.redirects.survey import Stretch, Survey
from etl.model import Finding
from etl.routes import Route

SERVER = "apache"

LONGEST_KEY = 200
"""Characters of a key; a longer one is hashed."""
LONGEST_LINE = 500
_LONGEST_ID = 180
_REQUEST_LINE = 8190  # Apache's own default

_SAME = "="


def compile_map(survey: Survey, out: Path, options: CompileOptions) -> list[Finding]:
    """Writes the configuration of Apache for a map into the folder ``out``.

    Returns a finding for each entry that Apache cannot express.
    """
    folder = out / FOLDER
    folder.mkdir()
    findings: list[Finding] = []
    facts = _Facts(odd=sum(_is_odd(options.answer(route)) for route in options.routes))
    with create(folder / "redirects.map") as file:
        for piece in pieces(survey, SERVER, findings):
            columns = _of_stretch(piece, options) if isinstance(piece, Stretch) else None
            if columns is None:
                columns = _of_groups(as_groups(piece), options, findings)
            file.writelines([f"{key} {answer}\n" for key, answer in zip(columns.keys, columns.answers, strict=True)])
            facts.see(columns)
    write_filled(out, _TEMPLATES, _values(facts, options, len(findings)))
    (folder / "build-map.sh").chmod(0o755)
    return findings


class _Line(NamedTuple):
    key: str
    answer: str
    text: str
    """What the key stands for."""


class _Columns(NamedTuple):
    """Lines, of each of which one thing stands in each list."""

    keys: list[str]
    answers: list[str]
    texts: list[str]


@dataclass
class _Facts:
    """What the configuration must know of the map."""

    odd: int
    """Targets that only an absolute address can say without a change."""
    lines: int = 0
    longest: int = 0
    """Bytes of the longest key, decoded."""
    blanks: int = 0
    """Most blanks of a key."""

    def see(self, columns: _Columns) -> None:
        self.lines += len(columns.keys)
        self.longest = max(self.longest, longest(columns.texts))
        self.blanks = max(self.blanks, most_blanks(columns.texts))
        answers = "".join(columns.answers)
        if "%" in answers or not _is_safe(answers):
            self.odd += sum(map(_is_odd, columns.answers))


def _is_odd(answer: str) -> bool:
    return answer[0] == "/" and not _IS_PLAIN.fullmatch(answer)


# --- keys ----------------------------------------------------------------------------------


def _of_stretch(stretch: Stretch, options: CompileOptions) -> _Columns | None:
    """The lines of plain entries; None where one of them is too long."""
    keys, answers = _keys(stretch), options.answers(stretch.targets)
    fit = max(map(len, keys)) + max(map(len, answers)) + 2 <= LONGEST_LINE
    return _Columns(keys, answers, stretch.values) if fit else None


def _keys(stretch: Stretch) -> list[str]:
    """The key of each plain entry, as `key` makes it."""
    kind, text = stretch.kind[0], "\n".join(stretch.values)
    if kind == "p":
        text = text[1:].replace("\n/", "\n")
    text = text.replace("%", "%25").replace(" ", "%20")
    if not _is_safe(text):
        text = _UNSAFE.sub(lambda match: escape(match[0]), text)
    return [_short(kind, escaped) for escaped in (text.lower() if kind == "n" else text).split("\n")]


def _of_groups(groups: Iterable[Group], options: CompileOptions, findings: list[Finding]) -> _Columns:
    rows = [line for group in groups for line in _lines(group, options, findings)]
    return _Columns(*([*column] for column in zip(*rows, strict=True))) if rows else _Columns([], [], [])


def _lines(group: Group, options: CompileOptions, findings: list[Finding]) -> Iterator[_Line]:
    """The lines of a group, each key once."""
    taken: set[str] = set()
    for entry in group.entries:
        for line in _entry_lines(entry, group.folds, options):
            if line.key in taken:
                continue
            if len(line.key) + len(line.answer) + 2 > LONGEST_LINE:
                why = f"the target makes a line of more than {LONGEST_LINE} bytes"
                findings.append(unsupported(SERVER, entry, why))
                break
            taken.add(line.key)
            yield line


def _entry_lines(entry: Entry, folds: bool, options: CompileOptions) -> Iterator[_Line]:
    kind, answer = entry.address.kind, options.answer(entry)
    for text in spellings(entry):
        if kind == "name":
            yield _Line(key("n", text), answer if folds else _SAME, text)
            if not folds:
                yield _Line(key("e", text), answer, text)
        else:
            yield _Line(key(kind[0], text.removeprefix("/")), answer, text)


def key(kind: str, text: str) -> str:
    """The key of a text: escaped as ``int:escape`` does it, hashed when that is long.

    >>> key("n", "5% are – a+b"), key("p", "posts/x")
    ('n:5%25%20are%20%e2%80%93%20a+b', 'p:posts/x')
    >>> key("e", "X" * 300)
    'E:bbbdaf306be6968b2bc9d0c4ff022df06be96fef'
    """
    escaped = escape(text)
    if kind == "n":
        escaped = escaped.lower()  # the server escapes first
    return _short(kind, escaped)


def _short(kind: str, escaped: str) -> str:
    if len(escaped) <= LONGEST_KEY:
        return f"{kind}:{escaped}"
    return f"{kind.upper()}:{hashlib.sha1(escaped.encode(), usedforsecurity=False).hexdigest()}"


def escape(text: str) -> str:
    """Percent-encodes as Apache does: lower-case digits, and its own choice of characters.

    >>> escape("A+B [c]~%")
    'A+B%20%5bc%5d~%25'
    """
    return "".join(map(_ESCAPED.__getitem__, text.encode()))


def _is_safe(text: str) -> bool:
    """Whether a text of paths holds only what Apache sends as it is, and ``%`` and line ends."""
    return not text.encode().translate(None, _IGNORED)


_MARKS = "$_.+!*'(),:;@&=/~-"
"""What Apache leaves as it is, besides letters and digits of ASCII."""
_SAFE = f"{ascii_letters}{digits}{_MARKS}"
_IGNORED = f"{_SAFE}%\n".encode()
_ESCAPED = [chr(byte) if chr(byte) in _SAFE else f"%{byte:02x}" for byte in range(256)]
"""What ``int:escape`` makes of each byte."""
_UNSAFE = re.compile(rf"[^%\nA-Za-z0-9{_MARKS}]+")
"""What is escaped in a text of many lines in which blanks and percent signs are escaped already."""
_CHARACTER = f"[A-Za-z0-9{_MARKS}]"
_ENCODED = "%(?:2[025]|3[cCeE]|5[b-eB-E]|60|7[b-dB-D]|[89a-fA-F][0-9a-fA-F])"
_PLAIN = rf"/(?!/)(?:{_CHARACTER}|{_ENCODED})*+"
"""A target that mod_alias, which alone can send a relative one, sends as it is, but for the case of hex digits."""
_IS_PLAIN = re.compile(rf"/(?!/)(?>(?:{_CHARACTER}++|{_ENCODED})*)")
"""The same, for each line of a map: Python before 3.11.5 misreads a possessive group."""


# --- the configuration ---------------------------------------------------------------------


def _values(facts: _Facts, options: CompileOptions, unsupported_entries: int) -> dict[str, object]:
    """What the templates name."""
    longest = max(facts.longest + len(options.base), 100)
    rules = "".join(_rules(facts, longest, options))
    return {
        **common_values(options, "/etc/apache2", entries=facts.lines, unsupported_entries=unsupported_entries),
        "request_line": _request_line(longest),
        "relative": _relative(facts, options),
        "modules": "rewrite headers" if options.cache_control else "rewrite",
        "cache": _cache(options),
        "key": LONGEST_KEY,
        "rules": rules,
        "count": len(re.findall("^RewriteRule", rules, re.MULTILINE)) + (0 if options.site else 1),
    }


def _request_line(longest: int) -> str:
    """Room for the longest key with every byte encoded, where Apache's default has none."""
    need = 3 * longest + 512
    return "" if need <= _REQUEST_LINE else f"LimitRequestLine {need}\n"


def _relative(facts: _Facts, options: CompileOptions) -> str:
    """What the README says of relative targets."""
    if options.site:
        return ""
    return _README_RELATIVE + (_README_ODD.replace("@odd@", str(facts.odd)) if facts.odd else "")


def _cache(options: CompileOptions) -> str:
    if options.cache_control is None:
        return ""
    return f'Header always set Cache-Control "{options.cache_control}" env=WIKI_ETL_MOVED\n'


def _rules(facts: _Facts, longest: int, options: CompileOptions) -> Iterator[str]:
    """What happens to a request that the new site does not answer."""
    cap, base = 3 * longest + 16, options.base[1:]
    values: dict[str, object] = {
        "cap": cap,
        "script": re.escape(options.script[1:]),
        "base": re.escape(base),
        "key": LONGEST_KEY,
        "more": LONGEST_KEY + 1,
        "digits": _LONGEST_ID - 1,
        "bad": "%(?:[01][0-9A-Fa-f]|7[fF]|(?![0-9A-Fa-f]{2}))",
        "status": options.status,
        "plain": _PLAIN,
        "canonical": "UseCanonicalName On\n" if facts.odd else "",
    }
    for template in (
        _RAW,
        _DOT * 4,
        _SCRIPT,
        _pluses(facts.blanks + 8),
        _KEYS,
        _NAME if base else _SAME_NAME,
        _LOOKUPS,
    ):
        yield filled(template, values)
    yield from _home(options)
    yield from (_route(route, options) for route in options.routes)
    yield filled(_ABSOLUTE if options.site else _RELATIVE, values)


def _pluses(most: int) -> str:
    """Rules that make every ``+`` a blank: eight at a time, then four, two, one; nothing is a key with more.

    A rule has nine back-references, and eight pluses part nine texts.
    """
    sizes = [8] * (most // 8) + [4, 2, 1]
    skip = f'RewriteCond %{{ENV:WIKI_ETL_RAW}} "!\\+"\nRewriteRule ^ - [S={len(sizes) + 1}]\n'
    last = 'RewriteCond %{ENV:WIKI_ETL_RAW} "\\+"\nRewriteRule ^ - [E=WIKI_ETL_RAW:]\n'
    return "# Every + is a blank.\n" + skip + "".join(map(_plus, sizes)) + last


def _plus(size: int) -> str:
    pattern = r"([^+]*+)\+" * size + "(.*)"
    value = " ".join(f"%{number}" for number in range(1, size + 2))
    return f'RewriteCond %{{ENV:WIKI_ETL_RAW}} "^{pattern}$"\nRewriteRule ^ - "[E=WIKI_ETL_RAW:{value}]"\n'


def _home(options: CompileOptions) -> Iterator[str]:
    """The old home page: the script without its parameters, and the folder that was it."""
    if options.home_answers:
        yield "# The old home page.\n"
    for path, answer in options.home_answers.items():
        yield (
            (_of_hosts(options) if path == "/" else "")
            + _condition("WIKI_ETL_ASKED", "^$")
            + _condition("WIKI_ETL_PLACE", f"^{re.escape(path[1:])}$")
            + _to(answer)
        )


def _of_hosts(options: CompileOptions) -> str:
    """The condition for the old hosts: in the virtual host that the new site shares, `/` is its own."""
    names = "|".join(re.escape(name) for name in dict.fromkeys(map(host_name, options.hosts)))
    return f'RewriteCond %{{HTTP_HOST}} "^(?:www\\.)?(?:{names})\\.?(?::[0-9]+)?$" [NC]\n'


def _route(route: Route, options: CompileOptions) -> str:
    """An address that is no page: after everything else."""
    number = "" if route.kind == "exact" else "[0-9]+(?:-.*)?"
    pattern = f"^{re.escape(escape(route.path[1:]))}{number}$"
    return _condition("WIKI_ETL_ASKED", "^$") + _condition("WIKI_ETL_KEY", pattern) + _to(options.answer(route))


def _condition(variable: str, pattern: str) -> str:
    return f'RewriteCond %{{ENV:{variable}}} "{pattern}"\n'


def _to(answer: str) -> str:
    """Rules that set the answer where there is none yet.

    The answer goes through a condition, for it may hold a comma, which would end the flag.
    """
    text = re.sub(r"[\\%${]", r"\\\g<0>", answer)
    return f'RewriteCond %{{ENV:WIKI_ETL_TO}} "^$"\nRewriteCond "{text}" "^(.*)$"\nRewriteRule ^ - [E=WIKI_ETL_TO:%1]\n'


_CONF = r"""# Written by wiki-etl. Belongs into <VirtualHost>:  Include wiki-etl/redirects.conf
@request_line@AllowEncodedSlashes On
RewriteEngine On
<IfFile "wiki-etl/redirects.sdbm.dir">
    RewriteMap wiki_etl "dbm=sdbm:wiki-etl/redirects.sdbm"
</IfFile>
<IfFile !"wiki-etl/redirects.sdbm.dir">
    RewriteMap wiki_etl "txt:wiki-etl/redirects.map"
</IfFile>
RewriteMap wiki_etl_unescape int:unescape
RewriteMap wiki_etl_escape int:escape
RewriteMap wiki_etl_lower int:tolower
@cache@
# What the new site has always wins.
RewriteCond %{IS_SUBREQ} =true [OR]
RewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI} -f [OR]
RewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI}/index.html -f
RewriteRule ^ - [S=@count@]
@rules@"""

_RAW = r"""# The path as it was sent, without slashes around it, and without the segments that are a dot.
RewriteCond %{THE_REQUEST} "^[^ ]+ +(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?# ]*)?/(?:\.?/)*+([^?# ]{0,@cap@})(?:[?# ]|$)"
RewriteRule ^ - [E=WIKI_ETL_RAW:%1]
"""

_DOT = r"""RewriteCond %{ENV:WIKI_ETL_RAW} "^(.*?)/(?:\./)++(.*)$"
RewriteRule ^ - [E=WIKI_ETL_RAW:%1/%2]
"""

_SCRIPT = r"""RewriteCond %{ENV:WIKI_ETL_RAW} "^(.*)/\.$"
RewriteRule ^ - [E=WIKI_ETL_RAW:%1/]
RewriteCond %{ENV:WIKI_ETL_RAW} "^(.*[^/])/+$"
RewriteRule ^ - [E=WIKI_ETL_RAW:%1]
RewriteRule ^ - [E=WIKI_ETL_PLACE:%{ENV:WIKI_ETL_RAW}]
# The page script: a page is asked for by the last parameter of its name.
RewriteCond %{ENV:WIKI_ETL_RAW} "^@script@$"
RewriteCond %{QUERY_STRING} "(?:^|&)page(?:_id)?(?:[=&]|$)"
RewriteRule ^ - [E=WIKI_ETL_ASKED:1,E=WIKI_ETL_RAW:]
RewriteCond %{ENV:WIKI_ETL_ASKED} "=1"
RewriteCond %{QUERY_STRING} "^(?:.*&)?page(?:=([^&]*))?(?:&.*)?$"
RewriteCond %1 "^(.{1,@cap@})$"
RewriteRule ^ - [E=WIKI_ETL_RAW:%1]
RewriteCond %{ENV:WIKI_ETL_ASKED} "=1"
RewriteCond %{QUERY_STRING} "^(?:.*&)?page_id(?:=([^&]*))?(?:&.*)?$"
RewriteCond %1 "^(?:\+|%20)*+((?:[0-9]|%3[0-9])++)(?:\+|%20)*+$"
RewriteCond ${wiki_etl_unescape:%1} "^([1-9][0-9]{0,@digits@})$"
RewriteRule ^ - [E=WIKI_ETL_ID:%1]
# Control characters and bad encoding are in no address.
RewriteCond %{ENV:WIKI_ETL_RAW} "@bad@"
RewriteRule ^ - [E=WIKI_ETL_RAW:]
"""

_KEYS = r"""# Decoded once, and escaped in Apache's own way: what the keys look like; without blanks around it.
RewriteRule ^ - [E=WIKI_ETL_RAW:${wiki_etl_escape:${wiki_etl_unescape:%{ENV:WIKI_ETL_RAW}}}]
RewriteCond %{ENV:WIKI_ETL_RAW} "^(?:%20)*+(.+(?<!%20))(?:%20)*+$"
RewriteRule ^ - [E=WIKI_ETL_KEY:%1]
# The path, where no page was asked for by name or id.
RewriteCond %{ENV:WIKI_ETL_ASKED} "^$"
RewriteCond %{ENV:WIKI_ETL_KEY} "^(.{1,@key@})$"
RewriteRule ^ - [E=WIKI_ETL_PATH:p:%1]
RewriteCond %{ENV:WIKI_ETL_ASKED} "^$"
RewriteCond %{ENV:WIKI_ETL_KEY} "^.{@more@}"
RewriteCond expr "sha1(env('WIKI_ETL_KEY')) =~ /^(.+)$/"
RewriteRule ^ - [E=WIKI_ETL_PATH:P:%1]
"""

_SAME_NAME = r"""# The name.
RewriteRule ^ - [E=WIKI_ETL_NAME:%{ENV:WIKI_ETL_KEY}]
"""

_NAME = r"""# The name: what the page script was asked for, or what follows the folder of the old wiki.
RewriteCond %{ENV:WIKI_ETL_ASKED} "=1"
RewriteRule ^ - [E=WIKI_ETL_NAME:%{ENV:WIKI_ETL_KEY}]
RewriteCond %{ENV:WIKI_ETL_ASKED} "^$"
RewriteCond %{ENV:WIKI_ETL_PLACE} "^@base@"
RewriteCond %{ENV:WIKI_ETL_KEY} "^@base@(?:%20)*+(.+)$"
RewriteRule ^ - [E=WIKI_ETL_NAME:%1]
"""

_LOOKUPS = r"""RewriteRule ^ - [E=WIKI_ETL_LOWER:${wiki_etl_lower:%{ENV:WIKI_ETL_NAME}}]
RewriteRule ^ - [E=WIKI_ETL_EXACT:e:%{ENV:WIKI_ETL_NAME},E=WIKI_ETL_FOLDED:n:%{ENV:WIKI_ETL_LOWER}]
RewriteCond %{ENV:WIKI_ETL_NAME} "^.{@more@}"
RewriteCond expr "sha1(env('WIKI_ETL_NAME')) =~ /^(.+)$/"
RewriteRule ^ - [E=WIKI_ETL_EXACT:E:%1]
RewriteCond %{ENV:WIKI_ETL_NAME} "^.{@more@}"
RewriteCond expr "sha1(env('WIKI_ETL_LOWER')) =~ /^(.+)$/"
RewriteRule ^ - [E=WIKI_ETL_FOLDED:N:%1]
# The first that answers: for the script the id, then path, name, id.
RewriteCond %{ENV:WIKI_ETL_ID} "^(.+)$"
RewriteCond ${wiki_etl:i:%1} "^(.+)$"
RewriteRule ^ - [E=WIKI_ETL_TO:%1]
RewriteCond %{ENV:WIKI_ETL_PATH} "^(.+)$"
RewriteCond ${wiki_etl:%1} "^(.+)$"
RewriteRule ^ - [E=WIKI_ETL_TO:%1]
RewriteCond %{ENV:WIKI_ETL_TO} "^$"
RewriteCond %{ENV:WIKI_ETL_FOLDED} "^(.+)$"
RewriteCond ${wiki_etl:%1} "^(.+)$"
RewriteRule ^ - [E=WIKI_ETL_TO:%1]
RewriteCond %{ENV:WIKI_ETL_TO} "=="
RewriteRule ^ - [E=WIKI_ETL_TO:${wiki_etl:%{ENV:WIKI_ETL_EXACT}}]
RewriteCond %{ENV:WIKI_ETL_TO} "^$"
RewriteCond %{ENV:WIKI_ETL_ASKED} "^$"
RewriteCond %{ENV:WIKI_ETL_NAME} "^([1-9][0-9]{0,@digits@})$"
RewriteCond ${wiki_etl:i:%1} "^(.+)$"
RewriteRule ^ - [E=WIKI_ETL_TO:%1]
"""

_ABSOLUTE = r"""# The answer: from the map, and nothing of the request in it.
RewriteCond %{ENV:WIKI_ETL_TO} "=410"
RewriteRule ^ - [G]
RewriteCond %{ENV:WIKI_ETL_TO} "^([^?]+)\?(.*)$"
RewriteRule ^ %1?%2 [E=WIKI_ETL_MOVED:1,R=@status@,NE,QSD,L]
RewriteCond %{ENV:WIKI_ETL_TO} "^(.+)$"
RewriteRule ^ %1 [E=WIKI_ETL_MOVED:1,R=@status@,NE,QSD,L]
"""

_RELATIVE = r"""# The answer: from the map, and nothing of the request in it.
RewriteCond %{ENV:WIKI_ETL_TO} "=410"
RewriteRule ^ - [G]
<IfDirective RedirectRelative>
    RewriteCond %{ENV:WIKI_ETL_TO} "^(@plain@)$"
    RewriteRule ^ /wiki-etl-moved [E=WIKI_ETL_MOVED:${wiki_etl_unescape:%1},PT,QSD]
    <Location "/wiki-etl-moved">
        RedirectRelative On
        <If "-n env('WIKI_ETL_MOVED')">
            Redirect @status@ "%{env:WIKI_ETL_MOVED}"
        </If>
    </Location>
</IfDirective>
<IfDirective !RedirectRelative>
    # Before 2.4.58 each address that Apache sends has a host: ServerName, not what the request said.
    UseCanonicalName On
    RewriteRule ^ -
</IfDirective>
@canonical@RewriteCond %{ENV:WIKI_ETL_TO} "^([^?]+)\?(.*)$"
RewriteRule ^ %1?%2 [E=WIKI_ETL_MOVED:1,R=@status@,NE,QSD,L]
RewriteCond %{ENV:WIKI_ETL_TO} "^(.+)$"
RewriteRule ^ %1 [E=WIKI_ETL_MOVED:1,R=@status@,NE,QSD,L]
"""

_BUILD = """\
#!/bin/sh
# Builds the binary map from redirects.map, in this folder: found at once, however many lines. httxt2dbm comes with
# Apache (Debian: apache2-utils, Red Hat: httpd-tools). A running server takes the new map with the next request.
set -eu
cd "$(dirname "$0")"
PATH="$PATH:/usr/sbin:/usr/local/sbin:/sbin"
rm -f redirects.new.dir redirects.new.pag
# Twice: while a file of more than some 200,000 lines grows, SDBM stores a few where it does not look for them later,
# and says nothing. Once it has grown, they go to their places.
httxt2dbm -f SDBM -i redirects.map -o redirects.new
httxt2dbm -f SDBM -i redirects.map -o redirects.new
chmod 644 redirects.new.dir redirects.new.pag redirects.map
chmod a+rx .
mv redirects.new.pag redirects.sdbm.pag
mv redirects.new.dir redirects.sdbm.dir
"""

_EXAMPLE = """\
# A virtual host to try the map or to start from; ServerName and DocumentRoot are yours.
<VirtualHost *:80>
    ServerName localhost
    DocumentRoot /var/www/html
    Include wiki-etl/redirects.conf
    # Names that no file can have are unknown, not forbidden.
    RewriteCond %{REQUEST_URI} "[^/]{256}"
    RewriteRule ^ - [R=404,L]
</VirtualHost>
"""

_README_RELATIVE = """\
* Without the setting `site`, targets are paths. Apache before 2.4.58 sends them with `ServerName` as their host.
"""
_README_ODD = """\
  So it does in any version for @odd@ keys and routes of this map whose targets it cannot send as they are.
"""

_README = """\
# The redirect map for Apache httpd 2.4

@entries@ keys. Modules: `a2enmod @modules@`; 2.4.34 or later. Where you have a
`.htaccess` alone, which can name no map, name `htaccess` in the setting `servers`.

## Install

1. Copy the folder `wiki-etl/` into Apache's ServerRoot, usually to `/etc/apache2/wiki-etl/` or
   `/etc/httpd/wiki-etl/`: Apache looks there for included files and maps.
2. Run `sh /etc/apache2/wiki-etl/build-map.sh`. It builds the binary map (SDBM) from `redirects.map`, and lets the
   server's user read both. Without the binary map, Apache searches the text map line by line, which is fast enough
   for some hundred entries only.
3. Add to the virtual host:

```apache
Include wiki-etl/redirects.conf
```

`apache.conf` is an example. A file of the new site, or a folder with an `index.html`, always wins over the map.

In front of an application (`ProxyPass`), the map is asked first: keep the application's addresses out of it with a
rule before that line, such as `RewriteRule ^/api/ - [L]`. `/` is the old home page on the old hosts only.

## Check, reload, roll back

```sh
apachectl configtest        # before every reload
apachectl graceful          # drops no request
@check@
```

A new `redirects.map` needs `build-map.sh`, but no reload unless `redirects.conf` has changed.

@roll_back@

## What to know

* A line of `redirects.map` is a kind, a key as Apache escapes it, and the answer. Kinds are `p:` path, `n:` name in
  lower case, `i:` id, and `e:` exact name, where names that differ by case have different targets. A key of more than
  @key@ characters is its SHA-1, with a capital letter for the kind.
* Names are found in upper and lower case of ASCII letters.
* A child process of Apache keeps every key that was requested, also unknown ones, in memory:
  `MaxConnectionsPerChild 10000` limits that.
* `AllowEncodedSlashes On` is set: without it, Apache answers an address with `%2F` by 404 and looks nothing up.
@relative@* @unsupported@ entries of the map could not be expressed: the findings `redirect.unsupported`.
* Answers are @status@ or 410; nothing from a request is copied into `Location`.
"""

_TEMPLATES = {
    "README.md": _README,
    "apache.conf": _EXAMPLE,
    f"{FOLDER}/redirects.conf": _CONF,
    f"{FOLDER}/build-map.sh": _BUILD,
}
"""Every file but the map."""
