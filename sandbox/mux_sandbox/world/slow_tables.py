"""Tables that grow slowly."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.dice import Dice
from mux_sandbox.world.identities import DRM_CONFIGURATIONS, drm_configuration_id
from mux_sandbox.world.vocabulary import AWKWARD_TITLES, SERIES

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

DAY = 86_400
FOUNDED = 1_640_995_200
"""The first day of 2022; nothing is older."""

_SIGNING_KEY_DAYS = 730
_DOMAINS = ("*.example.com", "example.org", "shop.example.net", "localhost")


class Entry(NamedTuple):
    """Number and time of a record."""

    number: int
    """Counted from 1."""
    dice: Dice
    created: int


def entries(seed: int, table: str, days: int, now: float) -> tuple[list[Entry], float]:
    """Give the entries of a table, newest first, and until when they are valid.

    The table gets an entry every `days`, the first one in the first week.
    """
    found: list[Entry] = []
    number = 1
    while True:
        dice = Dice(seed, table, number)
        created = FOUNDED + (number - 1) * days * DAY + dice.between(1, 7 * DAY)
        if created > now:
            return found[::-1], created
        found.append(Entry(number, dice, created))
        number += 1


def _updated(entry: Entry, days: int, now: float) -> int:
    """Give the last update of an entry that is updated every `days`."""
    return int(now - (now - entry.created) % (days * DAY))


def playback_restrictions(seed: int, now: float) -> tuple[list[Row], float]:
    """Give all playback restrictions."""
    found, until = entries(seed, "playback restrictions", 50, now)
    rows = []
    for entry in found:
        number, dice, created = entry
        updated = _updated(entry, 240, now)
        until = min(until, updated + 240 * DAY)
        row: Row = {
            "id": dice.identifier(),
            "created_at": str(created),
            "updated_at": str(updated),
            "referrer": {
                "allowed_domains": ([], ["*"], *([name] for name in _DOMAINS))[number % 6],
                "allow_no_referrer": dice.chance(0.5),
            },
        }
        if number > 2:  # noqa: PLR2004 - the first ones are older than rules about user agents
            row["user_agent"] = {
                "allow_no_user_agent": dice.chance(0.5),
                "allow_high_risk_user_agent": dice.chance(0.3),
            }
        rows.append(row)
    return rows, until


def drm_configurations(seed: int) -> list[Row]:
    """Give the DRM configurations, which never change."""
    numbers = range(DRM_CONFIGURATIONS, 0, -1)
    return [{"id": drm_configuration_id(seed, number)} for number in numbers]


def transcription_vocabulary_id(seed: int, number: int) -> str:
    """Give the id of a vocabulary, counted from 1."""
    return Dice(seed, "vocabulary", number).identifier()


def transcription_vocabularies(seed: int, now: float) -> tuple[list[Row], float]:
    """Give all vocabularies."""
    found, until = entries(seed, "transcription vocabularies", 60, now)
    rows = []
    for entry in found:
        number, dice, created = entry
        updated = _updated(entry, 150, now)
        until = min(until, updated + 150 * DAY)
        series = SERIES[number % len(SERIES)]
        row: Row = {
            "id": transcription_vocabulary_id(seed, number),
            "created_at": str(created),
            "updated_at": str(updated),
            "phrases": [*series.split(), dice.pick(AWKWARD_TITLES)],
        }
        if dice.chance(0.8):
            row["name"] = f"Words of {series}"
        if dice.chance(0.4):
            row["passthrough"] = f"glossary/{number}"
        rows.append(row)
    return rows, until


def signing_keys(seed: int, now: float) -> tuple[list[Row], float]:
    """Give the signing keys; one is deleted when it is two years old."""
    found, until = entries(seed, "signing keys", 90, now)
    rows = []
    for entry in found:
        gone = entry.created + _SIGNING_KEY_DAYS * DAY
        if now < gone:
            until = min(until, gone)
            rows.append({"id": entry.dice.identifier(), "created_at": str(entry.created)})
    return rows, until
