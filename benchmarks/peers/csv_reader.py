"""The fastest ways to read CSV: only Python's csv, or DuckDB, which needs the complete file."""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import tempfile
import urllib.request


def by_python(url: str) -> int:
    """Count the rows while the file is downloaded."""
    with (
        urllib.request.urlopen(url, timeout=60) as answer,  # noqa: S310 - our own server
        gzip.open(answer) as content,
    ):
        lines = io.TextIOWrapper(io.BufferedReader(content, 1 << 20), "utf-8", newline="")
        return sum(1 for _ in csv.reader(lines)) - 1


def by_duckdb(url: str) -> int:
    """Load the file into a table in memory."""
    import duckdb  # noqa: PLC0415 - import it only if it is used

    with (
        urllib.request.urlopen(url, timeout=60) as answer,  # noqa: S310 - our own server
        tempfile.NamedTemporaryFile(suffix=".csv.gz") as file,
        duckdb.connect() as connection,
    ):
        while piece := answer.read(1 << 20):
            file.write(piece)
        file.flush()
        connection.execute("create table views as from read_csv(?)", [file.name])
        (rows,) = connection.execute("select count(*) from views").fetchone() or (0,)
        return int(rows)


def main() -> None:
    """Read the export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=["csv", "duckdb"])
    parser.add_argument("url")
    options = parser.parse_args()
    with urllib.request.urlopen(f"{options.url}/data/v1/exports/views", timeout=60) as answer:  # noqa: S310
        url = json.load(answer)["data"][0]["files"][0]["path"]
    read = by_python if options.reader == "csv" else by_duckdb
    print(json.dumps({"rows": read(url)}))  # noqa: T201 - read by the caller


if __name__ == "__main__":
    main()
