"""Fields: every shape of title, alias, date and term becomes its clean form, and no text breaks them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract.record import read_record
from etl.model import RawRecord, Rejection
from etl.settings import Settings
from etl.transform import dates, fields, raw_body
from etl.transform.body import clean_body
from etl.transform.document import input_findings
from etl.transform.fields import MOST_FOLDERS, Fields, read_fields
from etl.transform.identifiers import identifiers
from tests.transform.test_links import LINKER

MEMBER = "00000000000000ab"
MIXED = st.lists(
    st.sampled_from(
        [" ", "–", "-", "Jan", "sept.", "31", "2019", "2019-02-30", "T", "10:00", "Z", "+14:00", "a", "é", "٣", "\n"]
    )
).map("".join)
TEXT = st.text() | MIXED


def read(body: str = "Text.", settings: Settings | None = None, **front: Any) -> Fields:
    found = read_fields(
        RawRecord("page", "json", {"title": "Clear water"} | front, body, 1), MEMBER, settings or Settings()
    )
    assert not isinstance(found, Rejection)
    return found


def codes(found: Fields) -> list[str]:
    return [finding.code for finding in found.findings]


@pytest.mark.parametrize(
    ("alias", "told"),
    [
        *(("/index.php?title=Home", True), ("/posts/wells?y=1", True)),
        *(("/Why+water?", False), ("/Why%3Fx=1", False), ("/tiki-index.php?x=1&page=Wells", False)),
    ],
)
def test_an_alias_with_a_query_that_no_server_looks_up_is_told(alias: str, told: bool) -> None:
    found = read(aliases=[alias], tiki_page_id=7, slug="clear-water")
    assert codes(found) == ["field.invalid"] * told
    assert found.claims[-1].why == "alias"


@pytest.mark.parametrize("key", ["url", "permalink", "redirect_from"])
@pytest.mark.parametrize(
    ("url", "claimed"),
    [
        *(("/special/wells/", "special/wells"), ("https://WWW.wiki.example/wells", "wells"), ("/", None)),
        *(("https://beds.example/wells", None), ("wells", None), (["/wells"], "wells"), (7, None)),
        *(("/:categories/:title/", None), ("/{{ slug }}/", None)),
        *(("docs/wells.html", "docs/wells.html"), ("docs/wells/", "docs/wells"), ("wells/", "wells")),
        *(("docs/:title/", None), ("www.beds.example/wells", None), ("mailto:a/b", None), ("to the wells/", None)),
    ],
)
def test_the_address_that_a_site_generator_gave_a_page_is_one_of_it(key: str, url: Any, claimed: str | None) -> None:
    found = read(settings=Settings(hosts=("wiki.example",)), **{key: url}, tiki_page_id=7, slug="clear-water")
    assert [claim.address for claim in found.claims if claim.why == "alias"] == [("name", claimed)] * bool(claimed)
    assert found.extra == {key: url}
    assert codes(found) == []


@pytest.mark.parametrize(
    ("url", "claimed"),
    [
        ("/docs/wells/index.html", ["docs/wells/index.html", "docs/wells"]),
        ("docs/index.html", ["docs/index.html", "docs"]),
        *(("/index.html", ["index.html"]), ("/docs/my-index.html", ["docs/my-index.html"])),
    ],
)
def test_a_site_generator_answers_for_a_folder_by_the_index_in_it(url: str, claimed: list[str]) -> None:
    found = read(redirect_from=[url], tiki_page_id=7, slug="clear-water")
    assert [claim.address.value for claim in found.claims if claim.why == "alias"] == claimed
    assert codes(found) == []


@pytest.mark.parametrize("aliases", ["", " ", [""], ["\t", ""]])
def test_an_empty_alias_is_none(aliases: Any) -> None:
    found = read(aliases=aliases, tiki_page_id=7, slug="clear-water")
    assert [claim.address for claim in found.claims if claim.why == "alias"] == []
    assert codes(found) == []


def test_what_is_odd_about_an_address_is_told_of_the_field_that_has_it() -> None:
    found = read(aliases=["/wells?y=1"], url="/wells?y=2", tiki_page_id=7, slug="clear-water")
    invalid = [finding.field for finding in found.findings if finding.code == "field.invalid"]
    assert invalid == ["aliases", "url"]


# --- titles and names ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "clean"),
    [
        ('\\"Free  range\\" hens', '"Free range" hens'),
        ("C:\\wells \\n \\\\", "C:\\wells \\n \\\\"),
        ("Cafe\u0301 \t in\u00a0bloom ", "Café in bloom"),
    ],
)
def test_a_title_is_cleaned_and_no_other_backslash_touched(title: str, clean: str) -> None:
    assert fields.clean_title(title) == clean


@pytest.mark.parametrize(
    ("title", "alias", "name"),
    [
        ("Wells, deep", "Wells deep – June 2019", "Wells, deep – June 2019"),
        ("Wells", "Wells- June 2019", "Wells- June 2019"),
        ("Wells", "Wells Sept 21 2012", "Wells Sept 21 2012"),
        ("Wells", "Wells deep – June 2019", "Wells"),
        ("Wells", "Wellspring 2019", "Wells"),
        ("Wells", "Other – June 2019", "Wells"),
        ("Wells – May 2001", "Wells – May 2001", "Wells – May 2001"),
        ("Wells, deep (old)", "Wells deep old – Nov 12", "Wells, deep (old) – Nov 12"),
        ("Wells", "Wells Sept 21, 12", "Wells Sept 21, 12"),
        ("Wells", "Wells –2014", "Wells –2014"),
        ("Wells", "Wells 2019-06-13", "Wells"),
        ("Wells", "Wells – 12", "Wells"),
        ("Wells", "Wells Nov 123", "Wells"),
        ("？", "June 2019", "？"),
        ("Größe der Gärten", "Größe der Gärten – 2014", "Größe der Gärten – 2014"),
        ("庭ガ", "庭ガ – 2014", "庭ガ – 2014"),
        ("Wells: 5 µm, ½ “deep”", "Wells: 5 µm, ½ “deep” – June 2019", "Wells: 5 µm, ½ “deep” – June 2019"),
    ],
)
def test_the_page_name_is_the_title_and_the_suffix_that_was_cut(title: str, alias: str, name: str) -> None:
    assert fields.page_name_of(title, [alias]) == name


@given(TEXT, st.lists(TEXT, max_size=3))
def test_a_page_name_begins_with_its_title(title: str, aliases: list[str]) -> None:
    assert fields.page_name_of(title, aliases).startswith(title)


@pytest.mark.parametrize("end", ["by", "and", "as of", "for", ",", ":", "–"])
def test_a_dangling_end_is_mended_from_the_alias(end: str) -> None:
    title = f"Answers{end}" if end in ",:" else f"Answers {end}"
    found = read(title=title, aliases=[f"/{fields.legacy_alias(title).replace(' ', '+')}+Aug+2011"])
    assert found.title == f"{title} Aug 2011"
    assert "title.restored" in codes(found)
    assert found.legacy_title == title


def test_a_title_that_is_whole_stays_without_its_date() -> None:
    found = read(title="Rain by night", aliases=["/Rain+by+night+–+Aug+2011"])
    assert (found.title, found.page_name, codes(found)) == (
        "Rain by night",
        "Rain by night – Aug 2011",
        ["page-id.missing", "slug.missing"],
    )


def test_no_slug_is_missing_where_slugs_were_no_addresses() -> None:
    found = read(settings=Settings(legacy_template=""))
    assert (found.slug, found.slug_made, codes(found)) == ("clear-water", True, ["page-id.missing"])
    assert "slug.malformed" in codes(read(settings=Settings(legacy_template=""), slug="Clear_water"))


def test_a_page_has_an_address_for_each_sign_that_the_wiki_wrote_for_blanks() -> None:
    found = read(title="Wells by Aug 15 2011", aliases=["/Wells_by_Aug_15_2011"], settings=Settings(blanks=("_", "-")))
    assert [(*claim.address, claim.rank) for claim in found.claims if claim.address.kind == "name"] == [
        ("name", "Wells by Aug 15 2011", 2),
        ("name", "Wells by Aug 15, 2011", 3),
        ("name", "Wells_by_Aug_15_2011", 3),
        ("name", "Wells_by_Aug_15,_2011", 3),
        ("name", "Wells-by-Aug-15-2011", 3),
        ("name", "Wells-by-Aug-15,-2011", 3),
    ]


def test_a_year_of_two_digits_belongs_to_the_name_and_is_no_date() -> None:
    found = read(title="Wells, deep (old)", aliases=["/Wells+deep+old+–+Nov+12"], slug="wells-deep-old")
    assert (found.page_name, found.subject) == ("Wells, deep (old) – Nov 12", None)
    assert "subject-date.invalid" not in codes(found)
    assert ("name", "Wells, deep (old) – Nov 12") in {claim.address for claim in found.claims}


# --- ids -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page_id", "aliases", "expected", "code"),
    [
        (7, ["/7"], "tiki-7", None),
        ("7", ["/7"], "tiki-7", None),
        (" 7\n", ["/7"], "tiki-7", None),
        (None, ["/7"], "tiki-7", "page-id.missing"),
        (None, ["/tiki-index.php?page_id=7"], "tiki-7", "page-id.missing"),
        (None, ["/" + "9" * 19], f"page-{MEMBER}", "page-id.missing"),
        (None, ["/" + "9" * 5000, "/7"], "tiki-7", "page-id.missing"),
        (None, ["/007"], f"page-{MEMBER}", "page-id.missing"),
        (None, [], f"page-{MEMBER}", "page-id.missing"),
        (0, [], f"page-{MEMBER}", "page-id.missing"),
        (-7, ["/8"], "tiki-8", "page-id.missing"),
        (True, [], f"page-{MEMBER}", "page-id.missing"),
        (7.0, ["/7"], "tiki-7", None),
        ("7.0", [], "tiki-7", None),
        (7.5, ["/8"], "tiki-8", "page-id.missing"),
        (float(2**53), [], f"page-{MEMBER}", "page-id.missing"),
        (2**53 - 1, [], f"tiki-{2**53 - 1}", None),
        (2**60, [], f"page-{MEMBER}", "page-id.missing"),
        ("٧", [], f"page-{MEMBER}", "page-id.missing"),
        (7, ["/8"], "tiki-7", "page-id.mismatch"),
        (7, ["/8", "/7"], "tiki-7", "page-id.mismatch"),
    ],
)
def test_the_id_is_that_of_the_field_then_of_the_aliases(
    page_id: Any, aliases: list[str], expected: str, code: str | None
) -> None:
    found = read(tiki_page_id=page_id, aliases=aliases, slug="clear-water")
    assert found.id == expected
    assert [known for known in codes(found) if known.startswith("page-id")] == ([code] if code else [])


@pytest.mark.parametrize("title", ["2020", "20,20"])
def test_the_alias_of_a_title_that_is_a_number_is_no_page_id(title: str) -> None:
    alias = "/" + fields.legacy_alias(title)
    for own in ("/77", "/tiki-index.php?page_id=77"):
        assert read(title=title, aliases=[alias, own]).id == "tiki-77"
        assert "page-id.mismatch" not in codes(read(title=title, aliases=[alias, own], tiki_page_id=77))


def test_a_page_whose_id_is_its_title_has_that_id() -> None:
    assert read(title="2020", aliases=["/2020", "/2020"]).id == "tiki-2020"


@pytest.mark.parametrize("page_id", [0, 7.5, "many", True, 2**53, float(2**53)])
def test_an_id_that_is_there_and_none_is_not_told_as_missing(page_id: Any) -> None:
    record = RawRecord("page", "json", {"title": "Clear water", "tiki_page_id": page_id}, "Text.", 1)
    [missing] = [finding for finding in read(tiki_page_id=page_id).findings if finding.code == "page-id.missing"]
    assert missing.message == f"{page_id!r} is no page id"
    assert [(finding.code, finding.field) for finding in input_findings(record)] == [("field.invalid", "tiki_page_id")]


@pytest.mark.parametrize("page_id", [7, 7.0])
def test_a_whole_number_is_one_however_it_is_written(page_id: Any) -> None:
    assert input_findings(RawRecord("page", "json", {"title": "A", "tiki_page_id": page_id}, "", 1)) == []
    assert input_findings(RawRecord("page", "yaml", {"title": "A", "tiki_page_id": str(page_id)}, "", 1)) == []


def test_a_list_is_no_number_in_yaml_either() -> None:
    record = RawRecord("page", "yaml", {"title": "A", "tiki_page_id": ["7"], "sections_included": [["1"]]}, "", 1)
    assert [finding.field for finding in input_findings(record)] == ["sections_included.0", "tiki_page_id"]


@pytest.mark.parametrize("key", ["aliases", "tags", "sections_excluded"])
def test_what_is_wrong_in_a_list_is_told_where_it_is_behind_nothing_too(key: str) -> None:
    record = read_record(f'{{"title": "Wells",\n "{key}": [null,\n  {{}},\n null]}}'.encode())
    assert isinstance(record, RawRecord)
    assert [(told.field, told.line, told.column) for told in input_findings(record)] == [(f"{key}.1", 3, 3)]


@pytest.mark.parametrize("draft", ["yes", "True", "off", "1", "0"])
def test_the_schema_takes_truth_as_yaml_writes_it(draft: str) -> None:
    assert input_findings(RawRecord("page", "yaml", {"title": "A", "tiki_page_id": "7", "draft": draft}, "", 1)) == []
    told = input_findings(RawRecord("page", "json", {"title": "A", "tiki_page_id": 7, "draft": draft}, "", 1))
    assert [(finding.code, finding.field, finding.action) for finding in told] == [
        ("field.invalid", "draft", "taken as what it says")
    ]


# --- slugs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "title", "state"),
    [
        ("w" * 100, "w" * 100, None),
        (f"{'w' * 80}-{'w' * 15}", "w" * 101, "elided"),
        ("wells", "w" * 101, None),
        ("w" * 120, "Wells", None),
        ("w" * 121, "Wells", "malformed"),
        ("beds", "Beds сады", None),
        ("beds", "Beds садов", "fragment"),
        ("wells", "Beds садов", None),
        ("a-b-c-d", "a b c d сады сады", "fragment"),
    ],
)
def test_a_slug_stays_unless_it_was_cut_or_is_the_rest_of_a_title(slug: str, title: str, state: str | None) -> None:
    found = read(title=title, slug=slug)
    assert [code for code in codes(found) if code.startswith("slug.")] == [f"slug.{state}"] * bool(state)
    assert (found.slug == slug) is (state is None)


@pytest.mark.parametrize(
    ("title", "slug"), [("10,000 wells, 5,new", "10000-wells-5-new"), ("Bees’ `beds`", "bees-beds")]
)
def test_commas_between_digits_and_apostrophes_part_no_word_of_a_slug(title: str, slug: str) -> None:
    assert read(title=title).slug == slug


# --- dates ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day", "instant"),
    [
        ("2019-07-13", "2019-07-13", None),
        ("2019-7-3", "2019-07-03", None),
        ("2019-07-13T10:00:00Z", "2019-07-13", "2019-07-13T10:00:00Z"),
        ("2019-07-13t10:00:00z", "2019-07-13", "2019-07-13T10:00:00Z"),
        ("2019-07-13 01:30:00+02:00", "2019-07-13", "2019-07-12T23:30:00Z"),
        ("2019-07-13T10:00", "2019-07-13", "2019-07-13T10:00:00Z"),
        ("2019-07-13T10:00:00.25+0530", "2019-07-13", "2019-07-13T04:30:00.250000Z"),
        ("2019-07-13T10:00:00.1234567Z", "2019-07-13", "2019-07-13T10:00:00.123456Z"),
        ("2019-07-13T10:00:00.123456789+01:00", "2019-07-13", "2019-07-13T09:00:00.123456Z"),
        ("2019-07-13 10:00:00+02", "2019-07-13", "2019-07-13T08:00:00Z"),
        ("2019-07-13T10:001234", None, None),
        ("2019-02-30", None, None),
        ("2019-07-13T25:00:00Z", None, None),
        ("9999-12-31T23:00:00-05:00", None, None),
        ("13.07.2019", None, None),
        ("", None, None),
    ],
)
def test_a_date_is_a_day_and_perhaps_an_instant(text: str, day: str | None, instant: str | None) -> None:
    found = dates.parse_date(text)
    assert (found[0] and found[0].isoformat(), found[1]) == (day, instant)


@given(TEXT)
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    day, instant = dates.parse_date(text)
    assert instant is None or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", instant)
    assert day is not None or instant is None
    dates.subject_of(text)


@pytest.mark.parametrize("key", ["date", "lastmod"])
@pytest.mark.parametrize(
    ("text", "code"), [("2000-01-01", "date.placeholder"), ("2019-13-01", "date.invalid"), ("soon", "date.invalid")]
)
def test_a_date_that_says_nothing_is_null_with_a_finding(key: str, text: str, code: str) -> None:
    front: dict[str, Any] = {key: text}
    found = read(**front)
    assert (found.created, found.modified, found.created_at) == (None, None, None)
    assert code in codes(found)


def test_blanks_around_a_date_or_a_slug_are_no_part_of_it_and_alone_are_nothing() -> None:
    found = read(date=" 2019-07-13 ", lastmod=" ", slug=" clear-water ", tiki_page_id=7)
    assert (found.created, found.modified, found.slug, codes(found)) == ("2019-07-13", None, "clear-water", [])


@pytest.mark.parametrize(
    ("subject", "latest", "valid"),
    [
        (("1799", "year", "alias"), None, False),
        (("1800", "year", "alias"), None, True),
        (("2020-01", "month", "alias"), "2019-01-31", True),
        (("2020-02", "month", "alias"), "2019-01-31", False),
        (("2020-01-31", "day", "alias"), "2019-01-31", True),
        (("2020-02-01", "day", "alias"), "2019-01-31", False),
        (("2020", "year", "title"), "2019-01-31", True),
        (("2021", "year", "title"), "2019-01-31", False),
        (("2102-11", "month", "alias"), None, True),
        (("2019-06", "month", "alias"), "9999-12-31", True),
        (("2019-06", "month", "alias"), "0900-12-31", False),
    ],
)
def test_a_subject_date_lies_between_1800_and_a_year_after_the_latest(
    subject: tuple[str, str, str], latest: str | None, valid: bool
) -> None:
    assert (dates.valid_subject(subject, latest) is not None) is valid


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("Newsletter – 13 June 2019", ("2019-06-13", "day")),
        ("Newsletter - 3rd of June 2019", None),
        ("Newsletter – 3rd June 2019", ("2019-06-03", "day")),
        ("Newsletter – June 3rd, 2019", ("2019-06-03", "day")),
        ("Newsletter – 2019-06-13", ("2019-06-13", "day")),
        ("Newsletter – June 2019", ("2019-06", "month")),
        ("Newsletter – 2019-06", ("2019-06", "month")),
        ("Newsletter-2012-12", ("2012-12", "month")),
        ("Newsletter – ٢٠١٩-٠٦", ("2019-06", "month")),
        ("Season – 2019-20", None),
        ("Season – 2009-10", None),
        ("Season – 2001-02", None),
        ("Newsletter – 2019-00", None),
        ("Newsletter 2019-06", None),
        ("Newsletters 2018 – 2019-06", None),
        ("Bed 555-2019-06", None),
        ("Newsletter – June2019", ("2019-06", "month")),
        ("Newsletter–2019", ("2019", "year")),
        ("Newsletter 13 June 2019", None),
        ("Newsletter – June 2019 and later", None),
        ("Newsletter 2019-06-13", None),
        ("Open days 5–13 June 2019", None),
        ("Open days 5 – 13 June 2019", None),
        ("Newsletter – 31 June 2019", None),
        ("Newsletter – 2019-06-31", None),
    ],
)
@pytest.mark.parametrize("kind", ["page", "abstract"])
def test_a_title_that_ends_in_a_dash_and_a_date_says_when(
    kind: Any, title: str, subject: tuple[str, str] | None
) -> None:
    front = {"title": title, "authors": [], "keywords": []}
    found = read_fields(RawRecord(kind, "text", front, "Text.", 1), MEMBER, Settings())
    assert isinstance(found, Fields)
    assert found.subject == (subject and (*subject, "title"))
    assert ("subject-date.invalid" in codes(found)) is ("31" in title)


@pytest.mark.parametrize("suffix", ["–+June+2019", "June+2019–", "–June+2019+-"])
def test_a_suffix_that_was_cut_says_when_with_a_dash_behind_it_too(suffix: str) -> None:
    found = read(title="Wells", aliases=[f"/Wells+{suffix}"])
    assert found.subject == ("2019-06", "month", "alias")


def test_a_day_of_digits_that_was_cut_says_when() -> None:
    found = read(title="Wells, deep", aliases=["/Wells+deep+–+2019-06-13"])
    assert (found.page_name, found.subject) == ("Wells, deep – 2019-06-13", ("2019-06-13", "day", "alias"))


DATES = ["June 2019", "June2019", "June 13, 2019", "June 13th, 2019", "13 June 2019", "13th June 2019"]


@pytest.mark.parametrize(
    ("title", "alias", "field"),
    [
        ("Wells – 31 Feb 2011", "/Wells", "title"),
        ("Wells", "/Wells+–+Feb+31+2011", "aliases"),
        ("Wells", "/Wells+–+2011-02-31", "aliases"),
    ],
)
def test_a_day_that_does_not_exist_is_told_of_the_field_that_has_it(title: str, alias: str, field: str) -> None:
    found = read(title=title, aliases=[alias])
    assert [told.field for told in found.findings if told.code == "subject-date.invalid"] == [field]


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("dash", [" – ", " –", "—", " -- "])
def test_the_slug_of_an_abstract_has_no_date(dash: str, date: str) -> None:
    front = {"title": f"Rain gardens{dash}{date}", "authors": [], "keywords": []}
    found = read_fields(RawRecord("abstract", "text", front, "Text.", 1), MEMBER, Settings())
    assert isinstance(found, Fields)
    assert (found.title, found.slug) == (f"Rain gardens{dash}{date}", "rain-gardens")


def test_an_abstract_whose_title_makes_no_slug_has_its_member_id_for_one() -> None:
    front = {"title": "☃ ☃", "authors": [], "keywords": []}
    found = read_fields(RawRecord("abstract", "text", front, "Text.", 1), MEMBER, Settings())
    assert isinstance(found, Fields)
    assert found.slug == f"document-{MEMBER}"


@pytest.mark.parametrize("title", ["Bed 5 – 13 June 2019", "Bed 5–13 June 2019", "Bed 5 13 June 2019"])
def test_a_number_that_is_no_day_of_the_date_stays_in_a_slug(title: str) -> None:
    assert read(title=title).slug == "bed-5-13"


def test_a_month_and_a_year_without_a_blank_say_when() -> None:
    assert read(title="Wells", aliases=["/Wells+–+June2019"]).subject == ("2019-06", "month", "alias")


@pytest.mark.parametrize("unseen", ["\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff"])
def test_a_character_that_no_reader_sees_parts_no_word_of_a_slug(unseen: str) -> None:
    assert read(title=f"Gar{unseen}den wells").slug == "garden-wells"


@pytest.mark.parametrize("year", ["٢٠١٩", "२०१९", "２０１９"])
def test_the_digits_of_any_script_are_a_year(year: str) -> None:
    assert read(title=f"Wells – {year}").subject == ("2019", "year", "title")
    assert read(title="Wells", aliases=[f"/Wells+–+June+{year}"]).subject == ("2019-06", "month", "alias")


# --- terms ---------------------------------------------------------------------------------


@given(st.lists(TEXT))
def test_of_equal_names_the_first_spelling_stays(names: list[str]) -> None:
    kept = fields.unique_terms(names)
    keys = [fields.term_key(name) for name in kept]
    assert len(set(keys)) == len(keys)
    assert set(keys) == {fields.term_key(name) for name in names}
    assert kept == [
        name for place, name in enumerate(names) if fields.term_key(name) not in map(fields.term_key, names[:place])
    ]


@pytest.mark.parametrize(
    "tags",
    ["जो जा जि", "कल काल कील", "ใส ใส่", "បូក បើក", "சாதன சோதனை", "మన మీన", "ཁ ཁི ཁུ", "ꦏ ꦏꦶ ꦏꦸ", "ހަ ހި ހު", "❤️ ☀️"],
)
def test_tags_that_differ_in_a_vowel_sign_are_not_one(tags: str) -> None:
    assert fields.unique_terms(tags.split()) == tags.split()


def test_signs_without_letters_make_no_other_tag() -> None:
    assert fields.unique_terms(["❤️ roofs", "Roofs", "བོད་", "བོད"]) == ["❤️ roofs", "བོད་"]


def test_no_name_holds_a_character_that_ends_a_line_or_that_yaml_refuses() -> None:
    found = read(title="Pea\x92s\ufffe in town", categories=["Gardener\x92s \x07"], tags=["\uffffroof\x85 ", "\x7f"])
    assert (found.title, found.categories, found.tags) == ("Pea s in town", ["Gardener s"], ["Gardener s", "roof"])


def test_a_new_name_is_tidied_as_every_name_is_and_nothing_is_none() -> None:
    settings = Settings(category_renames={"peas": " Peas  and\tbeans ", "weeds": " \u00a0", "Kale": "Cafe\u0301"})
    found = read(categories=["peas", "weeds", "kale"], tags=["Peas and Beans"], settings=settings)
    assert (found.categories, found.tags) == (["Peas and beans", "Café"], ["Peas and beans", "Café"])


def test_names_with_commas_stay_whole_and_renames_come_before_junk() -> None:
    settings = Settings(category_renames={"overviews": "Overview", "x": "Junk"}, category_junk=("junk", "Top news"))
    found = read(categories=["AU, NZ", "OVERVIEWS ", "x"], tags=["top  news", "overview", "au  nz"], settings=settings)
    assert (found.categories, found.tags) == (["AU, NZ", "Overview"], ["AU, NZ", "Overview"])


# --- statuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", "stub"),
        ("{{< toc >}}\n\n---\n<!-- words -->\n&nbsp;<br>", "stub"),
        ('<img src="/attachments/d3.mock.jpg" alt="image">', "stub"),
        ('<img src="/attachments/well.jpg">', "published"),
        ("<img src='/attachments/well.jpg'>", "published"),
        ("<!-- a comment that never ends", "published"),
        ("A word.", "published"),
        ('{redirect page="Wells"}', "stub"),
        ('{redirect page="Wells"} and a word', "published"),
        ("___", "stub"),
        ("- - -", "stub"),
        ("![image](/attachments/d3.mock.jpg)", "stub"),
        ('![A plan of the beds](</attachments/d3.mock.jpg> "Beds")', "stub"),
        ("![image](/attachments/well.jpg)", "published"),
        ("![image](/attachments/d3.mock.jpg) A word.", "published"),
        ('{IMG(attId="12" max="500")}{IMG}', "stub"),
        ('{img fileId="12" desc="namedesc"}', "stub"),
        ('{img fileId="12" desc="A well"}', "published"),
        ('{img src="https://wells.example/a.png"}', "published"),
        ('{img src="https://wells.example/d3.mock.jpg"}', "stub"),
        ("<p>&nbsp;</p>\n<span style='color:#F00;'></span>", "stub"),
        ("&#160;&#xA0;&ensp;\u200b\ufeff&#8203;", "stub"),
        ("&lt;", "published"),
        ("&#65;", "published"),
        ("&unknown;", "published"),
        ("#", "stub"),
        ("###\n\n>\n\n> &nbsp;", "stub"),
        ("#wells", "published"),
        ("-->", "published"),
        ("<https://wells.example>", "published"),
        ("<br/><!---->", "stub"),
        ('**<img src="/attachments/d3.mock.jpg">**', "stub"),
        (" **<span>{{< toc >}}</span>** \n\n>![image](/attachments/d3.mock.jpg)", "stub"),
        ("**Wells**", "published"),
        ("<p>Wells</p>", "published"),
        ('<img alt="Wells">', "stub"),
        ("____wells", "published"),
    ],
)
def test_a_page_that_shows_nothing_is_a_stub(body: str, status: str) -> None:
    assert read(body).status == status


NOTHING = [
    *(
        "___",
        "---",
        "- - -",
        "* * *",
        "--",
        "– – –",
        "#",
        "######",
        ">",
        "> &nbsp;",
        "&#160;",
        "&nbsp; &thinsp;",
        "\u200b",
    ),
    *("<p>&nbsp;</p>", "<span></span>", "<div>\n\n</div>", "<br>", "<hr />", "<!-- wells -->", "{{< toc >}}", "*"),
    *("![image](/a/d3.mock.jpg)", "<img src='/a/d3.mock.jpg'>", "{IMG(attId=1)}{IMG}", "{redirect page='A'}"),
    *("**![image](/a/d3.mock.jpg)**", "*<img src='/a/d3.mock.jpg'>*", "**{IMG(attId=1)}{IMG}**", "**&nbsp;**"),
]


@given(st.lists(st.sampled_from(NOTHING), max_size=6), st.sampled_from(["", "well", "![](/a/well.jpg)"]))
def test_a_stub_is_a_page_whose_clean_body_shows_nothing(parts: list[str], word: str) -> None:
    body = "\n\n".join([*parts, word])
    cleaned = clean_body(body, Settings(), LINKER)
    shown = cleaned.text or any(image["state"] != "missing" for image in cleaned.images)
    assert raw_body.shows_nothing(body, Settings()) is not bool(shown)


@pytest.mark.parametrize("key", ["draft", "Draft", "DRAFT"])
def test_a_draft_is_one_in_whatever_case_its_field_is_written_as_hugo_reads_it(key: str) -> None:
    front: dict[str, Any] = {key: "true"}
    assert read(**front).status == "draft"


@pytest.mark.parametrize("category", ["Admin (old)", "Admin Only", "admin  only", "ADMIN (OLD)"])
@pytest.mark.parametrize("junk", [(), ("admin only",), ("Admin (old)",)])
def test_a_draft_is_told_by_the_old_and_the_new_name_of_its_category(category: str, junk: tuple[str, ...]) -> None:
    settings = Settings(
        draft_categories=("Admin Only",), category_renames={"Admin (old)": "Admin Only"}, category_junk=junk
    )
    assert read(categories=[category], settings=settings).status == "draft"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (True, "draft"),
        ("true", "draft"),
        ("TRUE", "draft"),
        ("yes", "draft"),
        ("y", "draft"),
        ("T", "draft"),
        (" true ", "draft"),
        (1, "draft"),
        (1.0, "draft"),
        (2, "draft"),
        ("1", "draft"),
        (False, "published"),
        ("false", "published"),
        ("n", "published"),
        (0, "published"),
        ("0", "published"),
        ("0.0", "published"),
        ("soon", "published"),
    ],
)
def test_a_page_says_itself_that_it_is_a_draft(value: object, status: str) -> None:
    found = read(draft=value)
    assert (found.status, found.extra) == (status, {})


def test_a_page_that_says_yes_to_something_else_is_no_draft() -> None:
    assert read(featured=True).status == "published"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (False, "draft"),
        ("false", "draft"),
        ("0", "draft"),
        (0, "draft"),
        ("true", "published"),
        (1, "published"),
        ("2019-06-01", "published"),
        (None, "published"),
    ],
)
def test_a_page_that_is_not_published_is_a_draft(value: object, status: str) -> None:
    found = read(published=value)
    assert (found.status, found.extra) == (status, {"published": value})


@pytest.mark.parametrize("key", ["Published", "PUBLISHED"])
def test_a_page_that_is_not_published_says_so_in_whatever_case(key: str) -> None:
    front: dict[str, Any] = {key: "false"}
    assert read(**front).status == "draft"


def test_a_draft_is_a_draft_even_when_it_shows_nothing_or_its_category_is_junk() -> None:
    settings = Settings(draft_categories=("Admin Only",), category_junk=("admin only",))
    assert read("", categories=["ADMIN  ONLY"], settings=settings).status == "draft"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{redirect page="Wells"}', ("page", "Wells")),
        ("{REDIRECT(page=>Deep wells)}{REDIRECT}", ("page", "Deep wells")),
        ('{redirect url="https://other.example/x"}', ("url", "https://other.example/x")),
        ("{redirect}", ("", "{redirect}")),
        ('{redirect page=""}', ("", '{redirect page=""}')),
        ('{redirect perspective="1"}', ("", '{redirect perspective="1"}')),
        ("{REDIRECT()}{REDIRECT}", ("", "{REDIRECT()}")),
        ("""{redirect page="Bob's wells"}""", ("page", "Bob's wells")),
        ("""{redirect page='Bob's wells' perspective=1}""", ("page", "Bob's wells")),
        ('{redirect page="Wells (old)"}', ("page", "Wells (old)")),
        ("{redirect page=Wells (old), perspective=1}", ("page", "Wells (old)")),
        ('{redirect page="The \\"old\\" wells"}', ("page", 'The "old" wells')),
        ('{redirect page="The "old" wells"}', ("page", 'The "old" wells')),
        ("{redirect page=&quot;Wells &amp; beds&quot;}", ("page", "Wells & beds")),
        ('{REDIRECT(page="Wells")/}', ("page", "Wells")),
        ('{redirect page="Wells"/}', ("page", "Wells")),
        ('{redirect page="Wells" perspective="1"}', ("page", "Wells")),
        ('{redirect perspective="1", page="Wells"}', ("page", "Wells")),
        ('{redirect page="Wells"perspective="1"}', ("page", "Wells")),
        ('{REDIRECT(page=>"Wells",perspective=>1)}{REDIRECT}', ("page", "Wells")),
        ('{redirect url="tiki-index.php?page=Wells"}', ("url", "tiki-index.php?page=Wells")),
        ('{redirect}\n{redirect page="Wells"}', ("page", "Wells")),
        ('**{redirect page="Wells"}**', ("page", "Wells")),
        ('{redirect page="Wells}', ("page", '"Wells')),
        ('<!-- {redirect page="Wells"} -->', None),
        ('<!-- {redirect page="Hens"} -->{redirect page="Wells"}', ("page", "Wells")),
        ('Text {redirect page="Wells"}', None),
    ],
)
def test_a_redirect_counts_on_a_page_that_shows_nothing_else(body: str, expected: tuple[str, str] | None) -> None:
    assert read(body).redirect_to == expected


