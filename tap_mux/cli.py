"""How a run is started and how it ends: files read, errors in one line, ``--test``, exit code."""

from __future__ import annotations

import gc
import json
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

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
    import logging
    from collections.abc import Iterator


class CommandLine(TapMux):
    """The tap as a program."""

    __doc__ = TapMux.__doc__  # printed by --about

    @classmethod
    @override
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Run the tap. An error that the user can act on is one line, and the exit code is 1.

        Args:
            about: Whether only to describe the tap.
            about_format: How to describe it.
            config: What the command line gave as settings.
            state: The state of the last run.
            catalog: What to read.
        """
        if about:
            with _errors_in_one_line(cls.logger), output_errors():
                cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        with _errors_in_one_line(cls.logger):
            tap: CommandLine | None = None
            try:
                with signals_wait():  # what follows knows the state, if there is one
                    tap = cls(
                        config=config.config if config else None,
                        parse_env_config=bool(config and config.parse_env),
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
    def cb_discover(
        cls,
        ctx: click.Context,
        param: click.Option,
        value: bool,
    ) -> None:
        """Print the catalog.

        Args:
            ctx: The context of the command line.
            param: The option ``--discover``.
            value: Whether to print it.
        """
        if value:
            with _errors_in_one_line(cls.logger), output_errors():
                super().cb_discover(ctx, param, value)

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Print for each stream whether it can be read, or why not.

        Args:
            ctx: The context of the command line.
            param: The option ``--test``.
            value: What to test.
        """
        if value != CliTestOptionValue.All.value:
            with _errors_in_one_line(cls.logger):
                super().cb_test(ctx, param, value)
            return
        settings = ctx.params["config"]
        with _errors_in_one_line(cls.logger):
            tap = cls(config=settings.config, parse_env_config=settings.parse_env)
            for line in tap.probe_all():
                with output_errors():
                    click.echo(line)
        ctx.exit()


def _read_json(file: IO[str], what: str) -> dict[str, Any]:
    """Read a file that the command line names.

    Raises:
        MuxError: It is no JSON object.
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
        MuxError: It is no catalog.
    """
    content = _read_json(file, "catalog")
    try:
        for stream in content["streams"]:
            for entry in stream["metadata"]:
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


@contextmanager
def _errors_in_one_line(logger: logging.Logger) -> Iterator[None]:
    """End the program with one line about an error that the user can act on."""
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
    except OutputError as error:
        logger.error("%s", error)  # noqa: TRY400 - as above
        sys.exit(1)
