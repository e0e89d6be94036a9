"""Differences between the tap and Mux's description of its API that are meant to be, and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tools.compare import NO_STREAM

if TYPE_CHECKING:
    from tools.compare import Difference


class Accepted(NamedTuple):
    """Differences that have one reason. ``*`` stands for any text in streams and names."""

    streams: str
    """Names, with blanks between them."""

    what: str
    names: str
    """Names, with blanks between them."""

    reason: str

    def covers(self, difference: Difference) -> bool:
        """Whether a difference is one of these."""
        return (
            difference.what == self.what
            and _is_one_of(difference.stream, self.streams.split(" "))
            and _is_one_of(difference.name, self.names.split(" "))
        )

    def one_by_one(self) -> list[Accepted]:
        """Take apart what is for several streams or names, to tell which no longer occur."""
        return [
            Accepted(stream, self.what, name, self.reason)
            for stream in self.streams.split(" ")
            for name in self.names.split(" ")
        ]


def _is_one_of(name: str, patterns: list[str]) -> bool:
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name, re.DOTALL)
        for pattern in patterns
    )


METRICS = "metric_breakdowns metric_insights metric_overall"

ACCEPTED = (
    # Columns of the tap.
    Accepted("*", "gone field", "environment_id", "The tap adds which environment a record is of."),
    Accepted(
        "asset_heatmaps asset_hotspots",
        "gone field",
        "asset_id window_start window_end",
        "The tap adds what it asked for: one asset, one day.",
    ),
    Accepted(
        "video_heatmaps video_hotspots",
        "gone field",
        "video_id window_start window_end",
        "The tap adds what it asked for: one video, one day.",
    ),
    Accepted(
        "playback_id_heatmaps playback_id_hotspots",
        "gone field",
        "playback_id window_start window_end",
        "The tap adds what it asked for: one playback ID, one day.",
    ),
    Accepted(
        "asset_inputs",
        "gone field",
        "asset_id position",
        "The tap adds the asset and the place in its list: inputs have no ID.",
    ),
    Accepted("directive_runs", "gone field", "directive_id", "The tap adds whose run it is."),
    Accepted("related_incidents", "gone field", "incident_id", "The tap adds related to which."),
    Accepted(
        "delivery_usage dimension_values errors",
        "gone field",
        "window_start window_end",
        "Mux sends the window beside the records; the tap puts it into each.",
    ),
    Accepted("dimension_values", "gone field", "dimension", "The tap adds what it asked for."),
    Accepted(
        f"{METRICS} metric_comparisons",
        "gone field",
        "filters_key granularity window_start window_end",
        "The tap adds what it asked for; Mux's records do not tell.",
    ),
    Accepted(
        f"{METRICS} monitoring_breakdown_timeseries monitoring_breakdowns monitoring_timeseries",
        "gone field",
        "unit",
        "The tap adds the unit of the values, which Mux says in words only.",
    ),
    Accepted(
        "metric_comparisons",
        "gone field",
        "unit items.unit",
        "The tap adds the unit of the values, which follows from their type.",
    ),
    Accepted(
        METRICS,
        "gone field",
        "aggregation measurement",
        "The tap adds what it asked for, and what Mux sends beside the records.",
    ),
    Accepted(
        "metric_breakdowns metric_overall",
        "gone field",
        "metric",
        "The tap adds the metric that it asked for.",
    ),
    Accepted(
        "metric_breakdowns", "gone field", "group_by", "The tap adds the dimension it asked for."
    ),
    Accepted(
        "monitoring_breakdowns",
        "gone field",
        "dimension metric timestamp",
        "The tap adds what it asked for: one metric by one dimension at one moment.",
    ),
    Accepted(
        "monitoring_breakdown_timeseries",
        "gone field",
        "dimension metric",
        "The tap adds the metric and the dimension that it asked for.",
    ),
    Accepted(
        "monitoring_histograms monitoring_timeseries",
        "gone field",
        "metric",
        "The tap adds the metric that it asked for.",
    ),
    Accepted(
        "monitoring_histograms",
        "gone field",
        "bucket_unit bucket_values.start bucket_values.end",
        "Mux sends the bounds of the buckets beside the records; the tap puts them into each.",
    ),
    Accepted(
        "subview_timeseries",
        "gone field",
        "metric subview_type time_granularity unit",
        "Mux sends these beside the records, or in the path; the tap puts them into each.",
    ),
    # Other names and types in the tap.
    Accepted("metric_insights", "gone field", "metric_value", "What Mux calls metric: the value."),
    Accepted(
        "metric_insights",
        "retyped field",
        "metric",
        "The tap calls Mux's value metric_value, and the name metric, as in all metric streams.",
    ),
    Accepted(
        "video_view_details",
        "retyped field",
        "ad_break_error_percentage ad_error_percentage ad_exit_before_start_percentage "
        "ad_startup_error_percentage buffering_rate latitude longitude playback_score "
        "quality_score rebuffer_percentage rebuffering_score startup_score "
        "view_max_downscale_percentage view_max_playhead_position view_max_upscale_percentage "
        "view_playing_time view_total_downscaling view_total_upscaling viewer_experience_score",
        "Mux sends these numbers as text when it sends a single view; the tap makes them numbers.",
    ),
    # Fields that the description lacks.
    Accepted(
        "assets",
        "gone field",
        "per_title_encode tracks.max_channel_layout",
        "Older: Mux's Python client names them, and older assets may have them.",
    ),
    Accepted(
        "live_streams uploads",
        "gone field",
        "new_asset_settings.per_title_encode",
        "Older: Mux's Python client names it, and older settings may have it.",
    ),
    Accepted(
        "robot_jobs",
        "gone field",
        "outputs.asset_update outputs.auto_language_confidence outputs.detected_language "
        "outputs.never_translate_terms_preserved outputs.replaced_tracks",
        "Newer: Mux's TypeScript client names them.",
    ),
    Accepted(
        "asset_heatmaps playback_id_heatmaps video_heatmaps",
        "new field",
        "value",
        "Its name until September 2026: the tap reads it as heatmap.",
    ),
    Accepted(
        "asset_heatmaps playback_id_heatmaps video_heatmaps",
        "gone field",
        "heatmap",
        "Its name since September 2026; older descriptions say value.",
    ),
    Accepted(
        "assets",
        "gone field",
        "shots.created_at",
        "Named by Mux's TypeScript client; older descriptions do not have it.",
    ),
    # Parameters that the tap has no use for.
    Accepted(
        "asset_hotspots playback_id_hotspots video_hotspots",
        "new parameter",
        "limit order_direction",
        "Without a limit Mux sends all hotspots; the tap needs no order.",
    ),
    Accepted(
        "assets asset_inputs", "new parameter", "page", "The tap reads the list by its cursor."
    ),
    Accepted(
        "incidents related_incidents monitoring_breakdowns",
        "new parameter",
        "order_by order_direction",
        "The tap reads all records, in whichever order.",
    ),
    Accepted(
        "metric_comparisons",
        "new parameter",
        "dimension value",
        "The tap selects views by filters, as for all metrics.",
    ),
    Accepted(
        "metric_insights", "new parameter", "order_direction", "Mux has marked it as deprecated."
    ),
    Accepted(
        "subview_timeseries",
        "new parameter",
        "group_by[]",
        "The tap reads the groups that Mux makes when it is asked for none.",
    ),
    Accepted(
        "usage_exports",
        "new parameter",
        "download_url_ttl",
        "The URLs are credentials: the tap does not ask that they be valid for longer.",
    ),
    # Endpoints without a stream.
    Accepted(
        NO_STREAM,
        "new endpoint",
        "/data/v1/exports /data/v1/filters /data/v1/filters/{} /data/v1/realtime/* "
        "/video/v1/signing-keys /video/v1/signing-keys/{}",
        "Deprecated: the tap reads what took their place.",
    ),
    Accepted(
        NO_STREAM,
        "new endpoint",
        "/data/v1/monitoring/dimensions /data/v1/monitoring/metrics "
        "/data/v1/subview-metrics/{}/dimensions",
        "Lists of names: the tap knows those of monitoring, and takes no dimension of subviews.",
    ),
    Accepted(
        NO_STREAM,
        "new endpoint",
        "/data/v1/subview-metrics/{}/{}/breakdown /data/v1/subview-metrics/{}/{}/overall",
        "Sums over ranges of time: the stream subview_timeseries has the hours in them.",
    ),
    Accepted(
        NO_STREAM,
        "new endpoint",
        "/data/v1/subview-metrics/{}/dimensions/{} /data/v1/subview-metrics/{}/{}/comparison",
        "Playing time by dimensions of views: the tap does not divide it by these.",
    ),
    Accepted(
        NO_STREAM,
        "new endpoint",
        "/video/v1/assets/{}/playback-ids/{} /video/v1/assets/{}/shots "
        "/video/v1/live-streams/{}/playback-ids/{} /video/v1/live-streams/{}/simulcast-targets/{}",
        "Parts of assets and live streams, which the records of these have.",
    ),
    Accepted(
        NO_STREAM,
        "new endpoint",
        "/video/v1/playback-ids/{}",
        "Tells which asset or live stream has a playback ID: their records have their IDs.",
    ),
)

OF_THE_CLIENT = (
    Accepted(
        NO_STREAM,
        "new endpoint",
        "/video/v1/web-inputs /video/v1/web-inputs/{}",
        "Mux has ended web inputs: the description does not name them any more.",
    ),
)
"""What is accepted besides, of the client."""
