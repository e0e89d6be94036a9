"""Fixtures: the time of day, the two readers, a week of views, and a file to download."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.exports.source import Source
from tests.exports.stream import MIDNIGHT, day
from tests.support.records import DAY, HOUR, view, views

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox


@pytest.fixture(autouse=True)
def morning(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set all clocks to 6:00, when Mux has made the file of yesterday."""
    sandbox.options.clock = lambda: MIDNIGHT + 6 * HOUR
    monkeypatch.setattr("tap_mux.clock.epoch_now", sandbox.options.clock)


@pytest.fixture(params=["pyarrow", "csv"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way to read a file: with pyarrow and without."""
    if request.param == "csv":
        monkeypatch.setitem(sys.modules, "tap_mux.exports.arrow_rows", None)
    return str(request.param)


@pytest.fixture
def week(world: ExplicitWorld) -> list[str]:
    """Three views on each of the last nine days; returns the ids of those in files."""
    world.view_rows = [
        view(f"{day(ago)}-{number}", MIDNIGHT - ago * DAY + number * HOUR)
        for ago in range(9, 0, -1)
        for number in range(3)
    ]
    return [row["id"] for row in world.view_rows if row["id"] >= day(7)]


@pytest.fixture
def source(world: ExplicitWorld, sandbox: Sandbox, waits: list[float]) -> Source:
    """A file to download; waits take no time."""
    world.view_rows = views(60, MIDNIGHT - DAY, 30)
    return Source(sandbox)


@pytest.fixture
def content(source: Source) -> bytes:
    """The content of the file."""
    whole = source.read()
    source.sandbox.requests.clear()
    source.urls.clear()
    source.exports.list()
    source.sandbox.requests.clear()
    return whole
