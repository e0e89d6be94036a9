"""Meltano's log without the 53 characters with which each line begins by default.

Meltano has such a format, ``plain``, but in 4.4 it prints a traceback instead of each error.
"""

from __future__ import annotations

import logging
from pathlib import Path

CONFIG = Path(__file__).with_suffix(".yaml")
"""The configuration of logging that uses the formatter."""


class PlainFormatter(logging.Formatter):
    """Shows what happened, and nothing else."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, which Meltano makes as a dict."""
        return str(record.msg["event"]) if isinstance(record.msg, dict) else super().format(record)
