"""The definitions of the example for Dagster: what runs read and write, and when they start."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.examples.days import DAYS, EXAMPLE, assert_same, environ_of, rows_of, stream_of
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dagster import ExecuteInProcessResult

    from mux_sandbox import Sandbox
    from tests.support.tapping import Output

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@contextmanager
def loaded(**environ: str) -> Iterator[Any]:
    """Load the definitions inside the ``with`` block."""
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(re.compile("TAP_MUX_").match, list(os.environ)):
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        patch.syspath_prepend(str(EXAMPLE))
        for name in ("definitions", "tables"):
            patch.delitem(sys.modules, name, raising=False)
        yield importlib.import_module("definitions")


@pytest.fixture(scope="module")
def module(sandbox: Sandbox) -> Iterator[Any]:
    """The module with the definitions, for the sandbox."""
    with loaded(**environ_of(sandbox, EXAMPLE, requests_per_second=1000)) as found:
        yield found


@pytest.fixture
def definitions(module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same, with a folder of its own for the tables."""
    monkeypatch.setattr(module, "OUTPUT", tmp_path / "tables")
    return module


def run(
    definitions: Any, job: str, streams: Sequence[str] = (), slots: int = 2, **options: Any
) -> ExecuteInProcessResult:
    """Run a job for some streams, or for all that it has."""
    import dagster as dg  # noqa: PLC0415 - slow, and for few tests

    with dg.DagsterInstance.ephemeral() as instance:
        if slots:
            for environment in definitions.ENVIRONMENTS:
                instance.event_log_storage.set_concurrency_slots(environment["name"], slots)
        name = job.rpartition("_")[0]
        selection = [dg.AssetKey([name, stream]) for stream in streams] or None
        found: ExecuteInProcessResult = definitions.defs.resolve_job_def(job).execute_in_process(
            QUIET, instance, raise_on_error=False, asset_selection=selection, **options
        )
    return found


@pytest.mark.slow
def test_a_run_for_many_days_reads_these_and_writes_a_file_for_each(
    definitions: Any, sandbox: Sandbox, together: Output, tmp_path: Path
) -> None:
    before = len(sandbox.requests)
    many = {
        "dagster/asset_partition_range_start": DAYS[0],
        "dagster/asset_partition_range_end": DAYS[-1],
    }
    assert run(definitions, "mux_days", tags=many).success
    assert_same(together, tmp_path / "tables" / "mux")
    asked = [request for request in sandbox.requests[before:] if request.path == "/data/v1/errors"]
    assert len(asked) == len(DAYS)


def test_a_run_reads_only_the_streams_that_are_selected(
    definitions: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    before = len(sandbox.requests)
    assert run(definitions, "mux_days", ["errors"], partition_key=DAYS[-1]).success
    paths = {request.path for request in sandbox.requests[before:]}
    assert paths == {"/system/v1/whoami", "/data/v1/errors"}
    assert [path.name for path in tmp_path.glob("tables/mux/*")] == ["errors"]


def test_a_level_of_the_log_that_hides_the_numbers(
    definitions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAP_MUX_LOGLEVEL", "WARNING")
    result = run(definitions, "mux_days", ["errors"], partition_key=DAYS[-1])
    (check,) = result.get_asset_check_evaluations()
    assert check.passed


@pytest.mark.slow
def test_what_is_not_read_by_day_is_read_whole(
    definitions: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    streams = ["assets", "directives", "robot_jobs", "monitoring_histograms"]
    expected = run_tap(sandbox, *streams)
    result = run(definitions, "mux_now", streams)
    assert result.success
    for name in streams:
        stream = stream_of(name, expected)
        rows = rows_of([tmp_path / "tables" / "mux" / name / "all.parquet"], stream)
        assert len(rows) == len(stream.written) > 0


def test_rows_of_robots_stay_after_mux_has_deleted_them(
    definitions: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "tables" / "mux" / "robot_jobs" / "all.parquet"
    assert run(definitions, "mux_now", ["robot_jobs"]).success
    old = "SELECT * REPLACE ('old' AS id, TIMESTAMP '2020-01-01' AS updated_at)"
    duckdb.execute(f"CREATE TABLE jobs AS FROM '{path}' UNION ALL ({old} FROM '{path}' LIMIT 1)")
    duckdb.execute(f"COPY jobs TO '{path}'")
    before = len(duckdb.read_parquet(str(path)))
    result = run(definitions, "mux_now", ["robot_jobs"])
    (check,) = result.get_asset_check_evaluations()
    assert check.passed
    assert check.metadata["kept"].value == 1
    assert len(duckdb.read_parquet(str(path))) == before


@pytest.mark.parametrize("slots", [1, 4])
def test_runs_share_the_requests_of_the_pool(
    definitions: Any, monkeypatch: pytest.MonkeyPatch, slots: int
) -> None:
    found: dict[str, str] = {}
    monkeypatch.setattr(definitions, "read_mux", lambda settings, *_: found.update(settings))
    run(definitions, "mux_days", ["errors"], slots=slots, partition_key=DAYS[-1])
    assert float(found["TAP_MUX_MAX_REQUESTS_PER_SECOND"]) == 1000 / slots


def test_a_pool_without_a_limit_is_an_error(definitions: Any) -> None:
    result = run(definitions, "mux_days", ["errors"], slots=0, partition_key=DAYS[-1])
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "The pool mux has no limit" in str(failure.step_failure_data.error_display_string)


def test_the_schedule_reads_the_last_days_again(definitions: Any) -> None:
    import dagster as dg  # noqa: PLC0415 - as above

    (schedule,) = [each for each in definitions.defs.schedules if each.name == "mux_last_days"]
    night = datetime(2026, 9, 10, 4, tzinfo=UTC)
    context = dg.build_schedule_context(
        scheduled_execution_time=night, repository_def=definitions.defs.get_repository_def()
    )
    requests = schedule.evaluate_tick(context).run_requests
    days = [request.partition_key for request in requests]
    assert days == ["2026-09-07", "2026-09-08", "2026-09-09"]
    assert len({request.run_key for request in requests}) == len(days)


@pytest.mark.slow
def test_each_environment_has_its_own_assets_pool_and_token(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    right = {name: sandbox.config[name] for name in ("token_id", "token_secret")}
    environments = [
        {"name": "production", **right},
        {"name": "staging", **right, "token_secret": "wrong"},
    ]
    environ = environ_of(sandbox, tmp_path, 1000)
    environ["TAP_MUX_ENVIRONMENTS"] = json.dumps(environments)
    del environ["TAP_MUX_TOKEN_ID"], environ["TAP_MUX_TOKEN_SECRET"]
    with loaded(**environ) as definitions:
        for name, is_right in (("production", True), ("staging", False)):
            result = run(definitions, f"{name}_days", ["errors"], partition_key=DAYS[-1])
            assert result.success is is_right
        pools = {asset.op.pool for asset in definitions.defs.assets}
    assert pools == {"production", "staging"}
    files = sorted(path.relative_to(tmp_path / "tables") for path in tmp_path.rglob("*.parquet"))
    assert [str(file) for file in files] == [f"production/errors/{DAYS[-1]}.parquet"]
