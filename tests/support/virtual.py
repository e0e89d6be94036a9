"""Threads in virtual time: exact, deterministic, and as fast as the machine.

Only one thread runs at a time. When it waits, the one with the earliest end of its wait goes on,
and the clock jumps there.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

from tap_mux.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

BEGIN = 1000.0


class Stuck(Exception):  # noqa: N818 - a state, told by a test
    """Every thread waits for another."""


class _Sleeper:
    """A thread that waits."""

    def __init__(self, until: float, condition: Condition | None) -> None:
        self.until = until
        self.condition = condition
        self.may_run = threading.Semaphore(0)


class VirtualClock(Clock):
    """A clock whose time passes when all threads wait."""

    def __init__(self, now: float = BEGIN) -> None:
        """Start with no thread."""
        self._now = now
        self._sleepers: list[_Sleeper] = []
        self._failure: BaseException | None = None
        self._all_ended = threading.Semaphore(0)
        self._alive = 0

    def now(self) -> float:
        """Return the virtual time."""
        return self._now

    def condition(self) -> Any:
        """Return a condition of this time."""
        return Condition(self)

    def sleep(self, seconds: float) -> None:
        """Let others run for a while."""
        self.block(self._now + seconds, None)

    def sleep_all(self, seconds: float) -> None:
        """Let time pass while nothing runs."""
        self._now += seconds

    def run(self, *functions: Callable[[], object]) -> float:
        """Run each function in a thread; return how many seconds passed.

        Raises:
            Stuck: All wait for each other.
        """
        began = self._now
        self._alive = len(functions)
        for function in functions:
            sleeper = _Sleeper(self._now, None)
            self._sleepers.append(sleeper)
            threading.Thread(target=self._work, args=(function, sleeper), daemon=True).start()
        self._go_on()
        self._all_ended.acquire()
        if self._failure:
            raise self._failure
        return self._now - began

    def _work(self, function: Callable[[], object], sleeper: _Sleeper) -> None:
        sleeper.may_run.acquire()
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - raised by run
            self._failure = self._failure or error
        self._alive -= 1
        self._go_on()

    def block(self, until: float, condition: Condition | None) -> None:
        """Wait until a time, or until the condition is notified."""
        sleeper = _Sleeper(until, condition)
        self._sleepers.append(sleeper)
        self._go_on()
        sleeper.may_run.acquire()

    def wake(self, condition: Condition) -> None:
        """Let those who wait for a condition run soon."""
        for sleeper in self._sleepers:
            if sleeper.condition is condition:
                sleeper.until = self._now

    def _go_on(self) -> None:
        if not self._alive or self._failure:
            self._all_ended.release()
            return
        first = min(self._sleepers, key=lambda sleeper: sleeper.until)
        if first.until == math.inf:
            self._failure = Stuck()
            self._all_ended.release()
            return
        self._sleepers.remove(first)
        self._now = max(self._now, first.until)
        first.may_run.release()


class Condition:
    """A condition in virtual time. It needs no lock, since one thread runs at a time."""

    def __init__(self, clock: VirtualClock) -> None:
        """Belong to a clock."""
        self._clock = clock

    def __enter__(self) -> None:
        """Take the lock."""

    def __exit__(self, *_: object) -> None:
        """Give it back."""

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it is notified."""
        until = math.inf if timeout is None else self._clock.now() + timeout
        self._clock.block(until, self)

    def notify_all(self) -> None:
        """Let all who wait go on."""
        self._clock.wake(self)
