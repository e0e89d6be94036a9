"""One Mux environment: what one access token opens, and what it is called.

A stream is given its environment, so that nothing about a token is global.
"""

from __future__ import annotations

import logging
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tap_mux.client import MuxClient
from tap_mux.errors import APIError, MuxError, UnreachableError
from tap_mux.fetching import Fetcher
from tap_mux.pacing import Pacer
from tap_mux.settings import number

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)


class Environment:
    """The environment that an access token belongs to."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take the settings; nothing is read from them or asked of Mux yet.

        Args:
            config: The tap's settings.
        """
        self._config = config

    @cached_property
    def client(self) -> MuxClient:
        """Asks Mux, with the environment's access token."""
        return MuxClient(
            api_url=self._config["api_url"],
            token_id=self._config["token_id"],
            token_secret=self._config["token_secret"],
            user_agent=f"tap-mux/{version('tap-mux')}",
            timeout_seconds=self._config["request_timeout_seconds"],
            max_attempts=self._config["max_attempts"],
            most_in_flight=self._config["max_concurrency"],
            pacer=Pacer(
                reserve=number(self._config, "rate_limit_reserve") or 0,
                most_per_second=number(self._config, "max_requests_per_second"),
            ),
        )

    @cached_property
    def fetcher(self) -> Fetcher:
        """Asks for several things at a time."""
        return Fetcher(self._config["max_concurrency"])

    @cached_property
    def whoami(self) -> dict[str, Any]:
        """What Mux says of the access token and its environment, asked once.

        Follows https://www.mux.com/docs/api-reference/system/utilities/whoami

        Raises:
            MuxError: Mux does not say.
        """
        answer: dict[str, Any] = self.client.get("/system/v1/whoami", data=dict)["data"]
        return answer

    @cached_property
    def id(self) -> str | None:
        """The environment's ID; None, with a warning, where Mux does not tell.

        Raises:
            APIError: Mux refuses the access token.
            UnreachableError: Nobody is there; other requests would have to wait for that, too.
        """
        try:
            environment_id = self.whoami.get("environment_id")
        except MuxError as error:
            refused = isinstance(error, APIError) and error.is_refused_credential
            if refused or isinstance(error, UnreachableError):
                raise
            logger.warning("environment_id will be null in every record: %s", error)
            return None
        if isinstance(environment_id, str) and environment_id:
            return environment_id
        logger.warning("environment_id will be null in every record: Mux did not name one")
        return None
