"""Runs that do not wait: CPU and memory per record."""

from __future__ import annotations

from contextlib import ExitStack
from math import inf
from typing import TYPE_CHECKING

from benchmarks import contestants as who
from benchmarks.cases.setup import CPU, PEAK, WALL, figures
from benchmarks.comparing import compare
from benchmarks.contestants import DLT, PLAIN, THIS
from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.serving import serve

if TYPE_CHECKING:
    from benchmarks.cases.setup import Setup
    from benchmarks.contestants import Contestant
    from benchmarks.serving import Served

NOTHING = "nothing"
SHORT_RUNS = 5
"""How many runs of the shortest kind are made for each run of the others."""

_IDLE = ", nothing to read"


def views(setup: Setup) -> Outcome:
    """Measure the CPU for list views."""
    size = setup.size(100_000, 5_000)
    with serve(views=size) as served, serve() as nothing:
        rows = _compare_cpu("video_views", size, (served, nothing), setup)
    cpu = rows[0].medians
    return Outcome(
        f"{size:,} list views, no latency",
        rows,
        [
            Goal("CPU / plain SDK tap", cpu[THIS] / cpu[PLAIN], 0.38, 0.30),
            Goal("CPU / dlt", cpu[THIS] / cpu[DLT], 1),
        ],
    )


def assets(setup: Setup) -> Outcome:
    """Measure the CPU for assets."""
    size = setup.size(20_000, 1_000)
    with serve(assets=size) as served, serve() as nothing:
        rows = _compare_cpu("assets", size, (served, nothing), setup)
    cpu = rows[0].medians
    return Outcome(
        f"{size:,} assets with tracks and playback IDs, no latency",
        rows,
        [Goal("CPU / plain SDK tap", cpu[THIS] / cpu[PLAIN], 0.25, 0.18)],
    )


def scale(setup: Setup) -> Outcome:
    """Measure CPU and memory by the number of views."""
    sizes = (1_000, 4_000, 16_000) if setup.quick else (10_000, 100_000, 1_000_000)
    rows_of = {NOTHING: 0} | {f"{size:,}": size for size in sizes}
    with ExitStack() as stack:
        contestants = [
            _tap(stack.enter_context(serve(views=size)), setup)._replace(name=name)
            for name, size in rows_of.items()
        ]
        in_turn = contestants[:2] * SHORT_RUNS + contestants[2:]
        results = compare(in_turn, setup.runs, rows=rows_of.__getitem__)
    cpu, peak = figures(results, CPU), figures(results, PEAK)
    start_up = cpu[NOTHING].median
    each = {
        name: (cpu[name].median - start_up) / size * 1e6 for name, size in rows_of.items() if size
    }
    fewest, *_, most = each
    spread = max(each.values()) / min(each.values()) if min(each.values()) > 0 else inf
    return Outcome(
        f"This tap and {', '.join(each)} views",
        [
            Row("CPU, s", cpu),
            Row("CPU per record without start-up, µs", each, 1),
            Row("wall, s", figures(results, WALL)),
            Row("peak memory, MB", peak, 0),
        ],
        [
            Goal("CPU per record, largest / smallest", spread, 1.1),
            Goal("peak memory, most views / fewest", peak[most].median / peak[fewest].median, 1.15),
            Goal("peak memory, MB", max(figure.median for figure in peak.values()), 130, digits=0),
        ],
        "Start-up is a run with nothing to read; it is subtracted from each figure. It varies by "
        f"as much as {sizes[0]:,} views take, so these two run {SHORT_RUNS} times as often as the "
        "others.",
    )


def _tap(served: Served, setup: Setup) -> Contestant:
    return who.reading_tap(THIS, "video_views", served, setup.folder)


def _compare_cpu(stream: str, size: int, servers: tuple[Served, Served], setup: Setup) -> list[Row]:
    """Run all contestants on one stream, and on an empty one to measure their start-up."""
    served, nothing = (
        [
            *(who.reading_tap(name, stream, server, setup.folder) for name in (THIS, PLAIN)),
            *who.peers(stream, server),
        ]
        for server in servers
    )
    results = compare(
        [*served, *(each._replace(name=each.name + _IDLE) for each in nothing)],
        setup.runs,
        rows=lambda name: 0 if name.endswith(_IDLE) else size,
    )
    idle = {each.name: results.pop(each.name + _IDLE) for each in nothing}
    cpu, start_up = figures(results, CPU), figures(idle, CPU)
    return [
        Row("CPU, s", cpu),
        Row("of that start-up, s", start_up),
        Row(
            "CPU per record without start-up, µs",
            {name: (cpu[name].median - start_up[name].median) / size * 1e6 for name in cpu},
            1,
        ),
        Row("wall, s", figures(results, WALL)),
        Row("peak memory, MB", figures(results, PEAK), 0),
    ]
