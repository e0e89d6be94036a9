"""How long was played in which rendition or mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.analytics import filters, windows
from mux_sandbox.analytics.dimensions import value_of
from mux_sandbox.analytics.subviews import (
    KINDS,
    VIEW_DIMENSIONS,
    Part,
    parts_of,
    shortened,
    summed,
)
from mux_sandbox.endpoints.data.views import ended_in, envelope
from mux_sandbox.errors import invalid_parameters, not_found
from mux_sandbox.world.clock_text import iso

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_METRIC = "playing_time"
_EMPTY = "__empty__"
_FINAL_AFTER = 2 * 3600
"""An hour is final so long after its end."""

_MOST_VALUES = 4


class _Question(NamedTuple):
    """What all these endpoints are asked."""

    kind: str
    window: windows.Window
    parts: list[Part]
    meta: Row

    @classmethod
    def of(cls, call: Call) -> _Question:
        kind = _kind(call)
        if call.path.get("metric_id", _METRIC) != _METRIC:
            raise not_found()
        window = windows.rounded(call.parameters.timeframe(call.now))
        views = [view for view in ended_in(call, window) if view.end < window[1]]
        of_parts, of_views = _filters(call, kind)
        parts = [part for view in filters.apply(views, of_views) for part in parts_of(view, kind)]
        parts = [part for part in parts if all(_meets(part, one) for one in of_parts)]
        return cls(kind, window, parts, {"subview_type": kind, "metric": _METRIC, "unit": "ms"})

    def group_by(self, call: Call) -> tuple[str, ...]:
        names = call.parameters.texts("group_by[]")
        if set(names) - set(KINDS["rendition"] if self.kind == "rendition" else ()):
            message = f"group_by[] must be some of {', '.join(KINDS['rendition'])}, for renditions"
            raise invalid_parameters(message)
        return tuple(names) or KINDS[self.kind]

    def answer(self, data: object, total: int | None, **meta: object) -> Row:
        return envelope(data, self.window, total) | {"meta": self.meta | meta}


def overall(call: Call) -> Row:
    """Give the playing time of all parts."""
    question = _Question.of(call)
    return question.answer({"metric_value": sum(part.playing for part in question.parts)}, None)


def breakdown(call: Call) -> Row:
    """Give the playing time by what tells the parts from each other."""
    question = _Question.of(call)
    group_by = question.group_by(call)
    page = call.parameters.page()
    rows = _values(summed(question.parts, group_by))
    return question.answer(rows[page.offset : page.end], len(rows), group_by=group_by)


def comparison(call: Call) -> Row:
    """Give the playing time for some values of a dimension of views."""
    question = _Question.of(call)
    group_by = question.group_by(call)
    dimension = call.parameters.choice("dimension", VIEW_DIMENSIONS, "")
    values = call.parameters.texts("values[]")
    if not 1 <= len(values) <= _MOST_VALUES:
        message = f"values[] must be 1 to {_MOST_VALUES} values"
        raise invalid_parameters(message)
    limit = _limit(call)
    rows = []
    for value in values:
        wanted = "" if value == _EMPTY else value
        parts = [p for p in question.parts if (value_of(p.view, dimension) or "") == wanted]
        sums = shortened(summed(parts, group_by), limit)
        rows.append({"dimension_value": value, "values": _values(sums)})
    return question.answer(rows, len(rows), dimension=dimension, group_by=group_by)


def breakdown_timeseries(call: Call) -> Row:
    """Give the playing time over time; the last intervals may be unfinished or missing."""
    question = _Question.of(call)
    group_by = question.group_by(call)
    granularity = call.parameters.choice("time_granularity", ("hour", "day"), "hour")
    step = windows.STEPS[granularity]
    limit = _limit(call)
    complete = int(call.now - _FINAL_AFTER) // 3600 * 3600
    rows = []
    for start in windows.intervals(question.window, step):
        if start > complete:
            break
        parts = [part for part in question.parts if start <= part.view.end < start + step]
        rows.append(
            {
                "date": iso(start),
                "status": "complete" if start + step <= complete else "partial",
                "values": _values(shortened(summed(parts, group_by), limit)),
            }
        )
    meta = {"time_granularity": granularity, "complete_through": iso(complete - 1)}
    return question.answer(rows, len(rows), group_by=group_by, **meta)


def list_dimensions(call: Call) -> Row:
    """List the dimensions."""
    data = {"view": VIEW_DIMENSIONS, "subview": KINDS[_kind(call)]}
    return {"data": data, "total_row_count": None}


def list_values(call: Call) -> Row:
    """List the values of a dimension with their playing time."""
    question = _Question.of(call)
    name = call.path["dimension"]
    if name not in VIEW_DIMENSIONS and name not in KINDS[question.kind]:
        raise not_found()
    order = call.parameters.choice("order_by", (_METRIC, "value"), _METRIC)
    descending = call.parameters.descending("desc" if order == _METRIC else "asc")
    page = call.parameters.page(max_limit=250)
    query = (call.parameters.text("query") or "").lower()
    sums: dict[str, float] = {}
    for part in question.parts:
        value = part.values.get(name) or value_of(part.view, name) or ""
        if query in value.lower():
            sums[value] = sums.get(value, 0) + part.playing
    rows: list[Row] = [
        {"value": value, _METRIC: playing} for value, playing in sorted(sums.items())
    ]
    rows.sort(key=lambda row: row[order], reverse=descending)
    return question.answer(rows[page.offset : page.end], len(rows), dimension_name=name)


def _kind(call: Call) -> str:
    if call.path["kind"] not in KINDS:
        raise not_found()
    return call.path["kind"]


def _limit(call: Call) -> int:
    return min(call.parameters.whole("breakdown_value_limit", 10), 100)


def _values(sums: list[tuple[str, float]]) -> list[Row]:
    return [{"breakdown_value": label, "metric_value": playing} for label, playing in sums]


def _filters(call: Call, kind: str) -> tuple[list[tuple[str, bool, str]], list[str]]:
    """Tell filters of parts from those of views."""
    of_parts, of_views = [], []
    for text in call.parameters.texts("filters[]"):
        name, _, value = text.partition(":")
        if name.lstrip("!") in KINDS[kind]:
            of_parts.append((name.lstrip("!"), not name.startswith("!"), value))
        else:
            of_views.append(f"{name}:" if value == _EMPTY else text)
    return of_parts, of_views


def _meets(part: Part, condition: tuple[str, bool, str]) -> bool:
    name, wanted, value = condition
    return (part.values[name] == value) is wanted


_BASE = "/data/v1/subview-metrics"
ROUTES: dict[str, Handler] = {
    f"{_BASE}/{{metric_id}}/{{kind}}/overall": overall,
    f"{_BASE}/{{metric_id}}/{{kind}}/breakdown": breakdown,
    f"{_BASE}/{{metric_id}}/{{kind}}/comparison": comparison,
    f"{_BASE}/{{metric_id}}/{{kind}}/breakdown-timeseries": breakdown_timeseries,
    f"{_BASE}/{{kind}}/dimensions": list_dimensions,
    f"{_BASE}/{{kind}}/dimensions/{{dimension}}": list_values,
}
