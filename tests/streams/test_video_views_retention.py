"""The stream video_views, where Mux no longer keeps what is asked for."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tap_mux.reading.windows import MAX_RECORDS, TARGET
from tests.support.log import warned
from tests.support.records import DAY, HOUR, MINUTE, NOW, ids, tap_time, view, views
from tests.support.tapping import repeated
from tests.support.video_views import PATH, asked, read

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox


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
        assert warned(caplog) == []

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

    def test_it_takes_two_requests_even_where_many_views_follow(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        old, many = view("old", NOW - 91 * DAY), views(2 * MAX_RECORDS, NOW - 3 * HOUR, 1)
        world.view_rows = [old]
        state = read(sandbox).states[-1]
        world.view_rows = [old, *many]
        sandbox.requests.clear()
        assert ids(read(sandbox, state=state).records("video_views")) == ids([old, *many])
        first_pages = [each for each in sandbox.requests_to(PATH) if each.page == 1]
        windows = math.ceil(len(many) / (TARGET * MAX_RECORDS)) + 1  # the last one has few
        assert len(first_pages) == 2 + 1 + windows  # the view itself is read again

    def test_an_older_start_date_is_one_warning(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = int(time.time())
        sandbox.options.retention_days = 30
        world.view_rows = [view("kept", now - 29 * DAY)]
        records = read(sandbox, start_date="2020-01-01").records("video_views")
        assert ids(records) == ["kept"]
        (warning,) = warned(caplog)
        assert "from 2020-01-01T00:00:00Z to 20" in warning
        assert "gone" in warning

    def test_a_shorter_timeframe_in_the_answer_is_reported(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = int(time.time())
        sandbox.options.retention_days = 30
        sandbox.options.clamp_instead_of_refuse = True
        world.view_rows = [view("kept", now - 29 * DAY)]
        assert ids(read(sandbox).records("video_views")) == ["kept"]
        assert warned(caplog) == []
        read(sandbox, start_date=tap_time(now - 40 * DAY))
        (warning,) = warned(caplog)
        assert f"from {tap_time(now - 40 * DAY)[:19]}Z to" in warning
        assert "outside of that are missing" in warning

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
        (warning,) = warned(caplog)
        assert f"from {tap_time(now - 99 * DAY)[:19]}Z to" in warning

    def test_a_lookback_beyond_the_retention_is_no_warning(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = int(time.time())
        world.view_rows = [view("first", now - DAY + HOUR)]
        state = read(sandbox).states[-1]
        sandbox.options.retention_days = 1
        assert ids(read(sandbox, state=state).records("video_views")) == ["first"]
        assert warned(caplog) == []

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
