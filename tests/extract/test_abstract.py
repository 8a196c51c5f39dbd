"""The grammar of abstracts: each part in each of its spellings, and that no word is lost."""

import re
import textwrap
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.extract.abstract import author_names, is_metadata, read_abstract
from etl.model import RawRecord

PROSE = (
    "The water of the lake was clear, and every stone in it could be seen by all who came there in the long summer of "
    "that year, from the shore and from the bridge."
)
SECOND = "In winter the lake was covered by ice."


def abstract(*blocks: str) -> RawRecord:
    read = read_abstract("\n\n".join(blocks) + "\n")
    assert read is not None
    return read


def codes(read: RawRecord) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.line) for finding in read.findings]


def test_a_plain_abstract_has_title_author_body_and_keywords() -> None:
    title = "Clear Water: Luck or Law? An Overview"
    keywords = "Keywords: Lake water, stones, ice-2 sheets"
    read = read_abstract(f"{title}\n\nAnna-Maria Berg\n\n\n{PROSE}\n\n{keywords}\n\n")
    assert read is not None
    assert (read.kind, read.flavour) == ("abstract", "text")
    assert read.fields == {
        "title": title,
        "authors": ["Anna-Maria Berg"],
        "keywords": ["Lake water", "stones", "ice-2 sheets"],
        "affiliations": [],
        "metadata": [],
    }
    assert (read.body, read.body_line, read.findings) == (PROSE, 6, [])


@pytest.mark.parametrize(
    "sentence",
    ["湖水清澈，湖底的每一块石头都看得见。", "湖の水は澄んでいて、どの石も見えた。", "น้ำในทะเลสาบใสจนมองเห็นก้อนหิน"],
)
def test_a_paragraph_whose_words_no_blanks_part_is_one(sentence: str) -> None:
    title, body = sentence[:6], sentence * 6
    assert abstract(title, body).fields["title"] == title
    assert abstract(title, body).body.strip() == body
    assert read_abstract(f"{title}\n\n{sentence}") is None


def test_the_words_of_all_lines_of_a_paragraph_count() -> None:
    wrapped = textwrap.fill(PROSE, 60)
    assert abstract("Title", wrapped).body == wrapped


def test_short_paragraphs_are_none_together() -> None:
    assert read_abstract("\n\n".join(["Title", *[SECOND] * 6])) is None


def test_paragraphs_and_structured_labels_stay_as_they_are() -> None:
    body = f"Background: {PROSE}\n\n**Results**\n\n{SECOND}"
    assert abstract("Title", body, "Keywords: a").body == body


# --- title


@pytest.mark.parametrize(
    ("first", "title"),
    [
        ("Clear water\nin lakes", "Clear water in lakes"),
        ("Clear water\nin Finland", "Clear water in Finland"),
        ("Clear water-\nborne stones", "Clear water-borne stones"),
        ("  Clear   water ", "Clear water"),
        ("# **Clear water**", "Clear water"),
        ("Clear water\nAnna Berg", "Clear water"),
        ("Clear water\ndoi:10.1000/182", "Clear water"),
        ("Clear water\nde Groot J, van Berg K", "Clear water"),
        (f"Clear water\n{PROSE.lower()}", "Clear water"),
    ],
)
def test_a_title_is_one_line_or_two_when_the_second_begins_small(first: str, title: str) -> None:
    assert abstract(first, PROSE).fields["title"] == title


@pytest.mark.parametrize("title", ["Clear water", "Clear water\nin lakes"])
def test_authors_follow_a_title_of_one_line_or_two_behind_blank_ones(title: str) -> None:
    read = abstract("", f"  {title}\nAnna Berg", PROSE)
    assert (read.fields["title"], read.fields["authors"]) == (title.replace("\n", " "), ["Anna Berg"])
    assert (read.body, read.findings, read.locate(("slug",))) == (PROSE, [], (3, 3))


