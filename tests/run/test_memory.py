"""Reading side by side takes little more memory than reading one stream after another."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from mux_sandbox import Delay, GeneratedWorld, Sandbox, SandboxOptions
from tests.support.records import DAY, HOUR, tap_time
from tests.support.tapping import clean_environ, config_file

if TYPE_CHECKING:
    from pathlib import Path

MAX_RATIO = 1.2
SPAWN = """
import resource, subprocess, sys
output = subprocess.DEVNULL
subprocess.run([sys.executable, "-m", "tap_mux", *sys.argv[1:]], check=True, stdout=output)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Starts the tap from a small process: Linux counts at least the memory of the parent."""


def peak(folder: Path, sandbox: Sandbox, **settings: Any) -> int:
    """Run the tap for the default streams; return the most memory that it took."""
    config = config_file(folder, **sandbox.config, **settings)
    done = subprocess.run(
        [sys.executable, "-c", SPAWN, "--config", config],
        check=True,
        capture_output=True,
        env=clean_environ(),
    )
    return int(done.stdout)


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
