"""What compilers write with: files from templates, expressions, and findings of what a server cannot express."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO
from urllib.parse import quote, quote_plus

from etl.load.redirects.neutral import Entry, short
from etl.load.redirects.options import CompileOptions
from etl.model import Finding

UNSUPPORTED = "redirect.unsupported"
FOLDER = "wiki-etl"
"""What is installed of a server's files. Its name is fixed: nginx and Apache resolve what a file of ours includes
against the folder of their main file."""


class ServerRefused(Exception):
    """A map that one server's files cannot hold at all: a sentence that says why and what to do.

    A compiler raises it at any time; `compile_all` then leaves nothing but a README with the sentence in that
    server's folder, and goes on with the others.
    """


def create(path: Path) -> TextIO:
    """A new file of a server, in UTF-8 and with the same line ends on every machine."""
    return path.open("w", encoding="utf-8", newline="\n")


def write_texts(out: Path, texts: Mapping[str, str]) -> None:
    """Files of a server by their names in its folder."""
    for name, text in texts.items():
        (out / name).parent.mkdir(exist_ok=True)
        with create(out / name) as file:
            file.write(text)


def filled(template: str, values: Mapping[str, object]) -> str:
    """A template with its ``@names@`` filled in; no line with nothing but an empty one. The rest belongs to servers.

    Raises KeyError for a name without a value.

    >>> print(filled("a @place@\\n  @more@\\n{b} $c@d.example\\n", {"place": 1, "more": ""}), end="")
    a 1
    {b} $c@d.example
    """
    text = re.sub(r"^ *@([a-z_]+)@\n", lambda match: match[0] if values[match[1]] else "", template, flags=re.MULTILINE)
    return re.sub(r"@([a-z_]+)@", lambda match: str(values[match[1]]), text)


def write_filled(out: Path, templates: Mapping[str, str], values: Mapping[str, object]) -> None:
    """Files of a server from templates, by their names in its folder."""
    write_texts(out, {name: filled(template, values) for name, template in templates.items()})


def common_values(
    options: CompileOptions, place: str, *, entries: int, unsupported_entries: int, host: str = "http://localhost"
) -> dict[str, object]:
    """What the templates of every server name. ``place``: where its configuration is; ``host``: what it answers for."""
    return {
        "status": options.status,
        "entries": entries,
        "unsupported": unsupported_entries,
        "check": _check_command(options, host),
        "roll_back": filled(_ROLL_BACK, {"place": f"{place}/{FOLDER}"}).rstrip("\n"),
    }


def _check_command(options: CompileOptions, host: str = "http://localhost") -> str:
    r"""The command with which a README asks a running server for an entry of the map, and the answer that is right.

    >>> from etl.addresses import Address
    >>> tea = Entry(Address("name", "Bees' tea & Zoë"), "/tea/")
    >>> print(_check_command(CompileOptions(legacy_base="/wiki/", sample=tea)))
    curl -sI 'http://localhost/wiki/tiki-index.php?page=Bees%27+tea+%26+Zo%C3%AB'  # 301 to /tea/
    >>> print(_check_command(CompileOptions(sample=Entry(Address("path", "/old/a b"), None))))
    curl -sI 'http://localhost/old/a%20b'  # 410
    """
    if options.sample is None:
        return "# nothing to ask for: the map is empty"
    (kind, value), answer = options.sample.address, options.answer(options.sample)
    parameter = "page_id" if kind == "id" else "page"
    asked = quote(value) if kind == "path" else f"{options.script}?{parameter}={quote_plus(value)}"
    return f"curl -sI '{host}{asked}'  # {answer if answer == '410' else f'{options.status} to {answer}'}"


# The way back works twice, and removes nothing: where there is no map to go back to, the one in use stays.
_ROLL_BACK = """\
Before you install a newer map, keep the one that works:

```sh
rm -rf @place@.before && cp -a @place@ @place@.before
```

Then install the newer one as above, check and reload. To roll back, restore the one that worked and reload:

```sh
cp -a @place@.before/. @place@/
```
"""


def forms(text: str) -> list[str]:
    """The forms of Unicode in which a value arrives: its own and, for clients that send that, NFD; the longest last.

    >>> [len(form) for form in forms("Zoë")], forms("Zoe")
    ([3, 4], ['Zoe'])
    """
    other = text if text.isascii() else unicodedata.normalize("NFD", text)
    return [text] if other == text else [text, other]


def encoded(byte: int) -> str:
    """The expression for a byte as a request may encode it.

    >>> encoded(0x2B), encoded(0x20)
    ('%2[bB]', '%20')
    """
    return "%" + "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{byte:02x}")


def longest(texts: Iterable[str]) -> int:
    """Bytes of the longest text."""
    return max(map(len, map(str.encode, texts)), default=0)


def most_blanks(texts: Iterable[str]) -> int:
    """Blanks of the text that has most of them."""
    return max((text.count(" ") for text in texts), default=0)


def unsupported(server: str, entry: Entry, why: str) -> Finding:
    """An entry that a server's files cannot express."""
    return Finding(
        UNSUPPORTED,
        f"{server}: {entry.address.kind} {short(entry.address.value)}: {why}",
        "it is not in the files of this server; the neutral map has it",
        cause=f"{server}\0{entry.address.kind}\0{entry.address.value}",
    )


def unsupported_map(server: str, why: str) -> Finding:
    """A map that a server's files cannot hold at all."""
    return Finding(
        UNSUPPORTED, f"{server}: the whole map: {why}", "nothing was written for this server", cause=f"{server}\0"
    )
