"""The redirect map for lighttpd: a sorted text file, and a Lua script of mod_magnet that halves its way into it.

lighttpd has no map of its own, but hands the raw request target to a script, so that nothing is lost: the script
decodes it as `addresses.lookups` does and reads about seventeen lines of a file of 100,000 (redirects.md 7). It keeps
nothing in memory, and a file that was replaced is read by the next request. It runs when the answer is known to be
404, so that the new site's own answers come first, be they files or an application's behind a proxy.

A line of the map is ``<key> TAB <name> BLANK <answer>``, sorted by bytes. A key is the kind's first letter and the
value; that of a name is folded, as the old platform compared names without case. ``<name>`` stands only where names
with several answers fold into one, or a name and a page of the new site: then each is found as it is written, and
none in another case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby, islice
from pathlib import Path

from etl.load.redirects.files import FOLDER, common_values, create, forms, unsupported, write_filled
from etl.load.redirects.neutral import Entry
from etl.load.redirects.options import CompileOptions
from etl.load.redirects.sorting import sorted_lines
from etl.load.redirects.survey import Stretch, Survey
from etl.model import Finding

SERVER = "lighttpd"
BLOCK = 256
"""Lines that are written at once."""

_HEAD = 8192  # lighttpd's own default for a request with all its headers
_LONGEST_HEAD = 65535  # and the most that it takes
_HEADERS = 2048  # room for what a browser sends beside the address
LONGEST = (_LONGEST_HEAD - _HEADERS) // 3  # bytes of a value that still arrives with every byte encoded


def compile_map(survey: Survey, out: Path, options: CompileOptions) -> list[Finding]:
    """Writes the configuration of lighttpd for a map into the folder ``out``.

    Sorts in runs on the disk, a part of them in memory. Returns a finding for each entry that does not get into
    the files.
    """
    folder = out / FOLDER
    folder.mkdir()
    work = _Work(options)
    with sorted_lines(work.lines(survey), out) as lines, create(folder / "redirects.map") as file:
        file.writelines(map(work.written, _blocks(lines)))
    write_filled(out, _TEMPLATES, _values(work))
    return work.findings


@dataclass
class _Work:
    """What the compiler knows of the map while it goes over it."""

    options: CompileOptions
    findings: list[Finding] = field(default_factory=list)
    longest: int = 0
    """Bytes of the longest form of a value that is not plain."""
    alphabet: set[str] = field(default_factory=set)
    """Every character of a folded name."""
    entries: int = 0
    """Entries that are in the file."""
    shared: int = 0
    """Keys that names with several answers fold into."""

    def lines(self, survey: Survey) -> Iterator[str]:
        """The spellings of each entry, before names that fold into one are known: key, spelling of a name, answer."""
        for batch in survey.batches():
            for piece in batch.pieces():
                if isinstance(piece, Stretch):
                    yield from self._of_stretch(piece)
                else:
                    yield from self._of_entry(batch.entry(piece), _CASED if piece in batch.cased else "")

    def _of_stretch(self, stretch: Stretch) -> list[str]:
        """The lines of plain entries, which have one form and fit into any request."""
        kind, values, targets = stretch
        self.entries += len(values)
        answers = self.options.answers(targets)
        if kind != "name":
            return [f"{kind[0]}{text}\t\t{answer}\n" for text, answer in zip(values, answers, strict=True)]
        rows = zip(self._folded("\n".join(values)).split("\n"), values, answers, strict=True)
        return [f"n{key}\t{text}\t{answer}\n" for key, text, answer in rows]

    def _of_entry(self, entry: Entry, mark: str) -> Iterator[str]:
        """The lines of an entry: NFC, and NFD where it differs, for clients that send that. Names have a mark."""
        kind, value = entry.address
        texts = forms(value)
        size = len(texts[-1].encode())
        if size > LONGEST:
            why = f"{size} bytes where a request has room for {LONGEST}, each of them encoded"
            self.findings.append(unsupported(SERVER, entry, why))
            return
        self.entries += 1
        self.longest = max(self.longest, size)
        answer = self.options.answer(entry)
        for text in texts:
            spelling = f"n{self._folded(text)}\t{text}\t{mark}" if kind == "name" else f"{kind[0]}{text}\t\t"
            yield f"{spelling}{answer}\n"

    def _folded(self, text: str) -> str:
        """A name, or names on lines of their own, without case."""
        folded = text.casefold()
        self.alphabet.update(folded)
        return folded

    def written(self, block: list[str]) -> str:
        """The lines of the map for sorted ones: one for all names of a key where they have one answer, else all."""
        text = "".join(block)
        if "\nn" not in f"\n{text}":
            return text.replace("\t\t", "\t ")
        if f"\t{_CASED}" not in text and not _SHARED.search(f"\n{text}"):
            return _SPELLING.sub("\t ", text)
        return "".join(line for key, group in groupby(block, _key) for line in self._of_key(key, group))

    def _of_key(self, key: str, group: Iterable[str]) -> Iterator[str]:
        answers = dict(line.rstrip("\n").split("\t")[1:] for line in group)
        is_cased = any(answer.startswith(_CASED) for answer in answers.values())
        differ = is_cased or len({*answers.values()}) > 1
        self.shared += differ
        for exact, answer in answers.items() if differ else [("", next(iter(answers.values())))]:
            yield f"{key}\t{exact} {answer.removeprefix(_CASED)}\n"


_CASED = "="
"""What stands before the answer of a name that is found as it is written alone (`Batch.cased`), while it is sorted."""
_SPELLING = re.compile(r"\t[^\t\n]*\t")
_SHARED = re.compile(r"\n([^\t\n]*\t).*\n\1")
"""A key that two lines have, behind the end of the line before."""


def _blocks(lines: Iterator[str]) -> Iterator[list[str]]:
    """Sorted lines, some hundred at a time, all of one key together."""
    block = [*islice(lines, BLOCK)]
    for line in lines:
        if _key(line) == _key(block[-1]):
            block.append(line)
        else:
            yield block
            block = [line, *islice(lines, BLOCK - 1)]
    if block:
        yield block


def _key(line: str) -> str:
    return line.partition("\t")[0]


# --- the files around the map --------------------------------------------------------------


def _values(work: _Work) -> dict[str, object]:
    """What the templates name."""
    options = work.options
    head = _head(work.longest)
    return {
        **common_values(options, "/etc/lighttpd", entries=work.entries, unsupported_entries=len(work.findings)),
        "base": _lua(options.base),
        "cache": _lua(options.cache_control),
        "home": _lua(options.home_to),
        "home_path": _lua(options.home_path),
        "exact": _exact(options),
        "numbered": _numbered(options),
        "head": f"server.max-request-field-size := {head}  # the longest name, every byte encoded\n" if head else "",
        "room": _room(head),
        "shared": work.shared,
        "fold": _fold(work.alphabet),
    }


def _lua(text: str | None) -> str:
    r"""A string of Lua.

    >>> print(_lua('a"b\\'), _lua(None))
    "a\"b\\" nil
    """
    return "nil" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _exact(options: CompileOptions) -> str:
    rows = sorted((route.path, options.answer(route)) for route in options.routes if route.kind == "exact")
    return "".join(f"    [{_lua(path)}] = {_lua(answer)},\n" for path, answer in rows)


def _numbered(options: CompileOptions) -> str:
    rows = [(route.path, options.answer(route)) for route in options.routes if route.kind == "numbered"]
    return "".join(f"    {{{_lua(path)}, {_lua(answer)}}},\n" for path, answer in rows)


def _head(longest: int) -> int | None:
    """The room for a request, where lighttpd's default has not enough."""
    need = 3 * longest + _HEADERS
    return None if need <= _HEAD else min(_LONGEST_HEAD, -(-need // 1024) * 1024)


def _room(head: int | None) -> str:
    if head is None:
        return ""
    return (
        f"* `wiki-etl/redirects.conf` raises `server.max-request-field-size` to {head} for the whole server: the\n"
        "  longest name needs it when every byte of it is encoded.\n"
    )


def _fold(alphabet: set[str]) -> str:
    """The characters whose folded form occurs in a name: what Lua, which knows ASCII alone, needs to fold a request."""
    rows = ((char, folded) for char, folded in _folding() if alphabet.issuperset(folded))
    return "".join(f"    [{_lua(char)}] = {_lua(folded)},\n" for char, folded in rows)


@lru_cache(maxsize=1)
def _folding() -> list[tuple[str, str]]:
    """Every character beyond ASCII that folding changes."""
    pages = ("".join(map(chr, range(start, start + 0x80))) for start in range(0x80, 0x20000, 0x80))
    changed = (page for page in pages if page.casefold() != page)
    return [(char, folded) for page in changed for char in page if (folded := char.casefold()) != char]


_CONF = """\
# Written by wiki-etl. In the main file, before this one is included:  var.wiki_etl = "/etc/lighttpd/wiki-etl"
server.modules += ( "mod_magnet" )
@head@magnet.attract-response-start-to += ( var.wiki_etl + "/redirects.lua" )
"""

_FOLD = """\
-- Written by wiki-etl. What a character of a request is without case, for the characters of this map.
return {
@fold@}
"""

_SCRIPT = r"""-- Written by wiki-etl. Looks up what the new site does not answer in redirects.map, beside this file.
-- lighttpd 1.4.63 or later with mod_magnet, Lua 5.1 to 5.4. Nothing of a request is ever repeated in Location.
local BASE = @base@
local STATUS, CACHE = @status@, @cache@
local HOME, HOME_PATH = @home@, @home_path@
-- Addresses that are no pages: these paths; and these followed by digits, then nothing or "-" and anything.
local EXACT = {
@exact@}
local NUMBERED = {
@numbered@}

local request = lighty.r
local target = request.req_attr["request.orig-uri"]
-- 1.4.63 has no req_item.
local status = request.req_item and request.req_item.http_status or tonumber(request.req_attr["response.http-status"])
-- 404: the new site has no answer. 403: it has a folder without a page, or denies names that end in "~". 400: an
-- absolute form for another host than that of the header Host, which is to be ignored then (RFC 9112, 3.2.2).
if not target or status ~= 404 and status ~= 403 and status ~= 400 then return end
local folder = debug.getinfo(1, "S").source:match("^@?(.*/)") or ""

-- The text that an address spells: decoded once, + a blank, blanks trimmed; empty when it can never match. Bytes that
-- are not UTF-8 need no test: no key has any.
local function decode(raw)
    local text = raw:gsub("%+", " ")
    local left = text:gsub("%%%x%x", "")
    if left:find("%", 1, true) then return "" end
    text = text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
    if text:find("%c") or not text:find("[^ ]") then return "" end
    return text:match("^ *(.*[^ ])")
end

-- A name without case.
local function fold(name)
    name = name:lower()
    if not name:find("[\128-\255]") then return name end
    return (name:gsub("[\194-\244][\128-\191]*", dofile(folder .. "fold.lua")))
end

-- What the map answers. Halves its way to the first line of the key; in there the exact name counts, or the only one.
local function find(map, size, key, exact)
    local low, high = 0, size
    while low < high do
        local middle = math.floor((low + high) / 2)
        map:seek("set", middle)
        if middle > 0 then map:seek("set", middle - 1); map:read("*l") end
        local start = map:seek("cur")
        local line = map:read("*l")
        if start >= high then
            high = middle
        elseif line:match("^[^\t]*") < key then
            low = start + #line + 1
        else
            high = middle
        end
    end
    map:seek("set", low)
    for line in map:lines() do
        local at, name, answer = line:match("^([^\t]*)\t(.*) ([^ ]*)$")
        if at ~= key then return nil end
        if name == "" or name == exact then return answer end
    end
end

-- A path without its "." segments and with one slash before it, none behind it.
local function plain(path)
    local count
    path = path .. "/"
    repeat path, count = path:gsub("/%./", "/") until count == 0
    if not path:find("[^/]") then return "/" end
    return "/" .. path:match("^/*(.*[^/])")
end

-- What stands behind the folder of the old wiki, still encoded; nil outside of it.
local function inside_of(path)
    local _, count = BASE:gsub("/", "")
    local head = path:match("^" .. ("[^/]*/"):rep(count))
    return head and decode(head) == BASE and path:sub(#head + 1) or nil
end

-- The value of the last parameter of a name.
local function parameter(query, name)
    local value
    for part in query:gmatch("[^&]+") do
        local key = part:match("^[^=]*")
        if key == name then value = part:sub(#key + 2) end
    end
    return value
end

local function route(path)
    if EXACT[path] then return EXACT[path] end
    for _, row in ipairs(NUMBERED) do
        local rest = path:sub(1, #row[1]) == row[1] and path:sub(#row[1] + 1) or ""
        if rest:find("^[0-9]+$") or rest:find("^[0-9]+%-") then return row[2] end
    end
end

local function page(look, id, name)
    return id:find("^[1-9][0-9]*$") and look("i" .. id, id) or name ~= "" and look("n" .. fold(name), name)
end

-- A path: path, then name, then id.
local function by_path(look, path, inside)
    local whole, name = decode(path:sub(2)), decode(inside or "")
    return whole ~= "" and look("p/" .. whole, "/" .. whole)
        or name ~= "" and look("n" .. fold(name), name)
        or name:find("^[1-9][0-9]*$") and look("i" .. name, name)
end

local function answer(look)
    local path, query = target:gsub("^%a[%w+.-]*://[^/?#]*", ""):match("^([^?#]*)%??([^#]*)")
    if path:sub(1, 1) ~= "/" then return nil end
    path = plain(path)
    local inside = inside_of(path)
    local is_script = inside == "tiki-index.php"
    if is_script then
        local id, name = parameter(query, "page_id"), parameter(query, "page")
        if id or name then return page(look, decode(id or ""), decode(name or "")) end
    end
    local whole = path == "/" and path or decode(path:sub(2)):gsub("^.", "/%0")
    return by_path(look, path, inside) or (is_script or whole == HOME_PATH) and HOME or route(whole)
end

local map = assert(io.open(folder .. "redirects.map", "rb"))
local size = map:seek("end")
local found = answer(function(key, exact) return find(map, size, key, exact) end)
map:close()
if not found then return end
request.resp_body:set("")
if found == "410" then return 410 end
request.resp_header["Location"] = found
if CACHE then request.resp_header["Cache-Control"] = CACHE end
return STATUS
"""

_EXAMPLE = """\
# A complete configuration that loads as it is, to try the map or to start from. In this folder, with the new site
# in html/:  lighttpd -D -f lighttpd.conf
server.bind = "127.0.0.1"
server.port = 8080
server.document-root = var.CWD + "/html"
server.modules = ( "mod_indexfile" )
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html", "" => "application/octet-stream" )
var.wiki_etl = var.CWD + "/wiki-etl"
include "wiki-etl/redirects.conf"
"""

_README = """\
# The redirect map for lighttpd

@entries@ addresses. lighttpd 1.4.63 or later with its Lua module: Debian and Ubuntu `lighttpd-mod-magnet`, Fedora
`lighttpd-mod_magnet`, Alpine `lighttpd-mod-magnet` or the package itself.

## Install

1. Copy the folder `wiki-etl/` to `/etc/lighttpd/wiki-etl/`. The server's user must be able to read it:
   `chmod -R a+rX /etc/lighttpd/wiki-etl`.
2. Add two lines at the end of the main `lighttpd.conf`:

```
var.wiki_etl = "/etc/lighttpd/wiki-etl"
include "wiki-etl/redirects.conf"
```

The map is asked when the answer would be 404 or 403, for files as for an application behind `mod_proxy` or
`mod_fastcgi`. So what the new site answers always wins over the map; a 404 or 403 for an address that the map does
not know stays as it is. For one host only, write the two lines of `redirects.conf` yourself, the second one into
`$HTTP["host"] == "..." { }`.

`lighttpd.conf` is a complete example.

## Check, reload, roll back

```sh
lighttpd -tt -f /etc/lighttpd/lighttpd.conf
systemctl restart lighttpd      # the first time only: map and script are read again when they change
@check@
```

For a new map, `mv` the new `redirects.map` and `fold.lua` over the old ones; the next request reads them.

@roll_back@

## What to know

* The map takes no memory and no time at start, whatever its size. A look-up reads some lines of the file: some
  thousand requests a second for addresses that the new site does not answer, with 1,000 entries or 1,000,000.
* Names are found in upper and lower case of any script where that has one answer. @shared@ keys are names that differ
  by case and have different targets, or differ from a path of the new site by case: they are found only as written.
* `server.error-handler-404` hides the map, unless it is a script that answers 404: a file such as `/404.html` is
  answered with 200. `server.error-handler` keeps the status, and `server.errorfile-prefix` does not interfere.
* `redirects.map` is sorted by bytes (`LC_ALL=C sort -c redirects.map`): sort it again after an edit by hand.
@room@* @unsupported@ entries of the map could not be expressed: the findings `redirect.unsupported`.
* Answers are @status@ or 410; nothing from a request is copied into `Location`.
"""

_TEMPLATES = {
    "README.md": _README,
    "lighttpd.conf": _EXAMPLE,
    f"{FOLDER}/redirects.conf": _CONF,
    f"{FOLDER}/redirects.lua": _SCRIPT,
    f"{FOLDER}/fold.lua": _FOLD,
}
"""Every file but the map."""
