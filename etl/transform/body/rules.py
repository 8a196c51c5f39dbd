"""The catalogue of cleaning rules: what each one does, and whether it may change visible text.

Numbers are those of `corpus.md`, section 11. A rule that may lose text gives a finding wherever
it does; the account in `edits` holds all others to losing and adding nothing.
"""

from __future__ import annotations

RULES: dict[str, str] = {
    # the surface: remnants, characters, HTML (surface/, remnants.py)
    "comment": "a comment of HTML or of the old wiki is removed; aliases in it are kept (9)",
    "debug": "a conversion's debug dump is removed (13)",
    "declaration": "a document type, processing instruction or conditional section is removed",
    "dynamic-list": "the heading before a removed dynamic list is removed",
    "shortcode": "shortcodes go, with a rule behind; so do {: .x} and {#x}; `highlight` is code, `ref` an address (14)",
    "box": "a box of any variant becomes one div, closed at the end (15, 17, 18)",
    "box-end": "the end of a box that was never opened is removed (16)",
    "span": "a span is removed, its text stays (20, 21)",
    "guard": "brackets that a span guarded become literal brackets (22, 23)",
    "icon": "an icon before a link is removed (24)",
    "anchor": "an HTML link becomes a Markdown link (24, 25)",
    "image": "an HTML image becomes a Markdown image",
    "lost-image": "an image that stands for a lost file is removed (33, 34)",
    "emphasis": "emphasis by HTML or underscores becomes Markdown with stars",
    "break": "an HTML line break becomes a Markdown one, except in tables",
    "block": "an HTML paragraph, heading, list, rule or section becomes Markdown",
    "table": "an HTML table becomes a pipe table",
    "preformatted": "preformatted HTML becomes a code block, in cells and items spans of code",
    "script": "HTML that runs, or shows nothing, is removed with its content",
    "unwrap": "HTML that clean Markdown does not have is removed, its text stays",
    "autolink": "an address in angle brackets that is no link becomes text",
    "bare-address": "an address in prose becomes a link, without the punctuation after it",
    "quoted-tag": "a tag that runs over lines of a quotation stands on one, for their marks look like its end",
    "stray-tag": "a tag that the old wiki's filter put into a word is removed",
    "less-than": "a literal < becomes &lt; (21)",
    "escape": "a backslash before a character that needs none is removed",
    "entity": "an entity becomes its character (38)",
    "odd-blank": "a no-break, thin or ideographic blank becomes a blank (38)",
    "invisible": "a control character, or an invisible one that is no part of how words are written, is removed (38)",
    "address": "a character that would end the address of a link is percent-encoded",
    "mojibake": "text that was read in the wrong encoding is repaired (39)",
    "typography": "ligatures, typographic hyphens, micro signs and return symbols become ordinary characters (38)",
    "line-separator": "a line or paragraph separator becomes a line end",
    "tiki-marker": "a plugin marker of the old wiki is removed; its title stays, in bold, and its inner text",
    "tiki-mark": "a code such as ~hs~, or a mark such as -+, becomes what it stands for",
    "tiki-colour": "a colour of the old wiki, ~~#F00:text~~, is removed, its text stays",
    "footnote": "a footnote's number stays in brackets, raised where cited; a note of the old wiki is put in brackets",
    "repetition": "a link whose text is its own address, but prose, becomes bracketed prose again (29)",
    "nested-link": "of a link in a link the inner one stays, the outer one gets the words before it",
    "soup": "the rest of a broken HTML tag is removed",
    "wiki-link": "((Page|text)) or [[Page|text]] becomes a link or its text; the size behind an image goes",
    # the structure (round.py and the modules that its docstring names)
    "edge": "blanks and blank lines at the edges are removed, and empty lines at the end of a quotation",
    "blank-lines": "one blank line between blocks",
    "blanks": "runs of blanks and tabs become one blank, a tab at the marks of a quotation as many as it is wide",
    "line-blanks": "blanks at the ends of lines are removed",
    "nested-list": "nested lists are indented by four columns",
    "continuation": "a quotation right after a list item becomes the rest of that item, unless an empty line ends it",
    "tight-list": "no blank lines between list items",
    "bullet": "bullets are `*`, with one blank after the mark",
    "number": "a list with the number 1. throughout is numbered 1, 2, 3 (35)",
    "empty-item": "an empty list item is removed, or takes the words below that are its own",
    "reference": "`* 12. text` becomes `12. text` (36)",
    "rule": "a rule is `---`, and removed when first, last or repeated",
    "heading": "a heading loses stray bold and trailing marks, stands on one line, apart from a list glued to it",
    "empty-heading": "a heading without text is removed",
    "setext": "underlined words are a heading; a blank line keeps those right above `---` from being one",
    "empty-quote": "a quotation without text is removed",
    "hard-break": "a hard break is a backslash",
    "bold": "bold marks touch their text; lone marks are removed (19, 20)",
    "inverted-bold": "bold swapped with plain text on a whole page by an unmatched mark is removed",
    "bold-blank": "no blank between bold and the punctuation after it (19)",
    "code": "`<code>` is code; code with HTML is text or indented where engines disagree; fences are closed and alike",
    "literal": "a character that is text here, but markup to some engine, is escaped",
    "bracket": "literal brackets are escaped (22)",
    "bracket-link": "brackets that became a link by mistake are brackets again (29)",
    "link": "a link is normalised: address mended and encoded, no title, text trimmed (30, 31)",
    "link-blank": "a blank separates a link from words that touch it",
    "definition": "a link definition is removed; its links have their addresses themselves",
    "page-link": "a link to a page of the old wiki gets its new path (26, 27, 32)",
    "unlink": "a link without a target is removed, its text stays",
    "image-alt": "the alternative text `image` is removed",
    "drop-line": "a boilerplate line that `drop_lines` names is removed (40)",
    "table-header": "the first row of a table becomes its header when that is empty (37)",
    "table-row": "table rows have a pipe at both ends and as many cells as the longest row",
    "paragraphs": "images on adjacent lines become paragraphs of their own",
    "quote-gap": "quotations that touch become one",
    "quote": "an HTML quotation, or a box (boxes = quote), becomes a Markdown one; boxes = unwrap removes a box's tags",
}

MAY_LOSE = frozenset(
    """comment debug dynamic-list shortcode script tiki-marker tiki-colour wiki-link drop-line box
    lost-image image box-end mojibake bare-address autolink repetition soup typography footnote
    nested-link code""".split()
)
"""Rules that may remove visible text: with a finding, or as the marks of a box or a link."""

MAY_ADD = frozenset("image box address autolink mojibake bare-address link typography code unlink tiki-marker".split())
"""Rules that may write letters: a title, an alternative text, a percent-encoded sign."""
