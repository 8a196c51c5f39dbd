"""The page of a clean body, without a browser: allowed tags only, and addresses of allowed schemes only.

The same hostile bodies as in the browser, and mixtures of their pieces.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.safety.bodies import ACTIVE, BODIES, QUIET
from tests.safety.pages import RENDERERS, faults
from tests.transform.test_links import clean

SHORT = [body for body in BODIES.values() if len(body) < 300]
PIECES = sorted({piece for body in SHORT for piece in re.findall(r"</?[\w:-]*|&#?\w+;|[\w:]+|\s+|.", body, re.DOTALL)})
MIXTURES = (st.lists(st.sampled_from(PIECES), max_size=12) | st.lists(st.sampled_from(PIECES + SHORT), max_size=6)).map(
    "".join
)

OPEN: dict[str, tuple[str, str]] = {
    "a carriage return in code": (
        "    a\r<script>alert(1)</script>",
        "pyromark takes no carriage return for a line end in code, other renderers do",
    ),
    "an image of a scheme that looks mistyped": ("<img src=tp:/x.y>", "only links take the address that was repaired"),
}
"""Bodies whose clean page is not as it must be, and why."""


@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_clean_page_holds_only_what_is_allowed(renderer: str) -> None:
    found = {name: faults(RENDERERS[renderer](clean(body).body)) for name, body in BODIES.items()}
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.parametrize("renderer", RENDERERS)
@settings(max_examples=300)
@given(body=MIXTURES)
def test_a_clean_page_of_any_mixture_holds_only_what_is_allowed(renderer: str, body: str) -> None:
    assert faults(RENDERERS[renderer](clean(body).body)) == []


def test_that_look_finds_every_body_that_acts() -> None:
    unseen = {name for name, body in ACTIVE.items() if not any(faults(render(body)) for render in RENDERERS.values())}
    assert unseen <= set(QUIET)


@pytest.mark.parametrize("fault", [pytest.param(name, marks=pytest.mark.xfail(reason=OPEN[name][1])) for name in OPEN])
def test_a_page_that_was_not_clean_once_is(fault: str) -> None:
    body = clean(OPEN[fault][0]).body
    assert {name: found for name, render in RENDERERS.items() if (found := faults(render(body)))} == {}
