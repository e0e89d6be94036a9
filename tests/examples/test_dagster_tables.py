"""Parquet files that the example for Dagster writes."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

Tables = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "dagster" / "tables.py"))[
    "Tables"
]
SCHEMA = {
    "type": "SCHEMA",
    "stream": "things",
    "key_properties": ["id"],
    "bookmark_properties": ["at"],
    "schema": {
        "properties": {
            "id": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "count": {"type": ["integer", "null"]},
            "share": {"type": ["number", "null"]},
            "is_new": {"type": ["boolean", "null"]},
            "parts": {"type": ["array", "null"]},
        }
    },
}


@pytest.fixture
def tables_of(tmp_path: Path) -> Callable[..., Any]:
    """Return what makes tables of records."""
    made: list[Any] = []

    def make(*records: dict[str, Any], **schema: Any) -> Any:
        messages = [
            {**SCHEMA, **schema},
            *({"type": "RECORD", "stream": "things", "record": record} for record in records),
            {"type": "STATE", "value": {}},
        ]
        path = tmp_path / f"{len(made)}.jsonl"
        path.write_text("".join(f"{json.dumps(message)}\n" for message in messages), "utf-8")
        made.append(Tables(path))
        return made[-1]

    return make


def thing(key: str, **fields: Any) -> dict[str, Any]:
    """Make a record."""
    return {"id": key, "at": "2026-09-01T12:00:00.000000Z", **fields}


def content(path: Path) -> list[tuple[Any, ...]]:
    """Return the rows of a file by key."""
    return sorted(duckdb.read_parquet(str(path)).fetchall())


def test_values_keep_their_types(tables_of: Callable[..., Any], tmp_path: Path) -> None:
    values = {"count": 2**53 + 1, "share": 0.1, "is_new": False, "parts": [{"a": 'é"'}, None]}
    tables = tables_of(thing("a", **values), thing("b", parts=None))
    tables.load("things")
    path = tmp_path / "things" / "all.parquet"
    assert tables.write(path) == 2
    found = duckdb.read_parquet(str(path))
    assert [str(each) for each in found.types][1:4] == ["TIMESTAMP", "BIGINT", "DOUBLE"]
    (first, second) = content(path)
    assert f"{first[1]}" == "2026-09-01 12:00:00"
    assert first[2:5] == (2**53 + 1, 0.1, False)
    assert json.loads(first[5]) == values["parts"]
    assert second[2:] == (None, None, None, None)


def test_a_value_of_another_type_is_an_error(tables_of: Callable[..., Any]) -> None:
    with pytest.raises(duckdb.ConversionException, match="many"):
        tables_of(thing("a", count="many")).load("things")


def test_the_last_record_of_a_key_counts(tables_of: Callable[..., Any], tmp_path: Path) -> None:
    tables = tables_of(thing("a", count=1), thing("b", count=1), thing("a", count=2))
    assert tables.load("things") == 1
    tables.write(tmp_path / "all.parquet")
    assert [row[2] for row in content(tmp_path / "all.parquet")] == [2, 1]


def test_a_day_has_its_own_rows(tables_of: Callable[..., Any], tmp_path: Path) -> None:
    times = "2026-08-31T23:59:59.999999Z", "2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z"
    tables = tables_of(*({"id": f"{number}", "at": at} for number, at in enumerate(times)))
    tables.load("things")
    assert tables.write(tmp_path / "day.parquet", "2026-09-01") == 1
    assert [row[0] for row in content(tmp_path / "day.parquet")] == ["1"]
    assert tables.write(tmp_path / "day.parquet", "2026-09-03") == 0
    assert content(tmp_path / "day.parquet") == []


def test_rows_that_mux_no_longer_keeps_stay(tables_of: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    for count, keys, kept in ((1, "ab", 0), (2, "bc", 1)):
        tables = tables_of(*(thing(key, count=count) for key in keys))
        tables.load("things")
        assert tables.keep(path) == kept
        tables.write(path)
    assert [(row[0], row[2]) for row in content(path)] == [("a", 1), ("b", 2), ("c", 2)]


def test_a_full_table_is_what_there_is_now(tables_of: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    for keys in "ab", "bc":
        tables = tables_of(*map(thing, keys), bookmark_properties=[])
        tables.load("things")
        assert tables.keep(path) == 0
        tables.write(path)
    assert [row[0] for row in content(path)] == ["b", "c"]


def test_a_file_that_cannot_be_written_whole_stays(
    tables_of: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "all.parquet"
    first, second = tables_of(thing("a")), tables_of(thing("b"))
    first.load("things")
    second.load("things")
    first.write(path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        second.write(path)
    assert path.read_bytes() == before


def test_a_stream_that_was_not_read_is_an_error(tables_of: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="has not read others"):
        tables_of(thing("a")).load("others")
