"""The stream video_views: single answers of Mux, and what becomes of them."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tap_mux.reading.windows import MAX_RECORDS
from tests.support.log import warned
from tests.support.records import DAY, HOUR, NOW, ids, tap_time, view, views
from tests.support.video_views import PATH, read

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox


def watch_times(sandbox: Sandbox) -> list[tuple[str, int]]:
    """Read the views of an hour and a half; return the ID and the watch time of each."""
    dates = {"start_date": tap_time(NOW - 2 * HOUR), "end_date": tap_time(NOW - HOUR // 2)}
    records = read(sandbox, max_concurrency=1, **dates).records("video_views")
    return [(record["id"], record["watch_time"]) for record in records]


class TestAnswers:
    """Answers that Mux makes of a window, one by one."""

    def test_of_two_versions_that_ended_together_the_later_one_counts(
        self, sandbox: Sandbox
    ) -> None:
        old, new = (view("a", NOW - HOUR, watch_time=time) for time in (1, 2))
        pages = [[old], [new, view("b", NOW - HOUR)], []]
        for page in pages:
            sandbox.faults.add(PATH, action=Answer(200, {"data": page}))
        assert watch_times(sandbox) == [("a", 2), ("b", 90000)]

    def test_of_two_versions_the_one_that_ended_later_counts(self, sandbox: Sandbox) -> None:
        late, early = view("a", NOW - HOUR, watch_time=2), view("a", NOW - HOUR - 9, watch_time=1)
        for page in ([late], [early, view("b", NOW - HOUR + 1)], []):
            sandbox.faults.add(PATH, action=Answer(200, {"data": page}))
        assert watch_times(sandbox) == [("a", 2), ("b", 90000)]

    @pytest.mark.parametrize("count", [100, 200])
    def test_a_count_that_is_reached_with_a_full_page_is_not_the_end(
        self, world: ExplicitWorld, sandbox: Sandbox, count: int
    ) -> None:
        sandbox.options.total_row_count = lambda _: count
        world.view_rows = views(250, NOW - HOUR, 1)
        output = read(sandbox, start_date=tap_time(NOW - 2 * HOUR))
        assert ids(output.records("video_views")) == ids(world.view_rows)

    def test_windows_are_bounded_where_mux_does_not_count(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        sandbox.options.total_row_count = "null"
        world.view_rows = views(MAX_RECORDS + 120, NOW - 3 * HOUR, 1)
        output = read(sandbox, start_date=tap_time(NOW - 3 * HOUR))
        runs = itertools.groupby(message["type"] for message in output.messages)
        most = max(len(list(run)) for kind, run in runs if kind == "RECORD")
        assert most <= MAX_RECORDS
        assert len(output.records("video_views")) == MAX_RECORDS + 120

    def test_views_that_ended_together_come_in_order_of_their_ids(self, sandbox: Sandbox) -> None:
        body = {"data": [view(name, NOW - HOUR) for name in "bdac"], "total_row_count": 4}
        sandbox.faults.add(PATH, times=None, action=Answer(200, body))
        dates = {"start_date": tap_time(NOW - 2 * HOUR), "end_date": tap_time(NOW - HOUR // 2)}
        assert ids(read(sandbox, **dates).records("video_views")) == ["a", "b", "c", "d"]

    def test_an_error_in_the_middle_is_told(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = views(150, NOW - HOUR, 1)
        sandbox.faults.add(lambda request: request.page == 2, times=None, action=Answer(400))
        with pytest.raises(MuxError, match="answered 400"):
            read(sandbox, start_date=tap_time(NOW - 2 * HOUR))

    def test_a_window_of_a_second_that_is_refused_fails_the_stream(self, sandbox: Sandbox) -> None:
        body = {"error": {"type": "invalid_timeframe", "messages": ["No."]}}
        sandbox.faults.add(
            lambda request: request.param("limit") == "100", times=None, action=Answer(400, body)
        )
        with pytest.raises(MuxError, match="invalid_timeframe"):
            read(sandbox, start_date=tap_time(NOW - HOUR))

    def test_another_error_while_the_border_is_looked_for_is_told(self, sandbox: Sandbox) -> None:
        body = {"error": {"type": "invalid_timeframe", "messages": ["No."]}}
        sandbox.faults.add(PATH, action=Answer(400, body))
        sandbox.faults.add(PATH, times=None, action=Answer(500))
        with pytest.raises(MuxError, match="answered 500"):
            read(sandbox, max_attempts=1)

    def test_a_range_that_is_all_gone_is_told_to_its_end(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        sandbox.options.retention_days = 30
        dates = {"start_date": "2020-01-01", "end_date": "2020-02-01"}
        assert read(sandbox, **dates).records("video_views") == []
        (warning,) = warned(caplog)
        assert "from 2020-01-01T00:00:00Z to 2020-02-01T00:00:00Z are gone" in warning

    @pytest.mark.parametrize(
        ("earlier", "later", "told"), [(0, 0, 0), (1, 0, 0), (-1, 0, 1), (0, -1, 1), (0, 1, 0)]
    )
    def test_an_answer_for_a_shorter_range_is_told_once(
        self,
        sandbox: Sandbox,
        caplog: pytest.LogCaptureFixture,
        earlier: int,
        later: int,
        told: int,
    ) -> None:
        first, last = NOW - 9 * DAY, NOW - DAY
        used = [first - 1 - earlier * HOUR, last + later * HOUR]
        answer = Answer(200, {"data": [], "total_row_count": 0, "timeframe": used})
        sandbox.faults.add(PATH, times=None, action=answer)
        read(sandbox, start_date=tap_time(first), end_date=tap_time(last))
        assert len(warned(caplog)) == told

    def test_an_answer_up_to_a_few_seconds_ago_is_not_short(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = int(time.time())
        answer = {"data": [], "total_row_count": 0, "timeframe": [now - 2 * HOUR - 1, now - 20]}
        sandbox.faults.add(PATH, times=None, action=Answer(200, answer))
        read(sandbox, start_date=tap_time(now - 2 * HOUR))
        assert warned(caplog) == []
