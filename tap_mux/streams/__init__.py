"""All streams of the tap: the table of contents."""

from tap_mux.streams.system import Environments, SigningKeys, Webhooks
from tap_mux.streams.video import (
    Assets,
    DrmConfigurations,
    LiveStreams,
    PlaybackRestrictions,
    TranscriptionVocabularies,
    Uploads,
)
from tap_mux.streams.views import VideoViews

ALL_STREAMS = (
    Assets,
    DrmConfigurations,
    Environments,
    LiveStreams,
    PlaybackRestrictions,
    SigningKeys,
    TranscriptionVocabularies,
    Uploads,
    VideoViews,
    Webhooks,
)
