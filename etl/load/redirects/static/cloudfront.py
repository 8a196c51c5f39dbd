"""The redirect map for CloudFront: a key value store, and the function that asks it.

The function decodes a request as `addresses.lookups` does, so every spelling is found, parameters, ids and 410
included. Keys are canonical addresses, and what they are in NFD, for the runtime cannot normalize; the store has at
most 5 MB (redirects.md 10), so long ones are hashed, as the function does, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import orjson

from etl.load.redirects.exact import groups, lower, spellings
from etl.load.redirects.files import UNSUPPORTED, create, unsupported, write_filled
from etl.load.redirects.options import CompileOptions
from etl.load.redirects.static.writer import NOT_EXPRESSED
from etl.load.redirects.survey import Survey
from etl.model import Finding

SERVER = "cloudfront"
LIMIT = 5 * 1024 * 1024  # bytes of the file
LONGEST_KEY = 100  # bytes; beyond, the hash is shorter
LONGEST_VALUE = 1024
_HEAD, _TAIL = '{"data":[\n', "\n]}\n"


def compile_map(survey: Survey, out: Path, options: CompileOptions) -> list[Finding]:
    """Writes the store, the function and a README into the folder ``out``.

    Returns a finding for an entry that does not fit, and one for all that are over the limit.
    """
    findings: list[Finding] = []
    room, written, over = LIMIT - len(_HEAD) - len(_TAIL), 0, 0
    with (out / "key-values.json").open("wb") as file, create(out / NOT_EXPRESSED) as lost:
        file.write(_HEAD.encode())
        lost.write("# Addresses that are not in the store: more than it takes.\n")
        for key, value in _items(survey, options, findings):
            line = orjson.dumps({"key": hashed(key), "value": value})
            room -= len(line) + 2
            if room < 0:
                over += 1
                lost.write(f"{key} {value}\n")
                continue
            file.write((b",\n" if written else b"") + line)
            written += 1
        file.write(_TAIL.encode())
    if over:
        why = f"limit, {over}: the store takes {LIMIT // 1024 // 1024} MB"
        findings.append(
            Finding(UNSUPPORTED, f"{SERVER}: {why}", "they are in not-expressed.txt", cause=f"{SERVER}\0limit")
        )
    values = _values(options) | {"entries": written, "over": over, "unsupported": len(findings)}
    write_filled(out, {"function.js": _FUNCTION, "README.md": _README}, values)
    return findings


def _items(survey: Survey, options: CompileOptions, findings: list[Finding]) -> Iterator[tuple[str, str]]:
    """Key and value of each entry."""
    for group in groups(survey, SERVER, findings):
        items: dict[str, str] = {}
        for entry in group.entries:
            kind = entry.address.kind
            answer = options.answer(entry)
            if len(answer) > LONGEST_VALUE:
                findings.append(unsupported(SERVER, entry, f"a target has at most {LONGEST_VALUE} characters"))
                continue
            for text in spellings(entry):
                key = f"n:{lower(text)}" if group.folds else f"N:{text}" if kind == "name" else f"{kind[0]}:{text}"
                items[key] = answer
        yield from items.items()


def hashed(key: str) -> str:
    """The key as the store has it.

    >>> hashed("n:clear water"), hashed("n:" + "w" * 99), len(hashed("n:" + "w" * 98))
    ('n:clear water', '#6a805cf2d900dfffcd588933d82f4d46', 100)
    """
    data = key.encode()
    return key if len(data) <= LONGEST_KEY else "#" + hashlib.sha256(data).hexdigest()[:32]


def _values(options: CompileOptions) -> dict[str, object]:
    rows = [[route.path, route.kind == "numbered", options.answer(route)] for route in options.routes]
    return {
        "base": _js(options.base),
        "script": _js(options.script),
        "status": options.status,
        "cache": _js(options.cache_control),
        "home": _js(options.home_to),
        "home_path": _js(options.home_path),
        "routes": _js(rows),
        "longest": LONGEST_KEY,
    }


def _js(value: object) -> str:
    return orjson.dumps(value).decode()


_FUNCTION = r"""// Written by wiki-etl. A CloudFront function (runtime 2.0) of the viewer request, with the store of
// key-values.json. Nothing of a request is ever repeated in Location.
import cf from 'cloudfront';
import crypto from 'crypto';

