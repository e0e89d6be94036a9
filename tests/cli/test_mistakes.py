"""Mistakes on the command line: one line that says what to do, and exit code 1."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tap_mux
from tests.support.log import one_line
from tests.support.tapping import clean_environ, config_file, run_program

if TYPE_CHECKING:
    from mux_sandbox import Sandbox

TOKEN = {"TAP_MUX_TOKEN_ID": "id", "TAP_MUX_TOKEN_SECRET": "s3cr3t"}
TOKENS = {"token_id": "id", "token_secret": "s3cr3t"}
WHAT = {"--config": "settings", "--state": "state", "--catalog": "catalog"}


class TestFiles:
    """Files that the command line names."""

    @pytest.mark.parametrize("option", WHAT)
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (None, "cannot be read: No such file or directory"),
            (b"", "is empty"),
            (b" \n", "is empty"),
            (b"banana", "is no JSON: Expecting value"),
            (b"{'token_id': 1}", "is no JSON: Expecting property name"),
            (b"\xff\xfe{\0}\0", "is no JSON: 'utf-8' codec"),
            (b"[" * 99_999, "is no JSON: "),
            (b"[]", "is no JSON object"),
            (b"7", "is no JSON object"),
        ],
    )
    def test_content(
        self, tmp_path: Path, option: str, content: bytes | None, message: str
    ) -> None:
        path = tmp_path / "given.json"
        if content is not None:
            path.write_bytes(content)
        done = run_program("--config", config_file(tmp_path, **TOKENS), option, str(path))
        assert done.returncode == 1
        line = one_line(done.stderr)
        assert f"The file with the {WHAT[option]} {message}" in line
        assert line.endswith(f": {path}")
        assert done.stdout == ""

    @pytest.mark.parametrize("option", WHAT)
    @pytest.mark.parametrize(
        ("name", "reason"),
        [("/", "Is a directory"), ("/proc/self/mem", "Input/output error")],
    )
    def test_that_cannot_be_read(self, tmp_path: Path, option: str, name: str, reason: str) -> None:
        done = run_program("--config", config_file(tmp_path, **TOKENS), option, name)
        assert done.returncode == 1
        expected = f"The file with the {WHAT[option]} cannot be read: {reason}: {name}"
        assert one_line(done.stderr).endswith(expected)

    @pytest.mark.parametrize("option", WHAT)
    def test_content_in_place_of_a_file_is_not_printed(self, option: str) -> None:
        done = run_program(option, ' {"token_secret": "hush"}', environ=TOKEN)
        assert done.returncode == 1
        assert f"Give the name of a file with the {WHAT[option]}" in done.stderr
        assert "hush" not in done.stderr

    def test_a_byte_order_mark_is_read_over(self, tmp_path: Path) -> None:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(TOKENS), encoding="utf-8-sig")
        assert run_program("--config", str(path), "--discover").returncode == 0

    def test_settings_of_a_later_file_replace_those_before(
        self, tmp_path: Path, sandbox: Sandbox
    ) -> None:
        first = config_file(tmp_path, **sandbox.config, start_date="yesterday")
        (tmp_path / "second").mkdir()
        second = config_file(tmp_path / "second", start_date="2026-01-01")
        done = run_program("--config", first, "--config", second, "--test=environments")
        assert (done.returncode, done.stdout) == (0, "environments: available\n")

    @pytest.mark.parametrize("option", ["--version", "--help", "--about"])
    def test_what_needs_no_settings_reads_none(self, option: str) -> None:
        done = run_program("--config", "nowhere.json", option)
        assert done.returncode == 0
        assert done.stdout


class TestVariables:
    """Environment variables."""

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("METRICS", "hush", "has to be a list in JSON"),
            ("METRICS", '{"metric": "hush"}', "has to be a list in JSON"),
            ("METRICS", "[" * 99_999, "has to be a list in JSON"),
            ("ENVIRONMENTS", "hush", "has to be a list in JSON"),
            ("DIMENSIONS", '["hush"', "has to be a list in JSON"),
            ("STREAM_PARAMS", "[]", "has to be an object in JSON"),
            ("STREAM_MAPS", "hush", "has to be an object in JSON"),
            ("MAX_CONCURRENCY", "hush", "has to be a whole number"),
            ("LOOKBACK_DAYS", "1.5", "has to be a whole number"),
            ("FLATTENING_MAX_DEPTH", "hush", "has to be a whole number"),
            ("INCLUDE_CREDENTIALS", "perhaps", "has to be true or false"),
            ("FLATTENING_ENABLED", "2", "has to be true or false"),
        ],
    )
    @pytest.mark.parametrize("option", [[], ["--discover"]])
    def test_of_the_wrong_form(
        self, name: str, value: str, message: str, option: list[str]
    ) -> None:
        environ = {**TOKEN, f"TAP_MUX_{name}": value}
        done = run_program("--config", "ENV", *option, environ=environ)
        assert done.returncode == 1
        expected = f"The settings cannot be used: TAP_MUX_{name} {message}"
        assert one_line(done.stderr).endswith(expected)
        assert done.stdout == ""
        assert "hush" not in done.stderr

    def test_all_errors_are_in_one_line(self) -> None:
        environ = {"TAP_MUX_METRICS": "x", "TAP_MUX_MAX_ATTEMPTS": "x"}
        done = run_program("--config", "ENV", environ=environ)
        line = one_line(done.stderr)
        assert "TAP_MUX_MAX_ATTEMPTS has to be a whole number; TAP_MUX_METRICS has to be" in line

    def test_that_are_empty_count_as_not_set(self, sandbox: Sandbox) -> None:
        about = json.loads(run_program("--about", "--format=json").stdout)
        names = [f"TAP_MUX_{name.upper()}" for name in about["settings"]["properties"]]
        environ = {**dict.fromkeys(names, ""), **sandbox.environ}
        done = run_program("--config", "ENV", "--test=environments", environ=environ)
        assert (done.returncode, done.stdout) == (0, "environments: available\n")
        missing = {**environ, "TAP_MUX_TOKEN_ID": " "}
        done = run_program("--config", "ENV", "--test=environments", environ=missing)
        assert "token_id is missing" in one_line(done.stderr)

    @pytest.mark.parametrize(
        ("value", "shown"), [("Yes", True), ("1", True), ("off", False), ("FALSE", False)]
    )
    def test_true_and_false(self, value: str, *, shown: bool) -> None:
        environ = {"TAP_MUX_INCLUDE_CREDENTIALS": value}
        done = run_program("--config", "ENV", "--discover", environ=environ)
        assert ("stream_key" in done.stdout) == shown

    @pytest.mark.parametrize("value", ["country, asn", '["country", "asn"]'])
    def test_words_may_be_listed_without_json(self, sandbox: Sandbox, value: str) -> None:
        environ = {**sandbox.environ, "TAP_MUX_DIMENSIONS": value}
        done = run_program("--config", "ENV", "--test=dimension_values", environ=environ)
        assert (done.returncode, done.stdout) == (0, "dimension_values: available\n")
        assert "WARNING" not in done.stderr

    def test_that_are_misspelled_are_named(self, sandbox: Sandbox) -> None:
        others = {"TAP_MUX_START_DAT": "2026-01-01", "TAP_MUX__SELECT": "x"}
        environ = {**sandbox.environ, **others, "TAP_MUX_LOGLEVEL": "warning"}
        done = run_program("--config", "ENV", "--test=environments", environ=environ)
        assert done.returncode == 0
        (line,) = done.stderr.splitlines()
        assert line.endswith("Unknown setting, ignored: start_dat, did you mean start_date?")

    @pytest.mark.parametrize(
        ("environ", "hint"),
        [
            (TOKEN, "To read TAP_MUX_TOKEN_ID and TAP_MUX_TOKEN_SECRET from the environment"),
            ({"TAP_MUX_ENVIRONMENTS": "[]"}, "To read TAP_MUX_ENVIRONMENTS from the environment"),
            ({"TAP_MUX_TOKEN_ID": ""}, "An access token is made in the Mux dashboard"),
        ],
    )
    def test_a_token_without_config_env(
        self, tmp_path: Path, environ: dict[str, str], hint: str
    ) -> None:
        done = run_program("--config", config_file(tmp_path), environ=environ)
        assert done.returncode == 1
        assert f"token_id is missing; token_secret is missing. {hint}" in one_line(done.stderr)
        assert ("add --config ENV" in done.stderr) == hint.startswith("To read")

    def test_a_file_named_env_has_some(self, tmp_path: Path) -> None:
        (tmp_path / "tap_mux").symlink_to(Path(tap_mux.__file__).parent)
        (tmp_path / ".env").write_text("TAP_MUX_MAX_ATTEMPTS=many\n")
        done = subprocess.run(
            [sys.executable, "-m", "tap_mux", "--config", "ENV", "--discover"],
            cwd=tmp_path,
            env=clean_environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "TAP_MUX_MAX_ATTEMPTS has to be a whole number" in one_line(done.stderr)

    @pytest.mark.parametrize("name", ["TAP_MUX_LOGLEVEL", "LOGLEVEL"])
    def test_the_level_of_the_log(self, name: str) -> None:
        done = run_program("--discover", environ={name: "loud"})
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"{name} has to be DEBUG, INFO, WARNING or ERROR\n"


class TestOneStream:
    """``--test`` with the name of a stream."""

    def test_only_that_stream_is_tried(self, tmp_path: Path, sandbox: Sandbox) -> None:
        config = config_file(tmp_path, **sandbox.config)
        done = run_program("--config", config, "--test=video_views")
        assert (done.returncode, done.stdout) == (0, "video_views: available\n")
        assert {request.path for request in sandbox.requests} == {
            "/system/v1/whoami",
            "/data/v1/video-views",
        }
        assert "ERROR" not in done.stderr

    def test_that_does_not_exist(self, tmp_path: Path, sandbox: Sandbox) -> None:
        config = config_file(tmp_path, **sandbox.config)
        done = run_program("--config", config, "--test=vidoe_views")
        assert done.returncode == 1
        expected = (
            "--test names a stream that does not exist: vidoe_views, did you mean video_views?"
        )
        assert expected in one_line(done.stderr)
        assert done.stdout == ""
        assert sandbox.requests == []
