"""dlt's own REST source, configured for the same endpoints.

Without --duckdb it only extracts, into the files that dlt would load, and prints the number of
rows.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from typing import TYPE_CHECKING, Any

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
}

import dlt
from dlt.destinations import duckdb
from dlt.sources.rest_api import rest_api_source

if TYPE_CHECKING:
    from dlt.sources.rest_api.typing import EndpointResource, RESTAPIConfig

LIMIT = 100


def endpoint(stream: str, start: int, end: int) -> EndpointResource:
    """Configure one stream."""
    if stream == "assets":
        return {
            "name": stream,
            "primary_key": "id",
            "write_disposition": "merge",
            "endpoint": {
                "path": "video/v1/assets",
                "params": {"limit": LIMIT},
                "data_selector": "data",
                "paginator": {
                    "type": "cursor",
                    "cursor_path": "next_cursor",
                    "cursor_param": "cursor",
                },
            },
        }
    return {
        "name": stream,
        "primary_key": "id",
        "write_disposition": "merge",
        "endpoint": {
            "path": "data/v1/video-views",
            "params": {
                "limit": LIMIT,
                "order_direction": "asc",
                "timeframe[]": [start, end],
            },
            "data_selector": "data",
            "paginator": {"type": "page_number", "base_page": 1, "total_path": None},
        },
    }


def rows_of(metrics: dict[str, list[Any]], stream: str) -> int:
    """Return the number of rows of a stream in dlt's metrics."""
    return sum(
        table.items_count
        for jobs in metrics.values()
        for job in jobs
        for name, table in job["table_metrics"].items()
        if name == stream
    )


def main() -> None:
    """Read one stream."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stream", choices=["assets", "video_views"])
    parser.add_argument("url")
    parser.add_argument("start", type=int)
    parser.add_argument("end", type=int)
    parser.add_argument("--duckdb", help="Also load into this file.")
    parser.add_argument(
        "--format", choices=["insert_values", "jsonl", "parquet"], help="File format to load."
    )
    options = parser.parse_args()
    config: RESTAPIConfig = {
        "client": {
            "base_url": options.url,
            "auth": {"type": "http_basic", "username": "benchmark", "password": "benchmark"},
        },
        "resources": [endpoint(options.stream, options.start, options.end)],
    }
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "mux",
            pipelines_dir=folder,
            destination=duckdb(options.duckdb or f"{folder}/none.duckdb"),
            dataset_name="mux",
        )
        source = rest_api_source(config)
        if options.duckdb:
            pipeline.run(source, loader_file_format=options.format).raise_on_failed_jobs()
        else:
            rows = rows_of(pipeline.extract(source).metrics, options.stream)
            print(json.dumps({"rows": rows}))  # noqa: T201 - read by the caller


if __name__ == "__main__":
    main()
