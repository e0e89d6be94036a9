"""The media side of generated assets: picture, tracks and downloadable files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.dice import Dice, weighted
from mux_sandbox.world.vocabulary import LANGUAGES

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row


class Shape(NamedTuple):
    """What the picture is like."""

    tier: str
    width: int
    height: int
    aspect_ratio: str
    bucket: str
    """The old name of the resolution."""


_AUDIO_ONLY = Shape("audio-only", 0, 0, "", "Audio only")
_SHAPES = weighted(
    {
        Shape("1080p", 1920, 1080, "16:9", "HD"): 60,
        Shape("720p", 1280, 720, "16:9", "HD"): 15,
        Shape("1080p", 1080, 1920, "9:16", "HD"): 8,
        Shape("2160p", 3840, 2160, "16:9", "UHD"): 6,
        Shape("1440p", 2560, 1440, "16:9", "FHD"): 4,
        Shape("720p", 640, 480, "4:3", "SD"): 3,
        _AUDIO_ONLY: 4,
    }
)
_FRAME_RATES = (23.976, 24, 25, 25, 29.97, 29.97, 30, 50, 59.94, 60, -1)
_TEXT_SOURCES = ("uploaded", "embedded", "generated_live", "generated_live_final", "generated_vod")
_TRACK_STATES = weighted({"ready": 17, "preparing": 1, "errored": 1, "deleted": 1})
_FILE_STATES = weighted({"ready": 17, "preparing": 1, "errored": 1, "skipped": 1})
_OLD_FILES = (("low.mp4", 360), ("medium.mp4", 540), ("high.mp4", 720))


class Media:
    """The media of one asset."""

    def __init__(self, dice: Dice, *, legacy: bool) -> None:
        """Choose picture and frame rate."""
        self._dice = dice
        self._legacy = legacy
        self.shape = dice.pick(_SHAPES)
        self._frame_rate = dice.pick(_FRAME_RATES)

    @property
    def has_picture(self) -> bool:
        """Whether the asset has a picture."""
        return self.shape is not _AUDIO_ONLY

    def facts(self) -> Row:
        """Give the asset's own fields about its picture."""
        facts: Row = {"max_stored_resolution": self.shape.bucket}
        if not self._legacy:
            facts["resolution_tier"] = self.shape.tier
        if self.has_picture:
            facts["aspect_ratio"] = self.shape.aspect_ratio
            facts["max_stored_frame_rate"] = self._frame_rate
        return facts

    def tracks(self, duration: float | None) -> list[Row]:
        """Give the tracks, without a duration if that is not known yet."""
        found = [self._video()] if self.has_picture else []
        found.append(self._audio())
        for track in found:
            if duration is not None and self._dice.chance(0.95):
                track["duration"] = round(duration - 0.02 * self._dice.random(), 6)
        if self._dice.chance(0.25):
            found += [self._text() for _ in range(self._dice.between(1, 3))]
            found += _chapters(Dice(found[-1]["id"], "chapters"))
        return found

    def _video(self) -> Row:
        return {
            "type": "video",
            "id": self._dice.identifier(),
            "max_width": self.shape.width,
            "max_height": self.shape.height,
            "max_frame_rate": self._frame_rate,
        }

    def _audio(self) -> Row:
        dice = self._dice
        channels = 6 if dice.chance(0.1) else 2
        track: Row = {"type": "audio", "id": dice.identifier(), "max_channels": channels}
        if self._legacy:
            track["max_channel_layout"] = "5.1" if channels == 6 else "stereo"  # noqa: PLR2004
            return track
        track |= {"status": "ready", "primary": True}
        if dice.chance(0.6):
            track["language_code"], track["name"] = dice.pick((*LANGUAGES, ("und", "Default")))
        return track

    def _text(self) -> Row:
        dice = self._dice
        code, name = dice.pick(LANGUAGES)
        source = dice.pick(_TEXT_SOURCES)
        track = {
            "type": "text",
            "id": dice.identifier(),
            "text_type": "subtitles",
            "text_source": source,
            "language_code": code,
            "name": f"{name} (CC)",
            "closed_captions": dice.chance(0.5),
            "status": dice.pick(_TRACK_STATES),
        }
        if source == "generated_vod" and dice.chance(0.6):
            track["auto_language_confidence"] = round(0.5 + dice.random() / 2, 3)
        if dice.chance(0.3):
            track["passthrough"] = f"captions-job-{dice.between(1, 9999)}"
        return track

    def renditions(self, duration: float) -> Row | None:
        """Give the files for download, if the asset has any."""
        if self._legacy and self.has_picture:
            files = [self._file(name, height, duration) for name, height in _OLD_FILES]
            return {"status": self._dice.pick(("ready", "ready", "errored")), "files": files}
        if not self._dice.chance(0.2):
            return None
        wanted = ["audio-only"]
        if self.has_picture:
            wanted.append(self._dice.pick(("highest", "1080p", "720p", "480p", "270p")))
        return {"files": [self._new_file(resolution, duration) for resolution in wanted]}

    def _new_file(self, resolution: str, duration: float) -> Row:
        if resolution == "audio-only":
            file = self._file("audio.m4a", 0, duration)
        else:
            height = int(resolution[:-1]) if resolution != "highest" else self.shape.height
            file = self._file(f"{resolution}.mp4", height, duration)
        advanced = resolution in ("1080p", "720p", "480p", "270p")
        file |= {
            "id": self._dice.identifier(),
            "type": "advanced" if advanced else "standard",
            "status": self._dice.pick(_FILE_STATES),
            "resolution": resolution,
            "resolution_tier": "audio-only" if resolution == "audio-only" else "720p",
        }
        if self._dice.chance(0.3):
            file["passthrough"] = "for the “archive”, don't delete"
        return file

    def _file(self, name: str, height: int, duration: float) -> Row:
        bitrate = 128_000 + height * self._dice.between(1500, 4500)
        file: Row = {
            "name": name,
            "ext": name.rpartition(".")[2],
            "bitrate": bitrate,
            # The API gives this number as text.
            "filesize": str(int(bitrate * duration / 8)),
        }
        if height:
            file |= {"height": height, "width": height * self.shape.width // self.shape.height}
        return file


def _chapters(dice: Dice) -> list[Row]:
    """Give a track that names the parts of the asset, if there is one."""
    if not dice.chance(0.4):
        return []
    track = {
        "type": "text",
        "id": dice.identifier(),
        "text_type": "chapters",
        "text_source": "uploaded",
        "language_code": "en",
        "name": "Chapters",
        "status": "ready",
    }
    return [track]
