"""What the page of a clean body may hold: looked at as text, without any parser that could be fooled."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import cmarkgfm  # type: ignore[import-untyped]  # it has no types
import markdown
import pyromark
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]  # it has no types
from markdown_it import MarkdownIt

from etl.transform.document import _html

SAFE = re.compile(
    r"""</?(?:p|h[1-6]|ul|ol|li|blockquote|pre|code|em|strong|a|table|thead|tbody|tr|th|td|sup|sub|div)>
    |<(?:br|hr)(?:\ /)?>|<ol\ start="\d+">|<code\ class="language-[^"<>]*">|<div\ class="box"(?:\ markdown="1")?>
    |<t[hd](?:\ style="text-align:\ ?(?:left|right|center);?"|\ align="(?:left|right|center)")?>
    |<a\ href="(?P<href>[^"<>]*)">|<img(?:\ alt="[^"<>]*")?\ src="(?P<src>[^"<>]*)"(?:\ alt="[^"<>]*")?(?:\ /)?>""",
    re.VERBOSE,
)
"""The tags that renderers make of clean Markdown (contract, section 6), and its own."""
SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
FOLLOWED = frozenset(("http", "https", "ftp", "mailto", "tel"))


def _cmark(body: str, *extensions: str) -> str:
    page: str = cmarkgfm.markdown_to_html_with_extensions(body, Options.CMARK_OPT_UNSAFE, list(extensions))
    return page


def _markdown_it() -> MarkdownIt:
    engine = MarkdownIt("commonmark", {"html": True}).enable("table")
    engine.validateLink = lambda url: True  # type: ignore[method-assign]  # it refuses some schemes by itself
    return engine


MARKDOWN_IT = _markdown_it()

RENDERERS: dict[str, Callable[[str], str]] = {
    "pyromark": lambda body: pyromark.html(body, options=pyromark.Options.ENABLE_TABLES),
    "pyromark without tables": pyromark.html,
    "cmark": lambda body: _cmark(body, "table"),
    "cmark without tables": _cmark,
    "markdown-it": MARKDOWN_IT.render,
    "Python-Markdown": lambda body: markdown.markdown(body, extensions=["extra"]),
    "--html": _html,
}
"""Renderers that pass raw HTML, all of CommonMark but one, and what ``--html`` writes."""


def faults(page: str) -> list[str]:
    """Tags that are not allowed, and addresses of schemes that are not."""
    found = [rest[:80] for rest in re.findall(r"<[^>]*>?", SAFE.sub("", page))]
    for tag in SAFE.finditer(page):
        # A browser drops these characters before it looks for the scheme.
        address = re.sub(r"^[\x00-\x20]+|[\t\n\r]", "", html.unescape(tag["href"] or tag["src"] or ""))
        scheme = SCHEME.match(address)
        if scheme and scheme[1].lower() not in FOLLOWED:
            found.append(address[:80])
    return found
