"""Resolve: decisions by key, never by arrival; what one export cannot hold; the worst state of a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.addresses import Address
from etl.facts import Facts, Row
from etl.model import Target
from etl.resolve import LONGEST_CHAIN, assets, redirects, resolve, terms
from etl.resolve.links import Index
from etl.settings import Settings, SettingsError
from etl.transform.body.links import Linker

Claim = tuple[str, str, int, str]
Known = tuple[Row, list[Claim]]


def page(
    page_id: int, slug: str | None = None, *, made: int = 0, claims: Iterable[Claim] = (), **fields: object
) -> Known:
    """What the facts pass says of a page; its place comes later."""
    known = {
        "sha256": f"{page_id:064x}",
        "kind": "page",
        "member_id": f"{page_id:016x}",
        "document": f"tiki-{page_id}",
        "page_id": page_id,
        "title": f"Page {page_id}",
        "page_name": f"Page {page_id}",
        "slug": slug or f"page-{page_id}",
        "slug_made": made,
        "status": "published",
    }
    return Row(ord=-1, **known | fields), list(claims)  # type: ignore[arg-type]  # fields of Row


@pytest.fixture
def resolved(tmp_path: Path) -> Iterator[Callable[..., Facts]]:
    """``resolved(pages, settings)``: the facts file after resolve, pages in the order given."""
    numbers = iter(range(10_000))
    stack = ExitStack()

    def run(
        known: Iterable[Known],
        settings: Settings | None = None,
        terms_of: Iterable[tuple[int, str, str, str, int]] = (),
    ) -> Facts:
        facts = stack.enter_context(Facts(tmp_path / f"facts{next(numbers)}", create=True))
        both = list(known)
        facts.insert("bundle", [(0, "wiki", "", "wiki")])
        members = [(place, "wiki", f"{place}.txt", *[None] * 10, 0) for place in range(len(both))]
        facts.db.executemany(f"INSERT INTO member VALUES ({','.join('?' * 14)})", members)
        rows = [row._replace(ord=place) for place, (row, _) in enumerate(both)]
        claims = [(place, *claim) for place, (_, claimed) in enumerate(both) for claim in claimed]
        facts.add_facts(rows, claims, terms_of, [])
        resolve(facts, settings or Settings())
        return facts

    with stack:
        yield run


def slugs(facts: Facts) -> dict[str, str]:
    return dict(facts.rows("SELECT f.document, s.slug FROM slug s JOIN fact f USING (ord)"))


def owners(facts: Facts) -> dict[tuple[str, str], tuple[str | None, str]]:
    return {(line["kind"], line["value"]): (line["document"], line["why"]) for line in redirects(facts)}


# --- who is a document ---------------------------------------------------------------------


def test_a_chain_may_be_long_but_not_without_end(resolved: Callable[..., Facts]) -> None:
    length = LONGEST_CHAIN + 2
    chain = [page(n, status="stub", redirect_what="page", redirect_to=f"Page {n + 1}") for n in range(1, length)]
    facts = resolved([*chain, page(length)])
    outcomes = dict(facts.rows("SELECT page_id, outcome FROM fact"))
    assert outcomes[length - 1] == "redirect"
    assert outcomes[length - LONGEST_CHAIN] == "redirect"
    assert outcomes[1] == "withheld"
    assert facts.one("SELECT count(*) FROM finding WHERE code = 'redirect.unresolved'") == 1


@pytest.mark.parametrize(
    ("url", "goal"),
    [
        ("https://old.example/Deep+wells", "tiki-1"),
        ("http://WWW.old.example/tiki-index.php?page=Deep%20wells", "tiki-1"),
        ("tiki-index.php?page=Deep+wells&no_bl=y", "tiki-1"),
        ("tiki-index.php?page_id=1", "tiki-1"),
        ("/1", "tiki-1"),
        ("/1.html#part", "tiki-1"),
        ("/posts/wells-of-old.html", "tiki-1"),
        ("/posts/deep-wells/", "tiki-1"),
        ("/pages/deep-wells/", "tiki-1"),
        ("/deep-wells", "tiki-1"),
        ("/3", "tiki-1"),
        ("/garden/old-wells.html", "tiki-1"),
        ("/garden/wells", "tiki-1"),  # a draft leads nowhere
        ("https://old.example/Well.doc", "tiki-1"),
        ("/well.DOC", "tiki-1"),
        ("/posts/Deep_Wells", "tiki-1"),
        ("/Wells+of+old.html", "tiki-1"),
        ("/7", "no such page in the export"),
        ("/" + "9" * 40, "no such page in the export"),
        ("/posts/", "no such page in the export"),
        ("/tags/wells.html", "no such page in the export"),
        ("/2", "a loop"),
        ("/4", "a page that is not published"),
        ("/Page+4", "a page that is not published"),
        ("/", "no page of the old wiki"),
        ("/dl12", "no page of the old wiki"),
        ("https://other.example/Deep+wells", "an address outside of the wiki"),
        ("https://old.example@other.example/1", "an address outside of the wiki"),
        ("https://other.example/Well.doc", "an address outside of the wiki"),
    ],
)
def test_a_redirect_to_an_address_of_the_wiki_goes_to_its_page(
    url: str, goal: str, resolved: Callable[..., Facts]
) -> None:
    claims = [("path", "/garden/old-wells.html", 2, "slug"), ("name", "Well.doc", 1, "title")]
    known = [
        page(1, "deep-wells", title="Deep wells", page_name="Well.doc", legacy_slug="wells-of-old", claims=claims),
        page(2, status="stub", redirect_what="url", redirect_to=url),
        page(3, status="stub", redirect_what="url", redirect_to="/1", claims=[("path", "/garden/wells", 3, "alias")]),
        page(4, status="draft", claims=[("path", "/garden/wells", 2, "slug")]),
    ]
    facts = resolved(known, Settings(hosts=("old.example",)))
    document = facts.one("SELECT t.document FROM fact f JOIN fact t ON t.ord = f.goes_to WHERE f.page_id = 2")
    message = facts.one("SELECT message FROM finding WHERE code = 'redirect.unresolved'")
    assert (document or message) == (goal if document else f"redirect to url {url!r}: {goal}")


def test_a_redirect_to_the_rest_of_the_site_goes_to_no_page_of_that_name(resolved: Callable[..., Facts]) -> None:
    shop = page(2, status="stub", redirect_what="url", redirect_to="/shop/")
    facts = resolved([page(1, "shop", title="Shop"), shop], Settings(legacy_base="/wiki"))
    assert facts.one("SELECT goes_to FROM fact WHERE page_id = 2") is None
    assert facts.one("SELECT message FROM finding WHERE code = 'redirect.unresolved'") == (
        "redirect to url '/shop/': an address outside of the wiki"
    )


WORDS = ("Wells", "wells", "wells.html", "Wells.doc", "deep-wells", "7", "Deep_Wells", "cat5")
FOLDERS = ("/", "/posts/", "/garden/", "/pages/", "/tags/", "/tiki-index.php?page=", "/tiki-index.php?page_id=")
URLS = st.builds(str.__add__, st.sampled_from(FOLDERS), st.sampled_from(WORDS))
CLAIMS = st.one_of(
    st.tuples(st.just("name"), st.sampled_from(WORDS), st.integers(1, 4), st.just("alias")),
    st.builds(lambda word: ("path", f"/garden/{word}", 2, "slug"), st.sampled_from(WORDS)),
    st.builds(lambda word: ("path", f"/posts/{word}", 3, "alias"), st.sampled_from(WORDS)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    URLS,
    st.lists(
        st.tuples(
            st.sampled_from(WORDS),
            st.sampled_from(["wells", "deep-wells", "cat5"]),
            st.lists(CLAIMS, max_size=3, unique_by=itemgetter(0, 1)),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_a_redirect_leads_where_a_link_leads(
    resolved: Callable[..., Facts], url: str, drawn: list[tuple[str, str, list[Claim]]]
) -> None:
    known = []
    for number, (title, slug, claims) in enumerate(drawn, 7):
        others = [claim for claim in claims if claim[:2] != ("name", title)]  # a page claims an address once
        known.append(page(number, slug, title=title, page_name=title, claims=[("name", title, 1, "title"), *others]))
    way = page(99, status="stub", redirect_what="url", redirect_to=url)
    facts = resolved([*known, way])
    link = Linker(Settings(), Index(facts)).resolve(url)
    goal = facts.one("SELECT t.document FROM fact f JOIN fact t ON t.ord = f.goes_to WHERE f.page_id = 99")
    assert goal == link.target


@pytest.mark.parametrize("url", ["/", "https://old.example", "/tiki-index.php"])
def test_a_redirect_to_the_old_home_page_goes_to_the_page_of_home(url: str, resolved: Callable[..., Facts]) -> None:
    way = page(2, status="stub", redirect_what="url", redirect_to=url, claims=[("id", "2", 1, "page-id")])
    facts = resolved([page(1, title="Deep wells"), way], Settings(hosts=("old.example",), home="Deep wells"))
    assert owners(facts)["id", "2"] == ("tiki-1", "redirect-page")


@pytest.mark.parametrize("url", ["/7", "/tiki-index.php?page=7", "/7.html"])
def test_a_redirect_names_itself_only_where_it_can_name_nothing_else(url: str, resolved: Callable[..., Facts]) -> None:
    way = page(2, title="7", status="stub", redirect_what="url", redirect_to=url, claims=[("name", "7", 1, "title")])
    facts = resolved([page(7, "7"), way])
    assert owners(facts) == {("name", "7"): ("tiki-7", "redirect-page")}


def test_a_redirect_that_cannot_be_read_leads_nowhere(resolved: Callable[..., Facts]) -> None:
    unread = page(1, status="stub", redirect_what="", redirect_to="{redirect}")
    way = page(2, status="stub", redirect_what="page", redirect_to="Page 1")
    facts = resolved([unread, way])
    assert [row[0] for row in facts.rows("SELECT outcome FROM fact ORDER BY ord")] == ["withheld", "withheld"]
    found = facts.rows("SELECT message FROM finding WHERE code = 'redirect.unresolved' ORDER BY ord")
    assert [row[0] for row in found] == [
        "redirect '{redirect}': its target cannot be read",
        "redirect to page 'Page 1': its target cannot be read",
    ]


def test_a_draft_that_redirects_is_a_draft(resolved: Callable[..., Facts]) -> None:
    target = page(1, claims=[("name", "Page 1", 1, "title")])
    draft = page(2, status="draft", redirect_what="page", redirect_to="Page 1", claims=[("name", "Old", 1, "title")])
    facts = resolved([target, draft])
    assert facts.one("SELECT outcome FROM fact WHERE page_id = 2") == "withheld"
    assert owners(facts) == {("name", "Page 1"): ("tiki-1", "title")}


def test_a_redirect_page_that_is_there_twice_is_a_duplicate_the_second_time(resolved: Callable[..., Facts]) -> None:
    way = page(2, status="stub", redirect_what="page", redirect_to="Page 1")
    facts = resolved([page(1), way, way])
    assert [row[0] for row in facts.rows("SELECT outcome FROM fact ORDER BY ord")] == [
        "document",
        "redirect",
        "duplicate",
    ]


def test_a_redirect_goes_on_through_a_page_whose_bytes_are_there_twice(resolved: Callable[..., Facts]) -> None:
    claims = [("path", "/posts/other-way", 3, "alias")]
    way = page(2, status="stub", redirect_what="page", redirect_to="Page 1", claims=claims)
    start = page(3, status="stub", redirect_what="url", redirect_to="/posts/other-way")
    facts = resolved([page(1), way, way, start])
    assert facts.one("SELECT goes_to FROM fact WHERE ord = 3") == 0


def test_a_redirect_does_not_go_on_through_a_reject(resolved: Callable[..., Facts]) -> None:
    stays = page(7, status="stub", redirect_what="page", redirect_to="Page 1")
    reject = page(7, sha256="b" * 64, member_id="b" * 16, status="stub", redirect_what="page", redirect_to="Page 2")
    way = page(3, status="stub", redirect_what="url", redirect_to="/7")
    facts = resolved([page(1), page(2), stays, reject, way])
    assert facts.one("SELECT t.page_id FROM fact f JOIN fact t ON t.ord = f.goes_to WHERE f.page_id = 3") == 1


@pytest.mark.parametrize("good", [page(2, title="Wells"), page(2, "wells")], ids=["title", "slug"])
def test_a_redirect_prefers_a_published_page_of_its_name(good: Known, resolved: Callable[..., Facts]) -> None:
    draft = page(1, status="draft", title="Wells")
    way = page(3, status="stub", redirect_what="page", redirect_to="wells")
    facts = resolved([draft, good, way])
    assert facts.one("SELECT t.page_id FROM fact f JOIN fact t ON t.ord = f.goes_to WHERE f.page_id = 3") == 2


def test_a_redirect_prefers_a_page_to_redirects_of_its_name_where_stubs_are_published_too(
    resolved: Callable[..., Facts],
) -> None:
    ways = [
        page(number, title=title, page_name=title, status="stub", redirect_what="page", redirect_to="Deep wells")
        for number, title in [(1, "deep-wells"), (2, "Deep-Wells"), (3, "Pump")]
    ]
    own = page(4, title="Deep wells", page_name="Deep wells")
    facts = resolved([*ways, own], Settings(publish=("published", "stub")))
    assert list(facts.rows("SELECT t.page_id FROM fact f JOIN fact t ON t.ord = f.goes_to")) == [(4,)] * 3


@pytest.mark.parametrize(("name", "goal"), [("Wells", 2), ("wells", 2), ("Wells of old", 4), ("Wells of June", 5)])
def test_a_redirect_goes_to_the_page_that_answers_its_name(
    name: str, goal: int, resolved: Callable[..., Facts]
) -> None:
    known = [
        page(1, title="Wells", page_name="Wells – June 2019", claims=[("name", "Wells – June 2019", 0, "title")]),
        page(2, title="Wells", page_name="Wells", claims=[("name", "Wells", 0, "title")]),
        page(3, status="stub", redirect_what="page", redirect_to=name),
        page(4, claims=[("name", "Wells of old", 3, "harvested"), ("name", "Wells", 3, "harvested")]),
        page(5, claims=[("name", "Wells of June", 2, "alias")]),
        page(6, status="draft", claims=[("name", "Wells of June", 0, "title")]),
    ]
    facts = resolved(known)
    assert facts.one("SELECT t.page_id FROM fact f JOIN fact t ON t.ord = f.goes_to WHERE f.page_id = 3") == goal
    assert owners(facts).get(("name", name), (f"tiki-{goal}",))[0] == f"tiki-{goal}"


@pytest.mark.parametrize(("members", "conflicts", "refused"), [(100, 10, False), (100, 11, True), (99, 40, False)])
def test_two_exports_are_told_by_more_than_a_tenth_of_a_hundred(
    members: int, conflicts: int, refused: bool, resolved: Callable[..., Facts]
) -> None:
    known = [
        page(n, sha256=f"{place:064x}", member_id=f"{place:016x}")
        for place, n in enumerate([*range(members - conflicts), *range(conflicts)])
    ]
    if refused:
        with pytest.raises(SettingsError, match=f"{conflicts} of {members} members"):
            resolved(known)
        return
    assert resolved(known).one("SELECT count(*) FROM fact WHERE outcome = 'reject'") == conflicts


@pytest.mark.parametrize(("duplicates", "stays"), [("reject", "first"), ("last", "last")])
def test_of_one_id_the_first_stays_or_the_last(duplicates: str, stays: str, resolved: Callable[..., Facts]) -> None:
    known = [page(7, sha256=text * 64, member_id=text * 16) for text in "abc"]
    facts = resolved(known, Settings(duplicates=duplicates))  # type: ignore[arg-type]  # both are values of the setting
    [place] = [row[0] for row in facts.rows("SELECT ord FROM fact WHERE outcome = 'document'")]
    assert place == (0 if stays == "first" else 2)


@pytest.mark.parametrize(
    ("versions", "outcomes"),
    [
        ("121", ["document", "reject", "duplicate"]),
        ("1212", ["reject", "document", "duplicate", "duplicate"]),
        ("1221", ["document", "reject", "duplicate", "duplicate"]),
        ("1231", ["document", "reject", "reject", "duplicate"]),
    ],
)
def test_the_last_stays_also_when_its_bytes_were_there_before(
    versions: str, outcomes: list[str], resolved: Callable[..., Facts]
) -> None:
    known = [page(7, sha256=text * 64) for text in versions]
    facts = resolved(known, Settings(duplicates="last"))
    assert [row[0] for row in facts.rows("SELECT outcome FROM fact ORDER BY ord")] == outcomes


@pytest.mark.parametrize("known", [[page(1), page(1, reject="{}")], [page(1, reject="{}"), page(1)]])
def test_a_reject_with_the_bytes_of_a_document_is_a_reject(known: list[Known], resolved: Callable[..., Facts]) -> None:
    outcomes = ["reject" if row.reject else "document" for row, _ in known]
    assert [row[0] for row in resolved(known).rows("SELECT outcome FROM fact ORDER BY ord")] == outcomes


def test_newer_versions_are_no_second_export_where_the_last_stays(resolved: Callable[..., Facts]) -> None:
    known = [page(n, sha256=f"{place:064x}") for place, n in enumerate([*range(100), *range(30)])]
    facts = resolved(known, Settings(duplicates="last"))
    assert [row[0] for row in facts.rows("SELECT ord FROM fact WHERE outcome = 'reject'")] == list(range(30))


def test_a_member_that_lost_by_its_member_id_contests_no_page_id(resolved: Callable[..., Facts]) -> None:
    first = page(1, member_id="a" * 16)
    loser = page(2, member_id="a" * 16, sha256="b" * 64)
    other = page(2, member_id="c" * 16, sha256="c" * 64)
    facts = resolved([first, loser, other])
    assert [row[0] for row in facts.rows("SELECT outcome FROM fact ORDER BY ord")] == ["document", "reject", "document"]


def test_a_conflict_with_a_reject_does_not_say_that_it_stays(resolved: Callable[..., Facts]) -> None:
    first = page(2, member_id="a" * 16)
    second = page(2, member_id="b" * 16, sha256="b" * 64)
    third = page(3, member_id="b" * 16, sha256="c" * 64)
    facts = resolved([first, second, third])
    rejects = facts.rows("SELECT json_extract(reject, '$.action') FROM fact WHERE outcome = 'reject' ORDER BY ord")
    assert [action.removesuffix("; this one is in rejects.jsonl") for (action,) in rejects] == [
        "0.txt stays",
        "1.txt goes before it, but is a reject, too",
    ]


# --- slugs and addresses -------------------------------------------------------------------

SLUGS = st.sampled_from(["a", "b", "a-1", "a-2", "a-1-1", "x" * 120])
PAGES = st.lists(
    st.tuples(
        st.integers(1, 9),
        SLUGS,
        st.integers(0, 1),
        st.dictionaries(st.sampled_from("pqr"), st.integers(1, 4)),
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda drawn: drawn[0],
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(PAGES, st.randoms(use_true_random=False))
def test_decisions_do_not_depend_on_the_order_of_members(
    resolved: Callable[..., Facts], drawn: list[tuple[int, str, int, dict[str, int]]], random: object
) -> None:
    known = [
        page(page_id, slug, made=made, claims=[("name", name, rank, "alias") for name, rank in claims.items()])
        for page_id, slug, made, claims in drawn
    ]
    shuffled = known.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    one, other = resolved(known), resolved(shuffled)
    assert slugs(one) == slugs(other)
    assert owners(one) == owners(other)
    found = slugs(one)
    assert len(set(found.values())) == len(drawn)
    assert all(len(slug) <= 120 for slug in found.values())
    for slug in {slug for _, slug, _, _ in drawn}:
        claimants = sorted((made, page_id) for page_id, wanted, made, _ in drawn if wanted == slug)
        assert found[f"tiki-{claimants[0][1]}"] == slug, "kept before made, then the lower id"


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_the_lower_rank_owns_an_address_and_then_the_lower_id(rank: int, resolved: Callable[..., Facts]) -> None:
    higher, lower = ([("name", "Wells", place, "alias")] for place in (rank, rank - 1))
    facts = resolved([page(1, claims=higher), page(3, claims=lower), page(2, claims=lower)])
    assert owners(facts)["name", "Wells"][0] == "tiki-2"


def conflicts(facts: Facts) -> list[tuple[str, str]]:
    return list(facts.rows("SELECT message, action FROM finding WHERE code = 'address.conflict' ORDER BY rowid"))


def test_a_name_and_an_id_of_the_same_digits_keep_both_and_it_is_told(resolved: Callable[..., Facts]) -> None:
    facts = resolved(
        [page(1, claims=[("name", "2019", 1, "title")]), page(2019, claims=[("id", "2019", 1, "page-id")])]
    )
    assert owners(facts) == {("name", "2019"): ("tiki-1", "title"), ("id", "2019"): ("tiki-2019", "page-id")}
    assert conflicts(facts) == [
        (
            "id '2019' goes to tiki-2019, the name of the same spelling to tiki-1",
            "as a path it answers the name; the page script finds the id by its parameter",
        )
    ]


@pytest.mark.parametrize(("base", "path"), [("/", "/7.html"), ("/wiki", "/wiki/7.html")])
def test_a_name_that_a_path_answers_is_told(base: str, path: str, resolved: Callable[..., Facts]) -> None:
    named = page(1, claims=[("name", "7.html", 3, "alias"), ("name", "Own.html", 3, "alias")])
    own = page(2, claims=[("path", path, 1, "page-id"), ("name", "Own", 1, "title")])
    facts = resolved([named, own], Settings(legacy_base=base))
    assert [message for message, _ in conflicts(facts)] == [
        "name '7.html' goes to tiki-1, the path of the same spelling to tiki-2"
    ]
    assert conflicts(resolved([page(1, claims=[("name", "a", 1, "title"), ("path", "/a", 2, "slug")])])) == []


def test_a_name_whose_path_is_gone_is_told(resolved: Callable[..., Facts]) -> None:
    facts = resolved([page(1, claims=[("name", "Beds", 1, "title")])], Settings(gone=("/Beds",)))
    assert [message for message, _ in conflicts(facts)] == [
        "name 'Beds' goes to tiki-1, the path of the same spelling to nobody"
    ]


def test_a_name_that_is_the_path_of_its_own_page_is_told(resolved: Callable[..., Facts]) -> None:
    claims = [("name", "wells", 1, "title"), ("path", "/wells", 2, "slug"), ("name", "Wells", 3, "alias")]
    facts = resolved([page(1, "wells", claims=claims)], Settings(path_template="/{slug}/", home="wells"))
    assert owners(facts) == {("name", "Wells"): ("tiki-1", "alias")}
    assert conflicts(facts) == [
        (
            "name 'wells' of tiki-1 is a path of the new site (tiki-1)",
            "the new site answers it; the page script finds nothing",
        )
    ]
    [[home]] = facts.rows("SELECT message FROM finding WHERE code = 'home.unknown'")
    assert home == "home 'wells': the new site itself answers it (tiki-1)"


def test_the_name_of_a_reject_is_no_home_page(resolved: Callable[..., Facts]) -> None:
    again = page(1, title="Wells again", page_name="Wells again", sha256="b" * 64, member_id="b" * 16)
    facts = resolved([page(1, claims=[("id", "1", 1, "page-id")]), again], Settings(home="Wells again"))
    assert owners(facts) == {("id", "1"): ("tiki-1", "page-id")}
    assert facts.one("SELECT message FROM finding WHERE code = 'home.unknown'") == (
        "home 'Wells again': no page of this export"
    )


def test_the_new_site_does_not_answer_the_path_of_a_withheld_page(resolved: Callable[..., Facts]) -> None:
    facts = resolved([page(1, "wells", status="draft"), page(2, claims=[("path", "/pages/wells", 4, "alias")])])
    assert owners(facts) == {("path", "/pages/wells"): ("tiki-2", "alias")}


def test_a_withheld_page_whose_slug_another_has_gets_one_of_its_own(resolved: Callable[..., Facts]) -> None:
    assert slugs(resolved([page(1, "wells"), page(2, "wells", status="draft")])) == {
        "tiki-1": "wells",
        "tiki-2": "wells-2",
    }


def test_nothing_may_be_published(resolved: Callable[..., Facts]) -> None:
    facts = resolved([page(1)], Settings(publish=()))
    assert facts.one("SELECT outcome FROM fact") == "withheld"


def test_whoever_claims_a_name_that_the_new_site_answers_with_a_slash_behind_it_is_told(
    resolved: Callable[..., Facts],
) -> None:
    claims = [("name", "wells/", 1, "title")]
    known = [page(1, claims=claims), page(2, claims=claims), page(3, "wells")]
    facts = resolved(known, Settings(path_template="/{slug}/"))
    assert owners(facts) == {}
    assert [message for message, _ in conflicts(facts)] == [
        "name 'wells/' of tiki-1 is a path of the new site (tiki-3)",
        "name 'wells/' of tiki-2 is a path of the new site (tiki-3)",
    ]


def test_the_id_of_a_page_is_no_name_of_a_home_page(resolved: Callable[..., Facts]) -> None:
    facts = resolved([page(7, claims=[("id", "7", 1, "page-id")])], Settings(home="7"))
    [[home]] = facts.rows("SELECT message FROM finding WHERE code = 'home.unknown'")
    assert home == "home '7': it is an old address itself; tiki-7 is the page"


@pytest.mark.parametrize("gone", ["//x", "/", "", "a\x01b", "/a/../b"])
def test_what_can_be_no_address_is_a_mistake_in_gone(gone: str, resolved: Callable[..., Facts]) -> None:
    with pytest.raises(SettingsError, match="gone"):
        resolved([page(1)], Settings(gone=(gone,)))


def test_a_name_is_found_in_any_spelling_of_a_title_or_of_an_alias(resolved: Callable[..., Facts]) -> None:
    facts = resolved(
        [
            page(1, title="Pump, old", claims=[("name", "Hand pump", 3, "alias")]),
            page(
                2, title="Hand – pump", claims=[("name", "pump old", 3, "alias"), ("name", "Hand – pump", 1, "title")]
            ),
        ]
    )
    index = Index(facts)
    found = {key: [target.document for target in index.by_name(key)] for key in ("hand pump", "pump old", "pump")}
    assert found == {"hand pump": ["tiki-2", "tiki-1"], "pump old": ["tiki-1", "tiki-2"], "pump": []}


def test_of_several_pages_with_one_name_its_owner_is_found_in_any_spelling(resolved: Callable[..., Facts]) -> None:
    dated, own, other = (page(number, title="Deep wells", page_name="Deep wells") for number in (1, 2, 3))
    own[1].append(("name", "Deep wells", 0, "title"))
    other[1].append(("name", "Deep wells", 1, "title"))
    way = page(9, status="stub", redirect_what="page", redirect_to="deep_wells")
    facts = resolved([dated, own, other, way])
    assert [target.document for target in Index(facts).by_name("deep wells")] == ["tiki-2", "tiki-1", "tiki-3"]
    assert facts.one("SELECT t.page_id FROM fact f JOIN fact t ON t.ord = f.goes_to WHERE f.page_id = 9") == 2


def test_a_page_whose_name_another_one_owns_has_none_in_the_map(resolved: Callable[..., Facts]) -> None:
    own = [page(number, title="W", claims=[("name", "W", 1, "title")]) for number in (1, 2)]
    index = Index(resolved([*own, page(3, title="W++", claims=[("name", "W++", 1, "title")])]))
    assert [target.document for target in index.nameless("w")] == ["tiki-2"]


def test_an_old_slug_means_the_page_that_had_it_before_a_redirect_page(resolved: Callable[..., Facts]) -> None:
    way = page(1, "way", status="stub", redirect_what="page", redirect_to="Page 3", legacy_slug="wells")
    facts = resolved([way, page(2, "deep-wells", legacy_slug="wells"), page(3)])
    assert Index(facts).by_slug("wells") == Target("tiki-2", "/pages/deep-wells/")


def test_what_is_nowhere_is_not_asked_for_in_the_facts_file(resolved: Callable[..., Facts]) -> None:
    facts = resolved([page(1, claims=[("name", "Hand pump", 3, "alias")])])
    index, asked = Index(facts), list[str]()
    facts.db.set_trace_callback(asked.append)
    found = index.by_address(Address("name", "Beds")), index.by_id("77"), index.by_slug("beds")
    assert found == (None, None, None)
    assert not index.by_name("beds")
    assert index.tag("beds") is None
    assert not asked
    assert index.by_address(Address("name", "Hand pump")) == Target("tiki-1", "/pages/page-1/")
    assert asked


def test_a_withheld_id_is_told_whatever_page_has_its_digits_for_a_name(resolved: Callable[..., Facts]) -> None:
    named = page(1, claims=[("name", "7", 1, "title")])
    facts = resolved([named, page(7, status="draft", claims=[("id", "7", 1, "page-id")])])
    told = facts.one("SELECT message FROM finding WHERE code = 'address.withheld'")
    assert told == "tiki-7 is a draft; its addresses are not answered: '7'"


# --- files and terms -----------------------------------------------------------------------


def test_the_worst_state_of_a_file_counts_and_documents_come_in_order(resolved: Callable[..., Facts]) -> None:
    facts = resolved([page(20), page(3)])
    rows = [
        ("/b.png", "image", 1, "tiki-3", "missing"),
        ("/b.png", "image", 0, "tiki-20", "ok"),
        ("/a.pdf", "attachment", 1, "tiki-3", "external"),
        ("/a.pdf", "image", 0, "tiki-20", "ok"),
    ]
    facts.add_assets(rows)
    found = [tuple(line.values()) for line in assets(facts)]
    assert found == [
        ("/a.pdf", "attachment", "external", ["tiki-3"]),
        ("/a.pdf", "image", "ok", ["tiki-20"]),
        ("/b.png", "image", "missing", ["tiki-20", "tiki-3"]),
    ]


def test_the_spelling_of_a_category_wins_then_the_most_frequent_one(resolved: Callable[..., Facts]) -> None:
    spelled = [
        (0, "soil", "SOIL", "soil", 0),
        (1, "soil", "SOIL", "soil", 0),
        (2, "soil", "Soil", "soil", 1),
        (0, "water", "WATER", "water", 0),
    ]
    spelled += [(1, "water", "Water", "water", 0), (2, "water", "Water", "water", 0)]
    facts = resolved([page(1), page(2), page(3)], terms_of=spelled)
    assert [(line["name"], line["kind"], line["documents"]) for line in terms(facts)] == [
        ("Soil", "category", 3),
        ("Water", "tag", 3),
    ]


@pytest.mark.parametrize(
    ("slug", "path"),
    [
        *(
            ("baume", "/tags/baume/"),
            ("bäume", "/tags/baume/"),
            ("Bäume", "/tags/baume/"),
            ("b%C3%A4ume", "/tags/baume/"),
        ),
        *(("obst--gemüse", "/tags/obst-and-gemuse/"), ("obst-gemuse", "/tags/obst-and-gemuse/")),
        *(("kraut-ruben", "/tags/kraut-ruben/"), ("kraut--rüben", "/tags/kraut-and-ruben/")),
        *(("", None), ("-", None), ("obst", None)),
    ],
)
def test_a_tag_is_found_however_the_old_site_spelled_it(
    slug: str, path: str | None, resolved: Callable[..., Facts]
) -> None:
    names = {"Bäume": "baume", "Obst & Gemüse": "obst-and-gemuse", "!": "digest"}
    names |= {"Kraut, Rüben": "kraut-ruben", "Kraut & Rüben": "kraut-and-ruben"}
    facts = resolved([page(1)], terms_of=[(0, name, name, made, 0) for name, made in names.items()])
    assert Index(facts).tag(slug) == path


def test_a_tag_with_the_path_of_a_document_is_told(resolved: Callable[..., Facts]) -> None:
    tags = [(0, "wells", "Wells", "wells", 0), (0, "soil", "Soil", "soil", 0), (0, "about", "About", "about", 0)]
    one_place = Settings(path_template="/{slug}", tag_template="/{slug}/", reserved=("/about/", "/about"))
    for chosen, told in ((one_place, ["'Wells' has the path '/wells/', as tiki-1 does"]), (Settings(), [])):
        facts = resolved([page(1, "wells")], chosen, tags)
        found = facts.rows("SELECT message FROM finding WHERE code = ?", "term.shared-path")
        assert [message for (message,) in found] == told


def test_the_work_of_resolve_grows_with_the_pages(
    resolved: Callable[..., Facts], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps of SQLite, as on any machine: pages with tags, copies of one, redirect pages to them and to nowhere.

    And pages that have one name, with as many redirect pages to it, and pages whose names differ in case alone.
    """
    steps: list[None] = []
    once = resolve

    def counted(facts: Facts, settings: Settings) -> None:
        facts.db.set_progress_handler(lambda: steps.append(None), 1000)
        once(facts, settings)

    def work(size: int) -> int:
        steps.clear()
        own = [[("name", f"Page {n}", 1, "title"), ("id", str(n), 1, "page-id")] for n in range(size)]
        pages = [page(n, claims=claims) for n, claims in enumerate(own)]
        own += [[("name", "Index", 1, "title")]] * size
        own += [[("name", f"{n:b}".translate({48: "a", 49: "A"}).rjust(12, "a"), 1, "title")] for n in range(size)]
        urls = [f"/Page+{n}" for n in range(size)] + [f"/posts/nothing-{n}" for n in range(size)] + ["/index"] * size
        pages = [page(n, claims=claims, page_name=claims[0][1]) for n, claims in enumerate(own)]
        ways = [page(n, status="stub", redirect_what="url", redirect_to=url) for n, url in enumerate(urls, len(own))]
        copies = [page(0)] * size
        resolved([*pages, *copies, *ways], terms_of=[(n, f"tag{n}", f"Tag{n}", f"tag{n}", 0) for n in range(size)])
        return len(steps)

    monkeypatch.setattr(sys.modules[__name__], "resolve", counted)
    few = work(200)
    assert few > 20
    assert work(2000) < 15 * few


