"""What tests read in the log of the tap."""

from __future__ import annotations


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
