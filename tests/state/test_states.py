"""A state in each form that the tap has written is read: the run goes on from its bookmark.

Of version 0.1.0 there are several forms, since it grew for long. A file says one of them:

- ``by_day``: sums by day were kept by ``day``, and days were dates.
- ``by_window``: they are kept by ``window_start``, and all are moments.
- ``of_a_killed_run``: streams that are not in order have notes of how far the run came.
- ``with_notes``: exports that were missing are noted.
- ``with_earliest_date``: so is the earliest one that was read.
- ``wrapped_by_meltano``: as Meltano's own database has it.

Add a file for each form that a release changes. Never change one.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import GeneratedWorld, Sandbox, SandboxOptions
from tap_mux.streams import ALL_STREAMS
from tests.support.records import HOUR, MINUTE
from tests.support.tapping import Output, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator

PRESENT = 1_790_035_200 + 10 * HOUR + 30 * MINUTE
"""What the sandbox's clock shows: four days after the bookmarks in the files."""

SETTINGS: dict[str, Any] = {
    "start_date": "2026-09-10",
    "metrics": [{"metric": "views"}],
    "lookback_days": 1,
}
STREAMS = {stream.name: stream for stream in ALL_STREAMS}
READ_AGAIN = {
    **dict.fromkeys(STREAMS, timedelta(days=1)),
    "directive_runs": timedelta(days=30),
    "exported_video_views": timedelta(days=-1),
    "robot_jobs": timedelta(hours=2),
    "video_views": timedelta(hours=2),
}
"""How far before its bookmark a run may read again."""

FILES = sorted(Path(__file__).parent.glob("*.json"))


def bookmarks(file: Path) -> dict[str, Any]:
    """Return the bookmarks in a file by stream."""
    state = json.loads(file.read_text())
    state = state.get("completed", {}).get("singer_state", state)
    return dict(state["bookmarks"])


CASES = [(file, name) for file in FILES for name in bookmarks(file)]


@pytest.fixture(scope="module")
def generated() -> Iterator[Sandbox]:
    """A sandbox with a generated environment at that moment."""
    options = SandboxOptions(clock=lambda: PRESENT)
    with Sandbox(world=GeneratedWorld(assets=100, views_per_day=40), options=options) as sandbox:
        yield sandbox


def by_key(name: str, output: Output) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the records of a stream by their keys."""
    keys = STREAMS[name].primary_keys
    return {tuple(record[key] for key in keys): record for record in output.records(name)}


@pytest.mark.parametrize(("file", "name"), CASES, ids=lambda each: getattr(each, "stem", each))
def test_a_run_goes_on(generated: Sandbox, file: Path, name: str) -> None:
    output = run_tap(generated, name, state=json.loads(file.read_text()), **SETTINGS)
    found = by_key(name, output)
    whole = by_key(name, run_tap(generated, name, **SETTINGS))
    key: Any = STREAMS[name].replication_key
    (mark, *others) = {
        each["replication_key_value"] for each in bookmarks(file)[name]["partitions"]
    }
    assert not others
    missing = set(bookmarks(file)[name]["partitions"][0].get("missing_dates", ()))
    first = (datetime.fromisoformat(mark) - READ_AGAIN[name]).strftime("%Y-%m-%dT%H:%M:%S")
    for identity, record in whole.items():
        if record[key] > max(mark, first):
            assert found[identity] == record
    assert {record[key] for record in found.values() if record[key] < first} <= {
        f"{day}T00:00:00.000000Z" for day in missing
    }
    for partition in output.states[-1]["bookmarks"][name]["partitions"]:
        assert partition["replication_key"] == key
        reached = partition["replication_key_value"]
        # Notes are read again for 90 days, so a bookmark of an earlier version is further.
        assert reached == mark if name == "annotations" else reached > mark
        assert "progress_markers" not in partition
    assert found
