"""Front matter: what is read, what is refused, and where."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.extract.frontmatter import MAX_DEPTH, MAX_NODES, FrontMatter, read_json, read_yaml, shown
from etl.model import Rejection
from etl.positions import position

KEYS = st.text(max_size=8)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=5)
WORDS = st.text("abc :#-'\"[]{},&*!|>%@`\n\té–", max_size=12)


def accepted(read: FrontMatter | Rejection) -> FrontMatter:
    assert isinstance(read, FrontMatter), read
    return read


def refused(read: FrontMatter | Rejection) -> tuple[str, int | None, int | None]:
    assert isinstance(read, Rejection), read
    return read.code, read.line, read.column


def at(text: str, place: tuple[int, int]) -> str:
    """The text from a line and column on."""
    line, column = place
    return "\n".join(text.split("\n")[line - 1 :])[column - 1 :]


def all_paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(path, value), *(pair for key, item in inner for pair in all_paths(item, (*path, key)))]


# --- JSON


@settings(deadline=None)
@given(OBJECTS, st.sampled_from([None, 2, 4]), st.booleans(), st.text("\n\t }{\"'x", max_size=20))
def test_any_object_is_read_up_to_its_end_whatever_follows(
    fields: dict[str, Any], indent: int | None, is_ascii: bool, rest: str
) -> None:
    head = json.dumps(fields, indent=indent, ensure_ascii=is_ascii)
    front = accepted(read_json("\n " + head + rest, 2)) if "\\u0000" not in head else None
    assert front is None or (front.fields, front.end) == (fields, len(head) + 2)


@settings(deadline=None)
@given(OBJECTS, st.sampled_from([None, 4]), st.booleans())
def test_locate_finds_every_value_of_any_object(fields: dict[str, Any], indent: int | None, is_ascii: bool) -> None:
    head = json.dumps(fields, indent=indent, ensure_ascii=is_ascii)
    front = read_json(head, 0)
    if isinstance(front, FrontMatter):
        for path, value in all_paths(fields):
            assert json.JSONDecoder().raw_decode(at(head, front.locate(path)))[0] == value


@settings(deadline=None)
@given(OBJECTS, st.data())
def test_an_object_without_its_end_is_cut_off_wherever_it_is_cut(fields: dict[str, Any], data: st.DataObject) -> None:
    head = json.dumps(fields, indent=data.draw(st.sampled_from([None, 2])), ensure_ascii=data.draw(st.booleans()))
    cut = data.draw(st.integers(1, len(head) - 1))
    assert refused(read_json(head[:cut], 0))[0] == "json.cut-off"


def test_a_field_that_is_missing_is_at_the_start_of_the_object_and_a_missing_item_at_its_list() -> None:
    front = accepted(read_json('\n {"a": [1],\n "b\\u2013": {"c": "d"}}', 2))
    assert front.locate(("title",)) == (2, 2)
    assert front.locate(("a", 7)) == (2, 8)
    assert front.locate(("a", 0, "x")) == (2, 9)
    assert front.locate(("b–", "c")) == front.locate(("b–", "c", 0)) == (3, 19)
    assert front.locate(("title", 0)) == (2, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1,\n  "b": 2, "a": 3}', ("json.duplicate-key", 2, 11)),
        ('{"x": {"k": 1},\n "y": [{"k": 1, "\\u006b": 2}]}', ("json.duplicate-key", 2, 17)),
        ('{"a": NaN}', ("json.invalid", 1, 7)),
        ('{"a": [1,\n -Infinity]}', ("json.invalid", 2, 2)),
        ('{"a": ' + "9" * 5000 + "}", ("json.invalid", 1, 7)),
        ('{"a": "x\ny"}', ("json.invalid", 1, 9)),
        ('{"a": 1,,\n}', ("json.invalid", 1, 9)),
        ('{"a" 1}', ("json.invalid", 1, 6)),
        ('{"a": "\\q"}', ("json.invalid", 1, 8)),
        ('{"a": "b"', ("json.cut-off", 1, 10)),
        ('{"a": 1E-', ("json.cut-off", 1, 10)),
        ('{"a": "b\n', ("json.cut-off", 1, 9)),
        ('{"a":\n "b', ("json.cut-off", 2, 4)),
        ('{"a": "x\\u0000y"}', ("member.nul", 1, 9)),
        ('{"a":' + "[" * 64 + "]" * 64 + "}", ("json.too-deep", 1, 69)),
        ('{"a":' + "[" * 100_000, ("json.too-deep", 1, 69)),
        ('{"a":' * 100_000, ("json.too-deep", 1, 321)),
    ],
)
def test_bad_json_is_refused_where_it_is_bad(text: str, expected: tuple[str, int, int]) -> None:
    assert refused(read_json(text, 0)) == expected


@pytest.mark.parametrize("number", ["0.1", "1.10", "-0.0", "1e5", "1E+23", "100000000000000000000000.0", "5e-324"])
def test_a_fraction_that_a_float_keeps_is_one(number: str) -> None:
    assert accepted(read_json(f'{{"a": {number}}}', 0)).fields == {"a": float(number)}


@pytest.mark.parametrize(
    "number",
    ["3.14159265358979323846264338327950288", "9007199254740993.0", "1e-400", "1e999", f"1e-{10**20}", f"0e{10**20}"],
)
def test_a_fraction_that_a_float_would_change_is_text(number: str) -> None:
    assert accepted(read_json(f'{{"a": {number}}}', 0)).fields == {"a": number}


def test_a_refusal_quotes_what_is_there() -> None:
    twice, number = read_json('{"name": 1, "name": 2}', 0), read_json('{"a": NaN}', 0)
    assert isinstance(twice, Rejection)
    assert "'name'" in twice.message
    assert isinstance(number, Rejection)
    assert "'NaN'" in number.message
    cut, odd = (
        read_json('{"title": "a page of which the end"\n\n', 0),
        read_json('{"title": a page of which nobody knows', 0),
    )
    assert isinstance(cut, Rejection)
    assert cut.message.endswith(""", after 'ge of which the end"'""")
    assert isinstance(odd, Rejection)
    assert odd.message.endswith(": Expecting value, found 'a page of which nobo'")


def test_depth_64_is_accepted_and_65_is_not() -> None:
    def nested(depth: int) -> str:
        return '{"a":' * depth + "1" + "}" * depth

    assert accepted(read_json(nested(MAX_DEPTH), 0)).end == len(nested(MAX_DEPTH))
    assert accepted(read_json(nested(MAX_DEPTH).replace("1", '1, "b": "[{"') + '}, {"a": 1, "a": 2}', 0)).fields["a"]
    assert refused(read_json(nested(MAX_DEPTH + 1), 0))[0] == "json.too-deep"
    assert accepted(read_yaml(f"---\n{nested(MAX_DEPTH)}\n---\n", 0)).fields["a"]
    assert refused(read_yaml(f"---\n{nested(MAX_DEPTH + 1)}\n---\n", 0))[0] == "json.too-deep"


def test_many_flat_lists_and_mappings_are_not_deep() -> None:
    for item in ("[]", '{"k": [], "l": 1}'):  # each key is there once in its mapping
        assert len(accepted(read_json('{"a": [' + ",".join([item] * 500) + "]}", 0)).fields["a"]) == 500


def test_half_a_surrogate_pair_is_replaced_in_values_and_keys_and_a_whole_pair_stays() -> None:
    text = '{"a": "x\\ud83d\\ude00y\\uD800z", "b\\udc00": ["\\\\ud800", "\\ud800\\u0041"]}'
    front = accepted(read_json(text + " \\ud800 in the body", 0))
    assert front.fields == {"a": "x\U0001f600y\ufffdz", "b\ufffd": ["\\ud800", "\ufffdA"]}
    assert [(f.code, f.line, f.column, f.field) for f in front.findings] == [
        ("encoding.surrogate", 1, text.index("\\uD800") + 1, "a"),
        ("encoding.surrogate", 1, text.index("\\udc00") + 1, "b\ufffd"),
        ("encoding.surrogate", 1, text.rindex("\\ud800") + 1, "b\ufffd"),
    ]
    assert [f.message.partition(" in all")[0] for f in front.findings] == [
        "the field 'a' holds half a surrogate pair (1",
        "a key holds half a surrogate pair (1",
        "the field 'b\ufffd' holds half a surrogate pair (1",
    ]
    assert at(text, front.locate(("b\ufffd", 1))).startswith('"\\ud800\\u0041"')


def test_keys_that_differ_only_in_what_is_broken_are_one_key_twice() -> None:
    assert refused(read_json('{"\\ud800": 1, "\\ud801": 2}', 0)) == ("json.duplicate-key", 1, 15)


JSON_VALUES = st.recursive(
    st.sampled_from(r"""1 -1.5e9 1e999 NaN -Infinity 1e-999 "" "\ud800" "a\udc00\ud800" "\u0000" true null""".split()),
    lambda inner: st.lists(inner, max_size=3).map(lambda values: f"[{', '.join(values)}]"),
)


@settings(deadline=None)
@given(st.text('{}[]":,\\u0dD8fFeE+-.tnN \n', max_size=40) | JSON_VALUES.map(lambda value: f'a": {value}}}'))
def test_json_of_any_shape_is_read_or_refused_with_a_place(rest: str) -> None:
    read = read_json('{"' + rest, 0)
    if isinstance(read, Rejection):
        assert read.line
        assert read.column
    else:
        json.dumps(read.fields, ensure_ascii=False, allow_nan=False).encode()


# --- YAML


def test_yaml_scalars_stay_text_and_only_a_plain_null_is_none() -> None:
    front = accepted(
        read_yaml(
            '---\ntitle: "A: \\"b\\" \\u2013 c"\ndate: 2019-07-13\nid: 0010\nyes: no\na: null\nb: ~\nc:\nd: \'null\'\n'
            "e: [1.0, '', !!int 3, Null, NULL, nULL]\nf: !!str null\n---\nbody: x",
            0,
        )
    )
    assert front.fields == {
        "title": 'A: "b" – c',
        "date": "2019-07-13",
        "id": "0010",
        "yes": "no",
        "a": None,
        "b": None,
        "c": None,
        "d": "null",
        "e": ["1.0", "", "3", None, None, "nULL"],
        "f": "null",
    }


def test_yaml_values_are_located_by_line_and_column() -> None:
    text = "\n\n\n\n\n---\n# note\ntitle: 'x'\naliases:\n- \"/a\"\n- /b\nmore: {k: [1, zwei]}\n---\n"
    front = accepted(read_yaml(text, 5))
    assert front.locate(("title",)) == (8, 8)
    assert front.locate(("aliases", 1)) == (11, 3)
    assert front.locate(("more", "k", 1)) == (12, 15)
    assert front.locate(("missing",)) == (6, 1)
    assert text[front.end :] == "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\na: 1\nb: 2\na: 3\n---\n", ("json.duplicate-key", 4, 1)),
        ("---\nx:\n  k: 1\n  k: 2\n---", ("json.duplicate-key", 4, 3)),
        ("---\n- a\n- b\n---\n", ("yaml.invalid", 2, 1)),
        ("---\nonly text\n---\n", ("yaml.invalid", 2, 1)),
        ("---\n---\nbody", ("yaml.invalid", 2, 1)),
        ("---\ntitle: a: b\n---\n", ("yaml.invalid", 2, 9)),
        ("---\ntitle: 'a\n---\n", ("yaml.invalid", 3, 1)),
        ("---\na: *b\n---\n", ("yaml.invalid", 2, 4)),
        ("---\na: &b [*b]\n---\n", ("yaml.invalid", 2, 8)),
        ("---\n? [a]\n: b\n---\n", ("yaml.invalid", 2, 3)),
        ("---\na: b\n...\nc: d\n---\n", ("yaml.invalid", 4, 1)),
        ("---\na: b\n--- \nc: d\n---\n", ("yaml.invalid", 3, 1)),
        ("---\na: x\x07y\n---\n", ("yaml.invalid", 2, 5)),
        ('---\na: "\\0"\n---\n', ("member.nul", 2, 4)),
        ('---\na: b\n"\\0": c\n---\n', ("member.nul", 3, 1)),
        ("---\na: b\n", ("yaml.cut-off", 2, 5)),
        ("---\na: b\n--- \n ---\n----\n", ("yaml.cut-off", 5, 5)),
        ("---", ("yaml.cut-off", 1, 4)),
        ("---\na: " + "[" * 64 + "]" * 64 + "\n---\n", ("json.too-deep", 2, 67)),
        ("---\na: " + "[" * 100_000 + "\n---\n", ("json.too-deep", 2, 67)),
    ],
)
def test_bad_yaml_is_refused_where_it_is_bad(text: str, expected: tuple[str, int, int]) -> None:
    assert refused(read_yaml(text, 0)) == expected


@pytest.mark.parametrize(("count", "fits"), [(98, True), (99, False)])
def test_a_front_matter_has_so_many_values_and_no_more(count: int, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.extract.frontmatter.MAX_NODES", 100)  # that of all and that of the list among them
    head = f'{{"a": [{", ".join("1" * count)}]}}'
    for read in (read_json(head, 0), read_yaml(f"---\n{head}\n---\n", 0)):
        assert isinstance(read, FrontMatter) is fits


@pytest.mark.parametrize("escape", ["\\ud800", "\\U00110000", "\\UFFFFFFFF"])
@pytest.mark.parametrize("libyaml", [True, False])
def test_an_escape_that_is_no_character_is_refused_with_and_without_libyaml(
    libyaml: bool, escape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not libyaml:
        monkeypatch.delattr("yaml.CBaseLoader", raising=False)
    assert refused(read_yaml(f'---\na: "{escape}"\n---\n', 0))[:2] == ("yaml.invalid", 2)


def test_a_tag_of_yaml_builds_no_object() -> None:
    front = accepted(read_yaml("---\na: !!python/object/apply:os.getcwd []\nb: !!timestamp 2019-01-01\n---\n", 0))
    assert front.fields == {"a": [], "b": "2019-01-01"}


@pytest.mark.parametrize(("value", "read"), [("[1, 2]", ["1", "2"]), ("one", "one"), ("~", None)])
def test_an_alias_is_written_out(value: str, read: object) -> None:
    assert accepted(read_yaml(f"---\na: &x {value}\nb: *x\n---\n", 0)).fields == {"a": read, "b": read}


@pytest.mark.parametrize("innermost", ["[x, x, x, x, x, x, x, x, x, x]", "[]", "x"])
def test_aliases_of_aliases_are_refused(innermost: str) -> None:
    levels = [f"a0: &a0 {innermost}"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    read = read_yaml("---\n" + "\n".join(levels) + "\n---\n", 0)
    assert isinstance(read, Rejection)
    assert read.code == "yaml.invalid"
    assert str(MAX_NODES) in read.message


@settings(deadline=None)
@given(st.dictionaries(WORDS, WORDS | st.lists(WORDS, max_size=3), min_size=1, max_size=4))
def test_any_mapping_of_texts_comes_back_and_is_located(fields: dict[str, Any]) -> None:
    # JSON is YAML: quoted text means the same in both
    head = "\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in fields.items())
    text = f"---\n{head}\n---\n"
    front = accepted(read_yaml(text, 0))
    assert front.fields == fields
    for path, value in all_paths(fields)[1:]:
        assert json.JSONDecoder().raw_decode(at(text, front.locate(path)))[0] == value


YAML_HEADS = st.lists(
    st.sampled_from(
        r"""a .nan -.inf 0x1F 1e999 2001-01-01 "\ud800" "\x00" [a,[b]] {"a":{"b":"c"}} &x *x !!int !!binary ~ yes
        'é' -""".split()
    ),
    max_size=4,
).map(lambda values: "\n".join(f"key{number}: {value}" for number, value in enumerate(values)))


@settings(deadline=None)
@given(st.text("abc:-?&*![]{}#|>'\"%,\\u0 \n\té\u2028", max_size=60) | YAML_HEADS)
def test_yaml_of_any_shape_is_read_or_refused_with_a_place(head: str) -> None:
    read = read_yaml(f"---\n{head}\n---\n", 0)
    if isinstance(read, Rejection):
        assert read.line
        assert read.column
    else:
        json.dumps(read.fields, ensure_ascii=False).encode()


# --- places and quotations


@settings(deadline=None)
@given(st.text("a\né"), st.data())
def test_a_position_leads_back_to_its_offset(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    assert at(text, position(text, offset)) == text[offset:]


@settings(deadline=None)
@given(st.text(st.characters()))
def test_a_quotation_has_no_control_character(text: str) -> None:
    assert shown(text).isprintable()
