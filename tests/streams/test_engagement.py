"""Heatmaps and hotspots: one request for each item that was watched on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tests.support.days import TODAY, date
from tests.support.records import DAY, HOUR, NOW, asset, view, wire_time
from tests.support.tapping import Output, bookmark, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox
    from mux_sandbox.options import EngagementForm

START: dict[str, Any] = {"start_date": wire_time(TODAY - 3 * DAY)}


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    """Three assets: two were watched yesterday, one of them also the day before."""
    world.asset_rows = [asset(name, NOW - 9 * DAY) for name in ("a", "b", "unseen")]
    watched = {
        "v1": ("a", TODAY - HOUR),
        "v2": ("b", TODAY - 2 * HOUR),
        "v3": ("a", TODAY - 30 * HOUR),
    }
    world.view_rows = [view(name, end) for name, (_, end) in watched.items()]
    world.view_details = {
        name: {
            "asset_id": seen,
            "playback_id": f"playback-{seen}",
            "video_id": f"{seen}/1 é",
            "video_duration": 60_000,
            "view_max_playhead_position": 30_000,
        }
        for name, (seen, _) in watched.items()
    }


def engagement(sandbox: Sandbox) -> list[str]:
    """Return the paths of the requests for engagement."""
    return [request.path for request in sandbox.requests if "/engagement/" in request.path]


def test_only_watched_assets_are_requested(sandbox: Sandbox) -> None:
    records = run_tap(sandbox, "asset_heatmaps", **START).records("asset_heatmaps")
    assert [(record["window_start"], record["asset_id"]) for record in records] == [
        (date(2), "a"),
        (date(1), "a"),
        (date(1), "b"),
    ]
    assert all(record["heatmap"] for record in records)
    assert len(engagement(sandbox)) == 3


def test_hotspots(sandbox: Sandbox) -> None:
    records = run_tap(sandbox, "asset_hotspots", **START).records("asset_hotspots")
    keys = [(record["asset_id"], record["window_start"], record["start_ms"]) for record in records]
    assert len(set(keys)) == len(keys) >= 3
    assert all(0 <= record["score"] <= 1 for record in records)


FORMS: tuple[EngagementForm, ...] = ("with_id", "with_views", "bare")


@pytest.mark.parametrize("form", FORMS)
def test_mux_answers_in_three_forms(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, form: EngagementForm
) -> None:
    sandbox.options.engagement_form = form
    output = run_tap(sandbox, "asset_heatmaps", "asset_hotspots", **START)
    heatmaps = output.records("asset_heatmaps")
    halves = [1.0] * 25 + [0.0] * 25
    assert [(r["asset_id"], r["window_start"], r["heatmap"]) for r in heatmaps] == [
        ("a", date(2), halves),
        ("a", date(1), halves),
        ("b", date(1), halves),
    ]
    hotspots = output.records("asset_hotspots")
    assert [(r["start_ms"], r["end_ms"], r["score"]) for r in hotspots] == [
        (0, 30_000, 1.0),
        (30_000, 60_000, 0.0),
    ] * 3
    views = {record.get("total_views") for record in (*heatmaps, *hotspots)}
    assert views == {1 if form == "with_views" else None}
    assert "Mux sends a field" not in caplog.text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stream", ["asset_heatmaps", "asset_hotspots"])
def test_new_fields_are_kept_in_each_form(
    sandbox: Sandbox, stream: str, form: EngagementForm
) -> None:
    new = {"new": {"a": 1}}
    is_map = stream == "asset_heatmaps"
    content: dict[str, Any] = {"hotspots": [{"start_ms": 1, "end_ms": 2, "newer": 3}]}
    if is_map:
        content = {"value" if form == "with_views" else "heatmap": [0.5]}
    data = {**content, **new, "asset_id": "a"}
    around = {"timeframe": [TODAY - DAY, TODAY]}
    body = {**data, **around} if form == "bare" else {"data": data, **around}
    sandbox.faults.add("/engagement/", times=None, action=Answer(200, body))
    records = run_tap(sandbox, stream, keep_unknown_fields=True, **START).records(stream)
    assert len(records) == 2  # the answers for the day before are for another window
    kept = new if is_map else {**new, "newer": 3}
    assert [record["unknown_fields"] for record in records] == [kept] * 2


def test_a_form_that_nobody_knows_is_an_error(sandbox: Sandbox) -> None:
    sandbox.faults.add("/heatmap", times=None, action=Answer(200, {"warmth": [1]}))
    with pytest.raises(MuxError, match="JSON that is not what the API describes"):
        run_tap(sandbox, "asset_heatmaps", max_attempts=1, **START)


def test_a_deleted_asset_is_left_out(sandbox: Sandbox) -> None:
    sandbox.faults.add("/assets/a/heatmap", times=None, action=Answer(404))
    records = run_tap(sandbox, "asset_heatmaps", **START).records("asset_heatmaps")
    assert [record["asset_id"] for record in records] == ["b"]


def test_an_asset_id_that_mux_refuses_is_left_out(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    no = {"error": {"type": "invalid_parameters", "messages": ["Asset id was invalid"]}}
    sandbox.faults.add("/assets/a/heatmap", times=None, action=Answer(400, no))
    records = run_tap(sandbox, "asset_heatmaps", **START).records("asset_heatmaps")
    assert [record["asset_id"] for record in records] == ["b"]
    assert "asset_heatmaps lacks the asset_id 'a'" in caplog.text


def test_not_available(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    sandbox.faults.add("/engagement/", times=None, action=Answer(404))
    assert run_tap(sandbox, "asset_heatmaps", **START).records("asset_heatmaps") == []
    assert "Skipped asset_heatmaps, which is not available" in caplog.text


@pytest.mark.parametrize("status", [400, 404])
def test_a_later_run_that_finds_nothing_fails_and_leaves_the_bookmark(
    sandbox: Sandbox, status: int
) -> None:
    state = run_tap(sandbox, "asset_heatmaps", lookback_days=0, **START).states[-1]
    state["bookmarks"]["asset_heatmaps"]["partitions"][0]["replication_key_value"] = date(2)
    sandbox.faults.add("/engagement/", times=None, action=Answer(status))
    output = Output()
    with pytest.raises(MuxError, match=f"{status}.*An earlier run could read it"):
        run_tap(sandbox, "asset_heatmaps", state=state, output=output)
    assert bookmark(output.states[-1], "asset_heatmaps") == date(2)
    sandbox.faults.clear()
    again = run_tap(sandbox, "asset_heatmaps", state=output.states[-1])
    assert len(again.records("asset_heatmaps")) == 3


def test_deleted_assets_do_not_make_it_unavailable(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    world.view_rows.append(view("v4", TODAY - 4 * DAY))  # of what was watched lately, this is there
    world.view_details["v4"] = {**world.view_details["v1"], "asset_id": "unseen"}
    state = run_tap(sandbox, "asset_heatmaps", end_date=wire_time(TODAY - DAY), **START).states[-1]
    assert bookmark(state, "asset_heatmaps") == date(2)
    for name in ("a", "b"):
        sandbox.faults.add(f"/assets/{name}/heatmap", times=None, action=Answer(404))
    output = run_tap(sandbox, "asset_heatmaps", state=state, lookback_days=0)
    assert output.records("asset_heatmaps") == []
    assert bookmark(output.states[-1], "asset_heatmaps") == date(1)
    assert "not available" not in caplog.text


def test_what_is_not_available_has_no_bookmark(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    start = wire_time(TODAY - 9 * DAY)  # nothing was watched on the first days
    sandbox.faults.add("/engagement/", times=None, action=Answer(404))
    state: dict[str, Any] | None = None
    for _ in range(2):
        output = run_tap(sandbox, "asset_heatmaps", start_date=start, state=state)
        state = output.states[-1]
        assert bookmark(state, "asset_heatmaps") is None
    assert caplog.text.count("Skipped asset_heatmaps, which is not available") == 2


def test_days_on_which_nothing_was_watched_are_not_read_again(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.view_rows = []
    state = run_tap(sandbox, "asset_heatmaps", **START).states[-1]
    assert bookmark(state, "asset_heatmaps") == date(1)
    sandbox.requests.clear()
    run_tap(sandbox, "asset_heatmaps", state=state, lookback_days=0)
    assert len(sandbox.requests_to("/data/v1/metrics/views/breakdown")) == 1


STREAMS = {
    "asset_heatmaps": ("assets", "asset_id", "{}"),
    "asset_hotspots": ("assets", "asset_id", "{}"),
    "playback_id_heatmaps": ("playback-ids", "playback_id", "playback-{}"),
    "playback_id_hotspots": ("playback-ids", "playback_id", "playback-{}"),
    "video_heatmaps": ("videos", "video_id", "{}/1 é"),
    "video_hotspots": ("videos", "video_id", "{}/1 é"),
}
"""The kind in the path, the column and the form of an ID, by stream."""


@pytest.mark.parametrize("stream", STREAMS)
def test_each_day_once_and_then_from_the_bookmark_on(
    world: ExplicitWorld, sandbox: Sandbox, stream: str
) -> None:
    kind, column, form = STREAMS[stream]
    path = f"/data/v1/engagement/{kind}/{{}}/{stream.rpartition('_')[2].replace('maps', 'map')}"
    first = run_tap(sandbox, stream, **START)
    expected = [(date(2), "a"), (date(1), "a"), (date(1), "b")]
    found = [(record["window_start"], record[column]) for record in first.records(stream)]
    assert list(dict.fromkeys(found)) == [(when, form.format(name)) for when, name in expected]
    # Requests that are in flight together arrive in any order.
    assert sorted(unquote(each) for each in engagement(sandbox)) == sorted(
        path.format(form.format(name)) for _, name in expected
    )
    assert bookmark(first.states[-1], stream) == date(1)
    sandbox.requests.clear()
    second = run_tap(sandbox, stream, state=first.states[-1], lookback_days=0)
    assert {record["window_start"] for record in second.records(stream)} == {date(1)}
    assert len(engagement(sandbox)) == 2
    assert bookmark(second.states[-1], stream) == date(1)


@pytest.mark.parametrize(("stream", "column"), [(s, c) for s, (_, c, _) in STREAMS.items()])
def test_what_was_watched_is_read_from_all_pages(
    world: ExplicitWorld, sandbox: Sandbox, stream: str, column: str
) -> None:
    many = {f"v{number:03}": f"seen-{number:03}" for number in range(101)}
    world.asset_rows = [asset(name, NOW - 9 * DAY) for name in many.values()]
    world.view_rows = [view(name, TODAY - HOUR) for name in many]
    length = {"video_duration": 60_000, "view_max_playhead_position": 60_000}
    world.view_details = {name: {column: seen, **length} for name, seen in many.items()}
    records = run_tap(sandbox, stream, start_date=wire_time(TODAY - DAY)).records(stream)
    assert [record[column] for record in records] == sorted(many.values())
    pages = sandbox.requests_to("/data/v1/metrics/views/breakdown")
    assert [(page.param("group_by"), page.param("page")) for page in pages] == [
        (column, "1"),
        (column, "2"),
    ]
