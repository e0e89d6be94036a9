"""The inputs of generated assets: their settings and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.world.asset_settings import overlay_input, subtitle_request
from mux_sandbox.world.dice import Dice

if TYPE_CHECKING:
    from mux_sandbox.world.assets import Assets
    from mux_sandbox.world.interface import Row

_CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts")


class AssetInputs:
    """The inputs of all assets of a world."""

    def __init__(self, seed: int, assets: Assets) -> None:
        """Keep the assets."""
        self._seed = seed
        self._assets = assets
        self._inputs: dict[str, list[Row]] = {}

    def visible(self, now: float) -> tuple[list[Row], float]:
        """Give the inputs of all assets that are prepared."""
        assets, until = self._assets.visible(now)
        rows: list[Row] = []
        for asset in assets:
            # A recording of a live stream has no input file.
            if asset["status"] != "preparing" and "live_stream_id" not in asset:
                name = asset["id"]
                if name not in self._inputs:
                    self._inputs[name] = _inputs_of(asset, Dice(self._seed, "inputs", name))
                rows += self._inputs[name]
        return rows, until


def _inputs_of(asset: Row, dice: Dice) -> list[Row]:
    inputs = [_main_input(asset, dice)]
    if asset["status"] == "ready" and dice.chance(0.08):
        logo = overlay_input(dice)
        inputs.append({"settings": logo, "file": {"container_format": "png_pipe"}})
    inputs += [
        _captions(track, dice)
        for track in asset.get("tracks", [])
        if track.get("text_source") == "uploaded"
    ]
    return [{"asset_id": asset["id"], **found} for found in inputs]


def _main_input(asset: Row, dice: Dice) -> Row:
    settings: Row = {}
    name = asset["id"]
    match asset.get("ingest_type"):
        case "on_demand_clip":
            settings["url"] = f"mux://assets/{asset['source_asset_id']}"
            settings["start_time"] = start = round(60 * dice.random(), 3)
            settings["end_time"] = round(start + asset.get("duration", 10), 3)
        case "on_demand_direct_upload":
            settings["url"] = (
                f"https://uploads.example.com/{asset['upload_id']}?Signature={dice.identifier(128)}"
            )
        case _:
            login = f"studio:{dice.identifier(32)}"
            query = f"token={dice.identifier(40)}#t=0,60"
            settings["url"] = f"https://{login}@media.example.com/{name}.mp4?{query}"
    made = [row for row in asset.get("tracks", []) if row.get("text_source") == "generated_vod"]
    if made:
        request = subtitle_request(f"captions/{dice.between(1, 999)}")
        settings["generated_subtitles"] = [request | {"language_code": made[0]["language_code"]}]
    if asset["status"] == "errored":
        return {"settings": settings}
    found = [_file_track(track, dice) for track in asset["tracks"] if track["type"] != "text"]
    return {
        "settings": settings,
        "file": {"container_format": dice.pick(_CONTAINERS), "tracks": found},
    }


def _file_track(track: Row, dice: Dice) -> Row:
    row: Row = {"type": track["type"]}
    if "duration" in track:
        row["duration"] = track["duration"]
    if track["type"] == "audio":
        rate = dice.pick((44_100, 48_000))
        row |= {"encoding": "aac", "sample_rate": rate, "channels": track["max_channels"]}
        if dice.chance(0.5):
            row["sample_size"] = 16
        return row
    row |= {
        "encoding": dice.pick(("h264", "h264", "hevc", "prores")),
        "width": track["max_width"],
        "height": track["max_height"],
    }
    if track["max_frame_rate"] > 0:
        row["frame_rate"] = track["max_frame_rate"]
    return row


def _captions(track: Row, dice: Dice) -> Row:
    told = ("text_type", "language_code", "name", "closed_captions", "passthrough")
    settings = {name: track[name] for name in told if name in track}
    url = f"https://media.example.com/{track['id']}.vtt?token={dice.identifier(40)}"
    return {
        "settings": {"url": url, "type": "text", **settings},
        "file": {"container_format": "webvtt"},
    }
