"""The daily file of views: the columns of each version, and the form of values."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mux_sandbox.details import Detail
    from mux_sandbox.world.interface import Row

_ADDED: dict[int, tuple[str, ...]] = {
    2: (
        "asn", "browser", "browser_version", "cdn", "city", "continent_code", "country",
        "country_name", "custom_1", "custom_2", "custom_3", "custom_4", "custom_5",
        "error_type", "exit_before_video_start", "experiment_name", "isp", "latitude",
        "longitude", "max_downscale_percentage", "max_request_latency",
        "max_upscale_percentage", "metro", "mux_api_version", "mux_embed_version",
        "mux_viewer_id", "operating_system", "operating_system_version", "page_load_time",
        "page_type", "page_url", "platform_description", "playback_success_score",
        "player_autoplay", "player_error_code", "player_error_message", "player_height",
        "player_instance_id", "player_language", "player_load_time", "player_mux_plugin_name",
        "player_mux_plugin_version", "player_name", "player_poster", "player_preload",
        "player_remote_played", "player_software", "player_software_version",
        "player_source_domain", "player_source_duration", "player_source_height",
        "player_source_stream_type", "player_source_url", "player_source_width",
        "player_startup_time", "player_version", "player_view_count", "player_width",
        "preroll_ad_asset_hostname", "preroll_ad_tag_hostname", "preroll_played",
        "preroll_requested", "property_id", "rebuffer_count", "rebuffer_duration",
        "rebuffer_frequency", "rebuffer_percentage", "region", "request_latency",
        "request_throughput", "requests_for_first_preroll", "session_id", "smoothness_score",
        "source_hostname", "source_type", "startup_time_score", "stream_type",
        "sub_property_id", "used_fullscreen", "video_content_type", "video_duration",
        "video_encoding_variant", "video_id", "video_language", "video_producer",
        "video_quality_score", "video_series", "video_startup_preroll_load_time",
        "video_startup_preroll_request_time", "video_startup_time", "video_title",
        "video_variant_id", "video_variant_name", "view_downscaling_percentage", "view_end",
        "view_id", "view_seek_count", "view_seek_duration", "view_session_id", "view_start",
        "view_total_content_playback_time", "view_total_downscaling", "view_total_upscaling",
        "view_upscaling_percentage", "viewer_application_engine", "viewer_connection_type",
        "viewer_device_category", "viewer_device_manufacturer", "viewer_device_name",
        "viewer_experience_score", "viewer_os_architecture", "viewer_user_agent",
        "viewer_user_id", "watch_time", "watched", "weighted_average_bitrate",
    ),
    3: (
        "view_max_playhead_position", "view_playing_time",
    ),
    4: (
        "asset_id", "environment_id", "live_stream_id", "live_stream_latency", "playback_id",
        "viewer_device_model",
    ),
    5: (
        "custom_10", "custom_6", "custom_7", "custom_8", "custom_9", "player_error_context",
        "view_drm_type", "view_dropped_frame_count",
    ),
    6: (
        "view_has_ad",
    ),
    7: (
        "video_startup_failure",
    ),
    8: (
        "ad_attempt_count", "ad_break_count", "ad_break_error_count",
        "ad_break_error_percentage", "ad_error_count", "ad_error_percentage",
        "ad_exit_before_start_count", "ad_exit_before_start_percentage",
        "ad_impression_count", "ad_startup_error_count", "ad_startup_error_percentage",
    ),
    9: (
        "playback_business_exception_error_type_id", "playback_failure_error_type_id",
        "video_startup_business_exception_error_type_id",
    ),
    10: (
        "ad_playback_failure_error_type_id", "ad_preroll_startup_time", "ad_watch_time",
        "view_content_startup_time", "view_content_watch_time",
    ),
    11: (
        "view_dropped",
    ),
    13: (
        "audio_codec", "client_application_name", "client_application_version",
        "player_captions_enabled", "player_pip_enabled", "video_affiliate", "video_brand",
        "video_codec", "video_creator_id", "video_dynamic_range_type", "view_cdn_edge_pop",
        "view_cdn_origin", "view_drm_level", "view_time_shift_enabled", "viewer_plan",
        "viewer_plan_category", "viewer_plan_status",
    ),
    14: (
        "video_cdn_trace",
    ),
}  # fmt: skip
"""Columns by the version that added them."""

_FIELDS = {
    "browser": "viewer_application_name",
    "browser_version": "viewer_application_version",
    "country": "country_code",
    "error_type": "error_type_id",
    "max_downscale_percentage": "view_max_downscale_percentage",
    "max_request_latency": "view_max_request_latency",
    "max_upscale_percentage": "view_max_upscale_percentage",
    "operating_system": "viewer_os_family",
    "operating_system_version": "viewer_os_version",
    "playback_success_score": "playback_score",
    "player_captions_enabled": "used_captions",
    "player_pip_enabled": "used_pip",
    "rebuffer_count": "buffering_count",
    "rebuffer_duration": "buffering_duration",
    "rebuffer_frequency": "buffering_rate",
    "request_latency": "view_average_request_latency",
    "request_throughput": "view_average_request_throughput",
    "smoothness_score": "rebuffering_score",
    "source_hostname": "player_source_host_name",
    "source_type": "player_source_type",
    "startup_time_score": "startup_score",
    "stream_type": "video_stream_type",
    "video_quality_score": "quality_score",
    "video_startup_time": "time_to_first_frame",
    "view_time_shift_enabled": "time_shift_enabled",
}
"""Columns that have another name than the field of a single view."""


def _share(name: str) -> Callable[[Row], Any]:
    def share(view: Row) -> Any:
        playing = view["view_total_content_playback_time"]
        return round(float(view[name]) / playing, 8) if playing else None

    return share


_WORKED_OUT: dict[str, Callable[[Row], Any]] = {
    "ad_watch_time": lambda view: None if view["ad_attempt_count"] is None else 0,
    "view_content_watch_time": lambda view: view["watch_time"],
    "view_downscaling_percentage": _share("view_total_downscaling"),
    "view_upscaling_percentage": _share("view_total_upscaling"),
}


def columns(version: int) -> list[str]:
    """Give the columns of a version, in alphabetical order."""
    return sorted(name for since, names in _ADDED.items() if since <= version for name in names)


def write(views: Iterable[Detail], version: int) -> bytes:
    """Write views to a compressed file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    names = columns(version)
    writer.writerow(names)
    for view in views:
        writer.writerow([_written(view, name) for name in names])
    return gzip.compress(text.getvalue().encode(), compresslevel=1, mtime=0)


def _written(view: Detail, column: str) -> str:
    work_out = _WORKED_OUT.get(column)
    value = work_out(view) if work_out else view[_FIELDS.get(column, column)]
    match value:
        case None:
            return ""
        case str():
            return value
    # As in JSON: true, 12, 0.5 and ["a"].
    return json.dumps(value)
