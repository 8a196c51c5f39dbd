"""Plain-text abstracts: title, authors, affiliations, metadata, body and keywords told apart.

Nothing is lost: a line that cannot be told apart stays in the body, with a finding (q7x2,
"Abstract: grammar"; the variations are those of corpus.md, section 10). A line that goes to a
field leaves a blank one, so the lines of the body keep their numbers.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import accumulate, pairwise

from etl.extract.frontmatter import shown
from etl.model import Finding, RawRecord
from etl.scripts import CHINESE_JAPANESE, WITHOUT_BLANKS

MAX_TITLE = 400
MIN_PARAGRAPH_WORDS = 30
_ABOUT_WORD = re.compile(f"[{WITHOUT_BLANKS}{CHINESE_JAPANESE}]{{2}}")
"""In scripts whose words no blanks part."""
MAX_AUTHOR_LINE = 300
LONGEST_AUTHOR_LINE = 10_000
MANY_NAMES = 6
"""So many names and nothing else make a line of authors, however long it is."""
MAX_NAME_WORDS = 6
MAX_TERM = 120
MAX_AFFILIATION_WORDS = 40
MAX_METADATA_WORDS = 80

_KEYWORDS = re.compile(
    r"""[\s\#>*_]*(?:key[\s-]?words?(?:\s+and\s+phrases)?|palabras?\s+clave|palavras?[\s-]chave|mots?[\s-]cl[ée]s?
    |schl(?:ü|ue)sselw(?:ö|oe)rter|parole\s+chiave|ключевые\s+слова|ключові\s+слова|关键词|關鍵詞|キーワード)
    (?:[\s*_]*[:：][\s*_]* | [\s*_]*[—–]\s* | [\s*_\#]*$)""",
    re.IGNORECASE | re.VERBOSE,
)
_BULLET = re.compile(r"\s*(?:[*•·‣▪-]|\d+[.)])\s+")
_LABEL = re.compile(
    r"""[\s\#*_]*(?:abstract|summary|resumen|résumé|resumo|zusammenfassung|анотація|аннотация|реферат
    |(?:background|introduction|objectives?|aims?|purpose|designs?|settings?|participants?|patients|subjects|materials?
    |methods?|methodology|measurements?|interventions?|main|outcomes?|measures?|results?|findings?|discussion
    |conclusions?|interpretation|significance|importance|context|limitations|references|and|[&/,])(?:\s++|(?=[\s*_]*[:.]|[\s*_]*$)))+
    [\s*_]*(?:[:.]|$)""",
    re.IGNORECASE | re.VERBOSE,
)
_METADATA = re.compile(
    r"""[\s*_]*(?:
    (?:received|revised|accepted|published|submitted|available|epub|first\s+published|date|licen[cs]e)
        (?:\s+(?:online|date|on|in|revised|form|for|publication|first|electronically))*\s*:
    | doi\b\s*+[:.]?\s*+(?:https?://|10\.|$) | https?://\S+\s*$ | pm(?:c)?id\s*+:?\s*+(?:pmc)?\d | volume\s+\d
    | vol\.?\s*\d | pages?\s+\d | pp\.\s*\d | citation\b\s*: | (?:how\s+to\s+cite|cite\s+this|cite\s+as)\b | copyright\b
    | © | e?-?issn\b | isbn\b | (?:journal|article\s+type|corpus\s+id)\s*:)""",
    re.IGNORECASE | re.VERBOSE,
)
_PRINTED = re.compile(
    r".{0,200}?(?:\bvolume\s\d|doi\.org/10\.|\bdoi:?\s?10\.|\b(?:19|20)\d\d(?:\s\w{3}(?:\s\d+)?)?;\s?\d+\s?(?:\([^\s()]+\))?\s?:)",
    re.IGNORECASE,
)
_FURNITURE = re.compile(
    r"""(?:\W*(?:(?:original|research|review|case|short|brief|rapid|invited|full|open|systematic|clinical|mini|access)\s+)+
    (?:articles?|reports?|papers?|communications?|stud(?:y|ies)|reviews?|access|trials?|research)
    |premium|top\ of\ page|back\ to\b.*|editorial|reviews?|articles?|author(?:s|\(s\))?\s*+[-:]?)\s*+""",
    re.IGNORECASE | re.VERBOSE,
)
_BYLINE = re.compile(r"^\s*(?:by\s+(?=[^\W\d_])|author(?:s|\(s\))?\s*[-:–]\s*)", re.IGNORECASE)
_INSTITUTION = re.compile(
    r"\b(?:department|dept|universi\w+|institut\w*|hospital|college|school|facult\w+|clinic|klinik\w*|cent(?:er|re|rum)|laborator\w+"
    r"|division|academy|foundation|ministry|research|gmbh|inc|ltd|medicine|corresponding|correspondence|e-?mail|orcid)\b",
    re.IGNORECASE,
)
_NUMBERED_PLACE = re.compile(r"\s*(?:[*†‡§¶]\s*+\d*|\d{1,2}|[a-h](?=[A-Z]|\s[A-Z]))[.)]?\s*+[^\W\d_]")
_MAIL = re.compile(r"\S@\S|\{at\}|\[email|\bat\s\w+\.(?:edu|org|com)\b|orcid\.org", re.IGNORECASE)
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|we|this|these|that|can|may|should|been)\b", re.IGNORECASE)

