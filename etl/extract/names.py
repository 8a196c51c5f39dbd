"""What can be said of an entry before it is opened: its name made tidy, and what speaks against it."""

from __future__ import annotations

import fnmatch
import re
import stat
import unicodedata
from collections.abc import Container, Iterable

from etl.settings import CONFIG_NAME

SURROGATE = re.compile("[\ud800-\udfff]")
_ABSOLUTE = re.compile(r"/|[A-Za-z]:[/\\]")
_LONGEST = 4096  # PATH_MAX of Linux, with a NUL at the end
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NOT_A_FILE = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def tidy(raw: str) -> str:
    r"""A name as valid text without empty and `.` segments; the slash of an absolute one stays.

    >>> tidy("./a//./b.txt"), tidy("/etc/x"), tidy("a\udcff")
    ('a/b.txt', '/etc/x', 'a�')
    """
    text = SURROGATE.sub("\ufffd", raw)
    root = "/" if text.startswith("/") else ""
    return root + "/".join(segment for segment in text.split("/") if segment not in ("", "."))


def unsafe(name: str) -> str | None:
    r"""Why a name leads out of its bundle, or None.

    >>> unsafe("../x"), unsafe("a\\b"), unsafe("C:/x"), unsafe("a..b/c")
    ("the name has a segment '..'", 'the name has a backslash', 'the name is absolute', None)
    >>> unsafe("x" * 4095), unsafe("x" * 4096)
    (None, 'the name is longer than 4095 bytes, which no folder can hold')
    """
    if not name:
        return "the name is empty"
    if len(name.encode()) >= _LONGEST:
        return f"the name is longer than {_LONGEST - 1} bytes, which no folder can hold"
    if _ABSOLUTE.match(name):
        return "the name is absolute"
    if "\\" in name:
        return "the name has a backslash"
    return "the name has a segment '..'" if ".." in name.split("/") else None


def control(name: str) -> str | None:
    r"""Why a name must not reach a terminal, or None.

    >>> control("a\x1b[0m"), control("ä b")
    ("the name has the control character '\\x1b'", None)
    """
    found = _CONTROL.search(name)
    return f"the name has the control character {found.group()!r}" if found else None


def noise(name: str, of_settings: Container[str] = (CONFIG_NAME,)) -> str | None:
    """Why a name is passed over whatever `ignore` says, or None; ``of_settings``: names of files of settings, in NFC.

    >>> noise("a/.git/x"), noise("__MACOSX/a"), noise("a/wiki-etl.toml"), noise("a.txt")
    ('hidden', '__MACOSX', 'settings', None)
    """
    if name.startswith(".") or "/." in name:
        return "hidden"
    segments = name.split("/")
    if "__MACOSX" in segments:
        return "__MACOSX"
    return "settings" if unicodedata.normalize("NFC", segments[-1]) in of_settings else None


def globs(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """The setting `ignore` as one expression: a glob fits a member or a folder at any depth, in NFC.

    What fits a name fits it below further folders, too, but not the other way round.

    >>> fits = globs(["*.png", "drafts/"])
    >>> [bool(fits.match(name)) for name in ("a/b.png", "a/drafts/x.txt", "drafts.txt")]
    [True, True, False]
    """
    bare = [unicodedata.normalize("NFC", pattern).removeprefix("**/").strip("/") for pattern in patterns]
    both = [fnmatch.translate(glob) for pattern in bare for glob in (pattern, pattern + "/*")]
    return re.compile("|".join(f"(?s:.*/)?(?:{glob})" for glob in both)) if both else None


def special(mode: int) -> str | None:
    """What an entry is instead of a file, by its mode; None for files, folders and no mode at all.

    >>> special(0o120777), special(0o100644)
    ('a symbolic link', None)
    """
    return _NOT_A_FILE.get(stat.S_IFMT(mode))
