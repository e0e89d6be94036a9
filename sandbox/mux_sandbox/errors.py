"""The error answers of the API."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A request that is answered with an error status."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        """Keep what to answer."""
        super().__init__(status)
        self.status = status
        self.body = body


def _typed(status: int, kind: str, message: str) -> ApiError:
    return ApiError(status, {"error": {"type": kind, "messages": [message]}})


def invalid_parameters(message: str) -> ApiError:
    """Refuse a parameter that makes no sense."""
    return _typed(400, "invalid_parameters", message)


def invalid_timeframe(message: str) -> ApiError:
    """Refuse a timeframe outside of what is kept."""
    return _typed(400, "invalid_timeframe", message)


def unauthorized() -> ApiError:
    """Refuse the credentials."""
    return _typed(401, "unauthorized", "Unauthorized request")


def not_found() -> ApiError:
    """Say that there is no such path or id."""
    return _typed(404, "not_found", "There is nothing here, or this token may not see it.")


def method_not_allowed() -> ApiError:
    """Say that the path can only be read."""
    return _typed(405, "method_not_allowed", "The sandbox only answers GET requests.")


def too_many_requests() -> ApiError:
    """Say that a bucket is empty; this error has a shape of its own."""
    return ApiError(429, {"errors": ["Too many requests, retry later."]})
