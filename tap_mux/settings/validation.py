"""The errors in the settings of a user that their schema cannot find."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from tap_mux.settings.loopback import is_private
from tap_mux.settings.metrics import metrics_errors
from tap_mux.settings.settings import moment, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_API_URL = re.compile(
    r"https?://(?P<host>[a-z0-9][a-z0-9._-]*|\[[0-9a-f:.]+\])(:(?P<port>\d{1,5}))?"
    r"(/[\w.~!$&'()*+,;=:%/-]*)?",
    re.ASCII | re.IGNORECASE,
)
_MAX_PORT = 65_535
_MAX_LABEL = 63
"""How long each part of the name of a host may be."""

_BOUNDS = {"rate_limit_reserve": (0, 0.9), "max_requests_per_second": (0.01, 1000)}


def validation_errors(config: Mapping[str, Any], *, needs_token: bool = True) -> Iterator[str]:
    """Yield each error that the schema cannot find, as one sentence.

    None quotes a value that may be a credential in the wrong place.

    Args:
        config: Settings that fit their schema.
        needs_token: Whether an access token may not be missing.
    """
    yield from _token_errors(config, needs_token=needs_token)
    yield from metrics_errors(config)
    yield from _stream_params_errors(config.get("stream_params", {}))
    if "@" in config["api_url"]:
        yield "api_url cannot have a user name, a password or any other @ in it"
    elif not _is_url(config["api_url"]):
        yield "api_url is not an http or https URL, such as https://api.mux.com"
    elif not is_private(config["api_url"]):
        yield "api_url has to begin with https, since others could read the access token"
    for name, (least, most) in _BOUNDS.items():
        try:
            value = number(config, name)
        except ValueError:
            value = math.nan
        if value is not None and not least <= value <= most:
            yield f"{name} is not a number from {least:g} to {most:g}"
    moments = {}
    for name in ("start_date", "end_date"):
        try:
            moments[name] = moment(config, name)
        except ValueError:
            yield (
                f"{name} is neither a date nor a date-time; write it like 2026-01-31 or "
                "2026-01-31T23:59:59Z"
            )
    start, end = moments.get("start_date"), moments.get("end_date")
    if start and end and end <= start:
        yield f"end_date ({config['end_date']}) has to be after start_date ({config['start_date']})"


def _is_url(text: str) -> bool:
    """Return whether a text is a URL that can be asked. If not, the error would quote all of it."""
    found = _API_URL.fullmatch(text)
    return (
        found is not None
        and int(found["port"] or 0) <= _MAX_PORT
        and all(0 < len(label) <= _MAX_LABEL for label in found["host"].rstrip(".").split("."))
    )


def _token_errors(config: Mapping[str, Any], *, needs_token: bool) -> Iterator[str]:
    if "environments" in config:
        yield from _environment_errors(config)
        return
    for name in ("token_id", "token_secret"):
        if name not in config:
            if needs_token:
                yield f"{name} is missing"
        else:
            yield from _text_errors(name, config[name])


def _text_errors(name: str, value: str) -> Iterator[str]:
    if not value.strip():
        yield f"{name} is empty"
    elif value != value.strip():
        yield f"{name} begins or ends with a space or a line break; copy it again"
    elif _has_half_character(value):
        yield f"{name} has half of a character in it; copy it again"


def _has_half_character(text: str) -> bool:
    """Return whether a text cannot be sent, since it was cut within a character."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _environment_errors(config: Mapping[str, Any]) -> Iterator[str]:
    environments = config["environments"]
    if "token_id" in config or "token_secret" in config:
        yield "set environments or token_id and token_secret, not both"
    if not environments:
        yield "environments is empty"
    for nth, environment in enumerate(environments, 1):
        for name, value in environment.items():
            yield from _text_errors(f"{name} of environment {nth}", value)
    for name, times in Counter(environment["name"] for environment in environments).items():
        if times > 1:
            yield f"environments has the name {name!r} more than once"


def _stream_params_errors(stream_params: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for stream, query in stream_params.items():
        for name, value in query.items():
            values = value if isinstance(value, list) else [value]
            if any(isinstance(one, bool) or not isinstance(one, str | int) for one in values):
                yield f"stream_params of {stream}: {name} is not text, a whole number or a list"
