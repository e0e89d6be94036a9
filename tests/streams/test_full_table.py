"""A catalog may make each stream FULL_TABLE, without a replication key: each run reads all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import GeneratedWorld, Sandbox, SandboxOptions
from tap_mux.streams import ALL_STREAMS
from tests.support.records import HOUR, MINUTE, tap_time
from tests.support.tapping import catalog_of, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator

INCREMENTAL = [
    stream.name
    for stream in ALL_STREAMS
    if isinstance(getattr(stream, "replication_key", None), str)
]
PRESENT = 1_790_035_200 + 10 * HOUR + 30 * MINUTE
"""What the sandbox's clock shows, by which the tap goes: on a Tuesday, while many are watching."""

SECONDS = {
    "monitoring_breakdown_timeseries": 20 * MINUTE,
    "monitoring_breakdowns": 2 * HOUR,
    "monitoring_histograms": HOUR,
    "monitoring_timeseries": HOUR,
}
"""How much is read of a stream that has much; two days of all others."""


@pytest.fixture(scope="module")
def generated() -> Iterator[Sandbox]:
    """A sandbox with a generated environment at that moment."""
    options = SandboxOptions(clock=lambda: PRESENT)
    with Sandbox(world=GeneratedWorld(assets=200, views_per_day=30), options=options) as sandbox:
        yield sandbox


def full_table(name: str) -> dict[str, Any]:
    """Make a catalog with a stream that is read as a whole."""
    catalog = catalog_of(name)
    (entry,) = catalog["streams"]
    entry["replication_method"] = "FULL_TABLE"
    del entry["replication_key"]
    for part in entry["metadata"]:
        part["metadata"].pop("replication-key", None)
        part["metadata"].pop("valid-replication-keys", None)
        part["metadata"].pop("forced-replication-method", None)
    return catalog


@pytest.mark.parametrize("name", INCREMENTAL)
def test_all_is_read_in_each_run(generated: Sandbox, name: str) -> None:
    start = tap_time(PRESENT - SECONDS.get(name, 49 * HOUR))
    first = run_tap(generated, name, start_date=start)
    expected = first.records(name)
    for state in ({}, first.states[-1]):
        output = run_tap(generated, catalog=full_table(name), state=state, start_date=start)
        assert output.records(name) == expected
    assert expected
