"""Markup of the old wiki that no parser of the export read, found by patterns of lines (corpus.md 6.4).

A remnant is a guard (`guards`), a pattern, and a function from a match to edits. Patterns never look
into code. What a remnant becomes may hold further markup: the surface and the structure look at it
after this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from etl.transform.body.edits import Edit, short
from etl.transform.body.guards import ODD_ADDRESS, PARENTHESES, Guard, guard, present
from etl.transform.body.hrefs import TITLE, encoded, is_prose, loses_parenthesis
from etl.transform.body.lists import BEFORE_WORDS, NEST
from etl.transform.body.places import blanks_start, ends_in_break, is_escaped, line_start
from etl.transform.body.quotes import BOX_END, BOX_START
from etl.transform.body.tables import MOST_COLUMNS

BLOCK_RULES = frozenset(("bullet", "footnote", "heading", "table"))
"""Rules whose remnants begin a block, so that no words follow a hard break."""

Match = re.Match[str]
EditsOf = Callable[[Match], Iterator[Edit]]
Remnant = tuple[Guard, re.Pattern[str], EditsOf]

FAR = 5000  # what is not closed within this many characters is not closed
FAR_LINK = 700
WORDS = r"(?:[^\[\]\\\n]|\\.)"
INNER_LINKS = re.compile(
    rf"(?<![!\\])\[((?>{WORDS}{{0,300}}))(?<!!)((?>(?:\[(?>{WORDS}{{1,300}})\]\([^()\s]+\)(?>{WORDS}{{0,300}}))+))\Z"
)
STRAY_NAME = re.compile(r"(?<![A-Za-z{(])(?:FONT|HTML|SPAN|BOX|DIV|CENTER|SUB|SUP|IMG)\Z")
LONGEST_NAME = 7
PART = r"(?:[^\s()<>\"\\]|\\[\\()]?+|\((?>(?:[^()<>\"\\\n]|\\[\\()]?+)*)\))"  # of an address with blanks
LAST_TITLE = re.compile(rf" {TITLE}\Z")
CELL_END = re.compile(r"\|(?![^()|\n]*(?:\|[^()|\n]*)?\)\))")
"""A pipe, but for those in `((Page|#anchor|text))`."""
DASH = r"[\u2013\u2014-]"
BLOCK_LINE = re.compile(r"\n[ \t]*(?:#{1,6}[ \t]|[*+-][ \t]|>|`{3}|~{3}|<div\b)")
BROKEN_ROW = re.compile(
    r"\|(?<![^\n]\|)[^\n]*[^|\s\\] {2,}\n"  # begins with a pipe, ends in a hard break
    r"(?:[^\S\n]*[^|\s][^|\n]*\n){0,40}[^\S\n]*[^|\s][^|\n]*\|[^\n]*$",  # lines without pipes, and one that closes it
    re.MULTILINE,
)
ITEM_LINE = re.compile(r"^(\*{1,6})[+-]?[ \t]+([^\n]*)$", re.MULTILINE)
BOLD_BELOW = re.compile(r"\n[^\n]*?\*\*")
ALIAS = r"alias\(([^()]*+(?>(?:\([^()]*+\)[^()]*+)*))\)"
"""Between two more parentheses a name of the page, which nobody saw: `(alias(Wells of old))`."""
NOTE = r"\w[\w.:-]{0,39}"
"""The name of a note."""
NOTE_LINE = re.compile(r"\n( {4}|\t)(?=[^\n]*\S)")
BELOW_NOTE = re.compile(
    r"[^\n]*+(?>(?:\n(?![ \t]*\n|\[\^)[^\n]++)*)((?>(?:(?>(?:\n[ \t]*+(?=\n))+)(?>(?:\n(?: {4}|\t)[^\n]*\S[^\n]*)+))+))"
)
STARS = re.compile(r"(?<!\\)\*{2,}")
DASHED_WORDS = re.compile(
    rf"^[ \t]*+(?>(?:{DASH}[ \t]++){{2,}}){DASH}?+[ \t]*+"
    rf"(\w[^\u2013\u2014\n]{{0,80}}?)[ \t]*+(?>(?:{DASH}[ \t]*+){{2,}})$",
    re.MULTILINE,
)

LINK = re.compile(
    r"""\[(?<![\\`]\[)(?<!`\[\[)  # not behind a back-tick, for a pipe may part code in a table
    ((?:https?://|ftp://|mailto:)[^\s|\[\]<>]+|tiki-\w+\.php[^|\[\]<>\n]*|(?:dl|display)\d+  # an address
        |(?<!\[\[)\.{0,2}/[^\s|\[\]<>]+|\#[A-Za-z_][\w:.-]*)(?<!\\)
    \\?\|\s*+(!\[[^\[\]|\n]{0,300}\]\([^()\s]+\)|(?:[^\[\]|]{0,299}?[^\s\[\]|])?)\s*+  # an image, or words
    (?:\\?\|[^\[\]\n]*)?  # what was to be done with it: `nocache`
    (?<!\\)\](?!\()""",
    re.VERBOSE,
)
TERM = r"(?:[^:\n`\[]|`[^`\n]*`|\[[^\[\]\n]*\](?>(?:\([^()\n]*\))?))"
"""A character of one, code or a link: colons in these are its own."""
# What pandoc writes around markup that its reader of the old wiki does not know.
UNSUPPORTED = re.compile(
    rf"NOT SUPPORTED(?:: \S{{1,3}} \((?:boxed|centered|colored)\) BEGIN:[ ]?((?:(?!:END|NOT SUPPORTED).){{0,{FAR}}}?)"
    r"|(?:: image without src attribute)?(?: BEGIN)?:?\s*(?:\(non-breaking space\))?)\s*:END",
    re.DOTALL,
)

# What guards look for in bytes.
DIVISION = re.compile(rb"\n[ \t>]*+:{3,}+[ \t]*+[\w{\\]")
DASH_PAIRS = [f"{dash} {dash}".encode() for dash in "\u2013\u2014"] + [b"- - "]
SPACED = re.compile(rb"\*\*[ \t](?<![^ \t\n]...)")
SPACED_LINE = re.compile(rb"\n[ \t]*\*\*[ \t][^*\n]*+\*\*[ \t]*(?:\n|\Z)")


def _marks(rule: str, before: str, behind: str) -> EditsOf:
    """Other marks around the first group."""

    def edits(match: Match) -> Iterator[Edit]:
        yield match.start(), match.start(1), before, rule
        yield match.end(1), match.end(), behind, rule

    return edits


def _whole(rule: str, replacement: str) -> EditsOf:
    """Another text for the match; groups as in `re.Match.expand`."""

    def edits(match: Match) -> Iterator[Edit]:
        yield match.start(), match.end(), match.expand(replacement), rule

    return edits


def _spaced_bold(match: Match) -> Iterator[Edit]:
    """`** text **` alone on its line is bold that lost its touch."""
    line = line_start(match.string, match.start())
    text = match[1]
    if text.strip() and text[-1].isspace() and not match.string[line : match.start()].strip(" \t"):
        yield match.start(), match.end(1) - len(text.lstrip()), "**", "bold"
        yield match.start(1) + len(text.rstrip()), match.end(), "**", "bold"


def _bold_star(match: Match) -> Iterator[Edit]:
    """`*****` among words is a star in bold; alone on its line it is a rule."""
    line = line_start(match.string, match.start())
    if match.string[line : match.start()].strip(" \t>*+-|"):
        yield match.start(), match.end(), r"**\***", "bold"


def _stray_end(match: Match) -> Iterator[Edit]:
    """`FONT}` without its beginning."""
    name = STRAY_NAME.search(match.string, max(match.start() - LONGEST_NAME, 0), match.start())
    if name is not None:
        yield name.start(), match.end(), "", "tiki-marker"


def _heading(match: Match) -> Iterator[Edit]:
    """`!!!!Wells` is a heading of the fourth level; signs say that it was counted, or opened what is below it."""
    yield match.start(), match.end(), "#" * len(match[1]) + " ", "heading"


def _bullet(match: Match) -> Iterator[Edit]:
    """`• peas`, in an item where it stands in one, but no farther in than an item can begin elsewhere."""
    yield match.start(), match.end(), match[1].expandtabs(NEST)[: NEST - 1] + "* ", "bullet"


def _centred(match: Match) -> Iterator[Edit]:
    """`::words::`; the mark of a heading stays before them."""
    yield *match.span(1), "", "tiki-mark"
    yield match.end(2), match.end(), "", "tiki-mark"


def _break(match: Match) -> Iterator[Edit]:
    """`%%%` is a line break; at the start and the end of a line there is one already."""
    text, end = match.string, match.end()
    line, count = line_start(text, match.start()), match[0].count("%%%")
    start = blanks_start(text, match.start())
    if text.startswith("|", line):
        yield start, end, "<br>" * count, "break"
    elif BEFORE_WORDS.fullmatch(text, line, match.start()):
        yield *match.span(), "", "break"
    else:
        yield start, end, "" if text[end : end + 1] in ("", "\n") else "\\\n" * count, "break"


def _link(match: Match) -> Iterator[Edit]:
    """`[address|text]`; without text the address is its own."""
    address, text = match[1], match[2].strip()
    link = f"<{address}>" if not text and "://" in address else f"[{text or address}]({encoded(address)})"
    yield match.start(), match.end(), link, "wiki-link"


def _nested_link(match: Match) -> Iterator[Edit]:
    """`[words [text](inner)](outer)`: the inner link stays, the outer one takes the words before it."""
    text, end, first = match.string, match.start(), max(match.start() - FAR_LINK, 0)
    last = text.rfind("[", first, end)
    if text.find("](", last, end) < 0 or text[last - 1 : last] == "!":
        return  # no link is in its words, or an image is the last one
    inner = INNER_LINKS.search(text, first, end)
    if inner is not None:
        words = inner[1].strip()
        outer = f"[{words}]({encoded(match[1])}) " if words else ""
        yield inner.start(), inner.start(2), outer, "nested-link"
        yield *match.span(), "", "nested-link"


def _unsupported(match: Match) -> Iterator[Edit]:
    """What pandoc could not read, without its words around it."""
    if match[1]:
        yield match.start(), match.start(1), "", "tiki-marker"
        yield match.end(1), match.end(), "", "tiki-marker"
    else:
        yield *match.span(), "", "tiki-marker"


def _address_with_blanks(match: Match) -> Iterator[Edit]:
    """A link whose address was written with its blanks, which no parser takes for one; a title behind it is none."""
    label = match.string[max(match.start() - FAR_LINK, 0) : match.start()].rpartition("\n\n")[2]
    no_link = "[" not in label or "](" in label.rpartition("[")[2] or is_escaped(match.string, match.start())
    if no_link or LAST_TITLE.search(match[1]):
        return
    for blanks in re.finditer(" +", match[1]):
        yield match.start(1) + blanks.start(), match.start(1) + blanks.end(), "%20", "address"


def _repetition(match: Match) -> Iterator[Edit]:
    """Bracketed prose that runs over lines or blanks, with itself as an address that no parser takes (29)."""
    if is_prose(match[1], re.sub(r"\s", "%20", match[2])):
        end = match.end() + loses_parenthesis(match[1], match[2], match.string, match.end())
        yield match.start(), match.start(1), "\\[", "repetition"
        yield match.end(1), end, "\\]", "repetition"


def _note(match: Match) -> Iterator[Edit]:
    """`[^1]: text`, a paragraph of its own; further ones of a note are indented, which would make them code."""
    start, text = match.start(), match.string
    gap = "" if match[1] or text[start - 2 : start] in ("", "\n\n") else "\n"
    yield start, match.end(), gap + match.expand(r"\1\\[\2\\] "), "footnote"
    below = None if match[1] else BELOW_NOTE.match(text, match.end())
    for line in NOTE_LINE.finditer(text, below.start(1), below.end()) if below else ():
        yield *line.span(1), "", "footnote"


def _table(match: Match) -> Iterator[Edit]:
    """`||a|b||`: rows are lines, a hard break stays inside its cell; lines without cells are a table of one column."""
    if not LINK.search(match[2]):  # it has a pipe, too, and comes first
        yield from _table_of(match, list(_joined_rows(match[2].split("\n"))))


def _table_on_a_line(match: Match) -> Iterator[Edit]:
    """`||a|b||c|d||`: rows are between two pipes, as in the first wikis."""
    yield from _table_of(match, match[1].split("||"))


def _table_of(match: Match, lines: list[str]) -> Iterator[Edit]:
    rows = [[cell.strip() for cell in CELL_END.split(line)] for line in lines]
    columns = max(map(len, rows), default=0)
    if columns < 2 and (len(rows) < 2 or BLOCK_LINE.search(match[0])):
        return  # no table, or more than one
    written = ["".join(f" {cell} |" if cell else " |" for cell in row + [""] * (columns - len(row))) for row in rows]
    written.insert(1, " --- |" * columns)
    yield match.start(), match.end(), "\n\n" + "\n".join("|" + line for line in written) + "\n\n", "table"


def _joined_rows(lines: list[str]) -> Iterator[str]:
    """Lines that a hard break parts are one row, as long as it is not wider than the others."""
    widest = max(line.count("|") for line in lines)
    row = lines[0]
    for line in lines[1:]:
        if row.endswith("  ") and line.strip() and row.count("|") + line.count("|") <= widest:
            row = f"{row.rstrip()}<br>{line}"
        else:
            yield from filter(str.strip, [row])
            row = line
    yield from filter(str.strip, [row])


def _broken_row(match: Match) -> Iterator[Edit]:
    """A row of a table that goes on behind hard breaks, up to the line that closes it."""
    for end in re.finditer(r"[ \t]*\\?\n[ \t]*", match[0]):
        yield match.start() + end.start(), match.start() + end.end(), "<br>", "break"


def _no_table(match: Match) -> Iterator[Edit]:
    """The divider of a table too wide to be one."""
    line = line_start(match.string, match.start())
    before = match.string[line : match.start() + 1]
    start = line + len(before) - len(before.lstrip(" \t>"))
    if not match.string[start : match.start()].strip("|:- \t"):
        yield start, start, "\\", "table-row"


def _nested_items(match: Match) -> Iterator[Edit]:
    """`** peas` below an item is an item in it, and so is `**- peas`; bold that begins a line is none."""
    levels: list[int] = []
    end = match.end() - match.start()
    goes_on = BOLD_BELOW.match(match.string, match.end()) is not None
    for line in ITEM_LINE.finditer(match[0]):
        stars, text = len(line[1]), line[2]
        nested = levels and _is_unmarked(text) and not (goes_on and line.end() == end)
        if not text.strip("* \t") or text.count("`") % 2 or (stars > 1 and not nested):
            levels = []
            continue
        while levels and levels[-1] >= stars:
            levels.pop()
        levels.append(stars)
        if stars > 1:
            start = match.start() + line.start()
            yield start, match.start() + line.start(2), " " * NEST * (len(levels) - 1) + "* ", "nested-list"


def _is_unmarked(text: str) -> bool:
    """Whether no mark in a text may end the bold that a mark before it begins: those in it are pairs."""
    runs = STARS.findall(text)
    return len(runs) % 2 == 0 and all(first == last for first, last in zip(runs[::2], runs[1::2], strict=True))


def _has_dashes(data: bytes) -> bool:
    """Whether two dashes stand beside each other as those of a rule do."""
    return any(data.find(dashes) >= 0 for dashes in DASH_PAIRS)


REMNANTS: list[Remnant] = [
    # `__ text __`
    (guard("__ "), re.compile(r"__(?<!\S__)[ \t]++([^_\n]*[^_\s])[ \t]++__(?![^\s,.;:)])"), _marks("bold", "**", "**")),
    # `''text''`
    (
        guard("''"),
        re.compile(r"(?<![\w'])''(?=[^\s'])([^'\n]{1,300}?)(?<=[^\s'])''(?![\w'])"),
        _marks("tiki-mark", "*", "*"),
    ),
    # `===text===`, underlined
    (
        guard("==="),
        re.compile(r"===(?<!====)(?=[^\s=])([^=\n]{1,300}?)(?<=[^\s=])===(?!=)"),
        _marks("tiki-mark", "", ""),
    ),
    # `::text::`, centred
    (
        guard("::"),
        re.compile(r"^(?:#{1,6} )?(::[ \t]*)(?=[^\s:])(.+?)(?<=[^\s:])[ \t]*::[ \t]*$", re.MULTILINE),
        _centred,
    ),
    # `::::` was centred, too, where it does not end a division of other engines, `:::: note`
    (
        Guard(ord(":"), b"::::", lambda data: data.find(b"::::") >= 0 and not DIVISION.search(data)),
        re.compile(r"::::(?<!.::::)[ \t]*(?!.)"),
        _whole("tiki-mark", ""),
    ),
    # `^text^`, a box
    (
        guard("^"),
        re.compile(rf"\^(?<![^\n]\^)\s*(?=[^\s^])([^^]{{1,{FAR}}}?)(?<=\S)\s*\^[ \t]*$", re.MULTILINE),
        _marks("box", f"\n\n{BOX_START}\n\n", f"\n\n{BOX_END}\n\n"),
    ),
    (
        guard("!!"),
        re.compile(
            r"^[ \t]*(!{2,6})[+-]?#?[ \t]*"
            r"(?=[^\s!\[a-z\\<]|(?<=[ \t])\[|\[[^\[\]\n]*\|)(?![^\n]*(?:%20|\n {4}))",  # `!![a](b)` is an image
            re.MULTILINE,
        ),
        _heading,
    ),
    # `## -# Wells`, as a converter read it
    (
        guard("# ", signs=rb"# [-+\\]", behind=rb"[-+\\]"),
        re.compile(r"^(#{1,6})[ \t]+(?:[-+]#?|\\#)[ \t]*(?=[^\W\d_a-z])", re.MULTILINE),
        _heading,
    ),
    # `;lid: of oak`, a term, and below it what it means
    (
        guard("\n;"),
        re.compile(rf"^;[ \t]*(?=[^\s:;\u2022])({TERM}{{1,200}}?)[ \t]*:(?!//)[ \t]*(?:\\\n)?(?=\S)", re.MULTILINE),
        _marks("bold", "\n\n**", "**\\\n"),
    ),
    (guard("|", signs=rb"\[[^\[\]|\n]*\|"), LINK, _link),
    # `• peas`, and `; • peas`
    (
        guard("\u2022"),
        re.compile(r"^([ \t]*)(?:;[ \t]*)?\u2022[ \t]*(?=[^\s\u2022])", re.MULTILINE),
        _bullet,
    ),
    (guard("}"), re.compile(r"\}(?<=[LNTXVRBPG]\})"), _stray_end),
    # `[^1]: text`, a note, and `[^1]`, which refers to it
    (
        guard("[^"),
        re.compile(rf"^([ \t>*+-]*(?:\d{{1,9}}[.)][ \t]+)?)\[\^({NOTE})\]:[ \t]*", re.MULTILINE),
        _note,
    ),
    (
        guard("[^"),
        re.compile(rf"(?<!^)(?<!\\)\[\^({NOTE})\](?![:(])", re.MULTILINE),
        _whole("footnote", r"<sup>\\[\1\\]</sup>"),
    ),
    # A parser fills the rows of a table with as many cells as its header has: one with so many is no table.
    (
        Guard(ord("|"), b"|", lambda data: data.count(b"|") >= MOST_COLUMNS),
        re.compile(rf"-:?[ \t]*\|(?:[ \t]*:?-+:?[ \t]*\|){{{MOST_COLUMNS - 1}}}"),
        _no_table,
    ),
    (
        Guard(ord("*"), b"** ", SPACED.search, SPACED_LINE.search),
        re.compile(r"\*\*(?<!\S\*\*)([ \t][^*\n]*+)\*\*[ \t]*$", re.MULTILINE),
        _spaced_bold,
    ),
    (
        guard(
            "\n**",
            signs=rb"\n\*[^\n]*+\n(?:[ \t]*\n)?\*\*",
            behind=rb"\*{0,4}[+-]?[ \t](?![^*\n]*\*\*[ \t]*(?:\n|\Z))",
        ),
        re.compile(r"^\*[ \t][^\n]*+(?>(?:\n(?:[ \t]*\n)?\*{1,6}[+-]?[ \t][^\n]*+)+)", re.MULTILINE),
        _nested_items,
    ),
    (guard("%%%"), re.compile(r"(?>(?:%%%[ \t]*)+)"), _break),
    (
        guard("||"),
        re.compile(
            rf"^(#{{1,6}}[ \t]*)?\|\|(?=[^|\n]*(?:\|(?!\|)|\n))((?:[^|]|\|(?!\|)){{1,{FAR}}})\|\|(?=[^|\n]*$)",
            re.MULTILINE,
        ),
        _table,
    ),
    (
        guard("||"),
        re.compile(r"^\|\|([^|\n]+(?:\|[^|\n]+)+(?:\|\|[^|\n]+(?:\|[^|\n]+)+)+)\|\|[ \t]*$", re.MULTILINE),
        _table_on_a_line,
    ),
    (guard("  \n", sign="|"), BROKEN_ROW, _broken_row),
    # `---Words`: a rule, and words that were glued to it
    (
        guard("\n---", behind=rb"-?[A-Z\[!]"),
        re.compile(r"---(?<![^\n]---)-?(?=[A-Z\[!][^\n]{5})"),
        _whole("rule", "---\n\n"),
    ),
    # `– – – clipped – – –`, words between two rules
    (Guard(ord("\n"), b"", _has_dashes, _has_dashes), DASHED_WORDS, _marks("rule", "---\n\n", "\n\n---")),
    (guard("*****"), re.compile(r"\*{5}(?<=[\s|]\*{5})(?![^\s|])"), _bold_star),
    # `-+code+-`; with other marks in it, they would lose their meaning
    (
        guard("-+"),
        re.compile(r"(?<!\S)-\+(?=[^\s+-])([^`*_\[\]<>{}&\\|\n]{1,300}?)(?<=[^\s+-])\+-(?!\w)"),
        _marks("tiki-mark", "`", "`"),
    ),
    (guard("NOT SUPPORTED"), UNSUPPORTED, _unsupported),
    # `(alias(Wells of old))`, a name of the page that nobody saw
    (
        PARENTHESES,
        re.compile(rf"(?<!\w)\((?:prefix)?{ALIAS}\)[ \t]*"),
        _whole("tiki-marker", ""),
    ),
    # `))PumpHouse((`, a word that looked like a page
    (guard("((", left="))(("), re.compile(r"\)\)((?:[A-Z][a-z0-9]+){2,})\(\("), _marks("tiki-mark", "", "")),
    # `-=Wells=-`, a bar with a title
    (
        guard("-="),
        re.compile(r"^[ \t]*-=(?=[^\s=])([^=\n]{1,300}?)(?<=[^\s=])=-[ \t]*", re.MULTILINE),
        _marks("bold", "**", "**\n\n"),
    ),
    # `words *: more`
    (guard(" *:"), re.compile(r"(?<=\w)[ \t]+\*:(?=\s)"), _whole("bold", ":")),
    # `https:// a.example`, as an address or in a text
    (
        guard("// "),
        re.compile(
            r"(?<=\]\()(https?:)//[ \t]+([^\s()]+)(?=\))"
            r"|(?<=https:)//[ \t]+(?=[\w-]+\.\w)|(?<=http:)//[ \t]+(?=[\w-]+\.\w)"
        ),
        _whole("address", r"\1//\2"),
    ),
    # `doi.org/10.5555/a- 12`: broken behind a hyphen
    (
        guard("doi.org/", behind=rb"10\.[^\s<>()\]]{1,500}+(?<=-) [\d\x80-\xff]"),
        re.compile(r"(doi\.org/10\.\d{4,9}/[^\s<>()\]]{1,100}-) (?=\d{2,})"),
        _whole("address", r"\1"),
    ),
    (
        ODD_ADDRESS,
        re.compile(
            r"\[([^\[\]]{1,500}+)\]\((?=[^()\n <]*+[(\n <])"  # only with one of these may it be what no parser takes
            r"([^()\n]*(?:\([^()]*\)|[\n ]|<)(?:[^()]|\([^()]*\)){0,500})\)"
        ),
        _repetition,
    ),
    (
        ODD_ADDRESS,
        re.compile(rf"\]\(((?:/|https?://|tiki-)(?>{PART}+)(?>(?: ++(?>{PART}+))+))\)"),
        _address_with_blanks,
    ),
    (
        guard("](", signs=rb"\]\([^()\n]*+\)[^\[\]\n]*+\]\("),
        re.compile(r"\]\(((?:https?://|/|tiki-)[^()\s]+)\)"),
        _nested_link,
    ),
]

AMONG_TAGS: list[tuple[str, re.Pattern[str], EditsOf]] = [
    # `" rel="nofollow">`: the rest of a tag, in a text that has such attributes
    ('" rel=', re.compile(r"\"(?<=>\")(?: (?:rel|target|class)=\"[^\"\n<>]*\")+[ ]?(?:&gt;|>)"), _whole("soup", " ")),
    ("\u273b", re.compile(r"\u273b(?<=>\u273b)(?=</span>)"), _whole("tiki-mark", r"\\*")),
]
"""What a text must hold, and remnants that the tags beside them tell from prose; all others are looked for when the
tags are gone."""


def remnants(text: str, in_code: Callable[[int], bool]) -> Iterator[Edit]:
    """The edits of all remnants in a text that has no tags any more."""
    return _edits(text, present(text, REMNANTS), in_code)


def remnants_among_tags(text: str, in_code: Callable[[int], bool]) -> Iterator[Edit]:
    """The edits of the remnants that are told by the tags beside them."""
    return _edits(text, [each for each in AMONG_TAGS if each[0] in text], in_code)


def _edits(
    text: str, found: Iterable[tuple[object, re.Pattern[str], EditsOf]], in_code: Callable[[int], bool]
) -> Iterator[Edit]:
    """The edits of some remnants; ``in_code`` is asked last, for it may have to parse the text."""
    for _, pattern, edits_of in found:
        for match in pattern.finditer(text):
            edits = list(edits_of(match))
            if edits and not in_code(match.start()):
                yield from edits
                if edits[0][3] in BLOCK_RULES and ends_in_break(text, match.start()):
                    yield match.start() - 2, match.start() - 1, "", "break"


def finding(text: str, edit: Edit) -> tuple[str, str, str] | None:
    """What is said of the edit of a remnant that takes something from the visible text: code, message, action."""
    start, end, replacement, rule = edit
    if rule in ("tiki-marker", "soup"):
        return "markup.removed", f"rest of a marker {short(text[start:end])}", "removed"
    if rule == "nested-link" and text[start] == "]":
        return "address.shortened", f"link around a link {short(text[start + 2 : end - 1])}", "parted"
    if rule == "table-row":
        return "markup.removed", "divider of a table too wide to be one", "escaped; its rows are text"
    if rule == "repetition" and len(replacement) < end - start:
        return "address.shortened", f"address {short(text[start + 1 : end])}", "removed"
    return None