def test_a_tag_with_the_path_of_a_redirect_is_told(resolved: Callable[..., Facts]) -> None:
    claims = [("name", "Wells", 1, "title"), ("name", "Soil", 1, "title")]
    claims += [("path", "/wells", 3, "alias"), ("path", "/Sand", 3, "alias")]  # a path is found in its own case alone
    tags = [(0, "wells", "Wells", "wells", 0), (0, "soil", "Soil", "soil", 0), (0, "sand", "Sand", "sand", 0)]
    for template, reserved, told in (
        ("/{slug}/", ("/soil/",), [("Wells", "/wells/", "name 'Wells'"), ("Wells", "/wells/", "path '/wells'")]),
        ("/Wells/{slug}", (), []),
        ("/tags/{slug}/", (), []),
    ):
        facts = resolved([page(1, claims=claims)], Settings(tag_template=template, reserved=reserved), tags)
        found = [row[0] for row in facts.rows("SELECT message FROM finding WHERE code = 'term.shared-path'")]
        assert found == [f"{name!r} has the path {path!r}, and {what} goes to tiki-1" for name, path, what in told]


def test_a_tag_with_the_path_of_what_is_gone_is_told_in_any_case(resolved: Callable[..., Facts]) -> None:
    gone = Settings(tag_template="/Tags/{slug}/", gone=("tags/wells",))
    facts = resolved([page(1)], gone, [(0, "wells", "Wells", "wells", 0)])
    [[message]] = facts.rows("SELECT message FROM finding WHERE code = 'term.shared-path'")
    assert message == "'Wells' has the path '/Tags/wells/', and name 'tags/wells' is gone"
