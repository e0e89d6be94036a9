"""A stream that cannot be read does not stop the others, and is reported."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tap_mux.records.conformer import MissingKeyError
from tap_mux.run.outcome import bugs_as_errors
from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux
from tests.support.records import DAY, HOUR, NOW, asset, tap_time, view, views
from tests.support.tapping import Output, bookmark, config_file, run_program, run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

ASSETS = "/video/v1/assets"
VIEWS = "/data/v1/video-views"
SINCE: dict[str, Any] = {"start_date": tap_time(NOW - 2 * DAY)}
SECRET = "s3cr3t"  # noqa: S105 - stands for one
NO = {"error": {"type": "no_way", "messages": ["Not for you."]}}


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    world.asset_rows = [asset("a", NOW)]
    world.view_rows = [view("v", NOW - HOUR)]


def errors(stderr: str) -> list[str]:
    """Return the error lines of the log."""
    assert "Traceback" not in stderr
    return [line for line in stderr.splitlines() if "| ERROR" in line]


class TestUnavailable:
    """The token or the plan does not include a stream."""

    @pytest.mark.parametrize("status", [401, 403, 404, 412])
    def test_it_is_skipped_with_one_warning_and_named_at_the_end(
        self, tmp_path: Path, sandbox: Sandbox, status: int
    ) -> None:
        sandbox.faults.add(ASSETS, times=None, action=Answer(status, NO))
        done = run_program("--config", config_file(tmp_path, **sandbox.config))
        assert done.returncode == 0
        assert '"stream":"video_views","record"' in done.stdout
        warnings = [line for line in done.stderr.splitlines() if "| WARNING" in line]
        assert len(warnings) == 2
        assert f"was answered {status}" in warnings[0]
        assert "Not for you." in warnings[0]
        assert "needs the permission Mux Video: Read" in warnings[0]
        assert warnings[1].endswith("Skipped, since not available to this access token: assets")
        assert errors(done.stderr) == []
        assert len(sandbox.requests_to(ASSETS)) == 1

    @pytest.mark.parametrize("status", [401, 403, 404, 412])
    @pytest.mark.parametrize("fails", [False, True])
    def test_what_an_earlier_run_has_read_fails(
        self, sandbox: Sandbox, status: int, *, fails: bool
    ) -> None:
        state = run_tap(sandbox, "video_views", **SINCE).states[-1]
        sandbox.faults.add(VIEWS, times=None, action=Answer(status, NO))
        output = Output()
        with pytest.raises(MuxError, match=f"{status}.*An earlier run could read it"):
            run_tap(
                *(sandbox, "video_views", "assets"),
                state=state,
                output=output,
                fail_on_unavailable=fails,
            )
        assert bookmark(output.states[-1]) == bookmark(state)
        assert len(output.records("assets")) == 1

    def test_what_an_earlier_run_has_read_with_another_filter_fails(self, sandbox: Sandbox) -> None:
        state = run_tap(sandbox, "video_views", **SINCE).states[-1]
        sandbox.faults.add(VIEWS, times=None, action=Answer(403, NO))
        params = {"video_views": {"filters[]": ["country:US"]}}
        with pytest.raises(MuxError, match=r"403.*An earlier run could read it"):
            run_tap(sandbox, "video_views", state=state, stream_params=params)

    def test_a_dimension_that_an_earlier_run_has_read_fails_behind_one_that_is_new(
        self, sandbox: Sandbox
    ) -> None:
        state = run_tap(sandbox, "dimension_values", dimensions=["country"], **SINCE).states[-1]
        sandbox.faults.add("/dimensions/", times=None, action=Answer(401, NO))
        with pytest.raises(MuxError, match=r"dimension_values failed: .*An earlier run"):
            run_tap(
                sandbox, "dimension_values", state=state, dimensions=["asn", "country"], **SINCE
            )

    @pytest.mark.parametrize("stream", ["asset_inputs", "related_incidents", "directive_runs"])
    def test_404_for_every_parent_means_not_available(
        self,
        world: ExplicitWorld,
        sandbox: Sandbox,
        caplog: pytest.LogCaptureFixture,
        stream: str,
    ) -> None:
        world.tables["incidents"] = [{"id": "i", "started_at": "2026-01-01T00:00:00Z"}]
        world.tables["directives"] = [{"id": "d", "created_at": NOW, "updated_at": NOW}]
        for path in ("/input-info", "/related", "/runs"):
            sandbox.faults.add(path, times=None, action=Answer(404, NO))
        output = run_tap(sandbox, stream, emit_activate_version_messages=True)
        assert {message["type"] for message in output.messages} == {"SCHEMA", "STATE"}
        assert f"Skipped {stream}, which is not available" in caplog.text

    @pytest.mark.parametrize("status", [403, 404, 412])
    @pytest.mark.parametrize("dimensions", [["asn", "country"], ["country", "asn"]])
    def test_one_unavailable_dimension_does_not_stop_the_others(
        self,
        world: ExplicitWorld,
        sandbox: Sandbox,
        caplog: pytest.LogCaptureFixture,
        dimensions: list[str],
        status: int,
    ) -> None:
        world.view_rows.append(view("yesterday", NOW - DAY))
        sandbox.faults.add("/dimensions/asn", times=None, action=Answer(status, NO))
        output = run_tap(sandbox, "dimension_values", dimensions=dimensions, **SINCE)
        assert {row["dimension"] for row in output.records("dimension_values")} == {"country"}
        skipped = [text for text in caplog.messages if text.startswith("Skipped")]
        assert len(skipped) == 2
        assert "Skipped dimension_values (dimension: asn), which is not available" in skipped[0]
        assert skipped[1].endswith("access token: dimension_values (dimension: asn)")

    def test_all_dimensions_unavailable_is_one_warning(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        sandbox.faults.add("/dimensions/", times=None, action=Answer(404, NO))
        run_tap(sandbox, "dimension_values", dimensions=["asn", "country"], **SINCE)
        skipped = [text for text in caplog.messages if text.startswith("Skipped")]
        assert len(skipped) == 2
        assert "Skipped dimension_values, which is not available" in skipped[0]
        assert skipped[1].endswith("access token: dimension_values")

    def test_it_fails_with_fail_on_unavailable(self, tmp_path: Path, sandbox: Sandbox) -> None:
        sandbox.faults.add(ASSETS, times=None, action=Answer(403, NO))
        config = config_file(tmp_path, **sandbox.config, fail_on_unavailable=True)
        done = run_program("--config", config)
        assert done.returncode == 1
        assert '"stream":"video_views","record"' in done.stdout
        assert errors(done.stderr)[-1].endswith("Not available: assets")

    def test_only_a_refused_first_request_means_not_available(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.asset_rows = [asset(f"asset-{number}", NOW - number) for number in range(150)]
        sandbox.faults.add(
            lambda request: request.param("cursor") is not None, times=None, action=Answer(404, NO)
        )
        with pytest.raises(MuxError, match=r"assets failed: .*404"):
            run_tap(sandbox)
        assert "not available" not in caplog.text


@pytest.mark.parametrize("option", [(), ("--test",), ("--test=assets",)])
def test_a_server_that_refuses_all_requests_is_a_failure(
    tmp_path: Path, sandbox: Sandbox, option: tuple[str, ...]
) -> None:
    settings = {**sandbox.config, "api_url": f"{sandbox.config['api_url']}/video/v1"}
    done = run_program("--config", config_file(tmp_path, **settings), *option)
    assert done.returncode == 1
    (line,) = errors(done.stderr)
    assert "No stream is available, and Mux did not say which environment this is" in line
    assert "Check api_url" in line


class TestFailure:
    """A stream fails."""

    def test_the_others_are_read_and_the_error_comes_last(
        self, tmp_path: Path, sandbox: Sandbox
    ) -> None:
        sandbox.faults.add(ASSETS, times=None, action=Answer(500, NO))
        done = run_program("--config", config_file(tmp_path, **sandbox.config, max_attempts=1))
        assert done.returncode == 1
        assert '"stream":"video_views","record"' in done.stdout
        last = done.stderr.splitlines()[-1]
        assert "assets failed: GET /video/v1/assets was answered 500" in last
        assert "Not for you." in last

    def test_its_bookmark_is_that_of_its_last_record(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(3000, NOW - 3 * DAY, 60)
        half = NOW - 3 * DAY + 12 * HOUR
        sandbox.faults.add(
            lambda request: int((request.params("timeframe[]") or ["0"])[0]) > half,
            times=None,
            action=Answer(400, NO),
        )
        output = Output()
        settings: dict[str, Any] = {"start_date": tap_time(NOW - 3 * DAY - HOUR)}
        with pytest.raises(MuxError, match="video_views failed"):
            run_tap(sandbox, output=output, **settings)
        written = output.records("video_views")
        assert 0 < len(written) < 3000
        assert bookmark(output.states[-1]) == written[-1]["view_end"]
        sandbox.faults.clear()
        rest = run_tap(sandbox, state=output.states[-1], **settings).records("video_views")
        assert {row["id"] for row in written + rest} == {row["id"] for row in world.view_rows}

    def test_an_unsorted_stream_keeps_its_old_bookmark(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.asset_rows = [asset(f"asset-{number}", NOW - number) for number in range(150)]
        catalog = TapMux(config=sandbox.config).catalog_dict
        (entry,) = [entry for entry in catalog["streams"] if entry["stream"] == "assets"]
        entry |= {"replication_method": "INCREMENTAL", "replication_key": "created_at"}
        sandbox.faults.add(
            lambda request: request.param("cursor") is not None, times=None, action=Answer(400, NO)
        )
        output = Output()
        with pytest.raises(MuxError, match="assets failed"):
            run_tap(sandbox, "assets", catalog=catalog, output=output)
        assert len(output.records("assets")) == 100
        assert bookmark(output.states[-1], "assets") is None


class TestReport:
    """``--test`` says for each stream whether it can be read."""

    def test_all_available(self, tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = [view("v", time.time())]  # not on the last complete day
        done = run_program("--config", config_file(tmp_path, **sandbox.config), "--test")
        assert done.returncode == 0
        names = sorted(stream.name for stream in ALL_STREAMS)
        assert done.stdout.splitlines() == [f"{name}: available" for name in names]
        assert len(sandbox.requests) == len(names) + 1  # the last view, and its details

    def test_not_available(self, tmp_path: Path, sandbox: Sandbox) -> None:
        sandbox.faults.add(ASSETS, times=None, action=Answer(403, NO))
        done = run_program("--config", config_file(tmp_path, **sandbox.config), "--test")
        assert done.returncode == 0
        assert "\nassets: not available: GET /video/v1/assets" in done.stdout

    def test_a_stream_of_children_is_tried_with_a_parent(
        self, tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.tables["incidents"] = [{"id": "i", "started_at": "2026-01-01T00:00:00Z"}]
        sandbox.faults.add("/related", times=None, action=Answer(403, NO))
        done = run_program("--config", config_file(tmp_path, **sandbox.config), "--test")
        assert "\nincidents: available\n" in done.stdout
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("related_")]
        assert line.startswith("related_incidents: not available: GET /data/v1/incidents/i/related")
        assert line.endswith("It needs the permission Mux Data: Read, and a plan with alerts")

    def test_one_unavailable_metric_does_not_hide_the_others(
        self, tmp_path: Path, sandbox: Sandbox
    ) -> None:
        sandbox.faults.add("/data/v1/metrics/views/", times=None, action=Answer(403, NO))
        done = run_program("--config", config_file(tmp_path, **sandbox.config), "--test")
        assert "\nmetric_timeseries: available\n" in done.stdout

    def test_failed(self, tmp_path: Path, sandbox: Sandbox) -> None:
        sandbox.faults.add(VIEWS, times=None, action=Answer(500, NO))
        config = config_file(tmp_path, **sandbox.config, max_attempts=1)
        done = run_program("--config", config, "--test")
        assert done.returncode == 1
        assert "video_views: failed: GET /data/v1/video-views was answered 500" in done.stdout

    def test_refused_token(self, tmp_path: Path, sandbox: Sandbox) -> None:
        config = config_file(tmp_path, **{**sandbox.config, "token_secret": "wr0ng"})
        done = run_program("--config", config, "--test")
        assert done.returncode == 1
        assert "401 Unauthorized" in errors(done.stderr)[-1]
        assert done.stdout == ""


class TestPartitions:
    """A stream of several partitions, of which some cannot be read."""

    def test_a_token_that_is_refused_is_tried_for_one_of_them(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        sandbox.faults.add("/dimensions/", times=None, action=Answer(401, NO))
        run_tap(sandbox, "dimension_values", dimensions=["asn", "country"], **SINCE)
        assert sandbox.requests_to("/data/v1/dimensions/asn")
        assert sandbox.requests_to("/data/v1/dimensions/country") == []
        skipped = [text for text in caplog.messages if text.startswith("Skipped")]
        assert len(skipped) == 2
        assert "Skipped dimension_values, which is not available" in skipped[0]

    def test_a_refused_token_replaces_what_was_missing_before(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        sandbox.faults.add("/dimensions/asn", times=None, action=Answer(404, NO))
        sandbox.faults.add("/dimensions/country", times=None, action=Answer(401, NO))
        run_tap(sandbox, "dimension_values", dimensions=["asn", "country"], **SINCE)
        skipped = [text for text in caplog.messages if text.startswith("Skipped")]
        assert len(skipped) == 2
        assert "Skipped dimension_values, which is not available" in skipped[0]
        assert "401" in skipped[0]

    def test_a_token_that_is_refused_in_the_middle_is_a_failure(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows.append(view("yesterday", NOW - DAY))
        sandbox.faults.add("/dimensions/country", times=None, action=Answer(401, NO))
        output = Output()
        with pytest.raises(MuxError, match=r"dimension_values failed: .*401"):
            run_tap(
                sandbox, "dimension_values", dimensions=["asn", "country"], output=output, **SINCE
            )
        assert {row["dimension"] for row in output.records("dimension_values")} == {"asn"}

    @pytest.mark.parametrize("status", [403, 404, 412])
    def test_what_has_answered_is_available(
        self, world: ExplicitWorld, sandbox: Sandbox, status: int
    ) -> None:
        world.view_rows = [view(number, NOW - number * DAY) for number in range(1, 4)]
        today = NOW - NOW % DAY
        sandbox.faults.add(
            lambda request: (
                "/dimensions/asn" in request.path
                and int(request.params("timeframe[]")[0]) >= today - DAY
            ),
            times=None,
            action=Answer(status, NO),
        )
        settings: dict[str, Any] = {"start_date": tap_time(today - 3 * DAY)}
        with pytest.raises(MuxError, match=rf"dimension_values failed: .*asn.* {status} "):
            run_tap(sandbox, "dimension_values", dimensions=["asn", "country"], **settings)

    def test_the_first_failure_is_the_one_that_is_named(self, sandbox: Sandbox) -> None:
        sandbox.faults.add("/dimensions/asn", times=None, action=Answer(400, NO))
        sandbox.faults.add("/dimensions/country", times=None, action=Answer(409, NO))
        with pytest.raises(MuxError, match=r"dimension_values failed: .*asn.* 400 ") as raised:
            run_tap(sandbox, "dimension_values", dimensions=["asn", "country"], **SINCE)
        assert "409" not in str(raised.value)


def test_every_failure_is_named(sandbox: Sandbox) -> None:
    for path in (ASSETS, "/video/v1/uploads"):
        sandbox.faults.add(path, times=None, action=Answer(400, NO))
    with pytest.raises(MuxError, match=r"assets failed: .*; uploads failed: "):
        run_tap(sandbox)


def test_a_record_without_its_key_fails_its_stream_and_is_not_written(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.asset_rows = [asset("a", NOW), {**asset("b", NOW), "id": None}]
    output = Output()
    words = f"assets failed: GET {ASSETS} gave a record without id"
    with pytest.raises(MuxError, match=words):
        run_tap(sandbox, output=output)
    assert output.records("assets") == []
    assert bookmark(output.states[-1])


def test_a_bug_is_told_without_what_it_stumbled_over() -> None:
    with (
        pytest.raises(
            MuxError, match=r"bug in tap-mux: ValueError in test_availability.py"
        ) as told,
        bugs_as_errors(),
    ):
        raise ValueError(SECRET)
    assert SECRET not in str(told.value)


@pytest.mark.parametrize("error", [MuxError("a"), MissingKeyError("a"), BrokenPipeError("a")])
def test_an_error_that_is_known_is_no_bug(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, bugs_as_errors(OSError):
        raise error
    assert raised.value is error


def test_an_empty_page_is_an_answer(sandbox: Sandbox) -> None:
    sandbox.faults.add(ASSETS, action=Answer(200, {"data": [], "next_cursor": "one"}))
    sandbox.faults.add(ASSETS, times=None, action=Answer(404, NO))
    with pytest.raises(MuxError, match=r"assets failed: .*404"):
        run_tap(sandbox, "assets")
