"""What can go wrong when asking Mux, said in one sentence.

Mux words its errors in five shapes:

    {"error": {"type": "not_found", "messages": ["The requested resource …"]}}
    {"error": {"type": "forbidden", "message": "Robots is not enabled …"}}
    {"error": "a sentence"}
    {"errors": ["Too many requests, retry later."]}
    no JSON at all (a proxy's page, an empty body)
"""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_RETRIED_CLIENT_ERRORS = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_UNAVAILABLE = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.PRECONDITION_FAILED,
    }
)
_LONGEST_QUOTE = 300
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
    """Something that the user can read and act on; its text is one sentence."""

    @property
    def is_worth_retrying(self) -> bool:
        """Whether the same request may succeed a little later."""
        return False


class CalledOffError(MuxError):
    """The answer is not wanted any more; nobody sees this."""


class NoAnswerError(MuxError):
    """Mux could not be reached, or the connection broke before the answer was whole."""

    is_worth_retrying = True


class UnreachableError(NoAnswerError):
    """There is no connection to Mux at all."""


class UnexpectedAnswerError(MuxError):
    """Mux answered, but not what its API describes."""

    is_worth_retrying = True


@contextmanager
def expecting(path: str) -> Iterator[None]:
    """Fail for good, but in words, where an answer is nothing that anybody was prepared for.

    Args:
        path: What was asked for.

    Raises:
        UnexpectedAnswerError: Instead of what reading the answer led to.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        text = f"GET {path} was answered with JSON that is not what the API describes"
        raise UnexpectedAnswerError(text) from error


class APIError(MuxError):
    """Mux answered with an error.

    Attributes:
        status: The HTTP status.
        type: Mux's own word for the error, such as ``invalid_parameters``; empty if it gave none.
        retry_after: Seconds that Mux asks to wait, or None if it did not say.
    """

    def __init__(
        self, request: str, status: int, body: bytes = b"", retry_after: float | None = None
    ) -> None:
        """Word an error answer.

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
    def is_refused_credential(self) -> bool:
        """Whether Mux does not accept the access token."""
        return self.status == HTTPStatus.UNAUTHORIZED

    @property
    def is_unavailable(self) -> bool:
        """Whether the access token or the plan may not include what was asked for."""
        return self.status in _UNAVAILABLE

    @property
    def is_about_missing(self) -> bool:
        """Whether there is no such thing, or not any more."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def is_timeframe_refused(self) -> bool:
        """Whether Mux refuses the range of time; mostly since it no longer keeps its beginning."""
        return self.status == HTTPStatus.BAD_REQUEST and (
            self.type == "invalid_timeframe" or "timeframe" in self._said
        )

    @property
    def is_worth_retrying(self) -> bool:
        """True for an overloaded or failing server, and for a rate limit."""
        return (
            self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or self.status in _RETRIED_CLIENT_ERRORS
        )


class NoneAvailableError(MuxError):
    """Mux has nothing for any of many records: not this or that one is gone, but all is closed."""

    def __init__(self, error: APIError) -> None:
        """Word it.

        Args:
            error: What Mux answered for one of the records.
        """
        super().__init__(str(error))


def _read(body: bytes) -> tuple[str, list[str]]:
    """Read type and messages from an error body of any shape."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
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
    return [" ".join(item.split())[:_LONGEST_QUOTE] for item in items if isinstance(item, str)]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
