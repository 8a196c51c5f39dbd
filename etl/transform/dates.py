"""Dates: of a page, as its front matter has them, and of what a page is about, as its title or alias ends.

The grammars are those of `corpus.md`, section 4.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from etl import slugs

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
ISO_DAY = r"(?P<iso>\d{4}-\d{2}-\d{2})"
ISO_MONTH = r"(?P<iso_month>\d{4}-\d{2})"
DAY_BEFORE = rf"(?P<before>\d{{1,2}}){slugs.ORDINAL}\s+(?P<behind>{slugs.MONTH})\.?,?\s+(?P<end>\d{{4}})"
DATE = rf"(?:(?P<month>{slugs.MONTH})\.?\s*)?(?:(?P<day>\d{{1,2}}){slugs.ORDINAL},?\s+)?(?P<year>\d{{4}})"
DATE_AT_END = re.compile(rf"(?:{ISO_DAY}|{ISO_MONTH}|{DAY_BEFORE}|{DATE})\s*$", re.IGNORECASE)
DATED_TITLE = re.compile(
    rf"[–—-](?:\s*(?:{ISO_DAY}|{DATE})|(?<!\d.)(?<!\d\s.)\s*(?:{DAY_BEFORE}|{ISO_MONTH}))\s*$", re.IGNORECASE
)
"""Behind a number the dash before a day is that of a range: `5 – 13 June 2019`; so it is before `2019-06`."""
DIGIT = re.compile(r"\d")
"""Of any script."""
FULL_YEAR = re.compile(r"\d{4}")
ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(?:(?<=\.\d{6})\d+)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?",
    re.IGNORECASE,
)


def parse_date(text: str) -> tuple[date | None, str | None]:
    """Day as written, and the instant in UTC where there is a time (without a zone: taken as UTC).

    >>> parse_date("2019-07-13"), parse_date("2019-07-13T01:30:00+02:00")[1], parse_date("2019-02-30")
    ((datetime.date(2019, 7, 13), None), '2019-07-12T23:30:00Z', (None, None))
    """
    match = ISO.fullmatch(text)
    if match is None:
        return None, None
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
        if match[4] is None:
            return day, None
        zone = (match[5] or "Z").upper().replace("Z", "+00:00")
        instant = datetime.fromisoformat(f"{day.isoformat()}T{match[4]}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None, None
    return day, instant.replace(tzinfo=None).isoformat() + "Z"


def dated(title: str) -> re.Match[str] | None:
    """The date at the end of a title, with the dash before it."""
    match = DATED_TITLE.search(title)
    return match if match is None or match["iso_month"] is None or _is_month(match["iso_month"]) else None


def subject_of(text: str) -> tuple[str, str] | None:
    """Date and precision at the end of a text; None when there is none, or an impossible day.

    >>> subject_of("– June 2019"), subject_of(" Aug 15 2011"), subject_of("2007"), subject_of("Feb 31, 2011")
    (('2019-06', 'month'), ('2011-08-15', 'day'), ('2007', 'year'), None)
    >>> subject_of("– 13 June 2019"), subject_of("– 2019-06-13"), subject_of("– 2019-06-31")
    (('2019-06-13', 'day'), ('2019-06-13', 'day'), None)
    >>> subject_of("– ２０１９"), subject_of("– June २०१९"), subject_of("– ٢٠١٩-٠٦-١٣")
    (('2019', 'year'), ('2019-06', 'month'), ('2019-06-13', 'day'))
    """
    match = DATE_AT_END.search(DIGIT.sub(lambda digit: str(int(digit[0])), text))
    if match is None:
        return None
    if match["iso"]:
        return _existing(match["iso"])
    if match["iso_month"]:
        return (match["iso_month"], "month") if _is_month(match["iso_month"]) else None
    year, month, day = match["year"] or match["end"], match["month"] or match["behind"], match["day"] or match["before"]
    if month is None:
        return (year, "year") if day is None else None
    of_month = f"{year}-{MONTHS.index(month[:3].lower()) + 1:02}"
    return (of_month, "month") if day is None else _existing(f"{of_month}-{int(day):02}")


def _is_month(text: str) -> bool:
    """Whether a year and a number can only mean a month; the number may be the last of two years, too: `2009-10`."""
    year, number = map(int, text.split("-"))
    return 1 <= number <= min(12, year % 100)


def _existing(day: str) -> tuple[str, str] | None:
    """A day and its precision, if the calendar has it."""
    try:
        return date.fromisoformat(day).isoformat(), "day"
    except ValueError:
        return None


def valid_subject(subject: tuple[str, str, str], latest: str | None) -> dict[str, str] | None:
    """A `model.SubjectDate` from 1800 to one year after the latest date of any member, else None."""
    text, precision, source = subject
    if text < "1800":
        return None
    if latest is not None and text > f"{min(int(latest[:4]) + 1, 9999):04}{latest[4:]}"[: len(text)]:
        return None
    return {"date": text, "precision": precision, "source": source}
