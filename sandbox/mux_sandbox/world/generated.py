"""A believable world, made from a seed: records depend only on seed and time.

Each hour or day has its own random numbers. So the world can make any period without the
periods before it, and a restart changes nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.assets import Asset, Assets
from mux_sandbox.world.deliveries import Deliveries
from mux_sandbox.world.tables import Tables
from mux_sandbox.world.views import Views, hour_of
from mux_sandbox.world.vocabulary import AWKWARD_TITLES

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_KEPT_WINDOWS = 8
_DAYS_WATCHED = 30


class _Snapshot(NamedTuple):
    """An answer and the period in which it is valid."""

    since: float
    until: float
    rows: list[Row]


class GeneratedWorld:
    """An endless world; it gives the same list object until something changes."""

    def __init__(self, seed: int = 1, assets: int = 3000, views_per_day: int = 400) -> None:
        """Set the size: the approximate numbers of visible assets and of views per day."""
        self._assets = Assets(seed, assets)
        self._views = Views(seed, views_per_day, lru_cache(maxsize=256)(self._watched_on))
        self._deliveries = Deliveries(seed, views_per_day, self._assets)
        self._tables = Tables(seed, self._assets)
        self._asset_by_title = lru_cache(maxsize=256)(self._assets_watched_on)
        self._snapshots: dict[object, _Snapshot] = {}

    def assets(self, now: float) -> list[Row]:
        """Give all assets visible at `now`."""
        return self._remembered("assets", now) or self._remember(
            "assets", now, self._assets.visible(now)
        )

    def views(self, start: int, end: int, now: float) -> list[Row]:
        """Give the views visible at `now` with start <= view_end <= end, oldest first."""
        return self._remembered((start, end), now) or self._remember(
            (start, end), now, self._views.visible(start, end, now)
        )

    def view(self, identifier: str, now: float) -> Row | None:
        """Find the view with an id, as visible at `now`."""
        return self._views.find(identifier, now)

    def known_details(self, row: Row) -> Row:
        """Give the video of a view, if it is an asset of this environment."""
        asset = self._asset_by_title((hour_of(row["id"]) or 0) // 24).get(row["video_title"])
        return {} if asset is None else asset.as_watched(row["view_end"])

    def rows(self, table: str, now: float) -> list[Row]:
        """Give all records of a smaller table visible at `now`."""
        return self._tables.rows(table, now)

    def deliveries(self, start: int, end: int, now: float) -> list[Row]:
        """Give the deliveries of the hours with start <= hour < end."""
        key = ("deliveries", start, end)
        return self._remembered(key, now) or self._remember(
            key, now, self._deliveries.visible(start, end, now)
        )

    def _watched_on(self, day: int) -> list[str | None]:
        titles = self._assets.titles(range(day, day - _DAYS_WATCHED, -1))
        # Some views are of other videos, or have no title.
        elsewhere = AWKWARD_TITLES[day % len(AWKWARD_TITLES)]
        return [*titles[:9], elsewhere, *titles[9:], "", None]

    def _assets_watched_on(self, day: int) -> dict[str, Asset]:
        days = range(day - _DAYS_WATCHED + 1, day + 1)
        return {asset.title: asset for born in days for asset in self._assets.born_on(born)}

    def _remembered(self, key: object, now: float) -> list[Row] | None:
        snapshot = self._snapshots.get(key)
        if snapshot is not None and snapshot.since <= now < snapshot.until:
            return snapshot.rows
        return None

    def _remember(self, key: object, now: float, answer: tuple[list[Row], float]) -> list[Row]:
        rows, until = answer
        self._snapshots.pop(key, None)
        self._snapshots[key] = _Snapshot(now, until, rows)
        if len(self._snapshots) > _KEPT_WINDOWS:
            del self._snapshots[next(iter(self._snapshots))]
        return rows
