"""Progress of a run: lines in the log while it goes on, and a table at its end."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_sdk import metrics

from tap_mux.records.timestamps import epoch_seconds, is_timestamp, readable
from tap_mux.run.live import shown_live
from tap_mux.settings.settings import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_mux.run.outcome import Outcome
    from tap_mux.run.reading import Reading
    from tap_mux.streams.base import MuxStream

MIN_FRACTION_TO_ESTIMATE = 0.02
"""After so much of a stream, the time that is left can be estimated."""

MIN_WAIT_SECONDS = 3.0
"""A shorter wait for the rate limit is not told."""

BOOKMARK = "replication_key_value"

COLUMNS = (
    *("stream", "records", "requests", "retries", "seconds", "waited"),
    *("read up to", "next run from", "end"),
)
ON_THE_RIGHT = frozenset(COLUMNS[1:6])
"""Columns of numbers."""

logger = logging.getLogger(__name__)


class Progress:
    """Tells how far the streams of a run are."""

    def __init__(self, readings: Sequence[Reading], outcome: Outcome) -> None:
        """Take the streams.

        Args:
            readings: The readings of the run, in the order of the table.
            outcome: Knows why something could not be read.
        """
        self._readings = readings
        self._outcome = outcome
        self._begun = time.monotonic()
        self._has_ended = threading.Event()

    @contextmanager
    def told(self, seconds: float) -> Iterator[None]:
        """Tell the progress inside the ``with`` block, and print a table at its end.

        Args:
            seconds: How often to tell it; 0 for only at the end.
        """
        try:
            with shown_live(self.lines) if seconds else nullcontext(enter_result=True) as is_shown:
                if not is_shown:
                    args = (seconds,)
                    teller = threading.Thread(target=self._tell, args=args, daemon=True)
                    teller.start()
                yield
        finally:
            self._has_ended.set()
            self._log_metrics(self._readings)
            for line in self.table():
                logger.info("%s", line)

    def lines(self) -> Iterator[str]:
        """Yield a line for each stream under way."""
        for reading in self._under_way():
            yield _line(reading)

    def table(self) -> Iterator[str]:
        """Yield the lines of a table: one for each stream that was read, then the totals."""
        rows = [_row(reading, self._outcome) for reading in self._readings if reading.begun]
        records, requests, retries, waited = (
            sum(getattr(count, name) for count in map(_count, self._readings))
            for name in ("records", "requests", "retries", "waited_seconds")
        )
        seconds = f"{time.monotonic() - self._begun:.1f}", f"{waited:.1f}"
        numbers = (f"{records:,}", f"{requests:,}", f"{retries:,}", *seconds)
        rows.append(("total", *numbers, *("" for _ in COLUMNS[6:])))
        widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
        for row in (COLUMNS, *rows):
            cells = zip(COLUMNS, row, widths, strict=True)
            yield "  ".join(
                cell.rjust(width) if column in ON_THE_RIGHT else cell.ljust(width)
                for column, cell, width in cells
            ).rstrip()

    def _tell(self, seconds: float) -> None:
        while not self._has_ended.wait(seconds):
            for line in self.lines():
                logger.info("%s", line)
            self._log_metrics(self._under_way())

    def _under_way(self) -> list[Reading]:
        return [
            reading
            for reading in self._readings
            if reading.first_at is not None and not reading.ended
        ]

    def _log_metrics(self, readings: Sequence[Reading]) -> None:
        """Log the numbers as METRIC lines of the SDK, each with the total so far."""
        for reading in readings:
            if not reading.begun:
                continue
            count = _count(reading)
            tags = {metrics.Tag.STREAM.value: reading.stream.name}
            if reading.stream.environment.is_one_of_many:
                tags["environment"] = reading.stream.environment.name or ""
            for kind, metric, value in (
                ("counter", metrics.Metric.RECORD_COUNT, count.records),
                ("counter", metrics.Metric.HTTP_REQUEST_COUNT, count.requests),
                ("timer", metrics.Metric.SYNC_DURATION, round(count.seconds, 3)),
            ):
                metrics.log(metrics.get_metrics_logger(), metrics.Point(kind, metric, value, tags))


class _Count(NamedTuple):
    """The numbers of a stream so far."""

    records: int
    requests: int
    retries: int
    seconds: float
    waited_seconds: float


def _count(reading: Reading) -> _Count:
    usage = reading.stream.usage
    seconds = (reading.ended or time.monotonic()) - reading.begun if reading.begun else 0.0
    return _Count(
        reading.stream.emitter.records,
        usage.requests,
        usage.retries,
        seconds,
        usage.waited_seconds,
    )


def _line(reading: Reading) -> str:
    """Return what is known of how far a stream is, in words."""
    count = _count(reading)
    parts = [f"{count.records:,} records"]
    if position := reading.stream.emitter.position:
        parts.append(f"at {position[:16].replace('T', ' ')}")
    fraction = reading.fraction
    if fraction is not None:
        parts.append(f"{fraction:.0%}".replace("%", " %"))
    # A stream is opened early. Until it comes first, hardly anything of it is read.
    seconds = time.monotonic() - (reading.first_at or 0.0)
    if count.records and seconds:
        parts.append(f"{count.records / seconds:,.0f} records/s")
    parts.append(f"{count.requests:,} {'request' if count.requests == 1 else 'requests'}")
    if fraction is not None and fraction > MIN_FRACTION_TO_ESTIMATE:
        parts.append(f"about {_duration(seconds * (1 - fraction) / fraction)} left")
    if wait := _wait(reading):
        parts.append(wait)
    return f"{reading.stream.label}: {', '.join(parts)}"


def _wait(reading: Reading) -> str | None:
    """Return for how long a stream has waited for the rate limit; None if that is not long.

    To send each request as soon as the limit allows is no wait, unless another program makes it
    one: then a request each second still looks whether that has ended.
    """
    usage, stream = reading.stream.usage, reading.stream
    bucket = stream.environment.client.waiting(stream.path)
    is_shared = bucket.is_shared and usage.is_waiting
    seconds = bucket.seconds if is_shared else usage.seconds_held_up
    if seconds < MIN_WAIT_SECONDS:
        return None
    text = f"waiting for the rate limit for {seconds:.0f} s"
    return f"{text}; another program uses it too" if is_shared else text


def _duration(seconds: float) -> str:
    """Return a duration in words: seconds, minutes or hours."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _row(reading: Reading, outcome: Outcome) -> tuple[str, ...]:
    """Return the cells of a stream in the table."""
    label, count = reading.stream.label, _count(reading)
    numbers = (f"{count.records:,}", f"{count.requests:,}", f"{count.retries:,}")
    seconds = f"{count.seconds:.1f}", f"{count.waited_seconds:.1f}"
    return (label, *numbers, *seconds, *_reach(reading.stream), _end(reading, outcome))


def _reach(stream: MuxStream) -> tuple[str, str]:
    """Return how far all partitions of a stream have been read, and where the next run begins.

    Both are empty for a stream without a bookmark.
    """
    states = map(stream.get_context_state, stream.partitions)
    values: list[Any] = [state.get(BOOKMARK) for state in states]
    if not values or not all(map(is_timestamp, values)):  # a partition has none
        return "", ""
    reached = min(map(epoch_seconds, values))
    start_date = moment(stream.config, "start_date")
    first = start_date.timestamp() if start_date else 0.0
    return readable(reached), readable(max(reached - stream.lookback_seconds, first))


def _end(reading: Reading, outcome: Outcome) -> str:
    """Return how a stream ended, and why."""
    label = reading.stream.label
    if label in outcome.failed:
        return f"failed: {outcome.failed[label]}"
    if label in outcome.unavailable:
        return f"skipped: {outcome.unavailable[label]}"
    return "complete" if reading.ended else "not read to its end"
