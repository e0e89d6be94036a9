"""Sums by interval: the records of a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from singer_sdk.exceptions import ConfigValidationError

from tap_mux.tap import TapMux
from tests.streams.periodic.errors import START, failed
from tests.support.days import date, day, since
from tests.support.records import HOUR, Row, tap_time, view
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox


class TestRecords:
    """The records of a day."""

    def test_errors_by_day(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = [failed("a", 3), failed("b", 3), view("c", day(3) + HOUR), failed("d", 1)]
        world.view_rows.append(failed("today", 0))
        records = run_tap(sandbox, "errors", **since(4)).records("errors")
        assert [(record[START], record["id"], record["count"]) for record in records] == [
            (date(3), 7, 2),
            (date(1), 7, 1),
        ]
        assert records[0]["last_seen"] == tap_time(day(3) + HOUR)
        assert records[0]["player_error_code"] == "404"

    def test_values_of_dimensions_by_day(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_details = {
            "view-1": {"country_code": "DE"},
            "view-2": {"country_code": None},
            "view-3": {"country_code": "US"},
        }
        records = read_values(sandbox, "country", since(3))
        assert [(row[START], row["value"], row["total_count"]) for row in records] == [
            (date(3), "US", 1),
            (date(2), "(not set)", 1),
            (date(1), "DE", 1),
        ]

    def test_list_dimensions_are_read_by_element(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_details = {"view-1": {"video_cdn_trace": ["fastly", "cloudflare"]}}
        records = read_values(sandbox, "video_cdn_trace", since(1))
        assert [row["value"] for row in records] == ["cloudflare", "fastly"]
        assert {row["dimension"] for row in records} == {"video_cdn_trace"}
        assert sandbox.requests[-1].path == "/data/v1/dimensions/video_cdn_trace/elements"

    def test_all_pages(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = [view(f"v{number}", day(1) + number) for number in range(25)]
        world.view_details = {f"v{n}": {"video_title": f"Title {n:02}"} for n in range(25)}
        sandbox.options.page_cap = 10
        records = read_values(sandbox, "video_title", since(1))
        assert sorted(row["value"] for row in records) == [f"Title {n:02}" for n in range(25)]

    def test_dimensions_are_checked(self) -> None:
        with pytest.raises(ConfigValidationError) as raised:
            TapMux(config={"token_id": "a", "token_secret": "b", "dimensions": ["contry"]})
        (text,) = raised.value.errors
        assert text == "dimensions: 'contry' is not a Mux dimension, did you mean country?"


def read_values(sandbox: Sandbox, dimension: str, settings: Row) -> list[Row]:
    """Read the values of a dimension."""
    output = run_tap(sandbox, "dimension_values", dimensions=[dimension], **settings)
    return output.records("dimension_values")
