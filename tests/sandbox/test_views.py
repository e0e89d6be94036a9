"""Single views agree with their records in the list, and filters find them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mux_python
import pytest

from mux_sandbox import ExplicitWorld
from mux_sandbox.details import detail
from tests.sandbox.api import DAY, NOW, VIEWS, iso, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import Row
    from tests.sandbox.api import Api


def test_a_single_view_agrees_with_its_listed_record(generated: Api) -> None:
    for row in generated.data(VIEWS, limit=100):
        body = generated.body(f"{VIEWS}/{row['id']}")
        single = body["data"]
        assert body["total_row_count"] is None
        assert body["timeframe"] == [NOW - DAY, NOW]
        score = row.pop("viewer_experience_score")
        del row["total_row_count"]
        assert {name: single[name] for name in row} == row
        assert single["viewer_experience_score"] == (score if score is None else str(score))
        assert single["view_id"] == single["id"]
        assert single["environment_id"] == "sandbox-environment"


def test_a_single_view_is_consistent(generated: Api) -> None:
    assets: dict[str, Row] = {}
    for page in range(1, 40):
        assets |= {
            row["id"]: row for row in generated.data("/video/v1/assets", page=page, limit=100)
        }
    singles = generated.details()
    assert len({single["mux_viewer_id"] for single in singles}) < len(singles)
    known = 0
    for single in singles:
        assert 193 <= len(single) <= 194
        assert ("player_error_context" in single) == (single["player_error_code"] is not None)
        asset = assets.get(single["asset_id"])
        if asset:
            known += 1
            assert single["video_stream_type"] in {"live", "on-demand"}
            ids = [one["id"] for one in asset.get("playback_ids", [])]
            assert not ids or single["playback_id"] in ids
        moments = [event["event_time"] for event in single["events"]]
        assert moments == sorted(moments)
        assert iso(moments[0] / 1000) == single["view_start"]
        assert iso(moments[-1] / 1000) <= single["view_end"]
        if single["watch_time"] is None:
            assert single["view_playing_time"] is None
            continue
        assert 0 <= int(single["view_playing_time"]) <= single["watch_time"]
        assert 0 <= float(single["rebuffer_percentage"]) <= 1
        assert single["playback_score"] == ("0.0" if single["playback_failure"] else "1.0")
    assert known > len(singles) / 2


def test_fields_have_the_documented_types(generated: Api) -> None:
    types = {"str": str, "int": int, "bool": bool, "float": float}
    declared = mux_python.VideoView.openapi_types
    singles = generated.details()
    assert not set(declared) - set().union(*singles)
    for single in singles:
        for name, value in single.items():
            kind = types.get(declared.get(name), list)
            if name in declared and value is not None:
                assert type(value) is kind, name
    always = {"watched", "view_id", "session_id", "mux_viewer_id", "property_id", "view_dropped"}
    assert not [name for single in singles for name in always if single[name] is None]


def test_the_same_row_has_the_same_details(serve: Callable[..., Api]) -> None:
    rows = [view("bare", NOW - 60), {"id": "barest", "view_end": "2026-09-22T09:00:00.940Z"}]
    api = serve(ExplicitWorld(views=rows))
    for row in rows:
        single = api.data(f"{VIEWS}/{row['id']}")
        assert single == detail(row)
        assert len(single) == 193


def test_details_can_be_set(serve: Callable[..., Api]) -> None:
    row = view("v", NOW - 60, cdn="of the row")
    world = ExplicitWorld(views=[row], view_details={"v": {"custom_1": None, "brand_new": [1]}})
    single = serve(world).data(f"{VIEWS}/v")
    assert (single["cdn"], single["custom_1"], single["brand_new"]) == ("of the row", None, [1])
    world.view_details["v"] = {"id": "another", "cdn": "set"}
    single = serve(world).data(f"{VIEWS}/v")
    assert (single["id"], single["cdn"]) == ("another", "set")


def test_unknown_views(serve: Callable[..., Api], generated: Api) -> None:
    old = view("old", NOW - 101 * DAY)
    api = serve(ExplicitWorld(views=[old]))
    for missing in ("old", "unknown"):
        assert api.refused(f"{VIEWS}/{missing}") == (404, "not_found")
    assert generated.get(f"{VIEWS}/unknown").status_code == 404
    assert generated.get(f"{VIEWS}/x").status_code == 404


def test_views_are_filtered(generated: Api) -> None:
    singles = generated.details()

    def found(**params: Any) -> set[str]:
        return {row["id"] for row in generated.data(VIEWS, limit=100, **params)}

    def expected(condition: Callable[[Row], object]) -> set[str]:
        return {single["id"] for single in singles if condition(single)}

    viewer = singles[0]["mux_viewer_id"]
    assert found(viewer_id=viewer) == expected(lambda v: v["mux_viewer_id"] == viewer)
    assert found(error_id="any") == expected(lambda v: v["error_type_id"] is not None)
    assert found(error_id=310) == expected(lambda v: v["error_type_id"] == 310)
    assert found(filters__="country:DE") == expected(lambda v: v["country_code"] == "DE")
    assert found(filters__=["country:DE", "country:FR", "browser:Chrome"]) == expected(
        lambda v: v["country_code"] in {"DE", "FR"} and v["viewer_application_name"] == "Chrome"
    )
    assert found(filters__=["country:DE", "!browser:Chrome"]) == expected(
        lambda v: v["country_code"] == "DE" and v["viewer_application_name"] != "Chrome"
    )
    assert found(filters__="+video_cdn_trace:cdn_b") == expected(
        lambda v: "cdn_b" in v["video_cdn_trace"]
    )
    assert found(filters__="video_cdn_trace:[]") == expected(lambda v: not v["video_cdn_trace"])
    assert found(metric_filters__="video_startup_time>=3000") == expected(
        lambda v: (v["time_to_first_frame"] or 0) >= 3000
    )
    total = generated.body(VIEWS, filters__="country:US", limit=1)["total_row_count"]
    assert total == sum(v["country_code"] == "US" for v in singles)


@pytest.mark.parametrize(
    "bad",
    [
        {"filters__": "country"},
        {"filters__": "planet:Earth"},
        {"filters__": "+country:DE"},
        {"metric_filters__": "views>3"},
        {"metric_filters__": "video_startup_time"},
        {"error_id": "some"},
    ],
)
def test_invalid_filters_are_refused(generated: Api, bad: dict[str, str]) -> None:
    assert generated.refused(VIEWS, **bad) == (400, "invalid_parameters")
