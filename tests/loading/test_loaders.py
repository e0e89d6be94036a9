"""The tap piped into each loader: every record and every value arrives in the tables."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import GeneratedWorld, Sandbox, SandboxOptions
from tests.support.loaders import LISTINGS, Target, listed, target_duckdb, target_postgres
from tests.support.records import HOUR, NOW, asset, view
from tests.support.tapping import clean_environ, config_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mux_sandbox import ExplicitWorld

    Row = dict[str, Any]
    Message = dict[str, Any]

TEXT = {"type": ["string", "null"]}
KEY = {"type": "string"}
TEXTS = (
    "plain",
    "",
    " ",
    "null",
    "NULL",
    "None",
    "\\N",
    "true",
    "0",
    "-1.5e3",
    "2026-01-31",
    "2026-01-31T23:59:59Z",
    "a,b,,c",
    "a;b",
    "a|b",
    "a\tb",
    'say "hi"',
    '"quoted"',
    '"',
    "it's",
    "back\\slash",
    "ends with \\",
    "C:\\new\\table",
    "line\nbreak",
    "line\r\nbreak",
    "line\rbreak",
    "\n",
    "# no comment",
    "-- nor this",
    " leading and trailing ",
    "naïve café",
    "e\u0301 is not é",
    "日本語",
    "مرحبا",
    "👩‍🚀",
    "\u2028\u00a0\u200b",
    '{"a": 1}',
    "[]",
    "x" * 5000,
)


@pytest.fixture(scope="module")
def mux() -> Iterator[Sandbox]:
    """A generated environment whose clock does not move."""
    now = time.time()
    world = GeneratedWorld(assets=250, views_per_day=12)
    with Sandbox(world=world, options=SandboxOptions(clock=lambda: now)) as sandbox:
        yield sandbox


@pytest.fixture(params=["target-duckdb", "target-postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    """Each loader, with an empty database."""
    return target_duckdb(tmp_path) if "duckdb" in request.param else target_postgres(tmp_path)


def pipe(sandbox: Sandbox, target: Target, **settings: Any) -> list[str]:
    """Run ``tap-mux --config config.json | target --config target.json``; return its output."""
    config = config_file(target.folder, **sandbox.config, **settings)
    command = target.command
    with (
        subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tap_mux", "--config", config],
            env=clean_environ(),
            stdout=subprocess.PIPE,
        ) as tap,
        subprocess.Popen(command, stdin=tap.stdout, stdout=subprocess.PIPE) as loader,
    ):
        assert tap.stdout
        tap.stdout.close()
        printed, _ = loader.communicate(timeout=120)
    assert (tap.returncode, loader.returncode) == (0, 0)
    return printed.decode().splitlines()


def schema(stream: str, **properties: Any) -> Message:
    """Make a SCHEMA message."""
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": {"id": KEY, **properties}},
        "key_properties": ["id"],
    }


def records(stream: str, rows: Iterable[Row]) -> Iterator[Message]:
    """Make RECORD messages."""
    return ({"type": "RECORD", "stream": stream, "record": row} for row in rows)


def bookmarks(**values: Any) -> Message:
    """Make a STATE message."""
    return {"type": "STATE", "value": {"bookmarks": values}}


def by_id(rows: Iterable[Row]) -> dict[str, Row]:
    """Index rows by their id."""
    return {row["id"]: row for row in rows}


def by_key(rows: Iterable[Row], names: Iterable[str]) -> dict[tuple[Any, ...], Row]:
    """Index rows by their key; the last one wins."""
    return {tuple(plain(row[name]) for name in names): row for row in rows}


MOMENT = re.compile(r"\d{9,10}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def plain(value: object) -> object:
    """Convert a value of Mux, the tap or a table to one form, so that they can be compared."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str) and MOMENT.fullmatch(value):
        numeric = value.isdecimal()
        value = (
            datetime.fromtimestamp(int(value), UTC) if numeric else datetime.fromisoformat(value)
        )
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return value.isoformat() if isinstance(value, date) else value


