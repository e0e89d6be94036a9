"""One daily export of views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import contestants as who
from benchmarks.cases.setup import CPU, PEAK, WALL, figures
from benchmarks.comparing import compare
from benchmarks.contestants import THIS
from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.serving import serve

if TYPE_CHECKING:
    from benchmarks.cases.setup import Setup

STREAM = "exported_video_views"
ROWS_PER_SECOND = 40_000
_NOTHING = "nothing"


def exports(setup: Setup) -> Outcome:
    """Convert CSV rows to messages."""
    size, larger = setup.size(100_000, 5_000), setup.size(300_000, 15_000)
    with serve(exported=size) as served, serve(exported=larger) as more, serve() as none:
        tap, larger_tap, idle_tap = (
            who.reading_tap(THIS, STREAM, server, setup.folder) for server in (served, more, none)
        )
        large = f"{THIS}, {larger:,} rows"
        rows_of = {large: larger, _NOTHING: 0}
        results = compare(
            [
                tap,
                tap.without_arrow(),
                *who.csv_readers(served),
                larger_tap._replace(name=large),
                idle_tap._replace(name=_NOTHING),
            ],
            setup.runs,
            rows=lambda name: rows_of.get(name, size),
        )
    wall, peak = figures(results, WALL), figures(results, PEAK)
    start_up = wall[_NOTHING].median
    speeds = {
        name: rows_of.get(name, size) / (figure.median - (start_up if name.startswith(THIS) else 0))
        for name, figure in wall.items()
        if name != _NOTHING
    }
    return Outcome(
        f"A daily export of {size:,} views with {served.columns} columns",
        [
            Row("rows/s (this tap: without start-up)", speeds, 0),
            Row("wall, s", wall),
            Row("CPU, s", figures(results, CPU)),
            Row("peak memory, MB", peak, 0),
        ],
        [
            Goal("µs per row without start-up", 1e6 / speeds[large], 1e6 / ROWS_PER_SECOND),
            Goal("peak memory, most rows / fewest", peak[large].median / peak[THIS].median, 1.15),
        ],
        "All download and decompress the same file. Python's csv and DuckDB only read it: csv "
        "makes a list of strings for each row, DuckDB a table in memory.",
    )
