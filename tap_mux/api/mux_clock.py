"""The clock of Mux, as an answer tells it. It decides what is over, final, or no longer kept."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from tap_mux import clock

SECONDS_TO_WARN = 60
"""If the clocks are further apart, a warning asks to set the one of this machine."""

_EARLIEST, _LATEST = 1_420_070_400, 4_102_444_800
"""The beginning of 2015, before Mux had data, and of 2100. Any other date is ignored."""

logger = logging.getLogger(__name__)


class MuxClock:
    """The clock of Mux. Until an answer has told it, it is that of this machine."""

    def __init__(self) -> None:
        """Start without an answer."""
        self._lock = threading.Lock()
        self._ahead: float | None = None

    def now(self) -> float:
        """Return the present by Mux's clock, in epoch seconds."""
        return self.at(clock.epoch_now())

    def at(self, moment: float) -> float:
        """Return what Mux's clock shows at a moment.

        Args:
            moment: The moment by the clock of this machine, in epoch seconds.
        """
        return moment + (self._ahead or 0.0)

    def learn(self, date: str | None, *, sent_at: float, answered_at: float) -> None:
        """Set the clock by the first answer that has a date; warn if this machine's is far off.

        Args:
            date: The header ``Date`` of an answer.
            sent_at: When its request was sent, by the clock of this machine.
            answered_at: When the headers of the answer had come, by the same clock.
        """
        if self._ahead is not None:
            return
        moment = http_date(date)
        if moment is None or not _EARLIEST <= moment < _LATEST:
            return
        with self._lock:
            if self._ahead is None:
                # The date has no fractions, so Mux's clock showed up to a second more.
                agrees = sent_at < moment + 1 and moment <= answered_at
                self._ahead = 0.0 if agrees else moment - answered_at
                if abs(self._ahead) > SECONDS_TO_WARN:
                    _warn(round(self._ahead))


def http_date(header: str | None) -> float | None:
    """Return the moment in a header in epoch seconds; None if there is none that can be read.

    Args:
        header: Its value.
    """
    if header is None:
        return None
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).timestamp()


def _warn(ahead: int) -> None:
    logger.warning(
        "The clock of this machine is %s (h:mm:ss) %s that of Mux. The run goes by that of Mux; "
        "only time_extracted and the versions of tables go by that of this machine. Set it right, "
        "such as by NTP",
        timedelta(seconds=abs(ahead)),
        "behind" if ahead > 0 else "ahead of",
    )
