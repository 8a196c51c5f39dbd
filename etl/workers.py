"""One window of tasks over one process or many; results come in the order of the tasks.

At most two tasks a worker and two more are under way, so memory does not grow with their number.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Runs tasks with a state that each process makes for itself, once."""

    def __init__(self, executor: Executor | None, jobs: int, setup: Callable[[], Any] | None) -> None:
        self._executor = executor
        self._window = 2 * jobs + 2
        self._setup = setup

    def map(self, function: Callable[[Any, Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """``function(state, task)`` of every task, in order."""
        if self._executor is None:
            state = self._setup() if self._setup else None
            for task in tasks:
                yield function(state, task)
            return
        waiting: deque[Future[Result]] = deque()
        for task in tasks:
            if len(waiting) >= self._window:
                yield waiting.popleft().result()
            waiting.append(self._executor.submit(_in_worker, function, task))
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def workers(jobs: int, setup: Callable[[], Any]) -> Iterator[Workers]:
    """Workers for the time of a block: this process alone, or a pool of ``jobs`` processes.

    ``setup`` is a function of a module or a partial of one: it is sent to every process.
    """
    if jobs == 1:
        yield Workers(None, 1, setup)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([getattr(setup, "func", setup).__module__])  # imported once, not by each worker
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_initialise, initargs=(setup,)) as pool:
        try:
            yield Workers(pool, jobs, None)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_STATE: list[Any] = []


def _initialise(setup: Callable[[], Any]) -> None:
    """Make the state of a worker process."""
    _STATE[:] = [setup()]


def _in_worker(function: Callable[[Any, Task], Result], task: Task) -> Result:
    return function(_STATE[0], task)
