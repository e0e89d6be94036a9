"""What the code does not say of each stream: what it is for, what it costs, what limits it.

Links are seen from the folder of the pages.
"""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """What is known of a stream besides its class and its schema."""

    use: str
    """What it is good for."""

    requests: str
    """How many requests a run sends."""

    limits: tuple[str, ...] = ()
    """What Mux does not give, and what the tap does about it."""


_WHOLE = (
    "Mux has no filter by time for this list, and does not say when a record changed. So each run "
    "reads all of it. Mux does not say either which records were deleted; see "
    "[Deletes](../incremental.md#deletes)."
)
_DAYS = (
    "A UTC day is read when it is over, and again in later runs for `lookback_days`, since Mux "
    "may still change it. `window_start` and `window_end` say which time a record is for."
)
_FIRST = (
    "The first run begins 100 days back, since every plan keeps that. With long-term metrics, set "
    "`start_date`."
)
_NO_SUMS = (
    "Mux calculates each value for one window. Counts can be added up over several days. "
    "Averages, medians, percentiles and unique viewers cannot."
)
_METRIC_KEY = (
    "If a value that is part of the key is null or empty, the record has `(not set)` or `(empty)`."
)
_SUMS = (_DAYS, _FIRST, _NO_SUMS, _METRIC_KEY)
_BETA = (
    "The endpoint is in beta, and Mux has changed its form. The tap reads each form that was "
    "seen. `total_views` is null where Mux does not count."
)
_WATCHED = "Only what was watched on a day is asked for."
_ENGAGEMENT = (_WATCHED, _BETA, _DAYS, _FIRST)
_LIVE = (
    "Mux keeps 24 hours. Run the stream at least that often; a warning tells of a gap. Numbers "
    "are final when the tap reads them, so none is read twice."
)
_ALL_LIVE = "All 6 metrics are read by all 11 dimensions. No setting chooses among them."
_ROBOTS = "Mux keeps them for 30 days."
_VIEWS = (
    "Mux keeps views for 100 days.",
    (
        "Each run reads the `lookback_seconds` before its bookmark again: if a viewer continues "
        "within an hour, Mux reopens the view with a later `view_end`, and some views arrive "
        "late."
    ),
)

