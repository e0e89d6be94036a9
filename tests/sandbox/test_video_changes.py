"""Records of the Video, System and Robots endpoints change with time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mux_sandbox import GeneratedWorld
from tests.sandbox.api import DAY, HOUR, NOW, SIMPLE

if TYPE_CHECKING:
    from mux_sandbox import Row


@pytest.mark.parametrize("after", [0, 11 * DAY + 7 * HOUR, 200 * DAY])
def test_a_restart_changes_nothing(after: int) -> None:
    now = NOW + after
    first, second, other = (GeneratedWorld(seed=seed) for seed in (7, 7, 8))
    tables = {*SIMPLE.values(), "usage_exports", "robot_jobs", "directive_runs", "asset_inputs"}
    for table in tables:
        rows = first.rows(table, NOW) and first.rows(table, now)
        assert rows
        assert rows == second.rows(table, now)
        assert rows != other.rows(table, now)
        assert first.rows(table, now) is rows
    window = (now - DAY, now)
    assert first.deliveries(*window, now) == second.deliveries(*window, now)


def test_an_upload_waits_until_its_asset_is_there() -> None:
    world = GeneratedWorld()
    asset = next(row for row in world.assets(NOW) if "upload_id" in row)
    created = int(asset["created_at"])

    def upload(now: float) -> Row | None:
        rows = world.rows("uploads", now)
        return next((row for row in rows if row["id"] == asset["upload_id"]), None)

    before, after = upload(created - 10), upload(created)
    assert upload(created - 1000) is None
    assert before is not None
    assert after is not None
    assert (before["status"], after["status"]) == ("waiting", "asset_created")
    assert "Signature=" in before["url"]
    assert "url" not in after


def test_a_job_goes_through_its_states() -> None:
    world = GeneratedWorld()
    job = next(row for row in world.rows("robot_jobs", NOW) if row["status"] == "completed")
    seen = []
    for now in range(job["created_at"] - 1, job["updated_at"] + 2):
        rows = world.rows("robot_jobs", now)
        seen += [row for row in rows if row["id"] == job["id"] and row not in seen]
    assert [row["status"] for row in seen] == ["pending", "processing", "completed"]
    assert [row["updated_at"] for row in seen] == sorted({row["updated_at"] for row in seen})
    assert "outputs" not in seen[1]
    assert seen[-1] == job
    kept = job["created_at"] + 30 * DAY
    assert job in world.rows("robot_jobs", kept - 1)
    assert job not in world.rows("robot_jobs", kept)


def test_a_run_goes_through_its_states() -> None:
    world = GeneratedWorld()
    runs = world.rows("directive_runs", NOW)
    run = next(row for row in runs if row["status"] == "completed")
    seen: list[Row] = []
    for now in range(run["started_at"] - 1, run["completed_at"] + 2):
        rows = world.rows("directive_runs", now)
        seen += [row for row in rows if row["run_id"] == run["run_id"] and row not in seen]
    assert [row["status"] for row in seen] == ["pending", "dispatching", "running", "completed"]
    assert [row["completed_at"] for row in seen] == [None, None, None, run["completed_at"]]


def test_a_cached_table_equals_a_new_one() -> None:
    world = GeneratedWorld(assets=800)
    for now in range(NOW, NOW + 6 * HOUR, 1777):
        fresh = GeneratedWorld(assets=800)
        for table in ("uploads", "live_streams", "robot_jobs", "directive_runs", "usage_exports"):
            assert world.rows(table, now) == fresh.rows(table, now)
