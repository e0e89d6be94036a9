"""Parts of views: how long each of them was played in which rendition or mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mux_sandbox.details import Detail

RENDITION = (
    "video_source_bitrate",
    "video_source_width",
    "video_source_height",
    "video_source_fps",
    "video_source_codec",
    "video_source_rendition_name",
)
"""Dimensions of renditions."""

KINDS: dict[str, tuple[str, ...]] = {"rendition": RENDITION, "playback_mode": ("playback_mode",)}
"""The kinds of parts, and their dimensions."""

OTHER = "other"
_START_SHARE = 0.2
_NAMES = {360: "sd", 720: "hd", 1080: "hi", 2160: "4k"}


class Part(NamedTuple):
    """A part of a view."""

    view: Detail
    values: dict[str, str]
    """Its dimensions, as text."""
    playing: float
    """Milliseconds."""

    def label(self, dimensions: Iterable[str]) -> str:
        """Give some of its dimensions as text."""
        return " / ".join(self.values[name] for name in dimensions)


def parts_of(view: Detail, kind: str) -> list[Part]:
    """Divide a view into parts."""
    playing = float(view["view_playing_time"] or 0)
    if not playing:
        return []
    if kind == "playback_mode":
        mode = "pip" if view["used_pip"] else "fullscreen" if view["used_fullscreen"] else "inline"
        first, last = {"playback_mode": "inline"}, {"playback_mode": mode}
    else:
        first, last = _rendition(view, "_initial"), _rendition(view, "")
    if first == last:
        return [Part(view, last, playing)]
    start = float(int(playing * _START_SHARE))
    return [Part(view, first, start), Part(view, last, playing - start)]


def _rendition(view: Detail, suffix: str) -> dict[str, str]:
    bitrate, height = view[f"video_source_bitrate{suffix}"], view[f"video_source_height{suffix}"]
    values: tuple[Any, ...] = (
        f"{(bitrate or 0) / 1_000_000:g}Mb",
        f"{view[f'video_source_width{suffix}']}w",
        f"{height}h",
        f"{round(view[f'video_source_fps{suffix}'] or 0)}fps",
        view[f"video_codec{suffix}"] or "unknown",
        _NAMES.get(height, "custom"),
    )
    return dict(zip(RENDITION, values, strict=True))


def summed(parts: Iterable[Part], dimensions: Iterable[str]) -> list[tuple[str, float]]:
    """Sum up the playing time by label, the longest first."""
    sums: dict[str, float] = {}
    for part in parts:
        label = part.label(dimensions)
        sums[label] = sums.get(label, 0) + part.playing
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))


def shortened(sums: list[tuple[str, float]], limit: int) -> list[tuple[str, float]]:
    """Keep the first sums, and add up the others."""
    rest = sum(playing for _, playing in sums[limit:])
    return sums[:limit] + ([(OTHER, rest)] if rest else [])
