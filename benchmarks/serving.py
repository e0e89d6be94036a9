"""Run the server in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from benchmarks import environ

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    url: str
    start: int
    """The first second of its views."""

    end: int
    """The second after its last one."""

    columns: int
    """How many columns its export has."""

    @property
    def dates(self) -> dict[str, str]:
        """The settings of a tap that reads all views."""
        return {"start_date": _iso(self.start), "end_date": _iso(self.end)}

    def reset(self, **limits: float) -> None:
        """Set the limits, fill the buckets and clear the counts.

        Args:
            limits: ``latency`` in seconds, ``capacity`` and ``refill`` of each bucket; ``refused``
                to announce nothing, and to refuse each request with a multiple of that number.
        """
        self._control(f"reset?{urlencode(limits)}")

    def counts(self) -> dict[str, dict[str, float]]:
        """Return the counts since the last reset, by part of the API."""
        return self._control("counts")

    def _control(self, what: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/control/{what}", timeout=10) as answer:  # noqa: S310 - our own server
            counts: dict[str, Any] = json.load(answer)
        return counts


@contextmanager
def serve(*, views: int = 0, assets: int = 0, exported: int = 0) -> Iterator[Served]:
    """Run a server inside the with block.

    Args:
        views: How many views it has.
        assets: How many assets it has.
        exported: How many rows its export has.
    """
    command = [sys.executable, "-m", "benchmarks.server"]
    command += ["--views", str(views), "--assets", str(assets), "--exported", str(exported)]
    with subprocess.Popen(  # noqa: S603 - our own
        command, stdout=subprocess.PIPE, env=environ.clean()
    ) as process:
        try:
            if process.stdout is None:
                raise AssertionError
            ready = json.loads(process.stdout.readline())
            yield Served(**ready)
        finally:
            process.kill()


def _iso(epoch_seconds: int) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
