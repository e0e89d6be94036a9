"""The stream video_views: complete, in order, incremental, for all behaviours the API may have."""

from __future__ import annotations

import itertools
import logging
import random
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from mux_sandbox import Answer, Disconnect
from tap_mux.api.errors import MuxError
from tap_mux.reading import window_reading, windows
from tap_mux.reading.windows import MAX_RECORDS
from tests.support.client import client_of
from tests.support.records import DAY, HOUR, MINUTE, NOW, tap_time, view, views
from tests.support.tapping import Output, bookmark, repeated, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox
    from mux_sandbox.request_log import RequestRecord

PATH = "/data/v1/video-views"


def read(sandbox: Sandbox, **more: Any) -> Output:
    """Run only this stream."""
    return run_tap(sandbox, "video_views", **more)


def ids(rows: list[dict[str, Any]]) -> list[str]:
    """Return the ids of rows."""
    return [row["id"] for row in rows]


def asked(request: RequestRecord) -> tuple[int, int]:
    """Return the timeframe of a request."""
    start, end = request.params("timeframe[]")
    return int(start), int(end)


def views_of(name: str, end: int) -> list[dict[str, Any]]:
    """Make a few views that ended together."""
    return [view(f"{name}-{number}", end) for number in range(3)]


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
        assert not [entry for entry in caplog.records if entry.levelno >= logging.WARNING]

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

    def test_no_window_is_larger_than_the_maximum(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        dense = views(3 * MAX_RECORDS, NOW - 3 * HOUR, 0.5)
        sparse = [view(f"sparse-{number:03}", NOW - number * DAY) for number in range(90, 1, -1)]
        world.view_rows = sparse + dense
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

    def test_a_last_page_that_repeats_itself_ends(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(3, NOW - 2 * HOUR, 60)
        body = {"data": world.view_rows, "total_row_count": None}
        sandbox.faults.add(PATH, times=None, action=Answer(200, body))
        records = read(sandbox, start_date=tap_time(NOW - 3 * HOUR)).records("video_views")
        assert ids(records) == ids(world.view_rows)


class TestCrowds:
    """So many views ended in one second that they are written while they are read."""

    MAX = 300
    SECOND = NOW - DAY
    DATES: ClassVar = {"start_date": tap_time(SECOND - 9), "end_date": tap_time(SECOND + 9)}

    @pytest.fixture(autouse=True)
    def _windows_are_small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (windows, window_reading):
            monkeypatch.setattr(module, "MAX_RECORDS", self.MAX)
        monkeypatch.setattr(windows, "TARGET_RECORDS", self.MAX - 100)

    def crowd(self, views: int = MAX + 250) -> list[dict[str, Any]]:
        """Make so many views that ended together, and some around them."""
        around = [
            *views_of("before", self.SECOND - 1),
            *views_of("after", self.SECOND + 1),
            *views_of("later", self.SECOND + 3),
        ]
        return [*(view(number, self.SECOND) for number in range(views)), *around]

    @pytest.mark.parametrize("count", ["exact", "null"])
    @pytest.mark.parametrize("end_included", [True, False])
    @pytest.mark.parametrize("start_included", [True, False])
    def test_are_read_once(
        self,
        world: ExplicitWorld,
        sandbox: Sandbox,
        *,
        start_included: bool,
        end_included: bool,
        count: Any,
    ) -> None:
        sandbox.options.timeframe_includes_start = start_included
        sandbox.options.timeframe_includes_end = end_included
        sandbox.options.total_row_count = count
        world.view_rows = self.crowd()
        output = read(sandbox, **self.DATES)
        records = output.records("video_views")
        assert ids(records) == ids(sorted(world.view_rows, key=itemgetter("view_end", "id")))
        assert bookmark(output.states[-1]) == tap_time(self.SECOND + 3)
        assert len([each for each in sandbox.requests if each.page == self.MAX // 100 + 2]) == 1

    def test_several_seconds_in_a_row(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = [
            view(f"{second}-{number:05}", self.SECOND + second)
            for second in range(7)
            for number in range(self.MAX + 10)
        ]
        records = read(sandbox, **self.DATES).records("video_views")
        assert ids(records) == ids(world.view_rows)

    def test_the_state_comes_after_the_last_of_them(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = self.crowd()
        messages = read(sandbox, **self.DATES).messages
        places = [number for number, message in enumerate(messages) if message["type"] == "RECORD"]
        crowd = [number for number in places if messages[number]["record"]["id"][0] == "v"]
        kinds = {message["type"] for message in messages[crowd[0] : crowd[-1]]}
        assert kinds == {"RECORD"}

    def test_are_read_again_where_one_moved(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.view_rows = self.crowd()
        late = self.SECOND + 7
        reopened = world.view_rows[0]

        def reopen(_: object) -> None:
            # The first view moves behind the last one: the 101st is then on page 1, already read.
            world.view_rows[0] = view(reopened["id"], late, watch_time=1)

        sandbox.faults.add(lambda request: request.page == 2, action=reopen)
        records = read(sandbox, max_concurrency=1, **self.DATES).records("video_views")
        assert set(ids(records)) == set(ids(world.view_rows))
        assert repeated(records) == [reopened["id"]]  # in a later window
        assert records[-1]["watch_time"] == 1
        assert "kept moving" not in caplog.text

    def test_are_read_three_times_at_most(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.view_rows = self.crowd(self.MAX + 10)
        extra = itertools.count(10**6)

        def insert(_: object) -> None:
            world.view_rows.insert(0, view(next(extra), self.SECOND))

        sandbox.faults.add(lambda request: request.page == 2, times=None, action=insert)
        records = read(sandbox, max_concurrency=1, **self.DATES).records("video_views")
        assert len([request for request in sandbox.requests if request.page == 4]) == 3
        assert not repeated(records)
        assert set(ids(records)) >= set(ids(self.crowd(self.MAX + 10)))
        assert "kept moving" in caplog.text

    def test_without_an_end_fail(
        self, world: ExplicitWorld, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(window_reading, "MAX_CROWD", self.MAX + 100)
        world.view_rows = self.crowd()
        with pytest.raises(MuxError, match=r"more than 400 views that ended from 20.*Z to 20"):
            read(sandbox, **self.DATES)


class TestMovement:
    """Views move to other pages while a window is read."""

    def test_a_window_whose_count_changed_is_read_again(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.view_rows = views(150, NOW - HOUR, 1)
        new = view("new", NOW - HOUR)

        def insert(_: object) -> None:
            world.view_rows.append(new)

        sandbox.faults.add(lambda request: request.page == 2, action=insert)
        records = read(sandbox, start_date=tap_time(NOW - 2 * HOUR)).records("video_views")
        assert sorted(ids(records)) == sorted([*ids(views(150, 0, 1)), "new"])
        assert not repeated(records)
        assert "kept moving" not in caplog.text

    def test_a_view_that_moves_to_a_page_already_read_is_not_lost(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(150, NOW - HOUR, 1)

        def reopen(_: object) -> None:
            # The first view gets a later view_end: the 101st moves to page 1, already read.
            world.view_rows[0] = view(0, NOW - HOUR + 200, watch_time=1)

        sandbox.faults.add(lambda request: request.page == 2, action=reopen)
        records = read(sandbox, start_date=tap_time(NOW - 2 * HOUR)).records("video_views")
        assert sorted(ids(records)) == ids(views(150, 0, 1))
        assert records[-1]["watch_time"] == 1

    def test_views_in_another_order_in_each_answer_are_not_lost(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        rows = [view(number, NOW - HOUR) for number in range(110)]
        world.view_rows = list(rows)
        shuffles = iter([list(range(110)), [*range(5, 110), *range(5)]] * 10)

        def shuffle(_: object) -> None:
            world.view_rows = [rows[number] for number in next(shuffles)]

        sandbox.faults.add(lambda request: bool(request.page), times=None, action=shuffle)
        dates = {"start_date": tap_time(NOW - HOUR - 5), "end_date": tap_time(NOW - HOUR + 5)}
        records = read(sandbox, max_concurrency=1, **dates).records("video_views")
        assert sorted(ids(records)) == ids(rows)
        assert "kept moving" not in caplog.text

    def test_a_window_is_read_at_most_three_times(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.view_rows = views(150, NOW - HOUR, 1)
        extra = itertools.count(1000)

        def insert(_: object) -> None:
            world.view_rows.append(view(next(extra), NOW - HOUR + 160))

        sandbox.faults.add(lambda request: request.page == 2, times=None, action=insert)
        records = read(
            sandbox, start_date=tap_time(NOW - 2 * HOUR), end_date=tap_time(NOW - HOUR // 2)
        ).records("video_views")
        assert len([request for request in sandbox.requests if request.page == 1]) == 3
        assert sorted(ids(records)) == sorted(ids(world.view_rows))
        assert "kept moving" in caplog.text

    def test_a_view_reopened_during_the_run_is_written_again(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = [
            *views(MAX_RECORDS, NOW - 9 * HOUR, 1),
            *views(MAX_RECORDS, NOW - 5 * HOUR, 1),
        ]
        for number, row in enumerate(world.view_rows):
            row["id"] = f"view-{number:06}"
        reopened = dict(world.view_rows[0])

        def reopen(_: object) -> None:
            row = world.view_rows[0]
            row["view_end"], row["watch_time"] = tap_time(NOW - HOUR)[:19] + "Z", 1

        late = NOW - 5 * HOUR
        sandbox.faults.add(lambda request: asked(request)[0] > late, action=reopen)
        records = read(sandbox, start_date=tap_time(NOW - 10 * HOUR)).records("video_views")
        assert repeated(records) == [reopened["id"]]
        versions = [record for record in records if record["id"] == reopened["id"]]
        assert [version["watch_time"] for version in versions] == [reopened["watch_time"], 1]
        assert [record["view_end"] for record in records] == sorted(
            record["view_end"] for record in records
        )


class TestRetention:
    """Mux refuses timeframes that it no longer keeps."""

    @pytest.mark.parametrize("days", [1, 30, 100, 400])
    def test_without_start_date_the_whole_retention_is_read(
        self, world: ExplicitWorld, sandbox: Sandbox, days: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = int(time.time())
        sandbox.options.retention_days = days
        oldest = now - days * DAY
        world.view_rows = [view("old", oldest - HOUR), view("kept", oldest + 5 * MINUTE)]
        world.view_rows.append(view("new", now - MINUTE))
        records = read(sandbox).records("video_views")
        assert ids(records) == ["kept", "new"]
        assert not [entry for entry in caplog.records if entry.levelno >= logging.WARNING]

    @pytest.mark.parametrize(
        ("days", "requests"),
        [
            (1, 12),
            (30, 12),
            (100 - HOUR / DAY / 2, 12),
            (100, 4),
            (100 + HOUR / DAY / 2, 12),
            (400, 12),
            (3650, 12),
            (20_000, 0),
        ],
    )
    def test_the_first_view_takes_few_requests(
        self, world: ExplicitWorld, sandbox: Sandbox, days: float, requests: int
    ) -> None:
        sandbox.options.retention_days = days
        sandbox.options.latency_seconds = 0.02
        world.view_rows = [view("new", time.time() - MINUTE)]
        assert ids(read(sandbox).records("video_views")) == ["new"]
        border = [each for each in sandbox.requests_to(PATH) if each.param("limit") == "1"]
        assert len(border) <= requests
        assert max((each.in_flight for each in border), default=2) > 1
        # Also: one that is refused, an empty day, and the rest.
        assert len(sandbox.requests_to(PATH)) <= requests + 3

    @pytest.mark.parametrize("days", [91, 100])
    def test_a_long_time_without_views_takes_two_requests(
        self, world: ExplicitWorld, sandbox: Sandbox, days: int
    ) -> None:
        sandbox.options.retention_days = 101
        world.view_rows = [view("old", NOW - days * DAY)]
        state = read(sandbox).states[-1]
        sandbox.requests.clear()
        read(sandbox, state=state)
        assert len(sandbox.requests_to(PATH)) == 2 + 1  # the view itself is read again

    def test_an_older_start_date_is_one_warning(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = int(time.time())
        sandbox.options.retention_days = 30
        world.view_rows = [view("kept", now - 29 * DAY)]
        records = read(sandbox, start_date="2020-01-01").records("video_views")
        assert ids(records) == ["kept"]
        (warning,) = [entry for entry in caplog.records if entry.levelno >= logging.WARNING]
        assert "from 2020-01-01T00:00:00Z to 20" in warning.getMessage()
        assert "gone" in warning.getMessage()

    def test_a_shorter_timeframe_in_the_answer_is_reported(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = int(time.time())
        sandbox.options.retention_days = 30
        sandbox.options.clamp_instead_of_refuse = True
        world.view_rows = [view("kept", now - 29 * DAY)]
        assert ids(read(sandbox).records("video_views")) == ["kept"]
        assert not [entry for entry in caplog.records if entry.levelno >= logging.WARNING]
        read(sandbox, start_date=tap_time(now - 40 * DAY))
        (warning,) = [entry for entry in caplog.records if entry.levelno >= logging.WARNING]
        assert f"from {tap_time(now - 40 * DAY)[:19]}Z to" in warning.getMessage()
        assert "outside of that are missing" in warning.getMessage()

    def test_an_older_bookmark_is_one_warning(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = int(time.time())
        world.view_rows = [view("first", now - 99 * DAY)]
        state = read(sandbox).states[-1]
        sandbox.options.retention_days = 30
        world.view_rows = [view("next", now - DAY)]
        output = read(sandbox, state=state)
        assert ids(output.records("video_views")) == ["next"]
        (warning,) = [entry for entry in caplog.records if entry.levelno >= logging.WARNING]
        assert f"from {tap_time(now - 99 * DAY)[:19]}Z to" in warning.getMessage()

    def test_a_lookback_beyond_the_retention_is_no_warning(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = int(time.time())
        world.view_rows = [view("first", now - DAY + HOUR)]
        state = read(sandbox).states[-1]
        sandbox.options.retention_days = 1
        assert ids(read(sandbox, state=state).records("video_views")) == ["first"]
        assert not [entry for entry in caplog.records if entry.levelno >= logging.WARNING]

    def test_views_may_expire_while_a_window_is_read(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        now = int(time.time())
        sandbox.options.retention_days = 30
        world.view_rows = views(150, now - 30 * DAY + MINUTE, 1)

        def expire(_: object) -> None:
            sandbox.options.retention_days = 30 - 2 * MINUTE / DAY

        sandbox.faults.add(lambda request: request.page == 2, action=expire)
        records = read(sandbox).records("video_views")
        assert ids(records)[-1] == world.view_rows[-1]["id"]
        assert not repeated(records)

    def test_a_limit_on_the_length_of_a_timeframe(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = int(time.time())
        world.view_rows = [view(number, now - 90 * DAY + number * DAY) for number in range(90)]
        body = {"error": {"type": "invalid_timeframe", "messages": ["Too long."]}}
        sandbox.faults.add(
            lambda request: (
                request.path == PATH and asked(request)[1] - asked(request)[0] > 3 * DAY
            ),
            times=None,
            action=Answer(400, body),
        )
        records = read(sandbox, start_date=tap_time(now - 91 * DAY)).records("video_views")
        assert ids(records) == ids(world.view_rows)
        assert "gone" not in caplog.text

    def test_refusal_of_every_timeframe_fails_the_stream(self, sandbox: Sandbox) -> None:
        body = {"error": {"type": "invalid_timeframe", "messages": ["No."]}}
        sandbox.faults.add(PATH, times=None, action=Answer(400, body))
        with pytest.raises(MuxError, match="invalid_timeframe"):
            read(sandbox)


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
        world.view_rows = views(3 * MAX_RECORDS, NOW - 9 * HOUR, 1)
        state = read(sandbox, start_date=tap_time(NOW - 10 * HOUR)).states[-1]
        last = bookmark(state)
        output = Output()
        half = NOW - 9 * HOUR + 3 * MAX_RECORDS - 2 * HOUR
        sandbox.faults.add(
            lambda request: request.path == PATH and asked(request)[0] > half,
            times=None,
            action=Disconnect(),
        )
        with pytest.raises(MuxError):
            read(sandbox, state=state, output=output, lookback_seconds=4 * HOUR)
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


class TestAnswers:
    """Answers that Mux makes of a window, one by one."""

    def test_of_two_versions_that_ended_together_the_later_one_counts(
        self, sandbox: Sandbox
    ) -> None:
        old, new = (view("a", NOW - HOUR, watch_time=time) for time in (1, 2))
        pages = [[old], [new, view("b", NOW - HOUR)], []]
        for page in pages:
            sandbox.faults.add(PATH, action=Answer(200, {"data": page}))
        dates = {"start_date": tap_time(NOW - 2 * HOUR), "end_date": tap_time(NOW - HOUR // 2)}
        records = read(sandbox, max_concurrency=1, **dates).records("video_views")
        assert [(record["id"], record["watch_time"]) for record in records] == [
            ("a", 2),
            ("b", 90000),
        ]

    def test_of_two_versions_the_one_that_ended_later_counts(self, sandbox: Sandbox) -> None:
        late, early = view("a", NOW - HOUR, watch_time=2), view("a", NOW - HOUR - 9, watch_time=1)
        for page in ([late], [early, view("b", NOW - HOUR + 1)], []):
            sandbox.faults.add(PATH, action=Answer(200, {"data": page}))
        dates = {"start_date": tap_time(NOW - 2 * HOUR), "end_date": tap_time(NOW - HOUR // 2)}
        records = read(sandbox, max_concurrency=1, **dates).records("video_views")
        assert [(record["id"], record["watch_time"]) for record in records] == [
            ("a", 2),
            ("b", 90000),
        ]

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
        (warning,) = warnings(caplog)
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
        assert len(warnings(caplog)) == told

    def test_an_answer_up_to_a_few_seconds_ago_is_not_short(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = int(time.time())
        answer = {"data": [], "total_row_count": 0, "timeframe": [now - 2 * HOUR - 1, now - 20]}
        sandbox.faults.add(PATH, times=None, action=Answer(200, answer))
        read(sandbox, start_date=tap_time(now - 2 * HOUR))
        assert warnings(caplog) == []


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give the texts of all warnings."""
    return [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.WARNING]
