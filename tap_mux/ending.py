"""How the program ends when it is told to, by SIGTERM or Ctrl-C.

It ends after the current line and a last STATE, with exit code 143 or 130. (The SDK exits with 0,
so an orchestrator takes the run for complete.) If that takes longer than MAX_SECONDS, since the
target does not read, the program ends at once.
"""

from __future__ import annotations

import _thread
import logging
import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)

CAN_BLOCK = hasattr(signal, "pthread_sigmask")
"""Whether a thread can keep signals waiting: not on Windows."""

MAX_SECONDS = 1.0
"""How long after a signal the program ends, whatever it is doing."""


class ToldToEnd(SystemExit):
    """The program has been told to end; raised in the main thread, between two lines."""


class _Told:
    """Whether the program has been told to end."""

    code: int | None = None
    lines_begun = 0
    """How many ``signals_wait`` blocks have begun and not ended. A signal waits for their end."""


def run(program: Callable[[], None]) -> NoReturn:
    """Run a program, and end the process as it ends.

    Args:
        program: What to run. A signal raises ToldToEnd in it.
    """
    if CAN_BLOCK:
        # Python writes the number of a signal there at once, even while the main thread waits for
        # a function of C, such as one that asks a name server.
        read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        _thread.start_new_thread(_end_soon, (read_end,))
    for number in SIGNALS:
        signal.signal(number, _on_signal)
    code: object = 0
    try:
        program()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - the hook reports it
        sys.excepthook(*sys.exc_info())
        code = 1
    with suppress(OSError, ToldToEnd):
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            if stream:
                stream.flush()
    if code:
        code = _Told.code or code  # the same signal may have ended the target first
    # Python crashes at its end if a thread writes to the log at that moment.
    os._exit(code if isinstance(code, int) else bool(code))


def _on_signal(number: int, _frame: FrameType | None) -> None:
    if _Told.code is not None:
        return  # it is ending already
    _Told.code = 128 + number
    if not _Told.lines_begun:
        raise ToldToEnd(_Told.code)


def _end_soon(read_end: int) -> NoReturn:
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # they are for the main thread
    (number,) = os.read(read_end, 1)
    time.sleep(MAX_SECONDS)
    os._exit(128 + number)


@contextmanager
def signals_wait() -> Iterator[None]:
    """Let a signal wait for the end of the ``with`` block.

    Raises:
        ToldToEnd: At the end of the block: a signal has come inside.
    """
    before = _Told.code
    _Told.lines_begun += 1
    try:
        yield
    finally:
        _Told.lines_begun -= 1
    if _Told.code != before and _Told.code is not None and not _Told.lines_begun:
        raise ToldToEnd(_Told.code)


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Bring back the handlers of signals after the ``with`` block, if that has changed them.

    A signal inside the block waits for its end.
    """
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS) if CAN_BLOCK else set()
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        if CAN_BLOCK:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
