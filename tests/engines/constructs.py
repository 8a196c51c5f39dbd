"""Bodies of every construct of clean Markdown (contract, section 6), and of text that only looks like one.

Each is cleaned before it is compared; what is written here is the source. A line end in front is not part of it.
"""

from __future__ import annotations

CONSTRUCTS = {
    # Headings
    "heading levels": r"""
# One

## Two

### Three

#### Four

##### Five

###### Six

text""",
    "heading with link": "## See [wells](https://e.org/a) and *pumps*",
    "heading attr": r"""
## Wells {#wells old=1}

## Pumps {.old}

text {: x }""",
    "heading attr before markup": r"""
## Wells {onclick=old()} `a`

## Pumps {onclick=old() {b} *c*

| {d} | e {onclick=old()} [f](https://e.org/) |
| --- | --- |
| g {onclick=old() {h} | { `i`, `j` } |""",
    "heading closing hash": "## C# and F#",
    "heading number": "## 1. First",
    "heading after list": r"""
* a
* b

## H""",
    "heading before list": r"""
## H

* a""",
    "heading colon": "## Wells: deep",
    "heading attr behind emphasis": "## *Wells*{#wells} and [pumps](https://e.org/){.old}",
    "heading attr with colon": "## Wells {: old}",
    "heading of a number underlined": r"""
#1 wells
===""",
    # Lists
    "paren number": r"""
1) one
2) two""",
    "list simple": r"""
* a
* b""",
    "list after paragraph": r"""
text

* a
* b

text""",
    "list nested": r"""
* a
    * b
        * c
            * d
    * e
* f""",
    "ol nested in ul": r"""
* a
    1. b
    2. c
* d""",
    "ul nested in ol": r"""
1. a
    * b
    * c
2. d""",
    "ol ten nested": r"""
9. a
    * b
10. c
    * d
11. e""",
    "ol start": r"""
6. a
7. b""",
    "code in a quotation below code in another one": r"""
> > a
>
>     b
>
> >     <c onclick=d()>""",
    "code in a quotation in an item in a quotation": r"""
> 1. a
>     > ~~~
>     > <b onclick=c()>
>     > ~~~
> 2. d""",
    "fences in code of a quotation": r"""
> ````
> ```
> ```
> <a onclick=b()>
> ````""",
    "item behind a nested list that starts high": r"""
1. a

    3. b
2. c

        <base d=/>
3. e
    1. f

        0. g
    2. h""",
    "ol 100": r"""
99. a
100. b
    * c
101. d""",
    "marks in a line of an item": r"""
99. a
100. b
    - c
    > d
    # e
    ~~~ f
* g
    3. h\
    4. i""",
    "list continuation": r"""
* a

    more

* b""",
    "list continuation nested": r"""
* a
    * b

        more

    * c
* d""",
    "list continuation last": r"""
* a
* b

    more

text""",
    "ol continuation": r"""
1. a

    more

2. b""",
    "list two paragraphs then sublist": r"""
* a

    more

    * b
    * c
* d""",
    "sublist then paragraph": r"""
* a
    * b

    more
* c""",
    "list with bold": r"""
* **a**: b
* **c**""",
    "list with link": r"""
* [a](https://e.org/)
* <https://e.org/>""",
    "list with image": r"""
* ![well](https://e.org/a.jpg)
* b""",
    "list with number text": r"""
* 12\. a
* 13\. b""",
    "list with dash text": r"* \- a",
    "list with gt": r"""
* > 125 nmol
* b""",
    "list item heading": r"""
* ## a
* b""",
    "list with hard break": r"""
* a\
    b
* c""",
    "list with table": r"""
* a

    | b | c |
    | --- | --- |
    | d | e |

* f""",
    "two lists types": r"""
* a
* b

1. c
2. d""",
    "two lists types 2": r"""
1. a
2. b

* c""",
    "two lists ol start": r"""
1. a
2. b

text

3. c""",
    "two lists ol delimiter": r"""
1. a
2. b

1) c
2) d""",
    "two lists bullets": r"""
* a

- b""",
    "empty item": r"""
* a
*
* b""",
    "item one star": "* * a",
    "task list": r"""
* [ ] a
* [x] b""",
    "number dot no list": "1.5 litres and 3.",
    "number list in sentence": r"""
a
1. b""",
    "star line in paragraph": r"""
a
* b""",
    "plus list": r"""
+ a
+ b""",
    "dash list": r"""
- a
- b""",
    "wide bullets": r"""
*   a
*   b

      c""",
    "long number": r"""
1234567890. a

> 1234567890. b

* c
    1234567890. d""",
    "year list": "2012. a was",
    "letter list": r"""
a. b

A) c""",
    "hash list": "#. a",
    "nested lists mixed with continuation": r"""
1. a
    * b

        c

    * d
2. e

    f

3. g""",
    "list para list": r"""
* a

text

* b""",
    "list after quote": r"""
> a

* b""",
    "list after heading no blank": r"""
## H
* a
* b""",
    "deep list five": r"""
* a
    * b
        * c
            * d
                * e
                    * f""",
    "nested ol in ol": r"""
1. a
    1. b
    2. c
        1. d
2. e""",
    "nested start": r"""
1. a
    3. b
    4. c""",
    "item with two links": "* [a](https://e.org/a) [b](https://e.org/b)",
    "item ends with colon and nested": r"""
* a:
    * b:
        * c""",
    "item starting with bold number": r"""
* **1.** a
* **2** b""",
    "lone number item": r"""
* 5
* 2012""",
    "ol item starts with number": r"""
1. 5 litres
2. 1\. x""",
    "ol item text dash": r"""
1. - a
2. b""",
    "bullet then number nested": r"""
* 1. a
    2. b""",
    "blocks right behind the text of an item": r"""
* a
    > b
* c
    # d
    e
    ***
    | f |
    | --- |
    | g |
* h""",
    "item with code block": r"""
* a

        code

* b""",
    "item with rule": r"""
* a

    ---

* b""",
    "item with heading": r"""
* a

    ## h

* b""",
    "number sign": r"""
* #1 wells
* a
    #2 pumps

text

> #3 beds
> #4 bees

####### seven""",
    "paren number above bullets": r"""
2) a
3) b

* c""",
    # Tables
    "divider below words": r"""
a
| --- |
| b |

* c
    |-

text

> d |
> --- | --- |

e | f | g
-|-|""",
    "pipe as text": r"a \| b",
    "table": r"""
| a | b |
| --- | --- |
| c | d |""",
    "table empty cells": r"""
| a | b | c |
| --- | --- | --- |
| d | | |
| | e | |
| | | f |""",
    "table empty row": r"""
| a | b |
| --- | --- |
| | |
| c | d |""",
    "table one column": r"""
| a |
| --- |
| b |""",
    "table break": r"""
| a | b |
| --- | --- |
| c<br>d | e |""",
    "table pipe": r"""
| a | b |
| --- | --- |
| c \| d | e |""",
    "table code pipe": r"""
| a | b |
| --- | --- |
| `c \| d` | e |""",
    "table bold link": r"""
| **a** | [b](https://e.org/) |
| --- | --- |
| *c* | <https://e.org/> |""",
    "table sup": r"""
| a<sup>2</sup> | b |
| --- | --- |
| c | ![x](https://e.org/a.jpg) |""",
    "table star": r"""
| a | b |
| --- | --- |
| 1.6* | 2 |
| **1.7*** | 3 |""",
    "table ragged": r"""
| a | b |
| --- | --- |
| c |
| d | e | f |""",
    "table escaped chars": r"""
| a\_b | \[c\] |
| --- | --- |
| &lt; 5 | \* |""",
    "table dashes": r"""
| a | b |
| --- | --- |
| - | -- |
| -5 | 3 |""",
    "table after text": r"""
text
| a | b |
| --- | --- |
| c | d |""",
    "table then text": r"""
| a | b |
| --- | --- |
| c | d |

text""",
    "two tables": r"""
| a | b |
| --- | --- |
| c | d |

| e | f |
| --- | --- |
| g | h |""",
    "table then list": r"""
| a | b |
| --- | --- |
| c | d |

* e""",
    "table aligned": r"""
| a | b |
|:---|---:|
| c | d |""",
    "table without outer pipes": r"""
a | b
--- | ---
c | d""",
    "pipes in text": r"""
a | b

Darker| 8 ng | 12 ng""",
    "box heading table": r"""
<div class="box" markdown="1">

## h

| a | b |
| --- | --- |
| c | d |

</div>

after""",
    "table cell list mark": r"""
| a | b |
| --- | --- |
| * c | 1. d |
| + e | # f |""",
    "table cell only star": r"""
| * | b |
| --- | --- |
| ** | *** |""",
    "table first cell dash": r"""
| - | - |
| --- | --- |
| a | b |""",
    "table backtick": r"""
| ` | b |
| --- | --- |
| c | d ` |""",
    "table backslash end": r"""
| a\\ | b |
| --- | --- |
| c | d |""",
    "table wide unicode": r"""
| ä | – |
| --- | --- |
| “c” | ≥ 5 |""",
    "link in table with pipe": r"""
| [a\|b](https://e.org/a%7Cb) | c |
| --- | --- |
| d | e |""",
    "bold in table pipe": r"""
| **a** \| **b** | c |
| --- | --- |
| d | e |""",
    "paragraph starting with pipe": "| a",
    # Boxes
    "box": r"""
<div class="box" markdown="1">

**Title**

text [a](https://e.org/)

</div>""",
    "box list": r"""
<div class="box" markdown="1">

* a
* b
    * c

</div>""",
    "box ol": r"""
text

<div class="box" markdown="1">

3. a
4. b

</div>

* c""",
    "box code": r"""
<div class="box" markdown="1">

```
a

b
```

</div>""",
    "box image": r"""
<div class="box" markdown="1">

![a](https://e.org/a.jpg)

---

text

</div>""",
    "box quote": r"""
<div class="box" markdown="1">

> a

</div>""",
    "box with colon and break": r"""
<div class="box" markdown="1">

a\
b

c < d &amp; e

</div>""",
    "two boxes": r"""
<div class="box" markdown="1">

a

</div>

<div class="box" markdown="1">

b

</div>""",
    "box in list": r"""
* a

<div class="box" markdown="1">

b

</div>

* c""",
    "box continuation list": r"""
<div class="box" markdown="1">

* a

    more

* b

</div>""",
    # Links and images
    "image alone": "![a well](https://e.org/a.jpg)",
    "image no alt": "![](https://e.org/a.jpg)",
    "image in text": "a ![b](https://e.org/a_b_c.jpg) c",
    "image in link": "[![a](https://e.org/a.jpg)](https://e.org/)",
    "images two lines": r"""
![](https://e.org/a.jpg)
![](https://e.org/b.jpg)""",
    "link parens": "[a](https://e.org/b_(c)) and [d](https://e.org/b%28c%29)",
    "link underscore star": "[a_b_c](https://e.org/a_b_c_*d*)",
    "link bold in": "[**a** b](https://e.org/) and **[c](https://e.org/)**",
    "link brackets in text": r"[a \[b\] c](https://e.org/)",
    "link ampersand": "[a](https://e.org/?a=1&b=2&copy=3)",
    "link blank": "[a](<https://e.org/a b>)",
    "link quote": '[a](https://e.org/a"b)',
    "link title": '[a](https://e.org/ "title")',
    "link unicode": "[ä](https://e.org/ä/%C3%B6)",
    "link relative": "[a](/pages/b/) and [c](#d) and [e](mailto:a@b.org)",
    "link tilde": "[a](https://e.org/~b/) and [c](https://e.org/a'b;c=d,e@f!g$h)",
    "link double quote entity": '[a "b" c](https://e.org/)',
    "autolink": "<https://e.org/a_b_c?d=1&e=2>",
    "bare address": "see https://e.org/a_b_c?d=1&e=2, and (http://e.org/b). www.e.org",
    "address text underscores": "[http://e.org/a_b_c](http://e.org/a_b_c)",
    "bare host with underscores": "e.org/wiki/Vitamin_D#Production_in_the_skin",
    "email": "write to some_body_x@e.org or <a@e.org>",
    "ftp": "<ftp://e.org/a>",
    "wiki link": "[[a]] and [a][b] and [c]",
    "reference": r"""
[a][b]

[b]: https://e.org/""",
    "reference like": r"\[b\]: https://e.org/ x",
    "html entity in link text": "[a &amp; b &lt; c](https://e.org/)",
    "paragraph starting image then text": r"""
![](https://e.org/a.jpg) text

text ![](https://e.org/a.jpg)""",
    # Bold, italic, sub- and superscript
    "star footnote": "Yield* was high. *Only in spring.",
    "starred word stop": "natives*. J Rheumatol* 39",
    "sup sub": r"x<sup>2</sup> H<sub>2</sub>O <sup>\[5,6\]</sup>",
    "sup at start": "<sup>1</sup>Department of wells",
    "sup bold": "**a<sup>2</sup>** and <sup>**b**</sup>",
    "sub list": r"""
* <sub>a</sub>
* <sup>b</sup>c""",
    "bold words": "**a** b **c d** **e**, (**f**) **g**.",
    "bold in word": "un**believ**able and **a**b and b**c**",
    "bold quotes": '**"a"** b**"c"**d',
    "bold paren": "**a (b)** c **(d)**e",
    "bold dash": "**a** – **b** -- **c**",
    "bold italic": "***a*** **b *c* d** *e **f** g*",
    "italic underscore": "_a_ b __c__",
    "italic in word": "a*b*c and *d*e",
    "bold with code": "**`a`** `**b**`",
    "bold across": r"""
**a
b**""",
    "bold star inside": r"**a*** and **\*b**",
    "bold colon": "**Note:** a **b:**c",
    "stars alone": r"""
*** a

* * *

**""",
    # Quotations, code blocks, rules and breaks, in this order
    "rule": r"""
a

---

b""",
    "quote": r"""
> a
> b

c""",
    "quote two paragraphs": r"""
> a

> b""",
    "quote two paragraphs one quote": r"""
> a
>
> b""",
    "quote with list": r"""
> a
>
> * b
> * c""",
    "quote with nested list": r"""
> * a
>   * b
>
>     c
>   * d""",
    "quote with list right below": r"""
> a
> * b
>    1. c
> # d""",
    "quote in quote with list": r"""
> a
>
> > - b
> >
> > - c
> >   - d
> > e""",
    "quote with heading": r"""
> ## h
>
> b""",
    "quote in list": r"""
* a

    > b

* c""",
    "code span": "a `b < c` d `e*f*` and ``g`h``",
    "fenced": r"""
a

```
x < y
* z
```

b""",
    "fenced with language": r"""
```python
x = 1
```""",
    "fenced in list": r"""
* a

    ```
    x
    ```

* b""",
    "indented code": r"""
a

    code
    more

b""",
    "indented code behind a quotation": r"""
> a

    code""",
    "hard break": r"""
a\
b""",
    "hard break in bold": r"""
**a\
b**""",
    "hard break blanks": "a  \nb",
    "hard break in quote": r"""
> a\
> b""",
    "code in list": r"""
* a `b`
* `c`""",
    "quote after list": r"""
* a

> b""",
    "rule after list": r"""
* a

---

* b""",
    # Text that looks like markup
    "paragraphs two lines": r"""
one
two three""",
    "escapes star": "2 * 3 * 4 and 2*3*4 and a*",
    "escapes star lone in bold": "**a 2*3 b**",
    "escapes underscore": "snake_case_word and _y and z_",
    "escapes tilde": "~50 litres and ~~60 and a~b",
    "escaped tilde in source": r"\~50 and \- a",
    "escapes that few engines know": r"""
\=== a \=b \: c \" d \~

* \~~~ a
* \: b

| \: a | \~ b |
| --- | --- |
| \: c | \= d |""",
    "escapes backtick": r"a ` b and \`c\`",
    "escapes backslash": r"C:\temp\new and \\ server",
    "literal html": "a &lt;b&gt; c &lt; d > e & f &amp;lt; &amp;copy;",
    "less than number": "P<0.05 and <10 and < 5",
    "ampersand": "A&B &c; AT&T",
    "brackets": r"\[25(OH)D\] and \[1\] and \[a\](b)",
    "footnote-like": r"""
a [^1] b

\[^1\]: c""",
    "abbr-like": r"""
*[HTML]: Hyper text

HTML is""",
    "abbr-like escaped": r"""
\*\[HTML\]: Hyper text

HTML is""",
    "def list like": r"""
Term
: definition""",
    "def list like in a quotation": r"""
> Term
> : definition""",
    "attr on a line of its own": r"""
Wells
{.x}

> f
> {.g}

* a
    {.y}
* b
    {: z}
* c
    {d} *e*

| h {.i} | j {k} |
| --- | --- |
| {l} | m {#n}
| o {p} q | r {s} \| t |""",
    "def list like 2": r"""
Term

: definition""",
    "colon alone": r"""
a

:

b""",
    "exclamation": r"a!\[b\](c) wow!",
    "dollar": "pays$47 and $5",
    "number start paragraph": r"2019\. was dry",
    "plus paragraph": r"\+ 5 litres",
    "dash paragraph": r"\- 5 litres",
    "hash paragraph": r"\# 5 wells",
    "gt paragraph": r"\> 5 wells",
    "equals": r"""
a

\=== b""",
    "entity": "&copy; &eacute; &#8211; &nbsp;x",
    "non breaking": "a b",
    "unicode": "ä ö ü ß 维生素 ‰ “x” ‘y’ –",
    "arrows": "a --> b and <-- c and -- and ...",
    "tabs": "a\tb",
    "trailing backslash": "a \\",
    "backslash end paragraph": "a\\\\",
    "math": "$a_1$ and x^2^ and H~2~O",
    "strike": "~~a~~",
    "toc marker": "[TOC]",
    "admonition": r"""
!!! note
    a""",
    "comment like": "a &lt;!-- b --> c",
    "metadata like": r"""
Title: a
Author: b

text""",
    "attr like list": r"""
* a {: x }
* b {.y}""",
    "attr after link": "[a](https://e.org/){target=_blank} and **b**{.x} or `c`{.y}",
    "braces": "{a} and {{b}} and {% c %}",
}

TO_REPAIR = frozenset(
    (
        "two lists bullets",
        "code in a quotation below code in another one",
        "fences in code of a quotation",
        "empty item",
        "item one star",
        "images two lines",
        "link relative",
        "email",
        "bare address",
        "footnote-like",
        "reference like",
        "table ragged",
        "year list",
        "list with gt",
        "quote two paragraphs",
        "bold quotes",
        "bold paren",
        "bold colon",
        "stars alone",
        "entity",
        "quote after list",
        "table cell only star",
        "heading attr",
        "heading attr behind emphasis",
        "attr on a line of its own",
        "attr after link",
    )
)
"""What the cleaner changes on purpose; everything else looks before as after."""
