"""Running the tap in a test: in this process for its messages, as a program for the rest."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from tap_mux.records.writer import BatchWriter
from tap_mux.tap import TapMux
from tests.support import forked

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

    from mux_sandbox import Sandbox

    Message = dict[str, Any]

FAST: dict[str, Any] = {"max_attempts": 3, "request_timeout_seconds": 5}


class Output(BatchWriter):
    """Takes the place of stdout and keeps what was written, as it would be read from there."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.messages: list[Message] = []

    def write_message(self, message: Any) -> None:
        """Keep a message."""
        self.messages.append(json.loads(self.format_message(message)))

    def write_lines(self, lines: bytes) -> None:
        """Keep messages that were written together."""
        self.messages += [json.loads(line) for line in lines.splitlines()]

    def records(self, stream: str) -> list[Message]:
        """Give a stream's records in the order they came."""
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    def schema(self, stream: str) -> Message:
        """Give a stream's schema."""
        (schema,) = [
            message["schema"]
            for message in self.messages
            if message["type"] == "SCHEMA" and message["stream"] == stream
        ]
        return dict(schema)

    @property
    def states(self) -> list[Message]:
        """All states, oldest first."""
        return [message["value"] for message in self.messages if message["type"] == "STATE"]


def run_tap(
    sandbox: Sandbox,
    *streams: str,
    state: Mapping[str, Any] | None = None,
    catalog: Mapping[str, Any] | None = None,
    output: Output | None = None,
    **settings: Any,
) -> Output:
    """Run the tap against the sandbox, in this process.

    Args:
        sandbox: What stands in for Mux.
        streams: Which streams to read; all if none is named.
        state: The state of an earlier run.
        catalog: What to read, instead of what discovery finds.
        output: Where to write; kept by the caller when the run may fail.
        settings: Settings besides those that point to the sandbox.
    """
    output = output or Output()
    tap = TapMux(
        config={**sandbox.config, **FAST, **settings},
        state=json.loads(json.dumps(state or {})),
        catalog=json.loads(json.dumps(catalog)) if catalog else None,
        message_writer=output,
    )
    for name, stream in tap.streams.items():
        if streams:
            stream.selected = name in streams
    tap.sync_all()
    return output


def catalog_of(*streams: str) -> Message:
    """Make a catalog that has only some streams, all of them selected."""
    tap = TapMux(config={"token_id": "id", "token_secret": "secret"})
    entries = [entry for entry in tap.catalog_dict["streams"] if entry["stream"] in streams]
    assert len(entries) == len(streams)
    for entry in entries:
        (root,) = [part for part in entry["metadata"] if not part["breadcrumb"]]
        root["metadata"]["selected"] = True
    return {"streams": entries}


def run_program(
    *arguments: str, environ: Mapping[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run the tap as a program, with warnings as errors, and return what it printed."""
    return forked.run(arguments, {**clean_environ(), **(environ or {})}, timeout)


def clean_environ() -> dict[str, str]:
    """Give the environment without settings of the tap in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TAP_MUX_")}


def config_file(folder: Path, **settings: Any) -> str:
    """Write settings to a file and return its path."""
    path = folder / "config.json"
    path.write_text(json.dumps(settings))
    return str(path)


def messages(text: str) -> list[Message]:
    """Read messages from what the tap printed; a last line that was cut off is left out."""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def bookmark(state: Mapping[str, Any], stream: str = "video_views") -> str | None:
    """Give the bookmark of a stream that has read one environment."""
    partitions = state.get("bookmarks", {}).get(stream, {}).get("partitions", [{}])
    value: str | None = partitions[0].get("replication_key_value")
    return value


def repeated(records: list[Message]) -> list[str]:
    """Give the ids that occur more than once."""
    return [key for key, times in Counter(record["id"] for record in records).items() if times > 1]
