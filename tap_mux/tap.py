"""The tap: its settings, its catalog and its streams."""

from __future__ import annotations

import copy
import os
import re
import sys
from contextlib import suppress
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, cast

from dotenv import load_dotenv
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import Catalog, StateMessage

from tap_mux import clock
from tap_mux.api.errors import APIError, MuxError
from tap_mux.ending import ToldToEnd, handlers_kept
from tap_mux.records.writer import BatchWriter, OutputError
from tap_mux.run.advice import warn_of_catalog, warn_of_range, warn_of_state
from tap_mux.run.catalog import bring_up_to_date
from tap_mux.run.environments import Environments
from tap_mux.run.lanes import lanes_of, read_one_by_one, read_side_by_side
from tap_mux.run.outcome import Outcome
from tap_mux.run.progress import Progress
from tap_mux.settings.settings import SETTINGS
from tap_mux.settings.suggestion import suggestion
from tap_mux.settings.validation import validation_errors
from tap_mux.settings.variables import settings_in
from tap_mux.streams import ALL_STREAMS
from tap_mux.streams.naming import naming_errors

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_mux.api.environment import Environment
    from tap_mux.streams.base import MuxStream

# The SDK's sentence mostly begins with the value, which may be or hold a credential.
_PLACE = re.compile(r"(?P<what>.+) in config\[(?P<path>.+)\]", re.DOTALL)
_ABOUT_NAMES = re.compile(r"'\w+' is a required property|Additional properties are not allowed .+")
_BEHIND_VALUE = re.compile(r".* (is (not of type|not one of|less than|greater than) .+)", re.DOTALL)


