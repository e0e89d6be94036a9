"""Run the stream video_views, and look at its requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from mux_sandbox import Sandbox
    from mux_sandbox.request_log import RequestRecord
    from tests.support.tapping import Output

PATH = "/data/v1/video-views"


def read(sandbox: Sandbox, **more: Any) -> Output:
    """Run only this stream."""
    return run_tap(sandbox, "video_views", **more)


def asked(request: RequestRecord) -> tuple[int, int]:
    """Return the timeframe of a request."""
    start, end = request.params("timeframe[]")
    return int(start), int(end)
