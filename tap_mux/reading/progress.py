"""How far adjacent windows of time have been read to their end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_mux.reading.windows import Window


class Progress:
    """Notes what was left unread. Nothing behind that counts as read without records."""

    def __init__(self) -> None:
        """Start before the first window."""
        self._lock = threading.Lock()
        self._unread: dict[Window, int] = {}
        self._has_gap = False

    def leave_unread(self, window: Window, start: int) -> None:
        """Note that the end of a window has not been read. Workers call this, too.

        Args:
            window: The window.
            start: The first moment that has not been read, in epoch seconds.
        """
        with self._lock:
            self._unread[window] = min(start, self._unread.get(window, start))

    def reached(self, window: Window) -> int | None:
        """Return the moment up to which all has been read after a window; None for no further.

        Args:
            window: The window, which follows the last one.
        """
        if self._has_gap:
            return None
        reached = min(window.end, self._unread.get(window, window.end))
        self._has_gap = reached < window.end
        return reached if reached > window.start else None