@pytest.mark.parametrize(
    ("head", "doubt"),
    [
        ("Title\nA View of Lakes", "this may belong to the title"),
        ("Title\nA View of Lakes\nA Sort of Stone", "this may belong to the title"),
        ("Title\n\nA View of Lakes", "neither authors nor an affiliation nor metadata"),
        ("Title\n\nAnna Berg\nA View of Lakes", "neither authors nor an affiliation nor metadata"),
        ("Title\n\nAnna Berg\n\nCarl Dahl", "neither authors nor an affiliation nor metadata"),
        ("Title\n\nDepartment of Lakes, City", "neither authors nor an affiliation nor metadata"),
    ],
)
def test_a_short_line_that_is_no_sentence_is_doubtful(head: str, doubt: str) -> None:
    read = abstract(head, PROSE)
    assert read.findings[-1].message.endswith(f": {doubt}")
    assert read.body.split("\n\n")[0].endswith(head.rpartition("\n")[2])


@pytest.mark.parametrize("end", ".!?:")
def test_a_body_that_begins_with_a_short_sentence_is_not(end: str) -> None:
    assert abstract("Title", f"It was wet{end}", PROSE).findings == []


@pytest.mark.parametrize("head", [f"Title\n{PROSE}", f"Title\n\n{PROSE[:80]}\n{PROSE[80:150]}"])
def test_a_body_that_begins_with_a_sentence_or_a_paragraph_is_not(head: str) -> None:
    read = abstract(head, PROSE)
    assert (read.fields["title"], read.findings) == ("Title", [])


def test_a_second_line_that_begins_large_stays_in_the_body_and_the_authors_are_still_found() -> None:
    read = abstract("Clear Water\nA View of Lakes", "Anna Berg", PROSE)
    assert read.fields["authors"] == ["Anna Berg"]
    assert read.body.split("\n\n", 1)[0] == "A View of Lakes"
    assert codes(read) == [("abstract.uncertain", 2)]


# --- authors


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Anna Berg, Carl Dahl and Eva Frost", ["Anna Berg", "Carl Dahl", "Eva Frost"]),
        ("Anna Berg, Carl Dahl, & Eva Frost.", ["Anna Berg", "Carl Dahl", "Eva Frost"]),
        ("Anna Berg1, Carl Dahl1,2 and Eva Frost3*", ["Anna Berg", "Carl Dahl", "Eva Frost"]),
        ("Anna Berg<sup>1</sup>, Carl Dahl²", ["Anna Berg", "Carl Dahl"]),
        ("Berg A*, Dahl CD, Frost E", ["Berg A", "Dahl CD", "Frost E"]),
        ("Berg, A., Dahl, C.D.", ["Berg A.", "Dahl C.D."]),
        ("Berg, Anna; Dahl, Carl D.", ["Berg, Anna", "Dahl, Carl D."]),
        ("Anna Berg, PhD, MD; Carl Dahl, M.Sc.", ["Anna Berg", "Carl Dahl"]),
        ("Prof. Anna Berg PhD, Dahl MD", ["Anna Berg", "Dahl MD"]),
        ("Anna Berg, Carl Dahl, Jr", ["Anna Berg", "Carl Dahl Jr"]),
        ("By Anna de la Berg", ["Anna de la Berg"]),
        ("Authors: Anna Berg", ["Anna Berg"]),
        ("Toby Berg, Carl Rugby Dahl", ["Toby Berg", "Carl Rugby Dahl"]),
        *((f"Anna O{mark}Berg", [f"Anna O{mark}Berg"]) for mark in "'’ʼ-‐"),
        ("ANNA BERG", ["ANNA BERG"]),
        ("ANNA BERG, CARL DAHL", ["ANNA BERG", "CARL DAHL"]),
        ("Íris McDonald, Søren O’Dahl, J.-P. Frost", ["Íris McDonald", "Søren O’Dahl", "J.-P. Frost"]),
        ("Анна Берг, 王小明", ["Анна Берг", "王小明"]),
        ("Berg A, Dahl CD, et al.", ["Berg A", "Dahl CD"]),
        ("Berg A, Dahl CD, et al.*", ["Berg A", "Dahl CD"]),
        ("Berg, Anna; XU, Bo", ["Berg, Anna", "XU, Bo"]),
        ("Berg A.B.1, Dahl C.2", ["Berg A.B.", "Dahl C."]),
        ("Anna Berg, a, Carl Dahl, b", ["Anna Berg", "Carl Dahl"]),
        (", ".join(f"Anna{'a' * n} Berg" for n in range(40)), [f"Anna{'a' * n} Berg" for n in range(40)]),
        ("Abstract", []),
        ("Vitamin D Deficiency", []),
        ("A Review of Lakes", []),
        ("Anna Berg is here", []),
        ("Anna BergCarl DahlEva Frost", []),
        ("Anna McDonaldBerg", []),
        ("Anna - Berg", []),
        ("Anna Berg-2x Dahl", []),
        ("Berg, water; Dahl, Carl", []),
        ("Anna-MariaBerg Dahl", []),
        ("Anna Berg, Carl Dahl, Eva Frost; Some City", []),
        ("Clear Water Under Seven Old Stone Bridges", []),
        ("Anna Berg, Rue de la", []),
        ("Some City, Some Land, Europe", []),
        ("anna berg", []),
        ("1 Anna Berg", []),
        ("", []),
    ],
)
def test_a_line_of_names_gives_its_names_and_another_line_none(line: str, names: list[str]) -> None:
    assert author_names(line) == names


