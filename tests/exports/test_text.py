"""Each form of CSV that is valid is read correctly."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.api.errors import MuxError
from tests.exports.stream import STREAM, day, midnight, one, publish, read, records
from tests.support.tapping import Output, bookmark

if TYPE_CHECKING:
    from mux_sandbox import Sandbox


@pytest.mark.usefixtures("reader")
class TestText:
    """Text and line ends in CSV files."""

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
    def test_text_is_not_changed(self, sandbox: Sandbox, title: str, line_end: str) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator=line_end)
        writer.writerows([["view_id", "video_title", "asn"], ["a", title, "1"], ["b", "", "2"]])
        assert one(sandbox, text.getvalue()) == [
            {"view_id": "a", "video_title": title, "asn": 1},
            {"view_id": "b", "video_title": None, "asn": 2},
        ]

    @pytest.mark.parametrize("content", ["view_id,asn\n", "view_id,asn", "\ufeffview_id,asn\r\n"])
    def test_a_file_without_rows(self, sandbox: Sandbox, content: str) -> None:
        publish(sandbox, {day(1): content})
        output = read(sandbox)
        assert not records(output)
        assert bookmark(output.states[-1], STREAM) == midnight(1)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "is empty"),
            ("\ufeff", "is empty"),
            ("\n", "has no column 'view_id' in its first line"),
            ("view_id,asn\ra,1\rb@example.com,2\r", "end with a carriage return alone"),
            ('view_id,asn\r"a\nb",1\r', "end with a carriage return alone"),
            ("view_id,asn\na,1\rb@example.com,2\r", "has 3 columns instead of 2 in line 2"),
            ("view_id,asn\na,1\nb,2\rc@example.com,3\n", "has 3 columns instead of 2 in line 3"),
        ],
    )
    def test_a_file_without_a_first_line_or_with_other_line_ends_fails(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, content: str, message: str
    ) -> None:
        output = Output()
        publish(sandbox, {day(2): "view_id\na\n", day(1): content})
        with pytest.raises(MuxError, match=message):
            read(sandbox, output=output, keep_unknown_fields=True)
        assert [record["view_id"] for record in records(output)] == ["a"]
        assert bookmark(output.states[-1], STREAM) == midnight(2)
        assert "example" not in caplog.text

    def test_a_carriage_return_within_a_value(self, sandbox: Sandbox) -> None:
        rows = one(sandbox, 'view_id,city\n"a\rb","\r"\nc,d\re\n')
        assert rows == [{"view_id": "a\rb", "city": "\r"}, {"view_id": "c", "city": "d\re"}]

    @pytest.mark.parametrize("settings", [{}, {"keep_unknown_fields": True}])
    @pytest.mark.parametrize("name", ["me@example.com", "10.0.0.7", "My Title", "Ünal", ""])
    def test_a_name_that_may_be_data_is_not_logged(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, name: str, settings: Any
    ) -> None:
        one(sandbox, f"view_id,{name},new\na,1,2\n", **settings)
        names = [
            entry.message.rpartition(": ")[2]
            for entry in caplog.records
            if "does not have" in entry.message
        ]
        assert names == ["one whose name is not shown, since it may be data", "new"]

    @pytest.mark.parametrize("quote", ["", '"'])
    def test_a_row_without_end_fails(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, quote: str
    ) -> None:
        monkeypatch.setattr("tap_mux.exports.csv_rows.MAX_ROW_BYTES", 1 << 22)
        long = ("x" * 1023 + ("\n" if quote else "x")) * (1 << 13)
        with pytest.raises(MuxError, match="a row has no end"):
            one(sandbox, f"view_id,city\na,{quote}{long}")

    def test_byte_order_mark_blank_lines_and_no_last_line_end(self, sandbox: Sandbox) -> None:
        rows = one(sandbox, "\ufeffview_id,asn\n\na,1\n\n\nb,2")
        assert rows == [{"view_id": "a", "asn": 1}, {"view_id": "b", "asn": 2}]

    def test_text_that_is_not_utf_8_is_reported(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        rows = one(sandbox, b"view_id,city\na,M\xfcnchen\nb,Bonn\n")
        assert [row["city"] for row in rows] == ["M\ufffdnchen", "Bonn"]
        assert "not UTF-8" in caplog.text

    @pytest.mark.parametrize("row", ["b", "b,1,2", "b,1,", '"b"', '"b,1"'])
    def test_a_row_of_another_length_fails(self, sandbox: Sandbox, row: str) -> None:
        content = f'view_id,city\na,"x\ny"\n{row}\nc,3\n'
        message = f"the export of {day(1)} has [13] columns instead of 2 in line 4"
        with pytest.raises(MuxError, match=message):
            one(sandbox, content)

    @pytest.mark.parametrize("row", ['b,"no end', 'b,"a" b'])
    def test_invalid_csv_fails(self, sandbox: Sandbox, reader: str, row: str) -> None:
        if reader == "pyarrow" and row.endswith(" b"):
            # pyarrow accepts this as text; no other value moves to another column.
            found = one(sandbox, f"view_id,city\na,1\n{row}\n")
            assert found == [{"view_id": "a", "city": "1"}, {"view_id": "b", "city": "a b"}]
            return
        with pytest.raises(MuxError, match=f"the export of {day(1)} is no CSV file as of line 3"):
            one(sandbox, f"view_id,city\na,1\n{row}\n")

    def test_blocks_end_at_the_end_of_a_row(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tap_mux.exports.download.PIECE_BYTES", 100)
        monkeypatch.setattr("tap_mux.exports.csv_rows.BLOCK_BYTES", 1)
        rows = [[f"view-{number}", 'a "quote",\nnext' * (number % 9), "1"] for number in range(300)]
        text = io.StringIO(newline="")
        csv.writer(text).writerows([["view_id", "video_title", "asn"], *rows])
        found = one(sandbox, text.getvalue())
        assert [[row["view_id"], row["video_title"] or "", "1"] for row in found] == rows
