"""Streams of sums over adjacent periods of time: UTC days mostly, each read whole, oldest first."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tap_mux.api.errors import APIError
from tap_mux.reading.windows import Window
from tap_mux.records.normalizer import utc_timestamp
from tap_mux.streams.base import MuxStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.api.client import Query
    from tap_mux.records.normalizer import Record

DAY = 86_400


class PeriodStream(MuxStream):
    """A stream of sums over periods of time, which may still change for some days.

    A stream says how long its periods are and how to read a window of them (``rows``). A period is
    only read when it is over.
    """

    permission = "Mux Data: Read"
    ids_repeat = True
    is_sorted = True
    replication_key = "day"

    kept_days: ClassVar[int] = 100
    """How far back to begin without a start_date."""

    late_seconds: ClassVar[int] = 0
    """How long after its end a period can be read."""

    def __init__(self, *arguments: Any) -> None:
        """Make the stream.

        Args:
            arguments: As those of every stream.
        """
        super().__init__(*arguments)
        self._told: set[tuple[int, int]] = set()
        self._is_elsewhere_told = False

    def seconds(self, context: Context) -> int:
        """Say how long a period is.

        Args:
            context: The state partition.
        """
        return DAY

    def periods_at_once(self, context: Context) -> int:
        """Say how many periods one request can be for.

        Args:
            context: The state partition.
        """
        return 1

    def items(self, window: Window, context: Context) -> Iterable[Any]:
        """List what there is a request for, in a window.

        Args:
            window: The window of time.
            context: The state partition.
        """
        return (None,)

    @abstractmethod
    def rows(self, window: Window, item: Any, context: Context) -> list[Record]:
        """Ask for the rows of a window; called in threads.

        Args:
            window: The window of time.
            item: One of its items.
            context: The state partition.

        Returns:
            The rows, in the order of the replication key.

        Raises:
            MuxError: A request failed for good.
        """

    @property
    def lookback_seconds(self) -> int:
        """How far before its bookmark a run reads again."""
        days: int = self.config["lookback_days"]
        return days * DAY

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the rows, a window at a time."""
        context = context or {}
        periods = self._periods(context)
        while periods:
            begun = periods
            try:
                for window, rows in self._read(periods, context):
                    periods = range(window.end, periods.stop, periods.step)
                    yield rows
            except APIError as error:
                if not error.is_timeframe_refused:
                    raise
                periods = self._kept(periods, context, error)
                self._tell_gone(begun.start, periods.start, context)
            else:
                return

    def _periods(self, context: Context) -> range:
        """Give the start of each period to read, in epoch seconds."""
        seconds = self.seconds(context)
        span = self.span(context)
        end = min(span.end, self._now - self.late_seconds)
        start = span.start
        if start is None:
            start = self._now - self.kept_days * DAY + seconds - 1
        return range(start - start % seconds, end - end % seconds, seconds)

    def _read(self, periods: range, context: Context) -> Iterator[tuple[Window, list[Record]]]:
        """Read window after window, several requests at a time."""

        def asked() -> Iterator[tuple[Window, Any, bool]]:
            for window in self._windows(periods, context):
                items = list(self.items(window, context))
                for number, item in enumerate(items, 1):
                    yield window, item, number == len(items)

        def ask(of: tuple[Window, Any, bool]) -> tuple[Window, list[Record], bool]:
            window, item, is_last = of
            return window, self.rows(window, item, context), is_last

        results = self.environment.fetcher.map(ask, asked())
        try:
            collected: list[Record] = []
            for window, rows, is_last in results:
                collected += rows
                if is_last:
                    yield window, collected
                    collected = []
        finally:
            results.close()

    def _windows(self, periods: range, context: Context) -> Iterator[Window]:
        length = periods.step * self.periods_at_once(context)
        for start in range(periods.start, periods.stop, length):
            yield Window(start, min(start + length, periods.stop))

    def _kept(self, periods: range, context: Context, refusal: APIError) -> range:
        """Find the first period that Mux keeps.

        Args:
            periods: The periods to look through; Mux refused one of the first.
            context: The state partition.
            refusal: What Mux said; raised where it is not for the age of the period.
        """

        def is_kept(start: int) -> bool:
            window = Window(start, start + periods.step)
            try:
                for item in self.items(window, context):
                    self.rows(window, item, context)
                    break
            except APIError as error:
                if not error.is_timeframe_refused:
                    raise
                return False
            return True

        recent = self._now - self.late_seconds - periods.step
        if is_kept(periods[0]) or not is_kept(recent - recent % periods.step):
            raise refusal
        return periods[bisect_left(periods, True, key=is_kept) :]  # noqa: FBT003 - what is sought

    def used_window(self, envelope: dict[str, Any], asked: Window) -> Window | None:
        """Read from an answer which window it is for.

        Args:
            envelope: The answer.
            asked: The window that was asked for, which is taken where the answer does not say.

        Returns:
            The window; None where it does not touch the one that was asked for, so that what came
            is of no use.
        """
        match envelope.get("timeframe"):
            case [int(start), int(end)]:
                used = Window(start, end)
                if start < asked.end and asked.start < end:
                    return used
                if not self._is_elsewhere_told:
                    self._is_elsewhere_told = True
                    text = "%s lacks rows: asked for %s, Mux answered for %s"
                    self.logger.warning(text, self.name, _written(asked), _written(used))
                return None
        return asked

    def _tell_gone(self, gone: int, kept: int, context: Context) -> None:
        """Say what can no longer be had, once for all slices, if it was asked for."""
        if not self.config.get("start_date") and self._bookmark(context) is None:
            return
        if (gone, kept) not in self._told:
            self._told.add((gone, kept))
            self.logger.warning(
                "%s from %s to %s are gone: Mux no longer keeps them",
                self.name,
                datetime.fromtimestamp(gone, UTC).isoformat(),
                datetime.fromtimestamp(kept, UTC).isoformat(),
            )

    def probe(self) -> None:
        """Ask for the last period that is over, of one slice after another until one is there."""
        denied: APIError | None = None
        for part in self.slices():
            try:
                self._probe(part)
            except APIError as error:
                if not error.is_unavailable or error.is_refused_credential:
                    raise
                denied = denied or error
            else:
                return
        if denied:
            raise denied

    def _probe(self, part: dict[str, Any]) -> None:
        context = {"environment_id": self.environment.id, **part}
        seconds = self.seconds(context)
        end = self._now - self.late_seconds
        window = Window(end - end % seconds - seconds, end - end % seconds)
        for item in self.items(window, context):
            self.rows(window, item, context)
            break


def timeframe(window: Window) -> Query:
    """Write a window as a query parameter."""
    return {"timeframe[]": [window.start, window.end]}


def _written(window: Window) -> str:
    return f"{utc_timestamp(window.start)} to {utc_timestamp(window.end)}"


def day_of(window: Window) -> str:
    """Write the UTC day that a window begins on."""
    return datetime.fromtimestamp(window.start, UTC).date().isoformat()


def named(row: Record, column: str) -> Any:
    """Give a value that is part of the key: no null, and no empty text, which loaders make null.

    Args:
        row: A row as Mux sends it.
        column: The column with the value.
    """
    value = row.get(column)
    if value is None:
        return "(not set)"
    return "(empty)" if value == "" else value
