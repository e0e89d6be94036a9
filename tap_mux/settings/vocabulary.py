"""The words that Mux Data has for its metrics and dimensions."""

MILLISECONDS = "milliseconds"
RATIO = "ratio"
SCORE = "score"
COUNT = "count"
PER_MINUTE = "per_minute"
BITS_PER_SECOND = "bits_per_second"

METRICS = {
    "ad_attempt_count": COUNT,
    "ad_break_count": COUNT,
    "ad_break_error_count": COUNT,
    "ad_break_error_percentage": RATIO,
    "ad_error_count": COUNT,
    "ad_error_percentage": RATIO,
    "ad_exit_before_start_count": COUNT,
    "ad_exit_before_start_percentage": RATIO,
    "ad_impression_count": COUNT,
    "ad_preroll_startup_time": MILLISECONDS,
    "ad_startup_error_count": COUNT,
    "ad_startup_error_percentage": RATIO,
    "aggregate_startup_time": MILLISECONDS,
    "downscale_percentage": RATIO,
    "exits_before_video_start": RATIO,
    "live_stream_latency": MILLISECONDS,
    "max_downscale_percentage": RATIO,
    "max_request_latency": MILLISECONDS,
    "max_upscale_percentage": RATIO,
    "page_load_time": MILLISECONDS,
    "playback_business_exception_percentage": RATIO,
    "playback_failure_percentage": RATIO,
    "playback_success_score": SCORE,
    "player_startup_time": MILLISECONDS,
    "playing_time": MILLISECONDS,
    "rebuffer_count": COUNT,
    "rebuffer_duration": MILLISECONDS,
    "rebuffer_frequency": PER_MINUTE,
    "rebuffer_percentage": RATIO,
    "rebuffer_score": SCORE,
    "rendition_change_count": COUNT,
    "rendition_downshift_count": COUNT,
    "rendition_upshift_count": COUNT,
    "request_latency": MILLISECONDS,
    "request_throughput": BITS_PER_SECOND,
    "requests_for_first_preroll": COUNT,
    "seek_latency": MILLISECONDS,
    "startup_time_score": SCORE,
    "unique_viewers": COUNT,
    "upscale_percentage": RATIO,
    "video_quality_score": SCORE,
    "video_startup_business_exception_percentage": RATIO,
    "video_startup_failure_percentage": RATIO,
    "video_startup_preroll_load_time": MILLISECONDS,
    "video_startup_preroll_request_time": MILLISECONDS,
    "video_startup_time": MILLISECONDS,
    "view_content_startup_time": MILLISECONDS,
    "view_dropped_percentage": RATIO,
    "viewer_experience_score": SCORE,
    "views": COUNT,
    "weighted_average_bitrate": BITS_PER_SECOND,
}
"""Metrics of views, and their units.

See https://www.mux.com/docs/guides/understand-metric-definitions
"""

UNITS_OF_TYPES = {
    "milliseconds": MILLISECONDS,
    "number": COUNT,
    "per_minute": PER_MINUTE,
    "percentage": RATIO,
    "score": SCORE,
}
"""Units, by what Mux calls the type of a value. It says mbps where it means bits per second."""

MEASUREMENTS = (
    "95th",
    "median",
    "avg",
    "count",
    "sum",
)
"""Ways to sum up a metric."""

DIMENSIONS = (
    "ad_playback_failure",
    "asn",
    "asset_id",
    "audio_codec",
    "audio_codec_initial",
    "browser",
    "browser_version",
    "cdn",
    "client_application_name",
    "client_application_version",
    "content_playback_failure",
    "continent_code",
    "country",
    "custom_1",
    "custom_10",
    "custom_2",
    "custom_3",
    "custom_4",
    "custom_5",
    "custom_6",
    "custom_7",
    "custom_8",
    "custom_9",
    "exit_before_video_start",
    "experiment_name",
    "live_stream_id",
    "operating_system",
    "operating_system_version",
    "page_type",
    "page_url",
    "playback_business_exception",
    "playback_failure",
    "playback_id",
    "player_autoplay",
    "player_error_code",
    "player_mux_plugin_name",
    "player_mux_plugin_version",
    "player_name",
    "player_preload",
    "player_remote_played",
    "player_software",
    "player_software_version",
    "player_version",
    "preroll_ad_asset_hostname",
    "preroll_ad_tag_hostname",
    "preroll_played",
    "preroll_requested",
    "region",
    "source_hostname",
    "source_type",
    "stream_type",
    "sub_property_id",
    "time_shift_enabled",
    "used_captions",
    "used_pip",
    "video_affiliate",
    "video_brand",
    "video_cdn_trace",
    "video_codec",
    "video_codec_initial",
    "video_content_type",
    "video_creator_id",
    "video_dynamic_range_type",
    "video_dynamic_range_type_initial",
    "video_encoding_variant",
    "video_id",
    "video_series",
    "video_source_bitrate",
    "video_source_bitrate_initial",
    "video_source_fps",
    "video_source_fps_initial",
    "video_source_height",
    "video_source_height_initial",
    "video_source_width",
    "video_source_width_initial",
    "video_startup_business_exception",
    "video_startup_failure",
    "video_title",
    "view_cdn_edge_pop",
    "view_cdn_origin",
    "view_drm_level",
    "view_drm_type",
    "view_dropped",
    "view_has_ad",
    "view_session_id",
    "viewer_connection_type",
    "viewer_device_category",
    "viewer_device_manufacturer",
    "viewer_device_model",
    "viewer_device_name",
    "viewer_plan",
    "viewer_plan_category",
    "viewer_plan_status",
    "viewer_user_id",
)
"""What views can be grouped and filtered by."""

TRACE_DIMENSIONS = ("video_cdn_trace",)
"""Dimensions whose values are lists."""

NO_FILTER_METRICS = (
    "exits_before_video_start",
    "unique_viewers",
    "video_startup_failure_percentage",
    "view_dropped_percentage",
    "views",
)
"""Metrics that cannot be in a metric filter."""

GRANULARITIES = {"minute": 60, "ten_minutes": 600, "hour": 3600, "day": 86_400}
"""Lengths of the windows that metrics are read in, in seconds."""

MONITORING_METRICS = {
    "current-concurrent-viewers": COUNT,
    "current-rebuffering-percentage": RATIO,
    "exits-before-video-start": RATIO,
    "playback-failure-percentage": RATIO,
    "current-average-bitrate": None,
    "video-startup-failure-percentage": RATIO,
}
"""Metrics of what is being watched, and their units; None where Mux does not say it."""

MONITORING_DIMENSIONS = (
    "asn",
    "cdn",
    "country",
    "operating_system",
    "player_name",
    "region",
    "stream_type",
    "sub_property_id",
    "video_series",
    "video_title",
    "view_has_ad",
)
"""What these can be grouped by."""


def unit_of(metric: str, measurement: str) -> str | None:
    """Return the unit of the values of a metric; None where Mux does not say it.

    Args:
        metric: The metric.
        measurement: How the values of views are combined.
    """
    unit = METRICS.get(metric)
    is_other = {"count": unit != COUNT, "sum": unit not in {COUNT, MILLISECONDS}}
    return None if is_other.get(measurement) else unit
