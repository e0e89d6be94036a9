"""Streams of sums by interval: retention, interrupted runs, bookmarks and records."""

from __future__ import annotations

import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from mux_sandbox import Answer, Disconnect
from tap_mux.api.errors import MuxError
from tap_mux.tap import TapMux
from tests.support.days import date, day, since
from tests.support.log import warned
from tests.support.records import DAY, HOUR, MINUTE, asset, tap_time, view
from tests.support.tapping import Output, bookmark, catalog_of, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox
    from mux_sandbox.request_log import RequestRecord

    Row = dict[str, Any]

START = "window_start"
ERRORS = "/data/v1/errors"
FORMER = (
    *("errors", "dimension_values", "asset_heatmaps", "asset_hotspots", "playback_id_heatmaps"),
    *("playback_id_hotspots", "video_heatmaps", "video_hotspots"),
)
"""Streams whose replication key was a day in earlier versions."""
REFUSED = {"error": {"type": "invalid_timeframe", "messages": ["No."]}}


def failed(view_id: str, back: int, **fields: Any) -> Row:
    """Make a view with an error on a day."""
    return view(view_id, day(back) + HOUR, error_type_id=7, player_error_code="404", **fields)


def first_day(request: RequestRecord) -> int:
    """Return the start of the timeframe of a request; 0 if it has none."""
    return int((request.params("timeframe[]") or ["0"])[0])


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    world.view_rows = [failed(f"view-{back}", back) for back in range(120)]


