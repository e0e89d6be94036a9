"""The tap against a world, a server and a clock of its own: stories from fixed seeds, and others.

``uv run python -m tests.simulation`` plays more of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.duties import DUTIES
from tests.simulation.machine import Simulation
from tests.simulation.mux.faults import KINDS
from tests.simulation.seams import STREAMS, simulated
from tests.simulation.story import Tally, play

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = range(20)


@pytest.fixture(autouse=True)
def _simulated() -> Iterator[None]:
    """Simulate time, threads, chance and network."""
    with simulated():
        yield


def test_every_promise_is_kept() -> None:
    tally, streams = Tally(), set[str]()
    for seed in SEEDS:
        streams |= play(seed, tally).read
    # All that may go wrong has gone wrong.
    assert set(KINDS) <= tally.faults.keys()
    assert tally.runs.keys() >= {"complete", "failed", "killed"}
    assert streams == STREAMS.keys()


def test_a_seed_is_always_the_same_story() -> None:
    assert play(7).told == play(7).told


def test_every_stream_has_duties() -> None:
    assert DUTIES.keys() == STREAMS.keys()


def test_stories_that_hypothesis_tells() -> None:
    run_state_machine_as_test(
        Simulation,
        settings=settings(
            max_examples=5,
            stateful_step_count=4,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
