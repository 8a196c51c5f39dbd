"""Links, images and addresses as they are written: one spelling, nothing that touches them, or only their text.

Where each of them goes, `links.Linker` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from etl.transform.body.edits import Edit, Revision, TreeRules
from etl.transform.body.entities import LAST_ENTITY, LONGEST_ENTITY, decoded, without_entities
from etl.transform.body.hrefs import PLAIN, encoded, loses_parenthesis, mended, untracked, without_blanks
from etl.transform.body.links import LOST_FILE, Destination, Linker
from etl.transform.body.literals import MOST_MARKS, is_first
from etl.transform.body.parse import Node
from etl.transform.body.places import is_escaped

CUT_DOI = re.compile(r"doi\.org/10\.\d{4,9}/$")
DOI_REST = re.compile(r"[a-zA-Z0-9][\w.-]*[\w]")
# An alphabet that parts its words: between others a blank would be wrong.
PARTED = r"[0-9A-Za-z\u00c0-\u02af\u0370-\u052f]"
TOUCHES_BEFORE = re.compile(rf"{PARTED}{{2}}|.[,;]")
TOUCHES_BEHIND = re.compile(rf"{PARTED}{{2}}|(?P<link>\[){PARTED}{{2}}[^\[\]\n]{{0,300}}\]\(")
WORDS_END = re.compile(r"[\w.,;:!?)]")
"""What the words of a link end with that touch those of a link right behind."""
ENDS, BEGINS = re.compile(r"[\w.:!?\])](?=\[)"), re.compile(r"[\w\[(]")
"""What the blank at an edge of a link's words parts them from."""
WORDS = frozenset(("Text", "Code", "SoftBreak", "HardBreak"))
"""What words are made of, without marks; a break is a blank between them."""
APART = frozenset(("", *" \n\t()*|.:"))
"""What nearly always stands before a link; it does not touch it."""
APART_BEFORE, APART_BEHIND = frozenset(("", *" \n\t(")), frozenset(("", *" \n\t).,;:"))
"""What may stand around the words of a link that becomes text, without meaning anything else then."""
SIMPLE_LABEL = re.compile(r"(?![>#~=+-]|\d+[.)])[^\[\]*_`<:&|{\n]+")
BLOCK_MARK = re.compile(r"(?:[#+-]|\d{1,9}[.)])(?=\s)|>")
"""What the words of a link may begin with, which would be a mark without its bracket; a star is escaped anywhere."""
SIGNS = rf"[%{PLAIN}]*+"
USUAL_LINK = re.compile(rf"(?<!\s)\]\(((?:https?:/)?/{SIGNS}(?>(?:\({SIGNS}\){SIGNS})*))\)(?!\[?{PARTED}{{2}})")
"""What stands behind the words of a link, as nearly all are: its address is what is written, and no words touch it."""
WIDE = "\u3001\u3002\u3008-\u3011\u3014-\u301b\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"  # punctuation of East Asia
IN_ADDRESS = rf"[^\s<>\x00-\x1f\x7f-\x9f\"\u201c\u201d\u201e\u00ab\u00bb\u200e\u200f{WIDE}|\\`\[\]&]"
BARE_ADDRESS = re.compile(rf"http(?<![\w/=\\]http)s?://(?=\w){IN_ADDRESS}++(?>(?:(?:&(?!lt;|gt;)|\\_){IN_ADDRESS}*+)*)")
NOT_LITERAL = re.compile(r"[\\\[\]*_`<]")
ANGLED = re.compile(r"(?:https?|ftp)://[^\"']*\Z", re.IGNORECASE)
"""What every engine takes for an address between angle brackets: `<tel:1>`, or one with a quote, is a tag to some."""
SENTENCE_MARKS = frozenset(
    ".,;:!?'*_~\\\u2019\u2018\u2026\u2013\u2014"
    "\u0589\u05c3\u060c\u061b\u061f\u06d4\u0964\u0965\u0f0d\u104a\u104b\u1362\u1363\u17d4\u17d5\uff0e\uff61\uff64"
)
"""What ends a sentence or a part of it, in Armenian, Hebrew, Arabic, the scripts of India and its neighbours, too."""
OPENING = {")": "(", "}": "{"}
BY_REFERENCE = frozenset(("Reference", "Collapsed", "Shortcut"))
MARKS_OF_EMPHASIS = frozenset("*_")

Written = tuple[int, str, Destination]
"""A link: where it begins, its address, and what that means."""


