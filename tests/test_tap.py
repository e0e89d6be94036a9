"""The tap as a program: its settings, what it prints and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from mux_sandbox import Answer, Delay, Disconnect
from tap_mux.api.errors import MuxError
from tap_mux.settings.settings import SETTINGS
from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux
from tests.support.records import HOUR, NOW, asset, tap_time, view, views
from tests.support.tapping import (
    Output,
    bookmark,
    catalog_of,
    clean_environ,
    config_file,
    messages,
    run_program,
    run_tap,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

TOKENS = {"token_id": "id", "token_secret": "s3cr3t"}


def one_line(stderr: str) -> str:
    """Return the only error line of the log."""
    assert "Traceback" not in stderr
    (line,) = [line for line in stderr.splitlines() if "| ERROR" in line]
    return line


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


class TestSettings:
    """Validation errors are reported at the start of a run."""

    @pytest.mark.parametrize("name", ["token_id", "token_secret"])
    @pytest.mark.parametrize("value", ["", "  ", None])
    def test_credential_missing_or_empty(
        self, tmp_path: Path, sandbox: Sandbox, name: str, value: str | None
    ) -> None:
        config = config_file(tmp_path, **{**sandbox.config, name: value})
        done = run_program("--config", config)
        assert done.returncode == 1
        assert f"{name} is {'missing' if value is None else 'empty'}" in one_line(done.stderr)
        assert done.stdout == ""
        assert sandbox.requests == []

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"environments": {"token_secret": "hush"}}, "environments is not of type 'array'"),
            ({"environments": "hush"}, "environments is not of type 'array'"),
            ({"environments": [["hush"]]}, "environments.0 is not of type 'object'"),
            ({"environments": [{"token_secret": ["hush"]}]}, "token_secret has to be text"),
            ({"stream_params": "hush"}, "stream_params is not of type 'object'"),
            ({"stream_params": {"a": "hush"}}, "stream_params.a is not of type 'object'"),
            ({"api_url": "http://me:hush@localhost"}, "api_url cannot have a user name"),
        ],
    )
    def test_settings_of_the_wrong_form_are_not_printed(
        self, tmp_path: Path, settings: dict[str, Any], message: str
    ) -> None:
        token = {} if "environments" in settings else {"token_id": "id", "token_secret": "secret"}
        done = run_program("--config", config_file(tmp_path, **token, **settings))
        assert done.returncode == 1
        assert message in one_line(done.stderr)
        assert "hush" not in done.stderr + done.stdout

    def test_credential_of_the_wrong_type_is_not_printed(self, tmp_path: Path) -> None:
        config = config_file(tmp_path, token_id="id", token_secret=12345678)
        done = run_program("--config", config)
        assert done.returncode == 1
        assert "token_secret has to be text" in one_line(done.stderr)
        assert "12345678" not in done.stderr

    @pytest.mark.parametrize("option", [[], ["--test"], ["--test=schema"]])
    def test_validation_errors_are_one_line_for_every_command(
        self, tmp_path: Path, option: list[str]
    ) -> None:
        config = config_file(tmp_path, **TOKENS, start_date="yesterday")
        done = run_program("--config", config, *option)
        assert done.returncode == 1
        assert "start_date is neither a date nor a date-time: 'yesterday'" in one_line(done.stderr)

    @pytest.mark.parametrize(
        "value",
        ["", "2026", "2026-1-1", "20260101", "2026-W01-1", "2026-02-30", "01/02/2026", "now",
         "2026-01-01T25:00:00Z", "1767225600", "2026-01-01Z"],
    )  # fmt: skip
    def test_invalid_date(self, value: str) -> None:
        for name in ("start_date", "end_date"):
            with pytest.raises(ConfigValidationError) as raised:
                TapMux(config={**TOKENS, name: value})
            (error,) = raised.value.errors
            assert error.startswith(f"{name} is neither")

    @pytest.mark.parametrize(
        "value",
        ["2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123Z", "2026-01-01 00:00",
         "2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00-0730", "2026-01-01T00:00:00"],
    )  # fmt: skip
    def test_valid_date(self, value: str) -> None:
        tap = TapMux(config={**TOKENS, "start_date": value, "end_date": "2027-01-01"})
        assert tap.config["start_date"] == value

    def test_end_date_has_to_lie_after_start_date(self) -> None:
        for end in ("2026-01-01", "2025-12-31T23:59:59Z", "2026-01-01T01:00:00+01:00"):
            config = {**TOKENS, "start_date": "2026-01-01", "end_date": end}
            with pytest.raises(ConfigValidationError) as raised:
                TapMux(config=config)
            assert "has to be after start_date" in raised.value.errors[0]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("lookback_seconds", -1),
            ("lookback_seconds", "7200"),
            ("request_timeout_seconds", 0),
            ("max_attempts", 0),
            ("api_url", "api.mux.com"),
            ("api_url", "https://api.mux.com?x=1"),
            ("api_url", "http://api.mux.com"),
            ("api_url", "http://10.0.0.7"),
            ("api_url", "http://0.0.0.0"),
            ("api_url", "http://127.0.0.1.example.com"),
            ("api_url", "http://localhost.example.com"),
            ("api_url", "http://[::2]"),
            ("api_url", "http://[::1"),
            ("include_credentials", "yes"),
            ("start_date", 20260101),
        ],
    )
    def test_invalid_values_are_refused(self, name: str, value: object) -> None:
        with pytest.raises(ConfigValidationError) as raised:
            TapMux(config={**TOKENS, name: value})
        assert name in raised.value.errors[0]

    @pytest.mark.parametrize(
        "url",
        ["https://10.0.0.7", "http://localhost:1/x", "http://127.0.0.2", "http://[::1]:1"],
    )
    def test_http_is_for_this_machine_only(self, url: str) -> None:
        assert TapMux(config={**TOKENS, "api_url": url}).config["api_url"] == url

    def test_a_token_does_not_travel_in_the_clear(self, tmp_path: Path) -> None:
        config = config_file(tmp_path, **TOKENS, api_url="http://api.mux.com")
        done = run_program("--config", config)
        assert done.returncode == 1
        assert "api_url has to begin with https" in one_line(done.stderr)
        assert done.stdout == ""

    def test_null_is_the_same_as_not_set(self) -> None:
        names = SETTINGS.to_dict()["properties"].keys() - TOKENS.keys()
        tap = TapMux(config={**TOKENS, **dict.fromkeys(names)})
        assert tap.config == TapMux(config=TOKENS).config

    def test_unknown_settings_are_named(self, caplog: pytest.LogCaptureFixture) -> None:
        TapMux(config={**TOKENS, "token": "x", "start": "y", "stream_maps": {}})
        assert "Unknown setting, ignored: start" in caplog.text
        assert "Unknown setting, ignored: token" in caplog.text
        assert "stream_maps" not in caplog.text

    def test_batch_config_is_ignored(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.asset_rows = [asset("a", NOW)]
        batch = {"encoding": {"format": "jsonl"}, "storage": {"root": "file:///nowhere"}}
        output = run_tap(sandbox, "assets", batch_config=batch)
        assert len(output.records("assets")) == 1
        assert "Unknown setting, ignored: batch_config" in caplog.text

    def test_settings_from_the_environment(
        self, world: ExplicitWorld, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        world.view_rows = views(5, NOW - 2 * HOUR, 60)
        environ = {
            **sandbox.environ,
            "TAP_MUX_START_DATE": view(0, NOW - 2 * HOUR + 60)["view_end"],
        }
        environ["TAP_MUX_LOOKBACK_SECONDS"] = "0"
        done = subprocess.run(
            [sys.executable, "-m", "tap_mux", "--config", "ENV"],
            cwd=tmp_path,
            env={**clean_environ(), **environ},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        records = [
            message
            for message in messages(done.stdout)
            if message["type"] == "RECORD" and message["stream"] == "video_views"
        ]
        assert [message["record"]["id"] for message in records] == [
            f"view-{number:06}" for number in range(1, 5)
        ]


class TestEnd:
    """How a run ends."""

    def test_refused_credential_ends_within_one_request(
        self, tmp_path: Path, sandbox: Sandbox
    ) -> None:
        config = config_file(tmp_path, **{**sandbox.config, "token_secret": "wr0ng"})
        done = run_program("--config", config)
        assert done.returncode == 1
        assert "401 Unauthorized (unauthorized: Unauthorized request)" in one_line(done.stderr)
        assert "token_id and token_secret" in one_line(done.stderr)
        assert "wr0ng" not in done.stderr
        assert done.stdout == ""
        assert len(sandbox.requests) == 1

    def test_a_failing_stream_ends_in_a_readable_line(
        self, tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        body = {"error": {"type": "invalid_parameters", "messages": ["No such thing."]}}
        sandbox.faults.add("/video/v1/assets", times=None, action=Answer(400, body))
        done = run_program("--config", config_file(tmp_path, **sandbox.config))
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        last = done.stderr.splitlines()[-1]
        assert "400 Bad Request (invalid_parameters: No such thing.)" in last

    @pytest.mark.parametrize("name", ["token_id", "token_secret"])
    def test_half_a_character_in_a_credential(
        self, tmp_path: Path, sandbox: Sandbox, name: str
    ) -> None:
        config = config_file(tmp_path, **{**sandbox.config, name: "wr0ng\ud83d"})
        done = run_program("--config", config)
        assert done.returncode == 1
        assert f"{name} has half of a character in it; copy it again" in one_line(done.stderr)
        assert "wr0ng" not in done.stderr

    def test_connection_refused(self, tmp_path: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            config = config_file(tmp_path, **TOKENS, api_url=url, max_attempts=2)
            done = run_program("--config", config)
        assert done.returncode == 1
        assert "Connection refused" in one_line(done.stderr)
        assert done.stderr.count("Trying again") == 1
        assert done.stdout == ""
        assert "s3cr3t" not in done.stderr

    def test_a_target_that_stops_reading(
        self, tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.asset_rows = [asset(f"asset-{n}", NOW, passthrough="x" * 200) for n in range(3000)]
        config = config_file(tmp_path, **sandbox.config)
        with subprocess.Popen(
            [sys.executable, "-m", "tap_mux", "--config", config],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as tap:
            assert tap.stdout
            assert tap.stderr
            tap.stdout.readline()
            tap.stdout.close()
            stderr = tap.stderr.read()
        assert tap.returncode == 1
        assert "Traceback" not in stderr
        assert "The target stopped reading" in stderr.splitlines()[-1]

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_leaves_a_last_state(
        self, tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox, number: signal.Signals
    ) -> None:
        world.view_rows = views(300, NOW - 20 * HOUR, 1)
        late = NOW - 19 * HOUR
        sandbox.faults.add(
            lambda request: (
                request.path == "/data/v1/video-views"
                and int(request.params("timeframe[]")[0]) > late
            ),
            times=None,
            action=Delay(30),
        )
        settings = {"start_date": view(0, NOW - 30 * HOUR)["view_end"]}
        config = config_file(tmp_path, **sandbox.config, **settings)
        with subprocess.Popen(
            [sys.executable, "-m", "tap_mux", "--config", config],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as tap:
            assert tap.stdout
            lines = []
            begun = time.monotonic()
            is_called_off = False
            for line in tap.stdout:
                lines.append(line)
                message = json.loads(line)
                if message["type"] == "STATE" and bookmark(message["value"]) and not is_called_off:
                    is_called_off = True
                    tap.send_signal(number)
        assert time.monotonic() - begun < 25  # it did not wait for the delayed answer
        assert tap.returncode == 128 + number
        last = messages("".join(lines))[-1]
        assert last["type"] == "STATE"
        assert bookmark(last["value"]) == tap_time(NOW - 20 * HOUR + 299)

    @pytest.mark.parametrize("taken", [1000, 8000, 22000, 36000])
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_does_not_cut_a_long_line(
        self,
        tmp_path: Path,
        world: ExplicitWorld,
        sandbox: Sandbox,
        number: signal.Signals,
        taken: int,
    ) -> None:
        world.asset_rows = [asset(f"asset-{n}", NOW, passthrough="x" * 9000) for n in range(99)]
        catalog = tmp_path / "catalog.json"
        catalog.write_text(json.dumps(catalog_of("assets")))
        files = [f"--config={config_file(tmp_path, **sandbox.config)}", f"--catalog={catalog}"]
        with subprocess.Popen(
            [sys.executable, "-m", "tap_mux", *files],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as tap:
            assert tap.stdout
            while not sandbox.requests_to("/video/v1/assets"):
                time.sleep(0.05)
            time.sleep(0.3)  # until the pipe is full
            output = os.read(tap.stdout.fileno(), taken)
            time.sleep(0.05)  # until it is full again, within a line
            tap.send_signal(number)
            time.sleep(0.1)
            output += tap.stdout.read()
        assert tap.returncode == 128 + number
        assert output.endswith(b"\n")
        assert 0 < len(messages(output.decode())) < len(world.asset_rows)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_at_the_start_leaves_the_state(
        self, tmp_path: Path, sandbox: Sandbox, number: signal.Signals
    ) -> None:
        state: dict[str, Any] = {"bookmarks": {"video_views": {"partitions": []}}}
        (tmp_path / "state.json").write_text(json.dumps(state), encoding="utf-8")
        program = f"""
