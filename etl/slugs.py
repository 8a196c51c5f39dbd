"""Slugs: the rule of the old converter, and ours.

The legacy rule (`corpus.md`, section 2.1) is reproduced exactly, because only so can a damaged
slug be told from a short one; ours is that of the contract, section 5.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from anyascii import anyascii

LONGEST = 120
LEGACY_LONGEST = 100
WELL_FORMED = re.compile(r"[a-z0-9]++(?>(?:-[a-z0-9]++)*)")
BEFORE_MORE = r"[a-z0-9]+(?:-[a-z0-9]+)*"
"""The same with backtracking, for expressions that go on with what may be part of a slug."""

# A Greek letter on its own is read by its name; in a word or beside one, and in any other script, anyascii spells it.
GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau "
        "upsilon phi chi psi omega".split(),
        strict=True,
    )
)
GREEK_WORD = re.compile("[ΐ-ώ]{3}")  # two may be symbols: αβ T cells
DELETED = re.compile(r"[,'’‘ʼ`´](?:(?<!,)|(?<=\d,)(?=\d))")  # begins with what is searched fast
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
ORDINAL = "(?:st|nd|rd|th)?"
DAY = rf"\d{{1,2}}{ORDINAL}"
DATE_SUFFIX = re.compile(
    rf"(?<!\s)\s*+(?<![–—-]{{2}})(?:(?<!\d)(?<!\d\s)[–—-]++\s*+{DAY}\s++|[–—-]*+\s*+\b)"
    rf"{MONTH}\.?\s*+(?:{DAY},?\s++)?\d{{4}}\s*+[–—-]?\s*+$",
    re.IGNORECASE,
)
"""A day before the month belongs to the date right behind a dash alone, and where that dash makes no range: not in
`Bed 5 – 13 June 2019`."""
WORD = re.compile(r"[a-z0-9]+")
NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
NOT_LEGACY = re.compile(r"[^\w\s-]")
LEGACY_BLANKS = re.compile(r"[\s_-]+")


def legacy_slug(title: str) -> str:
    """The slug that the old converter made of a title without date, elision included.

    >>> legacy_slug("93% of newborns: 1.9 X, why?")
    '93-percent-of-newborns-19-x-why'
    >>> len(legacy_slug("word " * 40)), len(legacy_slug("a" * 101)), len(legacy_slug("a" * 100))
    (96, 96, 100)
    """
    return _elided(_full_legacy_slug(title))


def _elided(whole: str) -> str:
    return f"{whole[:80]}-{whole[-15:]}" if len(whole) > LEGACY_LONGEST else whole


def _full_legacy_slug(title: str) -> str:
    """The legacy rule before its elision."""
    text = unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    text = NOT_LEGACY.sub("", text.replace("%", "  percent"))
    return LEGACY_BLANKS.sub("-", text).strip("-")


def damage(slug: str, title: str) -> Literal["malformed", "elided", "fragment"] | None:
    """What is wrong with a legacy slug; None when it is a public address that stays.

    >>> damage("5", "وأوضح فيتامين (د) في 5 دقائق")
    'fragment'
    >>> damage("a--b", "A B"), damage("why-water", "Why water?")
    ('malformed', None)
    """
    whole = _full_legacy_slug(title)
    made = _elided(whole)
    if slug == made and len(whole) > LEGACY_LONGEST:
        return "elided"
    if not WELL_FORMED.fullmatch(slug) or len(slug) > LONGEST:
        return "malformed"
    enough = len(slug) - slug.count("-") >= len(title) / 2  # letters and digits, for nearly all titles
    if slug == made and not enough and _letters(slug) * 2 < _letters(title):
        return "fragment"
    return None


def _letters(text: str) -> int:
    """Letters and digits of a text."""
    return sum(map(str.isalnum, text))


def make_slug(title: str) -> str:
    """Our slug of a title without date, at most 120 characters; empty when nothing is left.

    >>> make_slug("93% of newborns – 1.9 X & 10,000 IU: why isn't it said?")
    '93-percent-of-newborns-1-9-x-and-10000-iu-why-isnt-it-said'
    >>> make_slug("Straße nach Łódź, β-carotene"), make_slug("维生素D 5分で"), make_slug("☃!")
    ('strasse-nach-lodz-beta-carotene', 'weishengsud-5fende', '')
    >>> make_slug("İstanbul"), make_slug("विटामिन"), make_slug("βιταμίνη"), make_slug("gar\u00adden")
    ('istanbul', 'vitamin', 'vitamini', 'garden')
    >>> make_slug("больше"), make_slug("وأوضح"), make_slug("Hawaiʻi"), make_slug("l’été")
    ('bolshe', 'wwdh', 'hawaii', 'lete')
    >>> make_slug("Η βιταμίνη Α"), make_slug("TNF-α of αβ T cells"), make_slug("β и γ лучи")
    ('i-vitamini-a', 'tnf-alpha-of-av-t-cells', 'beta-i-gamma-luchi')
    """
    text = unicodedata.normalize("NFKC", title).replace("%", " percent ").replace("&", " and ")
    text = DELETED.sub("", text.lower())
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        alone = {} if GREEK_WORD.search(text) else GREEK
        text = NOT_ASCII.sub(lambda run: alone.get(run[0]) or _transliterated(run[0]), text)
    return shortened("-".join(WORD.findall(text)))


@lru_cache(16)  # a link that leads nowhere asks three times
def well_formed(slug: str) -> str:
    """The slug that a page of the new site would have for one of the old site.

    >>> well_formed("clear-water"), well_formed("Clear_Water")
    ('clear-water', 'clear-water')
    """
    return slug if WELL_FORMED.fullmatch(slug) else make_slug(slug)


def _transliterated(letters: str) -> str:
    """Other letters; many a one, as the soft sign, is spelled as an apostrophe, which goes."""
    return DELETED.sub("", "".join(_spelled(char) for char in letters).lower())


def _spelled(char: str) -> str:
    """A letter, digit or vowel sign in ASCII; what no reader sees and a diacritic of Latin go, all else parts words."""
    category = unicodedata.category(char)
    if category == "Cf" or "\u0300" <= char <= "\u036f":
        return ""
    return anyascii(char) if category[0] in "LNM" else " "


def undated(title: str) -> str:
    """A title without the date at its end, as the old converter cut it (corpus.md 4.2), but by whole words.

    The date may begin with its day, as it does where a title says when its subject came out.

    >>> undated("Wells – Grant Nov 2012"), undated("Deep wells - Aug 6, 2013"), undated("Wells – 6 Aug 2013")
    ('Wells – Grant', 'Deep wells', 'Wells')
    >>> undated("May 2012"), undated("Wells – 2007")
    ('May 2012', 'Wells – 2007')
    """
    if not title.rstrip().rstrip("–—-").rstrip()[-1:].isdecimal():
        return title.strip()  # no date, as nearly all titles, and patterns are slow
    return DATE_SUFFIX.sub("", title).strip() or title


@lru_cache(16)
def paths_of(template: str) -> re.Pattern[str]:
    """What all paths of a template look like; the group is the slug.

    >>> [paths_of("/pages/{slug}/").fullmatch(path) is not None for path in ("/pages/deep-wells/", "/pages/deep-wells")]
    [True, False]
    >>> paths_of("/{slug}-page").fullmatch("/deep-wells-page")[1], paths_of("/{slug}s").fullmatch("/deep-wells")[1]
    ('deep-wells', 'deep-well')
    """
    before, _, behind = template.partition("{slug}")
    slug = BEFORE_MORE if behind[:1].isalnum() or behind[:1] == "-" else WELL_FORMED.pattern
    return re.compile(f"{re.escape(before)}({slug}){re.escape(behind)}")


def shortened(slug: str, longest: int = LONGEST) -> str:
    """A slug cut to a length, at a hyphen where there is one.

    >>> shortened("clear-water", 11), shortened("clear-water", 10), shortened("clear-water", 5), shortened("water", 3)
    ('clear-water', 'clear', 'clear', 'wat')
    """
    if len(slug) <= longest:
        return slug
    cut = slug[: longest + 1].rpartition("-")[0]
    return cut or slug[:longest]


def with_suffix(slug: str, suffix: str) -> str:
    """A slug with an id behind it, cut to fit.

    >>> with_suffix("a" * 130, "77")[-4:], with_suffix("water", "77")
    ('a-77', 'water-77')
    """
    return f"{shortened(slug, LONGEST - len(suffix) - 1)}-{suffix}"
