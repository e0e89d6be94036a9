"""Streams of sums over adjacent intervals: UTC days mostly, each read whole, oldest first."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from tap_mux.api.errors import APIError
from tap_mux.reading.answers import used_window
from tap_mux.reading.progress import Progress
from tap_mux.reading.retention import DOCUMENTED_DAYS, Border, warn_gone
from tap_mux.reading.time_range import DAY
from tap_mux.reading.windows import Window
from tap_mux.records.timestamps import readable
from tap_mux.streams.base import MuxStream
from tap_mux.streams.cost import Cost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_mux.api.client import Query
    from tap_mux.api.environment import Environment
    from tap_mux.records.normalizer import Record

    Found = Iterator[tuple[Window, list[Record]]]
    """Windows with their records."""

RECENT_SECONDS = 7 * DAY
"""Intervals of this age are surely kept."""

_NOTHING = object()
"""Stands for the items of a window without any."""


class PeriodicStream(MuxStream):
    """A stream of sums over intervals of time. Mux may still change them for some days.

    A subclass says how long an interval is and how to read a window of intervals (``fetch``). An
    interval is only read when it is over.
    """

    permission = "Mux Data: Read"
    cost = Cost.INTERVALS
    ids_repeat = True
    is_sorted = True
    replication_key = "window_start"

    retention_days: ClassVar[int] = 100
    """How far back to start without a start_date."""

    settle_seconds: ClassVar[int] = 0
    """How long after its end an interval is final."""

    added_later_days: ClassVar[int] = 0
    """For how many days in the past records may be added."""

    def __init__(self, tap: Tap, environment: Environment) -> None:
        """Make the stream of an environment."""
        super().__init__(tap, environment)
        self.progress = Progress()
        """How far the intervals of the partition have been read."""
        self._border = Border()
        self._reported_gone: set[tuple[int, int]] = set()
        self._has_warned_of_other_window = False

    @abstractmethod
    def fetch(self, window: Window, item: Any, partition: Context) -> list[Record]:
        """Ask for the records of a window. Workers call this, several at a time.

        Args:
            window: The window of time.
            item: One of ``items``.
            partition: The partition of the state.

        Returns:
            The records, in order of the replication key.

        Raises:
            MuxError: A request failed for good, or an answer was not what the API describes.
        """

    def items(self, window: Window, partition: Context) -> Iterable[Any]:
        """Return what ``fetch`` is called for in a window; once with None, if not overridden.

        Args:
            window: The window of time.
            partition: The partition of the state.
        """
        return (None,)

    def interval_seconds(self, partition: Context) -> int:
        """Return how long an interval of a partition is."""
        return DAY

    def intervals_per_request(self, partition: Context) -> int:
        """Return how many intervals of a partition one request can be for."""
        return 1

    @property
    def lookback_seconds(self) -> int:
        """How far before its bookmark a run reads again."""
        days: int = self.config["lookback_days"]
        return days * DAY

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the records, a window at a time. Intervals without any move the bookmark, too."""
        self.progress = Progress()
        intervals = self._intervals(partition)
        likely = self.now - self.retention_days * DAY
        if intervals and (intervals.start < likely or self._border.is_after(intervals.start)):
            # Mux most likely refuses this, and would refuse the windows read ahead, too.
            intervals = self._kept(intervals, partition) or intervals
        while intervals:
            try:
                for window, records in self._read_carefully(intervals, partition):
                    intervals = range(window.end, intervals.stop, intervals.step)
                    yield self._with_bookmark(records, window, intervals.step)
            except APIError as error:
                if not error.is_timeframe_refused:
                    raise
                kept = self._kept(intervals, partition)
                if kept is None or kept == intervals:  # its age is not the reason
                    raise
                intervals = kept
            else:
                return

    def _with_bookmark(self, records: list[Record], window: Window, step: int) -> list[Record]:
        """Return the records of a window; with the last interval that was read to its end."""
        reached = self.progress.reached(window)
        if reached is None or not self.is_complete:
            return records
        until = reached - reached % step - step
        if self.added_later_days:
            until = min(until, self.now - self.now % DAY - self.added_later_days * DAY)
        return self.read_up_to(records, until)

    def is_answer_for(self, asked: Window, envelope: dict[str, Any]) -> bool:
        """Return whether an answer touches the window that was asked for; warn once if not.

        Args:
            asked: The window that was asked for.
            envelope: The answer.
        """
        used = used_window(envelope, asked)
        if used.end < asked.end - 1:  # an inclusive end is a second earlier
            self.progress.leave_unread(asked, used.end)
        if used.start < asked.end and asked.start < used.end:
            return True
        self.progress.leave_unread(asked, asked.start)
        if not self._has_warned_of_other_window:
            self._has_warned_of_other_window = True
            self.logger.warning(
                "%s lacks records: asked for %s to %s, Mux answered for %s to %s",
                self.name,
                *map(readable, (asked.start, asked.end, used.start, used.end)),
            )
        return False

    def window_columns(self, asked: Window, envelope: dict[str, Any]) -> Record | None:
        """Return the columns that say which window an answer is for; None if it is for another.

        Args:
            asked: The window that was asked for.
            envelope: The answer.
        """
        if not self.is_answer_for(asked, envelope):
            return None
        used = used_window(envelope, asked)
        return {"window_start": used.start, "window_end": used.end}

    def probe(self) -> None:
        """Ask for the last interval that is over, of one partition after another until one answers.

        Raises:
            MuxError: None answers.
        """
        denied: APIError | None = None
        for columns in self.partition_columns():
            try:
                self._probe({"environment_id": self.environment.id, **columns})
            except APIError as error:
                if not error.is_unavailable or error.is_unauthorized:
                    raise
                denied = denied or error
            else:
                return
        if denied:
            raise denied

    def _probe(self, partition: Context) -> None:
        seconds = self.interval_seconds(partition)
        end = self.now - self.settle_seconds
        window = Window(end - end % seconds - seconds, end - end % seconds)
        for item in self.items(window, partition):
            self.fetch(window, item, partition)
            break

    def _intervals(self, partition: Context) -> range:
        """Return the start of each interval to read, in epoch seconds."""
        seconds = self.interval_seconds(partition)
        time_range = self.time_range(partition)
        end = min(time_range.end, self.now - self.settle_seconds)
        start = time_range.start
        if start is None:
            start = self.now - self.retention_days * DAY + seconds - 1
        return range(start - start % seconds, end - end % seconds, seconds)

    def _read_carefully(self, intervals: range, partition: Context) -> Found:
        """Read window after window; alone the first one that Mux may refuse."""
        is_old = bool(intervals) and intervals.start < self.now - RECENT_SECONDS
        alone = self.intervals_per_request(partition) if is_old else 0
        yield from self._read(intervals[:alone], partition)
        yield from self._read(intervals[alone:], partition)

    def _read(self, intervals: range, partition: Context) -> Found:
        """Read window after window, several requests at a time."""
        length = intervals.step * self.intervals_per_request(partition)

        def calls() -> Iterator[tuple[Window, Any, bool]]:
            for start in range(intervals.start, intervals.stop, length):
                window = Window(start, min(start + length, intervals.stop))
                items = list(self.items(window, partition)) or [_NOTHING]
                for number, item in enumerate(items, 1):
                    yield window, item, number == len(items)

        def fetch(call: tuple[Window, Any, bool]) -> tuple[Window, list[Record], bool]:
            window, item, is_last = call
            records = [] if item is _NOTHING else self.fetch(window, item, partition)
            return window, records, is_last

        with closing(self.workers.map(fetch, calls())) as results:
            collected: list[Record] = []
            for window, records, is_last in results:
                collected += records
                if is_last:
                    yield window, collected
                    collected = []

    def _kept(self, intervals: range, partition: Context) -> range | None:
        """Return the intervals that Mux keeps; None if it keeps no recent one. Warn of the rest."""
        step = intervals.step

        def is_kept(start: int) -> bool:
            window = Window(start, start + step)
            try:
                for item in self.items(window, partition):
                    self.fetch(window, item, partition)
                    break
            except APIError as error:
                if not error.is_timeframe_refused:
                    raise
                return False
            return True

        recent = self.now - self.settle_seconds - step
        start = self._border.find(
            intervals.start,
            recent - recent % step,
            partial(self.workers.map, is_kept),
            now=self.now,
            days=min(self.retention_days, DOCUMENTED_DAYS),
            step=step,
        )
        if start is None:
            return None
        start = min(start, intervals.stop)
        if start > intervals.start:
            self._report_gone(intervals.start, start, partition)
        return range(start, intervals.stop, step)

    def _report_gone(self, gone: int, kept: int, partition: Context) -> None:
        """Warn of what no longer exists, once for all partitions, if it was asked for."""
        if not self.config.get("start_date") and self.bookmark(partition) is None:
            return
        if (gone, kept) not in self._reported_gone:
            self._reported_gone.add((gone, kept))
            warn_gone(self.name, gone, kept)


def timeframe(window: Window) -> Query:
    """Return a window as a query parameter."""
    return {"timeframe[]": [window.start, window.end]}