_PROSE = re.compile(r"\s(?:the|of|in|for|with|on|from|is|are|was|were)\s")
_MARKS = re.compile(
    r"""\(\d+\) | \[\d+\] | (?<=[^\W\d_.)])[\s^]*[\d*†‡§¶\#∗✉¹²³⁰⁴-⁹]+ | [*†‡§¶\#∗✉]+ | ^\s*[\d\s]+$
    | (?<=\.)\d+$""",
    re.VERBOSE,
)
_RAISED = re.compile(r"</?sup>", re.IGNORECASE)
_FULL_STOP = re.compile(r"(?<=[^\W\d_]{2})\.$")
_SEPARATORS = re.compile(r"\s*[,，、]\s*|\s+(?:and|und)\s+|\s*&\s*", re.IGNORECASE)
_GROUPS = re.compile(r"\s*[;；]\s*|\s+(?:and|und)\s+|\s*&\s*", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[\s-]?){1,4}")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-\n(?!(?:and|or|und|oder)\b)(?=[^\W\d_])")
# A semicolon wins over a comma; a comma between figures or inside parentheses belongs to a name.
_TERM_ENDS = (
    re.compile(r"[;；]"),
    re.compile(r"(?<![\dα-ω])[,，、](?![^()]{0,80}\))|[,，、](?!\d)(?![^()]{0,80}\))"),
    re.compile(r"\s[|•·]\s"),
)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DEGREES = _set(
    """PhD Phd MD Md MSc MS BS BSc MA BA MPH DrPH DO DDS DMD DVM RN RD RDN LD FACP FRCP FACE FACN FACC FAAP FAHA FRCPC
    Dr Prof Professor PharmD EdD ScD DSc MBBS MBChB MRCP CNS MHS MHSc MBA JD ND DC PA NP CCN MEd PT OT BPharm MPharm
    Dipl"""
)
_SUFFIXES = _set("Jr Sr II III IV")
_PREFIXES = _set("Mc Mac Fitz De Del Di Da Du La Le Lo Van Von Vander Al El Ben St Abu Ten Ter")
_PARTICLES = _set("de van von der den del della da di dos du la le el al bin ibn ben y ter ten zu af do das st")
_NO_NAMES = _set(
    """vitamin vitamins disease diseases study studies deficiency trial trials review article report open access
    clinical research analysis meta-analysis systematic role effect effects treatment therapy risk health levels
    level serum children adults women men patients university hospital department institute school college center
    centre medicine medical journal abstract summary keywords background introduction objective objectives
    methods results conclusions conclusion references volume issue premium supplementation cancer sclerosis
    diabetes narrative overview literature update guidelines new united states original association between
    academy faculty division laboratory foundation"""
)


