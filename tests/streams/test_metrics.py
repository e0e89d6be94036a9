"""The metric_ streams: their setting and their records."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from mux_sandbox import Answer
from tap_mux.settings.metrics import DEFAULT_METRICS
from tap_mux.settings.vocabulary import METRICS
from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux
from tests.support.days import date, day
from tests.support.records import DAY, HOUR, tap_time, view, wire_time
from tests.support.tapping import Output, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox

    Row = dict[str, Any]

VIEWS: Row = {"metric": "views"}
ENDPOINTS = {
    "metric_timeseries": "/data/v1/metrics/views/timeseries",
    "metric_overall": "/data/v1/metrics/views/overall",
    "metric_breakdowns": "/data/v1/metrics/views/breakdown",
    "metric_insights": "/data/v1/metrics/views/insights",
    "metric_comparisons": "/data/v1/metrics/comparison",
}
KEYS = {stream.name: stream.primary_keys for stream in ALL_STREAMS}


def read(sandbox: Sandbox, stream: str, *metrics: Row, start: float, **more: Any) -> Output:
    """Run one stream for some metrics."""
    settings = {"metrics": list(metrics), "start_date": tap_time(start), **more}
    return run_tap(sandbox, stream, **settings)


def started(view_id: str, moment: float) -> Row:
    """Make a view that started at this time."""
    return view(view_id, moment + 90)


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    moments = [day(3), day(3) + HOUR, day(1), day(1) + DAY - 100, day(0)]
    world.view_rows = [started(f"view-{number}", at) for number, at in enumerate(moments)]
    countries = {"view-0": "DE", "view-1": "US", "view-2": None, "view-3": "DE", "view-4": "FR"}
    world.view_details = {key: {"country_code": value} for key, value in countries.items()}


class TestSetting:
    """The setting ``metrics``."""

    @pytest.mark.parametrize(
        ("item", "error"),
        [
            ({"metric": "view"}, "'view' is not a Mux metric, did you mean views?"),
            (
                {**VIEWS, "measurement": "average"},
                "'average' is not a Mux measurement, did you mean",
            ),
            (
                {**VIEWS, "granularity": "hours"},
                "'hours' is not a Mux granularity, did you mean hour?",
            ),
            (
                {**VIEWS, "group_by": ["county"]},
                "'county' is not a Mux dimension, did you mean country?",
            ),
            (
                {**VIEWS, "filters": ["contry:US"]},
                "'contry' is not a Mux dimension, did you mean country?",
            ),
            ({**VIEWS, "filters": ["country=US"]}, "not like country:US"),
            ({**VIEWS, "metric_filters": ["rebuffer_cont>2"]}, "did you mean rebuffer_count?"),
            ({**VIEWS, "metric_filters": ["rebuffer_count"]}, "not like rebuffer_count>=2"),
            ({**VIEWS, "metric_filters": ["views>2"]}, "'views' is not a Mux metric to filter by"),
        ],
    )
    def test_unknown_names_are_refused_with_a_suggestion(self, item: Row, error: str) -> None:
        with pytest.raises(ConfigValidationError) as raised:
            TapMux(config={"token_id": "a", "token_secret": "b", "metrics": [item]})
        (text,) = raised.value.errors
        assert error in text

    @pytest.mark.parametrize("item", [{}, {"metric": 1}, {**VIEWS, "grup_by": []}, "views"])
    def test_invalid_items_are_refused(self, item: object) -> None:
        with pytest.raises(ConfigValidationError, match="failed"):
            TapMux(config={"token_id": "a", "token_secret": "b", "metrics": [item]})

    def test_the_same_twice_is_refused(self) -> None:
        filtered = {**VIEWS, "filters": ["country:DE", "browser:Safari"]}
        turned = {**VIEWS, "filters": ["browser:Safari", "country:DE"], "group_by": ["browser"]}
        with pytest.raises(ConfigValidationError) as raised:
            TapMux(config={"token_id": "a", "token_secret": "b", "metrics": [filtered, turned]})
        (text,) = raised.value.errors
        assert "twice: views, default, browser:Safari & country:DE, day" in text

    def test_default_works(self, sandbox: Sandbox) -> None:
        start = date(2)
        records = run_tap(sandbox, "metric_timeseries", start_date=start).records(
            "metric_timeseries"
        )
        counted = Counter(record["metric"] for record in records)
        assert counted == {setting["metric"]: 2 for setting in DEFAULT_METRICS}

    def test_no_metrics_is_no_error(self, sandbox: Sandbox) -> None:
        for stream in ENDPOINTS:
            assert not read(sandbox, stream, start=day(2)).records(stream)
        assert {request.path for request in sandbox.requests} == {"/system/v1/whoami"}


class TestRecords:
    """The records of each stream."""

    def test_timeseries(self, sandbox: Sandbox) -> None:
        records = read(sandbox, "metric_timeseries", VIEWS, start=day(4)).records(
            "metric_timeseries"
        )
        columns = {
            "metric": "views",
            "measurement": "default",
            "filters_key": "all",
            "granularity": "day",
            "aggregation": "view_start",
            "unit": "count",
            "environment_id": "sandbox-environment",
        }
        counts = {4: None, 3: 2, 2: None, 1: 2}
        assert records == [
            {**columns, "time": date(back), "value": count, "views": count}
            for back, count in counts.items()
        ]

    def test_overall(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        for number, milliseconds in enumerate([1000, 4000, 9000]):
            world.view_details[f"view-{number}"] |= {"time_to_first_frame": milliseconds}
        request = {"metric": "video_startup_time", "measurement": "avg"}
        output = read(sandbox, "metric_overall", request, start=day(3), end_date=date(2))
        (record,) = output.records("metric_overall")
        assert record["value"] == 2500
        assert record["total_views"] == 2
        assert record["total_watch_time"] == 180_000
        assert (record["metric"], record["measurement"]) == ("video_startup_time", "avg")
        assert (record["filters_key"], record["granularity"]) == ("all", "day")
        assert record["aggregation"] == "view_end"
        assert record["window_start"] == date(3)
        assert record["window_end"] == date(2)

    def test_breakdowns_replace_null(self, sandbox: Sandbox) -> None:
        request = {**VIEWS, "group_by": ["country", "country"]}
        records = read(sandbox, "metric_breakdowns", request, start=day(3)).records(
            "metric_breakdowns"
        )
        found = {(record["window_start"], record["field"]): record["views"] for record in records}
        assert found == {
            (date(3), "DE"): 1,
            (date(3), "US"): 1,
            (date(1), "(not set)"): 1,
            (date(1), "DE"): 1,
        }
        assert {record["group_by"] for record in records} == {"country"}

    def test_breakdowns_have_all_pages(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = [started(f"v{number:03}", day(1) + number) for number in range(25)]
        world.view_details = {f"v{n:03}": {"video_title": f"Title {n:03}"} for n in range(25)}
        sandbox.options.page_cap = 10
        request = {**VIEWS, "group_by": ["video_title"]}
        records = read(sandbox, "metric_breakdowns", request, start=day(1)).records(
            "metric_breakdowns"
        )
        assert [record["field"] for record in records] == [f"Title {n:03}" for n in range(25)]
        assert len(sandbox.requests_to(ENDPOINTS["metric_breakdowns"])) == 3

    def test_insights_have_the_value_under_another_name(self, sandbox: Sandbox) -> None:
        body = {
            "data": [
                {"filter_column": "country", "filter_value": value, "metric": 2.5,
                 "negative_impact_score": 1, "total_views": "3"}
                for value in (None, "DE")
            ],
            "timeframe": [day(1), day(0)],
        }  # fmt: skip
        sandbox.faults.add("/insights", action=Answer(200, body))
        records = read(sandbox, "metric_insights", VIEWS, start=day(1)).records("metric_insights")
        assert [record["filter_value"] for record in records] == ["(not set)", "DE"]
        for record in records:
            assert record["metric"] == "views"
            assert record["metric_value"] == 2.5
            assert record["total_views"] == 3

    def test_comparisons_are_read_once_for_each_set_of_filters(self, sandbox: Sandbox) -> None:
        metrics = [VIEWS, {"metric": "playing_time"}, {**VIEWS, "filters": ["country:DE"]}]
        output = read(sandbox, "metric_comparisons", *metrics, start=day(1))
        totals = {
            record["filters_key"]: record["ended_views"]
            for record in output.records("metric_comparisons")
            if record["name"] == "totals"
        }
        assert totals == {"all": 2, "country:DE": 1}
        assert len(sandbox.requests_to(ENDPOINTS["metric_comparisons"])) == 2

    def test_comparisons_of_more_days_than_mux_compares_at_once(self, sandbox: Sandbox) -> None:
        output = read(sandbox, "metric_comparisons", VIEWS, start=day(99))
        asked = [
            tuple(map(int, request.params("timeframe[]")))
            for request in sandbox.requests_to(ENDPOINTS["metric_comparisons"])
        ]
        assert sorted(asked) == [(day(back), day(back - 1)) for back in range(99, 0, -1)]
        assert len({r["window_start"] for r in output.records("metric_comparisons")}) == 99

    def test_numbers_as_text_become_numbers(self, sandbox: Sandbox) -> None:
        body = {"data": [[wire_time(day(1)), "0.874350", "154240"]], "meta": {}}
        sandbox.faults.add("/timeseries", action=Answer(200, body))
        (record,) = read(sandbox, "metric_timeseries", VIEWS, start=day(1)).records(
            "metric_timeseries"
        )
        assert (record["value"], record["views"]) == (0.87435, 154_240)

    @pytest.mark.parametrize("name", [name for name in ENDPOINTS if name != "metric_comparisons"])
    @pytest.mark.parametrize(
        ("metric", "measurement", "unit"),
        [
            ("video_startup_time", None, "milliseconds"),
            ("video_startup_time", "95th", "milliseconds"),
            ("playing_time", "sum", "milliseconds"),
            ("playing_time", "count", None),
            ("rebuffer_percentage", None, "ratio"),
            ("rebuffer_percentage", "sum", None),
            ("viewer_experience_score", "avg", "score"),
            ("rebuffer_frequency", None, "per_minute"),
            ("weighted_average_bitrate", "median", "bits_per_second"),
            ("views", "count", "count"),
            ("rebuffer_count", "sum", "count"),
        ],
    )
    def test_units(
        self, sandbox: Sandbox, name: str, metric: str, measurement: str | None, unit: str | None
    ) -> None:
        request: Row = {"metric": metric, "group_by": ["country"]}
        if measurement is not None:
            request["measurement"] = measurement
        body = {"filter_column": "country", "filter_value": "DE", "metric": 1}
        answer = {"data": [body], "timeframe": [day(1), day(0)]}
        sandbox.faults.add("/insights", times=None, action=Answer(200, answer))
        records = read(sandbox, name, request, start=day(1)).records(name)
        assert [record["unit"] for record in records] == [unit] * len(records) != []

    def test_units_of_comparisons(self, sandbox: Sandbox) -> None:
        records = read(sandbox, "metric_comparisons", VIEWS, start=day(1)).records(
            "metric_comparisons"
        )
        lines = [*records, *(item for record in records for item in record.get("items") or ())]
        by_type = {line["type"]: line["unit"] for line in lines if "type" in line}
        assert by_type == {
            "number": "count",
            "milliseconds": "milliseconds",
            "score": "score",
            "percentage": "ratio",
            "per_minute": "per_minute",
            "mbps": "bits_per_second",
        }
        for line in lines:
            assert line["unit"] == METRICS.get(line.get("metric")), line["name"]
            assert (line["unit"] is None) == (line["name"] == "totals")
        assert len(lines) > 50

    @pytest.mark.parametrize(
        ("line", "unit"),
        [
            ({"type": "score", "metric": "playback_failure_score"}, "score"),
            ({"type": "milliseconds", "metric": "views"}, "milliseconds"),
            ({"type": "novelty", "metric": "views"}, "count"),
            ({"type": ["score"], "metric": ["views"]}, None),
            ({"metric": "novelty"}, None),
        ],
    )
    def test_units_of_comparisons_that_mux_changes(
        self, sandbox: Sandbox, line: Row, unit: str | None
    ) -> None:
        line = {"name": "a", **line}
        body = {"data": [{**line, "items": [line, None]}], "timeframe": [day(1), day(0)]}
        sandbox.faults.add("/comparison", action=Answer(200, body))
        (record,) = read(sandbox, "metric_comparisons", VIEWS, start=day(1)).records(
            "metric_comparisons"
        )
        item, nothing = record["items"]
        assert (record["unit"], item["unit"], nothing) == (unit, unit, None)

    def test_keys_are_unique(self, sandbox: Sandbox) -> None:
        metrics = [
            {**VIEWS, "group_by": ["country", "browser"]},
            {**VIEWS, "granularity": "hour", "group_by": ["country"]},
            {**VIEWS, "measurement": "count", "group_by": ["country"]},
            {**VIEWS, "filters": ["country:DE"], "group_by": ["country"]},
        ]
        for name in ENDPOINTS:
            records = read(sandbox, name, *metrics, start=day(3)).records(name)
            assert records
            counted = Counter(tuple(record[key] for key in KEYS[name]) for record in records)
            assert set(counted.values()) == {1}
