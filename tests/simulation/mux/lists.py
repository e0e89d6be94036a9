"""What Mux lists whole: Video, System, Robots, incidents."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from tests.simulation.mux.request import RefusedError, Request, Row, not_found, page_of
from tests.simulation.wire import SECRET, day_text, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.truth import Entry

PATHS = {
    "/video/v1/live-streams": "live_streams",
    "/video/v1/uploads": "uploads",
    "/video/v1/playback-restrictions": "playback_restrictions",
    "/video/v1/drm-configurations": "drm_configurations",
    "/video/v1/transcription-vocabularies": "transcription_vocabularies",
    "/system/v1/signing-keys": "signing_keys",
    "/system/v1/webhooks": "webhooks",
    "/data/v1/incidents": "incidents",
    "/robots/v0/directives": "directives",
}
COUNTED = {"webhooks", "incidents", "directives"}
WORKFLOW = "summarize"


def row_of(name: str, entry: Entry) -> Row:
    """Return a record as Mux sends it."""
    version = entry.now
    text = f"v{version.value}"
    created = str(int(entry.created))
    own: dict[str, Row] = {
        "assets": {"passthrough": text, "created_at": created, "status": "ready"},
        "live_streams": {
            "passthrough": text,
            "created_at": created,
            "stream_key": f"{SECRET}-key",
            "srt_passphrase": f"{SECRET}-phrase",
        },
        "uploads": {"timeout": version.value, "url": f"https://up.example.com/?s={SECRET}"},
        "playback_restrictions": {"referrer": {"allowed_domains": [text]}, "created_at": created},
        "transcription_vocabularies": {"name": text, "phrases": ["a", "b"]},
        "signing_keys": {"created_at": created, "private_key": f"{SECRET}-private"},
        "webhooks": {
            "enabled": version.value % 2 == 0,
            "address": f"https://hook.example.com/{SECRET}",
            "signing_secret": f"{SECRET}-signing",
        },
        "incidents": {"description": text, "started_at": iso(entry.created)},
        "directives": {"name": text, "created_at": int(entry.created)},
    }
    return {"id": entry.key, **own.get(name, {})}


def list_whole(request: Request) -> Row:
    """Give a page of a list."""
    name = PATHS[request.path]
    listed = request.world.tables[name].listed
    page: Row = {"data": [row_of(name, entry) for entry in page_of(request, listed)]}
    if name in COUNTED:
        page["total_row_count"] = len(listed)
    return page


def list_assets(request: Request) -> Row:
    """Give a page of the assets, by cursor: a position in the list, as it seems to be at Mux."""
    listed = request.world.tables["assets"].listed
    limit = min(request.number("limit", 25), request.world.page_cap)
    start = int(base64.b64decode(request.text("cursor") or base64.b64encode(b"0")))
    end = start + limit
    cursor = base64.b64encode(str(end).encode()).decode() if end < len(listed) else None
    rows = [row_of("assets", entry) for entry in listed[start:end]]
    return {"data": rows, "next_cursor": cursor}


def list_inputs(request: Request) -> Row:
    """Give the inputs of an asset."""
    asset = request.parts[1]
    entry = request.world.tables["assets"].entries.get(asset)
    if entry is None or not entry.at(request.now):
        raise not_found()
    if request.world.is_preparing(asset, request.now):
        raise RefusedError(412, "failed_request", "Asset is still preparing")
    row = {"settings": {"url": f"https://in.example.com/a.mp4?token={SECRET}"}}
    return {
        "data": [
            {**row, "file": {"container_format": f"v{number}"}}
            for number in range(request.world.inputs_of(asset))
        ]
    }


def list_related(request: Request) -> Row:
    """Give the incidents that look related to one."""
    incident = request.parts[1]
    entry = request.world.tables["incidents"].entries.get(incident)
    if entry is None or not entry.at(request.now):
        raise not_found()
    related = request.world.related_to(incident)
    rows = [{"id": each, "description": f"v{number}"} for number, each in enumerate(related)]
    return {"data": page_of(request, rows), "total_row_count": len(rows)}


def list_runs(request: Request) -> Row:
    """Give the runs of a directive, newest first."""
    directive = request.parts[1]
    entry = request.world.tables["directives"].entries.get(directive)
    if entry is None or not entry.at(request.now):
        raise not_found()
    runs = [run for run in request.world.tables["directive_runs"].listed if run.parent == directive]
    rows = [
        {"run_id": run.key, "started_at": run.now.moment, "status": f"v{run.now.value}"}
        for run in runs
    ]
    return {"data": page_of(request, rows), "total_row_count": len(rows)}


def _job(entry: Entry) -> Row:
    return {
        "id": entry.key,
        "workflow": WORKFLOW,
        "created_at": int(entry.created),
        "updated_at": entry.now.moment,
    }


def list_jobs(request: Request) -> Row:
    """Give the jobs, abridged."""
    listed = request.world.tables["robot_jobs"].listed
    page = page_of(request, listed)
    return {"data": list(map(_job, page)), "total_row_count": len(listed)}


def get_job(request: Request) -> Row:
    """Give a job in full."""
    _, workflow, key = request.parts
    entry = request.world.tables["robot_jobs"].entries.get(key)
    if entry is None or workflow != WORKFLOW or not entry.at(request.now):
        raise not_found()
    return {"data": {**_job(entry), "passthrough": f"v{entry.now.value}"}}


def list_usage_exports(request: Request) -> Row:
    """Give the files of the days of a range of time."""
    start, end = request.timeframe()
    world, now = request.world, request.now
    days = [day for day in world.usage_days(now) if start <= day <= end]
    if not days:
        raise RefusedError(404, "not_found", "No usage CSVs found")
    if any(world.usage_ready_at(day) > now for day in days):
        raise RefusedError(412, "precondition_failed", "CSVs are still being made")
    rows = [
        {
            "date": day_text(day),
            "file_size": world.usage_size(day),
            "download_url": f"https://usage.example.com/{day}.csv?X-Amz-Signature={SECRET}",
            "download_url_expires_at": int(now) + 3600,
        }
        for day in reversed(days)
    ]
    return {"data": page_of(request, rows), "meta": {"total": len(rows)}}


def whoami(request: Request) -> Row:
    """Say whose access token this is."""
    return {
        "data": {
            "environment_id": request.world.environment_id,
            "environment_name": "v0",
            "permissions": ["video:read", "data:read"],
        }
    }


ROUTES: list[tuple[str, str, Callable[[Request], Row]]] = [
    *((name, path, list_whole) for path, name in PATHS.items()),
    ("assets", "/video/v1/assets", list_assets),
    ("asset_inputs", "/video/v1/assets/*/input-info", list_inputs),
    ("related_incidents", "/data/v1/incidents/*/related", list_related),
    ("directive_runs", "/robots/v0/directives/*/runs", list_runs),
    ("robot_jobs", "/robots/v0/jobs", list_jobs),
    ("robot_jobs", "/robots/v0/jobs/*/*", get_job),
    ("usage_exports", "/system/v1/usage/exports", list_usage_exports),
    ("environments", "/system/v1/whoami", whoami),
]
"""The streams, their paths, and what answers."""
