"""The stream exported_video_views: every row of every daily file, typed, and never cut short."""

from __future__ import annotations

import csv
import gzip
import io
import json
import logging
import math
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mux_sandbox import Answer, Disconnect, Truncate
from mux_sandbox.details import csv_export
from tap_mux import schemas
from tap_mux.arrow_rows import ArrowEncoder
from tap_mux.csv_rows import CSVFile
from tap_mux.errors import MuxError
from tap_mux.exports import spans
from tap_mux.normalizing import compile_normalizer
from tap_mux.tap import TapMux
from tests.rows import DAY, HOUR, NOW, tap_time, view, views
from tests.tapping import Output, bookmark, clean_environ, config_file, messages, run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox
    from tests.tapping import Message

STREAM = "exported_video_views"
LIST = "/data/v1/exports/views"
SIGNED = "/signed/"
MIDNIGHT = NOW - NOW % DAY
ENVIRONMENT = "sandbox-environment"
SECRET = "X-Amz-Signature=secret"  # noqa: S105 - stands for one


def day(ago: int) -> str:
    """Give the date so many days ago."""
    return tap_time(MIDNIGHT - ago * DAY)[:10]


def read(sandbox: Sandbox, **more: Any) -> Output:
    """Run the stream alone."""
    return run_tap(sandbox, STREAM, **more)


def records(output: Output) -> list[dict[str, Any]]:
    """Give the records of the stream."""
    return output.records(STREAM)


def ids(output: Output) -> list[str]:
    """Give the views in the order in which they came."""
    return [record["view_id"] for record in records(output)]


def state_of(value: str, key: str = "export_date") -> dict[str, Any]:
    """Make the state of a run that has read up to a date."""
    partition = {
        "context": {"environment_id": ENVIRONMENT},
        "replication_key": key,
        "replication_key_value": value,
    }
    return {"bookmarks": {STREAM: {"partitions": [partition]}}}


def bookmarks(output: Output) -> list[str | None]:
    """Give the bookmark in each state, without repetitions."""
    return list(dict.fromkeys(bookmark(state, STREAM) for state in output.states))


def publish(sandbox: Sandbox, files: dict[str, str]) -> None:
    """Let Mux have these files, by date, in place of its own."""
    publish_packed(
        sandbox, {name: gzip.compress(content.encode()) for name, content in files.items()}
    )


def publish_packed(sandbox: Sandbox, files: dict[str, bytes]) -> None:
    """Let Mux have these compressed files, by date, in place of its own."""
    listed = []
    for name, content in files.items():
        path = f"/files/{name}"
        sandbox.faults.add(path, times=None, action=Answer(200, content))
        file = {"version": 14, "type": "csv", "path": f"{sandbox.url}{path}?{SECRET}"}
        listed.append({"export_date": name, "files": [file]})
    sandbox.faults.add(LIST, times=None, action=Answer(200, {"data": listed}))


def one(sandbox: Sandbox, content: str | bytes, **more: Any) -> list[dict[str, Any]]:
    """Read one file of yesterday; without what is the same in all rows."""
    content = content.encode() if isinstance(content, str) else content
    publish_packed(sandbox, {day(1): gzip.compress(content)})
    found = records(read(sandbox, **more))
    for record in found:
        assert record.pop("export_date") == day(1)
        assert record.pop("environment_id") == ENVIRONMENT
    return found


@pytest.fixture(autouse=True)
def morning(sandbox: Sandbox) -> None:
    """Let it be the time when the file of yesterday has been made."""
    sandbox.options.clock = lambda: MIDNIGHT + 6 * HOUR


