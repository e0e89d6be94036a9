"""A loader: keeps rows by their keys, obeys ACTIVATE_VERSION, and prints states."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

Key = tuple[Any, ...]
State = dict[str, Any]


class TargetError(Exception):
    """The tap wrote something that a loader cannot work with."""


@dataclass
class Rows:
    """The rows of one stream."""

    keys: tuple[str, ...]
    rows: dict[Key, dict[str, Any]] = field(default_factory=dict)
    versions: dict[Key, int] = field(default_factory=dict)


class Target:
    """Rows count when the STATE behind them has been taken, and at the end of the input."""

    def __init__(self, states_at_once: int = 1) -> None:
        """Start with an empty database.

        Args:
            states_at_once: How many STATE messages come before it writes.
        """
        self.tables: dict[str, Rows] = {}
        self.state: State = {}
        self._states_at_once = states_at_once
        self._messages: list[dict[str, Any]] = []
        self._states = 0
        self._schemas: dict[str, dict[str, Any]] = {}

    def begin(self) -> None:
        """Begin a run of the tap."""
        self._messages = []
        self._states = 0
        self._schemas = {}

    def take(self, line: bytes) -> dict[str, Any]:
        """Take a line, and return its message.

        Raises:
            TargetError: It is no message, or a record does not have its key.
        """
        if not line.endswith(b"\n") or line.count(b"\n") != 1:
            text = f"not a whole line: {line!r}"
            raise TargetError(text)
        message: dict[str, Any] = msgspec.json.decode(line)
        kind = message["type"]
        if kind == "SCHEMA":
            self._schemas[message["stream"]] = message
        elif kind in {"RECORD", "ACTIVATE_VERSION"} and message["stream"] not in self._schemas:
            text = f"{kind} of {message['stream']} before its SCHEMA"
            raise TargetError(text)
        if kind == "RECORD":
            keys = self._schemas[message["stream"]]["key_properties"]
            record = message["record"]
            if any(record.get(key) in {None, ""} for key in keys):
                text = f"a record of {message['stream']} without its key: {record}"
                raise TargetError(text)
        self._messages.append(message)
        if kind == "STATE":
            self._states += 1
            if self._states >= self._states_at_once:
                self._write(message["value"])
        return message

    def end(self, *, is_killed: bool) -> None:
        """End with the input, or at once."""
        if not is_killed:
            states = [message for message in self._messages if message["type"] == "STATE"]
            self._write(states[-1]["value"] if states else None)
        self._messages = []

    def _write(self, state: State | None) -> None:
        for message in self._messages:
            if message["type"] == "RECORD":
                self._upsert(message)
            elif message["type"] == "ACTIVATE_VERSION":
                self._activate(message["stream"], message["version"])
        self._messages = []
        self._states = 0
        if state is not None:
            self.state = state

    def _upsert(self, message: dict[str, Any]) -> None:
        name = message["stream"]
        keys = tuple(self._schemas[name]["key_properties"])
        table = self.tables.setdefault(name, Rows(keys))
        if table.keys != keys:
            text = f"{name} has other keys than before: {keys}"
            raise TargetError(text)
        key = tuple(message["record"][each] for each in keys)
        table.rows[key] = message["record"]
        table.versions[key] = message.get("version", 0)

    def _activate(self, name: str, version: int) -> None:
        table = self.tables.setdefault(name, Rows(tuple(self._schemas[name]["key_properties"])))
        for key in [key for key, other in table.versions.items() if other != version]:
            del table.rows[key], table.versions[key]
