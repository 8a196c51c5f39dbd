"""Guards never hide what their patterns find, and code never begins before the place that is found without a parser."""

from __future__ import annotations

import random

import pytest

from etl.transform.body import remnants
from etl.transform.body.code import Code
from etl.transform.body.guards import present
from etl.transform.body.parse import code_nodes
from etl.transform.body.residue import RESIDUE
from etl.transform.body.surface.links import UNPARSED

PIECES = r"""
    a word Wells é 5 25 https://doi.org/ http:// [http://a.example|b] tiki-index.php [a b c - – — --- -- | || : :: ' ''
    ** __ === ^ %%% ! !! • } FONT} {FONT} [^1] [^1]: ( ) (( )) [ ] ]( )]( < > # #F00: &nbsp; ~ ~hs~ *: , . / // \ [a](b)
""".split()
BLANKS = [" "] * 8 + ["  ", "\n", "\n", "\n\n", "  \n", "\u00a0"]
REMNANTS = r"""
    ** bold **
    __ bold __
    ||a|b||
    # ||a|b||
    – – – clipped – – – a
    - - - clipped - - - a
    ---Clipped
    ----[a]
    Answer *: b
    doi.org/10.5555/x- 12
    https://doi.org/10.5555/x/y- 123
    [a](https:// b.example/c)
    https:// b.example
    [a b](a b)
    [a (b) c](a (b) c)
    [é <b](é <b)
    [a [b](/c)](https://d.example)
    [a [b](/c(d)](http://d.example)
    (see-also(a b))
    [a](Deep wells)
    [Tiki-index. PHP? page_id=931]
""".strip().split("\n    ")
REMNANTS += ["|a  \nb|", "||a|b\nc|d||", "[a\nb](a\nb)", "|" + " --- |" * 201]
CODE = [*" \n\n\n>*-+1.)~`#|a\t\r\x0b\x0c\u00a0", "  ", "    ", "\n\n", "* ", "1. ", "> ", "~~~", "<div>"]


@pytest.mark.parametrize("seed", range(20))
def test_guards_find_too_much_rather_than_too_little(seed: int) -> None:
    choose = random.Random(seed)
    pieces = [*PIECES, *BLANKS, *REMNANTS, *(f"\n{remnant}\n" for remnant in REMNANTS)]
    for _ in range(500):
        text = "".join(choose.choices(pieces, k=choose.randint(1, 12)))
        for remnant in remnants.REMNANTS:
            _, pattern, edits_of = remnant
            if any(list(edits_of(match)) for match in pattern.finditer(text)):
                assert present(text, [remnant]), (text, pattern)
        for leftover in RESIDUE:
            assert present(text, [leftover]) or not leftover[1].search(text), (text, leftover[1])
        for link in UNPARSED:
            assert present(text, [link]) or not link[1].search(text), (text, link[1])


@pytest.mark.parametrize("seed", range(20))
def test_no_code_begins_before_it_may(seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(500):
        text = "".join(choose.choices(CODE, k=choose.randint(1, 14)))
        nodes = code_nodes(text)
        begins = Code(text).begins
        assert not nodes or (begins is not None and begins <= nodes[0].start), text
