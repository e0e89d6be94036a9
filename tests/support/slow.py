"""Examples that take too long for each run of the tests. ``pytest -m ""`` runs all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable


def one_in(step: int, values: Iterable[Any]) -> list[Any]:
    """Mark all values but one in ``step`` as slow, for ``pytest.mark.parametrize``."""
    return [
        pytest.param(value, marks=pytest.mark.slow) if number % step else value
        for number, value in enumerate(values)
    ]
