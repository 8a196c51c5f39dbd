"""The cleaner: from a body full of scars to clean Markdown, every change under the name of its rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from etl.model import Finding, ImageFields, LinkFields
from etl.settings import Settings
from etl.transform.body.code import Code
from etl.transform.body.edits import Change, Revision, short
from etl.transform.body.hrefs import encoded
from etl.transform.body.indented_tags import outdented
from etl.transform.body.link_edits import alternative
from etl.transform.body.links import Linker
from etl.transform.body.quotes import BOX_TAG, quote_edits, quoted_tags
from etl.transform.body.residue import private, residue
from etl.transform.body.round import Round
from etl.transform.body.structure import Structure
from etl.transform.body.surface import Surface
from etl.transform.body.text import excerpt, visible_text
from etl.transform.body.verify import unexplained

__all__ = ["Cleaned", "clean_body"]

MOST_PASSES = 3
"""The structure may bring a remnant together, or make text of code: then the surface looks again."""


@dataclass(slots=True)
class Cleaned:
    """A clean body and all that is known of it."""

    body: str
    text: str
    excerpt: str
    links: Sequence[LinkFields]
    """In order."""
    images: Sequence[ImageFields]
    """In order."""
    complete: bool
    findings: list[Finding]
    counts: Counter[str]
    """Changes by rule."""
    changes: list[Change] | None


def clean_body(
    source: str,
    settings: Settings,
    linker: Linker,
    *,
    first_line: int = 1,
    keep_changes: bool = False,
    verify: bool = False,
) -> Cleaned:
    """Clean Markdown of a body (contract, section 6); never raises, whatever the body.

    ``first_line`` is the line of the member where the body begins; findings point into the member. ``verify``
    compares the words of source and result as rendered, too (``--verify-text``).
    """
    if "\r" in source:
        source = source.replace("\r\n", "\n").replace("\r", "\n")
    revision = Revision(source, first_line, keep_changes=keep_changes or verify)
    revision.apply(quoted_tags(source))
    revision.apply(outdented(revision.text))
    surface, structure = Surface(revision, linker), Structure(revision, settings, linker)
    last = _run(surface, structure)
    if "blockquote>" in revision.text and revision.apply(quote_edits(revision.text)):
        last = _run(surface, structure)
    marked = settings.boxes == "quote"
    if settings.boxes != "div" and revision.apply(quote_edits(revision.text, BOX_TAG, marked=marked)):
        last = _run(surface, structure)
    links, images = _links(revision, last), _images(linker, revision, surface, last)
    _report_leftovers(revision, last)
    text = visible_text(last.tree.nodes)
    if verify:
        _report_rendered(revision)
    return Cleaned(
        body=revision.text,
        text=text,
        excerpt=excerpt(text),
        links=links,
        images=images,
        complete=surface.complete,
        findings=revision.findings,
        counts=revision.counts,
        changes=revision.changes if keep_changes else None,
    )


def _run(surface: Surface, structure: Structure) -> Round:
    """Surface and structure, until the surface finds nothing in what the structure made; returns the last round."""
    surface.run()
    for _ in range(MOST_PASSES):
        last = structure.run()
        if not surface.run():
            return last
    return structure.run()


def _links(revision: Revision, last: Round) -> Sequence[LinkFields]:
    """All links in order: those that stay, and those of which only the text stayed."""
    links, version = last.links, last.version
    found = [*revision.unlinked]
    found += [(revision.origin(start, version), to.of(href)) for start, href, to in links.bare]
    for start, href, to in links.kept:
        offset = revision.origin(start, version)
        found.append((offset, to.of(href)))
        if to.state == "dangling":
            revision.find_dangling(offset, href)
    return [link for _, link in sorted(found, key=itemgetter(0))]


def _images(linker: Linker, revision: Revision, surface: Surface, last: Round) -> Sequence[ImageFields]:
    """All images in order, lost ones included."""
    found: list[tuple[int, ImageFields]] = [
        (offset, {"src": src, "alt": alt, "width": None, "state": "missing"})
        for offset, src, alt in revision.lost_images
    ]
    for node in last.links.images:
        src = encoded(linker.source(node.data["dest_url"]))
        widths = surface.links.widths.get(src)
        image: ImageFields = {
            "src": src,
            "alt": alternative(node),
            "width": widths.pop(0) if widths else None,
            "state": linker.state_of_image(src),
        }
        if image["state"] == "missing":
            message = f"image {short(src)}: its address leads to no file of the old site"
            action = "kept; address_rewrites can give it another one"
            revision.find("image.missing", node.start, message, action, version=last.version)
        found.append((revision.origin(node.start, last.version), image))
    return [image for _, image in sorted(found, key=itemgetter(0))]


def _report_rendered(revision: Revision) -> None:
    """Words that a reader sees in the source alone, in the result alone, or at another place, and no edit says why."""
    for kind, words in unexplained(revision.source, revision.text, revision.changes or ()):
        code = "text.added" if kind == "added" else "text.lost"
        revision.find(code, 0, f"as rendered, {kind}: {short(words, 200)}", "reported")


def _report_leftovers(revision: Revision, last: Round) -> None:
    """What no rule removed, what lost its meaning, and a heading at the very end."""
    code = Code(revision.text)
    for offset, what in residue(revision.text):
        if not code.holds(offset):
            revision.find("residue.found", offset, f"leftover {what!r}", "kept")
    for char, count in sorted(Counter(private(revision.text)).items()):
        message = f"private-use character U+{ord(char):04X}, {count} times"
        revision.find("character.private", revision.text.index(char), message, "kept")
    if "\ufffd" in revision.text:
        count = revision.text.count("\ufffd")
        revision.find("character.replaced", revision.text.index("\ufffd"), f"U+FFFD, {count} times", "kept")
    blocks = last.tree.root.children
    if blocks and blocks[-1].kind == "Heading":
        message = f"heading {visible_text(blocks[-1].walk())!r} has nothing after it"
        revision.find("heading.trailing", blocks[-1].start, message, "kept", version=last.version)
