"""The README says what the tool does: its generated parts are renewed by ``make readme``, its commands are run."""

from __future__ import annotations

import difflib
import html
import os
import re
import shlex
import signal
import subprocess
import sys
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

import etl
from etl import schemas
from etl.findings import CATALOGUE
from etl.load.redirects import COMPILERS
from etl.model import Document
from etl.servers import SERVERS
from etl.servers.base import free_port, program
from etl.settings import Settings
from etl.transform.body.rules import MAY_LOSE, RULES
from etl.transform.fields import term_key
from tests import make
from tests.engines.differences import DIFFERENCES
from tests.make import lines, need

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BODIES = ROOT / "tests" / "transform" / "body"
LONGEST_SAMPLE = 60
WORKFLOW = ROOT / "tests" / "data" / "validate-workflow.yml"
TEXT = README.read_text("utf-8")

MEMBER = "001_5c0ffee15900db0a.txt"
SHOWN = ("id", "path", "title", "created", "subject_date", "tags", "body", "complete", "findings")
"""What the first screen shows of the document."""
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = [line[2:] for block in CONSOLE.findall(TEXT) for line in block.splitlines()]


# --- generated parts -----------------------------------------------------------------------


def cell(text: str) -> str:
    """Text of a table cell: code spans as they are, elsewhere no character of it is markup."""
    spans = re.split(r"(`[^`]*`)", text.replace("|", "\\|"))
    return "".join(span if number % 2 else literal(span) for number, span in enumerate(spans))


