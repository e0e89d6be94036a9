"""Reads the last days of Mux: each day in a run of its own, on several processes, with no daemon.

Usage: python backfill.py [FIRST_DAY LAST_DAY]    (the last ten days, if it is not told others)
"""

import multiprocessing
import os
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

os.environ.setdefault("DAGSTER_HOME", str(Path("output/dagster/home").absolute()))

import dagster as dg
import duckdb
from definitions import ENVIRONMENTS, OUTPUT, defs, runs_at_once


def read(job: str, day: str) -> bool:
    """Run a job for a day; return whether it succeeded."""
    quiet = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}}
    with dg.DagsterInstance.get() as instance:
        run = defs.resolve_job_def(job).execute_in_process(
            quiet, instance, day, raise_on_error=False
        )
    return run.success


def main() -> int:
    """Read the days and show the tables; return 1 if a day could not be read."""
    home = Path(os.environ["DAGSTER_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copy(Path(__file__).with_name("dagster.yaml"), home)
    with dg.DagsterInstance.get() as instance:  # makes the database, which several at once cannot
        # Not more, since a run that waits for a pool keeps a processor busy.
        count = sum(runs_at_once(instance, environment["name"]) for environment in ENVIRONMENTS)
    last = datetime.now(UTC).date() - timedelta(days=1)
    first = last - timedelta(days=9)
    if sys.argv[1:]:
        first, last = map(date.fromisoformat, sys.argv[1:])
    days = [str(first + timedelta(days=number)) for number in range((last - first).days + 1)]
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as processes:
        runs = {
            (day, environment["name"]): processes.submit(read, f"{environment['name']}_days", day)
            for day in days
            for environment in ENVIRONMENTS
        }
    for (day, name), run in runs.items():
        print(day, name, "read" if run.result() else "failed: see above")
    files = duckdb.connect().table_function("parquet_file_metadata", [f"{OUTPUT}/*/*/*.parquet"])
    table = "string_split(file_name, '/')[-2] AS stream, count() AS files, sum(num_rows) AS rows"
    print(files.aggregate(table).order("stream"))
    return 0 if all(run.result() for run in runs.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