def read_abstract(text: str) -> RawRecord | None:
    """The abstract that a text holds, or None where its shape is another one.

    ``fields``: title (text), authors, affiliations, metadata and keywords (lists of text).
    """
    lines = text.split("\n")
    first = next(number for number, line in enumerate(lines) if line.strip())
    return _Reader(lines, first).read() if _has_shape(lines, first) else None


def _has_shape(lines: list[str], first: int) -> bool:
    """A title line, a blank one soon, then a paragraph or keywords (q7x2, "Kinds")."""
    if len(lines[first].strip()) > MAX_TITLE:
        return False
    blank = next((n for n in range(first + 1, min(first + 4, len(lines))) if not lines[n].strip()), None)
    if blank is None:
        return False
    words = 0
    for line in lines[blank:]:
        words = words + len(line.split()) + len(_ABOUT_WORD.findall(line)) if line.strip() else 0
        if words >= MIN_PARAGRAPH_WORDS or _KEYWORDS.match(line):
            return True
    return False


class _Reader:
    """One abstract on its way: the lines that are left, and the fields that the others went to."""

    def __init__(self, lines: list[str], first: int) -> None:
        self.lines = lines
        self.left = list(lines)
        self.first = first
        self.title = ""
        self.authors: list[str] = []
        self.affiliations: list[str] = []
        self.metadata: dict[int, str] = {}
        self.keywords: list[str] = []
        self.keywords_at = len(lines)
        """Number of the first line with a label of keywords."""
        self.findings: list[Finding] = []

    def read(self) -> RawRecord:
        """All parts, from both ends to the middle."""
        self._take_header(self._take_title())
        for number in range(len(self.left)):
            self._take_keywords(number)
        self._take_tail()
        return self._record()

    def _record(self) -> RawRecord:
        full = [number for number, line in enumerate(self.left) if line.strip()]
        fields = {
            "title": self.title,
            "authors": self.authors,
            "keywords": self.keywords,
            "affiliations": self.affiliations,
            "metadata": [self.metadata[number] for number in sorted(self.metadata)],
        }
        body = "\n".join(self.left[full[0] :]).rstrip() if full else ""
        last = len(self.lines) - (not self.lines[-1])
        line = full[0] + 1 if full else last
        bounds = self._bounds(full[0], full[-1]) if full else []
        title = self.lines[self.first]
        place = self.first + 1, len(title) - len(title.lstrip()) + 1  # nothing is ever said of another field
        return RawRecord("abstract", "text", fields, body, line, bounds, lambda _: place, self.findings)

    def _bounds(self, first: int, last: int) -> list[int]:
        """`RawRecord.bounds` of the lines from ``first`` to ``last``, without those that went to a field."""
        starts = list(accumulate((len(line) + 1 for line in self.lines), initial=0))
        bounds = [starts[first]]
        for number in range(first, last):
            if self.left[number] != self.lines[number]:
                bounds += starts[number], starts[number + 1] - 1
        return [*bounds, starts[last] + len(self.lines[last].rstrip())]

    def _take(self, number: int) -> str:
        line = self.left[number].strip()
        self.left[number] = ""
        return line

    def _doubt(self, number: int, what: str) -> None:
        line = self.lines[number].strip()
        message = f"{shown(line)}: {what}"
        self.findings.append(Finding("abstract.uncertain", message, "it stays in the body", number + 1, 1))

    # --- from the start: title, authors, affiliations, metadata

    def _take_title(self) -> int:
        """The title, of one line or two; number of the line after it."""
        number = self.first
        self.title = _unmarked(self._take(number))
        if not self._continues_title(number + 1):
            return number + 1
        self.title = _joined([self.title, _unmarked(self._take(number + 1))])
        return number + 2

    def _continues_title(self, number: int) -> bool:
        line = self.lines[number].strip()
        if not line[:1].islower() or not _has_at_most(MIN_PARAGRAPH_WORDS - 1, line):
            return False
        return not _METADATA.match(line) and not author_names(line)

    def _take_header(self, number: int) -> None:
        """Every line up to the first that can only be the body's."""
        previous = "title"
        for at in range(number, len(self.lines)):
            if not self.lines[at].strip():
                continue
            part = self._take_header_line(at, previous)
            if not part:
                self._judge_first_line(at)
                return
            previous = part

    def _take_header_line(self, at: int, previous: str) -> str:
        """What the line was taken for after a line of ``previous``; nothing where the body begins."""
        line = self.lines[at]
        adjacent = bool(self.lines[at - 1].strip())
        if _LABEL.match(line) or _KEYWORDS.match(line):
            return ""
        if is_metadata(line) or _FURNITURE.fullmatch(line):
            self.metadata[at] = self._take(at)
            return "metadata"
        is_wrapped = adjacent and previous == "affiliation" and self.affiliations[-1].endswith(",")
        names = [] if is_wrapped else author_names(line)
        if names and self._may_be_authors(previous, adjacent=adjacent):
            self._take_authors(at, names)
            return "author"
        is_repeated = bool(names) and set(names) <= set(self.authors)
        if self.authors and (is_repeated or is_wrapped or _is_affiliation(line)):
            self.affiliations.append(self._take(at))
            return "affiliation"
        if previous in ("title", "unsure") and adjacent and len(line.split()) < MIN_PARAGRAPH_WORDS:
            self._doubt(at, "this may belong to the title")
            return "unsure"
        return ""

    def _may_be_authors(self, previous: str, *, adjacent: bool) -> bool:
        return not self.authors or previous == "affiliation" or (previous == "author" and adjacent)

    def _take_authors(self, at: int, names: list[str]) -> None:
        line = self._take(at)
        self.authors += names
        if _letters(line) != _letters(" ".join(names)):
            self.affiliations.append(line)

    def _judge_first_line(self, at: int) -> None:
        """Say so where the body begins with something short that is no sentence."""
        line = self.lines[at].strip()
        if _LABEL.match(line) or _KEYWORDS.match(line) or line.endswith((".", "!", "?", ":")):
            return
        below = self.lines[at + 1].strip() if at + 1 < len(self.lines) else ""
        if len(line.split()) + len(below.split()) < MIN_PARAGRAPH_WORDS:
            self._doubt(at, "neither authors nor an affiliation nor metadata")

    # --- from the end: keywords, metadata

    def _take_keywords(self, number: int) -> None:
        label = _KEYWORDS.match(self.left[number])
        if not label:
            return
        used, texts = self._keyword_lines(number, self.left[number][label.end() :])
        terms = _terms(texts)
        if not terms or max(map(len, terms)) > MAX_TERM:
            self._doubt(number, "a label of keywords without a list of terms")
            return
        self.keywords_at = min(self.keywords_at, number)
        self.keywords += terms
        for at in used:
            self._take(at)

    def _keyword_lines(self, number: int, rest: str) -> tuple[list[int], list[str]]:
        """Numbers and texts of the lines that one label holds: wrapped lines, or bullets."""
        used, texts = [number], [rest] if rest.strip() else []
        for at in range(number + 1, len(self.left)):
            line = self.left[at]
            if not line.strip():
                if texts and not _BULLET.match(texts[-1]):
                    break
                continue
            if _KEYWORDS.match(line) or _LABEL.match(line) or is_metadata(line):
                break
            if texts and bool(_BULLET.match(line)) != bool(_BULLET.match(texts[-1])):
                break
            used.append(at)
            texts.append(line)
        return used, texts

    def _take_tail(self) -> None:
        """Metadata at the very end, a block at a time; then say what follows the keywords."""
        full = [number for number, line in enumerate(self.left) if line.strip()]
        while block := self._last_block(full):
            for at in block:
                self.metadata[at] = self._take(at)
            del full[-len(block) :]
        after = [number for number in full if number > self.keywords_at]
        if after and after != full:
            self._doubt(after[0], "text after the keywords")

    def _last_block(self, full: list[int]) -> list[int]:
        """The last lines without a blank one between, if all are metadata."""
        block: list[int] = []
        for at in reversed(full):
            if block and at + 1 != block[-1]:
                break
            if not is_metadata(self.left[at]):
                return []
            block.append(at)
        return block


