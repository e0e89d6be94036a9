"""The Mux environments that the settings name. Each access token is tried once."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_mux.api.environment import Environment
from tap_mux.api.errors import MuxError, UnexpectedAnswerError
from tap_mux.api.mux_clock import MuxClock
from tap_mux.api.workers import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from tap_mux.run.outcome import Outcome

logger = logging.getLogger(__name__)

_ask_whoami: Callable[[Environment], dict[str, Any]] = vars(Environment)["whoami"].func
"""Asks without a lock: in Python 3.11, a cached_property has one lock for all objects."""


class Environments:
    """All environments that the settings name."""

    def __init__(self, config: Mapping[str, Any], outcome: Outcome) -> None:
        """Take the settings.

        Args:
            config: The tap's settings.
            outcome: Takes note of environments that cannot be read.
        """
        self._outcome = outcome
        self._max_concurrency = config["max_concurrency"]
        accesses = config.get("environments")
        if accesses:
            mux_clock = MuxClock()  # one for all, so that a clock that is off is told once
            self.all = [
                Environment(config, access, access.get("name", ""), mux_clock)
                for access in accesses
            ]
        else:
            self.all = [Environment(config, config)]

    @cached_property
    def readable(self) -> list[Environment]:
        """The environments whose access token works. Each token is tried once.

        Raises:
            MuxError: No environment can be read.
        """
        first = self.all[0]
        if not first.is_one_of_many:
            _ = first.id
            return [first]
        found: dict[str, Environment] = {}
        failed: dict[str, str] = {}
        workers = WorkerPool(self._max_concurrency)
        answers = [workers.submit(_ask_whoami, environment) for environment in self.all]
        for environment, answer in zip(self.all, answers, strict=True):
            try:
                environment.whoami = answer.result()
                if environment.id is None:
                    text = "Mux did not name it, so its records could not be told from others"
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
        return list(found.values())

    @property
    def are_all_readable(self) -> bool:
        """Whether all access tokens work."""
        return len(self.readable) == len(self.all)

    def raise_if_unnamed(self, bookmarks: Mapping[str, Any]) -> None:
        """Raise an error if Mux did not name the environment of which the state has bookmarks.

        Else all would be read from the beginning, and environment_id would become null in rows that
        had it.

        Args:
            bookmarks: What the state has of each stream.

        Raises:
            MuxError: It did not.
        """
        named = {
            environment_id
            for each in bookmarks.values()
            for partition in each.get("partitions", ())
            if (environment_id := partition["context"].get("environment_id"))
        }
        if named and [environment.id for environment in self.readable] == [None]:
            text = (
                "Mux did not say which environment this is, so the state, which is of "
                f"{', '.join(sorted(named))}, cannot be used. Run the tap again; if it stays so, "
                "run it without the state"
            )
            raise MuxError(text)

    def raise_if_nothing_answered(self, streams: Collection[str]) -> None:
        """Raise an error if Mux has refused all requests, even the one for the environment.

        Then nothing tells whether it was Mux that answered, so the run must not pass for complete.

        Args:
            streams: All streams that were tried.

        Raises:
            MuxError: It has.
        """
        are_unavailable = bool(streams) and self._outcome.unavailable.keys() >= {*streams}
        if are_unavailable and [environment.id for environment in self.readable] == [None]:
            text = (
                "No stream is available, and Mux did not say which environment this is. Check "
                "api_url, and the permissions of the access token"
            )
            raise MuxError(text)

    def warn_of_removed(self, bookmarks: Mapping[str, Any], tables: Iterable[str]) -> None:
        """Warn of environments whose rows loaders delete, since they are not read any more.

        Args:
            bookmarks: What the state has of each stream.
            tables: The streams of which loaders delete what is no longer listed.
        """
        if not self.are_all_readable:
            return  # no rows are deleted
        removed: dict[str, list[str]] = {}
        for table in tables:
            for partition in bookmarks.get(table, {}).get("partitions", ()):
                if environment_id := partition["context"].get("environment_id"):
                    removed.setdefault(environment_id, []).append(table)
        for environment in self.readable:
            removed.pop(environment.id or "", None)
        for environment_id, names in removed.items():
            logger.warning(
                "The environment %s is in the state, but is not read any more: loaders delete its "
                "rows of %s. To keep them, set emit_activate_version_messages to false, or add its "
                "access token again; if they may go, delete its partitions from the state",
                environment_id,
                ", ".join(names),
            )
