"""Many requests in flight: an ordered, bounded map.

All threads of the tap are here. They only ask Mux; messages and state are written by the main
thread alone. They are daemons, so that a run that is told to end does not wait for answers.
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


def is_called_off() -> bool:
    """Tell a function that is called in a thread whether its result is still wanted."""
    off: threading.Event | None = getattr(_this_thread, "off", None)
    return off is not None and off.is_set()


class Fetcher:
    """Calls functions in a few threads."""

    def __init__(self, most_in_flight: int) -> None:
        """Prepare; threads start when they are first needed.

        Args:
            most_in_flight: How many calls are under way at once.
        """
        self._most = most_in_flight
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(
        self, function: Callable[..., T], *arguments: Any, off: threading.Event | None = None
    ) -> Future[T]:
        """Call a function as soon as a thread is free, in the order of the calls.

        Args:
            function: What to call.
            arguments: What to give to it.
            off: Set when the result is not wanted any more.

        Returns:
            What will come of it.
        """
        if len(self._threads) < self._most:
            name = f"fetching-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        future: Future[T] = Future()
        self._calls.put((future, off, function, arguments))
        return future

    def map(
        self, function: Callable[..., T], items: Iterable[Any], ahead: int | None = None
    ) -> Results[T]:
        """Call a function for each item, ahead of when its result is wanted.

        Args:
            function: What to call.
            items: One item a call; taken only a little ahead.
            ahead: How many calls are made before their result is wanted; as many as can be under
                way at once if None.

        Returns:
            The results, in the order of the items. The first calls are made at once.
        """
        return Results(self, function, items, ahead or self._most)

    def _work(self) -> None:
        while True:
            future, _this_thread.off, function, arguments = self._calls.get()
            if is_called_off() or not future.set_running_or_notify_cancel():
                future.cancel()
                continue
            try:
                result = function(*arguments)
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
                future.set_exception(error)
            else:
                future.set_result(result)
                del result
            del future, function, arguments  # not to hold on to a page until the next call


class Results(Generic[T]):
    """What comes of calls, in their order; used up by iterating over it.

    The first failure is raised in its place, and calls off the rest, as closing it does.
    """

    def __init__(
        self, fetcher: Fetcher, function: Callable[..., T], items: Iterable[Any], ahead: int
    ) -> None:
        """Make the first calls.

        Args:
            fetcher: Makes the calls.
            function: What to call.
            items: One item a call.
            ahead: How many calls are made before their result is wanted.
        """
        self._fetcher = fetcher
        self._function = function
        self._items: Iterator[Any] = iter(items)
        self._off = threading.Event()
        self._pending: deque[Future[T]] = deque()
        self._call(ahead)

    def _call(self, times: int) -> None:
        for item in islice(self._items, times):
            self._pending.append(self._fetcher.submit(self._function, item, off=self._off))

    def __iter__(self) -> Self:
        """Iterate over itself."""
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
        """Call off what is not done yet."""
        self._off.set()
        self._items = iter(())
        self._pending.clear()
