"""Mux Video: what is stored and streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux.listings import by_cursor, by_page
from tap_mux.stream import MuxStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.normalizing import Record


class Assets(MuxStream):
    """All assets, newest first.

    Mux has no filter by time and no time of the last change for them: each run reads all.

    Follows https://www.mux.com/docs/api-reference/video/assets/list-assets
    """

    name = "assets"
    path = "/video/v1/assets"
    permission = "Mux Video: Read"

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the pages of assets."""
        return by_cursor(self.environment.client, self.path)


class VideoList(MuxStream):
    """A list of Mux Video by page number, without filter by time: each run reads all."""

    permission = "Mux Video: Read"
    limit = 100
    """The largest page that Mux gives."""

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the pages."""
        return by_page(self.environment.client, self.environment.fetcher, self.path, self.limit)


class LiveStreams(VideoList):
    """All live streams.

    Follows https://www.mux.com/docs/api-reference/video/live-streams/list-live-streams
    """

    name = "live_streams"
    path = "/video/v1/live-streams"


class Uploads(VideoList):
    """All direct uploads. They carry no time at all.

    Follows https://www.mux.com/docs/api-reference/video/direct-uploads/list-direct-uploads
    """

    name = "uploads"
    path = "/video/v1/uploads"


class PlaybackRestrictions(VideoList):
    """Rules on who may play, by referrer and user agent.

    Follows https://www.mux.com/docs/api-reference/video/playback-restrictions/list-playback-restrictions
    """

    name = "playback_restrictions"
    path = "/video/v1/playback-restrictions"


class DrmConfigurations(VideoList):
    """IDs of the DRM configurations; Mux tells no more of them.

    Follows https://www.mux.com/docs/api-reference/video/drm-configurations/list-drm-configurations
    """

    name = "drm_configurations"
    path = "/video/v1/drm-configurations"


class TranscriptionVocabularies(VideoList):
    """Word lists for the captions of live streams.

    Follows https://www.mux.com/docs/api-reference/video/transcription-vocabularies/list-transcription-vocabularies
    """

    name = "transcription_vocabularies"
    path = "/video/v1/transcription-vocabularies"
    limit = 10
