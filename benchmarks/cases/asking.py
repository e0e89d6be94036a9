"""How many requests a run takes: they are what Mux limits."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks import environ
from benchmarks.outcome import Goal, Outcome, Row

if TYPE_CHECKING:
    from benchmarks.cases.setup import Setup

MAX_TRIPS = 8
MAX_SECONDS = 300


def requests(setup: Setup) -> Outcome:
    """Count the requests of a first run and of the next one, by stream."""
    assets, views = setup.size(3000, 300), setup.size(400, 40)
    command = [sys.executable, "-m", "benchmarks.asking", str(setup.folder)]
    command += ["--assets", str(assets), "--views-per-day", str(views)]
    done = subprocess.run(  # noqa: S603 - our own
        command, check=True, capture_output=True, timeout=MAX_SECONDS, env=environ.clean()
    )
    counts = json.loads(done.stdout)
    columns = {
        "first run": counts["first"],
        "next run": counts["following"],
        "pages of the next run": counts["pages"],
        "ends to confirm": counts["ends"],
    }
    sums = {name: sum(by_stream.values()) for name, by_stream in columns.items()}
    pages, ends = sums["pages of the next run"], sums["ends to confirm"]
    return Outcome(
        f"Requests of all default streams: the sandbox with {assets:,} assets, {views} views a day",
        [
            *(
                Row(stream, {name: column.get(stream, 0) for name, column in columns.items()}, 0)
                for stream in sorted(counts["first"])
            ),
            Row("all", sums, 0),
            Row("round trips to the first view", {"first run": counts["trips"]}, 0),
        ],
        [
            Goal(
                "requests of the next run without ends / pages",
                (sums["next run"] - ends) / pages,
                1.05,
            ),
            Goal(
                "first run without a start_date, 150 ms latency: round trips to the first view",
                counts["trips"],
                MAX_TRIPS,
                digits=0,
            ),
        ],
        "The next run reads what is new, the lookback, and whole tables. A page has records, or is "
        "the only one of its list. The end of a list that Mux does not count has to be confirmed "
        "by a page without records: a short page may be a server's cap.",
    )
