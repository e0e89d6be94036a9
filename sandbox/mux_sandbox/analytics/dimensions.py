"""Dimensions: the properties of views that data is filtered and grouped by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mux_sandbox.errors import invalid_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox.details import Detail

TRACES = ("video_cdn_trace",)
"""Dimensions whose values are lists."""

BASIC = (
    "asset_id", "browser", "cdn", "continent_code", "exit_before_video_start", "live_stream_id",
    "operating_system", "playback_id", "player_name", "player_software", "source_type",
    "stream_type", "sub_property_id", "video_content_type", "video_id", "video_series",
    "video_startup_failure", "video_title", "view_has_ad", "viewer_device_category",
    "viewer_device_manufacturer", "viewer_device_name",
)  # fmt: skip
ADVANCED = (
    "asn", "audio_codec", "audio_codec_initial", "browser_version", "client_application_name",
    "client_application_version", "country", "custom_1", "custom_2", "custom_3", "custom_4",
    "custom_5", "custom_6", "custom_7", "custom_8", "custom_9", "custom_10", "custom_11",
    "custom_12", "custom_13", "custom_14", "custom_15", "custom_16", "custom_17", "custom_18",
    "custom_19", "custom_20", "experiment_name", "environment_id", "operating_system_version",
    "page_type", "page_url", "playback_failure", "playback_business_exception",
    "player_autoplay", "player_error_code", "player_language", "player_mux_plugin_name",
    "player_mux_plugin_version", "player_poster", "player_preload", "player_remote_played",
    "player_software_version", "player_version", "region", "source_hostname",
    "time_shift_enabled", "used_captions", "used_pip", "video_affiliate", "video_brand",
    "video_cdn_trace", "video_codec", "video_codec_initial", "video_creator_id",
    "video_dynamic_range_type", "video_dynamic_range_type_initial", "video_encoding_variant",
    "video_language", "video_producer", "video_source_bitrate", "video_source_bitrate_initial",
    "video_source_fps", "video_source_fps_initial", "video_source_height",
    "video_source_height_initial", "video_source_width", "video_source_width_initial",
    "video_startup_business_exception", "video_variant_id", "video_variant_name",
    "view_cdn_edge_pop", "view_cdn_origin", "view_drm_type", "view_dropped",
    "view_dropped_frame_count", "view_session_id", "viewer_connection_type",
    "viewer_device_model", "viewer_user_id", "viewer_plan", "viewer_plan_status",
    "viewer_plan_category", "view_drm_level",
)  # fmt: skip
_UNLISTED = (
    "ad_playback_failure", "content_playback_failure", "preroll_ad_asset_hostname",
    "preroll_ad_tag_hostname", "preroll_played", "preroll_requested", "error_type_id",
    "mux_embed", "mux_embed_version",
)  # fmt: skip

_FIELDS = {
    "browser": "viewer_application_name",
    "browser_version": "viewer_application_version",
    "country": "country_code",
    "operating_system": "viewer_os_family",
    "operating_system_version": "viewer_os_version",
    "source_hostname": "player_source_host_name",
    "source_type": "player_source_type",
    "stream_type": "video_stream_type",
}
_WORKED_OUT: dict[str, Callable[[Detail], Any]] = {
    "playback_business_exception": lambda view: (
        view["playback_business_exception_error_type_id"] is not None
    ),
    "video_startup_business_exception": lambda view: (
        view["video_startup_business_exception_error_type_id"] is not None
    ),
    "ad_playback_failure": lambda view: view["ad_playback_failure_error_type_id"] is not None,
    "content_playback_failure": lambda view: view["playback_failure"],
    # Single views have no fields for these.
    **{f"custom_{number}": lambda _: None for number in range(11, 21)},
}
_ALL = frozenset((*BASIC, *ADVANCED, *_UNLISTED))


def check(dimension: str) -> str:
    """Refuse a dimension that does not exist."""
    if dimension not in _ALL:
        message = f"there is no dimension {dimension!r}"
        raise invalid_parameters(message)
    return dimension


def value_of(view: Detail, dimension: str) -> str | None:
    """Give the value of a dimension as text; a list is written as filters write it."""
    work_out = _WORKED_OUT.get(dimension)
    return as_text(work_out(view) if work_out else view[_FIELDS.get(dimension, dimension)])


def as_text(value: Any) -> str | None:
    """Write a value as answers and filters do."""
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{','.join(value)}]"
        case None | str():
            return value
    return str(value)


def grouped(views: list[Detail], dimension: str) -> dict[str | None, list[Detail]]:
    """Sort views by their values of a dimension."""
    groups: dict[str | None, list[Detail]] = {}
    for view in views:
        groups.setdefault(value_of(view, dimension), []).append(view)
    return groups
