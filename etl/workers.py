"""One window of tasks over one process or many; results come in the order of the tasks.

At most two tasks a worker and two more are under way, so memory does not grow with their number.
A worker that the system ends (out of memory, a fault in a library) costs nobody else's work: what
was under way is done again, each task alone in a process, and a task that ends that one, too, is
cut in halves until the guilty piece is known.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from etl.trouble import Trouble, why

Task = TypeVar("Task")
Result = TypeVar("Result")
Cut = Callable[[Any], Sequence[Any]]

FEWEST_FOR_POOL = 2000
"""Members from which a pool is worth its start."""
MOST_JOBS = 64
"""Processes that are taken unasked."""
PATIENCE = 1
"""Seconds without a result after which a pool is made to look whether its processes live."""
TRIES_ALONE = 2
"""How often a task that cannot be cut may end a process in which it is alone, before it is held guilty."""


class WorkerDied(Exception):
    """The system ended each process that worked on ``task``, also when it did nothing else."""

    def __init__(self, task: Any) -> None:
        super().__init__(f"a process was ended by the system, and again when it was alone with its task: {task!r}")
        self.task = task


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes(wanted: int | None, members: int) -> int:
    """How many processes a run takes: those that were asked for, else one for few members and all cores for many."""
    return wanted or (1 if members < FEWEST_FOR_POOL else min(available_cores(), MOST_JOBS))


def whole(task: Any) -> Sequence[Any]:
    """The pieces of a task that cannot be cut."""
    return [task]


class _Order(NamedTuple):
    """A task on its way: what is to be done, and the file that takes the result.

    A process that is ended while it sends what a pipe does not take in one piece leaves a half of it there, and the
    pool would wait for the other half for ever. So nothing but the end of an order is told through the pipe.
    """

    function: Callable[[Any, Any], Any]
    task: Any
    result: Path

    def taken(self) -> Any:
        """The result, whose file goes."""
        result = pickle.loads(self.result.read_bytes())  # noqa: S301  # a worker of ours wrote it
        self.result.unlink()
        return result


class Workers:
    """Runs tasks with a state that each process makes for itself, once."""

    def __init__(self, jobs: int, setup: Callable[[], Any], folder: Path) -> None:
        self.deaths = 0
        """How often a process was ended over its task; what was lost with it was done again."""
        self._jobs = jobs
        self._setup = setup
        self._state: Any = None
        """That of this process, where it has no others and had a task."""
        self._results = (folder / f"{number}.result" for number in itertools.count())
        self._pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[Any, Task], Result], tasks: Iterable[Task], cut: Cut = whole) -> Iterator[Result]:
        """``function(state, task)`` of every task, in order; of its pieces by ``cut``, where a worker died over it.

        Raises WorkerDied with the piece that is guilty.
        """
        if self._jobs == 1:
            self._state = self._state or self._setup()
            for task in tasks:
                yield function(self._state, task)
            return
        waiting: deque[tuple[_Order, Future[None], ProcessPoolExecutor]] = deque()
        for task in tasks:
            if len(waiting) >= 2 * self._jobs + 2:
                yield from self._next(cut, *waiting.popleft())
            order = _Order(function, task, next(self._results))
            waiting.append((order, *self._submit(order)))
        while waiting:
            yield from self._next(cut, *waiting.popleft())

    def close(self) -> None:
        """End all processes at once: in an orderly end, one could die with a lock that the others wait for."""
        if self._pool:
            _shut(self._pool)
        if hasattr(self._state, "close"):
            self._state.close()

    def _submit(self, order: _Order) -> tuple[Future[None], ProcessPoolExecutor]:
        if self._pool:
            with suppress(BrokenProcessPool, OSError):  # OSError: it is just breaking, and its pipe is closed already
                return self._pool.submit(_in_worker, order), self._pool
            self._bury(self._pool)
        self._pool = _pool(self._jobs, self._setup)
        return self._pool.submit(_in_worker, order), self._pool

    def _next(self, cut: Cut, order: _Order, future: Future[None], pool: ProcessPoolExecutor) -> Iterator[Any]:
        try:
            while not wait([future], PATIENCE).done:
                # A pool that starts its processes one by one may not watch the last one; an order makes it look again.
                with suppress(OSError):
                    pool.submit(_nothing)
            future.result()
        except BrokenProcessPool:
            self._bury(pool)
            yield from self._alone(cut, order)
        else:
            yield order.taken()

    def _bury(self, pool: ProcessPoolExecutor) -> None:
        """Wait until all processes of a broken pool have ended: none may write where its task is done again."""
        if self._pool is pool:
            _shut(pool)
            self.deaths += 1
            self._pool = None

    def _alone(self, cut: Cut, order: _Order) -> Iterator[Any]:
        """A task in a process of its own; where that dies, its pieces, each in one of its own."""
        pieces = cut(order.task)
        for _ in range(TRIES_ALONE if len(pieces) == 1 else 1):
            with suppress(BrokenProcessPool):
                _in_process_of_its_own(self._setup, order)
                yield order.taken()
                return
            self.deaths += 1
        if len(pieces) == 1:
            raise WorkerDied(order.task)
        for piece in pieces:
            yield from self._alone(cut, order._replace(task=piece))


@contextmanager
def workers(jobs: int, setup: Callable[[], Any], folder: Path) -> Iterator[Workers]:
    """Workers for the time of a block: this process alone, or a pool of ``jobs`` processes.

    ``setup`` is a function of a module or a partial of one: it is sent to every process. Where what it makes can be
    closed, that of this process is. ``folder`` takes results on the way to the parent. Raises Trouble when no process
    can be started.
    """
    with tempfile.TemporaryDirectory(prefix="results-", dir=folder) as results:
        crew = Workers(jobs, setup, Path(results))
        try:
            yield crew
        except EOFError as error:  # the process that starts the others has ended
            raise Trouble("worker processes cannot be started; --jobs 1 needs none") from error
        finally:
            crew.close()


def _pool(jobs: int, setup: Callable[[], Any]) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([getattr(setup, "func", setup).__module__])  # imported once, not by each worker
    try:
        return ProcessPoolExecutor(jobs, mp_context=context, initializer=_initialise, initargs=(setup,))
    except OSError as error:  # its locks are files of /dev/shm, which some containers make read-only
        raise Trouble(f"worker processes cannot be started ({why(error)}); --jobs 1 needs none") from error


def _shut(pool: ProcessPoolExecutor, others: Collection[BaseProcess] = ()) -> None:
    """End a pool and all processes but ``others``: those that it has just started and does not watch yet, too."""
    ending = threading.Thread(target=pool.shutdown, kwargs={"cancel_futures": True})
    ending.start()
    while ending.is_alive():
        for process in multiprocessing.active_children():
            if process not in others:
                process.terminate()
        ending.join(0.05)


def _in_process_of_its_own(setup: Callable[[], Any], order: _Order) -> None:
    """Do what is ordered; BrokenProcessPool when the process dies over it."""
    others = multiprocessing.active_children()
    pool = _pool(1, setup)
    try:
        pool.submit(_in_worker, order).result()
    finally:
        _shut(pool, others)


# --- in a worker ---------------------------------------------------------------------------

_STATE: list[Callable[[], Any]] = []
"""What makes the state of this process, once."""


def _initialise(setup: Callable[[], Any]) -> None:
    """What a worker knows from its start; its state is made with the first task, which fails where that does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, too, and the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _STATE[:] = [cache(setup)]


def _end_with_parent() -> None:
    """Nobody takes the results of a worker whose parent was killed: it ends, also in the middle of a task."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _nothing() -> None:
    """An order that only shows that the pool is alive."""


def _in_worker(order: _Order) -> None:
    order.result.write_bytes(pickle.dumps(order.function(_STATE[0](), order.task)))
