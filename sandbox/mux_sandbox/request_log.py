"""The log of all requests, for tests."""

from __future__ import annotations

import time
from dataclasses import dataclass

_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass
class RequestRecord:
    """One request; times are seconds of the monotonic clock.

    Status and finish are set just before the answer is sent, so that a client that has the answer
    also finds them here.
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    authorized: bool
    environment_id: str | None
    in_flight: int
    started: float
    finished: float | None = None
    status: int | None = None

    @property
    def page(self) -> int | None:
        """The page asked for, if it is a number."""
        page = self.param("page")
        return int(page) if page is not None and page.isdecimal() else None

    def param(self, name: str) -> str | None:
        """Give the first value of a query parameter."""
        return next(iter(self.params(name)), None)

    def params(self, name: str) -> list[str]:
        """Give all values of a query parameter."""
        return [value for key, value in self.query if key == name]


class RequestLog:
    """All requests in the order they came."""

    def __init__(self) -> None:
        """Start empty."""
        self.records: list[RequestRecord] = []
        self._in_flight = 0

    def begin(
        self,
        target: tuple[str, str],
        query: list[tuple[str, str]],
        headers: dict[str, str],
        environment_id: str | None,
    ) -> RequestRecord:
        """Note that a request came in; `target` is its method and path."""
        self._in_flight += 1
        record = RequestRecord(
            method=target[0],
            path=target[1],
            query=query,
            headers={k: v for k, v in headers.items() if k.lower() not in _SECRET_HEADERS},
            authorized=environment_id is not None,
            environment_id=environment_id,
            in_flight=self._in_flight,
            started=time.monotonic(),
        )
        self.records.append(record)
        return record

    def end(self, record: RequestRecord, status: int | None) -> None:
        """Note how a request was answered; None when it got no answer."""
        self._in_flight -= 1
        record.status = status
        record.finished = time.monotonic()
