"""The stream of errors, one of those with sums by interval, and the views that it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.days import day
from tests.support.records import HOUR, Row, view

if TYPE_CHECKING:
    from mux_sandbox.request_log import RequestRecord

START = "window_start"
ERRORS = "/data/v1/errors"


def failed(view_id: str, back: int, **fields: Any) -> Row:
    """Make a view with an error on a day."""
    return view(view_id, day(back) + HOUR, error_type_id=7, player_error_code="404", **fields)


def first_day(request: RequestRecord) -> int:
    """Return the start of the timeframe of a request; 0 if it has none."""
    return int((request.params("timeframe[]") or ["0"])[0])
