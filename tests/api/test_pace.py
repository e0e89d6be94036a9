"""Where Mux announces nothing: refusals lower the rate, and time gives it back."""

from __future__ import annotations

import math
import random

import pytest

from tap_mux.api.pace import MAX_PAUSE_SECONDS, MAX_SECONDS, Pace
from tap_mux.api.rate_limit import RATE
from tests.support.virtual import BEGIN, VirtualClock
from tests.support.virtual_mux import Mux, Run

SEEDS = range(3)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("refused", "least"), [(0.01, 0.9), (0.03, 0.7), (0.1, 0.4)])
def test_refusals_by_chance_cost_little(
    clock: VirtualClock, refused: float, least: float, seed: int
) -> None:
    random.seed(seed)
    mux = Mux(clock, 1e9, 1e9, announced=False, refused=refused, seed=seed)
    clock.run(*Run(mux, seconds=600, seed=seed).workers)
    assert mux.granted() >= least * RATE * 600


@pytest.mark.parametrize("seed", SEEDS)
def test_refusals_by_chance_that_ask_to_wait_cost_little_more_than_the_wait(
    clock: VirtualClock, seed: int
) -> None:
    random.seed(seed)
    mux = Mux(clock, 1e9, 1e9, announced=False, refused=0.03, retry_after=1, seed=seed)
    clock.run(*Run(mux, seconds=600, seed=seed).workers)
    assert mux.granted() >= 0.6 * RATE * 600


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", [2, 20])
@pytest.mark.parametrize("limit", [1, 2, 4, 5, 10])
def test_a_limit_is_used_and_rarely_exceeded(
    clock: VirtualClock, limit: float, size: float, seed: int
) -> None:
    random.seed(seed)
    mux = Mux(clock, size, limit, announced=False)
    clock.run(*Run(mux, seconds=360, seed=seed).workers)
    late = [each for each in mux.requests if each.at >= BEGIN + 60]
    granted = sum(each.is_granted for each in late)
    assert granted >= 0.8 * limit * 300
    assert granted > 0.95 * len(late)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("limit", "retry_after"), [(1, 1), (2, 1), (5, 1), (10, 1), (2, 5)])
def test_a_limit_is_rarely_exceeded_where_mux_says_how_long_to_wait(
    clock: VirtualClock, limit: float, retry_after: float, seed: int
) -> None:
    random.seed(seed)
    mux = Mux(clock, 20 * limit, limit, announced=False, retry_after=retry_after)
    clock.run(*Run(mux, seconds=420, seed=seed).workers)
    late = [each for each in mux.requests if each.at >= BEGIN + 60]
    granted = sum(each.is_granted for each in late)
    assert granted >= 0.9 * limit * 360
    assert granted > 0.95 * len(late)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("limit", [1, 2, 4, 5])
def test_a_limit_that_allows_no_two_requests_at_once_is_used(
    clock: VirtualClock, limit: float, seed: int
) -> None:
    random.seed(seed)
    mux = Mux(clock, 1, limit, announced=False)
    clock.run(*Run(mux, seconds=360, seed=seed).workers)
    assert mux.granted(BEGIN + 60) >= 0.7 * limit * 300


@pytest.mark.parametrize("latency", [0.02, 0.15])
@pytest.mark.parametrize("size", [5, 10])
def test_a_limit_that_is_four_fifths_of_the_rate_is_not_taken_for_chance(
    clock: VirtualClock, size: float, latency: float
) -> None:
    random.seed(0)
    mux = Mux(clock, size, 4, announced=False)
    clock.run(*Run(mux, seconds=240, latency=latency).workers)
    late = [each.is_granted for each in mux.requests if each.at >= BEGIN + 60]
    assert sum(late) >= 0.8 * 4 * 180
    assert sum(late) > 0.95 * len(late)


@pytest.mark.parametrize(("most", "least"), [(7.0, 6.8), (None, 15.0)])
def test_the_rate_climbs_up_to_the_users_bound(
    clock: VirtualClock, most: float | None, least: float
) -> None:
    mux = Mux(clock, 1e9, 1e9, announced=False)
    clock.run(*Run(mux, seconds=120, max_per_second=most).workers)
    assert 5 * 10 <= mux.granted(until=BEGIN + 10) <= 6 * 10
    assert mux.granted(BEGIN + 110) >= least * 10
    assert mux.granted(BEGIN + 110) <= (most or math.inf) * 10 + 1


def test_the_rate_does_not_climb_while_it_is_not_used() -> None:
    pace = Pace(5.0, math.inf)
    for now in range(1000):
        pace.on_send(now)
        pace.on_answer(now)
    assert pace.free_at(999, is_announced=False) == pytest.approx(999.2)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_limit_that_falls_is_found_again(clock: VirtualClock, seed: int) -> None:
    random.seed(seed)
    mux = Mux(clock, 5, 4, announced=False)

    def fall() -> None:
        clock.sleep(120)
        mux.per_second = 1

    clock.run(*Run(mux, seconds=420, seed=seed).workers, fall)
    late = [each for each in mux.requests if each.at >= BEGIN + 180]
    granted = sum(each.is_granted for each in late)
    assert granted >= 0.8 * 240
    assert granted > 0.93 * len(late)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("limit", [0.0, 0.5, 3.0])
