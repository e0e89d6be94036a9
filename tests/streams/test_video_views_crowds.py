"""The stream video_views, where many views ended in the same second."""

from __future__ import annotations

import itertools
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tap_mux.api.errors import MuxError
from tap_mux.reading import view_windows, window_reading
from tests.support.records import DAY, HOUR, NOW, ids, tap_time, view
from tests.support.tapping import bookmark, repeated
from tests.support.video_views import read

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox


def views_of(name: str, end: int) -> list[dict[str, Any]]:
    """Make a few views that ended together."""
    return [view(f"{name}-{number}", end) for number in range(3)]


class TestCrowds:
    """So many views ended in one second that they are written while they are read."""

    MAX = 300
    SECOND = NOW - DAY
    DATES: ClassVar = {"start_date": tap_time(SECOND - 9), "end_date": tap_time(SECOND + 9)}

    @pytest.fixture(autouse=True)
    def _windows_are_small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(view_windows, "MAX_RECORDS", self.MAX)

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

    def test_end_where_mux_deletes_them_meanwhile(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.view_rows = [*self.crowd(), view("new", NOW - HOUR)]

        def delete(_: object) -> None:
            sandbox.options.retention_days = 0.5

        sandbox.faults.add(lambda request: request.page == self.MAX // 100 + 2, action=delete)
        records = read(sandbox, start_date=self.DATES["start_date"]).records("video_views")
        assert {"before-0", "new"} < set(ids(records)) < set(ids(world.view_rows))
        assert not repeated(records)
        warnings = [each for each in caplog.messages if "are gone: Mux no longer keeps" in each]
        assert warnings
        assert f"from {tap_time(self.SECOND - 1)[:19]}Z" in warnings[0]

    def test_without_an_end_fail(
        self, world: ExplicitWorld, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(window_reading, "MAX_CROWD", self.MAX + 100)
        world.view_rows = self.crowd()
        with pytest.raises(MuxError, match=r"more than 400 views that ended from 20.*Z to 20"):
            read(sandbox, **self.DATES)
