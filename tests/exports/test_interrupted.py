"""The tap as a program, killed or interrupted while it reads files."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from mux_sandbox import Answer
from tests.exports.stream import LIST, SECRET, STREAM, catalog_without, day, midnight, publish
from tests.support.tapping import bookmark, clean_environ, config_file, messages

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import Sandbox
    from tests.support.tapping import Message


class TestProgram:
    """Interrupted runs."""

    def start(self, sandbox: Sandbox, folder: Path, state: Message) -> subprocess.Popen[str]:
        """Start the tap as a program."""
        catalog, before = folder / "catalog.json", folder / "state.json"
        catalog.write_text(json.dumps(catalog_without()))
        before.write_text(json.dumps(state))
        files = [f"--catalog={catalog}", f"--state={before}"]
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tap_mux",
                f"--config={config_file(folder, **sandbox.config)}",
                *files,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environ(),
            text=True,
        )

    def fill(self, sandbox: Sandbox) -> set[str]:
        """Publish three files of 3000 rows each; return all ids."""
        rows = {day(ago): [f"{day(ago)}-{number}" for number in range(3000)] for ago in (3, 2, 1)}
        publish(sandbox, {name: "\n".join(["view_id", *lines, ""]) for name, lines in rows.items()})
        return {view_id for lines in rows.values() for view_id in lines}

    def test_killed_runs_read_all_rows_together(self, sandbox: Sandbox, tmp_path: Path) -> None:
        expected = self.fill(sandbox)
        seen: set[str] = set()
        marks: list[str | None] = []
        state: Message = {}
        for kill_after in (1000, 4000, 5000, None):
            lines = []
            with self.start(sandbox, tmp_path, state) as tap:
                assert tap.stdout
                for line in tap.stdout:
                    lines.append(line)
                    if len(lines) == kill_after:
                        tap.send_signal(signal.SIGKILL)
            for message in messages("".join(lines)):
                if message["type"] == "RECORD":
                    seen.add(message["record"]["view_id"])
                elif message["type"] == "STATE":
                    state = message["value"]
                    mark = bookmark(state, STREAM) or ""
                    assert {view_id for view_id in expected if view_id[:10] <= mark} <= seen
            marks.append(bookmark(state, STREAM))
        assert seen == expected
        assert marks == [None, midnight(3), midnight(2), midnight(1)]

    def test_ctrl_c_during_a_wait_ends_the_run_at_once(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        self.fill(sandbox)
        path = f"{sandbox.url}/files/late?{SECRET}"
        file = {"version": 14, "type": "csv", "path": path}
        late = {"export_date": day(1), "files": [file]}
        sandbox.faults.clear()
        sandbox.faults.add(LIST, times=None, action=Answer(200, {"data": [late]}))
        sandbox.faults.add(
            "/files/late", times=None, action=Answer(503, b"", {"Retry-After": "50"})
        )
        with self.start(sandbox, tmp_path, {}) as tap:
            assert tap.stderr
            log = ""
            while "Trying again in" not in log:
                line = tap.stderr.readline()
                assert line, "it ended before it waited"
                log += line
            time.sleep(0.5)  # the wait must have started
            tap.send_signal(signal.SIGINT)
            _, errors = tap.communicate(timeout=10)
        assert tap.returncode == 130
        assert "Traceback" not in errors
        assert SECRET not in log + errors
