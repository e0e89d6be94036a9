"""The recipes work: their queries, with the settings that they name."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Environment, ExplicitWorld, Sandbox, SandboxOptions
from tap_mux import schemas
from tests.docs.pages import DOCS, blocks
from tests.support.records import DAY, HOUR, NOW, view
from tests.support.tapping import catalog_of, run_tap
from tools.docs import sandboxed

if TYPE_CHECKING:
    import duckdb

    Record = dict[str, Any]

RECIPES = DOCS / "recipes"


@pytest.fixture(scope="session")
def records(messages: list[Record]) -> dict[str, list[Record]]:
    """The records of all streams."""
    return sandboxed.records(messages)


def settings(recipe: str) -> Record:
    """Return the settings that a recipe shows."""
    (text,) = blocks(RECIPES / f"{recipe}.md", "json")
    return dict(json.loads(text))


def answers(warehouse: duckdb.DuckDBPyConnection, recipe: str) -> list[list[Record]]:
    """Return what the queries of a recipe give."""
    return [
        warehouse.sql(query).to_arrow_table().to_pylist()
        for query in blocks(RECIPES / f"{recipe}.md", "sql")
    ]


def day_of(moment: str) -> Any:
    """Return the UTC day of a moment."""
    return datetime.fromisoformat(moment).date()


def test_views_by_asset(
    warehouse: duckdb.DuckDBPyConnection, records: dict[str, list[Record]]
) -> None:
    by_metric, by_view = answers(warehouse, "views-by-asset")
    counted = Counter(
        (day_of(each["view_start"]), each["asset_id"])
        for each in records["video_view_details"]
        if each.get("asset_id")
    )
    assert {(row["day"], row["asset_id"]): row["views"] for row in by_view} == counted
    days = sorted({row["day"] for row in by_metric})[1:]  # views were read from within the first
    assert len(days) > 5
    assert {
        (row["day"], row["asset_id"]): row["views"]
        for row in by_metric
        if row["day"] in days and row["asset_id"] != "(not set)"
    } == {key: views for key, views in counted.items() if key[0] in days}
    assert any(row["title"] for row in by_metric)


def test_views_by_asset_with_the_settings_of_the_recipe(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.view_rows = [view("a", NOW - 2 * DAY)]
    world.view_details = {"a": {"asset_id": "asset"}}
    start = datetime.fromtimestamp(NOW - 4 * DAY, UTC).isoformat()
    output = run_tap(sandbox, "metric_breakdowns", start_date=start, **settings("views-by-asset"))
    assert [each["field"] for each in output.records("metric_breakdowns")] == ["asset"]


def test_short_views_have_no_asset(records: dict[str, list[Record]]) -> None:
    text = (RECIPES / "views-by-asset.md").read_text("utf-8")
    assert "short form has 14 fields" in text
    fields = schemas.read("video_views")["properties"]
    assert len(fields) == 14
    assert "asset_id" not in fields
    assert any(each.get("asset_id") for each in records["exported_video_views"])


def test_quality_by_country(
    warehouse: duckdb.DuckDBPyConnection, records: dict[str, list[Record]]
) -> None:
    (rows,) = answers(warehouse, "quality-by-country")
    scores = defaultdict(list)
    for each in records["video_views"]:
        scores[each["country_code"]].append(each)
    expected = {country: views for country, views in scores.items() if len(views) >= 10}
    assert len(rows) == len(expected) > 3
    for row in rows:
        views = expected[row["country_code"]]
        assert row["views"] == len(views)
        known = [each["viewer_experience_score"] for each in views]
        known = [score for score in known if score is not None]
        assert row["experience"] == pytest.approx(sum(known) / len(known), abs=0.001)
        failed = sum(bool(each.get("playback_failure")) for each in views)
        assert row["failed_percent"] == pytest.approx(100 * failed / len(views), abs=0.1)
    assert rows == sorted(rows, key=lambda row: (row["experience"], row["country_code"]))


def test_quality_by_country_names_metrics_that_the_tap_knows(sandbox: Sandbox) -> None:
    run_tap(sandbox, "metric_breakdowns", **settings("quality-by-country"))
    asked = {request.path for request in sandbox.requests}
    for metric in settings("quality-by-country")["metrics"]:
        assert f"/data/v1/metrics/{metric['metric']}/breakdown" in asked


def test_top_errors(warehouse: duckdb.DuckDBPyConnection, records: dict[str, list[Record]]) -> None:
    top, views = answers(warehouse, "top-errors")
    counted: Counter[int] = Counter()
    for each in records["errors"]:
        counted[each["id"]] += each["count"]
    assert {row["id"]: row["views"] for row in top} == counted
    assert [row["views"] for row in top] == sorted(counted.values(), reverse=True)
    failed = {
        each["id"]: each["error_type_id"]
        for each in records["video_views"]
        if each.get("error_type_id")
    }
    assert {row["view_id"]: row["id"] for row in views} == failed
    assert len(views) == len(failed)


def test_delivery_cost(
    warehouse: duckdb.DuckDBPyConnection, records: dict[str, list[Record]]
) -> None:
    (rows,) = answers(warehouse, "delivery-cost")
    seconds: Counter[str] = Counter()
    for each in records["delivery_usage"]:
        seconds[each["asset_id"]] += each["delivered_seconds"]
    assert {row["asset_id"] for row in rows} == seconds.keys()
    for row in rows:
        assert row["minutes"] == pytest.approx(seconds[row["asset_id"]] / 60, abs=0.1)
    assert rows[0]["cost"] > 0


def test_only_errors(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.view_rows = [view("a", NOW - HOUR), view("b", NOW - HOUR, error_type_id=7)]
    world.view_details = {"a": {}, "b": {}}
    output = run_tap(sandbox, "video_view_details", **settings("only-errors"))
    assert [each["id"] for each in output.records("video_view_details")] == ["b"]
    assert len(sandbox.requests_to("/data/v1/video-views/a")) == 0


def test_backfill() -> None:
    moments = {
        name: datetime.fromisoformat(f"{day}T00:00:00Z").timestamp()
        for name, day in settings("backfill").items()
    }
    first, end = moments["start_date"], moments["end_date"]
    ends = {"before": first - 1, "first": first, "last": end - 1, "after": end}
    world = ExplicitWorld()
    world.view_rows = [view(name, moment) for name, moment in ends.items()]
    with Sandbox(world, SandboxOptions(clock=lambda: end + DAY)) as sandbox:
        output = run_tap(sandbox, "video_views", **settings("backfill"))
    assert [each["id"] for each in output.records("video_views")] == ["first", "last"]


def test_backfill_shows_the_same_dates_twice() -> None:
    (command,) = blocks(RECIPES / "backfill.md", "sh")
    for name, day in settings("backfill").items():
        assert f"TAP_MUX_{name.upper()}={day} " in command


def test_several_environments(warehouse: duckdb.DuckDBPyConnection) -> None:
    worlds = {name: ExplicitWorld() for name in ("production", "staging")}
    environments = {
        f"token-{name}": Environment("secret", world, f"environment-{name}")
        for name, world in worlds.items()
    }
    for name, world in worlds.items():
        world.view_rows = [view(name, NOW - HOUR)]
    shown = settings("environments")["environments"]
    assert [each["name"] for each in shown] == list(worlds)
    tokens = [
        {**each, "token_id": f"token-{each['name']}", "token_secret": "secret"} for each in shown
    ]
    with Sandbox(options=SandboxOptions(environments=environments)) as sandbox:
        output = run_tap(
            sandbox,
            catalog=catalog_of("video_views"),
            environments=tokens,
            token_id=None,
            token_secret=None,
        )
    assert {each["environment_id"]: each["id"] for each in output.records("video_views")} == {
        f"environment-{name}": name for name in worlds
    }
    (rows,) = answers(warehouse, "environments")
    assert len(rows) == 1
    assert rows[0]["environment_name"]
    assert rows[0]["views"] > 100