def test_authors_may_stand_one_on_a_line() -> None:
    read = abstract("Title", "Anna Berg\nCarl Dahl, MD\nEva Frost", PROSE)
    assert read.fields["authors"] == ["Anna Berg", "Carl Dahl", "Eva Frost"]
    assert read.fields["affiliations"] == ["Carl Dahl, MD"]


@pytest.mark.parametrize(
    "line",
    [
        "The lake of the institute was clear.",
        "2 stones in a lake",
        f"Stones, {'clear water, ' * 20}institute and bridge",
    ],
)
def test_prose_that_names_an_institute_is_no_affiliation(line: str) -> None:
    read = abstract("Title", "Anna Berg", line, PROSE)
    assert (read.fields["authors"], read.fields["affiliations"]) == (["Anna Berg"], [])
    assert read.body == f"{line}\n\n{PROSE}"


def test_affiliations_follow_the_authors_and_what_was_cut_from_a_name_is_kept() -> None:
    lines = [
        "Anna Berg1, Carl Dahl2*",
        "1Department of Lakes, City",
        "2 Division of Stones,",
        "Some Land",
        "*Corresponding author: a@b.example",
    ]
    read = abstract("Title", lines[0], "\n".join(f" {line}" for line in lines[1:]), PROSE)
    assert read.fields["authors"] == ["Anna Berg", "Carl Dahl"]
    assert read.fields["affiliations"] == lines
    assert (read.body, read.findings) == (PROSE, [])


def test_each_author_may_have_an_affiliation_below() -> None:
    read = abstract("Title", "Anna Berg\nDepartment of Lakes\nCarl Dahl\nDivision of Stones", PROSE)
    assert read.fields["authors"] == ["Anna Berg", "Carl Dahl"]
    assert read.fields["affiliations"] == ["Department of Lakes", "Division of Stones"]


@pytest.mark.parametrize("line", ["Setting: University hospital", "Keywords: medicine, research", SECOND])
def test_what_follows_an_affiliation_is_none_for_its_words_or_its_comma(line: str) -> None:
    read = abstract("Title", "Anna Berg", "Department of Lakes,", line, PROSE)
    assert read.fields["affiliations"] == ["Department of Lakes,"]


def test_how_to_reach_the_authors_is_no_prose() -> None:
    read = abstract("Title", "Anna Berg and Carl Dahl", "anna.berg@lakes.example", PROSE)
    assert (read.fields["affiliations"], read.body) == (["anna.berg@lakes.example"], PROSE)


def test_prose_right_below_an_affiliation_that_is_whole_is_prose() -> None:
    read = abstract("Title", "Anna Berg", f"Department of Lakes, City\n{PROSE}")
    assert (read.fields["affiliations"], read.body) == (["Department of Lakes, City"], PROSE)


