"""One window of tasks over one process or many; results come in the order of the tasks.

At most two tasks a worker and two more are under way, so memory does not grow with their number.
A worker that the system ends (out of memory, a fault in a library) costs nobody else's work: what
was under way is done again, each task alone in a process, and a task that ends that one, too, is
cut in halves until the guilty piece is known.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
Cut = Callable[[Any], Sequence[Any]]

TRIES_ALONE = 2
"""How often a task that cannot be cut may end a process in which it is alone, before it is held guilty."""


class WorkerDied(Exception):
    """A process died over ``task``, whenever it was alone with it."""

    def __init__(self, task: Any) -> None:
        super().__init__(f"a process was ended by the system, and again when it was alone with its task: {task!r}")
        self.task = task


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def whole(task: Any) -> Sequence[Any]:
    """The pieces of a task that cannot be cut."""
    return [task]


class Workers:
    """Runs tasks with a state that each process makes for itself, once."""

    def __init__(self, jobs: int, setup: Callable[[], Any]) -> None:
        self.deaths = 0
        """How often a process was ended over its task; what was lost with it was done again."""
        self._jobs = jobs
        self._setup = setup
        self._pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[Any, Task], Result], tasks: Iterable[Task], cut: Cut = whole) -> Iterator[Result]:
        """``function(state, task)`` of every task, in order; of its pieces by ``cut``, where a worker died over it.

        Raises WorkerDied with the piece that is guilty.
        """
        if self._jobs == 1:
            state = self._setup()
            for task in tasks:
                yield function(state, task)
            return
        waiting: deque[tuple[Task, Future[Result], ProcessPoolExecutor]] = deque()
        for task in tasks:
            if len(waiting) >= 2 * self._jobs + 2:
                yield from self._results(function, cut, *waiting.popleft())
            waiting.append((task, *self._submit(function, task)))
        while waiting:
            yield from self._results(function, cut, *waiting.popleft())

    def close(self, *, at_once: bool = False) -> None:
        """End all processes: when they have nothing left to do, or in the middle of it."""
        if at_once:
            _end_processes()
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def _submit(
        self, function: Callable[[Any, Task], Result], task: Task
    ) -> tuple[Future[Result], ProcessPoolExecutor]:
        if self._pool:
            with suppress(BrokenProcessPool):
                return self._pool.submit(_in_worker, function, task), self._pool
            self._bury(self._pool)
        self._pool = _pool(self._jobs, self._setup)
        return self._pool.submit(_in_worker, function, task), self._pool

    def _results(
        self,
        function: Callable[[Any, Task], Result],
        cut: Cut,
        task: Task,
        future: Future[Result],
        pool: ProcessPoolExecutor,
    ) -> Iterator[Result]:
        try:
            result = future.result()
        except BrokenProcessPool:
            self._bury(pool)
            yield from self._alone(function, cut, task)
        else:
            yield result

    def _bury(self, pool: ProcessPoolExecutor) -> None:
        """Wait until all processes of a broken pool have ended: none may write where its task is done again."""
        pool.shutdown()
        if self._pool is pool:
            self.deaths += 1
            self._pool = None

    def _alone(self, function: Callable[[Any, Task], Result], cut: Cut, task: Task) -> Iterator[Result]:
        """A task in a process of its own; where that dies, its pieces, each in one of its own."""
        pieces = cut(task)
        for _ in range(TRIES_ALONE if len(pieces) == 1 else 1):
            with suppress(BrokenProcessPool):
                yield _in_process_of_its_own(self._setup, function, task)
                return
            self.deaths += 1
        if len(pieces) == 1:
            raise WorkerDied(task)
        for piece in pieces:
            yield from self._alone(function, cut, piece)


@contextmanager
def workers(jobs: int, setup: Callable[[], Any]) -> Iterator[Workers]:
    """Workers for the time of a block: this process alone, or a pool of ``jobs`` processes.

    ``setup`` is a function of a module or a partial of one: it is sent to every process.
    """
    crew = Workers(jobs, setup)
    try:
        yield crew
    except BaseException:
        crew.close(at_once=True)
        raise
    crew.close()


def _pool(jobs: int, setup: Callable[[], Any]) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([getattr(setup, "func", setup).__module__])  # imported once, not by each worker
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_initialise, initargs=(setup,))


def _in_process_of_its_own(setup: Callable[[], Any], function: Callable[[Any, Task], Result], task: Task) -> Result:
    """The result of a task; BrokenProcessPool when the process dies over it."""
    with _pool(1, setup) as pool:
        try:
            return pool.submit(_in_worker, function, task).result()
        except KeyboardInterrupt:
            _end_processes()  # or the end of the block would wait for it
            raise


def _end_processes() -> None:
    for process in multiprocessing.active_children():
        process.terminate()


# --- in a worker ---------------------------------------------------------------------------

_SETUP: list[Callable[[], Any]] = []
_STATE: list[Any] = []


def _initialise(setup: Callable[[], Any]) -> None:
    """What a worker knows from its start; the state is made with the first task, whose fault its faults are."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, too, and the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _SETUP[:] = [setup]


def _end_with_parent() -> None:
    """Nobody takes the results of a worker whose parent was killed: it ends, also in the middle of a task."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_worker(function: Callable[[Any, Task], Result], task: Task) -> Result:
    if not _STATE:
        _STATE[:] = [_SETUP[0]()]
    return function(_STATE[0], task)
