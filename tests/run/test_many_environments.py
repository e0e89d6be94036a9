"""Several Mux environments in one run."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from mux_sandbox import Answer, Delay, Environment, ExplicitWorld, Sandbox, SandboxOptions
from tap_mux.api import environment
from tap_mux.api.errors import MuxError
from tap_mux.api.rate_limit import RateLimiter
from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux
from tests.support.records import DAY, HOUR, NOW, asset, tap_time, view
from tests.support.tapping import Output, catalog_of, config_file, messages, run_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_mux.api.rate_limit import Bucket

ACCESS = [
    {"name": "production", "token_id": "id-a", "token_secret": "secret-a"},
    {"name": "staging", "token_id": "id-b", "token_secret": "secret-b"},
]


@pytest.fixture
def both() -> Iterator[Sandbox]:
    """A sandbox with two environments."""
    worlds = {
        "a": ExplicitWorld(assets=[asset("asset-a", NOW)], views=[view("view-a", NOW - HOUR)]),
        "b": ExplicitWorld(assets=[asset("asset-b", NOW)], views=[view("view-b", NOW - DAY)]),
    }
    environments = {
        f"id-{name}": Environment(f"secret-{name}", world, f"environment-{name}")
        for name, world in worlds.items()
    }
    options = SandboxOptions(environments=environments)
    with Sandbox(world=ExplicitWorld(), options=options) as sandbox:
        yield sandbox


def run(folder: Path, sandbox: Sandbox, *arguments: str, **settings: Any) -> Any:
    """Run the program, by default for both environments."""
    settings = {"environments": ACCESS, **settings}
    config = config_file(folder, api_url=sandbox.config["api_url"], max_attempts=2, **settings)
    return run_program("--config", config, *arguments)


def records(stdout: str, stream: str) -> dict[str, str]:
    """Return the environment ID of each record, by id."""
    return {
        message["record"]["id"]: message["record"]["environment_id"]
        for message in messages(stdout)
        if message["type"] == "RECORD" and message["stream"] == stream
    }


def test_keys_have_the_environment_with_an_older_catalog(tmp_path: Path, both: Sandbox) -> None:
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps(catalog_of("dimensions", "assets")), encoding="utf-8")
    done = run(tmp_path, both, "--catalog", str(catalog))
    assert done.returncode == 0
    keys = {
        message["stream"]: message["key_properties"]
        for message in messages(done.stdout)
        if message["type"] == "SCHEMA"
    }
    assert keys == {"dimensions": ["name", "environment_id"], "assets": ["id"]}


def test_each_record_and_bookmark_has_its_environment(tmp_path: Path, both: Sandbox) -> None:
    done = run(tmp_path, both)
    assert done.returncode == 0
    assert records(done.stdout, "assets") == {
        "asset-a": "environment-a",
        "asset-b": "environment-b",
    }
    assert records(done.stdout, "video_views") == {
        "view-a": "environment-a",
        "view-b": "environment-b",
    }
    state = [message for message in messages(done.stdout) if message["type"] == "STATE"][-1]
    bookmarks = state["value"]["bookmarks"]["video_views"]["partitions"]
    assert {
        part["context"]["environment_id"]: part["replication_key_value"] for part in bookmarks
    } == {"environment-a": tap_time(NOW - HOUR), "environment-b": tap_time(NOW - DAY)}
    schemas = Counter(m["stream"] for m in messages(done.stdout) if m["type"] == "SCHEMA")
    assert set(schemas.values()) == {1}

    (tmp_path / "state.json").write_text(json.dumps(state["value"]))
    again = run(tmp_path, both, "--state", str(tmp_path / "state.json"))
    starts = [
        int(start)
        for request in both.requests_to("/data/v1/video-views")
        for start, _ in [request.params("timeframe[]")]
    ]
    assert again.returncode == 0
    assert min(starts[-2:]) >= NOW - DAY - 3 * HOUR


def test_each_environment_has_its_own_rate_limiter(
    both: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[int, set[str]] = {}

    class Recorder(RateLimiter):
        def bucket(self, path: str) -> Bucket:
            asked.setdefault(id(self), set()).add(path)
            return super().bucket(path)

    monkeypatch.setattr(environment, "RateLimiter", Recorder)
    tap = TapMux(
        config={"api_url": both.config["api_url"], "environments": ACCESS},
        message_writer=Output(),
    )
    tap.sync_all()
    assert len(asked) == 2
    for paths in asked.values():
        assert {"/system/v1/whoami", "/video/v1/assets", "/data/v1/video-views"} <= paths


def test_all_tokens_are_tried_at_the_same_time(both: Sandbox) -> None:
    both.faults.add("/system/v1/whoami", times=None, action=Delay(0.3))
    config = {"api_url": both.config["api_url"], "environments": ACCESS}
    for most, in_flight in ((8, 2), (1, 1)):
        both.requests.clear()
        tap = TapMux(config={**config, "max_concurrency": most}, message_writer=Output())
        assert [each.id for each in tap.environments.readable] == ["environment-a", "environment-b"]
        asked = both.requests_to("/system/v1/whoami")
        assert len(asked) == 2
        assert max(request.in_flight for request in asked) == in_flight


def test_daily_exports(both: Sandbox) -> None:
    midnight = NOW - NOW % DAY
    both.options.clock = lambda: midnight + 6 * HOUR
    for name, access in both.options.environments.items():
        world = access.world
        assert isinstance(world, ExplicitWorld)
        world.view_rows = [view(f"view-{name[-1]}", midnight - HOUR)]
    stream = "exported_video_views"
    output = Output()
    tap = TapMux(
        config={"api_url": both.config["api_url"], "environments": ACCESS},
        catalog=catalog_of(stream),
        message_writer=output,
    )
    tap.sync_all()
    assert {(record["view_id"], record["environment_id"]) for record in output.records(stream)} == {
        ("view-a", "environment-a"),
        ("view-b", "environment-b"),
    }
    partitions = output.states[-1]["bookmarks"][stream]["partitions"]
    assert {part["replication_key_value"] for part in partitions} == {tap_time(midnight - DAY)}
    assert len(partitions) == 2


def test_an_environment_that_fails_does_not_stop_the_other(tmp_path: Path, both: Sandbox) -> None:
    access = [{**ACCESS[0], "token_secret": "wr0ng"}, ACCESS[1]]
    done = run(tmp_path, both, environments=access)
    assert done.returncode == 1
    assert records(done.stdout, "assets") == {"asset-b": "environment-b"}
    last = done.stderr.splitlines()[-1]
    assert "environment production failed" in last
    assert "401" in last
    assert "wr0ng" not in done.stderr


def test_all_environments_fail(tmp_path: Path, both: Sandbox) -> None:
    access = [{**each, "token_secret": "wr0ng"} for each in ACCESS]
    done = run(tmp_path, both, environments=access)
    assert (done.returncode, done.stdout) == (1, "")
    assert "environment staging failed" in done.stderr.splitlines()[-1]


def test_the_same_environment_twice(tmp_path: Path, both: Sandbox) -> None:
    done = run(tmp_path, both, environments=[ACCESS[0], {**ACCESS[0], "name": "again"}])
    assert done.returncode == 1
    assert records(done.stdout, "assets") == {"asset-a": "environment-a"}
    assert "environment again failed" in done.stderr


def test_report(tmp_path: Path, both: Sandbox) -> None:
    done = run(tmp_path, both, "--test")
    assert done.returncode == 0
    assert "assets of production: available" in done.stdout
    assert "assets of staging: available" in done.stdout


def test_from_the_environment(both: Sandbox) -> None:
    environ = {
        "TAP_MUX_ENVIRONMENTS": json.dumps(ACCESS),
        "TAP_MUX_API_URL": both.config["api_url"],
    }
    done = run_program("--config", "ENV", environ=environ)
    assert done.returncode == 0
    assert records(done.stdout, "assets").keys() == {"asset-a", "asset-b"}


def test_keys_that_may_repeat_get_the_environment() -> None:
    many = TapMux(config={"environments": ACCESS}).streams
    one = TapMux(config={"token_id": "id", "token_secret": "secret"}).streams
    for stream in ALL_STREAMS:
        added = ["environment_id"] if stream.ids_repeat else []
        assert list(many[stream.name].primary_keys) == [*stream.primary_keys, *added]
        assert list(one[stream.name].primary_keys) == list(stream.primary_keys)
    assert {stream.name for stream in ALL_STREAMS if not stream.ids_repeat} == {
        "annotations",
        "asset_heatmaps",
        "asset_hotspots",
        "asset_inputs",
        "assets",
        "directive_runs",
        "directives",
        "drm_configurations",
        "environments",
        "exported_video_views",
        "live_streams",
        "playback_id_heatmaps",
        "playback_id_hotspots",
        "playback_restrictions",
        "robot_jobs",
        "signing_keys",
        "transcription_vocabularies",
        "uploads",
        "video_view_details",
        "video_views",
        "webhooks",
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"environments": []}, "environments is empty"),
        (
            {"environments": ACCESS, "token_id": "id"},
            "token_id and token_secret, not both",
        ),
        ({"environments": [ACCESS[0], ACCESS[0]]}, "'production' more than once"),
        ({"environments": [{**ACCESS[0], "token_id": " "}]}, "token_id of environment 1 is empty"),
        ({"environments": [{**ACCESS[0], "token_secret": 12345}]}, "token_secret has to be text"),
        ({"environments": [{"name": "a", "token_id": "b"}]}, "token_secret"),
        ({}, "token_id is missing"),
    ],
)
def test_validation_errors(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigValidationError) as refusal:
        TapMux(config=settings)
    assert any(message in error for error in refusal.value.errors)
    assert not any("12345" in error for error in refusal.value.errors)


def deletions(folder: Path, sandbox: Sandbox, **settings: Any) -> int:
    """Run with versions, and count how often loaders are told to delete assets."""
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps(catalog_of("assets")), encoding="utf-8")
    done = run(
        folder,
        sandbox,
        "--catalog",
        str(catalog),
        emit_activate_version_messages=True,
        **settings,
    )
    return sum(message["type"] == "ACTIVATE_VERSION" for message in messages(done.stdout))


def test_rows_are_deleted_once_for_all_environments(tmp_path: Path, both: Sandbox) -> None:
    assert deletions(tmp_path, both) == 1


@pytest.mark.parametrize("broken", ["environment-a", "environment-b"])
def test_no_rows_are_deleted_if_one_environment_is_not_whole(
    tmp_path: Path, both: Sandbox, broken: str
) -> None:
    both.faults.add(
        lambda request: request.path == "/video/v1/assets" and request.environment_id == broken,
        times=None,
        action=Answer(400),
    )
    assert deletions(tmp_path, both) == 0


@pytest.mark.parametrize("broken", [0, 1])
def test_no_rows_are_deleted_if_one_environment_is_missing(
    tmp_path: Path, both: Sandbox, broken: int
) -> None:
    wrong = {"token_secret": "wr0ng"}
    access = [{**each, **(wrong if each is ACCESS[broken] else {})} for each in ACCESS]
    assert deletions(tmp_path, both, environments=access) == 0


def tap_of(sandbox: Sandbox, state: Any, access: list[dict[str, str]], **settings: Any) -> TapMux:
    """Make a tap that reads full tables and views."""
    tap = TapMux(
        config={"api_url": sandbox.config["api_url"], "environments": access, **settings},
        state=state,
        message_writer=Output(),
    )
    for name, stream in tap.streams.items():
        stream.selected = name in {"assets", "webhooks", "video_views"}
    return tap


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("access", [ACCESS[1:], ACCESS])
def test_an_environment_that_is_removed(
    both: Sandbox,
    caplog: pytest.LogCaptureFixture,
    access: list[dict[str, str]],
    *,
    wanted: bool,
) -> None:
    first = tap_of(both, None, ACCESS)
    first.sync_all()
    tap = tap_of(both, first.state, access, emit_activate_version_messages=wanted)
    tap.sync_all()
    said = [each for each in caplog.messages if "is not read any more" in each]
    if access == ACCESS or not wanted:
        assert said == []
    else:
        (text,) = said
        assert "The environment environment-a is in the state" in text
        assert "loaders delete its rows of assets, webhooks. To keep them, set emit" in text


def test_nothing_is_said_of_a_removed_environment_if_no_rows_are_deleted(
    both: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    first = tap_of(both, None, ACCESS)
    first.sync_all()
    broken = {"name": "broken", "token_id": "id-c", "token_secret": "wr0ng"}
    tap = tap_of(both, first.state, [ACCESS[1], broken], emit_activate_version_messages=True)
    with pytest.raises(MuxError, match="environment broken failed"):
        tap.sync_all()
    assert "is not read any more" not in caplog.text
