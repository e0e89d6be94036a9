"""The setting stream_params: query parameters by stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux
from tests.support.records import DAY, HOUR, NOW, asset, view
from tests.support.tapping import run_program, run_tap

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
