"""Workers: results in order, a bounded window, and faults that come through."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from etl.trouble import Trouble
from etl.workers import WorkerDied, available_cores, workers
from tests.make import ROOT


def started(base: int) -> int:
    return base


def process(state: int, task: int) -> tuple[int, int]:
    return os.getpid(), state + task


def double(state: int, task: int) -> int:
    return (state + task) * 2


def fail_at_5(_state: int, task: int) -> int:
    if task == 5:
        raise LookupError("five")
    return task


def die_once(folder: Path, task: int) -> int:
    """The process that comes to task 5 first dies over it."""
    if task == 5 and not (folder / "died").exists():
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def die_over_5(_state: int, tasks: list[int]) -> int:
    if 5 in tasks:
        os.kill(os.getpid(), signal.SIGKILL)
    return len(tasks)


def halves(tasks: list[int]) -> list[list[int]]:
    middle = (len(tasks) + 1) // 2
    return [tasks[:middle], tasks[middle:]] if len(tasks) > 1 else [tasks]


def at(folder: Path) -> Path:
    return folder


def sleep(folder: Path, task: int) -> None:
    """A task that nobody is to wait for; that it began, and that it came to its end, is seen in the folder."""
    (folder / f"begun {task}").touch()
    time.sleep(60)
    (folder / "slept").touch()
    os._exit(0)  # or a worker without a parent would stay for ever


def no_start() -> int:
    raise LookupError("no start")


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks(jobs: int, tmp_path: Path) -> None:
    with workers(jobs, partial(started, 100), tmp_path) as crew:
        assert list(crew.map(double, range(50))) == [(100 + task) * 2 for task in range(50)]


def test_two_jobs_are_other_processes_and_one_job_is_this_one(tmp_path: Path) -> None:
    with workers(2, partial(started, 0), tmp_path) as crew:
        assert os.getpid() not in {pid for pid, _ in crew.map(process, range(20))}
    with workers(1, partial(started, 0), tmp_path) as crew:
        assert {pid for pid, _ in crew.map(process, range(20))} == {os.getpid()}


@pytest.mark.parametrize(("jobs", "window"), [(1, 1), (2, 6)])
def test_tasks_are_taken_only_as_they_are_needed(jobs: int, window: int, tmp_path: Path) -> None:
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        for task in range(1000):
            taken += 1
            yield task

    with workers(jobs, partial(started, 0), tmp_path) as crew:
        for done, _ in enumerate(crew.map(double, tasks()), 1):
            assert taken <= done + window
            assert len(list(tmp_path.rglob("*.result"))) <= window, "nor do results stay on the disk"
            if done == 100:
                break


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_fault_of_a_task_comes_through_after_the_results_before_it(jobs: int, tmp_path: Path) -> None:
    done: list[int] = []
    with pytest.raises(LookupError, match="five"), workers(jobs, partial(started, 0), tmp_path) as crew:
        done.extend(crew.map(fail_at_5, range(9)))  # extend keeps what came before the fault
    assert done == [0, 1, 2, 3, 4]


def test_what_a_dead_worker_had_under_way_is_done_again(tmp_path: Path) -> None:
    with workers(2, partial(at, tmp_path), tmp_path) as crew:
        assert list(crew.map(die_once, range(30))) == list(range(30))
    assert crew.deaths == 1


def test_a_task_that_kills_its_worker_again_and_again_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkerDied) as caught, workers(2, partial(started, 0), tmp_path) as crew:
        list(crew.map(die_over_5, ([task] for task in range(10))))
    assert caught.value.task == [5]


def test_the_guilty_piece_of_a_task_is_found(tmp_path: Path) -> None:
    done: list[int] = []
    with pytest.raises(WorkerDied) as caught, workers(2, partial(started, 0), tmp_path) as crew:
        done.extend(crew.map(die_over_5, [[0, 1], [2, 3, 4, 5, 6], [7]], halves))
    assert (done, caught.value.task) == ([2, 3], [5])  # [2, 3, 4] of the halves, then [5] of [5, 6]


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_fault_of_a_state_comes_through_as_it_is(jobs: int, tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="no start"), workers(jobs, no_start, tmp_path) as crew:
        list(crew.map(fail_at_5, range(3)))


def test_a_system_without_locks_for_workers_is_trouble_that_says_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose /dev/shm may only be read."""

    def refused(*_arguments: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("_multiprocessing.SemLock", refused)
    with pytest.raises(Trouble, match=r"Read-only file system.*--jobs 1"), workers(2, no_start, tmp_path) as crew:
        list(crew.map(fail_at_5, range(3)))


def test_an_error_does_not_wait_for_what_is_under_way(tmp_path: Path) -> None:
    tasks = (1 // (3 - task) for task in range(5))  # the fourth is not to be had
    with pytest.raises(ZeroDivisionError), workers(2, partial(at, tmp_path), tmp_path) as crew:
        list(crew.map(sleep, tasks))
    assert not (tmp_path / "slept").exists()


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    """The parent says that both are in the middle of a task; what it writes to is closed when the last of them ends."""
    script = """
import sys, threading, time
from functools import partial
from pathlib import Path
from tests.test_workers import at, sleep
from etl.workers import workers
folder = Path(sys.argv[1])
with workers(2, partial(at, folder), folder) as crew:
    results = crew.map(sleep, range(6))
    threading.Thread(target=lambda: next(results), daemon=True).start()
    while len(list(folder.glob("begun *"))) < 2:
        time.sleep(0.01)
    print("begun", flush=True)
    time.sleep(60)
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "begun\n"
        parent.kill()
        assert parent.stdout.read() == ""
    assert not (tmp_path / "slept").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_task_is_no_result(jobs: int, tmp_path: Path) -> None:
    with workers(jobs, partial(started, 0), tmp_path) as crew:
        assert list(crew.map(double, [])) == []


def test_what_this_process_made_for_its_tasks_is_closed(tmp_path: Path) -> None:
    with workers(1, partial((tmp_path / "state").open, "w"), tmp_path) as crew:
        (state,) = crew.map(lambda state, _: state, [1])
        assert not state.closed
    assert state.closed


def test_the_cores_that_may_be_used_are_at_least_one() -> None:
    assert available_cores() >= 1
