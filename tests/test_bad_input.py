"""Bad input is a value: every faulty member is named, the others are migrated, and nothing is a bug of the tool."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import stat
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from etl.extract.record import read_record
from etl.model import RawRecord, Rejection
from etl.settings import Settings
from etl.transform.fields import KNOWN, Fields, read_fields
from tests.make import Run, abstract, codes, folder, lines, name, page, pages, zipped

ALL = ("--max-rejects", "100%")


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
    digests = dict.fromkeys(rejects(out), "-")
    digests |= {member: hashlib.sha256(data).hexdigest() for member, data in pages(2).items()}
    said = "".join(sorted(f"{digest}  {member}\n" for member, digest in digests.items()))
    (entry,) = json.loads((out / "current" / "manifest.json").read_bytes())["inputs"]
    assert (entry["members"], entry["sha256"]) == (7, hashlib.sha256(said.encode()).hexdigest())


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


def test_a_refused_entry_is_named_as_members_are_without_the_folder_of_all(tmp_path: Path, out: Path, run: Run) -> None:
    archive = zipped(tmp_path / "export.zip", pages(2) | {"a\\b.txt": page()}, inside="wiki/")
    assert run("migrate", archive, "--out", out, *ALL).status == 1
    assert rejects(out) == {"a\\b.txt": "member.refused"}


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


def test_the_fingerprint_of_a_reject_survives_another_ordinal(tmp_path: Path, out: Path, run: Run) -> None:
    faulty = zipped(tmp_path / "unreadable.zip", {"020_00000000000000dd.txt": page("Torn", page_id=99)})
    data = bytearray(faulty.read_bytes())
    data[60] ^= 0xFF  # of its bytes
    faulty.write_bytes(data)
    found = []
    for number in (1, 7):
        members = {
            f"00{number}_00000000000000aa.txt": b'{"title": "cut off"',
            f"00{number + 1}_00000000000000bb.txt": b"",
            f"00{number + 2}_00000000000000cc.txt": page("Again", page_id=2),
        }
        source = folder(tmp_path / str(number), members | {f"000_{2:016x}.txt": page("First", page_id=2)})
        run("migrate", source, faulty, "--out", out / str(number), *ALL)
        findings = lines(out / str(number) / "current" / "findings.jsonl")
        found.append({each["fingerprint"]: each["code"] for each in findings if each["severity"] == "error"})
    assert found[0] == found[1]
    assert sorted(found[0].values()) == ["id.conflict", "json.cut-off", "member.empty", "member.unreadable"]


def test_a_reject_takes_no_part_in_the_rule_of_one_member_id(tmp_path: Path, out: Path, run: Run) -> None:
    source = folder(tmp_path / "wiki", pages(3) | {f"000_{2:016x}.txt": b'{"title": "cut off"'})
    assert run("migrate", source, "--out", out, *ALL).status == 1
    assert rejects(out) == {f"000_{2:016x}.txt": "json.cut-off"}


@pytest.mark.parametrize(("conflicts", "status"), [(10, 1), (11, 2)])
def test_more_than_a_tenth_of_conflicts_are_two_sources(
    conflicts: int, status: int, tmp_path: Path, out: Path, run: Run
) -> None:
    again = {name(500 + number): page("Again", page_id=number) for number in range(1, conflicts + 1)}
    source = folder(tmp_path / "wiki", pages(100 - conflicts) | again)
    assert run("migrate", source, "--out", out, *ALL).status == status


def test_where_the_last_stays_the_threshold_of_rejects_is_the_only_one(tmp_path: Path, out: Path, run: Run) -> None:
    newer = {name(500 + number): page("Newer", page_id=number) for number in range(1, 31)}
    source = folder(tmp_path / "wiki", pages(100) | newer)
    refused = run("migrate", source, "--out", out, *ALL)
    assert refused.status == 2
    assert 'set duplicates = "last", and max_rejects' in refused.err
    (source / "wiki-etl.toml").write_text('duplicates = "last"\n')
    assert run("migrate", source, "--out", out).status == 5
    (source / "wiki-etl.toml").write_text('duplicates = "last"\nmax_rejects = 30\n')
    assert run("migrate", source, "--out", out).status == 1
    titles = [document["title"] for document in lines(out / "current" / "documents.jsonl")]
    assert (len(titles), titles.count("Newer")) == (100, 30)


def test_the_last_stays_whatever_was_there_before(tmp_path: Path, out: Path, run: Run) -> None:
    versions = ["Old.", "New.", "Old."]
    members = {name(number): page("Well", page_id=7, body=body) for number, body in enumerate(versions, 1)}
    source = folder(tmp_path / "wiki", members)
    (source / "wiki-etl.toml").write_text('duplicates = "last"\n')
    assert run("migrate", source, "--out", out).status == 1
    assert [document["body"] for document in lines(out / "current" / "documents.jsonl")] == ["Old."]
    assert rejects(out) == {name(2): "id.conflict"}


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
    "yaml merge key": b"---\nbase: &b {tags: [x]}\n<<: *b\ntitle: x\n---\nText.",
    "yaml anchors": b"---\ntitle: &t x\nslug: *t\naliases: [*t, *u]\n---\nText.",
    "deep yaml blocks": b"---\ntitle: x\na:\n" + b"".join(b" " * depth + b"-\n" for depth in range(1, 500)) + b"---\n",
    "deep lists that end": b'{"title": "x", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a million digits": b'{"title": "x", "tiki_page_id": ' + b"9" * 1_000_000 + b"}",
    "a million digits as text": b'{"title": "x", "tiki_page_id": "' + b"9" * 1_000_000 + b'"}',
    "a million digits behind a dot": b'{"title": "x", "n": 0.' + b"9" * 1_000_000 + b"}",
    "numbers of nothing": b'{"title": "x", "n": [-0, -0.0, 1e-999999]}',
    "names of classes": b'{"title": "x", "__proto__": {"a": 1}, "constructor": 1, "__class__": "int"}',
    "long number": b'{"title": "x", "n": ' + b"9" * 10_000 + b"}",
    "huge page id": json.dumps({"title": "x", "tiki_page_id": 2**200}).encode(),
    "negative page id": json.dumps({"title": "x", "tiki_page_id": -5}).encode(),
    "page id of zero": json.dumps({"title": "x", "tiki_page_id": 0, "aliases": ["/0", "/007"]}).encode(),
    "page id true": json.dumps({"title": "x", "tiki_page_id": True}).encode(),
    "big float": b'{"title": "x", "n": [1e999, 1e999999, -1e99999999999999999999]}',
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


# What a whole run says of a faulty member: its code and where.
FAULTS: dict[str, tuple[bytes, str, int, int]] = {
    "lists 100,000 deep": (b'{"title": "x",\n "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "json.too-deep", 2, 70),
    "objects 100,000 deep": (b'{"a":' * 100_000, "json.too-deep", 1, 321),
    "yaml lists 100,000 deep": (b"---\ntitle: x\na: " + b"[" * 100_000 + b"\n---\n", "json.too-deep", 3, 67),
    "a million digits": (b'{"title": "x",\n "n": ' + b"9" * 1_000_000 + b"}", "json.invalid", 2, 7),
    "a minus and a million digits": (b'{"title": "x", "n": -' + b"9" * 1_000_000 + b"}", "json.invalid", 1, 21),
    "values without end": (b'{"title": "x",\n "n": [' + b"1," * 100_000 + b"1]}", "json.invalid", 2, 200_002),
    "values without end, a key twice": (b'{"a": 1, "a": [' + b"1," * 100_000 + b"1]}", "json.duplicate-key", 1, 10),
    "one key twice by an escape": (b'{"title": "x",\n "\\u0074itle": "y"}', "json.duplicate-key", 2, 2),
    "one key twice by a surrogate": (b'{"\\ud800": 1, "\\udbff": 2, "title": "x"}', "json.duplicate-key", 1, 15),
    "a class of keys twice": (b'{"__proto__": 1, "__proto__": 2}', "json.duplicate-key", 1, 18),
    "yaml key twice": (b'---\ntitle: x\n"\\x74itle": y\n---\n', "json.duplicate-key", 3, 1),
    "yaml that explodes": (HOSTILE["yaml bomb"], "yaml.invalid", 7, 8),
    "yaml alias of itself": (b"---\ntitle: x\na: &a [*a]\n---\n", "yaml.invalid", 3, 8),
    "yaml values without end": (b"---\ntitle: x\na: [" + b"1," * 100_001 + b"]\n---\n", "yaml.invalid", 3, 199_999),
    "nul": (b'{"title": "x"}\n\nText\0.', "member.nul", 3, 5),
    "nul by an escape": (b'{"title": "x",\n "a": "\\u0000"}', "member.nul", 2, 8),
    "nul in yaml": (b'---\ntitle: "x\\0"\n---\n', "member.nul", 2, 8),
    "control character in a string": (b'{"title": "a\x1b[2J"}', "json.invalid", 1, 13),
}  # fmt: skip


@pytest.mark.parametrize("member", FAULTS)
def test_a_hostile_member_is_a_reject_that_says_where(member: str, tmp_path: Path, out: Path, run: Run) -> None:
    data, code, line, column = FAULTS[member]
    source = folder(tmp_path / "wiki", {name(1): page("Clear water", page_id=1), name(2): data})
    assert run("migrate", source, "--out", out, *ALL).status == 1
    [reject] = lines(out / "current" / "rejects.jsonl")
    assert (reject["code"], reject["line"], reject["column"]) == (code, line, column)
    assert len(reject["message"]) < 300


BROKEN_UTF8 = {
    "overlong slash": b"\xc0\xaf",
    "overlong NUL": b"\xc0\x80",
    "overlong in three bytes": b"\xe0\x80\xaf",
    "surrogate": b"\xed\xa0\x80",
    "pair of surrogates": b"\xed\xa0\xbd\xed\xb8\x80",
    "cut off": b"\xe2\x82",
    "lone continuation": b"\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "bytes of no UTF-8": b"\xfe\xff\xfe",
}


@pytest.mark.parametrize("where", ["title", "body"])
@pytest.mark.parametrize("broken", BROKEN_UTF8)
def test_broken_utf8_is_read_as_windows_1252_and_said(broken: str, where: str) -> None:
    raw = BROKEN_UTF8[broken]
    data = b'{"title": "a' + raw * (where == "title") + b'"}\n\nText' + raw * (where == "body")
    record = read_record(data)
    assert isinstance(record, RawRecord)
    [finding] = record.findings
    assert finding.code == "encoding.windows-1252"
    assert (finding.line, finding.column) == ((1, 13) if where == "title" else (3, 5))
    assert (record.fields["title"] + record.body).encode("cp1252", "replace").replace(b"?", b"").startswith(b"a")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_need_their_mark_and_may_be_cut_off(encoding: str) -> None:
    mark, text = "\ufeff".encode(encoding), '{"title": "é𝄞"}\n\nText.'.encode(encoding)
    whole = read_record(mark + text)
    assert isinstance(whole, RawRecord)
    assert (whole.fields, whole.body, whole.findings) == ({"title": "é𝄞"}, "Text.", [])
    cut = read_record(mark + text + b"\xd8")
    assert isinstance(cut, RawRecord)
    assert ([finding.code for finding in cut.findings], cut.body) == (["encoding.invalid"], "Text.\ufffd")
    unmarked = read_record(text)
    assert isinstance(unmarked, Rejection)
    assert unmarked.code in {"member.nul", "kind.unknown"}


def test_places_are_found_once_and_not_for_every_finding() -> None:
    """A search from the start for each of them would take minutes."""
    record = read_record(json.dumps({"title": "x"} | {f"key-{number}": number for number in range(50_000)}).encode())
    assert isinstance(record, RawRecord)
    found = read_fields(record, "0" * 16, Settings())
    assert isinstance(found, Fields)
    assert len({(finding.line, finding.column) for finding in found.findings}) > 49_000


ABSURD = {
    "title": page("word " * 30_000, page_id=7),
    "slug": page("Two", slug="s" * 100_000),
    "alias": page("Three", aliases=["/" + "x" * 100_000]),
    "alias in a comment": page("Four", body=f"<!-- alias({'y ' * 50_000}) -->\n\nText."),
}


@pytest.mark.parametrize("field", ABSURD)
def test_an_address_longer_than_any_request_is_refused_and_the_page_is_published(
    field: str, tmp_path: Path, out: Path, run: Run
) -> None:
    source = folder(tmp_path / "wiki", {name(1): ABSURD[field], name(2): page("Other", page_id=2)})
    assert run("migrate", source, "--out", out).status == 1
    assert len(lines(out / "current" / "documents.jsonl")) == 2
    found = [finding for finding in lines(out / "current" / "findings.jsonl") if finding["code"] == "address.refused"]
    assert found
    assert all(len(finding["message"]) < 1_000 for finding in found)
    assert run("validate", out / "current").status == 0


@pytest.mark.parametrize("line", ["tiki_page_id: " + "9" * 5000, "sections_included: [\u00b2]"])
def test_digits_that_are_no_number_are_a_repair_in_yaml(line: str, tmp_path: Path, out: Path, run: Run) -> None:
    source = folder(tmp_path / "wiki", {name(1): f"---\ntitle: Digits\n{line}\n---\n\nText.\n".encode()})
    assert run("migrate", source, "--out", out).status == 0
    assert "field.invalid" in codes(out / "current")


def test_what_was_repaired_in_a_redirect_page_is_told_too(tmp_path: Path, out: Path, run: Run) -> None:
    front = {"title": "Springs", "slug": "springs", "tiki_page_id": 2, "aliases": "/Old+springs", "author": "Anna"}
    way = f'{json.dumps(front)}\n\n{{redirect page="Wells"}}'.encode()
    source = folder(tmp_path / "wiki", {name(1): page("Wells"), name(2): way})
    assert run("migrate", source, "--out", out).status == 0
    said = [found for found in lines(out / "current" / "findings.jsonl") if found["member"] == name(2)]
    assert {found["document"] for found in said} == {"tiki-2"}
    assert [(found["code"], found["field"], found["action"]) for found in said] == [
        ("member.redirect", None, "no document; its addresses go to page-0000000000000001"),
        ("field.invalid", "aliases", "taken as a list of one"),
        ("field.unknown", "author", "left out with the page"),
    ]


def test_a_page_with_very_many_aliases_is_a_page(tmp_path: Path, out: Path, run: Run) -> None:
    """To look through all of them for each would take minutes."""
    aliases = [f"/Alias+{number}" for number in range(20_000)]
    source = folder(tmp_path / "wiki", {name(1): page("Many", aliases=[*aliases, *aliases])})
    assert run("migrate", source, "--out", out).status == 0
    [document] = lines(out / "current" / "documents.jsonl")
    assert len(document["aliases"]) == 20_001


# Hidden characters and commands to a terminal, where a page can put them.
CONTROLS = {
    "link (OSC 8)": "\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
    "clipboard (OSC 52)": "\x1b]52;c;ZXZpbA==\x07",
    "colour (CSI)": "\x1b[31mred\x1b[0m",
    "C1": "\x9b31mred\x9d52;c;ZXZpbA==\x9c",
    "line ends": "one\n::error::two\r\n::stop-commands::x",
    "bidi": "abc\u202egpj.exe\u2066\u2069",
    "zero width": "zero\u200b\u200d\u2060\ufeffwidth",
    "line separators": "one\u2028two\u2029three\x0b\x0c\x1c\x85",
    "tags": "flag\U000e0041\U000e007f",
}  # fmt: skip
COMMANDS = (
    ("migrate", "{source}", "--out", "{out}", *ALL),
    ("migrate", "{source}", "--out", "{out}", *ALL, "--format", "json"),
    ("migrate", "{source}", "--out", "{out}", *ALL, "--dry-run"),
    ("validate", "{source}"),
    ("validate", "{source}", "--verbose", "--strict"),
    ("validate", "{source}", "--format", "github"),
    ("validate", "{source}", "--format", "json"),
)


@pytest.mark.parametrize("control", CONTROLS)
def test_no_command_sends_a_control_character_to_the_terminal(
    control: str, tmp_path: Path, out: Path, run: Run
) -> None:
    text = CONTROLS[control]
    fields: dict[str, Any] = dict.fromkeys(("slug", "language", "date", "tiki_page_id"), text)
    fields |= {"aliases": [f"/{text}"], "tags": [text], "categories": [text]}
    everywhere = page(text, body=f"[{text}]({text})", **fields)
    broken = json.dumps({"title": text, text: [text]}, ensure_ascii=False).encode()[:-1]
    twice = json.dumps({text: 1})[:-1].encode() + b", " + json.dumps({text: 1})[1:].encode()
    source = folder(tmp_path / "wiki", pages(2))
    for number, data in enumerate((everywhere, broken, twice, text.encode(), b"---\n" + everywhere + b"\n---\n"), 3):
        (source / f"{number}{text.replace('/', '')}.txt").write_bytes(data)
    for command in COMMANDS:
        outcome = run(*(part.format(source=source, out=out) for part in command))
        assert outcome.status in (1, 5), outcome.err
        odd = {char for char in outcome.out + outcome.err if not char.isprintable() and char != "\n"}
        assert not odd, command
        assert not [line for line in outcome.out.splitlines() if line.startswith(("::error::two", "::stop"))], command


def test_errors_about_the_settings_and_the_source_send_none_either(tmp_path: Path, out: Path, run: Run) -> None:
    for text in CONTROLS.values():
        raw = text.replace("/", "").encode("unicode_escape").decode().replace("\\x", "\\u00")
        config = tmp_path / "wiki-etl.toml"
        for line in (
            f'"{raw}" = 1',
            f'site = "{raw}"',
            f'drop_lines = ["({raw}"]',
            f'max_rejects = "{raw}"',
            f'home = "{raw}"',
        ):
            config.write_text(line)
            for command in (("settings",), ("migrate", tmp_path / text.replace("/", ""), "--out", out)):
                outcome = run(*command, "--config", config)
                assert outcome.status in (0, 2, 3), outcome.err
                odd = {char for char in outcome.out + outcome.err if not char.isprintable() and char != "\n"}
                assert not odd, (line, command)


@pytest.mark.parametrize("control", CONTROLS)
def test_hidden_characters_are_in_no_slug_path_or_address(control: str, tmp_path: Path, out: Path, run: Run) -> None:
    text = f"Water {CONTROLS[control]}"
    source = folder(tmp_path / "wiki", {name(1): page(text, page_id=1, slug=text, tags=[text], aliases=[f"/{text}"])})
    run("migrate", source, "--out", out, *ALL)
    documents, terms, redirects = (
        [json.loads(line) for line in (out / "current" / f"{file}.jsonl").read_bytes().splitlines()]  # U+2028 ends none
        for file in ("documents", "terms", "redirects")
    )
    [document] = documents
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", document["slug"])
    assert document["path"] == f"/pages/{document['slug']}/"
    assert all(re.fullmatch("[a-z0-9-]+", term["slug"]) for term in terms)
    values = [entry["value"] for entry in redirects] + document["aliases"]
    assert not [value for value in values if re.search("[\x00-\x1f\x7f-\x9f]", value)]
    assert not re.search("[\x00-\x1f\x7f-\x9f]", document["title"])


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
