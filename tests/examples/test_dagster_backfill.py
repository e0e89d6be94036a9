"""The example for Dagster: the command of its README, and what its runs write."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from mux_sandbox import Answer
from tap_mux.api.rate_limit import part_of_api
from tests.examples.days import BY_DAY, DAYS, EXAMPLE, assert_same, environ_of
from tests.support.tapping import clean_environ

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dagster import DagsterInstance, DagsterRun

    from mux_sandbox import RequestRecord, Sandbox
    from tests.support.tapping import Output

FAILS_TWICE, REFUSED_ONCE = DAYS[4], DAYS[7]
REQUESTS_PER_SECOND = 40
AT_ONCE = 2


@pytest.mark.slow
def test_a_backfill_on_several_processes_is_like_one_big_run(
    sandbox: Sandbox, together: Output, tmp_path: Path
) -> None:
    refuse(sandbox, FAILS_TWICE, "/data/v1/errors", 2, 500)
    refuse(sandbox, REFUSED_ONCE, "/data/v1/metrics/comparison", 1, 403)
    before = len(sandbox.requests)
    command = [sys.executable, *command_of_readme(), DAYS[0], DAYS[-1]]
    environ = {**clean_environ(), **environ_of(sandbox, tmp_path, REQUESTS_PER_SECOND)}
    done = subprocess.run(
        command,
        cwd=EXAMPLE.parents[1],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert_same(together, tmp_path / "tables" / "mux")
    assert_rate(sandbox.requests[before:])
    from dagster import DagsterInstance  # noqa: PLC0415 - slow, and for few tests

    with DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        assert_runs(instance)
        assert_metadata(instance, tmp_path / "tables" / "mux")


def refuse(sandbox: Sandbox, day: str, path: str, times: int, status: int) -> None:
    """Let the sandbox refuse requests for a day."""
    start = datetime.fromisoformat(f"{day}T00:00Z").timestamp()

    def is_meant(record: RequestRecord) -> bool:
        return record.path == path and record.param("timeframe[]") == f"{start:.0f}"

    sandbox.faults.add(is_meant, times, action=Answer(status, {"error": {"messages": ["No"]}}))


def command_of_readme() -> list[str]:
    """Return the first command of README, without what starts the sandbox."""
    text = (EXAMPLE / "README.md").read_text("utf-8")
    command = shlex.split(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[0])
    assert command[:6] == ["uv", "run", "--group", "examples", "mux-sandbox", "python"]
    return command[6:]


def assert_rate(requests: Sequence[RequestRecord]) -> None:
    """See that all runs together keep to the requests a second, of each part of the API."""
    started: dict[str, list[float]] = {}
    for request in requests:
        started.setdefault(part_of_api(request.path), []).append(request.started)
    in_a_second = [
        sum(first <= other < first + 1 for other in times)
        for times in started.values()
        for first in times
    ]
    late = AT_ONCE * 8  # requests under way, which may come all at once if the machine is busy
    assert max(in_a_second) <= REQUESTS_PER_SECOND + late


def assert_runs(instance: DagsterInstance) -> None:
    """See that each day has a run, two at once at most, and which were tried again."""
    runs = {run.tags["dagster/partition"]: run for run in instance.get_runs()}
    assert sorted(runs) == DAYS
    assert all(run.is_success for run in runs.values())
    steps = {day: instance.get_run_step_stats(run.run_id)[0] for day, run in runs.items()}
    attempts = {day: step.attempts for day, step in steps.items()}
    assert attempts == {**dict.fromkeys(DAYS, 1), FAILS_TWICE: 3, REFUSED_ONCE: 2}
    spans = [attempt for step in steps.values() for attempt in step.attempts_list]
    begun = [(span.start_time or 0.0, 1) for span in spans]
    ended = [(span.end_time or 0.0, -1) for span in spans]
    assert max(accumulate(change for _, change in sorted(begun + ended))) == AT_ONCE


def assert_metadata(instance: DagsterInstance, folder: Path) -> None:
    """See that what is known of a run is with its tables."""
    from dagster import AssetKey, DagsterEventType  # noqa: PLC0415 - as above

    checks = [
        event.asset_check_evaluation_data.passed
        for run in instance.get_runs()
        for event in events_of(instance, run, DagsterEventType.ASSET_CHECK_EVALUATION)
    ]
    assert checks == [True] * len(DAYS) * len(BY_DAY)
    for run in instance.get_runs():
        for event in events_of(instance, run, DagsterEventType.ASSET_MATERIALIZATION):
            found = event.step_materialization_data.materialization
            if found.asset_key != AssetKey(["mux", "video_views"]):
                continue
            path = folder / "video_views" / f"{found.partition}.parquet"
            rows = len(duckdb.read_parquet(str(path)))
            assert found.metadata["dagster/partition_row_count"].value == rows
            table = str(found.metadata["run of the tap"].value)
            (line,) = [each for each in table.splitlines() if each.startswith("video_views ")]
            assert line.split()[1] == str(rows)
            assert line.endswith("complete")


def events_of(instance: DagsterInstance, run: DagsterRun, kind: Any) -> Iterator[Any]:
    """Yield the events of a kind that a run logged."""
    for entry in instance.all_logs(run.run_id, of_type=kind):
        yield entry.dagster_event
