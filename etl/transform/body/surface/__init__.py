"""The surface of a body: remnants, characters and inline HTML become plain Markdown.

One walk from left to right over everything that is not prose (`walk`), and patterns of lines for what no walk can see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from etl.settings import Settings
from etl.transform.body.code import Code, code_size
from etl.transform.body.edits import Edit, Revision, short
from etl.transform.body.links import Linker
from etl.transform.body.remnants import remnants, remnants_among_tags
from etl.transform.body.surface.links import Links
from etl.transform.body.surface.walk import Walk

__all__ = ["Surface"]

UNCOVERS = frozenset("escape stray-tag tiki-marker tiki-mark comment script invisible declaration".split())
COVERED = frozenset("bold bullet rule tiki-mark heading repetition address".split())
"""Rules of lines that write nothing that the walk would read."""


class Surface:
    """The surface of a body, over all walks; what it keeps is what the document needs to know of it."""

    def __init__(self, revision: Revision, settings: Settings, linker: Linker) -> None:
        self.links = Links(revision, settings, linker)
        self.code_size = 0
        """How much the code blocks of the result hold (`code_size`), when no edit opened or closed one by accident."""
        self.complete = True
        """Whether no box was open at the end."""
        self.uncovered = False
        """Whether the last edits may have brought to light what the walk has to look at again."""
        self._revision = revision
        self._done = ""
        """The text in which patterns of whole lines found nothing."""

    def run(self) -> bool:
        """Collect and apply all edits of a walk; may be called again for what came to light.

        Returns whether the text changed.
        """
        revision, text = self._revision, self._revision.text
        code, walk = Code(text), Walk(text, revision, self.links)
        edits = walk.run(code.nodes)
        self.code_size = code_size(text, code.nodes) + walk.code_size
        self.complete = self.complete and walk.complete
        applied = revision.apply([*edits, *self._reported(text, remnants_among_tags(text, code.holds))])
        self.uncovered = revision.postponed or not UNCOVERS.isdisjoint(applied)
        return bool(applied)

    def run_lines(self) -> bool:
        """Collect and apply what patterns of whole lines ask for; returns whether the text changed.

        After the walk, for what it removes may have stood between a remnant and the start of its line.
        """
        revision, text = self._revision, self._revision.text
        self.uncovered = False
        if text is self._done:
            return False
        code = Code(text)
        edits = self._reported(text, remnants(text, code.holds))
        applied = revision.apply([*edits, *self.links.unparsed(text, code.holds)])
        self._done = revision.text if not applied else ""
        self.uncovered = not applied <= COVERED
        return bool(applied)

    def _reported(self, text: str, edits: Iterable[Edit]) -> Iterator[Edit]:
        """What a remnant takes from the visible text is a finding."""
        find = self._revision.find
        for start, end, replacement, rule in edits:
            quoted = short(text[start:end])
            if rule in ("tiki-marker", "soup"):
                find("markup.removed", start, f"rest of a marker {quoted}", "removed")
            elif rule == "nested-link":
                find("address.shortened", start, f"link in a link {quoted}", "parted")
            elif rule == "repetition" and len(replacement) < end - start:
                find("address.shortened", start, f"address {short(text[start + 1 : end])}", "removed")
            yield start, end, replacement, rule
