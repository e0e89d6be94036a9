"""Killed runs lose no record and repeat few."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tap_mux.reading.windows import MAX_RECORDS
from tests.run.kills import LOADERS, STREAMS, LossError, Tally, kill_and_compare, run_into, truth
from tests.support.records import DAY, HOUR, NOW, tap_time, views
from tests.support.still import StillWorld
from tests.support.tapping import bookmark, catalog_of, clean_environ, config_file, messages

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import Sandbox
    from tests.support.tapping import Message

ROWS = 16_000
STEP = 5


@pytest.fixture
def world() -> StillWorld:
    """A day of views that never change."""
    return StillWorld(views(ROWS, NOW - DAY, STEP))


def run(config: str, state: Message | None, folder: Path, kill_after: int | None) -> list[Message]:
    """Run the tap, kill it after a number of lines; return its messages."""
    state_file, catalog = folder / "state.json", folder / "catalog.json"
    state_file.write_text(json.dumps(state or {}))
    catalog.write_text(json.dumps(catalog_of("video_views")))
    files = ["--config", config, "--state", str(state_file), "--catalog", str(catalog)]
    with subprocess.Popen(
        [sys.executable, "-m", "tap_mux", *files],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean_environ(),
        text=True,
    ) as tap:
        assert tap.stdout
        lines = []
        for line in tap.stdout:
            lines.append(line)
            if len(lines) == kill_after:
                tap.send_signal(signal.SIGKILL)
    assert tap.returncode == (0 if kill_after is None else -signal.SIGKILL)
    return messages("".join(lines))


def view_ends(output: list[Message]) -> dict[str, str]:
    """Return the view_end of each view."""
    return {
        message["record"]["id"]: message["record"]["view_end"]
        for message in output
        if message["type"] == "RECORD" and message["stream"] == "video_views"
    }


def last_state(output: list[Message]) -> Message | None:
    """Return the last state."""
    states: list[Message] = [message["value"] for message in output if message["type"] == "STATE"]
    return states[-1] if states else None


@pytest.mark.parametrize("lookback", [0, 7200])
def test_killed_runs_read_all_views_together(
    tmp_path: Path, world: StillWorld, sandbox: Sandbox, lookback: int
) -> None:
    config = config_file(
        tmp_path,
        **sandbox.config,
        start_date=tap_time(NOW - DAY - HOUR),
        lookback_seconds=lookback,
    )
    seen: dict[str, str] = {}
    state: Message | None = None
    mark = ""
    read = 0
    for kill_after in (5_111, 5_555, 5_111, None):  # more lines than a window has
        output = run(config, state, tmp_path, kill_after)
        ends = view_ends(output)
        # Everything up to the bookmark was written, in this run or in an earlier one.
        seen |= ends
        read += len(ends)
        state = last_state(output) or state
        reached = bookmark(state or {}) or ""
        assert reached > mark, "the bookmark did not move"
        mark = reached
        expected = {row["id"] for row in world.view_rows if tap_time_of(row["view_end"]) <= mark}
        assert expected
        assert expected <= seen.keys()
    assert seen.keys() == {row["id"] for row in world.view_rows}
    assert read <= ROWS + 3 * (MAX_RECORDS + lookback // STEP + 1)


def tap_time_of(wire: str) -> str:
    """Convert a time from the format of Mux to that of the tap."""
    return f"{wire[:19]}.000000Z"


@pytest.mark.parametrize(("loader", "environments"), list(zip(LOADERS, (1, 2), strict=True)))
def test_killed_runs_fill_all_tables_together(
    tmp_path: Path, loader: str, environments: int
) -> None:
    tally = Tally()
    with truth(tmp_path, environments=environments, views_per_day=100) as mux:
        kill_and_compare(mux, LOADERS[loader](tmp_path), 1, 1, tally)
        assert {stream.name for stream in mux.streams} == set(STREAMS)
        assert {message["stream"] for message in mux.gone} > {"assets", "uploads", "webhooks"}
    assert tally.kills.total() == 1
    assert tally.rows > 1500


@pytest.mark.slow
def test_a_state_ahead_of_the_rows_is_found(tmp_path: Path) -> None:
    with truth(tmp_path, ["assets", "video_views"], views_per_day=100) as mux:
        folders = tmp_path / "whole", tmp_path / "empty"
        for folder in folders:
            folder.mkdir()
        whole, empty = map(LOADERS["target-duckdb"], folders)
        run = run_into(mux, whole, "{}", None)
        assert list(mux.differences(whole)) == []
        with pytest.raises(LossError, match=r"video_views: [0-9]+ rows are missing"):
            kill_and_compare(mux, empty, 1, 0, Tally(), state=run.states[-1])
