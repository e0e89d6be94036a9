"""Fixtures: a client, and a clock whose time is virtual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.client import client_of
from tests.support.records import NOW, asset
from tests.support.virtual import VirtualClock

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox
    from tap_mux.api.client import MuxClient
    from tests.conftest import Waits


@pytest.fixture
def client(world: ExplicitWorld, sandbox: Sandbox, waits: Waits) -> MuxClient:
    """A client of an environment with one asset."""
    world.asset_rows = [asset("a", NOW)]
    return client_of(sandbox)


@pytest.fixture
def clock() -> VirtualClock:
    """A clock whose time is virtual."""
    return VirtualClock()
