"""A world that stays as it is, for tests with thousands of views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox import ExplicitWorld

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.records import Row


class StillWorld(ExplicitWorld):
    """A world whose views never change: the sandbox sorts those of a window only once."""

    def __init__(self, views: Iterable[Row]) -> None:
        """Take the views."""
        super().__init__(views=views)
        self._windows: dict[tuple[int, int], list[Row]] = {}

    def views(self, start: int, end: int, now: float) -> list[Row]:
        """Give the views of a window."""
        if (start, end) not in self._windows:
            self._windows[start, end] = super().views(start, end, now)
        return self._windows[start, end]
