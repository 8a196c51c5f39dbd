"""Settings: where they come from, what each may be, and how the command prints them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from etl.settings import Settings, SettingsError, load_settings
from tests.make import ROOT, SAMPLE, Run, folder, pages, published, zipped


def read(path: Path, text: str, encoding: str = "utf-8") -> Settings:
    path.write_text(text, encoding)
    return load_settings(path, [], {})[0]


# --- where they come from ------------------------------------------------------------------


def test_settings_come_from_config_then_from_beside_the_source_then_from_pyproject(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def value(*arguments: object) -> str:
        return next(row for row in run("settings", *arguments).out.splitlines() if row.startswith("home = "))

    below = tmp_path / "project" / "below"
    source = folder(tmp_path / "exports" / "wiki", {})
    archive = zipped(tmp_path / "exports" / "wiki.zip", pages(1))
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    (tmp_path / "project" / "pyproject.toml").write_text('[tool.wiki-etl]\nhome = "pyproject"\n')
    (tmp_path / "pyproject.toml").write_text('[tool.wiki-etl]\nhome = "further away"\n')
    assert '"pyproject"' in value(source)
    (source / "wiki-etl.toml").write_text('home = "in the folder"')
    (archive.parent / "wiki-etl.toml").write_text('home = "beside the archive"')
    assert '"in the folder"' in value(source)
    assert '"beside the archive"' in value(archive)
    (tmp_path / "own.toml").write_text('home = "given"')
    assert '"given"' in value(source, "--config", tmp_path / "own.toml")


def test_settings_need_no_source(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.wiki-etl]\nhome = "pyproject"\n')
    assert 'home = "pyproject"' in run("settings").out
    (tmp_path / "wiki-etl.toml").write_text('home = "given"')
    assert 'home = "given"  # wiki-etl.toml' in run("settings", "--config", "wiki-etl.toml").out


def test_settings_of_a_source_that_is_not_there_are_trouble(tmp_path: Path, run: Run) -> None:
    outcome = run("settings", tmp_path / "nowhere.zip")
    assert (outcome.status, outcome.out) == (3, "")
    assert "nowhere.zip" in outcome.err
    assert run("settings", "-").status == run("settings", "https://wiki.example/export.zip").status == 0


# --- what they may be -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("path_templat = '/x/{slug}/'", "did you mean 'path_template'?"),
        ("keep_generation = 2", "did you mean 'keep_generations'?"),
        ("qwertz = 1", "wiki-etl settings"),
        ("keep_generations = 0", "keep_generations"),
        ("path_template = '/pages/'", "{slug}"),
        ("drop_lines = ['(']", "drop_lines"),
        ("publish = ['everything']", "everything"),
        ("gone = ['//x']", "gone"),
        (
            "hosts = ['old.example']\ngone = ['http://old.example/A']",
            "'http://old.example/A' is a whole address: write its id, its /path",
        ),
        ("max_rejects = 'many'", "max_rejects"),
        ("site = ", "wiki-etl.toml"),
    ],
)
def test_status_2_for_a_wrong_setting_says_what_is_wrong(
    line: str, said: str, bundle: Path, out: Path, run: Run
) -> None:
    (bundle / "wiki-etl.toml").write_text(line)
    outcome = run("migrate", bundle, "--out", out)
    assert (outcome.status, published(out)) == (2, False)
    assert said in outcome.err


FORMS = {
    "site": (
        [
            "http://new.example",
            "https://New-site_2.example:8080/",
            "https://[2001:DB8::ff]:443",
            "https://[::192.0.2.1]",
        ],
        [
            *("xhttps://new.example", "ftp://new.example", "https://", "https://2001:db8::1", "https://[::1"),
            *("https://new.example:", "https://new.example:654321", "https://new.example/?x", "https://new.example//"),
        ],
    ),
    "legacy_base": (
        ["/", "/wiki", "/~Anna/old-wiki_2/", "/v1.9/"],
        ["wiki/", "//", "/./", "/../wiki/", "/.wiki/", "/a b/", "/caf\u00e9/", "/a+b/", "/" + "w" * 100],
    ),
    "language": (["en", "ast", "pt-BR", "zh-Hant-TW", "x-wells", "i-klingon"], ["e", "english", "en_US", "en-", "1a"]),
}


@pytest.mark.parametrize("key", FORMS)
def test_a_setting_takes_every_value_of_its_form_and_no_other(key: str) -> None:
    good, bad = FORMS[key]
    for value in good:
        assert getattr(Settings.model_validate({key: value}), key) == value
    for value in bad:
        with pytest.raises(ValidationError):
            Settings.model_validate({key: value})


HOSTS = (
    ["old.example", "Old-wiki_2.example:8080", "b\u00fccher.example", "[2001:DB8::ff]", "[::1]:443"],
    ["", "old example", "old\u00a0example", "old.example:654321", "old.example/", "::1", "[::1", "[wiki]"],
)
FORMS_IN_LISTS = {
    "hosts": HOSTS,
    "image_hosts": HOSTS,
    "reserved": (
        ["/", "/search/", "/Our%20garden", "/a//b", "/caf\u00e9"],
        ["//a", "/ a", "/a b", "/?a", "/a?b", "/#a", "/a#b", "/*", "/a*", "/\\a", "/a\\b"],
    ),
    "path_prefixes": (["p", "posts", "old posts"], ["", " ", " p", "p ", "/p", "a/b", "p/", "?p", "a?b", "p#", "#"]),
}


@pytest.mark.parametrize("key", FORMS_IN_LISTS)
def test_a_list_takes_every_value_of_its_form_and_no_other(key: str) -> None:
    good, bad = FORMS_IN_LISTS[key]
    assert getattr(Settings.model_validate({key: good}), key) == tuple(good)
    for value in bad:
        with pytest.raises(ValidationError):
            Settings.model_validate({key: [value]})


@pytest.mark.parametrize("text", ["tool = 1", "[tool]\nwiki-etl = 1", '[tool]\nwiki-etl = ["home"]'])
def test_status_2_for_settings_of_a_project_that_are_no_table(
    text: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(text)
    outcome = run("settings")
    assert outcome.status == 2
    assert "[tool.wiki-etl] is not a table" in outcome.err


def test_status_2_for_a_settings_file_that_is_not_there(bundle: Path, out: Path, run: Run) -> None:
    assert run("migrate", bundle, "--out", out, "--config", out / "no.toml").status == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('reserved = ["search"]', "write '/search'"),
        ('reserved = ["https://new.example/search/"]', "write '/search/'"),
        ('reserved = ["/search?q="]', "'/search?q=' is no path"),
        ('reserved = ["/api/*"]', "'/api/*' is no path"),
        ('reserved = ["/*"]', "'/*' is no path"),
        ('path_prefixes = ["/posts/"]', "write 'posts'"),
        ('path_prefixes = [""]', "'' is no first segment"),
        ('language = ""', "such as 'en'"),
        ('language = "english!"', "such as 'en'"),
        ('legacy_template = "/posts/"', "'/posts/' is not a path with {slug} in it"),
        ('path_template = "/{slug}/.."', "'/{slug}/..' has a segment that"),
        ('path_template = "/./{slug}/"', "has a segment that"),
        ('tag_template = "/tags//{slug}/"', "has a segment that"),
        ('path_template = "//{slug}/"', "has a segment that"),
        ('path_template = ""', "'' is not a path with {slug} in it"),
        ('routes = {foo = "/x/"}', "one of categories, tags, search"),
        ('routes = {serch = "/x/"}', "did you mean 'search'?"),
        ('site = "https://new.example/kb/"', "'site': should be: `https://` and the host of the new site"),
        (f'site = "https://{"w" * 254}"', "'site': should be: `https://` and the host of the new site"),
        ('legacy_base = "wiki"', "such as `/wiki/`"),
        ('max_shrink = "much"', "should be: loss of documents"),
        ('hosts = "old.example"', "'hosts': should be a list (got 'old.example')"),
        ('category_renames = ["Bees"]', "should be a table"),
        ('drop_lines = ["^Ads$", ""]', "'' finds something in every text"),
        ('drop_lines = ["^Ads|"]', "'^Ads|' finds something in every text"),
        ('missing_images = [""]', "'' finds something in every text"),
        ('address_rewrites = {"/old/" = "/files/old/"}', "'/old/' = '/files/old/' would be rewritten again"),
        ('address_rewrites = {"/a" = "/b", "/b" = "/c"}', "'/a' = '/b' would be rewritten again"),
        ('address_rewrites = {"" = "/b"}', "would be rewritten again"),
        ('drop_lines = ["[[Ads]]"]', "'[[Ads]]': Possible nested set"),
        ('drop_lines = ["a{99999999999}"]', "is not a regular expression: the repetition number is too large"),
        (f'missing_images = ["{"(" * 3000}{")" * 3000}"]', "is not a regular expression: maximum recursion depth"),
        (f"ignore = {'[' * 3000}{']' * 3000}", "x.toml: cannot read settings: a value is nested too deep"),
        (f"site{'.a' * 3000} = 1", "'site': Input should be a valid string (got {'a': {"),
        (f"max_ratio = {'9' * 5000}", "x.toml: cannot read settings: Exceeds the limit"),
        ("max_member_bytes = 9223372036854775807", "should be less than or equal to 1099511627776"),
        ('redirects = "a\\u0000.toml"', "'redirects': should be: file of reviewed redirects"),
    ],
)
def test_a_setting_of_a_wrong_form_is_refused_with_what_to_write(
    line: str, said: str, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "x.toml").write_text(line)
    outcome = run("migrate", SAMPLE, "--out", tmp_path / "out", "--config", tmp_path / "x.toml")
    assert (outcome.status, published(tmp_path / "out")) == (2, False)
    assert said in outcome.err
    assert "Value error" not in outcome.err


@pytest.mark.parametrize(
    "line",
    [
        'reserved = ["/", "/search/", "/ä"]',
        'language = "pt-BR"',
        'path_prefixes = ["old posts"]',
        'path_template = "/.well/{slug}..html"',
        'legacy_template = ""',
        "drop_lines = ['^$', '^\\W*$', '^(?:Ads)?$']",
    ],
)
def test_a_setting_of_the_right_form_is_taken(line: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "x.toml").write_text(line)
    assert run("settings", SAMPLE, "--config", tmp_path / "x.toml").status == 0


def test_each_pattern_of_a_lost_file_has_its_own_flags_and_groups(tmp_path: Path) -> None:
    patterns = r"['/lost\.\w+$', '(?i)/none\.png$', '/(?P<size>\w)-(?P=size)\.png$', '/(?P<size>\d)(\d)\2\.gif$']"
    settings = read(tmp_path / "wiki-etl.toml", f"missing_images = {patterns}\n")
    assert all(map(settings.is_lost, ("/lost.jpg", "/NONE.png", "/s-s.png", "/122.gif")))
    assert not any(map(settings.is_lost, ("/LOST.jpg", "/s-t.png", "/123.gif", "/rose.png")))


@pytest.mark.parametrize(
    ("target", "why"), [("nowhere.toml", "[Errno 2] No such file"), ("wiki-etl.toml", "[Errno 40] Too many levels")]
)
def test_settings_that_a_link_beside_the_source_no_longer_finds_are_not_done_without(
    target: str, why: str, tmp_path: Path, run: Run
) -> None:
    archive = zipped(tmp_path / "export.zip", pages(1))
    (tmp_path / "wiki-etl.toml").symlink_to(target)
    outcome = run("migrate", archive, "--out", tmp_path / "out")
    assert (outcome.status, published(tmp_path / "out")) == (2, False)
    assert f"{tmp_path}/wiki-etl.toml: cannot read settings: {why}" in outcome.err


def test_a_byte_order_mark_is_no_part_of_settings(tmp_path: Path) -> None:
    assert read(tmp_path / "wiki-etl.toml", 'language = "de"\n', "utf-8-sig").language == "de"


@pytest.mark.parametrize(("value", "taken"), [("5", "5"), ("0", "0"), ("2.5", "2.5"), ('"5"', "5"), ('"2.5%"', "2.5%")])
@pytest.mark.parametrize("key", ["max_rejects", "max_shrink"])
def test_a_threshold_may_be_a_number(key: str, value: str, taken: str, tmp_path: Path) -> None:
    assert getattr(read(tmp_path / "wiki-etl.toml", f"{key} = {value}\n"), key) == taken


@pytest.mark.parametrize("value", ["-1", "true", "inf", "nan", '"a"', "[5]"])
def test_a_threshold_is_nothing_else(value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"wiki-etl\.toml: setting 'max_rejects'"):
        read(tmp_path / "wiki-etl.toml", f"max_rejects = {value}\n")


@pytest.mark.parametrize(
    ("host", "write"),
    [
        ("https://old.example/", "old.example"),
        ("HTTP://www.Old.example:8080", "www.Old.example:8080"),
        ("//old.example", "old.example"),
        ("old.example/wiki", "old.example"),
        ("https://me:secret@old.example/?a#b", "old.example"),
        ("old.example ", None),
        ("old.example,www.old.example", None),
        ("*.old.example", None),
        ("old.example:http", None),
        ("", None),
        ("https://", None),
        ("[::1", None),
    ],
)
@pytest.mark.parametrize("key", ["hosts", "image_hosts"])
def test_an_address_is_no_host_and_the_host_in_it_is_told(
    key: str, host: str, write: str | None, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=f"setting '{key}'") as error:
        read(tmp_path / "wiki-etl.toml", f'{key} = ["fine.example", "{host}"]\n')
    assert (f": write '{write}'" in str(error.value)) == (write is not None)


@pytest.mark.parametrize(
    "host", ["old.example", "Old.example.", "old.example:8080", "bücher.example", "[::1]:80", "wiki"]
)
def test_hosts_are_names_with_or_without_a_port(host: str, tmp_path: Path) -> None:
    assert read(tmp_path / "wiki-etl.toml", f'hosts = ["{host}"]\n').hosts == (host,)


# --- how they are printed ------------------------------------------------------------------


def test_settings_names_every_setting_with_its_origin(tmp_path: Path, run: Run) -> None:
    (tmp_path / "wiki-etl.toml").write_text("keep_generations = 7")
    outcome = run("settings", tmp_path)
    rows = dict(row.removeprefix("# ").split(" = ", 1) for row in outcome.out.splitlines())
    assert outcome.status == 0
    assert set(rows) == set(Settings.model_fields)
    assert rows["keep_generations"] == f"7  # {tmp_path / 'wiki-etl.toml'}"
    assert rows["max_rejects"] == '"1%"  # default'


def test_what_settings_prints_means_the_same_as_a_settings_file(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = folder(tmp_path / "wiki", pages(2))
    (tmp_path / "reviewed.csv").write_text("old,new\n")
    (tmp_path / "own.toml").write_text(
        'home = "a\\u001b\\u009b\\"b"\nredirects = "reviewed.csv"\ncategory_renames = {"Old name" = "ä\\\\b"}\n'
    )
    before, _ = load_settings(tmp_path / "own.toml", [], {})
    printed = folder(tmp_path / "elsewhere", {}) / "x.toml"
    printed.write_text(run("settings", source, "--config", "own.toml").out, "utf-8")
    after, _ = load_settings(printed, [], {})
    assert after == before.model_copy(update={"redirects": str(tmp_path / "reviewed.csv")})
    for flags in ([], ["--config", tmp_path / "own.toml"]):
        printed.write_text(run("settings", source, *flags).out, "utf-8")
        assert run("settings", source, "--config", printed).status == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_settings_are_toml_in_every_encoding_of_the_output(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "Bienenstöcke.toml"
    file.write_text("home = 'Zoë'\ncategory_renames = {'蜂' = '\U0001f41d'}\n", "utf-8")
    printed = tmp_path / "printed.toml"
    with printed.open("wb") as out:
        line = [sys.executable, "-m", "etl", "settings", "--config", str(file)]
        env = {**os.environ, "PYTHONIOENCODING": encoding}
        subprocess.run(line, cwd=ROOT, env=env, stdout=out, timeout=60, check=True)
    values = tomllib.loads(printed.read_text("utf-8"))
    assert (values["home"], values["category_renames"]) == ("Zoë", {"蜂": "\U0001f41d"})
    assert ("Zoë" in printed.read_text("utf-8")) == (encoding == "utf-8")


def test_control_characters_of_settings_reach_no_terminal(tmp_path: Path, run: Run) -> None:
    (tmp_path / "x.toml").write_text('home = "a\\u001b[31mb"\ncategory_junk = ["\\u009b"]\n')
    outcome = run("settings", SAMPLE, "--config", tmp_path / "x.toml")
    assert outcome.status == 0
    assert [char for char in outcome.out if not char.isprintable() and char != "\n"] == []
