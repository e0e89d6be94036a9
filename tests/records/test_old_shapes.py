"""Mux has sent numbers as text, and times as numbers: the records are the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.streams import ALL_STREAMS
from tests.support.changed import changed, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mux_sandbox import Sandbox

ANY_FORM = {"details", "parameters", "replaced_tracks", "workflows"}
"""Fields that are kept as Mux sends them."""

KEYS = {stream.name: tuple(stream.primary_keys) for stream in ALL_STREAMS}


def of_old(value: Any, name: str = "") -> Any:
    """Make texts of numbers, and numbers of epoch seconds in texts."""
    if isinstance(value, dict):
        return {
            key: inner if key in ANY_FORM else of_old(inner, key) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [of_old(inner, name) for inner in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    is_epoch = isinstance(value, str) and name.endswith("_at") and re.fullmatch(r"1\d{9}", value)
    return int(value) if is_epoch else value


def by_key(name: str, records: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return records by their keys."""
    return {tuple(record[key] for key in KEYS[name]): record for record in records}


@pytest.fixture(scope="module")
def today() -> Iterator[Sandbox]:
    """A sandbox that speaks as Mux does today."""
    with changed(lambda data: data) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def yesterday() -> Iterator[Sandbox]:
    """A sandbox that speaks as Mux did, with the oldest form of heatmaps and hotspots."""
    with changed(of_old, engagement_form="with_views") as sandbox:
        yield sandbox


@pytest.mark.parametrize("name", [stream.name for stream in ALL_STREAMS])
def test_all_streams(today: Sandbox, yesterday: Sandbox, name: str) -> None:
    new, old = (read(sandbox, name).records(name) for sandbox in (today, yesterday))
    assert new
    if name.endswith(("_heatmaps", "_hotspots")):
        assert {record.pop("total_views") is None for record in old} == {False}
        for record in new:
            record.pop("total_views", None)
    then, now = by_key(name, old), by_key(name, new)
    both = then.keys() & now.keys()
    if "monitoring" in name:  # some seconds pass between the two runs
        assert len(both) > 0.9 * len(now)
    else:
        assert then.keys() == now.keys()
    assert [key for key in both if then[key] != now[key]] == []
