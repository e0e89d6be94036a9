"""Parquet files from the messages of a Singer tap, each written whole."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Self

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

TYPES = {"boolean": "BOOLEAN", "integer": "BIGINT", "number": "DOUBLE", "string": "VARCHAR"}
"""Objects and arrays are JSON, and times are TIMESTAMP, in UTC."""


class Tables:
    """What one run of a tap wrote. DuckDB has it in a file of its own, so memory stays small."""

    def __init__(self, messages: Path) -> None:
        """Take the messages.

        Args:
            messages: The file with them, one a line. A database is made beside it.
        """
        self._db = duckdb.connect(messages.with_suffix(".duckdb"))
        self._db.execute(
            "CREATE TABLE messages AS FROM read_ndjson(?, columns = {type: 'VARCHAR', "
            "stream: 'VARCHAR', schema: 'JSON', key_properties: 'VARCHAR[]', "
            "bookmark_properties: 'VARCHAR[]', record: 'JSON'})",
            [str(messages)],
        )
        self._keys = ""
        self._time: str | None = None

    def __enter__(self) -> Self:
        """Go on."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        self._db.close()

    def load(self, stream: str) -> int:
        """Make the rows of a stream; return how many records a later one of their key replaced.

        Args:
            stream: The name of the stream.
        """
        found = self._db.execute(
            "SELECT schema, key_properties, bookmark_properties FROM messages "
            "WHERE type = 'SCHEMA' AND stream = ?",
            [stream],
        ).fetchone()
        if not found:
            text = f"The tap has not read {stream}"
            raise ValueError(text)
        schema, keys, times = found
        self._keys = ", ".join(f'"{key}"' for key in keys)
        self._time = times[0] if times else None
        types = {name: _type(field) for name, field in json.loads(schema)["properties"].items()}
        texts = {name: "JSON" if each == "JSON" else "VARCHAR" for name, each in types.items()}
        casts = ", ".join(f'fields."{name}"::{each} AS "{name}"' for name, each in types.items())
        self._db.execute(
            # A cast fails where a value has another type; from_json would make the value null.
            f"CREATE OR REPLACE TABLE records AS SELECT place, {casts} FROM ("
            "SELECT rowid AS place, from_json(record, ?) AS fields FROM messages "
            "WHERE type = 'RECORD' AND stream = ?)",
            [json.dumps(texts), stream],
        )
        self._db.execute(
            "CREATE OR REPLACE TABLE rows AS SELECT * EXCLUDE place FROM records QUALIFY "
            f"row_number() OVER (PARTITION BY {self._keys} ORDER BY place DESC) = 1"
        )
        return self._count("records") - self._count("rows")

    def keep(self, path: Path) -> int:
        """Keep what earlier runs have read of a stream that Mux does not list whole.

        Args:
            path: The file with it, if there is one.

        Returns:
            How many rows are kept: those whose keys no new row has.
        """
        if not self._time or not path.exists():
            return 0
        new = self._count("rows")
        self._db.execute(
            "CREATE OR REPLACE TABLE rows AS FROM rows UNION ALL BY NAME "
            f"FROM read_parquet(?) AS old ANTI JOIN rows USING ({self._keys})",
            [str(path)],
        )
        return self._count("rows") - new

    def write(self, path: Path, day: str | None = None) -> int:
        """Replace a Parquet file at once, so that nobody reads half of it; return its rows.

        Args:
            path: The file.
            day: The UTC day of its rows; None for all.
        """
        rows = self._db.table("rows")
        if day:
            rows = rows.filter(
                f"\"{self._time}\" >= DATE '{day}' AND \"{self._time}\" < DATE '{day}' + 1"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        rows.write_parquet(str(part))
        count = len(self._db.read_parquet(str(part)))
        part.replace(path)
        return count

    def _count(self, table: str) -> int:
        return len(self._db.table(table))


def _type(field: dict[str, Any]) -> str:
    """Return DuckDB's type for a field of a schema."""
    if field.get("format") == "date-time":
        return "TIMESTAMP"
    found = field.get("type", [])
    types = [each for each in ([found] if isinstance(found, str) else found) if each != "null"]
    return TYPES.get(types[0], "JSON") if len(types) == 1 else "JSON"
