"""The structure of a body: canonical Markdown, found by a CommonMark parser and not by line patterns.

Each rule is a small function of a node that asks for edits. All rules look at one tree, their edits
are applied together, and the text is parsed again until no rule asks for a change: so the result is
a fixed point, and cleaning it again changes nothing.

`Structure` goes from round to round (`round`): before each, it lays out the lists of the text (`list_layout`), and
parses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from etl.settings import Settings, finders
from etl.transform.body.code import Code, code_size
from etl.transform.body.definitions import SIGN, definition_edits, escape_edits
from etl.transform.body.edits import Revision
from etl.transform.body.joins import kept_apart
from etl.transform.body.link_edits import LinkRules
from etl.transform.body.links import Linker
from etl.transform.body.list_layout import laid_out, refilled
from etl.transform.body.parse import Node, Tree, parse
from etl.transform.body.places import is_inside
from etl.transform.body.round import Round
from etl.transform.body.tables import is_plain

MOST_ROUNDS = 50
MOST_LAYOUTS = 4
"""What was words of an item may begin a list in it once there are fewer blanks behind its mark."""
SETTLED = frozenset(
    """blank-lines edge blanks line-blanks tight-list bracket link page-link image-alt number hard-break unlink
    bare-address literal""".split()
)
"""Rules behind which no rule has more to ask for, if none says so (`TreeRules.again`), and whose edits leave blocks and
visible text as they are: the tree before them tells both."""

SHOWN = frozenset(("Text", "Html", "InlineHtml"))
"""What a source shows as it is written."""


class Structure:
    """One body in rounds."""

    def __init__(self, revision: Revision, settings: Settings, linker: Linker) -> None:
        self.revision = revision
        self.linker = linker
        self.drop = finders(settings.drop_lines)

    def run(self) -> Round:
        """Apply the rules until none asks for a change; returns the last round, whose tree is that of the result.

        Its ranges may be those before edits that are `SETTLED`.
        """
        for _ in range(MOST_ROUNDS):
            last = Round(self.revision, self.linker, self._tree(), self.drop)
            last.run()
            applied = self.revision.apply([*last.edits, *kept_apart(last.text, last.edits)])
            if "lost-image" in applied:
                self.revision.apply(refilled(self.revision))
            last.edits.clear()  # so many of a hostile body that they are not kept
            if applied <= SETTLED and not last.again and not self.revision.postponed:
                break
        self.revision.uncovered |= code_size(last.text, last.tree.nodes) != self.revision.code_size
        return last

    def _tree(self) -> Tree:
        """The tree of the text, once no definition is in it and its lists are laid out."""
        if SIGN in self.revision.text:
            code = Code(self.revision.text)
            self.revision.apply(escape_edits(self.revision.text, lambda at: self._is_word(at, code)))
        tree = parse(self.revision.text, is_plain)
        if SIGN in self.revision.text and self._without_definitions(tree.nodes):
            tree = parse(self.revision.text, is_plain)
        for _ in range(MOST_LAYOUTS):
            if not self.revision.apply(laid_out(self.revision.text, tree)):
                break
            tree = parse(self.revision.text, is_plain)
        return tree

    def _without_definitions(self, nodes: Sequence[Node]) -> bool:
        """Links by reference get their addresses themselves, and what defined them goes; whether anything did.

        First of all, for what is between blocks is in the way of most rules.
        """
        links = LinkRules(self.revision, self.linker, [])
        links.by_reference(nodes)
        text = self.revision.text
        edits = [*links.edits, *definition_edits(text, nodes)]
        return bool(self.revision.apply([*edits, *kept_apart(text, edits)]))

    def _is_word(self, offset: int, code: Code) -> bool:
        """Whether a character of the text, but for its code, is one that the source shows."""
        return is_inside(self.revision.origin(offset), self._shown) and not code.holds(offset)

    @cached_property
    def _shown(self) -> list[tuple[int, int]]:
        """Where the source shows what is written, in order."""
        return [(node.start, node.end) for node in parse(self.revision.source).nodes if node.kind in SHOWN]