# --- addresses -----------------------------------------------------------------------------


def test_the_relative_links_of_a_page_were_read_at_its_own_address_then_at_its_aliases() -> None:
    aliases = ["/Wells", "/7", "/beds/wells", "https://old.example/clay/", "//beds/wells", "/tiki-index.php?page=a/b"]
    assert list(read(aliases=aliases, url="/soil/wells/").folders) == [
        *("/soil/wells/", "/soil/", "/beds/", "/beds/wells/", "/clay/")
    ]
    assert list(read(aliases=["/Wells"], url="/wells").folders) == []
    assert list(read(aliases=["/beds/%ff/wells", "/clay/beds"]).folders) == ["/clay/", "/clay/beds/"]
    assert len(read(aliases=[f"/beds/{number}/wells" for number in range(99)]).folders) == MOST_FOLDERS


def test_the_address_on_the_old_site_is_as_browsers_write_it() -> None:
    settings = Settings(hosts=("old.example.", "other.example"), legacy_base="/wiki/")
    assert fields.legacy_url("Why water? – 2008", settings) == "https://old.example/wiki/Why+water%3F+%E2%80%93+2008"
    dashed = settings.model_copy(update={"blanks": ("-", "_")})
    assert fields.legacy_url("Why water? – 2008", dashed) == "https://old.example/wiki/Why-water%3F-%E2%80%93-2008"


