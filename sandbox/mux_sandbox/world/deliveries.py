"""Generated delivery usage: seconds delivered of each asset in each hour."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.dice import Dice

if TYPE_CHECKING:
    from mux_sandbox.world.assets import Asset, Assets
    from mux_sandbox.world.interface import Row

_HOUR = 3600
_DAYS_WATCHED = 60
_MOST_PER_HOUR = 30
_KEPT_HOURS = 100 * 24
_TIERS = ("audio-only", "720p", "1080p", "1440p", "2160p")


class _Delivery(NamedTuple):
    asset: Asset
    row: Row
    """The record until the asset is deleted."""


class Deliveries:
    """All that was delivered in a world, made hour by hour on demand."""

    def __init__(self, seed: int, views_per_day: int, assets: Assets) -> None:
        """Prepare; about three assets share five views."""
        self._seed = seed
        self._per_hour = min(views_per_day / 24 * 0.6, _MOST_PER_HOUR)
        self._assets = assets
        self._in_hour = lru_cache(maxsize=_KEPT_HOURS)(self._make_hour)

    def visible(self, start: int, end: int, now: float) -> tuple[list[Row], float]:
        """Give the records of start <= hour < end, and until when they are valid."""
        rows: list[Row] = []
        stays = math.inf
        first = -(-start // _HOUR)
        for number in range(first, -(-min(end, int(now)) // _HOUR)):
            for asset, row in self._in_hour(number):
                if asset.gone > now:
                    stays = min(stays, asset.gone)
                    rows.append(row)
                else:
                    deleted = {"deleted_at": str(asset.gone), "asset_state": "deleted"}
                    rows.append(row | deleted)
        if end > now:
            stays = min(stays, (now // _HOUR + 1) * _HOUR)
        return rows, stays

    def _make_hour(self, number: int) -> list[_Delivery]:
        dice = Dice(self._seed, "deliveries", number)
        found: dict[str, _Delivery] = {}
        for _ in range(int(self._per_hour + dice.random())):
            day = number // 24 - int(_DAYS_WATCHED * dice.random() ** 2)
            born = self._assets.born_on(day)
            if born:
                asset = dice.pick(born)
                there = asset.done <= number * _HOUR < asset.gone
                if there and "duration" in asset.finished:
                    found[asset.identifier] = _Delivery(asset, _row(asset, number * _HOUR, dice))
        return list(found.values())


def _row(asset: Asset, hour: int, dice: Dice) -> Row:
    shown = asset.finished
    tier = _tier(shown)
    # Nobody gets more than the picture's resolution, but many get less.
    possible = _TIERS[: _TIERS.index(tier) + 1]
    split = {
        f"tier_{name.replace('-', '_')}": round(4000 * dice.random() ** 3, 6)
        for name in possible
        if name == tier or dice.chance(0.6)
    }
    row: Row = {
        "hour": hour,
        "asset_id": shown["id"],
        "created_at": shown["created_at"],
        "asset_state": "ready",
        "asset_duration": shown["duration"],
        "asset_resolution_tier": tier,
        "asset_encoding_tier": shown.get("encoding_tier", "smart"),
        "delivered_seconds": round(sum(split.values()), 6),
        "delivered_seconds_by_resolution": split,
    }
    names = {
        "live_stream_id": "live_stream_id",
        "passthrough": "passthrough",
        "video_quality": "asset_video_quality",
    }
    return row | {said: shown[name] for name, said in names.items() if name in shown}


def _tier(shown: Row) -> str:
    """Give the tier of an asset; an old asset has none, so its tracks tell it."""
    if "resolution_tier" in shown:
        return str(shown["resolution_tier"])
    height = max((track.get("max_height", 0) for track in shown["tracks"]), default=0)
    return "1080p" if height > 720 else "720p" if height else "audio-only"  # noqa: PLR2004
