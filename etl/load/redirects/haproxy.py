"""The redirect map for HAProxy 2.6 and later: exact string maps, and the rules that spell a request as their keys do.

HAProxy decodes as the old platform did (``url_dec(1)``) and compares bytes; a key ends at a blank, and there are
no quotes (redirects.md 6). So a blank is ``+`` here, and the two characters that would get lost in that, ``+`` and
``%``, stay encoded: a key stands for one text only. The maps answer in front of the new site: no entry is an
address of it. What is no entry is answered only after the new site has said 404: names in another case, the old
home page, and the addresses that are no pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from etl.load.redirects.exact import LONGEST, Group, lower, pieces, spellings
from etl.load.redirects.files import FOLDER, common_values, create, filled, write_filled
from etl.load.redirects.options import CompileOptions
from etl.load.redirects.survey import Stretch, Survey
from etl.model import Finding
from etl.routes import Route

SERVER = "haproxy"
FILES = ("paths", "names", "names-folded", "ids", "routes", "routes-numbered")
"""The maps: what is there, then names in lower case, and what the settings say of addresses that are no pages."""
_BAD = "%([01][0-9A-Fa-f]|7[Ff]|[^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f]|.?$)"
"""Of an encoded text: a control character, or what is no encoding."""


def compile_map(survey: Survey, out: Path, options: CompileOptions) -> list[Finding]:
    """Writes the configuration of HAProxy for a map into the folder ``out``.

    Returns a finding for each entry that HAProxy cannot express.
    """
    folder = out / FOLDER
    folder.mkdir()
    findings: list[Finding] = []
    lines = 0
    with ExitStack() as stack:
        files = {name: stack.enter_context(create(folder / f"{name}.map")) for name in FILES}
        for piece in pieces(survey, SERVER, findings):
            if isinstance(piece, Stretch):
                lines += _write_stretch(files, piece, options)
            else:
                lines += _write(files, piece, options)
        for name, text, answer in _others(options):
            files[name].write(f"{key(text)} {answer}\n")
    write_filled(out, _templates(options.routes), _values(options, lines, len(findings)))
    return findings


# --- keys ----------------------------------------------------------------------------------


def _write_stretch(files: dict[str, TextIO], stretch: Stretch, options: CompileOptions) -> int:
    """Writes plain entries as `_write` would, one by one; the number of lines."""
    keys, answers = _escaped(stretch.text("/")), options.answers(stretch.targets)
    _write_lines(files[f"{stretch.kind}s"], keys, answers)
    if stretch.kind != "name":
        return len(answers)
    _write_lines(files["names-folded"], lower(keys), answers)
    return 2 * len(answers)


def _write_lines(file: TextIO, keys: str, answers: list[str]) -> None:
    file.writelines([f"{key} {answer}\n" for key, answer in zip(keys.split("\n"), answers, strict=True)])


def _write(files: dict[str, TextIO], group: Group, options: CompileOptions) -> int:
    """Writes a group, each key once; the number of lines."""
    folded: set[str] = set()
    lines = 0
    for entry in group.entries:
        kind, answer = entry.address.kind, options.answer(entry)
        for text in spellings(entry):
            spelled = key(text)
            files[f"{kind}s"].write(f"{spelled} {answer}\n")
            lines += 1
            if group.folds and (small := lower(spelled)) not in folded:
                folded.add(small)
                files["names-folded"].write(f"{small} {answer}\n")
                lines += 1
    return lines


def key(text: str) -> str:
    """A decoded address as the maps have it.

    >>> key("5% are – a+b"), key("/posts/x"), key("10983")
    ('/5%25+are+–+a%2Bb', '/posts/x', '/10983')
    """
    return f"/{_escaped(text.removeprefix('/'))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("+", "%2B").replace(" ", "+")


def _others(options: CompileOptions) -> Iterator[tuple[str, str, str]]:
    """What the settings say of addresses that are in no map: file, decoded path, answer."""
    for path, answer in options.home_answers.items():
        yield "routes", path, answer
    for route in options.routes:
        yield "routes" if route.kind == "exact" else "routes-numbered", route.path, options.answer(route)


# --- the configuration ---------------------------------------------------------------------


def _templates(routes: tuple[Route, ...]) -> dict[str, str]:
    """Every file but the maps; each finds these from where it is itself."""
    rules = _RULES.replace("@numbered@", _NUMBERED if any(route.kind == "numbered" for route in routes) else "")
    return {
        "README.md": _README,
        "haproxy.cfg": rules.replace("@place@", f"{FOLDER}/") + _EXAMPLE,
        f"{FOLDER}/rules.cfg": rules.replace("@place@", ""),
    }


def _values(options: CompileOptions, lines: int, unsupported_entries: int) -> dict[str, object]:
    """What the templates name."""
    numbered = sorted(key(route.path) for route in options.routes if route.kind == "numbered")
    return {
        **common_values(options, "/etc/haproxy", entries=lines, unsupported_entries=unsupported_entries),
        "script": _word(options.script),
        "inside": _inside(options),
        "cache": _cache(options),
        "longest": LONGEST,
        "bad": _BAD,
        "before_number": f"^({'|'.join(map(re.escape, numbered))})[0-9]+(-.*)?$",
    }


def _word(text: str) -> str:
    """A word of the configuration: nothing is special inside of single quotes, and no address of ours has one."""
    return f"'{text}'"


def _inside(options: CompileOptions) -> str:
    """Rules for the name: the path, or what follows the folder of the old wiki."""
    if options.base == "/":
        return "    http-request set-var(txn.wiki_name) var(txn.wiki_key)\n"
    return filled(_INSIDE, {"base": _word(options.base), "skip": len(options.base.encode()) - 1})


def _cache(options: CompileOptions) -> str:
    if options.cache_control is None:
        return ""
    return f"\n    http-after-response set-header Cache-Control {options.cache_control} if wiki_found !wiki_gone"


_RULES = r"""# Written by wiki-etl. A frontend that is `from wiki_etl` answers legacy addresses.
global
    default-path config  # the maps are found from this file

