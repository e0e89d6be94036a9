"""The kinds of errors that views ended with."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mux_sandbox.endpoints.data.views import ended_in, envelope, filtered

if TYPE_CHECKING:
    from mux_sandbox.details import Detail
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row


def list_errors(call: Call) -> Row:
    """List the error types of a timeframe, the most frequent one first."""
    window = call.parameters.timeframe(call.now)
    views = filtered(call, ended_in(call, window))
    by_type: dict[int, list[Detail]] = defaultdict(list)
    for view in views:
        if view["error_type_id"] is not None:
            by_type[view["error_type_id"]].append(view)
    rows = [_error(kind, same, len(views)) for kind, same in by_type.items()]
    rows.sort(key=lambda row: (-row["count"], row["id"]))
    return envelope(rows, window, len(rows))


def _error(kind: int, views: list[Detail], total: int) -> Row:
    last = max(views, key=lambda view: view.end)
    code = last["player_error_code"]
    number = code is not None and code.removeprefix("-").isdecimal()
    return {
        "id": kind,
        "percentage": round(100 * len(views) / total, 4),
        "notes": None,
        "message": last["player_error_message"],
        "last_seen": last["view_end"],
        "description": None,
        "count": len(views),
        "code": int(code) if number else None,
        "player_error_code": code,
    }


ROUTES: dict[str, Handler] = {"/data/v1/errors": list_errors}
