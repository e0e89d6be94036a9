"""What a run leaves that a signal ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Delay
from tests.support.records import HOUR, NOW, asset, tap_time, view, views
from tests.support.tapping import bookmark, catalog_of, config_file, messages

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox


class TestSignals:
    """A run that is told to end."""

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_leaves_a_last_state(
        self, tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox, number: signal.Signals
    ) -> None:
        world.view_rows = views(300, NOW - 20 * HOUR, 1)
        late = NOW - 19 * HOUR
        sandbox.faults.add(
            lambda request: (
                request.path == "/data/v1/video-views"
                and int(request.params("timeframe[]")[0]) > late
            ),
            times=None,
            action=Delay(30),
        )
        settings = {"start_date": view(0, NOW - 30 * HOUR)["view_end"]}
        config = config_file(tmp_path, **sandbox.config, **settings)
        with subprocess.Popen(
            [sys.executable, "-m", "tap_mux", "--config", config],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as tap:
            assert tap.stdout
            lines = []
            begun = time.monotonic()
            is_called_off = False
            for line in tap.stdout:
                lines.append(line)
                message = json.loads(line)
                if message["type"] == "STATE" and bookmark(message["value"]) and not is_called_off:
                    is_called_off = True
                    tap.send_signal(number)
        assert time.monotonic() - begun < 25  # it did not wait for the delayed answer
        assert tap.returncode == 128 + number
        last = messages("".join(lines))[-1]
        assert last["type"] == "STATE"
        assert bookmark(last["value"]) == tap_time(NOW - 20 * HOUR + 299)

    @pytest.mark.parametrize("taken", [1000, 8000, 22000, 36000])
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_does_not_cut_a_long_line(
        self,
        tmp_path: Path,
        world: ExplicitWorld,
        sandbox: Sandbox,
        number: signal.Signals,
        taken: int,
    ) -> None:
        world.asset_rows = [asset(f"asset-{n}", NOW, passthrough="x" * 9000) for n in range(99)]
        catalog = tmp_path / "catalog.json"
        catalog.write_text(json.dumps(catalog_of("assets")))
        files = [f"--config={config_file(tmp_path, **sandbox.config)}", f"--catalog={catalog}"]
        with subprocess.Popen(
            [sys.executable, "-m", "tap_mux", *files],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as tap:
            assert tap.stdout
            while not sandbox.requests_to("/video/v1/assets"):
                time.sleep(0.05)
            time.sleep(0.3)  # until the pipe is full
            output = os.read(tap.stdout.fileno(), taken)
            time.sleep(0.05)  # until it is full again, within a line
            tap.send_signal(number)
            time.sleep(0.1)
            output += tap.stdout.read()
        assert tap.returncode == 128 + number
        assert output.endswith(b"\n")
        assert 0 < len(messages(output.decode())) < len(world.asset_rows)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_at_the_start_leaves_the_state(
        self, tmp_path: Path, sandbox: Sandbox, number: signal.Signals
    ) -> None:
        state: dict[str, Any] = {"bookmarks": {"video_views": {"partitions": []}}}
        (tmp_path / "state.json").write_text(json.dumps(state), encoding="utf-8")
        program = f"""
import os
from tap_mux.__main__ import main
from tap_mux.cli import CommandLine

load_state = CommandLine.load_state

def interrupted(self, state):
    os.kill(os.getpid(), {int(number)})
    load_state(self, state)

CommandLine.load_state = interrupted
main()
"""
        done = subprocess.run(
            [
                *(sys.executable, "-c", program, "--config"),
                *(config_file(tmp_path, **sandbox.config), "--state", str(tmp_path / "state.json")),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 128 + number
        assert [message["value"] for message in messages(done.stdout)] == [state]
        assert sandbox.requests == []
