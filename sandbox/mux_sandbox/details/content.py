"""What was watched: the same title is the same video for everyone."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mux_sandbox.world.dice import Dice
from mux_sandbox.world.vocabulary import SERIES

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_HOST = "stream.example.com"
_KINDS = ("episode", "short", "movie", None)


def make(view: Row) -> Row:
    """Make up the fields."""
    # The world may know the video; all other fields follow from it.
    row = _video(view["video_title"]) | {key: view[key] for key in _SETTABLE if key in view}
    live = row["live_stream_id"] is not None
    # Some videos need a token in their URL.
    token = "?token=sandbox-playback-token" if live or row["video_language"] == "de" else ""
    url = row["playback_id"] and f"https://{_HOST}/{row['playback_id']}.m3u8{token}"
    login = "sandbox-viewer:sandbox-password@" if row["video_language"] == "fr" else ""
    poster = f"https://{login}image.example.com/{row['playback_id']}/thumbnail.webp{token}"
    return row | {
        "video_stream_type": "live" if live else "on-demand",
        "player_source_duration": None if live else row["video_duration"],
        "player_source_url": url,
        "player_source_domain": url and "example.com",
        "player_source_host_name": url and _HOST,
        "player_source_type": url and "application/vnd.apple.mpegurl",
        "player_source_stream_type": None,
        "player_poster": url and f"{poster}#sandbox-fragment",
    }


_SETTABLE = ("asset_id", "playback_id", "live_stream_id", "video_duration", "video_language")


@lru_cache(maxsize=5000)
def _video(title: Any) -> Row:
    dice = Dice("video", title)
    series = title.split(":")[0] if isinstance(title, str) else None
    return {
        "video_id": f"video-{dice.identifier(8)}" if title else None,
        "asset_id": dice.identifier() if title else None,
        "playback_id": dice.identifier() if title else None,
        "live_stream_id": None,
        "video_series": series if series in SERIES else None,
        "video_duration": dice.between(20, 5000) * 1000 if title else None,
        "video_language": dice.pick(("en", "de", "fr", None)),
        "video_content_type": dice.pick(_KINDS),
        "video_producer": dice.pick(("Harbour Studios", None)),
        "video_brand": dice.pick(("Harbour", "Harbour Kids", None)),
        "video_affiliate": None,
        "video_creator_id": f"creator-{dice.between(1, 40)}" if dice.chance(0.4) else None,
        "video_variant_id": None,
        "video_variant_name": None,
        "video_encoding_variant": dice.pick(("ladder-a", "ladder-b", None)),
        "view_drm_type": "widevine" if dice.chance(0.05) else None,
        "view_drm_level": None,
    }
