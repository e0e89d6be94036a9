# /// script
# dependencies = ["duckdb"]
# ///
"""Print a few rows of each table of a DuckDB file, the number of rows, and their time range."""

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


class TimeRange(NamedTuple):
    """The first and the last value of a column of timestamps."""

    column: str
    filled: int
    first: datetime
    last: datetime


def main(path: str) -> None:
    """Print a sample of each table, then one line for each table."""
    if not Path(path).is_file():
        sys.exit(f"Nothing is loaded yet: there is no {path}")
    summary = []
    with duckdb.connect(path, read_only=True) as connection:
        for schema, table, keys in connection.execute(
            "select schema_name, table_name, constraint_column_names"
            " from duckdb_tables() left join (from duckdb_constraints()"
            " where constraint_type = 'PRIMARY KEY') using (schema_name, table_name) order by all"
        ).fetchall():
            rows = connection.table(f'"{schema}"."{table}"')
            times = time_range(rows)
            sys.stdout.write(f"{schema}.{table}\n")
            sample(rows, [*(keys or ()), *((times and [times.column]) or ())]).show(max_width=WIDTH)
            line = f"{schema}.{table:28} {rows.shape[0]:>10,} rows"
            if times:
                line += (
                    f"  {times.column} {times.first:%Y-%m-%d %H:%M} to {times.last:%Y-%m-%d %H:%M}"
                )
            summary.append(line + "\n")
    sys.stdout.writelines([f"{path}\n", *summary])


def time_range(rows: duckdb.DuckDBPyRelation) -> TimeRange | None:
    """Return the time range of the column of timestamps that has the most values."""
    columns = [
        name for name, kind in zip(rows.columns, rows.types, strict=True) if kind == "TIMESTAMP"
    ]
    time_ranges = [
        TimeRange(name, count, first, last)
        for name in columns
        for count, first, last in rows.aggregate(
            f'count("{name}"), min("{name}"), max("{name}")'
        ).fetchall()
        if count
    ]
    return max(time_ranges, key=lambda each: each.filled, default=None)


def sample(rows: duckdb.DuckDBPyRelation, first: list[str]) -> duckdb.DuckDBPyRelation:
    """Take a few rows, and a few columns that are not empty: first the named ones."""
    few = rows.limit(SAMPLE_ROWS)
    (counts,) = few.aggregate(", ".join(f'count("{name}")' for name in few.columns)).fetchall()
    filled = [name for name, count in zip(few.columns, counts, strict=True) if count]
    names = list(dict.fromkeys([*first, *filled]))[:SAMPLE_COLUMNS]
    return few.project(", ".join(f'"{name}"' for name in names))


if __name__ == "__main__":
    main(sys.argv[1])
