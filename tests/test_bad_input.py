"""Bad input is a value: every faulty member is named, the others are migrated, and nothing is a bug of the tool."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import stat
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.transform.fields import KNOWN
from tests.make import Outcome, abstract, codes, folder, lines, name, page, pages, zipped

Run = Callable[..., Outcome]
ALL = ("--max-rejects", "100%")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def rejects(out: Path) -> dict[str, str]:
    """Codes by the names of members."""
    return {reject["member"]: reject["code"] for reject in lines(out / "current" / "rejects.jsonl")}


# --- entries that are not safe to open -----------------------------------------------------


def test_refused_entries_of_a_zip_are_named_and_never_opened(tmp_path: Path, out: Path, run: Run) -> None:
    archive = zipped(
        tmp_path / "wiki.zip",
        pages(2) | {"../escape.txt": page(), "/etc/motd": page(), "a\\b.txt": page(), "bell\x07.txt": page()},
    )
    with zipfile.ZipFile(archive, "a") as file:
        link = zipfile.ZipInfo("link.txt")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    assert run("migrate", archive, "--out", out, *ALL).status == 1
    assert rejects(out) == dict.fromkeys(
        ["../escape.txt", "/etc/motd", "a\\b.txt", "bell\x07.txt", "link.txt"], "member.refused"
    )
    for reject in lines(out / "current" / "rejects.jsonl"):
        assert [reject[key] for key in ("size", "sha256", "raw", "raw_complete")] == [None, None, None, False]
    assert codes(out / "current").count("member.refused") == 5
    assert not (tmp_path / "escape.txt").exists()


def test_refused_entries_of_a_tar_are_named_and_never_opened(tmp_path: Path, out: Path, run: Run) -> None:
    archive = tmp_path / "wiki.tar"
    with tarfile.open(archive, "w") as file:
        for kind, entry_name in (
            (tarfile.SYMTYPE, "soft"),
            (tarfile.LNKTYPE, "hard"),
            (tarfile.CHRTYPE, "device"),
            (tarfile.FIFOTYPE, "pipe"),
        ):
            entry = tarfile.TarInfo(entry_name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            file.addfile(entry)
        for member, data in (pages(2) | {"../escape.txt": b"x"}).items():
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            file.addfile(entry, io.BytesIO(data))
    assert run("migrate", archive, "--out", out, *ALL).status == 1
    assert rejects(out) == dict.fromkeys(["soft", "hard", "device", "pipe", "../escape.txt"], "member.refused")


def test_a_link_in_a_folder_is_refused(tmp_path: Path, out: Path, run: Run) -> None:
    source = folder(tmp_path / "wiki", pages(2))
    (tmp_path / "secret.txt").write_bytes(page("Secret"))
    (source / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert run("migrate", source, "--out", out, *ALL).status == 1
    assert rejects(out) == {"link.txt": "member.refused"}


def test_a_bad_checksum_is_one_reject_and_the_rest_is_migrated(tmp_path: Path, out: Path, run: Run) -> None:
    archive = tmp_path / "wiki.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for member, data in (pages(2) | {"zzz.txt": b"CORRUPT ME"}).items():
            file.writestr(member, data)
    archive.write_bytes(archive.read_bytes().replace(b"CORRUPT ME", b"CORRUPTED!"))
    assert run("migrate", archive, "--out", out).status == 1
    assert rejects(out) == {"zzz.txt": "member.unreadable"}
    assert len(lines(out / "current" / "documents.jsonl")) == 2


def test_an_encrypted_entry_is_one_reject(tmp_path: Path, out: Path, run: Run) -> None:
    archive = zipped(tmp_path / "wiki.zip", pages(2) | {"zzz.txt": b"secret"})
    data = bytearray(archive.read_bytes())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # the last local header and the last entry of the directory
        at = data.rindex(mark)
        struct.pack_into("<H", data, at + flags, 1)
    archive.write_bytes(data)
    assert run("migrate", archive, "--out", out).status == 1
    assert set(rejects(out)) == {"zzz.txt"}
    assert rejects(out)["zzz.txt"] in {"member.refused", "member.unreadable"}


def test_a_member_over_the_limit_is_a_reject(tmp_path: Path, out: Path, run: Run) -> None:
    source = folder(tmp_path / "wiki", pages(2) | {name(9): page("Long", body="word " * 1000, page_id=9)})
    (source / "wiki-etl.toml").write_text("max_member_bytes = 4000")
    assert run("migrate", source, "--out", out).status == 1
    assert rejects(out) == {name(9): "member.unreadable"}


def test_more_members_or_bytes_than_a_run_may_have_is_trouble_with_the_input(
    tmp_path: Path, out: Path, run: Run
) -> None:
    source = folder(tmp_path / "wiki", pages(5))
    for line in ("max_members = 4", "max_total_bytes = 500"):
        (source / "wiki-etl.toml").write_text(line)
        outcome = run("migrate", source, "--out", out)
        assert outcome.status == 3
        assert line.partition(" ")[0] in outcome.err


# --- what a reject keeps -------------------------------------------------------------------


def test_a_reject_keeps_its_bytes_whole_up_to_the_setting(tmp_path: Path, out: Path, run: Run) -> None:
    short, long = b'{"title": "cut' + b"\xff", b'{"title": "cut' + b"x" * 100
    source = folder(tmp_path / "wiki", pages(2) | {name(8): short, name(9): long})
    (source / "wiki-etl.toml").write_text('max_raw_bytes = 50\nmax_rejects = "2"')
    assert run("migrate", source, "--out", out).status == 1
    first, second = lines(out / "current" / "rejects.jsonl")
    assert (base64.b64decode(first["raw"]), first["raw_complete"], first["size"]) == (short, True, len(short))
    assert (base64.b64decode(second["raw"]), second["raw_complete"], second["size"]) == (long[:50], False, len(long))
    assert second["sha256"] == hashlib.sha256(long).hexdigest()


def test_every_reject_is_a_finding_of_severity_error_at_the_same_place(tmp_path: Path, out: Path, run: Run) -> None:
    source = folder(tmp_path / "wiki", pages(2) | {name(9): b'{\n  "title": "x",\n  "title": "y"\n}'})
    run("migrate", source, "--out", out)
    [reject] = lines(out / "current" / "rejects.jsonl")
    [finding] = [line for line in lines(out / "current" / "findings.jsonl") if line["severity"] == "error"]
    for key in ("code", "bundle", "member", "line", "column", "message", "action"):
        assert finding[key] == reject[key], key
    assert (finding["line"], finding["column"]) == (3, 3)


# --- one page twice ------------------------------------------------------------------------


def test_one_page_id_or_member_id_twice_is_a_conflict_that_names_the_first(tmp_path: Path, out: Path, run: Run) -> None:
    source = folder(
        tmp_path / "wiki",
        pages(3) | {name(8): page("Again", page_id=2), f"900_{2:016x}.txt": page("Other", page_id=30)},
    )
    assert run("migrate", source, "--out", out, *ALL).status == 1
    assert rejects(out) == {name(8): "id.conflict", f"900_{2:016x}.txt": "id.conflict"}
    for reject in lines(out / "current" / "rejects.jsonl"):
        assert f"wiki/{name(2)}" in reject["message"]


@pytest.mark.parametrize(("conflicts", "status"), [(10, 1), (11, 2)])
def test_more_than_a_tenth_of_conflicts_are_two_sources(
    conflicts: int, status: int, tmp_path: Path, out: Path, run: Run
) -> None:
    again = {name(500 + number): page("Again", page_id=number) for number in range(1, conflicts + 1)}
    source = folder(tmp_path / "wiki", pages(100 - conflicts) | again)
    assert run("migrate", source, "--out", out, *ALL).status == status


# --- hostile members -----------------------------------------------------------------------

HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "one byte": b"\x80",
    "a brace": b"{",
    "an empty object": b"{}",
    "a bracket": b"[",
    "three dashes": b"---",
    "dashes twice": b"---\n---\n",
    "a mark alone": b"\xef\xbb\xbf",
    "utf-16 mark alone": b"\xff\xfe",
    "utf-32 cut": b"\xff\xfe\x00\x00{\x00",
    "deep lists": b'{"title": ' + b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000,
    "deep yaml": b"---\ntitle: " + b"[" * 5_000 + b"\n---\n",
    "yaml bomb": b"---\na: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n".encode() for n in range(9))
    + b"---\n",
    "yaml that builds": b"---\ntitle: !!python/object/apply:os.system ['echo x']\n---\nText.",
    "yaml keys": b"---\n? [a, b]\n: c\n---\n",
    "long number": b'{"title": "x", "n": ' + b"9" * 10_000 + b"}",
    "huge page id": json.dumps({"title": "x", "tiki_page_id": 2**200}).encode(),
    "negative page id": json.dumps({"title": "x", "tiki_page_id": -5}).encode(),
    "page id of zero": json.dumps({"title": "x", "tiki_page_id": 0, "aliases": ["/0", "/007"]}).encode(),
    "page id true": json.dumps({"title": "x", "tiki_page_id": True}).encode(),
    "big float": b'{"title": "x", "n": 1e999}',
    "nul in a field": b'{"title": "a\\u0000b"}',
    "control characters": json.dumps({"title": "a\x1b[2J\x7f\u0085b", "aliases": ["/a\x1bb", "\x07"]}).encode(),
    "only invisible characters": json.dumps({"title": "\u200b\u2060\x07", "slug": "\u200b"}).encode(),
    "surrogates": b'{"title": "\\ud800", "\\udc00": "\\ud800\\udc00", "aliases": ["/\\udfff"], "tags": ["\\udabc"]}',
    "odd types": json.dumps({"title": "x"} | {key: {"a": [1]} for key in KNOWN - {"title"}}).encode(),
    "lists of anything": json.dumps({"title": "x", "aliases": [None, 1, {}], "tags": [None]}).encode(),
    "long title": json.dumps({"title": "long " * 20_000}).encode(),
    "date far away": json.dumps({"title": "x – Dec 9999", "date": "9999-12-31T23:59:59-14:00"}).encode(),
    "date long ago": json.dumps({"title": "x – Dec 0000", "date": "0001-01-01T00:00:00+14:00"}).encode(),
    "date of other digits": json.dumps({"title": "x – June ٢٠١٩", "date": "２０１９-01-01"}).encode(),
    "alias to the home page": json.dumps({"title": "/", "slug": "/", "aliases": ["/", "//", "/.", "/..", ""]}).encode(),
    "path in the slug": json.dumps({"title": "x", "slug": "../../etc/passwd"}).encode(),
    "title of dots": json.dumps({"title": "..", "aliases": ["/.."]}).encode(),
    "a redirect to itself": json.dumps({"title": "x"}).encode() + b'\n\n{redirect page="x"}',
    "a box that never ends": json.dumps({"title": "x"}).encode() + b"\n\n" + b'<div class="border">' * 2000,
    "bold that never ends": json.dumps({"title": "x"}).encode() + b"\n\n" + b"**a" * 2000,
    "brackets": json.dumps({"title": "x"}).encode() + b"\n\n" + b"[" * 3000 + b"](" * 3000,
    "an image of nothing": json.dumps({"title": "x"}).encode() + b'\n\n<img src="" width="99999999999999999999">![]()',
    "noncharacters": json.dumps({"title": "\ufffe\uffff"}).encode() + "\n\n\ufdd0 \U0010ffff \ue000".encode(),
    "abstract": abstract(),
}  # fmt: skip


@pytest.mark.parametrize("member", HOSTILE)
def test_no_member_is_a_bug_of_the_tool(member: str, tmp_path: Path, out: Path, run: Run) -> None:
    source = folder(tmp_path / "wiki", {name(1): page("Clear water", page_id=1), name(2): HOSTILE[member]})
    outcome = run("migrate", source, "--out", out, "--changes", "--html", *ALL)
    assert outcome.status in (0, 1), outcome.err
    assert "tiki-1" in {line["id"] for line in lines(out / "current" / "documents.jsonl")}


@pytest.mark.parametrize("title", ["\u200b", " \u200b\ufeff\u2060 ", "\u00ad\u200d"])
def test_a_title_of_nothing_that_shows_is_no_title(title: str, tmp_path: Path, out: Path, run: Run) -> None:
    source = folder(tmp_path / "wiki", pages(1) | {name(2): page(title, page_id=2)})
    assert run("migrate", source, "--out", out, *ALL).status == 1
    assert rejects(out) == {name(2): "title.missing"}


def test_all_hostile_members_together_are_one_export(tmp_path: Path, out: Path, run: Run) -> None:
    members = {name(number): data for number, data in enumerate(HOSTILE.values(), 1)}
    outcome = run("migrate", folder(tmp_path / "wiki", members), "--out", out, *ALL)
    assert outcome.status == 1, outcome.err


SLOW = {
    "comments that never end": b"alias(" + b"<!--" * 10_000,
    "redirects that never end": b"<!--" + b"{redirect page=" * 3_000 + b"-->",
}


@pytest.mark.parametrize("body", SLOW)
def test_no_body_of_a_few_kilobytes_takes_seconds(body: str, tmp_path: Path, out: Path, run: Run) -> None:
    from etl.extract.record import read_record
    from etl.model import Rejection
    from etl.settings import Settings
    from etl.transform.fields import read_fields

    record = read_record(b'{"title": "x"}\n\n' + SLOW[body])
    assert not isinstance(record, Rejection)
    start = time.perf_counter()
    read_fields(record, "0" * 16, Settings())
    assert time.perf_counter() - start < 0.5
