"""Singer messages in DuckDB, in the types of target-duckdb, without the time that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TYPES = {
    "array": "JSON",
    "boolean": "BOOLEAN",
    "date-time": "TIMESTAMP",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "object": "JSON",
    "string": "VARCHAR",
}


def load(messages: Iterable[dict[str, Any]], folder: Path) -> duckdb.DuckDBPyConnection:
    """Load messages into the schema tap_mux of a new database.

    Args:
        messages: SCHEMA and RECORD messages; keys do not repeat.
        folder: A folder for files.
    """
    schemas: dict[str, dict[str, Any]] = {}
    records: dict[str, list[Any]] = {}
    for message in messages:
        if message["type"] == "SCHEMA":
            schemas[message["stream"]] = message["schema"]["properties"]
        elif message["type"] == "RECORD":
            records.setdefault(message["stream"], []).append(message["record"])
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("create schema tap_mux; use tap_mux")
    for stream, fields in schemas.items():
        types = {name: TYPES[kind_of(field)] for name, field in fields.items()}
        columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        connection.execute(f'create table "{stream}" ({columns})')
        if stream in records:
            file = folder / f"{stream}.jsonl"
            file.write_bytes(msgspec.json.Encoder().encode_lines(records[stream]))
            connection.read_json(str(file), columns=types, format="newline_delimited").insert_into(
                f"tap_mux.{stream}"
            )
    return connection


def kind_of(field: dict[str, Any]) -> str:
    """Return the format of a field if it has one, else its type besides null."""
    (kind,) = {*field["type"]} - {"null"} if isinstance(field["type"], list) else {field["type"]}
    return str(field.get("format", kind))
