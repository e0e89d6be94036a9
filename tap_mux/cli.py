"""How a run is started and how it ends: files read, errors in one line, ``--test``, exit code."""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import (
    ConfigValidationError,
    MapExpressionError,
    StreamMapConfigError,
)
from singer_sdk.singerlib import Catalog
from singer_sdk.tap_base import CliTestOptionValue

from tap_mux.api.errors import MuxError
from tap_mux.ending import ToldToEnd, signals_wait
from tap_mux.records.writer import OutputError, output_errors
from tap_mux.tap import TapMux

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TEST_HELP = (
    "Try each stream with the smallest request, or one stream (--test=assets). --test=schema "
    "prints the SCHEMA messages instead."
)


def main() -> None:
    """Run the tap by the command line; an error that users can act on is one line."""
    for name in ("TAP_MUX_LOGLEVEL", "LOGLEVEL"):
        if os.environ.get(name, "INFO").upper() not in {"", *logging.getLevelNamesMapping()}:
            click.echo(f"{name} has to be DEBUG, INFO, WARNING or ERROR", err=True)
            sys.exit(1)
    CommandLine.logger.addFilter(_is_no_remark_of_the_sdk)
    with _errors_in_one_line(CommandLine.logger):
        CommandLine.cli()


class ConfigOption:
    """What ``--config`` names: files, which are read only when they are needed, and ``ENV``."""

    def __init__(self, names: Sequence[str]) -> None:
        """Take the values of the option.

        Args:
            names: Names of files, or ``ENV`` for environment variables.
        """
        self._files = [name for name in names if name != "ENV"]
        self.parse_env = "ENV" in names
        """Whether environment variables may have settings."""

    @property
    def config(self) -> dict[str, Any]:
        """The settings in the files; those of a later file replace those of the ones before.

        Raises:
            MuxError: A file has no settings.
        """
        settings: dict[str, Any] = {}
        for name in self._files:
            settings |= _read_json(name, "settings")
        return settings


class CommandLine(TapMux):
    """The tap as a program."""

    __doc__ = TapMux.__doc__  # printed by --about

    @classmethod
    def with_settings(cls, option: ConfigOption, **kwargs: Any) -> CommandLine:
        """Make the tap with the settings of the command line.

        Args:
            option: What ``--config`` names.
            kwargs: As those of the tap.

        Raises:
            MuxError: The settings have errors.
        """
        try:
            return cls(config=option.config, parse_env_config=option.parse_env, **kwargs)
        except ConfigValidationError as error:
            text = f"The settings cannot be used: {'; '.join(error.errors)}"
            if any(one.startswith("token_") for one in error.errors):
                text += f". {_token_hint(option)}"
            raise MuxError(text) from None

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the command line, with options whose errors are one line."""
        command = super().get_singer_command()
        command.add_help_option = False
        command.params.append(
            click.Option(
                ["--help"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                help="Show this message and exit.",
                callback=_print_help,
            )
        )
        for option in command.params:
            if option.name in {"catalog", "state"}:
                option.type = click.STRING
                option.metavar = "FILENAME"
            if option.name == "test" and isinstance(option, click.Option):
                option.help = _TEST_HELP
        return command

    @classmethod
    @override
    def invoke(  # type: ignore[override]
        cls,
        *,
        config: ConfigOption,
        about: bool = False,
        about_format: str | None = None,
        state: str | None = None,
        catalog: str | None = None,
    ) -> None:
        """Run the tap.

        Args:
            config: What the command line gave as settings.
            about: Whether only to describe the tap.
            about_format: How to describe it.
            state: The file with the state of the last run.
            catalog: The file with what to read.
        """
        if about:
            with output_errors():
                cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        tap: CommandLine | None = None
        try:
            with signals_wait():  # what follows knows the state, if there is one
                tap = cls.with_settings(
                    config,
                    state=_read_json(state, "state") if state else None,
                    catalog=_read_catalog(catalog) if catalog else None,
                )
            _ = tap.environments.readable
            # What has been imported stays. Garbage collection, which many records cause, need
            # not look through it each time.
            gc.freeze()
            tap.sync_all()
        except ToldToEnd:
            if tap:
                tap.write_last_state()
            raise

    @classmethod
    @override
    def cb_version(cls, ctx: click.Context, param: click.Option, value: bool) -> None:
        """Print the version.

        Args:
            ctx: The context of the command line.
            param: The option ``--version``.
            value: Whether to print it.
        """
        with output_errors():
            super().cb_version(ctx, param, value)

    @classmethod
    @override
    def cb_config(  # type: ignore[override]
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> ConfigOption:
        """Return what ``--config`` names.

        Args:
            ctx: The context of the command line.
            param: The option ``--config``.
            value: Its values.
        """
        return ConfigOption(value)

    @classmethod
    @override
    def cb_discover(
        cls,
        ctx: click.Context,
        param: click.Option,
        value: bool,
    ) -> None:
        """Print the catalog. That takes no access token, since no request is sent.

        Args:
            ctx: The context of the command line.
            param: The option ``--discover``.
            value: Whether to print it.
        """
        if value:
            tap = cls.with_settings(ctx.params["config"], needs_token=False)
            with output_errors():
                tap.run_discovery()
            ctx.exit()

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Print for each stream whether it can be read, or why not.

        Args:
            ctx: The context of the command line.
            param: The option ``--test``.
            value: What to test: all, one stream, or the schemas.
        """
        if value == CliTestOptionValue.Disabled.value:
            return
        tap = cls.with_settings(ctx.params["config"])
        if value == CliTestOptionValue.Schema.value:
            tap.write_schemas()
        else:
            for line in tap.probe(None if value == CliTestOptionValue.All.value else value):
                with output_errors():
                    click.echo(line)
        ctx.exit()