@pytest.mark.parametrize(
    ("title", "alias", "names"),
    [
        ("第8章\u3000次の一歩", "/8", {"第8章 次の一歩", "第8章\u3000次の一歩"}),
        ("Où\u00a0?", "/Ou", {"Où ?", "Où\u00a0?", "Ou"}),
        (
            "Deep  wells, old",
            "/Deep+wells+old+–+June+2019",
            {f"Deep{rest} – June 2019" for rest in (" wells, old", "  wells, old", " wells old")},
        ),
        ('\\"Deep\\" wells ', "/8", {'"Deep" wells'}),
        ("Cafe\u0301", "/8", {"Café"}),
        ("Deep\twells", "/8", {"Deep wells"}),
        ("\u3000深い井戸\u00a0\n", "/8", {"深い井戸", "\u3000深い井戸\u00a0"}),
    ],
)
def test_a_page_has_the_name_with_the_blanks_that_it_was_written_with(title: str, alias: str, names: set[str]) -> None:
    found = read(title=title, aliases=[alias], tiki_page_id=7)
    assert {claim.address.value for claim in found.claims if claim.address.kind == "name"} == names


def test_a_title_that_is_only_composed_is_not_repaired() -> None:
    assert codes(read(title="Cafe\u0301 ", tiki_page_id=7, slug="cafe")) == []
    assert codes(read(title="Cafe\u0301  bar", tiki_page_id=7, slug="cafe-bar")) == ["title.repaired"]


