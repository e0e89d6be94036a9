"""What the tap takes from ``threading``, ``queue`` and ``concurrent.futures``, for tasks.

So the tap's own worker pools, lanes and rate limiter are simulated, and none of them is replaced.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

from tests.simulation.scheduler import Task, present

if TYPE_CHECKING:
    from collections.abc import Callable


class _Waiters:
    """Tasks that wait for the same thing."""

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()

    def wait(self, seconds: float | None = None) -> bool:
        scheduler = present()
        task = scheduler.task
        self._tasks.append(task)
        was_woken = scheduler.wait(math.inf if seconds is None else seconds)
        if not was_woken:
            self._tasks.remove(task)
        return was_woken

    def wake_one(self) -> None:
        if self._tasks:
            task = self._tasks.popleft()
            task.scheduler.wake(task)

    def wake_all(self) -> None:
        while self._tasks:
            self.wake_one()


class Semaphore:
    """As in ``threading``; a BoundedSemaphore as well."""

    def __init__(self, value: int = 1) -> None:
        """Start with so many permits."""
        self._value = value
        self._waiters = _Waiters()

    def acquire(self) -> bool:
        """Take a permit; wait for one."""
        while not self._value:
            self._waiters.wait()
        self._value -= 1
        return True

    def release(self) -> None:
        """Give one back."""
        self._value += 1
        self._waiters.wake_one()

    def __enter__(self) -> bool:
        """Take a permit."""
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self.release()


class Condition:
    """As in ``threading``, without its lock: one task runs at a time, until it waits."""

    def __init__(self) -> None:
        """Start with nobody waiting."""
        self._waiters = _Waiters()

    def __enter__(self) -> None:
        """Take the lock."""

    def __exit__(self, *_: object) -> None:
        """Give it back."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is notified."""
        return self._waiters.wait(timeout)

    def notify_all(self) -> None:
        """Let all who wait go on."""
        self._waiters.wake_all()


class Event:
    """As in ``threading``."""

    def __init__(self) -> None:
        """Start unset."""
        self._is_set = False
        self._waiters = _Waiters()

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Let all who wait go on."""
        self._is_set = True
        self._waiters.wake_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set."""
        return self._is_set or self._waiters.wait(timeout)


class Thread:
    """As in ``threading``."""

    def __init__(
        self,
        *,
        target: Callable[..., object],
        args: tuple[Any, ...] = (),
        name: str = "",
        daemon: bool = True,
    ) -> None:
        """Take what is to be done."""
        self._target = target
        self._args = args

    def start(self) -> None:
        """Do it, beside the others."""
        present().spawn(lambda: self._target(*self._args))


class Local:
    """As ``threading.local``."""

    def __getattr__(self, name: str) -> Any:
        """Return what this task has set."""
        try:
            return present().task.local[id(self)][name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        """Set something for this task."""
        present().task.local.setdefault(id(self), {})[name] = value


class SimpleQueue:
    """As in ``queue``."""

    def __init__(self) -> None:
        """Start empty."""
        self._items: deque[Any] = deque()
        self._waiters = _Waiters()

    def put(self, item: Any) -> None:
        """Add something."""
        self._items.append(item)
        self._waiters.wake_one()

    def get(self) -> Any:
        """Take something; wait for it."""
        while not self._items:
            self._waiters.wait()
        return self._items.popleft()


class Future:
    """As in ``concurrent.futures``, as far as the tap uses it."""

    def __init__(self) -> None:
        """Start without a result."""
        self._result: Any = None
        self._error: BaseException | None = None
        self._done = Event()

    def set_running_or_notify_cancel(self) -> bool:
        """Return whether the result is still wanted."""
        return True

    def set_result(self, result: Any) -> None:
        """Give the result."""
        self._result = result
        self._done.set()

    def set_exception(self, error: BaseException) -> None:
        """Say what has been raised instead."""
        self._error = error
        self._done.set()

    def cancel(self) -> bool:
        """Say that the call was not made. Nobody waits for it then."""
        return True

    def done(self) -> bool:
        """Return whether there is a result."""
        return self._done.is_set()

    def exception(self) -> BaseException | None:
        """Wait for the result, and return what was raised instead."""
        self._done.wait()
        return self._error

    def result(self) -> Any:
        """Wait for the result."""
        self._done.wait()
        if self._error:
            raise self._error
        return self._result


class Threading:
    """Takes the place of the module ``threading``."""

    BoundedSemaphore: ClassVar[type] = Semaphore
    Condition: ClassVar[type] = Condition
    Event: ClassVar[type] = Event
    Lock: ClassVar[type] = Semaphore
    RLock: ClassVar[type] = Condition
    Semaphore: ClassVar[type] = Semaphore
    Thread: ClassVar[type] = Thread
    local: ClassVar[type] = Local
