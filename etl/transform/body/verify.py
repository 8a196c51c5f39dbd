"""The words that a reader sees before and after: an independent check of the account over the edits.

Source and result are rendered by a CommonMark parser and compared word by word. A word that is
missing must have gone, and a new one must have come, in a range that some edit replaced; one that
stays there, or was hidden, explains nothing. The words that are in both as often must come in the
same order. Costs two renderings, so it runs with ``--verify-text`` and in tests.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from urllib.parse import unquote

import pyromark

from etl.transform.body.edits import MARKUP, Change

HIDDEN = re.compile(r"<(script|style|title)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
TAG = re.compile(r"</?[a-zA-Z!?](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>|</?[a-zA-Z!?][^<>]*>")
INLINE_TAG = re.compile(r"</?(?:a|abbr|b|big|code|em|font|i|s|small|span|strong|sub|sup|tt|u)\b", re.IGNORECASE)
# In a block of HTML, of which a clean body has none, Markdown is shown as it is written, and so is a link whose address
# is a template of Jekyll: addresses are no words.
SHOWN_ADDRESS = re.compile(
    r"!\[(?>(?:\\.|[^\[\]]|\[[^\[\]]*\])*)\]\((?>(?:[^()\n]|\([^()\n]*\))*)\)"
    r"|\]\((?:[^()\s]*|(?:\S*://|/|\{[{%])[^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)"
)
UNSEEN = re.compile(rf"(?<=```)\w\S*|{MARKUP.pattern}", re.DOTALL | re.VERBOSE)
"""What a change writes that no reader sees, at most."""
SURELY_UNSEEN = re.compile(
    r"<!--(?:(?!--).)*-->|\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)"
    r"|</?[a-zA-Z][\w-]*(?:[ \t]+[a-zA-Z_:][\w.:-]*(?:=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'=<>`]+))?)*[ \t]*/?>",
    re.DOTALL,
)
"""Comments, addresses and tags that no reader saw, unless the source shows such."""
SHOWN_MARKUP = re.compile(r"&lt;/?[a-zA-Z!]|\]\(")
CODE_BLOCK = re.compile(r"<pre><code[^<>]*>[^<]*")
LIST_MARK = re.compile(r"(?:^(?>(?:[ \t>]|[*+-][ \t])*)|(?<=\d[.)] ))(\d{1,9})[.)]", re.MULTILINE)
"""Its number, which may be the first word in an item of another list."""
LANGUAGE = re.compile(r"^(?>(?:[ \t>]|[*+-][ \t])*)(?:`{3,}|~{3,})[ \t]*(\w\S*)", re.MULTILINE)
INDEX = re.compile(r"(?:<|&lt;)/?(su[bp])(?:>|&gt;)", re.IGNORECASE)
WORD = re.compile(r"[^\W_]+")
INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""What parts no word for a reader."""


def rendered(markdown: str) -> str:
    """A body as rendered, without its tags, but with the entities in code blocks, which may be lines of HTML.

    >>> rendered("**a** [b](c) <i>d</i> &eacute; <!-- e -->\\n\\n    &eacute;").split()
    ['a', 'b', 'd', 'é', '&eacute;']
    """
    page = pyromark.html(markdown, options=pyromark.Options.ENABLE_TABLES)
    page = CODE_BLOCK.sub(lambda code: code[0].replace("&amp;", "&"), page)
    return TAG.sub(lambda tag: "" if INLINE_TAG.match(tag[0]) else " ", HIDDEN.sub(" ", page))


def unexplained(source: str, body: str, changes: Iterable[Change]) -> Iterator[tuple[str, str]]:
    """What no edit explains: ``("lost" | "added" | "moved", words)``."""
    shown = rendered(source)
    before, after = _words(SHOWN_ADDRESS.sub(" ", shown)), _words(rendered(body))
    # What the source holds but its rendering hides may come to light: a cell too many, a number of a list.
    # The number of a list item is no word, nor is the language of code or the tag of an index: text may become one,
    # and one may be text.
    hidden = Counter(LIST_MARK.findall(source)) + (_touched(source) - Counter(before))
    removed = (
        Counter(LIST_MARK.findall(body))
        + Counter(_words(" ".join(LANGUAGE.findall(body))))
        + (Counter(INDEX.findall(body)) & Counter(INDEX.findall(shown)))
    )
    written = Counter[str]()
    come = set(hidden)
    unseen = None if SHOWN_MARKUP.search(shown) else SURELY_UNSEEN
    for change in changes:
        was, now = _touched(change.before), _touched(change.after)
        went = _touched(unseen.sub(" ", change.before)) if unseen else was
        removed.update(went - Counter(_words(UNSEEN.sub(" ", change.after))))
        written.update(now - was)
        come.update(now - went)
    lost, added = Counter(before) - Counter(after), Counter(after) - Counter(before)
    # Only letters count: an edit may part a word or join two, one of which may have been hidden.
    new = added - hidden - written
    joined = _in_one_of(new, hidden - added)
    for kind, words, letters in (
        ("lost", lost - removed, added + (removed - lost)),
        ("added", new, lost + (written - added) + joined),
    ):
        left = "".join(sorted("".join(words.elements())))
        if left and not _made_of(left, letters):
            yield kind, " ".join(sorted(words.elements()))
    if _is_moved(before, after, _words(shown), come & removed.keys()):
        yield "moved", "the words that are in both as often come in another order"


def _is_moved(
    before: Sequence[str], after: Sequence[str], shown: Sequence[str], gone_and_come: AbstractSet[str]
) -> bool:
    """Whether the words that are in both as often come in another order.

    A word that went in one place and came in another one may be two, and so may one that is in an address, which only
    ``shown`` holds.
    """
    counts, all_counts = Counter(before), Counter(shown)
    same = {word for word, count in Counter(after).items() if count == counts[word] == all_counts[word]}
    same -= gone_and_come
    return [word for word in before if word in same] != [word for word in after if word in same]


def _words(text: str) -> list[str]:
    return WORD.findall(INVISIBLE.sub("", html.unescape(text)))


def _touched(text: str) -> Counter[str]:
    """Words of a range as text, as rendered, and as an address spells them."""
    words = Counter(WORD.findall(text))
    if "&" in text:
        words |= Counter(WORD.findall(html.unescape(text)))
    if "%" in text:
        words |= Counter(WORD.findall(unquote(text)))
    return words


def _in_one_of(longer: Counter[str], words: Counter[str]) -> Counter[str]:
    """Those of some words that are in a longer one, or begin or end as one does."""
    edges = {edge for each in longer for edge in (each[:2], each[-2:])}
    return Counter(
        {
            word: count
            for word, count in words.items()
            if word[:2] in edges or word[-2:] in edges or any(word in each for each in longer)
        }
    )


def _made_of(letters: str, words: Counter[str]) -> bool:
    """Whether letters are all in words: a blank that came or went makes other words of the same letters."""
    return not Counter(letters) - Counter("".join(words.elements()))
