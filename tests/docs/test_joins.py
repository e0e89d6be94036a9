"""What joins what: each query that the pages show finds records, and none twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
import pytest

from tap_mux.streams import ALL_STREAMS
from tests.support.loaders import postgres
from tools.docs.joins import JOINS, Join

if TYPE_CHECKING:
    import duckdb


def rows(warehouse: duckdb.DuckDBPyConnection, query: str) -> int:
    """Return how many rows a query gives."""
    return warehouse.sql(query).shape[0]


@pytest.mark.parametrize("join", JOINS, ids=lambda join: f"{join.left}-{join.right}-{join.on[:40]}")
def test_join(warehouse: duckdb.DuckDBPyConnection, join: Join) -> None:
    where = f" where {join.where}" if join.where else ""
    assert rows(warehouse, join.sql) == rows(warehouse, f"from {join.left}{where}")
    inner = join.sql.replace("left join", "join")
    found = rows(warehouse, inner)
    assert found > 0
    if join.is_one_to_one:
        once = inner.replace("select *", f"select distinct {join.right}.*")
        assert rows(warehouse, once) == found


def test_error_ids_alone_multiply_views(warehouse: duckdb.DuckDBPyConnection) -> None:
    views = rows(warehouse, "from video_views where error_type_id is not null")
    by_id = "from video_views join errors on errors.id = video_views.error_type_id"
    assert rows(warehouse, by_id) > views


def test_every_stream_finds_its_environment() -> None:
    found = {join.left for join in JOINS if join.right == "environments"}
    assert found == {stream.name for stream in ALL_STREAMS} - {"environments"}


def test_short_views_have_nothing_else_to_join_by(warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = {name for name, *_ in warehouse.execute("describe video_views").fetchall()}
    assert not columns & {"asset_id", "live_stream_id", "playback_id", "video_id"}


def test_playback_ids_are_taken_apart_in_postgresql() -> None:
    (join, *_) = [join for join in JOINS if "In PostgreSQL" in join.says]
    (query,) = re.findall("`(select .*)`", join.says)
    settings = postgres()
    where = {key: settings[key] for key in ("host", "port", "user")}
    with psycopg.connect(**where, dbname="postgres") as connection:
        connection.execute("create temporary table assets (id text, playback_ids jsonb[])")
        connection.execute(
            'insert into assets values (\'a\', array[\'{"id": "b"}\', \'{"id": "c"}\']::jsonb[])'
        )
        rows = connection.execute(query.encode()).fetchall()
    assert [(each[0], each[-1]) for each in rows] == [("a", "b"), ("a", "c")]
