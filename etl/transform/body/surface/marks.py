"""Marks of the old wiki between tildes: characters, colours, comments, and guards of text."""

from __future__ import annotations

import re
import unicodedata

from etl.transform.body.edits import short
from etl.transform.body.places import match_end
from etl.transform.body.surface.inner_text import read_code
from etl.transform.body.surface.tags import Tag
from etl.transform.body.surface.walk import Walk

CHARACTERS = {
    "hs": " ",
    "bs": "\\\\",
    "lt": "&lt;",
    "gt": "&gt;",
    "amp": "&amp;",
    "ldq": "\u201c",
    "rdq": "\u201d",
    "lsq": "\u2018",
    "rsq": "\u2019",
    "c": "\u00a9",
    "--": "\u2014",
}
"""What marks stand for."""
TINT = (
    "#?[A-Fa-f0-9]{3,6}|black|silver|gr[ae]y|white|maroon|red|purple|fuchsia|magenta|green|lime|olive|yellow|navy|blue"
    "|teal|aqua|cyan|orange|brown|pink|violet|gold|dark(?:red|green|blue|orange|gr[ae]y)"
)
COLOUR = rf"~~(?:{TINT})(?: ?, ?(?:{TINT}))?:"
"""What begins a colour of the old wiki, that of the text before that of its ground."""
NUMBER = r"(?:1[6-9]\d|[2-9]\d\d|[1-9]\d{3,4})"
"""That of a character beyond ASCII, which may be a sign or a blank; a letter stays a number."""
NO_CHARACTER = frozenset(("Cn", "Co", "Cs"))
"""Categories of numbers that stand for none: unassigned, private, half of one."""
LITERAL = r"/?(?:np|pp|pre|tc|hc|tex)"
MARK = re.compile(rf"~(?:(?i:{'|'.join(CHARACTERS)})|{LITERAL}|{NUMBER}(?=~(?!\d)))~|{COLOUR}|~~")
LITERAL_ENDS = {"~np~": re.compile("~/np~"), "~pp~": re.compile("~/pp~")}
"""What ends a text that the old wiki did not read."""
READABLE = re.compile(r"\{/?[A-Za-z]+(?:\(|\}|[ \t][^{}\n]*=)|\(\(.{1,300}?\)\)|__[^_\n]+__")
"""Markup in such a text, which would be read now."""
HARD_BLANKS = re.compile(r"(?:~hs~[ \t]*)+", re.IGNORECASE)
ESCAPED_MARK = re.compile(rf"\\(~{LITERAL})\\?~")
"""As a converter writes what it does not know."""


def mark(walk: Walk, token: re.Match[str]) -> int | None:
    """`~hs~` is a character, `~~#F00:text~~` a colour, `~tc~` a comment; the others only guarded their text."""
    mark = token[0]
    if mark in ("~tc~", "~hc~") and (end := _comment_end(walk, token)):
        return end
    if mark in LITERAL_ENDS and token.end() > walk.passed.literal_end:
        if end := _literal(walk, token, LITERAL_ENDS[mark]):
            return end
        walk.passed.literal_end = walk.around.next_of(f"~/{mark[1:]}", token.end()) or 0
    if (end := match_end(HARD_BLANKS, walk.text, token.start())) > token.start():
        return _blank(walk, token.start(), end)
    if not mark.startswith("~~"):
        meaning = _meaning(mark)
        walk.uncovered |= meaning != mark  # what it kept apart may be one tag or marker now
        walk.edit(*token.span(), meaning, "tiki-mark")
    elif mark != "~~":
        walk.passed.colours += 1
        walk.find("markup.removed", token.start(), f"colour {mark!r}", "removed; its inner text stays")
        walk.edit(*token.span(), "", "tiki-colour")
    elif walk.passed.colours:
        walk.passed.colours -= 1
        walk.edit(*token.span(), "", "tiki-colour")
    return None


def _literal(walk: Walk, token: re.Match[str], ending: re.Pattern[str]) -> int | None:
    """`~pp~` is code, as its blanks and lines stay; so is `~np~` with markup in it. Returns where it ends."""
    if token[0] == "~np~":
        closing = walk.around.next_match(ending, token.end())
        if closing is None or not READABLE.search(walk.text, token.end(), closing.start()):
            return None
    return read_code(walk, Tag("CODE", *token.span(), False, token[0]), ending, "tiki-marker")


def _blank(walk: Walk, start: int, end: int) -> int:
    """`~hs~`: nothing at the start of a line, where blanks would make code; what comes there is no mark."""
    end, written = walk.around.unmarked(end) if walk.around.at_line_start(start) else (end, " ")
    walk.uncovered |= written != " "  # a blank keeps apart what the mark did
    walk.edit(start, end, written, "tiki-mark")
    return end


def _meaning(mark: str) -> str:
    """What a mark stands for, by its name or its number; nothing, if it stands for none.

    >>> _meaning("~HS~"), _meaning("~8364~"), _meaning("~233~"), _meaning("~55300~"), _meaning("~/np~")
    (' ', '€', '~233~', '~55300~', '')
    """
    name = mark.strip("~").lower()
    if not name.isdecimal():
        return CHARACTERS.get(name, "")
    char = chr(int(name))
    return mark if char.isalnum() or unicodedata.category(char) in NO_CHARACTER else char


def unescaped(walk: Walk, token: re.Match[str]) -> None:
    r"""`\~tc\~` is a mark, also at the start of a line, where the tilde would stay escaped."""
    walk.edit(*token.span(), f"{token[1]}~", "escape")


def _comment_end(walk: Walk, token: re.Match[str]) -> int | None:
    """Where the comment ends that a mark begins, which goes; a guarded mark begins none."""
    closing = f"~/{token[0][1:]}"
    end = walk.around.next_of(closing, token.end()) if token.start() >= walk.passed.literal_end else None
    if end is None:
        return None
    inner = " ".join(walk.text[token.end() : end].split())
    walk.find("comment.removed", token.start(), f"comment {short(inner)}", "removed")
    walk.edit(token.start(), end + len(closing), "", "comment")
    return end + len(closing)
