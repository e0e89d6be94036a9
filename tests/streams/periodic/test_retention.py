"""Sums by interval, where Mux no longer keeps what is asked for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tests.streams.periodic.errors import ERRORS, START, first_day
from tests.support.days import date, day, since
from tests.support.log import warned
from tests.support.records import DAY, HOUR, tap_time
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from mux_sandbox import Sandbox

REFUSED = {"error": {"type": "invalid_timeframe", "messages": ["No."]}}


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
