"""How far adjacent windows of time have been read, as several threads tell."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tap_mux.reading.progress import Progress
from tap_mux.reading.windows import Window


class SlowWindow(Window):
    """A window that takes long to look up, so that threads come between."""

    def __hash__(self) -> int:
        """Return a hash, after a moment."""
        time.sleep(0.002)
        return hash((self.start, self.end))


def test_the_earliest_moment_counts_that_any_thread_has_left_unread() -> None:
    for _ in range(5):
        progress, window = Progress(), SlowWindow(0, 100)
        moments = [50, 40, 30, 20, 10, 90, 80, 70]
        with ThreadPoolExecutor(len(moments)) as threads:
            list(threads.map(partial(progress.leave_unread, window), moments))
        assert progress.reached(window) == 10
