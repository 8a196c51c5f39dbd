"""The page of a clean body, without a browser: allowed tags only, and addresses of allowed schemes only.

The same hostile bodies as in the browser, and mixtures of their pieces.
"""

from __future__ import annotations

import re

import markdown2  # type: ignore[import-untyped]  # it has no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.transform.body.parse import parse
from tests.safety.bodies import ACTIVE, BODIES, DISPUTED, QUIET, TAKEN
from tests.safety.pages import RENDERERS, faults
from tests.transform.test_links import clean

SHORT = [body for body in BODIES.values() if len(body) < 300]
PIECES = sorted({piece for body in SHORT for piece in re.findall(r"</?[\w:-]*|&#?\w+;|[\w:]+|\s+|.", body, re.DOTALL)})
MIXTURES = (st.lists(st.sampled_from(PIECES), max_size=12) | st.lists(st.sampled_from(PIECES + SHORT), max_size=6)).map(
    "".join
)
ALLOWED = re.compile(
    r'<div class="box" markdown="1">|</div>|</?su[bp]>|<br>|<(?:https?|ftp|mailto|tel):[^\s<>]*>', re.IGNORECASE
)
LEADS = (
    *(("> ", "> "), (">", ">"), (">\t", ">\t"), ("  > ", "  > "), ("\t> ", "\t> "), (" >\t", "> "), ("> ", "")),
    *(("* ", "  "), ("1. ", "   "), ("*\t", "\t"), ("* ", "    "), ("-   ", "    "), ("* > ", "  > "), ("* ", "")),
    *(("    ", "    "), ("\t", "\t"), (" \t", " \t"), ("      ", "      "), ("| ", "| "), ("# ", "")),
)
"""What may stand before the first line of some and before all others: containers, code, and lazy lines of both."""
FENCES = ("```\n{}\n```", "~~~\n{}\n~~~", "``` x\n{}", " ~~~\n{}\n   ~~~~", "a\n```\n{}\n````\nb", "`{}`", "{}\n\n{}")


def led(lead: tuple[str, str], body: str) -> str:
    return lead[0] + body.replace("\n", f"\n{lead[1]}")


CONTAINED = st.recursive(
    MIXTURES | st.sampled_from(SHORT),
    lambda inner: (
        st.builds(led, st.sampled_from(LEADS), inner)
        | st.builds(lambda fence, body: fence.replace("{}", body), st.sampled_from(FENCES), inner)
        | st.lists(inner, min_size=2, max_size=3).map("\n".join)
    ),
    max_leaves=3,
)
NESTED = "marker around a marker"


@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_clean_page_holds_only_what_is_allowed(renderer: str) -> None:
    found = {name: faults(RENDERERS[renderer](clean(body).body)) for name, body in BODIES.items()}
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.parametrize("renderer", RENDERERS)
@settings(max_examples=300)
@given(body=MIXTURES)
def test_a_clean_page_of_any_mixture_holds_only_what_is_allowed(renderer: str, body: str) -> None:
    assert faults(RENDERERS[renderer](clean(body).body)) == []


@pytest.mark.parametrize("renderer", RENDERERS)
@settings(max_examples=300)
@given(body=CONTAINED)
def test_a_clean_page_of_containers_holds_only_what_is_allowed(renderer: str, body: str) -> None:
    assert faults(RENDERERS[renderer](clean(body).body)) == []


def test_the_look_at_a_page_finds_every_body_that_acts() -> None:
    unseen = {name for name, body in ACTIVE.items() if not any(faults(render(body)) for render in RENDERERS.values())}
    assert unseen <= set(QUIET)


def test_a_clean_body_has_no_less_than_but_those_of_allowed_tags() -> None:
    found = {name: less_thans(clean(body).body) for name, body in (BODIES | DISPUTED).items()}
    assert {name: each for name, each in found.items() if each} == {}


@given(body=MIXTURES)
def test_a_clean_body_of_any_mixture_has_no_less_than_but_those_of_allowed_tags(body: str) -> None:
    assert less_thans(clean(body).body) == []


def test_an_entity_that_runs_into_a_word_is_no_less_than() -> None:
    assert less_thans(clean("&ltb; onclick=alert(1)>a").body) == []


def less_thans(body: str) -> list[str]:
    """Whatever a `<` begins outside of code that is neither a tag of the contract nor an address."""
    code = [(node.start, node.end) for node in parse(body).nodes if node.kind in ("Code", "CodeBlock")]
    places = [match.start() for match in re.finditer("<", body)]
    prose = [place for place in places if not any(start <= place < end for start, end in code)]
    return [body[place : place + 80] for place in prose if not ALLOWED.match(body, place)]


def test_cleaning_a_hostile_body_again_changes_nothing() -> None:
    once = {name: clean(body).body for name, body in (BODIES | DISPUTED).items() if name != NESTED}
    assert {name for name, body in once.items() if clean(body).body != body} == set()


def test_cleaning_markers_in_markers_again_changes_nothing() -> None:
    once = clean(BODIES[NESTED]).body
    assert clean(once).body == once


@pytest.mark.parametrize("name", DISPUTED)
def test_what_only_some_renderers_take_for_code_is_safe_in_all(name: str) -> None:
    assert everywhere(clean(DISPUTED[name]).body) == {}


@pytest.mark.parametrize("extras", [[], ["fenced-code-blocks"]])
@pytest.mark.parametrize("name", TAKEN)
def test_code_in_which_markdown2_finds_html_is_safe(name: str, extras: list[str]) -> None:
    def render(body: str) -> str:
        return str(markdown2.markdown(body, extras=["tables", "markdown-in-html", *extras]))

    body = clean(TAKEN[name]).body
    assert (faults(render(body)), everywhere(body)) == ([], {})
    assert clean(body).body == body
    assert faults(render(TAKEN[name]))


def test_an_image_of_a_scheme_that_looks_mistyped_is_safe() -> None:
    assert everywhere(clean("<img src=tp:/x.y>").body) == {}


def everywhere(body: str) -> dict[str, list[str]]:
    """Faults by renderer."""
    return {name: found for name, render in RENDERERS.items() if (found := faults(render(body)))}
