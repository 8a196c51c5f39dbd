"""Identifiers of the literature in text: DOIs and PubMed ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from urllib.parse import unquote

# Each begins with a literal or a set, and looks back for the start of its word: so a search leaps over all else.
DOI = re.compile(r"10\.(?<=\b10\.)\d{4,9}/[^\s\"<>\[\]{}|\\^`\ue000-\uf8ff]+")
DOI_TAIL = re.compile(r"(?is)(?:[#?\s]|;jsessionid|/(?:abstract|full|references|citedby|e?pdf)\b).*")
PMIDS = {
    b"pmid": re.compile(r"pmid(?<=\bpmid):?\s*(\d{4,8})\b"),
    b"ncbi.nlm.nih.gov/": re.compile(r"ncbi\.nlm\.nih\.gov/(?:pubmed/)?(\d{4,8})\b"),
}
"""Each with what it begins with, in bytes, which are gone over far faster than text."""


def identifiers(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """DOIs and PubMed ids, normalised, in order of appearance.

    >>> identifiers(["doi: 10.1000/AB.12). PMID:     23959785", "https://doi.org/10.1000/ab.12"])
    (['10.1000/ab.12'], ['23959785'])
    >>> identifiers(["10.1000/(bees)7", "https://doi.org/10.1000/%28bees%297"])
    (['10.1000/(bees)7'], [])
    >>> identifiers(["/doi/10.1000/ab.12/abstract /doi/10.1000/ab.12/references /doi/10.1000/ab.12/citedby"])
    (['10.1000/ab.12'], [])
    """
    dois = dict.fromkeys(map(_doi, dict.fromkeys(chain.from_iterable(map(DOI.findall, texts)))))
    return list(dois), list(dict.fromkeys(chain.from_iterable(map(_pmids, texts))))


def _pmids(text: str) -> list[str]:
    """PubMed ids of a text, in order of appearance."""
    data = text.encode().lower()  # ASCII alone, and far faster than patterns that ignore case
    patterns = [pattern for start, pattern in PMIDS.items() if start in data]
    if not patterns:
        return []
    low = data.decode()
    numbers = sorted((found.start(), found[1]) for pattern in patterns for found in pattern.finditer(low))
    return [str(int(number)) for _, number in numbers]


def _doi(match: str) -> str:
    doi = DOI_TAIL.sub("", unquote(match)).rstrip(".,;:'’”*_")
    if doi.count("(") < doi.count(")"):
        doi = doi.rstrip(").,;")
    return doi.lower()
