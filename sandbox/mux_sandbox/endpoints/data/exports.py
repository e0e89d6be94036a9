"""The daily files of all views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.details import csv_export
from mux_sandbox.endpoints.data.views import detail_of, envelope
from mux_sandbox.world.clock_text import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_DAY = 86_400
_MAKING = 4 * 3600
"""Seconds from the end of a day until its file is there."""

_KEPT_DAYS = 7
_VERSIONS = (14, 14, 13, 14, 8, 14, 14)
"""The version of the file, by day; versions differ in their columns."""


def list_exports(call: Call) -> Row:
    """List the files that can still be read, newest first."""
    now = int(call.now)
    last = (now - _MAKING) // _DAY - 1
    days = range(last, last - _KEPT_DAYS, -1)
    return envelope([_export(call, day) for day in days], (now - _DAY, now), len(days))


def _export(call: Call, day: int) -> Row:
    date = iso(day * _DAY)[:10]
    version = _VERSIONS[day % len(_VERSIONS)]
    path = call.downloads.sign(f"exports/views/{date}/part-0.csv.gz", _content(call, day, version))
    file = {"version": version, "type": "csv", "path": call.origin + path}
    return {"export_date": date, "files": [file]}


def _content(call: Call, day: int, version: int) -> Callable[[], bytes]:
    start = day * _DAY
    end = start + _DAY
    world = call.environment.world

    def content() -> bytes:
        listing = call.listings.get(
            ("export", call.environment.environment_id, day, version),
            # The file lacks views that came later.
            world.views(start, end, end + _MAKING),
            lambda rows: [row for row in rows if row["view_end"] < iso(end)],
        )

        def write() -> bytes:
            return csv_export.write((detail_of(call, row) for row in listing.rows), version)

        return listing.encoded("file", write)

    return content


ROUTES: dict[str, Handler] = {"/data/v1/exports/views": list_exports}