def test_a_page_claims_every_address_that_the_old_site_answered() -> None:
    found = read(
        "<!-- ~tc~ (alias(Old wells (deep) – 2008)) ~/tc~ --> Text.",
        slug="clear-water",
        aliases=["/Clear+water+Aug+15+2011", "/7", "/posts/older"],
        tiki_page_id=7,
    )
    assert {(*claim.address, claim.rank, claim.why) for claim in found.claims} == {
        ("id", "7", 1, "page-id"),
        ("path", "/7.html", 1, "page-id"),
        ("name", "Clear water Aug 15 2011", 1, "title"),
        ("name", "Clear water Aug 15, 2011", 3, "title"),
        ("path", "/posts/clear-water", 3, "slug"),
        ("path", "/posts/clear-water.html", 3, "slug"),
        ("path", "/posts/older", 4, "alias"),
        ("name", "Old wells (deep) – 2008", 5, "harvested"),
    }


@given(st.lists(st.sampled_from([*"\"'=>,() /\\a", "page", "url", "&quot;", "Wells", "\n"])).map("".join))
def test_every_marker_of_a_redirect_says_something(text: str) -> None:
    for body in (f"{{redirect {text}}}", f"{{REDIRECT({text})}}{{REDIRECT}}"):
        found = raw_body.redirect_of(body)
        assert found is not None
        assert found[1].strip()


