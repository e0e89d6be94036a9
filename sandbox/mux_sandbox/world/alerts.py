"""Generated incidents and annotations. The numbers of an open incident change."""

from __future__ import annotations

import hashlib
import math
import uuid
from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.clock_text import iso
from mux_sandbox.world.dice import Dice
from mux_sandbox.world.vocabulary import AWKWARD_TITLES, PLAYER_ERRORS, SERIES

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_HOUR = 3600
_DAY = 86_400
_KEPT_DAYS = 90
_EXPIRY = 8 * _DAY
"""An incident that is never resolved expires after this."""

_BETWEEN = 2
"""Days from one incident to the next."""

_KINDS = tuple(kind for _, _, kind in PLAYER_ERRORS if kind is not None)
_NOTES = ("Player 4.3.1 released", "CDN configuration changed", "Campaign started", "Origin moved")


class _Incident(NamedTuple):
    dice: Dice
    number: int
    started: int
    over: int
    expires: bool


def incident_rows(seed: int, now: float) -> tuple[list[Row], float]:
    """Give the incidents of the last months, newest first, and until when they are valid."""
    today = int(now // _DAY)
    rows = []
    until = math.inf
    for number in range(today // _BETWEEN + 1, (today - _KEPT_DAYS) // _BETWEEN, -1):
        incident = _draw(seed, number)
        if incident.started > now:
            until = min(until, incident.started)
            continue
        if now < incident.over:
            # The numbers of an open incident change every hour.
            passed = (now - incident.started) // _HOUR
            until = min(until, incident.over, incident.started + (passed + 1) * _HOUR)
        rows.append(_row(incident, now))
    return rows, min(until, (today + 1) * _DAY)


def annotation_rows(seed: int, now: float) -> tuple[list[Row], float]:
    """Give the annotations of the last months, newest first, and until when they are valid."""
    today = int(now // _DAY)
    until = (today + 1) * _DAY
    rows = []
    for day in range(today, today - _KEPT_DAYS, -1):
        dice = Dice(seed, "annotation", day)
        for moment in sorted(
            (day * _DAY + dice.between(0, _DAY - 1) for _ in range(2)), reverse=True
        ):
            wanted, plain = dice.chance(0.5), dice.chance(0.7)
            row = {
                "id": str(uuid.UUID(bytes=dice.randbytes(16), version=4)),
                "note": dice.pick(_NOTES if plain else AWKWARD_TITLES),
                "date": iso(moment),
                "sub_property_id": dice.pick(("news", "kids", None, None)),
            }
            if wanted and moment > now:
                until = min(until, moment)
            elif wanted:
                rows.append(row)
    return rows, until


def _draw(seed: int, number: int) -> _Incident:
    dice = Dice(seed, "incident", number)
    started = number * _BETWEEN * _DAY + dice.between(0, _BETWEEN * _DAY - 1)
    expires = dice.chance(0.15)
    length = _EXPIRY if expires else dice.between(_HOUR // 2, 3 * _DAY)
    return _Incident(dice, number, started, started + length, expires)


def _row(incident: _Incident, now: float) -> Row:
    dice, started = incident.dice, incident.started
    is_open = now < incident.over
    hours = max(1, int((min(now, incident.over) - started) // _HOUR))
    per_hour_first = dice.between(20, 90)
    per_hour = max(1, per_hour_first // hours)
    affected = sum(max(1, per_hour_first // hour) for hour in range(1, hours + 1))
    threshold = float(dice.pick((2, 5, 10)))
    kind = str(dice.pick(_KINDS))
    breakdowns = [{"id": dice.identifier(8), "name": "error_type_id", "value": kind}]
    if dice.chance(0.5):
        series = dice.pick(SERIES)
        breakdowns.append({"id": dice.identifier(8), "name": "video_series", "value": series})
    notified = [started + dice.between(30, 90), *([] if is_open else [incident.over + 4])]
    status = "open" if is_open else "expired" if incident.expires else "closed"
    return {
        "id": dice.identifier(8),
        "incident_key": hashlib.sha256(repr((incident.number, kind)).encode()).hexdigest(),
        "status": status,
        "severity": dice.pick(("warning", "alert")),
        "started_at": _precise(started),
        "resolved_at": None if is_open else _precise(incident.over),
        "measurement": "error_rate",
        "threshold": threshold,
        "measured_value": round(threshold + 20 / hours, 2),
        "measured_value_on_close": round(threshold / 10, 2) if status == "closed" else None,
        "sample_size": 100,
        "sample_size_unit": "views",
        "affected_views": affected,
        "affected_views_per_hour": per_hour,
        "affected_views_per_hour_on_open": per_hour_first,
        "impact": f"*{affected} views* were affected at a rate of *{per_hour} per hour*",
        "description": f"Error rate above {threshold:g} %",
        "error_description": f"Error type {kind}",
        "breakdowns": breakdowns,
        "notifications": [
            {
                "id": incident.number * 10 + place,
                "queued_at": _precise(moment),
                "attempted_at": _precise(moment, ".204117"),
            }
            for place, moment in enumerate(notified)
        ],
        "notification_rules": [_rule(kind, status, dice)] if dice.chance(0.4) else [],
    }


def _rule(kind: str, status: str, dice: Dice) -> Row:
    return {
        "id": dice.identifier(8),
        "property_id": "1001",
        "status": "active" if status == "open" else "inactive",
        "action": "include",
        "rules": [{"id": dice.identifier(8), "name": "error_type_id", "value": kind}],
    }


def _precise(moment: int, fraction: str = ".000000") -> str:
    return iso(moment).replace("Z", f"{fraction}Z")
