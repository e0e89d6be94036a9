"""Monitoring of views in progress, and subviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import ExplicitWorld
from tests.sandbox.api import DAY, HOUR, NOW, iso, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.api import Api

MONITORING = "/data/v1/monitoring/metrics"
SUBVIEWS = "/data/v1/subview-metrics"


def test_monitoring_shows_views_in_progress(serve: Callable[..., Api]) -> None:
    views = [
        view("long", NOW + HOUR, 2 * HOUR, country_code="DE"),
        view("short", NOW - 60, 120, country_code="FR"),
    ]
    api = serve(ExplicitWorld(views=views))
    body = api.body(f"{MONITORING}/current-concurrent-viewers/timeseries")
    assert len(body["data"]) == 360
    assert body["timeframe"] == [NOW - 1815, NOW - 20]
    counts = {row["date"]: row["concurrent_viewers"] for row in body["data"]}
    assert (counts[iso(NOW - 20)], counts[iso(NOW - 90)], counts[iso(NOW - 300)]) == (1, 2, 1)
    path = f"{MONITORING}/current-average-bitrate/breakdown"
    then = api.data(path, dimension="country", timestamp=NOW - 90)
    assert {row["value"] for row in then} == {"DE", "FR"}
    [now] = api.data(path, dimension="country")
    assert (now["value"], now["concurrent_viewers"]) == ("DE", 1)
    window = [NOW - 100, NOW - 40]
    rows = api.data(f"{path}-timeseries", timeframe__=window, limit=1)
    assert [row["date"] for row in rows] == [iso(NOW - 100 + 5 * n) for n in range(13)]
    assert {len(row["values"]) for row in rows} == {1}
    for bad in ({"dimension": "planet"}, {"timestamp": NOW - DAY - 60}):
        assert api.get(path, **bad).status_code == 400
    too_long = {"timeframe__": [NOW - 700, NOW]}
    assert api.get(f"{path}-timeseries", **too_long).status_code == 400
    assert api.get(f"{MONITORING}/happiness/timeseries").status_code == 404


def test_monitoring_has_no_value_without_viewers(serve: Callable[..., Api]) -> None:
    api = serve(ExplicitWorld(views=[view("v", NOW - 60, 120)]))
    rows = api.data(f"{MONITORING}/current-rebuffering-percentage/timeseries")
    assert rows[0] == {"date": iso(NOW - 1815), "value": None, "concurrent_viewers": 0}
    histogram = api.body(f"{MONITORING}/video-startup-time/histogram-timeseries")
    assert len(histogram["data"]) == 30
    assert len(histogram["meta"]["buckets"]) == len(histogram["data"][0]["bucket_values"])
    assert histogram["data"][0]["median"] is None


@pytest.mark.parametrize("kind", ["rendition", "playback_mode"])
def test_subviews_add_up(generated: Api, kind: str) -> None:
    path = f"{SUBVIEWS}/playing_time/{kind}/breakdown-timeseries"
    window = [NOW - DAY, NOW - 3 * HOUR]
    singles = [s for s in generated.details(timeframe__=window) if s["view_end"] < iso(window[1])]
    params: dict[str, Any] = {"timeframe__": window, "breakdown_value_limit": 1}

    def total(**filters: Any) -> Any:
        values = [v for row in generated.data(path, **params, **filters) for v in row["values"]]
        return sum(value["metric_value"] for value in values)

    def played(*countries: str) -> int:
        of_them = [s for s in singles if not countries or s["country_code"] in countries]
        return sum(int(single["view_playing_time"] or 0) for single in of_them)

    assert total() == played()
    assert total(filters__=["country:US", "country:DE"]) == played("US", "DE")
    for row in generated.data(path, **params):
        assert [value["breakdown_value"] for value in row["values"]][1:] in ([], ["other"])
    for bad in ({"group_by__": "country"}, {"breakdown_value_limit": 0}):
        assert generated.get(path, **bad).status_code == 400
    assert generated.get(path.replace("playing_time", "views")).status_code == 404


def test_the_last_hours_of_subviews_are_not_complete(generated: Api) -> None:
    path = f"{SUBVIEWS}/playing_time/rendition/breakdown-timeseries"
    body = generated.body(path)
    assert body["meta"]["complete_through"] == iso(NOW - 2 * HOUR - 1)
    statuses = {row["date"]: row["status"] for row in body["data"]}
    assert statuses[iso(NOW - 3 * HOUR)] == "complete"
    assert statuses[iso(NOW - 2 * HOUR)] == "partial"
    assert iso(NOW - HOUR) not in statuses