@pytest.fixture(params=["pyarrow", "csv"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of reading: with pyarrow and without."""
    if request.param == "csv":
        monkeypatch.setitem(sys.modules, "tap_mux.arrow_rows", None)
    return str(request.param)


@pytest.fixture
def week(world: ExplicitWorld) -> list[str]:
    """Three views on each of the last nine days; the ids of those in files."""
    world.view_rows = [
        view(f"{day(ago)}-{number}", MIDNIGHT - ago * DAY + number * HOUR)
        for ago in range(9, 0, -1)
        for number in range(3)
    ]
    return [row["id"] for row in world.view_rows if row["id"] >= day(7)]


class TestStream:
    """What the catalog says of it."""

    def test_is_not_selected_by_default(self) -> None:
        tap = TapMux(config={"token_id": "id", "token_secret": "secret"})
        (entry,) = [each for each in tap.catalog_dict["streams"] if each["stream"] == STREAM]
        (whole,) = [each["metadata"] for each in entry["metadata"] if not each["breadcrumb"]]
        assert whole["selected-by-default"] is False
        assert list(entry["key_properties"]) == ["view_id"]
        assert entry["replication_key"] == "export_date"
        assert not tap.streams[STREAM].selected

    def test_schema_has_every_column(self) -> None:
        known = schemas.read(STREAM)["properties"].keys()
        for version in range(2, 15):
            assert known >= set(csv_export.columns(version))

    def test_without_the_plan_it_is_skipped(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        refusal = {"error": {"type": "forbidden", "message": "Exports are not enabled"}}
        sandbox.faults.add(LIST, times=None, action=Answer(403, refusal))
        assert not records(read(sandbox))
        assert "a plan that includes exports (Media)" in caplog.text

    def test_probe_asks_for_the_list(self, sandbox: Sandbox) -> None:
        tap = TapMux(config=sandbox.config)
        (line,) = tap.streams[STREAM].report()  # type: ignore[attr-defined]
        assert line == f"{STREAM}: available"
        assert [request.query for request in sandbox.requests_to(LIST)] == [[]]


class TestFiles:
    """Which files are read, and in which order."""

    def test_all_rows_of_all_files_oldest_first(
        self, sandbox: Sandbox, week: list[str], reader: str
    ) -> None:
        output = read(sandbox)
        assert ids(output) == week
        for record in records(output):
            assert record["export_date"] == record["view_id"][:10]
            assert record["environment_id"] == ENVIRONMENT

    def test_state_after_each_file(self, sandbox: Sandbox, week: list[str]) -> None:
        output = read(sandbox)
        seen: list[str] = []
        for message in output.messages:
            if message["type"] == "RECORD":
                seen.append(message["record"]["view_id"])
            elif message["type"] == "STATE" and (mark := bookmark(message["value"], STREAM)):
                assert seen == [view_id for view_id in week if view_id[:10] <= mark]
        assert bookmarks(output)[-7:] == [day(ago) for ago in range(7, 0, -1)]

    def test_second_run_reads_what_is_new(
        self, world: ExplicitWorld, sandbox: Sandbox, week: list[str]
    ) -> None:
        first = read(sandbox)
        again = read(sandbox, state=first.states[-1])
        assert not records(again)
        assert again.states[-1] == first.states[-1]
        sandbox.options.clock = lambda: MIDNIGHT + DAY + 6 * HOUR
        world.view_rows.append(view("new", MIDNIGHT + HOUR))
        later = read(sandbox, state=first.states[-1])
        assert ids(later) == ["new"]
        assert bookmark(later.states[-1], STREAM) == day(0)

    def test_dates_are_limited_by_the_settings(self, sandbox: Sandbox, week: list[str]) -> None:
        output = read(sandbox, start_date=day(5), end_date=day(3))
        assert {record["export_date"] for record in records(output)} == {day(5), day(4)}
        output = read(sandbox, start_date=f"{day(5)}T12:00:00Z", end_date=f"{day(3)}T00:00:01Z")
        assert {record["export_date"] for record in records(output)} == {day(5), day(4), day(3)}

    def test_start_date_does_not_read_again(self, sandbox: Sandbox, week: list[str]) -> None:
        output = read(sandbox, start_date=day(5), state=state_of(day(3)))
        assert {record["export_date"] for record in records(output)} == {day(2), day(1)}

    @pytest.mark.parametrize("value", [day(2), f"{day(2)}T00:00:00Z"])
    def test_bookmark_stays_a_date(self, sandbox: Sandbox, week: list[str], value: str) -> None:
        output = read(sandbox, state=state_of(value), end_date=day(1))
        assert not records(output)
        assert bookmark(output.states[-1], STREAM) == day(2)

    def test_the_highest_version_is_read_and_told(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        files = []
        for version, kind in ((13, "csv"), (14, "csv"), (2, "csv"), (99, "parquet")):
            path = f"/files/{version}"
            sandbox.faults.add(
                path,
                times=None,
                action=Answer(200, gzip.compress(f"view_id\nv{version}\n".encode())),
            )
            files.append({"version": version, "type": kind, "path": sandbox.url + path})
        export = {"export_date": day(1), "files": files}
        sandbox.faults.add(LIST, times=None, action=Answer(200, {"data": [export]}))
        assert ids(read(sandbox)) == ["v14"]
        assert f"several versions of the export of {day(1)}: reading version 14" in caplog.text
        assert f"The export of {day(1)} has a file of the type" in caplog.text

    def test_all_files_of_one_version_are_read(self, sandbox: Sandbox) -> None:
        files = []
        for part in ("a", "b"):
            packed = gzip.compress(f"view_id\n{part}\n".encode())
            sandbox.faults.add(f"/files/{part}", times=None, action=Answer(200, packed))
            path = f"{sandbox.url}/files/{part}"
            files.append({"version": 14, "type": "csv", "path": path})
        export = {"export_date": day(1), "files": files}
        sandbox.faults.add(LIST, times=None, action=Answer(200, {"data": [export]}))
        output = read(sandbox)
        assert ids(output) == ["a", "b"]
        assert len(bookmarks(output)) <= 2

    def test_files_of_one_version_may_be_listed_in_another_order(self, sandbox: Sandbox) -> None:
        files = {}
        for part in ("a", "b"):
            packed = gzip.compress(f"view_id\n{part}\n".encode())
            if part == "b":
                sandbox.faults.add("/files/b", action=Answer(403))
            sandbox.faults.add(f"/files/{part}", times=None, action=Answer(200, packed))
            path = f"{sandbox.url}/files/{part}?signature=s"
            files[part] = {"version": 14, "type": "csv", "path": path}
        for order in ("ab", "ba"):
            export = {"export_date": day(1), "files": [files[part] for part in order]}
            times = 1 if order == "ab" else None
            sandbox.faults.add(LIST, times=times, action=Answer(200, {"data": [export]}))
        assert ids(read(sandbox)) == ["a", "b"]

    @pytest.mark.parametrize(
        "export", [{}, {"export_date": "soon", "files": []}, {"export_date": day(1), "files": [1]}]
    )
    def test_a_list_that_makes_no_sense_fails(self, sandbox: Sandbox, export: Any) -> None:
        sandbox.faults.add(LIST, times=None, action=Answer(200, {"data": [export]}))
        with pytest.raises(MuxError, match="not what the API describes"):
            read(sandbox)


class TestMissingDates:
    """Mux keeps files for seven days; what is gone is told."""

    def warning(self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, **more: Any) -> str:
        """Run the stream, and return what it says of missing dates."""
        read(sandbox, **more)
        (text, *_) = [
            *(entry.getMessage() for entry in caplog.records if "are missing" in entry.message),
            "",
        ]
        return text.rpartition(": ")[2]

    def test_an_old_bookmark(
        self, sandbox: Sandbox, week: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        told = self.warning(sandbox, caplog, state=state_of(day(12)))
        assert told == f"{day(11)} to {day(8)}"

    def test_an_early_start_date(
        self, sandbox: Sandbox, week: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        assert self.warning(sandbox, caplog, start_date=day(8)) == day(8)

    @pytest.mark.parametrize("ago", [1, 7, 8])
    def test_nothing_is_missing(
        self, sandbox: Sandbox, week: list[str], caplog: pytest.LogCaptureFixture, ago: int
    ) -> None:
        assert not self.warning(sandbox, caplog, state=state_of(day(ago)))
        assert not self.warning(sandbox, caplog)

    def test_a_gap(self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
        publish(sandbox, {day(ago): "view_id\n" for ago in (6, 4, 1)})
        assert self.warning(sandbox, caplog) == f"{day(5)}, {day(3)} to {day(2)}"

    def test_only_dates_that_are_wanted(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        publish(sandbox, {day(ago): "view_id\n" for ago in (6, 4, 1)})
        told = self.warning(sandbox, caplog, start_date=day(5), end_date=day(3))
        assert told == day(5)

    def test_an_empty_list(self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
        publish(sandbox, {})
        today = datetime.now(UTC).date()
        start = today - timedelta(days=10)
        last = today - timedelta(days=8)
        told = self.warning(sandbox, caplog, start_date=start.isoformat())
        assert told == f"{start} to {last}"

    def test_spans(self) -> None:
        days = [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 3)]
        assert spans(days) == "2026-02-27 to 2026-03-01, 2026-03-03"


@pytest.mark.usefixtures("reader")
class TestColumns:
    """Columns are matched by name, whatever their order and set."""

    def test_in_any_order(self, sandbox: Sandbox) -> None:
        rows = one(sandbox, "country,view_id,asn\nDE,a,7\n")
        assert rows == [{"country": "DE", "view_id": "a", "asn": 7}]

    def test_old_headers(self, sandbox: Sandbox) -> None:
        head = "view_id,browser (viewer_application_name),rebuffer_count (buffering_count)"
        rows = one(sandbox, f"{head}\na,Safari,3\n")
        assert rows == [{"view_id": "a", "browser": "Safari", "rebuffer_count": 3}]

    def test_unknown_ones_are_told_once(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        content = "new,view_id,newer\n1,a,2\n1,b,2\n"
        publish(sandbox, {day(2): content, day(1): content})
        output = read(sandbox)
        assert "new" not in records(output)[0]
        for name in ("new", "newer"):
            told = [
                entry.message for entry in caplog.records if entry.message.endswith(f": {name}")
            ]
            assert len(told) == 1

    def test_the_taps_environment_id_wins(self, sandbox: Sandbox) -> None:
        (record,) = one(sandbox, "view_id,environment_id,export_date\na,another,1999-01-01\n")
        assert record == {"view_id": "a"}

    def test_deselected_columns_are_left_out(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        catalog = catalog_without("asn", "environment_id")
        publish(sandbox, {day(1): "view_id,asn,country\na,1,DE\n"})
        output = read(sandbox, catalog=catalog)
        assert records(output) == [{"view_id": "a", "country": "DE", "export_date": day(1)}]
        assert "does not have" not in caplog.text

    def test_credentials_are_left_out_unless_asked_for(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        content = "view_id,player_source_url\na,https://example.com/?token=1\n"
        assert one(sandbox, content) == [{"view_id": "a"}]
        assert "does not have" not in caplog.text
        (record,) = one(sandbox, content, include_credentials=True)
        assert record["player_source_url"] == "https://example.com/?token=1"

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("country\nDE\n", "has no column 'view_id' in its first line"),
            ("<html>\n", "has no column 'view_id' in its first line"),
            ("view_id,asn,asn\na,1,2\n", "has more than one column 'asn'"),
        ],
    )
    def test_a_first_line_that_is_no_use(self, sandbox: Sandbox, content: str, said: str) -> None:
        with pytest.raises(MuxError, match=f"the export of {day(1)} {said}"):
            one(sandbox, content)


@pytest.mark.usefixtures("reader")
class TestText:
    """CSV as it may be written."""

    @pytest.mark.parametrize(
        "title",
        [
            "a,b",
            'He said "no"',
            '"',
            '""',
            "two\nlines",
            "two\r\nlines",
            "\n",
            "tab\tand \\ and \\\" and '",
            "C:\\",
            "naïve 🎬 \u2028 日本語",
            "\x01\x7f",
            " spaces ",
            "null",
            ':"",',
            "x" * 200_000,
        ],
    )
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    def test_any_text_comes_as_it_is(self, sandbox: Sandbox, title: str, line_end: str) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator=line_end)
        writer.writerows([["view_id", "video_title", "asn"], ["a", title, "1"], ["b", "", "2"]])
        assert one(sandbox, text.getvalue()) == [
            {"view_id": "a", "video_title": title, "asn": 1},
            {"view_id": "b", "video_title": None, "asn": 2},
        ]

    @pytest.mark.parametrize(
        "content", ["", "view_id,asn\n", "view_id,asn", "\ufeffview_id,asn\r\n"]
    )
    def test_a_file_without_rows(self, sandbox: Sandbox, content: str) -> None:
        publish(sandbox, {day(1): content})
        output = read(sandbox)
        assert not records(output)
        assert bookmark(output.states[-1], STREAM) == day(1)

    def test_byte_order_mark_blank_lines_and_no_last_line_end(self, sandbox: Sandbox) -> None:
        rows = one(sandbox, "\ufeffview_id,asn\n\na,1\n\n\nb,2")
        assert rows == [{"view_id": "a", "asn": 1}, {"view_id": "b", "asn": 2}]

    def test_what_is_not_utf_8_is_told(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        rows = one(sandbox, b"view_id,city\na,M\xfcnchen\nb,Bonn\n")
        assert [row["city"] for row in rows] == ["M\ufffdnchen", "Bonn"]
        assert "not UTF-8" in caplog.text

    @pytest.mark.parametrize("row", ["b", "b,1,2", "b,1,", '"b"', '"b,1"'])
    def test_a_row_of_another_length_fails(self, sandbox: Sandbox, row: str) -> None:
        content = f'view_id,city\na,"x\ny"\n{row}\nc,3\n'
        said = f"the export of {day(1)} has [13] columns instead of 2 in line 4"
        with pytest.raises(MuxError, match=said):
            one(sandbox, content)

    @pytest.mark.parametrize("row", ['b,"no end', 'b,"a" b'])
    def test_what_is_no_csv_fails(self, sandbox: Sandbox, reader: str, row: str) -> None:
        if reader == "pyarrow" and row.endswith(" b"):
            # Arrow takes it for a text, which shifts nothing.
            one(sandbox, f"view_id,city\na,1\n{row}\n")
            return
        with pytest.raises(MuxError, match=f"the export of {day(1)} is no CSV file as of line 3"):
            one(sandbox, f"view_id,city\na,1\n{row}\n")

    def test_blocks_end_where_rows_do(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tap_mux.downloading.PIECE_BYTES", 100)
        monkeypatch.setattr("tap_mux.csv_rows.BLOCK_BYTES", 1)
        rows = [[f"view-{number}", 'a "quote",\nnext' * (number % 9), "1"] for number in range(300)]
        text = io.StringIO(newline="")
        csv.writer(text).writerows([["view_id", "video_title", "asn"], *rows])
        found = one(sandbox, text.getvalue())
        assert [[row["view_id"], row["video_title"] or "", "1"] for row in found] == rows


@pytest.mark.usefixtures("reader")
class TestValues:
    """Values are typed as the schema says; what does not fit is null, and told."""

    @pytest.mark.parametrize(
        ("column", "text", "value"),
        [
            ("asn", "12", 12),
            ("asn", "-3", -3),
            ("asn", "12.0", 12),
            ("asn", "1e3", 1000),
            ("asn", "99999999999999999999", 99999999999999999999),
            ("latitude", "1e3", 1000.0),
            ("latitude", "0.1", 0.1),
            ("latitude", "-7", -7.0),
            ("latitude", "123456789.123456", 123456789.123456),
            ("latitude", "NaN", None),
            ("latitude", "inf", None),
            ("watched", "true", True),
            ("watched", "t", True),
            ("watched", "1", True),
            ("watched", "TRUE", True),
            ("watched", "false", False),
            ("watched", "f", False),
            ("watched", "0", False),
            ("video_cdn_trace", '["a","b"]', '["a","b"]'),
            ("video_cdn_trace", "a, b", "a, b"),
            ("view_end", "2026-01-31T23:59:59Z", "2026-01-31T23:59:59.000000Z"),
            ("view_end", "2026-01-31T23:59:59.25Z", "2026-01-31T23:59:59.250000Z"),
            ("view_end", "2026-01-31T23:59:59+02:00", "2026-01-31T21:59:59.000000Z"),
            ("view_end", "2026-01-31 23:59:59", "2026-01-31T23:59:59.000000Z"),
            ("view_end", "2026-01-31 23:59:59Z", "2026-01-31T23:59:59.000000Z"),
            ("view_end", "2026-01-31 23:59:59 UTC", "2026-01-31T23:59:59.000000Z"),
            ("view_end", "2026-01-31 23:59:59 +0000", "2026-01-31T23:59:59.000000Z"),
            ("view_end", "1769903999", "2026-01-31T23:59:59.000000Z"),
            ("view_end", "1769903999.5", "2026-01-31T23:59:59.500000Z"),
        ],
    )
    def test_is_typed(self, sandbox: Sandbox, column: str, text: str, value: object) -> None:
        # An ordinary value beside it must come out as ever.
        other = {"asn": "5", "latitude": "5", "watched": "true"}.get(column, "")
        content = f'view_id,{column}\na,"{text.replace(chr(34), chr(34) * 2)}"\nb,{other}\nc,\n'
        first, second, third = (row[column] for row in one(sandbox, content))
        assert first == value
        assert type(first) is type(value) or isinstance(value, float)
        assert second == {"5": 5, "true": True, "": None}[other]
        assert third is None

    @pytest.mark.parametrize(
        ("column", "text"),
        [
            ("asn", "many"),
            ("asn", "1.5"),
            ("latitude", "north"),
            ("watched", "maybe"),
            ("view_end", "yesterday"),
            ("view_end", "2026-02-30T00:00:00Z"),
        ],
    )
    def test_what_does_not_fit_is_null_and_told_once(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, column: str, text: str
    ) -> None:
        rows = one(sandbox, f"view_id,{column}\na,{text}\nb,{text}\n")
        assert [row[column] for row in rows] == [None, None]
        told = [entry for entry in caplog.records if "does not fit" in entry.message]
        assert [entry.message.rpartition(": ")[2] for entry in told] == [column]

    def test_a_row_without_its_key_fails(self, sandbox: Sandbox) -> None:
        publish(sandbox, {day(2): "view_id\na\n", day(1): "view_id,asn\nb,1\n,2\n"})
        output = Output()
        with pytest.raises(MuxError, match="without view_id"):
            read(sandbox, output=output)
        assert bookmark(output.states[-1], STREAM) == day(2)


CELLS = {
    "video_title": st.text(
        st.characters(codec="utf-8") | st.sampled_from('",\\\n\r\t :'), max_size=12
    ),
    "asn": st.integers(-(2**70), 2**70).map(str) | st.sampled_from(["", "1e3", "x"]),
    "latitude": st.floats().map(str) | st.integers().map(str) | st.sampled_from(["", "x"]),
    "watched": st.sampled_from(["", "true", "false", "t", "f", "1", "0", "True", "no"]),
    "view_end": st.datetimes().map(lambda moment: f"{moment.isoformat()[:19]}Z")
    | st.sampled_from(["", "2026-01-31 00:00:00", "x"]),
}
KINDS = {
    "view_id": "string",
    "video_title": "string",
    "asn": "integer",
    "latitude": "number",
    "watched": "boolean",
    "view_end": "date-time",
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=6))
def test_both_ways_of_reading_agree(rows: list[dict[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, KINDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({"view_id": "v", **row} for row in rows)
    file = CSVFile(
        "the file",
        [text.getvalue().encode()],
        choose=KINDS.get,
        required="view_id",
        added={"export_date": "2026-01-31"},
    )
    tidy = compile_normalizer(
        schemas.read(STREAM), tell_unknown=pytest.fail, tell_misfit=lambda _: None
    )
    for block in file.blocks():
        encoder = ArrowEncoder(file, STREAM, {"export_date": "2026-01-31"})
        lines = encoder.encode(block, datetime.now(UTC))
        expected = [tidy(row) for row in file.rows(block)]
        assert len(expected) == len(rows)
        if lines:
            assert lines.records == len(rows)
            found = [json.loads(line)["record"] for line in lines.content.split(b"\n")[:-1]]
            assert [same(record) for record in found] == [same(record) for record in expected]


def same(record: dict[str, Any]) -> dict[str, Any]:
    """Write numbers alike, since JSON has no two kinds of them."""
    return {
        name: float(value) if name == "latitude" and value is not None else value
        for name, value in record.items()
    }


def test_ordinary_rows_are_read_by_arrow(
    sandbox: Sandbox, week: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CSVFile, "rows", None)
    assert ids(read(sandbox)) == week


def test_both_ways_agree_on_the_sandboxs_files(
    sandbox: Sandbox, week: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = records(read(sandbox, include_credentials=True))
    monkeypatch.setitem(sys.modules, "tap_mux.arrow_rows", None)
    assert records(read(sandbox, include_credentials=True)) == fast


class TestMaps:
    """Stream maps and flattening work, by the SDK's own way."""

    def test_stream_maps(self, sandbox: Sandbox) -> None:
        publish(sandbox, {day(1): "view_id,country\na,DE\nb,US\n"})
        maps = {STREAM: {"__filter__": "country == 'DE'", "land": "country.lower()"}}
        (record,) = records(read(sandbox, stream_maps=maps, catalog=catalog_without()))
        assert record["land"] == "de"

    def test_an_alias(self, sandbox: Sandbox) -> None:
        publish(sandbox, {day(1): "view_id\na\n"})
        maps = {STREAM: {"__alias__": "bulk"}}
        output = read(sandbox, stream_maps=maps, catalog=catalog_without())
        assert [record["view_id"] for record in output.records("bulk")] == ["a"]

    def test_flattening(self, sandbox: Sandbox) -> None:
        publish(sandbox, {day(1): "view_id\na\n"})
        assert ids(read(sandbox, flattening_enabled=True, flattening_max_depth=1)) == ["a"]

    def test_dry_run(self, sandbox: Sandbox, week: list[str]) -> None:
        tap = TapMux(config=sandbox.config, message_writer=Output())
        assert tap.run_sync_dry_run(dry_run_record_limit=1, streams=[tap.streams[STREAM]])

    def test_read_whole(self, sandbox: Sandbox, week: list[str]) -> None:
        catalog = catalog_without()
        (entry,) = catalog["streams"]
        entry["replication_method"] = "FULL_TABLE"
        for each in entry["metadata"]:
            if not each["breadcrumb"]:
                each["metadata"]["forced-replication-method"] = "FULL_TABLE"
        output = read(sandbox, catalog=catalog, state=state_of(day(1)))
        assert ids(output) == week


class TestTrouble:
    """Downloads that break, expire or change: no row is lost, and the state waits for all."""

    def test_resumes(
        self, sandbox: Sandbox, week: list[str], monkeypatch: pytest.MonkeyPatch, waits: list[float]
    ) -> None:
        monkeypatch.setattr("tap_mux.downloading.READ_BYTES", 256)
        sandbox.faults.add(SIGNED, times=3, action=Truncate())
        assert ids(read(sandbox)) == week
        assert any("Range" in request.headers for request in sandbox.requests)

    def test_begins_again_rather_than_losing_rows(
        self,
        world: ExplicitWorld,
        sandbox: Sandbox,
        monkeypatch: pytest.MonkeyPatch,
        waits: list[float],
    ) -> None:
        monkeypatch.setattr("tap_mux.downloading.READ_BYTES", 256)
        world.view_rows = views(60, MIDNIGHT - DAY, 60)
        changed = [view(number, MIDNIGHT - DAY + number * 60) for number in range(80)]

        def change(_: object) -> None:
            world.view_rows = changed

        newest = f"{SIGNED}exports/views/{day(1)}"
        sandbox.faults.add(newest, action=Truncate())
        sandbox.faults.add(lambda request: "Range" in request.headers, action=change)
        output = read(sandbox)
        assert set(ids(output)) == {row["id"] for row in changed}
        assert bookmark(output.states[-1], STREAM) == day(1)

    @pytest.mark.parametrize("trouble", [Disconnect(), Truncate(), Answer(500), Answer(403)])
    def test_a_file_that_cannot_be_had_keeps_the_state_before_it(
        self, sandbox: Sandbox, week: list[str], waits: list[float], trouble: Any
    ) -> None:
        sandbox.faults.add(f"{SIGNED}exports/views/{day(3)}", times=None, action=trouble)
        output = Output()
        with pytest.raises(MuxError, match=f"{STREAM} failed: The download of the export of"):
            read(sandbox, output=output)
        assert bookmark(output.states[-1], STREAM) == day(4)
        sandbox.faults.clear()
        assert {*ids(output), *ids(read(sandbox, state=output.states[-1]))} == set(week)

    @pytest.mark.parametrize("missing", [1, 8, 500])
    def test_a_file_without_its_end_is_never_taken_for_whole(
        self, sandbox: Sandbox, waits: list[float], missing: int
    ) -> None:
        rows = "".join(f"view-{number},{math.sin(number)}\n" for number in range(3000))
        packed = gzip.compress(f"view_id,latitude\n{rows}".encode())
        output = Output()
        publish_packed(sandbox, {day(2): gzip.compress(b"view_id\na\n"), day(1): packed[:-missing]})
        with pytest.raises(MuxError, match=r"ended before the file did|cannot go on"):
            read(sandbox, output=output)
        assert bookmark(output.states[-1], STREAM) == day(2)

    def test_urls_expire_while_earlier_files_are_read(
        self, sandbox: Sandbox, week: list[str]
    ) -> None:
        now = [MIDNIGHT + 6 * HOUR]
        sandbox.options.clock = lambda: now[0]

        def pass_time(_: object) -> None:
            now[0] += 40 * 60

        sandbox.faults.add(SIGNED, times=None, action=pass_time)
        assert ids(read(sandbox)) == week
        statuses = [request.status for request in sandbox.requests if SIGNED in request.path]
        assert statuses.count(200) == 7
        assert 0 < statuses.count(403) <= 7

    def test_a_date_that_is_not_listed_any_more(self, sandbox: Sandbox, week: list[str]) -> None:
        now = [MIDNIGHT + 6 * HOUR]
        sandbox.options.clock = lambda: now[0]

        def pass_days(_: object) -> None:
            now[0] += 2 * DAY

        sandbox.faults.add(SIGNED, action=pass_days)
        with pytest.raises(MuxError, match=f"does not list the export of {day(7)} any more"):
            read(sandbox)

    @pytest.mark.parametrize("trouble", [Answer(403), Answer(500), Truncate(), Disconnect()])
    def test_urls_stand_in_no_log_and_no_error(
        self,
        sandbox: Sandbox,
        week: list[str],
        caplog: pytest.LogCaptureFixture,
        waits: list[float],
        trouble: Any,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        sandbox.faults.add(SIGNED, times=None, action=trouble)
        with pytest.raises(MuxError) as caught:
            read(sandbox)
        assert caplog.text
        for text in (caplog.text, str(caught.value)):
            assert "Signature" not in text
            assert "X-Amz" not in text

    def test_downloads_carry_no_credentials(self, sandbox: Sandbox, week: list[str]) -> None:
        read(sandbox)
        downloads = [request for request in sandbox.requests if SIGNED in request.path]
        assert len(downloads) == 7
        assert not any(request.authorized for request in downloads)
        assert all(request.authorized for request in sandbox.requests_to(LIST))

    def test_one_thread_is_enough(self, sandbox: Sandbox, week: list[str]) -> None:
        assert ids(read(sandbox, max_concurrency=1)) == week


def catalog_without(*columns: str) -> dict[str, Any]:
    """Give a catalog that selects the stream without some of its columns."""
    tap = TapMux(config={"token_id": "id", "token_secret": "secret"})
    (entry,) = [each for each in tap.catalog_dict["streams"] if each["stream"] == STREAM]
    entry = json.loads(json.dumps(entry))
    for each in entry["metadata"]:
        name = each["breadcrumb"][-1] if each["breadcrumb"] else None
        each["metadata"]["selected"] = name not in columns
    return {"streams": [entry]}


class TestProgram:
    """Killed or told to end in the middle."""

    def start(self, sandbox: Sandbox, folder: Path, state: Message) -> subprocess.Popen[str]:
        """Start the tap as a program."""
        catalog, before = folder / "catalog.json", folder / "state.json"
        catalog.write_text(json.dumps(catalog_without()))
        before.write_text(json.dumps(state))
        files = [f"--catalog={catalog}", f"--state={before}"]
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tap_mux",
                f"--config={config_file(folder, **sandbox.config)}",
                *files,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environ(),
            text=True,
        )

    def fill(self, sandbox: Sandbox) -> set[str]:
        """Publish three files of some thousand rows; give their ids."""
        rows = {day(ago): [f"{day(ago)}-{number}" for number in range(3000)] for ago in (3, 2, 1)}
        publish(sandbox, {name: "\n".join(["view_id", *lines, ""]) for name, lines in rows.items()})
        return {view_id for lines in rows.values() for view_id in lines}

    def test_killed_runs_add_up(self, sandbox: Sandbox, tmp_path: Path) -> None:
        expected = self.fill(sandbox)
        seen: set[str] = set()
        state: Message = {}
        for kill_after in (1000, 4000, 5000, None):
            lines = []
            with self.start(sandbox, tmp_path, state) as tap:
                assert tap.stdout
                for line in tap.stdout:
                    lines.append(line)
                    if len(lines) == kill_after:
                        tap.send_signal(signal.SIGKILL)
            for message in messages("".join(lines)):
                if message["type"] == "RECORD":
                    seen.add(message["record"]["view_id"])
                elif message["type"] == "STATE":
                    state = message["value"]
                    mark = bookmark(state, STREAM) or ""
                    assert {view_id for view_id in expected if view_id[:10] <= mark} <= seen
        assert seen == expected
        assert bookmark(state, STREAM) == day(1)

    def test_ctrl_c_ends_at_once_while_it_waits(self, sandbox: Sandbox, tmp_path: Path) -> None:
        self.fill(sandbox)
        path = f"{sandbox.url}/files/late?{SECRET}"
        file = {"version": 14, "type": "csv", "path": path}
        late = {"export_date": day(1), "files": [file]}
        sandbox.faults.clear()
        sandbox.faults.add(LIST, times=None, action=Answer(200, {"data": [late]}))
        sandbox.faults.add(
            "/files/late", times=None, action=Answer(503, b"", {"Retry-After": "50"})
        )
        with self.start(sandbox, tmp_path, {}) as tap:
            assert tap.stderr
            for line in tap.stderr:
                if "Going on in" in line:
                    time.sleep(0.5)  # it has to have begun to wait
                    tap.send_signal(signal.SIGINT)
                    break
            _, errors = tap.communicate(timeout=10)
        assert SECRET not in errors
