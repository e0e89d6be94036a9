"""The page about joins, with diagrams of the streams and their keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tools.docs.joins import DIAGRAMS, ENVIRONMENTS
from tools.docs.markdown import block, page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.docs.joins import Join

INTRODUCTION = """\
The lines end in a fork where there are many records, in a bar where there is one, and in a circle
where there may be none. The queries are for DuckDB, as target-duckdb makes the tables. A test runs
each of them on the sandbox: it finds records, and finds none twice.

`video_views`, Mux's short form, joins nothing but `errors`, `environments` and the views in full.
For assets, live streams and playback IDs, read `video_view_details` or `exported_video_views`."""


def joins_page() -> str:
    """Return the page."""
    parts = []
    for title, joins in DIAGRAMS.items():
        parts.append(f"## {title}\n\n{block('mermaid', _diagram(joins))}")
        if joins is ENVIRONMENTS:
            parts.append(
                "Every stream finds its environment by `environment_id`, for example:\n\n"
                + block("sql", joins[0].sql)
            )
            continue
        parts += [
            f"### {join.left} to {join.right}, by {_label(join)}\n\n"
            f"{'One to one.' if join.is_one_to_one else 'Many to one.'} {join.says}".strip()
            + f"\n\n{block('sql', join.sql)}"
            for join in joins
        ]
    return page("Joins", INTRODUCTION, *parts)


def _diagram(joins: Iterable[Join]) -> str:
    if joins is ENVIRONMENTS:
        return f'erDiagram\n    every_stream }}o--o| environments : "{_label(ENVIRONMENTS[0])}"'
    lines = [
        f"    {join.left} {'|o' if join.is_one_to_one else '}o'}--o| {join.right} "
        f': "{_label(join)}"'
        for join in joins
    ]
    return "\n".join(["erDiagram", *lines])


def _label(join: Join) -> str:
    """Return the columns of the left that the condition names."""
    names = re.findall(rf"\b{join.left}\.(\w+)", join.on)
    columns = dict.fromkeys(name for name in names if name != "environment_id")
    return ", ".join(columns) or "environment_id"
