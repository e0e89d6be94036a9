"""Lanes, which are read at the same time: one for each environment and each rate limit of Mux.

Mux limits each part of its API by itself: Video, Data, monitoring, System, Robots. So the streams
of one part are read one after another, and the parts at the same time.

Each stream is read in steps. ``ask`` opens the next streams of a lane, ``take`` asks Mux and brings
records into form, ``emit`` writes. Any thread may take. Only the main thread asks and emits, so
messages and state need no lock, and are in order when a signal comes:

    read_one_by_one   takes and emits in turns, without threads
    read_side_by_side a thread for each open stream takes, the main thread emits
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING

from tap_mux.run.reading import Reading, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_mux.run.outcome import Outcome
    from tap_mux.streams.base import MuxStream

MAX_OPEN = 4
"""How many streams of a lane are open. All but the first wait until their records are written."""

logger = logging.getLogger(__name__)


class Lane:
    """Streams that are written one after another. The next ones are opened early.

    So not each small stream has to wait for its first answer. But a stream with a request for each
    record is not opened early: its first records would take many requests from those before it.
    """

    def __init__(self, readings: Sequence[Reading]) -> None:
        """Take the streams.

        Args:
            readings: The readings of the streams, in order.
        """
        self.readings = readings
        self._waiting = deque(readings)
        self.open: deque[Reading] = deque()
        """The streams that are open. The first of them is written now."""

    @property
    def is_done(self) -> bool:
        """Whether all streams have been written."""
        return not (self._waiting or self.open)

    def ask(self, max_open: int = MAX_OPEN) -> list[Reading]:
        """Open streams.

        Args:
            max_open: Until so many are open.

        Returns:
            The readings that have been opened now. The caller takes from them.
        """
        opened = []
        while self._waiting and len(self.open) < max_open:
            if self.open and self._waiting[0].stream.cost.is_by_record:
                break
            reading = self._waiting.popleft()
            self.open.append(reading)
            reading.open()
            opened.append(reading)
        if self.open:
            self.open[0].come_first()
        return opened

    def emit(self) -> None:
        """Write what has been taken of the first stream. At its end, go on to the next one."""
        while self.open and self.open[0].emit_taken():
            self.open.popleft()


def lanes_of(
    tables: Iterable[list[MuxStream]], outcome: Outcome, *, may_delete: bool
) -> list[Lane]:
    """Sort the streams into lanes. In each lane, those with few requests come first.

    Args:
        tables: The streams, each with an object for each environment.
        outcome: Takes note of what cannot be read.
        may_delete: Whether loaders may be told to delete what is no longer listed.

    Returns:
        The lanes.
    """
    lanes: dict[tuple[str | None, str], list[Reading]] = {}
    for streams in tables:
        table = Table(streams, may_delete=may_delete)
        for stream in streams:
            key = stream.environment.id, stream.lane
            lanes.setdefault(key, []).append(Reading(stream, table, outcome))
    for readings in lanes.values():
        readings.sort(key=lambda reading: reading.stream.cost)
    return [Lane(readings) for readings in lanes.values()]


def read_one_by_one(lanes: Iterable[Lane]) -> None:
    """Read lane after lane, stream after stream, without threads."""
    for lane in lanes:
        while not lane.is_done:
            for reading in lane.ask(max_open=1):
                while reading.take():
                    reading.emit_taken()
            lane.emit()


def read_side_by_side(lanes: Iterable[Lane]) -> None:
    """Read all lanes at the same time. Each open stream has a thread that takes from it.

    The threads are daemons: a run that is told to end does not wait for answers.
    """
    under_way = set(lanes)
    has_taken: SimpleQueue[Lane] = SimpleQueue()

    def take_all(lane: Lane, reading: Reading) -> None:
        goes_on = True
        while goes_on:
            goes_on = reading.take()
            has_taken.put(lane)

    def ask(lane: Lane) -> None:
        for reading in lane.ask():
            name = f"reads {reading.stream.label}"
            threading.Thread(target=take_all, args=(lane, reading), name=name, daemon=True).start()

    for lane in lanes:
        ask(lane)
    while under_way:
        lane = has_taken.get()
        lane.emit()
        ask(lane)
        if lane.is_done:
            under_way.discard(lane)
