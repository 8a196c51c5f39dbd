"""Characters that are not what one types: entities, odd blanks, signs without a shape, escapes, garbled text."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote

from etl.scripts import WITHOUT_BLANKS
from etl.transform.body.edits import short
from etl.transform.body.entities import ENTITY, decoded
from etl.transform.body.literals import NO_ESCAPE, escaped
from etl.transform.body.surface.around import FAR_BRACKET
from etl.transform.body.surface.tags import TAG
from etl.transform.body.surface.walk import Walk

ODD_BLANKS = "".join(map(chr, (0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
ODD_BLANK = rf"(?:[{ODD_BLANKS}]|&(?:nbsp|ensp|emsp|thinsp|hairsp|#160|#x[aA]0);)"
INVISIBLE = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u061c\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
)
JOINERS, DIRECTIONS = "\u200c\u200d", "\u200e\u200f\u061c"
SHOWS_NOTHING = rf"[\s{INVISIBLE}{JOINERS}]"
WORD = rf"[^\s{INVISIBLE}*_~`\[\]<>|{{}}&](?<![pjmy];)"
"""What such a mark may belong to: neither a blank nor markup, nor the name of a blank."""
WORD_BEFORE = re.compile(rf"{WORD}(?:</\w+\s*>)*\Z")
WORD_BEHIND = re.compile(rf"{WORD}|&#")  # a number may be that of a letter
FAR_WORD = 40  # end tags between them and all
BLANK_OF_WORDS = "\u200b"
WORDS_WITHOUT_BLANKS = re.compile(f"[{WITHOUT_BLANKS}]{{2}}")
# Text in UTF-8 that was read as Windows-1252: what the bytes behind a leading byte look like then.
GARBLED = r"\u00c2-\u00c5\u00ce-\u00d1\u00e2\u00e3\u00ef\u00f0"
TRAILING = (
    r"\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201e\u2020-\u2022"
    r"\u2026\u2030\u2039\u203a\u20ac\u2122"
)
MOJIBAKE = re.compile(f"(?:[{GARBLED}][{TRAILING}]{{1,3}})+")
END_OF_WORD = re.compile("[\u00c3-\u00c5\u00d0\u00e3][\u00a0\u00ab\u00bb\u2013\u2014\u2018-\u201d\u2026]+")
"""A letter that words of some language end with, and marks that may stand behind a word."""
SPELLED = "\u2010\u2011\ufb00-\ufb06\u00b5\u21b5"
ODD = rf"<{{~&{GARBLED}{SPELLED}\\{INVISIBLE}\u2028\u2029{ODD_BLANKS}"
"""Where something may begin that is not prose."""
ODD_BLANK_RUN = re.compile(rf"{ODD_BLANK}(?:[ \t]|{ODD_BLANK})*")
NUMBER = re.compile(r"&(?=#)")
INVISIBLES = re.compile(f"[{INVISIBLE}]+")
IN_ANGLES = re.compile(rf"{INVISIBLES.pattern}|[<>\s()]")
"""What has no shape, and what is in no address but between angle brackets, and these."""
TYPES = re.compile(f"[{SPELLED}]")
SEPARATORS = re.compile("[\u2028\u2029]+")
ESCAPE = re.compile(r"\\.", re.DOTALL)
KEPT_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
SPECIAL = frozenset("*_[]`#|~\\")
ENDS_LINK = frozenset("\"'()")
"""What its address or title may end with."""
FIRST = re.compile(r"[=:^]|~(?!\d)")  # may have a meaning at the start of a line


def less(walk: Walk, token: re.Match[str]) -> int | None:
    """A `<` that opens nothing, or the address of a Markdown link."""
    start = token.start()
    if end := address_end(walk, start):
        return end
    if walk.around.in_destination(start):
        walk.edit(start, start + 1, "%3C", "address")
    else:
        walk.edit(start, start + 1, "&lt;", "less-than")
    return start + 1


def address_end(walk: Walk, start: int) -> int | None:
    """Where an address of a Markdown link in angle brackets ends; that of a definition is written without them."""
    if "]" not in walk.text[max(start - FAR_BRACKET, 0) : start]:
        return None
    defined = walk.around.defined_end(start)
    end = defined or walk.around.angled_end(start)
    if end is None:
        return None
    for sign in IN_ANGLES.finditer(walk.text, start, end):
        if INVISIBLES.match(sign[0]):
            walk.edit(*sign.span(), "", "invisible")
        elif defined:
            walk.edit(*sign.span(), "" if sign[0] in "<>" else quote(sign[0]), "address")
    return end


def escape(walk: Walk, token: re.Match[str]) -> int:
    r"""A backslash and what it escapes: `\<` has one spelling, and what no engine needs escaped goes without."""
    start, end = token.span()
    if token[0] == "\\<" and (tag := TAG.match(walk.text, start + 1)) and tag[1]:  # in HTML it escapes nothing
        walk.edit(start, end - 1, "\\\\", "escape")
        return end - 1
    if token[0] == "\\<":
        walk.edit(start, end, "&lt;", "less-than")
    elif token[0] == "\\\n" and walk.open.one_line:
        walk.edit(start, end, " ", "break")
    elif token[0] == "\\&":
        walk.edit(start, end, "&amp;" if ENTITY.match(walk.text, start + 1) else "&", "escape")
    elif token[0][1] in NO_ESCAPE and not walk.in_link(start):
        first = FIRST.match(walk.text, start + 1) and walk.around.is_first(start)
        walk.edit(start, end, escaped(token[0][1]) if first else token[0][1], "escape")
    return end


def entity(walk: Walk, token: re.Match[str]) -> None:
    """An entity becomes its character, but for `&lt;`, `&gt;` and `&amp;`."""
    char = decoded(token[0])
    if char == token[0]:
        return  # there is none of that name
    if char in ENDS_LINK and walk.in_link(token.start()):
        return
    if char.isspace():
        blank(walk, token)
        return
    if char in KEPT_ENTITIES:
        replacement = KEPT_ENTITIES[char]
    elif not char or not char.isprintable():
        replacement = _meant(walk, token, char)
    else:
        first = walk.around.is_first if char == ":" else walk.around.at_line_start
        image = char == "!" and walk.text.startswith(("[", "<"), token.end())
        marks = image or char in SPECIAL or (char in "-+=:^" and first(token.start()))
        replacement = escaped(char) if marks else char
    walk.edit(*token.span(), replacement, "entity")


def number(walk: Walk, token: re.Match[str]) -> None:
    """What begins like the number of a character, and is none: behind it an engine finds tags in code."""
    if not walk.around.in_destination(token.start()):
        walk.edit(*token.span(), "&amp;", "entity")


def blank(walk: Walk, token: re.Match[str]) -> int:
    """No-break and typographic blanks; nothing at the start of a line, where blanks would make code, or a mark."""
    start, end = token.span()
    if walk.around.is_outer_cell(start, end):
        walk.edit(start, end, "|", "odd-blank")
    elif walk.around.at_line_start(start):
        end, guard = walk.around.unmarked(end) if start >= walk.glued_end else (end, "")
        walk.edit(start, end, guard, "odd-blank")
    elif walk.around.in_destination(start) and walk.text[end : end + 1] not in " \t\n":
        walk.edit(start, end, "%20", "address")
    else:
        hard_break = token[0].endswith("  ") and walk.text.startswith("\n", end)
        walk.edit(start, end, "  " if hard_break else " ", "odd-blank")
    return end


def invisible(walk: Walk, token: re.Match[str]) -> None:
    """Characters without a shape."""
    meant = _meant(walk, token, token[0])
    if meant != token[0]:
        walk.edit(*token.span(), meant, "invisible")


def _meant(walk: Walk, token: re.Match[str], signs: str) -> str:
    """Those signs without a shape that are part of how words are written: joiners, marks of direction, parted words.

    Alone they are none: a paragraph, a link or a heading of one would show nothing.
    """
    text, (start, end) = walk.text, token.span()
    if BLANK_OF_WORDS in signs and WORDS_WITHOUT_BLANKS.fullmatch(text[start - 1 : start] + text[end : end + 1]):
        return BLANK_OF_WORDS
    if _is_alone(text, start, end):
        return ""
    kept = JOINERS
    if walk.from_right and not walk.around.in_destination(start):
        kept += DIRECTIONS
    return "".join(sign for sign in signs if sign in kept)


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether a stretch stands between blanks, or in markup that holds nothing else: `# &zwnj;`, `**&zwnj;**`."""
    if WORD_BEFORE.search(text, max(start - FAR_WORD, 0), start) or WORD_BEHIND.match(text, end):
        return False
    return bool(text[start - 1 : start].strip()) == bool(text[end : end + 1].strip())


