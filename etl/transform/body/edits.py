"""Changes to a body are data: an edit is a range, its replacement and the rule that asks for it.

One place applies edits, counts them by rule, refuses overlaps, keeps the way back to the source,
and holds the account: what no rule may lose or add is a finding `text.lost` or `text.added`.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from sys import maxsize
from typing import NamedTuple

from etl.model import Finding, LinkFields
from etl.plain import cut
from etl.positions import Lines
from etl.transform.body.entities import decoded
from etl.transform.body.hrefs import LABEL, NEXT_LINE, PLAIN, TITLE
from etl.transform.body.rules import MAY_ADD, MAY_LOSE

Edit = tuple[int, int, str, str]
"""Start, end, replacement, rule: replace ``text[start:end]``; the rule is a key of `rules.RULES`."""

INNER_SIGNS = r"[^()\\]++|\\[()\\]?"
IN_PARENTHESES = rf"\((?>(?:{INNER_SIGNS}|\((?>(?:{INNER_SIGNS})*)\))*)\)"
"""Of an address, and others in them."""
LINK_END = (
    rf"\]\([\s>]*+(?:<[^<>\n]*+>|(?>(?:[^()\s\\]++|\\[()\\]?|{IN_PARENTHESES})*))"
    rf"(?>(?:\s[\s>]*+{TITLE})?)(?>(?:\s[\s>]*+)?)\)"
)
"""The address of a link, and its title."""
MARKUP = re.compile(
    rf"""<!--.*?-->|<[!?][^<>]*>  # comments and declarations
    |</?(?:(?:[ovwmx]|st\d):)?[a-zA-Z][a-zA-Z0-9]*(?:[\s/](?:[^<>"']|"[^"]*"|'[^']*')*|[\s/][^<>]*)?>  # tags
    |~/?(?:(?i:hs|bs|lt|gt|amp|[lr][ds]q|c)|np|pp|pre|tc|hc|tex|\d{{3,5}})\\?~  # marks of the old wiki
    |!\[[^\]\[]*(?=\]\()  # the alternative text of an image
    |{LINK_END}""",
    re.DOTALL | re.VERBOSE,
)
ADDRESS = re.compile(rf"\]\([%{PLAIN}]++\)")
"""The end of a link as nearly all are."""
PREFORMATTED = re.compile(r"\s*<(?i:pre)\b(?P<tag>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)?|[\s>]*`{3}")
TAG_OF_CODE = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)(?:\s[^<>]*)?/?>")
REFERENCE = re.compile(rf"\]\[(?:{LABEL})?\]")
# Lines that define links by reference, in items as well, and empty ones; a title may begin on a line of its own.
DEFINITIONS = re.compile(
    r"(?:(?>(?:[ \t>*+-]|\d{1,9}[.)][ \t])*)"
    rf"(?:\[{LABEL}\]:{NEXT_LINE}(?:<[^<>\n]*+>|[^\s<]\S*+)(?:{NEXT_LINE}{TITLE})?[ \t]*+)?(?:\n|\Z))+"
)
LIST_MARK = re.compile(r"(?:[\s>*+-]*\d{1,9}[.)])+[\s>*+-]*")
NOT_WORD = re.compile(r"[\W_]+")

UNBOUND = MAY_LOSE & MAY_ADD
"""Rules that the account does not hold to anything: their findings say what went and what came."""


class Change(NamedTuple):
    """An edit as evidence: where in the member, what was there, what is there now."""

    line: int
    column: int
    rule: str
    before: str
    after: str


@lru_cache(8192)
def visible(fragment: str) -> str:
    r"""Letters and digits that a reader of the fragment sees, without blanks and marks.

    >>> visible('<b>25</b>(OH)&nbsp;D [a](http://x) _z_'), visible("12. "), visible("<pre title='a > b'>c</pre>")
    ('25OHDaz', '', 'c')
    >>> [visible(address) for address in (r"](/a\(b)", r"](/a\\)", "](\n> /a\n> 'b'\n> )")]
    ['', '', '']
    """
    if LIST_MARK.fullmatch(fragment):
        return ""
    if preformatted := PREFORMATTED.match(fragment):
        code = fragment[preformatted.end() :] if preformatted["tag"] else fragment
        return NOT_WORD.sub("", shown_code(code) if fragment.lstrip().startswith("<") else code)
    if "]:" in fragment and DEFINITIONS.fullmatch(fragment):
        return ""
    if "][" in fragment:
        fragment = REFERENCE.sub("", fragment)
    if "<" in fragment or "](" in fragment or "~" in fragment:
        fragment = MARKUP.sub("", fragment)
    if "&" in fragment:
        fragment = html.unescape(fragment)
    return NOT_WORD.sub("", fragment)


def shown_code(fragment: str) -> str:
    r"""What preformatted HTML shows, which hides nothing but its tags.

    >>> shown_code("<pre>a &lt; b<br/>  <!-- c --></pre>")
    'a < b\n  <!-- c -->'
    """
    return decoded(TAG_OF_CODE.sub(lambda tag: "\n" if tag[1].lower() == "br" else "", fragment))


class Revision:
    """A body on its way: the text as it is now, and everything that happened to it."""

    def __init__(self, source: str, first_line: int = 1, *, keep_changes: bool = False) -> None:
        self.source = source
        self.text = source
        self.counts: Counter[str] = Counter()
        self.findings: list[Finding] = []
        self.changes: list[Change] | None = [] if keep_changes else None
        self.lost_images: list[tuple[int, str, str]] = []
        """Images that went: where they stood in the source, address and alternative text."""
        self.unlinked: list[tuple[int, LinkFields]] = []
        """Links that became text: where they stood in the source, and what they were."""
        self.postponed = False
        """Whether the last `apply` left an edit out because it overlaps another one."""
        self.uncovered = True
        """Whether something may have come to light at which no walk over the surface has looked."""
        self.code_size = 0
        """How much the code blocks hold (`code.code_size`), when no edit opened or closed one by accident."""
        self._lines = Lines(source, first_line)
        self._addresses: dict[tuple[int, str], str] = {}
        """Addresses of links as they were (`note_address`): by where the link begins in the source, and what it got."""
        self._found: set[tuple[str, int, int]] = set()
        """What `find_once` found."""
        self._unlinked: set[tuple[int, str]] = set()
        """Their addresses, by where their words begin in the source."""
        self._maps: list[tuple[list[int], list[int], list[int]]] = []
        """For each version: where what was replaced ends in this version, and begins and ends in the one before."""

    def apply(self, edits: Iterable[Edit]) -> set[str]:
        """Apply the edits that change something; of two that overlap the later one is postponed.

        It comes again when the rules look at the new text. Returns the rules that changed something.
        """
        text, at, surplus = self.text, 0, 0
        out: list[str] = []
        ends, starts, origins = [0], [0], [0]
        applied: list[str] = []
        self.postponed = False
        for start, end, replacement, rule in sorted(edits):
            before = text[start:end]
            if before == replacement:
                continue
            if start < at:
                self.postponed = True
                continue
            out += text[at:start], replacement
            at = end
            surplus += len(replacement) - (end - start)
            ends.append(end + surplus)
            starts.append(start)
            origins.append(end)
            applied.append(rule)
            if self.changes is not None:
                self.changes.append(Change(*self.position(start), rule, before, replacement))
            self._account(start, before, replacement, rule)
        if applied:
            out.append(text[at:])
            starts.append(maxsize)  # so that there is always one behind
            self.text = "".join(out)
            self._maps.append((ends, starts, origins))
            self.counts.update(applied)
        return set(applied)

    @property
    def version(self) -> int:
        """How many times the text has changed."""
        return len(self._maps)

    def origin(self, offset: int, version: int | None = None) -> int:
        """Where a character of the present text, or of an earlier version of it, stood in the source.

        One of a replacement stood nowhere: it is where what was replaced begins.
        """
        for ends, starts, origins in reversed(self._maps if version is None else self._maps[:version]):
            behind = bisect_right(ends, offset)
            offset += origins[behind - 1] - ends[behind - 1]
            if offset > (start := starts[behind]):
                offset = start
        return offset

    def position(self, offset: int, version: int | None = None) -> tuple[int, int]:
        """Line and column, in the member, of a character of the text."""
        return self._lines.place(self.origin(offset, version))

    def note_address(self, offset: int, written: str, href: str) -> None:
        """Remember what the address of the link at a character of the text was, before it is written anew."""
        self._addresses[self.origin(offset), written] = href

    def unlink(self, offset: int, words: int, link: LinkFields) -> bool:
        """Account for the link at a character of the text that becomes its words; whether it was one until now.

        Every round over a text sees the addresses that are words in it.
        """
        place = self.origin(words), link["href"]
        known = place in self._unlinked
        if not known:
            self._unlinked.add(place)
            self.unlinked.append((self.origin(offset), link))
        return not known

    def find(self, code: str, offset: int, message: str, action: str = "", *, version: int | None = None) -> None:
        """Add a finding at a character of the text."""
        self.findings.append(Finding(code, message, action, *self.position(offset, version)))

    def find_once(self, code: str, offset: int, message: str, action: str) -> None:
        """As `find`, unless the same was found at that place: an edit that is postponed is asked for again."""
        found = code, *self.position(offset)
        if found not in self._found:
            self._found.add(found)
            self.find(code, offset, message, action)

    def find_dangling(self, offset: int, href: str) -> None:
        """Add a finding about the link to nowhere at a character of the source, with the address that it had there.

        The one that it has now is the cause.
        """
        was = self._addresses.get((offset, href), href)
        line, column = self._lines.place(offset)
        action = "kept" if was == href else f"goes to {href}"
        why = "goes to a page that is not in the export"
        message, cause = f"link {was!r} {why}", f"link {href!r} {why}"
        self.findings.append(Finding("link.dangling", message, action, line, column, None, cause))

    def lose_image(self, offset: int, source: str, alt: str = "") -> None:
        """Report an image that goes, for its file is not in the export."""
        self.lost_images.append((self.origin(offset), source, "" if alt.lower() == "image" else alt))
        if source:
            what, done = f"image {short(source)} is not in the export", "removed; listed in assets.jsonl"
        else:
            what, done = f"image {short(alt)} has no address", "removed"
        self.find("image.missing", offset, what, done)

    def _account(self, start: int, before: str, after: str, rule: str) -> None:
        """What a reader no longer sees, or sees for the first time, is a finding, if the rule may not do that."""
        if rule in UNBOUND or (not after.strip() and (before.isspace() or rule in MAY_LOSE)):
            return
        if before[:2] == after[:2] == "](" and ADDRESS.fullmatch(before) and ADDRESS.fullmatch(after):
            return  # nobody sees them, and each of them comes but once
        was, now = visible(before), visible(after)
        if was == now:
            return
        message = f"rule {rule} turned {short(before, 60)} into {short(after, 60)}"
        if was not in now and rule not in MAY_LOSE:
            self.find("text.lost", start, message, "reported")
        if now not in was and rule not in MAY_ADD:
            self.find("text.added", start, message, "reported")


class TreeRules:
    """Rules over one tree: what they ask for."""

    def __init__(self, text: str, edits: list[Edit]) -> None:
        self.text = text
        self.edits = edits
        """What all rules ask for."""
        self.again = False
        """Whether an edit that is else settled (`structure.SETTLED`) may give another rule something to do."""

    def _edit(self, start: int, end: int, replacement: str, rule: str) -> None:
        """Ask for a change."""
        self.edits.append((start, end, replacement, rule))


def short(text: str, longest: int = 80) -> str:
    """A text quoted for a message, cut to a length."""
    return repr(cut(text, longest, "..."))