def test_the_rate_is_back_half_a_minute_after_the_last_refusal(
    clock: VirtualClock, limit: float, seed: int
) -> None:
    random.seed(seed)
    mux = Mux(clock, 5, limit, announced=False)

    def end() -> None:
        clock.sleep(60)
        mux.size = mux.level = mux.per_second = 1e9

    clock.run(*Run(mux, seconds=180, seed=seed).workers, end)
    (*_, last) = [each.at for each in mux.requests if not each.is_granted]
    assert last > BEGIN + 20
    end_of_pause = min(each.at for each in mux.requests if each.at > last)
    assert mux.granted(end_of_pause + 32, end_of_pause + 42) >= 0.95 * RATE * 10


def test_one_refusal_lowers_the_rate_at_once_and_for_a_while() -> None:
    pace = Pace(5.0, math.inf)
    pace.on_send(100.0)
    pace.on_refusal(100.0, 100.1, None, is_announced=False)
    pace.on_send(101.0)
    low = 1 / (pace.free_at(101.0, is_announced=False) - 101.0)
    assert 3.5 <= low <= 4.5
    pace.on_send(110.0)
    assert pace.free_at(110.0, is_announced=False) == pytest.approx(110.2)


def test_requests_that_were_refused_at_the_same_time_count_once() -> None:
    pace = Pace(5.0, math.inf)
    for _ in range(8):
        pace.on_send(100.0)
    for _ in range(8):
        pace.on_refusal(100.0, 100.1, None, is_announced=False)
    assert pace.free_at(100.1, is_announced=False) < 100.3


def test_pauses_double_with_jitter_up_to_a_minute() -> None:
    parts = set()
    for _ in range(5):
        pace = Pace(5.0, math.inf)
        now = 100.0
        for number in range(10):
            pace.on_send(now)
            pace.on_refusal(now, now, None, is_announced=False)
            pause = pace.free_at(now, is_announced=False) - now
            longest = min(2.0 ** (number - 1), MAX_PAUSE_SECONDS)
            if number:
                assert longest / 2 <= pause <= longest
                parts.add(pause / longest)
            now += 1000
    assert len(parts) > 1


def test_an_answer_ends_the_growth_of_pauses() -> None:
    pace = Pace(5.0, math.inf)
    for now in (100.0, 200.0, 300.0, 400.0):
        pace.on_refusal(now, now, None, is_announced=False)
    pace.on_answer(500.0)
    pace.on_refusal(600.0, 600.0, None, is_announced=False)
    assert pace.free_at(600.0, is_announced=False) <= 600


def test_requests_do_not_come_back_all_at_the_moment_that_mux_names() -> None:
    moments = set()
    for _ in range(5):
        pace = Pace(5.0, math.inf)
        pace.on_refusal(100.0, 100.0, 30, is_announced=False)
        moments.add(pace.free_at(100.0, is_announced=False))
    assert len(moments) > 1
    assert min(moments) >= 130
    assert max(moments) <= 131


def test_a_shorter_retry_after_does_not_end_a_longer_one() -> None:
    pace = Pace(5.0, math.inf)
    for seconds in (30, 2):
        pace.on_refusal(100.0, 100.0, seconds, is_announced=False)
    assert 130 <= pace.free_at(100.0, is_announced=False) <= 131


def test_a_rate_that_is_not_fixed_is_measured() -> None:
    pace = Pace(5.0, math.inf)
    for number in range(101):
        pace.on_send(100 + number / 50)
    pace.on_refusal(102.0, 102.0, None, is_announced=True)
    pace.on_send(102.0)
    assert 1 / 46 <= pace.free_at(102.0, is_announced=True) - 102 <= 1 / 35


def test_nothing_is_lowered_for_longer_than_half_a_minute() -> None:
    pace = Pace(0.01, math.inf)
    pace.on_refusal(100.0, 100.0, None, is_announced=True)
    pace.on_send(100.0)
    assert pace.free_at(100.0, is_announced=True) > 101
    end = 100 + MAX_SECONDS + 10
    pace.on_send(end)
    assert pace.free_at(end, is_announced=True) == end


def test_the_rate_to_which_it_returns_falls_with_a_refusal() -> None:
    pace = Pace(5.0, math.inf)
    for number in range(200):
        pace.on_send(100 + number / 20)
        pace.on_answer(100 + number / 20)
    assert pace.free_at(110.0, is_announced=False) == pytest.approx(109.95 + 1 / 9, abs=0.001)
    pace.on_refusal(110.0, 110.0, None, is_announced=False)
    pace.on_send(150.0)
    assert pace.free_at(150.0, is_announced=False) == pytest.approx(150 + 1 / 7.5, abs=0.001)
