"""Fixtures: the command that tells differences, and no difference that is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tools.command import Run
from tools import accepted

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def none_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accept no difference."""
    monkeypatch.setattr(accepted, "ACCEPTED", ())


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command."""
    return Run(tmp_path, capsys)
