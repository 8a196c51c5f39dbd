"""Generations: whoever resolves ``current`` sees one that is complete, whatever happens to the run."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from etl.load import generations as room
from etl.load.generations import Generations, OutputError
from etl.settings import SettingsError
from tests.make import files


@pytest.fixture
def out(tmp_path: Path) -> Generations:
    return Generations(tmp_path / "out")


def made(work: Path, text: str) -> Path:
    """A folder as a run makes it."""
    folder = work / "made"
    (folder / "redirects" / "nginx").mkdir(parents=True)
    (folder / "documents.jsonl").write_text(text)
    (folder / "redirects" / "nginx" / "names.map").write_text(text)
    return folder


def publish(out: Generations, text: str, keep: int = 3) -> tuple[Path, bool]:
    with out.locked() as work:
        return out.publish(made(work, text), keep)


def numbers(out: Generations) -> list[str]:
    """What lies beside the generations, but for the notes that only a way back reads."""
    return sorted(path.name for path in out.folder.iterdir() if path.suffix != ".follows")


def history(out: Generations, *texts: str, keep: int = 9) -> None:
    for text in texts:
        publish(out, text, keep)


def text_of(path: Path) -> str:
    return (path / "documents.jsonl").read_text()


def test_nothing_is_current_before_the_first_generation(out: Generations) -> None:
    assert out.current is None


def test_a_generation_is_published_under_a_link_that_may_be_moved_with_its_folder(out: Generations) -> None:
    path, fresh = publish(out, "one")
    assert (path, fresh) == (out.folder / "1", True)
    assert (out.out / "current").readlink() == Path("generations/1")
    out.out.rename(out.out.with_name("moved"))
    assert (out.out.with_name("moved") / "current" / "documents.jsonl").read_text() == "one"


def test_equal_bytes_are_no_new_generation(out: Generations) -> None:
    publish(out, "one")
    assert publish(out, "one") == ((out.folder / "1").resolve(), False)
    assert numbers(out) == ["1"]


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "documents.jsonl").write_text("One"),
        lambda folder: (folder / "redirects" / "nginx" / "names.map").unlink(),
        lambda folder: (folder / "more.jsonl").touch(),
        lambda folder: (folder / "documents.jsonl").rename(folder / "document.jsonl"),
    ],
    ids=["other bytes of one length", "a file less", "a file more", "another name"],
)
def test_any_difference_is_a_new_generation(change: Callable[[Path], object], out: Generations) -> None:
    publish(out, "one")
    with out.locked() as work:
        folder = made(work, "one")
        change(folder)
        for path in (*folder.rglob("*"), *(out.folder / "1").rglob("*")):
            os.utime(path, (0, 0))  # no time tells them apart
        assert out.publish(folder, 3)[1] is True
    assert numbers(out) == ["1", "2"]


def test_the_newest_generations_stay_by_number_and_not_by_name(out: Generations) -> None:
    for number in range(11):
        publish(out, f"version {number}")
    assert numbers(out) == ["10", "11", "9"]
    publish(out, "the last", keep=1)
    assert numbers(out) == ["12"]


def test_after_a_way_back_the_next_number_is_still_a_new_one(out: Generations) -> None:
    for text in ("one", "two"):
        publish(out, text)
    (out.out / "current").unlink()
    (out.out / "current").symlink_to("generations/1")
    assert publish(out, "three")[0].name == "3"
    assert (out.folder / "2" / "documents.jsonl").read_text() == "two"


def test_a_link_to_nowhere_is_no_generation_and_is_replaced(out: Generations) -> None:
    out.out.mkdir()
    (out.out / "current").symlink_to("generations/9")
    assert out.current is None
    publish(out, "one")
    assert (out.out / "current" / "documents.jsonl").read_text() == "one"


def test_foreign_files_beside_the_generations_stay(out: Generations) -> None:
    publish(out, "one")
    for name in ("notes", "007", "٣"):
        (out.folder / name).mkdir()
    (out.out / "notes.txt").touch()
    for text in ("two", "three", "four"):
        publish(out, text, keep=1)
    assert numbers(out) == ["007", "4", "notes", "٣"]
    assert (out.out / "notes.txt").exists()


def test_evidence_is_replaced_each_time(out: Generations) -> None:
    for text in ("one", "two"):
        with out.locked() as work:
            out.refuse(made(work, text))
    assert (out.out / "refused" / "documents.jsonl").read_text() == "two"


def test_the_folder_for_work_is_empty_and_goes_at_the_end(out: Generations) -> None:
    left = out.out / ".work-1" / "left by a run that died"
    left.mkdir(parents=True)
    with out.locked() as work:
        assert list(work.iterdir()) == []
        assert not left.parent.exists()
        (work / "file").touch()
    assert not work.exists()


def test_what_outlives_a_run_cannot_write_into_the_next_one(out: Generations) -> None:
    with out.locked() as first:
        pass
    with out.locked() as second:
        assert first != second


@pytest.mark.parametrize("moved", [False, True])
def test_an_error_says_whether_something_was_published_before_it(moved: bool, out: Generations) -> None:
    publish(out, "one")

    def crash() -> None:
        with out.publishing() as work:
            if moved:
                out.publish(made(work, "two"), 3)
            raise _Crash

    with pytest.raises(_Crash) as caught:
        crash()
    assert caught.value.__notes__ == ["generation 2 was published before that" if moved else "nothing was published"]


def test_a_second_run_is_refused_and_told_the_process(out: Generations) -> None:
    with out.locked(), pytest.raises(OutputError, match=rf"process {os.getpid()}\b"), out.locked():
        pass


def test_a_lock_file_without_a_holder_blocks_nobody(out: Generations) -> None:
    out.out.mkdir()
    (out.out / ".lock").write_text("4711\n")
    with out.locked():
        assert (out.out / ".lock").read_text() == f"{os.getpid()}\n"


def test_a_lock_without_a_name_is_a_lock_still(out: Generations) -> None:
    out.out.mkdir()
    with (out.out / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="unknown"), out.locked():
            pass


def test_everything_is_on_the_disk_before_the_link_is_replaced(
    out: Generations, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(out, "one")
    synced: list[str] = []

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").resolve()) + (" two" if current() == "two" else ""))

    def current() -> str:
        return (out.out / "current" / "documents.jsonl").read_text()

    if not Path("/proc/self/fd").exists():
        pytest.skip("no /proc to ask which file was synced")
    monkeypatch.setattr(os, "fsync", fsync)
    publish(out, "two")
    before = [name for name in synced if not name.endswith(" two")]
    for name in ("/documents.jsonl", "/redirects/nginx/names.map", "/redirects/nginx", "/redirects", ""):
        assert any(re.fullmatch(rf"{out.out.resolve()}/\.work-\w+/made{name}", path) for path in before)
    assert f"{out.folder.resolve()}" in before
    assert synced[-1] == f"{out.out.resolve()} two"


class _Crash(BaseException):
    """The process dies here."""


def dying(real: Callable[..., Any], nth: int, *, after: bool) -> Callable[..., Any]:
    """A function during whose nth call the process dies."""
    left = [nth]

    def deadly(*arguments: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0] == 0 and not after:
            raise _Crash
        result = real(*arguments, **options)
        if left[0] == 0:
            raise _Crash
        return result

    return deadly


STEPS: list[tuple[Any, str]] = [
    (os, "fsync"),
    (Path, "rename"),
    (Path, "symlink_to"),
    (Path, "replace"),
    (Path, "mkdir"),
    (shutil, "rmtree"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before the step", "after the step"])
@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[step for _, step in STEPS])
@pytest.mark.parametrize("nth", range(1, 7))
def test_a_death_at_any_step_leaves_a_complete_generation(
    owner: Any, step: str, nth: int, *, after: bool, out: Generations, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("zero", "one"):
        publish(out, text, keep=2)
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, dying(getattr(owner, step), nth, after=after))
        with suppress(_Crash):
            publish(out, "two", keep=2)
    assert out.current is not None
    text = (out.current / "documents.jsonl").read_text()
    assert text in {"one", "two"}
    assert files(out.current) == {"documents.jsonl": text.encode(), "redirects/nginx/names.map": text.encode()}
    publish(out, "three", keep=2)
    assert (out.out / "current" / "documents.jsonl").read_text() == "three"
    assert len(numbers(out)) == 2
    assert not [*out.out.glob(f"{room.WORK}*")]


# --- the generation in use ------------------------------------------------------------------


def test_a_release_marks_the_current_generation_by_a_link_that_may_be_moved(out: Generations) -> None:
    history(out, "one", "two")
    assert Generations(out.out).released is None
    assert out.release() == ((out.folder / "2").resolve(), True)
    assert out.release() == ((out.folder / "2").resolve(), False)
    assert (out.out / "released").readlink() == Path("generations/2")
    assert out.release(1) == (out.folder / "1", True)
    assert out.released == (out.folder / "1").resolve()
    assert out.current == (out.folder / "2").resolve()


def test_a_released_generation_stays_until_another_is_released(out: Generations) -> None:
    history(out, "one")
    out.release()
    history(out, "two", "three", "four", keep=2)
    assert numbers(out) == ["1", "3", "4"]
    assert out.released is not None
    assert text_of(out.released) == "one"
    out.release()
    history(out, "five", keep=2)
    assert numbers(out) == ["4", "5"]


def test_a_release_that_is_not_there_any_more_is_trouble_and_not_nothing(out: Generations) -> None:
    history(out, "one")
    out.release()
    shutil.rmtree(out.folder / "1")
    with pytest.raises(OutputError, match="not there; release another"):
        assert out.released


def test_a_release_that_leads_elsewhere_is_mended_by_the_same_number(out: Generations, tmp_path: Path) -> None:
    history(out, "one")
    (out.out / "released").symlink_to(tmp_path / "before the folder was moved" / "1")
    assert out.release(1) == (out.folder / "1", False)
    assert out.released == (out.folder / "1").resolve()


def test_a_current_generation_that_is_not_there_any_more_is_trouble_with_a_way_back(out: Generations) -> None:
    history(out, "one", "two")
    shutil.rmtree(out.folder / "2")
    with pytest.raises(OutputError, match="not there; `wiki-etl rollback` leads to another one"), out.publishing():
        pass
    old, new = out.roll_back()
    assert (old.name, new.name) == ("2", "1")
    assert out.current == new.resolve()


def test_a_link_to_a_link_leads_back_from_its_generation(out: Generations) -> None:
    history(out, "one", "two")
    out.release()
    (out.out / "current").unlink()
    (out.out / "current").symlink_to("released")
    old, new = out.roll_back()
    assert (old.name, new.name) == ("2", "1")


def test_a_link_to_no_generation_is_mended_by_the_number_of_one(out: Generations) -> None:
    history(out, "one")
    (out.out / "current").unlink()
    (out.out / "current").symlink_to("generations")
    with pytest.raises(OutputError, match="names generations, which is no generation: `wiki-etl rollback NUMBER`"):
        out.roll_back()
    out.roll_back(1)
    assert out.current == (out.folder / "1").resolve()


@pytest.mark.parametrize("elsewhere", ["out/generations/backup", "other/generations/7"])
def test_what_is_no_generation_of_the_folder_is_followed_by_the_next_one_as_the_newest(
    elsewhere: str, out: Generations, tmp_path: Path
) -> None:
    history(out, "one", "two")
    shutil.copytree(out.folder / "2", tmp_path / elsewhere)
    current = out.out / "current"
    current.unlink()
    current.symlink_to(tmp_path / elsewhere)
    with pytest.raises(OutputError, match="which is no generation: `wiki-etl rollback NUMBER`"):
        out.roll_back()
    history(out, "three", keep=2)
    assert numbers(out)[:2] == ["2", "3"]
    assert out.roll_back() == (out.folder / "3", out.folder / "2")


def test_a_release_that_is_no_link_is_trouble_and_no_second_release(out: Generations) -> None:
    history(out, "one")
    (out.out / "released").mkdir()
    for ask in (out.release, lambda: out.released):
        with pytest.raises(OutputError, match="released is no link"):
            ask()


def test_a_current_that_is_no_link_is_trouble_before_anything_is_published(out: Generations) -> None:
    (out.out / "current").mkdir(parents=True)
    with pytest.raises(OutputError, match="current is no link"):
        assert out.current


@pytest.mark.parametrize("command", ["release", "roll_back"])
def test_an_unknown_number_is_named_with_those_that_are_there(command: str, out: Generations) -> None:
    history(out, "one", "two")
    with pytest.raises(SettingsError, match=r"no generation 7 in .*; there: 1, 2$"):
        getattr(out, command)(7)


@pytest.mark.parametrize("command", ["release", "roll_back"])
def test_without_a_generation_there_is_nothing_to_do_and_no_folder_is_made(command: str, out: Generations) -> None:
    with pytest.raises(OutputError, match="holds no generation"):
        getattr(out, command)()
    assert not out.out.exists()
    out.folder.mkdir(parents=True)
    with pytest.raises(OutputError, match=r"no current generation .*; run `wiki-etl migrate`"):
        getattr(out, command)()


@pytest.mark.parametrize("command", ["release", "roll_back"])
def test_a_run_that_is_on_its_way_is_not_disturbed(command: str, out: Generations) -> None:
    history(out, "one", "two")
    with out.locked() as work:
        (work / "half").touch()
        with pytest.raises(OutputError, match=rf"in use by another run \(process {os.getpid()}\); wait"):
            getattr(out, command)()
        assert (work / "half").exists()


# --- the way back ---------------------------------------------------------------------------


def test_a_roll_back_leads_to_what_was_current_before(out: Generations) -> None:
    history(out, "one", "two", "three")
    old, new = out.roll_back()
    assert (text_of(old), text_of(new)) == ("three", "two")
    assert (out.out / "current").readlink() == Path("generations/2")
    assert text_of(out.roll_back()[1]) == "one"
    with pytest.raises(OutputError, match="generation 1 has no previous one"):
        out.roll_back()
    assert numbers(out) == ["1", "2", "3"]


def test_a_number_leads_to_any_generation_also_forward(out: Generations) -> None:
    history(out, "one", "two", "three")
    assert text_of(out.roll_back(1)[1]) == "one"
    assert text_of(out.roll_back(3)[1]) == "three"


def test_a_generation_that_was_taken_back_is_not_come_back_to(out: Generations) -> None:
    history(out, "one", "bad")
    out.roll_back()
    history(out, "bad again")
    assert text_of(out.roll_back()[1]) == "one"
    history(out, "good")
    assert text_of(out.roll_back()[1]) == "one"


def test_what_a_generation_followed_that_somebody_removed_is_nothing_to_the_next_one_of_its_number(
    out: Generations,
) -> None:
    history(out, "one", "two")
    out.roll_back()
    history(out, "three")
    out.roll_back(2)
    shutil.rmtree(out.folder / "3")
    history(out, "another three")
    assert out.roll_back() == ((out.folder / "3").resolve(), out.folder / "2")
    shutil.rmtree(out.folder / "3")
    out.roll_back(1)
    history(out, "the last three")
    assert out.roll_back() == ((out.folder / "3").resolve(), out.folder / "1")


@pytest.mark.parametrize("followed", ["2", "9", "notes"])
def test_a_note_that_names_no_earlier_generation_counts_for_nothing(followed: str, out: Generations) -> None:
    history(out, "one", "two")
    (out.folder / "2.follows").symlink_to(followed)
    publish(out, "three", keep=2)
    assert numbers(out) == ["2", "3"]
    assert text_of(out.roll_back()[1]) == "two"


def test_a_generation_that_was_taken_back_goes_before_those_that_were_good(out: Generations) -> None:
    history(out, "one", "two", "bad")
    out.roll_back()
    history(out, "four", keep=3)
    assert numbers(out) == ["1", "2", "4"]
    history(out, "five", keep=1)
    assert [path.name for path in out.folder.iterdir()] == ["5"], "nor any note on what is gone"


@pytest.mark.parametrize("after", [False, True], ids=["before the step", "after the step"])
@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[step for _, step in STEPS])
@pytest.mark.parametrize("nth", range(1, 4))
@pytest.mark.parametrize("command", ["release", "roll_back"])
def test_a_death_on_the_way_leaves_a_link_to_a_generation(
    command: str, owner: Any, step: str, nth: int, *, after: bool, out: Generations, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(out, "one", "two")
    out.release(1)
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, dying(getattr(owner, step), nth, after=after))
        with suppress(_Crash):
            getattr(out, command)()
    assert out.current is not None
    assert out.released is not None
    assert {text_of(out.current), text_of(out.released)} <= {"one", "two"}
    getattr(out, command)(2)
    history(out, "three")
    assert numbers(out) == ["1", "2", "3"]


def test_both_links_are_on_the_disk_when_the_command_ends(out: Generations, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("no /proc to ask which file was synced")
    history(out, "one", "two")
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(str(Path(f"/proc/self/fd/{number}").resolve())))
    out.release()
    out.roll_back()
    assert synced == [str(out.out.resolve())] * 2


def test_half_a_generation_is_never_left_to_go_back_to(out: Generations, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies while an old generation is being removed: what is left of it has no number any more."""
    history(out, "one", "two")

    def dies(path: Path, **options: Any) -> None:
        if not path.name.startswith(".work"):
            (path / "documents.jsonl").unlink()
            raise _Crash

    with monkeypatch.context() as patch, suppress(_Crash):
        patch.setattr(shutil, "rmtree", dies)
        history(out, "three", keep=2)
    assert numbers(out) == [".stale-1", "2", "3"]
    assert text_of(out.roll_back()[1]) == "two"
    assert numbers(out) == ["2", "3"], "whoever holds the folder next clears it"
    history(out, "four")
    assert numbers(out) == ["2", "3", "4"]
