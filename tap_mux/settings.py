"""The settings, what they mean, and what is wrong with those that a user gave."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The SDK does not turn environment variables into numbers, so such a setting may also be text.
_NUMBER = th.CustomType({"type": ["number", "string"]})

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
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=64),
        default=8,
        title="Maximum Concurrency",
        description="How many requests are under way at once, at most.",
    ),
    th.Property(
        "rate_limit_reserve",
        _NUMBER,
        default=0.1,
        title="Rate Limit Reserve",
        description=(
            "The part of Mux's rate limit, 0 to 0.9, that is left for others: your own production "
            "has the same limit."
        ),
    ),
    th.Property(
        "max_requests_per_second",
        _NUMBER,
        title="Maximum Requests per Second",
        description="A limit on requests a second to each part of the API, whatever Mux allows.",
    ),
    th.Property(
        "fail_on_unavailable",
        th.BooleanType,
        default=False,
        title="Fail on Unavailable",
        description=(
            "Whether a run fails, after all else is done, when the access token or the plan does "
            "not include a selected stream. Such a stream is skipped with a warning otherwise."
        ),
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


_BOUNDS = {"rate_limit_reserve": (0, 0.9), "max_requests_per_second": (0.01, 1000)}


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


def number(config: Mapping[str, Any], name: str) -> float | None:
    """Read a setting that is a number, or text that says one.

    Args:
        config: The settings.
        name: Which of them to read.

    Returns:
        The number, or None if the setting is not set.

    Raises:
        ValueError: The setting is no number.
    """
    value = config.get(name)
    return None if value is None else float(value)


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
    for name, (least, most) in _BOUNDS.items():
        try:
            value = number(config, name)
        except ValueError:
            value = math.nan
        if value is not None and not least <= value <= most:
            yield f"{name} is not a number from {least:g} to {most:g}: {config[name]!r}"
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