def is_metadata(line: str) -> bool:
    """Whether a line says when, where and under which number the work came out.

    >>> is_metadata("Received: 20 March 2019"), is_metadata("Vitamin D was received well.")
    (True, False)
    """
    if _METADATA.match(line) and _has_at_most(MAX_METADATA_WORDS, line):
        return True
    return _has_at_most(MAX_AFFILIATION_WORDS, line) and bool(_PRINTED.match(line))


def _has_at_most(words: int, line: str) -> bool:
    """Whether a line has no more words; to part one takes a while."""
    return len(line) < 2 * words or len(line.split(maxsplit=words)) <= words


def _is_affiliation(line: str) -> bool:
    """Whether a line after the authors says where they work or how to reach them."""
    if not _has_at_most(MAX_AFFILIATION_WORDS, line) or _VERB.search(line):
        return False
    numbered = _NUMBERED_PLACE.match(line)
    return bool((numbered and numbered[0][-1].isupper()) or _INSTITUTION.search(line) or _MAIL.search(line))


def author_names(line: str) -> list[str]:
    """The names that a line of authors holds, without marks and degrees; none for any other line.

    >>> author_names("Jose Cardoso1,2, Carla Araújo2* and W.B. Grant, PhD, MD")
    ['Jose Cardoso', 'Carla Araújo', 'W.B. Grant']
    >>> author_names("Moretti HR*, Grant WB, Perry BD")
    ['Moretti HR', 'Grant WB', 'Perry BD']
    >>> author_names("Low Vitamin D in Adults")
    []
    """
    if len(line) > LONGEST_AUTHOR_LINE or _PROSE.search(line):  # no name has such a word: this saves time alone
        return []
    text = _BYLINE.sub("", _RAISED.sub("", _unmarked(line)))
    text = _FULL_STOP.sub("", text)
    names: list[str] = []
    for part in (_GROUPS if ";" in text else _SEPARATORS).split(text):
        if not _add_name(names, part):
            return []
    is_long = len(text) > MAX_AUTHOR_LINE and len(names) < MANY_NAMES
    return [] if is_long or not all(map(_is_whole, names)) else names


