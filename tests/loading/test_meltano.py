"""meltano.yml: its settings of the tap, and runs with the loaders that it pins."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from mux_sandbox import ExplicitWorld, Sandbox
from mux_sandbox.world.clock_text import epoch
from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux
from tests.support.loaders import (
    LISTINGS,
    listed,
    meltano,
    meltano_yml,
    new_project,
    plugin,
    postgres,
    read_duckdb,
    read_postgres,
)
from tests.support.records import DAY, HOUR, NOW, asset, view, views
from tests.support.tapping import run_program

if TYPE_CHECKING:
    from pathlib import Path

VIEWS = LISTINGS["video_views"]
LOOKBACK = 2 * HOUR
EDGE = 5
"""How many seconds earlier than the lookback a window may start."""
BY_ENVIRONMENT: dict[str, Any] = {
    "token_id": "id",
    "token_secret": "secret",
    "start_date": "2026-09-01",
    "end_date": "2026-10-01T12:00:00Z",
    "lookback_seconds": 60,
    "lookback_days": 3,
    "assets_lookback_days": 5,
    "metrics": [{"metric": "views", "group_by": ["country"]}],
    "dimensions": ["country"],
    "delivery_usage_granularity": "hour",
    "stream_params": {"video_views": {"filters[]": ["country:DE"]}},
    "api_url": "https://mux.example.com",
    "request_timeout_seconds": 20,
    "max_attempts": 3,
    "max_wait_seconds": 30,
    "progress_seconds": 5,
    "max_concurrency": 2,
    "rate_limit_reserve": "0.5",
    "max_requests_per_second": "4",
    "fail_on_unavailable": True,
    "emit_activate_version_messages": True,
    "include_credentials": True,
    "keep_unknown_fields": True,
    "stream_maps": {"assets": {"passthrough": "None"}},
    "stream_map_config": {"hash_seed": "a"},
    "faker_config": {"seed": "1"},
    "flattening_enabled": True,
    "flattening_max_depth": 2,
    "flattening_max_key_length": 60,
    "flattening_separator": "_",
}
"""A value for each setting, but for environments, which excludes the token."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the Meltano project, without state or data."""
    return new_project(tmp_path)


def load(project: Path, sandbox: Sandbox, *blocks: str, environment: str, **environ: str) -> str:
    """Run the tap and a loader; return what Meltano printed."""
    done = meltano(
        project, "run", *blocks, MELTANO_ENVIRONMENT=environment, **sandbox.environ, **environ
    )
    return done.stderr


def to_duckdb(project: Path, sandbox: Sandbox, environment: str = "sandbox") -> None:
    """Run the tap and target-duckdb."""
    load(project, sandbox, "tap-mux", "target-duckdb", environment=environment)


def ids(project: Path, stream: str, environment: str = "sandbox") -> set[str]:
    """Return the ids of the rows in DuckDB."""
    rows = read_duckdb(project / "output" / f"{environment}.duckdb", stream)
    found = {row["id"] for row in rows}
    assert len(found) == len(rows)
    return found