defaults wiki_etl
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    # Old clients send letters beyond ASCII as they are.
    .if version_atleast(3.1)
    option accept-unsafe-violations-in-http-request
    .else
    option accept-invalid-http-request
    .endif

    # The path as it was sent, without the segments that are a dot, and without slashes around it but for the first.
    http-request set-var(txn.wiki_raw) 'path,regsub("#.*",""),regsub("(/\.)+(/|$)","/",g),regsub("^/+","/")'
    http-request set-var(txn.wiki_raw) 'var(txn.wiki_raw),rtrim("/")'
    http-request set-var(txn.wiki_text) var(txn.wiki_raw)

    # The page script: a page is asked for by the last parameter of its name. A fragment holds none.
    acl wiki_script var(txn.wiki_raw) -m str @script@
    acl wiki_asks 'pathq,regsub("#.*","")' -m reg '^[^?]*[?](.*&)?page(_id)?([=&]|$)'
    acl wiki_page var(txn.wiki_query) -m reg '(^|&)page='
    acl wiki_asked var(txn.wiki_query) -m found
    http-request set-var(txn.wiki_query) 'pathq,regsub("#.*",""),regsub("^[^?]*[?]","")' if wiki_script wiki_asks
    http-request set-var(txn.wiki_text) str(/) if wiki_asked
    http-request set-var(txn.wiki_text) 'var(txn.wiki_query),regsub("^(.*&)?page(=([^&]*))?(&.*)?$","/\3")' if wiki_page
    http-request set-var(txn.wiki_id) 'var(txn.wiki_query),regsub("^(.*&)?page_id(=([^&]*))?(&.*)?$","/\3")'

    # Decoded once. What stays encoded, + and %, is encoded twice before. Control characters and bad encoding are in no
    # address.
    acl wiki_bad var(txn.wiki_text) -m reg '@bad@'
    acl wiki_bad_id var(txn.wiki_id) -m reg '@bad@'
    http-request set-var(txn.wiki_key) 'var(txn.wiki_text),regsub("%25","%2525",g),regsub("%2[bB]","%252B",g)'
    http-request unset-var(txn.wiki_key) if wiki_bad
    http-request set-var(txn.wiki_key) 'var(txn.wiki_key),url_dec(1),rtrim(" "),regsub("^/ +","/"),regsub(" ","+",g)'
@inside@
    # The first that answers: for the script the id, then path, name, id.
    acl wiki_found var(txn.wiki_to) -m found
    acl wiki_gone var(txn.wiki_to) -m str 410
    http-request set-var(txn.wiki_id) 'var(txn.wiki_id),url_dec(1),rtrim(" "),regsub("^/ +","/")' if !wiki_bad_id
    http-request set-var(txn.wiki_to) 'var(txn.wiki_id),map_str(@place@ids.map)' if !wiki_bad_id
    http-request set-var(txn.wiki_to) 'var(txn.wiki_key),map_str(@place@paths.map)' if !wiki_asked
    http-request set-var(txn.wiki_to) 'var(txn.wiki_name),map_str(@place@names.map)' if !wiki_found
    http-request set-var(txn.wiki_to) 'var(txn.wiki_name),map_str(@place@ids.map)' if !wiki_found !wiki_asked
    http-request return status 410 content-type text/plain string "Gone" if wiki_gone
    http-request redirect code @status@ location %[var(txn.wiki_to)] if wiki_found

    # What the new site has not: names in another case, the old home page, what is no page.
    acl wiki_late var(txn.wiki_late) -m found
    http-request set-var(txn.wiki_late) 'var(txn.wiki_name),lower,map_str(@place@names-folded.map)'
    http-request set-var(txn.wiki_late) 'str(/),map_str(@place@routes.map)' if { var(txn.wiki_raw) -m len 0 }
    http-request set-var(txn.wiki_late) 'var(txn.wiki_key),map_str(@place@routes.map)' if !wiki_late !wiki_asked
