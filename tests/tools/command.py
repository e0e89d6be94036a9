"""The command that tells differences, run in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tools.drift import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.tools.changes import Json


class Run:
    """Runs the command on a description that was written to a file."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Write nothing yet."""
        self._file = folder / "spec.json"
        self._capsys = capsys

    def __call__(self, api: Json, *options: str) -> tuple[int, list[str]]:
        """Run it, and give the exit code and the lines of the report."""
        self._file.write_text(json.dumps(api))
        code = main([str(self._file), *options])
        return code, self._capsys.readouterr().out.splitlines()