def _add_name(names: list[str], part: str) -> bool:
    """Add the name in a part of the line, if it holds one; False where it holds something else."""
    pieces = [_MARKS.sub("", piece).strip() for piece in part.split(",")]
    pieces = [piece for piece in pieces if not _is_cut(piece)]
    if not pieces:
        return True
    if names and len(pieces) == 1 and _is_rest_of_name(pieces[0]):
        names[-1] += " " + pieces[0]
        return True
    words = [_without_degrees(piece) for piece in pieces]
    if len(words) > 2 or not all(map(_is_name, words)):  # surname and given name
        return False
    names.append(", ".join(" ".join(piece) for piece in words))
    return True


def _is_rest_of_name(piece: str) -> bool:
    """Initials or a suffix that a comma parts from the surname."""
    return piece in _SUFFIXES or bool(_INITIALS.fullmatch(piece) and piece.isupper())


def _is_cut(piece: str) -> bool:
    """Whether nothing of a piece is a name: a mark, degrees, an "et al"."""
    piece = piece.strip(" .")
    is_mark = len(piece) <= 1 and not piece.isupper()
    return is_mark or piece == "et al" or all(map(_is_degree, piece.split()))


def _is_degree(word: str) -> bool:
    return word.replace(".", "") in _DEGREES


