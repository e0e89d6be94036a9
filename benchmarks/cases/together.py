"""Runs that read several things at the same time: parts of the API, and environments."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import contestants as who
from benchmarks.cases.setup import CPU, PAGE, PEAK, WALL, figures
from benchmarks.comparing import Figure, compare
from benchmarks.contestants import EMPTY, FLOOR, PLAIN, THIS
from benchmarks.floors import Limits, ideal_seconds
from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.serving import serve

if TYPE_CHECKING:
    from benchmarks.cases.setup import Setup
    from benchmarks.comparing import Runs

BOTH = "assets video_views"
LATENCY = 0.15
MOST_ENVIRONMENTS = 8
MAX_MORE_MB = 40
MAX_GROWTH = 1.15

_ONE = f"{THIS}, one environment"
_MANY = f"{THIS}, {MOST_ENVIRONMENTS} environments"
_PLAIN_ONE = f"{PLAIN}, one environment"
_SERIAL = "one after another"


def buckets(setup: Setup) -> Outcome:
    """Read two parts of the API, each with more requests than its bucket holds."""
    pages = setup.size(165, 24)
    limits = Limits(0.02, setup.size(100, 20), setup.size(5, 1), who.RESERVE, who.IN_FLIGHT)
    with serve(views=pages * PAGE, assets=pages * PAGE) as served:
        results = compare(
            [
                *(who.reading_tap(name, BOTH, served, setup.folder) for name in (THIS, PLAIN)),
                who.empty_tap(),
            ],
            setup.runs,
            rows=lambda name: 0 if name == EMPTY else 2 * pages * PAGE,
            before=partial(
                served.reset,
                latency=limits.latency,
                capacity=limits.capacity,
                refill=limits.refill,
            ),
            after=served.counts,
        )
    start_up = figures(results, WALL)[EMPTY].median
    del results[EMPTY]
    asked = {part: _counted(results, part, "requests") for part in ("video", "data")}
    refused = {part: _counted(results, part, "refused") for part in asked}
    floor = max(ideal_seconds(int(each[THIS].median), limits) for each in asked.values())
    wall = figures(results, WALL)
    return Outcome(
        f"Two full buckets at once: {pages} pages of views, {pages} of assets",
        [
            Row("wall, s", {**wall, FLOOR: floor}),
            *(Row(f"requests, {part}", each, 0) for part, each in asked.items()),
            *(Row(f"refused with 429, {part}", each, 0) for part, each in refused.items()),
        ],
        [
            Goal("wall / (floor + start-up)", wall[THIS].median / (floor + start_up), 1.10),
            Goal("429s in any run", sum(each[THIS].max for each in refused.values()), 0, digits=0),
        ],
        f"Latency 20 ms. Each bucket holds {limits.capacity} and is refilled with {limits.refill}/s"
        " and announced. The floor is the ideal time of the slower part, the other one read "
        f"meanwhile. Start-up is the {start_up:.2f} s of an empty SDK tap.",
    )


def environments(setup: Setup) -> Outcome:
    """Read several environments in one run."""
    size = setup.size(2_000, 500)
    accesses = [
        {"name": f"environment-{number}", "token_id": f"id-{number}", "token_secret": "secret"}
        for number in range(MOST_ENVIRONMENTS)
    ]
    with serve(views=size) as served:
        tap = partial(who.reading_tap, streams="video_views", served=served, folder=setup.folder)
        many = tap(THIS, token_id=None, token_secret=None, environments=accesses)
        results = compare(
            [
                tap(THIS)._replace(name=_ONE),
                many._replace(name=_MANY),
                tap(PLAIN)._replace(name=_PLAIN_ONE),
            ],
            setup.runs,
            rows=lambda name: MOST_ENVIRONMENTS * size if name == _MANY else size,
            before=partial(served.reset, latency=LATENCY, capacity=100, refill=5),
        )
    wall = figures(results, WALL)
    return Outcome(
        f"{MOST_ENVIRONMENTS} environments of {size:,} views",
        [
            Row("wall, s", wall),
            Row("CPU, s", figures(results, CPU)),
            Row("peak memory, MB", figures(results, PEAK), 0),
        ],
        [Goal("wall / wall of one environment", wall[_MANY].median / wall[_ONE].median, 1.3)],
        f"Latency {LATENCY * 1000:.0f} ms. Each environment has buckets of its own, of 100 requests"
        " refilled 5/s. The plain SDK tap takes a run for each environment.",
    )


def memory(setup: Setup) -> Outcome:
    """Measure the memory of reading two parts of the API side by side, and one after another."""
    sizes = (1_000, 4_000) if setup.quick else (10_000, 100_000, 300_000)
    assets = setup.size(5_000, 500)
    rows_of, modes = {}, {THIS: who.IN_FLIGHT, _SERIAL: 1}
    with ExitStack() as stack:
        contestants = []
        for size in sizes:
            served = stack.enter_context(serve(views=size, assets=assets))
            for mode, most in modes.items():
                name = f"{mode}, {size:,} views"
                rows_of[name] = size + assets
                tap = who.reading_tap(THIS, BOTH, served, setup.folder, max_concurrency=most)
                contestants.append(tap._replace(name=name))
        results = compare(contestants, setup.runs, rows=rows_of.__getitem__)
    peak = figures(results, PEAK)
    by_mode = {mode: [peak[f"{mode}, {size:,} views"] for size in sizes] for mode in modes}
    pairs = zip(by_mode[THIS], by_mode[_SERIAL], strict=True)
    more = max(many.median - one.median for many, one in pairs)
    growth = by_mode[THIS][-1].median / by_mode[THIS][0].median
    return Outcome(
        f"Memory of {assets:,} assets and views, side by side and one after another",
        [
            Row("peak memory, MB", peak, 0),
            Row("CPU, s", figures(results, CPU)),
            Row("wall, s", figures(results, WALL)),
        ],
        [
            Goal("peak memory, MB more than one after another", more, MAX_MORE_MB, digits=0),
            Goal("peak memory, most views / fewest", growth, MAX_GROWTH),
        ],
    )


def _counted(results: dict[str, Runs], part: str, what: str) -> dict[str, Figure]:
    """Return a count of the server's endpoints in a part of the API for each contestant."""
    return {
        name: Figure.of([counts[part][what] for counts in runs.counts])
        for name, runs in results.items()
    }