@given(st.text(st.sampled_from("abc '(),"), min_size=1).map(str.strip).filter(bool))
def test_a_target_in_quotation_marks_is_read_as_it_is_written(name: str) -> None:
    for body in (
        f'{{redirect page="{name}"}}',
        f'{{REDIRECT(a=>1,page=>"{name}",b=1)/}}',
        f"{{redirect page='{name}'/}}",
    ):
        assert raw_body.redirect_of(body) == ("page", name)


@pytest.mark.parametrize(
    ("slug", "path"),
    [
        ("größe-der-brunnen", "/posts/größe-der-brunnen"),
        ("gro\u0308ße", "/posts/größe"),
        ("/posts/odd-five/", "/posts/odd-five"),
        ("/pages/odd-five", "/pages/odd-five"),
        ("/odd-five/", "/posts/odd-five"),
        ("/beds/odd-five", "/posts/beds/odd-five"),
        ("posts", "/posts/posts"),
        ("/posts", "/posts/posts"),
        ("posts/odd-five", "/posts/posts/odd-five"),
        ("a--b", "/posts/a--b"),
    ],
)
def test_an_old_address_is_that_of_the_slug_as_it_was(slug: str, path: str) -> None:
    found = read(slug=slug)
    assert found.legacy_slug == slug
    assert {claim.address.value for claim in found.claims if claim.why == "slug"} == {path, f"{path}.html"}
    assert "address.refused" not in codes(found)


