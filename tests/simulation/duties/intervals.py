"""What there is once a day or an interval: sums, usage files and exports."""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.simulation.duties.base import BORDER_SECONDS, Duty, Key, Row, Span
from tests.simulation.mux import exports
from tests.simulation.sums import SUMS
from tests.simulation.truth import DAY, HOUR
from tests.simulation.wire import tap_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.run import Facts
    from tests.simulation.world import World


class SumDuty(Duty):
    """Sums over intervals."""

    def __init__(self, name: str) -> None:
        """Take the name of the stream."""
        self._form = SUMS[name]
        self._name = name
        self._rows = lru_cache(1 << 12)(self._form.rows)

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        form, span = self._form, Span.of(facts)
        step = form.step(facts.config)
        kept = min(form.retention_days, world.retention_days if form.is_data else 90)
        first = max(
            span.start - span.start % step if span.start > -math.inf else span.start,
            facts.ended - kept * DAY + BORDER_SECONDS + step,
        )
        start = int(first + -first % step)
        end = min(span.end, facts.now - form.settle_seconds)
        if self._name == "subview_timeseries":
            end = min(end, world.complete_through(facts.began) + 1)
        for moment in range(start, int(end) // step * step, step):
            revised = world.sums.times(self._name, moment)
            if any(facts.began <= at <= facts.ended for at in revised):
                continue
            for part in form.parts(world, facts.config, moment):
                items = world.sums.items(self._name, part, moment, step, facts.began)
                yield from self._rows(part, moment, step, items)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        part, moment, step = self._form.place(key)
        found: set[Any] = set()
        for items in world.sums.versions(self._name, part, moment, step, start, end):
            rows = self._rows(part, moment, step, items)
            if key in rows:
                found.add(rows[key])
        return found

    def payload(self, row: Row) -> Any:
        return self._form.payload(row)


class UsageDuty(Duty):
    """The files of what is billed."""

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        span = Span.of(facts)
        for day in world.usage_days(facts.began):
            end = span.end // DAY * DAY
            is_next_day = facts.ended >= end + DAY  # so Mux makes one more
            if is_next_day or world.usage_ready_at(int(end) - DAY) > facts.began:
                end -= 2 * DAY  # the last days come with the next run
            is_asked_for = max(span.start, 0) // DAY * DAY <= day < end
            if is_asked_for and world.usage_ready_at(day) <= facts.began:
                yield (tap_time(day),)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        day = int(datetime.fromisoformat(str(key[0])).timestamp())
        return {world.usage_size(day)} if world.usage_ready_at(day) <= end else set()

    def payload(self, row: Row) -> Any:
        return row["file_size"]


class ExportDuty(Duty):
    """The views of the daily files."""

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        span = Span.of(facts)
        today = int(facts.began) // DAY * DAY
        for day in range(today - 14 * DAY, today, DAY):
            is_listed = exports.is_listed(world.seed, day, facts.began)
            stays = exports.is_listed(world.seed, day, facts.ended + HOUR)
            is_asked_for = span.start <= day < span.end
            if is_listed and stays and is_asked_for:
                for key in exports.rows_of(world.seed, day):
                    yield (key,)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        day = int(str(key[0]).split("-")[1]) * DAY
        row = exports.rows_of(world.seed, day).get(str(key[0]))
        if row is None or exports.listed_at(world.seed, day) > end:
            return set()
        return {f"v{row}, of a view"}

    def payload(self, row: Row) -> Any:
        return row["video_title"]
