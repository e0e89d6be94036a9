# /// script
# dependencies = ["duckdb"]
# ///
"""Print what is in a DuckDB file: a few rows of each table, how many there are, and their time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb

if TYPE_CHECKING:
    from datetime import datetime

SAMPLE_ROWS = 3
SAMPLE_COLUMNS = 5
WIDTH = 100


class Span(NamedTuple):
    """The values of a column of times."""

    column: str
    filled: int
    first: datetime
    last: datetime


def main(path: str) -> None:
    """Print the tables of the file one by one, then all at a glance."""
    if not Path(path).is_file():
        sys.exit(f"Nothing is loaded yet: there is no {path}")
    glance = []
    with duckdb.connect(path, read_only=True) as connection:
        for schema, table, keys in connection.execute(
            "select schema_name, table_name, constraint_column_names"
            " from duckdb_tables() left join (from duckdb_constraints()"
            " where constraint_type = 'PRIMARY KEY') using (schema_name, table_name) order by all"
        ).fetchall():
            rows = connection.table(f'"{schema}"."{table}"')
            times = span(rows)
            sys.stdout.write(f"{schema}.{table}\n")
            sample(rows, [*(keys or ()), *((times and [times.column]) or ())]).show(max_width=WIDTH)
            line = f"{schema}.{table:28} {rows.shape[0]:>10,} rows"
            if times:
                line += (
                    f"  {times.column} {times.first:%Y-%m-%d %H:%M} to {times.last:%Y-%m-%d %H:%M}"
                )
            glance.append(line + "\n")
    sys.stdout.writelines([f"{path}\n", *glance])


def span(rows: duckdb.DuckDBPyRelation) -> Span | None:
    """Give the time that the rows span, by the column of times that most of them have."""
    columns = [
        name for name, kind in zip(rows.columns, rows.types, strict=True) if kind == "TIMESTAMP"
    ]
    spans = [
        Span(name, count, first, last)
        for name in columns
        for count, first, last in rows.aggregate(
            f'count("{name}"), min("{name}"), max("{name}")'
        ).fetchall()
        if count
    ]
    return max(spans, key=lambda each: each.filled, default=None)


def sample(rows: duckdb.DuckDBPyRelation, first: list[str]) -> duckdb.DuckDBPyRelation:
    """Take a few rows and columns, none of them empty: those named, then others."""
    few = rows.limit(SAMPLE_ROWS)
    (counts,) = few.aggregate(", ".join(f'count("{name}")' for name in few.columns)).fetchall()
    filled = [name for name, count in zip(few.columns, counts, strict=True) if count]
    names = list(dict.fromkeys([*first, *filled]))[:SAMPLE_COLUMNS]
    return few.project(", ".join(f'"{name}"' for name in names))


if __name__ == "__main__":
    main(sys.argv[1])
