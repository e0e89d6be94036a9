"""The stream video_views is incremental: what a run reads by its bookmark, and by dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer, Disconnect
from tap_mux.api.errors import MuxError
from tap_mux.reading.windows import MAX_RECORDS
from tests.support.records import DAY, HOUR, MINUTE, NOW, ids, tap_time, view, views
from tests.support.tapping import Output, bookmark
from tests.support.video_views import PATH, asked, read

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox


class TestBookmark:
    """The state follows the records, and never goes back."""

    def test_second_run_reads_only_the_lookback(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(50, NOW - 10 * DAY, 4 * HOUR)
        last = NOW - 10 * DAY + 49 * 4 * HOUR
        state = read(sandbox).states[-1]
        assert bookmark(state) == tap_time(last)
        before = len(sandbox.requests)
        output = read(sandbox, state=state)
        asked_for = [request for request in sandbox.requests[before:] if request.path == PATH]
        assert asked(asked_for[0])[0] == last - 7200 - 1
        assert ids(output.records("video_views")) == ["view-000049"]
        assert bookmark(output.states[-1]) == tap_time(last)

    def test_lookback_is_a_setting(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = views(50, NOW - 10 * DAY, 4 * HOUR)
        state = read(sandbox).states[-1]
        for lookback, again in ((0, 1), (8 * HOUR, 3)):
            output = read(sandbox, state=state, lookback_seconds=lookback)
            assert len(output.records("video_views")) == again

    def test_views_that_share_the_bookmarks_second_are_read_again(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = [view("first", NOW - HOUR)]
        state = read(sandbox).states[-1]
        world.view_rows.append(view("late", NOW - HOUR))
        output = read(sandbox, state=state, lookback_seconds=0)
        assert ids(output.records("video_views")) == ["first", "late"]

    def test_state_is_written_after_each_window_and_never_runs_ahead(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(2 * MAX_RECORDS, NOW - 6 * HOUR, 1)
        output = read(sandbox, start_date=tap_time(NOW - 7 * HOUR))
        marks = []
        newest = ""
        for message in output.messages:
            if message["type"] == "RECORD":
                newest = message["record"]["view_end"]
            elif message["type"] == "STATE" and (mark := bookmark(message["value"])):
                assert mark == newest
                marks.append(mark)
        assert len(set(marks)) >= 3
        assert marks == sorted(marks)

    def test_bookmark_stays_while_the_lookback_is_read_and_the_run_fails(
        self, world: ExplicitWorld, sandbox: Sandbox, waits: list[float]
    ) -> None:
        world.view_rows = views(120, NOW - 30 * DAY, 6 * HOUR)
        state = read(sandbox, start_date=tap_time(NOW - 31 * DAY)).states[-1]
        last = bookmark(state)
        output = Output()
        sandbox.faults.add(
            lambda request: request.path == PATH and asked(request)[0] > NOW - 20 * DAY,
            times=None,
            action=Disconnect(),
        )
        with pytest.raises(MuxError):
            read(sandbox, state=state, output=output, lookback_seconds=20 * DAY)
        assert waits
        assert output.records("video_views")
        assert {bookmark(state) for state in output.states} == {last}

    def test_an_empty_time_range_does_not_move_the_bookmark(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = [view("a", NOW - DAY)]
        state = read(sandbox).states[-1]
        world.view_rows = []
        output = read(sandbox, state=state)
        assert bookmark(output.states[-1]) == tap_time(NOW - DAY)

    def test_an_environment_without_views_is_not_looked_through_again(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        state = read(sandbox).states[-1]
        mark = bookmark(state)
        assert mark is not None
        assert tap_time(NOW - 2 * HOUR - 1) <= mark < tap_time(NOW)
        sandbox.requests.clear()
        world.view_rows = [view("late", NOW - 3 * HOUR), view("new", NOW - MINUTE)]
        output = read(sandbox, state=state)
        assert ids(output.records("video_views")) == ["late", "new"]
        assert len(sandbox.requests_to(PATH)) == 1
        assert bookmark(output.states[-1]) == tap_time(NOW - MINUTE)

    def test_an_environment_that_should_have_views_is_looked_through_again(
        self, sandbox: Sandbox
    ) -> None:
        sandbox.options.total_row_count = lambda _: 1001
        output = read(sandbox, start_date=tap_time(NOW - 2 * DAY))
        assert bookmark(output.states[-1]) is None

    def test_a_range_that_has_not_begun_has_no_bookmark(self, sandbox: Sandbox) -> None:
        state = read(sandbox, start_date=tap_time(NOW + DAY)).states[-1]
        assert bookmark(state) is None

    def test_an_answer_for_a_shorter_range_is_no_environment_without_views(
        self, sandbox: Sandbox
    ) -> None:
        answer = {"data": [], "total_row_count": 0, "timeframe": [NOW - 9 * DAY, NOW - DAY]}
        sandbox.faults.add(PATH, times=None, action=Answer(200, answer))
        state = read(sandbox, start_date=tap_time(NOW - 9 * DAY)).states[-1]
        assert bookmark(state) is None

    def test_bookmark_in_another_format(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = views(50, NOW - 10 * DAY, 4 * HOUR)
        state = read(sandbox).states[-1]
        partition = state["bookmarks"]["video_views"]["partitions"][0]
        mark = partition["replication_key_value"]
        partition["replication_key_value"] = f"{mark[:19]}+00:00"
        output = read(sandbox, state=state)
        assert len(output.records("video_views")) == 1
        assert bookmark(output.states[-1]) == mark

    def test_invalid_bookmark_is_refused(self, sandbox: Sandbox) -> None:
        partition = {
            "context": {"environment_id": "sandbox-environment"},
            "replication_key": "view_end",
            "replication_key_value": "yesterday",
        }
        state = {"bookmarks": {"video_views": {"partitions": [partition]}}}
        with pytest.raises(MuxError, match="not a moment: 'yesterday'"):
            read(sandbox, state=state)


class TestDates:
    """start_date and end_date."""

    def test_time_range_is_half_open(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = views(10, NOW - DAY, 60)
        output = read(
            sandbox,
            start_date=tap_time(NOW - DAY + 120),
            end_date=tap_time(NOW - DAY + 300),
        )
        assert ids(output.records("video_views")) == ["view-000002", "view-000003", "view-000004"]
        assert bookmark(output.states[-1]) == tap_time(NOW - DAY + 240)

    def test_end_date_before_the_bookmark_reads_nothing(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(10, NOW - DAY, 60)
        state = read(sandbox).states[-1]
        before = len(sandbox.requests_to(PATH))
        output = read(sandbox, state=state, end_date=tap_time(NOW - DAY + 300))
        assert output.records("video_views") == []
        assert len(sandbox.requests_to(PATH)) == before
        assert bookmark(output.states[-1]) == bookmark(state)

    def test_start_date_after_the_bookmark_wins(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(10, NOW - 9 * DAY - HOUR, DAY)[:5]
        state = read(sandbox).states[-1]
        world.view_rows = views(10, NOW - 9 * DAY - HOUR, DAY)
        output = read(sandbox, state=state, start_date=tap_time(NOW - 3 * DAY - HOUR))
        assert ids(output.records("video_views")) == [
            f"view-{number:06}" for number in (6, 7, 8, 9)
        ]

    def test_lookback_does_not_go_before_start_date(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(10, NOW - HOUR, 60)
        start = tap_time(NOW - HOUR + 120)
        state = read(sandbox, start_date=start).states[-1]
        output = read(sandbox, state=state, start_date=start)
        assert ids(output.records("video_views"))[0] == "view-000002"

    def test_dates_in_the_future(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = views(3, NOW - HOUR, 60)
        assert not read(sandbox, start_date=tap_time(NOW + DAY)).records("video_views")
        assert len(read(sandbox, end_date=tap_time(NOW + DAY)).records("video_views")) == 3
