"""Incidents and annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.endpoints.data.dimensions import ORDERS
from mux_sandbox.endpoints.data.views import envelope
from mux_sandbox.errors import invalid_parameters, not_found
from mux_sandbox.world.clock_text import epoch

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_DAY = 86_400
_CHOICES = {"status": ("open", "closed", "expired"), "severity": ("warning", "alert")}


def list_incidents(call: Call) -> Row:
    """List incidents, newest first."""
    rows = call.environment.world.rows("incidents", call.now)
    for name, choices in _CHOICES.items():
        if call.parameters.text(name) is not None:
            wanted = call.parameters.choice(name, choices, "")
            rows = [row for row in rows if row[name] == wanted]
    return _page_of(call, rows)


def get_incident(call: Call) -> Row:
    """Give one incident."""
    return envelope(_find(call, "incidents", "incident_id"), _last_day(call), 1)


def list_related_incidents(call: Call) -> Row:
    """List the incidents that share a breakdown with this one."""
    incident = _find(call, "incidents", "incident_id")
    shared = _marks(incident)
    rows = call.environment.world.rows("incidents", call.now)
    related = [row for row in rows if row["id"] != incident["id"] and shared & _marks(row)]
    return _page_of(call, related)


def list_annotations(call: Call) -> Row:
    """List the annotations of a timeframe, newest first."""
    start, end = window = call.parameters.timeframe(call.now)
    rows = call.environment.world.rows("annotations", call.now)
    rows = [row for row in rows if start <= epoch(row["date"]) <= end]
    rows.sort(key=lambda row: epoch(row["date"]), reverse=call.parameters.descending())
    page = call.parameters.page()
    return envelope(rows[page.offset : page.end], window, len(rows))


def get_annotation(call: Call) -> Row:
    """Give one annotation."""
    return envelope(_find(call, "annotations", "annotation_id"), _last_day(call), 1)


def _page_of(call: Call, rows: list[Row]) -> Row:
    order = call.parameters.text("order_by")
    if order is not None and order not in ORDERS:
        message = f"order_by must be one of {', '.join(ORDERS)}, not {order!r}"
        raise invalid_parameters(message)
    descending = call.parameters.descending()
    rows = sorted(rows, key=lambda row: epoch(row["started_at"]), reverse=descending)
    page = call.parameters.page()
    return envelope(rows[page.offset : page.end], _last_day(call), len(rows))


def _find(call: Call, table: str, name: str) -> Row:
    for row in call.environment.world.rows(table, call.now):
        if row["id"] == call.path[name]:
            return row
    raise not_found()


def _marks(incident: Row) -> set[tuple[str, str]]:
    return {(one["name"], one["value"]) for one in incident.get("breakdowns", ())}


def _last_day(call: Call) -> tuple[int, int]:
    now = int(call.now)
    return now - _DAY, now


ROUTES: dict[str, Handler] = {
    "/data/v1/incidents": list_incidents,
    "/data/v1/incidents/{incident_id}": get_incident,
    "/data/v1/incidents/{incident_id}/related": list_related_incidents,
    "/data/v1/annotations": list_annotations,
    "/data/v1/annotations/{annotation_id}": get_annotation,
}
