"""The Markdown engines that clean bodies are compared with, each as people set it up for pages of a wiki."""

from __future__ import annotations

from collections.abc import Callable

import cmarkgfm  # type: ignore[import-untyped]  # it has no types
import markdown
import markdown2  # type: ignore[import-untyped]  # it has no types
import pyromark
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]  # it has no types
from markdown_it import MarkdownIt


def by_pyromark(body: str) -> str:
    """The engine of `--html`."""
    return pyromark.html(body, options=pyromark.Options.ENABLE_TABLES)


def by_markdown_it(body: str) -> str:
    """CommonMark with tables and raw HTML."""
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(body))


def by_cmarkgfm(body: str) -> str:
    """GitHub's fork of the reference implementation, with tables and words struck out."""
    extensions = ["table", "strikethrough"]
    return str(cmarkgfm.markdown_to_html_with_extensions(body, Options.CMARK_OPT_UNSAFE, extensions))


def by_python_markdown(body: str) -> str:
    """Python-Markdown with `extra`: tables and Markdown inside HTML."""
    return markdown.markdown(body, extensions=["extra"])


def by_markdown2(body: str) -> str:
    """markdown2 with tables and Markdown inside HTML."""
    return str(markdown2.markdown(body, extras=["tables", "markdown-in-html"]))


ENGINES: dict[str, Callable[[str], str]] = {
    "pyromark": by_pyromark,
    "markdown-it-py": by_markdown_it,
    "cmarkgfm": by_cmarkgfm,
    "Python-Markdown": by_python_markdown,
    "markdown2": by_markdown2,
}
