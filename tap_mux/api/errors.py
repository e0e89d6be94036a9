"""What can go wrong with a request to Mux, in one sentence each.

Mux sends errors in five shapes:

    {"error": {"type": "not_found", "messages": ["The requested resource …"]}}
    {"error": {"type": "forbidden", "message": "Robots is not enabled …"}}
    {"error": "a sentence"}
    {"errors": ["Too many requests, retry later."]}
    no JSON at all (the page of a proxy, an empty body)
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec

_RETRIABLE_CLIENT_ERRORS = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_UNAVAILABLE = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.PRECONDITION_FAILED,
    }
)
_MAX_QUOTE = 300
_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: (
        "Check token_id and token_secret: Mux does not accept them for this request"
    ),
    HTTPStatus.FORBIDDEN: "The access token or the plan does not include this resource",
    HTTPStatus.NOT_FOUND: (
        "It does not exist, or the access token or the plan does not include this resource"
    ),
    HTTPStatus.TOO_MANY_REQUESTS: "Other programs may be using up this environment's rate limit",
}


class MuxError(Exception):
    """An error that the user can read and act on; its text is one sentence."""

    @property
    def is_retriable(self) -> bool:
        """Whether the same request may succeed a little later."""
        return False


class CancelledError(MuxError):
    """The answer is no longer wanted. Users do not see this."""


class NoAnswerError(MuxError):
    """Mux could not be reached, or the connection broke before the answer was whole."""

    is_retriable = True


class UnreachableError(NoAnswerError):
    """No connection to Mux could be made."""


class UnexpectedAnswerError(MuxError):
    """Mux answered, but not what its API describes."""

    is_retriable = True


class APIError(MuxError):
    """Mux answered with an error.

    Attributes:
        status: The HTTP status.
        type: Mux's type of the error, such as ``invalid_parameters``; empty if it gave none.
        retry_after: Seconds that Mux asks to wait, or None if it did not say.
    """

    def __init__(
        self, request: str, status: int, body: bytes = b"", retry_after: float | None = None
    ) -> None:
        """Word an error.

        Args:
            request: Method and path of the request, without its query.
            status: The HTTP status of the answer.
            body: The body of the answer.
            retry_after: Seconds that the answer asks to wait, if it does.
        """
        self.status = status
        self.retry_after = retry_after
        self.type, messages = _read(body)
        self._said = " ".join(messages).lower()
        said = ": ".join(part for part in (self.type, "; ".join(messages)) if part)
        text = f"{request} was answered {status} {_phrase(status)}".rstrip()
        if said:
            text += f" ({said})"
        if advice := _ADVICE.get(status):
            text += f". {advice}"
        super().__init__(text)

    @property
    def is_unauthorized(self) -> bool:
        """Whether Mux does not accept the access token."""
        return self.status == HTTPStatus.UNAUTHORIZED

    @property
    def is_unavailable(self) -> bool:
        """Whether the access token or the plan may not include what was asked for."""
        return self.status in _UNAVAILABLE

    @property
    def is_not_found(self) -> bool:
        """Whether what was asked for does not exist, or no longer does."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def is_timeframe_refused(self) -> bool:
        """Whether Mux refused the range of time, mostly because it no longer keeps its start."""
        return self.status == HTTPStatus.BAD_REQUEST and (
            self.type == "invalid_timeframe" or "timeframe" in self._said
        )

    @property
    def is_retriable(self) -> bool:
        """Whether the server is overloaded or failing, or a rate limit was met."""
        is_server_error = self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return is_server_error or self.status in _RETRIABLE_CLIENT_ERRORS

    @property
    def is_rate_limited(self) -> bool:
        """Whether Mux refused the request because there were too many."""
        return self.status == HTTPStatus.TOO_MANY_REQUESTS


class NoneAvailableError(MuxError):
    """Every request for a child returned 404: the endpoint itself is not available."""

    def __init__(self, error: APIError) -> None:
        """Take over the words of one of the errors.

        Args:
            error: The answer to one of the requests.
        """
        super().__init__(str(error))


def _read(body: bytes) -> tuple[str, list[str]]:
    """Read type and messages from an error body of any shape."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", []
    if not isinstance(answer, dict):
        return "", []
    error = answer.get("error", answer)
    if isinstance(error, str):
        return "", _texts(error)
    if not isinstance(error, dict):
        return "", []
    kind = error.get("type")
    messages = error.get("messages") or error.get("message") or error.get("errors")
    return kind if isinstance(kind, str) else "", _texts(messages)


def _texts(messages: object) -> list[str]:
    """Return messages as short single lines."""
    items = messages if isinstance(messages, list) else [messages]
    return [" ".join(item.split())[:_MAX_QUOTE] for item in items if isinstance(item, str)]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