const BASE = @base@, SCRIPT = @script@;
const STATUS = @status@, CACHE = @cache@;
const HOME = @home@, HOME_PATH = @home_path@;
// Addresses that are no pages: path, whether digits follow, where it goes.
const ROUTES = @routes@;
const store = cf.kvs();

// A text without a sign at its ends; an expression would look for its end from each sign in between.
function trimmed(text, sign) {
    let start = 0, end = text.length;
    while (start < end && text[start] === sign) start++;
    while (start < end && text[end - 1] === sign) end--;
    return text.slice(start, end);
}

// What an address spells: decoded once, + a blank, blanks trimmed; empty when it can never match.
// The runtime has no String.normalize: the store has the texts in NFC and in NFD.
function decode(raw) {
    let text;
    try {
        text = decodeURIComponent(raw.replace(/\+/g, ' '));
    } catch (error) {
        return '';
    }
    return /[\u0000-\u001f\u007f-\u009f]/.test(text) ? '' : trimmed(text, ' ');
}

function hashed(key) {
    if (encodeURIComponent(key).replace(/%../g, 'x').length <= @longest@) return key;
    return '#' + crypto.createHash('sha256').update(key).digest('hex').slice(0, 32);
}

async function look(key) {
    try {
        return await store.get(hashed(key));
    } catch (error) {
        return null;  // not in the store
    }
}

async function named(name) {
    if (!name) return null;
    return await look('n:' + name.replace(/[A-Z]+/g, letters => letters.toLowerCase())) || await look('N:' + name);
}

async function numbered(id) {
    return /^[1-9][0-9]*$/.test(id) ? await look('i:' + id) : null;
}

// The last value of a parameter, as it was sent; null without it.
function parameter(query, name) {
    const found = query[name];
    if (!found) return null;
    return found.multiValue ? found.multiValue[found.multiValue.length - 1].value : found.value;
}

function route(path) {
    const found = ROUTES.find(row => row[1]
        ? path.startsWith(row[0]) && /^[0-9]+(-|$)/.test(path.slice(row[0].length)) : path === row[0]);
    return found ? found[2] : null;
}

async function answer(request) {
    const path = '/' + trimmed(request.uri.split('/').filter(segment => segment !== '.').join('/'), '/');
    const inside = path.startsWith(BASE) ? path.slice(BASE.length) : '';
    if (path === SCRIPT) {
        const id = parameter(request.querystring, 'page_id'), name = parameter(request.querystring, 'page');
        if (id !== null || name !== null) return await numbered(decode(id || '')) || await named(decode(name || ''));
    }
    const whole = decode(path.slice(1)), name = decode(inside);
    return whole && await look('p:/' + whole) || await named(name) || await numbered(name)
        || (path === SCRIPT || path === HOME_PATH) && HOME || route('/' + whole);
}

async function handler(event) {
    const found = await answer(event.request);
    if (!found) return event.request;
    if (found === '410') return { statusCode: 410, statusDescription: 'Gone' };
    const headers = { location: { value: found } };
    if (CACHE) headers['cache-control'] = { value: CACHE };
    return { statusCode: STATUS, statusDescription: 'Moved', headers: headers };
}
"""

_README = """\
# The redirect map for CloudFront

`key-values.json`: @entries@ keys for a key value store. `function.js`: the function that asks it.

```sh
aws s3 cp key-values.json s3://your-bucket/key-values.json
aws cloudfront create-key-value-store --name wiki-etl \\
    --import-source SourceType=S3,SourceARN=arn:aws:s3:::your-bucket/key-values.json
```

Create a function (runtime `cloudfront-js-2.0`) from `function.js`, associate the store with it, publish it, and
associate it with the viewer request of the distribution's behaviour for the old host. It finds addresses in any
spelling, parameters, ids, and ASCII letters in any case, and answers 410, too.

## What to know

* The function runs before the new site is asked: an address of the map hides a page of the same path.
* A store takes 5 MB, filled in the order of the map. @over@ addresses did not fit; `not-expressed.txt` lists them.
* Keys of more than @longest@ bytes are the first 32 digits of their SHA-256.
* @unsupported@ findings (`redirect.unsupported`) name what could not be expressed.
* The function was tested only outside of CloudFront.
"""
