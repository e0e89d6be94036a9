"""The scripts with descriptions of columns run, and reach every column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

from tap_mux import schemas
from tap_mux.streams import ALL_STREAMS
from tests.docs.pages import DOCS
from tests.support.loaders import postgres

if TYPE_CHECKING:
    import duckdb

COMMENTS = {
    (stream.name, name): field["description"]
    for stream in ALL_STREAMS
    for name, field in schemas.read(stream.name)["properties"].items()
}
STREAMS = {stream.name for stream in ALL_STREAMS}
CREATED = "\n".join(
    f'create table tap_mux."{stream}" ('
    + ", ".join(f'"{name}" text' for table, name in COMMENTS if table == stream)
    + ");"
    for stream in STREAMS
)


def statements(warehouse: str) -> list[str]:
    """Return the statements of a script."""
    text = (DOCS / "comments" / f"{warehouse}.sql").read_text("utf-8")
    return [line for line in text.splitlines() if not line.startswith("--")]


def test_duckdb(warehouse: duckdb.DuckDBPyConnection) -> None:
    with warehouse.cursor() as connection:
        connection.execute("attach ':memory:' as empty; use empty; create schema tap_mux")
        connection.execute(CREATED)
        for statement in statements("duckdb"):
            connection.execute(statement)
        columns = connection.execute(
            "select table_name, column_name, comment from duckdb_columns()"
            " where database_name = 'empty'"
        ).fetchall()
        assert {(table, column): says for table, column, says in columns} == COMMENTS
        tables = connection.execute(
            "select table_name from duckdb_tables()"
            " where database_name = 'empty' and comment is not null"
        ).fetchall()
        assert {name for (name,) in tables} == STREAMS


def test_postgresql() -> None:
    settings = postgres()
    where = {key: settings[key] for key in ("host", "port", "user")}
    database = f"test_{uuid4().hex}"
    with psycopg.connect(**where, dbname="postgres", autocommit=True) as connection:
        connection.execute(
            psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(database))
        )
    with psycopg.connect(**where, dbname=database) as connection:
        connection.execute("create schema tap_mux")
        connection.execute(CREATED.encode())
        for statement in statements("postgresql"):
            connection.execute(statement.encode())
        columns = connection.execute(
            "select relname, attname, col_description(pg_class.oid, attnum)"
            " from pg_attribute join pg_class on pg_class.oid = attrelid"
            " where relnamespace = 'tap_mux'::regnamespace and attnum > 0"
        ).fetchall()
        assert {(table, column): says for table, column, says in columns} == COMMENTS


def test_snowflake_has_the_same() -> None:
    """There is no Snowflake here: the script differs from that of DuckDB in four ways only."""
    for there, here in zip(statements("snowflake"), statements("duckdb"), strict=True):
        assert there.startswith("COMMENT IF EXISTS ON ")
        name = there.split(" IS ")[0]
        assert re.fullmatch(r'[A-Z ]+ tap_mux("?\."[A-Z0-9_]+)+"', name), name
        rewritten = there.replace(name, name.lower()).replace("\\\\", "\\")
        expected = here.replace(here.split(" IS ")[0], name.lower())
        assert rewritten == expected
        assert here.split(" IS ")[0].lower() == name.lower().replace("if exists ", "")
