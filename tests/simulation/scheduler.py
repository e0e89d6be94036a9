"""Threads without threads: tasks that take turns in virtual time, in an order that a seed gives.

One task runs at a time. It goes on until it waits. Then chance picks one of those that may go on.
When all wait, the time jumps to the next moment at which one of them wakes. So a run is always the
same story, and a month takes no longer than the work that is done in it.
"""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Any

from greenlet import GreenletExit, getcurrent, greenlet

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

MAX_SWITCHES = 2_000_000
"""A run that goes on longer is taken for endless."""


class StuckError(Exception):
    """The run cannot end: all tasks wait for each other, or it takes too long."""


class Task:
    """What a thread would do."""

    def __init__(self, scheduler: Scheduler, function: Callable[[], object]) -> None:
        """Take what is to be done."""
        self.scheduler = scheduler
        self.greenlet = greenlet(self._run)
        self._function = function
        self.local: dict[int, dict[str, Any]] = {}
        """What a ``threading.local`` would hold, by its identity."""
        self.waits = 0
        """How often it has begun to wait, to tell an old alarm from the present one."""
        self.is_waiting = False
        self.has_timed_out = False
        self.error: BaseException | None = None

    def _run(self) -> None:
        try:
            self._function()
        except GreenletExit:
            pass
        except BaseException as error:  # noqa: BLE001 - raised by the scheduler
            self.error = error


class Scheduler:
    """Runs tasks, one at a time."""

    def __init__(self, chance: random.Random, now: float) -> None:
        """Start without tasks.

        Args:
            chance: Picks who goes on.
            now: The time, in epoch seconds.
        """
        self.chance = chance
        self.now = now
        self.deadline = math.inf
        """When the run has taken too long."""
        self.switches = 0
        self._ready: list[Task] = []
        self._alarms: list[tuple[float, int, int, Task]] = []
        self._tasks: dict[greenlet, Task] = {}
        self._alarm_number = 0
        self._is_stopped = False

    def spawn(self, function: Callable[[], object]) -> Task:
        """Add a task."""
        task = Task(self, function)
        self._tasks[task.greenlet] = task
        self._ready.append(task)
        return task

    @property
    def task(self) -> Task:
        """The task that runs."""
        return self._tasks[getcurrent()]

    def run(self, function: Callable[[], object]) -> None:
        """Do something as the first task, until it ends; whatever others do is broken off then.

        Raises:
            StuckError: It does not end.
        """
        self._is_stopped = False
        first = self.spawn(function)
        try:
            while not first.greenlet.dead:
                self._switch_to(self._next())
        finally:
            self._stop()

    def _switch_to(self, task: Task) -> None:
        self.switches += 1
        if self.switches > MAX_SWITCHES or self.now > self.deadline:
            text = f"the run does not end: {self.switches} steps, time {self.now:.0f}"
            raise StuckError(text)
        task.greenlet.parent = getcurrent()
        task.greenlet.switch()
        if task.greenlet.dead:
            del self._tasks[task.greenlet]
            if task.error:
                raise task.error  # in the first task, or where a thread would have died

    def _next(self) -> Task:
        while not self._ready:
            if not self._alarms:
                text = "all tasks wait for each other"
                raise StuckError(text)
            at, _, number, task = heapq.heappop(self._alarms)
            if task.is_waiting and task.waits == number:
                self.now = max(self.now, at)
                task.has_timed_out = True
                self.wake(task)
        position = self.chance.randrange(len(self._ready))
        self._ready[position], self._ready[-1] = self._ready[-1], self._ready[position]
        return self._ready.pop()

    def _stop(self) -> None:
        self._is_stopped = True
        for task in list(self._tasks.values()):
            task.is_waiting = False
            if not task.greenlet.dead:
                task.greenlet.parent = getcurrent()
                task.greenlet.throw(GreenletExit)
        self._tasks.clear()
        self._ready.clear()
        self._alarms.clear()

    def wait(self, seconds: float = math.inf) -> bool:
        """Let others go on, until somebody wakes this task or the time is over.

        Returns:
            Whether somebody woke it.
        """
        if self._is_stopped:
            raise GreenletExit
        task = self.task
        task.waits += 1
        task.is_waiting = True
        task.has_timed_out = False
        if seconds < math.inf:
            self._alarm_number += 1
            alarm = (self.now + max(0.0, seconds), self._alarm_number, task.waits, task)
            heapq.heappush(self._alarms, alarm)
        getcurrent().parent.switch()
        return not task.has_timed_out

    def wake(self, task: Task) -> None:
        """Let a task go on that waits."""
        if task.is_waiting and not self._is_stopped:
            task.is_waiting = False
            self._ready.append(task)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.wait(seconds)


class _Present:
    """The scheduler of the run that is going on."""

    scheduler: Scheduler | None = None


def present() -> Scheduler:
    """Return the scheduler of the run that is going on."""
    assert _Present.scheduler
    return _Present.scheduler


def set_present(scheduler: Scheduler | None) -> None:
    """Say which run is going on."""
    _Present.scheduler = scheduler
