"""The result of a case: figures by contestant, and goals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.comparing import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Row(NamedTuple):
    """One measure of a case."""

    measure: str
    figures: Mapping[str, Figure | float]
    """By contestant. A plain number was calculated, not measured."""

    digits: int = 2

    @property
    def medians(self) -> dict[str, float]:
        """The medians of the figures."""
        return {
            name: figure.median if isinstance(figure, Figure) else figure
            for name, figure in self.figures.items()
        }


class Goal(NamedTuple):
    """A value that must not be above a limit."""

    text: str
    value: float
    limit: float
    aim: float | None = None
    """A stricter limit, which is not required."""

    digits: int = 2

    @property
    def verdict(self) -> str:
        """The word for whether it is reached."""
        if self.value > self.limit:
            return "**no**"
        return "yes" if self.aim is None or self.value <= self.aim else "yes, but not the aim"


class Outcome(NamedTuple):
    """The result of a case."""

    title: str
    rows: Sequence[Row]
    goals: Sequence[Goal]
    note: str = ""
