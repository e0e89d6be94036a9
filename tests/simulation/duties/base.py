"""What all duties have: records that a run had to deliver, and what they may be."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.run import Facts
    from tests.simulation.world import World

Key = tuple[Hashable, ...]
Row = dict[str, Any]

BORDER_SECONDS = 900
"""So close to the border of what Mux keeps, records may go while the tap looks for it."""


@dataclass
class Span:
    """What a run asks for, in epoch seconds."""

    start: float
    end: float

    @classmethod
    def of(cls, facts: Facts) -> Span:
        """Read it from the settings."""
        start, end = (_moment(facts.config.get(name)) for name in ("start_date", "end_date"))
        return cls(
            -math.inf if start is None else start,
            facts.now if end is None else min(end, facts.now),
        )


def _moment(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


class Duty(ABC):
    """What has to be in the table of one stream."""

    is_whole = False
    """Whether each run reads all, so that only the last run matters."""

    @abstractmethod
    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        """Yield the keys of the records that a complete run had to deliver."""

    @abstractmethod
    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        """Return what a record may be, if it was read at some moment of a time."""

    @abstractmethod
    def payload(self, row: Row) -> Any:
        """Return what of a row is compared."""

    def has_moved(self, world: World, facts: Facts) -> bool:
        """Whether records were added or deleted during a run, where that may hide others."""
        return False
