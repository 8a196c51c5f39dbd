"""What a reader sees of a rendered page, as an outline that can be compared: blocks, their nesting, their text.

Only presentation is evened out: entities, runs of blanks, where a browser closes a paragraph, tight and loose
items, `thead` and `tbody`, `b` and `strong`, which of bold and italic is outside, the spelling of an address, how
far code is indented. Everything else is kept: levels, numbers of lists, cells, boxes, links with their addresses,
bold, emphasis, sub- and superscript, breaks, images.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import quote, unquote

INLINE = {
    "a": "a",
    "b": "b",
    "code": "code",
    "del": "del",
    "em": "i",
    "i": "i",
    "s": "del",
    "strong": "b",
    "sub": "sub",
    "sup": "sup",
}
BLOCKS = frozenset("p h1 h2 h3 h4 h5 h6 ul ol li table tr th td div blockquote pre dl dt dd section".split())
TRANSPARENT = frozenset("thead tbody tfoot".split())
KINDS = {"blockquote": "quote", "pre": "code", "th": "cell", "td": "cell", "tr": "row", "li": "item"}
BLANKS = re.compile(r"[ \t\r\n]+")
AROUND_BREAK = re.compile(r" ?(⟨br⟩) ?")
CODE_EDGES = re.compile(r"(?<=⟨code⟩) | (?=⟨/code⟩)")
BOLD_OUTSIDE = re.compile(r"⟨b⟩⟨i⟩([^⟨⟩]*)⟨/i⟩⟨/b⟩")
BARE_AMPERSAND = re.compile(r"&(?=[A-Za-z][A-Za-z0-9]*=)")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page: its kind (`h2`, `ul`, `item`, `p`, `code sh`, `cell`, `box`, …), its text or what is in it."""

    kind: str
    text: str = ""
    children: tuple[Block, ...] = ()

    def lines(self, depth: int = 0) -> list[str]:
        """The block for people: a line for each block, indented by depth."""
        own = ["  " * depth + self.kind + (f": {self.text}" if self.text else "")]
        return own + [line for child in self.children for line in child.lines(depth + 1)]


class _Frame:
    """A block whose end has not come yet."""

    def __init__(self, tag: str, kind: str) -> None:
        self.tag = tag
        self.kind = kind
        self.children: list[Block] = []
        self.inline: list[str] = []

    def flush(self) -> None:
        """What stands in the block without a paragraph of its own is one."""
        text = "".join(self.inline)
        self.inline = []
        text = _code(text) if self.tag == "pre" else _prose(text)
        if text:
            self.children.append(Block("p", text))

    def block(self) -> Block:
        """The finished block; text that is alone in it is its text."""
        alone = len(self.children) == 1 and self.children[0].kind == "p"
        if alone and self.kind not in ("item", "box", "quote"):
            return Block(self.kind, self.children[0].text)
        return Block(self.kind, "", tuple(self.children))


def _code(text: str) -> str:
    return textwrap.dedent(text.expandtabs(4).strip("\n"))


def _prose(text: str) -> str:
    text = AROUND_BREAK.sub(r"\1", BLANKS.sub(" ", text)).strip()
    return BOLD_OUTSIDE.sub(r"⟨i⟩⟨b⟩\1⟨/b⟩⟨/i⟩", CODE_EDGES.sub("", text))


class _Reader(HTMLParser):
    """Tags to frames to blocks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.frames = [_Frame("", "page")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in BLOCKS:
            self._begin(tag, values)
        elif tag == "hr":
            self._leave("p")
            self.frames[-1].flush()
            self.frames[-1].children.append(Block("rule"))
        elif tag not in TRANSPARENT:
            self.frames[-1].inline.append(self._mark(tag, values))

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self._leave(tag)
        elif tag in INLINE and not (tag == "code" and self.frames[-1].tag == "pre"):
            self.frames[-1].inline.append(f"⟨/{INLINE[tag]}⟩")

    def handle_data(self, data: str) -> None:
        self.frames[-1].inline.append(data)

    def page(self) -> Block:
        """All blocks, once everything is read."""
        self.close()
        while len(self.frames) > 1:
            self._leave(self.frames[-1].tag)
        self.frames[0].flush()
        return Block("page", "", tuple(self.frames[0].children))

    def _mark(self, tag: str, values: dict[str, str | None]) -> str:
        if tag == "code" and self.frames[-1].tag == "pre":
            self.frames[-1].kind = (values.get("class") or "code").replace("language-", "code ")
            return ""
        if tag == "a":
            return f"⟨a {address(values.get('href') or '')}⟩"
        if tag == "img":
            return f"⟨img {address(values.get('src') or '')} {values.get('alt') or ''}⟩"
        return f"⟨{INLINE.get(tag, tag)}⟩"

    def _begin(self, tag: str, values: dict[str, str | None]) -> None:
        self._leave("p")
        self.frames[-1].flush()
        kind = KINDS.get(tag, tag)
        if tag == "div" and values.get("class") == "box":
            kind = "box"
        if tag == "ol" and (values.get("start") or "1") != "1":
            kind = f"ol from {values['start']}"
        self.frames.append(_Frame(tag, kind))

    def _leave(self, tag: str) -> None:
        """Close the innermost open block of a name, and what is open in it."""
        open_tags = [frame.tag for frame in self.frames]
        if tag not in open_tags or (tag == "p" and open_tags[-1] != "p"):
            return
        while True:
            frame = self.frames.pop()
            frame.flush()
            above = self.frames[-1].children
            if frame.tag == "p":
                above.extend(frame.children)
            else:
                above.append(frame.block())
            if frame.tag == tag:
                return


def address(href: str) -> str:
    """One spelling of an address: every engine encodes other characters."""
    return quote(unquote(href), safe="/:?#[]@!$&'()*+,;=~%")


def outline(page: str) -> Block:
    """The outline of a rendered page.

    >>> print("\\n".join(outline("<h2>A &amp; b</h2><ul><li><p>c</p></li></ul>").lines()))
    page
      h2: A & b
      ul
        item
          p: c
    """
    reader = _Reader()
    reader.feed(BARE_AMPERSAND.sub("&amp;", page))  # in an address a browser reads `&copy=` as it stands
    return reader.page()
