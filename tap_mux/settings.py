"""The settings, what they mean, and what is wrong with those that a user gave."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SETTINGS = th.PropertiesList(
    th.Property(
        "token_id",
        th.StringType,
        required=True,
        title="Token ID",
        description="ID of the Mux access token.",
    ),
    th.Property(
        "token_secret",
        th.StringType,
        required=True,
        secret=True,
        title="Token Secret",
        description="Secret of the Mux access token.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start Date",
        description=(
            "First view_end to read: a date or a date-time. Without it, views are read from as far "
            "back as Mux keeps them."
        ),
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        title="End Date",
        description=(
            "Where to stop reading, for backfills: a date or a date-time after start_date, itself "
            "not included. Without it, views are read up to now."
        ),
    ),
    th.Property(
        "lookback_seconds",
        th.IntegerType(minimum=0),
        default=7200,
        title="Lookback Seconds",
        description=(
            "How far before its bookmark each incremental run reads again, in seconds: Mux reopens "
            "views for up to an hour, and some arrive late."
        ),
    ),
    th.Property(
        "api_url",
        th.StringType,
        default="https://api.mux.com",
        title="API URL",
        description="Base URL of the Mux API.",
    ),
    th.Property(
        "request_timeout_seconds",
        th.IntegerType(minimum=1),
        default=60,
        title="Request Timeout Seconds",
        description="How long to wait for a connection, and for more of an answer, in seconds.",
    ),
    th.Property(
        "max_attempts",
        th.IntegerType(minimum=1),
        default=8,
        title="Maximum Attempts",
        description="How often one request is tried before its stream fails.",
    ),
    th.Property(
        "include_credentials",
        th.BooleanType,
        default=False,
        title="Include Credentials",
        description=(
            "Whether to load what gives access to something, such as pre-signed URLs. Left out of "
            "schemas and records otherwise."
        ),
    ),
)

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)


def moment(config: Mapping[str, Any], name: str) -> datetime | None:
    """Read a setting that is a date or a date-time; UTC where it names no offset.

    Args:
        config: The settings.
        name: Which of them to read.

    Returns:
        The moment, or None if the setting is not set.

    Raises:
        ValueError: The setting is neither.
    """
    text = config.get(name)
    if text is None:
        return None
    if not _MOMENT.fullmatch(text):
        raise ValueError(text)
    value = datetime.fromisoformat(text)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def mistakes(config: Mapping[str, Any]) -> Iterator[str]:
    """Say what the schema cannot: each mistake in the settings is one sentence.

    Args:
        config: Settings that fit their schema.
    """
    for name in ("token_id", "token_secret"):
        if not config[name].strip():
            yield f"{name} is empty"
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", config["api_url"]):
        yield f"api_url is not an http or https URL: {config['api_url']!r}"
    moments = {}
    for name in ("start_date", "end_date"):
        try:
            moments[name] = moment(config, name)
        except ValueError:
            yield (
                f"{name} is neither a date nor a date-time: {config[name]!r}; write it like "
                "2026-01-31 or 2026-01-31T23:59:59Z"
            )
    start, end = moments.get("start_date"), moments.get("end_date")
    if start and end and end <= start:
        yield f"end_date ({config['end_date']}) has to be after start_date ({config['start_date']})"
