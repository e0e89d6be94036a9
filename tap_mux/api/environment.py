"""Mux environments: what each access token opens, and what it is called.

A stream is given its environment, so that nothing about a token is global.
"""

from __future__ import annotations

import logging
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tap_mux.api.client import MuxClient
from tap_mux.api.errors import APIError, MuxError, UnexpectedAnswerError, UnreachableError
from tap_mux.api.rate_limit import Pacer
from tap_mux.api.workers import Fetcher
from tap_mux.settings.settings import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_mux.run.outcome import Outcome

logger = logging.getLogger(__name__)


class Environment:
    """The environment that an access token belongs to."""

    def __init__(self, config: Mapping[str, Any], access: Mapping[str, str]) -> None:
        """Take the settings; nothing is read from them or asked of Mux yet.

        Args:
            config: The tap's settings.
            access: The access token: ``token_id``, ``token_secret``, and the environment's ``name``
                where the settings give it one.
        """
        self._config = config
        self._access = access
        self.name = access.get("name")

    @cached_property
    def client(self) -> MuxClient:
        """Asks Mux, with the environment's access token."""
        return MuxClient(
            api_url=self._config["api_url"],
            token_id=self._access["token_id"],
            token_secret=self._access["token_secret"],
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


class Environments:
    """All environments that the settings name."""

    def __init__(self, config: Mapping[str, Any], outcome: Outcome) -> None:
        """Take the settings; nothing is asked of Mux yet.

        Args:
            config: The tap's settings.
            outcome: Takes note of environments that cannot be read.
        """
        self._outcome = outcome
        self.are_many = bool(config.get("environments"))
        self._all = [
            Environment(config, access) for access in config.get("environments") or [config]
        ]

    @cached_property
    def readable(self) -> dict[str | None, Environment]:
        """Those whose access token works, by ID; each token is tried once.

        Raises:
            MuxError: None can be read.
        """
        if not self.are_many:
            (environment,) = self._all
            return {environment.id: environment}
        found: dict[str | None, Environment] = {}
        failed: dict[str, str] = {}
        for environment in self._all:
            try:
                if environment.id is None:
                    text = "Mux did not name it, so its rows could not be told from others"
                    raise UnexpectedAnswerError(text)
                if same := found.get(environment.id):
                    text = f"Its access token opens the same environment as that of {same.name}"
                    raise MuxError(text)  # noqa: TRY301 - noted like the others
            except MuxError as error:
                logger.error("The environment %s cannot be read: %s", environment.name, error)  # noqa: TRY400 - the sentence says it all
                failed[f"environment {environment.name}"] = str(error)
            else:
                found[environment.id] = environment
        self._outcome.failed |= failed
        if not found:
            raise MuxError("; ".join(f"{name} failed: {why}" for name, why in failed.items()))
        return found

    @property
    def are_all_readable(self) -> bool:
        """Whether all access tokens work."""
        return len(self.readable) == len(self._all)
