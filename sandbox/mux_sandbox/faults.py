"""Faults for chosen requests: answers, broken connections, delays and hooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from mux_sandbox.request_log import RequestRecord

Match: TypeAlias = str | Callable[[RequestRecord], bool]


@dataclass(frozen=True)
class Answer:
    """Answer with this instead; a body that is not bytes or text is sent as JSON."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def html(cls, status: int = 200) -> Answer:
        """Give a web page, as a proxy or a login screen in the way would."""
        page = "<!DOCTYPE html>\n<html><body><h1>Please sign in</h1></body></html>\n"
        return cls(status, page, {"Content-Type": "text/html; charset=utf-8"})

    @classmethod
    def json_list(cls) -> Answer:
        """Give valid JSON that is no object."""
        return cls(200, [1, 2, 3])

    @classmethod
    def invalid_json(cls) -> Answer:
        """Give JSON that breaks off in the middle of a complete HTTP body."""
        return cls(200, b'{"data":[{"id":"abc","view_end":')

    def content(self) -> bytes:
        """Encode the body."""
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else msgspec.json.encode(self.body)


@dataclass(frozen=True)
class Disconnect:
    """Reset the connection without an answer."""


@dataclass(frozen=True)
class Truncate:
    """Announce the whole answer, send the first half of it and close."""


@dataclass(frozen=True)
class Delay:
    """Wait before going on."""

    seconds: float


Hook: TypeAlias = Callable[[RequestRecord], object]
"""Called before the request is answered, for example to add a record between two pages."""

Action: TypeAlias = Answer | Disconnect | Truncate | Delay | Hook


@dataclass
class Fault:
    """An action waiting for requests that match."""

    match: Match
    times: int | None
    action: Action
    used: int = 0

    def applies_to(self, record: RequestRecord) -> bool:
        """Tell whether the fault is for this request and not used up."""
        if self.times is not None and self.used >= self.times:
            return False
        if isinstance(self.match, str):
            return self.match in record.path
        return self.match(record)


class Faults:
    """The faults to come, in the order they were added."""

    def __init__(self) -> None:
        """Start without any."""
        self._faults: list[Fault] = []

    def add(self, match: Match, times: int | None = 1, *, action: Action) -> Fault:
        """Do `action` to the next requests that match, `times` of them or all with None.

        Args:
            match: Part of the path, or a function of the request's record.
            times: How many requests; None for all from now on.
            action: Answer, Disconnect, Truncate, Delay, or a function to call with the record.

        Returns:
            The fault, whose `used` counts the requests it was applied to.
        """
        fault = Fault(match, times, action)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def take(self, record: RequestRecord) -> list[Action]:
        """Take the actions for a request, up to the first one that ends it."""
        actions = []
        for fault in list(self._faults):
            if fault.applies_to(record):
                fault.used += 1
                actions.append(fault.action)
                if isinstance(fault.action, Answer | Disconnect | Truncate):
                    break
        return actions
