"""Guards never hide what their patterns find, and what is found without a parser is never less than with one."""

from __future__ import annotations

import random

import pytest

from etl.transform.body.guards import in_bytes, present
from etl.transform.body.parse import code_nodes
from etl.transform.body.remnants import RARE, USUAL, any_rare
from etl.transform.body.residue import RESIDUE
from etl.transform.body.surface import Code

WORDS = (
    "a word Wells é 5 25 10.5555/x- https://doi.org/ http:// https:// [http://a.example|b] tiki-index.php [a b c".split(
        " "
    )
)
MARKS = r"""** __ '' === :: ^ %%% ! !! | || --- -- - – — • } FONT} [^1] [^1]: ( ) (( )) [ ] ]( )]( < > # #F00: : &nbsp; ~
    ~hs~ {FONT} *: , . / // \ [a](b) [a](https://b.example/c (d) |-|-""".split()
BLANKS = [" "] * 8 + ["  ", "\n", "\n", "\n\n", "  \n", "\u00a0"]
CODE = [
    *" \n>*-+1.)~`#|a",
    "\n",
    "\n",
    "  ",
    "    ",
    "\t",
    "\r",
    "\n\n",
    "* ",
    "1. ",
    "> ",
    "~~~",
    "<div>",
    "\x0b",
    "\x0c",
    "\u00a0",
]


@pytest.mark.parametrize("seed", range(20))
def test_guards_find_too_much_rather_than_too_little(seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(500):
        tokens = choose.choices([*WORDS, *MARKS, *BLANKS], k=choose.randint(2, 14))
        text = "".join(tokens) + choose.choice(["", "\n", " \n"])
        for remnant in [*RARE, *USUAL]:
            _, pattern, edits_of = remnant
            if any(list(edits_of(match)) for match in pattern.finditer(text)):
                assert present(text, [remnant]), (text, pattern)
                assert remnant in USUAL or any_rare(in_bytes(text)[1]), (text, pattern)
        for leftover in RESIDUE:
            assert present(text, [leftover]) or not leftover[1].search(text), (text, leftover[1])


@pytest.mark.parametrize("seed", range(20))
def test_no_code_begins_before_it_may(seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(500):
        text = "".join(choose.choices(CODE, k=choose.randint(1, 14)))
        nodes = code_nodes(text)
        begins = Code(text).begins
        assert not nodes or (begins is not None and begins <= nodes[0].start), text
