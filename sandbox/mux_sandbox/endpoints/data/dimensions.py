"""Dimensions and their values."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mux_sandbox.analytics import dimensions
from mux_sandbox.endpoints.data.views import ended_in, envelope, filtered
from mux_sandbox.errors import invalid_parameters, not_found

if TYPE_CHECKING:
    from mux_sandbox.details import Detail
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

ORDERS = ("negative_impact", "value", "views", "field")
_DAY = 86_400


def list_dimensions(call: Call) -> Row:
    """List the names of all dimensions."""
    now = int(call.now)
    data = {"basic": dimensions.BASIC, "advanced": dimensions.ADVANCED}
    return envelope(data, (now - _DAY, now), len(data))


def list_values(call: Call) -> Row:
    """List the values of a dimension, the most frequent one first."""
    dimension = _dimension(call)
    window, views = _views(call)
    groups = dimensions.grouped(views, dimension)
    counts = Counter({value: len(same) for value, same in groups.items()})
    return _counted(call, counts, window)


def list_elements(call: Call) -> Row:
    """List the elements of the values of a dimension; the values are lists."""
    dimension = _dimension(call)
    if dimension not in dimensions.TRACES:
        message = f"{dimension} has no elements"
        raise invalid_parameters(message)
    window, views = _views(call)
    counts = Counter(element for view in views for element in set(view[dimension]))
    return _counted(call, Counter({**counts}), window)


def _dimension(call: Call) -> str:
    name = call.path["dimension_id"]
    if name not in dimensions.BASIC and name not in dimensions.ADVANCED:
        raise not_found()
    return name


def _views(call: Call) -> tuple[tuple[int, int], list[Detail]]:
    window = call.parameters.timeframe(call.now)
    return window, filtered(call, ended_in(call, window))


def _counted(call: Call, counts: Counter[str | None], window: tuple[int, int]) -> Row:
    by_value = call.parameters.choice("order_by", ORDERS, "views") in ("value", "field")
    descending = call.parameters.descending("asc" if by_value else "desc")
    page = call.parameters.page()
    rows = sorted(counts.items(), key=lambda item: item[0] or "")
    if not by_value:
        rows.sort(key=lambda item: item[1], reverse=descending)
    elif descending:
        rows.reverse()
    data = [{"value": value, "total_count": count} for value, count in rows[page.offset : page.end]]
    return envelope(data, window, len(rows))


ROUTES: dict[str, Handler] = {
    "/data/v1/dimensions": list_dimensions,
    "/data/v1/dimensions/{dimension_id}": list_values,
    "/data/v1/dimensions/{dimension_id}/elements": list_elements,
}
