"""The stream assets as an incremental stream, which the catalog may choose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tests.support.records import DAY, NOW, asset, tap_time
from tests.support.tapping import (
    Output,
    bookmark,
    catalog_of,
    config_file,
    messages,
    run_program,
    run_tap,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

ASSETS = "/video/v1/assets"


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    world.asset_rows = [asset(f"asset-{number:03}", NOW - number * DAY) for number in range(1000)]


@pytest.fixture(params=["as Meltano writes it", "at the top"])
def catalog(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A catalog that makes assets incremental."""
    made = catalog_of("assets")
    (entry,) = made["streams"]
    entry.pop("replication_method", None)
    if request.param == "at the top":
        entry |= {"replication_method": "INCREMENTAL", "replication_key": "created_at"}
        return made
    (root,) = [part for part in entry["metadata"] if not part["breadcrumb"]]
    root["metadata"] |= {"replication-method": "INCREMENTAL", "replication-key": "created_at"}
    return made


def test_later_runs_stop_after_the_lookback(
    world: ExplicitWorld, sandbox: Sandbox, catalog: dict[str, Any]
) -> None:
    first = run_tap(sandbox, catalog=catalog)
    assert len(first.records("assets")) == 1000
    assert bookmark(first.states[-1], "assets") == tap_time(NOW)

    world.asset_rows.insert(0, asset("new", NOW + 60))
    before = len(sandbox.requests_to(ASSETS))
    second = run_tap(sandbox, catalog=catalog, state=first.states[-1])
    assert len(sandbox.requests_to(ASSETS)) - before <= 2
    found = [record["id"] for record in second.records("assets")]
    assert found[:9] == ["new", *(f"asset-{number:03}" for number in range(8))]
    assert bookmark(second.states[-1], "assets") == tap_time(NOW + 60)

    longer = run_tap(sandbox, catalog=catalog, state=second.states[-1], assets_lookback_days=150)
    assert {f"asset-{number:03}" for number in range(150)} <= {
        record["id"] for record in longer.records("assets")
    }


def test_an_empty_page_is_not_the_end(sandbox: Sandbox, catalog: dict[str, Any]) -> None:
    state = run_tap(sandbox, catalog=catalog).states[-1]
    last = {"data": [asset("new", NOW + 60)], "next_cursor": None}
    sandbox.faults.add(ASSETS, action=Answer(200, {"data": [], "next_cursor": "two"}))
    sandbox.faults.add(lambda request: request.param("cursor") == "two", action=Answer(200, last))
    again = run_tap(sandbox, catalog=catalog, state=state)
    assert [record["id"] for record in again.records("assets")] == ["new"]


def test_a_failed_run_keeps_the_bookmark(
    world: ExplicitWorld, sandbox: Sandbox, catalog: dict[str, Any]
) -> None:
    state = run_tap(sandbox, catalog=catalog).states[-1]
    world.asset_rows[:0] = [asset(f"new-{number}", NOW + 300 - number) for number in range(150)]
    sandbox.faults.add(
        lambda request: request.param("cursor") is not None, times=1, action=Answer(400)
    )
    output = Output()
    with pytest.raises(MuxError):
        run_tap(sandbox, catalog=catalog, state=state, output=output)
    assert len(output.records("assets")) == 100
    assert bookmark(output.states[-1], "assets") == tap_time(NOW)
    again = run_tap(sandbox, catalog=catalog, state=output.states[-1])
    assert {f"new-{number}" for number in range(150)} <= {
        record["id"] for record in again.records("assets")
    }


def test_a_deleted_asset_does_not_hide_another_from_the_first_run(
    world: ExplicitWorld, sandbox: Sandbox, catalog: dict[str, Any]
) -> None:
    sandbox.faults.add(
        lambda request: request.param("cursor") is not None,
        action=lambda _: world.asset_rows.pop(7),
    )
    output = run_tap(sandbox, catalog=catalog)
    found = {record["id"] for record in output.records("assets")}
    assert len(world.asset_rows) == 999
    assert {row["id"] for row in world.asset_rows} <= found
    assert bookmark(output.states[-1], "assets") == tap_time(NOW)
    assert len(sandbox.requests_to(ASSETS)) == 3 * 10


