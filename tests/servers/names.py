"""The map of the matrix: names, ids and paths that have broken a web server's map, each with an answer of its own."""

from __future__ import annotations

import unicodedata

PRINTABLE = "".join(map(chr, range(32, 127)))

NAMES = [
    "Some Page – June 2019",
    "about",
    f"Every{PRINTABLE}character",
    *(f"one {char} of them" for char in "\"'`{}$\\~#;%&+?|^<>[]()*,:=@!"),
    "-leading dash",
    "--",
    "#leading hash",
    "~leading tilde",
    "~^/.*regular expression$",
    "\\leading backslash",
    "*",
    "=",
    "$PATH",
    "{$PATH}",
    "{env.PATH} {path} {host}",
    "%{HTTP_HOST}",
    "${HOST} ${uri} $host $1",
    "%[path] %1 %% %s",
    "default",
    "include",
    "include /etc/passwd",
    "import",
    "hostnames",
    "volatile",
    "true",
    "null",
    "F",
    r"tab \t line \n return \r",
    "\\\\ two \\\\",
    "ends with a backslash\\",
    '"quoted"',
    "%41BC",
    "%zz",
    "ABC",
    "%2541BC",
    "50%25 of it",
    "100% sure",
    "100%",
    "A+B",
    "A B",
    "A%2BB",
    "C++ and more",
    "Zoë à la café – ÅÄÖ ñ",
    "5分でビタミンD",
    "ﷺ اللغة العربية",
    "ไทย น้ำ",
    "Fair 🎉 day 👩‍🔬",
    "水" * 158,
    "Wells and their water " * 90 + "to the end",
    "x" * 2000,
    "é" * 1999,
    "Wells, and more of them, " * 400,
    "水" * 1400,
    "no-break\u00a0space and thin\u2009space",
    "a/b c",
    "a//b",
    "W//b",
    "%57//b",
    "up ../and/../down",
    "here ./and/./there",
    "dots ... and more ..",
    "trailing dot.",
    "trailing slash/",
    "2019",
    "007",
    "0",
    "42.html",
    "tiki-index.php",
    "tiki-index.php?page=about",
    "page=about&page_id=7",
    "posts",
    "https://evil.example/alias",
    "Location: x",
    "A+B at a café",
    "café of A+B",
    "café/",
    "café/wells",
    "Both ways",
    "a/ blank",
]
"""Page names; some are too long for some servers, and then refused."""

CASE = {"HIV": "/pages/case-hiv/", "Hiv": "/pages/case-hives/", "ÉTÉ": "/pages/case-été/", "Été": "/pages/case-summer/"}
CASE |= {"Tea+Milk": "/pages/case-tea/", "TEA+Milk": "/pages/case-teas/"}
SAME = {"Clear water": "/pages/clear/", "CLEAR water": "/pages/clear/"}
GONE = ["Gone for good", "Gone – für immer"]

PATHS = {
    "/posts/old-slug": "/pages/n0/",
    "/posts/old-slug.html": "/pages/n0/",
    "/posts/Wells": "/pages/n7/",
    "/posts/gone": None,
    "/10983.html": "/pages/n0/",
    "/1999": "/pages/n1/",
    "/tags/Capital Letters+plus": "/pages/n1/",
    "/tags/Case": "/pages/n1/",
    "/tags/CASE": "/pages/n2/",
    "/tags/été": "/pages/n3/",
    '/tags/100% {path} $1 \\ "x"': "/pages/n4/",
    "/tiki-print.php": None,
    "/Bees": "/pages/n8/",
    "/posts/Archive//2019": "/pages/n5/",
    "/Both ways": "/pages/n6/",
}

FIRST_ID = 10983
GONE_ID = "410"
ID_AND_NAME = "2019"


def targets() -> dict[str, str]:
    """Where each of `NAMES` goes."""
    return {unicodedata.normalize("NFC", name.strip(" ")): f"/pages/n{at}/" for at, name in enumerate(NAMES)}


def the_map() -> dict[tuple[str, str], str | None]:
    """Kind and value of each entry, and its target; None: gone."""
    entries: dict[tuple[str, str], str | None] = {("name", name): target for name, target in targets().items()}
    entries |= {("id", str(FIRST_ID + at)): target for at, target in enumerate(targets().values())}
    entries |= {("name", name): ascii_target(target) for name, target in (CASE | SAME).items()}
    entries |= {("name", name): None for name in GONE}
    entries |= {("path", path): target for path, target in PATHS.items()}
    return entries | {("id", GONE_ID): None, ("id", ID_AND_NAME): "/pages/year/"}


def ascii_target(target: str) -> str:
    """Targets are encoded as the new site serves them."""
    return "".join(char if char.isascii() else "".join(f"%{byte:02X}" for byte in char.encode()) for char in target)