def test_the_full_stop_of_a_line_of_names_is_none_of_what_was_cut() -> None:
    assert abstract("Title", "Anna Berg and Carl Dahl.", PROSE).fields["affiliations"] == []


def test_an_author_list_that_is_there_twice_counts_once() -> None:
    read = abstract("Title", "Anna Berg, Carl Dahl", "Anna Berg, Carl Dahl", PROSE)
    assert read.fields["authors"] == ["Anna Berg", "Carl Dahl"]
    assert read.body == PROSE


def test_names_run_together_stay_in_the_body_with_a_finding() -> None:
    read = abstract("Title", "Anna BergCarl Dahl", PROSE)
    assert read.fields["authors"] == []
    assert read.body.startswith("Anna BergCarl Dahl")
    assert codes(read) == [("abstract.uncertain", 3)]


# --- metadata


@pytest.mark.parametrize(
    "line",
    [
        "Received: 20 March 2019",
        "Received: June 13, 2024 | Published: July 1, 2024",
        "Published online: 1 May 2020",
        "Volume 2019:15 Pages 891—904",
        "DOI https://doi.org/10.1000/182",
        "DOI : 10.1000/182",
        "doi:10.1000/182",
        "https://doi.org/10.1000/182",
        "PMCID: PMC123 PMID: 456",
        "ISSN 1234-5678",
        "e-ISSN: 1234-5678",
        "Citation: Berg A. Lakes. 2019;3(2):1-9.",
        "How to Cite",
        "Copyright© 2019",
        f"Citation: {'Anna-Maria-Luise von Berg-und-Talheim, ' * 8}2019.",
        "Journal of Lakes 2019;11(3):592",
        "Lakes and Stones  Volume 2019:15 Pages 1—4,  DOI https://doi.org/10.1000/182",
    ],
)
def test_a_line_of_metadata_is_kept_word_for_word_before_the_body_and_at_the_end(line: str) -> None:
    assert is_metadata(line)
    for read in (
        abstract("Title", line, PROSE),
        abstract("Title", PROSE, line),
        abstract("Title", PROSE, "Keywords: a", line),
        abstract("Title", PROSE, f"Keywords: a\n{line}"),
    ):
        assert read.fields["metadata"] == [line]
        assert (read.body, read.findings) == (PROSE, [])


@pytest.mark.parametrize(
    "line",
    [
        PROSE,
        "Received wisdom has it that water is clear.",
        "The volume of water",
        "Published data: none",
        f"As before (doi 10.1000/7): {PROSE} {SECOND}",
        f"Citation: {PROSE} {PROSE} {PROSE}",
    ],
)
def test_prose_is_no_metadata(line: str) -> None:
    assert not is_metadata(line)


def test_a_section_label_between_title_and_authors_is_metadata() -> None:
    read = abstract("Title", "ORIGINAL ARTICLE", "Anna Berg", PROSE)
    assert read.fields["metadata"] == ["ORIGINAL ARTICLE"]
    assert read.fields["authors"] == ["Anna Berg"]


def test_metadata_in_the_middle_of_the_body_stays_there() -> None:
    assert "PMID: 456" in abstract("Title", PROSE, "PMID: 456", SECOND).body
    assert abstract("Title", PROSE, f"{SECOND}\nPMID: 456").fields["metadata"] == []


def test_a_heading_of_the_abstract_stays_in_the_body() -> None:
    read = abstract("Title", "Anna Berg", "Abstract", PROSE)
    assert (read.body, read.body_line, read.findings) == (f"Abstract\n\n{PROSE}", 5, [])


# --- keywords