NOTES: dict[str, Note] = {
    "annotations": Note(
        "Show on a chart when you released a player, or when an event began.",
        "1 for 100 notes",
        (
            (
                "Each run reads the notes of the last 90 days, since they may be added or changed "
                "later. Changes to older notes are not read."
            ),
        ),
    ),
    "asset_heatmaps": Note(
        "See where viewers of an asset leave, and what they watch again.",
        "1 a day and asset watched that day",
        _ENGAGEMENT,
    ),
    "asset_hotspots": Note(
        "Find the moments of an asset for a preview or a clip.",
        "1 a day and asset watched that day",
        _ENGAGEMENT,
    ),
    "asset_inputs": Note(
        "See what you gave to Mux: codecs, sizes and frame rates of the files.",
        "1 an asset",
        (
            _WHOLE,
            "An asset that Mux is still preparing has no inputs yet; the next run reads them.",
        ),
    ),
    "assets": Note(
        "Your library: length, quality, tracks and playback IDs. Other streams find their titles "
        "here.",
        "1 for 100",
        (
            _WHOLE,
            (
                "With very many assets, read them "
                "[incrementally](../incremental.md#assets-incrementally)."
            ),
        ),
    ),
    "delivery_usage": Note(
        "What you pay for: how many seconds of each asset were delivered, in which resolution.",
        "1 a day (or hour) and 100 assets",
        (
            _DAYS,
            "The first run begins 90 days back.",
            (
                "If you change `delivery_usage_granularity`, days that were loaded before stay, "
                "and the last of them come again as hours (or the other way round). `window_end` "
                "is part of the key, so neither replaces a part of the other: select one length, "
                "`window_end - window_start`, before you add up."
            ),
        ),
    ),
    "dimension_values": Note(
        "See which browsers, countries or your own values occur, and how often.",
        "1 a day, dimension and 100 values",
        (_DAYS, _FIRST, "The setting `dimensions` says which dimensions are read.", _METRIC_KEY),
    ),
    "dimensions": Note("See what metrics can be grouped and filtered by.", "1", (_WHOLE,)),
    "directive_runs": Note(
        "See what directives did on each new asset, and what failed.",
        "1 a directive and 100 runs",
        (_ROBOTS, "Each run reads all 30 days again, since a run of a directive may go on long."),
    ),
    "directives": Note("Know what Robots do with new assets.", "1 for 100", (_WHOLE,)),
    "drm_configurations": Note(
        "Explain the DRM configurations that playback IDs name.", "1 for 100", (_WHOLE,)
    ),
    "environments": Note(
        "Give names to `environment_id`, which every record has.",
        "1, which each run sends anyway",
    ),
    "errors": Note(
        "See which errors viewers had most, day by day.",
        "1 a day",
        (_DAYS, _FIRST),
    ),
    "exported_video_views": Note(
        "Every view with nearly all that Mux knows of it, for very many views.",
        "1 a day",
        (
            "Mux keeps the files for 7 days. A warning names dates that are gone.",
            "Mux writes a file when its day is over. See [Daily exports](../exports.md).",
        ),
    ),
    "incidents": Note(
        "See when quality fell, for how long, and how many views were affected.",
        "1 for 100",
        (_WHOLE,),
    ),
    "live_streams": Note(
        "Your live streams: state, latency, simulcast targets, and the assets they recorded.",
        "1 for 100",
        (_WHOLE,),
    ),
    "metric_breakdowns": Note(
        "Quality and views by country, device or asset: whatever `group_by` names.",
        "1 a day, metric, dimension and 100 values",
        _SUMS,
    ),
    "metric_comparisons": Note(
        "All metrics side by side, day by day.",
        "1 a day and set of filters",
        (*_SUMS, "Mux compares 90 days at most at once. Each day is asked for by itself."),
    ),
    "metric_insights": Note(
        "Find out what makes a metric worse: a browser, a network, a region.",
        "1 a day and metric",
        _SUMS,
    ),
    "metric_overall": Note(
        "One number for each day and metric, with the number of views it is from.",
        "1 a day and metric",
        _SUMS,
    ),
    "metric_timeseries": Note(
        "Charts of your metrics over time.",
        "1 a metric for all days",
        (
            (
                "An interval is read when it is over, and again in later runs for "
                "`lookback_days`, since Mux may still change it. `time` says when the interval "
                "begins."
            ),
            _FIRST,
            _NO_SUMS,
        ),
    ),
    "monitoring_breakdown_timeseries": Note(
        "Look back at a live event, second by second, by country or CDN.",
        "396 an hour (66 for each 10 minutes)",
        (
            _LIVE,
            _ALL_LIVE,
            (
                "For each 5 seconds there are at most 100 values: those with the most viewers. "
                "That is hundreds of thousands of records an hour, and more than two hours of "
                "requests for a whole day."
            ),
        ),
    ),
    "monitoring_breakdowns": Note(
        "Who was watching at each full hour, and how well.",
        "66 an hour of the clock",
        (_LIVE, _ALL_LIVE, "The values are those of the full hour."),
    ),
    "monitoring_histograms": Note(
        "How start-up times are spread, minute by minute.",
        "1",
        (
            (
                "Mux keeps half an hour. Run the stream at least that often; a warning tells of a "
                "gap. Numbers are final when the tap reads them, so none is read twice."
            ),
        ),
    ),
    "monitoring_timeseries": Note(
        "How many were watching at each moment, and how well.",
        "12 an hour (2 for each metric)",
        (_LIVE,),
    ),
    "playback_id_heatmaps": Note(
        "See where viewers leave who came by one of the playback IDs of an asset.",
        "1 a day and playback ID watched that day",
        _ENGAGEMENT,
    ),
    "playback_id_hotspots": Note(
        "Find the moments that viewers liked who came by one of the playback IDs of an asset.",
        "1 a day and playback ID watched that day",
        _ENGAGEMENT,
    ),
    "playback_restrictions": Note(
        "Check on which web sites your videos may play.", "1 for 100", (_WHOLE,)
    ),
    "related_incidents": Note(
        "See which incidents had the same cause.",
        "1 an incident",
        ("Each run reads all of them.",),
    ),
    "robot_jobs": Note(
        "What Robots made: summaries, captions, moderation; and what it cost.",
        "1 for 100, and 1 a job that changed",
        (_ROBOTS,),
    ),
    "signing_keys": Note("Check which signing keys exist, and how old they are.", "1 for 100"),
    "subview_timeseries": Note(
        "For how long each rendition and each playback mode was played.",
        "2 a day",
        (
            (
                "Only hours that Mux marks as complete are read, and again in later runs for "
                "`lookback_days`."
            ),
            "An hour has the first 100 groups, and the sum of the rest as `other`.",
            _FIRST,
        ),
    ),
    "transcription_vocabularies": Note(
        "Check which words captions should know.", "1 for 10", (_WHOLE,)
    ),
    "uploads": Note(
        "See which direct uploads failed or were never used.",
        "1 for 100",
        (_WHOLE, "Uploads have no time."),
    ),
    "usage_exports": Note(
        "Know which billing files exist.",
        "1 for 100 days",
        (
            "The files are of the whole organization.",
            "The link to a file is a credential, so it comes with `include_credentials` only.",
        ),
    ),
    "video_heatmaps": Note(
        "See where viewers of a video leave, by your own `video_id`, hosted at Mux or not.",
        "1 a day and video watched that day",
        _ENGAGEMENT,
    ),
    "video_hotspots": Note(
        "Find the moments of a video for a preview, by your own `video_id`, hosted at Mux or not.",
        "1 a day and video watched that day",
        _ENGAGEMENT,
    ),
    "video_view_details": Note(
        "Every view with all that Mux knows of it, and its events: for questions about single "
        "views, assets or viewers.",
        "1 a view",
        (
            *_VIEWS,
            (
                "About 18,000 views an hour at Mux's usual rate limit. With more views and the "
                "Media plan, `exported_video_views` has nearly the same in daily files."
            ),
        ),
    ),
    "video_views": Note(
        "Count views, see errors and scores of each one, by country and operating system.",
        "1 for 100",
        (
            *_VIEWS,
            (
                "This is Mux's short form. It has no asset, live stream or playback ID: it joins "
                "nothing but `errors`, `environments` and the views in full. For views of an "
                "asset, see the [recipe](../recipes/views-by-asset.md)."
            ),
        ),
    ),
    "webhooks": Note("Check where Mux sends your events.", "1 for 100", (_WHOLE,)),
}
