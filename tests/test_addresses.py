"""Legacy addresses: one canonical form, whatever the spelling."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from etl.addresses import (
    Address,
    alias_address,
    as_path,
    canonical_name,
    decode,
    legacy_target,
    lookups,
    name_forms,
    name_key,
    objection,
    plain_address,
)

PREFIXES = ("posts", "pages", "tags", "categories")
HOSTS = ("www.old-wiki.example", "mirror.example")

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)


@st.composite
def names(draw: st.DrawFn) -> str:
    """Page names as the map may hold them."""
    name = canonical_name(draw(texts))
    assume(name is not None and objection(Address("name", name)) is None)
    return str(name)


@given(names())
def test_a_name_is_found_in_every_spelling_of_its_page_parameter(name: str) -> None:
    for spelled in (quote(name, safe=""), quote_plus(name), "".join(f"%{byte:02x}" for byte in name.encode())):
        for query in (f"page={spelled}", f"a=b&page={spelled}", f"page=Other&page={spelled}&highlight=x"):
            assert lookups(f"/tiki-index.php?{query}") == [Address("name", name)]


@given(names())
def test_a_name_is_found_by_its_path(name: str) -> None:
    assume(not name.endswith("/"))
    for spelled in (quote(name, safe=""), quote_plus(name), "".join(f"%{byte:02x}" for byte in name.encode())):
        for target in (f"/{spelled}", f"//{spelled}/", f"/./{spelled}?utm_source=x", f"http://h.example:80/{spelled}"):
            assert Address("name", name) in lookups(target)


@given(names())
def test_a_decomposed_spelling_is_the_same_name(name: str) -> None:
    other = unicodedata.normalize("NFD", name)
    assert lookups(f"/tiki-index.php?page={quote_plus(other)}") == [Address("name", name)]


@given(texts)
def test_the_canonical_form_of_a_name_is_its_own_canonical_form(text: str) -> None:
    name = canonical_name(text)
    assume(name is not None)
    assert canonical_name(str(name)) == name


@given(st.text())
def test_no_text_makes_decoding_fail_and_no_control_character_passes(text: str) -> None:
    decoded = decode(text)
    assert decoded is None or not any(unicodedata.category(char) in {"Cc", "Cs"} for char in decoded)


@given(st.text())
def test_what_a_stored_alias_or_a_setting_gives_may_be_in_the_map(text: str) -> None:
    for address in (alias_address(text, PREFIXES), alias_address("/" + text, PREFIXES), plain_address(text)):
        assert address is None or objection(address) is None


def test_a_lone_percent_sign_of_a_stored_alias_means_itself() -> None:
    assert alias_address("/50%+x+%e2%80%93+(7%)", PREFIXES) == ("name", "50% x – (7%)")
    assert alias_address("/tiki-index.php?page=50%+x+%e2%80%93+(7%)", PREFIXES) == ("name", "50% x – (7%)")


@given(names(), st.sampled_from(["/", "/posts/", "/wiki/", "/wiki/posts/", "/garden/posts/"]), st.booleans())
def test_a_stored_alias_means_what_a_request_for_it_asks(name: str, folder: str, is_prefix: bool) -> None:
    alias, prefixes = folder + quote_plus(name), (*PREFIXES, "wiki") if is_prefix else PREFIXES
    base = "/wiki/" if folder.startswith("/wiki/") else "/"
    address = alias_address(alias, prefixes, base)
    assert address is None or address in lookups(alias, base)


@given(st.text(), st.sampled_from(["/", "/wiki/", "/wiki"]))
def test_looking_up_never_fails_and_never_finds_what_no_map_may_hold_by_name_or_id(text: str, base: str) -> None:
    for address in lookups("/" + text, base):
        assert "\n" not in address.value
        assert address.value


@given(st.text())
def test_no_link_makes_the_resolver_fail(text: str) -> None:
    for href in (text, "/" + text, "https://old-wiki.example/" + text, "tiki-index.php?" + text):
        link = legacy_target(href, HOSTS, PREFIXES)
        assert link is None or link.kind in {"id", "name", "other", *PREFIXES}


@pytest.mark.parametrize(
    ("alias", "kind", "value"),
    [
        ("/Wells+and+water+-+July+2019", "name", "Wells and water - July 2019"),
        ("Wells+and+water", "name", "Wells and water"),
        ("/007", "name", "007"),
        ("/2019", "id", "2019"),
        ("/4840/", "id", "4840"),
        ("/Is it so?", "name", "Is it so?"),
        ("/posts", "name", "posts"),
        ("/posts/a.html", "path", "/posts/a.html"),
        ("/postscript/a", "name", "postscript/a"),
        ("tiki-index.php?page_id=7", "id", "7"),
        ("/tiki-index.php", "name", "tiki-index.php"),
        ("/tiki-index.php?x=1&page=A%2BB+C&y=2", "name", "A+B C"),
        ("http://www.old-wiki.example:80/tiki-index.php?page_id=7", "id", "7"),
        ("https://www.old-wiki.example/Clear+water", "name", "Clear water"),
    ],
)
def test_a_stored_alias_is_classified(alias: str, kind: str, value: str) -> None:
    assert alias_address(alias, PREFIXES) == (kind, value)


@pytest.mark.parametrize(
    "alias",
    [
        "",
        "/",
        "///",
        "//evil.example/x",
        "/posts/../x",
        "/posts/./x",
        "/..",
        "/.",
        "/%0d%0aSet-Cookie:x",
        "/%00",
        "/%e9",
        "/tiki-index.php?page=",
        "/tiki-index.php?page_id=x",
        "https://old-wiki.example",
    ],
)
def test_an_alias_that_no_server_can_answer_safely_is_refused(alias: str) -> None:
    assert alias_address(alias, PREFIXES) is None


@pytest.mark.parametrize("kind", ["name", "path", "id"])
@pytest.mark.parametrize("value", ["", "/", "//x", "/a/../b", "a\nb", " a", "cafe\u0301", "/.", "\ud800"])
def test_a_value_that_is_never_safe_or_never_matches_has_a_reason(kind: str, value: str) -> None:
    if (kind, value) == ("name", "/a/../b"):
        assert objection(Address("name", value)) == "it starts with two slashes"
    assert objection(Address(kind, value))  # type: ignore[arg-type]  # a kind, as a text


def test_the_old_wiki_may_live_in_a_folder() -> None:
    assert lookups("/wiki/Clear+water", "/wiki") == [
        Address("path", "/wiki/Clear water"),
        Address("name", "Clear water"),
    ]
    assert lookups("/Clear+water", "/wiki") == [Address("path", "/Clear water")]
    assert lookups("/wiki/tiki-index.php?page_id=7", "/wiki/") == [Address("id", "7")]
    assert alias_address("/wiki/7", PREFIXES, "/wiki/") == ("id", "7")
    assert alias_address("/posts/x", PREFIXES, "/wiki/") == ("path", "/posts/x")


@pytest.mark.parametrize(
    ("href", "link"),
    [
        ("/wiki/Clear+water", ("name", "Clear water", "")),
        ("/wiki/tiki-index.php?page=Clear+water", ("name", "Clear water", "")),
        ("tiki-index.php?page_id=7", ("id", "7", "")),
        ("/wiki/tiki-index.php", ("other", "/", "")),
        ("/wiki/tiki-index.php?page_ref_id=5", ("other", "/wiki/tiki-index.php?page_ref_id=5", "")),
        ("/wiki/", ("other", "/", "")),
        ("/wiki/dl12", ("other", "/wiki/dl12", "")),
        ("/wiki/posts/clear-water", ("name", "posts/clear-water", "")),
        ("/posts/clear-water", ("posts", "clear-water", "")),
    ],
)
def test_in_the_folder_of_the_old_wiki_a_first_segment_makes_no_path(href: str, link: tuple[str, str, str]) -> None:
    assert legacy_target(href, HOSTS, (*PREFIXES, "wiki"), "/wiki/") == link


@pytest.mark.parametrize("base", ["/", "/wiki", "/a/b/"])
def test_an_export_that_leaves_the_folder_out_means_the_same(base: str) -> None:
    for inside in ("/", "", base.rstrip("/") + "/"):
        assert alias_address(f"{inside}tiki-index.php?page=Old+name", PREFIXES, base) == ("name", "Old name")
        assert alias_address(f"{inside}tiki-index.php?page_id=11", PREFIXES, base) == ("id", "11")
        assert alias_address(f"{inside}Old+name", PREFIXES, base) == ("name", "Old name")
    assert as_path(Address("name", "Clear water"), "/wiki/") == "/wiki/Clear water"


@pytest.mark.parametrize(
    "target",
    [
        "",
        "*",
        "/",
        "//",
        "/.",
        "/?page=x",
        "old-wiki.example:443",
        "http://h.example",
        "/%zz",
        "/%",
        "/%e9",
        "/%c0%af",
        "/a%00",
        "/%0d%0aLocation:%20x",
        "/\udce9",
        "/tiki-index.php?page=",
        "/tiki-index.php?page=%0a",
    ],
)
def test_a_request_that_can_never_match_looks_nothing_up(target: str) -> None:
    assert lookups(target) == []


def test_the_last_of_a_repeated_parameter_counts_and_an_id_comes_before_a_name() -> None:
    assert lookups("/tiki-index.php?page=A&page=B") == [("name", "B")]
    assert lookups("/tiki-index.php?page=A&page=") == []
    assert lookups("/tiki-index.php?page=A&page_id=7") == [("id", "7"), ("name", "A")]
    assert lookups("/tiki-index.php?page_id=007&page=A") == [("name", "A")]
    assert lookups("/tiki-index.php?xpage=A")[0] == ("path", "/tiki-index.php")


def test_only_a_suffix_with_a_day_has_a_second_form() -> None:
    assert name_forms("Fair in Sept 21 2012")[1:] == ["Fair in Sept 21, 2012"]
    assert name_forms("Fair in Sept 21, 2012")[1:] == []
    assert name_forms("Mayor 21 2012")[1:] == []
    assert name_forms("Wells May 2012")[1:] == []


@given(texts)
def test_the_key_of_a_name_does_not_depend_on_its_spelling(text: str) -> None:
    assume("%" not in text)
    assert name_key(quote_plus(text)) == name_key(text) == name_key(f"  {text}__")


def test_a_sign_parts_words_of_a_key_and_a_mark_does_not() -> None:
    assert name_key("Wells→beds ½") == "wells beds 1 2"
    assert name_key("Cafe\u0301s") == "cafes"
    assert name_key("שָׁלוֹם ≠ مُحَمَّد") == name_key("שלום محمد")
    assert name_key("❤\ufe0f 葛\U000e0100城 1\ufe0f\u20e3") == "葛城 1"


def test_an_i_without_a_dot_is_the_small_letter_of_an_i() -> None:
    assert name_key("ışık") == name_key("Işık") == name_key("IŞIK")
    assert name_key("İstanbul") == name_key("istanbul")


@pytest.mark.parametrize(
    "names",
    [
        "जो जा जि",
        "कल काल कील",
        "ใส ใส่",
        "បូក បើក",
        "வட்டு விட்டு",
        "మన మీన",
        "ཁ ཁི ཁུ",
        "ꦏ ꦏꦶ ꦏꦸ",
        "ᬓ ᬓᬶ ᬓᬸ",
        "ހަ ހި ހު",
        "かき かぎ がき",
        "ハハ パパ ババ",
    ],
)
def test_names_that_differ_in_a_vowel_sign_are_not_one(names: str) -> None:
    different = names.split()
    assert len(set(map(name_key, different))) == len(different)
    assert name_key(f"**{different[0]}**।") == name_key(different[0])


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://WWW.old-wiki.example:443/Clear+water#part", ("name", "Clear water", "part")),
        ("//MIRROR.example./10983", ("id", "10983", "")),
        ("http://www.mirror.example", ("other", "/", "")),
        ("http://old-wiki.example?x=1", ("other", "/", "")),
        ("/Clear%25E2%2580%2593water", ("name", "Clear–water", "")),
        ("/A%2BB", ("name", "A+B", "")),
        ("/A%25e9", ("name", "A%e9", "")),
        ("/tiki-index.php?page=A%2BB&amp;x=1", ("name", "A+B", "")),
        ("Tiki-Index.php?page_id=5", ("id", "5", "")),
        ("/tiki-index.php?page_id=0", ("other", "/", "")),
        ("/posts/span-x/", ("posts", "span-x", "")),
        ("https://old-wiki.example/tags/x.html", ("tags", "x", "")),
        ("/blogpost64-A-title", ("other", "/blogpost64-A-title", "")),
        ("/display12", ("other", "/display12", "")),
        ("/%0a", ("other", "/%0a", "")),
        ("/posts/%0a", ("other", "/posts/%0a", "")),
        ("javascript:alert(1)", None),
        ("RR%20=%201.59", None),
        ("https://old-wiki.example.evil.example/10983", None),
        ("https://evil.example/www.old-wiki.example/10983", None),
        ("/attachments/a.pdf", None),
        ("/Some+report.pdf", None),
    ],
)
def test_a_link_of_a_body_is_understood(href: str, expected: tuple[str, str, str] | None) -> None:
    assert legacy_target(href, HOSTS, PREFIXES) == expected
