"""A warning names the dates whose files Mux no longer has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.exports.files import format_dates
from tests.exports.stream import day, publish, read, state_of

if TYPE_CHECKING:
    from mux_sandbox import Sandbox


class TestMissingDates:
    """Mux keeps files for seven days."""

    def warning(self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, **more: Any) -> str:
        """Run the stream; return the dates that its warning names."""
        read(sandbox, **more)
        (text, *_) = [
            *(entry.getMessage() for entry in caplog.records if "are missing" in entry.message),
            "",
        ]
        return text.rpartition(": ")[2]

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
        today = datetime.now(UTC).date()
        start = today - timedelta(days=10)
        last = today - timedelta(days=8)
        missing = self.warning(sandbox, caplog, start_date=start.isoformat())
        assert missing == f"{start} to {last}"

    def test_dates_as_ranges(self) -> None:
        days = [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 3)]
        assert format_dates(days) == "2026-02-27 to 2026-03-01, 2026-03-03"
