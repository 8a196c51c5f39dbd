"""Workers: results in order, a bounded window, and faults that come through."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import pytest

from etl.workers import available_cores, workers


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


def die(_state: int, _task: int) -> None:
    os._exit(9)


def no_start() -> int:
    raise LookupError("no start")


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks(jobs: int) -> None:
    with workers(jobs, partial(started, 100)) as crew:
        assert list(crew.map(double, range(50))) == [(100 + task) * 2 for task in range(50)]


def test_two_jobs_are_other_processes_and_one_job_is_this_one() -> None:
    with workers(2, partial(started, 0)) as crew:
        assert os.getpid() not in {pid for pid, _ in crew.map(process, range(20))}
    with workers(1, partial(started, 0)) as crew:
        assert {pid for pid, _ in crew.map(process, range(20))} == {os.getpid()}


@pytest.mark.parametrize(("jobs", "window"), [(1, 1), (2, 6)])
def test_tasks_are_taken_only_as_they_are_needed(jobs: int, window: int) -> None:
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        for task in range(1000):
            taken += 1
            yield task

    with workers(jobs, partial(started, 0)) as crew:
        for done, _ in enumerate(crew.map(double, tasks()), 1):
            assert taken <= done + window
            if done == 100:
                break


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_fault_of_a_task_comes_through_after_the_results_before_it(jobs: int) -> None:
    done: list[int] = []
    with pytest.raises(LookupError, match="five"), workers(jobs, partial(started, 0)) as crew:
        done.extend(crew.map(fail_at_5, range(9)))  # extend keeps what came before the fault
    assert done == [0, 1, 2, 3, 4]


def test_a_worker_that_dies_is_a_fault_and_no_silence() -> None:
    with pytest.raises(BrokenProcessPool), workers(2, partial(started, 0)) as crew:
        list(crew.map(die, range(3)))


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_task_is_no_result(jobs: int) -> None:
    with workers(jobs, partial(started, 0)) as crew:
        assert list(crew.map(double, [])) == []


def test_the_cores_that_may_be_used_are_at_least_one() -> None:
    assert available_cores() >= 1
