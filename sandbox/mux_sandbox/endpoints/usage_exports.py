"""The endpoint of the System API about usage exports."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mux_sandbox.errors import (
    ApiError,
    bad_request,
    forbidden,
    no_usage_exports,
    usage_exports_in_work,
)

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_HOUR = 3600
_LONGEST_TTL = 7 * 86_400


def list_usage_exports(call: Call) -> Row:
    """List the usage exports of the days that the timeframe touches."""
    if not call.options.usage_exports_enabled:
        feature = "The export of usage"
        raise forbidden(feature)
    try:
        page = call.parameters.page()
        window = call.parameters.window(call.now)
        ttl = call.parameters.whole("download_url_ttl", _HOUR)
    except ApiError as error:
        raise bad_request(error.body["error"]["messages"][0]) from None
    if ttl > _LONGEST_TTL:
        message = f"download_url_ttl must not exceed {_LONGEST_TTL}"
        raise bad_request(message)
    rows = call.environment.world.rows("usage_exports", call.now)
    if window is not None:
        first, last = map(_date, window)
        rows = [row for row in rows if first <= row["date"] <= last]
    if not rows:
        raise no_usage_exports()
    if any(row.get("ready_at", 0) > call.now for row in rows):
        raise usage_exports_in_work()
    return {
        "data": [_downloadable(row, ttl, call) for row in rows[page.offset : page.end]],
        "meta": {
            "page": page.offset // page.size + 1,
            "pages": -(-len(rows) // page.size),
            "limit": page.size,
            "total": len(rows),
        },
    }


def _date(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def _downloadable(row: Row, ttl: int, call: Call) -> Row:
    expires = int(call.now) + ttl
    name = f"{call.environment.environment_id}/{row['date']}/{expires}"
    signature = hashlib.sha256(name.encode()).hexdigest()
    url = f"https://usage.example.com/{row['date']}.csv?X-Amz-Expires={ttl}&X-Amz-Signature="
    return {
        "date": row["date"],
        "file_size": row["file_size"],
        "download_url": row.get("download_url", url + signature),
        "download_url_expires_at": expires,
    }


ROUTES: dict[str, Handler] = {"/system/v1/usage/exports": list_usage_exports}
