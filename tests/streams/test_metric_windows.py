"""Which windows the metric_ streams request: complete ones, with as few requests as possible."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer
from tests.support.days import date, day
from tests.support.records import DAY, HOUR, MINUTE, NOW, tap_time, view, wire_time
from tests.support.tapping import Output, run_tap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mux_sandbox import ExplicitWorld, Sandbox
    from mux_sandbox.request_log import RequestRecord

    Row = dict[str, Any]
    Timeframe = tuple[int, int]

VIEWS: Row = {"metric": "views", "group_by": ["country"]}
PLAYING: Row = {"metric": "playing_time", "group_by": ["country"]}
TIMES = "metric_timeseries"
START = "window_start"
DAILY = ["metric_overall", "metric_breakdowns", "metric_insights", "metric_comparisons"]


def read(sandbox: Sandbox, stream: str, *metrics: Row, **more: Any) -> Output:
    """Run one stream for some metrics."""
    return run_tap(sandbox, stream, metrics=list(metrics), **more)


def since(epoch_seconds: float) -> Row:
    """Return the setting that reads from a time on."""
    return {"start_date": tap_time(epoch_seconds)}


def asked(request: RequestRecord) -> Timeframe:
    """Return the timeframe of a request."""
    start, end = request.params("timeframe[]")
    return int(start), int(end)


def windows(sandbox: Sandbox) -> list[Timeframe]:
    """Return the timeframes of all requests, in order."""
    return sorted(asked(request) for request in sandbox.requests if "/metrics/" in request.path)


def days(first: int, last: int) -> list[Timeframe]:
    """Return a window for each day, by how many days ago the first and the last were."""
    return [(day(back), day(back - 1)) for back in range(first, last - 1, -1)]


def bookmarks(state: Mapping[str, Any], stream: str) -> dict[str, str]:
    """Return the bookmark of each metric."""
    partitions = state["bookmarks"][stream]["partitions"]
    return {part["context"]["metric"]: part["replication_key_value"] for part in partitions}


def answer_with_a_row(sandbox: Sandbox, stream: str, timeframe: list[int]) -> None:
    """Let Mux answer every request for metrics with the same row."""
    row = {"field": "a", "filter_column": "a", "filter_value": "a", "name": "a", "value": 1}
    data = {"metric_overall": row, TIMES: [[wire_time(day(1)), 1, 1]]}.get(stream, [row])
    body = {"data": data, "timeframe": timeframe, "total_row_count": 1}
    sandbox.faults.add("/metrics/", times=None, action=Answer(200, body))


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    world.view_rows = [view(number, day(number) + HOUR) for number in range(8)]


class TestDays:
    """A day is read completely, when it is over."""

    @pytest.mark.parametrize("stream", DAILY)
    def test_each_day_is_a_request(self, sandbox: Sandbox, stream: str) -> None:
        records = read(sandbox, stream, VIEWS, **since(day(5))).records(stream)
        assert windows(sandbox) == days(5, 1)
        found = {(record["window_start"], record["window_end"]) for record in records}
        if stream != "metric_insights":  # a single view is never worse than the average
            assert sorted(found) == [(tap_time(a), tap_time(b)) for a, b in days(5, 1)]

    def test_timeseries_are_one_request_a_metric(self, sandbox: Sandbox) -> None:
        records = read(sandbox, TIMES, VIEWS, PLAYING, **since(day(60))).records(TIMES)
        assert windows(sandbox) == [(day(60), day(0))] * 2
        assert Counter(record["metric"] for record in records) == {"views": 60, "playing_time": 60}

    @pytest.mark.parametrize("stream", [TIMES, *DAILY])
    def test_requests_are_one_a_day_and_metric(self, sandbox: Sandbox, stream: str) -> None:
        read(sandbox, stream, VIEWS, {**VIEWS, "filters": ["country:DE"]}, **since(day(7)))
        assert len(windows(sandbox)) == (2 if stream == TIMES else 14)

    @pytest.mark.parametrize("stream", [TIMES, "metric_overall"])
    def test_dates_within_a_day(self, sandbox: Sandbox, stream: str) -> None:
        dates = since(day(4) + 5 * HOUR) | {"end_date": tap_time(day(1) + 5 * HOUR)}
        assert len(read(sandbox, stream, VIEWS, **dates).records(stream)) == 3
        assert (windows(sandbox)[0][0], windows(sandbox)[-1][1]) == (day(4), day(1))

    @pytest.mark.parametrize("stream", [TIMES, "metric_overall"])
    def test_no_request_without_a_complete_day(self, sandbox: Sandbox, stream: str) -> None:
        assert not read(sandbox, stream, VIEWS, **since(day(0))).records(stream)
        assert windows(sandbox) == []

    def test_without_start_date_100_days_are_read(self, sandbox: Sandbox) -> None:
        records = read(sandbox, TIMES, VIEWS).records(TIMES)
        assert len(windows(sandbox)) == 1
        assert len(records) == 99


class TestSecondRun:
    """A run continues at the bookmark, and reads the lookback again."""

    @pytest.mark.parametrize("stream", [TIMES, "metric_overall", "metric_breakdowns"])
    def test_bookmark_and_lookback(
        self, world: ExplicitWorld, sandbox: Sandbox, stream: str
    ) -> None:
        first = read(sandbox, stream, VIEWS, **since(day(7)))
        assert bookmarks(first.states[-1], stream) == {"views": date(1)}
        sandbox.requests.clear()
        world.view_rows.append(view("late", day(2) + HOUR))
        second = read(sandbox, stream, VIEWS, state=first.states[-1], **since(day(7)))
        assert (windows(sandbox)[0][0], windows(sandbox)[-1][1]) == (day(3), day(0))
        assert len(windows(sandbox)) == (1 if stream == TIMES else 3)
        count = "total_views" if stream == "metric_overall" else "views"
        late = date(2)
        rows = second.records(stream)
        assert sum(row[count] for row in rows if late in {row.get(START), row.get("time")}) == 2
        assert bookmarks(second.states[-1], stream) == {"views": date(1)}

    @pytest.mark.parametrize("lookback", [0, 5])
    def test_lookback_is_a_setting(self, sandbox: Sandbox, lookback: int) -> None:
        state = read(sandbox, "metric_overall", VIEWS, **since(day(7))).states[-1]
        sandbox.requests.clear()
        more = since(day(7)) | {"lookback_days": lookback}
        read(sandbox, "metric_overall", VIEWS, state=state, **more)
        assert windows(sandbox) == days(1 + lookback, 1)

    @pytest.mark.parametrize("stream", [TIMES, "metric_overall", "metric_breakdowns"])
    def test_a_metric_added_later_is_read_from_the_beginning(
        self, sandbox: Sandbox, stream: str
    ) -> None:
        state = read(sandbox, stream, VIEWS, **since(day(7))).states[-1]
        output = read(sandbox, stream, PLAYING, VIEWS, state=state, **since(day(7)))
        starts = {
            metric: min(
                record["time" if stream == TIMES else START]
                for record in output.records(stream)
                if record["metric"] == metric
            )
            for metric in ("views", "playing_time")
        }
        assert starts == {"views": date(3), "playing_time": date(7)}
        assert len(bookmarks(output.states[-1], stream)) == 2

    def test_a_dimension_added_later_is_read_from_the_beginning(self, sandbox: Sandbox) -> None:
        name = "metric_breakdowns"
        state = read(sandbox, name, VIEWS, **since(day(7))).states[-1]
        both = {**VIEWS, "group_by": ["country", "stream_type"]}
        records = read(sandbox, name, both, state=state, **since(day(7))).records(name)
        counted = Counter(record["group_by"] for record in records)
        assert counted == {"country": 3, "stream_type": 7}


class TestGranularity:
    """Intervals shorter than a day."""

    @pytest.mark.parametrize(
        ("granularity", "step", "start", "longest"),
        [
            ("hour", HOUR, NOW - 40 * DAY, 15 * DAY),
            ("ten_minutes", 10 * MINUTE, NOW - DAY, 6 * HOUR),
            ("minute", MINUTE, NOW - 5 * HOUR, 90 * MINUTE - 1),
        ],
        ids=["hour", "ten_minutes", "minute"],  # the start differs between processes
    )
    def test_timeseries_are_requested_in_windows_of_limited_size(
        self, sandbox: Sandbox, granularity: str, step: int, start: int, longest: int
    ) -> None:
        request = {**VIEWS, "granularity": granularity}
        records = read(sandbox, TIMES, request, **since(start)).records(TIMES)
        read_windows = windows(sandbox)
        seconds = max(end - begin for begin, end in read_windows)
        assert longest / 2 < seconds <= longest
        assert len(read_windows) <= (time.time() + step - start) // seconds + 2
        assert all(one[1] == other[0] for one, other in pairwise(read_windows))
        assert {request.param("group_by") for request in sandbox.requests[1:]} == {granularity}
        first, last = start - start % step, read_windows[-1][1]
        assert time.time() - step - 30 < last <= time.time()
        expected = [tap_time(moment) for moment in range(first, last, step)]
        assert [record["time"] for record in records] == expected
        assert {record["granularity"] for record in records} == {granularity}

    def test_intervals_beyond_the_window_are_left_out(self, sandbox: Sandbox) -> None:
        rounded = range(day(2) - HOUR, day(1) + HOUR, HOUR)
        body = {"data": [[wire_time(moment), 1, 1] for moment in rounded]}
        sandbox.faults.add("/timeseries", times=None, action=Answer(200, body))
        dates = since(day(2)) | {"end_date": date(1)}
        request = {**VIEWS, "granularity": "hour"}
        records = read(sandbox, TIMES, request, **dates).records(TIMES)
        assert [record["time"] for record in records] == [
            tap_time(moment) for moment in range(day(2), day(1), HOUR)
        ]

    @pytest.mark.parametrize("stream", DAILY)
    def test_other_streams_have_windows_of_that_length(self, sandbox: Sandbox, stream: str) -> None:
        dates = since(day(2)) | {"end_date": tap_time(day(2) + 3 * HOUR + 1)}
        read(sandbox, stream, {**VIEWS, "granularity": "hour"}, **dates)
        assert windows(sandbox) == [
            (day(2) + hour * HOUR, day(2) + (hour + 1) * HOUR) for hour in range(3)
        ]

    def test_days_and_hours_side_by_side(self, sandbox: Sandbox) -> None:
        hours = {**VIEWS, "granularity": "hour"}
        dates = since(day(2)) | {"end_date": date(1)}
        records = read(sandbox, TIMES, VIEWS, hours, **dates).records(TIMES)
        assert Counter(record["granularity"] for record in records) == {"day": 1, "hour": 24}


class TestQuery:
    """The query that is sent, and the timeframe that Mux used."""

    @pytest.mark.parametrize("stream", [TIMES, *DAILY])
    def test_filters_are_sent(self, sandbox: Sandbox, stream: str) -> None:
        filters = {
            "filters": ["country:DE", "!browser:Safari"],
            "metric_filters": ["rebuffer_count>=2"],
            "measurement": "count",
        }
        answer_with_a_row(sandbox, stream, [day(1), day(0)])
        output = read(sandbox, stream, {**VIEWS, **filters}, **since(day(1)))
        *_, request = sandbox.requests
        assert sorted(request.params("filters[]")) == ["!browser:Safari", "country:DE"]
        assert request.params("metric_filters[]") == ["rebuffer_count>=2"]
        if stream != "metric_comparisons":
            assert request.params("measurement") == ["count"]
        (record,) = output.records(stream)
        assert record["filters_key"] == "!browser:Safari & country:DE & rebuffer_count>=2"

    @pytest.mark.parametrize("stream", DAILY)
    @pytest.mark.parametrize("wider", [0, HOUR])
    def test_the_window_is_the_one_that_mux_used(
        self, sandbox: Sandbox, stream: str, wider: int
    ) -> None:
        used = [day(1) - wider, day(0) + wider]
        answer_with_a_row(sandbox, stream, used)
        (record,) = read(sandbox, stream, VIEWS, **since(day(1))).records(stream)
        assert [record["window_start"], record["window_end"]] == [tap_time(at) for at in used]

    @pytest.mark.parametrize("stream", DAILY)
    def test_an_answer_for_another_window_is_left_out(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, stream: str
    ) -> None:
        body = {"data": [], "timeframe": [day(9), day(8)], "total_row_count": 0}
        if stream == "metric_overall":
            body["data"] = {"value": 1}
        sandbox.faults.add("/metrics/", times=None, action=Answer(200, body))
        assert not read(sandbox, stream, VIEWS, **since(day(2))).records(stream)
        assert caplog.text.count(f"{stream} lacks records: asked for") == 1
