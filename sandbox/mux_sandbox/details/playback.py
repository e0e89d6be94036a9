"""How playback went: startup, rebuffering, failure, scores and ads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.world.dice import Dice

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_REFUSED = 315
"""The error type of a viewer without access; the player did not fail."""


_PATIENCE = 15_000
"""A viewer who leaves before the video starts does so within these milliseconds."""


def make(view: Row) -> Row:
    """Make up the fields."""
    dice = Dice(view["id"], "playback")
    watched = view["watch_time"]
    if not isinstance(watched, int):
        # Some views have nothing more than their record.
        nothing = dict.fromkeys(_startup(dice, 0) | _watching(dice, 0, 0, view))
        nothing["long_rebuffering"] = False
        return nothing | _scores(None, None, view) | _outcome(dice, view) | _ads(dice)
    startup = _startup(dice, watched)
    outcome = _outcome(dice, view)
    first = startup["time_to_first_frame"]
    if outcome["exit_before_video_start"] or outcome["video_startup_failure"]:
        startup |= {"time_to_first_frame": None, "view_content_startup_time": None}
        first = watched
    watching = _watching(dice, watched, first, view)
    scores = _scores(startup["time_to_first_frame"], watching["buffering_duration"], view)
    return startup | watching | scores | outcome | _ads(dice)


def _startup(dice: Dice, watched: int) -> Row:
    first = min(int(250 + 5000 * dice.random() ** 3), watched)
    player = dice.between(40, 900)
    return {
        "time_to_first_frame": first,
        "view_content_startup_time": first,
        "player_startup_time": player,
        "player_load_time": player,
    }


def _watching(dice: Dice, watched: int, first: int, view: Row) -> Row:
    left = watched - first
    stalls = int(4 * dice.random()) if left and dice.chance(0.2) else 0
    stalled = min(stalls * dice.between(150, 4000), left // 2)
    seeks = dice.between(1, 6) if left and dice.chance(0.25) else 0
    sought = min(seeks * dice.between(50, 900), (left - stalled) // 2)
    playing = left - stalled - sought
    duration = view["video_duration"] or playing
    return {
        "buffering_count": stalls,
        "buffering_duration": stalled,
        "buffering_rate": _text(stalls / watched if watched else 0),
        "rebuffer_percentage": _text(stalled / watched if watched else 0),
        "long_rebuffering": stalled > 5000,  # noqa: PLR2004
        "view_seek_count": seeks,
        "view_seek_duration": sought,
        "view_playing_time": str(playing),
        "view_total_content_playback_time": playing,
        "view_max_playhead_position": str(min(playing + 1000 * seeks, duration)),
    }


def _scores(first: int | None, stalled: int | None, view: Row) -> Row:
    startup = None if first is None else max(0.0, 1 - first / 8000)
    smooth = None if stalled is None else max(0.0, 1 - stalled / 20_000)
    return {
        "playback_score": "0.0" if view["playback_failure"] else "1.0",
        "startup_score": None if startup is None else _text(startup),
        "rebuffering_score": None if smooth is None else _text(smooth),
    }


def _outcome(dice: Dice, view: Row) -> Row:
    kind, failed, watched = view["error_type_id"], view["playback_failure"], view["watch_time"]
    refused = kind == _REFUSED and not failed
    at_start = failed and dice.chance(0.4)
    short = not failed and isinstance(watched, int) and watched < _PATIENCE
    return {
        "video_startup_failure": at_start,
        "exit_before_video_start": short and kind is None and dice.chance(0.2),
        "playback_failure_error_type_id": kind if failed else None,
        "playback_business_exception_error_type_id": kind if refused else None,
        "video_startup_business_exception_error_type_id": (
            kind if refused and dice.chance(0.5) else None
        ),
        "ad_playback_failure_error_type_id": None,
    }


def _ads(dice: Dice) -> Row:
    tried = dice.chance(0.12)
    attempts = dice.between(1, 4)
    errors = min(int(2 * dice.random() ** 3), attempts)
    preroll = tried and dice.chance(0.7)
    counts = {
        "ad_attempt_count": attempts,
        "ad_break_count": 1,
        "ad_break_error_count": 0,
        "ad_break_error_percentage": "0.0",
        "ad_error_count": errors,
        "ad_error_percentage": _text(errors / attempts),
        "ad_impression_count": attempts - errors,
        "ad_startup_error_count": 0,
        "ad_startup_error_percentage": "0.0",
        "ad_exit_before_start_count": 0,
        "ad_exit_before_start_percentage": "0.0",
    }
    return (counts if tried else dict.fromkeys(counts)) | {
        "view_has_ad": tried,
        "ad_preroll_startup_time": dice.between(300, 2500) if preroll else None,
        "preroll_requested": preroll,
        "preroll_played": preroll and dice.chance(0.9),
        "preroll_ad_tag_hostname": "ads.example.net" if preroll else None,
        "preroll_ad_asset_hostname": "media.example.net" if preroll else None,
        "requests_for_first_preroll": dice.between(1, 3) if preroll else None,
        "video_startup_preroll_load_time": dice.between(100, 1500) if preroll else None,
        "video_startup_preroll_request_time": dice.between(50, 800) if preroll else None,
    }


def _text(number: float) -> str:
    return str(round(number, 8))
