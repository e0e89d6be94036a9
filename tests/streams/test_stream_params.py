"""The setting stream_params: query parameters by stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux
from tests.support.records import DAY, HOUR, NOW, Row, asset, view, wire_time
from tests.support.tapping import Output, bookmark, run_program, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox

VALUES = {
    "filters[]": "country:US",
    "metric_filters[]": "video_startup_time>=1000",
    "severity": "alert",
    "incidents status": "open",
    "live_streams status": "idle",
    "robot_jobs status": "completed",
    "workflow": "summarize",
}
"""Valid values of parameters that do not accept any text, by parameter or stream and parameter."""

TOKEN = {"token_id": "id", "token_secret": "secret"}


def valid_value(stream: str, parameter: str) -> str:
    """Return a value that Mux accepts for a parameter."""
    return VALUES.get(f"{stream} {parameter}") or VALUES.get(parameter, "1")


def test_assets_of_a_live_stream(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.asset_rows = [
        asset(f"asset-{number:03}", NOW - number, live_stream_id="live" if number % 2 else "other")
        for number in range(300)
    ]
    params = {"assets": {"live_stream_id": "live"}}
    records = run_tap(sandbox, "assets", stream_params=params).records("assets")
    assert len(records) == 150
    assert {record["live_stream_id"] for record in records} == {"live"}


@pytest.mark.parametrize("stream", ["video_views", "video_view_details"])
def test_views_by_filters(world: ExplicitWorld, sandbox: Sandbox, stream: str) -> None:
    world.view_rows = [
        view(number, NOW - HOUR - number, country_code="US" if number % 3 else "DE")
        for number in range(150)
    ]
    params = {stream: {"filters[]": ["country:US"]}}
    records = run_tap(
        sandbox, stream, stream_params=params, start_date=view(0, NOW - DAY)["view_end"]
    ).records(stream)
    assert len(records) == 100
    assert {record["country_code"] for record in records} == {"US"}


GERMAN = {"filters[]": ["country:DE"]}
AMERICAN = {"filters[]": ["country:US"]}
SLOW = {"filters[]": ["country:US"], "metric_filters[]": ["video_startup_time>=0"]}


class TestChanges:
    """What an incremental stream reads after its parameters were changed."""

    @pytest.fixture(autouse=True)
    def _fill(self, world: ExplicitWorld) -> None:
        world.view_rows = [
            view(
                number,
                NOW - HOUR - number * DAY,
                country_code="US" if number % 3 else "DE",
                error_type_id=7,
            )
            for number in range(30)
        ]

    def run(self, sandbox: Sandbox, params: Row | None, state: Row | None = None) -> Output:
        """Read views, with a filter or without."""
        settings: Row = {} if params is None else {"stream_params": {"video_views": params}}
        return run_tap(sandbox, "video_views", state=state, **settings)

    @pytest.mark.parametrize("before", [None, {}, GERMAN, AMERICAN, SLOW])
    @pytest.mark.parametrize("after", [None, {}, GERMAN, AMERICAN, SLOW])
    def test_views_that_the_former_filter_left_out_come(
        self,
        sandbox: Sandbox,
        caplog: pytest.LogCaptureFixture,
        before: Row | None,
        after: Row | None,
    ) -> None:
        state = self.run(sandbox, before).states[-1]
        again = self.run(sandbox, after, state)
        is_other = (before or {}) != (after or {})
        wanted = self.run(sandbox, after)
        if is_other:
            assert again.records("video_views") == wanted.records("video_views")
        else:
            assert len(again.records("video_views")) <= 1
        assert again.states[-1] == wanted.states[-1]
        assert ("made with other stream_params" in caplog.text) == is_other

    @pytest.mark.parametrize(
        "same",
        [
            {"filters[]": "country:US", "metric_filters[]": ["video_startup_time>=0"]},
            {"metric_filters[]": ["video_startup_time>=0"], "filters[]": ["country:US"]},
            {**SLOW, "filters[]": ["country:US", "country:US"]},
        ],
    )
    def test_another_way_to_write_the_same_filter(self, sandbox: Sandbox, same: Row) -> None:
        state = self.run(sandbox, SLOW).states[-1]
        assert len(self.run(sandbox, same, state).records("video_views")) <= 1

    def test_the_state_of_an_earlier_version(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        state = self.run(sandbox, AMERICAN).states[-1]
        (partition,) = state["bookmarks"]["video_views"]["partitions"]
        assert len(partition.pop("stream_params")) == 16
        again = self.run(sandbox, AMERICAN, state)
        assert len(again.records("video_views")) == 20
        assert "video_views is read from the beginning" in caplog.text

    def test_a_state_without_a_filter_is_as_before(self, sandbox: Sandbox) -> None:
        (partition,) = self.run(sandbox, None).states[-1]["bookmarks"]["video_views"]["partitions"]
        assert partition.keys() == {"context", "replication_key", "replication_key_value"}

    def test_a_run_that_is_killed_goes_on_with_the_new_filter(self, sandbox: Sandbox) -> None:
        state = self.run(sandbox, GERMAN).states[-1]
        states = self.run(sandbox, AMERICAN, state).states
        assert len(states) == 3
        for killed in states:
            found = self.run(sandbox, AMERICAN, killed)
            assert bookmark(found.states[-1]) == bookmark(states[-1])
            reached = bookmark(killed) if killed != states[0] else None
            wanted = [
                row["id"]
                for row in self.run(sandbox, AMERICAN).records("video_views")
                if reached is None or row["view_end"] >= reached
            ]
            assert set(wanted) <= {row["id"] for row in found.records("video_views")}

    def test_each_partition_of_sums(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings: Row = {
            "dimensions": ["country", "browser"],
            "start_date": wire_time(NOW - 9 * DAY),
        }
        params: Row = {"stream_params": {"dimension_values": AMERICAN}}
        state = run_tap(sandbox, "dimension_values", **settings).states[-1]
        again = run_tap(sandbox, "dimension_values", state=state, **settings, **params)
        wanted = run_tap(sandbox, "dimension_values", **settings, **params)
        assert again.records("dimension_values") == wanted.records("dimension_values")
        assert "dimension_values, country is read from the beginning" in caplog.text
        assert "dimension_values, browser is read from the beginning" in caplog.text

    def test_full_tables_have_no_note(self, sandbox: Sandbox) -> None:
        output = run_tap(sandbox, "assets", stream_params={"assets": {"upload_id": "u"}})
        assert "stream_params" not in json.dumps(output.states[-1])


@pytest.mark.parametrize(
    ("stream", "params"),
    [
        (stream.name, {name: valid_value(stream.name, name) for name in stream.parameters})
        for stream in ALL_STREAMS
        if stream.parameters and "{" not in stream.path
    ],
)
def test_every_parameter_reaches_mux(sandbox: Sandbox, stream: str, params: dict[str, Any]) -> None:
    path = {each.name: each.path for each in ALL_STREAMS}[stream]
    for name, value in params.items():
        run_tap(sandbox, stream, stream_params={stream: {name: value}})
        assert value in sandbox.requests_to(path)[-1].params(name)


def test_from_the_environment(sandbox: Sandbox) -> None:
    params = json.dumps({"live_streams": {"status": "idle"}})
    environ = {**sandbox.environ, "TAP_MUX_STREAM_PARAMS": params}
    assert run_program("--config", "ENV", environ=environ).returncode == 0
    asked = sandbox.requests_to("/video/v1/live-streams")
    assert {request.param("status") for request in asked} == {"idle"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"assets": {"page": 2}}, "it takes live_stream_id, upload_id"),
        ({"video_views": {"timeframe[]": ["7:days"]}}, "cannot have timeframe[]"),
        ({"video_views": {"order_direction": "desc"}}, "cannot have order_direction"),
        ({"uploads": {"status": "x"}}, "it takes none"),
        ({"video_viws": {}}, "did you mean video_views?"),
        ({"assets": {"upload_id": {"a": 1}}}, "upload_id is not text"),
        ({"assets": {"upload_id": None}}, "upload_id is not text"),
    ],
)
def test_validation_errors(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigValidationError) as refusal:
        TapMux(config={**TOKEN, "stream_params": params})
    assert any(message in error for error in refusal.value.errors)
