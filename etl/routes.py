"""The closed table of legacy addresses that are no pages: what the setting ``routes`` can name.

A *family* is what one feature of the old platform answered: its scripts, whatever their parameters,
and its short addresses. A site says where a family goes; without a word it is not answered. A map
always wins: a page named "cat5" is found before the category (tiki.md 2, corpus.md 3.2).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from etl.site_path import is_site_path

GONE = "gone"
"""What a family answers that is not coming back: status 410."""


class Family(NamedTuple):
    """The addresses of one feature, inside the folder of the old wiki."""

    scripts: tuple[str, ...]
    """Paths as they are, with any parameters."""
    numbered: tuple[str, ...] = ()
    """What stands before a number: ``cat`` for ``/cat5`` and ``/cat5-Wells``."""
    names: tuple[str, ...] = ()
    """Decoded names, as a page would have them."""


FAMILIES: dict[str, Family] = {
    "categories": Family(("tiki-browse_categories.php",), ("cat",)),
    "tags": Family(("tiki-browse_freetags.php",)),
    "search": Family(  # without its words
        ("tiki-searchresults.php", "tiki-searchindex.php"), (), ("Search Results",)
    ),
    "files": Family(
        ("tiki-download_file.php", "tiki-download_wiki_attachment.php", "tiki-list_file_gallery.php"),
        ("dl", "display", "thumbnail", "preview", "file"),
    ),
    "images": Family(
        ("show_image.php", "tiki-browse_image.php", "tiki-browse_gallery.php", "tiki-galleries.php"),
        ("img", "image", "browseimage", "gallery"),
    ),
    "articles": Family(("tiki-read_article.php", "tiki-view_articles.php"), ("art", "article")),
    "blogs": Family(
        ("tiki-view_blog.php", "tiki-view_blog_post.php", "tiki-print_blog_post.php", "tiki-list_blogs.php"),
        ("blog", "blogpost"),
    ),
    "forums": Family(
        ("tiki-view_forum.php", "tiki-view_forum_thread.php", "tiki-forums.php"), ("forum", "forumthread")
    ),
    "trackers": Family(("tiki-view_tracker.php", "tiki-view_tracker_item.php"), ("tracker", "item")),
    "calendar": Family(("tiki-calendar.php", "tiki-calendar_edit_item.php"), ("event",)),
    "print": Family(  # other views of a page
        ("tiki-print.php", "tiki-index_raw.php", "tiki-index_p.php", "tiki-slideshow.php")
    ),
    "tools": Family(  # what editors used
        ("tiki-editpage.php", "tiki-pagehistory.php", "tiki-backlinks.php", "tiki-likepages.php", "tiki-share.php"),
    ),
    "users": Family(("tiki-login.php", "tiki-register.php", "tiki-user_information.php"), ("user",)),
}
"""Every key of ``routes``."""


class Route(NamedTuple):
    """One address of a family, or one row of numbered ones, and where it goes."""

    kind: Literal["exact", "numbered"]
    """``exact``: the decoded path is ``path``. ``numbered``: it is ``path``, ASCII digits, and then nothing, or ``-``
    and anything. In its own case; no trailing slash; parameters do not matter."""
    path: str
    """Decoded, with the folder of the old wiki: ``/tiki-download_file.php``, ``/Search Results``, ``/wiki/cat``."""
    target: str | None
    """Path on the new site; None: gone, status 410. Nothing of the request is ever added to it."""


@lru_cache(maxsize=8)
def wiki_folder(legacy_base: str) -> str:
    """The folder of the old wiki with a slash at either end.

    >>> wiki_folder("/"), wiki_folder("/wiki")
    ('/', '/wiki/')
    """
    inner = legacy_base.strip("/")
    return f"/{inner}/" if inner else "/"


def routes(table: Mapping[str, str], legacy_base: str = "/") -> tuple[Route, ...]:
    """The rows of a valid setting, in the order of `FAMILIES`; no two answer one path, so any order would do.

    >>> routes({"search": "/search/", "calendar": "gone"}, "/wiki")[1:]  # doctest: +NORMALIZE_WHITESPACE
    (Route(kind='exact', path='/wiki/tiki-searchindex.php', target='/search/'),
     Route(kind='exact', path='/wiki/Search Results', target='/search/'),
     Route(kind='exact', path='/wiki/tiki-calendar.php', target=None),
     Route(kind='exact', path='/wiki/tiki-calendar_edit_item.php', target=None),
     Route(kind='numbered', path='/wiki/event', target=None))
    >>> every = routes(dict.fromkeys(FAMILIES, GONE))
    >>> paths = [route.path + ("5" if route.kind == "numbered" else "") for route in every]
    >>> {sum(_answers(route, path) for route in every) for path in paths}
    {1}
    """
    base, rows = wiki_folder(legacy_base), list[Route]()
    for key, family in FAMILIES.items():
        if key in table:
            target = None if table[key] == GONE else table[key]
            rows += (Route("exact", base + path, target) for path in (*family.scripts, *family.names))
            rows += (Route("numbered", base + path, target) for path in family.numbered)
    return tuple(rows)


def fault(key: str, value: str) -> str | None:
    """What is wrong with one entry of the setting, in words; None when it may be used.

    >>> fault("files", "gone"), fault("files", "/downloads/?q=")
    (None, None)
    >>> fault("file", "/downloads/")
    "unknown route 'file'; did you mean 'files'?"
    >>> fault("files", "//evil.example")
    "'//evil.example' is neither a path of the new site nor 'gone'"
    """
    if key not in FAMILIES:
        near = difflib.get_close_matches(key, FAMILIES, n=1)
        return f"unknown route {key!r}" + (
            f"; did you mean {near[0]!r}?" if near else f"; one of {', '.join(FAMILIES)}"
        )
    if value != GONE and not is_site_path(value):
        return f"{value!r} is neither a path of the new site nor {GONE!r}"
    return None


def matching(routes: tuple[Route, ...], path: str) -> Route | None:
    """The route of a decoded path without trailing slashes, as every server finds it.

    >>> rows = routes({"categories": "/tags/"})
    >>> [matching(rows, path) is not None for path in ("/cat5", "/cat5-Wells", "/cat", "/cat5x", "/Cat5")]
    [True, True, False, False, False]
    """
    return next((route for route in routes if _answers(route, path)), None)


def _answers(route: Route, path: str) -> bool:
    if route.kind == "exact":
        return route.path == path
    return re.fullmatch(re.escape(route.path) + r"[0-9]+(?:-.*)?", path, re.DOTALL) is not None