def assert_same(
    target: Target, stream: str, rows: Iterable[Row], keys: Iterable[str] = ("id",)
) -> None:
    """Check that a table has exactly these rows, with the same values."""
    loaded = target.rows(stream)
    found, expected = by_key(loaded, keys), by_key(rows, keys)
    assert expected
    assert len(found) == len(loaded)
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        if target.name == "target-duckdb":
            row = {name: value for name, value in row.items() if value != ""}  # noqa: PLW2901
        assert plain(found[key]) == plain(row)


class TestFromMux:
    """The tap piped into a loader."""

    def test_every_record_and_value_arrives(self, mux: Sandbox, target: Target) -> None:
        end = int(mux.options.clock())
        start = end - 90 * 86_400
        since = datetime.fromtimestamp(start, UTC).isoformat()
        states = pipe(mux, target, start_date=since, include_credentials=True)
        assert json.loads(states[-1])["bookmarks"].keys() >= LISTINGS.keys()
        assets = listed(mux, "assets")
        views = listed(mux, "video_views", **{"timeframe[]": [start, end]})
        for row in views.values():
            del row["total_row_count"]  # it belongs to the list, not to the view
        for stream, rows in (("assets", assets), ("video_views", views)):
            for row in rows.values():
                row["environment_id"] = mux.options.environment_id
            assert rows
            assert_same(target, stream, rows.values())

    def test_a_second_run_changes_nothing(self, mux: Sandbox, target: Target) -> None:
        pipe(mux, target)
        first = {stream: by_id(target.rows(stream)) for stream in LISTINGS}
        assert all(first.values())
        pipe(mux, target)
        assert {stream: by_id(target.rows(stream)) for stream in LISTINGS} == first

    def test_an_integer_that_no_bigint_holds_is_null(
        self, world: ExplicitWorld, sandbox: Sandbox, target: Target
    ) -> None:
        times = {"least": -(2**63), "greatest": 2**63 - 1, "too great": 2**63, "zero": 0}
        world.view_rows = [view(name, NOW - HOUR, watch_time=time) for name, time in times.items()]
        pipe(sandbox, target)
        found = {row["id"]: row["watch_time"] for row in target.rows("video_views")}
        assert found == {**times, "too great": None}

    def test_unknown_fields_are_one_document(
        self, world: ExplicitWorld, sandbox: Sandbox, target: Target
    ) -> None:
        tracks = [{"id": "t1"}, {"id": "t2", "another": [{}, "'\\\""]}]
        world.asset_rows = [asset("new", NOW, a_new_field=1, tracks=tracks), asset("old", NOW)]
        pipe(sandbox, target, keep_unknown_fields=True)
        assert {row["id"]: row["unknown_fields"] for row in target.rows("assets")} == {
            "new": {"a_new_field": 1, "tracks": [None, {"another": [{}, "'\\\""]}]},
            "old": None,
        }


