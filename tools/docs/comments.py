"""Scripts that write the descriptions of tables and columns into a warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux import schemas
from tap_mux.streams import ALL_STREAMS
from tools.docs.fields import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = """\
-- Descriptions of all tables and columns, for {warehouse}, in the schema tap_mux.
-- Written by `uv run python -m tools.docs`; change what it is made from.
-- {missing}
"""


def scripts() -> dict[str, str]:
    """Return the texts of the scripts, by their paths."""
    goes_on = "A table or column that you did not load gives an error; {}."
    return {
        "comments/duckdb.sql": _script(
            "DuckDB", goes_on.format("the command duckdb goes on with the rest"), _doubled
        ),
        "comments/postgresql.sql": _script(
            "PostgreSQL", goes_on.format("psql goes on with the rest"), _doubled
        ),
        "comments/snowflake.sql": _script(
            "Snowflake",
            "A table or column that you did not load is passed over.",
            lambda text: _doubled(text.replace("\\", "\\\\")),
            verb="COMMENT IF EXISTS ON",
            case=str.upper,
        ),
    }


def _script(
    warehouse: str,
    missing: str,
    escaped: Callable[[str], str],
    verb: str = "COMMENT ON",
    case: Callable[[str], str] = str,
) -> str:
    def lines() -> Iterator[str]:
        for stream in ALL_STREAMS:
            table = f"tap_mux.{_quoted(case(stream.name))}"
            says, address = describe(stream.name)
            yield f"{verb} TABLE {table} IS '{escaped(f'{says} API: {address}')}';"
            for name, field in schemas.read(stream.name)["properties"].items():
                column = f"{table}.{_quoted(case(name))}"
                yield f"{verb} COLUMN {column} IS '{escaped(field['description'])}';"

    return HEAD.format(warehouse=warehouse, missing=missing) + "\n".join(lines()) + "\n"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _doubled(text: str) -> str:
    return text.replace("'", "''")
