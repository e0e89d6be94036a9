"""IDs that an answer gives must not change which endpoint is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tests.support.days import TODAY
from tests.support.records import DAY, HOUR, NOW, tap_time, view
from tests.support.tapping import Output, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox

LEADS_ELSEWHERE = (".", "..", "../..", "a/../..", "..\\a")


@pytest.fixture(params=LEADS_ELSEWHERE)
def bad(request: pytest.FixtureRequest) -> str:
    """Give an ID that leads elsewhere."""
    return str(request.param)


def asked(sandbox: Sandbox) -> set[str]:
    """Return what was asked for, besides the environment."""
    return {request.path for request in sandbox.requests} - {"/system/v1/whoami"}


def test_views_are_left_out_with_a_warning(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, bad: str
) -> None:
    world.view_rows = [view(name, NOW - 3 * HOUR) for name in ("one", bad, "two")]
    output = run_tap(sandbox, "video_view_details", start_date=tap_time(NOW - DAY))
    found = [record["id"] for record in output.records("video_view_details")]
    assert sorted(found) == ["one", "two"]
    path = "/data/v1/video-views"
    assert asked(sandbox) == {path, f"{path}/one", f"{path}/two"}
    assert f"may lack records: Mux listed the ID {bad!r}, which GET {path}/" in caplog.text


@pytest.mark.parametrize("stream", ["video_heatmaps", "video_hotspots"])
def test_what_was_watched_is_left_out_with_a_warning(
    world: ExplicitWorld,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    stream: str,
    bad: str,
) -> None:
    names = ("one", bad, "a/two")
    world.view_rows = [view(name, TODAY - HOUR) for name in names]
    world.view_details = {
        name: {"video_id": name, "video_duration": 60_000, "view_max_playhead_position": 30_000}
        for name in names
    }
    output = run_tap(sandbox, stream, start_date=tap_time(TODAY - DAY))
    assert {record["video_id"] for record in output.records(stream)} == {"one", "a/two"}
    (kind,) = {path.rpartition("/")[2] for path in asked(sandbox) if "engagement" in path}
    assert {path for path in asked(sandbox) if "engagement" in path} == {
        f"/data/v1/engagement/videos/{name}/{kind}" for name in ("one", "a/two")
    }
    assert f"{stream} lacks records: Mux listed the ID {bad!r}" in caplog.text


@pytest.mark.parametrize(
    ("stream", "path"),
    [
        ("asset_inputs", "/video/v1/assets"),
        ("related_incidents", "/data/v1/incidents"),
        ("directive_runs", "/robots/v0/directives"),
        ("robot_jobs", "/robots/v0/jobs"),
    ],
)
def test_lists_that_only_mux_writes_fail_and_the_other_streams_go_on(
    world: ExplicitWorld, sandbox: Sandbox, stream: str, path: str
) -> None:
    row: dict[str, Any] = {"id": "..", "workflow": "summarize", "updated_at": NOW - HOUR}
    sandbox.faults.add(lambda request: request.path == path, action=Answer(200, {"data": [row]}))
    world.tables["uploads"] = [{"id": "upload"}]
    output = Output()
    with pytest.raises(MuxError, match=rf"{stream} failed: Mux listed the ID .* cannot ask for"):
        run_tap(sandbox, stream, "uploads", output=output)
    assert output.records("uploads")
    assert asked(sandbox) == {path, "/video/v1/uploads"}