def mojibake(walk: Walk, token: re.Match[str]) -> int | None:
    """UTF-8 that was read as Windows-1252, run by run, and only where the bytes are UTF-8 (39)."""
    if _ends_word(walk.text, token):
        return token.start() + 1
    text = _as_utf8(token[0])
    if text is None:
        return None
    text = "".join(" " if char.isspace() else char for char in text if char.isspace() or char.isprintable())
    walk.find("character.repaired", token.start(), f"garbled {short(token[0])}", f"repaired to {short(text)}")
    walk.edit(*token.span(), text, "mojibake")
    return token.end()


def _as_utf8(run: str) -> str | None:
    data = b"".join(char.encode("cp1252", "ignore") or char.encode("latin-1", "ignore") for char in run)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _ends_word(text: str, token: re.Match[str]) -> bool:
    """Whether it is the last letter of a word and the marks behind it: `HYVÄ…`, `amanhã »`, `‘Ã’`.

    What begins a garbled letter is a capital as well, but stands among small letters, or more of its word follows; and
    where a capital is garbled, as that of `PERÒ`, other letters are, too.
    """
    start, end = token.span()
    letter, marks = token[0][0], token[0][1:]
    before, goes_on = text[max(start - 2, 0) : start], text[end : end + 1].isalpha()
    if marks in ("\u2019", "\u201d") and before[-1:] in ("\u2018", "\u201c"):
        return not goes_on
    if not END_OF_WORD.fullmatch(token[0]):
        return False
    if marks[-1] == "\u00a0":  # `Là` has one capital before it
        return letter.islower() or (before[:-1].isupper() and before[-1].isupper())
    return not goes_on and (letter.islower() or (before[-1:].isupper() and not _is_garbled(text)))


