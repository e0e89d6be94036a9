"""The stream video_view_details: complete, in order, incremental."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tap_mux.reading import view_windows
from tests.support.records import HOUR, MINUTE, NOW, tap_time, view, views, wire_time
from tests.support.tapping import Output, bookmark, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox

STREAM = "video_view_details"
START: dict[str, Any] = {"start_date": wire_time(NOW - 30 * HOUR)}


def details(sandbox: Sandbox) -> list[str]:
    """Return the ids of the views that were requested one by one."""
    prefix = "/data/v1/video-views/"
    return [
        request.path.removeprefix(prefix)
        for request in sandbox.requests
        if request.path.startswith(prefix)
    ]


def test_one_request_a_view_and_several_at_a_time(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.view_rows = views(300, NOW - 20 * HOUR, 3 * MINUTE)
    sandbox.options.latency_seconds = 0.02
    output = run_tap(sandbox, STREAM, **START)
    records = output.records(STREAM)
    assert [record["id"] for record in records] == [row["id"] for row in world.view_rows]
    assert sorted(details(sandbox)) == sorted(row["id"] for row in world.view_rows)
    assert 1 < max(request.in_flight for request in sandbox.requests) <= 8
    assert records[0]["events"]
    assert len(records[0]) > 150
    assert bookmark(output.states[-1], STREAM) == tap_time(NOW - 20 * HOUR + 299 * 3 * MINUTE)


def test_state_is_written_within_a_long_window(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.view_rows = views(1100, NOW - 20 * HOUR, 20)
    states = run_tap(sandbox, STREAM, **START).states
    reached = dict.fromkeys(bookmark(state, STREAM) for state in states if state["bookmarks"])
    ends = [tap_time(NOW - 20 * HOUR + 20 * number) for number in (499, 999, 1099)]
    assert [end for end in reached if end] == ends


def test_views_that_are_too_many_for_a_window(
    world: ExplicitWorld, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_windows, "MAX_RECORDS", 100)
    world.view_rows = [view(number, NOW - 20 * HOUR) for number in range(250)]
    output = run_tap(sandbox, STREAM, **START)
    records = output.records(STREAM)
    assert [record["id"] for record in records] == [row["id"] for row in world.view_rows]
    assert sorted(details(sandbox)) == sorted(row["id"] for row in world.view_rows)
    assert bookmark(output.states[-1], STREAM) == tap_time(NOW - 20 * HOUR)


def test_second_run_reads_the_lookback_again(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.view_rows = views(10, NOW - 10 * HOUR, HOUR)
    state = run_tap(sandbox, STREAM, **START).states[-1]
    sandbox.requests.clear()
    output = run_tap(sandbox, STREAM, state=state, lookback_seconds=2 * HOUR, **START)
    assert sorted(details(sandbox)) == [row["id"] for row in world.view_rows[-3:]]
    assert bookmark(output.states[-1], STREAM) == tap_time(NOW - HOUR)


def test_a_view_that_was_reopened_does_not_move_the_bookmark_ahead(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.view_rows = [view("reopened", NOW - 20 * HOUR), view("other", NOW - 10 * HOUR)]
    world.view_details = {"reopened": {"view_end": wire_time(NOW - 5 * HOUR)}}
    output = run_tap(sandbox, STREAM, **START)
    assert bookmark(output.states[-1], STREAM) == tap_time(NOW - 10 * HOUR)

    world.view_rows[0]["view_end"] = wire_time(NOW - 5 * HOUR)
    later = run_tap(sandbox, STREAM, state=output.states[-1], **START)
    ends = {record["id"]: record["view_end"] for record in later.records(STREAM)}
    assert ends["reopened"] == tap_time(NOW - 5 * HOUR)


def test_the_id_is_that_of_the_list(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.view_rows = [view("listed", NOW - HOUR)]
    world.view_details = {"listed": {"id": "another"}}
    (record,) = run_tap(sandbox, STREAM, **START).records(STREAM)
    assert record["id"] == "listed"


def test_a_deleted_view_is_skipped(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    world.view_rows = views(5, NOW - 10 * HOUR, HOUR)
    sandbox.faults.add("video-views/view-000000", times=None, action=Answer(404))
    records = run_tap(sandbox, STREAM, **START).records(STREAM)
    assert [record["id"] for record in records] == [row["id"] for row in world.view_rows[1:]]
    assert "1 views were listed but are gone" in caplog.text


@pytest.mark.parametrize("status", [401, 403, 404])
def test_no_details_for_any_view(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    world.view_rows = views(5, NOW - 10 * HOUR, HOUR)
    sandbox.faults.add("/data/v1/video-views/", times=None, action=Answer(status))
    output = run_tap(sandbox, STREAM, **START)
    assert output.records(STREAM) == []
    assert f"Skipped {STREAM}, which is not available" in caplog.text
    assert bookmark(output.states[-1], STREAM) is None


def test_a_failed_run_is_continued(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.view_rows = views(200, NOW - 30 * HOUR + MINUTE, 8 * MINUTE)
    sandbox.faults.add("video-views/view-000190", times=1, action=Answer(400))
    output = Output()
    with pytest.raises(MuxError, match=f"{STREAM} failed"):
        run_tap(sandbox, STREAM, output=output, **START)
    read = {record["id"] for record in output.records(STREAM)}
    reached = bookmark(output.states[-1], STREAM)
    before = {row["id"] for row in world.view_rows if tap_time_of(row) <= (reached or "")}
    assert before
    assert before <= read
    rest = run_tap(sandbox, STREAM, state=output.states[-1], lookback_seconds=0, **START)
    assert read | {record["id"] for record in rest.records(STREAM)} == {
        row["id"] for row in world.view_rows
    }


def tap_time_of(row: dict[str, str]) -> str:
    """Return the view_end of a view in the format of the tap."""
    return row["view_end"].replace("Z", ".000000Z")
