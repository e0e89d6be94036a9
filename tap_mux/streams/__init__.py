"""All streams of the tap: the table of contents."""

from tap_mux.streams.video import Assets
from tap_mux.streams.views import VideoViews

ALL_STREAMS = (Assets, VideoViews)
