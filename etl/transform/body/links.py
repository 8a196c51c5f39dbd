"""Where a link of a body goes on the new site: decided once, by rules, never by a guess.

Where the redirect map leads its address first; then by page id, by normalised title, by slug, as a tag (contract,
section 6). Ambiguity and failure are findings. A path of the new site stays: what one round over a body wrote, the
next one finds.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from copy import copy
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import quote, unquote, urlsplit

from etl.addresses import (
    OF_TERMS,
    Address,
    LegacyLink,
    as_path,
    canonical_name,
    host_name,
    legacy_target,
    link_address,
    link_lookups,
    name_key,
    without_ending,
    without_html,
    without_source,
)
from etl.model import AssetState, LinkFields, LinkKind, LinkState, Target
from etl.routes import wiki_folder
from etl.settings import Settings
from etl.slugs import WELL_FORMED, make_slug, paths_of, undated, well_formed
from etl.transform.body.hrefs import (
    FOLLOWED,
    ORDINARY,
    PLAIN,
    SCHEME,
    WHOLE_SCHEME,
    encoded,
    is_prose,
    mended,
    untracked,
)

NOT_PRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b\u2028\u2029\ufeff]+")
PLAIN_HTTP = re.compile(rf"https?://(?!10\.)([a-z0-9.-]+)(?:/[%{PLAIN}]*)?(?<!%20)")
"""An http address as nearly all are written: its host shows where it goes; nothing in it is to be mended or encoded.

