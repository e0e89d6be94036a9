"""The settings: which are refused, and in which words."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from tap_mux.settings.settings import SETTINGS
from tap_mux.tap import TapMux
from tests.support.log import one_line
from tests.support.records import HOUR, NOW, asset, view, views
from tests.support.tapping import clean_environ, config_file, messages, run_program, run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

TOKENS = {"token_id": "id", "token_secret": "s3cr3t"}


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

    @pytest.mark.parametrize(
        "option",
        [[], ["--discover"], ["--test"], ["--test=schema"], ["--test=assets"], ["--test=asets"]],
    )
    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"start_date": "hush"}, "start_date is neither a date nor a date-time"),
            ({"metrics": "hush"}, "metrics is not of type 'array'"),
            ({"max_attempts": 0}, "max_attempts is less than the minimum of 1"),
            ({"delivery_usage_granularity": "hush"}, "is not one of ['day', 'hour']"),
            ({"api_url": "hush"}, "api_url is not an http or https URL"),
            ({"api_url": "https://id:hush"}, "api_url is not an http or https URL"),
            ({"api_url": "https://.hush"}, "api_url is not an http or https URL"),
            ({"max_requests_per_second": "hush"}, "is not a number from 0.01 to 1000"),
            ({"token_id": "hush\n"}, "token_id begins or ends with a space or a line break"),
            ({"token_id": ""}, "token_id is empty. An access token is made in the Mux dashboard"),
            ({"metrics": [{"measurement": "hush"}]}, "'metric' is a required property"),
            ({"stream_maps": {"assets": "hush"}}, "stream_maps.assets has the wrong form"),
            ({"stream_maps": {"assets": {"id": "1 +"}}}, "The setting stream_maps cannot be used"),
            (
                {"stream_maps": {"video_view": {"viewer_id": "__NULL__"}}},
                "stream_maps names a stream that does not exist: 'video_view', did you mean video_",
            ),
            (
                {"stream_maps": {"mine": {"__source__": "asets"}}},
                "stream_maps names a stream that does not exist: 'asets', did you mean assets?",
            ),
            (
                {"stream_maps": {"video_v*": {"viewer_user_agnt": "__NULL__"}}},
                "hides a column that video_v* does not have: 'viewer_user_agnt', did you mean",
            ),
        ],
    )
    def test_validation_errors_are_one_line_for_every_command(
        self, tmp_path: Path, option: list[str], settings: dict[str, Any], message: str
    ) -> None:
        config = config_file(tmp_path, **TOKENS | settings)
        done = run_program("--config", config, *option)
        assert done.returncode == 1
        assert message in one_line(done.stderr)
        assert "WARNING" not in done.stderr
        assert done.stdout == ""
        assert "hush" not in done.stderr

    @pytest.mark.parametrize(
        "value",
        ["", "2026", "2026-1-1", "20260101", "2026-W01-1", "2026-02-30", "01/02/2026", "now",
         "2026-01-01T25:00:00Z", "1767225600", "2026-01-01Z", "0001-01-01T00:00:00+12:00",
         "9999-12-31T23:59:59-12:00"],
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
            ("request_timeout_seconds", 10**12),
            ("progress_seconds", 10**12),
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
            ("api_url", "https://*.mux.com"),
            ("api_url", "https://api..mux.com"),
            ("api_url", "https://" + 64 * "a"),
            ("api_url", "https://api.mux.com:65536"),
            ("api_url", "https://api.mux.com/\ud800"),
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

    def test_stream_maps_may_be_for_several_streams_and_under_another_name(self) -> None:
        hidden = {"viewer_user_agent": None, "is_new": "1"}
        maps = {
            "video_*": hidden,
            "mine": {"__source__": "assets"},
            "assets": None,
            "__else__": None,
        }
        assert TapMux(config={**TOKENS, "stream_maps": maps}).mapper.stream_maps["assets"]

    def test_unknown_settings_are_named(self, caplog: pytest.LogCaptureFixture) -> None:
        unknown = dict.fromkeys(("token", "secret", "start_dat", "q", "batch_config"), "x")
        TapMux(config={**TOKENS, **unknown, "stream_maps": {}})
        assert caplog.messages[-5:] == [
            "Unknown setting, ignored: batch_config",
            "Unknown setting, ignored: q",
            "Unknown setting, ignored: secret, did you mean token_secret?",
            "Unknown setting, ignored: start_dat, did you mean start_date?",
            "Unknown setting, ignored: token, did you mean token_id?",
        ]
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
