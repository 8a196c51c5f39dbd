"""Links and images on the surface: what each becomes in Markdown, and an account of those that did not stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote

from etl.transform.body.edits import Edit, Revision, short
from etl.transform.body.entities import decoded
from etl.transform.body.guards import ODD_ADDRESS, PARENTHESES, Guard, guard, present
from etl.transform.body.hrefs import LABEL, TITLE, WHOLE_SCHEME, WWW, encoded
from etl.transform.body.links import LOST_FILE, Destination, Linker
from etl.transform.body.lists import BLOCK_MARKS
from etl.transform.body.places import is_escaped
from etl.transform.body.surface.tags import Tag

# In names and texts there may be parentheses.
WIKI_LINK = re.compile(
    r"""\((?:(?<!\w\()(?!(?:prefix)?alias\()([a-z][a-z0-9-]{0,30}))?  # what the page is to this one
    \((?!\()((?:[^()<>\n|]|\([^()<>\n|]{1,80}\)){1,160}?)\s*  # a page
    (?:\|\#[^()<>\n|]*)?  # an anchor of it
    (?:\|((?:[^()<>\n]|\([^()<>\n]*\))*))?\)\)  # a text""",
    re.VERBOSE,
)
# A page or a file, an anchor of it, and a text; or the text first. The pipe is escaped in a table; [[!tag]] is no page.
BRACKETED = re.compile(
    r"(!?)\[\[(?!!)([^\[\]<>{}|#\n\\]{0,160}+)(#[^\[\]<>|\n\\]{0,160}+)?(?:\\?\|([^\[\]<>|\n]{1,300}+))?\]\](?![(\]])"
)
REFERENCE = re.compile(r"\[([^\[\]\n]{1,160})\]")
DEFINITION = re.compile(rf"^{BLOCK_MARKS}\[({LABEL})\]:(?=\s*+(?:<[^<>\n]*>|\S++)(?:\s+{TITLE})?[ \t]*$)", re.MULTILINE)
"""Of a link by reference: words behind its address make it none."""
IMAGE_FILE = re.compile(r".+\.(?:png|jpe?g|gif|svg|webp|avif|bmp)", re.IGNORECASE)
SPOKEN_ID = re.compile(
    r"\[\s*t?iki[\W_]{0,5}index[\W_]{0,5}php[\W_]{0,5}page[\W_]{0,5}id[\W_]{0,5}(\d+)\s*\](?!\()", re.IGNORECASE
)
NAMED_LINK = re.compile(
    r"\[(?<!!\[)((?>(?:[^\[\]\\\n]++|\\.|\n(?!\s*\n)){1,300}))\]"
    r"\((?!/|#|https?://)([^()\n <]++(?:\([^()\n<]*\)|[ <])(?:[^()\n<]|\([^()\n<]*\)){0,200})\)"
)
"""A link to a page by its name, as converters write it: with its blanks, it is none to any parser."""
PAGE_NAME = re.compile(r"(?=[^\W\d_a-z])(?!\S++ '.*'\Z)[\w'\u2019&+-]++(?>(?: [\w'\u2019&+-]++)+)(?:#[\w:.-]+)?")
"""What can be nothing else between such parentheses: words in the manner of a title, and an anchor.

An address behind which its title stands in quotes is none, but a link to any parser.
"""
SIZED_IMAGE = re.compile(
    rf"!\[([^\[\]\n]{{0,300}}+)\]\(([^()\s<]++(?>(?:\([^()\s]*+\)[^()\s<]*+)*)(?: +{TITLE})?)"
    r" +=(?:(\d{1,5})(?!%)|\d{0,5}%?)(?:x\d{0,5}%?)?\)"
)
"""An image with its size behind its address, which makes it none to a parser that does not know of sizes."""
LETTER = re.compile(r"[^\W\d_]")
NAME_WORDS = 3
"""The fewest of a name that a page is looked for by, where nothing says that it is one."""
NO_LABEL = re.compile(r"[\x00-\x1f\x7f\[\]<>&|\\`*_~]")
PIXELS = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*")
LATE_SOURCES = ("data-src", "data-lazy-src", "data-original")
"""Where the address of an image is that a script shows once a reader comes near; `src` is a blank one until then."""
SOURCE_SETS = ("srcset", "data-srcset")
"""Where there are several addresses of an image, for screens of several sizes."""
IMAGE_ADDRESS = re.compile(r"(?!data:)(?:\{[{%][^{}]*\}?\}|[^{}./])*[./]", re.IGNORECASE)
"""No data, and neither a mark for a script, such as `true`, nor a template that was never filled in."""
STYLE_WIDTH = re.compile(r"(?:max-)?width\s*:\s*(\d{1,5})\s*px")


class Links:
    """The links and images of a body, over all walks."""

    def __init__(self, revision: Revision, linker: Linker) -> None:
        self.widths: dict[str, list[int | None]] = {}
        """Widths of images by address, in order."""
        self._revision = revision
        self._linker = linker

    def anchor(self, opened: Tag, label: str) -> tuple[str, str, str]:
        """What replaces the two tags of a link, and the rule that says so."""
        attributes = opened.attributes()
        href, title = attributes.get("href", "").strip(), attributes.get("title", "")
        if not href:
            return "", "", "anchor"
        if self._linker.is_prose(label, href):
            return "\\[", "\\]", "bracket-link"
        broken = "does not exist" in title or "unknown page_id" in title
        lost = self._linker.is_lost(href)
        destination = LOST_FILE if lost else self._linker.resolve(href, label, title, broken=broken)
        if destination.href is None:
            self._unlink(opened.start, href, destination, words=opened.end)
            return "", "", "anchor"
        self._lead(opened.start, href, destination)
        return "[", f"]({destination.href})", "anchor"

    def stays(self, offset: int, address: str) -> bool:
        """Whether an address in angle brackets stays a link."""
        destination = self._linker.resolve(address)
        if destination.href is None:
            self._unlink(offset, address, destination)
        return destination.href is not None

    def frame(self, source: str) -> str:
        """A link to what a frame showed; empty, when there is none."""
        destination = self._linker.resolve(source) if source else None
        if destination is None or destination.href is None:
            return ""
        if "://" in destination.href:
            return f"<{destination.href}>"
        if destination.kind != "file" or self._linker.is_lost(source):
            return ""
        name = " ".join(NO_LABEL.sub(" ", unquote(destination.href).rpartition("/")[2]).split())
        return f"[{name}]({destination.href})" if name else ""

    def guarded(self, tag: Tag, inner: str) -> str | None:
        """Where a link goes that a span guarded, when it is one to a page of the old wiki."""
        destination: Destination | None = None
        if spoken := SPOKEN_ID.fullmatch(f"[{inner}]"):
            destination = self._linker.resolve(f"tiki-index.php?page_id={int(spoken[1])}", inner)
        elif inner.startswith("tiki-"):
            destination = self._linker.resolve(inner)
        elif WWW.fullmatch(inner):
            destination = self._linker.resolve(f"http://{inner}")
        elif inner.count(" ") >= NAME_WORDS - 1:
            destination = self._linker.page(inner)
        if destination is None:
            return None
        if destination.href is None:
            self._unlink(tag.start, inner, destination, words=tag.end)
        else:
            self._lead(tag.start, inner, destination)
        return destination.href

    def unparsed(self, text: str, in_code: Callable[[int], bool]) -> Iterator[Edit]:
        """What makes links of those that nobody parsed."""
        for _, pattern, link_of in present(text, UNPARSED):
            for match in pattern.finditer(text):
                start = match.start()
                if is_escaped(text, start) or in_code(start):
                    continue  # a bracket that is escaped is a word
                if (link := link_of(self, match)) is not None:
                    yield *match.span(), link, "wiki-link"

    def wiki_link(self, match: re.Match[str]) -> str | None:
        """`((Page|text))` is a link; `((text))` and `(parent(Page|text))` only to a page that is there, as in prose."""
        name, label = decoded(match[2].strip()), (match[3] or match[2]).strip()
        destination = self._linker.named(name)
        if destination is None and match[3] is not None and not match[1]:
            destination = self._linker.resolve(f"tiki-index.php?page={quote(name)}")
        return self._link(match, name, label, destination)

    def bracketed(self, match: re.Match[str]) -> str | None:
        """`[[Page|text]]`, or `[[text|Page]]`, as wikis differ: of two parts the one that is a page; `![[a.png]]`."""
        embedded, name, anchor, label = match[1], match[2].strip(), match[3] or "", (match[4] or "").strip()
        if embedded and IMAGE_FILE.fullmatch(name):
            return f"![{'' if PIXELS.fullmatch(label) else label}]({encoded(name)})"
        if anchor and not name:
            return label or anchor.strip("#^ ")  # in its own page
        reference = REFERENCE.match(match.string, match.end())
        if not _defined(match.string).isdisjoint(map(_key, [name, reference[1]] if reference else [name])):
            return None
        parts = [(name, label or name + anchor), (label, name)]
        found = [(page, text) for part, text in parts if (page := self._linker.wiki_page(part))]
        if not found:
            return self._outward(match, name + anchor, label)
        destination, text = found[0]
        return self._link(match, name, text, destination.among(page for page, _ in found))

    def _outward(self, match: re.Match[str], first: str, second: str) -> str | None:
        """`[[https://a.example|text]]`, or `[[text|https://a.example]]`; not where a pipe parts code in a table."""
        href, text = (second, first) if WHOLE_SCHEME.match(second) else (first, second)
        if not WHOLE_SCHEME.match(href) or match.string[match.start() - 1 : match.start()] == "`":
            return None
        return self._link(match, href, text or href, self._linker.resolve(href, text))

    def named_link(self, match: re.Match[str]) -> str | None:
        """`[text](Deep wells)`, when there is such a page, or it can be no prose: `[7](Wells 1987)` is some."""
        name = decoded(match[2].strip())
        destination = self._linker.named(name, name.rpartition("#")[0])
        if destination is None and LETTER.search(match[1]) and PAGE_NAME.fullmatch(name):
            destination = self._linker.resolve(f"tiki-index.php?page={quote(name.partition('#')[0])}")
        return self._link(match, name, match[1], destination)

    def sized_image(self, match: re.Match[str]) -> str:
        """`![text](wells.png =300x200)` without the size, of which the width is known."""
        source = match[2].split(" ", 1)[0]
        self.widths.setdefault(encoded(self._linker.source(source)), []).append(int(match[3]) if match[3] else None)
        return f"![{match[1]}]({match[2]})"

    def spoken_id(self, match: re.Match[str]) -> str | None:
        """`[Tiki-index. PHP? page_id=931]`, a link that an autocorrection broke, when the page is found."""
        destination = self._linker.resolve(f"tiki-index.php?page_id={int(match[1])}")
        if destination.href is None:
            self._unlink(match.start(), match[0].strip("[] "), destination)
            return None
        return f"[{' '.join(match[0].strip('[] ').split())}]({destination.href})"

    def loses_image(self, tag: Tag) -> bool:
        """Whether an image stands for a lost file; it is reported then."""
        attributes = tag.attributes()
        source = image_source(attributes)
        lost = not source or self._linker.is_lost(source)
        if lost:
            self._revision.lose_image(tag.start, source, attributes.get("alt", ""))
        return lost

    def image(self, tag: Tag) -> str:
        """The image of a tag in Markdown; empty, when it runs something, or shows nothing."""
        attributes = tag.attributes()
        source = image_source(attributes)
        if self._linker.resolve(source).finding == "link.removed" or attributes.get("width", "").strip() in ("0", "1"):
            self._revision.find("html.removed", tag.start, f"image {short(source)}", "removed")
            return ""
        href = encoded(self._linker.source(source))
        width = PIXELS.fullmatch(attributes.get("width", "")) or STYLE_WIDTH.search(attributes.get("style", ""))
        self.widths.setdefault(href, []).append(int(width[1]) if width else None)
        alt = " ".join(NO_LABEL.sub(" ", attributes.get("alt", "")).split())
        return f"![{'' if alt.lower() == 'image' else alt}]({href})"

    def _link(self, match: re.Match[str], name: str, label: str, destination: Destination | None) -> str | None:
        """A link that was read by its name, when it leads anywhere."""
        if destination is None or destination.href is None:
            return None
        self._lead(match.start(), name, destination)
        closing = "\\]" if is_escaped(label, len(label)) else "]"
        return f"[{label}{closing}({destination.href})"

    def _lead(self, offset: int, href: str, destination: Destination) -> None:
        """Account for a link that stays: with its address as it was, if that has to be told."""
        if destination.state == "dangling":
            self._revision.note_address(offset, destination.href or "", href)
        elif destination.finding:
            self._revision.find(destination.finding, offset, f"link {short(href)}", destination.told)

    def _unlink(self, offset: int, href: str, destination: Destination, *, words: int | None = None) -> None:
        words = offset if words is None else words
        if self._revision.unlink(offset, words, destination.of(href)) and destination.finding:
            self._revision.find(destination.finding, offset, f"link {short(href)}", "its text stays")


def image_source(attributes: Mapping[str, str]) -> str:
    """The address of the image that readers saw.

    >>> image_source({"src": "/a.png", "data-src": "{{ x }}"}), image_source({"src": "data:,", "srcset": "/b.png 2x"})
    ('/a.png', '/b.png')
    """
    written = [attributes.get(name, "").strip() for name in (*LATE_SOURCES, "src")]
    written += [(*attributes.get(name, "").split(), "")[0].rstrip(",") for name in SOURCE_SETS]
    return next(filter(IMAGE_ADDRESS.match, written), "") or next(filter(None, written), "")


@lru_cache(1)
def _defined(text: str) -> frozenset[str]:
    """What a text defines links by, for `[[1]]` and `[[wells]][1]` are such links, in brackets."""
    return frozenset(_key(definition[1]) for definition in DEFINITION.finditer(text))


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


UNPARSED: tuple[tuple[Guard, re.Pattern[str], Callable[[Links, re.Match[str]], str | None]], ...] = (
    (PARENTHESES, WIKI_LINK, Links.wiki_link),
    (guard("[["), BRACKETED, Links.bracketed),
    (guard("ndex"), SPOKEN_ID, Links.spoken_id),
    (ODD_ADDRESS, NAMED_LINK, Links.named_link),
    (ODD_ADDRESS, SIZED_IMAGE, Links.sized_image),
)
"""Links that nobody parsed: guard, pattern, and what stands for a match."""
