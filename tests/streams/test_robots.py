"""Robots: directives, their runs, and jobs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, cast

from mux_sandbox import Answer, GeneratedWorld, Sandbox
from tap_mux.tap import TapMux
from tests.support.records import DAY, NOW, Row, tap_time
from tests.support.tapping import bookmark, run_tap

if TYPE_CHECKING:
    import pytest

    from mux_sandbox import ExplicitWorld
    from tap_mux.streams.base import MuxStream

JOBS = "/robots/v0/jobs"


def job(number: int, updated: int) -> Row:
    """Make a job."""
    return {
        "id": f"job-{number:03}",
        "workflow": "summarize",
        "status": "completed",
        "created_at": updated - 60,
        "updated_at": updated,
        "units_consumed": 3,
        "parameters": {"asset_id": "asset", "tone": "neutral"},
        "outputs": {"title": "A title", "tags": ["a"]},
    }


def test_only_changed_jobs_are_requested(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.tables["robot_jobs"] = [job(number, NOW - 30 - number * 3600) for number in range(150)]
    first = run_tap(sandbox, "robot_jobs")
    records = {record["id"]: record for record in first.records("robot_jobs")}
    assert records.keys() == {f"job-{number:03}" for number in range(150)}
    assert records["job-000"]["outputs"] == {"title": "A title", "tags": ["a"]}
    assert records["job-000"]["parameters"]["asset_id"] == "asset"
    assert records["job-000"]["updated_at"] == tap_time(NOW - 30)

    world.tables["robot_jobs"][140]["updated_at"] = int(time.time())
    second = run_tap(sandbox, "robot_jobs", state=first.states[-1])
    assert {record["id"] for record in second.records("robot_jobs")} == {
        "job-000",
        "job-001",
        "job-002",
        "job-140",
    }
    third = run_tap(sandbox, "robot_jobs", state=second.states[-1], lookback_seconds=0)
    assert [record["id"] for record in third.records("robot_jobs")] == ["job-140"]


def test_jobs_that_change_during_a_run_are_read_in_the_next(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.tables["robot_jobs"] = [job(number, NOW - DAY) for number in range(20)]

    def change(_: object) -> None:
        late = int(time.time()) + 60
        world.tables["robot_jobs"][0] |= {"updated_at": late, "status": "errored"}
        world.tables["robot_jobs"][19]["updated_at"] = late + 1

    sandbox.faults.add("job-019", action=change)
    first = run_tap(sandbox, "robot_jobs", max_concurrency=1)
    assert first.records("robot_jobs")[0]["status"] == "completed"
    second = run_tap(sandbox, "robot_jobs", state=first.states[-1], lookback_seconds=0)
    changed = {record["id"]: record["status"] for record in second.records("robot_jobs")}
    assert changed["job-000"] == "errored"


def test_only_the_emitter_changes_the_state(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.tables["robot_jobs"] = [job(number, NOW - 30 - number * 600) for number in range(3)]
    tap = TapMux(config=sandbox.config)
    stream = cast("MuxStream", tap.streams["robot_jobs"])
    (partition,) = stream.partitions
    stream.emitter.begin_partition(partition)
    state = json.dumps(tap.state)
    assert len(list(stream.batches(partition))) == 3
    assert json.dumps(tap.state) == state


def test_the_bookmark_stays_where_the_newest_job_is_gone(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.tables["robot_jobs"] = [job(number, NOW - 30 - number * 600) for number in range(3)]
    first = run_tap(sandbox, "robot_jobs")
    del world.tables["robot_jobs"][0]
    second = run_tap(sandbox, "robot_jobs", state=first.states[-1])
    assert len(second.records("robot_jobs")) == 2
    reached = [bookmark(run.states[-1], "robot_jobs") for run in (first, second)]
    assert reached == [tap_time(NOW - 30)] * 2


def test_a_job_without_details_is_written(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    world.tables["robot_jobs"] = [job(number, NOW - number * 3600) for number in range(10)]
    sandbox.faults.add("job-007", times=None, action=Answer(404))
    records = run_tap(sandbox, "robot_jobs").records("robot_jobs")
    assert {record["id"] for record in records} == {f"job-{number:03}" for number in range(10)}
    (record,) = [record for record in records if record["id"] == "job-007"]
    assert "outputs" not in record
    assert "has no parameters and outputs of a job" in caplog.text


def test_runs_of_all_directives(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.tables["directives"] = [
        {"id": f"directive-{number}", "name": "n", "created_at": NOW, "updated_at": NOW}
        for number in range(3)
    ]
    world.tables["directive_runs"] = [
        {
            "run_id": f"run-{number}-{run:03}",
            "directive_id": f"directive-{number}",
            "status": "completed",
            "started_at": NOW - run,
            "completed_at": None,
        }
        for number in range(3)
        for run in range(120)
    ]
    assert len(run_tap(sandbox, "directives").records("directives")) == 3
    first = run_tap(sandbox, "directive_runs")
    records = first.records("directive_runs")
    assert {(record["directive_id"], record["run_id"]) for record in records} == {
        (row["directive_id"], row["run_id"]) for row in world.tables["directive_runs"]
    }
    # A run may have changed to completed, so all runs are read again.
    second = run_tap(sandbox, "directive_runs", state=first.states[-1])
    assert len(second.records("directive_runs")) == len(records)


def test_every_workflow() -> None:
    with Sandbox(world=GeneratedWorld()) as sandbox:
        records = run_tap(sandbox, "robot_jobs").records("robot_jobs")
    assert len({record["workflow"] for record in records}) == 12
    assert all(record["parameters"]["asset_id"] for record in records)
    assert not any("_links" in record for record in records)


def test_robots_are_not_enabled(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    sandbox.options.robots_enabled = False
    output = run_tap(sandbox, "directives", "directive_runs", "robot_jobs")
    assert not any(message["type"] == "RECORD" for message in output.messages)
    assert caplog.text.count("which is not available") == 3
