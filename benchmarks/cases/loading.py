"""Load into a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import contestants as who
from benchmarks import duckdb_target
from benchmarks.cases.setup import CPU, PEAK, PEAKS, WALL, figures
from benchmarks.comparing import compare
from benchmarks.contestants import PLAIN, THIS
from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.serving import serve

if TYPE_CHECKING:
    from benchmarks.cases.setup import Setup


def duckdb(setup: Setup) -> Outcome:
    """Load views into a new DuckDB file."""
    size = setup.size(20_000, 1_000)
    target = duckdb_target.installed()

    def remove_files() -> None:
        for path in setup.folder.glob("*.duckdb*"):
            path.unlink()

    with serve(views=size) as served:
        taps = [
            who.reading_tap(name, "video_views", served, setup.folder) for name in (THIS, PLAIN)
        ]
        results = compare(
            [
                *(tap.into(target, setup.folder) for tap in taps),
                *who.peers_into_duckdb(served, setup.folder),
            ],
            setup.runs,
            rows=lambda _: size,
            before=remove_files,
        )
    wall, peak = figures(results, WALL), figures(results, PEAK)
    fastest, smallest = (
        min(each[name].median for name in who.DLT_FORMATS) for each in (wall, peak)
    )
    return Outcome(
        f"{size:,} list views loaded into DuckDB",
        [
            Row("wall, s", wall),
            Row("CPU, s", figures(results, CPU)),
            Row("peak memory of the largest process, MB", peak, 0),
            Row("peak memory of all processes, MB", figures(results, PEAKS), 0),
        ],
        [
            Goal("wall / fastest dlt", wall[THIS].median / fastest, 1),
            Goal("peak memory / smallest dlt", peak[THIS].median / smallest, 1),
        ],
        "Both taps are piped into target-duckdb, with the version and settings of meltano.yml. The "
        "floor loads one file of JSON lines.",
    )
