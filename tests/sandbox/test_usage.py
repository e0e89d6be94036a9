"""Delivery usage and usage exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import ExplicitWorld, GeneratedWorld
from tests.sandbox.api import DAY, HOUR, NOW, USAGE, USAGE_EXPORTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import Row
    from tests.sandbox.api import Api


def delivered(name: str, hour: int, seconds: float, **more: Any) -> Row:
    split = {"tier_720p": seconds} if seconds else {}
    return {
        "asset_id": name,
        "hour": hour,
        "delivered_seconds": seconds,
        "delivered_seconds_by_resolution": split,
        **more,
    }


def test_delivery_usage_is_summed_over_the_timeframe(serve: Callable[..., Api]) -> None:
    begin = NOW - 3 * DAY
    rows = [
        delivered("a", begin, 10.25),
        delivered("a", begin + HOUR, 20.5),
        delivered("a", begin + 2 * HOUR, 900),
        delivered("b", begin, 500, live_stream_id="s"),
        delivered("c", begin, 0),
    ]
    api = serve(ExplicitWorld(delivery_usage=rows))
    window = [begin, begin + 2 * HOUR]
    body = api.body(USAGE, timeframe__=window)
    assert body == {
        "timeframe": window,
        "page": 1,
        "limit": 100,
        "data": [
            {
                "asset_id": "b",
                "live_stream_id": "s",
                "delivered_seconds": 500,
                "delivered_seconds_by_resolution": {"tier_720p": 500},
            },
            {
                "asset_id": "a",
                "delivered_seconds": 30.75,
                "delivered_seconds_by_resolution": {"tier_720p": 30.75},
            },
        ],
    }
    assert api.data(USAGE, asset_id="a", timeframe__=window) == body["data"][1:]
    assert api.data(USAGE, live_stream_id="s", timeframe__=window) == body["data"][:1]
    assert api.data(USAGE, page=2, limit=1, timeframe__=window) == body["data"][1:]
    assert api.data(USAGE, page=3, timeframe__=window) == []


def test_delivery_usage_is_delayed(serve: Callable[..., Api]) -> None:
    hours = [NOW - back * HOUR for back in range(11, 16)]
    rows = [delivered(str(hour), hour, 1) for hour in hours]
    api = serve(ExplicitWorld(delivery_usage=rows))
    api.move_to(NOW + 635)
    body = api.body(USAGE)
    assert body["timeframe"] == [NOW - 13 * HOUR, NOW - 12 * HOUR]
    assert [row["asset_id"] for row in body["data"]] == [str(NOW - 13 * HOUR)]
    window = [NOW - DAY, NOW]
    assert len(api.data(USAGE, timeframe__=window)) == 3
    api.move_to(NOW + HOUR)
    assert len(api.data(USAGE, timeframe__=window)) == 4


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"timeframe__": "24:hours"}, "invalid_parameters"),
        ({"timeframe__": [NOW, NOW - 1]}, "invalid_parameters"),
        ({"timeframe__": [NOW - 90 * DAY - 1, NOW]}, "invalid_timeframe"),
        ({"asset_id": "a", "live_stream_id": "b"}, "invalid_parameters"),
    ],
)
def test_delivery_usage_refuses(generated: Api, params: dict[str, Any], kind: str) -> None:
    assert generated.refused(USAGE, **params) == (400, kind)


def test_usage_exports(generated: Api) -> None:
    body = generated.body(USAGE_EXPORTS)
    assert body["meta"] == {"page": 1, "pages": 16, "limit": 25, "total": 400}
    first = body["data"][0]
    assert first["date"] == "2026-09-21"
    assert first["download_url_expires_at"] == NOW + HOUR
    assert "X-Amz-Expires=3600&X-Amz-Signature=" in first["download_url"]
    brief = generated.data(USAGE_EXPORTS, download_url_ttl=60)[0]
    assert brief["download_url_expires_at"] == NOW + 60
    assert generated.data(USAGE_EXPORTS, page=17) == []
    week = generated.data(USAGE_EXPORTS, timeframe__="7:days")
    assert [row["date"] for row in week] == [f"2026-09-{day}" for day in range(21, 14, -1)]
    pair = generated.body(USAGE_EXPORTS, timeframe__=[NOW - 3 * DAY, NOW - 2 * DAY])
    assert [row["date"] for row in pair["data"]] == ["2026-09-20", "2026-09-19"]
    assert pair["meta"]["total"] == 2


def test_usage_exports_refuse(serve: Callable[..., Api]) -> None:
    api = serve(GeneratedWorld())
    future = [NOW + DAY, NOW + 2 * DAY]
    assert api.refused(USAGE_EXPORTS, timeframe__=future) == (404, "not_found")
    for params in ({"timeframe__": "soon"}, {"download_url_ttl": 0}, {"download_url_ttl": 604_801}):
        assert api.refused(USAGE_EXPORTS, **params) == (400, "bad_request")
    api.move_to(NOW - 2 * HOUR + 60)
    assert api.refused(USAGE_EXPORTS) == (412, "precondition_failed")
    earlier = [NOW - 9 * DAY, NOW - 2 * DAY]
    assert len(api.data(USAGE_EXPORTS, timeframe__=earlier)) == 8
    api.options.usage_exports_enabled = False
    assert api.refused(USAGE_EXPORTS) == (403, "forbidden")
    assert serve(ExplicitWorld()).refused(USAGE_EXPORTS) == (404, "not_found")
