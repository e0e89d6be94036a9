"""How much there is to read of a stream, for its progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_mux.reading.time_range import TimeRange


@dataclass
class Extent:
    """How much there is to read of a stream of one environment, as far as it is known."""

    records: int | None = None
    """How many records there are, where Mux counts them."""

    time_range: TimeRange | None = None
    """The range of time of the partition that is read now."""

    def count(self, records: int) -> None:
        """Note how many records there are."""
        self.records = records
