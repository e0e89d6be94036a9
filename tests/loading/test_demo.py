"""The demo: what the sandbox command prints at its end, and the page that it writes."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import pytest

from loaders import ask, show
from loaders.charts import CHARTS, draw
from loaders.database import Database, opened
from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux
from tests.support.loaders import in_project, meltano, new_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_LINES = 30
KEYS = {
    name: stream.replication_key
    for name, stream in TapMux(config={"token_id": "id", "token_secret": "secret"}).streams.items()
}
"""The replication key of each stream, if it has one."""
DRAW = """
import json, sys, vl_convert
for spec in json.load(sys.stdin):
    print(json.dumps(vl_convert.vegalite_to_svg(spec)))
"""


class Demo(NamedTuple):
    """What the demo command left behind."""

    project: Path
    log: str
    page: str

    @property
    def end(self) -> list[str]:
        """What a person reads: all from the list of tables on."""
        lines = self.log.splitlines()
        (first,) = [number for number, line in enumerate(lines) if " tables in " in line]
        return lines[first:]

    def rows(self, sql: str) -> list[Any]:
        """Ask the DuckDB file."""
        with opened(str(self.project / "output" / "sandbox.duckdb")) as database:
            return database.rows(sql)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run the command of README."""
    project = new_project(tmp_path_factory.mktemp("demo"))
    command = "meltano run tap-mux target-duckdb duckdb:show duckdb:report"
    done = in_project(project, "mux-sandbox", "--assets=60", "--views=10", *command.split())
    output = project / "output"
    assert {path.name for path in output.iterdir()} == {"report.html", "sandbox.duckdb"}
    return Demo(project, done.stderr, (output / "report.html").read_text("utf-8"))


class TestLog:
    """What the command prints."""

    def test_ends_in_few_lines(self, demo: Demo) -> None:
        assert len(demo.end) <= MAX_LINES
        assert demo.end[-2:] == ["Block run completed", "Run completed"]
        assert demo.end[-3] == (
            f"Charts of it, for your browser: {demo.project / 'output' / 'report.html'}"
        )
        assert "METRIC" not in demo.log
        assert not re.search(r"^\d{4}-\d\d-\d\dT", demo.log.split("\n", 1)[1], re.MULTILINE)

    def test_lists_every_table_with_its_rows_and_newest_moment(self, demo: Demo) -> None:
        tables = demo.rows("select table_name from duckdb_tables() where schema_name = 'tap_mux'")
        assert len(tables) == sum(stream.selected_by_default for stream in ALL_STREAMS)
        for (name,) in tables:
            newest = f"max({KEYS[name]})" if KEYS[name] else "null"
            ((count, moment),) = demo.rows(f"select count(*), {newest} from tap_mux.{name}")  # noqa: S608 - made here
            told = rf"  {name} +{count:,}"
            assert count
            if moment:
                told += f"  {moment:%Y-%m-%d %H:%M}"
            assert re.search(rf"{told}(    |$)", "\n".join(demo.end), re.MULTILINE), name

    def test_answers_three_questions_with_their_sql(self, demo: Demo) -> None:
        asked = [number for number, line in enumerate(demo.end) if line.endswith("?")]
        assert len(asked) == len(show.QUESTIONS) == 3
        for number, question in zip(asked, show.QUESTIONS, strict=True):
            assert demo.end[number] == question.text
            rows = demo.rows(demo.end[number + 1])
            assert len(rows) == 3
            for line, row in zip(demo.end[number + 2 :], rows, strict=False):
                assert line == "  " + question.answer.format(*map(show.shown, row))

    def test_further_questions_are_answered(self, demo: Demo) -> None:
        (line,) = [line for line in demo.end if line.startswith("Ask it yourself: ")]
        command = shlex.split(line.removeprefix("Ask it yourself: uv run meltano "))
        assert command[:3] == ["--environment=sandbox", "invoke", "duckdb:ask"]
        shown = meltano(demo.project, *command).stdout
        (_, count), *_ = demo.rows(command[-1])
        assert re.search(rf"│ +{count} │$", shown, re.MULTILINE)

    def test_an_error_is_one_line(self, demo: Demo) -> None:
        command = "TAP_MUX_TOKEN_SECRET=wrong meltano run tap-mux target-duckdb; test $? = 1"
        log = in_project(demo.project, "mux-sandbox", "sh", "-c", command).stderr
        (line,) = [line for line in log.splitlines() if "401" in line]
        assert line.startswith("GET /system/v1/whoami was answered 401 Unauthorized")
        assert "Check token_id and token_secret" in line
        assert "Extractor failed" in log
        assert "Traceback" not in log


