"""Sums by interval: how far the bookmark moves, with records or without."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer, Disconnect
from tap_mux.api.errors import MuxError
from tests.streams.periodic.errors import ERRORS, START, failed, first_day
from tests.support.days import date, day, since
from tests.support.records import DAY, HOUR, MINUTE, Row, tap_time
from tests.support.tapping import Output, bookmark, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox
    from mux_sandbox.request_log import RequestRecord


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
