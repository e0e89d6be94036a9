"""The settings: their schema, and how those that are moments or numbers are read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_mux.settings.metrics import DEFAULT_METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

# The SDK does not turn environment variables into numbers, so such a setting may also be text. That
# comes first: Meltano Hub makes the kind decimal of a number, which Meltano cannot write as JSON.
_NUMBER = th.CustomType({"type": ["string", "number"]})

SETTINGS = th.PropertiesList(
    th.Property(
        "token_id",
        th.StringType,
        title="Token ID",
        description="ID of the Mux access token. Required, unless environments is set.",
    ),
    th.Property(
        "token_secret",
        th.StringType,
        secret=True,
        title="Token Secret",
        description="Secret of the Mux access token. Required, unless environments is set.",
    ),
    th.Property(
        "environments",
        th.ArrayType(
            th.ObjectType(
                th.Property("name", th.StringType, required=True),
                th.Property("token_id", th.StringType, required=True),
                th.Property("token_secret", th.StringType, required=True, secret=True),
                additional_properties=False,
            )
        ),
        secret=True,
        title="Environments",
        description=(
            "Several Mux environments to read in one run, each with a name and an access token: "
            "instead of token_id and token_secret."
        ),
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start Date",
        description=(
            "Where incremental streams begin (video_views: first view_end to read): a date or a "
            "date-time. Without it, they begin as far back as Mux keeps data without extra charge."
        ),
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        title="End Date",
        description=(
            "Where to stop reading, for backfills: a date or a date-time after start_date, itself "
            "not included. Without it, all is read up to now."
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
        "lookback_days",
        th.IntegerType(minimum=0),
        default=2,
        title="Lookback Days",
        description=(
            "How far before their bookmarks streams of sums over days and hours, such as metrics "
            "and errors, read again, in days."
        ),
    ),
    th.Property(
        "assets_lookback_days",
        th.IntegerType(minimum=0),
        default=7,
        title="Assets Lookback Days",
        description=(
            "How far before its bookmark the stream assets reads again, in days, if the catalog "
            "makes it incremental."
        ),
    ),
    th.Property(
        "metrics",
        th.ArrayType(
            th.ObjectType(
                th.Property("metric", th.StringType, required=True),
                th.Property("measurement", th.StringType),
                th.Property("group_by", th.ArrayType(th.StringType)),
                th.Property("filters", th.ArrayType(th.StringType)),
                th.Property("metric_filters", th.ArrayType(th.StringType)),
                th.Property("granularity", th.StringType),
                additional_properties=False,
            )
        ),
        default=DEFAULT_METRICS,
        title="Metrics",
        description=(
            "What the metric_ streams read: each item has a metric and, if wanted, measurement, "
            "group_by, filters, metric_filters and granularity (minute, ten_minutes, hour or day)."
        ),
    ),
    th.Property(
        "dimensions",
        th.ArrayType(th.StringType),
        default=["browser", "country", "operating_system", "stream_type", "viewer_device_category"],
        title="Dimensions",
        description="The dimensions whose values the stream dimension_values reads.",
    ),
    th.Property(
        "delivery_usage_granularity",
        th.StringType,
        allowed_values=["day", "hour"],
        default="day",
        title="Delivery Usage Granularity",
        description="How long the UTC windows of the stream delivery_usage are: day or hour.",
    ),
    th.Property(
        "stream_params",
        th.ObjectType(additional_properties=th.ObjectType(additional_properties=True)),
        title="Stream Parameters",
        description=(
            "Query parameters that filter at Mux, by stream, such as "
            '{"video_views": {"filters[]": ["country:US"]}}.'
        ),
    ),
    th.Property(
        "api_url",
        th.StringType,
        default="https://api.mux.com",
        title="API URL",
        description="Base URL of the Mux API: https; http only for this machine (localhost).",
    ),
    th.Property(
        "request_timeout_seconds",
        th.IntegerType(minimum=1, maximum=86_400),
        default=60,
        title="Request Timeout Seconds",
        description="How long to wait for a connection, and for more of an answer, in seconds. An "
        "answer may take four times as long as a whole, or longer at 1,000 bytes a second.",
    ),
    th.Property(
        "max_attempts",
        th.IntegerType(minimum=1),
        default=8,
        title="Maximum Attempts",
        description="How often one request is tried before its stream fails.",
    ),
    th.Property(
        "max_wait_seconds",
        th.IntegerType(minimum=1),
        default=600,
        title="Maximum Wait Seconds",
        description=(
            "How long one request may wait in all after failures and refusals before its stream "
            "fails, in seconds. A wait up to six times as long is obeyed once in a run if Mux asks "
            "for it."
        ),
    ),
    th.Property(
        "progress_seconds",
        th.IntegerType(minimum=0, maximum=86_400),
        default=10,
        title="Progress Seconds",
        description="After how many seconds each the log says how far a run is; 0 for never.",
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=64),
        default=8,
        title="Maximum Concurrency",
        description=(
            "How many requests are under way at once for each environment, at most. With 1, all is "
            "read one after another."
        ),
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
            "not include a selected stream. Such a stream is skipped with a warning otherwise, "
            "unless an earlier run has read it."
        ),
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=False,
        title="Emit `ACTIVATE_VERSION` messages",
        description=(
            "Whether to tell the loader, after a stream that Mux lists whole has been read to its "
            "end, to delete rows that Mux no longer lists."
        ),
    ),
    th.Property(
        "include_credentials",
        th.BooleanType,
        default=False,
        title="Include Credentials",
        description=(
            "Whether to load credentials, such as stream keys and pre-signed URLs. Without it, "
            "schemas and records do not have them, and other URLs lack the parts that may be "
            "credentials."
        ),
    ),
    th.Property(
        "keep_unknown_fields",
        th.BooleanType,
        default=False,
        title="Keep Unknown Fields",
        description=(
            "Whether each stream has a column unknown_fields, an object with the fields that Mux "
            "sends and the tap does not know yet. Without it, they are left out."
        ),
    ),
)

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)


def moment(config: Mapping[str, Any], name: str) -> datetime | None:
    """Return a setting that is a date or a date-time; UTC if it has no offset.

    Args:
        config: The settings.
        name: The name of the setting.

    Returns:
        The moment, or None if the setting is not set.

    Raises:
        ValueError: The setting is neither a date nor a date-time.
    """
    text = config.get(name)
    if text is None:
        return None
    if not _MOMENT.fullmatch(text):
        raise ValueError(text)
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:  # in UTC it lies before the year 1, or after the year 9999
        raise ValueError(text) from None


def number(config: Mapping[str, Any], name: str) -> float | None:
    """Return a setting that is a number, or a text with one.

    Args:
        config: The settings.
        name: The name of the setting.

    Returns:
        The number, or None if the setting is not set.

    Raises:
        ValueError: The setting is no number.
    """
    value = config.get(name)
    return None if value is None else float(value)
