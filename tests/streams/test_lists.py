"""The short lists: all pages are read."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, ExplicitWorld, GeneratedWorld, Sandbox
from tap_mux.api.errors import MuxError
from tap_mux.streams import ALL_STREAMS
from tests.support.records import tap_time
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTS = {
    "drm_configurations": 100,
    "live_streams": 100,
    "playback_restrictions": 100,
    "signing_keys": 100,
    "transcription_vocabularies": 10,
    "uploads": 100,
    "webhooks": 100,
}
"""Maximum number of records on a page, by stream."""

BEFORE_MUX = "2015"
"""A year before Mux existed."""

PATHS = {stream.name: stream.path for stream in ALL_STREAMS}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("pages", [0, 1, 2.5])
def test_all_records_of_all_pages(name: str, pages: float) -> None:
    limit = LISTS[name]
    rows = [{"id": f"{name}-{number:04}"} for number in range(int(pages * limit))]
    tables: dict[str, Any] = {name: rows}
    with Sandbox(world=ExplicitWorld(**tables)) as sandbox:
        records = run_tap(sandbox, name).records(name)
        assert [record["id"] for record in records] == [row["id"] for row in rows]
        asked = sandbox.requests_to(PATHS[name])
        assert {request.param("limit") for request in asked} == {str(limit)}
        assert len(asked) <= int(pages) + 1 + 8


@pytest.mark.parametrize("name", LISTS)
def test_an_answer_without_data(sandbox: Sandbox, name: str) -> None:
    sandbox.faults.add(PATHS[name], times=None, action=Answer(200, {}))
    if name == "transcription_vocabularies":  # Mux does not promise data for this list
        assert run_tap(sandbox, name).records(name) == []
    else:
        with pytest.raises(MuxError, match="is not what the API describes"):
            run_tap(sandbox, name, max_attempts=1)


def test_vocabularies_in_another_form_are_no_empty_list(sandbox: Sandbox) -> None:
    name = "transcription_vocabularies"
    sandbox.faults.add(PATHS[name], times=None, action=Answer(200, {"vocabularies": []}))
    with pytest.raises(MuxError, match="is not what the API describes"):
        run_tap(sandbox, name, max_attempts=1)


@pytest.fixture(scope="module")
def generated() -> Iterator[Sandbox]:
    """A sandbox with a generated environment."""
    with Sandbox(world=GeneratedWorld()) as sandbox:
        yield sandbox


def test_environment_is_one_record(generated: Sandbox) -> None:
    generated.requests.clear()
    (record,) = run_tap(generated, "environments").records("environments")
    assert record["environment_id"] == "sandbox-environment"
    assert record["permissions"]
    assert len(generated.requests_to("/system/v1/whoami")) == 1


@pytest.mark.parametrize(
    "name", ["live_streams", "playback_restrictions", "signing_keys", "webhooks"]
)
def test_times_are_normalized(generated: Sandbox, name: str) -> None:
    records = run_tap(generated, name).records(name)
    assert records
    for record in records:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", record["created_at"])
        assert BEFORE_MUX < record["created_at"] <= tap_time(time.time())


@pytest.mark.parametrize("confirm", [True, False])
def test_a_count_that_is_never_reached_is_told(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, *, confirm: bool
) -> None:
    answer = Answer(200, {"data": [], "total_row_count": 1001})
    sandbox.faults.add(PATHS["uploads"], times=None, action=answer)
    run_tap(sandbox, "uploads", emit_activate_version_messages=confirm)
    assert "GET /video/v1/uploads counts 1001 records, but gave 0, each time" in caplog.text