class TapMux(Tap):
    """Video infrastructure and video analytics from Mux (Mux Video and Mux Data)."""

    name = "tap-mux"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS.to_dict()
    message_writer_class = BatchWriter
    # Without BATCH, which ignores selection and stream maps.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(
        self,
        *,
        config: dict[str, Any] | None = None,
        parse_env_config: bool = False,
        validate_config: bool = True,
        needs_token: bool = True,
        **kwargs: Any,
    ) -> None:
        """Take the settings.

        Args:
            config: The settings; null is the same as not set.
            parse_env_config: Whether environment variables may have settings, too.
            validate_config: Whether to refuse settings that a run cannot work with.
            needs_token: Whether the access token may not be missing.
            kwargs: As the SDK's.

        Raises:
            ConfigValidationError: The settings have errors.
        """
        self._is_last_state_written = False
        given = {name: value for name, value in (config or {}).items() if value is not None}
        schema = copy.deepcopy(self.config_jsonschema)
        self.append_builtin_config(schema)
        if parse_env_config:
            load_dotenv()  # as the SDK does
            found, wrong = settings_in(os.environ, schema["properties"])
            if wrong and validate_config:
                raise _validation_error(wrong)
            given |= found
        try:
            # The SDK's handlers of signals end the program as if it were complete.
            with handlers_kept():
                super().__init__(config=given, validate_config=validate_config, **kwargs)
        except ConfigValidationError as error:
            raise _validation_error(map(_without_value, error.errors)) from None
        if validate_config:
            errors = validation_errors(self.config, needs_token=needs_token)
            if wrong := [*errors, *naming_errors(self.config)]:
                raise _validation_error(wrong)
            for name in sorted(self.config.keys() - schema["properties"].keys()):
                hint = suggestion(name, schema["properties"])
                self.logger.warning("Unknown setting, ignored: %s%s", name, hint)

    @cached_property
    @override
    def initialized_at(self) -> int:
        """When the run began, in epoch milliseconds."""
        return int(clock.epoch_now() * 1000)

    @cached_property
    def environments(self) -> Environments:
        """The Mux environments that the settings name."""
        return Environments(self.config, self.outcome)

    @cached_property
    def outcome(self) -> Outcome:
        """What could not be read so far."""
        return Outcome()

    @override
    def discover_streams(self) -> list[MuxStream]:
        """Make all streams, for the first of the environments. No request is sent."""
        return [stream(self, self.environments.all[0]) for stream in ALL_STREAMS]

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Take over the state of the last run.

        Args:
            state: As a run of this tap wrote it; also as the whole STATE message, or as Meltano
                keeps it.

        Raises:
            MuxError: It is not.
        """
        try:
            state = _unwrapped(state)
            for name, bookmark in state.get("bookmarks", {}).items():
                contexts = []
                for partition in bookmark.get("partitions", ()):
                    context = dict(partition["context"])
                    if context in contexts:
                        text = f"The state of {name} has a partition twice. Fix or delete it"
                        raise MuxError(text)
                    contexts.append(context)
                    # The run that these are of did not end, so they say nothing.
                    partition.pop("progress_markers", None)
                bookmark.pop("progress_markers", None)
        except (AttributeError, KeyError, TypeError, ValueError):
            text = "The state is not one that this tap has written. Fix or delete it"
            raise MuxError(text) from None
        warn_of_state(state, [stream.name for stream in ALL_STREAMS])
        super().load_state(state)

    @override
    def setup_mapper(self) -> None:
        """Prepare stream maps; the catalog may be from before the settings were changed."""
        if self.input_catalog:
            is_one_of_many = self.environments.all[0].is_one_of_many
            for stream in ALL_STREAMS:
                if entry := self.input_catalog.get_stream(stream.name):
                    bring_up_to_date(entry, stream, self.config, is_one_of_many=is_one_of_many)
        # Tap's own method gives streams that are not selected a schema without fields, which no
        # map fits.
        super(Tap, self).setup_mapper()
        selected = Catalog()
        for name, entry in self.catalog.items():
            if entry.metadata.resolve_selection()[()]:
                selected[name] = entry
            else:
                self.mapper.register_raw_stream_schema(
                    name, entry.schema.to_dict(), entry.key_properties
                )
        self.mapper.register_raw_streams_from_catalog(selected)

    # The SDK marks sync_all as final. Its loop takes one record after the other from a stream and
    # looks up for each how it is written, which costs more than all else together. And it knows
    # streams of one environment only.
    @override  # type: ignore[misc]
    def sync_all(self) -> None:
        """Read all selected streams.

        Raises:
            MuxError: No environment can be read, a stream failed, a stream is not available and
                that counts as a failure, or Mux refused every request.
        """
        # Each token is tried before the first message.
        self.environments.raise_if_unnamed(self.state.get("bookmarks", {}))
        if self.state:
            self.state_writer.write_state(self.state)
        selected = [stream for stream in self.streams.values() if stream.selected]
        rest = [name for name, stream in self.streams.items() if not stream.selected]
        self.logger.debug("Not selected: %s", ", ".join(rest))
        tables = [self._in_each_environment(cast("MuxStream", stream)) for stream in selected]
        warn_of_catalog(self.input_catalog or (), self.streams)
        warn_of_range(self.config, list(chain(*tables)))
        self.environments.warn_of_removed(
            self.state.get("bookmarks", {}),
            [streams[0].name for streams in tables if streams[0].table_version is not None],
        )
        lanes = lanes_of(
            tables,
            self.outcome,
            may_delete=self.environments.are_all_readable,
        )
        read = read_one_by_one if self.config["max_concurrency"] == 1 else read_side_by_side
        readings = [reading for lane in lanes for reading in lane.readings]
        with Progress(readings, self.outcome).told(self.config["progress_seconds"]):
            try:
                read(lanes)
            except ToldToEnd:
                self.write_last_state()  # before the table: the log may be blocked
                raise
        self._raise_for_failures([stream.label for stream in chain(*tables)])

    def write_last_state(self) -> None:
        """Write the state of a run that is told to end, after all records, and only once.

        If the target is gone, nothing is written.
        """
        if not self._is_last_state_written:
            self._is_last_state_written = True
            with suppress(OutputError):
                self.message_writer.write_message(StateMessage(value=self.state))

    def probe(self, name: str | None = None) -> Iterator[str]:
        """Try streams with the smallest request.

        Args:
            name: The stream to try; None for all.

        Yields:
            A line for each stream and environment: whether it can be read, or why not.

        Raises:
            MuxError: As ``sync_all`` does; or there is no such stream.
        """
        if name is not None and name not in self.streams:
            hint = suggestion(name, self.streams)
            text = f"--test names a stream that does not exist: {name}{hint}"
            raise MuxError(text)
        _ = self.environments.readable
        tried = []
        for discovered in [self.streams[name]] if name else self.streams.values():
            for stream in self._in_each_environment(cast("MuxStream", discovered)):
                answer = "available"
                tried.append(stream.label)
                try:
                    stream.probe()
                except MuxError as error:
                    answer = f"failed: {error}"
                    noted = self.outcome.failed
                    if isinstance(error, APIError) and error.is_unavailable:
                        needs = f"It needs the permission {stream.permission}"
                        answer = f"not available: {error}. {needs}"
                        noted = self.outcome.unavailable
                    noted[stream.label] = str(error)
                yield f"{stream.label}: {answer}"
        self._raise_for_failures(tried)

    def _raise_for_failures(self, tried: list[str]) -> None:
        self.outcome.raise_for_failures(fail_on_unavailable=self.config["fail_on_unavailable"])
        self.environments.raise_if_nothing_answered(tried)

    def _in_each_environment(self, stream: MuxStream) -> list[MuxStream]:
        """Return a stream of the catalog as an object for each environment that can be read."""
        return [
            stream if environment is stream.environment else self._copy(stream, environment)
            for environment in self.environments.readable
        ]

    def _copy(self, stream: MuxStream, environment: Environment) -> MuxStream:
        copy = type(stream)(self, environment)
        if self.input_catalog:
            copy.apply_catalog(self.input_catalog)
        copy.metadata.update(stream.metadata)
        return copy


def _unwrapped(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state in a STATE message, or in what Meltano keeps around it."""
    for name in ("completed", "singer_state", "value"):
        if "bookmarks" not in state and state.get(name):
            state = state[name]
    return state


def _validation_error(errors: Iterable[str]) -> ConfigValidationError:
    return ConfigValidationError(
        "Config validation failed", errors=list(errors), schema=TapMux.config_jsonschema
    )


def _without_value(error: str) -> str:
    """Word an error of the SDK without the value, which may be a credential."""
    found = _PLACE.fullmatch(error)
    if not found or _ABOUT_NAMES.fullmatch(found["what"]):
        return error
    path = [part.strip("'") for part in found["path"].split("][")]
    if path[-1] in {"token_id", "token_secret"}:
        return f"{path[-1]} has to be text"
    behind = _BEHIND_VALUE.fullmatch(found["what"])
    return f"{'.'.join(path)} {behind[1] if behind else 'has the wrong form'}"
