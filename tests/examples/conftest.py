"""Fixtures of the tests of the examples."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import GeneratedWorld, Sandbox, SandboxOptions
from tests.examples.days import BY_DAY, DAYS, TODAY
from tests.support.tapping import Output, catalog_of, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox whose time stands still, so that all runs find the same."""
    now = time.time()
    world = GeneratedWorld(assets=40, views_per_day=3)
    with Sandbox(world, SandboxOptions(clock=lambda: now)) as running:
        yield running


@pytest.fixture(scope="module")
def together(sandbox: Sandbox) -> Output:
    """What one run of the tap writes of all days."""
    return run_tap(sandbox, catalog=catalog_of(*BY_DAY), start_date=DAYS[0], end_date=f"{TODAY:%F}")
