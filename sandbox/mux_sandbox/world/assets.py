"""Generated assets: a schedule by day, and the life of each asset."""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from mux_sandbox.world.asset_rows import SHOW_SECONDS, AssetRows, Origin
from mux_sandbox.world.clock_text import iso
from mux_sandbox.world.dice import Dice
from mux_sandbox.world.vocabulary import title_of_asset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mux_sandbox.world.interface import Row

_DAY = 86_400
KEPT_DAYS = 730
"""Assets are deleted after two years."""

_MASTER_CYCLE = 14 * _DAY
"""Master files are asked for every two weeks."""

_MASTER_SECONDS = 60
_TEST_SLOT = 999


class Asset:
    """One asset and its life."""

    def __init__(self, seed: int, day: int, slot: int, kind: str) -> None:
        """Choose when the asset is created, `done` and `gone`."""
        self._birth, self._kind = (seed, day, slot), kind
        dice = Dice(seed, "asset", day, slot)
        hour = {"test": 6, "show": 8}.get(kind, dice.between(5, 21))
        self.created = day * _DAY + hour * 3600
        days = dice.between(1, 60) if dice.chance(0.04) else KEPT_DAYS
        if kind == "test":
            days = 1
        else:
            self.created += dice.between(0, 3599)
        self.gone = self.created + days * _DAY
        self._ingested = self.created + dice.between(15, 60)
        self.done = self._ingested + dice.between(20, 400)
        if kind == "show":
            self._ingested, self.done = self.created, self.created + SHOW_SECONDS

    @property
    def identifier(self) -> str:
        """The id."""
        return asset_id(*self._birth)

    @property
    def title(self) -> str:
        """The title."""
        return title_of_asset(*self._birth)

    @property
    def finished(self) -> Row:
        """The record when all work is done."""
        return self._rows.finished

    @cached_property
    def _rows(self) -> AssetRows:
        seed, day, slot = self._birth
        origin = Origin(
            seed=seed,
            identifier=asset_id(seed, day, slot),
            created=self.created,
            kind=self._kind,
            title=self.title,
            source=asset_id(seed, day - 1, 0),
        )
        return AssetRows(origin)

    def as_watched(self, view_end: str) -> Row:
        """Give the fields about this video of a view that ended at a time."""
        row = self.finished
        known = {"asset_id": row["id"]}
        if "playback_ids" in row:
            known["playback_id"] = row["playback_ids"][0]["id"]
        if "duration" in row:
            known["video_duration"] = int(row["duration"] * 1000)
        if "live_stream_id" in row and view_end < iso(self.done):
            known["live_stream_id"] = row["live_stream_id"]
        return known

    def at(self, now: float) -> tuple[Row | None, float]:
        """Give the record at a time, if any, and until when it is valid."""
        if now < self.created:
            return None, self.created
        if now >= self.gone:
            return None, math.inf
        if now < self._ingested:
            return self._rows.ingesting, self._ingested
        if now < self.done:
            return self._rows.in_work, self.done
        row, until = self._finished_at(now)
        return row, min(until, self.gone)

    def _finished_at(self, now: float) -> tuple[Row, float]:
        if not self._rows.has_master:
            return self._rows.finished, math.inf
        cycle, passed = divmod(now - self.done, _MASTER_CYCLE)
        since = int(self.done + cycle * _MASTER_CYCLE)
        if passed < _MASTER_SECONDS:
            return self._rows.with_master(since, "preparing"), since + _MASTER_SECONDS
        if passed < _DAY:
            return self._rows.with_master(since, "ready"), since + _DAY
        return self._rows.finished, since + _MASTER_CYCLE


class Assets:
    """All assets of a world, made day by day on demand."""

    def __init__(self, seed: int, size: int) -> None:
        """Prepare; `size` is about the number of visible assets."""
        self._seed = seed
        self._per_day = size / KEPT_DAYS
        self.born_on = lru_cache(maxsize=None)(self._make_day)
        """Gives the assets created on a day, newest first, also deleted ones."""

    def visible(self, now: float) -> tuple[list[Row], float]:
        """Give all records, newest first, and until when they are valid."""
        today = int(now // _DAY)
        rows = []
        stays = float((today + 1) * _DAY)
        for day in range(today, today - KEPT_DAYS - 1, -1):
            for asset in self.born_on(day):
                row, until = asset.at(now)
                stays = min(stays, until)
                if row is not None:
                    rows.append(row)
        return rows, stays

    def titles(self, days: Iterable[int]) -> list[str]:
        """Give the titles of the assets created on some days."""
        return [
            title_of_asset(self._seed, day, slot)
            for day in days
            for slot in range(self._count(day))
        ]

    def _make_day(self, day: int) -> list[Asset]:
        weekday = (day + 3) % 7 < 5  # noqa: PLR2004 - the first of 1970 was a Thursday
        born = [
            Asset(self._seed, day, slot, "show" if weekday and slot == 0 else "ordinary")
            for slot in range(self._count(day))
        ]
        if self._per_day >= 1:
            # A check creates a test asset every night.
            born.append(Asset(self._seed, day, _TEST_SLOT, "test"))
        return sorted(born, key=lambda asset: asset.created, reverse=True)

    def _count(self, day: int) -> int:
        dice = Dice(self._seed, "assets", day)
        busy = 1.15 if (day + 3) % 7 < 5 else 0.62  # noqa: PLR2004
        return int(self._per_day * busy + dice.random())


def asset_id(seed: int, day: int, slot: int) -> str:
    """Give the id of an asset without making the asset."""
    return Dice(seed, "asset id", day, slot).identifier()
