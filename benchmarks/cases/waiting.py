"""Runs that wait: for answers, and for a rate limit."""

from __future__ import annotations

from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from benchmarks import contestants as who
from benchmarks.cases.setup import PAGE, WALL, counted, figures
from benchmarks.comparing import Figure, compare
from benchmarks.contestants import EMPTY, FLOOR, PLAIN, THIS
from benchmarks.floors import Limits, ideal_seconds
from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.server import UNLIMITED
from benchmarks.serving import serve
from tap_mux.api.rate_limit import RATE

if TYPE_CHECKING:
    from benchmarks.cases.setup import Setup
    from benchmarks.comparing import Runs

_REFILL = 20
_EACH_REFUSED = 33


def latency(setup: Setup) -> Outcome:
    """Read pages of views from a server with latency."""
    pages = setup.size(100, 10)
    limits = Limits(0.15, 100, _REFILL, who.RESERVE, who.IN_FLIGHT)
    results = _read(pages, limits, setup)
    start_up = figures(results, WALL)[EMPTY].median
    del results[EMPTY]
    floor = ideal_seconds(pages, limits)
    wall = figures(results, WALL)
    return Outcome(
        f"{pages} pages of views, 150 ms latency, bucket of {limits.capacity}",
        [
            Row("wall, s", {**wall, FLOOR: floor}),
            Row("requests", {**counted(results, "requests"), FLOOR: pages}, 0),
            Row("most in flight", {**counted(results, "max_in_flight"), FLOOR: who.IN_FLIGHT}, 0),
        ],
        [
            Goal("wall / plain SDK tap", wall[THIS].median / wall[PLAIN].median, 1 / 4, 1 / 5),
            Goal("wall / (floor + start-up)", wall[THIS].median / (floor + start_up), 1.3),
        ],
        f"The floor is the ideal time of {pages} requests, {who.IN_FLIGHT} in flight. Start-up is "
        f"the {start_up:.2f} s of an empty SDK tap. The bucket is refilled with {_REFILL}/s.",
    )


def bucket(setup: Setup) -> Outcome:
    """Send more requests than the bucket holds."""
    pages = setup.size(400, 40)
    limits = Limits(0.02, setup.size(100, 20), _REFILL, who.RESERVE, who.IN_FLIGHT)
    results = _read(pages, limits, setup)
    del results[EMPTY]
    asked = counted(results, "requests")
    refused = counted(results, "refused")
    level = counted(results, "lowest_level")
    seconds = {
        name: Figure.of(
            [each["data"]["last_at"] - each["data"]["first_at"] for each in runs.counts]
        )
        for name, runs in results.items()
    }
    wall = figures(results, WALL)
    floor = ideal_seconds(int(asked[THIS].median), limits)
    reserve = ceil(limits.reserve * limits.capacity)
    return Outcome(
        f"{pages} requests against a bucket of {limits.capacity} refilled {_REFILL}/s",
        [
            Row("wall, s", {**wall, FLOOR: floor}),
            Row("first to last request, s", {**seconds, FLOOR: floor}),
            Row("requests", asked, 0),
            Row("refused with 429", refused, 0),
            Row("lowest level of the bucket", {**level, FLOOR: reserve}, 1),
        ],
        [
            Goal("wall / floor", wall[THIS].median / floor, 1.06),
            Goal("first to last request / floor", seconds[THIS].median / floor, 1.06),
            Goal("429s in any run", refused[THIS].max, 0, digits=0),
            Goal(
                "requests taken from the reserve in any run",
                max(0.0, reserve - level[THIS].min),
                0,
                digits=1,
            ),
        ],
        f"Latency 20 ms. The floor is the ideal time of as many requests as this tap sent, with "
        f"{reserve} left in the bucket. The others leave nothing in it.",
    )


def refusals(setup: Setup) -> Outcome:
    """Be refused by chance, by a server that announces nothing."""
    pages = setup.size(150, 35)
    limits = Limits(0.02, UNLIMITED, UNLIMITED, who.RESERVE, who.IN_FLIGHT)
    results = _read(pages, limits, setup, refused=_EACH_REFUSED)
    del results[EMPTY]
    refused = counted(results, "refused")
    rates = {
        name: Figure.of(
            [
                (each["data"]["requests"] - each["data"]["refused"])
                / (each["data"]["last_at"] - each["data"]["first_at"])
                for each in runs.counts
            ]
        )
        for name, runs in results.items()
    }
    return Outcome(
        f"{pages} pages of views, 3 % of the requests refused, nothing announced",
        [
            Row("pages a second", {**rates, FLOOR: RATE}),
            Row("refused with 429", refused, 0),
        ],
        [Goal("unrefused rate / rate", RATE / rates[THIS].median, 1 / 0.7)],
        f"Latency 20 ms. This tap sends {RATE:.0f} requests a second where Mux announces nothing, "
        f"which is the floor. The others know no such rate. Each {_EACH_REFUSED}rd request is "
        "refused.",
    )


def _read(pages: int, limits: Limits, setup: Setup, **more: float) -> dict[str, Runs]:
    """Run all contestants on the same pages; the empty tap reads nothing."""
    with serve(views=pages * PAGE) as served:
        taps = [
            who.reading_tap(name, "video_views", served, setup.folder) for name in (THIS, PLAIN)
        ]
        dlt, _ = who.peers("video_views", served)
        return compare(
            [*taps, dlt, who.empty_tap()],
            setup.runs,
            rows=lambda name: 0 if name == EMPTY else pages * PAGE,
            before=partial(
                served.reset,
                latency=limits.latency,
                capacity=limits.capacity,
                refill=limits.refill,
                **more,
            ),
            after=served.counts,
        )
