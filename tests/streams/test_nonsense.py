"""Whatever Mux sends, a stream fails in words, and never without a word."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tap_mux.streams import ALL_STREAMS
from tests.support.records import DAY, HOUR, MINUTE, NOW, asset, tap_time, view
from tests.support.tapping import bookmark, catalog_of, config_file, messages, run_program, run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox
    from tests.support.tapping import Output

WHOAMI = "/system/v1/whoami"
FAST = {"X-RateLimit-Limit": "10000", "X-RateLimit-Remaining": "10000"}
NAMES = [stream.name for stream in ALL_STREAMS if stream.name != "environments"]
COLUMNS = (
    "id", "run_id", "workflow", "name", "date", "day", "time", "field", "value", "filter_value",
    "timestamp", "started_at", "updated_at", "created_at", "view_end", "export_date", "files",
    "status", "values", "hotspots", "bucket_values", "settings", "basic", "asset_id",
)  # fmt: skip
BODIES: dict[str, Any] = {
    "rows without anything": {"data": [{}]},
    "rows of nulls": {"data": [dict.fromkeys(COLUMNS)]},
    "rows of numbers": {"data": [dict.fromkeys(COLUMNS, 5)]},
    "rows of texts": {"data": [dict.fromkeys(COLUMNS, "a/../b?c")]},
    "rows of lists": {"data": [{name: [1, "a", None, {}] for name in COLUMNS}]},
    "rows that are texts": {"data": ["a"]},
    "rows that are lists": {"data": [[]]},
    "rows that are too short": {"data": [[1]]},
    "rows that are lists of objects": {"data": [[{}, {}, {}]]},
    "an object without anything": {"data": {}},
    "an object of numbers": {"data": dict.fromkeys(COLUMNS, 5)},
    "an envelope of other types": {
        "data": [],
        "meta": [1],
        "timeframe": {"a": 1},
        "next_cursor": {"a": 1},
        "total_row_count": "many",
    },
    "nesting without end": b'{"data":' + b"[" * 100_000,
}


def answer(sandbox: Sandbox, body: Any) -> None:
    """Let Mux answer everything in this way."""
    sandbox.faults.add(
        lambda request: request.path != WHOAMI, times=None, action=Answer(200, body, FAST)
    )


def read(sandbox: Sandbox, name: str) -> Output:
    """Read a little of one stream, without tries."""
    since = time_of(name)
    return run_tap(
        sandbox, name, catalog=catalog_of(name), start_date=tap_time(since), max_attempts=1
    )


def time_of(name: str) -> int:
    """Say where to begin, so that there is something to ask for."""
    if name == "monitoring_breakdown_timeseries":
        return NOW - 5 * MINUTE  # one of many requests
    return NOW - (HOUR if "monitoring" in name else 3 * DAY)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_an_error_in_words(sandbox: Sandbox, name: str, body: Any) -> None:
    answer(sandbox, body)
    with suppress(MuxError):
        output = read(sandbox, name)
        assert {message["type"] for message in output.messages} <= {"SCHEMA", "RECORD", "STATE"}
    assert 2 <= len(sandbox.requests) < 100


def test_the_other_streams_go_on(world: ExplicitWorld, sandbox: Sandbox, tmp_path: Path) -> None:
    world.asset_rows = [asset("asset", NOW)]
    sandbox.faults.add("/data/v1/errors", times=None, action=Answer(200, {"data": [], "meta": 5}))
    world.view_rows = [view("view", NOW - HOUR)]
    bad: dict[str, Any] = {"data": [[{}, {}, {}]]}
    for path in ("/data/v1/metrics/views/timeseries", "/data/v1/annotations"):
        sandbox.faults.add(path, times=None, action=Answer(200, bad))
    done = run_program("--config", config_file(tmp_path, **sandbox.config, max_attempts=1))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    found = {m["stream"] for m in messages(done.stdout) if m["type"] == "RECORD"}
    assert found >= {"assets", "video_views"}
    state = [m["value"] for m in messages(done.stdout) if m["type"] == "STATE"][-1]
    assert bookmark(state, "video_views")


class TestPagesThatRepeat:
    """A list of which every page is the first."""

    @pytest.mark.parametrize("name", ["uploads", "webhooks"])
    def test_a_list_without_pages_is_whole(self, sandbox: Sandbox, name: str) -> None:
        answer(sandbox, {"data": [{"id": "one"}, {"id": "two"}]})
        assert [record["id"] for record in read(sandbox, name).records(name)] == ["one", "two"]

    def test_a_full_page_is_refused(self, sandbox: Sandbox) -> None:
        answer(sandbox, {"data": [{"id": f"upload-{number}"} for number in range(100)]})
        with pytest.raises(MuxError, match="gave the same page twice"):
            read(sandbox, "uploads")

    def test_one_page_after_the_other(self, sandbox: Sandbox) -> None:
        answer(sandbox, {"data": [{"id": "note", "date": NOW - DAY, "note": "a"}]})
        (record,) = read(sandbox, "annotations").records("annotations")
        assert record["id"] == "note"
