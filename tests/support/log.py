"""What tests read in the log of the tap."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from tap_mux.run.progress import COLUMNS

if TYPE_CHECKING:
    import pytest


def one_line(stderr: str) -> str:
    """Return the only error line of the log."""
    assert "Traceback" not in stderr
    (line,) = [line for line in stderr.splitlines() if "| ERROR" in line]
    return line


def warnings_in(stderr: str) -> list[str]:
    """Return the warnings in the log, without errors."""
    assert "Traceback" not in stderr
    assert "| ERROR" not in stderr
    return [line for line in stderr.splitlines() if "| WARNING" in line]


def table_of(log: str) -> dict[str, dict[str, str]]:
    """Return the table at the end of a log: the cells of each stream by column."""
    lines = [line.split(" | ")[-1] for line in log.splitlines()]
    (start,) = [n for n, line in enumerate(lines) if line.startswith("stream ")]
    rows = {}
    for line in lines[start + 1 :]:
        cells = re.split(r" {2,}", line)
        rows[cells[0]] = dict(zip(COLUMNS, cells, strict=False))
        rows[cells[0]]["line"] = line
        if cells[0] == "total":
            break
    return rows


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings and errors that the tap logged in this process."""
    return [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.WARNING]
