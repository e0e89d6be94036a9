"""The border of what Mux keeps is found with few requests, several at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mux.reading.retention import PRECISION_SECONDS, first_kept

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = 86_400
NOW = 1_790_000_123
START = 1_420_070_400
RECENT = NOW - 60

MAX_REQUESTS = 12
MAX_ROUND_TRIPS = 4

LIKELY_DAYS = [
    1,
    2,
    7,
    14,
    28,
    30,
    31,
    60,
    90,
    91,
    99,
    100,
    120,
    180,
    183,
    365,
    366,
    400,
    730,
    3650,
]


class Service:
    """Keeps what is not older than a border; notes what it is asked."""

    def __init__(self, border: float) -> None:
        """Set the border."""
        self.border = border
        self.asked: list[list[int]] = []

    def ask(self, moments: Sequence[int]) -> list[bool]:
        """Tell which moments are kept."""
        self.asked.append(list(moments))
        return [moment >= self.border for moment in moments]

    @property
    def requests(self) -> int:
        """How many moments were asked for."""
        return sum(map(len, self.asked))


def late(service: Service, start: int = START, recent: int = RECENT, step: int = 1) -> float:
    """Find the border; return how far behind it the moment is that was found."""
    found = first_kept(start, recent, service.ask, now=NOW, step=step)
    assert found is not None
    assert all(start <= moment <= recent for asked in service.asked for moment in asked)
    return found - service.border


@pytest.mark.parametrize("off", [-29, -3, 0, 3, 29])
@pytest.mark.parametrize("days", LIKELY_DAYS)
def test_a_whole_number_of_days(days: int, off: int) -> None:
    service = Service(NOW - days * DAY + off)
    assert 0 <= late(service) <= 60
    assert service.requests <= MAX_REQUESTS
    assert len(service.asked) <= MAX_ROUND_TRIPS


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("off", [0, 6, 40, 299, 301, 1300, 2000, 3599])
def test_near_what_is_documented(off: int, sign: int) -> None:
    service = Service(NOW - 100 * DAY + sign * off)
    assert 0 <= late(service) <= PRECISION_SECONDS
    assert service.requests <= MAX_REQUESTS
    assert len(service.asked) <= MAX_ROUND_TRIPS


@pytest.mark.parametrize("off", [-5, 0, 5])
def test_what_is_documented_takes_one_round_trip(off: int) -> None:
    service = Service(NOW - 100 * DAY + off)
    assert 0 <= late(service) <= 10
    assert (service.requests, len(service.asked)) == (4, 1) or off == -5


@pytest.mark.parametrize("days", [0, 1])
def test_a_border_at_midnight(days: int) -> None:
    documented = NOW - 100 * DAY
    service = Service(documented - documented % DAY + days * DAY)
    assert 0 <= late(service) <= 60
    assert service.requests <= MAX_REQUESTS
    assert len(service.asked) <= MAX_ROUND_TRIPS


@given(border=st.integers(START + 1, RECENT))
def test_any_other_border_is_found_too(border: int) -> None:
    service = Service(border)
    assert 0 <= late(service) <= PRECISION_SECONDS
    assert service.requests <= 45
    assert len(service.asked) <= 15


@given(days=st.integers(1, 99))
def test_any_number_of_days_is_found_to_the_minute(days: int) -> None:
    service = Service(NOW - days * DAY)
    assert 0 <= late(service) <= 60
    assert service.requests <= 21
    assert len(service.asked) <= 7


@pytest.mark.parametrize("step", [60, 3600, DAY])
@given(days=st.floats(2, 400))
def test_the_first_interval_that_is_kept_is_found(step: int, days: float) -> None:
    service = Service(NOW - days * DAY)
    start, recent = (moment - moment % step for moment in (START, RECENT - step))
    assert 0 <= late(service, start, recent, step) < max(step, PRECISION_SECONDS + step)


@pytest.mark.parametrize("step", [60, 3600, DAY])
@pytest.mark.parametrize("days", [2, 30, 90, 100, 365])
def test_intervals_take_as_few_requests(days: int, step: int) -> None:
    service = Service(NOW - days * DAY)
    start, recent = (moment - moment % step for moment in (START, RECENT - step))
    late(service, start, recent, step)
    assert service.requests <= MAX_REQUESTS
    assert len(service.asked) <= MAX_ROUND_TRIPS


def test_all_is_kept() -> None:
    service = Service(0)
    assert first_kept(START, RECENT, service.ask, now=NOW) == START
    assert len(service.asked) == 1


def test_nothing_is_kept() -> None:
    service = Service(NOW + 1)
    assert first_kept(START, RECENT, service.ask, now=NOW) is None
    assert len(service.asked) == 1


@pytest.mark.parametrize(("border", "found"), [(0, NOW), (NOW + 1, None)])
def test_a_range_of_the_last_seconds(border: int, found: int | None) -> None:
    service = Service(border)
    assert first_kept(NOW, RECENT, service.ask, now=NOW) == found
    assert service.asked == [[NOW]]
