"""Play many stories: ``uv run python -m tests.simulation --seeds 10000``."""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback

from tests.simulation.seams import simulated
from tests.simulation.story import Tally, play

SEEDS_A_LINE = 100
"""How many are played until the command says how far it is."""


def tell(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)  # noqa: T201 - it is what the command is for


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first one")
    parser.add_argument("--keep-going", action="store_true", help="go on after a failure")
    options = parser.parse_args()
    logging.getLogger().setLevel(logging.INFO)
    tally, failed, played = Tally(), 0, 0
    began = time.perf_counter()
    with simulated():
        for seed in range(options.first, options.first + options.seeds):
            try:
                play(seed, tally)
            except Exception:  # noqa: BLE001 - shown, whatever it is
                failed += 1
                tell(traceback.format_exc())
            played += 1
            if played % SEEDS_A_LINE == 0:
                tell(f"{played:,} seeds, {failed} failed")
            if failed and not options.keep_going:
                break
    seconds = time.perf_counter() - began
    tell(f"{played:,} seeds from {options.first} on, {failed} failed, {seconds:,.0f} seconds")
    tell(f"runs: {dict(tally.runs)}, {tally.seconds / 3600:,.0f} hours of their own time")
    tell(f"{tally.requests.total():,} requests, {tally.messages:,} messages")
    faults = ", ".join(f"{kind} {count:,}" for kind, count in sorted(tally.faults.items()))
    tell(f"{tally.faults.total():,} faults: {faults}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
