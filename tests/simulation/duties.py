"""What a run has to deliver, in plain words, and what may be in a table.

After a run that ended with exit code 0, for each stream that it read:

* A list that Mux gives whole: what was there during all of the run is in the table, as it was at
  some moment of the run. Where ACTIVATE_VERSION is off, that holds if nothing was added to the list
  or deleted from it meanwhile, else the next run makes it so.
* An incremental stream: what was there when the run began, from ``start_date`` (or the beginning of
  what Mux keeps) to the end of the range, is in the table, as it was then or later. That stays so
  after every later run, whatever Mux keeps then.

At any time: what is in a table was there once. Mux changes views and sums only for as long as the
tap is documented to read them again (``Limits``).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.simulation.mux import data, exports
from tests.simulation.sums import SUMS
from tests.simulation.truth import DAY, HOUR, MINUTE
from tests.simulation.wire import tap_time
from tests.simulation.world import LISTS, MONITORING_DIMENSIONS

if TYPE_CHECKING:
    from tests.simulation.run import Facts
    from tests.simulation.truth import Entry, Version
    from tests.simulation.world import World

Key = tuple[Hashable, ...]
Row = dict[str, Any]

BORDER_SECONDS = 900
"""So close to the border of what Mux keeps, records may go while the tap looks for it."""


@dataclass
class Span:
    """What a run asks for, in epoch seconds."""

    start: float
    end: float

    @classmethod
    def of(cls, facts: Facts) -> Span:
        """Read it from the settings."""
        start, end = (_moment(facts.config.get(name)) for name in ("start_date", "end_date"))
        return cls(
            -math.inf if start is None else start,
            facts.now if end is None else min(end, facts.now),
        )


def _moment(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


class Duty(ABC):
    """What has to be in the table of one stream."""

    is_whole = False
    """Whether each run reads all, so that only the last run matters."""

    @abstractmethod
    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        """Yield the keys of the records that a complete run had to deliver."""

    @abstractmethod
    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        """Return what a record may be, if it was read at some moment of a time."""

    @abstractmethod
    def payload(self, row: Row) -> Any:
        """Return what of a row is compared."""

    def has_moved(self, world: World, facts: Facts) -> bool:
        """Whether records were added or deleted during a run, where that may hide others."""
        return False


class ListDuty(Duty):
    """A list that Mux gives whole."""

    is_whole = True

    def __init__(
        self, name: str, payload: Callable[[Row], Any], truth: Callable[[int], Any]
    ) -> None:
        """Take the name of the list, and what is compared: of a row, and of a version."""
        self.name = name
        self._payload = payload
        self._truth = truth

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        for entry in world.tables[self.name].entries.values():
            if entry.was_there_all_of(facts.began, facts.ended):
                yield (entry.key,)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        entry = world.tables[self.name].entries.get(str(key[0]))
        return {self._truth(each.value) for each in entry.between(start, end)} if entry else set()

    def payload(self, row: Row) -> Any:
        return self._payload(row)

    def has_moved(self, world: World, facts: Facts) -> bool:
        return world.tables[self.name].has_moved(facts.began, facts.ended)


class CreatedDuty(ListDuty):
    """The same list, read incrementally by the time when a record was made: edits do not come."""

    is_whole = False

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        span = Span.of(facts)
        for key in super().due(world, facts):
            moment = world.tables[self.name].entries[str(key[0])].now.moment
            if span.start <= moment < span.end:
                yield key

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        return super().values(world, key, 0.0, end)


class FixedDuty(Duty):
    """Something that never changes."""

    is_whole = True

    def __init__(self, rows: Callable[[World], dict[Key, Any]], payload: str) -> None:
        """Take the records and the column that is compared."""
        self._rows = rows
        self._payload = payload

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        yield from self._rows(world)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        rows = self._rows(world)
        return {rows[key]} if key in rows else set()

    def payload(self, row: Row) -> Any:
        return row[self._payload]


class ChildDuty(Duty):
    """What belongs to each record of a list, and does not change."""

    is_whole = True

    def __init__(
        self,
        parents: str,
        children: Callable[[World, Entry], dict[Key, Any]],
        payload: Callable[[Row], Any],
    ) -> None:
        """Take the list, what belongs to a record of it, and what is compared."""
        self._parents = parents
        self._children = children
        self._payload = payload

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        for entry in world.tables[self._parents].entries.values():
            is_there = entry.was_there_all_of(facts.began, facts.ended)
            is_ready = self._parents != "assets" or not world.is_preparing(entry.key, facts.began)
            if is_there and is_ready:
                yield from self._children(world, entry)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        entry = world.tables[self._parents].entries.get(str(key[0]))
        if entry is None or not entry.between(start, end):
            return set()
        children = self._children(world, entry)
        return {children[key]} if key in children else set()

    def payload(self, row: Row) -> Any:
        return self._payload(row)

    def has_moved(self, world: World, facts: Facts) -> bool:
        return world.tables[self._parents].has_moved(facts.began, facts.ended)


class EntryDuty(Duty):
    """Records with a time of their own, of a table of the truth."""

    def __init__(
        self, name: str, payload: str, is_due: Callable[[World, Facts, Entry, Version], bool]
    ) -> None:
        """Take the table, the column that is compared, and what else makes a record due."""
        self.name = name
        self._payload = payload
        self._is_due = is_due

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        span = Span.of(facts)
        for entry in world.tables[self.name].entries.values():
            version = entry.at(facts.began)
            if (
                version
                and entry.was_there_all_of(facts.began, facts.ended)
                and span.start <= version.moment < span.end
                and self._is_due(world, facts, entry, version)
            ):
                yield (entry.key,)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        entry = world.tables[self.name].entries.get(str(key[0]))
        return {f"v{each.value}" for each in entry.between(start, end)} if entry else set()

    def payload(self, row: Row) -> Any:
        return row[self._payload]


def _is_view_due(world: World, facts: Facts, entry: Entry, version: Version) -> bool:
    kept = version.moment > facts.ended - world.retention_days * DAY + BORDER_SECONDS
    return kept and len(entry.between(facts.began, facts.ended)) == 1


def _is_listed_view_due(world: World, facts: Facts, entry: Entry, version: Version) -> bool:
    params = facts.config.get("stream_params", {}).get("video_views", {})
    if params.get("filters[]") and not data.is_filtered(entry.key):
        return False
    return _is_view_due(world, facts, entry, version)


def _is_run_due(world: World, facts: Facts, entry: Entry, version: Version) -> bool:
    tables = world.tables
    directive = tables["directives"].entries[entry.parent]
    has_moved = any(
        tables[name].has_moved(facts.began, facts.ended)
        for name in ("directives", "directive_runs")
    )
    return directive.was_there_all_of(facts.began, facts.ended) and not has_moved


def _is_job_due(world: World, facts: Facts, entry: Entry, version: Version) -> bool:
    return not world.tables["robot_jobs"].has_moved(facts.began, facts.ended)


def _is_note_due(world: World, facts: Facts, entry: Entry, version: Version) -> bool:
    return version.moment < Span.of(facts).end // MINUTE * MINUTE


class SumDuty(Duty):
    """Sums over intervals."""

    def __init__(self, name: str) -> None:
        """Take the name of the stream."""
        self._form = SUMS[name]
        self._name = name
        self._rows = lru_cache(1 << 16)(self._form.rows)

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
            if world.usage_ready_at(int(end) - DAY) > facts.began:
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


class MonitoringDuty(Duty):
    """Numbers that Mux keeps for 24 hours, and that are final at once."""

    def __init__(
        self,
        rows: Callable[[World, int], dict[Key, Any]],
        payload: str,
        *,
        step: int,
        kept_seconds: int = DAY - 10 * MINUTE,
    ) -> None:
        """Take the records of a moment, how long it is to the next, and how long Mux keeps it."""
        self._rows = rows
        self._payload = payload
        self._step = step
        self._kept_seconds = kept_seconds

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        span, step = Span.of(facts), self._step
        ahead = max(0.0, facts.now - facts.began)
        first = int(max(span.start, facts.ended - self._kept_seconds + ahead)) + 1
        last = min(span.end, facts.now - 60, facts.began - 100)
        for moment in range(first + -first % step, int(last), step):
            yield from self._rows(world, moment)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        moment = int(datetime.fromisoformat(str(key[-1])).timestamp())
        rows = self._rows(world, moment)
        return {rows[key]} if key in rows and moment <= end else set()

    def payload(self, row: Row) -> Any:
        return row[self._payload]


METRIC = "current-concurrent-viewers"


def _monitored_by(world: World, moment: int) -> dict[Key, Any]:
    return {
        (METRIC, dimension, value or "(not set)", tap_time(moment)): each
        for dimension in MONITORING_DIMENSIONS
        for value, each in data.monitored_values(world.seed, METRIC, dimension, moment).items()
    }


MONITORING: dict[str, Duty] = {
    "monitoring_timeseries": MonitoringDuty(
        lambda world, moment: {
            (METRIC, tap_time(moment)): data.monitored(world.seed, METRIC, moment)
        },
        "value",
        step=data.MONITORED_SECONDS,
    ),
    "monitoring_breakdowns": MonitoringDuty(_monitored_by, "metric_value", step=HOUR),
    "monitoring_breakdown_timeseries": MonitoringDuty(
        _monitored_by, "metric_value", step=data.MONITORED_SECONDS
    ),
    "monitoring_histograms": MonitoringDuty(
        lambda world, moment: {
            ("video-startup-time", tap_time(moment)): data.monitored(
                world.seed, "histogram", moment
            )
        },
        "sum",
        step=MINUTE,
        kept_seconds=28 * MINUTE,
    ),
}


def _inputs(world: World, asset: Entry) -> dict[Key, Any]:
    return {(asset.key, number): f"v{number}" for number in range(world.inputs_of(asset.key))}


def _related(world: World, incident: Entry) -> dict[Key, Any]:
    related = world.related_to(incident.key)
    return {(incident.key, each): f"v{number}" for number, each in enumerate(related)}


def _text(version: int) -> str:
    return f"v{version}"


_COLUMNS: dict[str, Callable[[Row], Any]] = {
    "assets": lambda row: row["passthrough"],
    "live_streams": lambda row: row["passthrough"],
    "playback_restrictions": lambda row: row["referrer"]["allowed_domains"][0],
    "transcription_vocabularies": lambda row: row["name"],
    "incidents": lambda row: row["description"],
    "directives": lambda row: row["name"],
}

DUTIES: dict[str, Duty] = {
    **{name: ListDuty(name, _COLUMNS[name], _text) for name in LISTS if name in _COLUMNS},
    "uploads": ListDuty("uploads", lambda row: row["timeout"], lambda version: version),
    "webhooks": ListDuty("webhooks", lambda row: row["enabled"], lambda version: version % 2 == 0),
    "drm_configurations": ListDuty("drm_configurations", lambda _: None, lambda _: None),
    "signing_keys": ListDuty("signing_keys", lambda _: None, lambda _: None),
    "environments": FixedDuty(lambda world: {(world.environment_id,): "v0"}, "environment_name"),
    "dimensions": FixedDuty(
        lambda _: {("browser",): "basic", ("country",): "basic", ("cdn",): "advanced"}, "category"
    ),
    "asset_inputs": ChildDuty("assets", _inputs, lambda row: row["file"]["container_format"]),
    "related_incidents": ChildDuty("incidents", _related, lambda row: row["description"]),
    "video_views": EntryDuty("video_views", "video_title", _is_listed_view_due),
    "video_view_details": EntryDuty("video_views", "video_title", _is_view_due),
    "directive_runs": EntryDuty("directive_runs", "status", _is_run_due),
    "robot_jobs": EntryDuty("robot_jobs", "passthrough", _is_job_due),
    "annotations": EntryDuty("annotations", "note", _is_note_due),
    "usage_exports": UsageDuty(),
    "exported_video_views": ExportDuty(),
    **{name: SumDuty(name) for name in SUMS},
    **MONITORING,
}
"""By stream."""

INCREMENTAL: dict[str, Duty] = {
    "assets": CreatedDuty("assets", _COLUMNS["assets"], _text),
}
"""Those of streams that the catalog makes incremental."""


def duty_of(name: str, facts: Facts) -> Duty:
    """Return what a stream has to deliver."""
    return INCREMENTAL[name] if name in facts.incremental else DUTIES[name]
