"""All cases, by their names on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.cases.asking import requests
from benchmarks.cases.exporting import exports
from benchmarks.cases.loading import duckdb
from benchmarks.cases.starting import startup
from benchmarks.cases.together import buckets, environments, memory
from benchmarks.cases.waiting import bucket, latency, refusals
from benchmarks.cases.working import assets, scale, views

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.cases.setup import Setup
    from benchmarks.outcome import Outcome

CASES: dict[str, Callable[[Setup], Outcome]] = {
    "latency": latency,
    "bucket": bucket,
    "refusals": refusals,
    "buckets": buckets,
    "environments": environments,
    "requests": requests,
    "views": views,
    "assets": assets,
    "duckdb": duckdb,
    "exports": exports,
    "scale": scale,
    "memory": memory,
    "startup": startup,
}