@pytest.mark.parametrize(
    ("template", "slug", "paths"),
    [
        ("/articles/{slug}/", "odd-five", {"/articles/odd-five", "/articles/odd-five.html"}),
        ("/{slug}.html", "odd-five", {"/odd-five", "/odd-five.html"}),
        (
            "/garden/{slug}/index.html",
            "odd-five",
            {"/garden/odd-five", "/garden/odd-five.html", "/garden/odd-five/index.html"},
        ),
        ("/blog/en/{slug}", "odd-five", {"/blog/en/odd-five", "/blog/en/odd-five.html"}),
        ("", "odd-five", set()),
        ("/docs/{slug}", "/", {"/docs", "/docs.html"}),
        ("/{slug}", "/", set()),
        ("", "/posts/odd-five", {"/posts/odd-five", "/posts/odd-five.html"}),
    ],
)
def test_the_old_site_had_its_pages_where_the_settings_say(template: str, slug: str, paths: set[str]) -> None:
    found = read(settings=Settings(legacy_template=template), slug=slug)
    assert {claim.address.value for claim in found.claims if claim.why == "slug"} == paths


@pytest.mark.parametrize("slug", ["a\x01b", "../x", "größe\x85n"])
def test_a_slug_that_can_be_no_address_is_refused(slug: str) -> None:
    found = read(slug=slug)
    assert [claim for claim in found.claims if claim.why == "slug"] == []
    assert {finding.field for finding in found.findings if finding.code == "address.refused"} == {"slug"}