@pytest.mark.parametrize(
    ("block", "terms"),
    [
        ("Keywords: a b, c, d", ["a b", "c", "d"]),
        ("KEYWORDS: a; b, c; d;", ["a", "b, c", "d"]),
        ("Key words: a,b", ["a", "b"]),
        ("Key-words and phrases: a", ["a"]),
        ("keyword: a, b and c, and d", ["a", "b and c", "d"]),
        ("Palabras clave: a, b", ["a", "b"]),
        ("**Keywords**: a, b", ["a", "b"]),
        ("**Keywords:** a, b", ["a", "b"]),
        ("Keywords — a, b", ["a", "b"]),
        ("Keywords—a, b", ["a", "b"]),
        (" **Keywords** \n\na, b", ["a", "b"]),
        ("## Keywords\n\n* a, b\n\n* c.", ["a, b", "c"]),
        ("Keywords:\na\nb", ["a", "b"]),
        ("Keywords: a, long\nterm, b", ["a", "long term", "b"]),
        ("Keywords: a, auto-\nterm, b", ["a", "auto-term", "b"]),
        ("Keywords: a, b.", ["a", "b"]),
        ("Keywords: a, b .", ["a", "b"]),
        ("Keywords: a, and b", ["a", "b"]),
        ("Keywords:\n* a - b\n* c", ["a - b", "c"]),
        *((f"Keywords:\n{mark} a\n {mark}  b", ["a", "b"]) for mark in ("*", "•", "·", "‣", "▪", "-", "1.", "12)")),
        *((f"{label} a, b", ["a", "b"]) for label in ("> Keywords:", "_Keywords:_", "**Keywords** :", "Keywords –")),
        ("Keywords: a, sand and stone", ["a", "sand and stone"]),
        ("Keywords: a, b, .", ["a", "b"]),
        ("Keywords: *a*, *b*", ["a", "b"]),
        ("Keywords: B.P.P.V., a", ["B.P.P.V.", "a"]),
        ("Keywords: a, B.P.P.V.", ["a", "B.P.P.V."]),
        ("Keywords: a, b</p>", ["a", "b"]),
        ("Keywords: 1,25(OH)2D, lakes (deep, cold), 25-D", ["1,25(OH)2D", "lakes (deep, cold)", "25-D"]),
        ("Keywords：水，石", ["水", "石"]),
        ("Keywords: a, b\n\nPalabras clave: c", ["a", "b", "c"]),
        ("Keywords: a, b\nPalabras clave: c", ["a", "b", "c"]),
    ],
)
def test_keywords_are_found_in_every_spelling(block: str, terms: list[str]) -> None:
    read = abstract("Title", "Anna Berg", PROSE, block)
    assert read.fields["keywords"] == terms
    assert (read.body, read.findings) == (PROSE, [])


@pytest.mark.parametrize(
    "label",
    [
        *("Palabra clave", "Palavras-chave", "Palavra chave", "Mots-clés", "Mot clé", "Mots-cles", "Parole chiave"),
        *("Schlüsselwörter", "Schluesselwoerter", "Ключевые слова", "Ключові слова", "关键词", "關鍵詞", "キーワード"),
    ],
)
def test_keywords_are_found_in_every_language(label: str) -> None:
    assert abstract("Title", PROSE, f"{label}: a, b").fields["keywords"] == ["a", "b"]


@pytest.mark.parametrize(("terms", "below"), [("a, b", "* A stone"), ("\n* a\n* b", "A stone"), ("a, b", "References")])
def test_what_is_of_another_form_right_below_the_keywords_is_none_of_them(terms: str, below: str) -> None:
    read = abstract("Title", PROSE, f"Keywords: {terms}\n{below}")
    assert (read.fields["keywords"], read.body.split("\n")[-1]) == (["a", "b"], below)


def test_keywords_before_the_body_are_keywords_too() -> None:
    read = abstract("Title", "Anna Berg", "Keywords: a, b", "Abstract", PROSE)
    assert read.fields["keywords"] == ["a", "b"]
    assert (read.body, read.body_line, read.findings) == (f"Abstract\n\n{PROSE}", 7, [])


def test_metadata_at_the_end_is_that_of_all_blocks_in_its_order() -> None:
    read = abstract("Title", PROSE, SECOND, "Received: 1 May 2019\nRevised: 2 May 2019", "DOI: 10.1000/182")
    assert read.fields["metadata"] == ["Received: 1 May 2019", "Revised: 2 May 2019", "DOI: 10.1000/182"]
    assert read.body == f"{PROSE}\n\n{SECOND}"


