"""Runs in which downloads fail."""

from __future__ import annotations

import gzip
import logging
import math
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, Disconnect, Truncate
from tap_mux.api.errors import MuxError
from tests.exports.stream import (
    LIST,
    MIDNIGHT,
    SIGNED,
    STREAM,
    day,
    ids,
    midnight,
    publish_packed,
    read,
)
from tests.support.records import DAY, HOUR, view, views
from tests.support.tapping import Output, bookmark

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox


class TestTrouble:
    """Downloads that break, expire or change: no row is lost, and the state stays behind them."""

    def test_resumes(
        self, sandbox: Sandbox, week: list[str], monkeypatch: pytest.MonkeyPatch, waits: list[float]
    ) -> None:
        monkeypatch.setattr("tap_mux.exports.download.READ_BYTES", 256)
        sandbox.faults.add(SIGNED, times=3, action=Truncate())
        assert ids(read(sandbox)) == week
        assert any("Range" in request.headers for request in sandbox.requests)

    def test_a_changed_file_is_read_from_its_beginning(
        self,
        world: ExplicitWorld,
        sandbox: Sandbox,
        monkeypatch: pytest.MonkeyPatch,
        waits: list[float],
    ) -> None:
        monkeypatch.setattr("tap_mux.exports.download.READ_BYTES", 256)
        world.view_rows = views(60, MIDNIGHT - DAY, 60)
        changed = [view(number, MIDNIGHT - DAY + number * 60) for number in range(80)]

        def change(_: object) -> None:
            world.view_rows = changed

        newest = f"{SIGNED}exports/views/{day(1)}"
        sandbox.faults.add(newest, action=Truncate())
        sandbox.faults.add(lambda request: "Range" in request.headers, action=change)
        output = read(sandbox)
        assert set(ids(output)) == {row["id"] for row in changed}
        assert bookmark(output.states[-1], STREAM) == midnight(1)

    @pytest.mark.parametrize("failure", [Disconnect(), Truncate(), Answer(500), Answer(403)])
    def test_the_state_stays_before_a_file_that_fails(
        self, sandbox: Sandbox, week: list[str], waits: list[float], failure: Any
    ) -> None:
        sandbox.faults.add(f"{SIGNED}exports/views/{day(3)}", times=None, action=failure)
        output = Output()
        with pytest.raises(MuxError, match=f"{STREAM} failed: The download of the export of"):
            read(sandbox, output=output)
        assert bookmark(output.states[-1], STREAM) == midnight(4)
        sandbox.faults.clear()
        assert {*ids(output), *ids(read(sandbox, state=output.states[-1]))} == set(week)

    @pytest.mark.parametrize("missing", [1, 8, 500])
    def test_a_truncated_file_fails(
        self, sandbox: Sandbox, waits: list[float], missing: int
    ) -> None:
        rows = "".join(f"view-{number},{math.sin(number)}\n" for number in range(3000))
        packed = gzip.compress(f"view_id,latitude\n{rows}".encode())
        output = Output()
        publish_packed(sandbox, {day(2): gzip.compress(b"view_id\na\n"), day(1): packed[:-missing]})
        with pytest.raises(MuxError, match=r"ended before the file did|cannot go on"):
            read(sandbox, output=output)
        assert bookmark(output.states[-1], STREAM) == midnight(2)

    def test_urls_expire_while_earlier_files_are_read(
        self, sandbox: Sandbox, week: list[str]
    ) -> None:
        now = [MIDNIGHT + 6 * HOUR]
        sandbox.options.clock = lambda: now[0]

        def pass_time(_: object) -> None:
            now[0] += 40 * 60

        sandbox.faults.add(SIGNED, times=None, action=pass_time)
        assert ids(read(sandbox)) == week
        statuses = [request.status for request in sandbox.requests if SIGNED in request.path]
        assert statuses.count(200) == 7
        assert 0 < statuses.count(403) <= 7

    def test_a_date_that_is_no_longer_listed(self, sandbox: Sandbox, week: list[str]) -> None:
        now = [MIDNIGHT + 6 * HOUR]
        sandbox.options.clock = lambda: now[0]

        def pass_days(_: object) -> None:
            now[0] += 2 * DAY

        sandbox.faults.add(SIGNED, action=pass_days)
        with pytest.raises(MuxError, match=f"does not list the export of {day(7)} any more"):
            read(sandbox)

    @pytest.mark.parametrize("failure", [Answer(403), Answer(500), Truncate(), Disconnect()])
    def test_no_url_in_logs_and_errors(
        self,
        sandbox: Sandbox,
        week: list[str],
        caplog: pytest.LogCaptureFixture,
        waits: list[float],
        failure: Any,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        sandbox.faults.add(SIGNED, times=None, action=failure)
        with pytest.raises(MuxError) as caught:
            read(sandbox)
        assert caplog.text
        for text in (caplog.text, str(caught.value)):
            assert "Signature" not in text
            assert "X-Amz" not in text

    def test_downloads_send_no_credentials(self, sandbox: Sandbox, week: list[str]) -> None:
        read(sandbox)
        downloads = [request for request in sandbox.requests if SIGNED in request.path]
        assert len(downloads) == 7
        assert {request.authorized for request in downloads} == {False}
        assert {request.authorized for request in sandbox.requests_to(LIST)} == {True}

    def test_one_thread_is_enough(self, sandbox: Sandbox, week: list[str]) -> None:
        assert ids(read(sandbox, max_concurrency=1)) == week


@pytest.mark.parametrize("status", [401, 403, 404, 412])
def test_files_that_are_all_refused_are_a_failure(
    sandbox: Sandbox, week: list[str], waits: list[float], status: int
) -> None:
    sandbox.faults.add(SIGNED, times=None, action=Answer(status))
    output = Output()
    with pytest.raises(MuxError, match=f"{STREAM} failed: .*{status}"):
        read(sandbox, output=output)
    assert ids(output) == []