@numbered@    http-response set-var(txn.wiki_to) var(txn.wiki_late) if { status 404 }
    http-response return status 410 content-type text/plain string "Gone" if wiki_gone
    http-response redirect code @status@ location %[var(txn.wiki_to)] if wiki_found@cache@
"""

_INSIDE = r"""    acl wiki_inside var(txn.wiki_text) -m beg @base@
    http-request set-var(txn.wiki_name) var(txn.wiki_text) if wiki_asked !wiki_bad
    http-request set-var(txn.wiki_name) 'var(txn.wiki_text),bytes(@skip@)' if !wiki_asked !wiki_bad wiki_inside
    http-request set-var(txn.wiki_name) 'var(txn.wiki_name),regsub("%25","%2525",g),regsub("%2[bB]","%252B",g)'
    http-request set-var(txn.wiki_name) 'var(txn.wiki_name),url_dec(1),rtrim(" "),regsub("^/ +","/"),regsub(" ","+",g)'
"""

_NUMBERED = r"""    acl wiki_numbered var(txn.wiki_key) -m reg '@before_number@'
    http-request set-var(txn.wiki_row) 'var(txn.wiki_key),regsub("@before_number@","\1")' if wiki_numbered !wiki_asked
    http-request set-var(txn.wiki_late) 'var(txn.wiki_row),map_str(@place@routes-numbered.map)' if !wiki_late
"""

_EXAMPLE = """
# --- an example: what stands below is yours -------------------------------------------------
frontend web from wiki_etl
    bind 127.0.0.1:8080
    default_backend site

defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s

backend site
    server new 127.0.0.1:8081
"""

_README = """\
# The redirect map for HAProxy 2.6 and later

@entries@ keys. HAProxy stands in front of the new site and answers the addresses of the old one.

## Install

1. Copy the folder `wiki-etl/` beside the configuration, usually to `/etc/haproxy/wiki-etl/`.
2. Load `rules.cfg` before your configuration: `haproxy -f /etc/haproxy/wiki-etl/rules.cfg -f /etc/haproxy/haproxy.cfg`.
   On Debian, in `/etc/default/haproxy` (the service splits the value at blanks):

```sh
CONFIG="/etc/haproxy/wiki-etl/rules.cfg -f /etc/haproxy/haproxy.cfg"
```

3. Give the frontend its rules:

```haproxy
frontend web from wiki_etl
```

The frontend then has no other `defaults`: move the timeouts and logging that it needs into the frontend. A `defaults`
section without a name must come before the first backend. `haproxy.cfg` is a complete example, which holds the rules
of `rules.cfg` itself: `haproxy -f haproxy.cfg`.

The map answers for every host of that frontend. If it also serves other hosts, give the rules to a backend instead:

```haproxy
frontend web
    option accept-invalid-http-request
    use_backend old_wiki if { req.hdr(host),field(1,:) -i old-wiki.example www.old-wiki.example }
    default_backend site

backend old_wiki from wiki_etl
    server new 127.0.0.1:8081
```

## Check, reload, roll back

```sh
haproxy -c -f /etc/haproxy/wiki-etl/rules.cfg -f /etc/haproxy/haproxy.cfg   # before every reload
systemctl restart haproxy   # the first time: after a reload it still has the old CONFIG, and only its log says so
systemctl reload haproxy    # later: drops no request
@check@
```

@roll_back@

## What to know

* A key is the decoded address with `+` for a blank, `%2B` for a plus, `%25` for a percent sign. HAProxy compares
  bytes: letters with accents have a second line, for clients that compose them otherwise.
* Entries are answered before the new site is asked; names in another case of ASCII letters, the old home page and
  addresses that are no pages after it has said 404.
* `option accept-invalid-http-request` lets unencoded letters through. Since HAProxy 3.1 its name is
  `accept-unsafe-violations-in-http-request`, and the old one gives a warning; `rules.cfg` takes the one that fits.
* `default-path config` makes file names relative to the file they stand in, also in files loaded after it.
* The map is in memory. Measured: 8,000,000 keys take 5 seconds to load and 2.5 GB, 300 bytes each; in a reload the old
  process holds its own besides, until its last request ends.
* A request has room for page names of up to @longest@ bytes, each of them encoded (`tune.bufsize`).
* @unsupported@ entries of the map could not be expressed: the findings `redirect.unsupported`.
* Answers are @status@ or 410; nothing from a request is copied into `Location`.
"""
