"""The floor for CPU: download pages one by one, decode them and write a line for each record.

With --duckdb, load the lines into a DuckDB file instead, all at once.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import tempfile
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 100


class Api:
    """One connection."""

    def __init__(self, url: str) -> None:
        """Connect."""
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def get(self, path: str) -> dict[str, Any]:
        """Request a page."""
        self._connection.request("GET", path)
        answer: dict[str, Any] = msgspec.json.decode(self._connection.getresponse().read())
        return answer


def views(api: Api, start: int, end: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of views."""
    number, rest = 1, 1
    while rest > 0:
        answer = api.get(
            f"/data/v1/video-views?limit={LIMIT}&page={number}&order_direction=asc"
            f"&timeframe[]={start}&timeframe[]={end}"
        )
        yield answer["data"]
        rest = answer["total_row_count"] - number * LIMIT
        number += 1


def assets(api: Api) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of assets."""
    path = f"/video/v1/assets?limit={LIMIT}"
    answer = api.get(path)
    yield answer["data"]
    while cursor := answer["next_cursor"]:
        answer = api.get(f"{path}&cursor={cursor}")
        yield answer["data"]


def main() -> None:
    """Read one stream and write it to stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stream", choices=["assets", "video_views"])
    parser.add_argument("url")
    parser.add_argument("start", type=int)
    parser.add_argument("end", type=int)
    parser.add_argument("--duckdb", help="Load into this file instead.")
    options = parser.parse_args()
    api = Api(options.url)
    stream = options.stream
    pages = assets(api) if stream == "assets" else views(api, options.start, options.end)
    encode = msgspec.json.Encoder().encode
    if options.duckdb:
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as lines:
            for page in pages:
                lines.write(b"".join(encode(record) + b"\n" for record in page))
            lines.flush()
            _load(lines.name, options.duckdb, stream)
        return
    write = sys.stdout.buffer.write
    for page in pages:
        for record in page:
            write(encode({"type": "RECORD", "stream": stream, "record": record}) + b"\n")


def _load(lines: str, database: str, stream: str) -> None:
    import duckdb  # noqa: PLC0415 - import it only if it is used

    with duckdb.connect(database) as connection:
        connection.execute("create schema mux")
        connection.execute(f"create table mux.{stream} as from read_json_auto(?)", [lines])


if __name__ == "__main__":
    main()