def test_a_deleted_asset_does_not_hide_another_after_a_pause(
    world: ExplicitWorld, sandbox: Sandbox, catalog: dict[str, Any]
) -> None:
    rows = world.asset_rows
    world.asset_rows = rows[250:]
    state = run_tap(sandbox, catalog=catalog).states[-1]
    assert bookmark(state, "assets") == tap_time(NOW - 250 * DAY)
    world.asset_rows = rows[:]
    sandbox.faults.add(
        lambda request: request.param("cursor") is not None,
        action=lambda _: world.asset_rows.pop(7),
    )
    output = run_tap(sandbox, catalog=catalog, state=state)
    found = {record["id"] for record in output.records("assets")}
    assert {row["id"] for row in world.asset_rows[:249]} <= found
    assert len(found) < 500
    assert bookmark(output.states[-1], "assets") == tap_time(NOW)


@pytest.mark.parametrize("known", [0, 550])
def test_new_assets_do_not_keep_a_run_from_its_end(
    world: ExplicitWorld, sandbox: Sandbox, catalog: dict[str, Any], known: int
) -> None:
    rows = world.asset_rows
    world.asset_rows = rows[known:]
    state = run_tap(sandbox, catalog=catalog).states[-1] if known else None
    world.asset_rows = rows
    sandbox.requests.clear()
    sandbox.faults.add(
        ASSETS,
        times=None,
        action=lambda _: rows.insert(0, asset(f"new-{len(rows)}", NOW + len(rows))),
    )
    output = run_tap(sandbox, catalog=catalog, state=state)
    assert {f"asset-{number:03}" for number in range(known or 1000)} <= {
        record["id"] for record in output.records("assets")
    }
    assert (bookmark(output.states[-1], "assets") or "") >= tap_time(NOW)
    assert len(sandbox.requests_to(ASSETS)) <= 2 * (7 if known else 11)


def test_no_bookmark_where_assets_may_be_missing(
    world: ExplicitWorld,
    sandbox: Sandbox,
    catalog: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    del world.asset_rows[250:]

    def move(_: object) -> None:
        gone = world.asset_rows.pop(7)
        world.asset_rows.append({**gone, "id": f"late-{gone['id']}"})

    sandbox.faults.add(lambda request: request.param("cursor") is not None, times=None, action=move)
    output = run_tap(sandbox, catalog=catalog)
    assert "assets may lack records" in caplog.text
    assert bookmark(output.states[-1], "assets") is None
    sandbox.faults.clear()
    again = run_tap(sandbox, catalog=catalog, state=output.states[-1])
    assert {row["id"] for row in world.asset_rows} == {
        record["id"] for record in again.records("assets")
    }
    assert bookmark(again.states[-1], "assets") == tap_time(NOW)


def test_full_table_by_default(sandbox: Sandbox) -> None:
    state = run_tap(sandbox, "assets").states[-1]
    assert len(run_tap(sandbox, "assets", state=state).records("assets")) == 1000


def test_chosen_by_metadata_alone(tmp_path: Path, sandbox: Sandbox) -> None:
    made = catalog_of("assets")
    (entry,) = made["streams"]
    assert entry["replication_method"] == "FULL_TABLE"
    (root,) = [part for part in entry["metadata"] if not part["breadcrumb"]]
    root["metadata"] |= {"replication-method": "INCREMENTAL", "replication-key": "created_at"}
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps(made), encoding="utf-8")
    config = config_file(tmp_path, **sandbox.config)
    done = run_program("--config", config, "--catalog", str(catalog))
    state = [message for message in messages(done.stdout) if message["type"] == "STATE"][-1]
    assert bookmark(state["value"], "assets") == tap_time(NOW)
