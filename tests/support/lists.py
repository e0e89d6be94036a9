"""Lists that the sandbox serves in pages of chosen sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mux_sandbox import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import Sandbox
    from mux_sandbox.request_log import RequestRecord

PATH = "/system/v1/webhooks"
UPLOADS = "/video/v1/uploads"
ASSETS = "/video/v1/assets"
FAST = {"X-RateLimit-Limit": "10000", "X-RateLimit-Remaining": "10000"}


def serve(sandbox: Sandbox, sizes: list[int], **envelope: Any) -> list[int]:
    """Serve a list with pages of these sizes; return all its records."""
    records = list(range(sum(sizes)))
    rest = iter(records)
    for number, size in enumerate(sizes, 1):
        page = [{"id": next(rest)} for _ in range(size)]
        answer = Answer(200, {"data": page, **envelope}, FAST)
        sandbox.faults.add(asks_for(number, PATH), times=None, action=answer)
    sandbox.faults.add(PATH, times=None, action=Answer(200, {"data": [], **envelope}, FAST))
    return records


def asks_for(page: int, path: str) -> Callable[[RequestRecord], bool]:
    """Match the request for a page."""
    return lambda request: request.path == path and request.param("page") == str(page)