class LinkRules(TreeRules):
    """The links, images and bare addresses of one tree, which it is shown in their order."""

    def __init__(self, revision: Revision, linker: Linker, edits: list[Edit]) -> None:
        super().__init__(revision.text, edits)
        self.revision = revision
        self.linker = linker
        self.kept: list[Written] = []
        """Links that stay."""
        self.bare: list[Written] = []
        """Bare addresses that become links, which the tree does not know as such."""
        self.images: list[Node] = []
        """Images that stay, those in the words of other ones left out."""
        self.end = 0
        """Where the last link or image ends: an address before that is in its words."""
        self.lost_end = 0
        """Where the last image of a lost file ends."""

    def by_reference(self, nodes: Iterable[Node]) -> None:
        """The links and images among some nodes whose addresses stand elsewhere."""
        for node in nodes:
            if node.kind == "Link" and node.data["link_type"] in BY_REFERENCE:
                self.link(node)
            elif node.kind == "Image" and node.data["link_type"] in BY_REFERENCE:
                self.image(node)

    def link(self, node: Node) -> None:
        """A link goes to its new place, or becomes its text."""
        self.end = node.end
        if len(node.children) == 1 and self._is_usual(node, node.children[0]):
            return
        if node.data["link_type"] == "Collapsed" and self.text.startswith("[]", node.end):
            node.end += 2  # the parser leaves them out
        if node.data["link_type"] in ("Autolink", "Email"):
            self._address(node.start, node.end, self.text[node.start + 1 : node.end - 1])
            return
        start, end = node.start + 1, max(node.inner_end, node.start + 1)
        label, href = self.text[start:end], node.data["dest_url"]
        if not node.data["title"] and self.linker.is_prose(label, href):
            self._literal(node, label, href)
            return
        destination = self._destination(node, href)
        if destination.href is None:
            self._unlink(node.start, href, destination, f"link {href!r}", "its text stays", words=start)
            self._unmarked(node, label)
            return
        if not label.strip():
            self.revision.find_once("link.removed", node.start, f"link {href!r}", "nothing shows it")
            self._unmarked(node, label)
            return
        if destination.finding and destination.state != "dangling":
            self.revision.find(destination.finding, node.start, f"link {href!r}", destination.told)
        self._keep(node.start, href, self._rewrite(node, label, destination.href, _rule(destination)), destination)

    def _unmarked(self, node: Node, label: str) -> None:
        """The words of a link without its marks and its address."""
        self.again |= not self._is_alone(node, label)
        start, (before, behind) = node.start + 1, self._parting(node)
        self._edit(node.start, start, before, "unlink")
        if (mark := BLOCK_MARK.match(label)) and is_first(self.text, node.start) and not self._is_reference(node, mark):
            self._edit(start + mark.end() - 1, start + mark.end() - 1, "\\", "unlink")
        self._edit(start + len(label), node.end, behind, "unlink")

    def _is_reference(self, node: Node, mark: re.Match[str]) -> bool:
        """Whether the words of a link begin with a number in an item, which `lists` takes for that of a reference."""
        before = self.text[max(node.start - MOST_MARKS, 0) : node.start].rpartition("\n")[2]
        return mark[0][0].isdecimal() and before.strip(" \t>") != ""

    def _keep(self, start: int, href: str, written: str, destination: Destination) -> None:
        """A link stays, with the address that is written for it."""
        if destination.state == "dangling" and written != href:
            self.revision.note_address(start, written, href)
        self.kept.append((start, written, destination))

    def _is_alone(self, node: Node, label: str) -> bool:
        """Whether the words of a link mean the same without it: nothing in or around them is a mark or touches them."""
        around = self.text[max(node.start - 1, 0) : node.start], self.text[node.end : node.end + 1]
        return (
            around[0] in APART_BEFORE
            and around[1] in APART_BEHIND
            and label == label.strip()
            and SIMPLE_LABEL.fullmatch(label) is not None
        )

    def _is_usual(self, node: Node, label: Node) -> bool:
        """Whether a link is as nearly all are: then at most its address changes, and that is done.

        Words in brackets, apart from the words around them, and an address of another site or of a page.
        """
        text, start, usual = self.text, node.start, USUAL_LINK.match(self.text, label.end)
        if (
            usual is None
            or usual.end() != node.end
            or label.kind != "Text"
            or label.start != start + 1
            or text[start + 1].isspace()
            or text[start - 1 : start] not in APART
        ):
            return False
        href = usual[1]
        if _may_be_cut(href) or self.linker.is_lost(href):
            return False
        to = self.linker.resolve(href, label.data)
        if to.href is None or (to.finding and to.state != "dangling"):
            return False
        if to.href != href:
            if _may_be_cut(to.href):
                return False
            self.edits.append((label.end, node.end, f"]({to.href})", _rule(to)))
        self._keep(start, href, to.href, to)
        return True

    def _destination(self, node: Node, href: str) -> Destination:
        """Where a link goes; a label in another emphasis behind a page's name is no part of the name (17)."""
        if self.linker.is_lost(href):
            return LOST_FILE
        if _is_cut(href) and not DOI_REST.match(self.text, node.end):
            return Destination(None, "external", "unmapped", None, "address.shortened")
        destination = self.linker.resolve(href, _plain(node))
        if destination.kind not in ("legacy", "page") or destination.state == "ok":
            return destination
        if not any(child.kind == "Emphasis" for child in node.children):
            return destination
        name = "".join(child.data for child in node.children if child.kind == "Text").strip()
        return (self.linker.page(name) if name else None) or destination

    def _rewrite(self, node: Node, label: str, href: str, rule: str) -> str:
        """Write a link anew; returns its address, for the full stop behind a DOI is no part of it."""
        if _is_cut(href) and (rest := DOI_REST.match(self.text, node.end)):
            self.again = True
            self._edit(node.inner_end, rest.end(), f"{rest[0]}]({href}{rest[0]})", "link")
            return href + rest[0]
        lead, trail = len(label) - len(label.lstrip()), len(label) - len(label.rstrip())
        self.again |= bool(lead or trail)
        tail = href[len(href.rstrip(".,;:")) :] if "doi.org/" in href else ""
        href = href.removesuffix(tail)
        behind = tail if label.rstrip().endswith(tail) else ""
        before, after = self._parting(node)
        before = before or " " * (bool(lead) and ENDS.match(self.text, node.start - 1) is not None)
        after = after or " " * (bool(trail) and BEGINS.match(self.text, node.end) is not None)
        end = node.inner_end - trail - len(behind)
        self._edit(node.start, node.start + 1 + lead, f"{before}[", "link-blank" if before else "link")
        closing = "\\]" if trail and is_escaped(self.text, end) else "]"  # a backslash that a blank parted from it
        self._edit(end, node.end, f"{closing}({href}){behind}{after}", "link-blank" if after else rule)
        return href

    def _parting(self, node: Node) -> tuple[str, str]:
        """The blanks that part a link from the words before and behind it (repair 25)."""
        start, end = node.start, node.end
        before = TOUCHES_BEFORE.match(self.text, max(start - 2, 0), start)
        if before and LAST_ENTITY.search(self.text, max(start - LONGEST_ENTITY, 0), start):
            before = None  # its semicolon is none
        behind = TOUCHES_BEHIND.match(self.text, end)
        if behind and behind["link"] and not WORDS_END.match(self.text, node.inner_end - 1):
            behind = None
        return " " if before else "", " " if behind else ""

    def _literal(self, node: Node, label: str, href: str) -> None:
        """Brackets again."""
        end = node.end + loses_parenthesis(label, href, self.text, node.end)
        self._edit(node.start, node.start + 1, "\\[", "bracket-link")
        self._edit(node.inner_end, end, "\\]", "bracket-link")

    def image(self, node: Node) -> None:
        """The alternative text `image` says nothing; the address is encoded; an image of a lost file goes (33)."""
        if node.start < self.lost_end:
            return  # it is in the words of one that goes
        if self.linker.is_lost(node.data["dest_url"]):
            self.lost_end = node.end
            self.revision.lose_image(node.start, node.data["dest_url"], alternative(node))
            self._edit(node.start, node.end, "", "lost-image")
            return
        if not self.images or self.images[-1].end <= node.start:
            self.images.append(node)
        self.end = node.end
        label = self.text[node.start + 2 : node.inner_end] if node.children else ""
        source = self.linker.source(node.data["dest_url"])
        if self.linker.resolve(source).finding == "link.removed":
            self.revision.find("link.removed", node.start, f"image {source!r}", "its text stays")
            self._edit(node.start, node.end, label, "unlink")
            self.again = True
        elif label == "image":
            self._edit(node.start, node.end, f"![]({encoded(source)})", "image-alt")
        else:
            self._edit(node.start + 2 + len(label), node.end, f"]({encoded(source)})", "image-alt")

    def _address(self, start: int, end: int, shown: str) -> None:
        """An address that is its own text: an autolink, a link to a page of the export, or text."""
        bare = self.text[start] != "<"
        # Behind an angle bracket a mark may not end what it ended behind a letter.
        self.again |= bare and self.text[end : end + 1] in MARKS_OF_EMPHASIS
        if self.linker.is_elsewhere(shown) and ANGLED.match(shown):
            destination = Destination(shown, "external", "external")
            if bare:
                self.bare.append((start, shown, destination))
                self.edits.append((start, end, f"<{shown}>", "bare-address"))
            else:
                self.kept.append((start, shown, destination))
            return
        address = untracked(mended(decoded(without_blanks(shown))))
        destination = self.linker.resolve(address)
        if not bare:
            self.kept.append((start, address if destination.href else shown, destination))
        if destination.href is None:
            self._unlink(start, shown, destination, f"address {shown!r}", "it stays as text", words=start)
            self._edit(start, end, shown, "autolink")
        elif destination.kind in ("page", "tag"):
            self.again = True
            self._edit(start, end, f"[{_literally(shown)}]({destination.href})", "page-link")
            if destination.state == "dangling":
                self.revision.note_address(start, destination.href, shown)
            elif destination.finding:
                self.revision.find(destination.finding, start, f"address {shown!r}", destination.told)
        elif not ANGLED.match(address):
            self.again |= bare
            self._edit(start, end, f"[{_literally(shown)}]({encoded(address)})", "bare-address" if bare else "autolink")
        else:
            written = "%20".join(address.replace("<", "%3C").replace(">", "%3E").split())
            self._shortened(start, shown, written)
            angled = without_entities(written)
            if bare:
                self.again |= angled != written  # some parsers show it as it is written
                self.bare.append((start, written, destination))
            self._edit(start, end, f"<{angled}>", "bare-address" if bare else "autolink")

    def bare_addresses(self, node: Node) -> Sequence[tuple[int, int]]:
        """An address in prose becomes a link, the punctuation around it outside (repair 13); returns where they are."""
        found: list[tuple[int, int]] = []
        for match in BARE_ADDRESS.finditer(self.text, node.start, node.end):
            shown = _without_punctuation(match[0])
            if self.text.startswith(("...", "\u2026"), match.start() + len(shown)):
                continue  # shortened for show: it leads nowhere
            found.append((match.start(), match.start() + len(shown)))
            self._address(*found[-1], shown.replace("\\_", "_"))
        return found

    def _shortened(self, start: int, shown: str, written: str) -> None:
        """What went from an address that readers see is a finding."""
        if len(written) < len(decoded(shown)):
            self.again = True
            self.revision.find("address.shortened", start, f"address {shown!r}", f"is {written!r} now")

    def _unlink(self, start: int, href: str, destination: Destination, what: str, done: str, *, words: int) -> None:
        """A link becomes text, which is told once: its words may be the address again."""
        if self.revision.unlink(start, words, destination.of(href)) and destination.finding:
            self.revision.find(destination.finding, start, what, done)


