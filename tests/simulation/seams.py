"""Where the simulation takes hold of the tap: time, threads, chance and the network.

All else is the tap's own code. A name of a module is replaced wherever a module of the tap has it.
"""

from __future__ import annotations

import concurrent.futures
import queue
import random
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import tap_mux.cli  # all modules are imported before they are changed
import tap_mux.tap
from tap_mux.api import transport
from tap_mux.streams import ALL_STREAMS
from tests.simulation.primitives import Future, Local, SimpleQueue, Threading
from tests.simulation.scheduler import present
from tests.simulation.world import MONITORING_DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    import requests

    from tests.simulation.mux.server import Server

SMALLER: dict[str, Any] = {
    "tap_mux.reading.view_windows.MAX_RECORDS": 60,
    "tap_mux.reading.view_windows.MAX_RECORDS_OF_MANY": 40,
    "tap_mux.records.writer.MAX_RECORDS": 20,
    "tap_mux.records.conformer.MAX_RECORDS": 20,
    "tap_mux.streams.views.MAX_RECORDS": 20,
    "tap_mux.exports.csv_rows.BLOCK_BYTES": 3000,
    "tap_mux.exports.download.READ_BYTES": 1000,
    "tap_mux.streams.monitoring.MONITORING_METRICS": {"current-concurrent-viewers": "count"},
    "tap_mux.streams.monitoring.MONITORING_DIMENSIONS": MONITORING_DIMENSIONS,
}
"""Bounds of the tap that a small world could not reach, and numbers that only repeat the same."""


STREAMS = {stream.name: stream for stream in ALL_STREAMS}

_ALL_STREAMS = "ALL_STREAMS"
_real_route_to = transport.route_to


class _Net:
    """The server of the run that is going on, and how far the tap's clock is off."""

    server: Server | None = None
    skew = 0.0


def connect(server: Server, skew: float) -> None:
    """Say which server the tap reaches.

    Args:
        server: The server.
        skew: How many seconds the tap's clock is ahead.
    """
    _Net.server = server
    _Net.skew = skew


def select(streams: Iterable[str]) -> None:
    """Let the tap have these streams only: to discover the others takes more time than to read."""
    setattr(tap_mux.tap, _ALL_STREAMS, tuple(STREAMS[name] for name in streams))


class _Time:
    """Takes the place of the module ``time``."""

    @staticmethod
    def time() -> float:
        return present().now + _Net.skew

    @staticmethod
    def monotonic() -> float:
        return present().now


class _Random:
    """Takes the place of the module ``random``."""

    @staticmethod
    def random() -> float:
        return present().chance.random()


def _route_to(request: requests.PreparedRequest, **_: Any) -> transport.Route:
    assert _Net.server
    return _Net.server.route_to(request)


def _instead(value: object) -> object | None:
    """Return what takes the place of a value of a module."""
    replaced: list[tuple[object, object]] = [
        (time, _Time),
        (threading, Threading),
        (random, _Random),
        (queue.SimpleQueue, SimpleQueue),
        (concurrent.futures.Future, Future),
        (_real_route_to, _route_to),
    ]
    for real, simulated in replaced:
        if value is real:
            return simulated
    return Local() if type(value) is threading.local else None


@contextmanager
def simulated() -> Iterator[None]:
    """Simulate time, threads, chance and network inside the ``with`` block."""
    restored: list[tuple[ModuleType, str, object]] = []

    def replace(module: ModuleType, name: str, value: object) -> None:
        restored.append((module, name, getattr(module, name)))
        setattr(module, name, value)

    own = [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith("tap_mux") and name != "tap_mux.ending"
    ]
    for module in own:
        for name, value in list(vars(module).items()):
            if (other := _instead(value)) is not None:
                replace(module, name, other)
    replace(tap_mux.tap, _ALL_STREAMS, ALL_STREAMS)
    for path, value in SMALLER.items():
        module_name, _, name = path.rpartition(".")
        replace(sys.modules[module_name], name, value)
    try:
        yield
    finally:
        for module, name, value in reversed(restored):
            setattr(module, name, value)
