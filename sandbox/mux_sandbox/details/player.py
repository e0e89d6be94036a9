"""The player, its settings and the page around it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.dice import Dice

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_BROWSERS = {"Chrome", "Edge", "Firefox", "Safari", "Samsung Internet"}
_SIZES = ((640, 360), (854, 480), (1280, 720), (1920, 1080))


class _Software(NamedTuple):
    name: str
    version: str
    plugin: str


_WEB = _Software("HLS.js", "1.6.2", "mux-player")
_APPS = {
    "iOS": _Software("AVPlayer", "18.5", "mux-stats-sdk-avplayer"),
    "tvOS": _Software("AVPlayer", "18.4", "mux-stats-sdk-avplayer"),
    "Android": _Software("Media3", "1.6.1", "mux-stats-sdk-media3"),
    "Roku OS": _Software("Roku Video", "14.5", "mux-stats-sdk-roku"),
}


def make(view: Row) -> Row:
    """Make up the fields."""
    dice = Dice(view["id"], "player")
    web = view["viewer_application_name"] in _BROWSERS
    software = _APPS.get(view["viewer_os_family"] or "", _WEB)
    if web:
        software = _WEB
    width, height = dice.pick(_SIZES)
    return {
        "player_instance_id": str(uuid.UUID(bytes=dice.randbytes(16), version=4)),
        "player_name": "Harbour Player" if web else "Harbour App Player",
        "player_version": dice.pick(("4.2.0", "4.3.1")),
        "player_software": software.name,
        "player_software_version": software.version,
        "player_mux_plugin_name": software.plugin,
        "player_mux_plugin_version": dice.pick(("3.4.0", "3.5.2")),
        "player_width": width,
        "player_height": height,
        "player_autoplay": dice.chance(0.3),
        "player_preload": dice.chance(0.5),
        "player_remote_played": None if web else dice.chance(0.05),
        "player_view_count": 1,
        "player_error_context": _context(view),
        "page_type": dice.pick(("watchpage", "iframe")) if web else None,
        "page_url": f"https://www.example.com/watch?v={dice.between(1, 999)}" if web else None,
        "page_load_time": dice.between(200, 4000) if web else None,
        "client_application_name": None if web else view["viewer_application_name"],
        "client_application_version": None if web else dice.pick(("7.0.1", "7.1.0")),
        "used_fullscreen": dice.chance(0.4),
        "used_pip": dice.chance(0.06),
        "used_captions": dice.chance(0.2),
        "time_shift_enabled": view["video_stream_type"] == "live" and dice.chance(0.5),
        "experiment_name": dice.pick(("new-player", None, None)),
    }


def _context(view: Row) -> str | None:
    code = view["player_error_code"]
    return None if code is None else f"code {code}\nat load (player.js:1:4711)"
