"""``end_date`` itself is not included: runs for one day each read what one run reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, GeneratedWorld, Sandbox
from tap_mux.streams import ALL_STREAMS
from tests.support.records import DAY, NOW, tap_time
from tests.support.tapping import catalog_of, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator


LAST = NOW - NOW % DAY - DAY
DAYS = 4
INCREMENTAL = [
    stream
    for stream in ALL_STREAMS
    if isinstance(getattr(stream, "replication_key", None), str) or stream.name == "assets"
]


@pytest.fixture(scope="module")
def generated() -> Iterator[Sandbox]:
    """A sandbox with a generated environment."""
    with Sandbox(world=GeneratedWorld(assets=300, views_per_day=40)) as sandbox:
        yield sandbox


def read(sandbox: Sandbox, stream: Any, start: int, end: int) -> list[str]:
    """Return the keys of the records that a run for a time range writes."""
    catalog = catalog_of(stream.name)
    if stream.name == "assets":
        chosen = {"replication_method": "INCREMENTAL", "replication_key": "created_at"}
        catalog["streams"][0] |= chosen
    dates: dict[str, Any] = {"start_date": tap_time(start), "end_date": tap_time(end)}
    records = run_tap(sandbox, catalog=catalog, **dates).records(stream.name)
    return sorted(str([record[key] for key in stream.primary_keys]) for record in records)


@pytest.mark.parametrize("stream", INCREMENTAL, ids=lambda stream: stream.name)
def test_days_one_by_one_are_one_run(generated: Sandbox, stream: Any) -> None:
    together = read(generated, stream, LAST - DAYS * DAY, LAST)
    one_by_one: list[str] = []
    for number in range(DAYS, 0, -1):
        one_by_one += read(generated, stream, LAST - number * DAY, LAST - (number - 1) * DAY)
    assert sorted(one_by_one) == together
    assert together or stream.name.startswith("monitoring_")  # kept for a day


def test_a_usage_export_of_the_end_date_is_not_read(sandbox: Sandbox) -> None:
    days = [tap_time(LAST - number * DAY)[:10] for number in range(DAYS)]
    files: list[dict[str, Any]] = [{"date": day, "files": []} for day in days]
    sandbox.faults.add("/system/v1/usage/exports", times=None, action=Answer(200, {"data": files}))
    found = run_tap(sandbox, "usage_exports", start_date=days[-1], end_date=days[0]).records(
        "usage_exports"
    )
    assert [record["date"][:10] for record in found] == sorted(days[1:])
