"""Run the benchmarks: `uv run --group bench python -m benchmarks`.

A run of all cases writes RESULTS.md. A quick run, or a run of some cases, only prints.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import environ, machine
from benchmarks.cases import CASES
from benchmarks.cases.setup import Setup
from benchmarks.report import render
from benchmarks.serving import serve

RESULTS = Path(__file__).with_name("RESULTS.md")
MIN_RUNS = 5


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--case", action="append", choices=CASES, help="run only this case; repeatable"
    )
    parser.add_argument("--runs", type=int, default=MIN_RUNS, help="runs of each contestant")
    parser.add_argument("--quick", action="store_true", help="a smoke run: one run, small sizes")
    options = parser.parse_args()
    runs = 1 if options.quick else options.runs
    chosen = options.case or list(CASES)
    environ.compile_all()
    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(runs, options.quick, Path(folder))
        outcomes = []
        for name in chosen:
            print(name, end=" ", file=sys.stderr, flush=True)  # noqa: T201 - shows the progress
            outcomes.append(CASES[name](setup))
            print(file=sys.stderr)  # noqa: T201
    report = render(outcomes, machine.describe(), runs=runs, ceiling=_ceiling())
    print(report)  # noqa: T201 - the output of the command
    if not options.quick and not options.case and runs >= MIN_RUNS:
        RESULTS.write_text(report, "utf-8")


def _ceiling() -> str:
    """Measure the server, to show that it is not the bottleneck of the results."""
    with serve(views=10_000) as served:
        command = [sys.executable, "-m", "benchmarks.ceiling"]
        command += [served.url, str(served.start), str(served.end)]
        done = subprocess.run(  # noqa: S603 - our own
            command, check=True, capture_output=True, timeout=60, env=environ.clean()
        )
    pages = int(done.stdout)
    return f"a process of its own, answers at most {pages:,} pages/s ({pages * 100:,} views/s)"


if __name__ == "__main__":
    main()
