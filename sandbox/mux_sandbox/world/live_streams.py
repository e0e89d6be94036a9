"""Generated live streams; their state follows from the recorded shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.world.asset_settings import sample_settings
from mux_sandbox.world.identities import live_stream_id
from mux_sandbox.world.slow_tables import Entry, entries, transcription_vocabulary_id
from mux_sandbox.world.vocabulary import AWKWARD_TITLES, SERIES

if TYPE_CHECKING:
    from mux_sandbox.world.assets import Assets
    from mux_sandbox.world.dice import Dice
    from mux_sandbox.world.interface import Row

_DAYS_BETWEEN = 55
_RECENT = 10
_LATENCIES = ("standard", "low", "reduced")


class LiveStreams:
    """All live streams of a world."""

    def __init__(self, seed: int, assets: Assets) -> None:
        """Keep the assets, some of which are recordings."""
        self._seed = seed
        self._assets = assets

    def visible(self, now: float) -> tuple[list[Row], float]:
        """Give all records, newest first, and until when they are valid."""
        found, until = entries(self._seed, "live streams", _DAYS_BETWEEN, now)
        assets, stays = self._assets.visible(now)
        recordings: dict[str, list[Row]] = {}
        for asset in reversed(assets):
            if "live_stream_id" in asset:
                recordings.setdefault(asset["live_stream_id"], []).append(asset)
        rows = [self._settings(entry) for entry in found]
        for row in rows:
            _show_recordings(row, recordings.get(row["id"], []))
        return rows, min(until, stays)

    def _settings(self, entry: Entry) -> Row:
        number, dice, created = entry
        row: Row = {
            "id": live_stream_id(self._seed, number),
            "created_at": str(created),
            "stream_key": _key(dice),
            "srt_passphrase": dice.identifier(48),
            "status": "disabled" if number % 9 == 0 else "idle",
            "max_continuous_duration": 43_200,
            "latency_mode": _LATENCIES[number % 3],
        }
        if number % 8:
            row["new_asset_settings"] = settings = sample_settings(self._seed, number, dice)
            policies = settings.get("advanced_playback_policies", [{"policy": "public"}])
            row["playback_ids"] = [{"id": dice.identifier()} | policy for policy in policies]
        if number % 2:
            row["meta"] = {"title": SERIES[number % len(SERIES)]}
            row["reconnect_window"] = (60, 0.5, 1800)[number % 3]
        if number % 4 == 1:
            row["use_slate_for_standard_latency"] = number % 8 == 1
            row["reconnect_slate_url"] = (
                f"https://assets.example.com/back-soon.png?signature={dice.identifier(64)}#slate-1"
            )
        match number % 7:
            case 1 | 6:
                row["simulcast_targets"] = _simulcast_targets(dice)
            case 2:
                row["embedded_subtitles"] = _embedded_subtitles()
            case 3:
                row["generated_subtitles"] = self._generated_subtitles()
            case 4:
                row |= {"audio_only": True, "passthrough": AWKWARD_TITLES[number % 13]}
            case 5:
                row |= {"reduced_latency": False, "low_latency": True, "test": True}
        return row

    def _generated_subtitles(self) -> list[Row]:
        ids = [transcription_vocabulary_id(self._seed, number) for number in (1, 2)]
        english = {
            "name": "English (auto)",
            "passthrough": "live captions",
            "language_code": "en",
            "transcription_vocabulary_ids": ids,
        }
        return [english]


def _show_recordings(row: Row, recordings: list[Row]) -> None:
    """Give the fields about recordings, which are given oldest first."""
    if not recordings:
        return
    row["recent_asset_ids"] = [asset["id"] for asset in recordings[-_RECENT:]]
    last = recordings[-1]
    if last.get("is_live"):
        row["status"] = "active"
        row["active_asset_id"] = last["id"]
        row["active_ingest_protocol"] = last["ingest_type"].removeprefix("live_")
        for target in row.get("simulcast_targets", []):
            if target["status"] == "idle":
                target["status"] = "broadcasting"


def _key(dice: Dice) -> str:
    digits = dice.randbytes(16).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _simulcast_targets(dice: Dice) -> list[Row]:
    return [
        {
            "id": dice.identifier(56),
            "status": "idle",
            "url": f"rtmp://studio:{dice.identifier(32)}@live.example.net/app/{_key(dice)}",
            "stream_key": _key(dice),
            "passthrough": "The other platform",
        },
        {
            "id": dice.identifier(56),
            "status": "errored",
            "error_severity": dice.pick(("normal", "fatal")),
            "url": f"srt://relay.example.net:9998?mode=caller&passphrase={dice.identifier(32)}",
        },
    ]


def _embedded_subtitles() -> list[Row]:
    return [
        {
            "name": "English CC",
            "passthrough": "channel one",
            "language_code": "en",
            "language_channel": "cc1",
        },
        {"name": "Español CC", "language_code": "es", "language_channel": "cc3"},
    ]
