"""The catalogue of cleaning rules: what each one does, and whether it may change visible text.

Numbers are those of `corpus.md`, section 11. A rule that may lose text gives a finding wherever
it does; the account in `edits` holds all others to losing and adding nothing.
"""

from __future__ import annotations

RULES: dict[str, str] = {
    # the surface: remnants, characters, HTML (surface/, remnants.py)
    "comment": "a comment of HTML or of the old wiki goes; aliases in it were harvested (9)",
    "debug": "a conversion's debug dump goes (13)",
    "declaration": "a document type, processing instruction or conditional section goes",
    "dynamic-list": "the heading before a removed dynamic list goes",
    "shortcode": "a shortcode goes, with the rule right behind it (14)",
    "box": "a box of any variant becomes one div, closed at the end (15, 17, 18)",
    "box-end": "the end of a box that was never opened goes (16)",
    "span": "a span goes, its text stays (20, 21)",
    "guard": "brackets that a span guarded become literal brackets (22, 23)",
    "icon": "an icon before a link goes (24)",
    "anchor": "an HTML link becomes a Markdown link (24, 25)",
    "image": "an HTML image becomes a Markdown image",
    "lost-image": "an image that stands for a lost file goes (33, 34)",
    "emphasis": "emphasis of HTML or with underscores becomes Markdown with stars",
    "break": "an HTML line break becomes a Markdown one, but in tables",
    "block": "an HTML paragraph, heading, list, rule or section becomes Markdown",
    "table": "an HTML table becomes a pipe table",
    "preformatted": "preformatted HTML becomes a code block",
    "script": "something that runs or shows nothing goes, with its content",
    "unwrap": "HTML without a place in clean Markdown goes, its text stays",
    "autolink": "an address in angle brackets that is no link becomes text",
    "bare-address": "an address in prose becomes a link, its punctuation outside",
    "stray-tag": "a tag that the old wiki's filter put into a word goes",
    "less-than": "a literal < becomes &lt; (21)",
    "escape": "a backslash before a sign that needs none goes",
    "entity": "an entity becomes its character (38)",
    "odd-blank": "a no-break, thin or ideographic blank becomes a blank (38)",
    "invisible": "an invisible or control character goes (38)",
    "address": "a character that would end the address of a link is percent-encoded",
    "mojibake": "text that was read in the wrong encoding is repaired, run by run (39)",
    "typography": "ligatures, typographic hyphens, micro signs and signs of the return key become what one types (38)",
    "line-separator": "a line or paragraph separator becomes a line end",
    "tiki-marker": "a plugin marker of the old wiki goes, its inner text stays",
    "tiki-mark": "a sign such as ~hs~, or a mark such as -+, becomes what it stood for",
    "tiki-colour": "a colour of the old wiki, ~~#F00:text~~, goes, its text stays",
    "footnote": "a footnote's number stays in brackets, raised where it is referred to; a note goes into brackets",
    "repetition": "bracketed prose that has itself as its address is brackets again (29)",
    "nested-link": "of a link in a link the inner one stays, the outer one takes the words before it",
    "soup": "the rest of a broken HTML tag goes",
    "wiki-link": "a link of the old wiki that nobody parsed, ((Page|text)), becomes a link or its text",
    # the structure (structure.py and the modules that its docstring names)
    "edge": "blank lines and blanks at the edges go, and empty lines at the end of a quotation",
    "blank-lines": "one blank line between blocks",
    "blanks": "runs of blanks and tabs become one blank",
    "line-blanks": "blanks at the ends of lines go",
    "nested-list": "lists in lists are nested by four columns",
    "continuation": "a quotation right behind a list item is the rest of that item, unless an empty line ends it",
    "tight-list": "no blank lines between list items",
    "bullet": "bullets are *, one blank behind the mark",
    "number": "a list numbered 1. throughout counts (35)",
    "empty-item": "a list item without anything in it goes",
    "reference": "`* 12. text` becomes `12. text` (36)",
    "rule": "rules are ---, none first, last or twice",
    "heading": "a heading without stray bold or trailing marks, on one line, without the list that was glued to it",
    "empty-heading": "a heading without text goes",
    "setext": "text right above a rule is no heading",
    "empty-quote": "a quotation without text goes",
    "hard-break": "a hard break is a backslash",
    "bold": "bold that touches its text; lone marks go (19, 20)",
    "inverted-bold": "bold that an unmatched mark turned inside out on a whole page goes",
    "bold-blank": "no blank between bold and the punctuation behind it (19)",
    "code": "code with HTML in it becomes text where engines disagree on what is code; fences are closed, not indented",
    "literal": "a sign that is a word here and markup to some engine is escaped",
    "bracket": "literal brackets are escaped (22)",
    "bracket-link": "brackets that became a link are brackets again (29)",
    "link": "a link in one spelling: address mended and encoded, no title, text trimmed (30, 31)",
    "link-blank": "a blank parts a link from the words that touch it",
    "definition": "the definition of a link by reference goes; the link has its address itself",
    "page-link": "a link to a page of the old wiki goes to its new path (26, 27, 32)",
    "unlink": "a link that has no target goes, its text stays",
    "image-alt": "the alternative text `image` goes",
    "drop-line": "a boilerplate line that drop_lines names goes (40)",
    "table-header": "the first row of a table with an empty header becomes its header (37)",
    "table-row": "rows of a table have a pipe at both ends and as many cells as the longest",
    "paragraphs": "images on adjacent lines become paragraphs of their own",
    "quote-gap": "quotations that touch are one",
    "quote": "a quotation of HTML, or a box, becomes one of Markdown; or the box's tags go (boxes = quote, unwrap)",
}

MAY_LOSE = frozenset(
    """comment debug dynamic-list shortcode script tiki-marker tiki-colour wiki-link drop-line box
    lost-image image box-end mojibake bare-address autolink repetition soup typography footnote
    nested-link code""".split()
)
"""Rules that may remove visible text: with a finding, or as the marks of a box or a link."""

MAY_ADD = frozenset(
    ("image", "box", "address", "autolink", "mojibake", "bare-address", "link", "typography", "code", "unlink")
)
"""Rules that may write letters: a title, an alternative text, a percent-encoded sign."""
