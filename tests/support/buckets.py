"""One bucket of the tap in virtual time, and requests to it that are answered at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux.api.rate_limit import RateLimiter

if TYPE_CHECKING:
    from tap_mux.api.rate_limit import Bucket
    from tests.support.virtual import VirtualClock

PATH = "/video/v1/assets"


def wanted() -> bool:
    """Tell that a request is not cancelled."""
    return False


def bucket_of(clock: VirtualClock, reserve: float = 0, path: str = PATH) -> Bucket:
    """Make one bucket."""
    return RateLimiter(reserve=reserve, max_per_second=None, clock=clock).bucket(path)


def answered(clock: VirtualClock, bucket: Bucket, headers: dict[str, str]) -> None:
    """Send a request that is answered at once."""

    def ask() -> None:
        permit = bucket.acquire(wanted)
        assert permit is not None
        bucket.on_response(permit, headers)

    clock.run(ask)


def sent_at_once(clock: VirtualClock, bucket: Bucket) -> int:
    """Count the requests that may be sent at this moment."""
    sent = []

    def send() -> None:
        end = clock.now()
        while bucket.acquire(lambda: clock.now() > end):
            sent.append(clock.now())

    clock.run(send)
    return len(sent)
