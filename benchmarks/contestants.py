"""The programs that are compared, with their commands."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import environ

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.duckdb_target import Target
    from benchmarks.measuring import Usage
    from benchmarks.serving import Served

THIS = "this tap"
PLAIN = "plain SDK tap"
EMPTY = "empty SDK tap"
DLT = "dlt"
FLOOR = "floor"

DLT_FORMATS = {
    f"{DLT}, as it comes": "insert_values",
    f"{DLT} by JSON lines": "jsonl",
    f"{DLT} by Parquet": "parquet",
}

IN_FLIGHT = 8
RESERVE = 0.1
SCHEMA = "mux"

_PYTHON = sys.executable
_TAPS = {
    THIS: "tap_mux",
    PLAIN: "benchmarks.peers.plain_tap",
    EMPTY: "benchmarks.peers.empty_tap",
}
_LOGIN = {"token_id": "benchmark", "token_secret": "benchmark"}
_PACE = {"max_concurrency": IN_FLIGHT, "rate_limit_reserve": RESERVE}
_COUNT = (
    "import duckdb, sys; connection = duckdb.connect(sys.argv[1], read_only=True); "
    "print(connection.execute(f'select count(distinct id) from {sys.argv[2]}').fetchone()[0])"
)


class Contestant(NamedTuple):
    """A program, or several in a pipe."""

    name: str
    commands: list[list[str]]
    rows: Callable[[Usage], int] = attrgetter("records")
    """Returns how many rows it read."""

    def into(self, target: Target, folder: Path) -> Contestant:
        """Return a contestant that pipes its output into a target, which loads a DuckDB file.

        Args:
            target: The target.
            folder: Folder for the file and the settings of the target.
        """
        path = duckdb_path(folder, self.name)
        config = {**target.settings, "path": str(path), "default_target_schema": SCHEMA}
        written = _write(path.with_suffix(".json"), config)
        command = [target.program("target-duckdb"), "--config", written]
        return self._replace(
            commands=[*self.commands, command],
            rows=lambda _: _rows_in(path, target.program("python")),
        )

    def without_arrow(self) -> Contestant:
        """Return this tap as it runs where pyarrow is not installed."""
        ((python, _, _, *arguments),) = self.commands
        code = (
            "import sys; sys.modules['pyarrow'] = None; from tap_mux.__main__ import main; main()"
        )
        return self._replace(
            name=f"{self.name} without pyarrow", commands=[[python, "-c", code, *arguments]]
        )


def duckdb_path(folder: Path, name: str) -> Path:
    """Return the path of a contestant's DuckDB file."""
    return folder / f"{name.replace(',', '').replace(' ', '-')}.duckdb"


def _printed_rows(usage: Usage) -> int:
    return int(json.loads(usage.output.splitlines()[-1])["rows"])


def _rows_in(path: Path, python: str) -> int:
    command = [python, "-c", _COUNT, str(path), f"{SCHEMA}.video_views"]
    return int(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)  # noqa: S603 - our own


def tap(name: str, *arguments: str) -> Contestant:
    """Return a tap with these arguments."""
    return Contestant(name, [[_PYTHON, "-m", _TAPS[name], *arguments]])


def empty_tap() -> Contestant:
    """Return the empty tap, which reads nothing."""
    return tap(EMPTY)


def reading_tap(
    name: str, streams: str, served: Served, folder: Path, **settings: object
) -> Contestant:
    """Return a tap that reads some streams.

    Args:
        name: Name of the tap.
        streams: Names of the streams, with blanks between them.
        served: The server.
        folder: Folder for its settings and its catalog.
        settings: More settings.
    """
    given: dict[str, object]
    if name == PLAIN:
        given = {"start_date": served.dates["start_date"], "end": served.end}
    else:
        given = {**served.dates, **_PACE}
    config = {**_LOGIN, "api_url": served.url, **given, **settings}
    config = {key: value for key, value in config.items() if value is not None}
    module = _TAPS[name]
    label = ".".join([module, *streams.split()])
    number = sum(1 for _ in folder.glob(f"{label}.*.json"))
    files = {
        "config": _write(folder / f"{label}.{number}.json", config),
        "catalog": _write(folder / f"{label}.catalog.json", _catalog(module, streams.split())),
    }
    return tap(name, *(part for key, path in files.items() for part in (f"--{key}", path)))


def peers(stream: str, served: Served) -> list[Contestant]:
    """Return dlt and the floor, which read one stream."""
    return [
        Contestant(DLT, [_peer("dlt_rest", stream, served)], _printed_rows),
        Contestant(FLOOR, [_peer("bare_loop", stream, served)]),
    ]


def csv_readers(served: Served) -> list[Contestant]:
    """Return Python's csv and DuckDB, which read the export.

    Args:
        served: The server.
    """
    command = [_PYTHON, "-m", "benchmarks.peers.csv_reader"]
    return [
        Contestant("Python's csv alone", [[*command, "csv", served.url]], _printed_rows),
        Contestant("DuckDB's read_csv", [[*command, "duckdb", served.url]], _printed_rows),
    ]


def peers_into_duckdb(served: Served, folder: Path) -> list[Contestant]:
    """Return dlt, once for each file format that it can load, and the floor; all load into DuckDB.

    Args:
        served: The server.
        folder: Folder for the DuckDB files.
    """

    def peer(name: str, module: str, *more: str) -> Contestant:
        path = duckdb_path(folder, name)
        command = [*_peer(module, "video_views", served), "--duckdb", str(path), *more]
        return Contestant(name, [command], lambda _: _rows_in(path, _PYTHON))

    return [
        *(peer(name, "dlt_rest", "--format", kind) for name, kind in DLT_FORMATS.items()),
        peer(FLOOR, "bare_loop"),
    ]


def _peer(module: str, stream: str, served: Served) -> list[str]:
    start_and_end = (str(served.start), str(served.end))
    return [_PYTHON, "-m", f"benchmarks.peers.{module}", stream, served.url, *start_and_end]


def _catalog(module: str, names: Sequence[str]) -> dict[str, object]:
    """Return the discovered catalog of a tap, with some streams selected."""
    command = [_PYTHON, "-m", module, "--discover"]
    done = subprocess.run(  # noqa: S603 - our own
        command, check=True, capture_output=True, timeout=60, env=environ.clean()
    )
    streams: list[dict[str, Any]] = json.loads(done.stdout)["streams"]
    chosen = [each for each in streams if each["tap_stream_id"] in names]
    for entry in chain.from_iterable(each["metadata"] for each in chosen):
        if not entry["breadcrumb"]:
            entry["metadata"]["selected"] = True
    return {"streams": chosen}


def _write(path: Path, content: Mapping[str, object]) -> str:
    path.write_text(json.dumps(content))
    return str(path)
