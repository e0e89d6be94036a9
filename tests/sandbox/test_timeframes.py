"""Timeframes select views by view_end, within the retention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import ExplicitWorld
from tests.sandbox.api import DAY, NOW, VIEWS, explicit, ids, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.api import Api


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        (None, (NOW - DAY, NOW)),
        (["24:hours"], (NOW - DAY, NOW)),
        (["7:days"], (NOW - 7 * DAY, NOW)),
        (["100:days"], (NOW - 100 * DAY, NOW)),
        ([NOW - 500, NOW - 200], (NOW - 500, NOW - 200)),
        ([NOW - 500, NOW + DAY], (NOW - 500, NOW + DAY)),
    ],
)
def test_timeframe(serve: Callable[..., Api], asked: Any, used: tuple[int, int]) -> None:
    api = serve(explicit(views=3000))
    body = api.body(VIEWS, timeframe__=asked)
    assert body["timeframe"] == list(used)
    inside = min(3000, (min(used[1], NOW) - used[0]) // 60 + (used[1] < NOW))
    assert body["total_row_count"] in (inside, inside - 1)


def test_window_is_on_view_end(serve: Callable[..., Api]) -> None:
    api = serve(explicit(views=10), timeframe_includes_start=True, timeframe_includes_end=True)
    window = [NOW - 300, NOW - 120]
    for start, end, expected in (
        (True, True, ["v5", "v6", "v7", "v8"]),
        (False, True, ["v6", "v7", "v8"]),
        (True, False, ["v5", "v6", "v7"]),
        (False, False, ["v6", "v7"]),
    ):
        api.options.timeframe_includes_start = start
        api.options.timeframe_includes_end = end
        body = api.body(VIEWS, timeframe__=window, order_direction="asc")
        assert ids(body["data"]) == expected
        assert body["total_row_count"] == len(expected)


@pytest.mark.parametrize(
    "params",
    [
        {"timeframe__": ["yesterday"]},
        {"timeframe__": ["3:weeks"]},
        {"timeframe__": [str(NOW)]},
        {"timeframe__": [NOW, NOW - 1]},
        {"timeframe__": [NOW - 2, NOW - 1, NOW]},
        {"timeframe__": [NOW - 2, "now"]},
        {"timeframe__": [NOW - 2, NOW - 0.5]},
        {"page": "0"},
        {"page": "-1"},
        {"page": "two"},
        {"page": ""},
        {"limit": "0"},
        {"limit": "1.5"},
        {"limit": "٣"},
        {"order_direction": "newest"},
    ],
)
def test_malformed_parameters(serve: Callable[..., Api], params: dict[str, Any]) -> None:
    assert serve(explicit()).refused(VIEWS, **params) == (400, "invalid_parameters")


def test_retention(serve: Callable[..., Api]) -> None:
    world = ExplicitWorld(views=[view("old", NOW - 31 * DAY), view("new", NOW - 29 * DAY)])
    api = serve(world, retention_days=30)
    early = [NOW - 30 * DAY - 1, NOW]
    assert api.refused(VIEWS, timeframe__=early) == (400, "invalid_timeframe")
    assert ids(api.data(VIEWS, timeframe__=[NOW - 30 * DAY, NOW])) == ["new"]
    api.options.clamp_instead_of_refuse = True
    body = api.body(VIEWS, timeframe__=early)
    assert body["timeframe"] == [NOW - 30 * DAY, NOW]
    assert ids(body["data"]) == ["new"]
    api.options.retention_days = 40
    assert ids(api.data(VIEWS, timeframe__=early)) == ["new"]


@pytest.mark.parametrize(
    ("mode", "count"),
    [("exact", 3), ("null", None), ("string", "3"), (lambda count: count + 9, 12)],
)
def test_total_row_count(serve: Callable[..., Api], mode: Any, count: Any) -> None:
    body = serve(explicit(views=3), total_row_count=mode).body(VIEWS)
    assert body["total_row_count"] == count
    assert [row["total_row_count"] for row in body["data"]] == [count] * 3
