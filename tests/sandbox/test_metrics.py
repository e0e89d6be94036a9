"""Errors, dimensions and metrics are calculated from the views."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import ExplicitWorld
from tests.sandbox.api import DAY, HOUR, NOW, VIEWS, iso, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.api import Api

METRICS = "/data/v1/metrics"


def test_errors_are_counted(generated: Api) -> None:
    params = {"timeframe__": "7:days"}
    errors = generated.data("/data/v1/errors", **params)
    singles = generated.details(error_id="any", **params)
    counts = Counter(single["error_type_id"] for single in singles)
    assert {error["id"]: error["count"] for error in errors} == counts
    for error in errors:
        same = [single for single in singles if single["error_type_id"] == error["id"]]
        assert error["last_seen"] == max(single["view_end"] for single in same)
        assert error["message"] in {single["player_error_message"] for single in same}
    total = generated.body(VIEWS, **params)["total_row_count"]
    assert errors[0]["percentage"] == round(100 * errors[0]["count"] / total, 4)


def test_values_of_dimensions_are_counted(generated: Api) -> None:
    names = generated.data("/data/v1/dimensions")
    assert "country" in names["advanced"]
    assert "browser" in names["basic"]
    singles = generated.details()
    for name, field in (("country", "country_code"), ("browser", "viewer_application_name")):
        rows = generated.data(f"/data/v1/dimensions/{name}", limit=100)
        counts = Counter(single[field] for single in singles)
        assert {row["value"]: row["total_count"] for row in rows} == counts
        assert rows[0]["total_count"] == max(counts.values())
    elements = generated.data("/data/v1/dimensions/video_cdn_trace/elements")
    assert {row["value"] for row in elements} == {"cdn_a", "cdn_b", "cdn_c"}
    second = generated.data("/data/v1/dimensions/country", limit=3, page=2)
    assert len(second) == 3
    assert generated.get("/data/v1/dimensions/planet").status_code == 404
    assert generated.get("/data/v1/dimensions/country/elements").status_code == 400


def test_metrics_are_calculated_from_views(generated: Api) -> None:
    window = [NOW - DAY, NOW]
    singles = [s for s in generated.details(timeframe__=window) if s["view_end"] < iso(NOW)]

    def value(metric: str, **params: Any) -> Any:
        body = generated.body(f"{METRICS}/{metric}/overall", timeframe__=window, **params)
        assert body["timeframe"] == window
        assert body["total_row_count"] is None
        return body["data"]["value"]

    times = [s["time_to_first_frame"] for s in singles if s["time_to_first_frame"] is not None]
    assert value("video_startup_time") == statistics.median(times)
    assert value("video_startup_time", measurement="avg") == pytest.approx(statistics.fmean(times))
    assert value("video_startup_time", measurement="count") == len(times)
    failed = sum(single["playback_failure"] for single in singles)
    assert value("playback_failure_percentage") == pytest.approx(failed / len(singles))
    germans = [s for s in singles if s["country_code"] == "DE" and s["viewer_experience_score"]]
    scores = [float(single["viewer_experience_score"]) for single in germans]
    german = value("viewer_experience_score", filters__="country:DE")
    assert german == pytest.approx(statistics.fmean(scores))
    for metric in ("views", "unique_viewers", "playing_time"):
        body = generated.body(f"{METRICS}/{metric}/overall")
        assert body["meta"]["aggregation"] == "view_start"
        assert body["data"]["value"] > 0


def test_a_view_counts_at_its_start_or_its_end(serve: Callable[..., Api]) -> None:
    noon = NOW - NOW % DAY - 12 * HOUR
    across = view("across", noon + 30, watch_time=60_000)
    api = serve(ExplicitWorld(views=[across, view("at the end", noon + HOUR)]))
    window = [noon - HOUR, noon + HOUR]

    def rows(metric: str) -> Any:
        path = f"{METRICS}/{metric}/timeseries"
        return api.data(path, timeframe__=window, group_by="hour")

    started = [[iso(noon - HOUR), 1, 1], [iso(noon), 1, 1]]
    assert rows("views") == started
    ended = rows("playback_failure_percentage")
    assert ended == [[iso(noon - HOUR), None, None], [iso(noon), 0, 1]]


@pytest.mark.parametrize(
    ("window", "echoed", "granularity", "rows"),
    [
        ([NOW - 5000, NOW], [NOW - 5040, NOW], "minute", 84),
        ([NOW - 2 * HOUR - 1, NOW - 1], [NOW - 2 * HOUR - 600, NOW], "ten_minutes", 13),
        ([NOW - DAY - 5, NOW - 5], [NOW - DAY - HOUR, NOW], "hour", 25),
        ([NOW - DAY, NOW], [NOW - DAY, NOW], "hour", 24),
        ([NOW - 20 * DAY, NOW], [NOW - 20 * DAY - 10 * HOUR, NOW + 14 * HOUR], "day", 21),
    ],
)
def test_timeframes_are_rounded(
    serve: Callable[..., Api], window: list[int], echoed: list[int], granularity: str, rows: int
) -> None:
    body = serve(ExplicitWorld()).body(f"{METRICS}/views/timeseries", timeframe__=window)
    assert body["timeframe"] == echoed
    assert body["meta"] == {"aggregation": "view_start", "granularity": granularity}
    assert body["total_row_count"] == len(body["data"]) == rows
    assert body["data"][0] == [iso(echoed[0]), None, None]


def test_a_breakdown_is_ordered_and_paged(generated: Api) -> None:
    path = f"{METRICS}/video_startup_time/breakdown"
    rows = generated.data(path, group_by="country", limit=100)
    assert [row["negative_impact"] for row in rows] == list(range(1, len(rows) + 1))
    assert (
        sum(row["views"] for row in rows)
        == generated.data(path.replace("breakdown", "overall"))["total_views"]
    )
    by_views = generated.data(path, order_by="views", limit=100)
    assert [row["views"] for row in by_views] == sorted((r["views"] for r in rows), reverse=True)
    fields = generated.body(path, order_by="field", order_direction="asc", limit=4, page=2)
    assert fields["total_row_count"] == len(rows)
    assert [row["field"] for row in fields["data"]] == sorted(
        (row["field"] for row in rows), key=lambda field: (field is not None, field or "")
    )[4:8]
    insights = generated.data(f"{METRICS}/video_startup_time/insights")
    impacts = [row["negative_impact_score"] for row in insights]
    assert impacts == sorted(impacts, reverse=True)
    assert {"filter_column", "filter_value", "metric", "total_views"} < set(insights[0])


def test_a_comparison_has_all_metrics_of_a_dimension_value(generated: Api) -> None:
    path = f"{METRICS}/comparison"
    body = generated.body(path, dimension="country", value="DE")
    totals, *rows = body["data"]
    assert totals["name"] == "totals"
    assert "metric" not in totals
    only = generated.data(f"{METRICS}/views/overall", filters__="country:DE")
    assert rows[0]["value"] == totals["started_views"] == only["value"]
    items = [item for row in rows for item in row.get("items", [])]
    assert len({(item["metric"], item.get("measurement")) for item in items}) == len(items)
    assert generated.get(path, dimension="planet", value="Earth").status_code == 400


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("happiness/overall", {}, 404),
        ("views/overall", {"measurement": "mode"}, 400),
        ("views/breakdown", {"group_by": "planet"}, 400),
        ("views/breakdown", {"order_by": "luck"}, 400),
        ("views/timeseries", {"group_by": "week"}, 400),
        ("views/timeseries", {"group_by": "minute"}, 400),
        ("views/timeseries", {"timeframe__": "101:days"}, 400),
        ("comparison", {"timeframe__": "91:days"}, 400),
    ],
)
def test_invalid_requests_for_metrics(
    generated: Api, path: str, params: dict[str, str], status: int
) -> None:
    assert generated.get(f"{METRICS}/{path}", **params).status_code == status


def test_all_metrics_over_a_day_take_milliseconds(generated: Api) -> None:
    generated.data(f"{METRICS}/views/overall")
    begun = time.perf_counter()
    for metric in (
        "views",
        "video_startup_time",
        "rebuffer_percentage",
        "weighted_average_bitrate",
    ):
        for kind in ("overall", "breakdown", "timeseries"):
            generated.data(f"{METRICS}/{metric}/{kind}")
    assert time.perf_counter() - begun < 2  # about 0.2 on an idle machine
