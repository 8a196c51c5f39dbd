"""The body is a trust boundary: hostile bodies act in a real browser, and cleaned they do nothing.

Each body is rendered by two CommonMark renderers that pass raw HTML, and each rendering is a page
of its own. A deed of a page is a dialog (every script calls ``alert``), a request, a navigation, a
window that it opens, or a link to an address that no contract allows. Images that the document
lists in `images` are content; all other requests are deeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin

import pytest

from etl.transform.body import Cleaned
from tests.make import lacking
from tests.safety.bodies import ACTIVE, BODIES, DISPUTED, QUIET, SLEEPING, STEPS
from tests.safety.browser import HOST, Deeds, find_browser, show
from tests.safety.pages import RENDERERS
from tests.transform.test_links import clean

Key = TypeVar("Key")
PAGE = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<link rel="icon" href="data:,">\n'
    "<title>Wells</title>\n</head>\n<main>\n{}</main>\n"
)
LINGER = 0.06
"""Seconds that a page has for what it does by itself, after everything in it was touched."""
LONGER = 1.0
"""Seconds for a page of which a deed is expected that did nothing at first: the machine may be busy."""

PARTS = frozenset(
    """p h1 h2 h3 h4 h5 h6 ul ol li blockquote hr pre code em strong a img table thead tbody tr th td br sup sub div
    """.split()
) | frozenset(
    "a href,img src,img alt,ol start,code class,div class,div markdown,th style,td style,th align,td align".split(",")
)  # fmt: skip
"""Elements that a page of a clean body may have, and their attributes."""

TWO = ("pyromark", "cmark")
OF_OLDER_PYTHON = {"script in code behind a number sign"}
"""What Python-Markdown reads as HTML by the parser of Python, which is mended in newer ones."""


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    program = find_browser()
    if program is None:
        lacking("chromium is not installed")
    return Browser(program, tmp_path)


class Browser:
    """Shows pages; those that are the same only once."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.runs = 0

    def show(self, pages: Mapping[Key, str], linger: float = LINGER) -> dict[Key, Deeds]:
        self.runs += 1
        profile = self.folder / f"profile {self.runs}"
        profile.mkdir()
        deeds = show(self.program, profile, list(dict.fromkeys(pages.values())), linger)
        return {name: deeds[page] for name, page in pages.items()}

    def idle(
        self, bodies: Mapping[str, str], patience: float | None = None, renderers: Iterable[str] = TWO
    ) -> set[tuple[str, str]]:
        """Renderer and body of the pages that do nothing; with ``patience`` they get a second chance to."""
        pages = {(renderer, name): page(renderer, body) for renderer in renderers for name, body in bodies.items()}
        content = {name: addresses(clean(body)) for name, body in bodies.items()}
        for linger in filter(None, (LINGER, patience)):
            deeds = self.show(pages, linger)
            pages = {key: pages[key] for key in pages if not deeds[key].but(content[key[1]])}
        return set(pages)


def test_enough_hostile_bodies_are_tried_and_each_once() -> None:
    assert len(ACTIVE) - len(QUIET) >= 150
    assert set(QUIET) <= set(ACTIVE)
    assert len(BODIES) == len(ACTIVE) + len(SLEEPING)
    assert len(set(BODIES.values())) == len(BODIES)


def test_uncleaned_bodies_act(browser: Browser) -> None:
    """As one renderer shows them: that proves each hostile, and clean they are looked at as all of them do."""
    assert browser.idle(ACTIVE, LONGER, ["cmark"]) == {("cmark", name) for name in QUIET}


def test_bodies_that_sleep_do_nothing_as_they_are(browser: Browser) -> None:
    assert len(browser.idle({name: body for name, (_, body) in SLEEPING.items()})) == len(TWO) * len(SLEEPING)


def test_bodies_that_sleep_act_after_a_step_of_a_careless_cleaner(browser: Browser) -> None:
    assert browser.idle({name: STEPS[step](body) for name, (step, body) in SLEEPING.items()}, LONGER) == set()


def test_clean_bodies_do_nothing(browser: Browser) -> None:
    cleaned = {name: clean(body) for name, body in BODIES.items()}
    done = browser.show(
        {(renderer, name): page(renderer, cleaned[name].body) for renderer in (*TWO, "--html") for name in BODIES}
    )
    acted = {key: deeds for key, each in done.items() if (deeds := each.but(addresses(cleaned[key[1]])))}
    assert acted == {}
    strange = {key: sorted(parts) for key, deeds in done.items() if (parts := deeds.parts - PARTS)}
    assert strange == {}


def test_disputed_bodies_act_in_a_renderer(browser: Browser) -> None:
    idle = browser.idle(DISPUTED, LONGER, RENDERERS)
    assert {name for name in DISPUTED if all((renderer, name) in idle for renderer in RENDERERS)} <= OF_OLDER_PYTHON


def test_clean_disputed_bodies_do_nothing(browser: Browser) -> None:
    cleaned = {name: clean(body).body for name, body in DISPUTED.items()}
    everything = {(renderer, name) for renderer in RENDERERS for name in DISPUTED}
    assert everything - browser.idle(cleaned, None, RENDERERS) == set()


def page(renderer: str, body: str) -> str:
    return PAGE.format(RENDERERS[renderer](body))


def addresses(cleaned: Cleaned) -> list[str]:
    """The images of a document as a page asks for them."""
    return [urljoin(HOST, image["src"]) for image in cleaned.images if f"]({image['src']})" in cleaned.body]
