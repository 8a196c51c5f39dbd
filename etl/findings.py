"""The closed catalogue of findings: code, severity, sentence.

A code is ``thing.state``. The README's table is generated from here, and a test shows each one
happening. ``error``: a reject, ``text.lost``, ``text.added``, an address refused or left without
an owner; all else is ``warning`` or ``info`` (contract, section 8).
"""

from __future__ import annotations

from typing import Literal

Severity = Literal["info", "warning", "error"]

CATALOGUE: dict[str, tuple[Severity, str]] = {
    # rejects: the member is in rejects.jsonl
    "member.refused": ("error", "an archive entry whose name or type is not safe to open"),
    "member.unreadable": (
        "error",
        "a member that cannot be read: bad checksum, encrypted, over a limit, no permission",
    ),
    "member.deadly": ("error", "a member that ended the process working on it, even when that did nothing else"),
    "member.empty": ("error", "a member with nothing but white space"),
    "member.nul": ("error", "a member with a NUL character"),
    "kind.unknown": (
        "error",
        "text that begins neither as a page, with { or a line ---, nor as an abstract, with a title and a blank line",
    ),
    "kind.unsupported": ("error", "a table export or JSON Lines, which are not read; write a member for each page"),
    "json.invalid": ("error", "front matter that is not JSON"),
    "json.cut-off": ("error", "JSON front matter that ends too early"),
    "json.duplicate-key": ("error", "front matter with the same key twice"),
    "json.too-deep": ("error", "front matter nested deeper than 64"),
    "yaml.invalid": ("error", "front matter that is not YAML, or not a mapping"),
    "yaml.cut-off": ("error", "YAML front matter without its closing line"),
    "title.missing": ("error", "a page without a title, or with one that is not text"),
    "id.conflict": ("error", "a member with the id of another member, but other bytes"),
    # members and their bytes
    "member.duplicate": ("info", "a member with the same bytes as another; it is one document"),
    "member.redirect": ("info", "a page that is nothing but a redirect; no document, its addresses go to another one"),
    "name.unusual": ("info", "a member name that is not <ordinal>_<member id>.<extension>"),
    "encoding.windows-1252": ("warning", "bytes that are not UTF-8, read as Windows-1252"),
    "encoding.invalid": ("warning", "bytes that are not what their byte order mark says, replaced by U+FFFD"),
    "encoding.surrogate": ("warning", "half a surrogate pair, replaced by U+FFFD"),
    # fields
    "field.invalid": ("warning", "a field whose type or form does not match the schema, repaired or dropped"),
    "field.unknown": ("info", "a field that the format does not know, kept under legacy.extra"),
    "slug.missing": ("warning", "a page without a slug; one was made"),
    "slug.malformed": ("warning", "a malformed legacy slug; a new one was made, the old address redirects"),
    "slug.elided": ("info", "a legacy slug cut in the middle; a new one was made, the old address redirects"),
    "slug.fragment": ("info", "a legacy slug that keeps too little of the title; a new one was made"),
    "slug.taken": ("warning", "a slug that another document has; this document's id was appended"),
    "slug.kept": ("info", "a slug kept from the previous generation, where this export alone would give another"),
    "title.restored": ("info", "a title left dangling when its date was cut off, mended from the alias"),
    "title.repaired": ("info", "a title with escaped quotes or odd blanks, mended"),
    "date.invalid": ("warning", "a date that cannot be read or does not exist; null instead"),
    "date.placeholder": ("info", "the placeholder date 2000-01-01; null instead"),
    "subject-date.invalid": ("warning", "a date in an alias or title that cannot be when its subject came out"),
    "page-id.missing": ("info", "a page without a page id, or with one taken from its aliases"),
    "page-id.mismatch": ("warning", "a page id that the numeric alias contradicts"),
    "sections.excluded": ("warning", "sections that the export left out; their text is missing in the export"),
    "abstract.uncertain": ("info", "a part of an abstract that is not recognized; it stays in the body"),
    "document.stub": ("info", "a page with nothing visible"),
    # bodies
    "box.unclosed": ("warning", "a box that was open at the end; closed there"),
    "box.orphan-end": ("info", "the end of a box that was never opened; removed"),
    "comment.removed": ("info", "a comment of HTML or of the old wiki, removed"),
    "html.removed": ("warning", "active or unknown HTML with its content, removed"),
    "html.unwrapped": ("info", "HTML that clean Markdown does not have, removed; its text stays"),
    "debug.removed": ("info", "a conversion's debug dump at the end of a page, removed"),
    "line.dropped": ("info", "a boilerplate line that drop_lines names, removed"),
    "code.disputed": (
        "warning",
        "code with HTML in it that some engines do not read as code; written as text, indented, or line by line",
    ),
    "shortcode.removed": ("info", "a shortcode of the old site generator, or attributes such as {: .wide}, removed"),
    "markup.removed": (
        "warning",
        "a plugin marker, removed, its inner text stays; or words after a code fence; or a table too wide to be one",
    ),
    "list.removed": ("info", "a dynamic list of the old wiki, removed with its heading"),
    "bold.inverted": ("warning", "a page whose bold and plain text are swapped by an unmatched mark; all bold removed"),
    "heading.empty": ("info", "a heading without text, removed"),
    "heading.trailing": ("info", "a heading with nothing after it"),
    "image.missing": (
        "warning",
        "an image without a file: a placeholder, a file id, or relative to its old page",
    ),
    "character.private": ("warning", "a private-use character whose meaning is lost"),
    "character.repaired": ("info", "text that was read in the wrong encoding, repaired"),
    "character.replaced": ("info", "a character that was already lost: U+FFFD"),
    "residue.found": ("warning", "a leftover of the old platform that no rule removed"),
    "text.lost": ("error", "visible words that disappeared without a rule"),
    "text.added": ("error", "visible words that appeared without a rule"),
    # links
    "link.dangling": ("warning", "a link to a page that is not in the export"),
    "link.unmapped": ("warning", "a link to something of the old site that is not migrated; its text stays"),
    "link.ambiguous": ("warning", "a link that fits several pages; the first by rule was taken"),
    "link.removed": ("warning", "a link whose address is unsafe; its text stays; or one that shows nothing"),
    "address.shortened": (
        "info",
        "a visible address without its tracking parameters, blanks at its end, or repetition",
    ),
    # addresses
    "address.conflict": ("warning", "a legacy address that several documents claim; one owns it"),
    "address.refused": ("error", "a legacy address that no server can answer safely"),
    "address.withheld": ("info", "addresses of a withheld document; they are not answered"),
    "address.lost": ("error", "an address that the previous generation answered and this one does not"),
    "decision.refused": ("error", "a reviewed decision that cannot be applied: unknown or unpublished target, chain"),
    "decision.unused": ("warning", "a reviewed decision that changes nothing"),
    "home.unknown": ("warning", "the setting home names no page of the redirect map"),
    "redirect.unresolved": ("warning", "a redirect page, or a setting, whose target is unknown, external or a loop"),
    "redirect.unsupported": ("warning", "a redirect, or a whole map, that one server's files cannot express"),
    "term.shared-slug": ("info", "two categories or tags with the same slug"),
    "term.shared-path": (
        "warning",
        "a category or tag with the path of a document or of an entry of the redirect map",
    ),
    # what validate alone says: of a source, or of our own files
    "bundle.empty": ("error", "a source or a file of documents that is empty"),
    "line.invalid": ("error", "a line of a file that is not one complete JSON object"),
    "schema.mismatch": ("error", "a line or a manifest that does not match its schema"),
    "digest.mismatch": ("error", "a document whose digest does not match its content"),
    "value.repeated": ("error", "an id, slug, path or address that is not unique"),
    "map.unsorted": ("error", "a redirect map that is not sorted by kind and value"),
    "target.missing": ("error", "a redirect or a link to something that is not among the documents"),
    "target.chained": ("error", "an address of the redirect map that the new site itself answers"),
    "aliases.mismatch": ("error", "a document whose aliases differ from the redirect map"),
    "file.mismatch": ("error", "a file of a generation that does not match its manifest"),
    "file.missing": ("error", "a file of a generation that is missing"),
    "file.unlisted": ("error", "a file in a generation that its manifest does not name"),
    "ledger.mismatch": ("error", "counts of a manifest that do not match its files"),
}

SEVERITY: dict[str, Severity] = {code: severity for code, (severity, _) in CATALOGUE.items()}

RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
"""The gravest first."""

MOST_LISTED = 100
"""Faults of one code, or rejects of one state, that a listing for people shows; the totals say how many there are."""


def counted(code: str, count: int) -> str:
    """How many findings of a code there are, as a row of a listing for people.

    >>> counted("link.dangling", 1200)
    'warning   1,200  link.dangling          a link to a page that is not in the export'
    """
    return f"{SEVERITY[code]:7} {count:7,}  {code:22} {CATALOGUE[code][1]}"
