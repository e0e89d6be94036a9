"""The records of a generated asset, one for each of its states."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.asset_media import Media
from mux_sandbox.world.clock_text import iso
from mux_sandbox.world.dice import Dice, weighted
from mux_sandbox.world.identities import (
    DIRECTIVES,
    DRM_CONFIGURATIONS,
    RECORDING_STREAMS,
    directive_id,
    drm_configuration_id,
    live_stream_id,
)
from mux_sandbox.world.vocabulary import AWKWARD_TITLES

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

SHOW_SECONDS = 9 * 3600
"""Length of the daily live show."""

_QUALITIES = weighted({("basic", "baseline"): 5, ("plus", "smart"): 12, ("premium", "premium"): 3})
_MP4_SUPPORT = ("standard", "capped-1080p", "audio-only", "audio-only,capped-1080p")
_SHOT_ERROR = {"type": "shots_failed", "messages": ["The picture never changes."]}
_ERRORS: tuple[Row, ...] = (
    {"type": "invalid_input", "messages": ["The file holds no video and no audio."]},
    {"type": "download_failed", "messages": ["The input could not be fetched.", "HTTP 403"]},
)
_INPUT_ODDITIES: tuple[Row, ...] = (
    {"video_codec": "hevc"},
    {"audio_codec": "pcm_s16le", "video_bitrate": "high"},
    {"video_gop_size": "high", "video_frame_rate": "-1"},
    {"video_resolution": "4096x2304", "pixel_aspect_ratio": "64:45"},
    {"video_edit_list": "non-standard", "audio_edit_list": "non-standard"},
    {"unexpected_media_file_parameters": "non-standard"},
    {"video_codec": "prores", "unsupported_pixel_format": "yuv422p10le"},
)


class Origin(NamedTuple):
    """Which asset it is and where it comes from."""

    seed: int
    identifier: str
    created: int
    kind: str
    title: str
    source: str
    """For a clip, the id of the asset that it is cut from."""


class AssetRows:
    """All records of one asset."""

    ingesting: Row
    in_work: Row
    finished: Row
    has_master: bool

    def __init__(self, origin: Origin) -> None:
        """Choose the fields of the asset."""
        self._origin = origin
        self._dice = dice = Dice(origin.seed, "asset rows", origin.identifier)
        ordinary = origin.kind == "ordinary"
        # A tenth of the assets come from an old integration with old settings.
        self._legacy = ordinary and dice.chance(0.1)
        failed = ordinary and dice.chance(0.02)
        self._media = Media(dice, legacy=self._legacy)
        base = self._base()
        self.has_master = not failed and base["master_access"] == "temporary"
        self.ingesting = base | self._state("preparing", "ingesting", 12.5)
        if origin.kind == "show":
            self.in_work = base | self._state("ready", "live", -1) | self._broadcast(None)
        else:
            self.in_work = base | self._state("preparing", "transcoding", 61.8)
        if failed:
            self.finished = base | self._state("errored", "errored", -1)
            self.finished["errors"] = dice.pick(_ERRORS)
        else:
            self.finished = base | self._state("ready", "completed", 100) | self._results()

    def with_master(self, since: int, status: str) -> Row:
        """Give the record while the asset has a master file, asked for at a time."""
        master = {"status": status}
        if status == "ready":
            signature = Dice(self._origin.identifier, "master", since).identifier(64)
            master["url"] = (
                f"https://master.example.com/{self._origin.identifier}/master.mp4"
                f"?skid=default&signature={signature}&expires={since + 86_400}"
            )
        return self.finished | {"master": master}

    def _state(self, status: str, state: str, progress: float) -> Row:
        row: Row = {"status": status}
        if not self._legacy:
            row["progress"] = {"state": state, "progress": progress}
        return row

    def _base(self) -> Row:
        dice, origin = self._dice, self._origin
        row: Row = {
            "id": origin.identifier,
            "created_at": str(origin.created),
            "master_access": "temporary" if dice.chance(0.06) else "none",
            "mp4_support": "none",
        }
        if origin.kind == "test":
            row["test"] = True
        if dice.chance(0.97):
            row["playback_ids"] = self._playback_ids()
        if dice.chance(0.3):
            row["passthrough"] = dice.pick((f"cms:{dice.between(1, 99999)}", *AWKWARD_TITLES))
        if self._legacy:
            return row | {"mp4_support": dice.pick(_MP4_SUPPORT), "per_title_encode": True}
        return row | self._source() | self._settings()

    def _playback_ids(self) -> list[Row]:
        dice = self._dice
        rows: list[Row] = [{"policy": "public", "id": dice.identifier()}]
        if dice.chance(0.15):
            rows.append({"policy": "signed", "id": dice.identifier()})
        if dice.chance(0.05):
            # All assets share a few DRM configurations.
            number = dice.between(1, DRM_CONFIGURATIONS)
            configuration = drm_configuration_id(self._origin.seed, number)
            drm = {"policy": "drm", "id": dice.identifier(), "drm_configuration_id": configuration}
            rows = [drm]
        return rows

    def _source(self) -> Row:
        dice, origin = self._dice, self._origin
        if origin.kind == "show":
            stream = live_stream_id(origin.seed, dice.between(1, RECORDING_STREAMS))
            kind = "live_srt" if dice.chance(0.2) else "live_rtmp"
            return {"ingest_type": kind, "live_stream_id": stream}
        chance = dice.random()
        if chance < 0.55:  # noqa: PLR2004
            return {"ingest_type": "on_demand_direct_upload", "upload_id": dice.identifier()}
        if chance < 0.63:  # noqa: PLR2004
            return {"ingest_type": "on_demand_clip", "source_asset_id": origin.source}
        return {"ingest_type": "on_demand_url"}

    def _settings(self) -> Row:
        dice = self._dice
        quality, encoding = dice.pick(_QUALITIES)
        tier = self._media.shape.tier
        row: Row = {
            "video_quality": quality,
            "encoding_tier": encoding,
            "max_resolution_tier": tier if tier in ("1440p", "2160p") else "1080p",
        }
        if dice.chance(0.85):
            row["meta"] = {"title": self._origin.title}
            if dice.chance(0.5):
                row["meta"]["creator_id"] = f"creator-{dice.between(1, 40)}"
            if dice.chance(0.4):
                row["meta"]["external_id"] = f"ext/{dice.between(1, 10**6)}"
        if dice.chance(0.2):
            row["normalize_audio"] = dice.chance(0.5)
        if dice.chance(0.08):
            directive = directive_id(self._origin.seed, dice.between(1, DIRECTIVES))
            row["directives"] = [{"id": directive}]
        if dice.chance(0.12):
            row["generate_shots"] = True
        return row

    def _results(self) -> Row:
        dice, origin = self._dice, self._origin
        if origin.kind == "show":
            return self._broadcast(SHOW_SECONDS)
        seconds = 10.0 if origin.kind == "test" else 20 + 5000 * dice.random() ** 3
        row = self._recorded(round(seconds, 6))
        if dice.chance(0.12):
            row["non_standard_input_reasons"] = dice.pick(_INPUT_ODDITIES)
        if dice.chance(0.1):
            row["thumbnail_time"] = round(seconds * dice.random(), 2)
        if self.ingesting.get("generate_shots"):
            row["shots"] = self._shots()
        return row

    def _recorded(self, duration: float) -> Row:
        row = self._media.facts() | {"duration": duration, "tracks": self._media.tracks(duration)}
        files = self._media.renditions(duration)
        return row if files is None else row | {"static_renditions": files}

    def _broadcast(self, duration: int | None) -> Row:
        begin = self._origin.created
        first = {"started_at": iso(begin), "type": "content"}
        if duration is None:
            tracks = self._media.tracks(None)
            return {"is_live": True, "recording_times": [first], "tracks": tracks}
        # The encoder lost its connection once; a slate filled the gap.
        cut = duration // 3
        parts = [
            first | {"duration": cut - 0.25},
            {"started_at": iso(begin + cut), "duration": 12.5, "type": "slate"},
            {"started_at": iso(begin + cut + 13), "duration": duration - cut, "type": "content"},
        ]
        return self._recorded(float(duration)) | {"recording_times": parts}

    def _shots(self) -> Row:
        status = self._dice.pick(("completed", "completed", "errored", "pending", "skipped"))
        row: Row = {"status": status, "created_at": str(self._origin.created + 60)}
        if status == "completed":
            row["shots_manifest_url"] = (
                f"https://manifests.example.com/{self._origin.identifier}/shots.json"
                f"?signature={self._dice.identifier(64)}"
            )
        if status == "errored":
            row["errors"] = _SHOT_ERROR
        return row
