"""Columns that the schema does not have, kept in one column if asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.exports.csv_rows import CSVFile
from tests.exports.stream import catalog_without, day, ids, one, publish, read, records
from tests.support.tapping import catalog_of

if TYPE_CHECKING:
    from mux_sandbox import Sandbox

HEAD = "new,view_id,newer,asn,my_token\n"
CONTENT = f"{HEAD}1,a,,7,hush\n,b,,8,hush\n1,c,x y,9,\n"
UNKNOWN = [{"new": "1"}, None, {"new": "1", "newer": "x y"}]


@pytest.mark.usefixtures("reader")
class TestUnknownColumns:
    """With pyarrow and without."""

    def test_cells_that_are_not_empty_are_kept(self, sandbox: Sandbox) -> None:
        plain = one(sandbox, CONTENT)
        assert [record["asn"] for record in plain] == [7, 8, 9]
        kept = one(sandbox, CONTENT, keep_unknown_fields=True)
        assert [record.pop("unknown_fields") for record in kept] == UNKNOWN
        assert kept == plain

    def test_null_where_there_are_none(self, sandbox: Sandbox, week: list[str]) -> None:
        kept = read(sandbox, keep_unknown_fields=True)
        assert ids(kept) == week
        assert [record.pop("unknown_fields") for record in records(kept)] == [None] * len(week)
        assert records(kept) == records(read(sandbox))

    def test_through_stream_maps(self, sandbox: Sandbox) -> None:
        maps = {"exported_video_views": {"a": "(unknown_fields or {}).get('new')"}}
        kept = one(sandbox, CONTENT, keep_unknown_fields=True, stream_maps=maps)
        assert [record["a"] for record in kept] == ["1", None, "1"]
        assert [record["unknown_fields"] for record in kept] == UNKNOWN

    def test_a_catalog_from_before(self, sandbox: Sandbox) -> None:
        catalog = catalog_of("exported_video_views")
        kept = one(sandbox, CONTENT, catalog=catalog, keep_unknown_fields=True)
        assert [record["unknown_fields"] for record in kept] == UNKNOWN

    def test_deselected_ones_are_not_unknown(self, sandbox: Sandbox) -> None:
        catalog = catalog_without("asn", "country")
        (record,) = one(
            sandbox, "view_id,asn,new\na,1,2\n", catalog=catalog, keep_unknown_fields=True
        )
        assert record == {"view_id": "a", "unknown_fields": {"new": "2"}}

    def test_the_column_deselected(self, sandbox: Sandbox) -> None:
        catalog = catalog_without("unknown_fields", keep_unknown_fields=True)
        records = one(sandbox, CONTENT, catalog=catalog, keep_unknown_fields=True)
        assert records == one(sandbox, CONTENT)

    def test_credentials_are_kept_if_asked_for(self, sandbox: Sandbox) -> None:
        settings: dict[str, Any] = {"keep_unknown_fields": True, "include_credentials": True}
        (record,) = one(sandbox, "view_id,my_token\na,hush\n", **settings)
        assert record["unknown_fields"] == {"my_token": "hush"}

    def test_each_is_told_once(self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
        publish(sandbox, {day(2): CONTENT, day(1): CONTENT})
        read(sandbox, keep_unknown_fields=True)
        told = [entry.message for entry in caplog.records if "does not have" in entry.message]
        assert [text.partition("; ")[2] for text in told] == [
            "kept in unknown_fields: new",
            "kept in unknown_fields: newer",
            "left out, since its name is like that of a credential: my_token",
        ]


def test_files_without_unknown_columns_are_still_read_by_arrow(
    sandbox: Sandbox, week: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CSVFile, "rows", None)
    assert ids(read(sandbox, keep_unknown_fields=True)) == week


def test_so_are_files_with_some_that_are_left_out(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CSVFile, "rows", None)
    assert one(sandbox, "view_id,my_token\na,1\n") == [{"view_id": "a"}]
    (record,) = one(sandbox, "view_id,my_token\na,1\n", keep_unknown_fields=True)
    assert record == {"view_id": "a", "unknown_fields": None}
