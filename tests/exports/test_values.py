"""Values are converted to the types of the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_mux.api.errors import MuxError
from tests.exports.stream import STREAM, day, midnight, one, publish, read
from tests.support.tapping import Output, bookmark

if TYPE_CHECKING:
    from mux_sandbox import Sandbox


@pytest.mark.usefixtures("reader")
class TestValues:
    """Values that do not fit the schema become null, with a warning."""

    @pytest.mark.parametrize(
        ("column", "text", "value"),
        [
            ("asn", "12", 12),
            ("asn", "-3", -3),
            ("asn", "12.0", 12),
            ("asn", "1e3", 1000),
            ("asn", "9223372036854775807", 2**63 - 1),
            ("asn", "-9223372036854775808", -(2**63)),
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
    def test_is_converted(self, sandbox: Sandbox, column: str, text: str, value: object) -> None:
        # The next rows have an ordinary value and an empty one: these must not be affected.
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
            ("asn", "9223372036854775808"),
            ("asn", "-9223372036854775809"),
            ("asn", "null"),
            ("asn", '"1,2"'),
            ("latitude", "north"),
            ("latitude", "null"),
            ("watched", "maybe"),
            ("view_end", "yesterday"),
            ("view_end", "2026-02-30T00:00:00Z"),
        ],
    )
    def test_a_value_that_does_not_fit_is_null_with_one_warning(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, column: str, text: str
    ) -> None:
        rows = one(sandbox, f"view_id,{column}\na,{text}\nb,{text}\n")
        assert [row[column] for row in rows] == [None, None]
        warnings = [entry for entry in caplog.records if "does not fit" in entry.message]
        assert [entry.message.rpartition(": ")[2] for entry in warnings] == [column]

    def test_a_row_without_its_key_fails(self, sandbox: Sandbox) -> None:
        publish(sandbox, {day(2): "view_id\na\n", day(1): "view_id,asn\nb,1\n,2\n"})
        output = Output()
        with pytest.raises(MuxError, match="without view_id"):
            read(sandbox, output=output)
        assert bookmark(output.states[-1], STREAM) == midnight(2)
