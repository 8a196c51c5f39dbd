"""What plugins of the old wiki showed of their arguments."""

from __future__ import annotations

import re

from etl.transform.body.parameters import parameters
from etl.transform.body.surface.tags import TAG

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
    "MOUSEOVER": "label",
    "QUOTE": "replyto",
    "TAB": "name",
    "TABS": "tabs",
}
"""Arguments of plugins of the old wiki that readers saw: their words stay, in bold."""


def shown_by(name: str, token: re.Match[str]) -> tuple[str, int]:
    """The words of a marker that readers saw, without tags, and where in it they end."""
    shown = SHOWN.get(name)
    found = (each for each in parameters(token[0]) if each.key == shown) if shown else ()
    return next(((TAG.sub("", value).strip(), end) for _, value, end in found), ("", 0))
