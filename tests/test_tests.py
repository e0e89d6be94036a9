"""The tests themselves."""

from __future__ import annotations

import ast
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mux_sandbox import SandboxOptions
from tests.support.records import MINUTE, NOW, asset
from tests.support.tapping import config_file, messages, run_program, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox

FOLDER = Path(__file__).parent


def imported(module: Path) -> set[str]:
    """Return the full names of everything that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_no_test_module_is_imported_by_another() -> None:
    modules = {path.stem for path in FOLDER.rglob("test_*.py")}
    found = {
        f"{path.relative_to(FOLDER)} imports {name}"
        for path in FOLDER.rglob("*.py")
        for name in imported(path)
        if name.startswith("tests.") and modules & set(name.split("."))
    }
    assert len(modules) > 50
    assert found == set()


def test_each_test_begins_at_the_same_moment(
    world: ExplicitWorld, sandbox: Sandbox, tmp_path: Path
) -> None:
    world.asset_rows = [asset("a", NOW)]
    config = config_file(tmp_path, **sandbox.config)
    printed = messages(run_program("--config", config).stdout)
    outputs = [*printed, *run_tap(sandbox, "assets").messages]
    extracted = [each["time_extracted"] for each in outputs if "time_extracted" in each]
    assert len(extracted) >= 2
    for moment in (
        *(datetime.fromisoformat(each).timestamp() for each in extracted),
        SandboxOptions().clock(),
        time.time(),
    ):
        assert NOW <= moment < NOW + MINUTE
