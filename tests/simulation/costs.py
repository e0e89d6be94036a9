"""How many requests a run may take in which nothing goes wrong and nothing changes.

README says how many each stream takes. The bounds here are up to twice or three times as high, so
that they hold for any world; they tell a run that reads all anew from one that reads what is new.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tests.simulation.checks import bookmarks_in
from tests.simulation.duties import Span
from tests.simulation.sums import SUMS
from tests.simulation.truth import DAY
from tests.simulation.world import LISTS

if TYPE_CHECKING:
    from tests.simulation.run import Facts
    from tests.simulation.world import World

TO_FIND_THE_BORDER = 40
"""How many requests it may take to find where the data of Mux begins."""

FIXED = {
    "environments": 1,
    "dimensions": 1,
    "usage_exports": 3,
    "exported_video_views": 30,
    "monitoring_timeseries": 60,
    "monitoring_breakdowns": 60,
    "monitoring_breakdown_timeseries": 320,
    "monitoring_histograms": 1,
}
INTERVALS_A_REQUEST = {"metric_timeseries": 24, "subview_timeseries": 24}


def most_requests(name: str, world: World, facts: Facts) -> int:
    """Return how many requests a stream may take."""
    if name in FIXED:
        return FIXED[name]
    if name in SUMS:
        return _most_of_sums(name, world, facts)
    return _most_of_list(world, name) if name in LISTS else _most_of_children(name, world)


def _most_of_children(name: str, world: World) -> int:
    """Return how many requests a list takes whose records are asked for one by one."""
    count = {table: len(each.listed) for table, each in world.tables.items()}
    windows = TO_FIND_THE_BORDER + 30 + count["video_views"] // 3
    parents, each, more = {
        "asset_inputs": ("assets", 1, 0),
        "related_incidents": ("incidents", 4, 0),
        "directive_runs": ("directives", 3, count["directive_runs"] // 50),
        "robot_jobs": ("robot_jobs", 1, 0),
        "annotations": ("annotations", 0, 0),
        "video_views": ("video_views", 0, windows),
        "video_view_details": ("video_views", 1, windows),
    }[name]
    return _most_of_list(world, parents) + each * count[parents] + more


def _most_of_list(world: World, name: str) -> int:
    limit = 10 if name == "transcription_vocabularies" else 100
    return 2 * (len(world.tables[name].listed) // limit + 2)


def _most_of_sums(name: str, world: World, facts: Facts) -> int:
    form, span = SUMS[name], Span.of(facts)
    step = form.step(facts.config)
    reached = [
        datetime.fromisoformat(value).timestamp() - facts.config["lookback_days"] * DAY
        for (stream, *context), value in bookmarks_in(facts.state)
        if stream == name and ("environment_id", world.environment_id) in context
    ]
    moment = int(facts.began) // DAY * DAY
    parts = len(form.parts(world, facts.config, moment))
    is_known = len(reached) >= parts and not name.endswith(("maps", "spots"))
    start = max(span.start, facts.now - 100 * DAY, min(reached) if is_known else 0.0)
    intervals = max(0, int(span.end - start)) // step + 3
    intervals = intervals // INTERVALS_A_REQUEST.get(name, 1) + 3
    each = 10 if name.endswith(("maps", "spots")) else 3 * max(1, parts)
    return TO_FIND_THE_BORDER + intervals * each


def most_of_all(world: World, facts: Facts) -> int:
    """Return how many requests a run may take in one environment."""
    times = 100 // world.page_cap
    return 1 + times * sum(most_requests(name, world, facts) for name in facts.streams)