A host that begins with `10.` may be a DOI (`hrefs.mended`).
"""
OF_PAGE = re.compile(rf"/(posts|pages)/({WELL_FORMED.pattern})/?")
"""An address of the old site as nearly all are written: the prefix of pages and a well-formed slug."""
LOST_ID = re.compile(r"unknown page_id:\s*(\d+)", re.IGNORECASE)
LOST_NAME = re.compile(r"does not exist yet:\s*(.+)", re.IGNORECASE)


class Lookup(Protocol):
    """What the transform may ask about all other documents."""

    def by_address(self, address: Address) -> Target | None:
        """The document that the redirect map leads an address to."""

    def by_id(self, page_id: str) -> Target | None:
        """The document of a page id."""

    def by_name(self, key: str) -> Sequence[Target]:
        """The documents of which a title, page name or name in the map has this `name_key`, in order of ownership."""

    def nameless(self, key: str) -> Sequence[Target]:
        """Some of these documents that have no name of that key in the map: its exact spelling is no choice of them."""

    def by_slug(self, slug: str) -> Target | None:
        """The document that has, or had, a slug."""

    def tag(self, slug: str) -> str | None:
        """The path of the category or tag of a slug, ours or any other one of its name."""


class Destination(NamedTuple):
    """What a link becomes; ``href`` is None when only its text stays."""

    href: str | None
    kind: LinkKind
    state: LinkState
    target: str | None = None
    finding: str | None = None
    others: tuple[str, ...] = ()
    """Paths of the other pages that fit: somebody who reviews the finding needs to know them."""

    def among(self, fitting: Iterable[Destination]) -> Destination:
        """It, of the pages that fit; of more than one that is a finding."""
        others = dict.fromkeys(to.href for to in fitting if to.href and to.target not in (None, self.target))
        return self._replace(finding="link.ambiguous", others=(*self.others, *others)) if others else self

    @property
    def told(self) -> str:
        """What a finding says of it."""
        return f"goes to {self.href}" + (f", not to {' or '.join(self.others)}" if self.others else "")

    def of(self, href: str) -> LinkFields:
        """What is said of a link with an address that goes there."""
        return {"href": href, "kind": self.kind, "state": self.state, "target": self.target}


LOST_FILE = Destination(None, "file", "unmapped", None, "link.unmapped")
"""What a link to a file becomes that the export lost (`Linker.is_lost`)."""


class Linker:
    """Resolves the links of one site."""

    def __init__(self, settings: Settings, lookup: Lookup) -> None:
        self.settings = settings
        self.lookup = lookup
        self.folders: Sequence[str] = [wiki_folder(settings.legacy_base)]
        """Where browsers read the page whose links it resolves: see `below`."""
        self.is_lost = settings.is_lost
        """Whether an address stands for a file that the export lost."""
        own_hosts = frozenset(map(host_name, (*settings.hosts, *settings.image_hosts)))
        self._is_own = lru_cache(1024)(lambda host: host_name(host) in own_hosts)
        self._rewrites = bool(settings.address_rewrites)
        self._prefixes = frozenset(settings.path_prefixes)
        self._new_page = paths_of(settings.path_template).fullmatch
        """Whether an address may be that of a page of the new site: then the words of its link are not asked.

        They might lead a dangling link, as one round over a body writes it, to some other page in the next round.
        """
        self._new_tag = paths_of(settings.tag_template).fullmatch
        self._old_page = paths_of(settings.legacy_path("{slug}") or settings.path_template).fullmatch
        """Whether a path is that of a slug on the old site; on the new one, where the old one had none."""
        # The rules ask for a link again in every round over its body.
        self._resolved = lru_cache(4096)(self._resolve)
        self._of_path = lru_cache(4096)(lambda legacy, href: self._found(legacy, href, "", "") or _lost(href))

    def below(self, folders: Sequence[str]) -> Linker:
        """The linker for a page in these folders (`addresses.folders`), the likeliest first; itself for the root.

        The answers that are kept are shared: none of them depends on a folder.
        """
        if not folders:
            return self
        linker = copy(self)
        linker.folders = folders
        return linker

    def resolve(self, href: str, label: str = "", hint: str = "", *, broken: bool = False) -> Destination:
        """Where a link goes: ``label`` its visible text, ``hint`` the title of its anchor.

        ``broken``: the source itself marked it as broken; then it is a page that is found, or text.
        """
        if not (hint or broken):
            if not href.startswith("/"):
                if self.is_elsewhere(href):
                    return Destination(href, "external", "external")
            elif (usual := OF_PAGE.fullmatch(href)) and usual[1] in self._prefixes:
                legacy = LegacyLink(usual[1], usual[2], "")
                if self._new_page(href):
                    return self._of_path(legacy, href)
                return self._found(legacy, href, label, "") or self._missing(legacy, href)
        found = self._resolved(href, label, hint, broken)
        return found if href.startswith("/") or "://" in href else self._nearest(href, found)

    def is_elsewhere(self, href: str) -> bool:
        """Whether an address is an ordinary one of another site, which stays as it is."""
        plain = PLAIN_HTTP.fullmatch(href)
        return (
            plain is not None
            and not self._is_own(plain[1])
            and not ("?" in href and untracked(href) != href)
            and not (self._rewrites and self.settings.rewritten(href) != href)
        )

    def is_prose(self, label: str, href: str) -> bool:
        """Whether brackets in prose were taken for a link, and no page has that name in the folders of this one.

        A number in brackets is a reference, whatever page has it for an id.
        """
        return is_prose(label, href) and (href.isdecimal() or not self._in_folders(href))

    def _nearest(self, href: str, from_root: Destination) -> Destination:
        """Where a link goes from the folders of its page, as in a browser; else from the root of the old wiki."""
        found = self._in_folders(href)
        if not found:
            return from_root
        return found[0].among((*found, from_root))

    def _in_folders(self, href: str) -> Sequence[Destination]:
        """The pages that the redirect map has for a relative address, by folder of the page."""
        path, mark, query = mended(href.strip()).partition("#")[0].partition("?")
        if not path or path.startswith("/") or SCHEME.match(path):
            return []
        asked = (posixpath.normpath(folder + path) for folder in self.folders)
        return [found for whole in asked if (found := self._at(whole, mark + query))]

    def _at(self, path: str, query: str) -> Destination | None:
        """The page that the redirect map has for a path, which may name the file of the page, or lack its ending."""
        name = without_ending(path)
        asked = dict.fromkeys((path, name, f"{name}.html"))
        found = next(filter(None, (self._mapped(None, spelled + query) for spelled in asked)), None)
        is_home = not query and f"{name.rstrip('/')}/" == wiki_folder(self.settings.legacy_base)
        return self.named(self.settings.home or "") if is_home and not found else found

    def _resolve(self, href: str, label: str, hint: str, broken: bool) -> Destination:
        href = mended(href.strip())
        lost = LOST_ID.search(hint) if hint else None
        if lost and (page := self.lookup.by_id(str(int(lost[1])))):
            return _to(page)
        legacy = self._legacy(href)
        if legacy is None:
            found = self._of_new_site(href) or self._like_a_file(href) or self._of_new_site(_other_end(href))
            return found or (_lost(href) if self._new_page(href) else self._elsewhere(href))
        if found := self._found(legacy, href, label, hint):
            return found
        source = href.partition("#")[0]
        plain = without_source(source)
        if plain != source and without_source(plain) == plain:  # a row of endings is none
            return self._resolve(plain or "/", label, hint, broken)
        if broken:
            return Destination(None, "legacy", "dangling", None, "link.dangling")
        return self._missing(legacy, href)

    def _found(self, legacy: LegacyLink, href: str, label: str, hint: str) -> Destination | None:
        """The page or tag that an address of either site means, if there is one."""
        if found := self._of_new_site(href):
            return found
        found = self._page(legacy, href, "" if label and self._new_page(href) else label, hint)
        found = found or self._of_new_site(_other_end(href))
        if found or legacy.kind != "other":
            return found
        name = legacy.value.removeprefix(wiki_folder(self.settings.legacy_base)).strip("/")
        return self.page(name) if name.isalnum() else None  # it may be named like a feature of the old platform

    def _legacy(self, href: str) -> LegacyLink | None:
        settings = self.settings
        return legacy_target(href, settings.hosts, settings.path_prefixes, settings.legacy_base)

    def source(self, src: str) -> str:
        """The address of an image: mended, and as the new site has it."""
        return self.settings.rewritten(mended(src))

    def state_of_image(self, src: str) -> AssetState:
        """Where the file of an image is; an address that says no place on the old site leads to none."""
        found = self.resolve(src)
        if found.href is None:
            return "missing"
        return "external" if found.state == "external" else "ok"

    def named(self, *names: str) -> Destination | None:
        """The page of the first name that one has: the owner of that very name, else the first of its title."""
        for name in filter(None, names):
            key = name_key(name)
            pages = self.lookup.by_name(key) if key else ()
            if key and not pages:
                continue  # nor has the map such a name
            exact = canonical_name(name)
            owner = self.lookup.by_address(Address("name", exact)) if exact else None
            if owner or pages:
                return _first(owner, *self.lookup.nameless(key)) if owner else _first(*pages)
        return None

    def wiki_page(self, name: str) -> Destination | None:
        """The page that a wiki link names: by its path, from the folder of its page or the root, or by a name alone.

        Not by its id: a number in brackets is a reference.
        """
        plain = without_ending(name)
        last = plain.rpartition("/")[2]
        found = None if name.isdecimal() else next(iter(self._in_folders(quote(name))), None)
        return found or self.named(name, plain, last) or self._slug(make_slug(last))

    def page(self, name: str) -> Destination | None:
        """The one page of a name; None when there is none, or more than one."""
        found = self.named(name)
        return None if found is None or found.finding else found

    def _is_moved(self, href: str) -> bool:
        """Whether an address is what `address_rewrites` made of that of a file."""
        settings = self.settings
        return any(
            new and settings.rewritten(was := href.replace(new, old)) == href and self._legacy(was) is None
            for old, new in settings.address_rewrites.items()
        )

    def _of_new_site(self, href: str) -> Destination | None:
        """The page or tag whose path on the new site an address is."""
        if of_page := self._new_page(href):
            page = self.lookup.by_slug(of_page[1])
            if page and page.path == href:
                return _to(page)
        of_tag = self._new_tag(href)
        tag = self._tag(of_tag[1]) if of_tag else None
        return tag if tag and tag.href == href else None

    def _page(self, legacy: LegacyLink, href: str, label: str, hint: str) -> Destination | None:
        """The page or tag that an address of the old site means, if there is one."""
        if mapped := self._mapped(legacy, href):
            return mapped
        kind, value, _ = legacy
        if kind == "id":
            page = self.lookup.by_id(value)
            return _to(page) if page else None
        if (kind, value) == ("other", "/"):  # the old home page
            return self.named(self.settings.home or "")
        if kind == "other":
            return None
        names = [match[1]] if hint and (match := LOST_NAME.search(hint)) else []
        if kind == "name":
            plain = without_html(value)
            found = self.named(value, plain, *names) or self._slug(value) or self._slug(plain)
            return found or self._tag(make_slug(plain))
        if kind in OF_TERMS:
            return self.named(*names, label) or self._slug(value) or self._tag(value)
        return self._slug(value) or self.named(*names, label) or self._slug(well_formed(value)) or self._tag(value)

    def _mapped(self, legacy: LegacyLink | None, href: str) -> Destination | None:
        """Where the redirect map leads an address: a link and a request go to the same page."""
        return self._owned(self._asked(legacy, href), legacy.value if legacy and legacy.kind == "name" else "")

    def _owned(self, asked: Iterable[Address], name: str = "") -> Destination | None:
        """Where the redirect map leads the first address that it has, of a link that gives a name."""
        for address in asked:
            if owner := self.lookup.by_address(address):
                return _first(owner, *(self.lookup.nameless(name_key(name)) if name else ()))
        return None

    def _like_a_file(self, href: str) -> Destination | None:
        """The page that is named as a file of the old site would be: `Node.js`."""
        asked = self._asked(None, href)
        return self._owned(asked) or self.named(*(address.value for address in asked if address.kind == "name"))

    def _asked(self, legacy: LegacyLink | None, href: str) -> Sequence[Address]:
        return link_lookups(legacy, href, self.settings.hosts, self.settings.legacy_base)

    def _slug(self, slug: str) -> Destination | None:
        page = self.lookup.by_slug(slug)
        return _to(page) if page else None

    def _tag(self, slug: str) -> Destination | None:
        path = self.lookup.tag(slug)
        return Destination(path, "tag", "ok") if path else None

    def _missing(self, legacy: LegacyLink, href: str) -> Destination:
        """What an address of the old site becomes when no page answers it."""
        kind, value, _ = legacy
        if kind == "id":
            return Destination(None, "legacy", "dangling", None, "link.dangling")
        if self._new_page(href):
            return _lost(href)
        if self._rewrites and self._is_moved(href):
            return self._elsewhere(href)
        asked = link_address(legacy) if kind not in OF_TERMS else None
        of_slug = self._old_page(without_html(as_path(asked, self.settings.legacy_base))) if asked else None
        slug = of_slug[1] if of_slug else ""
        if asked and not slug:
            slug = make_slug(undated(without_html(value))) if kind == "name" else well_formed(value)
        if not slug:
            return Destination(None, "legacy", "unmapped", None, "link.unmapped")
        return self.resolve(self.settings.path(slug))  # as another round over the body would find it

    def _elsewhere(self, href: str) -> Destination:
        """A link that does not go to the old site."""
        href = self.settings.rewritten(href)
        plain = href if WHOLE_SCHEME.match(href) or ORDINARY.fullmatch(href) else NOT_PRINTABLE.sub("", unquote(href))
        scheme = SCHEME.match(plain)
        if scheme and scheme[1].lower() not in FOLLOWED:
            return Destination(None, "external", "unmapped", None, "link.removed")
        if scheme:
            if scheme[1].lower() == "mailto":
                return Destination(encoded(href), "mail", "external")
            href = untracked(href)
        if scheme or href.startswith("//"):
            is_own = self._is_own(_host(href))
            return Destination(encoded(href), *(("file", "ok") if is_own else ("external", "external")))
        if href.startswith("#"):
            return Destination(None, "anchor", "unmapped")
        if href.startswith("/"):
            return Destination(encoded(href), "file", "ok")
        return Destination(None, "legacy", "unmapped", None, "link.unmapped")


def _other_end(path: str) -> str:
    """A path with or without the slash at its end, whichever it has not: the new site answers both."""
    return path[:-1] if path.endswith("/") else f"{path}/"


def _to(page: Target) -> Destination:
    return Destination(page.path, "page", "ok", page.document)


def _first(page: Target, *others: Target) -> Destination:
    """The first of several pages of one name, which is a finding."""
    return _to(page).among(() if page.decided else map(_to, others))


def _lost(path: str) -> Destination:
    """A path that a page of the new site would have, if it were in the export."""
    return Destination(path, "page", "dangling", None, "link.dangling")


def _host(href: str) -> str:
    try:
        return (urlsplit(href).hostname or "").lower()
    except ValueError:
        return ""