def test_an_abstract_may_end_without_a_line_end() -> None:
    read = read_abstract(f"Title\n\n{PROSE[:-1]}")
    assert read is not None
    assert (read.body, read.body_line, read.findings) == (PROSE[:-1], 3, [])


def test_an_abstract_may_have_no_body() -> None:
    read = abstract("Title", "Keywords: a")
    assert (read.fields["keywords"], read.body, read.body_line, read.findings) == (["a"], "", 3, [])


@pytest.mark.parametrize("below", [[], ["Palabras clave: c"]])
def test_text_after_the_keywords_stays_in_the_body_on_its_line_with_a_finding(below: list[str]) -> None:
    read = abstract("Title", PROSE, "Keywords: a, b", SECOND, *below)
    assert read.body.split("\n")[7 - read.body_line] == SECOND
    assert codes(read) == [("abstract.uncertain", 7)]


@pytest.mark.parametrize(
    "prose", ["a sentence without any separator that goes on and on " * 3 + "until nobody takes it for a term", ", ,"]
)
def test_a_label_of_keywords_over_prose_stays_in_the_body_with_a_finding(prose: str) -> None:
    read = abstract("Title", PROSE, f"Keywords: {prose}")
    assert read.fields["keywords"] == []
    assert read.body.endswith(prose)
    assert codes(read) == [("abstract.uncertain", 5)]


def test_a_sentence_that_begins_with_keyword_is_no_label() -> None:
    assert abstract("Title", PROSE, "Keyword searches were made.").body.endswith("Keyword searches were made.")


# --- nothing is lost

LABELS = re.compile(r"(?i)key ?words?|palabras clave|\band\b|</?p>|</?sup>")
PIECES = st.sampled_from(
    [
        "Anna Berg",
        "Anna Berg1, Carl Dahl2* and Eva Frost, PhD",
        "Berg A; Dahl CD, MD",
        "Berg, A., Dahl, C.D.",
        "Anna BergCarl Dahl",
        "1Department of Lakes, City,",
        "Some Land",
        "*Corresponding author: a@b.example",
        "by no one",
        "By Anna Berg",
        "et al.",
        "ORIGINAL ARTICLE",
        "Received: 1 May 2019",
        "DOI: 10.1000/182",
        "Citation: Berg A, Dahl C. Lakes",
        "PMID: 5 and more",
        "Abstract",
        "Background:",
        "Results: it was wet",
        PROSE,
        SECOND,
        "a short line",
        "A Short Line",
        "second, third; fourth.",
        "Keywords: a, b; c.",
        "Key words: one, two",
        "**Keywords**",
        "## Keywords",
        "* bullet one",
        "* bullet, two.",
        "Palabras clave:",
        "Keywords: x, and y",
        "References",
        "1. Berg A. Lakes 2019;3(2):1-9",
        "12",
        "B.P.P.V., b</p>",
        "auto-",
        "immune",
    ]
)


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", LABELS.sub(" ", text)))


@settings(deadline=None)
@given(st.lists(st.tuples(PIECES, st.sampled_from(["\n", "\n\n", "\n\n\n", "\n \n"])), max_size=14), PIECES)
def test_every_word_ends_in_a_field_or_in_the_body(pieces: list[tuple[str, str]], title: str) -> None:
    text = f"{title}\n\n" + "".join(piece + gap for piece, gap in pieces) + PROSE
    read = read_abstract(text)
    assert read is not None
    lists = [item for key in ("authors", "keywords", "affiliations", "metadata") for item in read.fields[key]]
    assert not words(text) - words("\n".join([read.fields["title"], *lists, read.body]))


@settings(deadline=None)
@given(st.lists(st.tuples(PIECES, st.sampled_from(["\n", "\n\n"])), max_size=10))
def test_a_line_of_the_body_keeps_its_number(pieces: list[tuple[str, str]]) -> None:
    text = "Title\n\n" + "".join(piece + gap for piece, gap in pieces) + PROSE
    read = read_abstract(text)
    assert read is not None
    lines = text.split("\n")
    for number, line in enumerate(read.body.split("\n"), read.body_line):
        assert not line.strip() or lines[number - 1].rstrip() == line.rstrip()