class TestRuns:
    """`meltano run`, without access to Meltano Hub."""

    def test_second_run_reads_only_the_lookback(
        self, project: Path, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.asset_rows = [asset(f"asset-{number}", NOW - number * DAY) for number in range(150)]
        world.view_rows = views(300, NOW - 30 * DAY, 0.09 * DAY)
        to_duckdb(project, sandbox)
        assert ids(project, "assets") == listed(sandbox, "assets").keys()
        assert ids(project, "video_views") == {row["id"] for row in world.view_rows}

        last = max(row["view_end"] for row in world.view_rows)
        world.asset_rows.append(asset("new", NOW))
        world.view_rows.append(view("new", NOW - 60))
        world.view_rows[-2]["video_title"] = "Another title"
        before = len(sandbox.requests_to(VIEWS))
        to_duckdb(project, sandbox)
        asked = [request.params("timeframe[]") for request in sandbox.requests_to(VIEWS)[before:]]
        start = min(int(start) for start, _ in asked)
        assert 0 <= epoch(last) - LOOKBACK - start <= EDGE
        assert ids(project, "assets") == listed(sandbox, "assets").keys()
        assert ids(project, "video_views") == {row["id"] for row in world.view_rows}
        titles = {
            row["id"]: row["video_title"]
            for row in read_duckdb(project / "output" / "sandbox.duckdb", "video_views")
        }
        assert titles == {row["id"]: row["video_title"] for row in world.view_rows}

    @pytest.mark.slow
    def test_environments_share_neither_state_nor_data(
        self, project: Path, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = [view("of the sandbox", NOW - HOUR)]
        world.asset_rows = [asset("of the sandbox", NOW - HOUR)]
        to_duckdb(project, sandbox)
        real = ExplicitWorld(
            assets=[asset("real", NOW - DAY)], views=[view("real", NOW - 20 * DAY)]
        )
        with Sandbox(world=real) as mux:
            # As a user does it after a run with the sandbox: without naming an environment.
            meltano(project, "run", "tap-mux", "target-duckdb", **mux.environ)
        for environment, found in (("dev", {"real"}), ("sandbox", {"of the sandbox"})):
            assert ids(project, "assets", environment) == found
            assert ids(project, "video_views", environment) == found
        # With the bookmark of the sandbox, the view of 20 days ago would not be read.
        assert set(meltano(project, "state", "list").stdout.split()) == {
            "dev:tap-mux-to-target-duckdb",
            "sandbox:tap-mux-to-target-duckdb",
        }

    @pytest.mark.slow
    def test_postgres_has_a_schema_for_the_sandbox(
        self, project: Path, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.asset_rows = [asset("a", NOW - DAY)]
        world.view_rows = [view("a", NOW - DAY)]
        where = {f"TARGET_POSTGRES_{key.upper()}": str(value) for key, value in postgres().items()}
        for environment, schema in (("sandbox", "tap_mux_sandbox"), ("dev", "tap_mux")):
            world.asset_rows[0]["id"] = environment
            load(project, sandbox, "tap-mux", "target-postgres", environment=environment, **where)
            (row,) = read_postgres(schema, "assets")
            assert row["id"] == environment


class TestProjectFile:
    """meltano.yml."""

    def test_fits_the_schema_of_meltano(self) -> None:
        text = resources.files("meltano.schemas").joinpath("meltano.schema.json").read_text("utf-8")
        errors = Draft202012Validator(json.loads(text)).iter_errors(meltano_yml())
        assert [error.message for error in errors] == []

    def test_settings_are_those_of_the_tap(self) -> None:
        about = json.loads(run_program("--about", "--format=json").stdout)
        tap = plugin("extractors", "tap-mux")
        assert tap["settings"] == [
            setting(name, schema) for name, schema in about["settings"]["properties"].items()
        ]
        assert tap["settings_group_validation"] == [["token_id", "token_secret"], ["environments"]]
        assert sorted(tap["capabilities"]) == sorted(about["capabilities"])

    def test_every_setting_works_by_environment_variable(self, project: Path) -> None:
        names = [setting["name"] for setting in plugin("extractors", "tap-mux")["settings"]]
        assert BY_ENVIRONMENT.keys() | {"environments"} == set(names)
        environ = {
            f"TAP_MUX_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in BY_ENVIRONMENT.items()
        }
        printed = meltano(project, "config", "--unsafe", "print", "tap-mux", **environ).stdout
        config = json.loads(printed)
        for name, value in BY_ENVIRONMENT.items():
            assert config[name] == value, name
        TapMux(config=config)  # refuses what it cannot work with
        shown = meltano(project, "invoke", "tap-mux", "--discover", **environ).stdout
        assert len(json.loads(shown)["streams"]) == len(ALL_STREAMS)

    def test_selects_what_the_tap_selects_by_default(self) -> None:
        names = sorted(stream.name for stream in ALL_STREAMS if stream.selected_by_default)
        assert plugin("extractors", "tap-mux")["select"] == [f"{name}.*" for name in names]

    def test_select_adds_a_stream_and_removes_one(self, project: Path) -> None:
        before = {stream.name for stream in ALL_STREAMS if stream.selected_by_default}
        meltano(project, "select", "tap-mux", "monitoring_timeseries", "*")
        meltano(project, "select", "--rm", "tap-mux", "errors", "*")
        shown = json.loads(meltano(project, "select", "--json", "tap-mux").stdout)
        selected = {each["stream"] for each in shown["streams"] if each["selection"] == "selected"}
        assert selected == before - {"errors"} | {"monitoring_timeseries"}

    def test_plugins_are_defined_in_full(self) -> None:
        for plugins in meltano_yml()["plugins"].values():
            for each in plugins:
                assert each.keys() >= {"name", "namespace", "pip_url", "executable"}
                assert "variant" not in each

    def test_every_table_has_a_column_besides_its_key(self) -> None:
        catalog = json.loads(run_program("--discover").stdout)
        assert len(catalog["streams"]) == len(ALL_STREAMS)
        for stream in catalog["streams"]:
            assert set(stream["schema"]["properties"]) - set(stream["key_properties"])


def setting(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Convert a setting of the tap to the form of meltano.yml."""
    kind = schema["type"][0]
    if schema.get("secret") and kind == "string":
        kind = "password"
    if schema.get("format") == "date-time":
        kind = "date_iso8601"
    return {
        "name": name,
        "kind": kind,
        **({"sensitive": True} if schema.get("secret") else {}),
        **({"value": schema["default"]} if "default" in schema else {}),
        "label": schema["title"],
        "description": schema["description"],
    }
