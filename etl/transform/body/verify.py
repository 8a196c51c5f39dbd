"""The words that a reader sees before and after: an independent check of the account over the edits.

Source and result are rendered by a CommonMark parser and compared word by word. A word that is
missing or new must stand in a range that some edit replaced; the words that are in both once must
come in the same order. Costs two renderings, so it runs with ``--verify-text`` and in tests.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

import pyromark

from etl.transform.body.edits import Change

HIDDEN = re.compile(r"<(script|style|title)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
TAG = re.compile(r"</?[a-zA-Z!?](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>|</?[a-zA-Z!?][^<>]*>")
INLINE_TAG = re.compile(r"</?(?:a|abbr|b|big|code|em|font|i|s|small|span|strong|sub|sup|tt|u)\b", re.IGNORECASE)
# In a block of HTML, of which a clean body has none, Markdown is shown as it is written: addresses are no words.
SHOWN_ADDRESS = re.compile(
    r"!\[(?:\\.|[^\[\]]|\[[^\[\]]*\])*+\]\((?:[^()\n]|\([^()\n]*\))*+\)"
    r"|\]\((?:[^()\s]*|(?:\S*://|/)[^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)"
)
LIST_MARK = re.compile(r"^(?:[ \t>]|[*+-][ \t])*+(\d{1,9})[.)]", re.MULTILINE)
INDEX = re.compile(r"(?:<|&lt;)/?(su[bp])(?:>|&gt;)", re.IGNORECASE)
WORD = re.compile(r"[^\W_]+")


def rendered(markdown: str) -> str:
    """A body as rendered, without its tags.

    >>> rendered("**a** [b](c) <i>d</i> &eacute; <!-- e -->").split()
    ['a', 'b', 'd', 'é']
    """
    page = pyromark.html(markdown, options=pyromark.Options.ENABLE_TABLES)
    return TAG.sub(lambda tag: "" if INLINE_TAG.match(tag[0]) else " ", HIDDEN.sub(" ", page))


def unexplained(source: str, body: str, changes: Iterable[Change]) -> Iterator[tuple[str, str]]:
    """What no edit explains: ``("lost" | "added" | "moved", words)``."""
    shown = rendered(source)
    before, after = _words(SHOWN_ADDRESS.sub(" ", shown)), _words(rendered(body))
    # What the source holds but its rendering hides may come to light: a cell too many, a number of a list.
    # The number of a list item is no word, nor is the tag of an index: text may become one, and one may be text.
    removed, written = (
        Counter(LIST_MARK.findall(body)) + (Counter(INDEX.findall(body)) & Counter(INDEX.findall(shown))),
        Counter(LIST_MARK.findall(source)) + (Counter(WORD.findall(source)) - Counter(before)),
    )
    gone, come = set(removed), set(written)
    for change in changes:
        was, now = Counter(_touched(change.before)), Counter(_touched(change.after))
        removed.update(was)
        written.update(now)
        gone.update(was - now)
        come.update(now - was)
    # Only letters count: an edit may part a word or join two.
    lost, added = Counter(before) - Counter(after), Counter(after) - Counter(before)
    for kind, words, allowed in (("lost", lost - removed, added + removed), ("added", added - written, lost + written)):
        left = "".join(sorted("".join(words.elements())))
        if left and not _made_of(left, allowed):
            yield kind, " ".join(sorted(words.elements()))
    # A word that went in one place and came in another one may be two, and so may one that is in an address.
    once = _once(before) & _once(_words(shown)) & _once(after) - (gone & come)
    if [word for word in before if word in once] != [word for word in after if word in once]:
        yield "moved", "the words that are in both once come in another order"


def _words(text: str) -> list[str]:
    return WORD.findall(html.unescape(text))


def _once(words: Iterable[str]) -> set[str]:
    return {word for word, count in Counter(words).items() if count == 1}


def _touched(text: str) -> list[str]:
    """Words of a range as text, as rendered, and as an address spells them."""
    return [word for form in (text, html.unescape(text), unquote(text)) for word in WORD.findall(form)]


def _made_of(letters: str, words: Counter[str]) -> bool:
    """Whether letters are all in words: a blank that came or went makes other words of the same letters."""
    return not Counter(letters) - Counter("".join(words.elements()))