@pytest.mark.parametrize("alias", ["/Old wells", "..", "Old\twells"])
def test_a_refused_alias_of_a_comment_is_told_where_it_stands(alias: str) -> None:
    body = f"Wells.\n\n<!-- ~tc~ (alias(Good)) --> and\n<!-- (alias( {alias} )) -->"
    found = read_fields(RawRecord("page", "json", {"title": "Wells"}, body, 7), MEMBER, Settings())
    assert isinstance(found, Fields)
    [told] = [finding for finding in found.findings if finding.code == "address.refused"]
    assert (told.line, told.column, told.field) == (10, 13, None)
    assert repr(alias) in told.message
    assert [claim.address.value for claim in found.claims if claim.why == "harvested"] == ["Good"]


def test_an_abstract_makes_no_redirects() -> None:
    record = RawRecord(
        "abstract",
        "text",
        {"title": "Wells", "authors": [], "keywords": [], "affiliations": [], "metadata": []},
        "Text.",
        3,
    )
    found = read_fields(record, MEMBER, Settings(language="en"))
    assert isinstance(found, Fields)
    assert (found.id, found.slug, found.claims, found.language) == (f"abstract-{MEMBER}", "wells", [], "en")


@pytest.mark.parametrize("title", [None, "", " \n", "\u200b\x07", 5, ["Wells"], {"en": "Wells"}, True])
def test_a_page_without_a_title_of_text_is_rejected(title: Any) -> None:
    found = read_fields(RawRecord("page", "json", {"title": title}, "Text.", 1), MEMBER, Settings())
    assert isinstance(found, Rejection)
    assert found.code == "title.missing"


