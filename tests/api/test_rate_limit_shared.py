"""Where other programs take from the same bucket: what they leave is used."""

from __future__ import annotations

import itertools

import pytest

from tests.support.virtual import BEGIN, VirtualClock
from tests.support.virtual_mux import WORKERS, Mux, Run


class TestShared:
    """Other programs take from the same bucket."""

    @pytest.mark.parametrize("begins_after", [0, 3])
    @pytest.mark.parametrize("latency", [0.02, 0.15, 0.6])
    @pytest.mark.parametrize(("size", "per_second"), [(100, 20), (100, 5), (20, 1)])
    def test_two_runs_share_all_but_the_reserve(
        self,
        clock: VirtualClock,
        size: float,
        per_second: float,
        latency: float,
        begins_after: float,
    ) -> None:
        mux = Mux(clock, size, per_second)
        requests = int(size + 60 * per_second) // 2
        runs = [
            Run(mux, requests=requests, latency=latency, begins_after=begin, seed=seed)
            for seed, begin in enumerate((0, begins_after))
        ]
        seconds = clock.run(*runs[0].workers, *runs[1].workers)
        floor = (2 * requests - size * 0.9) / per_second
        assert seconds <= 1.35 * max(floor, requests * latency / WORKERS)
        both_end = min(run.ended_at for run in runs)
        together = [
            each.run
            for each in mux.requests
            if each.is_granted and BEGIN + begins_after <= each.at < both_end
        ]
        for run in runs:
            assert together.count(run) >= 0.35 * len(together)
        assert mux.lowest >= size * 0.1 - 2 * WORKERS
        assert mux.refusals <= 2 * WORKERS

    @pytest.mark.parametrize("others", [5, 10, 15])
    def test_what_another_program_leaves_is_used(self, clock: VirtualClock, others: float) -> None:
        mux = Mux(clock, 100, 20)
        run = Run(mux, seconds=120)

        def other() -> None:
            for _ in range(1200):
                mux.take(others / 10)
                clock.sleep(0.1)

        clock.run(*run.workers, other)
        assert mux.granted() >= 0.95 * (90 + (20 - others) * 120)
        assert mux.refusals == 0

    def test_it_looks_each_second_while_nothing_is_left_and_goes_on_at_once(
        self, clock: VirtualClock
    ) -> None:
        mux = Mux(clock, 100, 5)
        run = Run(mux, seconds=120, latency=0.05, reserve=0.5)

        def other() -> None:
            for _ in range(6000):  # leaves as few as 5 for a minute
                mux.take(0)
                mux.take(max(0.0, mux.level - 5))
                clock.sleep(0.01)

        clock.run(*run.workers, other)
        times = [each.at for each in mux.requests if each.at < BEGIN + 60]
        gaps = [after - before for before, after in itertools.pairwise(times)]
        assert max(gaps) <= 1.1
        assert min(gaps) >= 0.9
        assert 5 * 50 - 60 <= mux.granted(BEGIN + 60) <= 5 * 60
        assert mux.refusals == 0

    def test_another_program_is_noticed_and_forgotten(self, clock: VirtualClock) -> None:
        mux = Mux(clock, 100, 5)
        run = Run(mux, seconds=120, latency=0.05)
        told: list[tuple[float, bool]] = []

        def other() -> None:
            for _ in range(300):
                clock.sleep(0.1)
                if 20 <= clock.now() - BEGIN < 40:
                    mux.take(0.4)

        def watch() -> None:
            for _ in range(120):
                told.append((clock.now() - BEGIN, run.bucket.waiting.is_shared))
                clock.sleep(1)

        clock.run(*run.workers, other, watch)
        assert not [at for at, is_shared in told if is_shared and at < 20]
        assert [is_shared for at, is_shared in told if 25 <= at < 50] == [True] * 25
        assert not [at for at, is_shared in told if is_shared and at > 75]
