"""``end_date`` itself is not included: runs for parts of a range read what one run reads."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, GeneratedWorld, Sandbox, SandboxOptions
from tap_mux.streams import ALL_STREAMS
from tests.support.records import DAY, HOUR, MINUTE, tap_time
from tests.support.tapping import catalog_of, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator

    Record = dict[str, Any]

PRESENT = 1_790_035_200 + 10 * HOUR + 30 * MINUTE
"""What the sandbox's clock shows, by which the tap goes: on a Tuesday, while many are watching."""

LAST = PRESENT - PRESENT % DAY - DAY
PARTS = 3
KEPT_SHORTLY = {
    "monitoring_breakdown_timeseries": 5 * MINUTE,
    "monitoring_breakdowns": HOUR,
    "monitoring_histograms": 3 * MINUTE,
    "monitoring_timeseries": 3 * MINUTE,
}
"""Streams that Mux keeps for a day or less, and how long a part of them is here."""

ZONES = (0, 330, 345, -210, 840, -720)
"""Offsets from UTC in minutes."""

INCREMENTAL = [
    stream
    for stream in ALL_STREAMS
    if isinstance(getattr(stream, "replication_key", None), str) or stream.name == "assets"
]


@pytest.fixture(scope="module")
def generated() -> Iterator[Sandbox]:
    """A sandbox with a generated environment at that moment."""
    options = SandboxOptions(clock=lambda: PRESENT)
    with Sandbox(world=GeneratedWorld(assets=200, views_per_day=60), options=options) as sandbox:
        yield sandbox


def borders(name: str, chance: random.Random, *, are_days: bool) -> list[str]:
    """Choose where the parts begin and end, each told in another time zone."""
    length = KEPT_SHORTLY.get(name, DAY)
    last = LAST if length == DAY else PRESENT - 10 * MINUTE
    moments = [last - number * length for number in range(PARTS, -1, -1)]
    if not are_days:
        moments = [moment - chance.randrange(length) for moment in moments]
    return [
        datetime.fromtimestamp(moment, timezone(timedelta(minutes=zone))).isoformat()
        for moment, zone in zip(moments, chance.choices(ZONES, k=len(moments)), strict=True)
    ]


def read(sandbox: Sandbox, stream: Any, start: str, end: str) -> list[Record]:
    """Run one stream for a time range, without a state."""
    catalog = catalog_of(stream.name)
    if stream.name == "assets":
        chosen = {"replication_method": "INCREMENTAL", "replication_key": "created_at"}
        catalog["streams"][0] |= chosen
    output = run_tap(sandbox, catalog=catalog, start_date=start, end_date=end)
    return output.records(stream.name)


def by_key(stream: Any, records: list[Record]) -> dict[tuple[Any, ...], Record]:
    """Return records by their keys, none of which comes twice."""
    found = {tuple(record[key] for key in stream.primary_keys): record for record in records}
    assert len(found) == len(records)
    return found


@pytest.mark.parametrize("are_days", [True, False])
@pytest.mark.parametrize("stream", INCREMENTAL, ids=lambda stream: stream.name)
def test_parts_are_one_run(generated: Sandbox, stream: Any, *, are_days: bool) -> None:
    moments = borders(stream.name, random.Random(stream.name), are_days=are_days)
    whole = read(generated, stream, moments[0], moments[-1])
    parts = [record for part in pairwise(moments) for record in read(generated, stream, *part)]
    assert by_key(stream, parts) == by_key(stream, whole)
    assert whole


def test_a_usage_export_of_the_end_date_is_not_read(sandbox: Sandbox) -> None:
    days = [tap_time(LAST - number * DAY)[:10] for number in range(4)]
    files: list[dict[str, Any]] = [{"date": day, "files": []} for day in days]
    sandbox.faults.add("/system/v1/usage/exports", times=None, action=Answer(200, {"data": files}))
    found = run_tap(sandbox, "usage_exports", start_date=days[-1], end_date=days[0]).records(
        "usage_exports"
    )
    assert [record["date"][:10] for record in found] == sorted(days[1:])
