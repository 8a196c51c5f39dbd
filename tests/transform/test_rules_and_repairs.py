"""The catalogue of cleaning rules and the platform's repairs as cases: what a body becomes, written before the code.

A folder below ``tests/transform/rules`` is a rule (01 to 40, reserve rules from R01, further shapes of bodies from
S61), one below ``tests/transform/repairs`` is a repair that the later platform made while it showed a page.
`input.md` becomes `expected.md`; `untouched.md` only looks as if the rule were about it and stays. A folder may hold
several of them, told by what follows: `input-x.md` and `expected-x.md`. `expect-x.toml` beside them says more, where
it matters:

* ``text``: the visible text; ``complete``: whether no box was open at the end
* ``links``: kind, state and target of each one, in order, the target "" when there is none
* ``images``: address, state and, where it is given, width of each one, in order
* ``findings``: codes that must be there, each as often as it is named
* ``[settings]``: settings that differ from those of the other cases

`open_cases.toml` names the cases that do not come out yet, with what is missing. Their expected files say what is to
be built, so ``--accept`` never renews them; a case that comes out after all fails until its line leaves that file.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from etl.model import Target
from etl.settings import Settings
from etl.transform.body import Cleaned, clean_body
from etl.transform.body.links import Linker
from etl.transform.body.verify import unexplained
from tests.make import ROOT, difference
from tests.transform.test_links import SETTINGS, Garden

HERE = Path(__file__).parent
ACCOUNT = frozenset(("text.lost", "text.added"))
OPEN: dict[str, str] = tomllib.loads((HERE / "open_cases.toml").read_text("utf-8"))

# Numbers of the catalogue that are about records, addresses or the look of a page. What covers them: a test function
# ("file::function"), a folder of cases, or a reason why a migration has nothing to do.
FIELDS, ADDRESSES = "tests/transform/test_fields.py", "tests/test_addresses.py"
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "rules/01": (
        "tests/extract/test_record.py::test_a_json_page_has_its_fields_its_body_and_its_places",
        "tests/extract/test_record.py::test_a_yaml_page_has_its_fields_its_body_and_its_places",
        "tests/extract/test_abstract.py::test_a_plain_abstract_has_title_author_body_and_keywords",
    ),
    "rules/02": (f"{FIELDS}::test_a_title_is_cleaned_and_no_other_backslash_touched",),
    "rules/03": (f"{FIELDS}::test_the_id_is_that_of_the_field_then_of_the_aliases",),
    "rules/04": (f"{FIELDS}::test_of_equal_names_the_first_spelling_stays", "tests/cases/terms"),
    "rules/05": ("tests/cases/terms",),
    "rules/06": (
        f"{FIELDS}::test_names_with_commas_stay_whole_and_renames_come_before_junk",
        f"{FIELDS}::test_a_draft_is_a_draft_even_when_it_shows_nothing_or_its_category_is_junk",
    ),
    "rules/07": (f"{FIELDS}::test_a_page_that_shows_nothing_is_a_stub",),
    "rules/08": (f"{FIELDS}::test_a_redirect_counts_on_a_page_that_shows_nothing_else", "tests/cases/redirect-pages"),
    "rules/10": (
        f"{FIELDS}::test_the_page_name_is_the_title_and_the_suffix_that_was_cut",
        f"{FIELDS}::test_a_page_claims_every_address_that_the_old_site_answered",
        f"{FIELDS}::test_a_subject_date_lies_between_1800_and_a_year_after_the_latest",
    ),
    "rules/11": (f"{FIELDS}::test_a_dangling_end_is_mended_from_the_alias",),
    "rules/12": ("tests/test_resolve.py::test_the_lower_rank_owns_an_address_and_then_the_lower_id",),
    "rules/R10": (
        "tests/transform/test_rules_and_repairs.py::test_a_body_comes_out_as_its_case_says",
        "tests/transform/test_body.py::test_cleaning_a_clean_body_changes_nothing",
    ),
    "repairs/04": (f"{FIELDS}::test_names_with_commas_stay_whole_and_renames_come_before_junk",),
    "repairs/05": (f"{FIELDS}::test_a_draft_is_a_draft_even_when_it_shows_nothing_or_its_category_is_junk",),
    "repairs/06": (f"{FIELDS}::test_of_equal_names_the_first_spelling_stays", "tests/cases/terms"),
    "repairs/07": (f"{FIELDS}::test_a_date_is_a_day_and_perhaps_an_instant",),
    "repairs/08": ("tests/cases/slugs",),
    "repairs/11": (
        "a style sheet made loose lists look tight; here lists are tight",
        "tests/transform/body/tight-list",
    ),
    "repairs/12": (
        "Markdown inside a div was switched on in the renderer; here a box says so and has blank lines around it",
        "tests/transform/body/box",
    ),
    "repairs/14": ("file signs beside links are for the new site to draw", "tests/transform/rules/24-file-icon"),
    "repairs/21": ("a table of contents is made by the new site from headings that are clean",),
    "repairs/26": (f"{ADDRESSES}::test_a_name_is_found_in_every_spelling_of_its_page_parameter",),
    "repairs/27": (
        "tests/transform/test_links.py::test_a_slug_that_a_page_has_or_had_goes_to_its_page",
        "tests/transform/rules/26-old-paths",
    ),
    "repairs/28": (f"{ADDRESSES}::test_the_key_of_a_name_does_not_depend_on_its_spelling",),
    "repairs/30": ("tags that were guessed from titles say nothing that the title does not",),
    "repairs/32": (
        "the browser mended old addresses and flattened the table of contents; here links are resolved once",
        "tests/transform/test_links.py::test_a_page_id_in_any_form_goes_to_its_page",
    ),
}
NUMBERS = {
    "rules": [*(f"{number:02}" for number in range(1, 41)), *(f"R{number:02}" for number in range(1, 11))],
    "repairs": [f"{number:02}" for number in range(1, 33)],
}


class Wiki(Garden):
    """The wiki of the tests of links, with two pages more: their names and slugs need care."""

    PAGES: ClassVar[dict[str, Target]] = {
        **Garden.PAGES,
        "21": Target("tiki-21", "/pages/compost-overview-of-beds/"),
        "24": Target("tiki-24", "/pages/is-50-ng-too-high/"),
    }
    NAMES: ClassVar[dict[str, list[str]]] = {
        **Garden.NAMES,
        "Compost: overview of beds": ["21"],
        "50 ng too high?": ["24"],
    }
    SLUGS: ClassVar[dict[str, str]] = {
        **Garden.SLUGS,
        "compost-overview-of-beds": "21",
        "is-50-ng-too-high": "24",
    }


LINKER = Linker(SETTINGS, Wiki())


def cases(what: str) -> list[Any]:
    """All files of a name in the folders, as parameters; open ones are expected to fail."""
    found = []
    for path in sorted([*HERE.glob(f"rules/*/{what}*.md"), *HERE.glob(f"repairs/*/{what}*.md")]):
        name = f"{path.parent.relative_to(HERE).as_posix()}/{path.stem}"
        marks = [pytest.mark.xfail(reason=OPEN[name], strict=True)] if name in OPEN else []
        found.append(pytest.param(path, id=name, marks=marks))
    return found


def read(path: Path) -> str:
    return path.read_bytes().decode().removesuffix("\n")


def beside(path: Path, what: str, suffix: str = ".md") -> Path:
    """`expected-x.md` beside `input-x.md`."""
    return path.with_name(what + path.stem.removeprefix("input") + suffix)


def details(path: Path) -> dict[str, Any]:
    """What `expect-x.toml` says of a case."""
    file = beside(path, "expect", ".toml")
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


def clean(body: str, changed: dict[str, Any]) -> Cleaned:
    """A body with the settings of the cases, or with some of them changed."""
    chosen = Settings(**{**SETTINGS.model_dump(), **changed}) if changed else SETTINGS
    return clean_body(body, chosen, Linker(chosen, Wiki()) if changed else LINKER, keep_changes=True)


def assert_details(cleaned: Cleaned, wanted: dict[str, Any]) -> None:
    assert cleaned.text == wanted.get("text", cleaned.text)
    assert cleaned.complete is wanted.get("complete", cleaned.complete)
    if "links" in wanted:
        assert [[link["kind"], link["state"], link["target"] or ""] for link in cleaned.links] == wanted["links"]
    if "images" in wanted:
        assert [[image["src"], image["state"]] for image in cleaned.images] == [two[:2] for two in wanted["images"]]
        assert [image["width"] for image in cleaned.images] == [(*each, None)[2] for each in wanted["images"]]
    missing = Counter(wanted.get("findings", ())) - Counter(finding.code for finding in cleaned.findings)
    assert not missing


@pytest.mark.parametrize("path", cases("input"))
def test_a_body_comes_out_as_its_case_says(
    path: Path, request: pytest.FixtureRequest, expect: Callable[[Path, str], None]
) -> None:
    source, wanted = read(path), details(path)
    cleaned = clean(source, wanted.get("settings", {}))
    expected = beside(path, "expected")
    if request.node.callspec.id in OPEN:
        if cleaned.body != read(expected):
            pytest.fail(difference(read(expected), cleaned.body), pytrace=False)
    else:
        expect(expected, cleaned.body + "\n")
    assert_details(cleaned, wanted)
    assert not ACCOUNT & {finding.code for finding in cleaned.findings}
    assert list(unexplained(source, cleaned.body, cleaned.changes or ())) == []
    assert clean(cleaned.body, wanted.get("settings", {})).body == cleaned.body


@pytest.mark.parametrize("path", cases("untouched"))
def test_what_a_rule_is_not_about_stays_as_it_is(path: Path) -> None:
    body = read(path)
    cleaned = clean(body, {})
    if cleaned.body != body:
        pytest.fail(difference(body, cleaned.body), pytrace=False)


# --- the table is complete -----------------------------------------------------------------


def folders(top: str) -> dict[str, list[Path]]:
    """Folders of cases by their number."""
    found: dict[str, list[Path]] = {}
    for path in sorted((HERE / top).iterdir()):
        found.setdefault(path.name.partition("-")[0], []).append(path)
    return found


@pytest.mark.parametrize(("top", "number"), [(top, number) for top in NUMBERS for number in NUMBERS[top]])
def test_every_rule_and_every_repair_has_a_folder_or_is_covered_elsewhere(top: str, number: str) -> None:
    assert (number in folders(top)) != (f"{top}/{number}" in ELSEWHERE)


@pytest.mark.parametrize("place", sorted({place for places in ELSEWHERE.values() for place in places if "/" in place}))
def test_what_covers_a_rule_elsewhere_is_there(place: str) -> None:
    file, _, function = place.partition("::")
    if function:
        assert re.search(rf"^def {function}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    else:
        assert (ROOT / file).is_dir()


def test_every_folder_has_a_case_that_changes_and_one_that_stays() -> None:
    for path in [*(HERE / "rules").iterdir(), *(HERE / "repairs").iterdir()]:
        names = {file.name for file in path.iterdir()}
        inputs = {name for name in names if name.startswith("input")}
        assert inputs, path
        assert any(name.startswith("untouched") for name in names), path
        assert {name.replace("input", "expected", 1) for name in inputs} <= names, path
        expects = {name for name in names if name.endswith(".toml")}
        assert {name.replace("expect", "input", 1).replace(".toml", ".md") for name in expects} <= inputs, path


def test_every_number_is_one_of_the_catalogue_and_has_one_folder() -> None:
    for top, numbers in NUMBERS.items():
        found = folders(top)
        assert {number for number in found if not number.startswith("S")} <= set(numbers)
        assert [paths for paths in found.values() if len(paths) > 1] == []


def test_every_open_case_is_a_case_and_says_what_is_missing() -> None:
    def names(parameters: Iterable[Any]) -> set[str]:
        return {parameter.id for parameter in parameters}

    assert set(OPEN) <= names(cases("input")) | names(cases("untouched"))
    assert all(OPEN.values())