def alternative(image: Node) -> str:
    """The text that stands for an image; `image` says nothing."""
    text = "".join(child.data or " " for child in image.walk() if child.kind in WORDS)
    return "" if text == "image" else text


def _literally(shown: str) -> str:
    return NOT_LITERAL.sub(r"\\\g<0>", shown)


def _without_punctuation(address: str) -> str:
    """An address without the marks of the sentence behind it, and without brackets that it did not open.

    >>> _without_punctuation("http://a.example/b_(c)),"), _without_punctuation("http://a.example/?!")
    ('http://a.example/b_(c)', 'http://a.example/')
    """
    while True:
        last = address[-1]
        if last == ";" and (entity := LAST_ENTITY.search(address)):
            address = address[: entity.start()]
            last = address[-1]
        opening = OPENING.get(last)
        if last in SENTENCE_MARKS or (opening and address.count(last) > address.count(opening)):
            address = address[:-1]
        else:
            return address


def _rule(destination: Destination) -> str:
    """The rule under which a link gets its address."""
    return "page-link" if destination.kind in ("page", "tag") else "link"


def _is_cut(href: str) -> bool:
    """Whether an address is a DOI without its end."""
    return "doi.org/" in href and CUT_DOI.search(href) is not None


def _may_be_cut(href: str) -> bool:
    """Whether an address may be a DOI without its end, or with a mark of the sentence behind it."""
    return "doi.org/" in href and href[-1] in ".,;:/"


def _plain(node: Node) -> str:
    """The text of a node without marks."""
    return "".join(child.data if child.kind in ("Text", "Code") else " " for child in node.walk() if child is not node)
