"""Ten days of the sandbox: what the example for Dagster writes, and what one run writes."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from tap_mux.streams import ALL_STREAMS
from tests.loading.compared import Stream, indexed
from tests.loading.values import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mux_sandbox import Sandbox
    from tests.support.tapping import Output

EXAMPLE = Path(__file__).parents[2] / "examples" / "dagster"
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = [f"{TODAY - timedelta(days=ago):%F}" for ago in range(10, 0, -1)]
BY_DAY = [
    stream.name
    for stream in ALL_STREAMS
    if isinstance(getattr(stream, "replication_key", None), str)
    and not stream.path.startswith(("/data/v1/monitoring", "/robots"))
]
OTHERS = [stream.name for stream in ALL_STREAMS if stream.name not in BY_DAY]


def environ_of(sandbox: Sandbox, folder: Path, requests_per_second: float) -> dict[str, str]:
    """Return the environment variables of the example."""
    return {
        **sandbox.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DAGSTER_HOME": str(folder / "home"),
        "MUX_OUTPUT": str(folder / "tables"),
        "MUX_STREAMS": " ".join([*BY_DAY, *OTHERS]),
        "MUX_RETRY_SECONDS": "0.1",
        "MUX_REQUESTS_PER_SECOND": str(requests_per_second),
        "TAP_MUX_MAX_ATTEMPTS": "1",
    }


def assert_same(together: Output, folder: Path) -> None:
    """Compare all cells of all tables, and see that each day has a file.

    Args:
        together: What one run of the tap wrote.
        folder: Where the tables are.
    """
    for name in BY_DAY:
        stream = stream_of(name, together)
        files = sorted((folder / name).iterdir())
        assert [file.name for file in files] == [f"{day}.parquet" for day in DAYS]
        rows = rows_of(files, stream)
        assert rows, name
        assert len(rows) == len(stream.written)
        assert indexed(stream, rows) == indexed(stream, stream.written), name


def stream_of(name: str, output: Output) -> Stream:
    """Return what a run of the tap wrote of a stream."""
    (schema,) = [
        message
        for message in output.messages
        if message["type"] == "SCHEMA" and message["stream"] == name
    ]
    fields, keys = schema["schema"]["properties"], schema["key_properties"]
    return Stream(name, fields, keys, output.records(name), [])


def rows_of(files: Sequence[Path], stream: Stream) -> list[dict[str, Any]]:
    """Return all rows of files; objects and arrays are JSON there."""
    table = duckdb.read_parquet([str(file) for file in files])
    parsed = {
        name for name, field in stream.fields.items() if kind_of(field) in {"array", "object"}
    }
    return [
        {
            name: json.loads(value) if name in parsed and value is not None else value
            for name, value in zip(table.columns, row, strict=True)
        }
        for row in table.fetchall()
    ]
