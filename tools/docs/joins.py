"""What joins what: declared once, for the pages, the diagrams and the tests.

The SQL is for DuckDB, with tables as target-duckdb makes them: objects and arrays are JSON.
"""

from __future__ import annotations

from typing import NamedTuple

from tap_mux.streams import ALL_STREAMS


class Join(NamedTuple):
    """How records of one stream find those of another."""

    left: str
    right: str
    on: str
    """The condition, in SQL."""

    says: str = ""
    """What one should know besides."""

    is_one_to_one: bool = False
    """Whether there is at most one record on the left for each on the right."""

    where: str = ""
    """Which records of the left are meant, in SQL."""

    unnested: str = ""
    """What stands for the right, in SQL, where the key is within a list."""

    alias: str = ""
    """What the condition calls the right, if not by its name."""

    @property
    def sql(self) -> str:
        """The query that joins all records of the left."""
        right = f"({self.unnested})" if self.unnested else self.right
        if self.alias:
            right += f" as {self.alias}"
        where = f"\nwhere {self.where}" if self.where else ""
        return f"select *\nfrom {self.left}\nleft join {right}\n  on {self.on}{where}"


def _by(left: str, column: str, right: str, key: str = "id", says: str = "") -> Join:
    return Join(left, right, f"{right}.{key} = {left}.{column}", says)


def _one(left: str, column: str, right: str, key: str = "id", says: str = "") -> Join:
    return _by(left, column, right, key, says)._replace(is_one_to_one=True)


def _by_playback_id(left: str) -> Join:
    unnested = (
        "select *, unnest(json_extract_string(playback_ids, '$[*].id')) as playback_id from assets"
    )
    return Join(
        left,
        "assets",
        f"played.playback_id = {left}.playback_id",
        "An asset has a list of playback IDs, so take the list apart first. In PostgreSQL: "
        "`select *, unnest(playback_ids) ->> 'id' as playback_id from assets`.",
        unnested=unnested,
        alias="played",
    )


def _by_error(left: str, column: str) -> Join:
    return Join(
        left,
        "errors",
        f"errors.id = {left}.{column}\n"
        f"  and errors.window_start = date_trunc('day', {left}.view_end)\n"
        f"  and errors.environment_id = {left}.environment_id",
        "`errors` has a record for each UTC day, so the day is a part of the condition. By the id "
        "alone, a view would be found once for each day that had the error. Errors of today come "
        "when the day is over.",
    )


_OF_FULL_VIEWS = "Null for videos that are not hosted by Mux Video."
_OLDER = "Assets that have been deleted since are no longer listed: keep their rows."

VIEWS = (
    _one("video_view_details", "id", "video_views"),
    _one("exported_video_views", "view_id", "video_views"),
    *(
        join
        for views in ("video_view_details", "exported_video_views")
        for join in (
            _by(views, "asset_id", "assets", says=f"{_OF_FULL_VIEWS} {_OLDER}"),
            _by(views, "live_stream_id", "live_streams", says="Null for what is not live."),
            _by_playback_id(views),
        )
    ),
    _by_error("video_views", "error_type_id"),
    _by_error("video_view_details", "error_type_id"),
    _by_error("exported_video_views", "error_type"),
)
VIDEO = (
    _by("assets", "live_stream_id", "live_streams", says="Null for assets that were uploaded."),
    _one("assets", "upload_id", "uploads", says="Null for assets from a URL or a live stream."),
    Join(
        "assets",
        "assets",
        "source.id = assets.source_asset_id",
        "The asset that a clip was made from.",
        alias="source",
    ),
    _one("uploads", "asset_id", "assets", says="Null until the upload has become an asset."),
    _one("live_streams", "active_asset_id", "assets", says="Null while the stream is idle."),
    _by("asset_inputs", "asset_id", "assets"),
)
USAGE = (
    _by("delivery_usage", "asset_id", "assets", says=_OLDER),
    _by(
        "delivery_usage",
        "live_stream_id",
        "live_streams",
        says="`(not set)` for assets that were uploaded.",
    ),
    _by("asset_heatmaps", "asset_id", "assets", says=_OLDER),
    _by("asset_hotspots", "asset_id", "assets", says=_OLDER),
    _by_playback_id("playback_id_heatmaps"),
    _by_playback_id("playback_id_hotspots"),
    _by(
        "metric_breakdowns",
        "field",
        "assets",
        says="With `asset_id` in `group_by` of the setting `metrics`.",
    )._replace(where="metric_breakdowns.group_by = 'asset_id'"),
)
ALERTS = (
    Join(
        "related_incidents",
        "incidents",
        "incidents.id = related_incidents.incident_id\n"
        "  and incidents.environment_id = related_incidents.environment_id",
        "The incident that others are related to. The related one has its own fields, and its "
        "`id` is found in `incidents` too.",
    ),
)
ROBOTS = (
    _by("directive_runs", "directive_id", "directives"),
    _by("directive_runs", "subject_id", "assets", says="The asset that the directive ran on."),
    Join(
        "robot_jobs",
        "directive_runs",
        "directive_runs.run_id = json_extract_string(robot_jobs.directive, '$.run_id')",
        "Null for jobs that no directive began.",
    ),
    Join(
        "robot_jobs",
        "assets",
        "assets.id = json_extract_string(robot_jobs.parameters, '$.asset_id')",
        "The asset that the job worked on.",
    ),
)
ENVIRONMENTS = tuple(
    _by(name, "environment_id", "environments", "environment_id")
    for name in sorted(stream.name for stream in ALL_STREAMS)
    if name != "environments"
)
DIAGRAMS = {
    "Views": VIEWS,
    "Assets, live streams and uploads": VIDEO,
    "Usage and engagement": USAGE,
    "Incidents": ALERTS,
    "Robots": ROBOTS,
    "Environments": ENVIRONMENTS,
}
JOINS = tuple(join for joins in DIAGRAMS.values() for join in joins)


def joins_of(stream: str) -> list[Join]:
    """Return the joins of a stream, in both directions, without that to its environment."""
    return [
        join for join in JOINS if stream in {join.left, join.right} and join not in ENVIRONMENTS
    ]
