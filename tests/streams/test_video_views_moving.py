"""The stream video_views, where views move to other pages while they are read."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tap_mux.reading.windows import MAX_RECORDS
from tests.support.records import HOUR, NOW, ids, tap_time, view, views
from tests.support.tapping import repeated
from tests.support.video_views import asked, read

if TYPE_CHECKING:
    import pytest

    from mux_sandbox import ExplicitWorld, Sandbox


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