def literal(text: str) -> str:
    return re.sub(r"([*~\[\]])", r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


def example(folder: Path) -> str:
    """What the tool makes of the page on the first screen."""
    made = migrated(folder)
    (document,) = lines(made / "documents.jsonl")
    redirects = (made / "redirects.jsonl").read_text("utf-8")
    finding = next(line for line in lines(made / "findings.jsonl") if line["severity"] == "warning")
    said = {key: finding[key] for key in ("code", "severity", "member", "line", "column", "message", "action")}
    return "\n".join(
        (
            "A line of `documents.jsonl`, shortened to some of its keys:\n",
            fenced("json", shortened(document)),
            "All of `redirects.jsonl`:\n",
            fenced("json", redirects),
            "A line of `findings.jsonl`, shortened:\n",
            fenced("json", orjson.dumps(said).decode()),
        )
    )


def shortened(document: dict[str, Any]) -> str:
    pairs = (f" {orjson.dumps(key).decode()}: {orjson.dumps(document[key]).decode()}" for key in SHOWN)
    return "{" + ",\n".join(pairs).lstrip() + "}"


def migrated(folder: Path) -> Path:
    """The generation that is made of the page on the first screen."""
    source = folder / "export"
    source.mkdir(parents=True)
    (source / MEMBER).write_text(raw_page(), "utf-8", newline="\n")
    assert make.wiki_etl("migrate", source, "--out", folder / "out").status == 0
    return folder / "out" / "current"


def raw_page() -> str:
    match = re.search(r"<!-- before -->\n```text\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[1]


def findings(_: Path) -> str:
    rows = [(f"`{code}`", severity, cell(sentence)) for code, (severity, sentence) in CATALOGUE.items()]
    return table(("code", "severity", "meaning"), rows)


def rules(_: Path) -> str:
    rows = [
        (f"`{rule}`", cell(re.sub(r" \([\d, ]+\)$", "", sentence)), *map(quoted, first_change(rule)))
        for rule, sentence in RULES.items()
    ]
    losing = ", ".join(f"`{rule}`" for rule in RULES if rule in MAY_LOSE)
    said = f"Only these may remove visible text, with a finding, or as the marks of a box or a link: {losing}.\n\n"
    return said + table(("rule", "what it does", "before", "after"), rows)


def first_change(rule: str) -> tuple[str, str]:
    """The first lines of a rule's case that come out otherwise, before and after."""
    before, after = ((BODIES / rule / f"{name}.md").read_text("utf-8").splitlines() for name in ("input", "expected"))
    changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    _, start, stop, new_start, new_stop = next(change for change in changes if change[0] != "equal")
    return "\u23ce".join(before[start:stop]), "\u23ce".join(after[new_start:new_stop])


def quoted(text: str) -> str:
    """A text as code in a table cell, cut to what a column holds; a sign stands for the end of a line."""
    text = re.sub("\u23ce{3,}", "\u23ce\u23ce", text.strip("\u23ce"))
    text = text if len(text) <= LONGEST_SAMPLE else text[: LONGEST_SAMPLE - 1] + "\u2026"
    if not text.strip():
        return "nothing"
    visible = re.sub(
        r"[\x00-\x1f\x7f-\xa0\u2000-\u200f\u2028-\u202f\u2060\ufeff]", lambda odd: f"U+{ord(odd[0]):04X}", text
    )
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    edge = " " if visible[0] == "`" or visible[-1] == "`" or visible != visible.strip() else ""
    return f"{fence}{edge}{visible}{edge}{fence}".replace("|", "\\|")


def help_(_: Path) -> str:
    """In a child, for the width of the terminal is read there and then."""
    command = [sys.executable, "-m", "etl", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=plain())
    return fenced("text", done.stdout)


def settings(_: Path) -> str:
    fields = Settings.model_fields.items()
    rows = [(f"`{key}`", f"`{default(info.default)}`", cell(info.description or "")) for key, info in fields]
    return table(("key", "default", "meaning"), rows)


def default(value: Any) -> str:
    """A default as it is written in TOML, which has no word for none."""
    if value is None:
        return "none"
    return str(value) if isinstance(value, int) else orjson.dumps(value).decode().replace('","', '", "')


def workflow(_: Path) -> str:
    if not WORKFLOW.is_file():
        return "A workflow for GitHub Actions comes with the next version.\n"
    said = "A workflow for GitHub Actions, ready to copy to `.github/workflows/`:\n\n"
    return said + fenced("yaml", WORKFLOW.read_text("utf-8"))


def picture(_: Path) -> str:
    drawn = [line for line in (etl.__doc__ or "").splitlines() if "──" in line]
    indent = min(len(line) - len(line.lstrip()) for line in drawn)
    return fenced("text", "\n".join(line[indent:] for line in drawn))


def engines(_: Path) -> str:
    rows = [(row.engine, cell(row.name), cell(row.differs), cell(row.why), cell(row.helps)) for row in DIFFERENCES]
    return table(("engine", "what", "what it shows", "why it stays", "what helps"), rows)


PARTS: dict[str, Callable[[Path], str]] = {
    "example": example,
    "findings": findings,
    "rules": rules,
    "engines": engines,
    "help": help_,
    "settings": settings,
    "workflow": workflow,
    "picture": picture,
}


def plain() -> dict[str, str]:
    """An environment in which output has one width and no colour, and make is not told what its parent does."""
    unwanted = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "FORCE_COLOR")
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    return kept | {"COLUMNS": "100", "NO_COLOR": "1"}


def renewed(text: str, name: str, part: str) -> str:
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->\n"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    assert found
    assert closed
    return f"{before}{begin}\n{part}\n{end}{after}"


@pytest.mark.parametrize("name", PARTS)
def test_a_generated_part_is_what_the_tool_says(name: str, tmp_path: Path, accept: bool) -> None:
    if name == "help" and sys.version_info >= (3, 12):
        pytest.skip("later versions of Python lay help out differently; the README has that of the oldest one")
    now = README.read_text("utf-8")
    wanted = renewed(now, name, PARTS[name](tmp_path))
    if accept:
        README.write_text(wanted, "utf-8", newline="\n")
        return
    diff = "\n".join(difflib.unified_diff(now.splitlines(), wanted.splitlines(), "README.md", name, lineterm=""))
    assert now == wanted, f"`make readme` renews it:\n{diff}"


def test_every_generated_part_has_a_maker() -> None:
    assert sorted(re.findall(r"<!-- begin: (.*?) -->", TEXT)) == sorted(PARTS)


# --- what is written by hand ---------------------------------------------------------------


def test_the_keys_of_a_document_are_all_there_in_order() -> None:
    part = TEXT.partition("<!-- keys -->")[2].partition("\n## ")[0]
    named = [key for row in re.findall(r"^\| (`.*?) \|", part, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)]
    assert named == list(Document.model_fields)


def test_the_files_of_a_generation_are_all_there(tmp_path: Path) -> None:
    source, out = tmp_path / "export", tmp_path / "out"
    source.mkdir()
    (source / MEMBER).write_text(raw_page(), "utf-8")
    assert make.wiki_etl("migrate", source, "--out", out, "--tables", "--changes").status == 0
    part = TEXT.partition("| file of a generation |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| `(.*?)` \|", part, re.MULTILINE)
    made = [path.relative_to(out / "current") for path in (out / "current").rglob("*") if path.is_file()]
    owners = [[name for name in named if path.match(name) or str(path).startswith(name)] for path in made]
    assert {owner for (owner,) in owners} == set(named)


def test_each_server_is_wired_as_its_own_page_says(tmp_path: Path) -> None:
    pages = migrated(tmp_path) / "redirects"
    part = TEXT.partition("| server | needs | the folder")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| \[.*?\]\(etl/load/redirects/(\w+)\.py\) \|.*?\| (`/etc/.*)", part, re.MULTILINE)
    assert sorted(server for server, _ in rows) == sorted(SERVERS)
    for server, said in rows:
        page = (pages / server / "README.md").read_text("utf-8")
        assert [code for code in re.findall("`(.*?)`", said) if code not in page] == [], server


def test_a_decision_is_written_as_shown(tmp_path: Path) -> None:
    match = re.search(r"<!-- decision -->\n```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert match is not None
    members = {MEMBER: raw_page().encode(), "decisions.toml": match[1].encode()}
    source = make.folder(tmp_path / "export", members | {"wiki-etl.toml": b'redirects = "decisions.toml"'})
    assert make.wiki_etl("migrate", source, "--out", tmp_path / "out").status == 0
    redirects = lines(tmp_path / "out" / "current" / "redirects.jsonl")
    assert [line["value"] for line in redirects if line["why"] == "reviewed"] == ["/articles/roof-bees"]


def as_markdown(monkeypatch: pytest.MonkeyPatch, folder: Path, script: Callable[[str], str] = str) -> Path:
    """The sample as files of Markdown, written by the script that is shown; returns the generation."""
    match = re.search(r"<!-- markdown -->\n```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert match is not None
    monkeypatch.chdir(folder)
    assert make.wiki_etl("migrate", make.SAMPLE).status == 0
    exec(script(match[1]), {})
    return folder / "out" / "current"


def test_documents_become_files_of_markdown_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    current = as_markdown(monkeypatch, tmp_path)
    documents, terms = lines(current / "documents.jsonl"), lines(current / "terms.jsonl")
    names = {term_key(term["name"]): term["name"] for term in terms}
    assert len(documents) + len(terms) == len(list((tmp_path / "content").rglob("*.md")))
    for page in documents + terms:
        file = tmp_path / "content" / page["path"].strip("/") / "index.md"
        _, front, body = file.read_text("utf-8").split("---\n", 2)
        said = yaml.safe_load(front)
        assert said["url"] == said["permalink"] == page["path"]
        if "name" in page:
            assert (said["title"], body.count("\n* [")) == (page["name"], page["documents"])
            continue
        assert (said["title"], body) == (page["title"], f"\n{page['body']}\n")
        assert (said.get("date"), said.get("lastmod")) == (page["created"], page["modified"])
        assert said.get("tags", []) == [names[term_key(tag)] for tag in page["tags"]]


def test_hugo_builds_a_site_of_the_files_of_markdown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("hugo")
    current = as_markdown(monkeypatch, tmp_path, lambda script: script.replace("# body = ", "body = "))
    settings = 'buildFuture = true\ndisableKinds = ["taxonomy", "term"]\n[markup.goldmark.renderer]\nunsafe = true\n'
    (tmp_path / "config.toml").write_text(settings)
    (tmp_path / "layouts" / "_default").mkdir(parents=True)
    (tmp_path / "layouts" / "_default" / "single.html").write_text("<h1>{{ .Title }}</h1>{{ .Content }}")
    subprocess.run(["hugo", "--quiet"], cwd=tmp_path, check=True, timeout=60)
    for page in lines(current / "documents.jsonl") + lines(current / "terms.jsonl"):
        built = (tmp_path / "public" / page["path"].strip("/") / "index.html").read_text("utf-8")
        shown = re.findall(r"\w+", html.unescape(re.sub(r"<[^>]*>", "", built)))
        assert "".join(shown).startswith("".join(re.findall(r"\w+", page.get("title") or page["name"])))
        if "text" in page:
            assert "".join(shown) == "".join(re.findall(r"\w+", f"{page['title']} {page['text']}"))


def test_tags_are_joined_to_terms_as_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    match = re.search(r"^def term_key\(name\):\n(?: +.*\n)+", TEXT, re.MULTILINE)
    assert match is not None
    shown: dict[str, Any] = {"unicodedata": unicodedata}
    exec(match[0], shown)
    odd = [
        "Omega-3 ",
        "OMEGA  3",
        "ＯＭＥＧＡ_3",
        "Straße",
        "STRASSE",
        "İ",
        "ﬁ",
        "+",
        "++ ",
        "日本・語",
        "١٢",
        "जो",
        "जा।",
        "❤️",
        "☀️ ",
        "བོད་",
    ]
    assert [shown["term_key"](name) for name in odd] == [term_key(name) for name in odd]
    members = {
        make.name(number): make.page(f"Bed {number}", page_id=number, tags=[tag], categories=["Beds "])
        for number, tag in enumerate(odd, 1)
    }
    done = make.invoke(capfd, "migrate", make.folder(tmp_path / "wiki", members), "--out", tmp_path / "out")
    assert done.status == 0
    current = tmp_path / "out" / "current"
    terms = {shown["term_key"](line["name"]): line["documents"] for line in lines(current / "terms.jsonl")}
    tags = Counter(shown["term_key"](tag) for line in lines(current / "documents.jsonl") for tag in line["tags"])
    assert terms == tags


def test_links_and_paths_lead_somewhere() -> None:
    whole = re.sub(r"^```.*?^```$", "", TEXT, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"(`+).*?\1", "", whole)
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    headings = re.findall(r"^#+ (.*)", whole, re.MULTILINE)
    anchors = {"#" + re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    named = re.findall(r"`((?:etl|tests|raw/sample|schemas)/[\w./-]*)`", TEXT)
    assert targets
    lost = [path for path in targets + named if path not in anchors and not (ROOT / path).exists()]
    assert lost == []


def test_every_promise_names_tests_that_there_are() -> None:
    part = TEXT.partition("\n## What is promised")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*) \| (\[.*) \|$", part, re.MULTILINE)
    assert len(rows) >= 15
    for promise, held_by in rows:
        named = re.findall(r"\[(test_\w+)\]\((tests/[\w/]+\.py)\)", held_by)
        assert named, promise
        for name, path in named:
            assert name == Path(path).stem or f"\ndef {name}(" in (ROOT / path).read_text("utf-8"), name


def test_the_page_is_plain_prose() -> None:
    assert "shields.io" not in TEXT
    assert re.findall(r"[^\n]*[.!?] [A-Z][^|`\n]*\.\n", prose()) == [], "one sentence a line"


def prose() -> str:
    """Paragraphs: no code, no tables, no lists, nothing generated."""
    text = re.sub(r"<!-- begin: (\w+) -->.*?<!-- end: \1 -->", "", TEXT, flags=re.DOTALL)
    text = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^(?:\||\* |#).*\n", "", text, flags=re.MULTILINE)


def test_the_limits_are_those_of_the_code() -> None:
    limits = TEXT.partition("\n## Limits")[2].partition("\n## ")[0]
    assert set(COMPILERS) == set(SERVERS)
    said = re.findall(r"The settings? (.*?) (?:is|are) accepted, but nothing reads", limits)
    read = set(re.findall(r"settings\.(\w+)", code()))
    by_method = {
        "legacy_path": "legacy_template",
        "path": "path_template",
        "tag_path": "tag_template",
        "is_lost": "missing_images",
        "rewritten": "address_rewrites",
    }
    unread = set(Settings.model_fields) - read - {key for method, key in by_method.items() if method in read}
    assert set(re.findall(r"`(\w+)`", " ".join(said))) == unread


def code(pattern: str = "*.py") -> str:
    """The package, but for the settings themselves."""
    files = sorted(path for path in (ROOT / "etl").rglob(pattern) if path.name != "settings.py")
    return "\n".join(path.read_text("utf-8") for path in files)


# --- commands ------------------------------------------------------------------------------

KINDS = ("make", "wiki-etl", "cp", "nginx", "curl", "rm")
LIVE = re.compile(" (?:serve|verify) ")
NGINX = ("cp", "nginx", "curl", "rm")


def of(*words: str) -> list[str]:
    return [command for command in COMMANDS if command.split()[0] in words]


def test_every_command_is_of_a_kind_that_is_run_here() -> None:
    assert COMMANDS
    assert set(COMMANDS) == set(of(*KINDS))


@pytest.mark.parametrize("command", of("make"))
def test_make_knows_the_target_and_would_run_it(command: str) -> None:
    need("make")
    words = shlex.split(command)
    assert re.search(rf"^{words[1]}:.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    done = subprocess.run([*words, "--dry-run"], capture_output=True, text=True, cwd=ROOT, env=plain(), check=False)
    assert done.returncode == 0, done.stderr
    if words[1] == "migrate":
        assert "-m etl migrate --tables" in done.stdout


def test_the_bench_says_what_it_needs_where_that_is_missing() -> None:
    command = [sys.executable, str(ROOT / "tests" / "bench.py"), "--generator", "nowhere.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("no nowhere.py at nowhere.py; --generator and --skeleton name them")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the README's export, its `out/` after two runs, and `wiki-etl` on the path."""
    folder = tmp_path_factory.mktemp("place")
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        archive.writestr(MEMBER, raw_page())
    shim(folder, "wiki-etl", f'exec {shlex.quote(sys.executable)} -m etl "$@"')
    # Two generations, a release, a dry run and a baseline, so that every command can do its work in any order.
    runs = (f"migrate export.zip {flag} --quiet" for flag in ("--html", "", "--dry-run"))
    for command in (*runs, "release --quiet", "validate export.zip --format json > baseline.json"):
        done = shell(f"wiki-etl {command}", folder)
        assert done.returncode == 0, done.stderr
    asked = '192.0.2.7 - - [22/Nov/2026:10:00:00 +0000] "GET /Bees+in+town HTTP/1.1" 404 0 "-" "-"'
    (folder / "access.log").write_text(f"{asked}\n", "utf-8")
    return folder


def shim(folder: Path, name: str, command: str) -> None:
    """A command of this name, for `shell`."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{command}\n", "utf-8")
    path.chmod(0o755)


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words, env = ["/bin/sh", "-c", command], around(folder)
    return subprocess.run(words, capture_output=True, text=True, cwd=folder, env=env, timeout=120, check=False)


def around(folder: Path) -> dict[str, str]:
    return plain() | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("command", [command for command in of("wiki-etl") if not LIVE.search(command)])
def test_the_command_does_what_it_is_shown_for(command: str, place: Path) -> None:
    done = shell(command, place)
    assert done.returncode == 0, done.stderr


def test_the_map_is_served_and_verified(place: Path) -> None:
    need("nginx")
    command, verify = (command for command in of("wiki-etl") if LIVE.search(command))
    port = str(free_port())
    words = command.replace("8080", port).split()
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=place, env=around(place), stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        verified = shell(verify.replace("8080", port), place)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=60)
    assert "http://127.0.0.1:" in said + error
    assert verified.returncode == 0, verified.stderr
    assert process.returncode == 0, error


def test_nginx_is_wired_reloaded_and_rolled_back_as_shown(place: Path) -> None:
    need("nginx", "curl")
    etc = place / "etc"
    etc.mkdir()
    port = free_port()
    hop = free_port(besides=port)
    conf = configuration(etc, port)
    (etc / "nginx.conf").write_text(conf, "utf-8")
    shim(place, "nginx", f'exec {program("nginx", "nginx")} -p "{etc}" -e "{etc}/error.log" -c "{etc}/nginx.conf" "$@"')
    answers, started = [], False
    try:
        for command in of(*NGINX):
            done = shell(command.replace("/etc/nginx", str(etc)).replace("localhost", f"127.0.0.1:{port}"), place)
            assert done.returncode == 0, f"{command}: {done.stderr}"
            for file in etc.glob("wiki-etl*/hop.conf"):
                file.write_text(file.read_text("utf-8").replace("19417", str(hop)), "utf-8")
            if command == "nginx -t" and not started:
                started = shell("nginx", place).returncode == 0
            answers += [done.stdout] if command.startswith("curl") else []
    finally:
        shell("nginx -s stop", place)
    assert started
    assert ["301 Moved" in answer and "/pages/bees-in-town-and-who-minds/" in answer for answer in answers] == [True]


def configuration(etc: Path, port: int) -> str:
    """The lines of the README inside the rest of a configuration."""
    match = re.search(r"<!-- nginx -->\n```nginx\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert match is not None
    user = "user root;\n" if os.geteuid() == 0 else ""
    listening = match[1].replace("server {", f"server {{\n listen 127.0.0.1:{port}; root {etc}; access_log off;", 1)
    return f"{user}pid {etc}/nginx.pid;\nevents {{}}\n{listening}"


def test_the_schemas_that_the_page_speaks_of_exist() -> None:
    assert {"document", "redirect", "finding"} <= set(schemas.MODELS)