def _without_degrees(piece: str) -> list[str]:
    """The words of a name; ``MD`` after a surname alone are initials, not a degree."""
    words = piece.split()
    kept = [word for word in words if not _is_degree(word)]
    return kept if len(kept) > 1 else words


def _is_name(words: list[str]) -> bool:
    if len(words) > MAX_NAME_WORDS or _NO_NAMES.intersection(word.casefold().strip(".") for word in words):
        return False
    return all(word in _PARTICLES or _is_name_word(word) for word in words) and words[-1] not in _PARTICLES


@lru_cache(4096)
def _is_name_word(word: str) -> bool:
    """Capitals first, and inside only as in McDonald: others are names run together."""
    pieces = [piece for piece in re.split(r"[-‐'’ʼ.]", unicodedata.normalize("NFC", word)) if piece]
    if not pieces or pieces[0][0].islower() or not all(piece.isalpha() for piece in pieces):
        return False
    return all(_is_one_name(piece) for piece in pieces)


def _is_one_name(piece: str) -> bool:
    inner = [at for at, (a, b) in enumerate(pairwise(piece), 1) if a.islower() and b.isupper()]
    return not inner or (len(inner) == 1 and piece[: inner[0]] in _PREFIXES)


def _is_whole(name: str) -> bool:
    """Given name and surname, or a script that writes them as one."""
    return " " in name or not name[0].isupper()


def _letters(line: str) -> str:
    """A line of authors without what only parts the names: equal when nothing was cut."""
    return "".join(_SEPARATORS.sub(" ", " ".join(line.replace(";", " ").split())).split()).strip(".")


def _unmarked(line: str) -> str:
    """A line without the marks of a heading or of bold around all of it, and with single blanks.

    >>> _unmarked("##  **On   water** ")
    'On water'
    >>> _unmarked("**On** water"), _unmarked("on **water**"), _unmarked("****")
    ('**On** water', 'on **water**', '****')
    """
    text = line.strip().lstrip("#").strip()
    if text.startswith("**") and text.endswith("**") and len(text) > len("****"):
        text = text[2:-2]
    return " ".join(text.split())


def _joined(lines: list[str]) -> str:
    """Wrapped lines as one; a hyphen at a line's end stays, without a blank behind it.

    >>> _joined(["an auto-", "immune pre-", "and post-phase"])
    'an auto-immune pre- and post-phase'
    """
    return " ".join(_HYPHEN.sub("-", "\n".join(line.strip() for line in lines)).split())


def _terms(texts: list[str]) -> list[str]:
    """Keywords of a list's lines.

    >>> _terms([" B.P.P.V., bronchial asthma, 1,25(OH)2D, fate."])
    ['B.P.P.V.', 'bronchial asthma', '1,25(OH)2D', 'fate']
    """
    if not texts:
        return []
    if _BULLET.match(texts[0]):
        terms = [_BULLET.sub("", text, count=1) for text in texts]
    else:
        joined = _joined(texts)
        splitter = next((pattern for pattern in _TERM_ENDS if pattern.search(joined)), None)
        terms = splitter.split(joined) if splitter else texts
    terms = [cleaned for term in terms if (cleaned := term.replace("</p>", " ").strip().strip("*_").strip())]
    if terms:
        terms[-1] = _without_stop(terms[-1])
    return [term for term in terms if term]


def _without_stop(term: str) -> str:
    """The last term without the full stop of the list; one of an abbreviation stays."""
    is_abbreviation = "." in term.rsplit(maxsplit=1)[-1][:-1]
    term = term if is_abbreviation else term.removesuffix(".").rstrip()
    return re.sub(r"^and\s+", "", term)