class TestPage:
    """report.html."""

    def test_has_five_charts_that_can_be_drawn(self, demo: Demo) -> None:
        (text,) = re.findall(
            r'<script type="application/json" id="specs">(.*?)</script>', demo.page
        )
        specs = json.loads(text)
        assert len(specs) == len(CHARTS) == 5
        assert all(f'<div class="chart" id="{name}"></div>' in demo.page for name in specs)
        assert 'nothing">' not in demo.page
        python = demo.project / ".meltano" / "utilities" / "duckdb" / "venv" / "bin" / "python"
        drawn = subprocess.run(
            [str(python), "-c", DRAW],
            input=json.dumps(list(specs.values())),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for spec, line in zip(specs.values(), drawn, strict=True):
            marks = len(re.findall(r'aria-roledescription="(?:bar|line mark)"', json.loads(line)))
            assert marks == (1 if spec["mark"]["type"] == "line" else len(spec["data"]["values"]))

    def test_needs_no_network(self, demo: Demo) -> None:
        html = re.sub(r"<script>.*?</script>", "", demo.page, flags=re.DOTALL)
        assert not re.search(r"\b(src|href)=|@import|url\(|<link|<img|<iframe", html)
        assert demo.page.count("<script") == 3
        assert "vegaEmbed=" in demo.page


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a new file."""
    with duckdb.connect(str(tmp_path / "test.duckdb")) as connection:
        yield connection


def printed(connection: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what duckdb:show prints of a database."""
    ((path,),) = connection.execute(
        "select path from duckdb_databases() where path <> ''"
    ).fetchall()
    connection.close()
    show.main(path)
    return capsys.readouterr().out.splitlines()


class TestOtherDatabases:
    """Tables that are missing, empty, or not as expected."""

    def test_replication_keys_are_those_of_the_tap(self) -> None:
        assert {name: key for name, key in KEYS.items() if key} == show.NEWEST

    @pytest.mark.parametrize("program", [show.main, ask.main])
    def test_nothing_is_loaded(self, tmp_path: Path, program: Any) -> None:
        path = tmp_path / "none.duckdb"
        question = ("select 1",) if program is ask.main else ()
        with pytest.raises(SystemExit, match=r"there is no .*none\.duckdb"):
            program(str(path), *question)
        duckdb.connect(str(path)).close()
        with pytest.raises(SystemExit, match="has no table"):
            program(str(path), *question)
        path.write_text("no database", encoding="utf-8")
        with pytest.raises(SystemExit, match=r"none\.duckdb: .*not a valid DuckDB"):
            program(str(path), *question)

    def test_tables_that_are_missing_or_empty_are_told(
        self, connection: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
    ) -> None:
        connection.execute(
            "create schema tap_mux; create table tap_mux.video_views"
            " (id text, country_code text, viewer_experience_score double, view_end timestamp)"
        )
        connection.execute("create table tap_mux.errors (id bigint)")  # without its columns
        database = Database(connection)
        assert [draw(chart, database) for chart in CHARTS[:3]] == [
            "Not loaded: metric_timeseries.",
            "No rows for it in video_views.",
            "Not loaded: metric_timeseries.",
        ]
        assert str(draw(CHARTS[3], database)).startswith("Cannot be drawn: Binder Error")
        assert draw(CHARTS[4], database) == "Not loaded: delivery_usage, assets."
        lines = printed(connection, capsys)
        assert lines[1] == "  errors       0      video_views  0"
        assert lines[4] == "  No rows."
        assert lines[7].startswith("  Binder Error")
        assert lines[9] == "  Not loaded: delivery_usage, assets."

    def test_nulls_and_long_texts(
        self, connection: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
    ) -> None:
        connection.execute(
            "create schema mine; create table mine.video_views as"
            " select null::text as country_code, null::double as viewer_experience_score,"
            " timestamp '2026-10-01 12:00' as view_end;"
            " create table mine.errors as select 1 as id, null::text as player_error_code,"
            " repeat('long' || chr(10), 50) as message, 2::bigint as count,"
            " timestamp '2026-10-02' as window_start, timestamp '2026-10-03' as last_seen"
        )
        lines = printed(connection, capsys)
        assert lines[1] == "  errors       1  2026-10-02 00:00    video_views  1  2026-10-01 12:00"
        assert lines[4] == "  (none): (none) of 1 over 1 views"
        assert lines[7] == f"  (none), {'long ' * 12}…: 2 views"

    def test_days_and_hours_of_delivery_are_not_added_up(
        self, connection: duckdb.DuckDBPyConnection
    ) -> None:
        connection.execute(
            "create schema tap_mux; create table tap_mux.assets as"
            " select 'a' as id, '{\"title\": \"</script>\"}'::json as meta;"
            " create table tap_mux.delivery_usage as select 'a' as asset_id, 600.0 as"
            " delivered_seconds, timestamp '2026-10-01' as window_start,"
            " timestamp '2026-10-02' as window_end union all"
            " select 'a', 60, timestamp '2026-10-01 01:00', timestamp '2026-10-01 02:00'"
        )
        drawn = draw(CHARTS[4], Database(connection))
        assert isinstance(drawn, dict)
        assert drawn["data"]["values"] == [{"asset": "</script> a", "minutes": 1.0}]

    def test_each_environment_and_measurement_has_a_line(
        self, connection: duckdb.DuckDBPyConnection
    ) -> None:
        connection.execute(
            "create schema tap_mux; create table tap_mux.metric_timeseries as"
            " select 'video_startup_time' as metric, 'day' as granularity, 'all' as filters_key,"
            " unnest(['default', '95th']) as measurement, 'mine' as environment_id,"
            " timestamp '2026-10-01' as time, 1500.0 as value"
        )
        drawn = draw(CHARTS[2], Database(connection))
        assert isinstance(drawn, dict)
        assert drawn["data"]["values"] == [
            {"series": "mine 95th", "day": "2026-10-01", "seconds": 1.5},
            {"series": "mine default", "day": "2026-10-01", "seconds": 1.5},
        ]
        assert drawn["encoding"]["color"]["legend"]
