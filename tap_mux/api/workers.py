"""Many requests in flight: an ordered, bounded map over a few threads.

The threads only ask Mux. Messages and state are written by the main thread alone. The threads are
daemons, so that a run that is told to end does not wait for answers.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

    _Call = tuple[Future[Any], threading.Event | None, Callable[..., Any], tuple[Any, ...]]

T = TypeVar("T")

_this_thread = threading.local()


def is_cancelled() -> bool:
    """Return whether the result of the function that runs in this worker is no longer wanted."""
    cancelled: threading.Event | None = getattr(_this_thread, "cancelled", None)
    return cancelled is not None and cancelled.is_set()


class WorkerPool:
    """Calls functions in a few threads, which start when they are first needed."""

    def __init__(
        self, max_in_flight: int, on_cancelled: Callable[[], object] = lambda: None
    ) -> None:
        """Prepare a pool.

        Args:
            max_in_flight: How many calls may run at once.
            on_cancelled: Called after calls have been cancelled; wakes those that sleep.
        """
        self._max_in_flight = max_in_flight
        self.on_cancelled = on_cancelled
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._idle = 0

    def submit(
        self,
        function: Callable[..., T],
        *arguments: Any,
        cancelled: threading.Event | None = None,
    ) -> Future[T]:
        """Call a function as soon as a thread is free, in the order of the calls.

        Args:
            function: What to call.
            arguments: Its arguments.
            cancelled: Set by the caller when the result is no longer wanted.

        Returns:
            The result to come.
        """
        with self._lock:
            # Each thread keeps memory for what it has encoded. So none more starts than is needed.
            if self._idle:
                self._idle -= 1
            elif self._threads < self._max_in_flight:
                name = f"worker-{self._threads}"
                self._threads += 1
                threading.Thread(target=self._work, name=name, daemon=True).start()
        future: Future[T] = Future()
        self._calls.put((future, cancelled, function, arguments))
        return future

    def map(
        self, function: Callable[..., T], items: Iterable[Any], ahead: int | None = None
    ) -> Results[T]:
        """Call a function for each item, before its result is asked for.

        Args:
            function: What to call.
            items: One item a call; taken only a little ahead.
            ahead: How many calls are made ahead; max_in_flight if None.

        Returns:
            The results, in the order of the items. The first calls are made at once.
        """
        return Results(self, function, items, ahead or self._max_in_flight)

    def _work(self) -> None:
        while True:
            future, _this_thread.cancelled, function, arguments = self._calls.get()
            if is_cancelled() or not future.set_running_or_notify_cancel():
                future.cancel()
                self._end_call()
                continue
            try:
                result = function(*arguments)
            except BaseException as error:  # noqa: BLE001 - raised where the result is wanted
                self._end_call()
                future.set_exception(error)
            else:
                self._end_call()
                future.set_result(result)
                del result
            del future, function, arguments  # not to hold on to a page until the next call

    def _end_call(self) -> None:
        """Count this thread as idle, before its result leads to the next call."""
        with self._lock:
            self._idle += 1


class Results(Generic[T]):
    """Iterator over results, in the order of the calls.

    The first failure is raised in its place. It cancels the rest, as ``close`` does.
    """

    def __init__(
        self, workers: WorkerPool, function: Callable[..., T], items: Iterable[Any], ahead: int
    ) -> None:
        """Make the first calls.

        Args:
            workers: Makes the calls.
            function: What to call.
            items: One item a call.
            ahead: How many calls are made ahead.
        """
        self._workers = workers
        self._function = function
        self._items: Iterator[Any] = iter(items)
        self._cancelled = threading.Event()
        self._pending: deque[Future[T]] = deque()
        self._call(ahead)

    def _call(self, times: int) -> None:
        for item in islice(self._items, times):
            future = self._workers.submit(self._function, item, cancelled=self._cancelled)
            self._pending.append(future)

    def __iter__(self) -> Self:
        """Return the iterator itself."""
        return self

    def __next__(self) -> T:
        """Wait for the next result."""
        if not self._pending:
            raise StopIteration
        try:
            result = self._pending.popleft().result()
        except BaseException:
            self.close()
            raise
        self._call(1)
        return result

    def close(self) -> None:
        """Cancel the calls that have not been made yet."""
        self._cancelled.set()
        self._workers.on_cancelled()
        self._items = iter(())
        self._pending.clear()
