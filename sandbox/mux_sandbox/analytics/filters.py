"""Conditions on views, as the parameters filters[] and metric_filters[] write them."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.analytics import dimensions
from mux_sandbox.analytics.metrics import METRICS
from mux_sandbox.errors import invalid_parameters

if TYPE_CHECKING:
    from collections.abc import Collection

    from mux_sandbox.details import Detail

_COMPARISON = re.compile(r"(\w+)(>=|<=|!=|=|>|<)(-?\d+(?:\.\d+)?)", re.ASCII)
_OPERATORS = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_NOT_PER_VIEW = {
    "exits_before_video_start",
    "unique_viewers",
    "video_startup_failure_percentage",
    "view_dropped_percentage",
    "views",
}


class _Condition(NamedTuple):
    dimension: str
    sign: str
    value: str

    def holds(self, view: Detail) -> bool:
        if self.sign in ("+", "-"):
            return (self.value in view[self.dimension]) is (self.sign == "+")
        same = (dimensions.value_of(view, self.dimension) or "") == self.value
        return same is not (self.sign == "!")


def apply(
    views: list[Detail], filters: Collection[str], metric_filters: Collection[str] = ()
) -> list[Detail]:
    """Give the views that meet all filters.

    A view must meet only one of several plain filters of the same dimension.
    """
    plain: dict[str, list[_Condition]] = {}
    other = []
    for condition in map(_condition, filters):
        if condition.sign in ("!", "-"):
            other.append(condition)
        else:
            plain.setdefault(condition.dimension, []).append(condition)
    for alternatives in plain.values():
        views = [view for view in views if any(one.holds(view) for one in alternatives)]
    for condition in other:
        views = [view for view in views if condition.holds(view)]
    for text in metric_filters:
        views = _compared(views, text)
    return views


def _condition(text: str) -> _Condition:
    sign = text[:1] if text[:1] in ("!", "+", "-") else ""
    dimension, colon, value = text[len(sign) :].partition(":")
    if not colon:
        message = f"filters[] must be dimension:value, not {text!r}"
        raise invalid_parameters(message)
    dimensions.check(dimension)
    if sign in ("+", "-") and dimension not in dimensions.TRACES:
        message = f"{dimension} is no list, so {sign} makes no sense"
        raise invalid_parameters(message)
    return _Condition(dimension, sign, value)


def _compared(views: list[Detail], text: str) -> list[Detail]:
    match = _COMPARISON.fullmatch(text)
    if match is None or match[1] not in METRICS or match[1] in _NOT_PER_VIEW:
        message = f"metric_filters[] must be like video_startup_time>=1000, not {text!r}"
        raise invalid_parameters(message)
    measure, compare, limit = METRICS[match[1]].measure, _OPERATORS[match[2]], float(match[3])
    return [
        view for view in views if (value := measure(view)) is not None and compare(value, limit)
    ]
