"""The generated world is the same after a restart, varied, and changes with time."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from mux_sandbox import GeneratedWorld
from tests.sandbox.api import ASSETS, DAY, NOW, VIEWS, ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import Row
    from tests.sandbox.api import Api


def epoch(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def test_a_restart_changes_nothing(serve: Callable[..., Api]) -> None:
    week = [NOW - 7 * DAY, NOW]
    first, second, other = (serve(GeneratedWorld(seed=seed)) for seed in (7, 7, 8))
    for path, params in ((VIEWS, {"timeframe__": week}), (ASSETS, {})):
        rows = first.all(path, **params)
        assert rows == second.all(path, **params)
        assert not set(ids(rows)) & set(ids(other.all(path, **params)))


def test_the_default_world_has_the_promised_size(serve: Callable[..., Api]) -> None:
    api = serve()
    begun = time.perf_counter()
    body = api.body(VIEWS, timeframe__=[NOW - 100 * DAY, NOW])
    assert time.perf_counter() - begun < 5  # less than 1 on an idle machine
    assert 36_000 < body["total_row_count"] < 44_000
    assets = api.all(ASSETS)
    assert 2700 < len(assets) < 3300
    assert len(set(ids(assets))) == len(assets)
    for days_ago in range(20):
        oldest = NOW - (days_ago + 1) * DAY
        assert any(oldest < int(row["created_at"]) <= oldest + DAY for row in assets)


def test_new_records_are_added(serve: Callable[..., Api]) -> None:
    api = serve(GeneratedWorld())
    window = [NOW - 3 * DAY, NOW + 2 * DAY]
    before_views = api.all(VIEWS, timeframe__=window)
    before_assets = api.all(ASSETS)
    api.move_to(NOW + DAY)
    after_views = api.all(VIEWS, timeframe__=window)
    after_assets = api.all(ASSETS)
    assert set(ids(before_views)) < set(ids(after_views))
    old = {row["id"]: row | {"total_row_count": 0} for row in before_views}
    changed = [
        row
        for row in after_views
        if row["id"] in old and row | {"total_row_count": 0} != old[row["id"]]
    ]
    # Only views that ended within the last hour can be reopened.
    assert all(epoch(old[row["id"]]["view_end"]) > NOW - 3700 for row in changed)
    new = [row for row in after_assets if int(row["created_at"]) > NOW]
    assert new
    assert after_assets[: len(new)] == new
    gone = set(ids(before_assets)) - set(ids(after_assets))
    assert len(gone) < 20


def test_any_window_gives_the_same_views() -> None:
    whole = GeneratedWorld().views(NOW - 5 * DAY, NOW, NOW)
    for start, end in ((NOW - 3 * DAY + 17, NOW - 2 * DAY - 5), (NOW - 7200, NOW), (NOW, NOW)):
        part = GeneratedWorld().views(start, end, NOW)
        assert part == [row for row in whole if start <= epoch(row["view_end"]) <= end]


def test_some_views_arrive_late_or_are_reopened_once() -> None:
    world = GeneratedWorld(views_per_day=4000)
    first_seen: dict[str, tuple[float, Row]] = {}
    versions: dict[str, list[Row]] = {}
    for now in range(NOW, NOW + 8 * 3600, 60):
        rows = world.views(NOW - DAY, NOW + DAY, now)
        assert len(set(ids(rows))) == len(rows)
        assert all(epoch(row["view_end"]) <= now - 60 for row in rows)
        for row in rows:
            first_seen.setdefault(row["id"], (now, row))
            seen = versions.setdefault(row["id"], [])
            if row not in seen:
                seen.append(row)
    in_the_hours = [
        (seen - epoch(row["view_end"]), row["id"])
        for seen, row in first_seen.values()
        if NOW < epoch(row["view_end"]) < NOW + 5 * 3600
    ]
    late = [delay for delay, _ in in_the_hours if delay > 180]
    assert 0.01 < len(late) / len(in_the_hours) < 0.06
    assert max(late) <= 91 * 60
    reopened = [seen for seen in versions.values() if len(seen) > 1]
    assert 0.02 < len(reopened) / len(in_the_hours) < 0.1
    for seen in reopened:
        first, last = seen
        assert 0 < epoch(last["view_end"]) - epoch(first["view_end"]) <= 3600
        assert last["watch_time"] > first["watch_time"]
        assert last["view_start"] == first["view_start"]


def test_the_same_list_means_that_nothing_changed() -> None:
    world = GeneratedWorld()
    rows = world.views(NOW - DAY, NOW, NOW)
    assert world.views(NOW - DAY, NOW, NOW) is rows
    assert world.views(NOW - DAY, NOW, NOW + 2 * 3600) == GeneratedWorld().views(
        NOW - DAY, NOW, NOW + 2 * 3600
    )
    assert world.views(NOW - DAY, NOW, NOW) == rows


def test_views_are_varied() -> None:
    rows = GeneratedWorld().views(NOW - 30 * DAY, NOW, NOW)
    for column in ("viewer_os_family", "viewer_application_name", "country_code", "video_title"):
        assert len({row[column] for row in rows}) >= 8
        assert None in {row[column] for row in rows}
    text = "".join(row["video_title"] or "" for row in rows)
    assert all(sign in text for sign in ('"', "\n", "\\", ",", "é", "日", "🎬"))
    failed = [row for row in rows if row["playback_failure"]]
    assert 0.01 < len(failed) / len(rows) < 0.06
    assert {None, "403"} < {row["player_error_code"] for row in failed}
    assert any(row["watch_time"] is None for row in rows)
    assert max(Counter(row["view_end"] for row in rows).values()) > 1
    hours = Counter(row["view_end"][11:13] for row in rows)
    assert hours["19"] > 2 * hours["07"]
    for row in rows:
        assert epoch(row["view_start"]) <= epoch(row["view_end"])


def test_a_small_world_is_small() -> None:
    world = GeneratedWorld(assets=50, views_per_day=10)
    assert 25 < len(world.assets(NOW)) < 75
    assert 700 < len(world.views(NOW - 100 * DAY, NOW, NOW)) < 1300
    assert GeneratedWorld(assets=0, views_per_day=0).views(NOW - DAY, NOW, NOW) == []
