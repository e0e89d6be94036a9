"""The tap: its settings, its streams, and how a run begins and ends."""

from __future__ import annotations

import gc
import json
import os
import re
import sys
from contextlib import contextmanager
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

import click
from singer_sdk import Tap
from singer_sdk.exceptions import (
    ConfigValidationError,
    MapExpressionError,
    StreamMapConfigError,
)
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import Catalog, CatalogEntry, Schema
from singer_sdk.tap_base import CliTestOptionValue

from tap_mux import schemas
from tap_mux.api.environment import Environments
from tap_mux.api.errors import MuxError
from tap_mux.records.writer import BatchWriter, held_back
from tap_mux.run.outcome import Outcome
from tap_mux.settings.settings import SETTINGS, mistakes
from tap_mux.settings.words import nearest
from tap_mux.streams import ALL_STREAMS

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping

    from tap_mux.streams.base import MuxStream

# The SDK's sentence begins with the value, which may be or hold a credential.
_WRONG_TYPE = re.compile(r".* (?P<what>is not of type .+) in config\[(?P<path>.+)\]", re.DOTALL)


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
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(
        self, *, config: dict[str, Any] | None = None, validate_config: bool = True, **kwargs: Any
    ) -> None:
        """Take the settings; nothing is asked of Mux yet.

        Args:
            config: The settings; null is the same as not set.
            validate_config: Whether to refuse settings that a run cannot work with.
            kwargs: As the SDK's.

        Raises:
            ConfigValidationError: The settings have mistakes.
        """
        given = {name: value for name, value in (config or {}).items() if value is not None}
        try:
            with held_back():  # what the SDK does then writes the state, which is yet to be read
                super().__init__(config=given, validate_config=validate_config, **kwargs)
        except ConfigValidationError as error:
            raise _refusal(_worded(text) for text in error.errors) from None
        if validate_config:
            if found := [*mistakes(self.config), *_mistaken_parameters(self.config)]:
                raise _refusal(found)
            for name in sorted(self.config.keys() - self.config_jsonschema["properties"].keys()):
                self.logger.warning("Unknown setting, ignored: %s", name)

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over the state of the last run.

        Args:
            state: As a run of this tap wrote it.

        Raises:
            MuxError: It is not.
        """
        try:
            for bookmark in state.get("bookmarks", {}).values():
                for partition in bookmark.get("partitions", ()):
                    dict(partition["context"])
        except (AttributeError, KeyError, TypeError, ValueError):
            text = "The state is not one that this tap has written. Mend or remove it"
            raise MuxError(text) from None
        super().load_state(state)

    def discover_streams(self) -> list[MuxStream]:
        """Make all streams; nothing is asked of Mux yet."""
        return [stream(self, self.environments, self.outcome) for stream in ALL_STREAMS]

    @cached_property
    def outcome(self) -> Outcome:
        """What could not be read so far."""
        return Outcome()

    def conclude(self) -> None:
        """Say what could not be read, when all has been tried.

        Raises:
            MuxError: A stream failed, or one is not available and that is to count as a failure.
        """
        problems = [f"{name} failed: {why}" for name, why in self.outcome.failed.items()]
        if skipped := ", ".join(self.outcome.unavailable):
            self.logger.warning("Skipped, since not available to this access token: %s", skipped)
            if self.config["fail_on_unavailable"]:
                problems.insert(0, f"Not available: {skipped}")
        if problems:
            raise MuxError("; ".join(problems))

    def setup_mapper(self) -> None:
        """Prepare stream maps; the catalog may be from before the settings were changed."""
        if self.input_catalog:
            for stream in ALL_STREAMS:
                if entry := self.input_catalog.get_stream(stream.name):
                    self._bring_up_to_date(entry, stream)
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

    def _bring_up_to_date(self, entry: CatalogEntry, stream: type[MuxStream]) -> None:
        """Leave out credentials, and tell environments apart, if the settings say so."""
        if not self.config.get("include_credentials"):
            hidden = schemas.credentials(schemas.read(entry.tap_stream_id))
            entry.schema = Schema.from_dict(schemas.without(entry.schema.to_dict(), hidden))
        if self.environments.are_many and stream.ids_repeat and entry.key_properties:
            entry.key_properties = list(dict.fromkeys((*entry.key_properties, "environment_id")))

    @cached_property
    def environments(self) -> Environments:
        """The Mux environments that the settings name."""
        return Environments(self.config, self.outcome)

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Run the tap; what goes wrong in a way that the user can act on is one line.

        The SDK's method written anew, since the access token is tried before the first message.

        Args:
            about: Whether only to describe the tap.
            about_format: How to describe it.
            config: What the command line gave as settings.
            state: The state of the last run.
            catalog: What to read.
        """
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        with _readable_errors(cls.logger):
            tap = cls(
                config=config.config if config else None,
                parse_env_config=bool(config and config.parse_env),
                state=_read_json(state, "state") if state else None,
                catalog=_read_catalog(catalog) if catalog else None,
            )
            _ = tap.environments.readable
            # What has been imported stays: garbage collection, which many records cause, need not
            # look through it each time.
            gc.freeze()
            tap.sync_all()
            tap.conclude()

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Say for each stream whether it can be read, or why not.

        Args:
            ctx: The command line's context.
            param: The option ``--test``.
            value: What to test.
        """
        if value != CliTestOptionValue.All.value:
            with _readable_errors(cls.logger):
                super().cb_test(ctx, param, value)
            return
        settings = ctx.params["config"]
        with _readable_errors(cls.logger):
            tap = cls(config=settings.config, parse_env_config=settings.parse_env)
            tap.report()
        ctx.exit()

    def report(self) -> None:
        """Try each stream with one request, and print whether it can be read.

        Raises:
            MuxError: As ``conclude`` does.
        """
        _ = self.environments.readable
        for stream in self.streams.values():
            for line in cast("MuxStream", stream).report():
                click.echo(line)
        self.conclude()


def _read_json(file: IO[str], what: str) -> dict[str, Any]:
    """Read a file that the command line names.

    Raises:
        MuxError: It holds something else.
    """
    try:
        content = json.load(file)
    except ValueError as error:
        text = f"The file with the {what} is no JSON: {error}"
        raise MuxError(text) from None
    if not isinstance(content, dict):
        text = f"The file with the {what} is no JSON object"
        raise MuxError(text)
    return content


def _read_catalog(file: IO[str]) -> Catalog:
    """Read the catalog that the command line names.

    Raises:
        MuxError: It holds something else.
    """
    content = _read_json(file, "catalog")
    try:
        for stream in content["streams"]:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    # Singer's way to choose, which the SDK overlooks.
                    chosen = entry["metadata"]
                    names = ("replication-method", "replication-key")
                    stream |= {
                        name.replace("-", "_"): chosen[name] for name in names if name in chosen
                    }
        return Catalog.from_dict(content)
    except (AttributeError, KeyError, TypeError, ValueError):
        text = "The file with the catalog is not what --discover prints"
        raise MuxError(text) from None


def _mistaken_parameters(config: Mapping[str, Any]) -> Iterator[str]:
    """Say which of the stream_params no endpoint takes."""
    parameters = {stream.name: stream.parameters for stream in ALL_STREAMS}
    for name, query in config.get("stream_params", {}).items():
        if name not in parameters:
            yield f"stream_params names a stream that does not exist: {nearest(name, parameters)}"
        elif wrong := sorted(query.keys() - parameters[name]):
            takes = ", ".join(sorted(parameters[name])) or "none"
            yield f"stream_params of {name} cannot have {', '.join(wrong)}; it takes {takes}"


def _refusal(errors: Iterable[str]) -> ConfigValidationError:
    return ConfigValidationError(
        "Config validation failed", errors=list(errors), schema=TapMux.config_jsonschema
    )


def _worded(error: str) -> str:
    """Say what is wrong with a setting in words that help and that hold no credential."""
    found = _WRONG_TYPE.fullmatch(error)
    if not found:
        return error
    path = [part.strip("'") for part in found["path"].split("][")]
    if path[-1] in {"token_id", "token_secret"}:
        return f"{path[-1]} has to be text"
    return f"{'.'.join(path)} {found['what']}"


@contextmanager
def _readable_errors(logger: logging.Logger) -> Iterator[None]:
    """End the program with one line on what went wrong, where the user can act on it."""
    try:
        yield
    except ConfigValidationError as error:
        hint = ""
        if any(text.startswith("token_") for text in error.errors):
            hint = ". An access token is made in the Mux dashboard, under Settings, Access Tokens"
        logger.error("The settings cannot be used: %s%s", "; ".join(error.errors), hint)  # noqa: TRY400
        sys.exit(1)
    except (MapExpressionError, StreamMapConfigError) as error:
        logger.error("The setting stream_maps cannot be used: %s", error)  # noqa: TRY400
        sys.exit(1)
    except MuxError as error:
        logger.error("%s", error)  # noqa: TRY400 - the sentence says it all
        sys.exit(1)
    except BrokenPipeError:
        logger.error("The target stopped reading; its own log says why")  # noqa: TRY400
        # Python flushes stdout once more when it exits: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
