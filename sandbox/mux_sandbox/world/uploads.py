"""Generated uploads, with and without an asset."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.asset_settings import sample_settings, settings_of
from mux_sandbox.world.assets import KEPT_DAYS
from mux_sandbox.world.dice import Dice

if TYPE_CHECKING:
    from mux_sandbox.world.assets import Asset, Assets
    from mux_sandbox.world.interface import Row

_DAY = 86_400
_ORIGINS = ("https://studio.example.com", "https://example.com/", "http://localhost:3000", "*")
_ERRORS: tuple[Row, ...] = (
    {"type": "invalid_input", "message": "The file is no video."},
    {"type": "invalid_settings", "message": "A setting of the new asset was refused:\nmeta"},
)
_WEEK = 7 * _DAY


class Upload(NamedTuple):
    """An upload. It shows from `opened` on, and waits until `ended`."""

    opened: int
    ended: int
    waiting: Row
    final: Row


class Uploads:
    """All uploads of a world, made day by day on demand."""

    def __init__(self, seed: int, assets: Assets) -> None:
        """Keep the assets."""
        self._seed = seed
        self._assets = assets
        self._opened_for = lru_cache(maxsize=None)(self._make_day)

    def visible(self, now: float) -> tuple[list[Row], float]:
        """Give all records, newest first, and until when they are valid."""
        today = int(now // _DAY)
        rows: list[Row] = []
        stays = math.inf
        # An upload may be opened on the day before its asset.
        for day in range(today + 1, today - KEPT_DAYS - 1, -1):
            for upload in self._opened_for(day):
                if now < upload.opened:
                    stays = min(stays, upload.opened)
                elif now < upload.ended:
                    stays = min(stays, upload.ended)
                    rows.append(upload.waiting)
                else:
                    rows.append(upload.final)
        return rows, min(stays, (today + 1) * _DAY)

    def _make_day(self, day: int) -> list[Upload]:
        born = self._assets.born_on(day)
        found = [self._used(asset) for asset in born if "upload_id" in asset.finished]
        if born:
            found += self._unused(day)
        return sorted(found, key=lambda upload: upload.opened, reverse=True)

    def _used(self, asset: Asset) -> Upload:
        row = asset.finished
        dice = Dice(self._seed, "upload", row["upload_id"])
        settings = settings_of(row)
        base: Row = {
            "id": row["upload_id"],
            "timeout": 3600,
            "cors_origin": dice.pick(_ORIGINS),
            "new_asset_settings": settings,
        }
        if row.get("test"):
            base["test"] = True
        opened = asset.created - dice.between(20, 900)
        made = base | {"status": "asset_created", "asset_id": row["id"]}
        return Upload(opened, asset.created, _waiting(base, opened, dice), made)

    def _unused(self, day: int) -> list[Upload]:
        dice = Dice(self._seed, "unused uploads", day)
        if day % 3:
            return []
        opened = day * _DAY + dice.between(6 * 3600, 20 * 3600)
        # Every sixth day, an upload with a timeout of a week begins; nobody uses it.
        number = day // 3
        timeout = _WEEK if number % 2 else dice.pick((3600, _DAY))
        base: Row = {
            "id": dice.identifier(),
            "timeout": timeout,
            "cors_origin": dice.pick(_ORIGINS),
            "new_asset_settings": sample_settings(self._seed, number, dice),
        }
        if number % 5 == 4:  # noqa: PLR2004 - as the settings say
            base["test"] = True
        ended, final = opened + timeout, base | {"status": "timed_out"}
        if number % 4 == 0:
            ended, final = opened + dice.between(60, 3000), base | {"status": "cancelled"}
        elif number % 4 == 2:  # noqa: PLR2004
            ended = opened + dice.between(60, 3000)
            final = base | {"status": "errored", "error": dice.pick(_ERRORS)}
        return [Upload(opened, ended, _waiting(base, opened, dice), final)]


def _waiting(base: Row, opened: int, dice: Dice) -> Row:
    signature = dice.identifier(128)
    url = (
        f"https://uploads.example.com/{base['id']}?Expires={opened + base['timeout']}"
        f"&GoogleAccessId=uploader&Signature={signature}&upload_id={dice.identifier(64)}"
    )
    return base | {"status": "waiting", "url": url}
