"""Records are the same with pyarrow and without."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_mux import schemas
from tap_mux.exports.arrow_rows import ArrowEncoder
from tap_mux.exports.csv_rows import CSVFile
from tap_mux.exports.plain_rows import PlainEncoder
from tap_mux.records.normalizer import compile_normalizer
from tap_mux.records.urls import to_path
from tests.exports.stream import STREAM, day, ids, publish, read, records
from tests.support.urls import URLS

if TYPE_CHECKING:
    from mux_sandbox import Sandbox

CELLS = {
    "video_title": st.text(
        st.characters(codec="utf-8") | st.sampled_from('",\\\n\r\t :'), max_size=12
    ),
    "player_poster": st.sampled_from([*(url for url, _, _ in URLS), '"', '\\"']),
    "asn": st.integers(-(2**70), 2**70).map(str) | st.sampled_from(["", "1e3", "x"]),
    "latitude": st.floats().map(str) | st.integers().map(str) | st.sampled_from(["", "x", "-0"]),
    "watched": st.sampled_from(["", "true", "false", "t", "f", "1", "0", "True", "no"]),
    "view_end": st.datetimes().map(lambda moment: f"{moment.isoformat()[:19]}Z")
    | st.sampled_from(["", "2026-01-31 00:00:00", "x"]),
}
TYPES = {
    "view_id": "string",
    "video_title": "string",
    "player_poster": "string",
    "asn": "integer",
    "latitude": "number",
    "watched": "boolean",
    "view_end": "date-time",
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=6))
def test_both_ways_give_the_same_records(rows: list[dict[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, TYPES, lineterminator="\n")
    writer.writeheader()
    writer.writerows({"view_id": "v", **row} for row in rows)
    file = CSVFile(
        "the file",
        [text.getvalue().encode()],
        type_of=TYPES.get,
        required="view_id",
        added={"export_date": "2026-01-31T00:00:00.000000Z"},
    )
    shorten = {"player_poster": to_path}
    normalize = compile_normalizer(
        schemas.read(STREAM),
        shorten=shorten,
        on_unknown_field=pytest.fail,
        on_misfit=lambda _: None,
    )
    (block,) = file.blocks()
    columns = {"export_date": "2026-01-31T00:00:00.000000Z"}
    encoder = ArrowEncoder(file, STREAM, columns, shorten)
    lines = encoder.encode(block, datetime.now(UTC))
    expected = [normalize(row) for row in file.rows(block)]
    assert len(expected) == len(rows)
    plain = PlainEncoder(file, STREAM, columns, shorten).encode(block, datetime.now(UTC))
    for each, form in ((lines, same), (plain, json.dumps)):
        if each:
            assert each.records == len(rows)
            found = [json.loads(line)["record"] for line in each.lines.split(b"\n")[:-1]]
            assert list(map(form, found)) == list(map(form, expected))


def same(record: dict[str, Any]) -> dict[str, Any]:
    """Convert numbers to float, since 7 and 7.0 are the same in JSON."""
    return {
        name: float(value) if name == "latitude" and value is not None else value
        for name, value in record.items()
    }


def test_ordinary_rows_are_read_with_pyarrow(
    sandbox: Sandbox, week: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CSVFile, "rows", None)
    assert ids(read(sandbox)) == week


def test_without_pyarrow_they_are_encoded_by_column(
    sandbox: Sandbox, week: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tap_mux.exports.arrow_rows", None)
    monkeypatch.setattr(CSVFile, "rows", None)
    assert ids(read(sandbox)) == week


def test_an_unusual_value_after_many_ordinary_ones(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tap_mux.exports.arrow_rows", None)
    asns = ["7"] * 250
    asns[180] = "x"
    rows = [f"{number},{asn}\n" for number, asn in enumerate(asns)]
    publish(sandbox, {day(1): "".join(["view_id,asn\n", *rows])})
    found = [(record["view_id"], record["asn"]) for record in records(read(sandbox))]
    assert found == [(str(number), None if number == 180 else 7) for number in range(250)]


def test_both_ways_agree_on_the_sandboxs_files(
    sandbox: Sandbox, week: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = records(read(sandbox, include_credentials=True))
    assert [record["view_id"] for record in fast] == week
    monkeypatch.setitem(sys.modules, "tap_mux.exports.arrow_rows", None)
    assert records(read(sandbox, include_credentials=True)) == fast


def test_urls_are_shortened_with_pyarrow(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CSVFile, "rows", None)
    urls = [(url, path) for url, path, _ in URLS if url.isprintable()]
    rows = [f"{number},{url}\n" for number, (url, _) in enumerate(urls) if "," not in url]
    publish(sandbox, {day(1): "".join(["view_id,player_source_url\n", *rows])})
    found = [record["player_source_url"] for record in records(read(sandbox))]
    assert found == [path for url, path in urls if "," not in url]
    assert len(found) > 50
