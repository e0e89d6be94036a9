"""The DuckDB file that target-duckdb writes."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator

LOAD_SCHEMA = "tap_mux"
"""The schema that target-duckdb loads into, unless its settings name another."""


class Database:
    """The tables of a DuckDB file, for reading only."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Look up what tables there are."""
        self._connection = connection
        self.tables: list[tuple[str, str]] = self.rows(
            "select schema_name, table_name from duckdb_tables() order by all"
        )
        """The schema and the name of each table."""

    @property
    def schema(self) -> str:
        """The schema with the tables of the tap."""
        schemas = [schema for schema, _ in self.tables]
        return LOAD_SCHEMA if LOAD_SCHEMA in schemas else max(schemas, key=schemas.count)

    def missing(self, tables: tuple[str, ...]) -> str | None:
        """Tell which of these tables there are not, if any."""
        names = [name for name in tables if (self.schema, name) not in self.tables]
        return f"Not loaded: {', '.join(names)}." if names else None

    def relation(self, schema: str, table: str) -> duckdb.DuckDBPyRelation:
        """Return a table."""
        return self._connection.table(f'"{schema}"."{table}"')

    def query(self, sql: str) -> duckdb.DuckDBPyRelation:
        """Ask a question."""
        return self._connection.sql(sql)

    def rows(self, sql: str) -> list[Any]:
        """Return the rows of an answer."""
        return self._connection.execute(sql).fetchall()


@contextmanager
def opened(path: str) -> Iterator[Database]:
    """Open a DuckDB file; end the program in one line where there is nothing to read."""
    if not Path(path).is_file():
        sys.exit(f"Nothing is loaded yet: there is no {path}")
    try:
        with duckdb.connect(path, read_only=True) as connection:
            database = Database(connection)
            if not database.tables:
                sys.exit(f"Nothing is loaded yet: {path} has no table")
            yield database
    except duckdb.Error as error:
        sys.exit(f"{path}: {error}")
