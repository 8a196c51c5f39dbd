"""What readers saw of the parameters of plugins: titles, captions, labels, in bold."""

from __future__ import annotations

import re

from etl.transform.body.parameters import parameters
from etl.transform.body.surface.tags import TAG, Tag

BOXES = frozenset(("BOX", "PANEL", "REMARKSBOX"))
"""Plugins of the old wiki that drew a box, with a title."""
SHOWN = {
    **dict.fromkeys(BOXES, "title"),
    "ACCORDION": "title",
    "BUTTON": "_text",
    "CODE": "caption",
    "FADE": "label",
    "FANCYTABLE": "head",
    "FILE": "desc",
    "IMG": "desc",
    "MOUSEOVER": "label",
    "QUOTE": "replyto",
    "SLIDER": "titles",
    "TAB": "name",
    "TABS": "tabs",
}
"""The parameter of a plugin of the old wiki that readers saw."""
OF_FILES = frozenset(("desc", "name", "namedesc", "idesc", "ititle"))
"""Captions of images that say where the words are: with the file, which the export does not have."""
SIGN = re.compile(r"[\\`*_\[\]]")


def title_of(marker: Tag) -> tuple[str, int]:
    """The words of a plugin's marker that readers saw, without tags, and where in it they end.

    >>> title_of(Tag("BOX", 0, 0, False, "{BOX(title=Clear <b>water</b>, width=9)}"))
    ('Clear water', 29)
    >>> [title_of(Tag(raw[1:4], 0, 0, False, raw)) for raw in ("{DIV(title=Clear water)}", "{IMG(desc=name)}")]
    [('', 0), ('', 0)]
    """
    shown = SHOWN.get(marker.name)
    found = (each for each in parameters(marker.raw) if each.key == shown) if shown else ()
    if marker.name == "IMG":
        found = (each for each in found if each.value not in OF_FILES)
    return next(((TAG.sub("", value).strip(), end) for _, value, end in found), ("", 0))


def bold(title: str) -> str:
    """A title in bold."""
    return f"**{plain(title)}**"


def plain(title: str) -> str:
    r"""A title on one line, its signs as words; its entities are characters already.

    >>> plain("Deep *wells*\n& &lt;")
    'Deep \\*wells\\* &amp; &amp;lt;'
    """
    title = SIGN.sub(r"\\\g<0>", " ".join(title.split()))
    return title.replace("&", "&amp;").replace("<", "&lt;")