def _print_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001
    """Print what ``--help`` prints."""
    if value:
        with output_errors():
            click.echo(ctx.get_help())
        ctx.exit()


def _token_hint(option: ConfigOption) -> str:
    """Return where an access token comes from, or how to read the one that is there."""
    names = ("TAP_MUX_TOKEN_ID", "TAP_MUX_TOKEN_SECRET", "TAP_MUX_ENVIRONMENTS")
    there = [name for name in names if os.environ.get(name)]
    if there and not option.parse_env:
        return f"To read {' and '.join(there)} from the environment, add --config ENV"
    return "An access token is made in the Mux dashboard, under Settings, Access Tokens"


def _read_json(name: str, what: str) -> dict[str, Any]:
    """Read a file that the command line names.

    Args:
        name: The name of the file.
        what: What it has, in a word.

    Raises:
        MuxError: It is no JSON object.
    """
    if name.lstrip().startswith("{"):
        text = f"Give the name of a file with the {what}, not the {what} themselves"
        raise MuxError(text)
    try:
        with click.open_file(name, encoding="utf-8-sig") as file:
            text = file.read()
        if not text.strip():
            text = f"The file with the {what} is empty: {name}"
            raise MuxError(text)
        content = json.loads(text)
    except OSError as error:
        text = f"The file with the {what} cannot be read: {error.strerror}: {name}"
        raise MuxError(text) from None
    except (ValueError, RecursionError) as error:
        text = f"The file with the {what} is no JSON: {error}: {name}"
        if what == "state" and str(error).startswith("Extra data"):  # all that a target printed
            text = f"The file with the state has several values. Keep its last line alone: {name}"
        raise MuxError(text) from None
    if not isinstance(content, dict):
        text = f"The file with the {what} is no JSON object: {name}"
        raise MuxError(text)
    return content


def _read_catalog(name: str) -> Catalog:
    """Read the catalog that the command line names.

    Args:
        name: The name of the file.

    Raises:
        MuxError: It is no catalog.
    """
    content = _read_json(name, "catalog")
    try:
        for stream in content["streams"]:
            for entry in stream.get("metadata", ()):
                if not entry["breadcrumb"]:
                    # The SDK reads the replication method from the stream, not from metadata.
                    chosen = entry["metadata"]
                    names = ("replication-method", "replication-key")
                    stream |= {
                        name.replace("-", "_"): chosen[name] for name in names if name in chosen
                    }
        return Catalog.from_dict(content)
    except (AttributeError, KeyError, TypeError, ValueError):
        text = "The file with the catalog is not what --discover prints"
        raise MuxError(text) from None


def _is_no_remark_of_the_sdk(entry: logging.LogRecord) -> bool:
    """Return whether a line of the log is not that of the SDK about environment variables.

    It says that they are not read, since the tap reads them itself.
    """
    return entry.msg != "Skipping parse of env var settings..."


@contextmanager
def _errors_in_one_line(logger: logging.Logger) -> Iterator[None]:
    """End the program with one line about an error that the user can act on."""
    try:
        yield
    except (MapExpressionError, StreamMapConfigError) as error:
        logger.error("The setting stream_maps cannot be used: %s", error)  # noqa: TRY400
        sys.exit(1)
    except (MuxError, OutputError) as error:
        logger.error("%s", error)  # noqa: TRY400 - the sentence says it all
        sys.exit(1)
