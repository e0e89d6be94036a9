"""Endpoints of the Robots API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.endpoints.tables import find, table_listing
from mux_sandbox.errors import ApiError, forbidden
from mux_sandbox.world.robot_workflows import WORKFLOWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_STATUSES = ("pending", "processing", "completed", "errored", "cancelled")
_API = "https://api.mux.com/robots/v0"


def list_directives(call: Call) -> Row:
    """List directives."""
    return _page(call, table_listing(call, "directives").rows)


def list_runs(call: Call) -> Row:
    """List the runs of a directive."""
    directive = find(call.environment.world.rows("directives", call.now), call.path["id"])
    runs = table_listing(call, "directive_runs", {"directive_id": directive["id"]}).rows
    return _page(call, [_as_sent(run) for run in runs])


def list_jobs(call: Call) -> Row:
    """List jobs with a few fields of each."""
    parameters = call.parameters
    for name, choices in (("workflow", WORKFLOWS), ("status", _STATUSES)):
        if (value := parameters.text(name)) is not None:
            parameters.choice(name, choices, value)
    wanted = {name: parameters.text(name) for name in ("workflow", "status")}
    rows: Sequence[Row] = table_listing(call, "robot_jobs", wanted).rows
    asset_id = parameters.text("asset_id")
    if asset_id is not None:
        rows = [row for row in rows if row["parameters"]["asset_id"] == asset_id]
    body = _page(call, rows)
    return body | {"data": [_abridged(row) for row in body["data"]]}


def _job_getter(workflow: str) -> Handler:
    def get_job(call: Call) -> Row:
        jobs = table_listing(call, "robot_jobs", {"workflow": workflow}).rows
        return {"data": find(jobs, call.path["id"])}

    return get_job


def _page(call: Call, rows: Sequence[Row]) -> Row:
    page = call.parameters.page()
    return {"data": rows[page.offset : page.end], "total_row_count": len(rows)}


def _as_sent(run: Row) -> Row:
    return {name: value for name, value in run.items() if name != "directive_id"}


def _abridged(job: Row) -> Row:
    told = ("id", "workflow", "status", "created_at", "updated_at")
    address = f"{_API}/jobs/{job['workflow']}/{job['id']}"
    return {name: job[name] for name in told} | {"_links": {"self": {"href": address}}}


def _as_robots_do(handler: Handler) -> Handler:
    """Refuse if robots are off, and put one message in errors instead of a list."""

    def answer(call: Call) -> bytes | Row:
        try:
            if not call.options.robots_enabled:
                feature = "Robots"
                raise forbidden(feature)
            return handler(call)
        except ApiError as error:
            told = error.body["error"]
            body = {"error": {"type": told["type"], "message": told["messages"][0]}}
            raise ApiError(error.status, body) from None

    return answer


_HANDLERS: dict[str, Handler] = {
    "directives": list_directives,
    "directives/{id}/runs": list_runs,
    "jobs": list_jobs,
    **{f"jobs/{workflow}/{{id}}": _job_getter(workflow) for workflow in WORKFLOWS},
}
ROUTES: dict[str, Handler] = {
    f"/robots/v0/{path}": _as_robots_do(handler) for path, handler in _HANDLERS.items()
}