# --- what is excluded, identified, kept ----------------------------------------------------


@pytest.mark.parametrize("key", ["sections_excluded", "censored_sections"])
@pytest.mark.parametrize(
    ("value", "excluded"),
    [
        ([3], True),
        ([], False),
        (None, False),
        (3, True),
        (0, True),
        ("3", True),
        (["3"], True),
        (False, False),
        (True, False),
        ([None], False),
        ([False, {}, "", "False "], False),
        ("", False),
        ("false", False),
        ({}, False),
    ],
)
def test_excluded_sections_make_a_page_incomplete(key: str, value: Any, excluded: bool) -> None:
    found = read(**{key: value})
    assert found.sections_excluded is excluded
    assert ("sections.excluded" in codes(found)) is excluded


def test_excluded_sections_are_named() -> None:
    found = read(sections_excluded=[3, None, 5], censored_sections="Depth")
    [told] = [finding.message for finding in found.findings if finding.code == "sections.excluded"]
    assert told == "3 section(s) were left out of the export: [3, 5, 'Depth']"


@pytest.mark.parametrize(
    ("value", "action"),
    [
        (3, "taken as a list of one"),
        ("3", "taken as a list of one"),
        (False, "taken as absent"),
        ([3, False], "numbers and texts count, all else was left out"),
    ],
)
def test_what_was_made_of_excluded_sections_is_told_as_it_is(value: Any, action: str) -> None:
    record = RawRecord("page", "json", {"title": "Clear water", "sections_excluded": value}, "Text.", 1)
    assert [finding.action for finding in input_findings(record)] == [action]


@pytest.mark.parametrize(
    ("key", "action"),
    [("date", "taken as absent"), ("slug", "taken as absent"), ("tags", "what is of another type was left out")],
)
def test_what_was_made_of_a_list_is_told_as_it_is(key: str, action: str) -> None:
    record = RawRecord("page", "json", {"title": "Clear water", key: [["2019-07-13"]]}, "Text.", 1)
    assert [finding.action for finding in input_findings(record)] == [action]


@pytest.mark.parametrize(
    ("text", "doi", "pmid"),
    [
        ("https://doi.org/10.1000/AB.12).", ["10.1000/ab.12"], []),
        ("doi:10.1016/S0140-6736(05)67889-0.", ["10.1016/s0140-6736(05)67889-0"], []),
        ("(doi 10.1000/x)", ["10.1000/x"], []),
        ("doi 10.1000/x(2).", ["10.1000/x(2)"], []),
        ("doi: 10.1000/x.\uf097 Wells", ["10.1000/x"], []),
        ("https://doi.org/10.1016/S0140-6736%2805%2967889-0", ["10.1016/s0140-6736(05)67889-0"], []),
        ("https://doi.org/10.1000/ab%20cd%0Aef", ["10.1000/ab"], []),
        ("https://doi.org/10.1000/a%3C1%3Eb;2-c%3Fview=1", ["10.1000/a<1>b;2-c"], []),
        ("10.1000/a/full 10.1000/b/Abstract 10.1000/c/pdf?x 10.1000/d/epdf", [f"10.1000/{end}" for end in "abcd"], []),
        ("PMID: 00012345 and PMID 12345", [], ["12345"]),
        ("PMID 12345", [], ["12345"]),
        ("https://www.ncbi.nlm.nih.gov/pubmed/23959785", [], ["23959785"]),
        ("ncbi.nlm.nih.gov/pubmed/23959785, PMID: 12345", [], ["23959785", "12345"]),
        ("version 10.4/x and PMID: 12", [], []),
    ],
)
def test_identifiers_are_normalised_and_named_once(text: str, doi: list[str], pmid: list[str]) -> None:
    assert identifiers([text, text]) == (doi, pmid)


def test_unknown_fields_are_kept_in_the_order_of_their_names() -> None:
    least, most = -(2**63), 2**63 - 1
    found = read(weight=1, params={"b": [least - 1, least, most, most + 1]}, associated_tags=["ants"])
    assert list(found.extra.items()) == [("params", {"b": [str(least - 1), least, most, str(most + 1)]}), ("weight", 1)]
    assert codes(found).count("field.unknown") == 2


@pytest.mark.parametrize(("language", "expected"), [(" de ", "de"), (" ", "en"), (7, "en"), (None, "en")])
def test_a_page_that_names_no_language_has_that_of_the_settings(language: Any, expected: str) -> None:
    assert read(language=language, settings=Settings(language="en")).language == expected


FRONT = st.dictionaries(
    st.sampled_from([*fields.KNOWN, "other"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=2),
    ),
)


@given(FRONT, TEXT)
def test_no_front_matter_breaks_the_reading_of_fields(front: dict[str, Any], body: str) -> None:
    titled = front | {"title": f"Water {front.get('title')}"}
    for fields_ in (front, titled):
        found = read_fields(RawRecord("page", "json", fields_, body, 1), MEMBER, Settings())
        assert found == read_fields(RawRecord("page", "json", fields_, body, 1), MEMBER, Settings())
    assert not isinstance(found, Rejection)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", found.slug)
    assert len(found.slug) <= 120


def test_of_a_page_without_a_title_the_key_that_is_one_in_another_case_is_named() -> None:
    record = RawRecord(
        "page",
        "yaml",
        {"Title": "Wells", "Draft": "true"},
        "Text.",
        4,
        locate=lambda path: (2, 1) if path == ("Title",) else (None, None),
    )
    found = read_fields(record, MEMBER, Settings())
    assert isinstance(found, Rejection)
    assert (found.code, found.line) == ("title.missing", 2)
    assert found.message == "the page has no title, but 'Title': fields are written in small letters"


def test_a_row_of_the_tables_of_tiki_is_told_what_to_do() -> None:
    row = {"page_id": 7, "pageName": "Wells", "data": "! Wells"}
    found = read_fields(RawRecord("page", "json", row, "", 1), MEMBER, Settings())
    assert isinstance(found, Rejection)
    what_to_do = "write that as its title, and 'data' below the front matter"
    assert found.message == f"the page has no title, but 'pageName', as in Tiki's tables: {what_to_do}"
