"""Shortcodes, templates and attributes of site generators: code and addresses stay, the others go."""

from __future__ import annotations

import re

from etl.transform.body.edits import short
from etl.transform.body.hrefs import without_liquid
from etl.transform.body.places import blanks_start
from etl.transform.body.surface.around import LINE_END
from etl.transform.body.surface.inner_text import AS_CODE, read_code
from etl.transform.body.surface.tags import Tag
from etl.transform.body.surface.walk import Walk

# A break right behind braces, but in `{{<br>}}`, is one of the lines of code in a cell.
SHORTCODE = re.compile(r"\{\{(?!<br ?/?>[^}])[<%][^{}]{0,2000}[>%]\}\}\}?(?:[ \t]*\n\s*-{3,}[ \t]*(?=\n|\Z))?")
REFERENCE = re.compile(r"\{\{[<%][ \t]*(?:rel)?ref[ \t]+[\"']?([^\s\"'#{}()]++)[^{}()]*[>%]\}\}")
"""The address of a link to a page, by its file."""
HIGHLIGHT = re.compile(r"\{\{[<%][ \t]*highlight\b[^{}\n]{0,2000}[>%]\}\}")
HIGHLIGHT_END = re.compile(r"\{\{[<%][ \t]*/[ \t]*highlight[ \t]*[>%]\}\}")
LIQUID_END = re.compile(r"\{(?<!\\\{)%-?[ \t]*endhighlight[ \t]*-?%\}")
LIQUID = re.compile(
    r"\{%-?[ \t]*(?:(?P<begin>highlight)|endhighlight)\b[^{}\n]{0,2000}%\}"
    r"|(?P<address>(?<=\]\()(?:\{\{[^{}\n]{0,500}\}\}|\{%[^{}\n]{0,500}%\}){1,9}[^\s(){}<>]*(?=[\s)]))"
)
"""What begins or ends code, and the address of a link, in Jekyll's templates."""
ATTRIBUTES = re.compile(
    r"""\{:[ \t]*+(?>(?:  # `{: .wide #wells}`
        (?:[#.][\w-]+|toc(?!=)|[\w-]+=(?:"[^"{}\n]*"|'[^'{}\n]*'))
    [ \t]*+)+)\}
    |(?P<braces>\{[ \t]*+(?:-[ \t]*+|(?>(?:  # `{-}`, `{#wells}`, `{width=50%}`
        (?:[#.][A-Za-z][\w:.-]*+|[\w-]++="[^"{}\n]*"|:?(?:width|height)[= ]\d[\w.%]*+)
    [ \t,]*+)+))\})""",
    re.VERBOSE,
)
"""What readers never saw of a paragraph, a heading, a link, an image or code: its class, its id, its size."""
TAG_BEHIND = re.compile(r"[ \t]*<")
HEADING_END = re.compile(r"[ \t]*+#*+[ \t]*+(?:\n|\Z)")
UNDERLINED = re.compile(r"[ \t]*\n[ \t>]*(?:=+|-{5,})[ \t]*(?:\n|\Z)")
"""A heading, where the line below can be no rule."""


def shortcode(walk: Walk, token: re.Match[str]) -> int | None:
    """`{{< toc >}}`, and the rule right behind it; code stays code."""
    highlight = HIGHLIGHT.match(walk.text, token.start())
    if highlight and (code_end := _code(walk, highlight, HIGHLIGHT_END)):
        return code_end
    reference = REFERENCE.fullmatch(token[0])
    if reference and walk.text.endswith("](", 0, token.start()) and walk.text.startswith(")", token.end()):
        page = reference[1].rstrip("/").rpartition("/")[2].removesuffix(".md")
        walk.edit(*token.span(), f"../{page}", "shortcode")
        return None
    walk.find("shortcode.removed", token.start(), f"shortcode {short(token[0].split('}}')[0] + '}}')}", "removed")
    alone = walk.around.at_line_start(token.start()) and LINE_END.match(walk.text, token.end())
    walk.edit(*token.span(), walk.edge(token.start()) if alone else "", "shortcode")
    return None


def liquid(walk: Walk, token: re.Match[str]) -> int | None:
    """`{% highlight ruby %}`, and code up to its end, or `{% post_url 2019-06-01-wells %}` as an address."""
    if token["address"]:
        walk.edit(*token.span(), without_liquid(token[0]), "shortcode")
        return None
    if token["begin"]:
        if walk.around.next_match(LIQUID_END, token.end()) is None:
            return None  # in prose
        if code_end := _code(walk, token, LIQUID_END):
            return code_end
    walk.find("shortcode.removed", token.start(), f"shortcode {short(token[0])}", "removed")
    walk.edit(*token.span(), "", "shortcode")
    return None


def _code(walk: Walk, token: re.Match[str], ending: re.Pattern[str]) -> int | None:
    """What is code up to its ending, if there is a place for code; returns where it ends."""
    code_end = read_code(walk, Tag("CODE", *token.span(), False, token[0]), ending, "shortcode")
    if code_end:
        walk.find("shortcode.removed", token.start(), f"shortcode {short(token[0])}", AS_CODE)
    return code_end


def attributes(walk: Walk, token: re.Match[str]) -> None:
    """`{: .wide}`; `{#wells}` of a heading, or alone on its line; `{width=50%}` behind a link, an image or code."""
    start, end = token.span()
    if token["braces"] and not (_is_behind_inline(walk, start) or _is_of_block(walk, start, end)):
        walk.uncovered |= _is_beside_tag(walk.text, start, end)  # without which it may be alone on its line
        return
    walk.find("shortcode.removed", start, f"attributes {short(token[0])}", "removed")
    walk.edit(start, end, "", "shortcode")


def _is_beside_tag(text: str, start: int, end: int) -> bool:
    return TAG_BEHIND.match(text, end) is not None or text.startswith(">", blanks_start(text, start) - 1)


def _is_behind_inline(walk: Walk, start: int) -> bool:
    """Whether a place is right behind code, or the address of a link or an image."""
    before = walk.text[start - 1 : start]
    return before == "`" or (before == ")" and walk.around.in_link(start - 1))


def _is_of_block(walk: Walk, start: int, end: int) -> bool:
    """Whether attributes are at the end of a heading, or alone on a line."""
    if not HEADING_END.match(walk.text, end):
        return False
    alone = not walk.text[walk.around.line_start(start) : start].strip(" \t>")
    return alone or walk.around.in_heading(start) or UNDERLINED.match(walk.text, end) is not None