class TestRetention:
    """Mux refuses timeframes that it no longer keeps."""

    def test_an_older_start_date_is_one_warning(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        sandbox.options.retention_days = 30
        records = run_tap(sandbox, "errors", **since(90)).records("errors")
        kept = -(-(int(time.time()) - 30 * DAY) // DAY) * DAY
        assert [record[START] for record in records] == [
            tap_time(moment) for moment in range(kept, day(0), DAY)
        ]
        (warning,) = warned(caplog)
        assert f"errors from {date(90)[:19]}Z to {records[0][START][:19]}Z" in warning
        assert "no longer keeps" in warning
        assert len(sandbox.requests_to(ERRORS)) <= len(records) + 12

    @pytest.mark.parametrize("granularity", ["day", "hour"])
    def test_metrics_find_the_first_day_with_few_requests(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, granularity: str
    ) -> None:
        sandbox.options.retention_days = 30
        metrics = [{"metric": "views", "granularity": granularity}]
        output = run_tap(sandbox, "metric_timeseries", metrics=metrics, **since(90))
        step = DAY if granularity == "day" else HOUR
        kept = -(-(int(time.time()) - 30 * DAY) // step) * step
        assert output.records("metric_timeseries")[0]["time"] == tap_time(kept)
        (warning,) = warned(caplog)
        assert f"from {date(90)[:19]}Z to {tap_time(kept)[:19]}" in warning
        assert len(sandbox.requests) <= 1 + 12 + 2

    @pytest.mark.parametrize("days", [2, 30, 90, 365])
    def test_the_first_day_takes_few_requests(self, sandbox: Sandbox, days: int) -> None:
        sandbox.options.retention_days = days
        sandbox.options.latency_seconds = 0.01
        dates = {**since(3000), "end_date": date(days - 2)}
        records = run_tap(sandbox, "errors", **dates).records("errors")
        assert [record[START] for record in records] == [date(days - 1)] * (days < 120)
        asked = sandbox.requests_to(ERRORS)
        assert len(asked) <= 12 + 1
        assert max(request.in_flight for request in asked) > 1

    def test_a_longer_retention_takes_one_round_trip(self, sandbox: Sandbox) -> None:
        sandbox.options.retention_days = 400
        records = run_tap(sandbox, "errors", start_date=date(119), end_date=date(117)).records(
            "errors"
        )
        assert [record[START] for record in records] == [date(119), date(118)]
        assert len(sandbox.requests_to(ERRORS)) == 4 + 2

    def test_all_partitions_of_a_stream_are_one_warning(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        sandbox.options.retention_days = 5
        run_tap(sandbox, "metric_timeseries", **since(90))
        assert len(warned(caplog)) == 1

    def test_the_first_day_is_searched_for_once(self, sandbox: Sandbox) -> None:
        metrics = [{"metric": metric} for metric in ("views", "playing_time", "rebuffer_count")]
        asked, found = [], []
        for days in (29, 90):
            sandbox.options.retention_days = 30
            sandbox.requests.clear()
            output = run_tap(sandbox, "metric_timeseries", metrics=metrics, **since(days))
            asked.append(len(sandbox.requests))
            found.append({record["time"] for record in output.records("metric_timeseries")})
        assert min(found[1]) <= min(found[0])
        assert asked[1] <= asked[0] + 1 + 12 + 2

    @pytest.mark.parametrize("days", [2.5, 30, 99])
    def test_without_start_date_there_is_no_warning(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, days: float
    ) -> None:
        sandbox.options.retention_days = days
        records = run_tap(sandbox, "errors").records("errors")
        assert int(days) - 1 <= len(records) <= int(days)
        assert warned(caplog) == []

    def test_an_older_bookmark_is_one_warning(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        state = run_tap(sandbox, "errors", end_date=date(60)).states[-1]
        sandbox.options.retention_days = 30
        records = run_tap(sandbox, "errors", state=state).records("errors")
        assert date(30) <= records[0][START] <= date(29)
        (warning,) = warned(caplog)
        assert "errors from" in warning

    def test_days_may_expire_while_others_are_read(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        kept = day(30)
        sandbox.faults.add(
            lambda request: 0 < first_day(request) < kept, times=None, action=Answer(400, REFUSED)
        )

        def expire(_: object) -> None:
            nonlocal kept
            kept = day(20)

        sandbox.faults.add(lambda request: first_day(request) == day(25), action=expire)
        records = run_tap(sandbox, "errors", max_concurrency=1, **since(40)).records("errors")
        found = [record[START] for record in records]
        assert found == sorted(set(found))
        assert set(found) >= {date(back) for back in range(20, 0, -1)}
        assert date(30) == found[0]

    def test_refusal_of_every_timeframe_fails_the_stream(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(ERRORS, times=None, action=Answer(400, REFUSED))
        with pytest.raises(MuxError, match="invalid_timeframe"):
            run_tap(sandbox, "errors", **since(40))
        assert len(sandbox.requests_to(ERRORS)) < 12


class TestBookmark:
    """The state follows the records."""

    def test_bookmark_is_the_last_day(self, sandbox: Sandbox) -> None:
        state = run_tap(sandbox, "errors", **since(5)).states[-1]
        assert bookmark(state, "errors") == date(1)
        sandbox.requests.clear()
        output = run_tap(sandbox, "errors", state=state, **since(5))
        assert [record[START] for record in output.records("errors")] == [date(3), date(2), date(1)]
        asked = sorted(first_day(request) for request in sandbox.requests_to(ERRORS))
        assert asked == [day(3), day(2), day(1)]
        assert {bookmark(state, "errors") for state in output.states} == {date(1)}

    @pytest.mark.parametrize("stream", FORMER)
    def test_a_bookmark_of_an_earlier_version_is_understood(
        self, world: ExplicitWorld, sandbox: Sandbox, stream: str
    ) -> None:
        world.asset_rows = [asset("a", day(9))]
        detail = {"asset_id": "a", "playback_id": "p", "video_id": "v", "country_code": "DE"}
        length = {"video_duration": 60_000, "view_max_playhead_position": 60_000}
        world.view_details = {row["id"]: {**detail, **length} for row in world.view_rows}
        settings: Row = {"dimensions": ["country"]}
        begun = {**settings, **since(7), "end_date": date(4)}
        state = run_tap(sandbox, stream, **begun).states[-1]
        (part,) = state["bookmarks"][stream]["partitions"]
        assert part["replication_key_value"] == date(5)
        now = json.dumps(state)
        part |= {"replication_key": "day", "replication_key_value": date(5)[:10]}
        output = run_tap(sandbox, stream, state=state, **settings)
        days = sorted({record[START] for record in output.records(stream)})
        assert days == [date(back) for back in range(7, 0, -1)]
        assert {
            (part["replication_key"], part["replication_key_value"] >= date(5))
            for found in output.states[1:]
            for part in found["bookmarks"][stream]["partitions"]
        } == {(START, True)}
        same = run_tap(sandbox, stream, state=json.loads(now), **settings)
        assert output.states[-1] == same.states[-1]
        assert output.records(stream) == same.records(stream)

    def test_a_catalog_of_an_earlier_version_is_understood(self, sandbox: Sandbox) -> None:
        catalog = catalog_of("errors")
        (entry,) = catalog["streams"]
        for name in ("window_start", "window_end"):
            del entry["schema"]["properties"][name]
        entry["schema"]["properties"]["day"] = {"type": "string", "format": "date"}
        entry |= {"key_properties": ["id", "day"], "replication_key": "day"}
        entry["metadata"] = [each for each in entry["metadata"] if not each["breadcrumb"]]
        entry["metadata"][0]["metadata"] |= {"table-key-properties": ["id", "day"]}
        output = run_tap(sandbox, catalog=catalog, **since(3))
        found = output.records("errors")
        assert [record[START] for record in found] == [date(3), date(2), date(1)]
        assert bookmark(output.states[-1], "errors") == date(1)
        assert found[0].keys() == output.schema("errors")["properties"].keys()
        (schema,) = [message for message in output.messages if message["type"] == "SCHEMA"]
        assert schema["key_properties"] == ["id", START]
        assert schema["bookmark_properties"] == [START]

    def test_state_is_written_day_by_day_and_never_runs_ahead(self, sandbox: Sandbox) -> None:
        output = run_tap(sandbox, "errors", **since(9))
        newest, marks = None, []
        for message in output.messages:
            if message["type"] == "RECORD":
                newest = message["record"][START]
            elif message["type"] == "STATE" and "errors" in message["value"].get("bookmarks", {}):
                marks.append(bookmark(message["value"], "errors"))
                assert marks[-1] == newest
        assert set(marks) >= {date(back) for back in range(9, 0, -1)}

    @pytest.mark.parametrize("failure", [Disconnect(), Answer(500), Answer(403)])
    def test_a_failed_run_is_continued(
        self, sandbox: Sandbox, waits: list[float], failure: Disconnect | Answer
    ) -> None:
        sandbox.faults.add(lambda request: first_day(request) == day(4), times=None, action=failure)
        output = Output()
        with pytest.raises(MuxError, match="errors failed"):
            run_tap(sandbox, "errors", output=output, **since(8))
        days = [record[START] for record in output.records("errors")]
        assert days == [date(8), date(7), date(6), date(5)]
        assert bookmark(output.states[-1], "errors") == date(5)
        sandbox.faults.clear()
        rest = run_tap(sandbox, "errors", state=output.states[-1], lookback_days=0, **since(8))
        days = [record[START] for record in rest.records("errors")]
        assert days == [date(5), date(4), date(3), date(2), date(1)]

    def test_one_metric_that_fails_does_not_stop_the_others(self, sandbox: Sandbox) -> None:
        sandbox.faults.add("/playing_time/", times=None, action=Answer(400, {"error": {}}))
        output = Output()
        with pytest.raises(MuxError, match="metric_overall failed"):
            run_tap(sandbox, "metric_overall", output=output, **since(3))
        marks = {
            part["context"]["metric"]: part.get("replication_key_value")
            for part in output.states[-1]["bookmarks"]["metric_overall"]["partitions"]
        }
        assert marks.pop("playing_time", None) is None
        assert len(marks) == 6
        assert set(marks.values()) == {date(1)}

    def test_end_date_is_not_included(self, sandbox: Sandbox) -> None:
        output = run_tap(sandbox, "errors", end_date=date(3), **since(6))
        assert [record[START] for record in output.records("errors")] == [date(6), date(5), date(4)]
        before = len(sandbox.requests_to(ERRORS))
        again = run_tap(sandbox, "errors", state=output.states[-1], end_date=date(5))
        assert again.records("errors") == []
        assert len(sandbox.requests_to(ERRORS)) == before


class TestProgress:
    """What has been read to its end is not read again, with records or without."""

    def test_days_without_records_move_the_bookmark(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = [failed("a", 5)]
        output = run_tap(sandbox, "errors", **since(9))
        marks = [bookmark(state, "errors") for state in output.states]
        assert [mark for mark in dict.fromkeys(marks) if mark] == [
            date(back) for back in range(9, 0, -1)
        ]

    def test_an_environment_without_errors(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = []
        state = run_tap(sandbox, "errors").states[-1]
        assert bookmark(state, "errors") == date(1)
        for _ in range(2):
            sandbox.requests.clear()
            state = run_tap(sandbox, "errors", state=state).states[-1]
            asked = sorted(first_day(request) for request in sandbox.requests_to(ERRORS))
            assert asked == [day(3), day(2), day(1)]  # the lookback
            assert bookmark(state, "errors") == date(1)

    def test_partitions_without_records(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = []
        metrics = [{"metric": name, "group_by": ["country"]} for name in ("views", "playing_time")]
        names = ("metric_breakdowns", "dimension_values", "delivery_usage")
        settings: Row = {"metrics": metrics, "dimensions": ["country", "cdn"], **since(5)}
        state = run_tap(sandbox, *names, **settings).states[-1]
        for name in names:
            parts = state["bookmarks"][name]["partitions"]
            assert len(parts) == (1 if name == "delivery_usage" else 2)
            assert {part["replication_key_value"] for part in parts} <= {date(1), date(2)}
        sandbox.requests.clear()
        run_tap(sandbox, *names, state=state, lookback_days=0, **settings)
        assert len(sandbox.requests) == 1 + 2 + 2 + 1

    def test_a_late_revision_is_read(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = []
        state = run_tap(sandbox, "errors", **since(9)).states[-1]
        world.view_rows = [failed("late", 3), failed("too-late", 4)]
        output = run_tap(sandbox, "errors", state=state)
        assert [record[START] for record in output.records("errors")] == [date(3)]
        assert {bookmark(state, "errors") for state in output.states} == {date(1)}

    @pytest.mark.parametrize("failure", [Disconnect(), Answer(500), Answer(403)])
    def test_a_day_that_failed_is_not_passed(
        self,
        world: ExplicitWorld,
        sandbox: Sandbox,
        waits: list[float],
        failure: Disconnect | Answer,
    ) -> None:
        world.view_rows = []
        sandbox.faults.add(lambda request: first_day(request) == day(4), times=None, action=failure)
        output = Output()
        with pytest.raises(MuxError, match="errors failed"):
            run_tap(sandbox, "errors", output=output, **since(8))
        assert bookmark(output.states[-1], "errors") == date(5)

    @pytest.mark.parametrize("days", [-1, 9])
    def test_an_answer_for_another_window_is_not_passed(
        self, world: ExplicitWorld, sandbox: Sandbox, days: int
    ) -> None:
        world.view_rows = [failed("a", 2)]
        used = [day(4) - days * DAY, day(3) - days * DAY]
        answer = Answer(200, {"data": [], "timeframe": used})
        sandbox.faults.add(lambda request: first_day(request) == day(4), times=None, action=answer)
        output = run_tap(sandbox, "errors", end_date=date(2), **since(8))
        assert bookmark(output.states[-1], "errors") == date(5)
        # Later records move it, as ever.
        output = run_tap(sandbox, "errors", **since(8))
        assert bookmark(output.states[-1], "errors") == date(2)

    def test_an_answer_for_a_part_of_the_window_is_not_passed(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = []
        answer = Answer(200, {"data": [], "timeframe": [day(4), day(3) - HOUR]})
        sandbox.faults.add(lambda request: first_day(request) == day(4), times=None, action=answer)
        output = run_tap(sandbox, "errors", **since(8))
        assert bookmark(output.states[-1], "errors") == date(5)

    def test_a_list_that_does_not_hold_still_is_not_passed(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.view_rows = []
        numbers = itertools.count()
        rows: list[Row] = []

        def is_of_day_4(request: RequestRecord) -> bool:
            return "/dimensions/" in request.path and first_day(request) == day(4)

        def change(request: RequestRecord) -> None:
            pages = {1: ["same", f"{next(numbers)}"], 2: [f"{next(numbers)}"]}
            rows[:] = [{"value": value} for value in pages.get(request.page or 0, ())]

        body = {"data": rows, "total_row_count": 1000}
        sandbox.faults.add(is_of_day_4, times=None, action=change)
        sandbox.faults.add(is_of_day_4, times=None, action=Answer(200, body))
        dates: Row = {"start_date": date(4), "end_date": date(2)}
        output = run_tap(sandbox, "dimension_values", dimensions=["cdn"], **dates)
        assert "dimension_values may lack records" in caplog.text
        assert bookmark(output.states[-1], "dimension_values") == date(4)  # of its records

    def test_a_day_that_is_not_over_is_not_passed(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = []
        metrics = [{"metric": "views", "granularity": "hour"}]
        output = run_tap(sandbox, "metric_overall", metrics=metrics, **since(1))
        mark = bookmark(output.states[-1], "metric_overall")
        now = int(time.time())
        assert mark in {tap_time(moment - moment % HOUR - HOUR) for moment in (now - MINUTE, now)}

    def test_a_bookmark_does_not_go_back(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = [failed("a", 1)]
        state = run_tap(sandbox, "errors", **since(2)).states[-1]
        world.view_rows = []
        sandbox.faults.add(lambda request: first_day(request) == day(1), action=Answer(400))
        output = Output()
        with pytest.raises(MuxError, match="errors failed"):
            run_tap(sandbox, "errors", state=state, output=output)
        assert {bookmark(state, "errors") for state in output.states} == {date(1)}


class TestRecords:
    """The records of a day."""

    def test_errors_by_day(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = [failed("a", 3), failed("b", 3), view("c", day(3) + HOUR), failed("d", 1)]
        world.view_rows.append(failed("today", 0))
        records = run_tap(sandbox, "errors", **since(4)).records("errors")
        assert [(record[START], record["id"], record["count"]) for record in records] == [
            (date(3), 7, 2),
            (date(1), 7, 1),
        ]
        assert records[0]["last_seen"] == tap_time(day(3) + HOUR)
        assert records[0]["player_error_code"] == "404"

    def test_values_of_dimensions_by_day(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_details = {
            "view-1": {"country_code": "DE"},
            "view-2": {"country_code": None},
            "view-3": {"country_code": "US"},
        }
        records = read_values(sandbox, "country", since(3))
        assert [(row[START], row["value"], row["total_count"]) for row in records] == [
            (date(3), "US", 1),
            (date(2), "(not set)", 1),
            (date(1), "DE", 1),
        ]

    def test_list_dimensions_are_read_by_element(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_details = {"view-1": {"video_cdn_trace": ["fastly", "cloudflare"]}}
        records = read_values(sandbox, "video_cdn_trace", since(1))
        assert [row["value"] for row in records] == ["cloudflare", "fastly"]
        assert {row["dimension"] for row in records} == {"video_cdn_trace"}
        assert sandbox.requests[-1].path == "/data/v1/dimensions/video_cdn_trace/elements"

    def test_all_pages(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = [view(f"v{number}", day(1) + number) for number in range(25)]
        world.view_details = {f"v{n}": {"video_title": f"Title {n:02}"} for n in range(25)}
        sandbox.options.page_cap = 10
        records = read_values(sandbox, "video_title", since(1))
        assert sorted(row["value"] for row in records) == [f"Title {n:02}" for n in range(25)]

    def test_dimensions_are_checked(self) -> None:
        with pytest.raises(ConfigValidationError) as raised:
            TapMux(config={"token_id": "a", "token_secret": "b", "dimensions": ["contry"]})
        (text,) = raised.value.errors
        assert text == "dimensions: 'contry' is not a Mux dimension, did you mean country?"


def read_values(sandbox: Sandbox, dimension: str, settings: Row) -> list[Row]:
    """Read the values of a dimension."""
    output = run_tap(sandbox, "dimension_values", dimensions=[dimension], **settings)
    return output.records("dimension_values")
