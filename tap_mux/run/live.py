"""Progress on the terminal of a person: lines that change in place, below the log.

It takes ``rich``, which the extra ``progress`` installs. It writes to stderr only.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

UPDATES_PER_SECOND = 2


@contextmanager
def shown_live(lines: Callable[[], Iterable[str]]) -> Iterator[bool]:
    """Show lines inside the ``with`` block, if a person looks at them.

    Args:
        lines: Returns the lines as they are now.

    Yields:
        Whether they are shown.
    """
    if not _is_watched():
        yield False
        return
    try:
        from rich.console import Console  # noqa: PLC0415 - an extra
        from rich.live import Live  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415
    except ImportError:
        yield False
        return
    live = Live(
        console=Console(stderr=True),
        get_renderable=lambda: Text("\n".join(lines()), no_wrap=True, overflow="ellipsis"),
        refresh_per_second=UPDATES_PER_SECOND,
        transient=True,
        redirect_stdout=False,
    )
    plain = sys.stderr
    with live:
        _log_to(sys.stderr, instead_of=plain)  # which now prints above the lines
        try:
            yield True
        finally:
            _log_to(plain, instead_of=sys.stderr)


def _is_watched() -> bool:
    """Return whether a person runs the tap alone: output in a file, log on a terminal."""
    kind = os.fstat(sys.__stdout__.fileno()).st_mode if sys.__stdout__ else stat.S_IFIFO
    is_piped = stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)
    return _is_terminal(sys.stderr) and not _is_terminal(sys.stdout) and not is_piped


def _is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal; one that is closed is None."""
    return stream is not None and stream.isatty()


def _log_to(stream: TextIO, *, instead_of: TextIO) -> None:
    """Let handlers of the log write to another stream.

    Args:
        stream: What they write to from now on.
        instead_of: What those handlers have written to so far.
    """
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is instead_of:
            handler.setStream(stream)
