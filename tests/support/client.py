"""A client and a list reader for the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_mux.api.client import MuxClient
from tap_mux.api.mux_clock import MuxClock
from tap_mux.api.rate_limit import RateLimiter
from tap_mux.api.retry import RetryPolicy
from tap_mux.api.workers import WorkerPool
from tap_mux.reading.pagination import Paginator
from tap_mux.reading.stable import StableLists

if TYPE_CHECKING:
    from mux_sandbox import Sandbox


def client_of(sandbox: Sandbox, **more: Any) -> MuxClient:
    """Make a client for the sandbox."""
    settings: dict[str, Any] = {
        "timeout_seconds": 5,
        "max_in_flight": 8,
        "rate_limiter": RateLimiter(reserve=0.1, max_per_second=None),
        "user_agent": "tap-mux/test",
        **more,
    }
    bounds = {
        name: settings.pop(name) for name in ("max_attempts", "max_wait_seconds") if name in more
    }
    policy = retry_policy(rate_limiter=settings["rate_limiter"], **bounds)
    return MuxClient(**sandbox.config | settings, retry_policy=policy, mux_clock=MuxClock())


def retry_policy(
    max_attempts: int = 4, max_wait_seconds: int = 600, rate_limiter: RateLimiter | None = None
) -> RetryPolicy:
    """Make a retry policy."""
    return RetryPolicy(
        max_attempts=max_attempts,
        max_wait_seconds=max_wait_seconds,
        rate_limiter=rate_limiter or RateLimiter(reserve=0, max_per_second=None),
    )


def lists_of(sandbox: Sandbox, *, confirm: bool = False) -> tuple[StableLists, list[str]]:
    """Return a list reader with four workers, and its complaints."""
    complaints: list[str] = []
    paginator = Paginator(client_of(sandbox), WorkerPool(4))
    return StableLists(paginator, confirm=confirm, on_incomplete=complaints.append), complaints