@lru_cache(1)
def _is_garbled(text: str) -> bool:
    """Whether any of it is garbled beyond doubt."""
    runs = (found[0] for found in MOJIBAKE.finditer(text) if not END_OF_WORD.fullmatch(found[0]))
    return any(_as_utf8(run) is not None for run in runs)


def typography(walk: Walk, token: re.Match[str]) -> None:
    """Ligatures, typographic hyphens and the micro sign as the letters and marks that one types (38)."""
    start, end = token.span()
    if token[0] == "\u21b5":  # the sign of a return key, where a line ended
        inside = walk.text[start - 1 : start].isalnum() and walk.text[end : end + 1].isalnum()
        guard = "\\" if walk.text.startswith("*", end) else " " if inside else ""
        if walk.around.at_line_start(start):
            end, guard = walk.around.unmarked(end)
        walk.edit(start, end, guard, "typography")
    else:
        char = "-" if token[0] in "\u2010\u2011" else unicodedata.normalize("NFKC", token[0])
        walk.edit(start, end, char, "typography")


def separator(walk: Walk, token: re.Match[str]) -> None:
    """U+2028 and U+2029."""
    one_line = walk.open.one_line or walk.around.in_pipe_row(token.start())
    walk.edit(*token.span(), " " if one_line else "\n", "line-separator")
