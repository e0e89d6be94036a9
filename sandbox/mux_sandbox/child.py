"""Runs a command, passes signals on to it, and gives its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

NOT_FOUND = 127
NOT_EXECUTABLE = 126
_KILLED = 128
"""A shell adds this to the number of the signal that ended a command."""


def run(command: Sequence[str], variables: dict[str, str]) -> int:
    """Run a command with more environment variables and give its exit code.

    Raises:
        OSError: The command could not be started.
    """
    with subprocess.Popen(command, env=os.environ | variables) as child, _forwarding_to(child):  # noqa: S603 - it is what the user typed
        code = child.wait()
    return code if code >= 0 else _KILLED - code


@contextmanager
def _forwarding_to(child: subprocess.Popen[bytes]) -> Iterator[None]:
    def forward(number: int, _: FrameType | None) -> None:
        if number != signal.SIGINT or not _terminal_interrupts_us():
            child.send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminal_interrupts_us() -> bool:
    """Tell whether the terminal sends its Ctrl-C to the child as well as to us."""
    if os.name == "nt":
        return True
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:  # noqa: PTH123
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
