"""The stream video_views: complete and in order, for all behaviours the API may have."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, Sandbox
from tap_mux.api.errors import MuxError
from tap_mux.reading.windows import MAX_RECORDS
from tests.support.client import client_of
from tests.support.log import warned
from tests.support.records import DAY, HOUR, NOW, ids, tap_time, view, views
from tests.support.still import StillWorld
from tests.support.video_views import PATH, read

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld
    from mux_sandbox.request_log import RequestRecord


class TestRecords:
    """The form of a record."""

    def test_has_all_other_fields(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = [view("a", NOW - HOUR, video_title='"Quote"\n, naïve 🎬 \\ \u2028')]
        (record,) = read(sandbox).records("video_views")
        assert record == {
            **world.view_rows[0],
            "view_start": tap_time(NOW - HOUR - 90),
            "view_end": tap_time(NOW - HOUR),
            "environment_id": "sandbox-environment",
        }

    def test_the_count_in_each_record_is_left_out(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.view_rows = [view("a", NOW - HOUR)]
        (row,) = client_of(sandbox).get(PATH)["data"]
        assert row["total_row_count"] == 1
        (record,) = read(sandbox).records("video_views")
        assert "total_row_count" not in record
        assert warned(caplog) == []

    def test_fractions_of_a_second_are_in_order(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = [
            view("late", NOW - HOUR, view_end=tap_time(NOW - HOUR)[:19] + ".940Z"),
            view("early", NOW - HOUR),
        ]
        records = read(sandbox).records("video_views")
        assert ids(records) == ["early", "late"]
        assert records[1]["view_end"].endswith(".940000Z")

    @pytest.mark.parametrize("missing", ["id", "view_end"])
    def test_a_view_without_its_key_fails_the_stream(
        self, world: ExplicitWorld, sandbox: Sandbox, missing: str
    ) -> None:
        world.view_rows = [view("a", NOW - HOUR)]
        body = {"data": [{**view("b", NOW - HOUR), missing: None}], "total_row_count": 1}
        sandbox.faults.add(PATH, times=None, action=Answer(200, body))
        with pytest.raises(MuxError, match=f"without (the time )?{missing}"):
            read(sandbox)


class TestWindows:
    """The whole time range is read in windows, oldest first."""

    def test_all_views_once_and_in_order(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        rows = views(3000, NOW - 90 * DAY, 90 * DAY / 3001)
        world.view_rows = random.Random(1).sample(rows, len(rows))
        assert ids(read(sandbox).records("video_views")) == ids(rows)

    def test_no_window_is_larger_than_the_maximum(self) -> None:
        dense = views(3 * MAX_RECORDS, NOW - 3 * HOUR, 0.5)
        sparse = [view(f"sparse-{number:03}", NOW - number * DAY) for number in range(90, 1, -1)]
        with Sandbox(world=StillWorld(sparse + dense)) as sandbox:
            output = read(sandbox)
        assert ids(output.records("video_views")) == ids(sparse + dense)
        assert max(request.page or 0 for request in sandbox.requests) <= MAX_RECORDS / 100 + 1
        runs = itertools.groupby(message["type"] for message in output.messages)
        assert max(len(list(run)) for kind, run in runs if kind == "RECORD") <= MAX_RECORDS

    @pytest.mark.parametrize("start_included", [True, False])
    @pytest.mark.parametrize("end_included", [True, False])
    def test_ends_of_timeframe_may_be_inclusive_or_not(
        self, world: ExplicitWorld, sandbox: Sandbox, *, start_included: bool, end_included: bool
    ) -> None:
        sandbox.options.timeframe_includes_start = start_included
        sandbox.options.timeframe_includes_end = end_included
        # One view in each second, so that a wrong end of a window would lose or repeat a view.
        world.view_rows = views(2 * MAX_RECORDS + 10, NOW - 3 * HOUR, 1)
        records = read(sandbox, start_date=tap_time(NOW - 3 * HOUR)).records("video_views")
        assert ids(records) == ids(world.view_rows)

    @pytest.mark.parametrize("cap", [1, 7, 99])
    def test_pages_may_be_shorter_than_requested(
        self, world: ExplicitWorld, sandbox: Sandbox, cap: int
    ) -> None:
        sandbox.options.page_cap = cap
        world.view_rows = views(30, NOW - 2 * HOUR, 60)
        assert ids(read(sandbox).records("video_views")) == ids(world.view_rows)

    @pytest.mark.parametrize("count", ["null", "string", lambda _: {}, lambda _: True])
    def test_the_count_may_be_no_number(
        self, world: ExplicitWorld, sandbox: Sandbox, count: Any
    ) -> None:
        sandbox.options.total_row_count = count
        world.view_rows = views(2 * MAX_RECORDS + 120, NOW - 3 * HOUR, 1)
        output = read(sandbox, start_date=tap_time(NOW - 3 * HOUR))
        assert ids(output.records("video_views")) == ids(world.view_rows)

    @pytest.mark.parametrize("wrong", [lambda count: count // 2, lambda count: count * 2 + 1])
    def test_a_wrong_count_loses_no_view_and_is_reported(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, wrong: Any
    ) -> None:
        sandbox.options.total_row_count = wrong
        world.view_rows = views(250, NOW - 3 * HOUR, 1)
        output = read(sandbox, start_date=tap_time(NOW - 4 * HOUR))
        assert ids(output.records("video_views")) == ids(world.view_rows)
        assert "do not add up" in caplog.text

    @pytest.mark.parametrize("count", [5001, 10**11, None])
    def test_a_count_that_is_too_high_in_every_window_fails(
        self, world: ExplicitWorld, sandbox: Sandbox, count: int | None
    ) -> None:
        growing = itertools.count(6000, 1000)
        sandbox.options.total_row_count = lambda _: count or next(growing)
        world.view_rows = views(150, NOW - 3 * HOUR, 1)
        with pytest.raises(MuxError, match=r"counts [\d,]+ views that ended from .* and gives \d"):
            read(sandbox, start_date=tap_time(NOW - 99 * DAY))
        assert len(sandbox.requests) < 150

    def test_the_same_count_for_every_window_takes_few_requests(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        sandbox.options.total_row_count = lambda _: MAX_RECORDS
        world.view_rows = views(250, NOW - 3 * HOUR, 1)
        output = read(sandbox, start_date=tap_time(NOW - 9 * DAY))
        assert ids(output.records("video_views")) == ids(world.view_rows)
        assert "do not add up" in caplog.text
        assert len(sandbox.requests) < 150

    @pytest.mark.parametrize(("on_page", "count"), [(100, None), (100, 250), (30, 250)])
    @pytest.mark.parametrize("grows", [0, 1])
    def test_a_page_number_that_is_ignored_fails(
        self, sandbox: Sandbox, on_page: int, count: int | None, grows: int
    ) -> None:
        body: dict[str, Any] = {"data": views(on_page, NOW - 2 * HOUR, 1)}
        asked = itertools.count()

        def changes(request: RequestRecord) -> bool:
            if count is not None:
                more = count + grows * next(asked)
                body["total_row_count"] = more
                body["data"] = [{**each, "total_row_count": more} for each in body["data"]]
            return request.path == PATH

        sandbox.faults.add(changes, times=None, action=Answer(200, body))
        dates = {"start_date": tap_time(NOW - 3 * HOUR), "end_date": tap_time(NOW - HOUR)}
        with pytest.raises(MuxError, match="gives the same page twice of the views that ended"):
            read(sandbox, **dates)
        assert len(sandbox.requests) < 30

    @pytest.mark.parametrize("count", ["exact", "null"])
    def test_a_page_that_comes_twice_once_hides_no_view(
        self, world: ExplicitWorld, sandbox: Sandbox, count: Any
    ) -> None:
        sandbox.options.total_row_count = count
        world.view_rows = views(250, NOW - 2 * HOUR, 1)
        first: dict[str, Any] = {"data": world.view_rows[:100]}
        if count == "exact":
            first["total_row_count"] = 250
        sandbox.faults.add(lambda request: request.page == 2, action=Answer(200, first))
        dates = {"start_date": tap_time(NOW - 3 * HOUR), "end_date": tap_time(NOW - HOUR)}
        assert ids(read(sandbox, **dates).records("video_views")) == ids(world.view_rows)

    def test_a_last_page_that_is_given_for_all_later_numbers_ends(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(200, NOW - 2 * HOUR, 1)
        last = Answer(200, {"data": world.view_rows[100:], "total_row_count": 200})
        sandbox.faults.add(lambda request: (request.page or 0) > 2, times=None, action=last)
        dates = {"start_date": tap_time(NOW - 3 * HOUR), "end_date": tap_time(NOW - HOUR)}
        assert ids(read(sandbox, **dates).records("video_views")) == ids(world.view_rows)

    def test_a_last_page_that_repeats_itself_ends(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(3, NOW - 2 * HOUR, 60)
        body = {"data": world.view_rows, "total_row_count": None}
        sandbox.faults.add(PATH, times=None, action=Answer(200, body))
        records = read(sandbox, start_date=tap_time(NOW - 3 * HOUR)).records("video_views")
        assert ids(records) == ids(world.view_rows)
