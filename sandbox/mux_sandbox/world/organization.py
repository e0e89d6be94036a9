"""Generated webhooks and usage exports."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mux_sandbox.world.dice import Dice
from mux_sandbox.world.slow_tables import DAY, entries

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_EXPORTED_DAYS = 400
_MAKING_BEGINS = 8 * 3600
"""Seconds after midnight when the file of the day before is begun."""

_MAKING_SECONDS = 300
_ADDRESSES = (
    "https://mux:{token}@hooks.example.com/mux#all",
    "https://cms.example.com/api/webhooks/{token}",
    "https://relay.example.net/in?source=mux&token={token}",
)


def webhooks(seed: int, now: float) -> tuple[list[Row], float]:
    """Give the webhooks, newest first."""
    found, until = entries(seed, "webhooks", 60, now)
    rows = []
    for number, dice, created in found:
        address = _ADDRESSES[number % len(_ADDRESSES)]
        second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(created))
        rows.append(
            {
                "id": dice.identifier(8)[:6].lower(),
                "address": address.format(token=dice.identifier(32)),
                "enabled": number % 4 != 0,
                "created_at": f"{second}.{dice.between(0, 999_999):06}Z",
            }
        )
    return rows, until


def usage_exports(seed: int, now: float) -> tuple[list[Row], float]:
    """Give the usage exports, newest first, and until when they are valid."""
    today = int(now // DAY)
    rows = []
    until = float((today + 1) * DAY)
    for day in range(today - 1, today - _EXPORTED_DAYS - 1, -1):
        begins = (day + 1) * DAY + _MAKING_BEGINS
        ready = begins + _MAKING_SECONDS
        for moment in (begins, ready):
            if moment > now:
                until = min(until, moment)
        if begins <= now:
            size = Dice(seed, "usage export", day).between(200_000, 900_000)
            # Some files have no known size.
            unknown = day % 60 == 0
            row = {
                "date": time.strftime("%Y-%m-%d", time.gmtime(day * DAY)),
                "file_size": None if unknown else size,
                "ready_at": ready,
            }
            rows.append(row)
    return rows, until
