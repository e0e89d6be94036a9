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
    """Refuse a timeframe that Mux no longer keeps."""
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
    """Say that a bucket is empty; this error has its own form."""
    return ApiError(429, {"errors": ["Too many requests, retry later."]})


def made_up(status: int) -> ApiError:
    """Give an error with a status that was asked for."""
    known = too_many_requests()
    if status == known.status:
        return known
    return _typed(status, "made_up", f"The sandbox was told to answer {status} now and then.")


def asset_id_invalid(identifier: str) -> ApiError:
    """Refuse what cannot be the id of an asset."""
    return invalid_parameters(f'Asset id "{identifier}" was invalid')


def still_preparing() -> ApiError:
    """Say that the inputs of an asset are not known yet."""
    return _typed(412, "failed_request", "Asset is still preparing")


def bad_request(message: str) -> ApiError:
    """Refuse a parameter, as usage exports do."""
    return _typed(400, "bad_request", message)


def forbidden(feature: str) -> ApiError:
    """Say that a feature is not switched on."""
    return _typed(403, "forbidden", f"{feature} must first be enabled in the dashboard.")


def no_permission(family: str) -> ApiError:
    """Refuse a part of the API that the access token may not read."""
    return _typed(403, "forbidden", f"This access token has no permission to read {family}.")


def no_usage_exports() -> ApiError:
    """Say that there is no usage export in the timeframe."""
    return _typed(404, "not_found", "No usage export was made for any day of this timeframe.")


def usage_exports_in_work() -> ApiError:
    """Say that a usage export of the timeframe is not ready."""
    message = "A usage export of this timeframe is still being made; ask again later."
    return _typed(412, "precondition_failed", message)