class TestShapes:
    """Data for which a loader that guesses types may guess wrong."""

    def test_one_row(self, target: Target) -> None:
        row = {"id": "a", "number": 1.5, "moment": "2026-01-31T23:59:59.123456Z", "yes": False}
        target.load(
            schema(
                "one",
                number={"type": ["number", "null"]},
                moment={**TEXT, "format": "date-time"},
                yes={"type": ["boolean", "null"]},
            ),
            *records("one", [row]),
        )
        assert_same(target, "one", [row])

    def test_one_row_of_text(self, target: Target) -> None:
        row = {"id": "a", "name": "b", "title": "c"}
        target.load(schema("one", name=TEXT, title=TEXT), *records("one", [row]))
        assert_same(target, "one", [row])

    def test_only_a_key_and_nulls(self, target: Target) -> None:
        rows = [{"id": f"row {number}", "name": None} for number in range(3)]
        target.load(schema("nulls", name=TEXT), *records("nulls", rows))
        assert_same(target, "nulls", rows)

    def test_all_text(self, target: Target) -> None:
        rows = [
            {"id": f"row {number}", "first": text, "name": text[::-1], "zuletzt": text}
            for number, text in enumerate(TEXTS)
        ]
        target.load(schema("texts", first=TEXT, name=TEXT, zuletzt=TEXT), *records("texts", rows))
        assert_same(target, "texts", rows)

    def test_documents(self, target: Target) -> None:
        rows = [
            {
                "id": f"row {number}",
                "document": {"text": text, "list": [text, None, 1, 0.1, {}]},
                "documents": [{"text": text}, {}],
                "anything": [[1], [text, None], "x"],
                "empty": {},
                "none": [],
            }
            for number, text in enumerate(TEXTS)
        ]
        target.load(
            schema(
                "documents",
                document={"type": ["object", "null"]},
                documents={"type": ["array", "null"], "items": {"type": "object"}},
                anything={"type": ["array", "null"]},
                empty={"type": ["object", "null"]},
                none={"type": ["array", "null"], "items": TEXT},
            ),
            *records("documents", rows),
        )
        assert_same(target, "documents", rows)

    def test_numbers(self, target: Target) -> None:
        numbers = (0, 1, -1, 0.1, 1e-9, 123456789.123, 2**53, 1e15, None)
        rows = [
            {"id": f"row {place}", "number": number, "whole": place * 10**12}
            for place, number in enumerate(numbers)
        ]
        target.load(
            schema("numbers", number={"type": ["number", "null"]}, whole={"type": "integer"}),
            *records("numbers", rows),
        )
        assert_same(target, "numbers", rows)


class TestDuckDB:
    """Errors that target-duckdb has with other versions or settings."""

    @pytest.mark.parametrize("text", ['say "hi"', "a,b", "line\nbreak", "it's", "日本語"])
    def test_one_text(self, text: str, tmp_path: Path) -> None:
        target = target_duckdb(tmp_path)
        target.load(schema("text", name=TEXT), *records("text", [{"id": "a", "name": text}]))
        assert_same(target, "text", [{"id": "a", "name": text}])

    def test_no_batch_loses_a_row(self, tmp_path: Path) -> None:
        target = target_duckdb(tmp_path, batch_size_rows=3)
        rows = [{"id": f"row {number}", "name": f"name {number}"} for number in range(10)]
        target.load(schema("texts", name=TEXT), *records("texts", rows))
        assert_same(target, "texts", rows)

    def test_quotes_late_in_a_batch(self, tmp_path: Path) -> None:
        target = target_duckdb(tmp_path)
        size = target.config["batch_size_rows"]
        rows = [{"id": f"row {number}", "name": "plain"} for number in range(2 * size)]
        rows[size - 1]["name"] = 'at the end, "at last"'
        rows[-1]["name"] = "at the\nend"
        target.load(schema("texts", name=TEXT), *records("texts", rows))
        assert_same(target, "texts", rows)

    def test_no_bookmark_is_ahead_of_its_rows(self, tmp_path: Path) -> None:
        target = target_duckdb(tmp_path, batch_size_rows=3)
        few, many = [{"id": "a", "name": "b"}], [{"id": f"{number}"} for number in range(4)]
        with subprocess.Popen(
            target.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as loader:
            assert loader.stdin
            assert loader.stdout
            for message in (
                schema("few", name=TEXT),
                *records("few", few),
                bookmarks(few=1),
                schema("many", name=TEXT),
                *records("many", many),
            ):
                loader.stdin.write(f"{json.dumps(message)}\n")
            loader.stdin.flush()
            assert json.loads(loader.stdout.readline()) == bookmarks(few=1)["value"]
            loader.kill()
        assert_same(target, "few", few)
