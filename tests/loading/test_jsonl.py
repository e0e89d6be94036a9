"""The loader target-jsonl, which meltano.yml pins: files of JSON lines."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import GeneratedWorld, Sandbox, SandboxOptions
from tap_mux.streams import ALL_STREAMS
from tests.support.loaders import meltano, new_project
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

STREAMS = sorted(stream.name for stream in ALL_STREAMS if stream.selected_by_default)


@pytest.fixture
def mux() -> Iterator[Sandbox]:
    """A sandbox whose time stands still."""
    now = time.time()
    world = GeneratedWorld(assets=40, views_per_day=4)
    with Sandbox(world, SandboxOptions(clock=lambda: now)) as running:
        yield running


def in_order(records: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(record, sort_keys=True) for record in records)


def loaded(project: Path, stream: str) -> list[list[dict[str, Any]]]:
    """Return the records of a stream, by file, oldest file first."""
    return [
        [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]
        for path in sorted((project / "output" / "sandbox").glob(f"{stream}-2*.jsonl"))
    ]


@pytest.mark.slow
def test_each_run_writes_files_with_every_record(tmp_path: Path, mux: Sandbox) -> None:
    project = new_project(tmp_path)
    # What was before today, so that midnight may pass during the test.
    end = f"{datetime.fromtimestamp(mux.options.clock(), UTC):%Y-%m-%d}"
    environ = {**mux.environ, "MELTANO_ENVIRONMENT": "sandbox", "TAP_MUX_END_DATE": end}
    meltano(project, "run", "tap-mux", "target-jsonl", **environ)
    read = run_tap(mux, end_date=end)
    for stream in STREAMS:
        (records,) = loaded(project, stream)
        assert records
        assert in_order(records) == in_order(read.records(stream)), stream

    meltano(project, "run", "tap-mux", "target-jsonl", **environ)
    again = run_tap(mux, end_date=end, state=read.states[-1])
    assert len(again.records("video_views")) < 10 < len(read.records("video_views"))
    for stream in STREAMS:
        _, *more = loaded(project, stream)
        assert in_order(chain(*more)) == in_order(again.records(stream)), stream
