"""An error on each of the last 120 days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.streams.periodic.errors import failed

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    world.view_rows = [failed(f"view-{back}", back) for back in range(120)]
