"""How long requests have waited for a bucket, for those who watch a run."""

from __future__ import annotations

from typing import NamedTuple


class Waiting(NamedTuple):
    """How requests wait for a bucket."""

    seconds: float
    """For so long, each request has had to wait; 0 if the last one was sent at once."""

    is_shared: bool
    """Whether another program seems to take from the bucket, too."""
