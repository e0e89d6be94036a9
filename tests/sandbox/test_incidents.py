"""Engagement, incidents and annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox import ExplicitWorld
from tests.sandbox.api import DAY, NOW, iso, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import Row
    from tests.sandbox.api import Api


def test_engagement_of_a_video(generated: Api) -> None:
    singles = [single for single in generated.details() if single["asset_id"]]
    single = singles[0]
    kinds = {"assets": "asset_id", "playback-ids": "playback_id", "videos": "video_id"}
    for kind, key in kinds.items():
        heat = generated.data(f"/data/v1/engagement/{kind}/{single[key]}/heatmap")
        assert heat.keys() == {"heatmap", key}
        assert heat[key] == single[key]
        assert 10 <= len(heat["heatmap"]) <= 100
        assert heat["heatmap"] == sorted(heat["heatmap"], reverse=True)
        spots = generated.data(f"/data/v1/engagement/{kind}/{single[key]}/hotspots", limit=2)
        assert 1 <= len(spots["hotspots"]) <= 2
        for spot in spots["hotspots"]:
            assert 0 <= spot["start_ms"] < spot["end_ms"] <= single["video_duration"]
            assert 0 <= spot["score"] <= 1
        status = generated.get(f"/data/v1/engagement/{kind}/unknown/heatmap").status_code
        assert status == (200 if kind == "videos" else 404)


def test_engagement_in_other_forms(serve: Callable[..., Api]) -> None:
    film: Row = {"video_id": "film", "video_duration": 60_000, "view_max_playhead_position": 30_000}
    api = serve(ExplicitWorld(views=[view(str(n), NOW - 60 * n, **film) for n in range(1, 4)]))
    path = "/data/v1/engagement/videos/film"
    heat, spots = api.body(f"{path}/heatmap"), api.body(f"{path}/hotspots")
    options = api.sandbox.options
    options.engagement_form = "with_views"
    old = {"value": [1.0] * 25 + [0.0] * 25, "total_views": 3}
    assert api.body(f"{path}/heatmap") == heat | {"data": old}
    old = {"hotspots": spots["data"]["hotspots"], "total_views": 3}
    assert api.body(f"{path}/hotspots") == spots | {"data": old}
    options.engagement_form = "bare"
    bare = heat["data"] | {"timeframe": heat["timeframe"]}
    assert api.body(f"{path}/heatmap") == bare


def test_incidents(generated: Api) -> None:
    path = "/data/v1/incidents"
    body = generated.body(path, limit=100)
    rows = body["data"]
    assert body["total_row_count"] == len(rows)
    starts = [row["started_at"] for row in rows]
    assert starts == sorted(starts, reverse=True)
    assert {row["status"] for row in rows} == {"open", "closed", "expired"}
    for row in rows:
        assert (row["resolved_at"] is None) == (row["status"] == "open")
    closed = generated.data(path, status="closed", severity="alert", limit=100)
    assert closed == [r for r in rows if (r["status"], r["severity"]) == ("closed", "alert")]
    assert generated.data(f"{path}/{rows[3]['id']}") == rows[3]
    related = generated.data(f"{path}/{rows[3]['id']}/related", limit=100)
    assert rows[3] not in related
    assert {row["id"] for row in related} < {row["id"] for row in rows}
    assert generated.get(f"{path}/unknown").status_code == 404
    assert generated.get(path, status="forgotten").status_code == 400


def test_incidents_and_annotations_can_be_given(serve: Callable[..., Api]) -> None:
    incident = {"id": "i", "started_at": "2026-09-01T00:00:00.000000Z", "status": "open"}
    notes = [
        {"id": str(n), "date": iso(NOW - n * DAY), "note": "", "sub_property_id": None}
        for n in range(4)
    ]
    api = serve(ExplicitWorld(incidents=[incident], annotations=notes))
    assert api.data("/data/v1/incidents") == [incident]
    body = api.body("/data/v1/annotations", timeframe__="2:days", order_direction="asc")
    assert body == {
        "data": [notes[2], notes[1], notes[0]],
        "total_row_count": 3,
        "timeframe": [NOW - 2 * DAY, NOW],
    }
    assert api.data("/data/v1/annotations") == notes[:2]
    assert api.data("/data/v1/annotations/3") == notes[3]
    assert api.get("/data/v1/annotations/9").status_code == 404
