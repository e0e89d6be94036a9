"""All streams of the tap: the table of contents."""

from tap_mux.streams.dimensions import Dimensions, DimensionValues, Errors
from tap_mux.streams.engagement import (
    AssetHeatmaps,
    AssetHotspots,
    PlaybackIdHeatmaps,
    PlaybackIdHotspots,
    VideoHeatmaps,
    VideoHotspots,
)
from tap_mux.streams.exports import ExportedVideoViews
from tap_mux.streams.incidents import Annotations, Incidents, RelatedIncidents
from tap_mux.streams.metrics import (
    MetricBreakdowns,
    MetricComparisons,
    MetricInsights,
    MetricOverall,
    MetricTimeseries,
)
from tap_mux.streams.monitoring import (
    MonitoringBreakdowns,
    MonitoringBreakdownTimeseries,
    MonitoringHistograms,
    MonitoringTimeseries,
)
from tap_mux.streams.robots import DirectiveRuns, Directives, RobotJobs
from tap_mux.streams.subviews import SubviewTimeseries
from tap_mux.streams.system import Environments, SigningKeys, Webhooks
from tap_mux.streams.usage import DeliveryUsage, UsageExports
from tap_mux.streams.video import (
    AssetInputs,
    Assets,
    DrmConfigurations,
    LiveStreams,
    PlaybackRestrictions,
    TranscriptionVocabularies,
    Uploads,
)
from tap_mux.streams.views import VideoViewDetails, VideoViews

ALL_STREAMS = (
    Annotations,
    AssetHeatmaps,
    AssetHotspots,
    AssetInputs,
    Assets,
    DeliveryUsage,
    DimensionValues,
    Dimensions,
    DirectiveRuns,
    Directives,
    DrmConfigurations,
    Environments,
    Errors,
    ExportedVideoViews,
    Incidents,
    LiveStreams,
    MetricBreakdowns,
    MetricComparisons,
    MetricInsights,
    MetricOverall,
    MetricTimeseries,
    MonitoringBreakdownTimeseries,
    MonitoringBreakdowns,
    MonitoringHistograms,
    MonitoringTimeseries,
    PlaybackIdHeatmaps,
    PlaybackIdHotspots,
    PlaybackRestrictions,
    RelatedIncidents,
    RobotJobs,
    SigningKeys,
    SubviewTimeseries,
    TranscriptionVocabularies,
    Uploads,
    UsageExports,
    VideoHeatmaps,
    VideoHotspots,
    VideoViewDetails,
    VideoViews,
    Webhooks,
)
