"""Containers: one bundle in every wrapping, whatever is unsafe refused, whatever is cut off noticed."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import itertools
import lzma
import os
import pickle
import random
import socket
import stat
import struct
import sys
import tarfile
import tempfile
import tracemalloc
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import streams
from etl.extract.bundle import Bundle, left_out, scan
from etl.extract.members import Locator, Reader, unreadable
from etl.extract.names import globs
from etl.extract.trouble import SourceError, check_unchanged
from etl.model import Rejection
from etl.settings import Settings

PAGES = {
    "000_52e865d63ba14fa2.txt": b'{"title": "Clear water"}\n\nA spring.\n',
    "sub/001_e3004bb419b4237c.txt": "Überschrift\n".encode() * 300,
    "sub/deep/ünï.md": b"---\ntitle: x\n---\n",
    "empty.txt": b"",
}
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "tar.gz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
    "tar.zst": lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data),
}
CODECS = {"tar.gz": "gzip", "tar.bz2": "bzip2", "tar.xz": "xz", "tar.zst": "zstd"}
WRAPPINGS = ["folder", "zip", "tar", *COMPRESSED]

Entries = list[tuple[int, str, Locator | Rejection]]


class Scanned:
    """What a scan said, and the bytes behind it."""

    def __init__(self, work: Path, *sources: Path | str, leave_out: tuple[Path, ...] = (), **settings: Any) -> None:
        self.settings = Settings(**settings)
        self.entries: Entries = []
        work.mkdir(exist_ok=True)
        self.bundles: list[Bundle] = scan(
            [str(source) for source in sources],
            self.settings,
            work,
            lambda number, name, found: self.entries.append((number, name, found)),
            leave_out,
        )
        drop = left_out(self.bundles, self.settings)
        self.entries = [entry for entry in self.entries if not drop(entry[0], entry[1])]

    @property
    def codes(self) -> dict[str, str]:
        """Rejections by name: those of the scan and those of reading."""
        return {name: data.code for _, name, found in self.entries if isinstance(data := self.read(found), Rejection)}

    @property
    def refused(self) -> dict[str, str]:
        """What each entry that was refused is instead of a file, by name."""
        rejections = {name: found for _, name, found in self.entries if isinstance(found, Rejection)}
        assert {found.code for found in rejections.values()} <= {"member.refused"}
        return {name: found.message.removeprefix("the entry is ") for name, found in rejections.items()}

    @property
    def members(self) -> dict[str, dict[str, bytes]]:
        """Bytes of the members by bundle name and member name."""
        found: dict[str, dict[str, bytes]] = {}
        for number, name, where in self.entries:
            data = self.read(where)
            if isinstance(data, bytes):
                bundle = self.bundles[number]
                cut = unicodedata.normalize("NFC", name[len(bundle.prefix) :])
                assert cut not in found.setdefault(bundle.name, {})
                found[bundle.name][cut] = data
        return found

    @property
    def trouble(self) -> str | None:
        return next((bundle.trouble for bundle in self.bundles if bundle.trouble), None)

    def read(self, found: Locator | Rejection) -> bytes | Rejection:
        if isinstance(found, Rejection):
            return found
        reader = Reader(self.settings)
        try:
            return reader.read(found)
        finally:
            reader.close()


def write_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def zip_bytes(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method, **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tar_bytes(files: dict[str, bytes], layout: int = tarfile.PAX_FORMAT, top: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=layout) as archive:
        if top:
            folder = tarfile.TarInfo(top)
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    return member


def wrapped(wrapping: str, files: dict[str, bytes], folder: Path) -> Path:
    """The files in a container called `box`."""
    if wrapping == "folder":
        return write_folder(folder / "box", files)
    path = folder / f"box.{wrapping}"
    if wrapping == "zip":
        path.write_bytes(zip_bytes(files))
    else:
        path.write_bytes(COMPRESSED.get(wrapping, bytes)(tar_bytes(files)))
    return path


def under(prefix: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {prefix + name: data for name, data in files.items()}


# --- one bundle in every wrapping ----------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "wiki/", "a/b/wiki/"])
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_bundle_is_the_same_in_every_wrapping(wrapping: str, prefix: str, tmp_path: Path) -> None:
    seen = Scanned(tmp_path / "work", wrapped(wrapping, under(prefix, PAGES), tmp_path))
    assert seen.members == {"wiki" if prefix else "box": PAGES}
    assert [bundle.prefix for bundle in seen.bundles] == [prefix]
    assert seen.trouble is None


@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("start", ["./", "././", "wiki//./"])
def test_leading_dots_are_no_part_of_a_name(layout: int, start: str, tmp_path: Path) -> None:
    path = tmp_path / "box.tar"
    path.write_bytes(tar_bytes(under(start, PAGES), layout, top="."))
    seen = Scanned(tmp_path / "work", path)
    assert seen.members == {"wiki" if "wiki" in start else "box": PAGES}


def test_long_names_in_a_tar_stay_whole(tmp_path: Path) -> None:
    files = {"x" * 150 + "/" + "y" * 150 + ".txt": b"1", "z.txt": b"2"}
    for number, layout in enumerate((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)):
        path = tmp_path / f"{number}.tar"
        path.write_bytes(tar_bytes(files, layout))
        assert Scanned(tmp_path / "work", path).members == {str(number): files}


@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_in_a_tar_may_fill_their_fields(layout: int, tmp_path: Path) -> None:
    files = {"p" * 155 + "/" + "n" * 100: b"1", "n" * 100: b"2"}
    (tmp_path / "box").write_bytes(tar_bytes(files, layout))
    assert Scanned(tmp_path / "work", tmp_path / "box").members == {"box": files}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_common_zip_method_is_read(method: int, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(zip_bytes(PAGES, method))
    assert Scanned(tmp_path / "work", tmp_path / "box").members == {"box": PAGES}


def test_an_archive_is_known_by_its_bytes_and_not_by_its_extension(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(zip_bytes({"x/1.txt": b"1", "y/2.txt": b"2"}))
    (tmp_path / "b.zip").write_bytes(gzip.compress(tar_bytes({"3.txt": b"3"})))
    (tmp_path / "c.tar.gz").write_bytes(b"just text")
    seen = Scanned(tmp_path / "work", *(tmp_path / name for name in ("a.txt", "b.zip", "c.tar.gz")))
    assert seen.members == {
        "a.txt": {"x/1.txt": b"1", "y/2.txt": b"2"},
        "b": {"3.txt": b"3"},
        "c.tar": {"c.tar.gz": b"just text"},
    }


def test_a_tar_older_than_its_magic_is_known_by_its_checksum(tmp_path: Path) -> None:
    data = tar_bytes({"old.txt": b"old"}, tarfile.USTAR_FORMAT)
    (tmp_path / "old").write_bytes(with_field(data, 257, bytes(8)))
    assert Scanned(tmp_path / "work", tmp_path / "old").members == {"old": {"old.txt": b"old"}}


def test_a_compressed_file_without_a_tar_is_a_member(tmp_path: Path) -> None:
    for suffix, compress in COMPRESSED.items():
        (tmp_path / f"page.{suffix}").write_bytes(compress(b"no tar at all" * 100))
    members = Scanned(tmp_path / "work", tmp_path, leave_out=(tmp_path / "work",)).members
    assert set(members[tmp_path.name]) == {f"page.{suffix}" for suffix in COMPRESSED}


def test_archives_in_a_folder_are_bundles_of_their_own_one_level_deep(tmp_path: Path) -> None:
    inner = zip_bytes({"inner.txt": b"1"})
    folder = write_folder(
        tmp_path / "raw",
        {
            "loose/a.txt": b"a",
            "b.tar.gz": gzip.compress(tar_bytes({"one/b.txt": b"b", "one/inner.zip": inner})),
            "deep/c.zip": zip_bytes({"c.txt": b"c"}),
        },
    )
    seen = Scanned(tmp_path / "work", folder)
    assert seen.members == {
        "loose": {"a.txt": b"a"},
        "one": {"b.txt": b"b", "inner.zip": inner},
        "c": {"c.txt": b"c"},
    }
    assert [bundle.number for bundle in seen.bundles] == [0, 1, 2]
    assert [bundle.name for bundle in seen.bundles] == ["loose", "one", "c"]


def test_a_single_file_is_a_bundle_named_by_its_stem(tmp_path: Path) -> None:
    path = tmp_path / "001_e3004bb419b4237c.txt"
    path.write_bytes(b"text")
    assert Scanned(tmp_path / "work", path).members == {path.stem: {path.name: b"text"}}


def test_a_named_link_to_a_source_is_followed(tmp_path: Path) -> None:
    write_folder(tmp_path / "real", {"x/1.txt": b"1", "2.txt": b"2"})
    (tmp_path / "page.txt").write_bytes(b"p")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "link.txt").symlink_to("page.txt")
    seen = Scanned(tmp_path / "work", tmp_path / "link", tmp_path / "link.txt")
    assert seen.members == {"real": {"x/1.txt": b"1", "2.txt": b"2"}, "link": {"link.txt": b"p"}}


def test_left_out_folders_are_passed_over_whole_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "raw", {"sample/1.txt": b"1", "sample/2.zip": zip_bytes({"x": b""}), "real/3.txt": b"3"})
    monkeypatch.chdir(tmp_path)
    seen = Scanned(tmp_path / "work", "raw", leave_out=(tmp_path / "raw" / "sample",))
    assert seen.members == {"real": {"3.txt": b"3"}}
    assert seen.bundles[0].skipped == {"left out": 1}


def test_a_hidden_folder_is_not_even_listed(tmp_path: Path) -> None:
    write_folder(tmp_path / "raw", {".git/1": b"1", ".git/2": b"2", "3.txt": b"3"})
    (bundle,) = Scanned(tmp_path / "work", tmp_path / "raw").bundles
    assert bundle.skipped == {"hidden": 1}


def test_what_has_the_name_of_what_is_left_out_elsewhere_stays(tmp_path: Path) -> None:
    raw = write_folder(tmp_path / "raw", {"out/1.txt": b"1", "a/out/2.txt": b"2", "b/out": b"3"})
    seen = Scanned(tmp_path / "work", raw, leave_out=(raw / "out",))
    assert (seen.members, seen.bundles[0].skipped) == ({"raw": {"a/out/2.txt": b"2", "b/out": b"3"}}, {"left out": 1})


def test_a_link_is_left_out_by_its_own_name_and_not_by_what_it_shows(tmp_path: Path) -> None:
    write_folder(tmp_path / "raw", {"1.txt": b"1", "old/2.txt": b"2"})
    (tmp_path / "raw" / "new").symlink_to("old")
    seen = Scanned(tmp_path / "work", tmp_path / "raw", leave_out=(tmp_path / "raw" / "new",))
    assert seen.members == {"raw": {"1.txt": b"1", "old/2.txt": b"2"}}


def test_the_shared_prefix_is_that_of_members_alone(tmp_path: Path) -> None:
    (tmp_path / "box.zip").write_bytes(
        zip_bytes(
            {
                ".DS_Store": b"",
                "../up": b"",
                "wiki/a/1.txt": b"1",
                "wiki/ab/2.txt": b"2",
                "__MACOSX/x": b"",
                "\a.png": b"",
            }
        )
    )
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip", ignore=("*.png",))
    assert seen.bundles[0].prefix == "wiki/"
    assert seen.members == {"wiki": {"a/1.txt": b"1", "ab/2.txt": b"2"}}


def test_a_lonely_member_leaves_its_folders_to_the_prefix(tmp_path: Path) -> None:
    (tmp_path / "box.tar").write_bytes(tar_bytes({"a/b/x.txt": b"1"}))
    seen = Scanned(tmp_path / "work", tmp_path / "box.tar")
    assert (seen.bundles[0].prefix, seen.members) == ("a/b/", {"b": {"x.txt": b"1"}})


@given(st.lists(st.lists(st.sampled_from(["a", "aa", "b", "é"]), min_size=1, max_size=4), min_size=1, unique_by=str))
def test_the_prefix_is_the_longest_folder_that_all_names_share(names: list[list[str]]) -> None:
    texts = ["/".join([*segments, f"{number}.txt"]) for number, segments in enumerate(names)]
    levels = itertools.takewhile(lambda level: len(set(level)) == 1, zip(*names, strict=False))
    expected = "".join(level[0] + "/" for level in levels)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "box.zip"
        path.write_bytes(zip_bytes(dict.fromkeys(texts, b"")))
        assert Scanned(Path(folder) / "work", path).bundles[0].prefix == expected


# --- passed over and refused ---------------------------------------------------------------

NOISE = {
    ".hidden": "hidden",
    "a/.git/config": "hidden",
    "__MACOSX/a/._x.txt": "hidden",
    "__MACOSX/x.txt": "__MACOSX",
    "wiki-etl.toml": "settings",
    "sub/x.png": "ignored",
    "drafts/y.txt": "ignored",
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_noise_is_counted_and_not_handed_over(wrapping: str, tmp_path: Path) -> None:
    source = wrapped(wrapping, {**dict.fromkeys(NOISE, b"x"), "x/1.txt": b"1", "y/2.txt": b"2"}, tmp_path)
    seen = Scanned(tmp_path / "work", source, ignore=("*.png", "drafts/*"))
    assert [name for _, name, _ in sorted(seen.entries)] == ["x/1.txt", "y/2.txt"]
    assert set(seen.bundles[0].skipped) == set(NOISE.values())
    assert seen.bundles[0].settings_files == ["wiki-etl.toml"]


def test_ignored_names_are_compared_in_nfc(tmp_path: Path) -> None:
    (tmp_path / "box.zip").write_bytes(zip_bytes({unicodedata.normalize("NFD", "é.txt"): b"", "1.txt": b"1"}))
    assert Scanned(tmp_path / "work", tmp_path / "box.zip", ignore=("é.txt",)).members == {"box": {"1.txt": b"1"}}


@pytest.mark.parametrize("glob", ["e*.txt", "exp*", "[!0-9]*", "exp/drafts", "drafts", "0*", "*/2.txt", "*"])
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_globs_see_the_same_names_with_and_without_folders_around_them(
    wrapping: str, glob: str, tmp_path: Path
) -> None:
    names = ["drafts/1.txt", "drafts/e2.txt", "001.txt", "002.txt", "e3.txt"]
    plain = write_folder(tmp_path / "plain" / "exp", dict.fromkeys(names, b"x"))
    expected = Scanned(tmp_path / "work", plain, ignore=(glob,)).members.get("exp", {})
    for order in (names, names[::-1]):
        source = wrapped(wrapping, {f"a/exp/{name}": b"x" for name in order}, tmp_path)
        seen = Scanned(tmp_path / "work", source, ignore=(glob,))
        assert seen.members.get("exp", {}) == expected
        assert seen.bundles[0].skipped.get("ignored", 0) == len(names) - len(expected)
        assert seen.bundles[0].prefix == "a/exp/"


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4).map("/".join), min_size=1, unique=True
    ),
    st.sampled_from(["a", "a*", "[!a]*", "b/*", "a/b", "*/b", "a/*/n*", "n"]),
)
def test_what_is_ignored_is_what_fits_without_the_folders_of_all(folders: list[str], glob: str) -> None:
    names = [f"{folder}/n{number}" for number, folder in enumerate(folders)]
    shared = os.path.commonpath([name.rpartition("/")[0] for name in names]) + "/"
    prefix = shared if shared != "/" else ""
    fits = globs([glob])
    assert fits is not None
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "box.zip"
        path.write_bytes(zip_bytes(dict.fromkeys(names, b"")))
        seen = Scanned(Path(work) / "work", path, ignore=(glob,))
    assert seen.bundles[0].prefix == prefix
    assert {name for _, name, _ in seen.entries} == {name for name in names if not fits.match(name[len(prefix) :])}


@pytest.mark.parametrize("glob", ["*.zip", "old.zip", "more.zip", "e*.zip", "exp"])
def test_an_archive_in_a_folder_has_no_say_in_its_prefix_also_when_it_is_ignored(glob: str, tmp_path: Path) -> None:
    raw = write_folder(tmp_path / "raw", {"exp/1.txt": b"1", "exp/2.txt": b"2"})
    (raw / "old.zip").write_bytes(zip_bytes({"3.txt": b"3"}))
    (raw / "exp" / "more.zip").write_bytes(zip_bytes({"4.txt": b"4"}))
    seen = Scanned(tmp_path / "work", raw, ignore=(glob,))
    assert seen.bundles[0].prefix == "exp/"
    kept = {"*.zip": set(), "old.zip": {"more"}, "more.zip": {"old"}}.get(glob, {"more", "old"})
    assert seen.members.keys() == {"exp", *kept}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_the_file_of_reviewed_redirects_is_one_of_settings(wrapping: str, tmp_path: Path) -> None:
    members = {"1.txt": b"1", "wiki-etl.toml": b"", "redirects-review.toml": b"", "sub/redirects-review.toml": b""}
    source = wrapped(wrapping, members, tmp_path)
    seen = Scanned(tmp_path / "work", source, redirects="/elsewhere/redirects-review.toml")
    assert [name for _, name, _ in seen.entries] == ["1.txt"]
    assert seen.bundles[0].skipped == {"settings": 3}
    names = ["redirects-review.toml", "sub/redirects-review.toml", "wiki-etl.toml"]
    assert sorted(seen.bundles[0].settings_files) == names
    assert "redirects-review.toml" in {name for _, name, _ in Scanned(tmp_path / "work", source).entries}


def test_an_archive_of_nothing_but_settings_is_no_matter_of_memory(tmp_path: Path) -> None:
    path = tmp_path / "box.zip"
    path.write_bytes(zip_bytes({f"{number}/wiki-etl.toml": b"" for number in range(500)}))
    [bundle] = Scanned(tmp_path / "work", path).bundles
    assert (bundle.skipped["settings"], len(bundle.settings_files)) == (500, 10)


def test_bundles_are_shown_by_their_names_where_these_are_theirs_alone(tmp_path: Path) -> None:
    one = write_folder(tmp_path / "2023" / "exp", {"1.txt": b"1"})
    two = write_folder(tmp_path / "2024", {"exp.txt": b"2"}) / "exp.txt"
    other = write_folder(tmp_path / "other", {"3.txt": b"3"})
    (other / "other.zip").write_bytes(zip_bytes({"4.txt": b"4"}))
    empty = write_folder(tmp_path / "2025" / "exp", {"wiki-etl.toml": b""})
    shown = [bundle.shown for bundle in Scanned(tmp_path / "work", one, two, other, empty).bundles]
    assert shown == [str(one), str(two), str(other), str(other / "other.zip"), str(empty)]
    assert [bundle.shown for bundle in Scanned(tmp_path / "work", one, empty).bundles] == ["exp", str(empty)]


UNSAFE = ["/etc/passwd", "../up.txt", "a/../../up.txt", "..\\up.txt", "a\\b.txt", "C:/x.txt", "a\x07b.txt", "x\x85.txt"]


@pytest.mark.parametrize("ignore", [(), ("up.txt", "passwd", "C:"), ("w", "up.txt", "passwd", "C:")])
@pytest.mark.parametrize("wrapping", ["zip", "tar", *COMPRESSED])
def test_unsafe_names_are_refused_and_their_neighbours_kept(
    wrapping: str, ignore: tuple[str, ...], tmp_path: Path
) -> None:
    files = {"w/1.txt": b"1", **dict.fromkeys(UNSAFE, b"evil"), "w/2.txt": b"2"}
    seen = Scanned(tmp_path / "work", wrapped(wrapping, files, tmp_path), ignore=ignore)
    assert seen.codes == dict.fromkeys(UNSAFE, "member.refused")
    assert seen.members == {"w": {"1.txt": b"1", "2.txt": b"2"}}


def test_unsafe_names_in_a_folder_are_refused(tmp_path: Path) -> None:
    names = ["a\\b.txt", "a\nb.txt", "sub\x1b/c.txt"]
    folder = write_folder(tmp_path / "box", {**dict.fromkeys(names, b"x"), "1.txt": b"1"})
    seen = Scanned(tmp_path / "work", folder)
    assert seen.codes == dict.fromkeys(names, "member.refused")
    assert seen.members == {"box": {"1.txt": b"1"}}


def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path) -> None:
    kinds = {
        tarfile.SYMTYPE: "a symbolic link",
        tarfile.LNKTYPE: "a hard link",
        tarfile.CHRTYPE: "a device",
        tarfile.BLKTYPE: "a device",
        tarfile.FIFOTYPE: "a pipe",
        b"M": "the rest of a file of another volume",
        b"Z": "of an unknown type",
    }
    odd = [(entry(f"odd-{number}", kind), b"") for number, kind in enumerate(kinds)]
    for member, _ in odd:
        member.linkname = "1.txt" if member.type in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    (tmp_path / "box.tar").write_bytes(
        tar_of((entry("label", b"V"), b""), (entry("1.txt"), b"1"), *odd, (entry("2.txt"), b"2"))
    )
    seen = Scanned(tmp_path / "work", tmp_path / "box.tar")
    assert seen.refused == {member.name: kinds[member.type] for member, _ in odd}
    assert seen.members == {"box": {"1.txt": b"1", "2.txt": b"2"}}


def test_links_pipes_and_sockets_in_a_folder_are_refused_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "box", {"1.txt": b"1", "sub/2.txt": b"2"})
    (folder / "link.txt").symlink_to("1.txt")
    (folder / "loop").symlink_to(".")
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        seen = Scanned(tmp_path / "work", folder)
    links = dict.fromkeys(["link.txt", "loop"], "a symbolic link")
    assert seen.refused == {**links, "pipe": "a pipe", "socket": "a socket"}
    assert seen.members == {"box": {"1.txt": b"1", "sub/2.txt": b"2"}}


def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        kinds = {
            "link": stat.S_IFLNK,
            "pipe": stat.S_IFIFO,
            "disk": stat.S_IFBLK,
            "tty": stat.S_IFCHR,
            "1": stat.S_IFREG,
        }
        for name, mode in kinds.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, (mode | 0o644) << 16
            archive.writestr(info, b"1")
        archive.mkdir("folder")
    (tmp_path / "box.zip").write_bytes(buffer.getvalue())
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert seen.refused == {"link": "a symbolic link", "pipe": "a pipe", "disk": "a device", "tty": "a device"}
    assert seen.members == {"box": {"1": b"1"}}


def test_an_encrypted_zip_entry_is_refused(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"a.txt": b"a", "b.txt": b"b"}, zipfile.ZIP_STORED))
    data[data.rindex(b"PK\1\2") + 8] |= 1
    (tmp_path / "box.zip").write_bytes(data)
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert (seen.refused, seen.members) == ({"b.txt": "encrypted"}, {"box": {"a.txt": b"a"}})


# --- names in other encodings --------------------------------------------------------------


def test_names_that_are_not_utf8_come_out_as_the_same_valid_text(tmp_path: Path) -> None:
    raw = b"caf\xe9.txt"
    folder = tmp_path / "box"
    folder.mkdir()
    (folder / os.fsdecode(raw)).write_bytes(b"1")
    member = entry(raw.decode("utf-8", "surrogateescape"))
    (tmp_path / "t.tar").write_bytes(tar_of((member, b"1")))
    plain = zip_bytes({"cafe.txt": b"1"}).replace(b"cafe.txt", raw)
    flagged = bytearray(plain)
    flagged[plain.index(b"PK\1\2") + 9] |= 8
    (tmp_path / "z.zip").write_bytes(flagged)
    (tmp_path / "437.zip").write_bytes(plain)
    seen = Scanned(tmp_path / "work", folder, *(tmp_path / name for name in ("t.tar", "z.zip", "437.zip")))
    names = [name for _, name, _ in seen.entries]
    assert names == ["caf\ufffd.txt"] * 3 + ["cafΘ.txt"]
    assert [data for _, _, found in seen.entries if (data := seen.read(found))] == [b"1"] * 4
    for _, _, found in seen.entries:
        assert isinstance(found, Locator)
        found.container.encode()  # a column of a table


@pytest.mark.parametrize("wrapping", WRAPPINGS[1:])
def test_an_archive_whose_name_is_no_text_is_read(wrapping: str, tmp_path: Path) -> None:
    path = wrapped(wrapping, PAGES, tmp_path).rename(tmp_path / os.fsdecode(b"caf\xe9"))
    seen = Scanned(tmp_path / "work", path)
    assert seen.members == {"caf\ufffd": PAGES}
    for _, _, found in seen.entries:
        assert isinstance(found, Locator)
        found.container.encode()  # a column of a table


def test_a_zip_from_unix_may_hold_utf8_without_saying_so(tmp_path: Path) -> None:
    name = "ü.txt".encode()
    plain = zip_bytes({"uu.txt": b"1"}).replace(b"uu.txt", name)
    at = plain.index(b"PK\1\2") + 5
    for system, expected in ((3, "ü.txt"), (19, "ü.txt"), (0, name.decode("cp437"))):
        (tmp_path / "box.zip").write_bytes(plain[:at] + bytes([system]) + plain[at + 1 :])
        assert Scanned(tmp_path / "work", tmp_path / "box.zip").members == {"box": {expected: b"1"}}


def test_a_unicode_path_block_names_a_zip_entry(tmp_path: Path) -> None:
    crc = zlib.crc32(b"x.txt")
    for version, checksum, expected in ((1, crc, "ü.txt"), (1, 0, "x.txt"), (2, crc, "x.txt")):
        info = zipfile.ZipInfo("x.txt")
        name = "ü.txt".encode()
        info.extra = time = struct.pack("<HHBL", 0x5455, 5, 1, 0)  # it goes before it, as Info-ZIP writes it
        info.extra += struct.pack("<HHBL", 0x7075, 5 + len(name), version, checksum) + name + time
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(info, b"1")
        (tmp_path / "box.zip").write_bytes(buffer.getvalue())
        assert Scanned(tmp_path / "work", tmp_path / "box.zip").members == {"box": {expected: b"1"}}


# --- cut off -------------------------------------------------------------------------------

SMALL = {"w/1.txt": b"one" * 50, "w/2.txt": random.Random(7).randbytes(700), "w/3.txt": b"three"}


def no_archive_yet(data: bytes, cut: int) -> bool:
    """Whether so few bytes are left that nothing can tell an archive."""
    return cut < (262 if data[257:262] == b"ustar" else 10)


@pytest.mark.parametrize("wrapping", WRAPPINGS[1:])
def test_a_cut_at_any_byte_is_noticed(wrapping: str, tmp_path: Path) -> None:
    path = wrapped(wrapping, SMALL, tmp_path)
    data = path.read_bytes()
    step = 7 if len(data) > 4000 else 1
    whole = {name.removeprefix("w/"): text for name, text in SMALL.items()}
    for cut in range(0, len(data), step):
        path.write_bytes(data[:cut])
        seen = Scanned(tmp_path / "work", path)
        members = next(iter(seen.members.values()), {})
        if no_archive_yet(data, cut):
            assert members in ({path.name: data[:cut]}, {}), cut
            continue
        assert seen.trouble or (wrapping == "tar" and members == whole and not any(data[cut:])), cut
        assert members.items() <= {**whole, **SMALL, "1.txt": whole["1.txt"]}.items(), cut
        assert path.name in (seen.trouble or path.name)
        assert str(tmp_path) not in (seen.trouble or "")


@pytest.mark.parametrize("wrapping", WRAPPINGS[2:])
def test_a_tar_without_its_end_mark_is_trouble_and_keeps_its_members(wrapping: str, tmp_path: Path) -> None:
    data = tar_bytes(PAGES)
    cut = len(data.rstrip(b"\0")) + 511 & ~511
    (tmp_path / "box").write_bytes(COMPRESSED.get(wrapping, bytes)(data[:cut]))
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert seen.members == {"box": PAGES}
    assert "end mark" in (seen.trouble or "")


@pytest.mark.parametrize("wrapping", WRAPPINGS[2:])
def test_a_tar_that_ends_within_a_member_is_trouble_and_keeps_those_before(wrapping: str, tmp_path: Path) -> None:
    data = tar_bytes({"1.txt": b"one" * 500, "2.txt": b"two" * 400})
    (tmp_path / "box").write_bytes(COMPRESSED.get(wrapping, bytes)(data[: 512 * 6]))
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert seen.members == {"box": {"1.txt": b"one" * 500}}
    assert seen.trouble == "box: it is cut off within a member"


@pytest.mark.parametrize("wrapping", WRAPPINGS[1:])
def test_bytes_after_the_end_are_trouble(wrapping: str, tmp_path: Path) -> None:
    path = wrapped(wrapping, PAGES, tmp_path)
    path.write_bytes(path.read_bytes() + b"garbage")
    seen = Scanned(tmp_path / "work", path)
    assert seen.members == {"box": PAGES}
    assert "follow" in (seen.trouble or "")


@pytest.mark.parametrize("wrapping", COMPRESSED)
def test_streams_end_to_end_and_zero_padding_are_no_trouble(wrapping: str, tmp_path: Path) -> None:
    data, compress = tar_bytes(PAGES), COMPRESSED[wrapping]
    (tmp_path / "box").write_bytes(compress(data[:700]) + compress(data[700:]) + bytes(9000))
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert (seen.members, seen.trouble) == ({"box": PAGES}, None)


@pytest.mark.parametrize("padding", [0, 8])
@pytest.mark.parametrize("wrapping", COMPRESSED)
def test_streams_may_meet_anywhere_in_what_is_read_at_a_time(
    wrapping: str, padding: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, compress, codec = tar_bytes(PAGES), COMPRESSED[wrapping], CODECS[wrapping]
    first = compress(data[:700]) + bytes(padding)
    (tmp_path / "box").write_bytes(first + compress(data[700:]))
    for more in range(12):  # bytes of the second stream that come with the end of the first
        monkeypatch.setitem(streams._DECODERS, codec, (streams._DECODERS[codec][0], len(first) + more))
        seen = Scanned(tmp_path / "work", tmp_path / "box")
        assert (seen.members, seen.trouble) == ({"box": PAGES}, None)


def test_skippable_zstd_frames_are_no_trouble(tmp_path: Path) -> None:
    skippable = b"\x50\x2a\x4d\x18" + struct.pack("<I", 3) + b"abc"
    (tmp_path / "box").write_bytes(skippable + COMPRESSED["tar.zst"](tar_bytes(PAGES)) + skippable)
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert (seen.members, seen.trouble) == ({"box": PAGES}, None)


@pytest.mark.parametrize("wrapping", COMPRESSED)
def test_a_flipped_bit_in_compressed_data_is_trouble(wrapping: str, tmp_path: Path) -> None:
    path = wrapped(wrapping, SMALL, tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)
    assert Scanned(tmp_path / "work", path).trouble


def test_a_damaged_header_in_the_middle_of_a_tar_is_not_its_end(tmp_path: Path) -> None:
    data = bytearray(tar_bytes({"1.txt": b"1", "2.txt": b"2", "3.txt": b"3"}))
    data[1024 + 5] ^= 0xFF
    (tmp_path / "box").write_bytes(data)
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert seen.members == {"box": {"1.txt": b"1"}}
    assert "damaged header" in (seen.trouble or "")


@pytest.mark.parametrize("wrapping", WRAPPINGS[1:])
@given(random_=st.randoms(use_true_random=False))
def test_no_damage_makes_a_scan_crash(wrapping: str, random_: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        path = wrapped(wrapping, SMALL, Path(folder))
        data = bytearray(path.read_bytes())
        for _ in range(random_.randint(1, 4)):
            data[random_.randrange(len(data))] = random_.randrange(256)
        path.write_bytes(data)
        try:
            seen = Scanned(Path(folder) / "work", path)
            handed_over = {name: seen.read(found) for _, name, found in seen.entries}
        except SourceError:
            return
        assert all(isinstance(data, bytes | Rejection) for data in handed_over.values())


def test_a_header_of_absurd_length_is_trouble(tmp_path: Path) -> None:
    pax = entry("pax", tarfile.XHDTYPE)
    data = tar_of((pax, b"9 path=x\n" * 200_000), (entry("1.txt"), b"1"))
    (tmp_path / "box").write_bytes(gzip.compress(data))
    assert "header" in (Scanned(tmp_path / "work", tmp_path / "box").trouble or "")


def with_field(data: bytes, offset: int, field: bytes) -> bytes:
    """A tar with other bytes in its first header, whose checksum is right again."""
    header = bytearray(data[:512])
    header[offset : offset + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + data[512:]


def with_size(data: bytes, size: int) -> bytes:
    """A tar whose first header announces another size."""
    field = size.to_bytes(12, "big", signed=True) if size < 0 else b"\x80" + size.to_bytes(11, "big")
    return with_field(data, 124, field)


@pytest.mark.parametrize("wrapping", WRAPPINGS[2:])
@pytest.mark.parametrize("size", [-1024, -1, 1 << 40, 1 << 80])
def test_a_tar_with_an_impossible_size_is_trouble(size: int, wrapping: str, tmp_path: Path) -> None:
    data = with_size(tar_bytes({"1.txt": b"1", "2.txt": b"2"}), size)
    (tmp_path / "box").write_bytes(COMPRESSED.get(wrapping, bytes)(data))
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert seen.trouble
    assert seen.members == {}


def test_a_sparse_member_is_unreadable_and_its_neighbour_kept(tmp_path: Path) -> None:
    sparse = entry("sparse.txt")
    sparse.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "5"}
    (tmp_path / "box").write_bytes(tar_of((sparse, b"x"), (entry("1.txt"), b"1")))
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert (seen.codes, seen.members) == ({"sparse.txt": "member.unreadable"}, {"box": {"1.txt": b"1"}})


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE]
)
def test_what_has_no_bytes_has_none_whatever_size_it_announces(kind: bytes, tmp_path: Path) -> None:
    data = with_field(tar_of((entry("x", kind), b""), (entry("1.txt"), b"1")), 124, b"%011o\0" % 700)
    (tmp_path / "box").write_bytes(data)
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert (seen.members, seen.trouble) == ({"box": {"1.txt": b"1"}}, None)


def test_a_file_whose_name_was_cut_behind_a_slash_is_no_folder(tmp_path: Path) -> None:
    cut = entry("cut/", tarfile.AREGTYPE)
    (tmp_path / "box").write_bytes(tar_of((cut, b"1")))
    assert Scanned(tmp_path / "work", tmp_path / "box").members == {"box": {"cut": b"1"}}


def test_a_sparse_member_is_known_by_any_of_its_records(tmp_path: Path) -> None:
    sparse = entry("sparse.txt")
    sparse.pax_headers = {"GNU.sparse.size": "5", "comment": "the last record"}
    (tmp_path / "box").write_bytes(tar_of((sparse, b"x")))
    assert Scanned(tmp_path / "work", tmp_path / "box").codes == {"sparse.txt": "member.unreadable"}


def test_a_sparse_member_has_the_name_that_it_had_before_it_was_packed(tmp_path: Path) -> None:
    sparse = entry("GNUSparseFile.5/sparse.txt")
    sparse.pax_headers = {"GNU.sparse.name": "sub/sparse.txt", "path": sparse.name}
    (tmp_path / "box").write_bytes(tar_of((sparse, b"x")))
    assert Scanned(tmp_path / "work", tmp_path / "box").codes == {"sub/sparse.txt": "member.unreadable"}


def test_headers_are_limited_each_and_not_together(tmp_path: Path) -> None:
    files = {f"{number}.txt": b"" for number in range(3000)}
    (tmp_path / "box").write_bytes(tar_bytes(files, tarfile.USTAR_FORMAT))
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert (len(seen.entries), seen.trouble) == (3000, None)


def test_what_fills_the_last_block_of_a_header_is_none_of_it(tmp_path: Path) -> None:
    records = b"14 path=1.txt\n"
    data = tar_of((entry("pax", tarfile.XHDTYPE), records), (entry("other.txt"), b"1"))
    (tmp_path / "box").write_bytes(data.replace(records + bytes(9), records + b"3 garbage"))
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert (seen.members, seen.trouble) == ({"box": {"1.txt": b"1"}}, None)


@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
def test_a_tar_is_known_by_its_magic_though_its_first_header_is_damaged(layout: int, tmp_path: Path) -> None:
    data = tar_bytes(PAGES, layout)
    (tmp_path / "box").write_bytes(b"X" + data[1:])
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert seen.members == {}
    assert "damaged header" in (seen.trouble or "")


@pytest.mark.parametrize(
    "data",
    [
        with_field(tar_of((entry("sparse.txt", tarfile.GNUTYPE_SPARSE), b"")), 482, b"\1"),
        tar_of((entry("pax", tarfile.XHDTYPE), b"14 path=1.txt\n")),
    ],
)
def test_a_header_of_more_blocks_that_is_cut_off_is_trouble(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(data[:612])
    seen = Scanned(tmp_path / "work", tmp_path / "box")
    assert (seen.members, seen.trouble) == ({}, "box: it is cut off within a header")


# --- zip -----------------------------------------------------------------------------------


def test_a_folder_with_bytes_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "box.zip").write_bytes(zip_bytes({"1.txt": b"1", "sub/": b"bytes"}, zipfile.ZIP_STORED))
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert (seen.refused, seen.members) == ({"sub": "a folder that has bytes"}, {"box": {"1.txt": b"1"}})


def test_a_folder_by_its_attribute_alone_is_no_member_unless_it_has_bytes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "box.zip", "w") as archive:
        for name, attributes, data in (("sub", 0x10, b""), ("1.txt", 0x10, b"1"), ("read-only.txt", 0x01, b"")):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 0, attributes
            archive.writestr(info, data)
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert (seen.codes, seen.members) == ({}, {"box": {"1.txt": b"1", "read-only.txt": b""}})


def test_an_entry_that_is_longer_than_the_directory_is_trouble(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"1.txt": b"1", "2.txt": b"2"}))
    data[data.rindex(b"PK\1\2") + 32] = 9  # bytes of a comment, which are those of the end record
    (tmp_path / "box.zip").write_bytes(data)
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert seen.members == {"box": {"1.txt": b"1"}}
    assert "does not hold the entries" in (seen.trouble or "")


def test_a_directory_that_ends_within_an_entry_is_trouble(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "box.zip", "w") as archive:
        info = zipfile.ZipInfo("1.txt")
        info.comment = b"a comment"
        archive.writestr(info, b"1")
    data = bytearray((tmp_path / "box.zip").read_bytes())
    data[data.rindex(b"PK\1\2") + 32] = 0  # what was the comment is less than another entry
    (tmp_path / "box.zip").write_bytes(data)
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert (seen.members, seen.trouble) == ({"box": {"1.txt": b"1"}}, "box.zip: its central directory is cut off")


def test_a_bad_checksum_is_a_rejection_of_that_member_alone(tmp_path: Path) -> None:
    data = zip_bytes({"a.txt": b"aaaa", "b.txt": b"bbbb"}, zipfile.ZIP_STORED)
    (tmp_path / "box.zip").write_bytes(data.replace(b"bbbb", b"bbbc"))
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert (seen.codes, seen.trouble) == ({"b.txt": "member.unreadable"}, None)
    assert seen.members == {"box": {"a.txt": b"aaaa"}}


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_zip_data_is_a_rejection(method: int, tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"a.txt": random.Random(1).randbytes(500), "b.txt": b"b"}, method))
    data[35:80] = bytes(45)
    (tmp_path / "box.zip").write_bytes(data)
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert (seen.codes, seen.members) == ({"a.txt": "member.unreadable"}, {"box": {"b.txt": b"b"}})


def test_another_name_in_the_local_header_is_a_rejection(tmp_path: Path) -> None:
    data = zip_bytes({"a.txt": b"a", "b.txt": b"b"})
    (tmp_path / "box.zip").write_bytes(data.replace(b"a.txt", b"x.txt", 1))
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert (seen.codes, seen.members) == ({"a.txt": "member.unreadable"}, {"box": {"b.txt": b"b"}})


def test_a_local_header_without_its_magic_is_a_rejection(tmp_path: Path) -> None:
    data = zip_bytes({"a.txt": b"a", "b.txt": b"b"})
    (tmp_path / "box.zip").write_bytes(b"PK\3\5".join(data.rsplit(b"PK\3\4", 1)))
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert (seen.codes, seen.members) == ({"b.txt": "member.unreadable"}, {"box": {"a.txt": b"a"}})


def test_an_unknown_zip_method_is_a_rejection(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"a.txt": b"a", "b.txt": b"b"}))
    data[data.index(b"PK\1\2") + 10] = 97
    (tmp_path / "box.zip").write_bytes(data)
    assert Scanned(tmp_path / "work", tmp_path / "box.zip").codes == {"a.txt": "member.unreadable"}


def test_an_entry_that_points_outside_the_archive_is_trouble(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"a.txt": b"a", "b.txt": b"b"}))
    at = data.index(b"PK\1\2") + 42
    data[at : at + 4] = b"\xff\xff\xff\x7f"
    (tmp_path / "box.zip").write_bytes(data)
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert "outside" in (seen.trouble or "")
    assert (seen.codes, seen.members) == ({"a.txt": "member.unreadable"}, {"box": {"b.txt": b"b"}})


def test_an_entry_that_its_local_header_moves_outside_the_archive_is_trouble(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"a.txt": b"a", "b.txt": b"b"}, zipfile.ZIP_STORED))
    data[data.rindex(b"PK\3\4") + 28] = 1  # a byte more before its data
    (tmp_path / "box.zip").write_bytes(data)
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert seen.trouble == "box.zip: an entry points outside the archive"
    assert (seen.codes, seen.members) == ({"b.txt": "member.unreadable"}, {"box": {"a.txt": b"a"}})


def test_entries_that_share_their_bytes_are_trouble(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({f"{number:02}.txt": b"same" * 50 for number in range(20)}, zipfile.ZIP_STORED))
    first, end = data.index(b"PK\1\2"), data.rindex(b"PK\5\6")
    kernel = data[: 30 + 6 + 200]
    directory = data[first:end]
    for at in range(0, len(directory), 46 + 6):
        directory[at + 42 : at + 46] = bytes(4)
    data[end + 16 : end + 20] = struct.pack("<I", len(kernel))
    (tmp_path / "box.zip").write_bytes(kernel + directory + data[end:])
    assert "overlap" in (Scanned(tmp_path / "work", tmp_path / "box.zip").trouble or "")


def test_zip64_and_comments_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = b"a comment with PK\5\6 in it, longer than an end record"
        for name, data in PAGES.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)
    assert b"PK\6\6" in buffer.getvalue()
    (tmp_path / "box.zip").write_bytes(buffer.getvalue())
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert (seen.members, seen.trouble) == ({"box": PAGES}, None)


def many_folders(number: int, announced: int, *, long: bool) -> bytes:
    """A zip of so many folders that announces so many, in the end record of zip64 or only as far as the old one can."""
    folder = struct.pack("<4s6H3I5H2I", b"PK\1\2", *[0] * 9, 2, *[0] * 6) + b"a/"
    data = b"PK\3\4" + folder * number
    where = (len(folder) * number, 4)
    if long:
        record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, announced, announced, *where)
        data += record + struct.pack("<4sIQI", b"PK\6\7", 0, len(data), 1)
    return data + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, *[announced % 65536] * 2, *where, 0)


@pytest.mark.parametrize("number", [40_000, 70_000])
@pytest.mark.parametrize("long", [False, True])
def test_entries_are_counted_by_as_many_bits_as_their_field_has(long: bool, number: int, tmp_path: Path) -> None:
    for more in (0, 1):
        (tmp_path / "box.zip").write_bytes(many_folders(number, number + more, long=long))
        seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
        assert ("does not hold the entries" in (seen.trouble or "")) == bool(more), seen.trouble


def test_an_end_record_of_zip64_that_runs_into_the_old_one_is_none(tmp_path: Path) -> None:
    data = zip_bytes(PAGES)
    end = data.rindex(b"PK\5\6")
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    (tmp_path / "box.zip").write_bytes(data[:end] + b"PK\6\6" + locator + data[end:])
    assert Scanned(tmp_path / "work", tmp_path / "box.zip").trouble == "box.zip: its zip64 end record is missing"


@pytest.mark.parametrize("padding", [1, 2, 3, 4])
def test_what_is_too_short_for_a_block_is_padding(padding: int, tmp_path: Path) -> None:
    info = zipfile.ZipInfo("1.txt")
    info.extra = bytes(padding)  # as tools write it that put the data at a multiple of four
    with zipfile.ZipFile(tmp_path / "box.zip", "w") as archive:
        archive.writestr(info, b"1")
    assert Scanned(tmp_path / "work", tmp_path / "box.zip").members == {"box": {"1.txt": b"1"}}


def with_size_and_crc(data: bytes, size: int, plain: bytes) -> bytes:
    """A zip whose directory announces another size of its first entry, and the checksum of these bytes."""
    at = data.index(b"PK\1\2")
    return (
        data[: at + 16]
        + struct.pack("<I", zlib.crc32(plain))
        + data[at + 20 : at + 24]
        + struct.pack("<I", size)
        + data[at + 28 :]
    )


def test_a_size_in_a_block_that_is_not_there_is_one_over_the_limit(tmp_path: Path) -> None:
    data = zip_bytes({"1.txt": b"", "2.txt": b"2"})
    (tmp_path / "box.zip").write_bytes(with_size_and_crc(data, 0xFFFFFFFF, b""))
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert (seen.codes, seen.members) == ({"1.txt": "member.unreadable"}, {"box": {"2.txt": b"2"}})


@pytest.mark.parametrize(("data", "more"), [(b"long and longer", "more"), (b"lo", "less")])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_entry_of_another_length_is_a_rejection_though_its_beginning_fits(
    method: int, data: bytes, more: str, tmp_path: Path
) -> None:
    (tmp_path / "box.zip").write_bytes(with_size_and_crc(zip_bytes({"1.txt": data}, method), 4, b"long"))
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    ((_, _, found),) = seen.entries
    said = f"the data is {more} than the 4 bytes that the archive announces"
    assert seen.read(found) == Rejection("member.unreadable", said, "the member was left out")


@pytest.mark.parametrize(("bits", "codes"), [(27, {}), (30, {"1.txt": "member.unreadable"})])
def test_a_dictionary_may_take_so_much_memory_and_no_more(bits: int, codes: dict[str, str], tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"1.txt": b"1"}, zipfile.ZIP_LZMA))
    at = 30 + len("1.txt") + 5  # behind two bytes of a version, two of a length, and one of properties
    data[at : at + 4] = struct.pack("<I", 1 << bits)
    (tmp_path / "box.zip").write_bytes(data)
    assert Scanned(tmp_path / "work", tmp_path / "box.zip").codes == codes


@pytest.mark.parametrize("length", [255, 256, 0xFFFF])
def test_a_comment_may_be_as_long_as_its_field_can_say(length: int, tmp_path: Path) -> None:
    buffer = io.BytesIO(zip_bytes(PAGES))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"c" * length
    (tmp_path / "box.zip").write_bytes(buffer.getvalue())
    seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
    assert (seen.members, seen.trouble) == ({"box": PAGES}, None)


def test_two_zips_end_to_end_are_trouble(tmp_path: Path) -> None:
    (tmp_path / "box.zip").write_bytes(zip_bytes({"a.txt": b"a"}) + zip_bytes({"b.txt": b"b"}))
    assert Scanned(tmp_path / "work", tmp_path / "box.zip").trouble


def test_a_zip_written_as_a_stream_is_read(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # sizes come behind the data
        for name, data in PAGES.items():
            archive.writestr(name, data)
    (tmp_path / "box.zip").write_bytes(pipe.data)
    assert Scanned(tmp_path / "work", tmp_path / "box.zip").members == {"box": PAGES}


# --- limits --------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_member_over_the_limit_is_rejected_and_its_neighbours_kept(wrapping: str, tmp_path: Path) -> None:
    files = {"a.txt": b"a", "big.txt": random.Random(3).randbytes(101), "c.txt": b"c" * 100}
    seen = Scanned(tmp_path / "work", wrapped(wrapping, files, tmp_path), max_member_bytes=100)
    assert seen.codes == {"big.txt": "member.unreadable"}
    assert seen.members == {"box": {"a.txt": b"a", "c.txt": b"c" * 100}}


@pytest.mark.parametrize("wrapping", ["zip", *COMPRESSED])
def test_a_bomb_is_rejected_and_leaves_no_bytes_behind(wrapping: str, tmp_path: Path) -> None:
    others = {"a.txt": random.Random(5).randbytes(100_000), "c.txt": b"c"}
    files = {"a.txt": others["a.txt"], "bomb.txt": bytes(8 << 20), "c.txt": b"c"}
    seen = Scanned(tmp_path / "work", wrapped(wrapping, files, tmp_path))
    assert seen.codes == {"bomb.txt": "member.unreadable"}
    assert seen.members == {"box": others}
    assert sum(path.stat().st_size for path in (tmp_path / "work").iterdir()) <= 100_001


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_large_member_of_ordinary_text_is_no_bomb(wrapping: str, tmp_path: Path) -> None:
    text = " ".join(str(number) for number in range(250_000)).encode()
    seen = Scanned(tmp_path / "work", wrapped(wrapping, {"big.txt": text}, tmp_path))
    assert seen.members == {"box": {"big.txt": text}}


def test_a_small_member_is_no_bomb_whatever_it_was_packed_to(tmp_path: Path) -> None:
    files = {"small.txt": b" " * (1 << 20), "large.txt": b" " * ((1 << 20) + 1)}
    seen = Scanned(tmp_path / "work", wrapped("zip", files, tmp_path))
    assert (seen.codes, set(seen.members["box"])) == ({"large.txt": "member.unreadable"}, {"small.txt"})


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_understates_its_bomb_is_unpacked_no_further(method: int, tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"bomb.txt": bytes(64 << 20)}, method))
    at = data.index(b"PK\1\2")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    (tmp_path / "box.zip").write_bytes(data)
    tracemalloc.start()
    try:
        seen = Scanned(tmp_path / "work", tmp_path / "box.zip")
        assert seen.codes == {"bomb.txt": "member.unreadable"}
        assert tracemalloc.get_traced_memory()[1] < 16 << 20  # lzma's own window is 8 MiB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_more_members_or_bytes_than_a_run_may_have_are_trouble_with_the_source(wrapping: str, tmp_path: Path) -> None:
    source = wrapped(wrapping, {"a.txt": b"1" * 60, "b.txt": b"2" * 60}, tmp_path)
    with pytest.raises(SourceError, match=r"box.*max_members"):
        Scanned(tmp_path / "work", source, max_members=1)
    with pytest.raises(SourceError, match=r"box.*max_total_bytes"):
        Scanned(tmp_path / "work", source, max_total_bytes=119)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_as_many_members_and_bytes_as_a_run_may_have_are_none_too_many(wrapping: str, tmp_path: Path) -> None:
    """A member over its own limit takes none of the bytes of all."""
    files = {"a.txt": b"1" * 60, "b.txt": b"2" * 60}
    source = wrapped(wrapping, {**files, "huge.txt": b"3" * 61}, tmp_path)
    seen = Scanned(tmp_path / "work", source, max_members=3, max_total_bytes=120, max_member_bytes=60)
    assert (seen.members, seen.codes) == ({"box": files}, {"huge.txt": "member.unreadable"})


def test_entries_that_are_no_members_are_limited_too(tmp_path: Path) -> None:
    (tmp_path / "box.zip").write_bytes(many_folders(1020, 1020, long=False))
    assert Scanned(tmp_path / "work", tmp_path / "box.zip", max_members=10).trouble is None
    (tmp_path / "box.zip").write_bytes(many_folders(1021, 1021, long=False))
    with pytest.raises(SourceError, match="more than 1020 entries that are no members"):
        Scanned(tmp_path / "work", tmp_path / "box.zip", max_members=10)


def test_limits_are_those_of_all_sources_together(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "box", {"a.txt": b"a"})
    with pytest.raises(SourceError, match="max_members"):
        Scanned(tmp_path / "work", folder, folder, max_members=1)


def test_a_zip_of_many_entries_is_scanned_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "box.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(10_000):
            archive.writestr(f"wiki/{number:05}_{number:016x}.txt", b"x")
    count = 0

    def add(_number: int, _name: str, found: Locator | Rejection) -> None:
        nonlocal count
        count += isinstance(found, Locator)

    tracemalloc.start()
    try:
        scan([str(path)], Settings(), tmp_path, add)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 10_000
    assert peak < 640 << 10  # 30 bytes an entry


def test_a_tar_of_many_members_is_scanned_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "box.tar.gz"
    path.write_bytes(gzip.compress(tar_bytes({f"{number}.txt": b"x" for number in range(5_000)}), 1))
    tracemalloc.start()
    try:
        scan([str(path)], Settings(), tmp_path, lambda *_: None)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20


# --- other sources -------------------------------------------------------------------------


@pytest.mark.parametrize("wrapping", WRAPPINGS[1:])
def test_standard_input_is_a_source(wrapping: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = wrapped(wrapping, PAGES, tmp_path).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert Scanned(tmp_path / "work", "-").members == {"stdin": PAGES}


def test_standard_input_may_be_one_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"text")))
    assert Scanned(tmp_path / "work", "-").members == {"stdin": {"stdin": b"text"}}
    first = iter([b"text"])
    endless = SimpleNamespace(read=lambda _: next(first, None) or pytest.fail("it is read on and on"))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=endless))
    with pytest.raises(SourceError, match=r"standard input.*max_total_bytes"):
        Scanned(tmp_path / "work", "-", max_total_bytes=3)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SourceError, match="standard input"):
        Scanned(tmp_path / "work", "-")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("missing.zip", "missing.zip: cannot be opened: No such file or directory"),
        ("sub/missing.zip", "sub/missing.zip: cannot be opened: No such file or directory"),
        ("/sub/missing.zip", "missing.zip: cannot be opened: No such file or directory"),
        ("nul\0.zip", "nul\ufffd.zip: cannot be opened: "),
        ("pipe", "pipe: neither a file nor a folder"),
        ("ftp://example.org/x.zip", "ftp: addresses are read by http and https alone; fetch the file first"),
        ("http://[bad/x", "not an address: "),
    ],
)
def test_a_source_that_cannot_be_opened_is_trouble_with_the_source(
    source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError) as caught:
        Scanned(tmp_path / "work", source)
    assert str(caught.value).startswith(said)


def test_a_path_may_look_like_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "ftp:" / "box", PAGES)
    monkeypatch.chdir(tmp_path)
    assert Scanned(tmp_path / "work", "ftp://box").members == {"box": PAGES}


def test_the_root_is_a_source_with_a_name(tmp_path: Path) -> None:
    (bundle,) = Scanned(tmp_path / "work", "/", leave_out=tuple(Path("/").iterdir())).bundles
    assert bundle.name == "source"


def test_a_source_steers_no_terminal(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "b\x1bx", PAGES)
    (bundle,) = Scanned(tmp_path / "work", folder).bundles
    assert bundle.told == str(tmp_path / "b\ufffdx")


# --- reading later -------------------------------------------------------------------------


def test_locators_survive_a_process_border(tmp_path: Path) -> None:
    seen = Scanned(tmp_path / "work", *(wrapped(wrapping, PAGES, tmp_path) for wrapping in WRAPPINGS))
    assert [pickle.loads(pickle.dumps(found)) for _, _, found in seen.entries] == [found for *_, found in seen.entries]


def test_one_reader_reads_more_containers_than_it_keeps_open(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.zip").write_bytes(zip_bytes({"x.txt": b"%d" % number}))
        write_folder(tmp_path / str(number), {"x.txt": b"%d" % number})
    sources = [tmp_path / f"{number}{extension}" for number in range(40) for extension in ("", ".zip")]

    def files_open() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    before = files_open()
    seen = Scanned(tmp_path / "work", *sources)
    assert files_open() == before
    reader = Reader(seen.settings)
    for _ in range(2):
        for number, _name, found in seen.entries:
            assert isinstance(found, Locator)
            for _ in range(2):  # what is open is not opened again
                assert reader.read(found) == seen.bundles[number].name.encode()
    assert files_open() - before <= 16
    reader.close()
    assert files_open() == before


def test_a_member_file_that_grew_before_it_was_read_is_what_it_is_now(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "box", {"grown.txt": b"1", "huge.txt": b"1"})
    seen = Scanned(tmp_path / "work", folder, max_member_bytes=10)
    (folder / "grown.txt").write_bytes(b"12345")
    (folder / "huge.txt").write_bytes(b"1" * 11)
    assert seen.codes == {"huge.txt": "member.unreadable"}
    assert seen.members == {"box": {"grown.txt": b"12345"}}


@pytest.mark.parametrize("instead", [None, os.mkfifo, Path.mkdir, lambda path: path.symlink_to("other.txt")])
def test_a_member_file_that_vanished_is_trouble_with_the_source(
    instead: Callable[[Path], object] | None, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "box", {"gone.txt": b"1", "other.txt": b"1"})
    seen = Scanned(tmp_path / "work", folder)
    (folder / "gone.txt").unlink()
    if instead:
        instead(folder / "gone.txt")
    with pytest.raises(
        SourceError, match=r"gone\.txt: was changed while it was read: .*; run again when nobody writes to it"
    ):
        _ = seen.members


def test_the_system_may_give_fewer_bytes_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [wrapped(wrapping, PAGES, tmp_path) for wrapping in ("folder", "zip", "tar")]
    read, pread = os.read, os.pread
    monkeypatch.setattr(os, "read", lambda handle, size: read(handle, min(size, 7)))
    monkeypatch.setattr(os, "pread", lambda handle, size, offset: pread(handle, min(size, 7), offset))
    for source in sources:
        seen = Scanned(tmp_path / "work", source)
        assert (list(seen.members.values()), seen.trouble) == ([PAGES], None)


@pytest.mark.parametrize("wrapping", ["zip", "tar"])
def test_an_archive_that_vanished_or_shrank_is_trouble_with_the_source(wrapping: str, tmp_path: Path) -> None:
    path = wrapped(wrapping, PAGES, tmp_path)
    seen = Scanned(tmp_path / "work", path)
    path.write_bytes(b"")
    with pytest.raises(SourceError, match=f"box.{wrapping}: was changed while it was read; run again"):
        _ = seen.members
    path.unlink()
    with pytest.raises(SourceError, match=f"box.{wrapping}: cannot be read"):
        _ = seen.members


@pytest.mark.parametrize("wrapping", WRAPPINGS[1:])
def test_an_archive_is_looked_after_while_its_members_are_still_to_be_read(wrapping: str, tmp_path: Path) -> None:
    path = wrapped(wrapping, PAGES, tmp_path)
    (bundle,) = Scanned(tmp_path / "work", path).bundles
    check_unchanged([bundle.seen])
    path.write_bytes(b"")
    if wrapping in COMPRESSED:  # its members are in a spool file
        check_unchanged([bundle.seen])
        return
    with pytest.raises(SourceError, match="was changed while it was read"):
        check_unchanged([bundle.seen])
    path.unlink()
    with pytest.raises(SourceError, match=f"box.{wrapping}: cannot be opened: No such file"):
        check_unchanged([bundle.seen])


def test_what_may_not_be_read_is_a_rejection_or_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path / "box", {"locked.txt": b"1", "sub/x.txt": b"1", "1.txt": b"1"})

    def locked(call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def refuse(path: Any, *args: Any, **options: Any) -> Any:
            if Path(path).name == name:
                raise PermissionError(13, "Permission denied")
            return call(path, *args, **options)

        return refuse

    monkeypatch.setattr(os, "open", locked(os.open, "locked.txt"))
    monkeypatch.setattr(os, "scandir", locked(os.scandir, "sub"))
    seen = Scanned(tmp_path / "work", folder)
    assert seen.codes == {"locked.txt": "member.unreadable"}
    assert seen.members == {"box": {"1.txt": b"1"}}
    assert seen.trouble == "box: the folder 'sub/' cannot be listed: Permission denied"
    with pytest.raises(SourceError, match=r"locked\.txt: cannot be opened: Permission denied"):
        Scanned(tmp_path / "work", folder / "locked.txt")
    assert Scanned(tmp_path / "work", folder, ignore=("locked.txt",)).codes == {}


def test_a_file_that_goes_while_its_folder_is_listed_is_trouble_with_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "box", {"gone.txt": b"1"})
    real = os.scandir

    @contextmanager
    def slow(path: str) -> Iterator[Any]:
        with real(path) as found:
            entries = list(found)
        (folder / "gone.txt").unlink()
        yield entries

    monkeypatch.setattr(os, "scandir", slow)
    with pytest.raises(SourceError, match=r"gone\.txt: was changed while it was read"):
        Scanned(tmp_path / "work", folder)


def failing(*_: Any) -> Any:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


class FailingFile(io.BufferedReader):
    """A file on a disk that fails when it is read."""

    read = failing


@pytest.mark.parametrize("wrapping", ["zip", "tar"])
def test_a_disk_that_fails_while_an_archive_is_read_is_trouble(
    wrapping: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = wrapped(wrapping, PAGES, tmp_path)
    said = f"box.{wrapping}: it cannot be read: Input/output error"
    monkeypatch.setattr(Path, "open", lambda path, *_, **__: FailingFile(io.FileIO(path)))
    assert Scanned(tmp_path / "work", source).trouble == said
    if wrapping == "zip":  # its end is looked for in another way
        monkeypatch.setattr(os, "pread", failing)
        assert Scanned(tmp_path / "work", source).trouble == said


def test_a_disk_that_fails_under_a_member_costs_that_member_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "box", {"1.txt": b"1", "2.png": b"2"})
    seen = Scanned(tmp_path / "work", folder, ignore=("*.png",))
    monkeypatch.setattr(os, "read", failing)
    again = Scanned(tmp_path / "work", folder, ignore=("*.png",))
    for scanned, what in ((seen, "read"), (again, "opened")):
        ((_, name, found),) = scanned.entries
        assert name == "1.txt"
        assert scanned.read(found) == unreadable(f"the file cannot be {what}: Input/output error")
        assert scanned.bundles[0].skipped == {"ignored": 1}


def test_an_archive_that_may_not_be_opened_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = wrapped("zip", PAGES, tmp_path)

    def locked(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", locked)
    assert Scanned(tmp_path / "work", source).trouble == "box.zip: cannot be opened: Permission denied"


@pytest.mark.parametrize("then", [False, True], ids=["scanning", "reading"])
def test_a_member_whose_file_cannot_be_read_for_want_of_memory_is_named(
    then: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_folder(tmp_path / "wiki", {"sub/1.txt": b"1"})
    seen = Scanned(tmp_path / "work", source) if then else None

    def fails(*_: Any) -> bytes:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))  # of a call that knows a handle and no path

    monkeypatch.setattr(os, "read", fails)
    read = partial(Scanned, tmp_path / "work", source) if seen is None else partial(seen.read, seen.entries[0][2])
    with pytest.raises(SourceError, match=r"^1\.txt: cannot be (read|opened): Cannot allocate memory"):
        read()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
@pytest.mark.parametrize("then", [False, True], ids=["scanning", "reading"])
def test_what_the_machine_lacks_is_not_held_against_a_member(
    then: bool, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_folder(tmp_path / "wiki", PAGES)
    seen = Scanned(tmp_path / "work", source) if then else None

    def fails(path: str, *_: Any, **__: Any) -> int:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(os, "open", fails)
    read = partial(Scanned, tmp_path / "work", source) if seen is None else partial(seen.read, seen.entries[0][2])
    with pytest.raises(SourceError, match=os.strerror(number)):
        read()


def test_a_full_disk_is_no_trouble_with_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        name = "spool"

        def write(self, _data: Any) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", lambda **_: Full())
    with pytest.raises(OSError, match="No space left"):
        Scanned(tmp_path / "work", wrapped("tar.gz", PAGES, tmp_path))


def test_a_limit_in_all_counts_members_and_not_what_a_tar_spends_on_headers(tmp_path: Path) -> None:
    seen = Scanned(tmp_path / "work", wrapped("tar.gz", {"a.txt": b"1" * 60}, tmp_path), max_total_bytes=60)
    assert seen.members == {"box": {"a.txt": b"1" * 60}}


def test_a_stream_of_nothing_ends_at_the_limit(tmp_path: Path) -> None:
    skipped = {f".{number}": bytes(1 << 20) for number in range(4)}
    with pytest.raises(SourceError, match=r"box.tar.zst: unpacks to more bytes"):
        Scanned(tmp_path / "work", wrapped("tar.zst", skipped, tmp_path), max_total_bytes=100, max_members=10)


@contextmanager
def listed(path: str, *, reverse: bool, real: Callable[[str], Any] = os.scandir) -> Iterator[Any]:
    """The entries of a folder in the order of their names, or in the other one."""
    with real(path) as found:
        yield sorted(found, key=lambda entry: entry.name, reverse=reverse)


@pytest.mark.parametrize("reverse", [False, True])
def test_an_archive_is_ignored_by_the_folders_that_all_members_share_at_last(
    reverse: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = write_folder(tmp_path / "raw", {"exp/a/1.txt": b"1", "exp/b/2.txt": b"2"})
    (raw / "exp" / "a" / "more.zip").write_bytes(zip_bytes({"3.txt": b"3"}))
    monkeypatch.setattr(os, "scandir", partial(listed, reverse=reverse))
    seen = Scanned(tmp_path / "work", raw, ignore=("a",))
    assert (seen.members, seen.bundles[0].skipped) == ({"exp": {"b/2.txt": b"2"}}, {"ignored": 2})


def test_archives_in_a_folder_come_in_the_order_of_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["b.zip", "a.zip", "sub/c.zip", "é.zip", "Z.zip"]
    folder = write_folder(tmp_path / "raw", {name: zip_bytes({"same/x.txt": name.encode()}) for name in names})
    orders = []
    for reverse in (False, True):
        monkeypatch.setattr(os, "scandir", partial(listed, reverse=reverse))
        seen = Scanned(tmp_path / "work", folder)
        orders.append([(number, seen.read(found)) for number, _, found in seen.entries])
    assert orders[0] == orders[1]
    assert [data for _, data in orders[0]] == [name.encode() for name in sorted(names)]
