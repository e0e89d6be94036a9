"""Quality and network: renditions, bitrates and CDNs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.dice import Dice

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row


class _Rendition(NamedTuple):
    width: int
    height: int
    bitrate: int
    fps: float
    codec: str


_LADDER = (
    _Rendition(640, 360, 730_000, 30.0, "avc"),
    _Rendition(1280, 720, 2_400_000, 30.0, "avc"),
    _Rendition(1920, 1080, 5_100_000, 29.97, "avc"),
    _Rendition(3840, 2160, 18_500_000, 59.94, "hevc"),
)
_CDNS = ("cdn_a", "cdn_a", "cdn_b", "cdn_c")


def make(view: Row) -> Row:
    """Make up the fields."""
    dice = Dice(view["id"], "quality")
    step = int(4 * dice.random() ** 1.5)
    last = _LADDER[step]
    first = last if dice.chance(0.7) else _LADDER[max(0, step - 1)]
    playing = view["view_total_content_playback_time"]
    ups, downs = int(first is not last), int(4 * dice.random() ** 4)
    up = round(max(0.0, view["player_width"] / last.width - 1), 8)
    down = round(max(0.0, 1 - view["player_width"] / last.width), 8)
    live = view["video_stream_type"] == "live"
    hdr = "hdr10" if last.codec == "hevc" else "sdr"
    seen = playing is not None
    return {
        **_rendition("", last, hdr),
        **_rendition("_initial", first, hdr),
        "player_source_width": last.width,
        "player_source_height": last.height,
        "weighted_average_bitrate": float(first.bitrate + last.bitrate) / 2 if seen else None,
        "rendition_change_count": ups + downs if seen else None,
        "rendition_upshift_count": ups if seen else None,
        "rendition_downshift_count": downs if seen else None,
        "view_max_upscale_percentage": str(up),
        "view_max_downscale_percentage": str(down),
        "view_total_upscaling": str(round(up * playing, 2)) if seen else None,
        "view_total_downscaling": str(round(down * playing, 2)) if seen else None,
        "quality_score": str(round(max(0.0, 1 - up / 4), 8)) if seen else None,
        "view_dropped_frame_count": dice.between(0, 40) if dice.chance(0.3) else None,
        "view_average_request_latency": dice.between(20, 400),
        "view_max_request_latency": dice.between(400, 2500),
        "view_average_request_throughput": dice.between(2, 90) * 10**6,
        "live_stream_latency": dice.between(4000, 25_000) if live else None,
        **_delivery(dice),
    }


def _rendition(suffix: str, rendition: _Rendition, hdr: str) -> Row:
    return {
        f"video_source_width{suffix}": rendition.width,
        f"video_source_height{suffix}": rendition.height,
        f"video_source_bitrate{suffix}": rendition.bitrate,
        f"video_source_fps{suffix}": rendition.fps,
        f"video_codec{suffix}": rendition.codec,
        f"audio_codec{suffix}": "aac",
        f"video_dynamic_range_type{suffix}": hdr,
    }


def _delivery(dice: Dice) -> Row:
    trace = [dice.pick(_CDNS)]
    while dice.chance(0.08):
        other = dice.pick(_CDNS)
        trace += [other] * (other != trace[-1])
    known = dice.chance(0.9)
    return {
        "cdn": (trace[0] if len(trace) == 1 else "multiple") if known else None,
        "video_cdn_trace": trace if known else [],
        "view_cdn_edge_pop": dice.pick(("FRA", "IAD", "NRT", "GRU")) if known else None,
        "view_cdn_origin": "origin-1" if known else None,
    }
