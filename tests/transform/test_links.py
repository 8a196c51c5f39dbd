"""Links: every form in which a body of the old wiki points somewhere goes where the contract says, or becomes text."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import ClassVar

import pyromark
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.addresses import Address, alias_address, folders, name_key
from etl.model import Target
from etl.settings import Settings
from etl.slugs import make_slug
from etl.transform.body import Cleaned, clean_body
from etl.transform.body.hrefs import encoded, is_prose
from etl.transform.body.links import Destination, Linker
from etl.transform.body.parse import parse

SETTINGS = Settings(
    hosts=("www.garden-wiki.example", "garden-wiki.example.", "Mirror.example"),
    image_hosts=("files.garden-wiki.example",),
    drop_lines=(
        r"(?i)^(?:<[^<>]*>|[^\w<])*PDF is attached at the bottom of this page(?:<[^<>]*>|[^\w<])*$",
        r"(?i)^(?:<[^<>]*>|[^\w<])*short url[\s*=:]*https?://\S+[\s*]*$",
    ),
)


class Garden:
    """A small wiki: five pages by id, title and slug (two pairs of names are shared), old addresses, and two tags."""

    PAGES: ClassVar[dict[str, Target]] = {
        "931": Target("tiki-931", "/pages/deep-wells/"),
        "12": Target("tiki-12", "/pages/clear-water/"),
        "13": Target("tiki-13", "/pages/clear-water-13/"),
        "14": Target("tiki-14", "/pages/5-percent-of-wells/"),
        "15": Target("tiki-15", "/pages/2020/"),
    }
    NAMES: ClassVar[dict[str, list[str]]] = {
        "Deep wells in clay": ["931"],
        "Deep wells in clay – June 2019": ["931"],
        "Clear water": ["12", "13"],
        "5% of wells: why?": ["14"],
        "Hand pumps": ["12", "13"],
        "2020": ["15"],
        "W": ["14"],
        "W++": ["12"],
    }
    MAP: ClassVar[dict[Address, str]] = {
        Address("name", "Hand pumps"): "13",
        Address("name", "Pumps of old"): "931",
        Address("path", "/posts/pumps-of-old"): "931",
        Address("path", "/tags/pumps"): "931",
        Address("id", "77"): "931",
        Address("name", "Mulch"): "931",
        Address("name", "Beds & borders"): "931",
        Address("name", "W"): "14",
        Address("name", "W++"): "12",
        Address("path", "/articles/well.html"): "931",
        Address("path", "/posts/well.html"): "931",
        Address("path", "/Clear water"): "14",
        Address("path", "/13"): "14",
        Address("name", "12"): "14",
    }
    SLUGS: ClassVar[dict[str, str]] = {
        "deep-wells": "931",
        "deep-wells-old": "931",
        "clear-water": "12",
        "clear-water-13": "13",
        "5-percent-of-wells": "14",
        "2020": "15",
    }
    TAGS: ClassVar[dict[str, str]] = {
        "soil": "/tags/soil/",
        "clear-water": "/tags/clear-water/",
        "mulch": "/tags/mulch/",
    }

    def by_address(self, address: Address) -> Target | None:
        page_id = self.MAP.get(address)
        return self.PAGES[page_id] if page_id else None

    def by_id(self, page_id: str) -> Target | None:
        return self.PAGES.get(page_id)

    def by_name(self, key: str) -> Sequence[Target]:
        of_map = {address.value: [page_id] for address, page_id in self.MAP.items() if address.kind == "name"}
        names = [*self.NAMES.items(), *of_map.items()]
        return [self.PAGES[page_id] for name, ids in names if name_key(name) == key for page_id in ids]

    def nameless(self, key: str) -> Sequence[Target]:
        of_map = {page_id for address, page_id in self.MAP.items() if name_key(address.value) == key}
        return [page for page in self.by_name(key) if page not in {self.PAGES[page_id] for page_id in of_map}]

    def by_slug(self, slug: str) -> Target | None:
        page_id = self.SLUGS.get(slug)
        return self.PAGES[page_id] if page_id else None

    def tag(self, slug: str) -> str | None:
        return self.TAGS.get(slug)


LINKER = Linker(SETTINGS, Garden())
WELLS, WATER, PERCENT = ("/pages/deep-wells/", "/pages/clear-water/", "/pages/5-percent-of-wells/")
HOSTS = (
    "https://www.Garden-Wiki.example",
    "http://garden-wiki.example",
    "HTTP://GARDEN-WIKI.EXAMPLE.",
    "https://www.garden-wiki.example.:443",
    "//mirror.example",
    "https://www.mirror.example",
)


def ok(path: str) -> Destination:
    document = next((page.document for page in Garden.PAGES.values() if page.path == path), None)
    return Destination(path, "page", "ok", document)


def dangling(path: str | None) -> Destination:
    return Destination(path, "page" if path else "legacy", "dangling", None, "link.dangling")


TAG = Destination("/tags/soil/", "tag", "ok")
UNMAPPED = Destination(None, "legacy", "unmapped", None, "link.unmapped")
REMOVED = Destination(None, "external", "unmapped", None, "link.removed")
AMBIGUOUS = Destination(WATER, "page", "ok", "tiki-12", "link.ambiguous", ("/pages/clear-water-13/",))


def clean(body: str) -> Cleaned:
    return clean_body(body, SETTINGS, LINKER)


def rendered(body: str) -> str:
    return pyromark.html(body, options=pyromark.Options.ENABLE_TABLES)


# --- pages of this export (corpus.md 3.2) --------------------------------------------------


@pytest.mark.parametrize(
    "href",
    [
        "/931",
        "/931/",
        "/931.html",
        "/931#top",
        "/tiki-index.php?page_id=931",
        "/tiki-index.php?sort=a&page_id=931&x=y",
        "tiki-index.php?page_id=931",
        "./tiki-index.php?page_id==931",
        "tiki-index.php?page_id=00931",
        "/tiki-index.php/page_id/931",
        "/tiki-index.php?page=Clear+water&page_id=931",
    ],
)
def test_a_page_id_in_any_form_goes_to_its_page(href: str) -> None:
    assert LINKER.resolve(href) == ok(WELLS)


@pytest.mark.parametrize(
    "href",
    [
        "/Deep+wells+in+clay",
        "/Deep%20wells%20in%20clay",
        "/deep+WELLS+in+Clay",
        "/Deep+wells+in+clay+%E2%80%93+June+2019",
        "/Deep%2520wells%2520in%2520clay",
        "/tiki-index.php?page=Deep+wells+in+clay",
        "tiki-index.php?page=Deep%20wells%20in%20clay",
        "/tiki-index.php/lib/x/tiki-index.php?page=Home?page=Deep+wells+in+clay",
        "/Deep wells in clay",
        "/Deep_wells_in_clay?utm_source=x#far",
    ],
)
def test_a_page_name_in_any_spelling_goes_to_its_page(href: str) -> None:
    assert LINKER.resolve(href) == ok(WELLS)


@pytest.mark.parametrize("href", ["/5%25+of+wells%3A+why%3F", "/5%+of+wells:+why%3F", "/5+of+wells+why"])
def test_a_name_with_punctuation_or_without_goes_to_its_page(href: str) -> None:
    assert LINKER.resolve(href) == ok(PERCENT)


@pytest.mark.parametrize(
    "href",
    [
        "/posts/deep-wells",
        "/posts/deep-wells/",
        "/posts/deep-wells.html",
        "/pages/deep-wells/",
        "/posts/deep-wells-old",
        "/posts/deep-wells#a",
    ],
)
def test_a_slug_that_a_page_has_or_had_goes_to_its_page(href: str) -> None:
    assert LINKER.resolve(href) == ok(WELLS)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/931", "/Deep+wells+in+clay", "/posts/deep-wells", "/tiki-index.php?page_id=931"])
def test_every_spelling_of_a_host_is_the_old_site(host: str, path: str) -> None:
    assert LINKER.resolve(host + path) == ok(WELLS)


@pytest.mark.parametrize(
    ("href", "label"),
    [
        ("/tags/deep-wells-in-clay.html", "Deep wells in clay"),
        ("/tags/deep-wells.html", "much more"),
        ("/tags/span-stylecolor30fdeep-wellsspan.html", "Deep wells in clay"),
        ("/categories/deep-wells", ""),
        ("/posts/is-span-stylecolor69050-ngspan", "Deep WELLS in clay"),
        ("/posts/", "Deep wells in clay"),
    ],
)
def test_a_downgraded_or_damaged_link_is_found_by_its_text(href: str, label: str) -> None:
    assert LINKER.resolve(href, label) == ok(WELLS)


@pytest.mark.parametrize(
    "href",
    ["/tags/soil.html", "/tags/soil/", "/categories/soil", "/posts/soil", "/Soil", "https://garden-wiki.example/Soil"],
)
def test_what_is_no_page_but_a_tag_goes_to_the_tag(href: str) -> None:
    assert LINKER.resolve(href, "earth") == TAG


@pytest.mark.parametrize("source", ["((Pumps of old))", "((Pumps of old|a well))"])
def test_a_link_of_the_old_wiki_to_an_alias_goes_to_the_page_that_has_it(source: str) -> None:
    (link,) = clean(f"See {source} now.").links
    assert (link["href"], link["target"]) == (WELLS, "tiki-931")


def test_an_alias_wins_over_a_tag() -> None:
    assert LINKER.resolve("/Mulch") == ok(WELLS)


def test_a_page_wins_over_a_tag_of_the_same_slug() -> None:
    assert LINKER.resolve("/tags/clear-water.html", "more") == ok(WATER)


def test_a_name_of_two_pages_goes_to_the_first_and_says_so() -> None:
    assert LINKER.resolve("/clear+water") == AMBIGUOUS


@pytest.mark.parametrize(
    "source",
    [
        "[a pump](/hand+pumps)",
        '<a href="/hand+pumps">a pump</a>',
        "<https://garden-wiki.example/hand+pumps>",
        "https://garden-wiki.example/hand+pumps",
        "((hand pumps|a pump))",
        "((hand pumps))",
    ],
)
def test_a_link_in_any_form_that_fits_two_pages_says_so(source: str) -> None:
    cleaned = clean(f"See {source} now.")
    (link,) = cleaned.links
    (finding,) = cleaned.findings
    told = f"goes to {WATER}, not to /pages/clear-water-13/"
    assert (link["href"], finding.code, finding.action) == (WATER, "link.ambiguous", told)


@pytest.mark.parametrize(
    "href", ["/Clear+water", "//mirror.example/Clear%20water?utm_source=x", "/13", "/12", "/12/#a"]
)
def test_a_link_asks_for_a_path_then_for_a_name_then_for_an_id_as_servers_do(href: str) -> None:
    assert LINKER.resolve(href, "here").href == PERCENT
    assert LINKER.resolve("/tiki-index.php?page_id=12", "here") == ok(WATER)


@pytest.mark.parametrize(
    "href", ["/", "https://garden-wiki.example", "//mirror.example/#top", "/tiki-index.php", "/index.html"]
)
def test_the_old_home_page_is_the_page_that_the_settings_name(href: str) -> None:
    at_home = Linker(SETTINGS.model_copy(update={"home": "Deep wells in clay"}), Garden())
    assert at_home.resolve(href, "home") == ok(WELLS)
    assert LINKER.resolve(href, "home") == at_home.resolve("/?q=wells", "home") == UNMAPPED
    assert at_home.resolve("/tiki-index.php?page_ref_id=5", "a place in a structure") == UNMAPPED


def test_the_old_home_page_is_the_first_of_two_with_its_name() -> None:
    at_home = Linker(SETTINGS.model_copy(update={"home": "hand pumps"}), Garden())
    assert at_home.resolve("/", "home") == AMBIGUOUS


@pytest.mark.parametrize("href", ["tiki-index.php?page_id=931", "./tiki-index.php?page=Pumps+of+old", "/wiki/77"])
def test_a_relative_link_is_one_inside_the_folder_of_the_old_wiki(href: str) -> None:
    in_folder = Linker(SETTINGS.model_copy(update={"legacy_base": "/wiki"}), Garden())
    assert in_folder.resolve(href, "here") == ok(WELLS)


@pytest.mark.parametrize(
    "href",
    [
        *("../deep-wells", "../../deep-wells/#lid", "./deep-wells.html", "deep-wells.html", "../deep-wells/index.html"),
        *("../posts/deep-wells.html", "../../posts/deep-wells/index.html", "../Deep+wells+in+clay", "../931"),
    ],
)
def test_a_relative_link_that_is_no_prose_goes_to_its_page(href: str) -> None:
    assert LINKER.resolve(href, "here") == ok(WELLS)
    assert clean(f"See [here]({href}) now.").body == f"See [here]({WELLS}) now."


def test_a_relative_link_to_a_list_of_pages_goes_to_the_tag() -> None:
    assert LINKER.resolve("../../tags/soil/", "here") == TAG


class Spelled(Garden):
    """The garden with pages that are named like files, and a tag that the old site spelled in its own way."""

    NAMES: ClassVar[dict[str, list[str]]] = {"Bed plan.json": ["931"], "Beds.html": ["931"], "Beds": ["12"]}
    MAP: ClassVar[dict[Address, str]] = {
        Address("name", "Pump.js"): "931",
        Address("path", "/posts/plan.pdf"): "931",
        Address("path", "/tags/earth"): "931",
        Address("id", "77"): "931",
    }
    TAGS: ClassVar[dict[str, str]] = {"earth": "/tags/soil/", "Clear_Water": "/tags/clear-water/"}


@pytest.mark.parametrize(
    "href",
    [
        *("/Pump.js", "https://mirror.example/Pump.js?x=1#lid", "../Pump.js", "/posts/plan.pdf", "/Bed_plan.json"),
        *("/Beds.html", "../Beds.html#lid"),
    ],
)
def test_a_page_that_is_named_like_a_file_is_found(href: str) -> None:
    assert Linker(SETTINGS, Spelled()).resolve(href, "here") == ok(WELLS)


@pytest.mark.parametrize(
    "href",
    [
        "/Mulch.md",
        "/Deep-wells-in-clay.md#lids",
        "https://mirror.example/Pumps_of_old.markdown",
        "/posts/deep-wells.md",
        "/posts/deep-wells/index.md",
        "/pages/deep-wells.md",
        "/77.md",
    ],
)
def test_an_address_of_the_source_of_a_page_goes_to_the_page(href: str) -> None:
    assert LINKER.resolve(href, "here") == ok(WELLS)


def test_a_page_that_is_not_in_the_export_has_the_slug_that_its_source_says() -> None:
    assert LINKER.resolve("/Lost-beds.md").href == "/pages/lost-beds/"
    assert LINKER.resolve("/Lost-beds" + ".md" * 2000).href is not None


def test_an_address_that_ends_as_pages_do_is_no_file() -> None:
    assert LINKER.resolve("/posts/roof.jpg").kind == LINKER.resolve("/roof.jpg").kind == "file"
    assert LINKER.resolve("/posts/roof.jpg.html") == LINKER.resolve("/posts/roof.jpg/") == dangling("/pages/roof-jpg/")


def test_a_tag_in_another_spelling_comes_after_the_map_and_after_pages() -> None:
    linker = Linker(SETTINGS, Spelled())
    assert linker.resolve("/tags/earth/", "here") == ok(WELLS)
    assert linker.resolve("/posts/Clear_Water", "here") == ok(WATER)
    assert linker.resolve("/categories/earth", "here") == TAG


def test_a_folder_of_the_old_wiki_that_is_a_prefix_too_is_asked_for_as_by_servers() -> None:
    linker = Linker(SETTINGS.model_copy(update={"legacy_base": "/posts"}), Spelled())
    assert linker.resolve("/posts/77", "here") == ok(WELLS)


@pytest.mark.parametrize("href", ["/beds/2010/lost", "/beds/2010/lost/", "../beds/2010/lost.html"])
@pytest.mark.parametrize("prefix", ["beds", "posts"])
def test_a_page_that_is_not_in_the_export_has_the_slug_that_its_old_address_says(href: str, prefix: str) -> None:
    site = Settings(legacy_template="/beds/2010/{slug}/", path_prefixes=(prefix,))
    assert Linker(site, Garden()).resolve(href, "here") == dangling("/pages/lost/")


@pytest.mark.parametrize("href", ["../", "..", "../../", "../files/plan.pdf", "plan.pdf", "deep-wells", "ng/ml"])
def test_a_relative_link_that_says_no_page_becomes_text(href: str) -> None:
    assert LINKER.resolve(href, "here") == UNMAPPED


@pytest.mark.parametrize(
    "href",
    [
        "/Pumps+of+old",
        "tiki-index.php?page=Pumps%20of%20old",
        "/posts/pumps-of-old",
        "https://garden-wiki.example/posts/pumps-of-old/#top",
        "/tags/pumps.html",
        "/77",
        "/tiki-index.php?page_id=77",
        "/articles/well.html#rope",
        "/posts/well.html",
        "//mirror.example/articles/well.html",
    ],
)
def test_an_old_address_of_a_page_goes_where_the_redirect_map_leads_it(href: str) -> None:
    assert LINKER.resolve(href, "here") == ok(WELLS)


def test_of_pages_with_one_title_the_one_that_owns_the_name_is_meant() -> None:
    owner = ok("/pages/clear-water-13/")._replace(finding="link.ambiguous", others=(WATER,))
    assert LINKER.resolve("/Hand+pumps", "here") == owner
    assert LINKER.resolve("/hand+pumps", "here") == AMBIGUOUS
    assert LINKER.page("Hand pumps") is None


def test_of_names_that_differ_in_their_signs_the_exact_one_is_meant() -> None:
    assert LINKER.resolve("/W%2B%2B") == ok(WATER)
    assert LINKER.resolve("/W").target == "tiki-14"
    assert LINKER.resolve("/W").finding is None
    assert LINKER.resolve("/w!").finding == "link.ambiguous"


def test_a_slug_of_one_page_is_not_made_ambiguous_by_its_text() -> None:
    assert LINKER.resolve("/posts/clear-water-13", "Clear water") == ok("/pages/clear-water-13/")


# --- what is not in the export -------------------------------------------------------------


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("/posts/lost-beds", "/pages/lost-beds/"),
        ("/pages/lost-beds/", "/pages/lost-beds/"),
        ("/posts/lost--beds.html", "/pages/lost-beds/"),
        ("/posts/lost-beds/index.html", "/pages/lost-beds/"),
        ("../lost-beds.html", "/pages/lost-beds/"),
        ("/Lost+beds", "/pages/lost-beds/"),
        ("/Lost+beds+%E2%80%93+June+2019", "/pages/lost-beds/"),
        ("tiki-index.php?page=Lost%20beds", "/pages/lost-beds/"),
        ("https://www.garden-wiki.example/93%25+of+beds", "/pages/93-percent-of-beds/"),
    ],
)
def test_a_page_that_is_not_in_the_export_keeps_the_path_that_it_would_have(href: str, path: str) -> None:
    assert LINKER.resolve(href) == dangling(path)


@pytest.mark.parametrize("href", ["/404", "tiki-index.php?page_id=404", "https://garden-wiki.example/404.html"])
def test_an_unknown_id_becomes_text(href: str) -> None:
    assert LINKER.resolve(href, "some page") == dangling(None)


@pytest.mark.parametrize(
    "href",
    [
        "/",
        "https://www.garden-wiki.example",
        "/tiki-index.php",
        "/tiki-browse_categories.php?parentId=19&sort_mode=created_desc",
        "tiki-download_file.php?fileId=995",
        "/tiki-download_wiki_attachment.php?attId=559",
        "/tiki-print.php?page=Deep+wells+in+clay",
        "/tiki-print_blog_post.php?postId=1",
        "/tiki-view_blog_post.php?postId=1",
        "/blogpost64-Title",
        "/dl1697",
        "/display12",
        "/img12",
        "/gallery3",
        "/faq1",
        "/poll1",
        "/show_image.php?id=3",
        "/Search+Results?cx=1&q=peas",
        "/tags/click-here.html",
        "/categories/nowhere",
        "/posts/",
        "https://www.garden-wiki.example/dl1697",
    ],
)
def test_what_is_not_migrated_becomes_text(href: str) -> None:
    assert LINKER.resolve(href, "CLICK HERE") == UNMAPPED


def test_a_page_that_is_named_like_a_feature_is_found() -> None:
    class Wiki(Garden):
        NAMES: ClassVar[dict[str, list[str]]] = {"cat5": ["931"]}

    linker = Linker(SETTINGS, Wiki())
    assert (linker.resolve("/cat5").href, linker.resolve("/cat6").href) == (WELLS, None)


@pytest.mark.parametrize("base", ["/", "/wiki/"])
def test_what_the_new_site_answers_is_no_page_that_is_named_like_a_feature(base: str) -> None:
    class Wiki(Garden):
        NAMES: ClassVar[dict[str, list[str]]] = {"Cat5": ["1"], "Cat6": ["1"]}
        SLUGS: ClassVar[dict[str, str]] = {"cat5": "2"}
        PAGES: ClassVar[dict[str, Target]] = {"1": Target("tiki-1", "/roof-cats/"), "2": Target("tiki-2", "/cat5/")}

    linker = Linker(SETTINGS.model_copy(update={"legacy_base": base, "path_template": "/{slug}/"}), Wiki())
    assert linker.resolve("/cat5") == linker.resolve("/cat5/") == ok("/cat5/")._replace(target="tiki-2")
    assert linker.resolve(f"{base}cat6").href == linker.resolve(f"{base}CAT6").href == "/roof-cats/"


@pytest.mark.parametrize("href", ["/shop/", "/mulch", "/files/plan.pdf", "https://mirror.example/shop/?item=7#top"])
def test_what_is_on_the_old_host_but_not_in_the_folder_of_the_wiki_stays(href: str) -> None:
    in_folder = Linker(SETTINGS.model_copy(update={"legacy_base": "/wiki"}), Garden())
    assert in_folder.resolve(href, "here") == Destination(href, "file", "ok")
    assert in_folder.resolve("/wiki/mulch", "here") == ok(WELLS)
    assert in_folder.resolve("/wiki/dl7", "here") == UNMAPPED


def test_an_image_on_the_old_host_but_not_in_the_folder_of_the_wiki_is_a_file_of_the_site() -> None:
    in_folder = Linker(SETTINGS.model_copy(update={"legacy_base": "/wiki"}), Garden())
    assert [in_folder.state_of_image(src) for src in ("/logo.png", "/wiki/logo.png", "/wiki/dl7")] == [
        *("ok", "ok", "missing")
    ]


@pytest.mark.parametrize("hosts", [("вики.example",), ("xn--b1amah.example",)])
@pytest.mark.parametrize("host", ["ВИКИ.example", "www.xn--b1amah.example"])
def test_a_host_is_the_same_in_its_own_letters_and_in_punycode(host: str, hosts: tuple[str, ...]) -> None:
    linker = Linker(SETTINGS.model_copy(update={"hosts": hosts}), Garden())
    assert linker.resolve(f"https://{host}/931", "here") == ok(WELLS)


def test_hosts_of_files_are_compared_as_hosts_of_the_wiki_are() -> None:
    linker = Linker(SETTINGS.model_copy(update={"image_hosts": ("www.files.example.",)}), Garden())
    assert {linker.resolve(f"http://{host}/a.pdf").kind for host in ("files.example", "WWW.files.example")} == {"file"}


@pytest.mark.parametrize(
    ("src", "state"),
    [
        *(("/img/eye.png", "ok"), ("/posts/deep-wells/lid", "ok"), ("https://mirror.example/eye.png", "ok")),
        *(("https://beds.example/eye.png", "external"), ("//beds.example/eye.png", "external")),
        *(("eye.png", "missing"), ("../img/eye.png", "missing"), ("/dl12", "missing")),
    ],
)
def test_the_file_of_an_image_is_of_the_old_site_or_of_another_one_or_missing(src: str, state: str) -> None:
    cleaned = clean(f"![an eye]({src})")
    assert [(image["src"], image["state"]) for image in cleaned.images] == [(src, state)]
    assert [finding.code for finding in cleaned.findings] == ["image.missing"] * (state == "missing")
    assert clean(cleaned.body).body == cleaned.body == f"![an eye]({src})"


# --- relative links of pages in folders ----------------------------------------------------


class Tree(Garden):
    """Pages by the address that each had on the old site, and no other names."""

    NAMES: ClassVar[dict[str, list[str]]] = {}
    SLUGS: ClassVar[dict[str, str]] = {}

    def __init__(self, *addresses: str) -> None:
        self.PAGES = {address: Target(address, f"/pages/{number}/") for number, address in enumerate(addresses)}  # type: ignore[misc]  # of this tree
        self.MAP = {alias_address(address, ()) or Address("name", ""): address for address in addresses}  # type: ignore[misc]  # likewise


def in_tree(page: str, *others: str) -> Linker:
    return Linker(Settings(path_prefixes=()), Tree(page, *others)).below(folders(page, ()))


SEGMENTS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)


@given(st.lists(SEGMENTS, min_size=2, max_size=8, unique=True), st.data())
def test_a_relative_link_goes_where_a_browser_went(paths: list[str], data: st.DataObject) -> None:
    addresses = [f"/{path}{data.draw(st.sampled_from(['', '/']))}" for path in paths]
    page, goal = data.draw(st.sampled_from(addresses)), data.draw(st.sampled_from(addresses))
    folder = posixpath.dirname(page)
    href = posixpath.relpath(goal, folder) + "/" * goal.endswith("/")
    found = in_tree(page, *addresses).resolve(href, "here")
    assert found.target == goal


@pytest.mark.parametrize(
    ("page", "href", "goal"),
    [
        *(("/beds/wells", "pumps", "/beds/pumps"), ("/beds/wells", "./pumps#lid", "/beds/pumps")),
        *(("/beds/wells/", "lid", "/beds/wells/lid"), ("/beds/wells/", "../pumps", "/beds/pumps")),
        *(("/beds/wells", "../pumps", "/beds/pumps"), ("/beds/wells/", "pumps", "/beds/pumps")),  # served as the other
        *(("/beds/", "pumps", "/beds/pumps"), ("/beds/wells/", "..", "/beds/"), ("/a/b", "../../../c/d", "/c/d")),
        *(("/beds/wells.html", "pumps.html", "/beds/pumps"), ("/beds/wells.md", "pumps.md?a=b", "/beds/pumps.html")),
        *(("/beds/wells.html", "pumps", "/beds/pumps.html"), ("/beds/index.html", "pumps.mdwn", "/beds/pumps")),
        *(("/a/b", "c/index.html", "/a/c"), ("/a/b", "c/README.md", "/a/c/")),
        ("/Deep+beds/wells", "50%25+of%20pumps", "/Deep+beds/50%+of+pumps"),
        *(("/a/b", href, "") for href in ("c:d", "mailto:c", "//a/c", "#c", "?c", "", "c%", "\x01//[c")),
        *(
            (page, href, "/c/d")
            for page in ("/a", "/index.html", "/a/b?")
            for href in ("c/d", "./c/d.md", "c/d/README.md")
        ),
    ],
)
def test_a_relative_address_is_looked_up_in_the_folders_of_its_page(page: str, href: str, goal: str) -> None:
    found = in_tree(page, *filter(None, (goal, "/c/d")), *("/a/c:d", "/a/mailto:c") * (not goal)).resolve(href, "here")
    assert (found.target or "", found.finding == "link.ambiguous") == (goal, False)


@pytest.mark.parametrize(
    ("href", "goal", "finding"),
    [
        *(("../pumps", "/beds/pumps", "link.ambiguous"), ("../../pumps", "/pumps", None)),
        *(("../mulch", "/beds/mulch", None), ("../soil", "/soil", None), ("../beds", "/beds/beds", "link.ambiguous")),
        (".", "/beds/wells/", "link.ambiguous"),
    ],
)
def test_what_the_folder_of_a_page_answers_comes_before_the_root(href: str, goal: str, finding: str | None) -> None:
    """And before the folder in which the page lies by its address without the slash, which has beds, too."""
    linker = in_tree("/beds/wells/", "/beds/pumps", "/pumps", "/beds/mulch", "/soil", "/beds/beds", "/beds")
    found = linker.resolve(href, "here")
    assert (found.target, found.finding) == (goal, finding)


@pytest.mark.parametrize("href", ["../..", "../../", "../../index.md", "../../README.md#top", "../../index.html"])
def test_the_root_is_the_home_page_that_the_settings_name(href: str) -> None:
    at_home = Linker(SETTINGS.model_copy(update={"home": "Deep wells in clay"}), Garden())
    assert at_home.below(["/beds/wells/"]).resolve(href, "home") == ok(WELLS)
    assert at_home.resolve(href.replace("../../", "") or ".", "home") == ok(WELLS)
    assert LINKER.resolve("../..", "home") == Destination(None, "legacy", "unmapped", None, "link.unmapped")


def test_brackets_in_prose_are_a_link_where_a_page_has_their_name() -> None:
    assert [LINKER.is_prose(words, words) for words in ("Mulch", "12", "77", "ng/mL")] == [False, True, True, True]


def test_without_an_answer_in_its_folders_a_page_has_the_links_of_any_page() -> None:
    linker = LINKER.below(["/beds/", "/beds/wells/"])
    for href in (
        "../Deep+wells+in+clay",
        "mulch",
        "kg/m",
        "tiki-index.php?page_id=12",
        "plan.pdf",
        "../lost/",
        "wells",
    ):
        assert linker.resolve(href, "here") == LINKER.resolve(href, "here")
    assert LINKER.below([]) is LINKER


@pytest.mark.parametrize("source", ["[pumps](pumps)", '<a href="pumps">pumps</a>'])
def test_a_link_whose_words_are_its_address_is_prose_only_where_no_page_is_of_that_name(source: str) -> None:
    for page, body in (("/beds/wells", "See [pumps](/pages/1/) here"), ("/wells", "See \\[pumps\\] here")):
        linker = in_tree(page, "/beds/pumps")
        cleaned = clean_body(f"See {source} here", linker.settings, linker)
        assert clean_body(cleaned.body, linker.settings, linker).body == cleaned.body == body


# --- links that the source marked as broken ------------------------------------------------


@pytest.mark.parametrize(
    ("href", "hint"),
    [
        ("/posts/here", "This link has an unknown page_id: 931"),
        ("/posts/", "This link has an unknown page_id: 931"),
        ("/posts/clear-water", "This link has an unknown page_id: 00931"),
        ("/posts/deep", "This post/category does not exist yet: Deep wells in clay"),
        ("/posts/deep-wells", "This post/category does not exist yet: Something else"),
        ("/tags/deep.html", "This post/category does not exist yet: Deep wells in clay – June 2019"),
    ],
)
def test_a_link_marked_as_broken_goes_to_the_page_that_is_found_after_all(href: str, hint: str) -> None:
    assert LINKER.resolve(href, "here", hint, broken=True) == ok(WELLS)


@pytest.mark.parametrize("href", ["/posts/lost-beds", "/posts/", "/404", "/Lost+beds", "/tags/lost.html"])
@pytest.mark.parametrize(
    "hint", ["This link has an unknown page_id: 404", "This post/category does not exist yet: Lost"]
)
def test_a_link_marked_as_broken_is_text_when_no_page_is_found(href: str, hint: str) -> None:
    assert LINKER.resolve(href, "beds", hint, broken=True) == dangling(None)


# --- elsewhere -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("href", "kind", "state"),
    [
        ("https://beds.example/931", "external", "external"),
        ("http://notgarden-wiki.example/931", "external", "external"),
        ("https://garden-wiki.example@beds.example/931", "external", "external"),
        ("https://garden-wiki.example.beds.example/", "external", "external"),
        ("//beds.example/x", "external", "external"),
        ("ftp://beds.example/x", "external", "external"),
        ("HTTPS://beds.example/", "external", "external"),
        ("tel:+1-555-0100", "external", "external"),
        ("mailto:gardener@beds.example", "mail", "external"),
        ("https://files.garden-wiki.example/attachments/pdf/a.pdf", "file", "ok"),
        ("/attachments/pdf/a.pdf", "file", "ok"),
        ("/img/icons/eye.png", "file", "ok"),
        ("/posts/deep-wells/lid.jpg", "file", "ok"),
        ("/files/plan.odt", "file", "ok"),
        ("https://www.garden-wiki.example/files/plan.pdf", "file", "ok"),
        ("//mirror.example/posts/deep-wells/lid.jpg", "file", "ok"),
    ],
)
def test_an_address_that_is_not_of_the_old_wiki_stays(href: str, kind: str, state: str) -> None:
    assert LINKER.resolve(href) == Destination(href, kind, state)  # type: ignore[arg-type]  # a wrong one fails


@pytest.mark.parametrize("rest", ["a.pdf", "a.pdf?x=1", "a%20(b).pdf"])
def test_an_address_is_rewritten_as_the_settings_say(rest: str) -> None:
    rewrites = {"http://cdn.old.example/": "https://files.garden-wiki.example/"}
    linker = Linker(SETTINGS.model_copy(update={"address_rewrites": rewrites}), Garden())
    found = linker.resolve(f"http://cdn.old.example/{rest}")
    assert (found.href, found.kind) == (f"https://files.garden-wiki.example/{encoded(rest)}", "file")


def test_a_doi_that_the_settings_make_ends_before_the_mark_behind_it() -> None:
    chosen = SETTINGS.model_copy(update={"address_rewrites": {"http://old.example/doi/": "https://doi.org/"}})
    cleaned = clean_body("See [a](http://old.example/doi/10.5555/x.) here", chosen, Linker(chosen, Garden()))
    assert cleaned.body == "See [a](https://doi.org/10.5555/x) here"


def test_an_anchor_of_the_page_itself_becomes_text() -> None:
    found = LINKER.resolve("#top")
    assert (found.href, found.kind) == (None, "anchor")


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " \tjavascript:alert(1)",
        "java\nscript:alert(1)",
        "java\tscript:alert(1)",
        "\x01javascript:alert(1)",
        "java\x00script:alert(1)",
        "\u200bjavascript:alert(1)",
        "javascript%3Aalert(1)",
        "vbscript:run()",
        "data:text/html,<b>x</b>",
        "file:///etc/hosts",
        "blob:https://beds.example/1",
        "view-source:https://beds.example",
    ],
)
def test_an_address_that_must_not_be_followed_is_removed(href: str) -> None:
    assert LINKER.resolve(href, "run") == REMOVED


RUNNING = [
    "javascript:alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A;avascript&colon;alert(1)",
    "java&#10;script:alert(1)",
    "java&Tab;script:alert(1)",
    "&#1;javascript:alert(1)",
    "java&#0;script:alert(1)",
    "vbscript&#58;run()",
    "data:text/html;base64,PGI+",
]


def assert_only_text(body: str) -> None:
    cleaned = clean(body)
    assert (cleaned.body, [link["state"] for link in cleaned.links]) == ("run", ["unmapped"])
    assert {finding.code for finding in cleaned.findings} & {"link.removed", "link.unmapped"}


@pytest.mark.parametrize("href", RUNNING)
@pytest.mark.parametrize("form", ['<a href="{}">run</a>', "<a href='{}'>run</a>", '<a href="{}" href="/931">run</a>'])
def test_a_link_of_html_that_runs_becomes_its_text(href: str, form: str) -> None:
    assert_only_text(form.format(href))


@pytest.mark.parametrize("href", RUNNING)
def test_a_link_that_runs_becomes_its_text(href: str) -> None:
    assert_only_text(f"[run]({href})")


@pytest.mark.parametrize("href", ["javascript:alert(1)", "&#106;avascript:alert(1)", "java&#10;script:alert(1)"])
def test_a_link_in_angle_brackets_that_runs_becomes_its_text(href: str) -> None:
    assert_only_text(f"[run](<{href}>)")


@pytest.mark.parametrize("href", [href for href in RUNNING if not href.startswith("&#1;")])
@pytest.mark.parametrize("form", ["[run]({})", "[run](<{}>)", "![run]({})", "<{}>", "[run][a]\n\n[a]: {}"])
def test_nothing_that_runs_is_left_in_any_spelling(href: str, form: str) -> None:
    page = rendered(clean(form.format(href)).body)
    assert not re.search(r"(?:href|src)=\S*(?:javascript|vbscript|data):", page, re.IGNORECASE)


@pytest.mark.parametrize("form", ['<img src="{}" alt="run">', "![run]({})"])
@pytest.mark.parametrize("href", ["javascript:alert(1)", "java&#10;script:alert(1)", "data:text/html,x", "vbscript:x"])
def test_an_image_that_runs_is_no_image(form: str, href: str) -> None:
    cleaned = clean(form.format(href))
    assert cleaned.images == []
    assert "<img" not in rendered(cleaned.body)


# --- in a body -----------------------------------------------------------------------------

FORMS = {
    "[text](/931)": ("[text](/pages/deep-wells/)", "page", "ok", "tiki-931"),
    '<a href="/posts/deep-wells">text</a>': ("[text](/pages/deep-wells/)", "page", "ok", "tiki-931"),
    "[text](/tags/soil.html)": ("[text](/tags/soil/)", "tag", "ok", None),
    "[text](/posts/lost-beds)": ("[text](/pages/lost-beds/)", "page", "dangling", None),
    "[text](/404)": ("text", "legacy", "dangling", None),
    "[text](/dl1697)": ("text", "legacy", "unmapped", None),
    "[text](/doku.php?id=wells)": ("text", "legacy", "unmapped", None),
    "[text](/tags/click-here.html)": ("text", "legacy", "unmapped", None),
    "[text](#top)": ("text", "anchor", "unmapped", None),
    "[text](mailto:a@beds.example)": ("[text](mailto:a@beds.example)", "mail", "external", None),
    "[text](/attachments/pdf/a.pdf)": ("[text](/attachments/pdf/a.pdf)", "file", "ok", None),
    "[text](/attachments/d3.mock.pdf)": ("text", "file", "unmapped", None),
    "[text](https://beds.example/)": ("[text](https://beds.example/)", "external", "external", None),
    "<https://beds.example/>": ("<https://beds.example/>", "external", "external", None),
}


@pytest.mark.parametrize("source", FORMS)
def test_a_link_of_a_body_is_written_and_listed(source: str) -> None:
    body, kind, state, target = FORMS[source]
    cleaned = clean(f"See {source} now.")
    assert cleaned.body == f"See {body} now."
    assert [(link["kind"], link["state"], link["target"]) for link in cleaned.links] == [(kind, state, target)]


def test_the_listed_address_of_an_unlinked_link_is_the_one_of_the_source() -> None:
    cleaned = clean('[a](/dl1697) <a href="/404">b</a> [c](/931)')
    assert [link["href"] for link in cleaned.links] == ["/dl1697", "/404", "/pages/deep-wells/"]


def test_cleaning_a_clean_link_finds_the_same_page_again() -> None:
    once = clean("[a](/931) [b](/posts/lost-beds) [c](/tags/soil.html)")
    again = clean(once.body)
    assert (again.body, again.links) == (once.body, once.links)


TWO_ROUNDS = "\n\n- a bed\n+ a well"


@pytest.mark.parametrize(
    ("link", "href"),
    [
        ("[Deep wells in clay](/Lost+beds)", "/pages/lost-beds/"),
        ("[Deep wells in clay](/Soil)", "/tags/soil/"),
        ("<a href='/Lost+beds'>Deep wells in clay</a>", "/pages/lost-beds/"),
    ],
)
def test_the_words_of_a_link_do_not_change_in_another_round_where_it_goes(link: str, href: str) -> None:
    for rest in ("", TWO_ROUNDS):
        assert clean(link + rest).body.partition("\n")[0] == f"[Deep wells in clay]({href})"


@pytest.mark.parametrize("written", ["{}", "<{}>", "[{}]({})", "<a href='{}'>{}</a>", "{} <b>x</b>"])
def test_an_address_that_stays_text_is_told_once(written: str) -> None:
    address = "http://garden-wiki.example/404"
    cleaned = clean("Peas " + written.format(address, address) + TWO_ROUNDS)
    assert [link["href"] for link in cleaned.links] == [address]
    assert [finding.code for finding in cleaned.findings] == ["link.dangling"]


def test_a_file_that_has_moved_is_no_page_of_the_old_wiki() -> None:
    chosen = SETTINGS.model_copy(update={"address_rewrites": {"/attachments/": "/media/"}})
    linker = Linker(chosen, Garden())
    cleaned = clean_body("[plan](/attachments/plan) ![](/attachments/bed)" + TWO_ROUNDS, chosen, linker)
    assert cleaned.body.startswith("[plan](/media/plan) ![](/media/bed)")
    assert (cleaned.links[0]["kind"], cleaned.images[0]["state"]) == ("file", "ok")
    assert linker.resolve("/Media+of+beds") == dangling("/pages/media-of-beds/")


PREFIXES = [("posts", "pages", "tags", "categories"), ("posts",), ("beds", "soils"), ()]
PAGE_TEMPLATES = [
    *("/pages/{slug}/", "/beds/{slug}/", "/beds/{slug}.html", "/{slug}/", "/a/b/{slug}", "/{slug}"),
    *("/posts/{slug}", "/posts/old-{slug}/", "/tags/{slug}/", "/categories/{slug}.html", "/attachments/{slug}.pdf"),
]
TAG_TEMPLATES = ["/tags/{slug}/", "/soils/{slug}", "/{slug}.html", "/posts/about-{slug}"]


@pytest.mark.parametrize("legacy_base", ["/", "/wiki"])
@pytest.mark.parametrize("prefixes", PREFIXES)
@pytest.mark.parametrize("page_template", PAGE_TEMPLATES)
@pytest.mark.parametrize("tag_template", TAG_TEMPLATES)
def test_what_the_new_site_is_called_is_found_again_by_its_path(
    page_template: str, tag_template: str, prefixes: tuple[str, ...], legacy_base: str
) -> None:
    site = Settings(
        path_template=page_template, tag_template=tag_template, path_prefixes=prefixes, legacy_base=legacy_base
    )
    linker = Linker(site, Moved(site))
    names = [
        *("/Deep+wells+in+clay", "/931", "/posts/deep-wells", "/beds/deep-wells", "/Lost+beds", "/posts/lost-beds"),
        *("/tiki-index.php?page=2020", "/tiki-index.php?page=2021", "/Soil", "/tags/soil.html", "/77.html"),
    ]
    for label in ("", "here", "Deep wells in clay", "Hand pumps"):
        firsts = [linker.resolve(legacy_base.rstrip("/") + name, label) for name in names]
        found = [first[:4] for first in firsts if first.href is not None]  # that a name is ambiguous is told but once
        assert {kind for _, kind, *_ in found} == {"page", "tag"}
        assert [linker.resolve(href or "", label)[:4] for href, *_ in found] == found


OWN_SLUGS = {number: page.path.split("/")[2] for number, page in Garden.PAGES.items()}


class Moved(Garden):
    """The garden where the settings put its pages and tags."""

    def __init__(self, site: Settings) -> None:
        self.PAGES = {number: page._replace(path=site.path(OWN_SLUGS[number])) for number, page in Garden.PAGES.items()}  # type: ignore[misc]  # of this garden
        self.TAGS = {name: site.tag_path(name) for name in Garden.TAGS}  # type: ignore[misc]  # likewise


def test_a_path_of_the_new_site_that_looks_like_a_page_id_stays() -> None:
    class Wiki(Garden):
        PAGES: ClassVar[dict[str, Target]] = {"12": Target("tiki-12", "/clear-water"), "931": Target("tiki-931", "/12")}
        SLUGS: ClassVar[dict[str, str]] = {"12": "931"}

    found = Linker(Settings(path_template="/{slug}"), Wiki()).resolve("/12")
    assert (found.href, found.target) == ("/12", "tiki-931")


def test_a_prefix_of_ones_own_holds_pages_by_slug_before_what_a_link_says() -> None:
    linker = Linker(Settings(path_prefixes=("articles",)), Garden())
    assert linker.resolve("/articles/clear-water", "Deep wells in clay") == ok(WATER)
    assert linker.resolve("/articles/none.html", "Deep wells in clay") == ok(WELLS)
    assert linker.resolve("/articles/none.html", "a bed") == dangling("/pages/none/")


# --- spelling ------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(lambda text: f"https://beds.example/{text}x"))
def test_an_encoded_address_is_one_whole_link_to_the_same_place(href: str) -> None:
    address = encoded(href)
    assert encoded(address) == address
    (link,) = [node for node in parse(f"[a]({address}) b").nodes if node.kind == "Link"]
    assert link.end == len(f"[a]({address})")


@given(st.text(min_size=1, max_size=20), st.text(max_size=10), st.text(max_size=10), st.booleans())
def test_no_address_breaks_the_linker_or_runs(href: str, label: str, hint: str, broken: bool) -> None:
    found = LINKER.resolve(href, label, hint, broken=broken)
    scheme = re.match(r"[a-z][a-z0-9+.-]*:", re.sub(r"[\x00-\x20]", "", found.href or ""), re.IGNORECASE)
    assert scheme is None or scheme[0].lower() in ("http:", "https:", "ftp:", "mailto:", "tel:")


@given(st.text("abc -–", min_size=1, max_size=12))
def test_a_dangling_name_gets_the_path_of_its_slug(name: str) -> None:
    found = LINKER.resolve("https://garden-wiki.example/" + name.replace(" ", "+"))
    slug = make_slug(name)
    assert found == (dangling(f"/pages/{slug}/") if slug else UNMAPPED)


@pytest.mark.parametrize(
    ("label", "href", "prose"),
    [
        ("ng/mL", "ng/mL", True),
        ("1.74 X seed {g/bed}", "1.74%20X%20seed%20{g/bed}", True),
        ("beds.example/x", "http://beds.example/x", False),
        ("/931", "/931", False),
        ("wells", "wells2", False),
        ("", "", False),
    ],
)
def test_brackets_of_prose_are_told_from_links(label: str, href: str, prose: bool) -> None:
    assert is_prose(label, href) is prose


@pytest.mark.parametrize("label", ["Clear water", "no such page"])
@pytest.mark.parametrize(
    "href",
    """/posts/clear-water /pages/clear-water/ /posts/none /posts/a--b /posts/-a /pages/none/ /tags/x https://a.example/b
    https://a.example http://a.example/x?a=1&b=2 http://a.example/?utm_source=x http://10.5555/x http://a.example/x%20
    https://www.a.example/100%25""".split(),
)
def test_a_usual_address_goes_where_it_would_go_as_any_address(href: str, label: str) -> None:
    assert LINKER.resolve(href, label) == LINKER.resolve(href, label, hint="looked at as any other one")
