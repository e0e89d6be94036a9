"""Engagement, incidents and annotations."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mux_sandbox import ExplicitWorld
from tests.sandbox.api import DAY, NOW, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.api import Api


def test_engagement_of_a_video(generated: Api) -> None:
    singles = [single for single in generated.details() if single["asset_id"]]
    asset, count = Counter(single["asset_id"] for single in singles).most_common(1)[0]
    [single, *_] = [single for single in singles if single["asset_id"] == asset]
    for kind, key in (("assets", "asset_id"), ("playback-ids", "playback_id")):
        heat = generated.data(f"/data/v1/engagement/{kind}/{single[key]}/heatmap")
        assert heat["total_views"] == count
        assert 10 <= len(heat["value"]) <= 100
        assert heat["value"] == sorted(heat["value"], reverse=True)
        spots = generated.data(f"/data/v1/engagement/{kind}/{single[key]}/hotspots", limit=2)
        assert 1 <= len(spots["hotspots"]) <= 2
        for spot in spots["hotspots"]:
            assert 0 <= spot["start_ms"] < spot["end_ms"] <= single["video_duration"]
            assert 0 <= spot["score"] <= 1
        assert generated.get(f"/data/v1/engagement/{kind}/unknown/heatmap").status_code == 404
    videos = generated.data(f"/data/v1/engagement/videos/{single['video_id']}/heatmap")
    assert videos["total_views"] == sum(s["video_id"] == single["video_id"] for s in singles)


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
