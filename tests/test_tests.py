"""The tests themselves."""

from __future__ import annotations

import ast
from pathlib import Path

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
