"""The streams of sums: which records the items of an interval become."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.simulation.mux.data import WATCHED, dimension_value, metric_part
from tests.simulation.truth import DAY, HOUR
from tests.simulation.wire import tap_time

if TYPE_CHECKING:
    from tests.simulation.truth import Item
    from tests.simulation.world import World

Key = tuple[Hashable, ...]
Config = Mapping[str, Any]
Rows = dict[Key, Any]

STEPS = {"day": DAY, "hour": HOUR}


@dataclass
class Form:
    """How a stream of sums looks."""

    parts: Callable[[World, Config, int], list[str]]
    """The parts of an interval, by the settings."""

    rows: Callable[[str, int, int, Sequence[Item]], Rows]
    """The keys of the records of a part of an interval, and what is compared of each."""

    place: Callable[[Key], tuple[str, int, int]]
    """The part, the beginning and the length of the interval that a key is of."""

    column: str
    """What is compared."""

    retention_days: int = 100
    settle_seconds: int = 0
    is_data: bool = True
    granularity: Callable[[Config], str] = lambda _: "day"

    def step(self, config: Config) -> int:
        """Return how long an interval is."""
        return STEPS[self.granularity(config)]

    def payload(self, row: dict[str, Any]) -> Any:
        """Return what is compared of a row."""
        value = row[self.column]
        return value[0] if isinstance(value, list) else value


def _epoch(text: Hashable) -> int:
    return int(datetime.fromisoformat(str(text)).timestamp())


def _shown(name: str) -> str:
    return {None: "(not set)", "": "(empty)"}.get(dimension_value(name)) or name


def _metrics(config: Config) -> list[str]:
    return [request["metric"] for request in config["metrics"]]


def _metric_granularity(config: Config) -> str:
    return str(config["metrics"][0].get("granularity", "day"))


def _one(items: Sequence[Item]) -> int | None:
    return items[0].value if items else None


def _metric_of(part: str) -> str:
    return part.partition(":")[0]


def _ends(start: int, step: int) -> tuple[str, str]:
    return tap_time(start), tap_time(start + step)


def _length(start: Hashable, end: Hashable) -> tuple[int, int]:
    return _epoch(start), _epoch(end) - _epoch(start)


def _of_metrics(world: World, config: Config, start: int) -> list[str]:
    return list(map(metric_part, _metrics(config)))


def _grouped(world: World, config: Config, start: int) -> list[str]:
    return [
        metric_part(request["metric"], dimension)
        for request in config["metrics"]
        for dimension in request.get("group_by", ())
    ]


def _breakdown_rows(part: str, start: int, step: int, items: Sequence[Item]) -> Rows:
    metric, _, dimension = part.partition(":")
    head = (metric, "default", dimension, "all")
    return {(*head, _shown(name), *_ends(start, step)): value for name, value in items}


def _insight_rows(part: str, start: int, step: int, items: Sequence[Item]) -> Rows:
    head = (_metric_of(part), "default", "all", "country")
    return {(*head, _shown(name), *_ends(start, step)): value for name, value in items}


def _timeseries_rows(part: str, start: int, step: int, items: Sequence[Item]) -> Rows:
    granularity = {length: name for name, length in STEPS.items()}[step]
    head = (_metric_of(part), "default", "all", granularity)
    return {(*head, tap_time(start)): _one(items)}


def _live(name: str) -> str:
    return f"live-{name}" if int(name[1:]) % 2 else "(not set)"


def _engagement(dimension: str, form: str) -> Form:
    def parts(world: World, config: Config, start: int) -> list[str]:
        names = world.watched(dimension, start // DAY)
        return [name for name in names if not world.is_missing(name)]

    def rows(part: str, start: int, step: int, items: Sequence[Item]) -> Rows:
        return {(part, tap_time(start), 1000 * int(name[1:])): value for name, value in items}

    column = "heatmap" if form == "heatmap" else "score"
    made = Form(parts, rows, lambda key: (str(key[0]), _epoch(key[1]), DAY), column)
    if form == "heatmap":
        made.rows = lambda part, start, _step, items: {(part, tap_time(start)): _one(items)}
        made.payload = lambda row: (row["heatmap"] or [None])[0]  # type: ignore[method-assign]
    return made


SUMS: dict[str, Form] = {
    "errors": Form(
        lambda _world, _config, _start: [""],
        lambda _part, start, _step, items: {
            (int(name[1:]), tap_time(start)): value for name, value in items
        },
        lambda key: ("", _epoch(key[1]), DAY),
        "count",
    ),
    "dimension_values": Form(
        lambda _world, config, _start: list(config["dimensions"]),
        lambda part, start, _step, items: {
            (part, _shown(name), tap_time(start)): value for name, value in items
        },
        lambda key: (str(key[0]), _epoch(key[2]), DAY),
        "total_count",
    ),
    "metric_timeseries": Form(
        _of_metrics,
        _timeseries_rows,
        lambda key: (metric_part(str(key[0])), _epoch(key[4]), STEPS[str(key[3])]),
        "value",
        granularity=_metric_granularity,
    ),
    "metric_overall": Form(
        _of_metrics,
        lambda part, start, step, items: {
            (_metric_of(part), "default", "all", *_ends(start, step)): _one(items)
        },
        lambda key: (metric_part(str(key[0])), *_length(key[3], key[4])),
        "value",
        granularity=_metric_granularity,
    ),
    "metric_breakdowns": Form(
        _grouped,
        _breakdown_rows,
        lambda key: (metric_part(str(key[0]), str(key[2])), *_length(key[5], key[6])),
        "value",
        granularity=_metric_granularity,
    ),
    "metric_insights": Form(
        _of_metrics,
        _insight_rows,
        lambda key: (metric_part(str(key[0])), *_length(key[5], key[6])),
        "metric_value",
        granularity=_metric_granularity,
    ),
    "metric_comparisons": Form(
        lambda _world, _config, _start: [""],
        lambda _part, start, step, items: {
            ("all", name, *_ends(start, step)): value for name, value in items
        },
        lambda key: ("", *_length(key[2], key[3])),
        "value",
        granularity=_metric_granularity,
    ),
    "delivery_usage": Form(
        lambda _world, _config, _start: [""],
        lambda _part, start, step, items: {
            (name, _live(name), *_ends(start, step)): value for name, value in items
        },
        lambda key: ("", *_length(key[2], key[3])),
        "delivered_seconds",
        retention_days=90,
        settle_seconds=13 * HOUR,
        is_data=False,
        granularity=lambda config: str(config.get("delivery_usage_granularity", "day")),
    ),
    "subview_timeseries": Form(
        lambda _world, _config, _start: ["rendition", "playback_mode"],
        lambda part, start, _step, items: {
            ("playing_time", part, name, tap_time(start)): value for name, value in items
        },
        lambda key: (str(key[1]), _epoch(key[3]), HOUR),
        "metric_value",
        granularity=lambda _: "hour",
    ),
    **{
        f"{dimension.removesuffix('_id') if dimension != 'playback_id' else dimension}_{form}s": (
            _engagement(dimension, form)
        )
        for dimension in WATCHED
        for form in ("heatmap", "hotspot")
    },
}
"""By stream."""
