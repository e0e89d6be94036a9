"""Settings for new assets, as in live streams and uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.world.identities import directive_id, drm_configuration_id

if TYPE_CHECKING:
    from mux_sandbox.world.dice import Dice
    from mux_sandbox.world.interface import Row

_COPIED = (
    "passthrough",
    "mp4_support",
    "normalize_audio",
    "master_access",
    "test",
    "max_resolution_tier",
    "encoding_tier",
    "video_quality",
    "meta",
    "directives",
    "generate_shots",
    "per_title_encode",
)
"""Fields that an asset takes from its settings."""


def settings_of(asset: Row) -> Row:
    """Give the settings of an asset."""
    settings = {name: asset[name] for name in _COPIED if name in asset}
    ids = asset.get("playback_ids", [])
    if any("drm_configuration_id" in row for row in ids):
        settings["advanced_playback_policies"] = [
            {name: row[name] for name in ("policy", "drm_configuration_id") if name in row}
            for row in ids
        ]
    elif ids:
        settings["playback_policies"] = [row["policy"] for row in ids]
    files = asset.get("static_renditions", {}).get("files", [])
    wanted = [
        {name: row[name] for name in ("resolution", "passthrough") if name in row}
        for row in files
        if "resolution" in row
    ]
    return settings | ({"static_renditions": wanted} if wanted else {})


def overlay_input(dice: Dice) -> Row:
    """Ask for a logo in a corner of the picture."""
    return {
        "url": f"https://assets.example.com/logo.png?signature={dice.identifier(64)}#logo-1",
        "overlay_settings": {
            "vertical_align": "bottom",
            "vertical_margin": "5%",
            "horizontal_align": "right",
            "horizontal_margin": "40px",
            "width": "12%",
            "height": "80px",
            "opacity": "85%",
        },
    }


def subtitle_request(passthrough: str) -> Row:
    """Ask for generated subtitles."""
    return {"name": "English (made)", "language_code": "en", "passthrough": passthrough}


def _inputs(dice: Dice) -> list[Row]:
    return [
        {"generated_subtitles": [subtitle_request(f"captions/{dice.between(1, 999)}")]},
        overlay_input(dice),
        {"url": f"mux://assets/{dice.identifier()}", "start_time": 2.5, "end_time": 61.75},
        {
            "url": f"https://studio:{dice.identifier(40)}@media.example.com/captions.vtt",
            "type": "text",
            "text_type": "subtitles",
            "language_code": "pt-BR",
            "name": "Português (CC)",
            "closed_captions": True,
            "passthrough": "line one\nline two",
        },
    ]


def sample_settings(seed: int, number: int, dice: Dice) -> Row:
    """Give the settings of a number; five numbers in sequence use all settings."""
    match number % 5:
        case 0:
            return {"playback_policies": ["public"], "video_quality": "basic"}
        case 1:
            return {
                "playback_policies": ["public", "signed"],
                "inputs": _inputs(dice),
                "video_quality": "plus",
                "encoding_tier": "smart",
                "max_resolution_tier": "2160p",
                "static_renditions": [
                    {"resolution": "highest", "passthrough": "download"},
                    {"resolution": "audio-only"},
                ],
                "meta": {
                    "title": f"Rough cut {number}",
                    "creator_id": f"creator-{dice.between(1, 40)}",
                    "external_id": f"ext/{dice.between(1, 10**6)}",
                },
            }
        case 2:
            # An old integration uses old names.
            return {
                "playback_policy": ["public"],
                "input": _inputs(dice),
                "mp4_support": "standard",
                "per_title_encode": True,
                "normalize_audio": True,
                "passthrough": f"import:{dice.between(1, 9999)}",
            }
        case 3:
            configuration = drm_configuration_id(seed, 1)
            return {
                "advanced_playback_policies": [
                    {"policy": "drm", "drm_configuration_id": configuration},
                    {"policy": "public"},
                ],
                "master_access": "temporary",
                "video_quality": "premium",
            }
        case _:
            return {
                "playback_policies": ["signed"],
                "copy_overlays": False,
                "directives": [{"id": directive_id(seed, 1)}],
                "generate_shots": True,
                "test": True,
            }
