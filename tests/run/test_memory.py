"""How much memory a run takes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Delay, Environment, GeneratedWorld, Sandbox, SandboxOptions
from tap_mux.reading.windows import MAX_RECORDS
from tests.support.records import DAY, HOUR, tap_time, view, views
from tests.support.still import StillWorld
from tests.support.tapping import catalog_of, clean_environ, config_file

if TYPE_CHECKING:
    from pathlib import Path

MAX_RATIO = 1.2
MAX_MORE_KB = 40_000
MAX_BYTES_A_VIEW = 250
"""Of those that ended in the same second."""

SPAWN = """
import resource, subprocess, sys
output = subprocess.DEVNULL
subprocess.run([sys.executable, "-m", "tap_mux", *sys.argv[1:]], check=True, stdout=output)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Starts the tap from a small process: Linux counts at least the memory of the parent."""


def peak(folder: Path, sandbox: Sandbox, *streams: str, **settings: Any) -> int:
    """Run the tap for streams, or for the default ones; return how many kB it took at most."""
    arguments = ["--config", config_file(folder, **{**sandbox.config, **settings})]
    if streams:
        catalog = folder / "catalog.json"
        catalog.write_text(json.dumps(catalog_of(*streams)))
        arguments += ["--catalog", str(catalog)]
    done = subprocess.run(
        [sys.executable, "-c", SPAWN, *arguments],
        check=True,
        capture_output=True,
        env=clean_environ(),
    )
    return int(done.stdout)


@pytest.mark.slow
def test_lanes_take_little_memory(tmp_path: Path) -> None:
    """Many assets are there while the first stream of their lane is waited for."""
    now = time.time()
    dates = {"start_date": tap_time(now - DAY), "end_date": tap_time(now - HOUR)}
    world = GeneratedWorld(assets=15_000, views_per_day=2500)
    with Sandbox(world=world, options=SandboxOptions(clock=lambda: now)) as sandbox:
        one = peak(tmp_path, sandbox, max_concurrency=1, **dates)
        sandbox.faults.add("/video/v1/live-streams", action=Delay(5))
        many = peak(tmp_path, sandbox, **dates)
    assert many < MAX_RATIO * one


@pytest.mark.slow
def test_environments_take_little_memory(tmp_path: Path) -> None:
    """The windows of views of all environments are in memory at the same time."""
    now = int(time.time())
    world = StillWorld(views(10_000, now - 4 * HOUR, 1))
    names = [f"environment-{number}" for number in range(8)]
    accesses = [{"name": name, "token_id": name, "token_secret": "secret"} for name in names]
    settings: dict[str, Any] = {
        "token_id": None,
        "token_secret": None,
        "environments": accesses,
        "start_date": tap_time(now - DAY),
        "end_date": tap_time(now),
    }
    environments = {name: Environment("secret", world, name) for name in names}
    with Sandbox(options=SandboxOptions(environments=environments)) as sandbox:
        one = peak(tmp_path, sandbox, "video_views", max_concurrency=1, **settings)
        many = peak(tmp_path, sandbox, "video_views", **settings)
    assert many < one + MAX_MORE_KB


def test_views_that_ended_together_take_little_memory(tmp_path: Path) -> None:
    now = int(time.time())
    dates = {"start_date": tap_time(now - DAY), "end_date": tap_time(now - HOUR)}
    taken = []
    few, many = MAX_RECORDS + 500, MAX_RECORDS + 10_500
    for number in (few, many):
        world = StillWorld([view(each, now - 2 * HOUR) for each in range(number)])
        with Sandbox(world=world) as sandbox:
            taken.append(peak(tmp_path, sandbox, "video_views", **dates))
    assert (taken[1] - taken[0]) * 1024 / (many - few) < MAX_BYTES_A_VIEW
