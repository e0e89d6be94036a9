"""Print the tables of the DuckDB file, and the answers to three questions."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from loaders.database import opened

if TYPE_CHECKING:
    from loaders.database import Database

NEWEST = {
    **dict.fromkeys(("annotations", "monitoring_breakdown_timeseries"), "date"),
    **dict.fromkeys(("monitoring_timeseries", "subview_timeseries", "usage_exports"), "date"),
    **dict.fromkeys(("asset_heatmaps", "asset_hotspots", "delivery_usage"), "window_start"),
    **dict.fromkeys(("dimension_values", "errors", "metric_breakdowns"), "window_start"),
    **dict.fromkeys(("metric_comparisons", "metric_insights", "metric_overall"), "window_start"),
    **dict.fromkeys(("playback_id_heatmaps", "playback_id_hotspots"), "window_start"),
    **dict.fromkeys(("video_heatmaps", "video_hotspots"), "window_start"),
    **dict.fromkeys(("monitoring_breakdowns", "monitoring_histograms"), "timestamp"),
    **dict.fromkeys(("video_view_details", "video_views"), "view_end"),
    "directive_runs": "started_at",
    "exported_video_views": "export_date",
    "metric_timeseries": "time",
    "robot_jobs": "updated_at",
}
"""The replication key of each stream that is read incrementally."""


class Question(NamedTuple):
    """A question, and how a row of the answer reads."""

    text: str
    sql: str
    tables: tuple[str, ...]
    answer: str


QUESTIONS = (
    Question(
        "How good is the viewer experience in the countries with the most views?",
        "select country_code, avg(viewer_experience_score), count(*) from {}.video_views"
        " group by 1 order by 3 desc, 1, 2 limit 3",
        ("video_views",),
        "{}: {:.2f} of 1 over {:,} views",
    ),
    Question(
        "Which errors hit the most views?",
        "select player_error_code, message, sum(count) from {}.errors"
        " group by all order by 3 desc, 1, 2 limit 3",
        ("errors",),
        "{}, {}: {:,} views",
    ),
    Question(
        "Which assets were delivered most?",
        "select asset_id, meta->>'title', sum(delivered_seconds) / 60 from {0}.delivery_usage"
        " left join {0}.assets on asset_id = id group by all order by 3 desc, 1, 2 limit 3",
        ("delivery_usage", "assets"),
        "{0:.8}…, {1}: {2:,.0f} minutes",
    ),
)
EXAMPLE = "select video_title, count(*) from {}.video_views group by 1 order by 2 desc, 1"
MAX_TEXT = 60


class Nothing:
    """Stands for null in an answer, however the answer formats a value."""

    def __format__(self, _specification: str) -> str:
        """Name it."""
        return "(none)"


def main(path: str) -> None:
    """Print all lines."""
    with opened(path) as database:
        lines = [f"{len(database.tables)} tables in {path}, with their rows and newest moment:"]
        lines += tables(database)
        for question in QUESTIONS:
            lines += [question.text, *answered(question, database)]
    # Meltano passes its environment on, and has another file for each.
    environment = os.environ.get("MELTANO_ENVIRONMENT", "dev")
    lines.append(
        f"Ask it yourself: uv run meltano --environment={environment} invoke duckdb:ask"
        f' "{EXAMPLE.format(database.schema)}"'
    )
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def tables(database: Database) -> list[str]:
    """Return the tables, two on each line: the name, the number of rows, the newest moment."""
    cells = [cell(database, *table) for table in database.tables]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    texts = [
        f"{name:{widths[0]}}  {rows:>{widths[1]}}  {newest:{widths[2]}}"
        for name, rows, newest in cells
    ]
    half = -(-len(texts) // 2)
    return [
        f"  {left}    {right}".rstrip()
        for left, right in zip_longest(texts[:half], texts[half:], fillvalue="")
    ]


def cell(database: Database, schema: str, name: str) -> tuple[str, str, str]:
    """Return the name of a table, how many rows it has, and its newest moment."""
    rows = database.relation(schema, name)
    newest = None
    if (key := NEWEST.get(name)) in rows.columns:
        ((newest,),) = rows.aggregate(f'max("{key}")').fetchall()
    return (
        name if schema == database.schema else f"{schema}.{name}",
        f"{rows.shape[0]:,}",
        f"{newest:%Y-%m-%d %H:%M}" if isinstance(newest, datetime) else "",
    )


def answered(question: Question, database: Database) -> list[str]:
    """Return the SQL of a question, and the answer."""
    if missing := database.missing(question.tables):
        return [f"  {missing}"]
    sql = question.sql.format(database.schema)
    try:
        rows = database.rows(sql)
    except duckdb.Error as error:  # columns may be called otherwise here
        return [f"  {sql}", f"  {' '.join(str(error).split())}"]
    answers = [question.answer.format(*map(shown, row)) for row in rows]
    return [f"  {sql}", *(f"  {answer}" for answer in answers or ["No rows."])]


def shown(value: object) -> object:
    """Shorten a text to one line, and name what is null."""
    if value is None:
        return Nothing()
    if not isinstance(value, str):
        return value
    text = " ".join(value.split())
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


if __name__ == "__main__":
    main(sys.argv[1])
