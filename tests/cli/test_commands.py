"""What the commands of the program print."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux
from tests.support.records import HOUR, NOW, asset, view
from tests.support.tapping import config_file, messages, run_program, run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox


class TestWithoutCredentialsOrNetwork:
    """Commands that need no credentials and no network."""

    @pytest.mark.parametrize("option", ["--discover", "--about", "--version", "--help"])
    def test_describes_itself(self, option: str) -> None:
        done = run_program(option)
        assert done.returncode == 0
        assert done.stdout

    def test_discovers_all_streams(self, tmp_path: Path) -> None:
        config = config_file(tmp_path, api_url="http://127.0.0.1:1")
        catalog = json.loads(run_program("--config", config, "--discover").stdout)
        streams = {entry["tap_stream_id"]: entry for entry in catalog["streams"]}
        assert streams.keys() == {stream.name for stream in ALL_STREAMS}
        assert streams["assets"]["key_properties"] == ["id"]
        assert streams["assets"]["replication_method"] == "FULL_TABLE"
        assert streams["video_views"]["key_properties"] == ["id"]
        assert streams["video_views"]["replication_method"] == "INCREMENTAL"
        assert streams["video_views"]["replication_key"] == "view_end"

    def test_batch_is_no_capability(self) -> None:
        about = json.loads(run_program("--about", "--format=json").stdout)
        assert "batch" not in about["capabilities"]
        assert "batch_config" not in about["settings"]["properties"]


def test_user_agent_names_tap_and_version(sandbox: Sandbox) -> None:
    run_tap(sandbox)
    assert {request.headers["User-Agent"] for request in sandbox.requests} == {
        f"tap-mux/{TapMux.plugin_version}"
    }


def test_debug_log_holds_no_secret(tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.asset_rows = [asset("a", NOW)]
    config = config_file(tmp_path, **sandbox.config)
    done = run_program("--config", config, environ={"TAP_MUX_LOGLEVEL": "debug"})
    assert done.returncode == 0
    assert "DEBUG" in done.stderr
    assert sandbox.config["token_secret"] not in done.stderr + done.stdout
    assert "Authorization" not in done.stderr + done.stdout


def test_lines_are_utf8_and_one_for_each_message(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    title = 'ünï\u2028"quoted"\n\\ 🎬'
    world.view_rows = [view("a", NOW - HOUR, video_title=title)]
    done = run_program("--config", config_file(tmp_path, **sandbox.config))
    records: list[dict[str, Any]] = [
        message["record"]
        for message in messages(done.stdout)
        if message.get("stream") == "video_views" and message["type"] == "RECORD"
    ]
    assert [record["video_title"] for record in records] == [title]
