"""The recipes for schedules: their scripts load, keep the state, and say how the run ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from mux_sandbox import Answer
from tests.docs.pages import DOCS, blocks
from tests.support.loaders import plugin
from tests.support.records import HOUR, NOW, asset, tap_time, view
from tests.support.tapping import clean_environ

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

UVX = f"""#!{sys.executable}
import os, sys
name, *arguments = sys.argv[3:] if sys.argv[1] == "--from" else sys.argv[1:]
program = ["-m", "tap_mux"] if name == "tap-mux" else [os.environ["TARGET"]]
os.execv(sys.executable, [sys.executable, *program, *arguments])
"""
TARGET = """
import json, sys
with open("loaded", "a") as file:
    for message in map(json.loads, sys.stdin):
        if message["type"] == "RECORD":
            file.write(message["record"].get("id", "") + "\\n")
        elif message["type"] == "STATE":
            print(json.dumps(message["value"]), flush=True)
"""


def cron() -> str:
    """Return the script that cron starts."""
    (script,) = blocks(DOCS / "recipes" / "cron.md", "bash")
    return script


def steps() -> list[dict[str, Any]]:
    """Return the steps of the workflow."""
    (text,) = blocks(DOCS / "recipes" / "github-actions.md", "yaml")
    found: list[dict[str, Any]] = YAML(typ="safe").load(text)["jobs"]["load"]["steps"]
    return found


def github() -> str:
    """Return the script of the workflow, as GitHub runs it."""
    (step,) = [step for step in steps() if "run" in step]
    assert step["shell"] == "bash"
    return f"set -eo pipefail\n{step['run']}"


class Machine:
    """A folder with a script and the programs that it starts."""

    def __init__(self, folder: Path, script: str, sandbox: Sandbox) -> None:
        """Write the files."""
        self.folder = folder
        since = tap_time(NOW - 12 * HOUR)
        self._environ = {
            **clean_environ(),
            **sandbox.environ,
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "TAP_MUX_MAX_ATTEMPTS": "1",
            "TAP_MUX_START_DATE": since,
            "TARGET": str(folder / "target.py"),
        }
        config = {**sandbox.config, "max_attempts": 1, "start_date": since}
        for name, text in {
            "uvx": UVX,
            "load.sh": script,
            "target.py": TARGET,
            "config.json": json.dumps(config),
        }.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    def run(self) -> int:
        """Run the script; return its exit code."""
        command = ["bash", str(self.folder / "load.sh")]
        done = subprocess.run(
            command, cwd=self.folder, env=self._environ, capture_output=True, check=False
        )
        return done.returncode

    @property
    def loaded(self) -> list[str]:
        """The ids of all records that were loaded so far."""
        return (self.folder / "loaded").read_text().split()


@pytest.fixture(params=[cron, github], ids=lambda script: script.__name__)
def machine(request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox) -> Machine:
    """A machine for each of the recipes."""
    return Machine(tmp_path, request.param(), sandbox)


def test_second_run_goes_on_where_the_first_ended(machine: Machine, world: ExplicitWorld) -> None:
    world.view_rows = [view("old", NOW - 9 * HOUR), view("late", NOW - 4 * HOUR)]
    assert machine.run() == 0
    world.view_rows.append(view("new", NOW - 3 * HOUR))
    assert machine.run() == 0
    views = [each for each in machine.loaded if each in {"old", "late", "new"}]
    assert views == ["old", "late", "late", "new"]


def test_failed_run_keeps_its_state_and_its_exit_code(
    machine: Machine, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.view_rows = [view("old", NOW - 9 * HOUR), view("late", NOW - 4 * HOUR)]
    world.asset_rows = [asset("asset", NOW - HOUR)]
    sandbox.faults.add("/video/v1/assets", action=Answer(500))
    assert machine.run() == 1
    assert machine.run() == 0
    assert [each for each in machine.loaded if each in {"old", "asset"}] == ["old", "asset"]


def test_run_that_loads_nothing_keeps_the_former_state(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    machine = Machine(tmp_path, cron(), sandbox)
    former = '{"bookmarks": {}}\n'
    (tmp_path / "state.json").write_text(former)
    sandbox.faults.add("/system/v1/whoami", action=Answer(401))
    assert machine.run() == 1
    assert (tmp_path / "state.json").read_text() == former


def test_recipes_name_the_loader_that_the_project_pins() -> None:
    pinned = plugin("loaders", "target-postgres")["pip_url"]
    assert f"--from {pinned} target-postgres" in cron()
    assert f"--from {pinned} target-postgres" in github()


def test_workflow_keeps_the_state_whatever_happens() -> None:
    (restore,) = [step["with"] for step in steps() if "cache/restore" in step.get("uses", "")]
    (save,) = [step for step in steps() if "cache/save" in step.get("uses", "")]
    assert save["if"] == "always()"
    assert save["with"]["path"] == restore["path"] == "state.json"
    assert save["with"]["key"].startswith(restore["restore-keys"])
    assert steps().index(save) == len(steps()) - 1
