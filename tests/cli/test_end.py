"""How a run ends that cannot go on."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer, Disconnect
from tests.support.log import one_line
from tests.support.records import NOW, asset
from tests.support.tapping import config_file, run_program

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

TOKENS = {"token_id": "id", "token_secret": "s3cr3t"}


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

    @pytest.mark.parametrize("scheme", ["socks5://", "bogus://", "http://["])
    def test_a_proxy_that_cannot_be_used(self, tmp_path: Path, scheme: str) -> None:
        environ = {"HTTPS_PROXY": f"{scheme}user:s3cr3t@127.0.0.1:1"}
        done = run_program("--config", config_file(tmp_path, **TOKENS), environ=environ)
        assert done.returncode == 1
        assert "The proxy in HTTPS_PROXY" in one_line(done.stderr)
        assert "s3cr3t" not in done.stderr

    def test_certificates_that_are_not_there(self, tmp_path: Path) -> None:
        environ = {"REQUESTS_CA_BUNDLE": str(tmp_path / "nowhere.pem")}
        done = run_program("--config", config_file(tmp_path, **TOKENS), environ=environ)
        assert done.returncode == 1
        assert "REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) names no file" in one_line(done.stderr)

    @pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:1"])
    def test_no_stream_is_tried_without_a_connection(
        self, tmp_path: Path, sandbox: Sandbox, proxy: str | None
    ) -> None:
        """Where a port without TLS is asked for it, or the proxy is not there."""
        settings = {**sandbox.config, "max_attempts": 1, "api_url": "https://mux.invalid"}
        if not proxy:
            settings["api_url"] = sandbox.config["api_url"].replace("http://", "https://")
        environ = {"HTTPS_PROXY": proxy} if proxy else {}
        done = run_program("--config", config_file(tmp_path, **settings), environ=environ)
        assert done.returncode == 1
        assert "GET /system/v1/whoami got no answer from https://" in one_line(done.stderr)
        assert done.stdout == ""

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

    def test_connection_reset_on_every_try(
        self, tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        sandbox.faults.add("/video/v1/assets", times=None, action=Disconnect())
        config = config_file(tmp_path, **sandbox.config, max_attempts=2)
        done = run_program("--config", config)
        assert done.returncode == 1
        assert "Connection reset by peer. Gave up after 2 tries" in done.stderr.splitlines()[-1]
