"""The cleaner: from a body full of scars to clean Markdown, every change under the name of its rule."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from etl.model import Finding, Image, Link
from etl.settings import Settings
from etl.transform.body.edits import Change, Revision
from etl.transform.body.links import Linker
from etl.transform.body.parse import Node
from etl.transform.body.residue import PRIVATE, residue
from etl.transform.body.structure import BOX_START, Structure
from etl.transform.body.surface import Surface
from etl.transform.body.text import excerpt, visible_text

__all__ = ["Cleaned", "clean_body"]


@dataclass(slots=True)
class Cleaned:
    """A clean body and all that is known of it."""

    body: str
    text: str
    excerpt: str
    links: list[Link]
    images: list[Image]
    complete: bool
    findings: list[Finding]
    counts: Counter[str]
    """Changes by rule."""
    changes: list[Change] | None
    lost_images: list[str]


def clean_body(source: str, settings: Settings, linker: Linker, *, first_line: int = 1, keep_changes: bool = False) -> Cleaned:
    """Clean Markdown of a body (contract, section 6); never raises, whatever the body.

    ``first_line`` is the line of the member where the body begins; findings point into the member.
    """
    revision = Revision(source, first_line, keep_changes=keep_changes)
    surface = Surface(revision, settings, linker)
    surface.run()
    structure = Structure(revision, settings, linker)
    root = structure.run()
    links = _links(root, revision, linker, surface, structure)
    images = _images(root, linker, surface)
    _report_leftovers(root, revision)
    text = visible_text(root)
    return Cleaned(
        body=_boxed(revision.text, settings),
        text=text,
        excerpt=excerpt(text),
        links=links,
        images=images,
        complete=surface.complete,
        findings=revision.findings,
        counts=revision.counts,
        changes=revision.changes,
        lost_images=[address for _, address in surface.lost_images],
    )


def _links(root: Node, revision: Revision, linker: Linker, surface: Surface, structure: Structure) -> list[Link]:
    """All links in order: those that stay, and those of which only the text stayed."""
    found = [
        (offset, Link(href=href, kind=gone.kind, state=gone.state, target=gone.target))
        for offset, href, gone in [*surface.unlinked, *structure.unlinked]
    ]
    for node in root.walk():
        if node.kind != "Link" or node.data["link_type"] == "Email":
            continue
        href = node.data["dest_url"]
        to = linker.resolve(href)
        if to.state == "dangling":
            revision.find("link.dangling", node.start, f"link {href!r} goes to a page that is not in the export", "kept")
        found.append((revision.origin(node.start), Link(href=href, kind=to.kind, state=to.state, target=to.target)))
    return [link for _, link in sorted(found, key=lambda entry: entry[0])]


def _images(root: Node, linker: Linker, surface: Surface) -> list[Image]:
    lost = [(offset, Image(src=src, alt="", width=None, state="missing")) for offset, src in surface.lost_images]
    kept = []
    for node in root.walk():
        if node.kind != "Image":
            continue
        src = node.data["dest_url"]
        widths = surface.widths.get(src)
        to = linker.resolve(src)
        alt = "".join(child.data for child in node.walk() if child.kind == "Text")
        state = "ok" if to.state == "ok" else "external"
        kept.append((node.start, Image(src=src, alt=alt, width=widths.pop(0) if widths else None, state=state)))
    origin = surface.revision.origin
    every = [*lost, *((origin(offset), image) for offset, image in kept)]
    return [image for _, image in sorted(every, key=lambda entry: entry[0])]


def _report_leftovers(root: Node, revision: Revision) -> None:
    """What no rule removed, what lost its meaning, and a heading at the very end."""
    code = [(node.start, node.end) for node in root.walk() if node.kind in ("Code", "CodeBlock")]
    for offset, what in residue(revision.text):
        if not any(start <= offset < end for start, end in code):
            revision.find("residue.found", offset, f"leftover {what!r}", "kept")
    private = Counter(PRIVATE.findall(revision.text))
    for char, count in sorted(private.items()):
        message = f"private-use character U+{ord(char):04X}, {count} times"
        revision.find("character.private", revision.text.index(char), message, "kept")
    if "\ufffd" in revision.text:
        count = revision.text.count("\ufffd")
        revision.find("character.replaced", revision.text.index("\ufffd"), f"U+FFFD, {count} times", "kept")
    if root.children and root.children[-1].kind == "Heading":
        last = root.children[-1]
        revision.find("heading.trailing", last.start, f"heading {revision.text[last.start : last.end].strip()!r} has nothing after it", "kept")


def _boxed(body: str, settings: Settings) -> str:
    """Boxes in the form that the settings ask for."""
    if settings.boxes == "div" or BOX_START not in body:
        return body
    box = re.compile(rf"^{re.escape(BOX_START)}\n\n(.*?)\n\n</div>$", re.DOTALL | re.MULTILINE)
    if settings.boxes == "unwrap":
        return box.sub(lambda match: match[1], body)
    return box.sub(lambda match: re.sub(r"^", "> ", match[1], flags=re.MULTILINE).replace("> \n", ">\n"), body)
