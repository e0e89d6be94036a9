"""The events of a view, in order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.world.clock_text import epoch
from mux_sandbox.world.dice import Dice

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_PULSE = 10_000
"""The player reports its position every so many milliseconds."""

_PULSES = 30


def make(view: Row) -> Row:
    """Make up the field."""
    dice = Dice(view["id"], "events")
    begin = int(epoch(view["view_start"]) * 1000)
    end = int(epoch(view["view_end"]) * 1000)
    # The viewer's clock is never exact.
    off = dice.between(-3000, 3000)
    rows: list[Row] = []

    def add(name: str, after: int, playhead: int = 0, **details: object) -> None:
        at = min(begin + after, end)
        row = {"name": name, "event_time": at, "viewer_time": at + off, "playback_time": playhead}
        rows.append(row | {"details": details})

    add("playerready", 0)
    add("viewstart", 2)
    first = view["time_to_first_frame"]
    if first is not None:
        add("play", 5)
        add("playing", first, type="content")
        playing = int(view["view_total_content_playback_time"])
        for playhead in range(_PULSE, min(playing, _PULSES * _PULSE), _PULSE):
            add("timeupdate", first + playhead, playhead)
        for number in range(view["buffering_count"] or 0):
            playhead = playing * (number + 1) // (view["buffering_count"] + 1)
            add("rebufferstart", first + playhead, playhead)
            add("rebufferend", first + playhead + dice.between(100, 900), playhead)
    if view["player_error_code"] is not None or view["error_type_id"] is not None:
        add("error", end - begin, player_error_code=view["player_error_code"])
    if not view["view_dropped"]:
        add("viewend", end - begin)
    return {"events": sorted(rows, key=lambda row: row["event_time"])}
