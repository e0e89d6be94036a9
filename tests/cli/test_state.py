"""The state that a run is given."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.api.errors import MuxError
from tap_mux.streams import ALL_STREAMS
from tests.support.log import one_line, warnings_in
from tests.support.records import DAY, HOUR, NOW, tap_time, view, views
from tests.support.tapping import Output, bookmark, run_tap, run_with

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

STREAMS = {stream.name: stream for stream in ALL_STREAMS}
PAST: dict[str, Any] = {
    "start_date": tap_time(NOW - 30 * DAY),
    "end_date": tap_time(NOW - 10 * DAY),
}


class TestState:
    """The file with the state, and its bookmarks."""

    @pytest.mark.parametrize(
        ("state", "message"),
        [
            ("", "The file with the state is empty"),
            ("banana", "The file with the state is no JSON"),
            ('{"bookmarks": {}}\n{"bookmarks": {}}\n', "Keep its last line alone: /"),
            ("[]", "The file with the state is no JSON object"),
            ('{"bookmarks": null}', "The state is not one that this tap has written"),
            ('{"bookmarks": {"x": {"partitions": [{}]}}}', "The state is not one"),
            ('{"bookmarks": {"x": []}}', "The state is not one that this tap has written"),
            ('{"type": "STATE", "value": [1]}', "The state is not one that this tap has written"),
            (
                '{"bookmarks": {"x": {"partitions": [{"context": {}}, {"context": {}}]}}}',
                "The state of x has a partition twice. Fix or delete it",
            ),
        ],
    )
    def test_an_invalid_state(
        self, tmp_path: Path, sandbox: Sandbox, state: str, message: str
    ) -> None:
        done = run_with(tmp_path, sandbox, "--state", state)
        assert done.returncode == 1
        assert message in one_line(done.stderr)
        assert done.stdout == ""

    @pytest.mark.parametrize("value", ["banana", 7.5, [1]])
    def test_an_invalid_bookmark_stops_only_its_stream(
        self, world: ExplicitWorld, sandbox: Sandbox, value: Any
    ) -> None:
        world.view_rows = views(3, NOW - 2 * HOUR, 1)
        first = run_tap(sandbox)
        state = first.states[-1]
        part = state["bookmarks"]["video_views"]["partitions"][0]
        part["replication_key_value"] = value
        output = Output()
        settings = {"start_date": view(0, NOW - 30 * HOUR)["view_end"]}
        if value == 7.5:  # accepted, as seconds since 1970
            run_tap(sandbox, state=state, output=output, **settings)
            assert len(output.records("video_views")) == 3
            return
        with pytest.raises(MuxError, match=r"^video_views failed: The state of video_views is not"):
            run_tap(sandbox, state=state, output=output, **settings)
        assert output.schema("errors")

    def test_a_null_bookmark_is_no_bookmark(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = views(3, NOW - 2 * HOUR, 1)
        state = run_tap(sandbox, "video_views").states[-1]
        state["bookmarks"]["video_views"]["partitions"][0]["replication_key_value"] = None
        output = run_tap(sandbox, "video_views", state=state)
        assert len(output.records("video_views")) == 3

    @pytest.mark.parametrize(
        "wrapped",
        [
            lambda state: {"type": "STATE", "value": state},
            lambda state: {"singer_state": state},
            lambda state: {"completed": {"singer_state": state}, "partial": {}},
        ],
    )
    def test_a_state_in_its_wrapping_is_understood(
        self, world: ExplicitWorld, sandbox: Sandbox, wrapped: Any
    ) -> None:
        world.view_rows = views(3, NOW - 2 * HOUR, 1)
        state = run_tap(sandbox, "video_views").states[-1]
        again = run_tap(sandbox, "video_views", state=wrapped(state), lookback_seconds=0)
        assert len(again.records("video_views")) == 1  # the one at the bookmark
        assert again.states[-1] == state

    @pytest.mark.parametrize(("seconds", "times"), [(0, 0), (1, 1), (60, 1), (10**9, 1)])
    @pytest.mark.parametrize(
        "stream", ["video_views", "monitoring_timeseries", "exported_video_views", "usage_exports"]
    )
    def test_a_bookmark_in_the_future_is_told_once(
        self,
        sandbox: Sandbox,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
        stream: str,
        seconds: int,
        times: int,
    ) -> None:
        sandbox.options.clock = lambda: float(NOW)
        monkeypatch.setattr("tap_mux.clock.epoch_now", sandbox.options.clock)
        state = run_tap(sandbox, stream).states[-1]
        part = state["bookmarks"][stream]["partitions"][0]
        part["replication_key"] = STREAMS[stream].replication_key
        part["replication_key_value"] = tap_time(NOW + seconds)
        run_tap(sandbox, stream, state=state)
        assert caplog.text.count(f"The bookmark of {stream}") == times
        assert caplog.text.count("lies in the future, so nothing is read until then") == times


class TestLessThanExpected:
    """A state and a range of time that make a run read less than its user may think."""

    @pytest.mark.parametrize(
        ("state", "message"),
        [
            (
                {"bookmarks": {"orders": {"replication_key_value": 1}, "assets": {}, "aa": {}}},
                "The state has bookmarks of streams that do not exist: aa, orders. If it is the",
            ),
            (
                {"orders": "2026-01-01"},
                "The state has no bookmarks, so all is read from the beginning. Pass the last",
            ),
            ({}, None),
            ({"bookmarks": {}}, None),
        ],
    )
    def test_a_state_of_another_tap(
        self, tmp_path: Path, sandbox: Sandbox, state: dict[str, Any], message: str | None
    ) -> None:
        done = run_with(tmp_path, sandbox, "--state", state)
        assert done.returncode == 0
        lines = warnings_in(done.stderr)
        assert len(lines) == (message is not None)
        assert all(f"| {message}" in line for line in lines)

    @pytest.mark.parametrize(("days", "warns"), [(1, True), (-1, False)])
    def test_a_start_date_in_the_future(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, days: int, *, warns: bool
    ) -> None:
        output = run_tap(sandbox, "video_views", start_date=tap_time(int(time.time()) + days * DAY))
        assert ("start_date lies in the future" in caplog.text) == warns
        assert (bookmark(output.states[-1]) is None) == warns

    def test_a_backfill_before_the_bookmark(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.view_rows = [view("old", NOW - 20 * DAY), view("new", NOW - 2 * HOUR)]
        streams = ("video_views", "errors", "assets")
        state = run_tap(sandbox, *streams).states[-1]
        caplog.clear()
        output = run_tap(sandbox, *streams, state=state, **PAST)
        lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        (line,) = lines
        assert line.startswith(
            "Nothing is read of errors, video_views: end_date lies before their bookmarks in the "
            "state. To read that time again, run without the state"
        )
        assert output.records("video_views") == []
        assert bookmark(output.states[-1]) == bookmark(state)
        caplog.clear()
        (record,) = run_tap(sandbox, "video_views", **PAST).records("video_views")
        assert record["id"] == "old"
        assert "Nothing is read" not in caplog.text

    def test_a_backfill_of_what_a_new_metric_lacks(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        state = run_tap(sandbox, "metric_overall", metrics=[{"metric": "views"}]).states[-1]
        metrics = [{"metric": "views"}, {"metric": "playing_time"}]
        run_tap(sandbox, "metric_overall", state=state, metrics=metrics, **PAST)
        assert "Nothing is read" not in caplog.text
