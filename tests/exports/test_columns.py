"""The columns of the files are matched by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_mux.api.errors import MuxError
from tests.exports.stream import catalog_without, day, midnight, one, publish, read, records

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

    def test_credentials_are_left_out_unless_included(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        content = "view_id,player_source_url\na,https://example.com/?token=1\n"
        assert one(sandbox, content) == [{"view_id": "a"}]
        assert "does not have" not in caplog.text
        (record,) = one(sandbox, content, include_credentials=True)
        assert record["player_source_url"] == "https://example.com/?token=1"

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("country\nDE\n", "has no column 'view_id' in its first line"),
            ("<html>\n", "has no column 'view_id' in its first line"),
            ("view_id,asn,asn\na,1,2\n", "has more than one column 'asn'"),
        ],
    )
    def test_an_invalid_first_line_fails(
        self, sandbox: Sandbox, content: str, message: str
    ) -> None:
        with pytest.raises(MuxError, match=f"the export of {day(1)} {message}"):
            one(sandbox, content)
