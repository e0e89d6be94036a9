"""Sums by interval: the bookmark, and runs that fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer, Disconnect
from tap_mux.api.errors import MuxError
from tests.streams.periodic.errors import ERRORS, START, first_day
from tests.support.days import date, day, since
from tests.support.tapping import Output, bookmark, run_tap

if TYPE_CHECKING:
    from mux_sandbox import Sandbox


class TestBookmark:
    """The state follows the records."""

    def test_bookmark_is_the_last_day(self, sandbox: Sandbox) -> None:
        state = run_tap(sandbox, "errors", **since(5)).states[-1]
        assert bookmark(state, "errors") == date(1)
        sandbox.requests.clear()
        output = run_tap(sandbox, "errors", state=state, **since(5))
        assert [record[START] for record in output.records("errors")] == [date(3), date(2), date(1)]
        asked = sorted(first_day(request) for request in sandbox.requests_to(ERRORS))
        assert asked == [day(3), day(2), day(1)]
        assert {bookmark(state, "errors") for state in output.states} == {date(1)}

    def test_state_is_written_day_by_day_and_never_runs_ahead(self, sandbox: Sandbox) -> None:
        output = run_tap(sandbox, "errors", **since(9))
        newest, marks = None, []
        for message in output.messages:
            if message["type"] == "RECORD":
                newest = message["record"][START]
            elif message["type"] == "STATE" and "errors" in message["value"].get("bookmarks", {}):
                marks.append(bookmark(message["value"], "errors"))
                assert marks[-1] == newest
        assert set(marks) >= {date(back) for back in range(9, 0, -1)}

    @pytest.mark.parametrize("failure", [Disconnect(), Answer(500), Answer(403)])
    def test_a_failed_run_is_continued(
        self, sandbox: Sandbox, waits: list[float], failure: Disconnect | Answer
    ) -> None:
        sandbox.faults.add(lambda request: first_day(request) == day(4), times=None, action=failure)
        output = Output()
        with pytest.raises(MuxError, match="errors failed"):
            run_tap(sandbox, "errors", output=output, **since(8))
        days = [record[START] for record in output.records("errors")]
        assert days == [date(8), date(7), date(6), date(5)]
        assert bookmark(output.states[-1], "errors") == date(5)
        sandbox.faults.clear()
        rest = run_tap(sandbox, "errors", state=output.states[-1], lookback_days=0, **since(8))
        days = [record[START] for record in rest.records("errors")]
        assert days == [date(5), date(4), date(3), date(2), date(1)]

    def test_one_metric_that_fails_does_not_stop_the_others(self, sandbox: Sandbox) -> None:
        sandbox.faults.add("/playing_time/", times=None, action=Answer(400, {"error": {}}))
        output = Output()
        with pytest.raises(MuxError, match="metric_overall failed"):
            run_tap(sandbox, "metric_overall", output=output, **since(3))
        marks = {
            part["context"]["metric"]: part.get("replication_key_value")
            for part in output.states[-1]["bookmarks"]["metric_overall"]["partitions"]
        }
        assert marks.pop("playing_time", None) is None
        assert len(marks) == 6
        assert set(marks.values()) == {date(1)}

    def test_end_date_is_not_included(self, sandbox: Sandbox) -> None:
        output = run_tap(sandbox, "errors", end_date=date(3), **since(6))
        assert [record[START] for record in output.records("errors")] == [date(6), date(5), date(4)]
        before = len(sandbox.requests_to(ERRORS))
        again = run_tap(sandbox, "errors", state=output.states[-1], end_date=date(5))
        assert again.records("errors") == []
        assert len(sandbox.requests_to(ERRORS)) == before
