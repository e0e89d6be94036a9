"""Dates without a file: a warning names those that are gone, later runs look for the others."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.api.errors import MuxError
from tap_mux.exports.dates import format_dates
from tests.exports.stream import (
    STREAM,
    bookmarks,
    day,
    ids,
    midnight,
    publish,
    read,
    state_of,
)
from tests.support.records import NOW
from tests.support.tapping import Output, bookmark

if TYPE_CHECKING:
    from mux_sandbox import Sandbox


class TestMissingDates:
    """Mux keeps files for seven days."""

    def warning(self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, **more: Any) -> str:
        """Run the stream; return the dates that its warnings name."""
        caplog.clear()
        read(sandbox, **more)
        texts = [entry.getMessage() for entry in caplog.records if entry.levelname == "WARNING"]
        return " and ".join(text.rpartition(": ")[2] for text in texts)

    def test_an_old_bookmark(
        self, sandbox: Sandbox, week: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        missing = self.warning(sandbox, caplog, state=state_of(day(12)))
        assert missing == f"{day(11)} to {day(8)}"

    def test_an_early_start_date(
        self, sandbox: Sandbox, week: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        assert self.warning(sandbox, caplog, start_date=day(8)) == day(8)

    @pytest.mark.parametrize("ago", [1, 7, 8])
    def test_nothing_is_missing(
        self, sandbox: Sandbox, week: list[str], caplog: pytest.LogCaptureFixture, ago: int
    ) -> None:
        assert not self.warning(sandbox, caplog, state=state_of(day(ago)))
        assert not self.warning(sandbox, caplog)

    def test_a_gap(self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
        publish(sandbox, {day(ago): "view_id\n" for ago in (6, 4, 1)})
        assert self.warning(sandbox, caplog) == f"{day(5)}, {day(3)} to {day(2)}"

    def test_only_dates_in_the_time_range(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        publish(sandbox, {day(ago): "view_id\n" for ago in (6, 4, 1)})
        missing = self.warning(sandbox, caplog, start_date=day(5), end_date=day(3))
        assert missing == day(5)

    def test_an_empty_list(self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
        publish(sandbox, {})
        today = datetime.fromtimestamp(NOW, UTC).date()
        start = today - timedelta(days=10)
        last = today - timedelta(days=8)
        missing = self.warning(sandbox, caplog, start_date=start.isoformat())
        assert missing == f"{start} to {last}"

    @pytest.mark.usefixtures("week")
    def test_is_gone_or_may_still_come(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        publish(sandbox, {day(1): "view_id\n"})
        both = self.warning(sandbox, caplog, state=state_of(day(9)))
        assert both == f"{day(8)} and {day(7)} to {day(2)}"
        assert "Views of these dates are missing" in caplog.text
        assert "The next runs look for them again" in caplog.text

    def test_dates_as_ranges(self) -> None:
        days = [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 3)]
        assert format_dates(days) == "2026-02-27 to 2026-03-01, 2026-03-03"


class TestLateFiles:
    """A file that Mux lists after later ones is read once, and none of the others again."""

    def files(self, *days_ago: int) -> dict[str, str]:
        """Make files of one row each."""
        return {day(ago): f"view_id\n{ago}\n" for ago in days_ago}

    def noted(self, output: Output) -> list[str] | None:
        """Return the missing dates that the last state has."""
        (partition,) = output.states[-1]["bookmarks"][STREAM]["partitions"]
        noted: list[str] | None = partition.get("missing_dates")
        return noted

    def test_is_read_by_a_later_run(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        publish(sandbox, self.files(6, 4, 2))
        first = read(sandbox)
        assert self.noted(first) == [day(5), day(3)]
        sandbox.faults.clear()
        publish(sandbox, self.files(6, 5, 4, 2, 1))
        caplog.clear()
        second = read(sandbox, state=first.states[-1])
        assert ids(second) == ["5", "1"]
        assert self.noted(second) == [day(3)]
        assert bookmarks(second)[-1] == midnight(1)
        assert "waits for dates" not in caplog.text  # it has been told
        sandbox.faults.clear()
        publish(sandbox, self.files(6, 5, 4, 3, 2, 1))
        third = read(sandbox, state=second.states[-1])
        assert ids(third) == ["3"]
        assert self.noted(third) is None
        assert bookmark(third.states[-1], STREAM) == midnight(1)
        assert not ids(read(sandbox, state=third.states[-1]))

    @pytest.mark.parametrize("start", [None, day(6), day(3)])
    def test_before_all_others_is_read_by_a_later_run(
        self, sandbox: Sandbox, start: str | None
    ) -> None:
        settings = {"start_date": start} if start else {}
        publish(sandbox, self.files(2))
        state = read(sandbox, **settings).states[-1]
        sandbox.faults.clear()
        publish(sandbox, self.files(5, 2, 1))
        second = read(sandbox, state=state, **settings)
        assert ids(second) == (["1"] if start == day(3) else ["5", "1"])
        sandbox.faults.clear()
        publish(sandbox, self.files(5, 4, 2, 1))
        third = read(sandbox, state=second.states[-1], **settings)
        assert ids(third) == ([] if start == day(3) else ["4"])
        assert not ids(read(sandbox, state=third.states[-1], **settings))

    def test_several_before_all_others_are_read_after_a_failure(self, sandbox: Sandbox) -> None:
        publish(sandbox, self.files(2))
        state = read(sandbox).states[-1]
        sandbox.faults.clear()
        files = self.files(6, 5, 4, 2)
        publish(sandbox, {**files, day(5): "no header\n"})
        output = Output()
        with pytest.raises(MuxError, match="has no column 'view_id'"):
            read(sandbox, state=state, output=output)
        assert ids(output) == ["6"]
        sandbox.faults.clear()
        publish(sandbox, files)
        output = read(sandbox, state=output.states[-1])
        assert ids(output) == ["5", "4"]
        assert not ids(read(sandbox, state=output.states[-1]))

    def test_a_run_that_fails_leaves_the_rest_noted(
        self, sandbox: Sandbox, waits: list[float]
    ) -> None:
        publish(sandbox, self.files(6, 2))
        state = read(sandbox).states[-1]
        sandbox.faults.clear()
        files = self.files(6, 5, 4, 3, 2)
        publish(sandbox, {**files, day(4): "no header\n"})
        output = Output()
        with pytest.raises(MuxError, match="has no column 'view_id'"):
            read(sandbox, state=state, output=output)
        assert ids(output) == ["5"]
        assert self.noted(output) == [day(4), day(3)]
        sandbox.faults.clear()
        publish(sandbox, files)
        assert ids(read(sandbox, state=output.states[-1])) == ["4", "3"]

    def test_no_state_is_ahead_of_the_rows(self, sandbox: Sandbox) -> None:
        publish(sandbox, self.files(6, 2))
        first = read(sandbox)
        sandbox.faults.clear()
        publish(sandbox, self.files(6, 5, 4, 3, 2, 1))
        seen: set[str] = set()
        for message in read(sandbox, state=first.states[-1]).messages:
            if message["type"] == "RECORD":
                seen.add(message["record"]["view_id"])
            if message["type"] == "STATE":
                (partition,) = message["value"]["bookmarks"][STREAM]["partitions"]
                missing = set(partition.get("missing_dates", []))
                assert {ago for ago in "543" if day(int(ago)) not in missing} <= seen
        assert seen == {"5", "4", "3", "1"}

    def test_is_not_looked_for_when_it_is_gone(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        state = state_of(midnight(2))
        state["bookmarks"][STREAM]["partitions"][0]["missing_dates"] = [day(8), day(7)]
        publish(sandbox, self.files(2, 1))
        output = read(sandbox, state=state)
        assert self.noted(output) == [day(7)]
        assert f"keeps exports for 7 days): {day(8)}" in caplog.text

    def test_the_settings_limit_it(self, sandbox: Sandbox) -> None:
        state = state_of(midnight(2))
        state["bookmarks"][STREAM]["partitions"][0]["missing_dates"] = [day(5), day(4), day(3)]
        publish(sandbox, self.files(5, 4, 3))
        output = read(sandbox, state=state, start_date=day(4), end_date=day(3))
        assert ids(output) == ["4"]
        assert self.noted(output) == [day(3)]

    @pytest.mark.parametrize(
        ("name", "noted"),
        [
            *(("missing_dates", noted) for noted in ("soon", ["soon"], [1], 1)),
            *(("earliest_date", noted) for noted in ("soon", 1, ["2026-01-01"])),
        ],
    )
    def test_a_state_without_the_dates_that_it_should_have(
        self, sandbox: Sandbox, name: str, noted: object
    ) -> None:
        state = state_of(midnight(2))
        state["bookmarks"][STREAM]["partitions"][0][name] = noted
        publish(sandbox, self.files(1))
        with pytest.raises(MuxError, match=rf"{name} in the state of .*Fix or delete it"):
            read(sandbox, state=state)
