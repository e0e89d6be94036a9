"""One access token: the environment that it opens, a client and workers for it."""

from __future__ import annotations

import logging
import threading
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tap_mux.api.client import MuxClient
from tap_mux.api.errors import APIError, MuxError, UnreachableError
from tap_mux.api.mux_clock import MuxClock
from tap_mux.api.rate_limit import RateLimiter
from tap_mux.api.retry import RetryPolicy
from tap_mux.api.workers import WorkerPool
from tap_mux.settings.settings import number

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)


class Environment:
    """The environment that an access token belongs to."""

    def __init__(
        self,
        config: Mapping[str, Any],
        access: Mapping[str, str],
        name: str | None = None,
        mux_clock: MuxClock | None = None,
    ) -> None:
        """Take the settings. They are read when they are needed, since discovery needs none.

        Args:
            config: The tap's settings.
            access: The access token: ``token_id`` and ``token_secret``.
            name: The name that the settings give it; None if they name only one environment.
            mux_clock: The clock of Mux, if it serves other environments, too.
        """
        self._config = config
        self._access = access
        self.name = name
        self.mux_clock = mux_clock or MuxClock()
        """The clock of Mux, as the first answer tells it: that of whoami."""
        self._lock = threading.Lock()
        self._workers: dict[str, WorkerPool] = {}

    @property
    def is_one_of_many(self) -> bool:
        """Whether the settings name several environments."""
        return self.name is not None

    @cached_property
    def client(self) -> MuxClient:
        """Sends requests with the access token."""
        return MuxClient(
            api_url=self._config["api_url"],
            token_id=self._access["token_id"],
            token_secret=self._access["token_secret"],
            user_agent=f"tap-mux/{version('tap-mux')}",
            timeout_seconds=self._config["request_timeout_seconds"],
            max_in_flight=self._config["max_concurrency"],
            rate_limiter=self.rate_limiter,
            retry_policy=self.retry_policy,
            mux_clock=self.mux_clock,
        )

    @cached_property
    def rate_limiter(self) -> RateLimiter:
        """Says when a request may be sent."""
        return RateLimiter(
            reserve=number(self._config, "rate_limit_reserve") or 0,
            max_per_second=number(self._config, "max_requests_per_second"),
        )

    @cached_property
    def retry_policy(self) -> RetryPolicy:
        """Says how often a request is tried, and how long it may wait for that."""
        return RetryPolicy(
            max_attempts=self._config["max_attempts"],
            max_wait_seconds=self._config["max_wait_seconds"],
            rate_limiter=self.rate_limiter,
        )

    def workers(self, lane: str) -> WorkerPool:
        """Return what sends several requests at a time, with threads for each lane.

        A lane that waits for its rate limit must not hold the threads that another one needs. How
        many requests are in flight at once, the client bounds for all lanes together.

        Args:
            lane: The name of the lane.
        """
        with self._lock:
            if lane not in self._workers:
                max_in_flight = self._config["max_concurrency"]
                pool = WorkerPool(max_in_flight, on_cancelled=self.rate_limiter.wake)
                self._workers[lane] = pool
            return self._workers[lane]

    @cached_property
    def whoami(self) -> dict[str, Any]:
        """The answer of Mux about the access token and its environment, from one request.

        Follows https://www.mux.com/docs/api-reference/system/utilities/whoami

        Raises:
            MuxError: The request failed.
        """
        answer: dict[str, Any] = self.client.get("/system/v1/whoami", data=dict)["data"]
        return answer

    @cached_property
    def id(self) -> str | None:
        """The ID of the environment; None, with a warning, if Mux does not give it.

        Raises:
            APIError: Mux refuses the access token.
            UnreachableError: There is no server; no other request could do better.
        """
        try:
            environment_id = self.whoami.get("environment_id")
        except MuxError as error:
            is_refused = isinstance(error, APIError) and error.is_unauthorized
            if is_refused or isinstance(error, UnreachableError):
                raise
            logger.warning("environment_id will be null in every record: %s", error)
            return None
        if isinstance(environment_id, str) and environment_id:
            return environment_id
        logger.warning("environment_id will be null in every record: Mux did not name one")
        return None
