"""Run the tap in a test: in this process to read its messages, or as a program."""

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
    """Replaces stdout; keeps the messages, parsed from their JSON."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.messages: list[Message] = []

    def write_message(self, message: Any) -> None:
        """Keep a message."""
        self.messages.append(json.loads(self.format_message(message)))

    def write_lines(self, lines: bytes, max_bytes: int = 0) -> None:
        """Keep messages of a batch."""
        self.messages += [json.loads(line) for line in lines.splitlines()]

    def records(self, stream: str) -> list[Message]:
        """Return a stream's records in the order in which they were written."""
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    def schema(self, stream: str) -> Message:
        """Return a stream's schema."""
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
        sandbox: The sandbox.
        streams: Names of the streams to read. Without any, the default selection.
        state: The state of an earlier run.
        catalog: A catalog; without it, the discovered one.
        output: Where to write. Pass it to read the messages of a run that fails.
        settings: More settings of the tap.
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


def catalog_of(*streams: str, **settings: Any) -> Message:
    """Make a catalog that has only these streams, all selected."""
    tap = TapMux(config={"token_id": "id", "token_secret": "secret", **settings})
    entries = [entry for entry in tap.catalog_dict["streams"] if entry["stream"] in streams]
    assert len(entries) == len(streams)
    for entry in entries:
        (root,) = [part for part in entry["metadata"] if not part["breadcrumb"]]
        root["metadata"]["selected"] = True
    return {"streams": entries}


def run_program(
    *arguments: str, environ: Mapping[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run the tap as a program, with warnings as errors; return what it printed."""
    return forked.run(arguments, {**clean_environ(), **(environ or {})}, timeout)


def run_with(
    folder: Path, sandbox: Sandbox, option: str, content: str | Message
) -> subprocess.CompletedProcess[str]:
    """Run the tap as a program with a file, such as ``--catalog``, of this text or JSON."""
    path = folder / f"{option.removeprefix('--')}.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return run_program("--config", config_file(folder, **sandbox.config), option, str(path))


def clean_environ() -> dict[str, str]:
    """Return the environment variables without those of the tap."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TAP_MUX_")}


def config_file(folder: Path, **settings: Any) -> str:
    """Write settings to a file and return its path."""
    path = folder / "config.json"
    path.write_text(json.dumps(settings))
    return str(path)


def messages(text: str) -> list[Message]:
    """Parse the output of the tap; an incomplete last line is ignored."""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def bookmark(state: Mapping[str, Any], stream: str = "video_views") -> str | None:
    """Return the first bookmark of a stream."""
    partitions = state.get("bookmarks", {}).get(stream, {}).get("partitions", [{}])
    value: str | None = partitions[0].get("replication_key_value")
    return value


def repeated(records: list[Message]) -> list[str]:
    """Return the ids that occur more than once."""
    return [key for key, times in Counter(record["id"] for record in records).items() if times > 1]
