"""Which daily files are read, in which order, and the state after each."""

from __future__ import annotations

import gzip
import logging
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tests.exports.stream import (
    ENVIRONMENT,
    LIST,
    MIDNIGHT,
    STREAM,
    bookmarks,
    day,
    ids,
    midnight,
    read,
    records,
    state_of,
)
from tests.support.records import DAY, HOUR, view
from tests.support.tapping import bookmark

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox


class TestFiles:
    """Which files are read, and in which order."""

    def test_all_rows_of_all_files_oldest_first(
        self, sandbox: Sandbox, week: list[str], reader: str
    ) -> None:
        output = read(sandbox)
        assert ids(output) == week
        for record in records(output):
            assert record["export_date"] == f"{record['view_id'][:10]}T00:00:00.000000Z"
            assert record["environment_id"] == ENVIRONMENT

    def test_state_after_each_file(self, sandbox: Sandbox, week: list[str]) -> None:
        output = read(sandbox)
        seen: list[str] = []
        for message in output.messages:
            if message["type"] == "RECORD":
                seen.append(message["record"]["view_id"])
            elif message["type"] == "STATE" and (mark := bookmark(message["value"], STREAM)):
                assert seen == [view_id for view_id in week if view_id[:10] <= mark[:10]]
        assert bookmarks(output)[-7:] == [midnight(ago) for ago in range(7, 0, -1)]

    def test_the_table_at_the_end_says_that_no_file_is_read_again(
        self, sandbox: Sandbox, week: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        read(sandbox)
        (row,) = [line for line in caplog.messages if line.startswith(f"{STREAM} ")]
        assert row.count(midnight(1)[:19]) == 2  # read up to, next run from
        assert week

    def test_second_run_reads_only_new_files(
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
        assert bookmark(later.states[-1], STREAM) == midnight(0)

    def test_dates_are_limited_by_the_settings(self, sandbox: Sandbox, week: list[str]) -> None:
        output = read(sandbox, start_date=day(5), end_date=day(3))
        assert {record["export_date"] for record in records(output)} == {midnight(5), midnight(4)}
        output = read(sandbox, start_date=f"{day(5)}T12:00:00Z", end_date=f"{day(3)}T00:00:01Z")
        found = {record["export_date"] for record in records(output)}
        assert found == {midnight(4), midnight(3)}

    def test_start_date_does_not_read_again(self, sandbox: Sandbox, week: list[str]) -> None:
        output = read(sandbox, start_date=day(5), state=state_of(day(3)))
        assert {record["export_date"] for record in records(output)} == {midnight(2), midnight(1)}

    @pytest.mark.parametrize("value", [day(2), f"{day(2)}T00:00:00Z", midnight(2)])
    def test_a_bookmark_may_be_a_date(self, sandbox: Sandbox, week: list[str], value: str) -> None:
        output = read(sandbox, state=state_of(value), end_date=day(1))
        assert not records(output)
        assert bookmark(output.states[-1], STREAM) == midnight(2)
        output = read(sandbox, state=state_of(value))
        assert ids(output) == [view_id for view_id in week if view_id[:10] == day(1)]
        assert bookmark(output.states[-1], STREAM) == midnight(1)

    def test_only_the_highest_version_is_read(
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
        assert f"lacks a file of {day(1)}, since its type is not csv but" in caplog.text

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
    def test_an_invalid_list_fails(self, sandbox: Sandbox, export: Any) -> None:
        sandbox.faults.add(LIST, times=None, action=Answer(200, {"data": [export]}))
        with pytest.raises(MuxError, match="not what the API describes"):
            read(sandbox)