import os
from tap_mux.__main__ import main
from tap_mux.cli import CommandLine

load_state = CommandLine.load_state

def interrupted(self, state):
    os.kill(os.getpid(), {int(number)})
    load_state(self, state)

CommandLine.load_state = interrupted
main()
"""
        done = subprocess.run(
            [
                *(sys.executable, "-c", program, "--config"),
                *(config_file(tmp_path, **sandbox.config), "--state", str(tmp_path / "state.json")),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 128 + number
        assert [message["value"] for message in messages(done.stdout)] == [state]
        assert sandbox.requests == []

    @pytest.mark.parametrize(
        ("state", "message"),
        [
            ("", "The file with the state is no JSON"),
            ("[]", "The file with the state is no JSON object"),
            ('{"bookmarks": null}', "The state is not one that this tap has written"),
            ('{"bookmarks": {"x": {"partitions": [{}]}}}', "The state is not one"),
            ('{"bookmarks": {"x": []}}', "The state is not one that this tap has written"),
            ('{"type": "STATE", "value": [1]}', "The state is not one that this tap has written"),
            (
                '{"bookmarks": {"x": {"partitions": [{"context": {}}, {"context": {}}]}}}',
                "The state of x has a partition twice. Fix or delete it",
            ),
        ],
    )
    def test_an_invalid_state(
        self, tmp_path: Path, sandbox: Sandbox, state: str, message: str
    ) -> None:
        (tmp_path / "state.json").write_text(state, encoding="utf-8")
        config = config_file(tmp_path, **sandbox.config)
        done = run_program("--config", config, "--state", str(tmp_path / "state.json"))
        assert done.returncode == 1
        assert message in one_line(done.stderr)
        assert done.stdout == ""

    @pytest.mark.parametrize(
        ("catalog", "message"),
        [
            ("assets", "The file with the catalog is no JSON"),
            ('{"streams": null}', "The file with the catalog is not what --discover prints"),
            ('{"streams": [{}]}', "The file with the catalog is not what --discover prints"),
        ],
    )
    def test_an_invalid_catalog(
        self, tmp_path: Path, sandbox: Sandbox, catalog: str, message: str
    ) -> None:
        (tmp_path / "catalog.json").write_text(catalog, encoding="utf-8")
        config = config_file(tmp_path, **sandbox.config)
        done = run_program("--config", config, "--catalog", str(tmp_path / "catalog.json"))
        assert done.returncode == 1
        assert message in one_line(done.stderr)
        assert done.stdout == ""

    @pytest.mark.parametrize("value", ["banana", 7.5, [1]])
    def test_an_invalid_bookmark_stops_only_its_stream(
        self, world: ExplicitWorld, sandbox: Sandbox, value: Any
    ) -> None:
        world.view_rows = views(3, NOW - 2 * HOUR, 1)
        first = run_tap(sandbox)
        state = first.states[-1]
        part = state["bookmarks"]["video_views"]["partitions"][0]
        part["replication_key_value"] = value
        output = Output()
        settings = {"start_date": view(0, NOW - 30 * HOUR)["view_end"]}
        if value == 7.5:  # accepted, as seconds since 1970
            run_tap(sandbox, state=state, output=output, **settings)
            assert len(output.records("video_views")) == 3
            return
        with pytest.raises(MuxError, match=r"^video_views failed: The state of video_views is not"):
            run_tap(sandbox, state=state, output=output, **settings)
        assert output.schema("errors")

    def test_a_null_bookmark_is_no_bookmark(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = views(3, NOW - 2 * HOUR, 1)
        state = run_tap(sandbox, "video_views").states[-1]
        state["bookmarks"]["video_views"]["partitions"][0]["replication_key_value"] = None
        output = run_tap(sandbox, "video_views", state=state)
        assert len(output.records("video_views")) == 3

    @pytest.mark.parametrize(
        "wrapped",
        [
            lambda state: {"type": "STATE", "value": state},
            lambda state: {"singer_state": state},
            lambda state: {"completed": {"singer_state": state}, "partial": {}},
        ],
    )
    def test_a_state_in_its_wrapping_is_understood(
        self, world: ExplicitWorld, sandbox: Sandbox, wrapped: Any
    ) -> None:
        world.view_rows = views(3, NOW - 2 * HOUR, 1)
        state = run_tap(sandbox, "video_views").states[-1]
        again = run_tap(sandbox, "video_views", state=wrapped(state), lookback_seconds=0)
        assert len(again.records("video_views")) == 1  # the one at the bookmark
        assert again.states[-1] == state

    @pytest.mark.parametrize("seconds", [60, 10**9])
    def test_a_bookmark_in_the_future_is_reported(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, seconds: int
    ) -> None:
        world.view_rows = views(3, NOW - 2 * HOUR, 1)
        state = run_tap(sandbox, "video_views").states[-1]
        part = state["bookmarks"]["video_views"]["partitions"][0]
        part["replication_key_value"] = tap_time(int(time.time()) + seconds)
        run_tap(sandbox, "video_views", state=state)
        assert "The bookmark of video_views lies in the future" in caplog.text

    def test_connection_reset_on_every_try(
        self, tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        sandbox.faults.add("/video/v1/assets", times=None, action=Disconnect())
        config = config_file(tmp_path, **sandbox.config, max_attempts=2)
        done = run_program("--config", config)
        assert done.returncode == 1
        assert "Connection reset by peer. Gave up after 2 tries" in done.stderr.splitlines()[-1]


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
