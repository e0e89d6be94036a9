"""The columns of the files are matched by name."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from tap_mux.api.errors import MuxError
from tap_mux.records.urls import of_unknown
from tests.exports.stream import catalog_without, day, midnight, one, publish, read, records
from tests.support.urls import URLS

if TYPE_CHECKING:
    from mux_sandbox import Sandbox


@pytest.mark.usefixtures("reader")
class TestColumns:
    """Files may have any columns in any order."""

    def test_in_any_order(self, sandbox: Sandbox) -> None:
        rows = one(sandbox, "country,view_id,asn\nDE,a,7\n")
        assert rows == [{"country": "DE", "view_id": "a", "asn": 7}]

    def test_old_headers(self, sandbox: Sandbox) -> None:
        head = "view_id,browser (viewer_application_name),rebuffer_count (buffering_count)"
        rows = one(sandbox, f"{head}\na,Safari,3\n")
        assert rows == [{"view_id": "a", "browser": "Safari", "rebuffer_count": 3}]

    def test_unknown_columns_are_reported_once(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        content = "new,view_id,newer\n1,a,2\n1,b,2\n"
        publish(sandbox, {day(2): content, day(1): content})
        output = read(sandbox)
        assert "new" not in records(output)[0]
        for name in ("new", "newer"):
            warnings = [
                entry.message for entry in caplog.records if entry.message.endswith(f": {name}")
            ]
            assert len(warnings) == 1

    def test_the_taps_environment_id_wins(self, sandbox: Sandbox) -> None:
        (record,) = one(sandbox, "view_id,environment_id,export_date\na,another,1999-01-01\n")
        assert record == {"view_id": "a"}

    def test_deselected_columns_are_left_out(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        catalog = catalog_without("asn", "environment_id")
        publish(sandbox, {day(1): "view_id,asn,country\na,1,DE\n"})
        output = read(sandbox, catalog=catalog)
        assert records(output) == [{"view_id": "a", "country": "DE", "export_date": midnight(1)}]
        assert "does not have" not in caplog.text

    def test_urls_are_shortened_unless_credentials_are_included(self, sandbox: Sandbox) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["view_id", "player_source_url", "player_poster", "new"])
        writer.writerows([number, url, url, url] for number, (url, _, _) in enumerate(URLS))
        short = one(sandbox, text.getvalue(), keep_unknown_fields=True)
        whole = one(sandbox, text.getvalue(), include_credentials=True)
        for name in ("player_source_url", "player_poster"):
            assert [record[name] for record in short] == [path for _, path, _ in URLS]
            assert [record[name] or "" for record in whole] == [url for url, _, _ in URLS]
        assert [(record["unknown_fields"] or {}).get("new") for record in short] == [
            of_unknown(url) or None for url, _, _ in URLS
        ]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("country\nDE\n", "has no column 'view_id' in its first line"),
            ("<html>\n", "has no column 'view_id' in its first line"),
            ("view_id,asn,asn\na,1,2\n", "has two columns of the same name"),
        ],
    )
    def test_an_invalid_first_line_fails(
        self, sandbox: Sandbox, content: str, message: str
    ) -> None:
        with pytest.raises(MuxError, match=f"the export of {day(1)} {message}"):
            one(sandbox, content)
